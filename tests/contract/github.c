/*
 * The GitHub double held against what GitHub says of itself: its refusals,
 * the life of a run, and, last, every reply that was recorded meanwhile
 * against GitHub's published description (judge).
 *
 * GitHub itself can't be had here; tests/contract/judge is what stands for
 * it, and the sandbox's recorded traffic is judged the same way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/http.h"
#include "tests/kit/kit.h"

#define REPO "/repos/owner/cluster"
#define CREATE REPO "/actions/workflows/create-instance.yml/dispatches"
#define BUILD REPO "/actions/workflows/build-all.yml/dispatches"
#define BUILD_ONE REPO "/actions/workflows/build.yml/dispatches"
#define HEADERS "Accept: application/vnd.github+json\n" \
	"X-GitHub-Api-Version: 2022-11-28"

static struct server hub;

static struct answer
get(const char *path)
{
	return web_send(&hub, "GET", path, HEADERS, NULL, NULL);
}

static struct answer
post(const char *path, const char *body)
{
	return web_send(&hub, "POST", path, HEADERS, "application/json",
	    body);
}

/* Dispatch and give the run's id; the test fails if it is refused. */
static double
dispatch(const char *path, const char *body)
{
	struct answer a = post(path, body);
	double id;

	ck_assert_msg(a.status == 200, "%ld %s", a.status, a.body);
	id = answer_num(&a, "workflow_run_id");
	web_free(&a);
	return id;
}

static struct answer
run_of(double id)
{
	char path[128];

	(void)snprintf(path, sizeof(path), REPO "/actions/runs/%.0f", id);
	return get(path);
}

/* Wait until the run has that status; its conclusion in static memory. */
static const char *
await(double id, const char *status)
{
	static char conclusion[32];

	for (int i = 0; i < 150; i++) {
		struct answer a = run_of(id);
		const char *now = answer_str(&a, "status");
		const char *end = answer_str(&a, "conclusion");
		bool there = now != NULL && strcmp(now, status) == 0;

		(void)snprintf(conclusion, sizeof(conclusion), "%s",
		    end != NULL ? end : "");
		web_free(&a);
		if (there)
			return conclusion;
		nap(0.1);
	}
	ck_abort_msg("run %.0f never got %s", id, status);
	return NULL;
}

static void
find(void)
{
	hub = own_world_server("GITHUB");
}

static void
fast(void)
{
	own_world_reset();
	own_world_set("{\"run.queue\":0.1,\"run.seconds\":0.3,"
	    "\"github.lag\":0}");
}

/* --- refusals ---------------------------------------------------------- */

START_TEST(a_request_without_user_agent_is_forbidden)
{
	struct server nobody = hub;
	struct answer a;

	nobody.agent = NULL;
	a = web_get(&nobody, REPO);
	ck_assert_int_eq(a.status, 403);
	web_free(&a);
}
END_TEST

START_TEST(a_wrong_token_is_unauthorized)
{
	struct server other = hub;
	struct answer a;

	other.token = "ghs_000000000000000000000000";
	a = web_get(&other, REPO);
	ck_assert_int_eq(a.status, 401);
	ck_assert_str_eq(answer_str(&a, "message"), "Bad credentials");
	web_free(&a);
}
END_TEST

START_TEST(without_a_token_a_private_repository_is_not_there)
{
	struct server other = hub;
	struct answer a;

	other.token = NULL;
	a = web_get(&other, REPO);
	ck_assert_int_eq(a.status, 404);
	web_free(&a);
}
END_TEST

START_TEST(an_unknown_api_version_is_refused)
{
	struct answer a = web_send(&hub, "GET", REPO,
	    "X-GitHub-Api-Version: 2019-01-01", NULL, NULL);

	ck_assert_int_eq(a.status, 400);
	web_free(&a);
}
END_TEST

static const struct {
	const char *path, *body;
	long status;
	const char *message;
} refusals[] = {
	{ CREATE, "{\"ref\":\"main\",\"inputs\":{\"CORRELATION\":\"1\"}}",
	  422, "Unexpected inputs provided: [\"CORRELATION\"]" },
	{ CREATE, "{\"ref\":\"main\",\"inputs\":{\"INSTANCE_NAME\":7}}", 422,
	  "is not a string" },
	{ CREATE, "{\"ref\":\"main\",\"inputs\":[]}", 422,
	  "is not an object" },
	{ CREATE, "{\"ref\":\"nowhere\",\"inputs\":{}}", 422,
	  "No ref found for: nowhere" },
	{ CREATE, "{\"inputs\":{}}", 422, "\"ref\" wasn't supplied" },
	{ CREATE, "{\"ref\":\"main\",\"input\":{}}", 422,
	  "\"input\" is not a permitted key" },
	{ CREATE, "{\"ref\":", 400, "Problems parsing JSON" },
	{ BUILD_ONE, "{\"ref\":\"main\",\"inputs\":{\"SERVICE\":\"lms\"}}",
	  422, "Provided value 'lms' for input 'SERVICE' not in the list of "
	  "allowed values" },
	{ REPO "/actions/workflows/generate-env.yml/dispatches",
	  "{\"ref\":\"main\"}", 422, "Required input 'INSTANCE_NAME' not "
	  "provided" },
	{ REPO "/actions/workflows/none.yml/dispatches", "{\"ref\":\"main\"}",
	  404, "Not Found" },
};

