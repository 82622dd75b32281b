/*
 * manual - a zone that others keep: its records are read from its name
 * servers, and a change is a message to whoever keeps it, and a wait.
 */
#ifndef SITE_MANUAL_H
#define SITE_MANUAL_H

#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct dns_set;
struct zone;

/* The sets of the zone's hosts that lead visitors, as its first name server
 * gives them; they live in its pool. ERR_NETWORK: it does not answer. */
bool manual_find(struct zone *, struct dns_set **, size_t *n, struct err *)
    MUST_CHECK;

/* Print what is to be changed, in log and summary. false: its first name
 * server gives it already, nobody is told anything. */
bool manual_tell(struct zone *, const struct dns_set *was,
    const struct dns_set *now, size_t n, long hours);
/* Wait until all name servers give it. ERR_CONFLICT: they don't; who keeps
 * the zone has not done it within these hours, or not all. */
bool manual_await(struct zone *, const struct dns_set *, size_t n,
    long hours, clock_ms deadline, struct err *) MUST_CHECK;

#endif
