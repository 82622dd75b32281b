/*
 * mongo_login - the commands of a connection's beginning: hello, SCRAM,
 * logout, and what may be asked about server and connection.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "mongo_base.h"
#include "mongo_cmd.h"
#include "mongo_wire.h"

/*
 * We speak as a lone mongod 7.0 (or, if we are told a name, as the only member
 * of a replica set, to who asks it directly), but without a topology
 * version: drivers then poll with hello instead of waiting in it.
 */
enum {
	WIRE_MIN = 0,
	WIRE_MAX = 21,
	BATCH_MAX = 100000,
	SESSION_MINUTES = 30,
	CONNECTIONS_MAX = 51200
};
static const char version[] = "7.0.28";

static void
append_now(bson_t *reply)
{
	struct timeval now;

	(void)gettimeofday(&now, NULL);
	bson_append_timeval(reply, "localTime", -1, &now);
}

/*
 * The mechanisms of "db.user", if there is such a user: the server does not
 * tell an unknown one from one without.
 */
static bool
append_mechanisms(struct call *c)
{
	const char *full = get_text(c->body, "saslSupportedMechs");
	const char *dot = full != NULL ? strchr(full, '.') : NULL;
	const struct user *u;
	bson_t list;
	char *db;
	uint32_t n = 0;

	if (!bson_has_field(c->body, "saslSupportedMechs"))
		return true;
	if (dot == NULL || dot == full)
		return refuse(c, BAD_VALUE,
		    "UserName must contain a '.' separated database.user "
		    "pair");
	db = mem_str(full);
	db[dot - full] = '\0';
	u = store_find_user(c->store, dot + 1, db);
	free(db);
	if (u == NULL)
		return true;
	bson_append_array_begin(c->reply, "saslSupportedMechs", -1, &list);
	for (int i = 0; i < MECHS; i++) {
		if (u->cred[i].set)
			bson_append_utf8(&list, n++ == 0 ? "0" : "1", -1,
			    mech_names[i], -1);
	}
	bson_append_array_end(c->reply, &list);
	return true;
}

void
conn_forget(struct conn *conn)
{
	free(conn->user);
	free(conn->user_db);
	conn->user = conn->user_db = NULL;
}

static void
end_login(struct conn *conn)
{
	free(conn->login_user);
	free(conn->login_db);
	conn->login_user = conn->login_db = NULL;
	conn->in_login = conn->login_done = false;
	conn->scram = (struct scram){ 0 };
}

static bool
refuse_login(struct call *c)
{
	end_login(c->conn);
	return refuse(c, AUTHENTICATION_FAILED, "Authentication failed.");
}

/* The payload of a step; drivers of old send it as base64, which we don't
 * take. */
static bool
get_payload(const bson_t *doc, const char **p, size_t *n)
{
	bson_iter_t it;
	const uint8_t *data;
	uint32_t len;
	bson_subtype_t sub;

	if (!bson_iter_init_find(&it, doc, "payload")
	    || !BSON_ITER_HOLDS_BINARY(&it))
		return false;
	bson_iter_binary(&it, &sub, &len, &data);
	*p = (const char *)data;
	*n = len;
	return true;
}

static void
append_step(bson_t *reply, bool done, const char *text)
{
	bson_append_int32(reply, "conversationId", -1, 1);
	bson_append_bool(reply, "done", -1, done);
	bson_append_binary(reply, "payload", -1, BSON_SUBTYPE_BINARY,
	    (const uint8_t *)text, (uint32_t)strlen(text));
}

/* The first step, for saslStart and for a hello that carries it. */
static bool
begin_login(struct call *c, const bson_t *doc, const char *db, bson_t *reply)
{
	struct conn *conn = c->conn;
	const char *name = get_text(doc, "mechanism"), *payload;
	char user[SCRAM_TEXT_MAX], answer[SCRAM_TEXT_MAX];
	const struct user *u;
	bson_t options;
	size_t n;
	int mech = name != NULL ? mech_find(name) : -1;

	end_login(conn);
	if (mech < 0)
		return refuse(c, MECHANISM_UNAVAILABLE,
		    "Received authentication for mechanism %.64s which is "
		    "not enabled", name != NULL ? name : "");
	if (!get_payload(doc, &payload, &n)
	    || !scram_user(payload, n, user, sizeof(user)))
		return refuse(c, BAD_VALUE,
		    "Incorrect SCRAM client message");
	u = store_find_user(c->store, user, db);
	if (u == NULL || !u->cred[mech].set)
		return refuse_login(c);
	if (!scram_first(&conn->scram, (enum mech)mech, &u->cred[mech],
	    payload, n, answer))
		return refuse_login(c);
	conn->in_login = true;
	conn->login_user = mem_str(user);
	conn->login_db = mem_str(db);
	conn->skip_empty = get_doc(doc, "options", &options)
	    && get_bool(&options, "skipEmptyExchange", false);
	append_step(reply, false, answer);
	return true;
}

