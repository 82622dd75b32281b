/*
 * Proves that deploy-app is ready only when the cluster is, that it never
 * syncs twice, and that failures name what is unwell.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

static char *work, *built;

/* Set the block past any step. The whole spec is put unchecked: before the
 * first render Argo CD refuses a patch. */
static void
put_automated(const char *block)
{
	char *dir = kit_folder(), *app = world_argocd("", "");
	const char *file = kit_text("%s/app", dir);

	kit_write(file, app);
	free(kit_sh("jq -c '.spec.syncPolicy.automated = %s | .spec' '%s'"
	    " >'%s.spec'", block, file, file));
	free(world_argocd(kit_text("-X PUT -d '@%s.spec'", file),
	    "/spec?validate=false"));
	free(app);
	free(dir);
}

/* An instance that was created and rendered, and waits to be deployed. */
static void
begin(void)
{
	world_begin();
	world_run("create-instance.yml");
	put_automated("null");
	world_run("generate-env.yml");
	work = world_clone();
	built = world_head();
}

static struct kit_run
deploy(const char *a, const char *b, const char *c)
{
	struct kit_run r = kit_step("deploy-app", world_vars(work,
	    a != NULL ? a : "minutes=2", b != NULL ? b : "minutes=2", c,
	    NULL));

	kit_lacks(r.out, kit_env("SB_ARGOCD_TOKEN"));
	kit_lacks(r.out, kit_env("SB_KUBE_NEW_TOKEN"));
	return r;
}

static void
expect(const char *a, const char *b, int status, const char *word,
    const char *says)
{
	struct kit_run r = deploy(a, b, NULL);

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), word);
	if (says != NULL)
		kit_contains(r.out, says);
	kit_run_free(&r);
}

static const char *
revision(void)
{
	return kit_text("revision=%s", built);
}

START_TEST(a_revision_is_deployed_once)
{
	struct kit_run r;

	world_set("rollout.seconds", "2");
	r = deploy(revision(), NULL, NULL);
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "done");
	ck_assert_str_eq(kit_output(&r, "revision"), built);
	ck_assert_str_eq(kit_output(&r, "health"), "Healthy");
	if (!world_is_full())	/* pods are ready at once there */
		kit_contains(r.out, "Deployment lms: Healthy, was "
		    "Progressing");
	kit_run_free(&r);
	expect(revision(), NULL, 0, "unchanged", NULL);
	expect(NULL, NULL, 0, "unchanged", NULL);
	ck_assert_int_eq(world_count("syncs"), 1);
}
END_TEST

START_TEST(a_dry_run_only_says_so)
{
	expect(revision(), "dry-run=true", 0, "would-change", "would be");
	ck_assert_int_eq(world_count("syncs"), 0);
}
END_TEST

START_TEST(an_application_that_is_not_there_is_waited_for_in_a_dry_run)
{
	expect("application=none-production", "dry-run=true", 0,
	    "would-change", "this follows dispatch-workflow");
	expect("application=none-production", NULL, 1, "failed",
	    "no such application");
}
END_TEST

START_TEST(another_commit_without_other_manifests_is_no_change)
{
	expect(revision(), NULL, 0, "done", NULL);
	free(built);
	built = world_change("docs: a word", "echo more >>README.md");
	expect(revision(), NULL, 0, "unchanged", NULL);
	ck_assert_int_eq(world_count("syncs"), 1);
}
END_TEST

/* Ask for a sync as a person does, past the step. */
static void
sync_by_hand(const char *to)
{
	free(world_argocd(kit_text("-d '{\"revision\":\"%s\","
	    "\"prune\":true}'", to), "/sync"));
}

START_TEST(a_running_sync_of_the_revision_is_adopted)
{
	world_set("sync.seconds", "3");
	sync_by_hand(built);
	expect(revision(), NULL, 0, "unchanged", "is under way");
	ck_assert_int_eq(world_count("syncs"), 1);
}
END_TEST

START_TEST(a_running_sync_of_something_else_is_waited_out)
{
	world_set("sync.hold", "1");
	sync_by_hand(built);
	free(world_change("chore: update the configuration", "echo"
	    " 'PLATFORM_NAME: Other' >>instances/acme/config.yml"));
	world_run("generate-env.yml");
	free(built);
	built = world_head();
	free(kit_sh("(sleep 2; curl -sS -X POST -d '{\"sync.hold\":\"\"}'"
	    " '%s/set') >/dev/null 2>&1 &", kit_env("SB_WORLD_URL")));
	expect(revision(), NULL, 0, "done", "waiting for another operation");
	ck_assert_int_eq(world_count("syncs"), 2);
}
END_TEST

START_TEST(a_failed_sync_is_told_with_its_message)
{
	world_set("sync.fail", "one or more objects failed to apply");
	expect(revision(), NULL, 1, "failed",
	    "one or more objects failed to apply");
	world_set("sync.fail", "");
	expect(revision(), NULL, 0, "done", NULL);
}
END_TEST

