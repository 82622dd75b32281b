/*
 * pysettings_call - functions and methods: those of Python that are known,
 * Tutor's own, and what to make of all others.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings_run.h"

enum {
	TEXT_MAX = 1 << 20,
	RANGE_MAX = 1000,
};

static bool
one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

/* ---- arguments ---- */

/* A list or dict of plain values that was written in the call itself: nobody
 * else has it. */
static bool
is_of_nobody(const struct pynode *node, const struct pyval *v)
{
	if ((node->type != PYT_LIST && node->type != PYT_DICT
	    && node->type != PYT_TUPLE) || !pyval_is_listed(v))
		return false;
	for (size_t i = 0; i < v->n; i++)
		if (!pyval_is_scalar(v->value[i]))
			return false;
	return true;
}

static void
add_arg(struct pyargs *a, struct pyval *v)
{
	if (a->n == PYARGS_MAX)
		a->odd = true;
	else
		a->value[a->n++] = v;
}

static void
read_arg(struct pysettings *ps, struct pyargs *a, const struct pynode *arg)
{
	const struct pynode *from = arg;
	struct pyval *v, *items;

	if (arg->type == PYT_KEYWORD_ARGUMENT)
		from = pynode_field(arg, "value");
	else if (arg->type == PYT_LIST_SPLAT || arg->type == PYT_DICT_SPLAT)
		from = pynode_nth(arg, 0);
	v = pyrun_known(ps, pyrun_value(ps, from));
	if (!is_of_nobody(from, v))
		pyval_may_be(ps->pool, a->any, v);
	if (arg->type == PYT_KEYWORD_ARGUMENT) {
		pyval_set(ps->pool, a->named,
		    pyrun_source(ps, pynode_field(arg, "name")), v);
	} else if (arg->type == PYT_LIST_SPLAT) {
		items = pyrun_items(ps, v);
		a->odd = a->odd || items == NULL;
		for (size_t i = 0; items != NULL && i < items->n; i++)
			add_arg(a, items->value[i]);
	} else if (arg->type == PYT_DICT_SPLAT) {
		a->odd = a->odd || v->kind != PY_DICT
		    || !pyval_is_listed(v);
		for (size_t i = 0; !a->odd && i < v->n; i++)
			pyval_set(ps->pool, a->named, v->key[i],
			    v->value[i]);
	} else {
		add_arg(a, v);
	}
}

/* Those that go through a generator at once. */
static bool
consumes(const char *callee)
{
	static const char *const words[] = { "join", "list", "tuple", "set",
	    "dict", "sorted", "any", "all", "sum", "min", "max", "frozenset",
	    "extend", NULL };

	return one_of(callee, words);
}

static void
read_args(struct pysettings *ps, const struct pynode *node,
    const char *callee, struct pyargs *a)
{
	const struct pynode *arg;
	size_t at = 0;

	a->named = pyval_new(ps->pool, PY_DICT, NULL);
	a->any = pyrun_unreadable(ps);
	if (node == NULL) {
		a->odd = true;
	} else if (node->type == PYT_ARGUMENT_LIST) {
		while ((arg = pynode_next(node, &at)) != NULL)
			read_arg(ps, a, arg);
	} else {
		add_arg(a, consumes(callee) ?
		    pyrun_comprehension(ps, node) : pyrun_value(ps, node));
		pyval_may_be(ps->pool, a->any, a->value[0]);
	}
}

/* The callee only reads, and may keep, what it was given. */
static struct pyval *
only_read(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *v = pyrun_unreadable(ps);

	for (size_t i = 0; i < a->n; i++) {
		pyrun_use(ps, a->value[i]);
		v->opaque = v->opaque || a->value[i]->opaque;
	}
	for (size_t i = 0; i < a->any->nmay_be; i++)
		pyval_may_be(ps->pool, v, a->any->may_be[i]);
	return v;
}

/* ---- Python's own functions ---- */

static struct pyval *
make_dict(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *v = pyval_new(ps->pool, PY_DICT, NULL);
	int maybe = ps->maybe;

	if (a->odd || a->n > 1)
		return NULL;
	ps->maybe = 0;		/* what is made here is surely made */
	if (a->n > 0)
		pyrun_take_all(ps, v, a->value[0]);
	pyrun_take_all(ps, v, a->named);
	ps->maybe = maybe;
	return v;
}

