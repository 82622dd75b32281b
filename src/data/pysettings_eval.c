/*
 * pysettings_eval - what a Python expression is, and what it changes.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"

enum { ARGS_MAX = 16, DEPTH_MAX = 200, TEXT_MAX = 1 << 20,
	NAMES_DEEP = 8 /* names for names for a function */ };

struct args {
	struct pyval *value[ARGS_MAX];	/* in order, without names */
	size_t n;
	struct pyval *named;		/* a dict */
	bool odd;			/* *x, **x, a generator, too many */
};

struct pyval *
pyrun_unreadable(struct pysettings *ps)
{
	return pyval_unreadable(ps->pool, pyrun_why(ps));
}

struct pyval *
pyrun_known(struct pysettings *ps, struct pyval *value)
{
	struct pyval *v;

	if (value->kind != PY_ABSENT)
		return value;
	v = pyrun_unreadable(ps);
	pyval_may_be(ps->pool, v, value);
	return v;
}

static bool
is_function(const struct pyval *v, int depth)
{
	if (depth == 0 || (v->kind != PY_STRING && text_same(v->text, "def")))
		return true;
	for (size_t i = 0; v->kind == PY_UNREADABLE && i < v->nmay_be; i++)
		if (is_function(v->may_be[i], depth - 1))
			return true;
	return false;
}

bool
pyrun_is_function(const struct pyval *v)
{
	return is_function(v, NAMES_DEEP);
}

struct pyval *
pyrun_name(struct pysettings *ps, const char *name)
{
	struct pyval *v = pyval_listed(ps->names, name);

	if (v != NULL)
		return v;
	if (ps->lost != NULL)
		v = pyval_unreadable(ps->pool, ps->lost->why);
	else if (ps->star)
		v = pyval_new(ps->pool, PY_ABSENT, NULL);
	else
		v = pyrun_unreadable(ps);
	pyval_set(ps->pool, ps->names, name, v);
	return v;
}

void
pyrun_lose_all(struct pysettings *ps)
{
	const char *why = pyrun_why(ps);

	for (size_t i = 0; i < ps->names->n; i++)
		pyval_taint(ps->pool, ps->names->value[i], why, false);
	ps->lost = pyval_unreadable(ps->pool, why);
	/* the struct stays: what is asked begins with it */
	*ps->names = *pyval_new(ps->pool, PY_DICT, NULL);
}

/* ---- what can't be read ---- */

/* The parts are still run, for what their calls change, and the result may
 * be another name for any of them. */
static struct pyval *
absorb(struct pysettings *ps, TSNode node)
{
	struct pyval *v = pyrun_unreadable(ps);

	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++)
		pyval_may_be(ps->pool, v,
		    pyrun_value(ps, ts_node_named_child(node, i)));
	return v;
}

/* ---- literals ---- */

static struct pyval *
number(struct pysettings *ps, TSNode node)
{
	const char *source = pyrun_source(ps, node);
	struct buf plain = buf_new(64);
	struct pyval *v = NULL;
	char *end;
	uint64_t n;
	int base = 10;

	for (const char *s = source; *s != '\0'; s++)
		if (*s != '_')
			buf_putc(&plain, *s);
	source = pool_strdup(ps->pool, buf_str(&plain));
	if (source[0] == '0' && source[1] != '\0')
		base = strchr("xX", source[1]) ? 16 :
		    strchr("oO", source[1]) ? 8 :
		    strchr("bB", source[1]) ? 2 : 10;
	errno = 0;
	n = strtoull(source + (base != 10 ? 2 : 0), &end, base);
	if (!plain.full && *end == '\0' && errno == 0)
		v = pyval_new(ps->pool, PY_INT,
		    pool_printf(ps->pool, "%" PRIu64, n));
	buf_free(&plain);
	return v != NULL ? v : pyrun_unreadable(ps);
}

