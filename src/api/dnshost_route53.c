/*
 * dnshost_route53 - zones that Amazon's Route 53 serves.
 *
 * A change is one batch of DELETE with what is there and CREATE with what
 * shall be. It happens whole or not at all, and not if somebody changed the
 * set meanwhile: a DELETE must name every value as it is. Its status is
 * asked for until all of Route 53's servers have it (INSYNC).
 *
 * Names come escaped (\052 is *) and end in a dot. An alias has a target in
 * place of values, and no TTL. Sets of a routing policy share a name and a
 * type: they are read as one, which is never changed.
 */
#include <string.h>

#include "api/aws.h"
#include "api/dnshost.h"
#include "api/dnshost_company.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/xml.h"

#define ROOT "/2013-04-01/"
#define NAMESPACE "https://route53.amazonaws.com/doc/2013-04-01/"

enum {
	PAGES = 100,		/* of 100 each */
	PATH_MAX_BYTES = 4096,
	BODY_MAX = 1 << 20,
	VALUES_MOST = 1000,	/* of one batch, by its limits */
	VALUE_BYTES_MOST = 32000,
	ALIAS_TTL = 60,		/* what most of its targets have */
	MAX_TTL = 0x7fffffff,
	ID_MAX = 32,
	SYNC_SECONDS = 180,	/* mostly it is less than 60 */
	SYNC_PAUSE_MS = 1000,	/* 5 requests a second for all of an account */
};

struct route53 {
	struct aws *aws;
	const char *change;	/* the last one, until it is INSYNC */
};

/* ---- names ---- */

static int
octal(const char *s)
{
	if (s[0] != '\\' || s[1] < '0' || s[1] > '3' || s[2] < '0'
	    || s[2] > '7' || s[3] < '0' || s[3] > '7')
		return -1;
	return (s[1] - '0') * 64 + (s[2] - '0') * 8 + s[3] - '0';
}

/* In our form. */
static const char *
read_name(struct pool *p, const char *its)
{
	char *s = pool_strdup(p, its);
	size_t n = 0;

	for (; *its != '\0'; n++) {
		int c = octal(its);

		s[n] = c > 0 ? (char)c : *its;
		its += c > 0 ? 4 : 1;
	}
	s[n] = '\0';
	return dnshost_plain_name(p, s);
}

