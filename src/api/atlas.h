/*
 * atlas - one project of MongoDB Atlas: who may connect to it, and what its
 * database users may do.
 *
 * What it gives belongs to the handle. Kinds: ERR_NOT_FOUND: there is no such
 * project; ERR_DENIED: the login is refused, or lacks a role
 * in the project, or may not be used from this address; ERR_NETWORK,
 * ERR_TIMEOUT. Its limits, and its refusals while another change is under
 * way, are waited out.
 */
#ifndef API_ATLAS_H
#define API_ATLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/err.h"

struct atlas;

/* A service account, or a pair of API keys. */
struct atlas_open {
	const char *client_id, *client_secret;
	const char *public_key, *private_key;
	const char *project;
	const char *api;		/* NULL: the company's own address */
	const char *ca_file;		/* NULL: the system's store */
	const char *dns_servers;	/* NULL: the system's */
};
/* ERR_INPUT: neither of both logins is there, or half a one. */
struct atlas *atlas_open(const struct atlas_open *, struct err *) MUST_CHECK;
void atlas_close(struct atlas *);

/* For input tables: a project's id, 24 hexadecimal digits. */
bool atlas_check_project(const char *, struct err *);

struct atlas_entry {
	const char *cidr;		/* or "security group sg-1" */
	const char *comment;		/* "" if there is none */
	time_t until;			/* 0: no end */
};
struct atlas_entries {
	const struct atlas_entry *v;
	size_t n;
};
bool atlas_find_entries(struct atlas *, struct atlas_entries *, struct err *)
    MUST_CHECK;
/* Have the network in the access list, and wait until it is in force; one
 * that is there takes the new comment and end. */
bool atlas_add_entry(struct atlas *, const struct atlas_entry *,
    struct err *) MUST_CHECK;
/* One that is not there is fine. */
bool atlas_remove_entry(struct atlas *, const char *cidr, struct err *)
    MUST_CHECK;

struct atlas_role {
	const char *role, *db;		/* a custom one's: "admin" */
	const char *collection;		/* NULL: the whole database */
};
struct atlas_roles {
	const struct atlas_role *v;
	size_t n;
};
/* What a user may do, who is defined in database db. */
bool atlas_find_roles(struct atlas *, const char *user, const char *db,
    struct atlas_roles *, struct err *) MUST_CHECK;
/* All of his roles at once; nothing else of him changes. */
bool atlas_set_roles(struct atlas *, const char *user, const char *db,
    const struct atlas_role *, size_t, struct err *) MUST_CHECK;
/* Until the cluster of this name has taken over every change of users. */
bool atlas_await_applied(struct atlas *, const char *cluster, struct err *)
    MUST_CHECK;

/* What a role of the project's own allows: on which databases ("": on all,
 * or on the cluster), and the roles that it has inside. */
struct atlas_custom {
	const char *const *databases;	/* NULL-ended */
	struct atlas_roles inside;
};
bool atlas_find_custom(struct atlas *, const char *role,
    struct atlas_custom *, struct err *) MUST_CHECK;

#endif
