/*
 * s3_copy - one large object from bucket to bucket, in parts.
 */
#include "api/s3.h"

#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "api/s3_own.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/xml.h"
#include "net/http.h"
#include "net/http_many.h"

enum {
	LANES = 4,		/* parts on their way */
	SERVICE_PART = 32 * 1024 * 1024,	/* that the service copies */
	STREAM_PART_MAX = 64 * 1024 * 1024,	/* that we hold, in lanes */
	ROOM = 64 * 1024,
};

struct copy {
	struct s3 *from, *to;
	const struct s3_object *object;
	const char *to_key;
	bool by_service;
	struct pool *p;
	struct s3_info info;
	struct s3_parts *parts;
	struct http_many *many;
	long long part;		/* bytes */
	size_t n, begun;	/* parts */
	bool failed;
	struct err why;
};

/* One part on its way: read and then written, or copied by the service. */
struct lane {
	struct copy *c;
	struct pool *p;
	size_t number;
	struct s3_ask ask;
	struct buf body;
};

static void
fail(struct copy *c, const struct err *e)
{
	if (!c->failed)
		c->why = *e;
	c->failed = true;
}

static void
end_lane(struct lane *l)
{
	buf_free(&l->body);
	pool_free(l->p);
	mem_free(l);
}

static void
send(struct lane *l, struct s3 *s, http_done *done)
{
	struct http_request rq;

	s3_request(s, l->p, &l->ask, &rq);
	http_many_send(l->c->many, &rq, done, l);
}

/* Good, or the copy has failed and the lane is over. */
static bool
judge(struct lane *l, struct s3 *s, const struct http_outcome *o)
{
	struct err e = o->err;

	if (l->c->failed) {
		end_lane(l);
		return false;
	}
	if (!o->ok)
		err_within(&e, "%s: %s", s->name,
		    reply_line(l->p, l->ask.key));
	if (o->ok && s3_judge(s, l->p, &l->ask, &o->reply, &e))
		return true;
	fail(l->c, &e);
	end_lane(l);
	return false;
}

/* The part's ETag is in the reply's header, or in the text of a copy. */
static void
on_written(void *arg, const struct http_outcome *o)
{
	struct lane *l = arg;
	struct copy *c = l->c;
	const char *etag;
	struct err e;

	if (!judge(l, c->to, o))
		return;
	etag = s3_header(&o->reply, "ETag");
	if (c->by_service)
		etag = xml_value(s3_reply_xml(c->to, l->p, &l->ask,
		    &o->reply, "CopyPartResult", &e), "ETag");
	if (!s3_parts_set(c->parts, l->number, s3_etag(l->p, etag), &e))
		fail(c, &e);
	end_lane(l);
}

static const char *
part_query(struct lane *l)
{
	return s3_parts_query(l->c->parts, l->p, l->number);
}

static void
on_read(void *arg, const struct http_outcome *o)
{
	static const char *const plain[] = {
	    "Content-Type: application/octet-stream", NULL };
	struct lane *l = arg;

	if (!judge(l, l->c->from, o))
		return;
	l->body = buf_new(o->reply.body_len);
	buf_add(&l->body, o->reply.body, o->reply.body_len);
	l->ask = (struct s3_ask){ .method = "PUT", .key = l->c->to_key,
	    .query = part_query(l), .headers = plain,
	    .body = buf_str(&l->body), .body_len = l->body.len };
	send(l, l->c->to, on_written);
}

