/*
 * s3 - the handle, how each request is made and judged, and the requests that
 * are one of their own.
 */
#include "api/s3.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "api/reply.h"
#include "api/s3_own.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/xml.h"
#include "net/http.h"

enum {
	PATIENCE = 5 * 60,	/* seconds, with all attempts: a part at 30
				 * KB/s; a signature is good for 15 minutes */
	URL_MAX = 64 * 1024,	/* a key has at most 1,024 bytes */
	BUCKET_MIN = 3, BUCKET_MAX = 63,
};

/* ---- the handle ---- */

static bool
check_bucket_name(const char *name, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "0123456789.-";
	size_t n = name != NULL ? strlen(name) : 0;

	if (n >= BUCKET_MIN && n <= BUCKET_MAX && strspn(name, letters) == n
	    && name[0] != '.' && name[0] != '-' && strstr(name, "..") == NULL)
		return true;
	return err_set(e, ERR_INPUT, "\"%s\" is no bucket's name: 3 to 63"
	    " lower-case letters, digits, dots and hyphens",
	    n > 0 ? name : "");
}

static bool
check_place(const struct s3_place *at, struct err *e)
{
	const char *host;

	if (!text_check_url(at->endpoint, e))
		return false;
	host = strstr(at->endpoint, "://") + 3;
	if (host[strcspn(host, "/?#")] != '\0'
	    && strcmp(host + strcspn(host, "/?#"), "/") != 0)
		return err_set(e, ERR_INPUT, "\"%s\" has more than a host:"
		    " an endpoint is https://HOST", at->endpoint);
	if (text_empty(at->region) || text_empty(at->key_id)
	    || text_empty(at->secret))
		return err_set(e, ERR_INPUT, "%s needs a region, a key's id"
		    " and its secret", at->endpoint);
	return check_bucket_name(at->bucket, e);
}

static const char *
base_of(struct pool *p, const struct s3_place *at, const char *host)
{
	int scheme = (int)(strstr(at->endpoint, "://") + 3 - at->endpoint);

	if (text_ends(host, ".amazonaws.com")
	    && strchr(at->bucket, '.') == NULL)
		return pool_printf(p, "%.*s%s.%s", scheme, at->endpoint,
		    at->bucket, host);
	return pool_printf(p, "%.*s%s/%s", scheme, at->endpoint, host,
	    at->bucket);
}

struct s3 *
s3_open(struct http *h, const struct s3_place *at, struct err *e)
{
	struct s3 *s;
	const char *host;

	if (!check_place(at, e))
		return NULL;
	host = strstr(at->endpoint, "://") + 3;
	s = mem_alloc(sizeof(*s));
	s->http = h;
	s->p = pool_new();
	s->bucket = pool_strdup(s->p, at->bucket);
	s->host = pool_strndup(s->p, host, strcspn(host, "/"));
	s->base = base_of(s->p, at, s->host);
	s->name = pool_printf(s->p, "%s at %s", s->bucket, s->host);
	s->key = (struct sigv4_key){ .service = "s3",
	    .id = pool_strdup(s->p, at->key_id),
	    .secret = pool_strdup(s->p, at->secret),
	    .token = pool_strdup(s->p, at->token),
	    .region = pool_strdup(s->p, at->region) };
	return s;
}

void
s3_close(struct s3 *s)
{
	if (s == NULL)
		return;
	pool_free(s->p);
	mem_free(s);
}

const char *
s3_name(const struct s3 *s)
{
	return s->name;
}

/* ---- making a request ---- */

/* Percent-encoded but for its slashes. */
static const char *
encode_key(struct pool *p, const char *key)
{
	struct buf b = buf_new(URL_MAX);
	const char *done;
	size_t n;

	for (; *key != '\0'; key += n) {
		n = strcspn(key, "/");
		if (n > 0)
			text_percent(&b, pool_strndup(p, key, n));
		else
			buf_putc(&b, '/');
		n += n == 0;
	}
	done = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return done;
}

const char *
s3_copy_source(struct pool *p, const struct s3 *from, const char *key)
{
	return pool_printf(p, "x-amz-copy-source: /%s/%s", from->bucket,
	    encode_key(p, key));
}

