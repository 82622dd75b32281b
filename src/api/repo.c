/*
 * repo - see repo.h.
 */
#include "api/repo.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/repo_git.h"
#include "api/repo_merge.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum {
	FETCH_SECONDS = 60,	/* repeated within, when the network fails */
	COMMIT_SECONDS = 120,
	FRESH_MS = 10 * 1000,	/* what was seen of the branch still counts:
				 * if it moved, the push is refused */
	RECORD_MAX = 4 * 1024 * 1024,
};

struct repo {
	struct pool *pool;
	struct git git;
	const char *dir, *git_dir, *branch;
	const char *tracking;	/* refs/remotes/origin/<branch> */
	char head[41], tip[41];
	clock_ms seen;		/* when the branch was at tip; 0: never */
};

/* One file of a commit to be made. */
struct change {
	struct change *next;
	const char *path;
	const char *mode, *ours;	/* blob; NULL: deleted */
	const char *base;		/* blob in HEAD, NULL: none there */
	bool wins;	/* ours counts, whatever others made of it */
};

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- looking things up ---- */

static bool
commit_of(struct repo *r, const char *ref, char commit[41], struct err *e)
{
	const char *line = git_line(&r->git, ref,
	    ARGS("rev-parse", "--verify", "--quiet", "--end-of-options",
	    pool_printf(r->git.pool, "%s^{commit}", ref)), e);

	if (line == NULL || strlen(line) != 40)
		return false;
	memcpy(commit, line, 41);
	return true;
}

/* The blob and mode of a path in a commit; both NULL if it is not there. */
static bool
blob_of(struct repo *r, const char *commit, const char *path,
    const char **mode, const char **blob, struct err *e)
{
	const char *line, *space;

	*mode = *blob = NULL;
	line = git_line(&r->git, path, ARGS("ls-tree", "--full-tree", commit,
	    "--", path), e);
	if (line == NULL)
		return false;
	space = strchr(line, ' ');
	if (space == NULL || !text_starts(space, " blob "))
		return true;
	*mode = pool_strndup(r->pool, line, (size_t)(space - line));
	space += strlen(" blob ");
	*blob = pool_strndup(r->pool, space, strcspn(space, "\t"));
	return true;
}

static bool
is_ancestor(struct repo *r, const char *ancestor, const char *commit,
    bool *yes, struct err *e)
{
	int status;

	*yes = strcmp(ancestor, commit) == 0;
	if (*yes)
		return true;
	if (!git_try(&r->git, ARGS("merge-base", "--is-ancestor", ancestor,
	    commit), NULL, 0, &status, e))
		return false;
	*yes = status == 0;
	return status <= 1 || git_failed(&r->git, "comparing commits", e);
}

static bool
is_shallow(struct repo *r)
{
	return file_exists(pool_printf(r->pool, "%s/shallow", r->git_dir));
}

/* ---- fetching ---- */

/* Reading is harmless: again while the network fails, until the deadline. */
static bool
fetch_branch(struct repo *r, bool all, clock_ms deadline, struct err *e)
{
	const char *refspec = pool_printf(r->git.pool, "+refs/heads/%s:%s",
	    r->branch, r->tracking);
	struct err why = { 0 };

	for (long pause = 500; ; pause *= 2) {
		if (git_run(&r->git, "fetching the branch", ARGS("fetch",
		    "--quiet", "--no-write-fetch-head",
		    all ? "--unshallow" : "--no-tags", "origin", refspec),
		    &why))
			break;
		if (why.kind != ERR_NETWORK
		    || !clock_pause_until(deadline, pause)) {
			*e = why;
			return false;
		}
	}
	r->seen = clock_now();
	return commit_of(r, r->tracking, r->tip, e);
}

static bool
fetch_history(struct repo *r, struct err *e)
{
	return fetch_branch(r, true, clock_deadline(FETCH_SECONDS), e);
}

/* ---- moving the checkout ---- */

/* The blob that the file of the work tree would be; NULL: no such file. */
static const char *
blob_here(struct repo *r, const char *path, bool write, struct err *e)
{
	return git_line(&r->git, path, write ?
	    ARGS("hash-object", "-w", "--", path) :
	    ARGS("hash-object", "--", path), e);
}

