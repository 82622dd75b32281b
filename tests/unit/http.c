/*
 * Proves what net/http.h promises, against a server that misbehaves on
 * command.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

static const char SECRET[] = "Bearer not-for-other-ears-1234";

static struct httpd *d;
static struct http *h;
static struct pool *p;
static struct http_reply r;
static struct err e;

static void
set_up(void)
{
	d = httpd_start(NULL);
	h = http_open(NULL, NULL, &e);
	ck_assert(h != NULL);
	p = pool_new();
	e = (struct err){ 0 };
}

static void
tear_down(void)
{
	http_close(h);
	httpd_stop(d);
	pool_free(p);
}

static bool
ask(const char *method, struct http_request rq)
{
	rq.method = method;
	rq.url = pool_printf(p, "%s/x", httpd_url(d));
	if (rq.timeout == 0)
		rq.timeout = 10;
	return http_send(h, p, &rq, &r, &e);
}

#define ASK(method, ...) ask(method, (struct http_request){ __VA_ARGS__ })

static bool
has_header(const char *line)
{
	for (const char *const *s = r.headers; *s != NULL; s++)
		if (strcmp(*s, line) == 0)
			return true;
	return false;
}

START_TEST(a_reply_comes_with_status_body_headers_date_and_address)
{
	httpd_answer(d, "GET /x HTTP/1.1", 0, 200,
	    "Date: Mon, 23 Nov 2026 06:00:00 GMT\r\nX-One:  two\r\n", "[1]");
	ck_assert(ASK("GET", 0));
	ck_assert_int_eq(r.status, 200);
	ck_assert_str_eq(r.body, "[1]");
	ck_assert_uint_eq(r.body_len, 3);
	ck_assert_str_eq(r.type, "application/json");
	ck_assert_str_eq(r.address, "127.0.0.1");
	ck_assert_int_eq(r.date, 1795413600);
	ck_assert(has_header("X-One:  two"));
	ck_assert_int_eq(r.attempts, 1);
}
END_TEST

START_TEST(a_user_agent_is_sent_and_nothing_that_was_not_asked_for)
{
	const char *seen;

	httpd_answer(d, "", 0, 200, "", "{}");
	ck_assert(ASK("POST", .body = "{\"a\":1}", .body_len = 7));
	seen = httpd_seen(d, "POST", 0);
	kit_contains(seen, "\r\nUser-Agent: transplant/");
	kit_contains(seen, "\r\nContent-Type: application/json\r\n");
	kit_contains(seen, "\r\n\r\n{\"a\":1}");
	kit_lacks(seen, "Expect");
	kit_lacks(seen, "Authorization");
	kit_lacks(seen, "Cookie");
}
END_TEST

START_TEST(the_callers_content_type_stays)
{
	static const char *const headers[] = {
		"Content-Type: application/merge-patch+json", NULL
	};
	const char *seen;

	httpd_answer(d, "", 0, 200, "", "{}");
	ck_assert(ASK("PATCH", .body = "{}", .body_len = 2,
	    .headers = headers));
	seen = httpd_seen(d, "PATCH", 0);
	kit_contains(seen, "\r\nContent-Type: application/merge-patch+json\r");
	kit_lacks(seen, "application/json");
}
END_TEST

START_TEST(methods_arrive_as_they_are)
{
	httpd_answer(d, "PUT", 0, 200, "", "{}");
	httpd_answer(d, "DELETE", 0, 200, "", "");
	httpd_rule(d, "HEAD", 0, HTTPD_SAY,
	    "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
	httpd_answer(d, "POST", 0, 200, "", "");
	ck_assert(ASK("PUT", .body = "{}", .body_len = 2));
	ck_assert(ASK("DELETE", 0));
	ck_assert(ASK("HEAD", 0));
	ck_assert(ASK("POST", 0));
	ck_assert_int_eq(httpd_count(d, "PUT"), 1);
	ck_assert_int_eq(httpd_count(d, "DELETE"), 1);
	ck_assert_int_eq(httpd_count(d, "HEAD"), 1);
	kit_lacks(httpd_seen(d, "POST", 0), "Content-Type");
	ck_assert_int_eq(r.status, 200);
}
END_TEST

START_TEST(an_error_status_is_a_reply_and_its_body_is_kept)
{
	httpd_answer(d, "", 0, 404, "", "{\"message\":\"Not Found\"}");
	ck_assert(ASK("GET", 0));
	ck_assert_int_eq(r.status, 404);
	ck_assert_str_eq(r.body, "{\"message\":\"Not Found\"}");
	ck_assert_int_eq(httpd_count(d, ""), 1);
}
END_TEST

START_TEST(a_path_is_sent_as_it_is)
{
	struct http_request rq = { .method = "GET", .timeout = 10,
	    .url = pool_printf(p, "%s/a/../b//c/./d", httpd_url(d)) };

	httpd_answer(d, "GET /a/../b//c/./d HTTP/1.1", 0, 200, "", "{}");
	ck_assert(http_send(h, p, &rq, &r, &e));
	ck_assert_int_eq(r.status, 200);
}
END_TEST

static bool
says_again(const struct http_reply *reply)
{
	return strcmp(reply->body, "again") == 0;
}

START_TEST(a_vendors_own_way_to_say_again_is_heard)
{
	httpd_answer(d, "POST", 1, 200, "", "again");
	httpd_answer(d, "POST", 0, 200, "", "done");
	ck_assert(ASK("POST", .again = says_again));
	ck_assert_str_eq(r.body, "done");
	ck_assert_int_eq(r.attempts, 2);
}
END_TEST

START_TEST(a_post_that_may_be_repeated_is)
{
	httpd_rule(d, "POST", 1, HTTPD_RESET, "");
	httpd_answer(d, "POST", 0, 200, "", "done");
	ck_assert(ASK("POST", .repeatable = true));
	ck_assert_int_eq(httpd_count(d, "POST"), 2);
}
END_TEST

START_TEST(a_redirect_is_not_followed)
{
	httpd_answer(d, "GET /x", 0, 302, "Location: /y\r\n", "");
	ck_assert(ASK("GET", .authorization = SECRET));
	ck_assert_int_eq(r.status, 302);
	ck_assert(has_header("Location: /y"));
	ck_assert_int_eq(httpd_count(d, ""), 1);
}
END_TEST

START_TEST(a_credential_is_gone_with_its_request)
{
	httpd_answer(d, "", 0, 200, "", "{}");
	ck_assert(ASK("GET", .authorization = SECRET));
	ck_assert(ASK("GET", 0));
	kit_contains(httpd_seen(d, "GET", 0), SECRET);
	kit_lacks(httpd_seen(d, "GET", 1), "uthorization");
}
END_TEST

START_TEST(an_interim_reply_leaves_no_headers)
{
	httpd_rule(d, "", 0, HTTPD_SAY,
	    "HTTP/1.1 103 Early\r\nX-Old: 1\r\n\r\n"
	    "HTTP/1.1 200 OK\r\nX-New: 2\r\nContent-Length: 0\r\n\r\n");
	ck_assert(ASK("GET", 0));
	ck_assert(!has_header("X-Old: 1"));
	ck_assert(has_header("X-New: 2"));
}
END_TEST

/* Answers that a GET, PUT or DELETE survives, whatever they are. */
static const struct bad {
	enum httpd_act act;
	const char *raw;
} bad[] = {
	{ HTTPD_SAY, "HTTP/1.1 502 Bad\r\nContent-Length: 6\r\n\r\n<html>" },
	{ HTTPD_SAY, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" },
	{ HTTPD_SAY, "HTTP/1.1 504 No\r\nContent-Length: 0\r\n\r\n" },
	{ HTTPD_RESET, "" },
	{ HTTPD_CLOSE, "" },
	{ HTTPD_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" },
	{ HTTPD_RESET, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" },
	{ HTTPD_CLOSE, "\x16\x03\x01 this is no HTTP at all\r\n\r\n" },
	{ HTTPD_SAY, "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n" },
};
enum { NBAD = sizeof(bad) / sizeof(bad[0]) };

START_TEST(what_may_be_repeated_is_repeated_once_it_failed)
{
	static const char *const methods[] = { "GET", "PUT", "DELETE" };

	for (size_t m = 0; m < 3; m++) {
		httpd_clear(d);
		httpd_rule(d, "", 1, bad[_i].act, bad[_i].raw);
		httpd_answer(d, "", 0, 200, "", "{}");
		ck_assert_msg(ASK(methods[m], 0), "%s", e.text);
		ck_assert_int_eq(r.status, 200);
		/* whether by us or, on a reused connection, by curl */
		ck_assert_int_eq(httpd_count(d, methods[m]), 2);
	}
}
END_TEST

START_TEST(a_post_that_may_have_acted_is_never_repeated)
{
	bool ok;

	if (_i == NBAD - 1)
		return;		/* 429: see below */
	httpd_answer(d, "GET", 0, 200, "", "{}");
	httpd_rule(d, "P", 1, bad[_i].act, bad[_i].raw);
	httpd_answer(d, "P", 0, 200, "", "{}");
	/* also not by curl itself, which repeats on a reused connection */
	ck_assert(ASK("GET", 0));
	ok = ASK("POST", .body = "{}", .body_len = 2);
	ck_assert(ok ? r.status >= 500 : e.kind == ERR_NETWORK);
	ck_assert(!http_unsent(h));
	ck_assert_int_eq(httpd_count(d, "POST"), 1);
	ck_assert(ASK("PATCH", .body = "{}", .body_len = 2));
	ck_assert_int_eq(r.status, 200);
}
END_TEST

START_TEST(a_post_that_was_turned_away_for_its_rate_is_repeated)
{
	httpd_answer(d, "", 1, 429, "Retry-After: 1\r\n", "{}");
	httpd_answer(d, "", 1, 403, "retry-after: 1\r\n", "{}");
	httpd_answer(d, "", 0, 201, "", "{}");
	ck_assert(ASK("POST", .body = "{}", .body_len = 2));
	ck_assert_int_eq(r.status, 201);
	ck_assert_int_eq(httpd_count(d, "POST"), 3);
}
END_TEST

START_TEST(a_403_without_a_limit_is_an_answer)
{
	httpd_answer(d, "", 0, 403, "x-ratelimit-remaining: 12\r\n"
	    "x-ratelimit-reset: 4000000000\r\n", "{\"message\":\"no\"}");
	ck_assert(ASK("GET", 0));
	ck_assert_int_eq(r.status, 403);
	ck_assert_int_eq(r.attempts, 1);
	ck_assert_int_eq(http_rate_limited(&r), 0);
}
END_TEST

static const struct limit {
	int status;
	const char *headers, *body;
	long seconds;
} limits[] = {
	{ 429, "Retry-After: 7\r\n", "", 7 },
	{ 403, "Retry-After: 0\r\n", "", 1 },
	{ 429, "Date: Mon, 23 Nov 2026 06:00:00 GMT\r\n"
	  "Retry-After: Mon, 23 Nov 2026 06:00:42 GMT\r\n", "", 42 },
	{ 403, "Date: Mon, 23 Nov 2026 06:00:00 GMT\r\n"
	  "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1795413630\r\n", "",
	  31 },
	{ 429, "Date: Mon, 23 Nov 2026 06:00:00 GMT\r\n"
	  "ratelimit-remaining: 0\r\nratelimit-reset: 1795413690\r\n", "",
	  91 },
	{ 429, "ratelimit-remaining: 0\r\nratelimit-reset: 20\r\n", "", 20 },
	{ 403, "x-ratelimit-remaining: 900\r\n",
	  "{\"message\":\"You have exceeded a secondary Rate Limit.\"}", 60 },
	{ 429, "", "", 1 },
	{ 403, "", "{\"message\":\"Resource not accessible\"}", 0 },
	{ 429, "Retry-After: 99999999999999999999999\r\n", "", 86400 },
	{ 429, "Retry-After: soon\r\n", "", 1 },
	{ 404, "Retry-After: 5\r\n", "", 0 },
};

START_TEST(a_limit_is_read_from_headers_and_body)
{
	const struct limit *l = &limits[_i];

	httpd_answer(d, "", 0, l->status, l->headers, l->body);
	ck_assert(ASK("GET", .once = true));
	ck_assert_int_eq(http_rate_limited(&r), l->seconds);
}
END_TEST

START_TEST(a_retry_after_is_waited_for)
{
	clock_ms began = clock_now();

	httpd_answer(d, "", 1, 503, "Retry-After: 2\r\n", "");
	httpd_answer(d, "", 0, 200, "", "{}");
	ck_assert(ASK("GET", 0));
	ck_assert_int_eq(r.status, 200);
	ck_assert_int_ge(clock_now() - began, 2000);
}
END_TEST

START_TEST(a_wait_beyond_the_deadline_is_not_begun)
{
	clock_ms began = clock_now();

	httpd_answer(d, "", 0, 429, "Retry-After: 60\r\n", "{}");
	ck_assert(ASK("GET", .timeout = 30));
	ck_assert_int_eq(r.status, 429);
	ck_assert_int_lt(clock_now() - began, 1000);
	ck_assert_int_eq(httpd_count(d, ""), 1);
}
END_TEST

START_TEST(once_and_quick_are_taken_at_their_word)
{
	httpd_answer(d, "", 0, 503, "", "{}");
	ck_assert(ASK("GET", .once = true));
	ck_assert_int_eq(r.status, 503);
	ck_assert(ASK("GET", .quick = true));
	ck_assert_int_eq(r.status, 503);
	ck_assert_int_eq(httpd_count(d, ""), 2);
}
END_TEST

START_TEST(retries_end_with_the_deadline_and_the_last_answer)
{
	clock_ms began = clock_now();

	httpd_answer(d, "", 0, 503, "", "down");
	ck_assert(ASK("GET", .deadline = clock_deadline(3)));
	ck_assert_int_eq(r.status, 503);
	ck_assert_str_eq(r.body, "down");
	ck_assert_int_le(clock_now() - began, 3500);
	ck_assert_int_ge(r.attempts, 2);
}
END_TEST

START_TEST(a_reply_that_is_too_large_is_refused)
{
	httpd_answer(d, "", 0, 200, "", "0123456789");
	ck_assert(ASK("GET", .reply_max = 10));
	ck_assert(!ASK("GET", .reply_max = 9));
	kit_contains(e.text, "larger than 9 bytes");
	ck_assert_int_eq(httpd_count(d, ""), 2);
}
END_TEST

START_TEST(a_server_that_hangs_is_left_in_time)
{
	static const char *const said[] = {
		"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
	};
	clock_ms began = clock_now();

	httpd_rule(d, "", 0, HTTPD_HANG, said[_i]);
	ck_assert(!ASK("POST", .timeout = 1));
	ck_assert_int_eq(e.kind, ERR_TIMEOUT);
	kit_contains(e.text, "127.0.0.1:");
	kit_contains(e.text, _i == 0 ? "no answer in time" : "did not end");
	ck_assert_int_lt(clock_now() - began, 2000);
	ck_assert(!http_unsent(h));
	ck_assert_int_eq(httpd_count(d, ""), 1);
}
END_TEST

START_TEST(a_deadline_gives_each_attempt_its_own_time)
{
	httpd_rule(d, "", 1, HTTPD_HANG, "");
	httpd_answer(d, "", 0, 200, "", "{}");
	ck_assert(ASK("GET", .timeout = 1, .deadline = clock_deadline(10)));
	ck_assert_int_eq(r.attempts, 2);
}
END_TEST

START_TEST(an_error_names_stage_and_host_but_no_secret)
{
	struct http_request rq = {
		.method = "POST", .timeout = 1, .authorization = SECRET,
		.url = pool_printf(p, "%s/path?q=private", httpd_url(d)),
	};

	httpd_rule(d, "", 0, HTTPD_RESET, "");
	ck_assert(!http_send(h, p, &rq, &r, &e));
	ck_assert_int_eq(e.kind, ERR_NETWORK);
	kit_contains(e.text, pool_printf(p, "127.0.0.1:%d", httpd_port(d)));
	kit_contains(e.text, "receiving");
	kit_lacks(e.text, "not-for-other-ears");
	kit_lacks(e.text, "private");
	rq.url = "https://no-such-host.invalid/";
	ck_assert(!http_send(h, p, &rq, &r, &e));
	ck_assert(http_unsent(h));
	kit_contains(e.text, "no-such-host.invalid: the name can't be");
}
END_TEST

START_TEST(a_refused_connection_is_known_to_have_sent_nothing)
{
	httpd_stop(d);
	ck_assert(!ASK("POST", .once = true));
	ck_assert_int_eq(e.kind, ERR_NETWORK);
	ck_assert(http_unsent(h));
	kit_contains(e.text, "can't connect");
	d = httpd_start(NULL);
}
END_TEST

START_TEST(a_line_end_in_a_token_or_header_is_refused_unsent)
{
	static const char *const headers[] = { "X-Key: a\r\nX-Evil: b", NULL };

	httpd_answer(d, "", 0, 200, "", "");
	ck_assert(!ASK("GET", .authorization = "Bearer secret-token\n"));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_lacks(e.text, "secret-token");
	ck_assert(!ASK("GET", .headers = headers));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, "X-Key");
	ck_assert_int_eq(httpd_count(d, ""), 0);
}
END_TEST

START_TEST(an_address_that_is_none_is_refused_unsent)
{
	static const char *const urls[] = {
		"ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1",
		"https://a b/", "http://127.0.0.1/\r\nX: y", "https://",
	};
	struct http_request rq = { .method = "GET", .url = urls[_i] };

	ck_assert(!http_send(h, p, &rq, &r, &e));
	ck_assert(http_unsent(h));
}
END_TEST

START_TEST(connections_are_reused_but_not_for_a_post)
{
	httpd_answer(d, "", 0, 200, "", "{}");
	for (int i = 0; i < 5; i++)
		ck_assert(ASK("GET", 0));
	ck_assert_int_eq(httpd_connections(d), 1);
	ck_assert(ASK("POST", 0));
	ck_assert_int_eq(httpd_connections(d), 2);
}
END_TEST

START_TEST(wrong_name_servers_and_roots_are_refused_at_once)
{
	ck_assert_ptr_null(http_open(NULL, "not an address", &e));
	kit_contains(e.text, "dns-servers");
	ck_assert_ptr_null(http_open("/nowhere/ca.pem", NULL, &e));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, "/nowhere/ca.pem");
}
END_TEST

/* ---- TLS ---- */

static void
set_up_tls(void)
{
	set_up();
	httpd_stop(d);
	d = httpd_start("lms.example.test");
	httpd_answer(d, "", 0, 200, "", "{}");
}

static bool
ask_tls(const char *name, const char *ca_pem)
{
	struct http_request rq = {
		.method = "GET", .ca_pem = ca_pem, .timeout = 5,
		.connect_to = "127.0.0.1",
		.url = pool_printf(p, "https://%s:%d/x", name, httpd_port(d)),
	};

	return http_send(h, p, &rq, &r, &e);
}

START_TEST(an_unknown_root_is_refused_once_and_before_anything_is_sent)
{
	ck_assert(!ask_tls("lms.example.test", NULL));
	ck_assert_int_eq(e.kind, ERR_NETWORK);
	kit_contains(e.text, "lms.example.test");
	kit_contains(e.text, "certificate does not verify");
	ck_assert(http_unsent(h));
	/* the folder of hashed links and then the bundle, no more */
	ck_assert_int_le(httpd_connections(d), 2);
	ck_assert_int_eq(httpd_count(d, ""), 0);
}
END_TEST

START_TEST(given_roots_are_the_only_ones)
{
	struct httpd *other = httpd_start("lms.example.test");

	ck_assert_msg(ask_tls("lms.example.test", httpd_ca(d)), "%s", e.text);
	kit_contains(httpd_seen(d, "GET", 0), "Host: lms.example.test:");
	ck_assert(!ask_tls("lms.example.test", httpd_ca(other)));
	ck_assert(!ask_tls("lms.example.test", NULL));
	httpd_stop(other);
}
END_TEST

START_TEST(another_hosts_certificate_is_refused)
{
	ck_assert(!ask_tls("cms.example.test", httpd_ca(d)));
	kit_contains(e.text, "does not verify");
	ck_assert_int_eq(httpd_count(d, ""), 0);
}
END_TEST

START_TEST(a_root_file_replaces_the_systems_store)
{
	char *dir = kit_folder();
	char *file = pool_printf(p, "%s/ca.pem", dir);

	kit_write(file, httpd_ca(d));
	http_close(h);
	h = http_open(file, NULL, &e);
	ck_assert(h != NULL);
	ck_assert_msg(ask_tls("lms.example.test", NULL), "%s", e.text);
	free(dir);
}
END_TEST

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 150 roots cost about 30 ms; parsed for each connection they would make
 * everything that talks to many hosts 20 times slower. */
START_TEST(a_bundle_of_roots_is_parsed_once_for_all_connections)
{
	static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";
	char *dir = kit_folder(), *text;
	char *file = pool_printf(p, "%s/ca.pem", dir);
	double first, rest;

	text = kit_read(bundle);
	kit_write(file, pool_printf(p, "%s%s", text, httpd_ca(d)));
	free(text);
	httpd_clear(d);
	httpd_rule(d, "", 0, HTTPD_CLOSE,
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	http_close(h);
	h = http_open(file, NULL, &e);
	first = cpu_seconds();
	ck_assert(ask_tls("lms.example.test", NULL));
	first = cpu_seconds() - first;
	rest = cpu_seconds();
	for (int i = 0; i < 10; i++)
		ck_assert(ask_tls("lms.example.test", NULL));
	rest = (cpu_seconds() - rest) / 10;
	ck_assert_int_eq(httpd_connections(d), 11);
	ck_assert_msg(rest < first / 2, "first %.1f ms, then %.1f ms each",
	    first * 1000, rest * 1000);
	free(dir);
}
END_TEST

static Suite *
plain_suite(void)
{
	Suite *s = suite_create("http");
	TCase *t = tcase_create("plain");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t,
	    a_reply_comes_with_status_body_headers_date_and_address);
	tcase_add_test(t,
	    a_user_agent_is_sent_and_nothing_that_was_not_asked_for);
	tcase_add_test(t, the_callers_content_type_stays);
	tcase_add_test(t, methods_arrive_as_they_are);
	tcase_add_test(t, an_error_status_is_a_reply_and_its_body_is_kept);
	tcase_add_test(t, a_redirect_is_not_followed);
	tcase_add_test(t, a_path_is_sent_as_it_is);
	tcase_add_test(t, a_vendors_own_way_to_say_again_is_heard);
	tcase_add_test(t, a_post_that_may_be_repeated_is);
	tcase_add_test(t, a_credential_is_gone_with_its_request);
	tcase_add_test(t, an_interim_reply_leaves_no_headers);
	tcase_add_loop_test(t,
	    what_may_be_repeated_is_repeated_once_it_failed, 0, NBAD);
	tcase_add_loop_test(t, a_post_that_may_have_acted_is_never_repeated, 0,
	    NBAD);
	tcase_add_test(t,
	    a_post_that_was_turned_away_for_its_rate_is_repeated);
	tcase_add_test(t, a_403_without_a_limit_is_an_answer);
	tcase_add_loop_test(t, a_limit_is_read_from_headers_and_body, 0,
	    sizeof(limits) / sizeof(limits[0]));
	tcase_add_test(t, a_retry_after_is_waited_for);
	tcase_add_test(t, a_wait_beyond_the_deadline_is_not_begun);
	tcase_add_test(t, once_and_quick_are_taken_at_their_word);
	tcase_add_test(t, retries_end_with_the_deadline_and_the_last_answer);
	tcase_add_test(t, a_reply_that_is_too_large_is_refused);
	tcase_add_loop_test(t, a_server_that_hangs_is_left_in_time, 0, 2);
	tcase_add_test(t, a_deadline_gives_each_attempt_its_own_time);
	tcase_add_test(t, an_error_names_stage_and_host_but_no_secret);
	tcase_add_test(t, a_refused_connection_is_known_to_have_sent_nothing);
	tcase_add_test(t, a_line_end_in_a_token_or_header_is_refused_unsent);
	tcase_add_loop_test(t, an_address_that_is_none_is_refused_unsent, 0,
	    6);
	tcase_add_test(t, connections_are_reused_but_not_for_a_post);
	tcase_add_test(t, wrong_name_servers_and_roots_are_refused_at_once);
	suite_add_tcase(s, t);
	return s;
}

static Suite *
tls_suite(void)
{
	Suite *s = suite_create("http over TLS");
	TCase *t = tcase_create("tls");

	tcase_add_checked_fixture(t, set_up_tls, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t,
	    an_unknown_root_is_refused_once_and_before_anything_is_sent);
	tcase_add_test(t, given_roots_are_the_only_ones);
	tcase_add_test(t, another_hosts_certificate_is_refused);
	tcase_add_test(t, a_root_file_replaces_the_systems_store);
	tcase_add_test(t,
	    a_bundle_of_roots_is_parsed_once_for_all_connections);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(plain_suite(), tls_suite(), NULL);
}
