/*
 * zone - the zone that the hosts lie in, at the company and on its servers.
 *
 * One handle for what set-dns-ttl and switch-dns both need: the company's
 * API, the resolvers, the authoritative servers, and every host's record
 * sets as the company has them.
 */
#ifndef SITE_ZONE_H
#define SITE_ZONE_H

#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/resolve.h"
#include "site/hosts.h"
#include "step/step.h"

struct dns_set;
struct dnshost;
struct http;
struct pool;

/* Rows dns-provider, dns-server, dns-token, aws-..., zone, dns-zone-id,
 * wait-hours, hosts. */
extern const struct input zone_inputs[];

/* The sets of one host that lead visitors. */
struct zone_host {
	const struct host *host;
	struct dns_set *set;
	size_t n;
};

struct zone {
	struct pool *pool;
	struct http *http;
	struct resolve *resolve;
	struct dnshost *company;	/* NULL: others keep it (manual.h) */
	const char *name;
	struct hosts hosts;
	struct zone_host *host;		/* as many as hosts.n */
	const char *const *server;	/* addresses of all authorities */
	size_t servers;
};

/*
 * Open what the inputs name, find all. ERR_INPUT: a host lies outside the
 * zone; ERR_HAND: a host is served by another zone than the one given, so
 * that a change there would not be seen.
 */
struct zone *zone_open(struct err *) MUST_CHECK;
void zone_close(struct zone *);

/* Highest TTL among a host's sets; 0 if it has none. What caches hold of one
 * that is proxied stays right: it is not counted. */
long zone_highest_ttl(const struct zone_host *);

/*
 * Await that all authorities give these sets as they are here, twice in a
 * row. Where one lags at first, the company is asked to tell it. A set that is
 * not plain is given out as something else: it is not awaited.
 */
bool zone_await(struct zone *, const struct dns_set *, size_t n, clock_ms,
    struct err *) MUST_CHECK;

/* As dnshost_replace, or as manual_replace where others keep the zone. */
bool zone_replace(struct zone *, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *) MUST_CHECK;
/* As dnshost_least_ttl and dnshost_gap. */
long zone_least_ttl(const struct zone *);
const char *zone_gap(const struct zone *);

#endif
