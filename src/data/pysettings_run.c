/*
 * pysettings_run - Python statements, one after another.
 *
 * What stands within a condition, a try or a with is run once as "maybe":
 * what it assigns becomes unreadable, and what it changes too. The few
 * constructs of Tutor's own files that change nothing we read are known.
 */
#include "data/pysettings_run.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* ---- assignments ---- */

/* What a name or entry becomes: within a condition, nobody knows. */
static struct pyval *
surely(struct pysettings *ps, struct pyval *value, struct pyval *old)
{
	if (ps->maybe == 0)
		return pyrun_known(ps, value);
	return pyrun_either(ps, value, old);
}

void
pyrun_set_item(struct pysettings *ps, struct pyval *of, const char *key,
    struct pyval *value)
{
	bool known = (of->kind == PY_DICT || of->kind == PY_ABSENT)
	    && of->nmay_be == 0 && !of->opaque && !of->all;
	struct pyval *aliases;

	value = surely(ps, value, pyval_listed(of, key));
	if (!known) {
		/* what is changed under another name; not by our own name */
		aliases = pyrun_either(ps, of, NULL);
		aliases->code = of->code != NULL && of->code->is_class ?
		    of->code : NULL;
		aliases->may_be = of->may_be;
		aliases->nmay_be = aliases->room_may_be = of->nmay_be;
		pyrun_taint(ps, aliases, value, false);
	}
	pyval_set(ps->pool, of, key, value);
}

static void
set_name(struct pysettings *ps, const char *name, struct pyval *value)
{
	value = surely(ps, value, pyval_listed(ps->names, name));
	pyval_set(ps->pool, ps->names, name, value);
	ps->assigned = true;
}

/* of[key] = value; key NULL: a slice, or several. */
static void
set_at(struct pysettings *ps, struct pyval *of, struct pyval *key,
    struct pyval *value)
{
	const char *text = key != NULL ? pyval_key(ps->scratch, key) : NULL;
	size_t i;

	if (key != NULL && of->kind == PY_LIST && !of->fixed
	    && pyrun_index(of, key, &i))
		of->value[i] = surely(ps, value, of->value[i]);
	else if (text != NULL && of->kind != PY_LIST
	    && (key->kind == PY_STRING || pyval_is_listed(of)))
		pyrun_set_item(ps, of, text, value);
	else
		pyrun_taint(ps, of, value, true);
}

/* The parts of a subscript; key NULL: it is none that can be told. */
static struct pyval *
read_place(struct pysettings *ps, const struct pynode *target,
    struct pyval **key)
{
	struct pyval *of = pyrun_value(ps, pynode_field(target, "value"));
	const struct pynode *part;
	size_t at = 0;

	*key = NULL;
	pynode_next(target, &at);
	while ((part = pynode_next(target, &at)) != NULL)
		*key = pyrun_value(ps, part);
	if (pynode_count(target) != 2
	    || pynode_field(target, "subscript")->type == PYT_SLICE)
		*key = NULL;
	return of;
}

static void
set_subscript(struct pysettings *ps, const struct pynode *target,
    struct pyval *value)
{
	struct pyval *key, *of = read_place(ps, target, &key);

	set_at(ps, of, key, value);
}

/* a, b = ...: each may be anything of it. */
static void
set_several(struct pysettings *ps, const struct pynode *target,
    struct pyval *value)
{
	struct pyval *items = pyrun_items(ps, value), *any;
	const struct pynode *part;
	size_t at = 0, i = 0, n = pynode_count(target);
	bool splat = false;

	while ((part = pynode_next(target, &at)) != NULL)
		splat = splat || part->type == PYT_SPLAT_PATTERN;
	any = pyrun_either(ps, value, NULL);
	if (items == NULL)
		pyrun_use(ps, value);
	for (size_t k = 0; items != NULL && k < items->n; k++)
		pyval_may_be(ps->pool, any, items->value[k]);
	for (at = 0; (part = pynode_next(target, &at)) != NULL; i++)
		pyrun_assign(ps, part, items != NULL && !splat
		    && items->n == n ? items->value[i] :
		    pyrun_either(ps, any, NULL));
}

