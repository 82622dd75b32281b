/*
 * Proves what api/argocd.h promises: no stale success is believed, no sync
 * is asked for twice, and waiting ends where it is in vain.
 */
#include <string.h>

#include "api/argocd.h"
#include "base/clock.h"
#include "base/mem.h"
#include "data/json.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define APP "/api/v1/applications/acme-production"

static struct httpd *d;
static struct argocd *a;
static struct err e;
static struct pool *p;

static void
set_up(void)
{
	struct argocd_open o = {
		.token = "x.argo-token-123456.y", .project = "default",
		.application = "acme-production",
	};

	d = httpd_start(NULL);
	p = pool_new();
	o.server = pool_printf(p, "%s/", httpd_url(d));
	e = (struct err){ 0 };
	a = argocd_open(&o, &e);
}

static void
tear_down(void)
{
	argocd_close(a);
	httpd_stop(d);
	pool_free(p);
}

/* An Application whose status is this. */
static const char *
app(const char *status)
{
	return pool_printf(p, "{\"metadata\":{\"name\":\"acme-production\"},"
	    "\"spec\":{},%s}", status);
}

#define FINISHED(phase, rev, at) \
	"\"operationState\":{\"phase\":\"" phase "\",\"finishedAt\":\"" at \
	"\",\"message\":\"words\",\"syncResult\":{\"revision\":\"" rev \
	"\",\"resources\":[{\"kind\":\"Job\",\"name\":\"mysql\"," \
	"\"status\":\"SyncFailed\",\"message\":\"no quota\"}]}}"
#define STATE(sync, rev, health) \
	"\"sync\":{\"status\":\"" sync "\",\"revision\":\"" rev "\"}," \
	"\"health\":{\"status\":\"" health "\"}," \
	"\"reconciledAt\":\"2026-11-23T06:10:00Z\""
#define T1 "2026-11-23T06:10:00Z"
#define T2 "2026-11-23T06:10:01Z"
#define RUNNING(rev) "\"operation\":{\"sync\":{\"revision\":\"" rev "\"}}," \
	"\"status\":{" STATE("OutOfSync", B, "Healthy") "}"

static const struct {
	const char *status;
	enum argocd_where where;
} states[] = {
	{ "\"status\":{}", ARGOCD_AWAY },
	{ RUNNING(A), ARGOCD_RUNNING },
	{ RUNNING(B), ARGOCD_BUSY },
	{ "\"operation\":{\"sync\":{}}", ARGOCD_BUSY },
	{ "\"status\":{\"operationState\":{\"phase\":\"Running\","
	  "\"operation\":{\"sync\":{\"revision\":\"" A "\"}}}}",
	  ARGOCD_RUNNING },
	{ "\"status\":{\"operationState\":{\"phase\":\"Terminating\"}}",
	  ARGOCD_BUSY },
	{ "\"status\":{" FINISHED("Succeeded", A, T1) ","
	  STATE("Synced", A, "Healthy") "}", ARGOCD_READY },
	/* no reconciliation since the operation's end: health is stale */
	{ "\"status\":{" FINISHED("Succeeded", A, T2) ","
	  STATE("Synced", A, "Healthy") "}", ARGOCD_ROLLING },
	{ "\"status\":{" FINISHED("Succeeded", A, T1) ","
	  STATE("Synced", A, "Progressing") "}", ARGOCD_ROLLING },
	{ "\"status\":{" FINISHED("Succeeded", A, T1) ","
	  STATE("OutOfSync", A, "Healthy") "}", ARGOCD_DRIFTED },
	{ "\"status\":{" FINISHED("Succeeded", A, T2) ","
	  STATE("OutOfSync", A, "Healthy") "}", ARGOCD_ROLLING },
	{ "\"status\":{" FINISHED("Succeeded", A, T1) ","
	  STATE("OutOfSync", B, "Healthy") "}", ARGOCD_ROLLING },
	{ "\"status\":{" FINISHED("Failed", A, T1) ","
	  STATE("Synced", A, "Healthy") "}", ARGOCD_FAILED },
	{ "\"status\":{" FINISHED("Error", A, T1) "}", ARGOCD_FAILED },
	/* the last Succeeded is an older one's */
	{ "\"status\":{" FINISHED("Succeeded", B, T1) ","
	  STATE("OutOfSync", A, "Healthy") "}", ARGOCD_AWAY },
	/* another commit, the same manifests: nothing to sync */
	{ "\"status\":{" FINISHED("Succeeded", B, T1) ","
	  STATE("Synced", A, "Healthy") "}", ARGOCD_READY },
	{ "\"status\":{" FINISHED("Succeeded", A, T1) ","
	  STATE("Synced", B, "Healthy") "}", ARGOCD_READY },
	{ "\"status\":{" FINISHED("Succeeded", B, T1) ","
	  STATE("Synced", B, "Healthy") "}", ARGOCD_AWAY },
};

