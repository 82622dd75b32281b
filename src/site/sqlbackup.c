/*
 * sqlbackup - see sqlbackup.h.
 */
#include "site/sqlbackup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/zstd.h"
#include "db/mysql_dump.h"
#include "db/mysql_witness.h"
#include "site/manifest.h"
#include "site/store.h"

enum {
	PART_BYTES = 256 * 1024,
	SAID_BYTES = 1024,	/* of what a child says, in an error */
	STALL_SECONDS = 30 * 60,	/* a lock on a table, a long row */
	TELL_SECONDS = 10,
	MEGA = 1000 * 1000,
	NAME_BYTES = 1024,
	MOVED_BYTES = 64 * 1024,
};

bool
sqlbackup_blame(const struct dump_program *p, int status,
    const struct buf *said, struct err *e)
{
	struct buf clean = buf_new(SAID_BYTES);

	log_redact(&clean, buf_str(said), said->len);
	while (clean.len > 0 && clean.data[clean.len - 1] == '\n')
		clean.data[--clean.len] = '\0';
	err_set(e, ERR_OTHER, "%s: exit status %d: %s", p->name, status,
	    clean.len > 0 ? buf_str(&clean) : "it said nothing");
	buf_free(&clean);
	return false;
}

/* ---- the way there ---- */

struct outward {
	struct store_writer *writer;
	struct witness *witness;
	const char *database;
	long long dumped, stored;
	clock_ms began, told;
};

static void
tell_progress(struct outward *o, bool at_end)
{
	double seconds = (double)(clock_now() - o->began) / 1000;

	if (!at_end && clock_now() < o->told + TELL_SECONDS * 1000)
		return;
	o->told = clock_now();
	log_info("%s: %lld MB dumped, %lld MB stored, %.1f s, %.0f MB/s",
	    o->database, o->dumped / MEGA, o->stored / MEGA, seconds,
	    seconds > 0 ? (double)o->dumped / MEGA / seconds : 0.0);
}

static bool
put(void *arg, const void *p, size_t n, struct err *e)
{
	struct outward *o = arg;

	o->stored += (long long)n;
	return store_append(o->writer, p, n, e);
}

/* The first bytes of a dump tell of the program; its snapshot has been taken
 * for certain once a table's turn has come. */
static bool
has_begun(const char *p, size_t n)
{
	return memmem(p, n, "CREATE TABLE ", strlen("CREATE TABLE ")) != NULL;
}

static bool
carry(struct child_stream *from, struct zstd_packer *z, struct outward *o,
    struct err *e)
{
	char *part = mem_alloc(PART_BYTES);
	bool ok = true, begun = false;
	size_t n = 1;

	while (ok && n > 0) {
		ok = child_read(from, part, PART_BYTES, &n,
		    clock_deadline(STALL_SECONDS), e);
		if (ok && !begun && has_begun(part, n))
			ok = begun = witness_begun(o->witness, e);
		ok = ok && zstd_pack_add(z, part, n, e);
		o->dumped += ok ? (long long)n : 0;
		tell_progress(o, false);
	}
	mem_wipe(part, PART_BYTES);
	mem_free(part);
	return ok && zstd_pack_end(z, e);
}

/* The dump's output into the object; what it says is in `said`. */
static bool
dump(const struct dump_program *p, const struct sql_login *l,
    struct outward *o, struct err *e)
{
	struct buf said = buf_new(SAID_BYTES);
	struct child_stream *child = dump_open(p, l, o->database, NULL,
	    &said, e);
	struct zstd_packer *z = zstd_pack(put, o);
	int status = 0;
	bool ok = child != NULL && carry(child, z, o, e);

	if (ok)
		ok = child_close(child, &status,
		    clock_deadline(STALL_SECONDS), e)
		    && (status == 0 || sqlbackup_blame(p, status, &said, e));
	else
		child_abort(child);
	if (ok && said.len > 0)
		log_foreign(buf_str(&said), said.len);
	zstd_pack_free(z);
	buf_free(&said);
	return ok;
}

