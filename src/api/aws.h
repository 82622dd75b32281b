/*
 * aws - requests to Amazon's services: signed, and their refusals in words.
 *
 * Here is what the services have in common; a service is a module of its own
 * (ec2, dnshost_route53). Kinds: ERR_DENIED: the key is refused, or may not
 * do this; ERR_NOT_FOUND, ERR_NETWORK, ERR_TIMEOUT. "Slow down" is waited
 * out.
 */
#ifndef API_AWS_H
#define API_AWS_H

#include <stdbool.h>

#include "base/err.h"

struct aws;
struct buf;
struct http;
struct pool;
struct xml;

struct aws_open {
	const char *key_id, *secret;
	const char *token;		/* of a session, or NULL */
	const char *region;		/* eu-west-3 */
	const char *api;		/* NULL: the service's own address */
	struct http *http;		/* which outlives the handle; NULL:
					 * one of its own, by the next two */
	const char *ca_file;		/* NULL: the system's store */
	const char *dns_servers;	/* NULL: the system's */
};

struct aws *aws_open(const struct aws_open *, struct err *) MUST_CHECK;
void aws_close(struct aws *);
/* Where what it gives lies until it is closed. */
struct pool *aws_pool(struct aws *);

/* One order of the Query API, which must be harmless if repeated. */
struct aws_query {
	const char *service;		/* "ec2" */
	const char *version, *action;
	const char *const *params;	/* name, value, ..., NULL */
	const char *what;		/* for errors */
};
/* The reply's outermost element. False: *code is the service's name of its
 * refusal, "" if it gave none. */
bool aws_ask(struct aws *, const struct aws_query *, const struct xml **,
    const char **code, struct err *) MUST_CHECK;

/* One request of a service whose API is paths and XML (Route 53). */
struct aws_call {
	const char *service;		/* "route53" */
	const char *host;		/* of its own address */
	const char *method, *path;	/* with its query, percent-encoded */
	const struct buf *body;		/* XML; NULL: none */
	bool repeatable;		/* harmless if repeated; else it is
					 * repeated only where it surely did
					 * nothing */
	const char *what;		/* for errors */
};
/* As aws_ask. */
bool aws_call(struct aws *, const struct aws_call *, const struct xml **,
    const char **code, struct err *) MUST_CHECK;

/* For input tables: a region. */
bool aws_check_region(const char *, struct err *);

#endif
