/*
 * Proves backup-mongodb: that no manifest claims more than is there, wherever
 * it is killed or an answer is lost, that the next run completes what it left
 * without reading again what was done, and that it only reads.
 *
 * Runs inside the sandbox, on the MongoDB double. Databases made here begin
 * with "st-backup".
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mongoc/mongoc.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

#define MAIN "st-backup-main"
#define FORUM "st-backup-forum"
#define PASSWORD "st-backup-password"

enum { VARS = 24, KILL_MS = 600,
	DOCUMENTS = 700, MOST = 3000, REQUESTS_MAX = 200,
	SMALL_FILE = 200 * 1000 };

static mongoc_client_t *admin;
static char *folder;
static struct world_proxy proxy;

/* ---- the world around a step ------------------------------------------- */

static void
run(const char *db, const char *json)
{
	bson_error_t error;
	bson_t *command = bson_new_from_json((const uint8_t *)json, -1,
	    &error);

	ck_assert_msg(command != NULL, "%s", error.message);
	ck_assert_msg(mongoc_client_command_simple(admin, db, command, NULL,
	    NULL, &error), "%s: %s", json, error.message);
	bson_destroy(command);
}

/* n more documents. */
static void
fill(const char *db, const char *coll, int n)
{
	mongoc_collection_t *c = mongoc_client_get_collection(admin, db,
	    coll);
	bson_t *many[MOST];
	bson_error_t error;

	ck_assert_int_le(n, MOST);
	for (int i = 0; i < n; i++)
		many[i] = BCON_NEW("text", BCON_UTF8("what a block of a "
		    "course holds, and more of it, so that a collection "
		    "takes some answers"));
	ck_assert_msg(mongoc_collection_insert_many(c,
	    (const bson_t **)many, (size_t)n, NULL, NULL, &error), "%s",
	    error.message);
	for (int i = 0; i < n; i++)
		bson_destroy(many[i]);
	mongoc_collection_destroy(c);
}

/* The user may read its own databases, which is enough. */
static void
fill_server(void)
{
	run(MAIN, "{\"dropDatabase\": 1}");
	run(FORUM, "{\"dropDatabase\": 1}");
	fill(MAIN, "modulestore.active_versions", 3);
	fill(MAIN, "modulestore.structures", DOCUMENTS);
	fill(MAIN, "modulestore.definitions", 250);
	fill(MAIN, "fs.files", 1);
	fill(MAIN, "fs.chunks", 5);
	fill(FORUM, "contents", 20);
	run(MAIN, "{\"create\": \"recent\", \"viewOn\": \"fs.files\", "
	    "\"pipeline\": []}");
}

static void
make_user(void)
{
	bson_error_t ignored;
	bson_t *drop = BCON_NEW("dropUser", BCON_UTF8("st-backup"));

	(void)mongoc_client_command_simple(admin, "admin", drop, NULL, NULL,
	    &ignored);
	bson_destroy(drop);
	run("admin", "{\"createUser\": \"st-backup\", \"pwd\": \"" PASSWORD
	    "\", \"roles\": [{\"role\": \"readWrite\", \"db\": \"" MAIN
	    "\"}, {\"role\": \"readWrite\", \"db\": \"" FORUM "\"}]}");
}

static void
set_up(void)
{
	mongoc_uri_t *uri;

	mongoc_init();
	mongoc_log_set_handler(NULL, NULL);
	uri = mongoc_uri_new_for_host_port(kit_env("SB_MONGO_HOST"),
	    (uint16_t)strtoul(kit_env("SB_MONGO_PORT"), NULL, 10));
	mongoc_uri_set_username(uri, kit_env("SB_MONGO_ADMIN"));
	mongoc_uri_set_password(uri, kit_env("SB_MONGO_ADMIN_PASSWORD"));
	admin = mongoc_client_new_from_uri(uri);
	mongoc_uri_destroy(uri);
	fill_server();
	make_user();
	folder = kit_folder();
	free(kit_sh("mkdir %s/to", folder));
	kit_repository(folder, "TUTOR_VERSION: v20.0.0\n");
}

static void
tear_down(void)
{
	run(MAIN, "{\"dropDatabase\": 1}");
	run(FORUM, "{\"dropDatabase\": 1}");
	mongoc_client_destroy(admin);
	free(kit_sh("rm -rf %s", folder));
	free(folder);
}

