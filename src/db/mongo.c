/* mongo - commands about users, and the errors that the driver makes. */
#include "db/mongo.h"

#include <stdlib.h>
#include <string.h>

#include <mongoc/mongoc.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/ca.h"
#include "db/mongo_own.h"

const char *const mongo_tls_words[] = { "verify", "require", "off", NULL };

enum {
	KEY_MAX = 16,		/* digits of an array's index */
	PAUSE_MS = 500,
	USERS_MAX = 10000,
};

/* Numbers of the server that mean something to us. */
enum {
	USER_NOT_FOUND = 11, UNAUTHORIZED = 13, AUTHENTICATION_FAILED = 18,
	COMMAND_NOT_FOUND = 59, ATLAS_ERROR = 8000, USER_EXISTS = 51003,
	/* what was being read is gone: to be begun again */
	CURSOR_NOT_FOUND = 43, PLAN_KILLED = 175, CURSOR_KILLED = 237,
	SNAPSHOT_TOO_OLD = 239, SNAPSHOT_UNAVAILABLE = 246,
	/* the server ends, or another one takes its place */
	SHUTTING_DOWN = 91, STEPPED_DOWN = 189, NOT_PRIMARY = 10107,
	ENDED_WITH_SERVER = 11600, ENDED_WITH_STATE = 11602,
};

/* --- errors --- */

/*
 * The driver's own "authentication failed" is number 11, as is the server's
 * "user not found": the domain tells them apart.
 */
static enum err_kind
kind_of(const bson_error_t *error)
{
	if (error->domain == MONGOC_ERROR_CLIENT)
		return error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE ?
		    ERR_DENIED : ERR_OTHER;
	if (error->domain == MONGOC_ERROR_STREAM
	    || error->domain == MONGOC_ERROR_SERVER_SELECTION)
		return ERR_NETWORK;
	if (error->domain != MONGOC_ERROR_SERVER)
		return ERR_OTHER;
	switch (error->code) {
	case USER_NOT_FOUND:
		return ERR_NOT_FOUND;
	case USER_EXISTS:
	case CURSOR_NOT_FOUND:
	case PLAN_KILLED:
	case CURSOR_KILLED:
	case SNAPSHOT_TOO_OLD:
	case SNAPSHOT_UNAVAILABLE:
		return ERR_CONFLICT;
	case SHUTTING_DOWN:
	case STEPPED_DOWN:
	case NOT_PRIMARY:
	case ENDED_WITH_SERVER:
	case ENDED_WITH_STATE:
		return ERR_NETWORK;
	case UNAUTHORIZED:
	case AUTHENTICATION_FAILED:
	case ATLAS_ERROR:
		return ERR_DENIED;
	}
	return ERR_OTHER;
}

bool
mongo_fail(const struct mongo *m, const char *what, const bson_error_t *error,
    struct err *e)
{
	return err_set(e, kind_of(error), "MongoDB %s: %s: %s (%u)", m->where,
	    what, error->message, error->code);
}

bool
mongo_run(struct mongo *m, const char *db, const bson_t *command,
    const char *what, bson_t *reply, struct err *e)
{
	bson_error_t error;
	bson_t ours;
	bool ok = mongoc_client_command_simple(m->client, db, command, NULL,
	    &ours, &error);

	if (!ok || reply == NULL)
		bson_destroy(&ours);
	else if (!bson_steal(reply, &ours))
		abort();
	return ok || mongo_fail(m, what, &error, e);
}

/* --- connecting --- */

static void
start_driver(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	mongoc_init();
	mongoc_log_set_handler(NULL, NULL);
	atexit(mongoc_cleanup);
}

static bool
is_uri(const char *host)
{
	return text_starts(host, "mongodb://")
	    || text_starts(host, "mongodb+srv://");
}

/* That of config.yml may hold a login, which is not shown. */
static const char *
without_login(const char *host)
{
	const char *at = strrchr(host, '@');

	return at == NULL ? host : at + 1;
}

bool
mongo_check_host(const char *host, struct err *e)
{
	mongoc_uri_t *uri;
	bson_error_t error;
	bool open;

	if (!is_uri(host))
		return text_check_machine(host, e);
	uri = mongoc_uri_new_with_error(host, &error);
	if (uri == NULL)
		return err_set(e, ERR_INPUT, "this is no MongoDB URI: %s",
		    error.message);
	open = mongoc_uri_get_username(uri) != NULL;
	mongoc_uri_destroy(uri);
	return !open || err_set(e, ERR_INPUT, "no user or password may be in "
	    "the URI: they have inputs of their own");
}

