/*
 * zstd - pack and unpack a stream (the only user of libzstd).
 *
 * What comes out goes to a sink as it comes, so memory stays the same
 * however long the stream is. Packing runs in threads of its own, each at
 * one frame of two megabytes (the distributions' static libraries have no
 * threads); frame after frame is what any zstd unpacks. Each frame ends with
 * a checksum, which unpacking proves.
 */
#ifndef DATA_ZSTD_H
#define DATA_ZSTD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Takes the bytes, or fails; then the stream is over. Called in the thread
 * that adds. */
typedef bool zstd_sink(void *arg, const void *, size_t, struct err *);

struct zstd_packer;
struct zstd_packer *zstd_pack(zstd_sink *, void *arg);
bool zstd_pack_add(struct zstd_packer *, const void *, size_t, struct err *)
    MUST_CHECK;
/* The stream's end: the rest goes to the sink. */
bool zstd_pack_end(struct zstd_packer *, struct err *) MUST_CHECK;
void zstd_pack_free(struct zstd_packer *);	/* NULL is fine */

/* Frames that want more than 8 MiB of memory for a window are refused. */
struct zstd_unpacker;
struct zstd_unpacker *zstd_unpack(zstd_sink *, void *arg);
bool zstd_unpack_add(struct zstd_unpacker *, const void *, size_t,
    struct err *) MUST_CHECK;
/* An error if the stream ends within a frame. */
bool zstd_unpack_end(struct zstd_unpacker *, struct err *) MUST_CHECK;
void zstd_unpack_free(struct zstd_unpacker *);	/* NULL is fine */

#endif
