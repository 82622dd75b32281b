/*
 * Proves switch-dns on the sandbox's real name servers, ingresses and
 * certificate authority: that all hosts are led to the new side, or back if
 * it falls ill, and that the step can be killed, or lose any answer, at any
 * moment. dns-before.c has what comes before, restore-dns.c the way back.
 *
 * Runs inside the sandbox; puts the names back where they were.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/names.h"
#include "tests/kit/site.h"

/* What stood in the first set that was replaced */
#define FIRST ".switch.from[0].values[0].value"

enum { KILLS = 7 };

/* Low TTL since a while, and a new side that waits. */
static void
prepare_switch(void)
{
	site_reset_zone(5);
	names_serve(true);
	names_just_run("set-dns-ttl", 0, "done");
	names_var("wait=true");
	names_var("good=2");
}

START_TEST(switch_moves_all_hosts_and_measures_the_outage)
{
	const char *before, *history;
	struct kit_run r;

	prepare_switch();
	r = names_run("switch-dns", 0, "done");
	names_expect_new();
	ck_assert_str_eq(kit_output(&r, "switched"), "true");
	kit_contains(kit_output(&r, "outages"), "courses.example.test=");
	kit_contains(r.summary, "```mermaid\ngantt");
	kit_contains(r.summary, "seconds down");
	ck_assert_str_eq(names_record(FIRST), old_ip);
	ck_assert_str_ne(names_record(".switch.done"), "null");
	kit_run_free(&r);
	before = site_serial();
	history = names_commits();
	names_just_run("switch-dns", 0, "unchanged");
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(names_commits(), history);
}
END_TEST

START_TEST(the_outage_is_what_another_visitor_saw)
{
	const char *file;
	double seen, told, gap, most;
	struct kit_run r;

	names_hurry();
	file = kit_text("%s/probe", names_folder);
	/* The certificates of before are gone, so that there is an outage:
	 * the ingress orders new ones once the names lead to it. */
	names_serve(false);
	kit_out("rm -f %s/ingress/new/tls/*%s*", kit_env("SB_STATE"), lms);
	names_serve(true);
	names_help(kit_text("while :; do a=$(dig +short +tries=1 "
	    "+time=1 @%s %s A | tail -1); t=$(date +%%s.%%N); "
	    "c=$(curl -s -m 0.9 -o /dev/null -w '%%{http_code}' --cacert %s "
	    "--resolve %s:443:$a https://%s/heartbeat); "
	    "[ $? = 28 ] || echo $t $c; sleep 0.06; done >%s",
	    kit_env("SB_RESOLVER_ADDR"), lms, kit_env("SB_CA_BUNDLE"), lms,
	    lms, file));
	r = names_run("switch-dns", 0, "done");
	names_help_no_more();
	/* Bad times as the probe's own clock has them; on a busy machine
	 * both see less sharply, and the probe knows how much: what it did
	 * not get in time (curl's 28) says nothing. */
	seen = strtod(kit_out("awk '{ if (last && bad) s += $1 - last; "
	    "last = $1; bad = $2 != 200 } END { print s + 0 }' %s", file),
	    NULL);
	gap = strtod(kit_out("awk 'NR > 1 && $1 - last > g { g = $1 - last } "
	    "{ last = $1 } END { print g + 0 }' %s", file), NULL);
	told = strtod(strstr(kit_output(&r, "outages"),
	    "courses.example.test=") + strlen("courses.example.test="), NULL);
	most = 1.0 + 2 * gap;
	ck_assert_msg(seen > 0.2, "there was no outage to measure");
	ck_assert_msg(told - seen < most && seen - told < most,
	    "told %.1f s, another visitor saw %.1f s, looking every %.1f s "
	    "or sooner", told, seen, gap);
	kit_run_free(&r);
}
END_TEST

