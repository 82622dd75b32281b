/*
 * atlas - see atlas.h. Here: logging in, and one request.
 */
#include "api/atlas.h"

#include <string.h>

#include "api/atlas_own.h"
#include "api/reply.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

static const char API[] = "https://cloud.mongodb.com";
/* The version of the API that all calls here are in. */
#define VERSION "application/vnd.atlas.2023-01-01+json"

enum {
	CHANGE_SECONDS = 300,
	BODY_MAX = 256 * 1024,
	PROJECT_LEN = 24,
};

struct atlas *
atlas_open(const struct atlas_open *o, struct err *e)
{
	struct pool *p = pool_new();
	struct atlas *a = pool_alloc(p, sizeof *a);
	bool account = o->client_id != NULL && o->client_secret != NULL;
	bool keys = o->public_key != NULL && o->private_key != NULL;

	a->pool = p;
	a->login = (struct atlas_open){
		.client_id = pool_strdup(p, o->client_id),
		.client_secret = pool_strdup(p, o->client_secret),
		.public_key = pool_strdup(p, o->public_key),
		.private_key = pool_strdup(p, o->private_key),
		.project = pool_strdup(p, o->project),
		.api = pool_strdup(p, o->api != NULL ? o->api : API),
	};
	if (account == keys)
		err_set(e, ERR_INPUT, "atlas-client-id: give it with "
		    "atlas-client-secret (a service account), or else "
		    "atlas-public-key with atlas-private-key");
	else
		a->http = http_open(o->ca_file, o->dns_servers, e);
	if (a->http != NULL)
		return a;
	atlas_close(a);
	return NULL;
}

void
atlas_close(struct atlas *a)
{
	if (a == NULL)
		return;
	http_close(a->http);
	pool_free(a->pool);
}

bool
atlas_check_project(const char *id, struct err *e)
{
	return (strlen(id) == PROJECT_LEN
	    && strspn(id, "0123456789abcdef") == PROJECT_LEN)
	    || err_set(e, ERR_INPUT, "this is no id of a project such as "
		"32b6e34b3d91647abb20e7b8 (its settings show it)");
}

const char *
atlas_part(struct atlas *a, const char *s)
{
	struct buf b = buf_new(BODY_MAX);
	const char *out;

	text_percent(&b, s);
	out = pool_strdup(a->pool, buf_str(&b));
	buf_free(&b);
	return out;
}

/* ---- logging in ---- */

static bool
take_token(struct atlas *a, const struct http_reply *r, struct err *e)
{
	struct json *j = reply_json(r, "Atlas: logging in", e);
	const char *token = json_str(j, "access_token");

	if (r->status == 200 && token != NULL) {
		log_mask(token);
		a->bearer = pool_printf(a->pool, "Bearer %s", token);
	} else if (j != NULL) {
		err_set(e, r->status == 200 ? ERR_OTHER : ERR_DENIED,
		    "Atlas: the service account of atlas-client-id is "
		    "refused: its secret is expired, revoked or mistyped "
		    "(HTTP %ld)", r->status);
	}
	json_free(j);
	return a->bearer != NULL;
}

/* A service account's token is for an hour; ours are jobs of minutes. */
static bool
log_in(struct atlas *a, struct err *e)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded",
		"Accept: application/json", NULL
	};
	static const char form[] = "grant_type=client_credentials";
	const char *both = pool_printf(a->pool, "%s:%s", a->login.client_id,
	    a->login.client_secret);
	struct buf b = buf_new(BODY_MAX);
	struct http_request rq = {
		.method = "POST", .headers = headers, .repeatable = true,
		.url = pool_printf(a->pool, "%s/api/oauth/token",
		    a->login.api), .body = form, .body_len = strlen(form),
		.deadline = clock_deadline(CHANGE_SECONDS),
	};
	struct http_reply r;
	bool ok;

	text_base64(&b, both, strlen(both));
	log_mask(buf_str(&b));
	rq.authorization = pool_printf(a->pool, "Basic %s", buf_str(&b));
	ok = (http_send(a->http, a->pool, &rq, &r, e)
	    || err_within(e, "Atlas: logging in"))
	    && take_token(a, &r, e);
	buf_free(&b);
	return ok;
}

