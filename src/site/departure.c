/*
 * departure - see departure.h.
 */
#include "site/departure.h"

#include <string.h>
#include <time.h>

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "api/repo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "site/caa.h"
#include "site/followers.h"
#include "site/gonogo.h"
#include "site/manifest.h"
#include "site/move.h"
#include "site/passage.h"
#include "site/ttl.h"
#include "site/zones.h"

enum {
	LOOK_SECONDS = 15,	/* one look at the world */
	LONG_WAIT = 60,		/* s after which all is looked at again */
	HOUR = 3600,
	OLD_BACKUP = 24 * HOUR,
	WORDS_MAX = 2000,
};

static struct {
	const char *from, *until, *issuer;
	long low;
	bool wait, tls_gap;
} in;

static bool
check_date(const char *text, struct err *e)
{
	return clock_parse(text) > 0 || err_set(e, ERR_INPUT, "\"%s\" is not "
	    "a moment in UTC, such as 2026-11-28T22:00:00Z", text);
}

static bool
check_window(bool optional, struct err *e)
{
	(void)optional;
	if ((in.from == NULL) != (in.until == NULL))
		return err_set(e, ERR_INPUT, "window: give both, its "
		    "beginning and its end");
	return in.from == NULL
	    || clock_parse(in.from) < clock_parse(in.until)
	    || err_set(e, ERR_INPUT, "window: it ends at %s, before it "
		"begins at %s", in.until, in.from);
}

static const struct input window_rows[] = {
	{ .name = "window-from", .str = &in.from, .plan = "window.from",
	  .optional = true, .check = check_date,
	  .help = "Moment before which nothing is switched, in UTC: "
	    "2026-11-28T22:00:00Z" },
	{ .name = "window-until", .str = &in.until, .plan = "window.until",
	  .optional = true, .check = check_date,
	  .help = "Moment from which on nothing is switched any more" },
	{ 0 }
};

const struct input departure_inputs[] = {
	{ .name = "low-ttl", .num = &in.low, .min = 1, .max = 86400,
	  .dflt = "300", .plan = "dns.low-ttl",
	  .help = "Highest TTL that the records may have now, in seconds" },
	{ .name = "wait", .flag = &in.wait, .dflt = "false",
	  .help = "Wait until caches let go of the old TTL, instead of "
	    "refusing" },
	{ .rows = window_rows, .together = check_window },
	{ .name = "accept-tls-gap", .flag = &in.tls_gap, .dflt = "false",
	  .help = "Switch although browsers will refuse a host until it has "
	    "a valid certificate" },
	{ .name = "issuer", .str = &in.issuer, .plan = "dns.issuer",
	  .dflt = "letsencrypt.org", .check = text_check_host,
	  .help = "Who issues the new side's certificates, as CAA records "
	    "name it" },
	{ 0 }
};

long
departure_low_ttl(void)
{
	return in.low;
}

/* What the looks share. */
struct look {
	struct passage *way;
	const struct move *move;
	struct gonogo *table;
	time_t go;		/* when the change can be, at the earliest */
};

/* From when on caches hold the low TTL at most. */
static bool
look_at_ttl(struct look *l, struct err *e)
{
	struct buf date = buf_new(64);
	struct err high = { 0 };
	bool guessed = false, ok = true;
	time_t from;

	if (!ttl_find_moment(l->way->zones, l->way->record, in.low, &from,
	    &guessed, &high)) {
		gonogo_add(l->table, GONOGO_NO, "TTL", "%s", high.text);
		return true;
	}
	clock_date(&date, from);
	if (guessed && !step_common()->dry_run)
		ok = dnsrecord_save(l->way->record, l->way->repo, e);
	if (from <= time(NULL))
		gonogo_add(l->table, GONOGO_GO, "TTL", "caches hold an answer "
		    "for at most %ld s", in.low);
	else if (in.wait)
		gonogo_add(l->table, GONOGO_NOTE, "TTL", "caches may hold "
		    "the old TTL until %s: that is waited for%s",
		    buf_str(&date), guessed ? "; nothing is recorded of when "
		    "it was lowered" : "");
	else
		gonogo_add(l->table, GONOGO_NO, "TTL", "caches may still "
		    "hold the old TTL, until %s: run it again then, or with "
		    "wait: true", buf_str(&date));
	if (from > l->go)
		l->go = from;
	buf_free(&date);
	return ok;
}

static void
look_at_window(struct look *l)
{
	struct buf date = buf_new(64);

	clock_date(&date, l->go);
	if (in.from == NULL)
		gonogo_add(l->table, GONOGO_GO, "window", "the plan sets "
		    "none");
	else if (l->go < clock_parse(in.from)
	    || l->go >= clock_parse(in.until))
		gonogo_add(l->table, GONOGO_NO, "window", "the change could "
		    "be made at %s; the window is from %s until %s",
		    buf_str(&date), in.from, in.until);
	else
		gonogo_add(l->table, GONOGO_GO, "window", "until %s",
		    in.until);
	buf_free(&date);
}

