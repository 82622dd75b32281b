/*
 * theming - what a config.yml says of the site's look: the repositories that
 * a build fetches, and what is known to go wrong on the new side.
 */
#ifndef EDX_THEMING_H
#define EDX_THEMING_H

struct buf;
struct pool;
struct yaml;

struct theme {
	const char *key;	/* that names it */
	const char *url, *ref;	/* ref: a branch, tag or commit */
};

/* The repositories, up to one without url; in the pool. What a template
 * makes is left out. */
const struct theme *theming_repositories(struct pool *, const struct yaml *);
/* Append what a person must look at, a line each. `now` is the new file. */
void theming_pitfalls(const struct yaml *now, const struct yaml *old,
    struct buf *out);

#endif
