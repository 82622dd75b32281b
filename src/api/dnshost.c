/*
 * dnshost - see dnshost.h. Here: what all companies share.
 */
#include "api/dnshost.h"

#include <string.h>

#include "api/dnshost_company.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum {
	WORDS_MAX = 4096,
	MAX_TTL = 0x7fffffff,
	ZONE_ID_MAX = 32,
	WRITES = 4,		/* tries where it is unknown if one acted */
	WRITE_PAUSE_MS = 700,
};

static const struct dnshost_company *const companies[] = {
	&dnshost_cloudflare, &dnshost_digitalocean, &dnshost_powerdns,
	&dnshost_rfc2136, &dnshost_route53,
};

const char *const dnshost_names[] = { "cloudflare", "digitalocean", "manual",
	"powerdns", "rfc2136", "route53", NULL };

bool
dnshost_check_zone_id(const char *s, struct err *e)
{
	size_t n = strlen(s);

	return (n > 0 && n <= ZONE_ID_MAX && strspn(s, "0123456789abcdefghijk"
	    "lmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == n)
	    || err_set(e, ERR_INPUT, "this is no id of a zone such as "
		"Z148QEXAMPLE8V at route53, or 32 hexadecimal digits at "
		"cloudflare");
}

struct dnshost {
	const struct dnshost_company *company;
	struct dnshost_account account;
};

static const struct dnshost_company *
find_company(const char *name)
{
	for (size_t i = 0; i < sizeof companies / sizeof companies[0]; i++)
		if (text_same(companies[i]->name, name))
			return companies[i];
	return NULL;
}

const char *
dnshost_plain_name(struct pool *p, const char *name)
{
	size_t n = strlen(name);
	char *s;

	if (n > 1 && name[n - 1] == '.')
		n--;
	s = pool_strndup(p, name, n);
	for (size_t i = 0; i < n; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] - 'A' + 'a');
	return s;
}

/* Is all given that the company needs? */
static bool
check_login(const struct dnshost_company *c, const struct dnshost_open *o,
    struct err *e)
{
	if (c->needs_server && text_empty(o->server))
		return err_set(e, ERR_INPUT, "%s needs dns-server: the "
		    "address of its API, such as https://pdns.example.org, "
		    "or of the primary name server, such as 192.0.2.1",
		    c->name);
	if (c->by_key && (text_empty(o->key_id) || text_empty(o->secret)))
		return err_set(e, ERR_INPUT, "%s needs aws-access-key-id and "
		    "aws-secret-access-key", c->name);
	if (!c->by_key && text_empty(o->token))
		return err_set(e, ERR_INPUT, "%s needs dns-token", c->name);
	return true;
}

static const char *
without_slash(struct pool *p, const char *url)
{
	size_t n = url != NULL ? strlen(url) : 0;

	while (n > 0 && url[n - 1] == '/')
		n--;
	return n > 0 ? pool_strndup(p, url, n) : NULL;
}

static struct dnshost *
new_handle(struct http *http, const struct dnshost_company *c,
    const struct dnshost_open *o)
{
	struct dnshost *h = mem_alloc(sizeof *h);
	struct pool *p = pool_new();

	h->company = c;
	h->account = (struct dnshost_account){ .http = http, .pool = p,
		.server = without_slash(p, o->server),
		.token = pool_strdup(p, o->token),
		.key_id = pool_strdup(p, o->key_id),
		.secret = pool_strdup(p, o->secret),
		.session = text_empty(o->session) ? NULL
		    : pool_strdup(p, o->session),
		.zone = dnshost_plain_name(p, o->zone),
		.zone_id = text_empty(o->zone_id) ? NULL
		    : pool_strdup(p, o->zone_id),
		.least_ttl = 1 };
	return h;
}

/* No such zone: perhaps one of the names above it is. */
static void
tell_zone_above(struct dnshost *h, struct err *e)
{
	const char *zone = h->account.zone, *given = h->account.zone_id;
	const char *above = strchr(zone, '.');
	struct err ignored = { 0 };
	bool found = false;

	for (; !found && above != NULL && strchr(above + 1, '.') != NULL;
	    above = strchr(above + 1, '.')) {
		if (h->company->close != NULL)
			h->company->close(&h->account);
		h->account.own = NULL;
		h->account.zone = above + 1;
		h->account.zone_id = given;
		found = h->company->check(&h->account, &ignored);
		if (found)
			err_set(e, ERR_NOT_FOUND, "there is no such zone, but "
			    "%s: give that one", above + 1);
	}
	h->account.zone = zone;
}

struct dnshost *
dnshost_open(struct http *http, const struct dnshost_open *o, struct err *e)
{
	const struct dnshost_company *c = find_company(o->company);
	struct dnshost *h;

	if (c == NULL) {
		err_set(e, ERR_INPUT, "no DNS company is called \"%s\"",
		    o->company);
		return NULL;
	}
	if (!check_login(c, o, e))
		return NULL;
	h = new_handle(http, c, o);
	if (c->check(&h->account, e))
		return h;
	if (e->kind == ERR_NOT_FOUND)
		tell_zone_above(h, e);
	err_within(e, "%s, zone %s", c->name, h->account.zone);
	dnshost_close(h);
	return NULL;
}

void
dnshost_close(struct dnshost *h)
{
	if (h == NULL)
		return;
	if (h->company->close != NULL)
		h->company->close(&h->account);
	pool_free(h->account.pool);
	mem_free(h);
}

long
dnshost_least_ttl(const struct dnshost *h)
{
	return h->account.least_ttl;
}

const char *
dnshost_gap(const struct dnshost *h)
{
	return h->company->gap;
}

static bool
is_inside(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return text_same(name, zone) || (n > z && name[n - z - 1] == '.'
	    && text_same(name + n - z, zone));
}

static bool
check_inside(const struct dnshost *h, const char *name, struct err *e)
{
	return is_inside(name, h->account.zone)
	    || err_set(e, ERR_INPUT, "%s does not lie in the zone %s", name,
		h->account.zone);
}

static bool
leads_visitors(const char *type)
{
	return text_same(type, "A") || text_same(type, "AAAA")
	    || text_same(type, "CNAME");
}

/* In our form, each once; all must lie in the zone. */
static const char **
take_names(const struct dnshost *h, struct pool *p, const char *const *names,
    struct err *e)
{
	size_t most = 0, n = 0;
	const char **v;

	while (names[most] != NULL)
		most++;
	v = pool_alloc(p, (most + 1) * sizeof *v);
	for (; *names != NULL; names++) {
		size_t k = 0;

		v[n] = dnshost_plain_name(p, *names);
		if (!check_inside(h, v[n], e))
			return NULL;
		while (!text_same(v[k], v[n]))
			k++;
		n += k == n;
	}
	v[n] = NULL;
	return v;
}

bool
dnshost_find(struct dnshost *h, struct pool *p, const char *const *names,
    struct dns_set **sets, size_t *n, struct err *e)
{
	const char **plain = take_names(h, p, names, e);
	size_t kept = 0;

	if (plain == NULL)
		return false;
	if (!h->company->find(&h->account, p, plain, sets, n, e))
		return err_within(e, "%s, zone %s", h->company->name,
		    h->account.zone);
	for (size_t i = 0; i < *n; i++)
		if (leads_visitors((*sets)[i].type))
			(*sets)[kept++] = (*sets)[i];
	*n = kept;
	return true;
}

static bool
has_value(const struct dns_set *s, const struct dns_value *v)
{
	for (size_t i = 0; i < s->n; i++)
		if (text_same_fold(s->value[i].text, v->text)
		    && s->value[i].disabled == v->disabled)
			return true;
	return false;
}

bool
dns_set_same(const struct dns_set *a, const struct dns_set *b)
{
	if (a->n != b->n || (a->n > 0 && a->kind != b->kind))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!has_value(b, &a->value[i]))
			return false;
	return a->n == 0 || a->kind != DNSHOST_PLAIN || a->ttl == b->ttl;
}

