/*
 * mem - see mem.h.
 */
#include "base/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {	/* of a pool's blocks: the first, and the largest ordinary one */
	BLOCK_BYTES = 8192,
	BLOCK_MAX = 256 * 1024,
};

struct block {
	struct block *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

struct pool {
	struct block *first;
};

static void
no_memory(void)
{
	fputs("out of memory\n", stderr);
	abort();
}

void *
mem_alloc(size_t n)
{
	void *p = calloc(1, n != 0 ? n : 1);

	if (p == NULL)
		no_memory();
	return p;
}

void *
mem_grow(void *p, size_t n)
{
	void *q = realloc(p, n != 0 ? n : 1);

	if (q == NULL)
		no_memory();
	return q;
}

char *
mem_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = mem_alloc(n);

	memcpy(p, s, n);
	return p;
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_wipe(void *p, size_t n)
{
	if (n != 0)
		explicit_bzero(p, n);
}

struct pool *
pool_new(void)
{
	return mem_alloc(sizeof(struct pool));
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	while (pool->first != NULL) {
		struct block *b = pool->first;

		pool->first = b->next;
		/* secrets live in pools too */
		mem_wipe(b->data, b->used);
		free(b);
	}
	free(pool);
}

/* n bytes that begin at a multiple of `align`. */
static void *
take(struct pool *pool, size_t n, size_t align)
{
	struct block *b = pool->first;
	size_t at = 0;

	assert(n < SIZE_MAX / 2);
	if (b != NULL)
		at = (b->used + align - 1) / align * align;
	if (b == NULL || at > b->size || b->size - at < n) {
		/* a large pool takes large blocks: there are fewer */
		size_t size = BLOCK_BYTES;

		if (b != NULL)
			size = b->size < BLOCK_MAX ? 2 * b->size : BLOCK_MAX;
		if (size < n)
			size = n;
		b = mem_alloc(sizeof *b + size);
		b->size = size;
		b->next = pool->first;
		pool->first = b;
		at = 0;
	}
	b->used = at + n;
	return b->data + at;
}

void *
pool_alloc(struct pool *pool, size_t n)
{
	/* no type of this size wants more */
	size_t align = n & -n;

	return take(pool, n, align == 0 || align > alignof(max_align_t) ?
	    alignof(max_align_t) : align);
}

char *
pool_strndup(struct pool *pool, const char *s, size_t n)
{
	char *p = take(pool, n + 1, 1);

	memcpy(p, s, n);
	return p;
}

char *
pool_strdup(struct pool *pool, const char *s)
{
	return s != NULL ? pool_strndup(pool, s, strlen(s)) : NULL;
}

char *
pool_printf(struct pool *pool, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	p = pool_alloc(pool, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

struct buf
buf_new(size_t limit)
{
	return (struct buf){ .limit = limit };
}

void
buf_free(struct buf *b)
{
	if (b->data != NULL)
		mem_wipe(b->data, b->cap);
	free(b->data);
	*b = buf_new(b->limit);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Make room for n more bytes and the NUL; n stays within the limit. */
static void
reserve(struct buf *b, size_t n)
{
	size_t want = b->len + n + 1, cap = b->cap < 32 ? 64 : b->cap * 2;
	char *old = b->data;

	if (want <= b->cap)
		return;
	if (cap < want)
		cap = want;
	/* not realloc: the old copy may hold a secret */
	b->data = mem_alloc(cap);
	if (old != NULL) {
		memcpy(b->data, old, b->len);
		mem_wipe(old, b->cap);
		free(old);
	}
	b->cap = cap;
}

void
buf_reserve(struct buf *b, size_t n)
{
	reserve(b, n < b->limit - b->len ? n : b->limit - b->len);
}

bool
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n > b->limit - b->len) {
		n = b->limit - b->len;
		b->full = true;
	}
	reserve(b, n);
	if (n != 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
	return !b->full;
}

bool
buf_puts(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

bool
buf_putc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	assert(n >= 0);
	room = b->limit - b->len;
	if ((size_t)n > room) {
		char *all = mem_alloc((size_t)n + 1);

		vsnprintf(all, (size_t)n + 1, fmt, again);
		buf_add(b, all, (size_t)n);
		mem_wipe(all, (size_t)n);
		free(all);
	} else {
		reserve(b, (size_t)n);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	return !b->full;
}

bool
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return ok;
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

bool
buf_check(const struct buf *b, const char *what, struct err *e)
{
	if (!b->full)
		return true;
	return err_set(e, ERR_OTHER, "%s is larger than %zu bytes", what,
	    b->limit);
}
