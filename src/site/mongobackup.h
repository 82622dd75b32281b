/*
 * mongobackup - copy the collections of some MongoDB databases into a backup.
 *
 * In the backup's folder: dump/<database>/<collection>.bson and
 * .metadata.json, which is what `mongorestore --dir .../dump` takes; and
 * notes.json, which says what is there and verified, for a run that takes
 * this one up where it was killed: what the notes name is not read from the
 * server again, what they do not name is begun again.
 */
#ifndef SITE_MONGOBACKUP_H
#define SITE_MONGOBACKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/mongo_dump.h"

struct manifest;
struct mongo;
struct pool;
struct store;

/* A database, and what is to be copied of it. */
struct mongobackup_database {
	const char *name;
	struct mongo_collections collections;
};

struct mongobackup {
	struct pool *pool;
	struct mongo *server;
	const char *source;		/* which server, for the notes */
	const struct mongobackup_database *databases;
	size_t n;
	struct store *store;
};

/* What there is to copy; the databases are in the pool. ERR_INPUT: a name
 * that can't be one of a folder of mongorestore's. */
bool mongobackup_find(struct mongobackup *, const char *const *names,
    struct err *) MUST_CHECK;

/*
 * The unfinished backup of these databases of this server that is worth
 * taking up again, begun at most so many seconds ago; *id NULL: none.
 */
bool mongobackup_find_unfinished(const struct mongobackup *,
    const char *instance, long seconds, const char **id, struct err *)
    MUST_CHECK;

struct mongobackup_sums {
	size_t collections, kept;	/* kept: of the run before */
	long long documents, bytes;
};

/*
 * Copy all, read everything back, and add it to the manifest, which is the
 * caller's to commit. Reading that was cut is begun again, a few times.
 */
bool mongobackup_copy(const struct mongobackup *, struct manifest *,
    struct mongobackup_sums *, struct err *) MUST_CHECK;

/* The manifest is committed: the notes are of no more use. */
bool mongobackup_finish(const struct mongobackup *, const struct manifest *,
    struct err *) MUST_CHECK;

#endif
