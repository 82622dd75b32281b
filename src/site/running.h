/*
 * running - what an instance runs with, the old one or the new one: out of
 * its ConfigMaps, or out of its own mouth.
 *
 * First openedx-config (MySQL and the keys are only there), then
 * production.py, read and never run. If asked to, LMS and Studio print their
 * settings as well, in their own containers, and what they say is taken.
 */
#ifndef SITE_RUNNING_H
#define SITE_RUNNING_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct generation;
struct json;
struct kube;
struct pysettings;

/* One side ("lms", "cms") as its files say it. Free with pysettings_free.
 * ERR_HAND: a file is missing. */
struct pysettings *running_find(struct kube *, const struct generation *,
    const char *side, struct err *) MUST_CHECK;
/* The same as the platform says it, for these names ("A,B"). */
struct pysettings *running_ask(struct kube *, const struct generation *,
    const char *side, const char *names, struct err *) MUST_CHECK;

/*
 * The settings as edx/settings.h has them, and "configmaps"; free with
 * json_free. ERR_HAND: some can't be read, or don't agree; the text and
 * problems (a line each, which may hold some already) say which.
 */
struct json *running_read(struct kube *, const struct generation *,
    bool evaluate, struct buf *problems, struct err *) MUST_CHECK;

/* After ERR_DENIED: all rights that reading takes and the token lacks, added
 * to the error and to the summary. */
void running_name_missing_rights(struct kube *, const char *space,
    bool evaluate, struct err *);

#endif