static bool
run_sasl_start(struct call *c)
{
	return begin_login(c, c->body, c->db, c->reply);
}

/* A login under way that a hello carries; appended unless it fails. */
static void
speculate(struct call *c)
{
	bson_t doc, out = BSON_INITIALIZER;
	const char *db;

	if (!get_doc(c->body, "speculativeAuthenticate", &doc))
		return;
	db = get_text(&doc, "db");
	if (db != NULL && bson_has_field(&doc, "saslStart")
	    && begin_login(c, &doc, db, &out))
		bson_append_document(c->reply, "speculativeAuthenticate", -1,
		    &out);
	bson_destroy(&out);
}

static bool
run_hello(struct call *c)
{
	bool modern = strcmp(c->name, "hello") == 0;

	if (get_bool(c->body, "helloOk", false))
		bson_append_bool(c->reply, "helloOk", -1, true);
	bson_append_bool(c->reply, modern ? "isWritablePrimary" : "ismaster",
	    -1, true);
	if (c->conn->server->replica_set != NULL)
		bson_append_utf8(c->reply, "setName", -1,
		    c->conn->server->replica_set, -1);
	bson_append_int32(c->reply, "maxBsonObjectSize", -1, WIRE_DOC_MAX);
	bson_append_int32(c->reply, "maxMessageSizeBytes", -1,
	    WIRE_MESSAGE_MAX);
	bson_append_int32(c->reply, "maxWriteBatchSize", -1, BATCH_MAX);
	append_now(c->reply);
	bson_append_int32(c->reply, "logicalSessionTimeoutMinutes", -1,
	    SESSION_MINUTES);
	bson_append_int32(c->reply, "connectionId", -1, c->conn->id);
	bson_append_int32(c->reply, "minWireVersion", -1, WIRE_MIN);
	bson_append_int32(c->reply, "maxWireVersion", -1, WIRE_MAX);
	bson_append_bool(c->reply, "readOnly", -1, false);
	if (!append_mechanisms(c))
		return false;
	speculate(c);
	return true;
}

static bool
finish_login(struct call *c, const char *answer)
{
	struct conn *conn = c->conn;
	const struct user *u = store_find_user(c->store, conn->login_user,
	    conn->login_db);

	if (u == NULL)
		return refuse_login(c);
	conn_forget(conn);
	conn->user = mem_str(conn->login_user);
	conn->user_db = mem_str(conn->login_db);
	memcpy(conn->user_id, u->id, USER_ID_LEN);
	end_login(conn);
	append_step(c->reply, true, answer);
	return true;
}

static bool
run_sasl_continue(struct call *c)
{
	struct conn *conn = c->conn;
	char answer[SCRAM_TEXT_MAX];
	const char *payload;
	size_t n;

	if (!conn->in_login)
		return refuse(c, PROTOCOL_ERROR,
		    "No SASL session state found");
	if (get_int(c->body, "conversationId", 0) != 1) {
		end_login(conn);
		return refuse(c, PROTOCOL_ERROR,
		    "sasl: Mismatched conversation id");
	}
	if (!get_payload(c->body, &payload, &n))
		return refuse_login(c);
	if (conn->login_done)
		return n == 0 ? finish_login(c, "") : refuse_login(c);
	if (!scram_final(&conn->scram, payload, n, answer))
		return refuse_login(c);
	if (conn->skip_empty)
		return finish_login(c, answer);
	/* The client is to say, with an empty message, that it believes us. */
	conn->login_done = true;
	append_step(c->reply, false, answer);
	return true;
}

static bool
run_logout(struct call *c)
{
	conn_forget(c->conn);
	return true;
}

