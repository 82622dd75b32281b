/*
 * dnshost - what api/dnshost makes of PowerDNS's answers, of wrong ones and
 * of lost ones, and what it keeps in the record.
 */
#include <stdlib.h>
#include <string.h>

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "base/mem.h"
#include "data/json.h"
#include "net/http.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

#define ZONE "/api/v1/servers/localhost/zones/example.test."
#define KEY "a-key-of-powerdns"
#define SETS(sets) "{\"name\":\"example.test.\",\"rrsets\":[" sets "]}"
#define RR(name, type, ttl, records) "{\"name\":\"" name ".\",\"type\":\"" \
	type "\",\"ttl\":" ttl ",\"comments\":[{\"content\":\"mine\"}]," \
	"\"records\":[" records "]}"
#define REC(content) "{\"content\":\"" content "\",\"disabled\":false}"
#define OFF(content) "{\"content\":\"" content "\",\"disabled\":true}"

#define OLD SETS(RR("a.example.test", "A", "5", REC("192.0.2.10")))
#define NEW SETS(RR("a.example.test", "A", "5", REC("192.0.2.20")))

static struct httpd *pdns;
static struct http *http;
static struct dnshost *host;
static struct pool *pool;
static struct err e;

static struct dnshost *
try_open(struct httpd *server, const char *zone)
{
	return dnshost_open(http, &(struct dnshost_open){
	    .company = "powerdns", .server = httpd_url(server), .token = KEY,
	    .zone = zone }, &e);
}

static void
begin(void)
{
	pool = pool_new();
	pdns = httpd_start(NULL);
	e = (struct err){ 0 };
	http = http_open(NULL, NULL, &e);
	httpd_answer(pdns, "GET " ZONE "?rrsets=false", 0, 200, "", "{}");
	host = try_open(pdns, "Example.Test.");
	ck_assert_msg(host != NULL, "%s", e.text);
}

static void
end(void)
{
	dnshost_close(host);
	http_close(http);
	httpd_stop(pdns);
	pool_free(pool);
}

static const struct dns_value v10 = { .text = "192.0.2.10" };
static const struct dns_value v20 = { .text = "192.0.2.20" };
static const struct dns_set was = { .name = "a.example.test", .type = "A",
	.ttl = 5, .value = &v10, .n = 1 };
static const struct dns_set now = { .name = "a.example.test", .type = "A",
	.ttl = 5, .value = &v20, .n = 1 };

START_TEST(sets_are_found_in_our_form)
{
	const char *const names[] = { "a.EXAMPLE.test.", NULL };
	struct dns_set *s;
	size_t n;

	httpd_answer(pdns, "GET", 1, 200, "", SETS(
	    RR("b.example.test", "A", "9", REC("192.0.2.99")) ","
	    RR("A.example.test", "CNAME", "60", REC("LB.Example.net.")) ","
	    RR("a.example.test", "TXT", "60", REC("\\\"hello\\\"")) ","
	    RR("a.example.test", "A", "5", REC("192.0.2.10") ","
	    OFF("192.0.2.11"))));
	ck_assert_msg(dnshost_find(host, pool, names, &s, &n, &e), "%s",
	    e.text);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(s[0].value[0].text, "lb.example.net");
	ck_assert_uint_eq(s[1].n, 2);
	ck_assert(s[1].value[1].disabled);
	ck_assert_str_eq(dns_set_words(pool, &s[1]),
	    "A 192.0.2.10, 192.0.2.11 (disabled) TTL 5");
	/* The server's own filter would hide what is disabled. */
	ck_assert_int_eq(httpd_count(pdns, "GET " ZONE " HTTP"), 1);
	kit_contains(httpd_seen(pdns, "GET", 1), "X-API-Key: " KEY);
}
END_TEST

START_TEST(a_name_outside_the_zone_is_refused_unasked)
{
	static const char *const names[][2] = { { "a.example.org", NULL },
		{ "badexample.test", NULL }, { "test", NULL } };
	struct dns_set *s;
	size_t n;

	ck_assert(!dnshost_find(host, pool, names[_i], &s, &n, &e));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	ck_assert_int_eq(httpd_count(pdns, "GET " ZONE " HTTP"), 0);
}
END_TEST

