/*
 * http_socket - WebSocket's handshake and frames over a connection of curl's.
 */
#include "net/http_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <curl/curl.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "net/http_own.h"

enum {
	HEAD_MAX = 64 * 1024,		/* of the answer to the handshake */
	BODY_MAX = 256 * 1024,		/* of a refusal */
	CONTROL_MAX = 125,		/* payload of a ping, by the RFC */
	CHUNK = 16 * 1024,		/* one TLS record */
	FRAME_HEAD_MAX = 14,
};

enum opcode {
	CONTINUED = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10
};

struct http_socket {
	struct http *http;
	struct buf in;		/* read, and not yet used */
	bool lost;		/* the other side has hung up */
};

/* ---- bytes ---- */

static bool
await(struct http_socket *s, short events, clock_ms deadline, struct err *e)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct pollfd p = { .events = events };
	long left = clock_left(deadline);
	int n;

	curl_easy_getinfo(s->http->easy, CURLINFO_ACTIVESOCKET, &fd);
	p.fd = fd;
	n = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
	if (n > 0 || (n < 0 && errno == EINTR))
		return true;
	return err_set(e, ERR_TIMEOUT, "no answer in time");
}

static bool
send_bytes(struct http_socket *s, const void *data, size_t n,
    clock_ms deadline, struct err *e)
{
	const char *at = data;
	size_t sent;

	while (n > 0) {
		CURLcode code = curl_easy_send(s->http->easy, at, n, &sent);

		if (code == CURLE_OK) {
			at += sent;
			n -= sent;
		} else if (code != CURLE_AGAIN) {
			return err_set(e, ERR_NETWORK, "the connection broke"
			    " while sending: %s", curl_easy_strerror(code));
		} else if (!await(s, POLLOUT, deadline, e)) {
			return false;
		}
	}
	return true;
}

/* Read what there is, at least a byte; at the end s->lost is set. */
static bool
read_more(struct http_socket *s, clock_ms deadline, struct err *e)
{
	char chunk[CHUNK];
	CURLcode code = CURLE_AGAIN;
	size_t n = 0;

	while (!s->lost && code == CURLE_AGAIN) {
		code = curl_easy_recv(s->http->easy, chunk, sizeof(chunk), &n);
		s->lost = code != CURLE_AGAIN && (code != CURLE_OK || n == 0);
		if (code == CURLE_AGAIN && !await(s, POLLIN, deadline, e))
			return false;
	}
	if (!s->lost && !buf_add(&s->in, chunk, n))
		return err_set(e, ERR_OTHER, "the answer is larger than %zu"
		    " bytes", s->in.limit);
	return true;
}

/* So many bytes of s->in have been used. */
static void
use(struct http_socket *s, size_t n)
{
	memmove(s->in.data, s->in.data + n, s->in.len - n);
	s->in.len -= n;
}

/* ---- the handshake ---- */

/* "https://host:6443/a?b": the host, and "/a?b". */
static const char *
split_url(const char *url, struct buf *host)
{
	const char *from = strstr(url, "://") + 3;
	size_t n = strcspn(from, "/?#");

	buf_add(host, from, n);
	return from[n] == '/' ? from + n : "/";
}

