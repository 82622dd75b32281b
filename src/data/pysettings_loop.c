/*
 * pysettings_loop - loops, as statements and within expressions.
 *
 * One over a list that is known is gone through, as Python would. Any other
 * is run once, and then whatever it mentions may be anything of it.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"

enum { STEPS_MAX = 20000 };	/* rounds of all loops together */

static bool
step(struct pysettings *ps)
{
	return ++ps->steps <= STEPS_MAX;
}

/* ---- what is gone through ---- */

static struct pyval *
new_pair(struct pysettings *ps, struct pyval *a, struct pyval *b)
{
	struct pyval *v = pyval_new(ps->pool, PY_LIST, NULL);

	v->fixed = true;
	pyval_append(ps->pool, v, a);
	pyval_append(ps->pool, v, b);
	return v;
}

static struct pyval *
entries(struct pysettings *ps, const struct pyval *dict,
    enum pyval_view view)
{
	struct pyval *all = pyval_new(ps->pool, PY_LIST, NULL);

	all->fixed = true;
	for (size_t i = 0; i < dict->n; i++) {
		struct pyval *key = pyval_of_key(ps->pool, dict->key[i]);

		pyval_append(ps->pool, all, view == PYVIEW_KEYS ? key :
		    view == PYVIEW_VALUES ? dict->value[i] :
		    new_pair(ps, key, dict->value[i]));
	}
	return all;
}

struct pyval *
pyrun_items(struct pysettings *ps, struct pyval *v)
{
	enum pyval_view view = PYVIEW_KEYS;

	if (v->kind == PY_LIST)
		return v;
	if (v->view != PYVIEW_NONE && v->nmay_be == 1) {
		view = v->view;
		v = v->may_be[0];
	}
	return v->kind == PY_DICT && pyval_is_listed(v) && v->nmay_be == 0 ?
	    entries(ps, v, view) : NULL;
}

/* Names alone, or tuples of them. */
static bool
is_plain_target(const struct pynode *target)
{
	const struct pynode *part;
	size_t at = 0;

	if (target->type == PYT_IDENTIFIER)
		return true;
	if (target->type != PYT_PATTERN_LIST
	    && target->type != PYT_TUPLE_PATTERN)
		return false;
	while ((part = pynode_next(target, &at)) != NULL)
		if (!is_plain_target(part))
			return false;
	return true;
}

/* ---- within expressions ---- */

struct clauses {
	const struct pynode *node;
	struct pyval *made;	/* a list, or a dict */
};

static bool
add_made(struct pysettings *ps, struct clauses *c)
{
	const struct pynode *body = pynode_nth(c->node, 0);
	struct pyval *key, *value;

	if (body->type != PYT_PAIR) {
		pyval_append(ps->pool, c->made,
		    pyrun_known(ps, pyrun_value(ps, body)));
		return true;
	}
	key = pyrun_value(ps, pynode_field(body, "key"));
	value = pyrun_known(ps, pyrun_value(ps, pynode_field(body, "value")));
	if (pyval_key(ps->scratch, key) == NULL)
		return false;
	pyval_set(ps->pool, c->made, pyval_key(ps->scratch, key), value);
	return true;
}

/* From the i-th clause on. false: it can't be told. */
static bool
run_clauses(struct pysettings *ps, struct clauses *c, size_t i)
{
	const struct pynode *clause = pynode_nth(c->node, i), *left;
	struct pyval *items, *test;
	int maybe = ps->maybe, truth;
	bool ok = true;

	if (clause == NULL)
		return add_made(ps, c);
	if (clause->type == PYT_IF_CLAUSE) {
		test = pyrun_value(ps, pynode_nth(clause, 0));
		pyrun_use(ps, test);
		truth = pyval_truth(test);
		return truth == 0 || (truth == 1 && run_clauses(ps, c,
		    i + 1));
	}
	left = pynode_field(clause, "left");
	if (clause->type != PYT_FOR_IN || pynode_has(clause, "async")
	    || !is_plain_target(left))
		return false;
	items = pyrun_items(ps, pyrun_value(ps, pynode_field(clause,
	    "right")));
	for (size_t k = 0; items != NULL && ok && k < items->n; k++) {
		ps->maybe = 0;	/* a name of its own */
		pyrun_assign(ps, left, items->value[k]);
		ps->maybe = maybe;
		ok = step(ps) && run_clauses(ps, c, i + 1);
	}
	return ok && items != NULL;
}

/* The names that the clauses bind are their own: what they are outside. */
struct outside {
	const char *name;
	struct pyval *was;
	struct outside *next;
};

static void
note_names(struct pysettings *ps, const struct pynode *target,
    struct outside **all)
{
	const struct pynode *part;
	struct outside *o;
	size_t at = 0;

