/*
 * mysql_dump_reader - what a dump holds; see mysql_dump.h.
 *
 * A dump is read as its lines begin: comments, INSERT statements, blocks
 * between "DELIMITER ;;" and "DELIMITER ;", and all else. Only INSERT
 * statements are looked into, byte by byte, to count their rows: strings are
 * the only place where a bracket means nothing.
 */
#include "db/mysql_dump.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"

enum {
	HEAD_MAX = 64,		/* of a line: enough to know it by */
	NAME_BYTES = 256,	/* 64 characters of 4 bytes */
};

enum place {
	HEAD,			/* of a line that is not known yet */
	LINE,			/* the rest of one of no interest */
	NAME, NAME_QUOTE,	/* INSERT INTO `here`; after a backquote */
	COLUMNS, COLUMN,	/* before VALUES; in a column's name there */
	ROWS, ROW,		/* between (..), within */
	STRING, ESCAPE,		/* in a row; after its backslash */
};

/* What bytes that were not hashed yet belong to. */
enum share { NOBODY, DEFINITIONS, TABLE };

struct table {
	struct dump_table public;
	struct digest *digest;
};

struct dump_reader {
	struct pool *pool;
	enum place place;
	enum share share;
	char head[HEAD_MAX + 1];
	size_t head_len;
	struct buf name;
	bool block;		/* between DELIMITER ;; and DELIMITER ; */
	bool create;		/* a CREATE may begin in it */
	char last[2];		/* bytes of the line that is not over */
	struct table **tables;
	size_t ntables, room;
	void *tree;		/* of the tables, by name */
	struct table *table;
	struct digest *definitions;
	struct dump_content content;
};

struct dump_reader *
dump_reader_new(void)
{
	struct dump_reader *r = mem_alloc(sizeof *r);

	r->pool = pool_new();
	r->name = buf_new(NAME_BYTES);
	r->definitions = digest_new();
	return r;
}

static void
keep(void *node)
{
	(void)node;		/* the tables are the pool's */
}

void
dump_reader_free(struct dump_reader *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->ntables; i++)
		digest_end(r->tables[i]->digest, NULL);
	tdestroy(r->tree, keep);
	digest_end(r->definitions, NULL);
	buf_free(&r->name);
	mem_free(r->tables);
	pool_free(r->pool);
	mem_free(r);
}

/* ---- tables ---- */

static int
by_name(const void *a, const void *b)
{
	const struct table *x = a, *y = b;

	return strcmp(x->public.name, y->public.name);
}

static struct table *
new_table(struct dump_reader *r, const char *name)
{
	struct table *t = pool_alloc(r->pool, sizeof *t);

	t->public.name = pool_strdup(r->pool, name);
	t->digest = digest_new();
	if (r->ntables == r->room) {
		r->room = r->room * 2 + 64;
		r->tables = mem_grow(r->tables, r->room * sizeof *r->tables);
	}
	r->tables[r->ntables++] = t;
	return t;
}

static void
enter_table(struct dump_reader *r)
{
	struct table key = { .public.name = buf_str(&r->name) };
	struct table **at;

	if (r->table != NULL && by_name(r->table, &key) == 0)
		return;
	at = tfind(&key, &r->tree, by_name);
	if (at != NULL) {
		r->table = *at;
		return;
	}
	r->table = new_table(r, buf_str(&r->name));
	if (tsearch(r->table, &r->tree, by_name) == NULL)
		abort();	/* no memory */
}

/* ---- hashes ---- */

static void
add_share(struct dump_reader *r, const void *p, size_t n)
{
	if (r->share == DEFINITIONS)
		digest_add(r->definitions, p, n);
	else if (r->share == TABLE)
		digest_add(r->table->digest, p, n);
}

/* ---- lines ---- */

static bool
head_is(const struct dump_reader *r, const char *prefix)
{
	return text_starts(r->head, prefix);
}

/* "CREATE ..", or such in a comment for versions: the first of a statement
 * in a block makes one trigger, routine or event. */
static void
see_block_line(struct dump_reader *r)
{
	bool create = head_is(r, "CREATE ") || (head_is(r, "/*!50")
	    && strstr(r->head, " CREATE") != NULL);

	if (create && r->create) {
		r->content.programs++;
		r->create = false;
	}
}

static void
see_delimiter(struct dump_reader *r)
{
	bool opens = head_is(r, "DELIMITER ;;");

	if (opens || !r->block) {
		r->block = opens;
		r->create = opens;
	} else if (text_same(r->head, "DELIMITER ;\n")) {
		r->block = false;
	}
}

/* More of a line in a block: two semicolons at its end are a statement's, and
 * let the next one begin. */
static void
see_end(struct dump_reader *r, const char *p, size_t n)
{
	for (size_t i = n > 3 ? n - 3 : 0; i < n; i++) {
		if (p[i] == '\n' && r->last[0] == ';' && r->last[1] == ';')
			r->create = true;
		r->last[0] = r->last[1];
		r->last[1] = p[i];
	}
}

/* The line's first bytes are in head, and end with its end if it is short:
 * what is it, and whose? */
