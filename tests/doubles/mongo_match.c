/*
 * mongo_match - which documents a filter picks, their order, their fields.
 */
#include "mongo_match.h"

#include <stdlib.h>
#include <string.h>

#include "mongo_base.h"

static const char *const operators[] = { "$eq", "$ne", "$gt", "$gte", "$lt",
	"$lte", "$in", "$nin", "$exists" };
static const char *const joins[] = { "$and", "$or", "$nor" };

enum {
	N_OPERATORS = sizeof(operators) / sizeof(operators[0]),
	N_JOINS = sizeof(joins) / sizeof(joins[0])
};

static bool
is_one_of(const char *const *v, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i], s) == 0)
			return true;
	}
	return false;
}

/* The server's order of types. */
static int
type_rank(const bson_iter_t *it)
{
	switch (bson_iter_type(it)) {
	case BSON_TYPE_MINKEY:
		return 0;
	case BSON_TYPE_UNDEFINED:
	case BSON_TYPE_NULL:
		return 1;
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
	case BSON_TYPE_DOUBLE:
	case BSON_TYPE_DECIMAL128:
		return 2;
	case BSON_TYPE_SYMBOL:
	case BSON_TYPE_UTF8:
		return 3;
	case BSON_TYPE_DOCUMENT:
		return 4;
	case BSON_TYPE_ARRAY:
		return 5;
	case BSON_TYPE_BINARY:
		return 6;
	case BSON_TYPE_OID:
		return 7;
	case BSON_TYPE_BOOL:
		return 8;
	case BSON_TYPE_DATE_TIME:
		return 9;
	case BSON_TYPE_TIMESTAMP:
		return 10;
	case BSON_TYPE_REGEX:
		return 11;
	case BSON_TYPE_MAXKEY:
		return 13;
	default:
		return 12;
	}
}

static int
compare_bytes(const void *a, size_t an, const void *b, size_t bn)
{
	int c = memcmp(a, b, an < bn ? an : bn);

	return c != 0 ? c : (an > bn) - (an < bn);
}

/* The value alone as a document's bytes; for types without an own rule. */
static int
compare_raw(const bson_iter_t *a, const bson_iter_t *b)
{
	bson_t x = BSON_INITIALIZER, y = BSON_INITIALIZER;
	int c;

	bson_append_iter(&x, "", 0, a);
	bson_append_iter(&y, "", 0, b);
	c = compare_bytes(bson_get_data(&x), x.len, bson_get_data(&y),
	    y.len);
	bson_destroy(&x);
	bson_destroy(&y);
	return c;
}

static int
compare_numbers(const bson_iter_t *a, const bson_iter_t *b)
{
	double x, y;

	if (!BSON_ITER_HOLDS_DOUBLE(a) && !BSON_ITER_HOLDS_DOUBLE(b)) {
		int64_t m = bson_iter_as_int64(a), n = bson_iter_as_int64(b);

		return (m > n) - (m < n);
	}
	x = bson_iter_as_double(a);
	y = bson_iter_as_double(b);
	return (x > y) - (x < y);
}

static int
compare_text(const bson_iter_t *a, const bson_iter_t *b)
{
	uint32_t an, bn;
	const char *x = bson_iter_utf8(a, &an), *y = bson_iter_utf8(b, &bn);

	if (x == NULL || y == NULL)
		return compare_raw(a, b);
	return compare_bytes(x, an, y, bn);
}

/* Order of two values, as the server sorts them: by type, then value. */
static int
value_compare(const bson_iter_t *a, const bson_iter_t *b)
{
	int ra = type_rank(a), rb = type_rank(b);
	int64_t x, y;

	if (ra != rb)
		return ra < rb ? -1 : 1;
	switch (ra) {
	case 1:
		return 0;
	case 2:
		return compare_numbers(a, b);
	case 3:
		return compare_text(a, b);
	case 7:
		return bson_oid_compare(bson_iter_oid(a), bson_iter_oid(b));
	case 8:
		return (int)bson_iter_bool(a) - (int)bson_iter_bool(b);
	case 9:
		x = bson_iter_date_time(a);
		y = bson_iter_date_time(b);
		return (x > y) - (x < y);
	default:
		return compare_raw(a, b);
	}
}

