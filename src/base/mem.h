/*
 * mem - memory that is freed together, and strings that know their limit.
 *
 * A pool hands out memory that lives until the pool is freed: what a handle
 * gives you lies in the handle's pool. A buf grows up to a limit given at its
 * start; what does not fit is dropped and remembered, so that a caller can
 * build a text and ask once. No memory: the program ends.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *);		/* NULL is fine */
void *pool_alloc(struct pool *, size_t);	/* zeroed, aligned */
char *pool_strdup(struct pool *, const char *);	/* NULL gives NULL */
char *pool_strndup(struct pool *, const char *, size_t);
char *pool_printf(struct pool *, const char *, ...) PRINTF(2, 3);

/* Memory outside a pool, for what must be freed early. Free with mem_free. */
void *mem_alloc(size_t);		/* zeroed */
void *mem_grow(void *, size_t);
char *mem_strdup(const char *);
void mem_free(void *);
/* Overwrite a secret before its memory goes back. */
void mem_wipe(void *, size_t);

struct buf {
	char *data;	/* always ends in NUL once something was added */
	size_t len;	/* without the NUL */
	size_t cap;
	size_t limit;	/* most bytes it takes */
	bool full;	/* something did not fit */
};

/* An empty buffer of at most `limit` bytes; nothing is allocated yet. */
struct buf buf_new(size_t limit);
void buf_free(struct buf *);
void buf_clear(struct buf *);		/* empty, keeps its memory */
/* Memory for n more bytes now, within the limit: so much is about to come. */
void buf_reserve(struct buf *, size_t n);
/* Each returns false, and sets full, when the rest did not fit. */
bool buf_add(struct buf *, const void *, size_t);
bool buf_puts(struct buf *, const char *);
bool buf_putc(struct buf *, char);
bool buf_printf(struct buf *, const char *, ...) PRINTF(2, 3);
bool buf_vprintf(struct buf *, const char *, va_list) PRINTF(2, 0);
const char *buf_str(const struct buf *);	/* never NULL */
/* ERR_OTHER "<what> is larger than <limit> bytes" if something was lost. */
bool buf_check(const struct buf *, const char *what, struct err *) MUST_CHECK;

#endif
