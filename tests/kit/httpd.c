/*
 * httpd - see httpd.h.
 */
#include "tests/kit/httpd.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum { RULES = 200, REQUESTS = 4000, REQUEST_MAX = 256 * 1024 };

struct rule {
	char *match, *raw;
	size_t len;
	int left;		/* uses; -1: no end */
	enum httpd_act act;
};

struct httpd {
	struct httpd *next;
	int fd, port, nrules, nseen;
	char url[64];
	char *ca, *client_cert, *client_key;
	SSL_CTX *tls;
	pthread_t thread;
	pthread_mutex_t lock;
	struct rule rules[RULES];
	char *seen[REQUESTS];
	atomic_int connections;
};

/* Kept until the test's process ends: threads may still use them. */
static struct httpd *all;

struct link {
	struct httpd *h;
	int fd;
	SSL *ssl;
};

static X509 *
mint(const char *name, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	X509 *x = X509_new();
	X509V3_CTX ctx;
	struct in_addr ip;
	char san[300];
	X509_EXTENSION *ext;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ca == NULL ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
	    MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(ca ? ca : x));
	X509_set_pubkey(x, key);
	X509V3_set_ctx(&ctx, ca ? ca : x, x, NULL, NULL, 0);
	snprintf(san, sizeof san, "%s:%s", inet_pton(AF_INET, name, &ip) == 1
	    ? "IP" : "DNS", name);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, ca == NULL
	    ? NID_basic_constraints : NID_subject_alt_name,
	    ca == NULL ? "critical,CA:TRUE" : san);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(x, ca ? ca_key : key, EVP_sha256());
	return x;
}

/* A certificate or a key as PEM. */
static char *
to_pem(X509 *x, EVP_PKEY *key)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *pem;
	long n;

	if (x != NULL)
		PEM_write_bio_X509(b, x);
	else
		PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
	n = BIO_get_mem_data(b, &pem);
	pem = strndup(pem, (size_t)n);
	BIO_free(b);
	return pem;
}

static void
make_tls(struct httpd *h, const char *name)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = mint("Test CA", ca_key, NULL, NULL);
	X509 *leaf = mint(name, key, ca, ca_key);
	X509 *client = mint("client", key, ca, ca_key);

	h->ca = to_pem(ca, NULL);
	h->client_cert = to_pem(client, NULL);
	h->client_key = to_pem(NULL, key);
	h->tls = SSL_CTX_new(TLS_server_method());
	ck_assert(SSL_CTX_use_certificate(h->tls, leaf) == 1);
	ck_assert(SSL_CTX_use_PrivateKey(h->tls, key) == 1);
	ck_assert(X509_STORE_add_cert(SSL_CTX_get_cert_store(h->tls), ca)
	    == 1);
	X509_free(client);
	X509_free(leaf);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

void
httpd_require_client(struct httpd *h)
{
	SSL_CTX_set_verify(h->tls, SSL_VERIFY_PEER
	    | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* or a session would be resumed without one */
	SSL_CTX_set_session_id_context(h->tls, (const unsigned char *)"t", 1);
}

static ssize_t
link_read(struct link *l, char *to, size_t n)
{
	return l->ssl != NULL ? SSL_read(l->ssl, to, (int)n)
	    : read(l->fd, to, n);
}

static void
link_write(struct link *l, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t did = l->ssl != NULL ? SSL_write(l->ssl, s, (int)n)
		    : send(l->fd, s, n, MSG_NOSIGNAL);

		if (did <= 0)
			return;
		s += did;
		n -= (size_t)did;
	}
}

