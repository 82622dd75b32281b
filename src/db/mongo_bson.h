/*
 * mongo_bson - is this a whole BSON document? Every length of it is checked,
 * however deep, on a stack of bounded size; the driver checks the outermost
 * one only, and what it offers for the rest calls itself once a level.
 */
#ifndef DB_MONGO_BSON_H
#define DB_MONGO_BSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Levels that are read; a server takes 180 at most. */
enum { MONGO_BSON_DEPTH = 190 };
/* The largest document of any server: 16 MB, and what it adds itself. */
enum { MONGO_BSON_BYTES = (16 << 20) + (16 << 10) };

/* Exactly one document of this size, from its first byte to its last? */
bool mongo_bson_whole(const void *, size_t);

/*
 * Is this stream of bytes, however it is cut, whole documents? For what was
 * written and is read back. One document is held at a time.
 */
struct mongo_stream;
struct mongo_stream *mongo_stream_new(void);
bool mongo_stream_add(struct mongo_stream *, const void *, size_t,
    struct err *) MUST_CHECK;
/* The end: *documents is their number. The stream is gone in any case. */
bool mongo_stream_end(struct mongo_stream *, long long *documents,
    struct err *) MUST_CHECK;
void mongo_stream_free(struct mongo_stream *);	/* NULL is fine */

#endif
