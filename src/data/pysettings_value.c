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
pyval_is_container(const struct pyval *v)
{
	return v->kind == PY_DICT || v->kind == PY_LIST;
}

static bool
is_scalar(const struct pyval *v)
{
	return v->kind >= PY_NONE && v->kind <= PY_STRING;
}

void
pyval_may_be(struct pool *pool, struct pyval *v, struct pyval *other)
{
	struct pyval **more;

	if (other == NULL || other == v || is_scalar(other))
		return;
	for (size_t i = 0; i < v->nmay_be; i++)
		if (v->may_be[i] == other)
			return;
	more = pool_alloc(pool, (v->nmay_be + 1) * sizeof *more);
	if (v->nmay_be > 0)
		memcpy(more, v->may_be, v->nmay_be * sizeof *more);
	more[v->nmay_be++] = other;
	v->may_be = more;
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

	if (v->slots > 0 && v->kind == PY_DICT) {
		size_t place = *slot_of(v, key);

		return place != 0 ? place - 1 : v->n;
	}
	while (i < v->n && (v->key == NULL || strcmp(v->key[i], key) != 0))
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

/* What may hold entries that nobody lists becomes a dict of such ones. */
static bool
open_up(struct pool *pool, struct pyval *v)
{
	struct pyval *rest;

	if (v->kind == PY_DICT)
		return true;
	if (v->kind != PY_ABSENT && v->kind != PY_UNREADABLE)
		return false;
	rest = pyval_new(pool, v->kind, NULL);
	rest->why = v->why;
	rest->may_be = v->may_be;
	rest->nmay_be = v->nmay_be;
	v->kind = PY_DICT;
	v->rest = rest;
	return true;
}

struct pyval *
pyval_get(struct pool *pool, struct pyval *v, const char *key)
{
	struct pyval *found, *rest;

	if (!open_up(pool, v))
		return NULL;
	found = pyval_listed(v, key);
	if (found != NULL || v->rest == NULL)
		return found;
	rest = v->rest;
	found = pyval_new(pool, rest->kind, NULL);
	found->why = rest->why;
	found->may_be = rest->may_be;
	found->nmay_be = rest->nmay_be;
	add_pair(pool, v, pool_strdup(pool, key), found);
	return found;
}

void
pyval_set(struct pool *pool, struct pyval *v, const char *key,
    struct pyval *value)
{
	size_t i;

	/* through an unreadable name: whatever it stands for is changed */
	for (size_t k = 0; k < v->nmay_be; k++)
		pyval_taint(pool, v->may_be[k], v->why, false);
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
	for (size_t i = 0; i < v->n; i++) {
		make_room(pool, copy);
		copy->key[copy->n] = v->key[i];
		copy->value[copy->n++] = v->value[i];
	}
	index_again(pool, copy);
	return copy;
}

/* left: a dict may hold itself, or another many times. */
static struct pyval *
deep_copy(struct pool *pool, const struct pyval *v, int depth, int *left)
{
	struct pyval *copy;

	if (depth > COPY_DEPTH || --*left < 0)
		return pyval_unreadable(pool, "a copy of it would be too "
		    "large or too deep");
	copy = pyval_copy(pool, v);
	for (size_t i = 0; i < copy->n; i++)
		copy->value[i] = deep_copy(pool, copy->value[i], depth + 1,
		    left);
	return copy;
}

struct pyval *
pyval_deep_copy(struct pool *pool, const struct pyval *v)
{
	int left = COPY_MAX;

	return deep_copy(pool, v, 0, &left);
}

static void
taint(struct pool *pool, struct pyval *v, const char *why, bool shallow,
    unsigned mark)
{
	if (v->seen == mark)
		return;
	v->seen = mark;
	for (size_t i = 0; i < v->nmay_be; i++)
		taint(pool, v->may_be[i], why, shallow, mark);
	if (v->kind == PY_ABSENT || v->kind == PY_LIST) {
		for (size_t i = 0; !shallow && i < v->n; i++)
			taint(pool, v->value[i], why, false, mark);
		v->kind = PY_UNREADABLE;
		v->why = why;
		v->n = 0;
	}
	if (v->kind != PY_DICT)
		return;
	for (size_t i = 0; i < v->n; i++) {
		struct pyval *new;

		if (!shallow)
			taint(pool, v->value[i], why, false, mark);
		/* the first one to blame stays; no chain grows */
		if (v->value[i]->kind == PY_UNREADABLE)
			continue;
		new = pyval_unreadable(pool, why);
		pyval_may_be(pool, new, v->value[i]);
		v->value[i] = new;
	}
	v->rest = pyval_unreadable(pool, why);
}

void
pyval_taint(struct pool *pool, struct pyval *v, const char *why, bool shallow)
{
	static unsigned mark;

	taint(pool, v, why, shallow, ++mark);
}
