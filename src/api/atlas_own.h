/*
 * atlas_own - the handle, and one request. Internal to atlas.
 */
#ifndef API_ATLAS_OWN_H
#define API_ATLAS_OWN_H

#include <stdbool.h>

#include "api/atlas.h"
#include "base/clock.h"

struct http;
struct http_reply;
struct json;
struct pool;

struct atlas {
	struct pool *pool;
	struct http *http;
	struct atlas_open login;
	const char *bearer;		/* of a service account, once asked */
};

struct atlas_call {
	const char *method, *path;	/* behind the project's own */
	const struct json *body;	/* NULL: none */
	const char *what;		/* for errors: "Atlas: ..." */
	bool may_lack;			/* 404 is no error: *out is NULL */
	clock_ms deadline;		/* 0: five minutes */
};
/* The reply's body, to be freed by the caller; NULL where there is none. */
bool atlas_ask(struct atlas *, const struct atlas_call *, struct json **out,
    struct err *) MUST_CHECK;
/* A part of a path, percent-encoded; in the pool. */
const char *atlas_part(struct atlas *, const char *);

#endif
