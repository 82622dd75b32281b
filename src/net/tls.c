/*
 * tls - see tls.h. Here: the conversations, many at once.
 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/loop.h"
#include "net/tls_cert.h"
#include "net/tls_reply.h"

enum {
	AT_ONCE = 200,		/* connections; descriptors are few */
	REPLY_MAX = 256 * 1024 + 16 * 1024,
	REQUEST_MAX = 4096,
	PIECE = 16 * 1024,	/* one TLS record */
	LOOK_MS = 50,		/* between two looks at the clock */
	NEAR = 32,		/* questions of one host stand together */
	HTTPS = 443,
};

enum state { WAITING, CONNECTING, SHAKING, SENDING, READING, DONE };

/* One connection, and the questions asked over it one after the other. */
struct talk {
	struct tls_round *round;
	size_t at, last;	/* question of now, and the last one */
	enum state state;
	int fd;
	SSL *ssl;
	struct buf request, reply;
	size_t sent;
	bool used;		/* an answer has come over it already */
	clock_ms began, until;	/* of the question of now */
};

struct tls_round {
	struct tls *tls;
	struct loop *loop, *own;
	struct pool *pool, *work;
	const struct tls_question *q;
	struct tls_facts *f;
	size_t *next;		/* question over the same connection, or n */
	size_t n;
	struct talk *talk;
	size_t talks, left, running, waiting;	/* waiting: the first */
	clock_ms deadline;
};

struct tls {
	SSL_CTX *ctx;
	struct roots *roots;
	struct loop *loop;	/* of the caller's, or NULL */
};

/* The chain is judged afterwards, by tls_cert; here everyone is let in. */
static int
accept_any(X509_STORE_CTX *c, void *arg)
{
	(void)c;
	(void)arg;
	return 1;
}

struct tls *
tls_open(const char *ca_file, struct err *e)
{
	struct tls *t = mem_alloc(sizeof *t);

	/* Tables that the kernel takes back sooner than it could itself. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		abort();
	t->roots = roots_open(ca_file, e);
	if (t->roots == NULL) {
		mem_free(t);
		return NULL;
	}
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (t->ctx == NULL)
		abort();
	SSL_CTX_set_cert_verify_callback(t->ctx, accept_any, NULL);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
	    | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return t;
}

void
tls_close(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	roots_close(t->roots);
	mem_free(t);
}

void
tls_share(struct tls *t, struct loop *l)
{
	t->loop = l;
}

static const struct tls_question *
question(const struct talk *k)
{
	return &k->round->q[k->at];
}

static struct tls_facts *
facts(const struct talk *k)
{
	return &k->round->f[k->at];
}

static void
hang_up(struct talk *k)
{
	SSL_free(k->ssl);
	k->ssl = NULL;
	if (k->fd >= 0) {
		loop_forget(k->round->loop, k->fd);
		close(k->fd);
	}
	k->fd = -1;
	k->used = false;
	buf_free(&k->request);
	buf_free(&k->reply);
}

/* The clock of the question of now. */
static void
begin_question(struct talk *k)
{
	const struct tls_question *q = question(k);

	k->began = clock_now();
	k->until = q->ms > 0 ? clock_sooner(k->round->deadline,
	    k->began + q->ms) : k->round->deadline;
	k->sent = 0;
	buf_clear(&k->request);
	buf_clear(&k->reply);
}

static long
since(const struct talk *k)
{
	return (long)(clock_now() - k->began);
}

/* The question of now is over. Is there another? */
static bool
go_on(struct talk *k)
{
	struct tls_round *r = k->round;

	facts(k)->ms = since(k);
	if (k->at == k->last)
		return false;
	k->at = r->next[k->at];
	return true;
}

static void
finish(struct talk *k)
{
	k->state = DONE;
	k->round->left--;
	k->round->running--;
	hang_up(k);
}

static void start(struct talk *);

/* The connection is of no more use; what else was to be asked over it gets a
 * new one. */
static void
end_connection(struct talk *k)
{
	bool more = go_on(k);

	hang_up(k);
	if (more)
		start(k);
	else
		finish(k);
}

static void
stop(struct talk *k, const char *why)
{
	facts(k)->why = why;
	end_connection(k);
}

/* An answer came before over this connection, and now it ended: a server may
 * do so at any time. */
static void
stop_or_renew(struct talk *k, const char *why)
{
	if (!k->used || k->reply.len > 0) {
		stop(k, why);
		return;
	}
	hang_up(k);
	start(k);
}

static socklen_t
socket_address(const struct tls_question *q, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	int port = q->port != 0 ? q->port : HTTPS;

	if (inet_pton(AF_INET, q->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((unsigned short)port);
		return sizeof *v4;
	}
	if (inet_pton(AF_INET6, q->address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((unsigned short)port);
		return sizeof *v6;
	}
	return 0;
}

static void advance(struct talk *);

static void
on_socket(void *arg, int fd, unsigned what)
{
	(void)fd;
	(void)what;
	advance(arg);
}

static void
want(struct talk *k, unsigned what)
{
	loop_watch(k->round->loop, k->fd, what, on_socket, k);
}

static void
start(struct talk *k)
{
	struct sockaddr_storage to = { 0 };
	socklen_t len = socket_address(question(k), &to);
	struct pool *p = k->round->pool;
	int one = 1;

	begin_question(k);
	if (len == 0) {
		stop(k, "not an IP address");
		return;
	}
	k->fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK
	    | SOCK_CLOEXEC, 0);
	if (k->fd < 0) {
		stop(k, pool_printf(p, "no socket: %s", strerror(errno)));
		return;
	}
	(void)setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(k->fd, (const struct sockaddr *)&to, len) != 0
	    && errno != EINPROGRESS) {
		stop(k, pool_printf(p, "no connection: %s", strerror(errno)));
		return;
	}
	k->state = CONNECTING;
	want(k, LOOP_OUT);
}

static void
begin_handshake(struct talk *k)
{
	struct pool *p = k->round->pool;
	int problem = 0;
	socklen_t len = sizeof problem;

	if (getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &problem, &len) != 0)
		problem = errno;
	if (problem != 0) {
		stop(k, pool_printf(p, "no connection: %s",
		    strerror(problem)));
		return;
	}
	facts(k)->stage = TLS_CONNECTED;
	facts(k)->connected_ms = since(k);
	k->ssl = SSL_new(k->round->tls->ctx);
	if (k->ssl == NULL || SSL_set_fd(k->ssl, k->fd) != 1)
		abort();
	if (SSL_set_tlsext_host_name(k->ssl, question(k)->host) != 1) {
		stop(k, "the name can't be sent");
		return;
	}
	SSL_set_connect_state(k->ssl);
	k->state = SHAKING;
}