static bool
is_operator_doc(const bson_iter_t *it)
{
	bson_iter_t sub;

	return BSON_ITER_HOLDS_DOCUMENT(it) && bson_iter_recurse(it, &sub)
	    && bson_iter_next(&sub) && bson_iter_key(&sub)[0] == '$';
}

/* Open an element that holds a document. */
static bool
open_doc(const bson_iter_t *it, bson_t *doc)
{
	const uint8_t *p;
	uint32_t n;

	if (BSON_ITER_HOLDS_DOCUMENT(it))
		bson_iter_document(it, &n, &p);
	else if (BSON_ITER_HOLDS_ARRAY(it))
		bson_iter_array(it, &n, &p);
	else
		return false;
	return bson_init_static(doc, p, n);
}

/* In the filters that $and and the like join. */
static const char *
unknown_joined(const bson_iter_t *join)
{
	const char *bad = NULL;
	bson_iter_t sub;
	bson_t doc;

	if (!bson_iter_recurse(join, &sub))
		return NULL;
	while (bad == NULL && bson_iter_next(&sub)) {
		if (open_doc(&sub, &doc))
			bad = filter_unknown(&doc);
	}
	return bad;
}

/* Among the operators on one field. */
static const char *
unknown_operator(const bson_iter_t *field)
{
	bson_iter_t sub;

	bson_iter_recurse(field, &sub);
	while (bson_iter_next(&sub)) {
		const char *key = bson_iter_key(&sub);

		if (!is_one_of(operators, N_OPERATORS, key))
			return key;
	}
	return NULL;
}

const char *
filter_unknown(const bson_t *filter)
{
	bson_iter_t it;

	bson_iter_init(&it, filter);
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it), *bad = NULL;

		if (key[0] == '$' && !is_one_of(joins, N_JOINS, key))
			return key;
		if (key[0] == '$')
			bad = unknown_joined(&it);
		else if (is_operator_doc(&it))
			bad = unknown_operator(&it);
		if (bad != NULL)
			return bad;
	}
	return NULL;
}

static bool
equal(const bson_iter_t *have, const bson_iter_t *want)
{
	bson_iter_t sub;

	if (value_compare(have, want) == 0)
		return true;
	if (!BSON_ITER_HOLDS_ARRAY(have) || !bson_iter_recurse(have, &sub))
		return false;
	while (bson_iter_next(&sub)) {
		if (value_compare(&sub, want) == 0)
			return true;
	}
	return false;
}

/* A missing field is equal to null. */
static bool
equal_or_missing(const bson_iter_t *have, const bson_iter_t *want)
{
	return have != NULL ? equal(have, want)
	    : BSON_ITER_HOLDS_NULL(want);
}

static bool
in_list(const bson_iter_t *have, const bson_iter_t *list)
{
	bson_iter_t sub;

	if (!BSON_ITER_HOLDS_ARRAY(list) || !bson_iter_recurse(list, &sub))
		return false;
	while (bson_iter_next(&sub)) {
		if (equal_or_missing(have, &sub))
			return true;
	}
	return false;
}

static bool
ordered(const bson_iter_t *have, const bson_iter_t *want, const char *op)
{
	int c;

	if (have == NULL || type_rank(have) != type_rank(want))
		return false;
	c = value_compare(have, want);
	if (strcmp(op, "$gt") == 0)
		return c > 0;
	if (strcmp(op, "$gte") == 0)
		return c >= 0;
	return strcmp(op, "$lt") == 0 ? c < 0 : c <= 0;
}

