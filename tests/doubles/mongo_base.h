/*
 * mongo_base - memory and text for the MongoDB double.
 *
 * Everything aborts when memory is gone: a test server has nothing better
 * to do. What a function returns belongs to the caller, who frees it with
 * free().
 */
#ifndef DOUBLES_MONGO_BASE_H
#define DOUBLES_MONGO_BASE_H

#include <stdbool.h>
#include <stddef.h>

/* n zeroed bytes. */
void *
mem_new(size_t n);

/*
 * Room for one more element in an array of n elements of the given size:
 * returns the array, moved when it was full. The capacity is always the
 * next power of two, so that it need not be stored.
 */
void *
mem_room(void *v, size_t n, size_t size);

/* A copy of s; NULL gives NULL. */
char *
mem_str(const char *s);

/* A text made as printf would. */
__attribute__((format(printf, 1, 2))) char *
mem_fmt(const char *fmt, ...);

/* Whether both are there and the same. */
bool
str_eq(const char *a, const char *b);

/* Whether the first n bytes of s are exactly the text of want. */
bool
str_eqn(const char *s, size_t n, const char *want);

#endif
