/*
 * mysql_server - what restricting a MySQL or MariaDB account relies on in
 * the server itself: the forms of SHOW GRANTS, which row opens which
 * database, what REVOKE takes and what it leaves, and what open sessions
 * keep. (What our own statements then make of it: tests/mysql.)
 *
 * Starts a private MariaDB (mariadb-install-db, mariadbd) below build/tmp and
 * ends it, for some of this (anonymous rows) touches every account. With
 * CONTRACT_MYSQL_HOST (and _PORT, _USER, _PASSWORD: an administrator with
 * everything) it runs on that throw-away server instead. Where MySQL 8 or
 * later answers another way both are written down; a test that is about one
 * server only passes on the other. What is made here begins with "contract".
 */
#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mysql.h>

#include "tests/kit/kit.h"

/* Numbers of the server's errors that decisions are made by. */
enum {
	OK = 0,
	ER_DB_DENIED = 1044,
	ER_DENIED = 1045,
	ER_NAME_TOO_LONG = 1059,
	ER_SYNTAX = 1064,
	ER_BAD_DB_NAME = 1102,
	ER_NO_USER = 1133,
	ER_NO_GRANT = 1141,
	ER_TABLE_DENIED = 1142,
	ER_NO_TABLE = 1146,
	ER_CANT_CREATE_USER = 1410,
	ER_DENIED_NO_PASSWORD = 1698,
	ER_KILLED = 1927,
	GONE = 2006,
	LOST = 2013
};

enum { LINES_MAX = 32, START_SECONDS = 30 };

#define WHO "`contract`@`%`"

static struct {
	const char *host, *user, *password;
	unsigned int port;
	bool mariadb;
} where;

static MYSQL *admin;
static char *lines[LINES_MAX];
static int n_lines;

/* ---- speaking to the server --------------------------------------------- */

/* NULL when the login is refused. */
static MYSQL *
login_as(const char *user, const char *password, const char *db)
{
	MYSQL *m = mysql_init(NULL);
	unsigned int seconds = 10;

	ck_assert_ptr_nonnull(m);
	mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (mysql_real_connect(m, where.host, user, password, db, where.port,
	    NULL, 0) != NULL)
		return m;
	mysql_close(m);
	return NULL;
}

static MYSQL *
contract_session(const char *db)
{
	MYSQL *m = login_as("contract", "pw", db);

	ck_assert_ptr_nonnull(m);
	return m;
}

/* Run one statement; rows are thrown away. OK, or the error's number. */
__attribute__((format(printf, 2, 3))) static int
run(MYSQL *m, const char *fmt, ...)
{
	char sql[4096];
	va_list ap;
	MYSQL_RES *rows;

	va_start(ap, fmt);
	ck_assert_int_lt(vsnprintf(sql, sizeof(sql), fmt, ap),
	    (int)sizeof(sql));
	va_end(ap);
	if (mysql_query(m, sql) != 0)
		return (int)mysql_errno(m);
	rows = mysql_store_result(m);
	if (rows != NULL)
		mysql_free_result(rows);
	return (int)mysql_errno(m);
}

/* It must succeed: setting the scene. */
static void
must(MYSQL *m, const char *sql)
{
	int code = run(m, "%s", sql);

	ck_assert_msg(code == OK, "%s: %d %s", sql, code, mysql_error(m));
}

/* The first cell, in memory that the test's process takes with it. */
static char *
cell(MYSQL *m, const char *sql)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;
	char *text;

	ck_assert_msg(mysql_query(m, sql) == 0, "%s: %s", sql,
	    mysql_error(m));
	rows = mysql_store_result(m);
	row = mysql_fetch_row(rows);
	text = row != NULL && row[0] != NULL ? strdup(row[0]) : NULL;
	mysql_free_result(rows);
	return text;
}

/* Take a password's hash out of a line: it is no part of the grant. */
static void
drop_hash(char *line)
{
	static const char words[] = " IDENTIFIED BY PASSWORD '";
	char *from = strstr(line, words);
	char *to = from != NULL
	    ? strchr(from + sizeof(words) - 1, '\'') : NULL;

	if (to != NULL)
		memmove(from, to + 1, strlen(to + 1) + 1);
}

/* Read SHOW GRANTS of an account into `lines`: one column, one each. */
static void
read_grants(MYSQL *m, const char *who)
{
	char sql[256];
	MYSQL_RES *rows;
	MYSQL_ROW row;

	(void)snprintf(sql, sizeof(sql), "SHOW GRANTS FOR %s", who);
	ck_assert_msg(mysql_query(m, sql) == 0, "%s: %s", sql,
	    mysql_error(m));
	rows = mysql_store_result(m);
	ck_assert_int_eq((int)mysql_num_fields(rows), 1);
	n_lines = 0;
	while ((row = mysql_fetch_row(rows)) != NULL
	    && n_lines < LINES_MAX) {
		lines[n_lines] = strdup(row[0]);
		drop_hash(lines[n_lines++]);
	}
	mysql_free_result(rows);
}

static bool
has_line(const char *want)
{
	for (int i = 0; i < n_lines; i++) {
		if (strcmp(lines[i], want) == 0)
			return true;
	}
	return false;
}

