/*
 * world_text - strings, time, digests and base64 for the world double.
 *
 * The doubles share no code with the product, so that a mistake of the
 * product's own string or time code can't hide in its judge.
 * Nothing here fails: without memory, or past a limit, the program aborts.
 */
#ifndef WORLD_TEXT_H
#define WORLD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A growing string. { 0 } is empty; text_free makes it so again. */
struct text {
	char *s;
	size_t len, cap;
};

/* Append formatted text, or n bytes. The result always ends with a NUL. */
void text_add(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void text_bytes(struct text *t, const void *p, size_t n);
void text_free(struct text *t);

/* The string itself, never NULL; it belongs to t. */
const char *text_str(const struct text *t);

/* A fresh formatted string. The caller frees it. */
char *text_make(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *text_copy(const char *s);

/* A whole file, or false. */
bool text_file(struct text *t, const char *path);

/*
 * Replace each ${NAME} by what find(NAME, arg) says; an unknown name (NULL)
 * aborts, for then a fixture and the program disagree. The caller frees.
 */
char *text_fill(const char *model,
    const char *(*find)(const char *name, void *arg), void *arg);

/* Seconds since 1970 with fractions; and as RFC 3339. */
double now(void);
char *time_rfc3339(double t);

/* The first n hex digits of SHA-256. The caller frees. */
char *digest_hex(const void *p, size_t len, size_t n);

/* Base64 with a line break each `width` characters (0: none). Free it. */
char *base64(const void *p, size_t len, size_t width);

/* n random characters of the alphabet that Kubernetes uses for names. */
char *random_suffix(size_t n);

/* Decode %XX in place (and '+' where plus is true). */
void percent_decode(char *s, bool plus);

/* An environment value or its default. */
const char *env_or(const char *name, const char *dflt);

#endif