/* ---- running the step --------------------------------------------------- */

static void
fill_vars(const char *vars[VARS], bool proxied)
{
	vars[0] = NULL;
	kit_add(vars, VARS, "instance-name=st");
	kit_add(vars, VARS, "branch=main");
	kit_add(vars, VARS, kit_text("workspace=%s/work", folder));
	kit_add(vars, VARS, kit_text("backup-to=file://%s/to", folder));
	kit_add(vars, VARS, "mongodb-user=st-backup");
	kit_add(vars, VARS, "mongodb-user-password=" PASSWORD);
	kit_add(vars, VARS, "mongodb-databases=" MAIN " " FORUM);
	kit_add(vars, VARS, "mongodb-tls=off");
	kit_add(vars, VARS, proxied ? "mongodb-host=127.0.0.1" :
	    kit_text("mongodb-host=%s", kit_env("SB_MONGO_HOST")));
	kit_add(vars, VARS, proxied ? kit_text("mongodb-port=%d",
	    proxy.port) : kit_text("mongodb-port=%s",
	    kit_env("SB_MONGO_PORT")));
}

__attribute__((sentinel)) static struct kit_run
back_up(const char *more, ...)
{
	const char *vars[VARS];
	va_list ap;

	fill_vars(vars, false);
	va_start(ap, more);
	for (; more != NULL; more = va_arg(ap, const char *))
		kit_add(vars, VARS, more);
	va_end(ap);
	return kit_step("backup-mongodb", vars);
}

/* Ends with this status; what it said is freed. */
static void
expect(struct kit_run r, int status, const char *word, const char *says)
{
	ck_assert_msg(r.status == status && kit_output(&r, "status") != NULL
	    && strcmp(kit_output(&r, "status"), word) == 0,
	    "status %d %s, wanted %d %s:\n%s", r.status,
	    kit_output(&r, "status"), status, word, r.out);
	if (says != NULL)
		kit_contains(r.out, says);
	kit_lacks(r.out, PASSWORD);
	kit_lacks(r.summary, PASSWORD);
	kit_lacks(r.outputs, PASSWORD);
	kit_run_free(&r);
}

/* ---- what is there ------------------------------------------------------ */

static const char *
files(const char *name)
{
	return kit_out("cd %s/to && find . -type f -name '%s' | sort | "
	    "sed 's:.*/[0-9TZ]*-[0-9a-f]*/::'", folder, name);
}

/* Each object that a manifest names is as it says; how many manifests. */
static long
check_manifests(void)
{
	const char *n = kit_out("cd %s/to && find . -name manifest.json | "
	    "while read -r m; do jq -e .complete $m >/dev/null && jq -r "
	    "'.parts[].objects[] | \"\\(.sha256)  \\(.name)\"' $m | "
	    "sha256sum -c --quiet >&2 || exit 1; echo; done | wc -l",
	    folder);

	return strtol(n, NULL, 10);
}

/* The one backup is whole: as many documents as the server has. */
static void
check_whole(void)
{
	ck_assert_int_eq(check_manifests(), 1);
	ck_assert_str_eq(kit_out("cd %s/to && jq -c '[.parts[] | {(.name): "
	    ".counts.documents}] | add' $(find . -name manifest.json)",
	    folder), "{\"" MAIN ".modulestore.active_versions\":3,\""
	    MAIN ".modulestore.structures\":700,\""
	    MAIN ".modulestore.definitions\":250,\"" MAIN ".fs.files\":1,\""
	    MAIN ".recent\":0,\"" MAIN ".fs.chunks\":5,\""
	    FORUM ".contents\":20}");
	ck_assert_str_eq(files("notes.json"), "");
	ck_assert_str_eq(files(".*"), "");
	ck_assert_str_eq(kit_out("git -C %s/bare.git show main:migrations/st"
	    "/record/backup-mongodb.json | jq -r .complete", folder),
	    "true");
}

/* ---- the tests ---------------------------------------------------------- */

START_TEST(a_dry_run_writes_nothing_and_says_what_there_is)
{
	expect(back_up("dry-run=true", NULL), 0, "would-change",
	    MAIN " on ");
	ck_assert_str_eq(files("*"), "");
	ck_assert_str_eq(kit_out("git -C %s/bare.git rev-list --count main",
	    folder), "1");
}
END_TEST

