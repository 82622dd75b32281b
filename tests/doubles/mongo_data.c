/*
 * mongo_data - commands about databases, collections and documents.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "mongo_base.h"
#include "mongo_cmd.h"
#include "mongo_match.h"
#include "mongo_wire.h"

enum {
	FIRST_BATCH = 101,		/* the server's default */
	MD5_HEX = 33
};

/* Documents copied out of a collection; the list owns them. */
struct picked {
	bson_t **v;
	size_t n;
};

static void
picked_free(struct picked *p)
{
	for (size_t i = 0; i < p->n; i++)
		bson_destroy(p->v[i]);
	free(p->v);
	*p = (struct picked){ 0 };
}

static void
picked_add(struct picked *p, bson_t *doc)
{
	p->v = mem_room(p->v, p->n, sizeof(bson_t *));
	p->v[p->n++] = doc;
}

static const char *
array_key(uint32_t i, char buf[16])
{
	const char *key;

	bson_uint32_to_string(i, &key, buf, 16);
	return key;
}

/* The collection that a command names, if its name can be one. */
static const char *
coll_name(struct call *c)
{
	const char *name = get_text(c->body, c->name);

	if (name != NULL && name[0] != '\0' && name[0] != '.'
	    && strchr(name, '$') == NULL)
		return name;
	refuse(c, INVALID_NAMESPACE, "Invalid namespace specified '%s.%.64s'",
	    c->db, name != NULL ? name : "");
	return NULL;
}

static bool
check_filter(struct call *c, const bson_t *filter)
{
	const char *bad = filter_unknown(filter);

	return bad == NULL
	    || refuse(c, BAD_VALUE, "unknown operator: %.64s", bad);
}

static void
pick(const struct coll *coll, const bson_t *filter, struct picked *out)
{
	for (size_t i = 0; coll != NULL && i < coll->n; i++) {
		if (filter_match(filter, coll->docs[i]))
			picked_add(out, bson_copy(coll->docs[i]));
	}
}

static bool
run_match(struct call *c, const bson_t *filter, struct picked *p);
static bool
run_stages(struct call *c, const bson_t *stages, struct picked *p);

/* What a command reads: of a view, what its pipeline makes of its
 * collection; a view of a view is not one of ours. */
static bool
pick_for(struct call *c, const char *name, const bson_t *filter,
    struct picked *p)
{
	const struct coll *coll = store_find_coll(c->store, c->db, name);
	bson_t all = BSON_INITIALIZER, stages;

	/* There is no history: what changed since can't be had any more. */
	if (coll != NULL && c->snapshot > 0 && coll->changed > c->snapshot)
		return refuse(c, SNAPSHOT_TOO_OLD, "Read timestamp is older "
		    "than the oldest available timestamp.");
	if (coll == NULL || coll_view_on(coll) == NULL) {
		pick(coll, filter, p);
		return true;
	}
	pick(store_find_coll(c->store, c->db, coll_view_on(coll)), &all, p);
	if ((get_doc(coll->options, "pipeline", &stages)
	    && !run_stages(c, &stages, p)) || !run_match(c, filter, p)) {
		picked_free(p);
		return false;
	}
	return true;
}

/* Where documents or indexes are wanted, a view is refused. */
static bool
check_no_view(struct call *c, const char *name)
{
	const struct coll *coll = store_find_coll(c->store, c->db, name);

	return coll == NULL || coll_view_on(coll) == NULL
	    || refuse(c, NOT_ON_VIEW, "Namespace %s.%.128s is a view, not a "
	    "collection", c->db, name);
}

/* Keep n documents after the first few; a limit of 0 is none. */
static void
picked_window(struct picked *p, int64_t skip, int64_t limit)
{
	size_t from = (size_t)(skip > 0 ? skip : 0);
	size_t to = p->n, n = 0;

	if (limit > 0 && from < p->n && (size_t)limit < p->n - from)
		to = from + (size_t)limit;
	for (size_t i = 0; i < p->n; i++) {
		if (i >= from && i < to)
			p->v[n++] = p->v[i];
		else
			bson_destroy(p->v[i]);
	}
	p->n = n;
}

/*
 * Give the next documents of a cursor: at most max of them (negative: as
 * many as there are), and no more than fits a message. The cursor ends when
 * none is left.
 */
