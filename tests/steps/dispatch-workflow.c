/*
 * Proves what dispatch-workflow promises, with the real program against the
 * world double, which really renders and commits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

static char *work;	/* checkout */

static void
begin(void)
{
	world_begin();
	work = world_clone();
}

/* An instance as created: beta's files under another name. */
static void
begin_with_instance(void)
{
	world_begin();
	free(world_change("feat: instance", "cp -r instances/beta"
	    " instances/acme && sed -i s/beta/acme/g instances/acme/*"));
	work = world_clone();
}

static struct kit_run
run_kind(const char *kind, const char *more)
{
	char entry[64];
	struct kit_run r;

	snprintf(entry, sizeof entry, "workflow-kind=%s", kind);
	r = kit_step("dispatch-workflow", world_vars(work, entry, more,
	    NULL));
	kit_lacks(r.out, kit_env("SB_GITHUB_TOKEN"));
	return r;
}

/* Run it, and expect exit status and the output `status`. */
static void
expect(const char *kind, const char *more, int status, const char *word,
    const char *says)
{
	struct kit_run r = run_kind(kind, more);

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), word);
	if (says != NULL)
		kit_contains(r.out, says);
	kit_run_free(&r);
}

static void
set_line(const char *key, const char *value)
{
	free(world_change("chore: update the configuration", "sed -i"
	    " '/^%s:/d' instances/acme/config.yml && echo '%s: %s' >>"
	    "instances/acme/config.yml", key, key, value));
}

START_TEST(an_instance_is_created_once)
{
	struct kit_run r = run_kind("create",
	    "inputs=TUTOR_VERSION=v20.0.5\nPLATFORM_NAME=\n");
	char *head = world_head();

	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "done");
	ck_assert_str_eq(kit_output(&r, "conclusion"), "success");
	ck_assert_str_eq(kit_output(&r, "head"), head);
	kit_contains(kit_output(&r, "run-url"), kit_output(&r, "run-id"));
	kit_run_free(&r);
	expect("create", NULL, 0, "unchanged", "the instance is there");
	ck_assert_int_eq(world_count("dispatches"), 1);
	free(head);
}
END_TEST

START_TEST(a_dry_run_only_says_what_it_would_do)
{
	expect("create", "dry-run=true", 0, "would-change",
	    "would be dispatched");
	expect("build", "dry-run=true", 0, "would-change",
	    "this follows dispatch-workflow (create)");
	ck_assert_int_eq(world_count("github.writes"), 0);
}
END_TEST

START_TEST(a_build_needs_an_instance)
{
	expect("build", NULL, 1, "failed", "create the instance first");
	ck_assert_int_eq(world_count("github.writes"), 0);
}
END_TEST

START_TEST(a_build_that_holds_everything_is_not_repeated)
{
	char *head;

	expect("build", NULL, 0, "done", "dispatched");
	head = world_head();
	expect("build", NULL, 0, "unchanged", "succeeded");
	/* what commit-config says then: the build's own commit */
	expect("build", kit_text("contains=%s", head), 0, "unchanged", NULL);
	ck_assert_int_eq(world_count("dispatches"), 1);
	free(head);
}
END_TEST

START_TEST(a_changed_value_is_built_and_a_comment_is_not)
{
	expect("build", NULL, 0, "done", NULL);
	free(world_change("docs: a word", "echo '# a word' >>"
	    "instances/acme/config.yml"));
	expect("build", NULL, 0, "unchanged", NULL);
	set_line("PLATFORM_NAME", "New");
	expect("build", NULL, 0, "done", "PLATFORM_NAME has changed");
	ck_assert_int_eq(world_count("dispatches"), 2);
}
END_TEST

START_TEST(the_end_of_init_jobs_is_rendered_but_not_built)
{
	expect("build", NULL, 0, "done", NULL);
	set_line("DRYDOCK_INIT_JOBS", "false");
	expect("render", NULL, 0, "done", "generate-env.yml");
	expect("build", NULL, 0, "unchanged", NULL);
	expect("render", NULL, 0, "unchanged", NULL);
	ck_assert_int_eq(world_count("dispatches"), 2);
}
END_TEST

