/*
 * oldsettings - what the old instance runs with, out of its ConfigMaps or
 * out of its own mouth.
 *
 * First openedx-config (MySQL and the keys are only there), then
 * production.py, read and never run. If asked to, LMS and Studio print their
 * settings as well, in their own containers, and what they say is taken.
 */
#ifndef SITE_OLDSETTINGS_H
#define SITE_OLDSETTINGS_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct generation;
struct json;
struct kube;

/*
 * The settings as edx/settings.h has them, and "configmaps"; free with
 * json_free. ERR_HAND: some can't be read, or don't agree; the text and
 * problems (a line each, which may hold some already) say which.
 */
struct json *oldsettings_read(struct kube *, const struct generation *,
    bool evaluate, struct buf *problems, struct err *) MUST_CHECK;

#endif