/* A whole request, body included, in malloc'd memory; NULL at the end. */
static char *
read_request(struct link *l)
{
	char *text = calloc(1, REQUEST_MAX), *body, *length;
	size_t n = 0, want = 0;

	while (n < REQUEST_MAX - 1) {
		ssize_t got = link_read(l, text + n, REQUEST_MAX - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		text[n] = '\0';
		body = strstr(text, "\r\n\r\n");
		if (body == NULL)
			continue;
		length = strcasestr(text, "\r\nContent-Length:");
		if (length != NULL && length < body)
			want = strtoul(length + 17, NULL, 10);
		if (n >= (size_t)(body + 4 - text) + want)
			return text;
	}
	free(text);
	return NULL;
}

/* Record it, and choose what to do; raw is a copy, as the rules may be
 * forgotten while it is sent. */
static struct rule
take_rule(struct httpd *h, char *request)
{
	struct rule r = {
		.raw = "HTTP/1.1 599 No rule\r\nContent-Length: 0\r\n\r\n",
	};

	r.len = strlen(r.raw);
	pthread_mutex_lock(&h->lock);
	if (h->nseen < REQUESTS)
		h->seen[h->nseen++] = request;
	for (int i = 0; i < h->nrules; i++) {
		struct rule *v = &h->rules[i];

		if (v->left == 0 || strncmp(request, v->match,
		    strlen(v->match)) != 0)
			continue;
		if (v->left > 0)
			v->left--;
		r = *v;
		break;
	}
	r.raw = strdup(r.raw);
	pthread_mutex_unlock(&h->lock);
	return r;
}

/* One request and its answer; false when the connection is done with. */
static bool
serve_one(struct link *l)
{
	struct linger hard = { .l_onoff = 1 };
	char *request = read_request(l);
	struct rule r;

	if (request == NULL)
		return false;
	r = take_rule(l->h, request);
	link_write(l, r.raw, r.len);
	free(r.raw);
	if (r.act == HTTPD_RESET)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	while (r.act == HTTPD_HANG && read(l->fd, (char[1]){ 0 }, 1) > 0)
		;
	return r.act == HTTPD_SAY;
}

static void *
serve_link(void *arg)
{
	struct link *l = arg;
	bool ok = true;

	if (l->h->tls != NULL) {
		l->ssl = SSL_new(l->h->tls);
		SSL_set_fd(l->ssl, l->fd);
		ok = SSL_accept(l->ssl) == 1;
	}
	while (ok && serve_one(l))
		;
	SSL_free(l->ssl);
	close(l->fd);
	free(l);
	return NULL;
}

static void *
serve(void *arg)
{
	struct httpd *h = arg;
	pthread_t t;
	int fd;

	while ((fd = accept(h->fd, NULL, NULL)) >= 0) {
		struct link *l = calloc(1, sizeof *l);

		h->connections++;
		l->h = h;
		l->fd = fd;
		pthread_create(&t, NULL, serve_link, l);
		pthread_detach(t);
	}
	return NULL;
}

struct httpd *
httpd_start(const char *name)
{
	struct httpd *h = calloc(1, sizeof *h);
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;

	h->next = all;
	all = h;
	signal(SIGPIPE, SIG_IGN);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	h->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(bind(h->fd, (struct sockaddr *)&a, sizeof a) == 0);
	ck_assert(listen(h->fd, 64) == 0);
	ck_assert(getsockname(h->fd, (struct sockaddr *)&a, &n) == 0);
	h->port = ntohs(a.sin_port);
	snprintf(h->url, sizeof h->url, "http%s://127.0.0.1:%d",
	    name != NULL ? "s" : "", h->port);
	if (name != NULL)
		make_tls(h, name);
	pthread_mutex_init(&h->lock, NULL);
	pthread_create(&h->thread, NULL, serve, h);
	return h;
}

/* Threads that still hang end with the test's process. */
void
httpd_stop(struct httpd *h)
{
	shutdown(h->fd, SHUT_RDWR);
	pthread_join(h->thread, NULL);
	close(h->fd);
}

const char *
httpd_url(struct httpd *h)
{
	return h->url;
}

int
httpd_port(struct httpd *h)
{
	return h->port;
}

const char *
httpd_ca(struct httpd *h)
{
	return h->ca;
}

const char *
httpd_client_cert(struct httpd *h)
{
	return h->client_cert;
}

const char *
httpd_client_key(struct httpd *h)
{
	return h->client_key;
}

void
httpd_rule(struct httpd *h, const char *match, int times, enum httpd_act act,
    const char *raw)
{
	pthread_mutex_lock(&h->lock);
	ck_assert(h->nrules < RULES);
	h->rules[h->nrules++] = (struct rule){
		.match = strdup(match), .raw = strdup(raw),
		.len = strlen(raw), .left = times > 0 ? times : -1,
		.act = act,
	};
	pthread_mutex_unlock(&h->lock);
}

void
httpd_answer(struct httpd *h, const char *match, int times, int status,
    const char *more, const char *body)
{
	char *raw = NULL;

	ck_assert(asprintf(&raw, "HTTP/1.1 %d Said\r\n%sContent-Type: "
	    "application/json\r\nContent-Length: %zu\r\n\r\n%s", status, more,
	    strlen(body), body) > 0);
	httpd_rule(h, match, times, HTTPD_SAY, raw);
	free(raw);
}

void
httpd_clear(struct httpd *h)
{
	pthread_mutex_lock(&h->lock);
	while (h->nrules > 0) {
		free(h->rules[--h->nrules].match);
		free(h->rules[h->nrules].raw);
	}
	while (h->nseen > 0)
		free(h->seen[--h->nseen]);
	pthread_mutex_unlock(&h->lock);
}

int
httpd_count(struct httpd *h, const char *match)
{
	int n = 0;

	pthread_mutex_lock(&h->lock);
	for (int i = 0; i < h->nseen; i++)
		n += strncmp(h->seen[i], match, strlen(match)) == 0;
	pthread_mutex_unlock(&h->lock);
	return n;
}

const char *
httpd_seen(struct httpd *h, const char *match, int i)
{
	const char *found = NULL;

	pthread_mutex_lock(&h->lock);
	for (int k = 0; k < h->nseen && found == NULL; k++)
		if (strncmp(h->seen[k], match, strlen(match)) == 0
		    && i-- == 0)
			found = h->seen[k];
	pthread_mutex_unlock(&h->lock);
	ck_assert_msg(found != NULL, "no such request: %s", match);
	return found;
}

int
httpd_connections(struct httpd *h)
{
	return h->connections;
}
