/*
 * managed - the companies that run the databases: which one runs which, and
 * how the inputs say one logs in to its API.
 *
 * A database that nobody else runs has no list of a company's: it is
 * "self-hosted", and who may reach it is a matter of its own firewall.
 */
#ifndef SITE_MANAGED_H
#define SITE_MANAGED_H

#include <stdbool.h>
#include <stddef.h>

#include "api/allowlist.h"
#include "base/err.h"
#include "step/step.h"

struct atlas;
struct digitalocean;

/* Words for who runs them; "aws" has DocumentDB for MongoDB. */
extern const char *const managed_mysql_providers[],
    *const managed_mongodb_providers[];

/* Rows of the companies' logins; and of where the databases are: mysql- and
 * mongodb- -provider, -cluster-id, ... */
extern const struct input managed_login_inputs[];
extern const struct input managed_place_inputs[];
/* The same without -port, for a step that has those rows already, and gives
 * what they say; 0: the usual one. */
extern const struct input managed_list_inputs[];
void managed_take_ports(long mysql, long mongodb);
/* Of them only DigitalOcean's login, and mongodb-cluster-id; only Atlas'
 * login, and mongodb-project. */
extern const struct input managed_digitalocean_inputs[];
extern const struct input managed_cluster_inputs[];
extern const struct input managed_atlas_inputs[];
extern const struct input managed_project_inputs[];

/* A list that decides who may connect to a database. */
struct managed_list {
	const char *database;		/* "MySQL" */
	const char *name;		/* as the record has it */
	struct allowlist_place place;
};
enum { MANAGED_MOST = 2 };

/*
 * The lists of the instance's databases, at most MANAGED_MOST of them; one
 * that both have in common comes once. ERR_INPUT: an id is missing.
 */
bool managed_find_lists(struct managed_list *, size_t *n, struct err *)
    MUST_CHECK;
/* Say in the log which databases have none. */
void managed_tell_self_hosted(void);
struct allowlist *managed_open(const struct managed_list *, struct err *)
    MUST_CHECK;

/* DigitalOcean's login, and the id of MongoDB's cluster there. ERR_INPUT:
 * one of them is missing. */
struct digitalocean *managed_open_digitalocean(const char **cluster_id,
    struct err *) MUST_CHECK;

/* Atlas' login, for MongoDB's project. ERR_INPUT: as above. */
struct atlas *managed_open_atlas(struct err *) MUST_CHECK;

#endif
