/*
 * err - what went wrong, in words for a person and a kind for a program.
 *
 * An error is made once, where it happens, with the name of the object; each
 * caller may put context before it; the step framework prints it once. The
 * caller owns the struct (usually on the stack of main), so making an error
 * can't fail. Success leaves the struct alone.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Only what some caller acts on. */
enum err_kind {
	ERR_OTHER,
	ERR_INPUT,	/* a person gave something wrong: exit 2 */
	ERR_NOT_FOUND,	/* the object does not exist */
	ERR_DENIED,	/* not logged in, or a right is missing */
	ERR_CONFLICT,	/* somebody changed it meanwhile, or it exists */
	ERR_TIMEOUT,	/* the deadline came first */
	ERR_NETWORK,	/* no answer: the request may or may not have acted */
	ERR_HAND,	/* only a person can mend it: status needs-hand */
};

enum { ERR_TEXT_MAX = 2048 };

struct err {
	enum err_kind kind;
	char text[ERR_TEXT_MAX];	/* cut at a character's boundary */
};

/* Make an error. Always false, so that `return err_set(...)` reads well. */
bool err_set(struct err *, enum err_kind, const char *, ...) PRINTF(3, 4);

/* Put "<context>: " before the text. Always false; the kind stays. */
bool err_within(struct err *, const char *, ...) PRINTF(2, 3);

#endif
