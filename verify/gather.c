/*
 * gather - all facts of all instances, asked for at once; see verify.h.
 *
 * Three rounds, each concurrent over all instances: who serves the zones;
 * what all servers answer; what all hosts show.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "verify/facts.h"
#include "site/health.h"
#include "verify/verify.h"

enum {
	QUESTION_MS = 5000,	/* for one round of questions */
	VISIT_MS = 15000,
};

static size_t
count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

/* Instances often share a zone: look at the ones before. */
static bool
copy_zone(const struct subject *s, size_t i)
{
	const char *host = s[i].final.v[0].name;
	size_t n = strlen(host);

	for (size_t k = 0; k < i; k++) {
		const struct facts *f = s[k].facts;
		size_t z = f->zone_known ? strlen(f->zone.name) : n;

		if (z < n && host[n - z - 1] == '.'
		    && text_same(host + n - z, f->zone.name)) {
			s[i].facts->zone = f->zone;
			s[i].facts->zone_known = true;
			return true;
		}
	}
	return false;
}

static void
find_zones(struct pool *p, struct resolve *r, struct subject *s, size_t n,
    clock_ms deadline)
{
	for (size_t i = 0; i < n; i++) {
		struct facts *f = s[i].facts;
		struct err e = { 0 };

		f->zone_why = "no host is known";
		if (s[i].final.n == 0 || copy_zone(s, i))
			continue;
		f->zone_known = resolve_find_zone(r, p,
		    s[i].final.v[0].name, clock_sooner(deadline,
		    clock_now() + QUESTION_MS), &f->zone, &e);
		if (!f->zone_known)
			f->zone_why = pool_strdup(p, e.text);
	}
}

/* Questions about the final hosts, server by server. */
static size_t
ask_about(const struct subject *s, const char *server, const char *type,
    bool recursive, struct dns_question *q)
{
	for (size_t i = 0; i < s->final.n; i++)
		q[i] = (struct dns_question){ .server = server,
			.name = s->final.v[i].name, .type = type,
			.recursive = recursive };
	return s->final.n;
}

static size_t
ask_zone(const struct subject *s, const char *type, struct dns_question *q)
{
	const struct dns_zone *z = &s->facts->zone;
	size_t k = 0;

	for (size_t j = 0; j < z->n; j++)
		k += ask_about(s, z->ns[j].address, type, false, q + k);
	return k;
}

/*
 * An authority knows only where a CNAME out of its zone leads to. What is
 * there is asked of the resolver; where that does not know either, the
 * answer stays DNS_ALIAS.
 */
static void
follow_aliases(struct pool *p, struct resolve *r, struct dns_answer *a,
    size_t n, clock_ms deadline)
{
	struct dns_question *q = pool_alloc(p, (n + 1) * sizeof *q);
	struct dns_answer *end = pool_alloc(p, (n + 1) * sizeof *end);
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (a[i].found == DNS_ALIAS)
			q[k++] = (struct dns_question){ .type = "A",
				.server = resolve_servers(r, NULL)[0],
				.name = a[i].hop[a[i].hops - 1].target,
				.recursive = true };
	resolve_ask(r, p, q, end, k, deadline);
	k = 0;
	for (size_t i = 0; i < n; i++) {
		if (a[i].found != DNS_ALIAS || end[k++].found != DNS_ANSWER)
			continue;
		a[i].found = DNS_ANSWER;
		a[i].value = end[k - 1].value;
		a[i].n = end[k - 1].n;
		a[i].ttl = a[i].hop[0].ttl;
	}
}

static void
ask_names(struct pool *p, struct resolve *r, struct subject *s, size_t n,
    clock_ms deadline)
{
	struct dns_question *q;
	struct dns_answer *a;
	size_t most = 0, k = 0;

	for (size_t i = 0; i < n; i++)
		most += s[i].final.n * (2 * s[i].facts->zone.n
		    + s[i].facts->nresolvers);
	q = pool_alloc(p, (most + 1) * sizeof *q);
	a = pool_alloc(p, (most + 1) * sizeof *a);
	for (size_t i = 0; i < n; i++) {
		struct facts *f = s[i].facts;

		f->authority = a + k;
		k += ask_zone(&s[i], "A", q + k);
		f->authority6 = a + k;
		k += ask_zone(&s[i], "AAAA", q + k);
		f->resolver = a + k;
		for (size_t j = 0; j < f->nresolvers; j++)
			k += ask_about(&s[i], f->resolvers[j], "A", true,
			    q + k);
	}
	resolve_ask(r, p, q, a, k, clock_sooner(deadline,
	    clock_now() + QUESTION_MS));
	for (size_t i = 0; i < n; i++)
		follow_aliases(p, r, s[i].facts->authority, s[i].final.n
		    * s[i].facts->zone.n, clock_sooner(deadline,
		    clock_now() + QUESTION_MS));
}

