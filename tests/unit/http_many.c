/*
 * http_many - many requests under one loop, each as http_send would do it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_many.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

static struct httpd *d;
static struct http *h;
static struct http_many *m;
static struct pool *p;
static struct err e;
static size_t over, well, to_ask, most;
static struct http_outcome last;
static char last_body[64];

static void
set_up(void)
{
	d = httpd_start(NULL);
	h = http_open(NULL, NULL, &e);
	ck_assert(h != NULL);
	p = pool_new();
	over = well = to_ask = most = 0;
}

static void
tear_down(void)
{
	http_many_close(m);
	http_close(h);
	httpd_stop(d);
	pool_free(p);
}

static void
on_done(void *arg, const struct http_outcome *o)
{
	(void)arg;
	over++;
	well += o->ok && o->reply.status == 200;
	last = *o;
	strncpy(last_body, o->ok ? o->reply.body : "", sizeof(last_body) - 1);
}

static void
send_one(const char *method, struct http_request rq)
{
	rq.method = method;
	if (rq.url == NULL)
		rq.url = pool_printf(p, "%s/x", httpd_url(d));
	if (rq.timeout == 0)
		rq.timeout = 20;
	http_many_send(m, &rq, on_done, NULL);
}

#define SEND(method, ...) \
	send_one(method, (struct http_request){ __VA_ARGS__ })

static void
wait_all(void)
{
	while (http_many_busy(m))
		http_many_wait(m);
}

START_TEST(each_gets_its_own_answer_and_connections_are_shared)
{
	size_t n = 0, total = 200;

	m = http_many_open(h, 8);
	httpd_answer(d, "GET /x", 0, 200, "", "[1]");
	while (n < total || http_many_busy(m)) {
		for (; n < total && http_many_room(m); n++)
			SEND("GET", 0);
		http_many_wait(m);
	}
	ck_assert_uint_eq(well, total);
	ck_assert_str_eq(last_body, "[1]");
	ck_assert_int_eq(last.reply.attempts, 1);
	ck_assert_int_eq(httpd_count(d, ""), (int)total);
	ck_assert_int_le(httpd_connections(d), 8);
}
END_TEST

START_TEST(no_more_are_on_their_way_than_were_allowed)
{
	m = http_many_open(h, 3);
	httpd_answer(d, "", 0, 200, "", "");
	for (int i = 0; i < 3; i++) {
		ck_assert(http_many_room(m));
		SEND("GET", 0);
	}
	ck_assert(!http_many_room(m));
	http_many_wait(m);
	ck_assert(http_many_room(m));
	wait_all();
	ck_assert_uint_eq(well, 3);
}
END_TEST

/* The first answers ask for more until `to_ask` are. */
static void
ask_more(void *arg, const struct http_outcome *o)
{
	on_done(arg, o);
	while (to_ask > 0 && http_many_room(m)) {
		struct http_request rq = { .method = "GET", .timeout = 20,
		    .url = pool_printf(p, "%s/x", httpd_url(d)) };

		to_ask--;
		http_many_send(m, &rq, ask_more, arg);
	}
}

START_TEST(an_answer_may_lead_to_more_requests)
{
	m = http_many_open(h, 4);
	httpd_answer(d, "", 0, 200, "", "");
	to_ask = 50;
	ask_more(NULL, &(struct http_outcome){ .ok = false });
	wait_all();
	ck_assert_uint_eq(well, 50);
	ck_assert_uint_eq(over, 51);
}
END_TEST

START_TEST(one_that_waits_for_its_next_attempt_holds_up_no_other)
{
	m = http_many_open(h, 8);
	httpd_answer(d, "GET /x", 1, 503, "", "");
	httpd_answer(d, "GET /x", 0, 200, "", "");
	for (int i = 0; i < 4; i++)
		SEND("GET", 0);
	for (int i = 0; i < 3; i++)
		http_many_wait(m);
	ck_assert(http_many_busy(m) || over == 4);
	wait_all();
	ck_assert_uint_eq(well, 4);
	ck_assert_int_eq(httpd_count(d, ""), 5);
	ck_assert_int_eq(last.reply.attempts, 2);
}
END_TEST

