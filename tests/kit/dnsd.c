/*
 * dnsd - see dnsd.h.
 */
#include "tests/kit/dnsd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

enum { PACKET = 4096, RULES = 64 };

struct dnsd {
	int udp, tcp, wake[2];
	char server[32];
	const struct dnsd_rule *rule;
	int n, used[RULES];
	int asked_tcp;
	pthread_t thread;
	pthread_mutex_t lock;
};

struct packet {
	unsigned char b[PACKET];
	size_t n;
};

static void
put(struct packet *p, const void *s, size_t n)
{
	ck_assert(p->n + n <= PACKET);
	memcpy(p->b + p->n, s, n);
	p->n += n;
}

static void
put16(struct packet *p, unsigned v)
{
	put(p, (unsigned char[]){ (unsigned char)(v >> 8),
	    (unsigned char)v }, 2);
}

static void
put32(struct packet *p, unsigned long v)
{
	put16(p, (unsigned)(v >> 16 & 0xffff));
	put16(p, (unsigned)(v & 0xffff));
}

static void
put_name(struct packet *p, const char *s)
{
	while (*s != '\0' && strcmp(s, ".") != 0) {
		size_t n = strcspn(s, ".");

		put(p, (unsigned char[]){ (unsigned char)n }, 1);
		put(p, s, n);
		s += n + (s[n] == '.');
	}
	put(p, "", 1);
}

static unsigned
type_number(const char *t)
{
	static const struct { const char *name; unsigned n; } v[] = {
		{ "A", 1 }, { "NS", 2 }, { "CNAME", 5 }, { "SOA", 6 },
		{ "TXT", 16 }, { "AAAA", 28 }, { "CAA", 257 },
	};

	for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
		if (strcmp(v[i].name, t) == 0)
			return v[i].n;
	ck_abort_msg("type %s", t);
}

static void
put_soa(struct packet *p, const char *data)
{
	char mname[256], rname[256];
	unsigned long v[5];

	ck_assert_int_eq(sscanf(data, "%255s %255s %lu %lu %lu %lu %lu",
	    mname, rname, &v[0], &v[1], &v[2], &v[3], &v[4]), 7);
	put_name(p, mname);
	put_name(p, rname);
	for (int i = 0; i < 5; i++)
		put32(p, v[i]);
}

static void
put_caa(struct packet *p, const char *data)
{
	char tag[32], value[200];
	unsigned flags;

	ck_assert_int_eq(sscanf(data, "%u %31s %199[^\n]", &flags, tag,
	    value), 3);
	put(p, (unsigned char[]){ (unsigned char)flags,
	    (unsigned char)strlen(tag) }, 2);
	put(p, tag, strlen(tag));
	put(p, value, strlen(value));
}

static void
put_data(struct packet *p, const char *type, const char *data)
{
	unsigned char addr[16];

	if (strcmp(type, "A") == 0) {
		ck_assert_int_eq(inet_pton(AF_INET, data, addr), 1);
		put(p, addr, 4);
	} else if (strcmp(type, "AAAA") == 0) {
		ck_assert_int_eq(inet_pton(AF_INET6, data, addr), 1);
		put(p, addr, 16);
	} else if (strcmp(type, "SOA") == 0) {
		put_soa(p, data);
	} else if (strcmp(type, "CAA") == 0) {
		put_caa(p, data);
	} else if (strcmp(type, "TXT") == 0) {
		put(p, (unsigned char[]){ (unsigned char)strlen(data) }, 1);
		put(p, data, strlen(data));
	} else {
		put_name(p, data);
	}
}

static unsigned
put_records(struct packet *p, const struct dnsd_rr *r, int most)
{
	unsigned n = 0;

	for (int i = 0; i < most && r[i].type != NULL; i++, n++) {
		size_t at;

		put_name(p, r[i].name);
		put16(p, type_number(r[i].type));
		put16(p, 1);
		put32(p, (unsigned long)r[i].ttl);
		at = p->n;
		put16(p, 0);
		put_data(p, r[i].type, r[i].data);
		p->b[at] = (unsigned char)((p->n - at - 2) >> 8);
		p->b[at + 1] = (unsigned char)(p->n - at - 2);
	}
	return n;
}

/* The question's name in words and its type. false: not a question. */
static bool
read_question(const unsigned char *b, size_t n, char *name, size_t *end,
    unsigned *type)
{
	size_t at = 12, k = 0;

	while (at < n && b[at] != 0) {
		size_t len = b[at++];

		if (len > 63 || at + len >= n || k + len + 1 > 250)
			return false;
		memcpy(name + k, b + at, len);
		k += len;
		name[k++] = '.';
		at += len;
	}
	name[k > 0 ? k - 1 : 0] = '\0';
	if (at + 5 > n)
		return false;
	*type = (unsigned)b[at + 1] << 8 | b[at + 2];
	*end = at + 5;
	return true;
}

static const struct dnsd_rule *
find_rule(struct dnsd *d, const char *name, unsigned type)
{
	for (int i = 0; i < d->n; i++) {
		const struct dnsd_rule *r = &d->rule[i];

		if ((r->name != NULL && strcasecmp(r->name, name) != 0)
		    || (r->type != NULL && type_number(r->type) != type)
		    || (r->times > 0 && d->used[i] >= r->times))
			continue;
		d->used[i]++;
		return r;
	}
	return NULL;
}

