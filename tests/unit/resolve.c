/*
 * resolve - what net/resolve makes of servers that behave, and of those that
 * don't.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/resolve.h"
#include "tests/kit/dnsd.h"
#include "tests/kit/kit.h"

enum { PATIENCE_MS = 1200 };

static struct pool *pool;
static struct dnsd *server;

static void
begin(void)
{
	pool = pool_new();
}

static void
end(void)
{
	if (server != NULL)
		dnsd_stop(server);
	server = NULL;
	pool_free(pool);
}

/* Ask one question of a server with one rule. */
static struct dns_answer
ask(const struct dnsd_rule *rule, const char *name, const char *type,
    bool recursive)
{
	struct dns_question q = { .name = name, .type = type,
		.recursive = recursive };
	struct dns_answer a;

	server = dnsd_start(rule, 1);
	q.server = dnsd_server(server);
	resolve_ask(NULL, pool, &q, &a, 1, clock_now() + PATIENCE_MS);
	return a;
}

#define SOA(ttl, minimum) { "example.test", "SOA", ttl, \
	"ns1.example.test hostmaster.example.test 7 60 5 3600 " minimum }

START_TEST(values_come_sorted_with_their_ttl)
{
	const struct dnsd_rule r = { .answer = {
		{ "a.example.test", "A", 77, "192.0.2.9" },
		{ "a.example.test", "A", 77, "192.0.2.10" },
		{ "a.example.test", "A", 77, "192.0.2.9" } } };
	struct dns_answer a = ask(&r, "A.example.test.", "A", true);

	ck_assert_int_eq(a.found, DNS_ANSWER);
	ck_assert_uint_eq(a.n, 2);
	ck_assert_str_eq(a.value[0], "192.0.2.10");
	ck_assert_str_eq(a.value[1], "192.0.2.9");
	ck_assert_int_eq(a.ttl, 77);
	ck_assert_int_eq(a.keep, 77);
	ck_assert(!a.mixed_ttl && a.authoritative);
}
END_TEST

START_TEST(mixed_ttls_are_seen)
{
	const struct dnsd_rule r = { .answer = {
		{ "a.example.test", "A", 5, "192.0.2.1" },
		{ "a.example.test", "A", 600, "192.0.2.2" } } };
	struct dns_answer a = ask(&r, "a.example.test", "A", false);

	ck_assert(a.mixed_ttl);
	ck_assert_int_eq(a.ttl, 600);
	ck_assert_int_eq(a.keep, 5);
}
END_TEST

START_TEST(a_chain_of_cnames_is_followed_in_any_order)
{
	const struct dnsd_rule r = { .answer = {
		{ "lb.example.net", "A", 300, "192.0.2.1" },
		{ "b.example.test", "CNAME", 20, "LB.example.net" },
		{ "a.example.test", "CNAME", 60, "b.example.test" } } };
	struct dns_answer a = ask(&r, "a.example.test", "A", true);

	ck_assert_int_eq(a.found, DNS_ANSWER);
	ck_assert_uint_eq(a.hops, 2);
	ck_assert_str_eq(a.hop[0].name, "a.example.test");
	ck_assert_int_eq(a.hop[0].ttl, 60);
	ck_assert_str_eq(a.hop[1].target, "lb.example.net");
	ck_assert_int_eq(a.ttl, 300);
	ck_assert_int_eq(a.keep, 20);
}
END_TEST

START_TEST(a_circle_of_cnames_ends)
{
	const struct dnsd_rule r = { .answer = {
		{ "a.example.test", "CNAME", 60, "b.example.test" },
		{ "b.example.test", "CNAME", 60, "a.example.test" } } };
	struct dns_answer a = ask(&r, "a.example.test", "A", true);

	ck_assert_int_eq(a.found, DNS_GARBLED);
	kit_contains(a.why, "circle");
}
END_TEST

START_TEST(an_authority_that_does_not_know_the_end_says_alias)
{
	const struct dnsd_rule r = { .answer = {
		{ "a.example.test", "CNAME", 60, "lb.example.net" } } };
	struct dns_answer a = ask(&r, "a.example.test", "A", false);

	ck_assert_int_eq(a.found, DNS_ALIAS);
	ck_assert_uint_eq(a.hops, 1);
}
END_TEST

