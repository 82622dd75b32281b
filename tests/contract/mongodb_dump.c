/*
 * mongodb_dump - that db/mongo_dump gives what a MongoDB server holds: every
 * byte of every document, indexes and options, in the right order; and that
 * what backup-mongodb writes is read by others.
 *
 * Runs on the sandbox's double and in the same words on FerretDB or a real
 * server (see mongodb_at.h). Everything made here is named "contract-dump..."
 * and is removed again.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mongo.h"
#include "db/mongo_dump.h"
#include "tests/contract/mongodb_at.h"
#include "tests/kit/kit.h"

#define DB "contract-dump"
#define FORUM "contract-dump-forum"

enum { SECONDS = 30, VARS = 24, LARGE = 5000 };

static mongoc_client_t *admin;
static struct mongo *mongo;
static struct pool *pool;
static struct err e;
static bson_t reply;

/* ---- before and after each test ---------------------------------------- */

__attribute__((format(printf, 2, 3))) static int
run(const char *db, const char *fmt, ...)
{
	char json[4096];
	va_list ap;

	va_start(ap, fmt);
	ck_assert_int_lt(vsnprintf(json, sizeof(json), fmt, ap),
	    (int)sizeof(json));
	va_end(ap);
	return mongodb_run(admin, db, &reply, json);
}

static void
remove_all(void)
{
	(void)run(DB, "{'dropDatabase': 1}");
	(void)run(FORUM, "{'dropDatabase': 1}");
	(void)run("admin", "{'dropUser': 'contract-dump-user'}");
	(void)run("admin", "{'setParameter': 1, 'cursorTimeoutMillis': "
	    "600000}");
}

/* As the product logs in. */
static struct mongo *
open_as(const char *user, const char *password)
{
	mongoc_uri_t *uri = mongodb_uri();
	const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri);
	struct mongo *m = mongo_open(&(struct mongo_login){
	    .host = host->host, .port = host->port, .tls = "off",
	    .user = user != NULL ? user : mongoc_uri_get_username(uri),
	    .password = password != NULL ? password :
		mongoc_uri_get_password(uri),
	    .seconds = SECONDS }, &e);

	ck_assert_msg(m != NULL, "%s", e.text);
	mongoc_uri_destroy(uri);
	return m;
}

static void
setup(void)
{
	pool = pool_new();
	e = (struct err){ 0 };
	mongo = open_as(NULL, NULL);
	bson_init(&reply);
	admin = mongodb_admin();
	remove_all();
}

static void
teardown(void)
{
	remove_all();
	mongoc_client_destroy(admin);
	mongo_close(mongo);
	bson_destroy(&reply);
	pool_free(pool);
}

static void
insert(const char *db, const char *coll, const bson_t *doc)
{
	mongoc_collection_t *c = mongoc_client_get_collection(admin, db,
	    coll);
	bson_error_t error;

	ck_assert_msg(mongoc_collection_insert_one(c, doc, NULL, NULL,
	    &error), "%s", error.message);
	mongoc_collection_destroy(c);
}

/* Documents of about three quarters of so many bytes, many at a time. */
static void
fill(const char *coll, int n, int most)
{
	mongoc_collection_t *c = mongoc_client_get_collection(admin, DB,
	    coll);
	char *text = malloc((size_t)most + 1);
	bson_t *many[1000];
	bson_error_t error;

	memset(text, 'x', (size_t)most + 1);
	for (int i = 0; i < n; ) {
		size_t k = 0;

		for (; i < n && k < 1000 && k * (size_t)most < 10000000; i++)
			many[k++] = BCON_NEW("_id", BCON_INT32(i), "x", "{",
			    "y", BCON_BIN(BSON_SUBTYPE_BINARY,
			    (uint8_t *)text,
			    (uint32_t)(most - i * 7 % (most / 2 + 1))),
			    "}");
		ck_assert_msg(mongoc_collection_insert_many(c,
		    (const bson_t **)many, k, NULL, NULL, &error), "%s",
		    error.message);
		while (k > 0)
			bson_destroy(many[--k]);
	}
	free(text);
	mongoc_collection_destroy(c);
}

