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
#include "data/yaml.h"
#include "db/mysql.h"
#include "db/mysql_restrict.h"
#include "db/mysql_scope.h"
#include "edx/databases.h"
#include "step/step.h"

enum {
	ANSWER_SECONDS = 30,	/* the server's pause in a failover */
	SESSION_SECONDS = 10,	/* a web request is over by then */
	FOREIGN_TRIED = 8,
	TEXT_MAX = 256 * 1024,
};

static struct {
	const char *mode, *host, *admin, *password, *ca, *tls;
	const char *user, *databases, *user_password, *old_running;
	long port;
} in;

static const char *const modes[] = { "plan", "restrict", "restore", NULL };
static const char *const yes_or_no[] = { "true", "false", NULL };

static const struct input inputs[] = {
	{ .name = "mode", .str = &in.mode, .oneof = modes, .dflt = "plan",
	  .help = "plan shows the statements, restrict runs them, restore "
	    "gives back what the record says" },
	{ .name = "mysql-host", .str = &in.host, .plan = "mysql.host",
	  .optional = true,
	  .help = "Server; that of the instance's settings if empty" },
	{ .name = "mysql-port", .num = &in.port, .min = 1, .max = 65535,
	  .dflt = "3306", .plan = "mysql.port", .help = "Its port" },
	{ .name = "mysql-admin", .str = &in.admin, .plan = "mysql.admin",
	  .help = "User who may grant and revoke" },
	{ .name = "mysql-admin-password", .str = &in.password,
	  .secret = true, .help = "Password of that user" },
	{ .name = "mysql-ca-file", .str = &in.ca, .optional = true,
	  .plan = "mysql.ca-file",
	  .help = "Roots that vouch for the server; ca-file if empty" },
	{ .name = "tls", .str = &in.tls, .oneof = sql_tls_words,
	  .dflt = "verify", .plan = "mysql.tls",
	  .help = "verify the server, only require encryption, or off" },
	{ .name = "user", .str = &in.user, .optional = true,
	  .plan = "mysql.user",
	  .help = "The instance's user; that of its settings if empty" },
	{ .name = "databases", .str = &in.databases, .optional = true,
	  .plan = "mysql.databases",
	  .help = "All its own databases; those of its settings if empty" },
	{ .name = "user-password", .str = &in.user_password,
	  .optional = true, .secret = true,
	  .help = "Its password, to confirm by logging in; that of the "
	    "settings if empty" },
	{ .name = "old-running", .str = &in.old_running, .oneof = yes_or_no,
	  .optional = true, .plan = "old-running",
	  .help = "false: the old side's workloads are at 0; true: they "
	    "still run, and may lose rights outside the databases named" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "verdict", .help = "scoped, or the worst severity found" },
	{ .name = "grants", .help = "The user's grants as they are now" },
	{ .name = "findings", .help = "What is too much or missing now" },
	{ .name = "statements", .help = "How many statements were planned" },
	{ 0 }
};

/* What the deeds below hand on. */
struct deed {
	struct pool *pool;
	struct databases settings;
	const char *const *own;
	struct sql *admin;
	struct repo *repo;
	struct accessrecord *record;
	struct scope scope;
};

static const char *
account_words(struct pool *pool, const struct account *a)
{
	struct buf out = buf_new(TEXT_MAX);
	const char *text;

	account_print(&out, a);
	text = pool_strdup(pool, buf_str(&out));
	buf_free(&out);
	return text;
}

static const char *
grant_words(struct pool *pool, const struct grant *g)
{
	struct buf out = buf_new(TEXT_MAX);
	const char *text;

	grant_print(&out, g);
	text = pool_strdup(pool, buf_str(&out));
	buf_free(&out);
	return text;
}

/* --- what shall be restricted --- */

static bool
find_settings(struct deed *d, struct err *e)
{
	const char *path = pool_printf(d->pool, "%s/instances/%s/config.yml",
	    step_common()->workspace, step_common()->instance);
	struct err ours = { 0 };
	struct yaml *y = yaml_read(path, &ours);
	bool ok = y != NULL && databases_from_config(d->pool, y,
	    &d->settings, &ours);

	yaml_close(y);
	if (ok || (ours.kind == ERR_NOT_FOUND && in.user != NULL
	    && in.databases != NULL && in.host != NULL))
		return true;
	*e = ours;
	return false;
}

static bool
check_named(const char *value, const char *input, struct err *e)
{
	return !text_empty(value) || err_set(e, ERR_INPUT, "%s: give it, or "
	    "have it in the instance's config.yml", input);
}

