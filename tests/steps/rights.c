/*
 * Proves that a right which is missing is told by the step that needs it:
 * with the rule to add, all rules at once, in a dry run too, and before
 * anything is changed. And that with the rights fetch-settings evaluates.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

static char *work;

static void
begin(void)
{
	world_begin();
	world_run("create-instance.yml");
	work = world_clone();
}

static void
begin_without_world(void)
{
	work = world_clone();
}

/* ---- Argo CD ---- */

static const struct {
	const char *step, *input, *rights, *needs;
} argocd[] = {
	{ "set-autosync", "enabled=false", "get sync", "update" },
	{ "set-autosync", "enabled=false", "sync update", "get" },
	{ "deploy-app", "prune=true", "get update", "sync" },
	{ "deploy-app", "prune=true", "sync update", "get" },
};

static void
expect_refused(int i, const char *dry_run)
{
	char *before = world_head(), *after;
	struct kit_run r;

	world_set("argocd.permissions", argocd[i].rights);
	r = kit_step(argocd[i].step, world_vars(work, argocd[i].input,
	    dry_run, NULL));
	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "failed");
	kit_contains(r.out, kit_text("p, ci, applications, %s,"
	    " default/acme-production, allow", argocd[i].needs));
	kit_lacks(r.out, kit_env("SB_ARGOCD_TOKEN"));
	after = world_head();
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(world_count("argocd.writes"), 0);
	kit_run_free(&r);
	free(before);
	free(after);
}

START_TEST(a_missing_right_is_told_before_anything_is_changed)
{
	expect_refused(_i, "dry-run=false");
}
END_TEST

START_TEST(a_dry_run_tells_it_too)
{
	expect_refused(_i, "dry-run=true");
}
END_TEST

/* ---- Kubernetes ---- */

/* In a full world the steps' account has README's rights for good; there the
 * contract suite's evaluates. */
static bool
is_full(void)
{
	const char *full = getenv("SB_FULL");

	return full != NULL && full[0] != '\0';
}

static struct kit_run
fetch(const char *evaluate, const char *space)
{
	return kit_step("fetch-settings", world_vars(work,
	    kit_text("kube-server=%s", kit_env("SB_KUBE_OLD")),
	    kit_text("kube-token=%s", kit_env(is_full() ?
	    "CONTRACT_KUBE_TOKEN" : "SB_KUBE_OLD_TOKEN")),
	    space, evaluate, NULL));
}

static const struct {
	const char *evaluate, *space, *says, *lacks;
} kube[] = {
	/* all that is missing, not what was refused first alone */
	{ "evaluate=false", "namespace=other", "```yaml\n"
	  "- {apiGroups: [\"apps\"], resources: [deployments],"
	  " verbs: [get]}\n"
	  "- {apiGroups: [\"\"], resources: [configmaps],"
	  " verbs: [get, list]}\n```\n", "pods" },
	{ "evaluate=true", "namespace=acme", "```yaml\n"
	  "- {apiGroups: [\"\"], resources: [pods/exec],"
	  " verbs: [get, create]}\n```\n", "resources: [deployments]" },
};

START_TEST(all_rules_that_are_missing_are_told_at_once)
{
	struct kit_run r = fetch(kube[_i].evaluate, kube[_i].space);

	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	kit_contains(r.summary, kube[_i].says);
	kit_contains(r.out, "lacks for this step:");
	kit_lacks(r.out, kube[_i].lacks);
	kit_lacks(r.out, kit_env("SB_KUBE_OLD_TOKEN"));
	kit_run_free(&r);
}
END_TEST

START_TEST(what_the_platform_says_is_what_its_files_say)
{
	struct kit_run r;
	char *files, *platform;

	r = fetch("evaluate=false", "namespace=acme");
	ck_assert_msg(r.status == 0, "%s", r.out);
	files = kit_read(kit_output(&r, "settings-file"));
	kit_run_free(&r);
	if (!is_full())
		world_set("kube.evaluate", "1");
	/* the plan says so; a phase's workflow has no input for it */
	kit_sh("sed -i 's/^old:$/old:\\n  evaluate: true/' "
	    "%s/migrations/acme/plan.yml", work);
	r = fetch("evaluate=", "namespace=acme");
	ck_assert_msg(r.status == 0, "%s", r.out);
	kit_contains(r.out, "settings what its files say");
	kit_lacks(r.out, "another value");
	kit_lacks(r.out, kit_env("SB_MYSQL_PASSWORD"));
	platform = kit_read(kit_output(&r, "settings-file"));
	ck_assert_str_eq(platform, files);
	kit_run_free(&r);
	free(files);
	free(platform);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rights");
	TCase *t = tcase_create("rights");
	int n = sizeof(argocd) / sizeof(argocd[0]);

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_the_platform_says_is_what_its_files_say);
	if (is_full()) {	/* real rights are no knobs: tests/contract */
		tcase_add_checked_fixture(t, begin_without_world, NULL);
		return kit_main(s, NULL);
	}
	tcase_add_checked_fixture(t, begin, world_end);
	tcase_add_loop_test(t,
	    a_missing_right_is_told_before_anything_is_changed, 0, n);
	tcase_add_loop_test(t, a_dry_run_tells_it_too, 0, n);
	tcase_add_loop_test(t, all_rules_that_are_missing_are_told_at_once,
	    0, sizeof(kube) / sizeof(kube[0]));
	return kit_main(s, NULL);
}
