/*
 * http_own - what http's files share: the handle, one attempt at a request,
 * and the one verdict on how it went.
 */
#ifndef NET_HTTP_OWN_H
#define NET_HTTP_OWN_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/mem.h"

struct curl_slist;
struct err;
struct http_reply;
struct http_request;

struct http {
	void *easy;		/* curl's handle */
	char *ca_file;		/* of the caller, or the system's bundle */
	char *ca_folder;	/* hashed links; then ca_file waits */
	char *dns_servers;
	bool unsent;
};

enum {
	HTTP_TIMEOUT = 60,	/* seconds; a proxy's usual patience */
	HTTP_DETAIL = 256,	/* bytes that curl wants for its words */
};

struct http_attempt {
	const struct http_request *rq;
	const char *host;	/* for words */
	void *easy;
	struct curl_slist *headers, *connect_to;
	struct buf body, head;	/* head: "Name: value\0" one after another */
	bool body_full;
	bool by_folder;		/* roots came from the folder of links */
	int code;		/* curl's; set by whoever performs it */
	char detail[HTTP_DETAIL];
};

/* "https://api.github.com:443/x?y" gives "api.github.com:443". */
const char *http_host(struct pool *, const char *url);
/* A line end in a token (a common slip) would start a header of its own. */
bool http_check_request(const struct http_request *, const char *host,
    struct err *);

/* Everything on the handle that this request needs; then perform it. The
 * attempt must stay where it is until http_attempt_end. */
void http_attempt_begin(struct http *, struct http_attempt *,
    const struct http_request *, clock_ms deadline);
void http_attempt_end(struct http_attempt *);

/* A reply's header by name, in any case, or NULL. */
const char *http_header(const struct http_reply *, const char *name);
/* The reply, in the pool; its count of attempts stays. */
void http_fill_reply(struct pool *, const struct http_attempt *,
    struct http_reply *);

/* Is the repetition harmless (RFC 9110, 9.2.2, or as the caller says)? */
bool http_may_repeat(const struct http_request *);
/* Nothing of the request had been sent when it failed. */
bool http_never_sent(const struct http_attempt *);
/*
 * What follows from an attempt that has been performed: the ms after which
 * to begin another, or -1: it is over. Then the reply is filled, or else the
 * error says what was wrong, which is so if code is not CURLE_OK.
 */
long http_judge(struct http *, struct pool *, const struct http_attempt *,
    clock_ms deadline, struct http_reply *, struct err *);

#endif