/* ---- one request ---- */

/* It refuses while another change of the same thing is being made. */
static bool
is_under_way(const struct http_reply *r)
{
	struct err ignored;
	struct json *j = r->status == 409
	    ? json_parse(r->body, r->body_len, "", &ignored) : NULL;
	const char *code = json_str(j, "errorCode");
	bool yes = code != NULL && text_ends(code, "_IN_PROGRESS");

	json_free(j);
	return yes;
}

static bool
refused(struct atlas *a, const struct http_reply *r,
    const struct atlas_call *c, struct err *e)
{
	struct json *j = reply_json(r, c->what, e);
	const char *code = reply_line(a->pool, json_str(j, "errorCode"));
	const char *words = reply_line(a->pool, json_str(j, "detail"));

	if (j == NULL)
		return false;
	if (r->status == 401)
		err_set(e, ERR_DENIED, "%s: the login is refused: %s are "
		    "expired, revoked or mistyped (%s)", c->what,
		    a->login.public_key != NULL ? "the API keys"
		    : "the service account's secrets", words);
	else if (text_same(code, "IP_ADDRESS_NOT_ON_ACCESS_LIST"))
		err_set(e, ERR_DENIED, "%s: the organisation lets this login "
		    "be used from listed addresses only, and this runner's "
		    "is none of them (%s): use a runner with an address of "
		    "its own, or lift the requirement of an API access list",
		    c->what, words);
	else if (r->status == 403)
		err_set(e, ERR_DENIED, "%s: the login lacks a role in the "
		    "project, such as Project Owner or Project Database "
		    "Access Admin (%s)", c->what, words);
	else
		err_set(e, reply_kind(r->status), "%s: %s %s: %s", c->what,
		    reply_meaning(r->status), code, words);
	json_free(j);
	return false;
}

/* The headers and login of a request, which c->body's text belongs to. */
static bool
send_call(struct atlas *a, const struct atlas_call *c, const struct buf *body,
    struct http_reply *r, struct err *e)
{
	static const char *const headers[] = {
		"Accept: " VERSION, "Content-Type: " VERSION, NULL
	};
	const struct http_request rq = {
		.method = c->method, .headers = headers,
		.url = pool_printf(a->pool, "%s/api/atlas/v2/groups/%s%s",
		    a->login.api, a->login.project, c->path),
		.authorization = a->bearer,
		.digest_user = a->login.public_key,
		.digest_password = a->login.private_key,
		.body = c->body == NULL ? NULL : buf_str(body),
		.body_len = body->len, .again = is_under_way,
		.repeatable = true,	/* each of ours says how it shall be */
		.deadline = c->deadline != 0 ? c->deadline
		    : clock_deadline(CHANGE_SECONDS),
	};

	return http_send(a->http, a->pool, &rq, r, e)
	    || err_within(e, "%s", c->what);
}

bool
atlas_ask(struct atlas *a, const struct atlas_call *c, struct json **out,
    struct err *e)
{
	bool account = a->login.client_id != NULL;
	struct buf body = buf_new(BODY_MAX);
	struct http_reply r = { 0 };
	bool ok;

	*out = NULL;
	if (c->body != NULL)
		json_print(c->body, false, &body);
	ok = buf_check(&body, "the request", e)
	    && (!account || a->bearer != NULL || log_in(a, e))
	    && send_call(a, c, &body, &r, e);
	if (ok && r.status == 401 && account)	/* the hour is over */
		ok = log_in(a, e) && send_call(a, c, &body, &r, e);
	buf_free(&body);
	if (!ok || (r.status == 404 && c->may_lack))
		return ok;
	if (r.status < 200 || r.status >= 300)
		return refused(a, &r, c, e);
	if (r.body_len > 0)
		*out = reply_json(&r, c->what, e);
	return r.body_len == 0 || *out != NULL;
}
