/*
 * arrival - see arrival.h.
 */
#include "site/arrival.h"

#include "api/dnshost.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "site/health.h"
#include "site/zones.h"

enum {
	VISIT_MS = 8000,
	PAUSE_MS = 500,
	WORDS_MAX = 1500,
	HOPS = 4,		/* CNAMEs from host to host */
	PLACES = 16,		/* addresses of a host on the average */
};

/* The set as it shall be; NULL: there will be none. */
static const struct dns_set *
find_set(const struct arrival *w, const char *name, const char *type)
{
	const struct zones *z = w->zones;

	for (size_t i = 0; i < w->sets; i++)
		if (text_same(w->set[i].name, name)
		    && text_same(w->set[i].type, type))
			return &w->set[i];
	for (size_t i = 0; i < z->hosts.n; i++)
		for (size_t k = 0; k < z->host[i].n; k++)
			if (text_same(z->host[i].set[k].name, name)
			    && text_same(z->host[i].set[k].type, type))
				return &z->host[i].set[k];
	return NULL;
}

/* What is served of it, *n values. */
static const char **
served(struct pool *p, const struct dns_set *s, size_t *n)
{
	const char **v = pool_alloc(p, (s != NULL ? s->n + 1 : 1)
	    * sizeof *v);

	*n = 0;
	for (size_t i = 0; s != NULL && i < s->n; i++)
		if (!s->value[i].disabled)
			v[(*n)++] = s->value[i].text;
	return v;
}

/* Where a name that is not the instance's leads now; nowhere is a place, too:
 * one where nobody answers. */
static const char **
elsewhere(const struct arrival *w, struct pool *p, const char *name,
    const char *type, size_t *n)
{
	struct dns_question q = { .server = w->resolver[0], .name = name,
		.type = type, .recursive = true };
	struct dns_answer a;
	const char **nowhere = pool_alloc(p, 2 * sizeof *nowhere);

	resolve_ask(w->zones->resolve, p, &q, &a, 1,
	    clock_now() + VISIT_MS);
	nowhere[0] = "";
	*n = a.found == DNS_ANSWER ? a.n : text_same(type, "A") ? 1 : 0;
	return a.found == DNS_ANSWER ? a.value : nowhere;
}

/* The addresses that a host shall have. */
static const char **
lead(const struct arrival *w, struct pool *p, const char *name,
    const char *type, size_t *n)
{
	const struct dns_set *s = find_set(w, name, type);
	const char **v = served(p, s, n);

	if (*n > 0 && s->kind == DNSHOST_ALIAS)	/* target, zone, health */
		return elsewhere(w, p, text_split(p, v[0], NULL)[0], type, n);
	for (int hop = 0; *n == 0 && hop < HOPS; hop++) {
		v = served(p, find_set(w, name, "CNAME"), n);
		if (*n == 0)
			break;
		name = v[0];
		if (!hosts_has(&w->zones->hosts, name))
			return elsewhere(w, p, name, type, n);
		v = served(p, find_set(w, name, type), n);
	}
	return v;
}

/* Do the name servers give out what stands in the host's sets? */
static bool
is_plain(const struct arrival *w, const char *name)
{
	static const char *const types[] = { "A", "AAAA", "CNAME" };

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		const struct dns_set *s = find_set(w, name, types[i]);

		if (s != NULL && s->n > 0 && s->kind != DNSHOST_PLAIN)
			return false;
	}
	return true;
}

bool
arrival_await_resolvers(const struct arrival *w, struct err *e)
{
	struct zones *z = w->zones;
	struct dns_want *want = pool_alloc(z->pool,
	    (z->hosts.n + 1) * sizeof *want);
	size_t n = 0;

	for (size_t i = 0; i < z->hosts.n; i++) {
		const char *name = z->hosts.v[i].name;

		want[n] = (struct dns_want){ .name = name, .type = "A" };
		want[n].value = lead(w, z->pool, name, "A", &want[n].n);
		if (want[n].n > 0 && is_plain(w, name))
			n++;
	}
	if (n == 0 || resolve_await(z->resolve, w->resolver, w->resolvers,
	    true, want, n, w->times, w->deadline, e))
		return true;
	return err_within(e, "resolvers");
}

