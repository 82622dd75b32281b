/*
 * s3 - objects in a bucket: Amazon's, DigitalOcean's Spaces, or any other
 * service that speaks S3. Requests are signed here (net/sigv4).
 *
 * Bodies of requests are hashed, so that what arrives is what was sent.
 * Memory is bounded: an object is read in ranges and written in parts. A
 * reply of 200 with an error in it, as slow copies give, is an error. Where
 * the service says that it is busy, or fails inside, it is asked again (see
 * net/http.h). Spaces copies nothing between regions and takes few changes
 * of one object in a while; nothing here needs more.
 *
 * Kinds of errors: ERR_NOT_FOUND (bucket, object or upload), ERR_DENIED,
 * ERR_CONFLICT (the object is another than was asked for), ERR_NETWORK and
 * ERR_TIMEOUT as of http_send. Texts have host, bucket and key.
 */
#ifndef API_S3_H
#define API_S3_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct http;
struct http_many;
struct pool;
struct s3;

struct s3_place {
	const char *endpoint;	/* https://nyc3.digitaloceanspaces.com */
	const char *region;	/* nyc3, us-east-1 */
	const char *bucket;
	const char *key_id, *secret, *token;	/* token: NULL mostly */
};

/*
 * Nothing is sent yet. ERR_INPUT: not an endpoint or no bucket's name. The
 * http handle must stay. Amazon's buckets have hosts of their own, as far as
 * TLS allows (no dot in the name); any other service is asked by path.
 */
struct s3 *s3_open(struct http *, const struct s3_place *, struct err *)
    MUST_CHECK;
void s3_close(struct s3 *);		/* NULL is fine */
/* "bucket at host", for people. */
const char *s3_name(const struct s3 *);

/* Does it exist, in that region, and does the key let us in? */
bool s3_check_bucket(struct s3 *, struct err *) MUST_CHECK;
struct s3_object {
	const char *key;
	long long size;
	const char *etag;	/* without quotes; of one that was written in
				 * parts it is no hash, and has a - */
	const char *modified;	/* as the service writes it */
};

/* What goes with an object, as header lines: its type, how it is encoded and
 * cached, and its x-amz-meta-*. */
struct s3_info {
	struct s3_object object;
	const char *const *headers;	/* NULL-ended */
};

/* A copy of such lines in the pool. */
const char *const *s3_keep_headers(struct pool *, const char *const *);

/* In the pool. ERR_NOT_FOUND: there is no such object. */
bool s3_find(struct s3 *, struct pool *, const char *key, struct s3_info *,
    struct err *) MUST_CHECK;

/* Up to 1,000 objects in the order of their keys' bytes. */
struct s3_page {
	size_t n;
	struct s3_object *v;
	const char *next;	/* where the next page begins; NULL: none */
};
/* prefix and from (a page's next) may be NULL. All in the pool. */
bool s3_list(struct s3 *, struct pool *, const char *prefix,
    const char *from, struct s3_page *, struct err *) MUST_CHECK;

/*
 * A range of an object into the buffer, which must have room: at most n
 * bytes from `at`. etag: the object must still be that one (ERR_CONFLICT);
 * or NULL. info may be NULL; its size is the whole object's.
 */
bool s3_read(struct s3 *, struct pool *, const char *key, const char *etag,
    long long at, size_t n, struct buf *, struct s3_info *, struct err *)
    MUST_CHECK;

/* A whole object from memory; headers as of s3_info, or NULL. */
bool s3_put(struct s3 *, const char *key, const char *const *headers,
    const char *body, size_t n, struct err *) MUST_CHECK;
/* That it is not there is fine. */
bool s3_remove(struct s3 *, const char *key, struct err *) MUST_CHECK;

/*
 * An object from a stream. It is there when s3_upload_close is true, and
 * before that not at all. Close or abort frees the upload; after a failed
 * write only abort may follow.
 */
struct s3_upload;
struct s3_upload *s3_upload_open(struct s3 *, const char *key,
    const char *const *headers, struct err *) MUST_CHECK;
bool s3_upload_write(struct s3_upload *, const void *, size_t, struct err *)
    MUST_CHECK;
bool s3_upload_close(struct s3_upload *, struct err *) MUST_CHECK;
void s3_upload_abort(struct s3_upload *);	/* NULL is fine */
/* Abort what killed runs, or others at this moment, have begun below a
 * prefix. *n: how many. */
bool s3_upload_sweep(struct s3 *, const char *prefix, size_t *n,
    struct err *) MUST_CHECK;

/*
 * The same for many at once: each begins a request on net/http_many.h's loop
 * and is told of by a call. What is given stays the caller's and must stay
 * until then; what the outcome points to is gone after the call.
 */
struct s3_outcome {
	bool ok;
	struct err err;
	const char *etag;	/* of what was written */
	const struct s3_info *info;	/* of what was read */
	const char *body;
	size_t body_len;
};
typedef void s3_done(void *arg, const struct s3_outcome *);

/* A small object, of this ETag, whole. */
void s3_start_get(struct s3 *, struct http_many *, const struct s3_object *,
    s3_done *, void *arg);
void s3_start_put(struct s3 *, struct http_many *, const char *key,
    const char *const *headers, const char *body, size_t, s3_done *,
    void *arg);
/* An object of another bucket at the same service, by the service, with what
 * goes along; up to S3_COPY_MAX bytes. */
enum { S3_COPY_MAX = 64 * 1024 * 1024 };
void s3_start_copy(struct s3 *to, struct http_many *, struct s3 *from,
    const struct s3_object *, const char *to_key, s3_done *, void *arg);

/*
 * An object of any size, in parts of which some are on their way at once; by
 * the service, or through this machine. It keeps the source's ETag where its
 * parts can be as large as the source's are.
 */
bool s3_copy(struct s3 *to, struct s3 *from, const struct s3_object *,
    const char *to_key, bool by_service, struct err *) MUST_CHECK;

#endif
