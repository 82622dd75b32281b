/*
 * Proves that set-autosync brings file and live Application to agree,
 * whatever the version of Argo CD, and completes what was killed.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

static char *work;

/* An instance as Launchpad's workflow makes it: automated sync is on. */
static void
begin(void)
{
	world_begin();
	world_run("create-instance.yml");
	work = world_clone();
}

static struct kit_run
set(const char *enabled, const char *more, const char *more2)
{
	struct kit_run r = kit_step("set-autosync", world_vars(work, enabled,
	    more, more2, NULL));

	kit_lacks(r.out, kit_env("SB_ARGOCD_TOKEN"));
	return r;
}

static void
expect(const char *enabled, const char *more, const char *word)
{
	struct kit_run r = set(enabled, more, NULL);

	ck_assert_msg(r.status == 0, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), word);
	if (strcmp(word, "would-change") != 0)
		ck_assert_str_eq(kit_output(&r, "autosync"),
		    strcmp(enabled, "enabled=true") == 0 ? "on" : "off");
	kit_run_free(&r);
}

/* The live block, as JSON without blanks, past the step. */
static char *
live(void)
{
	char *app = world_argocd("", ""), *dir = kit_folder(), *is;
	const char *file = kit_text("%s/app", dir);

	kit_write(file, app);
	is = kit_sh("jq -cS .spec.syncPolicy.automated '%s' | tr -d '\\n'",
	    file);
	free(dir);
	free(app);
	return is;
}

static void
check_live(const char *want)
{
	char *is = live();

	ck_assert_str_eq(is, want);
	free(is);
}

static char *
file(void)
{
	return world_file("instances/acme/application.yml");
}

START_TEST(off_and_on_again_leaves_the_file_as_it_was)
{
	char *before = file(), *off, *after, *head;

	if (!world_argocd_version("3.2.6"))
		return;
	expect("enabled=false", NULL, "done");
	check_live("{\"enabled\":false,\"prune\":true}");
	off = file();
	kit_contains(off, "      enabled: false\n      prune: true\n");
	head = world_head();
	expect("enabled=false", NULL, "unchanged");
	ck_assert_str_eq(head, world_head());
	if (!world_is_full())	/* a patch, which is refused before the first
				 * build, and what is done then */
		ck_assert_int_eq(world_count("argocd.writes"), 2);
	expect("enabled=true", NULL, "done");
	check_live("{\"enabled\":true,\"prune\":true}");
	after = file();
	ck_assert_str_eq(before, after);
	expect("enabled=true", NULL, "unchanged");
}
END_TEST

/* Argo CD before 3.1: the block goes, and comes back from the record. */
START_TEST(an_older_argo_cd_loses_the_block_and_gets_it_back)
{
	char *off, *record;

	if (!world_argocd_version("2.14.21"))
		return;
	expect("enabled=false", NULL, "done");
	check_live("null");
	off = file();
	kit_lacks(off, "automated");
	kit_contains(off, "syncOptions");
	record = world_file("migrations/acme/record/autosync.json");
	kit_contains(record, "prune: true");
	expect("enabled=false", NULL, "unchanged");
	expect("enabled=true", NULL, "done");
	kit_contains(file(), "    automated:\n      enabled: true\n"
	    "      prune: true\n");
	kit_contains(live(), "\"prune\":true");
	expect("enabled=true", NULL, "unchanged");
}
END_TEST

START_TEST(a_block_taken_by_an_old_version_comes_back_under_a_new_one)
{
	world_set("argocd.version", "2.14.21");
	expect("enabled=false", NULL, "done");
	world_set("argocd.version", "3.2.6");
	expect("enabled=false", NULL, "unchanged");
	expect("enabled=true", NULL, "done");
	kit_contains(live(), "\"enabled\":true");
	kit_contains(file(), "      enabled: true\n");
}
END_TEST

START_TEST(a_dry_run_changes_neither_file_nor_live)
{
	char *head = world_head();

	expect("enabled=false", "dry-run=true", "would-change");
	world_set("argocd.version", "2.14.21");
	expect("enabled=false", "dry-run=true", "would-change");
	ck_assert_int_eq(world_count("argocd.writes"), 0);
	ck_assert_str_eq(head, world_head());
	free(head);
}
END_TEST

