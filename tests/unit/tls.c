/*
 * tls - what net/tls sees of certificates and replies, good and bad ones.
 * Authorities and certificates are made by the test, so none grows old.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/tls.h"
#include "tests/kit/kit.h"

enum { PATIENCE_MS = 1500, DAY = 86400 };

/* How one certificate is made. */
struct mint {
	const char *organisation, *common_name, *names;
	long from, until;		/* seconds from now */
	bool self_signed;
};

struct server {
	SSL_CTX *ctx;
	const char *reply;	/* what it says to any request */
	int replies;		/* on one connection; 0: one */
	int accepted;		/* connections */
	bool mute;		/* accepts, and never says a word */
	int fd, port;
	pthread_t thread;
};

static struct pool *pool;
static EVP_PKEY *ca_key;
static X509 *ca_cert;
static char *ca_path, *folder;
static struct server server;

static void
set_name(X509_NAME *name, const struct mint *m)
{
	if (m->organisation != NULL)
		X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
		    (const unsigned char *)m->organisation, -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)m->common_name, -1, -1, 0);
}

static void
add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX c;
	X509_EXTENSION *x;

	X509V3_set_ctx_nodb(&c);
	X509V3_set_ctx(&c, cert, cert, NULL, NULL, 0);
	x = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	ck_assert_ptr_nonnull(x);
	X509_add_ext(cert, x, -1);
	X509_EXTENSION_free(x);
}

/* Signed by the issuer, or by itself. */
static X509 *
mint(const struct mint *m, EVP_PKEY *key, X509 *issuer, EVP_PKEY *by)
{
	static long serial = 1;
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), m->from);
	X509_gmtime_adj(X509_getm_notAfter(cert), m->until);
	X509_set_pubkey(cert, key);
	set_name(X509_get_subject_name(cert), m);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer != NULL
	    ? issuer : cert));
	if (issuer == NULL)
		add_extension(cert, NID_basic_constraints, "CA:TRUE");
	if (m->names != NULL)
		add_extension(cert, NID_subject_alt_name, m->names);
	ck_assert_int_gt(X509_sign(cert, by, EVP_sha256()), 0);
	return cert;
}

static void
converse(SSL *ssl)
{
	char request[4096];

	if (SSL_accept(ssl) != 1)
		return;
	for (int i = 0; i == 0 || i < server.replies; i++)
		if (SSL_read(ssl, request, sizeof request) > 0
		    && server.reply != NULL)
			(void)SSL_write(ssl, server.reply,
			    (int)strlen(server.reply));
	(void)SSL_shutdown(ssl);
}

static void *
talk(void *arg)
{
	int s = (int)(long)arg;
	SSL *ssl = SSL_new(server.ctx);

	SSL_set_fd(ssl, s);
	converse(ssl);
	SSL_free(ssl);
	close(s);
	return NULL;
}

static void *
serve(void *arg)
{
	int s;

	(void)arg;
	while ((s = accept(server.fd, NULL, NULL)) >= 0) {
		pthread_t t;

		server.accepted++;
		if (server.mute)
			continue;
		if (pthread_create(&t, NULL, talk, (void *)(long)s) == 0)
			pthread_detach(t);
	}
	return NULL;
}

static void
listen_anywhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(server.fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(server.fd, 256), 0);
	getsockname(server.fd, (struct sockaddr *)&a, &len);
	server.port = ntohs(a.sin_port);
	pthread_create(&server.thread, NULL, serve, NULL);
}

static void
start(const struct mint *m, const char *reply)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = mint(m, key, m->self_signed ? NULL : ca_cert,
	    m->self_signed ? key : ca_key);

	server.ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(server.ctx, cert);
	SSL_CTX_use_PrivateKey(server.ctx, key);
	server.reply = reply;
	X509_free(cert);
	EVP_PKEY_free(key);
	listen_anywhere();
}

static void
begin(void)
{
	const struct mint ca = { .organisation = "Test", .common_name =
	    "Test Root", .from = -DAY, .until = 100 * DAY };
	FILE *f;

	signal(SIGPIPE, SIG_IGN);	/* a client may leave early */
	pool = pool_new();
	folder = kit_folder();
	ca_path = pool_printf(pool, "%s/ca.pem", folder);
	ca_key = EVP_EC_gen("P-256");
	ca_cert = mint(&ca, ca_key, NULL, ca_key);
	f = fopen(ca_path, "w");
	PEM_write_X509(f, ca_cert);
	fclose(f);
	server = (struct server){ .fd = -1 };
}