const char *
s3_parameter(struct pool *p, const char *sep, const char *name,
    const char *value)
{
	struct buf b = buf_new(URL_MAX);
	const char *done;

	buf_printf(&b, "%s%s=", sep, name);
	text_percent(&b, value);
	done = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return done;
}

const char *
s3_header(const struct http_reply *r, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i++) {
		const char *line = r->headers[i];

		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " ");
	}
	return NULL;
}

/* The outermost element is <Error>, after blanks that kept a slow copy's
 * connection open; the first kilobyte tells. */
static bool
is_error(const struct http_reply *r)
{
	const char *s = r->body + strspn(r->body, " \r\n\t");

	if (strncmp(s, "<?xml", 5) == 0) {
		s = strstr(s, "?>");
		if (s == NULL)
			return false;
		s += 2 + strspn(s + 2, " \r\n\t");
	}
	return strncmp(s, "<Error", 6) == 0;
}

/* A failure inside the service that may be gone in a moment, in a reply of
 * 200 too. */
static bool
says_again(const struct http_reply *r)
{
	static const char *const codes[] = { "InternalError", "SlowDown",
	    "ServiceUnavailable", "RequestTimeout", NULL };

	if (r->status == 500)
		return true;
	if ((r->status != 200 && r->status != 400) || !is_error(r))
		return false;
	for (size_t i = 0; codes[i] != NULL; i++) {
		const char *at = strstr(r->body, codes[i]);

		if (at != NULL && at > r->body && at[-1] == '>'
		    && at[strlen(codes[i])] == '<')
			return true;
	}
	return false;
}

void
s3_request(struct s3 *s, struct pool *p, const struct s3_ask *ask,
    struct http_request *out)
{
	const char *url = pool_printf(p, "%s/%s%s%s", s->base,
	    ask->key != NULL ? encode_key(p, ask->key) : "",
	    ask->query != NULL ? "?" : "",
	    ask->query != NULL ? ask->query : "");
	struct sigv4_request rq = { .method = ask->method, .url = url,
	    .headers = ask->headers, .body = ask->body,
	    .body_len = ask->body_len, .when = time(NULL) };
	struct sigv4_signature signature;

	sigv4_sign(p, &s->key, &rq, &signature);
	*out = (struct http_request){ .method = ask->method, .url = url,
	    .headers = signature.headers,
	    .authorization = signature.authorization, .body = ask->body,
	    .body_len = ask->body_len, .reply_max = ask->reply_max,
	    .timeout = PATIENCE, .repeatable = true,
	    .again = says_again };
}

/* ---- judging the reply ---- */

static const struct {
	const char *code;
	enum err_kind kind;
	const char *words;
} known[] = {
	{ "NoSuchBucket", ERR_NOT_FOUND, "there is no such bucket" },
	{ "NoSuchKey", ERR_NOT_FOUND, "there is no such object" },
	{ "NoSuchUpload", ERR_NOT_FOUND, "there is no such upload" },
	{ "AccessDenied", ERR_DENIED, "the key may not do that" },
	{ "AllAccessDisabled", ERR_DENIED, "the bucket is locked" },
	{ "InvalidAccessKeyId", ERR_DENIED, "the key's id is not known" },
	{ "SignatureDoesNotMatch", ERR_DENIED,
	  "the secret is not that of the key's id" },
	{ "ExpiredToken", ERR_DENIED, "the session's token has expired" },
	{ "RequestTimeTooSkewed", ERR_OTHER,
	  "this machine's clock is more than 15 minutes off" },
	{ "AuthorizationHeaderMalformed", ERR_INPUT,
	  "the bucket is in another region" },
	{ "PermanentRedirect", ERR_INPUT,
	  "the bucket is at another endpoint" },
	{ "PreconditionFailed", ERR_CONFLICT,
	  "the object is not the one that it was" },
	{ "EntityTooLarge", ERR_OTHER, "the service takes none so large" },
	{ "QuotaExceeded", ERR_OTHER, "the service has no room left" },
	{ "InsufficientStorage", ERR_OTHER, "the service has no room left" },
};