/* A reply into p; false: stay silent. */
static bool
reply(struct dnsd *d, const unsigned char *q, size_t n, bool tcp,
    struct packet *p)
{
	const struct dnsd_rule *r;
	char name[256];
	unsigned type, flags;
	size_t end;

	if (n < 12 || !read_question(q, n, name, &end, &type))
		return false;
	r = find_rule(d, name, type);
	if (r != NULL && r->delay_ms > 0)
		(void)poll(&(struct pollfd){ d->wake[0], POLLIN, 0 }, 1,
		    r->delay_ms);
	if (r != NULL && r->silent)
		return false;
	put(p, q, 2);
	if (r != NULL && r->wrong_id)
		p->b[0] ^= 0x55;
	flags = 0x8000U | (unsigned)(r != NULL ? r->rcode : 5);
	flags |= r != NULL && r->no_authority ? 0 : 0x0400U;
	flags |= r != NULL && r->cut && !tcp ? 0x0200U : 0;
	put16(p, flags);
	put16(p, 1);
	put(p, "\0\0\0\0\0\0", 6);
	put(p, q + 12, end - 12);
	if (r != NULL && r->old && q[11] > 0)
		p->b[3] |= 1;
	if (r == NULL || (r->cut && !tcp) || (p->b[3] & 15) == 1)
		return true;
	if (r->rubbish) {
		p->b[7] = 3;
		put(p, "\xc0\xff\x07rubbish", 10);
		return true;
	}
	p->b[7] = (unsigned char)put_records(p, r->answer, 12);
	p->b[9] = (unsigned char)put_records(p, r->authority, 4);
	if (r->old && !tcp && p->n > 512) {
		p->b[2] |= 2;
		p->b[7] = p->b[9] = 0;
		p->n = end;
	}
	return true;
}

static void
serve_udp(struct dnsd *d)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	unsigned char q[PACKET];
	struct packet p = { .n = 0 };
	ssize_t n = recvfrom(d->udp, q, sizeof q, 0,
	    (struct sockaddr *)&from, &len);

	if (n > 0 && reply(d, q, (size_t)n, false, &p))
		(void)sendto(d->udp, p.b, p.n, 0, (struct sockaddr *)&from,
		    len);
}

static void
serve_tcp(struct dnsd *d)
{
	int s = accept(d->tcp, NULL, NULL);
	unsigned char q[PACKET];
	struct packet p = { .n = 0 };
	size_t n;

	d->asked_tcp++;
	while (s >= 0 && recv(s, q, 2, MSG_WAITALL) == 2) {
		n = (size_t)q[0] << 8 | q[1];
		p.n = 0;
		if (n > sizeof q || recv(s, q, n, MSG_WAITALL) != (ssize_t)n
		    || !reply(d, q, n, true, &p))
			break;
		(void)send(s, (unsigned char[]){ (unsigned char)(p.n >> 8),
		    (unsigned char)p.n }, 2, MSG_MORE | MSG_NOSIGNAL);
		(void)send(s, p.b, p.n, MSG_NOSIGNAL);
	}
	if (s >= 0)
		close(s);
}

static void *
serve(void *arg)
{
	struct dnsd *d = arg;

	for (;;) {
		struct pollfd fds[] = { { d->wake[0], POLLIN, 0 },
			{ d->udp, POLLIN, 0 }, { d->tcp, POLLIN, 0 } };

		if (poll(fds, 3, -1) < 0 || fds[0].revents != 0)
			return NULL;
		pthread_mutex_lock(&d->lock);
		if (fds[1].revents != 0)
			serve_udp(d);
		if (fds[2].revents != 0)
			serve_tcp(d);
		pthread_mutex_unlock(&d->lock);
	}
}

static void
open_sockets(struct dnsd *d)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	d->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	d->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(d->tcp, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(d->tcp, 16), 0);
	ck_assert_int_eq(getsockname(d->tcp, (struct sockaddr *)&a, &len), 0);
	ck_assert_int_eq(bind(d->udp, (struct sockaddr *)&a, sizeof a), 0);
	snprintf(d->server, sizeof d->server, "127.0.0.1:%d",
	    ntohs(a.sin_port));
}

struct dnsd *
dnsd_start(const struct dnsd_rule *rule, int n)
{
	struct dnsd *d = calloc(1, sizeof *d);

	ck_assert(d != NULL && n <= RULES);
	d->rule = rule;
	d->n = n;
	open_sockets(d);
	ck_assert_int_eq(pipe(d->wake), 0);
	pthread_mutex_init(&d->lock, NULL);
	ck_assert_int_eq(pthread_create(&d->thread, NULL, serve, d), 0);
	return d;
}

void
dnsd_stop(struct dnsd *d)
{
	close(d->wake[1]);
	pthread_join(d->thread, NULL);
	close(d->wake[0]);
	close(d->udp);
	close(d->tcp);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

const char *
dnsd_server(struct dnsd *d)
{
	return d->server;
}

int
dnsd_asked_tcp(struct dnsd *d)
{
	return d->asked_tcp;
}
