/*
 * finding - what an audit of a database account found.
 *
 * MySQL grants and MongoDB roles are judged with the same words, so that a
 * step, and verify/, can treat both alike. Findings lie in the pool that was
 * given when they were added.
 */
#ifndef DB_FINDING_H
#define DB_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf;
struct pool;

/* How much harm the right can do to others, least first. */
enum severity {
	SEV_INFO,	/* harmless; does not spoil the verdict */
	SEV_LOW,
	SEV_MEDIUM,
	SEV_HIGH,
	SEV_CRITICAL,
};

enum finding_kind {
	FINDING_EXCESS,		/* a right that is not needed */
	FINDING_MISSING,	/* a needed right is not there */
	FINDING_HAND,		/* an excess that no change of this account
				 * takes away: a person must */
};

struct finding {
	enum severity severity;
	enum finding_kind kind;
	const char *account;	/* whose, for people */
	const char *text;	/* "SELECT ON *.*" */
};

struct findings {
	struct finding *v;
	size_t n, cap;
};

/* The same once more is not added; the worse severity is kept. */
void findings_add(struct pool *, struct findings *, enum severity,
    enum finding_kind, const char *account, const char *, ...) PRINTF(6, 7);

/* "critical" and so on. */
const char *severity_name(enum severity);

/* SEV_INFO if there is none. */
enum severity findings_worst(const struct findings *);
/* true if nothing but information was found: the account is scoped. */
bool findings_clean(const struct findings *);
/* How many of this kind, information not counted. */
size_t findings_count(const struct findings *, enum finding_kind);

/*
 * One line per finding, "critical: `u`@`%`: SELECT ON *.*", worst first;
 * information is left out.
 */
void findings_print(const struct findings *, struct buf *);

#endif
