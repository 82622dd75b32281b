/*
 * oldconfig - the config.yml that Grove deployed the old instance from, in
 * its git repository.
 */
#ifndef SITE_OLDCONFIG_H
#define SITE_OLDCONFIG_H

#include <stdbool.h>

#include "base/err.h"
#include "step/step.h"

struct yaml;

/* Rows old-repository, old-ref, old-path, old-user, old-token. */
extern const struct input oldconfig_inputs[];

/* As the inputs say it; NULL where they don't. */
const char *oldconfig_repository(void);
const char *oldconfig_ref(void);
const char *oldconfig_path(void);

/* The file, a map, its secrets masked; of a step that uses STEP_NET. Close
 * it. ERR_INPUT: it is none; else as repo_fetch_file. */
struct yaml *oldconfig_find(struct err *) MUST_CHECK;

#endif
