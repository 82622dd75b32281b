/*
 * The Atlas double.
 *
 * Logins are a service account's token or API keys by digest. Every request
 * names the API's version in Accept. A change of the access list or of a user
 * takes effect after the knob atlas.seconds; while one is under way further
 * changes may be refused (atlas.busy). Roles of users are also those of the
 * sandbox's MongoDB server, where there is one: once somebody is told that a
 * change is in force.
 */
#include "atlas.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <openssl/evp.h>

#include "world_http.h"
#include "world_json.h"
#include "world_mongo.h"
#include "world_record.h"
#include "world_set.h"
#include "world_text.h"

#define GROUP "/api/atlas/v2/groups/{}"
#define REALM "MMS Public API"

enum { COMMENT_MAX = 80, HOUR = 3600, NAME_MAX_ = 256 };

static struct {
	char *traffic, *nonce;
	cJSON *list;		/* access list; "since" is our own */
	cJSON *users, *customs;
	cJSON *tokens;		/* token: when it ends */
	double changed;		/* when a user last was */
	bool coming;		/* that change is not in force yet */
	bool touched;		/* users are not as at first */
	double limited, busy;	/* so many answers of that kind yet */
} at;

static void
fail(struct reply *p, int status, const char *code, const char *detail)
{
	cJSON *o = cJSON_CreateObject();

	json_putn(o, "error", status);
	json_puts(o, "errorCode", code);
	json_puts(o, "detail", detail);
	json_puts(o, "reason", status == 404 ? "Not Found" : status == 409
	    ? "Conflict" : status == 403 ? "Forbidden" : status == 401
	    ? "Unauthorized" : status == 429 ? "Too Many Requests"
	    : status == 406 ? "Not Acceptable" : "Bad Request");
	json_put(o, "parameters", cJSON_CreateArray());
	reply_json(p, status, o);
}

static void
unknown(const struct request *r, struct reply *p)
{
	(void)r;
	fail(p, 404, "RESOURCE_NOT_FOUND", "Cannot find resource.");
}

static bool
is_group(const struct request *r, struct reply *p)
{
	if (strcmp(r->arg[0], env_or("SB_ATLAS_PROJECT",
	    "32b6e34b3d91647abb20e7b8")) == 0)
		return true;
	fail(p, 404, "GROUP_NOT_FOUND", "No group with that ID.");
	return false;
}

/* --- logging in --------------------------------------------------------- */

static void
make_token(const struct request *r, struct reply *p)
{
	const char *auth = header(r, "authorization");
	const char *type = header(r, "content-type");
	char *both = text_make("%s:%s", env_or("SB_ATLAS_CLIENT_ID", ""),
	    env_or("SB_ATLAS_CLIENT_SECRET", ""));
	char *want = base64(both, strlen(both), 0), *token;
	cJSON *o = cJSON_CreateObject();

	if (auth == NULL || strncmp(auth, "Basic ", 6) != 0
	    || strcmp(auth + 6, want) != 0) {
		json_puts(o, "error", "invalid_client");
		json_puts(o, "error_description", "Client authentication "
		    "failed");
		reply_json(p, 401, o);
	} else if (type == NULL || strcmp(type,
	    "application/x-www-form-urlencoded") != 0
	    || strcmp(r->body, "grant_type=client_credentials") != 0) {
		json_puts(o, "error", "unsupported_grant_type");
		reply_json(p, 400, o);
	} else {
		token = random_suffix(64);
		cJSON_AddNumberToObject(at.tokens, token, now()
		    + knob_num("atlas.token"));
		json_puts(o, "access_token", token);
		json_putn(o, "expires_in", HOUR);
		json_puts(o, "token_type", "Bearer");
		reply_json(p, 200, o);
		count("atlas.tokens");
		free(token);
	}
	free(both);
	free(want);
}

