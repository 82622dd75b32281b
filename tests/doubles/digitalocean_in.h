/*
 * digitalocean_in - what the files of the DigitalOcean double share.
 *
 * digitalocean.c     every request, logins for the Kubernetes clusters
 * digitalocean_db.c  database clusters: trusted sources and users
 * digitalocean_dns.c a domain and its records
 */
#ifndef DIGITALOCEAN_IN_H
#define DIGITALOCEAN_IN_H

#include <stdbool.h>

#include "world_http.h"

/* The API's form of an error. */
void digitalocean_fail(struct reply *p, int status, const char *id,
    const char *message);
handler digitalocean_not_found;
/* Has the token this scope? If not it is answered. */
bool digitalocean_may(const char *scope, struct reply *p);
/* Is it a Kubernetes cluster of the account? */
bool digitalocean_has_cluster(const char *id);

void databases_reset(void);
handler databases_get_firewall, databases_put_firewall;
handler databases_list_users, databases_get_user, databases_make_user,
    databases_drop_user, databases_put_user;

void domains_reset(void);
handler domains_get, domains_list, domains_make, domains_change,
    domains_drop;

#endif
