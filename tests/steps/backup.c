/*
 * Proves backup-mysql, restore-check and check-backup on a real MariaDB, into
 * a folder and into a bucket of a real S3 server: what comes back is what
 * was there, byte for byte; killed at any moment, or with any answer lost, or
 * the disk full, nothing claims to be a backup that is none, and the next run
 * makes one.
 *
 * Runs inside the sandbox. Databases made here begin with "st_".
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/mysql.h"
#include "tests/kit/kit.h"
#include "tests/kit/world.h"

#define DB "st_backup"
#define SCRATCH "transplant_check_st_"

enum { VARS = 40, KILLS = 10, KILL_MOST = 900, FULL_BYTES = 300 * 1000,
	FAULTS = 9 };

static struct pool *pool;
static struct sql *admin;
static struct err e;
static char *folder;
static const char *place;	/* backup-to */

/* ---- the world around a step ---- */

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

static const char *
ask(const char *sql)
{
	struct sql_rows r;

	ck_assert_msg(sql_run(admin, sql, pool, &r, &e), "%s", e.text);
	return r.n == 0 ? "" : sql_cell(&r, 0, 0);
}

/* Names, values and bodies that are hard on a dump. */
static const char *const seeds[] = {
	"DROP DATABASE IF EXISTS " DB,
	"CREATE DATABASE " DB " CHARACTER SET utf8mb4 COLLATE "
	    "utf8mb4_unicode_ci",
	"USE " DB,
	"CREATE TABLE plain (id INT PRIMARY KEY AUTO_INCREMENT, "
	    "name VARCHAR(100) DEFAULT '(1),(2);', at TIMESTAMP NULL, "
	    "price DECIMAL(20,6), ratio DOUBLE, flag BIT(3), doc LONGTEXT "
	    "CHECK (json_valid(doc)), twice INT AS (flag * 2) STORED)",
	"INSERT INTO plain (name, at, price, ratio, flag, doc) VALUES "
	    "('it''s (a), \\\\ ;', '2020-02-29 23:59:59', 1.000001, 1e-300, "
	    "b'101', '{\"a\": [1, \")\"]}'), (NULL, NULL, NULL, NULL, NULL, "
	    "NULL), ('\xf0\x9f\x8c\xb3 \xc3\xa9\n-- Dump completed\n', "
	    "NOW(), -0.5, 0, b'0', '[]')",
	"CREATE TABLE `od``d VALUES (` (`a b` INT, `VALUES (` INT)",
	"INSERT INTO `od``d VALUES (` VALUES (1, 2), (3, 4)",
	"CREATE TABLE bytes (id INT PRIMARY KEY, b LONGBLOB)",
	"CREATE TABLE empty_one (a INT)",
	"CREATE TABLE old_engine (a INT) ENGINE=MyISAM",
	"INSERT INTO old_engine VALUES (1)",
	"CREATE TABLE big (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT)",
	"CREATE TABLE busy (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT)",
	"CREATE VIEW seen AS SELECT id, name FROM plain",
	"CREATE TRIGGER tr BEFORE INSERT ON big FOR EACH ROW BEGIN SET "
	    "@a = 'INSERT INTO `plain` VALUES (1);'; END",
	"CREATE PROCEDURE p() BEGIN SELECT 1;\nINSERT INTO `plain` VALUES "
	    "(9);\nCREATE TEMPORARY TABLE z (a INT);\nEND",
	"CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
	"CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO "
	    "SELECT 1",
	"INSERT INTO bytes SELECT seq, REPEAT(CHAR(seq), 40) FROM "
	    "seq_0_to_255",
	"INSERT INTO big (t) SELECT CONCAT(SHA2(seq, 512), SHA2(-seq, 512))"
	    " FROM seq_1_to_20000",
	"INSERT INTO busy (t) SELECT SHA1(seq) FROM seq_1_to_500",
};

static void
make_repository(void)
{
	free(kit_sh("mkdir %s/backups", folder));
	kit_repository(folder, kit_text("MYSQL_HOST: %s\nMYSQL_PORT: %s\n"
	    "OPENEDX_MYSQL_DATABASE: " DB "\n"
	    "OPENEDX_MYSQL_USERNAME: st_app\n"
	    "OPENEDX_MYSQL_PASSWORD: st_app-password\n",
	    kit_env("SB_MYSQL_HOST"), kit_env("SB_MYSQL_PORT")));
}

