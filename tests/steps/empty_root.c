/*
 * Proves that the steps need nothing of the machine that they run on but its
 * resolver, its CA certificates and a folder to write to: those that drive
 * no other program do their whole work in an otherwise empty root, the
 * others go as far as that program and name it.
 *
 * Runs inside the sandbox.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/kit/emptyroot.h"
#include "tests/kit/kit.h"
#include "tests/kit/world.h"

enum { STEPS_MAX = 64 };

static const char *root;

static void
begin(void)
{
	world_begin();
	root = emptyroot_make();
}

static void
end(void)
{
	world_end();
	free(kit_sh("rm -rf '%s'", root));
}

/* What any step may want; each takes what it knows. The root's own files are
 * to be found without being told. */
static const char **
vars(const char *a, const char *b)
{
	const char **all = world_vars("/home/repository",
	    "dns-servers=", "ca-file=",
	    kit_text("kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN")),
	    kit_text("dns-token=%s", kit_env("SB_PDNS_KEY")),
	    kit_text("mysql-admin-password=%s",
		kit_env("SB_MYSQL_ADMIN_PASSWORD")),
	    kit_text("mongodb-admin-password=%s",
		kit_env("SB_MONGO_ADMIN_PASSWORD")),
	    "backup-to=file:///home",
	    "action=list", "mysql-provider=digitalocean",
	    kit_text("mysql-cluster-id=%s", kit_env("SB_DO_MYSQL_ID")),
	    a != NULL ? a : "minutes=2", b != NULL ? b : "minutes=2", NULL);

	return all;
}

static struct kit_run
run(const char *step, const char *a, const char *b, const char *word)
{
	struct kit_run r = emptyroot_step(root, step, vars(a, b));

	ck_assert_msg(r.status == 0, "%s: exit %d: %s", step, r.status,
	    r.out);
	ck_assert_str_eq(kit_output(&r, "status"), word);
	kit_contains(r.summary, step);
	return r;
}

static void
just_run(const char *step, const char *a, const char *b, const char *word)
{
	struct kit_run r = run(step, a, b, word);

	kit_run_free(&r);
}

/* ---- whole runs -------------------------------------------------------- */

static const char *const whole[] = { "check-gate", "dispatch-workflow",
    "deploy-app", "fetch-settings", "probe-data", "check-migrations",
    "compare-settings", "init-plan", "backup-mysql", "check-backup",
    "backup-storage", "restore-check", NULL };

START_TEST(a_gate_is_proven)
{
	just_run("check-gate", "environment=production", NULL, "done");
}
END_TEST

START_TEST(a_workflow_is_dispatched_once)
{
	just_run("dispatch-workflow", "workflow-kind=create", NULL, "done");
	just_run("dispatch-workflow", "workflow-kind=create", NULL,
	    "unchanged");
	ck_assert_int_eq(world_count("dispatches"), 1);
}
END_TEST

static void
deploy(void)
{
	world_run("create-instance.yml");
	world_automate("{\"enabled\":false}");
	world_run("generate-env.yml");
	just_run("deploy-app", NULL, NULL, "done");
}

START_TEST(an_application_is_deployed_once)
{
	deploy();
	just_run("deploy-app", NULL, NULL, "unchanged");
	ck_assert_int_eq(world_count("syncs"), 1);
}
END_TEST

START_TEST(settings_are_fetched)
{
	struct kit_run r = run("fetch-settings", NULL, NULL, "done");
	const char *file = kit_text("%s%s", root,
	    kit_output(&r, "settings-file"));
	struct stat st;
	char *text;

	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	text = kit_read(file);
	kit_contains(text, kit_env("SB_MYSQL_PASSWORD"));
	kit_lacks(r.out, kit_env("SB_MYSQL_PASSWORD"));
	free(text);
	kit_run_free(&r);
}
END_TEST

/* Whether the data can be reached from there is not the root's matter. */
START_TEST(new_pods_are_asked)
{
	struct kit_run r = run("fetch-settings", NULL, NULL, "done");

	deploy();
	just_run("probe-data", kit_text("settings-file=%s",
	    kit_output(&r, "settings-file")), kit_text("kube-token=%s",
	    kit_env("SB_KUBE_NEW_TOKEN")), "unchanged");
	kit_run_free(&r);
	just_run("check-migrations", kit_text("kube-token=%s",
	    kit_env("SB_KUBE_NEW_TOKEN")), NULL, "done");
}
END_TEST

/* It says what it could not find without git, and goes on. */
START_TEST(a_plan_is_looked_at)
{
	struct kit_run r = run("init-plan", NULL, NULL, "unchanged");

	kit_contains(r.out, "git is not installed");
	kit_contains(r.out, "leads to");
	kit_run_free(&r);
}
END_TEST

