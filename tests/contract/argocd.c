/*
 * What the project needs of Argo CD's API, held against the double or a real
 * server.
 *
 * For a real one give CONTRACT_ARGOCD_URL, _TOKEN, _CA (a file), _APP (an
 * application of project default, whose source is there) and _REVISION (the
 * full hash of its branch). Automated sync of that application is switched
 * on and off. Without them the suite starts a double of its own and creates
 * and builds an instance there, as one does: by GitHub's workflows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/http.h"
#include "tests/kit/kit.h"

enum { ROOM = 1024 };

static struct server argo;
static const char *app;
static char revision[64];
static bool real;

#define JSON "application/json"
#define NO_REVISION "0123456789012345678901234567890123456789"

/* "/api/v1/applications/acme-production" and the rest. */
static const char *
at(const char *rest)
{
	static char path[ROOM];

	(void)snprintf(path, sizeof(path), "/api/v1/applications/%s%s", app,
	    rest);
	return path;
}

static struct answer
call(const char *method, const char *path, const char *body)
{
	return web_send(&argo, method, path, NULL, JSON, body);
}

/* Is it an error in the gateway's form? */
static void
expect_error(const struct answer *a, long status, int code)
{
	ck_assert_msg(a->status == status, "%ld %s", a->status, a->body);
	ck_assert(answer_num(a, "code") == code);
	ck_assert_ptr_nonnull(answer_str(a, "error"));
	ck_assert_str_eq(answer_str(a, "error"), answer_str(a, "message"));
}

/* Change the live application by a merge patch. */
static void
merge(const char *patch)
{
	char body[ROOM], *to = body;
	struct answer a;

	to += snprintf(body, sizeof(body), "{\"name\":\"%s\",\"patchType\":"
	    "\"merge\",\"patch\":\"", app);
	for (; *patch != '\0'; patch++) {
		if (*patch == '"')
			*to++ = '\\';
		*to++ = *patch;
	}
	memcpy(to, "\"}", 3);
	a = call("PATCH", at(""), body);
	ck_assert_msg(a.status == 200, "%ld %s", a.status, a.body);
	web_free(&a);
}

static void
automated(bool on)
{
	merge(on ? "{\"spec\":{\"syncPolicy\":{\"automated\":{\"enabled\":"
	    "true,\"prune\":true}}}}" :
	    "{\"spec\":{\"syncPolicy\":{\"automated\":null}}}");
}

/* Wait until no operation is under way, by section 5.3 of the facts: one
 * reconciliation after the end. The caller frees the application. */
static struct answer
settled(void)
{
	for (int i = 0; i < 300; i++) {
		struct answer a = web_get(&argo, at("?project=default"));
		const char *done = answer_str(&a,
		    "status/operationState/finishedAt");
		const char *seen = answer_str(&a, "status/reconciledAt");

		ck_assert_int_eq(a.status, 200);
		if (!answer_has(&a, "operation") && done != NULL
		    && seen != NULL && strcmp(seen, done) > 0)
			return a;
		web_free(&a);
		nap(0.2);
		if (i % 5 == 4) {
			a = web_get(&argo, at("?project=default&refresh="
			    "normal"));
			web_free(&a);
		}
	}
	ck_abort_msg("the operation did not end");
	return (struct answer){ 0 };
}

static struct answer
sync_to(const char *rev, const char *more)
{
	char body[ROOM];

	(void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"project\":"
	    "\"default\",\"revision\":\"%s\",\"prune\":true%s}", app, rev,
	    more);
	return call("POST", at("/sync"), body);
}

/* --- who, and what there is -------------------------------------------- */

START_TEST(the_version_is_public)
{
	struct server other = argo;
	struct answer a;

	other.token = NULL;
	a = web_get(&other, "/api/version");
	ck_assert_int_eq(a.status, 200);
	ck_assert(answer_str(&a, "Version")[0] == 'v');
	web_free(&a);
}
END_TEST

