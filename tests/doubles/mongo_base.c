/*
 * mongo_base - memory and text for the MongoDB double.
 */
#include "mongo_base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
mem_new(size_t n)
{
	void *p = calloc(1, n > 0 ? n : 1);

	if (p == NULL)
		abort();
	return p;
}

void *
mem_room(void *v, size_t n, size_t size)
{
	size_t cap;
	void *p;

	/* Full exactly when n is 0 or a power of two. */
	if ((n & (n - 1)) != 0)
		return v;
	cap = n == 0 ? 1 : 2 * n;
	p = realloc(v, cap * size);
	if (p == NULL)
		abort();
	return p;
}

char *
mem_str(const char *s)
{
	char *p;

	if (s == NULL)
		return NULL;
	p = strdup(s);
	if (p == NULL)
		abort();
	return p;
}

char *
mem_fmt(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	return p;
}

bool
str_eq(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
str_eqn(const char *s, size_t n, const char *want)
{
	return strlen(want) == n && memcmp(s, want, n) == 0;
}
