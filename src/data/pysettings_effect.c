/*
 * pysettings_effect - what may have changed where nobody can tell.
 *
 * The rule is that of a careful reader: code that is not known may have
 * changed all that it could reach, and kept it to change it later.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"

enum {
	ESCAPED_MAX = 256,	/* from there on, unknown calls change all */
	CODES_MAX = 64,
};

struct pyval *
pyrun_unreadable(struct pysettings *ps)
{
	return pyval_unreadable(ps->pool, pyrun_why(ps));
}

struct pyval *
pyrun_either(struct pysettings *ps, struct pyval *a, struct pyval *b)
{
	struct pyval *v = pyrun_unreadable(ps);

	pyval_may_be(ps->pool, v, a);
	pyval_may_be(ps->pool, v, b);
	v->opaque = (a != NULL && a->opaque) || (b != NULL && b->opaque);
	v->all = (a != NULL && a->all) || (b != NULL && b->all);
	return v;
}

/* ---- what can be reached ---- */

struct walk {
	struct pyval **v;	/* those reached */
	size_t n, room;
	unsigned mark;
};

static void
reach(struct walk *w, struct pyval *v)
{
	if (v == NULL || v->seen == w->mark || pyval_is_scalar(v)
	    || v->kind == PY_JSON || v->inert)
		return;
	v->seen = w->mark;
	if (w->n == w->room) {
		w->room = w->room == 0 ? 64 : 2 * w->room;
		w->v = mem_grow(w->v, w->room * sizeof *w->v);
	}
	w->v[w->n++] = v;
}

/* From those reached so far, all that they may be or hold. */
static void
reach_all(struct pysettings *ps, struct walk *w)
{
	for (size_t at = 0; at < w->n; at++) {
		struct pyval *v = w->v[at];

		for (size_t i = 0; i < v->nmay_be; i++)
			reach(w, v->may_be[i]);
		for (size_t i = 0; i < v->n; i++)
			reach(w, v->value[i]);
		reach(w, v->rest);
		ps->visited += 1 + v->n + v->nmay_be;
	}
}

/* Is there code among them, or a way to every name? */
static bool
has_wild(const struct walk *w, struct pyval **code, size_t *n, bool *all)
{
	*n = 0;
	*all = false;
	for (size_t i = 0; i < w->n; i++) {
		*all = *all || w->v[i]->all;
		if (w->v[i]->code == NULL)
			continue;
		if (*n < CODES_MAX)
			code[(*n)++] = w->v[i];
		else
			*all = true;
	}
	return *all || *n > 0;
}

bool
pyrun_is_wild(struct pysettings *ps, struct pyval *v)
{
	struct walk w = { .mark = pyval_mark() };
	struct pyval *code[CODES_MAX];
	size_t n;
	bool all, wild;

	reach(&w, v);
	reach_all(ps, &w);
	wild = has_wild(&w, code, &n, &all);
	mem_free(w.v);
	return wild;
}

/* ---- changes ---- */

static struct pyval *run_code(struct pysettings *, struct pyval **code,
    size_t n, struct pyval *args);

void
pyrun_lose_all(struct pysettings *ps)
{
	const char *why = pyrun_why(ps);
	struct pyval *any = pyval_unreadable(ps->pool, why);
	struct walk w = { .mark = pyval_mark() };

	reach(&w, ps->names);
	reach_all(ps, &w);
	/* the names' own dict comes first: it is made anew below */
	for (size_t i = 1; i < w.n; i++)
		pyval_spoil(ps->pool, w.v[i], why, NULL);
	mem_free(w.v);
	any->code = pool_alloc(ps->pool, sizeof *any->code);
	any->code->anything = true;
	ps->codes = true;
	/* the struct stays: what is asked begins with it */
	*ps->names = *pyval_new(ps->pool, PY_DICT, NULL);
	ps->names->rest = any;
	ps->escaped = pyval_unreadable(ps->pool, why);
	ps->lost = true;
}

/*
 * What was put somewhere, nobody knows where: one value stands for all that
 * this happened to, or what may be what would grow with each statement.
 */