static struct pyval *
make_list(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *items = NULL, *v;

	if (a->odd || a->n > 1 || a->named->n > 0)
		return NULL;
	if (a->n > 0 && (items = pyrun_items(ps, a->value[0])) == NULL)
		return NULL;
	v = pyval_new(ps->pool, PY_LIST, NULL);
	for (size_t i = 0; items != NULL && i < items->n; i++)
		pyval_append(ps->pool, v, items->value[i]);
	return v;
}

static struct pyval *
make_tuple(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *v = make_list(ps, a);

	if (v != NULL)
		v->fixed = true;
	return v;
}

static struct pyval *
only_arg(const struct pyargs *a)
{
	return !a->odd && a->n == 1 && a->named->n == 0 ? a->value[0] : NULL;
}

static struct pyval *
make_str(struct pysettings *ps, const struct pyargs *a)
{
	struct buf text = buf_new(TEXT_MAX);
	struct pyval *v = only_arg(a);

	return pyrun_take_text(ps, &text, v != NULL
	    && pyrun_print(v, &text));
}

static struct pyval *
make_int(struct pysettings *ps, const struct pyargs *a)
{
	const struct pyval *v = only_arg(a);
	size_t n;

	if (v == NULL || (v->kind != PY_INT && v->kind != PY_STRING))
		return NULL;
	n = strlen(v->text);
	if (n == 0 || n > 18 || strspn(v->text, "0123456789") != n)
		return v->kind == PY_INT ? only_arg(a) : NULL;
	return pyval_new(ps->pool, PY_INT, pool_printf(ps->pool, "%lld",
	    strtoll(v->text, NULL, 10)));
}

static struct pyval *
make_bool(struct pysettings *ps, const struct pyargs *a)
{
	const struct pyval *v = only_arg(a);
	int truth = v != NULL ? pyval_truth(v) : -1;

	return truth == -1 ? NULL : pyval_new(ps->pool, PY_BOOL,
	    truth ? "true" : "false");
}

static struct pyval *
count(struct pysettings *ps, const struct pyargs *a)
{
	const struct pyval *v = only_arg(a);
	size_t n = 0;

	if (v != NULL && v->kind == PY_STRING)
		for (const char *s = v->text; *s != '\0'; s++)
			n += ((unsigned char)*s & 0xc0) != 0x80;
	else if (v != NULL && pyval_is_listed(v))
		n = v->n;
	else
		return NULL;
	return pyval_new(ps->pool, PY_INT, pool_printf(ps->pool, "%zu", n));
}

static struct pyval *
range(struct pysettings *ps, const struct pyargs *a)
{
	const struct pyval *v = only_arg(a);
	struct pyval *all;
	long n;

	if (v == NULL || v->kind != PY_INT)
		return NULL;
	n = strlen(v->text) < 6 ? strtol(v->text, NULL, 10) : -1;
	if (n < 0 || n > RANGE_MAX)
		return NULL;
	all = pyval_new(ps->pool, PY_LIST, NULL);
	all->fixed = true;
	for (long i = 0; i < n; i++)
		pyval_append(ps->pool, all, pyval_new(ps->pool, PY_INT,
		    pool_printf(ps->pool, "%ld", i)));
	return all;
}

static struct pyval *
copy(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *v = only_arg(a);

	if (v == NULL || v->kind == PY_UNREADABLE || v->kind == PY_ABSENT)
		return NULL;
	return pyval_is_scalar(v) || v->kind == PY_JSON || v->fixed ? v :
	    pyval_copy(ps->pool, v);
}

static struct pyval *
deep_copy(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *v = only_arg(a);

	if (v == NULL || v->kind == PY_UNREADABLE || v->kind == PY_ABSENT)
		return NULL;
	return pyval_deep_copy(ps->pool, v);
}

/* ---- JSON ---- */