static bool
tell_code(struct pool *p, const struct http_reply *r, const char *code,
    const char *message, struct err *e)
{
	const char *region = s3_header(r, "x-amz-bucket-region");
	const char *words = reply_meaning(r->status);
	enum err_kind kind = reply_kind(r->status);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].code, code) == 0) {
			kind = known[i].kind;
			words = known[i].words;
		}
	if (region != NULL && (r->status == 301 || r->status == 400))
		return err_set(e, ERR_INPUT, "the bucket is in region %s",
		    reply_line(p, region));
	if (r->status == 412)
		kind = ERR_CONFLICT;
	if (text_empty(code))
		return err_set(e, kind, "%s (HTTP %ld)", words, r->status);
	return err_set(e, kind, "%s (%s: %s)", words, reply_line(p, code),
	    reply_line(p, message));
}

static bool
name_ask(const struct s3 *s, struct pool *p, const struct s3_ask *ask,
    struct err *e)
{
	if (ask->key == NULL)
		return err_within(e, "%s", s->name);
	return err_within(e, "%s: %s %s", s->name, ask->method,
	    reply_line(p, ask->key));
}

bool
s3_judge(struct s3 *s, struct pool *p, const struct s3_ask *ask,
    const struct http_reply *r, struct err *e)
{
	bool bad = is_error(r);
	const struct xml *x = NULL;
	const char *code, *message;
	struct err dropped;

	if (r->status >= 200 && r->status < 300 && !bad)
		return true;
	if (bad)
		x = xml_parse(p, r->body + strspn(r->body, " \r\n\t"),
		    strlen(r->body + strspn(r->body, " \r\n\t")), "",
		    &dropped);
	code = xml_value(x, "Code");
	message = xml_value(x, "Message");
	tell_code(p, r, code != NULL ? code : "", message, e);
	return name_ask(s, p, ask, e);
}

bool
s3_send(struct s3 *s, struct pool *p, const struct s3_ask *ask,
    struct http_reply *r, struct err *e)
{
	struct http_request rq;

	s3_request(s, p, ask, &rq);
	if (!http_send(s->http, p, &rq, r, e))
		return name_ask(s, p, ask, e);
	return s3_judge(s, p, ask, r, e);
}

const struct xml *
s3_reply_xml(struct s3 *s, struct pool *p, const struct s3_ask *ask,
    const struct http_reply *r, const char *name, struct err *e)
{
	const char *text = r->body + strspn(r->body, " \r\n\t");
	const struct xml *x = xml_parse(p, text,
	    r->body_len - (size_t)(text - r->body), "the answer", e);

	if (x != NULL && strcmp(xml_name(x), name) == 0)
		return x;
	if (x != NULL)
		err_set(e, ERR_OTHER, "the answer is a %s, not a %s",
		    reply_line(p, xml_name(x)), name);
	name_ask(s, p, ask, e);
	return NULL;
}

const struct xml *
s3_ask_xml(struct s3 *s, struct pool *p, const struct s3_ask *ask,
    const char *name, struct err *e)
{
	struct http_reply r;

	if (!s3_send(s, p, ask, &r, e))
		return NULL;
	return s3_reply_xml(s, p, ask, &r, name, e);
}

/* ---- what a reply says of an object ---- */

const char *
s3_etag(struct pool *p, const char *s)
{
	size_t n;

	if (s == NULL)
		return "";
	s += strspn(s, "\"");
	n = strcspn(s, "\"");
	return pool_strndup(p, s, n);
}

