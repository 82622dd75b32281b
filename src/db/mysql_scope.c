/* mysql_scope - gather what the judge needs from a server. */
#include "db/mysql_scope.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"
#include "db/mysql_ask.h"

enum { SQL_MAX = 64 * 1024, TEXT_MAX = 1024 * 1024 };

/* --- roles and proxied accounts --- */

static bool
is_known(const struct grants_world *w, const struct account *a)
{
	for (size_t i = 0; i < w->nknown; i++)
		if (account_same(&w->known[i].account, a))
			return true;
	return false;
}

/*
 * Read what the roles and proxied accounts of these lines may do, and so
 * on. One that can't be read stays unknown, which the judge takes as bad;
 * only a lost connection is an error.
 */
static bool
learn(struct sql *s, struct pool *pool, struct grants_world *w,
    const struct account *who, size_t n, struct err *e)
{
	struct grants *known = (struct grants *)w->known;

	for (size_t i = 0; i < n && w->nknown < ASK_KNOWN_MAX; i++) {
		struct err ours = { 0 };
		struct grants list;

		if (text_empty(who[i].user) || is_known(w, &who[i]))
			continue;
		if (ask_grants(s, pool, &who[i], &list, &ours))
			known[w->nknown++] = list;
		else if (ours.kind == ERR_NETWORK) {
			*e = ours;
			return false;
		}
	}
	return true;
}

static bool
learn_list(struct sql *s, struct pool *pool, struct grants_world *w,
    const struct grants *list, struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if ((list->v[i].on == ON_ROLE || list->v[i].on == ON_PROXY)
		    && !learn(s, pool, w, list->v[i].who, list->v[i].nwho, e))
			return false;
	return true;
}

/* --- what no change of the account takes away --- */

static void
add_by_hand(struct pool *pool, const struct grants_world *w,
    const struct grants *list, const char *what, const char *user,
    struct scope *scope)
{
	struct grants_world none = *w;
	const char *const nothing[] = { NULL };
	struct findings found = { 0 };

	none.own = nothing;		/* nothing is missing here */
	grants_judge(pool, &none, list, &found);
	for (size_t i = 0; i < found.n; i++) {
		enum severity s = found.v[i].severity;

		findings_add(pool, &scope->findings, s > SEV_MEDIUM ? s :
		    SEV_MEDIUM, FINDING_HAND, user, "%s %s", what,
		    found.v[i].text);
	}
}

/* MariaDB 10.11 and later: what PUBLIC may do, everybody may. */
static bool
audit_public(struct sql *s, struct pool *pool, const char *user,
    struct scope *scope, struct err *e)
{
	const struct account everybody = { .user = "PUBLIC" };
	struct err ours = { 0 };
	struct grants list;

	if (!sql_is_mariadb(s) || sql_version(s) < 101100)
		return true;
	if (ask_grants(s, pool, &everybody, &list, &ours)) {
		add_by_hand(pool, &scope->world, &list, "PUBLIC", user,
		    scope);
		return true;
	}
	if (sql_code(s) == SQL_NO_GRANT)
		return true;
	*e = ours;
	return false;
}

static bool
audit_mandatory(struct sql *s, struct pool *pool, const char *user,
    struct scope *scope, struct err *e)
{
	struct buf name = buf_new(SQL_MAX);
	const struct account *roles;
	const char *setting;
	size_t n;
	bool ok = true;

	if (!ask_variable(s, pool, "@@global.mandatory_roles", &setting, e))
		return false;
	if (!grants_parse_accounts(pool, setting, &roles, &n))
		return err_set(e, ERR_OTHER,
		    "can't read mandatory_roles: %s", setting);
	ok = learn(s, pool, &scope->world, roles, n, e);
	for (size_t i = 0; ok && i < n; i++) {
		struct grant g = { .on = ON_ROLE, .who = &roles[i],
		    .nwho = 1, .to = roles[i] };
		struct grants one = { .account = roles[i], .v = &g, .n = 1 };

		ok = learn_list(s, pool, &scope->world, &one, e);
		buf_clear(&name);
		account_print(&name, &roles[i]);
		add_by_hand(pool, &scope->world, &one, "MANDATORY", user,
		    scope);
	}
	buf_free(&name);
	return ok;
}

static bool
has_account(const struct scope *scope, const char *host)
{
	for (size_t i = 0; i < scope->naccounts; i++)
		if (text_same_fold(scope->accounts[i].account.host, host))
			return true;
	return false;
}

/*
 * Rows of the anonymous user apply to everybody from that host; rows of our
 * user for a host without account apply to logins from there too.
 */
static bool
audit_rows(struct sql *s, struct pool *pool, const char *user,
    const char *of, struct scope *scope, struct err *e)
{
	struct buf text = buf_new(SQL_MAX);
	struct sql_rows rows;

	if (!ask_about(s, pool, "SELECT Host, Db FROM mysql.db WHERE User = ",
	    of, &rows, e)) {
		buf_free(&text);
		return false;
	}
	for (size_t i = 0; i < rows.n; i++) {
		struct account a = { of, sql_cell(&rows, i, 0) };

		if (!text_empty(of) && has_account(scope, a.host))
			continue;
		buf_clear(&text);
		buf_puts(&text, text_empty(of) ? "ANONYMOUS " :
		    "ROW WITHOUT ACCOUNT ");
		account_print(&text, &a);
		buf_puts(&text, " on database ");
		sql_name(&text, sql_cell(&rows, i, 1));
		findings_add(pool, &scope->findings, SEV_MEDIUM,
		    FINDING_HAND, user, "%s", buf_str(&text));
	}
	buf_free(&text);
	return true;
}

