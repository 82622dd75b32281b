/*
 * together - see together.h.
 */
#include "base/together.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

enum { ANSWER_MAX = 16 << 20, PART = 16384 };

struct job {
	pid_t pid;		/* 0: it does not run */
	int fd;			/* where its answer comes from */
	bool done;
	struct buf answer;
};

struct together {
	together_job *fn;
	void *arg;
	size_t n, begun, running, at_once;
	clock_ms deadline;
	struct job *job;
	struct pollfd *fds;	/* of those that run */
	size_t *of;		/* whose each of them is */
};

static bool
send_all(int fd, const struct buf *b)
{
	for (size_t sent = 0; sent < b->len;) {
		ssize_t n = write(fd, b->data + sent, b->len - sent);

		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

/* In the copy: never returns, and leaves to us what ends with a process. */
static void
work(struct together *t, size_t i, int fd, pid_t parent)
{
	struct buf answer = buf_new(ANSWER_MAX);
	bool ok;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);	/* it died before that */
	t->fn(t->arg, i, &answer);
	ok = !answer.full && send_all(fd, &answer);
	fflush(stdout);
	_exit(ok ? 0 : 1);
}

/* A job that can't begin has no answer. */
static void
begin_next(struct together *t)
{
	struct job *j = &t->job[t->begun];
	pid_t parent = getpid();
	int fd[2];

	fflush(stdout);
	/* whoever started us may ignore it: then no end could be told */
	signal(SIGCHLD, SIG_DFL);
	if (pipe2(fd, O_CLOEXEC) == 0) {
		j->pid = fork();
		if (j->pid == 0)
			work(t, t->begun, fd[1], parent);
		close(fd[1]);
		if (j->pid < 0)
			close(fd[0]);
		j->fd = fd[0];
	}
	if (j->pid > 0)
		t->running++;
	else
		j->pid = 0;
	t->begun++;
}

static void
begin_some(struct together *t)
{
	while (t->begun < t->n && t->running < t->at_once
	    && !clock_over(t->deadline))
		begin_next(t);
}

struct together *
together_begin(together_job *fn, void *arg, size_t n, size_t at_once,
    clock_ms deadline)
{
	struct together *t = mem_alloc(sizeof *t);

	assert(at_once > 0);
	*t = (struct together){ .fn = fn, .arg = arg, .n = n,
		.at_once = at_once, .deadline = deadline,
		.job = mem_alloc(n * sizeof *t->job),
		.fds = mem_alloc(at_once * sizeof *t->fds),
		.of = mem_alloc(at_once * sizeof *t->of) };
	for (size_t i = 0; i < n; i++)
		t->job[i].answer = buf_new(ANSWER_MAX);
	begin_some(t);
	return t;
}

static void
end(struct together *t, struct job *j, bool stop)
{
	int status = 1;

	if (stop)
		kill(j->pid, SIGKILL);
	close(j->fd);
	if (waitpid(j->pid, &status, 0) == j->pid)
		j->done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	j->pid = 0;
	t->running--;
}

/* Take what is there; at its end the job is over. */
static void
take(struct together *t, struct job *j)
{
	char part[PART];
	ssize_t n = read(j->fd, part, sizeof part);

	if (n > 0)
		buf_add(&j->answer, part, (size_t)n);
	else
		end(t, j, false);
}

static void
take_some(struct together *t)
{
	size_t k = 0;

	for (size_t i = 0; i < t->begun; i++) {
		if (t->job[i].pid == 0)
			continue;
		t->fds[k] = (struct pollfd){ .fd = t->job[i].fd,
			.events = POLLIN };
		t->of[k++] = i;
	}
	if (poll(t->fds, k, (int)clock_left(t->deadline)) <= 0)
		return;
	for (size_t i = 0; i < k; i++)
		if (t->fds[i].revents != 0)
			take(t, &t->job[t->of[i]]);
}

static void
stop_all(struct together *t)
{
	for (size_t i = 0; i < t->begun; i++)
		if (t->job[i].pid != 0)
			end(t, &t->job[i], true);
}

void
together_wait(struct together *t)
{
	begin_some(t);
	while (t->running > 0 && !clock_over(t->deadline)) {
		take_some(t);
		begin_some(t);
	}
	stop_all(t);
}

const struct buf *
together_answer(const struct together *t, size_t i)
{
	assert(i < t->n);
	return t->job[i].done ? &t->job[i].answer : NULL;
}

void
together_free(struct together *t)
{
	if (t == NULL)
		return;
	stop_all(t);
	for (size_t i = 0; i < t->n; i++)
		buf_free(&t->job[i].answer);
	mem_free(t->job);
	mem_free(t->fds);
	mem_free(t->of);
	mem_free(t);
}
