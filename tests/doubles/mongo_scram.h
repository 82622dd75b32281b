/*
 * mongo_scram - the server's half of SCRAM-SHA-1 and SCRAM-SHA-256, as
 * MongoDB speaks them (RFC 5802 and 7677; with SHA-1 the password is the hex
 * MD5 of "user:mongo:password").
 */
#ifndef DOUBLES_MONGO_SCRAM_H
#define DOUBLES_MONGO_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

enum mech { MECH_SHA1, MECH_SHA256, MECHS };

enum {
	SCRAM_KEY_MAX = 32,	/* SHA-256 */
	SCRAM_SALT_MAX = 28,	/* what MongoDB uses with SHA-256 */
	SCRAM_TEXT_MAX = 1024	/* longest message of a conversation */
};

/* What a server keeps of a password. */
struct credential {
	bool set;
	int iterations;
	size_t salt_len;
	unsigned char salt[SCRAM_SALT_MAX];
	unsigned char stored[SCRAM_KEY_MAX];
	unsigned char server[SCRAM_KEY_MAX];
};

/* One conversation; zeroed = none. */
struct scram {
	enum mech mech;
	struct credential cred;
	char first_bare[SCRAM_TEXT_MAX];
	char server_first[SCRAM_TEXT_MAX];
	char nonce[SCRAM_TEXT_MAX];
};

extern const char *const mech_names[MECHS];

/* Index of a mechanism's name, or -1. */
int
mech_find(const char *name);

/* Make what a server keeps of this password, with a fresh salt. */
void
credential_make(enum mech mech, const char *user, const char *password,
    struct credential *out);

/*
 * The user of a client's first message (payload of saslStart), decoded.
 * False when the message is not one.
 */
bool
scram_user(const char *payload, size_t n, char *user, size_t max);

/*
 * Answer the first message. The reply has room for SCRAM_TEXT_MAX.
 * False when the message is malformed.
 */
bool
scram_first(struct scram *s, enum mech mech, const struct credential *cred,
    const char *payload, size_t n, char *reply);

/* Answer the second one. False: malformed, or the proof is wrong. */
bool
scram_final(struct scram *s, const char *payload, size_t n, char *reply);

#endif