/* name="value" or name=value of a digest; "" if there is none. */
static void
digest_word(const char *auth, const char *name, char out[NAME_MAX_])
{
	size_t n = strlen(name);
	const char *s = auth;

	out[0] = '\0';
	while ((s = strstr(s, name)) != NULL) {
		if ((s[-1] != ' ' && s[-1] != ',') || s[n] != '=') {
			s += n;
			continue;
		}
		s += n + 1;
		n = s[0] == '"' ? strcspn(++s, "\"") : strcspn(s, ", ");
		(void)snprintf(out, NAME_MAX_, "%.*s", (int)n, s);
		return;
	}
}

static char *
md5(const char *s)
{
	unsigned char d[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	char *hex;

	(void)EVP_Digest(s, strlen(s), d, &n, EVP_md5(), NULL);
	hex = calloc(2 * (size_t)n + 1, 1);
	for (unsigned int i = 0; hex != NULL && i < n; i++)
		(void)snprintf(hex + (size_t)2 * i, 3, "%02x", d[i]);
	return hex;
}

static bool
digest_is_right(const struct request *r, const char *auth)
{
	char user[NAME_MAX_], nonce[NAME_MAX_], uri[NAME_MAX_],
	    nc[NAME_MAX_], cnonce[NAME_MAX_], response[NAME_MAX_];
	char *a1, *a2, *h1, *h2, *all, *want;
	bool ok;

	digest_word(auth, "username", user);
	digest_word(auth, "nonce", nonce);
	digest_word(auth, "uri", uri);
	digest_word(auth, "nc", nc);
	digest_word(auth, "cnonce", cnonce);
	digest_word(auth, "response", response);
	a1 = text_make("%s:" REALM ":%s", user,
	    env_or("SB_ATLAS_PRIVATE_KEY", ""));
	a2 = text_make("%s:%s", r->method, uri);
	h1 = md5(a1);
	h2 = md5(a2);
	all = text_make("%s:%s:%s:%s:auth:%s", h1, nonce, nc, cnonce, h2);
	want = md5(all);
	ok = strcmp(want, response) == 0 && strcmp(nonce, at.nonce) == 0
	    && strcmp(user, env_or("SB_ATLAS_PUBLIC_KEY", "")) == 0
	    && strncmp(uri, r->path, strlen(r->path)) == 0;
	free(a1);
	free(a2);
	free(h1);
	free(h2);
	free(all);
	free(want);
	return ok;
}

static bool
is_logged_in(const struct request *r)
{
	const char *auth = header(r, "authorization");
	const cJSON *end;

	if (auth != NULL && strncmp(auth, "Digest ", 7) == 0)
		return digest_is_right(r, auth);
	if (auth == NULL || strncmp(auth, "Bearer ", 7) != 0)
		return false;
	end = cJSON_GetObjectItem(at.tokens, auth + 7);
	return end != NULL && end->valuedouble > now();
}

static bool
changes(const struct request *r)
{
	return strcmp(r->method, "GET") != 0;
}

/* What every request but that for a token has to stand. */
static bool
admit(const struct request *r, struct reply *p)
{
	const char *accept = header(r, "accept");
	char *challenge;

	if (strcmp(r->path, "/api/oauth/token") == 0)
		return true;
	if (!is_logged_in(r)) {
		challenge = text_make("Digest realm=\"" REALM "\", "
		    "domain=\"\", nonce=\"%s\", algorithm=MD5, qop=\"auth\", "
		    "stale=false", at.nonce);
		fail(p, 401, "UNAUTHORIZED", "You are not authorized for "
		    "this resource.");
		reply_header(p, "WWW-Authenticate", challenge);
		free(challenge);
	} else if (knob_on("atlas.elsewhere")) {
		fail(p, 403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", "IP address "
		    "192.0.2.1 is not allowed to access this resource.");
	} else if (accept == NULL
	    || strncmp(accept, "application/vnd.atlas.", 22) != 0) {
		fail(p, 406, "INVALID_VERSION_DATE", "The Accept header "
		    "names no version.");
	} else if (at.limited < knob_num("atlas.limited")) {
		at.limited += 1;
		fail(p, 429, "RATE_LIMITED", "Resource /groups is limited.");
	} else if (changes(r) && !knob_on("atlas.owner")) {
		fail(p, 403, "USER_UNAUTHORIZED", "Current user is not "
		    "authorized to perform this action.");
	} else if (changes(r) && at.busy < knob_num("atlas.busy")) {
		at.busy += 1;
		fail(p, 409, "ATLAS_CLUSTER_CHANGE_IN_PROGRESS", "A change "
		    "is being deployed.");
	} else {
		return true;
	}
	return false;
}

static void
finish(const struct request *r, struct reply *p)
{
	record(at.traffic, r, p, "access_token");
}

/* --- the access list ---------------------------------------------------- */

/* One page of a list. */
static void
reply_page(const struct request *r, struct reply *p, const cJSON *all)
{
	const char *page = query(r, "pageNum");
	const char *per = query(r, "itemsPerPage");
	long first = page != NULL ? strtol(page, NULL, 10) : 1;
	long most = per != NULL ? strtol(per, NULL, 10) : 100, n = 0;
	cJSON *o, *results;
	const cJSON *i;

	if (first < 1 || most < 1 || most > 500) {
		fail(p, 400, "INVALID_QUERY_PARAMETER", "pageNum or "
		    "itemsPerPage is out of range.");
		return;
	}
	o = cJSON_CreateObject();
	results = cJSON_AddArrayToObject(o, "results");
	cJSON_ArrayForEach(i, all) {
		cJSON *one;

		if (n >= (first - 1) * most && n < first * most) {
			one = cJSON_Duplicate(i, true);
			json_drop(one, "since");
			cJSON_AddItemToArray(results, one);
		}
		n++;
	}
	json_put(o, "links", cJSON_CreateArray());
	json_putn(o, "totalCount", (double)n);
	reply_json(p, 200, o);
}

/* What is past its end goes. */
static void
drop_ended(void)
{
	char *today = time_rfc3339(now());
	cJSON *i = at.list->child, *next;

	for (; i != NULL; i = next) {
		const char *end = json_str(i, "deleteAfterDate");

		next = i->next;
		if (end != NULL && strcmp(end, today) < 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(at.list, i));
	}
	free(today);
}

static void
get_list(const struct request *r, struct reply *p)
{
	drop_ended();
	if (is_group(r, p))
		reply_page(r, p, at.list);
}

static cJSON *
find_entry(const char *cidr)
{
	cJSON *i;

	cJSON_ArrayForEach(i, at.list)
		if (strcmp(json_str(i, "cidrBlock"), cidr) == 0)
			return i;
	return NULL;
}

static bool
is_cidr(const char *s)
{
	char *copy = text_copy(s), *slash = strchr(copy, '/'), *end = NULL;
	struct in_addr a;
	long bits = 0;
	bool ok;

	if (slash != NULL) {
		*slash++ = '\0';
		bits = strtol(slash, &end, 10);
	}
	ok = slash != NULL && *slash != '\0' && *end == '\0' && bits >= 0
	    && bits <= 32 && inet_pton(AF_INET, copy, &a) == 1;
	free(copy);
	return ok;
}

/* The entry as it is stored, or NULL and what is wrong with it. */
static cJSON *
take_entry(const cJSON *sent, const char **fault)
{
	const char *cidr = json_str(sent, "cidrBlock");
	const char *address = json_str(sent, "ipAddress");
	const char *comment = json_str(sent, "comment");
	const char *end = json_str(sent, "deleteAfterDate");
	char *today = time_rfc3339(now());
	char *block = cidr != NULL ? text_copy(cidr)
	    : text_make("%s/32", address != NULL ? address : "");
	cJSON *o = NULL;

	*fault = (cidr != NULL) == (address != NULL)
	    ? "Exactly one of cidrBlock, ipAddress, awsSecurityGroup is due."
	    : !is_cidr(block) ? "The address is invalid."
	    : comment != NULL && strlen(comment) > COMMENT_MAX
	    ? "The comment is longer than 80 characters."
	    : end != NULL && strcmp(end, today) < 0
	    ? "deleteAfterDate is in the past."
	    : json_stranger(sent, "cidrBlock ipAddress comment "
		"deleteAfterDate") != NULL ? "An attribute is unknown." : NULL;
	if (*fault == NULL) {
		o = cJSON_CreateObject();
		json_puts(o, "cidrBlock", block);
		json_puts(o, "groupId", env_or("SB_ATLAS_PROJECT",
		    "32b6e34b3d91647abb20e7b8"));
		if (strstr(block, "/32") != NULL) {
			*strchr(block, '/') = '\0';
			json_puts(o, "ipAddress", block);
		}
		json_puts(o, "comment", comment != NULL ? comment : "");
		if (end != NULL)
			json_puts(o, "deleteAfterDate", end);
		json_putn(o, "since", now());
	}
	free(block);
	free(today);
	return o;
}

static void
post_list(const struct request *r, struct reply *p)
{
	cJSON *sent = cJSON_Parse(r->body), *made = cJSON_CreateArray();
	const char *fault = cJSON_IsArray(sent) && sent->child != NULL ? NULL
	    : "The body is no array.";
	cJSON *i, *one, *old;

	if (!is_group(r, p)) {
		cJSON_Delete(sent);
		cJSON_Delete(made);
		return;
	}
	cJSON_ArrayForEach(i, sent) {
		one = fault == NULL ? take_entry(i, &fault) : NULL;
		if (one != NULL)
			cJSON_AddItemToArray(made, one);
	}
	cJSON_Delete(sent);
	if (fault != NULL) {
		fail(p, 400, "INVALID_ATTRIBUTE", fault);
		cJSON_Delete(made);
		return;
	}
	while ((one = cJSON_DetachItemFromArray(made, 0)) != NULL) {
		old = find_entry(json_str(one, "cidrBlock"));
		if (old != NULL)
			json_putn(one, "since", json_num(old, "since", 0));
		if (old != NULL)
			cJSON_Delete(cJSON_DetachItemViaPointer(at.list,
			    old));
		cJSON_AddItemToArray(at.list, one);
	}
	cJSON_Delete(made);
	count("atlas.writes");
	reply_page(r, p, at.list);
}

/* The entry of the path, or it is answered. */
static cJSON *
named_entry(const struct request *r, struct reply *p)
{
	cJSON *one;
	char *block;

	if (!is_group(r, p))
		return NULL;
	drop_ended();
	block = strchr(r->arg[1], '/') != NULL ? text_copy(r->arg[1])
	    : text_make("%s/32", r->arg[1]);
	one = find_entry(block);
	free(block);
	if (one == NULL)
		fail(p, 404, "ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND",
		    "The entry is not in the access list.");
	return one;
}

static void
drop_entry(const struct request *r, struct reply *p)
{
	cJSON *one = named_entry(r, p);

	if (one == NULL)
		return;
	cJSON_Delete(cJSON_DetachItemViaPointer(at.list, one));
	count("atlas.writes");
	p->status = 204;
}

static void
get_status(const struct request *r, struct reply *p)
{
	const cJSON *one = named_entry(r, p);
	cJSON *o;

	if (one == NULL)
		return;
	o = cJSON_CreateObject();
	json_puts(o, "STATUS", knob_on("atlas.fail") ? "FAILED"
	    : json_num(one, "since", 0) + knob_num("atlas.seconds") < now()
	    ? "ACTIVE" : "PENDING");
	reply_json(p, 200, o);
}

/* --- users -------------------------------------------------------------- */

static cJSON *
named_user(const struct request *r, struct reply *p)
{
	cJSON *u;

	if (!is_group(r, p))
		return NULL;
	cJSON_ArrayForEach(u, at.users)
		if (strcmp(json_str(u, "databaseName"), r->arg[1]) == 0
		    && strcmp(json_str(u, "username"), r->arg[2]) == 0)
			return u;
	fail(p, 404, "USERNAME_NOT_FOUND", "No user with that name.");
	return NULL;
}

static void
get_user(const struct request *r, struct reply *p)
{
	const cJSON *u = named_user(r, p);

	if (u != NULL)
		reply_json(p, 200, cJSON_Duplicate(u, true));
}

/* Is it one of those that Atlas has, or of the project's own? */
static bool
is_role(const cJSON *role)
{
	const char *name = json_str(role, "roleName");
	const char *db = json_str(role, "databaseName");

	if (name == NULL || db == NULL || db[0] == '\0'
	    || json_stranger(role, "roleName databaseName collectionName")
	    != NULL)
		return false;
	if (word_in(name, "read readWrite"))
		return true;
	if (json_str(role, "collectionName") != NULL)
		return false;
	if (strcmp(name, "dbAdmin") == 0)
		return true;
	return strcmp(db, "admin") == 0 && (word_in(name, "atlasAdmin "
	    "backup clusterMonitor dbAdminAnyDatabase enableSharding "
	    "readAnyDatabase readWriteAnyDatabase")
	    || cJSON_GetObjectItem(at.customs, name) != NULL);
}

/* The same on the sandbox's server, for roles that it has. */
static void
set_there(const cJSON *user)
{
	cJSON *o = cJSON_CreateObject(), *roles;
	const cJSON *r;
	char *text;

	json_puts(o, "updateUser", json_str(user, "username"));
	roles = cJSON_AddArrayToObject(o, "roles");
	cJSON_ArrayForEach(r, json_at(user, "roles"))
		if (cJSON_GetObjectItem(at.customs, json_str(r, "roleName"))
		    == NULL && json_str(r, "collectionName") == NULL)
			cJSON_AddItemToArray(roles, json_make("{\"role\":"
			    "\"%s\",\"db\":\"%s\"}", json_str(r, "roleName"),
			    json_str(r, "databaseName")));
	text = json_text(o);
	(void)world_mongo(text);
	free(text);
	cJSON_Delete(o);
}

/* What is wrong with a change of a user; NULL: nothing. */
static const char *
user_fault(const struct request *r, const cJSON *sent)
{
	const char *type = header(r, "content-type");
	const cJSON *roles = json_at(sent, "roles"), *i;

	if (type == NULL || (strncmp(type, "application/vnd.atlas.", 22) != 0
	    && strcmp(type, "application/json") != 0))
		return "The Content-Type names no version.";
	if (json_stranger(sent, "roles scopes labels description password "
	    "databaseName username groupId") != NULL)
		return "An attribute is unknown.";
	if (!cJSON_IsArray(roles) || roles->child == NULL)
		return "The user needs at least one role.";
	cJSON_ArrayForEach(i, roles)
		if (!is_role(i))
			return "A role is invalid.";
	return NULL;
}

/* What was changed is in force after a while. */
static bool
is_applied(void)
{
	const cJSON *u;

	if (at.changed + knob_num("atlas.seconds") >= now())
		return false;
	if (at.coming)
		cJSON_ArrayForEach(u, at.users)
			if (strcmp(json_str(u, "username"),
			    env_or("SB_MONGO_USER", "acme")) == 0)
				set_there(u);
	at.coming = false;
	return true;
}

static void
patch_user(const struct request *r, struct reply *p)
{
	cJSON *u = named_user(r, p), *sent = cJSON_Parse(r->body);
	const char *fault = user_fault(r, sent);

	if (u != NULL && fault != NULL)
		fail(p, 400, "INVALID_ATTRIBUTE", fault);
	if (u != NULL && fault == NULL) {
		json_put(u, "roles", cJSON_Duplicate(json_at(sent, "roles"),
		    true));
		at.changed = now();
		at.coming = true;
		at.touched = true;
		count("atlas.writes");
		reply_json(p, 200, cJSON_Duplicate(u, true));
	}
	cJSON_Delete(sent);
}

static void
get_custom(const struct request *r, struct reply *p)
{
	const cJSON *role;

	if (!is_group(r, p))
		return;
	role = cJSON_GetObjectItem(at.customs, r->arg[1]);
	if (role != NULL)
		reply_json(p, 200, cJSON_Duplicate(role, true));
	else
		fail(p, 404, "ATLAS_CUSTOM_ROLE_NOT_FOUND", "No such role.");
}

static void
get_applied(const struct request *r, struct reply *p)
{
	cJSON *o;

	if (!is_group(r, p))
		return;
	if (strcmp(r->arg[1], env_or("SB_ATLAS_CLUSTER", "acme")) != 0) {
		fail(p, 404, "CLUSTER_NOT_FOUND", "No such cluster.");
		return;
	}
	o = cJSON_CreateObject();
	json_puts(o, "changeStatus", is_applied() ? "APPLIED" : "PENDING");
	reply_json(p, 200, o);
}

/* --- the beginning ------------------------------------------------------ */

static const struct route routes[] = {
	{ "POST", "/api/oauth/token", make_token },
	{ "GET", GROUP "/accessList", get_list },
	{ "POST", GROUP "/accessList", post_list },
	{ "DELETE", GROUP "/accessList/{}", drop_entry },
	{ "GET", GROUP "/accessList/{}/status", get_status },
	{ "GET", GROUP "/databaseUsers/{}/{}", get_user },
	{ "PATCH", GROUP "/databaseUsers/{}/{}", patch_user },
	{ "GET", GROUP "/customDBRoles/roles/{}", get_custom },
	{ "GET", GROUP "/clusters/{}/status", get_applied },
	{ NULL, NULL, NULL }
};

void
atlas_reset(void)
{
	cJSON_Delete(at.list);
	cJSON_Delete(at.users);
	cJSON_Delete(at.customs);
	cJSON_Delete(at.tokens);
	at.limited = 0;
	at.busy = 0;
	at.changed = 0;
	at.coming = false;
	at.tokens = cJSON_CreateObject();
	at.list = json_make("[{\"cidrBlock\":\"192.0.2.10/32\",\"ipAddress\":"
	    "\"192.0.2.10\",\"comment\":\"the office\",\"since\":0},"
	    "{\"cidrBlock\":\"192.0.2.128/28\",\"comment\":\"\","
	    "\"since\":0}]");
	at.users = json_make("[{\"username\":\"%s\",\"databaseName\":"
	    "\"admin\",\"groupId\":\"%s\",\"roles\":[{\"roleName\":"
	    "\"readWriteAnyDatabase\",\"databaseName\":\"admin\"},"
	    "{\"roleName\":\"dbAdminAnyDatabase\",\"databaseName\":"
	    "\"admin\"}],\"scopes\":[],\"labels\":[]}]",
	    env_or("SB_MONGO_USER", "acme"), env_or("SB_ATLAS_PROJECT",
	    "32b6e34b3d91647abb20e7b8"));
	at.customs = json_make("{\"reports\":{\"roleName\":\"reports\","
	    "\"actions\":[{\"action\":\"FIND\",\"resources\":[{\"db\":"
	    "\"other-openedx\",\"collection\":\"\"}]}],\"inheritedRoles\":"
	    "[]},\"within\":{\"roleName\":\"within\",\"actions\":[],"
	    "\"inheritedRoles\":[{\"role\":\"reports\",\"db\":\"admin\"}]},"
	    "\"all\":{\"roleName\":\"all\",\"actions\":[{\"action\":"
	    "\"SERVER_STATUS\",\"resources\":[{\"cluster\":true}]}],"
	    "\"inheritedRoles\":[]}}");
	if (at.touched)
		set_there(at.users->child);
	at.touched = false;
}

void
atlas_init(const char *traffic)
{
	at.traffic = text_copy(traffic);
	at.nonce = random_suffix(32);
	atlas_reset();
}

void
atlas_service(struct service *s)
{
	s->routes = routes;
	s->admit = admit;
	s->unknown = unknown;
	s->finish = finish;
}
