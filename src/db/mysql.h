/*
 * mysql - a connection to MySQL or MariaDB (the only user of libmysqlclient).
 *
 * The prefix is sql_, because the library owns mysql_. TLS is on and
 * verified unless the caller says otherwise; every wait has a limit. One
 * statement a call: the connection can't be made to run a second one. The
 * session is set up for reading grants: sql_mode without quirks, backquotes
 * around names, utf8mb4, and GRANT never makes an account.
 */
#ifndef DB_MYSQL_H
#define DB_MYSQL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct pool;
struct sql;

/* Words for the input `tls`: "verify", "require", "off"; NULL-ended. */
extern const char *const sql_tls_words[];

struct sql_login {
	const char *host;
	long port;
	const char *user, *password;
	const char *database;	/* NULL: none is chosen */
	const char *tls;	/* one of sql_tls_words; NULL: verify */
	const char *ca_file;	/* PEM; NULL: the system's store */
	long seconds;		/* for connecting, and for each answer */
};

/* ERR_DENIED: the login is refused. ERR_NETWORK: no answer, or TLS fails. */
struct sql *sql_open(const struct sql_login *, struct err *) MUST_CHECK;
void sql_close(struct sql *);

bool sql_is_mariadb(const struct sql *);
long sql_version(const struct sql *);		/* 80036, 101119, 50624 */

struct sql_rows {
	size_t n, columns;
	const char **cell;	/* row after row; NULL is SQL's NULL */
};
/* The cell, "" for NULL. Row and column are asserted to be there. */
const char *sql_cell(const struct sql_rows *, size_t row, size_t column);

/*
 * Run one statement. Its rows go to the pool; rows NULL: they are dropped.
 * ERR_DENIED: a right is missing; ERR_NETWORK: the connection is lost, the
 * statement may or may not have acted. sql_code tells the server's number.
 */
bool sql_run(struct sql *, const char *statement, struct pool *,
    struct sql_rows *, struct err *) MUST_CHECK;

/* Number of the last failure: 1044, 2013, ...; 0: none since the start. */
unsigned sql_code(const struct sql *);
/* Numbers that callers act on. */
enum {
	SQL_DB_DENIED = 1044, SQL_LOGIN_DENIED = 1045, SQL_NO_COLUMN = 1054,
	SQL_NO_THREAD = 1094, SQL_KILL_DENIED = 1095, SQL_NO_GRANT = 1141,
	SQL_TABLE_DENIED = 1142, SQL_COLUMN_DENIED = 1143,
	SQL_NO_TABLE = 1146, SQL_NO_TABLE_GRANT = 1147,
	SQL_NO_VARIABLE = 1193, SQL_NEED_RIGHT = 1227,
	SQL_WRONG_VALUE = 1231, SQL_NO_SUCH_GRANTS = 1269,
	SQL_NO_ROUTINE = 1305, SQL_ROUTINE_DENIED = 1370,
	SQL_NO_ROUTINE_GRANT = 1403, SQL_TABLE_CHANGED = 1412,
	SQL_NO_PROXY = 1698,
	SQL_NO_MARIADB_ROLE = 1959, SQL_NO_ROLE = 3523,
	SQL_MANDATORY_ROLE = 3628, SQL_BAD_TEXT = 3854,
};

/* `name` with backquotes doubled; safe in every sql_mode. */
void sql_name(struct buf *, const char *name);
/* X'..', a literal that no sql_mode and no character set can bend. */
void sql_literal(struct buf *, const char *text);

#endif
