/*
 * gather - all facts of all instances, asked for at once; see verify.h.
 *
 * A fact that is to be looked up is one line: ask() with the place for the
 * answer, or visit() with the place for what a host shows. The visits are
 * under way while DNS is asked: who serves the zones, then what all servers
 * answer, then where aliases lead. Databases, clusters and Argo CD are asked
 * meanwhile, by processes of their own (clients.c).
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "verify/facts.h"
#include "site/health.h"
#include "verify/verify.h"

enum {
	QUESTION_MS = 5000,	/* for one round of questions */
	VISIT_MS = 15000,	/* for one page, handshake included */
	BATCH = 64,
};

/* What is to be asked, and where each answer goes. */
struct batch {
	struct pool *pool;	/* for the answers */
	struct dns_question *q;
	struct dns_answer **answer;
	size_t n, room;
	struct tls_question *visit;
	struct tls_facts **seen;
	size_t visits, visit_room;
};

/* Everything that a gathering works with. */
struct gather {
	struct pool *pool;
	const struct verify_net *net;
	struct loop *loop;
	struct resolve *resolve;
	struct tls *tls;
	struct subject *s;
	size_t n;
	clock_ms deadline;
};

static void
ask(struct batch *b, struct dns_question q, struct dns_answer *to)
{
	if (b->n == b->room) {
		b->room += b->room + BATCH;
		b->q = mem_grow(b->q, b->room * sizeof *b->q);
		b->answer = mem_grow(b->answer, b->room * sizeof(void *));
	}
	q.ms = QUESTION_MS;
	b->q[b->n] = q;
	b->answer[b->n++] = to;
}

static void
visit(struct batch *b, struct tls_question q, struct tls_facts *to)
{
	if (b->visits == b->visit_room) {
		b->visit_room += b->visit_room + BATCH;
		b->visit = mem_grow(b->visit, b->visit_room
		    * sizeof *b->visit);
		b->seen = mem_grow(b->seen, b->visit_room * sizeof(void *));
	}
	q.ms = VISIT_MS;
	b->visit[b->visits] = q;
	b->seen[b->visits++] = to;
}

static void
free_batch(struct batch *b)
{
	mem_free(b->q);
	mem_free(b->answer);
	mem_free(b->visit);
	mem_free(b->seen);
	*b = (struct batch){ .pool = b->pool };
}

/* Ask all of DNS that is in the batch. */
static void
ask_batch(struct gather *g, struct batch *b)
{
	struct dns_answer *a = mem_alloc((b->n + 1) * sizeof *a);

	resolve_ask(g->resolve, b->pool, b->q, a, b->n, g->deadline);
	for (size_t i = 0; i < b->n; i++)
		*b->answer[i] = a[i];
	mem_free(a);
	b->n = 0;
}

static size_t
count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

/* ---- zones ---- */

/* Is the host in the zone of one of these? Instances often share one. One
 * whose zone the plan names may lie in a zone below that. */
static bool
copy_zone(struct subject *s, const struct subject *from, size_t n)
{
	const char *host = s->final.v[0].name;
	size_t len = strlen(host);

	for (size_t k = 0; k < n; k++) {
		const struct facts *f = from[k].facts;
		size_t z = f->zone_known ? strlen(f->zone.name) : len;

		if (s->zone != NULL && s->zone[0] != NULL
		    && !text_same_fold(s->zone[0], f->zone.name))
			continue;
		if (z < len && host[len - z - 1] == '.'
		    && text_same(host + len - z, f->zone.name)) {
			s->facts->zone = f->zone;
			s->facts->zone_known = true;
			return true;
		}
	}
	return false;
}

static const char *
parent(const char *host)
{
	const char *dot = strchr(host, '.');

	return dot != NULL ? dot + 1 : host;
}

static bool
needs_zone(const struct subject *s)
{
	return (s->facts->need & NEED_AUTHORITY) != 0 && s->final.n > 0
	    && !s->facts->zone_known;
}

static bool
has_sibling(const struct subject *s, struct subject *const *who, size_t n)
{
	for (size_t i = n > BATCH ? n - BATCH : 0; i < n; i++)
		if (text_same(parent(s->final.v[0].name),
		    parent(who[i]->final.v[0].name)))
			return true;
	return false;
}

/* Those whose zone is not known. At first one only of many that have the same
 * parent domain: the others mostly find theirs by it. */
