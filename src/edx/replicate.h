/*
 * replicate - bring the keys of an old config.yml into a new one.
 *
 * By the table of keys: some are copied, some united, some kept for the
 * moment when DNS moves, others left. Values are copied verbatim, block
 * strings included; old names with TUTOR_ before them lose it. A template
 * such as {{ MFE_HOST }} in a copied value must find its key, or every later
 * Tutor command would fail: host names that Tutor could derive are written
 * out for that, anything else is refused.
 */
#ifndef EDX_REPLICATE_H
#define EDX_REPLICATE_H

#include <stdbool.h>

#include "base/err.h"

struct edit;
struct json;
struct yaml;

/* What became of a key. */
enum replica {
	REPLICA_COPIED,		/* also: united, or copied without TUTOR_ */
	REPLICA_UNLISTED,	/* the same, and no rule names it */
	REPLICA_LEFT,		/* also: for a later phase */
	REPLICA_REFUSED,
};

struct replicate {
	struct edit *edit;
	const struct yaml *old;
	bool config, theming;	/* which keys */
	/* objects of the record: values for the moment when DNS moves, and
	 * lines with templates, which the first build freezes */
	struct json *at_switch, *templates;
	/* each key of the old file, once */
	void (*account)(void *with, const char *key, enum replica,
	    const char *what, const char *why);
	void *with;
};

bool replicate_keys(struct replicate *, struct err *) MUST_CHECK;

#endif
