/*
 * zoneplan - which zone each host lies in, and who serves it.
 *
 * By the inputs, which are for all hosts, and the plan's dns.hosts, which
 * names another zone or provider for one of them.
 */
#ifndef SITE_ZONEPLAN_H
#define SITE_ZONEPLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "api/dnshost.h"
#include "base/err.h"
#include "site/hosts.h"
#include "step/step.h"

struct pool;

/* Rows dns-provider, dns-server, dns-token, aws-..., zone, dns-zone-id,
 * wait-hours, hosts. */
extern const struct input zoneplan_inputs[];

/* One zone, and the hosts that lie in it, NULL-ended. */
struct zoneplan {
	struct dnshost_open at;
	bool manual;		/* others keep it: no company is asked */
	const char **host;
	size_t hosts;
};

/*
 * All hosts, and one plan for each of their zones, in the pool; nothing is
 * asked of anybody. ERR_INPUT: a host lies outside its zone, one zone has
 * two providers, a company has no login, or dns.hosts is wrong.
 */
bool zoneplan_find(struct pool *, struct hosts *, struct zoneplan **,
    size_t *n, struct err *) MUST_CHECK;

/* The input wait-hours. */
long zoneplan_wait_hours(void);

#endif
