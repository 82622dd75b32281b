/*
 * Proves that compare-settings finds both sides the same where they are, and
 * names what differs where not: its verdict, its report, that no secret gets
 * out, which right is missing; and that any request may fail without a wrong
 * verdict.
 *
 * The new side is deployed once: the old one's configuration on the hosts of
 * the temporary domain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

enum { REQUESTS = 9 };	/* to one side: Deployments, maps, and the list */

static char *work;

/* The instance's config.yml, past any step, by a sed program. */
static void
change(const char *program)
{
	free(world_change("config", "sed -i -e '%s' instances/acme/"
	    "config.yml", program));
	world_deploy();
}

static void
begin(void)
{
	world_begin();
	world_run("create-instance.yml");
	free(world_change("the old configuration", "sed -e "
	    "'s/courses.example.test/acme.new.example.test/g' "
	    "-e 's/^\\(DRYDOCK_INIT_JOBS\\): .*/\\1: false/' "
	    "%s/deployed/old/config.yml >instances/acme/config.yml",
	    kit_env("SB_STATE")));
	world_deploy();
	work = world_clone();
}

static void
end(void)
{
	world_end();
}

/* more: two further variables, each may be NULL. */
static struct kit_run
compare(const char *old, const char *now, const char *more,
    const char *most)
{
	return kit_step("compare-settings", world_vars(work,
	    kit_text("old-kube-server=%s", old),
	    kit_text("old-kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN")),
	    kit_text("new-kube-server=%s", now),
	    kit_text("new-kube-token=%s", kit_env("SB_KUBE_NEW_TOKEN")),
	    "old-namespace=acme", "new-namespace=acme",
	    more != NULL ? more : "accept=", most, NULL));
}

/* No line of the world's list of secrets stands in it. */
static void
holds_no_secret(const struct kit_run *r)
{
	char *report = kit_output(r, "report") == NULL ? NULL :
	    kit_read(kit_output(r, "report"));
	char *secrets = kit_read(kit_text("%s/secrets",
	    kit_env("SB_STATE")));

	for (char *s = secrets, *next; *s != '\0'; s = next) {
		next = s + strcspn(s, "\n");
		if (*next != '\0')
			*next++ = '\0';
		kit_lacks(r->out, s);
		kit_lacks(r->summary, s);
		kit_lacks(r->outputs, s);
		if (report != NULL)
			kit_lacks(report, s);
	}
	free(secrets);
	free(report);
}

/* One run: how it ends, what is said, and the report; free the run. */
static struct kit_run
expect(int status, const char *more, const char *most)
{
	struct kit_run r = compare(kit_env("SB_KUBE_OLD"),
	    kit_env("SB_KUBE_NEW"), more, most);

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"),
	    status == 0 ? "done" : "needs-hand");
	holds_no_secret(&r);
	return r;
}

static long
number(const struct kit_run *r, const char *output)
{
	return strtol(kit_output(r, output), NULL, 10);
}

START_TEST(the_same_instance_on_other_hosts_is_the_same)
{
	struct kit_run r = expect(0, NULL, NULL);
	char *report = kit_read(kit_output(&r, "report"));

	ck_assert_int_gt(number(&r, "equal"), 100);
	ck_assert_int_gt(number(&r, "explained"), 10);
	ck_assert_int_eq(number(&r, "different"), 0);
	ck_assert_int_eq(number(&r, "critical"), 0);
	kit_contains(r.summary, "| databases (critical) | 0 | 0 | 0 |");
	kit_contains(r.summary, "| LMS\\_BASE | both | courses.example.test |"
	    " acme.new.example.test | explained | the hosts");
	ck_assert_str_eq(kit_out("jq -r '.settings[] | select(.setting == "
	    "\"SOCIAL_AUTH_SAML_SP_PRIVATE_KEY\") | .group + \" \" + "
	    ".verdict' %s", kit_output(&r, "report")), "SAML equal");
	kit_contains(report, "\"evaluated\": false");
	ck_assert_str_eq(kit_out("stat -c %%a %s", kit_output(&r,
	    "report")), "600");
	free(report);
	kit_run_free(&r);
}
END_TEST

START_TEST(the_platforms_themselves_say_the_same)
{
	struct kit_run r;

	world_set("kube.evaluate", "1");
	r = expect(0, "evaluate=true", NULL);
	ck_assert_int_eq(number(&r, "unreadable"), 0);
	ck_assert_int_eq(number(&r, "critical"), 0);
	ck_assert_int_gt(number(&r, "equal"), 100);
	kit_contains(r.summary, "LOGIN\\_REDIRECT\\_WHITELIST\\[\\] | LMS |"
	    " apps.courses.example.test | apps.acme.new.example.test |");
	kit_run_free(&r);
}
END_TEST

START_TEST(temporary_hosts_are_no_final_ones)
{
	struct kit_run r = expect(1, "final-hosts=true", NULL);

	kit_contains(r.out, "OAUTH_OIDC_ISSUER (OAuth, different)");
	kit_contains(r.summary, "| LMS\\_BASE | both | courses.example.test |"
	    " acme.new.example.test | different |");
	kit_run_free(&r);
}
END_TEST

