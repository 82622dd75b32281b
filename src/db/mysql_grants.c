/* mysql_grants - the tokenizer of SHOW GRANTS, and the way back. */
#include "db/mysql_grants.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"

enum {
	NAME_MAX_BYTES = 4096,		/* far above every limit of a server */
	LIST_MAX = 8192,		/* privileges, columns, roles a line */
	STATEMENT_MAX = 1024 * 1024,
};

struct cursor {
	struct pool *pool;
	const struct grants_source *source;
	const char *line, *at;
};

/* --- small pieces of a line --- */

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void
skip_blanks(struct cursor *c)
{
	while (*c->at == ' ')
		c->at++;
}

/* One keyword, whole, case ignored; the blanks behind it go too. */
static bool
take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if (strncasecmp(c->at, word, n) != 0 || is_word(c->at[n]))
		return false;
	c->at += n;
	skip_blanks(c);
	return true;
}

static bool
take_words(struct cursor *c, const char *first, const char *second)
{
	const char *start = c->at;

	if (take_word(c, first) && take_word(c, second))
		return true;
	c->at = start;
	return false;
}

static bool
take_text(struct cursor *c, const char *text)
{
	if (!text_starts(c->at, text))
		return false;
	c->at += strlen(text);
	return true;
}

static bool
is_quote(char c)
{
	return c == '`' || c == '\'' || c == '"';
}

/* `x`, 'x' or "x" with its own quote doubled inside. NULL: none, or open. */
static const char *
take_quoted(struct cursor *c)
{
	struct buf name = buf_new(NAME_MAX_BYTES);
	const char *p = c->at, *got = NULL;
	char quote = *p;

	if (!is_quote(quote))
		return NULL;
	for (p++; *p != '\0'; p++) {
		if (*p == quote && p[1] != quote)
			break;
		if (*p == quote)
			p++;
		buf_putc(&name, *p);
	}
	if (*p == quote && !name.full) {
		got = pool_strdup(c->pool, buf_str(&name));
		c->at = p + 1;
	}
	buf_free(&name);
	return got;
}

/* A quoted name and its @host; PUBLIC and MariaDB's roles have no host. */
static bool
take_account(struct cursor *c, struct account *a)
{
	*a = (struct account){ 0 };
	if (take_word(c, "PUBLIC")) {
		a->user = "PUBLIC";
		return true;
	}
	a->user = take_quoted(c);
	if (a->user == NULL)
		return false;
	if (*c->at == '@') {
		c->at++;
		a->host = take_quoted(c);
		if (a->host == NULL)
			return false;
	}
	return true;
}

/* 'u'@'h' as 5.x prints it: raw, nothing doubled. */
static const char *
raw_account(struct pool *pool, const struct account *a)
{
	return pool_printf(pool, "'%s'@'%s'", a->user,
	    a->host == NULL ? "" : a->host);
}

/* Whom the line is for: in 5.x the known text, or one without doubt. */
static bool
take_grantee(struct cursor *c, struct account *a)
{
	const struct grants_source *s = c->source;
	const char *start = c->at, *p;

	if (!s->legacy)
		return take_account(c, a) && (skip_blanks(c), true);
	if (take_text(c, raw_account(c->pool, &s->account))
	    && (*c->at == '\0' || *c->at == ' ')) {
		*a = s->account;
		skip_blanks(c);
		return true;
	}
	c->at = start;
	if (!take_account(c, a) || a->host == NULL)
		return false;
	for (p = start; p < c->at; p++)	/* could be read in two ways */
		if (*p == '\\' || *p == '`' || (*p == '\'' && p[1] == '\''
		    && p[2] != '@' && p[2] != '\0' && p[2] != ' '))
			return false;
	skip_blanks(c);
	return true;
}

/* --- lists that grow in the pool --- */

struct list {
	void *v;
	size_t n, cap, size;
};

static void *
list_push(struct pool *pool, struct list *l)
{
	void *v;

	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 8 : 2 * l->cap;
		v = pool_alloc(pool, l->cap * l->size);
		if (l->n > 0)
			memcpy(v, l->v, l->n * l->size);
		l->v = v;
	}
	return (char *)l->v + l->size * l->n++;
}

/* --- privileges --- */

