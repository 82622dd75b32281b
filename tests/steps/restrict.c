/*
 * Proves restrict-mysql and restrict-mongodb: what they do to a real MariaDB
 * and to the MongoDB double, that they can be killed, or any answer can be
 * lost, at any request, and that they show no secret.
 *
 * Runs inside the sandbox. Users and databases made here begin with "st_".
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/mongo.h"
#include "db/mysql.h"
#include "db/mysql_scope.h"
#include "tests/kit/kit.h"
#include "tests/kit/world.h"

#define USER "st_app"
#define PASSWORD "st_app-password"
#define DB "st_own_db"
#define ACCOUNT "`st_app`@`%`"

enum { VARS = 24, KILL_MS = 400, REQUESTS_MAX = 400 };

static const char *const own[] = { DB, NULL };
static const char *const mongo_own[] = { "st-main", "st-forum", NULL };

static struct pool *pool;
static struct sql *admin;
static struct mongo *mongo;
static struct err e;
static char *folder;
static const char *workspace;
static struct world_proxy proxy;

/* ---- the world around a step ------------------------------------------- */

static const char *
ca(void)
{
	return pool_printf(pool, "%s/ca/ca.crt", kit_env("SB_STATE"));
}

static void
say(const char *sql)
{
	ck_assert_msg(sql_run(admin, sql, NULL, NULL, &e), "%s", e.text);
}

static void
open_servers(void)
{
	admin = sql_open(&(struct sql_login){
	    .host = kit_env("SB_MYSQL_HOST"),
	    .port = strtol(kit_env("SB_MYSQL_PORT"), NULL, 10),
	    .user = kit_env("SB_MYSQL_ADMIN"), .tls = "verify",
	    .password = kit_env("SB_MYSQL_ADMIN_PASSWORD"),
	    .ca_file = ca(), .seconds = 20 }, &e);
	ck_assert_msg(admin != NULL, "%s", e.text);
	mongo = mongo_open(&(struct mongo_login){
	    .host = kit_env("SB_MONGO_HOST"),
	    .port = strtol(kit_env("SB_MONGO_PORT"), NULL, 10),
	    .user = kit_env("SB_MONGO_ADMIN"), .tls = "off",
	    .password = kit_env("SB_MONGO_ADMIN_PASSWORD"),
	    .seconds = 20 }, &e);
	ck_assert_msg(mongo != NULL, "%s", e.text);
}

/* A cluster repository of our own: a bare one, and a checkout of it. */
static void
make_workspace(void)
{
	folder = kit_folder();
	workspace = pool_printf(pool, "%s/work", folder);
	kit_repository(folder, kit_text("MYSQL_HOST: %s\nMYSQL_PORT: %s\n"
	    "OPENEDX_MYSQL_DATABASE: " DB "\n"
	    "OPENEDX_MYSQL_USERNAME: " USER "\n"
	    "OPENEDX_MYSQL_PASSWORD: \"" PASSWORD "\"\n"
	    "MONGODB_HOST: %s\nMONGODB_PORT: %s\n"
	    "MONGODB_USERNAME: " USER "\n"
	    "MONGODB_PASSWORD: \"" PASSWORD "\"\n"
	    "MONGODB_DATABASE: st-main\nFORUM_MONGODB_DATABASE: st-forum\n"
	    "MONGODB_USE_SSL: false\n", kit_env("SB_MYSQL_HOST"),
	    kit_env("SB_MYSQL_PORT"), kit_env("SB_MONGO_HOST"),
	    kit_env("SB_MONGO_PORT")));
}

static void
drop_all(void)
{
	static const char *const statements[] = {
		"DROP USER " ACCOUNT, "DROP DATABASE " DB,
		"DROP DATABASE st_other",
	};
	struct err ignored;

	for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
		(void)!sql_run(admin, statements[i], NULL, NULL, &ignored);
}

/* The user as the old clusters made it. */
static void
make_wide(void)
{
	drop_all();
	say("CREATE DATABASE " DB);
	say("CREATE DATABASE st_other");
	say("CREATE TABLE st_other.t (a INT)");
	say("CREATE USER " ACCOUNT " IDENTIFIED BY '" PASSWORD "'");
	say("GRANT ALL PRIVILEGES ON *.* TO " ACCOUNT " WITH GRANT OPTION");
	say("GRANT SELECT ON st_other.t TO " ACCOUNT);
}

