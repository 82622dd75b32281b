/*
 * Proves site/manifest: a backup counts only with its manifest and all of its
 * objects, the newest is found, and leftovers of killed runs are swept.
 */
#include "site/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "data/json.h"
#include "site/store.h"
#include "tests/kit/kit.h"

static char *folder;
static struct store *store;
static struct pool *pool;
static struct err e;

static void
set_up(void)
{
	folder = kit_folder();
	pool = pool_new();
	e = (struct err){ 0 };
	*store_inputs[0].str = kit_text("file://%s", folder);
	store = store_open(&e);
	ck_assert_msg(store != NULL, "%s", e.text);
}

static void
tear_down(void)
{
	store_close(store);
	pool_free(pool);
	free(kit_sh("rm -rf %s", folder));
	free(folder);
}

/* A backup with one object of 3 bytes, of a database that was begun so many
 * seconds ago; its folder. */
static const char *
back_up_aged(const char *id, bool complete, long age)
{
	struct manifest *m = manifest_begin("acme", "mysql", id);
	struct stored o = { .name = kit_text("%s/db.zst",
	    manifest_folder(m)), .size = 3, .sha256 = "00" };
	struct manifest_part p;
	const char *where = kit_text("%s/%s", folder, manifest_folder(m));

	ck_assert(store_put(store, o.name, "abc", 3, &e));
	manifest_server(m, "MariaDB", "10.11");
	manifest_program(m, "mariadb-dump", "10.19");
	p = manifest_part(m, "db", time(NULL) - age, time(NULL));
	json_set_str(p.facts, "charset", "utf8mb4");
	json_set_num(p.counts, "auth_user", 3);
	manifest_object(&p, &o, 5, "11");
	if (complete)
		ck_assert_msg(manifest_commit(m, store, &e), "%s", e.text);
	manifest_free(m);
	return where;
}

static struct manifest_found
find(void)
{
	struct manifest_found f;

	ck_assert_msg(manifest_find(store, pool, "acme", "mysql", &f, &e),
	    "%s", e.text);
	return f;
}

/* The id found, "" if none. */
static const char *
found_id(void)
{
	struct manifest_found f = find();
	const char *id = f.json == NULL ? "" : f.id;

	json_free(f.json);
	return id;
}

static const char *
back_up(const char *id, bool complete)
{
	return back_up_aged(id, complete, 0);
}

START_TEST(what_was_committed_is_found)
{
	struct manifest_found f;

	back_up(NULL, true);
	f = find();
	ck_assert_ptr_nonnull(f.json);
	ck_assert_int_lt(f.age, 60);
	ck_assert_str_eq(json_str(f.json, "parts[0].name"), "db");
	ck_assert_str_eq(json_str(f.json, "server.kind"), "MariaDB");
	json_free(f.json);
}
END_TEST

START_TEST(the_newest_counts)
{
	back_up("20200101T000000Z-aaaaaa", true);
	back_up("20210101T000000Z-aaaaaa", true);
	back_up("20220101T000000Z-aaaaaa", false);
	ck_assert_str_eq(found_id(), "20210101T000000Z-aaaaaa");
}
END_TEST

START_TEST(none_is_no_error)
{
	ck_assert_str_eq(found_id(), "");
}
END_TEST

START_TEST(one_whose_object_is_gone_does_not_count)
{
	back_up("20200101T000000Z-aaaaaa", true);
	free(kit_sh("rm %s/db.zst",
	    back_up("20210101T000000Z-aaaaaa", true)));
	ck_assert_str_eq(found_id(), "20200101T000000Z-aaaaaa");
}
END_TEST

START_TEST(one_whose_object_is_cut_does_not_count)
{
	free(kit_sh("printf ab >%s/db.zst", back_up(NULL, true)));
	ck_assert_str_eq(found_id(), "");
}
END_TEST

