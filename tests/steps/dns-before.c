/*
 * Proves what set-dns-ttl and switch-dns do before any visitor is led
 * elsewhere, on the sandbox's real name servers and ingresses: TTLs are
 * lowered, wrong inputs named, and a switch for which it is too early, or the
 * new side not ready, is refused. dns.c has the switch itself.
 *
 * Runs inside the sandbox; puts the names back where they were.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/kit.h"
#include "tests/kit/names.h"
#include "tests/kit/site.h"

#define LMS ".hosts[\"courses.example.test\"]"

enum { KILLS = 7 };

/* ---- set-dns-ttl ------------------------------------------------------- */

static void
expect_low(void)
{
	const char *dot = kit_text("%s.", lms);

	names_expect(lms, "A", names_answer(2, old_ip));
	names_expect(cms, "A", names_answer(2, old_ip));
	names_expect(mfe, "CNAME", names_answer(2, dot));
	ck_assert_str_eq(names_record(LMS ".sets[0].ttl"), "5");
	ck_assert_str_ne(names_record(LMS ".ttl.since"), "null");
}

START_TEST(ttl_of_all_hosts_is_lowered_and_recorded)
{
	struct kit_run r;

	site_reset_zone(5);
	r = names_run("set-dns-ttl", 0, "done");
	expect_low();
	ck_assert_str_eq(kit_output(&r, "ttl"), "2");
	ck_assert_int_eq(strlen(kit_output(&r, "low-from")), 20);
	kit_contains(r.out, "many resolvers keep every answer for 30 s");
	kit_contains(r.summary, kit_text("A %s TTL 2", old_ip));
	ck_assert_str_eq(names_record(".hosts | length"), "4");
	ck_assert_str_eq(names_record(LMS ".ttl.was"), "5");
	kit_run_free(&r);
}
END_TEST

START_TEST(ttl_again_changes_nothing)
{
	const char *before, *history;

	site_reset_zone(5);
	names_just_run("set-dns-ttl", 0, "done");
	before = site_serial();
	history = names_commits();
	names_just_run("set-dns-ttl", 0, "unchanged");
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(names_commits(), history);
}
END_TEST

START_TEST(a_ttl_that_is_low_enough_is_left_alone)
{
	site_patch(site_set(cms, "A", 1, old_ip));
	names_just_run("set-dns-ttl", 0, "done");
	names_expect(lms, "A", names_answer(2, old_ip));
	names_expect(cms, "A", names_answer(1, old_ip));
	names_just_run("set-dns-ttl", 0, "unchanged");
}
END_TEST

START_TEST(hosts_without_any_record_are_no_success)
{
	struct kit_run r;

	names_var("hosts=mfe=nothing.%s", lms);
	r = names_run("set-dns-ttl", 1, "needs-hand");
	kit_contains(r.out, "none of the hosts has a record");
	kit_run_free(&r);
}
END_TEST

START_TEST(ttl_dry_run_only_tells)
{
	const char *before, *history;
	struct kit_run r;

	site_reset_zone(5);
	before = site_serial();
	history = names_commits();
	names_var("dry-run=true");
	r = names_run("set-dns-ttl", 0, "would-change");
	kit_contains(r.out, "would be");
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(names_commits(), history);
	kit_run_free(&r);
}
END_TEST

START_TEST(ttl_first_sets_are_never_forgotten)
{
	struct kit_run r;

	site_reset_zone(5);
	names_just_run("set-dns-ttl", 0, "done");
	names_var("level=high");
	names_just_run("set-dns-ttl", 0, "done");
	names_expect(lms, "A", names_answer(60, old_ip));
	names_var("level=low");
	r = names_run("set-dns-ttl", 0, "done");
	expect_low();
	ck_assert_str_eq(names_record(LMS ".ttl.was"), "60");
	kit_run_free(&r);
}
END_TEST