static bool
ensure_inputs(struct deed *d, struct err *e)
{
	d->own = d->settings.mysql;
	if (in.databases != NULL)
		d->own = text_split(d->pool, in.databases, NULL);
	if (in.host == NULL)
		in.host = d->settings.mysql_host;
	if (in.user == NULL)
		in.user = d->settings.mysql_user;
	if (in.user_password == NULL
	    && text_same(in.user, d->settings.mysql_user))
		in.user_password = d->settings.mysql_password;
	if (in.ca == NULL)
		in.ca = step_common()->ca_file;
	return check_named(in.host, "mysql-host", e)
	    && check_named(in.user, "user", e)
	    && check_named(d->own == NULL ? NULL : d->own[0], "databases",
		e);
}

/* A site that still runs elsewhere may use more than we know of. */
static bool
check_old_side(struct err *e)
{
	if (!text_same(in.mode, "restrict") || in.old_running != NULL)
		return true;
	return err_set(e, ERR_INPUT, "old-running: say false once the old "
	    "side's workloads are at 0, or true to restrict while they run");
}

/* --- deeds --- */

static struct sql *
open_as(const char *user, const char *password, struct err *e)
{
	return sql_open(&(struct sql_login){ .host = in.host,
	    .port = in.port, .user = user, .password = password,
	    .tls = in.tls, .ca_file = in.ca, .seconds = ANSWER_SECONDS }, e);
}

static bool
open_record(struct deed *d, struct err *e)
{
	const struct step_common *c = step_common();

	return (d->repo = repo_open(&(struct repo_open){
		.dir = c->workspace, .branch = c->branch,
		.token = c->repository_token, .ca_file = c->ca_file,
		.dns_servers = c->dns_servers }, e)) != NULL
	    && (d->record = accessrecord_load(d->repo, c->instance, "mysql",
		e)) != NULL;
}

static bool
is_half_way(const struct deed *d)
{
	return accessrecord_state(d->record) == ACCESS_RESTRICTING
	    && text_same(accessrecord_user(d->record), in.user);
}

/* Rights that a killed run left half-way are not what the user had. */
static bool
ensure_recorded(struct deed *d, struct err *e)
{
	if (is_half_way(d))
		return true;
	accessrecord_start(d->record, in.user);
	for (size_t i = 0; i < d->scope.naccounts; i++) {
		const struct grants *lists[] = { &d->scope.accounts[i],
		    &d->scope.defaults[i] };

		for (size_t k = 0; k < 2; k++)
			for (size_t g = 0; g < lists[k]->n; g++)
				if (account_same(&lists[k]->v[g].to,
				    &lists[0]->account))
					accessrecord_keep(d->record,
					    lists[0]->account.host,
					    grant_words(d->pool,
					    &lists[k]->v[g]));
	}
	return accessrecord_save(d->record, d->repo, ACCESS_RESTRICTING, e);
}

static void
say_statement(const struct account *account, const char *sql)
{
	(void)account;
	log_info("MySQL: %s", sql);
}

/* Each account with what it has and shall have, and the statements. */
static void
tell_plan(const struct deed *d)
{
	const struct plan *p = &d->scope.plan;

	for (size_t i = 0; i < d->scope.naccounts; i++) {
		const struct grants *list = &d->scope.accounts[i];
		struct buf was = buf_new(TEXT_MAX);
		bool planned = false;

		for (size_t k = 0; k < p->n; k++)
			planned = planned || account_same(&p->v[k].account,
			    &list->account);
		for (size_t k = 0; k < list->n; k++)
			buf_printf(&was, "%s%s", k > 0 ? "; " : "",
			    grant_words(d->pool, &list->v[k]));
		if (planned)
			step_change(account_words(d->pool, &list->account),
			    buf_str(&was), "its own databases only");
		else
			step_same(account_words(d->pool, &list->account),
			    buf_str(&was));
		buf_free(&was);
	}
	for (size_t k = 0; k < p->n; k++)
		step_summary("    %s\n", p->v[k].sql);
}

static bool
confirm(const struct deed *d, struct err *e)
{
	const struct sql_login login = { .host = in.host, .port = in.port,
	    .user = in.user, .password = in.user_password, .tls = in.tls,
	    .ca_file = in.ca, .seconds = ANSWER_SECONDS };

	if (in.user_password == NULL) {
		log_warn("no password of %s: not confirmed by logging in",
		    in.user);
		return true;
	}
	if (!restrict_confirm(&login, d->own, scope_foreign(d->pool,
	    &d->scope, FOREIGN_TRIED), step_changed(), e))
		return err_within(e, "logged in as %s", in.user);
	log_info("logged in as %s: its own databases open, others refuse",
	    in.user);
	return true;
}

