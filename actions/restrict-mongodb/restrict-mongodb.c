/*
 * restrict-mongodb - the instance's MongoDB user may read and write its main
 * and forum databases, and nothing else.
 *
 * Guide: "Restrict permissions", item 3. On a server of one's own all roles
 * are replaced in one order, which keeps the password and takes effect on
 * open connections, so the site notices nothing. Where there is no such user
 * it is made. At Atlas the same is done by the company's API. The roles that
 * it had are committed before, and mode restore gives them back. Run it as
 * often as you like.
 *
 * At DigitalOcean a user's rights never change. There a second user is made,
 * and config.yml names it with its password; the site uses it once it is
 * built and deployed, and mode retire then deletes the first one. With the
 * strategy recreate the same user is deleted and made again, as the guide has
 * it, and nobody can log in meanwhile.
 */
#include "api/accessrecord.h"
#include "api/repo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/mongo.h"
#include "edx/databases.h"
#include "site/cluster.h"
#include "site/dbuser.h"
#include "site/managed.h"
#include "site/mongohost.h"
#include "site/newside.h"
#include "site/restriction.h"
#include "site/rightsrecord.h"
#include "site/rollover.h"
#include "step/step.h"

enum {
	ANSWER_SECONDS = 30,	/* an election takes less */
	CACHE_SECONDS = 40,	/* a mongos remembers users for 30 */
	LOGIN_SECONDS = 60,	/* until a new user can log in */
	LOGIN_MS = 1000,
	FOREIGN_TRIED = 8,
	TEXT_MAX = 64 * 1024,
};

static struct {
	const char *mode, *provider, *strategy;
} in;

static const char *const modes[] = { "plan", "restrict", "restore", "retire",
	NULL };
static const char *const strategies[] = { "rollover", "recreate", NULL };

static const struct input inputs[] = {
	{ .name = "mode", .str = &in.mode, .oneof = modes, .dflt = "plan",
	  .help = "plan shows the change, restrict makes it, restore gives "
	    "back what the record says; retire deletes the user that "
	    "another one follows at DigitalOcean" },
	{ .name = "provider", .str = &in.provider,
	  .oneof = managed_mongodb_providers,
	  .dflt = "self-hosted", .plan = "mongodb.provider",
	  .help = "Who runs the server" },
	{ .name = "strategy", .str = &in.strategy, .oneof = strategies,
	  .dflt = "rollover", .plan = "mongodb.strategy",
	  .help = "At DigitalOcean: rollover makes a second user, whom the "
	    "site takes; recreate deletes the user and makes it again, so "
	    "that nobody can log in until the site is deployed" },
	{ .rows = dbuser_mongodb_inputs, .optional = true },
	{ .rows = managed_cluster_inputs },
	{ .rows = managed_digitalocean_inputs },
	{ .rows = mongohost_inputs },
	{ .rows = restriction_inputs },
	{ .rows = cluster_both_new_inputs,
	  .together = cluster_check_both_new, .optional = true },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "verdict", .help = "scoped, or the worst severity found" },
	{ .name = "roles", .help = "The user's roles as they are now" },
	{ .name = "findings", .help = "What is too much or missing now" },
	{ .name = "user", .help = "The user that config.yml names now, or "
	    "mongodb-user" },
	{ .name = "must-deploy", .help = "true if config.yml may name a user "
	    "or password that the site is to be built and deployed with" },
	{ .name = "superseded", .help = "Users whom others follow: mode "
	    "retire deletes them, once the site is deployed" },
	{ 0 }
};

/* What the deeds hand on. */
static struct {
	struct pool *pool;
	struct dbuser who;
	const struct mongo_role *wanted;
	size_t nwanted;
	struct mongohost *host;	/* NULL at DigitalOcean */
	struct repo *repo;
	struct accessrecord *record;
	struct mongo_users users;
} at;

/* --- who, and which databases --- */

/* Users of the server itself, and databases that hold its users. */
static bool
check_not_system(struct err *e)
{
	const char *user = at.who.user;

	if (text_same(user, at.who.admin) || text_same_fold(user, "root")
	    || text_same_fold(user, "doadmin")
	    || text_same(user, "__system"))
		return err_set(e, ERR_INPUT, "mongodb-user: %s is an "
		    "administrator of the server, not an instance's user",
		    user);
	for (size_t i = 0; at.who.own[i] != NULL; i++)
		if (text_same(at.who.own[i], "admin")
		    || text_same(at.who.own[i], "config")
		    || text_same(at.who.own[i], "local"))
			return err_set(e, ERR_INPUT, "mongodb-databases: %s "
			    "belongs to the server, not to an instance",
			    at.who.own[i]);
	return true;
}

static bool
find_inputs(struct err *e)
{
	struct databases d;

	at.who = dbuser_mongodb();
	if (!restriction_find_databases(&d, e))
		return false;
	if (!dbuser_complete(&at.who, &d.mongo, e)
	    || !restriction_check_known(&at.who, "mongodb", e))
		return false;
	at.nwanted = roles_wanted(at.pool, at.who.own, &at.wanted);
	return check_not_system(e);
}