static const char *
upper(struct pool *pool, const char *s, size_t n)
{
	char *t = pool_strndup(pool, s, n);

	for (char *p = t; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	return t;
}

/* "CREATE TEMPORARY TABLES": words up to a comma, a parenthesis or ON. */
static const char *
take_privilege(struct cursor *c)
{
	const char *start = c->at, *end = start;

	while (is_word(*c->at)) {
		const char *word = c->at;

		while (is_word(*c->at))
			c->at++;
		if (c->at - word == 2 && strncasecmp(word, "ON", 2) == 0) {
			c->at = word;
			break;
		}
		end = c->at;
		skip_blanks(c);
	}
	if (end == start)
		return NULL;
	return upper(c->pool, start, (size_t)(end - start));
}

/* (`a`, `b`) */
static const char *const *
take_columns(struct cursor *c)
{
	struct list names = { .size = sizeof(const char *) };
	const char *name;

	if (!take_text(c, "("))
		return NULL;
	do {
		skip_blanks(c);
		name = take_quoted(c);
		if (name == NULL || names.n == LIST_MAX)
			return NULL;
		*(const char **)list_push(c->pool, &names) = name;
		skip_blanks(c);
	} while (take_text(c, ","));
	if (!take_text(c, ")"))
		return NULL;
	skip_blanks(c);
	list_push(c->pool, &names);	/* the NULL at the end */
	return names.v;
}

static bool
take_privileges(struct cursor *c, struct grant *g)
{
	struct list privs = { .size = sizeof(struct grant_priv) };

	do {
		struct grant_priv p = { 0 };

		skip_blanks(c);
		p.name = take_privilege(c);
		if (p.name == NULL || privs.n == LIST_MAX)
			return false;
		if (*c->at == '(' && (p.columns = take_columns(c)) == NULL)
			return false;
		if (text_same(p.name, "ALL"))
			p.name = "ALL PRIVILEGES";
		*(struct grant_priv *)list_push(c->pool, &privs) = p;
	} while (take_text(c, ","));
	g->privs = privs.v;
	g->nprivs = privs.n;
	return true;
}

/* --- objects --- */

static bool
take_object(struct cursor *c, struct grant *g)
{
	static const struct {
		const char *first, *second;
		enum grant_on on;
	} kinds[] = {
		{ "PACKAGE", "BODY", ON_PACKAGE_BODY },
		{ "PROCEDURE", NULL, ON_PROCEDURE },
		{ "FUNCTION", NULL, ON_FUNCTION },
		{ "PACKAGE", NULL, ON_PACKAGE },
	};

	g->on = ON_TABLE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].second == NULL ? take_word(c, kinds[i].first) :
		    take_words(c, kinds[i].first, kinds[i].second)) {
			g->on = kinds[i].on;
			break;
		}
	if (g->on == ON_TABLE && take_text(c, "*.*")) {
		g->on = ON_GLOBAL;
		return true;
	}
	g->db = take_quoted(c);
	if (g->db == NULL || !take_text(c, "."))
		return false;
	if (g->on == ON_TABLE && take_text(c, "*")) {
		g->on = ON_DB;
		return true;
	}
	g->object = take_quoted(c);
	return g->object != NULL;
}

/* --- what follows the account --- */

/* A '..' string, or a bare number or word. */
static bool
take_value(struct cursor *c)
{
	const char *start = c->at;

	if (is_quote(*c->at)) {
		if (take_quoted(c) == NULL)
			return false;
	} else {
		while (is_word(*c->at))
			c->at++;
	}
	skip_blanks(c);
	return c->at > start;
}

/* 5.x shows the user itself <secret>, or nothing, for its own hash. */
static bool
take_password(struct cursor *c)
{
	if (is_quote(*c->at))
		return take_value(c);
	take_text(c, "<secret>");
	skip_blanks(c);
	return true;
}

static bool
take_identified(struct cursor *c)
{
	if (take_word(c, "BY"))
		return take_word(c, "PASSWORD") && take_password(c);
	if (!take_word(c, "VIA") && !take_word(c, "WITH"))
		return false;
	do {
		if (!take_value(c))
			return false;
		if ((take_word(c, "USING") || take_word(c, "AS"))
		    && !take_value(c))
			return false;
	} while (take_word(c, "OR"));
	return true;
}