static bool
write_object(struct store *s, const char *name, const struct dump_program *p,
    const struct sql_login *l, struct outward *o, struct stored *made,
    struct err *e)
{
	o->writer = store_create(s, name, e);
	if (o->writer == NULL)
		return false;
	o->began = o->told = clock_now();
	if (!dump(p, l, o, e)) {
		store_abort(o->writer);
		return false;
	}
	if (!store_finish(o->writer, made, e))
		return false;
	tell_progress(o, true);
	return true;
}

/* ---- the way back ---- */

struct inward {
	struct dump_reader *reader;
	struct child_stream *load;
};

static bool
take(void *arg, const void *p, size_t n, struct err *e)
{
	struct inward *i = arg;

	dump_reader_add(i->reader, p, n);
	return i->load == NULL || child_write(i->load, p, n,
	    clock_deadline(STALL_SECONDS), e);
}

static bool
read_all(struct store_reader *from, struct zstd_unpacker *z,
    struct digest *d, struct stored *object, struct err *e)
{
	char *part = mem_alloc(PART_BYTES);
	bool ok = true;
	size_t n = 1;

	while (ok && n > 0) {
		ok = store_next(from, part, PART_BYTES, &n, e);
		if (!ok)
			break;
		digest_add(d, part, n);
		object->size += (long long)n;
		ok = zstd_unpack_add(z, part, n, e);
	}
	mem_free(part);
	return ok && zstd_unpack_end(z, e);
}

bool
sqlbackup_read(struct store *s, const char *name, struct dump_reader *r,
    struct child_stream *load, struct stored *object, struct err *e)
{
	struct inward i = { r, load };
	struct store_reader *from = store_read(s, name, e);
	struct buf hex = buf_new(sizeof object->sha256);
	struct digest *d = digest_new();
	struct zstd_unpacker *z = zstd_unpack(take, &i);
	bool ok;

	*object = (struct stored){ .name = name };
	ok = from != NULL && read_all(from, z, d, object, e);
	digest_end(d, &hex);
	snprintf(object->sha256, sizeof object->sha256, "%s", buf_str(&hex));
	zstd_unpack_free(z);
	buf_free(&hex);
	store_end(from);
	return ok || err_within(e, "reading %s back", name);
}

/* ---- a dump that is only looked at ---- */

static bool
read_child(struct child_stream *from, struct dump_reader *r, struct err *e)
{
	char *part = mem_alloc(PART_BYTES);
	bool ok = true;
	size_t n = 1;

	while (ok && n > 0) {
		ok = child_read(from, part, PART_BYTES, &n,
		    clock_deadline(STALL_SECONDS), e);
		if (ok)
			dump_reader_add(r, part, n);
	}
	mem_wipe(part, PART_BYTES);
	mem_free(part);
	return ok;
}

bool
sqlbackup_look(const struct dump_program *p, const struct sql_login *l,
    const char *database, const char *ignored, struct dump_reader *r,
    struct err *e)
{
	struct buf said = buf_new(SAID_BYTES);
	struct child_stream *child = dump_open(p, l, database, ignored,
	    &said, e);
	int status = 0;
	bool ok = child != NULL && read_child(child, r, e);

	if (ok)
		ok = child_close(child, &status,
		    clock_deadline(STALL_SECONDS), e)
		    && (status == 0 || sqlbackup_blame(p, status, &said, e));
	else
		child_abort(child);
	buf_free(&said);
	return ok;
}

/* ---- verification ---- */

static bool
check_object(const struct stored *made, const struct stored *back,
    const struct dump_content *c, long long dumped, struct err *e)
{
	if (back->size != made->size || !text_same(back->sha256,
	    made->sha256))
		return err_set(e, ERR_OTHER, "%s: what is read back is not "
		    "what was written", made->name);
	if (c->size != dumped)
		return err_set(e, ERR_OTHER, "%s: %lld bytes when unpacked, "
		    "%lld were dumped", made->name, c->size, dumped);
	return c->whole || err_set(e, ERR_OTHER, "%s: the dump has no end "
	    "marker: it was cut off", made->name);
}