/* All lines as one text. */
static const char *
all_lines(void)
{
	static char text[16384];
	size_t n = 0;

	text[0] = '\0';
	for (int i = 0; i < n_lines && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n",
		    lines[i]);
	return text;
}

#define expect_line(want) \
	ck_assert_msg(has_line(want), "no \"%s\" in:\n%s", (want), \
	    all_lines())
#define expect_no_part(part) kit_lacks(all_lines(), (part))
#define expect(code, m, ...) do { \
	int got_ = run((m), __VA_ARGS__); \
	ck_assert_msg(got_ == (code), "expected %d, got %d (%s)", \
	    (int)(code), got_, mysql_error(m)); \
} while (0)

/* ---- before and after each test ----------------------------------------- */

/* Run every statement that a query gives. */
static void
run_all(const char *query)
{
	MYSQL_RES *rows;
	MYSQL_ROW row;

	ck_assert_msg(mysql_query(admin, query) == 0, "%s: %s", query,
	    mysql_error(admin));
	rows = mysql_store_result(admin);
	while ((row = mysql_fetch_row(rows)) != NULL)
		must(admin, row[0]);
	mysql_free_result(rows);
}

static void
remove_all(void)
{
	must(admin, "SET SESSION sql_mode = ''");
	must(admin, "DROP USER IF EXISTS ''@'%'");
	if (where.mariadb)
		run_all("SELECT CONCAT('DROP ROLE ', QUOTE(User)) FROM "
		    "mysql.user WHERE is_role = 'Y' AND User LIKE "
		    "'contract%'");
	run_all("SELECT CONCAT('DROP USER ', QUOTE(User), '@', QUOTE(Host)) "
	    "FROM mysql.user WHERE User LIKE 'contract%'");
	run_all("SELECT CONCAT('DROP DATABASE `', SCHEMA_NAME, '`') FROM "
	    "information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE "
	    "'contract%'");
	must(admin, "DELETE FROM mysql.db WHERE Db LIKE 'contract%'");
	must(admin, "FLUSH PRIVILEGES");
}

static void
make_db(const char *name)
{
	expect(OK, admin, "CREATE DATABASE `%s`", name);
	expect(OK, admin, "CREATE TABLE `%s`.t (a INT, b INT)", name);
	expect(OK, admin, "INSERT INTO `%s`.t VALUES (1, 2)", name);
}

static void
setup(void)
{
	admin = login_as(where.user, where.password, NULL);
	ck_assert_ptr_nonnull(admin);
	where.mariadb = strstr(mysql_get_server_info(admin), "MariaDB")
	    != NULL;
	remove_all();
	must(admin, "SET SESSION sql_quote_show_create = 1");
	if (where.mariadb)
		must(admin, "SET SESSION sql_mode = 'NO_AUTO_CREATE_USER'");
	make_db("contract_own");
	make_db("contract_foreign");
	must(admin, "CREATE USER " WHO " IDENTIFIED BY 'pw'");
}

static void
teardown(void)
{
	remove_all();
	mysql_close(admin);
}

/* ---- SHOW GRANTS -------------------------------------------------------- */

START_TEST(all_rights_are_one_line_in_mariadb_and_a_list_in_mysql)
{
	must(admin, "GRANT ALL PRIVILEGES ON *.* TO " WHO
	    " WITH GRANT OPTION");
	read_grants(admin, WHO);
	if (where.mariadb) {
		ck_assert_int_eq(n_lines, 1);
		expect_line("GRANT ALL PRIVILEGES ON *.* TO " WHO
		    " WITH GRANT OPTION");
	} else {
		expect_no_part("ALL PRIVILEGES ON *.*");
		kit_contains(all_lines(), "GRANT SELECT, INSERT, ");
		ck_assert_int_ge(n_lines, 2);
	}
}
END_TEST

START_TEST(an_account_without_rights_has_usage)
{
	read_grants(admin, WHO);
	ck_assert_int_eq(n_lines, 1);
	expect_line("GRANT USAGE ON *.* TO " WHO);
}
END_TEST

/* One backslash, and no second one for the output. */
START_TEST(a_pattern_is_shown_as_it_is_stored)
{
	must(admin, "GRANT ALL PRIVILEGES ON `contract\\_own`.* TO " WHO);
	read_grants(admin, WHO);
	expect_line("GRANT ALL PRIVILEGES ON `contract\\_own`.* TO " WHO);
	ck_assert_str_eq(cell(admin, "SELECT Db FROM mysql.db WHERE User = "
	    "'contract'"), "contract\\_own");
}
END_TEST

START_TEST(a_backtick_in_a_name_is_doubled_and_words_may_stand_in_it)
{
	must(admin, "GRANT SELECT ON `contract`` TO ``x WITH GRANT OPTION`.*"
	    " TO " WHO);
	read_grants(admin, WHO);
	expect_line("GRANT SELECT ON `contract`` TO ``x WITH GRANT "
	    "OPTION`.* TO " WHO);
}
END_TEST

