/*
 * clock - see clock.h.
 */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

clock_ms
clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (clock_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

clock_ms
clock_deadline(long seconds)
{
	return clock_now() + (clock_ms)seconds * 1000;
}

clock_ms
clock_sooner(clock_ms a, clock_ms b)
{
	return a < b ? a : b;
}

long
clock_left(clock_ms deadline)
{
	clock_ms left = deadline - clock_now();

	return left > 0 ? (long)left : 0;
}

bool
clock_over(clock_ms deadline)
{
	return clock_left(deadline) == 0;
}

void
clock_pause(long ms)
{
	struct timespec t = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000
	};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

bool
clock_pause_until(clock_ms deadline, long ms)
{
	long left = clock_left(deadline);

	clock_pause(ms < left ? ms : left);
	return !clock_over(deadline);
}

void
clock_date(struct buf *b, time_t t)
{
	char s[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(s, sizeof s, "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_puts(b, s);
}

time_t
clock_parse(const char *s)
{
	struct tm tm = { 0 };
	const char *rest;

	rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest == NULL)
		return -1;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (strcmp(rest, "Z") != 0 && strcmp(rest, "+00:00") != 0)
		return -1;
	return timegm(&tm);
}
