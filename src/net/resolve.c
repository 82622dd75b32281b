/*
 * resolve - see resolve.h. Here: channels, the loop, one round of questions.
 */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <ares.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/resolve_reply.h"

enum {
	/* Public servers limit those who ask more at a time. */
	AT_ONCE = 48,
	/* Ask again after 0.4, 0.8, 1.6 ... s: the deadline is ours. */
	FIRST_TRY_MS = 400,
	TRIES = 6,
	/* What passes every network unfragmented (DNS flag day 2020). */
	EDNS_BYTES = 1232,
	RECEIVE_BYTES = 1 << 20,
	LOOK_MS = 200,		/* longest sleep between two looks */
};

/* One server as it is asked: c-ares keeps one channel for each. */
struct line {
	const char *server;
	bool recursive;
	ares_channel channel;
	bool broken;		/* no channel: the address makes no sense */
	size_t asked;		/* under way */
	size_t next;		/* first question not yet looked at */
};

struct resolve {
	struct pool *pool;
	const char **server;
	size_t n;
};

struct round;

struct slot {
	struct round *round;
	struct line *line;
	bool done;
};

/* One call of resolve_ask. */
struct round {
	struct pool *pool;
	const struct dns_question *q;
	struct dns_answer *a;
	struct slot *slot;
	size_t n, left;
	struct line *line;
	size_t lines;
	clock_ms began;
};

/* c-ares wants its library opened once; later calls only count. */
static bool
open_library(struct err *e)
{
	int rc = ares_library_init(ARES_LIB_INIT_ALL);

	if (rc == ARES_SUCCESS)
		return true;
	return err_set(e, ERR_OTHER, "c-ares: %s", ares_strerror(rc));
}

static ares_channel
open_channel(const char *server, bool recursive)
{
	struct ares_options o = {
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH
		    | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
		.timeout = FIRST_TRY_MS, .tries = TRIES,
		.ednspsz = EDNS_BYTES, .lookups = (char[]){ "b" },
		.socket_receive_buffer_size = RECEIVE_BYTES,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
	    | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_RCVBUF;
	ares_channel c = NULL;

#ifdef ARES_OPT_QUERY_CACHE
	/* Newer ones keep answers unless told not to. */
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	if (!recursive)
		o.flags |= ARES_FLAG_NORECURSE;
	if (ares_init_options(&c, &o, mask) != ARES_SUCCESS)
		return NULL;
	if (ares_set_servers_ports_csv(c, server) != ARES_SUCCESS) {
		ares_destroy(c);
		return NULL;
	}
	return c;
}

/* The address alone, without port and brackets. */
static const char *
bare_address(struct pool *p, const char *server)
{
	const char *colon = strchr(server, ':');

	if (server[0] == '[')
		return pool_strndup(p, server + 1, strcspn(server + 1, "]"));
	if (colon != NULL && strchr(colon + 1, ':') == NULL)
		return pool_strndup(p, server, (size_t)(colon - server));
	return server;
}

static bool
take_servers(struct resolve *r, const char *servers, struct err *e)
{
	r->server = text_split(r->pool, servers, &r->n);
	for (size_t i = 0; i < r->n; i++)
		if (!text_check_ip(bare_address(r->pool, r->server[i]), e))
			return err_within(e, "name server");
	if (r->n == 0)
		return err_set(e, ERR_INPUT, "no name server given");
	return true;
}

static const char *
system_server(struct pool *p, const struct ares_addr_port_node *s)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(s->family, &s->addr, text, sizeof text);
	if (s->udp_port == 0 || s->udp_port == 53)
		return pool_strdup(p, text);
	return pool_printf(p, s->family == AF_INET6 ? "[%s]:%d" : "%s:%d",
	    text, s->udp_port);
}

