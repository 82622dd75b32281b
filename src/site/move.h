/*
 * move - which record sets lead visitors to the new side, and what they
 * replace.
 *
 * A records become the new IPv4 addresses, AAAA records the new IPv6 ones;
 * where the new side has no IPv6 they go, or its visitors would stay behind.
 * A CNAME to another host of the instance follows it and stays; any other
 * CNAME gives way to address records. TTLs stay as they are, and so does what
 * is disabled. An alias of the company becomes addresses; what is proxied
 * stays so.
 */
#ifndef SITE_MOVE_H
#define SITE_MOVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct dnsrecord;
struct dns_set;
struct pool;
struct zones;

struct move {
	struct dns_set *from, *to;	/* n of each: every set that is
					 * concerned, changed or not */
	size_t n;
	size_t differ;			/* of them differ now */
	const char *const *v4, *const *v6;	/* new addresses */
	size_t n4, n6;
};

/* addresses: the new side's, a list that was checked, with IPv4 in it.
 * made_ttl: TTL of a set that is made where there was none. */
void move_find(struct zones *, const char *addresses, long made_ttl,
    struct move *);

/*
 * What a half-done or done change replaced is known from the record only:
 * take `from` of such sets from there, then put all into the record.
 */
void move_remember(struct zones *, struct move *, struct dnsrecord *);

/*
 * The way back: from what the zone has now to what the record says was there
 * before the switch; v4 and v6 stay the new side's. ERR_HAND: the record
 * knows of no switch, or of one in another zone. ERR_CONFLICT: somebody
 * changed a host since, so that the record does not tell how to lead its
 * visitors back.
 */
bool move_find_back(struct zones *, const struct dnsrecord *, struct move *,
    struct err *) MUST_CHECK;

#endif
