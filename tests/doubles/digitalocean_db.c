/*
 * The DigitalOcean double's database clusters: one of MySQL, one of MongoDB.
 *
 * Their trusted sources are replaced as a whole, and nothing tells a writer
 * that somebody wrote since it read: the knob digitalocean.rivals makes that
 * somebody. MongoDB's users can't be changed, only made and deleted; where
 * the sandbox has a MongoDB server (SB_MONGO_HOST), they are users there.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "digitalocean_in.h"
#include "world_http.h"
#include "world_json.h"
#include "world_mongo.h"
#include "world_set.h"
#include "world_text.h"

enum { MOST_RULES = 100, MYSQL = 0, MONGODB = 1, CLUSTERS = 2 };

static struct cluster_db {
	const char *id, *dflt_id;
	cJSON *rules;		/* with what the API fills in */
	cJSON *users;
	cJSON *coming;		/* a rival's list, about to be written */
	double rivals;
	char *gone;		/* name of who was deleted last */
	double ghosts;		/* so often was it refused since the reset */
} clusters[CLUSTERS] = {
	[MYSQL] = { .id = "SB_DO_MYSQL_ID",
	    .dflt_id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30" },
	[MONGODB] = { .id = "SB_DO_MONGO_ID",
	    .dflt_id = "4b1e6c02-53a8-4b30-9c4f-2c1f0f1f7a55" },
};

static struct cluster_db *
find_cluster(const struct request *r, struct reply *p)
{
	for (int i = 0; i < CLUSTERS; i++)
		if (strcmp(r->arg[0], env_or(clusters[i].id,
		    clusters[i].dflt_id)) == 0)
			return &clusters[i];
	digitalocean_not_found(r, p);
	return NULL;
}

/* --- trusted sources ---------------------------------------------------- */

static bool
is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") >= n;
}

static bool
is_uuid(const char *s)
{
	return strlen(s) == 36 && is_hex(s, 8) && s[8] == '-'
	    && is_hex(s + 9, 4) && s[13] == '-' && is_hex(s + 14, 4)
	    && s[18] == '-' && is_hex(s + 19, 4) && s[23] == '-'
	    && is_hex(s + 24, 12);
}

static char *
make_uuid(void)
{
	char *seed = random_suffix(32), *hex = digest_hex(seed, 32, 32);
	char *s = text_make("%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8,
	    hex + 13, hex + 17, hex + 20);

	free(seed);
	free(hex);
	return s;
}

/* An IPv4 address, or a network. */
static bool
is_address(const char *s)
{
	char *copy = text_copy(s), *slash = strchr(copy, '/'), *end;
	struct in_addr a;
	long bits = 32;
	bool ok = true;

	if (slash != NULL) {
		*slash++ = '\0';
		bits = strtol(slash, &end, 10);
		ok = *slash != '\0' && *end == '\0';
	}
	ok = ok && bits >= 0 && bits <= 32 && inet_pton(AF_INET, copy, &a);
	free(copy);
	return ok;
}

/* What is wrong with it; NULL: nothing. */
static const char *
fault_of(const cJSON *rule)
{
	const char *type = json_str(rule, "type");
	const char *value = json_str(rule, "value");
	const char *uuid = json_str(rule, "uuid");

	if (type == NULL || value == NULL || value[0] == '\0')
		return "a rule needs a type and a value";
	if (!word_in(type, "droplet k8s ip_addr tag app"))
		return "invalid rule type";
	if (uuid != NULL && uuid[0] != '\0' && !is_uuid(uuid))
		return "invalid rule uuid";
	if (strcmp(type, "ip_addr") == 0 && !is_address(value))
		return "invalid IP address";
	if (strcmp(type, "k8s") == 0 && !digitalocean_has_cluster(value))
		return "kubernetes cluster not found";
	return NULL;
}

