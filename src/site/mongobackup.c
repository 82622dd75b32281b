/*
 * mongobackup - see mongobackup.h.
 */
#include "site/mongobackup.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "db/mongo.h"
#include "db/mongo_bson.h"
#include "site/manifest.h"
#include "site/store.h"

enum {
	BLOCK_BYTES = 256 * 1024,
	NOTES_BYTES = 16 << 20,
	NAME_BYTES = 1024,
	FILE_NAME_MAX = 255 - (int)sizeof ".metadata.json",
	ATTEMPTS = 3, PAUSE_MS = 1000,
	TELL_SECONDS = 15,
};

static const char notes_name[] = "notes.json";

/* One collection on its way. */
struct copying {
	const struct mongobackup *b;
	const struct mongobackup_database *database;
	const struct mongo_collection *collection;
	const char *folder;		/* of the backup */
	struct store_writer *writer;
	long long written;
	clock_ms tell;			/* next word of progress */
	struct stored documents, metadata;
	struct mongo_copied copied;
	time_t began;
};

/* --- what there is --- */

static const char *
part(struct pool *pool, const char *name)
{
	struct buf b = buf_new(NAME_BYTES);
	const char *copy;

	store_part(&b, name);
	copy = pool_strdup(pool, buf_str(&b));
	buf_free(&b);
	return copy;
}

/* mongorestore takes a folder's name as it is, a file's with %XX undone. */
static bool
check_names(struct pool *pool, const struct mongobackup_database *d,
    struct err *e)
{
	if (!text_same(part(pool, d->name), d->name))
		return err_set(e, ERR_INPUT, "database %s: its name has "
		    "characters that mongorestore can't read out of a "
		    "folder's; letters, digits, - and _ are fine", d->name);
	for (size_t i = 0; i < d->collections.n; i++)
		if (strlen(part(pool, d->collections.v[i].name))
		    > FILE_NAME_MAX)
			return err_set(e, ERR_INPUT, "collection %s.%s: its "
			    "name is too long for a file", d->name,
			    d->collections.v[i].name);
	return true;
}

bool
mongobackup_find(struct mongobackup *b, const char *const *names,
    struct err *e)
{
	struct mongobackup_database *v;
	size_t n = 0;

	while (names[n] != NULL)
		n++;
	v = pool_alloc(b->pool, (n + 1) * sizeof *v);
	b->databases = v;
	b->n = 0;
	for (size_t i = 0; i < n; i++) {
		bool twice = false;

		for (size_t k = 0; k < b->n; k++)
			twice = twice || text_same(v[k].name, names[i]);
		if (twice)
			continue;
		v[b->n].name = names[i];
		if (!mongo_find_collections(b->server, b->pool, names[i],
		    &v[b->n].collections, e)
		    || !check_names(b->pool, &v[b->n], e))
			return false;
		b->n++;
	}
	return true;
}

/* --- the notes --- */

static const char *
notes_path(const struct mongobackup *b, const char *folder)
{
	return pool_printf(b->pool, "%s/%s", folder, notes_name);
}

static struct json *
new_notes(const struct mongobackup *b)
{
	struct json *notes = json_object(), *names;

	json_set_str(notes, "source", b->source);
	names = json_add(notes, "databases", json_array());
	for (size_t i = 0; i < b->n; i++)
		json_add(names, NULL, json_string(b->databases[i].name));
	json_add(notes, "collections", json_object());
	return notes;
}

/* Of the same server and databases? */
static bool
are_ours(const struct mongobackup *b, const struct json *notes)
{
	struct json *want = new_notes(b);
	bool same = json_same(json_get(notes, "source"),
	    json_get(want, "source"))
	    && json_same(json_get(notes, "databases"),
		json_get(want, "databases"))
	    && json_is_object(json_get(notes, "collections"));

	json_free(want);
	return same;
}

/* *notes NULL: there are none that can be used. */
static bool
read_notes(const struct mongobackup *b, const char *folder,
    struct json **notes, struct err *e)
{
	struct buf text = buf_new(NOTES_BYTES);
	struct err why = { 0 };
	bool ok;

	*notes = NULL;
	ok = store_get(b->store, notes_path(b, folder), &text, &why);
	if (ok)
		*notes = json_parse(buf_str(&text), text.len, notes_name,
		    &why);
	else if (why.kind != ERR_NOT_FOUND)
		*e = why;
	buf_free(&text);
	if (*notes != NULL && !are_ours(b, *notes)) {
		json_free(*notes);
		*notes = NULL;
	}
	return ok || why.kind == ERR_NOT_FOUND;
}

