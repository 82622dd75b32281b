/*
 * mongo_dump - read the collections of a MongoDB database, for a backup that
 * `mongorestore` takes.
 *
 * Documents go to a sink as they come, in the server's own bytes; memory is
 * bounded however large collection and documents are. Where the server can (a
 * replica set, 5.0 or later), a collection is read as it was at one instant;
 * elsewhere as mongodump reads it, while others write.
 */
#ifndef DB_MONGO_DUMP_H
#define DB_MONGO_DUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct mongo;
struct pool;

struct mongo_collection {
	const char *name;
	const char *data;	/* the collection that its documents are in;
				 * NULL: a view, which has none */
	const char *metadata;	/* options and indexes: what mongorestore
				 * reads as name.metadata.json */
};
struct mongo_collections {
	const struct mongo_collection *v;	/* in the pool */
	size_t n;
};

/*
 * What mongodump would take: all but system collections (system.js is one of
 * the people's), views by their definition, time series by their buckets.
 * Whatever refers to others comes before what it refers to: documents are
 * written the other way round, so in a copy made in this order no reference
 * ends in nothing. ERR_DENIED: not for this login.
 */
bool mongo_find_collections(struct mongo *, struct pool *, const char *db,
    struct mongo_collections *, struct err *) MUST_CHECK;

/* Versions for the manifest: of the server, in the pool, and of the driver. */
bool mongo_find_version(struct mongo *, struct pool *, const char **version,
    struct err *) MUST_CHECK;
const char *mongo_driver_version(void);

/* Where documents go: some whole ones, one after the other. A false with its
 * error ends the reading. */
struct mongo_sink {
	bool (*add)(void *with, const void *, size_t, struct err *);
	void *with;
};
struct mongo_copied {
	long long documents, bytes;
	bool snapshot;		/* of one instant */
};

/*
 * Read all documents of a collection, and count them against the server's
 * own count. ERR_CONFLICT: cursor or snapshot ended before it was through, or
 * the count does not fit; ERR_NETWORK: no answer. Either way what the sink
 * got is of no use, and reading it again from the beginning may do.
 */
bool mongo_dump(struct mongo *, const char *db, const char *data,
    const struct mongo_sink *, struct mongo_copied *, struct err *)
    MUST_CHECK;

#endif
