/*
 * delay MS COMMAND... - run it in a network namespace of its own, from which
 * 10.77.0.2 of this one is MS milliseconds away, there and back alike.
 *
 * Two TUN devices, one in each namespace; packets wait here in a queue. For
 * kernels that have no netem. Needs root of its user namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PACKET = 2048, QUEUE = 16384 };

struct packet {
	double due;		/* ms */
	ssize_t n;
	char data[PACKET];
};

/* One direction. */
struct way {
	int from, to;
	struct packet *queue;
	size_t first, last;	/* counted on and on */
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
open_tun(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) != 0) {
		perror("delay: /dev/net/tun");
		exit(2);
	}
	return fd;
}

/* ip with these words. */
static void
ip(const char *const *words)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		execvp("ip", (char *const *)(size_t)words);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
		fputs("delay: ip failed\n", stderr);
		exit(2);
	}
}

static void
set_up(const char *device, const char *own, const char *other)
{
	const char *const up[] = { "ip", "link", "set", device, "up",
	    "txqueuelen", "10000", NULL };
	const char *const address[] = { "ip", "address", "add", own, "peer",
	    other, "dev", device, NULL };

	ip(address);
	ip(up);
}

/* What has come is put in the queue; what is due goes on. */
static void
take(struct way *w, double ms)
{
	while (w->last - w->first < QUEUE) {
		struct packet *p = &w->queue[w->last % QUEUE];

		p->n = read(w->from, p->data, PACKET);
		if (p->n <= 0)
			return;
		p->due = now() + ms;
		w->last++;
	}
}

static void
give(struct way *w)
{
	while (w->first < w->last && w->queue[w->first % QUEUE].due
	    <= now()) {
		const struct packet *p = &w->queue[w->first++ % QUEUE];

		if (write(w->to, p->data, (size_t)p->n) < 0
		    && errno != EINVAL)
			perror("delay: a packet is lost");
	}
}

static int
next_due(const struct way *w, int most)
{
	double left;

	if (w->first == w->last)
		return most;
	left = w->queue[w->first % QUEUE].due - now();
	return left <= 0 ? 0 : left < most ? (int)left + 1 : most;
}

static int
carry(struct way *w, double ms, pid_t child)
{
	struct pollfd fds[2] = { { .fd = w[0].from, .events = POLLIN },
	    { .fd = w[1].from, .events = POLLIN } };
	int status;

	for (;;) {
		(void)poll(fds, 2, next_due(&w[0], next_due(&w[1], 100)));
		for (int i = 0; i < 2; i++) {
			take(&w[i], ms);
			give(&w[i]);
		}
		if (waitpid(child, &status, WNOHANG) == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
}

int
main(int argc, char **argv)
{
	const char *const lo[] = { "ip", "link", "set", "lo", "up", NULL };
	struct way w[2] = { { .from = -1 } };
	double ms = argc > 2 ? strtod(argv[1], NULL) : 0;
	pid_t child;

	if (ms <= 0) {
		fputs("usage: delay MS COMMAND...\n", stderr);
		return 2;
	}
	w[0].from = w[1].to = open_tun("far");
	set_up("far", "10.77.0.3", "10.77.0.1");
	if (unshare(CLONE_NEWNET) != 0) {
		perror("delay: unshare");
		return 2;
	}
	w[1].from = w[0].to = open_tun("near");
	ip(lo);
	set_up("near", "10.77.0.1", "10.77.0.2");
	for (int i = 0; i < 2; i++)
		w[i].queue = calloc(QUEUE, sizeof *w[i].queue);
	child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	return carry(w, ms, child);
}
