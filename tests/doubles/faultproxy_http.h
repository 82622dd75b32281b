/*
 * faultproxy_http - reading HTTP/1.1 messages as they are: heads as text,
 * bodies in the framing they came in.
 */
#ifndef DOUBLES_FAULTPROXY_HTTP_H
#define DOUBLES_FAULTPROXY_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "faultproxy_io.h"

enum framing { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_TO_END };

enum { HEAD_MAX = 64 * 1024 };

/* A head is its text with the empty line, NUL-terminated. */
struct head {
	struct bytes text;
	char method[16];	/* of a request */
	char *path;
	int status;		/* of a reply */
};

void
head_free(struct head *h);

/* False: the peer has gone, or this is no HTTP. */
bool
head_read_request(struct io *io, struct head *h);
bool
head_read_reply(struct io *io, struct head *h);

/* Whether a header is there and has the word in it; case does not matter. */
bool
head_has(const struct head *h, const char *name, const char *word);

/* The host of a request without its port; false: none. */
bool
head_host(const struct head *h, char *out, size_t max);

/* Leave a header out. */
void
head_drop(struct head *h, const char *name);

/* How the body comes; n is its length where that is known. */
enum framing
head_request_framing(const struct head *h, size_t *n);
enum framing
head_reply_framing(const struct head *h, const char *method, size_t *n);

/*
 * Pass a body on, piece by piece and still framed, to the sink, until its
 * end or until the sink returns false. False: it did not come whole.
 */
bool
body_pass(struct io *from, enum framing f, size_t n,
    bool (*sink)(void *arg, const char *p, size_t n), void *arg);

#endif
