/*
 * mongo_rights - actions, resources, privileges and the built-in roles.
 */
#include "mongo_rights.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongo_base.h"

/* Named sets, used below with '@'. A set comes after those it uses. */
static const struct {
	const char *name, *actions;
} sets[] = {
	{ "read",
	  "changeStream collStats dbHash dbStats find killCursors "
	  "listCollections listIndexes planCacheRead" },
	{ "readWrite",
	  "@read convertToCapped createCollection createIndex "
	  "dropCollection dropIndex insert remove renameCollectionSameDB "
	  "update" },
	{ "userAdmin",
	  "changeCustomData changePassword createRole createUser dropRole "
	  "dropUser grantRole revokeRole setAuthenticationRestriction "
	  "viewRole viewUser" },
	{ "dbAdmin",
	  "bypassDocumentValidation collMod collStats compact "
	  "convertToCapped createCollection createIndex dbStats "
	  "dropCollection dropDatabase dropIndex enableProfiler "
	  "listCollections listIndexes planCacheIndexFilter planCacheRead "
	  "planCacheWrite reIndex renameCollectionSameDB storageDetails "
	  "validate" },
	{ "profile",
	  "@read convertToCapped createCollection dropCollection" },
	{ "monitor",
	  "connPoolStats getCmdLineOpts getDefaultRWConcern getLog "
	  "getParameter getShardMap hostInfo inprog listDatabases "
	  "listSessions listShards netstat operationMetrics "
	  "replSetGetConfig replSetGetStatus serverStatus shardingState "
	  "top useUUID" },
	{ "monitorDb",
	  "collStats dbStats getDatabaseVersion getShardVersion "
	  "indexStats" },
	{ "host",
	  "applicationMessage connPoolSync dropConnections "
	  "flushRouterConfig fsync invalidateUserCache killAnyCursor "
	  "killAnySession killop logRotate replSetResizeOplog resync "
	  "rotateCertificates setParameter shutdown touch trafficRecord "
	  "unlock" },
	{ "manager",
	  "addShard appendOplogNote applicationMessage cleanupOrphaned "
	  "flushRouterConfig getDefaultRWConcern listSessions listShards "
	  "removeShard replSetConfigure replSetGetConfig replSetGetStatus "
	  "replSetStateChange resync setDefaultRWConcern "
	  "setFeatureCompatibilityVersion" },
	{ "managerDb",
	  "clearJumboFlag enableSharding moveChunk "
	  "refineCollectionShardKey reshardCollection splitChunk "
	  "splitVector" },
	{ "restore",
	  "bypassDocumentValidation collMod convertToCapped "
	  "createCollection createIndex dropCollection insert" },
};

/* Actions that stand in no set. */
static const char *const more_actions[] = {
	"authSchemaUpgrade", "changeOwnCustomData", "changeOwnPassword",
	"exportCollection", "forceUUID", "importCollection",
	"listCachedAndActiveUsers", "anyAction", "internal",
};

/*
 * What each built-in role gives. OWN as the database is the role's own;
 * a row without actions takes over all rows of the role in .includes.
 */
static const char OWN[] = "<own>";

