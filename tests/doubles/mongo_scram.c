/*
 * mongo_scram - the server's half of SCRAM-SHA-1 and SCRAM-SHA-256.
 */
#include "mongo_scram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

enum {
	NONCE_BYTES = 24,
	DIGEST_HEX = 33		/* MD5 in hex, and the NUL */
};

static const struct {
	const EVP_MD *(*md)(void);
	size_t key_len, salt_len;
	int iterations;		/* MongoDB's defaults */
} kinds[MECHS] = {
	[MECH_SHA1] = { .md = EVP_sha1, .key_len = 20, .salt_len = 16,
	    .iterations = 10000 },
	[MECH_SHA256] = { .md = EVP_sha256, .key_len = 32, .salt_len = 28,
	    .iterations = 15000 },
};

const char *const mech_names[MECHS] = {
	[MECH_SHA1] = "SCRAM-SHA-1",
	[MECH_SHA256] = "SCRAM-SHA-256",
};

int
mech_find(const char *name)
{
	for (int i = 0; i < MECHS; i++) {
		if (strcmp(name, mech_names[i]) == 0)
			return i;
	}
	return -1;
}

static void
hmac(enum mech mech, const unsigned char *key, const char *text, size_t n,
    unsigned char *out)
{
	unsigned int len = SCRAM_KEY_MAX;

	if (HMAC(kinds[mech].md(), key, (int)kinds[mech].key_len,
	    (const unsigned char *)text, n, out, &len) == NULL)
		abort();
}

static void
hash(enum mech mech, const unsigned char *in, size_t n, unsigned char *out)
{
	unsigned int len = SCRAM_KEY_MAX;

	if (EVP_Digest(in, n, out, &len, kinds[mech].md(), NULL) != 1)
		abort();
}

/* Hex MD5 of "user:mongo:password": what SHA-1 takes for the password. */
static void
digest_password(const char *user, const char *password, char hex[DIGEST_HEX])
{
	unsigned char md5[EVP_MAX_MD_SIZE];
	unsigned int len = sizeof(md5);
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c == NULL || EVP_DigestInit_ex(c, EVP_md5(), NULL) != 1
	    || EVP_DigestUpdate(c, user, strlen(user)) != 1
	    || EVP_DigestUpdate(c, ":mongo:", 7) != 1
	    || EVP_DigestUpdate(c, password, strlen(password)) != 1
	    || EVP_DigestFinal_ex(c, md5, &len) != 1)
		abort();
	EVP_MD_CTX_free(c);
	for (unsigned int i = 0; i < len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", md5[i]);
}

void
credential_make(enum mech mech, const char *user, const char *password,
    struct credential *out)
{
	char hex[DIGEST_HEX];
	unsigned char salted[SCRAM_KEY_MAX], client[SCRAM_KEY_MAX];
	size_t len = kinds[mech].key_len;

	if (mech == MECH_SHA1) {
		digest_password(user, password, hex);
		password = hex;
	}
	*out = (struct credential){ .set = true,
	    .iterations = kinds[mech].iterations,
	    .salt_len = kinds[mech].salt_len };
	if (RAND_bytes(out->salt, (int)out->salt_len) != 1
	    || PKCS5_PBKDF2_HMAC(password, (int)strlen(password), out->salt,
	    (int)out->salt_len, out->iterations, kinds[mech].md(), (int)len,
	    salted) != 1)
		abort();
	hmac(mech, salted, "Client Key", 10, client);
	hash(mech, client, len, out->stored);
	hmac(mech, salted, "Server Key", 10, out->server);
}

/* Copy a payload into a text; false when too long or with a NUL in it. */
static bool
to_text(const char *payload, size_t n, char *out)
{
	if (n >= SCRAM_TEXT_MAX || memchr(payload, '\0', n) != NULL)
		return false;
	memcpy(out, payload, n);
	out[n] = '\0';
	return true;
}

/* The value of "k=..." in a comma separated message, or NULL. */
static const char *
attribute(const char *msg, char key, size_t *n)
{
	for (const char *p = msg; *p != '\0';) {
		size_t len = strcspn(p, ",");

		if (len >= 2 && p[0] == key && p[1] == '=') {
			*n = len - 2;
			return p + 2;
		}
		p += len;
		if (*p == ',')
			p++;
	}
	return NULL;
}

/* The message without its "n,," header, or NULL. */
static const char *
skip_header(const char *msg)
{
	/* 'y' would be a client that could bind to the channel; we can't. */
	if ((msg[0] != 'n' && msg[0] != 'y') || msg[1] != ',')
		return NULL;
	msg = strchr(msg + 2, ',');
	return msg != NULL ? msg + 1 : NULL;
}

