/*
 * world_http - the HTTP side of the world double.
 *
 * A service is one address with a table of routes: method and path pattern
 * to handler. A pattern's {} matches one path segment, {*} at its end all
 * that is left; what they matched is decoded and given as request.arg.
 *
 * One big lock is held while a service's functions run, so a handler may
 * read and change any state of the world without thinking of threads. A
 * handler that has to wait for the world (not for a child) calls
 * world_wait(), which lets the others go on meanwhile.
 */
#ifndef WORLD_HTTP_H
#define WORLD_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

enum { ARGS_MAX = 6 };

struct request {
	const char *method, *path;	/* path as sent, undecoded */
	const char *arg[ARGS_MAX];	/* decoded; NULL where none matched */
	struct cJSON *query;		/* name: text, decoded */
	struct cJSON *headers;		/* lower-case name: text */
	const char *body;		/* never NULL */
	size_t body_len;
	/* CN of the client's certificate, which is of our authority; ""
	 * where it is of another; NULL without one */
	const char *client;
	void *self;			/* the service's own */
};

/*
 * What a handler answers. `body` is freed by us after sending; NULL is an
 * empty body. `type` is a constant; NULL leaves Content-Type out.
 */
struct reply {
	int status;
	/* If set: after a 101 the connection is this function's, in a thread
	 * of its own and without the lock; fd ends with it. It frees arg. */
	void (*talk)(int fd, void *arg);
	void *talk_arg;
	char *body;
	size_t body_len;		/* 0: body ends at its NUL */
	const char *type;
	struct cJSON *headers;		/* further ones; never NULL */
};

typedef void handler(const struct request *, struct reply *);

struct route {
	const char *method, *pattern;
	handler *handle;
};

struct service {
	const char *name;
	const char *address;	/* IPv4 */
	unsigned int port;
	const char *cert;	/* file stem under $S/ca; NULL: plain HTTP */
	bool ask_client;	/* for a certificate, which it may not have */
	void *self;
	const struct route *routes;	/* ends with a NULL method */
	/* Runs first; false when it has answered already (401, ...). */
	bool (*admit)(const struct request *, struct reply *);
	/* No route for the path, or none for the method. May be NULL. */
	handler *unknown;
	/* Runs last: headers that all replies carry, records. May be NULL. */
	void (*finish)(const struct request *, struct reply *);
};

/* Start serving; a message on stderr and false when it can't. */
bool http_serve(const struct service *s, const char *ca_dir);

/* Stop all services; handlers that wait are told by world_ending(). */
void http_stop(void);
bool world_ending(void);

/* The lock, for the threads that are not handlers. */
void world_lock(void);
void world_unlock(void);

/* Let others run for that time; the lock is held before and after. */
void world_wait(double seconds);

/* A query value or header, or NULL. */
const char *query(const struct request *r, const char *name);
const char *header(const struct request *r, const char *name);

/* Answer with a tree (which is deleted) or with plain text (copied). */
void reply_json(struct reply *p, int status, struct cJSON *o);
void reply_text(struct reply *p, int status, const char *type,
    const char *s);
void reply_header(struct reply *p, const char *name, const char *value);

#endif
