/*
 * faultproxy_relay - one connection from its beginning to its end: requests
 * are taken, judged by the rules, passed on, and answered or not.
 */
#ifndef DOUBLES_FAULTPROXY_RELAY_H
#define DOUBLES_FAULTPROXY_RELAY_H

#include <netinet/in.h>

#include "faultproxy_io.h"

struct proxy {
	struct sockaddr_in listen, upstream;
	struct tls tls;
	bool tcp;			/* raw, else HTTP */
	const char *name;		/* to ask for; NULL: as asked */
};

/* HTTP: one request at a time. Takes the client over. */
void
relay_http(const struct proxy *p, struct io *client);

/*
 * Raw: a request is what the client says between two answers. Its method is
 * "TCP", its path the first of its bytes that can be read.
 */
void
relay_tcp(const struct proxy *p, struct io *client);

#endif
