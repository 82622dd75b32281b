/*
 * digitalocean - logins for clusters that DigitalOcean manages.
 *
 * What it gives belongs to the handle. Kinds: ERR_NOT_FOUND: the account has
 * no such cluster; ERR_DENIED: the token is refused, or lacks a scope;
 * ERR_NETWORK, ERR_TIMEOUT. Its rate limits are waited out (net/http.h).
 */
#ifndef API_DIGITALOCEAN_H
#define API_DIGITALOCEAN_H

#include <stdbool.h>

#include "base/err.h"

struct digitalocean;

struct digitalocean_open {
	const char *token;
	const char *api;		/* NULL: the company's own address */
	const char *ca_file;		/* NULL: the system's store */
	const char *dns_servers;	/* NULL: the system's */
};

struct digitalocean *digitalocean_open(const struct digitalocean_open *,
    struct err *) MUST_CHECK;
void digitalocean_close(struct digitalocean *);

/* For input tables: a cluster's id, a UUID. */
bool digitalocean_check_id(const char *, struct err *);

/* A cluster's address, roots as PEM, and either a token or, of a cluster of
 * the old kind, a client certificate with its key; the others are NULL. */
struct digitalocean_login {
	const char *server, *ca_pem, *token, *cert_pem, *key_pem;
};

/*
 * Make a login that ends after so many seconds. It may do all that the
 * account's owner may, so that a service account's token is better where
 * there is one. Token and key are masked.
 */
bool digitalocean_find_login(struct digitalocean *, const char *cluster_id,
    long seconds, struct digitalocean_login *, struct err *) MUST_CHECK;

#endif
