/*
 * restrict-mysql - the instance's MySQL user may do everything in its own
 * databases, and nothing elsewhere.
 *
 * Guide: "Restrict permissions", item 2. The old clusters gave each instance
 * a user with global privileges. Its own databases are granted first, then
 * what is too much is taken exactly as the server printed it, so no
 * statement of the site fails on the way; sessions that still hold old
 * rights are ended last. What the user had is committed before the first
 * statement, and mode restore gives it back. Run it as often as you like; a
 * run that was killed is completed by the next one.
 */
#include "api/accessrecord.h"
#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"
#include "db/mysql_restrict.h"
#include "db/mysql_scope.h"
#include "edx/databases.h"
#include "site/dbuser.h"
#include "site/restriction.h"
#include "site/rightsrecord.h"
#include "step/step.h"

enum {
	ANSWER_SECONDS = 30,	/* a server's pause in a failover */
	SESSION_SECONDS = 10,	/* a web request is over by then */
	FOREIGN_TRIED = 8,
	TEXT_MAX = 256 * 1024,
	AGAIN_MAX = 3,		/* an old session may grant itself rights as
				 * long as it is open */
};

static struct {
	const char *mode;
	bool exact;
} in;

static const struct input inputs[] = {
	{ .name = "mode", .str = &in.mode, .oneof = restriction_modes,
	  .dflt = "plan",
	  .help = "plan shows the statements, restrict runs them, restore "
	    "gives back what the record says" },
	{ .name = "restore-exact", .flag = &in.exact, .dflt = "false",
	  .help = "Of restore: also end the user's sessions, and take away "
	    "what restricting added to its own databases" },
	{ .rows = dbuser_mysql_inputs },
	{ .rows = restriction_inputs },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "verdict", .help = "scoped, or the worst severity found" },
	{ .name = "grants", .help = "The user's grants as they are now" },
	{ .name = "findings", .help = "What is too much or missing now" },
	{ .name = "statements", .help = "How many statements were planned" },
	{ 0 }
};

/* What the deeds hand on. */
static struct {
	struct pool *pool;
	struct dbuser who;
	struct sql *admin;
	struct repo *repo;
	struct accessrecord *record;
	struct scope scope;
} at;

/* --- who, and which databases --- */

static bool
find_user(struct err *e)
{
	struct databases d;

	at.who = dbuser_mysql();
	return restriction_find_databases(&d, e)
	    && dbuser_complete(&at.who, &d.mysql, e)
	    && restriction_check_known(&at.who, "mysql", e)
	    && restrict_check_names(at.who.user, at.who.own, e);
}

static bool
open_admin(struct err *e)
{
	const struct sql_login l = dbuser_sql(&at.who, true, ANSWER_SECONDS);

	at.admin = sql_open(&l, e);
	return at.admin != NULL;
}

static bool
audit(struct err *e)
{
	return scope_audit(at.admin, at.pool, at.who.user, at.who.own,
	    &at.scope, e);
}

/* --- the record --- */

static bool
is_half_way(void)
{
	return accessrecord_state(at.record) == ACCESS_RESTRICTING
	    && text_same(accessrecord_user(at.record), at.who.user);
}

/* Rights that a killed run left half-way are not what the user had; those of
 * an earlier restriction are kept, with what came since. */
static bool
ensure_recorded(struct err *e)
{
	if (is_half_way())
		return true;
	accessrecord_start(at.record, at.who.user);
	for (size_t i = 0; i < at.scope.naccounts; i++) {
		const struct account *a = &at.scope.accounts[i].account;

		rightsrecord_keep_grants(at.pool, at.record, a,
		    &at.scope.accounts[i]);
		rightsrecord_keep_grants(at.pool, at.record, a,
		    &at.scope.besides[i]);
	}
	return accessrecord_save(at.record, at.repo, ACCESS_RESTRICTING, e);
}

/* --- what people read --- */

static void
say_statement(const struct account *account, const char *sql)
{
	(void)account;		/* the statement names it */
	log_info("MySQL: %s", sql);
}

static void
tell_account(const struct grants *list)
{
	const char *name = account_text(at.pool, &list->account);
	struct buf was = buf_new(TEXT_MAX);

	for (size_t i = 0; i < list->n; i++)
		buf_printf(&was, "%s%s", i > 0 ? "; " : "",
		    grant_text(at.pool, &list->v[i]));
	if (scope_is_planned(&at.scope, &list->account))
		step_change(name, buf_str(&was), "its own databases only");
	else
		step_same(name, buf_str(&was));
	buf_free(&was);
}

static void
tell_own(void)
{
	struct buf names = buf_new(TEXT_MAX);

	for (size_t i = 0; at.who.own[i] != NULL; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "",
		    at.who.own[i]);
	log_info("databases of its own: %s", buf_str(&names));
	buf_free(&names);
}

static void
tell_plan(void)
{
	tell_own();
	step_output("statements", "%zu", at.scope.plan.n);
	for (size_t i = 0; i < at.scope.naccounts; i++)
		tell_account(&at.scope.accounts[i]);
	for (size_t i = 0; i < at.scope.plan.n; i++) {
		step_summary("    %s\n", at.scope.plan.v[i].sql);
		if (step_common()->dry_run)
			log_info("MySQL would get: %s",
			    at.scope.plan.v[i].sql);
	}
}