static void
add_count(void *arg, const char *table, long long rows)
{
	json_set_num(arg, table, (double)rows);
}

static void
describe(struct manifest *m, const struct outward *o, time_t began,
    time_t ended, const struct stored *made, const struct dump_content *c,
    const char *moved)
{
	const struct witness_facts *f = witness_facts(o->witness);
	struct manifest_part p = manifest_part(m, o->database, began, ended);
	struct json *rows = json_add(p.facts, "tables", json_object());

	json_set_str(p.facts, "charset", f->charset);
	json_set_str(p.facts, "collation", f->collation);
	json_set_bool(p.facts, "named", c->named);
	json_set_num(p.facts, "programs", (double)c->programs);
	json_set_num(p.facts, "events", (double)f->events);
	json_set_str(p.facts, "moved", moved);
	json_set_str(p.facts, "outside", f->outside);
	json_set_str(p.facts, "definitions", c->sha256);
	for (size_t i = 0; i < c->n; i++)
		json_set_str(rows, c->tables[i].name, c->tables[i].sha256);
	witness_each(o->witness, c, add_count, p.counts);
	manifest_object(&p, made, c->size, NULL);
}

static bool
verify(struct store *s, struct manifest *m, const struct outward *o,
    time_t began, const struct stored *made, struct err *e)
{
	struct dump_reader *r = dump_reader_new();
	struct buf moved = buf_new(MOVED_BYTES);
	const struct dump_content *c;
	struct stored back;
	time_t ended = time(NULL);
	bool ok;

	log_info("%s: verifying", o->database);
	ok = sqlbackup_read(s, made->name, r, NULL, &back, e);
	c = dump_reader_end(r);
	ok = ok && check_object(made, &back, c, o->dumped, e)
	    && witness_check(o->witness, c, &moved, e);
	if (ok && c->named)
		log_warn("%s: the dump names the database, since a trigger, "
		    "routine or event was made under another default of it: "
		    "load it under its own name only", o->database);
	if (ok) {
		describe(m, o, began, ended, made, c, buf_str(&moved));
		log_info("%s: verified: %zu tables have rows%s%s",
		    o->database, c->n, moved.len > 0 ?
		    "; written to meanwhile: " : "", buf_str(&moved));
	}
	buf_free(&moved);
	dump_reader_free(r);
	return ok;
}

/* ---- one database ---- */

static const char *
object_name(struct pool *pool, const struct manifest *m, const char *database)
{
	struct buf b = buf_new(NAME_BYTES);
	const char *name;

	store_part(&b, database);
	name = pool_printf(pool, "%s/%s.sql.zst", manifest_folder(m),
	    buf_str(&b));
	buf_free(&b);
	return name;
}

static void
warn_outside(const struct outward *o)
{
	const char *outside = witness_facts(o->witness)->outside;

	if (*outside != '\0')
		log_warn("%s: not of the same moment as the others, since "
		    "their engine knows no transactions: %s", o->database,
		    outside);
}

bool
sqlbackup_make(struct store *s, struct manifest *m,
    const struct dump_program *p, const struct sql_login *l,
    const char *database, struct err *e)
{
	struct pool *pool = pool_new();
	struct outward o = { .database = database,
	    .witness = witness_open(l, database, e) };
	struct stored made = { .name = object_name(pool, m, database) };
	time_t began = time(NULL);
	bool ok = o.witness != NULL;

	if (ok)
		warn_outside(&o);
	ok = ok && write_object(s, made.name, p, l, &o, &made, e)
	    && verify(s, m, &o, began, &made, e);
	witness_close(o.witness);
	pool_free(pool);
	return ok || err_within(e, "database %s", database);
}
