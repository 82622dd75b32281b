/*
 * switch-dns - lead the visitors to the new side.
 *
 * Guide: "DNS changes", item 3. Nothing moves outside the plan's window,
 * before caches can hold the old answer for the low TTL only, and before
 * every host answers at the new address as the right application: a go or
 * no-go table (departure.h) says what was looked at. Then all record sets
 * are changed, in one batch for each zone; name servers, resolvers,
 * certificates and applications are awaited in this order, and what visitors
 * feel is measured all the time. If not all is good at the deadline, or a
 * zone can't be changed after another was, the old sets are put back, and
 * that is awaited too. What is replaced is committed before the change, for
 * restore-dns.
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
#include "step/step.h"
#include "site/departure.h"
#include "site/move.h"
#include "site/outage.h"
#include "site/passage.h"
#include "site/zones.h"

static struct {
	const char *address, *on_failure;
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
	{ .rows = passage_inputs },
	{ .name = "new-address", .str = &in.address, .plan = "new.address",
	  .list = true, .check = check_new_address,
	  .help = "IP addresses of the new ingress" },
	{ .rows = departure_inputs },
	{ .name = "on-failure", .str = &in.on_failure, .oneof = failures,
	  .dflt = "restore",
	  .help = "If it is not: restore the old records, or keep the new" },
	{ 0 }
};

static const struct output outputs[] = {
	PASSAGE_OUTPUTS,
	{ .name = "switched",
	  .help = "true if all hosts lead to the new side" },
	{ 0 }
};

/* What run() works with. */
struct work {
	struct passage way;
	struct move move;
};

static bool
await_sets(struct work *w, const struct dns_set *set, struct err *e)
{
	return passage_await(&w->way, set, w->move.n,
	    clock_deadline(w->way.timeout), e);
}

/* Put the old sets back, and see it through. Always false. */
static bool
turn_back(struct work *w, struct err *e)
{
	const struct move *m = &w->move;
	struct err why;

	if (text_same(in.on_failure, "keep"))
		return err_within(e, "the records that lead to the new side "
		    "were kept so, as on-failure says");
	log_warn("%s", e->text);
	log_warn("the old records are put back");
	if (!zones_put_back(w->way.zones, m->to, m->from, m->n, &why)
	    || !await_sets(w, m->from, &why))
		return err_set(e, ERR_HAND, "the way back failed too: %.900s; "
		    "it was wanted because: %.900s", why.text,
		    pool_strdup(step_common()->pool, e->text));
	return err_within(e, "switched back, and the old side serves again; "
	    "the switch failed");
}

/* The change, and all that must follow; or the way back. */
static bool
replace_and_await(struct work *w, struct err *e)
{
	const struct move *m = &w->move;

	if (!zones_replace(w->way.zones, m->from, m->to, m->n, e))
		return w->way.zones->touched ? turn_back(w, e)
		    : err_within(e, "nothing was changed");
	log_info("the records are changed");
	return await_sets(w, m->to, e) || turn_back(w, e);
}

/* The change itself, measured from before to after. */
static bool
change(struct work *w, struct err *e)
{
	struct outage *o = passage_measure(&w->way, w->move.v4, e);
	bool ok;

	if (o == NULL)
		return false;
	ok = replace_and_await(w, e);
	passage_tell_outage(o);
	if (!ok)
		return false;
	dnsrecord_done_switch(w->way.record, time(NULL));
	return dnsrecord_save(w->way.record, w->way.repo, e);
}

/* First what is replaced, into the record; then the change. Once it has
 * begun, a killed run is completed without asking again. */
static bool
ensure_switched(struct work *w, struct err *e)
{
	if (w->move.differ > 0 && !departure_await(&w->way, &w->move, e))
		return false;
	passage_tell_changes(&w->way, &w->move);
	if (step_common()->dry_run)
		return true;
	move_remember(w->way.zones, &w->move, w->way.record);
	return dnsrecord_save(w->way.record, w->way.repo, e) && change(w, e);
}

/* The records are as wanted, and it was done: is the rest still so? */
static bool
ensure_arrived(struct work *w, struct err *e)
{
	passage_tell_changes(&w->way, &w->move);
	return step_common()->dry_run || await_sets(w, w->move.to, e);
}

static bool
open_and_find(struct work *w, struct err *e)
{
	if (!passage_open(&w->way, e))
		return false;
	move_find(w->way.zones, in.address, departure_low_ttl(),
	    &w->move);
	return true;
}

static bool
run(struct err *e)
{
	struct work w = { 0 };
	bool ok = open_and_find(&w, e)
	    && (w.move.differ > 0 || dnsrecord_in_switch(w.way.record)
	    ? ensure_switched(&w, e) : ensure_arrived(&w, e));

	step_output("switched", "%s", ok && (w.move.differ == 0
	    || !step_common()->dry_run) ? "true" : "false");
	passage_close(&w.way);
	return ok;
}

const struct step step_switch_dns = {
	.name = "switch-dns",
	.about = "Lead the visitors to the new side, and measure it",
	.icon = "shuffle",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
