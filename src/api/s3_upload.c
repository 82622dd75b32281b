/*
 * s3_upload - an object from a stream, in numbered parts of which two are on
 * their way while the next is filled.
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
	AHEAD = 2,			/* parts on their way */
	SLOTS = AHEAD + 1,
	/* After so many parts each is twice as large: 10,000 of them hold
	 * 400 GB of what nobody knew the size of. */
	DOUBLE_AFTER = 2500,
};

struct part {
	struct s3_upload *upload;
	struct pool *p;
	struct buf body;
	struct s3_ask ask;
	size_t number;		/* 0: not on its way */
};

struct s3_upload {
	struct s3 *s;
	struct pool *p;
	const char *key;
	const char *const *headers;
	struct s3_parts *parts;		/* NULL: nothing was begun yet */
	struct http_many *many;
	struct part slots[SLOTS], *filling;
	size_t n;			/* parts begun */
	long long bytes;		/* in them */
	bool failed;
	struct err why;
};

static const char *const none[] = {
	"Content-Type: application/octet-stream", NULL };

static size_t
part_size(const struct s3_upload *u)
{
	return (size_t)S3_PART << u->n / DOUBLE_AFTER;
}

struct s3_upload *
s3_upload_open(struct s3 *s, const char *key, const char *const *headers,
    struct err *e)
{
	struct s3_upload *u;

	if (text_empty(key)) {
		err_set(e, ERR_INPUT, "%s: an object needs a key", s->name);
		return NULL;
	}
	u = mem_alloc(sizeof(*u));
	u->s = s;
	u->p = pool_new();
	u->key = pool_strdup(u->p, key);
	u->headers = s3_keep_headers(u->p, headers != NULL ? headers : none);
	u->many = http_many_open(s->http, AHEAD);
	for (size_t i = 0; i < SLOTS; i++)
		u->slots[i] = (struct part){ .upload = u };
	u->filling = &u->slots[0];
	u->filling->body = buf_new(part_size(u));
	return u;
}

static void
free_upload(struct s3_upload *u)
{
	http_many_close(u->many);
	for (size_t i = 0; i < SLOTS; i++) {
		buf_free(&u->slots[i].body);
		pool_free(u->slots[i].p);
	}
	pool_free(u->p);
	mem_free(u);
}

static bool
judge_part(struct part *part, const struct http_outcome *o, struct err *e)
{
	struct s3_upload *u = part->upload;

	if (!o->ok) {
		*e = o->err;
		return err_within(e, "%s: %s", u->s->name,
		    reply_line(part->p, u->key));
	}
	return s3_judge(u->s, part->p, &part->ask, &o->reply, e)
	    && s3_parts_set(u->parts, part->number,
		s3_etag(part->p, s3_header(&o->reply, "ETag")), e);
}

static void
on_part(void *arg, const struct http_outcome *o)
{
	struct part *part = arg;
	struct s3_upload *u = part->upload;
	struct err e;

	if (!judge_part(part, o, &e) && !u->failed) {
		u->failed = true;
		u->why = e;
	}
	part->number = 0;
	buf_clear(&part->body);
	pool_free(part->p);
	part->p = NULL;
}

static struct part *
free_slot(struct s3_upload *u)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (u->slots[i].number == 0)
			return &u->slots[i];
	return NULL;
}

static bool
tell_failure(const struct s3_upload *u, struct err *e)
{
	*e = u->why;
	return false;
}

/* Only a part that is full begins an upload: before, it may be a small
 * object. */
static bool
ready_for_part(struct s3_upload *u, struct err *e)
{
	if (u->n == S3_PARTS_MAX)
		return err_set(e, ERR_OTHER, "%s: %s is larger than an object"
		    " can be", u->s->name, reply_line(u->p, u->key));
	if (u->parts == NULL)
		u->parts = s3_parts_begin(u->s, u->key, u->headers, e);
	if (u->parts == NULL)
		return false;
	while (!http_many_room(u->many))
		http_many_wait(u->many);
	return u->failed ? tell_failure(u, e) : true;
}

