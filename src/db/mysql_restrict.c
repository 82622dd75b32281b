/* mysql_restrict - run what mysql_plan wrote, and look again. */
#include "db/mysql_restrict.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"
#include "db/mysql_ask.h"
#include "db/mysql_pattern.h"
#include "db/mysql_scope.h"

enum {
	SQL_MAX = 64 * 1024,
	ROUNDS_MAX = 12,	/* readings that one phase may take: a name is
				 * printed again as often as it was granted */
	GRANTS_MAX = 3,		/* with partial_revokes a GRANT takes two */
	PAUSE_MS = 200,
	ASKED_MAX = 20,		/* times for what another session spoils */
	GRACE_SECONDS = 2,	/* most sites open a session per request */
};

/* --- refuse what must not be restricted --- */

static bool
is_administrator(const char *user)
{
	static const char *const names[] = {
		"root", "doadmin", "rdsadmin", "rdsrepladmin", "mariadb.sys",
		"cloudsqladmin", "azure_superuser",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_same_fold(user, names[i]))
			return true;
	return text_empty(user) || text_starts(user, "mysql.");
}

static bool
check_database(struct pool *pool, const struct grants_world *w,
    const char *db, struct err *e)
{
	struct buf spelled = buf_new(SQL_MAX);
	bool there = false;
	size_t length;

	(void)pool;
	for (size_t i = 0; w->existing[i] != NULL; i++)
		there = there || (w->fold ?
		    text_same_fold(w->existing[i], db) :
		    text_same(w->existing[i], db));
	if (!there)
		return err_set(e, ERR_INPUT,
		    "there is no database %s on the server", db);
	pattern_escape(&spelled, db, w->literal);
	length = pattern_length(buf_str(&spelled));
	buf_free(&spelled);
	return length <= PATTERN_MAX || err_set(e, ERR_INPUT,
	    "the name of database %s has %zu characters when _ and %% are "
	    "escaped; the server's grants hold %d", db, length, PATTERN_MAX);
}

bool
restrict_check_names(const char *user, const char *const *own, struct err *e)
{
	if (is_administrator(user))
		return err_set(e, ERR_INPUT,
		    "%s is an administrator of the server, not an instance's"
		    " user", text_empty(user) ? "the anonymous user" : user);
	if (own[0] == NULL)
		return err_set(e, ERR_INPUT, "no database is named as "
		    "the instance's own");
	for (size_t i = 0; own[i] != NULL; i++)
		if (text_empty(own[i]) || grants_is_system(own[i]))
			return err_set(e, ERR_INPUT, "database %s belongs to "
			    "the server, not to an instance",
			    text_empty(own[i]) ? "\"\"" : own[i]);
	return true;
}

bool
restrict_check(struct sql *s, struct pool *pool, const char *user,
    const char *const *own, struct err *e)
{
	struct grants_world w;
	const char *me, *login;

	if (!restrict_check_names(user, own, e))
		return false;
	if (!ask_variable(s, pool, "CURRENT_USER()", &me, e)
	    || !ask_variable(s, pool, "USER()", &login, e))
		return false;
	if (text_same(ask_split(pool, me).user, user)
	    || text_same(ask_split(pool, login).user, user))
		return err_set(e, ERR_INPUT,
		    "%s is the login itself: log in as an administrator",
		    user);
	if (!ask_world(s, pool, own, &w, e))
		return false;
	for (size_t i = 0; own[i] != NULL; i++)
		if (!check_database(pool, &w, own[i], e))
			return false;
	return true;
}

/* The administrator's own, and not that of a role of his, which SHOW GRANTS
 * does not tell: the server decides then. */
static bool
has_system_user(const struct grants *list, bool *roles)
{
	*roles = false;
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].on == ON_GLOBAL
		    && grant_has(&list->v[i], "SYSTEM_USER"))
			return true;
		*roles = *roles || list->v[i].on == ON_ROLE;
	}
	return false;
}