START_TEST(another_instances_build_is_no_matter)
{
	expect("build", NULL, 0, "done", NULL);
	expect("build", "instance-name=beta", 0, "done", NULL);
	expect("build", NULL, 0, "unchanged", NULL);
	ck_assert_int_eq(world_count("dispatches"), 2);
}
END_TEST

START_TEST(a_failed_run_is_told_by_job_and_step)
{
	world_set("run.fail", "build-all.yml");
	expect("build", NULL, 1, "failed",
	    "Build service image with no cache");
	world_set("run.fail", "");
	expect("build", NULL, 0, "done", "the last run ended with failure");
}
END_TEST

START_TEST(an_active_run_with_the_commit_is_adopted)
{
	world_set("run.seconds", "3");
	world_dispatch("build-all.yml");
	expect("build", NULL, 0, "unchanged", "already: https://");
	ck_assert_int_eq(world_count("dispatches"), 1);
}
END_TEST

START_TEST(an_older_active_run_is_waited_out)
{
	world_set("run.seconds", "3");
	world_dispatch("build-all.yml");
	set_line("PLATFORM_NAME", "Newer");
	expect("build", NULL, 0, "done", "waiting for an older run");
	ck_assert_int_eq(world_count("dispatches"), 2);
}
END_TEST

START_TEST(a_server_that_tells_no_number_is_looked_through)
{
	world_set("github.details", "0");
	world_set("github.lag", "2");
	expect("build", NULL, 0, "done", "success");
	ck_assert_int_eq(world_count("dispatches"), 1);
}
END_TEST

START_TEST(refusals_say_what_to_do)
{
	world_set("github.permissions", "actions:read contents:read");
	expect("build", NULL, 1, "failed", "\"actions: write\"");
	world_set("github.permissions", "actions:write");
	expect("build", NULL, 1, "failed", "\"contents: read\"");
	world_set("github.permissions", "actions:write contents:read");
	expect("build", "inputs=NOT_DECLARED=1", 1, "failed",
	    "Unexpected inputs");
	world_set("github.disabled", "build-all.yml");
	expect("build", NULL, 1, "failed", "disabled workflow");
	expect("other", "workflow=none.yml", 1, "failed", "none.yml");
	ck_assert_int_eq(world_count("dispatches"), 0);
}
END_TEST

START_TEST(wrong_inputs_are_told_before_any_request)
{
	expect("other", NULL, 2, "wrong-input", "workflow: give its file");
	expect("build", "contains=main", 2, "wrong-input", "contains");
	ck_assert_int_eq(world_count("github.writes"), 0);
}
END_TEST

START_TEST(a_commit_that_was_not_pushed_is_refused)
{
	expect("build", "contains=0123456789012345678901234567890123456789", 2,
	    "wrong-input", "was it pushed?");
	ck_assert_int_eq(world_count("github.writes"), 0);
}
END_TEST

START_TEST(where_nothing_renders_alone_a_build_does)
{
	struct kit_run r;
	char *dir = kit_folder(), plan[4096];

	snprintf(plan, sizeof plan, "%s/plan.yml", dir);
	kit_write(plan, "workflows:\n  render: no-such.yml\n");
	r = kit_step("dispatch-workflow", world_vars(work,
	    "workflow-kind=render", kit_text("plan=%s", plan), NULL));
	ck_assert_msg(r.status == 0, "%s", r.out);
	kit_contains(r.out, "a build renders too");
	kit_contains(r.out, "build-all.yml: dispatched");
	kit_run_free(&r);
}
END_TEST

/* ---- faults and kills ---- */

static struct kit_run
run_faulty(struct world_proxy *p, const char *fault)
{
	struct kit_run r;

	world_proxy_fault(p, fault);
	r = kit_step("dispatch-workflow", world_vars(work,
	    "workflow-kind=build", kit_text("api-url=%s", p->url),
	    kit_text("ca-file=%s", p->ca), NULL));
	return r;
}

