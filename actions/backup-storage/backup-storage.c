/*
 * backup-storage - copy the objects of the instance's buckets to where
 * backups go.
 *
 * Guide: "Point the new instance to the old instance's data", item 5; done
 * before anything is pointed there. The buckets are only read. A manifest,
 * which makes it a backup, is written only when a listing of the copies has
 * each object of the source in its size and with its ETag. Run it as often
 * as you like: while there is a young backup it makes none; one that was
 * killed half-way is gone on with.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"
#include "site/backup.h"
#include "site/manifest.h"
#include "site/objectbackup.h"
#include "site/store.h"
#include "step/step.h"

enum { MARK_BYTES = 64 * 1024 };

static struct {
	const char *endpoint, *region, *buckets, *key_id, *secret;
	long at_once;
} in;

static bool
check_buckets(const char *text, struct err *e)
{
	struct pool *p = pool_new();
	size_t n, good = 0;
	const char **names = text_split(p, text, &n);

	while (good < n && names[good][0] != '/'
	    && strstr(names[good], "://") == NULL)
		good++;
	pool_free(p);
	return (n > 0 && good == n) || err_set(e, ERR_INPUT, "must be names "
	    "of buckets, each with a prefix or without: media, media/acme/");
}

static const struct input inputs[] = {
	{ .rows = backup_inputs },
	{ .name = "storage-endpoint", .str = &in.endpoint,
	  .optional = true, .plan = "storage.endpoint",
	  .check = text_check_url,
	  .help = "URL of the S3 server that has the instance's buckets" },
	{ .name = "storage-region", .str = &in.region,
	  .optional = true, .plan = "storage.region",
	  .help = "Their region; us-east-1 if empty" },
	{ .name = "storage-buckets", .str = &in.buckets, .list = true,
	  .optional = true, .plan = "storage.buckets",
	  .check = check_buckets,
	  .help = "The buckets, each with a prefix or without: media/acme/; "
	    "if there are none, nothing is done" },
	{ .name = "at-once", .num = &in.at_once, .min = 1, .max = 256,
	  .dflt = "32", .plan = "storage.at-once",
	  .help = "Requests on their way at once" },
	{ .name = "storage-key-id", .str = &in.key_id, .optional = true,
	  .secret = true,
	  .help = "Id of an access key that may list and read them" },
	{ .name = "storage-secret-key", .str = &in.secret, .optional = true,
	  .secret = true, .help = "The secret of that key" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "backup", .help = "Id of the newest complete backup" },
	{ .name = "place", .help = "Where it lies" },
	{ .name = "size", .help = "Bytes of its lists of objects" },
	{ .name = "objects", .help = "How many objects the buckets hold" },
	{ 0 }
};

/* What the deeds hand on. */
static struct {
	struct pool *pool;
	struct backup backup;
	struct http *http;
	struct objectbackup_source *sources;
	size_t n;
	long long objects;
	bool due;
} at;

static bool
check_login(struct err *e)
{
	const char *missing = in.endpoint == NULL ? "storage-endpoint"
	    : in.key_id == NULL ? "storage-key-id"
	    : in.secret == NULL ? "storage-secret-key" : NULL;

	return missing == NULL || err_set(e, ERR_INPUT, "%s: it is needed to "
	    "read %s", missing, in.buckets);
}

/* "media/acme/" is the bucket media and the prefix acme/. */
static bool
open_sources(struct err *e)
{
	const struct step_common *c = step_common();
	const char **names = text_split(at.pool, in.buckets, &at.n);

	at.sources = pool_alloc(at.pool, at.n * sizeof(*at.sources));
	for (size_t i = 0; i < at.n; i++) {
		size_t len = strcspn(names[i], "/");

		at.sources[i] = (struct objectbackup_source){
		    .at_once = (size_t)in.at_once,
		    .place = { .endpoint = in.endpoint,
			.region = in.region != NULL ? in.region
			    : "us-east-1",
			.bucket = pool_strndup(at.pool, names[i], len),
			.key_id = in.key_id, .secret = in.secret },
		    .prefix = names[i] + len + (names[i][len] == '/') };
	}
	at.http = http_open(c->ca_file, c->dns_servers, e);
	return at.http != NULL;
}

