/*
 * mongodb_at - the MongoDB server that the contract suites ask: the sandbox's
 * double, or the one of TRANSPLANT_TEST_MONGODB_URI, a throw-away one with an
 * administrator (root) in it, such as mongodb://admin:pw@10.0.0.9:27017.
 */
#ifndef TESTS_MONGODB_AT_H
#define TESTS_MONGODB_AT_H

#include <stdbool.h>

#include <mongoc/mongoc.h>

/* Is there any? */
bool mongodb_is_there(void);
mongoc_uri_t *mongodb_uri(void);
/* A new client of the administrator's. */
mongoc_client_t *mongodb_admin(void);

/* FerretDB has documents and cursors as MongoDB has, but not its users,
 * roles and views. */
bool mongodb_is_ferretdb(mongoc_client_t *);
/* The sandbox's double, in which time passes faster. */
bool mongodb_is_double(void);

/*
 * Run a command that is written as JSON, with ' for "; its reply goes to
 * *reply, which is initialised and freed by the caller. 0, the server's code,
 * or -1: not the server refused, but the driver (the login, as a rule).
 */
int mongodb_run(mongoc_client_t *, const char *db, bson_t *reply,
    const char *json);

#endif