/* Is the file of the work tree as this blob says ("000..": not there)? */
static bool
is_here(struct repo *r, const char *path, const char *blob)
{
	struct stat st;
	struct err ignored = { 0 };
	bool there = lstat(repo_path(r, path), &st) == 0;

	if (strspn(blob, "0") == strlen(blob))
		return !there;
	return there && S_ISREG(st.st_mode)
	    && text_same(blob_here(r, path, false, &ignored), blob);
}

/*
 * Tell the index of files that are already as the commit has them: an
 * earlier run may have been killed between pushing and moving.
 */
static bool
stage_what_is_here(struct repo *r, const char *commit, struct err *e)
{
	struct buf list = buf_new(RECORD_MAX), diff = buf_new(RECORD_MAX);
	const char *at, *end;
	bool ok;
	int status;

	ok = git_try(&r->git, ARGS("update-index", "-q", "--refresh"), NULL, 0,
	    &status, e)
	    && git_run(&r->git, "comparing commits", ARGS("diff-tree", "-r",
	    "-z", "--no-renames", r->head, commit), e)
	    && buf_add(&diff, r->git.out.data, r->git.out.len);
	/* ":oldmode newmode oldblob newblob S" NUL path NUL */
	at = buf_str(&diff);
	end = at + diff.len;
	while (ok && at < end) {
		const char *blob = pool_strndup(r->pool,
		    at + strlen(":100644 100644 ") + 41, 40);
		const char *path = at + strlen(at) + 1;

		if (is_here(r, path, blob))
			buf_add(&list, path, strlen(path) + 1);
		at = path + strlen(path) + 1;
	}
	if (ok && list.len > 0)
		ok = git_try(&r->git, ARGS("update-index", "--add",
		    "--remove", "-z", "--stdin"), list.data, list.len,
		    &status, e);
	buf_free(&list);
	buf_free(&diff);
	return ok;
}

/* Bring the checkout to the commit, unless changed files are in the way. */
static bool
move_to(struct repo *r, const char *commit, struct err *e)
{
	int status;

	if (strcmp(r->head, commit) == 0)
		return true;
	if (!stage_what_is_here(r, commit, e)
	    || !git_try(&r->git, ARGS("read-tree", "-m", "-u", r->head,
	    commit), NULL, 0, &status, e))
		return false;
	if (status != 0) {
		log_info("The checkout stays at %.12s: files that were "
		    "changed here were also changed by others.", r->head);
		return true;
	}
	if (!git_run(&r->git, "moving to the branch's head",
	    ARGS("update-ref", "HEAD", commit, r->head), e))
		return false;
	memcpy(r->head, commit, 41);
	return true;
}

static bool
move_to_tip(struct repo *r, struct err *e)
{
	bool behind;

	if (!is_ancestor(r, r->head, r->tip, &behind, e))
		return false;
	if (!behind && is_shallow(r)
	    && (!fetch_history(r, e)
	    || !is_ancestor(r, r->head, r->tip, &behind, e)))
		return false;
	if (!behind)
		return err_set(e, ERR_HAND, "%s: the checkout (%.12s) has "
		    "commits that the branch %s (%.12s) lacks; check out "
		    "that branch", r->dir, r->head, r->branch, r->tip);
	return move_to(r, r->tip, e);
}

/* ---- opening ---- */

static bool
find_checkout(struct repo *r, struct err *e)
{
	int status;
	const char *line;

	if (!file_is_dir(r->dir))
		return err_set(e, ERR_INPUT, "%s: no such folder; add "
		    "actions/checkout before this step", r->dir);
	if (!git_try(&r->git, ARGS("rev-parse", "--absolute-git-dir",
	    "--show-prefix"), NULL, 0, &status, e))
		return false;
	if (status != 0)
		return err_set(e, ERR_INPUT, "%s: no git checkout; add "
		    "actions/checkout before this step", r->dir);
	line = buf_str(&r->git.out);
	r->git_dir = pool_strndup(r->pool, line, strcspn(line, "\n"));
	line += strcspn(line, "\n");
	if (*line == '\n' && line[1] != '\n' && line[1] != '\0')
		return err_set(e, ERR_INPUT, "%s: a folder within a checkout; "
		    "name the checkout itself", r->dir);
	return true;
}

