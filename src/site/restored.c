/*
 * restored - see restored.h.
 */
#include "site/restored.h"

#include <string.h>

#include "base/child.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "db/mysql_scratch.h"
#include "site/sqlbackup.h"
#include "site/store.h"

enum {
	PORT_MAX = 65535,
	ANSWER_SECONDS = 3600,
	END_SECONDS = 1800,	/* the last statement may build an index */
	SAID_BYTES = 1024,
	INSTANCE_BYTES = 30,	/* of its name in the scratch database's */
	HASH_BYTES = 6,
};

static struct {
	const char *host, *tls, *ca_file, *user, *password;
	const char *program, *client;
	long port;
} in;

const struct input restored_inputs[] = {
	{ .name = "restore-host", .str = &in.host, .plan = "restore.host",
	  .check = text_check_machine,
	  .help = "Server to restore on, at best not a site's" },
	{ .name = "restore-port", .num = &in.port, .min = 1, .max = PORT_MAX,
	  .dflt = "3306", .plan = "restore.port", .help = "Its port" },
	{ .name = "restore-tls", .str = &in.tls, .oneof = sql_tls_words,
	  .dflt = "verify", .plan = "restore.tls",
	  .help = "verify the server, only require encryption, or off" },
	{ .name = "restore-ca-file", .str = &in.ca_file, .optional = true,
	  .plan = "restore.ca-file", .check = file_check_certificates,
	  .help = "Roots that vouch for it; ca-file if empty" },
	{ .name = "restore-user", .str = &in.user, .plan = "restore.user",
	  .help = "Who may make and drop databases there" },
	{ .name = "restore-password", .str = &in.password, .secret = true,
	  .help = "His password" },
	{ .name = "dump-program", .str = &in.program, .optional = true,
	  .plan = "backup.mysql-dump",
	  .help = "Dump program; if empty, mariadb-dump or mysqldump, as the "
	    "server's family is" },
	{ .name = "mysql-client", .str = &in.client, .optional = true,
	  .plan = "backup.mysql-client",
	  .help = "Program that loads a dump; if empty, mariadb or mysql, as "
	    "the server's family is" },
	{ 0 }
};

/* transplant_check_acme_1a2b3c: told apart though long names are cut. */
static const char *
scratch_name(const char *instance)
{
	struct digest *d = digest_new();
	struct buf hex = buf_new(65), b = buf_new(64);
	const char *name;

	digest_add(d, instance, strlen(instance));
	digest_end(d, &hex);
	buf_printf(&b, "transplant_check_%.*s_%.*s", INSTANCE_BYTES, instance,
	    HASH_BYTES, buf_str(&hex));
	name = pool_strdup(step_common()->pool, buf_str(&b));
	buf_free(&hex);
	buf_free(&b);
	return name;
}

static bool
check_family(struct restored *r, const struct json *manifest, struct err *e)
{
	const char *kind = json_str(manifest, "server.kind");
	struct sql_rows v;

	if (text_same(kind, "MariaDB") != sql_is_mariadb(r->sql))
		return err_set(e, ERR_INPUT, "restore-host: %s is not %s, "
		    "which the backup is of", in.host,
		    kind != NULL ? kind : "the server");
	if (!sql_run(r->sql, "SELECT VERSION()", step_common()->pool, &v, e))
		return false;
	r->same_version = text_same(sql_cell(&v, 0, 0),
	    json_str(manifest, "server.version"));
	return true;
}

bool
restored_open(struct restored *r, const struct json *manifest, struct err *e)
{
	const struct step_common *c = step_common();
	struct sql_login l = { .host = in.host, .port = in.port,
	    .user = in.user, .password = in.password, .tls = in.tls,
	    .ca_file = in.ca_file != NULL ? in.ca_file : c->ca_file,
	    .seconds = ANSWER_SECONDS };

	*r = (struct restored){ .name = scratch_name(c->instance) };
	r->sql = sql_open(&l, e);
	if (r->sql == NULL)
		return false;
	r->login = l;
	r->login.database = r->name;
	return check_family(r, manifest, e)
	    && dump_find_program(c->pool, sql_is_mariadb(r->sql), in.program,
		&r->dump, e)
	    && dump_find_client(c->pool, sql_is_mariadb(r->sql), in.client,
		&r->client, e);
}

void
restored_close(struct restored *r)
{
	sql_close(r->sql);
	r->sql = NULL;
}

bool
restored_check_part(struct restored *r, const struct json *part,
    struct err *e)
{
	double events = 0;
	bool named = false;
	struct sql_rows v;

