/*
 * kube_own - what kube.c shares with kube_exec.c.
 */
#ifndef API_KUBE_OWN_H
#define API_KUBE_OWN_H

#include "api/kube.h"

struct http;
struct http_reply;
struct json;
struct pool;

struct kube {
	struct pool *pool;
	struct http *http;
	const char *server, *ca_pem, *authorization, *space;
	struct json *docs;	/* an array: all that was handed out */
};

/* One request: to which URL, for what, and by which right. */
struct kube_ask {
	const char *method, *url, *what, *body;
	struct kube_right right;
	long good;			/* the status that is a success */
};

/* Make the error that a reply of 400 or more is. Always false. */
bool kube_tell_status(struct kube *, const struct kube_ask *,
    const struct http_reply *, struct err *);

#endif
