/*
 * mysql_witness - see mysql_witness.h.
 */
#include "db/mysql_witness.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"
#include "db/mysql_dump.h"
#include "db/mysql_judge.h"

enum { QUERY_BYTES = 8192, NAMES_BYTES = 64 * 1024 };

struct witness {
	struct pool *pool;
	struct sql_login login;
	const char *database;
	struct sql *before, *after;
	struct sql_rows tables;		/* name, engine, how many bytes */
	size_t programs;
	const char *moment;		/* of the server, before */
	struct witness_facts facts;
};

/* A statement about the database: "?" is its name as a literal. */
static bool
ask(struct witness *w, struct sql *s, const char *statement,
    struct sql_rows *rows, struct err *e)
{
	struct buf b = buf_new(QUERY_BYTES);
	bool ok;

	for (; *statement != '\0'; statement++)
		if (*statement == '?')
			sql_literal(&b, w->database);
		else
			buf_putc(&b, *statement);
	ok = buf_check(&b, "the statement", e)
	    && sql_run(s, buf_str(&b), w->pool, rows, e);
	buf_free(&b);
	return ok;
}

/* Does its isolation hold: it sees one moment, and changes nothing. */
static struct sql *
open_snapshot(struct witness *w, struct err *e)
{
	static const char *const statements[] = {
		"SET SESSION wait_timeout = 604800",
		"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
		"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
	};
	struct sql *s = sql_open(&w->login, e);
	bool ok = s != NULL;

	for (size_t i = 0; ok && i < sizeof statements / sizeof *statements;
	    i++)
		ok = sql_run(s, statements[i], NULL, NULL, e);
	if (ok)
		return s;
	sql_close(s);
	return NULL;
}

/* MySQL 8 remembers for a day when a table was written to. */
static void
ask_fresh(struct sql *s)
{
	struct err ignored;

	(void)!sql_run(s, "SET SESSION information_schema_stats_expiry = 0",
	    NULL, NULL, &ignored);
}

static bool
read_schema(struct witness *w, struct err *e)
{
	struct sql_rows r;

	if (!ask(w, w->before, "SELECT DEFAULT_CHARACTER_SET_NAME, "
	    "DEFAULT_COLLATION_NAME, VERSION(), NOW() FROM "
	    "information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", &r, e))
		return false;
	if (r.n == 0)
		return err_set(e, ERR_INPUT, "there is no database %s",
		    w->database);
	w->facts.charset = sql_cell(&r, 0, 0);
	w->facts.collation = sql_cell(&r, 0, 1);
	w->facts.version = sql_cell(&r, 0, 2);
	w->moment = sql_cell(&r, 0, 3);
	w->facts.mariadb = sql_is_mariadb(w->before);
	return true;
}

static bool
is_transactional(const char *engine)
{
	return text_same_fold(engine, "InnoDB")
	    || text_same_fold(engine, "ROCKSDB");
}

static bool
read_tables(struct witness *w, struct err *e)
{
	struct buf outside = buf_new(NAMES_BYTES);
	bool ok = ask(w, w->before, "SELECT TABLE_NAME, ENGINE, "
	    "COALESCE(DATA_LENGTH, 0) FROM information_schema.TABLES WHERE "
	    "TABLE_SCHEMA = ? AND TABLE_TYPE IN ('BASE TABLE', "
	    "'SYSTEM VERSIONED') ORDER BY TABLE_NAME", &w->tables, e);

	for (size_t i = 0; ok && i < w->tables.n; i++) {
		w->facts.bytes += strtod(sql_cell(&w->tables, i, 2), NULL);
		if (!is_transactional(sql_cell(&w->tables, i, 1)))
			buf_printf(&outside, "%s%s", outside.len > 0 ? ", " :
			    "", sql_cell(&w->tables, i, 0));
	}
	w->facts.outside = pool_strdup(w->pool, buf_str(&outside));
	buf_free(&outside);
	return ok;
}

static bool
count_programs(struct witness *w, struct err *e)
{
	struct sql_rows r;

	if (!ask(w, w->before, "SELECT (SELECT COUNT(*) FROM "
	    "information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?), "
	    "(SELECT COUNT(*) FROM information_schema.ROUTINES WHERE "
	    "ROUTINE_SCHEMA = ? AND ROUTINE_TYPE IN ('PROCEDURE', "
	    "'FUNCTION')), (SELECT COUNT(*) FROM information_schema.EVENTS "
	    "WHERE EVENT_SCHEMA = ?)", &r, e))
		return false;
	w->facts.events = strtoul(sql_cell(&r, 0, 2), NULL, 10);
	w->programs = strtoul(sql_cell(&r, 0, 0), NULL, 10)
	    + strtoul(sql_cell(&r, 0, 1), NULL, 10) + w->facts.events;
	return true;
}