START_TEST(no_such_name_and_no_such_type_differ)
{
	const struct dnsd_rule nx = { .rcode = 3,
		.authority = { SOA(900, "86400") } };
	const struct dnsd_rule no = { .authority = { SOA(3600, "30") } };
	struct dns_answer a = ask(&nx, "x.example.test", "A", true);

	ck_assert_int_eq(a.found, DNS_NXDOMAIN);
	ck_assert_int_eq(a.keep, 900);
	dnsd_stop(server);
	a = ask(&no, "x.example.test", "AAAA", true);
	ck_assert_int_eq(a.found, DNS_NODATA);
	ck_assert_int_eq(a.keep, 30);
}
END_TEST

START_TEST(refusal_and_failure_are_no_answers)
{
	const struct dnsd_rule refused = { .rcode = 5 };
	const struct dnsd_rule failed = { .rcode = 2 };
	struct dns_answer a = ask(&refused, "x.example.test", "A", false);

	ck_assert_int_eq(a.found, DNS_REFUSED);
	dnsd_stop(server);
	a = ask(&failed, "x.example.test", "A", false);
	ck_assert_int_eq(a.found, DNS_FAILED);
	kit_contains(a.why, "SERVFAIL");
	ck_assert_int_lt(a.ms, PATIENCE_MS);
}
END_TEST

START_TEST(a_referral_is_lame)
{
	const struct dnsd_rule r = { .no_authority = true, .authority = {
		{ "example.test", "NS", 60, "ns9.example.net" } } };
	struct dns_answer a = ask(&r, "a.example.test", "A", false);

	ck_assert_int_eq(a.found, DNS_LAME);
}
END_TEST

/* That it knows nothing does not mean that there is nothing. */
START_TEST(a_referral_to_a_client_is_no_answer)
{
	const struct dnsd_rule r = { .no_authority = true, .authority = {
		{ "example.test", "NS", 60, "ns9.example.net" } } };
	struct dns_answer a = ask(&r, "a.example.test", "A", true);

	ck_assert_int_eq(a.found, DNS_REFUSED);
}
END_TEST

START_TEST(silence_ends_at_the_deadline)
{
	const struct dnsd_rule r = { .silent = true };
	struct dns_answer a = ask(&r, "a.example.test", "A", true);

	ck_assert_int_eq(a.found, DNS_SILENT);
	ck_assert_int_ge(a.ms, PATIENCE_MS - 50);
	ck_assert_int_lt(a.ms, PATIENCE_MS + 400);
}
END_TEST

START_TEST(a_lost_packet_is_asked_for_again)
{
	const struct dnsd_rule r[] = { { .silent = true, .times = 1 },
		{ .answer = { { "a.example.test", "A", 5, "192.0.2.1" } } } };
	struct dns_question q = { .name = "a.example.test", .type = "A" };
	struct dns_answer a;

	server = dnsd_start(r, 2);
	q.server = dnsd_server(server);
	resolve_ask(NULL, pool, &q, &a, 1, clock_now() + PATIENCE_MS);
	ck_assert_int_eq(a.found, DNS_ANSWER);
}
END_TEST

START_TEST(a_wrong_id_is_not_believed)
{
	const struct dnsd_rule r = { .wrong_id = true,
		.answer = { { "a.example.test", "A", 5, "192.0.2.66" } } };

	ck_assert_int_eq(ask(&r, "a.example.test", "A", true).found,
	    DNS_SILENT);
}
END_TEST

START_TEST(a_cut_answer_is_asked_for_by_tcp)
{
	const struct dnsd_rule r = { .cut = true,
		.answer = { { "a.example.test", "A", 5, "192.0.2.1" } } };
	struct dns_answer a = ask(&r, "a.example.test", "A", true);

	ck_assert_int_eq(a.found, DNS_ANSWER);
	ck_assert_int_ge(dnsd_asked_tcp(server), 1);
}
END_TEST

