/*
 * pysettings_run - Python statements, one after another.
 *
 * What stands within a condition, a loop, a try or a with is run once as
 * "maybe": what it assigns becomes unreadable, and what it changes too. The
 * few constructs of Tutor's own files that change nothing we read are known.
 */
#include "data/pysettings_run.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static void assign(struct pysettings *, TSNode target, struct pyval *);

/* ---- assignments ---- */

/* What a name or entry becomes: within a condition, nobody knows. */
static struct pyval *
surely(struct pysettings *ps, struct pyval *value, struct pyval *old)
{
	struct pyval *v;

	if (ps->maybe == 0)
		return pyrun_known(ps, value);
	v = pyrun_unreadable(ps);
	pyval_may_be(ps->pool, v, value);
	pyval_may_be(ps->pool, v, old);
	return v;
}

static bool
is_features(struct pysettings *ps, const struct pyval *container)
{
	return ps->flat && container == pyval_listed(ps->names, "FEATURES");
}

void
pyrun_set_item(struct pysettings *ps, struct pyval *container,
    const char *key, struct pyval *value)
{
	value = surely(ps, value, pyval_listed(container, key));
	/* what is changed under another name, and has no blame of its own */
	for (size_t i = 0; *container->why == '\0' && i < container->nmay_be;
	    i++)
		pyval_taint(ps->pool, container->may_be[i], pyrun_why(ps),
		    false);
	pyval_set(ps->pool, container, key, value);
	if (is_features(ps, container))
		pyval_set(ps->pool, ps->names, key, value);
}

static void
set_name(struct pysettings *ps, const char *name, struct pyval *value)
{
	struct pyval *features;

	if (ps->in_class)
		return;		/* a name of the class, not of the file */
	value = surely(ps, value, pyval_listed(ps->names, name));
	pyval_set(ps->pool, ps->names, name, value);
	features = ps->flat ? pyval_listed(ps->names, "FEATURES") : NULL;
	if (features != NULL && !text_same(name, "FEATURES"))
		pyval_set(ps->pool, features, name, value);
}

static void
set_subscript(struct pysettings *ps, TSNode target, struct pyval *value)
{
	struct pyval *of = pyrun_value(ps, pyrun_field(target, "value"));
	struct pyval *key = pyrun_value(ps,
	    pyrun_field(target, "subscript"));

	if (key->kind != PY_STRING || of->kind == PY_LIST
	    || ts_node_named_child_count(target) != 2)
		pyval_taint(ps->pool, of, pyrun_why(ps), true);
	else
		pyrun_set_item(ps, of, key->text, value);
}

/* a, b = ...: each may be anything of it. */
static void
set_several(struct pysettings *ps, TSNode target, struct pyval *value)
{
	uint32_t n = ts_node_named_child_count(target);

	for (uint32_t i = 0; i < n; i++) {
		struct pyval *part = pyrun_unreadable(ps);

		pyval_may_be(ps->pool, part, value);
		if (value->kind == PY_LIST && value->n == n)
			part = value->value[i];
		else if (value->kind == PY_LIST)
			for (size_t k = 0; k < value->n; k++)
				pyval_may_be(ps->pool, part,
				    value->value[k]);
		assign(ps, ts_node_named_child(target, i), part);
	}
}

static void
assign(struct pysettings *ps, TSNode target, struct pyval *value)
{
	if (pyrun_is(target, "identifier"))
		set_name(ps, pyrun_source(ps, target), value);
	else if (pyrun_is(target, "subscript"))
		set_subscript(ps, target, value);
	else if (pyrun_is(target, "attribute"))
		pyval_taint(ps->pool, pyrun_value(ps,
		    pyrun_field(target, "object")), pyrun_why(ps), false);
	else
		set_several(ps, target, value);
}

