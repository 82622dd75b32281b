/*
 * Proves that check-migrations names what Django says is unapplied, of LMS
 * and Studio; takes nothing else for an answer; says which right is missing;
 * and that any request may fail without a wrong verdict.
 *
 * The old side's pods are asked, as they are there from the beginning; the
 * new side's are in the demo. In a full world they are kwok's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

enum { REQUESTS = 4 };	/* pods and exec, of two sides */

static char *work;

static void
lack(const char *words)
{
	if (world_is_full())
		kit_write(kit_text("%s/kube/exec/old/unapplied",
		    kit_env("SB_STATE")), words);
	else
		world_set("migrations.unapplied", words);
}

static void
begin(void)
{
	if (!world_is_full()) {
		world_begin();
		world_set("kube.evaluate", "1");
	}
	work = kit_folder();
	lack("");
}

static void
end(void)
{
	lack("");
	if (!world_is_full())
		world_end();
}

/* proxy: NULL, or what is before the server. */
static struct kit_run
check(const char *when, const struct world_proxy *proxy)
{
	return kit_step("check-migrations", world_vars(work, when,
	    kit_text("kube-server=%s", proxy != NULL ? proxy->url :
	    kit_env("SB_KUBE_OLD")),
	    kit_text("kube-token=%s", kit_env(world_is_full() ?
	    "CONTRACT_KUBE_TOKEN" : "SB_KUBE_OLD_TOKEN")),
	    "namespace=acme", proxy != NULL ? kit_text("ca-file=%s",
	    proxy->ca) : NULL, NULL));
}

static void
expect(int status, const char *word, const char *says)
{
	struct kit_run r = check("when=after", NULL);

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), word);
	kit_contains(r.out, says);
	kit_run_free(&r);
}

START_TEST(a_database_that_has_all_is_well)
{
	struct kit_run r = check("when=after", NULL);

	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "unapplied"), "");
	kit_contains(r.summary, "| lms | 0 |\n| cms | 0 |\n");
	kit_run_free(&r);
}
END_TEST

START_TEST(what_it_lacks_is_named_by_side)
{
	struct kit_run r;

	lack("lms:course_modes.0016_x forum.0001_initial noisy");
	r = check("when=after", NULL);
	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "needs-hand");
	kit_contains(r.outputs, "lms course_modes.0016_x\n"
	    "lms forum.0001_initial\ncms forum.0001_initial\n");
	kit_contains(r.out, "lms course_modes.0016_x");
	kit_contains(r.summary, "| lms | 2 |\n| cms | 1 |\n");
	kit_contains(r.summary, "cms forum.0001_initial\n");
	kit_lacks(r.outputs, "auth.0001");
	kit_run_free(&r);
}
END_TEST

START_TEST(hundreds_are_cut_in_the_error_alone)
{
	const char *words = kit_out("seq -f 'course_a.%%04g_change' 0 399 | "
	    "tr '\\n' ' '");
	struct kit_run r;

	lack(words);
	r = check("when=after", NULL);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, " ...");
	kit_contains(r.outputs, "lms course_a.0000_change\n");
	kit_contains(r.outputs, "cms course_a.0399_change\n");
	kit_contains(r.summary, "cms course_a.0399_change\n");
	kit_run_free(&r);
}
END_TEST

START_TEST(what_is_no_answer_is_no_good_one)
{
	lack("silent");
	expect(1, "needs-hand", "manage.py lms migrate in pod lms-");
	lack("broken");
	expect(1, "needs-hand", "Can't connect to MySQL server");
}
END_TEST

START_TEST(without_a_token_it_fails_unless_that_is_accepted)
{
	struct kit_run r = kit_step("check-migrations", world_vars(work,
	    NULL));

	ck_assert_msg(r.status == 2, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, "KUBE_NEW_TOKEN");
	kit_contains(r.out, "migrations.accept-unchecked");
	kit_run_free(&r);
	r = kit_step("check-migrations", world_vars(work,
	    "accept-unchecked=true", NULL));
	ck_assert_msg(r.status == 0, "exit %d: %s", r.status, r.out);
	kit_contains(r.summary, "**Migrations were not checked**");
	kit_contains(r.out, "warning");
	kit_run_free(&r);
}
END_TEST

/* ---- what the double's knobs are needed for ---- */