START_TEST(an_application_is_judged_by_operation_health_and_time)
{
	const char *s = app(states[_i].status);
	struct json *j = json_parse(s, strlen(s), "app", &e);

	ck_assert_msg(j != NULL, "%s: %s", e.text, s);
	ck_assert_int_eq(argocd_judge(j, A), states[_i].where);
	json_free(j);
}
END_TEST

static const struct {
	const char *policy;
	bool old, new;
} autosync[] = {
	{ "{}", false, false },
	{ "{\"automated\":null}", false, false },
	{ "{\"automated\":{}}", true, true },
	{ "{\"automated\":{\"enabled\":true}}", true, true },
	{ "{\"automated\":{\"enabled\":false,\"prune\":true}}", true, false },
	{ "{\"automated\":{\"enabled\":null}}", true, true },
};

START_TEST(before_3_1_a_block_that_is_there_is_on)
{
	const char *s = pool_printf(p, "{\"spec\":{\"syncPolicy\":%s}}",
	    autosync[_i].policy);
	struct json *j = json_parse(s, strlen(s), "app", &e);

	ck_assert_int_eq(argocd_is_automated(j, false), autosync[_i].old);
	ck_assert_int_eq(argocd_is_automated(j, true), autosync[_i].new);
	json_free(j);
}
END_TEST

START_TEST(versions_are_read)
{
	static const struct { const char *body; int major, minor; } v[] = {
		{ "{\"Version\":\"v3.1.5+abc\"}", 3, 1 },
		{ "{\"Version\":\"v2.14.21\"}", 2, 14 },
		{ "{\"Version\":\"3.10\"}", 3, 10 },
		{ "{\"Version\":\"latest\"}", -1, -1 },
		{ "{}", -1, -1 },
	};
	int major, minor;
	bool ok;

	httpd_answer(d, "GET /api/version HTTP", 0, 200, "", v[_i].body);
	ok = argocd_find_version(a, &major, &minor, &e);
	ck_assert_int_eq(ok, v[_i].major >= 0);
	if (ok)
		ck_assert(major == v[_i].major && minor == v[_i].minor);
}
END_TEST

START_TEST(an_application_is_asked_for_within_its_project)
{
	httpd_answer(d, "GET " APP "?project=default HTTP", 0, 200, "",
	    app("\"status\":{}"));
	httpd_answer(d, "GET " APP "?project=default&refresh=normal HTTP", 0,
	    200, "", app("\"status\":{}"));
	ck_assert_ptr_nonnull(argocd_find(a, false, &e));
	ck_assert_ptr_nonnull(argocd_find(a, true, &e));
	kit_contains(httpd_seen(d, "GET", 0),
	    "Authorization: Bearer x.argo-token-123456.y\r\n");
}
END_TEST

