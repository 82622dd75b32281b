/*
 * backup - see backup.h.
 */
#include "site/backup.h"

#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/checkout.h"
#include "site/manifest.h"
#include "site/store.h"

enum {
	HOUR = 3600,
	AGE_MAX = 24 * 365,	/* hours */
};

static const char *const moments[] = { "due", "always", "asked", NULL };

static struct {
	long age;
	const char *when;
	bool renew;
} in;

const struct input backup_place_inputs[] = {
	{ .rows = store_inputs },
	{ .name = "max-backup-age", .num = &in.age, .min = 1, .max = AGE_MAX,
	  .dflt = "24", .plan = "backup.max-age",
	  .help = "Hours after which a backup is too old" },
	{ 0 }
};

const struct input backup_inputs[] = {
	{ .rows = backup_place_inputs },
	{ .name = "when", .str = &in.when, .oneof = moments, .dflt = "due",
	  .help = "due: if there is none that is young enough; always; "
	    "asked: if it is due and renew-backups is true" },
	{ .name = "renew-backups", .flag = &in.renew, .dflt = "false",
	  .plan = "backup.renew",
	  .help = "true: phases that need a young backup make one where it "
	    "is due; otherwise they stop" },
	{ 0 }
};

bool
backup_open(struct backup *b, const char *name, struct err *e)
{
	*b = (struct backup){ .name = name, .store = store_open(e) };
	return b->store != NULL;
}

void
backup_close(struct backup *b)
{
	manifest_free(b->manifest);
	store_close(b->store);
	*b = (struct backup){ 0 };
}

static const char *
age_text(long seconds)
{
	return pool_printf(step_common()->pool, "%ld h %ld min old",
	    seconds / HOUR, seconds % HOUR / 60);
}

static bool
find(struct backup *b, struct manifest_found *f, struct err *e)
{
	const struct step_common *c = step_common();

	return manifest_find(b->store, c->pool, c->instance, b->name, f, e);
}

static bool
young_enough(const struct manifest_found *f)
{
	return f->json != NULL && f->age <= in.age * HOUR;
}

static bool
is_not_asked(const struct backup *b)
{
	if (!text_same(in.when, "asked") || in.renew)
		return false;
	log_info("backup of %s: the plan does not ask for a new one here "
	    "(backup.renew)", b->name);
	return true;
}

bool
backup_find_due(struct backup *b, bool *due, struct err *e)
{
	struct manifest_found f;
	const char *object = pool_printf(step_common()->pool,
	    "backup of %s", b->name);

	*due = false;
	if (is_not_asked(b))
		return true;
	if (!find(b, &f, e))
		return false;
	*due = text_same(in.when, "always") || !young_enough(&f);
	if (*due)
		step_change(object, f.json == NULL ? NULL :
		    age_text(f.age), store_url(b->store));
	else
		step_same(object, pool_printf(step_common()->pool,
		    "%s, %s", f.id, age_text(f.age)));
	json_free(f.json);
	return true;
}

bool
backup_begin(struct backup *b, struct err *e)
{
	return backup_take_up(b, NULL, e);
}

bool
backup_take_up(struct backup *b, const char *id, struct err *e)
{
	const struct step_common *c = step_common();
	size_t n;

	if (!manifest_sweep(b->store, c->pool, c->instance, b->name, id,
	    &n, e))
		return err_within(e, "leftovers of an earlier run");
	if (n > 0)
		log_info("removed what %zu unfinished %s left", n,
		    n == 1 ? "backup" : "backups");
	b->manifest = manifest_begin(c->instance, b->name, id);
	return true;
}

static double
sum_sizes(const struct json *m)
{
	double sum = 0, size;

	for (const struct json *p = json_first(json_get(m, "parts"));
	    p != NULL; p = json_next(p))
		for (const struct json *o = json_first(json_get(p, "objects"));
		    o != NULL; o = json_next(o))
			sum += json_num(o, "size", &size) ? size : 0;
	return sum;
}

static void
tell(const struct backup *b, const struct json *m)
{
	step_output("backup", "%s", json_str(m, "id"));
	step_output("place", "%s/%s/%s/%s", store_url(b->store),
	    step_common()->instance, b->name, json_str(m, "id"));
	step_output("size", "%.0f", sum_sizes(m));
}

static bool
record(const struct json *complete, struct err *e)
{
	struct repo *repo = checkout_open(e);
	bool ok = repo != NULL && manifest_record(repo,
	    step_common()->instance, complete, e);

	repo_close(repo);
	return ok || err_within(e, "the backup is complete, but not its "
	    "record");
}

bool
backup_tell_newest(struct backup *b, struct err *e)
{
	struct manifest_found f;
	bool ok = true;

	if (!find(b, &f, e))
		return false;
	if (f.json != NULL) {
		tell(b, f.json);
		ok = step_common()->dry_run || record(f.json, e);
	}
	json_free(f.json);
	return ok;
}

bool
backup_finish(struct backup *b, struct err *e)
{
	const struct json *m = manifest_json(b->manifest);

	if (!manifest_commit(b->manifest, b->store, e))
		return false;
	tell(b, m);
	return record(m, e);
}

static bool
have_none(const struct backup *b, struct err *e)
{
	return err_set(e, ERR_HAND, "%s: there is no complete backup of %s in "
	    "%s: run backup-%s", b->name, step_common()->instance,
	    store_url(b->store), b->name);
}

bool
backup_find_newest(struct backup *b, struct json **m, struct err *e)
{
	struct manifest_found f;

	if (!find(b, &f, e))
		return false;
	*m = f.json;
	return f.json != NULL || have_none(b, e);
}

bool
backup_check_age(struct backup *b, struct err *e)
{
	struct manifest_found f;
	bool ok;

	if (!find(b, &f, e))
		return false;
	ok = young_enough(&f);
	if (ok)
		step_same(b->name, pool_printf(step_common()->pool,
		    "backup %s, %s, %.0f bytes, complete", f.id,
		    age_text(f.age), sum_sizes(f.json)));
	else if (f.json == NULL)
		have_none(b, e);
	else
		err_set(e, ERR_HAND, "%s: the newest complete backup, %s, is "
		    "%s; at most %ld hours are allowed: run backup-%s, or "
		    "say backup.renew: true in the plan", b->name, f.id,
		    age_text(f.age), in.age, b->name);
	json_free(f.json);
	return ok;
}
