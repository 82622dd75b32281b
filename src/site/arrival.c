/*
 * arrival - see arrival.h.
 */
#include "site/arrival.h"

#include <arpa/inet.h>

#include "base/mem.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "site/health.h"
#include "site/zone.h"

enum { VISIT_MS = 8000, PAUSE_MS = 500, WORDS_MAX = 1500 };

bool
arrival_await_resolvers(const struct arrival *w, struct err *e)
{
	struct zone *z = w->zone;
	struct dns_want *want = pool_alloc(z->pool,
	    (z->hosts.n + 1) * sizeof *want);
	const char **v4 = pool_alloc(z->pool,
	    (w->addresses + 1) * sizeof *v4);
	unsigned char bytes[4];
	size_t n = 0;

	for (size_t i = 0; i < w->addresses; i++)
		if (inet_pton(AF_INET, w->address[i], bytes) == 1)
			v4[n++] = w->address[i];
	for (size_t i = 0; i < z->hosts.n; i++)
		want[i] = (struct dns_want){ .name = z->hosts.v[i].name,
			.type = "A", .value = v4, .n = n };
	if (resolve_await(z->resolve, w->resolver, w->resolvers, true, want,
	    z->hosts.n, w->times, w->deadline, e))
		return true;
	return err_within(e, "resolvers");
}

/* One look at all; what is lacking is put into words. */
static size_t
count_lacking(const struct arrival *w, bool certificates, struct buf *words)
{
	const struct hosts *hosts = &w->zone->hosts;
	size_t n = hosts->n * w->addresses, lacking = 0;
	struct pool *p = pool_new();
	struct tls_question *q = pool_alloc(p, (n + 1) * sizeof *q);
	struct tls_facts *f = pool_alloc(p, (n + 1) * sizeof *f);

	for (size_t i = 0; i < n; i++)
		q[i] = health_question(&hosts->v[i % hosts->n],
		    w->address[i / hosts->n]);
	tls_ask(w->tls, p, q, f, n, clock_sooner(w->deadline,
	    clock_now() + VISIT_MS));
	buf_clear(words);
	for (size_t i = 0; i < n; i++) {
		const char *said;
		bool well = health_is_good(p, &hosts->v[i % hosts->n], hosts,
		    &f[i], &said);
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
arrival_check_hosts(const struct arrival *w, struct err *e)
{
	struct buf words = buf_new(WORDS_MAX);
	size_t lacking = count_lacking(w, false, &words);

	if (lacking > 0)
		err_set(e, ERR_OTHER, "%s", buf_str(&words));
	buf_free(&words);
	return lacking == 0;
}
