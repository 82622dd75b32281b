/*
 * mysql_judge - is an account scoped to its own databases, and if not, what
 * is too much or missing?
 *
 * Pure: no server is asked. What a line of SHOW GRANTS means depends on the
 * server, which struct grants_world describes. A role counts as the worst
 * thing it grants; what can't be resolved counts as bad.
 */
#ifndef DB_MYSQL_JUDGE_H
#define DB_MYSQL_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "db/mysql_grants.h"

struct findings;
struct pool;

struct grants_world {
	const char *const *own;		/* databases of the instance, NULL-
					 * ended */
	const char *const *existing;	/* all databases that can be seen */
	bool literal;			/* partial_revokes is on */
	bool fold;			/* lower_case_table_names is not 0 */
	bool mariadb;
	long version;			/* as sql_version */
	const struct grants *known;	/* roles and proxied accounts */
	size_t nknown;
};

/* The findings on one account, appended. Lines for other accounts count. */
void grants_judge(struct pool *, const struct grants_world *,
    const struct grants *, struct findings *);

/* Does the row name exactly this own database, spelled as we spell it? */
bool grants_is_own_row(struct pool *, const struct grants_world *,
    const struct grant *, const char *db);
/* Is the object of a table, column or routine grant in an own database? */
bool grants_is_inside(const struct grants_world *, const struct grant *);
/* May the account do everything in the own database by its own row? */
bool grants_is_whole(struct pool *, const struct grants_world *,
    const struct grants *, const char *db);

/* The 18 privileges of a database, and MariaDB's two more; NULL-ended. */
enum { GRANTS_DATA_MAX = 20 };
extern const char *const grants_data_privileges[];
/* Does ALL PRIVILEGES on a database hold it on this server? */
bool grants_is_expected(const struct grants_world *, const char *privilege);

/* mysql, information_schema, performance_schema, sys. */
bool grants_is_system(const char *db);

#endif