static struct sql *
log_in(void)
{
	e = (struct err){ 0 };
	return sql_open(&(struct sql_login){
	    .host = kit_env("SB_MYSQL_HOST"),
	    .port = strtol(kit_env("SB_MYSQL_PORT"), NULL, 10),
	    .user = kit_env("SB_MYSQL_ADMIN"), .tls = "verify",
	    .password = kit_env("SB_MYSQL_ADMIN_PASSWORD"),
	    .ca_file = ca(), .seconds = 60 }, &e);
}

static void
set_up(void)
{
	pool = pool_new();
	admin = log_in();
	ck_assert_msg(admin != NULL, "%s", e.text);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		say(seeds[i]);
	folder = kit_folder();
	make_repository();
	place = pool_printf(pool, "file://%s/backups", folder);
}

static void
tear_down(void)
{
	say("DROP DATABASE IF EXISTS " DB);
	free(kit_sh("rm -rf %s", folder));
	free(folder);
	sql_close(admin);
	pool_free(pool);
}

/* ---- running a step ---- */

/* What each run is given, where nothing before it says else. */
static void
add_vars(const char *vars[VARS])
{
	const char *const common[] = {
		"instance-name=st", "branch=main", "dry-run=false",
		pool_printf(pool, "workspace=%s/work", folder),
		pool_printf(pool, "backup-to=%s", place),
		"stores=mysql",
		pool_printf(pool, "mysql-admin=%s", kit_env("SB_MYSQL_ADMIN")),
		pool_printf(pool, "mysql-admin-password=%s",
		    kit_env("SB_MYSQL_ADMIN_PASSWORD")),
		pool_printf(pool, "mysql-ca-file=%s", ca()),
		pool_printf(pool, "restore-host=%s", kit_env("SB_MYSQL_HOST")),
		pool_printf(pool, "restore-user=%s",
		    kit_env("SB_MYSQL_ADMIN")),
		pool_printf(pool, "restore-password=%s",
		    kit_env("SB_MYSQL_ADMIN_PASSWORD")),
		pool_printf(pool, "restore-ca-file=%s", ca()),
		pool_printf(pool, "backup-endpoint=%s", kit_env("SB_S3")),
		pool_printf(pool, "backup-region=%s", kit_env("SB_S3_REGION")),
		pool_printf(pool, "backup-key-id=%s", kit_env("SB_S3_KEY_ID")),
		pool_printf(pool, "backup-secret-key=%s",
		    kit_env("SB_S3_SECRET")),
		pool_printf(pool, "ca-file=%s/ca/bundle.crt",
		    kit_env("SB_STATE")),
		NULL
	};
	const char *dns = getenv("SB_DNS_SERVERS");

	for (size_t i = 0; common[i] != NULL; i++)
		kit_add(vars, VARS, common[i]);
	if (dns != NULL && *dns != '\0')
		kit_add(vars, VARS, pool_printf(pool, "dns-servers=%s", dns));
}

static bool
is_given(const char **vars, const char *v)
{
	size_t n = strcspn(v, "=") + 1;

	for (; *vars != NULL; vars++)
		if (strncmp(*vars, v, n) == 0)
			return true;
	return false;
}

__attribute__((sentinel)) static struct kit_run
run_for(long ms, const char *step, ...)
{
	const char *all[VARS] = { 0 }, *vars[VARS] = { 0 }, *v;
	va_list ap;

	va_start(ap, step);
	while ((v = va_arg(ap, const char *)) != NULL)
		kit_add(vars, VARS, v);
	va_end(ap);
	add_vars(all);
	for (size_t i = 0; all[i] != NULL; i++)
		if (!is_given(vars, all[i]))
			kit_add(vars, VARS, all[i]);
	return kit_step_killed(step, vars, ms);
}
#define run(...) run_for(-1, __VA_ARGS__, NULL)

/* When to kill: at random moments before a run would end, as far as is known
 * from those that were quicker. */
struct kills {
	unsigned seed;
	long most;	/* ms */
	int n;		/* that met their run */
};

static struct kills
kills_begin(long most)
{
	return (struct kills){ .seed = (unsigned)getpid(), .most = most };
}

/* var: an input, or NULL. */
static void
kills_one(struct kills *k, const char *step, const char *var)
{
	long ms = rand_r(&k->seed) % k->most;
	struct kit_run r = run_for(ms, step, var, NULL);

	if (r.status == 128 + SIGKILL)
		k->n++;
	else if (ms > 1)
		k->most = ms;
	kit_run_free(&r);
}

