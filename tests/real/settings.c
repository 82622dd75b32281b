/*
 * Proves that settings of real instances are read right: what released
 * versions of Tutor rendered (tests/real/render) is read as fetch-settings
 * reads it, and compared with what Python computed when it ran the same
 * files (tests/real/truth.py).
 *
 * No value may be wrong, and none made up where Python needed more than the
 * files. Where nobody wrote Python of his own, every value that a migration
 * wants is read; where somebody did, it is right or reported.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "edx/settings.h"
#include "tests/kit/kit.h"

#define ROOT "build/real"

enum { FOLDERS_MAX = 200, TEXT_MAX = 32 << 20, PROBLEMS_MAX = 64 * 1024 };

static const char *folders[FOLDERS_MAX];
static int n_folders, n_with_pieces;

/* Where operators wrote Python of their own */
static bool
has_forms(const char *folder)
{
	return text_ends(folder, "-forms");
}

/* ---- reading what was rendered ------------------------------------------ */

struct subject {
	const char *name;		/* for messages */
	struct pool *pool;
	struct pysettings *lms, *cms;
	const struct json *truth;
	struct buf problems;
	struct json *settings;
	int right, reported;
};

static struct pysettings *
read_side(struct subject *s, const char *folder, const char *side,
    const char *more)
{
	const char *at = pool_printf(s->pool, ROOT "/%s/env/apps/openedx",
	    folder);
	char *env = kit_read(pool_printf(s->pool, "%s/config/%s.env.yml", at,
	    side));
	char *code = kit_read(pool_printf(s->pool,
	    "%s/settings/%s/production.py", at, side));
	const char *all = pool_printf(s->pool, "%s\n%s", code, more);
	struct pysettings *ps = pysettings_new();
	struct err e = { 0 };
	struct yaml *y = yaml_parse(env, strlen(env), "env.yml", &e);

	ck_assert_msg(y != NULL && pysettings_add_yaml(ps, y, &e)
	    && pysettings_add_python(ps, all, strlen(all), "production.py",
	    &e), "%s, %s: %s", s->name, side, e.text);
	yaml_close(y);
	free(code);
	free(env);
	return ps;
}

/* The forum of old releases has its database in its own Deployment, which
 * fetch-settings reads. */
static const char *
forum_database(const struct json *truth)
{
	return json_at(truth, "forum") != NULL ? json_str(truth, "forum") :
	    NULL;
}

static void
read_subject(struct subject *s, const char *folder, const char *lms_more,
    const char *cms_more)
{
	struct settings_source from = { .tutor = folder };

	s->pool = pool_new();
	s->problems = buf_new(PROBLEMS_MAX);
	s->lms = read_side(s, folder, "lms", lms_more);
	s->cms = read_side(s, folder, "cms", cms_more);
	from.lms = s->lms;
	from.cms = s->cms;
	from.forum_database = forum_database(s->truth);
	s->settings = settings_read(s->pool, &from, &s->problems);
}

static void
close_subject(struct subject *s)
{
	json_free(s->settings);
	buf_free(&s->problems);
	pysettings_free(s->lms);
	pysettings_free(s->cms);
	pool_free(s->pool);
}

static struct json *
load(const char *folder, const char *file)
{
	struct pool *pool = pool_new();
	char *text = kit_read(pool_printf(pool, ROOT "/%s/%s", folder, file));
	struct err e = { 0 };
	struct json *j = json_parse(text, strlen(text), file, &e);

	ck_assert_msg(j != NULL, "%s/%s: %s", folder, file, e.text);
	pool_free(pool);
	free(text);
	return j;
}

/* ---- each setting -------------------------------------------------------- */

static const char *
kind_name(enum py_kind kind)
{
	static const char *const names[] = {
		[PY_ABSENT] = "absent", [PY_NONE] = "none",
		[PY_BOOL] = "bool", [PY_INT] = "int", [PY_FLOAT] = "float",
		[PY_STRING] = "string", [PY_LIST] = "list",
		[PY_DICT] = "dict", [PY_JSON] = "dict",
		[PY_UNREADABLE] = "unreadable",
	};

	return names[kind];
}

/* One fact of Python's: [path, kind, text]. */
static void
check_fact(struct subject *s, const char *side, const struct pysettings *ps,
    const struct json *fact)
{
	const char *path = json_str(json_item(fact, 0), "");
	const char *kind = json_str(json_item(fact, 1), "");
	const char *text = json_str(json_item(fact, 2), "");
	struct py_found f = pysettings_find(ps, path);

	if (f.kind == PY_UNREADABLE) {
		ck_assert_msg(!text_empty(f.why), "%s, %s: %s is unreadable "
		    "for no reason", s->name, side, path);
		s->reported++;
		return;
	}
	if (text_same(kind, "depends")) {
		ck_assert_msg(f.kind == PY_ABSENT || f.kind == PY_DICT
		    || f.kind == PY_LIST, "%s, %s: %s was read as %s %s, but "
		    "the files don't tell", s->name, side, path,
		    kind_name(f.kind), f.text);
		return;
	}
	if (text_same(kind, "dict") && f.kind == PY_ABSENT)
		return;		/* of edx-platform's; what is in it counts */
	if (text_starts(path, "AWS_") && text_same(kind, "none")
	    && f.kind == PY_STRING && *f.text == '\0')
		return;		/* its way to say that there is no key */
	ck_assert_msg(text_same(kind, kind_name(f.kind))
	    && text_same(text, f.text), "%s, %s: %s is %s \"%s\", and was "
	    "read as %s \"%s\"", s->name, side, path, kind, text,
	    kind_name(f.kind), f.text);
	s->right++;
}