/* The list as it is stored; NULL after an answer. */
static cJSON *
take_rules(const struct cluster_db *c, const cJSON *sent, struct reply *p)
{
	cJSON *out = cJSON_CreateArray(), *one;
	char *when = time_rfc3339(now()), *uuid;
	const char *fault = cJSON_IsArray(sent) ? NULL : "rules is missing";
	const cJSON *r;

	if (cJSON_GetArraySize(sent) > MOST_RULES)
		fault = "a database cluster takes at most 100 rules";
	cJSON_ArrayForEach(r, sent) {
		fault = fault != NULL ? fault : fault_of(r);
		one = cJSON_Duplicate(r, true);
		uuid = make_uuid();
		if (json_str(one, "uuid") == NULL
		    || json_str(one, "uuid")[0] == '\0')
			json_puts(one, "uuid", uuid);
		json_puts(one, "cluster_uuid", env_or(c->id, c->dflt_id));
		json_puts(one, "created_at", when);
		cJSON_AddItemToArray(out, one);
		free(uuid);
	}
	free(when);
	if (fault == NULL)
		return out;
	digitalocean_fail(p, 422, "unprocessable_entity", fault);
	cJSON_Delete(out);
	return NULL;
}

/* What the list was, and the rival's own rule. */
static cJSON *
rival_list(struct cluster_db *c)
{
	cJSON *o = cJSON_Duplicate(c->rules, true);
	char *uuid = make_uuid();

	c->rivals += 1;
	cJSON_AddItemToArray(o, json_make("{\"uuid\":\"%s\",\"type\":"
	    "\"ip_addr\",\"value\":\"198.51.100.%.0f\",\"cluster_uuid\":"
	    "\"%s\",\"created_at\":\"2026-11-23T12:00:00Z\"}", uuid,
	    c->rivals, env_or(c->id, c->dflt_id)));
	free(uuid);
	return o;
}

static void
replace(struct cluster_db *c, cJSON *rules)
{
	cJSON_Delete(c->rules);
	c->rules = rules;
}

void
databases_get_firewall(const struct request *r, struct reply *p)
{
	struct cluster_db *c = find_cluster(r, p);
	cJSON *o;

	if (c == NULL || !digitalocean_may("database:read", p))
		return;
	o = cJSON_CreateObject();
	cJSON_AddItemToObject(o, "rules", cJSON_Duplicate(c->rules, true));
	reply_json(p, 200, o);
	if (c->coming != NULL)
		replace(c, c->coming);
	c->coming = NULL;
}

void
databases_put_firewall(const struct request *r, struct reply *p)
{
	struct cluster_db *c = find_cluster(r, p);
	cJSON *o, *rules, *rival = NULL;

	if (c == NULL || !digitalocean_may("database:update", p))
		return;
	o = cJSON_Parse(r->body);
	rules = take_rules(c, cJSON_GetObjectItem(o, "rules"), p);
	cJSON_Delete(o);
	if (rules == NULL)
		return;
	if (c->rivals < knob_num("digitalocean.rivals"))
		rival = rival_list(c);
	replace(c, rules);
	count("digitalocean.firewall");
	p->status = 204;
	if (rival != NULL && knob_on("digitalocean.late")) {
		cJSON_Delete(c->coming);
		c->coming = rival;
	} else if (rival != NULL) {
		replace(c, rival);
	}
}

/* --- users -------------------------------------------------------------- */

static cJSON *
find_user(const struct cluster_db *c, const char *name)
{
	cJSON *u;

	cJSON_ArrayForEach(u, c->users)
		if (strcmp(json_str(u, "name"), name) == 0)
			return u;
	return NULL;
}

/* As a GET shows it: MongoDB's password is told once, when it is made. */
static cJSON *
shown(const struct cluster_db *c, const cJSON *user)
{
	cJSON *o = cJSON_Duplicate(user, true);

	if (c == &clusters[MONGODB]
	    || !word_in("database:view_credentials",
		knob("digitalocean.scopes")))
		json_drop(o, "password");
	return o;
}

void
databases_list_users(const struct request *r, struct reply *p)
{
	struct cluster_db *c = find_cluster(r, p);
	cJSON *o, *list;
	const cJSON *u;

	if (c == NULL || !digitalocean_may("database:read", p))
		return;
	o = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(o, "users");
	cJSON_ArrayForEach(u, c->users)
		cJSON_AddItemToArray(list, shown(c, u));
	reply_json(p, 200, o);
}

