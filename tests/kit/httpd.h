/*
 * httpd - a web server inside a test, which says exactly what it is told to.
 *
 * It listens on 127.0.0.1 at a port of its own, answers in threads, records
 * every request, and can misbehave: reset, hang, stop half-way. A request is
 * answered by the first rule that matches it and has uses left; one that no
 * rule matches gets 599, so that a test notices.
 */
#ifndef TESTS_HTTPD_H
#define TESTS_HTTPD_H

#include <stdbool.h>

struct httpd;

/* `name`: NULL for plain HTTP, else TLS with a certificate for this name (or
 * address), signed by a CA of its own (httpd_ca). */
struct httpd *httpd_start(const char *name);
void httpd_stop(struct httpd *);

const char *httpd_url(struct httpd *);		/* "http://127.0.0.1:1234" */
int httpd_port(struct httpd *);
const char *httpd_ca(struct httpd *);		/* PEM */
/* From now on only clients with this certificate (of that CA) are let in. */
void httpd_require_client(struct httpd *);
const char *httpd_client_cert(struct httpd *);	/* PEM */
const char *httpd_client_key(struct httpd *);

enum httpd_act {
	HTTPD_SAY,		/* send the text, keep the connection */
	HTTPD_CLOSE,		/* send the text, end the connection */
	HTTPD_RESET,		/* read the request, send the text, RST */
	HTTPD_HANG,		/* send the text, then nothing for ever */
};

/*
 * When a request's first line begins with `match` ("GET /x"; "" any), do so,
 * `times` times (0: always). Rules are asked in the order they were made.
 */
void httpd_rule(struct httpd *, const char *match, int times,
    enum httpd_act, const char *raw);
/* The same with a whole answer made of its parts. more: further header
 * lines, each ended by \r\n, or "". */
void httpd_answer(struct httpd *, const char *match, int times, int status,
    const char *more, const char *body);
/* Forget the rules and the requests. */
void httpd_clear(struct httpd *);

/* How many requests (whose first line begins with `match`) came, and the
 * i-th of them: first line, headers, blank line, body. */
int httpd_count(struct httpd *, const char *match);
const char *httpd_seen(struct httpd *, const char *match, int i);
int httpd_connections(struct httpd *);

#endif
