/*
 * followers - which other instances move along, because a name of theirs is
 * a CNAME to a name that is moved.
 */
#ifndef SITE_FOLLOWERS_H
#define SITE_FOLLOWERS_H

#include "base/clock.h"

struct hosts;
struct pool;
struct resolve;

/* "beta (learn.example.org follows courses.example.org), ..." in the pool, by
 * the hosts that the config.yml of each instance of the workspace has, asked
 * of the name server; "" if none does. One that can't be read is left out. */
const char *followers_find(struct resolve *, struct pool *,
    const char *server, const struct hosts *moved, clock_ms);

#endif
