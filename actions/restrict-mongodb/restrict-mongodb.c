/*
 * restrict-mongodb - the instance's MongoDB user may read and write its main
 * and forum databases, and nothing else.
 *
 * Guide: "Restrict permissions", item 3, on a server of one's own. All roles
 * are replaced in one order, which keeps the password and takes effect on
 * open connections, so the site notices nothing. Where there is no such user
 * it is made. The roles that it had are committed before, and mode restore
 * gives them back. Run it as often as you like.
 */
#include <string.h>

#include "api/accessrecord.h"
#include "api/repo.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/mongo.h"
#include "edx/databases.h"
#include "step/step.h"
#include "site/restriction.h"

enum {
	ANSWER_SECONDS = 30,	/* an election takes less */
	CACHE_SECONDS = 40,	/* a mongos remembers users for 30 */
	USUAL_PORT = 27017, PORT_MAX = 65535,
	FOREIGN_TRIED = 8,
	TEXT_MAX = 64 * 1024,
};

static struct {
	const char *mode, *provider, *host, *admin, *password, *ca, *tls;
	const char *user, *auth, *databases, *user_password, *old_running,
	    *settings;
	long port;
} in;

static const char *const providers[] = { "self-hosted", NULL };

static const struct input inputs[] = {
	{ .name = "mode", .str = &in.mode, .oneof = restriction_modes,
	  .dflt = "plan",
	  .help = "plan shows the change, restrict makes it, restore gives "
	    "back what the record says" },
	{ .name = "provider", .str = &in.provider, .oneof = providers,
	  .dflt = "self-hosted", .plan = "mongodb.provider",
	  .help = "Who runs the server" },
	{ .name = "mongodb-host", .str = &in.host, .plan = "mongodb.host",
	  .optional = true, .check = mongo_check_host,
	  .help = "Server, or a mongodb:// URI without credentials; that of "
	    "the instance's config.yml if empty" },
	{ .name = "mongodb-port", .num = &in.port, .min = 1, .max = PORT_MAX,
	  .optional = true, .plan = "mongodb.port",
	  .help = "Its port; that of config.yml if empty, or 27017" },
	{ .name = "mongodb-admin", .str = &in.admin, .plan = "mongodb.admin",
	  .help = "User of database admin who may change users" },
	{ .name = "mongodb-admin-password", .str = &in.password,
	  .secret = true, .help = "Password of that user" },
	{ .name = "mongodb-ca-file", .str = &in.ca, .optional = true,
	  .plan = "mongodb.ca-file", .check = file_check_certificates,
	  .help = "Roots that vouch for the server; ca-file if empty" },
	{ .name = "tls", .str = &in.tls, .oneof = mongo_tls_words,
	  .optional = true, .plan = "mongodb.tls",
	  .help = "verify the server, only require encryption, or off; off "
	    "if empty and config.yml says so, else verify" },
	{ .name = "user", .str = &in.user, .optional = true,
	  .plan = "mongodb.user",
	  .help = "The instance's user; that of config.yml if empty" },
	{ .name = "auth-database", .str = &in.auth, .optional = true,
	  .plan = "mongodb.auth-database",
	  .help = "Where it is defined; that of config.yml, or admin" },
	{ .name = "databases", .str = &in.databases, .optional = true,
	  .plan = "mongodb.databases",
	  .help = "Its main and forum databases; those of config.yml if "
	    "empty" },
	{ .name = "user-password", .str = &in.user_password,
	  .optional = true, .secret = true,
	  .help = "Its password, to confirm by logging in and for a user "
	    "that is not there; that of config.yml if empty" },
	{ .name = "settings-file", .str = &in.settings, .optional = true,
	  .check = file_check_readable,
	  .help = "File that fetch-settings wrote in this job, to be taken "
	    "instead of config.yml" },
	{ .name = "old-running", .str = &in.old_running,
	  .oneof = restriction_yes_or_no,
	  .optional = true, .plan = "old-running",
	  .help = "false: the old side's workloads are at 0; true: they "
	    "still run, and may lose rights outside the databases named" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "verdict", .help = "scoped, or the worst severity found" },
	{ .name = "roles", .help = "The user's roles as they are now" },
	{ .name = "findings", .help = "What is too much or missing now" },
	{ 0 }
};