/* The run must end so, with this in what it says; it is freed. */
static void
expect(struct kit_run r, int status, const char *word, const char *says)
{
	ck_assert_msg(r.status == status && kit_output(&r, "status") != NULL
	    && strcmp(kit_output(&r, "status"), word) == 0
	    && strstr(r.out, says) != NULL,
	    "status %d %s, wanted %d %s with \"%s\":\n%s", r.status,
	    kit_output(&r, "status"), status, word, says, r.out);
	kit_lacks(r.out, kit_env("SB_MYSQL_ADMIN_PASSWORD"));
	kit_lacks(r.out, kit_env("SB_S3_SECRET"));
	kit_lacks(r.summary, kit_env("SB_MYSQL_ADMIN_PASSWORD"));
	kit_run_free(&r);
}

static void
back_up(void)
{
	expect(run("backup-mysql"), 0, "done", "verified");
}

/* Below the folder of backups: a shell pattern's files, one a line. */
static const char *
files(const char *pattern)
{
	return kit_out("cd %s/backups && find . -name '%s' | sort", folder,
	    pattern);
}

static const char *
manifest(void)
{
	return kit_out("cd %s/backups && ls -d $PWD/st/mysql/*/manifest.json "
	    "| tail -1", folder);
}

/* A command line of MariaDB's client programs, logged in as administrator. */
static const char *
client(const char *program)
{
	return pool_printf(pool, "MYSQL_PWD=%s %s --no-defaults -h%s -P%s "
	    "-u%s --ssl-ca=%s", kit_env("SB_MYSQL_ADMIN_PASSWORD"), program,
	    kit_env("SB_MYSQL_HOST"), kit_env("SB_MYSQL_PORT"),
	    kit_env("SB_MYSQL_ADMIN"), ca());
}

/* Nothing is left but whole backups, each with what its manifest names. */
static void
check_all_claims(void)
{
	ck_assert_str_eq(kit_out("cd %s/backups && for m in $(find . -name "
	    "manifest.json); do jq -e .complete $m >/dev/null || echo $m; "
	    "jq -r '.parts[].objects[] | .sha256 + \"  \" + .name' $m | "
	    "sha256sum -c --quiet 2>&1; done", folder), "");
}

static void
check_nothing_is_claimed(void)
{
	ck_assert_str_eq(files("manifest.json"), "");
	expect(run("check-backup"), 1, "needs-hand", "no complete backup");
}

/* ---- what is backed up ---- */

START_TEST(what_is_restored_by_hand_is_byte_for_byte_the_source)
{
	const char *dump = client("mariadb-dump");

	back_up();
	say("CREATE OR REPLACE DATABASE st_restored CHARACTER SET utf8mb4 "
	    "COLLATE utf8mb4_unicode_ci");
	free(kit_sh("zstd -q -d -c %s/backups/st/mysql/*/" DB ".sql.zst | %s "
	    "st_restored", folder, client("mariadb")));
	free(kit_sh("cd %s && for d in " DB " st_restored; do %s --routines "
	    "--events --hex-blob --skip-dump-date $d | grep -v '^-- ' "
	    ">$d.sql || exit 1; done && cmp " DB ".sql st_restored.sql && "
	    "grep -q 'CREATE.*EVENT' " DB ".sql", folder, dump));
	say("DROP DATABASE st_restored");
}
END_TEST

START_TEST(the_manifest_says_what_there_is)
{
	const char *m;

	back_up();
	m = manifest();
	ck_assert_str_eq(kit_out("jq -c '.parts[0].counts' %s", m),
	    "{\"big\":20000,\"busy\":500,\"bytes\":256,\"empty_one\":0,"
	    "\"od`d VALUES (\":2,\"old_engine\":1,\"plain\":3}");
	ck_assert_str_eq(kit_out("jq -r '.parts[0].facts | .charset, "
	    ".collation, .programs, .events, .outside, .moved' %s | paste "
	    "-sd,", m), "utf8mb4,utf8mb4_unicode_ci,4,1,old_engine,");
	kit_contains(kit_out("jq -r .server.version %s", m), "MariaDB");
	free(kit_sh("git -C %s/bare.git show main:migrations/st/record/"
	    "backup-mysql.json | jq -cS . >%s/a && jq -cS . %s | cmp - %s/a",
	    folder, folder, m, folder));
	check_all_claims();
}
END_TEST

