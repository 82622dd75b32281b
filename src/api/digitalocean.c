/*
 * digitalocean - see digitalocean.h.
 */
#include "api/digitalocean.h"

#include <string.h>

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
};

struct digitalocean {
	struct pool *pool;
	struct http *http;
	const char *api, *authorization;
};

struct digitalocean *
digitalocean_open(const struct digitalocean_open *o, struct err *e)
{
	struct pool *p = pool_new();
	struct digitalocean *d = pool_alloc(p, sizeof *d);

	d->pool = p;
	d->api = pool_strdup(p, o->api != NULL ? o->api : API);
	d->authorization = pool_printf(p, "Bearer %s", o->token);
	d->http = http_open(o->ca_file, o->dns_servers, e);
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

static bool
tell_status(struct digitalocean *d, const struct http_reply *r,
    const char *what, struct err *e)
{
	struct json *j = reply_json(r, what, e);
	const char *words;

	if (j == NULL)
		return false;
	words = reply_line(d->pool, json_str(j, "message"));
	if (r->status == 401)
		err_set(e, ERR_DENIED, "%s: digitalocean-token is refused: it"
		    " is expired, revoked or mistyped (%s)", what, words);
	else if (r->status == 403)
		err_set(e, ERR_DENIED, "%s: digitalocean-token needs the scope"
		    " kubernetes:access_cluster (%s)", what, words);
	else if (r->status == 404)
		err_set(e, ERR_NOT_FOUND, "%s: the account that"
		    " digitalocean-token belongs to has no such cluster (%s)",
		    what, words);
	else
		err_set(e, reply_kind(r->status), "%s: %s: %s", what,
		    reply_meaning(r->status), words);
	json_free(j);
	return false;
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
	static const char *const headers[] = {
		"Accept: application/json", NULL
	};
	const char *what = pool_printf(d->pool, "DigitalOcean: cluster %s",
	    id);
	const struct http_request rq = {
		.method = "GET", .headers = headers,
		.url = pool_printf(d->pool, "%s/v2/kubernetes/clusters/%s"
		    "/credentials?expiry_seconds=%ld", d->api, id, seconds),
		.authorization = d->authorization,
		.deadline = clock_deadline(DEADLINE),
	};
	struct http_reply r;
	struct json *j;
	bool ok;

	*l = (struct digitalocean_login){ 0 };
	if (!http_send(d->http, d->pool, &rq, &r, e))
		return err_within(e, "%s", what);
	if (r.status != 200)
		return tell_status(d, &r, what, e);
	j = reply_json(&r, what, e);
	ok = j != NULL && (take_login(d, j, l, e)
	    || err_within(e, "%s", what));
	json_free(j);
	return ok;
}
