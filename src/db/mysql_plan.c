/* mysql_plan - statements from grants. */
#include "db/mysql_plan.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mysql_judge.h"
#include "db/mysql_pattern.h"

enum { STATEMENT_MAX = 256 * 1024 };

static void
plan_add(struct pool *pool, struct plan *p, enum plan_phase phase,
    const struct account *account, const struct grant *g, const char *sql)
{
	struct plan_statement *v;

	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? 16 : 2 * p->cap;
		v = pool_alloc(pool, p->cap * sizeof(*v));
		if (p->n > 0)
			memcpy(v, p->v, p->n * sizeof(*v));
		p->v = v;
	}
	p->v[p->n++] = (struct plan_statement){
		.phase = phase, .account = *account, .grant = g,
		.sql = pool_strdup(pool, sql),
	};
}

static bool
is_for(const struct grants *list, const struct grant *g)
{
	return account_same(&g->to, &list->account);
}

/* --- grant the own databases --- */

/* Where a restriction lies on it, the first GRANT only lifts that. */
static bool
is_restricted(struct pool *pool, const struct grants_world *w,
    const struct grants *list, const char *db)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].revoke
		    && grants_is_own_row(pool, w, &list->v[i], db))
			return true;
	return false;
}

static void
plan_own(struct pool *pool, const struct grants_world *w,
    const struct grants *list, const char *db, struct plan *p)
{
	struct buf sql = buf_new(STATEMENT_MAX), spelled = buf_new(4096);
	struct grant_priv all = { .name = "ALL PRIVILEGES" };

	if (!grants_is_whole(pool, w, list, db)) {
		pattern_escape(&spelled, db, w->literal);
		grant_print(&sql, &(struct grant){ .on = ON_DB,
		    .db = buf_str(&spelled), .privs = &all, .nprivs = 1,
		    .to = list->account });
		plan_add(pool, p, PLAN_GRANT, &list->account, NULL,
		    buf_str(&sql));
		if (is_restricted(pool, w, list, db))
			plan_add(pool, p, PLAN_GRANT, &list->account, NULL,
			    buf_str(&sql));
	}
	buf_free(&spelled);
	buf_free(&sql);
}

/* --- take away --- */

/* May the line's names stay? Its option is another matter. */
static bool
is_kept(struct pool *pool, const struct grants_world *w,
    const struct grant *g)
{
	if (g->revoke || grants_is_inside(w, g))
		return true;
	for (size_t i = 0; w->own[i] != NULL; i++)
		if (grants_is_own_row(pool, w, g, w->own[i]))
			return true;
	return g->nprivs == 1 && text_same(g->privs[0].name, "USAGE");
}

static void
print_revoke(struct buf *sql, const struct grant *g, size_t from, size_t n)
{
	buf_puts(sql, "REVOKE ");
	for (size_t i = from; i < from + n; i++) {
		buf_puts(sql, i > from ? ", " : "");
		grant_print_priv(sql, &g->privs[i]);
	}
	buf_puts(sql, " ON ");
	grant_print_object(sql, g);
	buf_puts(sql, " FROM ");
	account_print(sql, &g->to);
}

static void
plan_names(struct pool *pool, const struct grants_world *w,
    const struct grants *list, struct plan *p)
{
	struct buf sql = buf_new(STATEMENT_MAX);

	for (size_t i = 0; i < list->n; i++) {
		const struct grant *g = &list->v[i];

		if (g->on >= ON_PROXY || !is_for(list, g)
		    || is_kept(pool, w, g))
			continue;
		buf_clear(&sql);
		print_revoke(&sql, g, 0, g->nprivs);
		plan_add(pool, p, PLAN_REVOKE, &list->account, g,
		    buf_str(&sql));
	}
	buf_free(&sql);
}

/* "REVOKE <what><who> FROM account", one per line that is a `level`. */
static void
plan_who(struct pool *pool, const struct grants *list, enum grant_on level,
    enum plan_phase phase, const char *what, struct plan *p)
{
	struct buf sql = buf_new(STATEMENT_MAX);

	for (size_t i = 0; i < list->n; i++) {
		const struct grant *g = &list->v[i];

		if (g->on != level || !is_for(list, g))
			continue;
		for (size_t r = 0; r < g->nwho; r++) {
			buf_clear(&sql);
			buf_puts(&sql, what);
			account_print(&sql, &g->who[r]);
			buf_puts(&sql, " FROM ");
			account_print(&sql, &g->to);
			plan_add(pool, p, phase, &list->account, NULL,
			    buf_str(&sql));
		}
	}
	buf_free(&sql);
}