/* What a run leaves that is killed after the manifest, before the record. */
START_TEST(a_record_that_is_missing_is_made_up_for)
{
	back_up();
	free(kit_sh("cd %s/work && git rm -rqf migrations && git -c "
	    "user.name=x -c user.email=x@y commit -qm x && git push -q "
	    "%s/bare.git HEAD:main", folder, folder));
	expect(run("backup-mysql"), 0, "unchanged", "already so");
	free(kit_sh("git -C %s/bare.git show main:migrations/st/record/"
	    "backup-mysql.json | jq -cS . >%s/a && jq -cS . %s | cmp - %s/a",
	    folder, folder, manifest(), folder));
}
END_TEST

START_TEST(a_young_backup_is_enough)
{
	back_up();
	expect(run("backup-mysql"), 0, "unchanged", "already so");
	expect(run("backup-mysql", "when=asked"), 0, "unchanged",
	    "does not ask");
	free(kit_sh("sed -i 's/\"started\": \"2[0-9]*-/\"started\": \"2019-/'"
	    " %s", manifest()));
	expect(run("backup-mysql", "when=asked"), 0, "unchanged",
	    "does not ask");
	expect(run("backup-mysql", "when=asked", "renew-backups=true"), 0,
	    "done", "verified");
	expect(run("backup-mysql", "when=always"), 0, "done", "verified");
	ck_assert_str_eq(kit_out("ls %s/backups/st/mysql | wc -l", folder),
	    "3");
}
END_TEST

START_TEST(a_dry_run_makes_nothing)
{
	expect(run("backup-mysql", "dry-run=true"), 0, "would-change",
	    "would be");
	ck_assert_str_eq(files("*"), ".");
	ck_assert_str_eq(kit_out("git -C %s/bare.git rev-list --count main",
	    folder), "1");
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(a_login_that_is_refused_is_told)
{
	expect(run("backup-mysql", "mysql-admin-password=not-the-one-at-all"),
	    1, "failed", "can't log in");
	check_nothing_is_claimed();
}
END_TEST

START_TEST(wrong_databases_and_programs_are_told)
{
	expect(run("backup-mysql", "mysql-databases=mysql"), 2, "wrong-input",
	    "the server's own");
	expect(run("backup-mysql", "mysql-databases=st_nobody"), 2,
	    "wrong-input", "no database st_nobody");
	expect(run("backup-mysql", "dump-program=no-such-dump"), 1, "failed",
	    "no-such-dump");
	expect(run("backup-mysql", "backup-to=file:///nowhere/at/all"), 2,
	    "wrong-input", "no such folder");
	check_nothing_is_claimed();
}
END_TEST

/* A program in the place of mariadb-dump: a shell script. */
static const char *
program(const char *script)
{
	const char *path = pool_printf(pool, "%s/dump", folder);

	kit_write(path, pool_printf(pool, "#!/bin/bash\nset -o pipefail\n"
	    "case $2 in --version) exec mariadb-dump --version;; esac\n%s\n",
	    script));
	free(kit_sh("chmod +x %s", path));
	return pool_printf(pool, "dump-program=%s", path);
}

START_TEST(a_dump_that_is_not_whole_is_no_backup)
{
	static const struct {
		const char *script, *says;
	} cases[] = {
		{ "mariadb-dump \"$@\" | head -c 1000000; exit 0",
		  "end marker" },
		{ "mariadb-dump \"$@\" | grep -v '^-- Dump completed'",
		  "end marker" },
		{ "mariadb-dump \"$@\"; echo gone away >&2; exit 3",
		  "gone away" },
		{ "mariadb-dump \"$1\" --ignore-table=" DB ".busy "
		  "\"${@:2}\"", "table busy has 0 rows" },
		{ "mariadb-dump \"${@/--routines/--quick}\"",
		  "triggers, routines" },
		{ "mariadb-dump \"$@\" | sed 's/INSERT INTO `busy`/INSERT "
		  "INTO `other`/'", "table other" },
		{ "mariadb-dump \"$@\" & sleep 0.1; kill -9 $$",
		  "exit status 137" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		expect(run("backup-mysql", program(cases[i].script)), 1,
		    "failed", cases[i].says);
		check_nothing_is_claimed();
		ck_assert_str_eq(files(".part*"), "");
	}
	back_up();
	ck_assert_str_eq(kit_out("ls %s/backups/st/mysql | wc -l", folder),
	    "1");
}
END_TEST

START_TEST(no_secret_is_in_a_child_s_arguments_or_environment)
{
	const char *secret = kit_env("SB_MYSQL_ADMIN_PASSWORD");
	char *seen;

	expect(run("backup-mysql", program(pool_printf(pool, "{ echo \"$@\"; "
	    "env; } >%s/seen; echo \"$(cat /dev/fd/3)\" >&2; exit 9",
	    folder))), 1, "failed", "***");
	seen = kit_read(pool_printf(pool, "%s/seen", folder));
	kit_contains(seen, "--defaults-file=/dev/fd/3");
	kit_lacks(seen, secret);
	kit_lacks(seen, kit_env("SB_S3_SECRET"));
	free(seen);
}
END_TEST

/* A limit on the size of a file stands for a full disk. */
START_TEST(a_full_disk_is_told_and_leaves_nothing)
{
	struct rlimit was;

	signal(SIGXFSZ, SIG_IGN);	/* handed down to the step */
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ FULL_BYTES, was.rlim_max });
	expect(run("backup-mysql"), 1, "failed", "File too large");
	setrlimit(RLIMIT_FSIZE, &was);
	check_nothing_is_claimed();
	ck_assert_str_eq(kit_out("find %s/backups -type f", folder), "");
	back_up();
}
END_TEST

