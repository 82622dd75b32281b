/*
 * pysettings_value - values of data/pysettings; nobody else includes this.
 *
 * Dicts and lists are shared by reference, as in Python: a name that is
 * assigned another name's dict holds the same struct.
 */
#ifndef DATA_PYSETTINGS_VALUE_H
#define DATA_PYSETTINGS_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "data/pysettings.h"

struct pool;
struct yaml_node;

/*
 * kind PY_ABSENT stands for what edx-platform has by itself: a dict, a list
 * or anything else, until something is put into it.
 */
struct pyval {
	enum py_kind kind;
	const char *text;	/* scalar */
	const char *why;	/* PY_UNREADABLE */
	size_t n, room;
	struct pyval **value;	/* of a dict, list, or PY_JSON (one) */
	const char **key;	/* of a dict */
	size_t *slot, slots;	/* where keys are, of a large dict */
	/* what entries are that are not listed: NULL there are none */
	struct pyval *rest;
	/* PY_UNREADABLE: what it may be another name for */
	struct pyval **may_be;
	size_t nmay_be;
	unsigned seen;		/* mark of the walk under way */
};

struct pyval *pyval_new(struct pool *, enum py_kind, const char *text);
struct pyval *pyval_unreadable(struct pool *, const char *why);
/* It may be another name for `other` (NULL and scalars are left out). */
void pyval_may_be(struct pool *, struct pyval *, struct pyval *other);

bool pyval_is_container(const struct pyval *);

/* An entry as it is; NULL: not listed. */
struct pyval *pyval_listed(const struct pyval *, const char *key);
/* v[key], made where edx-platform's or an unreadable dict may have it. NULL:
 * surely not there. */
struct pyval *pyval_get(struct pool *, struct pyval *, const char *key);
void pyval_set(struct pool *, struct pyval *, const char *key,
    struct pyval *);
void pyval_drop(struct pool *, struct pyval *, const char *key);
void pyval_append(struct pool *, struct pyval *list, struct pyval *);
/* What is at a path, as pysettings_find has it; NULL: nothing. */
const struct pyval *pyval_at(const struct pysettings *, const char *path);
/* Copies: the entries are shared; nothing is shared. */
struct pyval *pyval_copy(struct pool *, const struct pyval *);
struct pyval *pyval_deep_copy(struct pool *, const struct pyval *);

/* Anything in it may have been changed by the statement. shallow: only its
 * own entries, not what they hold. */
void pyval_taint(struct pool *, struct pyval *, const char *why,
    bool shallow);

#endif
