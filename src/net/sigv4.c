/*
 * sigv4 - see sigv4.h. The canonical request, the text to sign and the chain
 * of keys, in the order and the words of the published algorithm.
 */
#include "net/sigv4.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"

enum {
	TEXT_MAX = 1024 * 1024,	/* a URL of 512 KiB and its headers */
	DATE_LEN = 8,		/* 20261123 */
};

static const char ALGORITHM[] = "AWS4-HMAC-SHA256";

/* A query's parameter or a header: both are sorted by name. */
struct pair {
	const char *name, *value;
	size_t place;		/* among the headers, which keep theirs */
};

/* What is gathered on the way to a signature. */
struct signing {
	struct pool *p;
	const struct sigv4_key *key;
	const struct sigv4_request *rq;
	const char *moment;	/* 20261123T101500Z */
	const char *payload;
	const char **headers;	/* all that are sent */
	struct pair *pairs;	/* the same and Host, for signing */
	size_t n;
};

static bool
is_s3(const struct signing *s)
{
	return strcmp(s->key->service, "s3") == 0;
}

static const char *
host_in(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL ? host + 3 : url;
}

static int
by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order != 0)
		return order;
	return x->place < y->place ? -1 : x->place > y->place;
}

static int
by_name_and_value(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->value, y->value);
}

/* As RFC 3986 has it, whatever was encoded before. */
static const char *
encode_again(struct pool *p, const char *s, size_t n)
{
	struct buf plain = buf_new(TEXT_MAX), out = buf_new(TEXT_MAX);
	const char *part = pool_strndup(p, s, n), *done;

	if (!text_unpercent(&plain, part)) {	/* a % of its own */
		buf_clear(&plain);
		buf_puts(&plain, part);
	}
	text_percent(&out, buf_str(&plain));
	done = pool_strdup(p, buf_str(&out));
	buf_free(&plain);
	buf_free(&out);
	return done;
}

static void
add_query(const struct signing *s, struct buf *out)
{
	const char *path = host_in(s->rq->url), *q = strchr(path, '?');
	struct pair *v;
	size_t n = 0;

	if (q == NULL)
		return;
	v = pool_alloc(s->p, (strlen(q) + 1) * sizeof(*v));
	while (*q == '?' || *q == '&') {
		size_t len = strcspn(++q, "&"), name = strcspn(q, "=&");
		size_t value = name < len ? name + 1 : len;

		if (len > 0)
			v[n++] = (struct pair){
			    .name = encode_again(s->p, q, name),
			    .value = encode_again(s->p, q + value,
				len - value) };
		q += len;
	}
	qsort(v, n, sizeof(*v), by_name_and_value);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s=%s", i > 0 ? "&" : "", v[i].name,
		    v[i].value);
}

/* Back to before the last slash, for "..". */
static void
drop_segment(struct buf *out)
{
	while (out->len > 0 && out->data[--out->len] != '/')
		;
	if (out->data != NULL)
		out->data[out->len] = '\0';
}

/* Empty and dotted segments are resolved, the rest is encoded once more. */
static void
add_normal_path(const struct signing *s, struct buf *out, const char *path,
    size_t len)
{
	const char *end = path + len;
	size_t n;

	for (; path < end; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/?");
		if (n == 0 || (n == 1 && path[0] == '.'))
			continue;
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			drop_segment(out);
			continue;
		}
		buf_putc(out, '/');
		text_percent(out, pool_strndup(s->p, path, n));
	}
	if (out->len == 0 || end[-1] == '/')
		buf_putc(out, '/');
}

static void
add_path(const struct signing *s, struct buf *out)
{
	const char *host = host_in(s->rq->url);
	const char *path = host + strcspn(host, "/?");
	size_t len = strcspn(path, "?");
	struct buf normal = buf_new(TEXT_MAX);

	if (len == 0) {
		buf_putc(out, '/');
	} else if (is_s3(s)) {
		buf_add(out, path, len);
	} else {
		add_normal_path(s, &normal, path, len);
		buf_puts(out, buf_str(&normal));
	}
	buf_free(&normal);
}

