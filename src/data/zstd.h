/*
 * zstd - pack and unpack a stream (the only user of libzstd).
 *
 * What comes out goes to a sink as it comes, so memory stays the same
 * however long the stream is. Packing runs in threads of its own; each frame
 * ends with a checksum, which unpacking proves.
 */
#ifndef DATA_ZSTD_H
#define DATA_ZSTD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct zstd;

/* Takes the bytes, or fails; then the stream is over. */
typedef bool zstd_sink(void *arg, const void *, size_t, struct err *);

struct zstd *zstd_pack(zstd_sink *, void *arg);
/* Frames that want more than 8 MiB of memory for a window are refused. */
struct zstd *zstd_unpack(zstd_sink *, void *arg);
bool zstd_add(struct zstd *, const void *, size_t, struct err *) MUST_CHECK;
/* The stream's end: the rest goes to the sink. Of one that is unpacked it is
 * an error if it ends within a frame. */
bool zstd_end(struct zstd *, struct err *) MUST_CHECK;
void zstd_free(struct zstd *);	/* NULL is fine */

#endif
