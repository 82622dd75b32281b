/*
 * store_dir - a store that is a folder: file:///srv/backups.
 *
 * What is being written lies beside its place as .part-XXXXXX, locked by its
 * writer; one that nobody locks is of a run that was killed.
 */
#include "site/store_own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/store.h"

#define PART ".part-"

enum { OBJECTS_MAX = 1000 * 1000 };

struct dir {
	char *root;
};

struct dir_writer {
	const struct dir *dir;
	int fd;
	char *path, *part;
};

struct dir_reader {
	int fd;
	char *path;
};

static bool
fail(struct err *e, const char *deed, const char *path)
{
	int why = errno;

	return err_set(e, why == ENOENT ? ERR_NOT_FOUND :
	    why == EACCES || why == EPERM || why == EROFS ? ERR_DENIED :
	    ERR_OTHER, "can't %s %s: %s", deed, path, strerror(why));
}

static char *
path_of(const struct dir *d, const char *name)
{
	struct buf b = buf_new(PATH_MAX);

	buf_printf(&b, "%s/%s", d->root, name);
	return b.data;		/* its memory goes on as the path */
}

static void *
dir_open(const char *rest, struct err *e)
{
	struct dir *d;

	if (*rest != '/') {
		err_set(e, ERR_INPUT, "file://%s: must begin with file:///, "
		    "an absolute path", rest);
		return NULL;
	}
	/* not made by us: a disk that is not mounted must be noticed */
	if (!file_is_dir(rest)) {
		err_set(e, ERR_INPUT, "file://%s: no such folder; make it, or "
		    "mount what belongs there", rest);
		return NULL;
	}
	d = mem_alloc(sizeof *d);
	d->root = mem_strdup(rest);
	for (size_t n = strlen(rest); n > 1 && rest[n - 1] == '/'; n--)
		d->root[n - 1] = '\0';
	return d;
}

static void
dir_close(void *own)
{
	struct dir *d = own;

	mem_free(d->root);
	mem_free(d);
}

/* ---- writing ---- */

/* The folders above that hold nothing any more go too. */
static void
remove_empty(const struct dir *d, char *path)
{
	size_t root = strlen(d->root);
	char *slash;

	while ((slash = strrchr(path, '/')) != NULL
	    && (size_t)(slash - path) > root) {
		*slash = '\0';
		if (rmdir(path) != 0)
			break;
	}
}

static void
forget(struct dir_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	mem_free(w->path);
	mem_free(w->part);
	mem_free(w);
}

static char *
folder_of(const char *path)
{
	char *folder = mem_strdup(path);

	*strrchr(folder, '/') = '\0';
	return folder;
}

static char *
part_beside(const char *folder)
{
	struct buf b = buf_new(PATH_MAX);

	buf_printf(&b, "%s/%sXXXXXX", folder, PART);
	return b.data;
}

static bool
make_part(const struct dir *d, const char *folder, struct dir_writer *w,
    struct err *e)
{
	if (!file_is_dir(d->root)) {
		errno = ENOENT;
		return fail(e, "write to", d->root);
	}
	if (!file_ensure_dir(folder, e))
		return false;
	w->fd = mkostemp(w->part, O_CLOEXEC);
	return (w->fd >= 0 && flock(w->fd, LOCK_EX) == 0)
	    || fail(e, "write in", folder);
}

static void *
dir_create(void *own, const char *name, struct err *e)
{
	struct dir *d = own;
	struct dir_writer *w = mem_alloc(sizeof *w);
	char *folder;
	bool ok;

	w->dir = d;
	w->fd = -1;
	w->path = path_of(d, name);
	folder = folder_of(w->path);
	w->part = part_beside(folder);
	ok = make_part(d, folder, w, e);
	mem_free(folder);
	if (ok)
		return w;
	forget(w);
	return NULL;
}

