/*
 * faultproxy_io - one side of a proxied connection, plain or in TLS, and
 * growing byte buffers. Blocking; nothing waits longer than IO_SECONDS.
 */
#ifndef DOUBLES_FAULTPROXY_IO_H
#define DOUBLES_FAULTPROXY_IO_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	IO_SECONDS = 300,
	IO_CHUNK = 16384,
	BYTES_MAX = 256 * 1024 * 1024
};

struct bytes {
	char *p;
	size_t n, cap;
};

/* Append; false when it would pass BYTES_MAX. */
bool
bytes_add(struct bytes *b, const void *p, size_t n);
void
bytes_free(struct bytes *b);

/* TLS of both sides; NULL members: plain on that side. */
struct tls {
	void *server, *client;		/* SSL_CTX */
};

/* Say on stderr what is wrong with the files, and return false. */
bool
tls_open(struct tls *t, const char *cert, const char *key, const char *ca,
    bool upstream_plain);

struct io {
	int fd;
	void *ssl;			/* NULL: plain */
	char buf[IO_CHUNK];		/* read but not yet taken */
	size_t at, n;
};

/* Take over an accepted socket; its handshake is done here. */
struct io *
io_accept(int fd, const struct tls *t);

/*
 * Connect; with TLS, as the name (or the address when there is none), and
 * verified.
 */
struct io *
io_connect(const struct sockaddr_in *to, const struct tls *t,
    const char *name);

/* The name that the client asked for by SNI; NULL: none. */
const char *
io_name(const struct io *io);

/* Up to max bytes, at least one. 0: the end, or an error. */
size_t
io_read(struct io *io, void *p, size_t max);

bool
io_write(struct io *io, const void *p, size_t n);

/* Whether bytes can be taken without waiting for the socket. */
bool
io_pending(const struct io *io);

/* Close in order, or so that the peer gets a reset. NULL is fine. */
void
io_close(struct io *io);
void
io_reset(struct io *io);

/* Reset a bare socket. */
void
fd_reset(int fd);

#endif
