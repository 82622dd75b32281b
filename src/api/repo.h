/*
 * repo - the cluster repository: instances, plans and records in a git
 * checkout, driven through the git program.
 *
 * The checkout is the job's workspace. It was made when the run was
 * triggered, so opening it fetches the branch and moves to its head. Files
 * that an earlier step of the job changed stay as they are; when they are
 * committed, they are merged with what others pushed.
 *
 * Commits are built beside the work tree, on top of the branch's newest
 * state, and the checkout moves only after they were pushed: there is never
 * a commit that is only here, nor a rebase under way. So a kill at any
 * moment leaves at most changed files and a stale lock, and the next opening
 * deals with both.
 *
 * The token reaches git by a config file on a descriptor, never by argv, URL
 * or environment. Git reads no configuration of the user or the machine,
 * runs no hooks, asks nothing, and speaks HTTPS only (to a remote that is a
 * folder also file).
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
	const char *token;	/* NULL: as the checkout is set up */
	const char *ca_file;	/* NULL: git's own */
	const char *dns_servers;	/* NULL: the system's */
};

/*
 * ERR_INPUT: no checkout there (the text says to add actions/checkout
 * before), or its remote is not reached by HTTPS. ERR_DENIED: the token is
 * refused. ERR_HAND: the checkout holds commits that the branch lacks.
 */
struct repo *repo_open(const struct repo_open *, struct err *) MUST_CHECK;
void repo_close(struct repo *);

/* Path of a file in the work tree; belongs to the repo. */
const char *repo_path(struct repo *, const char *relative);
const char *repo_head(struct repo *);		/* 40 hex digits */
/* Write a file of the work tree in one stroke. A kill leaves no half-made
 * file there, which would be committed with the rest. */
bool repo_write(struct repo *, const char *relative, const void *, size_t,
    struct err *) MUST_CHECK;

/* What differs from HEAD under these paths (as for repo_commit), NULL-ended;
 * belongs to the repo. NULL: an error. */
const char *const *repo_changed(struct repo *, const char *const *paths,
    struct err *) MUST_CHECK;

/*
 * Commit what was changed under these paths (files or folders, NULL-ended,
 * relative) with the message and push: fetch, merge, push, again with jitter
 * while others push (2 minutes at most). Nothing to commit: *changed is false
 * and *commit the newest commit of that first line that touched them, or of
 * any, if none has it. A conflict in the same
 * lines: ERR_CONFLICT with the file's name; nothing is changed.
 */
bool repo_commit(struct repo *, const char *const *paths, const char *message,
    char commit[41], bool *changed, struct err *) MUST_CHECK;

/*
 * The record, migrations/<instance>/record/<name>.json: what was before a
 * step changed it. Saving commits and pushes that file alone; equal content
 * is left alone. Loading reads the branch as fetched last; a record that is
 * not there gives NULL and leaves the error empty (e->text is "").
 */
bool repo_record_save(struct repo *, const char *instance, const char *name,
    const struct json *, struct err *) MUST_CHECK;
struct json *repo_record_load(struct repo *, const char *instance,
    const char *name, struct err *);

/*
 * One file of another repository, by HTTPS, at a branch, tag or commit.
 * ERR_NOT_FOUND: no such ref or file; ERR_DENIED.
 */
struct repo_source {
	const char *url, *ref, *path;
	const char *user, *token;	/* token NULL: none is sent */
	const char *ca_file;		/* NULL: git's own */
	const char *dns_servers;	/* NULL: the system's */
};
bool repo_fetch_file(const struct repo_source *, struct buf *, struct err *)
    MUST_CHECK;
/* Is the ref there to be read? (path is not looked at.) The same kinds; a
 * server does not say which of "private" and "not there" is the case. */
bool repo_check_ref(const struct repo_source *, struct err *) MUST_CHECK;

#endif
