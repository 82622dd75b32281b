/*
 * store_s3 - a store that is a bucket with a prefix: s3://bucket/prefix.
 */
#include "site/store_own.h"

#include <string.h>

#include "api/s3.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "site/store.h"
#include "step/step.h"

enum {
	RANGE_BYTES = 4 << 20,	/* of an object, in one request */
	KEY_BYTES = 2048,
	OBJECTS_MAX = 1000 * 1000,
};

struct bucket {
	struct http *http;
	struct s3 *s3;
	char *prefix;		/* ends with a / unless it is empty */
};

struct bucket_reader {
	struct s3 *s3;
	char *key, *etag;
	struct buf range;	/* what was fetched, from `used` on */
	size_t used;
	long long at, size;	/* of what comes next; of all */
};

static void
bucket_close(void *own)
{
	struct bucket *b = own;

	s3_close(b->s3);
	http_close(b->http);
	mem_free(b->prefix);
	mem_free(b);
}

static bool
check_login(const struct store_login *l, struct err *e)
{
	const char *missing = l->endpoint == NULL ? "backup-endpoint" :
	    l->key_id == NULL ? "backup-key-id" :
	    l->secret == NULL ? "backup-secret-key" : NULL;

	return missing == NULL || err_set(e, ERR_INPUT, "%s: a bucket needs "
	    "it", missing);
}

static char *
prefix_of(const char *rest)
{
	const char *slash = strchr(rest, '/');
	struct buf b = buf_new(KEY_BYTES);

	while (slash != NULL && *slash == '/')
		slash++;
	buf_puts(&b, slash != NULL ? slash : "");
	while (b.len > 0 && b.data[b.len - 1] == '/')
		b.data[--b.len] = '\0';
	if (b.len > 0)
		buf_putc(&b, '/');
	return b.data;
}

static void *
bucket_open(const char *rest, struct err *e)
{
	const struct store_login *l = store_login();
	const struct step_common *c = step_common();
	struct bucket *b;
	struct s3_place place = { .endpoint = l->endpoint,
	    .region = l->region != NULL ? l->region : "us-east-1",
	    .bucket = pool_strndup(c->pool, rest, strcspn(rest, "/")),
	    .key_id = l->key_id, .secret = l->secret };

	if (!check_login(l, e))
		return NULL;
	b = mem_alloc(sizeof *b);
	b->prefix = prefix_of(rest);
	b->http = http_open(c->ca_file, c->dns_servers, e);
	if (b->http != NULL)
		b->s3 = s3_open(b->http, &place, e);
	if (b->s3 != NULL && s3_check_bucket(b->s3, e))
		return b;
	bucket_close(b);
	return NULL;
}

static const char *
key_of(const struct bucket *b, struct buf *key, const char *name)
{
	buf_printf(key, "%s%s", b->prefix, name);
	return buf_str(key);
}

/* ---- writing ---- */

static void *
bucket_create(void *own, const char *name, struct err *e)
{
	struct bucket *b = own;
	struct buf key = buf_new(KEY_BYTES);
	struct s3_upload *u = s3_upload_open(b->s3, key_of(b, &key, name),
	    NULL, e);

	buf_free(&key);
	return u;
}

static bool
bucket_append(void *own, const void *p, size_t n, struct err *e)
{
	return s3_upload_write(own, p, n, e);
}

static bool
bucket_finish(void *own, struct err *e)
{
	return s3_upload_close(own, e);
}

static void
bucket_abort(void *own)
{
	s3_upload_abort(own);
}

/* ---- reading ---- */

/* The next range; the first one tells size and ETag, and all others must be
 * of that object. */