START_TEST(rights_are_proven_before_anything_is_changed)
{
	struct kit_run r = check("when=before", NULL);

	ck_assert_msg(r.status == 0, "%s", r.out);
	kit_run_free(&r);
	world_set("kube.evaluate", "");
	r = check("when=before", NULL);
	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	kit_contains(r.summary, "```yaml\n"
	    "- {apiGroups: [\"\"], resources: [pods/exec],"
	    " verbs: [get, create]}\n```\n");
	kit_run_free(&r);
	world_set("kube.evaluate", "1");
	world_set("kube.deny", "create pods/exec");
	expect(1, "failed", "{apiGroups: [\"\"], resources: [pods/exec], "
	    "verbs: [create]}");
}
END_TEST

static void
expect_none_ready(const char *says)
{
	struct kit_run r = kit_step("check-migrations", world_vars(work,
	    kit_text("kube-server=%s", kit_env("SB_KUBE_NEW")),
	    kit_text("kube-token=%s", kit_env("SB_KUBE_NEW_TOKEN")), NULL));

	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "needs-hand");
	kit_contains(r.out, "no pod of lms is ready");
	kit_contains(r.out, says);
	kit_run_free(&r);
}

START_TEST(pods_that_are_not_ready_are_not_asked)
{
	char *head;

	expect_none_ready("");
	world_set("pods.waiting", "ImagePullBackOff");
	world_run("create-instance.yml");
	world_run("build-all.yml");
	head = world_head();
	head[strcspn(head, "\n")] = '\0';
	free(kit_sh("for i in $(seq 200); do curl -fsS %s/deployed | "
	    "jq -e '.revision == \"%s\"' && exit; sleep 0.1; done; exit 1",
	    kit_env("SB_WORLD_URL"), head));
	free(head);
	expect_none_ready("ImagePullBackOff");
}
END_TEST

static const char *const faults[] = {
	"\"fault\":\"reset-before\"", "\"fault\":\"reset-after\"",
	"\"fault\":\"html\"", "\"fault\":\"cut\",\"bytes\":60",
	"\"fault\":\"status\",\"status\":503",
};

static void
expect_no_wrong_verdict(struct world_proxy *p, const char *fault)
{
	struct kit_run r;

	world_proxy_fault(p, fault);
	r = check("when=after", p);
	ck_assert_msg(r.status == 1, "%s: exit %d: %s", fault, r.status,
	    r.out);
	if (strcmp(kit_output(&r, "status"), "needs-hand") == 0)
		kit_contains(r.out, "cms forum.0001_initial");
	kit_lacks(r.out, kit_env("SB_KUBE_OLD_TOKEN"));
	kit_run_free(&r);
}

START_TEST(a_request_that_fails_gives_no_wrong_verdict)
{
	struct world_proxy p = world_proxy_start(kit_text("%s:6443",
	    kit_env("SB_KUBE_OLD_ADDR")), "kube-old.sandbox.test");

	lack("cms:forum.0001_initial");
	for (int nth = 1; nth <= REQUESTS; nth++)
		expect_no_wrong_verdict(&p, kit_text("{%s,\"nth\":%d}",
		    faults[_i], nth));
	world_proxy_stop(&p);
	expect(1, "needs-hand", "cms forum.0001_initial");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("check-migrations");
	TCase *t = tcase_create("migrations");
	TCase *f = tcase_create("faults");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_database_that_has_all_is_well);
	tcase_add_test(t, what_it_lacks_is_named_by_side);
	tcase_add_test(t, hundreds_are_cut_in_the_error_alone);
	tcase_add_test(t, what_is_no_answer_is_no_good_one);
	tcase_add_test(t, without_a_token_it_fails_unless_that_is_accepted);
	if (world_is_full())
		return kit_main(s, NULL);
	tcase_add_test(t, rights_are_proven_before_anything_is_changed);
	tcase_add_test(t, pods_that_are_not_ready_are_not_asked);
	suite_add_tcase(s, f);
	tcase_add_checked_fixture(f, begin, end);
	tcase_set_timeout(f, 120);
	tcase_add_loop_test(f, a_request_that_fails_gives_no_wrong_verdict,
	    0, (int)(sizeof(faults) / sizeof(faults[0])));
	return kit_main(s, NULL);
}