static struct pyval *
concatenation(struct pysettings *ps, TSNode node)
{
	struct buf all = buf_new(TEXT_MAX);
	struct pyval *v = NULL;
	bool ok = true;

	for (uint32_t i = 0; ok && i < ts_node_named_child_count(node); i++) {
		TSNode part = ts_node_named_child(node, i);

		if (pyrun_is(part, "comment"))
			continue;
		ok = pyrun_string(ps, part, &v) && buf_puts(&all, v->text);
	}
	v = ok ? pyval_new(ps->pool, PY_STRING,
	    pool_strdup(ps->pool, buf_str(&all))) : pyrun_unreadable(ps);
	buf_free(&all);
	return v;
}

static struct pyval *
list(struct pysettings *ps, TSNode node)
{
	struct pyval *v = pyval_new(ps->pool, PY_LIST, NULL), *any;
	bool whole = true;

	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++) {
		TSNode item = ts_node_named_child(node, i);

		if (pyrun_is(item, "comment"))
			continue;
		whole = whole && !pyrun_is(item, "list_splat");
		pyval_append(ps->pool, v, pyrun_value(ps, item));
	}
	if (whole)
		return v;
	any = pyrun_unreadable(ps);
	for (size_t i = 0; i < v->n; i++)
		pyval_may_be(ps->pool, any, v->value[i]);
	return any;
}

/* A key as text; those that are no strings can't be named by a path. */
static const char *
key_text(struct pysettings *ps, const struct pyval *key)
{
	if (key->kind == PY_STRING)
		return key->text;
	if (key->kind == PY_INT || key->kind == PY_BOOL
	    || key->kind == PY_NONE)
		return pool_printf(ps->pool, "\001%d%s", key->kind,
		    key->text);
	return NULL;
}

/* All of `from` into a dict. What can't be listed makes the rest unsure. */
static void
take_all(struct pysettings *ps, struct pyval *into, struct pyval *from)
{
	if (from->kind != PY_DICT || from->rest != NULL) {
		struct pyval *any = pyrun_unreadable(ps);

		pyval_may_be(ps->pool, any, from);
		pyval_taint(ps->pool, into, any->why, true);
		into->rest = any;
	}
	for (size_t i = 0; from->kind == PY_DICT && i < from->n; i++)
		pyval_set(ps->pool, into, from->key[i],
		    pyrun_known(ps, from->value[i]));
}

static struct pyval *
dictionary(struct pysettings *ps, TSNode node)
{
	struct pyval *v = pyval_new(ps->pool, PY_DICT, NULL);

	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++) {
		TSNode item = ts_node_named_child(node, i);

		if (pyrun_is(item, "pair")) {
			struct pyval *key = pyrun_value(ps,
			    pyrun_field(item, "key"));
			struct pyval *value = pyrun_value(ps,
			    pyrun_field(item, "value"));

			if (key_text(ps, key) == NULL)
				pyval_taint(ps->pool, v, pyrun_why(ps), true);
			else
				pyval_set(ps->pool, v, key_text(ps, key),
				    pyrun_known(ps, value));
		} else if (pyrun_is(item, "dictionary_splat")) {
			take_all(ps, v, pyrun_value(ps,
			    ts_node_named_child(item, 0)));
		} else if (!pyrun_is(item, "comment")) {
			return absorb(ps, node);
		}
	}
	return v;
}

/* ---- operators ---- */

static struct pyval *
sum(struct pysettings *ps, const struct pyval *a, const struct pyval *b)
{
	struct pyval *v;
	long long x, y, z;

	if (a->kind == PY_STRING && b->kind == PY_STRING)
		return pyval_new(ps->pool, PY_STRING,
		    pool_printf(ps->pool, "%s%s", a->text, b->text));
	if (a->kind == PY_INT && b->kind == PY_INT) {
		x = strtoll(a->text, NULL, 10);
		y = strtoll(b->text, NULL, 10);
		return __builtin_add_overflow(x, y, &z) ? NULL :
		    pyval_new(ps->pool, PY_INT,
			pool_printf(ps->pool, "%lld", z));
	}
	if (a->kind != PY_LIST || b->kind != PY_LIST)
		return NULL;
	v = pyval_copy(ps->pool, a);
	for (size_t i = 0; i < b->n; i++)
		pyval_append(ps->pool, v, b->value[i]);
	return v;
}