/* A rebase that somebody's run left half-way: none of ours ever is. */
static bool
abort_rebase(struct repo *r, struct err *e)
{
	const char *merge = pool_printf(r->pool, "%s/rebase-merge",
	    r->git_dir);
	const char *apply = pool_printf(r->pool, "%s/rebase-apply",
	    r->git_dir);

	if (!file_is_dir(merge) && !file_is_dir(apply))
		return true;
	log_warn("%s: a rebase was left half-way; it is aborted", r->dir);
	return git_run(&r->git, "aborting a rebase",
	    ARGS("rebase", "--abort"), e);
}

static bool
check_branch(struct repo *r, struct err *e)
{
	const char *on, *want = pool_printf(r->pool, "refs/heads/%s",
	    r->branch);
	int status;

	if (!git_try(&r->git, ARGS("symbolic-ref", "--quiet", "HEAD"), NULL,
	    0, &status, e))
		return false;
	if (status != 0)
		return true;	/* detached, as actions/checkout may do */
	on = pool_strndup(r->pool, buf_str(&r->git.out),
	    strcspn(buf_str(&r->git.out), "\n"));
	return strcmp(on, want) == 0 || err_set(e, ERR_INPUT,
	    "%s: the checkout is on %s, the input branch says %s", r->dir, on,
	    r->branch);
}

static bool
open_checkout(struct repo *r, const struct repo_open *o, struct err *e)
{
	struct git_remote remote = { .user = "x-access-token",
	    .token = o->token, .ca_file = o->ca_file,
	    .dns_servers = o->dns_servers };

	if (!find_checkout(r, e) || !git_unlock(r->dir, r->git_dir, e)
	    || !abort_rebase(r, e) || !check_branch(r, e))
		return false;
	remote.url = git_line(&r->git, "the checkout's remote",
	    ARGS("remote", "get-url", "origin"), e);
	if (remote.url == NULL)
		return false;
	return git_configure(&r->git, &remote, true, e)
	    && commit_of(r, "HEAD", r->head, e)
	    && fetch_branch(r, false, clock_deadline(FETCH_SECONDS), e)
	    && move_to_tip(r, e);
}

struct repo *
repo_open(const struct repo_open *o, struct err *e)
{
	struct repo *r = mem_alloc(sizeof *r);

	r->pool = pool_new();
	r->dir = pool_strdup(r->pool, o->dir);
	r->branch = pool_strdup(r->pool, o->branch);
	r->tracking = pool_printf(r->pool, "refs/remotes/origin/%s",
	    o->branch);
	git_init(&r->git, r->pool, r->dir);
	if (!open_checkout(r, o, e)) {
		repo_close(r);
		return NULL;
	}
	return r;
}

void
repo_close(struct repo *r)
{
	if (r == NULL)
		return;
	git_free(&r->git);
	pool_free(r->pool);
	mem_free(r);
}

const char *
repo_path(struct repo *r, const char *relative)
{
	return pool_printf(r->pool, "%s/%s", r->dir, relative);
}

const char *
repo_head(struct repo *r)
{
	return r->head;
}

bool
repo_write(struct repo *r, const char *relative, const void *text, size_t len,
    struct err *e)
{
	const char *path = repo_path(r, relative);
	const char *made = pool_printf(r->pool, "%s/transplant-%d-write",
	    r->git_dir, (int)getpid());
	struct err ignored;
	struct stat st;
	int mode = stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : 0644;

	if (!file_replace(made, text, len, mode, e))
		return false;
	if (rename(made, path) == 0)
		return true;
	if (!file_remove(made, &ignored))
		log_warn("%s", ignored.text);
	/* the git folder is on another file system */
	return file_replace(path, text, len, 0644, e);
}

/* ---- reading commits ---- */

/* Is it a commit whose parents this shallow checkout lacks? */
static bool
is_boundary(struct repo *r, const char *commit)
{
	struct buf list = buf_new(RECORD_MAX);
	struct err ignored;
	bool found = file_read(pool_printf(r->pool, "%s/shallow", r->git_dir),
	    &list, &ignored) && strstr(buf_str(&list), commit) != NULL;

	buf_free(&list);
	return found;
}

/* The newest commit of the branch that touched the path; "": none did. In a
 * checkout of depth 1 the answer may lie behind its end. */
static bool
last_change(struct repo *r, const char *path, char commit[41],
    struct err *e)
{
	const char *line;

	for (;;) {
		line = git_line(&r->git, path, ARGS("log", "-1", "--format=%H",
		    r->tip, "--", path), e);
		if (line == NULL)
			return false;
		if (*line == '\0' || !is_boundary(r, line))
			break;
		if (!fetch_history(r, e))
			return false;
	}
	snprintf(commit, 41, "%s", line);
	return true;
}

