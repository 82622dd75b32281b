/*
 * dnshost - the company that serves a zone: find record sets, replace them.
 *
 * The unit is the whole RRset. Names are lower case without the final dot,
 * whatever the company wants; a name that is not inside the zone is refused.
 * Every change is compared with what was there right before, given as one
 * batch where the company has batches, published at once where it must be
 * asked to, and read back. What is not part of a set's values and TTL
 * (comments, disabled records) stays.
 */
#ifndef API_DNSHOST_H
#define API_DNSHOST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct dnshost;
struct http;
struct json;
struct pool;

/* Names of the companies, NULL-ended, for input tables. */
extern const char *const dnshost_names[];

struct dns_value {
	const char *text;	/* as in a zone file; names without the dot */
	bool disabled;		/* kept by the company, not served */
};

struct dns_set {
	const char *name, *type;
	long ttl;
	const struct dns_value *value;
	size_t n;		/* 0: there is no such set */
};

struct dnshost_open {
	const char *company;	/* one of dnshost_names */
	const char *server;	/* base URL of its API, where it has no
				 * fixed one; else NULL */
	const char *token;
	const char *zone;
};

/* The http handle must outlive it. ERR_DENIED: the token is refused;
 * ERR_NOT_FOUND: the company has no such zone. */
struct dnshost *dnshost_open(struct http *, const struct dnshost_open *,
    struct err *) MUST_CHECK;
void dnshost_close(struct dnshost *);
const char *dnshost_zone(const struct dnshost *);

/*
 * All sets of these names (NULL-ended) whose type decides where visitors go:
 * A, AAAA, CNAME. None is not an error: *n is 0. They live in the pool.
 */
bool dnshost_find(struct dnshost *, struct pool *, const char *const *names,
    struct dns_set **, size_t *n, struct err *) MUST_CHECK;

/*
 * Make each set was[i] into now[i] (same name and type; n 0 in `was`: it is
 * new; n 0 in `now`: it goes). ERR_CONFLICT names a set that is neither as
 * in `was` nor already as in `now`: somebody changed it meanwhile. This kind,
 * ERR_DENIED, ERR_NOT_FOUND and ERR_INPUT mean that nothing was written. True
 * means: written, published, and read back. Sets that are as wanted already
 * are not written.
 */
bool dnshost_replace(struct dnshost *, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *) MUST_CHECK;

/* Ask the company once more to tell its other servers, for when one lags.
 * Nothing is changed. */
bool dnshost_publish(struct dnshost *, struct err *) MUST_CHECK;

/* Equal TTL and values, in any order? Two sets without values are equal. */
bool dns_set_same(const struct dns_set *, const struct dns_set *);
/* "A 127.0.0.1, 127.0.0.2 TTL 5" in the pool; "no A record". */
const char *dns_set_words(struct pool *, const struct dns_set *);
/* A copy with another TTL. */
struct dns_set dns_set_with_ttl(struct dns_set, long ttl);

/* For the record, and back from it. NULL and false for broken text. */
struct json *dns_set_json(const struct dns_set *);
bool dns_set_read(struct pool *, const struct json *, struct dns_set *);

#endif