static bool
restrict_now(struct deed *d, struct err *e)
{
	size_t ended = 0;

	if (!ensure_recorded(d, e)
	    || !restrict_user(d->admin, d->pool, in.user, d->own,
		say_statement, &d->scope, e)
	    || !restrict_end_sessions(d->admin, d->pool, in.user,
		SESSION_SECONDS, &ended, e))
		return false;
	log_info("%zu sessions that held the old rights were ended", ended);
	return scope_audit(d->admin, d->pool, in.user, d->own, &d->scope, e)
	    && confirm(d, e)
	    && accessrecord_save(d->record, d->repo, ACCESS_RESTRICTED, e);
}

static void
tell_state(const struct deed *d)
{
	const struct findings *f = &d->scope.findings;
	struct buf grants = buf_new(TEXT_MAX), found = buf_new(TEXT_MAX);

	for (size_t i = 0; i < d->scope.naccounts; i++)
		for (size_t k = 0; k < d->scope.accounts[i].n; k++)
			buf_printf(&grants, "%s\n", grant_words(d->pool,
			    &d->scope.accounts[i].v[k]));
	findings_print(f, &found);
	step_output("verdict", "%s", findings_clean(f) ? "scoped" :
	    severity_name(findings_worst(f)));
	step_output("grants", "%s", buf_str(&grants));
	step_output("findings", "%s", buf_str(&found));
	log_foreign(buf_str(&found), found.len);
	buf_free(&grants);
	buf_free(&found);
}

/* What no statement on this user takes away must not look like success. */
static bool
check_by_hand(const struct deed *d, struct err *e)
{
	size_t n = findings_count(&d->scope.findings, FINDING_HAND);

	return n == 0 || step_common()->dry_run
	    || err_set(e, ERR_HAND, "%zu rights reach %s in other ways than "
	    "its own grants: see the findings", n, in.user);
}

static bool
plan_or_restrict(struct deed *d, struct err *e)
{
	bool idle;

	if (!scope_audit(d->admin, d->pool, in.user, d->own, &d->scope, e))
		return false;
	idle = d->scope.plan.n == 0 && !is_half_way(d);
	step_output("statements", "%zu", d->scope.plan.n);
	tell_plan(d);
	if (step_common()->dry_run || text_same(in.mode, "plan")) {
		for (size_t k = 0; k < d->scope.plan.n; k++)
			log_info("MySQL would run: %s",
			    d->scope.plan.v[k].sql);
	} else if (!(idle ? confirm(d, e) : restrict_now(d, e)))
		return false;
	tell_state(d);
	return check_by_hand(d, e);
}

static bool
read_account(struct deed *d, size_t i, struct grants *list, struct err *e)
{
	size_t n = accessrecord_lines(d->record, i);
	const char **lines = pool_alloc(d->pool, (n + 1) * sizeof(*lines));
	const struct account a = { in.user,
	    accessrecord_account(d->record, i) };

	for (size_t k = 0; k < n; k++)
		lines[k] = accessrecord_line(d->record, i, k);
	return grants_read(d->pool, &a, lines, n, list, e);
}

static bool
restore(struct deed *d, struct err *e)
{
	size_t n = accessrecord_accounts(d->record);
	struct grants *saved = pool_alloc(d->pool, (n + 1) * sizeof(*saved));
	bool changed;

	if (!text_same(accessrecord_user(d->record), in.user))
		return err_set(e, ERR_HAND, "the record holds no grants of "
		    "%s: nothing to restore", in.user);
	for (size_t i = 0; i < n; i++)
		if (!read_account(d, i, &saved[i], e))
			return err_within(e, "the record");
	for (size_t i = 0; i < n; i++)
		step_change(account_words(d->pool, &saved[i].account), "its "
		    "own databases only", "what the record says");
	if (step_common()->dry_run)
		return true;
	if (!restrict_undo(d->admin, d->pool, saved, n, say_statement,
	    &changed, e)
	    || !scope_audit(d->admin, d->pool, in.user, d->own, &d->scope, e))
		return false;
	tell_state(d);
	return accessrecord_save(d->record, d->repo, ACCESS_RESTORED, e);
}

static bool
run(struct err *e)
{
	struct deed d = { .pool = step_common()->pool };
	bool ok;

	ok = check_old_side(e)
	    && find_settings(&d, e)
	    && ensure_inputs(&d, e)
	    && (d.admin = open_as(in.admin, in.password, e)) != NULL
	    && restrict_check(d.admin, d.pool, in.user, d.own, e)
	    && open_record(&d, e)
	    && (text_same(in.mode, "restore") ? restore(&d, e) :
		plan_or_restrict(&d, e));
	accessrecord_close(d.record);
	repo_close(d.repo);
	sql_close(d.admin);
	return ok;
}

const struct step step_restrict_mysql = {
	.name = "restrict-mysql",
	.about = "Give the MySQL user its instance's own databases only",
	.icon = "shield",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
