/*
 * pysettings - see pysettings.h.
 */
#include "data/pysettings.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"
#include "data/yaml.h"

enum {
	FILE_MAX = 4 << 20,	/* a ConfigMap holds 1 MiB */
	PATH_BYTES = 4096,
	YAML_DEPTH = 40,
	VISITED_MAX = 20 * 1000 * 1000,
};

struct pysettings *
pysettings_new(void)
{
	struct pool *pool = pool_new();
	struct pysettings *ps = pool_alloc(pool, sizeof *ps);

	ps->pool = pool;
	ps->names = pyval_new(pool, PY_DICT, NULL);
	/* a name that nobody assigns is edx-platform's */
	ps->names->rest = pyval_new(pool, PY_ABSENT, NULL);
	ps->escaped = pyval_unreadable(pool, "");
	return ps;
}

void
pysettings_free(struct pysettings *ps)
{
	if (ps != NULL)
		pool_free(ps->pool);
}

/* ---- the YAML before it ---- */

static struct pyval *from_yaml(struct pysettings *, const struct yaml *,
    const char *path, int depth);

static void
add_entries(struct pysettings *ps, struct pyval *v, const struct yaml *y,
    const char *path, int depth)
{
	for (int i = 0; i < yaml_len(y, path); i++) {
		struct buf below = buf_new(PATH_BYTES);

		buf_puts(&below, path);
		if (v->kind == PY_LIST) {
			buf_printf(&below, "[%d]", i);
			pyval_append(ps->pool, v, from_yaml(ps, y,
			    buf_str(&below), depth + 1));
		} else {
			yaml_path_key(&below, yaml_key(y, path, i));
			pyval_set(ps->pool, v, yaml_key(y, path, i),
			    from_yaml(ps, y, buf_str(&below), depth + 1));
		}
		buf_free(&below);
	}
}

static struct pyval *
from_yaml(struct pysettings *ps, const struct yaml *y, const char *path,
    int depth)
{
	static const enum py_kind kinds[] = {
		[YAML_NONE] = PY_ABSENT, [YAML_NULL] = PY_NONE,
		[YAML_BOOL] = PY_BOOL, [YAML_INT] = PY_INT,
		[YAML_FLOAT] = PY_FLOAT, [YAML_STRING] = PY_STRING,
		[YAML_SEQ] = PY_LIST, [YAML_MAP] = PY_DICT,
		[YAML_DATE] = PY_STRING,
	};
	enum yaml_kind kind = yaml_kind(y, path);
	struct pyval *v = pyval_new(ps->pool, kinds[kind],
	    pool_strdup(ps->pool, yaml_get(y, path)));

	if (kind == YAML_SEQ || kind == YAML_MAP) {
		if (depth > YAML_DEPTH)
			return pyval_unreadable(ps->pool,
			    "the YAML is nested too deeply");
		add_entries(ps, v, y, path, depth);
	}
	return v;
}

/* Keys that edx-platform merges into its own instead of taking them. */
static const char *const merged[] = { "FEATURES", "TRACKING_BACKENDS",
    "EVENT_TRACKING_BACKENDS", "JWT_AUTH", "CELERY_QUEUES",
    "MKTG_URL_LINK_MAP", "REST_FRAMEWORK", "EVENT_BUS_PRODUCER_CONFIG",
    NULL };

bool
pysettings_add_yaml(struct pysettings *ps, const struct yaml *y,
    struct err *e)
{
	struct pyval *tokens;

	if (yaml_kind(y, "") != YAML_MAP)
		return err_set(e, ERR_INPUT,
		    "the settings' YAML is not a map of names and values");
	add_entries(ps, ps->names, y, "", 0);
	for (const char *const *m = merged; *m != NULL; m++) {
		struct pyval *v = pyval_listed(ps->names, *m);

		if (v != NULL && v->kind == PY_DICT)
			v->rest = pyval_new(ps->pool, PY_ABSENT, NULL);
	}
	tokens = pyval_new(ps->pool, PY_DICT, NULL);
	add_entries(ps, tokens, y, "", 0);
	pyval_set(ps->pool, ps->names, "ENV_TOKENS", tokens);
	return true;
}

bool
pysettings_put(struct pysettings *ps, const char *path, const char *text)
{
	struct pyval *v = ps->names;
	const char *dot;

	while (v != NULL && (dot = strchr(path, '.')) != NULL) {
		v = pyval_listed(v, pool_strndup(ps->pool, path,
		    (size_t)(dot - path)));
		path = dot + 1;
	}
	if (v == NULL || v->kind != PY_DICT)
		return false;
	pyval_set(ps->pool, v, pool_strdup(ps->pool, path), pyval_new(ps->pool,
	    PY_STRING, pool_strdup(ps->pool, text)));
	return true;
}

/* ---- the file ---- */

