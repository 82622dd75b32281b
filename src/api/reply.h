/*
 * reply - what all vendors' answers have in common: JSON if it is well, and
 * HTML from some proxy, half a text or nothing if it isn't.
 */
#ifndef API_REPLY_H
#define API_REPLY_H

#include "base/err.h"

struct http_reply;
struct json;
struct pool;

/*
 * The body as JSON, to be freed by the caller. `what` says who answered what.
 * The error names the status and the kind of text that came instead.
 */
struct json *reply_json(const struct http_reply *, const char *what,
    struct err *) MUST_CHECK;

/* Foreign words made fit for an error: one line, no control characters, at
 * most 400 bytes; in the pool. NULL gives "". */
const char *reply_line(struct pool *, const char *);

/* What a status alone says, for an answer without a usable body. */
const char *reply_meaning(long status);
/* The kind of error that a status is. */
enum err_kind reply_kind(long status);

#endif
