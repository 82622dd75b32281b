/*
 * mongo_cmd - finding, checking and carrying out a command.
 */
#include "mongo_cmd.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mongo_base.h"

/* Fields that any command may carry. */
static const char *const generic_fields[] = {
	"$db", "lsid", "$clusterTime", "$readPreference", "readConcern",
	"writeConcern", "maxTimeMS", "comment", "apiVersion", "apiStrict",
	"apiDeprecationErrors", "txnNumber", "autocommit",
	"startTransaction", "$audit", "$client", "maxTimeMSOpOnly",
};

static const struct {
	enum code code;
	const char *name;
} code_names[] = {
	{ BAD_VALUE, "BadValue" },
	{ USER_NOT_FOUND, "UserNotFound" },
	{ UNAUTHORIZED, "Unauthorized" },
	{ TYPE_MISMATCH, "TypeMismatch" },
	{ PROTOCOL_ERROR, "ProtocolError" },
	{ AUTHENTICATION_FAILED, "AuthenticationFailed" },
	{ ILLEGAL_OPERATION, "IllegalOperation" },
	{ NAMESPACE_NOT_FOUND, "NamespaceNotFound" },
	{ INDEX_NOT_FOUND, "IndexNotFound" },
	{ ROLE_NOT_FOUND, "RoleNotFound" },
	{ CURSOR_NOT_FOUND, "CursorNotFound" },
	{ NAMESPACE_EXISTS, "NamespaceExists" },
	{ COMMAND_NOT_FOUND, "CommandNotFound" },
	{ INVALID_NAMESPACE, "InvalidNamespace" },
	{ INDEX_OPTIONS_CONFLICT, "IndexOptionsConflict" },
	{ INVALID_OPTIONS, "InvalidOptions" },
	{ NOT_A_REPLICA_SET, "NotAReplicaSet" },
	{ NOT_ON_VIEW, "CommandNotSupportedOnView" },
	{ SNAPSHOT_TOO_OLD, "SnapshotTooOld" },
	{ MECHANISM_UNAVAILABLE, "MechanismUnavailable" },
	{ UNSUPPORTED_OP_QUERY, "UnsupportedOpQueryCommand" },
	{ DUPLICATE_KEY, "DuplicateKey" },
};

static const struct {
	char letter;
	const char *name;
} types[] = {
	{ 's', "string" }, { 'd', "object" }, { 'a', "array" },
	{ 'b', "bool" }, { 'n', "long" },
};

enum {
	N_GENERIC = sizeof(generic_fields) / sizeof(generic_fields[0]),
	N_CODES = sizeof(code_names) / sizeof(code_names[0]),
	N_TYPES = sizeof(types) / sizeof(types[0])
};

bool
refuse(struct call *c, enum code code, const char *fmt, ...)
{
	va_list ap;

	c->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	return false;
}

bool
refuse_unauthorized(struct call *c)
{
	return refuse(c, UNAUTHORIZED,
	    "not authorized on %s to execute command { %s: ... }", c->db,
	    c->name);
}

const char *
get_text(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key)
	    || !BSON_ITER_HOLDS_UTF8(&it))
		return NULL;
	return bson_iter_utf8(&it, NULL);
}

bool
get_bool(const bson_t *doc, const char *key, bool fallback)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key))
		return fallback;
	return bson_iter_as_bool(&it);
}

int64_t
get_int(const bson_t *doc, const char *key, int64_t fallback)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key))
		return fallback;
	return bson_iter_as_int64(&it);
}

bool
get_doc(const bson_t *doc, const char *key, bson_t *out)
{
	bson_iter_t it;
	const uint8_t *p;
	uint32_t n;

	if (!bson_iter_init_find(&it, doc, key))
		return false;
	if (BSON_ITER_HOLDS_DOCUMENT(&it))
		bson_iter_document(&it, &n, &p);
	else if (BSON_ITER_HOLDS_ARRAY(&it))
		bson_iter_array(&it, &n, &p);
	else
		return false;
	return bson_init_static(out, p, n);
}