static bool
match_operator(const bson_iter_t *have, const char *op,
    const bson_iter_t *want)
{
	if (strcmp(op, "$eq") == 0)
		return equal_or_missing(have, want);
	if (strcmp(op, "$ne") == 0)
		return !equal_or_missing(have, want);
	if (strcmp(op, "$in") == 0)
		return in_list(have, want);
	if (strcmp(op, "$nin") == 0)
		return !in_list(have, want);
	if (strcmp(op, "$exists") == 0)
		return (have != NULL) == bson_iter_as_bool(want);
	return ordered(have, want, op);
}

static bool
match_field(const bson_t *doc, const bson_iter_t *want)
{
	bson_iter_t it, found, sub;
	const bson_iter_t *have = NULL;

	if (bson_iter_init(&it, doc)
	    && bson_iter_find_descendant(&it, bson_iter_key(want), &found))
		have = &found;
	if (!is_operator_doc(want))
		return equal_or_missing(have, want);
	bson_iter_recurse(want, &sub);
	while (bson_iter_next(&sub)) {
		if (!match_operator(have, bson_iter_key(&sub), &sub))
			return false;
	}
	return true;
}

static bool
match_join(const bson_t *doc, const bson_iter_t *list)
{
	const char *op = bson_iter_key(list);
	bson_iter_t sub;
	bson_t filter;
	bool any = false, all = true;

	if (!bson_iter_recurse(list, &sub))
		return false;
	while (bson_iter_next(&sub)) {
		bool ok = open_doc(&sub, &filter)
		    && filter_match(&filter, doc);

		any |= ok;
		all &= ok;
	}
	if (strcmp(op, "$and") == 0)
		return all;
	return strcmp(op, "$or") == 0 ? any : !any;
}

bool
filter_match(const bson_t *filter, const bson_t *doc)
{
	bson_iter_t it;

	bson_iter_init(&it, filter);
	while (bson_iter_next(&it)) {
		if (bson_iter_key(&it)[0] == '$'
		    ? !match_join(doc, &it) : !match_field(doc, &it))
			return false;
	}
	return true;
}

struct sortable {
	bson_t *doc;
	const bson_t *spec;
	size_t at;		/* keeps equals in their order */
};

static int
compare_docs(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;
	bson_t null = BSON_INITIALIZER;
	bson_iter_t it, nothing, xi, yi, xf, yf;
	int c = 0;

	bson_append_null(&null, "", 0);
	bson_iter_init(&nothing, &null);
	bson_iter_next(&nothing);
	bson_iter_init(&it, x->spec);
	while (c == 0 && bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);

		if (!bson_iter_init(&xi, x->doc)
		    || !bson_iter_find_descendant(&xi, key, &xf))
			xf = nothing;
		if (!bson_iter_init(&yi, y->doc)
		    || !bson_iter_find_descendant(&yi, key, &yf))
			yf = nothing;
		c = value_compare(&xf, &yf);
		if (bson_iter_as_int64(&it) < 0)
			c = -c;
	}
	bson_destroy(&null);
	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

void
docs_sort(bson_t **docs, size_t n, const bson_t *spec)
{
	struct sortable *v = mem_new(n * sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = (struct sortable){ .doc = docs[i], .spec = spec,
		    .at = i };
	qsort(v, n, sizeof(*v), compare_docs);
	for (size_t i = 0; i < n; i++)
		docs[i] = v[i].doc;
	free(v);
}

bson_t *
doc_project(const bson_t *doc, const bson_t *spec)
{
	bson_iter_t it, rule;
	bool include = false, id = true;
	bson_t *out = bson_new();

	bson_iter_init(&it, spec);
	while (bson_iter_next(&it)) {
		if (strcmp(bson_iter_key(&it), "_id") == 0)
			id = bson_iter_as_bool(&it);
		else
			include |= bson_iter_as_bool(&it);
	}
	bson_iter_init(&it, doc);
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);
		bool keep = strcmp(key, "_id") == 0 ? id
		    : bson_iter_init_find(&rule, spec, key)
		    ? bson_iter_as_bool(&rule) : !include;

		if (keep)
			bson_append_iter(out, key, -1, &it);
	}
	return out;
}
