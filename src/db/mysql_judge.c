/* mysql_judge - severities of grants; the rules stand in tables. */
#include "db/mysql_judge.h"

#include "base/mem.h"
#include "base/text.h"
#include "db/finding.h"
#include "db/mysql_pattern.h"

enum {
	TEXT_MAX = 64 * 1024,
	DEPTH_MAX = 8,		/* roles inside roles; deeper is unresolved */
};

const char *const grants_data_privileges[] = {
	"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP",
	"REFERENCES", "INDEX", "ALTER", "CREATE TEMPORARY TABLES",
	"LOCK TABLES", "EXECUTE", "CREATE VIEW", "SHOW VIEW",
	"CREATE ROUTINE", "ALTER ROUTINE", "EVENT", "TRIGGER",
	"DELETE HISTORY", "SHOW CREATE ROUTINE", NULL
};

/* First MariaDB whose ALL holds the last two of the list above. */
enum { DELETE_HISTORY_SINCE = 100300, SHOW_ROUTINE_SINCE = 110300 };

static const struct {
	const char *name;
	enum severity severity;
} global_privileges[] = {
	{ "ALL PRIVILEGES", SEV_CRITICAL },
	{ "SUPER", SEV_CRITICAL },
	{ "CREATE USER", SEV_CRITICAL },
	{ "FILE", SEV_CRITICAL },
	{ "SYSTEM_USER", SEV_CRITICAL },
	{ "SET_USER_ID", SEV_CRITICAL },
	{ "SET_ANY_DEFINER", SEV_CRITICAL },
	{ "SET USER", SEV_CRITICAL },	/* MariaDB's word for the same */
	{ "ROLE_ADMIN", SEV_CRITICAL },
	{ "SHOW DATABASES", SEV_LOW },
	{ "USAGE", SEV_INFO },
};

/* What one judgement needs to hand around. */
struct judge {
	struct pool *pool;
	const struct grants_world *world;
	struct findings *findings;
	const char *account;	/* printed */
	int depth;
};

static bool
same_name(const struct grants_world *w, const char *a, const char *b)
{
	return w->fold ? text_same_fold(a, b) : text_same(a, b);
}

bool
grants_is_system(const char *db)
{
	static const char *const names[] = {
		"mysql", "information_schema", "performance_schema", "sys",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_same_fold(db, names[i]))
			return true;
	return false;
}

static bool
is_own(const struct grants_world *w, const char *db)
{
	for (size_t i = 0; w->own[i] != NULL; i++)
		if (same_name(w, w->own[i], db))
			return true;
	return false;
}

static bool
exists(const struct grants_world *w, const char *db)
{
	for (size_t i = 0; w->existing[i] != NULL; i++)
		if (same_name(w, w->existing[i], db))
			return true;
	return false;
}

bool
grants_is_own_row(struct pool *pool, const struct grants_world *w,
    const struct grant *g, const char *db)
{
	struct buf spelled = buf_new(4096);
	bool same;

	(void)pool;
	if (g->on != ON_DB)
		return false;
	pattern_escape(&spelled, db, w->literal);
	same = same_name(w, g->db, buf_str(&spelled));
	buf_free(&spelled);
	return same;
}

bool
grants_is_inside(const struct grants_world *w, const struct grant *g)
{
	return (g->on == ON_TABLE || (g->on >= ON_PROCEDURE
	    && g->on <= ON_PACKAGE_BODY)) && is_own(w, g->db);
}

static bool
is_any_own_row(const struct judge *j, const struct grant *g)
{
	for (size_t i = 0; j->world->own[i] != NULL; i++)
		if (grants_is_own_row(j->pool, j->world, g,
		    j->world->own[i]))
			return true;
	return false;
}

bool
grants_is_whole(struct pool *pool, const struct grants_world *w,
    const struct grants *list, const char *db)
{
	bool whole = false;

	for (size_t i = 0; i < list->n; i++) {
		const struct grant *g = &list->v[i];

		if (!account_same(&g->to, &list->account)
		    || !grants_is_own_row(pool, w, g, db))
			continue;
		if (g->revoke)
			return false;
		whole = whole || grant_has(g, "ALL PRIVILEGES");
	}
	return whole;
}

/* --- how bad is a right on these objects? --- */

static enum severity
exact_db_severity(const struct grants_world *w, const char *db)
{
	if (text_same_fold(db, "mysql"))
		return SEV_CRITICAL;
	if (is_own(w, db))	/* right database, wrong spelling */
		return SEV_MEDIUM;
	return exists(w, db) ? SEV_HIGH : SEV_LOW;
}

