/*
 * dnshost_cloudflare - zones that Cloudflare serves.
 *
 * Its unit is the record: one value, with an id. All changes go in one batch,
 * which it carries out as deletes, patches, posts, whole or not at all. A
 * patch keeps what it does not name (comment, tags, settings); a record that
 * is new at a name takes comment and tags from what it replaces.
 *
 * A proxied record has TTL 1, "automatic", and so may others: they are
 * served with 300 seconds. A CNAME at the zone's own name is flattened: what
 * its target has is given out.
 */
#include <string.h>

#include "api/dnshost.h"
#include "api/dnshost_company.h"
#include "api/reply.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

static const char API[] = "https://api.cloudflare.com/client/v4";

enum {
	AUTOMATIC = 1,
	AUTOMATIC_TTL = 300,
	LEAST_TTL = 60,
	LEAST_TTL_ENTERPRISE = 30,
	MAX_TTL = 0x7fffffff,
	PAGE = 100,
	PAGES = 100,
	CHANGES_MOST = 200,	/* of one batch in a free zone */
	CALL_SECONDS = 60,
	BODY_MAX = 1 << 20,
	URL_MAX = 2048,
	ID_MAX = 32,
};

/* What is more to a record. */
struct extra {
	bool proxied;
	long ttl;		/* 1: automatic */
	const char *comment;	/* or NULL */
	const char **tags;	/* NULL-ended */
};

/* ---- one request ---- */

/* The envelope's first error, and what stands behind it. */
static const char *
error_words(struct pool *p, const struct json *j)
{
	const struct json *first = json_item(json_get(j, "errors"), 0);
	const char *words = reply_line(p, json_str(first, "message"));
	const char *cause = json_str(first, "error_chain[0].message");
	double code = 0;

	(void)json_num(first, "code", &code);
	if (cause != NULL)
		words = pool_printf(p, "%s: %s", words, reply_line(p, cause));
	return pool_printf(p, "%s (%.0f)", words, code);
}

static bool
is_login_error(const struct http_reply *r, const struct json *j)
{
	double code = 0;

	/* 6003: the header can't hold such a token at all */
	(void)json_num(j, "errors[0].code", &code);
	return r->status == 401 || r->status == 403
	    || (r->status == 400 && (long)code == 6003);
}

static void
refuse(struct pool *p, const struct http_reply *r, const struct json *j,
    struct err *e)
{
	const char *words = error_words(p, j);

	if (is_login_error(r, j))
		err_set(e, ERR_DENIED, "dns-token is refused, or may not do "
		    "this: it needs Zone:Read and DNS:Edit of this zone: %s",
		    words);
	else if (r->status == 404)
		err_set(e, ERR_NOT_FOUND, "%s", words);
	else
		err_set(e, r->status < 400 ? ERR_OTHER
		    : reply_kind(r->status), "HTTP %ld: %s", r->status,
		    words);
}

/* The reply's tree, to be freed; only a success is one. */
static struct json *
ask(const struct dnshost_account *a, const char *method, const char *path,
    const struct json *body, struct err *e)
{
	struct pool *p = pool_new();
	struct buf text = buf_new(BODY_MAX);
	struct http_request q = { .method = method,
		.url = pool_printf(p, "%s%s",
		    a->server != NULL ? a->server : API, path),
		.authorization = pool_printf(p, "Bearer %s", a->token),
		.timeout = CALL_SECONDS };
	struct http_reply r;
	struct json *j = NULL;
	bool success = false;

	if (body != NULL) {
		json_print(body, false, &text);
		q.body = buf_str(&text);
		q.body_len = text.len;
	}
	if (buf_check(&text, "the change", e)
	    && http_send(a->http, p, &q, &r, e))
		j = reply_json(&r, "Cloudflare's reply", e);
	if (j != NULL && (r.status > 299
	    || !json_bool(j, "success", &success) || !success)) {
		refuse(p, &r, j, e);
		json_free(j);
		j = NULL;
	}
	buf_free(&text);
	pool_free(p);
	return j;
}