static void
append_batch(struct call *c, struct cursor *cur, const char *key,
    int64_t max, bool single)
{
	bson_t doc, list;
	uint32_t i = 0;
	size_t bytes = 0;
	bool more;
	char buf[16];

	bson_append_document_begin(c->reply, "cursor", -1, &doc);
	bson_append_array_begin(&doc, key, -1, &list);
	while (cur->next < cur->n && (max < 0 || i < max)) {
		bson_t *d = cur->docs[cur->next];

		if (i > 0 && bytes + d->len > WIRE_DOC_MAX - 1024 * 1024)
			break;
		bytes += d->len + 16;
		bson_append_document(&list, array_key(i++, buf), -1, d);
		bson_destroy(d);
		cur->next++;
	}
	bson_append_array_end(&doc, &list);
	more = cur->next < cur->n && !single;
	bson_append_int64(&doc, "id", -1, more ? cur->id : 0);
	bson_append_utf8(&doc, "ns", -1, cur->ns, -1);
	if (c->snapshot > 0)
		bson_append_timestamp(&doc, "atClusterTime", -1,
		    (uint32_t)c->snapshot, 1);
	bson_append_document_end(c->reply, &doc);
	if (!more)
		store_drop_cursor(c->store, cur);
}

/* Answer with what was picked, as a cursor that takes it over. */
static bool
reply_cursor(struct call *c, const char *coll, struct picked *p,
    int64_t batch, bool single)
{
	char *ns = mem_fmt("%s.%s", c->db, coll);
	struct cursor *cur = store_add_cursor(c->store, ns, p->v, p->n);

	free(ns);
	*p = (struct picked){ 0 };
	memcpy(cur->owner, c->conn->user_id, USER_ID_LEN);
	cur->lasts = get_bool(c->body, "noCursorTimeout", false);
	append_batch(c, cur, "firstBatch", batch, single);
	return true;
}

/* The batch size of a command's "cursor" document. */
static int64_t
cursor_batch(const struct call *c)
{
	bson_t doc;

	if (!get_doc(c->body, "cursor", &doc))
		return FIRST_BATCH;
	return get_int(&doc, "batchSize", FIRST_BATCH);
}

static bool
run_find(struct call *c)
{
	const char *name = coll_name(c);
	struct picked p = { 0 };
	bson_t filter = BSON_INITIALIZER, sort, fields;
	int64_t limit = get_int(c->body, "limit", 0);

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "find"))
		return refuse_unauthorized(c);
	(void)get_doc(c->body, "filter", &filter);
	if (!check_filter(c, &filter))
		return false;
	if (limit < 0 || get_int(c->body, "skip", 0) < 0
	    || get_int(c->body, "batchSize", 0) < 0)
		return refuse(c, (enum code)51024, "BSON field value must "
		    "be >= 0");
	if (!pick_for(c, name, &filter, &p))
		return false;
	if (get_doc(c->body, "sort", &sort) && p.n > 1)
		docs_sort(p.v, p.n, &sort);
	picked_window(&p, get_int(c->body, "skip", 0), limit);
	if (get_doc(c->body, "projection", &fields) && !bson_empty(&fields)) {
		for (size_t i = 0; i < p.n; i++) {
			bson_t *less = doc_project(p.v[i], &fields);

			bson_destroy(p.v[i]);
			p.v[i] = less;
		}
	}
	return reply_cursor(c, name, &p,
	    get_int(c->body, "batchSize", FIRST_BATCH),
	    get_bool(c->body, "singleBatch", false));
}

static bool
run_get_more(struct call *c)
{
	int64_t id = get_int(c->body, c->name, 0);
	const char *coll = get_text(c->body, "collection");
	struct cursor *cur = store_find_cursor(c->store, id);
	char *ns;
	bool same;

	if (cur == NULL)
		return refuse(c, CURSOR_NOT_FOUND, "cursor id %lld not found",
		    (long long)id);
	ns = mem_fmt("%s.%s", c->db, coll);
	same = strcmp(ns, cur->ns) == 0;
	free(ns);
	if (!same || memcmp(cur->owner, c->conn->user_id, USER_ID_LEN) != 0)
		return refuse(c, UNAUTHORIZED, "cursor id %lld was not "
		    "created by the authenticated user, or is of another "
		    "namespace", (long long)id);
	/* What was taken away meanwhile is not read to the end. */
	if (strncmp(coll, "$cmd.", 5) != 0
	    && !may_on_coll(c, c->db, coll, "find"))
		return refuse_unauthorized(c);
	append_batch(c, cur, "nextBatch", get_int(c->body, "batchSize", -1),
	    false);
	return true;
}

