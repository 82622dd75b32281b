/*
 * repo_git - run git for api/repo; nobody else includes this.
 */
#ifndef API_REPO_GIT_H
#define API_REPO_GIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

struct git {
	struct pool *pool;
	const char *dir;	/* where git runs */
	const char *index;	/* another index file, or NULL */
	struct buf config;	/* given on a descriptor; holds the token */
	struct buf out, errout;	/* of the last run */
	clock_ms deadline;	/* of each run */
};

struct git_remote {
	const char *url;
	const char *user, *token;
	const char *ca_file, *dns_servers;
};

void git_init(struct git *, struct pool *, const char *dir);
/* Complete the configuration for this remote. ERR_INPUT: its URL is neither
 * https nor, with `local`, a folder. */
bool git_configure(struct git *, const struct git_remote *, bool local,
    struct err *) MUST_CHECK;
void git_free(struct git *);

/*
 * Run git with these arguments (NULL-ended). git_try: true if it ran,
 * *status is its exit status. git_run: its status must be 0; else the error
 * says `what` failed and what git said, with the kind where it is known.
 */
bool git_try(struct git *, const char *const *args, const char *input,
    size_t len, int *status, struct err *) MUST_CHECK;
bool git_run(struct git *, const char *what, const char *const *args,
    struct err *) MUST_CHECK;
/* The first line of a run's output, in the pool. NULL: an error. */
const char *git_line(struct git *, const char *what, const char *const *args,
    struct err *) MUST_CHECK;
/* An error about the last run. Always false. */
bool git_failed(struct git *, const char *what, struct err *);

/*
 * Remove what a killed run left in this git folder: its own files, and git's
 * locks when no git is at work in the work tree. Waits for a live one.
 */
bool git_unlock(const char *work_tree, const char *git_dir, struct err *)
    MUST_CHECK;

#endif
