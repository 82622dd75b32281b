/*
 * move - see move.h.
 */
#include "site/move.h"

#include <arpa/inet.h>

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/zones.h"

enum {
	SETS_OF_A_HOST = 5,	/* A, AAAA, CNAME, and the two instead */
	ADDRESSES_MAX = 64 * 1024,
};

/* Append those of one family, spelt as DNS servers do, each once. */
static size_t
add_family(struct pool *p, int family, const char *const *v,
    const char **list, size_t n)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN];

	for (; *v != NULL; v++) {
		bool known = false;

		if (inet_pton(family, *v, bytes) != 1)
			continue;
		inet_ntop(family, bytes, text, sizeof text);
		for (size_t i = 0; i < n; i++)
			known = known || text_same(list[i], text);
		if (!known)
			list[n++] = pool_strdup(p, text);
	}
	return n;
}

/* A list that was checked as addresses in the spelling of DNS servers, each
 * once: *n of them, of which the first *n4 are IPv4. */
static const char **
addresses_of(struct pool *p, const char *given, size_t *n4, size_t *n)
{
	const char **v = text_split(p, given, n);
	const char **list = pool_alloc(p, (*n + 1) * sizeof *list);

	*n4 = add_family(p, AF_INET, v, list, 0);
	*n = add_family(p, AF_INET6, v, list, *n4);
	return list;
}

/* What visitors get of a set; NULL: all of it is disabled. */
static const char *
served(const struct dns_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->value[i].disabled)
			return s->value[i].text;
	return NULL;
}

/* The set with these addresses in place of what it serves. What is disabled
 * in it stays, but for an address that is served now. */
static struct dns_set
moved(struct pool *p, struct dns_set s, const char *const *v, size_t n)
{
	struct dns_value *value = pool_alloc(p, (n + s.n + 1) * sizeof *value);
	const struct dns_value *was = s.value;
	size_t nwas = s.n;

	s.value = value;
	s.n = n;
	if (s.kind == DNSHOST_ALIAS)
		s.kind = DNSHOST_PLAIN;	/* addresses in place of its target */
	for (size_t i = 0; i < n; i++)
		value[i].text = v[i];
	for (size_t i = 0; i < nwas; i++) {
		bool now = !was[i].disabled;

		for (size_t k = 0; k < n; k++)
			now = now || text_same(v[k], was[i].text);
		if (!now)
			value[s.n++] = was[i];
	}
	return s;
}

static void
add(struct zones *z, struct move *m, struct dns_set from, struct dns_set to)
{
	from.zone = to.zone = zones_of(z, to.name)->name;
	m->from[m->n] = from;
	m->to[m->n++] = to;
	m->differ += !dns_set_same(&from, &to);
}

/* Does a CNAME lead to a host that moves itself? */
static bool
follows(const struct zones *z, const struct dns_set *s)
{
	return hosts_has(&z->hosts, served(s));
}

/* Serve addresses where none of the type is served: what there is of the
 * set is disabled. */
static void
add_new(struct zones *z, struct move *m, const struct zone_host *h,
    const char *type, long ttl)
{
	bool v6 = text_same(type, "AAAA");
	struct dns_set from = { .name = h->host->name, .type = type }, to;

	for (size_t i = 0; i < h->n; i++)
		if (text_same(h->set[i].type, type))
			from = h->set[i];
	to = moved(z->pool, from, v6 ? m->v6 : m->v4, v6 ? m->n6 : m->n4);
	to.ttl = ttl;
	for (size_t i = 0; i < h->n; i++)
		if (h->set[i].kind == DNSHOST_PROXIED)
			to.kind = DNSHOST_PROXIED; /* as what goes */
	if (!v6 || m->n6 > 0)
		add(z, m, from, to);
}

static void
add_host(struct zones *z, struct move *m, const struct zone_host *h,
    long made_ttl)
{
	bool leads4 = false, leads6 = false;
	long ttl = made_ttl;

	for (size_t i = 0; i < h->n; i++) {
		const struct dns_set *s = &h->set[i];
		struct dns_set none = { .name = s->name, .type = s->type };

		if (served(s) == NULL)
			continue;
		ttl = s->ttl;
		if (text_same(s->type, "A")) {
			add(z, m, *s, moved(z->pool, *s, m->v4, m->n4));
			leads4 = true;
		} else if (text_same(s->type, "AAAA")) {
			add(z, m, *s, moved(z->pool, *s, m->v6, m->n6));
			leads6 = true;
		} else if (follows(z, s)) {
			leads4 = true;
		} else {
			add(z, m, *s, none);
		}
	}
	if (!leads4)
		add_new(z, m, h, "A", ttl);
	if (!leads4 && !leads6)
		add_new(z, m, h, "AAAA", ttl);
}

void
move_find(struct zones *z, const char *addresses, long made_ttl,
    struct move *m)
{
	size_t most = z->hosts.n * SETS_OF_A_HOST + 1, n;

