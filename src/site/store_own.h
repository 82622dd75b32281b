/*
 * store_own - what a kind of store must do; for store.c and the files that
 * are kinds.
 */
#ifndef SITE_STORE_OWN_H
#define SITE_STORE_OWN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pool;
struct stored_list;

/* Each `void *` is the kind's own: of the store, of a writer, of a reader. */
struct store_kind {
	const char *scheme;	/* what its URLs begin with */
	void *(*open)(const char *rest, struct err *);
	void (*close)(void *);
	void *(*create)(void *, const char *name, struct err *);
	bool (*append)(void *, const void *, size_t, struct err *);
	/* both free the writer, whatever comes of it */
	bool (*finish)(void *, struct err *);
	void (*abort)(void *);
	void *(*read)(void *, const char *name, struct err *);
	bool (*next)(void *, void *, size_t room, size_t *n, struct err *);
	void (*end)(void *);
	bool (*list)(void *, struct pool *, const char *folder,
	    struct stored_list *, struct err *);
	bool (*remove)(void *, const char *name, struct err *);
	bool (*sweep)(void *, const char *folder, size_t *n, struct err *);
};

extern const struct store_kind store_dir, store_s3;

/* What the inputs say of a bucket; NULL: not given. */
struct store_login {
	const char *endpoint, *region, *key_id, *secret;
};
const struct store_login *store_login(void);

#endif