static struct pyval *
product(struct pysettings *ps, const struct pyval *a, const struct pyval *b)
{
	long long z;

	if (a->kind != PY_INT || b->kind != PY_INT
	    || __builtin_mul_overflow(strtoll(a->text, NULL, 10),
	    strtoll(b->text, NULL, 10), &z))
		return NULL;
	return pyval_new(ps->pool, PY_INT, pool_printf(ps->pool, "%lld", z));
}

static struct pyval *
binary(struct pysettings *ps, TSNode node)
{
	struct pyval *a = pyrun_value(ps, pyrun_field(node, "left"));
	struct pyval *b = pyrun_value(ps, pyrun_field(node, "right"));
	const char *op = pyrun_source(ps, pyrun_field(node, "operator"));
	struct pyval *v = NULL;

	if (text_same(op, "+"))
		v = sum(ps, a, b);
	else if (text_same(op, "*"))
		v = product(ps, a, b);
	if (v != NULL)
		return v;
	v = pyrun_unreadable(ps);
	pyval_may_be(ps->pool, v, a);
	pyval_may_be(ps->pool, v, b);
	return v;
}

static struct pyval *
unary(struct pysettings *ps, TSNode node)
{
	struct pyval *v = pyrun_value(ps, pyrun_field(node, "argument"));
	bool minus = *pyrun_source(ps, node) == '-';
	struct pyval *any;

	if (!minus || (v->kind != PY_INT && v->kind != PY_FLOAT)) {
		any = pyrun_unreadable(ps);
		pyval_may_be(ps->pool, any, v);
		return any;
	}
	if (*v->text == '-')
		return pyval_new(ps->pool, v->kind, v->text + 1);
	return pyval_new(ps->pool, v->kind, pool_printf(ps->pool, "-%s",
	    v->text));
}

static struct pyval *
subscript(struct pysettings *ps, TSNode node)
{
	struct pyval *of = pyrun_value(ps, pyrun_field(node, "value"));
	struct pyval *key = pyrun_value(ps, pyrun_field(node, "subscript"));
	const char *text = key_text(ps, key);
	struct pyval *v = NULL;

	if (ts_node_named_child_count(node) != 2)
		text = NULL;	/* a slice, or several */
	if (of->kind == PY_LIST && key->kind == PY_INT) {
		size_t i = strtoul(key->text, NULL, 10);

		v = *key->text != '-' && i < of->n ? of->value[i] : NULL;
	} else if (text != NULL) {
		v = pyval_get(ps->pool, of, text);
	}
	if (v != NULL)
		return v;
	v = pyrun_unreadable(ps);
	pyval_may_be(ps->pool, v, of);
	return v;
}

/* ---- calls ---- */

static void
read_args(struct pysettings *ps, TSNode node, struct args *a)
{
	a->named = pyval_new(ps->pool, PY_DICT, NULL);
	if (!pyrun_is(node, "argument_list")) {
		a->odd = true;
		a->value[a->n++] = absorb(ps, node);
		return;
	}
	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++) {
		TSNode arg = ts_node_named_child(node, i);

		if (pyrun_is(arg, "comment"))
			continue;
		if (pyrun_is(arg, "keyword_argument")) {
			pyval_set(ps->pool, a->named,
			    pyrun_source(ps, pyrun_field(arg, "name")),
			    pyrun_value(ps, pyrun_field(arg, "value")));
			continue;
		}
		a->odd = a->odd || a->n == ARGS_MAX
		    || pyrun_is(arg, "list_splat")
		    || pyrun_is(arg, "dictionary_splat");
		if (a->n < ARGS_MAX)
			a->value[a->n++] = pyrun_value(ps, arg);
		else
			pyval_taint(ps->pool, pyrun_value(ps, arg),
			    pyrun_why(ps), false);
	}
}