static bool
fetch(struct bucket_reader *r, struct err *e)
{
	struct pool *pool = pool_new();
	struct s3_info info;
	bool ok;

	buf_clear(&r->range);
	r->used = 0;
	ok = s3_read(r->s3, pool, r->key, r->etag, r->at, RANGE_BYTES,
	    &r->range, &info, e);
	if (ok && r->etag == NULL) {
		r->etag = mem_strdup(info.object.etag);
		r->size = info.object.size;
	}
	r->at += ok ? (long long)r->range.len : 0;
	if (ok && r->range.len == 0)
		ok = r->at >= r->size || err_set(e, ERR_OTHER, "%s: an empty "
		    "answer before its end", r->key);
	pool_free(pool);
	return ok;
}

static void
bucket_end(void *own)
{
	struct bucket_reader *r = own;

	buf_free(&r->range);
	mem_free(r->key);
	mem_free(r->etag);
	mem_free(r);
}

static void *
bucket_read(void *own, const char *name, struct err *e)
{
	struct bucket *b = own;
	struct bucket_reader *r = mem_alloc(sizeof *r);
	struct buf key = buf_new(KEY_BYTES);

	r->s3 = b->s3;
	r->key = mem_strdup(key_of(b, &key, name));
	r->range = buf_new(RANGE_BYTES);
	buf_free(&key);
	if (fetch(r, e))
		return r;
	bucket_end(r);
	return NULL;
}

static bool
bucket_next(void *own, void *p, size_t room, size_t *n, struct err *e)
{
	struct bucket_reader *r = own;

	*n = 0;
	if (r->used == r->range.len && r->at < r->size && !fetch(r, e))
		return false;
	*n = r->range.len - r->used;
	if (*n > room)
		*n = room;
	if (*n > 0)
		memcpy(p, r->range.data + r->used, *n);
	r->used += *n;
	return true;
}

/* ---- what is there ---- */

static bool
add_page(const struct bucket *b, struct pool *pool, const struct s3_page *p,
    struct stored_list *to, struct err *e)
{
	struct stored *all;

	if (to->n + p->n > OBJECTS_MAX)
		return err_set(e, ERR_OTHER, "%s: more than %d objects",
		    s3_name(b->s3), OBJECTS_MAX);
	all = pool_alloc(pool, (to->n + p->n + 1) * sizeof *all);
	if (to->n > 0)
		memcpy(all, to->v, to->n * sizeof *all);
	for (size_t i = 0; i < p->n; i++)
		all[to->n + i] = (struct stored){
		    .name = p->v[i].key + strlen(b->prefix),
		    .size = p->v[i].size };
	to->v = all;
	to->n += p->n;
	return true;
}

/* S3 lists in the order of bytes, which is strcmp's. */
static bool
bucket_list(void *own, struct pool *pool, const char *folder,
    struct stored_list *found, struct err *e)
{
	struct bucket *b = own;
	const char *prefix = pool_printf(pool, "%s%s/", b->prefix, folder);
	struct s3_page page = { 0 };
	bool ok;

	do {
		ok = s3_list(b->s3, pool, prefix, page.next, &page, e)
		    && add_page(b, pool, &page, found, e);
	} while (ok && page.next != NULL);
	return ok;
}

static bool
bucket_remove(void *own, const char *name, struct err *e)
{
	struct bucket *b = own;
	struct buf key = buf_new(KEY_BYTES);
	bool ok = s3_remove(b->s3, key_of(b, &key, name), e);

	buf_free(&key);
	return ok;
}

static bool
bucket_sweep(void *own, const char *folder, size_t *n, struct err *e)
{
	struct bucket *b = own;
	struct buf prefix = buf_new(KEY_BYTES);
	bool ok;

	buf_printf(&prefix, "%s%s/", b->prefix, folder);
	ok = s3_upload_sweep(b->s3, buf_str(&prefix), n, e);
	buf_free(&prefix);
	return ok;
}

const struct store_kind store_s3 = {
	.scheme = "s3://",
	.open = bucket_open, .close = bucket_close,
	.create = bucket_create, .append = bucket_append,
	.finish = bucket_finish, .abort = bucket_abort,
	.read = bucket_read, .next = bucket_next, .end = bucket_end,
	.list = bucket_list, .remove = bucket_remove, .sweep = bucket_sweep,
};
