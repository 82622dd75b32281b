/*
 * allow-db-access - let the new cluster, or this job's runner, connect to the
 * databases that a company runs; or take it out again.
 *
 * Guide: "Point the new instance to the old instance's data", item 3. What is
 * let in is committed to the record first, so that close takes out exactly
 * that, also after a failed or killed run; what was in the list before, and
 * what another instance needs, stays. A runner is let in for some hours only,
 * and one that was forgotten goes when the next one comes. Run it as often
 * as you like.
 */
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "site/door.h"
#include "site/doorbook.h"
#include "site/managed.h"
#include "site/runner.h"
#include "step/step.h"

enum { HOUR = 60 * 60, LONGEST_HOURS = 72 };

static const char *const actions[] = { "open", "close", "list", NULL };
static const char *const whos[] = { "cluster", "runner", NULL };

static struct {
	const char *action, *who, *sources, *cluster_id;
	long hours;
} in;

static const struct input inputs[] = {
	{ .name = "action", .str = &in.action, .oneof = actions,
	  .help = "open lets it in, close takes out what open let in, list "
	    "shows who may connect" },
	{ .name = "who", .str = &in.who, .oneof = whos, .dflt = "cluster",
	  .help = "The new cluster, or the runner that this job is on" },
	{ .name = "sources", .str = &in.sources, .optional = true,
	  .plan = "new.egress", .list = true,
	  .check = allowlist_check_sources,
	  .help = "Where the new cluster's connections come from: IPv4 "
	    "addresses or networks, or a DigitalOcean Kubernetes cluster's "
	    "id; new-cluster-id if empty" },
	{ .name = "new-cluster-id", .str = &in.cluster_id, .optional = true,
	  .plan = "new.kube.cluster-id", .check = allowlist_check_sources,
	  .help = "Id of the cluster at DigitalOcean" },
	{ .name = "hours", .num = &in.hours, .min = 1, .max = LONGEST_HOURS,
	  .dflt = "6", .help = "How long a runner is let in at most" },
	{ .rows = managed_place_inputs },
	{ .rows = managed_login_inputs },
	{ .rows = runner_inputs },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "sources", .help = "What was let in, one a line" },
	{ 0 }
};

static struct {
	struct managed_list lists[MANAGED_MOST];
	size_t n;
	const char **sources;		/* to be let in */
	time_t until;
	struct doorbook *book;
} at;

static bool
find_cluster(struct err *e)
{
	const char *given = in.sources != NULL ? in.sources : in.cluster_id;

	if (given == NULL)
		return err_set(e, ERR_INPUT, "sources: say where the new "
		    "cluster's connections come from (new.egress in the "
		    "plan), or give new-cluster-id");
	at.sources = text_split(step_common()->pool, given, NULL);
	return true;
}

static bool
find_runner(struct err *e)
{
	struct pool *p = step_common()->pool;
	const char *address = runner_find_address(e);

	at.until = time(NULL) + in.hours * HOUR;
	if (address != NULL)
		at.sources = text_split(p, address, NULL);
	return address != NULL;
}

/* Whom open lets in. */
static bool
find_sources(struct err *e)
{
	if (!text_same(in.action, "open") || at.n == 0)
		return true;
	return text_same(in.who, "runner") ? find_runner(e) : find_cluster(e);
}

static bool
open_book(struct err *e)
{
	if (at.n > 0)
		at.book = doorbook_open(e);
	return at.n == 0 || at.book != NULL;
}

static bool
open_list(const struct managed_list *l, struct err *e)
{
	if (!door_close(at.book, l, "runner", time(NULL), e))
		return false;
	for (size_t i = 0; at.sources[i] != NULL; i++)
		if (!door_open(at.book, l, at.sources[i], in.who, at.until,
		    e))
			return false;
	return true;
}

static bool
act(struct err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < at.n; i++)
		ok = text_same(in.action, "open") ? open_list(&at.lists[i], e)
		    : text_same(in.action, "list")
		    ? door_list(at.book, &at.lists[i], e)
		    : door_close(at.book, &at.lists[i], in.who, 0, e);
	return ok;
}

static void
tell_sources(void)
{
	struct pool *p = step_common()->pool;
	const char *all = "";

	for (size_t i = 0; at.sources != NULL && at.sources[i] != NULL; i++)
		all = pool_printf(p, "%s%s%s", all, i > 0 ? "\n" : "",
		    at.sources[i]);
	step_output("sources", "%s", all);
}

static bool
run(struct err *e)
{
	bool ok = managed_find_lists(at.lists, &at.n, e);

	managed_tell_self_hosted();
	ok = ok && find_sources(e)
	    && open_book(e)
	    && act(e);
	if (ok)
		tell_sources();
	doorbook_close(at.book);
	return ok;
}

const struct step step_allow_db_access = {
	.name = "allow-db-access",
	.about = "Let the new cluster or this runner reach the databases",
	.icon = "log-in",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
