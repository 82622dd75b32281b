/*
 * What the product's own requests to Argo CD come to: each one that
 * src/api/argocd.h can send, with success and each refusal, at the double or
 * a real server (argocd_app.h says which variables).
 */
#include <stdlib.h>
#include <string.h>

#include "api/argocd.h"
#include "base/clock.h"
#include "base/mem.h"
#include "data/json.h"
#include "tests/contract/argocd_app.h"
#include "tests/kit/kit.h"

enum { SECONDS = 60 };

static struct argocd *argocd;
static struct err e;

static struct argocd *
open_as(const char *token, const char *name, const char *project)
{
	const char *folder = kit_folder();
	const struct argocd_open o = {
		.server = server_url(&argo), .token = token,
		.application = name, .project = project,
		.ca_file = kit_text("%s/ca", folder),
	};
	struct argocd *a;

	kit_write(o.ca_file, server_roots(&argo));
	a = argocd_open(&o, &e);
	ck_assert_msg(a != NULL, "%s", e.text);
	return a;
}

static void
set_up(void)
{
	argo_calm();
	argo_deploy();
	e = (struct err){ 0 };
	argocd = open_as(argo.token, argo_name, "default");
}

static void
tear_down(void)
{
	argocd_close(argocd);
}

/* --- reading ------------------------------------------------------------- */

START_TEST(the_version_is_found)
{
	int major, minor;

	ck_assert_msg(argocd_find_version(argocd, &major, &minor, &e), "%s",
	    e.text);
	ck_assert(major == 2 || major == 3);
}
END_TEST

START_TEST(the_application_is_found_with_and_without_a_look_at_the_branch)
{
	const struct json *app;

	argo_change("value", argo_fresh());
	app = argocd_find(argocd, true, &e);
	ck_assert_msg(app != NULL, "%s", e.text);
	ck_assert_str_eq(argocd_revision(app), argo_revision);
	app = argocd_find(argocd, false, &e);
	ck_assert_msg(app != NULL, "%s", e.text);
	ck_assert_int_eq(argocd_judge(app, argo_revision), ARGOCD_AWAY);
	ck_assert_str_ne(argocd_deployed(app), argo_revision);
}
END_TEST

START_TEST(the_application_is_found_among_all)
{
	struct json *all = argocd_find_all(argocd, &e);
	const struct json *app;

	ck_assert_msg(all != NULL, "%s", e.text);
	app = argocd_find_in(argocd, all);
	ck_assert(app != NULL);
	ck_assert_ptr_nonnull(json_str(app, "status.health.status"));
	json_free(all);
}
END_TEST

/* --- refusals: each request, each kind ----------------------------------- */

enum { FIND, PATCH, SYNC, RIGHT };

/* One of the requests that the product sends; did it succeed? */
static bool
ask(struct argocd *a, int which)
{
	struct json *patch = json_object();
	bool ok;

	switch (which) {
	case FIND:
		ok = argocd_find(a, true, &e) != NULL;
		break;
	case PATCH:
		ok = argocd_patch(a, patch, &e);
		break;
	case SYNC:
		ok = argocd_sync(a, argo_revision, true, &e);
		break;
	default:
		ok = argocd_check_right(a, "sync", &e);
	}
	json_free(patch);
	return ok;
}

START_TEST(what_is_not_there_is_not_found)
{
	const char *const names[2][2] = {
		{ "none", "default" }, { argo_name, "none" }
	};

	for (int i = 0; i < 2; i++) {
		struct argocd *a = open_as(argo.token, names[i][0],
		    names[i][1]);

		ck_assert(!ask(a, _i));
		/* who may all in all projects is told; others are refused */
		ck_assert_msg(e.kind == ERR_NOT_FOUND, "%s", e.text);
		kit_contains(e.text, kit_text("no such application in project"
		    " %s", names[i][1]));
		argocd_close(a);
	}
}
END_TEST

