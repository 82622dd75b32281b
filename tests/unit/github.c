/*
 * Proves what api/github.h and api/dispatch.h promise: no second dispatch,
 * no run of another instance, and words that help.
 */
#include <stdlib.h>
#include <string.h>

#include "api/dispatch.h"
#include "api/github.h"
#include "base/clock.h"
#include "base/mem.h"
#include "data/json.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"
#define R "/repos/owner/cluster"
#define WF "/actions/workflows/build-all.yml"
#define OURS "Build all images for 'acme' on 'main' branch"

static struct httpd *d;
static struct github *g;
static struct err e;
static struct pool *p;

static void
set_up(void)
{
	struct github_open o = {
		.repository = "owner/cluster", .token = "gh-token-123456",
	};

	d = httpd_start(NULL);
	o.api_url = httpd_url(d);
	e = (struct err){ 0 };
	g = github_open(&o, &e);
	p = pool_new();
}

static void
tear_down(void)
{
	github_close(g);
	httpd_stop(d);
	pool_free(p);
}

START_TEST(each_request_has_the_version_and_the_token)
{
	const char *seen;

	httpd_answer(d, "GET " R "/branches/feature/x%20y HTTP", 0, 200, "",
	    "{\"commit\":{\"sha\":\"" A "\"}}");
	ck_assert_str_eq(github_find_head(g, "feature/x y", &e), A);
	seen = httpd_seen(d, "GET", 0);
	kit_contains(seen, "X-GitHub-Api-Version: 2022-11-28\r\n");
	kit_contains(seen, "Accept: application/vnd.github+json\r\n");
	kit_contains(seen, "Authorization: Bearer gh-token-123456\r\n");
}
END_TEST

static const struct {
	int status;
	const char *more, *body;
	enum err_kind kind;
	const char *says;
} bad[] = {
	{ 401, "", "{\"message\":\"Bad credentials\"}", ERR_DENIED,
	  "token is refused: Bad credentials" },
	{ 403, "", "{\"message\":\"Resource not accessible by integration\"}",
	  ERR_DENIED, "(the token needs \"contents: read\"" },
	{ 404, "", "{\"message\":\"Not Found\"}", ERR_NOT_FOUND,
	  "branch main: there is no such thing" },
	{ 403, "retry-after: 7200\r\n", "{\"message\":\"secondary\"}",
	  ERR_OTHER, "rate limit is used up: again in 7200 s" },
	{ 422, "", "{\"message\":\"Validation Failed\",\"errors\":"
	  "[{\"message\":\"no ref\\nX\"}]}", ERR_OTHER,
	  "Validation Failed: no ref X" },
	{ 422, "", "{\"message\":\"M\",\"errors\":[\"plain\"]}", ERR_OTHER,
	  "M: plain" },
	{ 301, "Location: /new\r\n", "{\"message\":\"Moved\"}", ERR_OTHER,
	  "renamed" },
	{ 500, "", "<html>unicorn</html>", ERR_OTHER, "in place of JSON" },
	{ 200, "", "<html>login</html>", ERR_OTHER, "HTML" },
	{ 200, "", "{\"commit\":", ERR_OTHER, "not JSON" },
	{ 200, "", "{\"commit\":{\"sha\":\"main\"}}", ERR_OTHER,
	  "holds no commit" },
	{ 200, "", "[]", ERR_OTHER, "holds no commit" },
};

START_TEST(a_bad_answer_is_told_in_words)
{
	httpd_answer(d, "", 0, bad[_i].status, bad[_i].more, bad[_i].body);
	ck_assert_ptr_null(github_find_head(g, "main", &e));
	ck_assert_msg(e.kind == bad[_i].kind, "%d: %s", e.kind, e.text);
	kit_contains(e.text, bad[_i].says);
	kit_lacks(e.text, "gh-token");
}
END_TEST

