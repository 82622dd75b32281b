/*
 * digitalocean_own - the handle, and one request with what all refusals of
 * the company have in common. Internal to digitalocean.
 */
#ifndef API_DIGITALOCEAN_OWN_H
#define API_DIGITALOCEAN_OWN_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"

struct digitalocean;
struct http;
struct http_reply;
struct json;
struct pool;

struct digitalocean {
	struct pool *pool;
	struct http *http;
	bool lent;			/* http is somebody else's */
	const char *api, *authorization;
	const char *input;		/* of the token */
};

struct digitalocean_call {
	const char *method, *path;
	const struct json *body;	/* NULL: none */
	const char *what;		/* for errors: "DigitalOcean: ..." */
	const char *object;		/* of a 404: "cluster" */
	const char *scope;		/* of a 403: "database:read" */
	bool once;			/* no retry by net/http */
	clock_ms deadline;		/* 0: two minutes */
};

/* Any status is a reply here. */
bool digitalocean_send(struct digitalocean *, const struct digitalocean_call *,
    struct http_reply *, struct err *) MUST_CHECK;
/* The same where only 2xx with JSON will do; to be freed by the caller. */
struct json *digitalocean_ask(struct digitalocean *,
    const struct digitalocean_call *, struct err *) MUST_CHECK;
/* What a reply of another status means. Always false. */
bool digitalocean_refused(struct digitalocean *, const struct http_reply *,
    const struct digitalocean_call *, struct err *);

#endif