static void
make_mongo_wide(void)
{
	static const struct mongo_role wide[] = {
		{ .role = "readWriteAnyDatabase", .db = "admin" },
		{ .role = "dbAdminAnyDatabase", .db = "admin" },
	};
	struct err why = { 0 };

	if (!mongo_create_user(mongo, USER, "admin", PASSWORD, wide, 2, &why))
		ck_assert_msg(mongo_set_roles(mongo, USER, "admin", wide, 2,
		    &e), "%s", e.text);
}

static void
set_up(void)
{
	pool = pool_new();
	e = (struct err){ 0 };
	open_servers();
	make_workspace();
	make_wide();
	make_mongo_wide();
}

static void
tear_down(void)
{
	drop_all();
	free(kit_sh("rm -rf %s", folder));
	sql_close(admin);
	mongo_close(mongo);
	pool_free(pool);
}

/* ---- running a step ----------------------------------------------------- */

/* What each run of the step is given. */
static void
fill_vars(const char *vars[VARS], const char *step)
{
	bool is_mysql = strcmp(step, "restrict-mysql") == 0;
	const char *const common[] = {
		"instance-name=st", "branch=main", "old-running=true",
		pool_printf(pool, "workspace=%s", workspace),
		is_mysql ? pool_printf(pool, "mysql-admin=%s",
		    kit_env("SB_MYSQL_ADMIN")) :
		    pool_printf(pool, "mongodb-admin=%s",
		    kit_env("SB_MONGO_ADMIN")),
		is_mysql ? pool_printf(pool, "mysql-admin-password=%s",
		    kit_env("SB_MYSQL_ADMIN_PASSWORD")) :
		    pool_printf(pool, "mongodb-admin-password=%s",
		    kit_env("SB_MONGO_ADMIN_PASSWORD")),
		is_mysql ? pool_printf(pool, "mysql-ca-file=%s", ca()) :
		    "mongodb-tls=off",
		NULL
	};

	vars[0] = NULL;
	for (size_t i = 0; common[i] != NULL; i++)
		kit_add(vars, VARS, common[i]);
}

__attribute__((sentinel)) static struct kit_run
run(const char *step, ...)
{
	const char *vars[VARS], *v;
	va_list ap;

	fill_vars(vars, step);
	va_start(ap, step);
	while ((v = va_arg(ap, const char *)) != NULL)
		kit_add(vars, VARS, v);
	va_end(ap);
	return kit_step(step, vars);
}

/* The run must end with this status; what it said is freed. */
static void
expect(struct kit_run r, int status, const char *word)
{
	ck_assert_msg(r.status == status && kit_output(&r, "status") != NULL
	    && strcmp(kit_output(&r, "status"), word) == 0,
	    "status %d %s, wanted %d %s:\n%s", r.status,
	    kit_output(&r, "status"), status, word, r.out);
	kit_lacks(r.out, PASSWORD);
	kit_lacks(r.out, kit_env("SB_MYSQL_ADMIN_PASSWORD"));
	kit_lacks(r.out, "IDENTIFIED BY");
	kit_lacks(r.summary, PASSWORD);
	kit_lacks(r.outputs, PASSWORD);
	kit_run_free(&r);
}

static void
check_scoped(void)
{
	struct scope s;

	ck_assert_msg(scope_audit(admin, pool, USER, own, &s, &e), "%s",
	    e.text);
	ck_assert_msg(findings_clean(&s.findings), "%s",
	    scope_text(pool, &s));
}

static void
check_mongo_scoped(void)
{
	struct findings f = { 0 };

	ck_assert_msg(mongo_audit(mongo, pool, USER, "admin", mongo_own, &f,
	    &e), "%s", e.text);
	ck_assert_msg(findings_clean(&f), "%s", f.v[0].text);
}

static const char *
grants_now(void)
{
	struct scope s;

	ck_assert_msg(scope_audit(admin, pool, USER, own, &s, &e), "%s",
	    e.text);
	return scope_text(pool, &s);
}

