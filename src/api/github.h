/*
 * github - the parts of GitHub's REST API that a migration needs: dispatch a
 * workflow, find and await its runs, read commits and files, and ask whether
 * an environment is really guarded by reviewers.
 *
 * One handle is one repository. What a call returns belongs to the handle.
 * Kinds: ERR_NOT_FOUND; ERR_DENIED (the text names the permission that the
 * token needs); ERR_NETWORK, ERR_TIMEOUT.
 */
#ifndef API_GITHUB_H
#define API_GITHUB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct buf;
struct github;
struct json;
struct pool;

struct github_open {
	const char *api_url;		/* https://api.github.com */
	const char *repository;		/* owner/name */
	const char *token;
	const char *ca_file;		/* NULL: the system's store */
	const char *dns_servers;	/* NULL: the system's */
};

/* An input's default: what the runner says, else GitHub's own address. */
extern const char github_default_url[];

struct github *github_open(const struct github_open *, struct err *)
    MUST_CHECK;
void github_close(struct github *);
/* Where what it returns lives, for those who build on it. */
struct pool *github_pool(struct github *);

/* ---- branch, commits, files ---- */

/* The commit at the head of a branch. ERR_NOT_FOUND: no such branch. */
const char *github_find_head(struct github *, const char *branch,
    struct err *) MUST_CHECK;

/* Is `ancestor` this commit or one of its ancestors? ERR_NOT_FOUND: one of
 * both is not in the repository, or they share no history. */
bool github_contains(struct github *, const char *commit,
    const char *ancestor, bool *, struct err *) MUST_CHECK;

/* Files that differ between two commits, at most 300 of them. */
enum { GITHUB_FILES_MAX = 300 };
struct github_files {
	const char *const *path;
	size_t n;
};
bool github_find_changes(struct github *, const char *base, const char *head,
    struct github_files *, struct err *) MUST_CHECK;

struct github_commit {
	const char *sha, *message, *author;
	long long date;		/* of the committer; 0 if it can't be read */
};
struct github_commits {
	const struct github_commit *v;
	size_t n;
};
/* The commits that touched a path, newest first, from a branch or commit
 * backwards; at most `most`, up to 100. No such path: none. */
bool github_find_commits(struct github *, const char *from, const char *path,
    int most, struct github_commits *, struct err *) MUST_CHECK;

/* A file's bytes at a branch or commit, appended. ERR_NOT_FOUND. */
bool github_read_file(struct github *, const char *at, const char *path,
    struct buf *, struct err *) MUST_CHECK;

/* ---- runs of workflows ---- */

struct github_run {
	const char *id;		/* digits; "" if not known */
	const char *title;	/* run-name, or the workflow's name */
	const char *status;	/* queued, in_progress, completed, ... */
	const char *conclusion;	/* "" until completed */
	const char *head;	/* commit that it was started for */
	const char *url;	/* for a person */
	long long created, updated;
};
struct github_runs {
	const struct github_run *v;
	size_t n;
};

bool github_is_over(const struct github_run *);
/* "success" and nothing else: skipped and neutral built nothing. */
bool github_is_success(const struct github_run *);

/* Dispatched runs of a workflow (its file's name) on a branch, newest first;
 * the newest 300. ERR_NOT_FOUND: no such workflow. */
bool github_find_runs(struct github *, const char *workflow,
    const char *branch, struct github_runs *, struct err *) MUST_CHECK;

/*
 * Dispatch a workflow once; never repeated, as each dispatch makes a run.
 * inputs: an object of strings. *id is the run's, or "" if the server does
 * not tell (older ones) and the run must be looked up. On false, *unclear
 * says whether a run may have been made all the same.
 */
bool github_dispatch(struct github *, const char *workflow, const char *ref,
    const struct json *inputs, const char **id, bool *unclear, struct err *)
    MUST_CHECK;

/* Poll a run until it is over; what changes is logged. ERR_TIMEOUT. */
bool github_await_run(struct github *, const char *id, clock_ms deadline,
    struct github_run *, struct err *) MUST_CHECK;

/* Which jobs and steps of a run failed, appended as one line: "job X, step
 * Y (failure)", several with semicolons; nothing if none is to be seen. */
bool github_say_failed(struct github *, const char *id, struct buf *,
    struct err *) MUST_CHECK;

/* ---- environments ---- */

/*
 * How many reviewers guard an environment (one approval of any is needed);
 * 0: it is there but no one is asked. ERR_NOT_FOUND: no such environment, or
 * a plan without environments.
 */
bool github_find_reviewers(struct github *, const char *environment, int *,
    struct err *) MUST_CHECK;

#endif