#define TEXT(x) { "a.example.test", "TXT", 5, \
	x " and seventy bytes more, so that twelve of them are many bytes" }

START_TEST(a_server_of_512_bytes_is_asked_as_it_can)
{
	const struct dnsd_rule r = { .old = true, .answer = { TEXT("1"),
		TEXT("2"), TEXT("3"), TEXT("4"), TEXT("5"), TEXT("6"),
		TEXT("7"), TEXT("8"), TEXT("9") } };
	struct dns_answer a = ask(&r, "a.example.test", "TXT", true);

	ck_assert_int_eq(a.found, DNS_ANSWER);
	ck_assert_uint_eq(a.n, 9);
	ck_assert_int_ge(dnsd_asked_tcp(server), 1);
}
END_TEST

START_TEST(forty_seconds_are_not_waited_for)
{
	static const struct dnsd_rule r = { .delay_ms = 40000, .answer = {
		{ "a.example.test", "A", 5, "192.0.2.1" } } };
	struct dns_answer a = ask(&r, "a.example.test", "A", false);

	ck_assert_int_eq(a.found, DNS_SILENT);
	ck_assert_str_eq(a.why, "no answer");
	ck_assert_int_lt(a.ms, 20000);
}
END_TEST

START_TEST(each_question_has_its_own_deadline)
{
	const struct dnsd_rule mute = { .silent = true };
	static const struct dnsd_rule late = { .delay_ms = 700, .answer = {
		{ "a.example.test", "A", 5, "192.0.2.1" } } };
	struct dnsd *other = dnsd_start(&mute, 1);
	struct dns_question q[2] = {
		{ .name = "a.example.test", .type = "A", .ms = 200 },
		{ .name = "a.example.test", .type = "A" } };
	struct dns_answer a[2];

	server = dnsd_start(&late, 1);
	q[0].server = dnsd_server(other);
	q[1].server = dnsd_server(server);
	resolve_ask(NULL, pool, q, a, 2, clock_now() + 20000);
	dnsd_stop(other);
	ck_assert_int_eq(a[0].found, DNS_SILENT);
	ck_assert_int_eq(a[1].found, DNS_ANSWER);
	ck_assert_int_lt(a[0].ms, a[1].ms);
}
END_TEST

/* Whoever asks before the name exists does not see it for so long. */
START_TEST(a_name_that_is_missing_is_so_for_the_negative_ttl)
{
	const struct dnsd_rule nx = { .rcode = 3,
		.authority = { SOA(86400, "43200") } };
	struct dns_answer a = ask(&nx, "x.example.test", "A", false);

	ck_assert_int_eq(a.found, DNS_NXDOMAIN);
	ck_assert_int_eq(a.keep, 43200);
}
END_TEST

START_TEST(split_answers_are_told_apart_by_server)
{
	const struct dnsd_rule before = { .answer = {
		{ "a.example.test", "A", 300, "192.0.2.1" } } };
	const struct dnsd_rule after = { .answer = {
		{ "a.example.test", "A", 300, "192.0.2.2" } } };
	static const char *const wanted[] = { "192.0.2.2", NULL };
	const struct dns_want want = { .name = "a.example.test", .type = "A",
		.value = wanted, .n = 1 };
	struct dnsd *behind = dnsd_start(&before, 1);
	const char *servers[2] = { dnsd_server(behind), NULL };
	struct err e = { 0 };
	struct resolve *r;

	server = dnsd_start(&after, 1);
	servers[1] = dnsd_server(server);
	r = resolve_open(servers[1], &e);
	ck_assert(!resolve_await(r, servers, 2, false, &want, 1, 1,
	    clock_now() + 600, &e));
	ck_assert_int_eq(e.kind, ERR_TIMEOUT);
	kit_contains(e.text, servers[0]);
	kit_contains(e.text, "192.0.2.1 (TTL 300)");
	ck_assert_ptr_null(strstr(e.text, servers[1]));
	resolve_close(r);
	dnsd_stop(behind);
}
END_TEST

START_TEST(rubbish_is_said_to_be_rubbish)
{
	const struct dnsd_rule r = { .rubbish = true };

	ck_assert_int_eq(ask(&r, "a.example.test", "A", true).found,
	    DNS_GARBLED);
}
END_TEST

