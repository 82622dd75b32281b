/*
 * zoneplan - see zoneplan.h.
 */
#include "site/zoneplan.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"

enum { PATH_BYTES = 512 };

#define MANUAL "manual"

static struct {
	const char *provider, *server, *token, *zone, *zone_id, *hosts;
	const char *key_id, *secret, *session;
	long wait_hours;
} in;

/* A URL, or a name server's address. */
static bool
check_server(const char *text, struct err *e)
{
	struct err ignored;

	return text_check_servers(text, &ignored) || text_check_url(text, e);
}

static void mask_tokens(const char *);

static const struct place host_places[] = {
	{ "dns.hosts.*.provider", "Who serves this host's zone, where it is "
	  "not dns.provider", false },
	{ "dns.hosts.*.zone", "The zone of this host, where it is not "
	  "dns.zone", false },
	{ "dns.hosts.*.server", "As dns.server, for this zone", false },
	{ "dns.hosts.*.zone-id", "As dns.zone-id, for this zone", true },
	{ 0 }
};

const struct input zoneplan_inputs[] = {
	{ .name = "dns-provider", .str = &in.provider,
	  .oneof = dnshost_names, .plan = "dns.provider",
	  .help = "Company or software that serves the zone; manual: others "
	    "keep it, they are told what to change, and waited for" },
	{ .name = "dns-server", .str = &in.server, .plan = "dns.server",
	  .check = check_server, .optional = true,
	  .help = "Address of its API, where it has no fixed one; for "
	    "rfc2136 of the primary name server" },
	{ .name = "dns-token", .str = &in.token, .secret = true,
	  .mask = mask_tokens,
	  .optional = true, .help = "Token or key that may edit the zone; "
	    "for rfc2136 ALGORITHM:NAME:SECRET; route53 has an access key "
	    "instead. Where dns.hosts in the plan names other providers, one "
	    "line for each: PROVIDER=TOKEN" },
	{ .name = "aws-access-key-id", .str = &in.key_id,
	  .dflt = "$AWS_ACCESS_KEY_ID:-", .help = "For route53: key that may "
	    "edit the zone" },
	{ .name = "aws-secret-access-key", .str = &in.secret,
	  .dflt = "$AWS_SECRET_ACCESS_KEY:-", .secret = true,
	  .help = "Its secret" },
	{ .name = "aws-session-token", .str = &in.session,
	  .dflt = "$AWS_SESSION_TOKEN:-", .secret = true,
	  .help = "Token of its session, if it has one" },
	{ .name = "zone", .str = &in.zone, .plan = "dns.zone",
	  .check = text_check_host, .places = host_places,
	  .help = "Zone, such as example.org, of all hosts that dns.hosts "
	    "in the plan names no other for" },
	{ .name = "dns-zone-id", .str = &in.zone_id, .optional = true,
	  .check = dnshost_check_zone_id, .plan = "dns.zone-id",
	  .help = "Its id at cloudflare or route53, where the account has "
	    "several zones of that name" },
	{ .name = "wait-hours", .num = &in.wait_hours, .min = 0, .max = 720,
	  .dflt = "3", .plan = "dns.wait-hours",
	  .help = "Hours that manual waits for the change; the job must be "
	    "allowed to take that long" },
	{ .name = "hosts", .str = &in.hosts, .optional = true,
	  .check = hosts_check, .places = hosts_places,
	  .help = "Hosts to treat, as kind=name; those of the plan if empty" },
	{ 0 }
};

long
zoneplan_wait_hours(void)
{
	return in.wait_hours;
}

/* ---- tokens ---- */

static bool
is_provider(const char *name)
{
	for (const char *const *n = dnshost_names; *n != NULL; n++)
		if (text_same(*n, name))
			return true;
	return false;
}

/* What follows "PROVIDER=", whose name goes to *of; NULL: it begins
 * otherwise. */
static const char *
named_token(struct pool *p, const char *line, const char **of)
{
	const char *is = strchr(line, '=');

	if (is == NULL)
		return NULL;
	*of = pool_strndup(p, line, (size_t)(is - line));
	return is_provider(*of) ? is + 1 : NULL;
}

static void
mask_tokens(const char *text)
{
	struct pool *p = pool_new();
	const char **line = text_split(p, text, NULL), *of;

	log_mask(text);
	for (size_t i = 0; line[i] != NULL; i++)
		if (named_token(p, line[i], &of) != NULL)
			log_mask(named_token(p, line[i], &of));
	pool_free(p);
}

/* A token that names nobody is dns.provider's: it must not reach another
 * company. NULL: this one has none. */
static const char *
token_of(struct pool *p, const char *provider)
{
	const char **line = text_split(p, in.token != NULL ? in.token : "",
	    NULL);
	const char *unnamed = NULL, *of;
	bool named = false;

	for (size_t i = 0; line[i] != NULL; i++) {
		const char *token = named_token(p, line[i], &of);

		if (token != NULL && text_same(of, provider))
			return token;
		named = named || token != NULL;
		if (token == NULL)
			unnamed = line[i];
	}
	if (!text_same(provider, in.provider))
		return NULL;
	return named ? unnamed : in.token;
}

/* dns.provider's own is asked for by dnshost_open. */
static bool
check_token(const struct dnshost_open *at, struct err *e)
{
	return at->token != NULL || text_same(at->company, in.provider)
	    || text_same(at->company, MANUAL)
	    || text_same(at->company, "route53")
	    || err_set(e, ERR_INPUT, "%s, which serves %s, needs a line "
		"%s=TOKEN in dns-token", at->company, at->zone, at->company);
}

/* ---- dns.hosts ---- */

