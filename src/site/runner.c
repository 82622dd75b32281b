/*
 * runner - see runner.h.
 */
#include "site/runner.h"

#include <string.h>

#include "api/reply.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"

enum { ANSWER_SECONDS = 30, LONGEST = 64 };

static struct {
	const char *address, *url;
} in;

static bool
check_address(const char *s, struct err *e)
{
	return (strchr(s, ':') == NULL && text_check_ip(s, e))
	    || err_set(e, ERR_INPUT, "%s is no IPv4 address such as "
		"203.0.113.7", s);
}

const struct input runner_inputs[] = {
	{ .name = "runner-address", .str = &in.address, .optional = true,
	  .check = check_address,
	  .help = "IPv4 address that this job's connections come from; if "
	    "empty, address-url is asked" },
	{ .name = "address-url", .str = &in.url, .check = text_check_https,
	  .plan = "network.address-url",
	  .dflt = "https://checkip.amazonaws.com",
	  .help = "Server that answers with the address that asks it, and no "
	    "more" },
	{ 0 }
};

const char *
runner_find_address(struct err *e)
{
	const struct step_common *c = step_common();
	struct http *h = http_open(c->ca_file, c->dns_servers, e);
	const struct http_request rq = { .method = "GET", .url = in.url,
	    .timeout = ANSWER_SECONDS, .reply_max = LONGEST };
	struct http_reply r;
	const char *found = NULL;

	if (in.address != NULL)
		found = in.address;
	else if (h != NULL && http_send(h, c->pool, &rq, &r, e)) {
		const char **v = text_split(c->pool, r.body, NULL);

		if (r.status == 200 && v[0] != NULL && v[1] == NULL
		    && check_address(v[0], e))
			found = v[0];
		else
			err_set(e, ERR_OTHER, "HTTP %ld (%s), and no IPv4 "
			    "address", r.status, reply_meaning(r.status));
	}
	if (found == NULL)
		err_within(e, "%s (give runner-address instead)", in.url);
	http_close(h);
	return found;
}