/* A copy as JSON has it: no tuples, no keys but texts. */
static void
make_json(struct pysettings *ps, struct pyval *v, unsigned mark)
{
	if (v->seen == mark)
		return;
	v->seen = mark;
	v->fixed = false;
	for (size_t i = 0; v->kind == PY_DICT && i < v->n; i++)
		if ((unsigned char)*v->key[i] == 0xff) {
			pyval_spoil(ps->pool, v, pyrun_why(ps), NULL);
			return;
		}
	for (size_t i = 0; i < v->n; i++) {
		/* edx-platform's own, and a text of a text */
		if (v->value[i]->kind == PY_ABSENT
		    || v->value[i]->kind == PY_JSON)
			v->value[i] = pyrun_unreadable(ps);
		make_json(ps, v->value[i], mark);
	}
}

static struct pyval *
dump_json(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *v = pyval_new(ps->pool, PY_JSON, NULL), *all;

	if (a->odd || a->n != 1)
		return NULL;
	for (size_t i = 0; i < a->named->n; i++)
		if (strcmp(a->named->key[i], "indent") != 0
		    && strcmp(a->named->key[i], "sort_keys") != 0)
			return NULL;
	pyrun_use(ps, a->value[0]);
	all = pyval_deep_copy(ps->pool, a->value[0]);
	make_json(ps, all, pyval_mark());
	pyval_append(ps->pool, v, all);
	return v;
}

/* Integers and fractions look alike once they are parsed. */
static bool
has_fraction(const char *s)
{
	bool text = false;

	for (; *s != '\0'; s++) {
		if (text && *s == '\\' && s[1] != '\0')
			s++;
		else if (*s == '"')
			text = !text;
		else if (!text && strchr(".eE", *s) != NULL
		    && !text_starts(s, "e,") && s[1] != '\0'
		    && strchr("0123456789+-", s[1]) != NULL)
			return true;
	}
	return false;
}

static struct pyval *
from_json(struct pysettings *ps, const struct json *j)
{
	static const char *const bools[] = { "false", "true" };
	struct buf text = buf_new(TEXT_MAX);
	struct pyval *v;
	bool yes;
	double d;

	if (json_is_object(j) || json_is_array(j)) {
		v = pyval_new(ps->pool, json_is_array(j) ? PY_LIST : PY_DICT,
		    NULL);
		for (const struct json *k = json_first(j); k != NULL;
		    k = json_next(k)) {
			if (v->kind == PY_LIST)
				pyval_append(ps->pool, v, from_json(ps, k));
			else
				pyval_set(ps->pool, v, json_name(k),
				    from_json(ps, k));
		}
		return v;
	}
	if (json_is_null(j, ""))
		return pyval_new(ps->pool, PY_NONE, NULL);
	if (json_bool(j, "", &yes))
		return pyval_new(ps->pool, PY_BOOL, bools[yes]);
	if (!json_scalar(j, &text))
		v = pyrun_unreadable(ps);
	else
		v = pyval_new(ps->pool, json_num(j, "", &d) ? PY_INT :
		    PY_STRING, pool_strdup(ps->pool, buf_str(&text)));
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return v;
}

static struct pyval *
load_json(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *from = only_arg(a), *v = NULL;
	struct err unseen;
	struct json *j;

	if (from != NULL && from->kind == PY_JSON)
		return pyval_deep_copy(ps->pool, from->value[0]);
	if (from == NULL || from->kind != PY_STRING
	    || has_fraction(from->text))
		return NULL;
	j = json_parse(from->text, strlen(from->text), "", &unseen);
	if (j != NULL)
		v = from_json(ps, j);
	json_free(j);
	return v;
}

static struct pyval *
join_paths(struct pysettings *ps, const struct pyargs *a)
{
	struct buf path = buf_new(TEXT_MAX);
	bool ok = a->named->n == 0 && !a->odd && a->n > 0;

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
	return pyrun_take_text(ps, &path, ok);
}

/* ---- functions by name ---- */

/*
 * Tutor's call after the Mongo settings: both stores are updated from the
 * dict, so that its later changes don't reach them, but changes of
 * MODULESTORE do. What an earlier call put there stays, where this one says
 * nothing.
 */
