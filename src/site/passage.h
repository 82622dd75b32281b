/*
 * passage - leading visitors from one side to the other: what switch-dns
 * and restore-dns share.
 *
 * Opening finds the zones, the resolvers that visitors use, the repository
 * and the record. Then a change is told, made and awaited: name servers,
 * resolvers, certificates and applications, in this order; and what visitors
 * feel is measured all the time.
 */
#ifndef SITE_PASSAGE_H
#define SITE_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "step/step.h"

struct dns_set;
struct dnsrecord;
struct move;
struct outage;
struct repo;
struct resolve;
struct tls;
struct zones;

/* The zones' rows, resolvers, good, timeout. */
extern const struct input passage_inputs[];
/* Rows outage-seconds and outages, for the step's own table. */
#define PASSAGE_OUTPUTS \
	{ .name = "outage-seconds", \
	  .help = "Seconds that the worst host was down for a visitor" }, \
	{ .name = "outages", \
	  .help = "The same for each host, one host=seconds a line" }

struct passage {
	struct zones *zones;
	struct tls *tls;
	struct repo *repo;
	struct dnsrecord *record;
	struct resolve *resolvers;
	const char *const *resolver;
	size_t n;
	long timeout;			/* the input */
};

/* Close it whatever this returns. */
bool passage_open(struct passage *, struct err *) MUST_CHECK;
void passage_close(struct passage *);

/* Each set of the move, as changed or the same, to log and summary; and the
 * gap, where a name changes its type with a company that leaves one. */
void passage_tell_changes(const struct passage *, const struct move *);

/* Do all hosts answer well where these sets would lead them, before anything
 * is changed? An ingress that was told of them just now gets some seconds for
 * it (not in a dry run). ERR_OTHER says what is lacking. */
bool passage_check_hosts(struct passage *, const struct dns_set *, size_t n,
    bool certificates, struct err *) MUST_CHECK;
/* Do the resolvers lead visitors where these sets do, in time? */
bool passage_check_resolvers(struct passage *, const struct dns_set *,
    size_t n, clock_ms, struct err *) MUST_CHECK;
/* Has the host a valid certificate, or does it send HSTS, where these sets
 * would lead it? One look. */
bool passage_has_certificate(struct passage *, const struct dns_set *,
    size_t n, const char *host);
bool passage_has_hsts(struct passage *, const struct dns_set *, size_t n,
    const char *host);
/* Await that these sets hold everywhere, and that all is well where they
 * lead. */
bool passage_await(struct passage *, const struct dns_set *, size_t n,
    clock_ms, struct err *) MUST_CHECK;

/* Measure what visitors feel, from here on; the addresses, NULL-ended, are
 * the new side's and must outlive it. */
struct outage *passage_measure(struct passage *, const char *const *new_side,
    struct err *) MUST_CHECK;
/* To here; told in log, summary and outputs. */
void passage_tell_outage(struct outage *);

#endif
