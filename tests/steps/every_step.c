/*
 * every_step - what must hold for each program under build/bin: it is static
 * and small, starts in an empty root, takes no arguments, and its action.yml
 * is the committed one. (What it makes of wrong inputs: wrong_inputs.c; its
 * work in an empty root: empty_root.c.)
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

/* Those that speak with a database, by HTTP and with name servers. */
static bool
has_three_clients(const char *step)
{
	static const char *const steps[] = { "verify-instance",
	    "snapshot-instance", "backup-mysql", "restrict-mongodb", NULL };

	for (const char *const *s = steps; *s != NULL; s++)
		if (strcmp(*s, step) == 0)
			return true;
	return false;
}

START_TEST(it_is_static_and_small)
{
	char *what = kit_sh("file -L %s/%s", bin(), names[_i]), *path = NULL;
	/* design: 6.5 MB, with three clients 8 */
	long most = has_three_clients(names[_i]) ? 8L * MEGABYTE :
	    6L * MEGABYTE + MEGABYTE / 2;
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
	tcase_add_loop_test(t, it_is_static_and_small, 0, n_steps);
	tcase_add_loop_test(t, it_starts_in_an_empty_root, 0, n_steps);
	tcase_add_loop_test(t,
	    arguments_are_refused_with_what_would_be_right, 0, n_steps);
	tcase_add_loop_test(t, its_action_yml_is_the_committed_one, 0,
	    n_steps);
	tcase_add_test(t, the_one_program_runs_every_step);
	return kit_main(s, NULL);
}