/* The new side falls ill in the moment in which visitors come. */
static void
sicken_after_switch(void)
{
	const char *s = kit_env("SB_STATE");

	names_help(kit_text("until dig +short @%s %s A | "
	    "grep -q '^%s$'; do sleep 0.05; done; ln -sfn st_sick "
	    "%s/deployed/new/current.st; mv -T %s/deployed/new/current.st "
	    "%s/deployed/new/current; sleep 1000", kit_env("SB_PDNS_ADDR"),
	    lms, new_ip, s, s, s));
}

START_TEST(switch_turns_back_when_the_new_side_falls_ill)
{
	struct kit_run r;

	names_hurry();
	names_var("timeout=8");
	sicken_after_switch();
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "switched back, and the old side serves again");
	kit_contains(r.out, "Access denied");
	names_expect_old();
	ck_assert_str_eq(kit_output(&r, "switched"), "false");
	kit_contains(r.summary, "```mermaid");
	ck_assert_str_eq(names_record(".switch.done"), "null");
	kit_run_free(&r);
}
END_TEST

/* There is nothing for its visitors to go back to. */
START_TEST(the_way_back_does_not_wait_for_a_host_that_is_new)
{
	struct kit_run r;

	names_hurry();
	site_patch(site_no_set(kit_env("SB_PREVIEW_HOST"), "CNAME"));
	site_settle();
	names_var("timeout=8");
	sicken_after_switch();
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "switched back, and the old side serves again");
	names_expect_old();
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_keeps_the_new_records_if_told_so)
{
	struct kit_run r;

	names_hurry();
	names_var("timeout=8");
	names_var("on-failure=keep");
	sicken_after_switch();
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "were kept");
	names_expect(lms, "A", names_answer(names_low, new_ip));
	kit_run_free(&r);
	/* Well again: the next run completes it. */
	names_help_no_more();
	site_deploy("good");
	names_var("timeout=60");
	r = kit_step("switch-dns", names_vars);
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_ne(names_record(".switch.done"), "null");
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_killed_anywhere_is_completed)
{
	names_hurry();
	for (int k = 0; k < KILLS; k++) {
		struct kit_run r;

		site_reset_zone(1);
		r = kit_step_killed("switch-dns", names_vars, 150 + k * 300);
		kit_run_free(&r);
		r = kit_step("switch-dns", names_vars);
		ck_assert_msg(r.status == 0, "killed after %d ms: %s",
		    150 + k * 300, r.out);
		names_expect_new();
		ck_assert_str_eq(names_record(FIRST), old_ip);
		ck_assert_str_ne(names_record(".switch.done"), "null");
		kit_run_free(&r);
	}
}
END_TEST

START_TEST(switch_any_lost_request_is_made_good)
{
	static const char *const faults[] = { "reset-after", "reset-before",
		"html" };
	int n;

	names_hurry();
	names_use_proxy();
	names_fault(NULL);
	names_just_run("switch-dns", 0, "done");
	n = names_requests();
	for (int k = 1; k <= n; k++) {
		struct kit_run r;

		site_reset_zone(1);
		names_fault(kit_text("{\"fault\":\"%s\",\"nth\":%d}",
		    faults[k % 3], k));
		r = kit_step("switch-dns", names_vars);
		names_check_secrets(&r);
		names_fault(NULL);
		kit_run_free(&r);
		r = kit_step("switch-dns", names_vars);
		ck_assert_msg(r.status == 0, "after %s at %d: %s",
		    faults[k % 3], k, r.out);
		names_expect_new();
		kit_run_free(&r);
	}
}
END_TEST

/* Once the step has asked so often for its notice. */
static const char *
when_told(int times)
{
	return kit_text("until [ \"$(curl -fsS http://%s/log | jq "
	    "'[.requests[] | select(.path | test(\"/notify$\"))] | length')"
	    "\" -ge %d ]; do sleep 0.2; done; ", names_control(), times);
}

