/*
 * configfile - the instance's config.yml as the steps edit it: opened in the
 * newest state of the branch, each change shown before it is made, written
 * back in one stroke.
 */
#ifndef SITE_CONFIGFILE_H
#define SITE_CONFIGFILE_H

#include <stdbool.h>

#include "base/err.h"
#include "data/yaml.h"
#include "edx/edit.h"

struct json;
struct repo;

struct configfile {
	struct repo *repo;
	struct edit edit;	/* its yaml is NULL: the file is not there */
	const char *file;	/* relative to the checkout */
};

/* Of a step that uses STEP_REPO and STEP_NET. A missing config.yml is no
 * error: edit.yaml is NULL then. Close it in any case. */
bool configfile_open(struct configfile *, struct err *) MUST_CHECK;
void configfile_close(struct configfile *);
/*
 * No config.yml: in a dry run it says that it follows the step that makes
 * it, and returns true; else the error. Call it only if edit.yaml is NULL.
 */
bool configfile_missing(const struct configfile *, struct err *) MUST_CHECK;

/* Keep facts for a later phase in the record; equal ones are left alone. */
bool configfile_keep(struct configfile *, const char *record,
    const struct json *, struct err *) MUST_CHECK;

/* Write what was changed, but for a dry run. */
bool configfile_save(struct configfile *, struct err *) MUST_CHECK;

#endif
