/*
 * discover - see discover.h.
 */
#include "site/discover.h"

#include <string.h>

#include "api/dnshost.h"
#include "api/kube.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "net/resolve.h"
#include "site/draft.h"
#include "site/generation.h"
#include "site/running.h"
#include "step/step.h"

enum { LOOK_SECONDS = 20, WORDS_MAX = 1024 };

#define CREATE "workflows.inputs.create."

/* ---- databases ---- */

/* Whose a database server is, by its name. */
static const struct {
	const char *suffix, *name;
} companies[] = {
	{ ".db.ondigitalocean.com", "digitalocean" },
	{ ".mongo.ondigitalocean.com", "digitalocean" },
	{ ".mongodb.net", "atlas" },
	{ ".rds.amazonaws.com", "aws" },
	{ ".docdb.amazonaws.com", "aws" },
};

static const char *
company_of(const char *host)
{
	for (size_t i = 0; i < sizeof companies / sizeof *companies; i++)
		if (strstr(host, companies[i].suffix) != NULL)
			return companies[i].name;
	return NULL;
}

/* Such data can't be shared: the name means another server elsewhere. */
static bool
is_in_cluster(const char *host)
{
	return strchr(host, '.') == NULL && strchr(host, ':') == NULL;
}

static void
add_database(struct draft *d, const char *kind, const char *host,
    const char *port, const char *from)
{
	struct pool *p = step_common()->pool;
	const char *company;

	if (text_empty(host))
		return;
	company = company_of(host);
	draft_set(d, pool_printf(p, "%s.host", kind), host,
	    is_in_cluster(host) ? "within the old cluster: copy the data "
	    "out first" : company != NULL ? pool_printf(p, "%s, at %s", from,
	    company) : from);
	if (strstr(host, "://") == NULL)
		draft_set(d, pool_printf(p, "%s.port", kind), port, NULL);
	draft_set(d, pool_printf(p, "%s.provider", kind), company != NULL
	    ? company : "self-hosted", company != NULL ? "by its name"
	    : NULL);
}

/* One bucket may serve for both; none: nothing to back up. */
static void
add_storage(struct draft *d, const char *bucket, const char *other,
    const char *region, const char *endpoint)
{
	if (text_empty(bucket))
		return;
	draft_set(d, "storage.endpoint", endpoint, NULL);
	draft_set(d, "storage.region", region, NULL);
	draft_set(d, "storage.buckets", text_empty(other)
	    || text_same(bucket, other) ? bucket
	    : pool_printf(step_common()->pool, "%s %s", bucket, other), NULL);
}

/* ---- what runs ---- */

/* What can be read for sure; a host may stand with https:// before it. */
static const char *
setting(const struct pysettings *ps, const char *path)
{
	struct py_found f = pysettings_find(ps, path);

	if (f.kind != PY_STRING && f.kind != PY_INT)
		return NULL;
	return f.text;
}

static const char *
host_setting(const struct pysettings *ps, const char *path)
{
	struct pool *p = step_common()->pool;
	const char *text = setting(ps, path);

	if (text != NULL && strstr(text, "://") != NULL)
		text = strstr(text, "://") + 3;
	return text != NULL ? pool_strndup(p, text, strcspn(text, "/"))
	    : NULL;
}

static void
add_settings(struct draft *d, const struct pysettings *ps)
{
	static const char from[] = "as the old LMS runs";
	const char *mongo = setting(ps, "DOC_STORE_CONFIG.host");

	draft_set(d, "hosts.lms", host_setting(ps, "LMS_BASE"), from);
	draft_set(d, "hosts.cms", host_setting(ps, "CMS_BASE"), from);
	draft_set(d, "hosts.mfe", host_setting(ps, "MFE_CONFIG.BASE_URL"),
	    from);
	draft_set(d, "hosts.preview", host_setting(ps,
	    "FEATURES.PREVIEW_LMS_BASE"), from);
	add_database(d, "mysql", setting(ps, "DATABASES.default.HOST"),
	    setting(ps, "DATABASES.default.PORT"), from);
	add_database(d, "mongodb", mongo, setting(ps,
	    "DOC_STORE_CONFIG.port"), from);
	add_storage(d, setting(ps, "AWS_STORAGE_BUCKET_NAME"), setting(ps,
	    "FILE_UPLOAD_STORAGE_BUCKET_NAME"), setting(ps,
	    "AWS_S3_REGION_NAME"), setting(ps, "AWS_S3_ENDPOINT_URL"));
}

