/*
 * mysql_dump - run the programs; see mysql_dump.h.
 */
#include "db/mysql_dump.h"

#include <string.h>

#include "base/child.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/ca.h"
#include "db/mysql.h"

enum { VERSION_BYTES = 512, VERSION_SECONDS = 20, OPTIONS_BYTES = 8192 };

/* Words of an option file, by what the login's tls says. */
struct tls_words {
	const char *word, *mariadb, *mysql;
};
static const struct tls_words tls_words[] = {
	{ "verify", "ssl\nssl-verify-server-cert\n",
	    "ssl-mode=VERIFY_IDENTITY\n" },
	{ "require", "ssl\nskip-ssl-verify-server-cert\n",
	    "ssl-mode=REQUIRED\n" },
	{ "off", "skip-ssl\n", "ssl-mode=DISABLED\n"
	    "loose-get-server-public-key\n" },
};

struct search {
	const char *const *names;	/* NULL-ended, the best first */
	const char *what, *package;
};
static const struct search dump_of_mariadb = {
	(const char *const[]){ "mariadb-dump", "mysqldump", NULL },
	"mariadb-dump", "mariadb-client",
};
static const struct search dump_of_mysql = {
	(const char *const[]){ "mysqldump", NULL },
	"MySQL's own mysqldump", "mysql-client",
};
static const struct search client_of_mariadb = {
	(const char *const[]){ "mariadb", "mysql", NULL },
	"mariadb", "mariadb-client",
};
static const struct search client_of_mysql = {
	(const char *const[]){ "mysql", NULL },
	"MySQL's own mysql", "mysql-client",
};

/* What it says of itself; false with no error: it is not there. */
static bool
ask_version(struct pool *pool, const char *name, struct dump_program *p,
    struct err *e)
{
	struct buf out = buf_new(VERSION_BYTES);
	const char *argv[] = { name, "--no-defaults", "--version", NULL };
	struct child c = { .argv = argv, .out = &out,
	    .deadline = clock_deadline(VERSION_SECONDS) };
	struct err why = { 0 };
	int status;
	bool ok = child_run(&c, &status, &why);

	if (!ok && why.kind != ERR_NOT_FOUND)
		*e = why;
	else if (ok && status != 0)
		ok = err_set(e, ERR_OTHER, "%s --version: exit status %d",
		    name, status);
	*p = (struct dump_program){ .name = name,
	    .version = pool_strndup(pool, buf_str(&out),
		strcspn(buf_str(&out), "\r\n")),
	    .mariadb = strstr(buf_str(&out), "MariaDB") != NULL };
	buf_free(&out);
	return ok;
}

static bool
find(struct pool *pool, const struct search *s, bool mariadb,
    const char *given, struct dump_program *p, struct err *e)
{
	const char *const only[] = { given, NULL };
	const char *const *names = given != NULL ? only : s->names;

	*e = (struct err){ 0 };
	for (; *names != NULL; names++) {
		if (ask_version(pool, *names, p, e)
		    && (given != NULL || p->mariadb == mariadb))
			return true;
		if (e->text[0] != '\0')
			return false;
	}
	if (given != NULL)
		return err_set(e, ERR_NOT_FOUND, "%s: no such program",
		    given);
	return err_set(e, ERR_NOT_FOUND, "%s is not installed: it comes with "
	    "package %s", s->what, s->package);
}

bool
dump_find_program(struct pool *pool, bool mariadb, const char *given,
    struct dump_program *p, struct err *e)
{
	return find(pool, mariadb ? &dump_of_mariadb : &dump_of_mysql,
	    mariadb, given, p, e);
}

bool
dump_find_client(struct pool *pool, bool mariadb, const char *given,
    struct dump_program *p, struct err *e)
{
	return find(pool, mariadb ? &client_of_mariadb : &client_of_mysql,
	    mariadb, given, p, e);
}

/* In double quotes a backslash begins an escape, and nothing else does. */
static void
add_option(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "%s=\"", name);
	for (; *value != '\0'; value++)
		switch (*value) {
		case '\n':
			buf_puts(b, "\\n");
			break;
		case '\\':
		case '"':
			buf_putc(b, '\\');
			/* fall through */
		default:
			buf_putc(b, *value);
		}
	buf_puts(b, "\"\n");
}

static void
write_options(struct buf *b, const struct dump_program *p,
    const struct sql_login *l)
{
	const char *tls = l->tls == NULL ? "verify" : l->tls;

	buf_puts(b, "[client]\nprotocol=tcp\n");
	buf_printf(b, "port=%ld\n", l->port);
	add_option(b, "host", l->host);
	add_option(b, "user", l->user);
	add_option(b, "password", l->password);
	for (size_t i = 0; i < sizeof tls_words / sizeof *tls_words; i++)
		if (text_same(tls, tls_words[i].word))
			buf_puts(b, p->mariadb ? tls_words[i].mariadb :
			    tls_words[i].mysql);
	if (text_same(tls, "verify"))
		add_option(b, "ssl-ca", ca_file(l->ca_file));
}

static struct child_stream *
start(const struct dump_program *p, const struct sql_login *l,
    const char *const *argv, enum child_way way, struct buf *errout,
    struct err *e)
{
	struct buf options = buf_new(OPTIONS_BYTES);
	struct child_stream *s = NULL;

	write_options(&options, p, l);
	if (buf_check(&options, "the login", e))
		s = child_open(&(struct child){ .argv = argv,
		    .secret = buf_str(&options), .secret_len = options.len,
		    .errout = errout }, way, e);
	mem_wipe(options.data, options.len);
	buf_free(&options);
	return s;
}

struct child_stream *
dump_open(const struct dump_program *p, const struct sql_login *l,
    const char *database, const char *ignored, struct buf *errout,
    struct err *e)
{
	struct pool *pool = pool_new();
	/* what only MySQL's knows; "loose-": its older ones do not */
	const char *const gtid = p->mariadb ? "--quick" :
	    "--loose-set-gtid-purged=OFF";
	const char *const statistics = p->mariadb ? "--quick" :
	    "--loose-column-statistics=0";
	const char *const argv[] = { p->name, "--defaults-file=/dev/fd/3",
	    "--single-transaction", "--quick", "--skip-lock-tables",
	    "--routines", "--triggers", "--events", "--hex-blob",
	    "--no-tablespaces", "--default-character-set=utf8mb4",
	    "--max-allowed-packet=1G", "--skip-dump-date", "--comments",
	    gtid, statistics, ignored == NULL ? "--quick" :
	    pool_printf(pool, "--ignore-table=%s.%s", database, ignored),
	    "--", database, NULL };
	struct child_stream *s = start(p, l, argv, CHILD_READ, errout, e);

	pool_free(pool);
	return s;
}

struct child_stream *
dump_load(const struct dump_program *p, const struct sql_login *l,
    struct buf *errout, struct err *e)
{
	/* a dump is text of others: it may not run the client's commands */
	const char *const sandbox = p->mariadb ? "--loose-sandbox" :
	    "--loose-skip-system-command";
	const char *const argv[] = { p->name, "--defaults-file=/dev/fd/3",
	    "--batch", "--default-character-set=utf8mb4",
	    "--max-allowed-packet=1G", "--local-infile=0", sandbox, "--",
	    l->database, NULL };

	return start(p, l, argv, CHILD_WRITE, errout, e);
}
