/*
 * What the project needs of Argo CD's API, held against the double or a real
 * server (argocd_app.h says which variables), with an Application of the
 * suite's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/argocd_app.h"
#include "tests/contract/http.h"
#include "tests/kit/kit.h"

enum { ROOM = 1024 };

#define JSON "application/json"

/* Is it an error in the gateway's form? */
static void
expect_error(const struct answer *a, long status, int code)
{
	ck_assert_msg(a->status == status, "%ld %s", a->status, a->body);
	ck_assert(answer_num(a, "code") == code);
	ck_assert_ptr_nonnull(answer_str(a, "error"));
	ck_assert_str_eq(answer_str(a, "error"), answer_str(a, "message"));
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
	a = web_get(&other, argo_path(""));
	expect_error(&a, 401, 16);
	web_free(&a);
	other.token = "not-a-jwt";
	a = web_get(&other, argo_path(""));
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
	a = web_get(&argo, argo_path("?project=none"));
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

/* --- what is refused for want of a right --------------------------------- */

/* Someone who may nothing with it. */
static struct server
weak(void)
{
	struct server other = argo;

	if (argo_real)
		other.token = getenv("SB_ARGOCD_TOKEN");
	else
		own_world_set("{\"argocd.permissions\":\"none\"}");
	ck_assert_ptr_nonnull(other.token);
	return other;
}

START_TEST(a_right_can_be_asked_for)
{
	static const char *const rights[] = { "get", "sync", "update" };
	const char *path = kit_text("/api/v1/account/can-i/applications/%s/"
	    "default/%s", rights[_i], argo_name);
	struct answer a = web_get(&argo, path);
	struct server other = weak();

	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&a, "value"), "yes");
	web_free(&a);
	a = web_get(&other, path);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&a, "value"), "no");
	web_free(&a);
}
END_TEST

START_TEST(who_may_not_get_it_learns_nothing)
{
	const char *const paths[] = {
		argo_path("?project=default"), argo_path(""),
		"/api/v1/applications/none?project=default",
	};
	struct server other = weak();

	for (int i = 0; i < 3; i++) {
		struct answer a = web_get(&other, paths[i]);

		expect_error(&a, 403, 7);
		ck_assert_str_eq(answer_str(&a, "message"),
		    "permission denied");
		web_free(&a);
	}
}
END_TEST

START_TEST(a_write_without_its_type_is_refused_in_plain_text)
{
	struct answer a = web_send(&argo, "POST", argo_path("/sync"), NULL,
	    "text/plain", "{}");

	ck_assert_int_eq(a.status, 415);
	ck_assert_ptr_null(a.json);
	web_free(&a);
}
END_TEST

static const struct {
	const char *path, *method, *body;
	long status;
	int code;
} wrong[] = {
	{ "/sync", "POST", "{\"prune\":\"yes\"}", 400, 3 },
	{ "/sync", "POST", "{\"syncOptions\":[\"CreateNamespace=true\"]}",
	  400, 3 },
	{ "/sync", "POST", "{\"revision\":", 400, 3 },
	{ "", "PATCH", "{\"patchType\":\"merge\",\"patch\":{\"spec\":{}}}",
	  400, 3 },
	{ "", "PATCH", "{\"patchType\":\"merge\",\"patch\":\"[\"}", 500, 2 },
	{ "", "PATCH", "{\"patchType\":\"strategic\",\"patch\":\"{}\"}",
	  400, 3 },
	{ "", "PATCH", "{\"patchType\":\"merge\",\"patch\":\"{\\\"spec\\\":"
	  "{\\\"syncPolicy\\\":{\\\"automated\\\":{\\\"prune\\\":"
	  "\\\"yes\\\"}}}}\"}", 500, 2 },
	{ "", "PATCH", "{\"patchType\":\"json\",\"patch\":\"[{\\\"op\\\":"
	  "\\\"remove\\\",\\\"path\\\":\\\"/spec/nope\\\"}]\"}",
	  500, 2 },
	{ "", "PATCH", "{\"patch\":\"{}\"}", 500, 13 },
	{ "", "PATCH", "{\"patchType\":\"merge\",\"patch\":\"{}\","
	  "\"project\":\"none\"}", 404, 5 },
	{ "/sync", "POST", "{\"project\":\"none\"}", 404, 5 },
};

