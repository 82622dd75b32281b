/*
 * smtp - a mail server for tests: greeting, STARTTLS, TLS from the start,
 * AUTH PLAIN and LOGIN, which it refuses in plain text and to whoever does
 * not know the password. It takes no mail.
 *
 *	smtp ADDRESS CERTIFICATE KEY COUNTERS
 *
 *   587   STARTTLS, and AUTH only after it
 *   465   TLS from the start
 *   2525  neither TLS nor AUTH: a relay that takes everybody
 *
 * SB_SMTP_USER (acme) and SB_SMTP_PASSWORD are the login. The file COUNTERS
 * gets a line "auth ok", "auth refused" or "mail" for each of these, so that
 * a test can prove that a login was tried and no mail was sent.
 *
 * Builds from smtp.c alone with pkg-config openssl and -pthread.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

enum { LINE_MAX_BYTES = 1000, PATIENCE = 60, BACKLOG = 64, STARTTLS = 587,
    SUBMISSIONS = 465, RELAY = 2525 };

static SSL_CTX *tls_context;
static const char *counters;

struct session {
	int fd, port;
	SSL *tls;		/* NULL: in plain text */
	bool known;		/* logged in */
	char buffer[LINE_MAX_BYTES];
	size_t n;		/* bytes in it */
};

/* --- bytes --------------------------------------------------------------- */

static void
say(struct session *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct session *s, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 2, fmt, ap);
	va_end(ap);
	line[n++] = '\r';
	line[n++] = '\n';
	if (s->tls != NULL)
		(void)SSL_write(s->tls, line, n);
	else
		(void)send(s->fd, line, (size_t)n, MSG_NOSIGNAL);
}

static bool
fill(struct session *s)
{
	size_t room = sizeof(s->buffer) - s->n;
	ssize_t got = room == 0 ? 0 : s->tls != NULL ?
	    SSL_read(s->tls, s->buffer + s->n, (int)room) :
	    recv(s->fd, s->buffer + s->n, room, 0);

	s->n += got > 0 ? (size_t)got : 0;
	return got > 0;
}

/* The next line without its end; false: there will be none. */
static bool
read_line(struct session *s, char line[LINE_MAX_BYTES])
{
	char *end;

	while ((end = memmem(s->buffer, s->n, "\r\n", 2)) == NULL)
		if (!fill(s))
			return false;
	memcpy(line, s->buffer, (size_t)(end - s->buffer));
	line[end - s->buffer] = '\0';
	s->n -= (size_t)(end + 2 - s->buffer);
	memmove(s->buffer, end + 2, s->n);
	return true;
}

static bool
begin_tls(struct session *s)
{
	s->tls = SSL_new(tls_context);
	s->n = 0;		/* what came in plain text does not count */
	return s->tls != NULL && SSL_set_fd(s->tls, s->fd) == 1
	    && SSL_accept(s->tls) == 1;
}

static void
count(const char *what)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	FILE *f;

	(void)pthread_mutex_lock(&lock);
	f = fopen(counters, "ae");
	if (f != NULL) {
		(void)fprintf(f, "%s\n", what);
		(void)fclose(f);
	}
	(void)pthread_mutex_unlock(&lock);
}

/* --- logging in ---------------------------------------------------------- */

static const char *
env_or(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v != NULL && v[0] != '\0' ? v : fallback;
}

/* How many bytes; -1: it is no base64. There is room for them. */
static int
decode(const char *text, unsigned char *out)
{
	size_t n = strlen(text);
	int bytes = EVP_DecodeBlock(out, (const unsigned char *)text,
	    (int)n);

	while (bytes > 0 && n > 0 && text[--n] == '=')
		bytes--;
	if (bytes >= 0)
		out[bytes] = '\0';
	return bytes;
}

static void
judge(struct session *s, const char *user, const char *password)
{
	s->known = strcmp(user, env_or("SB_SMTP_USER", "acme")) == 0
	    && strcmp(password, env_or("SB_SMTP_PASSWORD", "")) == 0
	    && password[0] != '\0';
	count(s->known ? "auth ok" : "auth refused");
	if (s->known)
		say(s, "235 2.7.0 Authentication successful");
	else
		say(s, "535 5.7.8 Error: authentication failed");
}

/* One answer to a challenge, decoded. */
static bool
ask(struct session *s, const char *challenge, unsigned char *out)
{
	char line[LINE_MAX_BYTES];

	say(s, "334 %s", challenge);
	return read_line(s, line) && decode(line, out) >= 0;
}

static bool
auth_plain(struct session *s, const char *initial)
{
	unsigned char text[LINE_MAX_BYTES];
	const char *user, *password;
	int n = initial != NULL ? decode(initial, text) : -1;

	if (initial == NULL)
		return false;	/* no client that we know sends it so */
	user = n < 0 ? NULL : memchr(text, '\0', (size_t)n);
	password = user == NULL ? NULL : memchr(user + 1, '\0',
	    (size_t)n - (size_t)(user + 1 - (const char *)text));
	if (password == NULL) {
		say(s, "501 5.5.2 Cannot decode");
		return true;
	}
	judge(s, user + 1, password + 1);
	return true;
}

