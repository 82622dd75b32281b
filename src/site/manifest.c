/*
 * manifest - see manifest.h.
 */
#include "site/manifest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "api/repo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/store.h"

enum {
	VERSION = 1,
	NAME_BYTES = 1024,
	MANIFEST_BYTES = 8 << 20,	/* 10,000 tables are 1 MB */
	RANDOM_BYTES = 3,
	SKEW_SECONDS = 600,	/* between the clocks of two runners */
};

static const char file_name[] = "/manifest.json";

const char *const manifest_stores[] = { "mysql", "mongodb", "storage", NULL };

struct manifest {
	struct pool *pool;
	struct json *json, *programs, *parts;
	const char *folder;
};

/* ---- building ---- */

static void
set_date(struct json *j, const char *member, time_t when)
{
	struct buf date = buf_new(64);

	clock_date(&date, when);
	json_set_str(j, member, buf_str(&date));
	buf_free(&date);
}

static const char *
new_id(struct pool *pool, time_t now)
{
	struct buf b = buf_new(64);
	char moment[32] = "";
	const char *id;
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ-", &tm);
	buf_puts(&b, moment);
	text_random_hex(&b, RANDOM_BYTES);
	id = pool_strdup(pool, buf_str(&b));
	buf_free(&b);
	return id;
}

struct manifest *
manifest_begin(const char *instance, const char *store, const char *id)
{
	struct manifest *m = mem_alloc(sizeof *m);
	time_t now = time(NULL);

	m->pool = pool_new();
	if (id == NULL)
		id = new_id(m->pool, now);
	m->folder = pool_printf(m->pool, "%s/%s/%s", instance, store, id);
	m->json = json_object();
	json_set_num(m->json, "version", VERSION);
	json_set_str(m->json, "instance", instance);
	json_set_str(m->json, "store", store);
	json_set_str(m->json, "id", id);
	json_set_bool(m->json, "complete", false);
	set_date(m->json, "started", now);
	m->programs = json_add(m->json, "programs", json_array());
	m->parts = json_add(m->json, "parts", json_array());
	return m;
}

void
manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	json_free(m->json);
	pool_free(m->pool);
	mem_free(m);
}

const char *
manifest_folder(const struct manifest *m)
{
	return m->folder;
}

const struct json *
manifest_json(const struct manifest *m)
{
	return m->json;
}

void
manifest_server(struct manifest *m, const char *kind, const char *version)
{
	struct json *s = json_add(m->json, "server", json_object());

	json_set_str(s, "kind", kind);
	json_set_str(s, "version", version);
}

void
manifest_program(struct manifest *m, const char *name, const char *version)
{
	struct json *p = json_add(m->programs, NULL, json_object());

	json_set_str(p, "name", name);
	json_set_str(p, "version", version);
}

struct manifest_part
manifest_part(struct manifest *m, const char *name, time_t began,
    time_t ended)
{
	struct json *p = json_add(m->parts, NULL, json_object());

	/* taken up again, a backup is as old as its oldest part */
	if (began < clock_parse(json_str(m->json, "started")))
		set_date(m->json, "started", began);
	json_set_str(p, "name", name);
	set_date(p, "started", began);
	set_date(p, "ended", ended);
	return (struct manifest_part){
	    .facts = json_add(p, "facts", json_object()),
	    .counts = json_add(p, "counts", json_object()),
	    .objects = json_add(p, "objects", json_array()) };
}

void
manifest_object(const struct manifest_part *part, const struct stored *s,
    long long bytes, const char *sha256)
{
	struct json *o = json_add(part->objects, NULL, json_object());

	json_set_str(o, "name", s->name);
	json_set_num(o, "size", (double)s->size);
	json_set_str(o, "sha256", s->sha256);
	if (bytes >= 0)
		json_set_num(o, "unpacked_size", (double)bytes);
	if (sha256 != NULL)
		json_set_str(o, "unpacked_sha256", sha256);
}

/* ---- is all of it there? ---- */

