/*
 * backup-mongodb - copy the instance's MongoDB databases to where backups go.
 *
 * Guide: "Back up", before the new side is pointed at the old data. Reads
 * only; the site notices some load. What comes out is what mongorestore takes
 * (BSON and metadata of each collection), each byte read back, counted
 * against the server, and listed in a manifest that is written last. Run it
 * as often as you like: a fresh backup is enough, and one that was cut is
 * taken up where it stopped.
 */
#include <string.h>

#include "api/repo.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "db/mongo.h"
#include "db/mongo_dump.h"
#include "edx/databases.h"
#include "site/checkout.h"
#include "site/dbuser.h"
#include "site/manifest.h"
#include "site/mongobackup.h"
#include "site/restriction.h"
#include "site/store.h"
#include "step/step.h"

enum {
	CONNECT_SECONDS = 30,
	ANSWER_SECONDS = 15 * 60,	/* counting a large collection */
	RESUME_SECONDS = 12 * 60 * 60,
	DAY = 24 * 60 * 60,
};

static struct {
	const char *settings;
	long fresh;
} in;

static const struct input inputs[] = {
	{ .name = "settings-file", .str = &in.settings, .optional = true,
	  .check = file_check_readable,
	  .help = "File that fetch-settings wrote in this job, to be taken "
	    "instead of config.yml" },
	{ .name = "fresh-seconds", .num = &in.fresh, .max = DAY,
	  .dflt = "3600", .plan = "backup.fresh-seconds",
	  .help = "A complete backup begun no longer ago is enough; 0 for a "
	    "new one in any case" },
	{ .rows = dbuser_mongodb_inputs, .optional = true },
	{ .rows = store_inputs },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "backup", .help = "Folder of the complete backup" },
	{ .name = "collections", .help = "How many it holds" },
	{ .name = "documents", .help = "How many it holds" },
	{ 0 }
};

/* What the deeds hand on. */
static struct {
	struct dbuser who;
	struct mongobackup backup;
	struct manifest *manifest;
	struct mongobackup_sums sums;
	const char *version;
} at;

/* --- whose, and where --- */

/* What belongs to the server, not to an instance. */
static bool
check_not_system(struct err *e)
{
	static const char *const names[] = { "admin", "config", "local",
		NULL };

	for (size_t i = 0; at.who.own[i] != NULL; i++)
		for (size_t k = 0; names[k] != NULL; k++)
			if (text_same_fold(at.who.own[i], names[k]))
				return err_set(e, ERR_INPUT,
				    "mongodb-databases: %s belongs to the "
				    "server, not to an instance",
				    at.who.own[i]);
	return true;
}

/* As the administrator, where one is given, or else as the instance. */
static struct mongo_login
login(void)
{
	return dbuser_mongo(&at.who, at.who.admin != NULL
	    && at.who.admin_password != NULL, CONNECT_SECONDS);
}

static bool
find_inputs(struct err *e)
{
	const struct step_common *c = step_common();
	struct databases d;

	at.who = dbuser_mongodb();
	return (in.settings != NULL ? databases_find_running(c->pool,
		in.settings, &d, e) : databases_find(c->pool, c->workspace,
		c->instance, &d, e))
	    && dbuser_complete(&at.who, &d.mongo, e)
	    && restriction_check_known(&at.who, "mongodb", e)
	    && check_not_system(e)
	    && (login().password != NULL || err_set(e, ERR_INPUT,
		"mongodb-user-password: give it, or have it in the settings "
		"of the instance"));
}

static bool
open_server(struct err *e)
{
	struct mongo_login l = login();

	l.answer_seconds = ANSWER_SECONDS;
	at.backup.server = mongo_open(&l, e);
	return at.backup.server != NULL
	    && mongo_find_version(at.backup.server, at.backup.pool,
		&at.version, e);
}

static bool
open_store(struct err *e)
{
	at.backup.store = store_open(e);
	return at.backup.store != NULL;
}

static bool
find_collections(struct err *e)
{
	const char *host = strrchr(at.who.host, '@');
	bool any = false;

	at.backup.source = host != NULL ? host + 1 : at.who.host;
	if (!mongobackup_find(&at.backup, at.who.own, e))
		return false;
	for (size_t i = 0; i < at.backup.n; i++) {
		size_t n = at.backup.databases[i].collections.n;

		any = any || n > 0;
		log_info("database %s: %zu collections",
		    at.backup.databases[i].name, n);
	}
	return any || err_set(e, ERR_NOT_FOUND, "none of the databases has a "
	    "collection: is this the server that the instance uses?");
}

