/*
 * judge - the checks, each a function from facts to one record. Internal to
 * verify.
 *
 * A check says what was expected and what was found, both in words that name
 * the cause. It is asked only at the moments that its row in the table
 * (checks.c) names, and only if what it builds upon was found good: one
 * cause is one failure.
 */
#ifndef VERIFY_JUDGE_H
#define VERIFY_JUDGE_H

#include "verify/verify.h"

struct opinion {
	enum verdict verdict;
	const char *expected, *found;
	const char *remedy;	/* NULL: the table's */
};

typedef struct opinion check_fn(struct pool *, const struct subject *);

/* A moment of the migration: two bits for each phase. */
#define BEFORE(phase) (1U << 2 * (phase))
#define AFTER(phase) (2U << 2 * (phase))

/* One row of the table. facts: what it judges by that is not in files, of
 * facts.h. changed: before such a phase, once it has begun, the check is no
 * matter. */
enum { NEEDS = 2 };
struct check {
	const char *name;
	check_fn *judge;
	unsigned facts, when, changed;
	const char *needs[NEEDS];	/* rows above this one */
	const char *remedy;		/* where it is not good */
};
/* The moments that rows name: done, and not yet gone on. */
enum {
	CONFIGURED = AFTER(PHASE_CONFIGURE) | BEFORE(PHASE_CONNECT),
	CONNECTED = AFTER(PHASE_CONNECT) | BEFORE(PHASE_SWITCH),
	SWITCHED = AFTER(PHASE_SWITCH) | BEFORE(PHASE_SETTLE),
	SETTLED = AFTER(PHASE_SETTLE) | BEFORE(PHASE_RESTRICT)
	    | AFTER(PHASE_RESTRICT),
	RESTRICTED = AFTER(PHASE_RESTRICT),
	MADE = CONFIGURED | CONNECTED | SWITCHED | SETTLED,
	ALWAYS = BEFORE(PHASE_CONFIGURE) | MADE,
};
extern const struct check checks[];	/* ends with a row without name */
/* The row of this name (asserted to be one). */
int check_row_named(const char *);

check_fn check_created, check_dns_delegation, check_dns_chain;
check_fn check_dns_authorities, check_dns_ttl, check_dns_resolvers;
check_fn check_dns_serials, check_dns_caa, check_dns_wildcard;
check_fn check_heartbeat_extended, check_search, check_static_asset;
check_fn check_wrong_host, check_courses, check_site, check_sso, check_lti;
check_fn check_issuer, check_snapshot, check_hsts, check_mixed_content;
check_fn check_workloads, check_old_unchanged, check_firewall;
check_fn check_settings;
check_fn check_answers_old, check_answers_new;
check_fn check_certificate_old, check_certificate_new;
check_fn check_heartbeat_old, check_heartbeat_new;
check_fn check_hosts, check_studio_redirect, check_mfe_config;
check_fn check_init_jobs, check_autosync, check_data;
check_fn check_application, check_synced;
check_fn check_mysql_grants, check_mongodb_roles;

/* Is it asked for, by its name or as what another builds upon? */
bool check_is_chosen(const struct check *, const struct subject *);
/* Is a row with these moments for what the subject is asked now? */
bool moment_is(unsigned when, const struct subject *);

/* Append what only a person can test at this moment (people.c). */
void people_add(struct pool *, const struct subject *, struct records *);

/* What makes a name server none: no answer at all, or one without authority;
 * NULL: it is one. And is there any to judge by? If not, the opinion says
 * so, as dns-delegation says why. And their names. */
const char *dns_server_fault(struct pool *, const struct subject *, size_t);
bool dns_has_server(struct pool *, const struct subject *, struct opinion *);
struct facts;
const char *const *dns_authorities(struct pool *, const struct facts *);

/* Does any authority lead the LMS's name to the new side? */
bool facts_dns_moved(const struct subject *);

#endif
