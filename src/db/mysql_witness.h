/*
 * mysql_witness - does a dump hold what the database held?
 *
 * A live database changes while it is dumped, in one transaction whose
 * snapshot nobody else can see. So two snapshots of ours bracket it: one
 * taken before the dump begins, one once it has begun. They only read.
 */
#ifndef DB_MYSQL_WITNESS_H
#define DB_MYSQL_WITNESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct dump_content;
struct sql_login;
struct witness;

/* The first snapshot. ERR_INPUT: there is no such database, or it is the
 * server's own. Close it with witness_close. */
struct witness *witness_open(const struct sql_login *, const char *database,
    struct err *) MUST_CHECK;
void witness_close(struct witness *);	/* NULL is fine */
/* The second one; a second call does nothing. */
bool witness_begun(struct witness *, struct err *) MUST_CHECK;

/* Valid until it is closed. */
struct witness_facts {
	bool mariadb;
	const char *version, *charset, *collation;
	const char *outside;	/* tables whose engine knows no transactions,
				 * so that they are of later moments; "" */
	size_t events;
	double bytes;		/* about how many: data without indexes */
};
const struct witness_facts *witness_facts(const struct witness *);

/*
 * Each table must have as many rows in the dump as in one of the snapshots,
 * or between the two. One that was written to since the first may differ
 * more (rows added and removed between the two), but not be empty where it
 * was full before and after: its name is put into `moved` ("a, b"). All
 * triggers, routines and events must be there. ERR_OTHER names what is not as
 * it should be; ERR_CONFLICT: tables were made, altered
 * or dropped meanwhile.
 */
struct buf;
bool witness_check(struct witness *, const struct dump_content *,
    struct buf *moved, struct err *) MUST_CHECK;
/* Told of each table: its name and rows in the dump, 0 for an empty one. */
typedef void witness_tell(void *arg, const char *table, long long rows);
void witness_each(const struct witness *, const struct dump_content *,
    witness_tell *, void *arg);

#endif