START_TEST(without_a_token_nobody_is_known)
{
	struct server other = argo;
	struct answer a;

	other.token = NULL;
	a = web_get(&other, at(""));
	expect_error(&a, 401, 16);
	web_free(&a);
	other.token = "not-a-jwt";
	a = web_get(&other, at(""));
	expect_error(&a, 401, 16);
	web_free(&a);
}
END_TEST

START_TEST(an_unknown_application_looks_forbidden)
{
	struct answer a = web_get(&argo, "/api/v1/applications/none");

	expect_error(&a, 403, 7);
	web_free(&a);
	a = web_get(&argo, "/api/v1/applications/none?project=default");
	expect_error(&a, 404, 5);
	web_free(&a);
	a = web_get(&argo, at("?project=none"));
	ck_assert(a.status == 404 || a.status == 403);
	web_free(&a);
}
END_TEST

START_TEST(the_token_is_somebody)
{
	struct answer a = web_get(&argo, "/api/v1/session/userinfo");

	ck_assert_int_eq(a.status, 200);
	kit_contains(a.body, "\"loggedIn\":true");
	ck_assert_str_ne(answer_str(&a, "username"), "");
	web_free(&a);
}
END_TEST

static const struct {
	const char *right, *value;
} rights[] = {
	{ "get", "yes" }, { "sync", "yes" }, { "update", "yes" },
	{ "delete", "no" },
};

START_TEST(a_right_can_be_asked_for)
{
	char path[ROOM];
	struct answer a;

	(void)snprintf(path, sizeof(path), "/api/v1/account/can-i/"
	    "applications/%s/default/%s", rights[_i].right, app);
	a = web_get(&argo, path);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&a, "value"), rights[_i].value);
	web_free(&a);
}
END_TEST

/* --- what is refused for want of a right --------------------------------- */

START_TEST(who_may_not_get_it_learns_nothing)
{
	struct answer a;

	if (real)
		return;	/* one token there */
	own_world_set("{\"argocd.permissions\":\"sync\"}");
	a = web_get(&argo, at("?project=default"));
	expect_error(&a, 403, 7);
	ck_assert_str_eq(answer_str(&a, "message"), "permission denied");
	web_free(&a);
}
END_TEST

START_TEST(a_write_without_its_type_is_refused_in_plain_text)
{
	struct answer a = web_send(&argo, "POST", at("/sync"), NULL,
	    "text/plain", "{}");

	ck_assert_int_eq(a.status, 415);
	ck_assert_ptr_null(a.json);
	web_free(&a);
}
END_TEST

static const struct {
	const char *path, *method, *body;
} wrong[] = {
	{ "/sync", "POST", "{\"prune\":\"yes\"}" },
	{ "/sync", "POST", "{\"syncOptions\":[\"CreateNamespace=true\"]}" },
	{ "/sync", "POST", "{\"revision\":" },
	{ "", "PATCH", "{\"patchType\":\"merge\",\"patch\":{\"spec\":{}}}" },
	{ "", "PATCH", "{\"patchType\":\"merge\",\"patch\":\"[\"}" },
	{ "", "PATCH", "{\"patchType\":\"strategic\",\"patch\":\"{}\"}" },
};

START_TEST(a_wrong_body_is_refused)
{
	struct answer a = call(wrong[_i].method, at(wrong[_i].path),
	    wrong[_i].body);

	ck_assert_msg(a.status == 400, "%ld %s", a.status, a.body);
	ck_assert(answer_has(&a, "error"));
	web_free(&a);
}
END_TEST

START_TEST(a_misspelled_member_is_refused_by_the_double)
{
	struct answer a;

	if (real)
		return; /* ignored there: the double is stricter */
	a = call("POST", at("/sync"), "{\"revison\":\"x\"}");
	expect_error(&a, 400, 3);
	web_free(&a);
	a = call("PATCH", at(""), "{\"patchType\":\"merge\",\"patch\":"
	    "\"{\\\"spec\\\":{\\\"syncPolicy\\\":{\\\"automated\\\":"
	    "{\\\"enable\\\":true}}}}\"}");
	expect_error(&a, 400, 3);
	web_free(&a);
}
END_TEST

/* --- automated sync ---------------------------------------------------- */

