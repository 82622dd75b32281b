/*
 * manual - a zone that others keep: its records are read from its name
 * servers, and a change is a message to whoever keeps it, and a wait.
 */
#ifndef SITE_MANUAL_H
#define SITE_MANUAL_H

#include <stddef.h>

#include "base/err.h"

struct dns_set;
struct zone;

/* The sets of the zone's hosts that lead visitors, as its first name server
 * gives them; they live in its pool. ERR_NETWORK: it does not answer. */
bool manual_find(struct zone *, struct dns_set **, size_t *n, struct err *)
    MUST_CHECK;

/*
 * Print what is to be changed, in log and summary, and wait so many hours
 * until all name servers give it. ERR_CONFLICT: they don't; who keeps the
 * zone has not done it, or not all.
 */
bool manual_replace(struct zone *, const struct dns_set *was,
    const struct dns_set *now, size_t n, long hours, struct err *) MUST_CHECK;

#endif