/* "/hostedzone/Z1" is Z1; NULL: this is no id. */
static const char *
read_id(struct pool *p, const char *its)
{
	const char *slash = its != NULL ? strrchr(its, '/') : NULL;
	const char *id = slash != NULL ? slash + 1 : its;
	size_t n = id != NULL ? strlen(id) : 0;

	if (n == 0 || n > ID_MAX || strspn(id,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != n)
		return NULL;
	return pool_strdup(p, id);
}

/* ---- one request ---- */

static const struct xml *
ask(const struct dnshost_account *a, const char *path, const char *what,
    struct err *e)
{
	struct route53 *r = a->own;
	const struct aws_call c = { .service = "route53",
		.host = "route53.amazonaws.com", .method = "GET",
		.path = path, .repeatable = true, .what = what };
	const struct xml *x;
	const char *code;

	return aws_call(r->aws, &c, &x, &code, e) ? x : NULL;
}

static void
add_query(struct buf *path, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(path, "&%s=", name);
	text_percent(path, value);
}

/* ---- the zone ---- */

static bool
is_private(const struct xml *zone)
{
	return text_same(xml_value(xml_child(zone, "Config"), "PrivateZone"),
	    "true");
}

/* Zones of the name, as far as they are public: their ids in one line. */
struct zones {
	struct buf ids;
	const char *id;
	int public, private;
};

/* False: the names are past it. */
static bool
take_zones(const struct dnshost_account *a, const struct xml *page,
    struct zones *z)
{
	const struct xml *list = xml_child(page, "HostedZones");

	for (const struct xml *x = xml_child(list, "HostedZone"); x != NULL;
	    x = xml_next(x)) {
		const char *name = xml_value(x, "Name");
		const char *id = read_id(a->pool, xml_value(x, "Id"));

		if (name == NULL || id == NULL
		    || !text_same(read_name(a->pool, name), a->zone))
			return false;
		if (is_private(x)) {
			z->private++;
			continue;
		}
		buf_printf(&z->ids, "%s%s", z->public++ > 0 ? ", " : "", id);
		z->id = id;
	}
	return text_same(xml_value(page, "IsTruncated"), "true");
}

static bool
list_zones(const struct dnshost_account *a, struct zones *z, struct err *e)
{
	const char *name = pool_printf(a->pool, "%s.", a->zone);
	const char *id = NULL;

	for (int i = 0; i < PAGES; i++) {
		struct buf path = buf_new(PATH_MAX_BYTES);
		const struct xml *page;

		buf_puts(&path, ROOT "hostedzonesbyname?maxitems=100");
		add_query(&path, "dnsname", name);
		add_query(&path, "hostedzoneid", id);
		page = ask(a, buf_str(&path), "ListHostedZonesByName", e);
		buf_free(&path);
		if (page == NULL)
			return false;
		if (!take_zones(a, page, z))
			return true;
		name = xml_value(page, "NextDNSName");
		id = read_id(a->pool, xml_value(page, "NextHostedZoneId"));
	}
	return err_set(e, ERR_OTHER, "the list of zones does not end");
}

static bool
find_zone(struct dnshost_account *a, struct err *e)
{
	struct zones z = { .ids = buf_new(PATH_MAX_BYTES) };
	bool ok = list_zones(a, &z, e);

	if (ok && z.public > 1)
		ok = err_set(e, ERR_HAND, "the account has %d public zones of "
		    "this name: %s: say with dns-zone-id which one the name "
		    "servers of the domain are of", z.public,
		    buf_str(&z.ids));
	else if (ok && z.public == 0)
		ok = err_set(e, ERR_NOT_FOUND, "the key's account has no such "
		    "zone%s", z.private > 0 ? " but a private one, which "
		    "visitors do not see" : "");
	buf_free(&z.ids);
	a->zone_id = z.id;
	return ok;
}

/* Is the zone that was given by id the one? */
static bool
check_zone(struct dnshost_account *a, struct err *e)
{
	const char *given = a->zone_id, *name;
	const struct xml *x;

	a->zone_id = read_id(a->pool, given);
	if (a->zone_id == NULL)
		return err_set(e, ERR_INPUT, "dns-zone-id: %s is no id of a "
		    "zone such as Z148QEXAMPLE8V", given);
	x = ask(a, pool_printf(a->pool, ROOT "hostedzone/%s", a->zone_id),
	    "GetHostedZone", e);
	if (x == NULL)
		return false;
	x = xml_child(x, "HostedZone");
	name = xml_value(x, "Name");
	if (name == NULL || !text_same(read_name(a->pool, name), a->zone))
		return err_set(e, ERR_INPUT, "dns-zone-id: %s is the zone %s",
		    a->zone_id, name != NULL ? name : "without a name");
	return !is_private(x) || err_set(e, ERR_INPUT, "dns-zone-id: %s is a "
	    "private zone, which visitors do not see", a->zone_id);
}

static bool
check(struct dnshost_account *a, struct err *e)
{
	const struct aws_open o = { .key_id = a->key_id, .secret = a->secret,
		.token = a->session, .region = "us-east-1", .http = a->http,
		.api = a->server };
	struct route53 *r = pool_alloc(a->pool, sizeof *r);

	a->own = r;
	r->aws = aws_open(&o, e);
	if (r->aws == NULL)
		return false;
	return a->zone_id != NULL ? check_zone(a, e) : find_zone(a, e);
}

static void
close_own(struct dnshost_account *a)
{
	struct route53 *r = a->own;

	if (r != NULL)
		aws_close(r->aws);
}

/* ---- what there is ---- */

static bool
wrong_reply(const char *name, struct err *e)
{
	return err_set(e, ERR_OTHER, "the reply's set of %s is not what Route "
	    "53 describes", name);
}

static const char *
alias_text(struct pool *p, const struct xml *alias)
{
	const char *target = xml_value(alias, "DNSName");
	const char *zone = xml_value(alias, "HostedZoneId");
	const char *health = xml_value(alias, "EvaluateTargetHealth");

	if (target == NULL || zone == NULL || health == NULL)
		return NULL;
	return pool_printf(p, "%s %s %s", read_name(p, target), zone,
	    health);
}

/* More values to those that the set has: they share a name and a type. */
static bool
take_values(struct pool *p, const struct xml *x, struct dns_set *s)
{
	const struct xml *alias = xml_child(x, "AliasTarget");
	const struct xml *list = xml_child(x, "ResourceRecords");
	const struct xml *r = xml_child(list, "ResourceRecord");
	bool is_name = text_same(s->type, "CNAME");
	struct dns_value *v;
	size_t n = s->n + 1;

	for (const struct xml *i = r; i != NULL; i = xml_next(i))
		n++;
	v = pool_alloc(p, n * sizeof *v);
	for (size_t i = 0; i < s->n; i++)
		v[i] = s->value[i];
	s->value = v;
	if (alias != NULL) {
		v[s->n].text = alias_text(p, alias);
		return v[s->n++].text != NULL;
	}
	for (; r != NULL; r = xml_next(r), s->n++) {
		const char *text = xml_value(r, "Value");

		if (text == NULL)
			return false;
		v[s->n].text = is_name ? read_name(p, text)
		    : pool_strdup(p, text);
	}
	return s->n > 0;
}

static enum dnshost_kind
kind_of(const struct xml *x)
{
	if (xml_child(x, "SetIdentifier") != NULL
	    || xml_child(x, "TrafficPolicyInstanceId") != NULL)
		return DNSHOST_ROUTED;
	return xml_child(x, "AliasTarget") != NULL ? DNSHOST_ALIAS
	    : DNSHOST_PLAIN;
}

static bool
take_set(struct pool *p, const struct xml *x, struct dns_set *s,
    struct err *e)
{
	const char *ttl = xml_value(x, "TTL");
	struct err ignored = { 0 };
	long seconds = ALIAS_TTL;

	s->own = x;	/* for its DELETE; lies in the handle's pool */
	s->kind = kind_of(x);
	if (ttl == NULL ? xml_child(x, "AliasTarget") == NULL
	    : !text_number(ttl, 0, MAX_TTL, &seconds, &ignored))
		return wrong_reply(s->name, e);
	s->ttl = seconds > s->ttl ? seconds : s->ttl;
	return take_values(p, x, s) || wrong_reply(s->name, e);
}

/* What is found, growing; `from`: where the name at hand begins. */
struct found {
	struct dns_set *v;
	size_t n, room, from;
};

static struct dns_set *
set_of_type(struct pool *p, struct found *f, const char *name,
    const char *type)
{
	for (size_t i = f->from; i < f->n; i++)
		if (text_same(f->v[i].type, type))
			return &f->v[i];
	if (f->n == f->room) {
		struct dns_set *more;

		f->room = f->room * 2 + 16;
		more = pool_alloc(p, f->room * sizeof *more);
		for (size_t i = 0; i < f->n; i++)
			more[i] = f->v[i];
		f->v = more;
	}
	f->v[f->n] = (struct dns_set){ .name = name,
		.type = pool_strdup(p, type) };
	return &f->v[f->n++];
}

/* *past: other names came, there is no more. */
static bool
take_page(struct pool *p, const struct xml *page, const char *name,
    struct found *f, bool *past, struct err *e)
{
	const struct xml *list = xml_child(page, "ResourceRecordSets");

	if (list == NULL)
		return wrong_reply(name, e);
	*past = !text_same(xml_value(page, "IsTruncated"), "true");
	for (const struct xml *x = xml_child(list, "ResourceRecordSet");
	    x != NULL; x = xml_next(x)) {
		const char *its = xml_value(x, "Name");
		const char *type = xml_value(x, "Type");

		if (its == NULL || type == NULL)
			return wrong_reply(name, e);
		if (!text_same(read_name(p, its), name)) {
			*past = true;
			return true;
		}
		if (!take_set(p, x, set_of_type(p, f, name, type), e))
			return false;
	}
	return true;
}

/* The list begins at the name, and goes on beyond it. */
static bool
list_name(const struct dnshost_account *a, struct pool *p, const char *name,
    struct found *f, struct err *e)
{
	const char *start = pool_printf(p, "%s.", name), *type = NULL;
	const char *id = NULL;
	bool past = false;

	f->from = f->n;
	for (int i = 0; !past; i++) {
		struct buf path = buf_new(PATH_MAX_BYTES);
		const struct xml *page;

		buf_printf(&path, ROOT "hostedzone/%s/rrset?maxitems=100",
		    a->zone_id);
		add_query(&path, "name", start);
		add_query(&path, "type", type);
		add_query(&path, "identifier", id);
		page = ask(a, buf_str(&path), "ListResourceRecordSets", e);
		buf_free(&path);
		if (page == NULL || !take_page(p, page, name, f, &past, e))
			return false;
		start = xml_value(page, "NextRecordName");
		type = xml_value(page, "NextRecordType");
		id = xml_value(page, "NextRecordIdentifier");
		if (!past && (start == NULL || type == NULL || i >= PAGES))
			return err_set(e, ERR_OTHER, "the list of records "
			    "does not end");
	}
	return true;
}

static bool
find(const struct dnshost_account *a, struct pool *p,
    const char *const *names, struct dns_set **sets, size_t *n,
    struct err *e)
{
	struct found f = { .v = pool_alloc(p, sizeof *f.v) };

	for (size_t i = 0; names[i] != NULL; i++)
		if (!list_name(a, p, names[i], &f, e))
			return err_within(e, "%s", names[i]);
	*sets = f.v;
	*n = f.n;
	return true;
}

/* ---- changes ---- */

static void
put_text(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '&')
			buf_puts(b, "&amp;");
		else if (*s == '<')
			buf_puts(b, "&lt;");
		else if (*s == '>')
			buf_puts(b, "&gt;");
		else
			buf_putc(b, *s);
}