static const char *
bare(const char *what)
{
	char *text = kit_sh("git -C %s/bare.git %s", folder, what);
	const char *kept = pool_strdup(pool, text);

	free(text);
	return kept;
}

/* How many GRANT and REVOKE the server was told since it started. */
static long
writes(void)
{
	struct sql_rows rows;
	long n = 0;

	ck_assert(sql_run(admin, "SHOW GLOBAL STATUS WHERE Variable_name IN "
	    "('Com_grant', 'Com_revoke', 'Com_revoke_all', 'Com_grant_role',"
	    " 'Com_revoke_role', 'Com_kill', 'Com_create_user')", pool,
	    &rows, &e));
	for (size_t i = 0; i < rows.n; i++)
		n += strtol(sql_cell(&rows, i, 1), NULL, 10);
	return n;
}

/* ---- restrict-mysql ----------------------------------------------------- */

START_TEST(a_dry_run_sends_nothing_and_prints_what_a_real_run_says)
{
	static const char *const statements[] = {
		"GRANT ALL PRIVILEGES ON `st\\_own\\_db`.* TO " ACCOUNT,
		"REVOKE ALL PRIVILEGES ON *.* FROM " ACCOUNT,
		"REVOKE SELECT ON `st_other`.`t` FROM " ACCOUNT,
		"REVOKE GRANT OPTION ON *.* FROM " ACCOUNT,
	};
	long before = writes();
	struct kit_run dry = run("restrict-mysql", "mode=restrict", NULL);
	struct kit_run real;

	ck_assert_int_eq(writes(), before);
	ck_assert_str_eq(bare("rev-list --count main"), "1\n");
	kit_contains(dry.out, "databases of its own: " DB "\n");
	real = run("restrict-mysql", "mode=restrict", "dry-run=false", NULL);
	ck_assert_int_eq(writes(), before + 4);
	for (size_t i = 0; i < 4; i++) {
		kit_contains(dry.out, pool_printf(pool,
		    "MySQL would get: %s\n", statements[i]));
		kit_contains(real.out, pool_printf(pool, "MySQL: %s\n",
		    statements[i]));
	}
	expect(dry, 0, "would-change");
	expect(real, 0, "done");
	check_scoped();
}
END_TEST

START_TEST(what_the_user_had_is_committed_before_and_given_back)
{
	const char *before = grants_now(), *record;

	expect(run("restrict-mysql", "mode=restrict", "dry-run=false", NULL),
	    0, "done");
	record = bare("show main:migrations/st/record/mysql.json");
	kit_contains(record, "GRANT ALL PRIVILEGES ON *.* TO `st_app`@`%` "
	    "WITH GRANT OPTION");
	kit_contains(record, "\"restricted\"");
	kit_lacks(record, "IDENTIFIED");
	expect(run("restrict-mysql", "mode=restore", "dry-run=true", NULL),
	    0, "would-change");
	check_scoped();
	expect(run("restrict-mysql", "mode=restore", "dry-run=false", NULL),
	    0, "done");
	expect(run("restrict-mysql", "mode=restore", "dry-run=false", NULL),
	    0, "unchanged");
	kit_contains(grants_now(), "GRANT ALL PRIVILEGES ON *.* TO "
	    ACCOUNT " WITH GRANT OPTION\n");
	kit_contains(grants_now(), "GRANT SELECT ON `st_other`.`t`");
	kit_contains(before, "GRANT SELECT ON `st_other`.`t`");
}
END_TEST

