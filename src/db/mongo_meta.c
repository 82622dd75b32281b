/* mongo_meta - see mongo_meta.h. */
#include "db/mongo_meta.h"

#include <stdint.h>
#include <string.h>

#include <bson/bson.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mongo_bson.h"
#include "db/mongo_dump.h"
#include "db/mongo_own.h"

enum { UUID_BYTES = 16 };

const char meta_buckets[] = "system.buckets.";

/* --- in which order --- */

/* What refers to others is written after them, and so read before them. */
static const struct {
	const char *name;
	bool suffix;
	int rank;
} order[] = {
	{ .name = "modulestore.active_versions", .rank = 0 },
	{ .name = "modulestore.structures", .rank = 1 },
	{ .name = "modulestore.definitions", .rank = 2 },
	{ .name = ".files", .suffix = true, .rank = 3 },
	{ .name = "contents", .rank = 5 },	/* of the forum: whom they */
	{ .name = "users", .rank = 6 },		/* are by */
	{ .name = ".chunks", .suffix = true, .rank = 7 },
};
enum { RANK_OTHERS = 4, ORDERED = sizeof order / sizeof order[0] };

static int
rank(const char *name)
{
	for (size_t i = 0; i < ORDERED; i++)
		if (order[i].suffix ? text_ends(name, order[i].name)
		    : text_same(name, order[i].name))
			return order[i].rank;
	return RANK_OTHERS;
}

int
meta_by_rank(const void *a, const void *b)
{
	const struct mongo_collection *x = a, *y = b;
	int by = rank(x->name) - rank(y->name);

	return by != 0 ? by : strcmp(x->name, y->name);
}

/* --- what the server says of a collection --- */

bool
meta_is_wanted(const char *name)
{
	if (text_same(name, "system.js"))
		return true;
	return !text_starts(name, "system.") && strchr(name, '$') == NULL;
}

/* The UUID within info, as mongorestore has it: digits only. */
static bool
append_uuid(const bson_t *row, bson_t *meta)
{
	struct buf hex = buf_new(2 * UUID_BYTES);
	bson_iter_t at, uuid;
	const uint8_t *data;
	bson_subtype_t type;
	bool ok = true;
	uint32_t n;

	if (bson_iter_init(&at, row)
	    && bson_iter_find_descendant(&at, "info.uuid", &uuid)
	    && BSON_ITER_HOLDS_BINARY(&uuid)) {
		bson_iter_binary(&uuid, &type, &n, &data);
		if (n == UUID_BYTES) {
			text_hex(&hex, data, n);
			ok = BSON_APPEND_UTF8(meta, "uuid", buf_str(&hex));
		}
	}
	buf_free(&hex);
	return ok;
}

static bool
append_options(const bson_t *row, bson_t *meta)
{
	bson_t options = BSON_INITIALIZER;
	bson_iter_t at;

	if (bson_iter_init_find(&at, row, "options")
	    && !mongo_document(&at, &options))
		return false;
	return BSON_APPEND_DOCUMENT(meta, "options", &options);
}

/* As mongodump writes it: canonical extended JSON. NULL: it can't be. */
static const char *
metadata(struct pool *pool, const bson_t *row, const bson_t *indexes,
    const char *name, const char *type)
{
	bson_t meta = BSON_INITIALIZER;
	const char *copy = NULL;
	char *json = NULL;
	size_t n;

	if (append_options(row, &meta)
	    && BSON_APPEND_ARRAY(&meta, "indexes", indexes)
	    && append_uuid(row, &meta)
	    && BSON_APPEND_UTF8(&meta, "collectionName", name)
	    && BSON_APPEND_UTF8(&meta, "type", type))
		json = bson_as_canonical_extended_json(&meta, &n);
	if (json != NULL)
		copy = pool_strndup(pool, json, n);
	bson_free(json);
	bson_destroy(&meta);
	return copy;
}

bool
meta_read(struct pool *pool, const void *row, size_t row_len,
    const void *indexes, size_t indexes_len, struct mongo_collection *c,
    bool *wanted, struct err *e)
{
	const char *type;
	bson_t r, list;

	*c = (struct mongo_collection){ 0 };
	*wanted = false;
	if (!mongo_bson_whole(row, row_len)
	    || !mongo_bson_whole(indexes, indexes_len)
	    || !bson_init_static(&r, row, row_len)
	    || !bson_init_static(&list, indexes, indexes_len)
	    || (c->name = mongo_text(pool, &r, "name")) == NULL
	    || *c->name == '\0' || !text_is_utf8(c->name, strlen(c->name)))
		return err_set(e, ERR_OTHER, "listCollections gave a row "
		    "that names no collection");
	if (!meta_is_wanted(c->name))
		return true;
	type = mongo_text(pool, &r, "type");
	if (text_same(type, "timeseries"))
		c->data = pool_printf(pool, "%s%s", meta_buckets, c->name);
	else if (!text_same(type, "view"))
		c->data = c->name;
	c->metadata = metadata(pool, &r, &list, c->name,
	    type == NULL ? "collection" : type);
	if (c->metadata == NULL)
		return err_set(e, ERR_OTHER, "collection %s: its options or "
		    "indexes can't be written as JSON", c->name);
	*wanted = true;
	return true;
}
