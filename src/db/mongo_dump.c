/* mongo_dump - see mongo_dump.h. */
#include "db/mongo_dump.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mongoc/mongoc.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mongo_bson.h"
#include "db/mongo_meta.h"
#include "db/mongo_own.h"

enum {
	BLOCK_BYTES = 256 * 1024,	/* what the sink is given at once */
	BATCH_BYTES = 4 << 20,		/* about what one answer shall hold */
	BATCH_FIRST = 100, BATCH_MOST = 20000,
	ADAPT_EVERY = 64,		/* documents */
	COLLECTIONS_MAX = 50000, INDEXES_MAX = 1000,
	SNAPSHOT_WIRE = 13,		/* of 5.0 */
	KEY_MAX = 16,
};

/* --- finding collections --- */

/* The indexes into the array; a view has none, and one that was dropped
 * meanwhile has none any more. */
static bool
find_indexes(struct mongo *m, const char *db, const bson_t *row,
    bson_t *list, struct err *e)
{
	struct pool *pool = pool_new();
	const char *name = mongo_text(pool, row, "name");
	mongoc_collection_t *c;
	mongoc_cursor_t *cursor;
	const bson_t *index;
	char digits[KEY_MAX];
	bson_error_t error;
	const char *key;
	uint32_t n = 0;
	bool ok = true;

	if (name == NULL || !meta_is_wanted(name)
	    || text_same(mongo_text(pool, row, "type"), "view"))
		goto out;
	c = mongoc_client_get_collection(m->client, db, name);
	cursor = mongoc_collection_find_indexes_with_opts(c, NULL);
	while (n < INDEXES_MAX && mongoc_cursor_next(cursor, &index)) {
		bson_uint32_to_string(n++, &key, digits, sizeof digits);
		ok = ok && bson_append_document(list, key, -1, index);
	}
	if (mongoc_cursor_error(cursor, &error))
		ok = mongo_fail(m, pool_printf(pool, "indexes of %s.%s", db,
		    name), &error, e);
	mongoc_cursor_destroy(cursor);
	mongoc_collection_destroy(c);
out:
	pool_free(pool);
	return ok;
}

/* Copies of the rows of listCollections, in the pool's memory. */
struct rows {
	bson_t **v;
	size_t n;
};

static void
rows_free(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		bson_destroy(r->v[i]);
	mem_free(r->v);
}

static bool
find_rows(struct mongo *m, const char *db, struct rows *r, struct err *e)
{
	mongoc_database_t *d = mongoc_client_get_database(m->client, db);
	mongoc_cursor_t *cursor =
	    mongoc_database_find_collections_with_opts(d, NULL);
	bson_error_t error;
	const bson_t *row;
	bool ok = true;

	while (r->n < COLLECTIONS_MAX && mongoc_cursor_next(cursor, &row)) {
		r->v = mem_grow(r->v, (r->n + 1) * sizeof *r->v);
		r->v[r->n++] = bson_copy(row);
	}
	if (mongoc_cursor_error(cursor, &error))
		ok = mongo_fail(m, "listCollections", &error, e);
	else if (r->n == COLLECTIONS_MAX)
		ok = err_set(e, ERR_OTHER, "database %s has more than %d "
		    "collections", db, COLLECTIONS_MAX);
	mongoc_cursor_destroy(cursor);
	mongoc_database_destroy(d);
	return ok;
}

static bool
read_row(struct mongo *m, struct pool *pool, const char *db,
    const bson_t *row, struct mongo_collection *c, bool *wanted,
    struct err *e)
{
	bson_t list = BSON_INITIALIZER;
	bool ok = find_indexes(m, db, row, &list, e)
	    && meta_read(pool, bson_get_data(row), row->len,
		bson_get_data(&list), list.len, c, wanted, e);

	bson_destroy(&list);
	return ok || err_within(e, "database %s", db);
}

bool
mongo_find_collections(struct mongo *m, struct pool *pool, const char *db,
    struct mongo_collections *found, struct err *e)
{
	struct mongo_collection *v;
	struct rows rows = { 0 };
	bool ok = find_rows(m, db, &rows, e), wanted;

	*found = (struct mongo_collections){ 0 };
	v = pool_alloc(pool, (rows.n + 1) * sizeof *v);
	for (size_t i = 0; ok && i < rows.n; i++) {
		ok = read_row(m, pool, db, rows.v[i], &v[found->n], &wanted,
		    e);
		if (ok && wanted)
			found->n++;
	}
	rows_free(&rows);
	qsort(v, found->n, sizeof *v, meta_by_rank);
	found->v = v;
	return ok;
}

