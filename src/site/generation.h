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

/* Texts belong to the kube handle. */
struct generation {
	const char *config, *lms, *cms;	/* names of ConfigMaps */
	const char *tutor;		/* version, or NULL */
	const char *forum_database;	/* of a forum that is a program of
					 * its own, or NULL */
};

/*
 * ERR_HAND: a rollout is half-way, or it is no instance of Tutor's. What the
 * Deployments' environment puts in place of a setting is appended to
 * problems, one a line; what is not ready is a warning.
 */
bool generation_find(struct kube *, struct generation *,
    struct buf *problems, struct err *) MUST_CHECK;
/* A generation that was made but never rolled out: somebody should know. */
void generation_warn_of_newer(struct kube *, const struct generation *);

#endif
