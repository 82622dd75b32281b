/*
 * compare_known - which differences are known, and what each setting is
 * about: the tables of edx/compare.
 */
#ifndef EDX_COMPARE_KNOWN_H
#define EDX_COMPARE_KNOWN_H

#include <stdbool.h>

#include "edx/compare.h"

/* Words of a row for what is no text of its own. */
#define KNOWN_ABSENT "(not set)"
#define KNOWN_PREVIEW "(the preview host)"

/* A known difference. The first row that fits counts. */
struct known {
	const char *path;	/* * stands for any characters */
	const char *old, *now;	/* NULL: whatever is there */
	int old_from, old_to;	/* majors of the old release */
	int new_from, new_to;
	const char *why;
	bool remedy;		/* it is not harmless; why says what helps */
	bool unreadable;	/* both sides have the same statement */
};

struct known_question {
	const char *path, *old, *now;	/* values as words */
	int old_major, new_major;
	const char *preview;		/* the old side's, or NULL */
	bool unreadable;
};
const struct known *known_find(const struct known_question *);

/* Another name of a setting that says the same. */
struct known_name {
	const char *path, *same;	/* both end alike, or are whole */
	int from, to;			/* majors that use this name */
	const char *why;
};
/* The i-th; NULL past the end. */
const struct known_name *known_name(int i);

enum compare_group known_group(const char *path);
/* May everybody see this setting's text? */
bool known_is_plain(const char *path);
/* * in the pattern stands for any characters. */
bool known_fits(const char *pattern, const char *path);

#endif
