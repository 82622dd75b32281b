/*
 * zone - see zone.h.
 */
#include "site/zone.h"

#include <string.h>

#include "api/dnshost.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "site/manual.h"
#include "step/step.h"

enum {
	LOOK_SECONDS = 20,	/* for one look at the world's DNS */
	FIRST_SECONDS = 4,	/* then a server that lags is told again */
	IN_A_ROW = 2,		/* behind one address may be several */
};

static struct {
	const char *provider, *server, *token, *zone, *zone_id, *hosts;
	const char *key_id, *secret, *session;
	long wait_hours;
} in;

/* Those of dnshost, and one that is nobody. */
#define MANUAL "manual"
static const char *const providers[] = { "cloudflare", "digitalocean",
	MANUAL, "powerdns", "rfc2136", "route53", NULL };

/* A URL, or a name server's address. */
static bool
check_server(const char *text, struct err *e)
{
	struct err ignored;

	return text_check_servers(text, &ignored) || text_check_url(text, e);
}

const struct input zone_inputs[] = {
	{ .name = "dns-provider", .str = &in.provider,
	  .oneof = providers, .plan = "dns.provider",
	  .help = "Company or software that serves the zone; manual: others "
	    "keep it, they are told what to change, and waited for" },
	{ .name = "dns-server", .str = &in.server, .plan = "dns.server",
	  .check = check_server, .optional = true,
	  .help = "Address of its API, where it has no fixed one; for "
	    "rfc2136 of the primary name server" },
	{ .name = "dns-token", .str = &in.token, .secret = true,
	  .optional = true, .help = "Token or key that may edit the zone; "
	    "for rfc2136 ALGORITHM:NAME:SECRET; route53 has an access key "
	    "instead" },
	{ .name = "aws-access-key-id", .str = &in.key_id,
	  .dflt = "$AWS_ACCESS_KEY_ID:-", .help = "For route53: key that may "
	    "edit the zone" },
	{ .name = "aws-secret-access-key", .str = &in.secret,
	  .dflt = "$AWS_SECRET_ACCESS_KEY:-", .secret = true,
	  .help = "Its secret" },
	{ .name = "aws-session-token", .str = &in.session,
	  .dflt = "$AWS_SESSION_TOKEN:-", .secret = true,
	  .help = "Token of its session, if it has one" },
	{ .name = "zone", .str = &in.zone, .plan = "dns.zone",
	  .check = text_check_host, .help = "Zone, such as example.org" },
	{ .name = "dns-zone-id", .str = &in.zone_id, .optional = true,
	  .check = dnshost_check_zone_id, .plan = "dns.zone-id",
	  .help = "Its id at cloudflare or route53, where the account has "
	    "several zones of that name" },
	{ .name = "wait-hours", .num = &in.wait_hours, .min = 0, .max = 720,
	  .dflt = "3", .plan = "dns.wait-hours",
	  .help = "Hours that manual waits for the change; the job must be "
	    "allowed to take that long" },
	{ .name = "hosts", .str = &in.hosts, .optional = true,
	  .check = hosts_check, .places = hosts_places,
	  .help = "Hosts to treat, as kind=name; those of the plan if empty" },
	{ 0 }
};

/* Are the hosts really served from this zone? */
static bool
find_servers(struct zone *z, struct err *e)
{
	struct dns_zone real = { .unreachable = "" };
	const char **v;

	for (size_t i = 0; i < z->hosts.n; i++) {
		const char *host = z->hosts.v[i].name;

		if (!resolve_find_zone(z->resolve, z->pool, host,
		    clock_deadline(LOOK_SECONDS), &real, e))
			return err_within(e, "%s", host);
		if (!text_same_fold(real.name, z->name))
			return err_set(e, ERR_HAND, "%s is served from the "
			    "zone %s, not from %s: a change there would not "
			    "be seen", host, real.name, z->name);
	}
	if (real.unreachable[0] != '\0')
		log_info("name servers that this machine has no route to, "
		    "left out: %s", real.unreachable);
	v = pool_alloc(z->pool, (real.n + 1) * sizeof *v);
	for (size_t i = 0; i < real.n; i++)
		v[i] = real.ns[i].address;
	z->server = v;
	z->servers = real.n;
	return true;
}

/* The sets of one host out of all. */
static void
take_sets(struct zone *z, struct zone_host *h, const struct dns_set *all,
    size_t n)
{
	h->set = pool_alloc(z->pool, (n + 1) * sizeof *h->set);
	for (size_t i = 0; i < n; i++)
		if (text_same(all[i].name, h->host->name))
			h->set[h->n++] = all[i];
}

static bool
find_sets(struct zone *z, struct err *e)
{
	const char **names = pool_alloc(z->pool,
	    (z->hosts.n + 1) * sizeof *names);
	struct dns_set *all;
	size_t n;

	for (size_t i = 0; i < z->hosts.n; i++)
		names[i] = z->hosts.v[i].name;
	if (!(z->company != NULL
	    ? dnshost_find(z->company, z->pool, names, &all, &n, e)
	    : manual_find(z, &all, &n, e)))
		return false;
	z->host = pool_alloc(z->pool, (z->hosts.n + 1) * sizeof *z->host);
	for (size_t i = 0; i < z->hosts.n; i++) {
		z->host[i].host = &z->hosts.v[i];
		take_sets(z, &z->host[i], all, n);
	}
	return true;
}

