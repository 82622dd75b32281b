/*
 * backup - what the steps that back up, and the one that checks it, share:
 * where to, whether a new one is due, and the course of one.
 *
 * A backup is due when the newest complete one is older than max-backup-age,
 * so a phase that is run again makes none. Whoever makes one does so alone:
 * the jobs of one instance wait for each other.
 */
#ifndef SITE_BACKUP_H
#define SITE_BACKUP_H

#include <stdbool.h>

#include "base/err.h"
#include "step/step.h"

struct json;
struct manifest;
struct store;

/* The store's rows (store.h) and max-backup-age; and besides, for a step
 * that makes one, `when`. */
extern const struct input backup_place_inputs[];
extern const struct input backup_inputs[];

struct backup {
	const char *name;	/* a word of manifest_stores */
	struct store *store;
	struct manifest *manifest;	/* NULL: none was begun */
};

/* Open the place. What was opened is closed by backup_close, whatever this
 * returns. */
bool backup_open(struct backup *, const char *name, struct err *) MUST_CHECK;
void backup_close(struct backup *);

/* Is one to be made now? If not, the newest is told. */
bool backup_find_due(struct backup *, bool *due, struct err *) MUST_CHECK;
/* Remove what killed runs left, and begin. */
bool backup_begin(struct backup *, struct err *) MUST_CHECK;
/* The same, but the unfinished one of this id is taken up again; NULL: a new
 * one is begun. */
bool backup_take_up(struct backup *, const char *id, struct err *)
    MUST_CHECK;
/* All is verified: from here on it counts. A copy of its manifest goes into
 * the record. Sets the outputs backup, place and size. */
bool backup_finish(struct backup *, struct err *) MUST_CHECK;
/* Sets the same outputs, from the newest complete one, and has its manifest
 * in the record: a run that was killed may have left that to do. Not finding
 * one is no error. */
bool backup_tell_newest(struct backup *, struct err *) MUST_CHECK;

/* The manifest of the newest complete one. Free with json_free. ERR_HAND:
 * there is none. */
bool backup_find_newest(struct backup *, struct json **, struct err *)
    MUST_CHECK;
/* ERR_HAND: there is no complete backup that is young enough. */
bool backup_check_age(struct backup *, struct err *) MUST_CHECK;

#endif