bool
restrict_check_rights(struct sql *s, struct pool *pool,
    const struct scope *scope, struct err *e)
{
	const char *target = NULL, *who;
	struct grants mine;
	struct account me;
	bool roles;

	for (size_t i = 0; i < scope->naccounts && target == NULL; i++)
		if (has_system_user(&scope->accounts[i], &roles))
			target = account_text(pool,
			    &scope->accounts[i].account);
	if (target == NULL)
		return true;
	if (!ask_variable(s, pool, "CURRENT_USER()", &who, e))
		return false;
	me = ask_split(pool, who);
	if (!ask_grants(s, pool, &me, &mine, e))
		return false;
	return has_system_user(&mine, &roles) || roles
	    || err_set(e, ERR_DENIED, "%s has SYSTEM_USER, and the "
		"administrator has not: nothing was changed; log in as one "
		"who has it", target);
}

/* --- restrict --- */

/* One call of restrict_user. */
struct run {
	struct sql *s;
	struct pool *pool;
	restrict_say *say;
	const struct grants_world *w;
	struct plan refused;	/* what the administrator may not say */
};

/* The named thing is not granted (any more): the next reading decides. */
static bool
is_gone(unsigned code)
{
	return code == SQL_NO_GRANT || code == SQL_NO_TABLE_GRANT
	    || code == SQL_NO_ROUTINE_GRANT || code == SQL_NO_SUCH_GRANTS;
}

/* The administrator lacks what would be taken. The first of them is about a
 * right, though it says password. */
static bool
is_refusal(unsigned code)
{
	return code == SQL_LOGIN_DENIED || code == SQL_NO_PROXY
	    || code == SQL_DB_DENIED || code == SQL_TABLE_DENIED
	    || code == SQL_COLUMN_DENIED || code == SQL_ROUTINE_DENIED
	    || code == SQL_MANDATORY_ROLE;
}

/* MariaDB knows packages in this mode only. */
static bool
run_sql(struct sql *s, const struct plan_statement *p, struct err *e)
{
	bool package = p->grant != NULL && (p->grant->on == ON_PACKAGE
	    || p->grant->on == ON_PACKAGE_BODY);
	struct err ours = { 0 };
	bool ok;

	if (!package)
		return sql_run(s, p->sql, NULL, NULL, e);
	if (!sql_run(s, "SET SESSION sql_mode = 'ORACLE'", NULL, NULL, e))
		return false;
	ok = sql_run(s, p->sql, NULL, NULL, e);
	if (sql_run(s, "SET SESSION sql_mode = 'NO_AUTO_CREATE_USER'", NULL,
	    NULL, &ours))
		return ok;
	*e = ours;
	return false;
}

static bool
run_one(struct sql *s, const struct plan_statement *p, restrict_say *say,
    struct err *e)
{
	struct err ours = { 0 };

	say(&p->account, p->sql);
	if (run_sql(s, p, &ours))
		return true;
	if (p->phase != PLAN_GRANT && is_gone(sql_code(s))) {
		log_info("already gone: %s", ours.text);
		return true;
	}
	*e = ours;
	return false;
}

static bool
is_refused(const struct run *r, const char *sql)
{
	for (size_t i = 0; i < r->refused.n; i++)
		if (text_same(r->refused.v[i].sql, sql))
			return true;
	return false;
}

/* Nothing of it can be had: it, or each of its names, was refused. */
static bool
is_hopeless(const struct run *r, const struct plan_statement *p)
{
	struct plan each = { 0 };

	if (is_refused(r, p->sql))
		return true;
	if (p->phase != PLAN_REVOKE || p->grant->nprivs < 2)
		return false;
	plan_split(r->pool, p, &each);
	for (size_t i = 0; i < each.n; i++)
		if (!is_refused(r, each.v[i].sql))
			return false;
	return true;
}

static void
split_named(struct run *r, const struct plan_statement *p,
    const struct grant_priv *privs, size_t n, struct plan *each)
{
	struct grant names = *p->grant;
	struct plan_statement named = *p;

	names.privs = privs;
	names.nprivs = n;
	named.grant = &names;
	plan_split(r->pool, &named, each);
	for (size_t i = 0; i < each->n; i++)
		each->v[i].grant = p->grant;
}

