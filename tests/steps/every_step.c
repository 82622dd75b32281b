/*
 * every_step - what must hold for each program under build/bin: wrong inputs
 * are told one by one and nothing is sent, it is static and small, starts in
 * an empty root, and its action.yml is the committed one.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/kit/kit.h"

enum { STEPS_MAX = 64, MEGABYTE = 1000 * 1000 };

static char names[STEPS_MAX][64];
static int n_steps;

static const char *
bin(void)
{
	const char *dir = getenv("KIT_BIN");

	return dir != NULL ? dir : "build/bin";
}

/* The steps are the folders under actions/ but for _lib. */
static void
find_steps(void)
{
	DIR *d = opendir("actions");
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (*e->d_name != '.' && *e->d_name != '_'
		    && n_steps < STEPS_MAX)
			snprintf(names[n_steps++], sizeof names[0], "%.60s",
			    e->d_name);
	if (d != NULL)
		closedir(d);
}

static int
lines_with(const char *text, const char *part)
{
	int n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

/* The names of an action.yml's inputs that say required: true. */
static int
for_each_required(const char *yml, void (*f)(const char *, void *), void *arg)
{
	char name[64] = "";
	int n = 0;

	for (const char *p = yml; *p != '\0'; p += strcspn(p, "\n"),
	    p += *p == '\n') {
		if (strncmp(p, "outputs:", 8) == 0)
			break;
		if (strncmp(p, "  ", 2) == 0 && p[2] != ' ')
			snprintf(name, sizeof name, "%.*s",
			    (int)strcspn(p + 2, ":"), p + 2);
		if (strncmp(p, "    required: true", 18) == 0) {
			n++;
			f(name, arg);
		}
	}
	return n;
}

static void
is_told_missing(const char *name, void *arg)
{
	const struct kit_run *r = arg;
	char text[128];

	snprintf(text, sizeof text, "input %s is missing", name);
	kit_contains(r->out, text);
}

START_TEST(missing_inputs_are_told_one_annotation_each)
{
	static const char *const vars[] = { "GITHUB_ACTIONS=true", NULL };
	const char *step = names[_i];
	char *yml = kit_sh("%s/%s --action", bin(), step);
	struct kit_run r = kit_step(step, vars);
	int required;

	ck_assert_int_eq(r.status, 2);
	required = for_each_required(yml, is_told_missing, &r);
	ck_assert_int_ge(lines_with(r.out, "::error "), required);
	ck_assert_int_eq(lines_with(r.out, "::error "),
	    lines_with(r.out, "is missing"));
	ck_assert_str_eq(kit_output(&r, "status"), "wrong-input");
	kit_run_free(&r);
	free(yml);
}
END_TEST

/* Every input that can be malformed, malformed at once. */
static int
malform(const char *yml, const char **vars, size_t room)
{
	char name[64] = "", *var;
	int n = 0;

	for (const char *p = yml; *p != '\0'; p += strcspn(p, "\n"),
	    p += *p == '\n') {
		if (strncmp(p, "outputs:", 8) == 0)
			break;
		if (strncmp(p, "  ", 2) == 0 && p[2] != ' ')
			snprintf(name, sizeof name, "%.*s",
			    (int)strcspn(p + 2, ":"), p + 2);
		if (strncmp(p, "    description:", 16) == 0
		    && strcmp(name, "plan") != 0) {
			/* no text of any kind */
			ck_assert(asprintf(&var, "%s=\xff\xfe", name) > 0);
			kit_add(vars, room, var);
			n++;
		}
	}
	return n;
}

START_TEST(malformed_inputs_are_told_one_annotation_each)
{
	const char *vars[STEPS_MAX] = { "GITHUB_ACTIONS=true", NULL };
	const char *step = names[_i];
	char *yml = kit_sh("%s/%s --action", bin(), step);
	int n = malform(yml, vars, STEPS_MAX);
	struct kit_run r = kit_step(step, vars);

	ck_assert_int_eq(r.status, 2);
	ck_assert_int_eq(lines_with(r.out, "::error "), n);
	kit_run_free(&r);
	free(yml);
}
END_TEST

START_TEST(an_unreadable_plan_is_told)
{
	static const char *const vars[] = { "GITHUB_ACTIONS=true",
		"instance-name=acme", "plan=/nowhere/plan.yml", NULL };
	struct kit_run r = kit_step(names[_i], vars);

	ck_assert_int_eq(r.status, 2);
	kit_contains(r.out, "/nowhere/plan.yml");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_plan_that_is_no_yaml_is_told_with_its_line)
{
	char *dir = kit_folder(), *plan = NULL, *var = NULL;
	const char *vars[] = { "GITHUB_ACTIONS=true", "instance-name=acme",
		NULL, NULL };
	struct kit_run r;

	ck_assert(asprintf(&plan, "%s/plan.yml", dir) > 0);
	ck_assert(asprintf(&var, "plan=%s", plan) > 0);
	kit_write(plan, "instance: acme\nhosts: [a, {\n");
	vars[2] = var;
	r = kit_step(names[_i], vars);
	ck_assert_int_eq(r.status, 2);
	kit_contains(r.out, "plan.yml:");
	kit_run_free(&r);
	free(var);
	free(plan);
	free(dir);
}
END_TEST

START_TEST(it_is_static_and_small)
{
	char *what = kit_sh("file -L %s/%s", bin(), names[_i]), *path = NULL;
	/* design: 6.5 MB, with three clients 8 */
	long most = strcmp(names[_i], "verify-instance") == 0
	    ? 8L * MEGABYTE : 6L * MEGABYTE + MEGABYTE / 2;
	struct stat st;

	kit_contains(what, "statically linked");
	kit_contains(what, "stripped");
	ck_assert(asprintf(&path, "%s/%s", bin(), names[_i]) > 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_msg(st.st_size <= most, "%s has %ld bytes", path,
	    (long)st.st_size);
	free(path);
	free(what);
}
END_TEST

START_TEST(it_starts_in_an_empty_root)
{
	char *dir = kit_folder(), *got;

	got = kit_sh("cp %s/%s '%s/step' && cd / && { { [ $(id -u) = 0 ] "
	    "|| unshare -r true; } 2>/dev/null || { echo none; exit 0; }; "
	    "[ $(id -u) = 0 ] && chroot '%s' /step --help || "
	    "unshare -r chroot '%s' /step --help; }", bin(), names[_i], dir,
	    dir, dir);
	if (strcmp(got, "none\n") != 0)
		kit_contains(got, "INPUT_INSTANCE_NAME");
	free(got);
	free(dir);
}
END_TEST

/* Steps that drive git start in a root without it, and name it. */
START_TEST(a_root_without_git_is_told)
{
	char *dir = kit_folder(), *got;

	got = kit_sh("[ $(id -u) = 0 ] || { echo git is not installed; "
	    "exit 0; }; mkdir -p '%s/etc/ssl/certs' '%s/site/.git' '%s/tmp' "
	    "&& cp %s/commit-config '%s/step' && cp /etc/resolv.conf "
	    "'%s/etc/' && cp /etc/ssl/certs/ca-certificates.crt "
	    "'%s/etc/ssl/certs/' && cd / && INPUT_INSTANCE_NAME=acme "
	    "INPUT_WORKSPACE=/site RUNNER_TEMP=/tmp chroot '%s' /step; "
	    "[ $? = 1 ]", dir, dir, dir, bin(), dir, dir, dir, dir);
	kit_contains(got, "git is not installed");
	free(got);
	free(dir);
}
END_TEST

START_TEST(arguments_are_refused_with_what_would_be_right)
{
	char *got = kit_sh("%s/%s --yes; [ $? = 2 ]", bin(), names[_i]);

	kit_contains(got, "--help");
	free(got);
}
END_TEST

START_TEST(its_action_yml_is_the_committed_one)
{
	free(kit_sh("%s/%s --action | diff - actions/%s/action.yml", bin(),
	    names[_i], names[_i]));
}
END_TEST

START_TEST(the_one_program_runs_every_step)
{
	char *all = kit_sh("%s/transplant steps", bin()), *help, *path = NULL;
	struct stat st;

	for (int i = 0; i < n_steps; i++) {
		kit_contains(all, names[i]);
		help = kit_sh("%s/transplant %s --help", bin(), names[i]);
		kit_contains(help, names[i]);
		free(help);
	}
	ck_assert(asprintf(&path, "%s/transplant", bin()) > 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, 12L * MEGABYTE);
	free(path);
	free(all);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("every_step");
	TCase *t = tcase_create("every_step");

	find_steps();
	suite_add_tcase(s, t);
	tcase_add_loop_test(t, missing_inputs_are_told_one_annotation_each,
	    0, n_steps);
	tcase_add_loop_test(t, malformed_inputs_are_told_one_annotation_each,
	    0, n_steps);
	tcase_add_loop_test(t, an_unreadable_plan_is_told, 0, n_steps);
	tcase_add_loop_test(t, a_plan_that_is_no_yaml_is_told_with_its_line,
	    0, n_steps);
	tcase_add_loop_test(t, it_is_static_and_small, 0, n_steps);
	tcase_add_loop_test(t, it_starts_in_an_empty_root, 0, n_steps);
	tcase_add_loop_test(t,
	    arguments_are_refused_with_what_would_be_right, 0, n_steps);
	tcase_add_loop_test(t, its_action_yml_is_the_committed_one, 0,
	    n_steps);
	tcase_add_test(t, a_root_without_git_is_told);
	tcase_add_test(t, the_one_program_runs_every_step);
	return kit_main(s, NULL);
}