/* MariaDB: a default role that is gone would dangle. */
static void
plan_default_role(struct pool *pool, const struct grants *list,
    struct plan *p)
{
	struct buf sql = buf_new(STATEMENT_MAX);

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].on == ON_DEFAULT_ROLE
		    && is_for(list, &list->v[i])) {
			buf_clear(&sql);
			buf_puts(&sql, "SET DEFAULT ROLE NONE FOR ");
			account_print(&sql, &list->account);
			plan_add(pool, p, PLAN_DEFAULT_ROLE, &list->account,
			    NULL, buf_str(&sql));
		}
	buf_free(&sql);
}

static bool
same_object(const struct grant *a, const struct grant *b)
{
	return a->on == b->on && text_same(a->db, b->db)
	    && text_same(a->object, b->object);
}

/* Once per object, though *.* may be printed on several lines. */
static void
plan_options(struct pool *pool, const struct grants *list, struct plan *p)
{
	struct buf sql = buf_new(STATEMENT_MAX);

	for (size_t i = 0; i < list->n; i++) {
		const struct grant *g = &list->v[i];
		bool said = false;

		if (!g->option || g->on >= ON_PROXY || !is_for(list, g))
			continue;
		for (size_t k = 0; k < i; k++)
			said = said || (list->v[k].option
			    && same_object(&list->v[k], g));
		if (said)
			continue;
		buf_clear(&sql);
		buf_puts(&sql, "REVOKE GRANT OPTION ON ");
		grant_print_object(&sql, g);
		buf_puts(&sql, " FROM ");
		account_print(&sql, &g->to);
		plan_add(pool, p, PLAN_OPTION, &list->account, g,
		    buf_str(&sql));
	}
	buf_free(&sql);
}

void
plan_scope(struct pool *pool, const struct grants_world *w,
    const struct grants *list, struct plan *p)
{
	for (size_t i = 0; w->own[i] != NULL; i++)
		plan_own(pool, w, list, w->own[i], p);
	plan_default_role(pool, list, p);
	plan_names(pool, w, list, p);
	plan_who(pool, list, ON_PROXY, PLAN_PROXY, "REVOKE PROXY ON ", p);
	plan_options(pool, list, p);
	plan_who(pool, list, ON_ROLE, PLAN_ROLE, "REVOKE ", p);
}

void
plan_split(struct pool *pool, const struct plan_statement *s, struct plan *p)
{
	struct buf sql = buf_new(STATEMENT_MAX);

	for (size_t i = 0; i < s->grant->nprivs; i++) {
		buf_clear(&sql);
		print_revoke(&sql, s->grant, i, 1);
		plan_add(pool, p, s->phase, &s->account, s->grant,
		    buf_str(&sql));
	}
	buf_free(&sql);
}

void
plan_keep(struct pool *pool, const struct plan_statement *s, struct plan *p)
{
	plan_add(pool, p, s->phase, &s->account, s->grant, s->sql);
}

/* --- back again --- */

static bool
same_columns(const char *const *a, const char *const *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	while (*a != NULL && text_same(*a, *b)) {
		a++;
		b++;
	}
	return *a == NULL && *b == NULL;
}

static bool
line_has_priv(const struct grant *g, const struct grant_priv *p)
{
	for (size_t i = 0; i < g->nprivs; i++)
		if (text_same(g->privs[i].name, p->name)
		    && same_columns(g->privs[i].columns, p->columns))
			return true;
	return grant_has(g, "ALL PRIVILEGES");
}

static bool
line_has_who(const struct grant *g, const struct account *a)
{
	for (size_t i = 0; i < g->nwho; i++)
		if (account_same(&g->who[i], a))
			return true;
	return false;
}

/* Is the i-th thing of the saved line in force by a line of now? */
static bool
is_there(const struct grants *now, const struct grant *g, size_t i)
{
	for (size_t k = 0; k < now->n; k++) {
		const struct grant *n = &now->v[k];

		if (!same_object(n, g) || !account_same(&n->to, &g->to)
		    || n->revoke != g->revoke || (g->option && !n->option))
			continue;
		if (g->on >= ON_PROXY ? line_has_who(n, &g->who[i]) :
		    line_has_priv(n, &g->privs[i]))
			return true;
	}
	return false;
}