/* What a set is beside plain; as in the record. */
static const char *const kinds[] = { [DNSHOST_PLAIN] = "plain",
	[DNSHOST_PROXIED] = "proxied", [DNSHOST_ALIAS] = "alias",
	[DNSHOST_ROUTED] = "routed" };

const char *
dns_set_words(struct pool *p, const struct dns_set *s)
{
	struct buf b = buf_new(WORDS_MAX);
	const char *words;

	if (s->n == 0)
		return pool_printf(p, "no %s record", s->type);
	buf_printf(&b, "%s ", s->type);
	for (size_t i = 0; i < s->n; i++)
		buf_printf(&b, "%s%s%s", i > 0 ? ", " : "", s->value[i].text,
		    s->value[i].disabled ? " (disabled)" : "");
	if (s->kind == DNSHOST_PLAIN)
		buf_printf(&b, " TTL %ld", s->ttl);
	else
		buf_printf(&b, " (%s)", kinds[s->kind]);
	words = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return words;
}

struct dns_set
dns_set_with_ttl(struct dns_set s, long ttl)
{
	if (s.kind == DNSHOST_PLAIN)
		s.ttl = ttl;
	return s;
}

struct json *
dns_set_json(const struct dns_set *s)
{
	struct json *j = json_object();
	struct json *values = json_array();

	json_set_str(j, "name", s->name);
	json_set_str(j, "type", s->type);
	json_set_num(j, "ttl", (double)s->ttl);
	if (s->kind != DNSHOST_PLAIN)
		json_set_str(j, "kind", kinds[s->kind]);
	if (s->zone != NULL)
		json_set_str(j, "zone", s->zone);
	for (size_t i = 0; i < s->n; i++) {
		struct json *v = json_object();

		json_set_str(v, "value", s->value[i].text);
		if (s->value[i].disabled)
			json_set_bool(v, "disabled", true);
		json_add(values, NULL, v);
	}
	json_add(j, "values", values);
	return j;
}