START_TEST(a_change_is_one_batch_and_told_to_the_others)
{
	const struct dns_set from[2] = { was, { .name = "b.example.test",
		.type = "CNAME", .ttl = 5, .value =
		&(struct dns_value){ .text = "c.example.test" }, .n = 1 } };
	const struct dns_set to[2] = { now, { .name = "b.example.test",
		.type = "CNAME" } };
	const char *body;

	httpd_answer(pdns, "GET", 1, 200, "", SETS(
	    RR("a.example.test", "A", "5", REC("192.0.2.10")) ","
	    RR("b.example.test", "CNAME", "5", REC("c.example.test."))));
	httpd_answer(pdns, "PATCH", 1, 204, "", "");
	httpd_answer(pdns, "PUT " ZONE "/notify", 1, 200, "",
	    "{\"result\":\"Notification queued\"}");
	httpd_answer(pdns, "GET", 1, 200, "", NEW);
	ck_assert_msg(dnshost_replace(host, from, to, 2, &e), "%s", e.text);
	ck_assert_int_eq(httpd_count(pdns, "PATCH"), 1);
	ck_assert_int_eq(httpd_count(pdns, "PUT"), 1);
	body = strstr(httpd_seen(pdns, "PATCH", 0), "\r\n\r\n") + 4;
	ck_assert_str_eq(body, "{\"rrsets\":[{\"name\":\"b.example.test.\","
	    "\"type\":\"CNAME\",\"changetype\":\"DELETE\"},"
	    "{\"name\":\"a.example.test.\",\"type\":\"A\","
	    "\"changetype\":\"REPLACE\",\"ttl\":5,\"records\":[{\"content\":"
	    "\"192.0.2.20\",\"disabled\":false}]}]}");
}
END_TEST

START_TEST(what_is_so_already_is_not_written)
{
	httpd_answer(pdns, "GET", 0, 200, "", NEW);
	httpd_answer(pdns, "PUT", 0, 200, "", "{}");
	ck_assert_msg(dnshost_replace(host, &was, &now, 1, &e), "%s", e.text);
	ck_assert_int_eq(httpd_count(pdns, "PATCH"), 0);
}
END_TEST

