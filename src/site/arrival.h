/*
 * arrival - has everything arrived at the new side (or back at the old)?
 *
 * One wait for each thing in the order in which it comes true: all name
 * servers, the resolvers, the certificates, the applications. Each must be
 * good several times in a row: behind one address there may be more than one
 * machine. All share one deadline.
 */
#ifndef SITE_ARRIVAL_H
#define SITE_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct dns_set;
struct pool;
struct tls;
struct tls_facts;
struct zones;

struct arrival {
	struct zones *zones;
	struct tls *tls;
	const char *const *resolver;
	size_t resolvers;
	/* Record sets as they shall be; those of the zone that are not among
	 * them stay. Each host must answer where they lead it; one that they
	 * lead nowhere is left out. */
	const struct dns_set *set;
	size_t sets;
	int times;
	clock_ms deadline;
};

/* Each resolver gives, for each host, exactly the addresses that the sets
 * lead to (by CNAMEs or not). */
bool arrival_await_resolvers(const struct arrival *, struct err *)
    MUST_CHECK;
/* Every host at each of its addresses: a good certificate (unless
 * `certificates` is false), and a healthy right application. ERR_TIMEOUT
 * names those that lack something, and what. */
bool arrival_await_hosts(const struct arrival *, bool certificates,
    struct err *) MUST_CHECK;
/* The same before a change: one good look is enough, and ERR_OTHER when the
 * last one, at about `until`, was not. */
bool arrival_check_hosts(const struct arrival *, bool certificates,
    clock_ms until, struct err *) MUST_CHECK;
/* What one host shows at each of its addresses: *n facts, in the pool. */
const struct tls_facts *arrival_look(const struct arrival *, struct pool *,
    const char *host, size_t *n);

#endif
