/*
 * repo_fetch - one file of another repository; see repo.h.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/repo.h"
#include "api/repo_git.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { FETCH_SECONDS = 60 };

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
remove_tree(struct pool *pool, const char *dir)
{
	struct err why = { 0 };
	const char **names = file_list(pool, dir, &why);

	for (; names != NULL && *names != NULL; names++) {
		const char *path = pool_printf(pool, "%s/%s", dir, *names);
		struct stat st;

		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			remove_tree(pool, path);
		else if (unlink(path) != 0)
			log_warn("%s: can't be removed", path);
	}
	if (rmdir(dir) != 0)
		log_warn("%s: can't be removed", dir);
}

static bool
is_old_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode)
	    && st.st_uid == geteuid() && time(NULL) - st.st_mtime > 3600;
}

/* A folder of our own for the clone. What killed runs left goes first: it
 * may hold secrets. */
static char *
make_folder(struct pool *pool, struct err *e)
{
	const char *base = getenv("RUNNER_TEMP"), **names;
	struct err ignored;
	char *dir;

	if (text_empty(base))
		base = getenv("TMPDIR");
	if (text_empty(base))
		base = "/tmp";
	names = file_list(pool, base, &ignored);
	for (; names != NULL && *names != NULL; names++) {
		const char *old = pool_printf(pool, "%s/%s", base, *names);

		if (text_starts(*names, "transplant-fetch-")
		    && is_old_folder(old))
			remove_tree(pool, old);
	}
	dir = pool_printf(pool, "%s/transplant-fetch-XXXXXX", base);
	if (mkdtemp(dir) == NULL) {
		err_set(e, ERR_OTHER, "%s: no folder can be made there", base);
		return NULL;
	}
	return dir;
}

static bool
fetch(struct git *g, const struct repo_source *s, struct err *e)
{
	clock_ms deadline = clock_deadline(FETCH_SECONDS);
	const char *what = pool_printf(g->pool, "%s at %s", s->url, s->ref);
	struct err why = { 0 };

	if (!git_run(g, what, ARGS("init", "--quiet", "--bare", "--template=",
	    "."), e))
		return false;
	for (long pause = 500; ; pause *= 2) {
		if (git_run(g, what, ARGS("fetch", "--quiet", "--no-tags",
		    "--depth=1", "--end-of-options", s->url, s->ref), &why))
			return true;
		if (why.kind != ERR_NETWORK
		    || !clock_pause_until(deadline, pause)) {
			*e = why;
			return false;
		}
	}
}

static bool
show(struct git *g, const struct repo_source *s, struct buf *out,
    struct err *e)
{
	int status;

	if (!git_try(g, ARGS("cat-file", "blob", pool_printf(g->pool,
	    "FETCH_HEAD:%s", s->path)), NULL, 0, &status, e))
		return false;
	if (status != 0)
		return err_set(e, ERR_NOT_FOUND, "%s at %s: no file %s",
		    s->url, s->ref, s->path);
	buf_add(out, buf_str(&g->out), g->out.len);
	return buf_check(out, s->path, e);
}

/* Ask for the ref; a commit has no name there, so any will do for one. */
static bool
ask(struct git *g, const struct repo_source *s, struct err *e)
{
	struct err ignored;
	int status;

	if (text_check_sha(s->ref, &ignored))
		return git_run(g, s->url, ARGS("ls-remote",
		    "--end-of-options", s->url, "HEAD"), e);
	if (!git_try(g, ARGS("ls-remote", "--exit-code", "--end-of-options",
	    s->url, s->ref), NULL, 0, &status, e))
		return false;
	if (status == 2)
		return err_set(e, ERR_NOT_FOUND,
		    "%s: no branch or tag %s", s->url, s->ref);
	return status == 0 || git_failed(g, s->url, e);
}

/* In a folder of its own: all of it, or only a question (out NULL). */
static bool
in_folder(const struct repo_source *s, struct buf *out, struct err *e)
{
	struct git_remote remote = { .url = s->url, .user = s->user,
	    .token = s->token, .ca_file = s->ca_file,
	    .dns_servers = s->dns_servers };
	struct pool *pool = pool_new();
	char *dir = make_folder(pool, e);
	struct git g;
	bool ok = false;

	if (dir != NULL) {
		git_init(&g, pool, dir);
		ok = git_configure(&g, &remote, true, e);
		if (ok && out == NULL)
			ok = ask(&g, s, e);
		else if (ok)
			ok = fetch(&g, s, e) && show(&g, s, out, e);
		git_free(&g);
		remove_tree(pool, dir);
	}
	pool_free(pool);
	return ok;
}

bool
repo_fetch_file(const struct repo_source *s, struct buf *out, struct err *e)
{
	return in_folder(s, out, e);
}

bool
repo_check_ref(const struct repo_source *s, struct err *e)
{
	return in_folder(s, NULL, e);
}