static void
put_element(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_printf(b, "<%s>", name);
	put_text(b, text);
	buf_printf(b, "</%s>", name);
}

/* One change, as far as it is counted. */
struct batch {
	struct buf changes;
	size_t values, bytes;
};

static void
put_value(struct batch *b, const char *value)
{
	buf_puts(&b->changes, "<ResourceRecord>");
	put_element(&b->changes, "Value", value);
	buf_puts(&b->changes, "</ResourceRecord>");
	b->values++;
	b->bytes += strlen(value);
}

static void
put_alias(struct buf *b, const char *zone, const char *target,
    const char *health)
{
	buf_puts(b, "<AliasTarget>");
	put_element(b, "HostedZoneId", zone);
	put_element(b, "DNSName", target);
	put_element(b, "EvaluateTargetHealth", health);
	buf_puts(b, "</AliasTarget>");
}

static void
begin_change(struct buf *b, const char *action)
{
	buf_printf(b, "<Change><Action>%s</Action><ResourceRecordSet>",
	    action);
}

static void
end_change(struct buf *b)
{
	buf_puts(b, "</ResourceRecordSet></Change>");
}

/* With every value as Route 53 gave it; the order of elements matters. */
static void
put_delete(struct batch *b, const struct dns_set *s)
{
	const struct xml *x = s->own;
	const struct xml *alias = xml_child(x, "AliasTarget");
	const struct xml *list = xml_child(x, "ResourceRecords");
	const struct xml *r = xml_child(list, "ResourceRecord");

	begin_change(&b->changes, "DELETE");
	put_element(&b->changes, "Name", xml_value(x, "Name"));
	put_element(&b->changes, "Type", s->type);
	put_element(&b->changes, "TTL", xml_value(x, "TTL"));
	if (r != NULL) {
		buf_puts(&b->changes, "<ResourceRecords>");
		for (; r != NULL; r = xml_next(r))
			put_value(b, xml_value(r, "Value"));
		buf_puts(&b->changes, "</ResourceRecords>");
	}
	if (alias != NULL)
		put_alias(&b->changes, xml_value(alias, "HostedZoneId"),
		    xml_value(alias, "DNSName"),
		    xml_value(alias, "EvaluateTargetHealth"));
	put_element(&b->changes, "HealthCheckId",
	    xml_value(x, "HealthCheckId"));
	end_change(&b->changes);
}