	if (json_str(part, "facts.charset") == NULL
	    || json_str(part, "facts.collation") == NULL
	    || json_len(json_get(part, "objects")) != 1)
		return err_set(e, ERR_OTHER, "the manifest is not one of "
		    "backup-mysql");
	if (json_bool(part, "facts.named", &named) && named)
		return err_set(e, ERR_HAND, "the dump names the database %s: "
		    "restore it by hand, on a server where there is none of "
		    "that name", json_str(part, "name"));
	if (!json_num(part, "facts.events", &events) || events < 1)
		return true;
	if (!sql_run(r->sql, "SELECT @@GLOBAL.event_scheduler",
	    step_common()->pool, &v, e))
		return false;
	return !text_same_fold(sql_cell(&v, 0, 0), "ON")
	    || err_set(e, ERR_INPUT, "%s has events, and %s would run them "
		"again: take a server without event_scheduler",
		json_str(part, "name"), in.host);
}

/* The object that was read is the one that the manifest names. */
static bool
check_object(const struct stored *o, const struct json *part, struct err *e)
{
	const char *hash = json_str(part, "objects[0].sha256");

	return text_same(o->sha256, hash) || err_set(e, ERR_OTHER, "%s: its "
	    "SHA-256 is %s, not %s as the manifest says", o->name, o->sha256,
	    hash != NULL ? hash : "(none)");
}

bool
restored_load(struct restored *r, struct store *s, const struct json *part,
    struct err *e)
{
	const char *name = json_str(part, "objects[0].name");
	struct buf said = buf_new(SAID_BYTES);
	struct child_stream *load = dump_load(&r->client, &r->login, &said,
	    e);
	struct dump_reader *reader = dump_reader_new();
	struct stored o;
	struct err why = { 0 };
	int status = 0;
	bool ok = load != NULL, fed;

	fed = ok && sqlbackup_read(s, name, reader, load, &o, e);
	/* one that ended early says itself why */
	ok = ok && child_close(load, &status, clock_deadline(END_SECONDS),
	    &why);
	if (ok && status != 0)
		ok = sqlbackup_blame(&r->client, status, &said, e);
	else if (!ok && fed)
		*e = why;
	ok = ok && fed && check_object(&o, part, e);
	dump_reader_free(reader);
	buf_free(&said);
	return ok;
}

/* ---- the comparison ---- */

static bool
check_table(struct restored *r, const struct dump_table *t,
    const struct json *part, struct err *e)
{
	const struct json *hashes = json_get(json_get(part, "facts"),
	    "tables");
	const char *hash = json_str(json_get(hashes, t->name), "");
	double rows = -1;

	json_num(json_get(json_get(part, "counts"), t->name), "", &rows);
	if (rows != (double)t->rows)
		return err_set(e, ERR_OTHER, "table %s: %lld rows restored, "
		    "%.0f backed up", t->name, t->rows, rows);
	if (!text_same(hash, t->sha256))
		return err_set(e, ERR_OTHER, "table %s: its rows are not "
		    "those that were backed up", t->name);
	r->tables++;
	r->rows += t->rows;
	return true;
}

static bool
check_definitions(const struct restored *r, const struct dump_content *c,
    const struct json *part, struct err *e)
{
	if (text_same(c->sha256, json_str(part, "facts.definitions")))
		return true;
	if (r->same_version)
		return err_set(e, ERR_OTHER, "the definitions of tables, "
		    "views, triggers, routines or events differ");
	log_warn("another version of the server writes definitions in "
	    "another way: only the rows were compared");
	return true;
}

static bool
check_content(struct restored *r, const struct dump_content *c,
    const struct json *part, struct err *e)
{
	int with_rows = json_len(json_get(json_get(part, "facts"), "tables"));

	if (!c->whole)
		return err_set(e, ERR_OTHER, "the dump of %s was cut off",
		    r->name);
	if (c->n != (size_t)with_rows)
		return err_set(e, ERR_OTHER, "%zu tables with rows restored, "
		    "%d backed up", c->n, with_rows);
	for (size_t i = 0; i < c->n; i++)
		if (!check_table(r, &c->tables[i], part, e))
			return false;
	return check_definitions(r, c, part, e);
}

bool
restored_compare(struct restored *r, const struct json *part, struct err *e)
{
	struct dump_reader *reader = dump_reader_new();
	const struct dump_content *c;
	bool ok = sqlbackup_look(&r->dump, &r->login, r->name, scratch_mark,
	    reader, e);

	c = dump_reader_end(reader);
	ok = ok && check_content(r, c, part, e);
	if (ok)
		log_info("%s: %zu tables with rows are byte for byte what was "
		    "backed up", json_str(part, "name"), c->n);
	dump_reader_free(reader);
	return ok;
}