static bool
write_notes(const struct copying *c, const struct json *notes, struct err *e)
{
	struct buf text = buf_new(NOTES_BYTES);
	bool ok;

	json_print(notes, false, &text);
	ok = buf_check(&text, notes_name, e)
	    && store_put(c->b->store, notes_path(c->b, c->folder),
		buf_str(&text), text.len, e);
	buf_free(&text);
	return ok;
}

/* "database.collection", which is also what the manifest calls it. */
static const char *
name_of(const struct copying *c)
{
	return pool_printf(c->b->pool, "%s.%s", c->database->name,
	    c->collection->name);
}

/* What was noted of this collection, or NULL. */
static const struct json *
find_note(const struct copying *c, const struct json *notes)
{
	return json_get(json_get(notes, "collections"), name_of(c));
}

static void
set_date(struct json *j, const char *member, time_t when)
{
	struct buf date = buf_new(64);

	clock_date(&date, when);
	json_set_str(j, member, buf_str(&date));
	buf_free(&date);
}

static void
add_object(struct json *objects, const struct stored *s)
{
	struct json *o = json_add(objects, NULL, json_object());

	json_set_str(o, "name", s->name);
	json_set_num(o, "size", (double)s->size);
	json_set_str(o, "sha256", s->sha256);
}

static void
add_note(const struct copying *c, struct json *notes)
{
	struct json *list = (struct json *)json_get(notes, "collections");
	struct json *note = json_add(list, name_of(c), json_object());
	struct json *objects;

	set_date(note, "started", c->began);
	set_date(note, "ended", time(NULL));
	json_set_num(note, "documents", (double)c->copied.documents);
	json_set_bool(note, "view", c->collection->data == NULL);
	json_set_bool(note, "snapshot", c->copied.snapshot);
	objects = json_add(note, "objects", json_array());
	if (c->collection->data != NULL)
		add_object(objects, &c->documents);
	add_object(objects, &c->metadata);
}

/* --- one collection --- */

static const char *
path_of(const struct copying *c, const char *name, const char *ending)
{
	return pool_printf(c->b->pool, "%s/dump/%s/%s%s", c->folder,
	    c->database->name, part(c->b->pool, name), ending);
}

static bool
take_documents(void *with, const void *data, size_t n, struct err *e)
{
	struct copying *c = with;

	c->written += (long long)n;
	if (clock_over(c->tell)) {
		log_info("  %s: %lld MB so far", name_of(c),
		    c->written >> 20);
		c->tell = clock_deadline(TELL_SECONDS);
	}
	return store_append(c->writer, data, n, e);
}

/* Every byte of it again: hash, and whole documents of this number. */
static bool
read_back(struct store_reader *r, const struct copying *c, struct digest *d,
    struct err *e)
{
	struct mongo_stream *stream = mongo_stream_new();
	unsigned char *block = mem_alloc(BLOCK_BYTES);
	long long documents = 0;
	size_t n = 1;
	bool ok = true;

	while (ok && n > 0) {
		ok = store_next(r, block, BLOCK_BYTES, &n, e)
		    && mongo_stream_add(stream, block, n, e);
		if (ok)
			digest_add(d, block, n);
	}
	mem_free(block);
	if (!ok) {
		mongo_stream_free(stream);
		return false;
	}
	if (!mongo_stream_end(stream, &documents, e))
		return false;
	return documents == c->copied.documents || err_set(e, ERR_OTHER,
	    "%lld documents were written, but %lld read back",
	    c->copied.documents, documents);
}

static bool
verify_documents(const struct copying *c, struct err *e)
{
	struct store_reader *r = store_read(c->b->store, c->documents.name,
	    e);
	struct buf hash = buf_new(2 * DIGEST_SIZE);
	struct digest *d = digest_new();
	bool ok = r != NULL && read_back(r, c, d, e);

	store_end(r);
	digest_end(d, &hash);
	if (ok && !text_same(buf_str(&hash), c->documents.sha256))
		ok = err_set(e, ERR_OTHER, "what was read back is not what "
		    "was written");
	buf_free(&hash);
	return ok || err_within(e, "%s", c->documents.name);
}