/* What an unfinished backup must be of to be gone on with. */
static const char *
mark_text(void)
{
	struct buf b = buf_new(MARK_BYTES);
	struct json *j = json_object();
	const char *text;

	json_set_str(j, "endpoint", in.endpoint);
	json_set_str(j, "buckets", in.buckets);
	json_print(j, true, &b);
	json_free(j);
	text = pool_strdup(at.pool, buf_str(&b));
	buf_free(&b);
	return text;
}

static const char *
mark_name(const char *id)
{
	return pool_printf(at.pool, "%s/storage/%s/begun.json",
	    step_common()->instance, id);
}

/* NULL: there is none of these buckets. */
static bool
find_unfinished(const char **id, struct err *e)
{
	struct buf b = buf_new(MARK_BYTES);
	struct err why;

	if (!manifest_find_unfinished(at.backup.store, at.pool,
	    step_common()->instance, "storage", id, e))
		return false;
	if (*id == NULL)
		return true;
	if (!store_get(at.backup.store, mark_name(*id), &b, &why)
	    || strcmp(buf_str(&b), mark_text()) != 0) {
		log_info("unfinished backup %s is of other buckets: it is "
		    "left as it is", *id);
		*id = NULL;
	}
	buf_free(&b);
	return true;
}

static bool
begin(const char *id, struct err *e)
{
	const char *folder, *text = mark_text();

	at.backup.manifest = manifest_begin(step_common()->instance,
	    "storage", id);
	if (id != NULL)
		return true;
	folder = manifest_folder(at.backup.manifest);
	return store_put(at.backup.store,
	    mark_name(strrchr(folder, '/') + 1), text, strlen(text), e);
}

static const char *
sums_text(const struct objectbackup_sums *s)
{
	return pool_printf(at.pool, "%lld objects, %lld bytes, of which %lld "
	    "objects, %lld bytes, are to be copied", s->objects, s->bytes,
	    s->missing, s->missing_bytes);
}

/* One bucket: copied, or in a dry run counted. */
static bool
back_up(const struct objectbackup_source *s, const char *id, struct err *e)
{
	struct objectbackup *b = objectbackup_open(at.http, at.backup.store,
	    s, id, e);
	struct objectbackup_sums sums;
	bool ok = b != NULL && (at.backup.manifest == NULL
	    ? objectbackup_count(b, &sums, e)
	    : objectbackup_make(b, at.backup.manifest, &sums, e));

	objectbackup_close(b);
	if (!ok)
		return err_within(e, "bucket %s", s->place.bucket);
	log_info("bucket %s: %s", s->place.bucket, sums_text(&sums));
	at.objects += sums.objects;
	return true;
}

static bool
back_up_all(const char *id, struct err *e)
{
	if (at.backup.manifest != NULL)
		id = strrchr(manifest_folder(at.backup.manifest), '/') + 1;
	for (size_t i = 0; i < at.n; i++)
		if (!back_up(&at.sources[i], id != NULL ? id : "new", e))
			return false;
	step_output("objects", "%lld", at.objects);
	return true;
}

static bool
make_backup(struct err *e)
{
	const char *id;

	if (!open_sources(e) || !find_unfinished(&id, e))
		return false;
	if (id != NULL)
		log_info("backup %s was begun and is gone on with", id);
	if (step_common()->dry_run)
		return back_up_all(id, e);
	return begin(id, e)
	    && back_up_all(id, e)
	    && backup_finish(&at.backup, e);
}

static bool
run(struct err *e)
{
	bool ok;

	at.pool = step_common()->pool;
	if (in.buckets == NULL) {
		step_same("storage", "the plan names no buckets");
		return true;
	}
	ok = check_login(e)
	    && backup_open(&at.backup, "storage", e)
	    && backup_find_due(&at.backup, &at.due, e)
	    && (at.due ? make_backup(e)
		: backup_tell_newest(&at.backup, e));
	backup_close(&at.backup);
	http_close(at.http);
	return ok;
}

const struct step step_backup_storage = {
	.name = "backup-storage",
	.about = "Back up the instance's buckets and verify it",
	.icon = "archive",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