/* Told before anything is asked. */
static bool
check_inside(const struct zone *z, struct err *e)
{
	for (size_t i = 0; i < z->hosts.n; i++) {
		const char *host = z->hosts.v[i].name;
		size_t n = strlen(host), k = strlen(in.zone);

		if (!text_same_fold(host, in.zone) && !(n > k
		    && host[n - k - 1] == '.'
		    && text_same_fold(host + n - k, in.zone)))
			return err_set(e, ERR_INPUT, "hosts: %s does not lie "
			    "in the zone %s", host, in.zone);
	}
	return true;
}

static bool
open_all(struct zone *z, struct err *e)
{
	const struct step_common *c = step_common();

	if (!hosts_find(z->pool, in.hosts, &z->hosts, e)
	    || !check_inside(z, e))
		return false;
	z->http = http_open(c->ca_file, c->dns_servers, e);
	if (z->http == NULL)
		return false;
	z->resolve = resolve_open(c->dns_servers, e);
	if (z->resolve == NULL)
		return false;
	z->name = pool_strdup(z->pool, in.zone);
	if (text_same(in.provider, MANUAL))
		return true;
	z->company = dnshost_open(z->http, &(struct dnshost_open){
		.company = in.provider, .server = in.server,
		.token = in.token, .key_id = in.key_id, .secret = in.secret,
		.session = in.session, .zone = in.zone,
		.zone_id = in.zone_id }, e);
	if (z->company == NULL)
		return false;
	z->name = dnshost_zone(z->company);
	return true;
}

struct zone *
zone_open(struct err *e)
{
	struct pool *p = pool_new();
	struct zone *z = pool_alloc(p, sizeof *z);

	z->pool = p;
	if (open_all(z, e) && find_servers(z, e) && find_sets(z, e))
		return z;
	zone_close(z);
	return NULL;
}

void
zone_close(struct zone *z)
{
	if (z == NULL)
		return;
	dnshost_close(z->company);
	resolve_close(z->resolve);
	http_close(z->http);
	pool_free(z->pool);
}

long
zone_highest_ttl(const struct zone_host *h)
{
	long ttl = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->set[i].kind != DNSHOST_PROXIED && h->set[i].ttl > ttl)
			ttl = h->set[i].ttl;
	return ttl;
}

/* What the servers give out of a set: not what is disabled. */
static struct dns_want
want(struct pool *p, const struct dns_set *s)
{
	const char **value = pool_alloc(p, (s->n + 1) * sizeof *value);
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!s->value[i].disabled)
			value[n++] = s->value[i].text;
	return (struct dns_want){ .name = s->name, .type = s->type,
		.value = value, .n = n, .ttl = n > 0 ? s->ttl : 0 };
}

/* Is what stands in the sets of this name given out? Cloudflare gives
 * addresses of both families for one that is proxied. */
static bool
is_plain(const struct dns_set *set, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (set[i].n > 0 && set[i].kind != DNSHOST_PLAIN
		    && text_same(set[i].name, name))
			return false;
	return true;
}

bool
zone_await(struct zone *z, const struct dns_set *set, size_t n,
    clock_ms deadline, struct err *e)
{
	clock_ms first = clock_sooner(deadline, clock_deadline(FIRST_SECONDS));
	struct dns_want *w = pool_alloc(z->pool, (n + 1) * sizeof *w);
	struct err lag = { 0 };
	size_t plain = 0;

	for (size_t i = 0; i < n; i++)
		if (is_plain(set, n, set[i].name))
			w[plain++] = want(z->pool, &set[i]);
		else
			log_info("%s %s: the company answers in its place "
			    "(%s)", set[i].name, set[i].type,
			    dns_set_words(z->pool, &set[i]));
	n = plain;
	if (n == 0)
		return true;
	if (resolve_await(z->resolve, z->server, z->servers, false, w, n,
	    IN_A_ROW, first, &lag))
		return true;
	log_info("not all name servers agree yet: %s", lag.text);
	if (z->company != NULL && !dnshost_publish(z->company, &lag))
		log_warn("they could not be told again: %s", lag.text);
	return resolve_await(z->resolve, z->server, z->servers, false, w, n,
	    IN_A_ROW, deadline, e);
}

bool
zone_replace(struct zone *z, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *e)
{
	return z->company != NULL ? dnshost_replace(z->company, was, now, n, e)
	    : manual_replace(z, was, now, n, in.wait_hours, e);
}

long
zone_least_ttl(const struct zone *z)
{
	return z->company != NULL ? dnshost_least_ttl(z->company) : 1;
}

const char *
zone_gap(const struct zone *z)
{
	return z->company != NULL ? dnshost_gap(z->company) : NULL;
}
