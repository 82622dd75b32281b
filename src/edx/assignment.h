/*
 * assignment - lines KEY=VALUE that people write, as changes of config.yml.
 *
 * true and false are booleans, digits a number, null is null, what begins
 * with [ or { a list or map as YAML writes it on one line; all else is text,
 * and so is what stands in double quotes. A key with dots is a place within
 * maps, which are made where they are not there. Empty lines and those that
 * begin with # say nothing.
 */
#ifndef EDX_ASSIGNMENT_H
#define EDX_ASSIGNMENT_H

#include <stdbool.h>

#include "base/err.h"

struct edit;

/* For an input table: each line, before the first is acted on. */
bool assignment_check(const char *lines, struct err *);
/* Of lines that were checked. */
bool assignment_apply(struct edit *, const char *lines, struct err *)
    MUST_CHECK;

#endif