START_TEST(automated_sync_is_switched_off_and_on)
{
	struct answer a;

	automated(false);
	a = web_get(&argo, at(""));
	ck_assert(!answer_has(&a, "spec/syncPolicy/automated"));
	ck_assert(answer_has(&a, "spec/syncPolicy/syncOptions/0"));
	web_free(&a);
	automated(true);
	a = web_get(&argo, at(""));
	ck_assert(answer_has(&a, "spec/syncPolicy/automated/prune"));
	web_free(&a);
}
END_TEST

START_TEST(enabled_is_kept_from_3_1_on)
{
	struct answer a;

	if (real)
		return;
	merge("{\"spec\":{\"syncPolicy\":{\"automated\":{\"enabled\":"
	    "false}}}}");
	a = web_get(&argo, at(""));
	kit_contains(a.body, "\"enabled\":false");
	web_free(&a);
	own_world_set("{\"argocd.version\":\"2.14.21\"}");
	automated(true);
	merge("{\"spec\":{\"syncPolicy\":{\"automated\":{\"enabled\":"
	    "false}}}}");
	a = web_get(&argo, at(""));
	kit_lacks(a.body, "\"enabled\"");
	ck_assert(answer_has(&a, "spec/syncPolicy/automated"));
	web_free(&a);
}
END_TEST

START_TEST(automated_sync_allows_no_other_revision)
{
	struct answer a;

	automated(true);
	a = sync_to(NO_REVISION, "");
	expect_error(&a, 400, 9);
	kit_contains(answer_str(&a, "message"), "auto-sync currently set");
	web_free(&a);
}
END_TEST

/* --- the double's workflows ---------------------------------------------- */

/* Dispatch a workflow for the instance and wait until it has succeeded. */
static void
run_workflow(const char *file, const char *more)
{
	struct server hub = own_world_server("GITHUB");
	char path[ROOM], body[ROOM];
	struct answer a;
	bool done = false;
	double id;

	(void)snprintf(path, sizeof(path),
	    "/repos/owner/cluster/actions/workflows/%s/dispatches", file);
	(void)snprintf(body, sizeof(body), "{\"ref\":\"main\","
	    "\"return_run_details\":true,\"inputs\":{\"INSTANCE_NAME\":"
	    "\"acme\"%s}}", more);
	a = web_send(&hub, "POST", path, NULL, JSON, body);
	id = answer_num(&a, "workflow_run_id");
	web_free(&a);
	(void)snprintf(path, sizeof(path),
	    "/repos/owner/cluster/actions/runs/%.0f", id);
	for (int i = 0; i < 200 && !done; i++) {
		nap(0.1);
		a = web_get(&hub, path);
		done = answer_str(&a, "status") != NULL
		    && strcmp(answer_str(&a, "status"), "completed") == 0;
		if (done)
			ck_assert_str_eq(answer_str(&a, "conclusion"),
			    "success");
		web_free(&a);
	}
	ck_assert(done);
}

/* The full hash of the branch's head. */
static void
take_revision(void)
{
	struct server hub = own_world_server("GITHUB");
	struct answer a = web_get(&hub, "/repos/owner/cluster/commits/main");

	(void)snprintf(revision, sizeof(revision), "%s",
	    answer_str(&a, "sha"));
	web_free(&a);
}

/* --- syncs ------------------------------------------------------------- */

START_TEST(a_sync_to_a_revision_ends_synced_and_healthy)
{
	struct answer a;

	automated(false);
	a = sync_to(revision, "");
	ck_assert_msg(a.status == 200, "%s", a.body);
	ck_assert_str_eq(answer_str(&a, "operation/sync/revision"),
	    revision);
	ck_assert(!answer_has(&a, "status/operationState/finishedAt"));
	web_free(&a);
	a = settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Succeeded");
	ck_assert_str_eq(answer_str(&a,
	    "status/operationState/syncResult/revision"), revision);
	ck_assert_str_eq(answer_str(&a, "status/sync/status"), "Synced");
	ck_assert(answer_has(&a,
	    "status/operationState/syncResult/resources/0/name"));
	for (int i = 0; i < 100 && strcmp(answer_str(&a,
	    "status/health/status"), "Healthy") != 0; i++) {
		web_free(&a);
		nap(0.2);
		a = web_get(&argo, at(""));
	}
	ck_assert_str_eq(answer_str(&a, "status/health/status"), "Healthy");
	web_free(&a);
}
END_TEST

