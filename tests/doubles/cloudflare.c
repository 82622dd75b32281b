/*
 * The Cloudflare double: zones of one name, their records, and the batch that
 * changes them: deletes, patches, posts on a copy, which is kept if all of
 * them were good.
 *
 * A CNAME stands alone, no record is there twice, TTLs are 60 to 86400 (30
 * and more in an enterprise zone) or 1, which is all that a proxied record
 * has. Members that nobody described are refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "dns.h"
#include "world_http.h"
#include "world_json.h"
#include "world_record.h"
#include "world_set.h"
#include "world_text.h"

#define ZONE_ID "023e105f4ecef8ad9ca31a8372d0c35"	/* and a digit */
#define ROOT "/client/v4"

enum { BATCH_MOST = 200, AUTOMATIC = 1, LEAST = 60, LEAST_ENTERPRISE = 30,
	MOST = 86400, COMMENT_MOST = 100, PER_PAGE = 100, TOKEN_LEAST = 20 };

static struct {
	char *traffic;
	cJSON *records;
	double limited;
} at;

cJSON **
cloudflare_records(void)
{
	return &at.records;
}

/* ---- envelopes ---- */

static void
fail(struct reply *p, int status, int code, const char *message)
{
	cJSON *o = json_make("{\"success\":false,\"errors\":[{\"code\":%d}],"
	    "\"messages\":[],\"result\":null}", code);

	json_puts(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "errors"), 0),
	    "message", message);
	reply_json(p, status, o);
}

static void
answer(struct reply *p, cJSON *result, cJSON *info)
{
	cJSON *o = json_make("{\"success\":true,\"errors\":[],"
	    "\"messages\":[]}");

	json_put(o, "result", result);
	if (info != NULL)
		json_put(o, "result_info", info);
	reply_json(p, 200, o);
}

static void
unknown(const struct request *r, struct reply *p)
{
	(void)r;
	fail(p, 404, 7003, "Could not route to this path, perhaps your object "
	    "identifier is invalid?");
}

static bool
may(const char *right, struct reply *p)
{
	if (word_in(right, knob("cloudflare.rights")))
		return true;
	fail(p, 403, 10000, "Authentication error");
	return false;
}

/* ---- zones ---- */

static cJSON *
zone_tree(int i)
{
	cJSON *o = json_make("{\"id\":\"" ZONE_ID "%d\",\"name\":\"%s\","
	    "\"status\":\"active\",\"paused\":false,\"type\":\"full\","
	    "\"development_mode\":0,\"name_servers\":["
	    "\"bob.ns.cloudflare.com\",\"lola.ns.cloudflare.com\"],"
	    "\"original_name_servers\":null,\"original_registrar\":null,"
	    "\"original_dnshost\":null,\"created_on\":"
	    "\"2024-01-01T05:20:00.12345Z\",\"modified_on\":"
	    "\"2024-01-01T05:20:00.12345Z\",\"activated_on\":null,"
	    "\"meta\":{\"step\":2,\"page_rule_quota\":3,"
	    "\"phishing_detected\":false},\"owner\":{\"id\":\"" ZONE_ID
	    "9\",\"type\":\"user\",\"name\":\"owner\"},\"account\":{\"id\":\""
	    ZONE_ID "8\",\"name\":\"account\"}}", i, DNS_ZONE);

	if (strcmp(knob("cloudflare.plan"), "enterprise") == 0)
		json_puts(o, "plan/legacy_id", "enterprise");
	return o;
}

static bool
is_zone(const char *id)
{
	size_t n = strlen(ZONE_ID);

	return strncmp(id, ZONE_ID, n) == 0 && id[n] >= '0'
	    && id[n] - '0' < (int)knob_num("cloudflare.zones")
	    && id[n + 1] == '\0';
}

static bool
has_zone(const struct request *r, struct reply *p)
{
	if (is_zone(r->arg[0]))
		return true;
	unknown(r, p);
	return false;
}

