/*
 * restriction - what restrict-mysql and restrict-mongodb share: which
 * databases are the instance's own, when restricting is refused, and the
 * record that gives the rights back.
 */
#ifndef SITE_RESTRICTION_H
#define SITE_RESTRICTION_H

#include <stdbool.h>

#include "base/err.h"

struct accessrecord;
struct databases;
struct repo;

/* The words of input mode, and of old-running. */
extern const char *const restriction_modes[];
extern const char *const restriction_yes_or_no[];

/* From the file that fetch-settings wrote, or (NULL) from config.yml. */
bool restriction_find_databases(const char *settings_file,
    struct databases *, struct err *) MUST_CHECK;
/* ERR_INPUT: the value is neither given nor configured. */
bool restriction_check_given(const char *value, const char *input,
    struct err *) MUST_CHECK;
/* *port stays if it is given (not 0); else the configured or the usual. */
bool restriction_find_port(long *port, const char *configured, long usual,
    struct err *) MUST_CHECK;
/* ERR_INPUT: mode restrict, and nobody said whether the old side, which may
 * use more than we know of, still runs. */
bool restriction_check_old_side(const char *mode, const char *old_running,
    struct err *) MUST_CHECK;
/* The checkout and the record of this name; what was opened is in *repo and
 * *record even if it fails, to be closed by the caller. */
bool restriction_open_record(const char *name, struct repo **repo,
    struct accessrecord **record, struct err *) MUST_CHECK;

#endif
