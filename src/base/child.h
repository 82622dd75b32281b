/*
 * child - run another program without a shell.
 *
 * The program is found on PATH; it gets only the environment listed, stdin
 * from `input` or nothing, a deadline, and its own process group, which is
 * killed as a whole when the deadline comes; if we die, the program itself is
 * (PDEATHSIG). Secrets go by a file on a descriptor (`secret`), never by argv.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct buf;

struct child {
	const char *const *argv;	/* NULL-ended; argv[0] is looked up */
	const char *const *env;		/* NULL-ended "K=V"; PATH, HOME, LANG,
					 * LC_ALL, TMPDIR, TZ, RUNNER_TEMP are
					 * passed on if they are not here */
	const char *dir;		/* working folder, or NULL */
	const char *input;		/* bytes for stdin, or NULL */
	size_t input_len;
	const char *secret;		/* readable at /dev/fd/3, or NULL */
	size_t secret_len;
	clock_ms deadline;
	struct buf *out;		/* stdout; NULL: dropped */
	struct buf *errout;		/* stderr; NULL: dropped; what does
					 * not fit in either is dropped */
};

/*
 * Run to the end. True if it ran and exit status is in *status (128+n for
 * signal n). ERR_NOT_FOUND "git is not installed": the program is missing;
 * ERR_TIMEOUT: it was killed at the deadline.
 */
bool child_run(const struct child *, int *status, struct err *) MUST_CHECK;

/*
 * One that runs while we read its stdout, or write its stdin; what we do not
 * take, or it does not, makes the other wait. `out` (when writing) and
 * `errout` are filled on the way and must outlive it, nothing else need;
 * `input` is not used when writing. The deadline of struct child is not
 * used: each call has its own, a moment by which something must have moved.
 */
struct child_stream;
enum child_way { CHILD_READ, CHILD_WRITE };
struct child_stream *child_open(const struct child *, enum child_way,
    struct err *) MUST_CHECK;
/* *n 0: the end of its output. */
bool child_read(struct child_stream *, void *, size_t room, size_t *n,
    clock_ms deadline, struct err *) MUST_CHECK;
/* All of it, or an error: it no longer reads, or the deadline came. */
bool child_write(struct child_stream *, const void *, size_t,
    clock_ms deadline, struct err *) MUST_CHECK;
/* Close its stdin, wait for its end; as child_run. The stream is freed. */
bool child_close(struct child_stream *, int *status, clock_ms deadline,
    struct err *) MUST_CHECK;
/* Kill it and whatever it started. NULL is fine. */
void child_abort(struct child_stream *);

#endif