/* --- about the server --- */

bool
mongo_find_version(struct mongo *m, struct pool *pool, const char **version,
    struct err *e)
{
	bson_t *command = BCON_NEW("buildInfo", BCON_INT32(1)), reply;
	bool ok = mongo_run(m, "admin", command, "buildInfo", &reply, e);

	bson_destroy(command);
	if (!ok)
		return false;
	*version = mongo_text(pool, &reply, "version");
	bson_destroy(&reply);
	return *version != NULL || err_set(e, ERR_OTHER,
	    "MongoDB %s: buildInfo gave no version", m->where);
}

const char *
mongo_driver_version(void)
{
	return mongoc_get_version();
}

/* Members of a replica set, and what stands before them, can read what was
 * at one instant. */
static bool
has_snapshots(struct mongo *m)
{
	bson_t *command = BCON_NEW("hello", BCON_INT32(1)), reply;
	struct err ignored = { 0 };
	bson_iter_t at;
	bool ok = mongo_run(m, "admin", command, "hello", &reply, &ignored);

	bson_destroy(command);
	if (!ok)
		return false;
	ok = bson_iter_init_find(&at, &reply, "maxWireVersion")
	    && bson_iter_as_int64(&at) >= SNAPSHOT_WIRE
	    && (bson_has_field(&reply, "setName")
		|| bson_has_field(&reply, "msg"));
	bson_destroy(&reply);
	return ok;
}

/* --- reading documents --- */

struct reading {
	struct mongo *m;
	const char *db, *data;
	const struct mongo_sink *sink;
	mongoc_client_session_t *session;	/* NULL: none */
	struct mongo_copied done;
	uint8_t *block;
	size_t held;
};

static void
open_session(struct reading *r)
{
	mongoc_session_opt_t *opts;
	bson_error_t ignored;

	if (r->m->no_snapshots || !has_snapshots(r->m))
		return;
	opts = mongoc_session_opts_new();
	mongoc_session_opts_set_causal_consistency(opts, false);
	mongoc_session_opts_set_snapshot(opts, true);
	r->session = mongoc_client_start_session(r->m->client, opts,
	    &ignored);
	mongoc_session_opts_destroy(opts);
	r->done.snapshot = r->session != NULL;
}

static bool
append_session(const struct reading *r, bson_t *opts)
{
	bson_error_t ignored;

	return r->session == NULL
	    || mongoc_client_session_append(r->session, opts, &ignored);
}

/* A snapshot that the server does not give, or no longer: next time
 * without. */
static bool
fail(struct reading *r, const char *what, const bson_error_t *error,
    struct err *e)
{
	struct err told;

	mongo_fail(r->m, what, error, &told);
	if (r->session != NULL && told.kind != ERR_NETWORK) {
		r->m->no_snapshots = true;
		told.kind = ERR_CONFLICT;
	}
	*e = told;
	return err_within(e, "%s.%s", r->db, r->data);
}

/* The number in the reply to an aggregate that counts; without a document
 * there is none. */
static long long
counted(const bson_t *reply)
{
	bson_iter_t at, n;

	return bson_iter_init(&at, reply)
	    && bson_iter_find_descendant(&at, "cursor.firstBatch.0.n", &n) ?
	    bson_iter_as_int64(&n) : 0;
}

/* The index on _id is smaller than the documents, where there is one. */
static bool
ask_count(struct reading *r, bool by_index, long long *n,
    bson_error_t *error)
{
	bson_t *command = BCON_NEW("aggregate", BCON_UTF8(r->data),
	    "pipeline", "[", "{", "$group", "{", "_id", BCON_INT32(1), "n",
	    "{", "$sum", BCON_INT32(1), "}", "}", "}", "]", "cursor", "{",
	    "}");
	bson_t opts = BSON_INITIALIZER, hint, reply;
	bool ok;

	if (by_index) {
		BSON_APPEND_DOCUMENT_BEGIN(command, "hint", &hint);
		BSON_APPEND_INT32(&hint, "_id", 1);
		bson_append_document_end(command, &hint);
	}
	append_session(r, &opts);
	ok = mongoc_client_read_command_with_opts(r->m->client, r->db,
	    command, NULL, &opts, &reply, error);
	if (ok)
		*n = counted(&reply);
	bson_destroy(&reply);
	bson_destroy(&opts);
	bson_destroy(command);
	return ok;
}

