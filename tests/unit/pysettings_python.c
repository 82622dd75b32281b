/*
 * pysettings_python - Python judges: settings made up at random are run by
 * Python and read by us. Each value is right, or reported.
 *
 * What Python does not take, we refuse; what it takes, we read.
 *
 * PYSETTINGS_SEED and PYSETTINGS_COUNT choose others than make test does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "tests/kit/kit.h"

#define MAKER "tests/unit/pysettings_python.py"
#define VERDICTS "tests/unit/pysettings_verdicts.py"

/* The same as the maker's. */
static const char env[] =
	"DATABASES: {default: {HOST: db.example.test, PORT: 3306,\n"
	"  OPTIONS: {charset: utf8mb4}}}\n"
	"FEATURES: {FROM_YAML: true}\n"
	"LMS_BASE: courses.example.test\n"
	"LIST: [one, two]\n"
	"NESTED: [{h: n1}, {h: n2}]\n"
	"EMPTY: null\n";

static const char *const kinds[] = { "absent", "none", "bool", "int",
	"float", "str", "list", "dict", "str", "unreadable" };

static int right, reported, differ;

static bool
is_right(const struct py_found *f, const char *kind, const char *text)
{
	bool container = text_same(kind, "dict") || text_same(kind, "list");

	if (f->kind == PY_ABSENT)	/* of edx-platform, or of nobody */
		return container || text_same(kind, "missing")
		    || text_same(kind, "platform");
	return text_same(kinds[f->kind], kind) && (container
	    || f->kind == PY_JSON || text_same(f->text, text));
}

static void
check_fact(const struct pysettings *ps, const struct json *program,
    const struct json *fact)
{
	const char *path = json_str(json_item(fact, 0), "");
	const char *kind = json_str(json_item(fact, 1), "");
	const char *text = json_str(json_item(fact, 2), "");
	struct py_found f = pysettings_find(ps, path);
	double seed = 0;

	if (f.kind == PY_UNREADABLE) {
		ck_assert_msg(*f.why != '\0', "%s: for no reason", path);
		reported++;
		return;
	}
	right++;
	if (is_right(&f, kind, text))
		return;
	json_num(program, "seed", &seed);
	ck_abort_msg("seed %.0f: %s is %s '%s', and was read as %s '%s', in:"
	    "\n%s", seed, path, kind, text, kinds[f.kind], f.text,
	    json_str(program, "code"));
}

static void
check_program(const struct json *program)
{
	const char *code = json_str(program, "code");
	struct err e = { 0 };
	struct yaml *y = yaml_parse(env, strlen(env), "env.yml", &e);
	struct pysettings *ps = pysettings_new();

	ck_assert_msg(y != NULL && pysettings_add_yaml(ps, y, &e)
	    && pysettings_add_python(ps, code, strlen(code), "production.py",
	    &e), "%s in:\n%s", e.text, code);
	for (const struct json *f = json_first(json_at(program, "facts"));
	    f != NULL; f = json_next(f))
		check_fact(ps, program, f);
	yaml_close(y);
	pysettings_free(ps);
}

static const char *
setting(const char *name, const char *dflt)
{
	const char *value = getenv(name);

	return text_empty(value) ? dflt : value;
}

/* Does Python take it, and do we? */
static void
check_verdict(const struct json *statement)
{
	const char *code = json_str(statement, "code");
	bool fits = false, known = json_bool(statement, "fits", &fits);
	struct pysettings *ps = pysettings_new();
	struct err e = { 0 };
	bool read = pysettings_add_python(ps, code, strlen(code),
	    "production.py", &e);

	ck_assert(known);
	if (read != fits) {
		differ++;
		printf("# Python %s, and we %s (%s):\n%s\n", fits ? "takes" :
		    "refuses", read ? "take" : "refuse", e.text, code);
		fflush(stdout);
	}
	pysettings_free(ps);
}

/* What a command prints, each line of it JSON; how many they were. */
static int
each_line(const char *command, void check(const struct json *))
{
	char *folder = kit_folder(), *all;
	int n = 0;

	free(kit_sh("%s >%s/all", command, folder));
	all = kit_read(kit_text("%s/all", folder));
	for (char *line = all, *end; (end = strchr(line, '\n')) != NULL;
	    line = end + 1, n++) {
		struct err e = { 0 };
		struct json *one;

		*end = '\0';
		one = json_parse(line, (size_t)(end - line), command, &e);
		ck_assert_msg(one != NULL, "%s", e.text);
		check(one);
		json_free(one);
	}
	free(all);
	free(folder);
	return n;
}

START_TEST(what_python_makes_of_it_is_what_we_read_or_report)
{
	int programs = each_line(kit_text("python3 " MAKER " %s %s",
	    setting("PYSETTINGS_SEED", "1"),
	    setting("PYSETTINGS_COUNT", "600")), check_program);

	printf("# %d programs: %d facts right, %d reported\n", programs,
	    right, reported);
	ck_assert_int_gt(programs, 0);
	ck_assert_int_gt(right, reported / 4);
}
END_TEST

START_TEST(what_python_refuses_we_refuse_and_nothing_else)
{
	int n = each_line("python3 " VERDICTS, check_verdict);

	printf("# %d statements: %d verdicts differ\n", n, differ);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(differ, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pysettings_python");
	TCase *c = tcase_create("pysettings_python");

	tcase_set_timeout(c, 600);
	tcase_add_test(c, what_python_makes_of_it_is_what_we_read_or_report);
	tcase_add_test(c, what_python_refuses_we_refuse_and_nothing_else);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
