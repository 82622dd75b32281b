/*
 * aws - see aws.h.
 */
#include "api/aws.h"

#include <string.h>
#include <time.h>

#include "api/reply.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/xml.h"
#include "net/http.h"
#include "net/sigv4.h"

enum { DEADLINE = 120, FORM_MAX = 64 * 1024 };

struct aws {
	struct pool *pool;
	struct http *http;
	bool lent;		/* it is somebody else's */
	struct aws_open login;
};

struct aws *
aws_open(const struct aws_open *o, struct err *e)
{
	struct pool *p = pool_new();
	struct aws *a = pool_alloc(p, sizeof *a);

	a->pool = p;
	a->login = (struct aws_open){
		.key_id = pool_strdup(p, o->key_id),
		.secret = pool_strdup(p, o->secret),
		.token = pool_strdup(p, o->token),
		.region = pool_strdup(p, o->region),
		.api = pool_strdup(p, o->api),
	};
	a->lent = o->http != NULL;
	a->http = a->lent ? o->http
	    : http_open(o->ca_file, o->dns_servers, e);
	if (a->http != NULL)
		return a;
	aws_close(a);
	return NULL;
}

void
aws_close(struct aws *a)
{
	if (a == NULL)
		return;
	if (!a->lent)
		http_close(a->http);
	pool_free(a->pool);
}

struct pool *
aws_pool(struct aws *a)
{
	return a->pool;
}

bool
aws_check_region(const char *s, struct err *e)
{
	size_t n = strlen(s);

	return (n > 4 && n < 32 && strchr(s, '-') != NULL
	    && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n)
	    || err_set(e, ERR_INPUT, "%s is no region such as eu-west-3", s);
}

/* ---- what it answers ---- */

/* <Response><Errors><Error>, or <ErrorResponse><Error>. */
static const struct xml *
find_error(const struct xml *x)
{
	const struct xml *list = xml_child(x, "Errors");

	return xml_child(list != NULL ? list : x, "Error");
}

static const struct {
	const char *code;
	enum err_kind kind;
	const char *help;
} known[] = {
	{ "AuthFailure", ERR_DENIED, "aws-access-key-id or "
	  "aws-secret-access-key is wrong, or the key was switched off" },
	{ "InvalidClientTokenId", ERR_DENIED, "aws-access-key-id is unknown" },
	{ "SignatureDoesNotMatch", ERR_DENIED, "aws-secret-access-key is not "
	  "this key's" },
	{ "RequestExpired", ERR_DENIED, "the session is over, or this "
	  "machine's clock is wrong" },
	{ "ExpiredToken", ERR_DENIED, "the session is over" },
	{ "InvalidSignatureException", ERR_DENIED, "aws-secret-access-key is "
	  "not this key's, or this machine's clock is wrong" },
	{ "AccessDenied", ERR_DENIED, "the key's policies do not allow this "
	  "action" },
	{ "NoSuchHostedZone", ERR_NOT_FOUND, "the key's account has no such "
	  "zone" },
	{ "UnauthorizedOperation", ERR_DENIED, "the key's policies do not "
	  "allow this action" },
	{ "InvalidGroup.NotFound", ERR_NOT_FOUND, "no such security group in "
	  "this region" },
	{ "InvalidGroupId.Malformed", ERR_INPUT, "a security group's id is "
	  "sg- and hexadecimal digits" },
	{ "RulesPerSecurityGroupLimitExceeded", ERR_HAND, "the security "
	  "group is full: take out rules that nobody needs" },
};

/* A refused batch may also come as <InvalidChangeBatch><Messages>. */
static void
read_error(const struct xml *x, const char **code, const char **words)
{
	const struct xml *error = find_error(x);

	*code = xml_value(error, "Code");
	*words = xml_value(error, "Message");
	if (*code == NULL && x != NULL && xml_child(x, "Messages") != NULL) {
		*code = xml_name(x);
		*words = xml_value(xml_child(x, "Messages"), "Message");
	}
}

/* The refusal, with its own name. */
static const char *
refused(struct aws *a, const char *what, const struct http_reply *r,
    const struct xml *x, struct err *e)
{
	const char *code, *words;

	read_error(x, &code, &words);
	words = reply_line(a->pool, words);
	if (code == NULL) {
		err_set(e, reply_kind(r->status), "%s: HTTP %ld (%s)", what,
		    r->status, reply_meaning(r->status));
		return "";
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!text_same(known[i].code, code))
			continue;
		err_set(e, known[i].kind, "%s: %s: %s (%s)", what, code,
		    known[i].help, words);
		return code;
	}
	err_set(e, text_ends(code, ".NotFound") ? ERR_NOT_FOUND
	    : reply_kind(r->status), "%s: %s: %s", what, code, words);
	return code;
}

/* Refusals that mean "later", whatever status they come with. */
static bool
is_busy(const struct http_reply *r)
{
	static const char *const codes[] = { ">RequestLimitExceeded<",
	    ">Throttling<", ">InternalError<", ">Unavailable<", NULL };

	for (size_t i = 0; r->status >= 400 && codes[i] != NULL; i++)
		if (strstr(r->body, codes[i]) != NULL)
			return true;
	return false;
}

