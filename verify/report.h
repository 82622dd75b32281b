/*
 * report - the records for people and for programs.
 *
 * One document at the end, never one for each attempt. Words of servers are
 * escaped in each format's own way: nothing that a server says can look like
 * a verdict.
 */
#ifndef VERIFY_REPORT_H
#define VERIFY_REPORT_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct records;

/* For input tables: a list of text, tap, junit, json, markdown. */
bool report_check_formats(const char *, struct err *);

/* Append the document. The format is asserted to be one of them. */
void report_write(struct buf *, const char *format, const struct records *);

/* verify.txt, .tap, .xml, .json or .md into the folder, one for each format
 * of the list (NULL-ended, each asserted to be one). */
bool report_save(const char *folder, const char *const *formats,
    const struct records *, struct err *) MUST_CHECK;

#endif