START_TEST(somebody_elses_change_is_a_conflict)
{
	httpd_answer(pdns, "GET", 0, 200, "", SETS(
	    RR("a.example.test", "A", "5", REC("192.0.2.77"))));
	ck_assert(!dnshost_replace(host, &was, &now, 1, &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, "192.0.2.77");
	ck_assert_int_eq(httpd_count(pdns, "PATCH"), 0);
}
END_TEST

START_TEST(a_lost_answer_is_looked_up_and_not_repeated)
{
	httpd_answer(pdns, "GET", 1, 200, "", OLD);
	httpd_rule(pdns, "PATCH", 1, HTTPD_RESET, "");
	httpd_answer(pdns, "GET", 0, 200, "", NEW);
	httpd_answer(pdns, "PUT", 0, 200, "", "{}");
	ck_assert_msg(dnshost_replace(host, &was, &now, 1, &e), "%s", e.text);
	ck_assert_int_eq(httpd_count(pdns, "PATCH"), 1);
	ck_assert_int_eq(httpd_count(pdns, "PUT"), 1);
}
END_TEST

START_TEST(a_change_that_did_not_happen_is_repeated)
{
	httpd_answer(pdns, "GET", 2, 200, "", OLD);
	httpd_answer(pdns, "PATCH", 1, 500, "", "{\"error\":\"db locked\"}");
	httpd_answer(pdns, "PATCH", 1, 204, "", "");
	httpd_answer(pdns, "PUT", 0, 200, "", "{}");
	httpd_answer(pdns, "GET", 0, 200, "", NEW);
	ck_assert_msg(dnshost_replace(host, &was, &now, 1, &e), "%s", e.text);
	ck_assert_int_eq(httpd_count(pdns, "PATCH"), 2);
}
END_TEST

START_TEST(a_refused_change_says_why_and_is_not_repeated)
{
	httpd_answer(pdns, "GET", 0, 200, "", OLD);
	httpd_answer(pdns, "PATCH", 0, 422, "",
	    "{\"error\":\"RRset a.example.test. IN A: Conflicts\"}");
	ck_assert(!dnshost_replace(host, &was, &now, 1, &e));
	kit_contains(e.text, "422");
	kit_contains(e.text, "Conflicts");
	ck_assert_int_eq(httpd_count(pdns, "PATCH"), 1);
}
END_TEST

START_TEST(a_change_that_was_not_kept_is_no_success)
{
	httpd_answer(pdns, "GET", 0, 200, "", OLD);
	httpd_answer(pdns, "PATCH", 0, 204, "", "");
	httpd_answer(pdns, "PUT", 0, 200, "", "{}");
	ck_assert(!dnshost_replace(host, &was, &now, 1, &e));
	kit_contains(e.text, "took the change");
}
END_TEST

START_TEST(a_zone_without_other_servers_needs_no_notice)
{
	httpd_answer(pdns, "PUT", 0, 422, "",
	    "{\"error\":\"Domain is not of type primary\"}");
	ck_assert_msg(dnshost_publish(host, &e), "%s", e.text);
}
END_TEST

START_TEST(a_key_that_may_not_notify_can_still_change)
{
	httpd_answer(pdns, "GET", 1, 200, "", OLD);
	httpd_answer(pdns, "PATCH", 1, 204, "", "");
	httpd_answer(pdns, "PUT", 0, 403, "", "{\"error\":\"Forbidden\"}");
	httpd_answer(pdns, "GET", 0, 200, "", NEW);
	ck_assert_msg(dnshost_replace(host, &was, &now, 1, &e), "%s", e.text);
}
END_TEST

/* Callers take a refusal's kind as proof that nothing was changed. */
START_TEST(after_a_write_no_error_says_that_nothing_was_written)
{
	httpd_answer(pdns, "GET", 1, 200, "", OLD);
	if (_i == 0)
		httpd_answer(pdns, "PATCH", 1, 204, "", "");
	else
		httpd_rule(pdns, "PATCH", 1, HTTPD_RESET, "");
	httpd_answer(pdns, "PUT", 0, 200, "", "{}");
	if (_i == 0)
		httpd_answer(pdns, "GET", 0, 403, "", "{}");
	else
		httpd_answer(pdns, "GET", 0, 200, "", SETS(
		    RR("a.example.test", "A", "5", REC("192.0.2.77"))));
	ck_assert(!dnshost_replace(host, &was, &now, 1, &e));
	ck_assert_int_eq(e.kind, ERR_OTHER);
	kit_contains(e.text, _i == 0 ? "403" : "192.0.2.77");
}
END_TEST

START_TEST(a_wrong_key_is_denied_and_not_shown)
{
	struct httpd *strict = httpd_start(NULL);

	httpd_answer(strict, "GET", 0, 401, "", "Unauthorized");
	ck_assert(try_open(strict, "example.test") == NULL);
	httpd_stop(strict);
	ck_assert_int_eq(e.kind, ERR_DENIED);
	kit_contains(e.text, "dns-token");
	kit_lacks(e.text, KEY);
}
END_TEST

START_TEST(a_zone_that_is_not_there_is_not_found)
{
	struct httpd *empty = httpd_start(NULL);

	httpd_answer(empty, "GET", 0, 404, "", "Not Found");
	ck_assert(try_open(empty, "example.test") == NULL);
	httpd_stop(empty);
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	kit_contains(e.text, "zone example.test");
}
END_TEST

START_TEST(foreign_answers_are_errors)
{
	static const char *const bodies[] = { "<html>gateway</html>", "{}",
		"[]", "{\"rrsets\":{}}", "",
		SETS("{\"name\":\"a.example.test.\",\"type\":\"A\"}"),
		SETS("{\"name\":\"a.example.test.\",\"type\":\"A\","
		    "\"ttl\":\"5\",\"records\":[]}"),
		SETS("{\"name\":\"a.example.test.\",\"type\":\"A\","
		    "\"ttl\":5,\"records\":[{}]}") };
	const char *const names[] = { "a.example.test", NULL };
	struct dns_set *s;
	size_t n;

	httpd_answer(pdns, "GET", 0, 200, "", bodies[_i]);
	ck_assert(!dnshost_find(host, pool, names, &s, &n, &e));
}
END_TEST

START_TEST(an_unknown_company_and_a_missing_server_are_wrong_input)
{
	ck_assert(dnshost_open(http, &(struct dnshost_open){
	    .company = "nobody", .token = KEY, .zone = "example.test" }, &e)
	    == NULL);
	ck_assert_int_eq(e.kind, ERR_INPUT);
	ck_assert(dnshost_open(http, &(struct dnshost_open){
	    .company = "powerdns", .token = KEY, .zone = "example.test" },
	    &e) == NULL);
	kit_contains(e.text, "dns-server");
}
END_TEST

START_TEST(sets_survive_the_record)
{
	const struct dns_value v[] = { { .text = "192.0.2.1" },
		{ .text = "192.0.2.2", .disabled = true } };
	const struct dns_set s = { .name = "a.example.test", .type = "A",
		.ttl = 300, .value = v, .n = 2 };
	struct json *j = dns_set_json(&s);
	struct dns_set back;

	ck_assert(dns_set_read(pool, j, &back));
	ck_assert(dns_set_same(&s, &back));
	json_set_str(j, "ttl", "300");
	ck_assert(!dns_set_read(pool, j, &back));
	json_free(j);
}
END_TEST

START_TEST(sets_differ_by_ttl_values_and_what_is_disabled)
{
	const struct dns_value off = { .text = "192.0.2.10",
		.disabled = true };
	struct dns_set s = was;

	ck_assert(dns_set_same(&s, &was));
	s = dns_set_with_ttl(was, 6);
	ck_assert(!dns_set_same(&s, &was));
	s = was;
	s.value = &off;
	ck_assert(!dns_set_same(&s, &was));
	s.n = 0;
	ck_assert(!dns_set_same(&s, &was));
}
END_TEST

START_TEST(caches_let_go_one_old_ttl_after_the_change)
{
	const struct dnsrecord_ttl lowered = { .was = 3600, .ttl = 300,
		.since = 1000 };
	const struct dnsrecord_ttl half_done = { .was = 3600, .ttl = 300 };
	const struct dnsrecord_ttl raised = { .was = 300, .ttl = 3600,
		.since = 1000 };

	ck_assert_int_eq(dnsrecord_low_from(&lowered, 9999), 4600);
	ck_assert_int_eq(dnsrecord_low_from(&half_done, 9999), 13599);
	ck_assert_int_eq(dnsrecord_low_from(&raised, 9999), 1000);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dnshost");
	TCase *t = tcase_create("dnshost");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, sets_are_found_in_our_form);
	tcase_add_loop_test(t, a_name_outside_the_zone_is_refused_unasked, 0,
	    3);
	tcase_add_test(t, a_change_is_one_batch_and_told_to_the_others);
	tcase_add_test(t, what_is_so_already_is_not_written);
	tcase_add_test(t, somebody_elses_change_is_a_conflict);
	tcase_add_test(t, a_lost_answer_is_looked_up_and_not_repeated);
	tcase_add_test(t, a_change_that_did_not_happen_is_repeated);
	tcase_add_test(t, a_refused_change_says_why_and_is_not_repeated);
	tcase_add_test(t, a_change_that_was_not_kept_is_no_success);
	tcase_add_test(t, a_zone_without_other_servers_needs_no_notice);
	tcase_add_test(t, a_key_that_may_not_notify_can_still_change);
	tcase_add_loop_test(t,
	    after_a_write_no_error_says_that_nothing_was_written, 0, 2);
	tcase_add_test(t, a_wrong_key_is_denied_and_not_shown);
	tcase_add_test(t, a_zone_that_is_not_there_is_not_found);
	tcase_add_loop_test(t, foreign_answers_are_errors, 0, 8);
	tcase_add_test(t,
	    an_unknown_company_and_a_missing_server_are_wrong_input);
	tcase_add_test(t, sets_survive_the_record);
	tcase_add_test(t, sets_differ_by_ttl_values_and_what_is_disabled);
	tcase_add_test(t, caches_let_go_one_old_ttl_after_the_change);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