static size_t
pick_unknown(struct gather *g, bool first, struct subject **who)
{
	size_t k = 0;

	for (size_t i = 0; i < g->n; i++) {
		struct subject *s = &g->s[i];

		if (needs_zone(s) && !copy_zone(s, g->s, i)
		    && !(first && has_sibling(s, who, k)))
			who[k++] = s;
	}
	return k;
}

static void
find_these(struct gather *g, struct subject **who, size_t n)
{
	struct pool *work = pool_new();
	const char **name = pool_alloc(work, (n + 1) * sizeof *name);
	struct dns_zone *z = pool_alloc(work, (n + 1) * sizeof *z);
	struct err *e = pool_alloc(work, (n + 1) * sizeof *e);

	for (size_t i = 0; i < n; i++)
		name[i] = who[i]->final.v[0].name;
	resolve_find_zones(g->resolve, g->pool, name, n, clock_sooner(
	    g->deadline, clock_now() + QUESTION_MS), z, e);
	for (size_t i = 0; i < n; i++) {
		struct facts *f = who[i]->facts;

		f->zone_known = z[i].found;
		f->zone = z[i];
		if (!z[i].found)
			f->zone_why = pool_strdup(g->pool, e[i].text);
	}
	pool_free(work);
}

static void
find_zones(struct gather *g)
{
	struct pool *work = pool_new();
	struct subject **who = pool_alloc(work, (g->n + 1) * sizeof(void *));

	find_these(g, who, pick_unknown(g, true, who));
	find_these(g, who, pick_unknown(g, false, who));
	pool_free(work);
}

/* ---- what servers answer ---- */

/* A question about each final host, to one server. */
static struct dns_answer *
ask_about(struct batch *b, const struct subject *s, const char *server,
    const char *type, bool recursive, struct dns_answer *to)
{
	for (size_t i = 0; i < s->final.n; i++)
		ask(b, (struct dns_question){ .server = server,
		    .name = s->final.v[i].name, .type = type,
		    .recursive = recursive }, to++);
	return to;
}

/* The same to each server of the zone. */
static struct dns_answer *
ask_zone(struct batch *b, const struct subject *s, const char *type)
{
	const struct dns_zone *z = &s->facts->zone;
	struct dns_answer *all = pool_alloc(b->pool, (s->final.n * z->n + 1)
	    * sizeof *all), *to = all;

	for (size_t j = 0; j < z->n; j++)
		to = ask_about(b, s, z->ns[j].address, type, false, to);
	return all;
}

/* What else than addresses is asked for. */
static void
ask_others(struct batch *b, struct subject *s, const char *resolver)
{
	size_t most = names_most(s) + 1;
	struct dns_question *q = pool_alloc(b->pool, most * sizeof *q);
	struct dns_answer *a = pool_alloc(b->pool, most * sizeof *a);
	size_t n = names_ask(b->pool, s, resolver, q, a);

	for (size_t i = 0; i < n; i++)
		ask(b, q[i], &a[i]);
}

static void
ask_names(struct batch *b, struct subject *s, const char *resolver)
{
	struct facts *f = s->facts;
	struct dns_answer *to;

	if ((f->need & NEED_AUTHORITY) != 0) {
		f->authority = ask_zone(b, s, "A");
		f->authority6 = ask_zone(b, s, "AAAA");
	}
	ask_others(b, s, resolver);
	if ((f->need & NEED_RESOLVER) == 0)
		return;
	to = f->resolver = pool_alloc(b->pool, (s->final.n * f->nresolvers
	    + 1) * sizeof *to);
	for (size_t j = 0; j < f->nresolvers; j++)
		to = ask_about(b, s, f->resolvers[j], "A", true, to);
}

/*
 * An authority knows only where a CNAME out of its zone leads to. What is
 * there is asked of the resolver; where that does not know either, the
 * answer stays DNS_ALIAS.
 */
static void
follow_aliases(struct gather *g, struct batch *b, struct dns_answer **alias,
    size_t n)
{
	struct dns_answer *end = pool_alloc(g->pool, (n + 1) * sizeof *end);

	for (size_t i = 0; i < n; i++)
		ask(b, (struct dns_question){ .type = "A",
		    .server = resolve_servers(g->resolve, NULL)[0],
		    .name = alias[i]->hop[alias[i]->hops - 1].target,
		    .recursive = true }, &end[i]);
	ask_batch(g, b);
	for (size_t i = 0; i < n; i++) {
		if (end[i].found != DNS_ANSWER)
			continue;
		alias[i]->found = DNS_ANSWER;
		alias[i]->value = end[i].value;
		alias[i]->n = end[i].n;
		alias[i]->ttl = alias[i]->hop[0].ttl;
	}
}