static enum severity
pattern_severity(const struct judge *j, const char *pattern)
{
	const struct grants_world *w = j->world;
	bool own = false;

	if (!pattern_is_live(pattern, w->literal))
		return exact_db_severity(w, pattern_name(j->pool, pattern,
		    w->literal));
	if (pattern_matches(pattern, "mysql", false, w->fold))
		return SEV_CRITICAL;
	for (size_t i = 0; w->existing[i] != NULL; i++) {
		if (!pattern_matches(pattern, w->existing[i], false, w->fold))
			continue;
		if (!is_own(w, w->existing[i]))
			return SEV_HIGH;
		own = true;
	}
	return own ? SEV_MEDIUM : SEV_LOW;
}

static enum severity
global_severity(const char *name)
{
	for (size_t i = 0; i < sizeof(global_privileges)
	    / sizeof(global_privileges[0]); i++)
		if (text_same(global_privileges[i].name, name))
			return global_privileges[i].severity;
	for (size_t i = 0; grants_data_privileges[i] != NULL; i++)
		if (text_same(grants_data_privileges[i], name))
			return SEV_CRITICAL;
	return SEV_HIGH;
}

static void
add_excess(const struct judge *j, enum severity s, const char *what,
    const struct grant *g)
{
	struct buf object = buf_new(TEXT_MAX);

	grant_print_object(&object, g);
	findings_add(j->pool, j->findings, s, FINDING_EXCESS, j->account,
	    "%s ON %s", what, buf_str(&object));
	buf_free(&object);
}

/* Every privilege of a line on a database, table or routine, or on *.*. */
static void
judge_privileges(const struct judge *j, const struct grant *g,
    enum severity severity)
{
	struct buf what = buf_new(TEXT_MAX);

	for (size_t i = 0; i < g->nprivs; i++) {
		enum severity s = g->on == ON_GLOBAL ?
		    global_severity(g->privs[i].name) : severity;

		if (text_same(g->privs[i].name, "USAGE"))
			continue;
		buf_clear(&what);
		grant_print_priv(&what, &g->privs[i]);
		add_excess(j, s, buf_str(&what), g);
	}
	buf_free(&what);
}

/* --- levels --- */

static void
judge_own_row(const struct judge *j, const struct grant *g)
{
	if (g->option)
		add_excess(j, SEV_MEDIUM, "GRANT OPTION", g);
}

static void
judge_db(const struct judge *j, const struct grant *g)
{
	enum severity s;

	if (is_any_own_row(j, g)) {
		judge_own_row(j, g);
		return;
	}
	s = pattern_severity(j, g->db);
	judge_privileges(j, g, s);
	if (g->option)
		add_excess(j, s, "GRANT OPTION", g);
}

static void
judge_object(const struct judge *j, const struct grant *g)
{
	bool inside = grants_is_inside(j->world, g);
	enum severity s = inside ? SEV_INFO : exact_db_severity(j->world,
	    g->db);

	judge_privileges(j, g, s);
	if (g->option)
		add_excess(j, inside ? SEV_MEDIUM : s, "GRANT OPTION", g);
}

static void judge_list(const struct judge *, const struct grants *);

static const struct grants *
find_known(const struct grants_world *w, const struct account *a)
{
	for (size_t i = 0; i < w->nknown; i++)
		if (account_same(&w->known[i].account, a))
			return &w->known[i];
	return NULL;
}

/* The worst of what another account may do; false: it is not known. */
static bool
worst_of(const struct judge *j, const struct account *a, enum severity *worst)
{
	const struct grants *list = find_known(j->world, a);
	struct findings found = { 0 };
	struct judge inner = *j;

	if (list == NULL || j->depth >= DEPTH_MAX)
		return false;
	inner.findings = &found;
	inner.depth = j->depth + 1;
	judge_list(&inner, list);
	*worst = findings_worst(&found);
	return true;
}

static void
judge_roles(const struct judge *j, const struct grant *g)
{
	for (size_t i = 0; i < g->nwho; i++) {
		enum severity s, floor = g->option ? SEV_HIGH : SEV_MEDIUM;

		if (!worst_of(j, &g->who[i], &s))
			s = g->option ? SEV_CRITICAL : SEV_HIGH;
		findings_add(j->pool, j->findings, s > floor ? s : floor,
		    FINDING_EXCESS, j->account, "ROLE %s%s",
		    account_text(j->pool, &g->who[i]),
		    g->option ? " WITH ADMIN OPTION" : "");
	}
}

/* A proxy may do what the other may; ''@'' is everybody. */
static void
judge_proxy(const struct judge *j, const struct grant *g)
{
	enum severity s;

	if (text_empty(g->who[0].user))
		s = SEV_CRITICAL;
	else if (!worst_of(j, &g->who[0], &s))
		s = SEV_HIGH;
	add_excess(j, s > SEV_MEDIUM ? s : SEV_MEDIUM, "PROXY", g);
	if (g->option)
		add_excess(j, s > SEV_MEDIUM ? s : SEV_MEDIUM,
		    "GRANT OPTION of PROXY", g);
}