/* ---- committing ---- */

/* The texts of a file: ours, what both began with, theirs. */
enum { OURS, BASE, THEIRS, VERSIONS };

static bool
read_versions(struct repo *r, const struct change *c, const char *theirs,
    struct buf *text, struct err *e)
{
	const char *blobs[VERSIONS] = { c->ours, c->base, theirs };

	for (int i = 0; i < VERSIONS; i++) {
		if (!git_run(&r->git, c->path,
		    ARGS("cat-file", "blob", blobs[i]), e))
			return false;
		buf_add(&text[i], r->git.out.data, r->git.out.len);
		if (!buf_check(&text[i], c->path, e))
			return false;
	}
	return true;
}

/* Into out. *clash: the same lines were changed. */
static bool
merge_lines(struct repo *r, const struct buf *text, struct buf *out,
    bool *clash, struct err *e)
{
	const char *file[VERSIONS] = { NULL };
	int status = 0;
	bool ok = true;

	for (int i = 0; ok && i < VERSIONS; i++) {
		file[i] = pool_printf(r->pool, "%s/transplant-%d-%d",
		    r->git_dir, (int)getpid(), i);
		ok = file_replace(file[i], buf_str(&text[i]), text[i].len,
		    0600, e);
	}
	ok = ok && git_try(&r->git, ARGS("merge-file", "-p", "-q",
	    file[OURS], file[BASE], file[THEIRS]), NULL, 0, &status, e);
	*clash = status != 0;
	if (ok && !*clash)
		buf_add(out, buf_str(&r->git.out), r->git.out.len);
	for (int i = 0; i < VERSIONS; i++) {
		struct err ignored;

		if (file[i] != NULL && !file_remove(file[i], &ignored))
			log_warn("%s", ignored.text);
	}
	return ok;
}

/* By lines; where that does not do, a YAML file by its keys. */
static bool
merge_versions(struct repo *r, const struct change *c, const struct buf *text,
    struct buf *out, struct err *e)
{
	bool clash, yaml = repo_merge_is_yaml(c->path);

	if (!merge_lines(r, text, out, &clash, e))
		return false;
	if (!clash && (!yaml || repo_merge_is_sound(buf_str(out),
	    buf_str(&text[THEIRS]))))
		return true;
	if (!yaml)
		return err_set(e, ERR_CONFLICT, "%s: others changed the same "
		    "lines meanwhile (%.12s)", c->path, r->tip);
	buf_clear(out);
	return repo_merge_keys(c->path, buf_str(&text[OURS]),
	    buf_str(&text[BASE]), buf_str(&text[THEIRS]), out, e);
}

/* Three versions of a file, none equal to another, made one. */
static const char *
merge_blobs(struct repo *r, const struct change *c, const char *theirs,
    struct err *e)
{
	struct buf text[VERSIONS], merged = buf_new(r->git.out.limit);
	const char *result = NULL;
	int status;
	bool ok;

	for (int i = 0; i < VERSIONS; i++)
		text[i] = buf_new(r->git.out.limit);
	ok = read_versions(r, c, theirs, text, e)
	    && merge_versions(r, c, text, &merged, e)
	    && git_try(&r->git, ARGS("hash-object", "-w", "--stdin"),
		buf_str(&merged), merged.len, &status, e);
	if (ok && status == 0)
		result = pool_strndup(r->pool, buf_str(&r->git.out), 40);
	else if (ok)
		git_failed(&r->git, c->path, e);
	for (int i = 0; i < VERSIONS; i++)
		buf_free(&text[i]);
	buf_free(&merged);
	return result;
}

/* Put the change into the index that becomes the commit. */
static bool
index_change(struct repo *r, const struct change *c, struct err *e)
{
	const char *mode, *theirs, *blob = c->ours;

	if (!blob_of(r, r->tip, c->path, &mode, &theirs, e))
		return false;
	if (!c->wins && text_same(c->ours, c->base))
		return true;
	if (!c->wins && !text_same(theirs, c->base)
	    && !text_same(theirs, c->ours)) {
		if (theirs == NULL || c->base == NULL || c->ours == NULL)
			return err_set(e, ERR_CONFLICT,
			    "%s: others made or removed it meanwhile (%.12s)",
			    c->path, r->tip);
		blob = merge_blobs(r, c, theirs, e);
		if (blob == NULL)
			return false;
	}
	if (blob == NULL)
		return git_run(&r->git, c->path, ARGS("update-index",
		    "--force-remove", "--", c->path), e);
	return git_run(&r->git, c->path, ARGS("update-index", "--add",
	    "--cacheinfo", pool_printf(r->pool, "%s,%s,%s", c->mode, blob,
	    c->path)), e);
}

