/*
 * objectbackup_file - an object as a file of a folder, and beside it what a
 * file can't hold.
 */
#include "site/objectbackup_own.h"

#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "data/json.h"

enum {
	NAME_BYTES = 4096,	/* 1,024 bytes of a key, each as %XX */
	LONGEST = 200,		/* of a file's name, with room for .json */
	KEPT = 100,		/* of a longer one, before its hash */
	JSON_BYTES = 64 * 1024,
	RANGE_BYTES = 8 * 1024 * 1024,
};

static const char *
file_name(const struct objectbackup *b, struct pool *p, const char *key)
{
	struct buf name = buf_new(NAME_BYTES), hash = buf_new(64);
	const char *done;

	store_part(&name, key);
	if (name.len <= LONGEST) {
		done = pool_printf(p, "%s/%s", b->folder, buf_str(&name));
	} else {
		digest_sha256(key, strlen(key), &hash);
		done = pool_printf(p, "%s/%.*s~%s", b->folder, KEPT,
		    buf_str(&name), buf_str(&hash));
	}
	buf_free(&name);
	buf_free(&hash);
	return done;
}

/* The file beside it comes last: with it the copy is whole. */
static bool
save_facts(struct objectbackup *b, struct pool *p,
    const struct s3_object *o, const char *const *headers,
    const char *sha256, struct err *e)
{
	struct buf text = buf_new(JSON_BYTES);
	struct json *j = json_object(), *list;
	bool ok;

	json_set_str(j, "key", o->key);
	json_set_num(j, "size", (double)o->size);
	json_set_str(j, "etag", o->etag);
	json_set_str(j, "sha256", sha256);
	list = json_add(j, "headers", json_array());
	for (size_t i = 0; headers != NULL && headers[i] != NULL; i++)
		json_add(list, NULL, json_string(headers[i]));
	json_print(j, true, &text);
	ok = buf_check(&text, o->key, e)
	    && store_put(b->store, pool_printf(p, "%s.json",
		file_name(b, p, o->key)), buf_str(&text), text.len, e);
	json_free(j);
	buf_free(&text);
	return ok;
}

bool
objectfile_save(struct objectbackup *b, const struct s3_object *o,
    const char *const *headers, const char *body, size_t n, struct err *e)
{
	struct pool *p = pool_new();
	struct buf hash = buf_new(64);
	bool ok;

	digest_sha256(body, n, &hash);
	ok = store_put(b->store, file_name(b, p, o->key), body, n, e)
	    && save_facts(b, p, o, headers, buf_str(&hash), e);
	buf_free(&hash);
	pool_free(p);
	return ok;
}

/* The ranges of one object, by its ETag. */
static bool
write_ranges(struct objectbackup *b, struct store_writer *w,
    const struct s3_object *o, struct s3_info *info, struct pool *keep,
    struct err *e)
{
	struct buf range = buf_new(RANGE_BYTES);
	bool ok = true;

	for (long long at = 0; ok && at < o->size; ) {
		struct pool *p = at == 0 ? keep : pool_new();
		struct s3_info other;

		buf_clear(&range);
		ok = s3_read(b->from, p, o->key, o->etag, at, RANGE_BYTES,
		    &range, at == 0 ? info : &other, e)
		    && store_append(w, range.data, range.len, e);
		if (ok && range.len == 0)
			ok = err_set(e, ERR_CONFLICT, "%s: it became "
			    "shorter", o->key);
		at += (long long)range.len;
		if (p != keep)
			pool_free(p);
	}
	buf_free(&range);
	return ok;
}

bool
objectfile_save_large(struct objectbackup *b, const struct s3_object *o,
    struct err *e)
{
	struct pool *p = pool_new();
	struct store_writer *w = store_create(b->store,
	    file_name(b, p, o->key), e);
	struct s3_info info = { 0 };
	struct stored done;
	bool ok = w != NULL && write_ranges(b, w, o, &info, p, e);

	if (ok)
		ok = store_finish(w, &done, e)
		    && save_facts(b, p, o, info.headers, done.sha256, e);
	else
		store_abort(w);
	pool_free(p);
	return ok;
}

static const struct stored *
find_stored(const struct stored_list *l, const char *name)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, l->v[middle].name);

		if (order == 0)
			return &l->v[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool
same_facts(const struct s3_object *o, const char *text, size_t n)
{
	struct err e;
	struct json *j = json_parse(text, n, "", &e);
	double size;
	bool same = text_same(json_str(j, "key"), o->key)
	    && text_same(json_str(j, "etag"), o->etag)
	    && json_num(j, "size", &size) && size == (double)o->size;

	json_free(j);
	return same;
}

bool
objectfile_find(struct objectbackup *b, const struct stored_list *l,
    const struct s3_object *o, bool *there, struct err *e)
{
	struct pool *p = pool_new();
	const char *name = file_name(b, p, o->key);
	const char *facts = pool_printf(p, "%s.json", name);
	const struct stored *file = find_stored(l, name);
	struct buf text = buf_new(JSON_BYTES);
	bool ok = true;

	*there = false;
	if (file != NULL && file->size == o->size
	    && find_stored(l, facts) != NULL) {
		ok = store_get(b->store, facts, &text, e);
		*there = ok && same_facts(o, buf_str(&text), text.len);
	}
	buf_free(&text);
	pool_free(p);
	return ok;
}
