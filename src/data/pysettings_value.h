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
struct pycode;

enum pyval_view { PYVIEW_NONE, PYVIEW_KEYS, PYVIEW_VALUES, PYVIEW_ITEMS };

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
	const char **key;	/* of a dict, as pyval_key gives them */
	size_t *slot, slots;	/* where keys are, of a large dict */
	/* what entries are that are not listed: NULL there are none */
	struct pyval *rest;
	/* what it may be another name for, or may hold somewhere */
	struct pyval **may_be;
	size_t nmay_be, room_may_be;
	const char *origin;	/* imported: "os", "copy.deepcopy" */
	struct pycode *code;	/* of this file, run by a call */
	enum pyval_view view;	/* of the dict that it may be */
	bool fixed;		/* a tuple */
	bool opened;		/* a dict only because it was used as one */
	bool opaque;		/* of a kind that nobody knows: using it may
				 * change what it may be */
	bool inert;		/* a module of Python's that keeps nothing */
	bool all;		/* a way to every name, such as a module */
	unsigned seen;		/* mark of the walk under way */
	struct pyval *twin;	/* its copy, in a walk that copies */
};

struct pyval *pyval_new(struct pool *, enum py_kind, const char *text);
struct pyval *pyval_unreadable(struct pool *, const char *why);
/* It may be another name for `other` (NULL and scalars are left out). */
void pyval_may_be(struct pool *, struct pyval *, struct pyval *other);

/* None, a boolean, a number or a text, known. */
bool pyval_is_scalar(const struct pyval *);
/* A dict or list of which every entry is listed. */
bool pyval_is_listed(const struct pyval *);
/* Is it true, as `if` sees it? 1, 0, or -1: not known. */
int pyval_truth(const struct pyval *);

/* A scalar as a dict's key; NULL: not known as such. And back. */
const char *pyval_key(struct pool *, const struct pyval *);
struct pyval *pyval_of_key(struct pool *, const char *key);
const char *pyval_key_text(const char *key);	/* for people and paths */

/* An entry as it is; NULL: not listed. */
struct pyval *pyval_listed(const struct pyval *, const char *key);
/* v[key], made where edx-platform's or an unreadable dict may have it. NULL:
 * surely not there. */
struct pyval *pyval_get(struct pool *, struct pyval *, const char *key);
void pyval_set(struct pool *, struct pyval *, const char *key,
    struct pyval *);
void pyval_drop(struct pool *, struct pyval *, const char *key);
void pyval_append(struct pool *, struct pyval *list, struct pyval *);
/* Put one before the i-th; take out the i-th. */
void pyval_insert(struct pool *, struct pyval *list, size_t i,
    struct pyval *);
void pyval_remove(struct pyval *list, size_t i);
/* What is at a path, as pysettings_find has it; NULL: nothing. */
const struct pyval *pyval_at(const struct pysettings *, const char *path);
/* Copies: the entries are shared; nothing is shared. */
struct pyval *pyval_copy(struct pool *, const struct pyval *);
struct pyval *pyval_deep_copy(struct pool *, struct pyval *);

/* A mark that no value has yet. */
unsigned pyval_mark(void);
/* The statement may have changed its own entries, and put `into` there. */
void pyval_spoil(struct pool *, struct pyval *, const char *why,
    struct pyval *into);

#endif
