/*
 * manifest - what one backup of one store (MySQL, MongoDB, storage) holds.
 *
 * A backup is a folder in the store for backups, <instance>/<store>/<id>/;
 * the id begins with its moment, so that ids sort by time. Its objects come
 * first. When all were read back and verified, manifest.json is written,
 * last: a folder without one, or with one whose objects are not there, is
 * what a killed run left, and is no backup. Its form is
 * actions/_lib/manifest.schema.json. A store is not copied in one instant:
 * each part (a database, a collection, a bucket) says when it was begun and
 * ended.
 */
#ifndef SITE_MANIFEST_H
#define SITE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/err.h"

struct json;
struct manifest;
struct pool;
struct repo;
struct store;
struct stored;

/* What can be backed up: "mysql", "mongodb", "storage"; NULL-ended. */
extern const char *const manifest_stores[];

/*
 * Begin one. id NULL: a new one, of now; else that of an unfinished backup,
 * which is taken up again. Free with manifest_free.
 */
struct manifest *manifest_begin(const char *instance, const char *store,
    const char *id);
void manifest_free(struct manifest *);
/* "acme/mysql/20261123T151500Z-1a2b3c"; names of objects begin with it. */
const char *manifest_folder(const struct manifest *);
/* What was asked, and which programs did it: "MariaDB", "10.11.19". */
void manifest_server(struct manifest *, const char *kind,
    const char *version);
void manifest_program(struct manifest *, const char *name,
    const char *version);

/*
 * A part, begun and ended at these moments. Its JSON belongs to the manifest:
 * facts is for what is the store's own (a character set, say; nothing
 * secret), counts for rows of a table, documents of a collection, objects of
 * a bucket, by their names.
 */
struct manifest_part {
	struct json *facts, *counts, *objects;
};
struct manifest_part manifest_part(struct manifest *, const char *name,
    time_t began, time_t ended);
/* An object of the part as it is in the store. bytes: what it holds when
 * unpacked, and its hash; -1 and NULL where that is not known. */
void manifest_object(const struct manifest_part *, const struct stored *,
    long long bytes, const char *sha256);

/*
 * Everything was verified: check that all objects are there, in their sizes,
 * and write the manifest as complete. After this the backup counts.
 * ERR_CONFLICT: objects went meanwhile; there is no manifest then.
 */
bool manifest_commit(struct manifest *, struct store *, struct err *)
    MUST_CHECK;
/* A copy for migrations/<instance>/record/backup-<store>.json. */
bool manifest_record(struct repo *, const char *instance,
    const struct json *complete, struct err *) MUST_CHECK;
/* The whole, once committed; belongs to it. */
const struct json *manifest_json(const struct manifest *);

/* The newest complete backup whose objects are all there. */
struct manifest_found {
	struct json *json;	/* NULL: there is none. Free with json_free */
	const char *id;		/* in the pool */
	long age;		/* seconds since it was begun; 0 or more */
};
/* Not finding one is no error. */
bool manifest_find(struct store *, struct pool *, const char *instance,
    const char *store_name, struct manifest_found *, struct err *)
    MUST_CHECK;

/* The newest backup that was begun and not finished, to be taken up again;
 * *id NULL if none, or one that is complete is newer. In the pool. */
bool manifest_find_unfinished(struct store *, struct pool *,
    const char *instance, const char *store_name, const char **id,
    struct err *) MUST_CHECK;
/* Remove what unfinished backups left, but for the one of this id (NULL:
 * none is spared). *n: how many. Only for a run that is alone. */
bool manifest_sweep(struct store *, struct pool *, const char *instance,
    const char *store_name, const char *spared, size_t *n, struct err *)
    MUST_CHECK;

#endif
