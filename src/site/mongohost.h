/*
 * mongohost - who runs the MongoDB server, and so how the instance's user is
 * looked at and changed there: by commands of the server, or, at Atlas, by
 * the company's API.
 *
 * Amazon's DocumentDB takes the server's commands, but knows users of the
 * database admin alone. DigitalOcean changes no user: see rollover.h.
 */
#ifndef SITE_MONGOHOST_H
#define SITE_MONGOHOST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/mongo.h"
#include "step/step.h"

struct dbuser;
struct mongohost;

/* Rows of the login to Atlas, mongodb-project and mongodb-cluster. */
extern const struct input mongohost_inputs[];

/*
 * provider: "self-hosted", "aws" or "atlas". What dbuser names must last as
 * long as the handle. ERR_INPUT: an input is missing, or the user can't be
 * one of this provider's.
 */
struct mongohost *mongohost_open(const char *provider, const struct dbuser *,
    struct err *) MUST_CHECK;
void mongohost_close(struct mongohost *);	/* NULL is fine */

/* Users of this name, their custom roles resolved; as mongo_find_users. */
bool mongohost_find_users(struct mongohost *, struct mongo_users *,
    struct err *) MUST_CHECK;
/* All his roles at once, in force when it comes back; nothing else of him
 * changes, so that nobody is locked out. */
bool mongohost_set_roles(struct mongohost *, const struct mongo_role *,
    size_t, struct err *) MUST_CHECK;
/* The same for what a run did that was killed. */
bool mongohost_await(struct mongohost *, struct err *) MUST_CHECK;
/* ERR_INPUT: he can't be made from here. */
bool mongohost_create_user(struct mongohost *, const struct mongo_role *,
    size_t, struct err *) MUST_CHECK;
/* Names that the administrator sees; none where there is no such login. */
bool mongohost_find_databases(struct mongohost *, const char *const **,
    struct err *) MUST_CHECK;

#endif
