/*
 * http_socket - a WebSocket (RFC 6455): whole binary messages both ways.
 *
 * curl makes the connection (proxy, TLS, names, roots as for any request),
 * and the frames are made here: the frame functions of curl 7.88, which
 * Debian 12 has, wait without a deadline and never finish a frame whose head
 * comes in two pieces. The proof in Sec-WebSocket-Accept is not computed;
 * a server that we verified and that chose one of our protocols is no cache.
 */
#ifndef NET_HTTP_SOCKET_H
#define NET_HTTP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct buf;
struct http;
struct http_reply;
struct http_request;
struct pool;

struct http_socket;

/*
 * Ask for a connection that speaks one of the protocols ("v5.x, v4.x"), by
 * its own connection with the roots and name servers of `like`. The request
 * is a GET with a deadline; its reply lives in the pool. true: the server
 * has answered; *s is NULL unless its status is 101.
 */
bool http_socket_open(struct http *like, struct pool *,
    const struct http_request *, const char *protocols, struct http_reply *,
    struct http_socket **s, struct err *) MUST_CHECK;
void http_socket_close(struct http_socket *);

/* One binary message. */
bool http_socket_send(struct http_socket *, const void *, size_t,
    clock_ms deadline, struct err *) MUST_CHECK;

/*
 * The next message, in place of what is in the buffer. *ended: the server
 * has closed, in good order or not, and there is none. Pings are answered.
 * ERR_OTHER: what comes is no WebSocket, or larger than the buffer's limit.
 */
bool http_socket_receive(struct http_socket *, struct buf *message,
    bool *ended, clock_ms deadline, struct err *) MUST_CHECK;

#endif