/* The tree of the branch's head with the changes; NULL: an error. */
static const char *
build_tree(struct repo *r, const struct change *changes, struct err *e)
{
	const char *tree = NULL;
	struct err ignored;
	bool ok;

	r->git.index = pool_printf(r->pool, "%s/transplant-index-%d",
	    r->git_dir, (int)getpid());
	ok = git_run(&r->git, "reading the branch's head",
	    ARGS("read-tree", r->tip), e);
	for (const struct change *c = changes; ok && c != NULL; c = c->next)
		ok = index_change(r, c, e);
	if (ok)
		tree = git_line(&r->git, "making the commit",
		    ARGS("write-tree"), e);
	if (!file_remove(r->git.index, &ignored))
		log_warn("%s", ignored.text);
	r->git.index = NULL;
	return tree;
}

enum pushed { PUSH_DONE, PUSH_AGAIN, PUSH_FAILED };

static enum pushed
push(struct repo *r, const char *commit, struct err *e)
{
	const char *said;
	int status;

	if (!git_try(&r->git, ARGS("push", "--porcelain", "--no-verify",
	    "origin", pool_printf(r->pool, "%s:refs/heads/%s", commit,
	    r->branch)), NULL, 0, &status, e)) {
		/* cut off at the deadline: it may have been taken */
		return e->kind == ERR_TIMEOUT ? PUSH_AGAIN : PUSH_FAILED;
	}
	if (status == 0)
		return PUSH_DONE;
	said = strstr(buf_str(&r->git.out), "!\t");
	if (said == NULL) {
		git_failed(&r->git, "pushing", e);
		return e->kind == ERR_NETWORK ? PUSH_AGAIN : PUSH_FAILED;
	}
	if (strstr(said, "(fetch first)") != NULL
	    || strstr(said, "(non-fast-forward)") != NULL
	    || strstr(said, "cannot lock ref") != NULL
	    || strstr(said, "failed to update ref") != NULL
	    || strstr(said, "incorrect old value") != NULL
	    || strstr(said, "stale info") != NULL)
		return PUSH_AGAIN;
	err_set(e, ERR_DENIED, "pushing to %s: %.*s", r->branch,
	    (int)strcspn(said + 2, "\n"), said + 2);
	return PUSH_FAILED;
}

/* Others push too: wait a little, each a different time. */
static void
pause_randomly(clock_ms deadline, int attempt)
{
	struct buf hex = buf_new(16);
	long most = 200L << (attempt < 5 ? attempt : 5);

	text_random_hex(&hex, 4);
	clock_pause_until(deadline,
	    100 + (long)(strtoul(buf_str(&hex), NULL, 16) % (unsigned)most));
	buf_free(&hex);
}

/*
 * One round: build on what the branch is, and push. commit: of the round
 * before, or ""; afterwards "" is nothing to do.
 */
static enum pushed
commit_once(struct repo *r, const struct change *changes, const char *message,
    clock_ms deadline, char commit[41], struct err *e)
{
	const char *tree, *now, *made;
	bool there = false;

	if ((*commit != '\0' || clock_now() - r->seen > FRESH_MS)
	    && !fetch_branch(r, false, deadline, e))
		return PUSH_FAILED;
	/* the round before may have been taken although no answer came */
	if (*commit != '\0' && !is_ancestor(r, commit, r->tip, &there, e))
		return PUSH_FAILED;
	if (there)
		return PUSH_DONE;
	*commit = '\0';
	tree = build_tree(r, changes, e);
	now = tree == NULL ? NULL : git_line(&r->git, r->branch,
	    ARGS("rev-parse", pool_printf(r->pool, "%s^{tree}", r->tip)), e);
	if (now == NULL)
		return PUSH_FAILED;
	if (strcmp(tree, now) == 0)
		return PUSH_DONE;
	made = git_line(&r->git, "making the commit", ARGS("commit-tree",
	    "-p", r->tip, "-m", message, tree), e);
	if (made == NULL)
		return PUSH_FAILED;
	snprintf(commit, 41, "%s", made);
	return push(r, commit, e);
}

