/*
 * sqlbackup - one MySQL or MariaDB database into the store, verified; and
 * out of it again.
 *
 * The database is dumped by the stock program, packed and stored as it comes,
 * in constant memory. Then the object is read back: its hash and the
 * packing's checksum must be right, the end marker must be its last line, and
 * what it holds must be what the database held (db/mysql_witness.h says how
 * that is known of one that lives).
 */
#ifndef SITE_SQLBACKUP_H
#define SITE_SQLBACKUP_H

#include <stdbool.h>

#include "base/err.h"

struct child_stream;
struct dump_content;
struct dump_program;
struct dump_reader;
struct manifest;
struct sql_login;
struct store;
struct stored;

/* Back it up and verify it; the manifest has a part more then. The login is
 * one that may wait for long answers. */
bool sqlbackup_make(struct store *, struct manifest *,
    const struct dump_program *, const struct sql_login *,
    const char *database, struct err *) MUST_CHECK;

/*
 * Read a dump back, unpacked, into the reader and, unless it is NULL, into a
 * child that loads it. *object is what was read: its size and hash. A child
 * that fails is the caller's to close: it knows why.
 */
bool sqlbackup_read(struct store *, const char *name, struct dump_reader *,
    struct child_stream *load, struct stored *object, struct err *)
    MUST_CHECK;

/* Dump a database, without the table `ignored` (NULL: with all), into a
 * reader only. */
bool sqlbackup_look(const struct dump_program *, const struct sql_login *,
    const char *database, const char *ignored, struct dump_reader *,
    struct err *) MUST_CHECK;

/* A child's own words as an error: "<program>: exit status 2: <stderr>". */
struct buf;
bool sqlbackup_blame(const struct dump_program *, int status,
    const struct buf *said, struct err *);

#endif
