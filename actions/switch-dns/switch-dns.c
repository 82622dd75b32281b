/*
 * switch-dns - lead the visitors to the new side.
 *
 * Guide: "DNS changes", item 3. Nothing moves before caches can hold the old
 * answer for the low TTL only, and before every host answers at the new
 * address as the right application. Then all record sets are changed in one
 * batch; name servers, resolvers, certificates and applications are awaited
 * in this order, and what visitors feel is measured all the time. If not all
 * is good at the deadline, the old sets are put back, and that is awaited
 * too. What is replaced is committed before the change, for rollback.
 *
 * Run it as often as you like: records that lead to the new side already are
 * left alone, and a run that was killed is completed.
 */
#include <string.h>
#include <time.h>

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "api/repo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "step/step.h"
#include "site/arrival.h"
#include "site/checkout.h"
#include "site/hosts.h"
#include "site/move.h"
#include "site/outage.h"
#include "site/ttl.h"
#include "site/zone.h"

enum {
	LOOK_SECONDS = 15,	/* one look at the new side */
	TEXT_MAX = 64 * 1024,
};

static struct {
	const char *address, *old_address, *resolvers, *on_failure;
	long low, timeout, good;
	bool wait;
} in;

/* Most visitors have IPv4 only. */
static bool
check_new_address(const char *list, struct err *e)
{
	struct pool *p = pool_new();
	const char **v = text_split(p, list, NULL);
	bool four = false, ok = text_check_ips(list, e);

	for (size_t i = 0; v[i] != NULL; i++)
		four = four || strchr(v[i], ':') == NULL;
	pool_free(p);
	return ok && (four || err_set(e, ERR_INPUT, "no IPv4 address is "
	    "among them: most visitors have nothing else"));
}

static const char *const failures[] = { "restore", "keep", NULL };

static const struct input inputs[] = {
	{ .rows = zone_inputs },
	{ .name = "new-address", .str = &in.address, .plan = "new.address",
	  .list = true, .check = check_new_address,
	  .help = "IP addresses of the new ingress" },
	{ .name = "old-address", .str = &in.old_address,
	  .plan = "old.address", .list = true, .optional = true,
	  .check = text_check_ips,
	  .help = "IP addresses of the old ingress, to prove a way back" },
	{ .name = "low-ttl", .num = &in.low, .min = 1, .max = 86400,
	  .dflt = "300", .plan = "dns.low-ttl",
	  .help = "Highest TTL that the records may have now, in seconds" },
	{ .name = "resolvers", .str = &in.resolvers,
	  .plan = "dns.resolvers", .list = true, .optional = true,
	  .check = text_check_servers,
	  .help = "Name servers that visitors use, to be awaited; the "
	    "runner's own if empty" },
	{ .name = "wait", .flag = &in.wait, .dflt = "false",
	  .help = "Wait until caches let go of the old TTL, instead of "
	    "refusing" },
	{ .name = "good", .num = &in.good, .min = 1, .max = 100,
	  .dflt = "3", .help = "Good answers in a row that are asked for" },
	{ .name = "timeout", .num = &in.timeout, .min = 5, .max = 14400,
	  .dflt = "900",
	  .help = "Seconds from the change until all must be good" },
	{ .name = "on-failure", .str = &in.on_failure, .oneof = failures,
	  .dflt = "restore",
	  .help = "If it is not: restore the old records, or keep the new" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "outage-seconds",
	  .help = "Seconds that the worst host was down for a visitor" },
	{ .name = "outages",
	  .help = "The same for each host, one host=seconds a line" },
	{ .name = "switched",
	  .help = "true if all hosts lead to the new side" },
	{ 0 }
};

/* What run() works with. */
struct work {
	struct zone *zone;
	struct tls *tls;
	struct repo *repo;
	struct dnsrecord *record;
	struct resolve *resolvers;
	struct move move;
	struct arrival arrival;
};

static bool
open_work(struct work *w, struct err *e)
{
	const struct step_common *c = step_common();
	size_t n4, n;
	const char **addresses = move_addresses(c->pool, in.address, &n4, &n);

	w->zone = zone_open(e);
	w->tls = w->zone != NULL ? tls_open(c->ca_file, e) : NULL;
	w->resolvers = w->tls != NULL ? resolve_open(in.resolvers != NULL
	    ? in.resolvers : c->dns_servers, e) : NULL;
	if (w->resolvers == NULL)
		return false;
	w->arrival = (struct arrival){ .zone = w->zone, .tls = w->tls,
		.address = addresses, .addresses = n,
		.times = (int)in.good };
	w->arrival.resolver = resolve_servers(w->resolvers,
	    &w->arrival.resolvers);
	w->repo = checkout_open(e);
	w->record = w->repo != NULL ? dnsrecord_load(w->repo, c->instance, e)
	    : NULL;
	if (w->record == NULL)
		return false;
	move_find(w->zone, in.address, in.low, &w->move);
	return true;
}

static void
close_work(struct work *w)
{
	dnsrecord_close(w->record);
	repo_close(w->repo);
	resolve_close(w->resolvers);
	tls_close(w->tls);
	zone_close(w->zone);
}