START_TEST(columns_are_listed_by_right_in_backticks)
{
	must(admin, "GRANT SELECT (a), UPDATE (a, b) ON contract_own.t TO "
	    WHO);
	read_grants(admin, WHO);
	expect_line("GRANT SELECT (`a`), UPDATE (`a`, `b`) ON "
	    "`contract_own`.`t` TO " WHO);
}
END_TEST

START_TEST(limits_stand_behind_the_grant_option)
{
	if (!where.mariadb)
		return;
	must(admin, "GRANT ALL ON *.* TO " WHO " WITH GRANT OPTION "
	    "MAX_USER_CONNECTIONS 5");
	read_grants(admin, WHO);
	expect_line("GRANT ALL PRIVILEGES ON *.* TO " WHO
	    " WITH GRANT OPTION MAX_USER_CONNECTIONS 5");
}
END_TEST

START_TEST(the_session_decides_how_names_are_quoted)
{
	must(admin, "GRANT SELECT ON `contract_own`.* TO " WHO);
	must(admin, "SET SESSION sql_mode = 'ANSI_QUOTES'");
	read_grants(admin, WHO);
	expect_line("GRANT SELECT ON \"contract_own\".* TO "
	    "\"contract\"@\"%\"");
	must(admin, "SET SESSION sql_mode = ''");
	read_grants(admin, WHO);
	expect_line("GRANT SELECT ON `contract_own`.* TO " WHO);
	must(admin, "SET SESSION sql_quote_show_create = 0");
	read_grants(admin, WHO);
	expect_no_part("`contract_own`");
}
END_TEST

START_TEST(a_proxy_with_grant_option_leaves_one_on_everything)
{
	must(admin, "CREATE USER 'contract_p'@'%'");
	must(admin, "GRANT PROXY ON 'contract_p'@'%' TO " WHO
	    " WITH GRANT OPTION");
	read_grants(admin, WHO);
	expect_line("GRANT USAGE ON *.* TO " WHO " WITH GRANT OPTION");
	expect_line("GRANT PROXY ON `contract_p`@`%` TO " WHO
	    " WITH GRANT OPTION");
	must(admin, "REVOKE PROXY ON 'contract_p'@'%' FROM " WHO);
	read_grants(admin, WHO);
	expect_line("GRANT USAGE ON *.* TO " WHO " WITH GRANT OPTION");
	must(admin, "REVOKE GRANT OPTION ON *.* FROM " WHO);
	read_grants(admin, WHO);
	expect_line("GRANT USAGE ON *.* TO " WHO);
}
END_TEST

/* ALL on everything is not enough for it. */
START_TEST(a_proxy_is_taken_only_by_who_has_it)
{
	MYSQL *m;

	if (!where.mariadb)
		return;
	must(admin, "CREATE USER 'contract_p'@'%'");
	must(admin, "CREATE USER 'contract_a'@'%' IDENTIFIED BY 'pw'");
	must(admin, "GRANT ALL ON *.* TO 'contract_a'@'%' "
	    "WITH GRANT OPTION");
	must(admin, "GRANT PROXY ON 'contract_p'@'%' TO " WHO);
	m = login_as("contract_a", "pw", NULL);
	expect(ER_DENIED_NO_PASSWORD, m,
	    "REVOKE PROXY ON 'contract_p'@'%%' FROM %s", WHO);
	mysql_close(m);
	read_grants(admin, WHO);
	expect_line("GRANT PROXY ON `contract_p`@`%` TO " WHO);
}
END_TEST

/* MariaDB: roles first, the default last; what they give is not shown. */
START_TEST(roles_are_named_not_expanded)
{
	if (!where.mariadb)
		return;
	must(admin, "CREATE ROLE contract_r");
	must(admin, "GRANT SELECT ON contract_foreign.* TO contract_r");
	must(admin, "GRANT contract_r TO " WHO);
	must(admin, "SET DEFAULT ROLE contract_r FOR " WHO);
	read_grants(admin, WHO);
	ck_assert_int_eq(n_lines, 3);
	ck_assert_str_eq(lines[0], "GRANT `contract_r` TO " WHO);
	ck_assert_str_eq(lines[1], "GRANT USAGE ON *.* TO " WHO);
	ck_assert_str_eq(lines[2], "SET DEFAULT ROLE `contract_r` FOR "
	    WHO);
	read_grants(admin, "contract_r");
	expect_line("GRANT SELECT ON `contract_foreign`.* TO `contract_r`");
}
END_TEST

START_TEST(accounts_can_be_written_in_backticks_whatever_the_mode)
{
	static const char *const modes[] = { "", "ANSI_QUOTES",
		"NO_BACKSLASH_ESCAPES" };

	must(admin, "CREATE USER `contract'\"a\\b`@`%`");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		expect(OK, admin, "SET SESSION sql_mode = '%s'", modes[i]);
		expect(OK, admin, "GRANT SELECT ON `contract_own`.* TO "
		    "`contract'\"a\\b`@`%%`");
		ck_assert_str_eq(cell(admin, "SELECT COUNT(*) FROM mysql.db "
		    "WHERE Db = 'contract_own'"), "1");
	}
}
END_TEST

/* ---- which row opens what ----------------------------------------------- */

