/*
 * move - see move.h.
 */
#include "site/move.h"

#include <arpa/inet.h>

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/zone.h"

enum { SETS_OF_A_HOST = 4 };	/* A, AAAA, CNAME, and what replaces it */

static void
sort_addresses(struct zone *z, const char *addresses, struct move *m)
{
	size_t n;
	const char **v = text_split(z->pool, addresses, &n);
	const char **v4 = pool_alloc(z->pool, (n + 1) * sizeof *v4);
	const char **v6 = pool_alloc(z->pool, (n + 1) * sizeof *v6);
	unsigned char bytes[16];

	for (size_t i = 0; i < n; i++)
		if (inet_pton(AF_INET, v[i], bytes) == 1)
			v4[m->n4++] = v[i];
		else
			v6[m->n6++] = v[i];
	m->v4 = v4;
	m->v6 = v6;
}

/* A set of these addresses; without any it says that there is none. */
static struct dns_set
address_set(struct pool *p, const char *name, const char *type, long ttl,
    const char *const *v, size_t n)
{
	struct dns_value *value = pool_alloc(p, (n + 1) * sizeof *value);

	for (size_t i = 0; i < n; i++)
		value[i].text = v[i];
	return (struct dns_set){ .name = name, .type = type, .ttl = ttl,
		.value = value, .n = n };
}

static void
add(struct move *m, struct dns_set from, struct dns_set to)
{
	m->from[m->n] = from;
	m->to[m->n++] = to;
	m->differ += !dns_set_same(&from, &to);
}

/* Does the CNAME lead to a host that moves itself? */
static bool
follows(const struct zone *z, const struct dns_set *s)
{
	return s->n == 1 && hosts_has(&z->hosts, s->value[0].text);
}

static void
add_addresses(struct zone *z, struct move *m, const char *name, long ttl)
{
	struct dns_set none4 = { .name = name, .type = "A" };
	struct dns_set none6 = { .name = name, .type = "AAAA" };

	add(m, none4, address_set(z->pool, name, "A", ttl, m->v4, m->n4));
	if (m->n6 > 0)
		add(m, none6, address_set(z->pool, name, "AAAA", ttl, m->v6,
		    m->n6));
}

static void
add_host(struct zone *z, struct move *m, const struct zone_host *h,
    long made_ttl)
{
	const char *name = h->host->name;

	for (size_t i = 0; i < h->n; i++) {
		const struct dns_set *s = &h->set[i];
		struct dns_set none = { .name = name, .type = s->type };

		if (text_same(s->type, "A")) {
			add(m, *s, address_set(z->pool, name, "A", s->ttl,
			    m->v4, m->n4));
		} else if (text_same(s->type, "AAAA")) {
			add(m, *s, address_set(z->pool, name, "AAAA", s->ttl,
			    m->v6, m->n6));
		} else if (!follows(z, s)) {
			add(m, *s, none);
			add_addresses(z, m, name, s->ttl);
		}
	}
	if (h->n == 0)
		add_addresses(z, m, name, made_ttl);
}

void
move_find(struct zone *z, const char *addresses, long made_ttl,
    struct move *m)
{
	size_t most = z->hosts.n * SETS_OF_A_HOST + 1;

	*m = (struct move){ .n = 0 };
	sort_addresses(z, addresses, m);
	m->from = pool_alloc(z->pool, most * sizeof *m->from);
	m->to = pool_alloc(z->pool, most * sizeof *m->to);
	for (size_t i = 0; i < z->hosts.n; i++)
		add_host(z, m, &z->host[i], made_ttl);
}

static bool
is_about(const struct dns_set *a, const struct dns_set *b)
{
	return text_same(a->name, b->name) && text_same(a->type, b->type);
}

/* What the record says was there before a set that is as wanted now. */
static void
take_from(struct dns_set *from, const struct dns_set *to,
    const struct dns_set *was, const struct dns_set *made, size_t n)
{
	if (!dns_set_same(from, to))
		return;
	for (size_t k = 0; k < n; k++)
		if (is_about(to, &made[k]) && dns_set_same(to, &made[k]))
			*from = was[k];
}

/* A set that an earlier run replaced altogether (a CNAME) is not found any
 * more: it is added, so that the way back knows it. */
static void
add_gone(struct zone *z, struct move *m, const struct dns_set *was,
    const struct dns_set *made)
{
	if (made->n > 0 || !hosts_has(&z->hosts, made->name)
	    || m->n == z->hosts.n * SETS_OF_A_HOST)
		return;
	for (size_t i = 0; i < m->n; i++)
		if (is_about(&m->to[i], made))
			return;
	m->from[m->n] = *was;
	m->to[m->n++] = *made;
}

void
move_remember(struct zone *z, struct move *m, struct dnsrecord *r)
{
	struct dns_set *was, *made;
	size_t n;

	if (dnsrecord_switch(r, z->pool, &was, &made, &n)) {
		for (size_t i = 0; i < m->n; i++)
			take_from(&m->from[i], &m->to[i], was, made, n);
		for (size_t k = 0; k < n; k++)
			add_gone(z, m, &was[k], &made[k]);
	}
	dnsrecord_start_switch(r, m->from, m->to, m->n);
}
