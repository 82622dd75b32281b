/*
 * digest - hashes, HMAC and random bytes (the only user of libcrypto in base).
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>

struct buf;

enum { DIGEST_SHA256 = 32 };

void digest_sha256(const void *, size_t, unsigned char out[DIGEST_SHA256]);
void digest_hmac_sha256(const void *key, size_t keylen, const void *, size_t,
    unsigned char out[DIGEST_SHA256]);
/* Lower-case hexadecimal SHA-256, appended. */
void digest_sha256_hex(struct buf *, const void *, size_t);
/* n random bytes as 2n hexadecimal digits, appended. No entropy: it ends. */
void digest_random_hex(struct buf *, size_t n);

#endif