START_TEST(a_wrong_body_is_refused)
{
	struct answer a = argo_call(wrong[_i].method,
	    argo_path(wrong[_i].path), wrong[_i].body);

	expect_error(&a, wrong[_i].status, wrong[_i].code);
	web_free(&a);
}
END_TEST

START_TEST(a_path_that_is_none_is_answered_in_plain_text)
{
	struct answer a = web_get(&argo, "/api/v1/nope");

	ck_assert_int_eq(a.status, 404);
	ck_assert_ptr_null(a.json);
	web_free(&a);
}
END_TEST

/* The real one ignores what it does not know; the double is stricter, so
 * that a misspelled member can't pass unnoticed. */
START_TEST(a_misspelled_member_is_refused_by_the_double)
{
	static const char *const patch = "{\"patchType\":\"merge\","
	    "\"patch\":\"{\\\"spec\\\":{\\\"syncPolicy\\\":"
	    "{\\\"automated\\\":null,\\\"automatd\\\":true}}}\"}";
	struct answer a = argo_call("PATCH", argo_path(""), patch);

	if (argo_real)
		ck_assert_msg(a.status == 200, "%s", a.body);
	else
		expect_error(&a, 400, 3);
	kit_lacks(a.body, "automatd\":");
	web_free(&a);
	a = argo_call("POST", argo_path("/sync"), "{\"dryRun\":true,"
	    "\"revison\":\"x\"}");
	if (argo_real)
		ck_assert_msg(a.status == 200, "%s", a.body);
	else
		expect_error(&a, 400, 3);
	web_free(&a);
}
END_TEST

/* --- automated sync ---------------------------------------------------- */

START_TEST(automated_sync_is_switched_off_and_on)
{
	struct answer a;

	argo_automated(false);
	a = web_get(&argo, argo_path(""));
	ck_assert(!answer_has(&a, "spec/syncPolicy/automated"));
	ck_assert(answer_has(&a, "spec/syncPolicy/syncOptions/0"));
	web_free(&a);
	argo_automated(true);
	a = web_get(&argo, argo_path(""));
	ck_assert(answer_has(&a, "spec/syncPolicy/automated/prune"));
	web_free(&a);
}
END_TEST

/* Is the server of 3.1 or later? */
static bool
knows_enabled(void)
{
	struct answer a = web_get(&argo, "/api/version");
	int major = 0, minor = 0;

	(void)sscanf(answer_str(&a, "Version"), "v%d.%d", &major, &minor);
	web_free(&a);
	return major > 3 || (major == 3 && minor >= 1);
}

static void
expect_enabled(bool kept)
{
	struct answer a;

	argo_automated(true);
	argo_merge("{\"spec\":{\"syncPolicy\":{\"automated\":{\"enabled\":"
	    "false}}}}");
	a = web_get(&argo, argo_path(""));
	ck_assert(answer_has(&a, "spec/syncPolicy/automated"));
	ck_assert_msg(answer_has(&a, "spec/syncPolicy/automated/enabled")
	    == kept, "%s", a.body);
	web_free(&a);
}

START_TEST(enabled_is_kept_from_3_1_on)
{
	expect_enabled(knows_enabled());
	if (argo_real)
		return;
	own_world_set("{\"argocd.version\":\"2.14.21\"}");
	expect_enabled(false);
}
END_TEST

/* What counts is whether it syncs. */
START_TEST(automated_sync_that_is_not_enabled_does_nothing_from_3_1_on)
{
	bool synced = false;
	struct answer a;

	argo_automated(true);
	argo_merge("{\"spec\":{\"syncPolicy\":{\"automated\":{\"enabled\":"
	    "false}}}}");
	argo_change("value", argo_fresh());
	for (int i = 0; i < 40 && !synced; i++) {
		a = web_get(&argo, argo_path("?project=default&"
		    "refresh=normal"));
		synced = strcmp(answer_str(&a, "status/sync/status"),
		    "Synced") == 0;
		web_free(&a);
		nap(0.1);
	}
	ck_assert_int_eq(synced, !knows_enabled());
}
END_TEST

