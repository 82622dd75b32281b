/*
 * digest - see digest.h.
 */
#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/text.h"

void
digest_sha256(const void *data, size_t n, struct buf *out)
{
	unsigned char md[DIGEST_SIZE];

	/* it fails for lack of memory only */
	if (EVP_Digest(data, n, md, NULL, EVP_sha256(), NULL) != 1)
		abort();
	text_hex(out, md, sizeof(md));
}

void
digest_hmac(const void *key, size_t n, const char *text,
    unsigned char md[DIGEST_SIZE])
{
	unsigned char out[EVP_MAX_MD_SIZE];

	if (HMAC(EVP_sha256(), key, (int)n, (const unsigned char *)text,
	    strlen(text), out, NULL) == NULL)
		abort();
	memcpy(md, out, DIGEST_SIZE);
}

void
digest_keyed(const char *key, const char *text, struct buf *out)
{
	unsigned char md[DIGEST_SIZE];

	digest_hmac(key, strlen(key), text, md);
	text_hex(out, md, sizeof(md));
}
