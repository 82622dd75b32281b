/*
 * objectbackup_own - what objectbackup's files share: the work, one object on
 * its way, and where copies lie.
 */
#ifndef SITE_OBJECTBACKUP_OWN_H
#define SITE_OBJECTBACKUP_OWN_H

#include "base/mem.h"
#include "site/objectbackup.h"
#include "site/store.h"

struct http_many;

/* A bucket's objects in order, page by page. */
struct objectwalk {
	struct s3 *s;
	const char *prefix;
	struct pool *p;
	struct s3_page page;
	size_t i;
	bool begun;
};
/* The next, in the walk's own memory until then; *o NULL: there is none. */
bool objectwalk_next(struct objectwalk *, const struct s3_object **o,
    struct err *);
void objectwalk_end(struct objectwalk *);

struct objectbackup {
	struct http *http;
	struct pool *p;
	const struct objectbackup_source *source;
	struct s3 *from, *to;		/* to NULL: a folder */
	struct store *store;
	const char *folder;		/* in the store */
	const char *to_prefix;		/* of keys in the bucket */
	bool by_service;
	struct http_many *many;
	long long held;			/* bytes of objects in our memory */
	struct item *large;		/* those that are copied alone */
	bool failed;
	struct err why;
};

struct item {
	struct objectbackup *b;
	struct pool *p;
	struct s3_object o;
	struct item *next;
	char *body;
	size_t body_len;
	const char *const *headers;
};

/* Is a copy of it there? For a bucket `there` is the walk of the copies, for
 * a folder the list. */
struct objectcopies {
	struct objectwalk walk;
	const struct s3_object *at;
	bool ended;
	struct pool *p;
	struct stored_list list;
};
bool objectcopies_begin(struct objectbackup *, struct objectcopies *,
    struct err *);
bool objectcopies_find(struct objectbackup *, struct objectcopies *,
    const struct s3_object *, bool *there, struct err *);
void objectcopies_end(struct objectcopies *);

/* Begin to copy; or put off what is large until objectcopy_large. */
void objectcopy_begin(struct objectbackup *, const struct s3_object *);
/* May another be begun? */
bool objectcopy_room(const struct objectbackup *, const struct s3_object *);
/* Those that were put off; none of them, and false, after a failure. */
bool objectcopy_large(struct objectbackup *, struct err *);

/* In a folder: an object and what went along with it. */
bool objectfile_save(struct objectbackup *, const struct s3_object *,
    const char *const *headers, const char *body, size_t, struct err *);
bool objectfile_save_large(struct objectbackup *, const struct s3_object *,
    struct err *);
bool objectfile_find(struct objectbackup *, const struct stored_list *,
    const struct s3_object *, bool *there, struct err *);

#endif
