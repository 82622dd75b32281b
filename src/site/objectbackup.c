/*
 * objectbackup - see objectbackup.h: passes over a bucket until one finds
 * nothing to do.
 */
#include "site/objectbackup.h"

#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http_many.h"
#include "site/manifest.h"
#include "site/objectbackup_own.h"
#include "site/store_own.h"
#include "step/step.h"

enum {
	PASSES = 5,		/* the first copies, the last finds nothing */
	LINE_BYTES = 16 * 1024,
	TELL_EVERY = 10,	/* seconds */
};

/* ---- the work ---- */

static bool
same_service(const struct s3_place *a, const struct store_login *b)
{
	return text_same_fold(a->endpoint, b->endpoint)
	    && text_same(a->region, b->region);
}

/* Where the store is a bucket, it is asked as such. */
static bool
open_target(struct objectbackup *b, struct err *e)
{
	static const char scheme[] = "s3://";
	const char *url = store_url(b->store), *rest;
	const struct store_login *l = store_login();
	struct s3_place place = { .endpoint = l->endpoint,
	    .region = l->region != NULL ? l->region : "us-east-1",
	    .key_id = l->key_id, .secret = l->secret };

	b->to_prefix = "";
	if (!text_starts(url, scheme))
		return true;
	url += strlen(scheme);
	place.bucket = pool_strndup(b->p, url, strcspn(url, "/"));
	rest = url + strcspn(url, "/");
	rest += strspn(rest, "/");
	b->to_prefix = pool_printf(b->p, "%s%s%s/", rest,
	    *rest == '\0' || text_ends(rest, "/") ? "" : "/", b->folder);
	b->to = s3_open(b->http, &place, e);
	b->by_service = same_service(&b->source->place, l);
	return b->to != NULL;
}

struct objectbackup *
objectbackup_open(struct http *h, struct store *store,
    const struct objectbackup_source *source, const char *id, struct err *e)
{
	struct objectbackup *b = mem_alloc(sizeof(*b));

	b->p = pool_new();
	b->http = h;
	b->store = store;
	b->source = source;
	b->folder = pool_printf(b->p, "%s/storage-objects/%s/%s",
	    step_common()->instance, id, source->place.bucket);
	b->from = s3_open(h, &source->place, e);
	if (b->from == NULL || !open_target(b, e)) {
		objectbackup_close(b);
		return NULL;
	}
	b->many = http_many_open(h, source->at_once);
	return b;
}

void
objectbackup_close(struct objectbackup *b)
{
	if (b == NULL)
		return;
	http_many_close(b->many);
	s3_close(b->to);
	s3_close(b->from);
	pool_free(b->p);
	mem_free(b);
}

/* ---- a pass ---- */

/* What is done with each object, whether its copy is there or not. */
struct pass {
	struct objectbackup *b;
	struct objectwalk walk;
	struct objectcopies copies;
	struct objectbackup_sums sums;
	struct store_writer *list;	/* NULL: they are only counted */
	time_t told;
};

static bool
write_line(struct pass *w, const struct s3_object *o, struct err *e)
{
	struct buf line = buf_new(LINE_BYTES);
	struct json *j = json_object();
	bool ok;

	json_set_str(j, "key", o->key);
	json_set_num(j, "size", (double)o->size);
	json_set_str(j, "etag", o->etag);
	json_set_str(j, "modified", o->modified);
	json_print(j, false, &line);
	buf_putc(&line, '\n');
	ok = buf_check(&line, o->key, e)
	    && store_append(w->list, line.data, line.len, e);
	json_free(j);
	buf_free(&line);
	return ok;
}

static void
tell_progress(struct pass *w)
{
	time_t now = time(NULL);

	if (now - w->told < TELL_EVERY)
		return;
	w->told = now;
	log_info("%s: %lld objects seen, %lld of them to be copied",
	    s3_name(w->b->from), w->sums.objects, w->sums.missing);
}

static void
wait_for_room(struct objectbackup *b, const struct s3_object *o)
{
	while (!b->failed && !objectcopy_room(b, o))
		http_many_wait(b->many);
}

