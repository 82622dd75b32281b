/*
 * Proves db/mysql_dump's reader: rows, definitions and the end marker of a
 * dump, however its bytes are cut; and that programs are found by family.
 */
#include "db/mysql_dump.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/kit/kit.h"

/* Two forms of INSERT, strings full of what is none of ours, a trigger and a
 * procedure whose bodies look like the dump itself. */
static const char dump[] =
"-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu\n"
"--\n"
"/*!40101 SET NAMES utf8mb4 */;\n"
"DROP TABLE IF EXISTS `a`;\n"
"CREATE TABLE `a` (\n  `x` text DEFAULT '(1),(2)'\n) ENGINE=InnoDB;\n"
"INSERT INTO `a` VALUES\n(1,'it\\'s (a), ''b''; \\\\'),\n(2,0xFF),\n"
"(3,NULL);\n"
"INSERT INTO `o``dd VALUES (` (`VALUES (`, `b`) VALUES (1,')'),(2,'\n"
"INSERT INTO `a` VALUES (9)');\n"
"INSERT INTO `a` VALUES (4,'-- Dump completed');\n"
"DELIMITER ;;\n"
"/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER "
"t BEFORE INSERT ON a FOR EACH ROW BEGIN\n"
"INSERT INTO `a` VALUES (7);\nCREATE TEMPORARY TABLE z (y INT);\n"
"END */;;\n"
"DELIMITER ;\n"
"/*!50003 DROP PROCEDURE IF EXISTS `p` */;\n"
"DELIMITER ;;\n"
"CREATE DEFINER=`root`@`localhost` PROCEDURE `p`()\nBEGIN\nSELECT 1;\n"
"END ;;\nCREATE DEFINER=`root`@`localhost` FUNCTION `f`() RETURNS int "
"return 1 ;;\n"
"DELIMITER ;\n"
"\n-- Dump completed\n";

static struct dump_reader *r;

static const struct dump_content *
read_in(const char *text, size_t step)
{
	size_t n = strlen(text);

	dump_reader_free(r);
	r = dump_reader_new();
	for (size_t i = 0; i < n; i += step)
		dump_reader_add(r, text + i, n - i < step ? n - i : step);
	return dump_reader_end(r);
}

static void
tear_down(void)
{
	dump_reader_free(r);
	r = NULL;
}

START_TEST(rows_are_counted_by_table)
{
	const struct dump_content *c = read_in(dump, sizeof dump);

	ck_assert_uint_eq(c->n, 2);
	ck_assert_str_eq(c->tables[0].name, "a");
	ck_assert_int_eq(c->tables[0].rows, 4);
	ck_assert_str_eq(c->tables[1].name, "o`dd VALUES (");
	ck_assert_int_eq(c->tables[1].rows, 2);
	ck_assert_int_eq(c->size, sizeof dump - 1);
	ck_assert(c->whole);
}
END_TEST

START_TEST(triggers_routines_and_events_are_counted)
{
	ck_assert_uint_eq(read_in(dump, sizeof dump)->programs, 3);
}
END_TEST

START_TEST(how_it_is_cut_makes_no_difference)
{
	struct dump_content c = *read_in(dump, sizeof dump);
	char first[65];

	memcpy(first, c.tables[0].sha256, sizeof first);
	for (size_t step = 1; step < 90; step++) {
		const struct dump_content *d = read_in(dump, step);

		ck_assert_str_eq(d->sha256, c.sha256);
		ck_assert_uint_eq(d->n, 2);
		ck_assert_str_eq(d->tables[0].sha256, first);
		ck_assert_int_eq(d->tables[0].rows, 4);
		ck_assert_uint_eq(d->programs, 3);
		ck_assert(d->whole);
	}
}
END_TEST

START_TEST(a_dump_without_its_end_is_not_whole)
{
	for (size_t n = 0; n < sizeof dump - 2; n++) {
		char *part = strndup(dump, n);

		ck_assert_msg(!read_in(part, 50)->whole, "%zu bytes", n);
		free(part);
	}
	ck_assert(!read_in("-- Dump completed\nSELECT 1;\n", 9)->whole);
}
END_TEST

START_TEST(a_comment_is_no_difference_and_a_value_is)
{
	const char *other = kit_out("printf '%%s' '-- Host: x\nCREATE "
	    "TABLE `a` (x INT);\nINSERT INTO `a` VALUES (1);\n'");
	struct dump_content c;
	char rows[65];

	c = *read_in("-- Host: y\nCREATE TABLE `a` (x INT);\n"
	    "INSERT INTO `a` VALUES (1);", 999);
	memcpy(rows, c.tables[0].sha256, sizeof rows);
	ck_assert_str_eq(read_in(other, 5)->sha256, c.sha256);
	ck_assert_str_eq(read_in("INSERT INTO `a` VALUES (1);", 9)
	    ->tables[0].sha256, rows);
	ck_assert_str_ne(read_in("INSERT INTO `a` VALUES (2);", 9)
	    ->tables[0].sha256, rows);
	ck_assert_str_ne(read_in("CREATE TABLE `a` (y INT);\n", 9)->sha256,
	    c.sha256);
}
END_TEST

/* A program of this name that says this of itself. */
static void
install(const char *folder, const char *name, const char *version)
{
	free(kit_sh("printf '#!/bin/sh\\necho \"%s\"\\n' >%s/%s && "
	    "chmod +x %s/%s", version, folder, name, folder, name));
}

START_TEST(the_program_is_of_the_server_s_family)
{
	char *folder = kit_folder();
	struct pool *pool = pool_new();
	struct dump_program p;
	struct err e = { 0 };

	install(folder, "mysqldump", "mysqldump  Ver 10.19 Distrib "
	    "10.11.19-MariaDB");
	setenv("PATH", kit_text("%s:/bin:/usr/bin", folder), 1);
	if (access("/usr/bin/mariadb-dump", X_OK) != 0) {
		ck_assert(dump_find_program(pool, true, NULL, &p, &e));
		ck_assert_str_eq(p.name, "mysqldump");
	}
	ck_assert(!dump_find_program(pool, false, NULL, &p, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	kit_contains(e.text, "mysql-client");
	install(folder, "mysqldump", "mysqldump  Ver 9.7.4 for Linux");
	ck_assert(dump_find_program(pool, false, NULL, &p, &e));
	ck_assert(!p.mariadb);
	kit_contains(p.version, "9.7.4");
	ck_assert(!dump_find_program(pool, true, "no-such-dump", &p, &e));
	kit_contains(e.text, "no-such-dump");
	pool_free(pool);
	free(kit_sh("rm -rf %s", folder));
	free(folder);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("mysql_dump");
	TCase *t = tcase_create("dump");

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, rows_are_counted_by_table);
	tcase_add_test(t, triggers_routines_and_events_are_counted);
	tcase_add_test(t, how_it_is_cut_makes_no_difference);
	tcase_add_test(t, a_dump_without_its_end_is_not_whole);
	tcase_add_test(t, a_comment_is_no_difference_and_a_value_is);
	tcase_add_test(t, the_program_is_of_the_server_s_family);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), NULL);
}
