/*
 * store - see store.h: which kind it is, and what all kinds have in common.
 */
#include "site/store.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/store_own.h"

enum {
	NAME_MAX_BYTES = 900,	/* S3 allows 1024, with the prefix */
	SMALL_PART = 64 * 1024,
};

struct store {
	const struct store_kind *kind;
	void *own;
	char *url;
};

struct store_writer {
	const struct store_kind *kind;
	void *own;
	struct digest *digest;
	long long size;
	char *name;
};

struct store_reader {
	const struct store_kind *kind;
	void *own;
};

static const struct store_kind *const kinds[] = {
	&store_dir, &store_s3, NULL
};

static struct store_login login;
static const char *url;

static bool
check_url(const char *text, struct err *e)
{
	for (size_t i = 0; kinds[i] != NULL; i++)
		if (text_starts(text, kinds[i]->scheme)
		    && text[strlen(kinds[i]->scheme)] != '\0')
			return true;
	return err_set(e, ERR_INPUT, "must be file:///folder or "
	    "s3://bucket/prefix");
}

const struct input store_inputs[] = {
	{ .name = "backup-to", .str = &url, .plan = "backup.to",
	  .check = check_url,
	  .help = "Where backups go: file:///folder or s3://bucket/prefix" },
	{ .name = "backup-endpoint", .str = &login.endpoint, .optional = true,
	  .plan = "backup.endpoint", .check = text_check_url,
	  .help = "URL of the bucket's S3 server, such as that of a region "
	    "of Spaces; only a folder needs none" },
	{ .name = "backup-region", .str = &login.region, .optional = true,
	  .plan = "backup.region",
	  .help = "The bucket's region; us-east-1 if empty" },
	{ .name = "backup-key-id", .str = &login.key_id, .optional = true,
	  .secret = true, .help = "Id of the bucket's access key" },
	{ .name = "backup-secret-key", .str = &login.secret,
	  .optional = true, .secret = true,
	  .help = "The secret of that key" },
	{ 0 }
};

const struct store_login *
store_login(void)
{
	return &login;
}

struct store *
store_open(struct err *e)
{
	struct store *s = mem_alloc(sizeof *s);

	for (size_t i = 0; kinds[i] != NULL; i++)
		if (text_starts(url, kinds[i]->scheme))
			s->kind = kinds[i];
	assert(s->kind != NULL);	/* check_url saw it */
	s->url = mem_strdup(url);
	s->own = s->kind->open(url + strlen(s->kind->scheme), e);
	if (s->own == NULL) {
		store_close(s);
		return NULL;
	}
	return s;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->own != NULL)
		s->kind->close(s->own);
	mem_free(s->url);
	mem_free(s);
}

const char *
store_url(const struct store *s)
{
	return s->url;
}

void
store_part(struct buf *out, const char *text)
{
	if (*text == '.') {
		buf_puts(out, "%2E");
		text++;
	}
	text_percent(out, text);
}

/* Names are made by us: one that leaves its place is a broken promise. */
static void
assert_name(const char *name)
{
	assert(*name != '\0' && strlen(name) <= NAME_MAX_BYTES);
	assert(*name != '/' && !text_ends(name, "/"));
	for (const char *p = name; *p != '\0'; p++)
		assert((p != name && p[-1] != '/')
		    || (*p != '.' && *p != '/'));
}

struct store_writer *
store_create(struct store *s, const char *name, struct err *e)
{
	struct store_writer *w;
	void *own;

	assert_name(name);
	own = s->kind->create(s->own, name, e);
	if (own == NULL) {
		err_within(e, "%s", s->url);
		return NULL;
	}
	w = mem_alloc(sizeof *w);
	w->kind = s->kind;
	w->own = own;
	w->name = mem_strdup(name);
	w->digest = digest_new();
	return w;
}

bool
store_append(struct store_writer *w, const void *p, size_t n, struct err *e)
{
	if (!w->kind->append(w->own, p, n, e))
		return err_within(e, "can't write %s", w->name);
	digest_add(w->digest, p, n);
	w->size += (long long)n;
	return true;
}

static void
forget_writer(struct store_writer *w)
{
	digest_end(w->digest, NULL);
	mem_free(w->name);
	mem_free(w);
}

bool
store_finish(struct store_writer *w, struct stored *made, struct err *e)
{
	bool ok = w->kind->finish(w->own, e)
	    || err_within(e, "can't write %s", w->name);
	struct buf hex = buf_new(sizeof made->sha256);

	digest_end(w->digest, &hex);
	w->digest = NULL;
	if (ok) {
		made->size = w->size;
		snprintf(made->sha256, sizeof made->sha256, "%s",
		    buf_str(&hex));
	}
	buf_free(&hex);
	forget_writer(w);
	return ok;
}

void
store_abort(struct store_writer *w)
{
	if (w == NULL)
		return;
	w->kind->abort(w->own);
	forget_writer(w);
}

struct store_reader *
store_read(struct store *s, const char *name, struct err *e)
{
	struct store_reader *r;
	void *own;

	assert_name(name);
	own = s->kind->read(s->own, name, e);
	if (own == NULL)
		return NULL;
	r = mem_alloc(sizeof *r);
	r->kind = s->kind;
	r->own = own;
	return r;
}

bool
store_next(struct store_reader *r, void *p, size_t room, size_t *n,
    struct err *e)
{
	return r->kind->next(r->own, p, room, n, e);
}

void
store_end(struct store_reader *r)
{
	if (r == NULL)
		return;
	r->kind->end(r->own);
	mem_free(r);
}

bool
store_put(struct store *s, const char *name, const char *text, size_t n,
    struct err *e)
{
	struct store_writer *w = store_create(s, name, e);
	struct stored made;

	if (w == NULL)
		return false;
	if (store_append(w, text, n, e))
		return store_finish(w, &made, e);
	store_abort(w);
	return false;
}

bool
store_get(struct store *s, const char *name, struct buf *out, struct err *e)
{
	struct store_reader *r = store_read(s, name, e);
	char *part = mem_alloc(SMALL_PART);
	size_t n = 1;
	bool ok = r != NULL;

	while (ok && n > 0 && !out->full) {
		ok = store_next(r, part, SMALL_PART, &n, e);
		if (ok)
			buf_add(out, part, n);
	}
	mem_free(part);
	store_end(r);
	return ok && buf_check(out, name, e);
}

bool
store_list(struct store *s, struct pool *pool, const char *folder,
    struct stored_list *found, struct err *e)
{
	assert_name(folder);
	*found = (struct stored_list){ 0 };
	return s->kind->list(s->own, pool, folder, found, e)
	    || err_within(e, "%s", s->url);
}

bool
store_remove(struct store *s, const char *name, struct err *e)
{
	assert_name(name);
	return s->kind->remove(s->own, name, e);
}

bool
store_sweep(struct store *s, const char *folder, size_t *n, struct err *e)
{
	size_t ignored = 0;

	assert_name(folder);
	n = n != NULL ? n : &ignored;
	*n = 0;
	return s->kind->sweep(s->own, folder, n, e)
	    || err_within(e, "%s", s->url);
}