static void
check_facts(struct subject *s)
{
	const struct json *lms = json_at(s->truth, "lms");
	const struct json *cms = json_at(s->truth, "cms");

	ck_assert_int_gt(json_len(lms), 100);
	ck_assert_int_gt(json_len(cms), 100);
	for (const struct json *f = json_first(lms); f != NULL;
	    f = json_next(f))
		check_fact(s, "lms", s->lms, f);
	for (const struct json *f = json_first(cms); f != NULL;
	    f = json_next(f))
		check_fact(s, "cms", s->cms, f);
}

/* ---- the mapping --------------------------------------------------------- */

static bool
is_reported(const struct subject *s, const char *key)
{
	/* no bucket's key is told when the storage class can't be read */
	return strstr(buf_str(&s->problems), pool_printf(s->pool, "%s: ",
	    key)) != NULL || (strstr(buf_str(&s->problems), "S3: ") != NULL
	    && (text_starts(key, "S3_") || text_starts(key, "STORAGE_")
	    || text_starts(key, "OPENEDX_AWS_")));
}

static void
check_value(struct subject *s, const char *key)
{
	const struct json *want = json_get(json_at(s->truth, "values"), key);
	const struct json *got = json_get(json_at(s->settings, "values"),
	    key);

	if (want == NULL) {
		ck_assert_msg(got == NULL, "%s: %s was read, but nothing "
		    "sets it", s->name, key);
		return;
	}
	if (got == NULL) {
		ck_assert_msg(is_reported(s, key), "%s: %s was not read, and "
		    "nobody told", s->name, key);
		return;
	}
	ck_assert_msg(json_get(want, "is") != NULL, "%s: %s was read, but %s",
	    s->name, key, json_str(want, "not"));
	ck_assert_msg(json_same(json_get(want, "is"), got), "%s: %s was read "
	    "wrong", s->name, key);
}

static void
check_values(struct subject *s)
{
	const struct json *values = json_at(s->truth, "values");
	const struct setting *row;

	for (size_t i = 0; (row = settings_row(i)) != NULL; i++)
		check_value(s, row->key);
	/* and the other way: a key that no row has any more */
	for (const struct json *v = json_first(values); v != NULL;
	    v = json_next(v))
		check_value(s, json_name(v));
}

/* ---- tests --------------------------------------------------------------- */

START_TEST(what_tutor_rendered_is_read_as_python_reads_it)
{
	struct json *truth = load(folders[_i], "truth.json");
	struct subject s = { .name = folders[_i], .truth = truth };

	read_subject(&s, folders[_i], "", "");
	check_facts(&s);
	check_values(&s);
	if (!has_forms(folders[_i]))
		ck_assert_str_eq(buf_str(&s.problems), "");
	printf("# %s: %d settings right, %d reported\n", s.name, s.right,
	    s.reported);
	close_subject(&s);
	json_free(truth);
}
END_TEST

/* The i-th folder that has pieces. */
static const char *
with_pieces(int i)
{
	for (int f = 0; f < n_folders; f++)
		if (text_ends(folders[f], "-external") && i-- == 0)
			return folders[f];
	return NULL;
}

START_TEST(what_operators_append_is_read_right_or_reported)
{
	const char *folder = with_pieces(_i);
	struct json *pieces = load(folder, "pieces.json");
	int right = 0, reported = 0;

	ck_assert_int_gt(json_len(pieces), 0);
	for (const struct json *p = json_first(pieces); p != NULL;
	    p = json_next(p)) {
		char name[200];
		struct subject s = { .name = name, .truth = p };

		snprintf(name, sizeof name, "%s, %s", folder,
		    json_str(p, "name"));
		read_subject(&s, folder, json_str(p, "lms code"),
		    json_str(p, "cms code"));
		check_facts(&s);
		check_values(&s);
		right += s.right;
		reported += s.reported;
		close_subject(&s);
	}
	printf("# %s: %d pieces, %d settings right, %d reported\n", folder,
	    json_len(pieces), right, reported);
	json_free(pieces);
}
END_TEST

static void
find_folders(struct pool *pool)
{
	struct err e = { 0 };
	const char **names;

	if (!file_is_dir(ROOT))
		return;
	names = file_list(pool, ROOT, &e);
	for (; names != NULL && *names != NULL && n_folders < FOLDERS_MAX;
	    names++) {
		if (!file_exists(pool_printf(pool, ROOT "/%s/truth.json",
		    *names)))
			continue;
		folders[n_folders++] = *names;
		n_with_pieces += text_ends(*names, "-external");
	}
}

int
main(void)
{
	struct pool *pool = pool_new();
	Suite *s = suite_create("settings of real releases");
	TCase *t = tcase_create("all");
	int status;

	find_folders(pool);
	tcase_add_loop_test(t, what_tutor_rendered_is_read_as_python_reads_it,
	    0, n_folders);
	tcase_add_loop_test(t, what_operators_append_is_read_right_or_reported,
	    0, n_with_pieces);
	suite_add_tcase(s, t);
	status = n_folders > 0 ? kit_main(s, NULL) :
	    kit_skip_all("nothing was rendered");
	pool_free(pool);
	return status;
}