START_TEST(an_underscore_is_any_character_unless_escaped)
{
	MYSQL *m;

	make_db("contractxown");
	must(admin, "GRANT SELECT ON `contract_own`.* TO " WHO);
	m = contract_session(NULL);
	expect(OK, m, "SELECT * FROM contract_own.t");
	expect(OK, m, "SELECT * FROM contractxown.t");
	mysql_close(m);
	must(admin, "REVOKE SELECT ON `contract_own`.* FROM " WHO);
	must(admin, "GRANT SELECT ON `contract\\_own`.* TO " WHO);
	m = contract_session(NULL);
	expect(OK, m, "SELECT * FROM contract_own.t");
	expect(ER_TABLE_DENIED, m, "SELECT * FROM contractxown.t");
	mysql_close(m);
}
END_TEST

START_TEST(a_grant_is_revoked_in_its_stored_spelling_only)
{
	must(admin, "GRANT ALL ON `contract\\_own`.* TO " WHO);
	expect(ER_NO_GRANT, admin,
	    "REVOKE ALL PRIVILEGES ON `contract_own`.* FROM %s", WHO);
	expect(OK, admin,
	    "REVOKE ALL PRIVILEGES ON `contract\\_own`.* FROM %s", WHO);
	expect(ER_NO_GRANT, admin,
	    "REVOKE ALL PRIVILEGES ON `contract\\_own`.* FROM %s", WHO);
}
END_TEST

START_TEST(the_most_specific_row_wins_and_rows_are_not_merged)
{
	MYSQL *m;

	must(admin, "GRANT ALL ON `contract_own`.* TO " WHO);
	must(admin, "GRANT SELECT ON `contract\\_own`.* TO " WHO);
	m = contract_session(NULL);
	expect(OK, m, "SELECT * FROM contract_own.t");
	expect(ER_TABLE_DENIED, m, "INSERT INTO contract_own.t VALUES "
	    "(3, 4)");
	mysql_close(m);
}
END_TEST

START_TEST(a_backslash_in_a_name_escapes_what_follows)
{
	MYSQL *m;

	make_db("contract-s\\lash");
	make_db("contract-slash");
	must(admin, "GRANT SELECT ON `contract-s\\lash`.* TO " WHO);
	m = contract_session(NULL);
	expect(OK, m, "SELECT * FROM `contract-slash`.t");
	expect(ER_TABLE_DENIED, m, "SELECT * FROM `contract-s\\lash`.t");
	mysql_close(m);
	must(admin, "GRANT SELECT ON `contract-s\\\\lash`.* TO " WHO);
	m = contract_session(NULL);
	expect(OK, m, "SELECT * FROM `contract-s\\lash`.t");
	mysql_close(m);
}
END_TEST

/* 64 characters with one to escape are 65. */
START_TEST(an_escaped_name_of_more_than_64_characters_is_refused)
{
	expect(where.mariadb ? ER_BAD_DB_NAME : ER_NAME_TOO_LONG, admin,
	    "GRANT ALL ON `contract\\_%055d`.* TO %s", 0, WHO);
	expect(OK, admin, "GRANT ALL ON `contract\\_%054d`.* TO %s", 0, WHO);
}
END_TEST

START_TEST(a_percent_row_covers_the_servers_own_tables)
{
	MYSQL *m;

	must(admin, "GRANT SELECT ON `%`.* TO " WHO);
	read_grants(admin, WHO);
	expect_line("GRANT SELECT ON `%`.* TO " WHO);
	m = contract_session(NULL);
	expect(OK, m, "SELECT COUNT(*) FROM mysql.db");
	mysql_close(m);
}
END_TEST

/* Logged in as the account of one host, with the rights of both. */
START_TEST(rows_of_another_host_of_the_user_apply_too)
{
	MYSQL *m;
	char *self;

	must(admin, "CREATE USER 'contract'@'127.0.0.1' IDENTIFIED BY 'pw'");
	must(admin, "GRANT SELECT ON `contract\\_own`.* TO " WHO);
	m = contract_session(NULL);
	self = cell(m, "SELECT CURRENT_USER()");
	/* From elsewhere the other account is not met: nothing to see. */
	if (strcmp(self, "contract@127.0.0.1") == 0) {
		expect(OK, m, "SELECT * FROM contract_own.t");
		read_grants(admin, "'contract'@'127.0.0.1'");
		ck_assert_int_eq(n_lines, 1);
		expect_line("GRANT USAGE ON *.* TO `contract`@`127.0.0.1`");
	}
	mysql_close(m);
}
END_TEST

START_TEST(rows_of_the_anonymous_user_apply_to_everyone_unseen)
{
	MYSQL *m;

	must(admin, "CREATE USER ''@'%'");
	must(admin, "GRANT SELECT ON `contract\\_foreign`.* TO ''@'%'");
	m = contract_session(NULL);
	expect(OK, m, "SELECT * FROM contract_foreign.t");
	read_grants(admin, WHO);
	expect_no_part("foreign");
	mysql_close(m);
}
END_TEST

/* ---- what REVOKE takes -------------------------------------------------- */

