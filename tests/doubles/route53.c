/*
 * The Route 53 double: hosted zones of one name, public ones and a private
 * one, their record sets page by page, batches, and changes that are PENDING
 * for a while. Every request must be signed by the one key.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "dns.h"
#include "route53_in.h"
#include "world_http.h"
#include "world_json.h"
#include "world_record.h"
#include "world_set.h"
#include "world_text.h"

#define ROOT "/2013-04-01"
#define XMLNS "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\""
#define PRIVATE_ID "ZPRIVATE0EXAMPLE"
#define ZONE_ID "Z148QEXAMPLE8V"		/* and a digit */

static struct {
	char *traffic;
	cJSON *records;
	cJSON *changes;		/* id: when it is INSYNC */
	double limited, made;
} at;

cJSON **
route53_records(void)
{
	return &at.records;
}

/* ---- replies ---- */

static void
fail(struct reply *p, int status, const char *code, const char *message)
{
	struct text t = { 0 };

	text_add(&t, "<?xml version=\"1.0\"?>\n<ErrorResponse " XMLNS
	    "><Error><Type>Sender</Type><Code>%s</Code><Message>", code);
	route53_escape(&t, message);
	text_add(&t, "</Message></Error><RequestId>b25f48e8-84fd-11e6-80d9-"
	    "574e0c4664cb</RequestId></ErrorResponse>\n");
	reply_text(p, status, "text/xml", text_str(&t));
	text_free(&t);
}

static void
answer(struct reply *p, const char *name, const char *inside)
{
	char *s = text_make("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s "
	    XMLNS ">%s</%s>\n", name, inside, name);

	reply_text(p, 200, "text/xml", s);
	free(s);
}

static void
unknown(const struct request *r, struct reply *p)
{
	(void)r;
	fail(p, 404, "UnknownOperationException", "");
}

static bool
may(const char *action, struct reply *p)
{
	if (word_in(action, knob("route53.actions")))
		return true;
	fail(p, 403, "AccessDenied", "User: arn:aws:iam::1:user/tester is not "
	    "authorized to perform this");
	return false;
}

/* ---- zones ---- */

static void
add_zone(struct text *t, const char *id, bool private)
{
	text_add(t, "<HostedZone><Id>/hostedzone/%s</Id><Name>" DNS_ZONE
	    ".</Name><CallerReference>%s</CallerReference><Config>"
	    "<PrivateZone>%s</PrivateZone></Config><ResourceRecordSetCount>%d"
	    "</ResourceRecordSetCount></HostedZone>", id, id,
	    private ? "true" : "false", cJSON_GetArraySize(at.records));
}

/* Zones behind the name in the list, too: another one comes after ours. */
static void
list_zones(const struct request *r, struct reply *p)
{
	const char *name = query(r, "dnsname");
	int n = (int)knob_num("route53.zones");
	struct text t = { 0 };

	if (!may("ListHostedZonesByName", p))
		return;
	text_add(&t, "<HostedZones>");
	if (name == NULL || strcmp(name, DNS_ZONE ".") == 0) {
		add_zone(&t, PRIVATE_ID, true);
		for (int i = 0; i < n; i++) {
			char *id = text_make(ZONE_ID "%d", i);

			add_zone(&t, id, false);
			free(id);
		}
	}
	text_add(&t, "<HostedZone><Id>/hostedzone/Z2LAST</Id><Name>zz.test."
	    "</Name><CallerReference>last</CallerReference></HostedZone>"
	    "</HostedZones><IsTruncated>false</IsTruncated><MaxItems>100"
	    "</MaxItems>");
	answer(p, "ListHostedZonesByNameResponse", text_str(&t));
	text_free(&t);
}

static bool
has_zone(const struct request *r, struct reply *p)
{
	const char *id = r->arg[0];
	size_t n = strlen(ZONE_ID);

	if (strcmp(id, PRIVATE_ID) == 0 || (strncmp(id, ZONE_ID, n) == 0
	    && id[n] >= '0' && id[n] - '0' < (int)knob_num("route53.zones")
	    && id[n + 1] == '\0'))
		return true;
	fail(p, 404, "NoSuchHostedZone", "No hosted zone found with ID");
	return false;
}

static void
get_zone(const struct request *r, struct reply *p)
{
	struct text t = { 0 };

	if (!may("GetHostedZone", p) || !has_zone(r, p))
		return;
	add_zone(&t, r->arg[0], strcmp(r->arg[0], PRIVATE_ID) == 0);
	answer(p, "GetHostedZoneResponse", text_str(&t));
	text_free(&t);
}