/* ALL was printed on *.*, and the administrator has less: what he has is
 * named in his own grants. */
static bool
split_global(struct run *r, const struct plan_statement *p,
    struct plan *each, struct err *e)
{
	struct grants mine;
	struct account me;
	const char *who;

	if (!ask_variable(r->s, r->pool, "CURRENT_USER()", &who, e))
		return false;
	me = ask_split(r->pool, who);
	if (!ask_grants(r->s, r->pool, &me, &mine, e))
		return false;
	for (size_t i = 0; i < mine.n; i++)
		if (mine.v[i].on == ON_GLOBAL
		    && !grant_has(&mine.v[i], "ALL PRIVILEGES")
		    && !grant_has(&mine.v[i], "USAGE"))
			split_named(r, p, mine.v[i].privs, mine.v[i].nprivs,
			    each);
	return true;
}

static void
split_database(struct run *r, const struct plan_statement *p,
    struct plan *each)
{
	struct grant_priv privs[GRANTS_DATA_MAX] = { 0 };
	size_t n = 0;

	for (size_t i = 0; grants_data_privileges[i] != NULL; i++)
		if (grants_is_expected(r->w, grants_data_privileges[i]))
			privs[n++].name = grants_data_privileges[i];
	split_named(r, p, privs, n, each);
}

static bool
split(struct run *r, const struct plan_statement *p, struct plan *each,
    struct err *e)
{
	if (!grant_has(p->grant, "ALL PRIVILEGES")) {
		plan_split(r->pool, p, each);
		return true;
	}
	plan_keep(r->pool, p, &r->refused);
	if (p->grant->on == ON_GLOBAL)
		return split_global(r, p, each, e);
	if (p->grant->on == ON_DB)
		split_database(r, p, each);
	return true;
}

/* A list is refused as a whole for one name the administrator lacks. */
static bool
run_split(struct run *r, const struct plan_statement *p, struct err *e)
{
	struct plan each = { 0 };
	struct err ours = { 0 };

	if (!split(r, p, &each, e))
		return false;
	for (size_t i = 0; i < each.n; i++) {
		if (is_refused(r, each.v[i].sql)
		    || run_one(r->s, &each.v[i], r->say, &ours))
			continue;
		if (!is_refusal(sql_code(r->s))) {
			*e = ours;
			return false;
		}
		log_warn("the administrator lacks this right and so can't "
		    "take it: %s", each.v[i].sql);
		plan_keep(r->pool, &each.v[i], &r->refused);
	}
	return true;
}

static bool
run_statement(struct run *r, const struct plan_statement *p, struct err *e)
{
	if (is_hopeless(r, p) || run_one(r->s, p, r->say, e))
		return true;
	if (sql_code(r->s) == SQL_NEED_RIGHT)
		return err_within(e, "the administrator lacks a right "
		    "(SYSTEM_USER, when the user has it); stopped here");
	if (!is_refusal(sql_code(r->s)))
		return false;
	if (p->phase < PLAN_REVOKE)
		return err_within(e, "the administrator lacks a privilege "
		    "on this database; nothing was revoked");
	if (p->phase == PLAN_REVOKE && (p->grant->nprivs > 1
	    || grant_has(p->grant, "ALL PRIVILEGES")))
		return run_split(r, p, e);
	log_warn("the administrator may not say this: %s", e->text);
	plan_keep(r->pool, p, &r->refused);
	return true;
}

/* PLAN_PHASES: there is nothing to do, or nothing that can be done. */
static enum plan_phase
first_phase(const struct run *r, const struct plan *p)
{
	enum plan_phase first = PLAN_PHASES;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].phase < first && !is_hopeless(r, &p->v[i]))
			first = p->v[i].phase;
	return first;
}

static bool
run_phase(struct run *r, const struct plan *p, enum plan_phase phase,
    struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].phase == phase
		    && !run_statement(r, &p->v[i], e))
			return false;
	return true;
}

