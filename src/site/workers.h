/*
 * workers - how many processes of an instance may hold connections at once.
 *
 * By the Deployments, as they are scaled now: of LMS and Studio each replica
 * has UWSGI_WORKERS processes (Tutor's default: 2); of their workers as many
 * as Celery was told by --concurrency or --autoscale, else one for each
 * processor of the node.
 */
#ifndef SITE_WORKERS_H
#define SITE_WORKERS_H

#include <stdbool.h>

#include "base/err.h"

struct kube;

bool workers_count(struct kube *, long cpus, long *n, struct err *)
    MUST_CHECK;

#endif