/* The callee may have changed whatever it was given. */
static struct pyval *
given_away(struct pysettings *ps, struct args *a)
{
	struct pyval *v = pyrun_unreadable(ps);

	for (size_t i = 0; i < a->n; i++) {
		pyval_taint(ps->pool, a->value[i], v->why, false);
		pyval_may_be(ps->pool, v, a->value[i]);
	}
	for (size_t i = 0; i < a->named->n; i++) {
		pyval_taint(ps->pool, a->named->value[i], v->why, false);
		pyval_may_be(ps->pool, v, a->named->value[i]);
	}
	return v;
}

/* The callee reads, and may keep, what it was given. */
static struct pyval *
only_read(struct pysettings *ps, struct args *a)
{
	struct pyval *v = pyrun_unreadable(ps);

	for (size_t i = 0; i < a->n; i++)
		pyval_may_be(ps->pool, v, a->value[i]);
	for (size_t i = 0; i < a->named->n; i++)
		pyval_may_be(ps->pool, v, a->named->value[i]);
	return v;
}

static bool
one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

/* dict(x, K=v): a copy with more. */
static struct pyval *
make_dict(struct pysettings *ps, const struct args *a)
{
	struct pyval *v = pyval_new(ps->pool, PY_DICT, NULL);

	if (a->n > 0)
		take_all(ps, v, a->value[0]);
	take_all(ps, v, a->named);
	return v;
}

static struct pyval *
json_dumps(struct pysettings *ps, const struct args *a)
{
	struct pyval *v = pyval_new(ps->pool, PY_JSON, NULL);

	pyval_append(ps->pool, v, pyval_deep_copy(ps->pool,
	    pyrun_known(ps, a->value[0])));
	return v;
}

static struct pyval *
join_paths(struct pysettings *ps, const struct args *a)
{
	struct buf path = buf_new(TEXT_MAX);
	struct pyval *v = NULL;
	bool ok = a->named->n == 0;

	for (size_t i = 0; ok && i < a->n; i++) {
		ok = a->value[i]->kind == PY_STRING;
		if (!ok)
			break;
		if (*a->value[i]->text == '/')
			buf_clear(&path);
		else if (path.len > 0 && path.data[path.len - 1] != '/')
			buf_putc(&path, '/');
		buf_puts(&path, a->value[i]->text);
	}
	if (ok && !path.full)
		v = pyval_new(ps->pool, PY_STRING,
		    pool_strdup(ps->pool, buf_str(&path)));
	buf_free(&path);
	return v;
}

/*
 * Tutor's call after the Mongo settings: a copy goes into both stores, which
 * later changes of the dict don't reach, but changes of MODULESTORE do. What
 * an earlier call put there stays, where this one says nothing.
 */
static struct pyval *
copy_to_stores(struct pysettings *ps, const struct args *a)
{
	struct pyval *doc = pyval_listed(a->named, "doc_store_settings");
	struct pyval *stores = pyval_listed(ps->names, PYSETTINGS_STORES);
	struct pyval *into = stores == NULL ? NULL :
	    pyval_listed(stores, "DOC_STORE_CONFIG");
	struct pyval *copy = doc != NULL && ps->maybe == 0 && !a->odd ?
	    pyval_deep_copy(ps->pool, pyrun_known(ps, doc)) :
	    pyrun_unreadable(ps);

	if (into != NULL && copy->kind == PY_DICT) {
		take_all(ps, into, copy);
		return pyval_new(ps->pool, PY_NONE, NULL);
	}
	stores = pyval_new(ps->pool, PY_DICT, NULL);
	pyval_set(ps->pool, stores, "DOC_STORE_CONFIG", copy);
	pyval_set(ps->pool, ps->names, PYSETTINGS_STORES, stores);
	if (a->n > 0)
		pyval_may_be(ps->pool, a->value[0], stores);
	return pyval_new(ps->pool, PY_NONE, NULL);
}