static bool
is_line_there(const struct grants *now, const struct grant *g)
{
	size_t n = g->on >= ON_PROXY ? g->nwho : g->nprivs;

	for (size_t i = 0; g->on == ON_ACCOUNT && i < now->n; i++)
		if (same_object(&now->v[i], g))
			return true;
	if (g->on == ON_ACCOUNT)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_there(now, g, i))
			return false;
	return true;
}

/* Before 5.7.6 only GRANT changes what an account requires. */
static const char *
restoring_text(struct pool *pool, const struct grants_world *w,
    const struct grant *g)
{
	if (g->on != ON_ACCOUNT || w->mariadb || w->version >= 50706)
		return grant_text(pool, g);
	return pool_printf(pool, "GRANT USAGE ON *.* TO %s %s",
	    account_text(pool, &g->to), g->object);
}

static bool
is_any_own_row(struct pool *pool, const struct grants_world *w,
    const struct grant *g)
{
	for (size_t i = 0; w->own[i] != NULL; i++)
		if (grants_is_own_row(pool, w, g, w->own[i]))
			return true;
	return false;
}

/* Did the saved lines allow this on the object of the row? */
static bool
was_allowed(const struct grants *saved, const struct grant *row,
    const char *privilege)
{
	for (size_t i = 0; i < saved->n; i++)
		if (!saved->v[i].revoke && same_object(&saved->v[i], row)
		    && (grant_has(&saved->v[i], privilege)
		    || grant_has(&saved->v[i], "ALL PRIVILEGES")))
			return true;
	return false;
}

static bool
was_there(const struct grants *saved, const struct grant *row)
{
	for (size_t i = 0; i < saved->n; i++)
		if (!saved->v[i].revoke && same_object(&saved->v[i], row))
			return true;
	return false;
}

/* Of a row that is whole, or of one that is not, what was not there. */
static void
plan_less(struct pool *pool, const struct grants_world *w,
    const struct grants *saved, const struct grant *row, struct plan *p)
{
	struct buf sql = buf_new(STATEMENT_MAX);
	struct grant less = *row;
	struct grant_priv privs[GRANTS_DATA_MAX];

	less.privs = privs;
	less.nprivs = 0;
	if (!was_there(saved, row)) {
		less.privs = row->privs;
		less.nprivs = row->nprivs;
	} else
		for (size_t i = 0; grants_data_privileges[i] != NULL; i++) {
			const char *name = grants_data_privileges[i];

			if (grants_is_expected(w, name)
			    && (grant_has(row, name)
			    || grant_has(row, "ALL PRIVILEGES"))
			    && !was_allowed(saved, row, name))
				privs[less.nprivs++] = (struct grant_priv){
				    .name = name };
		}
	if (less.nprivs > 0) {
		print_revoke(&sql, &less, 0, less.nprivs);
		plan_add(pool, p, PLAN_REVOKE, &saved->account, row,
		    buf_str(&sql));
	}
	buf_free(&sql);
}

/* Those on own databases, or the others. */
static void
plan_restrictions(struct pool *pool, const struct grants_world *w,
    const struct grants *saved, const struct grants *now, bool own,
    struct plan *p)
{
	for (size_t i = 0; i < saved->n; i++) {
		const struct grant *g = &saved->v[i];

		if (g->revoke && is_any_own_row(pool, w, g) == own
		    && !is_line_there(now, g))
			plan_add(pool, p, own ? PLAN_REVOKE : PLAN_GRANT,
			    &saved->account, g, grant_text(pool, g));
	}
}

void
plan_restore(struct pool *pool, const struct grants_world *w,
    const struct grants *saved, const struct grants *now, struct plan *p)
{
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < saved->n; i++) {
			const struct grant *g = &saved->v[i];
			int turn = g->on == ON_DEFAULT_ROLE ? 1 : 0;

			if (turn == round && !g->revoke && !grant_is_empty(g)
			    && !is_line_there(now, g))
				plan_add(pool, p, PLAN_GRANT,
				    &saved->account, g,
				    restoring_text(pool, w, g));
		}
	plan_restrictions(pool, w, saved, now, false, p);
}

void
plan_exactly(struct pool *pool, const struct grants_world *w,
    const struct grants *saved, const struct grants *now, struct plan *p)
{
	for (size_t i = 0; i < now->n; i++)
		if (is_for(now, &now->v[i]) && !now->v[i].revoke
		    && is_any_own_row(pool, w, &now->v[i]))
			plan_less(pool, w, saved, &now->v[i], p);
	plan_restrictions(pool, w, saved, now, true, p);
}