static mongoc_uri_t *
make_uri(const struct mongo_login *l, struct err *e)
{
	struct buf text = buf_new(4096);
	mongoc_uri_t *uri;
	bson_error_t error;

	if (is_uri(l->host))
		buf_puts(&text, l->host);
	else if (strchr(l->host, ':') != NULL)
		buf_printf(&text, "mongodb://[%s]:%ld/", l->host, l->port);
	else
		buf_printf(&text, "mongodb://%s:%ld/", l->host, l->port);
	uri = mongoc_uri_new_with_error(buf_str(&text), &error);
	buf_free(&text);
	if (uri == NULL)
		err_set(e, ERR_INPUT, "MongoDB host %s: %s",
		    without_login(l->host), error.message);
	return uri;
}

/* The caller's word counts, whatever an address out of config.yml allows.
 * The driver takes either the first of these options or the others. */
static void
set_verification(mongoc_uri_t *uri, bool verify)
{
	if (mongoc_uri_has_option(uri, MONGOC_URI_TLSINSECURE)) {
		mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLSINSECURE,
		    !verify);
		return;
	}
	mongoc_uri_set_option_as_bool(uri,
	    MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, !verify);
	mongoc_uri_set_option_as_bool(uri,
	    MONGOC_URI_TLSALLOWINVALIDHOSTNAMES, !verify);
}

static void
set_uri(mongoc_uri_t *uri, const struct mongo_login *l)
{
	const char *ca = ca_file(l->ca_file);
	int32_t ms = (int32_t)(l->seconds * 1000);
	int32_t answer_ms = (int32_t)(l->answer_seconds * 1000);
	bool tls = !text_same(l->tls, "off");

	mongoc_uri_set_username(uri, l->user);
	mongoc_uri_set_password(uri, l->password);
	mongoc_uri_set_auth_source(uri, l->auth_db == NULL ? "admin" :
	    l->auth_db);
	mongoc_uri_set_option_as_int32(uri,
	    MONGOC_URI_SERVERSELECTIONTIMEOUTMS, ms);
	mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, ms);
	mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS,
	    answer_ms > 0 ? answer_ms : ms);
	mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_APPNAME, "transplant");
	mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLS, tls);
	if (tls)
		set_verification(uri, !text_same(l->tls, "require"));
	if (tls && ca != NULL)
		mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_TLSCAFILE, ca);
}

/* The driver logs in with the first command, not before. */
static bool
log_in(struct mongo *m, struct err *e)
{
	bson_t command = BSON_INITIALIZER;
	bool ok;

	BSON_APPEND_INT32(&command, "connectionStatus", 1);
	ok = mongo_run(m, "admin", &command, "can't log in", NULL, e);
	bson_destroy(&command);
	return ok;
}

bool
mongo_reopen(struct mongo *m, struct err *e)
{
	bson_error_t error;

	if (m->client != NULL)
		mongoc_client_destroy(m->client);
	m->client = mongoc_client_new_from_uri_with_error(m->uri, &error);
	if (m->client == NULL)
		return mongo_fail(m, "can't use these settings", &error, e);
	mongoc_client_set_error_api(m->client, MONGOC_ERROR_API_VERSION_2);
	return log_in(m, e);
}

struct mongo *
mongo_open(const struct mongo_login *l, struct err *e)
{
	struct buf where = buf_new(1024);
	mongoc_uri_t *uri;
	struct mongo *m;

	start_driver();
	uri = make_uri(l, e);
	if (uri == NULL)
		return NULL;
	set_uri(uri, l);
	m = mem_alloc(sizeof(*m));
	buf_printf(&where, "%s@%s", l->user, without_login(l->host));
	m->where = mem_strdup(buf_str(&where));
	buf_free(&where);
	m->user = mem_strdup(l->user);
	m->auth_db = mem_strdup(l->auth_db == NULL ? "admin" : l->auth_db);
	m->uri = uri;
	if (mongo_reopen(m, e))
		return m;
	mongo_close(m);
	return NULL;
}

void
mongo_close(struct mongo *m)
{
	if (m == NULL)
		return;
	if (m->client != NULL)
		mongoc_client_destroy(m->client);
	mongoc_uri_destroy(m->uri);
	mem_free(m->where);
	mem_free(m->user);
	mem_free(m->auth_db);
	mem_free(m);
}

/* --- reading BSON --- */

