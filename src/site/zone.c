/*
 * zone - see zone.h.
 */
#include "site/zone.h"

#include "api/dnshost.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"
#include "site/manual.h"
#include "site/zoneplan.h"

enum {
	LOOK_SECONDS = 20,	/* for one look at the world's DNS */
	FIRST_SECONDS = 4,	/* then a server that lags is told again */
	IN_A_ROW = 2,		/* behind one address may be several */
};

bool
zone_open(struct zone *z, struct http *http, const struct zoneplan *plan,
    struct err *e)
{
	z->name = plan->at.zone;
	z->host = plan->host;
	z->hosts = plan->hosts;
	if (plan->manual)
		return true;
	z->company = dnshost_open(http, &plan->at, e);
	return z->company != NULL;
}

void
zone_close(struct zone *z)
{
	dnshost_close(z->company);
}

/* Are the hosts really served from this zone? */
bool
zone_find_servers(struct zone *z, struct err *e)
{
	struct dns_zone real = { .unreachable = "" };
	const char **v;

	for (size_t i = 0; i < z->hosts; i++) {
		if (!resolve_find_zone(z->resolve, z->pool, z->host[i],
		    clock_deadline(LOOK_SECONDS), &real, e))
			return err_within(e, "%s", z->host[i]);
		if (!text_same_fold(real.name, z->name))
			return err_set(e, ERR_HAND, "%s is served from the "
			    "zone %s, not from %s: a change there would not "
			    "be seen; dns.hosts in the plan can give a host "
			    "a zone of its own", z->host[i], real.name,
			    z->name);
	}
	if (real.unreachable[0] != '\0')
		log_info("name servers that this machine has no route to, "
		    "left out: %s", real.unreachable);
	v = pool_alloc(z->pool, (real.n + 1) * sizeof *v);
	for (size_t i = 0; i < real.n; i++)
		v[i] = real.ns[i].address;
	z->server = v;
	z->servers = real.n;
	return true;
}

bool
zone_find_sets(struct zone *z, struct dns_set **sets, size_t *n,
    struct err *e)
{
	if (!(z->company != NULL
	    ? dnshost_find(z->company, z->pool, z->host, sets, n, e)
	    : manual_find(z, sets, n, e)))
		return false;
	for (size_t i = 0; i < *n; i++)
		(*sets)[i].zone = z->name;
	return true;
}

/* What the servers give out of a set: not what is disabled. */
static struct dns_want
want(struct pool *p, const struct dns_set *s)
{
	const char **value = pool_alloc(p, (s->n + 1) * sizeof *value);
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!s->value[i].disabled)
			value[n++] = s->value[i].text;
	return (struct dns_want){ .name = s->name, .type = s->type,
		.value = value, .n = n, .ttl = n > 0 ? s->ttl : 0 };
}

/* Is what stands in the sets of this name given out? Cloudflare gives
 * addresses of both families for one that is proxied. */
static bool
is_plain(const struct dns_set *set, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (set[i].n > 0 && set[i].kind != DNSHOST_PLAIN
		    && text_same(set[i].name, name))
			return false;
	return true;
}

bool
zone_await(struct zone *z, const struct dns_set *set, size_t n,
    clock_ms deadline, struct err *e)
{
	clock_ms first = clock_sooner(deadline, clock_deadline(FIRST_SECONDS));
	struct dns_want *w = pool_alloc(z->pool, (n + 1) * sizeof *w);
	struct err lag = { 0 };
	size_t plain = 0;

	for (size_t i = 0; i < n; i++)
		if (is_plain(set, n, set[i].name))
			w[plain++] = want(z->pool, &set[i]);
		else
			log_info("%s %s: the company answers in its place "
			    "(%s)", set[i].name, set[i].type,
			    dns_set_words(z->pool, &set[i]));
	n = plain;
	if (n == 0)
		return true;
	if (resolve_await(z->resolve, z->server, z->servers, false, w, n,
	    IN_A_ROW, first, &lag))
		return true;
	log_info("not all name servers agree yet: %s", lag.text);
	if (z->company != NULL && !dnshost_publish(z->company, &lag))
		log_warn("they could not be told again: %s", lag.text);
	return resolve_await(z->resolve, z->server, z->servers, false, w, n,
	    IN_A_ROW, deadline, e);
}

long
zone_least_ttl(const struct zone *z)
{
	return z->company != NULL ? dnshost_least_ttl(z->company) : 1;
}

const char *
zone_gap(const struct zone *z)
{
	return z->company != NULL ? dnshost_gap(z->company) : NULL;
}
