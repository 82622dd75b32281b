/*
 * restore-dns - lead the visitors back to the old side, later.
 *
 * Guide: "DNS changes", item 3, undone. The record sets that switch-dns
 * replaced are put back as the record has them, zone by zone, once the old
 * side is seen to answer for every host as the right application with a good
 * certificate. Sets that somebody changed since the switch are refused, not
 * guessed at. Name servers, resolvers and the old side are awaited, and what
 * visitors feel is measured, as for the switch; there is no way back from
 * here but switch-dns.
 *
 * Visitors whose resolver keeps the new address come up to one TTL later:
 * the new side must go on running until then. Run it as often as you like; a
 * run that was killed is completed.
 */
#include <time.h>

#include "api/dnshost.h"
#include "api/dnsrecord.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "site/move.h"
#include "site/outage.h"
#include "site/passage.h"
#include "site/zones.h"
#include "step/step.h"

enum {
	LOOK_SECONDS = 15,	/* one look at the name servers */
	DATE_MAX = 32,
};

static struct {
	bool tls_gap;
} in;

static const struct input inputs[] = {
	{ .rows = passage_inputs },
	{ .name = "accept-tls-gap", .flag = &in.tls_gap, .dflt = "false",
	  .help = "Go back even where the old side has no valid certificate "
	    "yet" },
	{ 0 }
};

static const struct output outputs[] = {
	PASSAGE_OUTPUTS,
	{ .name = "restored",
	  .help = "true if all hosts lead to the old side" },
	{ .name = "cached-until",
	  .help = "Moment until which resolvers may still lead to the new "
	    "side" },
	{ 0 }
};

/* What run() works with. */
struct work {
	struct passage way;
	struct move move;
	long ttl;		/* highest that caches may hold */
};

/* The old side must be there for visitors before they come. */
static bool
check_old_side(struct work *w, struct err *e)
{
	return passage_check_hosts(&w->way, w->move.to, w->move.n,
	    !in.tls_gap, e)
	    || err_within(e, "nothing was changed, the old side is not "
		"ready for visitors");
}

static bool
check_servers(struct work *w, struct err *e)
{
	return zones_await(w->way.zones, w->move.from, w->move.n,
	    clock_deadline(LOOK_SECONDS), e)
	    || err_within(e, "nothing was changed, the name servers do not "
		"agree on what is there now");
}

/* How long answers of before may live; a later switch must know, too. */
static void
note_ttl(struct work *w)
{
	const struct move *m = &w->move;

	for (size_t i = 0; i < m->n; i++) {
		if (m->from[i].n > 0 && m->from[i].ttl > w->ttl)
			w->ttl = m->from[i].ttl;
		if (m->from[i].n > 0 && m->to[i].n > 0
		    && m->from[i].ttl > m->to[i].ttl)
			dnsrecord_start_ttl(w->way.record, m->to[i].name,
			    m->from[i].ttl, m->to[i].ttl);
	}
}

static void
note_done(struct work *w)
{
	const struct move *m = &w->move;
	time_t now = time(NULL) + 1;	/* never too early */
	struct dnsrecord_ttl t;

	for (size_t i = 0; i < m->n; i++)
		if (dnsrecord_ttl(w->way.record, m->to[i].name, &t)
		    && t.since == 0)
			dnsrecord_done_ttl(w->way.record, m->to[i].name, now);
	dnsrecord_undone_switch(w->way.record, now);
}

static void
tell_caches(const struct work *w, time_t changed)
{
	struct buf date = buf_new(DATE_MAX);

	clock_date(&date, changed + w->ttl);
	step_output("cached-until", "%s", buf_str(&date));
	step_summary("Resolvers may lead to the new side until %s: keep it "
	    "running until then.\n", buf_str(&date));
	log_info("resolvers may lead to the new side until %s",
	    buf_str(&date));
	buf_free(&date);
}

/* Resolvers have the TTL of before to follow, and the timeout on top. */
static bool
replace_and_await(struct work *w, struct err *e)
{
	const struct move *m = &w->move;

	if (!zones_replace(w->way.zones, m->from, m->to, m->n, e))
		return false;
	log_info("the old records are put back");
	tell_caches(w, time(NULL) + 1);
	return passage_await(&w->way, m->to, m->n,
	    clock_deadline(w->ttl + w->way.timeout), e);
}

static bool
change(struct work *w, struct err *e)
{
	struct outage *o = passage_measure(&w->way, w->move.v4, e);
	bool ok;

	if (o == NULL)
		return false;
	ok = replace_and_await(w, e);
	passage_tell_outage(o);
	return ok;
}

static bool
ensure_restored(struct work *w, struct err *e)
{
	if (!check_old_side(w, e) || !check_servers(w, e))
		return false;
	passage_tell_changes(&w->way, &w->move);
	if (step_common()->dry_run)
		return true;
	note_ttl(w);
	dnsrecord_undo_switch(w->way.record);
	if (!dnsrecord_save(w->way.record, w->way.repo, e) || !change(w, e))
		return false;
	note_done(w);
	return dnsrecord_save(w->way.record, w->way.repo, e);
}

/* The records are as they were before the switch: does all hold? */
static bool
ensure_arrived(struct work *w, struct err *e)
{
	passage_tell_changes(&w->way, &w->move);
	if (step_common()->dry_run)
		return true;
	if (!passage_await(&w->way, w->move.to, w->move.n,
	    clock_deadline(w->way.timeout), e))
		return false;
	if (dnsrecord_is_undone(w->way.record))
		return true;
	dnsrecord_undo_switch(w->way.record);
	note_done(w);
	return dnsrecord_save(w->way.record, w->way.repo, e);
}

static bool
run(struct err *e)
{
	struct work w = { 0 };
	bool ok = passage_open(&w.way, e)
	    && move_find_back(w.way.zones, w.way.record, &w.move, e)
	    && (w.move.differ > 0 ? ensure_restored(&w, e)
	    : ensure_arrived(&w, e));

	step_output("restored", "%s", ok && (w.move.differ == 0
	    || !step_common()->dry_run) ? "true" : "false");
	passage_close(&w.way);
	return ok;
}

const struct step step_restore_dns = {
	.name = "restore-dns",
	.about = "Lead the visitors back to the old side, as the record has "
	    "it",
	.icon = "rotate-ccw",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