/* What the deeds hand on. */
static struct {
	struct pool *pool;
	const char *const *own;
	const struct mongo_role *wanted;
	size_t nwanted;
	struct mongo *admin;
	struct repo *repo;
	struct accessrecord *record;
	struct mongo_users users;
} at;

/* --- who, and which databases --- */

/* Users of the server itself, and databases that hold its users. */
static bool
check_not_system(struct err *e)
{
	if (text_same(in.user, in.admin) || text_same_fold(in.user, "root")
	    || text_same_fold(in.user, "doadmin")
	    || text_same(in.user, "__system"))
		return err_set(e, ERR_INPUT, "user: %s is an administrator "
		    "of the server, not an instance's user", in.user);
	for (size_t i = 0; at.own[i] != NULL; i++)
		if (text_same(at.own[i], "admin")
		    || text_same(at.own[i], "config")
		    || text_same(at.own[i], "local"))
			return err_set(e, ERR_INPUT, "databases: %s belongs "
			    "to the server, not to an instance", at.own[i]);
	return true;
}

static bool
find_inputs(struct err *e)
{
	struct databases d;

	if (!restriction_find_databases(in.settings, &d, e))
		return false;
	at.own = in.databases == NULL ? d.mongo :
	    text_split(at.pool, in.databases, NULL);
	if (in.host == NULL)
		in.host = d.mongo_host;
	in.user = in.user == NULL ? d.mongo_user : in.user;
	in.auth = in.auth == NULL ? d.mongo_auth : in.auth;
	in.auth = in.auth == NULL ? "admin" : in.auth;
	if (in.user_password == NULL && text_same(in.user, d.mongo_user))
		in.user_password = d.mongo_password;
	if (in.tls == NULL && text_same(d.mongo_tls, "false"))
		in.tls = "off";
	in.ca = in.ca == NULL ? step_common()->ca_file : in.ca;
	at.nwanted = roles_wanted(at.pool, at.own, &at.wanted);
	return restriction_find_port(&in.port, d.mongo_port, USUAL_PORT, e)
	    && restriction_check_given(in.host, "mongodb-host", e)
	    && restriction_check_given(in.user, "user", e)
	    && restriction_check_given(at.own[0], "databases", e)
	    && check_not_system(e);
}

static struct mongo_login
login(const char *user, const char *password, const char *auth)
{
	return (struct mongo_login){ .host = in.host, .port = in.port,
	    .user = user, .password = password, .auth_db = auth,
	    .tls = in.tls, .ca_file = in.ca, .seconds = ANSWER_SECONDS };
}

static bool
open_admin(struct err *e)
{
	const struct mongo_login l = login(in.admin, in.password, "admin");

	at.admin = mongo_open(&l, e);
	return at.admin != NULL;
}

static bool
find_users(struct err *e)
{
	return mongo_find_users(at.admin, at.pool, in.user, at.own,
	    &at.users, e);
}

/* The user of auth-database; NULL: there is none. */
static const struct mongo_user *
find_user(void)
{
	for (size_t i = 0; i < at.users.n; i++)
		if (text_same(at.users.v[i].db, in.auth))
			return &at.users.v[i];
	return NULL;
}

/* --- the record --- */

/* One role a line: its database, which has no blank, and its name. */
static bool
ensure_recorded(const struct mongo_user *u, struct err *e)
{
	accessrecord_start(at.record, in.user);
	for (size_t i = 0; u != NULL && i < u->nroles; i++)
		accessrecord_keep(at.record, in.auth, pool_printf(at.pool,
		    "%s %s", u->roles[i].db, u->roles[i].role));
	return accessrecord_save(at.record, at.repo, ACCESS_RESTRICTING, e);
}