static bool
send_handshake(struct http_socket *s, const struct http_request *rq,
    const char *protocols, struct err *e)
{
	struct buf text = buf_new(HEAD_MAX), host = buf_new(512);
	struct buf key = buf_new(64);
	const char *path = split_url(rq->url, &host);
	unsigned char dice[16];
	bool ok;

	if (getrandom(dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		abort();
	text_base64(&key, dice, sizeof(dice));
	buf_printf(&text, "GET %s HTTP/1.1\r\nHost: %s\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
	    "Sec-WebSocket-Protocol: %s\r\n", path, buf_str(&host),
	    buf_str(&key), protocols);
	if (rq->authorization != NULL)
		buf_printf(&text, "Authorization: %s\r\n",
		    rq->authorization);
	buf_puts(&text, "\r\n");
	ok = buf_check(&text, "the request", e)
	    && send_bytes(s, text.data, text.len, rq->deadline, e);
	mem_wipe(text.data, text.len);
	buf_free(&text);
	buf_free(&host);
	buf_free(&key);
	return ok;
}

/* A header's value within a head of lines that end in \r\n; in the pool. */
static const char *
header_in(struct pool *p, const char *head, const char *name)
{
	size_t n = strlen(name);

	while ((head = strstr(head, "\r\n")) != NULL) {
		head += 2;
		if (strncasecmp(head, name, n) != 0 || head[n] != ':')
			continue;
		head += n + 1;
		head += strspn(head, " \t");
		return pool_strndup(p, head, strcspn(head, "\r\n"));
	}
	return "";
}

/* The rest of a refusal: as long as it says, or to the end. */
static bool
read_body(struct http_socket *s, struct pool *p, const char *head,
    clock_ms deadline, struct http_reply *r, struct err *e)
{
	const char *given = header_in(p, head, "Content-Length");
	struct err unseen;
	long most = BODY_MAX;

	if (*given != '\0' && !text_number(given, 0, BODY_MAX, &most,
	    &unseen))
		most = BODY_MAX;
	while (!s->lost && s->in.len < (size_t)most)
		if (!read_more(s, deadline, e))
			return false;
	r->body_len = s->in.len < (size_t)most ? s->in.len : (size_t)most;
	r->body = pool_strndup(p, buf_str(&s->in), r->body_len);
	return true;
}

/* "HTTP/1.1 101 Switching Protocols" and what follows. */
static bool
read_answer(struct http_socket *s, struct pool *p, clock_ms deadline,
    struct http_reply *r, struct err *e)
{
	const char *end = NULL, *head;

	while (end == NULL && !s->lost) {
		if (!read_more(s, deadline, e))
			return false;
		end = strstr(buf_str(&s->in), "\r\n\r\n");
	}
	if (end == NULL || !text_starts(s->in.data, "HTTP/1.")
	    || s->in.len < 12)
		return err_set(e, ERR_NETWORK, "the answer is not HTTP");
	head = pool_strndup(p, s->in.data, (size_t)(end + 2 - s->in.data));
	use(s, (size_t)(end + 4 - s->in.data));
	r->status = strtol(head + 9, NULL, 10);
	r->type = header_in(p, head, "Content-Type");
	if (r->status != 101)
		return read_body(s, p, head, deadline, r, e);
	if (*header_in(p, head, "Sec-WebSocket-Protocol") == '\0')
		return err_set(e, ERR_OTHER, "it speaks none of the protocols"
		    " that were asked for");
	return true;
}

bool
http_socket_open(struct http *like, struct pool *p,
    const struct http_request *rq, const char *protocols,
    struct http_reply *r, struct http_socket **out, struct err *e)
{
	struct http_socket *s = mem_alloc(sizeof(*s));
	struct http_request connect = *rq;
	bool ok;

	*out = NULL;
	connect.connect_only = true;
	s->in = buf_new(HEAD_MAX + BODY_MAX);
	s->http = http_open(like->ca_folder != NULL ? NULL : like->ca_file,
	    like->dns_servers, e);
	ok = s->http != NULL && http_send(s->http, p, &connect, r, e)
	    && send_handshake(s, rq, protocols, e)
	    && read_answer(s, p, rq->deadline, r, e);
	if (ok && r->status == 101)
		*out = s;
	else
		http_socket_close(s);
	return ok;
}

void
http_socket_close(struct http_socket *s)
{
	if (s == NULL)
		return;
	http_close(s->http);
	buf_free(&s->in);
	mem_free(s);
}

/* ---- frames ---- */

struct frame {
	bool last;
	enum opcode opcode;
	size_t head, payload;
};

static size_t
big_endian(const unsigned char *p, size_t n)
{
	size_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* How many bytes the frame's head has, as far as its first two tell. */
static size_t
head_size(const unsigned char *p)
{
	return (p[1] & 0x7f) == 127 ? 10 : (p[1] & 0x7f) == 126 ? 4 : 2;
}

/* A frame whose head is whole. A server's frames carry no mask. */
static bool
read_head(const struct http_socket *s, struct frame *f, struct err *e)
{
	const unsigned char *p = (const unsigned char *)s->in.data;

	f->last = (p[0] & 0x80) != 0;
	f->opcode = p[0] & 0x0f;
	f->head = head_size(p);
	f->payload = f->head == 2 ? p[1] : big_endian(p + 2, f->head - 2);
	if ((p[0] & 0x70) != 0 || (p[1] & 0x80) != 0
	    || (f->opcode >= CLOSE && f->payload > CONTROL_MAX)
	    || f->payload > s->in.limit - f->head)
		return err_set(e, ERR_OTHER, "what came is no frame of a"
		    " WebSocket");
	return true;
}

/* Wait for a whole frame. *ended: the connection was lost instead. */
static bool
await_frame(struct http_socket *s, struct frame *f, bool *ended,
    clock_ms deadline, struct err *e)
{
	const struct buf *in = &s->in;

	*ended = false;
	for (;;) {
		const unsigned char *p = (const unsigned char *)in->data;

		if (in->len >= 2 && in->len >= head_size(p)) {
			if (!read_head(s, f, e))
				return false;
			if (in->len >= f->head + f->payload)
				return true;
		}
		*ended = s->lost;
		if (s->lost)
			return true;
		if (!read_more(s, deadline, e))
			return false;
	}
}

/* The head of a frame with a mask, as all that clients send. */
static void
add_head(struct buf *out, enum opcode opcode, size_t n)
{
	size_t more = n < 126 ? 0 : n < 65536 ? 2 : 8;

	buf_putc(out, (char)(0x80 | opcode));
	buf_putc(out, (char)(0x80 | (more == 0 ? n : more == 2 ? 126 : 127)));
	while (more-- > 0)
		buf_putc(out, (char)(n >> 8 * more));
}

static bool
send_frame(struct http_socket *s, enum opcode opcode, const void *data,
    size_t n, clock_ms deadline, struct err *e)
{
	struct buf out = buf_new(n + FRAME_HEAD_MAX);
	const char *at = data;
	unsigned char mask[4];
	bool ok;

	if (getrandom(mask, sizeof(mask), 0) != (ssize_t)sizeof(mask))
		abort();
	add_head(&out, opcode, n);
	buf_add(&out, mask, sizeof(mask));
	for (size_t i = 0; i < n; i++)
		buf_putc(&out, (char)(at[i] ^ mask[i % 4]));
	ok = send_bytes(s, out.data, out.len, deadline, e);
	mem_wipe(out.data, out.len);
	buf_free(&out);
	return ok;
}

bool
http_socket_send(struct http_socket *s, const void *data, size_t n,
    clock_ms deadline, struct err *e)
{
	return send_frame(s, BINARY, data, n, deadline, e);
}

bool
http_socket_receive(struct http_socket *s, struct buf *message, bool *ended,
    clock_ms deadline, struct err *e)
{
	struct frame f = { 0 };
	bool ok = true, whole = false;

	buf_clear(message);
	while (ok && !whole) {
		if (!await_frame(s, &f, ended, deadline, e))
			return false;
		if (*ended || f.opcode == CLOSE) {
			*ended = true;
			return true;
		}
		whole = f.last && f.opcode < CLOSE;
		if (f.opcode == PING)
			/* its payload goes back as it came */
			ok = send_frame(s, PONG, s->in.data + f.head,
			    f.payload, deadline, e);
		else if (f.opcode < CLOSE)
			ok = buf_add(message, s->in.data + f.head, f.payload)
			    || buf_check(message, "a message", e);
		use(s, f.head + f.payload);
	}
	return ok;
}
