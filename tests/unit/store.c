/*
 * Proves site/store's folder form: objects are there whole or not at all,
 * what a killed writer left is swept, and that a full or missing disk is an
 * error. The bucket form has a contract of its own.
 */
#include "site/store.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/kit/kit.h"

/* SHA-256 of "abcdef". */
#define ABCDEF \
	"bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"

enum { BIG = 1024 * 1024 };

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

static struct store_writer *
begin(const char *name)
{
	struct store_writer *w = store_create(store, name, &e);

	ck_assert_msg(w != NULL, "%s", e.text);
	return w;
}

static void
put(const char *name, const char *text)
{
	ck_assert_msg(store_put(store, name, text, strlen(text), &e), "%s",
	    e.text);
}

static size_t
listed(const char *where)
{
	struct stored_list l;

	ck_assert_msg(store_list(store, pool, where, &l, &e), "%s", e.text);
	return l.n;
}

START_TEST(an_object_is_what_was_appended)
{
	struct store_writer *w = begin("acme/mysql/x/a.zst");
	struct buf back = buf_new(100);
	struct stored made;

	ck_assert(store_append(w, "abc", 3, &e));
	ck_assert(store_append(w, "def", 3, &e));
	ck_assert(store_finish(w, &made, &e));
	ck_assert_int_eq(made.size, 6);
	ck_assert_str_eq(made.sha256, ABCDEF);
	ck_assert(store_get(store, "acme/mysql/x/a.zst", &back, &e));
	ck_assert_str_eq(buf_str(&back), "abcdef");
	buf_free(&back);
}
END_TEST

START_TEST(an_object_is_not_there_before_it_is_finished)
{
	struct store_writer *w = begin("acme/a");
	struct buf back = buf_new(100);

	ck_assert(store_append(w, "abc", 3, &e));
	ck_assert_uint_eq(listed("acme"), 0);
	ck_assert(!store_get(store, "acme/a", &back, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	store_abort(w);
	ck_assert_str_eq(kit_out("ls -A %s", folder), "");
	buf_free(&back);
}
END_TEST

START_TEST(the_list_is_sorted_and_of_one_folder)
{
	struct stored_list l;

	put("acme/b", "12");
	put("acme/a/z", "1");
	put("acme2/c", "1");
	ck_assert(store_list(store, pool, "acme", &l, &e));
	ck_assert_uint_eq(l.n, 2);
	ck_assert_str_eq(l.v[0].name, "acme/a/z");
	ck_assert_str_eq(l.v[1].name, "acme/b");
	ck_assert_int_eq(l.v[1].size, 2);
	ck_assert_uint_eq(listed("nobody"), 0);
}
END_TEST

START_TEST(removing_takes_the_empty_folders_too)
{
	put("acme/a/b", "1");
	ck_assert(store_remove(store, "acme/a/b", &e));
	ck_assert(store_remove(store, "acme/a/b", &e));
	ck_assert_str_eq(kit_out("ls %s", folder), "");
}
END_TEST

START_TEST(what_a_killed_writer_left_is_swept)
{
	struct store_writer *alive = begin("acme/alive");
	size_t swept;
	pid_t pid = fork();

	if (pid == 0) {
		struct store_writer *w = store_create(store, "acme/x/d", &e);

		if (w != NULL && store_append(w, "abc", 3, &e))
			raise(SIGKILL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	ck_assert_str_eq(kit_out("find %s -type f | wc -l", folder), "2");
	ck_assert(store_sweep(store, "acme", &swept, &e));
	ck_assert_uint_eq(swept, 1);
	ck_assert_str_eq(kit_out("find %s -type f | wc -l", folder), "1");
	store_abort(alive);
}
END_TEST

/* A limit on a file's size stands for a full disk: EFBIG for ENOSPC. */
START_TEST(a_full_disk_is_an_error_and_leaves_nothing)
{
	struct store_writer *w = begin("acme/big");
	char *mega = mem_alloc(BIG);

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ BIG / 2, BIG });
	ck_assert(!store_append(w, mega, BIG, &e));
	kit_contains(e.text, "acme/big");
	store_abort(w);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ BIG, BIG });
	ck_assert_str_eq(kit_out("find %s -type f", folder), "");
	mem_free(mega);
}
END_TEST

START_TEST(a_folder_that_vanished_is_an_error)
{
	free(kit_sh("rm -rf %s", folder));
	ck_assert_ptr_null(store_create(store, "acme/a", &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	kit_contains(e.text, folder);
	ck_assert_int_eq(access(folder, F_OK), -1);
}
END_TEST

START_TEST(wrong_places_are_refused)
{
	static const char *const wrong[] = { "", "/srv", "file://", "s3:x",
		"http://x/", "file:/srv", NULL };

	for (size_t i = 0; wrong[i] != NULL; i++) {
		ck_assert_msg(!store_inputs[0].check(wrong[i], &e), "%s",
		    wrong[i]);
		ck_assert_int_eq(e.kind, ERR_INPUT);
	}
	*store_inputs[0].str = "file:///no/such/folder";
	ck_assert_ptr_null(store_open(&e));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	*store_inputs[0].str = "file://relative";
	ck_assert_ptr_null(store_open(&e));
}
END_TEST

START_TEST(any_text_becomes_a_part_of_a_name)
{
	struct buf b = buf_new(100);

	store_part(&b, "..");
	ck_assert_str_eq(buf_str(&b), "%2E.");
	buf_clear(&b);
	store_part(&b, "a/b c_d-e");
	ck_assert_str_eq(buf_str(&b), "a%2Fb%20c_d-e");
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("store");
	TCase *t = tcase_create("folder");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_object_is_what_was_appended);
	tcase_add_test(t, an_object_is_not_there_before_it_is_finished);
	tcase_add_test(t, the_list_is_sorted_and_of_one_folder);
	tcase_add_test(t, removing_takes_the_empty_folders_too);
	tcase_add_test(t, what_a_killed_writer_left_is_swept);
	tcase_add_test(t, a_full_disk_is_an_error_and_leaves_nothing);
	tcase_add_test(t, a_folder_that_vanished_is_an_error);
	tcase_add_test(t, wrong_places_are_refused);
	tcase_add_test(t, any_text_becomes_a_part_of_a_name);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), NULL);
}