/* Plain where nothing is said. */
static bool
read_kind(const struct json *j, enum dnshost_kind *kind)
{
	const char *said = json_str(j, "kind");

	*kind = DNSHOST_PLAIN;
	if (said == NULL)
		return json_is_null(j, "kind");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (text_same(said, kinds[i])) {
			*kind = (enum dnshost_kind)i;
			return true;
		}
	return false;
}

bool
dns_set_read(struct pool *p, const struct json *j, struct dns_set *s)
{
	const struct json *values = json_get(j, "values");
	size_t n = (size_t)json_len(values);
	struct dns_value *v = pool_alloc(p, (n + 1) * sizeof *v);
	enum dnshost_kind kind;
	double ttl;

	if (json_str(j, "name") == NULL || json_str(j, "type") == NULL
	    || !read_kind(j, &kind) || !json_is_array(values)
	    || !json_num(j, "ttl", &ttl)
	    || ttl < 0 || ttl > MAX_TTL)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct json *item = json_item(values, (int)i);

		v[i].text = pool_strdup(p, json_str(item, "value"));
		if (v[i].text == NULL)
			return false;
		(void)json_bool(item, "disabled", &v[i].disabled);
	}
	*s = (struct dns_set){ .name = pool_strdup(p, json_str(j, "name")),
		.type = pool_strdup(p, json_str(j, "type")),
		.ttl = (long)ttl, .value = v, .n = n, .kind = kind,
		.zone = pool_strdup(p, json_str(j, "zone")) };
	return true;
}

/* Each set as it is now; one that is not there has no values. */
static bool
read_again(struct dnshost *h, struct pool *p, const struct dns_set *like,
    size_t n, struct dns_set *is, struct err *e)
{
	const char **names = pool_alloc(p, (n + 1) * sizeof *names);
	struct dns_set *found;
	size_t count;

	for (size_t i = 0; i < n; i++) {
		names[i] = like[i].name;
		is[i] = (struct dns_set){ .name = like[i].name,
			.type = like[i].type };
	}
	if (!dnshost_find(h, p, names, &found, &count, e))
		return false;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < count; k++)
			if (text_same_fold(found[k].name, like[i].name)
			    && text_same(found[k].type, like[i].type))
				is[i] = found[k];
	return true;
}

/* Could a change from `was` to `now` that was cut off leave this? */
static bool
is_between(const struct dns_set *is, const struct dns_set *was,
    const struct dns_set *now)
{
	for (size_t i = 0; i < is->n; i++)
		if (!has_value(was, &is->value[i])
		    && !has_value(now, &is->value[i]))
			return false;
	return is->n == 0 || is->ttl == was->ttl || is->ttl == now->ttl;
}

