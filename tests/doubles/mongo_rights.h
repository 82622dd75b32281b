/*
 * mongo_rights - actions, resources, privileges and the built-in roles, as
 * MongoDB's manual defines them.
 *
 * A privilege is a resource and a set of actions on it. The built-in roles
 * are one table; role names are resolved to privileges by mongo_store, which
 * knows the roles that people made.
 */
#ifndef DOUBLES_MONGO_RIGHTS_H
#define DOUBLES_MONGO_RIGHTS_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of actions: one bit each, by place in the table of names. */
struct actions {
	uint64_t bits[2];
};

enum resource_kind {
	RES_CLUSTER,		/* {cluster: true} */
	RES_ANY,		/* {anyResource: true} */
	RES_NORMAL,		/* {db: "", collection: ""} */
	RES_DB,			/* {db: d, collection: ""} */
	RES_NAME,		/* {db: "", collection: c} */
	RES_NS			/* {db: d, collection: c} */
};

/* Texts that don't matter to the kind are NULL; none is owned. */
struct resource {
	enum resource_kind kind;
	const char *db, *coll;
};

/* A privilege owns the texts of its resource. */
struct privilege {
	struct resource on;
	struct actions may;
};

struct privileges {
	struct privilege *v;
	size_t n;
};

/* Add to the privilege on that resource, or make it. */
void
privileges_add(struct privileges *p, const struct resource *on,
    const struct actions *may);

void
privileges_free(struct privileges *p);

/* Whether the action is allowed on the resource by any of them. */
bool
privileges_allow(const struct privileges *p, const struct resource *on,
    const char *action);

/* Append them as an array of {resource, actions}. */
void
privileges_append(const struct privileges *p, bson_t *doc, const char *key);

/*
 * Read an array of {resource, actions}. On failure says why and returns
 * false; p then holds what was read so far.
 */
bool
privileges_read(const bson_iter_t *array, struct privileges *p, char *why,
    size_t max);

/* Whether there is a built-in role of this name in the database. */
bool
builtin_exists(const char *role, const char *db);

/* Add what a built-in role of the database gives. */
void
builtin_add(const char *role, const char *db, struct privileges *p);

#endif
