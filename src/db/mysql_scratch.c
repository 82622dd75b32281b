/*
 * mysql_scratch - see mysql_scratch.h.
 */
#include "db/mysql_scratch.h"

#include "base/mem.h"
#include "base/text.h"
#include "db/mysql.h"

enum { QUERY_BYTES = 4096 };

const char scratch_mark[] = "transplant_scratch";

/* A statement in which ? is the name as an identifier, and = as a literal. */
static bool
say(struct sql *s, const char *statement, const char *name, struct pool *pool,
    struct sql_rows *rows, struct err *e)
{
	struct buf b = buf_new(QUERY_BYTES);
	bool ok;

	for (; *statement != '\0'; statement++)
		if (*statement == '?')
			sql_name(&b, name);
		else if (*statement == '=')
			sql_literal(&b, name);
		else
			buf_putc(&b, *statement);
	ok = buf_check(&b, "the statement", e)
	    && sql_run(s, buf_str(&b), pool, rows, e);
	buf_free(&b);
	return ok;
}

/* Is it there, and is it ours? ERR_INPUT if it is somebody else's. */
static bool
find_ours(struct sql *s, const char *name, bool *there, struct err *e)
{
	struct pool *pool = pool_new();
	struct sql_rows r, t;
	bool ok, ours = false;

	ok = say(s, "SELECT 1 FROM information_schema.SCHEMATA WHERE "
	    "SCHEMA_NAME IN (=)", name, pool, &r, e)
	    && say(s, "SELECT TABLE_NAME FROM information_schema.TABLES "
	    "WHERE TABLE_SCHEMA IN (=)", name, pool, &t, e);
	*there = ok && r.n > 0;
	for (size_t i = 0; ok && i < t.n; i++)
		ours = ours || text_same(sql_cell(&t, i, 0), scratch_mark);
	if (ok && *there && !ours && t.n > 0)
		ok = err_set(e, ERR_INPUT, "there is a database %s that is "
		    "not ours (it has no table %s): another server, or "
		    "remove it by hand", name, scratch_mark);
	pool_free(pool);
	return ok;
}

bool
scratch_remove(struct sql *s, const char *name, struct err *e)
{
	bool there;

	/* the server may be at the DROP of a run that was killed */
	return find_ours(s, name, &there, e)
	    && (!there || say(s, "DROP DATABASE IF EXISTS ?", name, NULL,
		NULL, e));
}

bool
scratch_make(struct sql *s, const char *name, const char *charset,
    const char *collation, struct err *e)
{
	struct buf b = buf_new(QUERY_BYTES);
	bool ok;

	buf_puts(&b, "CREATE DATABASE ? CHARACTER SET ");
	sql_name(&b, charset);
	buf_puts(&b, " COLLATE ");
	sql_name(&b, collation);
	ok = scratch_remove(s, name, e)
	    && say(s, buf_str(&b), name, NULL, NULL, e);
	buf_clear(&b);
	buf_printf(&b, "CREATE TABLE ?.%s (a INT)", scratch_mark);
	ok = ok && say(s, buf_str(&b), name, NULL, NULL, e);
	buf_free(&b);
	return ok;
}
