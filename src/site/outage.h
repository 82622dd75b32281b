/*
 * outage - what a visitor of each host feels, measured twice a second.
 *
 * Every half second each host is resolved as a visitor's resolver does it,
 * and visited where that leads: the certificate must be good and the
 * application well. It goes on in a thread of its own while the step
 * changes and waits, so that a slow call of the step leaves no gap.
 */
#ifndef SITE_OUTAGE_H
#define SITE_OUTAGE_H

#include <stddef.h>

#include "base/err.h"
#include "site/hosts.h"

struct buf;
struct outage;
struct pool;

enum outage_side { OUTAGE_OLD, OUTAGE_NEW, OUTAGE_BAD };

/* From `at` on, in ms from the start, it was so. */
struct outage_span {
	long at;
	enum outage_side side;
	const char *why;	/* of OUTAGE_BAD */
};

struct outage_host {
	const char *name;
	double seconds;		/* of OUTAGE_BAD in all */
	const struct outage_span *span;
	size_t spans;
	size_t visits;
};

struct outage_report {
	const struct outage_host *host;
	size_t n;
	double worst;		/* seconds of the host that had most */
	long ms;		/* measured in all */
	long longest_gap;	/* ms between two visits of one host */
};

struct outage_start {
	const struct hosts *hosts;
	const char *resolver;		/* a visitor's name server */
	const char *ca_file;
	const char *const *new_address;	/* leads to the new side */
	size_t addresses;
};

/* Begins, and returns once each host was visited. All given must outlive
 * it. */
struct outage *outage_begin(const struct outage_start *, struct err *)
    MUST_CHECK;
/* Ends; the report lies in the pool. Call it once. */
void outage_end(struct outage *, struct pool *, struct outage_report *);

/* A Mermaid timeline of it, for the summary. */
void outage_timeline(struct buf *, const struct outage_report *);

#endif
