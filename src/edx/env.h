/*
 * env - what a build rendered into instances/<instance>/env, which is what
 * Argo CD deploys.
 */
#ifndef EDX_ENV_H
#define EDX_ENV_H

#include <stdbool.h>

#include "base/err.h"

struct pool;

struct env {
	bool rendered;		/* it is there */
	bool init_jobs;		/* it deploys drydock's init jobs */
};

/* dir: the instance's folder. A folder without env is no error. ERR_INPUT:
 * its kustomization can't be read. */
bool env_find(struct pool *, const char *dir, struct env *, struct err *)
    MUST_CHECK;

#endif