/* ---- a sink ------------------------------------------------------------- */

static struct buf got;

static bool
keep(void *with, const void *data, size_t n, struct err *why)
{
	(void)with;
	(void)why;
	ck_assert(buf_add(&got, data, n));
	return true;
}

static struct mongo_copied
dump(const char *coll)
{
	const struct mongo_sink sink = { .add = keep };
	struct mongo_copied copied;

	buf_free(&got);
	got = buf_new(64 << 20);
	ck_assert_msg(mongo_dump(mongo, DB, coll, &sink, &copied, &e), "%s",
	    e.text);
	ck_assert_int_eq(copied.bytes, (long long)got.len);
	return copied;
}

static struct mongo_collections
collections(const char *db)
{
	struct mongo_collections found;

	ck_assert_msg(mongo_find_collections(mongo, pool, db, &found, &e),
	    "%s", e.text);
	return found;
}

/* ---- which, and in which order ------------------------------------------ */

START_TEST(who_refers_to_others_comes_before_them)
{
	static const char *const names[] = { "modulestore.active_versions",
	    "modulestore.structures", "modulestore.definitions", "fs.files",
	    "some.files", "assets", "zebra", "contents", "users",
	    "fs.chunks", "some.chunks" };
	enum { N = sizeof names / sizeof names[0] };
	struct mongo_collections found;

	for (int i = N; i-- > 0; )
		ck_assert_int_eq(run(DB, "{'insert': '%s', 'documents': "
		    "[{'_id': 1}]}", names[i]), 0);
	found = collections(DB);
	ck_assert_uint_eq(found.n, N);
	for (size_t i = 0; i < N; i++) {
		ck_assert_str_eq(found.v[i].name, names[i]);
		ck_assert_str_eq(found.v[i].data, names[i]);
	}
}
END_TEST

START_TEST(what_is_not_there_is_empty)
{
	ck_assert_uint_eq(collections(DB).n, 0);
	ck_assert_int_eq(dump("none").documents, 0);
}
END_TEST

START_TEST(indexes_options_and_names_are_kept_as_json)
{
	struct mongo_collections found;

	ck_assert_int_eq(run(DB, "{'create': 'a', 'capped': true, 'size': "
	    "1048576}"), 0);
	ck_assert_int_eq(run(DB, "{'createIndexes': 'b', 'indexes': [{'key': "
	    "{'x': 1, 'y.z': -1}, 'name': 'by_x', 'unique': true}, {'key': "
	    "{'t': 1}, 'name': 't', 'expireAfterSeconds': 60}]}"), 0);
	found = collections(DB);
	ck_assert_uint_eq(found.n, 2);
	kit_contains(found.v[0].metadata, "\"collectionName\" : \"a\"");
	if (!mongodb_is_ferretdb(admin))
		kit_contains(found.v[0].metadata, "\"capped\" : true");
	kit_contains(found.v[0].metadata, "\"uuid\" : \"");
	kit_contains(found.v[1].metadata, "{ \"x\" : { \"$numberInt\" : "
	    "\"1\" }, \"y.z\" : { \"$numberInt\" : \"-1\" } }");
	kit_contains(found.v[1].metadata, "\"unique\" : true");
	kit_contains(found.v[1].metadata, "\"expireAfterSeconds\"");
	kit_contains(found.v[1].metadata, "\"_id_\"");
}
END_TEST