bool
scram_user(const char *payload, size_t n, char *user, size_t max)
{
	char text[SCRAM_TEXT_MAX];
	const char *bare, *name;
	size_t len, out = 0;

	if (!to_text(payload, n, text))
		return false;
	bare = skip_header(text);
	name = bare != NULL ? attribute(bare, 'n', &len) : NULL;
	if (name == NULL || len >= max)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (c == '=') {
			if (strncmp(name + i, "=2C", 3) == 0)
				c = ',';
			else if (strncmp(name + i, "=3D", 3) == 0)
				c = '=';
			else
				return false;
			i += 2;
		}
		user[out++] = c;
	}
	user[out] = '\0';
	return out > 0;
}

bool
scram_first(struct scram *s, enum mech mech, const struct credential *cred,
    const char *payload, size_t n, char *reply)
{
	char text[SCRAM_TEXT_MAX], b64[4 * NONCE_BYTES];
	unsigned char random[NONCE_BYTES];
	const char *bare, *nonce;
	size_t len;
	int wrote;

	if (!to_text(payload, n, text))
		return false;
	bare = skip_header(text);
	nonce = bare != NULL ? attribute(bare, 'r', &len) : NULL;
	if (nonce == NULL || len == 0)
		return false;
	if (RAND_bytes(random, sizeof(random)) != 1)
		abort();
	EVP_EncodeBlock((unsigned char *)b64, random, sizeof(random));
	s->mech = mech;
	s->cred = *cred;
	(void)snprintf(s->first_bare, sizeof(s->first_bare), "%s", bare);
	wrote = snprintf(s->nonce, sizeof(s->nonce), "%.*s%s", (int)len,
	    nonce, b64);
	if (wrote < 0 || (size_t)wrote >= sizeof(s->nonce) / 2)
		return false;
	EVP_EncodeBlock((unsigned char *)b64, cred->salt, (int)cred->salt_len);
	(void)snprintf(s->server_first, sizeof(s->server_first),
	    "r=%.512s,s=%s,i=%d", s->nonce, b64, cred->iterations);
	(void)snprintf(reply, SCRAM_TEXT_MAX, "%s", s->server_first);
	return true;
}

/* Whether the base64 proof belongs to the stored key. */
static bool
check_proof(const struct scram *s, const char *auth, size_t n,
    const char *proof, size_t proof_len)
{
	unsigned char given[SCRAM_TEXT_MAX], sig[SCRAM_KEY_MAX];
	unsigned char client[SCRAM_KEY_MAX] = { 0 }, stored[SCRAM_KEY_MAX];
	size_t len = kinds[s->mech].key_len;
	int pad = 0;
	int got = EVP_DecodeBlock(given, (const unsigned char *)proof,
	    (int)proof_len);

	while (pad < 2 && (size_t)pad < proof_len
	    && proof[proof_len - 1 - (size_t)pad] == '=')
		pad++;
	if (got < 0 || (size_t)(got - pad) != len)
		return false;
	hmac(s->mech, s->cred.stored, auth, n, sig);
	for (size_t i = 0; i < len; i++)
		client[i] = given[i] ^ sig[i];
	hash(s->mech, client, len, stored);
	return CRYPTO_memcmp(stored, s->cred.stored, len) == 0;
}

bool
scram_final(struct scram *s, const char *payload, size_t n, char *reply)
{
	char text[SCRAM_TEXT_MAX], auth[3 * SCRAM_TEXT_MAX];
	char b64[2 * SCRAM_KEY_MAX];
	unsigned char sig[SCRAM_KEY_MAX];
	const char *nonce, *proof;
	size_t nonce_len, proof_len;
	int len;

	if (s->nonce[0] == '\0' || !to_text(payload, n, text))
		return false;
	nonce = attribute(text, 'r', &nonce_len);
	proof = attribute(text, 'p', &proof_len);
	if (nonce == NULL || proof == NULL || proof_len == 0
	    || nonce_len != strlen(s->nonce)
	    || memcmp(nonce, s->nonce, nonce_len) != 0)
		return false;
	/* Everything before ",p=" is what the proof signs. */
	len = snprintf(auth, sizeof(auth), "%s,%s,%.*s", s->first_bare,
	    s->server_first, (int)(proof - text - 3), text);
	if (len < 0 || !check_proof(s, auth, (size_t)len, proof, proof_len))
		return false;
	hmac(s->mech, s->cred.server, auth, (size_t)len, sig);
	EVP_EncodeBlock((unsigned char *)b64, sig,
	    (int)kinds[s->mech].key_len);
	(void)snprintf(reply, SCRAM_TEXT_MAX, "v=%s", b64);
	s->nonce[0] = '\0';
	return true;
}
