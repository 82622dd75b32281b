/*
 * tls_reply - see tls_reply.h.
 */
#include "net/tls_reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "net/tls.h"

enum { BODY_MAX = 256 * 1024 };

/* A header's value, or NULL; *len without blanks around it. */
static const char *
find_header(const char *head, size_t head_len, const char *name, size_t *len)
{
	const char *end = head + head_len;
	size_t n = strlen(name);

	for (const char *s = head, *line_end; s < end; s = line_end + 1) {
		line_end = memchr(s, '\n', (size_t)(end - s));
		if (line_end == NULL)
			return NULL;
		if ((size_t)(line_end - s) <= n || s[n] != ':'
		    || strncasecmp(s, name, n) != 0)
			continue;
		s += n + 1;
		while (s < line_end && (*s == ' ' || *s == '\t'))
			s++;
		*len = (size_t)(line_end - s);
		while (*len > 0 && (s[*len - 1] == '\r'
		    || s[*len - 1] == ' '))
			--*len;
		return s;
	}
	return NULL;
}

static const char *
header(struct pool *p, const char *head, size_t head_len, const char *name)
{
	size_t len;
	const char *s = find_header(head, head_len, name, &len);

	return s != NULL ? pool_strndup(p, s, len) : "";
}

/* The pieces of a chunked body, appended to out. false: not all there. */
static bool
join_chunks(const char *s, size_t len, struct buf *out)
{
	const char *end = s + len;

	for (;;) {
		char *after;
		const char *line = memchr(s, '\n', (size_t)(end - s));
		unsigned long n;

		if (line == NULL)
			return false;
		n = strtoul(s, &after, 16);
		if (after == s || n > BODY_MAX)
			return false;
		s = line + 1;
		if (n == 0)
			return true;
		if ((size_t)(end - s) < n + 2)
			return false;
		buf_add(out, s, n);
		s += n + 2;
	}
}

void
tls_clear_reply(struct tls_facts *f)
{
	f->status = 0;
	f->type = f->location = f->body = "";
	f->body_len = 0;
	f->first_ms = 0;
}

/* The body by its Content-Length, its chunks, or the connection's end.
 * *bounded: not the latter. */
static bool
take_body(const char *head, size_t head_len, const char *body, size_t len,
    bool ended, struct pool *p, struct tls_facts *f, struct buf *joined,
    bool *bounded)
{
	const char *coding = header(p, head, head_len, "Transfer-Encoding");
	const char *length = header(p, head, head_len, "Content-Length");
	unsigned long n = strtoul(length, NULL, 10);

	*bounded = true;
	if (f->status == 204 || f->status == 304)
		return true;
	if (strcasecmp(coding, "chunked") == 0)
		return join_chunks(body, len, joined);
	*bounded = length[0] != '\0';
	buf_add(joined, body, *bounded && len > n ? n : len);
	return *bounded ? len >= n && n <= BODY_MAX : ended;
}

/* HTTP/1.0 hangs up, and so may whoever says so. */
static bool
stays_open(const char *head, size_t head_len)
{
	size_t n;
	const char *s = find_header(head, head_len, "Connection", &n);

	return strncmp(head, "HTTP/1.1", 8) == 0
	    && !(s != NULL && n >= 5 && strncasecmp(s, "close", 5) == 0);
}

bool
reply_read(const struct buf *b, bool ended, struct pool *p,
    struct tls_facts *f, bool *open)
{
	const char *s = buf_str(b);
	const char *gap = memmem(s, b->len, "\r\n\r\n", 4);
	struct buf body = buf_new(BODY_MAX);
	size_t head_len;
	bool whole;

	if (gap == NULL || b->len < 12 || strncmp(s, "HTTP/1.", 7) != 0
	    || s[8] != ' ')
		return false;
	head_len = (size_t)(gap - s) + 2;
	f->status = strtol(s + 9, NULL, 10);
	if (f->status < 200 || f->status > 599)
		return false;
	whole = take_body(s, head_len, gap + 4, b->len - head_len - 2, ended,
	    p, f, &body, open);
	*open = *open && !ended && stays_open(s, head_len);
	if (whole) {
		f->body_len = body.len;
		f->body = pool_strndup(p, buf_str(&body), body.len);
		f->type = header(p, s, head_len, "Content-Type");
		f->location = header(p, s, head_len, "Location");
		f->hsts = header(p, s, head_len, "Strict-Transport-Security");
	}
	buf_free(&body);
	return whole;
}
