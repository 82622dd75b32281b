/*
 * pysettings_syntax - more of what the grammar takes though Python does not:
 * words, blocks, parameters, targets and what belongs into an async function.
 *
 * A name that nobody binds for `nonlocal`, and a `global` that comes after
 * the name at the module's level, are let through.
 */
#include <string.h>

#include "base/text.h"
#include "data/pysettings_run.h"

enum { WORD_MAX = 8 };		/* the longest: continue, nonlocal */

static bool
is_kind(const struct pynode *node, const char *kind)
{
	return node != NULL && strcmp(node->kind, kind) == 0;
}

static bool
says(struct pysettings *ps, const struct pynode *node, const char *word)
{
	size_t n = node->end - node->start;

	return strlen(word) == n
	    && memcmp(ps->text + node->start, word, n) == 0;
}

static bool
same_text(struct pysettings *ps, const struct pynode *a,
    const struct pynode *b)
{
	size_t n = a->end - a->start;

	return b->end - b->start == n && memcmp(ps->text + a->start,
	    ps->text + b->start, n) == 0;
}

static const char *
check_word(struct pysettings *ps, const struct pynode *node)
{
	static const char *const words[] = { "False", "None", "True", "and",
	    "as", "assert", "async", "await", "break", "class", "continue",
	    "def", "del", "elif", "else", "except", "finally", "for", "from",
	    "global", "if", "import", "in", "is", "lambda", "nonlocal",
	    "not", "or", "pass", "raise", "return", "try", "while", "with",
	    "yield", NULL };
	const struct pynode *up = node->parent;

	if (node->end - node->start <= WORD_MAX)
		for (const char *const *w = words; *w != NULL; w++)
			if (says(ps, node, *w))
				return "a word of the language is no name";
	if (up == NULL || !says(ps, node, "__debug__"))
		return NULL;
	return up->type == PYT_DELETE || up->type == PYT_DOTTED_NAME
	    || is_kind(up, "parameters") || (up->type == PYT_KEYWORD_ARGUMENT
	    && pynode_field(up, "name") == node) ?
	    "it can't be assigned to" : NULL;
}

/* ---- blocks ---- */

static const char *
check_try(const struct pynode *node)
{
	size_t at = 0, plain = 0, groups = 0, last = 0, elses = 0;
	const struct pynode *part;

	while ((part = pynode_next(node, &at)) != NULL) {
		if (last > 0 && (part->type == PYT_EXCEPT
		    || part->type == PYT_EXCEPT_GROUP))
			return "an except after the one for everything";
		plain += part->type == PYT_EXCEPT;
		groups += part->type == PYT_EXCEPT_GROUP;
		elses += part->type == PYT_ELSE;
		last += part->type == PYT_EXCEPT && pynode_count(part) == 1;
		if (part->type == PYT_FINALLY && plain + groups + elses == 0)
			return NULL;
	}
	if (plain > 0 && groups > 0)
		return "except and except* don't mix";
	return plain + groups > 0 ? NULL : "a try without an except";
}

static const char *
check_block(const struct pynode *node)
{
	switch (node->type) {
	case PYT_IF: case PYT_ELIF: case PYT_ELSE: case PYT_FOR:
	case PYT_WHILE: case PYT_WITH: case PYT_FUNCTION: case PYT_CLASS:
	case PYT_TRY: case PYT_EXCEPT: case PYT_FINALLY:
		for (size_t i = 0; i < node->n; i++)
			if (node->child[i]->type == PYT_BLOCK
			    && pynode_count(node->child[i]) > 0)
				return node->type == PYT_TRY ?
				    check_try(node) : NULL;
		return "a block without a statement";
	default:
		return NULL;
	}
}

/* ---- parameters ---- */

struct params {
	bool slash, star, rest, dflt, bare;
};

/* The name in a parameter, whatever is around it; NULL: it has none. */
static const struct pynode *
param_name(const struct pynode *p)
{
	const struct pynode *name;

	while (p != NULL && p->type != PYT_IDENTIFIER) {
		name = pynode_field(p, "name");
		p = name != NULL ? name : pynode_nth(p, 0);
	}
	return p;
}

