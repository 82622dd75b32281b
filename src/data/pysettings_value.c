/*
 * pysettings_value - see pysettings_value.h.
 */
#include "data/pysettings_value.h"

#include <string.h>

#include "base/mem.h"

enum { COPY_DEPTH = 50, COPY_MAX = 10000, SMALL_DICT = 16 };

struct pyval *
pyval_new(struct pool *pool, enum py_kind kind, const char *text)
{
	struct pyval *v = pool_alloc(pool, sizeof *v);

	v->kind = kind;
	v->text = text != NULL ? text : "";
	v->why = "";
	return v;
}

struct pyval *
pyval_unreadable(struct pool *pool, const char *why)
{
	struct pyval *v = pyval_new(pool, PY_UNREADABLE, NULL);

	v->why = why;
	return v;
}

bool
pyval_is_scalar(const struct pyval *v)
{
	return v->kind >= PY_NONE && v->kind <= PY_STRING;
}

bool
pyval_is_listed(const struct pyval *v)
{
	return (v->kind == PY_DICT && v->rest == NULL)
	    || v->kind == PY_LIST;
}

int
pyval_truth(const struct pyval *v)
{
	switch (v->kind) {
	case PY_NONE:
		return 0;
	case PY_BOOL:
		return strcmp(v->text, "true") == 0;
	case PY_INT:
		return strcmp(v->text, "0") != 0;
	case PY_FLOAT:
		return strspn(v->text, "-0.") < strlen(v->text);
	case PY_STRING:
		return *v->text != '\0';
	case PY_JSON:
		return 1;
	default:
		return pyval_is_listed(v) ? v->n > 0 : -1;
	}
}

void
pyval_may_be(struct pool *pool, struct pyval *v, struct pyval *other)
{
	if (other == NULL || other == v || pyval_is_scalar(other)
	    || other->kind == PY_JSON)
		return;
	for (size_t i = 0; i < v->nmay_be; i++)
		if (v->may_be[i] == other)
			return;
	if (v->nmay_be == v->room_may_be) {
		size_t room = v->room_may_be == 0 ? 2 : 2 * v->room_may_be;
		struct pyval **more = pool_alloc(pool, room * sizeof *more);

		if (v->nmay_be > 0)
			memcpy(more, v->may_be, v->nmay_be * sizeof *more);
		v->may_be = more;
		v->room_may_be = room;
	}
	v->may_be[v->nmay_be++] = other;
}

/* ---- keys ---- */

/* Texts are UTF-8, so that no text begins like this. */
static const char other_key[] = "\xff";

const char *
pyval_key(struct pool *pool, const struct pyval *v)
{
	switch (v->kind) {
	case PY_STRING:
		return v->text;
	case PY_BOOL:	/* True and 1 are one key */
		return pool_printf(pool, "%s%d%d", other_key, PY_INT,
		    pyval_truth(v));
	case PY_INT:
	case PY_NONE:
		return pool_printf(pool, "%s%d%s", other_key, v->kind,
		    v->text);
	default:
		return NULL;
	}
}

const char *
pyval_key_text(const char *key)
{
	return *key == *other_key ? key + 2 : key;
}

struct pyval *
pyval_of_key(struct pool *pool, const char *key)
{
	if (*key != *other_key)
		return pyval_new(pool, PY_STRING, key);
	return pyval_new(pool, (enum py_kind)(key[1] - '0'),
	    pool_strdup(pool, key + 2));
}

static size_t
hash(const char *key)
{
	size_t h = 5381;

	for (; *key != '\0'; key++)
		h = h * 33 ^ (unsigned char)*key;
	return h;
}

/* Where the key is, or would go: slots hold places in key, from 1. */
static size_t *
slot_of(const struct pyval *v, const char *key)
{
	size_t i = hash(key) & (v->slots - 1);

	while (v->slot[i] != 0 && strcmp(v->key[v->slot[i] - 1], key) != 0)
		i = (i + 1) & (v->slots - 1);
	return &v->slot[i];
}

