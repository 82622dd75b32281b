/*
 * dnshost_digitalocean - zones that DigitalOcean serves ("domains").
 *
 * Its unit is the record: one value, with an id. There are no batches, so
 * a set is changed record by record, and in place, so that its name has an
 * answer at every moment. Only where a CNAME and addresses take each other's
 * place must one go first, for the company refuses both at once.
 *
 * Record names are relative to the zone, "@" is the zone itself; targets are
 * sent with a final dot and come back without.
 */
#include <string.h>

#include "api/digitalocean.h"
#include "api/digitalocean_own.h"
#include "api/dnshost.h"
#include "api/dnshost_company.h"
#include "api/reply.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

enum {
	PAGE = 200,		/* the most it gives at once */
	PAGES = 100,
	LEAST_TTL = 30,
	MAX_TTL = 0x7fffffff,
	URL_MAX = 2048,
};

static bool
check(struct dnshost_account *a, struct err *e)
{
	const struct digitalocean_open o = { .token = a->token,
		.input = "dns-token", .http = a->http, .api = a->server };
	struct digitalocean *d = digitalocean_open(&o, e);
	struct digitalocean_call c = { .method = "GET", .scope =
		"domain:read", .object = "domain", .what = "DigitalOcean",
		.path = pool_printf(a->pool, "/v2/domains/%s", a->zone) };
	struct json *j;

	if (d == NULL)
		return false;
	a->own = d;
	a->least_ttl = LEAST_TTL;
	j = digitalocean_ask(d, &c, e);
	json_free(j);
	return j != NULL;
}

static void
close_own(struct dnshost_account *a)
{
	digitalocean_close(a->own);
}

static const char *
relative_name(const struct dnshost_account *a, struct pool *p,
    const char *name)
{
	size_t n = strlen(name), z = strlen(a->zone);

	return n == z ? "@" : pool_strndup(p, name, n - z - 1);
}

/* ---- what there is ---- */

static bool
is_name_type(const char *type)
{
	return text_same(type, "CNAME");
}

static bool
take_record(const struct dnshost_account *a, struct pool *p,
    const struct json *j, const char *name, struct dnshost_records *list,
    struct err *e)
{
	const char *type = json_str(j, "type"), *data = json_str(j, "data");
	struct dnshost_record r = { .name = name };
	double id, ttl;

	if (type == NULL || data == NULL || !json_num(j, "id", &id)
	    || !json_num(j, "ttl", &ttl) || ttl < 0 || ttl > MAX_TTL)
		return err_set(e, ERR_OTHER, "the reply's record of %s is "
		    "not what DigitalOcean describes", name);
	r.id = pool_printf(p, "%.0f", id);
	r.ttl = (long)ttl;
	r.type = pool_strdup(p, type);
	if (is_name_type(type) && text_same(data, "@"))
		r.value = a->zone;
	else if (is_name_type(type))
		r.value = dnshost_plain_name(p, data);
	else
		r.value = pool_strdup(p, data);
	dnshost_add_record(p, list, &r);
	return true;
}

/* A page of a name's records into the list. */
static bool
take_page(const struct dnshost_account *a, struct pool *p,
    const struct json *page, const char *name, struct dnshost_records *all,
    struct err *e)
{
	const struct json *list = json_get(page, "domain_records"), *j;
	const char *own = relative_name(a, p, name);

	if (!json_is_array(list))
		return err_set(e, ERR_OTHER, "the reply has no "
		    "domain_records");
	for (j = json_first(list); j != NULL; j = json_next(j)) {
		const char *its = json_str(j, "name");

		if (its != NULL && text_same_fold(its, own)
		    && !take_record(a, p, j, name, all, e))
			return false;
	}
	return true;
}

static bool
list_name(const struct dnshost_account *a, struct pool *p, const char *name,
    struct dnshost_records *all, struct err *e)
{
	struct digitalocean *d = a->own;
	struct digitalocean_call c = { .method = "GET", .scope =
		"domain:read", .object = "domain", .what = "records" };
	bool more = true, ok = true;

