/*
 * reply - vendors' answers: JSON or a plain error about what came instead.
 */
#include "api/reply.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

enum { LINE_MAX_BYTES = 400 };

struct json *
reply_json(const struct http_reply *r, const char *what, struct err *e)
{
	struct json *j = json_parse(r->body, r->body_len, what, e);

	if (j != NULL)
		return j;
	if (r->status >= 200 && r->status < 300)
		err_within(e, "HTTP %ld", r->status);
	else
		err_set(e, reply_kind(r->status),
		    "%s: HTTP %ld (%s) with %s in place of JSON", what,
		    r->status, reply_meaning(r->status),
		    r->type[0] != '\0' ? r->type : "nothing");
	return NULL;
}

const char *
reply_line(struct pool *p, const char *s)
{
	size_t n;
	char *line;

	if (s == NULL)
		return "";
	n = strlen(s);
	if (n > LINE_MAX_BYTES)
		n = LINE_MAX_BYTES;
	while (n > 0 && !text_is_utf8(s, n))
		n--;	/* cut at a character's boundary */
	line = pool_strndup(p, s, n);
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
	return line;
}

const char *
reply_meaning(long status)
{
	static const struct {
		long status;
		const char *words;
	} known[] = {
		{ 301, "moved: use the address that it moved to" },
		{ 302, "redirected, to a login page perhaps" },
		{ 307, "redirected: is it https?" },
		{ 308, "redirected: is it https?" },
		{ 401, "the token is refused" },
		{ 403, "forbidden" },
		{ 404, "not found" },
		{ 409, "conflict" },
		{ 429, "too many requests" },
		{ 500, "an error inside the server" },
		{ 502, "a proxy could not reach the server" },
		{ 503, "not available now" },
		{ 504, "a proxy got no answer in time" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return known[i].words;
	return status < 400 ? "unexpected" : "refused";
}

enum err_kind
reply_kind(long status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOT_FOUND;
	case 409:
		return ERR_CONFLICT;
	default:
		return ERR_OTHER;
	}
}
