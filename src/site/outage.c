/*
 * outage - see outage.h.
 *
 * The thread has handles and memory of its own; only `stop` and `visits` are
 * shared, both atomic, and the result is read after it has ended.
 */
#include "site/outage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "site/health.h"

enum {
	PERIOD_MS = 500,
	ASK_MS = 300,		/* a resolver's answer; else the last one */
	VISIT_MS = 600,		/* a page that takes longer is down: together
				 * less than a second, also when all hang */
	SPANS = 400,		/* changes kept for each host */
	WHY_MAX = 120,
	FIRST_SECONDS = 10,
};

struct watched {
	const char *address;	/* where the resolver led last */
	enum outage_side side;	/* what was found last, and why */
	const char *why;
	struct outage_span *span;
	size_t spans, visits;
	long bad_ms, last, gap;
};

struct outage {
	struct outage_start in;
	struct pool *pool;
	struct resolve *resolve;
	struct tls *tls;
	struct watched *host;
	clock_ms began;
	pthread_t thread;
	atomic_bool stop;
	atomic_size_t rounds;
};

/* Where does a visitor go now? No answer: where he went before. */
static void
lead(struct outage *o, struct pool *p)
{
	size_t n = o->in.hosts->n;
	struct dns_question *q = pool_alloc(p, n * sizeof *q);
	struct dns_answer *a = pool_alloc(p, n * sizeof *a);

	for (size_t i = 0; i < n; i++)
		q[i] = (struct dns_question){ .server = o->in.resolver,
			.name = o->in.hosts->v[i].name, .type = "A",
			.recursive = true };
	resolve_ask(o->resolve, p, q, a, n, clock_now() + ASK_MS);
	for (size_t i = 0; i < n; i++) {
		if (a[i].found == DNS_ANSWER
		    && !text_same(o->host[i].address, a[i].value[0]))
			o->host[i].address = pool_strdup(o->pool,
			    a[i].value[0]);
		else if (a[i].found == DNS_NXDOMAIN
		    || a[i].found == DNS_NODATA)
			o->host[i].address = NULL;
	}
}

static bool
is_new(const struct outage *o, const char *address)
{
	for (size_t i = 0; i < o->in.addresses; i++)
		if (text_same(o->in.new_address[i], address))
			return true;
	return false;
}

/* What the visitor of host i found. */
static enum outage_side
judge(const struct outage *o, struct pool *p, size_t i,
    const struct tls_facts *f, const char **why)
{
	if (o->host[i].address == NULL) {
		*why = "no address";
		return OUTAGE_BAD;
	}
	if (f->stage >= TLS_SHAKEN && !tls_is_good(f)) {
		*why = tls_words(p, f);
		return OUTAGE_BAD;
	}
	if (!health_is_good(p, &o->in.hosts->v[i], o->in.hosts, f, why))
		return OUTAGE_BAD;
	*why = "";
	return is_new(o, o->host[i].address) ? OUTAGE_NEW : OUTAGE_OLD;
}

/* The time since the last visit counts as that one found it. */
static void
note_time(struct watched *w, long at)
{
	if (w->visits > 0 && w->side == OUTAGE_BAD)
		w->bad_ms += at - w->last;
	if (w->visits > 0 && at - w->last > w->gap)
		w->gap = at - w->last;
	w->last = at;
	w->visits++;
}

static void
note(struct outage *o, struct watched *w, long at, enum outage_side side,
    const char *why)
{
	bool news = w->visits == 0 || w->side != side
	    || strncmp(w->why, why, WHY_MAX) != 0;

	note_time(w, at);
	if (!news)
		return;
	w->side = side;
	w->why = pool_printf(o->pool, "%.*s", WHY_MAX, why);
	if (w->spans < SPANS)
		w->span[w->spans++] = (struct outage_span){ at, side,
			w->why };
}

static void
visit_all(struct outage *o)
{
	struct pool *p = pool_new();
	size_t n = o->in.hosts->n;
	struct tls_question *q = pool_alloc(p, n * sizeof *q);
	struct tls_facts *f = pool_alloc(p, n * sizeof *f);
	long at = (long)(clock_now() - o->began);

	lead(o, p);
	for (size_t i = 0; i < n; i++)
		q[i] = health_question(&o->in.hosts->v[i],
		    o->host[i].address != NULL ? o->host[i].address : "");
	tls_ask(o->tls, p, q, f, n, clock_now() + VISIT_MS);
	for (size_t i = 0; i < n; i++) {
		const char *why = "";
		enum outage_side side = judge(o, p, i, &f[i], &why);

		note(o, &o->host[i], at, side, why);
	}
	pool_free(p);
}