/* A small dict is searched from end to end. */
static size_t
index_of(const struct pyval *v, const char *key)
{
	size_t i = 0;

	if (v->kind != PY_DICT)
		return v->n;
	if (v->slots > 0) {
		size_t place = *slot_of(v, key);

		return place != 0 ? place - 1 : v->n;
	}
	while (i < v->n && strcmp(v->key[i], key) != 0)
		i++;
	return i;
}

/* Make the slots anew, at most half of them taken. */
static void
index_again(struct pool *pool, struct pyval *v)
{
	v->slots = 0;
	if (v->kind != PY_DICT || v->n < SMALL_DICT)
		return;
	for (v->slots = 4 * SMALL_DICT; v->slots < 4 * v->n; )
		v->slots *= 2;
	v->slot = pool_alloc(pool, v->slots * sizeof *v->slot);
	for (size_t i = 0; i < v->n; i++)
		*slot_of(v, v->key[i]) = i + 1;
}

struct pyval *
pyval_listed(const struct pyval *v, const char *key)
{
	size_t i = index_of(v, key);

	return v->kind == PY_DICT && i < v->n ? v->value[i] : NULL;
}

static void
make_room(struct pool *pool, struct pyval *v)
{
	struct pyval **value;
	const char **key;

	if (v->n < v->room)
		return;
	v->room = v->room == 0 ? 8 : 2 * v->room;
	value = pool_alloc(pool, v->room * sizeof *value);
	key = pool_alloc(pool, v->room * sizeof *key);
	if (v->n > 0) {
		memcpy(value, v->value, v->n * sizeof *value);
		memcpy(key, v->key, v->n * sizeof *key);
	}
	v->value = value;
	v->key = key;
}

static void
add_pair(struct pool *pool, struct pyval *v, const char *key,
    struct pyval *value)
{
	make_room(pool, v);
	v->key[v->n] = key;
	v->value[v->n++] = value;
	if (v->slots == 0 ? v->n >= SMALL_DICT : 2 * v->n > v->slots)
		index_again(pool, v);
	else if (v->slots > 0)
		*slot_of(v, key) = v->n;
}

void
pyval_append(struct pool *pool, struct pyval *v, struct pyval *item)
{
	make_room(pool, v);
	v->key[v->n] = "";
	v->value[v->n++] = item;
}

void
pyval_insert(struct pool *pool, struct pyval *v, size_t i,
    struct pyval *item)
{
	pyval_append(pool, v, item);
	memmove(v->value + i + 1, v->value + i,
	    (v->n - 1 - i) * sizeof *v->value);
	v->value[i] = item;
}

void
pyval_remove(struct pyval *v, size_t i)
{
	v->n--;
	memmove(v->value + i, v->value + i + 1, (v->n - i) * sizeof *v->value);
}

/* Of the same nature: what an entry of it is that nobody lists. */
static struct pyval *
unlisted(struct pool *pool, const struct pyval *from)
{
	struct pyval *v = pyval_new(pool, from->kind, NULL);

	v->why = from->why;
	v->code = from->code;
	v->all = from->all;
	v->opaque = from->opaque;
	for (size_t i = 0; i < from->nmay_be; i++)
		pyval_may_be(pool, v, from->may_be[i]);
	return v;
}

/* What may hold entries that nobody lists becomes a dict of such ones. */
static bool
open_up(struct pool *pool, struct pyval *v)
{
	if (v->kind == PY_DICT)
		return true;
	if (v->kind != PY_ABSENT && v->kind != PY_UNREADABLE)
		return false;
	v->rest = unlisted(pool, v);
	v->opened = true;
	v->kind = PY_DICT;
	return true;
}

struct pyval *
pyval_get(struct pool *pool, struct pyval *v, const char *key)
{
	struct pyval *found;

	if (!open_up(pool, v))
		return NULL;
	found = pyval_listed(v, key);
	if (found != NULL || v->rest == NULL)
		return found;
	found = unlisted(pool, v->rest);
	add_pair(pool, v, pool_strdup(pool, key), found);
	return found;
}