static struct pyval *
assignment(struct pysettings *ps, TSNode node)
{
	TSNode right = pyrun_field(node, "right");
	struct pyval *value;

	if (ts_node_is_null(right))
		return NULL;	/* x: str */
	value = pyrun_is(right, "assignment") ? assignment(ps, right) :
	    pyrun_value(ps, right);
	if (value == NULL)
		value = pyrun_unreadable(ps);
	assign(ps, pyrun_field(node, "left"), value);
	return value;
}

/* x += more, on what can be read; lists grow in place. */
static void
augmented(struct pysettings *ps, TSNode node)
{
	TSNode left = pyrun_field(node, "left");
	struct pyval *old = pyrun_value(ps, left);
	struct pyval *more = pyrun_value(ps, pyrun_field(node, "right"));
	const char *op = pyrun_source(ps, pyrun_field(node, "operator"));
	struct pyval *v;

	if (ps->maybe == 0 && text_same(op, "+=") && old->kind == PY_LIST
	    && more->kind == PY_LIST) {
		for (size_t i = 0; i < more->n; i++)
			pyval_append(ps->pool, old, more->value[i]);
		return;
	}
	if (ps->maybe == 0 && text_same(op, "|=") && old->kind == PY_DICT
	    && more->kind == PY_DICT && more->rest == NULL) {
		for (size_t i = 0; i < more->n; i++)
			pyrun_set_item(ps, old, more->key[i],
			    more->value[i]);
		return;
	}
	if (text_same(op, "+=") && old->kind == PY_STRING
	    && more->kind == PY_STRING) {
		v = pyval_new(ps->pool, PY_STRING, pool_printf(ps->pool,
		    "%s%s", old->text, more->text));
	} else {
		pyval_taint(ps->pool, old, pyrun_why(ps), true);
		v = pyrun_unreadable(ps);
		pyval_may_be(ps->pool, v, old);
		pyval_may_be(ps->pool, v, more);
	}
	assign(ps, left, v);
}

static void
delete(struct pysettings *ps, TSNode node)
{
	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++) {
		TSNode target = ts_node_named_child(node, i);
		struct pyval *of, *key;

		if (pyrun_is(target, "expression_list")) {
			delete(ps, target);
			continue;
		}
		if (!pyrun_is(target, "subscript")) {
			assign(ps, target, pyrun_unreadable(ps));
			continue;
		}
		of = pyrun_value(ps, pyrun_field(target, "value"));
		key = pyrun_value(ps, pyrun_field(target, "subscript"));
		if (ps->maybe == 0 && key->kind == PY_STRING
		    && of->kind == PY_DICT)
			pyval_drop(ps->pool, of, key->text);
		else
			assign(ps, target, pyrun_unreadable(ps));
	}
}

/* ---- imports ---- */

static void
bind(struct pysettings *ps, TSNode name)
{
	TSNode alias = pyrun_field(name, "alias");
	const char *text = pyrun_source(ps,
	    ts_node_is_null(alias) ? name : alias);

	set_name(ps, pool_strndup(ps->pool, text, strcspn(text, ".")),
	    pyrun_unreadable(ps));
}

/* edx-platform's own modules; of all others `*` may bring any name. */
static bool
is_platform(const char *module)
{
	static const char *const known[] = { "lms.envs.", "cms.envs.",
	    "openedx.envs.", "..", ".common", ".production", NULL };

	for (const char *const *k = known; *k != NULL; k++)
		if (text_starts(module, *k))
			return true;
	return false;
}

static void
import(struct pysettings *ps, TSNode node)
{
	TSNode module = pyrun_field(node, "module_name");

	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++) {
		TSNode name = ts_node_named_child(node, i);

		if (!ts_node_is_null(module) && ts_node_eq(name, module))
			continue;
		if (pyrun_is(name, "wildcard_import")) {
			/* a second one may put names back */
			if (!ps->star && is_platform(pyrun_source(ps, module)))
				ps->star = true;
			else
				pyrun_lose_all(ps);
		} else {
			bind(ps, name);
		}
	}
}

