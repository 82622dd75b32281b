/*
 * yaml - read YAML files and change single values in place (the only user of
 * libyaml, whose own names also begin with yaml_).
 *
 * An edit touches only the bytes of its own value: comments, order, quoting
 * of other values, line ends, a byte order mark and a missing final line end
 * stay. After each edit the new text is parsed and compared with the old
 * tree: if anything but the wanted place came out different, the edit is
 * refused and the text stays as it was. What can't be edited in place (an
 * alias, a value that others refer to, ...) is refused with a message that
 * says where it stands, never rewritten.
 *
 * Scalars are resolved as YAML 1.1, as PyYAML does: 017 is 15, yes is true,
 * 1e5 is a string. Aliases and merge keys are followed when reading.
 *
 * A path is keys with dots, and [n] for the n-th item of a sequence:
 * "spec.syncPolicy.automated", "containers[0].image". "" is the whole
 * document. A dot, [ or \ that is part of a key is written with \ before it,
 * an empty key as \- (yaml_path_key does so).
 */
#ifndef DATA_YAML_H
#define DATA_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
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
	YAML_DATE,	/* 2020-01-01, with or without a time */
};

/* One document, UTF-8, at most 16 MiB. `name` is for messages. A mistake in
 * it is ERR_INPUT "<name>:<line>:<column>: ..." */
struct yaml *yaml_parse(const char *, size_t, const char *name, struct err *)
    MUST_CHECK;
/* ERR_NOT_FOUND: no such file. */
struct yaml *yaml_read(const char *path, struct err *) MUST_CHECK;
void yaml_close(struct yaml *);

enum yaml_kind yaml_kind(const struct yaml *, const char *path);
/*
 * The scalar's value: strings unescaped, numbers as Python prints them
 * ("31", "1.1"), booleans "true" and "false", null "", a date as it stands.
 * NULL where the place is absent or no scalar. Belongs to the yaml, and is
 * good until the next edit.
 */
const char *yaml_get(const struct yaml *, const char *path);
/* Pairs of a map or items of a sequence; 0 for anything else. */
int yaml_len(const struct yaml *, const char *path);
/* The i-th key of a map; NULL past the end. */
const char *yaml_key(const struct yaml *, const char *path, int i);
/* The i-th item of a sequence; NULL past the end, or if it is no scalar. */
const char *yaml_item(const struct yaml *, const char *path, int i);
int yaml_line(const struct yaml *, const char *path);	/* 1-based, 0: none */
/* Warnings found while parsing (duplicate keys: the last wins), one a line
 * "<name>:<line>:<column>: ..."; "" if none. */
const char *yaml_warnings(const struct yaml *);

/* Append a key to a path, with \ where the key needs it. */
void yaml_path_key(struct buf *path, const char *key);

/*
 * The escape that survives Tutor, which renders every string of config.yml
 * and pastes it between double quotes of YAML and of Python: \ and " get a
 * \, control characters and the { before {, % or # become \xNN.
 */
void yaml_tutor_escape(struct buf *, const char *);
/* Back again: what a value of config.yml means once Tutor has pasted it.
 * false: it ends within an escape, or has one that nobody knows. */
bool yaml_tutor_unescape(struct buf *, const char *) MUST_CHECK;

/*
 * Make the value at path this scalar. YAML_STRING is always written quoted;
 * with tutor true, with the escape above. YAML_BOOL takes "true" or "false",
 * YAML_INT decimal digits, YAML_NULL nothing. A missing key is added to its
 * map (which must be there): behind the last of the keys that begin with the
 * same words (MYSQL_PORT behind MYSQL_HOST), else at the end. *changed tells
 * whether bytes changed: an equal value of the same kind is left alone.
 */
bool yaml_set(struct yaml *, const char *path, enum yaml_kind, const char *,
    bool tutor, bool *changed, struct err *) MUST_CHECK;
/* Add a string to the end of a sequence that does not have it. */
bool yaml_append(struct yaml *, const char *path, const char *value,
    bool *changed, struct err *) MUST_CHECK;
/* Copy the value at path from another file verbatim, whatever its kind
 * (block scalars, maps, sequences with their comments inside). */
bool yaml_copy(struct yaml *, const char *path, const struct yaml *from,
    bool *changed, struct err *) MUST_CHECK;
/* Take the key and its value out, with the lines they stand on; each of
 * them, if it is written twice. A map that gets empty becomes {}. */
bool yaml_remove(struct yaml *, const char *path, bool *changed, struct err *)
    MUST_CHECK;
/* Put a block back that yaml_block gave, under its key. */
bool yaml_set_block(struct yaml *, const char *path, const char *block,
    bool *changed, struct err *) MUST_CHECK;
/* The key's line and its value's lines as they stand, for the record; NULL:
 * none, or not in lines of its own. Good until the yaml is freed. */
const char *yaml_block(const struct yaml *, const char *path);

/* The file as it is now. */
const char *yaml_text(const struct yaml *, size_t *len);
/* Do both hold the same value there, whatever their spelling? */
bool yaml_same(const struct yaml *, const struct yaml *, const char *path);

#endif