void
pyrun_assign(struct pysettings *ps, const struct pynode *target,
    struct pyval *value)
{
	switch (target->type) {
	case PYT_IDENTIFIER:
		set_name(ps, pyrun_source(ps, target), value);
		return;
	case PYT_SUBSCRIPT:
		set_subscript(ps, target, value);
		return;
	case PYT_ATTRIBUTE:
		pyrun_taint(ps, pyrun_value(ps, pynode_field(target,
		    "object")), value, false);
		return;
	case PYT_PATTERN_LIST: case PYT_TUPLE_PATTERN: case PYT_LIST_PATTERN:
	case PYT_EXPRESSION_LIST: case PYT_TUPLE: case PYT_LIST:
		set_several(ps, target, value);
		return;
	case PYT_SPLAT_PATTERN: case PYT_LIST_SPLAT:
		pyrun_assign(ps, pynode_nth(target, 0),
		    pyrun_either(ps, value, NULL));
		return;
	case PYT_PARENTHESIZED: case PYT_AS_PATTERN_TARGET:
		if (pynode_nth(target, 0) != NULL)
			pyrun_assign(ps, pynode_nth(target, 0), value);
		return;
	default:
		pyrun_lose_all(ps);
	}
}

/* Where a part of it is: as it stands there, before its own parts are run
 * again to be assigned to. */
static struct pyval *
assignment(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *right = pynode_field(node, "right");
	const struct pynode *type = pynode_field(node, "type");
	struct pyval *value;

	if (type != NULL)
		pyrun_value(ps, type);
	if (right == NULL)
		return pyrun_unreadable(ps);	/* x: str */
	while (right->type == PYT_ASSIGNMENT)
		right = pynode_field(right, "right");
	value = pyrun_value(ps, right);
	/* a = a.b = c: the first target first */
	for (; node != right; node = pynode_field(node, "right"))
		pyrun_assign(ps, pynode_field(node, "left"), value);
	return value;
}

/* x += more in place, of lists and dicts. */
static bool
grow(struct pysettings *ps, const char *op, struct pyval *old,
    struct pyval *more)
{
	struct pyval *items;
	size_t n;

	if (ps->maybe > 0 || old->nmay_be > 0)
		return false;
	if (strcmp(op, "|=") == 0 && old->kind == PY_DICT
	    && more->kind == PY_DICT && pyval_is_listed(more)) {
		pyrun_take_all(ps, old, more);
		return true;
	}
	if (strcmp(op, "+=") != 0 || old->kind != PY_LIST || old->fixed)
		return false;
	items = pyrun_items(ps, more);
	n = items != NULL ? items->n : 0;	/* it may be itself */
	for (size_t i = 0; i < n; i++)
		pyval_append(ps->pool, old, items->value[i]);
	return items != NULL;
}

/* What `old op= more` is, where old is left alone or changed in place. */
static struct pyval *
grown(struct pysettings *ps, const char *op, struct pyval *old,
    struct pyval *more)
{
	if (grow(ps, op, old, more))
		return old;
	if (pyval_is_scalar(old) || old->fixed)
		return pyrun_binary(ps, pool_strndup(ps->scratch, op,
		    strlen(op) - 1), old, more);
	pyrun_use(ps, more);
	pyrun_taint(ps, old, more, true);
	return pyrun_either(ps, old, more);
}

static void
augmented(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *left = pynode_field(node, "left");
	const struct pynode *right = pynode_field(node, "right");
	const char *op = pynode_field(node, "operator")->kind;
	struct pyval *of, *key = NULL, *old;

	if (left->type != PYT_SUBSCRIPT) {
		old = pyrun_value(ps, left);
		pyrun_assign(ps, left, grown(ps, op, old,
		    pyrun_value(ps, right)));
		return;
	}
	/* once, though it is read and written */
	of = read_place(ps, left, &key);
	old = key != NULL ? pyrun_item(ps, of, key) :
	    pyrun_either(ps, of, NULL);
	set_at(ps, of, key, grown(ps, op, old, pyrun_value(ps, right)));
}

static void
delete_one(struct pysettings *ps, const struct pynode *target)
{
	struct pyval *of, *key;
	const char *text;
	size_t i;

	if (target->type == PYT_IDENTIFIER) {
		set_name(ps, pyrun_source(ps, target),
		    pyrun_unreadable(ps));
		return;
	}
	if (target->type != PYT_SUBSCRIPT) {
		pyrun_assign(ps, target, pyrun_unreadable(ps));
		return;
	}
	of = read_place(ps, target, &key);
	text = key != NULL ? pyval_key(ps->scratch, key) : NULL;
	if (ps->maybe == 0 && text != NULL && of->kind == PY_DICT
	    && of->nmay_be == 0)
		pyval_drop(ps->pool, of, text);
	else if (ps->maybe == 0 && key != NULL && !of->fixed
	    && pyrun_index(of, key, &i))
		pyval_remove(of, i);
	else
		pyrun_taint(ps, of, NULL, true);
}