static bool
write_documents(struct copying *c, struct err *e)
{
	const struct mongo_sink sink = { .add = take_documents, .with = c };

	c->written = 0;
	c->tell = clock_deadline(TELL_SECONDS);
	c->documents.name = path_of(c, c->collection->data, ".bson");
	c->writer = store_create(c->b->store, c->documents.name, e);
	if (c->writer == NULL)
		return false;
	if (!mongo_dump(c->b->server, c->database->name,
	    c->collection->data, &sink, &c->copied, e)) {
		store_abort(c->writer);
		return false;
	}
	return store_finish(c->writer, &c->documents, e)
	    && verify_documents(c, e);
}

static bool
write_metadata(struct copying *c, struct err *e)
{
	const char *path = path_of(c, c->collection->name, ".metadata.json");
	const char *text = c->collection->metadata;
	struct store_writer *w = store_create(c->b->store, path, e);
	struct buf back = buf_new(NOTES_BYTES);
	bool ok;

	c->metadata.name = path;
	if (w == NULL)
		return false;
	if (!store_append(w, text, strlen(text), e)) {
		store_abort(w);
		return false;
	}
	ok = store_finish(w, &c->metadata, e)
	    && store_get(c->b->store, path, &back, e);
	if (ok && !text_same(buf_str(&back), text))
		ok = err_set(e, ERR_OTHER, "%s: what was read back is not "
		    "what was written", path);
	buf_free(&back);
	return ok;
}

static bool
copy_once(struct copying *c, bool reopen, struct err *e)
{
	c->began = time(NULL);
	c->copied = (struct mongo_copied){ 0 };
	return (!reopen || mongo_reopen(c->b->server, e))
	    && (c->collection->data == NULL || write_documents(c, e))
	    && write_metadata(c, e);
}

/* Cut while it was read: nothing of it is kept, and it is begun again. */
static bool
copy_collection(struct copying *c, struct err *e)
{
	struct err why = { 0 };
	bool reopen = false;

	for (int i = 1; !copy_once(c, reopen, &why); i++) {
		reopen = why.kind == ERR_NETWORK;
		if (i == ATTEMPTS || (!reopen && why.kind != ERR_CONFLICT)) {
			*e = why;
			return false;
		}
		log_notice("%s: begun again", why.text);
		clock_pause(i * PAUSE_MS);
		why = (struct err){ 0 };
	}
	return true;
}

/* --- all of them --- */

static bool
is_stored(const struct stored_list *l, const char *name, double size)
{
	for (size_t i = 0; name != NULL && i < l->n; i++)
		if (text_same(l->v[i].name, name))
			return (double)l->v[i].size == size;
	return false;
}

/* Are the objects that a note names as they were? */
static bool
note_holds(const struct json *note, const struct stored_list *there)
{
	const struct json *o = json_first(json_get(note, "objects"));
	double size;

	if (o == NULL || json_str(note, "started") == NULL
	    || clock_parse(json_str(note, "started")) < 0
	    || json_str(note, "ended") == NULL
	    || clock_parse(json_str(note, "ended")) < 0)
		return false;
	for (; o != NULL; o = json_next(o))
		if (!json_num(o, "size", &size)
		    || !is_stored(there, json_str(o, "name"), size)
		    || json_str(o, "sha256") == NULL
		    || strlen(json_str(o, "sha256")) != 2 * DIGEST_SIZE)
			return false;
	return true;
}

static void
add_part(const struct copying *c, struct manifest *m,
    const struct json *note, struct mongobackup_sums *sums)
{
	struct manifest_part p = manifest_part(m, name_of(c),
	    clock_parse(json_str(note, "started")),
	    clock_parse(json_str(note, "ended")));
	struct stored s;
	bool flag = false;
	double n = 0;

	json_bool(note, "snapshot", &flag);
	json_set_bool(p.facts, "snapshot", flag);
	json_bool(note, "view", &flag);
	json_set_bool(p.facts, "view", flag);
	json_num(note, "documents", &n);
	json_set_num(p.counts, "documents", n);
	sums->collections++;
	sums->documents += (long long)n;
	for (const struct json *o = json_first(json_get(note, "objects"));
	    o != NULL; o = json_next(o)) {
		json_num(o, "size", &n);
		s = (struct stored){ .name = json_str(o, "name"),
		    .size = (long long)n };
		memcpy(s.sha256, json_str(o, "sha256"), 2 * DIGEST_SIZE);
		manifest_object(&p, &s, -1, NULL);
		sums->bytes += s.size;
	}
}

