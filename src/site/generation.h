/*
 * generation - the ConfigMaps that an instance runs with, old or new.
 *
 * Kubernetes keeps every generation that was ever applied, and their names do
 * not tell which one runs: that is what the Deployments mount or, while a
 * rollout is under way, the pods that serve; and LMS, Studio and the workers
 * must agree.
 */
#ifndef SITE_GENERATION_H
#define SITE_GENERATION_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct kube;

/* Keys of each entry of DATABASES that DB_MIGRATION_* replaces; NULL-ended. */
enum { GENERATION_DATABASE = 6 };
extern const char *const generation_database[GENERATION_DATABASE + 1];

/* Texts belong to the kube handle. */
struct generation {
	const char *config, *lms, *cms;	/* names of ConfigMaps */
	/* what the environment says of those keys; NULL: nothing */
	const char *lms_database[GENERATION_DATABASE];
	const char *cms_database[GENERATION_DATABASE];
	const char *tutor;		/* version, or NULL */
	const char *forum_database;	/* of a forum that is a program of
					 * its own, or NULL */
};

/*
 * ERR_HAND: a rollout is half-way, or it is no instance of Tutor's. What the
 * Deployments' environment puts in place of a setting and can't be told
 * (a Secret's, or another one for the workers) is appended to problems, one a
 * line; what is not ready is a warning.
 */
bool generation_find(struct kube *, struct generation *,
    struct buf *problems, struct err *) MUST_CHECK;
/* A generation that was made but never rolled out: somebody should know. */
void generation_warn_of_newer(struct kube *, const struct generation *);

#endif
