/*
 * tls_cert - see tls_cert.h.
 */
#include "net/tls_cert.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/tls.h"

enum { NAMES_MAX = 8192, NAME_MAX_LEN = 256 };

/* Roots that are loaded one by one when needed, then those in one file. */
static const char CA_FOLDER[] = "/etc/ssl/certs";
static const char *const ca_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",	/* Debian, Alpine */
	"/etc/pki/tls/certs/ca-bundle.crt",	/* Fedora */
	"/etc/ssl/ca-bundle.pem",		/* SUSE */
	"/etc/ssl/cert.pem",
	NULL
};

struct roots {
	X509_STORE *store;
	const char *bundle;	/* not yet loaded, or NULL */
};

/*
 * Certificates that an ingress shows while it has none for a name. Nobody
 * else uses these names.
 */
static const struct {
	const char *common_name, *words;
} stand_ins[] = {
	{ "Kubernetes Ingress Controller Fake Certificate",
	  "the default certificate of ingress-nginx" },
	{ "TRAEFIK DEFAULT CERT", "the default certificate of Traefik" },
	{ "Caddy Local Authority", "a certificate of Caddy's own" },
};

struct roots *
roots_open(const char *ca_file, struct err *e)
{
	struct roots *r = mem_alloc(sizeof *r);

	r->store = X509_STORE_new();
	if (r->store == NULL)
		abort();
	if (ca_file != NULL) {
		if (X509_STORE_load_file(r->store, ca_file) == 1)
			return r;
		ERR_clear_error();
		err_set(e, ERR_INPUT, "ca-file: %s has no certificate that "
		    "can be read", ca_file);
		roots_close(r);
		return NULL;
	}
	(void)X509_STORE_load_path(r->store, CA_FOLDER);
	for (int i = 0; r->bundle == NULL && ca_bundles[i] != NULL; i++)
		if (access(ca_bundles[i], R_OK) == 0)
			r->bundle = ca_bundles[i];
	ERR_clear_error();
	return r;
}

void
roots_close(struct roots *r)
{
	if (r == NULL)
		return;
	X509_STORE_free(r->store);
	mem_free(r);
}

/* X509_V_OK, or why the chain is not trusted. */
static int
verify(struct roots *r, X509 *cert, STACK_OF(X509) *chain)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	int rc;

	if (c == NULL || X509_STORE_CTX_init(c, r->store, cert, chain) != 1)
		abort();
	X509_STORE_CTX_set_purpose(c, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(c), 1);
	rc = X509_verify_cert(c) == 1 ? X509_V_OK
	    : X509_STORE_CTX_get_error(c);
	X509_STORE_CTX_free(c);
	ERR_clear_error();
	return rc;
}

static bool
is_unknown_root(int rc)
{
	return rc == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
	    || rc == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
	    || rc == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
	    || rc == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

/* The folder may lack a root that the file has: parse that when needed. */
static int
verify_with_bundle(struct roots *r, X509 *cert, STACK_OF(X509) *chain)
{
	int rc = verify(r, cert, chain);

	if (!is_unknown_root(rc) || r->bundle == NULL)
		return rc;
	(void)X509_STORE_load_file(r->store, r->bundle);
	ERR_clear_error();
	r->bundle = NULL;
	return verify(r, cert, chain);
}

/* One part of a name, such as its common name; "" if it has none. */
static const char *
name_part(struct pool *p, const X509_NAME *name, int nid)
{
	int i = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *utf8 = NULL;
	int n = i < 0 ? -1 : ASN1_STRING_to_UTF8(&utf8,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	const char *s = n < 0 ? "" : pool_strndup(p, (char *)utf8,
	    n < NAME_MAX_LEN ? (size_t)n : NAME_MAX_LEN);

	OPENSSL_free(utf8);
	return s;
}

static const char *
issuer_words(struct pool *p, X509 *cert)
{
	const X509_NAME *name = X509_get_issuer_name(cert);
	const char *org = name_part(p, name, NID_organizationName);
	const char *common = name_part(p, name, NID_commonName);

	return pool_printf(p, "%s%s%s", org, org[0] != '\0'
	    && common[0] != '\0' ? ", " : "", common);
}

/* The DNS names, in the certificate's order. */
static const char *
alternative_names(struct pool *p, X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name,
	    NULL, NULL);
	struct buf b = buf_new(NAMES_MAX);
	const char *names;

	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);

		if (g->type != GEN_DNS)
			continue;
		buf_printf(&b, "%s%.*s", b.len > 0 ? ", " : "",
		    ASN1_STRING_length(g->d.dNSName),
		    (const char *)ASN1_STRING_get0_data(g->d.dNSName));
	}
	GENERAL_NAMES_free(all);
	names = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return names;
}