/* A name server that is down now would only be noticed after the change; a
 * resolver that tells another story leads its visitors elsewhere. */
static void
look_at_servers(struct look *l)
{
	const struct move *m = l->move;
	size_t servers = 0;
	struct err why;

	for (size_t i = 0; i < l->way->zones->n; i++)
		servers += l->way->zones->v[i].servers;
	if (!zones_await(l->way->zones, m->from, m->n,
	    clock_deadline(LOOK_SECONDS), &why))
		gonogo_add(l->table, GONOGO_NO, "name servers", "they do not "
		    "agree on what is there now: %s", why.text);
	else
		gonogo_add(l->table, GONOGO_GO, "name servers", "all %zu "
		    "give what is to be replaced", servers);
	if (!passage_check_resolvers(l->way, m->from, m->n,
	    clock_deadline(LOOK_SECONDS), &why))
		gonogo_add(l->table, GONOGO_NO, "resolvers", "they give other "
		    "answers than the zone, so a change there would not "
		    "reach their visitors: %s", why.text);
	else
		gonogo_add(l->table, GONOGO_GO, "resolvers", "they give what "
		    "the zone has");
}

/* A resolver that was asked for a name before it has a record holds that it
 * does not exist, or what a wildcard said, for as long as the zone allows:
 * no wait shorter than that can end well. */
static void
look_at_new_name(struct look *l, const struct zone_host *h)
{
	const struct zones *z = l->way->zones;
	const char *host = h->host->name;
	struct dns_question q = { .server = h->zone->server[0],
		.name = host, .type = "A" };
	struct dns_answer a;
	bool wild;

	resolve_ask(z->resolve, z->pool, &q, &a, 1,
	    clock_deadline(LOOK_SECONDS));
	wild = a.found == DNS_ANSWER || a.found == DNS_ALIAS;
	if (!wild && a.found != DNS_NXDOMAIN && a.found != DNS_NODATA)
		gonogo_add(l->table, GONOGO_NO, "new name", "%s: %s", host,
		    a.why);
	else if (a.keep > l->way->timeout)
		gonogo_add(l->table, GONOGO_NO, "new name", "%s is new, and "
		    "resolvers may hold for %ld s %s, longer than the "
		    "timeout of %ld s: give a longer one, or make its record "
		    "that long before", host, a.keep, wild ? "what a "
		    "wildcard says" : "that it does not exist",
		    l->way->timeout);
	else
		gonogo_add(l->table, GONOGO_NOTE, "new name", "%s has no "
		    "record of its own%s; resolvers may hold that for %ld s",
		    host, wild ? ": a wildcard answers for it" : "", a.keep);
}

static void
look_at_new_names(struct look *l)
{
	const struct zones *z = l->way->zones;

	for (size_t i = 0; i < z->hosts.n; i++)
		if (z->host[i].n == 0)
			look_at_new_name(l, &z->host[i]);
}

/* Every host must be the right application at the new address already. */
static void
look_at_new_side(struct look *l)
{
	struct err lacking;

	if (passage_check_hosts(l->way, l->move->to, l->move->n, false,
	    &lacking)) {
		gonogo_add(l->table, GONOGO_GO, "new side", "every host "
		    "answers there as the right application");
		return;
	}
	gonogo_add(l->table, GONOGO_NO, "new side", "the new side is not "
	    "ready: %s", lacking.text);
	if (step_common()->dry_run)
		step_follows("the new side with the final hosts",
		    "deploy-app");
}

/* Has the old side told browsers to refuse a bad certificate, or does a proxy
 * stand there that does? */
static bool
is_strict(const struct look *l, const char *host, const char **why)
{
	const struct move *m = l->move;

	*why = "its record is proxied";
	for (size_t i = 0; i < m->n; i++)
		if (text_same(m->from[i].name, host)
		    && m->from[i].kind == DNSHOST_PROXIED)
			return true;
	*why = "the old side sends HSTS";
	return passage_has_hsts(l->way, m->from, m->n, host);
}