static void
list_zones(const struct request *r, struct reply *p)
{
	const char *name = query(r, "name"), *per = query(r, "per_page");
	long size = per != NULL ? strtol(per, NULL, 10) : 20;
	int n = (int)knob_num("cloudflare.zones");
	cJSON *list;

	if (!may("zone:read", p))
		return;
	if (size < 5 || size > 50) {
		fail(p, 400, 1123, "Invalid per_page");
		return;
	}
	list = cJSON_CreateArray();
	for (int i = 0; (name == NULL || strcmp(name, DNS_ZONE) == 0)
	    && i < n; i++)
		cJSON_AddItemToArray(list, zone_tree(i));
	n = cJSON_GetArraySize(list);
	answer(p, list, json_make("{\"page\":1,\"per_page\":%ld,"
	    "\"count\":%d,\"total_count\":%d}", size, n, n));
}

static void
get_zone(const struct request *r, struct reply *p)
{
	if (may("zone:read", p) && has_zone(r, p))
		answer(p, zone_tree(r->arg[0][strlen(ZONE_ID)] - '0'), NULL);
}

/* ---- records ---- */

static void
list_records(const struct request *r, struct reply *p)
{
	const char *name = query(r, "name"), *type = query(r, "type");
	const char *s = query(r, "per_page");
	long per = s != NULL ? strtol(s, NULL, 10) : PER_PAGE, n = 0, page;
	cJSON *list, *v;

	if (!may("dns:edit", p) || !has_zone(r, p))
		return;
	s = query(r, "page");
	page = s != NULL ? strtol(s, NULL, 10) : 1;
	list = cJSON_CreateArray();
	cJSON_ArrayForEach(v, at.records) {
		if ((name != NULL && strcasecmp(name, json_str(v, "name"))
		    != 0) || (type != NULL
		    && strcmp(type, json_str(v, "type")) != 0))
			continue;
		if (per > 0 && n++ / per == page - 1)
			cJSON_AddItemToArray(list, cJSON_Duplicate(v, true));
	}
	answer(p, list, json_make("{\"page\":%ld,\"per_page\":%ld,"
	    "\"count\":%d,\"total_count\":%ld}", page, per,
	    cJSON_GetArraySize(list), n));
}

/* What is wrong with a batch; code 0: nothing. */
struct fault {
	int code;
	const char *message;
};

static struct fault
bad(int code, const char *message)
{
	return (struct fault){ .code = code, .message = message };
}

static struct fault
fault_of_content(const cJSON *o)
{
	const char *type = json_str(o, "type");
	const char *content = json_str(o, "content");

	if (type == NULL || !word_in(type, "A AAAA CNAME TXT"))
		return bad(1004, "DNS Validation Error");
	if (content == NULL || content[0] == '\0')
		return bad(9106, "content is a required field");
	if (strcmp(type, "A") == 0 && !dns_is_address(type, content))
		return bad(9005, "Content for A record must be a "
		    "valid IPv4 address.");
	if (strcmp(type, "AAAA") == 0 && !dns_is_address(type, content))
		return bad(9006, "Content for AAAA record must "
		    "be a valid IPv6 address.");
	if (strcmp(type, "CNAME") == 0 && (!dns_is_host(content)
	    || dns_is_address("A", content)))
		return bad(9007, "Content for CNAME record is "
		    "invalid.");
	return bad(0, NULL);
}

static bool
is_in_zone(const char *name)
{
	size_t n = strlen(name), z = strlen(DNS_ZONE);

	return dns_is_host(name) && n >= z
	    && strcasecmp(name + n - z, DNS_ZONE) == 0
	    && (n == z || name[n - z - 1] == '.');
}

static struct fault
fault_of(const cJSON *o)
{
	const char *name = json_str(o, "name");
	const char *comment = json_str(o, "comment");
	double ttl = json_num(o, "ttl", AUTOMATIC);
	bool enterprise = strcmp(knob("cloudflare.plan"), "enterprise") == 0;

	if (name == NULL || !is_in_zone(name))
		return bad(9000, "DNS name is invalid.");
	if (ttl != AUTOMATIC && (ttl > MOST
	    || ttl < (enterprise ? LEAST_ENTERPRISE : LEAST)))
		return bad(9021, "Invalid TTL. Must be between 60 "
		    "and 86400 seconds, or 1 for Automatic.");
	if (comment != NULL && strlen(comment) > COMMENT_MOST)
		return bad(9313, "DNS record comment is too "
		    "long.");
	return fault_of_content(o);
}

