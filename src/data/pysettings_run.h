/*
 * pysettings_run - running through a Python file; data/pysettings only.
 */
#ifndef DATA_PYSETTINGS_RUN_H
#define DATA_PYSETTINGS_RUN_H

#include <tree_sitter/api.h>

#include "data/pysettings_value.h"

struct pysettings {
	struct pool *pool;
	struct pyval *names;	/* a dict: what each name is */
	struct pyval *lost;	/* set: names not assigned since are this */
	const char *file, *text;
	TSNode statement;	/* under way, for messages */
	TSNode shown;		/* the statement that why is about */
	const char *why;
	int maybe;		/* within a condition, a loop, ... */
	int depth;
	bool star;		/* edx-platform's own names are there */
	bool flat;		/* FEATURES["X"] is setting X (release 22) */
	bool in_class;
};

/* Run a statement; evaluate an expression. */
void pyrun_statement(struct pysettings *, TSNode);
struct pyval *pyrun_value(struct pysettings *, TSNode);
/* container[key] = value, with all that follows from it. */
void pyrun_set_item(struct pysettings *, struct pyval *container,
    const char *key, struct pyval *);
/* Strings of source: the value of a literal; false: not readable as text. */
bool pyrun_string(struct pysettings *, TSNode, struct pyval **);

/* Helpers. */
bool pyrun_is(TSNode, const char *type);
const char *pyrun_source(struct pysettings *, TSNode);	/* its text */
/* "file:line: statement", its strings left out; of the statement under way. */
const char *pyrun_why(struct pysettings *);
struct pyval *pyrun_name(struct pysettings *, const char *name);
/* Every name may be anything from here on. */
void pyrun_lose_all(struct pysettings *);
struct pyval *pyrun_unreadable(struct pysettings *);
/* To be put into something: what edx-platform has there is not known. */
struct pyval *pyrun_known(struct pysettings *, struct pyval *);
/* May calling it run a function of this file? */
bool pyrun_is_function(const struct pyval *);
/* A loop's names stand for anything of what it goes through. */
void pyrun_bind_loop(struct pysettings *, TSNode left, TSNode right);
TSNode pyrun_field(TSNode, const char *field);

#endif