static bool
run_kill_cursors(struct call *c)
{
	bson_t ids, killed, missing;
	bson_iter_t it;
	uint32_t n_killed = 0, n_missing = 0;
	char buf[16];

	(void)get_doc(c->body, "cursors", &ids);
	bson_init(&killed);
	bson_init(&missing);
	bson_iter_init(&it, &ids);
	while (bson_iter_next(&it)) {
		int64_t id = bson_iter_as_int64(&it);
		struct cursor *cur = store_find_cursor(c->store, id);

		if (cur != NULL && memcmp(cur->owner, c->conn->user_id,
		    USER_ID_LEN) == 0) {
			store_drop_cursor(c->store, cur);
			bson_append_int64(&killed,
			    array_key(n_killed++, buf), -1, id);
		} else
			bson_append_int64(&missing,
			    array_key(n_missing++, buf), -1, id);
	}
	bson_append_array(c->reply, "cursorsKilled", -1, &killed);
	bson_append_array(c->reply, "cursorsNotFound", -1, &missing);
	bson_init(&ids);
	bson_append_array(c->reply, "cursorsAlive", -1, &ids);
	bson_append_array(c->reply, "cursorsUnknown", -1, &ids);
	bson_destroy(&killed);
	bson_destroy(&missing);
	return true;
}

static bool
run_count(struct call *c)
{
	const char *name = coll_name(c);
	struct picked p = { 0 };
	bson_t filter = BSON_INITIALIZER;

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "find"))
		return refuse_unauthorized(c);
	(void)get_doc(c->body, "query", &filter);
	if (!check_filter(c, &filter))
		return false;
	if (!pick_for(c, name, &filter, &p))
		return false;
	picked_window(&p, get_int(c->body, "skip", 0),
	    get_int(c->body, "limit", 0));
	bson_append_int32(c->reply, "n", -1, (int32_t)p.n);
	picked_free(&p);
	return true;
}

static void
replace_by_count(struct picked *p, const char *field, const bson_iter_t *id)
{
	bson_t *doc = bson_new();
	int32_t n = (int32_t)p->n;

	picked_free(p);
	/* Without input there is no group to count. */
	if (n == 0) {
		bson_destroy(doc);
		return;
	}
	if (id != NULL)
		bson_append_iter(doc, "_id", -1, id);
	bson_append_int32(doc, field, -1, n);
	picked_add(p, doc);
}

/* {_id: constant, field: {$sum: 1}}: how drivers count documents. */
static bool
run_group(struct call *c, const bson_t *spec, struct picked *p)
{
	bson_iter_t it, id, sub;
	const char *field = NULL;

	if (!bson_iter_init_find(&id, spec, "_id")
	    || (BSON_ITER_HOLDS_UTF8(&id)
	    && bson_iter_utf8(&id, NULL)[0] == '$'))
		return refuse(c, BAD_VALUE,
		    "this server groups by a constant only");
	bson_iter_init(&it, spec);
	while (bson_iter_next(&it)) {
		if (strcmp(bson_iter_key(&it), "_id") == 0)
			continue;
		if (field != NULL || !BSON_ITER_HOLDS_DOCUMENT(&it)
		    || !bson_iter_recurse(&it, &sub)
		    || !bson_iter_next(&sub)
		    || strcmp(bson_iter_key(&sub), "$sum") != 0
		    || bson_iter_as_int64(&sub) != 1)
			return refuse(c, BAD_VALUE,
			    "this server only knows {$sum: 1}");
		field = bson_iter_key(&it);
	}
	if (field == NULL)
		return refuse(c, BAD_VALUE, "nothing to count");
	replace_by_count(p, field, &id);
	return true;
}

static bool
run_match(struct call *c, const bson_t *filter, struct picked *p)
{
	struct picked kept = { 0 };

	if (!check_filter(c, filter))
		return false;
	for (size_t i = 0; i < p->n; i++) {
		if (filter_match(filter, p->v[i]))
			picked_add(&kept, p->v[i]);
		else
			bson_destroy(p->v[i]);
	}
	free(p->v);
	*p = kept;
	return true;
}