START_TEST(mariadb_keeps_database_rows_and_grant_option_at_revoke_all)
{
	if (!where.mariadb)
		return;
	must(admin, "GRANT ALL ON *.* TO " WHO " WITH GRANT OPTION");
	must(admin, "GRANT ALL ON `contract\\_own`.* TO " WHO);
	must(admin, "REVOKE ALL PRIVILEGES ON *.* FROM " WHO);
	read_grants(admin, WHO);
	expect_line("GRANT USAGE ON *.* TO " WHO " WITH GRANT OPTION");
	expect_line("GRANT ALL PRIVILEGES ON `contract\\_own`.* TO " WHO);
	must(admin, "REVOKE GRANT OPTION ON *.* FROM " WHO);
	read_grants(admin, WHO);
	ck_assert_int_eq(n_lines, 2);
	expect_line("GRANT USAGE ON *.* TO " WHO);
}
END_TEST

/* Why the printed names are revoked as a list there, and never ALL. */
START_TEST(mysql_takes_database_rows_at_revoke_all)
{
	if (where.mariadb)
		return;
	must(admin, "GRANT SELECT, INSERT ON *.* TO " WHO);
	must(admin, "GRANT ALL ON `contract\\_own`.* TO " WHO);
	must(admin, "REVOKE SELECT, INSERT ON *.* FROM " WHO);
	read_grants(admin, WHO);
	expect_line("GRANT ALL PRIVILEGES ON `contract\\_own`.* TO " WHO);
	must(admin, "REVOKE ALL PRIVILEGES ON *.* FROM " WHO);
	read_grants(admin, WHO);
	expect_no_part("contract\\_own");
}
END_TEST

START_TEST(all_and_grant_option_are_revoked_apart_on_an_object)
{
	must(admin, "GRANT ALL ON *.* TO " WHO " WITH GRANT OPTION");
	expect(ER_SYNTAX, admin, "REVOKE ALL PRIVILEGES, GRANT OPTION ON *.*"
	    " FROM %s", WHO);
}
END_TEST

START_TEST(revoking_all_from_a_user_takes_every_level_but_proxies)
{
	must(admin, "CREATE USER 'contract_p'@'%'");
	must(admin, "GRANT SELECT ON *.* TO " WHO);
	must(admin, "GRANT ALL ON `contract\\_own`.* TO " WHO);
	must(admin, "GRANT SELECT (a) ON contract_foreign.t TO " WHO);
	must(admin, "GRANT PROXY ON 'contract_p'@'%' TO " WHO);
	must(admin, "REVOKE ALL PRIVILEGES, GRANT OPTION FROM " WHO);
	read_grants(admin, WHO);
	ck_assert_int_eq(n_lines, 2);
	expect_line("GRANT USAGE ON *.* TO " WHO);
	expect_line("GRANT PROXY ON `contract_p`@`%` TO " WHO);
}
END_TEST

START_TEST(a_default_role_outlives_the_role_in_mariadb)
{
	if (!where.mariadb)
		return;
	must(admin, "CREATE ROLE contract_r");
	must(admin, "GRANT contract_r TO " WHO);
	must(admin, "SET DEFAULT ROLE contract_r FOR " WHO);
	must(admin, "REVOKE ALL PRIVILEGES, GRANT OPTION FROM " WHO);
	read_grants(admin, WHO);
	expect_no_part("GRANT `contract_r`");
	expect_line("SET DEFAULT ROLE `contract_r` FOR " WHO);
	must(admin, "SET DEFAULT ROLE NONE FOR " WHO);
	read_grants(admin, WHO);
	expect_no_part("contract_r");
}
END_TEST

START_TEST(revoking_nothing_from_everything_is_fine_but_not_from_a_row)
{
	if (where.mariadb)
		expect(OK, admin, "REVOKE ALL PRIVILEGES ON *.* FROM %s",
		    WHO);
	expect(ER_NO_GRANT, admin, "REVOKE ALL PRIVILEGES ON "
	    "`contract\\_own`.* FROM %s", WHO);
}
END_TEST

START_TEST(a_list_is_revoked_whole_or_not_at_all)
{
	MYSQL *m;

	must(admin, "CREATE USER 'contract_a'@'%' IDENTIFIED BY 'pw'");
	must(admin, "GRANT SELECT, CREATE USER ON *.* TO 'contract_a'@'%' "
	    "WITH GRANT OPTION");
	must(admin, "GRANT SELECT, PROCESS ON *.* TO " WHO);
	m = login_as("contract_a", "pw", NULL);
	expect(ER_DENIED, m, "REVOKE SELECT, PROCESS ON *.* FROM %s", WHO);
	read_grants(admin, WHO);
	expect_line("GRANT SELECT, PROCESS ON *.* TO " WHO);
	expect(OK, m, "REVOKE SELECT ON *.* FROM %s", WHO);
	read_grants(admin, WHO);
	expect_line("GRANT PROCESS ON *.* TO " WHO);
	mysql_close(m);
}
END_TEST

