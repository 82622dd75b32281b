/*
 * The Route 53 double's batches: each change on a copy of the zone, in order,
 * which is kept if all were good. A DELETE must name what is there exactly, a
 * CREATE something that is not there yet, a CNAME stands alone and not at the
 * zone's own name, and the order of elements is that of the API.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "dns.h"
#include "route53_in.h"
#include "world_json.h"
#include "world_text.h"

enum { VALUES_MOST = 1000, BYTES_MOST = 32000 };

static const char ORDER[] = "Name Type SetIdentifier Weight Region "
	"GeoLocation Failover MultiValueAnswer TTL ResourceRecords "
	"AliasTarget HealthCheckId TrafficPolicyInstanceId";

/* What is wrong; code NULL: nothing yet. */
struct fault {
	const char *code;
	char *message;
};

static bool
wrong(struct fault *f, const char *code, char *message)
{
	f->code = code;
	f->message = message;
	return false;
}

char *
route53_name(const char *s)
{
	struct text t = { 0 };
	char c[2] = "";

	for (; *s != '\0'; s++) {
		if (strncmp(s, "\\052", 4) == 0) {
			c[0] = '*';
			s += 3;
		} else {
			c[0] = *s >= 'A' && *s <= 'Z' ? (char)(*s + 32) : *s;
		}
		text_add(&t, "%s", c);
	}
	if (t.len == 0 || t.s[t.len - 1] != '.')
		text_add(&t, ".");
	return t.s;
}

/* ---- a set out of the document ---- */

static bool
is_in_order(const cJSON *set)
{
	const char *at = ORDER;
	const cJSON *v;

	cJSON_ArrayForEach(v, cJSON_GetObjectItem(set, "children")) {
		const char *name = json_str(v, "name");
		const char *found = strstr(at, name);

		if (found == NULL || !word_in(name, ORDER))
			return false;
		at = found + strlen(name);
	}
	return true;
}

static cJSON *
read_values(const cJSON *list)
{
	cJSON *values = cJSON_CreateArray();
	const cJSON *v;

	cJSON_ArrayForEach(v, cJSON_GetObjectItem(list, "children")) {
		const char *s = route53_value(v, "Value");

		cJSON_AddItemToArray(values, cJSON_CreateString(s != NULL
		    ? s : ""));
	}
	return values;
}

static void
copy_text(cJSON *to, const cJSON *from, const char *name)
{
	if (route53_value(from, name) != NULL)
		json_puts(to, name, route53_value(from, name));
}

/* In the form that is kept. */
static cJSON *
read_set(const cJSON *x, struct fault *f)
{
	const cJSON *alias = route53_child(x, "AliasTarget");
	const cJSON *list = route53_child(x, "ResourceRecords");
	const char *name = route53_value(x, "Name");
	cJSON *o;
	char *plain;

	if (name == NULL || route53_value(x, "Type") == NULL
	    || !is_in_order(x)) {
		(void)wrong(f, "InvalidInput", text_copy("Invalid XML ; "
		    "cvc-complex-type: Invalid content was found"));
		return NULL;
	}
	if ((alias != NULL) == (list != NULL)
	    || (list != NULL) != (route53_value(x, "TTL") != NULL)) {
		(void)wrong(f, "InvalidInput", text_copy("Invalid request: "
		    "Expected exactly one of [AliasTarget, all of [TTL, and "
		    "ResourceRecords], or TrafficPolicyInstanceId]"));
		return NULL;
	}
	o = cJSON_CreateObject();
	plain = route53_name(name);
	json_puts(o, "Name", plain);
	free(plain);
	copy_text(o, x, "Type");
	copy_text(o, x, "SetIdentifier");
	copy_text(o, x, "Weight");
	copy_text(o, x, "HealthCheckId");
	if (list != NULL) {
		json_putn(o, "TTL", strtod(route53_value(x, "TTL"), NULL));
		json_put(o, "Values", read_values(list));
		return o;
	}
	json_put(o, "Alias", cJSON_CreateObject());
	copy_text(json_at(o, "Alias"), alias, "HostedZoneId");
	copy_text(json_at(o, "Alias"), alias, "DNSName");
	copy_text(json_at(o, "Alias"), alias, "EvaluateTargetHealth");
	return o;
}

