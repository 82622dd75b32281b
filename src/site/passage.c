/*
 * passage - see passage.h.
 */
#include "site/passage.h"

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "site/arrival.h"
#include "site/checkout.h"
#include "site/move.h"
#include "site/outage.h"
#include "site/zoneplan.h"
#include "site/zones.h"

enum {
	LOOK_SECONDS = 15,	/* one look at where visitors will go */
	SETTLE_MS = 5000,	/* an ingress takes new hosts up so long */
	TEXT_MAX = 64 * 1024,
};

static struct {
	const char *resolvers;
	long timeout, good;
} in;

const struct input passage_inputs[] = {
	{ .rows = zoneplan_inputs },
	{ .name = "resolvers", .str = &in.resolvers,
	  .plan = "dns.resolvers", .list = true, .optional = true,
	  .check = text_check_servers,
	  .help = "Name servers that visitors use, to be awaited; the "
	    "runner's own if empty" },
	{ .name = "good", .num = &in.good, .min = 1, .max = 100,
	  .dflt = "3", .help = "Good answers in a row that are asked for" },
	{ .name = "timeout", .num = &in.timeout, .min = 5, .max = 14400,
	  .dflt = "900",
	  .help = "Seconds from the change until all must be good" },
	{ 0 }
};

bool
passage_open(struct passage *w, struct err *e)
{
	const struct step_common *c = step_common();

	w->timeout = in.timeout;
	w->zones = zones_open(e);
	w->tls = w->zones != NULL ? tls_open(c->ca_file, e) : NULL;
	w->resolvers = w->tls != NULL ? resolve_open(in.resolvers != NULL
	    ? in.resolvers : c->dns_servers, e) : NULL;
	if (w->resolvers == NULL)
		return false;
	w->resolver = resolve_servers(w->resolvers, &w->n);
	w->repo = checkout_open(e);
	w->record = w->repo != NULL ? dnsrecord_load(w->repo, c->instance, e)
	    : NULL;
	return w->record != NULL;
}

void
passage_close(struct passage *w)
{
	dnsrecord_close(w->record);
	repo_close(w->repo);
	resolve_close(w->resolvers);
	tls_close(w->tls);
	zones_close(w->zones);
}

/* Does a CNAME come or go at a name of this zone? */
static bool
swaps_types(const struct zones *z, const struct zone *of,
    const struct move *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (text_same(m->to[i].type, "CNAME")
		    && (m->from[i].n == 0) != (m->to[i].n == 0)
		    && zones_of(z, m->to[i].name) == of)
			return true;
	return false;
}

static void
tell_gaps(const struct zones *z, const struct move *m)
{
	for (size_t i = 0; i < z->n; i++) {
		const char *gap = zone_gap(&z->v[i]);

		if (gap != NULL && swaps_types(z, &z->v[i], m))
			log_warn("a name changes its type. %s", gap);
	}
}

void
passage_tell_changes(const struct passage *w, const struct move *m)
{
	struct pool *p = step_common()->pool;

	for (size_t i = 0; i < m->n; i++) {
		const struct dns_set *from = &m->from[i];
		const struct dns_set *to = &m->to[i];

		if (dns_set_same(from, to))
			step_same(to->name, dns_set_words(p, to));
		else
			step_change(to->name, from->n > 0
			    ? dns_set_words(p, from) : NULL,
			    dns_set_words(p, to));
	}
	if (m->differ > 0)
		tell_gaps(w->zones, m);
}

static struct arrival
arrival_at(const struct passage *w, const struct dns_set *set, size_t n,
    clock_ms deadline)
{
	return (struct arrival){ .zones = w->zones, .tls = w->tls,
		.resolver = w->resolver, .resolvers = w->n, .set = set,
		.sets = n, .times = (int)in.good, .deadline = deadline };
}

bool
passage_check_hosts(struct passage *w, const struct dns_set *set, size_t n,
    bool certificates, struct err *e)
{
	struct arrival a = arrival_at(w, set, n, clock_deadline(LOOK_SECONDS));

	return arrival_check_hosts(&a, certificates, clock_now()
	    + (step_common()->dry_run ? 0 : SETTLE_MS), e);
}

bool
passage_check_resolvers(struct passage *w, const struct dns_set *set,
    size_t n, clock_ms deadline, struct err *e)
{
	struct arrival a = arrival_at(w, set, n, deadline);

	a.times = 1;
	return arrival_await_resolvers(&a, e);
}

bool
passage_has_certificate(struct passage *w, const struct dns_set *set,
    size_t n, const char *host)
{
	struct arrival a = arrival_at(w, set, n, clock_deadline(LOOK_SECONDS));
	struct pool *p = pool_new();
	size_t count;
	const struct tls_facts *f = arrival_look(&a, p, host, &count);
	bool good = true;

	for (size_t i = 0; i < count; i++)
		good = good && tls_is_good(&f[i]);
	pool_free(p);
	return good;
}

bool
passage_has_hsts(struct passage *w, const struct dns_set *set, size_t n,
    const char *host)
{
	struct arrival a = arrival_at(w, set, n, clock_deadline(LOOK_SECONDS));
	struct pool *p = pool_new();
	size_t count;
	const struct tls_facts *f = arrival_look(&a, p, host, &count);
	bool hsts = false;

	for (size_t i = 0; i < count; i++)
		hsts = hsts || (f[i].stage == TLS_ANSWERED
		    && f[i].hsts[0] != '\0');
	pool_free(p);
	return hsts;
}

bool
passage_await(struct passage *w, const struct dns_set *set, size_t n,
    clock_ms deadline, struct err *e)
{
	struct arrival a = arrival_at(w, set, n, deadline);

	if (!zones_await(w->zones, set, n, deadline, e))
		return false;
	log_info("all name servers give these records");
	if (!arrival_await_resolvers(&a, e))
		return false;
	log_info("the resolvers follow them");
	if (!arrival_await_hosts(&a, true, e))
		return false;
	log_info("certificates and applications are good there");
	return true;
}

struct outage *
passage_measure(struct passage *w, const char *const *new_side, struct err *e)
{
	size_t n = 0;

	while (new_side[n] != NULL)
		n++;
	return outage_begin(&(struct outage_start){
		.hosts = &w->zones->hosts, .resolver = w->resolver[0],
		.ca_file = step_common()->ca_file,
		.new_address = new_side, .addresses = n }, e);
}

void
passage_tell_outage(struct outage *o)
{
	struct buf text = buf_new(TEXT_MAX), lines = buf_new(TEXT_MAX);
	struct outage_report r;

	outage_end(o, step_common()->pool, &r);
	buf_puts(&text, "| host | seconds down |\n| --- | --- |\n");
	for (size_t i = 0; i < r.n; i++) {
		const struct outage_host *h = &r.host[i];

		buf_printf(&text, "| %s | %.1f |\n", h->name, h->seconds);
		buf_printf(&lines, "%s%s=%.1f", i > 0 ? "\n" : "", h->name,
		    h->seconds);
		log_info("%s: down for %.1f s of %.1f s (%zu visits)",
		    h->name, h->seconds, (double)r.ms / 1000.0, h->visits);
	}
	buf_putc(&text, '\n');
	outage_timeline(&text, &r);
	step_summary("%s", buf_str(&text));
	step_output("outage-seconds", "%.1f", r.worst);
	step_output("outages", "%s", buf_str(&lines));
	buf_free(&text);
	buf_free(&lines);
}