START_TEST(a_wrong_dispatch_is_refused)
{
	struct answer a = post(refusals[_i].path, refusals[_i].body);

	ck_assert_int_eq(a.status, refusals[_i].status);
	kit_contains(answer_str(&a, "message"), refusals[_i].message);
	web_free(&a);
}
END_TEST

START_TEST(a_sha_is_no_ref)
{
	struct answer head = get(REPO "/git/ref/heads/main"), a;
	char body[128];

	(void)snprintf(body, sizeof(body), "{\"ref\":\"%s\"}",
	    answer_str(&head, "object/sha"));
	a = post(CREATE, body);
	ck_assert_int_eq(a.status, 422);
	web_free(&head);
	web_free(&a);
}
END_TEST

START_TEST(a_disabled_workflow_is_forbidden)
{
	struct answer a;

	own_world_set("{\"github.disabled\":\"build-all.yml\"}");
	a = post(BUILD, "{\"ref\":\"main\"}");
	ck_assert_int_eq(a.status, 403);
	web_free(&a);
}
END_TEST

START_TEST(a_token_without_actions_write_cannot_dispatch)
{
	struct answer a;

	own_world_set("{\"github.permissions\":"
	    "\"actions:read contents:read\"}");
	a = post(BUILD, "{\"ref\":\"main\"}");
	ck_assert_int_eq(a.status, 403);
	ck_assert_str_eq(answer_str(&a, "message"),
	    "Resource not accessible by integration");
	web_free(&a);
}
END_TEST

START_TEST(a_used_up_rate_limit_says_when_it_ends)
{
	struct answer a;

	own_world_set("{\"github.remaining\":0}");
	a = get(REPO);
	ck_assert_int_eq(a.status, 403);
	kit_contains(a.headers, "X-RateLimit-Remaining: 0");
	kit_contains(a.headers, "X-RateLimit-Reset: ");
	web_free(&a);
}
END_TEST

START_TEST(a_secondary_limit_names_the_seconds_to_wait)
{
	struct answer a;

	own_world_set("{\"github.secondary\":7}");
	a = get(REPO);
	ck_assert_int_eq(a.status, 429);
	kit_contains(a.headers, "Retry-After: 7");
	web_free(&a);
}
END_TEST

/* --- dispatch ---------------------------------------------------------- */

START_TEST(without_details_the_answer_is_204)
{
	struct answer a = post(BUILD_ONE, "{\"ref\":\"main\",\"inputs\":"
	    "{\"INSTANCE_NAME\":\"none\"}}");

	ck_assert_int_eq(a.status, 204);
	ck_assert_str_eq(a.body, "");
	web_free(&a);
}
END_TEST

START_TEST(the_newer_version_always_gives_details)
{
	struct answer a = web_send(&hub, "POST", BUILD_ONE,
	    "Accept: application/vnd.github+json\n"
	    "X-GitHub-Api-Version: 2026-03-10", "application/json",
	    "{\"ref\":\"main\",\"inputs\":{\"INSTANCE_NAME\":\"none\"}}");

	ck_assert_int_eq(a.status, 200);
	ck_assert(answer_num(&a, "workflow_run_id") > 2147483647.0);
	web_free(&a);
}
END_TEST

START_TEST(the_newer_version_refuses_the_flag)
{
	struct answer a = web_send(&hub, "POST", BUILD_ONE,
	    "Accept: application/vnd.github+json\n"
	    "X-GitHub-Api-Version: 2026-03-10", "application/json",
	    "{\"ref\":\"main\",\"return_run_details\":true}");

	ck_assert_int_eq(a.status, 422);
	web_free(&a);
}
END_TEST

/* --- runs -------------------------------------------------------------- */

#define WITH_DETAILS(inputs) \
	"{\"ref\":\"main\",\"return_run_details\":true,\"inputs\":" inputs "}"