START_TEST(a_view_is_what_it_was_told_and_no_documents)
{
	struct mongo_collections found;

	if (mongodb_is_ferretdb(admin))
		return;
	ck_assert_int_eq(run(DB, "{'insert': 'c', 'documents': [{'_id': 1}"
	    "]}"), 0);
	ck_assert_int_eq(run(DB, "{'create': 'v', 'viewOn': 'c', 'pipeline':"
	    " [{'$match': {'x': 1}}]}"), 0);
	found = collections(DB);
	ck_assert_uint_eq(found.n, 2);
	ck_assert_str_eq(found.v[1].name, "v");
	ck_assert_ptr_null(found.v[1].data);
	kit_contains(found.v[1].metadata, "\"viewOn\" : \"c\"");
	kit_contains(found.v[1].metadata, "\"$match\"");
	kit_contains(found.v[1].metadata, "\"type\" : \"view\"");
	kit_contains(found.v[1].metadata, "\"indexes\" : [  ]");
}
END_TEST

/* ---- documents ---------------------------------------------------------- */

START_TEST(each_type_comes_byte_for_byte)
{
	bson_decimal128_t decimal;
	bson_t doc = BSON_INITIALIZER, scope = BSON_INITIALIZER;
	bson_oid_t id;

	bson_oid_init_from_string(&id, "65a000000000000000000001");
	bson_decimal128_from_string("-1.250E+3", &decimal);
	BSON_APPEND_INT32(&scope, "0", 1);
	BSON_APPEND_OID(&doc, "_id", &id);
	BSON_APPEND_DOUBLE(&doc, "double", -0.0);
	BSON_APPEND_UTF8(&doc, "text", "\xc3\xa9\xe2\x82\xac");
	BSON_APPEND_DOCUMENT(&doc, "doc", &scope);
	BSON_APPEND_ARRAY(&doc, "array", &scope);
	BSON_APPEND_BINARY(&doc, "binary", BSON_SUBTYPE_UUID,
	    (const uint8_t *)"0123456789abcdef", 16);
	BSON_APPEND_BOOL(&doc, "bool", true);
	BSON_APPEND_DATE_TIME(&doc, "date", -1);
	BSON_APPEND_NULL(&doc, "null");
	BSON_APPEND_REGEX(&doc, "regex", "^a", "i");
	BSON_APPEND_CODE(&doc, "code", "f()");
	BSON_APPEND_INT32(&doc, "int32", -5);
	BSON_APPEND_TIMESTAMP(&doc, "timestamp", 5, 6);
	BSON_APPEND_INT64(&doc, "int64", INT64_MIN);
	BSON_APPEND_DECIMAL128(&doc, "decimal", &decimal);
	BSON_APPEND_MINKEY(&doc, "minkey");
	BSON_APPEND_MAXKEY(&doc, "maxkey");
	insert(DB, "types", &doc);
	ck_assert_int_eq(dump("types").documents, 1);
	ck_assert_uint_eq(got.len, doc.len);
	ck_assert_int_eq(memcmp(got.data, bson_get_data(&doc), doc.len), 0);
	bson_destroy(&doc);
}
END_TEST

START_TEST(thousands_come_in_batches_each_once)
{
	bool seen[12000] = { false };
	bson_reader_t *r;
	const bson_t *doc;
	bson_iter_t it;
	bool end;

	fill("many", 12000, 900);
	ck_assert_int_eq(dump("many").documents, 12000);
	r = bson_reader_new_from_data((const uint8_t *)got.data, got.len);
	while ((doc = bson_reader_read(r, &end)) != NULL) {
		ck_assert(bson_iter_init_find(&it, doc, "_id"));
		ck_assert(!seen[bson_iter_int32(&it)]);
		seen[bson_iter_int32(&it)] = true;
	}
	ck_assert(end);
	bson_reader_destroy(r);
	for (int i = 0; i < 12000; i++)
		ck_assert(seen[i]);
}
END_TEST

START_TEST(large_documents_come_too)
{
	fill("large", 8, 3000000);
	ck_assert_int_eq(dump("large").documents, 8);
}
END_TEST

/* ---- what goes wrong ---------------------------------------------------- */