/* A dry run says it all; the sessions of now do not outlive it. */
START_TEST(what_was_added_is_taken_only_when_asked_for)
{
	const char *before = grants_now();
	struct sql_login l = { .host = kit_env("SB_MYSQL_HOST"),
	    .port = strtol(kit_env("SB_MYSQL_PORT"), NULL, 10),
	    .user = USER, .password = PASSWORD, .tls = "off",
	    .seconds = 20 };
	struct sql *open;
	struct kit_run r;

	say("ALTER USER " ACCOUNT " WITH MAX_USER_CONNECTIONS 40");
	expect(run("restrict-mysql", "mode=restrict", "dry-run=false", NULL),
	    0, "done");
	say("ALTER USER " ACCOUNT " WITH MAX_USER_CONNECTIONS 0");
	open = sql_open(&l, &e);
	ck_assert_msg(open != NULL, "%s", e.text);
	r = run("restrict-mysql", "mode=restore", "restore-exact=true", NULL);
	kit_contains(r.out, "REVOKE ALL PRIVILEGES ON `st\\_own\\_db`.*");
	kit_contains(r.out, "MAX_USER_CONNECTIONS 40");
	expect(r, 0, "would-change");
	check_scoped();
	expect(run("restrict-mysql", "mode=restore", "restore-exact=true",
	    "dry-run=false", NULL), 0, "done");
	ck_assert_str_eq(grants_now(), before);
	ck_assert(!sql_run(open, "SELECT 1", NULL, NULL, &e));
	sql_close(open);
	expect(run("restrict-mysql", "mode=restore", "restore-exact=true",
	    "dry-run=false", NULL), 0, "unchanged");
}
END_TEST

START_TEST(what_the_user_had_first_outlives_a_second_restriction)
{
	expect(run("restrict-mysql", "mode=restrict", "dry-run=false", NULL),
	    0, "done");
	expect(run("restrict-mysql", "mode=restrict", "dry-run=false",
	    "mysql-databases=" DB " st_other", NULL), 0, "done");
	say("GRANT SELECT ON `mysql`.`db` TO " ACCOUNT);
	expect(run("restrict-mysql", "mode=restrict", "dry-run=false",
	    "mysql-databases=" DB " st_other", NULL), 0, "done");
	expect(run("restrict-mysql", "mode=restore", "dry-run=false", NULL),
	    0, "done");
	kit_contains(grants_now(), "GRANT ALL PRIVILEGES ON *.* TO "
	    ACCOUNT " WITH GRANT OPTION\n");
	kit_contains(grants_now(), "GRANT SELECT ON `mysql`.`db`");
}
END_TEST

START_TEST(a_second_run_writes_nothing)
{
	const char *commits;
	long before;

	expect(run("restrict-mysql", "mode=plan", "dry-run=false", NULL), 0,
	    "would-change");
	expect(run("restrict-mysql", "mode=restrict", "dry-run=false", NULL),
	    0, "done");
	before = writes();
	commits = bare("rev-list --count main");
	expect(run("restrict-mysql", "mode=restrict", "dry-run=false", NULL),
	    0, "unchanged");
	expect(run("restrict-mysql", "mode=plan", NULL), 0, "unchanged");
	ck_assert_int_eq(writes(), before);
	ck_assert_str_eq(bare("rev-list --count main"), commits);
}
END_TEST

START_TEST(every_wrong_input_is_refused_before_a_change)
{
	static const char *const wrong[][2] = {
		{ "mysql-user=root", "administrator" },
		{ "mysql-user=doadmin", "administrator" },
		{ "mysql-databases=mysql", "belongs to the server" },
		{ "mysql-databases=" DB " st_nowhere",
		  "no database st_nowhere" },
		{ "mysql-port=0", "mysql-port" },
		{ "mysql-tls=maybe", "mysql-tls" },
		{ "old-running=perhaps", "old-running" },
		{ "mode=undo", "mode" },
	};
	long before = writes();

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct kit_run r = run("restrict-mysql", "mode=restrict",
		    "dry-run=false", wrong[i][0], NULL);

		kit_contains(r.out, wrong[i][1]);
		expect(r, 2, "wrong-input");
	}
	expect(run("restrict-mysql", "mode=restrict", "old-running=", NULL),
	    2, "wrong-input");
	expect(run("restrict-mysql", "mysql-user=st_nobody", NULL), 1,
	    "failed");
	expect(run("restrict-mysql", "mysql-admin-password=not-this-one",
	    NULL), 1, "failed");
	ck_assert_int_eq(writes(), before);
}
END_TEST

START_TEST(a_user_with_more_hosts_is_restricted_on_each)
{
	struct kit_run r;

	say("CREATE USER IF NOT EXISTS `st_app`@`127.0.0.1` IDENTIFIED BY "
	    "'another-one'");
	r = run("restrict-mysql", "mode=restrict", "dry-run=false",
	    "mysql-user=" USER, "mysql-databases=" DB, NULL);
	say("DROP USER `st_app`@`127.0.0.1`");
	kit_contains(r.out, "`st_app`@`127.0.0.1`");
	ck_assert_int_ne(r.status, 2);
	kit_run_free(&r);
	check_scoped();
}
END_TEST

