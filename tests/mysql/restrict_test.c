/*
 * restrict_test - what restricting answers on a MySQL or MariaDB server where
 * no account of matrix_test leads: what is refused, what is left to a person,
 * what an administrator lacks, and sessions.
 *
 * All accounts and databases made here begin with "ct_" and are removed again.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"
#include "db/mysql_restrict.h"
#include "db/mysql_scope.h"
#include "tests/kit/kit.h"
#include "tests/mysql/given.h"

#define USER "ct_app"
#define PASSWORD "pw '\\\"` of ct_app"
#define OWN "ct_own_db"

enum { SQL = 4096 };

static const char *const own[] = { OWN, NULL };
static struct sql_login server;
static struct pool *pool;
static struct sql *admin;
static struct err e;
static bool literal;	/* partial_revokes is on: names are no patterns */

/* ---- speaking to the server --------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void
say(const char *fmt, ...)
{
	char sql[SQL];
	va_list ap;

	va_start(ap, fmt);
	ck_assert_int_lt(vsnprintf(sql, sizeof sql, fmt, ap),
	    (int)sizeof sql);
	va_end(ap);
	ck_assert_msg(sql_run(admin, sql, NULL, NULL, &e), "%s", e.text);
}

static void
say_if_possible(const char *sql)
{
	struct err ignored = { 0 };

	if (!sql_run(admin, sql, NULL, NULL, &ignored))
		ck_assert_int_ne(ignored.kind, ERR_NETWORK);
}

static void
quiet(const struct account *account, const char *sql)
{
	(void)account;
	(void)sql;
}

static void
drop_all(void)
{
	static const char *const statements[] = {
		"DROP USER `ct_app`@`%`", "DROP USER `ct_app`@`127.0.0.1`",
		"DROP USER `ct_pu`@`%`", "DROP ROLE ct_r1",
		"DROP ROLE ct_r2", "DROP DATABASE ct_own_db",
		"DROP DATABASE ct_ownxdb", "DROP DATABASE ct_other",
	};

	for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
		say_if_possible(statements[i]);
}

static void
set_up(void)
{
	struct sql_rows rows;
	struct err ignored;

	pool = pool_new();
	e = (struct err){ 0 };
	server = given_login();
	admin = sql_open(&server, &e);
	ck_assert_msg(admin != NULL, "%s", e.text);
	literal = sql_run(admin, "SELECT @@partial_revokes", pool, &rows,
	    &ignored) && strcmp(sql_cell(&rows, 0, 0), "1") == 0;
	drop_all();
	say("CREATE DATABASE " OWN);
	say("CREATE DATABASE ct_ownxdb");
	say("CREATE DATABASE ct_other");
	say("CREATE TABLE " OWN ".t (id INT AUTO_INCREMENT PRIMARY KEY, "
	    "v INT)");
	say("CREATE TABLE ct_other.t (a INT, `b,c)` INT)");
	say("CREATE PROCEDURE ct_other.`p TO x`() SELECT 1");
	say("CREATE USER `ct_app`@`%%` IDENTIFIED BY "
	    "'pw \\'\\\\\"` of ct_app'");
}

static void
tear_down(void)
{
	drop_all();
	sql_close(admin);
	pool_free(pool);
}

static struct sql *
log_in(void)
{
	struct sql_login l = server;

	l.user = USER;
	l.password = PASSWORD;
	return sql_open(&l, &e);
}

static void
restrict_it(struct scope *s)
{
	ck_assert_msg(restrict_check(admin, pool, USER, own, &e)
	    && restrict_user(admin, pool, USER, own, quiet, s, &e), "%s",
	    e.text);
}

START_TEST(every_host_of_the_user_is_restricted)
{
	struct scope s;

	say("CREATE USER `ct_app`@`127.0.0.1` IDENTIFIED BY 'x y'");
	say("GRANT SELECT ON *.* TO `ct_app`@`127.0.0.1`");
	say("GRANT ALL PRIVILEGES ON *.* TO `ct_app`@`%%`");
	restrict_it(&s);
	ck_assert_uint_eq(s.naccounts, 2);
	ck_assert_msg(findings_clean(&s.findings), "%s",
	    scope_text(pool, &s));
}
END_TEST

START_TEST(what_everybody_may_is_found_and_left_to_a_person)
{
	struct scope s;

	if (!sql_is_mariadb(admin) || sql_version(admin) < 101100)
		return;
	say("GRANT SELECT ON ct_other.* TO PUBLIC");
	ck_assert(scope_audit(admin, pool, USER, own, &s, &e));
	say("REVOKE SELECT ON ct_other.* FROM PUBLIC");
	ck_assert_uint_eq(findings_count(&s.findings, FINDING_HAND), 1);
}
END_TEST

START_TEST(rows_of_the_anonymous_user_are_left_to_a_person)
{
	struct scope s;

	say("CREATE USER ``@`ct-host`");
	say("GRANT SELECT ON ct_other.* TO ``@`ct-host`");
	ck_assert(scope_audit(admin, pool, USER, own, &s, &e));
	say("DROP USER ``@`ct-host`");
	ck_assert_uint_eq(findings_count(&s.findings, FINDING_HAND), 1);
	ck_assert_uint_eq(s.plan.n, 1);
}
END_TEST

START_TEST(the_user_itself_sees_what_the_administrator_sees)
{
	struct sql *user;
	struct scope s;

	say("GRANT ALL PRIVILEGES ON `%s`.* TO `ct_app`@`%%`", literal ?
	    "ct_own_db" : "ct\\_own\\_db");
	user = log_in();
	ck_assert_msg(user != NULL, "%s", e.text);
	ck_assert_msg(scope_audit_self(user, pool, own, &s, &e), "%s",
	    e.text);
	ck_assert_msg(findings_clean(&s.findings), "%s",
	    scope_text(pool, &s));
	sql_close(user);
	say("GRANT SELECT ON ct_other.t TO `ct_app`@`%%`");
	user = log_in();
	ck_assert(scope_audit_self(user, pool, own, &s, &e));
	ck_assert_int_eq(findings_worst(&s.findings), SEV_HIGH);
	sql_close(user);
}
END_TEST

START_TEST(a_role_that_everybody_has_is_left_to_a_person)
{
	struct scope s;

	if (sql_is_mariadb(admin) || sql_version(admin) < 80000)
		return;
	say("CREATE ROLE ct_r1");
	say("GRANT SELECT ON ct_other.* TO ct_r1");
	say("SET GLOBAL mandatory_roles = 'ct_r1'");
	ck_assert_msg(scope_audit(admin, pool, USER, own, &s, &e), "%s",
	    e.text);
	say("SET GLOBAL mandatory_roles = ''");
	ck_assert_uint_eq(findings_count(&s.findings, FINDING_HAND), 1);
	ck_assert_int_eq(findings_worst(&s.findings), SEV_HIGH);
}
END_TEST

/* An administrator of a managed server: some rights nobody has. */
START_TEST(what_the_administrator_lacks_is_left_and_named)
{
	struct sql_login l = server;
	struct sql *little;
	struct scope s;
	size_t before;

	say("CREATE USER `ct_pu`@`%%` IDENTIFIED BY 'little-admin'");
	say("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, "
	    "INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, "
	    "CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, "
	    "TRIGGER, RELOAD, PROCESS, SHOW DATABASES, CREATE USER ON *.* TO "
	    "`ct_pu`@`%%` WITH GRANT OPTION");
	if (sql_is_mariadb(admin))
		say("GRANT DELETE HISTORY ON *.* TO `ct_pu`@`%%`");
	say("GRANT SELECT, FILE, RELOAD ON *.* TO `ct_app`@`%%`");
	l.user = "ct_pu";
	l.password = "little-admin";
	little = sql_open(&l, &e);
	ck_assert_msg(little != NULL, "%s", e.text);
	ck_assert(!restrict_user(little, pool, USER, own, quiet, &s, &e));
	ck_assert_int_eq(e.kind, ERR_HAND);
	kit_contains(e.text, "FILE ON *.*");
	ck_assert(scope_audit(admin, pool, USER, own, &s, &e));
	ck_assert_int_eq(findings_count(&s.findings, FINDING_MISSING), 0);
	before = findings_count(&s.findings, FINDING_EXCESS);
	ck_assert_msg(before == 1, "%s", scope_text(pool, &s));
	sql_close(little);
}
END_TEST