static void
end(void)
{
	if (server.fd >= 0) {
		shutdown(server.fd, SHUT_RDWR);
		pthread_join(server.thread, NULL);
		close(server.fd);
	}
	SSL_CTX_free(server.ctx);
	X509_free(ca_cert);
	EVP_PKEY_free(ca_key);
	free(folder);
	pool_free(pool);
}

static struct tls_facts
look(const char *host, const char *path)
{
	struct err e = { 0 };
	struct tls *t = tls_open(ca_path, &e);
	struct tls_question q = { .address = "127.0.0.1",
		.port = server.port, .host = host, .path = path };
	struct tls_facts f;

	ck_assert_msg(t != NULL, "%s", e.text);
	tls_ask(t, pool, &q, &f, 1, clock_now() + PATIENCE_MS);
	tls_close(t);
	return f;
}

static const struct mint good = { .common_name = "a.example.test",
	.names = "DNS:a.example.test,DNS:*.b.example.test", .from = -DAY,
	.until = 30 * DAY + 60 };

START_TEST(a_good_certificate_is_good)
{
	struct tls_facts f;

	start(&good, NULL);
	f = look("a.example.test", NULL);
	ck_assert_int_eq(f.stage, TLS_SHAKEN);
	ck_assert_msg(tls_is_good(&f), "%s", tls_words(pool, &f));
	ck_assert_int_eq(f.days_left, 30);
	ck_assert_str_eq(f.names, "a.example.test, *.b.example.test");
	ck_assert_str_eq(f.issuer, "Test, Test Root");
	ck_assert_str_eq(f.protocol, "TLSv1.3");
	ck_assert_str_eq(f.key, "EC 256");
	ck_assert_str_eq(f.signature, "ecdsa-with-SHA256");
	ck_assert_int_eq(f.chain, 1);
}
END_TEST

START_TEST(a_wildcard_covers_one_label)
{
	struct tls_facts one, two;

	start(&good, NULL);
	one = look("x.b.example.test", NULL);
	two = look("y.x.b.example.test", NULL);
	ck_assert(tls_is_good(&one));
	ck_assert(!tls_is_good(&two));
}
END_TEST

START_TEST(a_wrong_host_name_is_no_pass)
{
	struct tls_facts f;

	start(&good, NULL);
	f = look("other.example.test", NULL);
	ck_assert(f.trusted && !tls_is_good(&f));
	kit_contains(tls_words(pool, &f), "it is for a.example.test");
}
END_TEST

START_TEST(an_unknown_authority_is_no_pass)
{
	struct mint m = good;
	struct tls_facts f;

	m.self_signed = true;
	start(&m, NULL);
	f = look("a.example.test", NULL);
	ck_assert(f.for_host && !f.trusted && !tls_is_good(&f));
	kit_contains(tls_words(pool, &f), "not trusted");
}
END_TEST

START_TEST(an_expired_certificate_is_no_pass)
{
	struct mint m = good;
	struct tls_facts f;

	m.from = -20 * DAY;
	m.until = -3 * DAY - 60;
	start(&m, NULL);
	f = look("a.example.test", NULL);
	ck_assert(!tls_is_good(&f));
	kit_contains(tls_words(pool, &f), "expired 3 days ago");
}
END_TEST

START_TEST(one_that_expired_an_hour_ago_is_expired)
{
	struct mint m = good;
	struct tls_facts f;

	m.until = -3600;
	start(&m, NULL);
	f = look("a.example.test", NULL);
	ck_assert_int_lt(f.days_left, 0);
}
END_TEST

START_TEST(a_certificate_of_tomorrow_is_no_pass)
{
	struct mint m = good;
	struct tls_facts f;

	m.from = DAY;
	start(&m, NULL);
	f = look("a.example.test", NULL);
	ck_assert(f.not_yet && !tls_is_good(&f));
	kit_contains(tls_words(pool, &f), "not begun");
}
END_TEST