void
discover_cluster(struct draft *d, struct kube *k)
{
	struct buf problems = buf_new(WORDS_MAX);
	struct err e = { 0 };
	struct generation g;
	struct pysettings *ps = NULL;

	if (generation_find(k, &g, &problems, &e)) {
		if (g.tutor != NULL)
			draft_set(d, CREATE "TUTOR_VERSION", pool_printf(
			    step_common()->pool, "v%s", g.tutor),
			    "as the old side runs");
		ps = running_find(k, &g, "lms", &e);
	}
	if (ps != NULL)
		add_settings(d, ps);
	else
		log_warn("the old cluster could not be asked: %s", e.text);
	pysettings_free(ps);
	buf_free(&problems);
}

/* ---- config.yml ---- */

void
discover_config(struct draft *d, const struct yaml *y)
{
	static const struct {
		const char *key, *place;
	} rows[] = {
		{ "LMS_HOST", "hosts.lms" }, { "CMS_HOST", "hosts.cms" },
		{ "MFE_HOST", "hosts.mfe" },
		{ "PREVIEW_LMS_HOST", "hosts.preview" },
		{ "MEILISEARCH_HOST", "hosts.meilisearch" },
		{ "TUTOR_VERSION", CREATE "TUTOR_VERSION" },
		{ "EDX_PLATFORM_VERSION", CREATE "EDX_PLATFORM_VERSION" },
		{ "OPENEDX_COMMON_VERSION", CREATE "EDX_PLATFORM_VERSION" },
		{ "K8S_NAMESPACE", "old.namespace" },
	};
	const char *value;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		value = yaml_get(y, rows[i].key);
		if (value != NULL && strstr(value, "{{") == NULL)
			draft_set(d, rows[i].place, value, NULL);
	}
	add_database(d, "mysql", yaml_get(y, "MYSQL_HOST"), yaml_get(y,
	    "MYSQL_PORT"), "from config.yml");
	add_database(d, "mongodb", yaml_get(y, "MONGODB_HOST"), yaml_get(y,
	    "MONGODB_PORT"), "from config.yml");
	add_storage(d, yaml_get(y, "S3_STORAGE_BUCKET"), yaml_get(y,
	    "S3_FILE_UPLOAD_BUCKET"), yaml_get(y, "S3_REGION"),
	    text_empty(yaml_get(y, "S3_HOST")) ? NULL
	    : pool_printf(step_common()->pool, "https://%s", yaml_get(y,
	    "S3_HOST")));
}

/* ---- DNS ---- */

/* The company by the names of its servers; NULL: it does not say. */
static const char *
company_of_zone(const struct dns_zone *z)
{
	static const struct {
		const char *part, *name;
	} known[] = {
		{ ".digitalocean.com", "digitalocean" },
		{ ".ns.cloudflare.com", "cloudflare" },
		{ ".awsdns-", "route53" },
	};

	for (size_t i = 0; z->n > 0 && i < sizeof known / sizeof *known; i++)
		if (strstr(z->ns[0].name, known[i].part) != NULL)
			return known[i].name;
	return NULL;
}

static bool
is_supported(const char *company)
{
	for (const char *const *n = dnshost_names; *n != NULL; n++)
		if (strcmp(*n, company) == 0)
			return true;
	return false;
}

static void
add_zone(struct draft *d, const struct dns_zone *z)
{
	struct pool *p = step_common()->pool;
	const char *company = company_of_zone(z);
	const char *server = z->n > 0 ? z->ns[0].name : "?";

	draft_set(d, "dns.zone", z->name, pool_printf(p, "served by %s",
	    server));
	if (company != NULL && is_supported(company))
		draft_set(d, "dns.provider", company, "by its servers' names");
	else if (company != NULL)
		draft_note(d, "dns.provider", pool_printf(p, "%s, which no "
		    "step can change: change its records by hand", company));
}

