/*
 * mysql_scope - read and judge the grants of a user on a real server.
 *
 * A user is all accounts of one name: rows of the grant tables are matched
 * by name and client host, so each host counts. Judged is what SHOW GRANTS
 * says, never the grant tables, which can differ from what is in force.
 */
#ifndef DB_MYSQL_SCOPE_H
#define DB_MYSQL_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/finding.h"
#include "db/mysql_judge.h"
#include "db/mysql_plan.h"

struct pool;
struct sql;

struct scope {
	struct grants_world world;
	struct grants *accounts;	/* one per host */
	struct grants *besides;		/* what ask_besides says, one each */
	size_t naccounts;
	struct findings findings;
	struct plan plan;		/* empty: nothing to do */
};

/* Through an administrator. ERR_NOT_FOUND: there is no such user. */
bool scope_audit(struct sql *, struct pool *, const char *user,
    const char *const *own, struct scope *, struct err *) MUST_CHECK;

/* Databases that should refuse the user: mysql and up to `most` others that
 * are not its own; NULL-ended. */
const char *const *scope_foreign(struct pool *, const struct scope *,
    size_t most);

/* Has the plan statements for this account? */
bool scope_is_planned(const struct scope *, const struct account *);
/* The grants as they are now, one a line, without hashes. */
const char *scope_text(struct pool *, const struct scope *);

/* As the user itself: one account, and no roles but those in force. */
bool scope_audit_self(struct sql *, struct pool *, const char *const *own,
    struct scope *, struct err *) MUST_CHECK;

#endif