static const struct {
	int status;
	const char *body;
	enum err_kind kind;
	const char *says;
} bad[] = {
	{ 403, "{\"error\":\"permission denied\",\"code\":7,\"message\":"
	  "\"permission denied\"}", ERR_DENIED, "applications, get,"
	  " default/acme-production, allow" },
	{ 404, "{\"code\":5,\"message\":\"not found\"}", ERR_NOT_FOUND,
	  "no such application in project default" },
	{ 401, "{\"code\":16,\"message\":\"no session\"}", ERR_DENIED,
	  "token is refused" },
	{ 500, "<html>", ERR_OTHER, "in place of JSON" },
	{ 307, "", ERR_OTHER, "is it https?" },
	{ 200, "<html>Argo CD</html>", ERR_OTHER, "HTML" },
	{ 200, "{\"metadata\":{\"name\":\"x\"}}", ERR_OTHER,
	  "is not application acme-production" },
};

START_TEST(a_bad_answer_is_told_in_words)
{
	httpd_answer(d, "", 0, bad[_i].status, "", bad[_i].body);
	ck_assert_ptr_null(argocd_find(a, false, &e));
	ck_assert_msg(e.kind == bad[_i].kind, "%d: %s", e.kind, e.text);
	kit_contains(e.text, bad[_i].says);
	kit_lacks(e.text, "argo-token");
}
END_TEST

START_TEST(a_patch_is_a_merge_patch_in_a_string)
{
	static const char text[] = "{\"spec\":{\"x\":null}}";
	struct json *patch = json_parse(text, strlen(text), "patch", &e);

	httpd_answer(d, "PATCH " APP "?project=default HTTP", 0, 200, "",
	    app("\"status\":{}"));
	ck_assert_msg(argocd_patch(a, patch, &e), "%s", e.text);
	kit_contains(httpd_seen(d, "PATCH", 0), "{\"name\":\"acme-production\""
	    ",\"project\":\"default\",\"patchType\":\"merge\",\"patch\":"
	    "\"{\\\"spec\\\":{\\\"x\\\":null}}\"}");
	json_free(patch);
}
END_TEST

START_TEST(before_the_first_build_the_whole_spec_is_put_unchecked)
{
	static const char text[] = "{\"spec\":{\"x\":{\"y\":null}}}";
	struct json *patch = json_parse(text, strlen(text), "patch", &e);

	httpd_answer(d, "PATCH", 0, 400, "", "{\"error\":\"e\",\"code\":3,"
	    "\"message\":\"application spec for acme-production is invalid: "
	    "InvalidSpecError: Unable to generate manifests in instances/acme"
	    "/env: rpc error: instances/acme/env: app path does not exist\"}");
	httpd_answer(d, "GET", 0, 200, "", "{\"metadata\":{\"name\":"
	    "\"acme-production\"},\"spec\":{\"x\":{\"y\":1,\"z\":2}}}");
	httpd_answer(d, "PUT " APP "/spec?project=default&validate=false "
	    "HTTP", 0, 200, "", "{}");
	ck_assert_msg(argocd_patch(a, patch, &e), "%s", e.text);
	kit_contains(httpd_seen(d, "PUT", 0), "{\"x\":{\"z\":2}}");
	json_free(patch);
}
END_TEST

START_TEST(a_sync_names_revision_and_keeps_the_options)
{
	httpd_answer(d, "POST " APP "/sync?project=default HTTP", 0, 200, "",
	    app(RUNNING(A)));
	ck_assert_msg(argocd_sync(a, A, true, &e), "%s", e.text);
	kit_contains(httpd_seen(d, "POST", 0), "\"revision\":\"" A "\"");
	kit_contains(httpd_seen(d, "POST", 0), "\"prune\":true");
	kit_lacks(httpd_seen(d, "POST", 0), "syncOptions");
}
END_TEST

START_TEST(a_sync_whose_answer_was_lost_is_found_not_repeated)
{
	httpd_rule(d, "POST", 1, HTTPD_RESET, "");
	httpd_answer(d, "GET", 0, 200, "", app(RUNNING(A)));
	ck_assert_msg(argocd_sync(a, A, true, &e), "%s", e.text);
	ck_assert_int_eq(httpd_count(d, "POST"), 1);
}
END_TEST

