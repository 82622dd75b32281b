/*
 * ttl - see ttl.h.
 */
#include "site/ttl.h"

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "site/zones.h"

/*
 * Where the record has no moment, or tells of a TTL that somebody has lowered
 * since, all that caches may hold counts from now, and that is put down: each
 * run would count from its own now, and none would ever be late enough.
 */
static time_t
moment_of(const struct zone_host *h, struct dnsrecord *r, long low,
    bool *guessed)
{
	const char *host = h->host->name;
	time_t now = time(NULL) + 1;	/* never too early */
	long most = zones_highest_ttl(h);
	struct dnsrecord_ttl t;
	bool known = dnsrecord_ttl(r, host, &t);

	if (known && t.since != 0 && t.ttl <= low)
		return dnsrecord_low_from(&t, now);
	if (known && t.was > most && dnsrecord_low_from(&t, now) > now)
		most = t.was;
	if (known && t.ttl > most)
		most = t.ttl;
	dnsrecord_keep_sets(r, host, h->set, h->n);
	dnsrecord_start_ttl(r, host, most, 0);
	dnsrecord_done_ttl(r, host, now);
	*guessed = true;
	return now + most;
}

bool
ttl_find_moment(struct zones *z, struct dnsrecord *r, long low, time_t *from,
    bool *guessed, struct err *e)
{
	*from = 0;
	*guessed = false;
	for (size_t i = 0; i < z->hosts.n; i++) {
		const struct zone_host *h = &z->host[i];
		time_t moment;

		if (zones_highest_ttl(h) > low)
			return err_set(e, ERR_OTHER, "the TTL of %s is %ld, "
			    "more than the low TTL of %ld: run set-dns-ttl "
			    "first, and wait as long as it says",
			    h->host->name, zones_highest_ttl(h), low);
		if (h->n == 0)
			continue;
		moment = moment_of(h, r, low, guessed);
		if (moment > *from)
			*from = moment;
	}
	return true;
}