static void
tell_changes(const struct work *w)
{
	struct pool *p = step_common()->pool;

	for (size_t i = 0; i < w->move.n; i++) {
		const struct dns_set *from = &w->move.from[i];
		const struct dns_set *to = &w->move.to[i];

		if (dns_set_same(from, to))
			step_same(to->name, dns_set_words(p, to));
		else
			step_change(to->name, from->n > 0
			    ? dns_set_words(p, from) : NULL,
			    dns_set_words(p, to));
	}
}

/* Wait, or refuse, until caches hold nothing for longer than the low TTL. */
static bool
await_low_ttl(struct work *w, struct err *e)
{
	struct buf date = buf_new(64);
	bool guessed, ok = true;
	time_t from;

	if (!ttl_find_moment(w->zone, w->record, in.low, &from, &guessed, e))
		return false;
	clock_date(&date, from);
	if (guessed && !step_common()->dry_run)
		ok = dnsrecord_save(w->record, w->repo, e);
	if (ok && from > time(NULL) && (step_common()->dry_run || in.wait))
		log_info("caches may hold the old TTL until %s%s",
		    buf_str(&date), guessed ? ": nothing is recorded of when "
		    "it was lowered" : "");
	if (ok && from > time(NULL) && !step_common()->dry_run) {
		if (in.wait)
			clock_pause((long)(from - time(NULL)) * 1000);
		else
			ok = err_set(e, ERR_OTHER, "caches may still hold "
			    "the old TTL, until %s: run it again then, or "
			    "with wait: true", buf_str(&date));
	}
	buf_free(&date);
	return ok;
}

/* A name server that is down now would only be noticed after the change. */
static bool
check_servers(struct work *w, struct err *e)
{
	return zone_await(w->zone, w->move.from, w->move.n,
	    clock_deadline(LOOK_SECONDS), e)
	    || err_within(e, "nothing was changed, the name servers do not "
		"agree on what is there now");
}

/* A resolver that was asked for a name before it exists says so for as long
 * as the zone allows: no wait shorter than that can end well. */
static bool
check_new_names(const struct work *w, struct err *e)
{
	const struct zone *z = w->zone;

	for (size_t i = 0; i < z->hosts.n; i++) {
		struct dns_question q = { .server = z->server[0],
			.name = z->hosts.v[i].name, .type = "A" };
		struct dns_answer a;

		if (z->host[i].n > 0)
			continue;
		resolve_ask(z->resolve, z->pool, &q, &a, 1,
		    clock_deadline(LOOK_SECONDS));
		if ((a.found == DNS_NXDOMAIN || a.found == DNS_NODATA)
		    && a.keep > in.timeout)
			return err_set(e, ERR_OTHER, "nothing was changed: %s "
			    "is new, and resolvers may hold for %ld s that "
			    "it does not exist, longer than the timeout of "
			    "%ld s: give a longer one, or make its record "
			    "that long before", q.name, a.keep, in.timeout);
	}
	return true;
}

/* Every host must be the right application at the new address already. */
static bool
check_new_side(struct work *w, struct err *e)
{
	struct err lacking;

	w->arrival.deadline = clock_deadline(LOOK_SECONDS);
	if (arrival_check_hosts(&w->arrival, &lacking))
		return true;
	if (step_common()->dry_run) {
		log_info("not ready yet: %s", lacking.text);
		step_follows("the new side with the final hosts",
		    "deploy-app");
		return true;
	}
	*e = lacking;
	return err_within(e, "nothing was changed, the new side is not "
	    "ready");
}

static bool
await_arrival(struct work *w, struct err *e)
{
	w->arrival.deadline = clock_deadline(in.timeout);
	if (!zone_await(w->zone, w->move.to, w->move.n,
	    w->arrival.deadline, e))
		return false;
	log_info("all name servers give the new addresses");
	if (!arrival_await_resolvers(&w->arrival, e))
		return false;
	log_info("the resolvers give the new addresses");
	if (!arrival_await_hosts(&w->arrival, true, e))
		return false;
	log_info("certificates and applications are good on the new side");
	return true;
}

/* Had the host a record before? One that had none has no way back to go. */
static bool
was_there(const struct move *m, const char *host)
{
	bool moved = false, was = false;

	for (size_t i = 0; i < m->n; i++)
		if (text_same(m->from[i].name, host)) {
			moved = true;
			was = was || m->from[i].n > 0;
		}
	return was || !moved;
}

static struct hosts
hosts_before(const struct work *w)
{
	const struct hosts *all = &w->zone->hosts;
	struct host *v = pool_alloc(w->zone->pool, (all->n + 1) * sizeof *v);
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (was_there(&w->move, all->v[i].name))
			v[n++] = all->v[i];
	return (struct hosts){ v, n };
}

