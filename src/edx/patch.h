/*
 * patch - write what no key carries into the patches of config.yml.
 *
 * GROVE_COMMON_SETTINGS and its like hold lines of Python or YAML that
 * Tutor puts into the settings. Ours stand there between two comments, so
 * that a second run finds and replaces them. What the lines around them do
 * already (replicate-config copied the old ones) is not written again: they
 * are read as the platform would run them, and only what is missing then is
 * added.
 */
#ifndef EDX_PATCH_H
#define EDX_PATCH_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct edit;
struct json;

struct patch {
	/* paths that the operator accepts to lose, NULL-ended; or NULL */
	const char *const *accepted;
	/* each gets lines: what can't be written ("path: why"); and files
	 * that a value names, which the new image must have */
	struct buf *left, *files;
	bool any;	/* lines of ours stand in a patch now */
};

/* Write the patches for the "unmapped" of a settings file. */
bool patch_write(struct edit *, const struct json *settings, struct patch *,
    struct err *) MUST_CHECK;

#endif
