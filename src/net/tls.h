/*
 * tls - what a server shows at one address for one name: the certificate,
 * and the answer to one GET (the only user of libssl).
 *
 * For judging, not for trusting: the conversation goes on whatever the
 * certificate says, and the facts say whether a browser would have stopped.
 * So a new side can be looked at before its certificate exists. Never send
 * anything secret here: http.h is for that. Any number of servers are asked
 * at once; questions about one host at one address that stand near each other
 * go over one connection, one after the other.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct loop;
struct pool;
struct tls;

struct tls_question {
	const char *address;	/* IPv4 or IPv6 */
	int port;		/* 0: 443 */
	const char *host;	/* asked for by SNI and Host */
	const char *path;	/* NULL: no request, only the certificate */
	long ms;		/* at most so long; 0: to the deadline */
};

enum tls_stage {	/* how far it came */
	TLS_NOTHING,		/* no connection */
	TLS_CONNECTED,		/* no handshake */
	TLS_SHAKEN,		/* no whole reply (or none asked for) */
	TLS_ANSWERED,
};

struct tls_facts {
	enum tls_stage stage;
	const char *why;	/* where it stopped too early; else "" */
	const char *protocol;	/* "TLSv1.3" */

	/* The certificate; NULL and false before TLS_SHAKEN. */
	bool trusted;		/* its chain ends at a root we know */
	const char *distrust;	/* why not; else "" */
	bool for_host;		/* it is for the name asked for */
	const char *subject;	/* its common name, else its first name */
	const char *issuer;	/* organisation and common name */
	const char *names;	/* DNS names in it, separated by ", " */
	const char *key;	/* "EC 256", "RSA 2048" */
	const char *signature;	/* "ecdsa-with-SHA256" */
	int chain;		/* certificates that the server sends */
	long days_left;		/* below 0: expired */
	bool not_yet;		/* its time has not begun */
	const char *stand_in;	/* the ingress's default certificate, in
				 * words, or NULL */
	bool staging;		/* from a test authority no browser knows */

	/* The reply; from TLS_ANSWERED on. */
	long status;
	const char *type, *location;	/* headers, "" if none */
	const char *hsts;	/* Strict-Transport-Security, "" if none */
	const char *body;	/* NUL-ended, at most 256 KiB */
	size_t body_len;	/* as received */

	/* When things were so far, from the question's beginning on; 0: they
	 * were never, or had been before over the same connection. */
	long connected_ms, shaken_ms, first_ms;
	long ms;		/* in all, of this question */
};

/* ca_file: PEM roots instead of the system's; NULL: the system's. */
struct tls *tls_open(const char *ca_file, struct err *) MUST_CHECK;
void tls_close(struct tls *);
/* Wait in this loop from now on, so that what else is in it goes on. */
void tls_share(struct tls *, struct loop *);

/* facts[i] is of q[i] and lives in the pool. Nothing waits longer than the
 * deadline. */
void tls_ask(struct tls *, struct pool *, const struct tls_question *,
    struct tls_facts *, size_t n, clock_ms deadline);

/* The same in two: between them others may wait in the shared loop. What was
 * given must stay until the end. */
struct tls_round;
struct tls_round *tls_begin(struct tls *, struct pool *,
    const struct tls_question *, struct tls_facts *, size_t n,
    clock_ms deadline) MUST_CHECK;
void tls_end(struct tls_round *);

/* Would a browser take the certificate for this name today? */
bool tls_is_good(const struct tls_facts *);
/* Why not, with the cause where it is known; in the pool. */
const char *tls_words(struct pool *, const struct tls_facts *);

#endif