/* An administrator with some rights, and what he may do with them. */
static struct sql *
little_admin(const char *rights)
{
	struct sql_login l = server;
	struct sql *little;

	say("CREATE USER `ct_pu`@`%%` IDENTIFIED BY 'little-admin'");
	say("GRANT %s ON *.* TO `ct_pu`@`%%` WITH GRANT OPTION", rights);
	say("GRANT ALL PRIVILEGES ON `ct%%`.* TO `ct_pu`@`%%` WITH GRANT "
	    "OPTION");
	l.user = "ct_pu";
	l.password = "little-admin";
	little = sql_open(&l, &e);
	ck_assert_msg(little != NULL, "%s", e.text);
	return little;
}

/* As a managed server's, where SHOW GRANTS says ALL of the user. */
START_TEST(of_all_is_taken_what_the_administrator_has)
{
	struct sql *little;
	struct scope s;

	if (!sql_is_mariadb(admin) && sql_version(admin) >= 80000)
		return;		/* never says ALL there */
	say("GRANT ALL PRIVILEGES ON *.* TO `ct_app`@`%%` WITH GRANT "
	    "OPTION");
	little = little_admin("SELECT, RELOAD, PROCESS, CREATE USER");
	ck_assert(!restrict_user(little, pool, USER, own, quiet, &s, &e));
	ck_assert_msg(e.kind == ERR_HAND, "%s", e.text);
	kit_contains(e.text, "SUPER");
	kit_lacks(e.text, "RELOAD");
	ck_assert(scope_audit(admin, pool, USER, own, &s, &e));
	kit_lacks(scope_text(pool, &s), "RELOAD");
	kit_lacks(scope_text(pool, &s), "GRANT OPTION");
	kit_contains(scope_text(pool, &s), "SUPER");
	sql_close(little);
}
END_TEST