/* As Python reads it: a line ends in one character, whatever it was. */
static const char *
normal_lines(struct pysettings *ps, const char *text, size_t *len)
{
	char *copy = pool_strndup(ps->pool, text, *len);
	size_t n = 0;

	for (size_t i = 0; i < *len; i++) {
		if (text[i] == '\r' && i + 1 < *len && text[i + 1] == '\n')
			continue;
		copy[n++] = text[i] != '\r' ? text[i] : '\n';
	}
	copy[n] = '\0';
	*len = n;
	return copy;
}

/* "<file>:<line>:<column>: <why>" */
static bool
refuse_at(const char *text, size_t at, const char *name, const char *why,
    struct err *e)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		line += text[i] == '\n';
		column = text[i] == '\n' ? 1 : column + 1;
	}
	return err_set(e, ERR_INPUT, "%s:%zu:%zu: %s", name, line, column,
	    why);
}

/* Refuse it at the limit, or where what is no text begins. */
static bool
check_text(const char *text, size_t len, const char *name, struct err *e)
{
	size_t good = 0, bad = len;

	if (len > FILE_MAX)
		return refuse_at(text, FILE_MAX, name, "larger than 4 MiB",
		    e);
	if (text_is_utf8(text, len))
		return true;
	/* the longest beginning that is text, by halves */
	while (bad - good > 4) {
		size_t half = good + (bad - good) / 2;

		while (half > good && ((unsigned char)text[half] & 0xc0)
		    == 0x80)
			half--;
		if (half == good)
			break;
		if (text_is_utf8(text + good, half - good))
			good = half;
		else
			bad = half;
	}
	while (good < len && text_is_utf8(text + good, 1))
		good++;
	return refuse_at(text, good, name, "not UTF-8 text", e);
}

static bool
run_statements(struct pysettings *ps, struct pytree *tree, struct err *e)
{
	const struct pynode *node;
	bool ok = true;

	while (ok && (node = pytree_next(tree, &ps->scratch)) != NULL) {
		if (!node->named)
			continue;
		ps->statement = node;
		ps->shown = NULL;
		ok = pyrun_check(ps, node, e);
		if (ok && ps->visited <= VISITED_MAX)
			pyrun_statement(ps, node);
		if (ps->visited > VISITED_MAX)
			pyrun_lose_all(ps);	/* too entangled */
	}
	ps->scratch = NULL;
	return ok;
}

bool
pysettings_add_python(struct pysettings *ps, const char *text, size_t len,
    const char *name, struct err *e)
{
	struct pytree *tree;
	bool ok;

	if (!check_text(text, len, name, e))
		return false;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	ps->file = pool_strdup(ps->pool, name);
	ps->text = normal_lines(ps, text, &len);
	if (!pylex_check(ps->text, len, ps->file, e))
		return false;
	tree = pytree_parse(ps->text, len, ps->file, e);
	ok = tree != NULL && run_statements(ps, tree, e);
	pytree_free(tree);
	return ok;
}

/* ---- questions ---- */

/* An item of a list by its number. */
static const struct pyval *
item(const struct pyval *list, const char *number)
{
	size_t n = strlen(number);
	unsigned long i;

	if (n == 0 || n > 9 || strspn(number, "0123456789") != n)
		return NULL;
	i = strtoul(number, NULL, 10);
	return i < list->n ? list->value[i] : NULL;
}

/* An entry, or what is said of those that are not listed. */
static const struct pyval *
entry(const struct pyval *v, const char *key)
{
	const struct pyval *found;

	if (v->kind == PY_JSON)
		v = v->value[0];
	if (v->kind == PY_LIST)
		return item(v, key);
	found = pyval_listed(v, key);
	if (found != NULL)
		return found;
	if (v->kind == PY_DICT)
		return v->rest;
	return v->kind == PY_UNREADABLE ? v : NULL;
}

const struct pyval *
pyval_at(const struct pysettings *ps, const char *path)
{
	const struct pyval *v = ps->names;
	struct buf key = buf_new(PATH_BYTES);

	while (v != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");

		buf_clear(&key);
		buf_add(&key, path, n);
		v = entry(v, buf_str(&key));
		path += path[n] == '.' ? n + 1 : n;
	}
	buf_free(&key);
	return v;
}

struct py_found
pysettings_find(const struct pysettings *ps, const char *path)
{
	const struct pyval *v = pyval_at(ps, path);
	struct py_found found = { PY_ABSENT, "", "" };

	if (v == NULL)
		return found;
	found.why = v->why;
	/* a dict that something was put into, though it may be anything */
	if (*v->why != '\0')
		found.kind = PY_UNREADABLE;
	else if (!v->opened)
		found.kind = v->kind;
	if (found.kind != PY_UNREADABLE && found.kind != PY_ABSENT)
		found.text = v->text;
	return found;
}
