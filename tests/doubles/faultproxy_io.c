/*
 * faultproxy_io - one side of a proxied connection, plain or in TLS.
 */
#include "faultproxy_io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

bool
bytes_add(struct bytes *b, const void *p, size_t n)
{
	if (n > BYTES_MAX - b->n)
		return false;
	if (b->n + n > b->cap) {
		size_t cap = b->cap > 0 ? b->cap : IO_CHUNK;
		char *new;

		while (cap < b->n + n)
			cap *= 2;
		new = realloc(b->p, cap);
		if (new == NULL)
			abort();
		b->p = new;
		b->cap = cap;
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
	return true;
}

void
bytes_free(struct bytes *b)
{
	free(b->p);
	*b = (struct bytes){ 0 };
}

static bool
complain(const char *what)
{
	(void)fprintf(stderr, "faultproxy: %s: ", what);
	ERR_print_errors_fp(stderr);
	(void)fprintf(stderr, "\n");
	return false;
}

bool
tls_open(struct tls *t, const char *cert, const char *key, const char *ca,
    bool upstream_plain)
{
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());

	if (server == NULL || client == NULL)
		abort();
	if (SSL_CTX_use_certificate_chain_file(server, cert) != 1)
		return complain(cert);
	if (SSL_CTX_use_PrivateKey_file(server, key, SSL_FILETYPE_PEM) != 1)
		return complain(key);
	if (SSL_CTX_load_verify_locations(client, ca, NULL) != 1)
		return complain(ca);
	SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
	/* Servers that just hang up at the end are no concern of ours. */
	SSL_CTX_set_options(client, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_options(server, SSL_OP_IGNORE_UNEXPECTED_EOF);
	t->server = server;
	t->client = client;
	if (upstream_plain) {
		SSL_CTX_free(client);
		t->client = NULL;
	}
	return true;
}

static struct io *
io_new(int fd)
{
	struct io *io = calloc(1, sizeof(*io));
	struct timeval wait = { .tv_sec = IO_SECONDS };
	int one = 1;

	if (io == NULL)
		abort();
	io->fd = fd;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return io;
}

struct io *
io_accept(int fd, const struct tls *t)
{
	struct io *io = io_new(fd);

	if (t->server == NULL)
		return io;
	io->ssl = SSL_new(t->server);
	if (io->ssl == NULL)
		abort();
	if (SSL_set_fd(io->ssl, fd) == 1 && SSL_accept(io->ssl) == 1)
		return io;
	ERR_clear_error();
	io_close(io);
	return NULL;
}

/* Whose certificate is to be shown: the name's, or the address's. */
static bool
expect_name(SSL *ssl, const struct sockaddr_in *to, const char *name)
{
	char ip[INET_ADDRSTRLEN];

	if (name != NULL)
		return SSL_set_tlsext_host_name(ssl, name) == 1
		    && SSL_set1_host(ssl, name) == 1;
	if (inet_ntop(AF_INET, &to->sin_addr, ip, sizeof(ip)) == NULL)
		return false;
	return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), ip) == 1;
}

struct io *
io_connect(const struct sockaddr_in *to, const struct tls *t,
    const char *name)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct io *io;

	if (fd < 0)
		return NULL;
	io = io_new(fd);
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0) {
		io_close(io);
		return NULL;
	}
	if (t->client == NULL)
		return io;
	io->ssl = SSL_new(t->client);
	if (io->ssl == NULL)
		abort();
	if (expect_name(io->ssl, to, name) && SSL_set_fd(io->ssl, fd) == 1
	    && SSL_connect(io->ssl) == 1)
		return io;
	(void)complain("upstream");
	io_close(io);
	return NULL;
}

const char *
io_name(const struct io *io)
{
	if (io->ssl == NULL)
		return NULL;
	return SSL_get_servername(io->ssl, TLSEXT_NAMETYPE_host_name);
}

static size_t
read_more(struct io *io, void *p, size_t max)
{
	ssize_t got;

	if (io->ssl != NULL) {
		int n = SSL_read(io->ssl, p, (int)max);

		ERR_clear_error();
		return n > 0 ? (size_t)n : 0;
	}
	do
		got = recv(io->fd, p, max, 0);
	while (got < 0 && errno == EINTR);
	return got > 0 ? (size_t)got : 0;
}

size_t
io_read(struct io *io, void *p, size_t max)
{
	size_t n;

	if (io->at == io->n) {
		io->at = 0;
		io->n = read_more(io, io->buf, sizeof(io->buf));
	}
	n = io->n - io->at;
	if (n > max)
		n = max;
	memcpy(p, io->buf + io->at, n);
	io->at += n;
	return n;
}

bool
io_write(struct io *io, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		size_t part = n < IO_CHUNK ? n : IO_CHUNK;
		ssize_t put;

		if (io->ssl != NULL) {
			put = SSL_write(io->ssl, from, (int)part);
			ERR_clear_error();
		} else
			put = send(io->fd, from, part, MSG_NOSIGNAL);
		if (put < 0 && io->ssl == NULL && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		from += put;
		n -= (size_t)put;
	}
	return true;
}

bool
io_pending(const struct io *io)
{
	return io->at < io->n
	    || (io->ssl != NULL && SSL_pending(io->ssl) > 0);
}

void
io_close(struct io *io)
{
	if (io == NULL)
		return;
	if (io->ssl != NULL) {
		if (SSL_is_init_finished(io->ssl))
			(void)SSL_shutdown(io->ssl);
		SSL_free(io->ssl);
		ERR_clear_error();
	}
	(void)close(io->fd);
	free(io);
}

void
fd_reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(fd);
}

void
io_reset(struct io *io)
{
	if (io == NULL)
		return;
	if (io->ssl != NULL)
		SSL_free(io->ssl);
	fd_reset(io->fd);
	free(io);
}
