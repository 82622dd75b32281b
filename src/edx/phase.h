/*
 * phase - the phases of a migration, and which of them is reached.
 *
 * What is reached is judged from facts that the caller looked up; a phase
 * begun or done counts as reached. A phase may be repeated, and begun when
 * the one before it is done; once a later one is reached it would undo that
 * one's work, so it stops with "already past".
 */
#ifndef EDX_PHASE_H
#define EDX_PHASE_H

#include <stdbool.h>

#include "base/err.h"

enum phase {
	PHASE_NONE,	/* nothing was done yet */
	PHASE_CONFIGURE,
	PHASE_CONNECT,
	PHASE_SWITCH,
	PHASE_SETTLE,
	PHASE_RESTRICT,
};

extern const char *const phase_names[];	/* by number, NULL-ended */
/* The phase of this name; PHASE_NONE: there is none. */
enum phase phase_named(const char *);

/* Whatever nobody could find out is false: it does not hold a phase back. */
struct phase_facts {
	bool config_there;	/* the instance has a config.yml */
	bool old_data;		/* it points at the old side's database */
	bool dns_moved;		/* visitors are led to the new side */
	bool sync_on;		/* Argo CD syncs by itself */
	bool mysql_scoped;	/* the user has only its own databases */
	bool mongodb_scoped;
};

enum phase phase_reached(const struct phase_facts *);

/* May this phase start? ERR_HAND "already past: ..." where a later one is
 * reached, with the fact that shows it. */
bool phase_check_start(enum phase, const struct phase_facts *, struct err *)
    MUST_CHECK;

#endif