static bool
run_stage(struct call *c, const bson_iter_t *stage, struct picked *p)
{
	bson_t doc = BSON_INITIALIZER;
	bson_iter_t it;
	const char *op;

	if (!BSON_ITER_HOLDS_DOCUMENT(stage)
	    || !bson_iter_recurse(stage, &it) || !bson_iter_next(&it))
		return refuse(c, TYPE_MISMATCH,
		    "Each element of the 'pipeline' array must be an "
		    "object");
	op = bson_iter_key(&it);
	if (BSON_ITER_HOLDS_DOCUMENT(&it)) {
		const uint8_t *data;
		uint32_t n;

		bson_iter_document(&it, &n, &data);
		bson_init_static(&doc, data, n);
	}
	if (strcmp(op, "$match") == 0)
		return run_match(c, &doc, p);
	if (strcmp(op, "$group") == 0)
		return run_group(c, &doc, p);
	if (strcmp(op, "$sort") == 0) {
		docs_sort(p->v, p->n, &doc);
		return true;
	}
	if (strcmp(op, "$skip") == 0 || strcmp(op, "$limit") == 0) {
		int64_t n = bson_iter_as_int64(&it);

		picked_window(p, op[1] == 's' ? n : 0, op[1] == 's' ? 0 : n);
		return true;
	}
	if (strcmp(op, "$count") == 0 && BSON_ITER_HOLDS_UTF8(&it)) {
		replace_by_count(p, bson_iter_utf8(&it, NULL), NULL);
		return true;
	}
	return refuse(c, (enum code)40324,
	    "Unrecognized pipeline stage name: '%.64s'", op);
}

static bool
run_stages(struct call *c, const bson_t *stages, struct picked *p)
{
	bson_iter_t it;

	bson_iter_init(&it, stages);
	while (bson_iter_next(&it)) {
		if (!run_stage(c, &it, p))
			return false;
	}
	return true;
}

/* A hint names an index that is there. */
static bool
check_hint(struct call *c, const char *name)
{
	const struct coll *coll = store_find_coll(c->store, c->db, name);
	bson_t hint, key;

	if (coll == NULL || !get_doc(c->body, "hint", &hint)
	    || bson_has_field(&hint, "_id"))
		return true;
	for (size_t i = 0; i < coll->n_indexes; i++) {
		if (get_doc(coll->indexes[i], "key", &key)
		    && bson_equal(&key, &hint))
			return true;
	}
	return refuse(c, BAD_VALUE, "error processing query: hint provided "
	    "does not correspond to an existing index");
}

static bool
run_aggregate(struct call *c)
{
	const char *name = coll_name(c);
	struct picked p = { 0 };
	bson_t all = BSON_INITIALIZER, stages, cursor;

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "find"))
		return refuse_unauthorized(c);
	if (!get_doc(c->body, "cursor", &cursor))
		return refuse(c, (enum code)9, "The 'cursor' option is "
		    "required, except for aggregate with the explain "
		    "argument");
	if (!check_hint(c, name) || !pick_for(c, name, &all, &p))
		return false;
	(void)get_doc(c->body, "pipeline", &stages);
	if (!run_stages(c, &stages, &p)) {
		picked_free(&p);
		return false;
	}
	return reply_cursor(c, name, &p, cursor_batch(c), false);
}

static void
append_duplicate(struct call *c, bson_t *errors, uint32_t n, uint32_t at,
    const char *coll, const bson_t *doc)
{
	bson_t row, key;
	bson_iter_t it;
	char *text = mem_fmt("E11000 duplicate key error collection: %s.%s "
	    "index: _id_ dup key", c->db, coll);
	char buf[16];

	bson_append_document_begin(errors, array_key(n, buf), -1, &row);
	bson_append_int32(&row, "index", -1, (int32_t)at);
	bson_append_int32(&row, "code", -1, DUPLICATE_KEY);
	bson_append_document_begin(&row, "keyValue", -1, &key);
	if (bson_iter_init_find(&it, doc, "_id"))
		bson_append_iter(&key, "_id", -1, &it);
	bson_append_document_end(&row, &key);
	bson_append_utf8(&row, "errmsg", -1, text, -1);
	bson_append_document_end(errors, &row);
	free(text);
}