/* The merged file replaces ours in the work tree, so that both agree. */
static bool
take_merged(struct repo *r, const struct change *changes, const char *commit,
    struct err *e)
{
	const char *mode, *blob;

	for (const struct change *c = changes; c != NULL; c = c->next) {
		if (!blob_of(r, commit, c->path, &mode, &blob, e))
			return false;
		if (c->ours == NULL || blob == NULL || text_same(blob, c->ours)
		    || !is_here(r, c->path, c->ours))
			continue;
		if (!git_run(&r->git, c->path,
		    ARGS("cat-file", "blob", blob), e)
		    || !repo_write(r, c->path, buf_str(&r->git.out),
		    r->git.out.len, e))
			return false;
	}
	return true;
}

static bool
commit_changes(struct repo *r, const struct change *changes,
    const char *message, char commit[41], struct err *e)
{
	clock_ms deadline = clock_deadline(COMMIT_SECONDS);
	enum pushed done = PUSH_AGAIN;

	*commit = '\0';
	for (int attempt = 0; done == PUSH_AGAIN; attempt++) {
		if (attempt > 0)
			pause_randomly(deadline, attempt);
		if (clock_over(deadline))
			return err_set(e, ERR_TIMEOUT, "pushing to %s: others "
			    "were faster each time, or the network failed, "
			    "for %d seconds", r->branch, COMMIT_SECONDS);
		done = commit_once(r, changes, message, deadline, commit, e);
	}
	if (done == PUSH_FAILED)
		return false;
	if (*commit == '\0')
		return move_to(r, r->tip, e);
	if (!git_run(&r->git, "noting what was pushed",
	    ARGS("update-ref", r->tracking, commit), e))
		return false;
	memcpy(r->tip, commit, 41);
	r->seen = clock_now();
	return take_merged(r, changes, commit, e) && move_to(r, commit, e);
}

/* What differs from HEAD under the paths, as changes. */
static bool
find_changes(struct repo *r, const char *const *paths,
    struct change **changes, struct err *e)
{
	const char *args[64] = { "status", "--porcelain=v1", "-z",
	    "--untracked-files=all", "--no-renames", "--" };
	size_t n = 6;
	struct buf list = buf_new(RECORD_MAX);
	const char *at, *end, *mode;
	bool ok;

	while (*paths != NULL && n < sizeof args / sizeof *args - 1)
		args[n++] = *paths++;
	assert(*paths == NULL);
	ok = git_run(&r->git, "looking for changed files", args, e);
	if (ok)
		buf_add(&list, buf_str(&r->git.out), r->git.out.len);
	at = buf_str(&list);
	end = at + list.len;
	for (; ok && at < end; at += strlen(at) + 1) {
		struct change *c = pool_alloc(r->pool, sizeof *c);
		struct stat st;

		c->path = pool_strdup(r->pool, at + strlen("XY "));
		ok = blob_of(r, r->head, c->path, &mode, &c->base, e);
		if (ok && lstat(repo_path(r, c->path), &st) == 0) {
			if (!S_ISREG(st.st_mode)) {
				ok = err_set(e, ERR_HAND,
				    "%s: not a regular file", c->path);
				break;
			}
			c->mode = st.st_mode & S_IXUSR ? "100755" : "100644";
			c->ours = blob_here(r, c->path, true, e);
			ok = c->ours != NULL;
		}
		c->next = *changes;
		*changes = c;
	}
	buf_free(&list);
	return ok;
}

const char *const *
repo_changed(struct repo *r, const char *const *paths, struct err *e)
{
	struct change *changes = NULL;
	const char **names;
	size_t n = 0;

	if (!find_changes(r, paths, &changes, e))
		return NULL;
	for (const struct change *c = changes; c != NULL; c = c->next)
		n++;
	names = pool_alloc(r->pool, (n + 1) * sizeof *names);
	for (const struct change *c = changes; c != NULL; c = c->next)
		names[--n] = c->path;
	return names;
}

