/*
 * names - what is asked of DNS besides addresses; see facts.h.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "verify/facts.h"
#include "verify/verify.h"

enum { NONCE_BYTES = 6 };

static size_t
count_labels(const char *name)
{
	size_t n = 1;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

size_t
names_most(const struct subject *s)
{
	unsigned need = s->facts->need;
	size_t n = 2 * s->facts->zone.n + 2 * s->final.n;

	if ((need & (NEED_SERVERS | NEED_SERIALS | NEED_WILDCARD
	    | NEED_CAA)) == 0)
		return 0;
	for (size_t i = 0; i < s->final.n; i++)
		n += count_labels(s->final.v[i].name);
	return n;
}

/* Of the zone itself, server by server. */
static size_t
ask_zone(const struct dns_zone *z, const char *type, struct dns_question *q)
{
	for (size_t i = 0; i < z->n; i++)
		q[i] = (struct dns_question){ .server = z->ns[i].address,
			.name = z->name, .type = type };
	return z->n;
}

/* A name that nobody has, below each host, or beside it; of one server. */
static size_t
ask_nobody(struct pool *p, const struct subject *s, bool beside,
    struct dns_question *q)
{
	struct buf nonce = buf_new(64);

	text_random_hex(&nonce, NONCE_BYTES);
	for (size_t i = 0; i < s->final.n; i++) {
		const char *name = s->final.v[i].name;
		const char *dot = strchr(name, '.');

		q[i] = (struct dns_question){ .type = "A",
			.server = s->facts->zone.ns[0].address,
			.name = pool_printf(p, "t%s.%s", buf_str(&nonce),
			    beside && dot != NULL ? dot + 1 : name) };
	}
	buf_free(&nonce);
	return s->final.n;
}

static bool
has_name(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (text_same(list[i], name))
			return true;
	return false;
}

/* Whoever issues a certificate looks at the name and upwards. */
static size_t
ask_caa(struct pool *p, const struct subject *s, const char *resolver,
    struct names *f, struct dns_question *q)
{
	f->caa_name = pool_alloc(p, (names_most(s) + 1)
	    * sizeof *f->caa_name);
	f->caas = 0;
	for (size_t i = 0; i < s->final.n; i++)
		for (const char *name = s->final.v[i].name; name != NULL;
		    name = strchr(name, '.') != NULL
		    ? strchr(name, '.') + 1 : NULL) {
			if (has_name(f->caa_name, f->caas, name))
				continue;
			q[f->caas] = (struct dns_question){ .name = name,
				.server = resolver, .type = "CAA",
				.recursive = true };
			f->caa_name[f->caas++] = name;
		}
	return f->caas;
}

size_t
names_ask(struct pool *p, struct subject *s, const char *resolver,
    struct dns_question *q, struct dns_answer *a)
{
	struct names *f = &s->facts->names;
	const struct dns_zone *z = &s->facts->zone;
	unsigned need = s->facts->need;
	size_t k = 0;

	if (z->n > 0 && (need & NEED_SERVERS) != 0) {
		f->ns = a + k;
		k += ask_zone(z, "NS", q + k);
	}
	if (z->n > 0 && (need & NEED_SERIALS) != 0) {
		f->soa = a + k;
		k += ask_zone(z, "SOA", q + k);
	}
	if (z->n > 0 && (need & NEED_WILDCARD) != 0) {
		f->below = a + k;
		k += ask_nobody(p, s, false, q + k);
		f->beside = a + k;
		k += ask_nobody(p, s, true, q + k);
	}
	if ((need & NEED_CAA) != 0) {
		f->caa = a + k;
		k += ask_caa(p, s, resolver, f, q + k);
	}
	return k;
}