	*m = (struct move){ .n = 0 };
	m->v4 = addresses_of(z->pool, addresses, &m->n4, &n);
	m->v6 = m->v4 + m->n4;
	m->n6 = n - m->n4;
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
		if (is_about(to, &made[k]) && dns_set_same(to, &made[k])) {
			*from = was[k];
			from->zone = to->zone;
		}
}

/* A set that an earlier run replaced altogether (a CNAME) is not found any
 * more: it is added, so that the way back knows it. */
static void
add_gone(struct zones *z, struct move *m, const struct dns_set *was,
    const struct dns_set *made)
{
	if (made->n > 0 || !hosts_has(&z->hosts, made->name)
	    || m->n == z->hosts.n * SETS_OF_A_HOST)
		return;
	for (size_t i = 0; i < m->n; i++)
		if (is_about(&m->to[i], made))
			return;
	add(z, m, *was, *made);
}

void
move_remember(struct zones *z, struct move *m, struct dnsrecord *r)
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

/* The set of the zone that is about the same; one without values if there is
 * none. */
static struct dns_set
found_now(const struct zones *z, const struct dns_set *like)
{
	for (size_t i = 0; i < z->hosts.n; i++)
		for (size_t k = 0; k < z->host[i].n; k++)
			if (is_about(&z->host[i].set[k], like))
				return z->host[i].set[k];
	return (struct dns_set){ .name = like->name, .type = like->type };
}

/* The same values? The TTL is raised once all is well. */
static bool
same_values(const struct dns_set *a, const struct dns_set *b)
{
	struct dns_set as = dns_set_with_ttl(*a, b->ttl);

	return dns_set_same(&as, b);
}

/* What the host has now must be what the switch made or replaced, or follow
 * a host of the instance. */
static bool
check_known(const struct zones *z, const struct dns_set *s,
    const struct dns_set *was, const struct dns_set *made, size_t n,
    struct err *e)
{
	bool known = served(s) == NULL || follows(z, s);

	for (size_t k = 0; k < n; k++)
		if (is_about(s, &made[k]))
			known = same_values(s, &made[k])
			    || same_values(s, &was[k]);
	return known || err_set(e, ERR_CONFLICT, "%s: somebody changed it "
	    "since the switch to %s: lead it back by hand, or remove it",
	    s->name, dns_set_words(z->pool, s));
}

static bool
check_all_known(const struct zones *z, const struct dns_set *was,
    const struct dns_set *made, size_t n, struct err *e)
{
	for (size_t i = 0; i < z->hosts.n; i++)
		for (size_t k = 0; k < z->host[i].n; k++)
			if (!check_known(z, &z->host[i].set[k], was, made, n,
			    e))
				return false;
	return true;
}

/* A set belongs where it was taken from. Older records do not say where. */
static bool
check_zones(const struct zones *z, const struct dns_set *was, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct zone *in = zones_of(z, was[i].name);

		if (in != NULL && was[i].zone != NULL
		    && !text_same(in->name, was[i].zone))
			return err_set(e, ERR_HAND, "%s was switched in the "
			    "zone %s, and the plan has it in %s now: give "
			    "the zone of then, or lead it back by hand",
			    was[i].name, was[i].zone, in->name);
	}
	return true;
}

/* Where the switch led visitors to: what tells the sides apart. */
static void
add_new_side(struct zones *z, struct move *m, const struct dns_set *made,
    size_t n)
{
	struct buf b = buf_new(ADDRESSES_MAX);
	size_t all;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < made[i].n; k++)
			if (!made[i].value[k].disabled)
				buf_printf(&b, "%s,", made[i].value[k].text);
	m->v4 = addresses_of(z->pool, buf_str(&b), &m->n4, &all);
	m->v6 = m->v4 + m->n4;
	m->n6 = all - m->n4;
	buf_free(&b);
}

bool
move_find_back(struct zones *z, const struct dnsrecord *r, struct move *m,
    struct err *e)
{
	struct dns_set *was, *made;
	size_t n;

	*m = (struct move){ .n = 0 };
	if (!dnsrecord_switch(r, z->pool, &was, &made, &n))
		return err_set(e, ERR_HAND, "the record dns knows of no "
		    "switch: there is nothing to go back to");
	if (!check_zones(z, was, n, e) || !check_all_known(z, was, made, n, e))
		return false;
	m->from = pool_alloc(z->pool, (n + 1) * sizeof *m->from);
	m->to = pool_alloc(z->pool, (n + 1) * sizeof *m->to);
	for (size_t i = 0; i < n; i++)
		if (hosts_has(&z->hosts, was[i].name))
			add(z, m, found_now(z, &was[i]), was[i]);
	add_new_side(z, m, made, n);
	return m->n > 0 || err_set(e, ERR_HAND, "the record dns knows of no "
	    "switch of these hosts: there is nothing to go back to");
}
