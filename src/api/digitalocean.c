/*
 * digitalocean - see digitalocean.h.
 */
#include "api/digitalocean.h"

#include <string.h>

#include "api/digitalocean_own.h"
#include "api/reply.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

static const char API[] = "https://api.digitalocean.com";

enum {
	DEADLINE = 120,		/* seconds; its limits are by the minute */
	PEM_MAX = 256 * 1024,
	BODY_MAX = 1024 * 1024,
};

struct digitalocean *
digitalocean_open(const struct digitalocean_open *o, struct err *e)
{
	struct pool *p = pool_new();
	struct digitalocean *d = pool_alloc(p, sizeof *d);

	d->pool = p;
	d->api = pool_strdup(p, o->api != NULL ? o->api : API);
	d->authorization = pool_printf(p, "Bearer %s", o->token);
	d->input = o->input != NULL ? pool_strdup(p, o->input)
	    : "digitalocean-token";
	d->lent = o->http != NULL;
	d->http = d->lent ? o->http
	    : http_open(o->ca_file, o->dns_servers, e);
	if (d->http != NULL)
		return d;
	digitalocean_close(d);
	return NULL;
}

void
digitalocean_close(struct digitalocean *d)
{
	if (d == NULL)
		return;
	if (!d->lent)
		http_close(d->http);
	pool_free(d->pool);
}

bool
digitalocean_check_id(const char *id, struct err *e)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	bool ok = strlen(id) == strlen(form);

	for (size_t i = 0; ok && form[i] != '\0'; i++)
		ok = form[i] == '-' ? id[i] == '-'
		    : strchr("0123456789abcdef", id[i]) != NULL;
	return ok || err_set(e, ERR_INPUT, "this is no id of a cluster such"
	    " as bd5f5959-5e1e-4205-a714-a914373942af (`doctl kubernetes"
	    " cluster list` shows it)");
}

bool
digitalocean_refused(struct digitalocean *d, const struct http_reply *r,
    const struct digitalocean_call *c, struct err *e)
{
	struct json *j = reply_json(r, c->what, e);
	const char *words;

	if (j == NULL)
		return false;
	words = reply_line(d->pool, json_str(j, "message"));
	if (r->status == 401)
		err_set(e, ERR_DENIED, "%s: %s is refused: it is expired, "
		    "revoked or mistyped (%s)", c->what, d->input, words);
	else if (r->status == 403)
		err_set(e, ERR_DENIED, "%s: %s needs the scope %s (%s)",
		    c->what, d->input, c->scope, words);
	else if (r->status == 404)
		err_set(e, ERR_NOT_FOUND, "%s: the account that %s belongs "
		    "to has no such %s (%s)", c->what, d->input, c->object,
		    words);
	else
		err_set(e, reply_kind(r->status), "%s: %s: %s", c->what,
		    reply_meaning(r->status), words);
	json_free(j);
	return false;
}

bool
digitalocean_send(struct digitalocean *d, const struct digitalocean_call *c,
    struct http_reply *r, struct err *e)
{
	static const char *const headers[] = {
		"Accept: application/json", NULL
	};
	struct buf body = buf_new(BODY_MAX);
	struct http_request rq = {
		.method = c->method, .headers = headers, .once = c->once,
		.url = pool_printf(d->pool, "%s%s", d->api, c->path),
		.authorization = d->authorization,
		.deadline = c->deadline != 0 ? c->deadline
		    : clock_deadline(DEADLINE),
	};
	bool ok;

	if (c->body != NULL) {
		json_print(c->body, false, &body);
		rq.body = buf_str(&body);
		rq.body_len = body.len;
		rq.headers = NULL;
	}
	ok = buf_check(&body, "the request", e)
	    && http_send(d->http, d->pool, &rq, r, e);
	buf_free(&body);
	return ok || err_within(e, "%s", c->what);
}

struct json *
digitalocean_ask(struct digitalocean *d, const struct digitalocean_call *c,
    struct err *e)
{
	struct http_reply r;

	if (!digitalocean_send(d, c, &r, e))
		return NULL;
	if (r.status >= 200 && r.status < 300)
		return reply_json(&r, c->what, e);
	digitalocean_refused(d, &r, c, e);
	return NULL;
}

/* A member that is base64 of PEM; NULL and true if it is not there. */
static bool
take_pem(struct digitalocean *d, const struct json *j, const char *member,
    const char **out, struct err *e)
{
	const char *given = json_str(j, member);
	struct buf pem = buf_new(PEM_MAX);
	bool ok = text_empty(given) || text_unbase64(given, &pem, e);

	if (ok && pem.len > 0 && strstr(buf_str(&pem), "-----BEGIN ") == NULL)
		ok = err_set(e, ERR_OTHER, "this holds no PEM");
	*out = ok && pem.len > 0 ? pool_strdup(d->pool, buf_str(&pem)) : NULL;
	if (pem.data != NULL)
		mem_wipe(pem.data, pem.len);
	buf_free(&pem);
	return ok || err_within(e, "%s", member);
}

static bool
take_login(struct digitalocean *d, const struct json *j,
    struct digitalocean_login *l, struct err *e)
{
	const char *token = json_str(j, "token");

	log_mask(token);
	if (!take_pem(d, j, "certificate_authority_data", &l->ca_pem, e)
	    || !take_pem(d, j, "client_certificate_data", &l->cert_pem, e)
	    || !take_pem(d, j, "client_key_data", &l->key_pem, e))
		return false;
	log_mask(l->key_pem);
	l->token = text_empty(token) ? NULL : pool_strdup(d->pool, token);
	l->server = pool_strdup(d->pool, json_str(j, "server"));
	if (l->server == NULL || !text_check_https(l->server, e)
	    || l->ca_pem == NULL)
		return err_set(e, ERR_OTHER, "the answer names no server over"
		    " https with its certificate authority");
	if (l->token == NULL && (l->cert_pem == NULL || l->key_pem == NULL))
		return err_set(e, ERR_OTHER, "the answer holds neither a"
		    " token nor a client certificate");
	return true;
}

bool
digitalocean_find_login(struct digitalocean *d, const char *id, long seconds,
    struct digitalocean_login *l, struct err *e)
{
	const struct digitalocean_call c = {
		.method = "GET", .object = "cluster",
		.scope = "kubernetes:access_cluster",
		.what = pool_printf(d->pool, "DigitalOcean: cluster %s", id),
		.path = pool_printf(d->pool, "/v2/kubernetes/clusters/%s"
		    "/credentials?expiry_seconds=%ld", id, seconds),
	};
	struct json *j = digitalocean_ask(d, &c, e);
	bool ok;

	*l = (struct digitalocean_login){ 0 };
	ok = j != NULL && (take_login(d, j, l, e)
	    || err_within(e, "%s", c.what));
	json_free(j);
	return ok;
}