START_TEST(fewer_are_sent_while_a_server_says_slow_down)
{
	m = http_many_open(h, 8);
	httpd_answer(d, "GET /x", 8, 503, "", "");
	httpd_answer(d, "GET /x", 0, 200, "", "");
	for (int i = 0; i < 8; i++)
		SEND("GET", 0);
	wait_all();
	ck_assert_uint_eq(well, 8);
	while (http_many_room(m)) {
		SEND("GET", 0);
		most++;
	}
	ck_assert_uint_ge(most, 4);
	ck_assert_uint_lt(most, 8);
	wait_all();
	for (int i = 0; i < 200; i++) {
		SEND("GET", 0);
		wait_all();
	}
	for (most = 0; http_many_room(m); most++)
		SEND("GET", 0);
	ck_assert_uint_eq(most, 8);
	wait_all();
}
END_TEST

START_TEST(what_may_have_acted_is_not_sent_again)
{
	m = http_many_open(h, 2);
	httpd_rule(d, "POST /x", 1, HTTPD_RESET, "");
	httpd_answer(d, "POST /x", 0, 200, "", "");
	SEND("POST", .body = "{}", .body_len = 2);
	wait_all();
	ck_assert(!last.ok);
	ck_assert(!last.unsent);
	ck_assert_int_eq(last.err.kind, ERR_NETWORK);
	ck_assert_int_eq(httpd_count(d, ""), 1);
}
END_TEST

START_TEST(an_error_has_the_words_of_http_send)
{
	struct http_request rq = { .method = "GET", .once = true,
	    .url = "http://127.0.0.1:1/", .timeout = 5 };
	struct http_reply r;

	m = http_many_open(h, 2);
	ck_assert(!http_send(h, p, &rq, &r, &e));
	http_many_send(m, &rq, on_done, NULL);
	wait_all();
	ck_assert(!last.ok);
	ck_assert(last.unsent);
	ck_assert_int_eq(last.err.kind, e.kind);
	kit_contains(last.err.text, "127.0.0.1:1: can't connect: ");
	kit_contains(e.text, "127.0.0.1:1: can't connect: ");
}
END_TEST

START_TEST(a_header_that_cannot_be_sent_is_told_like_any_failure)
{
	m = http_many_open(h, 2);
	SEND("GET", .authorization = "Bearer a\nb");
	ck_assert(http_many_busy(m));
	wait_all();
	ck_assert(!last.ok);
	ck_assert_int_eq(last.err.kind, ERR_INPUT);
	ck_assert_int_eq(httpd_count(d, ""), 0);
}
END_TEST

START_TEST(a_deadline_ends_what_hangs)
{
	m = http_many_open(h, 2);
	httpd_rule(d, "GET /x", 0, HTTPD_HANG, "");
	SEND("GET", .timeout = 1);
	wait_all();
	ck_assert(!last.ok);
	ck_assert_int_eq(last.err.kind, ERR_TIMEOUT);
	kit_contains(last.err.text, "no answer in time");
}
END_TEST

START_TEST(what_is_on_its_way_is_dropped_at_the_end)
{
	m = http_many_open(h, 4);
	httpd_rule(d, "GET /x", 0, HTTPD_HANG, "");
	SEND("GET", 0);
	SEND("GET", 0);
	SEND("GET", .authorization = "Bearer a\nb");
	http_many_poll(m);
	http_many_close(m);
	m = NULL;
	ck_assert_uint_le(over, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("http_many");
	TCase *t = tcase_create("http_many");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t,
	    each_gets_its_own_answer_and_connections_are_shared);
	tcase_add_test(t, no_more_are_on_their_way_than_were_allowed);
	tcase_add_test(t, an_answer_may_lead_to_more_requests);
	tcase_add_test(t,
	    one_that_waits_for_its_next_attempt_holds_up_no_other);
	tcase_add_test(t, fewer_are_sent_while_a_server_says_slow_down);
	tcase_add_test(t, what_may_have_acted_is_not_sent_again);
	tcase_add_test(t, an_error_has_the_words_of_http_send);
	tcase_add_test(t,
	    a_header_that_cannot_be_sent_is_told_like_any_failure);
	tcase_add_test(t, a_deadline_ends_what_hangs);
	tcase_add_test(t, what_is_on_its_way_is_dropped_at_the_end);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