static bool
refuse(void *with, const void *data, size_t n, struct err *why)
{
	(void)with;
	(void)data;
	(void)n;
	return err_set(why, ERR_OTHER, "the disk is full");
}

START_TEST(where_documents_go_can_end_it)
{
	const struct mongo_sink sink = { .add = refuse };
	struct mongo_copied copied;

	fill("c", 100, 100);
	ck_assert(!mongo_dump(mongo, DB, "c", &sink, &copied, &e));
	ck_assert_str_eq(e.text, "the disk is full");
}
END_TEST

static bool
write_more(void *with, const void *data, size_t n, struct err *why)
{
	int *times = with;

	(void)data;
	(void)n;
	(void)why;
	ck_assert_int_eq(run(DB, "{'insert': 'c', 'documents': [{'_id': "
	    "'more-%d'}]}", (*times)++), 0);
	return true;
}

START_TEST(others_may_write_meanwhile)
{
	int times = 0;
	const struct mongo_sink sink = { .add = write_more, .with = &times };
	struct mongo_copied copied;

	fill("c", 3000, 1000);
	ck_assert_msg(mongo_dump(mongo, DB, "c", &sink, &copied, &e), "%s",
	    e.text);
	ck_assert_int_gt(times, 1);
	ck_assert_int_ge(copied.documents, 3000);
	ck_assert_int_le(copied.documents, 3000 + times);
}
END_TEST

/* Longer than a cursor lives; the real server looks every 4 seconds. */
static bool
dawdle(void *with, const void *data, size_t n, struct err *why)
{
	bool *slept = with;

	(void)data;
	(void)n;
	(void)why;
	if (!*slept)
		usleep(mongodb_is_double() ? 400 * 1000 : 9000 * 1000);
	*slept = true;
	return true;
}

START_TEST(a_cursor_that_ended_is_to_be_begun_again)
{
	bool slept = false;
	const struct mongo_sink sink = { .add = dawdle, .with = &slept };
	struct mongo_copied copied;

	if (mongodb_is_ferretdb(admin))
		return;
	fill("c", 150, LARGE);
	ck_assert_int_eq(run("admin", "{'setParameter': 1, "
	    "'cursorTimeoutMillis': 100}"), 0);
	ck_assert(!mongo_dump(mongo, DB, "c", &sink, &copied, &e));
	remove_all();
	fill("c", 150, 10);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, DB ".c");
	ck_assert_int_eq(dump("c").documents, 150);
}
END_TEST

START_TEST(who_may_not_read_is_told_so)
{
	struct mongo_collections found;
	struct mongo *other;

	if (mongodb_is_ferretdb(admin))
		return;
	fill("c", 1, 10);
	ck_assert_int_eq(run("admin", "{'createUser': 'contract-dump-user', "
	    "'pwd': 'contract-pw', 'roles': [{'role': 'readWrite', 'db': '"
	    FORUM "'}]}"), 0);
	other = open_as("contract-dump-user", "contract-pw");
	ck_assert(!mongo_find_collections(other, pool, DB, &found, &e));
	ck_assert_int_eq(e.kind, ERR_DENIED);
	ck_assert(mongo_find_collections(other, pool, FORUM, &found, &e));
	mongo_close(other);
}
END_TEST

/* ---- the step, and another reader --------------------------------------- */

static void
add_login(const char **vars)
{
	mongoc_uri_t *uri = mongodb_uri();
	const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri);

	kit_add(vars, VARS, kit_text("mongodb-host=%s", host->host));
	kit_add(vars, VARS, kit_text("mongodb-port=%d", host->port));
	kit_add(vars, VARS, kit_text("mongodb-admin=%s",
	    mongoc_uri_get_username(uri)));
	kit_add(vars, VARS, kit_text("mongodb-admin-password=%s",
	    mongoc_uri_get_password(uri)));
	mongoc_uri_destroy(uri);
}

