/*
 * http - one request, done well (the only user of libcurl).
 *
 * TLS is always verified. Every request has a User-Agent, a connect and a
 * total deadline and a cap on the reply. Redirects are not followed (a
 * caller that wants one reads the Location header and asks again, without
 * credentials). A reply of any status is a success of this module; whether
 * 404 is an error is the caller's to say.
 *
 * Retries (facts of the vendors): GET, HEAD, PUT and DELETE are repeated
 * after a lost connection, 429, 502, 503, 504, and after 403 with a
 * rate-limit header; POST and PATCH only where the server surely did not
 * act (it could not be reached, or 429 and rate-limited 403). Waits follow
 * Retry-After, the rate-limit reset headers, else doubling with jitter; all
 * within the deadline.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct http;
struct pool;

/*
 * ca_file: PEM file of roots that replaces the system's store; NULL: the
 * system's. dns_servers: addresses (with optional :port) separated by
 * commas; NULL: the system's.
 */
struct http *http_open(const char *ca_file, const char *dns_servers,
    struct err *) MUST_CHECK;
void http_close(struct http *);

struct http_request {
	const char *method;		/* "GET" ... */
	const char *url;
	const char *const *headers;	/* "Name: value", NULL-ended, or NULL */
	const char *authorization;	/* whole value, kept to this host */
	const char *body;		/* NULL: none */
	size_t body_len;
	const char *ca_pem;		/* trust only these roots (PEM text) */
	const char *client_cert_pem, *client_key_pem;
	const char *connect_to;		/* address instead of the name's; SNI
					 * and Host stay */
	long timeout;			/* seconds in all; 0: 60 */
	size_t reply_max;		/* bytes; 0: 8 MiB */
	bool once;			/* no retry at all */
	bool quick;			/* a reply of 5xx is an answer */
	clock_ms deadline;		/* ends retries; 0: from timeout */
};

struct http_reply {
	long status;
	const char *body;		/* NUL-ended */
	size_t body_len;
	const char *type;		/* Content-Type, "" if none */
	const char *address;		/* that answered */
	long long date;			/* the server's Date header, or 0 */
	int attempts;			/* 1 or more */
};

/*
 * The reply lives in the pool. ERR_NETWORK: no answer (the text says at
 * which stage: resolve, connect, TLS, send, receive); ERR_TIMEOUT.
 */
bool http_send(struct http *, struct pool *, const struct http_request *,
    struct http_reply *, struct err *) MUST_CHECK;
/* A reply's header by name, any case; NULL if absent. */
const char *http_header(const struct http_reply *, const char *name);

#endif