static bool
goes_along(const char *line)
{
	static const char *const names[] = { "Content-Type:",
	    "Content-Encoding:", "Content-Disposition:", "Content-Language:",
	    "Cache-Control:", "Expires:", "x-amz-meta-", NULL };

	for (size_t i = 0; names[i] != NULL; i++)
		if (strncasecmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The whole size is behind the slash of a range: "bytes 0-9/20". */
static bool
read_size(const struct http_reply *r, long long *size, struct err *e)
{
	const char *range = s3_header(r, "Content-Range");
	const char *text = s3_header(r, "Content-Length");
	long n;

	if (range != NULL) {
		text = strchr(range, '/');
		text = text != NULL ? text + 1 : "";
	}
	if (text == NULL || !text_number(text, 0, LONG_MAX, &n, e))
		return err_set(e, ERR_OTHER, "the answer has no size");
	*size = n;
	return true;
}

bool
s3_read_info(struct pool *p, const char *key, const struct http_reply *r,
    struct s3_info *info, struct err *e)
{
	const char **kept = pool_alloc(p, (S3_HEADERS + 1) * sizeof(*kept));
	size_t n = 0;

	if (!read_size(r, &info->object.size, e))
		return err_within(e, "%s", reply_line(p, key));
	for (size_t i = 0; r->headers[i] != NULL; i++) {
		if (!goes_along(r->headers[i]))
			continue;
		if (n == S3_HEADERS)
			return err_set(e, ERR_OTHER, "%s: more than %d"
			    " headers go with it", reply_line(p, key),
			    S3_HEADERS);
		kept[n++] = pool_strdup(p, r->headers[i]);
	}
	info->headers = kept;
	info->object.key = pool_strdup(p, key);
	info->object.etag = s3_etag(p, s3_header(r, "ETag"));
	info->object.modified = pool_strdup(p,
	    s3_header(r, "Last-Modified") != NULL
	    ? s3_header(r, "Last-Modified")
	    : "");
	return true;
}

const char *const *
s3_keep_headers(struct pool *p, const char *const *headers)
{
	const char **v;
	size_t n = 0;

	while (headers[n] != NULL)
		n++;
	v = pool_alloc(p, (n + 1) * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = pool_strdup(p, headers[i]);
	return v;
}

/* ---- requests of their own ---- */

bool
s3_check_bucket(struct s3 *s, struct err *e)
{
	struct pool *p = pool_new();
	struct s3_ask ask = { .method = "GET",
	    .query = "list-type=2&max-keys=1" };
	struct http_reply r;
	bool ok = s3_send(s, p, &ask, &r, e);

	pool_free(p);
	return ok;
}

bool
s3_find(struct s3 *s, struct pool *p, const char *key, struct s3_info *info,
    struct err *e)
{
	struct s3_ask ask = { .method = "HEAD", .key = key };
	struct http_reply r;

	return s3_send(s, p, &ask, &r, e)
	    && s3_read_info(p, key, &r, info, e);
}

bool
s3_read(struct s3 *s, struct pool *p, const char *key, const char *etag,
    long long at, size_t n, struct buf *out, struct s3_info *info,
    struct err *e)
{
	const char *headers[] = {
	    pool_printf(p, "Range: bytes=%lld-%lld", at,
		at + (long long)n - 1),
	    etag != NULL ? pool_printf(p, "If-Match: \"%s\"", etag) : NULL,
	    NULL };
	struct s3_ask ask = { .method = "GET", .key = key,
	    .headers = headers, .reply_max = n + 64 * 1024 };
	struct http_reply r;
	struct http_request rq;
	struct s3_info ignored;

	s3_request(s, p, &ask, &rq);
	if (!http_send(s->http, p, &rq, &r, e))
		return name_ask(s, p, &ask, e);
	if (r.status == 416)		/* from its end on there is nothing */
		return s3_find(s, p, key, info != NULL ? info : &ignored, e);
	if (!s3_judge(s, p, &ask, &r, e)
	    || !s3_read_info(p, key, &r, info != NULL ? info : &ignored, e))
		return false;
	if (!buf_add(out, r.body, r.body_len))
		return buf_check(out, key, e);
	return true;
}

bool
s3_put(struct s3 *s, const char *key, const char *const *headers,
    const char *body, size_t n, struct err *e)
{
	static const char *const plain[] = {
	    "Content-Type: application/octet-stream", NULL };
	struct pool *p = pool_new();
	struct s3_ask ask = { .method = "PUT", .key = key,
	    .headers = headers != NULL ? headers : plain, .body = body,
	    .body_len = n };
	struct http_reply r;
	bool ok = s3_send(s, p, &ask, &r, e);

	pool_free(p);
	return ok;
}

bool
s3_remove(struct s3 *s, const char *key, struct err *e)
{
	struct pool *p = pool_new();
	struct s3_ask ask = { .method = "DELETE", .key = key };
	struct http_reply r;
	bool ok = s3_send(s, p, &ask, &r, e);

	pool_free(p);
	return ok;
}
