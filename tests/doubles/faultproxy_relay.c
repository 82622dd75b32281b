/*
 * faultproxy_relay - one connection from its beginning to its end.
 */
#include "faultproxy_relay.h"

#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "faultproxy_http.h"
#include "faultproxy_rules.h"

/* What is to become of the client's connection. */
enum next { GO_ON, CLOSE, RESET };

/* A client and the connection to the server on its behalf. */
struct pair {
	const struct proxy *proxy;
	struct io *client, *server;
};

static void
wait_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
	    .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Keep the connection without a word until the client has enough. */
static void
hang(struct io *client)
{
	char buf[256];

	while (io_read(client, buf, sizeof(buf)) > 0)
		;
}

static bool
to_bytes(void *arg, const char *p, size_t n)
{
	return bytes_add(arg, p, n);
}

static bool
to_nowhere(void *arg, const char *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
	return true;
}

static void
say(struct io *client, int status, long retry_after, const char *type,
    const char *body)
{
	char head[512], retry[64] = "";
	const char *reason = status == 429 ? "Too Many Requests"
	    : status == 500 ? "Internal Server Error"
	    : status == 503 ? "Service Unavailable" : "Status";
	int n;

	if (retry_after >= 0)
		(void)snprintf(retry, sizeof(retry), "Retry-After: %ld\r\n",
		    retry_after);
	n = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\n"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status,
	    reason, type, strlen(body), retry);
	if (n > 0)
		(void)(io_write(client, head, (size_t)n)
		    && io_write(client, body, strlen(body)));
}

/* What takes the place of a reply; what then becomes of the client. */
static enum next
replace_reply(struct io *client, const struct rule *r)
{
	/* A NUL, bytes that are no UTF-8, no line end. */
	static const char garbage[] =
	    "\x16\x03\x00\xff\xfe{\"half\": \x80\x81\xc3(\x00\x01HTTP";

	switch (r->fault) {
	case FAULT_STATUS:
		say(client, r->status != 0 ? r->status : 503,
		    r->retry_after, "application/json",
		    "{\"message\": \"a fault that a test asked for\"}\n");
		return GO_ON;
	case FAULT_HTML:
		say(client, r->status != 0 ? r->status : 502,
		    r->retry_after, "text/html",
		    "<html>\r\n<head><title>502 Bad Gateway</title></head>"
		    "\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>"
		    "\r\n<hr><center>nginx</center>\r\n</body>\r\n"
		    "</html>\r\n");
		return GO_ON;
	case FAULT_GARBAGE:
		(void)io_write(client, garbage, sizeof(garbage));
		return CLOSE;
	case FAULT_HANG:
		hang(client);
		return CLOSE;
	default:
		return RESET;
	}
}

static bool
replaces_reply(enum fault f)
{
	return f == FAULT_STATUS || f == FAULT_HTML || f == FAULT_GARBAGE
	    || f == FAULT_HANG;
}

static int
replaced_status(const struct rule *r)
{
	if (r->fault == FAULT_STATUS)
		return r->status != 0 ? r->status : 503;
	return r->fault == FAULT_HTML ? r->status != 0 ? r->status : 502 : 0;
}

static bool
connect_server(struct pair *p, const struct head *request)
{
	char host[256];
	const char *name = p->proxy->name;

	if (p->server != NULL)
		return true;
	if (name == NULL)
		name = io_name(p->client);
	if (name == NULL && head_host(request, host, sizeof(host))
	    && strspn(host, "0123456789.") != strlen(host))
		name = host;
	p->server = io_connect(&p->proxy->upstream, &p->proxy->tls, name);
	return p->server != NULL;
}

static void
drop_server(struct pair *p)
{
	io_close(p->server);
	p->server = NULL;
}

/*
 * A connection that was kept may have been closed by the server meanwhile;
 * that shows as something to read where nothing was asked.
 */
static void
drop_stale(struct pair *p)
{
	struct pollfd fd = { .events = POLLIN };

	if (p->server == NULL)
		return;
	fd.fd = p->server->fd;
	if (io_pending(p->server) || poll(&fd, 1, 0) != 0)
		drop_server(p);
}

/*
 * Send the request and read the head of the reply. Never twice: nobody
 * could tell then what reached the server.
 */
