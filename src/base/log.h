/*
 * log - what a step tells the person who runs it.
 *
 * Plain lines on a terminal; on GitHub (GITHUB_ACTIONS is "true", isatty is
 * not asked) warnings and errors become annotations, escaped as
 * facts of the runner demand. Every line of every kind passes the masks: a
 * registered secret, in any of its encodings, is printed as ***. Nothing
 * foreign can start a workflow command: a line that would is broken by a
 * blank that has no width in the log (see log_foreign).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;

bool log_on_github(void);

void log_info(const char *, ...) PRINTF(1, 2);
void log_warn(const char *, ...) PRINTF(1, 2);
void log_notice(const char *, ...) PRINTF(1, 2);
/* Errors are printed by the step framework only. title may be NULL. */
void log_error(const char *title, const char *, ...) PRINTF(2, 3);

/* A foldable section. Groups don't nest. */
void log_group(const char *, ...) PRINTF(1, 2);
void log_endgroup(void);

/* Print text of others (pod logs, error bodies), each line after "  | ". */
void log_foreign(const char *, size_t);

/*
 * From now on never print this value, its base64, percent, JSON and YAML
 * escaped forms, nor any of its lines of 6 or more characters. On GitHub it
 * also emits ::add-mask:: for what is long enough; shorter secrets are only
 * redacted by us. NULL and "" are ignored. The value is copied.
 */
void log_mask(const char *);

/* The text with every masked value replaced by ***, appended to out. */
void log_redact(struct buf *out, const char *, size_t);
/* true if a masked value occurs in it. */
bool log_has_secret(const char *, size_t);

#endif