START_TEST(nobody_listening_is_silence)
{
	struct dns_question q = { .server = "127.0.0.1:9",
		.name = "a.example.test", .type = "A", .recursive = true };
	struct dns_answer a;

	resolve_ask(NULL, pool, &q, &a, 1, clock_now() + PATIENCE_MS);
	ck_assert_int_eq(a.found, DNS_SILENT);
}
END_TEST

START_TEST(other_types_read_as_in_a_zone_file)
{
	const struct dnsd_rule caa = { .answer = {
		{ "example.test", "CAA", 60, "0 issue letsencrypt.org" } } };
	const struct dnsd_rule six = { .answer = {
		{ "a.example.test", "AAAA", 60, "2001:DB8:0::7" } } };
	const struct dnsd_rule soa = { .answer = { SOA(60, "3") } };
	struct dns_answer a = ask(&caa, "example.test", "CAA", true);

	ck_assert_str_eq(a.value[0], "0 issue letsencrypt.org");
	dnsd_stop(server);
	a = ask(&six, "a.example.test", "AAAA", true);
	ck_assert_str_eq(a.value[0], "2001:db8::7");
	dnsd_stop(server);
	a = ask(&soa, "example.test", "SOA", true);
	ck_assert_str_eq(a.value[0], "ns1.example.test "
	    "hostmaster.example.test 7 60 5 3600 3");
}
END_TEST

START_TEST(four_hundred_questions_go_at_once)
{
	enum { N = 400 };
	const struct dnsd_rule r = { .answer = {
		{ "a.example.test", "A", 5, "192.0.2.1" } } };
	struct dns_question q[N];
	struct dns_answer a[N];

	server = dnsd_start(&r, 1);
	for (int i = 0; i < N; i++)
		q[i] = (struct dns_question){ .server = dnsd_server(server),
			.name = "a.example.test", .type = "A" };
	resolve_ask(NULL, pool, q, a, N, clock_now() + 10000);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(a[i].found, DNS_ANSWER);
}
END_TEST

START_TEST(a_dead_server_does_not_hold_up_the_others)
{
	const struct dnsd_rule r = { .answer = {
		{ "a.example.test", "A", 5, "192.0.2.1" } } };
	const struct dnsd_rule dead = { .silent = true };
	struct dnsd *other = dnsd_start(&dead, 1);
	struct dns_question q[2] = {
		{ .name = "a.example.test", .type = "A" },
		{ .name = "a.example.test", .type = "A" } };
	struct dns_answer a[2];

	server = dnsd_start(&r, 1);
	q[0].server = dnsd_server(other);
	q[1].server = dnsd_server(server);
	resolve_ask(NULL, pool, q, a, 2, clock_now() + PATIENCE_MS);
	ck_assert_int_eq(a[0].found, DNS_SILENT);
	ck_assert_int_eq(a[1].found, DNS_ANSWER);
	ck_assert_int_lt(a[1].ms, 300);
	dnsd_stop(other);
}
END_TEST

static const struct dnsd_rule zone_rules[] = {
	{ .name = "studio.a.example.test", .type = "NS", .no_authority = true,
	  .authority = { SOA(60, "3") } },
	{ .name = "a.example.test", .type = "NS", .no_authority = true,
	  .answer = { { "a.example.test", "CNAME", 60, "b.example.net" },
	    { "b.example.net", "NS", 60, "ns.example.net" } } },
	{ .name = "example.test", .type = "NS", .no_authority = true,
	  .answer = { { "example.test", "NS", 60, "ns2.example.test" },
	    { "example.test", "NS", 60, "ns1.example.test" } } },
	{ .name = "test", .type = "NS", .rcode = 3,
	  .authority = { SOA(60, "3") } },
	{ .name = "ns1.example.test", .type = "A", .no_authority = true,
	  .answer = { { "ns1.example.test", "A", 60, "127.0.0.1" },
	    { "ns1.example.test", "A", 60, "127.0.0.2" } } },
	{ .name = "ns2.example.test", .type = "A", .no_authority = true,
	  .answer = { { "ns2.example.test", "A", 60, "127.0.0.3" } } },
	{ .type = "AAAA", .authority = { SOA(60, "3") } },
};