static void
look_at_certificates(struct look *l)
{
	const struct zones *z = l->way->zones;
	struct buf late = buf_new(WORDS_MAX), caa = buf_new(WORDS_MAX);
	size_t n = 0, strict = 0;

	for (size_t i = 0; i < z->hosts.n; i++) {
		const char *host = z->hosts.v[i].name, *why;

		if (!caa_allows(z->resolve, z->pool, l->way->resolver[0],
		    host, in.issuer, clock_deadline(LOOK_SECONDS), &why))
			buf_printf(&caa, "%s%s: %s", caa.len > 0 ? "; " : "",
			    host, why);
		if (passage_has_certificate(l->way, l->move->to, l->move->n,
		    host))
			continue;
		n++;
		if (is_strict(l, host, &why)) {
			strict++;
			buf_printf(&late, "%s (%s); ", host, why);
		} else {
			buf_printf(&late, "%s; ", host);
		}
	}
	gonogo_add(l->table, n == 0 ? GONOGO_GO : strict > 0 && !in.tls_gap
	    ? GONOGO_NO : GONOGO_NOTE, "certificates", n == 0 ? "every host "
	    "has a valid one on the new side%s%s" : "no valid one yet for "
	    "%sbrowsers refuse them until it is issued, once DNS leads "
	    "there%s", buf_str(&late), strict > 0 && !in.tls_gap ? ": copy "
	    "the old side's, or accept-tls-gap: true" : "");
	gonogo_add(l->table, caa.len == 0 ? GONOGO_GO : n > 0 ? GONOGO_NO
	    : GONOGO_NOTE, "CAA", caa.len == 0 ? "%s may issue%s" : "%s may "
	    "not issue: %s", in.issuer, buf_str(&caa));
	buf_free(&late);
	buf_free(&caa);
}

/* Sets that go, because the new side has nothing of their kind. */
static void
look_at_what_goes(struct look *l)
{
	const struct zones *z = l->way->zones;
	const struct move *m = l->move;

	for (size_t i = 0; i < m->n; i++) {
		const char *was = dns_set_words(z->pool, &m->from[i]), *gap;

		if (m->from[i].n == 0 || m->to[i].n > 0)
			continue;
		gap = zone_gap(zones_of(z, m->from[i].name));
		if (text_same(m->from[i].type, "AAAA"))
			gonogo_add(l->table, GONOGO_NOTE, "IPv6", "%s: %s "
			    "goes in the same change, the new side has no "
			    "IPv6 address", m->from[i].name, was);
		else
			gonogo_add(l->table, GONOGO_NOTE, "other type",
			    "%s: %s gives way to an address in the same "
			    "change%s%s", m->from[i].name, was, gap != NULL
			    ? ". " : "", gap != NULL ? gap : "");
	}
}

static void
look_at_followers(struct look *l)
{
	const struct zones *z = l->way->zones;
	const char *who = followers_find(z->resolve, z->pool,
	    l->way->resolver[0], &z->hosts, clock_deadline(LOOK_SECONDS));

	if (who[0] == '\0')
		gonogo_add(l->table, GONOGO_GO, "who else moves", "no other "
		    "instance of this repository follows these names");
	else
		gonogo_add(l->table, GONOGO_NOTE, "who else moves", "by a "
		    "CNAME also %s", who);
}

/* The step check-backup is the one that refuses. */
static void
look_at_backup(struct look *l)
{
	struct buf words = buf_new(WORDS_MAX);
	long oldest = 0;

	for (size_t i = 0; manifest_stores[i] != NULL; i++) {
		struct pool *p = l->way->zones->pool;
		struct err ignored = { 0 };
		struct json *j = repo_record_load(l->way->repo,
		    step_common()->instance, pool_printf(p, "backup-%s",
		    manifest_stores[i]), &ignored);
		const char *began = json_str(j, "started");
		long age = began != NULL ? (long)(time(NULL)
		    - clock_parse(began)) : 0;

		if (began != NULL)
			buf_printf(&words, "%s%s %ld h old", words.len > 0
			    ? ", " : "", manifest_stores[i], age / HOUR);
		if (age > oldest)
			oldest = age;
		json_free(j);
	}
	gonogo_add(l->table, words.len == 0 || oldest > OLD_BACKUP
	    ? GONOGO_NOTE : GONOGO_GO, "backup", "%s", words.len == 0
	    ? "none is recorded" : buf_str(&words));
	buf_free(&words);
}

static bool
look(struct look *l, struct err *e)
{
	bool ok = look_at_ttl(l, e);

	if (!ok)
		return false;
	look_at_window(l);
	look_at_servers(l);
	look_at_new_names(l);
	look_at_new_side(l);
	look_at_certificates(l);
	look_at_what_goes(l);
	look_at_followers(l);
	look_at_backup(l);
	gonogo_add(l->table, GONOGO_NOTE, "visitors", "all are logged out: "
	    "each side keeps its own sessions; the page that somebody is "
	    "filling in may be lost");
	return true;
}

bool
departure_await(struct passage *w, const struct move *m, struct err *e)
{
	struct look l = { .way = w, .move = m, .go = time(NULL) };
	struct err why = { 0 };
	long wait;
	bool ok;

	l.table = gonogo_new();
	ok = look(&l, e);
	if (ok && !gonogo_tell(l.table, &why)) {
		if (step_common()->dry_run)
			log_warn("no go yet: %s", why.text);
		else
			*e = why;
		ok = step_common()->dry_run;
	}
	gonogo_free(l.table);
	wait = (long)(l.go - time(NULL));
	if (!ok || step_common()->dry_run || wait <= 0)
		return ok;
	log_info("waiting for %ld s", wait);
	clock_pause(wait * 1000);
	return wait < LONG_WAIT || departure_await(w, m, e);
}