START_TEST(a_created_and_built_instance_is_in_the_repository)
{
	double id = dispatch(CREATE, WITH_DETAILS(
	    "{\"INSTANCE_NAME\":\"acme\"}"));
	struct answer before = get(REPO "/commits/main"), a;

	ck_assert_str_eq(await(id, "completed"), "success");
	a = get(REPO "/contents/instances/acme?ref=main");
	ck_assert_str_eq(answer_str(&a, "0/name"), "application.yml");
	ck_assert_str_eq(answer_str(&a, "1/name"), "config.yml");
	web_free(&a);
	id = dispatch(BUILD, WITH_DETAILS("{\"INSTANCE_NAME\":\"acme\"}"));
	ck_assert_str_eq(await(id, "completed"), "success");
	a = get(REPO "/contents/instances/acme/env/kustomization.yml");
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&a, "encoding"), "base64");
	web_free(&a);
	a = run_of(id);
	ck_assert_str_eq(answer_str(&a, "display_title"), "Build all service "
	    "images for 'acme' on 'main' branch");
	ck_assert_str_ne(answer_str(&a, "head_sha"), answer_str(&before,
	    "sha"));
	web_free(&a);
	web_free(&before);
}
END_TEST

START_TEST(a_comparison_tells_what_is_contained)
{
	struct answer a = get(REPO "/commits?per_page=2"), b;
	char path[256];

	(void)snprintf(path, sizeof(path), REPO "/compare/%s...%s",
	    answer_str(&a, "1/sha"), answer_str(&a, "0/sha"));
	b = get(path);
	ck_assert_str_eq(answer_str(&b, "status"), "ahead");
	ck_assert(answer_num(&b, "ahead_by") == 1);
	ck_assert(answer_has(&b, "files/0/filename"));
	web_free(&b);
	(void)snprintf(path, sizeof(path), REPO "/compare/%s...%s",
	    answer_str(&a, "0/sha"), answer_str(&a, "1/sha"));
	b = get(path);
	ck_assert_str_eq(answer_str(&b, "status"), "behind");
	web_free(&b);
	b = get(REPO "/compare/main...main");
	ck_assert_str_eq(answer_str(&b, "status"), "identical");
	web_free(&b);
	b = get(REPO "/compare/main...0000000000000000000000000000000000000"
	    "000");
	ck_assert_int_eq(b.status, 404);
	web_free(&b);
	web_free(&a);
}
END_TEST

START_TEST(an_existing_instance_cannot_be_created)
{
	double id = dispatch(CREATE, WITH_DETAILS(
	    "{\"INSTANCE_NAME\":\"beta\"}"));
	char path[128];
	struct answer a;

	ck_assert_str_eq(await(id, "completed"), "failure");
	(void)snprintf(path, sizeof(path), REPO "/actions/runs/%.0f/jobs",
	    id);
	a = get(path);
	ck_assert_str_eq(answer_str(&a, "jobs/0/conclusion"), "failure");
	ck_assert_str_eq(answer_str(&a, "jobs/0/steps/3/conclusion"),
	    "failure");
	ck_assert_str_eq(answer_str(&a, "jobs/0/steps/4/conclusion"),
	    "skipped");
	web_free(&a);
}
END_TEST

START_TEST(a_failing_run_names_the_job_and_step)
{
	char path[128];
	struct answer a;
	double id;

	own_world_set("{\"run.fail\":\"build-all.yml\"}");
	id = dispatch(BUILD, WITH_DETAILS("{\"INSTANCE_NAME\":\"beta\"}"));
	ck_assert_str_eq(await(id, "completed"), "failure");
	(void)snprintf(path, sizeof(path), REPO
	    "/actions/runs/%.0f/jobs?filter=latest&per_page=100", id);
	a = get(path);
	ck_assert(answer_num(&a, "total_count") == 3);
	ck_assert_str_eq(answer_str(&a, "jobs/0/steps/3/conclusion"),
	    "failure");
	ck_assert_str_eq(answer_str(&a, "jobs/2/conclusion"), "skipped");
	web_free(&a);
}
END_TEST

START_TEST(a_third_run_of_a_group_cancels_the_waiting_one)
{
	double first, second, third;

	own_world_set("{\"run.seconds\":3}");
	first = dispatch(BUILD, WITH_DETAILS("{\"INSTANCE_NAME\":\"x\"}"));
	(void)await(first, "in_progress");
	second = dispatch(BUILD, WITH_DETAILS("{\"INSTANCE_NAME\":\"x\"}"));
	(void)await(second, "pending");
	third = dispatch(BUILD, WITH_DETAILS("{\"INSTANCE_NAME\":\"x\"}"));
	ck_assert_str_eq(await(second, "completed"), "cancelled");
	(void)await(third, "pending");
	(void)await(first, "completed");
	(void)await(third, "in_progress");
}
END_TEST