static bool
take_require(struct cursor *c)
{
	bool any = false;

	if (take_word(c, "SSL") || take_word(c, "X509")
	    || take_word(c, "NONE"))
		return true;
	while (take_word(c, "ISSUER") || take_word(c, "SUBJECT")
	    || take_word(c, "CIPHER") || take_word(c, "AND")) {
		if (is_quote(*c->at) && !take_value(c))
			return false;
		any = true;
	}
	return any;
}

static bool
take_limit(struct cursor *c)
{
	return (take_word(c, "MAX_QUERIES_PER_HOUR")
	    || take_word(c, "MAX_UPDATES_PER_HOUR")
	    || take_word(c, "MAX_CONNECTIONS_PER_HOUR")
	    || take_word(c, "MAX_USER_CONNECTIONS")
	    || take_word(c, "MAX_STATEMENT_TIME"))
	    && (take_text(c, "-"), take_value(c))
	    && (!take_text(c, ".") || take_value(c));
}

static bool
take_with(struct cursor *c, struct grant *g)
{
	bool any = false;

	for (;;) {
		if (take_words(c, "GRANT", "OPTION")
		    || take_words(c, "ADMIN", "OPTION"))
			g->option = true;
		else if (!take_limit(c))
			return any;
		any = true;
	}
}

static bool
take_tail(struct cursor *c, struct grant *g)
{
	while (*c->at != '\0')
		if (!(take_word(c, "IDENTIFIED") ? take_identified(c) :
		    take_word(c, "REQUIRE") ? take_require(c) :
		    take_word(c, "WITH") && take_with(c, g)))
			return false;
	return true;
}

/* --- whole lines --- */

static bool
take_roles(struct cursor *c, struct grant *g)
{
	struct list roles = { .size = sizeof(struct account) };

	g->on = ON_ROLE;
	do {
		struct account a;

		skip_blanks(c);
		if (!take_account(c, &a) || roles.n == LIST_MAX)
			return false;
		*(struct account *)list_push(c->pool, &roles) = a;
		skip_blanks(c);
	} while (take_text(c, ","));
	g->who = roles.v;
	g->nwho = roles.n;
	return true;
}

static struct account *
one_account(struct cursor *c, struct grant *g)
{
	struct account *a = pool_alloc(c->pool, sizeof(*a));

	g->who = a;
	g->nwho = 1;
	return a;
}

static bool
take_proxy(struct cursor *c, struct grant *g)
{
	g->on = ON_PROXY;
	if (!take_account(c, one_account(c, g)))
		return false;
	skip_blanks(c);
	return take_word(c, "TO") && take_grantee(c, &g->to)
	    && take_tail(c, g);
}

/* MariaDB prints FOR; TO is what MySQL takes, and what a record holds. */
static bool
take_default_role(struct cursor *c, struct grant *g)
{
	if (!take_words(c, "DEFAULT", "ROLE") || !take_roles(c, g))
		return false;
	g->on = ON_DEFAULT_ROLE;
	return (take_word(c, "FOR") || take_word(c, "TO"))
	    && take_grantee(c, &g->to) && *c->at == '\0';
}

/* Not printed by SHOW GRANTS, but kept in a record. */
static bool
take_alter(struct cursor *c, struct grant *g)
{
	g->on = ON_ACCOUNT;
	if (!take_word(c, "USER") || !take_grantee(c, &g->to))
		return false;
	g->object = c->at;
	while (*c->at != '\0')
		if (!(take_word(c, "REQUIRE") ? take_require(c) :
		    take_word(c, "WITH") && take_with(c, g)))
			return false;
	return !text_empty(g->object) && !g->option;
}

/* 5.x: the proxy of the grant tables whose line would read like this one. */
static bool
legacy_proxy(struct cursor *c, struct grant *g)
{
	const struct grants_source *s = c->source;

	for (size_t i = 0; i < s->nside; i++) {
		const struct grants_side *r = &s->side[i];
		struct account a = { r->db, r->table };
		bool option = text_same(r->privs, "1");

		if (r->kind != SIDE_PROXY || !text_same(c->line,
		    pool_printf(c->pool, "GRANT PROXY ON %s TO %s%s",
		    raw_account(c->pool, &a),
		    raw_account(c->pool, &s->account),
		    option ? " WITH GRANT OPTION" : "")))
			continue;
		g->on = ON_PROXY;
		g->option = option;
		g->to = s->account;
		*one_account(c, g) = a;
		return true;
	}
	return false;
}

