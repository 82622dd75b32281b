/*
 * tls_cert - facts of a certificate. Internal to tls.
 */
#ifndef NET_TLS_CERT_H
#define NET_TLS_CERT_H

#include "base/err.h"

struct pool;
struct roots;
struct tls_facts;
struct ssl_st;

struct roots *roots_open(const char *ca_file, struct err *) MUST_CHECK;
void roots_close(struct roots *);

/* What the finished handshake says of the other side. */
void tls_read_cert(struct roots *, struct pool *, struct ssl_st *,
    const char *host, struct tls_facts *);
/* As before any handshake. */
void tls_clear_cert(struct tls_facts *);

#endif