static void
delete(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *target;
	size_t at = 0;

	while ((target = pynode_next(node, &at)) != NULL)
		if (target->type == PYT_EXPRESSION_LIST
		    || target->type == PYT_TUPLE
		    || target->type == PYT_LIST
		    || target->type == PYT_PARENTHESIZED)
			delete(ps, target);
		else
			delete_one(ps, target);
}

/* ---- imports ---- */

bool
pyrun_is_platform(const char *module)
{
	static const char *const known[] = { "lms.envs", "cms.envs",
	    "openedx.envs", ".", NULL };

	for (const char *const *k = known; *k != NULL; k++)
		if (text_starts(module, *k))
			return true;
	return text_same(module, "lms") || text_same(module, "cms");
}

/* Modules of Python's that keep nothing of what they are given. */
static bool
is_inert(const char *origin)
{
	static const char *const known[] = { "os", "os.path", "json", "copy",
	    "re", "datetime", "warnings", "logging", "pathlib", "sys",
	    "copy.deepcopy", "copy.copy", "os.environ", NULL };

	for (const char *const *k = known; *k != NULL; k++)
		if (strcmp(origin, *k) == 0)
			return true;
	return false;
}

/* One imported name; module NULL: it is a module itself. */
static void
bind(struct pysettings *ps, const char *module, const struct pynode *name)
{
	const struct pynode *alias = pynode_field(name, "alias");
	const char *what = pyrun_source(ps, alias != NULL ?
	    pynode_field(name, "name") : name);
	struct pyval *v = pyrun_unreadable(ps);
	const char *as = alias != NULL ? pyrun_source(ps, alias) :
	    pool_strndup(ps->scratch, what, strcspn(what, "."));
	bool assigned = ps->assigned;

	if (module == NULL && alias == NULL)
		what = as;	/* import os.path gives os */
	v->opaque = true;
	v->origin = module == NULL ? pool_strdup(ps->pool, what) :
	    pool_printf(ps->pool, "%s.%s", module, what);
	v->inert = is_inert(v->origin);
	if (pyrun_is_platform(module != NULL ? module : what)) {
		v->all = module == NULL || text_same(what, "production")
		    || text_same(what, "common") || text_same(what, "envs");
		ps->codes = ps->codes || v->all;
		pyval_may_be(ps->pool, v, pyval_listed(ps->names, what));
	}
	set_name(ps, as, v);
	ps->assigned = assigned;
}

/* `from x import *`: the first from edx-platform's production.py gives what
 * the YAML says, and its own. Any other may bring any name. */
static void
import_all(struct pysettings *ps, const char *module)
{
	bool first = !ps->star && !ps->assigned && ps->maybe == 0
	    && (text_same(module, "lms.envs.production")
	    || text_same(module, "cms.envs.production")
	    || text_same(module, "..production"));

	if (!first)
		pyrun_lose_all(ps);
	ps->star = true;
}

static void
import(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *from = pynode_field(node, "module_name"), *name;
	const char *module = from != NULL ? pyrun_source(ps, from) : NULL;
	size_t at = 0;

	while ((name = pynode_next(node, &at)) != NULL)
		if (name->type == PYT_WILDCARD_IMPORT)
			import_all(ps, module);
		else if (name != from)
			bind(ps, module, name);
}

/* ---- Tutor's own constructs ---- */

/* Does the statement's text say exactly this, blanks aside? */
static bool
reads(struct pysettings *ps, const struct pynode *node, const char *want)
{
	for (size_t at = node->start; at < node->end; at++) {
		char c = ps->text[at];

		if (strchr(" \t\n", c) != NULL)
			continue;
		if (c == '\'')
			c = '"';
		if (*want == '\0' || c != *want++)
			return false;
	}
	return *want == '\0';
}

/* Tutor's loop, which writes only where courses lie on disk. */
static bool
is_store_loop(struct pysettings *ps, const struct pynode *node)
{
	return node->type == PYT_FOR && reads(ps, node,
	    "forstoreinMODULESTORE[\"default\"][\"OPTIONS\"][\"stores\"]:"
	    "store[\"OPTIONS\"][\"fs_root\"]=DATA_DIR");
}

