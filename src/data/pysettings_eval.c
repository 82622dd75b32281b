/*
 * pysettings_eval - what a Python expression is, and what it changes.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"

enum {
	TEXT_MAX = 1 << 20,
	LIST_MAX = 100000,	/* entries of one list */
	NUMBER_BYTES = 64,
};

struct pyval *
pyrun_known(struct pysettings *ps, struct pyval *value)
{
	return value->kind != PY_ABSENT ? value :
	    pyrun_either(ps, value, NULL);
}

struct pyval *
pyrun_name(struct pysettings *ps, const char *name)
{
	return pyval_get(ps->pool, ps->names, name);
}

/* Objects of a class that nobody knows, or of one of this file, may have
 * operators and properties that run code. */
void
pyrun_use(struct pysettings *ps, struct pyval *v)
{
	if (v->all && v->nmay_be == 0)
		return;		/* such as a module, or its name */
	if (v->opaque && v->nmay_be > 0)
		pyrun_taint(ps, v, v, false);
	else if (ps->classes && v->kind == PY_UNREADABLE
	    && (v->code == NULL || v->code->is_class)
	    && pyrun_is_wild(ps, v))
		pyrun_run_code(ps, v, NULL);
}

/* The parts are still run, for what their calls change, and the result may
 * be another name for any of them. */
static struct pyval *
absorb(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v = pyrun_unreadable(ps), *part;
	const struct pynode *child;
	size_t at = 0;

	while ((child = pynode_next(node, &at)) != NULL) {
		part = pyrun_value(ps, child);
		pyrun_use(ps, part);
		pyval_may_be(ps->pool, v, part);
		v->opaque = v->opaque || part->opaque;
	}
	return v;
}

/* ---- literals ---- */

struct pyval *
pyrun_take_text(struct pysettings *ps, struct buf *text, bool ok)
{
	struct pyval *v = NULL;

	if (ok && !text->full && strlen(buf_str(text)) == text->len)
		v = pyval_new(ps->pool, PY_STRING,
		    pool_strdup(ps->pool, buf_str(text)));
	if (text->data != NULL)
		mem_wipe(text->data, text->len);
	buf_free(text);
	return v;
}

static struct pyval *
new_int(struct pysettings *ps, long long n)
{
	return pyval_new(ps->pool, PY_INT, pool_printf(ps->pool, "%lld", n));
}

/* An int that fits; false: another kind, or too large to count with. */
static bool
as_number(const struct pyval *v, long long *n)
{
	char *end;

	if (v->kind != PY_INT)
		return false;
	errno = 0;
	*n = strtoll(v->text, &end, 10);
	return errno == 0 && *end == '\0';
}

static struct pyval *
number(struct pysettings *ps, const struct pynode *node)
{
	const char *source = pyrun_source(ps, node);
	struct buf plain = buf_new(NUMBER_BYTES);
	struct pyval *v = NULL;
	char *end;
	uint64_t n;
	int base = 10;

	for (const char *s = source; *s != '\0'; s++)
		if (*s != '_')
			buf_putc(&plain, *s);
	source = pool_strdup(ps->scratch, buf_str(&plain));
	if (source[0] == '0' && source[1] != '\0')
		base = strchr("xX", source[1]) ? 16 :
		    strchr("oO", source[1]) ? 8 :
		    strchr("bB", source[1]) ? 2 : 10;
	errno = 0;
	n = strtoull(source + (base != 10 ? 2 : 0), &end, base);
	if (!plain.full && *source != '\0' && *end == '\0' && errno == 0)
		v = pyval_new(ps->pool, PY_INT,
		    pool_printf(ps->pool, "%" PRIu64, n));
	buf_free(&plain);
	return v != NULL ? v : pyrun_unreadable(ps);
}

/* As Python prints it: the shortest that means the same number. */
static struct pyval *
new_float(struct pysettings *ps, double d)
{
	char text[NUMBER_BYTES], *e;
	int digits = 1, power;

	if (d != d || d - d != 0)
		return pyrun_unreadable(ps);
	do
		snprintf(text, sizeof text, "%.*e", digits - 1, d);
	while (strtod(text, NULL) != d && digits++ < 17);
	e = strchr(text, 'e');
	power = e != NULL ? (int)strtol(e + 1, NULL, 10) : 0;
	if (power < -4 || power >= 16)
		return pyval_new(ps->pool, PY_FLOAT,
		    pool_strdup(ps->pool, text));
	snprintf(text, sizeof text, "%.*f",
	    digits - 1 > power ? digits - 1 - power : 1, d);
	return pyval_new(ps->pool, PY_FLOAT, pool_strdup(ps->pool, text));
}