struct user *
call_user(const struct call *c)
{
	struct user *u;

	if (c->conn->user == NULL)
		return NULL;
	u = store_find_user(c->store, c->conn->user, c->conn->user_db);
	/* Dropped and made again is another user. */
	if (u == NULL || memcmp(u->id, c->conn->user_id, USER_ID_LEN) != 0)
		return NULL;
	return u;
}

/* Users may have changed since the login: rights are looked up each time. */
static bool
may(const struct call *c, const struct resource *on, const char *action)
{
	const struct user *u = call_user(c);
	struct privileges p = { 0 };
	bool ok;

	if (u == NULL)
		return false;
	store_resolve(c->store, &u->roles, &p, NULL);
	ok = privileges_allow(&p, on, action);
	privileges_free(&p);
	return ok;
}

bool
may_on_cluster(const struct call *c, const char *action)
{
	return may(c, &(struct resource){ .kind = RES_CLUSTER }, action);
}

bool
may_on_db(const struct call *c, const char *db, const char *action)
{
	return may(c, &(struct resource){ .kind = RES_DB, .db = db },
	    action);
}

bool
may_on_coll(const struct call *c, const char *db, const char *coll,
    const char *action)
{
	return may(c, &(struct resource){ .kind = RES_NS, .db = db,
	    .coll = coll }, action);
}

bool
may_on_all(const struct call *c, const char *action)
{
	return may(c, &(struct resource){ .kind = RES_NORMAL }, action);
}

static const struct command *
find_command(const char *name)
{
	const struct command *const tables[] = { login_commands,
	    user_commands, data_commands };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct command *t = tables[i]; t->name != NULL;
		    t++) {
			if (strcmp(t->name, name) == 0)
				return t;
		}
	}
	return NULL;
}

static bool
is_generic(const char *key)
{
	for (size_t i = 0; i < N_GENERIC; i++) {
		if (strcmp(generic_fields[i], key) == 0)
			return true;
	}
	return false;
}

/* The type letter of a field of the command, or '\0'. */
static char
field_type(const char *fields, const char *key)
{
	while (*fields != '\0') {
		size_t n = strcspn(fields, ":");

		if (str_eqn(fields, n, key))
			return fields[n + 1];
		fields += strcspn(fields, " ");
		fields += strspn(fields, " ");
	}
	return '\0';
}

static bool
is_type(const bson_iter_t *it, char letter)
{
	switch (letter) {
	case 's':
		return BSON_ITER_HOLDS_UTF8(it);
	case 'd':
		return BSON_ITER_HOLDS_DOCUMENT(it);
	case 'a':
		return BSON_ITER_HOLDS_ARRAY(it);
	case 'b':
		return BSON_ITER_HOLDS_BOOL(it) || BSON_ITER_HOLDS_NUMBER(it);
	case 'n':
		return BSON_ITER_HOLDS_NUMBER(it);
	default:
		return true;
	}
}

static const char *
type_name(char letter)
{
	for (size_t i = 0; i < N_TYPES; i++) {
		if (types[i].letter == letter)
			return types[i].name;
	}
	return "any";
}

static const char *
found_type(const bson_iter_t *it)
{
	switch (bson_iter_type(it)) {
	case BSON_TYPE_UTF8:
		return "string";
	case BSON_TYPE_DOCUMENT:
		return "object";
	case BSON_TYPE_ARRAY:
		return "array";
	case BSON_TYPE_BOOL:
		return "bool";
	case BSON_TYPE_INT32:
		return "int";
	case BSON_TYPE_INT64:
		return "long";
	case BSON_TYPE_DOUBLE:
		return "double";
	case BSON_TYPE_NULL:
		return "null";
	case BSON_TYPE_BINARY:
		return "binData";
	default:
		return "other";
	}
}

static bool
check_field(struct call *c, const char *fields, const bson_iter_t *it)
{
	const char *key = bson_iter_key(it);
	char type = field_type(fields, key);

	if (type == '\0') {
		if (is_generic(key))
			return true;
		return refuse(c, FIELD_UNKNOWN,
		    "BSON field '%s.%s' is an unknown field.", c->name, key);
	}
	if (is_type(it, type))
		return true;
	return refuse(c, TYPE_MISMATCH,
	    "BSON field '%s.%s' is the wrong type '%s', expected type '%s'",
	    c->name, key, found_type(it), type_name(type));
}

