/*
 * sigv4 - sign a request as Amazon's services, and those that speak like
 * them, want it (AWS Signature Version 4, in the Authorization header).
 *
 * curl could sign too, but each of its versions in use does it wrong in a way
 * of its own (queries that are not sorted, paths, bodies), so we do it here.
 * Nothing is sent by this module: what it returns goes into http_request.
 */
#ifndef NET_SIGV4_H
#define NET_SIGV4_H

#include <stddef.h>
#include <time.h>

struct pool;

/* For a body that is not at hand when its headers go out; S3 only, and the
 * connection must be TLS. */
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_key {
	const char *id, *secret;
	const char *token;	/* of a session, or NULL */
	const char *region;	/* us-east-1 */
	const char *service;	/* "s3": its path is encoded once, and it
				 * wants the body's hash in a header. Any
				 * other is done by the general rules. */
};

struct sigv4_request {
	const char *method;
	const char *url;	/* as it will be sent, percent-encoded */
	const char *const *headers;	/* "Name: value"..., NULL; or NULL:
					 * all are signed */
	const char *body;
	size_t body_len;
	const char *payload;	/* the body's SHA-256 in hexadecimal, or
				 * SIGV4_UNSIGNED; NULL: hashed here */
	time_t when;		/* within 15 minutes of the server's clock */
};

struct sigv4_signature {
	const char *authorization;	/* the header's value: a secret for
					 * those 15 minutes */
	const char *const *headers;	/* the request's and what was added:
					 * date, token, hash; NULL-ended */
};

/* The result lies in the pool. */
void sigv4_sign(struct pool *, const struct sigv4_key *,
    const struct sigv4_request *, struct sigv4_signature *);

#endif
