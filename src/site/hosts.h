/*
 * hosts - the names under which visitors know the instance.
 *
 * From a list that a person gave ("lms=courses.example.org, ...", or names
 * alone), else from the plan's `hosts`: kind and name.
 */
#ifndef SITE_HOSTS_H
#define SITE_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "step/step.h"

struct pool;

struct host {
	const char *kind;	/* "lms", "cms", "mfe", ...; "" if unknown */
	const char *name;	/* lower case, without the final dot */
};

struct hosts {
	const struct host *v;
	size_t n;
};

/* For the input row: what of the plan is read. */
extern const struct place hosts_places[];

/* given: the input's value, or NULL. They lie in the pool. ERR_INPUT: there
 * is none, or one is no DNS name. */
bool hosts_find(struct pool *, const char *given, struct hosts *,
    struct err *) MUST_CHECK;
/* For input tables: a list of hosts as above. */
bool hosts_check(const char *, struct err *);
/* The zone that the plan's dns.hosts names for each, NULL where it names none;
 * in the pool. NULL: it names none for any of them. */
const char *const *hosts_zones(struct pool *, const struct hosts *);
/* The name of this kind, or NULL. */
const char *hosts_name(const struct hosts *, const char *kind);
/* Upper and lower case are one. */
bool hosts_has(const struct hosts *, const char *name);

#endif
