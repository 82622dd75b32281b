/*
 * digest - hashes, keyed or not (the only user of libcrypto but for TLS).
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

struct buf;

enum { DIGEST_SIZE = 32 };	/* bytes of a SHA-256 */

/* SHA-256 in lower-case hexadecimal, 64 characters. */
void digest_sha256(const void *, size_t, struct buf *);
/* HMAC-SHA-256 of a text; the key may lie where the result goes. */
void digest_hmac(const void *key, size_t, const char *text,
    unsigned char md[DIGEST_SIZE]);

/*
 * HMAC-SHA-256 in lower-case hexadecimal, 64 characters: two texts have the
 * same one if they are the same, and it says nothing of them to whoever
 * lacks the key.
 */
void digest_keyed(const char *key, const char *text, struct buf *);

/* SHA-256 of a stream, however it is cut. */
struct digest;
struct digest *digest_new(void);
void digest_add(struct digest *, const void *, size_t);
/* Append it in the same form; the digest is gone. NULL, NULL is fine. */
void digest_end(struct digest *, struct buf *);

#endif