START_TEST(containment_is_what_compare_says)
{
	static const char *const words[] = {
		"identical", "ahead", "behind", "diverged", "novel"
	};
	char *body = pool_printf(p, "{\"status\":\"%s\"}", words[_i]);
	bool yes;

	httpd_answer(d, "GET " R "/compare/" A "..." B "?", 0, 200, "", body);
	ck_assert(github_contains(g, B, A, &yes, &e));
	ck_assert_int_eq(yes, _i < 2);
	ck_assert(github_contains(g, A, A, &yes, &e) && yes);
}
END_TEST

START_TEST(a_file_is_read_as_bytes)
{
	struct buf b = buf_new(100), small = buf_new(3);

	httpd_answer(d, "GET " R "/contents/a/b%20c?ref=main HTTP", 0, 200,
	    "", "x: 1\n");
	ck_assert(github_read_file(g, "main", "a/b c", &b, &e));
	ck_assert_str_eq(buf_str(&b), "x: 1\n");
	kit_contains(httpd_seen(d, "GET", 0), "vnd.github.raw+json");
	ck_assert(!github_read_file(g, "main", "a/b c", &small, &e));
	buf_free(&b);
	buf_free(&small);
}
END_TEST

/* ---- dispatch ---- */

static bool
dispatch(const char **id, bool *unclear)
{
	struct json *inputs = json_object();
	bool ok;

	json_set_str(inputs, "INSTANCE_NAME", "acme");
	ok = github_dispatch(g, "build-all.yml", "main", inputs, id, unclear,
	    &e);
	json_free(inputs);
	return ok;
}

START_TEST(a_dispatch_tells_its_run)
{
	const char *id, *seen;
	bool unclear;

	httpd_answer(d, "POST " R WF "/dispatches HTTP", 0, 200, "",
	    "{\"workflow_run_id\":35064429580}");
	ck_assert_msg(dispatch(&id, &unclear), "%s", e.text);
	ck_assert_str_eq(id, "35064429580");
	seen = httpd_seen(d, "POST", 0);
	kit_contains(seen, "{\"ref\":\"main\",\"inputs\":{\"INSTANCE_NAME\":"
	    "\"acme\"},\"return_run_details\":true}");
}
END_TEST

START_TEST(a_204_tells_no_run)
{
	const char *id;
	bool unclear;

	httpd_rule(d, "POST", 0, HTTPD_SAY, "HTTP/1.1 204 No\r\n\r\n");
	ck_assert(dispatch(&id, &unclear));
	ck_assert_str_eq(id, "");
}
END_TEST

START_TEST(an_older_server_is_asked_again_without_details)
{
	const char *id;
	bool unclear;

	httpd_answer(d, "POST", 1, 422, "", "{\"message\":\"Invalid request."
	    " \\\"return_run_details\\\" is not a permitted key.\"}");
	httpd_rule(d, "POST", 0, HTTPD_SAY, "HTTP/1.1 204 No\r\n\r\n");
	ck_assert_msg(dispatch(&id, &unclear), "%s", e.text);
	kit_lacks(httpd_seen(d, "POST", 1), "return_run_details");
	ck_assert_int_eq(httpd_count(d, "POST"), 2);
}
END_TEST

