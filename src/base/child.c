/*
 * child - see child.h.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum {
	SECRET_FD = 3,
	REAP_MS = 1,	/* between looks at a child that closed its pipes */
	NOT_FOUND = 127,
};

/* What every child may see of our environment. */
static const char *const passed_on[] = {
	"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "RUNNER_TEMP", NULL
};

struct pipes {
	int in[2], out[2], err[2], failed[2];
	int secret;
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
close_pipes(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->in[i]);
		close_fd(&p->out[i]);
		close_fd(&p->err[i]);
		close_fd(&p->failed[i]);
	}
	close_fd(&p->secret);
}

/* A file without a name that holds the bytes, all of them, to be read from
 * its start; or -1. */
static int
memory_file(const char *data, size_t n)
{
	int fd = memfd_create("transplant", MFD_CLOEXEC);
	size_t done = 0;

	/* some programs ignore an option file that others might write */
	if (fd >= 0)
		fchmod(fd, 0600);
	while (fd >= 0 && done < n) {
		ssize_t part = write(fd, data + done, n - done);

		if (part < 0 && errno != EINTR) {
			close(fd);
			return -1;
		}
		done += part > 0 ? (size_t)part : 0;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static bool
open_pipes(const struct child *c, enum child_way way, struct pipes *p)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 },
	    -1 };
	if (pipe2(p->out, O_CLOEXEC) != 0 || pipe2(p->err, O_CLOEXEC) != 0
	    || pipe2(p->failed, O_CLOEXEC) != 0)
		return false;
	if (way == CHILD_WRITE) {
		if (pipe2(p->in, O_CLOEXEC) != 0)
			return false;
	} else {
		/* not /dev/null: there may be no /dev */
		p->in[0] = memory_file(c->input, c->input_len);
		if (p->in[0] < 0)
			return false;
	}
	if (c->secret != NULL)
		p->secret = memory_file(c->secret, c->secret_len);
	return c->secret == NULL || p->secret >= 0;
}

static bool
has_name(const char *const *env, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (strncmp(env[i], name, len) == 0 && env[i][len] == '=')
			return true;
	return false;
}

static char **
environment(struct pool *pool, const struct child *c)
{
	size_t n = 0, own = 0;
	char **env;

	while (c->env != NULL && c->env[own] != NULL)
		own++;
	env = pool_alloc(pool, (own + sizeof passed_on / sizeof *passed_on)
	    * sizeof *env);
	for (const char *const *p = passed_on; *p != NULL; p++)
		if (getenv(*p) != NULL && !has_name(c->env, own, *p))
			env[n++] = pool_printf(pool, "%s=%s", *p, getenv(*p));
	for (size_t i = 0; i < own; i++)
		env[n++] = pool_strdup(pool, c->env[i]);
	return env;
}

/* In the child: never returns. The parent reads errno from failed[1]. */
static void
become(const struct child *c, struct pipes *p, char **env, pid_t parent)
{
	int why;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(NOT_FOUND);	/* it died before that */
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	/* moved out of the way first: 3 may be one of these */
	p->failed[1] = fcntl(p->failed[1], F_DUPFD_CLOEXEC, SECRET_FD + 1);
	if (p->secret >= 0)
		p->secret = fcntl(p->secret, F_DUPFD_CLOEXEC, SECRET_FD + 1);
	if (dup2(p->in[0], 0) >= 0 && dup2(p->out[1], 1) >= 0
	    && dup2(p->err[1], 2) >= 0
	    && (p->secret < 0 || dup2(p->secret, SECRET_FD) >= 0)
	    && (c->dir == NULL || chdir(c->dir) == 0)) {
		environ = env;
		execvp(c->argv[0], (char *const *)c->argv);
	}
	why = errno;
	if (write(p->failed[1], &why, sizeof why) < 0)
		_exit(NOT_FOUND);
	_exit(NOT_FOUND);
}