static const char *
add_param(struct params *all, const struct pynode *p)
{
	const struct pynode *within = is_kind(p, "typed_parameter") ?
	    pynode_nth(p, 0) : p;
	bool star = within->type == PYT_SPLAT_PATTERN;
	bool has = is_kind(p, "default_parameter")
	    || is_kind(p, "typed_default_parameter");

	if (all->rest)
		return "a parameter after **";
	if (p->type == PYT_TUPLE_PATTERN || (has
	    && pynode_field(p, "name")->type != PYT_IDENTIFIER))
		return "a parameter that is no name";
	if (is_kind(p, "positional_separator")) {
		if (all->slash || all->star || all->bare)
			return "a / where none may be";
		all->slash = true;
		return NULL;
	}
	all->rest = is_kind(within, "dictionary_splat_pattern");
	if (star || is_kind(p, "keyword_separator")) {
		if (all->star)
			return "a second *";
		all->star = true;
	} else if (!all->star && !all->rest && all->dflt && !has) {
		return "a parameter without a value after one with";
	}
	all->dflt = all->dflt || has;
	return NULL;
}

static const char *
check_params(struct pysettings *ps, const struct pynode *node)
{
	struct params all = { .bare = true };
	const struct pynode *p, *name, *other, *last = NULL;
	const char *fault;
	size_t at = 0;

	for (; (p = pynode_next(node, &at)) != NULL; all.bare = false) {
		if (last != NULL && is_kind(last, "keyword_separator")
		    && is_kind(p, "dictionary_splat_pattern"))
			return "a * that nothing follows";
		fault = add_param(&all, p);
		name = param_name(p);
		if (fault != NULL)
			return fault;
		for (size_t i = 0; name != NULL
		    && (other = pynode_nth(node, i)) != p; i++)
			if (param_name(other) != NULL
			    && same_text(ps, param_name(other), name))
				return "a parameter given twice";
		last = p;
	}
	return is_kind(last, "keyword_separator") ?
	    "a * that nothing follows" : NULL;
}

/* ---- targets ---- */

static bool
is_splat(const struct pynode *node)
{
	return node->type == PYT_LIST_SPLAT
	    || node->type == PYT_SPLAT_PATTERN;
}

/* One place that a value may be put into, in brackets or not. */
static bool
is_place(const struct pynode *node)
{
	while (node != NULL && (node->type == PYT_PARENTHESIZED
	    || (node->type == PYT_TUPLE_PATTERN && !pynode_has(node, ","))))
		node = pynode_nth(node, 0);
	return node != NULL && (node->type == PYT_IDENTIFIER
	    || node->type == PYT_ATTRIBUTE || node->type == PYT_SUBSCRIPT);
}

/* Is more than one of a list's targets starred, or the only one? */
static const char *
check_stars(const struct pynode *node)
{
	const struct pynode *part;
	const char *fault = NULL;
	size_t at = 0, stars = 0;

	if (is_splat(node))
		return "a * without a list";
	if (is_place(node))
		return NULL;
	while (fault == NULL && (part = pynode_next(node, &at)) != NULL) {
		stars += is_splat(part);
		if (!is_splat(part))
			fault = check_stars(part);
	}
	if (stars > 0 && node->type == PYT_TUPLE_PATTERN
	    && !pynode_has(node, ","))
		return "a * without a list";
	if (stars > 1)
		return "a second *";
	return fault;
}

static const char *
check_delete(const struct pynode *node)
{
	const struct pynode *part;
	const char *fault = NULL;
	size_t at = 0;

	while (fault == NULL && (part = pynode_next(node, &at)) != NULL)
		if (part->type == PYT_EXPRESSION_LIST
		    || part->type == PYT_TUPLE || part->type == PYT_LIST
		    || part->type == PYT_PARENTHESIZED)
			fault = check_delete(part);
		else if (!is_place(part))
			fault = "it can't be deleted";
	return fault;
}