static bool
dir_append(void *own, const void *p, size_t n, struct err *e)
{
	struct dir_writer *w = own;
	const char *from = p;

	while (n > 0) {
		ssize_t done = write(w->fd, from, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(e, "write", w->part);
		from += done;
		n -= (size_t)done;
	}
	return true;
}

static bool
sync_folder(const char *path)
{
	char *folder = folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	mem_free(folder);
	return ok;
}

static bool
dir_finish(void *own, struct err *e)
{
	struct dir_writer *w = own;
	bool ok = fsync(w->fd) == 0 && rename(w->part, w->path) == 0
	    && sync_folder(w->path);

	if (!ok) {
		fail(e, "finish", w->path);
		unlink(w->part);
	}
	forget(w);
	return ok;
}

static void
dir_abort(void *own)
{
	struct dir_writer *w = own;

	unlink(w->part);
	remove_empty(w->dir, w->part);
	forget(w);
}

/* ---- reading ---- */

static void *
dir_read(void *own, const char *name, struct err *e)
{
	struct dir_reader *r = mem_alloc(sizeof *r);

	r->path = path_of(own, name);
	r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
	if (r->fd >= 0)
		return r;
	fail(e, "open", r->path);
	mem_free(r->path);
	mem_free(r);
	return NULL;
}

static bool
dir_next(void *own, void *p, size_t room, size_t *n, struct err *e)
{
	struct dir_reader *r = own;
	ssize_t got;

	while ((got = read(r->fd, p, room)) < 0 && errno == EINTR)
		;
	if (got < 0)
		return fail(e, "read", r->path);
	*n = (size_t)got;
	return true;
}

static void
dir_end(void *own)
{
	struct dir_reader *r = own;

	close(r->fd);
	mem_free(r->path);
	mem_free(r);
}

/* ---- what is there ---- */

/* One file below the root: its path, and its name in the store. */
typedef bool visit(const char *path, const char *name, void *arg,
    struct err *);

/* Every file below a folder, in the order of their names; a folder that is
 * not there holds none. */
static bool
walk(const struct dir *d, struct pool *pool, const char *folder, visit *f,
    void *arg, struct err *e)
{
	const char *path = pool_printf(pool, "%s/%s", d->root, folder);
	const char **names;

	if (!file_is_dir(path))
		return file_is_dir(d->root) || (errno = ENOENT,
		    fail(e, "read", d->root));
	names = file_list(pool, path, e);
	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		const char *name = pool_printf(pool, "%s/%s", folder,
		    names[i]);
		const char *inner = pool_printf(pool, "%s/%s", d->root, name);
		bool ok = file_is_dir(inner)
		    ? walk(d, pool, name, f, arg, e)
		    : f(inner, name, arg, e);

		if (!ok)
			return false;
	}
	return names != NULL;
}

static bool
is_part(const char *name)
{
	return text_starts(strrchr(name, '/') + 1, PART);
}

struct collected {
	struct pool *pool;
	struct stored_list *to;
	size_t room;
};

static bool
collect(const char *path, const char *name, void *arg, struct err *e)
{
	struct collected *c = arg;
	struct stored *more;
	struct stat st;

	if (is_part(name))
		return true;
	if (stat(path, &st) != 0)	/* removed meanwhile */
		return errno == ENOENT || fail(e, "read", path);
	if (c->to->n == OBJECTS_MAX)
		return err_set(e, ERR_OTHER, "%s: more than %d objects",
		    path, OBJECTS_MAX);
	if (c->to->n == c->room) {
		c->room = c->room * 2 + 64;
		more = pool_alloc(c->pool, c->room * sizeof *more);
		if (c->to->n > 0)
			memcpy(more, c->to->v, c->to->n * sizeof *more);
		c->to->v = more;
	}
	c->to->v[c->to->n++] = (struct stored){ .name = name,
	    .size = (long long)st.st_size };
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct stored *)a)->name,
	    ((const struct stored *)b)->name);
}

static bool
dir_list(void *own, struct pool *pool, const char *folder,
    struct stored_list *found, struct err *e)
{
	struct collected c = { .pool = pool, .to = found };

	if (!walk(own, pool, folder, collect, &c, e))
		return false;
	if (found->n > 0)
		qsort(found->v, found->n, sizeof *found->v, by_name);
	return true;
}

static bool
dir_remove(void *own, const char *name, struct err *e)
{
	char *path = path_of(own, name);
	bool ok = file_remove(path, e);

	if (ok)
		remove_empty(own, path);
	mem_free(path);
	return ok;
}

struct swept {
	const struct dir *dir;
	size_t *n;
};

static bool
sweep_one(const char *path, const char *name, void *arg, struct err *e)
{
	struct swept *s = arg;
	char *gone;
	int fd;
	bool ok = true;

	if (!is_part(name))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || fail(e, "open", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		ok = file_remove(path, e);
		*s->n += ok;
		gone = mem_strdup(path);
		remove_empty(s->dir, gone);
		mem_free(gone);
	}
	close(fd);
	return ok;
}

static bool
dir_sweep(void *own, const char *folder, size_t *n, struct err *e)
{
	struct swept s = { .dir = own, .n = n };
	struct pool *pool = pool_new();
	bool ok = walk(own, pool, folder, sweep_one, &s, e);

	pool_free(pool);
	return ok;
}

const struct store_kind store_dir = {
	.scheme = "file://",
	.open = dir_open, .close = dir_close,
	.create = dir_create, .append = dir_append, .finish = dir_finish,
	.abort = dir_abort,
	.read = dir_read, .next = dir_next, .end = dir_end,
	.list = dir_list, .remove = dir_remove, .sweep = dir_sweep,
};
