/*
 * loop - see loop.h.
 */
#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	EVENTS = 1024,		/* at a time: all that is ready, before any
				 * moment that has come is acted upon */
	LONGEST_SLEEP = 1000,	/* ms; a look at the clock between */
};

struct watch {
	loop_ready *ready;	/* NULL: nobody wants to know */
	void *arg;
	bool known;		/* to epoll, for this: */
	unsigned what;
};

struct member {
	struct member *next;
	loop_time *call;
	void *arg;
	clock_ms at;
};

struct loop {
	int epoll;
	struct watch *watch;	/* by descriptor */
	size_t n;
	struct member *members;
};

struct loop *
loop_open(void)
{
	struct loop *l = mem_alloc(sizeof *l);

	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		abort();
	return l;
}

void
loop_close(struct loop *l)
{
	struct member *m;

	if (l == NULL)
		return;
	while ((m = l->members) != NULL) {
		l->members = m->next;
		mem_free(m);
	}
	close(l->epoll);
	mem_free(l->watch);
	mem_free(l);
}

/* Room for this descriptor. */
static struct watch *
watch_of(struct loop *l, int fd)
{
	size_t n = l->n > 0 ? l->n : 64;

	assert(fd >= 0);
	while (n <= (size_t)fd)
		n *= 2;
	if (n > l->n) {
		l->watch = mem_grow(l->watch, n * sizeof *l->watch);
		for (size_t i = l->n; i < n; i++)
			l->watch[i] = (struct watch){ .ready = NULL };
		l->n = n;
	}
	return &l->watch[fd];
}

void
loop_watch(struct loop *l, int fd, unsigned what, loop_ready *ready,
    void *arg)
{
	struct watch *w = watch_of(l, fd);
	struct epoll_event ev = { .data.fd = fd,
		.events = (what & LOOP_IN ? EPOLLIN : 0)
		    | (what & LOOP_OUT ? EPOLLOUT : 0) };
	int op = w->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (w->known && w->what == what && w->ready == ready && w->arg == arg)
		return;
	*w = (struct watch){ ready, arg, true, what };
	if (epoll_ctl(l->epoll, op, fd, &ev) == 0)
		return;
	/* Its number was another socket's before, which somebody closed. */
	op = op == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (epoll_ctl(l->epoll, op, fd, &ev) != 0)
		abort();
}

void
loop_forget(struct loop *l, int fd)
{
	struct epoll_event ev = { .data.fd = fd };

	if (fd < 0 || (size_t)fd >= l->n || !l->watch[fd].known)
		return;
	/* it may be closed by now: then epoll knows */
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, &ev);
	l->watch[fd] = (struct watch){ .ready = NULL };
}

void
loop_join(struct loop *l, loop_time *call, void *arg)
{
	struct member *m = mem_alloc(sizeof *m);

	*m = (struct member){ l->members, call, arg, clock_now() };
	l->members = m;
}

/* It may be asked for by the call itself: it is freed after the round. */
void
loop_leave(struct loop *l, const void *arg)
{
	for (struct member *m = l->members; m != NULL; m = m->next)
		if (m->arg == arg)
			m->call = NULL;
}

static void
free_those_who_left(struct loop *l)
{
	struct member **at = &l->members, *m;

	while ((m = *at) != NULL) {
		if (m->call != NULL) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		mem_free(m);
	}
}

static void
call_members(struct loop *l)
{
	for (struct member *m = l->members; m != NULL; m = m->next)
		if (m->call != NULL && m->at <= clock_now()) {
			m->at = LLONG_MAX;
			m->at = clock_sooner(m->at, m->call(m->arg));
		}
	free_those_who_left(l);
}

void
loop_turn(struct loop *l, clock_ms until)
{
	struct epoll_event ev[EVENTS];
	int n;

	until = clock_sooner(until, clock_now() + LONGEST_SLEEP);
	for (const struct member *m = l->members; m != NULL; m = m->next)
		if (m->call != NULL)
			until = clock_sooner(until, m->at);
	n = epoll_wait(l->epoll, ev, EVENTS, (int)clock_left(until));
	assert(n >= 0 || errno == EINTR);
	for (int i = 0; i < n; i++) {
		int fd = ev[i].data.fd;
		const struct watch w = l->watch[fd];
		bool bad = (ev[i].events & (EPOLLERR | EPOLLHUP)) != 0;
		unsigned what = (ev[i].events & EPOLLIN || bad ? LOOP_IN : 0)
		    | (ev[i].events & EPOLLOUT || bad ? LOOP_OUT : 0);

		if (w.ready != NULL)
			w.ready(w.arg, fd, what);
	}
	call_members(l);
}
