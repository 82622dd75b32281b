/*
 * shapes - accounts as old clusters may have them, for matrix_test.
 *
 * A shape says how an account came about, in SQL with names in braces:
 * {u} and {v} its accounts (the second on another host), {o} its own database
 * and {e} the pattern that names exactly that, {x} a foreign database, {p}
 * what all names of this test begin with; {h} our own address, {n} and {w}
 * its net, by a mask and by a wildcard. What a statement holds else is said as
 * it is.
 */
#ifndef TESTS_SHAPES_H
#define TESTS_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ON_MARIADB = 1, ON_MYSQL9 = 2, ON_MYSQL5 = 4,
	ON_PARTIAL = 8,			/* MySQL with partial_revokes */
	ON_NEW = ON_MARIADB | ON_MYSQL9,
	ON_ALL = ON_NEW | ON_MYSQL5,
	ON_BOTH = ON_ALL | ON_PARTIAL,
};

enum ends {
	ENDS_SCOPED,
	ENDS_UNCHANGED,		/* there was nothing to do */
	ENDS_REFUSED,		/* nothing was changed */
	ENDS_BY_HAND,		/* scoped, and something is left to a person */
};

enum { SHAPE_STATEMENTS = 12 };

struct shape {
	const char *name;
	unsigned on;
	const char *sql[SHAPE_STATEMENTS];
	const char *user, *host, *host2, *own;	/* NULL: the usual one */
	const char *own2;	/* a plugin's database; NULL: none */
	enum ends ends;
	bool tls;		/* the site logs in by TLS */
	const char *why;	/* stands in what the step says */
	const char *lost;	/* a line with this can't be given back */
	const char *after;	/* said when all is over, whatever came */
};

extern const struct shape shapes[];
extern const size_t shapes_n;

#endif