START_TEST(a_sync_that_never_arrived_is_asked_for_again)
{
	httpd_answer(d, "POST", 1, 502, "", "<html>");
	httpd_answer(d, "POST", 1, 200, "", app(RUNNING(A)));
	httpd_answer(d, "GET", 0, 200, "", app("\"status\":{}"));
	ck_assert_msg(argocd_sync(a, A, true, &e), "%s", e.text);
	ck_assert_int_eq(httpd_count(d, "POST"), 2);
}
END_TEST

START_TEST(refusals_of_a_sync_are_told_apart)
{
	static const struct {
		int status;
		const char *words;
		enum err_kind kind;
		const char *says;
	} r[] = {
		{ 400, "another operation is already in progress",
		  ERR_CONFLICT, "another operation" },
		{ 400, "Cannot sync to " A ": auto-sync currently set to main",
		  ERR_OTHER, "step set-autosync" },
		{ 403, "cannot sync: blocked by sync window", ERR_DENIED,
		  "sync window" },
	};

	httpd_answer(d, "POST", 0, r[_i].status, "", pool_printf(p,
	    "{\"code\":9,\"message\":\"%s\"}", r[_i].words));
	ck_assert(!argocd_sync(a, A, true, &e));
	ck_assert_int_eq(e.kind, r[_i].kind);
	kit_contains(e.text, r[_i].says);
	ck_assert_int_eq(httpd_count(d, "POST"), 1);
}
END_TEST

#define MESSAGE_7 "{\"error\":\"x\",\"code\":7,\"message\":\"x\"}"
#define CAN_I "/api/v1/account/can-i/applications/sync/default/"

static const struct {
	const char *user, *may, *line;	/* line NULL: none is named */
} refused[] = {
	{ "{\"username\":\"proj:default:mover\"}", "{\"value\":\"no\"}",
	  "add to the policies of the token's role in the project: p,"
	  " proj:default:mover, applications, sync, default/acme-production,"
	  " allow" },
	{ "{\"username\":\"ci\"}", "{\"value\":\"no\"}", "add to policy.csv"
	  " in argocd-rbac-cm: p, ci, applications, sync,"
	  " default/acme-production, allow" },
	{ "<html>", "<html>", "p, proj:default:<role>, applications, sync,"
	  " default/acme-production, allow" },
	/* with all rights: a sync window, say */
	{ "{\"username\":\"ci\"}", "{\"value\":\"yes\"}", NULL },
};

static void
play_refusal(int i)
{
	httpd_answer(d, "GET " CAN_I "acme-production HTTP", 0, 200, "",
	    refused[i].may);
	httpd_answer(d, "GET /api/v1/session/userinfo HTTP", 0, 200, "",
	    refused[i].user);
	httpd_answer(d, "POST", 0, 403, "", MESSAGE_7);
}

START_TEST(a_refusal_names_the_line_of_policy_that_is_missing)
{
	play_refusal(_i);
	ck_assert(!argocd_sync(a, A, true, &e));
	ck_assert_int_eq(e.kind, ERR_DENIED);
	if (refused[_i].line != NULL)
		kit_contains(e.text, refused[_i].line);
	else
		kit_lacks(e.text, "applications, sync");
}
END_TEST

START_TEST(a_right_is_asked_for_before_it_is_used)
{
	bool no = strstr(refused[_i].may, "no") != NULL;

	play_refusal(_i);
	ck_assert_int_eq(argocd_check_right(a, "sync", &e), !no);
	ck_assert_int_eq(httpd_count(d, "POST"), 0);
	if (!no)
		return;
	ck_assert_int_eq(e.kind, ERR_DENIED);
	kit_contains(e.text, "the token may not sync it");
	kit_contains(e.text, refused[_i].line);
}
END_TEST