/* A function by its name. NULL: not known. */
static struct pyval *
known_function(struct pysettings *ps, const char *name, struct args *a)
{
	static const char *const readers[] = { "print", "str", "int", "bool",
	    "float", "len", "list", "tuple", "set", "sorted", "isinstance",
	    "hasattr", "path", "Path", "_", "gettext", "gettext_lazy",
	    "os.path.exists", "os.path.dirname", "os.path.abspath",
	    "os.path.basename", "os.path.join", "os.makedirs",
	    "os.environ.get", "os.getenv", "json.loads", "json.dumps",
	    "dict", "Config", "BotoConfig", "timedelta",
	    "datetime.timedelta", "re.compile", "warnings.filterwarnings",
	    "warnings.simplefilter", "super", "type", "open", NULL };
	struct pyval *v = NULL;

	if (text_same(name, "update_module_store_settings"))
		return copy_to_stores(ps, a);
	if (!one_of(name, readers))
		return NULL;
	if (text_same(name, "dict") && !a->odd && a->n <= 1)
		v = make_dict(ps, a);
	else if (text_same(name, "json.dumps") && !a->odd && a->n == 1)
		v = json_dumps(ps, a);
	else if (text_same(name, "os.path.join") && !a->odd)
		v = join_paths(ps, a);
	return v != NULL ? v : only_read(ps, a);
}

/* What it returns may be a function of this file too. */
static struct pyval *
lose_by_call(struct pysettings *ps)
{
	struct pyval *v = pyrun_unreadable(ps);

	pyrun_lose_all(ps);
	v->text = "def";
	return v;
}

/* ---- methods ---- */

static struct pyval *
strip(struct pysettings *ps, const struct pyval *v, const char *how,
    const struct args *a)
{
	const char *chars = " \t\n\r\f\v", *text = v->text;
	size_t len;

	if (a->n > 0 && a->value[0]->kind == PY_STRING)
		chars = a->value[0]->text;
	else if (a->n > 0)
		return NULL;
	if (!text_same(how, "rstrip"))
		text += strspn(text, chars);
	len = strlen(text);
	while (!text_same(how, "lstrip") && len > 0
	    && strchr(chars, text[len - 1]) != NULL)
		len--;
	if (!text_is_utf8(text, len))
		return NULL;	/* bytes were taken, not characters */
	return pyval_new(ps->pool, PY_STRING,
	    pool_strndup(ps->pool, text, len));
}

static struct pyval *
join(struct pysettings *ps, const struct pyval *v, const struct args *a)
{
	struct buf all = buf_new(TEXT_MAX);
	const struct pyval *parts = a->n == 1 ? a->value[0] : NULL;
	struct pyval *joined = NULL;
	bool ok = parts != NULL && parts->kind == PY_LIST;

	for (size_t i = 0; ok && i < parts->n; i++) {
		ok = parts->value[i]->kind == PY_STRING;
		if (ok && i > 0)
			buf_puts(&all, v->text);
		if (ok)
			buf_puts(&all, parts->value[i]->text);
	}
	if (ok && !all.full)
		joined = pyval_new(ps->pool, PY_STRING,
		    pool_strdup(ps->pool, buf_str(&all)));
	buf_free(&all);
	return joined;
}

/* "{}/{name}".format(..) with nothing after a name. */
static struct pyval *
format(struct pysettings *ps, const struct pyval *v, const struct args *a)
{
	struct buf all = buf_new(TEXT_MAX);
	struct pyval *made = NULL, *arg;
	size_t next = 0;
	bool ok = !a->odd;

	for (const char *s = v->text; ok && *s != '\0'; s++) {
		size_t n = strcspn(s + 1, "{}");

		if ((*s == '{' || *s == '}') && s[1] == *s) {
			buf_putc(&all, *s++);
			continue;
		}
		if (*s != '{') {
			buf_putc(&all, *s);
			continue;
		}
		if (n == 0)
			arg = next < a->n ? a->value[next++] : NULL;
		else if (n == 1 && isdigit((unsigned char)s[1]))
			arg = (size_t)(s[1] - '0') < a->n ?
			    a->value[s[1] - '0'] : NULL;
		else
			arg = pyval_listed(a->named,
			    pool_strndup(ps->pool, s + 1, n));
		ok = s[n + 1] == '}' && arg != NULL
		    && (arg->kind == PY_STRING || arg->kind == PY_INT)
		    && buf_puts(&all, arg->text);
		s += n + 1;
	}
	if (ok && !all.full)
		made = pyval_new(ps->pool, PY_STRING,
		    pool_strdup(ps->pool, buf_str(&all)));
	buf_free(&all);
	return made;
}

