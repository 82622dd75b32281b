/*
 * kube_own - what kube.c shares with kube_exec.c.
 */
#ifndef API_KUBE_OWN_H
#define API_KUBE_OWN_H

#include "api/kube.h"

struct http;
struct http_reply;
struct http_request;
struct json;
struct pool;

struct kube {
	struct pool *pool;
	struct http *http;
	struct kube_open o;	/* its texts are in the pool */
	const char *server, *ca_pem, *authorization, *space;
	bool renewed;		/* since the server last took a login */
	const char *unrenewed;	/* why no new login could be had, or NULL */
	struct json *docs;	/* an array: all that was handed out */
};

/* One request: to which URL, for what, and by which right. */
struct kube_ask {
	const char *method, *url, *what, *body;
	struct kube_right right;
	long good;			/* the status that is a success */
};

/* A request with all that this cluster wants: roots, login, proxy. */
struct http_request kube_request(const struct kube *, const char *method,
    const char *url);
/* Was it refused for its login, and is there now a new one? */
bool kube_renew(struct kube *, const struct http_reply *);

/* Make the error that a reply of 400 or more is. Always false. */
bool kube_tell_status(struct kube *, const struct kube_ask *,
    const struct http_reply *, struct err *);

#endif