const char *
mongo_text(struct pool *pool, const bson_t *doc, const char *key)
{
	bson_iter_t at;
	uint32_t n;
	const char *text;

	if (!bson_iter_init_find(&at, doc, key) || !BSON_ITER_HOLDS_UTF8(&at))
		return NULL;
	text = bson_iter_utf8(&at, &n);
	return pool_strndup(pool, text, n);
}

/* Begin to go through the array `key`; false: there is none. */
static bool
get_array(const bson_t *doc, const char *key, bson_iter_t *items)
{
	bson_iter_t at;

	return bson_iter_init_find(&at, doc, key)
	    && BSON_ITER_HOLDS_ARRAY(&at) && bson_iter_recurse(&at, items);
}

bool
mongo_document(const void *iterator, bson_t *doc)
{
	const bson_iter_t *at = iterator;
	const uint8_t *data;
	uint32_t n;

	if (!BSON_ITER_HOLDS_DOCUMENT(at))
		return false;
	bson_iter_document(at, &n, &data);
	return bson_init_static(doc, data, n);
}

static size_t
count_items(bson_iter_t items)
{
	size_t n = 0;

	while (bson_iter_next(&items))
		n++;
	return n;
}

/* --- custom roles --- */

static bool
get_flag(const bson_t *doc, const char *key)
{
	bson_iter_t at;

	return bson_iter_init_find(&at, doc, key) && bson_iter_as_bool(&at);
}

static enum severity
privilege_severity(struct pool *pool, const bson_t *privilege,
    const char *const *own)
{
	bson_iter_t at;
	bson_t resource;
	const char *db;

	if (!bson_iter_init_find(&at, privilege, "resource")
	    || !mongo_document(&at, &resource))
		return SEV_HIGH;
	db = mongo_text(pool, &resource, "db");
	return roles_privilege_severity(db == NULL ? "" : db,
	    db == NULL || get_flag(&resource, "cluster")
	    || get_flag(&resource, "anyResource"), own);
}

/* The worst of all privileges that the role has or inherits. */
static void
read_privileges(struct pool *pool, const bson_t *role,
    const char *const *own, struct mongo_role *r)
{
	bson_iter_t items;
	bson_t one;

	if (!get_array(role, "inheritedPrivileges", &items))
		return;
	r->resolved = true;
	while (bson_iter_next(&items)) {
		enum severity s = mongo_document(&items, &one) ?
		    privilege_severity(pool, &one, own) : SEV_HIGH;

		if (s > r->severity)
			r->severity = s;
	}
}

/* A role that can't be resolved stays so, which the judge takes as bad. */
static bool
resolve_role(struct mongo *m, struct pool *pool, const char *const *own,
    struct mongo_role *r, struct err *e)
{
	bson_t *command = BCON_NEW("rolesInfo", "{", "role",
	    BCON_UTF8(r->role), "db", BCON_UTF8(r->db), "}",
	    "showPrivileges", BCON_BOOL(true));
	struct err ours = { 0 };
	bson_iter_t items;
	bson_t reply, one;

	if (mongo_run(m, r->db, command, "rolesInfo", &reply, &ours)) {
		if (get_array(&reply, "roles", &items)
		    && bson_iter_next(&items) && mongo_document(&items, &one))
			read_privileges(pool, &one, own, r);
		bson_destroy(&reply);
	}
	bson_destroy(command);
	if (ours.kind != ERR_NETWORK)
		return true;
	*e = ours;
	return false;
}

/* --- users --- */

static bool
read_user(struct pool *pool, const bson_t *doc, struct mongo_user *u)
{
	struct mongo_role *roles;
	bson_iter_t items;
	bson_t one;

	*u = (struct mongo_user){ .user = mongo_text(pool, doc, "user"),
	    .db = mongo_text(pool, doc, "db") };
	if (u->user == NULL || u->db == NULL
	    || !get_array(doc, "roles", &items))
		return false;
	roles = pool_alloc(pool, (count_items(items) + 1) * sizeof(*roles));
	u->roles = roles;
	while (bson_iter_next(&items)) {
		struct mongo_role *r = &roles[u->nroles++];

		if (!mongo_document(&items, &one))
			return false;
		r->role = mongo_text(pool, &one, "role");
		r->db = mongo_text(pool, &one, "db");
		if (r->role == NULL || r->db == NULL)
			return false;
	}
	return true;
}

