/*
 * mysql_restrict - take from a user what it should not have, and give it
 * back, on a real server.
 *
 * The own databases are granted before anything is revoked, and nothing is
 * believed but a new reading of SHOW GRANTS. Statements are told to the
 * caller before they run.
 */
#ifndef DB_MYSQL_RESTRICT_H
#define DB_MYSQL_RESTRICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct account;
struct grants;
struct plan;
struct pool;
struct scope;
struct sql;
struct sql_login;

/* What can be told of these names without the server; restrict_check tells
 * it too. ERR_INPUT. */
bool restrict_check_names(const char *user, const char *const *own,
    struct err *) MUST_CHECK;
/*
 * ERR_INPUT: restricting this user to these databases is refused: an
 * administrator, the login itself, a system database, a database that does
 * not exist, or a name too long for the grant tables.
 */
bool restrict_check(struct sql *, struct pool *, const char *user,
    const char *const *own, struct err *) MUST_CHECK;

/* Told each statement before it runs. */
typedef void restrict_say(const struct account *, const char *sql);

/*
 * Run the plan, read again, until nothing is left to do; the scope is how
 * it ended. Killed anywhere, another call completes it. A list that is
 * refused for one name is said name by name, and what is refused then is
 * left, and named in the end. ERR_HAND: a right can't be taken; ERR_DENIED:
 * the administrator may not; before the own databases are granted nothing is
 * revoked.
 */
bool restrict_user(struct sql *, struct pool *, const char *user,
    const char *const *own, restrict_say *, struct scope *, struct err *)
    MUST_CHECK;

/* ERR_DENIED: the user has SYSTEM_USER, and the administrator lacks it: the
 * server would refuse every statement about him. */
bool restrict_check_rights(struct sql *, struct pool *, const struct scope *,
    struct err *) MUST_CHECK;
/* Log which of the plan's REVOKEs no GRANT could give back. */
bool restrict_warn_lost(struct sql *, struct pool *, const struct plan *,
    struct err *) MUST_CHECK;

/*
 * See that the sessions that the user has now end: they keep rights that
 * were taken. After a moment in which short ones end by themselves, idle
 * ones are killed, busy ones when they become idle or time is up. ERR_HAND:
 * the administrator may not see them, or not end them.
 */
bool restrict_end_sessions(struct sql *, struct pool *, const char *user,
    long seconds, size_t *ended, struct err *) MUST_CHECK;

/* The statements that the saved accounts (grants_read) lack now. */
bool restrict_plan_undo(struct sql *, struct pool *, const char *const *own,
    const struct grants *saved, size_t n, struct plan *, struct err *)
    MUST_CHECK;
/* After those, and after the sessions that the user has then are ended: the
 * statements that take away what restricting added. */
bool restrict_plan_exactly(struct sql *, struct pool *,
    const char *const *own, const struct grants *saved, size_t n,
    struct plan *, struct err *) MUST_CHECK;
/* Run them. A grant on what is gone is left out with a warning. */
bool restrict_undo(struct sql *, const struct plan *, restrict_say *,
    struct err *) MUST_CHECK;

/*
 * As the user: each own database opens and, with `write`, is written (a
 * temporary table that only this session sees); each foreign one refuses.
 * ERR_HAND: a foreign one opens.
 */
bool restrict_confirm(const struct sql_login *, const char *const *own,
    const char *const *foreign, bool write, struct err *) MUST_CHECK;

#endif
