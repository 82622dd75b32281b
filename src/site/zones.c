/*
 * zones - see zones.h.
 */
#include "site/zones.h"

#include "api/dnshost.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "site/manual.h"
#include "site/zoneplan.h"
#include "step/step.h"

enum { HOUR = 3600 };

/* ---- opening ---- */

static bool
open_all(struct zones *z, struct err *e)
{
	const struct step_common *c = step_common();
	struct zoneplan *plan;
	size_t n;

	if (!zoneplan_find(z->pool, &z->hosts, &plan, &n, e))
		return false;
	z->http = http_open(c->ca_file, c->dns_servers, e);
	if (z->http == NULL)
		return false;
	z->resolve = resolve_open(c->dns_servers, e);
	if (z->resolve == NULL)
		return false;
	z->v = pool_alloc(z->pool, (n + 1) * sizeof *z->v);
	for (; z->n < n; z->n++) {
		z->v[z->n] = (struct zone){ .pool = z->pool,
			.resolve = z->resolve };
		if (!zone_open(&z->v[z->n], z->http, &plan[z->n], e))
			return false;
	}
	return true;
}

static bool
find_servers(struct zones *z, struct err *e)
{
	for (size_t i = 0; i < z->n; i++)
		if (!zone_find_servers(&z->v[i], e))
			return false;
	return true;
}

/* The sets of one host out of its zone's. */
static void
take_sets(struct zones *z, struct zone_host *h, const struct dns_set *all,
    size_t n)
{
	h->set = pool_alloc(z->pool, (n + 1) * sizeof *h->set);
	for (size_t i = 0; i < n; i++)
		if (text_same(all[i].name, h->host->name))
			h->set[h->n++] = all[i];
}

static bool
find_sets(struct zones *z, struct err *e)
{
	z->host = pool_alloc(z->pool, (z->hosts.n + 1) * sizeof *z->host);
	for (size_t i = 0; i < z->hosts.n; i++)
		z->host[i].host = &z->hosts.v[i];
	for (size_t i = 0; i < z->n; i++) {
		struct dns_set *all;
		size_t n;

		if (!zone_find_sets(&z->v[i], &all, &n, e))
			return false;
		for (size_t k = 0; k < z->hosts.n; k++) {
			if (zones_of(z, z->hosts.v[k].name) != &z->v[i])
				continue;
			z->host[k].zone = &z->v[i];
			take_sets(z, &z->host[k], all, n);
		}
	}
	return true;
}

struct zones *
zones_open(struct err *e)
{
	struct pool *p = pool_new();
	struct zones *z = pool_alloc(p, sizeof *z);

	z->pool = p;
	if (open_all(z, e) && find_servers(z, e) && find_sets(z, e))
		return z;
	zones_close(z);
	return NULL;
}

void
zones_close(struct zones *z)
{
	if (z == NULL)
		return;
	for (size_t i = 0; i < z->n; i++)
		zone_close(&z->v[i]);
	resolve_close(z->resolve);
	http_close(z->http);
	pool_free(z->pool);
}

/* ---- what is there ---- */

struct zone *
zones_of(const struct zones *z, const char *host)
{
	for (size_t i = 0; i < z->n; i++)
		for (size_t k = 0; k < z->v[i].hosts; k++)
			if (text_same_fold(z->v[i].host[k], host))
				return &z->v[i];
	return NULL;
}

const char *
zones_names(const struct zones *z)
{
	const char *names = "";

	for (size_t i = 0; i < z->n; i++)
		names = pool_printf(z->pool, "%s%s%s", names, i > 0 ? ", "
		    : "", z->v[i].name);
	return names;
}

long
zones_highest_ttl(const struct zone_host *h)
{
	long ttl = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->set[i].kind != DNSHOST_PROXIED && h->set[i].ttl > ttl)
			ttl = h->set[i].ttl;
	return ttl;
}

/* ---- a change ---- */

/* What of a change lies in one zone. */
struct part {
	struct zone *zone;
	struct dns_set *was, *now;
	size_t n, differ;
};