static struct pyval *
copy_to_stores(struct pysettings *ps, const struct pyargs *a)
{
	struct pyval *doc = pyval_listed(a->named, "doc_store_settings");
	struct pyval *stores = pyval_get(ps->pool, ps->names,
	    PYSETTINGS_STORES);
	struct pyval *into = pyval_get(ps->pool, stores, "DOC_STORE_CONFIG");
	bool plain = doc != NULL && !a->odd && a->n == 1 && a->named->n == 1;

	if (!plain)
		pyrun_taint(ps, a->any, NULL, false);
	if (plain && into != NULL && doc->kind == PY_DICT)
		pyrun_take_all(ps, into, doc);
	else
		pyval_set(ps->pool, stores, "DOC_STORE_CONFIG",
		    pyrun_either(ps, doc, into));
	/* the value may be another name for what the platform has */
	for (size_t i = 0; a->n > 0 && i < a->value[0]->nmay_be; i++)
		pyval_may_be(ps->pool, a->value[0]->may_be[i], stores);
	if (a->n > 0)
		pyval_may_be(ps->pool, a->value[0], stores);
	return pyval_new(ps->pool, PY_NONE, NULL);
}

static struct pyval *
lose(struct pysettings *ps, const struct pyargs *a)
{
	(void)a;
	pyrun_lose_all(ps);
	return pyrun_give_away(ps, ps->names->rest);
}

/* sorted(x, key=f) and the like call f. */
static struct pyval *
order(struct pysettings *ps, const struct pyargs *a)
{
	return a->named->n > 0 ? pyrun_give_away(ps, a->any) : NULL;
}

/* NULL where the value is not known: they only read all the same. */
static const struct function {
	const char *name;
	struct pyval *(*call)(struct pysettings *, const struct pyargs *);
} functions[] = {
	{ "dict", make_dict }, { "list", make_list }, { "tuple", make_tuple },
	{ "str", make_str }, { "int", make_int }, { "bool", make_bool },
	{ "len", count }, { "range", range }, { "copy.copy", copy },
	{ "copy.deepcopy", deep_copy }, { "json.dumps", dump_json },
	{ "json.loads", load_json }, { "os.path.join", join_paths },
	{ "xmodule.modulestore.modulestore_settings."
	    "update_module_store_settings", copy_to_stores },
	{ "update_module_store_settings", copy_to_stores },
	{ "exec", lose }, { "eval", lose }, { "globals", lose },
	{ "locals", lose }, { "vars", lose }, { "setattr", lose },
	{ "delattr", lose }, { "__import__", lose }, { "compile", lose },
	{ "execfile", lose }, { "importlib.import_module", lose },
	{ "sorted", order }, { "min", order }, { "max", order },
	{ "print", NULL }, { "float", NULL }, { "set", NULL },
	{ "frozenset", NULL }, { "isinstance", NULL }, { "hasattr", NULL },
	{ "abs", NULL }, { "round", NULL }, { "repr", NULL }, { "any", NULL },
	{ "all", NULL }, { "sum", NULL }, { "enumerate", NULL },
	{ "zip", NULL }, { "reversed", NULL }, { "super", NULL },
	{ "type", NULL }, { "open", NULL }, { "path", NULL },
	{ "Path", NULL }, { "pathlib.Path", NULL }, { "path.Path", NULL },
	{ "path.path", NULL }, { "os.path.exists", NULL },
	{ "os.path.isfile", NULL }, { "os.path.isdir", NULL },
	{ "os.path.dirname", NULL }, { "os.path.abspath", NULL },
	{ "os.path.basename", NULL }, { "os.path.expanduser", NULL },
	{ "os.makedirs", NULL }, { "os.environ.get", NULL },
	{ "os.getenv", NULL }, { "re.compile", NULL }, { "re.sub", NULL },
	{ "botocore.client.Config", NULL },
	{ "botocore.config.Config", NULL },
	{ "Config", NULL }, { "timedelta", NULL },
	{ "datetime.timedelta", NULL }, { "datetime.datetime.now", NULL },
	{ "warnings.filterwarnings", NULL },
	{ "warnings.simplefilter", NULL }, { "logging.getLogger", NULL },
	{ "_", NULL }, { "gettext", NULL }, { "gettext_lazy", NULL },
	{ "django.utils.translation.gettext", NULL },
	{ "django.utils.translation.gettext_lazy", NULL },
	{ "celery.schedules.crontab", NULL },
};