START_TEST(a_deadline_names_resources_and_what_pods_wait_for)
{
	struct kit_run r;

	world_set("pods.waiting", "ImagePullBackOff");
	r = deploy(revision(), "minutes=1", kit_text("kube-token=%s",
	    kit_env("SB_KUBE_NEW_TOKEN")));
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "Deployment lms is ");
	kit_contains(r.out, "ImagePullBackOff");
	kit_run_free(&r);
}
END_TEST

START_TEST(with_automated_sync_no_revision_can_be_chosen)
{
	char *first = built;

	free(world_change("chore: update the configuration", "echo"
	    " 'PLATFORM_NAME: Other' >>instances/acme/config.yml"));
	world_run("generate-env.yml");
	world_set("argocd.poll", "60");
	put_automated("{\"prune\":true}");
	expect(kit_text("revision=%s", first), NULL, 1, "failed",
	    "set-autosync");
}
END_TEST

START_TEST(a_missing_right_or_a_window_is_named)
{
	world_set("argocd.permissions", "get");
	expect(revision(), NULL, 1, "failed", "applications, sync,"
	    " default/acme-production, allow");
	world_set("argocd.permissions", "get sync");
	world_set("argocd.window", "1");
	expect(revision(), NULL, 1, "failed", "sync window");
	ck_assert_int_eq(world_count("syncs"), 0);
}
END_TEST

/* ---- faults and kills ---- */

static const char *const post_faults[] = {
	"{\"fault\":\"reset-before\",\"method\":\"POST\"}",
	"{\"fault\":\"reset-after\",\"method\":\"POST\"}",
	"{\"fault\":\"html\",\"processed\":true,\"method\":\"POST\"}",
	"{\"fault\":\"cut\",\"bytes\":40,\"method\":\"POST\"}",
	"{\"fault\":\"reset-after\",\"method\":\"GET\",\"nth\":1}",
	"{\"fault\":\"html\",\"method\":\"GET\",\"nth\":2}",
	"{\"fault\":\"cut\",\"bytes\":99,\"method\":\"GET\",\"nth\":3}",
};

START_TEST(a_request_that_fails_once_leads_to_one_sync)
{
	struct world_proxy p = world_proxy_start(kit_env("SB_ARGOCD_ADDR"),
	    "argocd.sandbox.test");
	struct kit_run r;

	world_proxy_fault(&p, post_faults[_i]);
	r = deploy(revision(), kit_text("argocd-server=%s", p.url),
	    kit_text("ca-file=%s", p.ca));
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_int_eq(world_count("syncs"), 1);
	kit_run_free(&r);
	world_proxy_stop(&p);
}
END_TEST

START_TEST(a_killed_step_is_completed_by_the_next)
{
	struct kit_run r = kit_step_killed("deploy-app", world_vars(work,
	    revision(), NULL), 60 + 150 * _i);

	kit_run_free(&r);
	r = deploy(revision(), NULL, NULL);
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_int_eq(world_count("syncs"), 1);
	kit_run_free(&r);
	expect(revision(), NULL, 0, "unchanged", NULL);
}
END_TEST

/* What the double's knobs, or its token that may see all, are needed for. */
static void
add_played(TCase *t)
{
	tcase_add_test(t,
	    an_application_that_is_not_there_is_waited_for_in_a_dry_run);
	tcase_add_test(t, a_running_sync_of_the_revision_is_adopted);
	tcase_add_test(t, a_running_sync_of_something_else_is_waited_out);
	tcase_add_test(t, a_failed_sync_is_told_with_its_message);
	tcase_add_test(t,
	    a_deadline_names_resources_and_what_pods_wait_for);
	tcase_add_test(t, a_missing_right_or_a_window_is_named);
}

int
main(void)
{
	Suite *s = suite_create("deploy-app");
	TCase *t = tcase_create("deploy");
	TCase *f = tcase_create("faults");
	bool full = world_is_full();	/* takes longer: one row of each */

	tcase_add_checked_fixture(t, begin, world_end);
	tcase_set_timeout(t, 180);
	tcase_add_test(t, a_revision_is_deployed_once);
	tcase_add_test(t, a_dry_run_only_says_so);
	tcase_add_test(t,
	    another_commit_without_other_manifests_is_no_change);
	tcase_add_test(t, with_automated_sync_no_revision_can_be_chosen);
	if (!full)
		add_played(t);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(f, begin, world_end);
	tcase_set_timeout(f, 120);
	tcase_add_loop_test(f, a_request_that_fails_once_leads_to_one_sync,
	    full ? 1 : 0, full ? 2 : (int)(sizeof(post_faults)
	    / sizeof(post_faults[0])));
	tcase_add_loop_test(f, a_killed_step_is_completed_by_the_next,
	    full ? 3 : 0, full ? 4 : 6);
	suite_add_tcase(s, f);
	return kit_main(s, NULL);
}