static bool
count(struct reading *r, long long *n, struct err *e)
{
	bson_error_t error;

	if (!text_starts(r->data, meta_buckets)
	    && ask_count(r, true, n, &error))
		return true;
	return ask_count(r, false, n, &error)
	    || fail(r, "can't count", &error, e);
}

static bool
flush(struct reading *r, struct err *e)
{
	size_t n = r->held;

	r->held = 0;
	return n == 0 || r->sink->add(r->sink->with, r->block, n, e);
}

static bool
add(struct reading *r, const bson_t *doc, struct err *e)
{
	const uint8_t *data = bson_get_data(doc);

	if (!mongo_bson_whole(data, doc->len))
		return err_set(e, ERR_OTHER, "%s.%s: the server gave a "
		    "document that is damaged, after %lld", r->db, r->data,
		    r->done.documents);
	r->done.documents++;
	r->done.bytes += doc->len;
	if (doc->len > BLOCK_BYTES - r->held && !flush(r, e))
		return false;
	if (doc->len > BLOCK_BYTES)
		return r->sink->add(r->sink->with, data, doc->len, e);
	memcpy(r->block + r->held, data, doc->len);
	r->held += doc->len;
	return true;
}

/* An answer holds about so many bytes, whatever size documents have. */
static void
adapt(const struct reading *r, mongoc_cursor_t *cursor)
{
	long long each, fit;

	if (r->done.documents == 0 || r->done.documents % ADAPT_EVERY != 0)
		return;
	each = r->done.bytes / r->done.documents;
	fit = BATCH_BYTES / (each > 0 ? each : 1);
	mongoc_cursor_set_batch_size(cursor, (uint32_t)(fit < 1 ? 1 :
	    fit > BATCH_MOST ? BATCH_MOST : fit));
}

static bool
read_all(struct reading *r, struct err *e)
{
	mongoc_collection_t *c = mongoc_client_get_collection(r->m->client,
	    r->db, r->data);
	bson_t filter = BSON_INITIALIZER, opts = BSON_INITIALIZER;
	mongoc_cursor_t *cursor;
	bson_error_t error;
	const bson_t *doc;
	bool ok = true;

	append_session(r, &opts);
	BSON_APPEND_INT32(&opts, "batchSize", BATCH_FIRST);
	BSON_APPEND_BOOL(&opts, "noCursorTimeout", r->session != NULL);
	cursor = mongoc_collection_find_with_opts(c, &filter, &opts, NULL);
	while (ok && mongoc_cursor_next(cursor, &doc)) {
		ok = add(r, doc, e);
		adapt(r, cursor);
	}
	if (ok && mongoc_cursor_error(cursor, &error))
		ok = fail(r, "reading", &error, e);
	mongoc_cursor_destroy(cursor);
	mongoc_collection_destroy(c);
	bson_destroy(&opts);
	return ok && flush(r, e);
}

/* Of one instant there are exactly as many; else as many as there were
 * before or after, or between. */
static bool
fits(const struct reading *r, long long before, long long after,
    struct err *e)
{
	long long least = before < after ? before : after;
	long long most = before < after ? after : before;

	return (r->done.documents >= least && r->done.documents <= most)
	    || err_set(e, ERR_CONFLICT, "%s.%s: %lld documents were read, "
	    "but the server counts %lld before and %lld after", r->db,
	    r->data, r->done.documents, before, after);
}

bool
mongo_dump(struct mongo *m, const char *db, const char *data,
    const struct mongo_sink *sink, struct mongo_copied *copied,
    struct err *e)
{
	struct reading r = { .m = m, .db = db, .data = data, .sink = sink,
	    .block = mem_alloc(BLOCK_BYTES) };
	long long before = 0, after = 0;
	bool ok;

	open_session(&r);
	ok = count(&r, &before, e) && read_all(&r, e);
	if (ok && r.session != NULL)
		after = before;
	else if (ok)
		ok = count(&r, &after, e);
	ok = ok && fits(&r, before, after, e);
	if (r.session != NULL)
		mongoc_client_session_destroy(r.session);
	mem_free(r.block);
	*copied = r.done;
	return ok;
}
