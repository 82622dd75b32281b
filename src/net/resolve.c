/*
 * resolve - see resolve.h. Here: channels, the loop, one round of questions.
 */
#include "net/resolve.h"

#include <arpa/inet.h>
#include <ares.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/loop.h"
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
	LOOK_MS = 50,		/* between two looks at the clock */
};

struct round;

/* One server as it is asked: c-ares keeps one channel for each. */
struct line {
	struct round *round;
	const char *server;
	bool recursive;
	ares_channel channel;
	bool broken;		/* no channel: the address makes no sense */
	size_t asked;		/* under way */
	size_t next, end;	/* those of round->order not asked yet */
};

struct resolve {
	struct pool *pool;
	const char **server;
	size_t n;
	struct loop *loop;	/* of the caller's, or NULL */
};

struct slot {
	struct round *round;
	struct line *line;
	clock_ms until;		/* 0: not asked yet */
	bool done;
};

/* One call of resolve_ask. */
struct round {
	struct loop *loop;
	struct pool *pool;
	const struct dns_question *q;
	struct dns_answer *a;
	struct slot *slot;
	size_t *order;		/* of the questions, server by server */
	size_t n, left;
	struct line *line;
	size_t lines;
	clock_ms began, deadline;
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

static void ask_more(struct line *);

/* c-ares has news of a socket, or has something to say there. */
static void
on_socket(void *arg, int fd, unsigned what)
{
	struct line *l = arg;

	ares_process_fd(l->channel, what & LOOP_IN ? fd : ARES_SOCKET_BAD,
	    what & LOOP_OUT ? fd : ARES_SOCKET_BAD);
	ask_more(l);
}

static void
on_socket_state(void *arg, ares_socket_t fd, int in, int out)
{
	struct line *l = arg;

	if (in || out)
		loop_watch(l->round->loop, fd, (in ? LOOP_IN : 0U)
		    | (out ? LOOP_OUT : 0U), on_socket, l);
	else
		loop_forget(l->round->loop, fd);
}

static ares_channel
open_channel(struct line *l)
{
	struct ares_options o = {
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH
		    | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
		.timeout = FIRST_TRY_MS, .tries = TRIES,
		.ednspsz = EDNS_BYTES, .lookups = (char[]){ "b" },
		.socket_receive_buffer_size = RECEIVE_BYTES,
		.sock_state_cb = on_socket_state, .sock_state_cb_data = l,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
	    | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_RCVBUF
	    | ARES_OPT_SOCK_STATE_CB;
	ares_channel c = NULL;

#ifdef ARES_OPT_QUERY_CACHE
	/* Newer ones keep answers unless told not to. */
	mask |= ARES_OPT_QUERY_CACHE;
#endif
	if (!l->recursive)
		o.flags |= ARES_FLAG_NORECURSE;
	if (ares_init_options(&c, &o, mask) != ARES_SUCCESS)
		return NULL;
	if (ares_set_servers_ports_csv(c, l->server) != ARES_SUCCESS) {
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

void
resolve_share(struct resolve *r, struct loop *l)
{
	r->loop = l;
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
	if (s->until != 0)
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
	const struct dns_question *q = &d->q[i];
	struct slot *s = &d->slot[i];
	struct line *l = s->line;

	l->asked++;
	s->until = q->ms > 0 ? clock_sooner(d->deadline, clock_now() + q->ms)
	    : d->deadline;
	if (l->broken || resolve_type(q->type) == 0)
		on_reply(s, ARES_EBADQUERY, 0, NULL, 0);
	else
		ares_query(l->channel, q->name, 1, resolve_type(q->type),
		    on_reply, s);
}

/* Put as many questions on a line as it may carry. */
static void
ask_more(struct line *l)
{
	while (l->next < l->end && l->asked < AT_ONCE)
		ask_one(l->round, l->round->order[l->next++]);
}

/* Server by server, and for each as the caller has them. */
static int
compare_questions(const void *a, const void *b, void *arg)
{
	const struct round *d = arg;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	int order = strcmp(d->q[i].server, d->q[k].server);

	if (order == 0)
		order = (int)d->q[i].recursive - (int)d->q[k].recursive;
	return order != 0 ? order : i < k ? -1 : 1;
}

static bool
same_line(const struct line *l, const struct dns_question *q)
{
	return l->recursive == q->recursive && text_same(l->server,
	    q->server);
}

static void
open_lines(struct round *d)
{
	for (size_t i = 0; i < d->n; i++)
		d->order[i] = i;
	qsort_r(d->order, d->n, sizeof *d->order, compare_questions, d);
	for (size_t i = 0; i < d->n; i++) {
		const struct dns_question *q = &d->q[d->order[i]];
		struct line *l = &d->line[d->lines];

		if (d->lines == 0 || !same_line(l - 1, q)) {
			*l = (struct line){ .round = d, .server = q->server,
				.recursive = q->recursive, .next = i };
			d->lines++;
			l++;
		}
		l[-1].end = i + 1;
		d->slot[d->order[i]] = (struct slot){ .round = d,
			.line = l - 1 };
	}
	for (size_t k = 0; k < d->lines; k++) {
		d->line[k].channel = open_channel(&d->line[k]);
		d->line[k].broken = d->line[k].channel == NULL;
	}
}

/* Of who never answered nothing is known. */
static void
give_up(struct slot *s)
{
	on_reply(s, ARES_ETIMEOUT, 0, NULL, 0);
}

/* Time has passed: c-ares asks again, and what is too late is over. */
static clock_ms
on_time(void *arg)
{
	struct round *d = arg;
	clock_ms now = clock_now();

	for (size_t i = 0; i < d->n; i++)
		if (d->slot[i].until != 0 && d->slot[i].until <= now)
			give_up(&d->slot[i]);
	for (size_t k = 0; k < d->lines; k++) {
		struct line *l = &d->line[k];

		if (!l->broken && l->asked > 0)
			ares_process_fd(l->channel, ARES_SOCKET_BAD,
			    ARES_SOCKET_BAD);
		ask_more(l);
	}
	return now + LOOK_MS;
}

static void
close_lines(struct round *d)
{
	for (size_t i = 0; i < d->n; i++)
		give_up(&d->slot[i]);
	for (size_t k = 0; k < d->lines; k++)
		if (!d->line[k].broken)
			ares_destroy(d->line[k].channel);
}

void
resolve_ask(struct resolve *r, struct pool *pool,
    const struct dns_question *q, struct dns_answer *a, size_t n,
    clock_ms deadline)
{
	struct loop *own = r == NULL || r->loop == NULL ? loop_open() : NULL;
	struct pool *work = pool_new();
	struct round d = { .loop = own != NULL ? own : r->loop, .pool = pool,
		.q = q, .a = a, .n = n, .left = n, .began = clock_now(),
		.deadline = deadline };

	d.slot = pool_alloc(work, (n + 1) * sizeof *d.slot);
	d.line = pool_alloc(work, (n + 1) * sizeof *d.line);
	d.order = pool_alloc(work, (n + 1) * sizeof *d.order);
	open_lines(&d);
	loop_join(d.loop, on_time, &d);
	while (d.left > 0 && !clock_over(deadline))
		loop_turn(d.loop, deadline);
	close_lines(&d);
	loop_leave(d.loop, &d);
	loop_close(own);
	pool_free(work);
}
