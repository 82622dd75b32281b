/*
 * Our S3 client and a real S3 server: the sandbox's, or the one that
 * TRANSPLANT_TEST_S3_URL names (https://HOST, with the bucket, region and key
 * in TRANSPLANT_TEST_S3_BUCKET, _REGION, _KEY_ID and _SECRET). All that is
 * made has keys below contract/.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/s3.h"
#include "base/digest.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/http_many.h"
#include "tests/kit/kit.h"

#define TOP "contract/"

enum { MIB = 1024 * 1024 };

static struct s3_place at;
static struct http *h;
static struct s3 *s;
static struct pool *p;
static struct err e;

static const char *
setting(const char *own, const char *sandbox)
{
	const char *value = getenv(own);

	return value != NULL ? value : getenv(sandbox);
}

static void
find_server(void)
{
	at = (struct s3_place){
	    .endpoint = setting("TRANSPLANT_TEST_S3_URL", "SB_S3"),
	    .bucket = setting("TRANSPLANT_TEST_S3_BUCKET", "SB_S3_BUCKET"),
	    .region = setting("TRANSPLANT_TEST_S3_REGION", "SB_S3_REGION"),
	    .key_id = setting("TRANSPLANT_TEST_S3_KEY_ID", "SB_S3_KEY_ID"),
	    .secret = setting("TRANSPLANT_TEST_S3_SECRET", "SB_S3_SECRET") };
}

/* The sandbox has none where its program could not be built. */
static bool
is_there(void)
{
	const char *state = getenv("SB_STATE");
	struct buf file = buf_new(1024);
	bool there;

	buf_printf(&file, "%s/run/s3.pid", state != NULL ? state : "");
	there = access(buf_str(&file), R_OK) == 0;
	buf_free(&file);
	return there || getenv("TRANSPLANT_TEST_S3_URL") != NULL;
}