/* --- the audit --- */

static bool
find_accounts(struct sql *s, struct pool *pool, const char *user,
    struct scope *scope, struct err *e)
{
	const char *roles = sql_is_mariadb(s) ? "SELECT User, Host FROM"
	    " mysql.user WHERE is_role <> 'Y' AND User = " :
	    "SELECT User, Host FROM mysql.user WHERE User = ";
	struct sql_rows rows;

	if (!ask_about(s, pool, roles, user, &rows, e))
		return err_within(e, "reading the accounts");
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND,
		    "there is no MySQL user %s", user);
	scope->accounts = pool_alloc(pool,
	    rows.n * sizeof(*scope->accounts));
	scope->besides = pool_alloc(pool,
	    rows.n * sizeof(*scope->besides));
	for (size_t i = 0; i < rows.n; i++)
		scope->accounts[scope->naccounts++].account =
		    (struct account){ sql_cell(&rows, i, 0),
			sql_cell(&rows, i, 1) };
	return true;
}

/* Rows of the user's other hosts are judged with their own account. */
static void
drop_other_hosts(struct pool *pool, struct grants *list)
{
	struct grant *kept = pool_alloc(pool, (list->n + 1) * sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].to.host == NULL
		    || account_same(&list->v[i].to, &list->account)
		    || !text_same(list->v[i].to.user, list->account.user))
			kept[n++] = list->v[i];
	list->v = kept;
	list->n = n;
}

static bool
audit_account(struct sql *s, struct pool *pool, struct scope *scope, size_t i,
    struct err *e)
{
	struct grants *list = &scope->accounts[i];
	struct account a = list->account;

	if (!ask_grants(s, pool, &a, list, e)
	    || !ask_besides(s, pool, &a, &scope->besides[i], e)
	    || !learn_list(s, pool, &scope->world, list, e))
		return false;
	drop_other_hosts(pool, list);
	return true;
}

/* Roles of roles: what was learned may name more. */
static bool
learn_all(struct sql *s, struct pool *pool, struct scope *scope,
    struct err *e)
{
	for (size_t i = 0; i < scope->world.nknown; i++)
		if (!learn_list(s, pool, &scope->world,
		    &scope->world.known[i], e))
			return false;
	return true;
}

bool
scope_audit(struct sql *s, struct pool *pool, const char *user,
    const char *const *own, struct scope *scope, struct err *e)
{
	*scope = (struct scope){ 0 };
	if (!ask_world(s, pool, own, &scope->world, e)
	    || !find_accounts(s, pool, user, scope, e))
		return false;
	for (size_t i = 0; i < scope->naccounts; i++)
		if (!audit_account(s, pool, scope, i, e))
			return false;
	if (!learn_all(s, pool, scope, e))
		return false;
	for (size_t i = 0; i < scope->naccounts; i++) {
		grants_judge(pool, &scope->world, &scope->accounts[i],
		    &scope->findings);
		plan_scope(pool, &scope->world, &scope->accounts[i],
		    &scope->plan);
	}
	return audit_public(s, pool, user, scope, e)
	    && audit_mandatory(s, pool, user, scope, e)
	    && audit_rows(s, pool, user, "", scope, e)
	    && audit_rows(s, pool, user, user, scope, e);
}

bool
scope_audit_self(struct sql *s, struct pool *pool, const char *const *own,
    struct scope *scope, struct err *e)
{
	struct grants_source source = { .legacy = ask_is_legacy(s) };
	struct sql_rows rows;
	const char *me;

	*scope = (struct scope){ .naccounts = 1 };
	scope->accounts = pool_alloc(pool, sizeof(*scope->accounts));
	scope->besides = pool_alloc(pool, sizeof(*scope->besides));
	if (!ask_world(s, pool, own, &scope->world, e)
	    || !ask_variable(s, pool, "CURRENT_USER()", &me, e))
		return false;
	source.account = ask_split(pool, me);
	if (!sql_run(s, "SHOW GRANTS", pool, &rows, e)
	    || !ask_parse(pool, &source, &rows, scope->accounts, e))
		return false;
	drop_other_hosts(pool, scope->accounts);
	grants_judge(pool, &scope->world, scope->accounts, &scope->findings);
	return true;
}

const char *const *
scope_foreign(struct pool *pool, const struct scope *scope, size_t most)
{
	const struct grants_world *w = &scope->world;
	const char **names = pool_alloc(pool, (most + 2) * sizeof(*names));
	size_t n = 0;

	names[n++] = "mysql";
	for (size_t i = 0; w->existing[i] != NULL && n <= most; i++) {
		bool own = grants_is_system(w->existing[i]);

		for (size_t k = 0; w->own[k] != NULL; k++)
			own = own || text_same_fold(w->own[k],
			    w->existing[i]);
		if (!own)
			names[n++] = w->existing[i];
	}
	return names;
}

bool
scope_is_planned(const struct scope *scope, const struct account *a)
{
	for (size_t i = 0; i < scope->plan.n; i++)
		if (account_same(&scope->plan.v[i].account, a))
			return true;
	return false;
}

const char *
scope_text(struct pool *pool, const struct scope *scope)
{
	struct buf out = buf_new(TEXT_MAX);
	const char *text;

	for (size_t i = 0; i < scope->naccounts; i++)
		for (size_t k = 0; k < scope->accounts[i].n; k++) {
			grant_print(&out, &scope->accounts[i].v[k]);
			buf_putc(&out, '\n');
		}
	text = pool_strdup(pool, buf_str(&out));
	buf_free(&out);
	return text;
}