static struct pyval *
let_escape(struct pysettings *ps, struct pyval *v)
{
	if (v == NULL || pyval_is_scalar(v))
		return NULL;
	pyval_may_be(ps->pool, ps->escaped, v);
	return ps->escaped;
}

void
pyrun_taint(struct pysettings *ps, struct pyval *v, struct pyval *into,
    bool own)
{
	struct walk w = { .mark = pyval_mark() };
	struct pyval *code[CODES_MAX];
	const char *why = pyrun_why(ps);
	size_t n;
	bool all, wild;

	if (pyval_is_scalar(v) || v->kind == PY_JSON)
		return;
	into = let_escape(ps, into);
	reach(&w, v);
	if (own) {	/* not its entries, but whatever it stands for */
		for (size_t i = 0; i < v->nmay_be; i++)
			reach(&w, v->may_be[i]);
		if (w.n > 1)
			reach_all(ps, &w);
	} else {
		reach_all(ps, &w);
	}
	for (size_t i = 0; i < w.n; i++)
		pyval_spoil(ps->pool, w.v[i], why, into);
	wild = has_wild(&w, code, &n, &all);
	mem_free(w.v);
	if (all || ps->escaped->nmay_be > ESCAPED_MAX)
		pyrun_lose_all(ps);
	else if (wild)
		run_code(ps, code, n, into);
}

struct pyval *
pyrun_give_away(struct pysettings *ps, struct pyval *args)
{
	struct pyval *v;

	for (size_t i = 0; i < args->nmay_be; i++)
		pyval_may_be(ps->pool, ps->escaped, args->may_be[i]);
	if (ps->escaped->nmay_be > 0)
		pyrun_taint(ps, ps->escaped, NULL, false);
	v = pyrun_unreadable(ps);
	v->opaque = true;
	pyval_may_be(ps->pool, v, ps->escaped);
	return v;
}

/* ---- code of this file ---- */

static bool
one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

static const char **
add_name(struct pysettings *ps, const char **list, size_t *n, size_t *room,
    const char *name)
{
	const char **more = list;

	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], name) == 0)
			return list;
	if (*n == *room) {
		*room = *room == 0 ? 8 : 2 * *room;
		more = pool_alloc(ps->pool, *room * sizeof *more);
		if (*n > 0)
			memcpy(more, list, *n * sizeof *more);
	}
	more[(*n)++] = pool_strdup(ps->pool, name);
	return more;
}

/* Is what is called known to change nothing, by its name? */
static bool
is_harmless_call(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *callee = pynode_field(node, "function");

	if (callee == NULL)
		return false;
	if (callee->type == PYT_ATTRIBUTE)
		callee = pynode_field(callee, "attribute");
	return callee != NULL && callee->type == PYT_IDENTIFIER
	    && pyrun_only_reads(pyrun_source(ps, callee));
}

static bool
is_anything(struct pysettings *ps, const struct pynode *node)
{
	static const char *const words[] = { "exec", "eval", "globals",
	    "locals", "vars", "setattr", "delattr", "__import__", "compile",
	    "builtins", "__builtins__", "importlib", "inspect", "gc",
	    "modules", "_getframe", "f_globals", "f_locals", "f_back",
	    "gi_frame", "__name__", "__globals__", "__dict__", "__self__",
	    NULL };

	return node->type == PYT_IDENTIFIER
	    && one_of(pyrun_source(ps, node), words);
}

static bool
changes_something(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *left = pynode_field(node, "left");

	switch (node->type) {
	case PYT_CALL:
		return !is_harmless_call(ps, node);
	case PYT_AUGMENTED: case PYT_DELETE: case PYT_YIELD: case PYT_AWAIT:
	case PYT_DECORATOR: case PYT_WITH:
		return true;
	case PYT_ASSIGNMENT: case PYT_FOR: case PYT_FOR_IN:
		return left == NULL || left->type != PYT_IDENTIFIER;
	default:
		return false;
	}
}

/* Its settings modules are a way to what is in this file. */
static bool
imports_platform(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *name = pynode_field(node, "module_name");

	if (node->type != PYT_IMPORT && node->type != PYT_IMPORT_FROM)
		return false;
	if (name == NULL)
		name = pynode_nth(node, 0);
	return name != NULL && pyrun_is_platform(pyrun_source(ps, name));
}