/* The new side has data of its own here. */
START_TEST(both_sides_are_compared)
{
	struct kit_run r;

	deploy();
	r = emptyroot_step(root, "compare-settings", vars(
	    kit_text("old-kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN")),
	    kit_text("new-kube-token=%s", kit_env("SB_KUBE_NEW_TOKEN"))));
	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, "DATABASES.default.NAME (databases, different)");
	ck_assert_str_ne(kit_output(&r, "equal"), "0");
	kit_run_free(&r);
}
END_TEST

/* A program that they need is not there, but all else is. */
START_TEST(a_backup_names_what_it_needs)
{
	struct kit_run r = emptyroot_step(root, "backup-mysql",
	    vars("mysql-databases=acme_openedx", "mysql-user=acme"));

	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "package mariadb-client");
	kit_run_free(&r);
	/* a bucket needs no program but git, for the record */
	if (access(kit_text("%s/s3/data", kit_env("SB_STATE")), F_OK) == 0) {
		r = emptyroot_step(root, "backup-storage",
		    vars(kit_text("storage-key-id=%s",
		    kit_env("SB_S3_KEY_ID")), kit_text("storage-secret-key="
		    "%s", kit_env("SB_S3_SECRET"))));
		ck_assert_int_eq(r.status, 1);
		kit_contains(r.out, "the backup is complete");
		kit_contains(r.out, "git is not installed");
		kit_run_free(&r);
	}
	r = emptyroot_step(root, "check-backup", vars("stores=mysql", NULL));
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "no complete backup");
	kit_run_free(&r);
	r = emptyroot_step(root, "restore-check",
	    vars("restore-host=127.0.0.1", "restore-password=not-needed"));
	ck_assert_int_ne(r.status, 0);
	kit_run_free(&r);
}
END_TEST

/* ---- as far as git ----------------------------------------------------- */

static bool
is_whole(const char *step)
{
	for (size_t i = 0; whole[i] != NULL; i++)
		if (strcmp(whole[i], step) == 0)
			return true;
	return false;
}

/* Steps that ask others first: that they come to git shows that names,
 * certificates and logins work here. */
static void
goes_as_far_as_git(const char *step)
{
	const char *settings = "/home/settings.json";
	const char *more = strcmp(step, "set-autosync") == 0
	    ? "enabled=false" : kit_text("settings-file=%s", settings);
	struct kit_run r;

	kit_write(kit_text("%s%s", root, settings), kit_text("{\"values\": {"
	    "\"OPENEDX_MYSQL_DATABASE\": \"%s\", \"OPENEDX_MYSQL_USERNAME\":"
	    " \"%s\", \"MONGODB_DATABASE\": \"%s\", \"MONGODB_USERNAME\": "
	    "\"%s\", \"MONGODB_USE_SSL\": false}}\n",
	    kit_env("SB_MYSQL_DATABASE"), kit_env("SB_MYSQL_USER"),
	    kit_env("SB_MONGO_DATABASE"), kit_env("SB_MONGO_USER")));
	r = emptyroot_step(root, step, vars(more, NULL));
	ck_assert_msg(r.status == 1, "%s: exit %d: %s", step, r.status,
	    r.out);
	ck_assert_msg(strstr(r.out, "git is not installed") != NULL,
	    "%s: %s", step, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "failed");
	kit_run_free(&r);
}

START_TEST(a_step_that_drives_git_names_it)
{
	DIR *d = opendir("actions");
	struct dirent *e;
	int n = 0;

	world_run("create-instance.yml");
	while ((e = readdir(d)) != NULL)
		if (*e->d_name != '.' && *e->d_name != '_'
		    && !is_whole(e->d_name)) {
			goes_as_far_as_git(e->d_name);
			n++;
		}
	closedir(d);
	ck_assert_int_ge(n, 10);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("empty_root");
	TCase *t = tcase_create("root");

	if (!emptyroot_possible())
		return kit_skip_all("no right to change the root folder "
		    "here, nor namespaces that give it");
	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_gate_is_proven);
	tcase_add_test(t, a_workflow_is_dispatched_once);
	tcase_add_test(t, an_application_is_deployed_once);
	tcase_add_test(t, settings_are_fetched);
	tcase_add_test(t, new_pods_are_asked);
	tcase_add_test(t, a_plan_is_looked_at);
	tcase_add_test(t, both_sides_are_compared);
	tcase_add_test(t, a_backup_names_what_it_needs);
	tcase_add_test(t, a_step_that_drives_git_names_it);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
