/*
 * Proves that restrict-mysql and restrict-mongodb refuse while anything of
 * the old side runs, name it, and say what would be right where nobody can
 * tell; and that what no database needs may run. Only dry runs: nothing is
 * changed.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

enum { REQUESTS = 12 };	/* ten Deployments, the Pods, the CronJobs */

static const char *const steps[] = { "restrict-mysql", "restrict-mongodb" };
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static char *work;

static void
begin(void)
{
	world_begin();
	work = world_clone();
}

/* The plan of the sandbox allows it; these runs do not. proxy: NULL, or what
 * is before the old cluster. */
static struct kit_run
restrict_users(const char *step, const char *allowed, const char *token,
    const struct world_proxy *proxy)
{
	struct kit_run r = kit_step(step, world_vars(work, allowed,
	    "mode=restrict", "dry-run=true", "mongodb-tls=off",
	    kit_text("mysql-admin-password=%s",
	    kit_env("SB_MYSQL_ADMIN_PASSWORD")),
	    kit_text("mongodb-admin-password=%s",
	    kit_env("SB_MONGO_ADMIN_PASSWORD")),
	    kit_text("mysql-ca-file=%s/ca/ca.crt", kit_env("SB_STATE")),
	    kit_text("mysql-user=%s", kit_env("SB_MYSQL_USER")),
	    kit_text("mysql-databases=%s", kit_env("SB_MYSQL_DATABASE")),
	    kit_text("mongodb-user=%s", kit_env("SB_MONGO_USER")),
	    kit_text("mongodb-databases=%s", kit_env("SB_MONGO_DATABASE")),
	    kit_text("old-kube-server=%s", proxy != NULL ? proxy->url :
	    kit_env("SB_KUBE_OLD")), kit_text("old-kube-token=%s", token),
	    proxy != NULL ? kit_text("ca-file=%s", proxy->ca) :
	    "branch=main", NULL));

	kit_lacks(r.out, kit_env("SB_KUBE_OLD_TOKEN"));
	return r;
}

static struct kit_run
ask(const char *step)
{
	return restrict_users(step, "old-running=false",
	    kit_env("SB_KUBE_OLD_TOKEN"), NULL);
}

static void
ends(struct kit_run r, int status, const char *word)
{
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_msg(strcmp(kit_output(&r, "status"), word) == 0,
	    "status %s: %s", kit_output(&r, "status"), r.out);
	kit_run_free(&r);
}

/* As a person with more rights does: a merge patch of what a path of the
 * instance's namespace names. */
static void
patch(const char *group, const char *what, const char *spec)
{
	free(kit_sh("curl -fsS --cacert %s/ca/ca.crt -X PATCH "
	    "-H 'Content-Type: application/merge-patch+json' "
	    "-H 'Authorization: Bearer %s' -d '{\"spec\":%s}' "
	    "%s/apis/%s/v1/namespaces/acme/%s", kit_env("SB_STATE"),
	    kit_env("SB_KUBE_CONTRACT_TOKEN"), spec, kit_env("SB_KUBE_OLD"),
	    group, what));
}

static void
scale_all(const char *replicas)
{
	static const char *const platform[] = { "lms", "cms", "lms-worker",
	    "cms-worker", NULL };

	for (const char *const *p = platform; *p != NULL; p++)
		patch("apps", kit_text("deployments/%s/scale", *p),
		    kit_text("{\"replicas\":%s}", replicas));
}

static void
suspend_all(void)
{
	char *names = kit_sh("curl -fsS --cacert %s/ca/ca.crt "
	    "-H 'Authorization: Bearer %s' "
	    "%s/apis/batch/v1/namespaces/acme/cronjobs | "
	    "jq -r '.items[].metadata.name'", kit_env("SB_STATE"),
	    kit_env("SB_KUBE_CONTRACT_TOKEN"), kit_env("SB_KUBE_OLD"));

	for (char *name = names; *name != '\0'; ) {
		size_t n = strcspn(name, "\n");

		patch("batch", kit_text("cronjobs/%.*s", (int)n, name),
		    "{\"suspend\":true}");
		name += n + (name[n] == '\n');
	}
	free(names);
}

