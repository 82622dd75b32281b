/*
 * repo - the cluster repository: instances, plans and records in a git
 * checkout, driven through the git program.
 *
 * The checkout is the job's workspace. It was made when the run was
 * triggered, so opening it fetches the branch and moves to its head, unless
 * files were changed by an earlier step of the job: those stay, and the
 * commit is rebased when it is pushed. The token reaches git by a config
 * file on a descriptor, never by argv, URL or environment.
 */
#ifndef API_REPO_H
#define API_REPO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct json;
struct repo;

struct repo_open {
	const char *dir;	/* work tree */
	const char *branch;
	const char *token;	/* NULL: none is sent */
	const char *ca_file;	/* NULL: git's own */
	const char *resolve;	/* "host:443:address" for http.curloptResolve,
				 * or NULL */
};

/* ERR_NOT_FOUND: no checkout there (the text says to add actions/checkout
 * before). ERR_DENIED: the token is refused. */
struct repo *repo_open(const struct repo_open *, struct err *) MUST_CHECK;
void repo_close(struct repo *);

/* Path of a file in the work tree; belongs to the repo. */
const char *repo_path(struct repo *, const char *relative);
const char *repo_head(struct repo *);		/* 40 hex digits */

/* A file as it is in a commit ("HEAD", "origin", a sha). ERR_NOT_FOUND. */
bool repo_show(struct repo *, const char *commit, const char *path,
    struct buf *, struct err *) MUST_CHECK;
/* Has HEAD, or `commit`, this ancestor? */
bool repo_contains(struct repo *, const char *commit, const char *ancestor,
    bool *, struct err *) MUST_CHECK;

/*
 * Commit these paths (NULL-ended, relative) with the message and push:
 * fetch, rebase, push, again with jitter while others push (until the
 * deadline of 2 minutes). Nothing to commit: *commit is the commit that
 * last touched them, *changed false. A conflict in the same lines:
 * ERR_CONFLICT with the file's name; the work tree is put back as it was.
 */
bool repo_commit(struct repo *, const char *const *paths, const char *message,
    char commit[41], bool *changed, struct err *) MUST_CHECK;

/*
 * The record, migrations/<instance>/record/<name>.json: what was before a
 * step changed it. Saving commits and pushes that file alone; equal content
 * is left alone. Loading a record that is not there gives NULL without an
 * error: look at e->text, "" then.
 */
bool repo_record_save(struct repo *, const char *instance, const char *name,
    const struct json *, struct err *) MUST_CHECK;
struct json *repo_record_load(struct repo *, const char *instance,
    const char *name, struct err *);

/* Clone one file of another repository: shallow, no work tree, by HTTPS. */
bool repo_fetch_file(const char *url, const char *ref, const char *path,
    const char *user, const char *token, const char *ca_file,
    const char *resolve, struct buf *, struct err *) MUST_CHECK;

#endif