static bool
run_insert(struct call *c)
{
	const char *name = coll_name(c);
	bool ordered = get_bool(c->body, "ordered", true);
	bson_t docs, doc, errors = BSON_INITIALIZER;
	uint32_t at = 0, n = 0, n_errors = 0;
	struct coll *coll;
	bson_iter_t it;

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "insert"))
		return refuse_unauthorized(c);
	if (!check_no_view(c, name))
		return false;
	(void)get_doc(c->body, "documents", &docs);
	coll = store_need_coll(c->store, c->db, name);
	bson_iter_init(&it, &docs);
	while (bson_iter_next(&it) && (n_errors == 0 || !ordered)) {
		const uint8_t *p;
		uint32_t len;

		if (!BSON_ITER_HOLDS_DOCUMENT(&it)) {
			bson_destroy(&errors);
			return refuse(c, TYPE_MISMATCH, "documents are "
			    "objects");
		}
		bson_iter_document(&it, &len, &p);
		bson_init_static(&doc, p, len);
		if (coll_insert(coll, &doc))
			n++;
		else
			append_duplicate(c, &errors, n_errors++, at, name,
			    &doc);
		at++;
	}
	bson_append_int32(c->reply, "n", -1, (int32_t)n);
	if (n_errors > 0)
		bson_append_array(c->reply, "writeErrors", -1, &errors);
	bson_destroy(&errors);
	return true;
}

/* One {q, limit}; how many documents went. */
static bool
delete_some(struct call *c, struct coll *coll, const bson_t *what,
    int32_t *n)
{
	bool one = get_int(what, "limit", 0) == 1;
	bson_t q = BSON_INITIALIZER;

	(void)get_doc(what, "q", &q);
	if (!check_filter(c, &q))
		return false;
	for (size_t i = 0; coll != NULL && i < coll->n;) {
		if (!filter_match(&q, coll->docs[i])) {
			i++;
			continue;
		}
		coll_remove(coll, i);
		(*n)++;
		if (one)
			break;
	}
	return true;
}

static bool
run_delete(struct call *c)
{
	const char *name = coll_name(c);
	bson_t list, what;
	bson_iter_t it;
	int32_t n = 0;

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "remove"))
		return refuse_unauthorized(c);
	(void)get_doc(c->body, "deletes", &list);
	bson_iter_init(&it, &list);
	while (bson_iter_next(&it)) {
		const uint8_t *p;
		uint32_t len;

		if (!BSON_ITER_HOLDS_DOCUMENT(&it))
			return refuse(c, TYPE_MISMATCH, "deletes are "
			    "objects");
		bson_iter_document(&it, &len, &p);
		bson_init_static(&what, p, len);
		if (!delete_some(c, store_find_coll(c->store, c->db, name),
		    &what, &n))
			return false;
	}
	bson_append_int32(c->reply, "n", -1, n);
	return true;
}

static int64_t
coll_bytes(const struct coll *coll)
{
	int64_t n = 0;

	for (size_t i = 0; i < coll->n; i++)
		n += coll->docs[i]->len;
	return n;
}

static int64_t
db_bytes(const struct database *d)
{
	int64_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += coll_bytes(d->v[i]);
	return n;
}

/* Without listDatabases, those where the user may read something. */
static bool
may_see_db(const struct call *c, const struct database *d, bool all)
{
	if (all || may_on_db(c, d->name, "find"))
		return true;
	for (size_t i = 0; i < d->n; i++) {
		if (may_on_coll(c, d->name, d->v[i]->name, "find"))
			return true;
	}
	return false;
}

static bool
run_list_databases(struct call *c)
{
	bool all = may_on_cluster(c, "listDatabases")
	    && !get_bool(c->body, "authorizedDatabases", false);
	bool names = get_bool(c->body, "nameOnly", false);
	bson_t list, row, filter = BSON_INITIALIZER;
	int64_t total = 0;
	uint32_t n = 0;
	char buf[16];

	(void)get_doc(c->body, "filter", &filter);
	if (!check_filter(c, &filter))
		return false;
	bson_append_array_begin(c->reply, "databases", -1, &list);
	for (size_t i = 0; i < c->store->n_dbs; i++) {
		const struct database *d = c->store->dbs[i];
		int64_t size = db_bytes(d);

		if (!may_see_db(c, d, all))
			continue;
		bson_init(&row);
		bson_append_utf8(&row, "name", -1, d->name, -1);
		if (!names) {
			bson_append_int64(&row, "sizeOnDisk", -1, size);
			bson_append_bool(&row, "empty", -1, false);
		}
		if (filter_match(&filter, &row)) {
			bson_append_document(&list, array_key(n++, buf), -1,
			    &row);
			total += size;
		}
		bson_destroy(&row);
	}
	bson_append_array_end(c->reply, &list);
	if (!names) {
		bson_append_int64(c->reply, "totalSize", -1, total);
		bson_append_int64(c->reply, "totalSizeMb", -1,
		    total / (1024 * 1024));
	}
	return true;
}

