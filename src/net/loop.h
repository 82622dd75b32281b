/*
 * loop - the one place where a program waits for its sockets.
 *
 * DNS, TLS and HTTP each put their sockets and their next moment here, and
 * whoever waits for one of them lets all the others go on meanwhile. There
 * are no threads: a callback is called while somebody waits, and must not
 * wait itself.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/clock.h"

struct loop;

struct loop *loop_open(void);
void loop_close(struct loop *);		/* NULL is fine */

enum loop_what { LOOP_IN = 1, LOOP_OUT = 2 };	/* bits; an error is both */

/* Call when the socket is ready. Asked again for the same socket, the last
 * word counts. */
typedef void loop_ready(void *arg, int fd, unsigned what);
void loop_watch(struct loop *, int fd, unsigned what, loop_ready *,
    void *arg);
/* Before the socket is closed, or right after. */
void loop_forget(struct loop *, int fd);

/* Call at a moment of the clock, and from then on whenever the moment comes
 * that the call itself names. */
typedef clock_ms loop_time(void *arg);
void loop_join(struct loop *, loop_time *, void *arg);
void loop_leave(struct loop *, const void *arg);

/* Wait for news, not longer than that, and make all calls that are due. */
void loop_turn(struct loop *, clock_ms until);

#endif