/* So it is before an instance's first build. */
START_TEST(without_manifests_no_patch_is_taken_but_a_spec_is)
{
	struct answer a = web_get(&argo, argo_path("")), b;
	const char *spec = strstr(a.body, "\"spec\":{"), *end;

	argo_break();
	b = argo_call("PATCH", argo_path(""), "{\"patchType\":\"merge\","
	    "\"patch\":\"{\\\"spec\\\":{\\\"syncPolicy\\\":{"
	    "\\\"automated\\\":{\\\"prune\\\":true}}}}\"}");
	expect_error(&b, 400, 3);
	kit_contains(answer_str(&b, "message"), "Unable to generate "
	    "manifests");
	web_free(&b);
	ck_assert_ptr_nonnull(spec);
	spec += strlen("\"spec\":");
	end = strstr(spec, ",\"status\":");
	ck_assert_ptr_nonnull(end);
	b = argo_call("PUT", argo_path("/spec?project=default&"
	    "validate=false"), kit_text("%.*s", (int)(end - spec), spec));
	ck_assert_msg(b.status == 200, "%s", b.body);
	ck_assert_str_eq(answer_str(&b, "project"), "default");
	web_free(&b);
	web_free(&a);
}
END_TEST

START_TEST(automated_sync_allows_no_other_revision)
{
	struct answer a;

	argo_automated(true);
	a = argo_sync(NO_REVISION, "");
	expect_error(&a, 400, 9);
	kit_contains(answer_str(&a, "message"), "auto-sync currently set");
	web_free(&a);
}
END_TEST

/* --- syncs ------------------------------------------------------------- */

START_TEST(a_sync_to_a_revision_ends_synced_and_healthy)
{
	struct answer a;

	a = argo_sync(argo_revision, "");
	ck_assert_msg(a.status == 200, "%s", a.body);
	ck_assert_str_eq(answer_str(&a, "operation/sync/revision"),
	    argo_revision);
	ck_assert(!answer_has(&a, "status/operationState/finishedAt"));
	web_free(&a);
	a = argo_settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Succeeded");
	ck_assert_str_eq(answer_str(&a,
	    "status/operationState/syncResult/revision"), argo_revision);
	ck_assert_str_eq(answer_str(&a, "status/sync/status"), "Synced");
	ck_assert(answer_has(&a,
	    "status/operationState/syncResult/resources/0/name"));
	for (int i = 0; i < 100 && strcmp(answer_str(&a,
	    "status/health/status"), "Healthy") != 0; i++) {
		web_free(&a);
		nap(0.2);
		a = web_get(&argo, argo_path(""));
	}
	ck_assert_str_eq(answer_str(&a, "status/health/status"), "Healthy");
	web_free(&a);
}
END_TEST

START_TEST(a_second_sync_is_refused_while_one_runs)
{
	struct answer a, b;

	argo_hold();
	a = argo_sync(argo_revision, "");
	b = argo_sync(argo_revision, "");
	ck_assert_msg(a.status == 200, "%s", a.body);
	expect_error(&b, 400, 9);
	ck_assert_str_eq(answer_str(&b, "message"),
	    "another operation is already in progress");
	web_free(&a);
	web_free(&b);
}
END_TEST

START_TEST(a_dry_run_changes_nothing)
{
	struct answer a;

	a = argo_sync(argo_revision, ",\"dryRun\":true");
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	a = argo_settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Succeeded");
	web_free(&a);
}
END_TEST

START_TEST(a_revision_that_is_not_there_fails)
{
	struct answer a;

	a = argo_sync(NO_REVISION, "");
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	a = argo_settled();
	ck_assert_str_ne(answer_str(&a, "status/operationState/phase"),
	    "Succeeded");
	ck_assert_ptr_nonnull(answer_str(&a,
	    "status/operationState/message"));
	web_free(&a);
}
END_TEST