static bool
read_record(struct mongo_role **roles, size_t *n, struct err *e)
{
	if (!text_same(accessrecord_user(at.record), in.user)
	    || accessrecord_accounts(at.record) != 1
	    || !text_same(accessrecord_account(at.record, 0), in.auth))
		return err_set(e, ERR_HAND, "the record holds no roles of "
		    "%s in database %s: nothing to restore", in.user,
		    in.auth);
	*n = accessrecord_lines(at.record, 0);
	*roles = pool_alloc(at.pool, (*n + 1) * sizeof **roles);
	for (size_t i = 0; i < *n; i++) {
		const char *line = accessrecord_line(at.record, 0, i);
		const char *blank = strchr(line, ' ');

		if (blank == NULL)
			return err_set(e, ERR_HAND, "the record mongodb has "
			    "a line that is no role: %s", line);
		(*roles)[i] = (struct mongo_role){ .role = blank + 1,
		    .db = pool_strndup(at.pool, line,
			(size_t)(blank - line)) };
	}
	return true;
}

/* --- deeds --- */

static const char *
user_words(void)
{
	return pool_printf(at.pool, "MongoDB user %s of database %s",
	    in.user, in.auth);
}

static void
tell_state(const struct findings *f)
{
	const struct mongo_user *u = find_user();
	struct buf found = buf_new(TEXT_MAX);

	findings_print(f, &found);
	step_output("verdict", "%s", findings_clean(f) ? "scoped" :
	    severity_name(findings_worst(f)));
	step_output("roles", "%s", u == NULL ? "no such user" :
	    roles_print(at.pool, u->roles, u->nroles));
	step_output("findings", "%s", buf_str(&found));
	if (found.len > 0)
		log_foreign(buf_str(&found), found.len);
	buf_free(&found);
}

/* Databases of others; where this login may list none, admin must refuse. */
static bool
find_foreign(const char *const **foreign, struct err *e)
{
	const char **names = pool_alloc(at.pool,
	    (FOREIGN_TRIED + 2) * sizeof *names);
	const char *const *all;
	size_t n = 0;

	if (!mongo_find_databases(at.admin, at.pool, &all, e))
		return false;
	names[n++] = "admin";
	for (size_t i = 0; all[i] != NULL && n <= FOREIGN_TRIED; i++) {
		bool skip = text_same(all[i], "admin")
		    || text_same(all[i], "config")
		    || text_same(all[i], "local");

		for (size_t k = 0; at.own[k] != NULL; k++)
			skip = skip || text_same(all[i], at.own[k]);
		if (!skip)
			names[n++] = all[i];
	}
	*foreign = names;
	return true;
}

static bool
confirm(struct err *e)
{
	const struct mongo_login l = login(in.user, in.user_password,
	    in.auth);
	const char *const *foreign;

	if (in.user_password == NULL) {
		log_warn("no password of %s: not confirmed by logging in",
		    in.user);
		return true;
	}
	if (!find_foreign(&foreign, e)
	    || !mongo_confirm(&l, at.own, foreign, step_changed(),
		CACHE_SECONDS, e))
		return err_within(e, "logged in as %s", in.user);
	log_info("logged in as %s: its own databases open, others refuse",
	    in.user);
	return true;
}

static bool
ensure_user(const struct mongo_user *u, const struct mongo_role *roles,
    size_t n, struct err *e)
{
	if (u != NULL)
		return mongo_set_roles(at.admin, in.user, in.auth, roles, n,
		    e);
	return mongo_create_user(at.admin, in.user, in.auth,
	    in.user_password, roles, n, e);
}