void
pyval_set(struct pool *pool, struct pyval *v, const char *key,
    struct pyval *value)
{
	size_t i;

	if (!open_up(pool, v))
		return;
	i = index_of(v, key);
	if (i == v->n)
		add_pair(pool, v, pool_strdup(pool, key), value);
	else
		v->value[i] = value;
}

void
pyval_drop(struct pool *pool, struct pyval *v, const char *key)
{
	size_t i = index_of(v, key);

	if (v->kind != PY_DICT)
		return;
	if (v->rest != NULL) {	/* gone, though others may be there */
		pyval_set(pool, v, key, pyval_new(pool, PY_ABSENT, NULL));
		return;
	}
	if (i == v->n)
		return;
	v->n--;
	memmove(v->key + i, v->key + i + 1, (v->n - i) * sizeof *v->key);
	memmove(v->value + i, v->value + i + 1,
	    (v->n - i) * sizeof *v->value);
	index_again(pool, v);
}

struct pyval *
pyval_copy(struct pool *pool, const struct pyval *v)
{
	struct pyval *copy = pyval_new(pool, v->kind, v->text);

	copy->why = v->why;
	copy->rest = v->rest;
	copy->fixed = v->fixed;
	copy->code = v->code;
	copy->all = v->all;
	copy->opaque = v->opaque;
	copy->opened = v->opened;
	for (size_t i = 0; i < v->nmay_be; i++)
		pyval_may_be(pool, copy, v->may_be[i]);
	for (size_t i = 0; i < v->n; i++) {
		make_room(pool, copy);
		copy->key[copy->n] = v->key[i];
		copy->value[copy->n++] = v->value[i];
	}
	index_again(pool, copy);
	return copy;
}

unsigned
pyval_mark(void)
{
	static unsigned last;

	return ++last;
}

/* left: there may be much of it. What is in it twice is one again. */
static struct pyval *
deep_copy(struct pool *pool, struct pyval *v, unsigned mark, int depth,
    int *left)
{
	if (v->seen == mark)
		return v->twin;
	if (depth > COPY_DEPTH || --*left < 0)
		return pyval_unreadable(pool, "a copy of it would be too "
		    "large or too deep");
	v->seen = mark;
	v->twin = pyval_copy(pool, v);
	for (size_t i = 0; i < v->twin->n; i++)
		v->twin->value[i] = deep_copy(pool, v->twin->value[i], mark,
		    depth + 1, left);
	return v->twin;
}

struct pyval *
pyval_deep_copy(struct pool *pool, struct pyval *v)
{
	int left = COPY_MAX;

	return deep_copy(pool, v, pyval_mark(), 0, &left);
}

/* What stood there, or what was put in. */
static struct pyval *
doubtful(struct pool *pool, const char *why, struct pyval *was,
    struct pyval *into)
{
	struct pyval *v = was;

	/* the first one to blame stays; no chain grows */
	if (was == NULL || was->kind != PY_UNREADABLE) {
		v = pyval_unreadable(pool, why);
		pyval_may_be(pool, v, was);
	}
	pyval_may_be(pool, v, into);
	return v;
}

void
pyval_spoil(struct pool *pool, struct pyval *v, const char *why,
    struct pyval *into)
{
	switch (v->kind) {
	case PY_DICT:
		for (size_t i = 0; i < v->n; i++)
			v->value[i] = doubtful(pool, why, v->value[i], into);
		v->rest = doubtful(pool, why, v->rest, into);
		return;
	case PY_LIST:
		if (v->fixed)
			return;
		for (size_t i = 0; i < v->n; i++)
			pyval_may_be(pool, v, v->value[i]);
		v->n = 0;
		/* fall through */
	case PY_ABSENT:
		v->kind = PY_UNREADABLE;
		v->why = why;
		/* fall through */
	case PY_UNREADABLE:
		pyval_may_be(pool, v, into);
		return;
	default:
		return;
	}
}
