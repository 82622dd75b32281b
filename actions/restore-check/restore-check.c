/*
 * restore-check - prove that the backup of MySQL can be restored.
 *
 * Guide: "Point the new instance to the old instance's data", item 5, which
 * trusts its dumps. Here the newest complete backup is loaded into a scratch
 * database of our own on a server that is given, and dumped from there
 * again: it must hold, table by table, byte for byte what the backup holds.
 * The scratch database is removed afterwards, also after a failure; one that
 * a killed run left is removed first, and one that is not ours is never
 * touched. Run it as often as you like.
 */
#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "db/mysql.h"
#include "db/mysql_dump.h"
#include "db/mysql_scratch.h"
#include "site/backup.h"
#include "site/restored.h"
#include "step/step.h"

static const struct input inputs[] = {
	{ .rows = backup_place_inputs },
	{ .rows = restored_inputs },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "backup", .help = "Id of the backup that was restored" },
	{ .name = "tables", .help = "How many tables with rows it has" },
	{ .name = "rows", .help = "How many rows they have" },
	{ 0 }
};

static struct {
	struct backup backup;
	struct json *manifest;
	struct restored target;
} at;

/* One database of the backup. */
static bool
check_part(const struct json *part, struct err *e)
{
	const char *name = json_str(part, "name");
	bool ok;
	struct err why = { 0 };

	step_change(at.target.name, NULL, name);
	if (step_common()->dry_run)
		return true;
	ok = scratch_make(at.target.sql, at.target.name,
		json_str(part, "facts.charset"),
		json_str(part, "facts.collation"), e)
	    && restored_load(&at.target, at.backup.store, part, e)
	    && restored_compare(&at.target, part, e);
	if (!scratch_remove(at.target.sql, at.target.name, &why)) {
		log_warn("%s stays: %s", at.target.name, why.text);
		ok = ok && err_set(e, why.kind, "%s", why.text);
	}
	return ok || err_within(e, "restoring %s", name);
}

static bool
check_all(struct err *e)
{
	for (const struct json *p = json_first(json_get(at.manifest, "parts"));
	    p != NULL; p = json_next(p))
		if (!restored_check_part(&at.target, p, e)
		    || !check_part(p, e))
			return false;
	return true;
}

static bool
run(struct err *e)
{
	bool ok;

	ok = backup_open(&at.backup, "mysql", e)
	    && backup_find_newest(&at.backup, &at.manifest, e)
	    && restored_open(&at.target, at.manifest, e)
	    && check_all(e);
	if (at.manifest != NULL)
		step_output("backup", "%s", json_str(at.manifest, "id"));
	step_output("tables", "%zu", at.target.tables);
	step_output("rows", "%lld", at.target.rows);
	restored_close(&at.target);
	json_free(at.manifest);
	backup_close(&at.backup);
	return ok;
}

const struct step step_restore_check = {
	.name = "restore-check",
	.about = "Restore the MySQL backup into a scratch database, compare",
	.icon = "rotate-ccw",
	.uses = STEP_CHANGES | STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