/* --- deeds --- */

static const char *
backup_words(void)
{
	return "backup of MongoDB";
}

static void
tell(const char *folder)
{
	step_output("backup", "%s", folder);
	step_output("collections", "%zu", at.sums.collections);
	step_output("documents", "%lld", at.sums.documents);
}

static void
sum_up(const struct json *manifest)
{
	for (const struct json *p = json_first(json_get(manifest, "parts"));
	    p != NULL; p = json_next(p)) {
		double n = 0;

		json_num(p, "counts.documents", &n);
		at.sums.collections++;
		at.sums.documents += (long long)n;
	}
}

static bool
ensure_recorded(const struct json *manifest, struct err *e)
{
	struct repo *repo = checkout_open(e);
	bool ok = repo != NULL && manifest_record(repo,
	    step_common()->instance, manifest, e);

	repo_close(repo);
	return ok;
}

/* *fresh: there is one that will do, and it is in the record. */
static bool
find_fresh(bool *fresh, struct err *e)
{
	const struct step_common *c = step_common();
	struct manifest_found found;
	bool ok = true;

	*fresh = false;
	if (!manifest_find(at.backup.store, c->pool, c->instance, "mongodb",
	    &found, e))
		return false;
	if (found.json != NULL && found.age < in.fresh) {
		*fresh = true;
		sum_up(found.json);
		step_same(backup_words(), pool_printf(c->pool, "%s, begun "
		    "%ld minutes ago", found.id, found.age / 60));
		tell(pool_printf(c->pool, "%s/mongodb/%s", c->instance,
		    found.id));
		ok = c->dry_run || ensure_recorded(found.json, e);
	}
	json_free(found.json);
	return ok;
}

static bool
begin(struct err *e)
{
	const struct step_common *c = step_common();
	const char *id;
	size_t swept;

	if (!mongobackup_find_unfinished(&at.backup, c->instance,
	    RESUME_SECONDS, &id, e))
		return false;
	step_change(backup_words(), id == NULL ? NULL : pool_printf(c->pool,
	    "%s, cut", id), pool_printf(c->pool, "%zu databases of %s in %s",
	    at.backup.n, at.backup.source, store_url(at.backup.store)));
	if (c->dry_run)
		return true;
	if (!manifest_sweep(at.backup.store, c->pool, c->instance, "mongodb",
	    id, &swept, e))
		return false;
	if (swept > 0)
		log_info("removed what %zu cut backups left", swept);
	at.manifest = manifest_begin(c->instance, "mongodb", id);
	manifest_server(at.manifest, "MongoDB", at.version);
	manifest_program(at.manifest, "transplant", "1");
	return true;
}

static bool
copy(struct err *e)
{
	if (!mongobackup_copy(&at.backup, at.manifest, &at.sums, e)
	    || !manifest_commit(at.manifest, at.backup.store, e)
	    || !mongobackup_finish(&at.backup, at.manifest, e))
		return false;
	log_info("complete: %zu collections (%zu of a run before), %lld "
	    "documents, %lld bytes in %s/%s", at.sums.collections,
	    at.sums.kept, at.sums.documents, at.sums.bytes,
	    store_url(at.backup.store), manifest_folder(at.manifest));
	tell(manifest_folder(at.manifest));
	return ensure_recorded(manifest_json(at.manifest), e);
}

static bool
ensure_backup(struct err *e)
{
	bool fresh;

	return find_fresh(&fresh, e)
	    && (fresh
	    || (find_collections(e)
	    && begin(e)
	    && (step_common()->dry_run || copy(e))));
}

static bool
run(struct err *e)
{
	bool ok;

	at.backup.pool = step_common()->pool;
	ok = find_inputs(e)
	    && open_store(e)
	    && open_server(e)
	    && ensure_backup(e);
	manifest_free(at.manifest);
	store_close(at.backup.store);
	mongo_close(at.backup.server);
	return ok;
}

const struct step step_backup_mongodb = {
	.name = "backup-mongodb",
	.about = "Copy the instance's MongoDB databases to the backups",
	.icon = "archive",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
