/*
 * compare - the settings of the old side and of the new one, key by key.
 *
 * All settings that either side sets are compared, the LMS's and Studio's.
 * A difference is explained where the migration means it (the temporary
 * hosts, caches and queues of its own), or where it is known to be harmless
 * between these releases: one table, in compare_known.c. What can't be read
 * is said so and never taken for equal. Texts are compared by a hash with a
 * key of the run, and shown only where a name says that they are no secret.
 */
#ifndef EDX_COMPARE_H
#define EDX_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

struct pool;
struct pysettings;

enum compare_group {
	COMPARE_DATABASES,
	COMPARE_STORAGE,
	COMPARE_AUTH,
	COMPARE_OAUTH,
	COMPARE_LTI,
	COMPARE_SAML,
	COMPARE_THIRD_PARTY,
	COMPARE_EMAIL,
	COMPARE_FEATURES,
	COMPARE_HOSTS,
	COMPARE_OTHER,
	COMPARE_GROUPS,
};

/* "databases"; may a difference in it cost data, or logins? */
const char *compare_group_name(enum compare_group);
bool compare_is_critical(enum compare_group);

enum compare_verdict {
	COMPARE_DIFFERENT,
	COMPARE_UNREADABLE,	/* on one side, or on both */
	COMPARE_EXPLAINED,
	COMPARE_EQUAL,
};

struct compare_side {
	const struct pysettings *lms, *cms;
	int major;			/* Tutor's; 0: unknown */
	const char *forum_database;	/* of the Ruby forum, or NULL */
};

struct compare {
	struct compare_side old, now;
	bool final_hosts;		/* the new side's are the final ones */
	const char *const *accepted;	/* paths with *, NULL-ended */
	const char *key;		/* random, for the hashes */
};

struct compared {
	const char *path;	/* "DATABASES.default.HOST"; of a list's item
				 * "ALLOWED_HOSTS[]" */
	const char *where;	/* "LMS", "Studio", "both" */
	enum compare_group group;
	enum compare_verdict verdict;
	const char *old, *now;	/* as anybody may see them; NULL if equal */
	const char *why;	/* of an explained one; what would help; or
				 * the statement that can't be read; or NULL */
};

/* Sorted by group, verdict and path; *n of them, in the pool. */
const struct compared *compare_settings(struct pool *,
    const struct compare *, size_t *n);
/* The names of all settings that a side sets, with commas between them, as
 * running_ask takes them; in the pool. */
const char *compare_names(struct pool *, const struct compare *);

#endif
