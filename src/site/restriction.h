/*
 * restriction - what restrict-mysql and restrict-mongodb share: which
 * databases are the instance's own, when restricting is refused, and the
 * record that gives the rights back.
 */
#ifndef SITE_RESTRICTION_H
#define SITE_RESTRICTION_H

#include <stdbool.h>

#include "base/err.h"
#include "step/step.h"

struct accessrecord;
struct databases;
struct dbuser;
struct repo;

/* The words of input mode; the row settings-file; and with it old-running
 * and those of a login to the old cluster (old-kubeconfig ...). */
extern const char *const restriction_modes[];
extern const struct input restriction_settings_inputs[];
extern const struct input restriction_inputs[];

/* From the settings-file, or else from config.yml. */
bool restriction_find_databases(struct databases *, struct err *)
    MUST_CHECK;
/* ERR_INPUT: server, user or databases are neither given nor configured;
 * kind: what its inputs begin with. */
bool restriction_check_known(const struct dbuser *, const char *kind,
    struct err *) MUST_CHECK;
/*
 * The old side may use more than we know of: unless the plan allows it by
 * old-running, mode restrict is refused while anything of it runs (ERR_HAND),
 * and where nobody can say (ERR_INPUT without a login; kinds of api/kube.h).
 */
bool restriction_check_old_side(const char *mode, struct err *) MUST_CHECK;
/* The checkout and the record of this name; what was opened is in *repo and
 * *record even if it fails, to be closed by the caller. */
bool restriction_open_record(const char *name, struct repo **repo,
    struct accessrecord **record, struct err *) MUST_CHECK;

#endif