/* The part that was filled goes on its way; another is there to fill. */
static bool
send_part(struct s3_upload *u, struct err *e)
{
	struct part *part = u->filling;
	struct http_request rq;

	if (!ready_for_part(u, e))
		return false;
	part->number = ++u->n;
	u->bytes += (long long)part->body.len;
	part->p = pool_new();
	part->ask = (struct s3_ask){ .method = "PUT", .key = u->key,
	    .query = s3_parts_query(u->parts, part->p, part->number),
	    .headers = none, .body = buf_str(&part->body),
	    .body_len = part->body.len };
	s3_request(u->s, part->p, &part->ask, &rq);
	http_many_send(u->many, &rq, on_part, part);
	while ((u->filling = free_slot(u)) == NULL)
		http_many_wait(u->many);
	if (u->filling->body.limit != part_size(u)) {
		buf_free(&u->filling->body);
		u->filling->body = buf_new(part_size(u));
	}
	return true;
}

bool
s3_upload_write(struct s3_upload *u, const void *data, size_t n,
    struct err *e)
{
	const char *at = data;

	while (n > 0) {
		struct buf *b = &u->filling->body;
		size_t some = b->limit - b->len;

		some = n < some ? n : some;
		buf_add(b, at, some);
		at += some;
		n -= some;
		if (b->len == b->limit && !send_part(u, e))
			return false;
	}
	http_many_poll(u->many);
	return u->failed ? tell_failure(u, e) : true;
}

bool
s3_upload_close(struct s3_upload *u, struct err *e)
{
	struct buf *rest = &u->filling->body;
	bool ok;

	if (u->parts == NULL && !u->failed) {
		ok = s3_put(u->s, u->key, u->headers, buf_str(rest),
		    rest->len, e);
		free_upload(u);
		return ok;
	}
	ok = rest->len == 0 || send_part(u, e);
	while (http_many_busy(u->many))
		http_many_wait(u->many);
	if (ok && u->failed)
		ok = tell_failure(u, e);
	if (u->parts != NULL)
		ok = s3_parts_end(u->parts, ok, u->bytes, e);
	free_upload(u);
	return ok;
}

void
s3_upload_abort(struct s3_upload *u)
{
	struct err unused;

	if (u == NULL)
		return;
	http_many_close(u->many);	/* no part may come after */
	u->many = NULL;
	if (u->parts != NULL && s3_parts_end(u->parts, false, 0, &unused))
		abort();
	free_upload(u);
}

/* The uploads of one page, and whether there was another. */
static bool
sweep_page(struct s3 *s, struct pool *p, const char *prefix, bool *more,
    size_t *n, struct err *e)
{
	struct s3_ask ask = { .method = "GET", .query = pool_printf(p,
	    "uploads=%s", s3_parameter(p, "&", "prefix", prefix)) };
	const struct xml *x = s3_ask_xml(s, p, &ask,
	    "ListMultipartUploadsResult", e);
	const char *truncated = xml_value(x, "IsTruncated");

	if (x == NULL)
		return false;
	*more = false;
	for (x = xml_child(x, "Upload"); x != NULL; x = xml_next(x)) {
		const char *key = xml_value(x, "Key");
		const char *id = xml_value(x, "UploadId");

		if (key == NULL || id == NULL || !text_starts(key, prefix))
			continue;
		if (!s3_parts_drop(s, p, key, id, e))
			return false;
		++*n;
		*more = truncated != NULL && strcmp(truncated, "true") == 0;
	}
	return true;
}

bool
s3_upload_sweep(struct s3 *s, const char *prefix, size_t *n, struct err *e)
{
	bool ok = true, more = true;

	for (*n = 0; ok && more; ) {
		struct pool *p = pool_new();

		ok = sweep_page(s, p, prefix, &more, n, e);
		pool_free(p);
	}
	return ok;
}