/* The user of auth-database; NULL: there is none. */
static const struct mongo_user *
find_user(void)
{
	for (size_t i = 0; i < at.users.n; i++)
		if (text_same(at.users.v[i].db, at.who.auth))
			return &at.users.v[i];
	return NULL;
}

/* --- the record --- */

static bool
ensure_recorded(const struct mongo_user *u, struct err *e)
{
	accessrecord_start(at.record, at.who.user);
	if (u != NULL)
		rightsrecord_keep_roles(at.pool, at.record, at.who.auth,
		    u->roles, u->nroles);
	return accessrecord_save(at.record, at.repo, ACCESS_RESTRICTING, e);
}

static bool
read_record(struct mongo_role **roles, size_t *n, struct err *e)
{
	size_t account;

	if (!text_same(accessrecord_user(at.record), at.who.user)
	    || !accessrecord_find(at.record, at.who.auth, &account))
		return err_set(e, ERR_HAND, "the record holds no roles of "
		    "%s in database %s: nothing to restore", at.who.user,
		    at.who.auth);
	return rightsrecord_read_roles(at.pool, at.record, account, roles, n,
	    e);
}

/* --- deeds --- */

static const char *
user_words(void)
{
	return pool_printf(at.pool, "MongoDB user %s of database %s",
	    at.who.user, at.who.auth);
}

/* Judged as it is now. */
static void
tell_state(struct findings *f)
{
	const struct mongo_user *u = find_user();
	struct buf found = buf_new(TEXT_MAX);

	roles_judge(at.pool, at.users.v, at.users.n, at.who.auth, at.who.own,
	    f);
	findings_print(f, &found);
	step_output("verdict", "%s", findings_clean(f) ? "scoped" :
	    severity_name(findings_worst(f)));
	step_output("user", "%s", at.who.user);
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

	*foreign = names;
	names[n++] = "admin";
	if (at.host == NULL)
		return true;
	if (!mongohost_find_databases(at.host, &all, e))
		return false;
	for (size_t i = 0; all[i] != NULL && n <= FOREIGN_TRIED; i++) {
		bool skip = text_same(all[i], "admin")
		    || text_same(all[i], "config")
		    || text_same(all[i], "local");

		for (size_t k = 0; at.who.own[k] != NULL; k++)
			skip = skip || text_same(all[i], at.who.own[k]);
		if (!skip)
			names[n++] = all[i];
	}
	return true;
}

static bool
confirm(struct err *e)
{
	const struct mongo_login l = dbuser_mongo(&at.who, false,
	    ANSWER_SECONDS);
	const char *const *foreign;

	if (at.who.password == NULL) {
		log_warn("no password of %s: not confirmed by logging in",
		    at.who.user);
		return true;
	}
	if (!find_foreign(&foreign, e)
	    || !mongo_confirm(&l, at.who.own, foreign, step_changed(),
		CACHE_SECONDS, e))
		return err_within(e, "logged in as %s", at.who.user);
	log_info("logged in as %s: its own databases open, others refuse",
	    at.who.user);
	return true;
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
		return err_set(e, ERR_INPUT, "mongodb-auth-database: there "
		    "is no user %s in %s, but one in %s", at.who.user,
		    at.who.auth, other->db);
	return at.who.password != NULL || err_set(e, ERR_INPUT,
	    "mongodb-user-password: there is no user %s, and making one "
	    "takes a password", at.who.user);
}

static bool
ensure_roles(const struct mongo_user *u, struct err *e)
{
	bool dry = step_common()->dry_run;

	if (u != NULL && roles_same(u, at.wanted, at.nwanted)) {
		step_same(user_words(), roles_print(at.pool, u->roles,
		    u->nroles));
		return dry || (mongohost_await(at.host, e)
		    && confirm(e) && ensure_finished(e));
	}
	step_change(user_words(), u == NULL ? NULL : roles_print(at.pool,
	    u->roles, u->nroles), roles_print(at.pool, at.wanted,
	    at.nwanted));
	return dry
	    || (ensure_recorded(u, e)
	    && (u != NULL
	    ? mongohost_set_roles(at.host, at.wanted, at.nwanted, e)
	    : mongohost_create_user(at.host, at.wanted, at.nwanted, e))
	    && mongohost_find_users(at.host, &at.users, e)
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
	tell_state(&f);
	others = findings_count(&f, FINDING_HAND);
	return ok && (others == 0 || !text_same(in.mode, "restrict")
	    || step_common()->dry_run || err_set(e, ERR_HAND,
	    "%zu other users are called %s: see the findings", others,
	    at.who.user));
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
		    "database %s to restore", at.who.user, at.who.auth);
	if (roles_same(u, saved, n)) {
		step_same(user_words(), roles_print(at.pool, saved, n));
		return step_common()->dry_run || accessrecord_save(at.record,
		    at.repo, ACCESS_RESTORED, e);
	}
	step_change(user_words(), roles_print(at.pool, u->roles, u->nroles),
	    roles_print(at.pool, saved, n));
	if (step_common()->dry_run)
		return true;
	if (!mongohost_set_roles(at.host, saved, n, e)
	    || !mongohost_find_users(at.host, &at.users, e))
		return false;
	tell_state(&f);
	return accessrecord_save(at.record, at.repo, ACCESS_RESTORED, e);
}