START_TEST(before_the_instance_is_there_a_dry_run_follows)
{
	struct kit_run r;

	world_end();
	world_begin();
	work = world_clone();
	r = set("enabled=false", "dry-run=true", NULL);
	ck_assert_msg(r.status == 0, "%s", r.out);
	kit_contains(r.out, "this follows dispatch-workflow (create)");
	kit_run_free(&r);
	r = set("enabled=false", NULL, NULL);
	ck_assert_int_eq(r.status, 1);
	kit_run_free(&r);
}
END_TEST

START_TEST(a_missing_right_is_named)
{
	struct kit_run r;

	world_set("argocd.permissions", "get sync");
	r = set("enabled=false", NULL, NULL);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "applications, update, default/acme-production,"
	    " allow");
	kit_run_free(&r);
}
END_TEST

START_TEST(live_and_file_that_disagree_are_brought_together)
{
	if (!world_argocd_version("3.2.6"))
		return;
	free(world_change("chore: half", "sed -i 's/enabled: true/enabled:"
	    " false/' instances/acme/application.yml"));
	expect("enabled=false", NULL, "done");
	check_live("{\"enabled\":false,\"prune\":true}");
	expect("enabled=false", NULL, "unchanged");
}
END_TEST

/* ---- faults and kills ---- */

static const char *const faults[] = {
	"\"fault\":\"reset-before\"", "\"fault\":\"reset-after\"",
	"\"fault\":\"html\",\"processed\":true",
};
enum { REQUESTS = 4 };	/* version, find, patch, read back */

START_TEST(any_request_may_fail_once)
{
	struct world_proxy p = world_proxy_start(kit_env("SB_ARGOCD_ADDR"),
	    "argocd.sandbox.test");
	struct kit_run r;

	if (!world_argocd_version("3.2.6"))
		return;
	world_proxy_fault(&p, kit_text("{%s,\"nth\":%d}",
	    faults[_i / REQUESTS], _i % REQUESTS + 1));
	r = set("enabled=false", kit_text("argocd-server=%s", p.url),
	    kit_text("ca-file=%s", p.ca));
	if (r.status != 0)	/* the patch alone is not repeated */
		expect("enabled=false", NULL, "done");
	expect("enabled=false", NULL, "unchanged");
	check_live("{\"enabled\":false,\"prune\":true}");
	kit_run_free(&r);
	world_proxy_stop(&p);
}
END_TEST

START_TEST(a_killed_step_is_completed_by_the_next)
{
	struct kit_run r;

	if (!world_argocd_version("2.14.21"))
		return;
	r = kit_step_killed("set-autosync", world_vars(work, "enabled=false",
	    NULL), 40 + 90 * _i);
	kit_run_free(&r);
	r = set("enabled=false", NULL, NULL);
	ck_assert_msg(r.status == 0, "%s", r.out);
	kit_run_free(&r);
	expect("enabled=false", NULL, "unchanged");
	check_live("null");
	kit_lacks(file(), "automated");
	expect("enabled=true", NULL, "done");
	kit_contains(file(), "      prune: true\n");
	kit_contains(live(), "\"prune\":true");
}
END_TEST

/* What the double's knobs are needed for. */
static void
add_played(TCase *t)
{
	tcase_add_test(t,
	    a_block_taken_by_an_old_version_comes_back_under_a_new_one);
	tcase_add_test(t, a_missing_right_is_named);
}

int
main(void)
{
	Suite *s = suite_create("set-autosync");
	TCase *t = tcase_create("autosync");
	TCase *f = tcase_create("faults");
	bool full = world_is_full();	/* takes longer: some rows of each */

	tcase_add_checked_fixture(t, begin, world_end);
	tcase_set_timeout(t, 90);
	tcase_add_test(t, off_and_on_again_leaves_the_file_as_it_was);
	tcase_add_test(t, an_older_argo_cd_loses_the_block_and_gets_it_back);
	tcase_add_test(t, a_dry_run_changes_neither_file_nor_live);
	tcase_add_test(t, before_the_instance_is_there_a_dry_run_follows);
	tcase_add_test(t, live_and_file_that_disagree_are_brought_together);
	if (!full)
		add_played(t);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(f, begin, world_end);
	tcase_set_timeout(f, 120);
	tcase_add_loop_test(f, any_request_may_fail_once, full ? REQUESTS : 0,
	    (full ? 2 : 3) * REQUESTS);
	tcase_add_loop_test(f, a_killed_step_is_completed_by_the_next,
	    full ? 3 : 0, full ? 5 : 8);
	suite_add_tcase(s, f);
	return kit_main(s, NULL);
}
