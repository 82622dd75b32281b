/*
 * backup-mysql - copy the instance's MySQL databases to where backups go.
 *
 * Guide: "Point the new instance to the old instance's data", item 5; done
 * before anything is pointed there. Each database is dumped by the stock
 * program of its server's family in one transaction, packed with zstd, and
 * read back and verified; only then is a manifest written, which makes it a
 * backup. The databases are only read. Run it as often as you like: while
 * there is a young backup it makes none; what a killed run left is removed
 * by the next.
 */
#include "base/log.h"
#include "base/mem.h"
#include "db/mysql.h"
#include "db/mysql_dump.h"
#include "db/mysql_witness.h"
#include "edx/databases.h"
#include "site/backup.h"
#include "site/dbuser.h"
#include "site/manifest.h"
#include "site/restriction.h"
#include "site/sqlbackup.h"
#include "step/step.h"

enum {
	ANSWER_SECONDS = 3600,	/* counting the rows of a large table */
	MEGA = 1000 * 1000,
};

static struct {
	const char *program;
} in;

static const struct input inputs[] = {
	{ .rows = backup_inputs },
	{ .rows = dbuser_mysql_inputs, .optional = true },
	{ .rows = restriction_settings_inputs },
	{ .name = "dump-program", .str = &in.program, .optional = true,
	  .plan = "backup.mysql-dump",
	  .help = "Dump program; if empty, mariadb-dump or mysqldump, as the "
	    "server's family is" },
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
	struct pool *pool;
	struct backup backup;
	struct dbuser who;
	struct sql_login login;
	struct dump_program program;
	bool due;
} at;

/* As the administrator, where one is given, or else as the instance. */
static bool
choose_login(struct err *e)
{
	bool admin = at.who.admin != NULL && at.who.admin_password != NULL;

	at.login = dbuser_sql(&at.who, admin, ANSWER_SECONDS);
	return at.login.password != NULL || err_set(e, ERR_INPUT,
	    "mysql-admin-password: give it, or have the password of %s in "
	    "the instance's settings", at.who.user);
}

static bool
find_user(struct err *e)
{
	struct databases d;

	at.who = dbuser_mysql();
	return restriction_find_databases(&d, e)
	    && dbuser_complete(&at.who, &d.mysql, e)
	    && restriction_check_known(&at.who, "mysql", e)
	    && choose_login(e);
}

/* Told to the manifest too, once there is one. */
static bool
find_program(struct err *e)
{
	struct sql *s = sql_open(&at.login, e);
	bool ok;

	if (s == NULL)
		return false;
	ok = dump_find_program(at.pool, sql_is_mariadb(s), in.program,
	    &at.program, e);
	sql_close(s);
	return ok;
}

static bool
tell_plan(struct err *e)
{
	for (size_t i = 0; at.who.own[i] != NULL; i++) {
		struct witness *w = witness_open(&at.login, at.who.own[i],
		    e);

		if (w == NULL)
			return false;
		log_info("%s on %s: about %.0f MB; by %s", at.who.own[i],
		    at.who.host, witness_facts(w)->bytes / MEGA,
		    at.program.version);
		if (i == 0 && at.backup.manifest != NULL)
			manifest_server(at.backup.manifest,
			    witness_facts(w)->mariadb ? "MariaDB" : "MySQL",
			    witness_facts(w)->version);
		witness_close(w);
	}
	return true;
}

static bool
make_all(struct err *e)
{
	manifest_program(at.backup.manifest, at.program.name,
	    at.program.version);
	for (size_t i = 0; at.who.own[i] != NULL; i++)
		if (!sqlbackup_make(at.backup.store, at.backup.manifest,
		    &at.program, &at.login, at.who.own[i], e))
			return false;
	return true;
}

static bool
make_backup(struct err *e)
{
	if (step_common()->dry_run)
		return tell_plan(e);
	return backup_begin(&at.backup, e)
	    && tell_plan(e)
	    && make_all(e)
	    && backup_finish(&at.backup, e);
}

static bool
run(struct err *e)
{
	bool ok;

	at.pool = step_common()->pool;
	ok = backup_open(&at.backup, "mysql", e)
	    && backup_find_due(&at.backup, &at.due, e)
	    && (!at.due ? backup_tell_newest(&at.backup, e) :
		find_user(e) && find_program(e) && make_backup(e));
	backup_close(&at.backup);
	return ok;
}

const struct step step_backup_mysql = {
	.name = "backup-mysql",
	.about = "Back up the instance's MySQL databases and verify it",
	.icon = "archive",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
