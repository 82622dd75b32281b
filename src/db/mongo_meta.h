/*
 * mongo_meta - which collections are copied, in which order, and what is
 * kept of them beside their documents.
 */
#ifndef DB_MONGO_META_H
#define DB_MONGO_META_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct mongo_collection;
struct pool;

/* What the names of collections with the documents of time series begin
 * with. */
extern const char meta_buckets[];

/* Is a collection of this name the people's, not the server's own? */
bool meta_is_wanted(const char *name);

/* For qsort, of struct mongo_collection: those that refer to others before
 * these. */
int meta_by_rank(const void *, const void *);

/*
 * What a server says of one collection, as BSON: a row of listCollections
 * and its indexes, an array of documents (empty for a view). *wanted false:
 * not one to be copied. All else that comes from the wire is read by the
 * driver, or goes through untouched.
 */
bool meta_read(struct pool *, const void *row, size_t, const void *indexes,
    size_t, struct mongo_collection *, bool *wanted, struct err *)
    MUST_CHECK;

#endif