	for (int page = 1; ok && more; page++) {
		struct buf path = buf_new(URL_MAX);
		struct json *j;

		if (page > PAGES)
			return err_set(e, ERR_OTHER, "the list of records "
			    "does not end");
		buf_printf(&path, "/v2/domains/%s/records?name=", a->zone);
		text_percent(&path, name);
		buf_printf(&path, "&per_page=%d&page=%d", PAGE, page);
		c.path = pool_strdup(p, buf_str(&path));
		buf_free(&path);
		j = digitalocean_ask(d, &c, e);
		ok = j != NULL && take_page(a, p, j, name, all, e);
		more = json_str(j, "links.pages.next") != NULL;
		json_free(j);
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

/* One change of a record; `wrote` once any was made. */
struct change {
	const struct dnshost_account *a;
	struct pool *p;
	bool wrote;
};

static struct json *
record_json(const struct change *c, const struct dnshost_record *r, bool named)
{
	struct json *j = json_object();

	json_set_str(j, "type", r->type);
	if (named)
		json_set_str(j, "name", relative_name(c->a, c->p, r->name));
	json_set_str(j, "data", is_name_type(r->type)
	    ? pool_printf(c->p, "%s.", r->value) : r->value);
	json_set_num(j, "ttl", (double)r->ttl);
	return j;
}

/* POST without an id. *status: 0 if no reply came. */
static bool
send(struct change *c, const char *method, const char *scope,
    const struct dnshost_record *r, long *status, struct err *e)
{
	const struct dnshost_account *a = c->a;
	bool made = r->id == NULL, gone = text_same(method, "DELETE");
	struct json *body = gone ? NULL : record_json(c, r, made);
	struct digitalocean_call call = { .method = method, .scope = scope,
		.object = "record", .body = body,
		.what = pool_printf(c->p, "%s %s", r->type, r->name),
		.path = made ? pool_printf(c->p, "/v2/domains/%s/records",
			a->zone)
		    : pool_printf(c->p, "/v2/domains/%s/records/%s",
			a->zone, r->id) };
	struct http_reply reply = { 0 };
	bool ok = digitalocean_send(a->own, &call, &reply, e);

	*status = ok ? reply.status : 0;
	if (ok && (reply.status < 200 || reply.status > 299)
	    && !(gone && reply.status == 404))
		ok = digitalocean_refused(a->own, &reply, &call, e);
	c->wrote = c->wrote || ok;
	json_free(body);
	return ok;
}

static bool
make_record(struct change *c, const struct dnshost_record *r, struct err *e)
{
	struct dnshost_record fresh = *r;
	long status;

	fresh.id = NULL;
	return send(c, "POST", "domain:create", &fresh, &status, e);
}

static bool
drop_record(struct change *c, const struct dnshost_record *r, struct err *e)
{
	long status;

	return send(c, "DELETE", "domain:delete", r, &status, e);
}

static struct dnshost_record
wanted_record(const struct dns_set *s, size_t i)
{
	return (struct dnshost_record){ .name = s->name, .type = s->type,
		.value = s->value[i].text, .ttl = s->ttl };
}

static bool
set_record(struct change *c, const struct dnshost_record *from,
    const struct dnshost_record *to, struct err *e)
{
	struct dnshost_record r = *to;
	long status;

	if (text_same_fold(from->value, to->value) && from->ttl == to->ttl)
		return true;
	r.id = from->id;
	return send(c, "PATCH", "domain:update", &r, &status, e);
}

/* A set that is there and stays: what is in it already first. */
static bool
edit(struct change *c, const struct dns_set *is, const struct dns_set *now,
    struct err *e)
{
	bool *taken = pool_alloc(c->p, (is->n + 1) * sizeof *taken);
	size_t *from = pool_alloc(c->p, (now->n + 1) * sizeof *from);
	const struct dnshost_record *own = is->own;
	bool ok = true;

	dnshost_match_records(is, now, from, taken);
	for (size_t i = 0; ok && i < now->n; i++) {
		struct dnshost_record to = wanted_record(now, i);

		ok = from[i] < is->n ? set_record(c, &own[from[i]], &to, e)
		    : make_record(c, &to, e);
	}
	for (size_t i = 0; ok && i < is->n; i++)
		if (!taken[i])
			ok = drop_record(c, &own[i], e);
	return ok;
}

static bool
make_all(struct change *c, const struct dns_set *now, size_t from,
    struct err *e)
{
	for (size_t i = from; i < now->n; i++) {
		struct dnshost_record r = wanted_record(now, i);

		if (!make_record(c, &r, e))
			return false;
	}
	return true;
}

static bool
drop_all(struct change *c, const struct dns_set *is, struct err *e)
{
	const struct dnshost_record *own = is->own;

	for (size_t i = 0; i < is->n; i++)
		if (!drop_record(c, &own[i], e))
			return false;
	return true;
}

/* ---- where a CNAME and addresses take each other's place ---- */

struct job {
	const struct dns_set *is, *now;
	size_t n;
};

static bool
is_gone(const struct job *w, size_t i)
{
	return w->is[i].n > 0 && w->now[i].n == 0;
}

/* Sets that go and stand in the way of set i, which comes. */
static bool
is_in_the_way(const struct job *w, size_t k, size_t i)
{
	return is_gone(w, k) && text_same(w->is[k].name, w->now[i].name)
	    && (is_name_type(w->is[k].type) || is_name_type(w->now[i].type));
}

static bool
has_in_the_way(const struct job *w, size_t i)
{
	bool found = false;

	for (size_t k = 0; k < w->n; k++)
		found = found || is_in_the_way(w, k, i);
	return found;
}

/* After a swap that failed half-way: the name must not stay empty. */
static bool
put_back(struct change *c, const struct job *w, size_t i, struct err *e)
{
	struct err again = { 0 };
	bool ok = true;

	for (size_t k = 0; k < w->n; k++) {
		const struct dnshost_record *own = w->is[k].own;

		for (size_t r = 0; is_in_the_way(w, k, i)
		    && r < w->is[k].n; r++)
			ok = make_record(c, &own[r], &again) && ok;
	}
	if (ok)
		return err_within(e, "put back what was there, for");
	err_within(e, "%s may have no record now: make it by hand",
	    w->now[i].name);
	e->kind = ERR_HAND;
	return false;
}

/*
 * The first record is tried before anything goes: if the token may not make
 * it, that is told now; if the company takes both at once after all, there
 * is no gap. Else the gap is from the last DELETE to the next POST.
 */
static bool
swap(struct change *c, const struct job *w, size_t i, struct err *e)
{
	struct dnshost_record first = wanted_record(&w->now[i], 0);
	struct err why = { 0 };
	long status = 0;
	bool made = send(c, "POST", "domain:create", &first, &status, &why);
	bool ok = true;

	if (!made && status != 422) {
		*e = why;
		return false;
	}
	for (size_t k = 0; ok && k < w->n; k++)
		if (is_in_the_way(w, k, i))
			ok = drop_all(c, &w->is[k], e);
	if (!ok)
		return false;
	if (make_all(c, &w->now[i], made ? 1 : 0, e))
		return true;
	return made || e->kind == ERR_NETWORK || e->kind == ERR_TIMEOUT
	    ? false : put_back(c, w, i, e);
}

/* ---- all of it ---- */

static bool
is_swapped_away(const struct job *w, size_t k)
{
	bool found = false;

	for (size_t i = 0; i < w->n; i++)
		found = found || (w->now[i].n > 0
		    && is_in_the_way(w, k, i));
	return found;
}

/* The first set that comes in a swap takes away what is in the way; the
 * others of its name are just made. */
static bool
come(struct change *c, const struct job *w, size_t i, struct err *e)
{
	bool first = true;

	for (size_t k = 0; k < i; k++)
		if (text_same(w->now[k].name, w->now[i].name)
		    && w->is[k].n == 0 && w->now[k].n > 0)
			first = false;
	return first && has_in_the_way(w, i) ? swap(c, w, i, e)
	    : make_all(c, &w->now[i], 0, e);
}

static bool
write_sets(const struct dnshost_account *a, const struct dns_set *is,
    const struct dns_set *now, size_t n, struct err *e)
{
	const struct job w = { .is = is, .now = now, .n = n };
	struct change c = { .a = a, .p = pool_new() };
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++)
		if (is[i].n > 0 && now[i].n > 0)
			ok = edit(&c, &is[i], &now[i], e);
	for (size_t i = 0; ok && i < n; i++)
		if (is[i].n == 0 && now[i].n > 0)
			ok = come(&c, &w, i, e);
	for (size_t i = 0; ok && i < n; i++)
		if (is_gone(&w, i) && !is_swapped_away(&w, i))
			ok = drop_all(&c, &is[i], e);
	if (!ok && c.wrote && e->kind != ERR_NETWORK
	    && e->kind != ERR_TIMEOUT)
		e->kind = ERR_OTHER;
	pool_free(c.p);
	return ok;
}

const struct dnshost_company dnshost_digitalocean = {
	.name = "digitalocean", .piecemeal = true, .check = check,
	.close = close_own, .find = find, .write = write_sets,
	.gap = "DigitalOcean takes one record at a time, and no CNAME beside "
	    "other records: for about a second the name has none, and a "
	    "resolver that asks then keeps that for the zone's negative TTL",
};