static const struct function *
find_function(const char *name)
{
	for (size_t i = 0; name != NULL
	    && i < sizeof functions / sizeof *functions; i++)
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	return NULL;
}

/* Methods that leave alone what they belong to. */
static const char *const readers[] = { "get", "items", "keys", "values",
	"index", "count", "copy", "startswith", "endswith", "encode",
	"decode", "split", "rsplit", "splitlines", "lower", "upper",
	"replace", "strip", "lstrip", "rstrip", "join", "format", "exists",
	"is_file", "joinpath", "read", "read_text", "title", "isdigit",
	"removeprefix", "removesuffix", "partition", NULL };

bool
pyrun_only_reads(const char *callee)
{
	static const char *const more[] = { "makedirs", "dirname", "getenv",
	    "loads", "dumps", "deepcopy", "getLogger", NULL };
	const struct function *f = find_function(callee);

	return one_of(callee, readers) || one_of(callee, more)
	    || (f != NULL && f->call != lose && f->call != copy_to_stores);
}

/* Does this name still mean Python's own, or the module that it names? */
static bool
is_trusted(struct pysettings *ps, const char *name)
{
	const struct pyval *v = pyval_listed(ps->names, name);

	if (v == NULL || v->kind == PY_ABSENT)
		return !ps->lost;
	return v->origin != NULL;
}

/* "os.path.join" of what is called, whatever the file calls it; NULL: it is
 * something of this file's own, or may be. */
static const char *
full_name(struct pysettings *ps, const struct pynode *node)
{
	const char *name;
	const struct pyval *v;

	if (node == NULL)
		return NULL;
	if (node->type == PYT_ATTRIBUTE) {
		name = full_name(ps, pynode_field(node, "object"));
		return name == NULL ? NULL : pool_printf(ps->scratch, "%s.%s",
		    name, pyrun_source(ps, pynode_field(node, "attribute")));
	}
	name = pyrun_source(ps, node);
	if (node->type != PYT_IDENTIFIER || !is_trusted(ps, name))
		return NULL;
	v = pyval_listed(ps->names, name);
	return v != NULL && v->origin != NULL ? v->origin : name;
}

/* ---- methods ---- */

static struct pyval *
get(struct pysettings *ps, struct pyval *of, const struct pyargs *a)
{
	const char *key = a->n > 0 && !a->odd ?
	    pyval_key(ps->scratch, a->value[0]) : NULL;
	struct pyval *v;

	if (key == NULL || a->named->n > 0)
		return NULL;
	v = pyval_get(ps->pool, of, key);
	if (v == NULL && of->kind == PY_DICT)
		return a->n > 1 ? a->value[1] :
		    pyval_new(ps->pool, PY_NONE, NULL);
	/* edx-platform may have it or not: not a default of ours */
	return v != NULL && (v->kind == PY_ABSENT
	    || v->kind == PY_UNREADABLE) ? NULL : v;
}

static bool
update(struct pysettings *ps, struct pyval *of, const struct pyargs *a)
{
	if (a->n > 1 || (a->n == 1 && a->value[0]->kind != PY_DICT))
		return false;
	if (a->n == 1)
		pyrun_take_all(ps, of, a->value[0]);
	pyrun_take_all(ps, of, a->named);
	return true;
}

