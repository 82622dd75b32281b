/*
 * mysql_plan - the statements that scope an account, in the only order that
 * loses nothing on the way.
 *
 * First the own databases are granted, then what is too much is revoked
 * exactly as the server printed it, GRANT OPTION after the names (revoked
 * first, MySQL 8+ would keep dynamic privileges in force), roles last.
 * REVOKE ALL PRIVILEGES ON *.* is said only where the server printed ALL
 * there: on MySQL 9 it would take the database rows too.
 *
 * The plan belongs to one reading of the grants. It is made again from a
 * new reading after each phase, until it is empty.
 */
#ifndef DB_MYSQL_PLAN_H
#define DB_MYSQL_PLAN_H

#include <stddef.h>

#include "db/mysql_grants.h"

struct grants_world;
struct pool;

enum plan_phase {
	PLAN_GRANT,
	PLAN_DEFAULT_ROLE,
	PLAN_REVOKE,
	PLAN_PROXY,
	PLAN_OPTION,
	PLAN_ROLE,
	PLAN_PHASES
};

struct plan_statement {
	enum plan_phase phase;
	struct account account;
	const char *sql;
	const struct grant *grant;	/* the line it comes from; NULL only
					 * where no privilege is named */
};

struct plan {
	struct plan_statement *v;
	size_t n, cap;
};

/* Append the statements for one account. Nothing to do: none. */
void plan_scope(struct pool *, const struct grants_world *,
    const struct grants *, struct plan *);

/* A REVOKE of several names as one statement per name: a list is refused
 * as a whole when the admin lacks one of its names. */
void plan_split(struct pool *, const struct plan_statement *, struct plan *);

/* Append the statement as it is. */
void plan_keep(struct pool *, const struct plan_statement *, struct plan *);

/*
 * Append what brings the saved statements back that are not in `now`: the
 * grants, then default roles, then partial REVOKEs (sooner they would take
 * from the rows). All phases are PLAN_GRANT. What restricting added to the
 * own databases stays, and a partial REVOKE of theirs, which would take from
 * it, waits.
 */
void plan_restore(struct pool *, const struct grants_world *,
    const struct grants *saved, const struct grants *now, struct plan *);

/* Append what takes that away again, and those partial REVOKEs. All phases
 * are PLAN_REVOKE. */
void plan_exactly(struct pool *, const struct grants_world *,
    const struct grants *saved, const struct grants *now, struct plan *);

#endif