static const struct builtin {
	const char *role;
	bool admin_only;
	enum resource_kind kind;
	const char *db, *coll;
	const char *actions;
	const char *includes;
} builtins[] = {
#define ROW(r, k, d, c, a) \
	{ .role = (r), .kind = (k), .db = (d), .coll = (c), .actions = (a) }
#define ADMIN(r, k, d, c, a) \
	{ .role = (r), .admin_only = true, .kind = (k), .db = (d), \
	  .coll = (c), .actions = (a) }
#define LIKE(r, adm, other) \
	{ .role = (r), .admin_only = (adm), .includes = (other) }
	ROW("read", RES_DB, OWN, NULL, "@read"),
	ROW("read", RES_NS, OWN, "system.js", "@read"),

	ROW("readWrite", RES_DB, OWN, NULL, "@readWrite"),
	ROW("readWrite", RES_NS, OWN, "system.js", "@readWrite"),

	ROW("userAdmin", RES_DB, OWN, NULL, "@userAdmin"),

	ROW("dbAdmin", RES_DB, OWN, NULL, "@dbAdmin"),
	ROW("dbAdmin", RES_NS, OWN, "system.profile", "@profile"),

	LIKE("dbOwner", false, "readWrite"),
	LIKE("dbOwner", false, "dbAdmin"),
	LIKE("dbOwner", false, "userAdmin"),

	ROW("enableSharding", RES_NORMAL, NULL, NULL,
	    "enableSharding refineCollectionShardKey reshardCollection"),

	ADMIN("readAnyDatabase", RES_NORMAL, NULL, NULL, "@read"),
	ADMIN("readAnyDatabase", RES_CLUSTER, NULL, NULL, "listDatabases"),
	ADMIN("readAnyDatabase", RES_NAME, NULL, "system.js", "@read"),

	ADMIN("readWriteAnyDatabase", RES_NORMAL, NULL, NULL, "@readWrite"),
	ADMIN("readWriteAnyDatabase", RES_CLUSTER, NULL, NULL,
	    "listDatabases"),
	ADMIN("readWriteAnyDatabase", RES_NAME, NULL, "system.js",
	    "@readWrite"),

	ADMIN("userAdminAnyDatabase", RES_NORMAL, NULL, NULL,
	    "@userAdmin listCachedAndActiveUsers"),
	ADMIN("userAdminAnyDatabase", RES_DB, "local", NULL, "@userAdmin"),
	ADMIN("userAdminAnyDatabase", RES_DB, "config", NULL, "@userAdmin"),
	ADMIN("userAdminAnyDatabase", RES_CLUSTER, NULL, NULL,
	    "authSchemaUpgrade invalidateUserCache listDatabases viewUser"),
	ADMIN("userAdminAnyDatabase", RES_NAME, NULL, "system.users",
	    "@read"),
	ADMIN("userAdminAnyDatabase", RES_NS, "admin", "system.users",
	    "@read createIndex dropIndex"),
	ADMIN("userAdminAnyDatabase", RES_NS, "admin", "system.roles",
	    "@read createIndex dropIndex"),
	ADMIN("userAdminAnyDatabase", RES_NS, "admin", "system.version",
	    "@read"),

	ADMIN("dbAdminAnyDatabase", RES_CLUSTER, NULL, NULL,
	    "listDatabases"),
	ADMIN("dbAdminAnyDatabase", RES_NORMAL, NULL, NULL, "@dbAdmin"),
	ADMIN("dbAdminAnyDatabase", RES_NAME, NULL, "system.profile",
	    "@profile"),

	ADMIN("clusterMonitor", RES_CLUSTER, NULL, NULL, "@monitor"),
	ADMIN("clusterMonitor", RES_NORMAL, NULL, NULL, "@monitorDb"),
	ADMIN("clusterMonitor", RES_DB, "config", NULL, "@monitorDb @read"),
	ADMIN("clusterMonitor", RES_DB, "local", NULL, "@monitorDb @read"),
	ADMIN("clusterMonitor", RES_NS, "config", "system.js", "@read"),
	ADMIN("clusterMonitor", RES_NS, "local", "system.js", "@read"),
	ADMIN("clusterMonitor", RES_NS, "local", "system.replset", "find"),
	ADMIN("clusterMonitor", RES_NAME, NULL, "system.profile", "find"),

	ADMIN("hostManager", RES_CLUSTER, NULL, NULL, "@host"),
	ADMIN("hostManager", RES_NORMAL, NULL, NULL, "killCursors"),

	ADMIN("clusterManager", RES_CLUSTER, NULL, NULL, "@manager"),
	ADMIN("clusterManager", RES_NORMAL, NULL, NULL, "@managerDb"),
	ADMIN("clusterManager", RES_DB, "config", NULL,
	    "@managerDb @read insert remove update"),
	ADMIN("clusterManager", RES_DB, "local", NULL,
	    "@managerDb insert remove update"),

	LIKE("clusterAdmin", true, "clusterMonitor"),
	LIKE("clusterAdmin", true, "hostManager"),
	LIKE("clusterAdmin", true, "clusterManager"),
	ADMIN("clusterAdmin", RES_NORMAL, NULL, NULL, "dropDatabase"),
	ADMIN("clusterAdmin", RES_ANY, NULL, NULL,
	    "importCollection exportCollection"),

	ADMIN("backup", RES_CLUSTER, NULL, NULL,
	    "appendOplogNote getParameter listDatabases serverStatus "
	    "useUUID"),
	ADMIN("backup", RES_ANY, NULL, NULL,
	    "collStats listCollections listIndexes"),
	ADMIN("backup", RES_NORMAL, NULL, NULL, "find"),
	ADMIN("backup", RES_DB, "config", NULL, "find"),
	ADMIN("backup", RES_DB, "local", NULL, "find"),
	ADMIN("backup", RES_NS, "config", "settings", "find insert update"),
	ADMIN("backup", RES_NS, "admin", "system.roles", "find"),
	ADMIN("backup", RES_NS, "admin", "system.version", "find"),
	ADMIN("backup", RES_NAME, NULL, "system.js", "find"),
	ADMIN("backup", RES_NAME, NULL, "system.users", "find"),
	ADMIN("backup", RES_NAME, NULL, "system.profile", "find"),

	ADMIN("restore", RES_NORMAL, NULL, NULL, "@restore @userAdmin"),
	ADMIN("restore", RES_NAME, NULL, "system.js", "@restore"),
	ADMIN("restore", RES_ANY, NULL, NULL, "listCollections"),
	ADMIN("restore", RES_DB, "config", NULL, "@restore"),
	ADMIN("restore", RES_DB, "local", NULL, "@restore"),
	ADMIN("restore", RES_NS, "admin", "system.version",
	    "@restore find"),
	ADMIN("restore", RES_NAME, NULL, "system.users",
	    "@restore find remove update"),
	ADMIN("restore", RES_CLUSTER, NULL, NULL,
	    "forceUUID getParameter useUUID"),

	LIKE("root", true, "clusterAdmin"),
	LIKE("root", true, "userAdminAnyDatabase"),
	LIKE("root", true, "dbAdminAnyDatabase"),
	LIKE("root", true, "readWriteAnyDatabase"),
	LIKE("root", true, "backup"),
	LIKE("root", true, "restore"),
	ADMIN("root", RES_ANY, NULL, NULL, "validate"),

	ADMIN("__system", RES_ANY, NULL, NULL, "@all"),
#undef ROW
#undef ADMIN
#undef LIKE
};