static size_t
visit_side(const struct side *v, struct tls_question *q)
{
	for (size_t i = 0; i < v->hosts->n * v->addresses; i++)
		q[i] = health_question(&v->hosts->v[i % v->hosts->n],
		    v->address[i / v->hosts->n]);
	return v->hosts->n * v->addresses;
}

/* What of the new side only some hosts have. */
static size_t
visit_extras(struct pool *p, const struct facts *f, struct tls_question *q)
{
	const char *lms = hosts_name(f->fresh.hosts, "lms");
	const char *cms = hosts_name(f->fresh.hosts, "cms");
	const char *at = f->fresh.addresses > 0 ? f->fresh.address[0] : "";

	(void)p;
	q[0] = (struct tls_question){ .address = lms != NULL ? at : "",
		.host = lms != NULL ? lms : "-",
		.path = "/api/mfe_config/v1?mfe=authn" };
	q[1] = (struct tls_question){ .address = cms != NULL ? at : "",
		.host = cms != NULL ? cms : "-", .path = "/home/" };
	return 2;
}

static void
visit_hosts(struct pool *p, struct tls *t, struct subject *s, size_t n,
    clock_ms deadline)
{
	struct tls_question *q;
	struct tls_facts *v;
	size_t most = 0, k = 0;

	for (size_t i = 0; i < n; i++) {
		const struct facts *f = s[i].facts;

		most += f->old.hosts->n * f->old.addresses
		    + f->fresh.hosts->n * f->fresh.addresses + 2;
	}
	q = pool_alloc(p, (most + 1) * sizeof *q);
	v = pool_alloc(p, (most + 1) * sizeof *v);
	for (size_t i = 0; i < n; i++) {
		struct facts *f = s[i].facts;

		f->old.visit = v + k;
		k += visit_side(&f->old, q + k);
		f->fresh.visit = v + k;
		k += visit_side(&f->fresh, q + k);
		k += visit_extras(p, f, q + k);
	}
	tls_ask(t, p, q, v, k, clock_sooner(deadline,
	    clock_now() + VISIT_MS));
	for (size_t i = 0; i < n; i++) {
		struct facts *f = s[i].facts;
		const struct tls_facts *extra = f->fresh.visit
		    + f->fresh.hosts->n * f->fresh.addresses;

		f->mfe_config = extra[0];
		f->studio = extra[1];
	}
}

/* What lies in files; it decides which hosts are visited. */
static bool
read_files(struct pool *p, const struct verify_net *net, struct subject *s,
    struct err *e)
{
	struct facts *f = pool_alloc(p, sizeof *f);

	s->facts = f;
	f->began = clock_now();
	f->resolvers = net->resolvers;
	f->nresolvers = count(net->resolvers);
	if (!deployed_find(p, s, &f->deployed, e))
		return err_within(e, "%s", s->instance);
	f->old = (struct side){ .hosts = &s->final,
		.address = s->old_address,
		.addresses = count(s->old_address) };
	f->fresh = (struct side){ .hosts = &f->deployed.hosts,
		.address = s->new_address,
		.addresses = count(s->new_address) };
	return true;
}

/* The databases' and Argo CD's clients wait for one answer at a time. Rights
 * are of interest only where the instance is known to use the old data. */
static void
ask_clients(struct pool *p, struct subject *s)
{
	struct facts *f = s->facts;

	live_find(p, s, &f->live);
	if (!f->deployed.there || !f->deployed.old_data)
		return;
	access_find_mysql(p, s, &f->mysql);
	access_find_mongo(p, s, &f->mongo);
}

bool
verify_gather(struct pool *p, const struct verify_net *net,
    struct subject *s, size_t n, clock_ms deadline, struct err *e)
{
	struct resolve *r = resolve_open(net->dns_servers, e);
	struct tls *t = r != NULL ? tls_open(net->ca_file, e) : NULL;
	bool ok = t != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = read_files(p, net, &s[i], e);
	if (ok) {
		find_zones(p, r, s, n, deadline);
		ask_names(p, r, s, n, deadline);
		visit_hosts(p, t, s, n, deadline);
	}
	for (size_t i = 0; ok && i < n; i++)
		ask_clients(p, &s[i]);
	tls_close(t);
	resolve_close(r);
	return ok;
}