START_TEST(who_lacks_a_right_on_a_database_grants_nothing_there)
{
	MYSQL *m;

	must(admin, "CREATE USER 'contract_a'@'%' IDENTIFIED BY 'pw'");
	must(admin, "GRANT SELECT ON *.* TO 'contract_a'@'%' "
	    "WITH GRANT OPTION");
	m = login_as("contract_a", "pw", NULL);
	expect(ER_DB_DENIED, m, "GRANT ALL ON `contract\\_own`.* TO %s",
	    WHO);
	read_grants(admin, WHO);
	ck_assert_int_eq(n_lines, 1);
	mysql_close(m);
}
END_TEST

START_TEST(what_was_printed_can_be_granted_again)
{
	char *saved[LINES_MAX];
	int n;

	must(admin, "GRANT SELECT, PROCESS ON *.* TO " WHO
	    " WITH GRANT OPTION");
	must(admin, "GRANT ALL ON `contract\\_own`.* TO " WHO);
	must(admin, "GRANT SELECT (a), INSERT ON contract_foreign.t TO "
	    WHO);
	read_grants(admin, WHO);
	n = n_lines;
	memcpy(saved, lines, sizeof(lines));
	must(admin, "REVOKE ALL PRIVILEGES, GRANT OPTION FROM " WHO);
	for (int i = 0; i < n; i++)
		must(admin, saved[i]);
	read_grants(admin, WHO);
	ck_assert_int_eq(n_lines, n);
	for (int i = 0; i < n; i++)
		expect_line(saved[i]);
}
END_TEST

START_TEST(a_grant_on_a_dropped_table_is_revoked_but_not_given_back)
{
	must(admin, "GRANT SELECT ON contract_own.t TO " WHO);
	must(admin, "DROP TABLE contract_own.t");
	read_grants(admin, WHO);
	expect_line("GRANT SELECT ON `contract_own`.`t` TO " WHO);
	expect(OK, admin, "REVOKE SELECT ON contract_own.t FROM %s", WHO);
	expect(ER_NO_TABLE, admin, "GRANT SELECT ON contract_own.t TO %s",
	    WHO);
}
END_TEST

START_TEST(an_absent_account_is_not_made_by_a_grant)
{
	expect(where.mariadb ? ER_NO_USER : ER_CANT_CREATE_USER, admin,
	    "GRANT SELECT ON contract_own.* TO 'contract_none'@'%%'");
}
END_TEST

/* Why the session's mode is set before anything is granted. */
START_TEST(without_the_mode_mariadb_makes_an_account_without_password)
{
	MYSQL *m;

	if (!where.mariadb)
		return;
	must(admin, "SET SESSION sql_mode = ''");
	expect(OK, admin,
	    "GRANT SELECT ON contract_own.* TO 'contract_none'@'%%'");
	m = login_as("contract_none", "", NULL);
	ck_assert_ptr_nonnull(m);
	mysql_close(m);
}
END_TEST

/* ---- open sessions ------------------------------------------------------ */

START_TEST(an_open_session_keeps_its_rights_on_everything)
{
	MYSQL *m;

	must(admin, "GRANT ALL ON *.* TO " WHO " WITH GRANT OPTION");
	m = contract_session(NULL);
	must(admin, "GRANT ALL ON `contract\\_own`.* TO " WHO);
	must(admin, "REVOKE SELECT, INSERT, CREATE USER ON *.* FROM " WHO);
	must(admin, "REVOKE GRANT OPTION ON *.* FROM " WHO);
	expect(OK, m, "SELECT * FROM contract_foreign.t");
	expect(OK, m, "INSERT INTO contract_foreign.t VALUES (5, 6)");
	/* It can even give itself back what was taken. */
	expect(OK, m, "GRANT SELECT ON *.* TO %s", WHO);
	mysql_close(m);
	must(admin, "REVOKE SELECT ON *.* FROM " WHO);
	m = contract_session(NULL);
	expect(ER_TABLE_DENIED, m, "SELECT * FROM contract_foreign.t");
	mysql_close(m);
}
END_TEST

START_TEST(killing_a_session_ends_what_it_kept)
{
	MYSQL *m;
	char *id;
	int code;

	must(admin, "GRANT ALL ON *.* TO " WHO);
	m = contract_session(NULL);
	id = cell(admin, "SELECT ID FROM information_schema.PROCESSLIST "
	    "WHERE USER = 'contract'");
	ck_assert_ptr_nonnull(id);
	ck_assert_str_eq(id, cell(m, "SELECT CONNECTION_ID()"));
	expect(OK, admin, "KILL %s", id);
	code = run(m, "SELECT 1");
	ck_assert_msg(code == GONE || code == LOST || code == ER_KILLED,
	    "got %d", code);
	mysql_close(m);
}
END_TEST

START_TEST(a_session_in_a_database_keeps_its_rights_until_it_changes)
{
	MYSQL *m;

	must(admin, "GRANT ALL ON `contract\\_foreign`.* TO " WHO);
	m = contract_session("contract_foreign");
	must(admin, "REVOKE ALL PRIVILEGES ON `contract\\_foreign`.* FROM "
	    WHO);
	expect(OK, m, "SELECT * FROM t");
	expect(ER_DB_DENIED, m, "USE contract_foreign");
	mysql_close(m);
}
END_TEST

