/* mysql - connect, run one statement, fetch its rows. */
#include "db/mysql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <errmsg.h>
#include <mysql.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/ca.h"

/* Rows of an audit are short; a million of them is a broken server. */
enum { ROWS_MAX = 1000 * 1000 };

const char *const sql_tls_words[] = { "verify", "require", "off", NULL };

struct sql {
	MYSQL *handle;
	char *where;		/* "user@host:port", for errors */
	long version;
	bool mariadb;
	unsigned code;
};

static enum err_kind
kind_of(unsigned code)
{
	switch (code) {
	case SQL_DB_DENIED:
	case SQL_LOGIN_DENIED:
	case SQL_TABLE_DENIED:
	case SQL_COLUMN_DENIED:
	case SQL_NEED_RIGHT:
	case SQL_KILL_DENIED:
	case SQL_ROUTINE_DENIED:
	case SQL_NO_PROXY:
		return ERR_DENIED;
	}
	/* 2000 and up is the client library: the server did not say it. */
	return code >= CR_MIN_ERROR && code <= CR_MAX_ERROR ? ERR_NETWORK :
	    ERR_OTHER;
}

static bool
fail(struct sql *s, const char *what, struct err *e)
{
	s->code = mysql_errno(s->handle);
	return err_set(e, kind_of(s->code), "MySQL %s: %s: %s (%u)", s->where,
	    what, mysql_error(s->handle), s->code);
}

