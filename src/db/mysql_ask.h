/*
 * mysql_ask - questions to a server about its accounts, for mysql_scope and
 * mysql_restrict. Nothing is judged and nothing changed here.
 */
#ifndef DB_MYSQL_ASK_H
#define DB_MYSQL_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/mysql_grants.h"

struct grants_world;
struct pool;
struct sql;
struct sql_rows;

enum { ASK_KNOWN_MAX = 64 };	/* roles in roles; more stay unresolved */

/* One value; "" where the server does not know the variable. */
bool ask_variable(struct sql *, struct pool *, const char *name,
    const char **value, struct err *) MUST_CHECK;

/* "<text> <the user as a literal>". */
bool ask_about(struct sql *, struct pool *, const char *text,
    const char *user, struct sql_rows *, struct err *) MUST_CHECK;

/* Databases and settings; room for ASK_KNOWN_MAX known accounts. */
bool ask_world(struct sql *, struct pool *, const char *const *own,
    struct grants_world *, struct err *) MUST_CHECK;

/* MySQL before 8.0, whose lines need the grant tables to be read. */
bool ask_is_legacy(struct sql *);
/* SHOW GRANTS FOR the account. */
bool ask_grants(struct sql *, struct pool *, const struct account *,
    struct grants *, struct err *) MUST_CHECK;
/* Rows of SHOW GRANTS as grants of source's account. */
bool ask_parse(struct pool *, const struct grants_source *,
    const struct sql_rows *, struct grants *, struct err *) MUST_CHECK;
/* What SHOW GRANTS does not print, or not everywhere: default roles of MySQL
 * 8+, and what the account requires (TLS, limits), if anything. */
bool ask_besides(struct sql *, struct pool *, const struct account *,
    struct grants *, struct err *) MUST_CHECK;

/* user@host, as CURRENT_USER() writes it; the host has no @. */
struct account ask_split(struct pool *, const char *);

#endif
