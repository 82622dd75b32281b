/*
 * faultproxy - stands before any server and lets requests fail as networks
 * and services do.
 *
 *   faultproxy ADDRESS:PORT UPSTREAM_ADDRESS:PORT
 *              [--control ADDRESS:PORT] [--tcp]
 *              [--tls CERT KEY CA [--plain-upstream]] [--name HOST]
 *
 * HTTP unless --tcp: one request at a time on each connection, which is kept
 * alive; upgraded connections (WebSocket) pass through. With --tls it shows
 * CERT to clients and talks TLS to the upstream, verified against CA, as the
 * name that the client asked for (or --name, or the address).
 *
 * Raw with --tcp: a request is what the client says between two answers, so
 * that the k-th query of a database session can fail.
 *
 * Faults are switched while it runs, by HTTP at the control port:
 *
 *   POST /fault   {"fault": F, ...}; F is one of
 *       refuse        nobody listens, until cleared (connections)
 *       reset-accept  reset as soon as connected (connections)
 *       reset-before  reset; the server never saw the request
 *       reset-after   reset; the server has carried it out
 *       delay         "ms": wait first; with "processed" before the reply
 *       cut           close after "bytes" of the reply's body
 *       cut-head      close after "bytes" of the whole reply
 *       status        "status" (503) as JSON, "retry_after": seconds
 *       html          a load balancer's error page, "status" (502)
 *       garbage       bytes that are no HTTP
 *       hang          no answer at all
 *     "method" and "path" (a part of it) say which requests: without them,
 *     all. Of these the first fails, once; "nth": k begins at the k-th,
 *     "times": n lets n fail, "always": true all from there. With
 *     "processed": true the server carries the request out before its reply
 *     is replaced.
 *   GET /fault    the faults, with how many matching requests each has seen
 *   DELETE /fault forget them
 *   GET /log      {"requests": [{"n", "method", "path", "fault", "status"}]}
 *   POST /clear   forget faults and log, count from 1 again
 *
 * Builds from faultproxy.c and faultproxy_*.c with pkg-config libmicrohttpd,
 * libcjson, openssl, and -pthread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faultproxy_control.h"
#include "faultproxy_io.h"
#include "faultproxy_relay.h"
#include "faultproxy_rules.h"

enum {
	BACKLOG = 128,
	TICK_MS = 20		/* how soon a refusal begins or ends */
};

struct job {
	const struct proxy *proxy;
	int fd;
};

/* Whether the port is open, and whether it should be. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool want, have;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER,
    .done = PTHREAD_COND_INITIALIZER, .want = true, .have = true };

/* Returns once the port is as the rules want it. */
static void
apply_rules(void)
{
	(void)pthread_mutex_lock(&gate.lock);
	gate.want = !rules_have(FAULT_REFUSE);
	while (gate.have != gate.want)
		(void)pthread_cond_wait(&gate.done, &gate.lock);
	(void)pthread_mutex_unlock(&gate.lock);
}

static int
listen_at(const struct sockaddr_in *at)
{
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);

	if (fd < 0
	    || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))
	    != 0
	    || bind(fd, (const struct sockaddr *)at, sizeof(*at)) != 0
	    || listen(fd, BACKLOG) != 0) {
		(void)fprintf(stderr, "faultproxy: listen: %s\n",
		    strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	return fd;
}

static void *
serve(void *arg)
{
	struct job job = *(struct job *)arg;
	struct io *client;

	free(arg);
	client = io_accept(job.fd, &job.proxy->tls);
	if (client == NULL)
		return NULL;
	if (job.proxy->tcp)
		relay_tcp(job.proxy, client);
	else
		relay_http(job.proxy, client);
	return NULL;
}

static void
take(const struct proxy *p, int fd)
{
	struct job *job;
	pthread_t thread;

	if (rules_reset_accept()) {
		fd_reset(fd);
		return;
	}
	job = malloc(sizeof(*job));
	if (job == NULL)
		abort();
	*job = (struct job){ .proxy = p, .fd = fd };
	if (pthread_create(&thread, NULL, serve, job) == 0)
		(void)pthread_detach(thread);
	else {
		(void)close(fd);
		free(job);
	}
}

/* Open or close the port as wanted; the descriptor as it then is. */
static int
keep_gate(const struct proxy *p, int fd)
{
	(void)pthread_mutex_lock(&gate.lock);
	if (gate.want && fd < 0)
		fd = listen_at(&p->listen);
	else if (!gate.want && fd >= 0) {
		(void)close(fd);
		fd = -1;
	}
	gate.have = fd >= 0;
	(void)pthread_cond_broadcast(&gate.done);
	(void)pthread_mutex_unlock(&gate.lock);
	return fd;
}

static void
accept_forever(const struct proxy *p, int fd)
{
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int client;

		/* A negative descriptor is ignored: this is then a pause. */
		(void)poll(&ready, 1, TICK_MS);
		fd = keep_gate(p, fd);
		if (fd < 0 || ready.revents == 0)
			continue;
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0)
			take(p, client);
	}
}

static bool
parse_address(const char *text, struct sockaddr_in *at)
{
	const char *colon = text != NULL ? strrchr(text, ':') : NULL;
	char host[INET_ADDRSTRLEN], *end;
	long port;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	port = strtol(colon + 1, &end, 10);
	*at = (struct sockaddr_in){ .sin_family = AF_INET };
	if (*end != '\0' || port < 1 || port > 65535
	    || inet_pton(AF_INET, host, &at->sin_addr) != 1)
		return false;
	at->sin_port = htons((uint16_t)port);
	return true;
}

struct options {
	const char *cert, *key, *ca;
	bool plain_upstream, have_control;
	struct sockaddr_in control;
};

static bool
parse_options(char **v, struct proxy *p, struct options *o)
{
	for (; *v != NULL; v++) {
		if (strcmp(*v, "--tcp") == 0)
			p->tcp = true;
		else if (strcmp(*v, "--plain-upstream") == 0)
			o->plain_upstream = true;
		else if (strcmp(*v, "--name") == 0 && v[1] != NULL)
			p->name = *++v;
		else if (strcmp(*v, "--control") == 0
		    && parse_address(v[1], &o->control)) {
			o->have_control = true;
			v++;
		} else if (strcmp(*v, "--tls") == 0 && v[1] != NULL
		    && v[2] != NULL && v[3] != NULL) {
			o->cert = v[1];
			o->key = v[2];
			o->ca = v[3];
			v += 3;
		} else
			return false;
	}
	return o->cert != NULL || !o->plain_upstream;
}

int
main(int argc, char **argv)
{
	static struct proxy p;
	struct options o = { 0 };
	int fd;

	if (argc < 3 || !parse_address(argv[1], &p.listen)
	    || !parse_address(argv[2], &p.upstream)
	    || !parse_options(argv + 3, &p, &o)) {
		(void)fprintf(stderr, "usage: faultproxy ADDRESS:PORT "
		    "UPSTREAM_ADDRESS:PORT [--control ADDRESS:PORT] [--tcp] "
		    "[--tls CERT KEY CA [--plain-upstream]] "
		    "[--name HOST]\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	if (o.cert != NULL
	    && !tls_open(&p.tls, o.cert, o.key, o.ca, o.plain_upstream))
		return 1;
	fd = listen_at(&p.listen);
	if (fd < 0)
		return 1;
	if (o.have_control && !control_start(&o.control, apply_rules)) {
		(void)fprintf(stderr, "faultproxy: no control port\n");
		return 1;
	}
	accept_forever(&p, fd);
	return 0;
}