static void
tell_state(void)
{
	const struct findings *f = &at.scope.findings;
	struct buf found = buf_new(TEXT_MAX);

	findings_print(f, &found);
	step_output("verdict", "%s", findings_clean(f) ? "scoped" :
	    severity_name(findings_worst(f)));
	step_output("grants", "%s", scope_text(at.pool, &at.scope));
	step_output("findings", "%s", buf_str(&found));
	if (found.len > 0)
		log_foreign(buf_str(&found), found.len);
	buf_free(&found);
}

/* --- deeds --- */

static bool
confirm(struct err *e)
{
	const struct sql_login l = dbuser_sql(&at.who, false,
	    ANSWER_SECONDS);
	const char *const *foreign = scope_foreign(at.pool, &at.scope,
	    FOREIGN_TRIED);

	if (at.who.password == NULL) {
		log_warn("no password of %s: not confirmed by logging in",
		    at.who.user);
		return true;
	}
	if (!restrict_confirm(&l, at.who.own, foreign, step_changed(), e))
		return err_within(e, "logged in as %s", at.who.user);
	log_info("logged in as %s: its own databases open, others refuse",
	    at.who.user);
	return true;
}

static bool
end_sessions(struct err *e)
{
	size_t n;

	if (!restrict_end_sessions(at.admin, at.pool, at.who.user,
	    SESSION_SECONDS, &n, e))
		return false;
	if (n > 0)
		step_change("sessions opened before", pool_printf(at.pool,
		    "%zu open", n), "ended");
	return true;
}

/* What no statement on this user takes away must not look like success. */
static bool
check_by_hand(struct err *e)
{
	size_t n = findings_count(&at.scope.findings, FINDING_HAND);

	return n == 0 || err_set(e, ERR_HAND, "%zu rights reach %s in other "
	    "ways than its own grants: see the findings", n, at.who.user);
}

/* A session opened before could grant, until it ended. */
static bool
restrict_until_done(struct err *e)
{
	for (int i = 0; i < AGAIN_MAX; i++) {
		if (!restrict_user(at.admin, at.pool, at.who.user,
		    at.who.own, say_statement, &at.scope, e)
		    || !end_sessions(e)
		    || !audit(e))
			return false;
		if (at.scope.plan.n == 0)
			return true;
	}
	return err_set(e, ERR_HAND, "%s has rights again as soon as they "
	    "are taken: who grants them?", at.who.user);
}

static bool
restrict_user_now(struct err *e)
{
	bool ok;

	if (at.scope.plan.n == 0 && !is_half_way())
		ok = confirm(e);
	else
		ok = ensure_recorded(e)
		    && restrict_until_done(e)
		    && confirm(e)
		    && accessrecord_save(at.record, at.repo,
			ACCESS_RESTRICTED, e);
	tell_state();
	return ok && check_by_hand(e);
}

static bool
plan_or_restrict(struct err *e)
{
	if (!audit(e))
		return false;
	if (!restrict_warn_lost(at.admin, at.pool, &at.scope.plan, e))
		return false;
	tell_plan();
	if (at.scope.plan.n > 0
	    && !restrict_check_rights(at.admin, at.pool, &at.scope, e))
		return false;
	if (!step_common()->dry_run)
		return restrict_user_now(e);
	tell_state();
	return true;
}

static void
tell_back(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		step_change(account_text(at.pool, &plan->v[i].account), NULL,
		    plan->v[i].sql);
}

/* Sessions opened while he was restricted have no rights but those of the
 * row that goes. */
static bool
restore_exactly(const struct grants *saved, size_t n, struct err *e)
{
	struct plan plan = { 0 };

	if (!restrict_plan_exactly(at.admin, at.pool, at.who.own, saved, n,
	    &plan, e))
		return false;
	tell_back(&plan);
	return step_common()->dry_run || plan.n == 0
	    || (end_sessions(e)
	    && restrict_undo(at.admin, &plan, say_statement, e));
}

/* Without restore-exact the row of the own database stays: sessions opened
 * meanwhile need it. */
static bool
restore(struct err *e)
{
	size_t n = accessrecord_accounts(at.record);
	struct grants *saved = pool_alloc(at.pool, (n + 1) * sizeof *saved);
	struct plan plan = { 0 };

	if (!text_same(accessrecord_user(at.record), at.who.user))
		return err_set(e, ERR_HAND, "the record holds no grants of "
		    "%s: nothing to restore", at.who.user);
	if (!rightsrecord_read_grants(at.pool, at.record, saved, e)
	    || !restrict_plan_undo(at.admin, at.pool, at.who.own, saved, n,
		&plan, e))
		return false;
	tell_back(&plan);
	if (!step_common()->dry_run
	    && !restrict_undo(at.admin, &plan, say_statement, e))
		return false;
	if (in.exact && !restore_exactly(saved, n, e))
		return false;
	return step_common()->dry_run
	    || (audit(e)
	    && (tell_state(), true)
	    && accessrecord_save(at.record, at.repo, ACCESS_RESTORED, e));
}

static bool
run(struct err *e)
{
	bool ok;

	if (text_same(in.mode, "plan"))
		step_only_tell();
	at.pool = step_common()->pool;
	ok = restriction_check_old_side(in.mode, e)
	    && find_user(e)
	    && open_admin(e)
	    && restrict_check(at.admin, at.pool, at.who.user, at.who.own, e)
	    && restriction_open_record("mysql", &at.repo, &at.record, e)
	    && (text_same(in.mode, "restore") ? restore(e) :
		plan_or_restrict(e));
	accessrecord_close(at.record);
	repo_close(at.repo);
	sql_close(at.admin);
	return ok;
}

const struct step step_restrict_mysql = {
	.name = "restrict-mysql",
	.about = "Give the MySQL user its instance's own databases only",
	.icon = "shield",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