/* Verawood's beginning: from there FEATURES["X"] is the setting X. */
static bool
is_features_proxy(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *body = pynode_field(node, "body"), *from;

	if (node->type != PYT_TRY || body == NULL || pynode_count(body) != 2)
		return false;
	from = pynode_field(pynode_nth(body, 0), "module_name");
	return from != NULL && text_ends(pyrun_source(ps, from),
	    "features_setting_proxy") && reads(ps, pynode_nth(body, 1),
	    "FEATURES=FeaturesProxy(globals())");
}

/* What the YAML gave to one of the two is in both: they are one dict. */
static void
flatten_features(struct pysettings *ps)
{
	struct pyval *features = pyrun_name(ps, "FEATURES");

	for (size_t i = 0; features->kind == PY_DICT && i < features->n; i++)
		pyval_set(ps->pool, ps->names, features->key[i],
		    features->value[i]);
	pyval_set(ps->pool, ps->names, "FEATURES", ps->names);
}

/* ---- blocks ---- */

/* if, elif: the branch that the test chooses; both, maybe, if it is not
 * known. alternative: which of those that follow is next. */
static void
run_branches(struct pysettings *ps, const struct pynode *first,
    const struct pynode *whole, size_t alternative)
{
	const struct pynode *next = NULL;
	struct pyval *test;
	size_t seen = 0;
	int truth;

	for (size_t i = 0; i < whole->n && next == NULL; i++)
		if (strcmp(whole->child[i]->field, "alternative") == 0
		    && whole->child[i]->type != PYT_COMMENT
		    && seen++ == alternative)
			next = whole->child[i];
	if (first->type == PYT_ELSE) {
		pyrun_block(ps, first);
		return;
	}
	test = pyrun_value(ps, pynode_field(first, "condition"));
	pyrun_use(ps, test);
	truth = pyval_truth(test);
	ps->maybe += truth == -1;
	if (truth != 0)
		pyrun_block(ps, pynode_field(first, "consequence"));
	if (truth != 1 && next != NULL)
		run_branches(ps, next, whole, alternative + 1);
	ps->maybe -= truth == -1;
}

static void
run_if(struct pysettings *ps, const struct pynode *node)
{
	run_branches(ps, node, node, 0);
}

/* `x as y`: whatever entering it gives. */
static void
run_as(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *target = pynode_nth(node, 1);
	struct pyval *of = pyrun_value(ps, pynode_nth(node, 0)), *v;

	v = pyrun_either(ps, of, NULL);
	v->opaque = true;
	if (of->opaque || of->nmay_be > 0)
		pyrun_taint(ps, of, of, false);
	if (target != NULL)
		pyrun_assign(ps, target, v);
}

/* try, with, and their clauses: everything in them, maybe. */
static void
maybe(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *child;
	size_t at = 0;

	ps->maybe++;
	while ((child = pynode_next(node, &at)) != NULL) {
		switch (child->type) {
		case PYT_BLOCK:
			pyrun_block(ps, child);
			break;
		case PYT_AS_PATTERN:
			run_as(ps, child);
			break;
		case PYT_EXCEPT: case PYT_EXCEPT_GROUP: case PYT_ELSE:
		case PYT_FINALLY: case PYT_WITH_CLAUSE: case PYT_WITH_ITEM:
			maybe(ps, child);
			break;
		default:
			pyrun_use(ps, pyrun_value(ps, child));
		}
	}
	ps->maybe--;
}

static void
run_with(struct pysettings *ps, const struct pynode *node)
{
	maybe(ps, node);
}

static void
run_for(struct pysettings *ps, const struct pynode *node)
{
	if (!is_store_loop(ps, node))
		pyrun_for(ps, node);
}

static void
run_try(struct pysettings *ps, const struct pynode *node)
{
	if (is_features_proxy(ps, node))
		flatten_features(ps);
	else
		maybe(ps, node);
}

/* Its patterns bind names in many ways. */
static void
run_match(struct pysettings *ps, const struct pynode *node)
{
	pyrun_blunt(ps, node, NULL);
}

/* ---- definitions ---- */