static const struct stored *
find_stored(const struct stored_list *l, const char *name)
{
	size_t low = 0, high = l->n;

	while (name != NULL && low < high) {
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

/* The first object that is missing or has another size; NULL: none. */
static const char *
find_gap(const struct json *m, const struct stored_list *there)
{
	for (const struct json *p = json_first(json_get(m, "parts"));
	    p != NULL; p = json_next(p))
		for (const struct json *o = json_first(json_get(p, "objects"));
		    o != NULL; o = json_next(o)) {
			const char *name = json_str(o, "name");
			const struct stored *s = find_stored(there, name);
			double size;

			if (s == NULL || !json_num(o, "size", &size)
			    || (double)s->size != size)
				return name != NULL ? name : "(no name)";
		}
	return NULL;
}

static bool
check_whole(struct manifest *m, struct store *s, struct err *e)
{
	struct stored_list there;
	const char *gap;

	if (!store_list(s, m->pool, m->folder, &there, e))
		return false;
	gap = find_gap(m->json, &there);
	return gap == NULL || err_set(e, ERR_CONFLICT, "%s is not there any "
	    "more, or not as it was written: does another run back up the "
	    "same instance?", gap);
}

bool
manifest_commit(struct manifest *m, struct store *s, struct err *e)
{
	const char *name = pool_printf(m->pool, "%s%s", m->folder, file_name);
	struct buf text = buf_new(MANIFEST_BYTES);
	struct err ignored;
	bool ok;

	set_date(m->json, "ended", time(NULL));
	json_set_bool(m->json, "complete", true);
	json_print(m->json, true, &text);
	ok = buf_check(&text, "the manifest", e)
	    && check_whole(m, s, e)
	    && store_put(s, name, buf_str(&text), text.len, e);
	/* another run that sweeps looks for a manifest after its removals */
	if (ok && !check_whole(m, s, e)) {
		(void)!store_remove(s, name, &ignored);
		ok = false;
	}
	buf_free(&text);
	return ok;
}

bool
manifest_record(struct repo *repo, const char *instance,
    const struct json *complete, struct err *e)
{
	struct buf name = buf_new(NAME_BYTES);
	bool ok;

	buf_printf(&name, "backup-%s", json_str(complete, "store"));
	ok = repo_record_save(repo, instance, buf_str(&name), complete, e);
	buf_free(&name);
	return ok;
}

/* ---- finding ---- */

struct search {
	struct store *store;
	struct pool *pool;
	const char *instance, *name;
	const char *folder;		/* acme/mysql */
	struct stored_list there;
};

static bool
look(struct search *s, struct err *e)
{
	s->folder = pool_printf(s->pool, "%s/%s", s->instance, s->name);
	return store_list(s->store, s->pool, s->folder, &s->there, e);
}

/* The id that the i-th name has, or NULL: it is no backup's. */
static const char *
id_of(const struct search *s, size_t i)
{
	const char *id = s->there.v[i].name + strlen(s->folder) + 1;
	const char *end = strchr(id, '/');

	return end == NULL ? NULL :
	    pool_strndup(s->pool, id, (size_t)(end - id));
}

/* The id before this one in the list's order from its end; NULL: none. */
static const char *
earlier_id(const struct search *s, const char *than)
{
	for (size_t i = s->there.n; i-- > 0; ) {
		const char *id = id_of(s, i);

		if (id != NULL && (than == NULL || strcmp(id, than) < 0))
			return id;
	}
	return NULL;
}

static bool
is_complete(const struct search *s, const char *id, const struct json *m)
{
	bool complete = false;

	return json_bool(m, "complete", &complete) && complete
	    && text_same(json_str(m, "id"), id)
	    && text_same(json_str(m, "instance"), s->instance)
	    && text_same(json_str(m, "store"), s->name)
	    && json_str(m, "started") != NULL
	    && clock_parse(json_str(m, "started")) >= 0
	    && json_len(json_get(m, "parts")) > 0
	    && find_gap(m, &s->there) == NULL;
}

/* The manifest if this one counts; NULL with no error if it does not. */
static bool
read_manifest(const struct search *s, const char *id, struct json **m,
    struct err *e)
{
	const char *name = pool_printf(s->pool, "%s/%s%s", s->folder, id,
	    file_name);
	struct buf text = buf_new(MANIFEST_BYTES);
	struct err why = { 0 };
	bool ok = true;

	*m = NULL;
	if (find_stored(&s->there, name) != NULL)
		ok = store_get(s->store, name, &text, e);
	if (ok && text.len > 0)
		*m = json_parse(buf_str(&text), text.len, name, &why);
	buf_free(&text);
	if (*m != NULL && !is_complete(s, id, *m)) {
		json_free(*m);
		*m = NULL;
	}
	return ok;
}

static long
age_of(const struct json *m)
{
	time_t then = clock_parse(json_str(m, "started"));
	time_t now = time(NULL);

	return then > now ? 0 : (long)(now - then);
}

static bool
from_the_future(const struct json *m)
{
	return clock_parse(json_str(m, "started"))
	    > time(NULL) + SKEW_SECONDS;
}

bool
manifest_find(struct store *store, struct pool *pool, const char *instance,
    const char *store_name, struct manifest_found *found, struct err *e)
{
	struct search s = { .store = store, .pool = pool,
	    .instance = instance, .name = store_name };

	*found = (struct manifest_found){ 0 };
	if (!look(&s, e))
		return false;
	for (const char *id = earlier_id(&s, NULL);
	    id != NULL && found->json == NULL; id = earlier_id(&s, id)) {
		if (!read_manifest(&s, id, &found->json, e))
			return false;
		found->id = id;
	}
	if (found->json == NULL)
		return true;
	found->age = age_of(found->json);
	if (!from_the_future(found->json))
		return true;
	json_free(found->json);
	found->json = NULL;
	return err_set(e, ERR_OTHER, "%s/%s: begun at a moment that is yet to "
	    "come: a clock is wrong", s.folder, found->id);
}

bool
manifest_find_unfinished(struct store *store, struct pool *pool,
    const char *instance, const char *store_name, const char **id,
    struct err *e)
{
	struct search s = { .store = store, .pool = pool,
	    .instance = instance, .name = store_name };
	struct json *m = NULL;

	*id = NULL;
	if (!look(&s, e))
		return false;
	*id = earlier_id(&s, NULL);
	if (*id == NULL)
		return true;
	if (!read_manifest(&s, *id, &m, e))
		return false;
	if (m != NULL)
		*id = NULL;
	json_free(m);
	return true;
}

static bool
remove_folder(const struct search *s, const char *id, struct err *e)
{
	const char *folder = pool_printf(s->pool, "%s/%s/", s->folder, id);
	const char *manifest = pool_printf(s->pool, "%s%s",
	    folder, file_name + 1);

	/* first what would claim the others */
	if (!store_remove(s->store, manifest, e))
		return false;
	for (size_t i = 0; i < s->there.n; i++)
		if (text_starts(s->there.v[i].name, folder)
		    && !store_remove(s->store, s->there.v[i].name, e))
			return false;
	/* one that its writer finished meanwhile claims them no longer */
	return store_remove(s->store, manifest, e);
}

bool
manifest_sweep(struct store *store, struct pool *pool, const char *instance,
    const char *store_name, const char *spared, size_t *n, struct err *e)
{
	struct search s = { .store = store, .pool = pool,
	    .instance = instance, .name = store_name };
	struct json *m = NULL;

	*n = 0;
	if (!look(&s, e) || !store_sweep(store, s.folder, NULL, e))
		return false;
	for (const char *id = earlier_id(&s, NULL); id != NULL;
	    id = earlier_id(&s, id)) {
		if (!read_manifest(&s, id, &m, e))
			return false;
		if (m == NULL && !text_same(id, spared)) {
			if (!remove_folder(&s, id, e))
				return false;
			*n += 1;
		}
		json_free(m);
	}
	return true;
}
