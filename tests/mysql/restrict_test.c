/*
 * restrict_test - the product on a MySQL or MariaDB server: every shape of
 * account is read, ends scoped and comes back, and nothing fails for the
 * site while its user is restricted.
 *
 * Runs on any throw-away server: TRANSPLANT_TEST_MYSQL_URL is
 * mysql://admin:password@host:port, with all privileges, and
 * TRANSPLANT_TEST_MYSQL_CA the file that vouches for it (empty: no TLS). All
 * accounts and databases made here begin with "ct_" and are removed again.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"
#include "db/mysql_restrict.h"
#include "db/mysql_scope.h"
#include "tests/kit/kit.h"

#define USER "ct_app"
#define PASSWORD "pw '\\\"` of ct_app"
#define OWN "ct_own_db"

enum { STATEMENTS = 12, SQL = 4096, CLIENTS = 2 };

static const char *const own[] = { OWN, NULL };
static struct sql_login server;
static struct pool *pool;
static struct sql *admin;
static struct err e;
static bool literal;	/* partial_revokes is on: names are no patterns */

/* ---- speaking to the server --------------------------------------------- */

/* mysql://user:password@host:port, nothing of it escaped */
static void
read_url(const char *url)
{
	char *text = strdup(url), *at = strrchr(text, '@'), *colon;

	ck_assert_msg(text_starts(url, "mysql://") && at != NULL,
	    "TRANSPLANT_TEST_MYSQL_URL is not mysql://user:pw@host:port");
	*at = '\0';
	server.user = text + strlen("mysql://");
	colon = strchr(server.user, ':');
	ck_assert_ptr_nonnull(colon);
	*colon = '\0';
	server.password = colon + 1;
	server.host = at + 1;
	colon = strrchr(at + 1, ':');
	ck_assert_ptr_nonnull(colon);
	*colon = '\0';
	server.port = strtol(colon + 1, NULL, 10);
	/* cppcheck-suppress memleak ; server points into it */
}

static void
find_server(void)
{
	const char *ca = getenv("TRANSPLANT_TEST_MYSQL_CA");

	server = (struct sql_login){ .seconds = 20 };
	server.tls = text_empty(ca) ? "off" : "verify";
	server.ca_file = text_empty(ca) ? NULL : ca;
	read_url(kit_env("TRANSPLANT_TEST_MYSQL_URL"));
}

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
	find_server();
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

static const char *
grants_now(void)
{
	struct scope s;

	ck_assert_msg(scope_audit(admin, pool, USER, own, &s, &e), "%s",
	    e.text);
	return scope_text(pool, &s);
}

/* ---- account shapes ----------------------------------------------------- */

/* %s is the account; a statement that this server can't is skipped. */
struct shape {
	const char *name;
	const char *statements[STATEMENTS];
};