START_TEST(a_second_sync_is_refused_while_one_runs)
{
	struct answer a, b;

	automated(false);
	a = sync_to(revision, "");
	b = sync_to(revision, "");
	ck_assert_int_eq(a.status, 200);
	expect_error(&b, 400, 9);
	ck_assert_str_eq(answer_str(&b, "message"),
	    "another operation is already in progress");
	web_free(&a);
	web_free(&b);
	a = settled();
	web_free(&a);
}
END_TEST

START_TEST(a_dry_run_changes_nothing)
{
	struct answer a;

	automated(false);
	a = sync_to(revision, ",\"dryRun\":true");
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	a = settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Succeeded");
	web_free(&a);
}
END_TEST

START_TEST(a_revision_that_is_not_there_fails)
{
	struct answer a;

	automated(false);
	a = sync_to(NO_REVISION, "");
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	a = settled();
	ck_assert_str_ne(answer_str(&a, "status/operationState/phase"),
	    "Succeeded");
	ck_assert_ptr_nonnull(answer_str(&a,
	    "status/operationState/message"));
	web_free(&a);
}
END_TEST

START_TEST(nothing_can_be_ended_when_nothing_runs)
{
	struct answer a;

	automated(false);
	a = web_send(&argo, "DELETE", at("/operation"), NULL, JSON, NULL);
	ck_assert_int_eq(a.status, 400);
	web_free(&a);
}
END_TEST

START_TEST(a_running_sync_can_be_ended)
{
	struct answer a;

	if (real)
		return; /* is over too soon there */
	automated(false);
	own_world_set("{\"sync.hold\":1}");
	a = sync_to(revision, "");
	web_free(&a);
	nap(0.3);
	a = web_send(&argo, "DELETE", at("/operation"), NULL, JSON, NULL);
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	a = settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Failed");
	web_free(&a);
}
END_TEST

START_TEST(without_prune_old_configmaps_keep_it_out_of_sync)
{
	struct answer a;

	if (real)
		return; /* needs a change of the repository */
	automated(false);
	run_workflow("update-instance.yml",
	    ",\"CONFIG\":\"{\\\"PLATFORM_NAME\\\":\\\"Other\\\"}\"");
	run_workflow("generate-env.yml", "");
	take_revision();
	a = call("POST", at("/sync"), "{\"prune\":false}");
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	a = settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Succeeded");
	ck_assert_str_eq(answer_str(&a, "status/sync/status"), "OutOfSync");
	kit_contains(a.body, "\"requiresPruning\":true");
	web_free(&a);
	a = sync_to(revision, "");
	web_free(&a);
	a = settled();
	ck_assert_str_eq(answer_str(&a, "status/sync/status"), "Synced");
	web_free(&a);
}
END_TEST

START_TEST(a_refresh_answers_after_a_comparison)
{
	struct answer a = web_get(&argo, at("")), b;
	char before[64];

	(void)snprintf(before, sizeof(before), "%s",
	    answer_str(&a, "status/reconciledAt"));
	web_free(&a);
	nap(1.1);
	b = web_get(&argo, at("?project=default&refresh=hard"));
	ck_assert_int_eq(b.status, 200);
	ck_assert_str_gt(answer_str(&b, "status/reconciledAt"), before);
	web_free(&b);
}
END_TEST

START_TEST(the_tree_names_pods)
{
	struct answer a;

	automated(false);
	a = sync_to(revision, "");
	web_free(&a);
	a = settled();
	web_free(&a);
	a = web_get(&argo, at("/resource-tree"));
	ck_assert_int_eq(a.status, 200);
	kit_contains(a.body, "\"kind\":\"Pod\"");
	kit_contains(a.body, "\"parentRefs\"");
	web_free(&a);
}
END_TEST

/* --- the suite --------------------------------------------------------- */