static void
append_id_index(bson_t *doc)
{
	bson_t key;

	bson_append_int32(doc, "v", -1, 2);
	bson_append_document_begin(doc, "key", -1, &key);
	bson_append_int32(&key, "_id", -1, 1);
	bson_append_document_end(doc, &key);
	bson_append_utf8(doc, "name", -1, "_id_", -1);
}

static bson_t *
describe_coll(const struct coll *coll, bool name_only)
{
	bson_t *row = bson_new();
	bson_t sub;

	bool view = coll_view_on(coll) != NULL;

	bson_append_utf8(row, "name", -1, coll->name, -1);
	bson_append_utf8(row, "type", -1, view ? "view" : "collection", -1);
	if (name_only)
		return row;
	bson_append_document_begin(row, "options", -1, &sub);
	if (coll->options != NULL)
		bson_concat(&sub, coll->options);
	bson_append_document_end(row, &sub);
	bson_append_document_begin(row, "info", -1, &sub);
	bson_append_bool(&sub, "readOnly", -1, view);
	if (!view)
		bson_append_binary(&sub, "uuid", -1, BSON_SUBTYPE_UUID,
		    coll->uuid, sizeof(coll->uuid));
	bson_append_document_end(row, &sub);
	if (view)
		return row;
	bson_append_document_begin(row, "idIndex", -1, &sub);
	append_id_index(&sub);
	bson_append_document_end(row, &sub);
	return row;
}

static bool
run_list_collections(struct call *c)
{
	bool all = may_on_db(c, c->db, "listCollections");
	bool names = get_bool(c->body, "nameOnly", false);
	bool mine = get_bool(c->body, "authorizedCollections", false);
	struct database *d = store_find_db(c->store, c->db);
	bson_t filter = BSON_INITIALIZER;
	struct picked p = { 0 };

	if (!all && !(names && mine))
		return refuse_unauthorized(c);
	(void)get_doc(c->body, "filter", &filter);
	if (!check_filter(c, &filter))
		return false;
	for (size_t i = 0; d != NULL && i < d->n; i++) {
		bson_t *row;

		if (mine && !may_on_coll(c, c->db, d->v[i]->name, "find"))
			continue;
		row = describe_coll(d->v[i], names);
		if (filter_match(&filter, row))
			picked_add(&p, row);
		else
			bson_destroy(row);
	}
	return reply_cursor(c, "$cmd.listCollections", &p, cursor_batch(c),
	    false);
}

static bool
run_list_indexes(struct call *c)
{
	const char *name = coll_name(c);
	struct coll *coll;
	struct picked p = { 0 };
	bson_t *row;

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "listIndexes"))
		return refuse_unauthorized(c);
	if (!check_no_view(c, name))
		return false;
	coll = store_find_coll(c->store, c->db, name);
	if (coll == NULL)
		return refuse(c, NAMESPACE_NOT_FOUND,
		    "ns does not exist: %s.%.128s", c->db, name);
	row = bson_new();
	append_id_index(row);
	picked_add(&p, row);
	for (size_t i = 0; i < coll->n_indexes; i++)
		picked_add(&p, bson_copy(coll->indexes[i]));
	return reply_cursor(c, name, &p, cursor_batch(c), false);
}

static bool
has_index(const struct coll *coll, const char *name)
{
	for (size_t i = 0; i < coll->n_indexes; i++) {
		if (str_eq(get_text(coll->indexes[i], "name"), name))
			return true;
	}
	return strcmp(name, "_id_") == 0;
}

static bool
run_create_indexes(struct call *c)
{
	const char *name = coll_name(c);
	struct coll *coll;
	bson_t list, spec;
	bson_iter_t it;
	int32_t before;

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "createIndex"))
		return refuse_unauthorized(c);
	coll = store_need_coll(c->store, c->db, name);
	before = (int32_t)coll->n_indexes + 1;
	(void)get_doc(c->body, "indexes", &list);
	bson_iter_init(&it, &list);
	while (bson_iter_next(&it)) {
		const uint8_t *p;
		uint32_t len;
		bson_t *kept;

		if (!BSON_ITER_HOLDS_DOCUMENT(&it))
			return refuse(c, TYPE_MISMATCH, "indexes are "
			    "objects");
		bson_iter_document(&it, &len, &p);
		bson_init_static(&spec, p, len);
		if (get_text(&spec, "name") == NULL
		    || !bson_has_field(&spec, "key"))
			return refuse(c, BAD_VALUE,
			    "an index has a key and a name");
		if (has_index(coll, get_text(&spec, "name")))
			continue;
		kept = bson_new();
		bson_append_int32(kept, "v", -1, 2);
		bson_copy_to_excluding_noinit(&spec, kept, "v", NULL);
		coll->indexes = mem_room(coll->indexes, coll->n_indexes,
		    sizeof(bson_t *));
		coll->indexes[coll->n_indexes++] = kept;
	}
	bson_append_int32(c->reply, "numIndexesBefore", -1, before);
	bson_append_int32(c->reply, "numIndexesAfter", -1,
	    (int32_t)coll->n_indexes + 1);
	return true;
}