static void
ask_all_names(struct gather *g)
{
	struct batch b = { .pool = g->pool };
	struct dns_answer **alias;
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		ask_names(&b, &g->s[i], resolve_servers(g->resolve,
		    NULL)[0]);
	alias = pool_alloc(g->pool, (b.n + 1) * sizeof(void *));
	ask_batch(g, &b);
	for (size_t i = 0; i < g->n; i++) {
		const struct facts *f = g->s[i].facts;

		for (size_t k = 0; (f->need & NEED_AUTHORITY) != 0
		    && k < g->s[i].final.n * f->zone.n; k++)
			if (f->authority[k].found == DNS_ALIAS)
				alias[n++] = &f->authority[k];
	}
	follow_aliases(g, &b, alias, n);
	free_batch(&b);
}

/* ---- hosts in several zones ---- */

/* What is asked of the servers of each zone. */
enum { OF_A_ZONE = NEED_AUTHORITY | NEED_SERVERS | NEED_SERIALS
	| NEED_WILDCARD };

static void
add_to_part(struct gather *g, struct subject *s, size_t host)
{
	const char *const *zone = &s->zone[host];
	struct facts *f = s->facts;
	struct host *v;
	size_t i = 0;

	while (i < f->parts && !text_same(f->part[i].zone[0], *zone))
		i++;
	if (i == f->parts) {
		f->part[i] = *s;
		f->part[i].zone = zone;
		f->part[i].final = (struct hosts){ .v = pool_alloc(g->pool,
		    s->final.n * sizeof *v) };
		f->part[i].facts = pool_alloc(g->pool, sizeof *f);
		f->part[i].facts->zone_why = f->zone_why;
		f->parts++;
	}
	v = (struct host *)f->part[i].final.v;
	v[f->part[i].final.n++] = s->final.v[host];
}

static void
make_parts(struct gather *g, struct subject *s)
{
	s->facts->part = pool_alloc(g->pool, (s->final.n + 1)
	    * sizeof *s->facts->part);
	for (size_t i = 0; s->zone != NULL && i < s->final.n; i++)
		add_to_part(g, s, i);
	if (s->facts->parts == 1)
		s->facts->parts = 0;
}

/* All, and the parts of those that have some, which are asked of their own
 * servers what the whole would be: of that there is a copy that needs the
 * rest only. */
static struct gather
with_parts(struct gather *g)
{
	struct gather all = *g;
	size_t n = g->n;

	for (size_t i = 0; i < g->n; i++)
		n += g->s[i].facts->parts;
	all.s = pool_alloc(g->pool, (n + 1) * sizeof *all.s);
	for (size_t i = 0; i < g->n; i++) {
		struct facts *f = g->s[i].facts;

		all.s[i] = g->s[i];
		if (f->parts > 0) {
			all.s[i].facts = pool_alloc(g->pool, sizeof *f);
			*all.s[i].facts = *f;
			all.s[i].facts->need &= ~(unsigned)OF_A_ZONE;
		}
		for (size_t k = 0; k < f->parts; k++) {
			f->part[k].facts->need = f->need & OF_A_ZONE;
			all.s[all.n++] = f->part[k];
		}
	}
	return all;
}

static void
ask_dns(struct gather *g)
{
	struct gather all = with_parts(g);

	find_zones(&all);
	ask_all_names(&all);
	for (size_t i = 0; i < g->n; i++) {
		struct facts *f = g->s[i].facts;

		if (f->parts == 0)
			continue;
		f->resolver = all.s[i].facts->resolver;
		f->names = all.s[i].facts->names;
	}
}

/* ---- what hosts show ---- */

static void
visit_side(struct batch *b, struct side *v)
{
	size_t n = v->hosts->n * v->addresses;

	v->visit = pool_alloc(b->pool, (n + 1) * sizeof *v->visit);
	for (size_t i = 0; i < n; i++)
		visit(b, health_question(&v->hosts->v[i % v->hosts->n],
		    v->address[i / v->hosts->n]), &v->visit[i]);
}

static void
visit_pages(struct batch *b, const struct subject *s, struct side *v)
{
	struct tls_question q;

	for (enum page i = 0; i < PAGES; i++)
		if (page_question(b->pool, s, v, i, &q))
			visit(b, q, &v->page[i]);
}

