/*
 * digest - see digest.h.
 */
#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/mem.h"
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

struct digest {
	EVP_MD_CTX *context;
};

struct digest *
digest_new(void)
{
	struct digest *d = mem_alloc(sizeof *d);

	d->context = EVP_MD_CTX_new();
	if (d->context == NULL
	    || EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1)
		abort();
	return d;
}

void
digest_add(struct digest *d, const void *p, size_t n)
{
	if (EVP_DigestUpdate(d->context, p, n) != 1)
		abort();
}

void
digest_end(struct digest *d, struct buf *out)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n;

	if (d == NULL)
		return;
	if (EVP_DigestFinal_ex(d->context, md, &n) != 1)
		abort();
	if (out != NULL)
		text_hex(out, md, n);
	EVP_MD_CTX_free(d->context);
	mem_free(d);
}
