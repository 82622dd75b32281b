/*
 * restored - a backup of MySQL, restored on a server that is given.
 */
#ifndef SITE_RESTORED_H
#define SITE_RESTORED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "db/mysql.h"
#include "db/mysql_dump.h"
#include "step/step.h"

struct json;
struct store;

/* Rows restore-host, -port, -tls, -ca-file, -user, -password, dump-program,
 * mysql-client. */
extern const struct input restored_inputs[];

struct restored {
	struct sql *sql;
	struct sql_login login;		/* into the scratch database */
	const char *name;		/* of that */
	struct dump_program dump, client;
	bool same_version;		/* as the backup's server */
	size_t tables;			/* compared so far, and their rows */
	long long rows;
};

/* Log in. ERR_INPUT: the server is of another family than the backup's. What
 * was opened is closed by restored_close, whatever this returns. */
bool restored_open(struct restored *, const struct json *manifest,
    struct err *) MUST_CHECK;
void restored_close(struct restored *);

/* Before anything is made: can this part of a manifest be restored here?
 * ERR_INPUT: it has events, and the server would run them a second time.
 * ERR_HAND: it alters a database by its name. */
bool restored_check_part(struct restored *, const struct json *part,
    struct err *) MUST_CHECK;
/* Load the part's dump into the scratch database, which is there. */
bool restored_load(struct restored *, struct store *,
    const struct json *part, struct err *) MUST_CHECK;
/* Dump it again, and compare with what the manifest says. */
bool restored_compare(struct restored *, const struct json *part,
    struct err *) MUST_CHECK;

#endif
