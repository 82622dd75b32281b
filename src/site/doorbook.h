/*
 * doorbook - whom an instance's steps let in to its databases, so that they
 * can be taken out again, and only they.
 *
 * It is the instance's record `access`. Several instances share a database,
 * a cluster and a runner: what one of them put into a list another one may
 * rely on. So each writes down what it needs before it looks whether that is
 * there, and before something is taken out the books of all instances are
 * read.
 */
#ifndef SITE_DOORBOOK_H
#define SITE_DOORBOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct doorbook;

struct door {
	const char *list;	/* which one: managed_list's name */
	const char *source;	/* as api/allowlist.h spells it */
	const char *who;	/* "cluster" or "runner" */
	const char *until;	/* RFC 3339, or "": no end */
	bool made;		/* a step of this instance put it there */
};

/* Of this step's instance, with its checkout, which is fetched. */
struct doorbook *doorbook_open(struct err *) MUST_CHECK;
void doorbook_close(struct doorbook *);		/* NULL is fine */

size_t doorbook_doors(const struct doorbook *);
struct door doorbook_door(const struct doorbook *, size_t);

/* Write down that it is needed; a door of this list, source and who takes
 * the new end, and stays `made`. Saved (committed and pushed) at once. */
bool doorbook_keep(struct doorbook *, const struct door *, struct err *)
    MUST_CHECK;
/* Needed no longer; saved at once. */
bool doorbook_drop(struct doorbook *, const struct door *, struct err *)
    MUST_CHECK;

/* Does anybody else need it, as of now: another instance, or this one for
 * another `who`? *by: who, in words; NULL: nobody. */
bool doorbook_find_other(struct doorbook *, const struct door *,
    const char **by, struct err *) MUST_CHECK;

#endif