/* Take what is there; false at the end of the stream. */
static bool
drain(int fd, struct buf *b)
{
	char part[16384];
	ssize_t n = read(fd, part, sizeof part);

	if (n > 0 && b != NULL)
		buf_add(b, part, (size_t)n);
	mem_wipe(part, n > 0 ? (size_t)n : 0);
	return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

/* One look at both streams, until the deadline at most, or until there is
 * room in its stdin; false: the deadline came. A stream that has ended is
 * closed. */
static bool
collect_some(const struct child *c, struct pipes *p, clock_ms deadline)
{
	struct pollfd fds[3] = {
		{ .fd = p->out[0], .events = POLLIN },
		{ .fd = p->err[0], .events = POLLIN },
		{ .fd = p->in[1], .events = POLLOUT },
	};

	if (clock_over(deadline))
		return false;
	if (poll(fds, 3, (int)clock_left(deadline)) < 0)
		return true;
	if (fds[0].revents != 0 && !drain(p->out[0], c->out))
		close_fd(&p->out[0]);
	if (fds[1].revents != 0 && !drain(p->err[0], c->errout))
		close_fd(&p->err[0]);
	return true;
}

/* Read both streams to their ends; false when the deadline came first. */
static bool
collect(const struct child *c, struct pipes *p, clock_ms deadline)
{
	while (p->out[0] >= 0 || p->err[0] >= 0)
		if (!collect_some(c, p, deadline))
			return false;
	return true;
}

/* Wait for the end; false when the deadline came first. */
static bool
reap(pid_t pid, clock_ms deadline, int *status)
{
	int w;
	pid_t got;

	while ((got = waitpid(pid, &w, WNOHANG)) == 0)
		if (!clock_pause_until(deadline, REAP_MS))
			return false;
	*status = got < 0 ? NOT_FOUND : WIFSIGNALED(w) ? 128 + WTERMSIG(w)
	    : WEXITSTATUS(w);
	return true;
}

static void
end_group(pid_t pid)
{
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool
end_late(const struct child *c, pid_t pid, struct err *e)
{
	end_group(pid);
	return err_set(e, ERR_TIMEOUT, "%s did not end in time and was "
	    "stopped", c->argv[0]);
}

/* In us: close the child's ends of the pipes, and hear whether it could
 * become what it should. */
static bool
hear_of_start(const struct child *c, struct pipes *p, pid_t pid,
    struct err *e)
{
	int why = 0;

	close_fd(&p->in[0]);
	close_fd(&p->out[1]);
	close_fd(&p->err[1]);
	close_fd(&p->failed[1]);
	close_fd(&p->secret);
	if (read(p->failed[0], &why, sizeof why) != sizeof why)
		return true;
	waitpid(pid, NULL, 0);
	return why == ENOENT && (c->dir == NULL || file_is_dir(c->dir))
	    ? err_set(e, ERR_NOT_FOUND, "%s is not installed (not found on "
		"PATH)", c->argv[0])
	    : err_set(e, ERR_OTHER, "can't run %s: %s", c->argv[0],
		strerror(why));
}

/* Start it; the pipes are the caller's to close, even if it fails. */
static bool
start(const struct child *c, enum child_way way, struct pipes *p, pid_t *pid,
    struct err *e)
{
	struct pool *pool = pool_new();
	char **env = environment(pool, c);
	pid_t parent = getpid();
	bool ok;

	fflush(stdout);
	/* whoever started us may ignore it: then no end could be told */
	signal(SIGCHLD, SIG_DFL);
	ok = open_pipes(c, way, p) || err_set(e, ERR_OTHER, "can't make "
	    "pipes for %s: %s", c->argv[0], strerror(errno));
	if (ok) {
		*pid = fork();
		if (*pid == 0)
			become(c, p, env, parent);
		ok = *pid > 0 || err_set(e, ERR_OTHER, "can't start %s: %s",
		    c->argv[0], strerror(errno));
	}
	pool_free(pool);
	if (!ok)
		return false;
	setpgid(*pid, *pid);
	return hear_of_start(c, p, *pid, e);
}

bool
child_run(const struct child *c, int *status, struct err *e)
{
	struct pipes p;
	bool ok;
	pid_t pid;

	ok = start(c, CHILD_READ, &p, &pid, e)
	    && ((collect(c, &p, c->deadline) && reap(pid, c->deadline, status))
		|| end_late(c, pid, e));
	close_pipes(&p);
	return ok;
}

/* ---- one that runs beside us ---- */

struct child_stream {
	struct child child;	/* what lasts of it: outputs and a name */
	const char *argv[2];	/* its name, ours: the caller's may go */
	struct pipes pipes;
	pid_t pid;
};

static void
free_stream(struct child_stream *s)
{
	close_pipes(&s->pipes);
	mem_free((char *)s->argv[0]);
	mem_free(s);
}

struct child_stream *
child_open(const struct child *c, enum child_way way, struct err *e)
{
	struct child_stream *s = mem_alloc(sizeof *s);

	s->argv[0] = mem_strdup(c->argv[0]);
	s->child = (struct child){ .argv = s->argv, .out = c->out,
	    .errout = c->errout };
	if (start(c, way, &s->pipes, &s->pid, e)) {
		if (way == CHILD_WRITE)
			fcntl(s->pipes.in[1], F_SETFL, O_NONBLOCK);
		return s;
	}
	free_stream(s);
	return NULL;
}

static bool
stalled(const struct child_stream *s, struct err *e)
{
	return err_set(e, ERR_TIMEOUT, "%s: nothing moved for too long",
	    s->child.argv[0]);
}

bool
child_read(struct child_stream *s, void *p, size_t room, size_t *n,
    clock_ms deadline, struct err *e)
{
	struct pipes *from = &s->pipes;
	ssize_t got;

	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = from->out[0], .events = POLLIN },
			{ .fd = from->err[0], .events = POLLIN },
		};

		if (clock_over(deadline))
			return stalled(s, e);
		if (poll(fds, 2, (int)clock_left(deadline)) < 0)
			continue;
		if (fds[1].revents != 0
		    && !drain(from->err[0], s->child.errout))
			close_fd(&from->err[0]);
		if (fds[0].revents == 0)
			continue;
		got = read(from->out[0], p, room);
		if (got < 0 && errno == EINTR)
			continue;
		*n = got > 0 ? (size_t)got : 0;
		return got >= 0 || err_set(e, ERR_OTHER, "can't read from "
		    "%s: %s", s->child.argv[0], strerror(errno));
	}
}

bool
child_write(struct child_stream *s, const void *p, size_t n,
    clock_ms deadline, struct err *e)
{
	const char *from = p;

	while (n > 0) {
		ssize_t done = write(s->pipes.in[1], from, n);

		if (done < 0 && errno == EAGAIN) {
			if (!collect_some(&s->child, &s->pipes, deadline))
				return stalled(s, e);
			continue;
		}
		if (done < 0 && errno != EINTR)
			return err_set(e, ERR_OTHER, "%s no longer reads: %s",
			    s->child.argv[0], strerror(errno));
		from += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

bool
child_close(struct child_stream *s, int *status, clock_ms deadline,
    struct err *e)
{
	bool ok;

	close_fd(&s->pipes.in[1]);
	ok = (collect(&s->child, &s->pipes, deadline)
	    && reap(s->pid, deadline, status))
	    || end_late(&s->child, s->pid, e);
	free_stream(s);
	return ok;
}

void
child_abort(struct child_stream *s)
{
	if (s == NULL)
		return;
	end_group(s->pid);
	free_stream(s);
}
