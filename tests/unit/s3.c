/*
 * s3 - what a real server does not say on demand: errors inside a 200,
 * failures that pass, other regions.
 */
#include <stdlib.h>
#include <string.h>

#include "api/s3_own.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/http_many.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

#define RESULT "<CopyObjectResult><ETag>\"abc\"</ETag></CopyObjectResult>"
#define ERROR(code) \
	" \n<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code><Message>" \
	"words</Message></Error>"

static struct httpd *d;
static struct http *h;
static struct s3 *s;
static struct pool *p;
static struct err e;
static struct s3_outcome seen;

static struct s3 *
open_at(const char *endpoint, const char *bucket)
{
	const struct s3_place at = { .endpoint = endpoint, .bucket = bucket,
	    .region = "r1", .key_id = "id", .secret = "a-secret" };

	return s3_open(h, &at, &e);
}

static void
set_up(void)
{
	e = (struct err){ 0 };
	p = pool_new();
	d = httpd_start(NULL);
	h = http_open(NULL, NULL, &e);
	s = open_at(httpd_url(d), "bucket");
	ck_assert_msg(s != NULL, "%s", e.text);
}

static void
tear_down(void)
{
	s3_close(s);
	http_close(h);
	httpd_stop(d);
	pool_free(p);
}

static void
on_done(void *arg, const struct s3_outcome *o)
{
	(void)arg;
	seen = *o;
}

static void
copy(void)
{
	const struct s3_object o = { .key = "a b", .size = 1, .etag = "x" };
	struct http_many *m = http_many_open(h, 1);

	s3_start_copy(s, m, s, &o, "c", on_done, NULL);
	while (http_many_busy(m))
		http_many_wait(m);
	http_many_close(m);
}

START_TEST(an_error_inside_a_200_is_an_error)
{
	httpd_answer(d, "PUT /bucket/c", 0, 200, "", ERROR("AccessDenied"));
	copy();
	ck_assert(!seen.ok);
	ck_assert_int_eq(seen.err.kind, ERR_DENIED);
	kit_contains(seen.err.text, "AccessDenied: words");
	ck_assert_int_eq(httpd_count(d, ""), 1);
	kit_contains(httpd_seen(d, "PUT", 0),
	    "x-amz-copy-source: /bucket/a%20b\r\n");
}
END_TEST

START_TEST(a_failure_inside_the_service_is_asked_again)
{
	httpd_answer(d, "PUT", 1, 200, "", ERROR("InternalError"));
	httpd_answer(d, "PUT", 1, 500, "", "");
	httpd_answer(d, "PUT", 1, 503, "", ERROR("SlowDown"));
	httpd_answer(d, "PUT", 0, 200, "", RESULT);
	copy();
	ck_assert_msg(seen.ok, "%s", seen.err.text);
	ck_assert_int_eq(httpd_count(d, "PUT"), 4);
}
END_TEST

START_TEST(a_200_that_is_something_else_is_an_error)
{
	httpd_answer(d, "PUT", 0, 200, "", "<html></html>");
	copy();
	ck_assert(!seen.ok);
	kit_contains(seen.err.text, "is a html, not a CopyObjectResult");
}
END_TEST

START_TEST(another_region_is_named)
{
	struct s3_info info;

	httpd_answer(d, "HEAD", 0, 301, "x-amz-bucket-region: r2\r\n", "");
	ck_assert(!s3_find(s, p, "k", &info, &e));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, "the bucket is in region r2");
}
END_TEST

START_TEST(amazons_buckets_have_hosts_of_their_own)
{
	static const struct s3_ask ask = { .method = "GET", .key = "k" };
	static const struct {
		const char *endpoint, *bucket, *url;
	} v[] = {
		{ "https://s3.eu-west-3.amazonaws.com", "media",
		  "https://media.s3.eu-west-3.amazonaws.com/k" },
		{ "https://s3.eu-west-3.amazonaws.com", "me.dia",
		  "https://s3.eu-west-3.amazonaws.com/me.dia/k" },
		{ "https://fra1.digitaloceanspaces.com/", "media",
		  "https://fra1.digitaloceanspaces.com/media/k" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct s3 *o = open_at(v[i].endpoint, v[i].bucket);
		struct http_request rq;

		ck_assert_msg(o != NULL, "%s", e.text);
		s3_request(o, p, &ask, &rq);
		ck_assert_str_eq(rq.url, v[i].url);
		s3_close(o);
	}
}
END_TEST

START_TEST(what_is_no_place_is_told)
{
	static const char *const bad[][2] = {
		{ "https://a.test/x", "media" }, { "ftp://a.test", "media" },
		{ "https://a.test", "Media" }, { "https://a.test", "ab" },
		{ "https://a.test", "../x" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_ptr_null(open_at(bad[i][0], bad[i][1]));
		ck_assert_int_eq(e.kind, ERR_INPUT);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("s3");
	TCase *t = tcase_create("s3");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_error_inside_a_200_is_an_error);
	tcase_add_test(t, a_failure_inside_the_service_is_asked_again);
	tcase_add_test(t, a_200_that_is_something_else_is_an_error);
	tcase_add_test(t, another_region_is_named);
	tcase_add_test(t, amazons_buckets_have_hosts_of_their_own);
	tcase_add_test(t, what_is_no_place_is_told);
	suite_add_tcase(suite, t);
	return kit_main(suite, NULL);
}
