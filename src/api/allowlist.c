/*
 * allowlist - see allowlist.h. Here: the spelling of sources, and what each
 * company calls the same things.
 */
#include "api/allowlist.h"

#include <string.h>

#include "api/atlas.h"
#include "api/aws.h"
#include "api/digitalocean.h"
#include "api/ec2.h"
#include "base/mem.h"
#include "base/text.h"

enum { BITS = 32 };

/* ---- sources ---- */

static bool
is_group(const char *s)
{
	struct err ignored;

	return ec2_check_group(s, &ignored);
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
	void *(*open)(const struct allowlist_place *,
	    const struct allowlist_login *, struct err *);
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
open_digitalocean(const struct allowlist_place *place,
    const struct allowlist_login *l, struct err *e)
{
	const struct digitalocean_open o = { .token = l->digitalocean_token,
	    .api = l->digitalocean_api, .ca_file = l->ca_file,
	    .dns_servers = l->dns_servers };

	(void)place;
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

/* ---- Atlas ---- */

static void *
open_atlas(const struct allowlist_place *place,
    const struct allowlist_login *l, struct err *e)
{
	const struct atlas_open o = { .client_id = l->atlas_client_id,
	    .client_secret = l->atlas_client_secret,
	    .public_key = l->atlas_public_key,
	    .private_key = l->atlas_private_key, .project = place->id,
	    .api = l->atlas_api, .ca_file = l->ca_file,
	    .dns_servers = l->dns_servers };

	return atlas_open(&o, e);
}

static void
close_atlas(void *handle)
{
	atlas_close(handle);
}

static bool
takes_atlas(const char *source)
{
	return is_network(source);
}

static bool
find_atlas(struct allowlist *l, struct pool *p, struct allow_entries *out,
    struct err *e)
{
	struct atlas_entries all;
	struct allow_entry *v;

	if (!atlas_find_entries(l->handle, &all, e))
		return false;
	v = pool_alloc(p, (all.n + 1) * sizeof *v);
	for (size_t i = 0; i < all.n; i++)
		v[i] = (struct allow_entry){ .until = all.v[i].until,
		    .source = pool_strdup(p, all.v[i].cidr),
		    .comment = pool_strdup(p, all.v[i].comment) };
	*out = (struct allow_entries){ .v = v, .n = all.n };
	return true;
}

static bool
add_atlas(struct allowlist *l, const struct allow_entry *a, struct err *e)
{
	const struct atlas_entry entry = { .cidr = a->source,
	    .comment = a->comment, .until = a->until };

	return atlas_add_entry(l->handle, &entry, e);
}

static bool
remove_atlas(struct allowlist *l, const char *source, struct err *e)
{
	return atlas_remove_entry(l->handle, source, e);
}

/* ---- AWS ---- */

static void *
open_aws(const struct allowlist_place *place,
    const struct allowlist_login *l, struct err *e)
{
	const struct aws_open o = { .key_id = l->aws_key_id,
	    .secret = l->aws_secret,
	    .token = text_empty(l->aws_token) ? NULL : l->aws_token,
	    .region = l->aws_region, .api = l->aws_api,
	    .ca_file = l->ca_file, .dns_servers = l->dns_servers };

	(void)place;
	if (!text_empty(o.key_id) && !text_empty(o.secret)
	    && !text_empty(o.region))
		return aws_open(&o, e);
	err_set(e, ERR_INPUT, "aws-access-key-id: it is needed, with "
	    "aws-secret-access-key and aws-region, to change who may "
	    "connect through a security group");
	return NULL;
}

static void
close_aws(void *handle)
{
	aws_close(handle);
}

static bool
takes_aws(const char *source)
{
	return is_network(source) || is_group(source);
}

static bool
find_aws(struct allowlist *l, struct pool *p, struct allow_entries *out,
    struct err *e)
{
	struct ec2_rules all;
	struct allow_entry *v;

	if (!ec2_find_rules(l->handle, l->place.id, l->place.port, &all, e))
		return false;
	v = pool_alloc(p, (all.n + 1) * sizeof *v);
	for (size_t i = 0; i < all.n; i++)
		v[i] = (struct allow_entry){
		    .source = pool_strdup(p, all.v[i].source),
		    .comment = pool_strdup(p, all.v[i].description) };
	*out = (struct allow_entries){ .v = v, .n = all.n };
	return true;
}

static bool
add_aws(struct allowlist *l, const struct allow_entry *a, struct err *e)
{
	const struct ec2_rule r = { .source = a->source,
	    .description = a->comment };

	return ec2_add_rule(l->handle, l->place.id, l->place.port, &r, e);
}

static bool
remove_aws(struct allowlist *l, const char *source, struct err *e)
{
	return ec2_remove_rule(l->handle, l->place.id, l->place.port, source,
	    e);
}

static const struct company companies[] = {
	{ "digitalocean", "trusted sources of database cluster",
	  takes_digitalocean, open_digitalocean, close_digitalocean,
	  find_digitalocean, add_digitalocean, remove_digitalocean },
	{ "atlas", "access list of project", takes_atlas, open_atlas,
	  close_atlas, find_atlas, add_atlas, remove_atlas },
	{ "aws", "inbound rules of security group", takes_aws, open_aws,
	  close_aws, find_aws, add_aws, remove_aws },
};

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
		l->handle = l->company->open(place, login, e);
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
