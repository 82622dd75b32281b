/*
 * digest - keyed hashes (the only user of libcrypto but for TLS).
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

struct buf;

/*
 * HMAC-SHA-256 in lower-case hexadecimal, 64 characters: two texts have the
 * same one if they are the same, and it says nothing of them to whoever
 * lacks the key.
 */
void digest_keyed(const char *key, const char *text, struct buf *);

#endif
