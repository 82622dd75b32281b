/*
 * snapshot-instance - write down what the healthy old site is like.
 *
 * For the guide's "check that the new instance looks as expected": as what?
 * Once the names lead to the new side nobody can see the old one any more. So
 * before anything is connected, what visitors see of it goes into the record
 * (snapshot.json): title, files and settings of its pages, its catalogue,
 * certificates, name sets; and, with a login to the old cluster, what its
 * Deployments run. verify-instance compares with that. A site that is not
 * well is no measure: then it fails. Run it as often as you like: a snapshot
 * that is there stays, unless a new one is asked for.
 */
#include <time.h>

#include "api/repo.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/checkout.h"
#include "site/cluster.h"
#include "site/hosts.h"
#include "step/step.h"
#include "verify/verify.h"

enum { LOOK_SECONDS = 60, NAMES_MAX = 1000 };

static const char RECORD[] = "snapshot";

static struct {
	const char *hosts, *old_address;
	bool renew;
} in;

static const struct input inputs[] = {
	{ .name = "hosts", .str = &in.hosts, .optional = true,
	  .check = hosts_check, .places = hosts_places,
	  .help = "Final hosts, as kind=name; those of the plan if empty" },
	{ .name = "old-address", .str = &in.old_address,
	  .plan = "old.address", .list = true, .check = text_check_ips,
	  .help = "IP addresses of the old ingress" },
	{ .name = "renew", .flag = &in.renew, .dflt = "false",
	  .help = "Take a new one where there is one, as long as visitors "
	    "are led to the old side" },
	{ .rows = cluster_old_inputs, .together = cluster_check_old,
	  .optional = true },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "taken", .help = "When the snapshot in the record was "
	    "taken" },
	{ 0 }
};

/* Is the old site well, and do the names lead to it? */
static bool
check_healthy(const struct records *r, struct err *e)
{
	struct buf names = buf_new(NAMES_MAX);

	for (size_t i = 0; i < r->n; i++)
		if (record_is_bad(&r->v[i]))
			buf_printf(&names, "%s%s: %s", names.len > 0 ? "; "
			    : "", r->v[i].check, r->v[i].found);
	if (!records_good(r))
		err_set(e, ERR_OTHER, "the old site is not well, so it is no "
		    "measure: %s", names.len > 0 ? buf_str(&names)
		    : "nothing could be seen");
	buf_free(&names);
	return records_good(r);
}

static struct json *
look(struct err *e)
{
	static const char *const checks[] = { "dns-authorities",
		"certificate-old", "heartbeat-old", NULL };
	const struct step_common *c = step_common();
	const struct verify_net net = { .ca_file = c->ca_file,
		.dns_servers = c->dns_servers };
	struct subject s = { .instance = c->instance,
		.workspace = c->workspace, .phase = PHASE_CONFIGURE,
		.before = true, .checks = checks, .taking = true,
		.clusters = true,
		.old_address = text_split(c->pool, in.old_address, NULL) };
	struct records r = { 0 };

	if (!hosts_find(c->pool, in.hosts, &s.final, e))
		return NULL;
	s.zone = hosts_zones(c->pool, &s.final);
	if (!verify_gather(c->pool, &net, &s, 1, NULL,
		clock_deadline(LOOK_SECONDS), e)
	    || !verify_judge(c->pool, &s, 1, c->temp, &r, e)
	    || !check_healthy(&r, e))
		return NULL;
	return verify_snapshot(c->pool, &s, time(NULL), e);
}

static void
tell(const struct json *snapshot)
{
	step_output("taken", "%s", json_str(snapshot, "taken"));
	log_info("%d things that visitors see, %d certificates, %d name "
	    "sets, %d Deployments", json_len(json_get(snapshot, "site")),
	    json_len(json_get(snapshot, "certificates")),
	    json_len(json_get(snapshot, "names")),
	    json_len(json_get(snapshot, "deployments")));
}

static bool
take(struct repo *repo, const struct json *was, struct err *e)
{
	const struct step_common *c = step_common();
	struct json *now = look(e);
	bool ok = now != NULL;

	if (ok)
		step_change("snapshot of the old site", json_str(was,
		    "taken"), json_str(now, "taken"));
	if (ok && !c->dry_run)
		ok = repo_record_save(repo, c->instance, RECORD, now, e);
	if (ok)
		tell(now);
	json_free(now);
	return ok;
}

static bool
run(struct err *e)
{
	struct repo *repo = checkout_open(e);
	struct err why = { 0 };
	struct json *was = repo != NULL ? repo_record_load(repo,
	    step_common()->instance, RECORD, &why) : NULL;
	bool ok = repo != NULL;

	if (ok && was == NULL && why.text[0] != '\0') {
		*e = why;
		ok = false;
	}
	if (ok && was != NULL && !in.renew) {
		step_same("snapshot of the old site", json_str(was,
		    "taken"));
		tell(was);
	} else if (ok) {
		ok = take(repo, was, e);
	}
	json_free(was);
	repo_close(repo);
	return ok;
}

const struct step step_snapshot_instance = {
	.name = "snapshot-instance",
	.about = "Write down what the healthy old site is like",
	.icon = "camera",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
