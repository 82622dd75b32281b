/* mysql_ask - the questions; the answers lie in the pool. */
#include "db/mysql_ask.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"
#include "db/mysql_judge.h"

enum { SQL_MAX = 64 * 1024 };

/* --- small questions --- */

/* The first cell; "" where the server does not know the variable. */
bool
ask_variable(struct sql *s, struct pool *pool, const char *name,
    const char **value, struct err *e)
{
	struct sql_rows rows;
	struct err ours = { 0 };

	*value = "";
	if (sql_run(s, pool_printf(pool, "SELECT %s", name), pool, &rows,
	    &ours)) {
		if (rows.n > 0)
			*value = sql_cell(&rows, 0, 0);
		return true;
	}
	if (sql_code(s) == SQL_NO_VARIABLE)
		return true;
	*e = ours;
	return false;
}

/* Run "<text> X'user'". */
bool
ask_about(struct sql *s, struct pool *pool, const char *text,
    const char *user, struct sql_rows *rows, struct err *e)
{
	struct buf sql = buf_new(SQL_MAX);
	bool ok;

	buf_puts(&sql, text);
	sql_literal(&sql, user);
	ok = sql_run(s, buf_str(&sql), pool, rows, e);
	buf_free(&sql);
	return ok;
}

static bool
read_databases(struct sql *s, struct pool *pool, struct grants_world *w,
    struct err *e)
{
	struct sql_rows rows;
	const char **names;

	if (!sql_run(s, "SELECT SCHEMA_NAME FROM "
	    "information_schema.SCHEMATA", pool, &rows, e))
		return false;
	names = pool_alloc(pool, (rows.n + 1) * sizeof(*names));
	for (size_t i = 0; i < rows.n; i++)
		names[i] = sql_cell(&rows, i, 0);
	w->existing = names;
	return true;
}

bool
ask_world(struct sql *s, struct pool *pool, const char *const *own,
    struct grants_world *w, struct err *e)
{
	const char *literal, *fold;

	*w = (struct grants_world){
		.own = own,
		.mariadb = sql_is_mariadb(s),
		.version = sql_version(s),
		.known = pool_alloc(pool, ASK_KNOWN_MAX * sizeof(*w->known)),
	};
	if (!read_databases(s, pool, w, e)
	    || !ask_variable(s, pool, "@@global.partial_revokes", &literal, e)
	    || !ask_variable(s, pool, "@@global.lower_case_table_names",
		&fold, e))
		return false;
	w->literal = text_same(literal, "1") || text_same_fold(literal, "ON");
	w->fold = !text_empty(fold) && !text_same(fold, "0");
	return true;
}

/* --- one account's lines --- */

bool
ask_is_legacy(struct sql *s)
{
	return !sql_is_mariadb(s) && sql_version(s) < 80000;
}

/* Rows of one grant table; a server that has none of it has no rows. */
static bool
read_side(struct sql *s, struct pool *pool, const struct account *a, int kind,
    const char *select, struct grants_source *source, struct err *e)
{
	struct buf sql = buf_new(SQL_MAX);
	struct grants_side *v;
	struct sql_rows rows;
	bool ok;

	buf_puts(&sql, select);
	sql_literal(&sql, a->user);
	buf_puts(&sql, " AND Host = ");
	sql_literal(&sql, a->host);
	ok = sql_run(s, buf_str(&sql), pool, &rows, e);
	buf_free(&sql);
	if (!ok)
		return false;
	v = pool_alloc(pool, (source->nside + rows.n + 1) * sizeof(*v));
	if (source->nside > 0)
		memcpy(v, source->side, source->nside * sizeof(*v));
	for (size_t i = 0; i < rows.n; i++) {
		struct grants_side *r = &v[source->nside++];

		r->kind = kind;
		r->db = sql_cell(&rows, i, 0);
		r->table = sql_cell(&rows, i, 1);
		r->column = sql_cell(&rows, i, 2);
		r->privs = sql_cell(&rows, i, 3);
	}
	source->side = v;
	return true;
}

/* MySQL 5.x prints columns and proxies so that only the tables tell. */
static bool
read_sides(struct sql *s, struct pool *pool, const struct account *a,
    struct grants_source *source, struct err *e)
{
	return read_side(s, pool, a, SIDE_TABLE, "SELECT Db, Table_name, '',"
	    " Table_priv FROM mysql.tables_priv WHERE User = ", source, e)
	    && read_side(s, pool, a, SIDE_COLUMN, "SELECT Db, Table_name,"
	    " Column_name, Column_priv FROM mysql.columns_priv WHERE User = ",
	    source, e)
	    && read_side(s, pool, a, SIDE_PROXY, "SELECT Proxied_user,"
	    " Proxied_host, '', With_grant FROM mysql.proxies_priv"
	    " WHERE User = ", source, e);
}

bool
ask_parse(struct pool *pool, const struct grants_source *source,
    const struct sql_rows *rows, struct grants *list, struct err *e)
{
	struct grant *v = pool_alloc(pool, (rows->n + 1) * sizeof(*v));

	*list = (struct grants){ .account = source->account, .v = v };
	for (size_t i = 0; i < rows->n; i++)
		if (!grants_parse(pool, source, sql_cell(rows, i, 0),
		    &v[list->n++], e))
			return false;
	return true;
}

bool
ask_grants(struct sql *s, struct pool *pool, const struct account *a,
    struct grants *list, struct err *e)
{
	struct grants_source source = { .account = *a,
	    .legacy = ask_is_legacy(s) };
	struct buf sql = buf_new(SQL_MAX);
	struct sql_rows rows;
	bool ok;

