/*
 * store - where backups go: a folder (file:///srv/backups) or a bucket with a
 * prefix (s3://bucket/prefix).
 *
 * An object is written as a stream and is there whole or not at all: in a
 * folder under a temporary name until its bytes are on the disk, in a bucket
 * by a multipart upload. What a killed run left of one is swept away by the
 * next. Memory is bounded: an append returns when the bytes are on their
 * way, so a slow store slows its source down.
 *
 * Names are relative, with / between their parts: "acme/mysql/x/dump.zst".
 * A part holds letters, digits, . _ - ~ and %, and does not begin with a dot;
 * store_part makes such a part of any text.
 */
#ifndef SITE_STORE_H
#define SITE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "step/step.h"

struct buf;
struct pool;
struct store;
struct store_reader;
struct store_writer;

/* Rows backup-to, backup-endpoint, backup-region, backup-key-id,
 * backup-secret-key; in the plan backup.to and so on. Of a step that uses
 * STEP_NET. */
extern const struct input store_inputs[];

/* As the inputs say. ERR_INPUT: the URL is none of ours, the folder is not
 * there, or a bucket's key is not given. */
struct store *store_open(struct err *) MUST_CHECK;
void store_close(struct store *);
/* For people: the URL, which holds no secret. */
const char *store_url(const struct store *);

/* Append a text as one part of a name. */
void store_part(struct buf *, const char *);

struct stored {
	const char *name;
	long long size;
	char sha256[65];	/* "" where it was listed only */
};

/*
 * Write an object; one of that name is replaced at the end. Finish and abort
 * free the writer, whatever they return; abort, and a finish that fails,
 * leave no object. ERR_DENIED, ERR_NETWORK, ERR_NOT_FOUND (the folder or
 * bucket is gone), or ERR_OTHER, such as a full disk.
 */
struct store_writer *store_create(struct store *, const char *name,
    struct err *) MUST_CHECK;
bool store_append(struct store_writer *, const void *, size_t, struct err *)
    MUST_CHECK;
/* The object is there when this is true. Its name is in the store. */
bool store_finish(struct store_writer *, struct stored *, struct err *)
    MUST_CHECK;
void store_abort(struct store_writer *);	/* NULL is fine */

/* Read one back. *n 0: its end. ERR_NOT_FOUND: there is no such object. */
struct store_reader *store_read(struct store *, const char *name,
    struct err *) MUST_CHECK;
bool store_next(struct store_reader *, void *, size_t room, size_t *n,
    struct err *) MUST_CHECK;
void store_end(struct store_reader *);

/* Small ones in one go. */
bool store_put(struct store *, const char *name, const char *text, size_t,
    struct err *) MUST_CHECK;
bool store_get(struct store *, const char *name, struct buf *, struct err *)
    MUST_CHECK;

/* All objects whose name begins with the folder (and a /), sorted by name;
 * in the pool. None is no error. */
struct stored_list {
	size_t n;
	struct stored *v;
};
bool store_list(struct store *, struct pool *, const char *folder,
    struct stored_list *, struct err *) MUST_CHECK;

/* Remove one object; that it is not there is fine. */
bool store_remove(struct store *, const char *name, struct err *) MUST_CHECK;
/* Remove what killed writers left below a folder; *n: how many, NULL is
 * fine. In a bucket also what a writer is still at, so only a run that is
 * alone may ask for it. */
bool store_sweep(struct store *, const char *folder, size_t *n,
    struct err *) MUST_CHECK;

#endif