/* Still planned after so many readings: say what, and what may help. */
static bool
too_often(const struct plan *p, enum plan_phase phase, struct err *e)
{
	const char *sql = "";

	for (size_t i = 0; i < p->n && text_empty(sql); i++)
		if (p->v[i].phase == phase)
			sql = p->v[i].sql;
	if (phase == PLAN_GRANT)
		return err_set(e, ERR_HAND, "the server does not show what "
		    "was granted; nothing was revoked: %s", sql);
	return err_set(e, ERR_HAND, "the server still shows what was "
	    "revoked (memory and tables differ: FLUSH PRIVILEGES): %s", sql);
}

/* What is still planned was refused. */
static bool
tell_refused(const struct plan *left, struct err *e)
{
	struct buf all = buf_new(ERR_TEXT_MAX);

	for (size_t i = 0; i < left->n; i++)
		buf_printf(&all, "%s%s", i > 0 ? "; " : "", left->v[i].sql);
	err_set(e, ERR_HAND, "the administrator lacks the right to say this:"
	    " %s", buf_str(&all));
	buf_free(&all);
	return false;
}

bool
restrict_user(struct sql *s, struct pool *pool, const char *user,
    const char *const *own, restrict_say *say, struct scope *scope,
    struct err *e)
{
	struct run r = { .s = s, .pool = pool, .say = say,
	    .w = &scope->world };
	int rounds[PLAN_PHASES] = { 0 };
	enum plan_phase phase;

	for (;;) {
		if (!scope_audit(s, pool, user, own, scope, e))
			return false;
		phase = first_phase(&r, &scope->plan);
		if (phase == PLAN_PHASES)
			return scope->plan.n == 0
			    || tell_refused(&scope->plan, e);
		if (rounds[phase]++ >= (phase == PLAN_GRANT ? GRANTS_MAX :
		    ROUNDS_MAX))
			return too_often(&scope->plan, phase, e);
		if (!run_phase(&r, &scope->plan, phase, e))
			return false;
	}
}

/* --- sessions --- */

static bool
kill_session(struct sql *s, struct pool *pool, const char *id, struct err *e)
{
	struct err ours = { 0 };

	if (sql_run(s, pool_printf(pool, "KILL %s", id), NULL, NULL, &ours)
	    || sql_code(s) == SQL_NO_THREAD)
		return true;
	if (sql_code(s) == SQL_KILL_DENIED || sql_code(s) == SQL_NEED_RIGHT) {
		if (sql_run(s, pool_printf(pool, "CALL mysql.rds_kill(%s)",
		    id), NULL, NULL, e) || sql_code(s) == SQL_NO_THREAD)
			return true;
		return err_set(e, ERR_HAND, "session %s of the user keeps "
		    "rights that were taken, and can't be ended: restart the "
		    "clients: %s", id, ours.text);
	}
	*e = ours;
	return false;
}

static bool
is_listed(const struct sql_rows *rows, const char *id)
{
	for (size_t i = 0; i < rows->n; i++)
		if (text_same(sql_cell(rows, i, 0), id))
			return true;
	return false;
}

enum spare { SPARE_ALL, SPARE_BUSY, SPARE_NONE };

/* The user's sessions. MySQL 9.7 may read the name of one that just logs in
 * half written, and refuses to answer then. */
static bool
find_sessions(struct sql *s, struct pool *pool, const char *user,
    struct sql_rows *rows, struct err *e)
{
	int left = ASKED_MAX;
	bool ok;

	do
		ok = ask_about(s, pool, "SELECT ID, COMMAND FROM "
		    "information_schema.PROCESSLIST WHERE USER = ", user,
		    rows, e);
	while (!ok && sql_code(s) == SQL_BAD_TEXT && --left > 0);
	return ok;
}

/* Kill those of `old` that are not spared; *left: how many remain. */
static bool
kill_some(struct sql *s, struct pool *pool, const char *user,
    enum spare spare, const struct sql_rows *old, size_t *left,
    struct err *e)
{
	struct sql_rows now, busy = { 0 };
	struct err ignored = { 0 };

