/*
 * set-dns-ttl - how long the world may remember where the site is.
 *
 * Guide: "Configure", item 1 (TTL to 300 s), and "DNS changes", item 8 (to
 * 3600 s, once all is confirmed). A resolver keeps an answer for its TTL, so
 * the switch is quick only if the TTL was low for at least one old TTL
 * before. Visitors notice nothing. Run it as often as you like.
 *
 * The record sets as they were, and the TTL that caches may still hold, are
 * committed before anything is written; the moment from which all name
 * servers give the new TTL is committed after. A run that was killed between
 * is completed by the next one, which then waits a little longer than it had
 * to, never less.
 */
#include <time.h>

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "api/repo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "step/step.h"
#include "site/checkout.h"
#include "site/hosts.h"
#include "site/zoneplan.h"
#include "site/zones.h"

/* Some resolvers keep every answer for 30 s, whatever its TTL says. */
enum { RUDE_RESOLVERS = 30, DATE_MAX = 32 };

static struct {
	const char *level;
	long low, high, timeout;
} in;

static const char *const levels[] = { "low", "high", NULL };

static const struct input inputs[] = {
	{ .rows = zoneplan_inputs },
	{ .name = "level", .str = &in.level, .oneof = levels, .dflt = "low",
	  .help = "low before the switch, high once all is confirmed" },
	{ .name = "low-ttl", .num = &in.low, .min = 1, .max = 86400,
	  .dflt = "300", .plan = "dns.low-ttl",
	  .help = "TTL of level low, in seconds; a lower one stays" },
	{ .name = "high-ttl", .num = &in.high, .min = 1, .max = 604800,
	  .dflt = "3600", .plan = "dns.high-ttl",
	  .help = "TTL of level high, in seconds" },
	{ .name = "timeout", .num = &in.timeout, .min = 5, .max = 3600,
	  .dflt = "300",
	  .help = "Seconds until all name servers must give the new TTL" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "ttl", .help = "Highest TTL of the hosts' records" },
	{ .name = "low-from",
	  .help = "Moment from which caches hold an answer at most that "
	    "long" },
	{ 0 }
};

static long
wanted_ttl(void)
{
	return text_same(in.level, "low") ? in.low : in.high;
}

/* As it shall be; a TTL below the low one needs no raising. */
static struct dns_set
wanted_set(const struct dns_set *s)
{
	bool low = text_same(in.level, "low") && s->ttl <= in.low;

	return dns_set_with_ttl(*s, low ? s->ttl : wanted_ttl());
}

/* The longest that a cache may hold what servers gave out until now. */
static long
ttl_in_caches(const struct dnsrecord *r, const struct zone_host *h)
{
	long ttl = zones_highest_ttl(h);
	time_t now = time(NULL);
	struct dnsrecord_ttl t;

	if (dnsrecord_ttl(r, h->host->name, &t) && t.was > ttl
	    && dnsrecord_low_from(&t, now) > now)
		ttl = t.was;
	return ttl;
}

/* Does the record tell of this TTL already, and nothing else hold? */
static bool
is_recorded(const struct dnsrecord *r, const struct zone_host *h)
{
	struct dnsrecord_ttl t;

	for (size_t i = 0; i < h->n; i++)
		if (wanted_set(&h->set[i]).ttl != h->set[i].ttl)
			return false;
	return dnsrecord_ttl(r, h->host->name, &t) && t.ttl == wanted_ttl();
}

/* First what was, into the record: it must survive whatever comes. */
static bool
ensure_recorded(struct zones *z, struct dnsrecord *r, struct repo *repo,
    struct err *e)
{
	for (size_t i = 0; i < z->hosts.n; i++) {
		const struct zone_host *h = &z->host[i];

		if (h->n == 0) {
			log_warn("%s has no record of its own: no TTL to set",
			    h->host->name);
			continue;
		}
		dnsrecord_keep_sets(r, h->host->name, h->set, h->n);
		if (!is_recorded(r, h))
			dnsrecord_start_ttl(r, h->host->name,
			    ttl_in_caches(r, h), wanted_ttl());
	}
	return step_common()->dry_run || dnsrecord_save(r, repo, e);
}

/* All sets that lead visitors, as they are and as they shall be. */
static size_t
list_sets(const struct zones *z, struct dns_set *was, struct dns_set *now)
{
	size_t n = 0;

	for (size_t i = 0; i < z->hosts.n; i++)
		for (size_t k = 0; k < z->host[i].n; k++) {
			was[n] = z->host[i].set[k];
			now[n] = wanted_set(&was[n]);
			n++;
		}
	return n;
}

