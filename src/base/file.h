/*
 * file - whole small files, read with a limit and replaced in one stroke.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;

/* Append the file to buf. ERR_NOT_FOUND; larger than buf's limit: an error. */
bool file_read(const char *path, struct buf *, struct err *) MUST_CHECK;

/*
 * Replace the file so that a reader, or we after a kill, sees the old or the
 * new bytes, never a part: temporary file beside it, fsync, rename. An
 * existing file keeps its mode; a new one gets `mode`.
 */
bool file_replace(const char *path, const void *, size_t, int mode,
    struct err *) MUST_CHECK;

/* Append with one write, as GITHUB_OUTPUT and GITHUB_STEP_SUMMARY want. */
bool file_append(const char *path, const void *, size_t, struct err *)
    MUST_CHECK;

/* Make a folder and its parents, 0700 each. It may exist. */
bool file_ensure_dir(const char *path, struct err *) MUST_CHECK;

bool file_exists(const char *path);
bool file_is_dir(const char *path);

/*
 * Checks for paths from people, before anything is asked; ERR_INPUT says
 * what would be right. folder: one that is there. readable: a file that can
 * be read. certificates: such a file, with certificates as PEM.
 */
bool file_check_folder(const char *, struct err *);
bool file_check_readable(const char *, struct err *);
bool file_check_certificates(const char *, struct err *);

/* Names in a folder without . and .., sorted; in the pool, NULL-ended. */
struct pool;
const char **file_list(struct pool *, const char *path, struct err *)
    MUST_CHECK;

/* Remove one file; that it does not exist is fine. */
bool file_remove(const char *path, struct err *) MUST_CHECK;

#endif
