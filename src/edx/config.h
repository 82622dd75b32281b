/*
 * config - an instance's config.yml in the cluster repository: where it is,
 * what it must keep, and how its values may be shown.
 */
#ifndef EDX_CONFIG_H
#define EDX_CONFIG_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct pool;
struct yaml;

/* "instances/<instance>/config.yml", in the pool. */
const char *config_file(struct pool *, const char *instance);

/*
 * The value as people may see it: "(secret)", a short scalar itself, else
 * its size, such as "(a list of 3)". NULL: it is not there. In the pool.
 */
const char *config_show(struct pool *, const struct yaml *, const char *key);
/* A scalar of no secret key: itself, unless it is a URI with a login. */
const char *config_show_text(const char *);
/* Never print the strings and longer numbers of this value from now on. */
void config_mask(const struct yaml *, const char *key);

/*
 * What Launchpad's workflows need of the file: a map; TUTOR_VERSION in one
 * line, at its beginning, without quotes. ERR_INPUT names what is wrong.
 */
bool config_check(const struct yaml *, struct err *) MUST_CHECK;

/*
 * Call visit for each string, number and date below a path ("" for all), with
 * its own path; false ends it. visit must not edit.
 */
void config_walk(const struct yaml *, const char *path,
    bool (*visit)(const char *path, const char *text, void *with),
    void *with);

/*
 * The first key that a template in the value refers to and that Tutor would
 * not find: not in `y`, nor in Tutor's own base. NULL: none. In the pool.
 */
const char *config_undefined(struct pool *, const struct yaml *from,
    const char *key, const struct yaml *y);

/* Does any template of the file name this key? */
bool config_refers_to(const struct yaml *, const char *key);

/* The host that Tutor derives from LMS_HOST for this key where the file has
 * none: "studio.", "apps." ... and LMS_HOST; NULL: no such key. In pool. */
const char *config_derived_host(struct pool *, const struct yaml *,
    const char *key);
/*
 * Does `now` have the value that `old` has there, as it is or as a Tutor
 * build of `now` renders it (templates filled in, the last line end lost)?
 */
bool config_same(const struct yaml *now, const struct yaml *old,
    const char *key);

/* One host name that Tutor's rendering wrote into values, and what it shall
 * be. */
struct config_host {
	const char *old, *now;
};
/*
 * Replace the hosts (the last has no `old`) in the value, where they stand as
 * whole names. true: it holds one of them (also where old and now agree). The
 * new text is appended to out.
 */
bool config_replace_hosts(const char *value, const struct config_host *,
    struct buf *out);

#endif
