/*
 * ownaddress - see ownaddress.h.
 */
#include "api/ownaddress.h"

#include <string.h>

#include "api/reply.h"
#include "base/text.h"
#include "net/http.h"

enum { ANSWER_SECONDS = 30, LONGEST = 4096 };

const char ownaddress_url[] = "https://checkip.amazonaws.com";

bool
ownaddress_check(const char *s, struct err *e)
{
	struct err ignored;

	return (strchr(s, ':') == NULL && text_check_ip(s, &ignored))
	    || err_set(e, ERR_INPUT, "%s is no IPv4 address such as "
		"203.0.113.7", s);
}

const char *
ownaddress_find(struct http *h, struct pool *p, const char *url,
    struct err *e)
{
	const struct http_request rq = { .method = "GET", .url = url,
	    .timeout = ANSWER_SECONDS, .reply_max = LONGEST };
	struct err ignored;
	struct http_reply r;
	const char **v;

	if (!http_send(h, p, &rq, &r, e)) {
		err_within(e, "%s", url);
		return NULL;
	}
	v = text_split(p, r.body, NULL);
	if (r.status == 200 && v[0] != NULL && v[1] == NULL
	    && ownaddress_check(v[0], &ignored))
		return v[0];
	err_set(e, ERR_OTHER, "%s: HTTP %ld (%s), and no IPv4 address",
	    url, r.status, reply_meaning(r.status));
	return NULL;
}
