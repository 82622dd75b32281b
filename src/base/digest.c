/*
 * digest - see digest.h.
 */
#include "base/digest.h"

#include <stdlib.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/mem.h"
#include "base/text.h"

void
digest_sha256(const void *p, size_t n, unsigned char out[DIGEST_SHA256])
{
	if (EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

void
digest_hmac_sha256(const void *key, size_t keylen, const void *p, size_t n,
    unsigned char out[DIGEST_SHA256])
{
	if (HMAC(EVP_sha256(), key, (int)keylen, p, n, out, NULL) == NULL)
		abort();
}

void
digest_sha256_hex(struct buf *b, const void *p, size_t n)
{
	unsigned char d[DIGEST_SHA256];

	digest_sha256(p, n, d);
	text_hex(b, d, sizeof d);
}

void
digest_random_hex(struct buf *b, size_t n)
{
	while (n > 0) {
		unsigned char r[32];
		size_t part = n < sizeof r ? n : sizeof r;

		if (getrandom(r, part, 0) != (ssize_t)part)
			abort();
		text_hex(b, r, part);
		n -= part;
	}
}