/* Must the call be made again once the socket is ready? */
static bool
must_wait(struct talk *k, int rc)
{
	int why = SSL_get_error(k->ssl, rc);

	if (why == SSL_ERROR_WANT_READ)
		want(k, LOOP_IN);
	else if (why == SSL_ERROR_WANT_WRITE)
		want(k, LOOP_OUT);
	else
		return false;
	return true;
}

static const char *
openssl_words(struct pool *p, const char *stage)
{
	unsigned long code = ERR_peek_error();
	const char *why = ERR_reason_error_string(code);

	why = pool_printf(p, "%s: %s", stage, why != NULL ? why
	    : "the server ended the connection");
	ERR_clear_error();
	return why;
}

static void
begin_request(struct talk *k)
{
	const struct tls_question *q = question(k);

	buf_printf(&k->request, "GET %s HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: transplant\r\nAccept: application/json, "
	    "text/html;q=0.9, */*;q=0.8\r\n%s\r\n", q->path, q->host,
	    k->at == k->last ? "Connection: close\r\n" : "");
	k->state = SENDING;
}

/* The next question, over the connection as it stands: what the handshake
 * showed is true of it too. */
static void
ask_next(struct talk *k)
{
	const struct tls_facts *before = facts(k);

	if (!go_on(k)) {
		(void)SSL_shutdown(k->ssl);
		finish(k);
		return;
	}
	*facts(k) = *before;
	facts(k)->stage = TLS_SHAKEN;
	facts(k)->connected_ms = facts(k)->shaken_ms = 0;
	tls_clear_reply(facts(k));
	begin_question(k);
	if (question(k)->path != NULL)
		begin_request(k);
	else
		ask_next(k);
}

static void
shake(struct talk *k)
{
	struct pool *p = k->round->pool;
	int rc = SSL_do_handshake(k->ssl);

	if (rc != 1) {
		if (!must_wait(k, rc))
			stop(k, openssl_words(p, "no TLS"));
		return;
	}
	facts(k)->stage = TLS_SHAKEN;
	facts(k)->shaken_ms = since(k);
	tls_read_cert(k->round->tls->roots, p, k->ssl, question(k)->host,
	    facts(k));
	if (question(k)->path != NULL)
		begin_request(k);
	else
		ask_next(k);
}

static void
send_some(struct talk *k)
{
	int rc = SSL_write(k->ssl, k->request.data + k->sent,
	    (int)(k->request.len - k->sent));

	if (rc > 0)
		k->sent += (size_t)rc;
	else if (!must_wait(k, rc))
		stop_or_renew(k, openssl_words(k->round->pool,
		    "the request can't be sent"));
	if (k->state == SENDING && k->sent == k->request.len)
		k->state = READING;
}

/* ended: the other side will say no more. */
static void
read_reply(struct talk *k, bool ended)
{
	bool open = false;

	if (reply_read(&k->reply, ended, k->round->pool, facts(k), &open)) {
		facts(k)->stage = TLS_ANSWERED;
		k->used = true;
		if (open)
			ask_next(k);
		else
			end_connection(k);
	} else if (ended) {
		stop_or_renew(k, k->reply.len == 0 ? "an empty reply"
		    : "a reply that is cut off or not HTTP");
	} else if (k->reply.full) {
		stop(k, "a reply of more than 256 KiB");
	}
}