START_TEST(ttl_keeps_disabled_records_and_comments)
{
	const char *zone;

	site_reset_zone(5);
	site_patch(kit_text("{\"name\":\"%s.\",\"type\":\"A\",\"ttl\":5,"
	    "\"changetype\":\"REPLACE\",\"records\":[{\"content\":\"%s\","
	    "\"disabled\":false},{\"content\":\"192.0.2.7\",\"disabled\":"
	    "true}],\"comments\":[{\"content\":\"ask Ann\",\"account\":"
	    "\"ann\"}]}", lms, old_ip));
	names_just_run("set-dns-ttl", 0, "done");
	zone = kit_out("curl -fsS -H 'X-API-Key: %s' %s/api/v1/servers/"
	    "localhost/zones/%s. | jq -c '.rrsets[] | select("
	    ".name == \"%s.\" and .type == \"A\") | [.ttl, "
	    ".comments[0].content, ([.records[] | select(.disabled) | "
	    ".content] | .[0])]'", kit_env("SB_PDNS_KEY"),
	    kit_env("SB_PDNS_API"), kit_env("SB_ZONE"), lms);
	ck_assert_str_eq(zone, "[2,\"ask Ann\",\"192.0.2.7\"]");
	site_patch(kit_text("{\"name\":\"%s.\",\"type\":\"A\",\"ttl\":5,"
	    "\"changetype\":\"REPLACE\",\"records\":[{\"content\":\"%s\","
	    "\"disabled\":false}],\"comments\":[]}", lms, old_ip));
}
END_TEST

/* Each request of the API fails once, in each way; then a clean run. */
START_TEST(ttl_any_lost_request_is_made_good)
{
	static const char *const faults[] = { "reset-before", "reset-after",
		"garbage" };
	int n;

	site_reset_zone(5);
	names_use_proxy();
	names_fault(NULL);
	names_just_run("set-dns-ttl", 0, "done");
	n = names_requests();
	ck_assert_int_ge(n, 6);
	for (int k = 1; k <= n; k++) {
		struct kit_run r;

		site_reset_zone(5);
		site_forget(names_folder);
		names_fault(kit_text("{\"fault\":\"%s\",\"nth\":%d}",
		    faults[k % 3], k));
		r = kit_step("set-dns-ttl", names_vars);
		names_check_secrets(&r);
		names_fault(NULL);
		kit_run_free(&r);
		r = kit_step("set-dns-ttl", names_vars);
		ck_assert_msg(r.status == 0, "after %s at %d: %s",
		    faults[k % 3], k, r.out);
		expect_low();
		kit_run_free(&r);
	}
}
END_TEST

START_TEST(ttl_killed_anywhere_is_completed)
{
	for (int k = 0; k < KILLS; k++) {
		struct kit_run r;

		site_reset_zone(5);
		site_forget(names_folder);
		r = kit_step_killed("set-dns-ttl", names_vars, 60 + k * 130);
		kit_run_free(&r);
		r = kit_step("set-dns-ttl", names_vars);
		ck_assert_msg(r.status == 0, "%s", r.out);
		expect_low();
		kit_run_free(&r);
	}
}
END_TEST

/* With this input it ends before anything is asked. */
static void
expect_wrong(const char *step, const char *input, const char *word)
{
	const char *saved[NAMES_VARS];
	struct kit_run r;

	memcpy(saved, names_vars, sizeof names_vars);
	names_var("%s", input);
	names_fault(NULL);
	r = names_run(step, 2, "wrong-input");
	kit_contains(r.out, word);
	ck_assert_int_eq(names_requests(), 0);
	kit_run_free(&r);
	memcpy(names_vars, saved, sizeof names_vars);
}

START_TEST(wrong_inputs_are_told_before_anything_is_asked)
{
	static const struct { const char *var, *word; } wrong[] = {
		{ "dns-provider=nobody", "dns-provider" },
		{ "low-ttl=0", "low-ttl" },
		{ "low-ttl=many", "low-ttl" },
		{ "dns-server=ftp://x", "dns-server" },
		{ "zone=not a zone", "zone" },
		{ "timeout=1", "timeout" },
		{ "dry-run=yes", "dry-run" },
		{ "plan=/nonexistent/plan.yml", "plan" },
		{ "hosts=lms=a..b", "hosts" },
		{ "hosts=lms=courses.example.org", "hosts" },
	}, wrong_switch[] = {
		{ "new-address=somewhere", "new-address" },
		{ "window-from=tomorrow", "window-from" },
		{ "window-until=2026-11-28T22:00:00Z", "give both" },
		{ "new-address=2001:db8::1", "new-address" },
		{ "resolvers=ns1", "resolvers" },
		{ "good=0", "good" }, { "wait=maybe", "wait" },
		{ "on-failure=pray", "on-failure" },
	};
	names_use_proxy();
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		expect_wrong("set-dns-ttl", wrong[i].var, wrong[i].word);
		expect_wrong("switch-dns", wrong[i].var, wrong[i].word);
	}
	for (size_t i = 0; i < sizeof wrong_switch / sizeof wrong_switch[0];
	    i++)
		expect_wrong("switch-dns", wrong_switch[i].var,
		    wrong_switch[i].word);
}
END_TEST