	if (target->type != PYT_IDENTIFIER) {
		while ((part = pynode_next(target, &at)) != NULL)
			note_names(ps, part, all);
		return;
	}
	o = pool_alloc(ps->scratch, sizeof *o);
	o->name = pyrun_source(ps, target);
	o->was = pyrun_name(ps, o->name);
	o->next = *all;
	*all = o;
}

/* One round of it, with anything as what is gone through. */
static void
run_once(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *clause;

	for (size_t i = 1; (clause = pynode_nth(node, i)) != NULL; i++) {
		if (clause->type != PYT_FOR_IN) {
			pyrun_value(ps, pynode_nth(clause, 0));
			continue;
		}
		pyrun_assign(ps, pynode_field(clause, "left"),
		    pyrun_either(ps, pyrun_value(ps,
		    pynode_field(clause, "right")), NULL));
	}
	clause = pynode_nth(node, 0);
	if (clause->type != PYT_PAIR) {
		pyrun_value(ps, clause);
		return;
	}
	pyrun_value(ps, pynode_field(clause, "key"));
	pyrun_value(ps, pynode_field(clause, "value"));
}

struct pyval *
pyrun_comprehension(struct pysettings *ps, const struct pynode *node)
{
	bool dict = node->type == PYT_DICT_COMPREHENSION;
	struct clauses c = { node, pyval_new(ps->pool, dict ? PY_DICT :
		PY_LIST, NULL) };
	struct outside *all = NULL;
	const struct pynode *clause;
	struct pyval *v = c.made;

	for (size_t i = 1; (clause = pynode_nth(node, i)) != NULL; i++)
		if (clause->type == PYT_FOR_IN)
			note_names(ps, pynode_field(clause, "left"), &all);
	/* what failed once is not tried in each loop around it again */
	if (ps->coarse > 0 || !run_clauses(ps, &c, 1))
		v = pyrun_either(ps, pyrun_blunt(ps, node, run_once),
		    c.made);
	else if (node->type == PYT_SET_COMPREHENSION)
		v = pyrun_either(ps, c.made, NULL);
	for (; all != NULL; all = all->next)
		pyval_set(ps->pool, ps->names, all->name, all->was);
	return v;
}

/* ---- statements ---- */

/* Does it leave the loop, or a round of it, early? */
static bool
breaks(const struct pynode *node)
{
	const struct pynode *child;
	size_t at = 0;

	if (node->type == PYT_BREAK || node->type == PYT_CONTINUE)
		return true;
	if (node->type == PYT_FUNCTION || node->type == PYT_LAMBDA)
		return false;
	while ((child = pynode_next(node, &at)) != NULL)
		if (breaks(child))
			return true;
	return false;
}

static void
run_block(struct pysettings *ps, const struct pynode *block)
{
	const struct pynode *child;
	size_t at = 0;

	while (block != NULL && (child = pynode_next(block, &at)) != NULL)
		pyrun_statement(ps, child);
}

/* A block, or the one of an else clause. */
void
pyrun_block(struct pysettings *ps, const struct pynode *block)
{
	if (block != NULL && block->type != PYT_BLOCK)
		block = pynode_field(block, "body");
	run_block(ps, block);
}

static void
for_once(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *of = pyrun_value(ps, pynode_field(node, "right"));
	struct pyval *each = pyrun_either(ps, of, NULL);

	for (size_t i = 0; of->kind == PY_LIST && i < of->n; i++)
		pyval_may_be(ps->pool, each, of->value[i]);
	pyrun_use(ps, of);
	pyrun_assign(ps, pynode_field(node, "left"), each);
	pyrun_block(ps, pynode_field(node, "body"));
	pyrun_block(ps, pynode_field(node, "alternative"));
}

/* Through all of a list, as it grows. false: too many rounds. */
static bool
go_through(struct pysettings *ps, const struct pynode *node,
    const struct pyval *items)
{
	for (size_t i = 0; i < items->n; i++) {
		if (!step(ps))
			return false;
		pyrun_assign(ps, pynode_field(node, "left"),
		    items->value[i]);
		pyrun_block(ps, pynode_field(node, "body"));
	}
	return true;
}

void
pyrun_for(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *items = NULL;

	if (ps->coarse == 0 && !breaks(pynode_field(node, "body"))
	    && !pynode_has(node, "async"))
		items = pyrun_items(ps, pyrun_value(ps, pynode_field(node,
		    "right")));
	if (items != NULL && go_through(ps, node, items))
		pyrun_block(ps, pynode_field(node, "alternative"));
	else
		pyrun_blunt(ps, node, for_once);
}

static void
while_once(struct pysettings *ps, const struct pynode *node)
{
	pyrun_use(ps, pyrun_value(ps, pynode_field(node, "condition")));
	pyrun_block(ps, pynode_field(node, "body"));
	pyrun_block(ps, pynode_field(node, "alternative"));
}

void
pyrun_while(struct pysettings *ps, const struct pynode *node)
{
	pyrun_blunt(ps, node, while_once);
}
