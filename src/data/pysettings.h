/*
 * pysettings - read Django settings without running them (the only user of
 * tree-sitter).
 *
 * First the YAML that edx-platform reads, then the Python file from top to
 * bottom; the last writer of a value counts, aliases and copies behave as in
 * Python. It never guesses: a value that depends on anything that can't be
 * read (a call of an unknown function, the environment, a condition), or
 * that such a statement may have changed, is unreadable, with the file, the
 * line and the statement that is to blame.
 *
 * A path is names and keys with dots: "DATABASES.default.HOST". What
 * update_module_store_settings copies into MODULESTORE is found under
 * PYSETTINGS_STORES.
 */
#ifndef DATA_PYSETTINGS_H
#define DATA_PYSETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct json;
struct pool;
struct pysettings;
struct yaml;

#define PYSETTINGS_STORES "(stores)"

enum py_kind {
	PY_ABSENT,	/* nothing sets it: edx-platform's default counts */
	PY_NONE,
	PY_BOOL,	/* "true" or "false" */
	PY_INT,
	PY_FLOAT,
	PY_STRING,
	PY_LIST,	/* or a tuple */
	PY_DICT,
	PY_JSON,	/* json.dumps of a dict, whose keys a path may name */
	PY_UNREADABLE,
};

struct py_found {
	enum py_kind kind;
	const char *text;	/* of a scalar; else "" */
	const char *why;	/* PY_UNREADABLE: "production.py:12: ..." with
				 * the text of its strings left out */
};

struct pysettings *pysettings_new(void);
void pysettings_free(struct pysettings *);

/* The keys of the YAML become settings. It may be closed afterwards.
 * ERR_INPUT: it is no map. */
bool pysettings_add_yaml(struct pysettings *, const struct yaml *,
    struct err *) MUST_CHECK;
/*
 * What edx-platform puts in place of the YAML's before the Python file runs:
 * a text, as from the environment. False: at the path's beginning is no dict
 * that is known. The text is copied.
 */
bool pysettings_put(struct pysettings *, const char *path, const char *text)
    MUST_CHECK;
/*
 * Run through a Python file; name is for messages. ERR_INPUT
 * "<name>:<line>: ...": not Python 3.
 */
bool pysettings_add_python(struct pysettings *, const char *, size_t,
    const char *name, struct err *) MUST_CHECK;

/* What is at a path. Strings belong to the pysettings. */
struct py_found pysettings_find(const struct pysettings *, const char *path);
/*
 * All that is at a path, of any kind; free with json_free. NULL: nothing
 * sets it (*why is NULL), or something in it can't be read (*why says what).
 * What only edx-platform itself has in a dict is not among it.
 */
struct json *pysettings_json(const struct pysettings *, const char *path,
    const char **why);
/* The i-th key of the dict at a path ("" for the names themselves); NULL past
 * the end. */
const char *pysettings_key(const struct pysettings *, const char *path,
    size_t i);

/* One of all values: a scalar, an empty list or dict, or unreadable. */
struct py_entry {
	const char *path;
	struct py_found found;
};
/*
 * All that is set, down to its scalars; an item of a list is "NAME[0]". Only
 * what Django takes as a setting, and PYSETTINGS_STORES. A dict that may
 * hold more than is listed has an unreadable "NAME.*", and "*" says that any
 * name may be set. *n of them, in the pool.
 */
const struct py_entry *pysettings_list(const struct pysettings *,
    struct pool *, size_t *n);

#endif