/* The user of the path, for one who has this scope. */
static cJSON *
named_user(const struct request *r, struct reply *p, const char *scope,
    struct cluster_db **c)
{
	cJSON *u;

	*c = find_cluster(r, p);
	if (*c == NULL || !digitalocean_may(scope, p))
		return NULL;
	u = find_user(*c, r->arg[1]);
	if (u == NULL)
		digitalocean_not_found(r, p);
	return u;
}

static void
reply_user(struct reply *p, int status, cJSON *user)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToObject(o, "user", user);
	reply_json(p, status, o);
}

void
databases_get_user(const struct request *r, struct reply *p)
{
	struct cluster_db *c;
	cJSON *u = named_user(r, p, "database:read", &c);

	if (u != NULL)
		reply_user(p, 200, shown(c, u));
}

/* What is wrong with the settings of a MongoDB user; NULL: nothing. */
static const char *
settings_fault(const cJSON *sent)
{
	const cJSON *s = json_at(sent, "settings/mongo_user_settings");
	const char *role = json_str(s, "role");
	const cJSON *all = json_at(s, "databases"), *d;

	if (s == NULL)
		return NULL;
	if (role == NULL || !word_in(role, "readOnly readWrite dbAdmin"))
		return "invalid role";
	if (!cJSON_IsArray(all) || cJSON_GetArraySize(all) == 0)
		return "databases is missing";
	cJSON_ArrayForEach(d, all)
		if (!cJSON_IsString(d) || d->valuestring[0] == '\0')
			return "invalid database name";
	return NULL;
}

/* The same user on the sandbox's server. */
static bool
make_there(const cJSON *user)
{
	static const char *const names[][2] = { { "readOnly", "read" },
	    { "readWrite", "readWrite" }, { "dbAdmin", "dbAdmin" } };
	const cJSON *s = json_at(user, "settings/mongo_user_settings"), *d;
	const char *role = json_str(s, "role");
	cJSON *o = cJSON_CreateObject(), *roles;
	char *text;
	bool ok;

	json_puts(o, "createUser", json_str(user, "name"));
	json_puts(o, "pwd", json_str(user, "password"));
	roles = cJSON_AddArrayToObject(o, "roles");
	if (s == NULL)
		cJSON_AddItemToArray(roles, json_make("{\"role\":"
		    "\"readWriteAnyDatabase\",\"db\":\"admin\"}"));
	for (size_t i = 0; role != NULL && i < 3; i++)
		cJSON_ArrayForEach(d, json_at(s, "databases"))
			if (strcmp(names[i][0], role) == 0)
				cJSON_AddItemToArray(roles, json_make(
				    "{\"role\":\"%s\",\"db\":\"%s\"}",
				    names[i][1], d->valuestring));
	text = json_text(o);
	ok = world_mongo(text);
	free(text);
	cJSON_Delete(o);
	return ok;
}

/* A name is not free at once after its user was deleted. */
static bool
is_ghost(struct cluster_db *c, const char *name)
{
	if (c->gone == NULL || strcmp(c->gone, name) != 0
	    || c->ghosts >= knob_num("digitalocean.ghosts"))
		return false;
	c->ghosts += 1;
	return true;
}

