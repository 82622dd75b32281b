/*
 * objectbackup - the objects of a bucket, copied to where backups go.
 *
 * To a bucket at the same service they are copied by the service, if the
 * backups' key may read them; else, and to a folder, through this machine.
 * Many requests are on their way at once. What is there already, in its size
 * and with its ETag, is left alone: so a run that was killed is gone on with,
 * and a pass that finds nothing to do is the proof that all is there. A
 * source that changes meanwhile is passed over again, a few times.
 *
 * Objects lie in <instance>/storage-objects/<id>/<bucket>/: in a bucket by
 * their own keys, with what went along (type, metadata); in a folder as files
 * named by their keys percent-encoded, each beside a .json that says what
 * went along. The backup's own folder (manifest.h) holds their list.
 */
#ifndef SITE_OBJECTBACKUP_H
#define SITE_OBJECTBACKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "api/s3.h"
#include "base/err.h"

struct http;
struct manifest;
struct objectbackup;
struct store;

struct objectbackup_source {
	struct s3_place place;
	const char *prefix;	/* of the keys; "" for all */
	size_t at_once;		/* requests on their way */
};

/* id: of the backup. The handle, the store and the source must stay. */
struct objectbackup *objectbackup_open(struct http *, struct store *,
    const struct objectbackup_source *, const char *id, struct err *)
    MUST_CHECK;
void objectbackup_close(struct objectbackup *);	/* NULL is fine */

/* What there is, and how much of it is not in the backup. */
struct objectbackup_sums {
	long long objects, bytes, missing, missing_bytes;
};
bool objectbackup_count(struct objectbackup *, struct objectbackup_sums *,
    struct err *) MUST_CHECK;

/*
 * Copy what is missing until nothing is; then tell the manifest. ERR_CONFLICT:
 * the source goes on changing.
 */
bool objectbackup_make(struct objectbackup *, struct manifest *,
    struct objectbackup_sums *, struct err *) MUST_CHECK;

#endif
