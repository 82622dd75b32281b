/*
 * faultproxy_rules - which requests are to fail and how, and the log of
 * those that were seen. One set for the whole proxy; safe between threads.
 */
#ifndef DOUBLES_FAULTPROXY_RULES_H
#define DOUBLES_FAULTPROXY_RULES_H

#include <stdbool.h>
#include <stddef.h>

enum fault {
	FAULT_NONE,
	FAULT_REFUSE,		/* nobody listens */
	FAULT_RESET_ACCEPT,	/* reset as soon as connected */
	FAULT_RESET_BEFORE,	/* reset; the server never saw the request */
	FAULT_RESET_AFTER,	/* reset; the server has carried it out */
	FAULT_DELAY,		/* wait, then go on as if nothing was */
	FAULT_CUT,		/* close after so many bytes of the body */
	FAULT_CUT_HEAD,		/* close after so many bytes of the reply */
	FAULT_STATUS,		/* this status instead of a reply */
	FAULT_HTML,		/* a load balancer's page instead of one */
	FAULT_GARBAGE,		/* bytes that are no HTTP at all */
	FAULT_HANG,		/* no answer, the connection stays open */
	FAULTS
};

extern const char *const fault_names[FAULTS];

/* Index of a fault's name, or FAULT_NONE. */
enum fault
fault_find(const char *name);

enum { MATCH_MAX = 256 };

struct rule {
	int id;
	enum fault fault;
	char method[16];		/* "": any */
	char path[MATCH_MAX];		/* part of the path; "": any */
	long nth;			/* first match to hit, from 1 */
	long times;			/* how many from there; 0: all */
	long ms, bytes;
	int status;
	long retry_after;		/* -1: no such header */
	bool processed;			/* the server gets the request */
	long seen;			/* matches so far */
};

/* Start anew: no rules, no log, numbers from 1. */
void
rules_clear(void);

/* Forget the rules only. */
void
rules_drop(void);

/* Add a rule; returns its id. */
int
rules_add(const struct rule *r);

/* Whether a rule of this kind is there (for FAULT_REFUSE). */
bool
rules_have(enum fault f);

/*
 * A request has come: number it, log it, and say what is to happen to it.
 * The rule is a copy, its fault FAULT_NONE if nothing is. Rules that are for
 * connections (refuse, reset-accept) don't match requests.
 */
long
rules_request(const char *method, const char *path, struct rule *out);

/* A connection has come: whether it is to be reset at once. */
bool
rules_reset_accept(void);

/* What became of a request: the status passed on, or an error. */
void
rules_outcome(long number, int status, const char *error);

/* The log, or the rules, as JSON; the caller frees it. */
char *
rules_log_json(void);
char *
rules_json(void);

#endif
