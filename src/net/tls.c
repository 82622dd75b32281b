/*
 * tls - see tls.h. Here: the conversations, many at once.
 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/tls_cert.h"
#include "net/tls_reply.h"

enum {
	AT_ONCE = 200,		/* connections; descriptors are few */
	REPLY_MAX = 256 * 1024 + 16 * 1024,
	REQUEST_MAX = 4096,
	PIECE = 16 * 1024,	/* one TLS record */
	LOOK_MS = 500,
	HTTPS = 443,
};

enum state { WAITING, CONNECTING, SHAKING, SENDING, READING, DONE };

struct talk {
	const struct tls_question *q;
	struct tls_facts *f;
	enum state state;
	short wants;		/* POLLIN or POLLOUT */
	int fd;
	SSL *ssl;
	struct buf request, reply;
	size_t sent;
	clock_ms began;
};

struct tls {
	SSL_CTX *ctx;
	struct roots *roots;
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

static void
finish(struct talk *k)
{
	k->f->ms = (long)(clock_now() - k->began);
	k->state = DONE;
	SSL_free(k->ssl);
	k->ssl = NULL;
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	buf_free(&k->request);
	buf_free(&k->reply);
}

static void
stop(struct talk *k, const char *why)
{
	k->f->why = why;
	finish(k);
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

static void
start(struct talk *k, struct pool *p)
{
	struct sockaddr_storage to = { 0 };
	socklen_t len = socket_address(k->q, &to);
	int one = 1;

	k->began = clock_now();
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
	k->wants = POLLOUT;
}

static void
begin_handshake(struct tls *t, struct talk *k, struct pool *p)
{
	int problem = 0;
	socklen_t len = sizeof problem;

	if (getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &problem, &len) != 0)
		problem = errno;
	if (problem != 0) {
		stop(k, pool_printf(p, "no connection: %s",
		    strerror(problem)));
		return;
	}
	k->f->stage = TLS_CONNECTED;
	k->ssl = SSL_new(t->ctx);
	if (k->ssl == NULL || SSL_set_fd(k->ssl, k->fd) != 1)
		abort();
	if (SSL_set_tlsext_host_name(k->ssl, k->q->host) != 1) {
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
		k->wants = POLLIN;
	else if (why == SSL_ERROR_WANT_WRITE)
		k->wants = POLLOUT;
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
write_request(struct talk *k)
{
	buf_printf(&k->request, "GET %s HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: transplant\r\nAccept: application/json, "
	    "text/html;q=0.9, */*;q=0.8\r\nConnection: close\r\n\r\n",
	    k->q->path, k->q->host);
}

static void
shake(struct tls *t, struct talk *k, struct pool *p)
{
	int rc = SSL_do_handshake(k->ssl);

	if (rc != 1) {
		if (!must_wait(k, rc))
			stop(k, openssl_words(p, "no TLS"));
		return;
	}
	k->f->stage = TLS_SHAKEN;
	tls_read_cert(t->roots, p, k->ssl, k->q->host, k->f);
	if (k->q->path == NULL) {
		(void)SSL_shutdown(k->ssl);
		finish(k);
		return;
	}
	write_request(k);
	k->state = SENDING;
}

static void
send_some(struct talk *k, struct pool *p)
{
	int rc = SSL_write(k->ssl, k->request.data + k->sent,
	    (int)(k->request.len - k->sent));

	if (rc > 0)
		k->sent += (size_t)rc;
	else if (!must_wait(k, rc))
		stop(k, openssl_words(p, "the request can't be sent"));
	if (k->state == SENDING && k->sent == k->request.len)
		k->state = READING;
}

/* The other side has ended, or said that all is there. */
static void
read_reply(struct talk *k, struct pool *p, bool ended)
{
	if (reply_read(&k->reply, ended, p, k->f)) {
		k->f->stage = TLS_ANSWERED;
		finish(k);
	} else if (ended) {
		stop(k, k->reply.len == 0 ? "an empty reply"
		    : "a reply that is cut off or not HTTP");
	} else if (k->reply.full) {
		stop(k, "a reply of more than 256 KiB");
	}
}

static void
read_some(struct talk *k, struct pool *p)
{
	char piece[PIECE];
	int rc = SSL_read(k->ssl, piece, sizeof piece);

	if (rc > 0) {
		buf_add(&k->reply, piece, (size_t)rc);
		read_reply(k, p, false);
	} else if (!must_wait(k, rc)) {
		ERR_clear_error();
		read_reply(k, p, true);
	}
}

/* As far as it goes without waiting. */
static void
advance(struct tls *t, struct talk *k, struct pool *p)
{
	enum state before;
	size_t len, sent;

	do {
		before = k->state;
		len = k->reply.len;
		sent = k->sent;
		ERR_clear_error();
		if (k->state == CONNECTING)
			begin_handshake(t, k, p);
		else if (k->state == SHAKING)
			shake(t, k, p);
		else if (k->state == SENDING)
			send_some(k, p);
		else if (k->state == READING)
			read_some(k, p);
	} while (k->state != DONE && (k->state != before
	    || k->reply.len != len || k->sent != sent));
}

/* Begin new ones as long as there is room. The number not done. */
static size_t
start_some(struct talk *v, size_t n, struct pool *p)
{
	size_t running = 0, left = 0;

	for (size_t i = 0; i < n; i++)
		running += v[i].state != WAITING && v[i].state != DONE;
	for (size_t i = 0; i < n; i++) {
		if (v[i].state == WAITING && running < AT_ONCE) {
			start(&v[i], p);
			running += v[i].state != DONE;
		}
		left += v[i].state != DONE;
	}
	return left;
}

static void
look(struct tls *t, struct talk *v, size_t n, struct pollfd *fds,
    struct talk **who, struct pool *p, clock_ms deadline)
{
	long ms = clock_left(deadline);
	nfds_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].state != WAITING && v[i].state != DONE) {
			who[k] = &v[i];
			fds[k++] = (struct pollfd){ v[i].fd, v[i].wants, 0 };
		}
	if (poll(fds, k, (int)(ms < LOOK_MS ? ms : LOOK_MS)) <= 0)
		return;
	for (nfds_t i = 0; i < k; i++)
		if (fds[i].revents != 0)
			advance(t, who[i], p);
}

static const char *
late_words(enum state s)
{
	return s == WAITING ? "not asked before the deadline"
	    : s == CONNECTING ? "no connection before the deadline"
	    : s == SHAKING ? "no TLS before the deadline"
	    : "no whole reply before the deadline";
}

void
tls_ask(struct tls *t, struct pool *p, const struct tls_question *q,
    struct tls_facts *f, size_t n, clock_ms deadline)
{
	struct pool *work = pool_new();
	struct talk *v = pool_alloc(work, (n + 1) * sizeof *v);
	struct talk **who = pool_alloc(work, (n + 1) * sizeof(void *));
	struct pollfd *fds = pool_alloc(work, (n + 1) * sizeof *fds);

	for (size_t i = 0; i < n; i++) {
		f[i] = (struct tls_facts){ .why = "", .protocol = "",
			.distrust = "", .subject = "", .issuer = "",
			.names = "", .type = "", .location = "",
			.body = "" };
		v[i] = (struct talk){ .q = &q[i], .f = &f[i], .fd = -1,
			.request = buf_new(REQUEST_MAX),
			.reply = buf_new(REPLY_MAX) };
	}
	while (start_some(v, n, p) > 0 && !clock_over(deadline))
		look(t, v, n, fds, who, p, deadline);
	for (size_t i = 0; i < n; i++)
		if (v[i].state != DONE)
			stop(&v[i], late_words(v[i].state));
	pool_free(work);
}
