/*
 * caa - may this authority issue a certificate for this host?
 */
#ifndef SITE_CAA_H
#define SITE_CAA_H

#include <stdbool.h>

#include "base/clock.h"

struct pool;
struct resolve;

/*
 * By the CAA records of the host, or of the nearest name above it that has
 * some, as an authority looks for them (RFC 8659). None: anybody may. false:
 * *why (in the pool) has the records that forbid it, or why they can't be
 * read, which an authority takes as a no.
 */
bool caa_allows(struct resolve *, struct pool *, const char *server,
    const char *host, const char *issuer, clock_ms, const char **why);

#endif