static struct kit_run
back_up(const char *folder)
{
	const char *vars[VARS] = { "instance-name=ct", "branch=main",
	    "dry-run=false", "mongodb-tls=off", "mongodb-user=someone",
	    "mongodb-databases=" DB " " FORUM, NULL };
	struct kit_run r;

	free(kit_sh("cd %s && export HOME=%s GIT_CONFIG_NOSYSTEM=1 && "
	    "git init -q --bare -b main bare.git && git clone -q bare.git "
	    "work 2>/dev/null && cd work && git -c user.name=t "
	    "-c user.email=t@example.test commit -q --allow-empty -m s && "
	    "git push -q origin HEAD:main 2>&1 && mkdir ../to", folder,
	    folder));
	kit_add(vars, VARS, kit_text("workspace=%s/work", folder));
	kit_add(vars, VARS, kit_text("backup-to=file://%s/to", folder));
	add_login(vars);
	r = kit_step("backup-mongodb", vars);
	ck_assert_msg(r.status == 0, "%s", r.out);
	return r;
}

/* With the login, which the driver leaves out. */
static const char *
whole_uri(void)
{
	mongoc_uri_t *uri = mongodb_uri();
	const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri);
	struct buf user = buf_new(200), password = buf_new(200);
	const char *whole;

	text_percent(&user, mongoc_uri_get_username(uri));
	text_percent(&password, mongoc_uri_get_password(uri));
	whole = kit_text("mongodb://%s:%s@%s/", buf_str(&user),
	    buf_str(&password), host->host_and_port);
	buf_free(&user);
	buf_free(&password);
	mongoc_uri_destroy(uri);
	return whole;
}

START_TEST(pymongo_reads_the_same_as_is_there)
{
	char *folder = kit_folder(), *said;
	const char *pymongo = kit_out("tests/mongodb/pymongo 2>/dev/null "
	    "|| true");
	mongoc_uri_t *uri = mongodb_uri();
	struct kit_run r;

	fill("many", 5000, 2000);
	fill("a b/c%", 3, 10);
	ck_assert_int_eq(run(FORUM, "{'insert': 'contents', 'documents': "
	    "[{'_id': 1, 'n': {'$numberDecimal': '1.50'}}]}"), 0);
	ck_assert_int_eq(run(FORUM, "{'createIndexes': 'contents', 'indexes':"
	    " [{'key': {'n': -1}, 'name': 'n', 'sparse': true}]}"), 0);
	r = back_up(folder);
	kit_lacks(r.out, mongoc_uri_get_password(uri));
	if (*pymongo == '\0') {
		printf("# pip could not get pymongo: not read by it\n");
	} else {
		said = kit_sh("PYTHONPATH=%s python3 tests/mongodb/reader.py "
		    "%s/to/ct/mongodb/%s/dump '%s' " DB " " FORUM " 2>&1",
		    pymongo, folder, kit_output(&r, "backup"),
		    whole_uri());
		kit_contains(said, DB ".many: 5000 documents");
		free(said);
	}
	mongoc_uri_destroy(uri);
	kit_run_free(&r);
	free(kit_sh("rm -rf %s", folder));
	free(folder);
}
END_TEST

/* ---- of a replica set --------------------------------------------------- */

static pid_t member;

/* A double of our own, which says that it is of one. */
static void
setup_member(void)
{
	const char *doubles = getenv("SB_DOUBLES");
	const char *path = kit_text("%s/mongo",
	    doubles != NULL ? doubles : "build/doubles");
	struct mongo *m = NULL;

	member = fork();
	ck_assert_int_ge(member, 0);
	setenv("SB_MONGO_HOST", "127.42.0.91", 1);
	setenv("SB_MONGO_REPLICA_SET", "rs0", 1);
	unsetenv("SB_STATE");
	if (member == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 100 && m == NULL; i++, usleep(20 * 1000))
		m = mongo_open(&(struct mongo_login){ .host = "127.42.0.91",
		    .port = strtol(kit_env("SB_MONGO_PORT"), NULL, 10),
		    .user = kit_env("SB_MONGO_ADMIN"), .tls = "off",
		    .password = kit_env("SB_MONGO_ADMIN_PASSWORD"),
		    .seconds = SECONDS }, &e);
	ck_assert_msg(m != NULL, "%s", e.text);
	mongo_close(m);
	setup();
}

