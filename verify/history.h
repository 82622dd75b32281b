/*
 * history - what the last verifications of each instance came to.
 *
 * A file of JSON lines, one for each instance and verification, oldest first;
 * the form of a line is actions/_lib/history.schema.json. Of each instance
 * the newest `keep` are kept, and of those before them as many that failed:
 * what went wrong is remembered longer than what went well.
 */
#ifndef VERIFY_HISTORY_H
#define VERIFY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/err.h"

struct buf;
struct history;
struct records;

/* Not finding the file is no error: the history begins. ERR_HAND: a line is
 * none of ours. Free with history_close. */
struct history *history_open(const char *path, size_t keep, struct err *)
    MUST_CHECK;
void history_close(struct history *);		/* NULL is fine */

/* A line for each instance that the records judge. */
void history_add(struct history *, const struct records *, time_t);
bool history_save(const struct history *, struct err *) MUST_CHECK;

/*
 * One instance's last verdicts, oldest first, and which checks flap: went
 * between good and not good three times or more among them. As Markdown, or
 * as one plain line.
 */
void history_tell(const struct history *, const char *instance,
    bool markdown, struct buf *);

#endif