/* Does it stand beside others that it can't stand beside? */
static struct fault
fault_beside(const cJSON *list, const cJSON *o)
{
	bool cname = strcmp(json_str(o, "type"), "CNAME") == 0;
	const cJSON *v;

	cJSON_ArrayForEach(v, list) {
		const char *type = json_str(v, "type");
		bool same = strcmp(type, json_str(o, "type")) == 0;

		if (v == o || strcasecmp(json_str(v, "name"),
		    json_str(o, "name")) != 0)
			continue;
		if (same && strcasecmp(json_str(v, "content"),
		    json_str(o, "content")) == 0)
			return bad(81058, "An identical record "
			    "already exists.");
		if (cname && word_in(type, "A AAAA CNAME"))
			return bad(81053, "An A, AAAA, or CNAME "
			    "record with that host already exists.");
		if (strcmp(type, "CNAME") == 0 && !cname)
			return bad(81054, "A CNAME record with "
			    "that host already exists.");
	}
	return bad(0, NULL);
}

static cJSON *
find_id(cJSON *list, const cJSON *o)
{
	const char *id = json_str(o, "id");
	cJSON *v;

	cJSON_ArrayForEach(v, list)
		if (id != NULL && strcmp(json_str(v, "id"), id) == 0)
			return v;
	return NULL;
}

/* As the company keeps it: a proxied record's TTL is automatic. */
static void
settle(cJSON *o)
{
	char *when = time_rfc3339(now());

	if (json_true(o, "proxied"))
		json_putn(o, "ttl", AUTOMATIC);
	json_puts(o, "modified_on", when);
	free(when);
}

static cJSON *
new_record(const cJSON *o)
{
	char *seed = random_suffix(32), *id = digest_hex(seed, 32, 32);
	char *when = time_rfc3339(now());
	cJSON *v = json_make("{\"id\":\"%s\",\"proxied\":false,\"ttl\":1,"
	    "\"proxiable\":true,\"comment\":null,\"tags\":[],\"meta\":"
	    "{\"auto_added\":false},\"created_on\":\"%s\"}", id, when);

	json_merge(v, o);
	free(seed);
	free(id);
	free(when);
	return v;
}

/* ---- the batch ---- */

static const char MEMBERS[] = "id type name content ttl proxied comment "
	"tags settings";

static struct fault
do_delete(cJSON *list, const cJSON *o, cJSON *done)
{
	cJSON *v = find_id(list, o);

	if (v == NULL || json_stranger(o, "id") != NULL)
		return bad(81044, "Record does not exist.");
	cJSON_AddItemToArray(done, cJSON_DetachItemViaPointer(list, v));
	return bad(0, NULL);
}

static struct fault
do_patch(cJSON *list, const cJSON *o, cJSON *done)
{
	cJSON *v = find_id(list, o);
	const char *type = json_str(o, "type");
	struct fault f;

	if (v == NULL)
		return bad(81044, "Record does not exist.");
	if (json_stranger(o, MEMBERS) != NULL
	    || (type != NULL && strcmp(type, json_str(v, "type")) != 0))
		return bad(1004, "DNS Validation Error");
	json_merge(v, o);
	f = fault_of(v);
	if (f.code == 0)
		f = fault_beside(list, v);
	settle(v);
	cJSON_AddItemToArray(done, cJSON_Duplicate(v, true));
	return f;
}