START_TEST(a_young_backup_is_enough)
{
	expect(back_up("dry-run=false", NULL), 0, "done", NULL);
	check_whole();
	expect(back_up("dry-run=false", NULL), 0, "unchanged", NULL);
	check_whole();
	ck_assert_str_eq(kit_out("git -C %s/bare.git rev-list --count main",
	    folder), "2");
	expect(back_up("dry-run=false", "when=always", NULL), 0, "done",
	    NULL);
	ck_assert_int_eq(check_manifests(), 2);
}
END_TEST

/* Views by their definition, everything else with its documents. */
START_TEST(it_is_laid_out_as_mongorestore_reads_it)
{
	expect(back_up("dry-run=false", NULL), 0, "done", NULL);
	ck_assert_str_eq(files("*.bson"), "dump/" FORUM "/contents.bson\n"
	    "dump/" MAIN "/fs.chunks.bson\ndump/" MAIN "/fs.files.bson\n"
	    "dump/" MAIN "/modulestore.active_versions.bson\n"
	    "dump/" MAIN "/modulestore.definitions.bson\n"
	    "dump/" MAIN "/modulestore.structures.bson");
	ck_assert_str_eq(kit_out("cat %s/to/st/mongodb/*/dump/" MAIN
	    "/recent.metadata.json | jq -r '.options.viewOn, .type'",
	    folder), "fs.files\nview");
}
END_TEST

START_TEST(what_it_may_not_read_or_reach_is_told)
{
	expect(back_up("dry-run=false", "mongodb-user-password=not-this-one",
	    NULL), 1, "failed", "can't log in");
	expect(back_up("dry-run=false", "mongodb-databases=st-else", NULL),
	    1, "failed", "not authorized");
	expect(back_up("dry-run=false", "mongodb-port=1", NULL), 1, "failed",
	    NULL);
	ck_assert_str_eq(files("*"), "");
}
END_TEST

/* As on a full disk: a file can't grow beyond this. */
START_TEST(a_disk_that_is_full_leaves_no_manifest)
{
	struct rlimit small = { SMALL_FILE, RLIM_INFINITY }, all;

	fill(MAIN, "modulestore.structures", MOST);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	expect(back_up("dry-run=false", NULL), 1, "failed",
	    "modulestore.structures.bson");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
	ck_assert_int_eq(check_manifests(), 0);
	ck_assert_str_eq(files("*structures.bson"), "");
	expect(back_up("dry-run=false", NULL), 0, "done",
	    "modulestore.active_versions: of the run before");
	ck_assert_int_eq(check_manifests(), 1);
}
END_TEST

/* ---- faults ------------------------------------------------------------- */

static void
start_proxy(void)
{
	proxy = world_proxy_start_tcp(kit_text("%s:%s",
	    kit_env("SB_MONGO_HOST"), kit_env("SB_MONGO_PORT")));
}

static struct kit_run
through_proxy(long ms)
{
	const char *vars[VARS];

	fill_vars(vars, true);
	kit_add(vars, VARS, "dry-run=false");
	return kit_step_killed("backup-mongodb", vars, ms);
}

/* Without backups, notes and records of an earlier round. */
static void
begin_round(void)
{
	free(kit_sh("cd %s && rm -rf to/* && cd work && git reset -q --hard "
	    "$(git rev-list --max-parents=0 HEAD) && git push -q -f origin "
	    "HEAD:main 2>&1", folder));
	world_proxy_clear(&proxy);
}

/* How many requests one undisturbed run makes. */
static long
count_requests(void)
{
	const char *log;
	long n = 0;

	begin_round();
	expect(through_proxy(-1), 0, "done", NULL);
	check_whole();
	log = world_proxy_log(&proxy);
	while ((log = strstr(log, "\"method\"")) != NULL) {
		log++;
		n++;
	}
	ck_assert_int_lt(n, REQUESTS_MAX);
	return n;
}

/* A collection that is half read is begun again, so a lost answer may also
 * do no harm. */