static bool
exchange(struct pair *p, const struct head *request,
    const struct bytes *body, struct head *reply)
{
	drop_stale(p);
	return connect_server(p, request)
	    && io_write(p->server, request->text.p, request->text.n)
	    && io_write(p->server, body->p, body->n)
	    && head_read_reply(p->server, reply);
}

/* Bytes that the client still gets before it is cut off; -1: all. */
struct outlet {
	struct io *client;
	long left;
};

static bool
to_client(void *arg, const char *p, size_t n)
{
	struct outlet *o = arg;
	size_t part = o->left >= 0 && (size_t)o->left < n
	    ? (size_t)o->left : n;

	if (!io_write(o->client, p, part))
		return false;
	if (o->left >= 0)
		o->left -= (long)part;
	return part == n;
}

/* Wait for bytes from either; which of them (0 or 1), or -1: neither. */
static int
wait_either(struct io *const v[2])
{
	struct pollfd fds[2] = {
		{ .fd = v[0]->fd, .events = POLLIN },
		{ .fd = v[1]->fd, .events = POLLIN },
	};

	if (io_pending(v[0]))
		return 0;
	if (io_pending(v[1]))
		return 1;
	if (poll(fds, 2, IO_SECONDS * 1000) <= 0)
		return -1;
	return fds[0].revents != 0 ? 0 : 1;
}

/* Pass bytes both ways until either side ends. */
static void
tunnel(struct io *a, struct io *b)
{
	struct io *const v[2] = { a, b };
	char buf[IO_CHUNK];

	for (;;) {
		int from = wait_either(v);
		size_t n = from >= 0 ? io_read(v[from], buf, sizeof(buf)) : 0;

		if (n == 0 || !io_write(v[1 - from], buf, n))
			return;
	}
}

/* Pass the reply on, as far as the rule lets it. */
static enum next
pass_reply(struct pair *p, const struct head *request,
    const struct head *reply, const struct rule *r)
{
	struct outlet out = { .client = p->client, .left = -1 };
	size_t n;
	enum framing f = head_reply_framing(reply, request->method, &n);

	if (r->fault == FAULT_RESET_AFTER || replaces_reply(r->fault)) {
		/* The server is to have had its say. */
		(void)body_pass(p->server, f, n, to_nowhere, NULL);
		return replace_reply(p->client, r);
	}
	if (r->fault == FAULT_DELAY)
		wait_ms(r->ms);
	if (r->fault == FAULT_CUT_HEAD)
		out.left = r->bytes;
	if (!to_client(&out, reply->text.p, reply->text.n))
		return CLOSE;
	if (r->fault == FAULT_CUT)
		out.left = r->bytes;
	if (reply->status == 101) {
		tunnel(p->client, p->server);
		return CLOSE;
	}
	if (!body_pass(p->server, f, n, to_client, &out))
		return CLOSE;
	return f == BODY_TO_END ? CLOSE : GO_ON;
}

/* Replies that only announce the real one are passed on. */
static bool
skip_interim(struct pair *p, struct head *reply)
{
	while (reply->status >= 100 && reply->status < 200
	    && reply->status != 101) {
		bool ok = io_write(p->client, reply->text.p, reply->text.n);

		head_free(reply);
		if (!ok || !head_read_reply(p->server, reply))
			return false;
	}
	return true;
}

static enum next
forward(struct pair *p, struct head *request, const struct bytes *body,
    const struct rule *r, long number)
{
	struct head reply = { 0 };
	enum next next;
	bool last;

	if (!exchange(p, request, body, &reply)
	    || !skip_interim(p, &reply)) {
		rules_outcome(number, 0, "no reply from upstream");
		head_free(&reply);
		return RESET;
	}
	rules_outcome(number, reply.status, NULL);
	next = pass_reply(p, request, &reply, r);
	last = head_has(&reply, "Connection", "close");
	head_free(&reply);
	if (last || next != GO_ON)
		drop_server(p);
	return next == GO_ON && last && !replaces_reply(r->fault) ? CLOSE
	    : next;
}