static const char *
join(struct pool *p, const struct dns_answer *a, const char *before)
{
	for (size_t i = 0; a->found == DNS_ANSWER && i < a->n; i++)
		before = before == NULL ? a->value[i]
		    : pool_printf(p, "%s, %s", before, a->value[i]);
	return before;
}

/* The addresses of a name as this server knows them; NULL: none. */
static const char *
addresses(struct resolve *r, const char *server, bool recursive,
    const char *name, struct dns_answer *a)
{
	struct pool *p = step_common()->pool;
	const struct dns_question q[] = {
		{ .server = server, .name = name, .type = "A",
		    .recursive = recursive },
		{ .server = server, .name = name, .type = "AAAA",
		    .recursive = recursive },
	};

	resolve_ask(r, p, q, a, 2, clock_deadline(LOOK_SECONDS));
	return join(p, &a[1], join(p, &a[0], NULL));
}

/* The host's zone must be the plan's one; what leads there is told. */
static void
look_at_host(struct draft *d, struct resolve *r, const char *place)
{
	const char *host = draft_get(d, place);
	struct pool *p = step_common()->pool;
	struct dns_zone z = { 0 };
	struct dns_answer a[2];
	struct err e;
	const char *found;

	if (!resolve_find_zone(r, p, host, clock_deadline(LOOK_SECONDS), &z,
	    &e)) {
		log_warn("%s: %s", host, e.text);
		return;
	}
	add_zone(d, &z);
	if (!text_same(draft_get(d, "dns.zone"), z.name))
		log_warn("%s lies in the zone %s, not in %s as others: a plan "
		    "has one", host, z.name, draft_get(d, "dns.zone"));
	found = z.n == 0 ? NULL : addresses(r, z.ns[0].address, false, host,
	    a);
	if (found == NULL && z.n > 0 && (a[0].found == DNS_NXDOMAIN
	    || a[0].found == DNS_NODATA)) {
		log_warn("%s has no address: it is left out", host);
		draft_doubt(d, place, "has no address in DNS");
		return;
	}
	if (found == NULL)
		log_warn("%s: its name servers did not tell its address",
		    host);
	else
		log_info("%s leads to %s (TTL %ld)", host, found, a[0].keep);
	if (text_same(host, draft_get(d, "hosts.lms")))
		draft_set(d, "old.address", found, "by DNS");
}

void
discover_dns(struct draft *d, const char *new_host)
{
	struct resolve *r;
	struct dns_answer a[2];
	const char *place, *found;
	const char *const *servers;
	struct err e;
	size_t n;

	r = resolve_open(step_common()->dns_servers, &e);
	if (r == NULL) {
		log_warn("DNS: %s", e.text);
		return;
	}
	for (int i = 0; (place = draft_place(d, i)) != NULL; i++)
		if (text_starts(place, "hosts.")
		    && draft_get(d, place) != NULL)
			look_at_host(d, r, place);
	servers = resolve_servers(r, &n);
	if (new_host != NULL && n > 0) {
		found = addresses(r, servers[0], true, new_host, a);
		if (found == NULL)
			log_warn("%s has no address", new_host);
		draft_set(d, "new.address", found, pool_printf(
		    step_common()->pool, "of %s", new_host));
	}
	resolve_close(r);
}

/* ---- the checkout ---- */

void
discover_workflows(struct draft *d)
{
	static const char *const known[][2] = {
		{ "workflows.create", "create-instance.yml" },
		{ "workflows.build", "build-all.yml" },
		{ "workflows.render", "generate-env.yml" },
	};
	const struct step_common *c = step_common();

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (file_exists(pool_printf(c->pool, "%s/.github/workflows/"
		    "%s", c->workspace, known[i][1])))
			draft_set(d, known[i][0], known[i][1], NULL);
		else
			draft_note(d, known[i][0], pool_printf(c->pool, "%s "
			    "is not in .github/workflows; name another, if "
			    "there is one", known[i][1]));
}