/* What runs where a function or class is defined: defaults and bases. */
static void
run_head(struct pysettings *ps, const struct pynode *node, struct pyval *v)
{
	const struct pynode *parameters = pynode_field(node, "parameters");
	const struct pynode *bases = pynode_field(node, "superclasses");
	const struct pynode *child;
	size_t at = 0;

	while (parameters != NULL
	    && (child = pynode_next(parameters, &at)) != NULL) {
		if (pynode_field(child, "type") != NULL)
			pyrun_value(ps, pynode_field(child, "type"));
		if (pynode_field(child, "value") != NULL)
			pyval_may_be(ps->pool, v, pyrun_value(ps,
			    pynode_field(child, "value")));
	}
	if (pynode_field(node, "return_type") != NULL)
		pyrun_value(ps, pynode_field(node, "return_type"));
	at = 0;
	while (bases != NULL && (child = pynode_next(bases, &at)) != NULL) {
		if (child->type == PYT_KEYWORD_ARGUMENT)
			child = pynode_field(child, "value");
		/* of a class of this file: that may have a say */
		pyrun_use(ps, pyrun_value(ps, child));
	}
}

/* The value of what a function or class statement defines. */
static struct pyval *
define(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v = pyrun_new_code(ps, node);

	run_head(ps, node, v);
	if (node->type == PYT_CLASS) {
		/* what its body has got hold of */
		pyval_may_be(ps->pool, v,
		    pyrun_class_body(ps, pynode_field(node, "body")));
	}
	return v;
}

static void
definition(struct pysettings *ps, const struct pynode *node)
{
	set_name(ps, pyrun_source(ps, pynode_field(node, "name")),
	    define(ps, node));
}

/* A decorator is called with what it stands before, the last one first. */
static void
decorated(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *what = pynode_field(node, "definition"), *child;
	struct pyval *v = define(ps, what);

	for (size_t i = node->n; i-- > 0; ) {
		child = node->child[i];
		if (child->type == PYT_DECORATOR)
			v = pyrun_apply(ps, pyrun_value(ps,
			    pynode_nth(child, 0)), v);
	}
	set_name(ps, pyrun_source(ps, pynode_field(what, "name")), v);
}

/* ---- simple statements ---- */

static void
expression(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *child;
	size_t at = 0;

	while ((child = pynode_next(node, &at)) != NULL)
		if (child->type == PYT_ASSIGNMENT)
			assignment(ps, child);
		else if (child->type == PYT_AUGMENTED)
			augmented(ps, child);
		else
			pyrun_value(ps, child);
}

static void
nothing(struct pysettings *ps, const struct pynode *node)
{
	(void)ps;
	(void)node;
}

static void
assertion(struct pysettings *ps, const struct pynode *node)
{
	pyrun_use(ps, pyrun_value(ps, pynode_nth(node, 0)));
}

/* The platform runs with this file, so that nothing was raised here; but
 * what surely raises was caught by what nobody knows. */
static void
leave(struct pysettings *ps, const struct pynode *node)
{
	(void)node;
	if (ps->maybe == 0)
		pyrun_lose_all(ps);
}

static void
anything(struct pysettings *ps, const struct pynode *node)
{
	(void)node;
	pyrun_lose_all(ps);
}

void
pyrun_statement(struct pysettings *ps, const struct pynode *node)
{
	static void (*const run[])(struct pysettings *,
	    const struct pynode *) = {
		[PYT_COMMENT] = nothing, [PYT_PASS] = nothing,
		[PYT_GLOBAL] = nothing, [PYT_BREAK] = nothing,
		[PYT_CONTINUE] = nothing, [PYT_FUTURE_IMPORT] = nothing,
		[PYT_EXPRESSION] = expression, [PYT_IMPORT] = import,
		[PYT_IMPORT_FROM] = import, [PYT_DELETE] = delete,
		[PYT_IF] = run_if, [PYT_FOR] = run_for,
		[PYT_WHILE] = pyrun_while, [PYT_TRY] = run_try,
		[PYT_WITH] = run_with, [PYT_FUNCTION] = definition,
		[PYT_CLASS] = definition, [PYT_DECORATED] = decorated,
		[PYT_RAISE] = leave, [PYT_RETURN] = leave,
		[PYT_ASSERT] = assertion, [PYT_MATCH] = run_match,
	};
	const struct pynode *outer = ps->statement;

	/* a condition's statements are shown by themselves */
	ps->statement = node;
	if (node->type < sizeof run / sizeof *run && run[node->type] != NULL)
		run[node->type](ps, node);
	else
		anything(ps, node);
	ps->statement = outer;
}
