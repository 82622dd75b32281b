/*
 * What the project needs of a DNS company's API (PowerDNS's) and of the name
 * servers behind it, held against real ones.
 *
 * In the sandbox these are its PowerDNS and NSD. For others give
 * CONTRACT_DNS_URL, _KEY, _ZONE and _SERVERS (addresses of the zone's name
 * servers, the one with the API first). Only names below
 * contract-test.<zone> are made, and taken away again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/http.h"
#include "tests/kit/kit.h"

enum { ROOM = 2048, SECONDARY_TENTHS = 50 };

#define JSON "application/json"

static struct server api;
static const char *zone;
static char key[256], first[64], second[64];

/* The variable for a real server, or that of the sandbox. */
static const char *
given(const char *real, const char *sandbox)
{
	const char *value = getenv(real);

	return value != NULL ? value : kit_env(sandbox);
}

static void
find_servers(void)
{
	const char *list = getenv("CONTRACT_DNS_SERVERS");

	if (list != NULL) {
		ck_assert_int_eq(sscanf(list, "%63[^, ]%*[, ]%63s", first,
		    second), 2);
		return;
	}
	snprintf(first, sizeof first, "%s", kit_env("SB_PDNS_ADDR"));
	snprintf(second, sizeof second, "%s", kit_env("SB_NSD_ADDR"));
}

static const char *
at(const char *rest)
{
	static char path[ROOM];

	snprintf(path, sizeof path, "/api/v1/servers/localhost/zones/%s.%s",
	    zone, rest);
	return path;
}

static struct answer
call(const char *method, const char *rest, const char *body)
{
	return web_send(&api, method, at(rest), key, body != NULL ? JSON
	    : NULL, body);
}

/* A name below contract-test; static memory, eight of them. */
static const char *
name(const char *label)
{
	static char names[8][ROOM / 8];
	static int i;
	char *s = names[i++ % 8];

	snprintf(s, ROOM / 8, "%s%scontract-test.%s", label,
	    *label != '\0' ? "." : "", zone);
	return s;
}

static const char *
set(const char *label, const char *type, int ttl, const char *records)
{
	static char sets[4][ROOM];
	static int i;
	char *s = sets[i++ % 4];

	snprintf(s, ROOM, "{\"name\":\"%s.\",\"type\":\"%s\",\"ttl\":%d,"
	    "\"changetype\":\"REPLACE\",\"records\":[%s]}", name(label),
	    type, ttl, records);
	return s;
}

static const char *
no_set(const char *label, const char *type)
{
	static char sets[4][ROOM];
	static int i;
	char *s = sets[i++ % 4];

	snprintf(s, ROOM, "{\"name\":\"%s.\",\"type\":\"%s\","
	    "\"changetype\":\"DELETE\"}", name(label), type);
	return s;
}

#define ON(c) "{\"content\":\"" c "\",\"disabled\":false}"
#define OFF(c) "{\"content\":\"" c "\",\"disabled\":true}"

/* PATCH of one or two sets; the status. */
static long
patch(const char *one, const char *two)
{
	char body[3 * ROOM];
	struct answer a;
	long status;

	snprintf(body, sizeof body, "{\"rrsets\":[%s%s%s]}", one,
	    two != NULL ? "," : "", two != NULL ? two : "");
	a = call("PATCH", "", body);
	status = a.status;
	web_free(&a);
	return status;
}

static void
clean(void)
{
	ck_assert_int_eq(patch(no_set("a", "A"), no_set("b", "CNAME")), 204);
	ck_assert_int_eq(patch(no_set("b", "A"), no_set("c", "CNAME")), 204);
	ck_assert_int_eq(patch(no_set("*.w", "A"), NULL), 204);
}

static void
set_up(void)
{
	zone = given("CONTRACT_DNS_ZONE", "SB_ZONE");
	api = (struct server){ .url = given("CONTRACT_DNS_URL",
	    "SB_PDNS_API") };
	snprintf(key, sizeof key, "X-API-Key: %s", given("CONTRACT_DNS_KEY",
	    "SB_PDNS_KEY"));
	find_servers();
	clean();
}

