/*
 * Proves restore-dns on the sandbox's real name servers and ingresses: what a
 * switch moved is led back and measured, nothing else is touched, and the step
 * can be killed, or lose any answer, at any moment.
 *
 * Runs inside the sandbox; puts the names back where they were.
 */
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/names.h"
#include "tests/kit/site.h"

#define LMS ".hosts[\"courses.example.test\"]"

enum { KILLS = 7 };

static const char *switched;	/* the commit */

static void
switch_once(void)
{
	names_hurry();
	names_just_run("switch-dns", 0, "done");
	switched = kit_out("git -C %s/bare.git rev-parse main", names_folder);
}

/* All as it was then, but faster: the record, and what it tells of. */
static void
switch_again(void)
{
	kit_out("cd %s && git -C bare.git update-ref refs/heads/main %s && "
	    "rm -rf work && git clone -q bare.git work 2>/dev/null",
	    names_folder, switched);
	site_patch(kit_text("%s,%s", site_set(lms, "A", 1, new_ip),
	    site_set(cms, "A", 1, new_ip)));
	site_settle();
}

START_TEST(restore_leads_back_what_the_switch_moved_and_measures_it)
{
	const char *history;
	struct kit_run r;

	switch_once();
	/* Since then the TTLs were raised, as phase settle does. */
	names_var("level=high");
	names_var("high-ttl=3");
	names_just_run("set-dns-ttl", 0, "done");
	r = names_run("restore-dns", 0, "done");
	names_expect_old();
	ck_assert_str_eq(kit_output(&r, "restored"), "true");
	ck_assert_int_eq(strlen(kit_output(&r, "cached-until")), 20);
	kit_contains(kit_output(&r, "outages"), "courses.example.test=0.0");
	kit_contains(r.summary, "```mermaid\ngantt");
	kit_contains(r.summary, "old side :done");
	ck_assert_str_eq(names_record(".switch.done"), "null");
	ck_assert_str_ne(names_record(".switch.undone"), "null");
	ck_assert_str_eq(names_record(LMS ".ttl.was"), "3");
	ck_assert_str_ne(names_record(LMS ".ttl.since"), "null");
	kit_run_free(&r);
	history = names_commits();
	names_just_run("restore-dns", 0, "unchanged");
	ck_assert_str_eq(names_commits(), history);
	/* And there again. */
	names_var("level=low");
	names_just_run("set-dns-ttl", 0, "done");
	names_just_run("switch-dns", 0, "done");
	names_expect_new();
}
END_TEST

START_TEST(restore_dry_run_only_tells)
{
	const char *before, *history;
	struct kit_run r;

	switch_once();
	before = site_serial();
	history = names_commits();
	names_var("dry-run=true");
	r = names_run("restore-dns", 0, "would-change");
	kit_contains(r.out, kit_text("would be A %s", old_ip));
	ck_assert_str_eq(kit_output(&r, "restored"), "false");
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(names_commits(), history);
	kit_run_free(&r);
}
END_TEST

START_TEST(restore_refuses_where_nothing_was_switched)
{
	struct kit_run r = names_run("restore-dns", 1, "needs-hand");

	kit_contains(r.out, "knows of no switch");
	kit_run_free(&r);
}
END_TEST

START_TEST(restore_refuses_an_old_side_that_is_not_well)
{
	const char *config = kit_text("%s/deployed/old/config.yml",
	    kit_env("SB_STATE"));
	struct kit_run r;

	switch_once();
	kit_out("cp %s %s/well.yml && cp %s/sick.yml %s", config, names_folder,
	    names_folder, config);
	r = kit_step("restore-dns", names_vars);
	kit_out("cp %s/well.yml %s", names_folder, config);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "nothing was changed, the old side is not ready");
	kit_contains(r.out, "Access denied");
	names_expect_new();
	kit_run_free(&r);
}
END_TEST

START_TEST(restore_refuses_what_somebody_changed_since)
{
	struct kit_run r;

	switch_once();
	site_patch(site_set(cms, _i == 0 ? "A" : "AAAA", 1, _i == 0
	    ? "192.0.2.9" : "2001:db8::9"));
	r = names_run("restore-dns", 1, "failed");
	kit_contains(r.out, kit_text("%s: somebody changed it since", cms));
	names_expect(lms, "A", names_answer(1, new_ip));
	kit_run_free(&r);
}
END_TEST

START_TEST(restore_killed_anywhere_is_completed)
{
	switch_once();
	for (int k = 0; k < KILLS; k++) {
		struct kit_run r;

		switch_again();
		r = kit_step_killed("restore-dns", names_vars, 150 + k * 300);
		kit_run_free(&r);
		r = kit_step("restore-dns", names_vars);
		ck_assert_msg(r.status == 0, "killed after %d ms: %s",
		    150 + k * 300, r.out);
		names_expect_old();
		ck_assert_str_ne(names_record(".switch.undone"), "null");
		kit_run_free(&r);
	}
}
END_TEST

START_TEST(restore_any_lost_request_is_made_good)
{
	static const char *const faults[] = { "reset-after", "reset-before",
		"html" };
	int n;

	switch_once();
	names_use_proxy();
	names_fault(NULL);
	names_just_run("restore-dns", 0, "done");
	n = names_requests();
	ck_assert_int_ge(n, 6);
	for (int k = 1; k <= n; k++) {
		struct kit_run r;

		switch_again();
		names_fault(kit_text("{\"fault\":\"%s\",\"nth\":%d}",
		    faults[k % 3], k));
		r = kit_step("restore-dns", names_vars);
		names_check_secrets(&r);
		names_fault(NULL);
		kit_run_free(&r);
		r = kit_step("restore-dns", names_vars);
		ck_assert_msg(r.status == 0, "after %s at %d: %s",
		    faults[k % 3], k, r.out);
		names_expect_old();
		kit_run_free(&r);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("restore-dns");
	TCase *t = tcase_create("restore-dns");

	tcase_add_checked_fixture(t, names_begin, names_close);
	tcase_set_timeout(t, 400);
	tcase_add_test(t,
	    restore_leads_back_what_the_switch_moved_and_measures_it);
	tcase_add_test(t, restore_dry_run_only_tells);
	tcase_add_test(t, restore_refuses_where_nothing_was_switched);
	tcase_add_test(t, restore_refuses_an_old_side_that_is_not_well);
	tcase_add_loop_test(t, restore_refuses_what_somebody_changed_since,
	    0, 2);
	tcase_add_test(t, restore_killed_anywhere_is_completed);
	tcase_add_test(t, restore_any_lost_request_is_made_good);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