/* ---- what is there ---- */

static bool
same_text(const cJSON *a, const cJSON *b, const char *name)
{
	const char *x = json_str(a, name), *y = json_str(b, name);

	return (x == NULL && y == NULL) || (x != NULL && y != NULL
	    && strcmp(x, y) == 0);
}

static cJSON *
find_set(cJSON *list, const cJSON *o)
{
	cJSON *v;

	cJSON_ArrayForEach(v, list)
		if (same_text(v, o, "Name") && same_text(v, o, "Type")
		    && same_text(v, o, "SetIdentifier"))
			return v;
	return NULL;
}

static bool
has_value(const cJSON *values, const char *s)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, values)
		if (strcmp(v->valuestring, s) == 0)
			return true;
	return false;
}

/* Is all that can be told of them equal? */
static bool
is_exact(const cJSON *a, const cJSON *b)
{
	const cJSON *x = json_at(a, "Values"), *y = json_at(b, "Values"), *v;

	if (cJSON_GetArraySize(x) != cJSON_GetArraySize(y)
	    || json_num(a, "TTL", -1) != json_num(b, "TTL", -1)
	    || !same_text(a, b, "HealthCheckId")
	    || !same_text(a, b, "Weight")
	    || !same_text(a, b, "Alias/HostedZoneId")
	    || !same_text(a, b, "Alias/DNSName")
	    || !same_text(a, b, "Alias/EvaluateTargetHealth"))
		return false;
	cJSON_ArrayForEach(v, x)
		if (!has_value(y, v->valuestring))
			return false;
	return true;
}

/* ---- one change ---- */

static char *
sentence(const char *deed, const cJSON *o, const char *but)
{
	return text_make("[Tried to %s resource record set [name='%s', "
	    "type='%s'] but %s]", deed, json_str(o, "Name"),
	    json_str(o, "Type"), but);
}

static bool
remove_set(cJSON *list, const cJSON *o, struct fault *f)
{
	cJSON *v = find_set(list, o);

	if (v == NULL)
		return wrong(f, "InvalidChangeBatch", sentence("delete", o,
		    "it was not found"));
	if (!is_exact(v, o))
		return wrong(f, "InvalidChangeBatch", sentence("delete", o,
		    "the values provided do not match the current values"));
	cJSON_Delete(cJSON_DetachItemViaPointer(list, v));
	return true;
}

static bool
check_values(const cJSON *o, struct fault *f)
{
	const char *type = json_str(o, "Type"), *s;
	const cJSON *v, *w;

	if (json_at(o, "Values") != NULL
	    && cJSON_GetArraySize(json_at(o, "Values")) == 0)
		return wrong(f, "InvalidInput", text_copy("no values"));
	cJSON_ArrayForEach(v, json_at(o, "Values")) {
		s = v->valuestring;
		if (strcmp(type, "CNAME") == 0 ? dns_is_address("A", s)
		    || strchr(s, ' ') != NULL || s[0] == '\0'
		    : word_in(type, "A AAAA") && !dns_is_address(type, s))
			return wrong(f, "InvalidChangeBatch", text_make(
			    "[Invalid Resource Record: 'FATAL problem: "
			    "%sRRDATAIllegal (Value is not valid) encountered "
			    "with '%s'']", type, s));
		for (w = v->next; w != NULL; w = w->next)
			if (strcmp(w->valuestring, s) == 0)
				return wrong(f, "InvalidChangeBatch",
				    text_make("[Duplicate Resource Record: "
				    "'%s']", s));
	}
	return true;
}

static bool
check_name(const cJSON *o, struct fault *f)
{
	const char *name = json_str(o, "Name");
	size_t n = strlen(name), z = strlen(DNS_ZONE) + 1;
	bool apex = strcmp(name, DNS_ZONE ".") == 0;

	if (!apex && (n <= z || strcmp(name + n - z, DNS_ZONE ".") != 0
	    || name[n - z - 1] != '.'))
		return wrong(f, "InvalidChangeBatch", text_make("[RRSet with "
		    "DNS name %s is not permitted in zone %s.]", name,
		    DNS_ZONE));
	if (apex && strcmp(json_str(o, "Type"), "CNAME") == 0)
		return wrong(f, "InvalidChangeBatch", text_make("[RRSet of "
		    "type CNAME with DNS name %s is not permitted at apex in "
		    "zone %s.]", name, DNS_ZONE));
	return true;
}