START_TEST(default_certificates_of_ingresses_are_called_so)
{
	static const struct mint fakes[] = {
		{ .organisation = "Acme Co", .common_name =
		  "Kubernetes Ingress Controller Fake Certificate",
		  .names = "DNS:ingress.local", .from = -DAY,
		  .until = DAY * 9, .self_signed = true },
		{ .common_name = "TRAEFIK DEFAULT CERT",
		  .names = "DNS:x.traefik.default", .from = -DAY,
		  .until = DAY * 9, .self_signed = true },
	};
	static const char *const words[] = { "ingress-nginx", "Traefik" };
	struct tls_facts f;

	start(&fakes[_i], NULL);
	f = look("a.example.test", NULL);
	ck_assert(f.stand_in != NULL && !tls_is_good(&f));
	kit_contains(tls_words(pool, &f), words[_i]);
	kit_contains(tls_words(pool, &f), "ACME order");
}
END_TEST

START_TEST(a_staging_authority_is_no_pass)
{
	const struct mint ca = { .organisation = "(STAGING) Let's Encrypt",
		.common_name = "(STAGING) Tenuous Tomato R13",
		.from = -DAY, .until = 100 * DAY };
	struct tls_facts f;
	FILE *out;

	/* Even where somebody trusts it. */
	X509_free(ca_cert);
	ca_cert = mint(&ca, ca_key, NULL, ca_key);
	out = fopen(ca_path, "w");
	PEM_write_X509(out, ca_cert);
	fclose(out);
	start(&good, NULL);
	f = look("a.example.test", NULL);
	ck_assert(f.trusted && f.staging && !tls_is_good(&f));
	kit_contains(tls_words(pool, &f), "test authority");
}
END_TEST

START_TEST(a_reply_of_known_length_is_read)
{
	struct tls_facts f;

	start(&good, "HTTP/1.1 302 Found\r\nLocation: https://b/\r\n"
	    "content-TYPE:  text/html \r\nContent-Length: 5\r\n\r\nhello");
	f = look("a.example.test", "/");
	ck_assert_int_eq(f.stage, TLS_ANSWERED);
	ck_assert_int_eq(f.status, 302);
	ck_assert_str_eq(f.location, "https://b/");
	ck_assert_str_eq(f.type, "text/html");
	ck_assert_str_eq(f.body, "hello");
	ck_assert_int_le(f.connected_ms, f.shaken_ms);
	ck_assert_int_le(f.shaken_ms, f.first_ms);
	ck_assert_int_le(f.first_ms, f.ms);
}
END_TEST

