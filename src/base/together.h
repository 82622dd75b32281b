/*
 * together - wait for many things at once, where a library can wait for only
 * one.
 *
 * A job is a call in a copy of this process: it sees all as it was when the
 * job began, changes nothing of ours, and hands back bytes. Only so many run
 * at a time; what has not ended at the deadline is stopped; if we die, so do
 * they.
 */
#ifndef BASE_TOGETHER_H
#define BASE_TOGETHER_H

#include <stddef.h>

#include "base/clock.h"

struct buf;
struct together;

/* Do the i-th job; what it has found out is appended to the answer. */
typedef void together_job(void *arg, size_t i, struct buf *answer);

/*
 * Begin n jobs, at_once of them now, the others while together_wait waits.
 * arg must stay until then. Free with together_free.
 */
struct together *together_begin(together_job *fn, void *arg, size_t n,
    size_t at_once, clock_ms deadline);
void together_wait(struct together *);
/* Of a job that was waited for: its bytes, which stay until together_free;
 * NULL: it did not end in time, or could not begin. */
const struct buf *together_answer(const struct together *, size_t i);
/* Stops what still runs. NULL is fine. */
void together_free(struct together *);

#endif