static struct pyval *
float_value(struct pysettings *ps, const struct pynode *node)
{
	const char *source = pyrun_source(ps, node);
	struct buf plain = buf_new(NUMBER_BYTES);
	struct pyval *v = NULL;
	char *end;
	double d;

	for (const char *s = source; *s != '\0'; s++)
		if (*s != '_')
			buf_putc(&plain, *s);
	d = strtod(buf_str(&plain), &end);
	if (!plain.full && plain.len > 0 && *end == '\0')
		v = new_float(ps, d);
	buf_free(&plain);
	return v != NULL ? v : pyrun_unreadable(ps);
}

static struct pyval *
string_value(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v;

	return pyrun_string(ps, node, &v) ? v : pyrun_unreadable(ps);
}

static struct pyval *
concatenation(struct pysettings *ps, const struct pynode *node)
{
	struct buf all = buf_new(TEXT_MAX);
	const struct pynode *part;
	struct pyval *v = NULL;
	size_t at = 0;
	bool ok = true;

	while ((part = pynode_next(node, &at)) != NULL)
		ok = pyrun_string(ps, part, &v) && ok
		    && buf_puts(&all, v->text);
	v = pyrun_take_text(ps, &all, ok);
	return v != NULL ? v : pyrun_unreadable(ps);
}

/* *x within a list: its entries. false: not known. */
static bool
add_splat(struct pysettings *ps, struct pyval *list,
    const struct pynode *node)
{
	struct pyval *of = pyrun_value(ps, pynode_nth(node, 0));
	struct pyval *items = pyrun_items(ps, of);

	pyval_may_be(ps->pool, list, of);
	if (items == NULL)
		pyrun_use(ps, of);
	for (size_t i = 0; items != NULL && i < items->n; i++)
		pyval_append(ps->pool, list, items->value[i]);
	return items != NULL;
}

static struct pyval *
list(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v = pyval_new(ps->pool, PY_LIST, NULL);
	const struct pynode *item;
	size_t at = 0;
	bool ok = true;

	v->fixed = node->type == PYT_TUPLE
	    || node->type == PYT_EXPRESSION_LIST;
	while ((item = pynode_next(node, &at)) != NULL) {
		if (item->type == PYT_LIST_SPLAT)
			ok = add_splat(ps, v, item) && ok;
		else
			pyval_append(ps->pool, v,
			    pyrun_known(ps, pyrun_value(ps, item)));
	}
	if (ok) {
		v->nmay_be = 0;
		return v;
	}
	v->fixed = false;
	pyval_spoil(ps->pool, v, pyrun_why(ps), NULL);
	return v;
}

void
pyrun_take_all(struct pysettings *ps, struct pyval *into, struct pyval *from)
{
	if (from->kind != PY_DICT || from->rest != NULL) {
		pyrun_use(ps, from);
		pyval_spoil(ps->pool, into, pyrun_why(ps), from);
	}
	for (size_t i = 0; from->kind == PY_DICT && i < from->n; i++)
		pyrun_set_item(ps, into, from->key[i], from->value[i]);
}

static struct pyval *
dictionary(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v = pyval_new(ps->pool, PY_DICT, NULL), *key, *value;
	const struct pynode *item;
	int maybe = ps->maybe;
	size_t at = 0;

	while ((item = pynode_next(node, &at)) != NULL) {
		if (item->type == PYT_DICT_SPLAT) {
			value = pyrun_value(ps, pynode_nth(item, 0));
			ps->maybe = 0;	/* what is made here is surely made */
			pyrun_take_all(ps, v, value);
			ps->maybe = maybe;
			continue;
		}
		if (item->type != PYT_PAIR)
			continue;
		key = pyrun_value(ps, pynode_field(item, "key"));
		value = pyrun_value(ps, pynode_field(item, "value"));
		if (pyval_key(ps->scratch, key) != NULL)
			pyval_set(ps->pool, v, pyval_key(ps->scratch, key),
			    pyrun_known(ps, value));
		else
			pyval_spoil(ps->pool, v, pyrun_why(ps), value);
	}
	return v;
}

