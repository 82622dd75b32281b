/*
 * digitalocean - clusters that DigitalOcean manages: logins for those of
 * Kubernetes; who may connect to those of databases, and MongoDB's users.
 * (Its name servers: dnshost.h.)
 *
 * What it gives belongs to the handle. Kinds: ERR_NOT_FOUND: the account has
 * no such cluster; ERR_DENIED: the token is refused, or lacks a scope;
 * ERR_NETWORK, ERR_TIMEOUT. Its rate limits are waited out (net/http.h).
 */
#ifndef API_DIGITALOCEAN_H
#define API_DIGITALOCEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct digitalocean;

struct http;

struct digitalocean_open {
	const char *token;
	const char *input;		/* it came by, for errors; NULL:
					 * digitalocean-token */
	struct http *http;		/* which outlives the handle; NULL:
					 * one of its own, by ca_file and
					 * dns_servers */
	const char *api;		/* NULL: the company's own address */
	const char *ca_file;		/* NULL: the system's store */
	const char *dns_servers;	/* NULL: the system's */
};

struct digitalocean *digitalocean_open(const struct digitalocean_open *,
    struct err *) MUST_CHECK;
void digitalocean_close(struct digitalocean *);

/* For input tables: a cluster's id, a UUID. */
bool digitalocean_check_id(const char *, struct err *);

/* A cluster's address, roots as PEM, and either a token or, of a cluster of
 * the old kind, a client certificate with its key; the others are NULL. */
struct digitalocean_login {
	const char *server, *ca_pem, *token, *cert_pem, *key_pem;
};

/*
 * Make a login that ends after so many seconds. It may do all that the
 * account's owner may, so that a service account's token is better where
 * there is one. Token and key are masked.
 */
bool digitalocean_find_login(struct digitalocean *, const char *cluster_id,
    long seconds, struct digitalocean_login *, struct err *) MUST_CHECK;

/* One trusted source of a database cluster. */
struct digitalocean_rule {
	const char *type;		/* ip_addr, k8s, droplet, tag, app */
	const char *value;
	const char *description;	/* or NULL */
};
struct digitalocean_rules {
	const struct digitalocean_rule *v;
	size_t n;			/* 0: everybody may connect */
};

bool digitalocean_find_rules(struct digitalocean *, const char *database_id,
    struct digitalocean_rules *, struct err *) MUST_CHECK;
/*
 * Have a rule of this type and value in the list, or none; all others stay,
 * also those that somebody else adds at the same moment. What is so already
 * is left alone. ERR_CONFLICT: the list is empty, so that a first rule would
 * lock everybody else out. ERR_HAND: the rule is the last one, without which
 * everybody could connect.
 */
bool digitalocean_add_rule(struct digitalocean *, const char *database_id,
    const struct digitalocean_rule *, struct err *) MUST_CHECK;
bool digitalocean_remove_rule(struct digitalocean *, const char *database_id,
    const struct digitalocean_rule *, struct err *) MUST_CHECK;

/* A user of a MongoDB cluster; what he may do never changes. */
struct digitalocean_user {
	const char *name;
	const char *role;		/* readOnly, readWrite or dbAdmin;
					 * NULL: he may do everything */
	const char *const *databases;	/* NULL-ended; "admin" is all */
};
struct digitalocean_users {
	const struct digitalocean_user *v;
	size_t n;
};
bool digitalocean_find_users(struct digitalocean *, const char *database_id,
    struct digitalocean_users *, struct err *) MUST_CHECK;
/*
 * The company makes the password and tells it only now; it is masked. NULL:
 * not to this token, and so to nobody. If the call fails, the user may be
 * there all the same. ERR_OTHER: also when there is one of this name.
 */
bool digitalocean_make_user(struct digitalocean *, const char *database_id,
    const struct digitalocean_user *, const char **password, struct err *)
    MUST_CHECK;
/* One that is not there is fine. */
bool digitalocean_drop_user(struct digitalocean *, const char *database_id,
    const char *name, struct err *) MUST_CHECK;

#endif