/* The newest commit of this first line that touched the path; "" if none. */
static bool
last_change_named(struct repo *r, const char *path, const char *message,
    char commit[41], struct err *e)
{
	const char *grep = pool_printf(r->pool, "--grep=%s", message);
	const char *line;

	*commit = '\0';
	if (is_shallow(r) && !fetch_history(r, e))
		return false;
	line = git_line(&r->git, path, ARGS("log", "-1", "--format=%H %s",
	    "--fixed-strings", grep, r->tip, "--", path), e);
	if (line == NULL)
		return false;
	if (strlen(line) > 41 && strcmp(line + 41, message) == 0)
		snprintf(commit, 41, "%.40s", line);
	return true;
}

/*
 * The newest commit that touched one of the paths: of this message, if any
 * is, so that a deed that is done already is found again though others came
 * after it.
 */
static bool
last_change_of(struct repo *r, const char *const *paths, const char *message,
    char commit[41], struct err *e)
{
	char found[41];
	bool newer;

	*commit = '\0';
	for (; *paths != NULL; paths++) {
		if (!(message != NULL ? last_change_named(r, *paths, message,
		    found, e) : last_change(r, *paths, found, e)))
			return false;
		if (*found == '\0')
			continue;
		newer = *commit == '\0';
		if (!newer && !is_ancestor(r, commit, found, &newer, e))
			return false;
		if (newer)
			memcpy(commit, found, 41);
	}
	return true;
}

bool
repo_commit(struct repo *r, const char *const *paths, const char *message,
    char commit[41], bool *changed, struct err *e)
{
	struct change *changes = NULL;

	*changed = false;
	*commit = '\0';
	if (!find_changes(r, paths, &changes, e))
		return false;
	if (changes != NULL && !commit_changes(r, changes, message, commit, e))
		return false;
	*changed = *commit != '\0';
	if (*changed)
		return true;
	if (!last_change_of(r, paths, message, commit, e)
	    || (*commit == '\0' && !last_change_of(r, paths, NULL, commit, e)))
		return false;
	if (*commit == '\0')
		memcpy(commit, r->tip, 41);
	return true;
}

/* ---- the record ---- */

/* A file of the branch as it was fetched last. ERR_NOT_FOUND. */
static bool
show(struct repo *r, const char *path, struct buf *out, struct err *e)
{
	const char *mode, *blob;

	if (!blob_of(r, r->tip, path, &mode, &blob, e))
		return false;
	if (blob == NULL)
		return err_set(e, ERR_NOT_FOUND, "%s: not on the branch %s",
		    path, r->branch);
	return git_run(&r->git, path, ARGS("cat-file", "blob", blob), e)
	    && (buf_add(out, buf_str(&r->git.out), r->git.out.len),
		buf_check(out, path, e));
}

static const char *
record_path(struct repo *r, const char *instance, const char *name)
{
	return pool_printf(r->pool, "migrations/%s/record/%s.json", instance,
	    name);
}

bool
repo_record_save(struct repo *r, const char *instance, const char *name,
    const struct json *value, struct err *e)
{
	struct change c = { .path = record_path(r, instance, name),
	    .mode = "100644", .wins = true };
	struct err why = { 0 };
	struct json *now = repo_record_load(r, instance, name, &why);
	bool same = now != NULL && json_same(now, value);
	struct buf text = buf_new(RECORD_MAX);
	char commit[41];
	int status;
	bool ok;

	json_free(now);
	if (same)
		return true;
	json_print(value, true, &text);
	ok = buf_check(&text, c.path, e)
	    && git_try(&r->git, ARGS("hash-object", "-w", "--stdin"),
		buf_str(&text), text.len, &status, e);
	buf_free(&text);
	if (!ok)
		return err_within(e, "%s", c.path);
	if (status != 0)
		return git_failed(&r->git, c.path, e);
	c.ours = pool_strndup(r->pool, buf_str(&r->git.out), 40);
	return commit_changes(r, &c, pool_printf(r->pool,
	    "chore: record %s of %s before the change", name, instance),
	    commit, e);
}

struct json *
repo_record_load(struct repo *r, const char *instance, const char *name,
    struct err *e)
{
	const char *path = record_path(r, instance, name);
	struct buf text = buf_new(RECORD_MAX);
	struct err why = { 0 };
	struct json *value = NULL;

	e->text[0] = '\0';
	if (show(r, path, &text, &why))
		value = json_parse(buf_str(&text), text.len, path, e);
	else if (why.kind != ERR_NOT_FOUND)
		*e = why;
	buf_free(&text);
	return value;
}
