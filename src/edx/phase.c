/*
 * phase - see phase.h.
 */
#include "edx/phase.h"

#include <stddef.h>

#include "base/text.h"

const char *const phase_names[] = { "none", "configure", "connect", "switch",
    "settle", "restrict", NULL };

enum phase
phase_named(const char *name)
{
	for (int i = PHASE_CONFIGURE; phase_names[i] != NULL; i++)
		if (text_same(name, phase_names[i]))
			return (enum phase)i;
	return PHASE_NONE;
}

/* From the last phase back: the first whose mark is found. */
static enum phase
reached(const struct phase_facts *f, const char **because)
{
	*because = "";
	if (f->mysql_scoped || f->mongodb_scoped) {
		*because = f->mysql_scoped ?
		    "the MySQL user has only its own databases" :
		    "the MongoDB user has only its own databases";
		return PHASE_RESTRICT;
	}
	if (f->dns_moved && f->sync_on) {
		*because = "DNS leads to the new side, and Argo CD syncs "
		    "by itself";
		return PHASE_SETTLE;
	}
	if (f->dns_moved) {
		*because = "DNS leads to the new side";
		return PHASE_SWITCH;
	}
	if (f->old_data) {
		*because = "config.yml points at the old side's data";
		return PHASE_CONNECT;
	}
	return f->config_there ? PHASE_CONFIGURE : PHASE_NONE;
}

enum phase
phase_reached(const struct phase_facts *f)
{
	const char *because;

	return reached(f, &because);
}

bool
phase_check_start(enum phase phase, const struct phase_facts *f,
    struct err *e)
{
	const char *because;
	enum phase now = reached(f, &because);

	if (now <= phase)
		return true;
	return err_set(e, ERR_HAND, "already past: %s was reached (%s); "
	    "phase %s would undo it", phase_names[now], because,
	    phase_names[phase]);
}