static void
await_no_pods(void)
{
	free(kit_sh("for i in $(seq 100); do curl -fsS --cacert %s/ca/ca.crt "
	    "-H 'Authorization: Bearer %s' "
	    "'%s/api/v1/namespaces/acme/pods?labelSelector="
	    "app.kubernetes.io%%2Fname%%3Dlms' | jq -e '.items == []' && exit;"
	    " sleep 0.1; done; exit 1", kit_env("SB_STATE"),
	    kit_env("SB_KUBE_OLD_TOKEN"), kit_env("SB_KUBE_OLD")));
}

START_TEST(what_runs_is_named_and_refused)
{
	struct kit_run r = ask(steps[_i]);

	kit_contains(r.out, "Deployment lms is scaled to ");
	kit_contains(r.out, "Deployment cms-worker is scaled to ");
	kit_contains(r.out, "Pod lms-");
	kit_contains(r.out, "CronJob cronjob-clearsessions is not suspended");
	kit_contains(r.out, "old-running: true in the plan");
	ends(r, 1, "needs-hand");
	/* the plan says the contrary */
	ends(restrict_users(steps[_i], "good=1", kit_env("SB_KUBE_OLD_TOKEN"),
	    NULL), 0, "would-change");
}
END_TEST

START_TEST(an_old_side_at_rest_is_no_reason)
{
	struct kit_run r;

	scale_all("0");
	await_no_pods();
	r = ask(steps[_i]);
	kit_lacks(r.out, "is scaled to");
	kit_contains(r.out, "CronJob cronjob-clearsessions is not suspended");
	ends(r, 1, "needs-hand");
	suspend_all();
	ends(ask(steps[_i]), 0, "would-change");
}
END_TEST

START_TEST(who_cannot_be_asked_is_told_with_what_would_be_right)
{
	struct kit_run r = restrict_users(steps[_i], "old-running=false", "",
	    NULL);

	kit_contains(r.out, "KUBE_OLD_TOKEN");
	kit_contains(r.out, "old-running: ");
	ends(r, 2, "wrong-input");
	r = restrict_users(steps[_i], "old-running=false", "not-this-one",
	    NULL);
	kit_contains(r.out, "whether the old side still runs can't be told");
	kit_contains(r.out, "old-running: true");
	ends(r, 1, "failed");
	world_set("kube.deny", "list pods");
	r = ask(steps[_i]);
	kit_contains(r.out, "- {apiGroups: [\"\"], resources: [pods], "
	    "verbs: [list]}");
	ends(r, 1, "failed");
	world_set("kube.deny", "");
}
END_TEST

static const char *const faults[] = {
	"\"fault\":\"reset-before\"", "\"fault\":\"html\"",
	"\"fault\":\"cut\",\"bytes\":60",
	"\"fault\":\"status\",\"status\":503",
};

START_TEST(no_request_that_fails_lets_it_pass)
{
	struct world_proxy p = world_proxy_start(kit_text("%s:6443",
	    kit_env("SB_KUBE_OLD_ADDR")), "kube-old.sandbox.test");
	struct kit_run r;

	scale_all("0");
	suspend_all();
	await_no_pods();
	for (int nth = 1; nth <= REQUESTS; nth++) {
		world_proxy_fault(&p, kit_text("{%s,\"nth\":%d}", faults[_i],
		    nth));
		r = restrict_users("restrict-mysql", "old-running=false",
		    kit_env("SB_KUBE_OLD_TOKEN"), &p);
		/* a read is repeated where that is harmless */
		if (r.status != 0)
			kit_contains(r.out, "old side still runs can't be "
			    "told");
		kit_run_free(&r);
	}
	world_proxy_stop(&p);
	ends(ask("restrict-mysql"), 0, "would-change");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("oldside");
	TCase *t = tcase_create("oldside");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, begin, world_end);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, what_runs_is_named_and_refused, 0, STEPS);
	tcase_add_loop_test(t, an_old_side_at_rest_is_no_reason, 0, STEPS);
	tcase_add_loop_test(t,
	    who_cannot_be_asked_is_told_with_what_would_be_right, 0, STEPS);
	tcase_add_loop_test(t, no_request_that_fails_lets_it_pass, 0,
	    (int)(sizeof(faults) / sizeof(faults[0])));
	return kit_main(s, NULL);
}
