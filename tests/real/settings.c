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
#include <stdarg.h>
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

/* ---- reading what was rendered ----------------------------------------- */

struct subject {
	const char *name;		/* for messages */
	struct pool *pool;
	struct pysettings *lms, *cms;
	const struct json *truth;
	struct buf problems, wrong;
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
	s->wrong = buf_new(PROBLEMS_MAX);
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
	buf_free(&s->wrong);
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

/* ---- each setting ------------------------------------------------------- */

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

/* All that is wrong with one is told together. */
static void __attribute__((format(printf, 2, 3)))
wrong(struct subject *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&s->wrong, fmt, ap);
	va_end(ap);
	buf_putc(&s->wrong, '\n');
}

/* edx-platform's own dicts, of which only the entries count; its way to say
 * that there is no key; a list of which some entry can't be told; and 1.50. */
static bool
is_alike(const char *path, const char *kind, const char *text,
    const struct py_found *f)
{
	return (text_same(kind, "dict") && f->kind == PY_ABSENT)
	    || (text_starts(path, "AWS_") && text_same(kind, "none")
	    && f->kind == PY_STRING && *f->text == '\0')
	    || (text_same(kind, "list") && f->kind == PY_DICT)
	    || (text_same(kind, "float") && f->kind == PY_FLOAT
	    && strtod(text, NULL) == strtod(f->text, NULL));
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
	const char *read = kind_name(f.kind);

	if (f.kind == PY_UNREADABLE) {
		s->reported++;
	} else if (text_same(kind, "depends")) {
		if (f.kind != PY_ABSENT && f.kind != PY_DICT
		    && f.kind != PY_LIST)
			wrong(s, "%s: %s was read as %s \"%s\", but the "
			    "files don't tell", side, path, read, f.text);
	} else if (text_same(kind, read) && text_same(text, f.text)) {
		s->right++;
	} else if (!is_alike(path, kind, text, &f)) {
		wrong(s, "%s: %s is %s \"%s\", but was read as %s \"%s\"",
		    side, path, kind, text, read, f.text);
	}
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

/* ---- the mapping -------------------------------------------------------- */

static bool
is_storage(const char *key)
{
	return text_starts(key, "S3_") || text_starts(key, "STORAGE_")
	    || text_starts(key, "OPENEDX_AWS_");
}

/* Launchpad's names for the bucket are told under the plugin's; and no key
 * of it is told one by one when the storage class can't be read. */
static bool
is_reported(const struct subject *s, const char *key)
{
	const char *told = buf_str(&s->problems);

	return strstr(told, pool_printf(s->pool, "%s: ", key)) != NULL
	    || (is_storage(key) && strstr(told, "STORAGES.") != NULL)
	    || (text_starts(key, "STORAGE_") && strstr(told, "S3_") != NULL);
}

static bool
is_unreadable(const struct subject *s, const char *path)
{
	return pysettings_find(s->lms, path).kind == PY_UNREADABLE
	    || pysettings_find(s->cms, path).kind == PY_UNREADABLE;
}

/* Left as the new side has it, with a warning: what no data depends on. */
static bool
is_left(const struct subject *s, const char *key, const struct json *want)
{
	static const char *const left[] = { "PLATFORM_NAME", "CONTACT_EMAIL",
	    "LANGUAGE_CODE", NULL };
	bool own;

	if (json_bool(want, "own", &own))
		return true;
	for (size_t i = 0; left[i] != NULL; i++)
		if (text_same(key, left[i]))
			return is_unreadable(s, key);
	return strstr(key, "SMTP") != NULL
	    && (is_unreadable(s, "EMAIL_HOST")
	    || json_get(want, "not") != NULL);
}

static void
check_value(struct subject *s, const char *key)
{
	const struct json *want = json_get(json_at(s->truth, "values"), key);
	const struct json *got = json_get(json_at(s->settings, "values"),
	    key);

	if (got == NULL && want != NULL && !is_reported(s, key)
	    && !is_left(s, key, want))
		wrong(s, "%s was not read, and nobody told", key);
	if (got == NULL)
		return;
	if (want == NULL)
		wrong(s, "%s was read, but nothing sets it", key);
	else if (json_get(want, "is") == NULL)
		wrong(s, "%s was read, but is %s", key, json_str(want,
		    "not"));
	else if (!json_same(json_get(want, "is"), got))
		wrong(s, "%s was read wrong", key);
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

/* ---- tests -------------------------------------------------------------- */

START_TEST(what_tutor_rendered_is_read_as_python_reads_it)
{
	struct json *truth = load(folders[_i], "truth.json");
	struct subject s = { .name = folders[_i], .truth = truth };

	read_subject(&s, folders[_i], "", "");
	check_facts(&s);
	check_values(&s);
	ck_assert_msg(s.wrong.len == 0, "%s:\n%s", s.name,
	    buf_str(&s.wrong));
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
	struct buf wrong = buf_new(PROBLEMS_MAX);

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
		if (s.wrong.len > 0)
			buf_printf(&wrong, "%s:\n%s", name,
			    buf_str(&s.wrong));
		right += s.right;
		reported += s.reported;
		close_subject(&s);
	}
	printf("# %s: %d pieces, %d settings right, %d reported\n", folder,
	    json_len(pieces), right, reported);
	ck_assert_msg(wrong.len == 0, "%s", buf_str(&wrong));
	buf_free(&wrong);
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
