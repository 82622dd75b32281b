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

#include "api/dnshost.h"
#include "base/err.h"

struct http;
struct pool;

/* What dnshost.c opened; lives until the handle is closed. */
struct dnshost_account {
	struct http *http;
	struct pool *pool;
	const char *server;	/* without a final slash; or NULL */
	const char *token, *key_id, *secret, *session;
	const char *zone;
	const char *zone_id;	/* as given; check may put it right */
	long least_ttl;		/* check sets it; 1 before */
	void *own;		/* the company's */
};

struct dnshost_company {
	const char *name;
	bool needs_server;	/* its API has no fixed address */
	bool by_key;		/* key_id and secret in place of a token */
	/* Changes are not batches: `was`, `now` and all between them may be
	 * found after a change that was cut off. */
	bool piecemeal;
	const char *gap;	/* as dnshost_gap, or NULL */

	/* Prove that the zone is there and the token may read it. */
	bool (*check)(struct dnshost_account *, struct err *);
	/* Close `own`; NULL: nothing to do. */
	void (*close)(struct dnshost_account *);

	/* Every set of these names (NULL-ended, each once), of any type, with
	 * what is disabled in them. */
	bool (*find)(const struct dnshost_account *, struct pool *,
	    const char *const *names, struct dns_set **, size_t *n,
	    struct err *);

	/* Write the sets as they are in `now`; those without values go. `is`
	 * is what find gave right before, with its `own`. In one batch if it
	 * can; in such an order that a run which is cut off leaves each name
	 * with an answer, if it can't. ERR_NETWORK: it may have acted or
	 * not; then all is read again and what is left is written again.
	 * ERR_CONFLICT, _DENIED, _NOT_FOUND, _INPUT: nothing was written. */
	bool (*write)(const struct dnshost_account *,
	    const struct dns_set *is, const struct dns_set *now, size_t n,
	    struct err *);

	/* Have all its servers take over what was written. NULL: they do. */
	bool (*publish)(const struct dnshost_account *, struct err *);
};

extern const struct dnshost_company dnshost_cloudflare,
    dnshost_digitalocean, dnshost_powerdns, dnshost_rfc2136, dnshost_route53;

/* ---- for companies whose unit is the record: one value of a set ---- */

struct dnshost_record {
	const char *name, *type, *value;	/* in our form */
	long ttl;
	const char *id;
	enum dnshost_kind kind;
	const void *more;			/* the company's */
};

/* A record behind the others of a list in the pool. */
struct dnshost_records {
	struct dnshost_record *v;
	size_t n, room;
};
void dnshost_add_record(struct pool *, struct dnshost_records *,
    const struct dnshost_record *);

/* What such a company finds: it lists the records of one name, which become
 * one set for each name and type; `own` is its records, as many and in the
 * order of its values. */
typedef bool dnshost_list_name(const struct dnshost_account *, struct pool *,
    const char *name, struct dnshost_records *, struct err *);
bool dnshost_find_records(const struct dnshost_account *, struct pool *,
    const char *const *names, dnshost_list_name *, struct dns_set **,
    size_t *n, struct err *);
/*
 * What becomes of the records of a set: from[i] is the number of the one
 * that has value i of `now` already, else of one that would go, else is->n:
 * it must be made. Those that are left over are not taken.
 */
void dnshost_match_records(const struct dns_set *is,
    const struct dns_set *now, size_t *from, bool *taken);

#endif
