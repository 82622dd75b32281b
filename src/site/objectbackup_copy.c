/*
 * objectbackup_copy - one object on its way, and what becomes of it.
 */
#include "site/objectbackup_own.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/http_many.h"

enum {
	SMALL = 8 * 1024 * 1024,	/* held in memory as a whole */
	HELD_MAX = 48 * 1024 * 1024,	/* by all that are on their way */
};

static bool
is_large(const struct objectbackup *b, const struct s3_object *o)
{
	return o->size > (b->by_service ? S3_COPY_MAX : SMALL);
}

static const char *
copy_key(const struct objectbackup *b, struct pool *p,
    const struct s3_object *o)
{
	return pool_printf(p, "%s%s", b->to_prefix, o->key);
}

bool
objectcopy_room(const struct objectbackup *b, const struct s3_object *o)
{
	return http_many_room(b->many) && (b->held == 0 || b->by_service
	    || is_large(b, o) || b->held + o->size <= HELD_MAX);
}

static void
free_item(struct item *i)
{
	i->b->held -= (long long)i->body_len;
	mem_free(i->body);
	pool_free(i->p);
	mem_free(i);
}

/* An object that is another by now, or gone, is the next pass's concern. */
static bool
is_news(const struct err *e)
{
	return e->kind == ERR_CONFLICT || e->kind == ERR_NOT_FOUND;
}

static void
fail(struct objectbackup *b, const struct err *e)
{
	if (is_news(e))
		log_info("%s", e->text);
	else if (!b->failed)
		b->why = *e;
	b->failed = b->failed || !is_news(e);
}

static void
on_put(void *arg, const struct s3_outcome *o)
{
	struct item *i = arg;

	/* what is missing there is the bucket */
	if (!o->ok && !i->b->failed) {
		i->b->why = o->err;
		i->b->failed = true;
	}
	free_item(i);
}

static void
on_get(void *arg, const struct s3_outcome *o)
{
	struct item *i = arg;
	struct objectbackup *b = i->b;
	struct err e;

	b->held -= i->o.size;
	if (!o->ok || b->failed) {
		if (!o->ok)
			fail(b, &o->err);
		free_item(i);
		return;
	}
	if (b->to == NULL) {
		if (!objectfile_save(b, &i->o, o->info->headers, o->body,
		    o->body_len, &e))
			fail(b, &e);
		free_item(i);
		return;
	}
	i->body_len = o->body_len;
	i->body = mem_alloc(o->body_len + 1);
	memcpy(i->body, o->body, o->body_len);
	b->held += (long long)i->body_len;
	i->headers = s3_keep_headers(i->p, o->info->headers);
	s3_start_put(b->to, b->many, copy_key(b, i->p, &i->o), i->headers,
	    i->body, i->body_len, on_put, i);
}

static void
start_get(struct item *i)
{
	i->b->held += i->o.size;
	s3_start_get(i->b->from, i->b->many, &i->o, on_get, i);
}

static void
put_off(struct item *i)
{
	i->next = i->b->large;
	i->b->large = i;
}

static void
stop_service(struct objectbackup *b, const struct err *e)
{
	if (b->by_service)
		log_info("%s: so objects go through this machine", e->text);
	b->by_service = false;
}

static void
on_copy(void *arg, const struct s3_outcome *o)
{
	struct item *i = arg;
	struct objectbackup *b = i->b;

	if (!o->ok && o->err.kind == ERR_DENIED && !b->failed) {
		stop_service(b, &o->err);
		if (is_large(b, &i->o))
			put_off(i);
		else
			start_get(i);
		return;
	}
	if (!o->ok)
		fail(b, &o->err);
	free_item(i);
}

void
objectcopy_begin(struct objectbackup *b, const struct s3_object *o)
{
	struct item *i = mem_alloc(sizeof(*i));

	i->b = b;
	i->p = pool_new();
	i->o = (struct s3_object){ .size = o->size,
	    .key = pool_strdup(i->p, o->key),
	    .etag = pool_strdup(i->p, o->etag),
	    .modified = pool_strdup(i->p, o->modified) };
	if (is_large(b, o))
		put_off(i);
	else if (b->by_service)
		s3_start_copy(b->to, b->many, b->from, &i->o,
		    copy_key(b, i->p, &i->o), on_copy, i);
	else
		start_get(i);
}

static bool
copy_one(struct objectbackup *b, struct item *i, struct err *e)
{
	const char *key;

	if (b->to == NULL)
		return objectfile_save_large(b, &i->o, e);
	key = copy_key(b, i->p, &i->o);
	if (s3_copy(b->to, b->from, &i->o, key, b->by_service, e))
		return true;
	if (!b->by_service || e->kind != ERR_DENIED)
		return false;
	stop_service(b, e);
	return s3_copy(b->to, b->from, &i->o, key, false, e);
}

bool
objectcopy_large(struct objectbackup *b, struct err *e)
{
	bool ok = !b->failed;

	while (b->large != NULL) {
		struct item *i = b->large;

		b->large = i->next;
		if (ok)
			ok = copy_one(b, i, e) || is_news(e);
		free_item(i);
	}
	return ok;
}