static bool
visit(struct pass *w, const struct s3_object *o, struct err *e)
{
	struct objectbackup *b = w->b;
	bool there;

	if (!objectcopies_find(b, &w->copies, o, &there, e))
		return false;
	w->sums.objects++;
	w->sums.bytes += o->size;
	if (!there) {
		w->sums.missing++;
		w->sums.missing_bytes += o->size;
	}
	if (w->list == NULL)
		return true;
	if (!write_line(w, o, e))
		return false;
	if (!there) {
		wait_for_room(b, o);
		objectcopy_begin(b, o);
	}
	tell_progress(w);
	return true;
}

/* Small ones beside each other while the listings go on; then large ones. */
static bool
visit_all(struct pass *w, struct err *e)
{
	struct objectbackup *b = w->b;
	const struct s3_object *o = NULL;
	bool ok = true;

	do {
		ok = objectwalk_next(&w->walk, &o, e)
		    && (o == NULL || visit(w, o, e));
	} while (ok && !b->failed && o != NULL);
	while (http_many_busy(b->many))
		http_many_wait(b->many);
	if (ok && b->failed)
		*e = b->why;
	b->failed = b->failed || !ok;
	return objectcopy_large(b, e);
}

static bool
go_over(struct objectbackup *b, struct store_writer *list,
    struct objectbackup_sums *sums, struct err *e)
{
	struct pass w = { .b = b, .list = list, .told = time(NULL),
	    .walk = { .s = b->from, .prefix = b->source->prefix } };
	bool ok;

	b->failed = false;
	ok = objectcopies_begin(b, &w.copies, e) && visit_all(&w, e);
	objectcopies_end(&w.copies);
	objectwalk_end(&w.walk);
	*sums = w.sums;
	return ok;
}

bool
objectbackup_count(struct objectbackup *b, struct objectbackup_sums *sums,
    struct err *e)
{
	return go_over(b, NULL, sums, e);
}

/* ---- until nothing is missing ---- */

/* One pass. Only a list of which nothing is missing is kept. */
static bool
pass_once(struct objectbackup *b, const char *name,
    struct objectbackup_sums *sums, struct stored *list, struct err *e)
{
	struct store_writer *w = store_create(b->store, name, e);

	if (w == NULL)
		return false;
	if (!go_over(b, w, sums, e)) {
		store_abort(w);
		return false;
	}
	if (sums->missing > 0) {
		store_abort(w);
		return true;
	}
	list->name = name;
	return store_finish(w, list, e);
}

static void
tell_manifest(struct objectbackup *b, struct manifest *m, time_t began,
    const struct objectbackup_sums *sums, const struct stored *list)
{
	const struct s3_place *from = &b->source->place;
	struct manifest_part part = manifest_part(m, from->bucket, began,
	    time(NULL));

	json_set_str(part.facts, "endpoint", from->endpoint);
	json_set_str(part.facts, "region", from->region);
	json_set_str(part.facts, "prefix", b->source->prefix);
	json_set_str(part.facts, "copies", b->folder);
	json_set_num(part.facts, "bytes", (double)sums->bytes);
	json_set_num(part.counts, "objects", (double)sums->objects);
	manifest_object(&part, list, -1, NULL);
}

/* Parts of large objects that a killed run had begun to copy. */
static bool
sweep(struct objectbackup *b, struct err *e)
{
	size_t n;

	return b->to == NULL || s3_upload_sweep(b->to, b->to_prefix, &n, e);
}

bool
objectbackup_make(struct objectbackup *b, struct manifest *m,
    struct objectbackup_sums *sums, struct err *e)
{
	const char *name = pool_printf(b->p, "%s/%s.jsonl",
	    manifest_folder(m), b->source->place.bucket);
	time_t began = time(NULL);
	struct objectbackup_sums now;
	struct stored list;

	if (!sweep(b, e))
		return false;
	for (int i = 0; i < PASSES; i++) {
		if (!pass_once(b, name, &now, &list, e))
			return false;
		if (i == 0)
			*sums = now;
		if (now.missing == 0) {
			sums->objects = now.objects;
			sums->bytes = now.bytes;
			tell_manifest(b, m, began, &now, &list);
			return true;
		}
		log_info("%s: %lld objects copied", s3_name(b->from),
		    now.missing);
	}
	return err_set(e, ERR_CONFLICT, "%s: it goes on changing: %lld "
	    "objects were other ones again in pass %d: try when less is "
	    "written there", s3_name(b->from), now.missing, PASSES);
}