static bool
run_nothing(struct call *c)
{
	(void)c;
	return true;
}

static bool
run_build_info(struct call *c)
{
	static const int32_t parts[] = { 7, 0, 28, 0 };
	static const char *const keys[] = { "0", "1", "2", "3" };
	bson_t list;

	bson_append_utf8(c->reply, "version", -1, version, -1);
	bson_append_array_begin(c->reply, "versionArray", -1, &list);
	for (int i = 0; i < 4; i++)
		bson_append_int32(&list, keys[i], -1, parts[i]);
	bson_append_array_end(c->reply, &list);
	bson_append_int32(c->reply, "bits", -1, 64);
	bson_append_bool(c->reply, "debug", -1, false);
	bson_append_int32(c->reply, "maxBsonObjectSize", -1, WIRE_DOC_MAX);
	return true;
}

static void
append_role_names(bson_t *doc, const char *key, const struct role_names *l)
{
	bson_t list, row;
	const char *at;
	char buf[16];

	bson_append_array_begin(doc, key, -1, &list);
	for (size_t i = 0; i < l->n; i++) {
		bson_uint32_to_string((uint32_t)i, &at, buf, sizeof(buf));
		bson_append_document_begin(&list, at, -1, &row);
		bson_append_utf8(&row, "role", -1, l->v[i].role, -1);
		bson_append_utf8(&row, "db", -1, l->v[i].db, -1);
		bson_append_document_end(&list, &row);
	}
	bson_append_array_end(doc, &list);
}

static bool
run_connection_status(struct call *c)
{
	const struct user *u = call_user(c);
	struct privileges p = { 0 };
	struct role_names reached = { 0 };
	bson_t info, users, row;

	bson_append_document_begin(c->reply, "authInfo", -1, &info);
	bson_append_array_begin(&info, "authenticatedUsers", -1, &users);
	if (u != NULL) {
		bson_append_document_begin(&users, "0", -1, &row);
		bson_append_utf8(&row, "user", -1, u->name, -1);
		bson_append_utf8(&row, "db", -1, u->db, -1);
		bson_append_document_end(&users, &row);
		store_resolve(c->store, &u->roles, &p, &reached);
	}
	bson_append_array_end(&info, &users);
	append_role_names(&info, "authenticatedUserRoles", &reached);
	if (get_bool(c->body, "showPrivileges", false))
		privileges_append(&p, &info, "authenticatedUserPrivileges");
	bson_append_document_end(c->reply, &info);
	privileges_free(&p);
	role_names_free(&reached);
	return true;
}

/* As much of it as says how many connections there are. */
static bool
run_server_status(struct call *c)
{
	int open = c->conn->server->open;
	bson_t n;

	if (!may_on_cluster(c, "serverStatus"))
		return refuse_unauthorized(c);
	bson_append_document_begin(c->reply, "connections", -1, &n);
	bson_append_int32(&n, "current", -1, open);
	bson_append_int32(&n, "available", -1, CONNECTIONS_MAX - open);
	bson_append_int32(&n, "totalCreated", -1,
	    c->conn->server->connections);
	bson_append_document_end(c->reply, &n);
	return true;
}

const struct command login_commands[] = {
	{ .name = "hello", .run = run_hello, .open = true },
	{ .name = "isMaster", .run = run_hello, .open = true },
	{ .name = "ismaster", .run = run_hello, .open = true },
	{ .name = "ping", .run = run_nothing, .open = true },
	{ .name = "serverStatus", .run = run_server_status },
	{ .name = "buildInfo", .run = run_build_info, .open = true },
	{ .name = "buildinfo", .run = run_build_info, .open = true },
	{ .name = "saslStart", .run = run_sasl_start, .open = true,
	  .fields = "saslStart:* mechanism:s! payload:*! db:s options:d "
	      "autoAuthorize:*" },
	{ .name = "saslContinue", .run = run_sasl_continue, .open = true,
	  .fields = "saslContinue:* conversationId:n! payload:*!" },
	{ .name = "logout", .run = run_logout, .open = true },
	{ .name = "connectionStatus", .run = run_connection_status,
	  .open = true, .fields = "connectionStatus:* showPrivileges:b" },
	{ .name = "endSessions", .run = run_nothing,
	  .fields = "endSessions:a" },
	{ 0 }
};