	*left = 0;
	if (!find_sessions(s, pool, user, &now, e))
		return false;
	if (!sql_run(s, "SELECT trx_mysql_thread_id FROM "
	    "information_schema.INNODB_TRX", pool, &busy, &ignored))
		busy.n = 0;	/* not visible: all count as between two */
	for (size_t i = 0; i < now.n; i++) {
		const char *id = sql_cell(&now, i, 0);
		bool idle = text_same(sql_cell(&now, i, 1), "Sleep")
		    && !is_listed(&busy, id);

		if (!is_listed(old, id))
			continue;
		if (spare == SPARE_ALL || (spare == SPARE_BUSY && !idle)) {
			++*left;
			continue;
		}
		if (!kill_session(s, pool, id, e))
			return false;
	}
	return true;
}

/* Without PROCESS the list of sessions holds our own, and no error. */
static bool
check_sees_sessions(struct sql *s, const char *user, struct err *e)
{
	struct err ours = { 0 };

	if (sql_run(s, "SELECT trx_mysql_thread_id FROM "
	    "information_schema.INNODB_TRX", NULL, NULL, &ours)
	    || sql_code(s) != SQL_NEED_RIGHT)
		return true;
	return err_set(e, ERR_HAND, "the administrator lacks PROCESS and "
	    "can't see the sessions of %s, which may keep rights that were "
	    "taken: grant it, and run this again", user);
}

bool
restrict_end_sessions(struct sql *s, struct pool *pool, const char *user,
    long seconds, size_t *ended, struct err *e)
{
	clock_ms deadline = clock_deadline(seconds);
	clock_ms grace = clock_sooner(deadline,
	    clock_deadline(GRACE_SECONDS));
	struct sql_rows old;
	size_t left;

	if (!check_sees_sessions(s, user, e)
	    || !find_sessions(s, pool, user, &old, e))
		return false;
	*ended = old.n;
	do {
		if (!kill_some(s, pool, user, clock_over(grace) ? SPARE_BUSY :
		    SPARE_ALL, &old, &left, e))
			return false;
	} while (left > 0 && clock_pause_until(deadline, PAUSE_MS));
	return left == 0
	    || kill_some(s, pool, user, SPARE_NONE, &old, &left, e);
}

/* --- restore --- */

typedef void plan_back(struct pool *, const struct grants_world *,
    const struct grants *saved, const struct grants *now, struct plan *);

static bool
plan_account(struct sql *s, struct pool *pool, const struct grants_world *w,
    plan_back *back, const struct grants *saved, struct plan *p,
    struct err *e)
{
	struct grants now, besides;
	struct grant *both;

	if (!ask_grants(s, pool, &saved->account, &now, e)
	    || !ask_besides(s, pool, &saved->account, &besides, e))
		return false;
	both = pool_alloc(pool, (now.n + besides.n + 1) * sizeof(*both));
	memcpy(both, now.v, now.n * sizeof(*both));
	if (besides.n > 0)
		memcpy(both + now.n, besides.v, besides.n * sizeof(*both));
	now.v = both;
	now.n += besides.n;
	back(pool, w, saved, &now, p);
	return true;
}

static bool
plan_accounts(struct sql *s, struct pool *pool, const char *const *own,
    plan_back *back, const struct grants *saved, size_t n, struct plan *p,
    struct err *e)
{
	struct grants_world w;

	if (!ask_world(s, pool, own, &w, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!plan_account(s, pool, &w, back, &saved[i], p, e))
			return false;
	return true;
}

bool
restrict_plan_undo(struct sql *s, struct pool *pool, const char *const *own,
    const struct grants *saved, size_t n, struct plan *p, struct err *e)
{
	return plan_accounts(s, pool, own, plan_restore, saved, n, p, e);
}

bool
restrict_plan_exactly(struct sql *s, struct pool *pool,
    const char *const *own, const struct grants *saved, size_t n,
    struct plan *p, struct err *e)
{
	return plan_accounts(s, pool, own, plan_exactly, saved, n, p, e);
}

/* Granting on what is gone fails, though its REVOKE was possible. */
static bool
is_lost(unsigned code)
{
	return code == SQL_NO_TABLE || code == SQL_NO_COLUMN
	    || code == SQL_NO_ROUTINE || code == SQL_NO_ROLE
	    || code == SQL_NO_MARIADB_ROLE;
}

bool
restrict_undo(struct sql *s, const struct plan *p, restrict_say *say,
    struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct err ours = { 0 };

		if (run_one(s, &p->v[i], say, &ours))
			continue;
		if (!is_lost(sql_code(s))) {
			*e = ours;
			return false;
		}
		log_warn("what it is on is gone, the grant is left out: %s",
		    p->v[i].sql);
	}
	return true;
}