enum {
	N_SETS = sizeof(sets) / sizeof(sets[0]),
	N_BUILTINS = sizeof(builtins) / sizeof(builtins[0]),
	N_MORE = sizeof(more_actions) / sizeof(more_actions[0]),
	ACTIONS_MAX = 128,	/* two words of bits */
	ACTION_LEN = 64
};

/* Names by bit, filled from the tables at the first use. */
static char action_names[ACTIONS_MAX][ACTION_LEN];
static int action_count;

static int
find_action(const char *name, size_t n)
{
	for (int i = 0; i < action_count; i++) {
		if (str_eqn(name, n, action_names[i]))
			return i;
	}
	return -1;
}

static void
learn_action(const char *name, size_t n)
{
	assert(n < ACTION_LEN);
	if (find_action(name, n) >= 0)
		return;
	assert(action_count < ACTIONS_MAX);
	memcpy(action_names[action_count++], name, n);
}

/* Call each for every word of a blank separated text. */
static void
learn_words(const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (n > 0 && words[0] != '@')
			learn_action(words, n);
		words += n;
		words += strspn(words, " ");
	}
}

static void
learn_all(void)
{
	if (action_count > 0)
		return;
	for (size_t i = 0; i < N_SETS; i++)
		learn_words(sets[i].actions);
	for (size_t i = 0; i < N_MORE; i++)
		learn_words(more_actions[i]);
	for (size_t i = 0; i < N_BUILTINS; i++) {
		if (builtins[i].actions != NULL)
			learn_words(builtins[i].actions);
	}
}

/* Whether the name is that of an action. */
static bool
action_known(const char *name)
{
	learn_all();
	return find_action(name, strlen(name)) >= 0;
}