/* What `create` was told beside the name. */
static bson_t *
options_of(const bson_t *body)
{
	static const char *const names[] = { "capped", "size", "max",
	    "validator", "validationLevel", "validationAction", "collation",
	    "viewOn", "pipeline", "expireAfterSeconds" };
	bson_t *kept = bson_new();
	bson_iter_t it;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (bson_iter_init_find(&it, body, names[i]))
			bson_append_iter(kept, NULL, 0, &it);
	}
	return kept;
}

static bool
run_create(struct call *c)
{
	const char *name = coll_name(c);

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "createCollection"))
		return refuse_unauthorized(c);
	if (store_find_coll(c->store, c->db, name) != NULL)
		return refuse(c, NAMESPACE_EXISTS,
		    "Collection %s.%.128s already exists.", c->db, name);
	if (bson_has_field(c->body, "viewOn")
	    && bson_has_field(c->body, "capped"))
		return refuse(c, INVALID_OPTIONS, "the 'viewOn' option "
		    "cannot be used with 'capped'");
	if (get_bool(c->body, "capped", false)
	    && get_int(c->body, "size", 0) <= 0)
		return refuse(c, INVALID_OPTIONS, "the 'size' field is "
		    "required when 'capped' is true");
	store_need_coll(c->store, c->db, name)->options = options_of(c->body);
	return true;
}

/* So that a test need not wait ten minutes for a cursor to end. */
static bool
run_set_parameter(struct call *c)
{
	if (!may_on_cluster(c, "setParameter"))
		return refuse_unauthorized(c);
	c->store->cursor_timeout = get_int(c->body, "cursorTimeoutMillis", 0);
	return true;
}

static bool
run_drop(struct call *c)
{
	const char *name = coll_name(c);

	if (name == NULL)
		return false;
	if (!may_on_coll(c, c->db, name, "dropCollection"))
		return refuse_unauthorized(c);
	store_drop_coll(c->store, c->db, name);
	return true;
}

static bool
run_drop_database(struct call *c)
{
	struct database *d = store_find_db(c->store, c->db);

	if (!may_on_db(c, c->db, "dropDatabase"))
		return refuse_unauthorized(c);
	if (d != NULL) {
		bson_append_utf8(c->reply, "dropped", -1, c->db, -1);
		store_drop_db(c->store, d);
	}
	return true;
}

static bool
run_db_stats(struct call *c)
{
	const struct database *d = store_find_db(c->store, c->db);
	int64_t objects = 0, indexes = 0, scale = get_int(c->body, "scale", 1);
	double size = d != NULL ? (double)db_bytes(d) : 0;

	if (!may_on_db(c, c->db, "dbStats"))
		return refuse_unauthorized(c);
	if (scale < 1)
		return refuse(c, (enum code)51024, "BSON field 'scale' "
		    "value must be >= 1");
	for (size_t i = 0; d != NULL && i < d->n; i++) {
		objects += (int64_t)d->v[i]->n;
		indexes += (int64_t)d->v[i]->n_indexes + 1;
	}
	bson_append_utf8(c->reply, "db", -1, c->db, -1);
	bson_append_int64(c->reply, "collections", -1,
	    d != NULL ? (int64_t)d->n : 0);
	bson_append_int64(c->reply, "views", -1, 0);
	bson_append_int64(c->reply, "objects", -1, objects);
	bson_append_double(c->reply, "avgObjSize", -1,
	    objects > 0 ? size / (double)objects : 0);
	bson_append_double(c->reply, "dataSize", -1, size / (double)scale);
	bson_append_double(c->reply, "storageSize", -1,
	    size / (double)scale);
	bson_append_int64(c->reply, "indexes", -1, indexes);
	bson_append_double(c->reply, "indexSize", -1, 0);
	bson_append_double(c->reply, "totalSize", -1, size / (double)scale);
	bson_append_int64(c->reply, "scaleFactor", -1, scale);
	return true;
}