/* ---- blocks ---- */

static void
block(struct pysettings *ps, TSNode node)
{
	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++)
		pyrun_statement(ps, ts_node_named_child(node, i));
}

/* Does the statement's text say exactly this, blanks aside? */
static bool
reads(struct pysettings *ps, TSNode node, const char *want)
{
	size_t at = ts_node_start_byte(node), end = ts_node_end_byte(node);

	for (; at < end; at++) {
		char c = ps->text[at];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
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
is_store_loop(struct pysettings *ps, TSNode node)
{
	return reads(ps, node, "forstoreinMODULESTORE[\"default\"]"
	    "[\"OPTIONS\"][\"stores\"]:"
	    "store[\"OPTIONS\"][\"fs_root\"]=DATA_DIR");
}

/* Verawood's beginning: from there FEATURES["X"] is the setting X. */
static bool
is_features_proxy(struct pysettings *ps, TSNode node)
{
	TSNode body = pyrun_field(node, "body");
	TSNode first, second, module;

	if (!pyrun_is(node, "try_statement")
	    || ts_node_named_child_count(body) != 2)
		return false;
	first = ts_node_named_child(body, 0);
	second = ts_node_named_child(body, 1);
	module = pyrun_field(first, "module_name");
	if (ts_node_is_null(module)
	    || !text_ends(pyrun_source(ps, module),
	    "features_setting_proxy"))
		return false;
	return reads(ps, second, "FEATURES=FeaturesProxy(globals())");
}

/* What the YAML gave to one of the two is in both. */
static void
flatten_features(struct pysettings *ps)
{
	struct pyval *features = pyrun_name(ps, "FEATURES");
	struct pyval *names = ps->names;

	pyval_get(ps->pool, features, "");
	ps->flat = true;
	for (size_t i = 0; i < names->n; i++)
		if (!text_same(names->key[i], "FEATURES")
		    && pyval_listed(features, names->key[i]) == NULL)
			pyval_set(ps->pool, features, names->key[i],
			    names->value[i]);
	for (size_t i = 0; i < features->n; i++)
		if (*features->key[i] != '\0')
			pyval_set(ps->pool, names, features->key[i],
			    features->value[i]);
}

void
pyrun_bind_loop(struct pysettings *ps, TSNode left, TSNode right)
{
	struct pyval *each = pyrun_unreadable(ps);
	struct pyval *of = pyrun_value(ps, right);

	pyval_may_be(ps->pool, each, of);
	for (size_t i = 0; of->kind == PY_LIST && i < of->n; i++)
		pyval_may_be(ps->pool, each, of->value[i]);
	assign(ps, left, each);
}

/* if, for, while, try, with and what a later Python may bring. */
static void
maybe(struct pysettings *ps, TSNode node)
{
	ps->maybe++;
	if (pyrun_is(node, "for_statement"))
		pyrun_bind_loop(ps, pyrun_field(node, "left"),
		    pyrun_field(node, "right"));
	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++) {
		TSNode child = ts_node_named_child(node, i);

		if (pyrun_is(child, "as_pattern")) {
			pyrun_value(ps, ts_node_named_child(child, 0));
			assign(ps, ts_node_named_child(child,
			    ts_node_named_child_count(child) - 1),
			    pyrun_unreadable(ps));
		} else if (pyrun_is(child, "block")) {
			block(ps, child);
		} else if (text_ends(ts_node_type(child), "_clause")
		    || pyrun_is(child, "with_item")) {
			maybe(ps, child);
		} else if (!pyrun_is(child, "as_pattern_target")) {
			pyrun_value(ps, child);
		}
	}
	ps->maybe--;
}

static void
conditional(struct pysettings *ps, TSNode node)
{
	TSNode test = pyrun_field(node, "condition");
	TSNode body = pyrun_field(node, "consequence");

	if (pyrun_is(test, "true") && !ts_node_is_null(body)) {
		block(ps, body);
		return;
	}
	maybe(ps, node);
}

/* What runs where a function or class is defined: defaults and bases. */
static void
run_head(struct pysettings *ps, TSNode node)
{
	TSNode parameters = pyrun_field(node, "parameters");
	TSNode bases = pyrun_field(node, "superclasses");

	for (uint32_t i = 0; !ts_node_is_null(parameters)
	    && i < ts_node_named_child_count(parameters); i++) {
		TSNode value = pyrun_field(ts_node_named_child(parameters, i),
		    "value");

		if (!ts_node_is_null(value))
			pyrun_value(ps, value);
	}
	if (!ts_node_is_null(bases))
		pyrun_value(ps, bases);
}

/* A decorator is called with what it stands before. */
static void
decorated(struct pysettings *ps, TSNode node)
{
	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++) {
		TSNode child = ts_node_named_child(node, i);

		if (pyrun_is(child, "decorator") && pyrun_is_function(
		    pyrun_value(ps, ts_node_named_child(child, 0))))
			pyrun_lose_all(ps);
	}
	pyrun_statement(ps, pyrun_field(node, "definition"));
}