/* The order in which nobody is locked out: own row first, then the rest. */
START_TEST(granting_the_own_row_first_leaves_no_gap)
{
	MYSQL *m;

	must(admin, "GRANT SELECT, INSERT ON *.* TO " WHO);
	m = contract_session("contract_own");
	must(admin, "GRANT ALL ON `contract\\_own`.* TO " WHO);
	expect(OK, m, "INSERT INTO t VALUES (7, 8)");
	must(admin, "REVOKE SELECT, INSERT ON *.* FROM " WHO);
	expect(OK, m, "INSERT INTO t VALUES (7, 8)");
	mysql_close(m);
	m = contract_session("contract_own");
	expect(OK, m, "INSERT INTO t VALUES (7, 8)");
	expect(ER_TABLE_DENIED, m, "SELECT * FROM contract_foreign.t");
	expect(ER_DB_DENIED, m, "USE contract_foreign");
	mysql_close(m);
}
END_TEST

START_TEST(a_scoped_account_sees_its_own_grants_and_databases)
{
	MYSQL *m;

	must(admin, "GRANT ALL ON `contract\\_own`.* TO " WHO);
	m = contract_session(NULL);
	read_grants(m, "CURRENT_USER()");
	expect_line("GRANT ALL PRIVILEGES ON `contract\\_own`.* TO " WHO);
	ck_assert_str_eq(cell(m, "SELECT COUNT(*) FROM "
	    "information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE "
	    "'contract%'"), "1");
	expect(ER_TABLE_DENIED, m, "SELECT COUNT(*) FROM mysql.user");
	expect(where.mariadb ? ER_DB_DENIED : ER_TABLE_DENIED, m,
	    "SHOW GRANTS FOR 'contract_none'@'%%'");
	mysql_close(m);
}
END_TEST

/* ---- the private server ------------------------------------------------- */

static char folder[256];
static pid_t server;