/* MD5 of all documents in the order of their _id. */
static void
hash_coll(const struct coll *coll, char hex[MD5_HEX])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len = sizeof(sum);
	struct picked p = { 0 };
	bson_t all = BSON_INITIALIZER, spec = BSON_INITIALIZER;

	bson_append_int32(&spec, "_id", -1, 1);
	pick(coll, &all, &p);
	docs_sort(p.v, p.n, &spec);
	if (md == NULL || EVP_DigestInit_ex(md, EVP_md5(), NULL) != 1)
		abort();
	for (size_t i = 0; i < p.n; i++) {
		if (EVP_DigestUpdate(md, bson_get_data(p.v[i]),
		    p.v[i]->len) != 1)
			abort();
	}
	if (EVP_DigestFinal_ex(md, sum, &len) != 1)
		abort();
	for (unsigned int i = 0; i < len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	EVP_MD_CTX_free(md);
	picked_free(&p);
	bson_destroy(&spec);
}

static bool
run_db_hash(struct call *c)
{
	const struct database *d = store_find_db(c->store, c->db);
	bson_t hashes;
	char hex[MD5_HEX];

	if (!may_on_db(c, c->db, "dbHash"))
		return refuse_unauthorized(c);
	bson_append_document_begin(c->reply, "collections", -1, &hashes);
	for (size_t i = 0; d != NULL && i < d->n; i++) {
		hash_coll(d->v[i], hex);
		bson_append_utf8(&hashes, d->v[i]->name, -1, hex, -1);
	}
	bson_append_document_end(c->reply, &hashes);
	return true;
}

const struct command data_commands[] = {
	{ .name = "find", .run = run_find,
	  .fields = "find:s! filter:d sort:d projection:d hint:* skip:n "
	      "limit:n batchSize:n singleBatch:b max:d min:d returnKey:b "
	      "showRecordId:b tailable:b awaitData:b noCursorTimeout:b "
	      "allowPartialResults:b collation:d allowDiskUse:b let:d "
	      "oplogReplay:b" },
	{ .name = "getMore", .run = run_get_more,
	  .fields = "getMore:n! collection:s! batchSize:n" },
	{ .name = "killCursors", .run = run_kill_cursors,
	  .fields = "killCursors:s! cursors:a!" },
	{ .name = "count", .run = run_count,
	  .fields = "count:s! query:d limit:n skip:n hint:* collation:d "
	      "fields:*" },
	{ .name = "aggregate", .run = run_aggregate,
	  .fields = "aggregate:s! pipeline:a! cursor:d explain:b "
	      "allowDiskUse:b bypassDocumentValidation:b collation:d "
	      "hint:* let:d" },
	{ .name = "insert", .run = run_insert, .write = true,
	  .fields = "insert:s! documents:a! ordered:b "
	      "bypassDocumentValidation:b" },
	{ .name = "delete", .run = run_delete, .write = true,
	  .fields = "delete:s! deletes:a! ordered:b let:d" },
	{ .name = "listDatabases", .run = run_list_databases,
	  .admin_only = true,
	  .fields = "listDatabases:* nameOnly:b filter:d "
	      "authorizedDatabases:b" },
	{ .name = "listCollections", .run = run_list_collections,
	  .fields = "listCollections:* nameOnly:b filter:d cursor:d "
	      "authorizedCollections:b" },
	{ .name = "listIndexes", .run = run_list_indexes,
	  .fields = "listIndexes:s! cursor:d" },
	{ .name = "createIndexes", .run = run_create_indexes, .write = true,
	  .fields = "createIndexes:s! indexes:a! commitQuorum:*" },
	{ .name = "create", .run = run_create, .write = true,
	  .fields = "create:s! capped:b size:n max:n validator:d "
	      "validationLevel:s validationAction:s collation:d viewOn:s "
	      "pipeline:a expireAfterSeconds:n" },
	{ .name = "setParameter", .run = run_set_parameter,
	  .admin_only = true,
	  .fields = "setParameter:* cursorTimeoutMillis:n!" },
	{ .name = "drop", .run = run_drop, .write = true,
	  .fields = "drop:s!" },
	{ .name = "dropDatabase", .run = run_drop_database, .write = true,
	  .fields = "dropDatabase:*" },
	{ .name = "dbStats", .run = run_db_stats,
	  .fields = "dbStats:* scale:n freeStorage:n" },
	{ .name = "dbstats", .run = run_db_stats },
	{ .name = "dbHash", .run = run_db_hash,
	  .fields = "dbHash:* collections:a" },
	{ 0 }
};