void
databases_make_user(const struct request *r, struct reply *p)
{
	struct cluster_db *c = find_cluster(r, p);
	cJSON *sent = cJSON_Parse(r->body), *u, *answer;
	const char *name = json_str(sent, "name");
	const char *fault = settings_fault(sent);
	char *password;

	if (c == NULL || !digitalocean_may("database:create", p)) {
		cJSON_Delete(sent);
		return;
	}
	if (name == NULL || name[0] == '\0')
		fault = "name is missing";
	else if (find_user(c, name) != NULL || is_ghost(c, name))
		fault = "user already exists";
	if (fault != NULL) {
		digitalocean_fail(p, 422, "unprocessable_entity", fault);
		cJSON_Delete(sent);
		return;
	}
	u = cJSON_CreateObject();
	password = random_suffix(24);
	json_puts(u, "name", name);
	json_puts(u, "role", "normal");
	json_puts(u, "password", password);
	free(password);
	if (json_at(sent, "settings") != NULL)
		json_put(u, "settings",
		    cJSON_Duplicate(json_at(sent, "settings"), true));
	cJSON_Delete(sent);
	if (c == &clusters[MONGODB] && !make_there(u)) {
		digitalocean_fail(p, 500, "server_error", "the server");
		cJSON_Delete(u);
		return;
	}
	cJSON_AddItemToArray(c->users, u);
	answer = cJSON_Duplicate(u, true);
	if (!word_in("database:view_credentials",
	    knob("digitalocean.scopes")))
		json_drop(answer, "password");
	reply_user(p, 201, answer);
}

void
databases_drop_user(const struct request *r, struct reply *p)
{
	struct cluster_db *c;
	cJSON *u = named_user(r, p, "database:delete", &c);
	char *text;

	if (u == NULL)
		return;
	if (strcmp(json_str(u, "role"), "primary") == 0) {
		digitalocean_fail(p, 422, "unprocessable_entity",
		    "the primary user can't be deleted");
		return;
	}
	text = text_make("{\"dropUser\":\"%s\"}", json_str(u, "name"));
	if (c == &clusters[MONGODB])
		(void)world_mongo(text);
	free(text);
	free(c->gone);
	c->gone = text_copy(json_str(u, "name"));
	cJSON_Delete(cJSON_DetachItemViaPointer(c->users, u));
	p->status = 204;
}

/* Not for MongoDB, as the company's support has it. */
void
databases_put_user(const struct request *r, struct reply *p)
{
	struct cluster_db *c;

	if (named_user(r, p, "database:update", &c) != NULL)
		digitalocean_fail(p, 500, "Not Implemented", "Server Error");
}

/* --- the beginning ------------------------------------------------------ */

/* Users that were made go from the sandbox's server, too. */
static void
drop_made(const struct cluster_db *c)
{
	const cJSON *u;
	char *text;

	cJSON_ArrayForEach(u, c->users) {
		if (json_str(u, "password") == NULL)
			continue;
		text = text_make("{\"dropUser\":\"%s\"}",
		    json_str(u, "name"));
		(void)world_mongo(text);
		free(text);
	}
}

static void
reset_one(struct cluster_db *c)
{
	const char *id = env_or(c->id, c->dflt_id);

	drop_made(c);
	free(c->gone);
	c->gone = NULL;
	c->ghosts = 0;
	cJSON_Delete(c->rules);
	cJSON_Delete(c->users);
	cJSON_Delete(c->coming);
	c->coming = NULL;
	c->rivals = 0;
	c->rules = json_make("[{\"uuid\":\"79f26d28-ea8a-41f2-8ad8-"
	    "8cfcdd020095\",\"type\":\"k8s\",\"value\":\"%s\","
	    "\"cluster_uuid\":\"%s\",\"created_at\":"
	    "\"2024-02-01T09:00:00Z\"},{\"uuid\":\"adfe81a8-0fa1-4e2d-973f-"
	    "06aa5af19b44\",\"type\":\"ip_addr\",\"value\":\"192.0.2.10\","
	    "\"description\":\"the office\",\"cluster_uuid\":\"%s\","
	    "\"created_at\":\"2024-02-01T09:00:00Z\"}]",
	    env_or("SB_KUBE_OLD_ID", "bd5f5959-5e1e-4205-a714-a914373942af"),
	    id, id);
	c->users = json_make("[{\"name\":\"doadmin\",\"role\":\"primary\"},"
	    "{\"name\":\"%s\",\"role\":\"normal\"}]",
	    env_or("SB_MONGO_USER", "acme"));
}

void
databases_reset(void)
{
	for (int i = 0; i < CLUSTERS; i++)
		reset_one(&clusters[i]);
}