START_TEST(nothing_can_be_ended_when_nothing_runs)
{
	struct answer a = web_send(&argo, "DELETE", argo_path("/operation"),
	    NULL, JSON, NULL);

	expect_error(&a, 400, 3);
	web_free(&a);
}
END_TEST

START_TEST(a_running_sync_can_be_ended)
{
	struct answer a;

	argo_hold();
	a = argo_sync(argo_revision, "");
	web_free(&a);
	nap(1);
	a = web_send(&argo, "DELETE", argo_path("/operation"), NULL, JSON,
	    NULL);
	ck_assert_msg(a.status == 200, "%s", a.body);
	web_free(&a);
	argo_end();
	a = argo_settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Failed");
	web_free(&a);
}
END_TEST

START_TEST(without_prune_old_configmaps_keep_it_out_of_sync)
{
	struct answer a;

	argo_change("value", argo_fresh());
	a = argo_call("POST", argo_path("/sync"), "{\"prune\":false}");
	ck_assert_msg(a.status == 200, "%s", a.body);
	web_free(&a);
	a = argo_settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Succeeded");
	ck_assert_str_eq(answer_str(&a, "status/sync/status"), "OutOfSync");
	kit_contains(a.body, "\"requiresPruning\":true");
	web_free(&a);
	a = argo_sync(argo_revision, "");
	web_free(&a);
	a = argo_settled();
	ck_assert_str_eq(answer_str(&a, "status/sync/status"), "Synced");
	web_free(&a);
}
END_TEST

START_TEST(a_manifest_that_the_cluster_refuses_fails_the_sync)
{
	struct answer a;

	argo_add("bad.yml", "apiVersion: v1\nkind: ConfigMap\n"
	    "metadata: {name: bad}\ndata: {\"a/b\": \"1\"}\n");
	a = argo_sync(argo_revision, "");
	ck_assert_msg(a.status == 200, "%s", a.body);
	web_free(&a);
	a = argo_settled();
	ck_assert_str_eq(answer_str(&a, "status/operationState/phase"),
	    "Failed");
	kit_contains(answer_str(&a, "status/operationState/message"),
	    "one or more objects failed to apply, reason: ");
	kit_contains(a.body, "\"status\":\"SyncFailed\"");
	kit_contains(a.body, "ConfigMap \\\"bad\\\" is invalid: data[a/b]:"
	    " Invalid value: \\\"a/b\\\"");
	web_free(&a);
}
END_TEST

START_TEST(health_degrades_when_a_rollout_is_given_up)
{
	bool degraded = false;
	struct answer a;

	argo_add("homeless.yml", argo_homeless);
	a = argo_sync(argo_revision, "");
	web_free(&a);
	a = argo_settled();
	for (int i = 0; i < 100 && !degraded; i++) {
		web_free(&a);
		nap(0.2);
		a = web_get(&argo, argo_path(""));
		degraded = strcmp(answer_str(&a, "status/health/status"),
		    "Degraded") == 0;
	}
	ck_assert_msg(degraded, "%s", a.body);
	kit_contains(a.body, "Deployment \\\"homeless\\\" exceeded its"
	    " progress deadline");
	web_free(&a);
}
END_TEST

START_TEST(a_refresh_answers_after_a_comparison)
{
	struct answer a = web_get(&argo, argo_path("")), b;
	char before[64];

	(void)snprintf(before, sizeof(before), "%s",
	    answer_str(&a, "status/reconciledAt"));
	web_free(&a);
	nap(1.1);
	b = web_get(&argo, argo_path("?project=default&refresh=hard"));
	ck_assert_int_eq(b.status, 200);
	ck_assert_str_gt(answer_str(&b, "status/reconciledAt"), before);
	web_free(&b);
}
END_TEST

START_TEST(the_tree_names_pods)
{
	struct answer a;

	a = argo_sync(argo_revision, "");
	web_free(&a);
	a = argo_settled();
	web_free(&a);
	a = web_get(&argo, argo_path("/resource-tree"));
	ck_assert_int_eq(a.status, 200);
	kit_contains(a.body, "\"kind\":\"Pod\"");
	kit_contains(a.body, "\"parentRefs\"");
	web_free(&a);
}
END_TEST