/* Is this the 5.x line of the row's table? */
static bool
legacy_is_table(struct cursor *c, const struct grants_side *r, bool *option)
{
	struct buf end = buf_new(4 * NAME_MAX_BYTES);
	bool same;

	buf_puts(&end, " ON ");
	sql_name(&end, r->db);
	buf_putc(&end, '.');
	sql_name(&end, r->table);
	buf_printf(&end, " TO %s", raw_account(c->pool,
	    &c->source->account));
	*option = false;
	same = text_ends(c->line, buf_str(&end));
	if (!same) {
		buf_puts(&end, " WITH GRANT OPTION");
		same = *option = text_ends(c->line, buf_str(&end));
	}
	buf_free(&end);
	return same;
}

/* The privilege of this name that has columns; made if there is none. */
static struct grant_priv *
column_priv(struct cursor *c, struct list *privs, const char *name)
{
	struct grant_priv *x = privs->v;

	for (size_t i = 0; i < privs->n; i++)
		if (x[i].columns != NULL && text_same(x[i].name, name))
			return &x[i];
	x = list_push(c->pool, privs);
	x->name = name;
	x->columns = pool_alloc(c->pool,
	    (c->source->nside + 1) * sizeof(*x->columns));
	return x;
}

/* Add "Select,Create View" as SELECT, CREATE VIEW; Grant is the option. */
static void
add_set(struct cursor *c, struct list *privs, const struct grants_side *r)
{
	const char *p = r->privs, *name, **column;
	size_t n;

	for (; *p != '\0'; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		if (n == 0 || (n == 5 && strncasecmp(p, "Grant", 5) == 0))
			continue;
		name = upper(c->pool, p, n);
		if (r->kind == SIDE_TABLE) {
			((struct grant_priv *)list_push(c->pool, privs))->name
			    = name;
			continue;
		}
		column = (const char **)column_priv(c, privs, name)->columns;
		while (*column != NULL)
			column++;
		*column = r->column;
	}
}

static void
add_rows(struct cursor *c, struct list *privs, const struct grants_side *table,
    int kind)
{
	for (size_t i = 0; i < c->source->nside; i++) {
		const struct grants_side *r = &c->source->side[i];

		if ((int)r->kind == kind && text_same(r->db, table->db)
		    && text_same(r->table, table->table))
			add_set(c, privs, r);
	}
}

/*
 * 5.x prints columns bare, so that `a, b` may be one or two: the line only
 * tells which table it is, the grant tables tell the rest.
 */
static bool
legacy_columns(struct cursor *c, struct grant *g)
{
	const struct grants_source *s = c->source;
	struct list privs = { .size = sizeof(struct grant_priv) };
	const struct grants_side *table = NULL;

	for (size_t i = 0; i < s->nside && table == NULL; i++)
		if (s->side[i].kind == SIDE_COLUMN
		    && legacy_is_table(c, &s->side[i], &g->option))
			table = &s->side[i];
	if (table == NULL)
		return false;
	add_rows(c, &privs, table, SIDE_TABLE);
	add_rows(c, &privs, table, SIDE_COLUMN);
	g->on = ON_TABLE;
	g->db = table->db;
	g->object = table->table;
	g->privs = privs.v;
	g->nprivs = privs.n;
	g->to = s->account;
	return true;
}

/* Does a parenthesis stand in the list of privileges? */
static bool
has_columns(const char *line)
{
	const char *p = line;

	while (is_word(*p) || *p == ' ' || *p == ',')
		p++;
	return *p == '(';
}

