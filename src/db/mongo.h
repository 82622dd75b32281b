/*
 * mongo - users and roles of a MongoDB server (the only user of libmongoc).
 *
 * TLS is on and verified unless the caller says otherwise. One connection,
 * no retries by the driver, every wait with a limit.
 */
#ifndef DB_MONGO_H
#define DB_MONGO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/finding.h"
#include "db/mongo_roles.h"

struct mongo;
struct pool;

/* Words for the input `tls`: "verify", "require", "off"; NULL-ended. */
extern const char *const mongo_tls_words[];

struct mongo_login {
	const char *host;	/* a name or address, or a whole mongodb:// or
				 * mongodb+srv:// URI; a login within it does
				 * not count, and is never shown */
	long port;		/* not used with a URI */
	const char *user, *password;
	const char *auth_db;	/* where the user is defined; NULL: admin */
	const char *tls;	/* one of mongo_tls_words; NULL: verify; what
				 * a URI says of verification does not count */
	const char *ca_file;	/* PEM; NULL: the system's store */
	long seconds;		/* for connecting, and for each answer */
	long answer_seconds;	/* for each answer, if not the same */
};

/* Logs in. ERR_DENIED: the login is refused. ERR_NETWORK: no answer. */
struct mongo *mongo_open(const struct mongo_login *, struct err *)
    MUST_CHECK;
void mongo_close(struct mongo *);
/* The same login on a new connection, at once: one that broke is not tried
 * again by the driver for some seconds. */
bool mongo_reopen(struct mongo *, struct err *) MUST_CHECK;

struct mongo_users {
	const struct mongo_user *v;	/* in the pool */
	size_t n;
};

/*
 * Users of this name in all databases, their custom roles resolved against
 * the own databases. None is not an error. ERR_DENIED: not for this login
 * (Atlas and DigitalOcean allow it to nobody: they have an API for it).
 */
bool mongo_find_users(struct mongo *, struct pool *, const char *user,
    const char *const *own, struct mongo_users *, struct err *) MUST_CHECK;

/* The same for the one user of database db, or none. */
bool mongo_find_user(struct mongo *, struct pool *, const char *user,
    const char *db, const char *const *own, struct mongo_users *,
    struct err *) MUST_CHECK;

/*
 * Judge a user, through an administrator or as itself. Findings are
 * appended; ERR_NOT_FOUND: there is no user of this name in auth_db (the
 * text says where there is one).
 */
bool mongo_audit(struct mongo *, struct pool *, const char *user,
    const char *auth_db, const char *const *own, struct findings *,
    struct err *) MUST_CHECK;
bool mongo_audit_self(struct mongo *, struct pool *, const char *const *own,
    struct findings *, struct err *) MUST_CHECK;

/* For input tables: a host name, an IP address, or a mongodb:// URI without
 * credentials. */
bool mongo_check_host(const char *, struct err *);

/* Replace all roles of the user at once; nothing else of it changes. */
bool mongo_set_roles(struct mongo *, const char *user, const char *db,
    const struct mongo_role *, size_t, struct err *) MUST_CHECK;

/* ERR_CONFLICT: it exists. */
bool mongo_create_user(struct mongo *, const char *user, const char *db,
    const char *password, const struct mongo_role *, size_t, struct err *)
    MUST_CHECK;

/* Names of the databases that this login sees; NULL-ended. */
bool mongo_find_databases(struct mongo *, struct pool *, const char *const **,
    struct err *) MUST_CHECK;

/*
 * As the user: each own database can be read and, with `write`, written (by
 * an order to delete what is not there); each foreign one refuses. ERR_HAND:
 * a foreign one can be read. Waits, for what a mongos still remembers.
 */
bool mongo_confirm(const struct mongo_login *, const char *const *own,
    const char *const *foreign, bool write, long seconds, struct err *)
    MUST_CHECK;

#endif
