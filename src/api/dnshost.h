/*
 * dnshost - the company that serves a zone: find record sets, replace them.
 *
 * The unit is the whole RRset. Names are lower case without the final dot,
 * whatever the company wants; a name that is not inside the zone is refused.
 * Every change is compared with what was there right before, given as one
 * batch where the company has batches, published at once where it must be
 * asked to, and read back. What is not part of a set's values and TTL
 * (comments, tags, disabled records) stays.
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

/* Names of the companies, NULL-ended, for input tables, and "manual", which
 * is none that dnshost_open knows: others keep the zone. And could this be a
 * zone's id with one of them? */
extern const char *const dnshost_names[];
bool dnshost_check_zone_id(const char *, struct err *);

struct dns_value {
	const char *text;	/* as in a zone file; names without the dot */
	bool disabled;		/* kept by the company, not served */
};

/* What the name servers give out of a set. */
enum dnshost_kind {
	DNSHOST_PLAIN,	/* what stands in it */
	DNSHOST_PROXIED,	/* the company's own addresses, with a TTL of
			 * the company's; visitors are passed on to what
			 * stands in it. What replaces it is proxied, too. */
	DNSHOST_ALIAS,	/* the addresses of its target, which the company
			 * looks up; so the TTL is no setting. Route 53's
			 * value is "target zone-id true|false" (is the
			 * target's health looked at?) */
	DNSHOST_ROUTED,	/* one of several answers, chosen by rules: such a
			 * set is shown and never changed */
};

struct dns_set {
	const char *name, *type;
	long ttl;
	const struct dns_value *value;
	size_t n;		/* 0: there is no such set */
	enum dnshost_kind kind;
	const void *own;	/* the company's; leave it alone */
	const char *zone;	/* for the record; NULL: not known */
};

struct dnshost_open {
	const char *company;	/* one of dnshost_names */
	const char *server;	/* base URL of its API; NULL: its own one */
	const char *token;	/* route53 has a key instead */
	const char *key_id, *secret;
	const char *session;	/* of that key, or NULL */
	const char *zone;
	const char *zone_id;	/* where several have that name, or NULL */
};

/*
 * The http handle must outlive it. ERR_INPUT: a login or address that the
 * company needs is not given; ERR_DENIED: it is refused; ERR_NOT_FOUND: the
 * company has no such zone (a zone above it that it has is named); ERR_HAND:
 * it has several.
 */
struct dnshost *dnshost_open(struct http *, const struct dnshost_open *,
    struct err *) MUST_CHECK;
void dnshost_close(struct dnshost *);
/* The lowest TTL that it takes. */
long dnshost_least_ttl(const struct dnshost *);
/* What happens, as a sentence, where a name changes from one type to another
 * (A to CNAME); NULL: it has one or the other at every moment. */
const char *dnshost_gap(const struct dnshost *);

/*
 * All sets of these names (NULL-ended) whose type decides where visitors go:
 * A, AAAA, CNAME. None is not an error: *n is 0. They live in the pool.
 */
bool dnshost_find(struct dnshost *, struct pool *, const char *const *names,
    struct dns_set **, size_t *n, struct err *) MUST_CHECK;

/*
 * Make each set was[i] into now[i] (same name and type; n 0 in `was`: it is
 * new; n 0 in `now`: it goes). ERR_CONFLICT names a set that is neither as
 * in `was` nor already as in `now`: somebody changed it meanwhile. (Where a
 * company has no batches, what a change that was cut off left behind counts
 * as neither's: it is finished.) ERR_INPUT: a TTL below the company's least;
 * ERR_HAND: a set that is routed. These kinds, ERR_DENIED and ERR_NOT_FOUND
 * mean that nothing was written. True means: written, published, and read
 * back. Sets that are as wanted already are not written.
 */
bool dnshost_replace(struct dnshost *, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *) MUST_CHECK;

/* Would dnshost_replace be refused now? Nothing is written. */
bool dnshost_check(struct dnshost *, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *) MUST_CHECK;

/* Ask the company once more to tell its other servers, for when one lags.
 * Nothing is changed. */
bool dnshost_publish(struct dnshost *, struct err *) MUST_CHECK;

/* A name in our form; in the pool. */
const char *dnshost_plain_name(struct pool *, const char *);

/* Equal kind, TTL and values, in any order? Two sets without values are
 * equal. The TTL of a set that is not plain doesn't count. */
bool dns_set_same(const struct dns_set *, const struct dns_set *);
/* "A 127.0.0.1, 127.0.0.2 TTL 5" in the pool; "no A record". */
const char *dns_set_words(struct pool *, const struct dns_set *);
/* A copy with another TTL; one that is not plain keeps its own. */
struct dns_set dns_set_with_ttl(struct dns_set, long ttl);

/* For the record, and back from it. NULL and false for broken text. */
struct json *dns_set_json(const struct dns_set *);
bool dns_set_read(struct pool *, const struct json *, struct dns_set *);

#endif