/* "target zone-id true|false", as alias_text makes it. */
static bool
put_alias_text(struct batch *b, struct pool *p, const struct dns_set *s,
    struct err *e)
{
	size_t words;
	const char **word = text_split(p, s->value[0].text, &words);

	if (words != 3 || s->n != 1)
		return err_set(e, ERR_OTHER, "%s: this is no alias: %s",
		    s->name, s->value[0].text);
	put_alias(&b->changes, word[1], pool_printf(p, "%s.", word[0]),
	    word[2]);
	return true;
}

static bool
put_create(struct batch *b, struct pool *p, const struct dns_set *is,
    const struct dns_set *now, struct err *e)
{
	bool ok = true, is_name = text_same(now->type, "CNAME");

	begin_change(&b->changes, "CREATE");
	put_element(&b->changes, "Name", pool_printf(p, "%s.", now->name));
	put_element(&b->changes, "Type", now->type);
	if (now->kind == DNSHOST_ALIAS) {
		ok = put_alias_text(b, p, now, e);
	} else {
		buf_printf(&b->changes, "<TTL>%ld</TTL><ResourceRecords>",
		    now->ttl);
		for (size_t i = 0; i < now->n; i++)
			put_value(b, is_name ? pool_printf(p, "%s.",
			    now->value[i].text) : now->value[i].text);
		buf_puts(&b->changes, "</ResourceRecords>");
	}
	put_element(&b->changes, "HealthCheckId",
	    xml_value(is->own, "HealthCheckId"));
	end_change(&b->changes);
	return ok;
}

