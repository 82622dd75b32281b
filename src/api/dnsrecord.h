/*
 * dnsrecord - the record `dns` of a migration: what DNS was, and since when
 * a lower TTL holds.
 *
 * For each host: its record sets before we first touched them (never
 * replaced by later ones), and the last change of TTL: the TTL that caches
 * may still hold from before, the one given out now, and the moment from
 * which every server gives it out; none while the change is under way. For
 * the switch: the sets it replaces and those it makes. Each set says which
 * zone it lies in; one of an older record does not.
 */
#ifndef API_DNSRECORD_H
#define API_DNSRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/err.h"

struct dns_set;
struct dnsrecord;
struct pool;
struct repo;

/* No record yet gives an empty one. ERR_HAND: it is there and can't be
 * understood. */
struct dnsrecord *dnsrecord_load(struct repo *, const char *instance,
    struct err *) MUST_CHECK;
void dnsrecord_close(struct dnsrecord *);
/* Commit and push it, if it changed since it was loaded or saved. */
bool dnsrecord_save(struct dnsrecord *, struct repo *, struct err *)
    MUST_CHECK;

/* Keep the sets of a host, unless some are kept already. */
void dnsrecord_keep_sets(struct dnsrecord *, const char *host,
    const struct dns_set *, size_t n);

/* The TTL changes now: caches may hold an answer for `was` seconds until
 * dnsrecord_done_ttl, and `ttl` from then on. */
void dnsrecord_start_ttl(struct dnsrecord *, const char *host, long was,
    long ttl);
void dnsrecord_done_ttl(struct dnsrecord *, const char *host, time_t);

struct dnsrecord_ttl {
	long was, ttl;
	time_t since;		/* 0: the change is under way */
};
bool dnsrecord_ttl(const struct dnsrecord *, const char *host,
    struct dnsrecord_ttl *);
/* When the last cache lets go of an answer with the TTL before; `now`
 * stands for a moment not known yet. */
time_t dnsrecord_low_from(const struct dnsrecord_ttl *, time_t now);

/* The switch: sets before and after, in the same order; it is under way
 * until it is said to be done. */
void dnsrecord_start_switch(struct dnsrecord *, const struct dns_set *from,
    const struct dns_set *to, size_t n);
bool dnsrecord_switch(const struct dnsrecord *, struct pool *,
    struct dns_set **from, struct dns_set **to, size_t *n);
void dnsrecord_done_switch(struct dnsrecord *, time_t);
/* It is undone: not done any more, and since when. */
void dnsrecord_undo_switch(struct dnsrecord *);
void dnsrecord_undone_switch(struct dnsrecord *, time_t);
bool dnsrecord_is_undone(const struct dnsrecord *);
/* true if one was started and is not done: it was killed, failed, or was
 * undone. */
bool dnsrecord_in_switch(const struct dnsrecord *);

#endif