static void *
watch(void *arg)
{
	struct outage *o = arg;

	while (!atomic_load(&o->stop)) {
		clock_ms next = clock_now() + PERIOD_MS;

		visit_all(o);
		atomic_fetch_add(&o->rounds, 1);
		clock_pause(clock_left(next));
	}
	visit_all(o);	/* how it ended */
	return NULL;
}

static void
close_all(struct outage *o)
{
	tls_close(o->tls);
	resolve_close(o->resolve);
	pool_free(o->pool);
}

struct outage *
outage_begin(const struct outage_start *in, struct err *e)
{
	struct pool *p = pool_new();
	struct outage *o = pool_alloc(p, sizeof *o);
	clock_ms first = clock_deadline(FIRST_SECONDS);

	o->pool = p;
	o->in = *in;
	o->host = pool_alloc(p, in->hosts->n * sizeof *o->host);
	for (size_t i = 0; i < in->hosts->n; i++)
		o->host[i].span = pool_alloc(p,
		    SPANS * sizeof *o->host[i].span);
	o->resolve = resolve_open(in->resolver, e);
	o->tls = o->resolve != NULL ? tls_open(in->ca_file, e) : NULL;
	if (o->tls == NULL) {
		close_all(o);
		return NULL;
	}
	o->began = clock_now();
	if (pthread_create(&o->thread, NULL, watch, o) != 0) {
		err_set(e, ERR_OTHER, "no thread to measure the outage in");
		close_all(o);
		return NULL;
	}
	while (atomic_load(&o->rounds) == 0 && !clock_over(first))
		clock_pause(10);
	return o;
}

static struct outage_host
host_report(struct pool *p, const struct host *h, const struct watched *w)
{
	struct outage_span *span = pool_alloc(p,
	    (w->spans + 1) * sizeof *span);

	for (size_t i = 0; i < w->spans; i++) {
		span[i] = w->span[i];
		span[i].why = pool_strdup(p, w->span[i].why);
	}
	return (struct outage_host){ .name = h->name,
		.seconds = (double)w->bad_ms / 1000.0, .span = span,
		.spans = w->spans, .visits = w->visits };
}

void
outage_end(struct outage *o, struct pool *p, struct outage_report *r)
{
	struct outage_host *v;

	*r = (struct outage_report){ .n = o->in.hosts->n };
	atomic_store(&o->stop, true);
	pthread_join(o->thread, NULL);
	v = pool_alloc(p, (r->n + 1) * sizeof *v);
	r->host = v;
	r->ms = (long)(clock_now() - o->began);
	for (size_t i = 0; i < r->n; i++) {
		v[i] = host_report(p, &o->in.hosts->v[i], &o->host[i]);
		if (v[i].seconds > r->worst)
			r->worst = v[i].seconds;
		if (o->host[i].gap > r->longest_gap)
			r->longest_gap = o->host[i].gap;
	}
	close_all(o);
}

static void
add_span(struct buf *b, const struct outage_span *s, long until)
{
	static const char *const words[] = {
		[OUTAGE_OLD] = "old side", [OUTAGE_NEW] = "new side",
		[OUTAGE_BAD] = "down" };
	static const char *const tags[] = {
		[OUTAGE_OLD] = "done", [OUTAGE_NEW] = "active",
		[OUTAGE_BAD] = "crit" };

	buf_printf(b, "    %s :%s, %ld, %ld\n", words[s->side],
	    tags[s->side], s->at, until);
}

void
outage_timeline(struct buf *b, const struct outage_report *r)
{
	buf_puts(b, "```mermaid\ngantt\n"
	    "    title What visitors found, in minutes and seconds\n"
	    "    dateFormat x\n    axisFormat %M:%S\n");
	for (size_t i = 0; i < r->n; i++) {
		const struct outage_host *h = &r->host[i];

		buf_printf(b, "    section %s\n", h->name);
		for (size_t k = 0; k < h->spans; k++) {
			/* One bar, however often the reason changes. */
			size_t last = k;

			while (last + 1 < h->spans
			    && h->span[last + 1].side == h->span[k].side)
				last++;
			add_span(b, &h->span[k], last + 1 < h->spans
			    ? h->span[last + 1].at : r->ms);
			k = last;
		}
	}
	buf_puts(b, "```\n");
}