static struct pyval *
constant(struct pysettings *ps, const struct pynode *node)
{
	return node->type == PYT_NONE ?
	    pyval_new(ps->pool, PY_NONE, NULL) :
	    pyval_new(ps->pool, PY_BOOL, node->kind);
}

static struct pyval *
new_bool(struct pysettings *ps, bool is)
{
	return pyval_new(ps->pool, PY_BOOL, is ? "true" : "false");
}

/* ---- operators ---- */

static struct pyval *
count_with(struct pysettings *ps, const char *op, long long x, long long y)
{
	long long z = 0;
	bool ok = true;

	if (text_same(op, "+"))
		ok = !__builtin_add_overflow(x, y, &z);
	else if (text_same(op, "-"))
		ok = !__builtin_sub_overflow(x, y, &z);
	else if (text_same(op, "*"))
		ok = !__builtin_mul_overflow(x, y, &z);
	else if (text_same(op, "//") && x >= 0 && y > 0)
		z = x / y;
	else if (text_same(op, "%") && x >= 0 && y > 0)
		z = x % y;
	else
		ok = false;
	return ok ? new_int(ps, z) : NULL;
}

static struct pyval *
add_lists(struct pysettings *ps, const struct pyval *a,
    const struct pyval *b)
{
	struct pyval *v;

	if (a->fixed != b->fixed || a->n + b->n > LIST_MAX)
		return NULL;
	v = pyval_copy(ps->pool, a);
	for (size_t i = 0; i < b->n; i++)
		pyval_append(ps->pool, v, b->value[i]);
	return v;
}

static struct pyval *
unite(struct pysettings *ps, struct pyval *a, struct pyval *b)
{
	struct pyval *v = pyval_copy(ps->pool, a);
	int maybe = ps->maybe;

	ps->maybe = 0;
	pyrun_take_all(ps, v, b);
	ps->maybe = maybe;
	return v;
}

struct pyval *
pyrun_binary(struct pysettings *ps, const char *op, struct pyval *a,
    struct pyval *b)
{
	struct pyval *v = NULL;
	long long x, y;

	if (as_number(a, &x) && as_number(b, &y))
		v = count_with(ps, op, x, y);
	else if (text_same(op, "+") && a->kind == PY_STRING
	    && b->kind == PY_STRING
	    && strlen(a->text) + strlen(b->text) < TEXT_MAX)
		v = pyval_new(ps->pool, PY_STRING, pool_printf(ps->pool,
		    "%s%s", a->text, b->text));
	else if (text_same(op, "+") && a->kind == PY_LIST
	    && b->kind == PY_LIST)
		v = add_lists(ps, a, b);
	else if (text_same(op, "%") && a->kind == PY_STRING)
		v = pyrun_percent(ps, a, b);
	else if (text_same(op, "|") && a->kind == PY_DICT
	    && b->kind == PY_DICT && pyval_is_listed(a)
	    && pyval_is_listed(b))
		v = unite(ps, a, b);
	if (v != NULL)
		return v;
	pyrun_use(ps, a);
	pyrun_use(ps, b);
	return pyrun_either(ps, a, b);
}

static struct pyval *
binary(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *a = pyrun_value(ps, pynode_field(node, "left"));
	struct pyval *b = pyrun_value(ps, pynode_field(node, "right"));

	return pyrun_binary(ps, pynode_field(node, "operator")->kind, a, b);
}

static struct pyval *
unary(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v = pyrun_value(ps, pynode_field(node, "argument"));
	bool minus = ps->text[node->start] == '-';

	if (minus && v->kind == PY_FLOAT)
		return new_float(ps, -strtod(v->text, NULL));
	if (!minus || v->kind != PY_INT) {
		pyrun_use(ps, v);
		return pyrun_either(ps, v, NULL);
	}
	if (*v->text == '-')
		return pyval_new(ps->pool, PY_INT, v->text + 1);
	return *v->text == '0' ? v : pyval_new(ps->pool, PY_INT,
	    pool_printf(ps->pool, "-%s", v->text));
}

/* True and False are 1 and 0 here. */
static const char *
plain_key(struct pysettings *ps, const struct pyval *v)
{
	return pyval_key(ps->scratch, v);
}

