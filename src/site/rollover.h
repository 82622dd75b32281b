/*
 * rollover - the instance's MongoDB user at DigitalOcean, whose rights never
 * change: another user is made who has the rights wanted, and config.yml
 * names that one from then on.
 *
 * Nobody is locked out by it. The site goes on as the old user until it is
 * built and deployed again; only then, in a later call, is the old one
 * deleted. The company makes the password and tells it once, so it is
 * committed at once; a user whose password was lost on that way, by a kill,
 * was never used, and is made anew.
 *
 * Or, where somebody asks for it, the same user is deleted and made again.
 */
#ifndef SITE_ROLLOVER_H
#define SITE_ROLLOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "api/accessrecord.h"
#include "base/err.h"
#include "db/mongo_roles.h"

struct dbuser;
struct rollover;

/*
 * The user that config.yml names, or that took over from him whom dbuser has.
 * ERR_INPUT: config.yml names somebody else, or none; ERR_NOT_FOUND: the
 * cluster, or the user there; kinds of api/digitalocean.h.
 */
struct rollover *rollover_open(const struct dbuser *, struct err *)
    MUST_CHECK;
void rollover_close(struct rollover *);		/* NULL is fine */

/* The user that config.yml names now, with his rights as roles. */
const struct mongo_user *rollover_user(const struct rollover *);
const char *rollover_password(const struct rollover *);

/*
 * Have config.yml name a user with just these roles, and the record say what
 * the first one might. ERR_DENIED: the token is not told passwords. ERR_HAND:
 * the old password stands elsewhere, too.
 */
bool rollover_ensure(struct rollover *, const struct mongo_role *, size_t,
    enum access_state, struct err *) MUST_CHECK;

/* What the first one might do, from the record. ERR_HAND: it has nothing. */
bool rollover_find_saved(const struct rollover *, struct mongo_role **,
    size_t *, struct err *) MUST_CHECK;

/*
 * The same with the first user himself: deleted, and made again with a new
 * password. Nobody can log in until the site is built and deployed again.
 * ERR_DENIED: as above; nobody is deleted then.
 */
bool rollover_recreate(struct rollover *, const struct mongo_role *, size_t,
    enum access_state, struct err *) MUST_CHECK;

/* Users who are there though others follow them, with blanks between; in a
 * dry run, with him whom one would follow. */
const char *rollover_superseded(const struct rollover *);
/* May config.yml name a user or password that the site does not run with? */
bool rollover_must_deploy(const struct rollover *);

/* ERR_HAND: nobody was rolled over to, so that there is nobody to delete. */
bool rollover_check_retire(const struct rollover *, struct err *) MUST_CHECK;
/*
 * Delete those whom config.yml names no more. deployed: the user that the
 * running site has. ERR_HAND: that is not the one that config.yml names.
 */
bool rollover_retire(struct rollover *, const char *deployed, struct err *)
    MUST_CHECK;

#endif