static const struct {
	enum httpd_act act;
	const char *raw;
	bool unclear;
} posts[] = {
	{ HTTPD_RESET, "", true },
	{ HTTPD_CLOSE, "", true },
	{ HTTPD_SAY, "HTTP/1.1 502 Bad\r\nContent-Length: 6\r\n\r\n<html>",
	  true },
	{ HTTPD_SAY, "HTTP/1.1 500 Bad\r\nContent-Length: 2\r\n\r\n{}", true },
	{ HTTPD_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", true },
	{ HTTPD_SAY, "HTTP/1.1 422 No\r\nContent-Length: 15\r\n\r\n"
	  "{\"message\":\"m\"}", false },
	{ HTTPD_SAY, "HTTP/1.1 404 No\r\nContent-Length: 15\r\n\r\n"
	  "{\"message\":\"m\"}", false },
	{ HTTPD_SAY, "HTTP/1.1 403 No\r\nContent-Length: 15\r\n\r\n"
	  "{\"message\":\"m\"}", false },
};

START_TEST(a_lost_answer_is_unclear_and_a_refusal_is_not)
{
	const char *id;
	bool unclear;

	httpd_rule(d, "POST", 0, posts[_i].act, posts[_i].raw);
	ck_assert(!dispatch(&id, &unclear));
	ck_assert_int_eq(unclear, posts[_i].unclear);
	ck_assert_int_eq(httpd_count(d, "POST"), 1);
}
END_TEST

START_TEST(nothing_sent_is_not_unclear)
{
	const char *id;
	bool unclear;

	httpd_stop(d);
	ck_assert(!dispatch(&id, &unclear));
	ck_assert(!unclear);
	d = httpd_start(NULL);
}
END_TEST

/* ---- runs ---- */

static const char *
run_json(const char *id, const char *title, const char *status,
    const char *conclusion, const char *head)
{
	return pool_printf(p, "{\"id\":%s,\"display_title\":\"%s\","
	    "\"status\":\"%s\",\"conclusion\":%s,\"head_sha\":\"%s\","
	    "\"event\":\"workflow_dispatch\",\"head_branch\":\"main\","
	    "\"html_url\":\"https://gh/runs/%s\",\"created_at\":"
	    "\"2026-11-23T06:00:00Z\",\"updated_at\":"
	    "\"2026-11-23T06:30:00Z\"}", id, title, status, conclusion, head,
	    id);
}

static void
list_runs(const char *a, const char *b)
{
	httpd_answer(d, "GET " R WF "/runs?", 0, 200, "", pool_printf(p,
	    "{\"total_count\":2,\"workflow_runs\":[%s%s%s]}", a,
	    b[0] != '\0' ? "," : "", b));
}

START_TEST(a_run_is_awaited_to_its_end)
{
	struct github_run run;

	httpd_answer(d, "GET", 1, 200, "", run_json("35064429580", OURS,
	    "in_progress", "null", A));
	httpd_answer(d, "GET", 1, 502, "", "<html>");
	httpd_answer(d, "GET", 0, 200, "", run_json("35064429580", OURS,
	    "completed", "\"success\"", A));
	ck_assert_msg(github_await_run(g, "35064429580", clock_deadline(20),
	    &run, &e), "%s", e.text);
	ck_assert(github_is_success(&run));
	ck_assert_int_eq(httpd_count(d, "GET"), 3);
}
END_TEST

START_TEST(waiting_for_a_run_ends_with_the_deadline)
{
	struct github_run run;

	httpd_answer(d, "GET", 0, 200, "", run_json("7", OURS, "queued",
	    "null", A));
	ck_assert(!github_await_run(g, "7", clock_deadline(2), &run, &e));
	ck_assert_int_eq(e.kind, ERR_TIMEOUT);
	kit_contains(e.text, "still queued");
	kit_contains(e.text, "https://gh/runs/7");
}
END_TEST

START_TEST(only_success_is_success)
{
	static const char *const words[] = {
		"success", "skipped", "neutral", "cancelled", "failure",
		"stale", "",
	};
	struct github_run run = {
		.status = "completed", .conclusion = words[_i],
	};

	ck_assert_int_eq(github_is_success(&run), _i == 0);
	run.status = "in_progress";
	ck_assert(!github_is_success(&run));
}
END_TEST

START_TEST(a_failure_names_job_and_step)
{
	struct buf b = buf_new(500);

	httpd_answer(d, "GET " R "/actions/runs/7/jobs?filter=latest", 0, 200,
	    "", "{\"jobs\":[{\"name\":\"ok\",\"conclusion\":\"success\"},"
	    "{\"name\":\"later\",\"conclusion\":\"skipped\"},"
	    "{\"name\":\"build / x\",\"conclusion\":\"failure\",\"steps\":["
	    "{\"name\":\"Set up\",\"conclusion\":\"success\"},"
	    "{\"name\":\"Build image\",\"conclusion\":\"failure\"}]},"
	    "{\"name\":\"bare\",\"conclusion\":\"timed_out\",\"steps\":[]}]}");
	ck_assert(github_say_failed(g, "7", &b, &e));
	ck_assert_str_eq(buf_str(&b), "job \"build / x\", step \"Build image\""
	    " (failure); job \"bare\" (timed_out)");
	buf_free(&b);
}
END_TEST

START_TEST(reviewers_are_counted_and_nothing_else_guards)
{
	int n = 7;

	httpd_answer(d, "GET " R "/environments/prod%2Fx HTTP", 0, 200, "",
	    "{\"protection_rules\":[{\"type\":\"wait_timer\"},"
	    "{\"type\":\"required_reviewers\",\"reviewers\":[{},{}]},"
	    "{\"type\":\"branch_policy\"}]}");
	httpd_answer(d, "GET " R "/environments/open", 0, 200, "",
	    "{\"protection_rules\":[{\"type\":\"branch_policy\"}]}");
	ck_assert(github_find_reviewers(g, "prod/x", &n, &e) && n == 2);
	ck_assert(github_find_reviewers(g, "open", &n, &e) && n == 0);
}
END_TEST

/* ---- which run will do ---- */

static struct dispatch_want want = {
	.workflow = "build-all.yml", .branch = "main", .instance = "acme",
	.config = "instances/acme/config.yml",
};

static const char *
commit_json(const char *sha, const char *author, const char *message)
{
	return pool_printf(p, "{\"sha\":\"%s\",\"commit\":{\"message\":"
	    "\"%s\",\"author\":{\"name\":\"%s\"},\"committer\":{\"date\":"
	    "\"2026-11-23T06:10:00Z\"}}}", sha, message, author);
}

/* The branch's head, the commits of config.yml from it, and those from the
 * runs' head A, which is A alone. */
static void
history(const char *head, const char *commits)
{
	httpd_answer(d, "GET " R "/branches/main", 0, 200, "", pool_printf(p,
	    "{\"commit\":{\"sha\":\"%s\"}}", head));
	httpd_answer(d, pool_printf(p, "GET " R "/commits?sha=%s&path="
	    "instances%%2Facme%%2Fconfig.yml&per_page=100", head), 0, 200, "",
	    pool_printf(p, "[%s]", commits));
	httpd_answer(d, "GET " R "/commits?sha=" A "&path=instances%2Facme"
	    "%2Fconfig.yml&per_page=1 ", 0, 200, "", pool_printf(p, "[%s]",
	    commit_json(A, "SRE", "mine")));
}

static void
changed(const char *base, const char *head, const char *status,
    const char *files)
{
	httpd_answer(d, pool_printf(p, "GET " R "/compare/%s...%s?", base,
	    head), 0, 200, "", pool_printf(p, "{\"status\":\"%s\","
	    "\"files\":[%s]}", status, files));
}

static const char ENV_COMMIT[] = "chore: update tutor env and config for acme"
    "\\n\\nRun: https://github.com/owner/cluster/actions/runs/50\\n";

static struct dispatch_found
find(void)
{
	struct dispatch_found found;

	ck_assert_msg(dispatch_find(g, &want, &found, &e), "%s", e.text);
	return found;
}

START_TEST(no_run_means_one_is_needed)
{
	struct dispatch_found f;

	list_runs("", "");
	history(A, commit_json(A, "SRE", "mine"));
	f = find();
	ck_assert_int_eq(f.state, DISPATCH_NONE);
	ck_assert_str_eq(f.newest, "");
	kit_contains(f.why, "no run yet");
}
END_TEST

START_TEST(runs_of_other_instances_do_not_count)
{
	static const char *const others[] = {
		"Build all images for 'acme-two' on 'main' branch",
		"Build all images for 'my-acme' on 'main' branch",
		"Build all images for 'acme2' on 'main' branch",
		"Build all images for 'x.acme' on 'main' branch",
		"Build all images",
	};
	struct dispatch_found f;

	list_runs(run_json("50", others[_i], "in_progress", "null", A), "");
	history(A, commit_json(A, "SRE", "mine"));
	f = find();
	ck_assert_int_eq(f.state, DISPATCH_NONE);
	ck_assert_str_eq(f.newest, "50");
}
END_TEST

START_TEST(an_active_run_with_the_commit_is_adopted)
{
	struct dispatch_found f;

	list_runs(run_json("51", OURS, "queued", "null", A),
	    run_json("50", OURS, "completed", "\"success\"", B));
	history(A, commit_json(A, "SRE", "mine"));
	f = find();
	ck_assert_int_eq(f.state, DISPATCH_ACTIVE);
	ck_assert_str_eq(f.run.id, "51");
}
END_TEST

START_TEST(an_active_run_without_the_commit_is_older)
{
	struct dispatch_found f;

	list_runs(run_json("50", OURS, "in_progress", "null", A), "");
	history(B, commit_json(B, "SRE", "newer"));
	changed(B, A, "behind", "");
	f = find();
	ck_assert_int_eq(f.state, DISPATCH_OLDER);
}
END_TEST

START_TEST(what_the_run_itself_committed_leaves_it_good)
{
	struct dispatch_found f;

	list_runs(run_json("50", OURS, "completed", "\"success\"", A), "");
	history(B, pool_printf(p, "%s,%s", commit_json(B,
	    "sre via GitHub Actions", ENV_COMMIT), commit_json(A, "SRE",
	    "mine")));
	changed(B, A, "behind", "");
	changed(B, B, "identical", "");
	f = find();
	ck_assert_msg(f.state == DISPATCH_DONE, "%s", f.why);
	ck_assert_str_eq(f.run.id, "50");
	ck_assert_str_eq(f.head, B);
}
END_TEST

START_TEST(a_commit_of_another_run_or_a_person_is_no_own_one)
{
	static const struct { const char *author, *message; } c[] = {
		{ "sre via GitHub Actions", "chore: update tutor env and "
		  "config for acme\\n\\nRun: https://x/actions/runs/501\\n" },
		{ "SRE", "chore: update tutor env and config for acme" },
		{ "github-actions[bot]", "chore: update the configuration" },
	};
	struct dispatch_found f;

	list_runs(run_json("50", OURS, "completed", "\"success\"", A), "");
	history(B, pool_printf(p, "%s,%s", commit_json(B, c[_i].author,
	    c[_i].message), commit_json(A, "SRE", "mine")));
	changed(B, A, "behind", "");
	changed(A, B, "ahead", "{\"filename\":\"instances/acme/config.yml\"}");
	httpd_answer(d, "GET " R "/contents/instances/acme/config.yml?ref=" A,
	    0, 200, "", "LMS_HOST: old\n");
	httpd_answer(d, "GET " R "/contents/instances/acme/config.yml?ref=" B,
	    0, 200, "", "LMS_HOST: new\n");
	f = find();
	ck_assert_int_eq(f.state, DISPATCH_NONE);
	kit_contains(f.why, "LMS_HOST has changed");
}
END_TEST

/* What came after the run's own commit B, up to the head C. */
static const struct {
	const char *then, *now, *files;
	enum dispatch_state state;
	const char *why;
} later[] = {
	{ "A: 1\n", "A: 1  # the same\n", "", DISPATCH_DONE, "" },
	{ "A: 1\nB: 2\n", "B: 2\nA: 1\n", "", DISPATCH_DONE, "" },
	{ "A: 1\n", "A: 2\n", "", DISPATCH_NONE, "A has changed" },
	{ "A: 1\n", "A: 1\nB: 1\n", "", DISPATCH_NONE, "B has changed" },
	{ "A: 1\nB: 1\n", "A: 1\n", "", DISPATCH_NONE, "B has changed" },
	{ "A: 1\nDRYDOCK_INIT_JOBS: true\n",
	  "A: 1\nDRYDOCK_INIT_JOBS: false\n", "", DISPATCH_DONE, "" },
	{ "DOCKER_IMAGE_OPENEDX: a\nMFE_DOCKER_IMAGE: b\n",
	  "DOCKER_IMAGE_OPENEDX: c\nMFE_DOCKER_IMAGE: d\n", "",
	  DISPATCH_DONE, "" },
	{ "A: 1\n", "A: 1\n",
	  ",{\"filename\":\"instances/acme/env/k8s/a.yml\"},"
	  "{\"filename\":\"instances/acme/application.yml\"},"
	  "{\"filename\":\"instances/beta/config.yml\"}", DISPATCH_DONE, "" },
	{ "A: 1\n", "A: 1\n",
	  ",{\"filename\":\"instances/acme/requirements.txt\"}",
	  DISPATCH_NONE, "requirements.txt has changed" },
};

START_TEST(what_came_later_is_compared_by_value)
{
	static const char *const keys[] = { "DRYDOCK_INIT_JOBS", NULL };
	struct dispatch_found f;

	want.no_image = keys;
	list_runs(run_json("50", OURS, "completed", "\"success\"", A), "");
	history(C, pool_printf(p, "%s,%s,%s", commit_json(C, "SRE", "later"),
	    commit_json(B, "sre via GitHub Actions", ENV_COMMIT),
	    commit_json(A, "SRE", "mine")));
	changed(C, A, "behind", "");
	changed(B, C, "ahead", pool_printf(p,
	    "{\"filename\":\"instances/acme/config.yml\"}%s",
	    later[_i].files));
	httpd_answer(d, "GET " R "/contents/instances/acme/config.yml?ref=" B,
	    0, 200, "", later[_i].then);
	httpd_answer(d, "GET " R "/contents/instances/acme/config.yml?ref=" C,
	    0, 200, "", later[_i].now);
	f = find();
	ck_assert_msg(f.state == later[_i].state, "%d: %s", (int)f.state,
	    f.why);
	if (f.state == DISPATCH_NONE)
		kit_contains(f.why, later[_i].why);
	want.no_image = NULL;
}
END_TEST

START_TEST(a_failed_run_is_not_enough)
{
	struct dispatch_found f;

	list_runs(run_json("51", OURS, "completed", "\"cancelled\"", A),
	    run_json("50", OURS, "completed", "\"success\"", A));
	history(A, commit_json(A, "SRE", "mine"));
	f = find();
	ck_assert_int_eq(f.state, DISPATCH_NONE);
	kit_contains(f.why, "ended with cancelled");
}
END_TEST

START_TEST(a_commit_that_is_not_in_the_branch_is_refused)
{
	struct dispatch_found f;

	want.contains = C;
	list_runs("", "");
	history(A, commit_json(A, "SRE", "mine"));
	if (_i == 0)
		changed(C, A, "diverged", "");
	else
		httpd_answer(d, "GET " R "/compare/", 0, 404, "",
		    "{\"message\":\"Not Found\"}");
	ck_assert(!dispatch_find(g, &want, &f, &e));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, "was it pushed?");
	want.contains = NULL;
}
END_TEST

