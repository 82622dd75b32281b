/*
 * mongo_store - what the MongoDB double holds: users, roles, databases with
 * collections, and open cursors. All of it in memory, gone with the process.
 *
 * Nothing here asks who may do what; that is mongo_cmd's. Pointers that
 * functions return belong to the store and are good until it changes. The
 * caller holds the server's lock.
 */
#ifndef DOUBLES_MONGO_STORE_H
#define DOUBLES_MONGO_STORE_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mongo_rights.h"
#include "mongo_scram.h"

enum { USER_ID_LEN = 16 };	/* a UUID */

struct role_name {
	char *role, *db;
};

struct role_names {
	struct role_name *v;
	size_t n;
};

struct user {
	char *name, *db;
	unsigned char id[USER_ID_LEN];
	struct credential cred[MECHS];
	struct role_names roles;
	bson_t *custom;			/* NULL: none */
	bson_t *restrictions;		/* NULL: none */
};

struct role {
	char *name, *db;
	struct privileges privileges;
	struct role_names roles;
};

struct coll {
	char *name;
	bson_t **docs;
	size_t n;
	size_t *slots;			/* hash of _id -> place + 1 */
	size_t n_slots;
	bson_t **indexes;		/* without the one on _id */
	size_t n_indexes;
	bson_t *options;		/* as `create` was told; NULL: none */
	unsigned char uuid[USER_ID_LEN];	/* of no use to a view */
	int64_t changed;		/* when, by store_time */
};

struct database {
	char *name;
	struct coll **v;
	size_t n;
};

struct cursor {
	int64_t id;
	char *ns;
	unsigned char owner[USER_ID_LEN];
	bson_t **docs;
	size_t n, next;
	int64_t used;			/* when, in ms */
	bool lasts;			/* however long it is not used */
};

struct store {
	struct user **users;
	struct role **roles;
	struct database **dbs;
	struct cursor **cursors;
	size_t n_users, n_roles, n_dbs, n_cursors;
	int64_t cursor_timeout;		/* in ms; 0: the server's default */
};

/* Role names: add unless there; remove; compare; free. */
void
role_names_add(struct role_names *l, const char *role, const char *db);
void
role_names_remove(struct role_names *l, const char *role, const char *db);
void
role_names_free(struct role_names *l);

struct user *
store_find_user(struct store *s, const char *name, const char *db);

/* A new user without credentials or roles; the name must be free. */
struct user *
store_add_user(struct store *s, const char *name, const char *db);
void
store_drop_user(struct store *s, struct user *u);

struct role *
store_find_role(struct store *s, const char *name, const char *db);
struct role *
store_add_role(struct store *s, const char *name, const char *db);
void
store_drop_role(struct store *s, struct role *r);

/* Whether a built-in or made role of this name exists. */
bool
store_role_exists(struct store *s, const char *name, const char *db);

/*
 * What the roles give together, and (unless NULL) every role that is
 * reached from them, themselves included.
 */
void
store_resolve(struct store *s, const struct role_names *roles,
    struct privileges *p, struct role_names *reached);

struct database *
store_find_db(struct store *s, const char *name);
void
store_drop_db(struct store *s, struct database *db);
struct coll *
store_find_coll(struct store *s, const char *db, const char *coll);

/* The collection; made, with its database, when not there. */
struct coll *
store_need_coll(struct store *s, const char *db, const char *coll);
void
store_drop_coll(struct store *s, const char *db, const char *coll);

/*
 * Keep a copy of the document, with an _id made for it in front when it has
 * none. False: there is one with this _id.
 */
bool
coll_insert(struct coll *c, const bson_t *doc);

/* How many changes there were: a replica set's clock. */
int64_t
store_time(void);

/* Remove the document at a place; later ones move up. */
void
coll_remove(struct coll *c, size_t at);

/* The collection that a view is of, NULL if it is none. */
const char *
coll_view_on(const struct coll *c);

/* A cursor over documents that it takes over; n may be 0. One that was not
 * used for too long is not found any more. */
struct cursor *
store_add_cursor(struct store *s, const char *ns, bson_t **docs, size_t n);
struct cursor *
store_find_cursor(struct store *s, int64_t id);
void
store_drop_cursor(struct store *s, struct cursor *c);

#endif