/* The i-th host that dns.hosts names, as hosts.h has names; NULL: no more. */
static const char *
entry_name(struct pool *p, int i)
{
	const char *key = step_plan_key("dns.hosts", i);

	return key != NULL ? dnshost_plain_name(p, key) : NULL;
}

/* A value of the i-th entry, in the pool; NULL: it says nothing of it. */
static const char *
entry_value(struct pool *p, int i, const char *name)
{
	const char *key = step_plan_key("dns.hosts", i);
	struct buf path = buf_new(PATH_BYTES);
	const char *value;

	buf_puts(&path, "dns.hosts");
	yaml_path_key(&path, key);
	buf_printf(&path, ".%s", name);
	value = step_plan_value(buf_str(&path));
	buf_free(&path);
	return text_empty(value) ? NULL : pool_strdup(p, value);
}

static bool
check_entry(const char *host, const struct dnshost_open *own, struct err *e)
{
	if (own->zone == NULL && own->company == NULL)
		err_set(e, ERR_INPUT, "it names neither zone nor provider");
	else if (own->company != NULL && !is_provider(own->company))
		err_set(e, ERR_INPUT, "provider: nobody is called \"%s\"; "
		    "the words of dns.provider are known", own->company);
	else if ((own->zone == NULL || text_check_host(own->zone, e))
	    && (own->server == NULL || check_server(own->server, e))
	    && (own->zone_id == NULL
	    || dnshost_check_zone_id(own->zone_id, e)))
		return true;
	return err_within(e, "the plan's dns.hosts, %s", host);
}

/* What dns.hosts says of the host, nothing if it does not name it. */
static bool
find_entry(struct pool *p, const char *host, struct dnshost_open *own,
    struct err *e)
{
	const char *name;

	*own = (struct dnshost_open){ 0 };
	for (int i = 0; (name = entry_name(p, i)) != NULL; i++) {
		if (!text_same(name, host))
			continue;
		own->company = entry_value(p, i, "provider");
		own->zone = entry_value(p, i, "zone");
		own->server = entry_value(p, i, "server");
		own->zone_id = entry_value(p, i, "zone-id");
		return check_entry(host, own, e);
	}
	return true;
}

/* A name that is misspelt would be passed over. */
static bool
check_names(struct pool *p, const struct hosts *hosts, struct err *e)
{
	const char *name;

	for (int i = 0; (name = entry_name(p, i)) != NULL; i++)
		if (in.hosts == NULL && !hosts_has(hosts, name))
			return err_set(e, ERR_INPUT, "the plan's dns.hosts: "
			    "%s is none of the plan's hosts", name);
	return true;
}

/* ---- all ---- */

/* Where the host is served: what the plan says of it, else of all. */
static bool
place_host(struct pool *p, const char *host, struct dnshost_open *at,
    struct err *e)
{
	struct dnshost_open own;
	bool same;

	if (!find_entry(p, host, &own, e))
		return false;
	at->company = own.company != NULL ? own.company : in.provider;
	at->zone = dnshost_plain_name(p, own.zone != NULL ? own.zone
	    : in.zone);
	same = text_same(at->company, in.provider);
	at->server = own.server != NULL ? own.server : same ? in.server
	    : NULL;
	same = same && text_same(at->zone, dnshost_plain_name(p, in.zone));
	at->zone_id = own.zone_id != NULL ? own.zone_id : same ? in.zone_id
	    : NULL;
	at->token = token_of(p, at->company);
	at->key_id = in.key_id;
	at->secret = in.secret;
	at->session = in.session;
	return check_token(at, e);
}

static bool
check_inside(const char *host, const char *zone, struct err *e)
{
	size_t n = strlen(host), k = strlen(zone);

	return text_same(host, zone) || (n > k && host[n - k - 1] == '.'
	    && text_same(host + n - k, zone))
	    || err_set(e, ERR_INPUT, "hosts: %s does not lie in the zone %s",
		host, zone);
}

/* A zone is in one place. */
static bool
check_same(const struct zoneplan *z, const struct dnshost_open *at,
    const char *host, struct err *e)
{
	return (text_same(z->at.company, at->company)
	    && text_same(z->at.server, at->server)
	    && text_same(z->at.zone_id, at->zone_id))
	    || err_set(e, ERR_INPUT, "the plan's dns.hosts: %s and %s lie in "
		"one zone, %s, but with another provider, server or "
		"zone-id: it can have one only", z->host[0], host, at->zone);
}

static bool
add_host(struct pool *p, const struct hosts *hosts, const char *host,
    struct zoneplan *v, size_t *n, struct err *e)
{
	struct dnshost_open at;
	size_t i = 0;

	if (!place_host(p, host, &at, e) || !check_inside(host, at.zone, e))
		return false;
	while (i < *n && !text_same(v[i].at.zone, at.zone))
		i++;
	if (i == *n) {
		v[(*n)++] = (struct zoneplan){ .at = at,
			.manual = text_same(at.company, MANUAL),
			.host = pool_alloc(p, (hosts->n + 1)
			* sizeof *v->host) };
	} else if (!check_same(&v[i], &at, host, e)) {
		return false;
	}
	v[i].host[v[i].hosts++] = host;
	return true;
}

bool
zoneplan_find(struct pool *p, struct hosts *hosts, struct zoneplan **v,
    size_t *n, struct err *e)
{
	*n = 0;
	if (!hosts_find(p, in.hosts, hosts, e) || !check_names(p, hosts, e))
		return false;
	*v = pool_alloc(p, (hosts->n + 1) * sizeof **v);
	for (size_t i = 0; i < hosts->n; i++)
		if (!add_host(p, hosts, hosts->v[i].name, *v, n, e))
			return false;
	return true;
}
