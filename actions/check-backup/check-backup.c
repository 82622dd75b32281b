/*
 * check-backup - is there a complete backup that is young enough?
 *
 * The guide makes its backups once, in "Point the new instance to the old
 * instance's data", item 5, and lives from them ever after. Here the phases
 * that can't be taken back easily (switch, restrict) begin with this: of each
 * store the newest complete backup is looked up where it lies, with all of
 * its objects, and must not be older than max-backup-age. Only reads; run it
 * as often as you like.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/backup.h"
#include "site/manifest.h"
#include "step/step.h"

enum { PROBLEMS_BYTES = 2000 };

static struct {
	const char *stores, *buckets;
} in;

static bool
is_store(const char *word)
{
	for (size_t i = 0; manifest_stores[i] != NULL; i++)
		if (text_same(word, manifest_stores[i]))
			return true;
	return false;
}

static bool
check_stores(const char *list, struct err *e)
{
	struct pool *pool = pool_new();
	size_t n, known = 0;
	const char **words = text_split(pool, list, &n);
	bool ok;

	while (known < n && is_store(words[known]))
		known++;
	ok = n > 0 && known == n;
	if (!ok)
		err_set(e, ERR_INPUT, "must be one or more of mysql, mongodb, "
		    "storage");
	pool_free(pool);
	return ok;
}

static const struct input inputs[] = {
	{ .rows = backup_place_inputs },
	{ .name = "stores", .str = &in.stores, .list = true,
	  .optional = true, .plan = "backup.stores", .check = check_stores,
	  .help = "What must be backed up: mysql, mongodb, storage; if "
	    "empty, mysql and mongodb, and storage where storage.buckets "
	    "names any" },
	{ .name = "storage-buckets", .str = &in.buckets, .list = true,
	  .optional = true, .plan = "storage.buckets",
	  .help = "The instance's buckets, if it has any" },
	{ 0 }
};

static const struct output outputs[] = {
	{ 0 }
};

/* All are looked at, so that one run tells all that is missing. */
static bool
check_all(const char *const *stores, struct err *e)
{
	struct buf problems = buf_new(PROBLEMS_BYTES);
	bool ok = true;

	for (size_t i = 0; ok && stores[i] != NULL; i++) {
		struct backup b;
		struct err why = { 0 };

		if (!backup_open(&b, stores[i], &why)
		    || !backup_check_age(&b, &why)) {
			ok = why.kind == ERR_HAND;
			buf_printf(&problems, "%s%s", problems.len > 0 ?
			    "\n" : "", why.text);
			*e = why;
		}
		backup_close(&b);
	}
	if (problems.len > 0)
		ok = err_set(e, e->kind, "%s", buf_str(&problems));
	buf_free(&problems);
	return ok;
}

static bool
run(struct err *e)
{
	struct pool *p = step_common()->pool;

	if (in.stores == NULL && text_empty(in.buckets)) {
		log_info("the plan names no buckets: only mysql and mongodb "
		    "must be backed up");
		in.stores = "mysql mongodb";
	}
	return check_all(in.stores == NULL ? manifest_stores
	    : text_split(p, in.stores, NULL), e);
}

const struct step step_check_backup = {
	.name = "check-backup",
	.about = "Refuse to go on without a young and complete backup",
	.icon = "archive",
	.uses = STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