/* Users of this name out of a reply to usersInfo. */
static bool
read_users(struct mongo *m, struct pool *pool, const bson_t *reply,
    const char *user, struct mongo_users *users, struct err *e)
{
	struct mongo_user *v;
	bson_iter_t items;
	bson_t one;

	*users = (struct mongo_users){ 0 };
	if (!get_array(reply, "users", &items)
	    || count_items(items) > USERS_MAX)
		return err_set(e, ERR_OTHER,
		    "MongoDB %s: usersInfo gave no list of users", m->where);
	v = pool_alloc(pool, (count_items(items) + 1) * sizeof(*v));
	users->v = v;
	while (bson_iter_next(&items)) {
		struct mongo_user u;

		if (!mongo_document(&items, &one)
		    || !read_user(pool, &one, &u))
			return err_set(e, ERR_OTHER,
			    "MongoDB %s: usersInfo gave a user without name, "
			    "database or roles", m->where);
		if (text_same(u.user, user))
			v[users->n++] = u;
	}
	return true;
}

static bool
resolve_all(struct mongo *m, struct pool *pool, const char *const *own,
    struct mongo_users *users, struct err *e)
{
	for (size_t i = 0; i < users->n; i++) {
		struct mongo_role *roles =
		    (struct mongo_role *)users->v[i].roles;

		for (size_t k = 0; k < users->v[i].nroles; k++)
			if (!roles_is_builtin(roles[k].role)
			    && !resolve_role(m, pool, own, &roles[k], e))
				return false;
	}
	return true;
}

static bool
find_users(struct mongo *m, struct pool *pool, const bson_t *command,
    const char *user, const char *const *own, struct mongo_users *users,
    struct err *e)
{
	bson_t reply;
	bool ok;

	if (!mongo_run(m, "admin", command, "usersInfo", &reply, e))
		return false;
	ok = read_users(m, pool, &reply, user, users, e);
	bson_destroy(&reply);
	return ok && resolve_all(m, pool, own, users, e);
}

bool
mongo_find_users(struct mongo *m, struct pool *pool, const char *user,
    const char *const *own, struct mongo_users *users, struct err *e)
{
	bson_t *command = BCON_NEW("usersInfo", "{", "forAllDBs",
	    BCON_BOOL(true), "}");
	bool ok = find_users(m, pool, command, user, own, users, e);

	bson_destroy(command);
	return ok || e->kind != ERR_DENIED || err_within(e,
	    "this login may not list users (Atlas and DigitalOcean allow it "
	    "only by their API)");
}

bool
mongo_find_user(struct mongo *m, struct pool *pool, const char *user,
    const char *db, const char *const *own, struct mongo_users *users,
    struct err *e)
{
	bson_t *command = BCON_NEW("usersInfo", "{", "user",
	    BCON_UTF8(user), "db", BCON_UTF8(db), "}");
	bool ok = find_users(m, pool, command, user, own, users, e);

	bson_destroy(command);
	return ok;
}

/* --- judging --- */

static bool
judge(struct pool *pool, const struct mongo_users *users, const char *user,
    const char *auth_db, const char *const *own, struct findings *f,
    struct err *e)
{
	bool there = false;

	for (size_t i = 0; i < users->n; i++)
		there = there || text_same(users->v[i].db, auth_db);
	if (!there)
		return err_set(e, ERR_NOT_FOUND, "there is no MongoDB user %s "
		    "in database %s%s%s", user, auth_db,
		    users->n > 0 ? ", but one in " : "",
		    users->n > 0 ? users->v[0].db : "");
	roles_judge(pool, users->v, users->n, auth_db, own, f);
	return true;
}

bool
mongo_audit(struct mongo *m, struct pool *pool, const char *user,
    const char *auth_db, const char *const *own, struct findings *f,
    struct err *e)
{
	struct mongo_users users;

	return mongo_find_users(m, pool, user, own, &users, e)
	    && judge(pool, &users, user, auth_db, own, f, e);
}

bool
mongo_audit_self(struct mongo *m, struct pool *pool, const char *const *own,
    struct findings *f, struct err *e)
{
	struct mongo_users users;

	return mongo_find_user(m, pool, m->user, m->auth_db, own, &users, e)
	    && judge(pool, &users, m->user, m->auth_db, own, f, e);
}

/* --- changing --- */

static void
append_roles(bson_t *command, const struct mongo_role *roles, size_t n)
{
	bson_t list, one;
	char key[KEY_MAX];
	const char *k;

	BSON_APPEND_ARRAY_BEGIN(command, "roles", &list);
	for (size_t i = 0; i < n; i++) {
		bson_uint32_to_string((uint32_t)i, &k, key, sizeof(key));
		bson_append_document_begin(&list, k, -1, &one);
		BSON_APPEND_UTF8(&one, "role", roles[i].role);
		BSON_APPEND_UTF8(&one, "db", roles[i].db);
		bson_append_document_end(&list, &one);
	}
	bson_append_array_end(command, &list);
}