static bool
auth_login(struct session *s, const char *initial)
{
	unsigned char user[LINE_MAX_BYTES], password[LINE_MAX_BYTES];

	if (initial != NULL ? decode(initial, user) < 0 :
	    !ask(s, "VXNlcm5hbWU6", user))
		return false;
	if (!ask(s, "UGFzc3dvcmQ6", password))
		return false;
	judge(s, (const char *)user, (const char *)password);
	return true;
}

/* false: the session ends. */
static bool
auth(struct session *s, const char *words)
{
	const char *initial = strchr(words, ' ');

	if (s->port == RELAY) {
		say(s, "503 5.5.1 Error: authentication not enabled");
		return true;
	}
	if (s->tls == NULL) {
		say(s, "538 5.7.11 Encryption required");
		return true;
	}
	initial = initial == NULL ? NULL : initial + 1;
	if (strncasecmp(words, "PLAIN", 5) == 0)
		return auth_plain(s, initial);
	if (strncasecmp(words, "LOGIN", 5) == 0)
		return auth_login(s, initial);
	say(s, "504 5.5.4 Unrecognized authentication type");
	return true;
}

/* --- commands ------------------------------------------------------------ */

static void
hello(struct session *s)
{
	say(s, "250-mail.sandbox.test");
	if (s->port == STARTTLS && s->tls == NULL)
		say(s, "250-STARTTLS");
	if (s->tls != NULL)
		say(s, "250-AUTH PLAIN LOGIN");
	say(s, "250 8BITMIME");
}

/* false: the session ends. */
static bool
obey(struct session *s, const char *line)
{
	if (strncasecmp(line, "EHLO ", 5) == 0) {
		hello(s);
	} else if (strcasecmp(line, "STARTTLS") == 0
	    && s->port == STARTTLS && s->tls == NULL) {
		say(s, "220 2.0.0 Ready to start TLS");
		return begin_tls(s);
	} else if (strncasecmp(line, "AUTH ", 5) == 0) {
		return auth(s, line + 5);
	} else if (strncasecmp(line, "MAIL ", 5) == 0) {
		count("mail");
		say(s, "550 5.7.1 No mail is taken here");
	} else if (strcasecmp(line, "QUIT") == 0) {
		say(s, "221 2.0.0 Bye");
		return false;
	} else if (strcasecmp(line, "NOOP") == 0
	    || strcasecmp(line, "RSET") == 0) {
		say(s, "250 2.0.0 Ok");
	} else {
		say(s, "502 5.5.2 Error: command not recognized");
	}
	return true;
}

static void *
talk(void *arg)
{
	struct session *s = arg;
	const struct timeval patience = { .tv_sec = PATIENCE };
	char line[LINE_MAX_BYTES];

	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	if (s->port != SUBMISSIONS || begin_tls(s)) {
		say(s, "220 mail.sandbox.test ESMTP");
		while (read_line(s, line) && obey(s, line))
			continue;
	}
	if (s->tls != NULL) {
		(void)SSL_shutdown(s->tls);
		SSL_free(s->tls);
	}
	ERR_clear_error();
	(void)close(s->fd);
	free(s);
	return NULL;
}

/* --- listening ----------------------------------------------------------- */

static int
listen_at(const char *address, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (inet_pton(AF_INET, address, &at.sin_addr) != 1
	    || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0
	    || listen(fd, BACKLOG) != 0) {
		(void)fprintf(stderr, "smtp: no port %d at %s\n", port,
		    address);
		exit(1);
	}
	return fd;
}

struct door {
	int fd, port;
};

static void *
serve(void *arg)
{
	const struct door *d = arg;

	for (;;) {
		struct session *s = calloc(1, sizeof(*s));
		pthread_t thread;

		if (s == NULL)
			abort();
		s->port = d->port;
		s->fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);
		if (s->fd < 0) {
			free(s);
		} else if (pthread_create(&thread, NULL, talk, s) != 0) {
			(void)close(s->fd);
			free(s);
		} else {
			(void)pthread_detach(thread);
		}
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	static struct door doors[] = { { -1, STARTTLS }, { -1, SUBMISSIONS },
	    { -1, RELAY } };
	enum { DOORS = sizeof(doors) / sizeof(doors[0]) };
	pthread_t threads[DOORS];

	if (argc != 5) {
		(void)fprintf(stderr, "usage: smtp ADDRESS CERTIFICATE KEY "
		    "COUNTERS\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	counters = argv[4];
	tls_context = SSL_CTX_new(TLS_server_method());
	if (tls_context == NULL
	    || SSL_CTX_use_certificate_chain_file(tls_context, argv[2]) != 1
	    || SSL_CTX_use_PrivateKey_file(tls_context, argv[3],
	    SSL_FILETYPE_PEM) != 1) {
		(void)fprintf(stderr, "smtp: no certificate in %s\n",
		    argv[2]);
		return 1;
	}
	for (int i = 0; i < DOORS; i++)
		doors[i].fd = listen_at(argv[1], doors[i].port);
	for (int i = 0; i < DOORS; i++)
		if (pthread_create(&threads[i], NULL, serve, &doors[i]) != 0)
			return 1;
	(void)pthread_join(threads[0], NULL);
	return 0;
}