START_TEST(a_place_that_vanishes_is_told)
{
	expect(run("backup-mysql", program(pool_printf(pool, "rm -rf %s/"
	    "backups; exec mariadb-dump \"$@\"", folder))), 1, "failed",
	    "No such file");
	ck_assert_int_eq(access(pool_printf(pool, "%s/backups", folder),
	    F_OK), -1);
}
END_TEST

/* Its own connections are ended while it writes. */
START_TEST(a_server_that_goes_away_in_the_middle_is_told)
{
	expect(run("backup-mysql", program(pool_printf(pool, "mariadb-dump "
	    "\"$@\" | { head -c 100000; sleep 0.2; %s -N -e \"SELECT "
	    "CONCAT('KILL ', id, ';') FROM information_schema.processlist "
	    "WHERE db = '" DB "' AND id <> CONNECTION_ID() AND command <> "
	    "'Sleep'\" | %s >&2; cat; }", client("mariadb"),
	    client("mariadb")))), 1, "failed", "when dumping table");
	check_nothing_is_claimed();
	back_up();
}
END_TEST

/* What the dump program runs as: the sandbox's server is killed while the
 * dump is read from it. */
static const char *
with_a_kill(void)
{
	return program(pool_printf(pool, "mariadb-dump \"$@\" | { "
	    "head -c 100000; read -r pid at <%s/run/mariadb.pid; "
	    "kill -9 $pid; cat; }", kit_env("SB_STATE")));
}

/* As it was; not by the program, which the step ends when it fails first. */
static void
start_server(void)
{
	free(kit_sh("bash -c 'S=%s PATH=$PATH:/usr/sbin && . %s && "
	    "read -r pid at <$S/run/mariadb.pid && "
	    "until [ -z \"$(born $pid)\" ]; do sleep 0.02; done && "
	    "spawn mariadb mariadbd --defaults-file=$S/mariadb/my.cnf "
	    "$([ $(id -u) != 0 ] || echo --user=root)'", kit_env("SB_STATE"),
	    kit_out("realpath tests/sandbox/lib.sh")));
	sql_close(admin);
	admin = NULL;
	for (int i = 0; i < 300 && admin == NULL; i++) {
		(void)usleep(100 * 1000);
		admin = log_in();
	}
	ck_assert_msg(admin != NULL, "%s", e.text);
}

START_TEST(a_server_that_is_killed_is_told)
{
	struct kit_run r = run("backup-mysql", with_a_kill());

	start_server();
	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, "error: database " DB ": ");
	kit_run_free(&r);
	check_nothing_is_claimed();
	back_up();
	check_all_claims();
}
END_TEST