/* ---- waiting ---- */

static void
then(int times, const char *status)
{
	httpd_answer(d, "GET", times, 200, "", app(status));
}

#define READY "\"status\":{" FINISHED("Succeeded", A, T1) "," \
	STATE("Synced", A, "Healthy") "}"

START_TEST(ready_is_waited_for_through_all_its_stages)
{
	then(1, RUNNING(A));
	httpd_answer(d, "GET", 1, 502, "", "<html>");
	then(1, "\"status\":{" FINISHED("Succeeded", A, T2) ","
	    STATE("Synced", A, "Healthy") "}");
	then(1, "\"status\":{" FINISHED("Succeeded", A, T1) ","
	    STATE("Synced", A, "Progressing") "}");
	then(0, READY);
	ck_assert_msg(argocd_await_ready(a, A, clock_deadline(30), &e), "%s",
	    e.text);
	ck_assert_int_eq(httpd_count(d, "GET"), 5);
}
END_TEST

START_TEST(a_failed_operation_ends_the_wait_and_names_resources)
{
	then(1, RUNNING(A));
	then(0, "\"status\":{" FINISHED("Failed", A, T1) "}");
	ck_assert(!argocd_await_ready(a, A, clock_deadline(30), &e));
	kit_contains(e.text, "ended with Failed: words; Job mysql: no quota");
}
END_TEST

START_TEST(a_resource_that_becomes_degraded_ends_the_wait)
{
	then(1, "\"status\":{\"resources\":[{\"kind\":\"Deployment\","
	    "\"name\":\"lms\",\"health\":{\"status\":\"Progressing\"}}],"
	    FINISHED("Succeeded", A, T1) "," STATE("Synced", A, "Progressing")
	    "}");
	then(0, "\"status\":{\"resources\":[{\"kind\":\"Deployment\","
	    "\"name\":\"lms\",\"health\":{\"status\":\"Degraded\","
	    "\"message\":\"exceeded its\\nprogress deadline\"}}],"
	    FINISHED("Succeeded", A, T1) "," STATE("Synced", A, "Degraded")
	    "}");
	ck_assert(!argocd_await_ready(a, A, clock_deadline(30), &e));
	kit_contains(e.text, "Deployment lms is Degraded (exceeded its"
	    " progress deadline)");
	ck_assert_str_eq(argocd_unwell(a, 0), "Deployment/lms");
	ck_assert_ptr_null(argocd_unwell(a, 1));
}
END_TEST

#define DEGRADED(rev) "\"status\":{\"resources\":[{\"kind\":" \
	"\"Deployment\",\"name\":\"lms\",\"health\":{\"status\":" \
	"\"Degraded\"}}]," FINISHED("Succeeded", rev, T1) "," \
	STATE("Synced", A, "Degraded") "}"

START_TEST(a_new_resource_that_is_degraded_at_once_ends_the_wait)
{
	then(1, RUNNING(A));
	then(0, DEGRADED(A));
	ck_assert(!argocd_await_ready(a, A, clock_deadline(30), &e));
	kit_contains(e.text, "Deployment lms is Degraded");
}
END_TEST

START_TEST(what_was_degraded_before_may_still_heal)
{
	then(2, DEGRADED(A));
	then(0, READY);
	ck_assert_msg(argocd_await_ready(a, A, clock_deadline(30), &e), "%s",
	    e.text);
}
END_TEST

START_TEST(manifests_that_cannot_be_made_end_the_wait)
{
	then(0, "\"status\":{\"conditions\":[{\"type\":\"ComparisonError\","
	    "\"message\":\"app path does not exist\"}]," STATE("Unknown", A,
	    "Missing") "}");
	ck_assert(!argocd_await_ready(a, A, clock_deadline(30), &e));
	kit_contains(e.text, "ComparisonError: app path does not exist");
}
END_TEST