static void
tear_down(void)
{
	clean();
}

/* One set of the zone as the API has it, as compact JSON; "" if none. */
static const char *
stored(const char *label, const char *type, const char *query)
{
	static char text[ROOM];
	struct answer a = call("GET", "", NULL);
	char *path = kit_folder(), file[ROOM], *said;

	snprintf(file, sizeof file, "%s/zone.json", path);
	kit_write(file, a.body);
	said = kit_sh("jq -c '.rrsets[] | select(.name == \"%s.\" and .type "
	    "== \"%s\") | %s' %s", name(label), type, query, file);
	snprintf(text, sizeof text, "%s", said);
	text[strcspn(text, "\n")] = '\0';
	free(said);
	free(path);
	web_free(&a);
	return text;
}

/* "status flags; ttl data" of a server's answer, by dig. */
static char *
dig(const char *server, const char *label, const char *type)
{
	return kit_sh("dig +norecurse +noall +comments +answer @%s %s %s | "
	    "sed 's/.*status: \\([A-Z]*\\),.*/;\\1/; "
	    "s/^;; flags: \\([a-z ]*\\);.*/;\\1/' | "
	    "awk '/^;[^;]/ || /^;$/ { print substr($0, 2); next } "
	    "/^;/ { next } NF { print $2, $5 }'", server, name(label), type);
}

static void
expect_served(const char *server, const char *label, const char *type,
    const char *part)
{
	char *said = dig(server, label, type);

	kit_contains(said, part);
	free(said);
}

static long
serial(const char *server)
{
	char *said = kit_sh("dig +short @%s %s SOA | cut -d' ' -f3", server,
	    zone);
	long n = strtol(said, NULL, 10);

	free(said);
	return n;
}

START_TEST(the_zone_is_there_for_who_has_the_key)
{
	struct answer a = call("GET", "?rrsets=false", NULL);
	char want[ROOM];

	ck_assert_int_eq(a.status, 200);
	snprintf(want, sizeof want, "%s.", zone);
	ck_assert_str_eq(answer_str(&a, "name"), want);
	web_free(&a);
	a = web_send(&api, "GET", at(""), "X-API-Key: wrong", NULL, NULL);
	ck_assert_int_eq(a.status, 401);
	web_free(&a);
	a = web_send(&api, "GET", at(""), NULL, NULL, NULL);
	ck_assert_int_eq(a.status, 401);
	web_free(&a);
}
END_TEST

START_TEST(an_unknown_zone_is_not_found)
{
	struct answer a = web_send(&api, "GET", "/api/v1/servers/localhost/"
	    "zones/not-there.invalid.", key, NULL, NULL);

	ck_assert_int_eq(a.status, 404);
	web_free(&a);
}
END_TEST

START_TEST(a_change_is_stored_and_served_at_once)
{
	long before = serial(first);

	ck_assert_int_eq(patch(set("a", "A", 7, ON("192.0.2.1") ","
	    ON("192.0.2.2")), NULL), 204);
	ck_assert_str_eq(stored("a", "A", "[.ttl, ([.records[].content] | "
	    "sort)]"), "[7,[\"192.0.2.1\",\"192.0.2.2\"]]");
	expect_served(first, "a", "A", "7 192.0.2.1");
	expect_served(first, "a", "A", "7 192.0.2.2");
	expect_served(first, "a", "A", "qr aa");
	ck_assert_int_gt(serial(first), before);
}
END_TEST

START_TEST(replacing_takes_the_whole_set)
{
	ck_assert_int_eq(patch(set("a", "A", 7, ON("192.0.2.1") ","
	    ON("192.0.2.2")), NULL), 204);
	ck_assert_int_eq(patch(set("a", "A", 9, ON("192.0.2.3")), NULL), 204);
	ck_assert_str_eq(stored("a", "A", "[.ttl, .records[].content]"),
	    "[9,\"192.0.2.3\"]");
}
END_TEST

