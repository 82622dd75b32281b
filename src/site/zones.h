/*
 * zones - all zones that the instance's hosts lie in, as one.
 *
 * One handle for what set-dns-ttl, switch-dns and restore-dns need: every
 * host's record sets as its provider has them, the resolvers, and a change
 * of sets wherever they lie. Most instances have one zone; the plan's
 * dns.hosts names more (zoneplan.h).
 */
#ifndef SITE_ZONES_H
#define SITE_ZONES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/resolve.h"
#include "site/hosts.h"
#include "site/zone.h"

struct dns_set;
struct http;
struct pool;

/* One host, and its sets that lead visitors. */
struct zone_host {
	const struct host *host;
	struct dns_set *set;
	size_t n;
	struct zone *zone;
};

struct zones {
	struct pool *pool;
	struct http *http;
	struct resolve *resolve;
	struct hosts hosts;
	struct zone_host *host;		/* as many as hosts.n */
	struct zone *v;
	size_t n;
	/* zones_replace changed a record, or may have. */
	bool touched;
};

/*
 * Open what inputs and plan name (the rows zoneplan_inputs), find all; a
 * mistake in them is told before anything is asked. Errors as zoneplan_find,
 * zone_open and zone_find_servers.
 */
struct zones *zones_open(struct err *) MUST_CHECK;
void zones_close(struct zones *);

/* The zone of one of the hosts. */
struct zone *zones_of(const struct zones *, const char *host);
/* "example.org" or "example.org, example.net", in the pool. */
const char *zones_names(const struct zones *);

/* Highest TTL among a host's sets; 0 if it has none. What caches hold of one
 * that is proxied stays right: it is not counted. */
long zones_highest_ttl(const struct zone_host *);

/*
 * Await that all authorities of each host's own zone give these sets as they
 * are here, twice in a row. Where one lags at first, the company is asked to
 * tell it. A set that is not plain is given out as something else: it is not
 * awaited.
 */
bool zones_await(struct zones *, const struct dns_set *, size_t n, clock_ms,
    struct err *) MUST_CHECK;

/*
 * Make each set was[i] into now[i], as dnshost_replace, in all zones. First
 * each company is asked whether it could be; then those who keep zones of
 * others are told, and waited for, so that none of ours has moved if they
 * don't do it; then zone after zone in one batch each. On failure `touched`
 * tells if any record was changed, and the error in which zones; a kind that
 * means that nothing was written means it of all zones.
 */
bool zones_replace(struct zones *, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *) MUST_CHECK;
/*
 * The way back, from `was` to `now`: ours first, which takes seconds, then
 * those of others. A zone that fails does not keep the next one from being
 * put back; the first failure is told.
 */
bool zones_put_back(struct zones *, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *) MUST_CHECK;

#endif