START_TEST(a_name_server_that_lags_is_told_again)
{
	struct kit_run r;

	names_hurry();
	names_use_proxy();
	kit_out("%s", names_second("STOP"));
	/* The first notice gets lost, though the answer says it was sent. */
	names_fault("{\"fault\":\"status\",\"status\":200,\"method\":\"PUT\","
	    "\"path\":\"notify\"}");
	names_help(kit_text("%s%s", when_told(2), names_second("CONT")));
	r = names_run("switch-dns", 0, "done");
	kit_contains(r.out, "not all name servers agree yet");
	kit_contains(r.out, kit_env("SB_NSD_ADDR"));
	/* Also the resolver, whichever of them it had asked. */
	ck_assert_str_eq(kit_out("dig +short @%s %s A",
	    kit_env("SB_RESOLVER_ADDR"), lms), new_ip);
	names_expect_new();
	kit_run_free(&r);
}
END_TEST

/* They follow by themselves: no reason to lead all visitors back. */
START_TEST(servers_that_can_not_be_told_again_are_waited_for)
{
	struct kit_run r;

	names_hurry();
	names_use_proxy();
	kit_out("%s", names_second("STOP"));
	/* The notice of the change gets lost, and those after it fail. */
	names_fault("{\"fault\":\"status\",\"status\":200,\"method\":\"PUT\","
	    "\"path\":\"notify\"}");
	kit_out("curl -fsS -X POST -d '{\"fault\":\"status\",\"status\":500,"
	    "\"method\":\"PUT\",\"path\":\"notify\",\"nth\":2,\"always\":"
	    "true}' http://%s/fault", names_control());
	/* Only once the step has met both is the second server told. */
	names_help(kit_text("%s%s; curl -fsS -o /dev/null -X PUT "
	    "-H 'X-API-Key: %s' %s/api/v1/servers/localhost/zones/%s./notify",
	    when_told(2), names_second("CONT"), kit_env("SB_PDNS_KEY"),
	    kit_env("SB_PDNS_API"), kit_env("SB_ZONE")));
	r = names_run("switch-dns", 0, "done");
	kit_contains(r.out, "not all name servers agree yet");
	kit_contains(r.out, "could not be told again");
	/* Also the resolver, whichever of them it had asked. */
	ck_assert_str_eq(kit_out("dig +short @%s %s A",
	    kit_env("SB_RESOLVER_ADDR"), lms), new_ip);
	names_expect_new();
	kit_run_free(&r);
}
END_TEST

/* It answers, and with what was there before: that is no success. */
START_TEST(a_name_server_that_never_follows_is_named_and_turned_back_from)
{
	struct kit_run r;

	names_hurry();
	names_use_proxy();
	kit_out("%s", names_second("STOP"));
	names_var("timeout=8");
	names_fault("{\"fault\":\"status\",\"status\":200,\"method\":\"PUT\","
	    "\"path\":\"notify\",\"always\":true}");
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, kit_text("%s", kit_env("SB_NSD_ADDR")));
	kit_contains(r.out, "switched back, and the old side serves again");
	ck_assert_str_eq(kit_output(&r, "switched"), "false");
	ck_assert_str_eq(names_record(".switch.done"), "null");
	names_expect_old();
	kit_out("%s", names_second("CONT"));
	kit_run_free(&r);
}
END_TEST

START_TEST(an_ipv6_record_goes_with_the_switch_and_comes_back)
{
	struct kit_run r;

	names_hurry();
	site_patch(site_set(cms, "AAAA", 1, "2001:db8::1"));
	r = names_run("switch-dns", 0, "done");
	kit_contains(r.out, "no AAAA record (was AAAA 2001:db8::1 TTL 1)");
	kit_contains(r.summary, "| IPv6 | go, but note | studio.courses."
	    "example.test: AAAA 2001:db8::1 TTL 1 goes in the same change");
	ck_assert_str_eq(names_say(kit_env("SB_PDNS_ADDR"), cms, "AAAA"), "");
	kit_contains(names_record("[.switch.from[].type] | join(\",\")"),
	    "AAAA");
	names_expect_new();
	kit_run_free(&r);
}
END_TEST