/* Names that this assigns, but those of entries and attributes. */
static void
note_assigned(struct pysettings *ps, struct pycode *c,
    const struct pynode *target)
{
	const struct pynode *part;
	size_t at = 0;

	if (target->type == PYT_IDENTIFIER)
		c->assigned = add_name(ps, c->assigned, &c->nassigned,
		    &c->room_assigned, pyrun_source(ps, target));
	if (target->type == PYT_SUBSCRIPT || target->type == PYT_ATTRIBUTE)
		return;
	while ((part = pynode_next(target, &at)) != NULL)
		note_assigned(ps, c, part);
}

/* The part of a node that it assigns to; NULL: none. */
static const struct pynode *
target_of(const struct pynode *node)
{
	switch (node->type) {
	case PYT_ASSIGNMENT: case PYT_AUGMENTED: case PYT_FOR:
	case PYT_FOR_IN:
		return pynode_field(node, "left");
	case PYT_NAMED: case PYT_FUNCTION: case PYT_CLASS:
		return pynode_field(node, "name");
	case PYT_AS_PATTERN_TARGET: case PYT_IMPORT: case PYT_IMPORT_FROM:
	case PYT_DELETE: case PYT_MATCH: case PYT_GLOBAL:
		return node;
	default:
		return NULL;
	}
}

static void
study(struct pysettings *ps, struct pycode *c, const struct pynode *node)
{
	const struct pynode *child;
	size_t at = 0;

	if (c->now && strcmp(node->field, "body") == 0
	    && node->parent->type == PYT_FUNCTION)
		return;

	/* the name of a parameter, or of what an object has */
	if (node->type == PYT_IDENTIFIER) {
		c->anything = c->anything || is_anything(ps, node);
		if (strcmp(node->field, "attribute") != 0
		    || node->parent->type != PYT_ATTRIBUTE)
			c->name = add_name(ps, c->name, &c->n, &c->room,
			    pyrun_source(ps, node));
		return;
	}
	c->changes = c->changes || changes_something(ps, node);
	if (target_of(node) != NULL)
		note_assigned(ps, c, target_of(node));
	c->anything = c->anything || node->type == PYT_WILDCARD_IMPORT
	    || imports_platform(ps, node);
	while ((child = pynode_next(node, &at)) != NULL) {
		if (node->type == PYT_GLOBAL)
			c->global = add_name(ps, c->global, &c->nglobal,
			    &c->room_global, pyrun_source(ps, child));
		study(ps, c, child);
	}
}

struct pyval *
pyrun_new_code(struct pysettings *ps, const struct pynode *node)
{
	struct pycode *c = pool_alloc(ps->pool, sizeof *c);
	struct pyval *v = pyrun_unreadable(ps);

	study(ps, c, node);
	c->is_class = node->type == PYT_CLASS;
	ps->codes = true;
	/* a generator is used by going through it */
	ps->classes = ps->classes || c->is_class
	    || node->type == PYT_GENERATOR;
	v->code = c;
	return v;
}

/* The body of a class runs where it stands, its functions don't. */
struct pyval *
pyrun_class_body(struct pysettings *ps, const struct pynode *body)
{
	struct pycode *c = pool_alloc(ps->pool, sizeof *c);
	struct pyval *v = pyrun_unreadable(ps);

	c->now = true;
	study(ps, c, body);
	if (c->changes) {	/* what it calls may be its own functions */
		c->now = false;
		study(ps, c, body);
	}
	v->code = c;
	return pyrun_run_code(ps, v, NULL);
}

/* Into `any` what this code can reach by names; marks what it may run. */
static void
reach_names(struct pysettings *ps, const struct pycode *c, struct pyval *any,
    bool *changes)
{
	for (size_t i = 0; i < c->n; i++) {
		struct pyval *v = pyval_listed(ps->names, c->name[i]);

		*changes = *changes || (v != NULL && v->kind != PY_ABSENT
		    && (pyrun_only_reads(c->name[i]) || v->nmay_be > 0)
		    && v->origin == NULL && v->code == NULL);
		pyval_may_be(ps->pool, any, pyrun_name(ps, c->name[i]));
	}
}

