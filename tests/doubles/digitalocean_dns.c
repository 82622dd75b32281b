/*
 * The DigitalOcean double's domain: one zone, whose records are changed one
 * by one. Names are relative to it ("@" is itself), targets must be sent with
 * a final dot and come back without, and a CNAME stands alone.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "digitalocean_in.h"
#include "dns.h"
#include "world_http.h"
#include "world_json.h"
#include "world_text.h"

enum { MOST_PER_PAGE = 200, PER_PAGE = 20, LEAST_TTL = 30, TTL = 1800,
	FIRST_ID = 28448429 };

static cJSON *records;
static double last_id = FIRST_ID;

cJSON **
digitalocean_records(void)
{
	return &records;
}

void
domains_reset(void)
{
	cJSON_Delete(records);
	records = cJSON_CreateArray();
}

static void
unprocessable(struct reply *p, const char *why)
{
	digitalocean_fail(p, 422, "unprocessable_entity", why);
}

static bool
is_zone(const struct request *r, struct reply *p)
{
	if (strcasecmp(r->arg[0], DNS_ZONE) == 0)
		return true;
	digitalocean_not_found(r, p);
	return false;
}

void
domains_get(const struct request *r, struct reply *p)
{
	if (digitalocean_may("domain:read", p) && is_zone(r, p))
		reply_json(p, 200, json_make("{\"domain\":{\"name\":\"%s\","
		    "\"ttl\":%d,\"zone_file\":\"$ORIGIN %s.\\n\"}}", DNS_ZONE,
		    TTL, DNS_ZONE));
}

/* ---- the list ---- */

/* The filter is a whole name; what is kept is relative. */
static bool
fits(const cJSON *o, const char *name, const char *type)
{
	const char *own = json_str(o, "name");
	char *full = strcmp(own, "@") == 0 ? text_copy(DNS_ZONE)
	    : text_make("%s.%s", own, DNS_ZONE);
	bool ok = (name == NULL || strcasecmp(name, full) == 0)
	    && (type == NULL || strcmp(type, json_str(o, "type")) == 0);

	free(full);
	return ok;
}

static long
number(const struct request *r, const char *name, long dflt)
{
	const char *s = query(r, name);

	return s != NULL ? strtol(s, NULL, 10) : dflt;
}

void
domains_list(const struct request *r, struct reply *p)
{
	long per = number(r, "per_page", PER_PAGE), n = 0;
	long page = number(r, "page", 1);
	cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray(), *v;
	char *next;

	if (!digitalocean_may("domain:read", p) || !is_zone(r, p))
		goto out;
	if (per < 1 || per > MOST_PER_PAGE || page < 1) {
		unprocessable(p, "per_page must be between 1 and 200");
		goto out;
	}
	cJSON_ArrayForEach(v, records) {
		if (!fits(v, query(r, "name"), query(r, "type")))
			continue;
		if (n / per == page - 1)
			cJSON_AddItemToArray(list, cJSON_Duplicate(v, true));
		n++;
	}
	json_put(o, "domain_records", cJSON_Duplicate(list, true));
	json_put(o, "links", cJSON_CreateObject());
	if (n > page * per) {
		next = text_make("https://api.digitalocean.com/v2/domains/"
		    DNS_ZONE "/records?page=%ld&per_page=%ld", page + 1, per);
		json_puts(o, "links/pages/next", next);
		free(next);
	}
	json_putn(o, "meta/total", (double)n);
	reply_json(p, 200, cJSON_Duplicate(o, true));
out:
	cJSON_Delete(list);
	cJSON_Delete(o);
}

/* ---- changes ---- */

/* What a CNAME can't stand beside; `self`: the record itself. */
static bool
collides(const cJSON *self, const char *name, const char *type)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, records)
		if (v != self && strcasecmp(json_str(v, "name"), name) == 0
		    && (strcmp(type, "CNAME") == 0
		    || strcmp(json_str(v, "type"), "CNAME") == 0))
			return true;
	return false;
}

static const char *
fault_of_data(const char *type, const char *data)
{
	size_t n = strlen(data);

	if (strcmp(type, "A") == 0 && !dns_is_address(type, data))
		return "IP address is not a valid IPv4 address";
	if (strcmp(type, "AAAA") == 0 && !dns_is_address(type, data))
		return "IP address is not a valid IPv6 address";
	if (strcmp(type, "CNAME") == 0 && strcmp(data, "@") != 0
	    && (n == 0 || data[n - 1] != '.'))
		return "Data needs to end with a dot (.)";
	return NULL;
}