static bool
check_beside(const cJSON *list, const cJSON *o, struct fault *f)
{
	const char *type = json_str(o, "Type");
	const cJSON *v;

	cJSON_ArrayForEach(v, list)
		if (same_text(v, o, "Name") && !same_text(v, o, "Type")
		    && (strcmp(type, "CNAME") == 0
		    || strcmp(json_str(v, "Type"), "CNAME") == 0))
			return wrong(f, "InvalidChangeBatch", text_make(
			    "[RRSet of type %s with DNS name %s is not "
			    "permitted as it conflicts with other records "
			    "with the same DNS name in zone %s.]", type,
			    json_str(o, "Name"), DNS_ZONE));
	return true;
}

static bool
add_set(cJSON *list, const cJSON *o, struct fault *f)
{
	double ttl = json_num(o, "TTL", 0);

	if (!word_in(json_str(o, "Type"), "A AAAA CNAME TXT")
	    || ttl < 0 || ttl > 2147483647)
		return wrong(f, "InvalidInput", text_copy("Invalid XML ; "
		    "cvc-minInclusive-valid: not facet-valid"));
	if (find_set(list, o) != NULL)
		return wrong(f, "InvalidChangeBatch", sentence("create", o,
		    "it already exists"));
	if (!check_name(o, f) || !check_values(o, f)
	    || !check_beside(list, o, f))
		return false;
	cJSON_AddItemToArray(list, cJSON_Duplicate(o, true));
	return true;
}

static bool
change_one(cJSON *list, const cJSON *change, struct fault *f)
{
	const char *action = route53_value(change, "Action");
	cJSON *o = read_set(route53_child(change, "ResourceRecordSet"), f);
	bool ok = false;

	if (o == NULL)
		return false;
	if (action == NULL || !word_in(action, "CREATE DELETE"))
		ok = wrong(f, "InvalidInput", text_copy("no such action"));
	else if (strcmp(action, "DELETE") == 0)
		ok = remove_set(list, o, f);
	else
		ok = add_set(list, o, f);
	cJSON_Delete(o);
	return ok;
}

/* ---- all ---- */

static bool
check_size(const cJSON *changes, struct fault *f)
{
	size_t bytes = 0;
	int n = 0;
	const cJSON *v, *w;

	cJSON_ArrayForEach(v, cJSON_GetObjectItem(changes, "children")) {
		const cJSON *list = route53_child(route53_child(v,
		    "ResourceRecordSet"), "ResourceRecords");

		cJSON_ArrayForEach(w, cJSON_GetObjectItem(list, "children")) {
			const char *s = route53_value(w, "Value");

			n++;
			bytes += s != NULL ? strlen(s) : 0;
		}
	}
	if (cJSON_GetArraySize(cJSON_GetObjectItem(changes, "children")) == 0)
		return wrong(f, "InvalidInput", text_copy("no changes"));
	return (n <= VALUES_MOST && bytes <= BYTES_MOST)
	    || wrong(f, "InvalidChangeBatch", text_copy("[Number of records "
		"limit of 1000 exceeded.]"));
}

bool
route53_change(cJSON **list, const cJSON *doc, const char **code,
    char **message)
{
	const cJSON *changes = route53_child(route53_child(doc,
	    "ChangeBatch"), "Changes"), *v;
	cJSON *copy = cJSON_Duplicate(*list, true);
	struct fault f = { 0 };
	bool ok = doc != NULL && strcmp(json_str(doc, "name"),
	    "ChangeResourceRecordSetsRequest") == 0;

	if (!ok)
		(void)wrong(&f, "InvalidInput", text_copy("Invalid XML"));
	ok = ok && check_size(changes, &f);
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(changes, "children"))
		ok = ok && change_one(copy, v, &f);
	if (ok) {
		cJSON_Delete(*list);
		*list = copy;
		return true;
	}
	cJSON_Delete(copy);
	*code = f.code;
	*message = f.message;
	return false;
}