/* ---- the zone ---- */

static bool
is_id(const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;

	return n > 0 && n <= ID_MAX
	    && strspn(s, "0123456789abcdef") == n;
}

static bool
take_zone(struct dnshost_account *a, const struct json *zone, struct err *e)
{
	const char *id = json_str(zone, "id");
	const char *name = json_str(zone, "name");

	if (!is_id(id) || name == NULL)
		return err_set(e, ERR_OTHER, "the reply's zone is not what "
		    "Cloudflare describes");
	if (!text_same_fold(name, a->zone))
		return err_set(e, ERR_INPUT, "dns-zone-id: %s is the zone %s",
		    id, name);
	a->zone_id = pool_strdup(a->pool, id);
	a->least_ttl = text_same(json_str(zone, "plan.legacy_id"),
	    "enterprise") ? LEAST_TTL_ENTERPRISE : LEAST_TTL;
	return true;
}

/* The one that is active, of several accounts' zones of the name. */
static bool
choose_zone(struct dnshost_account *a, const struct json *list,
    struct err *e)
{
	const struct json *chosen = NULL, *j;
	int active = 0, n = json_len(list);

	for (j = json_first(list); j != NULL; j = json_next(j)) {
		bool is = text_same(json_str(j, "status"), "active");

		active += is;
		if (chosen == NULL || is)
			chosen = j;
	}
	if (chosen == NULL)
		return err_set(e, ERR_NOT_FOUND, "dns-token sees no such "
		    "zone: is it of this account, and has the token "
		    "Zone:Read for it?");
	if (n > 1 && active != 1)
		return err_set(e, ERR_HAND, "dns-token sees %d zones of this "
		    "name: say with dns-zone-id which one is meant", n);
	return take_zone(a, chosen, e);
}

static bool
check(struct dnshost_account *a, struct err *e)
{
	struct json *j;
	bool ok;

	if (a->zone_id != NULL && !is_id(a->zone_id))
		return err_set(e, ERR_INPUT, "dns-zone-id: %s is no id of a "
		    "zone, which is 32 hexadecimal digits", a->zone_id);
	j = ask(a, "GET", a->zone_id != NULL
	    ? pool_printf(a->pool, "/zones/%s", a->zone_id)
	    : pool_printf(a->pool, "/zones?name=%s&per_page=50", a->zone),
	    NULL, e);
	ok = j != NULL && (a->zone_id != NULL
	    ? take_zone(a, json_get(j, "result"), e)
	    : choose_zone(a, json_get(j, "result"), e));
	json_free(j);
	return ok;
}

/* ---- what there is ---- */

static bool
is_name_type(const char *type)
{
	return text_same(type, "CNAME");
}

static const char **
take_tags(struct pool *p, const struct json *list)
{
	const char **v = pool_alloc(p, ((size_t)json_len(list) + 1)
	    * sizeof *v);
	const struct json *j;
	size_t n = 0;

	for (j = json_first(list); j != NULL; j = json_next(j))
		if (json_str(j, "") != NULL)
			v[n++] = pool_strdup(p, json_str(j, ""));
	return v;
}

static enum dnshost_kind
kind_of(const struct dnshost_account *a, const struct json *j,
    const struct dnshost_record *r, bool proxied)
{
	bool flat = false;

	(void)json_bool(j, "settings.flatten_cname", &flat);
	if (proxied)
		return DNSHOST_PROXIED;
	return is_name_type(r->type) && (flat || text_same(r->name, a->zone))
	    ? DNSHOST_ALIAS : DNSHOST_PLAIN;
}

static bool
take_record(const struct dnshost_account *a, struct pool *p,
    const struct json *j, const char *name, struct dnshost_records *list,
    struct err *e)
{
	const char *type = json_str(j, "type"), *id = json_str(j, "id");
	const char *content = json_str(j, "content");
	struct extra *x = pool_alloc(p, sizeof *x);
	struct dnshost_record r = { .name = name, .more = x };
	double ttl;