static void
judge_default_role(const struct judge *j, const struct grant *g)
{
	struct buf name = buf_new(TEXT_MAX);

	grant_print_object(&name, g);
	findings_add(j->pool, j->findings, SEV_LOW, FINDING_EXCESS,
	    j->account, "DEFAULT ROLE %s", buf_str(&name));
	buf_free(&name);
}

static void
judge_line(const struct judge *j, const struct grant *g)
{
	if (g->revoke)		/* takes away: never too much */
		return;
	switch (g->on) {
	case ON_GLOBAL:
		judge_privileges(j, g, SEV_HIGH);
		if (g->option)
			add_excess(j, SEV_CRITICAL, "GRANT OPTION", g);
		return;
	case ON_DB:
		judge_db(j, g);
		return;
	case ON_PROXY:
		judge_proxy(j, g);
		return;
	case ON_ROLE:
		judge_roles(j, g);
		return;
	case ON_DEFAULT_ROLE:
		judge_default_role(j, g);
		return;
	default:
		judge_object(j, g);
	}
}

/* Rights that are printed here but belong to another account. */
static void
judge_via(const struct judge *j, const struct grant *g)
{
	struct judge inner = *j;
	struct findings found = { 0 };

	inner.findings = &found;
	inner.depth++;
	judge_line(&inner, g);
	for (size_t i = 0; i < found.n; i++)
		findings_add(j->pool, j->findings, found.v[i].severity,
		    FINDING_HAND, j->account, "VIA %s: %s",
		    account_text(j->pool, &g->to), found.v[i].text);
}

static void
judge_list(const struct judge *j, const struct grants *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (j->depth == 0
		    && !account_same(&list->v[i].to, &list->account))
			judge_via(j, &list->v[i]);
		else	/* also what MariaDB prints of roles in roles */
			judge_line(j, &list->v[i]);
}

/* --- what is missing --- */

bool
grants_is_expected(const struct grants_world *w, const char *privilege)
{
	if (text_same(privilege, "DELETE HISTORY"))
		return w->mariadb && w->version >= DELETE_HISTORY_SINCE;
	if (text_same(privilege, "SHOW CREATE ROUTINE"))
		return w->mariadb && w->version >= SHOW_ROUTINE_SINCE;
	return true;
}

static bool
own_row_has(const struct judge *j, const struct grants *list, const char *db,
    const char *privilege)
{
	for (size_t i = 0; i < list->n; i++)
		if (account_same(&list->v[i].to, &list->account)
		    && !list->v[i].revoke
		    && grants_is_own_row(j->pool, j->world, &list->v[i], db)
		    && (privilege == NULL ? !grant_has(&list->v[i], "USAGE") :
			grant_has(&list->v[i], privilege)))
			return true;
	return false;
}

/* A row that is not there is an outage to come; one privilege seldom is. */
static void
judge_missing(const struct judge *j, const struct grants *list,
    const char *db)
{
	struct buf spelled = buf_new(TEXT_MAX), object = buf_new(TEXT_MAX);
	size_t before = j->findings->n;

	pattern_escape(&spelled, db, j->world->literal);
	grant_print_object(&object, &(struct grant){ .on = ON_DB,
	    .db = buf_str(&spelled) });
	if (!own_row_has(j, list, db, NULL))
		findings_add(j->pool, j->findings, SEV_HIGH, FINDING_MISSING,
		    j->account, "ALL PRIVILEGES ON %s", buf_str(&object));
	else
		for (size_t i = 0; grants_data_privileges[i] != NULL; i++)
			if (grants_is_expected(j->world,
			    grants_data_privileges[i])
			    && !own_row_has(j, list, db,
			    grants_data_privileges[i]))
				findings_add(j->pool, j->findings, SEV_LOW,
				    FINDING_MISSING, j->account, "%s ON %s",
				    grants_data_privileges[i],
				    buf_str(&object));
	if (j->findings->n == before)	/* a name that we don't know */
		findings_add(j->pool, j->findings, SEV_LOW, FINDING_MISSING,
		    j->account, "ALL PRIVILEGES ON %s", buf_str(&object));
	buf_free(&object);
	buf_free(&spelled);
}

void
grants_judge(struct pool *pool, const struct grants_world *w,
    const struct grants *list, struct findings *findings)
{
	struct judge j = { .pool = pool, .world = w, .findings = findings,
	    .account = account_text(pool, &list->account) };

	judge_list(&j, list);
	for (size_t i = 0; w->own[i] != NULL; i++)
		if (!grants_is_whole(pool, w, list, w->own[i]))
			judge_missing(&j, list, w->own[i]);
}
