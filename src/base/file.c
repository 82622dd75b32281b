/*
 * file - see file.h.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { ROOTS_MAX = 16 * 1024 * 1024 };	/* a distribution's are 0.2 MB */

/* An error of the system call just made on this path. */
static bool
sys_err(struct err *e, const char *deed, const char *path)
{
	enum err_kind kind = errno == ENOENT ? ERR_NOT_FOUND
	    : errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_OTHER;

	return err_set(e, kind, "can't %s %s: %s", deed, path,
	    strerror(errno));
}

bool
file_read(const char *path, struct buf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = false;
	char part[16384];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return sys_err(e, "open", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		buf_reserve(b, (size_t)st.st_size);
	while ((n = read(fd, part, sizeof part)) > 0)
		if (!buf_add(b, part, (size_t)n))
			break;
	if (n < 0)
		sys_err(e, "read", path);
	else
		ok = buf_check(b, path, e);
	mem_wipe(part, sizeof part);
	close(fd);
	return ok;
}

static bool
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* Make the rename last: fsync the folder that holds the name. */
static void
sync_folder_of(const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	int fd;

	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL)
		snprintf(dir, sizeof dir, ".");
	else
		slash[slash == dir ? 1 : 0] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

bool
file_replace(const char *path, const void *p, size_t n, int mode,
    struct err *e)
{
	char tmp[PATH_MAX];
	struct stat st;
	int fd;

	if (snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= (int)sizeof tmp)
		return err_set(e, ERR_OTHER, "path too long: %s", path);
	if (stat(path, &st) == 0)
		mode = (int)(st.st_mode & 07777);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return sys_err(e, "write beside", path);
	if (!write_all(fd, p, n) || fchmod(fd, (mode_t)mode) != 0
	    || fsync(fd) != 0 || rename(tmp, path) != 0) {
		sys_err(e, "write", path);
		close(fd);
		unlink(tmp);
		return false;
	}
	close(fd);
	sync_folder_of(path);
	return true;
}

bool
file_append(const char *path, const void *p, size_t n, struct err *e)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return sys_err(e, "open", path);
	ok = write_all(fd, p, n);
	if (!ok)
		sys_err(e, "append to", path);
	close(fd);
	return ok;
}

bool
file_ensure_dir(const char *path, struct err *e)
{
	char part[PATH_MAX];

	if (strlen(path) >= sizeof part)
		return err_set(e, ERR_OTHER, "path too long: %s", path);
	snprintf(part, sizeof part, "%s", path);
	for (char *p = part + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return sys_err(e, "make folder", part);
		*p = '/';
	}
	if (mkdir(part, 0700) != 0 && errno != EEXIST)
		return sys_err(e, "make folder", part);
	if (!file_is_dir(part))
		return err_set(e, ERR_OTHER, "%s is not a folder", part);
	return true;
}

bool
file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool
file_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool
file_check_folder(const char *path, struct err *e)
{
	return file_is_dir(path) || err_set(e, ERR_INPUT,
	    "%s: no such folder; add actions/checkout before this step, or "
	    "name the checkout", path);
}

bool
file_check_readable(const char *path, struct err *e)
{
	if (file_is_dir(path))
		return err_set(e, ERR_INPUT, "%s: is a folder, not a file",
		    path);
	return access(path, R_OK) == 0 || err_set(e, ERR_INPUT,
	    "%s: can't be read: %s", path, strerror(errno));
}

bool
file_check_certificates(const char *path, struct err *e)
{
	struct buf text = buf_new(ROOTS_MAX);
	bool ok = file_check_readable(path, e) && (file_read(path, &text, e)
	    || err_set(e, ERR_INPUT, "%s: can't be read", path));

	/* of the three kinds that OpenSSL takes */
	if (ok && strstr(buf_str(&text), "CERTIFICATE-----") == NULL)
		ok = err_set(e, ERR_INPUT, "%s: holds no certificate as PEM "
		    "(-----BEGIN CERTIFICATE-----)", path);
	buf_free(&text);
	return ok;
}

const char **
file_list(struct pool *pool, const char *path, struct err *e)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	const char **names;
	size_t n = 0, i = 0;

	if (d == NULL) {
		sys_err(e, "list", path);
		return NULL;
	}
	while (readdir(d) != NULL)
		n++;
	rewinddir(d);
	names = pool_alloc(pool, (n + 1) * sizeof *names);
	while (i < n && (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0
		    && strcmp(entry->d_name, "..") != 0)
			names[i++] = pool_strdup(pool, entry->d_name);
	closedir(d);
	qsort(names, i, sizeof *names, by_name);
	return names;
}

bool
file_remove(const char *path, struct err *e)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return sys_err(e, "remove", path);
	return true;
}