START_TEST(a_branch_that_moved_on_ends_the_wait)
{
	then(0, "\"status\":{" FINISHED("Succeeded", A, T1) ","
	    STATE("OutOfSync", B, "Healthy") "}");
	ck_assert(!argocd_await_ready(a, A, clock_deadline(30), &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, "moved on to bbbbbbbbbbbb");
}
END_TEST

START_TEST(a_foreign_sync_ends_the_wait)
{
	then(0, "\"status\":{" FINISHED("Succeeded", B, T1) ","
	    STATE("Synced", B, "Healthy") "}");
	ck_assert(!argocd_await_ready(a, A, clock_deadline(30), &e));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, "did somebody else sync it?");
}
END_TEST

START_TEST(the_deadline_ends_the_wait_and_names_what_is_unwell)
{
	then(0, "\"status\":{\"resources\":[{\"kind\":\"Deployment\","
	    "\"name\":\"lms\",\"health\":{\"status\":\"Progressing\"}}],"
	    FINISHED("Succeeded", A, T1) "," STATE("Synced", A, "Progressing")
	    "}");
	ck_assert(!argocd_await_ready(a, A, clock_deadline(2), &e));
	ck_assert_int_eq(e.kind, ERR_TIMEOUT);
	kit_contains(e.text, "Deployment lms is Progressing");
}
END_TEST

START_TEST(another_operation_is_waited_out)
{
	then(2, RUNNING(B));
	then(0, READY);
	ck_assert(argocd_await_idle(a, clock_deadline(20), &e));
	ck_assert_int_eq(httpd_count(d, "GET"), 3);
}
END_TEST

static TCase *
ask_case(void)
{
	TCase *t = tcase_create("asking");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t,
	    an_application_is_judged_by_operation_health_and_time, 0,
	    sizeof(states) / sizeof(states[0]));
	tcase_add_loop_test(t, before_3_1_a_block_that_is_there_is_on, 0,
	    sizeof(autosync) / sizeof(autosync[0]));
	tcase_add_loop_test(t, versions_are_read, 0, 5);
	tcase_add_test(t, an_application_is_asked_for_within_its_project);
	tcase_add_loop_test(t, a_bad_answer_is_told_in_words, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, a_patch_is_a_merge_patch_in_a_string);
	tcase_add_test(t,
	    before_the_first_build_the_whole_spec_is_put_unchecked);
	tcase_add_test(t, a_sync_names_revision_and_keeps_the_options);
	tcase_add_test(t, a_sync_whose_answer_was_lost_is_found_not_repeated);
	tcase_add_test(t, a_sync_that_never_arrived_is_asked_for_again);
	tcase_add_loop_test(t, refusals_of_a_sync_are_told_apart, 0, 3);
	return t;
}

static TCase *
wait_case(void)
{
	TCase *t = tcase_create("waiting");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t,
	    a_refusal_names_the_line_of_policy_that_is_missing, 0,
	    sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(t, a_right_is_asked_for_before_it_is_used, 0,
	    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(t, ready_is_waited_for_through_all_its_stages);
	tcase_add_test(t,
	    a_failed_operation_ends_the_wait_and_names_resources);
	tcase_add_test(t, a_resource_that_becomes_degraded_ends_the_wait);
	tcase_add_test(t,
	    a_new_resource_that_is_degraded_at_once_ends_the_wait);
	tcase_add_test(t, what_was_degraded_before_may_still_heal);
	tcase_add_test(t, manifests_that_cannot_be_made_end_the_wait);
	tcase_add_test(t, a_branch_that_moved_on_ends_the_wait);
	tcase_add_test(t, a_foreign_sync_ends_the_wait);
	tcase_add_test(t,
	    the_deadline_ends_the_wait_and_names_what_is_unwell);
	tcase_add_test(t, another_operation_is_waited_out);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("argocd");

	suite_add_tcase(s, ask_case());
	suite_add_tcase(s, wait_case());
	return kit_main(s, NULL);
}