/* Those of dicts; *v is what comes out. false: not known. */
static bool
change_dict(struct pysettings *ps, struct pyval *of, const char *name,
    const struct pyargs *a, struct pyval **v)
{
	const char *key = a->n > 0 ? pyval_key(ps->scratch, a->value[0]) :
	    NULL;
	struct pyval *old = key != NULL ? pyval_listed(of, key) : NULL;

	*v = pyval_new(ps->pool, PY_NONE, NULL);
	if (text_same(name, "update"))
		return update(ps, of, a);
	if (text_same(name, "clear") && a->n == 0
	    && pyval_is_listed(of)) {
		while (of->n > 0)
			pyval_drop(ps->pool, of, of->key[of->n - 1]);
		return true;
	}
	if (key == NULL)
		return false;
	if (text_same(name, "pop")) {
		*v = old != NULL && old->kind != PY_ABSENT ? old :
		    old == NULL && pyval_is_listed(of) && a->n > 1 ?
		    a->value[1] : pyrun_either(ps, a->any, of);
		pyval_drop(ps->pool, of, key);
		return true;
	}
	if (!text_same(name, "setdefault"))
		return false;
	if (old == NULL && pyval_is_listed(of)) {
		old = a->n > 1 ? a->value[1] :
		    pyval_new(ps->pool, PY_NONE, NULL);
		pyrun_set_item(ps, of, key, old);
	}
	if (old == NULL || old->kind == PY_ABSENT
	    || old->kind == PY_UNREADABLE)
		return false;
	*v = old;
	return true;
}

/* list.remove(x), of lists whose entries can be compared. */
static bool
remove_equal(struct pysettings *ps, struct pyval *of, const struct pyval *x)
{
	const char *key = pyval_key(ps->scratch, x), *other;

	for (size_t i = 0; key != NULL && i < of->n; i++) {
		other = pyval_key(ps->scratch, of->value[i]);
		if (other == NULL)
			return false;
		if (strcmp(key, other) == 0) {
			pyval_remove(of, i);
			return true;
		}
	}
	return false;
}

/* Those of lists. */
static bool
change_list(struct pysettings *ps, struct pyval *of, const char *name,
    const struct pyargs *a, struct pyval **v)
{
	struct pyval *first = a->n > 0 ? a->value[0] : NULL, *items;
	struct pyval last = { .kind = PY_INT, .text = "-1" };
	size_t i, n;

	*v = pyval_new(ps->pool, PY_NONE, NULL);
	if (of->fixed || a->named->n > 0)
		return false;
	if (text_same(name, "append") && a->n == 1) {
		pyval_append(ps->pool, of, first);
		return true;
	}
	if (text_same(name, "extend") && a->n == 1) {
		items = pyrun_items(ps, first);
		n = items != NULL ? items->n : 0;	/* it may be `of` */
		for (i = 0; i < n; i++)
			pyval_append(ps->pool, of, items->value[i]);
		return items != NULL;
	}
	if (text_same(name, "insert") && a->n == 2) {
		if (text_same(first->text, "0") && first->kind == PY_INT)
			pyval_insert(ps->pool, of, 0, a->value[1]);
		else if (pyrun_index(of, first, &i))
			pyval_insert(ps->pool, of, i, a->value[1]);
		else
			return false;
		return true;
	}
	if (text_same(name, "pop") && a->n <= 1
	    && pyrun_index(of, a->n == 1 ? first : &last, &i)) {
		*v = of->value[i];
		pyval_remove(of, i);
		return true;
	}
	if (text_same(name, "clear") && a->n == 0) {
		of->n = 0;
		return true;
	}
	return text_same(name, "remove") && a->n == 1
	    && remove_equal(ps, of, first);
}

/* A method that changes what it belongs to. */
static struct pyval *
change(struct pysettings *ps, struct pyval *of, const char *name,
    const struct pyargs *a)
{
	struct pyval *v;
	bool known = ps->maybe == 0 && !a->odd
	    && of->kind != PY_UNREADABLE && of->nmay_be == 0;

	if (known && of->kind == PY_LIST
	    && change_list(ps, of, name, a, &v))
		return v;
	if (known && (of->kind == PY_DICT || of->kind == PY_ABSENT)
	    && change_dict(ps, of, name, a, &v))
		return v;
	for (size_t i = 0; i < a->n; i++)
		pyrun_use(ps, a->value[i]);
	pyrun_taint(ps, of, a->any, true);
	return pyrun_either(ps, of, a->any);
}

static struct pyval *
view(struct pysettings *ps, struct pyval *of, const char *name)
{
	struct pyval *v = pyrun_either(ps, of, NULL);

	if (of->kind == PY_DICT && of->nmay_be == 0)
		v->view = text_same(name, "items") ? PYVIEW_ITEMS :
		    text_same(name, "keys") ? PYVIEW_KEYS : PYVIEW_VALUES;
	return v;
}

