/*
 * pysettings - see pysettings.h.
 */
#include "data/pysettings.h"

#include <stdlib.h>
#include <string.h>

#include <tree_sitter/api.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"
#include "data/yaml.h"

enum {
	FILE_MAX = 16 << 20,
	NESTED_MAX = 250,	/* levels of Python's syntax tree */
	PATH_BYTES = 4096,
	YAML_DEPTH = 40,
};

const TSLanguage *tree_sitter_python(void);

struct pysettings *
pysettings_new(void)
{
	struct pool *pool = pool_new();
	struct pysettings *ps = pool_alloc(pool, sizeof *ps);

	ps->pool = pool;
	ps->names = pyval_new(pool, PY_DICT, NULL);
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

/* ---- the file ---- */

static bool
refuse(struct pysettings *ps, TSNode node, const char *what, struct err *e)
{
	TSPoint at = ts_node_start_point(node);

	return err_set(e, ERR_INPUT, "%s:%u:%u: %s", ps->file, at.row + 1,
	    at.column + 1, what);
}

/* 0777 and 10L; 0 and 00 are fine. */
static bool
is_old_number(const char *text)
{
	size_t n = strlen(text);

	if (n > 1 && (text[n - 1] == 'l' || text[n - 1] == 'L'))
		return true;
	return n > 1 && text[0] == '0' && strspn(text, "0_") < n
	    && strspn(text, "0123456789_") == n;
}

/* What the grammar takes though Python 3 does not. */
static const char *
fault_of(struct pysettings *ps, TSNode node)
{
	if (pyrun_is(node, "ERROR") || ts_node_is_missing(node))
		return "this is not Python";
	if (pyrun_is(node, "print_statement")
	    || pyrun_is(node, "exec_statement"))
		return "a statement of Python 2";
	if (pyrun_is(node, "integer")
	    && is_old_number(pyrun_source(ps, node)))
		return "a number of Python 2";
	if (pyrun_is(node, "string_start")
	    && *pyrun_source(ps, node) == '`')
		return "a backquote, as in Python 2";
	return NULL;
}

/* Walk the tree without recursion: a file may be nested as it likes. */
static bool
check_tree(struct pysettings *ps, TSNode root, struct err *e)
{
	TSTreeCursor at = ts_tree_cursor_new(root);
	const char *fault = NULL;
	int depth = 0;
	bool more = true;

	while (more) {
		TSNode node = ts_tree_cursor_current_node(&at);

		fault = depth > NESTED_MAX ? "nested too deeply" :
		    fault_of(ps, node);
		if (fault != NULL) {
			refuse(ps, node, fault, e);
			break;
		}
		if (ts_tree_cursor_goto_first_child(&at)) {
			depth++;
			continue;
		}
		while (more && !ts_tree_cursor_goto_next_sibling(&at)) {
			more = ts_tree_cursor_goto_parent(&at);
			depth--;
		}
	}
	ts_tree_cursor_delete(&at);
	return fault == NULL;
}

/* With a cursor: asking for the n-th child walks over all before it. */
static void
run_module(struct pysettings *ps, TSNode root)
{
	TSTreeCursor at = ts_tree_cursor_new(root);
	bool more = ts_tree_cursor_goto_first_child(&at);

	while (more) {
		TSNode node = ts_tree_cursor_current_node(&at);

		if (ts_node_is_named(node))
			pyrun_statement(ps, node);
		more = ts_tree_cursor_goto_next_sibling(&at);
	}
	ts_tree_cursor_delete(&at);
}

bool
pysettings_add_python(struct pysettings *ps, const char *text, size_t len,
    const char *name, struct err *e)
{
	TSParser *parser;
	TSTree *tree = NULL;
	bool ok = false;

	if (len > FILE_MAX || memchr(text, '\0', len) != NULL
	    || !text_is_utf8(text, len))
		return err_set(e, ERR_INPUT,
		    "%s: not a text file in UTF-8 of at most 16 MiB", name);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	ps->file = pool_strdup(ps->pool, name);
	ps->text = pool_strndup(ps->pool, text, len);
	parser = ts_parser_new();
	if (!ts_parser_set_language(parser, tree_sitter_python()))
		err_set(e, ERR_OTHER, "the Python grammar does not fit the "
		    "parser this program was built with");
	else
		tree = ts_parser_parse_string(parser, NULL, ps->text,
		    (uint32_t)len);
	if (tree != NULL) {
		TSNode root = ts_tree_root_node(tree);

		ps->statement = root;
		ps->why = NULL;
		ok = check_tree(ps, root, e);
		if (ok)
			run_module(ps, root);
		ts_tree_delete(tree);
	}
	ts_parser_delete(parser);
	return ok;
}

/* ---- questions ---- */

static struct pyval *
entry(const struct pyval *v, const char *key)
{
	if (v->kind == PY_JSON)
		v = v->value[0];
	return pyval_listed(v, key);
}

/* What is said of an entry that is not listed. */
static const struct pyval *
unlisted(const struct pyval *v)
{
	if (v->kind == PY_JSON)
		v = v->value[0];
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
		const struct pyval *next;

		buf_clear(&key);
		buf_add(&key, path, n);
		next = entry(v, buf_str(&key));
		if (next == NULL && v == ps->names)
			next = ps->lost;
		else if (next == NULL)
			next = unlisted(v);
		v = next;
		path += path[n] == '.' ? n + 1 : n;
	}
	buf_free(&key);
	return v;
}

struct py_found
pysettings_find(const struct pysettings *ps, const char *path)
{
	const struct pyval *v = pyval_at(ps, path);

	if (v == NULL)
		return (struct py_found){ PY_ABSENT, "", "" };
	return (struct py_found){ v->kind,
	    v->kind == PY_UNREADABLE ? "" : v->text, v->why };
}