/* Take the body in; a client that asks first whether to send it may. */
static bool
take_body(struct io *client, struct head *request, struct bytes *body)
{
	static const char yes[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t n;
	enum framing f = head_request_framing(request, &n);

	if (head_has(request, "Expect", "100-continue")) {
		head_drop(request, "Expect");
		if (!io_write(client, yes, sizeof(yes) - 1))
			return false;
	}
	return body_pass(client, f, n, to_bytes, body);
}

static enum next
one_request(struct pair *p)
{
	struct head request;
	struct bytes body = { 0 };
	struct rule r;
	enum next next;
	long number;
	bool early;

	if (!head_read_request(p->client, &request))
		return CLOSE;
	if (!take_body(p->client, &request, &body)) {
		head_free(&request);
		bytes_free(&body);
		return CLOSE;
	}
	number = rules_request(request.method, request.path, &r);
	early = !r.processed && replaces_reply(r.fault);
	if (r.fault == FAULT_DELAY && !r.processed) {
		wait_ms(r.ms);
		r.fault = FAULT_NONE;
	}
	if (r.fault == FAULT_RESET_BEFORE)
		next = RESET;
	else if (early) {
		rules_outcome(number, replaced_status(&r), NULL);
		next = replace_reply(p->client, &r);
	} else
		next = forward(p, &request, &body, &r, number);
	if (next == GO_ON && head_has(&request, "Connection", "close"))
		next = CLOSE;
	head_free(&request);
	bytes_free(&body);
	return next;
}

void
relay_http(const struct proxy *proxy, struct io *client)
{
	struct pair p = { .proxy = proxy, .client = client };
	enum next next;

	do
		next = one_request(&p);
	while (next == GO_ON);
	drop_server(&p);
	if (next == RESET)
		io_reset(client);
	else
		io_close(client);
}

/* What of the first bytes can be read, for rules and log. */
static void
excerpt(const char *p, size_t n, char out[MATCH_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < n && len + 1 < MATCH_MAX; i++) {
		if (isprint((unsigned char)p[i]))
			out[len++] = p[i];
		else if (len > 0 && out[len - 1] != '.')
			out[len++] = '.';
	}
	out[len] = '\0';
}

/* A raw connection: whose turn it is, and the rule that is in force. */
struct turns {
	struct rule rule;
	long number;
	bool client_spoke;		/* the server has not yet answered */
	long left;			/* bytes of a reply before a cut */
};

static enum next
from_client(struct turns *t, struct io *client, struct io *server,
    const char *p, size_t n)
{
	char text[MATCH_MAX];

	if (!t->client_spoke) {
		excerpt(p, n, text);
		t->number = rules_request("TCP", text, &t->rule);
		t->left = t->rule.fault == FAULT_CUT
		    || t->rule.fault == FAULT_CUT_HEAD ? t->rule.bytes : -1;
	}
	t->client_spoke = true;
	if (t->rule.fault == FAULT_RESET_BEFORE)
		return RESET;
	if (!t->rule.processed && (t->rule.fault == FAULT_GARBAGE
	    || t->rule.fault == FAULT_HANG))
		return replace_reply(client, &t->rule);
	if (t->rule.fault == FAULT_DELAY && !t->rule.processed) {
		wait_ms(t->rule.ms);
		t->rule.fault = FAULT_NONE;
	}
	return io_write(server, p, n) ? GO_ON : CLOSE;
}

static enum next
from_server(struct turns *t, struct io *client, const char *p, size_t n)
{
	struct outlet out = { .client = client, .left = t->left };
	bool whole;

	t->client_spoke = false;
	if (t->rule.fault == FAULT_RESET_AFTER)
		return RESET;
	if (t->rule.fault == FAULT_GARBAGE || t->rule.fault == FAULT_HANG)
		return replace_reply(client, &t->rule);
	if (t->rule.fault == FAULT_DELAY) {
		wait_ms(t->rule.ms);
		t->rule.fault = FAULT_NONE;
	}
	whole = to_client(&out, p, n);
	t->left = out.left;
	return whole ? GO_ON : CLOSE;
}

void
relay_tcp(const struct proxy *proxy, struct io *client)
{
	struct io *server = io_connect(&proxy->upstream, &proxy->tls,
	    proxy->name != NULL ? proxy->name : io_name(client));
	struct io *const v[2] = { client, server };
	struct turns t = { .left = -1 };
	enum next next = server != NULL ? GO_ON : RESET;
	char buf[IO_CHUNK];

	while (next == GO_ON) {
		int from = wait_either(v);
		size_t n = from >= 0 ? io_read(v[from], buf, sizeof(buf)) : 0;

		if (n == 0)
			next = CLOSE;
		else if (from == 0)
			next = from_client(&t, client, server, buf, n);
		else
			next = from_server(&t, client, buf, n);
	}
	io_close(server);
	if (next == RESET)
		io_reset(client);
	else
		io_close(client);
}