START_TEST(what_everybody_may_needs_a_hand_but_the_user_is_restricted)
{
	struct kit_run r;

	say("GRANT SELECT ON st_other.t TO PUBLIC");
	r = run("restrict-mysql", "mode=restrict", "dry-run=false", NULL);
	say("REVOKE SELECT ON st_other.t FROM PUBLIC");
	kit_contains(r.out, "PUBLIC SELECT ON `st_other`.`t`");
	expect(r, 1, "needs-hand");
	check_scoped();
}
END_TEST

/* ---- the fault proxy ---------------------------------------------------- */

static size_t
count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

/* A real run of the step through the proxy; killed after ms if ms >= 0. */
static struct kit_run
run_through_proxy(const char *step, long ms)
{
	const char *kind = strcmp(step, "restrict-mysql") == 0 ? "mysql" :
	    "mongodb";
	const char *vars[VARS];

	fill_vars(vars, step);
	kit_add(vars, VARS, "mode=restrict");
	kit_add(vars, VARS, "dry-run=false");
	kit_add(vars, VARS, pool_printf(pool, "%s-tls=off", kind));
	kit_add(vars, VARS, pool_printf(pool, "%s-host=127.0.0.1", kind));
	kit_add(vars, VARS, pool_printf(pool, "%s-port=%d", kind,
	    proxy.port));
	return kit_step_killed(step, vars, ms);
}

/* What differs between the two databases in the tests below. */
struct subject {
	const char *step, *host, *port;
	void (*make_wide)(void), (*check_scoped)(void);
};

static const struct subject subjects[] = {
	{ "restrict-mysql", "SB_MYSQL_HOST", "SB_MYSQL_PORT", make_wide,
	  check_scoped },
	{ "restrict-mongodb", "SB_MONGO_HOST", "SB_MONGO_PORT",
	  make_mongo_wide, check_mongo_scoped },
};

/* How many requests one undisturbed run makes. */
static size_t
count_requests(const struct subject *s)
{
	char *log;
	size_t n;

	s->make_wide();
	world_proxy_clear(&proxy);
	expect(run_through_proxy(s->step, -1), 0, "done");
	s->check_scoped();
	log = world_proxy_log(&proxy);
	n = count(log, "\"method\"");
	free(log);
	return n;
}

/* Rights half-way taken are not what the user had: the record must say. */
static void
check_record(const struct subject *s)
{
	const char *record = strcmp(s->step, "restrict-mysql") == 0 ?
	    bare("show main:migrations/st/record/mysql.json") :
	    bare("show main:migrations/st/record/mongodb.json");

	kit_contains(record, strcmp(s->step, "restrict-mysql") == 0 ?
	    "GRANT ALL PRIVILEGES ON *.* TO" : "readWriteAnyDatabase");
	kit_contains(record, "\"restricted\"");
}

/* Start over, with no record of an earlier round. */
static void
begin_round(const struct subject *s)
{
	s->make_wide();
	free(kit_sh("rm -rf %s", folder));
	make_workspace();
}

START_TEST(killed_at_any_request_it_is_completed_by_the_next_run)
{
	const struct subject *s = &subjects[_i];
	size_t n, killed = 0;

	proxy = world_proxy_start_tcp(pool_printf(pool, "%s:%s",
	    kit_env(s->host), kit_env(s->port)));
	n = count_requests(s);
	ck_assert_uint_lt(n, REQUESTS_MAX);
	for (size_t i = 2; i <= n; i += n > 40 ? 2 : 1) {
		struct kit_run r;

		begin_round(s);
		world_proxy_clear(&proxy);
		world_proxy_fault(&proxy, pool_printf(pool, "{\"fault\": "
		    "\"hang\", \"nth\": %zu, \"processed\": true}", i));
		r = run_through_proxy(s->step, KILL_MS);
		killed += r.status == 128 + SIGKILL;
		kit_run_free(&r);
		world_proxy_clear(&proxy);
		r = run_through_proxy(s->step, -1);
		ck_assert_msg(r.status == 0, "after a kill at request %zu: "
		    "%s", i, r.out);
		kit_run_free(&r);
		s->check_scoped();
		check_record(s);
	}
	world_proxy_stop(&proxy);
	ck_assert_uint_gt(killed, 5);
}
END_TEST