static void
begin_part(struct copy *c)
{
	struct lane *l = mem_alloc(sizeof(*l));
	const struct s3_object *o = c->object;
	long long first = (long long)c->begun * c->part;
	long long last = first + c->part < o->size ? first + c->part - 1
	    : o->size - 1;
	const char **headers;

	*l = (struct lane){ .c = c, .p = pool_new(),
	    .number = ++c->begun };
	headers = pool_alloc(l->p, 4 * sizeof(*headers));
	if (!c->by_service) {
		headers[0] = pool_printf(l->p, "Range: bytes=%lld-%lld",
		    first, last);
		headers[1] = pool_printf(l->p, "If-Match: \"%s\"", o->etag);
		l->ask = (struct s3_ask){ .method = "GET", .key = o->key,
		    .headers = headers,
		    .reply_max = (size_t)(last - first) + ROOM };
		send(l, c->from, on_read);
		return;
	}
	headers[0] = s3_copy_source(l->p, c->from, o->key);
	headers[1] = pool_printf(l->p,
	    "x-amz-copy-source-range: bytes=%lld-%lld", first, last);
	headers[2] = pool_printf(l->p,
	    "x-amz-copy-source-if-match: \"%s\"", o->etag);
	l->ask = (struct s3_ask){ .method = "PUT", .key = c->to_key,
	    .query = part_query(l), .headers = headers };
	send(l, c->to, on_written);
}

/* How large the source's own parts are: then the ETag will be the same. */
static long long
source_part(struct copy *c)
{
	struct s3_ask ask = { .method = "HEAD", .key = c->object->key,
	    .query = "partNumber=1" };
	struct http_reply r;
	struct err e;
	const char *length;
	long n = 0;

	if (strchr(c->object->etag, '-') == NULL
	    || !s3_send(c->from, c->p, &ask, &r, &e))
		return 0;
	length = s3_header(&r, "Content-Length");
	if (length == NULL || !text_number(length, S3_PART_MIN,
	    STREAM_PART_MAX, &n, &e))
		return 0;
	return n;
}

static bool
choose_part(struct copy *c, struct err *e)
{
	const long long size = c->object->size;
	long long most = (size + S3_PARTS_MAX - 1) / S3_PARTS_MAX;

	c->part = source_part(c);
	if (c->part == 0)
		c->part = c->by_service ? SERVICE_PART : S3_PART;
	while (c->part < most)
		c->part *= 2;
	if (!c->by_service && c->part > STREAM_PART_MAX)
		return err_set(e, ERR_OTHER, "%s: %s: too large to be copied"
		    " through this machine", c->from->name,
		    reply_line(c->p, c->object->key));
	c->n = (size_t)((size + c->part - 1) / c->part);
	return true;
}

static bool
copy_parts(struct copy *c, struct err *e)
{
	c->many = http_many_open(c->to->http, LANES);
	while ((!c->failed && c->begun < c->n) || http_many_busy(c->many)) {
		while (!c->failed && c->begun < c->n
		    && http_many_room(c->many))
			begin_part(c);
		http_many_wait(c->many);
	}
	http_many_close(c->many);
	if (c->failed)
		*e = c->why;
	return !c->failed;
}

/* It must be as it was listed, since only that was decided on. */
static bool
find_source(struct copy *c, struct err *e)
{
	const struct s3_object *o = c->object;

	if (!s3_find(c->from, c->p, o->key, &c->info, e))
		return false;
	if (c->info.object.size == o->size
	    && strcmp(c->info.object.etag, o->etag) == 0)
		return true;
	return err_set(e, ERR_CONFLICT, "%s: %s was changed meanwhile",
	    c->from->name, reply_line(c->p, o->key));
}

bool
s3_copy(struct s3 *to, struct s3 *from, const struct s3_object *object,
    const char *to_key, bool by_service, struct err *e)
{
	struct copy c = { .from = from, .to = to, .object = object,
	    .to_key = to_key, .by_service = by_service, .p = pool_new() };
	bool ok;

	ok = find_source(&c, e) && choose_part(&c, e)
	    && (c.parts = s3_parts_begin(to, to_key, c.info.headers, e))
		!= NULL
	    && copy_parts(&c, e);
	if (c.parts != NULL)
		ok = s3_parts_end(c.parts, ok, object->size, e);
	pool_free(c.p);
	return ok;
}