/* 1, 0, or -1: not known. */
static int
is_equal(struct pysettings *ps, const struct pyval *a, const struct pyval *b)
{
	const char *x = plain_key(ps, a), *y = plain_key(ps, b);

	return x == NULL || y == NULL ? -1 : strcmp(x, y) == 0;
}

static int
is_in(struct pysettings *ps, const struct pyval *a, const struct pyval *b)
{
	int found = 0;

	if (b->kind == PY_STRING && a->kind == PY_STRING)
		return strstr(b->text, a->text) != NULL;
	if (b->kind == PY_DICT && plain_key(ps, a) != NULL
	    && pyval_is_listed(b))
		return pyval_listed(b, plain_key(ps, a)) != NULL;
	if (b->kind != PY_LIST)
		return -1;
	for (size_t i = 0; found == 0 && i < b->n; i++)
		found = is_equal(ps, a, b->value[i]);
	return found;
}

static int
is_less(const struct pyval *a, const struct pyval *b)
{
	long long x, y;

	if (as_number(a, &x) && as_number(b, &y))
		return x < y;
	if (a->kind == PY_STRING && b->kind == PY_STRING)
		return strcmp(a->text, b->text) < 0;	/* as of characters */
	return -1;
}

/* `is` tells only None and the booleans apart for sure. */
static int
is_same(const struct pyval *a, const struct pyval *b)
{
	bool single = a->kind == PY_NONE || a->kind == PY_BOOL
	    || b->kind == PY_NONE || b->kind == PY_BOOL;

	if (a->kind == PY_ABSENT || a->kind == PY_UNREADABLE
	    || b->kind == PY_ABSENT || b->kind == PY_UNREADABLE
	    || (a->kind == PY_DICT && a->rest != NULL)
	    || (b->kind == PY_DICT && b->rest != NULL) || !single)
		return -1;
	return a->kind == b->kind && strcmp(a->text, b->text) == 0;
}

static int
compare(struct pysettings *ps, const char *op, const struct pyval *a,
    const struct pyval *b)
{
	static const struct {
		const char *op;
		char what;
		bool not, swapped;
	} table[] = {
		{ "==", '=', false, false }, { "!=", '=', true, false },
		{ "in", 'i', false, false }, { "not in", 'i', true, false },
		{ "is", 's', false, false }, { "is not", 's', true, false },
		{ "<", '<', false, false }, { ">", '<', false, true },
		{ ">=", '<', true, false }, { "<=", '<', true, true },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct pyval *x = table[i].swapped ? b : a;
		const struct pyval *y = table[i].swapped ? a : b;
		int is;

		if (strcmp(table[i].op, op) != 0)
			continue;
		is = table[i].what == '=' ? is_equal(ps, x, y) :
		    table[i].what == 'i' ? is_in(ps, x, y) :
		    table[i].what == 's' ? is_same(x, y) : is_less(x, y);
		return is == -1 ? -1 : is != table[i].not;
	}
	return -1;
}

/* a < b, and all others of their kind; of a < b < c only what it changes. */
static struct pyval *
comparison(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *a = pyrun_value(ps, pynode_nth(node, 0));
	struct pyval *b = pyrun_value(ps, pynode_nth(node, 1));
	const struct pynode *op = pynode_field(node, "operators"), *next;
	int is;

	ps->maybe++;
	for (size_t i = 2; (next = pynode_nth(node, i)) != NULL; i++)
		pyrun_use(ps, pyrun_value(ps, next));
	ps->maybe--;
	pyrun_use(ps, a);
	pyrun_use(ps, b);
	is = pynode_count(node) == 2 && op != NULL ?
	    compare(ps, op->kind, a, b) : -1;
	return is == -1 ? pyrun_unreadable(ps) : new_bool(ps, is);
}

static struct pyval *
negation(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v = pyrun_value(ps, pynode_field(node, "argument"));
	int truth = pyval_truth(v);

	pyrun_use(ps, v);
	return truth == -1 ? pyrun_unreadable(ps) : new_bool(ps, !truth);
}

/* Something that may not be evaluated at all. */
static struct pyval *
perhaps(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v;

	ps->maybe++;
	v = pyrun_value(ps, node);
	ps->maybe--;
	return v;
}

