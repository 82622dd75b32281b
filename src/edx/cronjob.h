/*
 * cronjob - an old side's CronJob as the new side needs it: suspended, in
 * another namespace, with the new side's image and pull secret, and without
 * what belongs to the old cluster.
 *
 * Secrets do not go into the manifest: a variable whose value may be one is
 * taken from a Secret that a person makes. ConfigMaps that are generated
 * have another name in each generation; the manifest has the part of the
 * name that stays, and whoever starts the job puts the running one in.
 */
#ifndef EDX_CRONJOB_H
#define EDX_CRONJOB_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct json;
struct pool;

struct cronjob_target {
	const char *space;	/* namespace on the new side */
	const char *old_image;	/* the LMS's there; NULL: not known */
	const char *image;	/* the new side's; NULL: not built yet */
};

/*
 * The manifest as YAML. What a person must do for it is appended to notes, a
 * line each. false, with ERR_HAND: its command holds what looks like a
 * secret.
 */
bool cronjob_convert(struct pool *, const struct json *cronjob,
    const struct cronjob_target *, struct buf *manifest, struct buf *notes,
    struct err *) MUST_CHECK;

/*
 * The image of the same name, with whatever tag, that a manifest of before
 * has; else `image`. Each build makes a new tag: whoever starts the job gives
 * it the one that runs, and until then a newer one is no change.
 */
const char *cronjob_image_there(struct pool *, const char *manifest,
    const char *image);

/* Is it the old side's own: no operator made it? */
bool cronjob_is_own(const struct json *cronjob);

#endif
