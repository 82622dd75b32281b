/*
 * dnshost_company - what one company must be able to do.
 *
 * Internal to dnshost. A company is one file, dnshost_<company>.c, with one
 * table of this kind, and one row in dnshost.c. Names reach it in our form
 * (no final dot, lower case) and leave it so.
 */
#ifndef API_DNSHOST_COMPANY_H
#define API_DNSHOST_COMPANY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct dns_set;
struct http;
struct pool;

/* What dnshost.c opened; lives until the handle is closed. */
struct dnshost_account {
	struct http *http;
	struct pool *pool;
	const char *server, *token, *zone;
};

struct dnshost_company {
	const char *name;
	bool needs_server;	/* its API has no fixed address */

	/* Prove that the zone is there and the token may read it. */
	bool (*check)(const struct dnshost_account *, struct err *);

	/* Every set of these names (NULL-ended), of any type, with what is
	 * disabled in them. */
	bool (*find)(const struct dnshost_account *, struct pool *,
	    const char *const *names, struct dns_set **, size_t *n,
	    struct err *);

	/* Write the sets as they are in `now`; those without values go. In
	 * one batch if it can. ERR_NETWORK: it may have acted or not; then
	 * all is read again and what is left is written again. */
	bool (*write)(const struct dnshost_account *,
	    const struct dns_set *was, const struct dns_set *now, size_t n,
	    struct err *);

	/* Have all its servers take over what was written. NULL: they do. */
	bool (*publish)(const struct dnshost_account *, struct err *);
};

extern const struct dnshost_company dnshost_powerdns;

/* A name in our form; in the pool. */
const char *dnshost_plain_name(struct pool *, const char *);

#endif