static const struct shape shapes[] = {
	{ "everything", { "GRANT ALL PRIVILEGES ON *.* TO %s WITH GRANT "
	    "OPTION" } },
	{ "everything without option", { "GRANT ALL PRIVILEGES ON *.* TO "
	    "%s" } },
	{ "some of everything", { "GRANT SELECT, INSERT, RELOAD, PROCESS, "
	    "SUPER ON *.* TO %s" } },
	{ "option alone", { "GRANT USAGE ON *.* TO %s WITH GRANT OPTION" } },
	{ "nothing", { NULL } },
	{ "own as it should be", { "GRANT ALL PRIVILEGES ON "
	    "`ct\\_own\\_db`.* TO %s" } },
	{ "own with option", { "GRANT ALL PRIVILEGES ON `ct\\_own\\_db`.* TO "
	    "%s WITH GRANT OPTION" } },
	{ "own in part", { "GRANT SELECT, INSERT ON `ct\\_own\\_db`.* TO "
	    "%s" } },
	{ "own as live wildcard", { "GRANT ALL PRIVILEGES ON `ct_own_db`.* "
	    "TO %s" } },
	{ "wide wildcard", { "GRANT ALL PRIVILEGES ON `ct\\_%%`.* TO %s" } },
	{ "every database", { "GRANT ALL PRIVILEGES ON `%%`.* TO %s WITH "
	    "GRANT OPTION" } },
	{ "narrow row before wide", { "GRANT SELECT ON `ct\\_own\\_db`.* TO "
	    "%s", "GRANT ALL PRIVILEGES ON `ct%%`.* TO %s" } },
	{ "foreign database", { "GRANT SELECT, EXECUTE ON ct_other.* TO %s "
	    "WITH GRANT OPTION" } },
	{ "the server's own", { "GRANT SELECT ON mysql.* TO %s" } },
	{ "database that is not there", { "GRANT SELECT ON `ct\\_gone`.* TO "
	    "%s" } },
	{ "backslash", { "GRANT ALL PRIVILEGES ON `ct_s\\\\lash`.* TO "
	    "%s" } },
	{ "table", { "GRANT SELECT, UPDATE ON ct_other.t TO %s WITH GRANT "
	    "OPTION" } },
	{ "columns", { "GRANT SELECT (a, `b,c)`), INSERT (a), DELETE ON "
	    "ct_other.t TO %s" } },
	{ "own table", { "GRANT SELECT ON ct_own_db.t TO %s WITH GRANT "
	    "OPTION" } },
	{ "routine", { "GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE "
	    "ct_other.`p TO x` TO %s WITH GRANT OPTION" } },
	{ "proxy", { "CREATE USER `ct_pu`@`%%`",
	    "GRANT PROXY ON `ct_pu`@`%%` TO %s WITH GRANT OPTION" } },
	{ "role", { "CREATE ROLE ct_r1", "GRANT SELECT ON ct_other.* TO "
	    "ct_r1", "GRANT ct_r1 TO %s" } },
	{ "role in role, admin, default", { "CREATE ROLE ct_r1",
	    "CREATE ROLE ct_r2", "GRANT SELECT ON *.* TO ct_r1",
	    "GRANT ct_r1 TO ct_r2", "GRANT ct_r2 TO %s WITH ADMIN OPTION",
	    "SET DEFAULT ROLE ct_r2 FOR %s" } },
	{ "limits", { "GRANT SELECT ON *.* TO %s WITH GRANT OPTION "
	    "MAX_USER_CONNECTIONS 50" } },
	{ "all at once", { "GRANT ALL PRIVILEGES ON *.* TO %s WITH GRANT "
	    "OPTION", "GRANT SELECT ON `ct_own_db`.* TO %s WITH GRANT "
	    "OPTION", "GRANT SELECT (a) ON ct_other.t TO %s",
	    "GRANT EXECUTE ON PROCEDURE ct_other.`p TO x` TO %s",
	    "CREATE ROLE ct_r1", "GRANT ALL PRIVILEGES ON *.* TO ct_r1",
	    "GRANT ct_r1 TO %s", "CREATE USER `ct_pu`@`%%`",
	    "GRANT PROXY ON `ct_pu`@`%%` TO %s WITH GRANT OPTION" } },
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void
make_shape(const struct shape *s, const char *account)
{
	for (size_t i = 0; i < STATEMENTS && s->statements[i] != NULL; i++) {
		struct buf sql = buf_new(SQL);

		for (const char *p = s->statements[i]; *p != '\0'; p++) {
			if (p[0] == '%' && p[1] == 's')
				buf_puts(&sql, account);
			else if (p[0] != '%' || p[1] != '%')
				buf_putc(&sql, *p);
			p += p[0] == '%' && p[1] == 's';
		}
		say_if_possible(buf_str(&sql));
		buf_free(&sql);
	}
}

static void
restrict_it(struct scope *s)
{
	ck_assert_msg(restrict_check(admin, pool, USER, own, &e)
	    && restrict_user(admin, pool, USER, own, quiet, s, &e), "%s",
	    e.text);
}

START_TEST(every_shape_of_account_ends_scoped)
{
	const struct shape *shape = &shapes[_i];
	struct scope s;
	struct sql *user;

	make_shape(shape, "`ct_app`@`%`");
	restrict_it(&s);
	ck_assert_msg(findings_clean(&s.findings), "%s: %s", shape->name,
	    scope_text(pool, &s));
	ck_assert_uint_eq(s.plan.n, 0);
	user = log_in();
	ck_assert_msg(user != NULL, "%s: %s", shape->name, e.text);
	ck_assert_msg(sql_run(user, "INSERT INTO " OWN ".t (v) VALUES (1)",
	    NULL, NULL, &e), "%s: %s", shape->name, e.text);
	ck_assert_msg(!sql_run(user, "SELECT * FROM ct_other.t", NULL, NULL,
	    &e), "%s", shape->name);
	ck_assert_int_eq(e.kind, ERR_DENIED);
	sql_close(user);
}
END_TEST

/* Every line of the one text stands in the other. */
static bool
has_lines(const char *all, const char *some)
{
	const char *end;

	for (const char *p = some; *p != '\0'; p = end + 1) {
		const char *line;

		end = strchr(p, '\n');
		line = pool_strndup(pool, p, (size_t)(end - p) + 1);
		if (strstr(all, line) == NULL
		    && strstr(line, "GRANT USAGE ON *.*") == NULL
		    && strstr(line, literal ? "`ct_own_db`.*" :
		    "`ct\\_own\\_db`.*") == NULL)
			return false;
	}
	return true;
}

START_TEST(what_was_taken_is_given_back_by_what_was_saved)
{
	const struct shape *shape = &shapes[_i];
	struct grants saved;
	struct plan p = { 0 };
	const char *before;
	struct scope s;

	make_shape(shape, "`ct_app`@`%`");
	before = grants_now();
	ck_assert(scope_audit(admin, pool, USER, own, &s, &e));
	saved = s.accounts[0];
	restrict_it(&s);
	ck_assert_msg(restrict_plan_undo(admin, pool, &saved, 1, &p, &e)
	    && restrict_undo(admin, &p, quiet, &e), "%s: %s", shape->name,
	    e.text);
	ck_assert_msg(has_lines(grants_now(), before), "%s:\n%s\nis not\n%s",
	    shape->name, grants_now(), before);
	p.n = 0;
	ck_assert(restrict_plan_undo(admin, pool, &saved, 1, &p, &e));
	ck_assert_msg(p.n == 0, "%s: again: %s", shape->name,
	    p.n == 0 ? "" : p.v[0].sql);
}
END_TEST

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

/* ---- nothing fails meanwhile -------------------------------------------- */

/* What a client process tells; in memory that both see. */
struct client {
	volatile sig_atomic_t stop;
	volatile unsigned long done, failed, lost;
	char what[256];
};

static struct client *clients;
static pid_t pids[CLIENTS];

/* A session that was ended is opened again, as a site does. */
static void
live(struct client *c, bool new_each_time)
{
	struct sql *s = NULL;
	struct err why;

	for (unsigned n = 0; !c->stop; n++) {
		why = (struct err){ 0 };
		if (s == NULL)
			s = log_in();
		if (s == NULL || !sql_run(s, n % 2 == 0 ?
		    "INSERT INTO " OWN ".t (v) VALUES (1)" :
		    "SELECT COUNT(*) FROM " OWN ".t", NULL, NULL, &why)) {
			if (s != NULL && why.kind == ERR_NETWORK)
				c->lost++;
			else {
				c->failed++;
				(void)snprintf(c->what, sizeof c->what,
				    "%.200s", s == NULL ? e.text : why.text);
			}
			sql_close(s);
			s = NULL;
		} else
			c->done++;
		if (new_each_time) {
			sql_close(s);
			s = NULL;
		}
		usleep(2000);
	}
	_exit(0);
}

static void
start_clients(void)
{
	clients = mmap(NULL, CLIENTS * sizeof *clients,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(clients, MAP_FAILED);
	for (int i = 0; i < CLIENTS; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			live(&clients[i], i == 1);
	}
	while (clients[0].done < 5 || clients[1].done < 5)
		usleep(1000);
}

static unsigned long
stop_clients(void)
{
	unsigned long failed = 0;

	usleep(50 * 1000);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].stop = 1;
		ck_assert_int_eq(waitpid(pids[i], NULL, 0), pids[i]);
		ck_assert_uint_ge(clients[i].done, 5);
		failed += clients[i].failed;
	}
	return failed;
}