static void
know_line(struct dump_reader *r)
{
	bool ended = r->head_len > 0 && r->head[r->head_len - 1] == '\n';

	r->share = DEFINITIONS;
	r->place = ended ? HEAD : LINE;
	if (head_is(r, "DELIMITER "))
		see_delimiter(r);
	else if (r->block)
		see_block_line(r);	/* before its end */
	else if (head_is(r, "ALTER DATABASE "))
		r->content.named = true;
	else if (head_is(r, "--") || head_is(r, "/*!999999\\-")
	    || head_is(r, "/*M!999999\\-"))
		r->share = NOBODY;
	if (r->block)
		see_end(r, r->head, r->head_len);
	if (ended && r->head_len > 1)
		r->content.whole = head_is(r, "-- Dump completed");
	else if (!ended)
		r->content.whole = false;
}

static const char insert[] = "INSERT INTO `";

static void
begin_insert(struct dump_reader *r)
{
	r->share = NOBODY;	/* until its name is known */
	r->place = NAME;
	r->content.whole = false;
	buf_clear(&r->name);
	r->head_len = 0;
}

/* Take bytes of the line's head; how many. */
static size_t
take_head(struct dump_reader *r, const char *p, size_t n)
{
	size_t i = 0;
	bool known = false;

	while (i < n && !known) {
		r->head[r->head_len++] = p[i++];
		r->head[r->head_len] = '\0';
		if (!r->block && text_same(r->head, insert)) {
			begin_insert(r);
			return i;
		}
		known = p[i - 1] == '\n' || r->head_len == HEAD_MAX;
	}
	if (!known)
		return i;
	know_line(r);
	add_share(r, r->head, r->head_len);
	r->head_len = 0;
	return i;
}

/* The rest of a line, at most. */
static size_t
take_line(struct dump_reader *r, const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);
	size_t taken = end == NULL ? n : (size_t)(end - p) + 1;

	add_share(r, p, taken);
	if (end != NULL)
		r->place = HEAD;
	if (r->block)
		see_end(r, p, taken);
	return taken;
}

/* ---- INSERT statements ---- */

static void
see_name(struct dump_reader *r, char c)
{
	if (r->place == NAME && c == '`') {
		r->place = NAME_QUOTE;
	} else if (r->place == NAME || c == '`') {
		buf_putc(&r->name, c);
		r->place = NAME;
	} else {
		enter_table(r);
		r->share = TABLE;
		r->place = COLUMNS;
	}
}

static void
see_columns(struct dump_reader *r, char c)
{
	if (c == '`')
		r->place = r->place == COLUMNS ? COLUMN : COLUMNS;
	else if (r->place == COLUMNS && c == 'V')
		r->place = ROWS;
}

static void
see_row(struct dump_reader *r, char c)
{
	if (c == '\'') {
		r->place = STRING;
	} else if (c == ')') {
		r->place = ROWS;
		r->table->public.rows++;
	}
}

static void
see_rows(struct dump_reader *r, char c)
{
	if (c == '(')
		r->place = ROW;
	else if (c == ';')
		r->place = LINE;
}

/* Strings are most of a dump. */
static size_t
skip_string(struct dump_reader *r, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != '\'' && p[i] != '\\')
		i++;
	if (i < n)
		r->place = p[i++] == '\'' ? ROW : ESCAPE;
	return i;
}

static size_t
skip_row(struct dump_reader *r, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] != '\'' && p[i] != ')')
		i++;
	if (i < n)
		see_row(r, p[i++]);
	return i;
}

/* Bytes up to a change of place, at most. */
static size_t
take_insert(struct dump_reader *r, const char *p, size_t n)
{
	switch (r->place) {
	case STRING:
		return skip_string(r, p, n);
	case ROW:
		return skip_row(r, p, n);
	case ESCAPE:
		r->place = STRING;
		break;
	case NAME:
	case NAME_QUOTE:
		see_name(r, *p);
		break;
	case COLUMNS:
	case COLUMN:
		see_columns(r, *p);
		break;
	default:
		see_rows(r, *p);
	}
	return 1;
}

/* A run of bytes within one statement; hashed as a whole. */
static size_t
take_inserts(struct dump_reader *r, const char *p, size_t n)
{
	size_t i = 0;
	enum share share = r->share;

	while (i < n && r->place != LINE && r->share == share)
		i += take_insert(r, p + i, n - i);
	if (share == TABLE)
		add_share(r, p, i);
	return i;
}

void
dump_reader_add(struct dump_reader *r, const void *p, size_t n)
{
	const char *from = p;

	r->content.size += (long long)n;
	while (n > 0) {
		size_t taken = r->place == HEAD ? take_head(r, from, n) :
		    r->place == LINE ? take_line(r, from, n) :
		    take_inserts(r, from, n);

		from += taken;
		n -= taken;
	}
}

/* ---- the end ---- */

static void
end_digest(struct digest **d, char *to, size_t room)
{
	struct buf hex = buf_new(room);

	digest_end(*d, &hex);
	*d = NULL;
	snprintf(to, room, "%s", buf_str(&hex));
	buf_free(&hex);
}

const struct dump_content *
dump_reader_end(struct dump_reader *r)
{
	struct dump_table *all = pool_alloc(r->pool,
	    (r->ntables + 1) * sizeof *all);

	if (r->place != HEAD || r->head_len > 0)
		r->content.whole = false;
	for (size_t i = 0; i < r->ntables; i++) {
		struct dump_table *t = &r->tables[i]->public;

		end_digest(&r->tables[i]->digest, t->sha256,
		    sizeof t->sha256);
		all[i] = *t;
	}
	end_digest(&r->definitions, r->content.sha256,
	    sizeof r->content.sha256);
	r->content.n = r->ntables;
	r->content.tables = all;
	return &r->content;
}
