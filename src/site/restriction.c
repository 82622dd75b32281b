/*
 * restriction - see restriction.h.
 */
#include "site/restriction.h"

#include <stddef.h>

#include "api/accessrecord.h"
#include "api/kube.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "edx/databases.h"
#include "step/step.h"
#include "site/checkout.h"
#include "site/cluster.h"
#include "site/dbuser.h"
#include "site/oldside.h"

const char *const restriction_modes[] = {
	"plan", "restrict", "restore", NULL
};

enum { RUNNING_MAX = 1200 };

static struct {
	const char *settings;
	bool old_running;
} in;

const struct input restriction_settings_inputs[] = {
	{ .name = "settings-file", .str = &in.settings, .optional = true,
	  .check = file_check_readable,
	  .help = "File that fetch-settings wrote in this job, to be taken "
	    "instead of config.yml" },
	{ 0 }
};

const struct input restriction_inputs[] = {
	{ .rows = restriction_settings_inputs },
	{ .name = "old-running", .flag = &in.old_running, .dflt = "false",
	  .plan = "old-running",
	  .help = "true: restrict while the old side's workloads run, which "
	    "may then lose rights outside the databases named; false: ask "
	    "the old cluster, and refuse while one runs" },
	{ .rows = cluster_both_old_inputs,
	  .together = cluster_check_both_old, .optional = true },
	{ 0 }
};

bool
restriction_find_databases(struct databases *d, struct err *e)
{
	const struct step_common *c = step_common();

	return in.settings != NULL
	    ? databases_find_running(c->pool, in.settings, d, e)
	    : databases_find(c->pool, c->workspace, c->instance, d, e);
}

static bool
check_given(const char *value, const char *kind, const char *input,
    struct err *e)
{
	return !text_empty(value) || err_set(e, ERR_INPUT, "%s-%s: give it, "
	    "or have it in the instance's config.yml", kind, input);
}

bool
restriction_check_known(const struct dbuser *u, const char *kind,
    struct err *e)
{
	return check_given(u->host, kind, "host", e)
	    && check_given(u->user, kind, "user", e)
	    && check_given(u->own[0], kind, "databases", e)
	    && (u->unread == NULL || err_set(e, ERR_INPUT, "%s-databases: "
		"name them all, since the settings can't be read whole: %s",
		kind, u->unread));
}

static bool
check_at_rest(struct kube *k, struct err *e)
{
	struct buf which = buf_new(RUNNING_MAX);
	bool ok = oldside_find_running(k, &which, e);

	if (!ok) {
		oldside_name_missing_rights(k, cluster_space(CLUSTER_OLD), e);
		err_within(e, "whether the old side still runs can't be told "
		    "(mend that, or say old-running: true in the plan to "
		    "restrict whatever runs there)");
	} else if (which.len > 0) {
		ok = err_set(e, ERR_HAND, "the old side still runs, and may "
		    "use more than the databases named: scale it to 0 and "
		    "suspend its CronJobs, or say old-running: true in the "
		    "plan if it may lose that. Running in namespace %s:\n%s%s",
		    cluster_space(CLUSTER_OLD), buf_str(&which),
		    which.full ? "..." : "");
	}
	buf_free(&which);
	return ok;
}

bool
restriction_check_old_side(const char *mode, struct err *e)
{
	struct kube *k;
	bool ok;

	if (!text_same(mode, "restrict"))
		return true;
	if (in.old_running) {
		log_info("old-running is true: the old side is not asked");
		return true;
	}
	if (!cluster_given(CLUSTER_OLD))
		return err_set(e, ERR_INPUT, "old-running: nobody can say "
		    "whether the old side still runs: give a login for the "
		    "old cluster (secret KUBE_OLD_TOKEN or KUBE_OLD_CONFIG), "
		    "or say true in the plan to restrict whatever runs "
		    "there");
	k = cluster_open(CLUSTER_OLD, e);
	ok = k != NULL && check_at_rest(k, e);
	kube_close(k);
	return ok;
}

bool
restriction_open_record(const char *name, struct repo **repo,
    struct accessrecord **record, struct err *e)
{
	*repo = checkout_open(e);
	if (*repo == NULL)
		return false;
	*record = accessrecord_load(*repo, step_common()->instance, name, e);
	return *record != NULL;
}
