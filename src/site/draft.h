/*
 * draft - a plan in the making: what was found for each of its places, and
 * its text with comments.
 *
 * What was set first stays: so what a person gave comes before what runs, and
 * that before what a file says. A login within an address is never kept.
 */
#ifndef SITE_DRAFT_H
#define SITE_DRAFT_H

#include <stdbool.h>

#include "base/err.h"

struct buf;
struct draft;
struct pool;

struct draft *draft_new(struct pool *);

/* Something was found; NULL and "" are nothing. note: where, or what is to be
 * known of it, for the comment beside it; may be NULL. */
void draft_set(struct draft *, const char *place, const char *value,
    const char *note);
/* Not for a step to read, but to be seen: it becomes a comment. */
void draft_note(struct draft *, const char *place, const char *note);
/* What was found is doubtful: it becomes a comment, with this beside it. */
void draft_doubt(struct draft *, const char *place, const char *why);
const char *draft_get(const struct draft *, const char *place);

/* The i-th thing found; NULL past the end. */
const char *draft_place(const struct draft *, int i);

/*
 * The plan's text. Places that a migration needs and nobody found stand there
 * as comments that say how to find them; their names are appended to
 * missing, one a line.
 */
bool draft_write(const struct draft *, struct buf *out, struct buf *missing,
    struct err *) MUST_CHECK;

#endif
