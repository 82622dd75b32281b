/*
 * mongo_own - what the files of mongo share: the handle, one command, and
 * the members of BSON documents.
 */
#ifndef DB_MONGO_OWN_H
#define DB_MONGO_OWN_H

#include <stdbool.h>

#include "base/err.h"

struct pool;
/* The driver's, as its own header names them */
struct _bson_error_t;
struct _bson_t;
struct _mongoc_client_t;
struct _mongoc_uri_t;

struct mongo {
	struct _mongoc_uri_t *uri;	/* holds the password */
	struct _mongoc_client_t *client;
	char *where;		/* "user@host", for errors */
	char *user, *auth_db;
	bool no_snapshots;	/* the server refused one */
};

/* What the driver or the server said, with its kind. Always false. */
bool mongo_fail(const struct mongo *, const char *what,
    const struct _bson_error_t *, struct err *);
/* Run one command; with a reply, it is the caller's to destroy if true. */
bool mongo_run(struct mongo *, const char *db, const struct _bson_t *command,
    const char *what, struct _bson_t *reply, struct err *) MUST_CHECK;

/* The text of a member, in the pool; NULL: not there, or no text. */
const char *mongo_text(struct pool *, const struct _bson_t *,
    const char *key);
/* The document at the driver's iterator, a bson_iter_t, without a copy. */
bool mongo_document(const void *iterator, struct _bson_t *);

#endif
