/*
 * accessrecord - what a database user might do before it was restricted.
 *
 * One record per kind of database (mysql, mongodb), of one user: for each of
 * its accounts the lines that give its rights back, without passwords or
 * hashes. The state tells how far a restriction got, so that a run after a
 * kill completes it instead of taking the half-way rights for the old ones.
 */
#ifndef API_ACCESSRECORD_H
#define API_ACCESSRECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct accessrecord;
struct repo;

enum access_state {
	ACCESS_NONE,		/* nothing was recorded */
	ACCESS_RESTRICTING,	/* begun; rights or sessions may be left */
	ACCESS_RESTRICTED,
	ACCESS_RESTORED,
};

/* The record `name` of the instance; an empty one if there is none.
 * ERR_HAND: the file is not what a step writes. */
struct accessrecord *accessrecord_load(struct repo *, const char *instance,
    const char *name, struct err *) MUST_CHECK;
void accessrecord_close(struct accessrecord *);	/* NULL is fine */

enum access_state accessrecord_state(const struct accessrecord *);
const char *accessrecord_user(const struct accessrecord *);	/* or "" */
size_t accessrecord_accounts(const struct accessrecord *);
const char *accessrecord_account(const struct accessrecord *, size_t);
/* false: nothing is kept of this account. */
bool accessrecord_find(const struct accessrecord *, const char *account,
    size_t *);
size_t accessrecord_lines(const struct accessrecord *, size_t account);
const char *accessrecord_line(const struct accessrecord *, size_t account,
    size_t line);

/* This user is about to be restricted: forget what is kept, unless he is
 * restricted already. Then what he may now is only the rest of what he might
 * do before, and what is kept next is added to it. */
void accessrecord_start(struct accessrecord *, const char *user);
/* A line that is kept already is not kept twice. */
void accessrecord_keep(struct accessrecord *, const char *account,
    const char *line);
/* Commit the record with this state. */
bool accessrecord_save(struct accessrecord *, struct repo *,
    enum access_state, struct err *) MUST_CHECK;

#endif