static bool
find_system_servers(struct resolve *r, struct err *e)
{
	struct ares_addr_port_node *list = NULL;
	ares_channel c = NULL;
	size_t n = 0;

	if (ares_init(&c) != ARES_SUCCESS
	    || ares_get_servers_ports(c, &list) != ARES_SUCCESS) {
		ares_destroy(c);
		return err_set(e, ERR_OTHER, "the system's name servers "
		    "can't be read");
	}
	for (struct ares_addr_port_node *s = list; s != NULL; s = s->next)
		n++;
	r->server = pool_alloc(r->pool, (n + 1) * sizeof *r->server);
	for (struct ares_addr_port_node *s = list; s != NULL; s = s->next)
		r->server[r->n++] = system_server(r->pool, s);
	ares_free_data(list);
	ares_destroy(c);
	if (n == 0)
		return err_set(e, ERR_OTHER, "the system has no name server");
	return true;
}

struct resolve *
resolve_open(const char *servers, struct err *e)
{
	struct resolve *r;
	bool ok;

	if (!open_library(e))
		return NULL;
	r = mem_alloc(sizeof *r);
	r->pool = pool_new();
	ok = servers != NULL && servers[0] != '\0'
	    ? take_servers(r, servers, e) : find_system_servers(r, e);
	if (ok)
		return r;
	resolve_close(r);
	return NULL;
}

void
resolve_close(struct resolve *r)
{
	if (r == NULL)
		return;
	pool_free(r->pool);
	mem_free(r);
	ares_library_cleanup();
}

const char *const *
resolve_servers(const struct resolve *r, size_t *n)
{
	if (n != NULL)
		*n = r->n;
	return r->server;
}

/* The end of one question: c-ares has a reply, or gave up. */
static void
on_reply(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct slot *s = arg;
	struct round *d = s->round;
	struct dns_answer *a = &d->a[s - d->slot];

	(void)timeouts;
	if (s->done)
		return;
	s->done = true;
	s->line->asked--;
	d->left--;
	if (bytes != NULL && len > 0)
		resolve_read_reply(d->pool, &d->q[s - d->slot], bytes,
		    (size_t)len, a);
	else if (status == ARES_EBADNAME || status == ARES_EBADQUERY
	    || status == ARES_EFORMERR || status == ARES_EBADRESP)
		*a = (struct dns_answer){ .found = DNS_GARBLED,
			.why = pool_strdup(d->pool, ares_strerror(status)) };
	else
		*a = (struct dns_answer){ .found = DNS_SILENT,
			.why = status == ARES_ECONNREFUSED
			? "nobody listens there" : "no answer" };
	a->ms = (long)(clock_now() - d->began);
}

static void
ask_one(struct round *d, size_t i)
{
	struct slot *s = &d->slot[i];
	struct line *l = s->line;

	l->asked++;
	if (l->broken || resolve_type(d->q[i].type) == 0) {
		on_reply(s, ARES_EBADQUERY, 0, NULL, 0);
		return;
	}
	ares_query(l->channel, d->q[i].name, 1,
	    resolve_type(d->q[i].type), on_reply, s);
}

/* Put as many questions on each line as it may carry. */
static void
ask_more(struct round *d)
{
	for (size_t k = 0; k < d->lines; k++) {
		struct line *l = &d->line[k];

		for (; l->next < d->n && l->asked < AT_ONCE; l->next++)
			if (d->slot[l->next].line == l)
				ask_one(d, l->next);
	}
}

static struct line *
find_line(struct round *d, const struct dns_question *q)
{
	struct line *l;

	for (size_t k = 0; k < d->lines; k++)
		if (text_same(d->line[k].server, q->server)
		    && d->line[k].recursive == q->recursive)
			return &d->line[k];
	l = &d->line[d->lines++];
	*l = (struct line){ .server = q->server, .recursive = q->recursive,
		.channel = open_channel(q->server, q->recursive) };
	l->broken = l->channel == NULL;
	return l;
}