	buf_puts(&sql, "SHOW GRANTS FOR ");
	account_print(&sql, a);
	ok = (!source.legacy || read_sides(s, pool, a, &source, e))
	    && sql_run(s, buf_str(&sql), pool, &rows, e)
	    && ask_parse(pool, &source, &rows, list, e);
	buf_free(&sql);
	return ok;
}

/* Run "<select> WHERE User = and Host = the account". */
static bool
ask_account(struct sql *s, struct pool *pool, const char *select,
    const struct account *a, struct sql_rows *rows, struct err *e)
{
	struct buf sql = buf_new(SQL_MAX);
	bool ok;

	buf_printf(&sql, "%s WHERE User = ", select);
	sql_literal(&sql, a->user);
	buf_puts(&sql, " AND Host = ");
	sql_literal(&sql, a->host);
	ok = sql_run(s, buf_str(&sql), pool, rows, e);
	buf_free(&sql);
	return ok;
}

/* MySQL 8+ does not print default roles; REVOKE of a role drops them. */
static bool
ask_defaults(struct sql *s, struct pool *pool, const struct account *a,
    struct grant *g, struct err *e)
{
	struct account *roles;
	struct sql_rows rows;

	g->nwho = 0;
	if (sql_is_mariadb(s) || ask_is_legacy(s))
		return true;
	if (!ask_account(s, pool, "SELECT DEFAULT_ROLE_USER,"
	    " DEFAULT_ROLE_HOST FROM mysql.default_roles", a, &rows, e))
		return false;
	roles = pool_alloc(pool, (rows.n + 1) * sizeof(*roles));
	for (size_t i = 0; i < rows.n; i++)
		roles[i] = (struct account){ sql_cell(&rows, i, 0),
		    sql_cell(&rows, i, 1) };
	*g = (struct grant){ .on = ON_DEFAULT_ROLE, .who = roles,
	    .nwho = rows.n, .to = *a };
	return true;
}

/* A string in quotes, for where the grammar takes no X'..'; our sql_mode
 * lets backslashes escape. */
static void
put_quoted(struct buf *out, const char *text)
{
	buf_putc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			buf_putc(out, *text);
		buf_putc(out, *text);
	}
	buf_putc(out, '\'');
}

static void
put_require(struct buf *out, const struct sql_rows *row)
{
	static const char *const words[] = { "ISSUER", "SUBJECT", "CIPHER" };
	const char *type = sql_cell(row, 0, 0);

	if (text_same(type, "ANY"))
		buf_puts(out, "REQUIRE SSL");
	if (text_same(type, "X509"))
		buf_puts(out, "REQUIRE X509");
	if (!text_same(type, "SPECIFIED"))
		return;
	buf_puts(out, "REQUIRE");
	for (size_t i = 0; i < 3; i++) {
		if (text_empty(sql_cell(row, 0, 1 + i)))
			continue;
		buf_printf(out, " %s ", words[i]);
		put_quoted(out, sql_cell(row, 0, 1 + i));
	}
}

static void
put_limits(struct buf *out, const struct sql_rows *row)
{
	static const char *const words[] = { "MAX_QUERIES_PER_HOUR",
	    "MAX_UPDATES_PER_HOUR", "MAX_CONNECTIONS_PER_HOUR",
	    "MAX_USER_CONNECTIONS" };
	bool any = false;

	for (size_t i = 0; i < 4; i++) {
		const char *n = sql_cell(row, 0, 4 + i);

		if (text_empty(n) || text_same(n, "0"))
			continue;
		buf_printf(out, "%s%s %s", any ? " " : out->len > 0 ?
		    " WITH " : "WITH ", words[i], n);
		any = true;
	}
}

/* The columns are the same in all servers, and hold no hash. */
static bool
ask_requirements(struct sql *s, struct pool *pool, const struct account *a,
    struct grant *g, struct err *e)
{
	struct buf text = buf_new(SQL_MAX);
	struct sql_rows rows;

	if (!ask_account(s, pool, "SELECT ssl_type, x509_issuer,"
	    " x509_subject, ssl_cipher, max_questions, max_updates,"
	    " max_connections, max_user_connections FROM mysql.user", a,
	    &rows, e))
		return false;
	if (rows.n > 0) {
		put_require(&text, &rows);
		put_limits(&text, &rows);
	}
	*g = (struct grant){ .on = ON_ACCOUNT, .to = *a,
	    .object = pool_strdup(pool, buf_str(&text)) };
	buf_free(&text);
	return true;
}

bool
ask_besides(struct sql *s, struct pool *pool, const struct account *a,
    struct grants *list, struct err *e)
{
	struct grant *v = pool_alloc(pool, 2 * sizeof(*v));

	*list = (struct grants){ .account = *a, .v = v };
	if (!ask_defaults(s, pool, a, &v[0], e))
		return false;
	list->n += v[0].nwho > 0;
	if (!ask_requirements(s, pool, a, &v[list->n], e))
		return false;
	list->n += !text_empty(v[list->n].object);
	return true;
}

/* user@host as CURRENT_USER() writes it: the host has no @. */
struct account
ask_split(struct pool *pool, const char *text)
{
	const char *at = strrchr(text, '@');

	if (at == NULL)
		return (struct account){ text, "%" };
	return (struct account){
		pool_strndup(pool, text, (size_t)(at - text)), at + 1
	};
}
