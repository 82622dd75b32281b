/*
 * pysettings_python - Python judges: settings made up at random are run by
 * Python and read by us. Each value is right, or reported.
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

static int right, reported;

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

START_TEST(what_python_makes_of_it_is_what_we_read_or_report)
{
	char *folder = kit_folder(), *all;
	int programs = 0;

	free(kit_sh("python3 " MAKER " %s %s >%s/all",
	    setting("PYSETTINGS_SEED", "1"),
	    setting("PYSETTINGS_COUNT", "600"), folder));
	all = kit_read(kit_text("%s/all", folder));
	for (char *line = all, *end; (end = strchr(line, '\n')) != NULL;
	    line = end + 1) {
		struct err e = { 0 };
		struct json *program;

		*end = '\0';
		program = json_parse(line, (size_t)(end - line), MAKER, &e);
		ck_assert_msg(program != NULL, "%s", e.text);
		check_program(program);
		json_free(program);
		programs++;
	}
	free(all);
	free(folder);
	printf("# %d programs: %d facts right, %d reported\n", programs,
	    right, reported);
	ck_assert_int_gt(programs, 0);
	ck_assert_int_gt(right, reported / 4);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pysettings_python");
	TCase *c = tcase_create("pysettings_python");

	tcase_set_timeout(c, 600);
	tcase_add_test(c, what_python_makes_of_it_is_what_we_read_or_report);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