static size_t
count_sets(const struct zones *z)
{
	size_t n = 0;

	for (size_t i = 0; i < z->hosts.n; i++)
		n += z->host[i].n;
	return n;
}

static void
tell_changes(struct pool *p, const struct dns_set *was,
    const struct dns_set *now, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (dns_set_same(&was[i], &now[i]))
			step_same(now[i].name, dns_set_words(p, &now[i]));
		else
			step_change(now[i].name, dns_set_words(p, &was[i]),
			    dns_set_words(p, &now[i]));
}

static bool
ensure_ttl(struct zones *z, struct err *e)
{
	size_t n = count_sets(z);
	struct dns_set *was = pool_alloc(z->pool, (n + 1) * sizeof *was);
	struct dns_set *now = pool_alloc(z->pool, (n + 1) * sizeof *now);

	list_sets(z, was, now);
	tell_changes(z->pool, was, now, n);
	return step_common()->dry_run
	    || (zones_replace(z, was, now, n, e)
	    && zones_await(z, now, n,
		clock_deadline(in.timeout), e));
}

/* Every name server gives the new TTL: from now on caches run out. */
static bool
ensure_moment(struct zones *z, struct dnsrecord *r, struct repo *repo,
    struct err *e)
{
	/* The next full second: a moment must never be too early. */
	time_t now = time(NULL) + 1;
	struct dnsrecord_ttl t;

	for (size_t i = 0; i < z->hosts.n; i++) {
		const char *host = z->hosts.v[i].name;

		if (dnsrecord_ttl(r, host, &t) && t.since == 0)
			dnsrecord_done_ttl(r, host, now);
	}
	return step_common()->dry_run || dnsrecord_save(r, repo, e);
}

static void
tell_moment(const struct zones *z, const struct dnsrecord *r)
{
	struct buf date = buf_new(DATE_MAX);
	time_t from = 0;
	struct dnsrecord_ttl t;

	for (size_t i = 0; i < z->hosts.n; i++)
		if (dnsrecord_ttl(r, z->hosts.v[i].name, &t)
		    && dnsrecord_low_from(&t, time(NULL)) > from)
			from = dnsrecord_low_from(&t, time(NULL));
	clock_date(&date, from);
	step_output("ttl", "%ld", wanted_ttl());
	step_output("low-from", "%s", buf_str(&date));
	step_summary("Caches hold an answer for at most %ld s from %s on.\n",
	    wanted_ttl(), buf_str(&date));
	log_info("caches hold an answer for at most %ld s from %s on",
	    wanted_ttl(), buf_str(&date));
	buf_free(&date);
}

static bool
check_ttl(struct err *e)
{
	if (in.low > in.high)
		return err_set(e, ERR_INPUT, "low-ttl %ld is more than "
		    "high-ttl %ld", in.low, in.high);
	if (wanted_ttl() < RUDE_RESOLVERS)
		log_warn("a TTL of %ld s: many resolvers keep every answer "
		    "for %d s", wanted_ttl(), RUDE_RESOLVERS);
	return true;
}

/* A wildcard may serve them all, with whatever TTL. */
static bool
check_records(const struct zones *z, struct err *e)
{
	return count_sets(z) > 0 || err_set(e, ERR_HAND, "none of the hosts "
	    "has a record of its own in the zone %s: make them, or name the "
	    "hosts that visitors use", zones_names(z));
}

/* Said before anything is done, in a dry run, too. */
static bool
check_company(const struct zones *z, struct err *e)
{
	for (size_t i = 0; i < z->n; i++) {
		long least = zone_least_ttl(&z->v[i]);

		if (wanted_ttl() < least)
			return err_set(e, ERR_INPUT, "%s-ttl: the company of "
			    "the zone %s takes TTLs of %ld and more",
			    in.level, z->v[i].name, least);
	}
	return true;
}

static bool
run(struct err *e)
{
	struct zones *z = NULL;
	struct repo *repo = NULL;
	struct dnsrecord *r = NULL;
	bool ok;

	ok = check_ttl(e)
	    && (z = zones_open(e)) != NULL
	    && check_company(z, e)
	    && check_records(z, e)
	    && (repo = checkout_open(e)) != NULL
	    && (r = dnsrecord_load(repo, step_common()->instance, e)) != NULL
	    && ensure_recorded(z, r, repo, e)
	    && ensure_ttl(z, e)
	    && ensure_moment(z, r, repo, e);
	if (ok)
		tell_moment(z, r);
	dnsrecord_close(r);
	repo_close(repo);
	zones_close(z);
	return ok;
}

const struct step step_set_dns_ttl = {
	.name = "set-dns-ttl",
	.about = "Set how long resolvers may remember the site's addresses",
	.icon = "clock",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