START_TEST(the_same_again_is_fine)
{
	const char *s = set("a", "A", 7, ON("192.0.2.1"));

	ck_assert_int_eq(patch(s, NULL), 204);
	ck_assert_int_eq(patch(s, NULL), 204);
	ck_assert_int_eq(patch(no_set("a", "A"), NULL), 204);
	ck_assert_int_eq(patch(no_set("a", "A"), NULL), 204);
}
END_TEST

START_TEST(wrong_changes_are_refused_in_json)
{
	static const char *const wrong[] = {
		"{\"name\":\"%s.\",\"type\":\"A\",\"ttl\":5,\"records\":[]}",
		"{\"name\":\"%s\",\"type\":\"A\",\"ttl\":5,\"changetype\":"
		"\"REPLACE\",\"records\":[" ON("192.0.2.1") "]}",
		"{\"name\":\"%s.\",\"type\":\"A\",\"ttl\":5,\"changetype\":"
		"\"REPLACE\",\"records\":[" ON("not an address") "]}",
		"{\"name\":\"%s.\",\"type\":\"CNAME\",\"ttl\":5,"
		"\"changetype\":\"REPLACE\",\"records\":[" ON("no.dot")
		"]}",
		"{\"name\":\"%s.elsewhere.invalid.\",\"type\":\"A\","
		"\"ttl\":5,\"changetype\":\"REPLACE\",\"records\":["
		ON("192.0.2.1") "]}",
	};
	char one[ROOM], body[2 * ROOM];
	struct answer a;

	snprintf(one, sizeof one, "%s", wrong[_i]);
	ck_assert_ptr_nonnull(strstr(one, "%s"));
	*strstr(one, "%s") = '\0';
	snprintf(body, sizeof body, "{\"rrsets\":[%s%s%s]}", one, name("a"),
	    strstr(wrong[_i], "%s") + 2);
	a = call("PATCH", "", body);
	ck_assert_msg(a.status == 422 || a.status == 400, "%ld %s", a.status,
	    a.body);
	ck_assert_ptr_nonnull(answer_str(&a, "error"));
	web_free(&a);
	ck_assert_str_eq(stored("a", "A", ".ttl"), "");
}
END_TEST

START_TEST(a_wrong_part_leaves_the_whole_batch_undone)
{
	ck_assert_int_eq(patch(set("a", "A", 5, ON("192.0.2.1")),
	    set("b", "A", 5, ON("nonsense"))), 422);
	ck_assert_str_eq(stored("a", "A", ".ttl"), "");
}
END_TEST

START_TEST(a_cname_can_not_stand_beside_an_address)
{
	ck_assert_int_eq(patch(set("b", "A", 5, ON("192.0.2.1")), NULL), 204);
	ck_assert_int_eq(patch(set("b", "CNAME", 5, ON("x.example.net.")),
	    NULL), 422);
}
END_TEST

START_TEST(a_cname_gives_way_to_an_address_in_one_batch)
{
	ck_assert_int_eq(patch(set("b", "CNAME", 5, ON("x.example.net.")),
	    NULL), 204);
	ck_assert_int_eq(patch(no_set("b", "CNAME"), set("b", "A", 5,
	    ON("192.0.2.1"))), 204);
	expect_served(first, "b", "A", "5 192.0.2.1");
}
END_TEST

START_TEST(comments_stay_when_they_are_not_sent)
{
	char with[ROOM];

	snprintf(with, sizeof with, "{\"name\":\"%s.\",\"type\":\"A\","
	    "\"ttl\":5,\"changetype\":\"REPLACE\",\"records\":["
	    ON("192.0.2.1") "],\"comments\":[{\"content\":\"ask Ann\","
	    "\"account\":\"ann\"}]}", name("a"));
	ck_assert_int_eq(patch(with, NULL), 204);
	ck_assert_int_eq(patch(set("a", "A", 6, ON("192.0.2.9")), NULL), 204);
	ck_assert_str_eq(stored("a", "A", "[.ttl, .comments[0].content]"),
	    "[6,\"ask Ann\"]");
}
END_TEST

