/*
 * s3_upload - an object from a stream, in numbered parts of which two are on
 * their way while the next is filled.
 */
#include "api/s3.h"

#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "api/s3_own.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/xml.h"
#include "net/http.h"
#include "net/http_many.h"

enum {
	AHEAD = 2,			/* parts on their way */
	SLOTS = AHEAD + 1,
	/* After so many parts each is twice as large, so that 10,000 make
	 * 1.2 TB of what nobody knew the size of. */
	DOUBLE_AFTER = 2000,
	DOUBLE_MAX = 3,
	ETAG_MAX = 256,
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
	const char *key, *id;		/* id NULL: nothing was begun yet */
	const char *const *headers;
	struct http_many *many;
	struct part slots[SLOTS], *filling;
	size_t n;			/* parts begun */
	long long bytes;		/* in them */
	char **etags;			/* of each part; room for `room` */
	size_t room;
	bool failed;
	struct err why;
};

static const char *const none[] = {
	"Content-Type: application/octet-stream", NULL };

static size_t
part_size(const struct s3_upload *u)
{
	size_t doubled = u->n / DOUBLE_AFTER;

	return (size_t)S3_PART << (doubled < DOUBLE_MAX ? doubled
	    : DOUBLE_MAX);
}

static const char *const *
copy_headers(struct pool *p, const char *const *headers)
{
	const char **v;
	size_t n = 0;

	while (headers[n] != NULL)
		n++;
	v = pool_alloc(p, (n + 1) * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = pool_strdup(p, headers[i]);
	return v;
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
	u->headers = copy_headers(u->p, headers != NULL ? headers : none);
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
	for (size_t i = 0; i < u->n; i++)
		mem_free(u->etags[i]);
	mem_free(u->etags);
	pool_free(u->p);
	mem_free(u);
}

/* The first part that is full: until then it may be a small object. */
static bool
begin_upload(struct s3_upload *u, struct err *e)
{
	struct s3_ask ask = { .method = "POST", .key = u->key,
	    .query = "uploads=", .headers = u->headers, .body = "" };
	const struct xml *x;

	if (u->id != NULL)
		return true;
	x = s3_ask_xml(u->s, u->p, &ask, "InitiateMultipartUploadResult", e);
	if (x == NULL)
		return false;
	u->id = xml_value(x, "UploadId");
	if (text_empty(u->id)) {
		u->id = NULL;
		return err_set(e, ERR_OTHER, "%s: %s: an upload without an"
		    " id", u->s->name, reply_line(u->p, u->key));
	}
	return true;
}

/* The part's ETag, or NULL with the reason why the upload has failed. */
static const char *
read_part(struct part *part, const struct http_outcome *o, struct err *e)
{
	struct s3 *s = part->upload->s;
	const char *key = reply_line(part->p, part->upload->key), *etag;

	if (!o->ok) {
		*e = o->err;
		err_within(e, "%s: %s", s->name, key);
		return NULL;
	}
	if (!s3_judge(s, part->p, &part->ask, &o->reply, e))
		return NULL;
	etag = s3_etag(part->p, s3_header(&o->reply, "ETag"));
	if (etag[0] != '\0' && strlen(etag) < ETAG_MAX / 2)
		return etag;
	err_set(e, ERR_OTHER, "%s: %s: a part without an ETag", s->name, key);
	return NULL;
}

static void
on_part(void *arg, const struct http_outcome *o)
{
	struct part *part = arg;
	struct s3_upload *u = part->upload;
	struct err e;
	const char *etag = read_part(part, o, &e);

	if (etag == NULL && !u->failed) {
		u->failed = true;
		u->why = e;
	}
	u->etags[part->number - 1] = etag != NULL ? mem_strdup(etag) : NULL;
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

/* The part that was filled goes on its way; another is there to fill. */
static bool
send_part(struct s3_upload *u, struct err *e)
{
	struct part *part = u->filling;
	struct http_request rq;

	if (u->n == S3_PARTS_MAX)
		return err_set(e, ERR_OTHER, "%s: %s is larger than an object"
		    " can be", u->s->name, reply_line(u->p, u->key));
	if (!begin_upload(u, e))
		return false;
	while (!http_many_room(u->many))
		http_many_wait(u->many);
	if (u->failed)
		return tell_failure(u, e);
	if (u->n == u->room) {
		u->room = u->room * 2 + 16;
		u->etags = mem_grow(u->etags, u->room * sizeof(*u->etags));
	}
	u->etags[u->n] = NULL;
	part->number = ++u->n;
	u->bytes += (long long)part->body.len;
	part->p = pool_new();
	part->ask = (struct s3_ask){ .method = "PUT", .key = u->key,
	    .query = pool_printf(part->p, "partNumber=%zu%s", part->number,
		s3_parameter(part->p, "&", "uploadId", u->id)),
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

static const char *
parts_text(struct s3_upload *u)
{
	struct buf b = buf_new((size_t)S3_PARTS_MAX * ETAG_MAX);
	const char *done;

	buf_puts(&b, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < u->n; i++)
		buf_printf(&b, "<Part><PartNumber>%zu</PartNumber>"
		    "<ETag>\"%s\"</ETag></Part>", i + 1, u->etags[i]);
	buf_puts(&b, "</CompleteMultipartUpload>");
	done = pool_strdup(u->p, buf_str(&b));
	buf_free(&b);
	return done;
}

/* It may have been completed although the answer was lost: then the upload
 * is gone, and the object is there with as many parts and bytes. */
static bool
is_complete(struct s3_upload *u)
{
	const char *parts = pool_printf(u->p, "-%zu", u->n);
	struct s3_info info;
	struct err e;

	return s3_find(u->s, u->p, u->key, &info, &e)
	    && info.object.size == u->bytes
	    && text_ends(info.object.etag, parts);
}

static bool
complete(struct s3_upload *u, struct err *e)
{
	static const char *const xml[] = { "Content-Type: application/xml",
	    NULL };
	const char *text = parts_text(u);
	struct s3_ask ask = { .method = "POST", .key = u->key,
	    .query = s3_parameter(u->p, "", "uploadId", u->id),
	    .headers = xml, .body = text, .body_len = strlen(text) };
	struct err why;

	if (s3_ask_xml(u->s, u->p, &ask, "CompleteMultipartUploadResult",
	    &why) != NULL)
		return true;
	if (why.kind == ERR_NOT_FOUND && is_complete(u))
		return true;
	*e = why;
	return false;
}

bool
s3_upload_close(struct s3_upload *u, struct err *e)
{
	struct buf *rest = &u->filling->body;
	bool ok;

	if (u->id == NULL && !u->failed) {
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
	ok = ok && complete(u, e);
	if (ok)
		free_upload(u);
	else
		s3_upload_abort(u);
	return ok;
}

static bool
abort_one(struct s3 *s, struct pool *p, const char *key, const char *id,
    struct err *e)
{
	struct s3_ask ask = { .method = "DELETE", .key = key,
	    .query = s3_parameter(p, "", "uploadId", id) };
	struct http_reply r;
	struct err why;

	if (s3_send(s, p, &ask, &r, &why) || why.kind == ERR_NOT_FOUND)
		return true;
	*e = why;
	return false;
}

void
s3_upload_abort(struct s3_upload *u)
{
	struct err e;

	if (u == NULL)
		return;
	http_many_close(u->many);	/* no part may come after */
	u->many = NULL;
	if (u->id != NULL && !abort_one(u->s, u->p, u->key, u->id, &e))
		log_warn("%s (its parts stay there until they are swept)",
		    e.text);
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
		if (!abort_one(s, p, key, id, e))
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
