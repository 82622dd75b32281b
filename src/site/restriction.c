/*
 * restriction - see restriction.h.
 */
#include "site/restriction.h"

#include <stddef.h>

#include "api/accessrecord.h"
#include "base/text.h"
#include "edx/databases.h"
#include "step/step.h"
#include "site/checkout.h"

enum { PORT_MAX = 65535 };

const char *const restriction_modes[] = {
	"plan", "restrict", "restore", NULL
};
const char *const restriction_yes_or_no[] = { "true", "false", NULL };

bool
restriction_find_databases(const char *settings_file, struct databases *d,
    struct err *e)
{
	const struct step_common *c = step_common();

	return settings_file != NULL
	    ? databases_find_running(c->pool, settings_file, d, e)
	    : databases_find(c->pool, c->workspace, c->instance, d, e);
}

bool
restriction_check_given(const char *value, const char *input, struct err *e)
{
	return !text_empty(value) || err_set(e, ERR_INPUT, "%s: give it, or "
	    "have it in the instance's config.yml", input);
}

bool
restriction_find_port(long *port, const char *configured, long usual,
    struct err *e)
{
	if (*port != 0)
		return true;
	*port = usual;
	return configured == NULL
	    || text_number(configured, 1, PORT_MAX, port, e);
}

bool
restriction_check_old_side(const char *mode, const char *old_running,
    struct err *e)
{
	if (!text_same(mode, "restrict") || old_running != NULL)
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