START_TEST(a_wrong_token_is_refused)
{
	struct argocd *a = open_as("wrong.wrong.wrong", argo_name, "default");

	ck_assert(!ask(a, _i));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(e.text, "the token is refused");
	argocd_close(a);
}
END_TEST

/* Someone who may nothing with it; whom the line of policy must name. */
static struct argocd *
open_weak(const char **line)
{
	if (argo_real) {
		*line = "add to the policies of the token's role in the"
		    " project: p, proj:default:transplant, applications, ";
		return open_as(getenv("SB_ARGOCD_TOKEN"), argo_name,
		    "default");
	}
	own_world_set("{\"argocd.permissions\":\"none\"}");
	*line = "add to policy.csv in argocd-rbac-cm: p, ci, applications, ";
	return open_as(argo.token, argo_name, "default");
}

START_TEST(a_missing_right_is_named_with_the_line_to_add)
{
	static const char *const rights[] = {
		[FIND] = "get", [PATCH] = "update", [SYNC] = "sync",
		[RIGHT] = "sync",
	};
	const char *line;
	struct argocd *a = open_weak(&line);

	ck_assert(!ask(a, _i));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(e.text, kit_text("%s%s, default/%s, allow",
	    line, rights[_i], argo_name));
	argocd_close(a);
}
END_TEST

/* --- automated sync ------------------------------------------------------ */

/* {"spec": {"syncPolicy": {"automated": ...}}} merged in; NULL: null. */
static void
set_automated(const char *block)
{
	const char *text = kit_text("{\"spec\":{\"syncPolicy\":{\"automated\":"
	    "%s}}}", block);
	struct json *patch = json_parse(text, strlen(text), "patch", &e);

	ck_assert_msg(argocd_patch(argocd, patch, &e), "%s", e.text);
	json_free(patch);
}

static bool
is_automated(void)
{
	const struct json *app = argocd_find(argocd, false, &e);
	int major, minor;

	ck_assert(argocd_find_version(argocd, &major, &minor, &e));
	return argocd_is_automated(app, major > 3
	    || (major == 3 && minor >= 1));
}

START_TEST(automated_sync_goes_off_and_on)
{
	set_automated("{\"prune\":true}");
	ck_assert(is_automated());
	set_automated("null");
	ck_assert(!is_automated());
	set_automated("{\"prune\":true,\"enabled\":true}");
	ck_assert(is_automated());
}
END_TEST

START_TEST(it_goes_off_before_there_are_manifests)
{
	set_automated("{\"prune\":true}");
	argo_break();
	set_automated("null");
	ck_assert(!is_automated());
}
END_TEST

START_TEST(while_automated_no_revision_can_be_chosen)
{
	set_automated("{\"prune\":true}");
	ck_assert(!argocd_sync(argocd, NO_REVISION, true, &e));
	kit_contains(e.text, "step set-autosync");
}
END_TEST

/* --- syncs --------------------------------------------------------------- */

/* Sync to the branch's head and wait, as a step does. */
static bool
deploy(void)
{
	ck_assert_ptr_nonnull(argocd_find(argocd, true, &e));
	ck_assert_msg(argocd_sync(argocd, argo_revision, true, &e), "%s",
	    e.text);
	return argocd_await_ready(argocd, argo_revision,
	    clock_deadline(SECONDS), &e);
}

START_TEST(a_sync_is_waited_for_until_it_is_ready)
{
	const struct json *app;

	argo_change("value", argo_fresh());
	ck_assert_msg(deploy(), "%s", e.text);
	app = argocd_find(argocd, false, &e);
	ck_assert_int_eq(argocd_judge(app, argo_revision), ARGOCD_READY);
	ck_assert_str_eq(argocd_deployed(app), argo_revision);
}
END_TEST