/* Of a change laid over what is there. */
static const char *
fault_of(const cJSON *self, const cJSON *o)
{
	const char *type = json_str(o, "type"), *name = json_str(o, "name");
	const char *data = json_str(o, "data");

	if (type == NULL || !word_in(type, "A AAAA CNAME TXT"))
		return "Type is not included in the list";
	if (name == NULL || !dns_is_host(name))
		return "Name is invalid";
	if (data == NULL || data[0] == '\0')
		return "Data can't be blank";
	if (json_num(o, "ttl", TTL) < LEAST_TTL)
		return "TTL must be greater than or equal to 30";
	if (collides(self, name, type))
		return "CNAME records cannot share a name with other records";
	return NULL;
}

static const char MEMBERS[] = "type name data priority port ttl weight flags "
	"tag";

static cJSON *
read_body(const struct request *r, struct reply *p)
{
	const char *type = header(r, "content-type");
	cJSON *o = cJSON_Parse(r->body);
	const char *stranger = json_stranger(o, MEMBERS);

	if (cJSON_IsObject(o) && stranger == NULL && type != NULL
	    && strncmp(type, "application/json", 16) == 0)
		return o;
	digitalocean_fail(p, 400, "bad_request", stranger != NULL
	    ? "unknown attribute" : "the body is not JSON");
	cJSON_Delete(o);
	return NULL;
}

/* As it comes back: targets without the dot. */
static void
keep_data(cJSON *o, const char *data)
{
	char *s = text_copy(data);
	size_t n = strlen(s);

	if (strcmp(json_str(o, "type"), "CNAME") == 0 && n > 1
	    && s[n - 1] == '.')
		s[n - 1] = '\0';
	if (strcasecmp(s, DNS_ZONE) == 0)
		s[0] = '@', s[1] = '\0';
	json_puts(o, "data", s);
	free(s);
}

static cJSON *
new_record(void)
{
	return json_make("{\"id\":%.0f,\"type\":\"\",\"name\":\"\","
	    "\"data\":\"\",\"priority\":null,\"port\":null,\"ttl\":%d,"
	    "\"weight\":null,\"flags\":null,\"tag\":null}", ++last_id, TTL);
}

static void
answer(struct reply *p, int status, const cJSON *record)
{
	cJSON *o = cJSON_CreateObject();

	json_put(o, "domain_record", cJSON_Duplicate(record, true));
	reply_json(p, status, o);
}

void
domains_make(const struct request *r, struct reply *p)
{
	cJSON *o, *made;
	const char *fault;

	if (!digitalocean_may("domain:create", p) || !is_zone(r, p)
	    || (o = read_body(r, p)) == NULL)
		return;
	fault = fault_of(NULL, o);
	if (fault == NULL)
		fault = fault_of_data(json_str(o, "type"),
		    json_str(o, "data"));
	if (fault != NULL) {
		unprocessable(p, fault);
	} else {
		made = new_record();
		json_merge(made, o);
		keep_data(made, json_str(o, "data"));
		cJSON_AddItemToArray(records, made);
		answer(p, 201, made);
	}
	cJSON_Delete(o);
}

static cJSON *
find_record(const struct request *r, struct reply *p)
{
	cJSON *v;

	cJSON_ArrayForEach(v, records)
		if (json_num(v, "id", -1) == strtod(r->arg[1], NULL))
			return v;
	digitalocean_not_found(r, p);
	return NULL;
}

/* The type must be said, and can't change. */
void
domains_change(const struct request *r, struct reply *p)
{
	cJSON *o, *v, *all;
	const char *fault;

	if (!digitalocean_may("domain:update", p) || !is_zone(r, p)
	    || (v = find_record(r, p)) == NULL
	    || (o = read_body(r, p)) == NULL)
		return;
	all = cJSON_Duplicate(v, true);
	json_merge(all, o);
	fault = json_str(o, "type") == NULL
	    || strcmp(json_str(o, "type"), json_str(v, "type")) != 0
	    ? "Type can't be changed" : fault_of(v, all);
	if (fault == NULL && json_str(o, "data") != NULL)
		fault = fault_of_data(json_str(o, "type"),
		    json_str(o, "data"));
	if (fault != NULL) {
		unprocessable(p, fault);
	} else {
		json_merge(v, o);
		keep_data(v, json_str(v, "data"));
		answer(p, 200, v);
	}
	cJSON_Delete(all);
	cJSON_Delete(o);
}

void
domains_drop(const struct request *r, struct reply *p)
{
	cJSON *v;

	if (!digitalocean_may("domain:delete", p) || !is_zone(r, p)
	    || (v = find_record(r, p)) == NULL)
		return;
	cJSON_Delete(cJSON_DetachItemViaPointer(records, v));
	p->status = 204;
}