/* Blanks around go, blanks within become one. */
static const char *
trimmed(struct pool *p, const char *value)
{
	size_t len = strlen(value), n = 0;
	char *out = pool_alloc(p, len + 1);

	for (; *value != '\0'; value++) {
		bool blank = *value == ' ' || *value == '\t';

		if (!blank || (n > 0 && out[n - 1] != ' '))
			out[n++] = blank ? ' ' : *value;
	}
	if (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return out;
}

static void
add_pair(struct signing *s, const char *header)
{
	size_t n = strcspn(header, ":");
	char *name = pool_strndup(s->p, header, n);

	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	s->pairs[s->n] = (struct pair){ .name = name, .place = s->n,
	    .value = trimmed(s->p, header + n + (header[n] == ':')) };
	s->n++;
}

/* The request's headers, those that signing adds, and Host. */
static void
gather_headers(struct signing *s)
{
	enum { ADDED = 3 };
	const char *const *given = s->rq->headers;
	const char *host = host_in(s->rq->url);
	size_t n = 0;

	while (given != NULL && given[n] != NULL)
		n++;
	s->headers = pool_alloc(s->p, (n + ADDED + 1) * sizeof(*s->headers));
	s->pairs = pool_alloc(s->p, (n + ADDED + 1) * sizeof(*s->pairs));
	for (size_t i = 0; i < n; i++)
		s->headers[i] = given[i];
	s->headers[n++] = pool_printf(s->p, "X-Amz-Date: %s", s->moment);
	if (is_s3(s))
		s->headers[n++] = pool_printf(s->p,
		    "X-Amz-Content-Sha256: %s", s->payload);
	if (s->key->token != NULL)
		s->headers[n++] = pool_printf(s->p,
		    "X-Amz-Security-Token: %s", s->key->token);
	for (size_t i = 0; i < n; i++)
		add_pair(s, s->headers[i]);
	add_pair(s, pool_printf(s->p, "Host: %.*s",
	    (int)strcspn(host, "/?"), host));
	qsort(s->pairs, s->n, sizeof(*s->pairs), by_name);
}

static bool
repeats(const struct signing *s, size_t i)
{
	return i > 0 && strcmp(s->pairs[i].name, s->pairs[i - 1].name) == 0;
}

/* One line a name; its values stand in the order in which they are sent. */
static void
add_headers(const struct signing *s, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++) {
		if (repeats(s, i))
			buf_printf(out, ",%s", s->pairs[i].value);
		else
			buf_printf(out, "%s%s:%s", i > 0 ? "\n" : "",
			    s->pairs[i].name, s->pairs[i].value);
	}
	buf_puts(out, "\n\n");
}

static void
add_names(const struct signing *s, struct buf *out)
{
	for (size_t i = 0; i < s->n; i++)
		if (!repeats(s, i))
			buf_printf(out, "%s%s", i > 0 ? ";" : "",
			    s->pairs[i].name);
}

/* SHA-256 of the canonical request, in hexadecimal. */
static void
hash_request(const struct signing *s, struct buf *out)
{
	struct buf b = buf_new(2 * TEXT_MAX);

	buf_printf(&b, "%s\n", s->rq->method);
	add_path(s, &b);
	buf_putc(&b, '\n');
	add_query(s, &b);
	buf_putc(&b, '\n');
	add_headers(s, &b);
	add_names(s, &b);
	buf_printf(&b, "\n%s", s->payload);
	digest_sha256(b.data, b.len, out);
	buf_free(&b);
}

/* The key of this day, region and service signs the text. */
static void
sign_text(const struct signing *s, const char *text, struct buf *out)
{
	const char *const chain[] = {
		pool_strndup(s->p, s->moment, DATE_LEN), s->key->region,
		s->key->service, "aws4_request", text
	};
	unsigned char md[DIGEST_SIZE];
	char *secret = pool_printf(s->p, "AWS4%s", s->key->secret);
	size_t n = sizeof(chain) / sizeof(chain[0]);

	digest_hmac(secret, strlen(secret), chain[0], md);
	mem_wipe(secret, strlen(secret));
	for (size_t i = 1; i < n; i++)
		digest_hmac(md, sizeof(md), chain[i], md);
	text_hex(out, md, sizeof(md));
	mem_wipe(md, sizeof(md));
}

static const char *
authorize(const struct signing *s)
{
	const char *scope = pool_printf(s->p, "%.*s/%s/%s/aws4_request",
	    DATE_LEN, s->moment, s->key->region, s->key->service);
	struct buf text = buf_new(TEXT_MAX), out = buf_new(TEXT_MAX);
	const char *done;

	buf_printf(&text, "%s\n%s\n%s\n", ALGORITHM, s->moment, scope);
	hash_request(s, &text);
	buf_printf(&out, "%s Credential=%s/%s, SignedHeaders=", ALGORITHM,
	    s->key->id, scope);
	add_names(s, &out);
	buf_puts(&out, ", Signature=");
	sign_text(s, buf_str(&text), &out);
	done = pool_strdup(s->p, buf_str(&out));
	buf_free(&text);
	buf_free(&out);
	return done;
}

static const char *
moment_of(struct pool *p, time_t when)
{
	char text[sizeof("20261123T101500Z")];
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL
	    || strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm) == 0)
		return "19700101T000000Z";
	return pool_strdup(p, text);
}

void
sigv4_sign(struct pool *p, const struct sigv4_key *key,
    const struct sigv4_request *rq, struct sigv4_signature *out)
{
	struct signing s = { .p = p, .key = key, .rq = rq,
	    .payload = rq->payload, .moment = moment_of(p, rq->when) };
	struct buf hash = buf_new(2 * DIGEST_SIZE);

	if (s.payload == NULL) {
		digest_sha256(rq->body, rq->body_len, &hash);
		s.payload = pool_strdup(p, buf_str(&hash));
	}
	buf_free(&hash);
	gather_headers(&s);
	out->authorization = authorize(&s);
	out->headers = s.headers;
}