START_TEST(a_run_of_another_instance_does_not_wait)
{
	double first, second;

	own_world_set("{\"run.seconds\":3}");
	first = dispatch(BUILD, WITH_DETAILS("{\"INSTANCE_NAME\":\"x\"}"));
	(void)await(first, "in_progress");
	second = dispatch(BUILD, WITH_DETAILS("{\"INSTANCE_NAME\":\"y\"}"));
	(void)await(second, "in_progress");
}
END_TEST

START_TEST(a_run_can_be_cancelled_until_it_has_ended)
{
	char path[128];
	struct answer a;
	double id;

	own_world_set("{\"run.seconds\":5}");
	id = dispatch(BUILD, WITH_DETAILS("{\"INSTANCE_NAME\":\"x\"}"));
	(void)await(id, "in_progress");
	(void)snprintf(path, sizeof(path), REPO "/actions/runs/%.0f/cancel",
	    id);
	a = web_send(&hub, "POST", path, HEADERS, NULL, NULL);
	ck_assert_int_eq(a.status, 202);
	web_free(&a);
	ck_assert_str_eq(await(id, "completed"), "cancelled");
	a = web_send(&hub, "POST", path, HEADERS, NULL, NULL);
	ck_assert_int_eq(a.status, 409);
	web_free(&a);
}
END_TEST

START_TEST(lists_are_filtered_and_paged)
{
	struct answer a;

	for (int i = 0; i < 3; i++)
		(void)dispatch(BUILD_ONE, WITH_DETAILS("{}"));
	a = get(REPO "/actions/workflows/build.yml/runs?per_page=2&"
	    "event=workflow_dispatch&branch=main&created=%3E%3D2020-01-01");
	ck_assert(answer_num(&a, "total_count") == 3);
	ck_assert(answer_has(&a, "workflow_runs/1"));
	ck_assert(!answer_has(&a, "workflow_runs/2"));
	kit_contains(a.headers, "rel=\"next\"");
	web_free(&a);
	a = get(REPO "/actions/workflows/build.yml/runs?per_page=2&page=2");
	ck_assert(answer_has(&a, "workflow_runs/0"));
	ck_assert(!answer_has(&a, "workflow_runs/1"));
	kit_contains(a.headers, "rel=\"prev\"");
	web_free(&a);
	a = get(REPO "/actions/runs?created=%3E%3D2099-01-01");
	ck_assert(answer_num(&a, "total_count") == 0);
	web_free(&a);
	a = get(REPO "/actions/runs?branch=other");
	ck_assert(answer_num(&a, "total_count") == 0);
	web_free(&a);
	a = get(REPO "/actions/runs?event=push");
	ck_assert(answer_num(&a, "total_count") == 0);
	web_free(&a);
}
END_TEST

START_TEST(a_new_run_shows_in_lists_only_after_a_while)
{
	struct answer a;

	own_world_set("{\"github.lag\":1.5}");
	(void)dispatch(BUILD_ONE, WITH_DETAILS("{}"));
	a = get(REPO "/actions/workflows/build.yml/runs");
	ck_assert(answer_num(&a, "total_count") == 0);
	web_free(&a);
	nap(1.6);
	a = get(REPO "/actions/workflows/build.yml/runs");
	ck_assert(answer_num(&a, "total_count") == 1);
	web_free(&a);
}
END_TEST

START_TEST(an_etag_spares_a_second_body)
{
	struct answer a = get(REPO "/branches/main"), b;
	const char *tag = strstr(a.headers, "ETag: ");
	char headers[512];

	ck_assert_ptr_nonnull(tag);
	(void)snprintf(headers, sizeof(headers), "%s\nIf-None-Match: %.*s",
	    HEADERS, (int)strcspn(tag + 6, "\r\n"), tag + 6);
	b = web_send(&hub, "GET", REPO "/branches/main", headers, NULL,
	    NULL);
	ck_assert_int_eq(b.status, 304);
	ck_assert_str_eq(b.body, "");
	web_free(&a);
	web_free(&b);
}
END_TEST

/* --- the rest ---------------------------------------------------------- */

START_TEST(only_production_has_reviewers)
{
	struct answer a = get(REPO "/environments/production");

	ck_assert_str_eq(answer_str(&a, "protection_rules/0/type"),
	    "required_reviewers");
	web_free(&a);
	a = get(REPO "/environments/staging");
	ck_assert_int_eq(a.status, 200);
	ck_assert(!answer_has(&a, "protection_rules/0"));
	web_free(&a);
	a = get(REPO "/environments/none");
	ck_assert_int_eq(a.status, 404);
	web_free(&a);
	a = get(REPO "/environments");
	ck_assert(answer_num(&a, "total_count") == 2);
	web_free(&a);
}
END_TEST