/* Also where another of the user's accounts could be changed. */
START_TEST(a_system_user_is_left_alone_by_who_is_none)
{
	struct sql *little;
	struct scope s;

	if (sql_is_mariadb(admin) || sql_version(admin) < 80016)
		return;
	say("GRANT SELECT, SYSTEM_USER ON *.* TO `ct_app`@`%%`");
	little = little_admin("SELECT, PROCESS, CREATE USER");
	ck_assert(scope_audit(little, pool, USER, own, &s, &e));
	ck_assert(!restrict_check_rights(little, pool, &s, &e));
	ck_assert_int_eq(e.kind, ERR_DENIED);
	kit_contains(e.text, "SYSTEM_USER");
	ck_assert(restrict_check_rights(admin, pool, &s, &e));
	sql_close(little);
}
END_TEST

START_TEST(what_must_not_be_restricted_is_refused)
{
	static const char *const missing[] = { "ct_nowhere", NULL };
	static const char *const system[] = { OWN, "mysql", NULL };
	static const char *const none[] = { NULL };
	static const struct {
		const char *user;
		const char *const *own;
	} cases[] = {
		{ "root", own }, { "", own }, { "mysql.sys", own },
		{ "doadmin", own }, { USER, missing }, { USER, system },
		{ USER, none },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		e = (struct err){ 0 };
		ck_assert(!restrict_check(admin, pool, cases[i].user,
		    cases[i].own, &e));
		ck_assert_int_eq(e.kind, ERR_INPUT);
	}
	ck_assert(!restrict_check(admin, pool, server.user, own, &e));
	kit_contains(e.text, "login itself");
}
END_TEST