static struct pyval *
string_method(struct pysettings *ps, struct pyval *v, const char *name,
    struct args *a)
{
	struct pyval *made = NULL;

	if (text_same(name, "lstrip") || text_same(name, "rstrip")
	    || text_same(name, "strip"))
		made = strip(ps, v, name, a);
	else if (text_same(name, "join"))
		made = join(ps, v, a);
	else if (text_same(name, "format"))
		made = format(ps, v, a);
	return made != NULL ? made : only_read(ps, a);
}

static struct pyval *
get(struct pysettings *ps, struct pyval *of, const struct args *a)
{
	const char *key = a->n > 0 && !a->odd ?
	    key_text(ps, a->value[0]) : NULL;
	struct pyval *v;

	if (key == NULL)
		return NULL;
	v = pyval_get(ps->pool, of, key);
	if (v == NULL && of->kind == PY_DICT)
		return a->n > 1 ? a->value[1] :
		    pyval_new(ps->pool, PY_NONE, NULL);
	/* edx-platform may have it or not: not a default of ours */
	return v != NULL && v->kind == PY_ABSENT ? NULL : v;
}

/* A method that changes what it belongs to; false: not read as such. */
static bool
change_surely(struct pysettings *ps, struct pyval *of, const char *name,
    struct args *a)
{
	const char *key = a->n > 0 ? key_text(ps, a->value[0]) : NULL;

	if (ps->maybe > 0 || a->odd)
		return false;
	if (text_same(name, "append") && of->kind == PY_LIST && a->n == 1) {
		pyval_append(ps->pool, of, a->value[0]);
		return true;
	}
	if (of->kind == PY_LIST || of->kind == PY_UNREADABLE)
		return false;
	if (text_same(name, "update") && a->n <= 1
	    && (a->n == 0 || a->value[0]->kind == PY_DICT)) {
		for (size_t i = 0; a->n > 0 && i < a->value[0]->n; i++)
			pyrun_set_item(ps, of, a->value[0]->key[i],
			    a->value[0]->value[i]);
		if (a->n > 0 && a->value[0]->rest != NULL)
			return false;
		for (size_t i = 0; i < a->named->n; i++)
			pyrun_set_item(ps, of, a->named->key[i],
			    a->named->value[i]);
		return true;
	}
	if (key == NULL || (of->kind != PY_DICT && of->kind != PY_ABSENT))
		return false;
	if (text_same(name, "pop")) {
		pyval_drop(ps->pool, of, key);
		return true;
	}
	if (text_same(name, "setdefault") && of->kind == PY_DICT
	    && pyval_listed(of, key) == NULL && of->rest == NULL) {
		pyrun_set_item(ps, of, key, a->n > 1 ? a->value[1] :
		    pyval_new(ps->pool, PY_NONE, NULL));
		return true;
	}
	return text_same(name, "setdefault") && pyval_listed(of, key) != NULL
	    && pyval_listed(of, key)->kind != PY_ABSENT
	    && pyval_listed(of, key)->kind != PY_UNREADABLE;
}

static struct pyval *
method(struct pysettings *ps, struct pyval *of, const char *name,
    struct args *a)
{
	static const char *const readers[] = { "get", "items", "keys",
	    "values", "index", "count", "copy", "startswith", "endswith",
	    "encode", "decode", "split", "lower", "upper", "replace",
	    "exists", "joinpath", NULL };
	static const char *const changers[] = { "append", "extend", "insert",
	    "remove", "pop", "popitem", "clear", "update", "setdefault",
	    "sort", "reverse", "add", "discard", NULL };
	struct pyval *v;