/* A run that was killed before its last commit left it "restricting". */
static bool
ensure_finished(struct err *e)
{
	return accessrecord_state(at.record) != ACCESS_RESTRICTING
	    || accessrecord_save(at.record, at.repo, ACCESS_RESTRICTED, e);
}

/* Somewhere else is a user of this name: which one does the site use? */
static bool
check_can_create(struct err *e)
{
	const struct mongo_user *other = at.users.n > 0 ? at.users.v : NULL;

	if (other != NULL)
		return err_set(e, ERR_INPUT, "auth-database: there is no "
		    "user %s in %s, but one in %s", in.user, in.auth,
		    other->db);
	return in.user_password != NULL || err_set(e, ERR_INPUT,
	    "user-password: there is no user %s, and making one takes a "
	    "password", in.user);
}

static bool
ensure_roles(const struct mongo_user *u, struct err *e)
{
	bool told_only = step_common()->dry_run
	    || text_same(in.mode, "plan");

	if (u != NULL && roles_same(u, at.wanted, at.nwanted)) {
		step_same(user_words(), roles_print(at.pool, u->roles,
		    u->nroles));
		return told_only || (confirm(e) && ensure_finished(e));
	}
	step_change(user_words(), u == NULL ? NULL : roles_print(at.pool,
	    u->roles, u->nroles), roles_print(at.pool, at.wanted,
	    at.nwanted));
	return told_only
	    || (ensure_recorded(u, e)
	    && ensure_user(u, at.wanted, at.nwanted, e)
	    && find_users(e)
	    && confirm(e)
	    && ensure_finished(e));
}

/* Users of this name elsewhere are for a person to judge. */
static bool
plan_or_restrict(struct err *e)
{
	const struct mongo_user *u = find_user();
	struct findings f = { 0 };
	size_t others;
	bool ok;

	if (u == NULL && !check_can_create(e))
		return false;
	ok = ensure_roles(u, e);
	roles_judge(at.pool, at.users.v, at.users.n, in.auth, at.own, &f);
	tell_state(&f);
	others = findings_count(&f, FINDING_HAND);
	return ok && (others == 0 || !text_same(in.mode, "restrict")
	    || step_common()->dry_run || err_set(e, ERR_HAND,
	    "%zu other users are called %s: see the findings", others,
	    in.user));
}

static bool
restore(struct err *e)
{
	const struct mongo_user *u = find_user();
	struct findings f = { 0 };
	struct mongo_role *saved = NULL;
	size_t n = 0;

	if (!read_record(&saved, &n, e))
		return false;
	if (u == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no user %s in "
		    "database %s to restore", in.user, in.auth);
	if (roles_same(u, saved, n)) {
		step_same(user_words(), roles_print(at.pool, saved, n));
		return true;
	}
	step_change(user_words(), roles_print(at.pool, u->roles, u->nroles),
	    roles_print(at.pool, saved, n));
	if (step_common()->dry_run)
		return true;
	if (!ensure_user(u, saved, n, e) || !find_users(e))
		return false;
	roles_judge(at.pool, at.users.v, at.users.n, in.auth, at.own, &f);
	tell_state(&f);
	return accessrecord_save(at.record, at.repo, ACCESS_RESTORED, e);
}

static bool
run(struct err *e)
{
	bool ok;

	at.pool = step_common()->pool;
	ok = restriction_check_old_side(in.mode, in.old_running, e)
	    && find_inputs(e)
	    && open_admin(e)
	    && find_users(e)
	    && restriction_open_record("mongodb", &at.repo, &at.record, e)
	    && (text_same(in.mode, "restore") ? restore(e) :
		plan_or_restrict(e));
	accessrecord_close(at.record);
	repo_close(at.repo);
	mongo_close(at.admin);
	return ok;
}

const struct step step_restrict_mongodb = {
	.name = "restrict-mongodb",
	.about = "Give the MongoDB user its instance's two databases only",
	.icon = "shield",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