START_TEST(every_address_of_every_name_server_is_found)
{
	struct err e = { 0 };
	struct dns_zone z;
	struct resolve *r;

	server = dnsd_start(zone_rules, 7);
	r = resolve_open(dnsd_server(server), &e);
	ck_assert_msg(r != NULL, "%s", e.text);
	ck_assert_msg(resolve_find_zone(r, pool, "studio.a.example.test",
	    clock_now() + PATIENCE_MS, &z, &e), "%s", e.text);
	ck_assert_str_eq(z.name, "example.test");
	ck_assert_uint_eq(z.n, 3);
	ck_assert_str_eq(z.ns[0].name, "ns1.example.test");
	ck_assert_str_eq(z.ns[1].address, "127.0.0.2");
	ck_assert_str_eq(z.ns[2].address, "127.0.0.3");
	resolve_close(r);
}
END_TEST

START_TEST(a_host_becomes_an_address)
{
	struct err e = { 0 };
	struct resolve *r;

	server = dnsd_start(zone_rules, 7);
	r = resolve_open(dnsd_server(server), &e);
	ck_assert_str_eq(resolve_address(r, pool, "ns2.example.test",
	    clock_now() + PATIENCE_MS, &e), "127.0.0.3");
	ck_assert_str_eq(resolve_address(r, pool, "203.0.113.5",
	    clock_now() + PATIENCE_MS, &e), "203.0.113.5");
	ck_assert(resolve_address(r, pool, "nowhere.example.test",
	    clock_now() + PATIENCE_MS, &e) == NULL);
	resolve_close(r);
}
END_TEST

START_TEST(waiting_names_the_server_that_lags)
{
	const struct dnsd_rule fresh = { .answer = {
		{ "a.example.test", "A", 5, "192.0.2.20" } } };
	const struct dnsd_rule stale = { .answer = {
		{ "a.example.test", "A", 5, "192.0.2.10" } } };
	struct dnsd *old = dnsd_start(&stale, 1);
	const char *to[] = { "192.0.2.20" };
	struct dns_want w = { .name = "a.example.test", .type = "A",
		.value = to, .n = 1, .ttl = 5 };
	const char *servers[2];
	struct err e = { 0 };

	server = dnsd_start(&fresh, 1);
	servers[0] = dnsd_server(server);
	servers[1] = dnsd_server(old);
	ck_assert(!resolve_await(NULL, servers, 2, false, &w, 1, 2,
	    clock_now() + PATIENCE_MS, &e));
	ck_assert_int_eq(e.kind, ERR_TIMEOUT);
	kit_contains(e.text, dnsd_server(old));
	kit_contains(e.text, "192.0.2.10");
	kit_lacks(e.text, dnsd_server(server));
	ck_assert(resolve_await(NULL, servers, 1, false, &w, 1, 2,
	    clock_now() + PATIENCE_MS, &e));
	dnsd_stop(old);
}
END_TEST

START_TEST(a_round_that_the_deadline_cuts_short_hides_no_cause)
{
	const struct dnsd_rule r[] = { { .times = 1, .answer = {
		{ "a.example.test", "A", 5, "192.0.2.10" } } },
		{ .silent = true } };
	const char *to[] = { "192.0.2.20" };
	struct dns_want w = { .name = "a.example.test", .type = "A",
		.value = to, .n = 1 };
	const char *servers[1];
	struct err e = { 0 };

	server = dnsd_start(r, 2);
	servers[0] = dnsd_server(server);
	ck_assert(!resolve_await(NULL, servers, 1, true, &w, 1, 1,
	    clock_now() + PATIENCE_MS, &e));
	kit_contains(e.text, "192.0.2.10");
}
END_TEST