START_TEST(a_refused_key_says_which_input_it_is)
{
	struct kit_run r;

	names_var("dns-token=not-the-right-key");
	r = names_run("set-dns-ttl", 1, "failed");
	kit_contains(r.out, "dns-token");
	kit_lacks(r.out, "not-the-right-key");
	kit_run_free(&r);
}
END_TEST

/* ---- switch-dns refuses, or waits ---- */

START_TEST(switch_dry_run_only_tells)
{
	const char *before, *history;
	struct kit_run r;

	names_hurry();
	before = site_serial();
	history = names_commits();
	names_serve(false);
	names_var("dry-run=true");
	r = names_run("switch-dns", 0, "would-change");
	kit_contains(r.out, "follows deploy-app");
	kit_contains(r.out, kit_text("would be A %s", new_ip));
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(names_commits(), history);
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_refuses_while_caches_hold_the_old_ttl)
{
	struct kit_run r;

	site_reset_zone(600);
	names_serve(true);
	names_just_run("set-dns-ttl", 0, "done");
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "caches may still hold the old TTL");
	names_expect_old();
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_refuses_a_ttl_that_was_never_lowered)
{
	struct kit_run r;

	site_reset_zone(5);
	names_serve(true);
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "run set-dns-ttl first");
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_without_a_record_waits_as_if_lowered_now)
{
	struct kit_run r;

	site_reset_zone(2);
	names_serve(true);
	names_var("good=1");
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "caches may still hold");
	kit_run_free(&r);
	sleep(4);
	names_just_run("switch-dns", 0, "done");
	names_expect_new();
}
END_TEST

/* Raised by us and lowered by hand: caches hold what we raised it to. */
START_TEST(switch_distrusts_the_record_of_a_ttl_that_is_gone)
{
	struct kit_run r;

	site_reset_zone(2);
	names_serve(true);
	names_var("level=high");
	names_var("high-ttl=600");
	names_just_run("set-dns-ttl", 0, "done");
	site_reset_zone(2);
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "caches may still hold the old TTL");
	names_expect_old();
	kit_run_free(&r);
}
END_TEST

/* set-dns-ttl was killed before it wrote down since when all is low. */
START_TEST(switch_counts_from_now_where_no_moment_was_recorded)
{
	struct kit_run r;

	site_reset_zone(3);
	names_serve(true);
	names_var("good=1");
	names_just_run("set-dns-ttl", 0, "done");
	kit_out("cd %s && git clone -q bare.git other && cd other && f="
	    "migrations/%s/record/dns.json && jq '.hosts[].ttl.since = null' "
	    "$f >../f && cp ../f $f && git -c user.name=x -c user.email=x@y "
	    "commit -qam x && git push -q", names_folder,
	    kit_env("SB_INSTANCE"));
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "caches may still hold");
	kit_run_free(&r);
	sleep(5);
	names_just_run("switch-dns", 0, "done");
	names_expect_new();
}
END_TEST

START_TEST(switch_refuses_a_new_side_that_is_not_ready)
{
	struct kit_run r;

	names_hurry();
	site_deploy(_i == 0 ? "sick" : "good");
	if (_i == 1)
		names_serve(false);
	r = names_run("switch-dns", 1, "failed");
	kit_contains(r.out, "nothing was changed");
	kit_contains(r.out, _i == 0 ? "Access denied"
	    : "the ingress does not know this host");
	names_expect_old();
	kit_run_free(&r);
}
END_TEST

/* Resolvers would say longer that it does not exist than we wait. */
START_TEST(switch_refuses_a_new_name_that_is_held_to_be_none)
{
	const char *zone = kit_env("SB_ZONE");
	const char *soa = kit_text("ns1.%s. hostmaster.%s.", zone, zone);
	long serial = strtol(site_serial(), NULL, 10);
	struct kit_run r;

	names_hurry();
	site_patch(kit_text("%s,%s", site_no_set(kit_env("SB_PREVIEW_HOST"),
	    "CNAME"), site_set(zone, "SOA", 60, kit_text("%s %ld 60 5 3600 40",
	    soa, serial + 10))));
	site_settle();
	names_var("timeout=20");
	r = kit_step("switch-dns", names_vars);
	site_patch(site_set(zone, "SOA", 60, kit_text("%s %ld 60 5 3600 3",
	    soa, serial + 20)));
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "hold for 40 s that it does not exist");
	kit_run_free(&r);
}
END_TEST

