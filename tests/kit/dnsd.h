/*
 * dnsd - a DNS server inside a test, which says exactly what it is told to.
 *
 * It listens on 127.0.0.1 at a port of its own, UDP and TCP, in a thread,
 * and can misbehave: be silent, late, cut, lame, answer with a wrong id or
 * with rubbish. A question that no rule matches gets REFUSED.
 */
#ifndef TESTS_DNSD_H
#define TESTS_DNSD_H

#include <stdbool.h>

struct dnsd;

/* One record of a reply. Data as in a zone file (A, AAAA, CNAME, NS, SOA,
 * CAA "0 issue ca.example", TXT). A row without a type ends the list. */
struct dnsd_rr {
	const char *name, *type;
	long ttl;
	const char *data;
};

struct dnsd_rule {
	const char *name, *type;	/* the question; NULL: any */
	int rcode;			/* 0 NOERROR 2 SERVFAIL 3 NXDOMAIN */
	bool no_authority;		/* AA off */
	struct dnsd_rr answer[12], authority[4];
	int delay_ms;
	bool silent;			/* no reply at all */
	bool cut;			/* over UDP only the header, TC set */
	bool old;			/* no EDNS (FORMERR), and by UDP not
					 * more than 512 bytes */
	bool wrong_id;
	bool rubbish;			/* a header and bytes of no sense */
	int times;			/* 0: always; else then the next */
};

/* The rules (ended by one with neither name, type nor a deed: all zero)
 * are copied by pointer: they must outlive the server. */
struct dnsd *dnsd_start(const struct dnsd_rule *, int n);
void dnsd_stop(struct dnsd *);
const char *dnsd_server(struct dnsd *);		/* "127.0.0.1:1234" */
int dnsd_asked_tcp(struct dnsd *);		/* questions by TCP so far */

#endif