	if (type == NULL || !is_id(id) || content == NULL
	    || !json_num(j, "ttl", &ttl) || ttl < 1 || ttl > MAX_TTL)
		return err_set(e, ERR_OTHER, "the reply's record of %s is "
		    "not what Cloudflare describes", name);
	(void)json_bool(j, "proxied", &x->proxied);
	x->ttl = (long)ttl;
	x->comment = pool_strdup(p, json_str(j, "comment"));
	x->tags = take_tags(p, json_get(j, "tags"));
	r.id = pool_strdup(p, id);
	r.type = pool_strdup(p, type);
	r.value = is_name_type(type) ? dnshost_plain_name(p, content)
	    : pool_strdup(p, content);
	r.ttl = x->ttl == AUTOMATIC ? AUTOMATIC_TTL : x->ttl;
	r.kind = kind_of(a, j, &r, x->proxied);
	dnshost_add_record(p, list, &r);
	return true;
}

static bool
take_page(const struct dnshost_account *a, struct pool *p,
    const struct json *page, const char *name, struct dnshost_records *all,
    struct err *e)
{
	const struct json *list = json_get(page, "result"), *j;

	if (!json_is_array(list))
		return err_set(e, ERR_OTHER, "the reply has no records");
	for (j = json_first(list); j != NULL; j = json_next(j)) {
		const char *its = json_str(j, "name");

		if (its != NULL && text_same_fold(its, name)
		    && !take_record(a, p, j, name, all, e))
			return false;
	}
	return true;
}

static bool
list_name(const struct dnshost_account *a, struct pool *p, const char *name,
    struct dnshost_records *all, struct err *e)
{
	bool ok = true, more = true;

	for (int page = 1; ok && more; page++) {
		struct buf path = buf_new(URL_MAX);
		struct json *j;

		buf_printf(&path, "/zones/%s/dns_records?name=", a->zone_id);
		text_percent(&path, name);
		buf_printf(&path, "&per_page=%d&page=%d", PAGE, page);
		j = ask(a, "GET", buf_str(&path), NULL, e);
		buf_free(&path);
		ok = j != NULL && take_page(a, p, j, name, all, e);
		more = json_len(json_get(j, "result")) == PAGE;
		json_free(j);
		if (ok && more && page == PAGES)
			ok = err_set(e, ERR_OTHER, "the list of records does "
			    "not end");
	}
	return ok;
}

static bool
find(const struct dnshost_account *a, struct pool *p,
    const char *const *names, struct dns_set **sets, size_t *n,
    struct err *e)
{
	return dnshost_find_records(a, p, names, list_name, sets, n, e);
}

/* ---- changes ---- */

struct batch {
	struct json *deletes, *patches, *posts;
	struct pool *pool;
};

static size_t
batch_size(const struct batch *b)
{
	return (size_t)json_len(b->deletes) + (size_t)json_len(b->patches)
	    + (size_t)json_len(b->posts);
}

/* What any record must say. */
static struct json *
record_json(const struct dns_set *now, size_t i)
{
	struct json *j = json_object();

	json_set_str(j, "type", now->type);
	json_set_str(j, "name", now->name);
	json_set_str(j, "content", now->value[i].text);
	return j;
}

static void
delete_record(struct batch *b, const struct dnshost_record *r)
{
	struct json *j = json_object();

	json_set_str(j, "id", r->id);
	json_add(b->deletes, NULL, j);
}

/* What is as wanted in it already is not sent. */
static void
patch_record(struct batch *b, const struct dnshost_record *r,
    const struct dns_set *now, size_t i)
{
	const struct extra *x = r->more;
	bool proxied = now->kind == DNSHOST_PROXIED;
	bool same_ttl = proxied || now->kind == DNSHOST_ALIAS
	    || r->ttl == now->ttl;
	struct json *j;

	if (text_same_fold(r->value, now->value[i].text) && same_ttl
	    && x->proxied == proxied)
		return;
	j = record_json(now, i);
	json_set_str(j, "id", r->id);
	json_set_num(j, "ttl", (double)(same_ttl && x->proxied == proxied
	    ? x->ttl : proxied ? AUTOMATIC : now->ttl));
	if (x->proxied != proxied)
		json_set_bool(j, "proxied", proxied);
	json_add(b->patches, NULL, j);
}

