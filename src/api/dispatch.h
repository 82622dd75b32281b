/*
 * dispatch - the run of a workflow that holds a commit: found, or made once.
 *
 * GitHub does not tell with what inputs a run was dispatched, and each
 * dispatch makes another run. So runs are told apart by their titles, which
 * hold the instance's name (Launchpad's do: "... for 'acme' on 'main'"), and
 * a run counts only if the commit that matters is in its head.
 *
 * A build commits to the instance's config.yml itself (image tags, the
 * rendered file), so that the branch is ahead of a run that is quite up to
 * date. What the run itself committed is recognised by the run's number in
 * the message, or by author and time; what came after it is compared by
 * value: only a key that differs makes the run out of date.
 */
#ifndef API_DISPATCH_H
#define API_DISPATCH_H

#include <stdbool.h>

#include "api/github.h"
#include "base/clock.h"
#include "base/err.h"

struct json;

struct dispatch_want {
	const char *workflow;	/* file name */
	const char *branch;
	const char *instance;
	const char *title;	/* text that its runs' titles hold; NULL: the
				 * instance's name as a word */
	const char *contains;	/* commit that must be in it; NULL: the one
				 * that last touched config */
	const char *config;	/* path of config.yml; NULL: a finished run
				 * is never enough */
	const char *const *no_image;	/* keys of it that may differ */
};

enum dispatch_state {
	DISPATCH_NONE,		/* no run will do: make one */
	DISPATCH_OLDER,		/* one is active, but without the commit */
	DISPATCH_ACTIVE,	/* one with the commit is on its way */
	DISPATCH_DONE,		/* one with the commit has succeeded */
};

struct dispatch_found {
	enum dispatch_state state;
	struct github_run run;	/* but for DISPATCH_NONE */
	const char *head;	/* of the branch, when it was looked at */
	const char *newest;	/* id of the workflow's newest run, or "" */
	const char *why;	/* for DISPATCH_NONE: in words */
};

/*
 * ERR_NOT_FOUND: no such workflow. ERR_INPUT: the commit is not in the
 * branch, so that no run could ever hold it.
 */
bool dispatch_find(struct github *, const struct dispatch_want *,
    struct dispatch_found *, struct err *) MUST_CHECK;

/*
 * Dispatch once, and find the run that this made. `before` is what
 * dispatch_find said. After an unclear answer, or one without a number, the
 * run is looked up for up to two minutes and never dispatched again. More
 * than one that it could be: an error with their addresses.
 */
bool dispatch_start(struct github *, const struct dispatch_want *,
    const struct json *inputs, const struct dispatch_found *before,
    const char **id, struct err *) MUST_CHECK;

#endif
