/*
 * clock - deadlines, pauses and dates.
 *
 * A deadline is a moment of the monotonic clock in milliseconds; all waits
 * take one, so that nested calls share the time that is left.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <time.h>

struct buf;

typedef long long clock_ms;

clock_ms clock_now(void);			/* monotonic */
clock_ms clock_deadline(long seconds);		/* now + seconds */
clock_ms clock_sooner(clock_ms, clock_ms);
long clock_left(clock_ms deadline);		/* ms, never below 0 */
bool clock_over(clock_ms deadline);
void clock_pause(long ms);

/* Sleep ms, but not beyond the deadline; false when the deadline is over. */
bool clock_pause_until(clock_ms deadline, long ms);

/* RFC 3339 in UTC: 2026-11-23T05:40:00Z. */
void clock_date(struct buf *, time_t);
/* The same form back, or -1. A fraction and +00:00 are taken too. */
time_t clock_parse(const char *);

#endif