static bool
take_line(struct cursor *c, struct grant *g)
{
	bool legacy = c->source->legacy;

	if (take_word(c, "SET"))
		return take_default_role(c, g);
	if (take_word(c, "ALTER"))
		return take_alter(c, g);
	g->revoke = take_word(c, "REVOKE");
	if (!g->revoke && !take_word(c, "GRANT"))
		return false;
	if (g->revoke && (is_quote(*c->at) || take_words(c, "PROXY", "ON")))
		return false;	/* only privileges are restricted so */
	if (take_words(c, "PROXY", "ON"))
		return legacy ? legacy_proxy(c, g) : take_proxy(c, g);
	if (is_quote(*c->at)) {
		if (!take_roles(c, g))
			return false;
	} else {
		if (legacy && has_columns(c->at))
			return legacy_columns(c, g);
		if (!take_privileges(c, g) || !take_word(c, "ON")
		    || !take_object(c, g))
			return false;
		skip_blanks(c);
	}
	return take_word(c, g->revoke ? "FROM" : "TO")
	    && take_grantee(c, &g->to) && take_tail(c, g);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Servers print columns in the order of a hash: equal grants must print
 * equally. */
static void
sort_columns(const struct grant *g)
{
	for (size_t i = 0; i < g->nprivs; i++) {
		const char **names = (const char **)g->privs[i].columns;
		size_t n = 0;

		while (names != NULL && names[n] != NULL)
			n++;
		if (n > 1)
			qsort(names, n, sizeof(*names), compare_names);
	}
}

/* Nothing after IDENTIFIED can be told apart from the hash for certain. */
static void
redact(struct buf *out, const char *line)
{
	const char *p = strcasestr(line, "IDENTIFIED");

	if (p == NULL)
		buf_puts(out, line);
	else {
		buf_add(out, line, (size_t)(p - line));
		buf_puts(out, "IDENTIFIED ***");
	}
}

bool
grants_parse(struct pool *pool, const struct grants_source *source,
    const char *line, struct grant *g, struct err *e)
{
	struct cursor c = {
		.pool = pool, .source = source, .line = line, .at = line,
	};
	struct buf safe = buf_new(ERR_TEXT_MAX);

	*g = (struct grant){ 0 };
	if (take_line(&c, g)) {
		sort_columns(g);
		buf_free(&safe);
		return true;
	}
	redact(&safe, line);
	err_set(e, ERR_OTHER, "can't read this grant: %s", buf_str(&safe));
	buf_free(&safe);
	return false;
}

bool
grants_read(struct pool *pool, const struct account *account,
    const char *const *statements, size_t n, struct grants *list,
    struct err *e)
{
	struct grants_source source = { .account = *account };
	struct grant *v = pool_alloc(pool, (n + 1) * sizeof(*v));

	*list = (struct grants){ .account = *account, .v = v, .n = n };
	for (size_t i = 0; i < n; i++) {
		if (!grants_parse(pool, &source, statements[i], &v[i], e))
			return false;
		if (!account_same(&v[i].to, account))
			return err_set(e, ERR_HAND, "this grant is for "
			    "another account: %s", statements[i]);
	}
	return true;
}

/* A name of a server variable: quoted or not. */
static const char *
take_bare(struct cursor *c)
{
	size_t n = strcspn(c->at, "@, ");
	const char *start = c->at;

	if (is_quote(*c->at))
		return take_quoted(c);
	c->at += n;
	return n == 0 ? NULL : pool_strndup(c->pool, start, n);
}

static bool
take_setting(struct cursor *c, struct account *a)
{
	a->user = take_bare(c);
	a->host = "%";
	if (a->user == NULL)
		return false;
	if (*c->at != '@')
		return true;
	c->at++;
	a->host = take_bare(c);
	return a->host != NULL;
}

/* --- accounts and printing --- */

bool
grants_parse_accounts(struct pool *pool, const char *text,
    const struct account **accounts, size_t *n)
{
	struct list got = { .size = sizeof(struct account) };
	struct cursor c = { .pool = pool, .line = text, .at = text };
	struct account a;

	for (;;) {
		while (*c.at == ' ' || *c.at == ',')
			c.at++;
		if (*c.at == '\0')
			break;
		if (!take_setting(&c, &a) || got.n == LIST_MAX)
			return false;
		*(struct account *)list_push(pool, &got) = a;
	}
	*accounts = got.v;
	*n = got.n;
	return true;
}

bool
account_same(const struct account *a, const struct account *b)
{
	return text_same(a->user, b->user)
	    && (a->host == NULL || b->host == NULL ? a->host == b->host :
		text_same_fold(a->host, b->host));
}

void
account_print(struct buf *out, const struct account *a)
{
	if (a->host == NULL && text_same(a->user, "PUBLIC")) {
		buf_puts(out, "PUBLIC");
		return;
	}
	sql_name(out, a->user);
	if (a->host != NULL) {
		buf_putc(out, '@');
		sql_name(out, a->host);
	}
}

const char *
account_text(struct pool *pool, const struct account *a)
{
	struct buf out = buf_new(4 * NAME_MAX_BYTES);
	const char *text;

	account_print(&out, a);
	text = pool_strdup(pool, buf_str(&out));
	buf_free(&out);
	return text;
}

bool
grant_is_empty(const struct grant *g)
{
	return !g->option && g->nprivs == 1
	    && text_same(g->privs[0].name, "USAGE");
}

bool
grant_has(const struct grant *g, const char *privilege)
{
	for (size_t i = 0; i < g->nprivs; i++)
		if (text_same(g->privs[i].name, privilege)
		    && g->privs[i].columns == NULL)
			return true;
	return false;
}

void
grant_print_object(struct buf *out, const struct grant *g)
{
	static const char *const kinds[] = {
		[ON_PROCEDURE] = "PROCEDURE ", [ON_FUNCTION] = "FUNCTION ",
		[ON_PACKAGE] = "PACKAGE ", [ON_PACKAGE_BODY] = "PACKAGE BODY ",
		[ON_ACCOUNT] = NULL,
	};

	if (g->on == ON_GLOBAL) {
		buf_puts(out, "*.*");
		return;
	}
	if (g->on >= ON_PROXY) {
		for (size_t i = 0; i < g->nwho; i++) {
			buf_puts(out, i > 0 ? ", " : "");
			account_print(out, &g->who[i]);
		}
		return;
	}
	buf_puts(out, kinds[g->on] == NULL ? "" : kinds[g->on]);
	sql_name(out, g->db);
	buf_putc(out, '.');
	if (g->object == NULL)
		buf_putc(out, '*');
	else
		sql_name(out, g->object);
}

void
grant_print_priv(struct buf *out, const struct grant_priv *p)
{
	buf_puts(out, p->name);
	if (p->columns == NULL)
		return;
	for (size_t i = 0; p->columns[i] != NULL; i++) {
		buf_puts(out, i == 0 ? "(" : ", ");
		sql_name(out, p->columns[i]);
	}
	buf_putc(out, ')');
}

static void
print_privs(struct buf *out, const struct grant *g)
{
	for (size_t i = 0; i < g->nprivs; i++) {
		buf_puts(out, i > 0 ? ", " : "");
		grant_print_priv(out, &g->privs[i]);
	}
	buf_puts(out, " ON ");
}

void
grant_print(struct buf *out, const struct grant *g)
{
	bool role = g->on == ON_ROLE;

	if (g->on == ON_ACCOUNT) {
		buf_puts(out, "ALTER USER ");
		account_print(out, &g->to);
		buf_printf(out, " %s", g->object);
		return;
	}
	if (g->on == ON_DEFAULT_ROLE) {
		buf_puts(out, "SET DEFAULT ROLE ");
		grant_print_object(out, g);
		buf_puts(out, g->who[0].host == NULL ? " FOR " : " TO ");
		account_print(out, &g->to);
		return;
	}
	buf_puts(out, g->revoke ? "REVOKE " : "GRANT ");
	if (g->on == ON_PROXY)
		buf_puts(out, "PROXY ON ");
	else if (!role)
		print_privs(out, g);
	grant_print_object(out, g);
	buf_puts(out, g->revoke ? " FROM " : " TO ");
	account_print(out, &g->to);
	if (g->option)
		buf_puts(out, role ? " WITH ADMIN OPTION" :
		    " WITH GRANT OPTION");
}

const char *
grant_text(struct pool *pool, const struct grant *g)
{
	struct buf out = buf_new(STATEMENT_MAX);
	const char *text;

	grant_print(&out, g);
	text = pool_strdup(pool, buf_str(&out));
	buf_free(&out);
	return text;
}