static const char *
or_null(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static struct s3 *
open_at(const struct s3_place *place)
{
	struct s3 *opened = s3_open(h, place, &e);

	ck_assert_msg(opened != NULL, "%s", e.text);
	return opened;
}

static void
remove_all(void)
{
	struct s3_page page = { 0 };

	do {
		ck_assert_msg(s3_list(s, p, TOP, NULL, &page, &e), "%s",
		    e.text);
		for (size_t i = 0; i < page.n; i++)
			ck_assert_msg(s3_remove(s, page.v[i].key, &e), "%s",
			    e.text);
	} while (page.next != NULL);
}

static void
set_up(void)
{
	p = pool_new();
	h = http_open(or_null("SB_CA_FILE"), or_null("SB_DNS_SERVERS"), &e);
	ck_assert(h != NULL);
	s = open_at(&at);
}

static void
tear_down(void)
{
	size_t n;

	remove_all();
	ck_assert_msg(s3_upload_sweep(s, TOP, &n, &e), "%s", e.text);
	s3_close(s);
	http_close(h);
	pool_free(p);
}

#define OK(call) ck_assert_msg(call, "%s", e.text)

static void
put(const char *key, const char *text)
{
	OK(s3_put(s, key, NULL, text, strlen(text), &e));
}

START_TEST(the_bucket_is_there)
{
	OK(s3_check_bucket(s, &e));
}
END_TEST

static const struct {
	const char *bucket, *key_id, *secret, *region, *says;
	enum err_kind kind;
} wrong[] = {
	{ .secret = "not-the-secret-at-all", .kind = ERR_DENIED,
	  .says = "the secret is not that of the key's id" },
	{ .key_id = "AKIANOBODYKNOWSIT", .kind = ERR_DENIED,
	  .says = "the key's id is not known" },
	{ .bucket = "no-such-bucket-here-1", .kind = ERR_NOT_FOUND,
	  .says = "there is no such bucket" },
	{ .region = "mars-north-1", .kind = ERR_INPUT,
	  .says = "the bucket is in another region" },
};

START_TEST(what_is_wrong_is_said)
{
	struct s3_place other = at;
	struct s3 *o;

	if (wrong[_i].bucket != NULL)
		other.bucket = wrong[_i].bucket;
	if (wrong[_i].key_id != NULL)
		other.key_id = wrong[_i].key_id;
	if (wrong[_i].secret != NULL)
		other.secret = wrong[_i].secret;
	if (wrong[_i].region != NULL)
		other.region = wrong[_i].region;
	o = open_at(&other);
	ck_assert(!s3_check_bucket(o, &e));
	kit_contains(e.text, wrong[_i].says);
	kit_lacks(e.text, other.secret);
	ck_assert_int_eq(e.kind, wrong[_i].kind);
	s3_close(o);
}
END_TEST

START_TEST(an_object_comes_back_with_what_went_along)
{
	static const char *const headers[] = { "Content-Type: text/plain",
	    "Cache-Control: max-age=60", "x-amz-meta-student: seven", NULL };
	struct buf b = buf_new(1024);
	struct s3_info info;
	struct buf all = buf_new(4096);

	OK(s3_put(s, TOP "a b+c.txt", headers, "0123456789", 10, &e));
	OK(s3_find(s, p, TOP "a b+c.txt", &info, &e));
	ck_assert_int_eq(info.object.size, 10);
	ck_assert_str_eq(info.object.etag,
	    "781e5e245d69b566979b86e28d23f2c7");
	for (size_t i = 0; info.headers[i] != NULL; i++)
		buf_printf(&all, "%s\n", info.headers[i]);
	ck_assert_ptr_nonnull(strcasestr(buf_str(&all), "text/plain\n"));
	ck_assert_ptr_nonnull(strcasestr(buf_str(&all), "max-age=60\n"));
	ck_assert_ptr_nonnull(strcasestr(buf_str(&all),
	    "x-amz-meta-student: seven\n"));
	OK(s3_read(s, p, TOP "a b+c.txt", info.object.etag, 3, 4, &b, &info,
	    &e));
	ck_assert_str_eq(buf_str(&b), "3456");
	ck_assert_int_eq(info.object.size, 10);
	buf_clear(&b);
	OK(s3_read(s, p, TOP "a b+c.txt", NULL, 8, 100, &b, NULL, &e));
	ck_assert_str_eq(buf_str(&b), "89");
	buf_clear(&b);
	OK(s3_read(s, p, TOP "a b+c.txt", NULL, 10, 100, &b, NULL, &e));
	ck_assert_uint_eq(b.len, 0);
	buf_free(&b);
	buf_free(&all);
}
END_TEST

START_TEST(another_object_than_was_meant_is_a_conflict)
{
	struct buf b = buf_new(1024);

	put(TOP "x", "new");
	ck_assert(!s3_read(s, p, TOP "x", "781e5e245d69b566979b86e28d23f2c7",
	    0, 10, &b, NULL, &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	buf_free(&b);
}
END_TEST

START_TEST(an_empty_object_is_an_object)
{
	struct buf b = buf_new(1024);
	struct s3_info info;

	put(TOP "empty", "");
	OK(s3_read(s, p, TOP "empty", NULL, 0, 100, &b, &info, &e));
	ck_assert_int_eq(info.object.size, 0);
	ck_assert_uint_eq(b.len, 0);
	buf_free(&b);
}
END_TEST

START_TEST(what_is_not_there_is_not_found_and_gone_already)
{
	struct s3_info info;
	struct buf b = buf_new(10);

	ck_assert(!s3_find(s, p, TOP "no", &info, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	ck_assert(!s3_read(s, p, TOP "no", NULL, 0, 5, &b, NULL, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	kit_contains(e.text, "there is no such object");
	OK(s3_remove(s, TOP "no", &e));
	buf_free(&b);
}
END_TEST

/* In the order of their bytes. */
static const char *const odd[] = { TOP "%41", TOP "&<>'\"", TOP "+ +",
    TOP "..x/.y", TOP "a=b?c#d", TOP "\xc3\xa9/\xf0\x9f\x8c\xb1" };

START_TEST(keys_with_any_character_are_listed_as_they_are)
{
	enum { N = sizeof(odd) / sizeof(odd[0]) };
	struct s3_page page;

	for (size_t i = 0; i < N; i++)
		put(odd[i], odd[i]);
	OK(s3_list(s, p, TOP, NULL, &page, &e));
	ck_assert_uint_eq(page.n, N);
	ck_assert_ptr_null(page.next);
	for (size_t i = 0; i < N; i++) {
		ck_assert_str_eq(page.v[i].key, odd[i]);
		ck_assert_int_eq(page.v[i].size, (long long)strlen(odd[i]));
		ck_assert_uint_eq(strlen(page.v[i].etag), 32);
		ck_assert_uint_ge(strlen(page.v[i].modified), 20);
	}
	OK(s3_list(s, p, TOP "..", NULL, &page, &e));
	ck_assert_uint_eq(page.n, 1);
	OK(s3_list(s, p, TOP "none", NULL, &page, &e));
	ck_assert_uint_eq(page.n, 0);
}
END_TEST

START_TEST(a_listing_goes_on_where_it_was_cut)
{
	enum { N = 1003 };
	struct s3_page page = { 0 };

	for (int i = 0; i < N; i++)
		put(pool_printf(p, TOP "n/%04d", i), "x");
	OK(s3_list(s, p, TOP "n/", NULL, &page, &e));
	ck_assert_uint_eq(page.n, 1000);
	ck_assert_ptr_nonnull(page.next);
	OK(s3_list(s, p, TOP "n/", page.next, &page, &e));
	ck_assert_uint_eq(page.n, N - 1000);
	ck_assert_str_eq(page.v[0].key, TOP "n/1000");
	ck_assert_ptr_null(page.next);
}
END_TEST

static void
read_hash(const char *key, long long size, struct buf *hash)
{
	struct digest *d = digest_new();
	long long done = 0;

	while (done < size) {
		struct pool *q = pool_new();
		struct buf b = buf_new(4 * MIB);

		OK(s3_read(s, q, key, NULL, done, 4 * MIB, &b, NULL, &e));
		ck_assert_uint_gt(b.len, 0);
		digest_add(d, b.data, b.len);
		done += (long long)b.len;
		buf_free(&b);
		pool_free(q);
	}
	digest_end(d, hash);
}

START_TEST(a_stream_becomes_an_object_in_parts)
{
	static const char *const headers[] = { "Content-Type: text/x-dump",
	    NULL };
	const size_t sizes[] = { 0, 5, 8 * MIB, 8 * MIB + 1, 27 * MIB + 7 };
	size_t size = sizes[_i], step = 100003;
	char *chunk = mem_alloc(step);
	struct buf in = buf_new(64), out = buf_new(64);
	struct digest *d = digest_new();
	struct s3_upload *u = s3_upload_open(s, TOP "dump", headers, &e);
	struct s3_info info;

	for (size_t done = 0; done < size; done += step) {
		size_t n = size - done < step ? size - done : step;

		memset(chunk, (int)(done % 251), n);
		digest_add(d, chunk, n);
		OK(s3_upload_write(u, chunk, n, &e));
	}
	ck_assert(!s3_find(s, p, TOP "dump", &info, &e));
	OK(s3_upload_close(u, &e));
	digest_end(d, &in);
	OK(s3_find(s, p, TOP "dump", &info, &e));
	ck_assert_int_eq(info.object.size, (long long)size);
	ck_assert_ptr_nonnull(strstr(info.headers[0], "text/x-dump"));
	read_hash(TOP "dump", (long long)size, &out);
	ck_assert_str_eq(buf_str(&in), buf_str(&out));
	buf_free(&in);
	buf_free(&out);
	mem_free(chunk);
}
END_TEST

START_TEST(an_upload_that_is_given_up_leaves_nothing)
{
	struct s3_upload *u = s3_upload_open(s, TOP "dump", NULL, &e);
	char *chunk = mem_alloc(9 * MIB);
	struct s3_info info;
	size_t n = 1;

	OK(s3_upload_write(u, chunk, 9 * MIB, &e));
	s3_upload_abort(u);
	ck_assert(!s3_find(s, p, TOP "dump", &info, &e));
	OK(s3_upload_sweep(s, TOP, &n, &e));
	ck_assert_uint_eq(n, 0);
	mem_free(chunk);
}
END_TEST

START_TEST(what_killed_uploads_left_is_swept)
{
	char *chunk = mem_alloc(9 * MIB);
	struct s3_upload *u;
	size_t n = 0;

	u = s3_upload_open(s, TOP "left/dump", NULL, &e);
	OK(s3_upload_write(u, chunk, 9 * MIB, &e));
	OK(s3_upload_sweep(s, TOP "other/", &n, &e));
	ck_assert_uint_eq(n, 0);
	OK(s3_upload_sweep(s, TOP "left/", &n, &e));
	ck_assert_uint_eq(n, 1);
	s3_upload_abort(u);	/* nor is it there to be dropped */
	mem_free(chunk);
}
END_TEST

/* ---- copies ---- */

static struct s3_outcome seen;
static char seen_etag[128], seen_body[128];

static void
on_done(void *arg, const struct s3_outcome *o)
{
	(void)arg;
	seen = *o;
	strncpy(seen_etag, o->ok ? o->etag : "", sizeof(seen_etag) - 1);
	strncpy(seen_body, o->ok ? o->body : "", sizeof(seen_body) - 1);
}

static void
wait_for(struct http_many *m)
{
	while (http_many_busy(m))
		http_many_wait(m);
	http_many_close(m);
}

START_TEST(a_small_object_is_copied_by_the_service_with_what_goes_along)
{
	static const char *const headers[] = { "Content-Type: text/plain",
	    "x-amz-meta-student: seven", NULL };
	struct http_many *m = http_many_open(h, 4);
	struct s3_info info, copy;
	struct s3_object other;

	OK(s3_put(s, TOP "a b", headers, "0123456789", 10, &e));
	OK(s3_find(s, p, TOP "a b", &info, &e));
	s3_start_copy(s, m, s, &info.object, TOP "c+d", on_done, NULL);
	while (http_many_busy(m))
		http_many_wait(m);
	ck_assert_msg(seen.ok, "%s", seen.err.text);
	ck_assert_str_eq(seen_etag, info.object.etag);
	OK(s3_find(s, p, TOP "c+d", &copy, &e));
	ck_assert_int_eq(copy.object.size, 10);
	for (size_t i = 0; info.headers[i] != NULL; i++)
		ck_assert_str_eq(copy.headers[i], info.headers[i]);
	other = info.object;
	other.etag = "781e5e245d69b566979b86e28d23f2c8";
	s3_start_copy(s, m, s, &other, TOP "e", on_done, NULL);
	wait_for(m);
	ck_assert(!seen.ok);
	ck_assert_int_eq(seen.err.kind, ERR_CONFLICT);
}
END_TEST

START_TEST(a_small_object_is_read_and_written_side_by_side)
{
	static const char *const headers[] = { "Content-Type: text/plain",
	    NULL };
	struct http_many *m = http_many_open(h, 4);
	struct s3_info info;

	s3_start_put(s, m, TOP "a", headers, "abc", 3, on_done, NULL);
	while (http_many_busy(m))
		http_many_wait(m);
	ck_assert_msg(seen.ok, "%s", seen.err.text);
	ck_assert_str_eq(seen_etag, "900150983cd24fb0d6963f7d28e17f72");
	OK(s3_find(s, p, TOP "a", &info, &e));
	s3_start_get(s, m, &info.object, on_done, NULL);
	wait_for(m);
	ck_assert_msg(seen.ok, "%s", seen.err.text);
	ck_assert_str_eq(seen_body, "abc");
	ck_assert_uint_eq(seen.body_len, 3);
}
END_TEST

START_TEST(a_large_object_is_copied_in_parts)
{
	static const char *const headers[] = { "Content-Type: text/x-dump",
	    "x-amz-meta-student: seven", NULL };
	bool by_service = _i == 0;
	struct s3_upload *u = s3_upload_open(s, TOP "big", headers, &e);
	size_t size = 37 * MIB;
	char *data = mem_alloc(size);
	struct buf in = buf_new(64), out = buf_new(64);
	struct s3_info info, copy;

	for (size_t i = 0; i < size; i += 4096)
		data[i] = (char)(i / 4096);
	OK(s3_upload_write(u, data, size, &e));
	OK(s3_upload_close(u, &e));
	digest_sha256(data, size, &in);
	mem_free(data);
	OK(s3_find(s, p, TOP "big", &info, &e));
	OK(s3_copy(s, s, &info.object, TOP "copy", by_service, &e));
	OK(s3_find(s, p, TOP "copy", &copy, &e));
	ck_assert_int_eq(copy.object.size, info.object.size);
	ck_assert_str_eq(copy.object.etag, info.object.etag);
	for (size_t i = 0; info.headers[i] != NULL; i++)
		ck_assert_str_eq(copy.headers[i], info.headers[i]);
	read_hash(TOP "copy", copy.object.size, &out);
	ck_assert_str_eq(buf_str(&in), buf_str(&out));
	buf_free(&in);
	buf_free(&out);
}
END_TEST

START_TEST(a_large_object_that_changed_is_not_copied)
{
	struct s3_object o = { .key = TOP "x", .size = 3,
	    .etag = "900150983cd24fb0d6963f7d28e17f72" };

	put(TOP "x", "abd");
	ck_assert(!s3_copy(s, s, &o, TOP "y", true, &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, "was changed meanwhile");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("s3");
	TCase *t = tcase_create("s3");

	find_server();
	if (!is_there())
		return kit_skip_all("no S3 server in this sandbox: "
		    "tests/sandbox/s3/get has not built it");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 180);
	tcase_add_test(t, the_bucket_is_there);
	tcase_add_loop_test(t, what_is_wrong_is_said, 0,
	    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(t, an_object_comes_back_with_what_went_along);
	tcase_add_test(t, another_object_than_was_meant_is_a_conflict);
	tcase_add_test(t, an_empty_object_is_an_object);
	tcase_add_test(t, what_is_not_there_is_not_found_and_gone_already);
	tcase_add_test(t, keys_with_any_character_are_listed_as_they_are);
	tcase_add_test(t, a_listing_goes_on_where_it_was_cut);
	tcase_add_loop_test(t, a_stream_becomes_an_object_in_parts, 0, 5);
	tcase_add_test(t, an_upload_that_is_given_up_leaves_nothing);
	tcase_add_test(t, what_killed_uploads_left_is_swept);
	tcase_add_test(t,
	    a_small_object_is_copied_by_the_service_with_what_goes_along);
	tcase_add_test(t, a_small_object_is_read_and_written_side_by_side);
	tcase_add_loop_test(t, a_large_object_is_copied_in_parts, 0, 2);
	tcase_add_test(t, a_large_object_that_changed_is_not_copied);
	suite_add_tcase(suite, t);
	return kit_main(suite, NULL);
}
