/*
 * ownaddress - the address that this machine's connections come from, as a
 * server outside sees it.
 */
#ifndef API_OWNADDRESS_H
#define API_OWNADDRESS_H

#include <stdbool.h>

#include "base/err.h"

struct http;
struct pool;

/* A server that answers with the address that asks, and no more. */
extern const char ownaddress_url[];

/* The IPv4 address, in the pool. ERR_NETWORK, ERR_TIMEOUT; ERR_OTHER: the
 * answer is none. */
const char *ownaddress_find(struct http *, struct pool *, const char *url,
    struct err *) MUST_CHECK;

/* For input tables: an IPv4 address. */
bool ownaddress_check(const char *, struct err *);

#endif