static void
definition(struct pysettings *ps, TSNode node)
{
	struct pyval *v = pyrun_unreadable(ps);
	bool outer = ps->in_class;

	run_head(ps, node);
	v->text = "def";
	set_name(ps, pyrun_source(ps, pyrun_field(node, "name")), v);
	if (!pyrun_is(node, "class_definition"))
		return;
	/* its body runs now; its own names stay in it */
	ps->in_class = true;
	ps->maybe++;
	block(ps, pyrun_field(node, "body"));
	ps->maybe--;
	ps->in_class = outer;
}

static void
expression(struct pysettings *ps, TSNode node)
{
	for (uint32_t i = 0; i < ts_node_named_child_count(node); i++) {
		TSNode child = ts_node_named_child(node, i);

		if (pyrun_is(child, "assignment"))
			assignment(ps, child);
		else if (pyrun_is(child, "augmented_assignment"))
			augmented(ps, child);
		else
			pyrun_value(ps, child);
	}
}

static void
nothing(struct pysettings *ps, TSNode node)
{
	(void)ps;
	(void)node;
}

static void
any_statement(struct pysettings *ps, TSNode node)
{
	if (is_store_loop(ps, node))
		return;
	if (is_features_proxy(ps, node)) {
		flatten_features(ps);
		return;
	}
	maybe(ps, node);
}

/* return, raise, break: the rest may not run. */
static void
leave(struct pysettings *ps, TSNode node)
{
	(void)node;
	pyrun_lose_all(ps);
}

void
pyrun_statement(struct pysettings *ps, TSNode node)
{
	static const struct {
		const char *type;
		void (*run)(struct pysettings *, TSNode);
	} kinds[] = {
		{ "comment", nothing }, { "pass_statement", nothing },
		{ "global_statement", nothing },
		{ "break_statement", nothing },
		{ "continue_statement", nothing },
		{ "expression_statement", expression },
		{ "import_statement", import },
		{ "import_from_statement", import },
		{ "future_import_statement", nothing },
		{ "delete_statement", delete },
		{ "if_statement", conditional },
		{ "function_definition", definition },
		{ "class_definition", definition },
		{ "decorated_definition", decorated },
		{ "raise_statement", leave }, { "return_statement", leave },
		/* its patterns bind names in many ways */
		{ "match_statement", leave },
	};
	TSNode outer = ps->statement;

	/* a condition's statements are shown by themselves */
	ps->statement = node;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (pyrun_is(node, kinds[i].type)) {
			kinds[i].run(ps, node);
			ps->statement = outer;
			return;
		}
	any_statement(ps, node);
	ps->statement = outer;
}
