/*
 * log - what a step tells the person who runs it.
 *
 * Plain lines on a terminal; on GitHub (GITHUB_ACTIONS is "true"; isatty is
 * not asked, since some runners give steps a terminal) warnings and errors
 * become annotations. Every line passes the masks: a registered secret, in
 * any of its encodings, is printed as ***. Nothing printed here can be taken
 * for a workflow command that we did not mean: a line that begins with "::"
 * or holds "##[" is broken by a blank.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;

void log_info(const char *, ...) PRINTF(1, 2);
void log_notice(const char *, ...) PRINTF(1, 2);
void log_warn(const char *, ...) PRINTF(1, 2);
/* Errors are printed by the step framework only. title may be NULL. */
void log_error(const char *title, const char *, ...) PRINTF(2, 3);

/* Print text of others (pod logs, error bodies): each line after "  | ". */
void log_foreign(const char *, size_t);

/*
 * From now on never print this value, its base64, percent-encoded and
 * JSON-escaped forms, nor any of its lines of 6 characters or more. On GitHub
 * the runner is told too (::add-mask::), but for forms shorter than 6
 * characters, which would turn the whole log to asterisks: those are replaced
 * in our own output only. 16 MiB of a form are looked at.
 * NULL and blank values are ignored. The value is copied.
 */
void log_mask(const char *);

/* The text with every masked value replaced by ***, appended to out. A value
 * that the text's end cuts off is replaced too, if 6 of its bytes are left. */
void log_redact(struct buf *out, const char *, size_t);

#endif
