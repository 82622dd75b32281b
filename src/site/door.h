/*
 * door - open and close one source's way to one database, and write it down.
 *
 * What was open already stays as it is, and is not closed later. Each call
 * may be killed at any moment and made again.
 */
#ifndef SITE_DOOR_H
#define SITE_DOOR_H

#include <time.h>

#include "base/err.h"

struct doorbook;
struct managed_list;

/* Let the source in; until: when it is to be taken out again, 0: by hand. */
bool door_open(struct doorbook *, const struct managed_list *,
    const char *source, const char *who, time_t until, struct err *)
    MUST_CHECK;

/*
 * Take out what this instance let in to the list for `who`. before: only what
 * should have been out by then; 0: all. What others need stays.
 */
bool door_close(struct doorbook *, const struct managed_list *,
    const char *who, time_t before, struct err *) MUST_CHECK;

/* Everybody who may connect, into the log and the summary. */
bool door_list(const struct doorbook *, const struct managed_list *,
    struct err *) MUST_CHECK;

#endif
