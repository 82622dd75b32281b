/*
 * restriction - see restriction.h.
 */
#include "site/restriction.h"

#include <stddef.h>

#include "api/accessrecord.h"
#include "base/file.h"
#include "base/text.h"
#include "edx/databases.h"
#include "step/step.h"
#include "site/checkout.h"
#include "site/dbuser.h"

const char *const restriction_modes[] = {
	"plan", "restrict", "restore", NULL
};
static const char *const yes_or_no[] = { "true", "false", NULL };

static struct {
	const char *settings, *old_running;
} in;

const struct input restriction_inputs[] = {
	{ .name = "settings-file", .str = &in.settings, .optional = true,
	  .check = file_check_readable,
	  .help = "File that fetch-settings wrote in this job, to be taken "
	    "instead of config.yml" },
	{ .name = "old-running", .str = &in.old_running, .oneof = yes_or_no,
	  .optional = true, .plan = "old-running",
	  .help = "false: the old side's workloads are at 0; true: they "
	    "still run, and may lose rights outside the databases named" },
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

bool
restriction_check_old_side(const char *mode, struct err *e)
{
	if (!text_same(mode, "restrict") || in.old_running != NULL)
		return true;
	return err_set(e, ERR_INPUT, "old-running: say false once the old "
	    "side's workloads are at 0, or true to restrict while they run");
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