static const struct {
	const char *path;
	long status;
} reads[] = {
	{ "/rate_limit", 200 }, { REPO, 200 }, { REPO "/branches/main", 200 },
	{ REPO "/branches/none", 404 }, { REPO "/git/ref/heads/main", 200 },
	{ REPO "/git/ref/heads/none", 404 }, { REPO "/commits/main", 200 },
	{ REPO "/contents/README.md", 200 }, { REPO "/contents/none", 404 },
	{ REPO "/contents", 200 }, { REPO "/actions/workflows", 200 },
	{ REPO "/actions/workflows/build.yml", 200 },
	{ REPO "/actions/workflows/none.yml", 404 },
	{ REPO "/actions/runs/1", 404 }, { REPO "/actions/jobs/1", 404 },
	{ "/repos/owner/other", 404 },
};

START_TEST(reads_answer_as_described)
{
	struct answer a = get(reads[_i].path);

	ck_assert_int_eq(a.status, reads[_i].status);
	ck_assert_ptr_nonnull(a.json);
	web_free(&a);
}
END_TEST

START_TEST(what_was_recorded_is_what_github_describes)
{
	const char *s = kit_env("SB_STATE");

	/* its own TAP must not count as ours: only what failed is shown */
	free(kit_sh("tests/contract/judge %s/traffic/github.jsonl "
	    ">%s/judge.tap 2>&1 || { sed 's/^/# /' %s/judge.tap >&2; "
	    "false; }", s, s, s));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("github");
	TCase *reads_only = tcase_create("reads");
	TCase *t = tcase_create("github"), *last = tcase_create("judge");

	bool judged = judge_ready();
	int rc;

	if (!own_world_up())
		return kit_skip_all("the world double can't be started");
	tcase_add_unchecked_fixture(reads_only, find, NULL);
	tcase_add_unchecked_fixture(t, find, NULL);
	tcase_add_test(reads_only, a_request_without_user_agent_is_forbidden);
	tcase_add_test(reads_only, a_wrong_token_is_unauthorized);
	tcase_add_test(reads_only,
	    without_a_token_a_private_repository_is_not_there);
	tcase_add_test(reads_only, an_unknown_api_version_is_refused);
	tcase_add_test(reads_only, a_sha_is_no_ref);
	tcase_add_test(reads_only, an_etag_spares_a_second_body);
	tcase_add_test(reads_only, only_production_has_reviewers);
	tcase_add_loop_test(reads_only, a_wrong_dispatch_is_refused, 0,
	    sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_loop_test(reads_only, reads_answer_as_described, 0,
	    sizeof(reads) / sizeof(reads[0]));
	suite_add_tcase(s, reads_only);
	tcase_add_checked_fixture(t, fast, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_disabled_workflow_is_forbidden);
	tcase_add_test(t, a_token_without_actions_write_cannot_dispatch);
	tcase_add_test(t, a_used_up_rate_limit_says_when_it_ends);
	tcase_add_test(t, a_secondary_limit_names_the_seconds_to_wait);
	tcase_add_test(t, without_details_the_answer_is_204);
	tcase_add_test(t, the_newer_version_always_gives_details);
	tcase_add_test(t, the_newer_version_refuses_the_flag);
	tcase_add_test(t,
	    a_created_and_built_instance_is_in_the_repository);
	tcase_add_test(t, a_comparison_tells_what_is_contained);
	tcase_add_test(t, an_existing_instance_cannot_be_created);
	tcase_add_test(t, a_failing_run_names_the_job_and_step);
	tcase_add_test(t, a_third_run_of_a_group_cancels_the_waiting_one);
	tcase_add_test(t, a_run_of_another_instance_does_not_wait);
	tcase_add_test(t, a_run_can_be_cancelled_until_it_has_ended);
	tcase_add_test(t, lists_are_filtered_and_paged);
	tcase_add_test(t, a_new_run_shows_in_lists_only_after_a_while);
	suite_add_tcase(s, t);
	tcase_set_timeout(last, 300);
	tcase_add_test(last, what_was_recorded_is_what_github_describes);
	if (judged)
		suite_add_tcase(s, last);
	rc = kit_main(s, NULL);
	if (!judged)
		(void)printf("ok - judge # SKIP GitHub's description is not "
		    "there: tests/contract/judge --setup\n");
	return rc;
}