static void
read_some(struct talk *k)
{
	char piece[PIECE];
	int rc = SSL_read(k->ssl, piece, sizeof piece);

	if (rc > 0) {
		if (k->reply.len == 0)
			facts(k)->first_ms = since(k);
		buf_add(&k->reply, piece, (size_t)rc);
		read_reply(k, false);
	} else if (!must_wait(k, rc)) {
		ERR_clear_error();
		read_reply(k, true);
	}
}

static void start_some(struct tls_round *);

/* As far as it goes without waiting. */
static void
advance(struct talk *k)
{
	enum state before;
	size_t len, sent, at;

	do {
		before = k->state;
		at = k->at;
		len = k->reply.len;
		sent = k->sent;
		ERR_clear_error();
		if (k->state == CONNECTING)
			begin_handshake(k);
		else if (k->state == SHAKING)
			shake(k);
		else if (k->state == SENDING)
			send_some(k);
		else if (k->state == READING)
			read_some(k);
	} while (k->state != DONE && k->state != CONNECTING
	    && (k->state != before || k->at != at || k->reply.len != len
	    || k->sent != sent));
	if (k->state == DONE)
		start_some(k->round);
}

/* Begin new ones as long as there is room. */
static void
start_some(struct tls_round *r)
{
	while (r->waiting < r->talks && r->running < AT_ONCE) {
		r->running++;
		start(&r->talk[r->waiting++]);
	}
}

static const char *
late_words(enum state s)
{
	return s == WAITING ? "not asked before the deadline"
	    : s == CONNECTING ? "no connection before the deadline"
	    : s == SHAKING ? "no TLS before the deadline"
	    : "no whole reply before the deadline";
}

static clock_ms
on_time(void *arg)
{
	struct tls_round *r = arg;
	clock_ms now = clock_now();

	for (size_t i = 0; i < r->waiting; i++)
		if (r->talk[i].state != DONE && r->talk[i].until <= now
		    && r->deadline > now)
			stop(&r->talk[i], late_words(r->talk[i].state));
	start_some(r);
	return now + LOOK_MS;
}

static bool
same_place(const struct tls_question *a, const struct tls_question *b)
{
	return a->port == b->port && text_same(a->host, b->host)
	    && text_same(a->address, b->address);
}

/* Put each question on the connection of one before it, or on its own. */
static void
arrange(struct tls_round *r)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t k = r->talks, least = k > NEAR ? k - NEAR : 0;

		while (k > least && !same_place(&r->q[i],
		    &r->q[r->talk[k - 1].at]))
			k--;
		if (k > least) {
			r->next[r->talk[k - 1].last] = i;
			r->talk[k - 1].last = i;
			continue;
		}
		r->talk[r->talks++] = (struct talk){ .round = r, .at = i,
			.last = i, .fd = -1, .request = buf_new(REQUEST_MAX),
			.reply = buf_new(REPLY_MAX) };
	}
	r->left = r->talks;
}

struct tls_round *
tls_begin(struct tls *t, struct pool *p, const struct tls_question *q,
    struct tls_facts *f, size_t n, clock_ms deadline)
{
	struct pool *work = pool_new();
	struct tls_round *r = pool_alloc(work, sizeof *r);

	*r = (struct tls_round){ .tls = t, .pool = p, .work = work, .q = q,
		.f = f, .n = n, .deadline = deadline,
		.own = t->loop == NULL ? loop_open() : NULL };
	r->loop = r->own != NULL ? r->own : t->loop;
	r->talk = pool_alloc(work, (n + 1) * sizeof *r->talk);
	r->next = pool_alloc(work, (n + 1) * sizeof *r->next);
	for (size_t i = 0; i < n; i++) {
		f[i] = (struct tls_facts){ .why = "" };
		tls_clear_cert(&f[i]);
		tls_clear_reply(&f[i]);
	}
	arrange(r);
	loop_join(r->loop, on_time, r);
	start_some(r);
	return r;
}

/* What is late is over, and all behind it that was not asked. */
static void
give_up(struct talk *k)
{
	const char *why = late_words(k->state);

	do
		facts(k)->why = why;
	while (go_on(k) && (why = late_words(WAITING)));
	hang_up(k);
}

void
tls_end(struct tls_round *r)
{
	while (r->left > 0 && !clock_over(r->deadline))
		loop_turn(r->loop, r->deadline);
	for (size_t i = 0; i < r->talks; i++)
		if (r->talk[i].state != DONE)
			give_up(&r->talk[i]);
	loop_leave(r->loop, r);
	loop_close(r->own);
	pool_free(r->work);
}

void
tls_ask(struct tls *t, struct pool *p, const struct tls_question *q,
    struct tls_facts *f, size_t n, clock_ms deadline)
{
	tls_end(tls_begin(t, p, q, f, n, deadline));
}