/* --- tokens -------------------------------------------------------------- */

/* As README.md has users make it. */
START_TEST(the_token_of_a_projects_role_is_that_role)
{
	struct server other = weak();
	struct answer a = web_get(&other, "/api/v1/session/userinfo");

	ck_assert_str_eq(answer_str(&a, "username"),
	    "proj:default:transplant");
	web_free(&a);
	a = web_send(&other, "POST", "/api/v1/projects/default/roles/"
	    "transplant/token", NULL, JSON, "{\"project\":\"default\","
	    "\"role\":\"transplant\",\"expiresIn\":60}");
	expect_error(&a, 403, 7);
	kit_contains(answer_str(&a, "message"), "projects, update, default");
	web_free(&a);
}
END_TEST

START_TEST(a_wrong_password_is_refused)
{
	struct server other = argo;
	struct answer a;

	other.token = NULL;
	a = web_send(&other, "POST", "/api/v1/session", NULL, JSON,
	    "{\"username\":\"ci\",\"password\":\"wrong\"}");
	expect_error(&a, 401, 16);
	ck_assert_str_eq(answer_str(&a, "message"),
	    "Invalid username or password");
	web_free(&a);
}
END_TEST

/* --- the suite --------------------------------------------------------- */

static void
calm(void)
{
	argo_calm();
	argo_deploy();
}

int
main(void)
{
	Suite *s = suite_create("argocd");
	TCase *t = tcase_create("argocd");

	if (!argo_find("contract"))
		return kit_skip_all("no double, and no CONTRACT_ARGOCD_URL, "
		    "_TOKEN, _CA, _REPOS");
	tcase_add_unchecked_fixture(t, argo_begin, NULL);
	tcase_add_checked_fixture(t, calm, NULL);
	tcase_set_timeout(t, 90);
	tcase_add_test(t, the_version_is_public);
	tcase_add_test(t, without_a_token_nobody_is_known);
	tcase_add_test(t, an_unknown_application_looks_forbidden);
	tcase_add_test(t, the_token_is_somebody);
	tcase_add_loop_test(t, a_right_can_be_asked_for, 0, 3);
	tcase_add_test(t, who_may_not_get_it_learns_nothing);
	tcase_add_test(t,
	    a_write_without_its_type_is_refused_in_plain_text);
	tcase_add_loop_test(t, a_wrong_body_is_refused, 0,
	    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(t, a_path_that_is_none_is_answered_in_plain_text);
	tcase_add_test(t, a_misspelled_member_is_refused_by_the_double);
	tcase_add_test(t, automated_sync_is_switched_off_and_on);
	tcase_add_test(t, enabled_is_kept_from_3_1_on);
	tcase_add_test(t,
	    automated_sync_that_is_not_enabled_does_nothing_from_3_1_on);
	tcase_add_test(t,
	    without_manifests_no_patch_is_taken_but_a_spec_is);
	tcase_add_test(t, automated_sync_allows_no_other_revision);
	tcase_add_test(t, a_sync_to_a_revision_ends_synced_and_healthy);
	tcase_add_test(t, a_second_sync_is_refused_while_one_runs);
	tcase_add_test(t, a_dry_run_changes_nothing);
	tcase_add_test(t, a_revision_that_is_not_there_fails);
	tcase_add_test(t, nothing_can_be_ended_when_nothing_runs);
	tcase_add_test(t, a_running_sync_can_be_ended);
	tcase_add_test(t,
	    without_prune_old_configmaps_keep_it_out_of_sync);
	tcase_add_test(t,
	    a_manifest_that_the_cluster_refuses_fails_the_sync);
	tcase_add_test(t, health_degrades_when_a_rollout_is_given_up);
	tcase_add_test(t, a_refresh_answers_after_a_comparison);
	tcase_add_test(t, the_tree_names_pods);
	if (argo_real) {	/* the double's token is given to it */
		tcase_add_test(t,
		    the_token_of_a_projects_role_is_that_role);
		tcase_add_test(t, a_wrong_password_is_refused);
	}
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