START_TEST(a_name_too_long_for_the_grant_tables_is_refused)
{
	char name[65], text[256];
	const char *const long_own[] = { name, NULL };

	memset(name, 'd', 64);
	memset(name, '_', 5);
	name[64] = '\0';
	(void)snprintf(text, sizeof text, "CREATE DATABASE `%s`", name);
	say_if_possible(text);
	ck_assert_int_eq(restrict_check(admin, pool, USER, long_own, &e),
	    literal);
	if (!literal)
		kit_contains(e.text, "69 characters");
	(void)snprintf(text, sizeof text, "DROP DATABASE `%s`", name);
	say_if_possible(text);
}
END_TEST

/* ---- logging in --------------------------------------------------------- */

START_TEST(a_wrong_password_is_told_from_a_server_that_is_not_there)
{
	struct sql_login l = server;

	l.password = "not the password";
	ck_assert_ptr_null(sql_open(&l, &e));
	ck_assert_int_eq(e.kind, ERR_DENIED);
	kit_lacks(e.text, "not the password");
	l = server;
	l.port = 1;
	ck_assert_ptr_null(sql_open(&l, &e));
	ck_assert_int_eq(e.kind, ERR_NETWORK);
}
END_TEST

START_TEST(a_server_that_nobody_vouches_for_is_refused)
{
	struct sql_login l = server;
	struct sql *s;

	if (server.ca_file == NULL)
		return;
	l.ca_file = "/etc/ssl/certs/ca-certificates.crt.not";
	ck_assert_ptr_null(sql_open(&l, &e));
	ck_assert_int_eq(e.kind, ERR_NETWORK);
	l.tls = "require";
	s = sql_open(&l, &e);
	ck_assert_msg(s != NULL, "%s", e.text);
	sql_close(s);
}
END_TEST

/* ---- sessions ----------------------------------------------------------- */

START_TEST(a_session_with_old_rights_is_ended)
{
	struct sql *old;
	size_t ended = 0;
	struct scope s;

	say("GRANT ALL PRIVILEGES ON *.* TO `ct_app`@`%%`");
	old = log_in();
	ck_assert_msg(old != NULL, "%s", e.text);
	restrict_it(&s);
	ck_assert_msg(sql_run(old, "SELECT * FROM ct_other.t", NULL, NULL,
	    &e), "an open session lost its rights by itself: %s", e.text);
	ck_assert_msg(restrict_end_sessions(admin, pool, USER, 3, &ended,
	    &e), "%s", e.text);
	ck_assert_uint_eq(ended, 1);
	ck_assert(!sql_run(old, "SELECT * FROM ct_other.t", NULL, NULL, &e));
	ck_assert_int_eq(e.kind, ERR_NETWORK);
	sql_close(old);
}
END_TEST

/* As Amazon's has it: no right to KILL, but a procedure that does. */
START_TEST(a_session_is_ended_by_the_procedure_of_a_managed_server)
{
	struct sql *old, *little;
	size_t ended = 0;

	say_if_possible("DROP PROCEDURE mysql.rds_kill");
	say("CREATE PROCEDURE mysql.rds_kill(id BIGINT) SQL SECURITY DEFINER "
	    "KILL id");
	little = little_admin("SELECT, PROCESS, CREATE USER");
	say("GRANT EXECUTE ON PROCEDURE mysql.rds_kill TO `ct_pu`@`%%`");
	old = log_in();
	ck_assert_msg(old != NULL, "%s", e.text);
	ck_assert_msg(restrict_end_sessions(little, pool, USER, 3, &ended,
	    &e), "%s", e.text);
	ck_assert_uint_eq(ended, 1);
	ck_assert(!sql_run(old, "SELECT 1", NULL, NULL, &e));
	sql_close(old);
	old = log_in();
	say("DROP PROCEDURE mysql.rds_kill");
	ck_assert(!restrict_end_sessions(little, pool, USER, 3, &ended, &e));
	ck_assert_int_eq(e.kind, ERR_HAND);
	kit_contains(e.text, "can't be ended");
	sql_close(old);
	sql_close(little);
}
END_TEST

