/*
 * dump_test - a database of a MySQL or MariaDB server is backed up by
 * backup-mysql with the server's own dump program, and restore-check loads it
 * there again and finds it the same, byte for byte.
 *
 * The database made here is "ct_dump"; it is removed again. The sandbox's
 * suite has the faults; this one proves the family and the version.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/mysql.h"
#include "tests/kit/kit.h"
#include "tests/mysql/given.h"

#define DB "ct_dump"

enum { VARS = 40 };

static struct sql_login server;
static struct sql *admin;
static struct err e;
static char *folder;

static const char *const seeds[] = {
	"DROP DATABASE IF EXISTS " DB,
	"CREATE DATABASE " DB " CHARACTER SET utf8mb4",
	"USE " DB,
	"CREATE TABLE plain (id INT PRIMARY KEY AUTO_INCREMENT, name "
	    "VARCHAR(100) DEFAULT '(1),(2);', at TIMESTAMP NULL, price "
	    "DECIMAL(20,6), ratio DOUBLE, bits BIT(3), bytes LONGBLOB)",
	"INSERT INTO plain (name, at, price, ratio, bits, bytes) VALUES "
	    "('it''s (a), \\\\ ;', '2020-02-29 23:59:59', 1.000001, 1e-300, "
	    "b'101', X'00FF0A27'), (NULL, NULL, NULL, NULL, NULL, NULL), "
	    "('\xf0\x9f\x8c\xb3 \xc3\xa9', NOW(), -0.5, 0, b'0', '')",
	"CREATE TABLE `od``d VALUES (` (`a b` INT, `VALUES (` INT)",
	"INSERT INTO `od``d VALUES (` VALUES (1, 2), (3, 4)",
	"CREATE TABLE many (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT)",
	"INSERT INTO many (t) VALUES ('a'), ('b'), ('c'), ('d')",
	"INSERT INTO many (t) SELECT CONCAT(a.t, b.t, SHA2(a.id, 512)) FROM "
	    "many a, many b, many c, many d",
	"CREATE VIEW seen AS SELECT id, name FROM plain",
	"CREATE TRIGGER tr BEFORE INSERT ON many FOR EACH ROW BEGIN SET "
	    "@a = 'INSERT INTO `plain` VALUES (1);'; END",
	"CREATE PROCEDURE p() BEGIN SELECT 1; END",
	"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
};

static void
set_up(void)
{
	admin = sql_open(&server, &e);
	ck_assert_msg(admin != NULL, "%s", e.text);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		ck_assert_msg(sql_run(admin, seeds[i], NULL, NULL, &e), "%s: "
		    "%s", seeds[i], e.text);
	folder = kit_folder();
	free(kit_sh("mkdir '%s/backups'", folder));
	kit_repository(folder, kit_text("MYSQL_HOST: %s\nMYSQL_PORT: %ld\n"
	    "OPENEDX_MYSQL_DATABASE: " DB "\n"
	    "OPENEDX_MYSQL_USERNAME: ct_app\n"
	    "OPENEDX_MYSQL_PASSWORD: ct_app-password\n", server.host,
	    server.port));
}

static void
tear_down(void)
{
	ck_assert_msg(sql_run(admin, "DROP DATABASE " DB, NULL, NULL, &e),
	    "%s", e.text);
	sql_close(admin);
	free(kit_sh("rm -rf '%s'", folder));
	free(folder);
}

/* A program of the server's own; NULL: the system has it. */
static const char *
program(const char *input, const char *name)
{
	const char *where = getenv("TRANSPLANT_TEST_MYSQL_PROGRAMS");

	return where == NULL || *where == '\0' ? NULL
	    : kit_text("%s=%s/%s", input, where, name);
}

static struct kit_run
run(const char *step)
{
	const bool tls = strcmp(server.tls, "off") != 0;
	const char *const all[] = { "instance-name=st", "branch=main",
	    "dry-run=false", "stores=mysql",
	    kit_text("workspace=%s/work", folder),
	    kit_text("backup-to=file://%s/backups", folder),
	    kit_text("mysql-tls=%s", server.tls),
	    kit_text("mysql-admin=%s", server.user),
	    kit_text("mysql-admin-password=%s", server.password),
	    kit_text("restore-host=%s", server.host),
	    kit_text("restore-port=%ld", server.port),
	    kit_text("restore-tls=%s", server.tls),
	    kit_text("restore-user=%s", server.user),
	    kit_text("restore-password=%s", server.password),
	    tls ? kit_text("mysql-ca-file=%s", server.ca_file) : "",
	    tls ? kit_text("restore-ca-file=%s", server.ca_file) : "",
	    program("dump-program", "mysqldump"),
	    program("mysql-client", "mysql") };
	const char *vars[VARS] = { 0 };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] != NULL && *all[i] != '\0')
			kit_add(vars, VARS, all[i]);
	return kit_step(step, vars);
}

static void
expect(const char *step, const char *status, const char *words)
{
	struct kit_run r = run(step);

	ck_assert_msg(r.status == 0
	    && strcmp(kit_output(&r, "status"), status) == 0, "%s: %s", step,
	    r.out);
	kit_contains(r.out, words);
	kit_lacks(r.out, server.password);
	kit_run_free(&r);
}

START_TEST(what_its_own_dump_program_wrote_is_restored_the_same)
{
	expect("backup-mysql", "done", DB);
	expect("backup-mysql", "unchanged", "already so");
	expect("restore-check", "done", "byte for byte");
	ck_assert_str_eq(kit_out("zstd -dc '%s'/backups/st/mysql/*/*.zst | "
	    "tail -1 | cut -c1-17", folder), "-- Dump completed");
}
END_TEST

/* MariaDB's dump program is not for MySQL: is there a right one? */
static bool
has_program(void)
{
	const char *where = getenv("TRANSPLANT_TEST_MYSQL_PROGRAMS");
	struct sql *s = sql_open(&server, &e);
	bool is_mariadb = s != NULL && sql_is_mariadb(s);

	sql_close(s);
	return is_mariadb || (where != NULL && *where != '\0');
}

int
main(void)
{
	Suite *s = suite_create("dump_test");
	TCase *t = tcase_create("dump");

	server = given_login();
	if (!has_program())
		return kit_skip_all("MySQL's own mysqldump is not there");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t,
	    what_its_own_dump_program_wrote_is_restored_the_same);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