START_TEST(what_differs_is_named_and_may_be_accepted)
{
	struct kit_run r;

	change("s/^\\(OPENEDX_MYSQL_DATABASE\\): .*/\\1: other/;"
	    "s/^\\(SMTP_HOST\\): .*/\\1: mail.example.test/;"
	    "s/^\\(OPENEDX_MYSQL_PASSWORD\\): .*/\\1: another-one-2/");
	r = expect(1, NULL, NULL);
	kit_contains(r.out, "DATABASES.default.NAME (databases, different)");
	kit_contains(r.out, "DATABASES.default.PASSWORD");
	kit_contains(r.out, "EMAIL_HOST (email, different)");
	kit_contains(r.summary, "| DATABASES.default.NAME | both | "
	    "acme\\_openedx | other | different |");
	kit_lacks(r.summary, "another-one-2");
	ck_assert_int_eq(number(&r, "critical"), 2);
	ck_assert_int_eq(number(&r, "different"), 3);
	kit_run_free(&r);
	r = expect(0, "accept=DATABASES.*.NAME\nDATABASES.*.PASSWORD", NULL);
	kit_contains(r.out, "warning");
	kit_contains(r.summary, "accepted by hand");
	kit_run_free(&r);
	change("s/^\\(OPENEDX_MYSQL_DATABASE\\): .*/\\1: acme_openedx/;"
	    "s/^\\(SMTP_HOST\\): .*/\\1: '\"$SB_SMTP_ADDR\"'/;"
	    "s/^\\(OPENEDX_MYSQL_PASSWORD\\): .*/\\1: '\"$SB_MYSQL_PASSWORD"
	    "\"'/");
	r = expect(0, NULL, NULL);
	kit_run_free(&r);
}
END_TEST

START_TEST(a_missing_right_is_told_with_its_side)
{
	struct kit_run r;

	world_set("kube.deny", "get configmaps");
	r = compare(kit_env("SB_KUBE_OLD"), kit_env("SB_KUBE_NEW"), NULL,
	    NULL);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "the old side: ");
	kit_contains(r.summary, "- {apiGroups: [\"\"], resources: "
	    "[configmaps], verbs: [get]}");
	kit_run_free(&r);
	world_set("kube.deny", "");
	world_set("kube.evaluate", "");
	r = compare(kit_env("SB_KUBE_OLD"), kit_env("SB_KUBE_NEW"),
	    "evaluate=true", NULL);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.summary, "resources: [pods/exec], verbs: [get, "
	    "create]}");
	kit_run_free(&r);
	r = compare(kit_env("SB_KUBE_OLD"), kit_env("SB_KUBE_NEW"),
	    "new-namespace=other", NULL);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "the new side: ");
	kit_run_free(&r);
}
END_TEST

/* ---- requests that fail ---- */

static const char *const faults[] = {
	"\"fault\":\"reset-before\"", "\"fault\":\"html\"",
	"\"fault\":\"cut\",\"bytes\":60",
	"\"fault\":\"status\",\"status\":503",
};
enum { FAULTS = sizeof faults / sizeof *faults };

/* The n-th request to this side fails: the step does so too, or asks again;
 * it never finds a difference. */
static void
expect_no_wrong_verdict(struct world_proxy *p, bool new_side, int nth)
{
	const char *fault = faults[nth % FAULTS];
	struct kit_run r;

	world_proxy_fault(p, kit_text("{%s,\"nth\":%d}", fault, nth));
	r = compare(new_side ? kit_env("SB_KUBE_OLD") : p->url,
	    new_side ? p->url : kit_env("SB_KUBE_NEW"),
	    kit_text("ca-file=%s", p->ca), NULL);
	ck_assert_msg(strcmp(kit_output(&r, "status"),
	    r.status == 0 ? "done" : "failed") == 0, "%s: exit %d: %s",
	    fault, r.status, r.out);
	if (r.status != 0)
		ck_assert_ptr_null(kit_output(&r, "report"));
	kit_run_free(&r);
}

START_TEST(any_request_may_fail_without_a_wrong_verdict)
{
	bool new_side = _i == 1;
	struct world_proxy p = new_side ?
	    world_proxy_start(kit_text("%s:6443",
	    kit_env("SB_KUBE_NEW_ADDR")), "kube-new.sandbox.test") :
	    world_proxy_start(kit_text("%s:6443",
	    kit_env("SB_KUBE_OLD_ADDR")), "kube-old.sandbox.test");
	struct kit_run r;

	for (int nth = 1; nth <= REQUESTS; nth++)
		expect_no_wrong_verdict(&p, new_side, nth);
	world_proxy_stop(&p);
	r = expect(0, NULL, NULL);
	kit_run_free(&r);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("compare-settings");
	TCase *t = tcase_create("compare-settings");

	if (world_is_full())
		return kit_skip_all("the demo compares in a full world");
	suite_add_tcase(s, t);
	tcase_add_unchecked_fixture(t, begin, end);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, the_same_instance_on_other_hosts_is_the_same);
	tcase_add_test(t, the_platforms_themselves_say_the_same);
	tcase_add_test(t, temporary_hosts_are_no_final_ones);
	tcase_add_test(t, what_differs_is_named_and_may_be_accepted);
	tcase_add_test(t, a_missing_right_is_told_with_its_side);
	tcase_add_loop_test(t, any_request_may_fail_without_a_wrong_verdict,
	    0, 2);
	return kit_main(s, NULL);
}