static void
teardown_member(void)
{
	teardown();
	kill(member, SIGKILL);
	ck_assert_int_eq(waitpid(member, NULL, 0), member);
}

START_TEST(a_collection_is_as_it_was_at_one_instant)
{
	int times = 0;
	const struct mongo_sink sink = { .add = write_more, .with = &times };
	struct mongo_copied copied;

	fill("c", 3000, 1000);
	ck_assert_msg(mongo_dump(mongo, DB, "c", &sink, &copied, &e), "%s",
	    e.text);
	ck_assert(copied.snapshot);
	ck_assert_int_gt(times, 1);
	ck_assert_int_eq(copied.documents, 3000);
}
END_TEST

/* Somebody writes all the time: no moment stays. */
static pid_t
start_writer(void)
{
	pid_t writer = fork();

	ck_assert_int_ge(writer, 0);
	if (writer > 0)
		return writer;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	admin = mongodb_admin();
	for (int i = 0; ; i++)
		(void)run(DB, "{'insert': 'c', 'documents': [{'_id': "
		    "'w%d'}]}", i);
}

START_TEST(an_instant_that_is_gone_is_done_without)
{
	pid_t writer;
	const struct mongo_sink sink = { .add = keep };
	struct mongo_copied copied;
	bool gone = false;

	fill("c", 1000, 1000);
	got = buf_new(256 << 20);
	writer = start_writer();
	for (int i = 0; i < 200 && !gone; i++)
		gone = !mongo_dump(mongo, DB, "c", &sink, &copied, &e);
	ck_assert(gone);
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, "(239)");
	ck_assert_msg(mongo_dump(mongo, DB, "c", &sink, &copied, &e), "%s",
	    e.text);
	ck_assert(!copied.snapshot);
	kill(writer, SIGKILL);
	ck_assert_int_eq(waitpid(writer, NULL, 0), writer);
}
END_TEST

static Suite *
member_suite(void)
{
	Suite *s = suite_create("mongodb_dump");
	TCase *t = tcase_create("member");

	tcase_add_checked_fixture(t, setup_member, teardown_member);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_collection_is_as_it_was_at_one_instant);
	tcase_add_test(t, an_instant_that_is_gone_is_done_without);
	suite_add_tcase(s, t);
	return s;
}

static Suite *
dump_suite(void)
{
	Suite *s = suite_create("mongodb_dump");
	TCase *t = tcase_create("dump");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, who_refers_to_others_comes_before_them);
	tcase_add_test(t, what_is_not_there_is_empty);
	tcase_add_test(t, indexes_options_and_names_are_kept_as_json);
	tcase_add_test(t, a_view_is_what_it_was_told_and_no_documents);
	tcase_add_test(t, each_type_comes_byte_for_byte);
	tcase_add_test(t, thousands_come_in_batches_each_once);
	tcase_add_test(t, large_documents_come_too);
	tcase_add_test(t, where_documents_go_can_end_it);
	tcase_add_test(t, others_may_write_meanwhile);
	tcase_add_test(t, a_cursor_that_ended_is_to_be_begun_again);
	tcase_add_test(t, who_may_not_read_is_told_so);
	tcase_add_test(t, pymongo_reads_the_same_as_is_there);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	if (!mongodb_is_there())
		return kit_skip_all("no TRANSPLANT_TEST_MONGODB_URI, no "
		    "sandbox");
	if (!mongodb_is_double())
		return kit_main(dump_suite(), NULL);
	return kit_main(dump_suite(), member_suite(), NULL);
}
