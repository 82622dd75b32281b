/*
 * rightsrecord - a user's rights as lines of an access record, and back: what
 * restrict-mysql and restrict-mongodb write down before they take any.
 *
 * A line of MySQL's is the statement that gives the right back; one of
 * MongoDB's is "<database> <role>", as no name of a database has a blank.
 * Nothing is saved here.
 */
#ifndef SITE_RIGHTSRECORD_H
#define SITE_RIGHTSRECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/mongo_roles.h"
#include "db/mysql_grants.h"

struct accessrecord;
struct pool;

/* Those grants of the list that are this account's, as of its host. */
void rightsrecord_keep_grants(struct pool *, struct accessrecord *,
    const struct account *, const struct grants *);
/* Of all accounts, in the record's order; saved has room for each.
 * ERR_HAND: a line is no grant. */
bool rightsrecord_read_grants(struct pool *, const struct accessrecord *,
    struct grants *saved, struct err *) MUST_CHECK;

void rightsrecord_keep_roles(struct pool *, struct accessrecord *,
    const char *account, const struct mongo_role *, size_t);
/* Of one account. ERR_HAND: a line is no role. */
bool rightsrecord_read_roles(struct pool *, const struct accessrecord *,
    size_t account, struct mongo_role **, size_t *, struct err *) MUST_CHECK;

#endif