static bool
run_server(struct err *e)
{
	return (!text_same(in.mode, "retire") || err_set(e, ERR_INPUT,
		"mode: retire is for the provider digitalocean; here no user "
		"follows another"))
	    && restriction_check_old_side(in.mode, e)
	    && find_inputs(e)
	    && (at.host = mongohost_open(in.provider, &at.who, e)) != NULL
	    && mongohost_find_users(at.host, &at.users, e)
	    && restriction_open_record("mongodb", &at.repo, &at.record, e)
	    && (text_same(in.mode, "restore") ? restore(e) :
		plan_or_restrict(e));
}

/* --- at DigitalOcean --- */

/* Who is config.yml's user now, and what of that is too much? */
static void
take_rolled(const struct rollover *r, struct findings *f)
{
	at.users = (struct mongo_users){ .v = rollover_user(r), .n = 1 };
	at.who.user = rollover_user(r)->user;
	at.who.auth = rollover_user(r)->db;
	at.who.password = rollover_password(r);
	tell_state(f);
}

static bool
ensure_rolled(struct rollover *r, const struct mongo_role *v, size_t n,
    enum access_state state, struct err *e)
{
	if (!text_same(in.strategy, "recreate"))
		return rollover_ensure(r, v, n, state, e);
	return (step_common()->dry_run
	    || restriction_check_old_side("restrict", e))
	    && rollover_recreate(r, v, n, state, e);
}

static bool
restore_rolled(struct rollover *r, struct err *e)
{
	struct mongo_role *saved = NULL;
	size_t n = 0;

	return rollover_find_saved(r, &saved, &n, e)
	    && ensure_rolled(r, saved, n, ACCESS_RESTORED, e);
}

/* The old side uses the first user until it is at rest. */
static bool
retire(struct rollover *r, struct err *e)
{
	const char *deployed = NULL;

	return restriction_check_old_side("restrict", e)
	    && rollover_check_retire(r, e)
	    && newside_find_mongodb_user(&deployed, e)
	    && rollover_retire(r, deployed, e);
}

static bool
act_rolled(struct rollover *r, struct err *e)
{
	if (text_same(in.mode, "retire"))
		return retire(r, e);
	if (text_same(in.mode, "restore"))
		return restore_rolled(r, e);
	return ensure_rolled(r, at.wanted, at.nwanted, ACCESS_RESTRICTED, e);
}

/* The company tells of a user some seconds before its server knows him. */
static bool
await_login(struct err *e)
{
	const struct mongo_login l = dbuser_mongo(&at.who, false,
	    ANSWER_SECONDS);
	clock_ms deadline = clock_deadline(step_changed() ? LOGIN_SECONDS : 0);
	struct err why;
	struct mongo *m;
	bool ok;

	if (at.who.password == NULL)
		return true;
	do {
		why = (struct err){ 0 };
		m = mongo_open(&l, &why);
	} while (m == NULL && why.kind == ERR_DENIED
	    && clock_pause_until(deadline, LOGIN_MS));
	if (m == NULL)
		*e = why;
	ok = m != NULL;
	mongo_close(m);
	return ok;
}

static bool
run_digitalocean(struct err *e)
{
	struct rollover *r = NULL;
	struct findings f = { 0 };
	bool ok = find_inputs(e)
	    && (r = rollover_open(&at.who, e)) != NULL
	    && act_rolled(r, e);

	if (r != NULL) {
		take_rolled(r, &f);
		step_output("must-deploy", "%s", rollover_must_deploy(r)
		    ? "true" : "false");
		step_output("superseded", "%s", rollover_superseded(r));
	}
	ok = ok && (step_common()->dry_run
	    || !text_same(in.mode, "restrict")
	    || (await_login(e) && confirm(e)));
	rollover_close(r);
	return ok;
}

static bool
run(struct err *e)
{
	bool ok;

	if (text_same(in.mode, "plan"))
		step_only_tell();
	at.pool = step_common()->pool;
	ok = text_same(in.provider, "digitalocean") ? run_digitalocean(e)
	    : run_server(e);
	accessrecord_close(at.record);
	repo_close(at.repo);
	mongohost_close(at.host);
	return ok;
}

const struct step step_restrict_mongodb = {
	.name = "restrict-mongodb",
	.about = "Give the MongoDB user its instance's two databases only",
	.icon = "shield",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