/* The old side must serve everyone again. */
static bool
await_old_side(struct work *w, struct err *e)
{
	struct zone before = *w->zone;
	struct arrival old = w->arrival;
	size_t n4;

	old.zone = &before;
	before.hosts = hosts_before(w);
	old.deadline = clock_deadline(in.timeout);
	if (!zone_await(w->zone, w->move.from, w->move.n, old.deadline, e))
		return false;
	if (in.old_address == NULL)
		return true;
	old.address = move_addresses(step_common()->pool, in.old_address,
	    &n4, &old.addresses);
	return (n4 == 0 || arrival_await_resolvers(&old, e))
	    && arrival_await_hosts(&old, true, e);
}

/* Put the old sets back, and see it through. Always false. */
static bool
turn_back(struct work *w, struct err *e)
{
	const struct move *m = &w->move;
	struct err why;

	if (text_same(in.on_failure, "keep"))
		return err_within(e, "the records lead to the new side and "
		    "were kept so, as on-failure says");
	log_warn("%s", e->text);
	log_warn("the old records are put back");
	if (!dnshost_replace(w->zone->company, m->to, m->from, m->n, &why)
	    || !await_old_side(w, &why))
		return err_set(e, ERR_HAND, "the way back failed too: %.900s; "
		    "it was wanted because: %.900s", why.text,
		    pool_strdup(step_common()->pool, e->text));
	return err_within(e, "switched back, and the old side serves again; "
	    "the switch failed");
}

/* Kinds after which it is sure that nothing was written. */
static bool
is_refusal(enum err_kind kind)
{
	return kind == ERR_CONFLICT || kind == ERR_DENIED
	    || kind == ERR_NOT_FOUND || kind == ERR_INPUT;
}

/* The change, and all that must follow; or the way back. */
static bool
replace_and_await(struct work *w, struct err *e)
{
	const struct move *m = &w->move;

	if (!dnshost_replace(w->zone->company, m->from, m->to, m->n, e))
		return is_refusal(e->kind)
		    ? err_within(e, "nothing was changed") : turn_back(w, e);
	log_info("the records are changed");
	return await_arrival(w, e) || turn_back(w, e);
}

static void
tell_outage(const struct outage_report *r)
{
	struct buf text = buf_new(TEXT_MAX), lines = buf_new(TEXT_MAX);

	buf_puts(&text, "| host | seconds down |\n| --- | --- |\n");
	for (size_t i = 0; i < r->n; i++) {
		const struct outage_host *h = &r->host[i];

		buf_printf(&text, "| %s | %.1f |\n", h->name, h->seconds);
		buf_printf(&lines, "%s%s=%.1f", i > 0 ? "\n" : "", h->name,
		    h->seconds);
		log_info("%s: down for %.1f s of %.1f s (%zu visits)",
		    h->name, h->seconds, (double)r->ms / 1000.0, h->visits);
	}
	buf_putc(&text, '\n');
	outage_timeline(&text, r);
	step_summary("%s", buf_str(&text));
	step_output("outage-seconds", "%.1f", r->worst);
	step_output("outages", "%s", buf_str(&lines));
	buf_free(&text);
	buf_free(&lines);
}

/* The change itself, measured from before to after. */
static bool
change(struct work *w, struct err *e)
{
	struct outage_report report;
	struct outage *o = outage_begin(&(struct outage_start){
		.hosts = &w->zone->hosts, .resolver = w->arrival.resolver[0],
		.ca_file = step_common()->ca_file,
		.new_address = w->arrival.address,
		.addresses = w->arrival.addresses }, e);
	bool ok;

	if (o == NULL)
		return false;
	ok = replace_and_await(w, e);
	outage_end(o, step_common()->pool, &report);
	tell_outage(&report);
	if (!ok)
		return false;
	dnsrecord_done_switch(w->record, time(NULL));
	return dnsrecord_save(w->record, w->repo, e);
}

/* First what is replaced, into the record; then the change. Once it has
 * begun, a killed run is completed without asking again. */
static bool
ensure_switched(struct work *w, struct err *e)
{
	if (w->move.differ > 0 && (!await_low_ttl(w, e)
	    || !check_servers(w, e) || !check_new_names(w, e)
	    || !check_new_side(w, e)))
		return false;
	tell_changes(w);
	if (step_common()->dry_run)
		return true;
	move_remember(w->zone, &w->move, w->record);
	return dnsrecord_save(w->record, w->repo, e) && change(w, e);
}

/* The records are as wanted, and it was done: is the rest still so? */
static bool
ensure_arrived(struct work *w, struct err *e)
{
	tell_changes(w);
	return step_common()->dry_run || await_arrival(w, e);
}

static bool
run(struct err *e)
{
	struct work w = { 0 };
	bool ok = open_work(&w, e)
	    && (w.move.differ > 0 || dnsrecord_in_switch(w.record)
	    ? ensure_switched(&w, e) : ensure_arrived(&w, e));

	step_output("switched", "%s", ok && (w.move.differ == 0
	    || !step_common()->dry_run) ? "true" : "false");
	close_work(&w);
	return ok;
}

const struct step step_switch_dns = {
	.name = "switch-dns",
	.about = "Lead the visitors to the new side, and measure it",
	.icon = "shuffle",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