static const char *
check_assignment(const struct pynode *node)
{
	const struct pynode *left = pynode_field(node, "left");
	const struct pynode *right = pynode_field(node, "right");
	const struct pynode *type = pynode_field(node, "type");
	bool single = node->type == PYT_AUGMENTED || type != NULL;

	if (single && !is_place(left))
		return "it can't be assigned to so";
	if (type != NULL && (is_kind(pynode_nth(type, 0), "constrained_type")
	    || (node->parent != NULL
	    && node->parent->type == PYT_ASSIGNMENT)))
		return "a type where none may be";
	if (right != NULL && (right->type == PYT_AUGMENTED
	    || (single && right->type == PYT_ASSIGNMENT)))
		return "one assignment within another";
	if (right != NULL && is_splat(right))
		return "a * without a list";
	return left != NULL ? check_stars(left) : NULL;
}

static const char *
check_as(const struct pynode *node)
{
	const struct pynode *target = pynode_field(node, "alias");

	if (target != NULL && target->type == PYT_AS_PATTERN_TARGET)
		target = pynode_nth(target, 0);
	if (target == NULL || node->parent == NULL)
		return NULL;
	if (node->parent->type == PYT_EXCEPT
	    || node->parent->type == PYT_EXCEPT_GROUP)
		return target->type == PYT_IDENTIFIER ? NULL :
		    "only a name may stand here";
	if (!is_place(target) && target->type != PYT_TUPLE
	    && target->type != PYT_LIST)
		return "it can't be assigned to";
	return check_stars(target);
}

/* ---- where it stands ---- */

static bool
is_comprehension(const struct pynode *node)
{
	return node->type == PYT_GENERATOR
	    || node->type == PYT_LIST_COMPREHENSION
	    || node->type == PYT_SET_COMPREHENSION
	    || node->type == PYT_DICT_COMPREHENSION;
}

/* What a node's code runs in; NULL: the module. */
static const struct pynode *
scope_of(const struct pynode *node)
{
	const struct pynode *up = node->parent;

	while (up != NULL && up->type != PYT_FUNCTION
	    && up->type != PYT_LAMBDA && up->type != PYT_CLASS)
		up = up->parent;
	return up;
}

static bool
in_async(const struct pynode *node)
{
	const struct pynode *scope = scope_of(node);

	return scope != NULL && pynode_has(scope, "async");
}

static const char *
check_yield(const struct pynode *node)
{
	if (pynode_has(node, "from") && in_async(node))
		return "no yield from in an async function";
	for (const struct pynode *up = node->parent; up != NULL
	    && up->type != PYT_FUNCTION && up->type != PYT_LAMBDA;
	    up = up->parent) {
		if (up->type == PYT_FOR_IN)
			return NULL;
		if (is_comprehension(up))
			return "no yield in a comprehension";
	}
	return NULL;
}

/* Does a target bind this name? */
static bool
binds(struct pysettings *ps, const struct pynode *target,
    const struct pynode *name)
{
	const struct pynode *part;
	size_t at = 0;

	if (target == NULL || target->type != PYT_IDENTIFIER) {
		while (target != NULL
		    && (part = pynode_next(target, &at)) != NULL)
			if (binds(ps, part, name))
				return true;
		return false;
	}
	return same_text(ps, target, name);
}

/* A walrus within comprehensions. */
static const char *
check_bound(struct pysettings *ps, const struct pynode *name,
    const struct pynode *from)
{
	const struct pynode *part;
	bool comprehended = false;

	for (const struct pynode *up = from; up->parent != NULL;
	    up = up->parent) {
		size_t at = 0;

		if (up->parent->type == PYT_FOR_IN)
			return "no := in what a comprehension goes through";
		if (up->parent->type == PYT_LAMBDA
		    || up->parent->type == PYT_FUNCTION)
			return NULL;
		if (up->parent->type == PYT_CLASS && comprehended)
			return "no := in a comprehension of a class";
		if (!is_comprehension(up->parent))
			continue;
		comprehended = true;
		while ((part = pynode_next(up->parent, &at)) != NULL)
			if (part->type == PYT_FOR_IN && binds(ps,
			    pynode_field(part, "left"), name))
				return "the comprehension's own name";
	}
	return NULL;
}

