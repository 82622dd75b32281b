/*
 * Proves that replicate-cronjobs writes the old side's CronJobs, suspended,
 * with what the new side has; that a second run changes nothing; that a right
 * which is missing is told; and that any request may fail before a clean run
 * makes it good.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

enum { REQUESTS = 2 };	/* the LMS's Deployment, the CronJobs */

#define FILE_OF(name) "migrations/acme/cronjobs/" name ".yml"

static char *work;

static void
begin(void)
{
	world_begin();
	work = world_clone();
}

/* proxy: NULL, or what is before the server. */
static struct kit_run
replicate(const char *dry_run, const struct world_proxy *proxy)
{
	struct kit_run r = kit_step("replicate-cronjobs", world_vars(work,
	    dry_run, kit_text("kube-server=%s", proxy != NULL ? proxy->url :
	    kit_env("SB_KUBE_OLD")), kit_text("kube-token=%s",
	    kit_env("SB_KUBE_OLD_TOKEN")), "namespace=acme",
	    "new-namespace=acme-new", proxy != NULL ?
	    kit_text("ca-file=%s", proxy->ca) : NULL, NULL));

	kit_lacks(r.out, kit_env("SB_KUBE_OLD_TOKEN"));
	return r;
}

static void
ends(struct kit_run r, int status, const char *word)
{
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_msg(strcmp(kit_output(&r, "status"), word) == 0,
	    "status %s: %s", kit_output(&r, "status"), r.out);
	kit_run_free(&r);
}

static void
is(const char *want, const char *command)
{
	ck_assert_str_eq(kit_out("cd %s && %s", work, command), want);
}

START_TEST(jobs_become_suspended_manifests_of_the_new_side)
{
	static const char clear[] = FILE_OF("cronjob-clearsessions");
	struct kit_run r;

	/* one that the old side has no more; an image that is built */
	free(kit_sh("mkdir -p %s/migrations/acme/cronjobs "
	    "%s/instances/acme && echo x >%s/" FILE_OF("gone") " && echo "
	    "'DOCKER_IMAGE_OPENEDX: ghcr.test/openedx:7' "
	    ">%s/instances/acme/config.yml", work, work, work, work));
	r = replicate("dry-run=true", NULL);
	kit_contains(r.out, "would be suspended");
	ends(r, 0, "would-change");
	is("gone.yml", "ls migrations/acme/cronjobs");
	r = replicate("dry-run=false", NULL);
	ck_assert_str_eq(kit_output(&r, "refused"), "");
	kit_contains(kit_output(&r, "cronjobs"), "cronjob-clearsessions");
	ends(r, 0, "done");
	is("  suspend: true", kit_text("grep suspend: %s", clear));
	is("  namespace: \"acme-new\"", kit_text("grep namespace: %s",
	    clear));
	is("1", kit_text("grep -c 'image: \"ghcr.test/openedx:7\"' %s",
	    clear));
	is("1", kit_text("grep -c openedx-image-pull-secret %s", clear));
	is("0", kit_text("grep -cE '^ *(status|uid|managedFields|"
	    "resourceVersion|creationTimestamp):' %s || true", clear));
	is("2", "ls migrations/acme/cronjobs | wc -l");
	/* a newer build is no change: whoever starts it gives the image */
	free(kit_sh("sed -i s/openedx:7/openedx:8/ "
	    "%s/instances/acme/config.yml", work));
	ends(replicate("dry-run=false", NULL), 0, "unchanged");
}
END_TEST

START_TEST(a_right_that_is_missing_is_told_with_its_rule)
{
	struct kit_run r = kit_step("replicate-cronjobs", world_vars(work,
	    kit_text("kube-server=%s", kit_env("SB_KUBE_NEW")),
	    kit_text("kube-token=%s", kit_env("SB_KUBE_NEW_TOKEN")),
	    "namespace=acme", NULL));

	kit_contains(r.out, "{apiGroups: [\"batch\"], resources: [cronjobs],"
	    " verbs: [list]}");
	ends(r, 1, "failed");
}
END_TEST

static const char *const faults[] = {
	"\"fault\":\"reset-before\"", "\"fault\":\"reset-after\"",
	"\"fault\":\"html\"", "\"fault\":\"cut\",\"bytes\":60",
	"\"fault\":\"status\",\"status\":503",
};

START_TEST(a_request_that_fails_is_made_good_by_a_clean_run)
{
	struct world_proxy p = world_proxy_start(kit_text("%s:6443",
	    kit_env("SB_KUBE_OLD_ADDR")), "kube-old.sandbox.test");

	for (int nth = 1; nth <= REQUESTS; nth++) {
		struct kit_run r;
		bool made;

		free(kit_sh("rm -rf %s/migrations/acme/cronjobs", work));
		world_proxy_fault(&p, kit_text("{%s,\"nth\":%d}", faults[_i],
		    nth));
		r = replicate("dry-run=false", &p);
		made = r.status == 0;	/* it was asked again */
		ends(r, made ? 0 : 1, made ? "done" : "failed");
		ends(replicate("dry-run=false", NULL), 0,
		    made ? "unchanged" : "done");
		is("2", "ls migrations/acme/cronjobs | wc -l");
	}
	world_proxy_stop(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("replicate-cronjobs");
	TCase *c = tcase_create("cronjobs");

	suite_add_tcase(s, c);
	tcase_add_checked_fixture(c, begin, world_end);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, jobs_become_suspended_manifests_of_the_new_side);
	tcase_add_test(c, a_right_that_is_missing_is_told_with_its_rule);
	tcase_add_loop_test(c,
	    a_request_that_fails_is_made_good_by_a_clean_run, 0,
	    (int)(sizeof(faults) / sizeof(faults[0])));
	return kit_main(s, NULL);
}