/* ---- the list of sets ---- */

/* Last label first, as the API sorts. */
static int
compare_names(const char *a, const char *b)
{
	const char *x = a + strlen(a), *y = b + strlen(b);

	while (x > a && y > b) {
		const char *ax = x - 1, *by = y - 1;
		size_t n, m;
		int order;

		while (ax > a && ax[-1] != '.')
			ax--;
		while (by > b && by[-1] != '.')
			by--;
		n = (size_t)(x - ax);
		m = (size_t)(y - by);
		order = memcmp(ax, by, n < m ? n : m);
		if (order == 0 && n != m)
			order = n < m ? -1 : 1;
		if (order != 0)
			return order;
		x = ax;
		y = by;
	}
	return (x > a) - (y > b);
}

static int
compare(const char *name, const char *type, const char *id, const cJSON *o)
{
	const char *its = json_str(o, "SetIdentifier");
	int order = compare_names(json_str(o, "Name"), name);

	if (order == 0 && type != NULL)
		order = strcmp(json_str(o, "Type"), type);
	if (order == 0 && id != NULL)
		order = strcmp(its != NULL ? its : "", id);
	return order;
}

static int
by_place(const void *a, const void *b)
{
	const cJSON *x = *(cJSON *const *)a, *y = *(cJSON *const *)b;
	const char *id = json_str(y, "SetIdentifier");

	return compare(json_str(y, "Name"), json_str(y, "Type"),
	    id != NULL ? id : "", x);
}

static void
add_name(struct text *t, const char *name)
{
	for (; *name != '\0'; name++)
		if (*name == '*')
			text_add(t, "\\052");
		else
			text_bytes(t, name, 1);
}

static void
add_element(struct text *t, const cJSON *o, const char *path)
{
	const char *name = strrchr(path, '/') != NULL
	    ? strrchr(path, '/') + 1 : path;

	if (json_str(o, path) == NULL)
		return;
	text_add(t, "<%s>", name);
	route53_escape(t, json_str(o, path));
	text_add(t, "</%s>", name);
}

static void
add_set(struct text *t, const cJSON *o)
{
	const cJSON *v;

	text_add(t, "<ResourceRecordSet><Name>");
	add_name(t, json_str(o, "Name"));
	text_add(t, "</Name>");
	add_element(t, o, "Type");
	add_element(t, o, "SetIdentifier");
	add_element(t, o, "Weight");
	if (json_at(o, "Alias") == NULL) {
		text_add(t, "<TTL>%.0f</TTL><ResourceRecords>",
		    json_num(o, "TTL", 0));
		cJSON_ArrayForEach(v, json_at(o, "Values")) {
			text_add(t, "<ResourceRecord><Value>");
			route53_escape(t, v->valuestring);
			text_add(t, "</Value></ResourceRecord>");
		}
		text_add(t, "</ResourceRecords>");
	} else {
		text_add(t, "<AliasTarget>");
		add_element(t, o, "Alias/HostedZoneId");
		add_element(t, o, "Alias/DNSName");
		add_element(t, o, "Alias/EvaluateTargetHealth");
		text_add(t, "</AliasTarget>");
	}
	add_element(t, o, "HealthCheckId");
	text_add(t, "</ResourceRecordSet>");
}

static void
add_next(struct text *t, const cJSON *o, long most)
{
	text_add(t, "</ResourceRecordSets><IsTruncated>%s</IsTruncated>",
	    o != NULL ? "true" : "false");
	if (o != NULL) {
		text_add(t, "<NextRecordName>");
		add_name(t, json_str(o, "Name"));
		text_add(t, "</NextRecordName><NextRecordType>%s"
		    "</NextRecordType>", json_str(o, "Type"));
		if (json_str(o, "SetIdentifier") != NULL)
			text_add(t, "<NextRecordIdentifier>%s"
			    "</NextRecordIdentifier>",
			    json_str(o, "SetIdentifier"));
	}
	text_add(t, "<MaxItems>%ld</MaxItems>", most);
}