static void
set_bit(struct actions *a, int bit)
{
	assert(bit >= 0);
	a->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static bool
has_bit(const struct actions *a, int bit)
{
	return (a->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

/* Add an action, by a name that is known. */
static void
actions_add(struct actions *a, const char *name)
{
	learn_all();
	set_bit(a, find_action(name, strlen(name)));
}

static void
add_words(struct actions *a, const char *words);

/* Add the set of this name ("@all" is every action). */
static void
add_set(struct actions *a, const char *name, size_t n)
{
	if (str_eqn(name, n, "all")) {
		for (int i = 0; i < action_count; i++)
			set_bit(a, i);
		return;
	}
	for (size_t i = 0; i < N_SETS; i++) {
		if (str_eqn(name, n, sets[i].name))
			add_words(a, sets[i].actions);
	}
}

static void
add_words(struct actions *a, const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		if (words[0] == '@')
			add_set(a, words + 1, n - 1);
		else
			set_bit(a, find_action(words, n));
		words += n;
		words += strspn(words, " ");
	}
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || str_eq(a, b);
}

static bool
same_resource(const struct resource *a, const struct resource *b)
{
	return a->kind == b->kind && same_text(a->db, b->db)
	    && same_text(a->coll, b->coll);
}

void
privileges_add(struct privileges *p, const struct resource *on,
    const struct actions *may)
{
	struct privilege *new;

	for (size_t i = 0; i < p->n; i++) {
		if (!same_resource(&p->v[i].on, on))
			continue;
		p->v[i].may.bits[0] |= may->bits[0];
		p->v[i].may.bits[1] |= may->bits[1];
		return;
	}
	p->v = mem_room(p->v, p->n, sizeof(*p->v));
	new = &p->v[p->n++];
	*new = (struct privilege){ .may = *may,
	    .on = { .kind = on->kind, .db = mem_str(on->db),
		.coll = mem_str(on->coll) } };
}

void
privileges_free(struct privileges *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free((char *)p->v[i].on.db);
		free((char *)p->v[i].on.coll);
	}
	free(p->v);
	*p = (struct privileges){ 0 };
}

static bool
is_special_db(const char *db)
{
	return str_eq(db, "local") || str_eq(db, "config");
}

/* Whether a privilege on one resource reaches the other. */
static bool
covers(const struct resource *have, const struct resource *want)
{
	bool normal = want->kind == RES_NS
	    && strncmp(want->coll, "system.", 7) != 0;

	if (have->kind == RES_ANY || same_resource(have, want))
		return true;
	if (have->kind == RES_NORMAL)
		return (normal || want->kind == RES_DB)
		    && !is_special_db(want->db);
	if (have->kind == RES_DB)
		return normal && str_eq(have->db, want->db);
	if (have->kind == RES_NAME)
		return want->kind == RES_NS && str_eq(have->coll, want->coll);
	return false;
}

bool
privileges_allow(const struct privileges *p, const struct resource *on,
    const char *action)
{
	int bit;

	learn_all();
	bit = find_action(action, strlen(action));
	assert(bit >= 0);
	for (size_t i = 0; i < p->n; i++) {
		if (has_bit(&p->v[i].may, bit) && covers(&p->v[i].on, on))
			return true;
	}
	return false;
}

static void
append_resource(bson_t *doc, const struct resource *on)
{
	bson_t r;

	bson_append_document_begin(doc, "resource", -1, &r);
	if (on->kind == RES_CLUSTER)
		bson_append_bool(&r, "cluster", -1, true);
	else if (on->kind == RES_ANY)
		bson_append_bool(&r, "anyResource", -1, true);
	else {
		bson_append_utf8(&r, "db", -1,
		    on->db != NULL ? on->db : "", -1);
		bson_append_utf8(&r, "collection", -1,
		    on->coll != NULL ? on->coll : "", -1);
	}
	bson_append_document_end(doc, &r);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The server lists actions by name. */
static void
append_actions(bson_t *doc, const struct actions *may)
{
	const char *names[ACTIONS_MAX] = { NULL };
	size_t n = 0;
	bson_t list;
	char key[24];

	for (int i = 0; i < action_count; i++) {
		if (has_bit(may, i))
			names[n++] = action_names[i];
	}
	qsort(names, n, sizeof(names[0]), compare_names);
	bson_append_array_begin(doc, "actions", -1, &list);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(key, sizeof(key), "%zu", i);
		bson_append_utf8(&list, key, -1, names[i], -1);
	}
	bson_append_array_end(doc, &list);
}

void
privileges_append(const struct privileges *p, bson_t *doc, const char *key)
{
	bson_t list, row;
	char at[24];

	learn_all();
	bson_append_array_begin(doc, key, -1, &list);
	for (size_t i = 0; i < p->n; i++) {
		(void)snprintf(at, sizeof(at), "%zu", i);
		bson_append_document_begin(&list, at, -1, &row);
		append_resource(&row, &p->v[i].on);
		append_actions(&row, &p->v[i].may);
		bson_append_document_end(&list, &row);
	}
	bson_append_array_end(doc, &list);
}

/* The texts of what it finds belong to the document. */
static bool
read_resource(bson_iter_t *it, struct resource *on)
{
	bson_iter_t sub;
	const char *db = NULL, *coll = NULL;

	if (!BSON_ITER_HOLDS_DOCUMENT(it) || !bson_iter_recurse(it, &sub))
		return false;
	while (bson_iter_next(&sub)) {
		const char *key = bson_iter_key(&sub);

		if (strcmp(key, "cluster") == 0 && bson_iter_as_bool(&sub))
			*on = (struct resource){ .kind = RES_CLUSTER };
		else if (strcmp(key, "anyResource") == 0
		    && bson_iter_as_bool(&sub))
			*on = (struct resource){ .kind = RES_ANY };
		else if (strcmp(key, "db") == 0
		    && BSON_ITER_HOLDS_UTF8(&sub))
			db = bson_iter_utf8(&sub, NULL);
		else if (strcmp(key, "collection") == 0
		    && BSON_ITER_HOLDS_UTF8(&sub))
			coll = bson_iter_utf8(&sub, NULL);
		else
			return false;
	}
	if (db == NULL && coll == NULL)
		return on->kind == RES_CLUSTER || on->kind == RES_ANY;
	if (db == NULL || coll == NULL)
		return false;
	on->db = db[0] != '\0' ? db : NULL;
	on->coll = coll[0] != '\0' ? coll : NULL;
	on->kind = on->db == NULL ? on->coll == NULL ? RES_NORMAL : RES_NAME
	    : on->coll == NULL ? RES_DB : RES_NS;
	return true;
}

static bool
read_actions(bson_iter_t *it, struct actions *may, char *why, size_t max)
{
	bson_iter_t sub;

	if (!BSON_ITER_HOLDS_ARRAY(it) || !bson_iter_recurse(it, &sub))
		return false;
	while (bson_iter_next(&sub)) {
		const char *name = BSON_ITER_HOLDS_UTF8(&sub)
		    ? bson_iter_utf8(&sub, NULL) : "";

		if (!action_known(name)) {
			(void)snprintf(why, max,
			    "Unrecognized action privileges: %s", name);
			return false;
		}
		actions_add(may, name);
	}
	return true;
}

bool
privileges_read(const bson_iter_t *array, struct privileges *p, char *why,
    size_t max)
{
	bson_iter_t it, field;

	(void)snprintf(why, max, "a privilege is {resource, actions}");
	if (!bson_iter_recurse(array, &it))
		return false;
	while (bson_iter_next(&it)) {
		struct privilege new = { .on.kind = RES_NS };
		bool got_resource = false, got_actions = false;

		if (!BSON_ITER_HOLDS_DOCUMENT(&it)
		    || !bson_iter_recurse(&it, &field))
			return false;
		while (bson_iter_next(&field)) {
			const char *key = bson_iter_key(&field);

			if (strcmp(key, "resource") == 0)
				got_resource = read_resource(&field, &new.on);
			else if (strcmp(key, "actions") == 0)
				got_actions = read_actions(&field, &new.may,
				    why, max);
			else
				return false;
		}
		if (!got_resource || !got_actions)
			return false;
		privileges_add(p, &new.on, &new.may);
	}
	return true;
}

bool
builtin_exists(const char *role, const char *db)
{
	for (size_t i = 0; i < N_BUILTINS; i++) {
		if (strcmp(builtins[i].role, role) == 0)
			return !builtins[i].admin_only
			    || strcmp(db, "admin") == 0;
	}
	return false;
}

void
builtin_add(const char *role, const char *db, struct privileges *p)
{
	learn_all();
	for (size_t i = 0; i < N_BUILTINS; i++) {
		const struct builtin *b = &builtins[i];
		struct actions may = { 0 };
		struct resource on = { .kind = b->kind, .coll = b->coll,
		    .db = b->db == OWN ? db : b->db };

		if (strcmp(b->role, role) != 0)
			continue;
		if (b->includes != NULL) {
			builtin_add(b->includes, db, p);
			continue;
		}
		add_words(&may, b->actions);
		privileges_add(p, &on, &may);
	}
}