static bool
ensure_copied(struct copying *c, struct json *notes, struct manifest *m,
    const struct stored_list *there, struct mongobackup_sums *sums,
    struct err *e)
{
	const struct json *note = find_note(c, notes);

	if (note != NULL && note_holds(note, there)) {
		log_info("%s: of the run before, verified then", name_of(c));
		sums->kept++;
		add_part(c, m, note, sums);
		return true;
	}
	if (!copy_collection(c, e))
		return false;
	add_note(c, notes);
	log_info("%s: %lld documents, %lld bytes%s, read back", name_of(c),
	    c->copied.documents, c->copied.bytes,
	    c->collection->data == NULL ? ", a view" :
	    c->copied.snapshot ? ", of one instant" : "");
	add_part(c, m, find_note(c, notes), sums);
	return write_notes(c, notes, e);
}

/* Collections that went since an earlier run: mongorestore would bring them
 * back. */
static bool
remove_others(const struct mongobackup *b, const char *folder,
    const struct json *manifest, struct err *e)
{
	const char *dump = pool_printf(b->pool, "%s/dump", folder);
	struct stored_list there;

	if (!store_list(b->store, b->pool, dump, &there, e))
		return false;
	for (size_t i = 0; i < there.n; i++) {
		bool ours = false;

		for (const struct json *p =
		    json_first(json_get(manifest, "parts")); p != NULL
		    && !ours; p = json_next(p))
			for (const struct json *o =
			    json_first(json_get(p, "objects")); o != NULL;
			    o = json_next(o))
				ours = ours || text_same(there.v[i].name,
				    json_str(o, "name"));
		if (!ours && !store_remove(b->store, there.v[i].name, e))
			return false;
	}
	return true;
}

static bool
copy_all(const struct mongobackup *b, const char *folder, struct json *notes,
    struct manifest *m, struct mongobackup_sums *sums, struct err *e)
{
	struct stored_list there;

	if (!store_list(b->store, b->pool, folder, &there, e))
		return false;
	for (size_t i = 0; i < b->n; i++)
		for (size_t k = 0; k < b->databases[i].collections.n; k++) {
			struct copying c = { .b = b, .folder = folder,
			    .database = &b->databases[i],
			    .collection = &b->databases[i].collections.v[k] };

			if (!ensure_copied(&c, notes, m, &there, sums, e))
				return false;
		}
	return remove_others(b, folder, manifest_json(m), e);
}

bool
mongobackup_copy(const struct mongobackup *b, struct manifest *m,
    struct mongobackup_sums *sums, struct err *e)
{
	const char *folder = manifest_folder(m);
	struct json *notes;
	bool ok;

	*sums = (struct mongobackup_sums){ 0 };
	if (!read_notes(b, folder, &notes, e))
		return false;
	if (notes == NULL)
		notes = new_notes(b);
	ok = copy_all(b, folder, notes, m, sums, e);
	json_free(notes);
	return ok;
}

bool
mongobackup_finish(const struct mongobackup *b, const struct manifest *m,
    struct err *e)
{
	return store_remove(b->store, notes_path(b, manifest_folder(m)), e);
}

/* --- what an earlier run left --- */

/* An id begins with its moment; -1: it does not. */
static time_t
moment_of(const char *id)
{
	struct tm tm = { 0 };

	return strptime(id, "%Y%m%dT%H%M%SZ", &tm) == NULL ? -1 :
	    timegm(&tm);
}

bool
mongobackup_find_unfinished(const struct mongobackup *b,
    const char *instance, long seconds, const char **id, struct err *e)
{
	struct json *notes;
	time_t began;

	if (!manifest_find_unfinished(b->store, b->pool, instance, "mongodb",
	    id, e))
		return false;
	if (*id == NULL)
		return true;
	began = moment_of(*id);
	if (began < 0 || time(NULL) - began > seconds) {
		*id = NULL;
		return true;
	}
	if (!read_notes(b, pool_printf(b->pool, "%s/mongodb/%s", instance,
	    *id), &notes, e))
		return false;
	if (notes == NULL)
		*id = NULL;
	json_free(notes);
	return true;
}