START_TEST(killed_at_any_moment_the_next_run_makes_one)
{
	struct kills k = kills_begin(KILL_MOST);

	for (int i = 0; i < KILLS; i++) {
		kills_one(&k, "backup-mysql", "when=always");
		check_all_claims();
	}
	ck_assert_int_gt(k.n, 2);
	expect(run("backup-mysql", "when=always"), 0, "done", "verified");
	ck_assert_str_eq(files(".part*"), "");
	ck_assert_str_eq(kit_out("cd %s/backups/st/mysql && for d in *; do "
	    "[ -e $d/manifest.json ] || echo $d; done", folder), "");
	ck_assert_str_eq(ask("SELECT COUNT(*) FROM information_schema."
	    "processlist WHERE info LIKE '%SQL_NO_CACHE%' AND db = '" DB
	    "' AND id <> CONNECTION_ID()"), "0");
}
END_TEST

/* ---- a database that lives ---- */

/* Rows come and go in one table, and in no other. */
static pid_t
start_writer(void)
{
	pid_t pid = fork();
	struct sql *s;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	s = sql_open(&(struct sql_login){ .host = kit_env("SB_MYSQL_HOST"),
	    .port = strtol(kit_env("SB_MYSQL_PORT"), NULL, 10),
	    .user = kit_env("SB_MYSQL_ADMIN"), .tls = "verify",
	    .password = kit_env("SB_MYSQL_ADMIN_PASSWORD"),
	    .database = DB, .ca_file = ca(), .seconds = 20 }, &e);
	while (s != NULL
	    && sql_run(s, "INSERT INTO busy (t) SELECT SHA1(seq) FROM "
		"seq_1_to_7", NULL, NULL, &e)
	    && sql_run(s, "DELETE FROM busy ORDER BY id LIMIT 6", NULL, NULL,
		&e))
		;
	_exit(1);
}

START_TEST(a_table_that_is_written_to_meanwhile_is_named)
{
	pid_t writer = start_writer();

	usleep(300 * 1000);
	for (int i = 0; i < 3; i++)
		expect(run("backup-mysql", "when=always"), 0, "done",
		    "verified");
	ck_assert_int_eq(waitpid(writer, NULL, WNOHANG), 0);
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	ck_assert_str_eq(kit_out("jq -r '.parts[0].facts.moved' %s",
	    manifest()), "busy");
	ck_assert_str_eq(kit_out("jq -r '.parts[0].counts.big' %s",
	    manifest()), "20000");
	expect(run("restore-check"), 0, "done", "byte for byte");
}
END_TEST

/* ---- restore-check ---- */

static const char *
scratch(void)
{
	return ask("SELECT COALESCE(MAX(SCHEMA_NAME), '') FROM "
	    "information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '" SCRATCH
	    "%'");
}

START_TEST(a_backup_is_restored_compared_and_removed)
{
	expect(run("restore-check"), 1, "needs-hand", "no complete backup");
	back_up();
	expect(run("restore-check", "dry-run=true"), 0, "would-change",
	    SCRATCH);
	expect(run("restore-check"), 0, "done", "byte for byte");
	ck_assert_str_eq(scratch(), "");
}
END_TEST

START_TEST(a_backup_that_is_not_what_its_manifest_says_is_told)
{
	back_up();
	free(kit_sh("cp %s %s/kept && jq '.parts[0].facts.tables.big = "
	    "\"00\"' %s/kept >%s", manifest(), folder, folder, manifest()));
	expect(run("restore-check"), 1, "failed", "table big");
	free(kit_sh("jq '.parts[0].counts.busy = 7' %s/kept >%s", folder,
	    manifest()));
	expect(run("restore-check"), 1, "failed", "7 backed up");
	free(kit_sh("jq '.parts[0].facts.definitions = \"00\"' %s/kept >%s",
	    folder, manifest()));
	expect(run("restore-check"), 1, "failed", "definitions");
	free(kit_sh("cp %s/kept %s; cd %s/backups/st/mysql/* && printf x | "
	    "dd of=" DB ".sql.zst bs=1 seek=50000 conv=notrunc 2>/dev/null",
	    folder, manifest(), folder));
	expect(run("restore-check"), 1, "failed", DB);
	ck_assert_str_eq(scratch(), "");
}
END_TEST

/* A routine that was made under another default of its database: its dump
 * changes that default for a moment, by the database's name. */