static const char *
check_walrus(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *up = node->parent;

	if (up == NULL || up->type == PYT_EXPRESSION
	    || up->type == PYT_KEYWORD_ARGUMENT || up->type == PYT_ASSIGNMENT
	    || up->type == PYT_AUGMENTED || up->type == PYT_LAMBDA
	    || up->type == PYT_DELETE || up->type == PYT_ASSERT
	    || up->type == PYT_RETURN || up->type == PYT_EXPRESSION_LIST
	    || is_kind(up, "default_parameter")
	    || (up->type == PYT_PAIR && pynode_field(up, "key") == node))
		return "a := without brackets";
	return check_bound(ps, pynode_field(node, "name"), node);
}

static const char *
check_arguments(const struct pynode *node)
{
	const struct pynode *arg;
	bool named = false;
	size_t at = 0;

	if (pynode_has(node, ",") && pynode_count(node) == 0)
		return "a comma without an argument";
	while ((arg = pynode_next(node, &at)) != NULL) {
		if (named && arg->type == PYT_LIST_SPLAT)
			return "a * after a **";
		named = named || arg->type == PYT_DICT_SPLAT;
	}
	return NULL;
}

/* Is the name used in this part of the function, before the place? */
static bool
used_before(struct pysettings *ps, const struct pynode *node,
    const struct pynode *name)
{
	if (node->start >= name->start)
		return false;
	if (node->type == PYT_IDENTIFIER)
		return same_text(ps, node, name)
		    && (node->parent->type != PYT_ATTRIBUTE
		    || pynode_field(node->parent, "object") == node)
		    && (node->parent->type != PYT_KEYWORD_ARGUMENT
		    || pynode_field(node->parent, "name") != node);
	if ((node->type == PYT_FUNCTION && node->parent != NULL)
	    || node->type == PYT_LAMBDA || node->type == PYT_CLASS
	    || node->type == PYT_GLOBAL || node->type == PYT_NONLOCAL)
		return false;
	for (size_t i = 0; i < node->n; i++)
		if (used_before(ps, node->child[i], name))
			return true;
	return false;
}

/* Values and types of parameters belong to what is around the function. */
static bool
is_param(struct pysettings *ps, const struct pynode *params,
    const struct pynode *name)
{
	const struct pynode *p;
	size_t at = 0;

	if (!is_kind(params, "parameters"))
		return false;
	while ((p = pynode_next(params, &at)) != NULL)
		if (param_name(p) != NULL
		    && same_text(ps, param_name(p), name))
			return true;
	return false;
}

/* global and nonlocal: of names that were not used before. */
static const char *
check_global(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *scope = scope_of(node), *outer = scope, *name;
	bool nonlocal = node->type == PYT_NONLOCAL, within = false;
	size_t at = 0;

	while (outer != NULL && (outer = scope_of(outer)) != NULL)
		within = within || outer->type == PYT_FUNCTION;
	if (nonlocal && !within)
		return "no function around that has the name";
	if (scope == NULL)
		return NULL;
	while ((name = pynode_next(node, &at)) != NULL)
		for (size_t i = 0; i < scope->n; i++)
			if (is_param(ps, scope->child[i], name)
			    || (scope->child[i]->type == PYT_BLOCK
			    && used_before(ps, scope->child[i], name)))
				return "the name was used before";
	return NULL;
}

static const char *
check_interpolation(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *part = pynode_nth(node, 0);

	if (part != NULL && part->type == PYT_LAMBDA)
		return "a lambda without brackets";
	for (size_t i = 0; i < node->n; i++)
		if (is_kind(node->child[i], "type_conversion")
		    && !says(ps, node->child[i], "!s")
		    && !says(ps, node->child[i], "!r")
		    && !says(ps, node->child[i], "!a"))
			return "no such conversion";
	return NULL;
}

static const char *
check_async(const struct pynode *node)
{
	if (node->type == PYT_FOR_IN && node->parent->type == PYT_GENERATOR)
		return NULL;
	return !pynode_has(node, "async") || in_async(node) ? NULL :
	    "it is in no async function";
}

static const char *
check_star(const struct pynode *node)
{
	const struct pynode *up = node->parent;

	switch (up != NULL ? up->type : PYT_OTHER) {
	case PYT_ARGUMENT_LIST: case PYT_LIST: case PYT_SET: case PYT_TUPLE:
	case PYT_EXPRESSION_LIST: case PYT_SUBSCRIPT: case PYT_TYPE:
	case PYT_PATTERN_LIST: case PYT_LIST_PATTERN: case PYT_TUPLE_PATTERN:
		return NULL;
	case PYT_EXPRESSION: case PYT_FOR: case PYT_INTERPOLATION:
		return pynode_has(up, ",") ? NULL : "a * without a list";
	default:
		return "a * without a list";
	}
}