/* --- what can't be given back --- */

static bool
is_table_there(struct sql *s, struct pool *pool, const struct grant *g,
    bool *there, struct err *e)
{
	struct buf sql = buf_new(SQL_MAX);
	struct sql_rows rows;
	bool ok;

	buf_puts(&sql, "SELECT 1 FROM information_schema.TABLES WHERE "
	    "TABLE_SCHEMA = ");
	sql_literal(&sql, g->db);
	buf_puts(&sql, " AND TABLE_NAME = ");
	sql_literal(&sql, g->object);
	ok = sql_run(s, buf_str(&sql), pool, &rows, e);
	buf_free(&sql);
	*there = rows.n > 0;
	return ok;
}

bool
restrict_warn_lost(struct sql *s, struct pool *pool, const struct plan *p,
    struct err *e)
{
	bool there;

	for (size_t i = 0; i < p->n; i++) {
		const struct grant *g = p->v[i].grant;

		if (p->v[i].phase != PLAN_REVOKE || g->on != ON_TABLE)
			continue;
		if (!is_table_there(s, pool, g, &there, e))
			return false;
		if (!there)
			log_warn("the table is gone, so that this could not "
			    "be given back: %s", grant_text(pool, g));
	}
	return true;
}

/* --- confirm as the user --- */

static bool
use_database(struct sql *s, const char *db, struct err *e)
{
	struct buf sql = buf_new(SQL_MAX);
	bool ok;

	buf_puts(&sql, "USE ");
	sql_name(&sql, db);
	ok = sql_run(s, buf_str(&sql), NULL, NULL, e);
	buf_free(&sql);
	return ok;
}

/* A temporary table is written where nobody else sees it. Servers may refuse
 * one without a primary key. */
static bool
write_probe(struct sql *s, struct err *e)
{
	return sql_run(s, "CREATE TEMPORARY TABLE transplant_probe "
	    "(a INT PRIMARY KEY)", NULL, NULL, e)
	    && sql_run(s, "INSERT INTO transplant_probe VALUES (1)", NULL,
		NULL, e)
	    && sql_run(s, "DROP TEMPORARY TABLE transplant_probe", NULL,
		NULL, e);
}

static bool
confirm_own(struct sql *s, const char *db, bool write, struct err *e)
{
	return (use_database(s, db, e)
	    && sql_run(s, "SHOW TABLES", NULL, NULL, e)
	    && (!write || write_probe(s, e)))
	    || err_within(e, "own database %s", db);
}

static bool
confirm_foreign(struct sql *s, const char *db, struct err *e)
{
	struct err ours = { 0 };

	if (use_database(s, db, &ours))
		return err_set(e, ERR_HAND, "the user still opens database "
		    "%s, which is not its own", db);
	if (ours.kind == ERR_DENIED)
		return true;
	*e = ours;
	return err_within(e, "foreign database %s", db);
}

bool
restrict_confirm(const struct sql_login *login, const char *const *own,
    const char *const *foreign, bool write, struct err *e)
{
	struct sql *s = sql_open(login, e);
	bool ok = s != NULL;

	for (size_t i = 0; ok && own[i] != NULL; i++)
		ok = confirm_own(s, own[i], write, e);
	for (size_t i = 0; ok && foreign[i] != NULL; i++)
		ok = confirm_foreign(s, foreign[i], e);
	sql_close(s);
	return ok;
}
