/*
 * allowlist - see allowlist.h. Here: the spelling of sources, and what each
 * company calls the same things.
 */
#include "api/allowlist.h"

#include <ctype.h>
#include <string.h>

#include "api/digitalocean.h"
#include "base/mem.h"
#include "base/text.h"

enum { BITS = 32, COMMENT_MAX = 80 };	/* Atlas takes no longer one */

/* ---- sources ---- */

static bool
is_group(const char *s)
{
	return text_starts(s, "sg-") && s[3] != '\0'
	    && strspn(s + 3, "0123456789abcdef") == strlen(s + 3);
}

static bool
is_cluster(const char *s)
{
	struct err ignored;

	return digitalocean_check_id(s, &ignored);
}

static bool
is_network(const char *s)
{
	struct pool *p = pool_new();
	const char *slash = strchr(s, '/');
	struct err ignored;
	long bits = BITS;
	bool ok = strchr(s, ':') == NULL
	    && text_check_ip(slash == NULL ? s
		: pool_strndup(p, s, (size_t)(slash - s)), &ignored)
	    && (slash == NULL
	    || text_number(slash + 1, 0, BITS, &bits, &ignored));

	pool_free(p);
	return ok;
}

bool
allowlist_check_sources(const char *list, struct err *e)
{
	struct pool *p = pool_new();
	const char **v = text_split(p, list, NULL);
	bool ok = v[0] != NULL || err_set(e, ERR_INPUT, "the list is empty");

	for (size_t i = 0; ok && v[i] != NULL; i++)
		ok = is_network(v[i]) || is_cluster(v[i]) || is_group(v[i])
		    || err_set(e, ERR_INPUT, "%s is neither an IPv4 address "
			"or network (203.0.113.7, 203.0.113.0/28), nor a "
			"DigitalOcean Kubernetes cluster's id, nor an AWS "
			"security group (sg-...)", v[i]);
	pool_free(p);
	return ok;
}

const char *
allowlist_spell(struct pool *p, const char *source)
{
	return is_network(source) && strchr(source, '/') == NULL
	    ? pool_printf(p, "%s/%d", source, BITS) : pool_strdup(p, source);
}

const struct allow_entry *
allowlist_entry(const struct allow_entries *all, const char *source)
{
	for (size_t i = 0; i < all->n; i++)
		if (text_same(all->v[i].source, source))
			return &all->v[i];
	return NULL;
}

/* ---- the companies ---- */

/* One company: its calls take the handle that its open gave. */
struct company {
	const char *name, *list;
	bool (*takes)(const char *source);
	void *(*open)(const struct allowlist_login *, struct err *);
	void (*close)(void *);
	bool (*find)(struct allowlist *, struct pool *,
	    struct allow_entries *, struct err *);
	bool (*add)(struct allowlist *, const struct allow_entry *,
	    struct err *);
	bool (*remove)(struct allowlist *, const char *, struct err *);
};

struct allowlist {
	const struct company *company;
	struct pool *pool;
	struct allowlist_place place;
	void *handle;
};

/* ---- DigitalOcean ---- */

static void *
open_digitalocean(const struct allowlist_login *l, struct err *e)
{
	const struct digitalocean_open o = { .token = l->digitalocean_token,
	    .api = l->digitalocean_api, .ca_file = l->ca_file,
	    .dns_servers = l->dns_servers };

	if (l->digitalocean_token != NULL)
		return digitalocean_open(&o, e);
	err_set(e, ERR_INPUT, "digitalocean-token: it is needed to change "
	    "who may connect to a database cluster of DigitalOcean's, with "
	    "the scopes database:read and database:update");
	return NULL;
}

static void
close_digitalocean(void *handle)
{
	digitalocean_close(handle);
}

static bool
takes_digitalocean(const char *source)
{
	return !is_group(source);
}

static bool
find_digitalocean(struct allowlist *l, struct pool *p,
    struct allow_entries *out, struct err *e)
{
	struct digitalocean_rules rules;
	struct allow_entry *v;

	if (!digitalocean_find_rules(l->handle, l->place.id, &rules, e))
		return false;
	v = pool_alloc(p, (rules.n + 1) * sizeof *v);
	for (size_t i = 0; i < rules.n; i++) {
		const struct digitalocean_rule *r = &rules.v[i];
		bool ours = text_same(r->type, "ip_addr")
		    || text_same(r->type, "k8s");

		v[i].source = ours ? allowlist_spell(p, r->value)
		    : pool_printf(p, "%s %s", r->type, r->value);
		v[i].comment = r->description != NULL
		    ? pool_strdup(p, r->description) : "";
	}
	*out = (struct allow_entries){ .v = v, .n = rules.n,
	    .everybody = rules.n == 0 };
	return true;
}

/* The same source may stand there as somebody else wrote it. */
static struct digitalocean_rule
rule_of(struct allowlist *l, const char *source, const char *comment)
{
	size_t n = strlen(source);

	if (is_cluster(source))
		return (struct digitalocean_rule){ .type = "k8s",
		    .value = source, .description = comment };
	if (text_ends(source, "/32"))
		n -= 3;
	return (struct digitalocean_rule){ .type = "ip_addr",
	    .value = pool_strndup(l->pool, source, n),
	    .description = comment };
}

static bool
add_digitalocean(struct allowlist *l, const struct allow_entry *a,
    struct err *e)
{
	const struct digitalocean_rule r = rule_of(l, a->source, a->comment);

	return digitalocean_add_rule(l->handle, l->place.id, &r, e);
}

static bool
remove_digitalocean(struct allowlist *l, const char *source, struct err *e)
{
	const struct digitalocean_rule r = rule_of(l, source, NULL);

	return digitalocean_remove_rule(l->handle, l->place.id, &r, e);
}

static const struct company companies[] = {
	{ "digitalocean", "trusted sources of database cluster",
	  takes_digitalocean, open_digitalocean, close_digitalocean,
	  find_digitalocean, add_digitalocean, remove_digitalocean },
};

const char *const allowlist_companies[] = { "digitalocean", NULL };

/* ---- what all share ---- */

struct allowlist *
allowlist_open(const struct allowlist_place *place,
    const struct allowlist_login *login, struct err *e)
{
	struct pool *p = pool_new();
	struct allowlist *l = pool_alloc(p, sizeof *l);

	l->pool = p;
	l->place = *place;
	l->place.id = pool_strdup(p, place->id);
	for (size_t i = 0; i < sizeof companies / sizeof *companies; i++)
		if (text_same(companies[i].name, place->company))
			l->company = &companies[i];
	if (l->company == NULL)
		err_set(e, ERR_INPUT, "no company that we know is called %s",
		    place->company);
	else
		l->handle = l->company->open(login, e);
	if (l->handle != NULL)
		return l;
	allowlist_close(l);
	return NULL;
}

void
allowlist_close(struct allowlist *l)
{
	if (l == NULL)
		return;
	if (l->handle != NULL)
		l->company->close(l->handle);
	pool_free(l->pool);
}

bool
allowlist_find(struct allowlist *l, struct pool *p,
    struct allow_entries *out, struct err *e)
{
	return l->company->find(l, p, out, e);
}

bool
allowlist_add(struct allowlist *l, const struct allow_entry *a,
    struct err *e)
{
	if (!l->company->takes(a->source))
		return err_set(e, ERR_INPUT, "%s can't stand in the %s %s: "
		    "another company's, or of a kind that it does not know",
		    a->source, l->company->list, l->place.id);
	return l->company->add(l, a, e);
}

bool
allowlist_remove(struct allowlist *l, const char *source, struct err *e)
{
	return l->company->remove(l, source, e);
}
