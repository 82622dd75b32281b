/*
 * s3_own - what s3's files share: how a request is made and judged.
 */
#ifndef API_S3_OWN_H
#define API_S3_OWN_H

#include <stdbool.h>
#include <stddef.h>

#include "api/s3.h"
#include "base/err.h"
#include "net/sigv4.h"

struct http_reply;
struct http_request;
struct xml;

enum {
	S3_PART = 8 * 1024 * 1024,	/* of what is read or written at once;
					 * 10,000 parts are allowed */
	S3_PART_MIN = 5 * 1024 * 1024,	/* but for the last */
	S3_PARTS_MAX = 10000,
	S3_HEADERS = 32,		/* that go with an object */
};

struct s3 {
	struct http *http;
	struct pool *p;
	const char *base;	/* https://host/bucket, without / at the end */
	const char *host, *bucket, *name;
	struct sigv4_key key;
};

struct s3_ask {
	const char *method;
	const char *key;		/* NULL: the bucket itself */
	const char *query;		/* encoded; or NULL */
	const char *const *headers;	/* NULL-ended; or NULL */
	const char *body;		/* NULL: none */
	size_t body_len, reply_max;
};

/* Signed as of now. What it points to is in the pool or in the ask. */
void s3_request(struct s3 *, struct pool *, const struct s3_ask *,
    struct http_request *);
/* Is it a success, without an error inside? If not, the error says why. */
bool s3_judge(struct s3 *, struct pool *, const struct s3_ask *,
    const struct http_reply *, struct err *);
/* Both with http_send between. */
bool s3_send(struct s3 *, struct pool *, const struct s3_ask *,
    struct http_reply *, struct err *);
/* The same; the reply is XML whose outermost element has this name. */
const struct xml *s3_ask_xml(struct s3 *, struct pool *,
    const struct s3_ask *, const char *name, struct err *);
/* Its text as XML; the error names the ask. */
const struct xml *s3_reply_xml(struct s3 *, struct pool *,
    const struct s3_ask *, const struct http_reply *, const char *name,
    struct err *);

/* A reply's header by name, in any case, or NULL. */
const char *s3_header(const struct http_reply *, const char *name);
/* A reply's headers as facts of an object. */
bool s3_read_info(struct pool *, const char *key, const struct http_reply *,
    struct s3_info *, struct err *);
/* "\"abc\"" gives "abc". */
const char *s3_etag(struct pool *, const char *);
/* The header that names an object to be copied. */
const char *s3_copy_source(struct pool *, const struct s3 *from,
    const char *key);
/* name=value with the value encoded; sep: "" or "&". */
const char *s3_parameter(struct pool *, const char *sep, const char *name,
    const char *value);

/* ---- an upload in numbered parts (s3_parts.c) ---- */

struct s3_parts;
struct s3_parts *s3_parts_begin(struct s3 *, const char *key,
    const char *const *headers, struct err *);
/* The query of the request that brings a part; the first is 1. */
const char *s3_parts_query(const struct s3_parts *, struct pool *,
    size_t number);
/* The part is there, and this is its ETag. */
bool s3_parts_set(struct s3_parts *, size_t number, const char *etag,
    struct err *);
/* With ok make an object of the parts, else (or where that fails) drop them.
 * Is the object there? The upload is gone either way. */
bool s3_parts_end(struct s3_parts *, bool ok, long long size, struct err *);
/* Drop one of a killed run. */
bool s3_parts_drop(struct s3 *, struct pool *, const char *key,
    const char *id, struct err *);

#endif
