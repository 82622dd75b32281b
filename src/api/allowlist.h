/*
 * allowlist - who may connect to a managed database, by the list that its
 * company keeps: DigitalOcean's trusted sources, the access list of an Atlas
 * project, the inbound rules of an AWS security group.
 *
 * A source is written the same way for all of them:
 *	203.0.113.7/32	an IPv4 address or network
 *	bd5f5959-...	a Kubernetes cluster of the same DigitalOcean account
 *	sg-0123...	an AWS security group
 * What others put into a list and we can't write ourselves is shown as
 * "tag backend". Kinds of error: ERR_INPUT: this company can't let in such a
 * source; ERR_DENIED, ERR_NOT_FOUND (the database), ERR_NETWORK,
 * ERR_TIMEOUT; and those that a call names.
 */
#ifndef API_ALLOWLIST_H
#define API_ALLOWLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/err.h"

struct allowlist;
struct pool;

/* One list. */
struct allowlist_place {
	const char *company;	/* digitalocean, atlas or aws */
	const char *id;		/* of the database cluster, the project or
				 * the security group */
	long port;		/* aws: that the database listens on */
};

/* How one logs in there; what its company does not need may be NULL. */
struct allowlist_login {
	const char *digitalocean_token;
	const char *atlas_client_id, *atlas_client_secret;
	const char *atlas_public_key, *atlas_private_key;
	const char *aws_key_id, *aws_secret, *aws_token, *aws_region;
	const char *digitalocean_api, *atlas_api, *aws_api; /* NULL: the
				 * company's own address */
	const char *ca_file, *dns_servers;	/* NULL: the system's */
};

struct allowlist *allowlist_open(const struct allowlist_place *,
    const struct allowlist_login *, struct err *) MUST_CHECK;
void allowlist_close(struct allowlist *);	/* NULL is fine */

struct allow_entry {
	const char *source;
	const char *comment;	/* "" if there is none */
	time_t until;		/* when the company takes it out; 0: never */
};
struct allow_entries {
	const struct allow_entry *v;
	size_t n;
	bool everybody;		/* may connect: the list is not in force */
};
/* In the pool. */
bool allowlist_find(struct allowlist *, struct pool *, struct allow_entries *,
    struct err *) MUST_CHECK;
/* The entry of this source; NULL: there is none. */
const struct allow_entry *allowlist_entry(const struct allow_entries *,
    const char *source);

/*
 * Have the source in the list, or not. What others have in it stays, also
 * what they write meanwhile. Returns once it is in force as far as the
 * company tells. ERR_CONFLICT: the list lets everybody in, and a first entry
 * would lock them out. ERR_HAND: without its last entry it would let
 * everybody in.
 */
bool allowlist_add(struct allowlist *, const struct allow_entry *,
    struct err *) MUST_CHECK;
bool allowlist_remove(struct allowlist *, const char *source, struct err *)
    MUST_CHECK;

/* For input tables: a list of sources, for text_split. An address may lack
 * its /32. */
bool allowlist_check_sources(const char *, struct err *);
/* A source that was checked as this module spells it; in the pool. */
const char *allowlist_spell(struct pool *, const char *);

#endif
