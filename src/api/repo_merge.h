/*
 * repo_merge - merging YAML files by more than their lines; for api/repo.
 *
 * Two people who add the same new key in different places change no line in
 * common: line by line that merges, and the key stands there twice. Two who
 * add different keys at the same place change the same lines, and yet agree.
 * So where lines don't do, whole keys are merged.
 */
#ifndef API_REPO_MERGE_H
#define API_REPO_MERGE_H

#include <stdbool.h>

#include "base/err.h"

struct buf;

bool repo_merge_is_yaml(const char *path);
/* Is what merging lines made still YAML, with no key twice that theirs has
 * once? */
bool repo_merge_is_sound(const char *merged, const char *theirs);
/* Theirs, with each key of the first level that ours changed, as ours has it.
 * ERR_CONFLICT: both changed a key, which it names. */
bool repo_merge_keys(const char *path, const char *ours, const char *base,
    const char *theirs, struct buf *out, struct err *) MUST_CHECK;

#endif
