/*
 * http - one request, done well (the only user of libcurl).
 *
 * TLS is always verified, 1.2 or newer. Every request has a User-Agent, a
 * connect and a total deadline and a cap on the reply. Redirects are not
 * followed (a caller that wants one reads the Location header and asks
 * again, without credentials). A reply of any status is a success of this
 * module; whether 404 is an error is the caller's to say. A proxy is taken
 * from the environment (https_proxy, no_proxy), as curl does.
 *
 * Roots of trust: ca_file, else the system's. There a folder of hashed links
 * is preferred (only the roots that are needed get parsed); if it does not
 * know a server's root but the system's bundle file does, the bundle is used
 * from then on.
 *
 * Retries (facts of the vendors): GET, HEAD, PUT and DELETE are repeated
 * after a lost connection, 429, 502, 503, 504, and after 403 that means a
 * rate limit; POST and PATCH only where the server surely did not act (it
 * could not be reached, or 429 and rate-limited 403), and always on a
 * connection of their own (curl silently repeats what a reused connection
 * lost). Waits follow Retry-After, the rate-limit reset headers, else
 * doubling with jitter; all within the deadline. Where the deadline comes
 * before the wait is over, the reply is handed over as it is, at once.
 * Certificates that do not verify are never retried. Without a deadline of
 * the caller's a request is sent at most 6 times.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct http;
struct http_reply;
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
	const char *const *headers;	/* "Name: value"..., NULL; or NULL */
	const char *authorization;	/* whole value, kept to this host */
	const char *digest_user, *digest_password;	/* or this login, by
					 * RFC 7616: each request is asked
					 * twice then; NULL: none */
	const char *body;		/* NULL: none; without a Content-Type
					 * of the caller's it is JSON */
	size_t body_len;
	const char *ca_pem;		/* trust only these roots (PEM text) */
	const char *client_cert_pem, *client_key_pem;	/* both or none */
	const char *tls_name;		/* of the server's certificate, in
					 * place of the URL's; Host stays */
	const char *proxy;		/* http, https, socks5h URL, in
					 * place of the environment's */
	const char *connect_to;		/* address instead of the name's; SNI
					 * and Host stay */
	long timeout;			/* seconds in all; 0: 60. With a
					 * deadline: seconds of one attempt */
	size_t reply_max;		/* bytes; 0: 8 MiB */
	bool once;			/* no retry at all */
	bool quick;			/* a reply of 5xx is an answer */
	bool repeatable;		/* a POST whose repetition is harmless
					 */
	bool (*again)(const struct http_reply *);	/* is this reply of
					 * a vendor's "try again", although
					 * its status does not say so? */
	bool connect_only;		/* for http_socket.h: nothing is sent,
					 * and the reply is empty */
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
	const char *const *headers;	/* "Name: value", NULL-ended */
};

/*
 * The reply lives in the pool. ERR_NETWORK: no answer (the text says at
 * which stage: resolve, connect, TLS, send, receive); ERR_TIMEOUT: the same,
 * for lack of time; ERR_INPUT: a header (a token, mostly) that can't be sent.
 * After any of the first two a POST may or may not have acted, unless
 * http_unsent says no.
 */
bool http_send(struct http *, struct pool *, const struct http_request *,
    struct http_reply *, struct err *) MUST_CHECK;
/* Did the last http_send fail before any byte of the request was sent? */
bool http_unsent(const struct http *);
/* A 403 or 429 that means "too many requests": how long to wait in seconds
 * (at least 1), by its headers or body; 0: it means no such thing. */
long http_rate_limited(const struct http_reply *);

#endif
