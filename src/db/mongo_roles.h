/*
 * mongo_roles - are a MongoDB user's roles exactly those that its instance
 * needs, readWrite on its own databases?
 *
 * Pure: what a custom role may do must be resolved before (struct
 * mongo_role's severity); one that is not resolved counts as bad.
 */
#ifndef DB_MONGO_ROLES_H
#define DB_MONGO_ROLES_H

#include <stdbool.h>
#include <stddef.h>

#include "db/finding.h"

struct pool;

struct mongo_role {
	const char *role, *db;
	bool resolved;		/* a custom role whose privileges are known */
	enum severity severity;	/* of those privileges */
};

struct mongo_user {
	const char *user, *db;		/* db: where it is defined */
	const struct mongo_role *roles;
	size_t nroles;
};

/* readWrite on each own database, none twice. Returns how many. */
size_t roles_wanted(struct pool *, const char *const *own,
    const struct mongo_role **);

/* Are the user's roles this set? */
bool roles_same(const struct mongo_user *, const struct mongo_role *,
    size_t);

/* Is it one of the server's own roles? Else it has to be resolved. */
bool roles_is_builtin(const char *role);

/* How much harm one privilege of a custom role does to others than the own
 * databases: on a database (and "" for any), on the cluster or on
 * everything. */
enum severity roles_privilege_severity(const char *db, bool everything,
    const char *const *own);

/* The same for one role; of a custom one, of what it was resolved to. */
enum severity roles_severity(const struct mongo_role *,
    const char *const *own);

/*
 * Findings on all users of one name, appended. The one that is defined in
 * auth_db is the instance's; others of that name are for a person to judge.
 */
void roles_judge(struct pool *, const struct mongo_user *, size_t,
    const char *auth_db, const char *const *own, struct findings *);

/* "readWrite@a, readWrite@b"; "none". */
const char *roles_print(struct pool *, const struct mongo_role *, size_t);

#endif