START_TEST(a_manifest_that_is_cut_or_of_another_does_not_count)
{
	const char *where = back_up("20200101T000000Z-aaaaaa", true);

	free(kit_sh("cp -r %s %s/../20210101T000000Z-aaaaaa", where, where));
	ck_assert_str_eq(found_id(), "20200101T000000Z-aaaaaa");
	free(kit_sh("printf '{\"complete\": true' >%s/manifest.json", where));
	ck_assert_str_eq(found_id(), "");
}
END_TEST

START_TEST(a_backup_is_as_old_as_its_oldest_part)
{
	struct manifest_found f;

	back_up_aged(NULL, true, 7200);
	f = find();
	ck_assert_ptr_nonnull(f.json);
	ck_assert_int_ge(f.age, 7200);
	ck_assert_int_lt(f.age, 7260);
	ck_assert_str_eq(json_str(f.json, "parts[0].started"),
	    json_str(f.json, "started"));
	json_free(f.json);
}
END_TEST

START_TEST(one_from_the_future_is_an_error)
{
	struct manifest_found f;

	free(kit_sh("sed -i 's/\"started\": \"2[0-9]*-/\"started\": \"2999-/'"
	    " %s/manifest.json", back_up(NULL, true)));
	ck_assert(!manifest_find(store, pool, "acme", "mysql", &f, &e));
	kit_contains(e.text, "clock");
}
END_TEST

START_TEST(no_manifest_is_written_for_what_is_not_there)
{
	struct manifest *m = manifest_begin("acme", "mysql", NULL);
	struct manifest_part p = manifest_part(m, "db", 1, 2);

	manifest_object(&p, &(struct stored){ .name = "acme/mysql/x/y",
	    .size = 1, .sha256 = "00" }, -1, NULL);
	ck_assert(!manifest_commit(m, store, &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	ck_assert_str_eq(kit_out("find %s -type f", folder), "");
	manifest_free(m);
}
END_TEST

START_TEST(leftovers_are_swept_and_backups_stay)
{
	const char *kept = back_up("20200101T000000Z-aaaaaa", true);
	const char *spared = back_up("20210101T000000Z-aaaaaa", false);
	const char *gone = back_up("20210102T000000Z-aaaaaa", false);
	size_t n;

	ck_assert_msg(manifest_sweep(store, pool, "acme", "mysql",
	    "20210101T000000Z-aaaaaa", &n, &e), "%s", e.text);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(kit_out("ls %s | wc -l", kept), "2");
	ck_assert_str_eq(kit_out("ls %s | wc -l", spared), "1");
	ck_assert_str_eq(kit_out("ls -d %s 2>/dev/null | wc -l", gone), "0");
}
END_TEST

START_TEST(an_unfinished_one_is_found_unless_it_is_older)
{
	const char *id;

	ck_assert(manifest_find_unfinished(store, pool, "acme", "mysql", &id,
	    &e));
	ck_assert_ptr_null(id);
	back_up("20200101T000000Z-aaaaaa", false);
	ck_assert(manifest_find_unfinished(store, pool, "acme", "mysql", &id,
	    &e));
	ck_assert_str_eq(id, "20200101T000000Z-aaaaaa");
	back_up("20210101T000000Z-aaaaaa", true);
	ck_assert(manifest_find_unfinished(store, pool, "acme", "mysql", &id,
	    &e));
	ck_assert_ptr_null(id);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("manifest");
	TCase *t = tcase_create("manifest");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_was_committed_is_found);
	tcase_add_test(t, the_newest_counts);
	tcase_add_test(t, none_is_no_error);
	tcase_add_test(t, one_whose_object_is_gone_does_not_count);
	tcase_add_test(t, one_whose_object_is_cut_does_not_count);
	tcase_add_test(t, a_manifest_that_is_cut_or_of_another_does_not_count);
	tcase_add_test(t, a_backup_is_as_old_as_its_oldest_part);
	tcase_add_test(t, one_from_the_future_is_an_error);
	tcase_add_test(t, no_manifest_is_written_for_what_is_not_there);
	tcase_add_test(t, leftovers_are_swept_and_backups_stay);
	tcase_add_test(t, an_unfinished_one_is_found_unless_it_is_older);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), NULL);
}
