/*
 * updates - real name servers that take dynamic updates (RFC 2136), PowerDNS
 * and Knot, for a test: each with the zone example.test, in which a is an A
 * of two values, b a CNAME, and the key "reader" may only read.
 *
 * Needs no sandbox: they listen on addresses of this process' own.
 */
#ifndef TESTS_UPDATES_H
#define TESTS_UPDATES_H

#include <stdbool.h>

enum { UPDATES_PDNS, UPDATES_KNOT, UPDATES_SERVERS };

/* Of both keys; "upd" may change all. */
#define UPDATES_SECRET "dGhlIHNlY3JldCBvZiBhIHRlc3Qgb2YgdHNpZyBrZXlz"

/* Are they installed? */
bool updates_are_there(void);
/* Start one, until it answers; and end it. */
void updates_begin(int server);
void updates_end(int server);
/* For dnshost_open: address and port; "algorithm:key:secret". */
const char *updates_address(int server);
const char *updates_token(int server, const char *key, const char *secret);
#endif