bool
mongo_set_roles(struct mongo *m, const char *user, const char *db,
    const struct mongo_role *roles, size_t n, struct err *e)
{
	bson_t command = BSON_INITIALIZER;
	bool ok;

	BSON_APPEND_UTF8(&command, "updateUser", user);
	append_roles(&command, roles, n);
	ok = mongo_run(m, db, &command, "updateUser", NULL, e);
	bson_destroy(&command);
	return ok;
}

bool
mongo_create_user(struct mongo *m, const char *user, const char *db,
    const char *password, const struct mongo_role *roles, size_t n,
    struct err *e)
{
	bson_t command = BSON_INITIALIZER;
	bool ok;

	BSON_APPEND_UTF8(&command, "createUser", user);
	BSON_APPEND_UTF8(&command, "pwd", password);
	append_roles(&command, roles, n);
	ok = mongo_run(m, db, &command, "createUser", NULL, e);
	bson_destroy(&command);
	return ok;
}

/* --- databases, and what a user may really do --- */

bool
mongo_find_databases(struct mongo *m, struct pool *pool,
    const char *const **names, struct err *e)
{
	bson_t *command = BCON_NEW("listDatabases", BCON_INT32(1),
	    "nameOnly", BCON_BOOL(true));
	const char **v;
	bson_iter_t items;
	bson_t reply, one;
	size_t n = 0;
	bool ok = mongo_run(m, "admin", command, "listDatabases", &reply, e);

	bson_destroy(command);
	if (!ok)
		return false;
	ok = get_array(&reply, "databases", &items);
	if (ok) {
		v = pool_alloc(pool, (count_items(items) + 1) * sizeof(*v));
		while (bson_iter_next(&items))
			if (mongo_document(&items, &one) && (v[n] =
			    mongo_text(pool, &one, "name")) != NULL)
				n++;
		*names = v;
	}
	bson_destroy(&reply);
	return ok || err_set(e, ERR_OTHER,
	    "MongoDB %s: listDatabases gave no list", m->where);
}

static bool
try_read(struct mongo *m, const char *db, struct err *e)
{
	bson_t *command = BCON_NEW("find", "transplant_probe", "limit",
	    BCON_INT32(1), "singleBatch", BCON_BOOL(true));
	bool ok = mongo_run(m, db, command, "find", NULL, e);

	bson_destroy(command);
	return ok;
}

/* The right to write is asked for before the document is looked for. */
static bool
try_write(struct mongo *m, const char *db, struct err *e)
{
	bson_t *command = BCON_NEW("delete", "transplant_probe", "deletes",
	    "[", "{", "q", "{", "_id", "transplant-no-such-id", "}", "limit",
	    BCON_INT32(1), "}", "]");
	bool ok = mongo_run(m, db, command, "delete", NULL, e);

	bson_destroy(command);
	return ok;
}

/* Once through all; ERR_HAND, or what went wrong. */
static bool
confirm(struct mongo *m, const char *const *own, const char *const *foreign,
    bool write, struct err *e)
{
	for (size_t i = 0; own[i] != NULL; i++)
		if (!try_read(m, own[i], e)
		    || (write && !try_write(m, own[i], e)))
			return err_within(e, "own database %s", own[i]);
	for (size_t i = 0; foreign[i] != NULL; i++) {
		struct err ours = { 0 };

		if (try_read(m, foreign[i], &ours))
			return err_set(e, ERR_HAND, "the user still reads "
			    "database %s, which is not its own", foreign[i]);
		if (ours.kind != ERR_DENIED) {
			*e = ours;
			return err_within(e, "foreign database %s",
			    foreign[i]);
		}
	}
	return true;
}

bool
mongo_confirm(const struct mongo_login *login, const char *const *own,
    const char *const *foreign, bool write, long seconds, struct err *e)
{
	clock_ms deadline = clock_deadline(seconds);
	struct mongo *m = mongo_open(login, e);
	struct err ours;
	bool ok;

	if (m == NULL)
		return false;
	do {
		ours = (struct err){ 0 };
		ok = confirm(m, own, foreign, write, &ours);
	} while (!ok && (ours.kind == ERR_HAND || ours.kind == ERR_DENIED)
	    && clock_pause_until(deadline, PAUSE_MS));
	if (!ok)
		*e = ours;
	mongo_close(m);
	return ok;
}