static bool
put_changes(struct batch *b, struct pool *p, const struct dns_set *is,
    const struct dns_set *now, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (is[i].n > 0)
			put_delete(b, &is[i]);
	for (size_t i = 0; i < n; i++)
		if (now[i].n > 0 && !put_create(b, p, &is[i], &now[i], e))
			return false;
	return (b->values <= VALUES_MOST && b->bytes <= VALUE_BYTES_MOST)
	    || err_set(e, ERR_INPUT, "%zu values are too many for one batch: "
		"treat some of the hosts first", b->values);
}

static bool
send_batch(const struct dnshost_account *a, const struct buf *body,
    struct err *e)
{
	struct route53 *r = a->own;
	const struct aws_call c = { .service = "route53",
		.host = "route53.amazonaws.com", .method = "POST",
		.path = pool_printf(a->pool, ROOT "hostedzone/%s/rrset/",
		    a->zone_id),
		.body = body, .what = "ChangeResourceRecordSets" };
	const struct xml *x;
	const char *code;

	if (!aws_call(r->aws, &c, &x, &code, e)) {
		/* What was read a moment ago is no longer so. */
		if (text_same(code, "InvalidChangeBatch"))
			e->kind = ERR_CONFLICT;
		return false;
	}
	r->change = read_id(a->pool, xml_value(xml_child(x, "ChangeInfo"),
	    "Id"));
	return r->change != NULL || err_set(e, ERR_NETWORK,
	    "ChangeResourceRecordSets: the reply names no change");
}

static bool
write_sets(const struct dnshost_account *a, const struct dns_set *is,
    const struct dns_set *now, size_t n, struct err *e)
{
	struct pool *p = pool_new();
	struct batch b = { .changes = buf_new(BODY_MAX) };
	struct buf body = buf_new(BODY_MAX);
	bool ok = put_changes(&b, p, is, now, n, e)
	    && buf_check(&b.changes, "the change", e);

	buf_puts(&body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
	    "<ChangeResourceRecordSetsRequest xmlns=\"" NAMESPACE "\">"
	    "<ChangeBatch><Comment>transplant</Comment><Changes>");
	buf_puts(&body, buf_str(&b.changes));
	buf_puts(&body, "</Changes></ChangeBatch>"
	    "</ChangeResourceRecordSetsRequest>");
	ok = ok && buf_check(&body, "the change", e)
	    && send_batch(a, &body, e);
	buf_free(&body);
	buf_free(&b.changes);
	pool_free(p);
	return ok;
}

/* Until all of its servers have the last change. */
static bool
publish(const struct dnshost_account *a, struct err *e)
{
	struct route53 *r = a->own;
	clock_ms deadline = clock_deadline(SYNC_SECONDS);

	while (r->change != NULL) {
		const struct xml *x = ask(a, pool_printf(a->pool,
		    ROOT "change/%s", r->change), "GetChange", e);
		const char *status = xml_value(xml_child(x, "ChangeInfo"),
		    "Status");

		if (x == NULL)
			return false;
		if (text_same(status, "INSYNC"))
			r->change = NULL;
		else if (clock_now() >= deadline)
			return err_set(e, ERR_TIMEOUT, "change %s is %s after "
			    "%d s", r->change, status != NULL ? status
			    : "without a status", SYNC_SECONDS);
		else
			clock_pause(SYNC_PAUSE_MS);
	}
	return true;
}

const struct dnshost_company dnshost_route53 = {
	.name = "route53", .by_key = true, .check = check, .close = close_own,
	.find = find, .write = write_sets, .publish = publish,
};