/* Longest that c-ares, the deadline and we want to sleep. */
static int
sleep_ms(const struct round *d, clock_ms deadline)
{
	long ms = clock_left(deadline);

	if (ms > LOOK_MS)
		ms = LOOK_MS;
	for (size_t k = 0; k < d->lines; k++) {
		struct timeval most = { .tv_sec = 1 }, tv, *t;
		long want;

		if (d->line[k].broken || d->line[k].asked == 0)
			continue;
		t = ares_timeout(d->line[k].channel, &most, &tv);
		want = (long)t->tv_sec * 1000 + (long)t->tv_usec / 1000 + 1;
		if (want < ms)
			ms = want;
	}
	return (int)ms;
}

/* The sockets of one line, with what each waits for. */
static nfds_t
add_sockets(struct line *l, struct pollfd *fds)
{
	ares_socket_t s[ARES_GETSOCK_MAXNUM];
	unsigned bits;
	nfds_t n = 0;

	if (l->broken)
		return 0;
	/* c-ares's own macros shift a signed 1 into the sign. */
	bits = (unsigned)ares_getsock(l->channel, s, ARES_GETSOCK_MAXNUM);
	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short events = 0;

		if (bits >> i & 1)
			events |= POLLIN;
		if (bits >> (i + ARES_GETSOCK_MAXNUM) & 1)
			events |= POLLOUT;
		if (events != 0)
			fds[n++] = (struct pollfd){ s[i], events, 0 };
	}
	return n;
}

/* What came in on the sockets of one line. */
static void
serve_line(struct line *l, const struct pollfd *fds, nfds_t n)
{
	if (l->broken)
		return;
	for (nfds_t i = 0; i < n; i++) {
		short got = fds[i].revents;
		bool in = (got & (POLLIN | POLLHUP | POLLERR)) != 0;
		bool out = (got & POLLOUT) != 0;

		if (in || out)
			ares_process_fd(l->channel,
			    in ? fds[i].fd : ARES_SOCKET_BAD,
			    out ? fds[i].fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(l->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void
look(struct round *d, struct pollfd *fds, nfds_t *counts, clock_ms deadline)
{
	nfds_t n = 0;

	for (size_t k = 0; k < d->lines; k++) {
		counts[k] = add_sockets(&d->line[k], fds + n);
		n += counts[k];
	}
	(void)poll(fds, n, sleep_ms(d, deadline));
	n = 0;
	for (size_t k = 0; k < d->lines; k++) {
		serve_line(&d->line[k], fds + n, counts[k]);
		n += counts[k];
	}
}

/* Those who never answered. */
static void
name_silent(struct round *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->slot[i].done)
			continue;
		d->slot[i].done = true;
		d->a[i] = (struct dns_answer){ .found = DNS_SILENT,
			.why = "no answer",
			.ms = (long)(clock_now() - d->began) };
	}
}

void
resolve_ask(struct resolve *r, struct pool *pool,
    const struct dns_question *q, struct dns_answer *a, size_t n,
    clock_ms deadline)
{
	struct pool *work = pool_new();
	struct round d = { .pool = pool, .q = q, .a = a, .n = n, .left = n,
		.began = clock_now() };
	struct pollfd *fds;
	nfds_t *counts;

	(void)r;
	d.slot = pool_alloc(work, (n + 1) * sizeof *d.slot);
	d.line = pool_alloc(work, (n + 1) * sizeof *d.line);
	for (size_t i = 0; i < n; i++) {
		d.slot[i].round = &d;
		d.slot[i].line = find_line(&d, &q[i]);
	}
	fds = pool_alloc(work,
	    (d.lines * ARES_GETSOCK_MAXNUM + 1) * sizeof *fds);
	counts = pool_alloc(work, (d.lines + 1) * sizeof *counts);
	for (ask_more(&d); d.left > 0 && !clock_over(deadline); ask_more(&d))
		look(&d, fds, counts, deadline);
	name_silent(&d);
	for (size_t k = 0; k < d.lines; k++)
		if (!d.line[k].broken)
			ares_destroy(d.line[k].channel);
	pool_free(work);
}