/* ---- go or no-go ---- */

/* In days from now, as the window wants it. */
static const char *
moment(int days)
{
	return kit_out("date -u -d '%d days' +%%Y-%%m-%%dT%%H:%%M:%%SZ", days);
}

START_TEST(switch_only_within_its_window)
{
	static const int days[][2] = { { -2, -1 }, { -1, 1 }, { 1, 2 } };
	struct kit_run r;

	names_hurry();
	names_var("window-from=%s", moment(days[_i][0]));
	names_var("window-until=%s", moment(days[_i][1]));
	if (_i == 1) {
		r = names_run("switch-dns", 0, "done");
		kit_contains(r.summary, "| window | go | until");
	} else {
		r = names_run("switch-dns", 1, "failed");
		kit_contains(r.out, "nothing was changed; window: the change");
		kit_contains(r.summary, "| window | **no go** |");
		names_expect_old();
	}
	kit_run_free(&r);
}
END_TEST

START_TEST(the_table_says_what_was_looked_at)
{
	static const char *const rows[] = { "| TTL | go |",
		"| name servers | go | all 2 ", "| resolvers | go |",
		"| new side | go |", "| certificates | go", "| CAA | go |",
		"| who else moves | go |", "| backup | go, but note | none ",
		"| visitors | go, but note | all are logged out" };
	struct kit_run r;

	names_hurry();
	sleep(2);	/* longer than the TTL */
	names_var("dry-run=true");
	r = names_run("switch-dns", 0, "would-change");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		kit_contains(r.summary, rows[i]);
	kit_run_free(&r);
}
END_TEST

/* The old ingress with this line in its configuration, or without it. */
static void
old_ingress(const char *line, bool there)
{
	const char *d = kit_text("%s/ingress/old", kit_env("SB_STATE"));

	kit_out("cd %s && sed -i '/^%s$/d' nginx.conf && { ! %s || sed -i "
	    "'s/^http {$/&\\n%s/' nginx.conf; } && kill -HUP $(cat "
	    "nginx.pid) && for i in $(seq 100); do curl -sD - -o /dev/null "
	    "--cacert %s --resolve %s:443:%s https://%s/heartbeat | grep -qi "
	    "'^strict-transport'; [ $? = %d ] && exit 0; sleep 0.05; done; "
	    "exit 1", d, line, there ? "true" : "false", line,
	    kit_env("SB_CA_BUNDLE"), lms, old_ip, lms, there ? 0 : 1);
}

/* Browsers that know the site would not even let visitors click it away. */
START_TEST(switch_refuses_a_tls_gap_where_browsers_are_strict)
{
	const char *hsts = "add_header Strict-Transport-Security max-age=9;",
	    *zone = kit_env("SB_ZONE");
	struct kit_run strict, accepted, caa;

	names_hurry();
	names_serve(false);
	kit_out("rm -f %s/ingress/new/tls/*%s*", kit_env("SB_STATE"), lms);
	names_serve(true);
	old_ingress(hsts, true);
	strict = kit_step("switch-dns", names_vars);
	names_var("dry-run=true");
	names_var("accept-tls-gap=true");
	accepted = kit_step("switch-dns", names_vars);
	old_ingress(hsts, false);
	site_patch(site_set(zone, "CAA", 1,
	    "0 issue \\\"ca.example.net\\\""));
	site_settle(); /* else the resolver may ask the one without it */
	kit_out("unbound-control -q -c %s/dns/unbound/conf flush_zone %s",
	    kit_env("SB_STATE"), zone);
	caa = kit_step("switch-dns", names_vars);
	site_patch(site_no_set(zone, "CAA"));
	site_settle();
	ck_assert_int_eq(strict.status, 1);
	kit_contains(strict.out, "courses.example.test (the old side sends "
	    "HSTS)");
	kit_contains(strict.out, "accept-tls-gap: true");
	names_expect_old();
	kit_contains(accepted.summary, "| certificates | go, but note | no "
	    "valid one yet");
	kit_contains(caa.summary, "| CAA | **no go** | letsencrypt.org may "
	    "not issue: courses.example.test: example.test has CAA 0 issue "
	    "ca.example.net");
	kit_run_free(&strict);
	kit_run_free(&accepted);
	kit_run_free(&caa);
}
END_TEST