/* Of these, those that surely did nothing. */
static bool
is_throttled(const struct http_reply *r)
{
	return r->status >= 400 && (strstr(r->body, ">Throttling<") != NULL
	    || strstr(r->body, ">PriorRequestNotComplete<") != NULL);
}

/* The document of a reply of 200. */
static bool
take_reply(struct aws *a, const char *what, const struct http_reply *r,
    const struct xml **out, const char **code, struct err *e)
{
	struct err why = { 0 };
	const struct xml *x = xml_parse(a->pool, r->body, r->body_len, what,
	    &why);

	if (r->status != 200) {
		*code = refused(a, what, r, x, e);
		return false;
	}
	if (x == NULL)
		*e = why;
	*out = x;
	return x != NULL;
}

/* ---- what it is asked ---- */

/* As forms have it: a blank is a plus. */
static void
put_value(struct buf *form, const char *value)
{
	while (*value != '\0') {
		struct buf part = buf_new(FORM_MAX);
		size_t n = strcspn(value, " ");

		buf_add(&part, value, n);
		text_percent(form, buf_str(&part));
		buf_free(&part);
		value += n;
		if (*value == ' ') {
			buf_putc(form, '+');
			value++;
		}
	}
}

static void
put_form(const struct aws_query *q, struct buf *form)
{
	buf_printf(form, "Action=%s&Version=%s", q->action, q->version);
	for (size_t i = 0; q->params[i] != NULL; i += 2) {
		buf_printf(form, "&%s=", q->params[i]);
		put_value(form, q->params[i + 1]);
	}
}

static bool
send_form(struct aws *a, const struct aws_query *q, const struct buf *form,
    struct http_reply *r, struct err *e)
{
	static const char *const headers[] = { "Content-Type: "
	    "application/x-www-form-urlencoded; charset=utf-8", NULL };
	const char *url = a->login.api != NULL
	    ? pool_printf(a->pool, "%s/", a->login.api)
	    : pool_printf(a->pool, "https://%s.%s.amazonaws.com%s/",
		q->service, a->login.region,
		text_starts(a->login.region, "cn-") ? ".cn" : "");
	const struct sigv4_key key = { .id = a->login.key_id,
	    .secret = a->login.secret, .token = a->login.token,
	    .region = a->login.region, .service = q->service };
	const struct sigv4_request signing = { .method = "POST", .url = url,
	    .headers = headers, .body = buf_str(form), .body_len = form->len,
	    .when = time(NULL) };
	struct sigv4_signature s;
	struct http_request rq = { .method = "POST", .url = url,
	    .body = buf_str(form), .body_len = form->len,
	    .repeatable = true, .again = is_busy,
	    .deadline = clock_deadline(DEADLINE) };

	sigv4_sign(a->pool, &key, &signing, &s);
	rq.headers = s.headers;
	rq.authorization = s.authorization;
	return http_send(a->http, a->pool, &rq, r, e)
	    || err_within(e, "%s", q->what);
}

bool
aws_ask(struct aws *a, const struct aws_query *q, const struct xml **out,
    const char **code, struct err *e)
{
	struct buf form = buf_new(FORM_MAX);
	struct http_reply r;
	bool sent;

	*code = "";
	put_form(q, &form);
	sent = buf_check(&form, "the request", e)
	    && send_form(a, q, &form, &r, e);
	buf_free(&form);
	return sent && take_reply(a, q->what, &r, out, code, e);
}

static bool
send_call(struct aws *a, const struct aws_call *c, struct http_reply *r,
    struct err *e)
{
	static const char *const headers[] = { "Content-Type: "
	    "application/xml", NULL };
	const char *url = a->login.api != NULL
	    ? pool_printf(a->pool, "%s%s", a->login.api, c->path)
	    : pool_printf(a->pool, "https://%s%s", c->host, c->path);
	const struct sigv4_key key = { .id = a->login.key_id,
	    .secret = a->login.secret, .token = a->login.token,
	    .region = a->login.region, .service = c->service };
	struct sigv4_request signing = { .method = c->method, .url = url,
	    .when = time(NULL) };
	struct http_request rq = { .method = c->method, .url = url,
	    .repeatable = c->repeatable,
	    .again = c->repeatable ? is_busy : is_throttled,
	    .deadline = clock_deadline(DEADLINE) };
	struct sigv4_signature s;

	if (c->body != NULL) {
		signing.headers = headers;
		signing.body = rq.body = buf_str(c->body);
		signing.body_len = rq.body_len = c->body->len;
	}
	sigv4_sign(a->pool, &key, &signing, &s);
	rq.headers = s.headers;
	rq.authorization = s.authorization;
	return http_send(a->http, a->pool, &rq, r, e)
	    || err_within(e, "%s", c->what);
}

bool
aws_call(struct aws *a, const struct aws_call *c, const struct xml **out,
    const char **code, struct err *e)
{
	struct http_reply r;

	*code = "";
	return send_call(a, c, &r, e)
	    && take_reply(a, c->what, &r, out, code, e);
}
