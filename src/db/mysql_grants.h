/*
 * mysql_grants - what SHOW GRANTS prints, as data.
 *
 * A line is tokenized, never matched by a pattern: names may hold " TO ",
 * commas, parentheses or WITH GRANT OPTION. All forms from MySQL 5.6 to 9
 * and MariaDB 10.5 to 11 are taken; a line that is not understood to its
 * end is an error, so that an audit fails closed.
 *
 * MySQL 5.x prints accounts and columns without escaping. There an account
 * is compared with the known one's raw text, and columns and proxies come
 * from the grant tables (struct grants_side).
 *
 * Everything lies in the pool that is passed.
 */
#ifndef DB_MYSQL_GRANTS_H
#define DB_MYSQL_GRANTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct pool;

/* host NULL: a role of MariaDB, or PUBLIC; both have no host. */
struct account {
	const char *user, *host;
};

enum grant_on {
	ON_GLOBAL,		/* *.*, static and dynamic privileges */
	ON_DB,			/* `pattern`.* */
	ON_TABLE,
	ON_PROCEDURE,
	ON_FUNCTION,
	ON_PACKAGE,
	ON_PACKAGE_BODY,
	ON_PROXY,		/* the right to be somebody else */
	ON_ROLE,
	ON_DEFAULT_ROLE,	/* SET DEFAULT ROLE r FOR (MySQL: TO) u */
	ON_ACCOUNT,		/* ALTER USER u: TLS and limits, in object */
};

struct grant_priv {
	const char *name;		/* upper case */
	const char *const *columns;	/* NULL-ended; NULL: none named */
};

struct grant {
	enum grant_on on;
	bool revoke;			/* a line of partial_revokes */
	bool option;			/* WITH GRANT or ADMIN OPTION */
	const char *db, *object;	/* unquoted, else as printed */
	const struct grant_priv *privs;
	size_t nprivs;
	const struct account *who;	/* the proxied one; the roles */
	size_t nwho;
	struct account to;
};

/* One account's lines. */
struct grants {
	struct account account;
	const struct grant *v;
	size_t n;
};

/* A row of mysql.tables_priv, columns_priv or proxies_priv (MySQL 5.x). */
struct grants_side {
	enum { SIDE_TABLE, SIDE_COLUMN, SIDE_PROXY } kind;
	const char *db, *table;		/* SIDE_PROXY: user and host */
	const char *column;
	const char *privs;		/* "Select,Grant"; proxy: "1" or "0" */
};

struct grants_source {
	struct account account;		/* whose grants were asked for */
	bool legacy;			/* MySQL before 8.0 */
	const struct grants_side *side;
	size_t nside;
};

/* ERR_OTHER "can't read this grant: ..." with the line, its hash taken out. */
bool grants_parse(struct pool *, const struct grants_source *,
    const char *line, struct grant *, struct err *) MUST_CHECK;

/* Statements as grant_print writes them, as the grants of this account. */
bool grants_read(struct pool *, const struct account *,
    const char *const *statements, size_t n, struct grants *, struct err *)
    MUST_CHECK;

/* The accounts in a list like @@mandatory_roles: quoted or bare, the host %
 * where none is given. false: it can't be read. */
bool grants_parse_accounts(struct pool *, const char *,
    const struct account **, size_t *n) MUST_CHECK;

bool account_same(const struct account *, const struct account *);
void account_print(struct buf *, const struct account *);
const char *account_text(struct pool *, const struct account *);

/* true if its only privilege is USAGE (which is none) and it has no option. */
bool grant_is_empty(const struct grant *);
bool grant_has(const struct grant *, const char *privilege);

/* "*.*", "`db`.*", "PROCEDURE `db`.`p`", "`u`@`h`" of a proxy. */
void grant_print_object(struct buf *, const struct grant *);
/* "SELECT", "SELECT(`a`, `b`)". */
void grant_print_priv(struct buf *, const struct grant_priv *);
/*
 * The statement that makes this grant again, written for any server:
 * `u`@`h`, names quoted, nothing of the password, TLS or limits, which
 * belong to the account. Equal grants print equally.
 */
void grant_print(struct buf *, const struct grant *);
const char *grant_text(struct pool *, const struct grant *);

#endif
