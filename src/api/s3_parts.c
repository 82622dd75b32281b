/*
 * s3_parts - the life of an upload in parts: begun, each part's ETag noted,
 * made an object or dropped.
 */
#include "api/s3_own.h"

#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/xml.h"
#include "net/http.h"

enum { ETAG_MAX = 128 };	/* a hash and what some put around it */

struct s3_parts {
	struct s3 *s;
	struct pool *p;
	const char *key, *id;
	char **etags;
	size_t n, room;		/* n: the highest number so far */
};

struct s3_parts *
s3_parts_begin(struct s3 *s, const char *key, const char *const *headers,
    struct err *e)
{
	struct s3_ask ask = { .method = "POST", .key = key,
	    .query = "uploads=", .headers = headers, .body = "" };
	struct pool *p = pool_new();
	const char *id = xml_value(s3_ask_xml(s, p, &ask,
	    "InitiateMultipartUploadResult", e), "UploadId");
	struct s3_parts *u;

	if (text_empty(id)) {
		if (id != NULL)
			err_set(e, ERR_OTHER, "%s: %s: an upload without an"
			    " id", s->name, reply_line(p, key));
		pool_free(p);
		return NULL;
	}
	u = mem_alloc(sizeof(*u));
	*u = (struct s3_parts){ .s = s, .p = p, .id = id,
	    .key = pool_strdup(p, key) };
	return u;
}

const char *
s3_parts_query(const struct s3_parts *u, struct pool *p, size_t number)
{
	return pool_printf(p, "partNumber=%zu%s", number,
	    s3_parameter(p, "&", "uploadId", u->id));
}

bool
s3_parts_set(struct s3_parts *u, size_t number, const char *etag,
    struct err *e)
{
	if (text_empty(etag) || strlen(etag) > ETAG_MAX
	    || strpbrk(etag, "<>&") != NULL)
		return err_set(e, ERR_OTHER, "%s: %s: part %zu without an"
		    " ETag", u->s->name, reply_line(u->p, u->key), number);
	while (u->room < number) {
		u->etags = mem_grow(u->etags,
		    (u->room + 64) * sizeof(*u->etags));
		memset(u->etags + u->room, 0, 64 * sizeof(*u->etags));
		u->room += 64;
	}
	mem_free(u->etags[number - 1]);
	u->etags[number - 1] = mem_strdup(etag);
	u->n = number > u->n ? number : u->n;
	return true;
}

static const char *
parts_text(struct s3_parts *u)
{
	struct buf b = buf_new((size_t)S3_PARTS_MAX * 2 * ETAG_MAX);
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
is_complete(struct s3_parts *u, long long size)
{
	const char *parts = pool_printf(u->p, "-%zu", u->n);
	struct s3_info info;
	struct err e;

	return s3_find(u->s, u->p, u->key, &info, &e)
	    && info.object.size == size
	    && text_ends(info.object.etag, parts);
}

static bool
complete(struct s3_parts *u, long long size, struct err *e)
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
	if (why.kind == ERR_NOT_FOUND && is_complete(u, size))
		return true;
	*e = why;
	return false;
}

bool
s3_parts_drop(struct s3 *s, struct pool *p, const char *key, const char *id,
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

bool
s3_parts_end(struct s3_parts *u, bool ok, long long size, struct err *e)
{
	struct err why;

	ok = ok && complete(u, size, e);
	if (!ok && !s3_parts_drop(u->s, u->p, u->key, u->id, &why))
		log_warn("%s (its parts stay there until they are swept)",
		    why.text);
	for (size_t i = 0; i < u->n; i++)
		mem_free(u->etags[i]);
	mem_free(u->etags);
	pool_free(u->p);
	mem_free(u);
	return ok;
}