struct witness *
witness_open(const struct sql_login *l, const char *database, struct err *e)
{
	struct witness *w = mem_alloc(sizeof *w);

	w->pool = pool_new();
	w->login = *l;
	w->database = pool_strdup(w->pool, database);
	if (grants_is_system(database)) {
		err_set(e, ERR_INPUT, "%s is the server's own database",
		    database);
		goto out;
	}
	w->before = open_snapshot(w, e);
	if (w->before != NULL && (ask_fresh(w->before), true)
	    && read_schema(w, e) && read_tables(w, e)
	    && count_programs(w, e))
		return w;
out:
	witness_close(w);
	return NULL;
}

void
witness_close(struct witness *w)
{
	if (w == NULL)
		return;
	sql_close(w->before);
	sql_close(w->after);
	pool_free(w->pool);
	mem_free(w);
}

bool
witness_begun(struct witness *w, struct err *e)
{
	if (w->after == NULL)
		w->after = open_snapshot(w, e);
	return w->after != NULL;
}

const struct witness_facts *
witness_facts(const struct witness *w)
{
	return &w->facts;
}

/* ---- the comparison ---- */

static const struct dump_table *
find_table(const struct dump_content *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (text_same(c->tables[i].name, name))
			return &c->tables[i];
	return NULL;
}

static long long
rows_of(const struct dump_content *c, const char *name)
{
	const struct dump_table *t = find_table(c, name);

	return t == NULL ? 0 : t->rows;
}

void
witness_each(const struct witness *w, const struct dump_content *c,
    witness_tell *tell, void *arg)
{
	for (size_t i = 0; i < w->tables.n; i++) {
		const char *name = sql_cell(&w->tables, i, 0);

		tell(arg, name, rows_of(c, name));
	}
}

static bool
count(struct witness *w, struct sql *s, const char *table, long long *n,
    struct err *e)
{
	struct buf b = buf_new(QUERY_BYTES);
	struct sql_rows r;
	bool ok;

	buf_puts(&b, "SELECT COUNT(*) FROM ");
	sql_name(&b, w->database);
	buf_putc(&b, '.');
	sql_name(&b, table);
	ok = sql_run(s, buf_str(&b), w->pool, &r, e);
	buf_free(&b);
	if (ok)
		*n = strtoll(sql_cell(&r, 0, 0), NULL, 10);
	else if (sql_code(s) == SQL_TABLE_CHANGED
	    || sql_code(s) == SQL_NO_TABLE)
		err_set(e, ERR_CONFLICT, "table %s was altered or dropped "
		    "while it was backed up: run it again", table);
	return ok;
}

/* Was it written to since the first snapshot? */
static bool
was_written(struct witness *w, const char *table, bool *written,
    struct err *e)
{
	struct buf b = buf_new(QUERY_BYTES);
	struct sql_rows r;
	bool ok;

	buf_puts(&b, "SELECT COUNT(*) FROM information_schema.TABLES WHERE "
	    "TABLE_SCHEMA = ? AND UPDATE_TIME >= '");
	buf_printf(&b, "%s' AND TABLE_NAME = ", w->moment);
	sql_literal(&b, table);
	ok = ask(w, w->after, buf_str(&b), &r, e);
	buf_free(&b);
	*written = ok && text_same(sql_cell(&r, 0, 0), "1");
	return ok;
}

static bool
between(long long n, long long a, long long b)
{
	return (a <= n && n <= b) || (b <= n && n <= a);
}

static bool
check_table(struct witness *w, const char *name, long long dumped,
    struct buf *moved, struct err *e)
{
	long long before = 0, after = 0;
	bool written, lost;

	if (!count(w, w->before, name, &before, e))
		return false;
	if (dumped == before)
		return true;
	if (!count(w, w->after, name, &after, e)
	    || (!between(dumped, before, after)
	    && !was_written(w, name, &written, e)))
		return false;
	/* a server tells the second of a write only */
	lost = dumped == 0 && before > 0 && after > 0;
	if (!between(dumped, before, after) && (lost || !written))
		return err_set(e, ERR_OTHER, "table %s has %lld rows in the "
		    "dump, but had %lld before and %lld after", name, dumped,
		    before, after);
	buf_printf(moved, "%s%s", moved->len > 0 ? ", " : "", name);
	return true;
}

/* A table in the dump that was not there before. */
static bool
check_no_other(struct witness *w, const struct dump_content *c,
    struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		size_t k = 0;

		while (k < w->tables.n && !text_same(c->tables[i].name,
		    sql_cell(&w->tables, k, 0)))
			k++;
		if (k == w->tables.n)
			return err_set(e, ERR_CONFLICT, "table %s was made "
			    "while it was backed up: run it again",
			    c->tables[i].name);
	}
	return true;
}

bool
witness_check(struct witness *w, const struct dump_content *c,
    struct buf *moved, struct err *e)
{
	if (!witness_begun(w, e) || !check_no_other(w, c, e))
		return false;
	if (c->programs != w->programs)
		return err_set(e, ERR_OTHER, "%zu triggers, routines and "
		    "events are in the dump, %zu in the database",
		    c->programs, w->programs);
	ask_fresh(w->after);
	for (size_t i = 0; i < w->tables.n; i++) {
		const char *name = sql_cell(&w->tables, i, 0);

		if (!check_table(w, name, rows_of(c, name), moved, e))
			return false;
	}
	return true;
}