/* From those reached so far, all that code may do something to, by the names
 * it has for it, too. false: that is anything. */
static bool
reach_by_code(struct pysettings *ps, struct walk *w, struct pyval *any,
    bool *changes)
{
	bool anything = false;

	for (size_t at = 0; at < w->n; at++) {
		struct pyval *v = w->v[at];
		const struct pycode *c = v->code;

		anything = anything || v->all || (c != NULL && c->anything);
		if (c != NULL) {
			reach_names(ps, c, any, changes);
			*changes = *changes || c->changes;
		}
		for (size_t i = 0; i < v->nmay_be; i++)
			reach(w, v->may_be[i]);
		for (size_t i = 0; i < any->nmay_be; i++)
			reach(w, any->may_be[i]);
		for (size_t i = 0; i < v->n; i++)
			reach(w, v->value[i]);
		reach(w, v->rest);
		ps->visited += 1 + v->n + v->nmay_be;
	}
	return !anything;
}

/* `global x` in functions: they may have assigned it. */
static void
set_globals(struct pysettings *ps, const struct pycode *c, struct pyval *any)
{
	for (size_t i = 0; c != NULL && i < c->nglobal; i++)
		pyval_set(ps->pool, ps->names, c->global[i], pyrun_either(ps,
		    any, pyrun_name(ps, c->global[i])));
}

/* All that the pieces of code may do, and those that they call. */
static struct pyval *
run_code(struct pysettings *ps, struct pyval **code, size_t n,
    struct pyval *args)
{
	struct pyval *any = pyrun_unreadable(ps);
	struct walk w = { .mark = pyval_mark() };
	bool changes = false, known;

	if (n == 1 && code[0]->code != NULL) {
		if (code[0]->code->joint == NULL)
			code[0]->code->joint = any;
		any = code[0]->code->joint;
	}
	any->opaque = true;
	pyval_may_be(ps->pool, any, args);
	for (size_t i = 0; i < n; i++)
		pyval_may_be(ps->pool, any, code[i]);
	reach(&w, any);
	known = reach_by_code(ps, &w, any, &changes);
	for (size_t i = 0; known && i < w.n; i++) {
		set_globals(ps, w.v[i]->code, any);
		if (changes)
			pyval_spoil(ps->pool, w.v[i], pyrun_why(ps), any);
	}
	mem_free(w.v);
	/* what it knows may have been given to anybody */
	if (known && changes)
		let_escape(ps, any);
	if (!known || ps->escaped->nmay_be > ESCAPED_MAX)
		pyrun_lose_all(ps);
	return any;
}

struct pyval *
pyrun_run_code(struct pysettings *ps, struct pyval *v, struct pyval *args)
{
	return run_code(ps, &v, 1, args);
}

/* ---- loops ---- */

/* Whatever is assigned in it may be anything that it has got hold of, and
 * that may be changed, if anything is. */
static void
blur(struct pysettings *ps, const struct pycode *c, struct pyval *any)
{
	bool unused = false;

	reach_names(ps, c, any, &unused);
	for (size_t i = 0; i < c->nassigned; i++)
		pyval_set(ps->pool, ps->names, c->assigned[i],
		    pyrun_either(ps, any, NULL));
	if (c->changes)
		pyrun_taint(ps, any, any, false);
}

struct pyval *
pyrun_blunt(struct pysettings *ps, const struct pynode *node,
    void (*once)(struct pysettings *, const struct pynode *))
{
	struct pycode *c = pool_alloc(ps->scratch, sizeof *c);
	struct pyval *any = pyrun_unreadable(ps);

	study(ps, c, node);
	if (once == NULL)
		note_assigned(ps, c, node);
	if (c->anything) {
		pyrun_lose_all(ps);
		return any;
	}
	/* the second time round, it begins with what the first one left */
	blur(ps, c, any);
	ps->maybe++;
	ps->coarse++;
	if (once != NULL)
		once(ps, node);
	ps->coarse--;
	ps->maybe--;
	blur(ps, c, any);
	return any;
}