static struct fault
do_post(cJSON *list, const cJSON *o, cJSON *done)
{
	struct fault f = { 1004, "DNS Validation Error" };
	cJSON *v;

	if (json_stranger(o, MEMBERS) != NULL || json_str(o, "id") != NULL)
		return f;
	if (cJSON_GetArraySize(cJSON_GetObjectItem(o, "tags")) > 0
	    && strcmp(knob("cloudflare.plan"), "free") == 0)
		return bad(9300, "DNS record has 1 tags, "
		    "exceeding the quota of 0.");
	f = fault_of(o);
	if (f.code == 0)
		f = fault_beside(list, o);
	if (f.code != 0)
		return f;
	v = new_record(o);
	settle(v);
	cJSON_AddItemToArray(list, v);
	cJSON_AddItemToArray(done, cJSON_Duplicate(v, true));
	return f;
}

static struct fault
do_all(cJSON *list, const cJSON *body, cJSON *result)
{
	static const struct {
		const char *name;
		struct fault (*act)(cJSON *, const cJSON *, cJSON *);
	} parts[] = { { "deletes", do_delete }, { "patches", do_patch },
	    { "posts", do_post } };
	struct fault f = { 0 };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		cJSON *done = cJSON_CreateArray(), *o;

		json_put(result, parts[i].name, done);
		cJSON_ArrayForEach(o, cJSON_GetObjectItem(body,
		    parts[i].name)) {
			f = parts[i].act(list, o, done);
			if (f.code != 0)
				return f;
		}
	}
	json_put(result, "puts", cJSON_CreateArray());
	return f;
}

static int
batch_size(const cJSON *body)
{
	const cJSON *part;
	int n = 0;

	cJSON_ArrayForEach(part, body)
		n += cJSON_GetArraySize(part);
	return n;
}

static void
batch(const struct request *r, struct reply *p)
{
	const char *type = header(r, "content-type");
	cJSON *body = cJSON_Parse(r->body), *list, *result;
	struct fault f = { 9207, "Failed to parse the request's body" };

	if (!may("dns:edit", p) || !has_zone(r, p)) {
		cJSON_Delete(body);
		return;
	}
	list = cJSON_Duplicate(at.records, true);
	result = cJSON_CreateObject();
	if (batch_size(body) > BATCH_MOST)
		f.message = "too many records in the batch";
	else if (cJSON_IsObject(body) && json_stranger(body,
	    "deletes patches puts posts") == NULL && type != NULL
	    && strncmp(type, "application/json", 16) == 0)
		f = do_all(list, body, result);
	if (f.code == 0) {
		cJSON_Delete(at.records);
		at.records = list;
		answer(p, result, NULL);
	} else {
		fail(p, 400, f.code, f.message);
		cJSON_Delete(list);
		cJSON_Delete(result);
	}
	cJSON_Delete(body);
}

/* ---- every request ---- */

static const struct route routes[] = {
	{ "GET", ROOT "/zones", list_zones },
	{ "GET", ROOT "/zones/{}", get_zone },
	{ "GET", ROOT "/zones/{}/dns_records", list_records },
	{ "POST", ROOT "/zones/{}/dns_records/batch", batch },
	{ NULL, NULL, NULL }
};

static bool
admit(const struct request *r, struct reply *p)
{
	const char *auth = header(r, "authorization");
	const char *token = auth != NULL
	    && strncmp(auth, "Bearer ", 7) == 0 ? auth + 7 : "";

	if (strlen(token) < TOKEN_LEAST) {
		fail(p, 400, 6003, "Invalid request headers");
		return false;
	}
	if (strcmp(token, env_or("SB_CLOUDFLARE_TOKEN", "")) != 0) {
		fail(p, 403, 9109, "Invalid access token");
		return false;
	}
	if (at.limited < knob_num("cloudflare.limited")) {
		at.limited += 1;
		fail(p, 429, 10100, "Rate limited. Please wait and consider "
		    "throttling your request speed");
		reply_header(p, "retry-after", "1");
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
cloudflare_init(const char *traffic)
{
	at.traffic = text_copy(traffic);
	cloudflare_reset();
}

void
cloudflare_reset(void)
{
	at.limited = 0;
	cJSON_Delete(at.records);
	at.records = cJSON_CreateArray();
}

void
cloudflare_service(struct service *s)
{
	s->routes = routes;
	s->admit = admit;
	s->unknown = unknown;
	s->finish = finish;
}
