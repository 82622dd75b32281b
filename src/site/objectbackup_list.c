/*
 * objectbackup_list - a bucket's objects in order, and beside them their
 * copies.
 */
#include "site/objectbackup_own.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* ---- one listing ---- */

static bool
next_page(struct objectwalk *w, struct err *e)
{
	struct pool *p = pool_new();
	bool ok = s3_list(w->s, p, w->prefix, w->page.next, &w->page, e);

	pool_free(w->p);
	w->p = p;
	w->i = 0;
	w->begun = true;
	return ok;
}

bool
objectwalk_next(struct objectwalk *w, const struct s3_object **o,
    struct err *e)
{
	*o = NULL;
	while (w->i == w->page.n) {
		if (w->begun && w->page.next == NULL)
			return true;
		if (!next_page(w, e))
			return false;
	}
	*o = &w->page.v[w->i++];
	return true;
}

void
objectwalk_end(struct objectwalk *w)
{
	pool_free(w->p);
	w->p = NULL;
}

/* ---- copies ---- */

bool
objectcopies_begin(struct objectbackup *b, struct objectcopies *c,
    struct err *e)
{
	*c = (struct objectcopies){ .walk = { .s = b->to,
	    .prefix = b->to_prefix }, .p = pool_new() };
	return b->to != NULL
	    || store_list(b->store, c->p, b->folder, &c->list, e);
}

void
objectcopies_end(struct objectcopies *c)
{
	objectwalk_end(&c->walk);
	pool_free(c->p);
	c->p = NULL;
}

static bool
is_hash(const char *etag)
{
	return strlen(etag) == 32 && strchr(etag, '-') == NULL;
}

/* ETags of parts tell nothing of the bytes: there a copy that is younger
 * than its source is taken for one. */
static bool
same(const struct s3_object *copy, const struct s3_object *o)
{
	if (copy->size != o->size)
		return false;
	if (strcmp(copy->etag, o->etag) == 0)
		return true;
	return !(is_hash(copy->etag) && is_hash(o->etag))
	    && clock_parse(copy->modified) > clock_parse(o->modified);
}

bool
objectcopies_find(struct objectbackup *b, struct objectcopies *c,
    const struct s3_object *o, bool *there, struct err *e)
{
	size_t skip = strlen(b->to_prefix);
	int order = -1;

	*there = false;
	if (b->to == NULL)
		return objectfile_find(b, &c->list, o, there, e);
	while (!c->ended) {
		if (c->at != NULL) {
			order = strcmp(c->at->key + skip, o->key);
			if (order >= 0)
				break;
		}
		if (!objectwalk_next(&c->walk, &c->at, e))
			return false;
		c->ended = c->at == NULL;
	}
	*there = !c->ended && order == 0 && same(c->at, o);
	return true;
}