/* As DigitalOcean has it by default: no table without a primary key. */
START_TEST(it_is_confirmed_where_every_table_needs_a_key)
{
	static const char *const none[] = { NULL };
	const char *name = sql_is_mariadb(admin) ?
	    "innodb_force_primary_key" : "sql_require_primary_key";
	struct sql_login l = server;
	bool ok;

	if (!sql_is_mariadb(admin) && sql_version(admin) < 80000)
		return;
	say("GRANT ALL PRIVILEGES ON `%s`.* TO `ct_app`@`%%`", literal ?
	    "ct_own_db" : "ct\\_own\\_db");
	l.user = USER;
	l.password = PASSWORD;
	say("SET GLOBAL %s = 1", name);
	ok = restrict_confirm(&l, own, none, true, &e);
	say("SET GLOBAL %s = 0", name);
	ck_assert_msg(ok, "%s", e.text);
}
END_TEST

/* Without PROCESS the list of sessions looks empty, which proves nothing. */
START_TEST(who_sees_no_sessions_can_not_say_that_they_ended)
{
	struct sql_login l = server;
	struct sql *old, *little;
	size_t ended;

	say("CREATE USER `ct_pu`@`%%` IDENTIFIED BY 'little-admin'");
	say("GRANT CREATE USER ON *.* TO `ct_pu`@`%%`");
	old = log_in();
	ck_assert_msg(old != NULL, "%s", e.text);
	l.user = "ct_pu";
	l.password = "little-admin";
	little = sql_open(&l, &e);
	ck_assert_msg(little != NULL, "%s", e.text);
	ck_assert(!restrict_end_sessions(little, pool, USER, 1, &ended, &e));
	ck_assert_int_eq(e.kind, ERR_HAND);
	kit_contains(e.text, "PROCESS");
	ck_assert_msg(sql_run(old, "SELECT 1", NULL, NULL, &e), "%s",
	    e.text);
	sql_close(little);
	sql_close(old);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("restrict");
	TCase *c = tcase_create("server");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, every_host_of_the_user_is_restricted);
	tcase_add_test(c, what_everybody_may_is_found_and_left_to_a_person);
	tcase_add_test(c, rows_of_the_anonymous_user_are_left_to_a_person);
	tcase_add_test(c, the_user_itself_sees_what_the_administrator_sees);
	tcase_add_test(c, a_role_that_everybody_has_is_left_to_a_person);
	tcase_add_test(c, what_the_administrator_lacks_is_left_and_named);
	tcase_add_test(c, of_all_is_taken_what_the_administrator_has);
	tcase_add_test(c, a_system_user_is_left_alone_by_who_is_none);
	tcase_add_test(c, what_must_not_be_restricted_is_refused);
	tcase_add_test(c, a_name_too_long_for_the_grant_tables_is_refused);
	tcase_add_test(c,
	    a_wrong_password_is_told_from_a_server_that_is_not_there);
	tcase_add_test(c, a_server_that_nobody_vouches_for_is_refused);
	tcase_add_test(c, a_session_with_old_rights_is_ended);
	tcase_add_test(c,
	    a_session_is_ended_by_the_procedure_of_a_managed_server);
	tcase_add_test(c,
	    it_is_confirmed_where_every_table_needs_a_key);
	tcase_add_test(c,
	    who_sees_no_sessions_can_not_say_that_they_ended);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
