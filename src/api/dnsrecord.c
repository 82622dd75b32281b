/*
 * dnsrecord - see dnsrecord.h.
 *
 * {"hosts": {"<host>": {"sets": [set], "ttl": {"was": 5, "now": 2,
 * "since": "2026-11-23T06:00:00Z" or null}}}, "switch": {"from": [set],
 * "to": [set], "done": date or null, "undone": date}}, a set as dns_set_json
 * writes it.
 */
#include "api/dnsrecord.h"

#include "api/dnshost.h"
#include "api/repo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum { MAX_TTL = 0x7fffffff };

struct dnsrecord {
	struct json *json, *saved;
	const char *instance;
	struct pool *pool;
};

static struct json *
ensure_part(struct json *whole, const char *member)
{
	struct json *part = (struct json *)json_get(whole, member);

	return part != NULL ? part : json_add(whole, member, json_object());
}

static struct json *
ensure_host(struct dnsrecord *r, const char *host)
{
	return ensure_part(ensure_part(r->json, "hosts"), host);
}

static const struct json *
find_host(const struct dnsrecord *r, const char *host)
{
	return json_get(json_get(r->json, "hosts"), host);
}

struct dnsrecord *
dnsrecord_load(struct repo *repo, const char *instance, struct err *e)
{
	struct err why = { 0 };
	struct json *j = repo_record_load(repo, instance, "dns", &why);
	struct dnsrecord *r;

	if (j == NULL && why.text[0] != '\0') {
		*e = why;
		err_within(e, "the record dns");
		return NULL;
	}
	if (j != NULL && !json_is_object(j)) {
		json_free(j);
		err_set(e, ERR_HAND, "migrations/%s/record/dns.json is not "
		    "what a step writes: put it back with git", instance);
		return NULL;
	}
	r = mem_alloc(sizeof *r);
	r->pool = pool_new();
	r->instance = pool_strdup(r->pool, instance);
	r->json = j != NULL ? j : json_object();
	r->saved = json_copy(r->json);
	return r;
}

void
dnsrecord_close(struct dnsrecord *r)
{
	if (r == NULL)
		return;
	json_free(r->json);
	json_free(r->saved);
	pool_free(r->pool);
	mem_free(r);
}

bool
dnsrecord_save(struct dnsrecord *r, struct repo *repo, struct err *e)
{
	if (json_same(r->json, r->saved))
		return true;
	if (!repo_record_save(repo, r->instance, "dns", r->json, e))
		return err_within(e, "the record dns");
	json_free(r->saved);
	r->saved = json_copy(r->json);
	return true;
}

static struct json *
list_json(const struct dns_set *sets, size_t n)
{
	struct json *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(list, NULL, dns_set_json(&sets[i]));
	return list;
}

static bool
list_read(struct pool *p, const struct json *list, struct dns_set **sets,
    size_t *n)
{
	size_t len = (size_t)json_len(list);

	if (!json_is_array(list))
		return false;
	*sets = pool_alloc(p, (len + 1) * sizeof **sets);
	*n = len;
	for (size_t i = 0; i < len; i++)
		if (!dns_set_read(p, json_item(list, (int)i), &(*sets)[i]))
			return false;
	return true;
}

void
dnsrecord_keep_sets(struct dnsrecord *r, const char *host,
    const struct dns_set *sets, size_t n)
{
	struct json *h = ensure_host(r, host);

	if (json_get(h, "sets") == NULL)
		json_add(h, "sets", list_json(sets, n));
}

void
dnsrecord_start_ttl(struct dnsrecord *r, const char *host, long was, long ttl)
{
	struct json *t = json_object();

	json_set_num(t, "was", (double)was);
	json_set_num(t, "now", (double)ttl);
	json_add(t, "since", json_string(NULL));
	json_add(ensure_host(r, host), "ttl", t);
}

static void
set_date(struct json *j, const char *member, time_t when)
{
	struct buf date = buf_new(64);

	clock_date(&date, when);
	json_set_str(j, member, buf_str(&date));
	buf_free(&date);
}

void
dnsrecord_done_ttl(struct dnsrecord *r, const char *host, time_t when)
{
	set_date(ensure_part(ensure_host(r, host), "ttl"), "since", when);
}

bool
dnsrecord_ttl(const struct dnsrecord *r, const char *host,
    struct dnsrecord_ttl *t)
{
	const struct json *j = json_get(find_host(r, host), "ttl");
	const char *since = json_str(j, "since");
	time_t moment = since != NULL ? clock_parse(since) : 0;
	double was, now;

	if (!json_num(j, "was", &was) || !json_num(j, "now", &now)
	    || was < 0 || was > MAX_TTL || now < 0 || now > MAX_TTL)
		return false;
	*t = (struct dnsrecord_ttl){ .was = (long)was, .ttl = (long)now,
		.since = moment > 0 ? moment : 0 };
	return true;
}

time_t
dnsrecord_low_from(const struct dnsrecord_ttl *t, time_t now)
{
	return (t->since != 0 ? t->since : now)
	    + (t->was > t->ttl ? t->was : 0);
}

void
dnsrecord_start_switch(struct dnsrecord *r, const struct dns_set *from,
    const struct dns_set *to, size_t n)
{
	struct json *s = json_object();

	json_add(s, "from", list_json(from, n));
	json_add(s, "to", list_json(to, n));
	json_add(s, "done", json_string(NULL));
	json_add(r->json, "switch", s);
}

bool
dnsrecord_switch(const struct dnsrecord *r, struct pool *p,
    struct dns_set **from, struct dns_set **to, size_t *n)
{
	const struct json *s = json_get(r->json, "switch");
	size_t other;

	return list_read(p, json_get(s, "from"), from, &other)
	    && list_read(p, json_get(s, "to"), to, n) && other == *n;
}

void
dnsrecord_done_switch(struct dnsrecord *r, time_t when)
{
	set_date(ensure_part(r->json, "switch"), "done", when);
}

void
dnsrecord_undo_switch(struct dnsrecord *r)
{
	json_add(ensure_part(r->json, "switch"), "done", json_string(NULL));
}

void
dnsrecord_undone_switch(struct dnsrecord *r, time_t when)
{
	set_date(ensure_part(r->json, "switch"), "undone", when);
}

bool
dnsrecord_is_undone(const struct dnsrecord *r)
{
	const struct json *s = json_get(r->json, "switch");

	return json_str(s, "undone") != NULL && json_str(s, "done") == NULL;
}

bool
dnsrecord_in_switch(const struct dnsrecord *r)
{
	const struct json *s = json_get(r->json, "switch");

	return s != NULL && json_str(s, "done") == NULL;
}
