/*
 * gonogo - the table that a person reads before something irreversible: what
 * was looked at, whether it allows to go on, and the facts.
 */
#ifndef SITE_GONOGO_H
#define SITE_GONOGO_H

#include <stdbool.h>

#include "base/err.h"

struct gonogo;

enum gonogo_word {
	GONOGO_GO,
	GONOGO_NOTE,		/* goes on, and somebody should know */
	GONOGO_NO,
};

struct gonogo *gonogo_new(void);
void gonogo_free(struct gonogo *);

void gonogo_add(struct gonogo *, enum gonogo_word, const char *what,
    const char *facts, ...) PRINTF(4, 5);

/* The table into the summary, its lines into the log. ERR_OTHER with the
 * facts of all that says no, "nothing was changed" before them. */
bool gonogo_tell(const struct gonogo *, struct err *) MUST_CHECK;

#endif
