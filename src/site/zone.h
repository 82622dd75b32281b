/*
 * zone - one zone that hosts of the instance lie in, at the company (or with
 * others, manual.h) and on its name servers.
 */
#ifndef SITE_ZONE_H
#define SITE_ZONE_H

#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct dns_set;
struct dnshost;
struct http;
struct pool;
struct resolve;
struct zoneplan;

struct zone {
	struct pool *pool;		/* these two are not its own */
	struct resolve *resolve;
	struct dnshost *company;	/* NULL: others keep it (manual.h) */
	const char *name;
	const char *const *host;	/* those that lie in it, NULL-ended */
	size_t hosts;
	const char *const *server;	/* addresses of all authorities */
	size_t servers;
};

/* Open it at its company; pool and resolve are set already, and the handles
 * and the plan must outlive it. Errors as dnshost_open. Close it whatever
 * this returns. */
bool zone_open(struct zone *, struct http *, const struct zoneplan *,
    struct err *) MUST_CHECK;
void zone_close(struct zone *);

/* Who answers for it? ERR_HAND: a host is served by another zone than this
 * one, so that a change here would not be seen. */
bool zone_find_servers(struct zone *, struct err *) MUST_CHECK;
/* All its hosts' sets that lead visitors, in the pool. */
bool zone_find_sets(struct zone *, struct dns_set **, size_t *n,
    struct err *) MUST_CHECK;

/* As zones_await, of sets that lie in this zone. */
bool zone_await(struct zone *, const struct dns_set *, size_t n, clock_ms,
    struct err *) MUST_CHECK;

/* As dnshost_least_ttl and dnshost_gap; of a zone of others 1, and none. */
long zone_least_ttl(const struct zone *);
const char *zone_gap(const struct zone *);

#endif