START_TEST(switch_refuses_resolvers_that_tell_another_story)
{
	const char *ctl = kit_text("unbound-control -q -c "
	    "%s/dns/unbound/conf", kit_env("SB_STATE"));
	struct kit_run r;

	names_hurry();
	kit_out("%s local_data %s. 600 IN A 192.0.2.9", ctl, cms);
	r = kit_step("switch-dns", names_vars);
	kit_out("%s local_data_remove %s.", ctl, cms);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "resolvers: they give other answers than the "
	    "zone");
	kit_contains(r.out, "192.0.2.9");
	names_expect_old();
	kit_run_free(&r);
}
END_TEST

START_TEST(a_wildcard_and_who_follows_are_told)
{
	const char *wild = kit_text("*.%s", lms), *beta =
	    "learn.example.test";
	struct kit_run r;

	names_hurry();
	site_patch(kit_text("%s,%s", site_set(wild, "A", 1, old_ip),
	    site_set(beta, "CNAME", 1, kit_text("%s.", lms))));
	site_settle();
	kit_out("sed -i 's/^LMS_HOST:.*/LMS_HOST: %s/' "
	    "%s/work/instances/beta/config.yml", beta, names_folder);
	names_var("dry-run=true");
	names_var("hosts=lms=%s, x=nothing.%s", lms, lms);
	r = kit_step("switch-dns", names_vars);
	site_patch(kit_text("%s,%s", site_no_set(wild, "A"),
	    site_no_set(beta, "CNAME")));
	ck_assert_int_eq(r.status, 0);
	kit_contains(r.summary, "a wildcard answers for it");
	kit_contains(r.summary, "by a CNAME also beta (learn.example.test "
	    "follows courses.example.test)");
	kit_run_free(&r);
}
END_TEST

static void
add_departure(Suite *s)
{
	TCase *t = tcase_create("go-no-go");

	tcase_add_checked_fixture(t, names_begin, names_close);
	tcase_set_timeout(t, 400);
	tcase_add_loop_test(t, switch_only_within_its_window, 0, 3);
	tcase_add_test(t, the_table_says_what_was_looked_at);
	tcase_add_test(t, switch_refuses_a_tls_gap_where_browsers_are_strict);
	tcase_add_test(t, switch_refuses_resolvers_that_tell_another_story);
	tcase_add_test(t, a_wildcard_and_who_follows_are_told);
	tcase_add_test(t, switch_dry_run_only_tells);
	tcase_add_test(t, switch_refuses_while_caches_hold_the_old_ttl);
	tcase_add_test(t, switch_refuses_a_ttl_that_was_never_lowered);
	tcase_add_test(t, switch_without_a_record_waits_as_if_lowered_now);
	tcase_add_test(t, switch_distrusts_the_record_of_a_ttl_that_is_gone);
	tcase_add_test(t, switch_counts_from_now_where_no_moment_was_recorded);
	tcase_add_loop_test(t, switch_refuses_a_new_side_that_is_not_ready,
	    0, 2);
	tcase_add_test(t, switch_refuses_a_new_name_that_is_held_to_be_none);
	suite_add_tcase(s, t);
}

static Suite *
suite(void)
{
	Suite *s = suite_create("dns-before");
	TCase *t = tcase_create("set-dns-ttl");

	add_departure(s);
	tcase_add_checked_fixture(t, names_begin, names_close);
	tcase_set_timeout(t, 400);
	tcase_add_test(t, ttl_of_all_hosts_is_lowered_and_recorded);
	tcase_add_test(t, ttl_again_changes_nothing);
	tcase_add_test(t, a_ttl_that_is_low_enough_is_left_alone);
	tcase_add_test(t, hosts_without_any_record_are_no_success);
	tcase_add_test(t, ttl_dry_run_only_tells);
	tcase_add_test(t, ttl_first_sets_are_never_forgotten);
	tcase_add_test(t, ttl_keeps_disabled_records_and_comments);
	tcase_add_test(t, ttl_any_lost_request_is_made_good);
	tcase_add_test(t, ttl_killed_anywhere_is_completed);
	tcase_add_test(t, wrong_inputs_are_told_before_anything_is_asked);
	tcase_add_test(t, a_refused_key_says_which_input_it_is);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
