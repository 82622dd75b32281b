/*
 * ec2 - who may connect through a security group of Amazon's: its inbound
 * rules for one TCP port. A group stands before a database of RDS or
 * DocumentDB.
 */
#ifndef API_EC2_H
#define API_EC2_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct aws;

struct ec2_rule {
	const char *source;		/* "203.0.113.7/32", or a group's id;
					 * else in words */
	const char *description;	/* "" if there is none */
};
struct ec2_rules {
	const struct ec2_rule *v;	/* in the aws handle's pool */
	size_t n;
};

/* Rules that let somebody in to the port, those for it alone first. */
bool ec2_find_rules(struct aws *, const char *group, long port,
    struct ec2_rules *, struct err *) MUST_CHECK;
/* Have a rule for the port and this network or group, or none for the port
 * alone; and wait until the service says so. */
bool ec2_add_rule(struct aws *, const char *group, long port,
    const struct ec2_rule *, struct err *) MUST_CHECK;
bool ec2_remove_rule(struct aws *, const char *group, long port,
    const char *source, struct err *) MUST_CHECK;

/* For input tables: a security group's id. */
bool ec2_check_group(const char *, struct err *);

#endif