START_TEST(with_any_answer_lost_it_says_so_and_the_next_run_completes_it)
{
	static const char *const faults[] = { "reset-before", "reset-after" };
	const struct subject *s = &subjects[_i];
	size_t n, failed = 0;

	proxy = world_proxy_start_tcp(pool_printf(pool, "%s:%s",
	    kit_env(s->host), kit_env(s->port)));
	n = count_requests(s);
	for (size_t i = 1; i <= n; i += n > 40 ? 6 : 1) {
		struct kit_run r;

		begin_round(s);
		world_proxy_clear(&proxy);
		world_proxy_fault(&proxy, pool_printf(pool, "{\"fault\": "
		    "\"%s\", \"nth\": %zu}", faults[i / 2 % 2], i));
		r = run_through_proxy(s->step, -1);
		failed += r.status == 1;
		ck_assert_msg(r.status <= 1, "request %zu: status %d", i,
		    r.status);
		kit_run_free(&r);
		world_proxy_clear(&proxy);
		r = run_through_proxy(s->step, -1);
		ck_assert_msg(r.status == 0, "after a fault at request %zu: "
		    "%s", i, r.out);
		kit_run_free(&r);
		s->check_scoped();
		check_record(s);
	}
	world_proxy_stop(&proxy);
	ck_assert_uint_gt(failed, 5);
}
END_TEST

/* ---- restrict-mongodb --------------------------------------------------- */

START_TEST(mongodb_roles_become_the_two_and_come_back)
{
	const char *record;

	expect(run("restrict-mongodb", "mode=restrict", NULL), 0,
	    "would-change");
	expect(run("restrict-mongodb", "mode=restrict", "dry-run=false",
	    NULL), 0, "done");
	check_mongo_scoped();
	record = bare("rev-list --count main");
	expect(run("restrict-mongodb", "mode=restrict", "dry-run=false",
	    NULL), 0, "unchanged");
	ck_assert_str_eq(bare("rev-list --count main"), record);
	record = bare("show main:migrations/st/record/mongodb.json");
	kit_contains(record, "admin readWriteAnyDatabase");
	expect(run("restrict-mongodb", "mode=restore", "dry-run=false",
	    NULL), 0, "done");
	expect(run("restrict-mongodb", "mode=restore", "dry-run=false",
	    NULL), 0, "unchanged");
}
END_TEST

static const char *
mongo_roles_now(void)
{
	struct mongo_users users;

	ck_assert_msg(mongo_find_users(mongo, pool, USER, mongo_own, &users,
	    &e), "%s", e.text);
	ck_assert_uint_eq(users.n, 1);
	return roles_print(pool, users.v[0].roles, users.v[0].nroles);
}

START_TEST(mongodb_roles_of_the_beginning_outlive_a_second_restriction)
{
	static const struct mongo_role more[] = {
		{ .role = "readWrite", .db = "st-main" },
		{ .role = "read", .db = "st-else" },
	};

	expect(run("restrict-mongodb", "mode=restrict", "dry-run=false",
	    NULL), 0, "done");
	ck_assert(mongo_set_roles(mongo, USER, "admin", more, 2, &e));
	expect(run("restrict-mongodb", "mode=restrict", "dry-run=false",
	    NULL), 0, "done");
	check_mongo_scoped();
	expect(run("restrict-mongodb", "mode=restore", "dry-run=false",
	    NULL), 0, "done");
	kit_contains(mongo_roles_now(), "readWriteAnyDatabase@admin");
	kit_contains(mongo_roles_now(), "dbAdminAnyDatabase@admin");
	kit_contains(mongo_roles_now(), "read@st-else");
}
END_TEST

/* As a run does that was killed before its last commit. */
START_TEST(mongodb_roles_that_are_back_are_recorded_as_restored)
{
	expect(run("restrict-mongodb", "mode=restrict", "dry-run=false",
	    NULL), 0, "done");
	make_mongo_wide();
	expect(run("restrict-mongodb", "mode=restore", "dry-run=false",
	    NULL), 0, "unchanged");
	kit_contains(bare("show main:migrations/st/record/mongodb.json"),
	    "\"restored\"");
}
END_TEST