static struct pyval *
boolean(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *right = pynode_field(node, "right");
	struct pyval *a = pyrun_value(ps, pynode_field(node, "left"));
	bool is_and = pynode_has(node, "and");
	int truth = pyval_truth(a);

	pyrun_use(ps, a);
	if (truth == -1)
		return pyrun_either(ps, a, perhaps(ps, right));
	return is_and == (truth == 1) ? pyrun_value(ps, right) : a;
}

/* a if test else b */
static struct pyval *
conditional(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *a = pynode_nth(node, 0), *b = pynode_nth(node, 2);
	struct pyval *test = pyrun_value(ps, pynode_nth(node, 1)), *v;
	int truth = pyval_truth(test);

	pyrun_use(ps, test);
	if (truth != -1)
		return pyrun_value(ps, truth ? a : b);
	v = perhaps(ps, a);
	return pyrun_either(ps, v, perhaps(ps, b));
}

/* ---- parts ---- */

bool
pyrun_index(const struct pyval *v, const struct pyval *index, size_t *i)
{
	long long n;

	if (v->kind != PY_LIST || !as_number(index, &n))
		return false;
	if (n < 0)
		n += (long long)v->n;
	*i = (size_t)n;
	return n >= 0 && n < (long long)v->n;
}

/* An end of a slice, as Python shortens it. false: not known. */
static bool
slice_end(struct pysettings *ps, const struct pynode *node, long long size,
    long long *end)
{
	struct pyval *v = pyrun_value(ps, node);

	if (!as_number(v, end))
		return false;
	if (*end < 0)
		*end += size;
	*end = *end < 0 ? 0 : *end > size ? size : *end;
	return true;
}

/* of[a:b], of a list or an ASCII text. NULL: not known. */
static struct pyval *
slice(struct pysettings *ps, struct pyval *of, const struct pynode *node)
{
	bool text = of->kind == PY_STRING && pyrun_is_ascii(of->text);
	long long size = (long long)(text ? strlen(of->text) : of->n);
	long long from = 0, to = size;
	int colons = 0;
	struct pyval *v;
	bool ok = text || of->kind == PY_LIST;

	for (size_t i = 0; i < node->n; i++) {
		const struct pynode *part = node->child[i];

		if (!part->named)
			colons++;
		else if (part->type != PYT_COMMENT)
			ok = slice_end(ps, part, size,
			    colons == 0 ? &from : &to) && ok;
	}
	if (!ok || colons != 1)
		return NULL;
	to = to < from ? from : to;
	if (text)
		return pyval_new(ps->pool, PY_STRING, pool_strndup(ps->pool,
		    of->text + from, (size_t)(to - from)));
	v = pyval_new(ps->pool, PY_LIST, NULL);
	v->fixed = of->fixed;
	for (; from < to; from++)
		pyval_append(ps->pool, v, of->value[from]);
	return v;
}

struct pyval *
pyrun_item(struct pysettings *ps, struct pyval *of, struct pyval *key)
{
	struct pyval *v = NULL;
	size_t i;

	if (pyrun_index(of, key, &i))
		v = of->value[i];
	else if (key->kind == PY_STRING || (pyval_is_listed(of)
	    && pyval_key(ps->scratch, key) != NULL))
		v = pyval_get(ps->pool, of, pyval_key(ps->scratch, key));
	return v != NULL ? v : pyrun_either(ps, of, NULL);
}

static struct pyval *
subscript(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *of = pyrun_value(ps, pynode_field(node, "value")), *v;
	const struct pynode *by = pynode_field(node, "subscript"), *more;
	size_t at = 0;

	pyrun_use(ps, of);
	if (pynode_count(node) == 2 && by->type != PYT_SLICE)
		return pyrun_item(ps, of, pyrun_value(ps, by));
	if (pynode_count(node) == 2) {
		v = slice(ps, of, by);
		return v != NULL ? v : pyrun_either(ps, of, NULL);
	}
	pynode_next(node, &at);
	while ((more = pynode_next(node, &at)) != NULL)
		pyrun_value(ps, more);
	return pyrun_either(ps, of, NULL);
}

/* Through Python's own tables any name can be changed. */
static struct pyval *
way_to_all(struct pysettings *ps)
{
	struct pyval *v = pyrun_unreadable(ps);

	v->all = true;
	return v;
}