static int
remove_one(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Start a program that dies with us; its output goes to the folder. */
static pid_t
start(const char *const *argv)
{
	char log[512];
	pid_t pid;

	(void)snprintf(log, sizeof(log), "%s/log", folder);
	pid = fork();
	if (pid != 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (freopen(log, "a", stdout) == NULL
	    || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		_exit(126);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* A port of loopback that is free now. */
static unsigned int
free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = fd >= 0
	    && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0
	    && getsockname(fd, (struct sockaddr *)&at, &len) == 0;

	(void)close(fd);
	return ok ? ntohs(at.sin_port) : 0;
}

static bool
install_data(const char *datadir)
{
	const char *const argv[] = { "mariadb-install-db", "--no-defaults",
	    datadir, "--auth-root-authentication-method=normal",
	    "--skip-test-db", "--skip-name-resolve",
	    "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M",
	    "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
	    NULL };
	pid_t pid = start(argv);
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/*
 * What the server does first of all: make the tests' administrator. It may
 * not say GRANT PROXY in an init file.
 */
static bool
write_init(const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return false;
	(void)fputs("GRANT ALL ON *.* TO 'sbcontract'@'%' IDENTIFIED BY "
	    "'admin-pw' WITH GRANT OPTION;\n"
	    "INSERT INTO mysql.proxies_priv VALUES ('%', 'sbcontract', '', "
	    "'', 1, '', NOW());\n"
	    "FLUSH PRIVILEGES;\n", f);
	return fclose(f) == 0;
}

static bool
is_up(void)
{
	MYSQL *m = mysql_init(NULL);
	bool ok = m != NULL && mysql_real_connect(m, where.host, where.user,
	    where.password, NULL, where.port, NULL, 0) != NULL;

	mysql_close(m);
	return ok;
}

static bool
start_server(void)
{
	char datadir[512], init[512], port[64];
	struct timespec tick = { .tv_nsec = 50 * 1000 * 1000 };

	(void)snprintf(datadir, sizeof(datadir), "--datadir=%s/data",
	    folder);
	(void)snprintf(init, sizeof(init), "--init-file=%s/init.sql",
	    folder);
	where.port = free_port();
	(void)snprintf(port, sizeof(port), "--port=%u", where.port);
	if (where.port == 0 || !write_init(init + strlen("--init-file="))
	    || !install_data(datadir))
		return false;
	/* The socket, which nobody uses, lies in the data folder. */
	server = start((const char *const[]){ "mariadbd", "--no-defaults",
	    datadir, init, port, "--bind-address=127.0.0.1", "--socket=s",
	    geteuid() == 0 ? "--user=root" : "--skip-log-bin",
	    "--skip-name-resolve", "--skip-log-bin",
	    "--performance-schema=0", "--innodb-buffer-pool-size=16M",
	    "--innodb-log-file-size=4M",
	    "--innodb-flush-log-at-trx-commit=0",
	    "--innodb-doublewrite=0", "--sync-frm=0", NULL });
	for (int i = 0; i < START_SECONDS * 20; i++) {
		if (is_up())
			return true;
		(void)nanosleep(&tick, NULL);
	}
	return false;
}

static void
stop_server(void)
{
	if (server > 0) {
		(void)kill(server, SIGKILL);
		(void)waitpid(server, NULL, 0);
	}
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- all of it ---------------------------------------------------------- */

static Suite *
grants_suite(void)
{
	Suite *s = suite_create("mysql_server");
	TCase *t = tcase_create("grants");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t,
	    all_rights_are_one_line_in_mariadb_and_a_list_in_mysql);
	tcase_add_test(t, an_account_without_rights_has_usage);
	tcase_add_test(t, a_pattern_is_shown_as_it_is_stored);
	tcase_add_test(t,
	    a_backtick_in_a_name_is_doubled_and_words_may_stand_in_it);
	tcase_add_test(t, columns_are_listed_by_right_in_backticks);
	tcase_add_test(t, limits_stand_behind_the_grant_option);
	tcase_add_test(t, the_session_decides_how_names_are_quoted);
	tcase_add_test(t,
	    a_proxy_with_grant_option_leaves_one_on_everything);
	tcase_add_test(t, a_proxy_is_taken_only_by_who_has_it);
	tcase_add_test(t, roles_are_named_not_expanded);
	tcase_add_test(t,
	    accounts_can_be_written_in_backticks_whatever_the_mode);
	tcase_add_test(t, an_underscore_is_any_character_unless_escaped);
	tcase_add_test(t, a_grant_is_revoked_in_its_stored_spelling_only);
	tcase_add_test(t,
	    the_most_specific_row_wins_and_rows_are_not_merged);
	tcase_add_test(t, a_backslash_in_a_name_escapes_what_follows);
	tcase_add_test(t,
	    an_escaped_name_of_more_than_64_characters_is_refused);
	tcase_add_test(t, a_percent_row_covers_the_servers_own_tables);
	tcase_add_test(t, rows_of_another_host_of_the_user_apply_too);
	tcase_add_test(t,
	    rows_of_the_anonymous_user_apply_to_everyone_unseen);
	suite_add_tcase(s, t);
	return s;
}

static Suite *
revoke_suite(void)
{
	Suite *s = suite_create("mysql_server");
	TCase *t = tcase_create("revoke");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t,
	    mariadb_keeps_database_rows_and_grant_option_at_revoke_all);
	tcase_add_test(t, mysql_takes_database_rows_at_revoke_all);
	tcase_add_test(t,
	    all_and_grant_option_are_revoked_apart_on_an_object);
	tcase_add_test(t,
	    revoking_all_from_a_user_takes_every_level_but_proxies);
	tcase_add_test(t, a_default_role_outlives_the_role_in_mariadb);
	tcase_add_test(t,
	    revoking_nothing_from_everything_is_fine_but_not_from_a_row);
	tcase_add_test(t, a_list_is_revoked_whole_or_not_at_all);
	tcase_add_test(t,
	    who_lacks_a_right_on_a_database_grants_nothing_there);
	tcase_add_test(t, what_was_printed_can_be_granted_again);
	tcase_add_test(t,
	    a_grant_on_a_dropped_table_is_revoked_but_not_given_back);
	tcase_add_test(t, an_absent_account_is_not_made_by_a_grant);
	tcase_add_test(t,
	    without_the_mode_mariadb_makes_an_account_without_password);
	tcase_add_test(t, an_open_session_keeps_its_rights_on_everything);
	tcase_add_test(t, killing_a_session_ends_what_it_kept);
	tcase_add_test(t,
	    a_session_in_a_database_keeps_its_rights_until_it_changes);
	tcase_add_test(t, granting_the_own_row_first_leaves_no_gap);
	tcase_add_test(t,
	    a_scoped_account_sees_its_own_grants_and_databases);
	suite_add_tcase(s, t);
	return s;
}

static bool
installed(const char *program)
{
	const char *dirs = getenv("PATH");
	char path[1024];

	while (dirs != NULL && *dirs != '\0') {
		size_t n = strcspn(dirs, ":");

		(void)snprintf(path, sizeof(path), "%.*s/%s", (int)n, dirs,
		    program);
		if (access(path, X_OK) == 0)
			return true;
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

static const char *
env_or(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v != NULL ? v : fallback;
}

int
main(void)
{
	int status;

	where.host = getenv("CONTRACT_MYSQL_HOST");
	if (where.host != NULL) {
		where.port = (unsigned int)strtoul(env_or(
		    "CONTRACT_MYSQL_PORT", "3306"), NULL, 10);
		where.user = env_or("CONTRACT_MYSQL_USER", "root");
		where.password = env_or("CONTRACT_MYSQL_PASSWORD", "");
		return kit_main(grants_suite(), revoke_suite(), NULL);
	}
	if (!installed("mariadbd") || !installed("mariadb-install-db"))
		return kit_skip_all("mariadbd is not installed, and no "
		    "CONTRACT_MYSQL_HOST");
	where.host = "127.0.0.1";
	where.user = "sbcontract";
	where.password = "admin-pw";
	(void)snprintf(folder, sizeof(folder), "%s/mysql.XXXXXX",
	    env_or("TEMP", "/tmp"));
	if (mkdtemp(folder) == NULL || !start_server()) {
		(void)fprintf(stderr, "no MariaDB: see %s/log\n", folder);
		return 1;
	}
	status = kit_main(grants_suite(), revoke_suite(), NULL);
	stop_server();
	return status;
}