/* Every address of every host: whose[i] is asked q[i]. */
static size_t
list_places(const struct arrival *w, struct pool *p,
    struct tls_question **q, const struct host ***whose)
{
	const struct hosts *hosts = &w->zones->hosts;
	size_t most = hosts->n * PLACES, n = 0;

	*q = pool_alloc(p, (most + 1) * sizeof **q);
	*whose = pool_alloc(p, (most + 1) * sizeof **whose);
	for (size_t i = 0; i < 2 * hosts->n; i++) {
		const struct host *h = &hosts->v[i / 2];
		size_t count;
		const char **v = lead(w, p, h->name, i % 2 == 0 ? "A"
		    : "AAAA", &count);

		for (size_t k = 0; k < count && n < most; k++) {
			(*q)[n] = health_question(h, v[k]);
			(*whose)[n++] = h;
		}
	}
	return n;
}

const struct tls_facts *
arrival_look(const struct arrival *w, struct pool *p, const char *host,
    size_t *n)
{
	struct tls_question *q;
	const struct host **whose;
	size_t all = list_places(w, p, &q, &whose);
	struct tls_facts *f;

	*n = 0;
	for (size_t i = 0; i < all; i++)
		if (text_same(whose[i]->name, host))
			q[(*n)++] = q[i];
	f = pool_alloc(p, (*n + 1) * sizeof *f);
	tls_ask(w->tls, p, q, f, *n, clock_sooner(w->deadline,
	    clock_now() + VISIT_MS));
	return f;
}

/* One look at all; what is lacking is put into words. */
static size_t
count_lacking(const struct arrival *w, bool certificates, struct buf *words)
{
	struct pool *p = pool_new();
	const struct hosts *hosts = &w->zones->hosts;
	const struct host **whose;
	struct tls_question *q;
	size_t n = list_places(w, p, &q, &whose), lacking = 0;
	struct tls_facts *f = pool_alloc(p, (n + 1) * sizeof *f);

	tls_ask(w->tls, p, q, f, n, clock_sooner(w->deadline,
	    clock_now() + VISIT_MS));
	buf_clear(words);
	for (size_t i = 0; i < n; i++) {
		const char *said;
		bool well = health_is_good(p, whose[i], hosts, &f[i],
		    &said);
		bool cert = !certificates || tls_is_good(&f[i]);

		if (well && cert)
			continue;
		buf_printf(words, "%s%s at %s: %s%s", lacking++ > 0 ? "; "
		    : "", q[i].host, q[i].address, well ? "the certificate: "
		    : "", well ? tls_words(p, &f[i]) : said);
	}
	pool_free(p);
	return lacking;
}

bool
arrival_await_hosts(const struct arrival *w, bool certificates,
    struct err *e)
{
	struct buf words = buf_new(WORDS_MAX), look = buf_new(WORDS_MAX);
	int good = 0;

	do {
		good = count_lacking(w, certificates, &look) > 0 ? 0
		    : good + 1;
		/* What a look lacks that the deadline cut short is no cause */
		if (buf_str(&words)[0] == '\0' || clock_now() < w->deadline) {
			struct buf last = words;

			words = look;
			look = last;
		}
	} while (good < w->times
	    && clock_pause_until(w->deadline, PAUSE_MS));
	if (good < w->times)
		err_set(e, ERR_TIMEOUT, "not good in time: %s",
		    buf_str(&words)[0] != '\0' ? buf_str(&words)
		    : "too few good answers in a row");
	buf_free(&words);
	buf_free(&look);
	return good >= w->times;
}

bool
arrival_check_hosts(const struct arrival *w, bool certificates,
    clock_ms until, struct err *e)
{
	struct buf words = buf_new(WORDS_MAX);
	size_t lacking;

	do
		lacking = count_lacking(w, certificates, &words);
	while (lacking > 0 && clock_pause_until(until, PAUSE_MS));
	if (lacking > 0)
		err_set(e, ERR_OTHER, "%s", buf_str(&words));
	buf_free(&words);
	return lacking == 0;
}