/* The reason why the product reads whole zones. */
START_TEST(disabled_records_are_in_the_zone_and_not_served)
{
	char *said;

	ck_assert_int_eq(patch(set("a", "A", 5, ON("192.0.2.1") ","
	    OFF("192.0.2.2")), NULL), 204);
	ck_assert_str_eq(stored("a", "A", "[.records[] | select(.disabled) | "
	    ".content]"), "[\"192.0.2.2\"]");
	said = dig(first, "a", "A");
	kit_lacks(said, "192.0.2.2");
	free(said);
}
END_TEST

START_TEST(a_notice_brings_the_second_server_up_to_date)
{
	struct answer a;
	long want;

	ck_assert_int_eq(patch(set("a", "A", 5, ON("192.0.2.1")), NULL), 204);
	a = call("PUT", "/notify", NULL);
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	want = serial(first);
	for (int i = 0; i < SECONDARY_TENTHS && serial(second) < want; i++)
		nap(0.1);
	ck_assert_int_eq(serial(second), want);
	expect_served(second, "a", "A", "5 192.0.2.1");
	expect_served(second, "a", "A", "qr aa");
}
END_TEST

START_TEST(what_is_not_there_is_told_apart)
{
	char *said;

	ck_assert_int_eq(patch(set("a", "A", 5, ON("192.0.2.1")), NULL), 204);
	expect_served(first, "nothing", "A", "NXDOMAIN");
	expect_served(first, "a", "AAAA", "NOERROR");
	said = kit_sh("dig +norecurse +noall +authority @%s %s A", first,
	    name("nothing"));
	kit_contains(said, "SOA");
	free(said);
}
END_TEST

START_TEST(a_cname_comes_with_what_it_leads_to)
{
	char target[ROOM];

	snprintf(target, sizeof target, "{\"content\":\"%s.\",\"disabled\":"
	    "false}", name("a"));
	ck_assert_int_eq(patch(set("a", "A", 5, ON("192.0.2.1")),
	    set("c", "CNAME", 6, target)), 204);
	expect_served(first, "c", "A", "5 192.0.2.1");
	expect_served(first, "c", "A", "6 a.contract-test");
}
END_TEST

START_TEST(a_wildcard_answers_for_names_of_its_own)
{
	ck_assert_int_eq(patch(set("*.w", "A", 5, ON("192.0.2.1")), NULL),
	    204);
	expect_served(first, "any.w", "A", "5 192.0.2.1");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dns");
	TCase *t = tcase_create("dns");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_zone_is_there_for_who_has_the_key);
	tcase_add_test(t, an_unknown_zone_is_not_found);
	tcase_add_test(t, a_change_is_stored_and_served_at_once);
	tcase_add_test(t, replacing_takes_the_whole_set);
	tcase_add_test(t, the_same_again_is_fine);
	tcase_add_loop_test(t, wrong_changes_are_refused_in_json, 0, 5);
	tcase_add_test(t, a_wrong_part_leaves_the_whole_batch_undone);
	tcase_add_test(t, a_cname_can_not_stand_beside_an_address);
	tcase_add_test(t, a_cname_gives_way_to_an_address_in_one_batch);
	tcase_add_test(t, comments_stay_when_they_are_not_sent);
	tcase_add_test(t, disabled_records_are_in_the_zone_and_not_served);
	tcase_add_test(t, a_notice_brings_the_second_server_up_to_date);
	tcase_add_test(t, what_is_not_there_is_told_apart);
	tcase_add_test(t, a_cname_comes_with_what_it_leads_to);
	tcase_add_test(t, a_wildcard_answers_for_names_of_its_own);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