static bool
check_required(struct call *c, const char *fields)
{
	char key[64];

	while (*fields != '\0') {
		size_t len = strcspn(fields, " "), n = strcspn(fields, ":");

		if (fields[len - 1] == '!' && n < sizeof(key)) {
			memcpy(key, fields, n);
			key[n] = '\0';
			if (!bson_has_field(c->body, key))
				return refuse(c, FIELD_MISSING,
				    "BSON field '%s.%s' is missing but a "
				    "required field", c->name, key);
		}
		fields += len;
		fields += strspn(fields, " ");
	}
	return true;
}

/* bson_has_field() follows dots; this looks at the fields themselves. */
static bool
check_once(struct call *c, const char *key)
{
	bson_iter_t it;
	int n = 0;

	bson_iter_init(&it, c->body);
	while (bson_iter_next(&it)) {
		if (strcmp(bson_iter_key(&it), key) == 0)
			n++;
	}
	if (n <= 1)
		return true;
	return refuse(c, FIELD_TWICE, "BSON field '%s.%s' is a duplicate "
	    "field", c->name, key);
}

static bool
check_fields(struct call *c, const char *fields)
{
	bson_iter_t it;

	if (fields == NULL)
		return true;
	bson_iter_init(&it, c->body);
	while (bson_iter_next(&it)) {
		if (!check_field(c, fields, &it)
		    || !check_once(c, bson_iter_key(&it)))
			return false;
	}
	return check_required(c, fields);
}

/* Of a member of a replica set these may read what was at a moment: the one
 * that is named, or now. */
static bool
check_snapshot(struct call *c, const bson_t *concern)
{
	uint32_t seconds, ordinal;
	bson_iter_t it;

	if (c->conn->server->replica_set == NULL)
		return refuse(c, NOT_A_REPLICA_SET,
		    "node needs to be a replica set member to use read "
		    "concern");
	if (strcmp(c->name, "find") != 0 && strcmp(c->name, "aggregate") != 0)
		return refuse(c, INVALID_OPTIONS, "read concern level "
		    "snapshot is not supported for command %s", c->name);
	c->snapshot = store_time();
	if (!bson_iter_init_find(&it, concern, "atClusterTime"))
		return true;
	if (!BSON_ITER_HOLDS_TIMESTAMP(&it))
		return refuse(c, TYPE_MISMATCH, "atClusterTime is no "
		    "timestamp");
	bson_iter_timestamp(&it, &seconds, &ordinal);
	c->snapshot = seconds;
	return true;
}

/* A lone server has no moments that could be named. */
static bool
check_read_concern(struct call *c)
{
	static const char *const levels[] = { "local", "available",
	    "majority", "linearizable", "snapshot" };
	const char *level;
	bson_t concern;
	size_t i = 0;

	if (!get_doc(c->body, "readConcern", &concern)
	    || (level = get_text(&concern, "level")) == NULL)
		return true;
	while (i < sizeof(levels) / sizeof(levels[0])
	    && strcmp(level, levels[i]) != 0)
		i++;
	if (i == sizeof(levels) / sizeof(levels[0]))
		return refuse(c, BAD_VALUE,
		    "Enumeration value '%.64s' for field "
		    "'readConcern.level' is not a valid value.", level);
	return strcmp(level, "snapshot") != 0
	    || check_snapshot(c, &concern);
}

/* A lone server can't wait for others. */
static bool
check_concern(struct call *c)
{
	bson_t concern;
	bson_iter_t it;

	if (!check_read_concern(c))
		return false;
	if (!get_doc(c->body, "writeConcern", &concern)
	    || !bson_iter_init_find(&it, &concern, "w"))
		return true;
	if (BSON_ITER_HOLDS_NUMBER(&it) && bson_iter_as_int64(&it) > 1)
		return refuse(c, BAD_VALUE,
		    "cannot use 'w' > 1 when a host is not replicated");
	return true;
}

