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

/* The body by its Content-Length, its chunks, or the connection's end. */
static bool
take_body(const char *head, size_t head_len, const char *body, size_t len,
    bool ended, struct pool *p, struct tls_facts *f)
{
	const char *coding = header(p, head, head_len, "Transfer-Encoding");
	const char *length = header(p, head, head_len, "Content-Length");
	struct buf joined = buf_new(BODY_MAX);
	bool whole;

	if (strcasecmp(coding, "chunked") == 0) {
		whole = join_chunks(body, len, &joined);
	} else if (length[0] != '\0') {
		unsigned long n = strtoul(length, NULL, 10);

		whole = len >= n && n <= BODY_MAX;
		buf_add(&joined, body, len < n ? len : n);
	} else {
		whole = ended || f->status == 204 || f->status == 304;
		buf_add(&joined, body, len);
	}
	if (whole) {
		f->body = pool_strndup(p, buf_str(&joined), joined.len);
		f->body_len = joined.len;
	}
	buf_free(&joined);
	return whole;
}

bool
reply_read(const struct buf *b, bool ended, struct pool *p,
    struct tls_facts *f)
{
	const char *s = buf_str(b);
	const char *gap = memmem(s, b->len, "\r\n\r\n", 4);
	size_t head_len;

	if (gap == NULL || b->len < 12 || strncmp(s, "HTTP/1.", 7) != 0
	    || s[8] != ' ')
		return false;
	head_len = (size_t)(gap - s) + 2;
	f->status = strtol(s + 9, NULL, 10);
	if (f->status < 200 || f->status > 599)
		return false;
	if (!take_body(s, head_len, gap + 4, b->len - head_len - 2, ended, p,
	    f))
		return false;
	f->type = header(p, s, head_len, "Content-Type");
	f->location = header(p, s, head_len, "Location");
	return true;
}