/* Commas where nothing is, and brackets that make no tuple. */
static const char *
check_commas(const struct pynode *node)
{
	switch (node->type) {
	case PYT_TUPLE:
		return pynode_has(node, ",") == (pynode_count(node) > 0)
		    ? NULL : "a * without a list";
	case PYT_SET: case PYT_LIST: case PYT_DICT:
		return pynode_count(node) > 0 || !pynode_has(node, ",")
		    ? NULL : "a comma after nothing";
	case PYT_IMPORT: case PYT_IMPORT_FROM: case PYT_WITH_CLAUSE:
		return node->n > 0 && is_kind(node->child[node->n - 1], ",")
		    ? "a comma before nothing" : NULL;
	case PYT_ASSERT:
		return pynode_count(node) <= 2 ? NULL :
		    "an assert of too much";
	case PYT_RAISE:
		return pynode_count(node) > 1 || !pynode_has(node, "from")
		    ? NULL : "a from without what is raised";
	default:
		return NULL;
	}
}

static const char *
check_import(struct pysettings *ps, const struct pynode *node)
{
	static const char *const future[] = { "nested_scopes", "generators",
	    "division", "absolute_import", "with_statement",
	    "print_function", "unicode_literals", "barry_as_FLUFL",
	    "generator_stop", "annotations", NULL };
	const struct pynode *name;

	for (size_t i = 0; i < node->n; i++) {
		bool known = node->type != PYT_FUTURE_IMPORT;

		name = node->child[i];
		if (strcmp(name->field, "name") != 0)
			continue;
		if (name->type == PYT_DOTTED_NAME && pynode_count(name) > 1)
			return "a name with dots";
		if (name->type != PYT_DOTTED_NAME)
			name = pynode_nth(name, 0);
		for (const char *const *f = future; *f != NULL; f++)
			known = known || says(ps, name, *f);
		if (!known)
			return "Python's future has no such thing";
	}
	return NULL;
}

const char *
pyrun_syntax(struct pysettings *ps, const struct pynode *node)
{
	const char *fault = check_block(node);

	if (fault == NULL)
		fault = check_commas(node);
	if (fault != NULL)
		return fault;
	switch (node->type) {
	case PYT_IDENTIFIER:
		return check_word(ps, node);
	case PYT_ASSIGNMENT: case PYT_AUGMENTED:
		return check_assignment(node);
	case PYT_DELETE:
		return check_delete(node);
	case PYT_AS_PATTERN:
		return check_as(node);
	case PYT_NAMED:
		return check_walrus(ps, node);
	case PYT_YIELD:
		return check_yield(node);
	case PYT_AWAIT:
		return in_async(node) ? NULL : "it is in no async function";
	case PYT_FOR_IN:
		if (pynode_has(node, ","))
			return "a list without brackets";
		return check_async(node);
	case PYT_FOR:
		fault = check_stars(pynode_field(node, "left"));
		return fault != NULL ? fault : check_async(node);
	case PYT_WITH:
		return check_async(node);
	case PYT_ARGUMENT_LIST:
		return check_arguments(node);
	case PYT_GLOBAL: case PYT_NONLOCAL:
		return check_global(ps, node);
	case PYT_INTERPOLATION:
		return check_interpolation(ps, node);
	case PYT_IMPORT_FROM: case PYT_FUTURE_IMPORT:
		return check_import(ps, node);
	case PYT_LIST_SPLAT:
		return check_star(node);
	case PYT_PARENTHESIZED: case PYT_DICT_SPLAT:
		return pynode_nth(node, 0) != NULL
		    && (is_splat(pynode_nth(node, 0))
		    || pynode_nth(node, 0)->type == PYT_DICT_SPLAT) ?
		    "a * without a list" : NULL;
	default:
		return is_kind(node, "parameters")
		    || is_kind(node, "lambda_parameters") ?
		    check_params(ps, node) : NULL;
	}
}