START_TEST(a_dispatch_without_a_number_is_looked_up)
{
	struct dispatch_found before = { .newest = "50" };
	struct json *inputs = json_object();
	const char *id;

	httpd_rule(d, "POST", 0, _i == 0 ? HTTPD_SAY : HTTPD_RESET,
	    _i == 0 ? "HTTP/1.1 204 No\r\n\r\n" : "");
	httpd_answer(d, "GET " R WF "/runs?", 1, 200, "", pool_printf(p,
	    "{\"workflow_runs\":[%s]}", run_json("50", OURS, "completed",
	    "\"success\"", A)));
	list_runs(run_json("1000", OURS, "queued", "null", A),
	    run_json("1001", "Build 'beta'", "queued", "null", A));
	ck_assert_msg(dispatch_start(g, &want, inputs, &before, &id, &e),
	    "%s", e.text);
	ck_assert_str_eq(id, "1000");
	ck_assert_int_eq(httpd_count(d, "POST"), 1);
	json_free(inputs);
}
END_TEST

START_TEST(two_runs_that_could_be_ours_are_not_guessed_between)
{
	struct dispatch_found before = { .newest = "50" };
	struct json *inputs = json_object();
	const char *id;

	httpd_rule(d, "POST", 0, HTTPD_SAY, "HTTP/1.1 204 No\r\n\r\n");
	list_runs(run_json("51", OURS, "queued", "null", A),
	    run_json("52", OURS, "queued", "null", A));
	ck_assert(!dispatch_start(g, &want, inputs, &before, &id, &e));
	kit_contains(e.text, "https://gh/runs/51");
	kit_contains(e.text, "https://gh/runs/52");
	json_free(inputs);
}
END_TEST