static bool
check_db_name(struct call *c)
{
	size_t n = strlen(c->db);

	if (n > 0 && n < 64 && strcspn(c->db, "/\\. \"") == n)
		return true;
	return refuse(c, INVALID_NAMESPACE,
	    "Invalid database name: '%.64s'", c->db);
}

void
counters_write(struct server *s)
{
	char *tmp;
	FILE *f;

	if (s->counters_path == NULL)
		return;
	tmp = mem_fmt("%s.new", s->counters_path);
	f = fopen(tmp, "w");
	if (f != NULL) {
		for (size_t i = 0; i < s->n_counters; i++)
			(void)fprintf(f, "%s %ld\n", s->counters[i].key,
			    s->counters[i].n);
		if (fclose(f) == 0)
			(void)rename(tmp, s->counters_path);
	}
	free(tmp);
}

/* Count a write that was asked for, done or not. */
static void
count_write(const struct call *c)
{
	struct server *s = c->conn->server;
	char *key = mem_fmt("%s %s %s", c->name, c->db,
	    c->conn->user != NULL ? c->conn->user : "-");
	size_t i = 0;

	while (i < s->n_counters && strcmp(s->counters[i].key, key) != 0)
		i++;
	if (i < s->n_counters) {
		s->counters[i].n++;
		free(key);
	} else if (i < COUNTERS_MAX) {
		s->counters[s->n_counters++] = (struct counter){
		    .key = key, .n = 1 };
	} else {
		free(key);
	}
	counters_write(s);
}

static bool
carry_out(struct call *c, bool legacy)
{
	const struct command *cmd = find_command(c->name);

	if (legacy && strcasecmp(c->name, "ismaster") != 0
	    && strcmp(c->name, "hello") != 0)
		return refuse(c, UNSUPPORTED_OP_QUERY,
		    "Unsupported OP_QUERY command: %s. The client driver "
		    "may require an upgrade.", c->name);
	if (cmd == NULL)
		return refuse(c, COMMAND_NOT_FOUND, "no such command: '%s'",
		    c->name);
	if (!cmd->open && call_user(c) == NULL)
		return refuse(c, UNAUTHORIZED,
		    "Command %s requires authentication", c->name);
	if (cmd->write)
		count_write(c);
	if (!check_db_name(c) || !check_fields(c, cmd->fields)
	    || !check_concern(c))
		return false;
	if (cmd->admin_only && strcmp(c->db, "admin") != 0)
		return refuse(c, UNAUTHORIZED,
		    "%s may only be run against the admin database.",
		    c->name);
	return cmd->run(c);
}

static void
append_error(const struct call *c, bson_t *reply)
{
	char location[32];
	const char *name = location;

	(void)snprintf(location, sizeof(location), "Location%d",
	    (int)c->code);
	for (size_t i = 0; i < N_CODES; i++) {
		if (code_names[i].code == c->code)
			name = code_names[i].name;
	}
	bson_append_double(reply, "ok", -1, 0.0);
	bson_append_utf8(reply, "errmsg", -1, c->why, -1);
	bson_append_int32(reply, "code", -1, (int32_t)c->code);
	bson_append_utf8(reply, "codeName", -1, name, -1);
}

void
command_run(struct conn *conn, const char *db, const bson_t *body,
    bool legacy, bson_t *reply)
{
	struct call c = { .conn = conn, .store = &conn->server->store,
	    .body = body, .reply = reply };
	bson_iter_t it;
	bool ok;

	c.db = legacy ? db : get_text(body, "$db");
	c.name = bson_iter_init(&it, body) && bson_iter_next(&it)
	    ? bson_iter_key(&it) : "";
	(void)pthread_mutex_lock(&conn->server->lock);
	ok = c.db != NULL ? carry_out(&c, legacy)
	    : refuse(&c, NO_DATABASE,
	    "OP_MSG requests require a $db argument");
	(void)pthread_mutex_unlock(&conn->server->lock);
	if (ok) {
		bson_append_double(reply, "ok", -1, 1.0);
		return;
	}
	bson_reinit(reply);
	append_error(&c, reply);
}
