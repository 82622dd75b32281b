/*
 * http_many - many requests at once, under one loop.
 *
 * Each is sent, repeated and judged exactly as http_send does it, and told
 * of by a call when it is over. No more than a given number are on their way
 * at a time; where a server says that this is too fast, fewer are, until it
 * answers well again. Connections are shared by all.
 *
 *	while (next != NULL || http_many_busy(m)) {
 *		while (next != NULL && http_many_room(m))
 *			next = ask(m, next);
 *		http_many_wait(m);
 *	}
 */
#ifndef NET_HTTP_MANY_H
#define NET_HTTP_MANY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/http.h"

struct http_many;

/* The roots and name servers are those of the handle, which must stay. */
struct http_many *http_many_open(struct http *, size_t at_once);
/* What is still on its way is dropped, and nobody told. */
void http_many_close(struct http_many *);	/* NULL is fine */

/*
 * How it ended: with ok a reply, else an error as of http_send; unsent as
 * http_unsent would say. All of it is gone after the call. Within it more
 * may be asked, but neither wait nor close.
 */
struct http_outcome {
	bool ok, unsent;
	struct http_reply reply;
	struct err err;
};
typedef void http_done(void *arg, const struct http_outcome *);

/* May another be sent now? If not, wait first. */
bool http_many_room(const struct http_many *);
/* Is anything on its way? */
bool http_many_busy(const struct http_many *);

/*
 * Begin. What the request points to must stay until it is over; its time
 * runs from now. It is sent even where there is no room, since what follows
 * from an answer should not wait. connect_only can't be asked for.
 */
void http_many_send(struct http_many *, const struct http_request *,
    http_done *, void *arg);

/* Until at least one is over, or nothing is on its way. */
void http_many_wait(struct http_many *);
/* Only what can be done without waiting. */
void http_many_poll(struct http_many *);

#endif