START_TEST(a_mongodb_user_that_is_not_there_is_made)
{
	const char *user = pool_printf(pool, "mongodb-user=st_new_%d",
	    getpid());
	struct kit_run r = run("restrict-mongodb", "mode=restrict",
	    "dry-run=false", user, NULL);

	kit_contains(r.out, "mongodb-user-password");
	expect(r, 2, "wrong-input");
	expect(run("restrict-mongodb", "mode=restrict", user,
	    "mongodb-user-password=" PASSWORD, NULL), 0, "would-change");
	expect(run("restrict-mongodb", "mode=restrict", "dry-run=false",
	    user, "mongodb-user-password=" PASSWORD, NULL), 0, "done");
	expect(run("restrict-mongodb", "mode=restrict", "dry-run=false",
	    user, "mongodb-user-password=" PASSWORD, NULL), 0, "unchanged");
}
END_TEST

/* Its form of the server's commands; the double takes both. */
START_TEST(users_of_document_db_are_in_admin)
{
	make_mongo_wide();
	expect(run("restrict-mongodb", "provider=aws", "mode=restrict",
	    "dry-run=false", NULL), 0, "done");
	check_mongo_scoped();
	expect(run("restrict-mongodb", "provider=aws", "mode=restore",
	    "dry-run=false", NULL), 0, "done");
	expect(run("restrict-mongodb", "provider=aws",
	    "mongodb-auth-database=st-main", NULL), 2, "wrong-input");
	expect(run("restrict-mongodb", "provider=aws",
	    "mongodb-user=serviceadmin", NULL), 2, "wrong-input");
}
END_TEST

START_TEST(what_is_wrong_for_mongodb_is_refused)
{
	expect(run("restrict-mongodb", "mongodb-user=root", NULL), 2,
	    "wrong-input");
	expect(run("restrict-mongodb", "mongodb-databases=admin", NULL), 2,
	    "wrong-input");
	expect(run("restrict-mongodb", "mongodb-auth-database=st-main",
	    NULL), 2, "wrong-input");
	expect(run("restrict-mongodb", "provider=atlas", NULL), 2,
	    "wrong-input");
	expect(run("restrict-mongodb", "mongodb-admin-password=not-this-one",
	    NULL), 1, "failed");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("restrict");
	TCase *c = tcase_create("steps"), *faults = tcase_create("faults");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c,
	    a_dry_run_sends_nothing_and_prints_what_a_real_run_says);
	tcase_add_test(c,
	    what_the_user_had_is_committed_before_and_given_back);
	tcase_add_test(c, what_was_added_is_taken_only_when_asked_for);
	tcase_add_test(c,
	    what_the_user_had_first_outlives_a_second_restriction);
	tcase_add_test(c, a_second_run_writes_nothing);
	tcase_add_test(c, every_wrong_input_is_refused_before_a_change);
	tcase_add_test(c, a_user_with_more_hosts_is_restricted_on_each);
	tcase_add_test(c,
	    what_everybody_may_needs_a_hand_but_the_user_is_restricted);
	tcase_add_test(c, mongodb_roles_become_the_two_and_come_back);
	tcase_add_test(c,
	    mongodb_roles_of_the_beginning_outlive_a_second_restriction);
	tcase_add_test(c,
	    mongodb_roles_that_are_back_are_recorded_as_restored);
	tcase_add_test(c, a_mongodb_user_that_is_not_there_is_made);
	tcase_add_test(c, users_of_document_db_are_in_admin);
	tcase_add_test(c, what_is_wrong_for_mongodb_is_refused);
	tcase_set_timeout(faults, 300);
	tcase_add_checked_fixture(faults, set_up, tear_down);
	tcase_add_loop_test(faults,
	    killed_at_any_request_it_is_completed_by_the_next_run, 0, 2);
	tcase_add_loop_test(faults,
	    with_any_answer_lost_it_says_so_and_the_next_run_completes_it, 0,
	    2);
	suite_add_tcase(s, c);
	suite_add_tcase(s, faults);
	return kit_main(s, NULL);
}