static struct pyval *
read_from(struct pysettings *ps, struct pyval *of, const char *name,
    const struct pyargs *a)
{
	struct pyval *v = NULL;

	if (text_same(name, "get"))
		v = get(ps, of, a);
	else if (a->n == 0 && text_same(name, "copy")
	    && (of->kind == PY_DICT || of->kind == PY_LIST) && !of->fixed)
		v = pyval_copy(ps->pool, of);
	else if (a->n == 0 && (text_same(name, "items")
	    || text_same(name, "keys") || text_same(name, "values")))
		v = view(ps, of, name);
	return v != NULL ? v : pyrun_either(ps, only_read(ps, a), of);
}

static struct pyval *
method(struct pysettings *ps, struct pyval *of, const char *name,
    const struct pyargs *a)
{
	static const char *const changers[] = { "append", "extend", "insert",
	    "remove", "pop", "popitem", "clear", "update", "setdefault",
	    "sort", "reverse", "add", "discard", NULL };
	struct pyval *v = NULL;

	if (ps->codes && (pyrun_is_wild(ps, a->any)
	    || (of->kind == PY_UNREADABLE && pyrun_is_wild(ps, of)))) {
		pyval_may_be(ps->pool, a->any, of);
		return pyrun_give_away(ps, a->any);
	}
	if (of->kind == PY_STRING && !a->odd)
		v = pyrun_string_method(ps, of, name, a);
	if (v != NULL || pyval_is_scalar(of) || of->kind == PY_JSON)
		return v != NULL ? v : only_read(ps, a);
	if (!of->opaque && one_of(name, readers))
		return read_from(ps, of, name, a);
	if (!of->opaque && one_of(name, changers))
		return change(ps, of, name, a);
	pyval_may_be(ps->pool, a->any, of);
	return pyrun_give_away(ps, a->any);
}

/* ---- calls ---- */

struct pyval *
pyrun_apply(struct pysettings *ps, struct pyval *f, struct pyval *arg)
{
	struct pyval *any = pyrun_either(ps, f, arg);

	if (pyrun_is_wild(ps, f))
		return pyrun_run_code(ps, f, any);
	return pyrun_give_away(ps, any);
}

static struct pyval *
call_known(struct pysettings *ps, const struct function *f,
    const struct pyargs *a)
{
	struct pyval *v = NULL;

	if (ps->codes && f->call != lose && pyrun_is_wild(ps, a->any))
		return pyrun_give_away(ps, a->any);
	if (f->call != NULL)
		v = f->call(ps, a);
	return v != NULL ? v : only_read(ps, a);
}

/* dict.update(x, ..), str.join(..): the type's own functions. */
static bool
is_type(const char *name)
{
	static const char *const types[] = { "dict", "list", "str", "tuple",
	    "set", "object", "type", "bytes", "int", NULL };

	return name != NULL && one_of(name, types);
}

/* One that this file, or nobody, knows. of: what is called, or has it. */
static struct pyval *
call_other(struct pysettings *ps, struct pyval *of, const struct pyargs *a)
{
	pyval_may_be(ps->pool, a->any, of);
	if (ps->codes && pyrun_is_wild(ps, of))
		return pyrun_run_code(ps, of, a->any);
	return pyrun_give_away(ps, a->any);
}

struct pyval *
pyrun_call(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *callee = pynode_field(node, "function");
	const struct pynode *object = pynode_field(callee, "object");
	const struct pynode *last = object != NULL ?
	    pynode_field(callee, "attribute") : callee;
	const char *name = pyrun_source(ps, last);
	const struct function *f = find_function(full_name(ps, callee));
	struct pyargs a = { 0 };
	struct pyval *of;

	if (f != NULL) {
		read_args(ps, pynode_field(node, "arguments"), name, &a);
		return call_known(ps, f, &a);
	}
	if (text_starts(name, "_"))
		object = NULL;
	of = pyrun_value(ps, object != NULL ? object : callee);
	read_args(ps, pynode_field(node, "arguments"), name, &a);
	if (object != NULL && of->origin == NULL
	    && !is_type(full_name(ps, object)))
		return method(ps, of, name, &a);
	return call_other(ps, of, &a);
}
