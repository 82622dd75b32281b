/*
 * s3_start - requests for small objects that are on their way side by side.
 */
#include "api/s3.h"

#include <string.h>

#include "api/reply.h"
#include "api/s3_own.h"
#include "base/mem.h"
#include "data/xml.h"
#include "net/http.h"
#include "net/http_many.h"

enum { ROOM = 64 * 1024 };	/* of an answer, beside the object */

struct call {
	struct s3 *s;
	struct pool *p;
	struct s3_ask ask;
	s3_done *done;
	void *arg;
	/* what the answer to a good reply is */
	bool (*read)(struct call *, const struct http_reply *,
	    struct s3_outcome *, struct err *);
	struct s3_info info;
};

static struct call *
new_call(struct s3 *s, s3_done *done, void *arg)
{
	struct call *c = mem_alloc(sizeof(*c));

	c->s = s;
	c->p = pool_new();
	c->done = done;
	c->arg = arg;
	return c;
}

static void
on_reply(void *arg, const struct http_outcome *o)
{
	struct call *c = arg;
	struct s3_outcome out = { .etag = "", .body = "" };

	if (!o->ok) {
		out.err = o->err;
		err_within(&out.err, "%s: %s %s", c->s->name, c->ask.method,
		    reply_line(c->p, c->ask.key));
	} else {
		out.ok = s3_judge(c->s, c->p, &c->ask, &o->reply, &out.err)
		    && c->read(c, &o->reply, &out, &out.err);
	}
	c->done(c->arg, &out);
	pool_free(c->p);
	mem_free(c);
}

static void
start(struct call *c, struct http_many *m)
{
	struct http_request rq;

	s3_request(c->s, c->p, &c->ask, &rq);
	http_many_send(m, &rq, on_reply, c);
}

/* ---- get ---- */

static bool
read_object(struct call *c, const struct http_reply *r,
    struct s3_outcome *out, struct err *e)
{
	if (!s3_read_info(c->p, c->ask.key, r, &c->info, e))
		return false;
	out->info = &c->info;
	out->body = r->body;
	out->body_len = r->body_len;
	return true;
}

void
s3_start_get(struct s3 *s, struct http_many *m, const struct s3_object *o,
    s3_done *done, void *arg)
{
	struct call *c = new_call(s, done, arg);
	const char **headers = pool_alloc(c->p, 2 * sizeof(*headers));

	headers[0] = pool_printf(c->p, "If-Match: \"%s\"", o->etag);
	c->ask = (struct s3_ask){ .method = "GET", .key = o->key,
	    .headers = headers, .reply_max = (size_t)o->size + ROOM };
	c->read = read_object;
	start(c, m);
}

/* ---- put ---- */

static bool
read_etag(struct call *c, const struct http_reply *r, struct s3_outcome *out,
    struct err *e)
{
	(void)e;
	out->etag = s3_etag(c->p, s3_header(r, "ETag"));
	return true;
}

void
s3_start_put(struct s3 *s, struct http_many *m, const char *key,
    const char *const *headers, const char *body, size_t n, s3_done *done,
    void *arg)
{
	struct call *c = new_call(s, done, arg);

	c->ask = (struct s3_ask){ .method = "PUT", .key = key,
	    .headers = headers, .body = body, .body_len = n };
	c->read = read_etag;
	start(c, m);
}

/* ---- copy ---- */

static bool
read_copy(struct call *c, const struct http_reply *r, struct s3_outcome *out,
    struct err *e)
{
	const struct xml *x = s3_reply_xml(c->s, c->p, &c->ask, r,
	    "CopyObjectResult", e);

	out->etag = s3_etag(c->p, xml_value(x, "ETag"));
	return x != NULL;
}

void
s3_start_copy(struct s3 *to, struct http_many *m, struct s3 *from,
    const struct s3_object *o, const char *to_key, s3_done *done, void *arg)
{
	struct call *c = new_call(to, done, arg);
	const char **headers = pool_alloc(c->p, 4 * sizeof(*headers));

	headers[0] = s3_copy_source(c->p, from, o->key);
	headers[1] = pool_printf(c->p,
	    "x-amz-copy-source-if-match: \"%s\"", o->etag);
	headers[2] = "x-amz-metadata-directive: COPY";
	c->ask = (struct s3_ask){ .method = "PUT", .key = to_key,
	    .headers = headers };
	c->read = read_copy;
	start(c, m);
}
