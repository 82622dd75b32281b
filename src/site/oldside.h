/*
 * oldside - does anything of the old side still work with its databases?
 */
#ifndef SITE_OLDSIDE_H
#define SITE_OLDSIDE_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct kube;

/*
 * Append what does, a line each: the platform's Deployments that are not
 * scaled to 0, Pods that have not ended, CronJobs that are not suspended.
 * What uses no database of the instance (its web server, its cache, its
 * search) may run. Nothing is appended where all is at rest, also where the
 * namespace is gone.
 */
bool oldside_find_running(struct kube *, struct buf *, struct err *)
    MUST_CHECK;

/* After ERR_DENIED: all rights that this takes and the token lacks, added to
 * the error and to the summary. */
void oldside_name_missing_rights(struct kube *, const char *space,
    struct err *);

#endif
