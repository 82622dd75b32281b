/*
 * mysql_scratch - a database of our own on a server, for a while.
 *
 * It is ours if it holds the mark that we put there first, or nothing at
 * all; any other of its name is never touched.
 */
#ifndef DB_MYSQL_SCRATCH_H
#define DB_MYSQL_SCRATCH_H

#include <stdbool.h>

#include "base/err.h"

struct sql;

/* The table that marks it. */
extern const char scratch_mark[];

/* Make it anew, with this character set and collation; what a killed run
 * left of it goes first. ERR_INPUT: there is one that is not ours. */
bool scratch_make(struct sql *, const char *name, const char *charset,
    const char *collation, struct err *) MUST_CHECK;
/* Remove it, if it is there. ERR_INPUT as above. */
bool scratch_remove(struct sql *, const char *name, struct err *)
    MUST_CHECK;

#endif
