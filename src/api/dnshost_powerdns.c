/*
 * dnshost_powerdns - zones served by PowerDNS's Authoritative Server, 4.1
 * and newer, through its HTTP API.
 *
 * The API has no version of a zone to compare with, so dnshost.c reads right
 * before it writes. A PATCH is one transaction of the server. It does not
 * tell the zone's other servers: they would lag until their next refresh,
 * so NOTIFY is asked for after each change.
 */
#include <string.h>
#include <strings.h>

#include "api/dnshost.h"
#include "api/dnshost_company.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

enum {
	BODY_MAX = 1 << 20,
	SAID_MAX = 300,		/* of an error's body */
	CALL_SECONDS = 20,
	ZONE_MAX = 64 << 20,	/* half a million records */
	MAX_TTL = 0x7fffffff,
};

/* PowerDNS writes / in a zone's id as =2F; other odd bytes likewise. */
static void
add_zone_id(struct buf *b, const char *zone)
{
	for (const char *s = zone; *s != '\0'; s++)
		if (*s == '/' || *s == '=' || *s == '_')
			buf_printf(b, "=%02X", (unsigned char)*s);
		else
			buf_putc(b, *s);
	buf_putc(b, '.');
}

static const char *
zone_url(const struct dnshost_account *a, struct pool *p, const char *rest)
{
	struct buf b = buf_new(BODY_MAX);
	const char *url;

	buf_puts(&b, a->server);
	buf_puts(&b, "/api/v1/servers/localhost/zones/");
	add_zone_id(&b, a->zone);
	buf_puts(&b, rest);
	url = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return url;
}

/* What PowerDNS says about an error, in one line. */
static bool
fail(const struct http_reply *r, struct err *e)
{
	struct err ignored = { 0 };
	struct json *j = json_parse(r->body, r->body_len, "error", &ignored);
	const char *said = json_str(j, "error");
	enum err_kind kind = r->status == 401 || r->status == 403 ? ERR_DENIED
	    : r->status == 404 ? ERR_NOT_FOUND
	    : r->status >= 500 ? ERR_NETWORK : ERR_OTHER;

	err_set(e, kind, "HTTP %ld: %.*s%s", r->status, SAID_MAX,
	    said != NULL ? said : r->body, r->status == 401
	    ? " (is dns-token the API key of this server?)" : "");
	json_free(j);
	return false;
}

/* One call. Any status but those of success is an error. */
static bool
call(const struct dnshost_account *a, struct pool *p, const char *method,
    const char *url, const struct buf *body, struct http_reply *reply,
    struct err *e)
{
	const char *headers[] = {
		pool_printf(p, "X-API-Key: %s", a->token),
		"Accept: application/json",
		body != NULL ? "Content-Type: application/json" : NULL, NULL };
	struct http_request q = { .method = method, .url = url,
		.headers = headers, .timeout = CALL_SECONDS,
		.reply_max = ZONE_MAX,
		.body = body != NULL ? buf_str(body) : NULL,
		.body_len = body != NULL ? body->len : 0 };

	if (!http_send(a->http, p, &q, reply, e))
		return false;
	if (reply->status >= 200 && reply->status < 300)
		return true;
	return fail(reply, e);
}

/* Within one machine the key can't be overheard. */
static bool
is_exposed(const char *server)
{
	return text_starts(server, "http://")
	    && !text_starts(server, "http://127.")
	    && !text_starts(server, "http://localhost")
	    && !text_starts(server, "http://[::1]");
}

static bool
check(struct dnshost_account *a, struct err *e)
{
	struct pool *p = pool_new();
	struct http_reply r;
	bool ok = call(a, p, "GET", zone_url(a, p, "?rrsets=false"), NULL, &r,
	    e);

	if (ok && is_exposed(a->server))
		log_warn("the key of PowerDNS goes to %s without "
		    "encryption", a->server);
	pool_free(p);
	return ok;
}

static bool
is_name_type(const char *type)
{
	return text_same(type, "CNAME");
}

static bool
read_set(struct pool *p, const struct json *j, struct dns_set *s)
{
	const struct json *records = json_get(j, "records");
	size_t n = (size_t)json_len(records);
	struct dns_value *v = pool_alloc(p, (n + 1) * sizeof *v);
	const char *type = json_str(j, "type");
	double ttl;

	if (type == NULL || !json_num(j, "ttl", &ttl) || ttl < 0
	    || ttl > MAX_TTL || !json_is_array(records))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct json *r = json_item(records, (int)i);
		const char *text = json_str(r, "content");

		if (text == NULL)
			return false;
		v[i].text = is_name_type(type)
		    ? dnshost_plain_name(p, text) : pool_strdup(p, text);
		(void)json_bool(r, "disabled", &v[i].disabled);
	}
	*s = (struct dns_set){ .name = dnshost_plain_name(p,
		json_str(j, "name")),
		.type = pool_strdup(p, type), .ttl = (long)ttl, .value = v,
		.n = n };
	return true;
}