START_TEST(a_sync_while_another_runs_is_a_conflict)
{
	argo_hold();
	ck_assert_msg(argocd_sync(argocd, argo_revision, true, &e), "%s",
	    e.text);
	ck_assert(!argocd_sync(argocd, argo_revision, true, &e));
	ck_assert_msg(e.kind == ERR_CONFLICT, "%s", e.text);
	ck_assert(!argocd_await_idle(argocd, clock_deadline(2), &e));
	ck_assert_msg(e.kind == ERR_TIMEOUT, "%s", e.text);
}
END_TEST

START_TEST(a_revision_that_is_not_there_is_told)
{
	ck_assert_msg(argocd_sync(argocd, NO_REVISION, true, &e), "%s",
	    e.text);
	ck_assert(!argocd_await_ready(argocd, NO_REVISION,
	    clock_deadline(SECONDS), &e));
	ck_assert_msg(e.kind == ERR_OTHER, "%s", e.text);
	kit_contains(e.text, "the sync to 012345678901 ended with");
}
END_TEST

START_TEST(a_manifest_that_the_cluster_refuses_is_named)
{
	argo_add("bad.yml", "apiVersion: v1\nkind: ConfigMap\n"
	    "metadata: {name: bad}\ndata: {\"a/b\": \"1\"}\n");
	ck_assert(!deploy());
	ck_assert_msg(e.kind == ERR_OTHER, "%s", e.text);
	kit_contains(e.text, "ended with Failed: one or more objects failed");
	kit_contains(e.text, "; ConfigMap bad: ");
}
END_TEST

START_TEST(a_rollout_that_is_given_up_ends_the_wait)
{
	argo_add("homeless.yml", argo_homeless);
	ck_assert(!deploy());
	ck_assert_msg(e.kind == ERR_OTHER, "%s", e.text);
	kit_contains(e.text, "is degraded: Deployment homeless is Degraded"
	    " (Deployment \"homeless\" exceeded its progress deadline)");
	ck_assert_str_eq(argocd_unwell(argocd, 0), "Deployment/homeless");
}
END_TEST

START_TEST(manifests_that_cannot_be_made_end_the_wait)
{
	argo_break();
	ck_assert_msg(argocd_sync(argocd, argo_revision, true, &e), "%s",
	    e.text);
	ck_assert(!argocd_await_ready(argocd, argo_revision,
	    clock_deadline(SECONDS), &e));
	ck_assert_msg(e.kind == ERR_OTHER, "%s", e.text);
	kit_contains(e.text, "kustomize build");
}
END_TEST

/* --- the suite ----------------------------------------------------------- */

int
main(void)
{
	Suite *s = suite_create("argocd_client");
	TCase *t = tcase_create("argocd_client");

	if (!argo_find("client"))
		return kit_skip_all("no double, and no CONTRACT_ARGOCD_URL, "
		    "_TOKEN, _CA, _REPOS");
	tcase_add_unchecked_fixture(t, argo_begin, NULL);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_version_is_found);
	tcase_add_test(t,
	    the_application_is_found_with_and_without_a_look_at_the_branch);
	tcase_add_test(t, the_application_is_found_among_all);
	tcase_add_loop_test(t, what_is_not_there_is_not_found, 0, RIGHT);
	tcase_add_loop_test(t, a_wrong_token_is_refused, 0, RIGHT);
	tcase_add_loop_test(t,
	    a_missing_right_is_named_with_the_line_to_add, 0, RIGHT + 1);
	tcase_add_test(t, automated_sync_goes_off_and_on);
	tcase_add_test(t, it_goes_off_before_there_are_manifests);
	tcase_add_test(t, while_automated_no_revision_can_be_chosen);
	tcase_add_test(t, a_sync_is_waited_for_until_it_is_ready);
	tcase_add_test(t, a_sync_while_another_runs_is_a_conflict);
	tcase_add_test(t, a_revision_that_is_not_there_is_told);
	tcase_add_test(t, a_manifest_that_the_cluster_refuses_is_named);
	tcase_add_test(t, a_rollout_that_is_given_up_ends_the_wait);
	tcase_add_test(t, manifests_that_cannot_be_made_end_the_wait);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
