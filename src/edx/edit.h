/*
 * edit - change the values of a config.yml, and tell each change.
 *
 * What maps settings, copies keys or sets values works on this, so that it
 * needs neither a step nor a repository: a step shows what it is told.
 */
#ifndef EDX_EDIT_H
#define EDX_EDIT_H

#include <stdbool.h>

#include "base/err.h"
#include "data/yaml.h"

struct pool;

struct edit {
	struct yaml *yaml;
	struct pool *pool;	/* what is told lies in it */
	/* A key was looked at: what it had (NULL: it was not there) and has
	 * now, as people may see it (NULL: it is not there). */
	void (*tell)(const char *key, const char *old, const char *now,
	    bool changed);
	bool changed;		/* something was */
};

/* A value that Tutor's rendering gives back as it is; equal is left alone.
 * Maps that the key's dots name are made where they are not there. */
bool edit_set(struct edit *, const char *key, enum yaml_kind,
    const char *value, struct err *) MUST_CHECK;
/* A text that Tutor shall render, or that knows its own escapes; of several
 * lines, it is written as a block. */
bool edit_set_raw(struct edit *, const char *key, const char *text,
    struct err *) MUST_CHECK;
/* A list or map, as YAML writes it on one line. */
bool edit_set_flow(struct edit *, const char *key, const char *flow,
    struct err *) MUST_CHECK;
bool edit_remove(struct edit *, const char *key, struct err *) MUST_CHECK;
/* Add an item to a list, which is made where there is none. */
bool edit_append(struct edit *, const char *key, const char *item,
    struct err *) MUST_CHECK;
/* The other file's value, verbatim. */
bool edit_copy(struct edit *, const char *key, const struct yaml *from,
    struct err *) MUST_CHECK;

#endif
