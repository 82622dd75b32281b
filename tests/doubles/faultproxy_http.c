/*
 * faultproxy_http - reading HTTP/1.1 messages as they are.
 */
#include "faultproxy_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE_MAX_LEN = 1024 };

void
head_free(struct head *h)
{
	bytes_free(&h->text);
	free(h->path);
	*h = (struct head){ 0 };
}

/* Up to and with the empty line. */
static bool
read_text(struct io *io, struct bytes *text)
{
	char c;

	while (text->n < HEAD_MAX) {
		if (io_read(io, &c, 1) != 1 || c == '\0')
			return false;
		bytes_add(text, &c, 1);
		if (text->n >= 4
		    && memcmp(text->p + text->n - 4, "\r\n\r\n", 4) == 0) {
			/* Room for one more is there: terminate it. */
			bytes_add(text, "", 1);
			text->n--;
			return true;
		}
	}
	return false;
}

/* "METHOD PATH VERSION" */
static bool
parse_request_line(struct head *h)
{
	size_t method = strcspn(h->text.p, " \r"), path;
	const char *p = h->text.p + method;

	if (*p != ' ' || method == 0 || method >= sizeof(h->method))
		return false;
	path = strcspn(p + 1, " \r");
	if (p[1 + path] != ' ' || path == 0)
		return false;
	memcpy(h->method, h->text.p, method);
	h->path = strndup(p + 1, path);
	if (h->path == NULL)
		abort();
	return true;
}

bool
head_read_request(struct io *io, struct head *h)
{
	*h = (struct head){ 0 };
	if (read_text(io, &h->text) && parse_request_line(h))
		return true;
	head_free(h);
	return false;
}

bool
head_read_reply(struct io *io, struct head *h)
{
	*h = (struct head){ 0 };
	if (read_text(io, &h->text)
	    && sscanf(h->text.p, "HTTP/1.%*1d %3d", &h->status) == 1)
		return true;
	head_free(h);
	return false;
}

/* The header's line, and where its value begins; NULL: not there. */
static const char *
find_line(const struct head *h, const char *name, const char **value)
{
	size_t n = strlen(name);
	const char *p = strstr(h->text.p, "\r\n");

	while (p != NULL && strncmp(p, "\r\n\r\n", 4) != 0) {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
			*value = p + n + 1;
			*value += strspn(*value, " \t");
			return p;
		}
		p = strstr(p, "\r\n");
	}
	return NULL;
}

bool
head_has(const struct head *h, const char *name, const char *word)
{
	const char *v;
	size_t n = strlen(word);

	if (find_line(h, name, &v) == NULL)
		return false;
	for (; *v != '\r' && *v != '\0'; v++) {
		if (strncasecmp(v, word, n) == 0)
			return true;
	}
	return false;
}

bool
head_host(const struct head *h, char *out, size_t max)
{
	const char *v;
	size_t n;

	if (find_line(h, "Host", &v) == NULL)
		return false;
	n = strcspn(v, ": \r");
	if (n == 0 || n >= max)
		return false;
	memcpy(out, v, n);
	out[n] = '\0';
	return true;
}

void
head_drop(struct head *h, const char *name)
{
	const char *v, *line = find_line(h, name, &v), *next;
	size_t at, len;

	if (line == NULL)
		return;
	next = strstr(line, "\r\n") + 2;
	at = (size_t)(line - h->text.p);
	len = (size_t)(next - line);
	/* With the NUL that stands behind the end. */
	memmove(h->text.p + at, h->text.p + at + len,
	    h->text.n - at - len + 1);
	h->text.n -= len;
}

static enum framing
framing(const struct head *h, size_t *n)
{
	const char *v;
	char *end;
	unsigned long long len;

	*n = 0;
	if (head_has(h, "Transfer-Encoding", "chunked"))
		return BODY_CHUNKED;
	if (find_line(h, "Content-Length", &v) == NULL)
		return BODY_TO_END;
	len = strtoull(v, &end, 10);
	if (end == v || len > BYTES_MAX)
		return BODY_TO_END;
	*n = (size_t)len;
	return len > 0 ? BODY_LENGTH : BODY_NONE;
}

enum framing
head_request_framing(const struct head *h, size_t *n)
{
	enum framing f = framing(h, n);

	return f == BODY_TO_END ? BODY_NONE : f;
}

enum framing
head_reply_framing(const struct head *h, const char *method, size_t *n)
{
	if (strcmp(method, "HEAD") == 0 || h->status == 204
	    || h->status == 304 || h->status < 200) {
		*n = 0;
		return BODY_NONE;
	}
	return framing(h, n);
}

static bool
pass_length(struct io *from, size_t n,
    bool (*sink)(void *arg, const char *p, size_t n), void *arg)
{
	char buf[IO_CHUNK];

	while (n > 0) {
		size_t got = io_read(from, buf,
		    n < sizeof(buf) ? n : sizeof(buf));

		if (got == 0 || !sink(arg, buf, got))
			return false;
		n -= got;
	}
	return true;
}

static bool
pass_line(struct io *from, char line[LINE_MAX_LEN],
    bool (*sink)(void *arg, const char *p, size_t n), void *arg)
{
	size_t n = 0;

	do {
		if (n + 1 >= LINE_MAX_LEN || io_read(from, line + n, 1) != 1)
			return false;
		n++;
	} while (line[n - 1] != '\n');
	line[n] = '\0';
	return sink(arg, line, n);
}

static bool
pass_chunks(struct io *from,
    bool (*sink)(void *arg, const char *p, size_t n), void *arg)
{
	char line[LINE_MAX_LEN];

	for (;;) {
		unsigned long long n;
		char *end;

		if (!pass_line(from, line, sink, arg))
			return false;
		n = strtoull(line, &end, 16);
		if (end == line || n > BYTES_MAX)
			return false;
		if (n == 0)
			break;
		/* With the line end behind it. */
		if (!pass_length(from, (size_t)n + 2, sink, arg))
			return false;
	}
	do {
		if (!pass_line(from, line, sink, arg))
			return false;
	} while (strcmp(line, "\r\n") != 0);
	return true;
}

bool
body_pass(struct io *from, enum framing f, size_t n,
    bool (*sink)(void *arg, const char *p, size_t n), void *arg)
{
	char buf[IO_CHUNK];
	size_t got;

	if (f == BODY_NONE)
		return true;
	if (f == BODY_LENGTH)
		return pass_length(from, n, sink, arg);
	if (f == BODY_CHUNKED)
		return pass_chunks(from, sink, arg);
	while ((got = io_read(from, buf, sizeof(buf))) > 0) {
		if (!sink(arg, buf, got))
			return false;
	}
	return true;
}