/* May the set be written, now that it is so? */
static bool
check_change(struct dnshost *h, struct pool *p, const struct dns_set *is,
    const struct dns_set *was, const struct dns_set *now, struct err *e)
{
	if (!dns_set_same(is, was) && !(h->company->piecemeal
	    && is_between(is, was, now)))
		return err_set(e, ERR_CONFLICT, "%s: somebody changed it "
		    "meanwhile to %s", now->name, dns_set_words(p, is));
	if (is->kind == DNSHOST_ROUTED || now->kind == DNSHOST_ROUTED)
		return err_set(e, ERR_HAND, "%s %s has a routing policy, "
		    "which is not ours to change: take the policy away, or "
		    "change the record by hand", now->name, now->type);
	if (now->n > 0 && now->kind == DNSHOST_PLAIN
	    && now->ttl < h->account.least_ttl)
		return err_set(e, ERR_INPUT, "%s %s: TTL %ld is too low: %s "
		    "takes %ld or more", now->name, now->type, now->ttl,
		    h->company->name, h->account.least_ttl);
	return true;
}

/* Which sets must be written: those still as they were. */
static bool
choose_sets(struct dnshost *h, struct pool *p, const struct dns_set *was,
    const struct dns_set *now, size_t n, bool *write, struct dns_set *is,
    struct err *e)
{
	if (!read_again(h, p, now, n, is, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		write[i] = !dns_set_same(&is[i], &now[i]);
		if (write[i] && !check_change(h, p, &is[i], &was[i], &now[i],
		    e))
			return false;
	}
	return true;
}

bool
dnshost_check(struct dnshost *h, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *e)
{
	struct pool *p = pool_new();
	bool *write = pool_alloc(p, (n + 1) * sizeof *write);
	struct dns_set *is = pool_alloc(p, (n + 1) * sizeof *is);
	bool ok = choose_sets(h, p, was, now, n, write, is, e);

	pool_free(p);
	return ok;
}

static bool
check_written(struct dnshost *h, struct pool *p, const struct dns_set *now,
    size_t n, struct err *e)
{
	struct dns_set *is = pool_alloc(p, (n + 1) * sizeof *is);

	if (n > 0 && !read_again(h, p, now, n, is, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!dns_set_same(&is[i], &now[i]))
			return err_set(e, ERR_OTHER, "%s: %s took the change, "
			    "but has %s", now[i].name, h->company->name,
			    dns_set_words(p, &is[i]));
	return true;
}

bool
dnshost_publish(struct dnshost *h, struct err *e)
{
	return h->company->publish == NULL
	    || h->company->publish(&h->account, e)
	    || err_within(e, "%s, zone %s", h->company->name,
		h->account.zone);
}

/* Kinds of error after which nobody knows whether the write happened. */
static bool
is_unsure(enum err_kind kind)
{
	return kind == ERR_NETWORK || kind == ERR_TIMEOUT;
}

/* Read, compare, write what differs, publish, read back: once. *written: it
 * did, or may have. */
static bool
replace_once(struct dnshost *h, struct pool *p, const struct dns_set *was,
    const struct dns_set *now, size_t n, bool *written, struct err *e)
{
	bool *write = pool_alloc(p, (n + 1) * sizeof *write);
	struct dns_set *is = pool_alloc(p, (n + 1) * sizeof *is);
	struct dns_set *to = pool_alloc(p, (n + 1) * sizeof *to);
	size_t k = 0;

	if (!choose_sets(h, p, was, now, n, write, is, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!write[i])
			continue;
		is[k] = is[i];
		to[k++] = now[i];
	}
	if (k > 0 && !h->company->write(&h->account, is, to, k, e)) {
		*written = *written || is_unsure(e->kind);
		return err_within(e, "%s, zone %s", h->company->name,
		    h->account.zone);
	}
	*written = *written || k > 0;
	return dnshost_publish(h, e) && check_written(h, p, to, k, e);
}

bool
dnshost_replace(struct dnshost *h, const struct dns_set *was,
    const struct dns_set *now, size_t n, struct err *e)
{
	struct err first = { .kind = ERR_NETWORK };
	bool ok = false, written = false;

	/* A set that the lost write did change is then as wanted already. */
	for (int i = 0; !ok && i < WRITES && is_unsure(first.kind); i++) {
		struct pool *p = pool_new();

		if (i > 0)
			clock_pause(WRITE_PAUSE_MS);
		ok = replace_once(h, p, was, now, n, &written, &first);
		pool_free(p);
	}
	if (written && !is_unsure(first.kind))
		first.kind = ERR_OTHER;
	if (!ok)
		*e = first;
	return ok;
}
