/*
 * mysql_dump - the stock dump and load programs of MySQL and MariaDB, and
 * what a dump holds.
 *
 * The programs are run as children. Who logs in, and how, reaches them by an
 * option file on a descriptor, never by argv or environment; no option file
 * of the machine or the user is read.
 */
#ifndef DB_MYSQL_DUMP_H
#define DB_MYSQL_DUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct child_stream;
struct pool;
struct sql_login;

/* A program that is there. */
struct dump_program {
	const char *name;
	const char *version;	/* what it says of itself */
	bool mariadb;		/* its family */
};

/*
 * The dump program, or the client that loads a dump, of a family: given, or
 * found on PATH. ERR_NOT_FOUND names the package to install.
 */
bool dump_find_program(struct pool *, bool mariadb, const char *given,
    struct dump_program *, struct err *) MUST_CHECK;
bool dump_find_client(struct pool *, bool mariadb, const char *given,
    struct dump_program *, struct err *) MUST_CHECK;

/*
 * Start dumping one database in one transaction, with its routines,
 * triggers and events, but without the table `ignored` (NULL: with all): the
 * child's output is the dump. It names no database, so that it can be loaded
 * into any (but see `named` below). errout must outlive the child.
 */
struct child_stream *dump_open(const struct dump_program *,
    const struct sql_login *, const char *database, const char *ignored,
    struct buf *errout, struct err *) MUST_CHECK;
/* Start loading into login's database: the child's input is the dump. */
struct child_stream *dump_load(const struct dump_program *,
    const struct sql_login *, struct buf *errout, struct err *) MUST_CHECK;

/* ---- what a dump holds ---- */

struct dump_table {
	const char *name;
	long long rows;
	char sha256[65];	/* of all statements that insert its rows */
};
struct dump_content {
	size_t n;
	const struct dump_table *tables;	/* those with rows, in order */
	size_t programs;	/* triggers, routines and events */
	char sha256[65];	/* of all else but comments: definitions */
	bool whole;		/* the end marker is its last line */
	bool named;		/* it alters its database, by name */
	long long size;
};

/* Reads a dump as a stream, in constant memory but for the tables' names. */
struct dump_reader;
struct dump_reader *dump_reader_new(void);
void dump_reader_add(struct dump_reader *, const void *, size_t);
/* What was read; it belongs to the reader. */
const struct dump_content *dump_reader_end(struct dump_reader *);
void dump_reader_free(struct dump_reader *);

#endif