static struct pyval *
identifier(struct pysettings *ps, const struct pynode *node)
{
	const char *name = pyrun_source(ps, node);

	if (text_starts(name, "__") || text_same(name, "builtins"))
		return way_to_all(ps);
	return pyrun_name(ps, name);
}

static struct pyval *
attribute(struct pysettings *ps, const struct pynode *node)
{
	static const char *const tables[] = { "modules", "_getframe",
	    "f_globals", "f_locals", "f_back", "gi_frame", NULL };
	struct pyval *of = pyrun_value(ps, pynode_field(node, "object"));
	const char *name = pyrun_source(ps, pynode_field(node, "attribute"));
	struct pyval *v;

	pyrun_use(ps, of);
	for (const char *const *t = tables; *t != NULL; t++)
		if (strcmp(name, *t) == 0)
			return way_to_all(ps);
	if (text_starts(name, "__"))
		return way_to_all(ps);
	v = pyrun_either(ps, of, NULL);
	v->all = of->all;
	return v;
}

static struct pyval *
inner(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *child = pynode_nth(node, 0);

	return child != NULL ? pyrun_value(ps, child) : pyrun_unreadable(ps);
}

static struct pyval *
named_expression(struct pysettings *ps, const struct pynode *node)
{
	struct pyval *v = pyrun_value(ps, pynode_field(node, "value"));

	pyrun_assign(ps, pynode_field(node, "name"), v);
	return v;
}

static struct pyval *
lambda(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *parameters = pynode_field(node, "parameters");
	struct pyval *v = pyrun_new_code(ps, node), *dflt;

	for (size_t i = 0; parameters != NULL && i < parameters->n; i++) {
		const struct pynode *value = pynode_field(
		    parameters->child[i], "value");

		if (value == NULL)
			continue;
		dflt = pyrun_value(ps, value);
		pyval_may_be(ps->pool, v, dflt);
	}
	return v;
}

/* Code that runs when somebody goes through it. */
static struct pyval *
generator(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *first = pynode_nth(node, 1);
	struct pyval *v = pyrun_new_code(ps, node);

	if (first != NULL && first->type == PYT_FOR_IN)
		pyval_may_be(ps->pool, v,
		    pyrun_value(ps, pynode_field(first, "right")));
	return v;
}

static struct pyval *
scalar_unknown(struct pysettings *ps, const struct pynode *node)
{
	(void)node;
	return pyrun_unreadable(ps);
}

struct pyval *
pyrun_value(struct pysettings *ps, const struct pynode *node)
{
	static struct pyval *(*const eval[])(struct pysettings *,
	    const struct pynode *) = {
		[PYT_IDENTIFIER] = identifier, [PYT_STRING] = string_value,
		[PYT_CONCATENATED] = concatenation, [PYT_INTEGER] = number,
		[PYT_FLOAT] = float_value, [PYT_TRUE] = constant,
		[PYT_FALSE] = constant, [PYT_NONE] = constant,
		[PYT_LIST] = list, [PYT_TUPLE] = list,
		[PYT_EXPRESSION_LIST] = list, [PYT_DICT] = dictionary,
		[PYT_PARENTHESIZED] = inner, [PYT_TYPE] = inner,
		[PYT_SUBSCRIPT] = subscript, [PYT_CALL] = pyrun_call,
		[PYT_BINARY] = binary, [PYT_UNARY] = unary,
		[PYT_BOOLEAN] = boolean, [PYT_NOT] = negation,
		[PYT_COMPARISON] = comparison,
		[PYT_CONDITIONAL] = conditional,
		[PYT_NAMED] = named_expression,
		[PYT_LIST_COMPREHENSION] = pyrun_comprehension,
		[PYT_SET_COMPREHENSION] = pyrun_comprehension,
		[PYT_DICT_COMPREHENSION] = pyrun_comprehension,
		[PYT_GENERATOR] = generator, [PYT_ATTRIBUTE] = attribute,
		[PYT_LAMBDA] = lambda, [PYT_COMMENT] = scalar_unknown,
		[PYT_ELLIPSIS] = scalar_unknown,
	};

	if (node == NULL)
		return pyrun_unreadable(ps);
	if (node->type < sizeof eval / sizeof *eval
	    && eval[node->type] != NULL)
		return eval[node->type](ps, node);
	return absorb(ps, node);
}
