/*
 * unmapped - settings that no key of config.yml carries.
 *
 * Tutor's templates have a key for some settings only. What an operator gave
 * the old side beyond them (the TLS of MySQL, a second database, a time to
 * keep connections, SAML's keys) stood in a patch, and is lost where nobody
 * writes that patch again: a MySQL that takes TLS only is out of reach
 * without its OPTIONS.ssl. This table says which settings those are, what of
 * them is stock and means nothing, and where a patch for them belongs.
 */
#ifndef EDX_UNMAPPED_H
#define EDX_UNMAPPED_H

#include <stdbool.h>
#include <stddef.h>

struct json;
struct pool;
struct pysettings;

enum unmapped_how {
	UNMAPPED_CARRIED,	/* a key carries it, or it is made from some */
	UNMAPPED_PATCH,		/* Python, with the settings of both sides */
	UNMAPPED_LATE,		/* Python, behind what plugins set */
	UNMAPPED_HOSTS,		/* Python: hosts more than the stock list */
	UNMAPPED_AUTH,		/* YAML: edx-platform reads it at its start */
};

struct unmapped_row {
	const char *path;	/* a part may be or end with *, for any key */
	enum unmapped_how how;
	const char *stock;	/* JSON: this value means nothing; NULL: an
				 * empty one and null do */
	bool bucket;		/* counts where uploads are in a bucket */
};

/* The row of a setting such as "DATABASES.default.OPTIONS.ssl"; NULL: the
 * table says nothing of it. */
const struct unmapped_row *unmapped_find(const char *path);

/*
 * All of them that LMS and Studio have, for the settings file: an array of
 *
 *   { "path": "DATABASES.default.CONN_MAX_AGE", "lms": 60, "cms": 60 }
 *
 * without the side that has it not, or has the stock value. What can't be
 * read, or differs between its places, has "why" and no value. bucket: are
 * uploads in one. Free with json_free.
 */
struct json *unmapped_read(struct pool *, const struct pysettings *lms,
    const struct pysettings *cms, bool bucket);

/* Never print the secrets of that array from now on. */
void unmapped_mask(const struct json *);

#endif