START_TEST(no_statement_of_the_site_fails_while_it_is_restricted)
{
	/* Those that let the site work before: by all of their levels. */
	static const int able[] = { 0, 1, 2, 8, 9, 10, SHAPES - 1 };
	const struct shape *shape = &shapes[able[_i]];
	size_t ended;
	struct scope s;

	if (literal && able[_i] >= 8 && able[_i] <= 10)
		return;		/* wildcards are none there */
	make_shape(shape, "`ct_app`@`%`");
	start_clients();
	restrict_it(&s);
	ck_assert_msg(restrict_end_sessions(admin, pool, USER, 3, &ended,
	    &e), "%s", e.text);
	ck_assert_msg(stop_clients() == 0, "%s: %s %s", shape->name,
	    clients[0].what, clients[1].what);
	ck_assert_uint_le(clients[0].lost, 1);
}
END_TEST

START_TEST(revoking_first_would_have_failed)
{
	say("GRANT ALL PRIVILEGES ON *.* TO `ct_app`@`%%`");
	start_clients();
	say("REVOKE ALL PRIVILEGES ON *.* FROM `ct_app`@`%%`");
	usleep(50 * 1000);
	say("GRANT ALL PRIVILEGES ON `%s`.* TO `ct_app`@`%%`", literal ?
	    "ct_own_db" : "ct\\_own\\_db");
	ck_assert_uint_gt(stop_clients(), 0);
}
END_TEST

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
	TCase *shape = tcase_create("shapes"), *c = tcase_create("server");
	TCase *live_tests = tcase_create("meanwhile");

	tcase_add_checked_fixture(shape, set_up, tear_down);
	tcase_add_loop_test(shape, every_shape_of_account_ends_scoped, 0,
	    SHAPES);
	tcase_add_loop_test(shape,
	    what_was_taken_is_given_back_by_what_was_saved, 0, SHAPES);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, every_host_of_the_user_is_restricted);
	tcase_add_test(c, what_everybody_may_is_found_and_left_to_a_person);
	tcase_add_test(c, rows_of_the_anonymous_user_are_left_to_a_person);
	tcase_add_test(c, the_user_itself_sees_what_the_administrator_sees);
	tcase_add_test(c, a_role_that_everybody_has_is_left_to_a_person);
	tcase_add_test(c, what_the_administrator_lacks_is_left_and_named);
	tcase_add_test(c, what_must_not_be_restricted_is_refused);
	tcase_add_test(c, a_name_too_long_for_the_grant_tables_is_refused);
	tcase_add_test(c,
	    a_wrong_password_is_told_from_a_server_that_is_not_there);
	tcase_add_test(c, a_server_that_nobody_vouches_for_is_refused);
	tcase_add_checked_fixture(live_tests, set_up, tear_down);
	tcase_add_loop_test(live_tests,
	    no_statement_of_the_site_fails_while_it_is_restricted, 0, 7);
	tcase_add_test(live_tests, revoking_first_would_have_failed);
	tcase_add_test(live_tests, a_session_with_old_rights_is_ended);
	tcase_add_test(live_tests,
	    it_is_confirmed_where_every_table_needs_a_key);
	tcase_add_test(live_tests,
	    who_sees_no_sessions_can_not_say_that_they_ended);
	suite_add_tcase(s, shape);
	suite_add_tcase(s, c);
	suite_add_tcase(s, live_tests);
	return kit_main(s, NULL);
}