static const char *const post_faults[] = {
	"{\"fault\":\"reset-after\",\"method\":\"POST\"}",
	"{\"fault\":\"html\",\"processed\":true,\"method\":\"POST\"}",
	"{\"fault\":\"cut-head\",\"bytes\":20,\"method\":\"POST\"}",
	"{\"fault\":\"garbage\",\"processed\":true,\"method\":\"POST\"}",
	("{\"fault\":\"status\",\"status\":429,\"retry_after\":1,"
	    "\"method\":\"POST\"}"),
};

START_TEST(a_dispatch_whose_answer_is_lost_is_not_repeated)
{
	struct world_proxy p = world_proxy_start(kit_env("SB_GITHUB_ADDR"),
	    "api.github.com");
	struct kit_run r = run_faulty(&p, post_faults[_i]);

	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_int_eq(world_count("dispatches"), 1);
	kit_run_free(&r);
	world_proxy_stop(&p);
}
END_TEST

/* The step's reading requests, each failing once. */
START_TEST(any_request_may_fail_once)
{
	struct world_proxy p = world_proxy_start(kit_env("SB_GITHUB_ADDR"),
	    "api.github.com");
	static const char *const faults[] = { "reset-after", "html" };
	/* both looks, and the waiting */
	static const int nth[] = { 1, 2, 3, 4, 7, 9, 10 };
	struct kit_run r = run_faulty(&p, kit_text("{\"fault\":\"%s\","
	    "\"method\":\"GET\",\"nth\":%d}", faults[_i % 2], nth[_i]));

	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_int_eq(world_count("dispatches"), 1);
	kit_run_free(&r);
	expect("build", NULL, 0, "unchanged", NULL);
	world_proxy_stop(&p);
}
END_TEST

/* The looks take 3 s; the dispatch comes right after. */
static const long kills[] = { 400, 3050, 3150, 3250, 3500 };

START_TEST(a_killed_step_finds_its_run_again)
{
	struct kit_run r = kit_step_killed("dispatch-workflow",
	    world_vars(work, "workflow-kind=build", NULL), kills[_i]);

	if (r.status != 0) {
		kit_run_free(&r);
		r = run_kind("build", NULL);
	}
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_int_eq(world_count("dispatches"), 1);
	kit_run_free(&r);
}
END_TEST

static TCase *
plain_case(void)
{
	TCase *t = tcase_create("empty");

	tcase_add_checked_fixture(t, begin, world_end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, an_instance_is_created_once);
	tcase_add_test(t, a_dry_run_only_says_what_it_would_do);
	tcase_add_test(t, a_build_needs_an_instance);
	return t;
}

static TCase *
instance_case(void)
{
	TCase *t = tcase_create("instance");

	tcase_add_checked_fixture(t, begin_with_instance, world_end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_build_that_holds_everything_is_not_repeated);
	tcase_add_test(t, a_changed_value_is_built_and_a_comment_is_not);
	tcase_add_test(t, the_end_of_init_jobs_is_rendered_but_not_built);
	tcase_add_test(t, another_instances_build_is_no_matter);
	tcase_add_test(t, a_failed_run_is_told_by_job_and_step);
	tcase_add_test(t, an_active_run_with_the_commit_is_adopted);
	tcase_add_test(t, an_older_active_run_is_waited_out);
	tcase_add_test(t, a_server_that_tells_no_number_is_looked_through);
	tcase_add_test(t, refusals_say_what_to_do);
	tcase_add_test(t, wrong_inputs_are_told_before_any_request);
	tcase_add_test(t, a_commit_that_was_not_pushed_is_refused);
	tcase_add_test(t, where_nothing_renders_alone_a_build_does);
	return t;
}

static TCase *
fault_case(void)
{
	TCase *t = tcase_create("faults");

	tcase_add_checked_fixture(t, begin_with_instance, world_end);
	tcase_set_timeout(t, 240);
	tcase_add_loop_test(t,
	    a_dispatch_whose_answer_is_lost_is_not_repeated, 0, 5);
	tcase_add_loop_test(t, any_request_may_fail_once, 0, 7);
	tcase_add_loop_test(t, a_killed_step_finds_its_run_again, 0, 5);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("dispatch-workflow");

	suite_add_tcase(s, plain_case());
	suite_add_tcase(s, instance_case());
	suite_add_tcase(s, fault_case());
	return kit_main(s, NULL);
}