/* `like`: what it replaces, or NULL. */
static void
post_record(struct batch *b, const struct dns_set *now, size_t i,
    const struct dnshost_record *like)
{
	const struct extra *x = like != NULL ? like->more : NULL;
	bool proxied = now->kind == DNSHOST_PROXIED;
	struct json *j = record_json(now, i), *tags;

	json_set_num(j, "ttl", proxied ? AUTOMATIC : (double)now->ttl);
	json_set_bool(j, "proxied", proxied);
	if (x != NULL && x->comment != NULL)
		json_set_str(j, "comment", x->comment);
	if (x != NULL && x->tags[0] != NULL) {
		tags = json_array();
		for (size_t k = 0; x->tags[k] != NULL; k++)
			json_add(tags, NULL, json_string(x->tags[k]));
		json_add(j, "tags", tags);
	}
	json_add(b->posts, NULL, j);
}

/* A record that goes or stays at the name of set i. */
static const struct dnshost_record *
find_like(const struct dns_set *is, size_t n, size_t i)
{
	const struct dnshost_record *like = is[i].own;

	for (size_t k = 0; like == NULL && k < n; k++)
		if (text_same(is[k].name, is[i].name))
			like = is[k].own;
	return like;
}

static void
put_set(struct batch *b, const struct dns_set *is, const struct dns_set *now,
    const struct dnshost_record *like)
{
	bool *taken = pool_alloc(b->pool, (is->n + 1) * sizeof *taken);
	size_t *from = pool_alloc(b->pool, (now->n + 1) * sizeof *from);
	const struct dnshost_record *own = is->own;

	dnshost_match_records(is, now, from, taken);
	for (size_t i = 0; i < now->n; i++)
		if (from[i] < is->n)
			patch_record(b, &own[from[i]], now, i);
		else
			post_record(b, now, i, like);
	for (size_t i = 0; i < is->n; i++)
		if (!taken[i])
			delete_record(b, &own[i]);
}

static bool
send_batch(const struct dnshost_account *a, struct batch *b, struct err *e)
{
	struct json *body, *j;

	if (batch_size(b) > CHANGES_MOST)
		return err_set(e, ERR_INPUT, "%zu changes are too many for "
		    "one batch: treat some of the hosts first",
		    batch_size(b));
	body = json_object();
	json_add(body, "deletes", json_copy(b->deletes));
	json_add(body, "patches", json_copy(b->patches));
	json_add(body, "posts", json_copy(b->posts));
	j = ask(a, "POST", pool_printf(b->pool, "/zones/%s/dns_records/batch",
	    a->zone_id), body, e);
	json_free(body);
	json_free(j);
	return j != NULL;
}

static bool
write_sets(const struct dnshost_account *a, const struct dns_set *is,
    const struct dns_set *now, size_t n, struct err *e)
{
	struct batch b = { .deletes = json_array(), .patches = json_array(),
		.posts = json_array(), .pool = pool_new() };
	bool ok;

	for (size_t i = 0; i < n; i++)
		put_set(&b, &is[i], &now[i], find_like(is, n, i));
	ok = send_batch(a, &b, e);
	json_free(b.deletes);
	json_free(b.patches);
	json_free(b.posts);
	pool_free(b.pool);
	return ok;
}

const struct dnshost_company dnshost_cloudflare = {
	.name = "cloudflare", .check = check, .find = find,
	.write = write_sets,
	.gap = "Cloudflare stores the change at once, but its servers take "
	    "it over record by record: for a moment one of them may have "
	    "neither, and a resolver that asks it then keeps that for the "
	    "zone's negative TTL",
};