	if (of->kind == PY_STRING)
		return string_method(ps, of, name, a);
	if (pyrun_is_function(of))
		return lose_by_call(ps);
	if (text_same(name, "copy") && a->n == 0 && pyval_is_container(of))
		return pyval_copy(ps->pool, of);
	v = text_same(name, "get") ? get(ps, of, a) : NULL;
	if (v != NULL)
		return v;
	if (one_of(name, changers) && !change_surely(ps, of, name, a))
		pyval_taint(ps->pool, of, pyrun_why(ps), true);
	v = one_of(name, readers) || one_of(name, changers) ?
	    only_read(ps, a) : given_away(ps, a);
	if (!one_of(name, readers) && !one_of(name, changers))
		pyval_taint(ps->pool, of, v->why, false);
	pyval_may_be(ps->pool, v, of);
	return v;
}

/* Does a call by this name, or with such an argument, run what can change
 * any name? */
static bool
runs_anything(struct pysettings *ps, TSNode callee, const char *name,
    const struct args *a)
{
	static const char *const anything[] = { "exec", "eval", "globals",
	    "locals", "vars", "setattr", "delattr", "__import__", "compile",
	    "execfile", "importlib.import_module", NULL };
	const struct pyval *v = pyval_listed(ps->names, name);
	bool any = one_of(name, anything)
	    || (v != NULL && pyrun_is_function(v))
	    || (!pyrun_is(callee, "identifier")
		&& !pyrun_is(callee, "attribute"));

	for (size_t i = 0; i < a->n; i++)
		any = any || pyrun_is_function(a->value[i]);
	for (size_t i = 0; i < a->named->n; i++)
		any = any || pyrun_is_function(a->named->value[i]);
	return any;
}

static struct pyval *
call(struct pysettings *ps, TSNode node)
{
	TSNode callee = pyrun_field(node, "function");
	const char *name = pyrun_source(ps, callee);
	struct args a = { 0 };
	struct pyval *v;

	read_args(ps, pyrun_field(node, "arguments"), &a);
	if (runs_anything(ps, callee, name, &a))
		return lose_by_call(ps);
	v = known_function(ps, name, &a);
	if (v != NULL)
		return v;
	if (pyrun_is(callee, "identifier")) {
		/* it may be a method of something that has a name */
		v = pyval_listed(ps->names, name);
		if (v != NULL)
			pyval_taint(ps->pool, v, pyrun_why(ps), false);
		return given_away(ps, &a);
	}
	if (text_starts(name, "dict.") || text_starts(name, "list."))
		return given_away(ps, &a);
	return method(ps, pyrun_value(ps, pyrun_field(callee, "object")),
	    pyrun_source(ps, pyrun_field(callee, "attribute")), &a);
}

/* ---- one expression ---- */

static struct pyval *
named_expression(struct pysettings *ps, TSNode node)
{
	struct pyval *v = pyrun_unreadable(ps);

	pyval_may_be(ps->pool, v,
	    pyrun_value(ps, pyrun_field(node, "value")));
	pyval_set(ps->pool, ps->names,
	    pyrun_source(ps, pyrun_field(node, "name")), v);
	return v;
}

static struct pyval *
string_value(struct pysettings *ps, TSNode node)
{
	struct pyval *v;

	return pyrun_string(ps, node, &v) ? v : pyrun_unreadable(ps);
}

static struct pyval *
inner(struct pysettings *ps, TSNode node)
{
	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++)
		if (!pyrun_is(ts_node_named_child(node, i), "comment"))
			return pyrun_value(ps, ts_node_named_child(node, i));
	return pyrun_unreadable(ps);
}

static struct pyval *
float_value(struct pysettings *ps, TSNode node)
{
	const char *text = pyrun_source(ps, node);

	return strspn(text, "0123456789.eE+-") == strlen(text) ?
	    pyval_new(ps->pool, PY_FLOAT, text) : pyrun_unreadable(ps);
}

static struct pyval *
constant(struct pysettings *ps, TSNode node)
{
	return pyrun_is(node, "none") ? pyval_new(ps->pool, PY_NONE, NULL) :
	    pyval_new(ps->pool, PY_BOOL, ts_node_type(node));
}

