/*
 * yaml - read YAML files and change single values in place (the only user of
 * libyaml).
 *
 * An edit touches only the bytes of its own value: comments, order, quoting
 * of other values, line ends and a missing final line end stay. What can't
 * be edited so (an alias, a value inside a flow collection spread over
 * lines, ...) is refused with a message, never rewritten. Scalars are
 * resolved as YAML 1.1, as PyYAML does. A path is keys with dots,
 * "spec.syncPolicy.automated"; a key that has a dot itself can't be reached.
 */
#ifndef DATA_YAML_H
#define DATA_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct pool;
struct yaml;

enum yaml_kind {
	YAML_NONE,	/* not there */
	YAML_NULL,
	YAML_BOOL,
	YAML_INT,
	YAML_FLOAT,
	YAML_STRING,
	YAML_SEQ,
	YAML_MAP,
};

/* One document. `name` is for messages. ERR_INPUT "<name>:<line>: ..." */
struct yaml *yaml_parse(const char *, size_t, const char *name, struct err *)
    MUST_CHECK;
struct yaml *yaml_read(const char *path, struct err *) MUST_CHECK;
void yaml_free(struct yaml *);

enum yaml_kind yaml_kind(const struct yaml *, const char *path);
/*
 * The scalar's value: strings unescaped, numbers and booleans in canonical
 * form ("31", "true"), null as "". NULL where the place is absent or no
 * scalar. Belongs to the yaml, and is good until the next edit.
 */
const char *yaml_get(const struct yaml *, const char *path);
/* The i-th key of a map ("" path: the top), or item of a sequence of
 * scalars; NULL past the end. */
const char *yaml_key(const struct yaml *, const char *path, int i);
const char *yaml_item(const struct yaml *, const char *path, int i);
int yaml_line(const struct yaml *, const char *path);	/* 1-based, 0: none */
/* Warnings found while parsing (duplicate keys: the last wins), one a line;
 * "" if none. */
const char *yaml_warnings(const struct yaml *);

/*
 * Make the value at path this scalar. kind YAML_STRING is always written
 * quoted; with tutor true with the escape that survives Tutor's rendering
 * (`{` before `{`, `%`, `#` as \x7b). BOOL "true"/"false", INT digits, NULL.
 * A missing key is added at the end of its map (the map must be there).
 * *changed tells whether bytes changed: an equal value of the same kind is
 * left alone. 
 */
bool yaml_set(struct yaml *, const char *path, enum yaml_kind, const char *,
    bool tutor, bool *changed, struct err *) MUST_CHECK;
/* Copy the value at path from another file verbatim, whatever its kind
 * (block scalars, maps, sequences with their comments inside). */
bool yaml_copy(struct yaml *, const char *path, const struct yaml *from,
    bool *changed, struct err *) MUST_CHECK;
/* Take the key and its value out, with the lines they stand on. */
bool yaml_remove(struct yaml *, const char *path, bool *changed, struct err *)
    MUST_CHECK;
/* Put a block back that yaml_block gave, under its key. */
bool yaml_set_block(struct yaml *, const char *path, const char *block,
    bool *changed, struct err *) MUST_CHECK;
/* The value's source text with its key's line, for the record; NULL: none. */
const char *yaml_block(const struct yaml *, const char *path);

/* The file as it is now. */
const char *yaml_text(const struct yaml *, size_t *len);
/* Do both hold the same value there, whatever their spelling? */
bool yaml_same(const struct yaml *, const struct yaml *, const char *path);

#endif
