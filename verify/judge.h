/*
 * judge - the checks, each a function from facts to one record. Internal to
 * verify.
 *
 * A check says what was expected and what was found, both in words that name
 * the cause. It is asked only at the moments that its row in the table
 * (judge.c) names.
 */
#ifndef VERIFY_JUDGE_H
#define VERIFY_JUDGE_H

#include "verify/verify.h"

struct opinion {
	enum verdict verdict;
	const char *expected, *found;
};

typedef struct opinion check_fn(struct pool *, const struct subject *);

check_fn check_dns_authorities, check_dns_ttl, check_dns_resolvers;
check_fn check_certificate_old, check_certificate_new;
check_fn check_heartbeat_old, check_heartbeat_new;
check_fn check_hosts, check_studio_redirect, check_mfe_config;
check_fn check_init_jobs, check_autosync, check_data, check_application;
check_fn check_mysql_grants, check_mongodb_roles;

/* Does any authority lead the LMS's name to the new side? */
bool facts_dns_moved(const struct subject *);

#endif