#ifdef MARIADB_PACKAGE_VERSION
static void
set_tls(MYSQL *h, const struct sql_login *l)
{
	const char *tls = l->tls == NULL ? "verify" : l->tls;
	const char *ca = ca_file(l->ca_file);
	my_bool on = !text_same(tls, "off");
	my_bool verify = text_same(tls, "verify");

	mysql_optionsv(h, MYSQL_OPT_SSL_ENFORCE, &on);
	mysql_optionsv(h, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	if (verify && ca != NULL)
		mysql_optionsv(h, MYSQL_OPT_SSL_CA, ca);
}
#else	/* MySQL's own library */
static void
set_tls(MYSQL *h, const struct sql_login *l)
{
	const char *tls = l->tls == NULL ? "verify" : l->tls;
	const char *ca = ca_file(l->ca_file);
	unsigned mode = text_same(tls, "off") ? SSL_MODE_DISABLED :
	    text_same(tls, "require") ? SSL_MODE_REQUIRED :
	    SSL_MODE_VERIFY_IDENTITY;
	bool key = mode == SSL_MODE_DISABLED;

	mysql_options(h, MYSQL_OPT_SSL_MODE, &mode);
	mysql_options(h, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &key);
	if (mode == SSL_MODE_VERIFY_IDENTITY && ca != NULL)
		mysql_options(h, MYSQL_OPT_SSL_CA, ca);
}
#endif

static void
set_options(MYSQL *h, const struct sql_login *l)
{
	unsigned seconds = (unsigned)l->seconds, local = 0, tcp;

	tcp = MYSQL_PROTOCOL_TCP;	/* "localhost" is a host here */
	mysql_options(h, MYSQL_OPT_PROTOCOL, &tcp);
	mysql_options(h, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_options(h, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_options(h, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
	mysql_options(h, MYSQL_OPT_LOCAL_INFILE, &local);
	mysql_options(h, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	set_tls(h, l);
}

/* "10.11.19-MariaDB-0+deb12u1" is 101119; a proxy may say 5.5.5- before. */
static void
read_version(struct sql *s)
{
	const char *text = mysql_get_server_info(s->handle);
	long part[3] = { 0 };
	char *end;

	s->mariadb = strstr(text, "MariaDB") != NULL;
	if (s->mariadb && text_starts(text, "5.5.5-"))
		text += strlen("5.5.5-");
	for (size_t i = 0; i < 3; i++) {
		part[i] = strtol(text, &end, 10);
		if (end == text || part[i] < 0 || part[i] > 999)
			break;
		text = end + (*end == '.');
	}
	s->version = part[0] * 10000 + part[1] * 100 + part[2];
}

/*
 * NO_AUTO_CREATE_USER exists up to MySQL 5.7 and in MariaDB; where it is
 * unknown GRANT never makes an account anyway. lock_wait_timeout: a backup
 * that holds a global lock shall give an error, not a lost connection.
 */
static bool
prepare_session(struct sql *s, const struct sql_login *l, struct err *e)
{
	struct buf lock = buf_new(64);
	bool ok;

	buf_printf(&lock, "SET SESSION lock_wait_timeout = %ld",
	    l->seconds > 4 ? l->seconds - 2 : l->seconds);
	ok = sql_run(s, buf_str(&lock), NULL, NULL, e)
	    && sql_run(s, "SET SESSION sql_quote_show_create = 1", NULL, NULL,
		e);
	buf_free(&lock);
	if (!ok)
		return false;
	if (sql_run(s, "SET SESSION sql_mode = 'NO_AUTO_CREATE_USER'", NULL,
	    NULL, e))
		return true;
	if (s->code != SQL_WRONG_VALUE)
		return false;
	return sql_run(s, "SET SESSION sql_mode = ''", NULL, NULL, e);
}

struct sql *
sql_open(const struct sql_login *l, struct err *e)
{
	struct buf where = buf_new(512);
	struct sql *s = mem_alloc(sizeof(*s));

	buf_printf(&where, "%s@%s:%ld", l->user, l->host, l->port);
	s->where = mem_strdup(buf_str(&where));
	buf_free(&where);
	s->handle = mysql_init(NULL);
	assert(s->handle != NULL);
	set_options(s->handle, l);
	if (mysql_real_connect(s->handle, l->host, l->user, l->password,
	    l->database, (unsigned)l->port, NULL, 0) == NULL) {
		fail(s, "can't log in", e);
		goto out;
	}
	read_version(s);
	if (!prepare_session(s, l, e))
		goto out;
	s->code = 0;
	return s;
out:
	sql_close(s);
	return NULL;
}

void
sql_close(struct sql *s)
{
	if (s == NULL)
		return;
	mysql_close(s->handle);
	mem_free(s->where);
	mem_free(s);
}

bool
sql_is_mariadb(const struct sql *s)
{
	return s->mariadb;
}

long
sql_version(const struct sql *s)
{
	return s->version;
}

unsigned
sql_code(const struct sql *s)
{
	return s->code;
}

const char *
sql_cell(const struct sql_rows *r, size_t row, size_t column)
{
	const char *text;

	assert(row < r->n && column < r->columns);
	text = r->cell[row * r->columns + column];
	return text == NULL ? "" : text;
}

static void
copy_rows(MYSQL_RES *from, struct pool *pool, struct sql_rows *rows)
{
	unsigned long *length;
	MYSQL_ROW row;

	rows->n = (size_t)mysql_num_rows(from);
	rows->columns = mysql_num_fields(from);
	rows->cell = pool_alloc(pool,
	    (rows->n * rows->columns + 1) * sizeof(*rows->cell));
	for (size_t i = 0; i < rows->n; i++) {
		row = mysql_fetch_row(from);
		length = mysql_fetch_lengths(from);
		for (size_t c = 0; c < rows->columns; c++)
			if (row[c] != NULL)
				rows->cell[i * rows->columns + c] =
				    pool_strndup(pool, row[c], length[c]);
	}
}

/* A CALL answers with its status after its rows. */
static bool
drain(struct sql *s, const char *statement, struct err *e)
{
	int more;

	while ((more = mysql_next_result(s->handle)) == 0)
		mysql_free_result(mysql_store_result(s->handle));
	return more < 0 || fail(s, statement, e);
}

bool
sql_run(struct sql *s, const char *statement, struct pool *pool,
    struct sql_rows *rows, struct err *e)
{
	MYSQL_RES *found;
	bool ok = true;

	if (rows != NULL)
		*rows = (struct sql_rows){ 0 };
	if (mysql_real_query(s->handle, statement,
	    (unsigned long)strlen(statement)) != 0)
		return fail(s, statement, e);
	found = mysql_store_result(s->handle);
	if (found == NULL && mysql_field_count(s->handle) != 0)
		return fail(s, statement, e);
	if (found == NULL)
		return drain(s, statement, e);
	if (mysql_num_rows(found) > ROWS_MAX)
		ok = err_set(e, ERR_OTHER, "MySQL %s: %s: too many rows",
		    s->where, statement);
	else if (rows != NULL)
		copy_rows(found, pool, rows);
	mysql_free_result(found);
	return ok && drain(s, statement, e);
}

void
sql_name(struct buf *out, const char *name)
{
	buf_putc(out, '`');
	for (; *name != '\0'; name++) {
		if (*name == '`')
			buf_putc(out, '`');
		buf_putc(out, *name);
	}
	buf_putc(out, '`');
}

void
sql_literal(struct buf *out, const char *text)
{
	buf_puts(out, "X'");
	text_hex(out, text, strlen(text));
	buf_putc(out, '\'');
}