/* name, type and identifier are where the list begins: no filter. */
static void
list_sets(const struct request *r, struct reply *p)
{
	const char *s = query(r, "maxitems"), *name = query(r, "name");
	long most = s != NULL ? strtol(s, NULL, 10) : 300, shown = 0;
	int n = cJSON_GetArraySize(at.records), i = 0;
	cJSON **v, *o, *next = NULL;
	struct text t = { 0 };
	char *start;

	if (!may("ListResourceRecordSets", p) || !has_zone(r, p))
		return;
	if (most > (long)knob_num("route53.page"))
		most = (long)knob_num("route53.page");
	v = calloc((size_t)n + 1, sizeof(*v));
	cJSON_ArrayForEach(o, at.records)
		v[i++] = o;
	qsort(v, (size_t)n, sizeof(*v), by_place);
	start = route53_name(name != NULL ? name : "");
	text_add(&t, "<ResourceRecordSets>");
	for (i = 0; next == NULL && i < n; i++) {
		if (name != NULL && compare(start, query(r, "type"),
		    query(r, "identifier"), v[i]) < 0)
			continue;
		if (shown++ < most)
			add_set(&t, v[i]);
		else
			next = v[i];
	}
	add_next(&t, next, most);
	answer(p, "ListResourceRecordSetsResponse", text_str(&t));
	text_free(&t);
	free(start);
	free(v);
}

/* ---- changes ---- */

static void
tell_change(struct reply *p, const char *id, const char *root)
{
	bool done = json_num(at.changes, id, 0) <= now();
	char *s = text_make("<ChangeInfo><Id>/change/%s</Id><Status>%s"
	    "</Status><SubmittedAt>2026-11-23T10:00:00.000Z</SubmittedAt>"
	    "</ChangeInfo>", id, done ? "INSYNC" : "PENDING");

	answer(p, root, s);
	free(s);
}

/* Somebody else is faster. */
static void
meddle(void)
{
	cJSON *v;

	cJSON_ArrayForEach(v, at.records)
		if (json_at(v, "TTL") != NULL)
			json_putn(v, "TTL", json_num(v, "TTL", 0) + 1);
}

static void
change_sets(const struct request *r, struct reply *p)
{
	const char *type = header(r, "content-type"), *code = NULL;
	cJSON *doc = route53_parse(r->body, r->body_len);
	char *message = NULL, *id;

	if (!may("ChangeResourceRecordSets", p) || !has_zone(r, p)) {
		cJSON_Delete(doc);
		return;
	}
	if (type == NULL || !word_in(type, "application/xml text/xml")) {
		cJSON_Delete(doc);
		doc = NULL;
	}
	if (knob_on("route53.rival"))
		meddle();
	if (route53_change(&at.records, doc, &code, &message)) {
		at.made += 1;
		id = text_make("C%.0fEXAMPLE", at.made);
		json_putn(at.changes, id, now() + knob_num("route53.seconds"));
		tell_change(p, id, "ChangeResourceRecordSetsResponse");
		free(id);
	} else {
		fail(p, 400, code, message);
	}
	free(message);
	cJSON_Delete(doc);
}

static void
get_change(const struct request *r, struct reply *p)
{
	if (!may("GetChange", p))
		return;
	if (json_at(at.changes, r->arg[0]) == NULL)
		fail(p, 404, "NoSuchChange", "Could not find resource");
	else
		tell_change(p, r->arg[0], "GetChangeResponse");
}

/* ---- every request ---- */

static const struct route routes[] = {
	{ "GET", ROOT "/hostedzonesbyname", list_zones },
	{ "GET", ROOT "/hostedzone/{}", get_zone },
	{ "GET", ROOT "/hostedzone/{}/rrset", list_sets },
	{ "POST", ROOT "/hostedzone/{}/rrset/", change_sets },
	{ "GET", ROOT "/change/{}", get_change },
	{ NULL, NULL, NULL }
};

static bool
admit(const struct request *r, struct reply *p)
{
	const char *code = route53_unsigned(r);

	if (code != NULL) {
		fail(p, 403, code, "The request signature we calculated does "
		    "not match the signature you provided.");
		return false;
	}
	if (at.limited < knob_num("route53.limited")) {
		at.limited += 1;
		fail(p, 400, "Throttling", "Rate exceeded");
		return false;
	}
	return dns_admit(p);
}

static void
finish(const struct request *r, struct reply *p)
{
	if (dns_finish(p))
		record(at.traffic, r, p, NULL);
}

void
route53_init(const char *traffic)
{
	at.traffic = text_copy(traffic);
	route53_reset();
}

void
route53_reset(void)
{
	at.limited = 0;
	cJSON_Delete(at.records);
	cJSON_Delete(at.changes);
	at.records = cJSON_CreateArray();
	at.changes = cJSON_CreateObject();
}

void
route53_service(struct service *s)
{
	s->routes = routes;
	s->admit = admit;
	s->unknown = unknown;
	s->finish = finish;
}