START_TEST(a_dump_that_names_its_database_is_not_loaded_elsewhere)
{
	say("ALTER DATABASE " DB " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
	expect(run("backup-mysql"), 0, "done", "names the database");
	expect(run("restore-check"), 1, "needs-hand", "names the database");
	ck_assert_str_eq(scratch(), "");
}
END_TEST

START_TEST(a_database_that_is_not_ours_is_never_touched)
{
	struct kit_run r;
	const char *name;

	back_up();
	r = run("restore-check", "dry-run=true");
	name = pool_strndup(pool, strstr(r.out, SCRATCH),
	    strspn(strstr(r.out, SCRATCH), "abcdefghijklmnopqrstuvwxyz_"
		"0123456789"));
	kit_run_free(&r);
	say(pool_printf(pool, "CREATE DATABASE %s", name));
	say(pool_printf(pool, "CREATE TABLE %s.precious (a INT)", name));
	expect(run("restore-check"), 2, "wrong-input", "not ours");
	ck_assert_str_eq(scratch(), name);
	say(pool_printf(pool, "CREATE TABLE %s.transplant_scratch (a INT)",
	    name));
	expect(run("restore-check"), 0, "done", "byte for byte");
	ck_assert_str_eq(scratch(), "");
}
END_TEST

START_TEST(killed_anywhere_restore_check_is_done_by_the_next_run)
{
	struct kills k = kills_begin(KILL_MOST);

	back_up();
	for (int i = 0; i < KILLS / 2; i++)
		kills_one(&k, "restore-check", NULL);
	expect(run("restore-check"), 0, "done", "byte for byte");
	ck_assert_str_eq(scratch(), "");
}
END_TEST

START_TEST(events_are_not_run_a_second_time)
{
	back_up();
	say("SET GLOBAL event_scheduler = ON");
	expect(run("restore-check"), 2, "wrong-input", "event_scheduler");
	say("SET GLOBAL event_scheduler = OFF");
	ck_assert_str_eq(scratch(), "");
}
END_TEST

/* ---- check-backup ---- */

START_TEST(only_a_young_and_whole_backup_lets_a_phase_go_on)
{
	check_nothing_is_claimed();
	back_up();
	expect(run("check-backup"), 0, "done", "complete");
	expect(run("check-backup", "stores=mysql mongodb"), 1, "needs-hand",
	    "mongodb: there is no complete backup");
	free(kit_sh("cp %s %s/kept && sed -i 's/\"started\": \"2[0-9]*-/"
	    "\"started\": \"2019-/' %s", manifest(), folder, manifest()));
	expect(run("check-backup"), 1, "needs-hand", "at most 24 hours");
	free(kit_sh("cp %s/kept %s && rm %s/backups/st/mysql/*/*.zst", folder,
	    manifest(), folder));
	expect(run("check-backup"), 1, "needs-hand", "no complete backup");
}
END_TEST

/* ---- a bucket ---- */

static bool
has_s3(void)
{
	const char *state = getenv("SB_STATE");
	char path[200];

	snprintf(path, sizeof path, "%s/s3/data", state != NULL ? state : "");
	return access(path, F_OK) == 0;
}

static void
set_up_bucket(void)
{
	set_up();
	place = pool_printf(pool, "s3://%s/st-%d/x",
	    kit_env("SB_S3_BACKUP_BUCKET"), (int)getpid());
}

static const char *
bucket_files(const char *what)
{
	return kit_out("find %s/s3/data/%s/st-%d -type f -name '%s' "
	    "2>/dev/null", kit_env("SB_STATE"),
	    kit_env("SB_S3_BACKUP_BUCKET"), (int)getpid(), what);
}

START_TEST(a_bucket_takes_gives_back_and_is_checked)
{
	back_up();
	expect(run("backup-mysql"), 0, "unchanged", "already so");
	expect(run("restore-check"), 0, "done", "byte for byte");
	expect(run("check-backup"), 0, "done", "complete");
	free(kit_sh("zstd -q -t %s", bucket_files("*.zst")));
	expect(run("backup-mysql", "when=always", "backup-secret-key=wrong-"
	    "secret-wrong"), 1, "failed", "SignatureDoesNotMatch");
	expect(run("check-backup", "backup-to=s3://no-such-bucket/x"), 1,
	    "failed", "no-such-bucket");
	expect(run("check-backup", "backup-endpoint="), 2, "wrong-input",
	    "backup-endpoint");
}
END_TEST

START_TEST(killed_at_any_moment_a_bucket_holds_no_half_backup)
{
	struct kills k = kills_begin(2 * KILL_MOST);

	for (int i = 0; i < KILLS / 2; i++) {
		struct kit_run r;

		kills_one(&k, "backup-mysql", "when=always");
		r = run("check-backup");
		if (r.status == 0)
			expect(run("restore-check"), 0, "done",
			    "byte for byte");
		kit_run_free(&r);
	}
	expect(run("backup-mysql", "when=always"), 0, "done", "verified");
	expect(run("restore-check"), 0, "done", "byte for byte");
}
END_TEST

/* One request of a run is refused; the next run comes without. */
static bool
run_with_fault(int nth)
{
	struct world_proxy p = world_proxy_start(kit_env("SB_S3_ADDR"),
	    "s3.sandbox.test");
	struct kit_run r;
	bool ok;

	world_proxy_fault(&p, pool_printf(pool, "{\"fault\": \"status\", "
	    "\"status\": 403, \"nth\": %d}", nth));
	r = run("backup-mysql", "when=always",
	    pool_printf(pool, "backup-endpoint=%s", p.url),
	    pool_printf(pool, "ca-file=%s", p.ca));
	ok = r.status == 0;
	ck_assert_msg(ok == (strstr(r.out, "error") == NULL), "request %d: "
	    "%s", nth, r.out);
	kit_run_free(&r);
	world_proxy_stop(&p);
	return ok;
}

START_TEST(with_any_request_to_the_bucket_refused_nothing_is_claimed)
{
	int failed = 0;

	while (failed < FAULTS && !run_with_fault(failed + 1)) {
		failed++;
		expect(run("backup-mysql"), 0, failed == 1 ? "done" :
		    "unchanged", "");
		expect(run("check-backup"), 0, "done", "complete");
	}
	ck_assert_int_gt(failed, 3);
	expect(run("restore-check"), 0, "done", "byte for byte");
}
END_TEST

static void
add_tests(TCase *t)
{
	tcase_add_test(t,
	    what_is_restored_by_hand_is_byte_for_byte_the_source);
	tcase_add_test(t, the_manifest_says_what_there_is);
	tcase_add_test(t, a_record_that_is_missing_is_made_up_for);
	tcase_add_test(t, a_young_backup_is_enough);
	tcase_add_test(t, a_dry_run_makes_nothing);
	tcase_add_test(t, a_login_that_is_refused_is_told);
	tcase_add_test(t, wrong_databases_and_programs_are_told);
	tcase_add_test(t, a_dump_that_is_not_whole_is_no_backup);
	tcase_add_test(t,
	    no_secret_is_in_a_child_s_arguments_or_environment);
	tcase_add_test(t, a_full_disk_is_told_and_leaves_nothing);
	tcase_add_test(t, a_place_that_vanishes_is_told);
	tcase_add_test(t, a_server_that_goes_away_in_the_middle_is_told);
	tcase_add_test(t, a_server_that_is_killed_is_told);
	tcase_add_test(t, killed_at_any_moment_the_next_run_makes_one);
	tcase_add_test(t, a_table_that_is_written_to_meanwhile_is_named);
	tcase_add_test(t, a_backup_is_restored_compared_and_removed);
	tcase_add_test(t,
	    a_backup_that_is_not_what_its_manifest_says_is_told);
	tcase_add_test(t,
	    a_dump_that_names_its_database_is_not_loaded_elsewhere);
	tcase_add_test(t, a_database_that_is_not_ours_is_never_touched);
	tcase_add_test(t,
	    killed_anywhere_restore_check_is_done_by_the_next_run);
	tcase_add_test(t, events_are_not_run_a_second_time);
	tcase_add_test(t, only_a_young_and_whole_backup_lets_a_phase_go_on);
}

int
main(void)
{
	Suite *s = suite_create("backup");
	TCase *t = tcase_create("folder"), *b = tcase_create("bucket");

	tcase_add_checked_fixture(t, set_up, tear_down);
	add_tests(t);
	suite_add_tcase(s, t);
	if (has_s3()) {
		tcase_add_checked_fixture(b, set_up_bucket, tear_down);
		tcase_add_test(b, a_bucket_takes_gives_back_and_is_checked);
		tcase_add_test(b,
		    killed_at_any_moment_a_bucket_holds_no_half_backup);
		tcase_add_test(b,
		    with_any_request_to_the_bucket_refused_nothing_is_claimed);
	}
	suite_add_tcase(s, b);
	return kit_main(s, NULL);
}