/* One part for each zone, in their order; `was` may be what `now` is. */
static struct part *
split(struct zones *z, const struct dns_set *was, const struct dns_set *now,
    size_t n)
{
	struct part *part = pool_alloc(z->pool, (z->n + 1) * sizeof *part);

	for (size_t i = 0; i < z->n; i++) {
		struct part *p = &part[i];

		p->zone = &z->v[i];
		p->was = pool_alloc(z->pool, (n + 1) * sizeof *p->was);
		p->now = pool_alloc(z->pool, (n + 1) * sizeof *p->now);
		for (size_t k = 0; k < n; k++) {
			if (zones_of(z, now[k].name) != p->zone)
				continue;
			p->was[p->n] = was[k];
			p->now[p->n++] = now[k];
			p->differ += !dns_set_same(&was[k], &now[k]);
		}
	}
	return part;
}

bool
zones_await(struct zones *z, const struct dns_set *set, size_t n,
    clock_ms deadline, struct err *e)
{
	struct part *p = split(z, set, set, n);

	for (size_t i = 0; i < z->n; i++)
		if (!zone_await(p[i].zone, p[i].now, p[i].n, deadline, e))
			return false;
	return true;
}

/* Kinds after which it is sure that this zone was not written. */
static bool
is_refusal(enum err_kind kind)
{
	return kind == ERR_CONFLICT || kind == ERR_DENIED
	    || kind == ERR_NOT_FOUND || kind == ERR_INPUT || kind == ERR_HAND;
}

/* With one zone, dnshost_replace itself looks before it writes. */
static bool
check_all(struct zones *z, const struct part *p, struct err *e)
{
	for (size_t i = 0; z->n > 1 && i < z->n; i++)
		if (p[i].zone->company != NULL && !dnshost_check(
		    p[i].zone->company, p[i].was, p[i].now, p[i].n, e))
			return false;
	return true;
}

/* All are told before any is waited for. */
static bool
replace_manual(struct zones *z, const struct part *p, struct err *e)
{
	long hours = zoneplan_wait_hours();
	clock_ms deadline = clock_deadline(hours * HOUR);
	bool *told = pool_alloc(z->pool, (z->n + 1) * sizeof *told), ok = true;

	for (size_t i = 0; i < z->n; i++)
		if (p[i].zone->company == NULL && p[i].differ > 0)
			told[i] = manual_tell(p[i].zone, p[i].was, p[i].now,
			    p[i].n, hours);
	for (size_t i = 0; i < z->n; i++) {
		struct err why = { 0 };

		if (p[i].zone->company != NULL || p[i].differ == 0)
			continue;
		if (!told[i] || manual_await(p[i].zone, p[i].now, p[i].n,
		    hours, deadline, &why)) {
			z->touched = true;
			continue;
		}
		if (ok)
			*e = why;
		ok = false;
	}
	return ok;
}

static bool
replace_companies(struct zones *z, const struct part *p, struct err *e)
{
	for (size_t i = 0; i < z->n; i++) {
		bool ok;

		if (p[i].zone->company == NULL)
			continue;
		ok = dnshost_replace(p[i].zone->company, p[i].was, p[i].now,
		    p[i].n, e);
		if (ok ? p[i].differ > 0 : !is_refusal(e->kind))
			z->touched = true;
		if (!ok)
			return false;
		if (z->n > 1 && p[i].differ > 0)
			log_info("the records of the zone %s are changed",
			    p[i].zone->name);
	}
	return true;
}

bool
zones_replace(struct zones *z, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *e)
{
	struct part *p = split(z, was, now, n);

	if (check_all(z, p, e) && replace_manual(z, p, e)
	    && replace_companies(z, p, e))
		return true;
	/* Nothing here, but something in a zone before. */
	if (z->touched && is_refusal(e->kind)) {
		e->kind = ERR_OTHER;
		err_within(e, "of the zones %s not all could be changed",
		    zones_names(z));
	}
	return false;
}

bool
zones_put_back(struct zones *z, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *e)
{
	struct part *p = split(z, was, now, n);
	bool ok = true;

	for (size_t i = z->n; i-- > 0;) {
		struct err why = { 0 };

		if (p[i].zone->company == NULL || dnshost_replace(
		    p[i].zone->company, p[i].was, p[i].now, p[i].n, &why))
			continue;
		if (ok)
			*e = why;
		else
			log_warn("%s", why.text);
		ok = false;
	}
	return replace_manual(z, p, ok ? e : &(struct err){ 0 }) && ok;
}