static TCase *
api_case(void)
{
	TCase *t = tcase_create("github");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_request_has_the_version_and_the_token);
	tcase_add_loop_test(t, a_bad_answer_is_told_in_words, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(t, containment_is_what_compare_says, 0, 5);
	tcase_add_test(t, a_file_is_read_as_bytes);
	tcase_add_test(t, a_dispatch_tells_its_run);
	tcase_add_test(t, a_204_tells_no_run);
	tcase_add_test(t, an_older_server_is_asked_again_without_details);
	tcase_add_loop_test(t, a_lost_answer_is_unclear_and_a_refusal_is_not,
	    0, sizeof(posts) / sizeof(posts[0]));
	tcase_add_test(t, nothing_sent_is_not_unclear);
	tcase_add_test(t, a_run_is_awaited_to_its_end);
	tcase_add_test(t, waiting_for_a_run_ends_with_the_deadline);
	tcase_add_loop_test(t, only_success_is_success, 0, 7);
	tcase_add_test(t, a_failure_names_job_and_step);
	tcase_add_test(t, reviewers_are_counted_and_nothing_else_guards);
	return t;
}

static TCase *
dispatch_case(void)
{
	TCase *t = tcase_create("dispatch");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, no_run_means_one_is_needed);
	tcase_add_loop_test(t, runs_of_other_instances_do_not_count, 0, 5);
	tcase_add_test(t, an_active_run_with_the_commit_is_adopted);
	tcase_add_test(t, an_active_run_without_the_commit_is_older);
	tcase_add_test(t, what_the_run_itself_committed_leaves_it_good);
	tcase_add_loop_test(t,
	    a_commit_of_another_run_or_a_person_is_no_own_one, 0, 3);
	tcase_add_loop_test(t, what_came_later_is_compared_by_value, 0,
	    sizeof(later) / sizeof(later[0]));
	tcase_add_test(t, a_failed_run_is_not_enough);
	tcase_add_loop_test(t,
	    a_commit_that_is_not_in_the_branch_is_refused, 0, 2);
	tcase_add_loop_test(t, a_dispatch_without_a_number_is_looked_up, 0, 2);
	tcase_add_test(t, two_runs_that_could_be_ours_are_not_guessed_between);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("github");

	suite_add_tcase(s, api_case());
	suite_add_tcase(s, dispatch_case());
	return kit_main(s, NULL);
}