START_TEST(a_cname_to_elsewhere_gives_way_to_an_address)
{
	struct kit_run r;

	names_hurry();
	site_patch(site_set(mfe, "CNAME", 1, "lb.old.example.test."));
	site_patch(site_set("lb.old.example.test", "A", 1, old_ip));
	r = names_run("switch-dns", 0, "done");
	names_expect(mfe, "A", names_answer(names_low, new_ip));
	kit_run_free(&r);
	site_patch(kit_text("%s,%s", site_no_set(mfe, "A"),
	    site_no_set("lb.old.example.test", "A")));
}
END_TEST

/* ---- a zone of others -------------------------------------------------- */

/* Whoever keeps the zone does it some seconds after being told. */
START_TEST(others_are_told_what_to_change_and_waited_for)
{
	struct kit_run r;

	names_hurry();
	names_var("dns-provider=manual");
	names_var("dns-token=");
	names_var("dns-server=");
	names_help(kit_text("sleep 6; curl -fsS -X PATCH -H 'X-API-Key: "
	    "%s' -d '{\"rrsets\":[%s,%s]}' %s/api/v1/servers/localhost/zones/"
	    "%s. && curl -fsS -o /dev/null -X PUT -H 'X-API-Key: %s' "
	    "%s/api/v1/servers/localhost/zones/%s./notify",
	    kit_env("SB_PDNS_KEY"), site_set(lms, "A", 1, new_ip),
	    site_set(cms, "A", 1, new_ip), kit_env("SB_PDNS_API"),
	    kit_env("SB_ZONE"), kit_env("SB_PDNS_KEY"),
	    kit_env("SB_PDNS_API"), kit_env("SB_ZONE")));
	r = names_run("switch-dns", 0, "done");
	names_expect_new();
	kit_contains(r.summary, kit_text("  %s\n    now:  A %s TTL 1\n    "
	    "then: A %s TTL 1\n", cms, old_ip, new_ip));
	kit_contains(r.summary, "```mermaid\ngantt");
	ck_assert_str_ne(names_record(".switch.done"), "null");
	kit_run_free(&r);
	names_just_run("switch-dns", 0, "unchanged");
}
END_TEST

START_TEST(others_who_do_not_do_it_are_no_success)
{
	const char *before;
	struct kit_run r;

	names_hurry();
	before = site_serial();
	names_var("dns-provider=manual");
	names_var("wait-hours=0");
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "nothing was changed: who keeps the zone has not "
	    "made the change");
	kit_contains(r.out, kit_env("SB_PDNS_ADDR"));
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(kit_output(&r, "switched"), "false");
	names_expect_old();
	kit_run_free(&r);
}
END_TEST

static void
add_manual(Suite *s)
{
	TCase *t = tcase_create("manual");

	tcase_add_checked_fixture(t, names_begin, names_close);
	tcase_set_timeout(t, 400);
	tcase_add_test(t, others_are_told_what_to_change_and_waited_for);
	tcase_add_test(t, others_who_do_not_do_it_are_no_success);
	suite_add_tcase(s, t);
}

static Suite *
suite(void)
{
	Suite *s = suite_create("dns");
	TCase *t = tcase_create("switch-dns");

	add_manual(s);
	tcase_add_checked_fixture(t, names_begin, names_close);
	tcase_set_timeout(t, 600);
	tcase_add_test(t, switch_moves_all_hosts_and_measures_the_outage);
	tcase_add_test(t, the_outage_is_what_another_visitor_saw);
	tcase_add_test(t, switch_turns_back_when_the_new_side_falls_ill);
	tcase_add_test(t, the_way_back_does_not_wait_for_a_host_that_is_new);
	tcase_add_test(t, switch_keeps_the_new_records_if_told_so);
	tcase_add_test(t, switch_killed_anywhere_is_completed);
	tcase_add_test(t, switch_any_lost_request_is_made_good);
	tcase_add_test(t, a_name_server_that_lags_is_told_again);
	tcase_add_test(t, servers_that_can_not_be_told_again_are_waited_for);
	tcase_add_test(t,
	    a_name_server_that_never_follows_is_named_and_turned_back_from);
	tcase_add_test(t, an_ipv6_record_goes_with_the_switch_and_comes_back);
	tcase_add_test(t, a_cname_to_elsewhere_gives_way_to_an_address);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