START_TEST(with_any_answer_lost_no_manifest_claims_too_much)
{
	static const char *const faults[] = { "reset-before", "reset-after" };
	long n, failed = 0;

	start_proxy();
	n = count_requests();
	for (long i = 1; i <= n; i += 3) {
		struct kit_run r;

		begin_round();
		world_proxy_fault(&proxy, kit_text("{\"fault\": \"%s\", "
		    "\"nth\": %ld%s}", faults[i % 2], i,
		    i % 4 < 2 ? "" : ", \"always\": true"));
		r = through_proxy(-1);
		ck_assert_msg(r.status <= 1, "request %ld: %s", i, r.out);
		ck_assert_int_eq(check_manifests(), r.status == 0);
		failed += r.status;
		kit_run_free(&r);
		world_proxy_clear(&proxy);
		r = through_proxy(-1);
		ck_assert_msg(r.status == 0, "after a fault at request %ld: "
		    "%s", i, r.out);
		kit_run_free(&r);
		check_whole();
	}
	world_proxy_stop(&proxy);
	ck_assert_int_gt(failed, n / 8);
}
END_TEST

START_TEST(killed_at_any_request_it_is_taken_up_where_it_was)
{
	long n, killed = 0, kept = 0;

	start_proxy();
	n = count_requests();
	for (long i = 3; i <= n; i += 4) {
		struct kit_run r;

		begin_round();
		world_proxy_fault(&proxy, kit_text("{\"fault\": \"hang\", "
		    "\"nth\": %ld}", i));
		r = through_proxy(KILL_MS);
		killed += r.status == 128 + SIGKILL;
		ck_assert_int_ge(check_manifests(), r.status == 0);
		kit_run_free(&r);
		world_proxy_clear(&proxy);
		r = through_proxy(-1);
		ck_assert_msg(r.status == 0, "after a kill at request %ld: "
		    "%s", i, r.out);
		kept += strstr(r.out, "of the run before") != NULL;
		kit_run_free(&r);
		check_whole();
	}
	world_proxy_stop(&proxy);
	ck_assert_int_gt(killed, n / 8);
	ck_assert_int_gt(kept, n / 16);
}
END_TEST

/* The server's own signal for it is a connection that ends. */
START_TEST(a_server_that_comes_back_meanwhile_does_no_harm)
{
	struct kit_run r;
	long n;

	start_proxy();
	n = count_requests();
	begin_round();
	world_proxy_fault(&proxy, kit_text("{\"fault\": \"reset-after\", "
	    "\"nth\": %ld, \"times\": 2}", n / 2));
	r = through_proxy(-1);
	kit_contains(r.out, "begun again");
	expect(r, 0, "done", NULL);
	check_whole();
	world_proxy_stop(&proxy);
}
END_TEST

START_TEST(a_collection_that_went_meanwhile_is_not_in_the_backup)
{
	struct kit_run r;

	start_proxy();
	begin_round();
	world_proxy_fault(&proxy, kit_text("{\"fault\": \"hang\", \"nth\": "
	    "%ld}", count_requests() - 3));
	free(kit_sh("cd %s && rm -rf to/*", folder));
	r = through_proxy(KILL_MS);
	ck_assert_int_eq(r.status, 128 + SIGKILL);
	kit_run_free(&r);
	world_proxy_clear(&proxy);
	ck_assert_str_eq(files("*active_versions.bson"), "dump/" MAIN
	    "/modulestore.active_versions.bson");
	run(MAIN, "{\"drop\": \"modulestore.active_versions\"}");
	expect(through_proxy(-1), 0, "done", "of the run before");
	ck_assert_str_eq(files("*active_versions*"), "");
	ck_assert_int_eq(check_manifests(), 1);
	world_proxy_stop(&proxy);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("backup-mongodb");
	TCase *c = tcase_create("step"), *faults = tcase_create("faults");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c,
	    a_dry_run_writes_nothing_and_says_what_there_is);
	tcase_add_test(c, a_young_backup_is_enough);
	tcase_add_test(c, it_is_laid_out_as_mongorestore_reads_it);
	tcase_add_test(c, what_it_may_not_read_or_reach_is_told);
	tcase_add_test(c, a_disk_that_is_full_leaves_no_manifest);
	suite_add_tcase(s, c);
	tcase_set_timeout(faults, 300);
	tcase_add_checked_fixture(faults, set_up, tear_down);
	tcase_add_test(faults,
	    with_any_answer_lost_no_manifest_claims_too_much);
	tcase_add_test(faults,
	    killed_at_any_request_it_is_taken_up_where_it_was);
	tcase_add_test(faults,
	    a_server_that_comes_back_meanwhile_does_no_harm);
	tcase_add_test(faults,
	    a_collection_that_went_meanwhile_is_not_in_the_backup);
	suite_add_tcase(s, faults);
	return kit_main(s, NULL);
}
