/*
 * resolve - what DNS servers really answer (the only user of c-ares).
 *
 * Each question goes to one chosen server, so that answers of several can be
 * compared; any number of questions are under way at once. UDP, and TCP
 * where an answer is cut. Nothing is cached, searched or read from
 * /etc/hosts: TTLs are as received. Answers are parsed sets, sorted, without
 * doubles; names are lower case without the final dot. That a name does not
 * exist, that it has no such record, and that nobody answered are different
 * things here, always.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct buf;
struct loop;
struct pool;
struct resolve;

enum dns_found {
	DNS_ANSWER,	/* there are values */
	DNS_ALIAS,	/* CNAMEs, and this server does not know the end */
	DNS_NODATA,	/* the name exists, the type does not */
	DNS_NXDOMAIN,	/* no such name */
	DNS_LAME,	/* asked as authority, it is none for this name */
	DNS_REFUSED,
	DNS_FAILED,	/* SERVFAIL and what else is no answer */
	DNS_SILENT,	/* unreachable, or nothing before the deadline */
	DNS_GARBLED,	/* can't be understood; a loop of CNAMEs */
};

struct dns_question {
	const char *server;	/* address, address:port, [IPv6]:port */
	const char *name;
	const char *type;	/* A AAAA CNAME NS SOA TXT CAA */
	bool recursive;		/* ask as a client; else as one who wants
				 * the server's own knowledge */
	long ms;		/* at most so long; 0: to the deadline */
};

/* One CNAME on the way from the name to the values. */
struct dns_hop {
	const char *name, *target;
	long ttl;
};

struct dns_answer {
	enum dns_found found;
	const char **value;	/* sorted, n of them */
	size_t n;
	long ttl;		/* of the values; the highest of several */
	bool mixed_ttl;		/* they differ, which no zone may have */
	const struct dns_hop *hop;
	size_t hops;
	long keep;		/* seconds that a cache may hold what was
				 * asked: the lowest TTL on the way; for
				 * NXDOMAIN and NODATA the negative TTL */
	bool authoritative;
	const char *why;	/* words, where it is no answer; else "" */
	long ms;		/* until it came */
};

/* servers: addresses, with optional ports, separated by commas; NULL: those
 * of /etc/resolv.conf. ERR_INPUT: not an address. */
struct resolve *resolve_open(const char *servers, struct err *) MUST_CHECK;
void resolve_close(struct resolve *);
/* Wait in this loop from now on, so that what else is in it goes on. */
void resolve_share(struct resolve *, struct loop *);

/* The name servers given, or the system's; *n of them, NULL-ended. */
const char *const *resolve_servers(const struct resolve *, size_t *n);

/* Ask everything at once; a[i] answers q[i] and lives in the pool. A question
 * without an answer at the deadline is DNS_SILENT. */
void resolve_ask(struct resolve *, struct pool *, const struct dns_question *,
    struct dns_answer *, size_t n, clock_ms deadline);

/* The same values, whatever their order and TTL? */
bool dns_same(const char *const *, size_t, const char *const *, size_t);
/* For people: "127.0.0.1, 127.0.0.2 (TTL 5)", "no such name", ... */
void dns_words(struct buf *, const struct dns_answer *);

/* One address of a host, IPv4 first; an address is returned as it is. In the
 * pool. ERR_NOT_FOUND: it has none; ERR_NETWORK: nobody answered. */
const char *resolve_address(struct resolve *, struct pool *, const char *host,
    clock_ms deadline, struct err *);

/* A name server of a zone: one entry for each of its addresses. */
struct dns_ns {
	const char *name, *address;
};
struct dns_zone {
	bool found;
	const char *name;
	const struct dns_ns *ns;
	size_t n;
	const char *unreachable;	/* addresses this machine has no route
					 * to (IPv6), left out; "" if none */
};

/*
 * The zone that holds the name, and every address of every name server of
 * it, found by asking the name servers given. ERR_NOT_FOUND: no zone;
 * ERR_NETWORK: nobody answered, or a name server has no address.
 */
bool resolve_find_zone(struct resolve *, struct pool *, const char *name,
    clock_ms deadline, struct dns_zone *, struct err *) MUST_CHECK;
/* The same of n names at once; err[i] says why zone[i] was not found. */
void resolve_find_zones(struct resolve *, struct pool *,
    const char *const *name, size_t n, clock_ms deadline, struct dns_zone *,
    struct err *);

/* What a server is waited for to say: an authority at the name itself, a
 * cache wherever CNAMEs lead. */
struct dns_want {
	const char *name, *type;
	const char *const *value;	/* exactly these; NULL: any; n 0 with
					 * value set: none */
	size_t n;
	long ttl;			/* of an authority exactly this, of
					 * a cache at most; 0: any */
};

/*
 * Await that each server says all of this, `times` in a row. ERR_TIMEOUT
 * names each server that did not, with what it said last.
 */
bool resolve_await(struct resolve *, const char *const *servers,
    size_t nserver, bool recursive, const struct dns_want *, size_t nwant,
    int times, clock_ms deadline, struct err *) MUST_CHECK;

#endif
