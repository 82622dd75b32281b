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
digest_keyed(const char *key, const char *text, struct buf *out)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n;

	/* it fails for lack of memory only */
	if (HMAC(EVP_sha256(), key, (int)strlen(key),
	    (const unsigned char *)text, strlen(text), md, &n) == NULL)
		abort();
	text_hex(out, md, n);
}
