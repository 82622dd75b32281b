/*
 * ttl - see ttl.h.
 */
#include "site/ttl.h"

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "site/zone.h"

static time_t
moment_of(const struct zone_host *h, struct dnsrecord *r, bool *guessed)
{
	const char *host = h->host->name;
	time_t now = time(NULL) + 1;	/* never too early */
	struct dnsrecord_ttl t;

	if (!dnsrecord_ttl(r, host, &t)) {
		t = (struct dnsrecord_ttl){ .was = zone_highest_ttl(h),
			.since = now };
		dnsrecord_keep_sets(r, host, h->set, h->n);
		dnsrecord_start_ttl(r, host, t.was, 0);
		dnsrecord_done_ttl(r, host, now);
		*guessed = true;
	}
	return dnsrecord_low_from(&t, now);
}

bool
ttl_find_moment(struct zone *z, struct dnsrecord *r, long low, time_t *from,
    bool *guessed, struct err *e)
{
	*from = 0;
	*guessed = false;
	for (size_t i = 0; i < z->hosts.n; i++) {
		const struct zone_host *h = &z->host[i];
		time_t moment;

		if (zone_highest_ttl(h) > low)
			return err_set(e, ERR_OTHER, "the TTL of %s is %ld, "
			    "more than the low TTL of %ld: run set-dns-ttl "
			    "first, and wait as long as it says",
			    h->host->name, zone_highest_ttl(h), low);
		if (h->n == 0)
			continue;
		moment = moment_of(h, r, guessed);
		if (moment > *from)
			*from = moment;
	}
	return true;
}