/* Is the company's name, which ends in a dot, one of ours? */
static bool
is_asked(const char *const *names, const char *its)
{
	for (; *names != NULL; names++) {
		size_t n = strlen(*names);

		if (strncasecmp(its, *names, n) == 0
		    && text_same(its + n, "."))
			return true;
	}
	return false;
}

static bool
read_sets(struct pool *p, const struct json *zone, const char *const *names,
    struct dns_set **sets, size_t *n, struct err *e)
{
	const struct json *list = json_get(zone, "rrsets"), *item;

	if (!json_is_array(list))
		return err_set(e, ERR_OTHER, "the reply has no rrsets");
	*sets = pool_alloc(p, ((size_t)json_len(list) + 1) * sizeof **sets);
	*n = 0;
	for (item = json_item(list, 0); item != NULL;
	    item = json_next(item)) {
		const char *name = json_str(item, "name");

		if (name == NULL || !is_asked(names, name))
			continue;
		if (!read_set(p, item, &(*sets)[(*n)++]))
			return err_set(e, ERR_OTHER, "the reply's set of %s "
			    "is not what PowerDNS describes", name);
	}
	return true;
}

/*
 * The whole zone: with the filter rrset_name the server (4.7) leaves out
 * what is disabled, and the next change would delete it.
 */
static bool
find(const struct dnshost_account *a, struct pool *p,
    const char *const *names, struct dns_set **sets, size_t *n,
    struct err *e)
{
	struct pool *once = pool_new();
	struct json *zone = NULL;
	struct http_reply r;
	bool ok = call(a, once, "GET", zone_url(a, once, ""), NULL, &r, e);

	if (ok) {
		zone = json_parse(r.body, r.body_len, "PowerDNS's reply", e);
		ok = zone != NULL && read_sets(p, zone, names, sets, n, e);
	}
	json_free(zone);
	pool_free(once);
	return ok;
}

/* The whole set as wanted. Comments are not sent, so they stay. */
static struct json *
set_change(struct pool *p, const struct dns_set *s)
{
	struct json *j = json_object();
	struct json *records = json_array();

	json_set_str(j, "name", pool_printf(p, "%s.", s->name));
	json_set_str(j, "type", s->type);
	json_set_str(j, "changetype", s->n > 0 ? "REPLACE" : "DELETE");
	if (s->n == 0) {
		json_free(records);
		return j;
	}
	json_set_num(j, "ttl", (double)s->ttl);
	for (size_t i = 0; i < s->n; i++) {
		struct json *r = json_object();

		json_set_str(r, "content", is_name_type(s->type)
		    ? pool_printf(p, "%s.", s->value[i].text)
		    : s->value[i].text);
		json_set_bool(r, "disabled", s->value[i].disabled);
		json_add(records, NULL, r);
	}
	json_add(j, "records", records);
	return j;
}

/* What goes must go first, or a CNAME would meet its successor. */
static bool
write_sets(const struct dnshost_account *a, const struct dns_set *is,
    const struct dns_set *now, size_t n, struct err *e)
{
	struct pool *p = pool_new();
	struct json *body = json_object();
	struct json *sets = json_array();
	struct buf text = buf_new(BODY_MAX);
	struct http_reply r;
	bool ok;

	(void)is;
	for (int gone = 1; gone >= 0; gone--)
		for (size_t i = 0; i < n; i++)
			if ((now[i].n == 0) == (gone == 1))
				json_add(sets, NULL, set_change(p, &now[i]));
	json_add(body, "rrsets", sets);
	json_print(body, false, &text);
	ok = buf_check(&text, "the change", e)
	    && call(a, p, "PATCH", zone_url(a, p, ""), &text, &r, e);
	buf_free(&text);
	json_free(body);
	pool_free(p);
	return ok;
}

/* It refuses (4xx) where there are no other servers to tell, or where the key
 * may not: then they ask by themselves, later. */
static bool
publish(const struct dnshost_account *a, struct err *e)
{
	struct pool *p = pool_new();
	struct err said = { 0 };
	struct http_reply r = { 0 };
	bool ok = call(a, p, "PUT", zone_url(a, p, "/notify"), NULL, &r,
	    &said);

	if (!ok && r.status >= 400 && r.status < 500) {
		log_info("PowerDNS notifies nobody of zone %s: %s", a->zone,
		    said.text);
		ok = true;
	} else if (!ok) {
		*e = said;
		err_within(e, "notify");
	}
	pool_free(p);
	return ok;
}

const struct dnshost_company dnshost_powerdns = {
	.name = "powerdns", .needs_server = true, .check = check,
	.find = find, .write = write_sets, .publish = publish,
};