/* Through Python's own tables any name can be changed. */
static struct pyval *
identifier(struct pysettings *ps, TSNode node)
{
	const char *name = pyrun_source(ps, node);

	if (text_same(name, "builtins") || text_same(name, "__builtins__"))
		pyrun_lose_all(ps);
	return pyrun_name(ps, name);
}

static struct pyval *
attribute(struct pysettings *ps, TSNode node)
{
	if (text_same(pyrun_source(ps, node), "sys.modules"))
		pyrun_lose_all(ps);
	return absorb(ps, node);
}

/* The names that a loop within an expression binds are its own. */
static void
give_back(struct pysettings *ps, TSNode left, const struct pyval *before)
{
	const char *name;
	struct pyval *old;

	for (uint32_t i = 0; i < ts_node_named_child_count(left); i++)
		give_back(ps, ts_node_named_child(left, i), before);
	if (!pyrun_is(left, "identifier"))
		return;
	name = pyrun_source(ps, left);
	old = pyval_listed(before, name);
	if (old != NULL)
		pyval_set(ps->pool, ps->names, name, old);
	else
		pyval_drop(ps->pool, ps->names, name);
}

/* [x for x in y]: run once, as the body of a loop. */
static struct pyval *
comprehension(struct pysettings *ps, TSNode node)
{
	uint32_t n = ts_node_named_child_count(node);
	const struct pyval *before = pyval_copy(ps->pool, ps->names);
	const struct pyval *lost = ps->lost;
	struct pyval *v;

	ps->maybe++;
	for (uint32_t i = 0; i < n; i++) {
		TSNode child = ts_node_named_child(node, i);

		if (pyrun_is(child, "for_in_clause"))
			pyrun_bind_loop(ps, pyrun_field(child, "left"),
			    pyrun_field(child, "right"));
	}
	v = pyrun_unreadable(ps);
	for (uint32_t i = 0; i < n; i++) {
		TSNode child = ts_node_named_child(node, i);

		/* what is in those was run above: twice at each level would
		 * be 2^n times at the n-th */
		if (!pyrun_is(child, "for_in_clause"))
			pyval_may_be(ps->pool, v, pyrun_value(ps, child));
	}
	ps->maybe--;
	for (uint32_t i = 0; ps->lost == lost && i < n; i++) {
		TSNode child = ts_node_named_child(node, i);

		if (pyrun_is(child, "for_in_clause"))
			give_back(ps, pyrun_field(child, "left"), before);
	}
	return v;
}

/* Code that runs later, or never here. */
static struct pyval *
later(struct pysettings *ps, TSNode node)
{
	(void)node;
	return pyrun_unreadable(ps);
}

struct pyval *
pyrun_value(struct pysettings *ps, TSNode node)
{
	static const struct {
		const char *type;
		struct pyval *(*eval)(struct pysettings *, TSNode);
	} kinds[] = {
		{ "identifier", identifier }, { "string", string_value },
		{ "concatenated_string", concatenation },
		{ "integer", number }, { "float", float_value },
		{ "true", constant }, { "false", constant },
		{ "none", constant }, { "list", list }, { "tuple", list },
		{ "expression_list", list }, { "dictionary", dictionary },
		{ "parenthesized_expression", inner },
		{ "subscript", subscript }, { "call", call },
		{ "binary_operator", binary }, { "unary_operator", unary },
		{ "named_expression", named_expression },
		{ "list_comprehension", comprehension },
		{ "set_comprehension", comprehension },
		{ "dictionary_comprehension", comprehension },
		{ "generator_expression", comprehension },
		{ "attribute", attribute },
		{ "lambda", later }, { "comment", later },
	};
	struct pyval *v = NULL;

	if (ts_node_is_null(node) || ps->depth >= DEPTH_MAX) {
		pyrun_lose_all(ps);
		return pyrun_unreadable(ps);
	}
	ps->depth++;
	for (size_t i = 0; v == NULL && i < sizeof kinds / sizeof *kinds; i++)
		if (pyrun_is(node, kinds[i].type))
			v = kinds[i].eval(ps, node);
	if (v == NULL)
		v = absorb(ps, node);
	ps->depth--;
	return v;
}
