/*
 * rollover_own - the handle, and what the files of rollover share. Internal
 * to rollover.
 *
 * rollover.c           who there is, one more user, and the end of the old
 * rollover_recreate.c  the same user anew, as the guide has it
 *
 * The record has an account "digitalocean/<user>" for each: the first one's
 * lines are his rights, as "<database> <role>"; those of one who was made
 * are "made", before he is, and "used" once config.yml names him. A user who
 * is made anew has "recreate/<user>" beside it, until the record is finished.
 */
#ifndef SITE_ROLLOVER_OWN_H
#define SITE_ROLLOVER_OWN_H

#include <stdbool.h>

#include "api/accessrecord.h"
#include "api/digitalocean.h"
#include "db/mongo_roles.h"
#include "site/configfile.h"
#include "site/rollover.h"

struct pool;

struct rollover {
	struct pool *pool;
	struct digitalocean *company;
	const char *cluster;
	struct configfile config;
	struct accessrecord *record;
	struct digitalocean_users users;
	struct mongo_user now;
	const char *password;
	bool is_next;		/* another one follows, or would */
	bool is_anew;		/* the same one with a new password */
};

/* What rollover.c lends. */
struct mongo_user rollover_take(struct pool *,
    const struct digitalocean_user *);
bool rollover_has(const struct rollover *, const char *account,
    const char *line);
/* One of this name is about to be made; not saved. */
void rollover_keep_made(struct rollover *, const char *user);
/* They give a user one role, on each of his databases. */
bool rollover_wish(struct rollover *, const char *name,
    const struct mongo_role *, size_t, struct digitalocean_user *,
    struct err *) MUST_CHECK;
/* What holds the login in words of its own would lose the database. */
bool rollover_check_only_place(const struct rollover *, struct err *)
    MUST_CHECK;
/* What the first one might, if he is in no record yet; not saved. */
void rollover_keep_first(struct rollover *);
/* A free name for another user; NULL: too many are taken. */
const char *rollover_next_name(const struct rollover *);
/* The name is made with this wish; without a password he is deleted again. */
bool rollover_make(struct rollover *, const struct digitalocean_user *wish,
    const char **password, struct err *) MUST_CHECK;
/* config.yml names him from now on, and the branch has it. */
bool rollover_write(struct rollover *, const char *user,
    const char *password, struct err *) MUST_CHECK;

/* What rollover_recreate.c lends: was one deleted, and not yet made? */
bool rollover_is_between(const struct rollover *, const char *user);

#endif