START_TEST(a_reply_in_chunks_is_joined)
{
	struct tls_facts f;

	start(&good, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
	f = look("a.example.test", "/");
	ck_assert_str_eq(f.body, "hello world");
	ck_assert_uint_eq(f.body_len, 11);
}
END_TEST

START_TEST(a_reply_until_the_end_is_read)
{
	struct tls_facts f;

	start(&good, "HTTP/1.0 200 OK\r\n\r\nall of it");
	f = look("a.example.test", "/");
	ck_assert_str_eq(f.body, "all of it");
}
END_TEST

START_TEST(what_is_no_whole_reply_is_no_answer)
{
	static const char *const bad[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
		"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\n", "",
		"HTTP/1.1 999 No\r\n\r\n",
	};
	struct tls_facts f;

	start(&good, bad[_i]);
	f = look("a.example.test", "/");
	ck_assert_int_eq(f.stage, TLS_SHAKEN);
	ck_assert_str_ne(f.why, "");
}
END_TEST

START_TEST(nobody_there_and_silence_are_told_apart)
{
	struct tls_facts f;

	start(&good, NULL);
	server.mute = true;
	f = look("a.example.test", "/");
	ck_assert_int_eq(f.stage, TLS_CONNECTED);
	kit_contains(f.why, "deadline");
	ck_assert_int_lt(f.ms, PATIENCE_MS + 400);
	server.port = 9;
	f = look("a.example.test", "/");
	ck_assert_int_eq(f.stage, TLS_NOTHING);
	kit_contains(f.why, "refused");
}
END_TEST

START_TEST(three_hundred_hosts_are_asked_at_once)
{
	enum { N = 300 };
	struct err e = { 0 };
	struct tls *t = tls_open(ca_path, &e);
	struct tls_question q[N];
	struct tls_facts f[N];

	start(&good, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	for (int i = 0; i < N; i++)
		q[i] = (struct tls_question){ .address = "127.0.0.1",
			.port = server.port, .path = "/",
			.host = pool_printf(pool, "h%d.b.example.test", i) };
	tls_ask(t, pool, q, f, N, clock_now() + 20000);
	ck_assert_int_eq(server.accepted, N);
	for (int i = 0; i < N; i++)
		ck_assert_msg(f[i].stage == TLS_ANSWERED
		    && tls_is_good(&f[i]), "%d: %s", i, f[i].why);
	tls_close(t);
}
END_TEST

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"

/* Four questions about a host, by a server that answers so many of them on a
 * connection, and says that it will go on, or that it won't. */
static void
ask_four(struct tls_facts *f, int replies, const char *reply)
{
	struct err e = { 0 };
	struct tls *t = tls_open(ca_path, &e);
	struct tls_question q[4];

	start(&good, reply);
	server.replies = replies;
	for (int i = 0; i < 4; i++)
		q[i] = (struct tls_question){ .address = "127.0.0.1",
			.port = server.port, .host = "a.example.test",
			.path = i == 1 ? NULL : "/" };
	tls_ask(t, pool, q, f, 4, clock_now() + 20000);
	for (int i = 0; i < 4; i++) {
		ck_assert_msg(tls_is_good(&f[i]), "%d: %s", i, f[i].why);
		ck_assert_int_eq(f[i].stage, i == 1 ? TLS_SHAKEN
		    : TLS_ANSWERED);
		ck_assert_str_eq(f[i].body, i == 1 ? "" : "ok");
	}
	tls_close(t);
}

START_TEST(questions_about_one_host_share_a_connection)
{
	struct tls_facts f[4];

	ask_four(f, 3, OK "\r\nok");
	ck_assert_int_eq(server.accepted, 1);
	ck_assert_int_eq(f[2].shaken_ms, 0);
}
END_TEST

START_TEST(a_connection_that_ends_between_two_is_made_anew)
{
	static const char *const reply[] = { OK "\r\nok",
		OK "Connection: close\r\n\r\nok" };
	struct tls_facts f[4];

	ask_four(f, 1, reply[_i]);
	ck_assert_int_eq(server.accepted, 3);
}
END_TEST

START_TEST(who_is_mute_holds_up_no_other)
{
	struct err e = { 0 };
	struct tls *t = tls_open(ca_path, &e);
	struct tls_question q = { .address = "127.0.0.1", .path = "/",
		.host = "a.example.test", .ms = 200 };
	struct tls_facts f;

	start(&good, NULL);
	server.mute = true;
	q.port = server.port;
	tls_ask(t, pool, &q, &f, 1, clock_now() + 30000);
	ck_assert_int_eq(f.stage, TLS_CONNECTED);
	kit_contains(f.why, "deadline");
	ck_assert_int_lt(f.ms, 15000);
	tls_close(t);
}
END_TEST

START_TEST(a_file_without_certificates_is_wrong_input)
{
	struct err e = { 0 };

	kit_write(ca_path, "no certificate\n");
	ck_assert(tls_open(ca_path, &e) == NULL);
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, "ca.pem");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tls");
	TCase *t = tcase_create("tls");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_good_certificate_is_good);
	tcase_add_test(t, a_wildcard_covers_one_label);
	tcase_add_test(t, a_wrong_host_name_is_no_pass);
	tcase_add_test(t, an_unknown_authority_is_no_pass);
	tcase_add_test(t, an_expired_certificate_is_no_pass);
	tcase_add_test(t, one_that_expired_an_hour_ago_is_expired);
	tcase_add_test(t, a_certificate_of_tomorrow_is_no_pass);
	tcase_add_loop_test(t, default_certificates_of_ingresses_are_called_so,
	    0, 2);
	tcase_add_test(t, a_staging_authority_is_no_pass);
	tcase_add_test(t, a_reply_of_known_length_is_read);
	tcase_add_test(t, a_reply_in_chunks_is_joined);
	tcase_add_test(t, a_reply_until_the_end_is_read);
	tcase_add_loop_test(t, what_is_no_whole_reply_is_no_answer, 0, 6);
	tcase_add_test(t, nobody_there_and_silence_are_told_apart);
	tcase_add_test(t, three_hundred_hosts_are_asked_at_once);
	tcase_add_test(t, questions_about_one_host_share_a_connection);
	tcase_add_loop_test(t, a_connection_that_ends_between_two_is_made_anew,
	    0, 2);
	tcase_add_test(t, who_is_mute_holds_up_no_other);
	tcase_add_test(t, a_file_without_certificates_is_wrong_input);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	/* the server's threads may still talk when a test's process ends */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	return kit_main(suite(), (Suite *)NULL);
}
