/*
 * backup-mongodb - copy the instance's MongoDB databases to where backups go.
 *
 * Guide: "Point the new instance to the old instance's data", item 5; done
 * before anything is pointed there. Reads only; the site notices some load.
 * What comes out is what mongorestore takes (BSON and metadata of each
 * collection), each byte read back, counted against the server, and listed in
 * a manifest that is written last. Run it as often as you like: while there
 * is a young backup it makes none, and one that was cut is taken up where it
 * stopped.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/mongo.h"
#include "db/mongo_dump.h"
#include "edx/databases.h"
#include "site/backup.h"
#include "site/dbuser.h"
#include "site/manifest.h"
#include "site/mongobackup.h"
#include "site/restriction.h"
#include "step/step.h"

enum {
	CONNECT_SECONDS = 30,
	ANSWER_SECONDS = 15 * 60,	/* counting a large collection */
	RESUME_SECONDS = 12 * 60 * 60,
};

static const struct input inputs[] = {
	{ .rows = backup_inputs },
	{ .rows = dbuser_mongodb_inputs, .optional = true },
	{ .rows = restriction_settings_inputs },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "backup", .help = "Id of the newest complete backup" },
	{ .name = "place", .help = "Where it lies" },
	{ .name = "size", .help = "Its bytes" },
	{ 0 }
};

/* What the deeds hand on. */
static struct {
	struct backup backup;
	struct dbuser who;
	struct mongobackup all;
	bool due;
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
find_user(struct err *e)
{
	struct databases d;

	at.who = dbuser_mongodb();
	return restriction_find_databases(&d, e)
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
	at.all.server = mongo_open(&l, e);
	return at.all.server != NULL;
}

static bool
find_collections(struct err *e)
{
	const char *host = strrchr(at.who.host, '@');
	bool any = false;

	at.all.source = host != NULL ? host + 1 : at.who.host;
	if (!mongobackup_find(&at.all, at.who.own, e))
		return false;
	for (size_t i = 0; i < at.all.n; i++) {
		size_t n = at.all.databases[i].collections.n;

		any = any || n > 0;
		log_info("%s on %s: %zu collections",
		    at.all.databases[i].name, at.all.source, n);
	}
	return any || err_set(e, ERR_NOT_FOUND, "none of the databases has a "
	    "collection: is this the server that the instance uses?");
}

/* --- deeds --- */

static bool
begin(struct err *e)
{
	const char *id, *version;

	if (!mongo_find_version(at.all.server, at.all.pool, &version, e)
	    || !mongobackup_find_unfinished(&at.all,
		step_common()->instance, RESUME_SECONDS, &id, e)
	    || !backup_take_up(&at.backup, id, e))
		return false;
	if (id != NULL)
		log_info("backup %s was cut: taken up again", id);
	manifest_server(at.backup.manifest, "MongoDB", version);
	manifest_program(at.backup.manifest, "mongo-c-driver",
	    mongo_driver_version());
	return true;
}

static bool
copy(struct err *e)
{
	struct mongobackup_sums sums;

	if (!mongobackup_copy(&at.all, at.backup.manifest, &sums, e))
		return false;
	log_info("%zu collections (%zu of a run before), %lld documents, "
	    "%lld bytes", sums.collections, sums.kept, sums.documents,
	    sums.bytes);
	return backup_finish(&at.backup, e)
	    && mongobackup_finish(&at.all, at.backup.manifest, e);
}

static bool
make_backup(struct err *e)
{
	return find_user(e)
	    && open_server(e)
	    && find_collections(e)
	    && (step_common()->dry_run
	    || (begin(e)
	    && copy(e)));
}

static bool
run(struct err *e)
{
	bool ok;

	at.all.pool = step_common()->pool;
	ok = backup_open(&at.backup, "mongodb", e);
	at.all.store = at.backup.store;
	ok = ok && backup_find_due(&at.backup, &at.due, e)
	    && (at.due ? make_backup(e) :
		backup_tell_newest(&at.backup, e));
	backup_close(&at.backup);
	mongo_close(at.all.server);
	return ok;
}

const struct step step_backup_mongodb = {
	.name = "backup-mongodb",
	.about = "Back up the instance's MongoDB databases and verify it",
	.icon = "archive",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