static void
visit_hosts(struct batch *b, struct subject *s)
{
	struct facts *f = s->facts;

	if ((f->need & NEED_OLD) != 0)
		visit_side(b, &f->old);
	if ((f->need & NEED_NEW) != 0)
		visit_side(b, &f->fresh);
	visit_pages(b, s, &f->old);
	visit_pages(b, s, &f->fresh);
}

/* What the pages lead to, once they are there. */
static void
visit_assets(struct gather *g)
{
	struct batch b = { .pool = g->pool };
	struct tls_question q;
	struct tls_facts *v;

	for (size_t i = 0; i < g->n; i++) {
		struct side *side = &g->s[i].facts->fresh;

		if ((g->s[i].facts->need & NEED_HOME) != 0
		    && page_question_asset(g->pool, side, &q))
			visit(&b, q, &side->asset);
	}
	v = mem_alloc((b.visits + 1) * sizeof *v);
	tls_ask(g->tls, g->pool, b.visit, v, b.visits, g->deadline);
	for (size_t i = 0; i < b.visits; i++)
		*b.seen[i] = v[i];
	mem_free(v);
	free_batch(&b);
}

/* Visits are under way while DNS is asked. */
static void
ask_servers(struct gather *g)
{
	struct batch b = { .pool = g->pool };
	struct tls_round *visits;
	struct tls_facts *v;

	for (size_t i = 0; i < g->n; i++)
		visit_hosts(&b, &g->s[i]);
	v = mem_alloc((b.visits + 1) * sizeof *v);
	visits = tls_begin(g->tls, g->pool, b.visit, v, b.visits,
	    g->deadline);
	ask_dns(g);
	tls_end(visits);
	for (size_t i = 0; i < b.visits; i++)
		*b.seen[i] = v[i];
	mem_free(v);
	free_batch(&b);
	visit_assets(g);
}

/* ---- all of it ---- */

/* What lies in files; it decides which hosts are visited. */
static bool
read_files(struct gather *g, struct subject *s, struct err *e)
{
	struct facts *f = pool_alloc(g->pool, sizeof *f);
	struct err why = { 0 };

	s->facts = f;
	f->resolvers = s->resolvers;
	f->nresolvers = count(s->resolvers);
	f->zone_why = "no host is known";
	if (s->zone != NULL)
		make_parts(g, s);
	if (!deployed_find(g->pool, s, &f->deployed, &why))
		f->unreadable = pool_strdup(g->pool, why.text);
	if (f->unreadable != NULL && !s->among) {
		*e = why;
		return err_within(e, "%s", s->instance);
	}
	f->old = (struct side){ .hosts = &s->final,
		.address = s->old_address,
		.addresses = count(s->old_address) };
	f->fresh = (struct side){ .hosts = &f->deployed.hosts,
		.address = s->new_address,
		.addresses = count(s->new_address) };
	return true;
}

/* The first time all that the checks need, and then what failed. */
static bool
begin(struct gather *g, struct subject *s, const struct records *r,
    struct err *e)
{
	bool again = s->facts != NULL;

	if (!again && !read_files(g, s, e))
		return false;
	s->facts->need = s->facts->unreadable != NULL ? 0
	    : judge_needs(s, again ? r : NULL);
	if (s->facts->need != 0)
		s->facts->began = clock_now();
	return true;
}

static bool
open_net(struct gather *g, struct err *e)
{
	g->loop = loop_open();
	g->resolve = resolve_open(g->net->dns_servers, e);
	g->tls = g->resolve != NULL ? tls_open(g->net->ca_file, e) : NULL;
	if (g->tls == NULL)
		return false;
	resolve_share(g->resolve, g->loop);
	tls_share(g->tls, g->loop);
	return true;
}

bool
verify_gather(struct pool *p, const struct verify_net *net,
    struct subject *s, size_t n, const struct records *r, clock_ms deadline,
    struct err *e)
{
	struct gather g = { .pool = p, .net = net, .s = s, .n = n,
		.deadline = deadline };
	struct clients *clients = NULL;
	bool ok = open_net(&g, e);

	for (size_t i = 0; ok && i < n; i++)
		ok = begin(&g, &s[i], r, e);
	if (ok) {
		clients = clients_begin(p, s, n, deadline);
		ask_servers(&g);
		clients_end(clients);
	}
	tls_close(g.tls);
	resolve_close(g.resolve);
	loop_close(g.loop);
	return ok;
}