static void
read_validity(X509 *cert, struct tls_facts *f)
{
	int days = 0, seconds = 0;

	f->not_yet = X509_cmp_current_time(X509_get0_notBefore(cert)) > 0;
	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert))
	    != 1)
		days = -1;
	f->days_left = days == 0 && seconds < 0 ? -1 : days;
}

static void
read_key(struct pool *p, X509 *cert, struct tls_facts *f)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	const char *name = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
	const char *signature = OBJ_nid2ln(X509_get_signature_nid(cert));

	f->key = name == NULL ? "of an unknown kind"
	    : pool_printf(p, "%s %d", name, EVP_PKEY_get_bits(key));
	f->signature = pool_strdup(p, signature != NULL ? signature : "");
}

static const char *
find_stand_in(const char *common_name, const char *issuer)
{
	for (size_t i = 0; i < sizeof stand_ins / sizeof stand_ins[0]; i++)
		if (strstr(common_name, stand_ins[i].common_name) != NULL
		    || strstr(issuer, stand_ins[i].common_name) != NULL)
			return stand_ins[i].words;
	return NULL;
}

void
tls_clear_cert(struct tls_facts *f)
{
	f->protocol = f->distrust = f->subject = f->issuer = f->names = "";
	f->key = f->signature = "";
}

void
tls_read_cert(struct roots *r, struct pool *p, SSL *ssl, const char *host,
    struct tls_facts *f)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	int rc;

	f->protocol = pool_strdup(p, SSL_get_version(ssl));
	if (cert == NULL) {
		f->distrust = "the server shows no certificate";
		return;
	}
	rc = verify_with_bundle(r, cert, SSL_get_peer_cert_chain(ssl));
	f->trusted = rc == X509_V_OK;
	f->distrust = f->trusted ? ""
	    : pool_strdup(p, X509_verify_cert_error_string(rc));
	f->for_host = X509_check_host(cert, host, strlen(host),
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
	f->names = alternative_names(p, cert);
	f->issuer = issuer_words(p, cert);
	f->subject = name_part(p, X509_get_subject_name(cert),
	    NID_commonName);
	f->stand_in = find_stand_in(f->subject, f->issuer);
	/* Let's Encrypt's test authority; older ones "Fake LE". */
	f->staging = strstr(f->issuer, "(STAGING)") != NULL
	    || strstr(f->issuer, "Fake LE ") != NULL;
	if (f->subject[0] == '\0')
		f->subject = pool_strndup(p, f->names, strcspn(f->names, ","));
	f->chain = sk_X509_num(SSL_get_peer_cert_chain(ssl));
	read_key(p, cert, f);
	read_validity(cert, f);
}

bool
tls_is_good(const struct tls_facts *f)
{
	return f->stage >= TLS_SHAKEN && f->trusted && f->for_host
	    && !f->not_yet && f->days_left >= 0 && f->stand_in == NULL
	    && !f->staging;
}

const char *
tls_words(struct pool *p, const struct tls_facts *f)
{
	if (f->stage < TLS_SHAKEN)
		return pool_printf(p, "%s", f->why);
	if (f->stand_in != NULL)
		return pool_printf(p, "the ingress serves %s: it has none for "
		    "this name, or the ACME order is not finished",
		    f->stand_in);
	if (f->staging)
		return pool_printf(p, "it comes from a test authority (%s)",
		    f->issuer);
	if (f->days_left < 0)
		return pool_printf(p, "it expired %ld days ago",
		    -f->days_left);
	if (f->not_yet)
		return "its time has not begun yet";
	if (!f->trusted)
		return pool_printf(p, "it is not trusted: %s (issuer %s%s)",
		    f->distrust, f->issuer, f->chain == 1
		    ? ", whose own certificate the server does not send" : "");
	if (!f->for_host)
		return pool_printf(p, "it is for %s",
		    f->names[0] != '\0' ? f->names : f->subject);
	return pool_printf(p, "%s, issuer %s, %ld days left", f->subject,
	    f->issuer, f->days_left);
}
