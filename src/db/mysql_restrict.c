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

/* --- restrict --- */

/* The named thing is not granted (any more): the next reading decides. */
static bool
is_gone(unsigned code)
{
	return code == SQL_NO_GRANT || code == SQL_NO_TABLE_GRANT
	    || code == SQL_NO_ROUTINE_GRANT || code == SQL_NO_SUCH_GRANTS;
}

static bool
run_one(struct sql *s, const struct plan_statement *p, restrict_say *say,
    struct err *e)
{
	struct err ours = { 0 };

	say(&p->account, p->sql);
	if (sql_run(s, p->sql, NULL, NULL, &ours))
		return true;
	if (p->phase != PLAN_GRANT && is_gone(sql_code(s))) {
		log_info("already gone: %s", ours.text);
		return true;
	}
	*e = ours;
	return false;
}

/* A list is refused as a whole for one name the administrator lacks. */
static bool
run_split(struct sql *s, struct pool *pool, const struct plan_statement *p,
    restrict_say *say, struct err *e)
{
	struct plan each = { 0 };
	struct err ours = { 0 };

	plan_split(pool, p, &each);
	for (size_t i = 0; i < each.n; i++)
		if (!run_one(s, &each.v[i], say, &ours)) {
			if (sql_code(s) != SQL_LOGIN_DENIED) {
				*e = ours;
				return false;
			}
			log_warn("the administrator lacks this right and so"
			    " can't take it: %s", each.v[i].sql);
		}
	return true;
}

static bool
run_statement(struct sql *s, struct pool *pool,
    const struct plan_statement *p, restrict_say *say, struct err *e)
{
	if (run_one(s, p, say, e))
		return true;
	switch (sql_code(s)) {
	case SQL_LOGIN_DENIED:	/* about a right, though it says password */
		if (p->phase != PLAN_REVOKE)
			break;
		if (p->grant->nprivs > 1)
			return run_split(s, pool, p, say, e);
		return err_set(e, ERR_HAND, "the administrator may not say "
		    "%s: it lacks a privilege that would be taken", p->sql);
	case SQL_NEED_RIGHT:
		return err_within(e, "the administrator lacks a right "
		    "(SYSTEM_USER, when the user has it); stopped here");
	case SQL_DB_DENIED:
		return err_within(e, "the administrator lacks a privilege "
		    "on this database; stopped here");
	}
	return false;
}

static enum plan_phase
first_phase(const struct plan *p)
{
	enum plan_phase first = PLAN_PHASES;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].phase < first)
			first = p->v[i].phase;
	return first;
}

static bool
run_phase(struct sql *s, struct pool *pool, const struct plan *p,
    enum plan_phase phase, restrict_say *say, struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].phase == phase
		    && !run_statement(s, pool, &p->v[i], say, e))
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
	    "revoked (the administrator lacks it, or memory and tables "
	    "differ: FLUSH PRIVILEGES): %s", sql);
}

bool
restrict_user(struct sql *s, struct pool *pool, const char *user,
    const char *const *own, restrict_say *say, struct scope *scope,
    struct err *e)
{
	int rounds[PLAN_PHASES] = { 0 };
	enum plan_phase phase;

	for (;;) {
		if (!scope_audit(s, pool, user, own, scope, e))
			return false;
		phase = first_phase(&scope->plan);
		if (phase == PLAN_PHASES)
			return true;
		if (rounds[phase]++ >= (phase == PLAN_GRANT ? GRANTS_MAX :
		    ROUNDS_MAX))
			return too_often(&scope->plan, phase, e);
		if (!run_phase(s, pool, &scope->plan, phase, say, e))
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

/* Kill those of `old` that are not spared; *left: how many remain. */
static bool
kill_some(struct sql *s, struct pool *pool, const char *user,
    enum spare spare, const struct sql_rows *old, size_t *left,
    struct err *e)
{
	struct sql_rows now, busy = { 0 };
	struct err ignored = { 0 };

	*left = 0;
	if (!ask_about(s, pool, "SELECT ID, COMMAND FROM "
	    "information_schema.PROCESSLIST WHERE USER = ", user, &now, e))
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
	    || !ask_about(s, pool, "SELECT ID FROM "
	    "information_schema.PROCESSLIST WHERE USER = ", user, &old, e))
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

static bool
plan_account(struct sql *s, struct pool *pool, const struct grants *saved,
    struct plan *p, struct err *e)
{
	struct grants now, defaults;
	struct grant *both;

	if (!ask_grants(s, pool, &saved->account, &now, e)
	    || !ask_defaults(s, pool, &saved->account, &defaults, e))
		return false;
	both = pool_alloc(pool, (now.n + defaults.n + 1) * sizeof(*both));
	memcpy(both, now.v, now.n * sizeof(*both));
	if (defaults.n > 0)
		memcpy(both + now.n, defaults.v, defaults.n * sizeof(*both));
	now.v = both;
	now.n += defaults.n;
	plan_restore(pool, saved, &now, p);
	return true;
}

bool
restrict_plan_undo(struct sql *s, struct pool *pool,
    const struct grants *saved, size_t n, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!plan_account(s, pool, &saved[i], p, e))
			return false;
	return true;
}

/* Granting on a table that is gone fails; its REVOKE was possible. */
bool
restrict_undo(struct sql *s, const struct plan *p, restrict_say *say,
    struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct err ours = { 0 };

		if (run_one(s, &p->v[i], say, &ours))
			continue;
		if (sql_code(s) != SQL_NO_TABLE) {
			*e = ours;
			return false;
		}
		log_warn("the table is gone, its grant is left out: %s",
		    p->v[i].sql);
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