START_TEST(an_authority_is_asked_for_the_name_itself)
{
	const struct dnsd_rule r = { .answer = {
		{ "a.example.test", "CNAME", 5, "b.example.test" },
		{ "b.example.test", "A", 5, "192.0.2.1" } } };
	const char *to[] = { "192.0.2.1" };
	struct dns_want w = { .name = "a.example.test", .type = "A",
		.value = to, .n = 1 };
	struct err e = { 0 };
	const char *servers[1];

	server = dnsd_start(&r, 1);
	servers[0] = dnsd_server(server);
	ck_assert(resolve_await(NULL, servers, 1, true, &w, 1, 1,
	    clock_now() + PATIENCE_MS, &e));
	ck_assert(!resolve_await(NULL, servers, 1, false, &w, 1, 1,
	    clock_now() + 300, &e));
	w.n = 0;
	ck_assert(resolve_await(NULL, servers, 1, false, &w, 1, 1,
	    clock_now() + PATIENCE_MS, &e));
	ck_assert(!resolve_await(NULL, servers, 1, true, &w, 1, 1,
	    clock_now() + 300, &e));
}
END_TEST

START_TEST(sets_are_compared_and_not_texts)
{
	const char *a[] = { "127.0.0.1", "127.0.0.2" };
	const char *b[] = { "127.0.0.2", "127.0.0.1" };
	const char *c[] = { "127.0.0.1", "127.0.0.20" };

	ck_assert(dns_same(a, 2, b, 2));
	ck_assert(!dns_same(a, 2, c, 2));
	ck_assert(!dns_same(a, 2, b, 1));
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	struct err e = { 0 };
	struct resolve *r = resolve_open("127.0.0.1:5353, [::1]:53, ::1",
	    &e);
	size_t n;

	ck_assert_msg(r != NULL, "%s", e.text);
	(void)resolve_servers(r, &n);
	ck_assert_uint_eq(n, 3);
	resolve_close(r);
	ck_assert(resolve_open("ns1.example.test", &e) == NULL);
	ck_assert_int_eq(e.kind, ERR_INPUT);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("resolve");
	TCase *t = tcase_create("resolve");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, values_come_sorted_with_their_ttl);
	tcase_add_test(t, mixed_ttls_are_seen);
	tcase_add_test(t, a_chain_of_cnames_is_followed_in_any_order);
	tcase_add_test(t, a_circle_of_cnames_ends);
	tcase_add_test(t, an_authority_that_does_not_know_the_end_says_alias);
	tcase_add_test(t, no_such_name_and_no_such_type_differ);
	tcase_add_test(t, refusal_and_failure_are_no_answers);
	tcase_add_test(t, a_referral_is_lame);
	tcase_add_test(t, a_referral_to_a_client_is_no_answer);
	tcase_add_test(t, silence_ends_at_the_deadline);
	tcase_add_test(t, a_lost_packet_is_asked_for_again);
	tcase_add_test(t, a_wrong_id_is_not_believed);
	tcase_add_test(t, a_cut_answer_is_asked_for_by_tcp);
	tcase_add_test(t, a_server_of_512_bytes_is_asked_as_it_can);
	tcase_add_test(t, forty_seconds_are_not_waited_for);
	tcase_add_test(t, each_question_has_its_own_deadline);
	tcase_add_test(t, a_name_that_is_missing_is_so_for_the_negative_ttl);
	tcase_add_test(t, split_answers_are_told_apart_by_server);
	tcase_add_test(t, rubbish_is_said_to_be_rubbish);
	tcase_add_test(t, nobody_listening_is_silence);
	tcase_add_test(t, other_types_read_as_in_a_zone_file);
	tcase_add_test(t, four_hundred_questions_go_at_once);
	tcase_add_test(t, a_dead_server_does_not_hold_up_the_others);
	tcase_add_test(t, every_address_of_every_name_server_is_found);
	tcase_add_test(t, a_host_becomes_an_address);
	tcase_add_test(t, waiting_names_the_server_that_lags);
	tcase_add_test(t, a_round_that_the_deadline_cuts_short_hides_no_cause);
	tcase_add_test(t, an_authority_is_asked_for_the_name_itself);
	tcase_add_test(t, sets_are_compared_and_not_texts);
	tcase_add_test(t, what_is_no_address_is_refused);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