/* An instance of the double's, made once for all tests. */
static void
make_instance(void)
{
	struct server hub = own_world_server("GITHUB");
	struct answer a = web_get(&hub,
	    "/repos/owner/cluster/contents/instances/acme/env");
	bool there = a.status == 200;

	web_free(&a);
	own_world_set("{\"run.seconds\":0.2,\"run.queue\":0.1}");
	if (!there) {
		run_workflow("create-instance.yml", "");
		run_workflow("build-all.yml", "");
	}
	take_revision();
}

/* Once, before all tests: they share one instance. */
static void
begin(void)
{
	if (real)
		return;
	own_world_set("{\"rollout.seconds\":0.3,\"argocd.poll\":0.3}");
	make_instance();
}

/* Before each: the knobs as at the start, and no operation under way. */
static void
calm(void)
{
	struct answer a;

	if (!real)
		own_world_set("{\"sync.hold\":0,\"argocd.permissions\":"
		    "\"get sync update override action\","
		    "\"argocd.version\":\"3.2.6\"}");
	a = settled();
	web_free(&a);
}

static bool
find_server(void)
{
	real = getenv("CONTRACT_ARGOCD_URL") != NULL;
	if (!real && !own_world_up())
		return false;
	if (!real) {
		argo = own_world_server("ARGOCD");
		app = "acme-production";
		return true;
	}
	argo = (struct server){ .url = getenv("CONTRACT_ARGOCD_URL"),
	    .token = getenv("CONTRACT_ARGOCD_TOKEN"),
	    .ca = getenv("CONTRACT_ARGOCD_CA"),
	    .address = getenv("CONTRACT_ARGOCD_ADDRESS"),
	    .agent = "transplant-contract" };
	app = getenv("CONTRACT_ARGOCD_APP");
	if (argo.token == NULL || app == NULL
	    || getenv("CONTRACT_ARGOCD_REVISION") == NULL)
		return false;
	(void)snprintf(revision, sizeof(revision), "%s",
	    getenv("CONTRACT_ARGOCD_REVISION"));
	return true;
}

int
main(void)
{
	Suite *s = suite_create("argocd");
	TCase *t = tcase_create("argocd");

	if (!find_server())
		return kit_skip_all("no double, and no CONTRACT_ARGOCD_URL, "
		    "_TOKEN, _CA, _APP, _REVISION");
	tcase_add_unchecked_fixture(t, begin, NULL);
	tcase_add_checked_fixture(t, calm, NULL);
	tcase_set_timeout(t, 90);
	tcase_add_test(t, the_version_is_public);
	tcase_add_test(t, without_a_token_nobody_is_known);
	tcase_add_test(t, an_unknown_application_looks_forbidden);
	tcase_add_test(t, the_token_is_somebody);
	tcase_add_loop_test(t, a_right_can_be_asked_for, 0,
	    sizeof(rights) / sizeof(rights[0]));
	tcase_add_test(t, who_may_not_get_it_learns_nothing);
	tcase_add_test(t,
	    a_write_without_its_type_is_refused_in_plain_text);
	tcase_add_loop_test(t, a_wrong_body_is_refused, 0,
	    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(t, a_misspelled_member_is_refused_by_the_double);
	tcase_add_test(t, automated_sync_is_switched_off_and_on);
	tcase_add_test(t, enabled_is_kept_from_3_1_on);
	tcase_add_test(t, automated_sync_allows_no_other_revision);
	tcase_add_test(t, a_sync_to_a_revision_ends_synced_and_healthy);
	tcase_add_test(t, a_second_sync_is_refused_while_one_runs);
	tcase_add_test(t, a_dry_run_changes_nothing);
	tcase_add_test(t, a_revision_that_is_not_there_fails);
	tcase_add_test(t, nothing_can_be_ended_when_nothing_runs);
	tcase_add_test(t, a_running_sync_can_be_ended);
	tcase_add_test(t,
	    without_prune_old_configmaps_keep_it_out_of_sync);
	tcase_add_test(t, a_refresh_answers_after_a_comparison);
	tcase_add_test(t, the_tree_names_pods);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
