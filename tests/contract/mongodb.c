/*
 * mongodb - what the product relies on in a MongoDB server: logins, users,
 * roles, the errors' codes, and that roles are enforced.
 *
 * Runs on the sandbox's double, and in the same words on a real server (see
 * mongodb_at.h); what concerns data also on FerretDB. What a real server
 * answers is right. Everything made here is named "contract..." and is
 * removed again.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mongoc/mongoc.h>

#include "tests/contract/mongodb_at.h"
#include "tests/kit/kit.h"

/* Codes of the server that the product acts on. */
enum {
	OK = 0,
	BAD_VALUE = 2,
	USER_NOT_FOUND = 11,
	UNAUTHORIZED = 13,
	TYPE_MISMATCH = 14,
	NAMESPACE_NOT_FOUND = 26,
	ROLE_NOT_FOUND = 31,
	CURSOR_NOT_FOUND = 43,
	COMMAND_NOT_FOUND = 59,
	DUPLICATE_KEY = 11000,
	USER_EXISTS = 51003
};

/* Whom nearly every test needs: an administrator, and one who is scoped. */
#define USER "contract-user"
#define PASSWORD "pw =,:/@%&+? 1"
#define OWN "contract-own"
#define FOREIGN "contract-foreign"

static mongoc_client_t *admin;
static bson_t reply;

/* ---- speaking to the server -------------------------------------------- */

/* A client that is not yet connected; NULL: without a login, or by the
 * server's choice of mechanism, or in admin. */
static mongoc_client_t *
client_as(const char *user, const char *password, const char *mech,
    const char *db)
{
	mongoc_uri_t *like = mongodb_uri(), *uri;
	const mongoc_host_list_t *host = mongoc_uri_get_hosts(like);
	mongoc_client_t *c;

	uri = user == NULL ? mongoc_uri_new_for_host_port(host->host,
	    host->port) : mongoc_uri_copy(like);
	if (user != NULL) {
		mongoc_uri_set_username(uri, user);
		mongoc_uri_set_password(uri, password);
		mongoc_uri_set_auth_source(uri, db != NULL ? db : "admin");
	}
	if (mech != NULL)
		mongoc_uri_set_auth_mechanism(uri, mech);
	c = mongoc_client_new_from_uri(uri);
	ck_assert_ptr_nonnull(c);
	(void)mongoc_client_set_error_api(c, MONGOC_ERROR_API_VERSION_2);
	mongoc_uri_destroy(uri);
	mongoc_uri_destroy(like);
	return c;
}

/*
 * Run a command that is written as JSON, with ' for "; its reply is in
 * `reply` until the next. OK, the server's code, or -1: not the server
 * refused, but the driver (the login, as a rule).
 */
__attribute__((format(printf, 3, 4))) static int
run(mongoc_client_t *c, const char *db, const char *fmt, ...)
{
	char json[2048];
	va_list ap;

	va_start(ap, fmt);
	ck_assert_int_lt(vsnprintf(json, sizeof(json), fmt, ap),
	    (int)sizeof(json));
	va_end(ap);
	return mongodb_run(c, db, &reply, json);
}

/* The value at a path such as "users.0.roles.1.db". */
static bool
at(const char *path, bson_iter_t *found)
{
	bson_iter_t it;

	return bson_iter_init(&it, &reply)
	    && bson_iter_find_descendant(&it, path, found);
}

static const char *
text_at(const char *path)
{
	bson_iter_t it;

	ck_assert_msg(at(path, &it) && BSON_ITER_HOLDS_UTF8(&it),
	    "no text at %s in %s", path,
	    bson_as_relaxed_extended_json(&reply, NULL));
	return bson_iter_utf8(&it, NULL);
}

static int64_t
number_at(const char *path)
{
	bson_iter_t it;

	ck_assert_msg(at(path, &it) && BSON_ITER_HOLDS_NUMBER(&it),
	    "no number at %s", path);
	return bson_iter_as_int64(&it);
}

static bool
has(const char *path)
{
	bson_iter_t it;

	return at(path, &it);
}

/* How many elements an array has. */
static int
count_at(const char *path)
{
	bson_iter_t it, sub;
	int n = 0;

	ck_assert_msg(at(path, &it) && BSON_ITER_HOLDS_ARRAY(&it),
	    "no array at %s", path);
	bson_iter_recurse(&it, &sub);
	while (bson_iter_next(&sub))
		n++;
	return n;
}

/* Whether an array of documents has one with these two texts. */
static bool
has_pair(const char *path, const char *k1, const char *v1, const char *k2,
    const char *v2)
{
	char sub[256];
	bson_iter_t a, b;

	for (int i = 0; i < count_at(path); i++) {
		(void)snprintf(sub, sizeof(sub), "%s.%d.%s", path, i, k1);
		if (!at(sub, &a))
			continue;
		(void)snprintf(sub, sizeof(sub), "%s.%d.%s", path, i, k2);
		if (at(sub, &b)
		    && strcmp(bson_iter_utf8(&a, NULL), v1) == 0
		    && strcmp(bson_iter_utf8(&b, NULL), v2) == 0)
			return true;
	}
	return false;
}

static mongoc_client_t *
user_client(void)
{
	return client_as(USER, PASSWORD, NULL, NULL);
}

static int
login(const char *user, const char *password, const char *mech,
    const char *db)
{
	mongoc_client_t *c = client_as(user, password, mech, db);
	int code = run(c, "admin", "{'connectionStatus': 1}");

	mongoc_client_destroy(c);
	return code;
}

/* ---- before and after each test ---------------------------------------- */

static void
remove_all(void)
{
	static const char *const users[] = { USER, "contract-other",
		"contract-new" };

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		(void)run(admin, "admin", "{'dropUser': '%s'}", users[i]);
		(void)run(admin, OWN, "{'dropUser': '%s'}", users[i]);
	}
	(void)run(admin, "admin", "{'dropRole': 'contract-role'}");
	(void)run(admin, OWN, "{'dropDatabase': 1}");
	(void)run(admin, FOREIGN, "{'dropDatabase': 1}");
}

static void
setup_data(void)
{
	mongoc_init();
	mongoc_log_set_handler(NULL, NULL);	/* stdout is for TAP */
	bson_init(&reply);
	admin = mongodb_admin();
	remove_all();
	ck_assert_int_eq(run(admin, OWN, "{'insert': 'c', 'documents': "
	    "[{'_id': 1, 'x': 'a'}, {'_id': 2, 'x': 'b'}]}"), OK);
	ck_assert_int_eq(run(admin, FOREIGN, "{'insert': 'c', 'documents': "
	    "[{'_id': 1}]}"), OK);
}

static void
setup(void)
{
	setup_data();
	ck_assert_int_eq(run(admin, "admin", "{'createUser': '" USER "', "
	    "'pwd': '%s', 'customData': {'keep': 'me'}, 'roles': "
	    "[{'role': 'readWrite', 'db': '" OWN "'}]}", PASSWORD), OK);
}

static void
teardown(void)
{
	remove_all();
	mongoc_client_destroy(admin);
	bson_destroy(&reply);
}

/* ---- logging in -------------------------------------------------------- */

START_TEST(both_mechanisms_and_the_servers_choice_log_in)
{
	ck_assert_int_eq(login(USER, PASSWORD, "SCRAM-SHA-1", NULL), OK);
	ck_assert_int_eq(login(USER, PASSWORD, "SCRAM-SHA-256", NULL), OK);
	ck_assert_int_eq(login(USER, PASSWORD, NULL, NULL), OK);
}
END_TEST

/* The driver's number for it is that of UserNotFound: look at the domain. */
START_TEST(a_refused_login_is_an_error_of_the_driver)
{
	mongoc_client_t *c = client_as(USER, "wrong", NULL, NULL);
	bson_t *ping = BCON_NEW("usersInfo", BCON_INT32(1)), got;
	bson_error_t e = { 0 };

	ck_assert(!mongoc_client_command_simple(c, "admin", ping, NULL, &got,
	    &e));
	ck_assert_int_eq((int)e.domain, MONGOC_ERROR_CLIENT);
	ck_assert_int_eq((int)e.code, MONGOC_ERROR_CLIENT_AUTHENTICATE);
	ck_assert(bson_empty(&got));
	bson_destroy(&got);
	bson_destroy(ping);
	mongoc_client_destroy(c);
}
END_TEST

START_TEST(wrong_password_user_or_auth_database_is_refused)
{
	ck_assert_int_eq(login(USER, "wrong", "SCRAM-SHA-1", NULL), -1);
	ck_assert_int_eq(login(USER, "wrong", "SCRAM-SHA-256", NULL), -1);
	ck_assert_int_eq(login("contract-none", PASSWORD, NULL, NULL), -1);
	ck_assert_int_eq(login(USER, PASSWORD, NULL, OWN), -1);
}
END_TEST

START_TEST(without_a_login_only_harmless_commands_are_answered)
{
	mongoc_client_t *c = client_as(NULL, NULL, NULL, NULL);

	ck_assert_int_eq(run(c, "admin", "{'ping': 1}"), OK);
	ck_assert_int_eq(run(c, "admin", "{'hello': 1}"), OK);
	ck_assert_int_eq(run(c, "admin", "{'usersInfo': 1}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, OWN, "{'find': 'c'}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, "admin", "{'listDatabases': 1}"),
	    UNAUTHORIZED);
	mongoc_client_destroy(c);
}
END_TEST

START_TEST(a_user_of_another_database_logs_in_there)
{
	ck_assert_int_eq(run(admin, OWN, "{'createUser': 'contract-other', "
	    "'pwd': 'p', 'roles': ['read']}"), OK);
	ck_assert_int_eq(login("contract-other", "p", NULL, OWN), OK);
	ck_assert_int_eq(login("contract-other", "p", NULL, NULL), -1);
}
END_TEST

/* ---- usersInfo --------------------------------------------------------- */

START_TEST(an_absent_user_is_an_empty_list_and_no_error)
{
	ck_assert_int_eq(run(admin, "admin",
	    "{'usersInfo': 'contract-none'}"), OK);
	ck_assert_int_eq(count_at("users"), 0);
	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': {'user': "
	    "'contract-none', 'db': 'admin'}}"), OK);
	ck_assert_int_eq(count_at("users"), 0);
}
END_TEST

START_TEST(a_user_has_an_id_a_place_roles_and_mechanisms)
{
	bson_iter_t it;

	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': '" USER "'}"),
	    OK);
	ck_assert_int_eq(count_at("users"), 1);
	ck_assert_str_eq(text_at("users.0._id"), "admin." USER);
	ck_assert_str_eq(text_at("users.0.user"), USER);
	ck_assert_str_eq(text_at("users.0.db"), "admin");
	ck_assert_int_eq(count_at("users.0.roles"), 1);
	ck_assert_str_eq(text_at("users.0.roles.0.role"), "readWrite");
	ck_assert_str_eq(text_at("users.0.roles.0.db"), OWN);
	ck_assert_int_eq(count_at("users.0.mechanisms"), 2);
	ck_assert_str_eq(text_at("users.0.customData.keep"), "me");
	ck_assert(at("users.0.userId", &it) && BSON_ITER_HOLDS_BINARY(&it));
	ck_assert(!has("users.0.credentials"));
	ck_assert(!has("users.0.inheritedRoles"));
}
END_TEST

START_TEST(users_are_found_by_name_place_database_list_and_everywhere)
{
	ck_assert_int_eq(run(admin, OWN, "{'createUser': '" USER "', 'pwd': "
	    "'p', 'roles': []}"), OK);
	ck_assert_int_eq(run(admin, OWN, "{'usersInfo': '" USER "'}"), OK);
	ck_assert_str_eq(text_at("users.0.db"), OWN);
	ck_assert_int_eq(run(admin, OWN, "{'usersInfo': {'user': '" USER "',"
	    " 'db': 'admin'}}"), OK);
	ck_assert_str_eq(text_at("users.0.db"), "admin");
	ck_assert_int_eq(run(admin, OWN, "{'usersInfo': 1}"), OK);
	ck_assert_int_eq(count_at("users"), 1);
	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': ['" USER "', "
	    "{'user': '" USER "', 'db': '" OWN "'}]}"), OK);
	ck_assert_int_eq(count_at("users"), 2);
	ck_assert_int_eq(run(admin, "admin",
	    "{'usersInfo': {'forAllDBs': true}}"), OK);
	ck_assert(has_pair("users", "user", USER, "db", "admin"));
	ck_assert(has_pair("users", "user", USER, "db", OWN));
}
END_TEST

START_TEST(privileges_are_shown_of_named_users_only)
{
	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': {'user': '" USER
	    "', 'db': 'admin'}, 'showPrivileges': true}"), OK);
	ck_assert(has_pair("users.0.inheritedRoles", "role", "readWrite",
	    "db", OWN));
	ck_assert_int_eq(count_at("users.0.inheritedPrivileges"), 2);
	ck_assert(has_pair("users.0.inheritedPrivileges", "resource.db", OWN,
	    "resource.collection", ""));
	ck_assert(has_pair("users.0.inheritedPrivileges", "resource.db", OWN,
	    "resource.collection", "system.js"));
	ck_assert_int_ne(run(admin, "admin",
	    "{'usersInfo': 1, 'showPrivileges': true}"), OK);
	ck_assert_int_ne(run(admin, "admin", "{'usersInfo': {'forAllDBs': "
	    "true}, 'showPrivileges': true}"), OK);
}
END_TEST

START_TEST(people_see_themselves_and_nobody_else)
{
	mongoc_client_t *c = user_client();

	ck_assert_int_eq(run(c, "admin", "{'usersInfo': {'user': '" USER
	    "', 'db': 'admin'}, 'showPrivileges': true}"), OK);
	ck_assert_int_eq(count_at("users"), 1);
	ck_assert_int_eq(run(c, "admin",
	    "{'usersInfo': 'contract-other'}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, "admin", "{'usersInfo': 1}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, "admin",
	    "{'usersInfo': {'forAllDBs': true}}"), UNAUTHORIZED);
	mongoc_client_destroy(c);
}
END_TEST

/* ---- making and changing users ----------------------------------------- */

START_TEST(a_user_is_not_made_twice)
{
	ck_assert_int_eq(run(admin, "admin", "{'createUser': '" USER "', "
	    "'pwd': 'another', 'roles': []}"), USER_EXISTS);
	/* And the one that was there is as it was. */
	ck_assert_int_eq(login(USER, PASSWORD, NULL, NULL), OK);
	ck_assert_int_eq(login(USER, "another", NULL, NULL), -1);
}
END_TEST

START_TEST(a_user_that_is_refused_is_not_made)
{
	ck_assert_int_eq(run(admin, "admin", "{'createUser': 'contract-new',"
	    " 'roles': []}"), BAD_VALUE);
	ck_assert_int_eq(run(admin, "admin", "{'createUser': 'contract-new',"
	    " 'pwd': 'p', 'roles': [{'role': 'nosuch', 'db': '" OWN "'}]}"),
	    ROLE_NOT_FOUND);
	ck_assert_int_eq(run(admin, "admin", "{'createUser': 'contract-new',"
	    " 'pwd': 5, 'roles': []}"), TYPE_MISMATCH);
	ck_assert_int_eq(run(admin, "admin",
	    "{'usersInfo': 'contract-new'}"), OK);
	ck_assert_int_eq(count_at("users"), 0);
}
END_TEST

/* Roles of all databases belong to admin alone. */
START_TEST(a_role_for_all_databases_exists_in_admin_only)
{
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': [{'role': 'readWriteAnyDatabase', 'db': '" OWN
	    "'}]}"), ROLE_NOT_FOUND);
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': [{'role': 'readWriteAnyDatabase', 'db': 'admin'}]}"),
	    OK);
}
END_TEST

START_TEST(updateUser_replaces_all_roles_and_keeps_the_rest)
{
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': [{'role': 'readWrite', 'db': '" FOREIGN "'}, "
	    "{'role': 'dbAdmin', 'db': '" FOREIGN "'}]}"), OK);
	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': '" USER "'}"),
	    OK);
	ck_assert_int_eq(count_at("users.0.roles"), 2);
	ck_assert(has_pair("users.0.roles", "role", "readWrite", "db",
	    FOREIGN));
	ck_assert(has_pair("users.0.roles", "role", "dbAdmin", "db",
	    FOREIGN));
	ck_assert_int_eq(count_at("users.0.mechanisms"), 2);
	ck_assert_str_eq(text_at("users.0.customData.keep"), "me");
	ck_assert_int_eq(login(USER, PASSWORD, "SCRAM-SHA-1", NULL), OK);
	ck_assert_int_eq(login(USER, PASSWORD, "SCRAM-SHA-256", NULL), OK);
}
END_TEST

START_TEST(updateUser_with_the_same_roles_again_is_fine)
{
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER
		    "', 'roles': [{'role': 'readWrite', 'db': '" OWN
		    "'}]}"), OK);
}
END_TEST

START_TEST(updateUser_that_is_refused_changes_nothing)
{
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': [{'role': 'nosuch', 'db': '" OWN "'}]}"),
	    ROLE_NOT_FOUND);
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "'}"),
	    BAD_VALUE);
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': "
	    "'contract-none', 'roles': []}"), USER_NOT_FOUND);
	/* Exactly where it is defined, or not at all. */
	ck_assert_int_eq(run(admin, OWN, "{'updateUser': '" USER "', "
	    "'roles': []}"), USER_NOT_FOUND);
	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': '" USER "'}"),
	    OK);
	ck_assert(has_pair("users.0.roles", "role", "readWrite", "db", OWN));
}
END_TEST

START_TEST(updateUser_changes_the_password)
{
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'pwd': 'new'}"), OK);
	ck_assert_int_eq(login(USER, "new", "SCRAM-SHA-1", NULL), OK);
	ck_assert_int_eq(login(USER, "new", "SCRAM-SHA-256", NULL), OK);
	ck_assert_int_eq(login(USER, PASSWORD, NULL, NULL), -1);
	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': '" USER "'}"),
	    OK);
	ck_assert_int_eq(count_at("users.0.roles"), 1);
}
END_TEST

START_TEST(a_change_of_roles_holds_on_open_connections_at_once)
{
	mongoc_client_t *c = user_client();

	ck_assert_int_eq(run(c, OWN, "{'find': 'c'}"), OK);
	ck_assert_int_eq(run(c, FOREIGN, "{'find': 'c'}"), UNAUTHORIZED);
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': [{'role': 'readWrite', 'db': '" FOREIGN "'}]}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'find': 'c'}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, FOREIGN, "{'find': 'c'}"), OK);
	mongoc_client_destroy(c);
}
END_TEST

START_TEST(roles_are_granted_and_revoked_one_by_one)
{
	ck_assert_int_eq(run(admin, "admin", "{'grantRolesToUser': '" USER
	    "', 'roles': [{'role': 'read', 'db': '" FOREIGN "'}]}"), OK);
	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': '" USER "'}"),
	    OK);
	ck_assert_int_eq(count_at("users.0.roles"), 2);
	ck_assert_int_eq(run(admin, "admin", "{'revokeRolesFromUser': '"
	    USER "', 'roles': [{'role': 'readWrite', 'db': '" OWN "'}]}"),
	    OK);
	ck_assert_int_eq(run(admin, "admin", "{'usersInfo': '" USER "'}"),
	    OK);
	ck_assert_int_eq(count_at("users.0.roles"), 1);
	ck_assert_str_eq(text_at("users.0.roles.0.role"), "read");
	ck_assert_int_eq(run(admin, "admin", "{'grantRolesToUser': "
	    "'contract-none', 'roles': [{'role': 'read', 'db': '" OWN
	    "'}]}"), USER_NOT_FOUND);
}
END_TEST

START_TEST(a_dropped_user_is_out_at_once)
{
	mongoc_client_t *c = user_client();

	ck_assert_int_eq(run(c, OWN, "{'find': 'c'}"), OK);
	ck_assert_int_eq(run(admin, "admin", "{'dropUser': '" USER "'}"),
	    OK);
	ck_assert_int_eq(run(c, OWN, "{'find': 'c'}"), UNAUTHORIZED);
	ck_assert_int_eq(run(admin, "admin", "{'dropUser': '" USER "'}"),
	    USER_NOT_FOUND);
	mongoc_client_destroy(c);
}
END_TEST

START_TEST(a_scoped_user_may_not_touch_users)
{
	mongoc_client_t *c = user_client();

	ck_assert_int_eq(run(c, "admin", "{'updateUser': '" USER "', "
	    "'roles': [{'role': 'root', 'db': 'admin'}]}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, "admin", "{'updateUser': '" USER "', "
	    "'pwd': 'x'}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, OWN, "{'createUser': 'contract-new', "
	    "'pwd': 'x', 'roles': []}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, "admin", "{'grantRolesToUser': '" USER "', "
	    "'roles': [{'role': 'read', 'db': '" FOREIGN "'}]}"),
	    UNAUTHORIZED);
	mongoc_client_destroy(c);
}
END_TEST

/* Why userAdmin on any database counts as critical. */
START_TEST(who_administers_users_of_a_database_may_make_some_there)
{
	mongoc_client_t *c;

	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': [{'role': 'userAdmin', 'db': '" OWN "'}]}"), OK);
	c = user_client();
	ck_assert_int_eq(run(c, OWN, "{'createUser': 'contract-new', "
	    "'pwd': 'x', 'roles': ['dbOwner']}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'createUser': 'contract-other', "
	    "'pwd': 'x', 'roles': [{'role': 'read', 'db': '" FOREIGN
	    "'}]}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, OWN, "{'updateUser': 'contract-new', "
	    "'roles': []}"), UNAUTHORIZED);
	mongoc_client_destroy(c);
}
END_TEST

/* ---- rights ------------------------------------------------------------ */

START_TEST(a_scoped_user_reads_and_writes_its_own_database)
{
	mongoc_client_t *c = user_client();

	ck_assert_int_eq(run(c, OWN, "{'find': 'c', 'limit': 1, "
	    "'singleBatch': true}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'insert': 'c', 'documents': "
	    "[{'_id': 9}]}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'delete': 'c', 'deletes': "
	    "[{'q': {'_id': 9}, 'limit': 1}]}"), OK);
	ck_assert_int_eq((int)number_at("n"), 1);
	ck_assert_int_eq(run(c, OWN, "{'listCollections': 1}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'listIndexes': 'c'}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'dbStats': 1}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'create': 'd'}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'drop': 'd'}"), OK);
	mongoc_client_destroy(c);
}
END_TEST

/* Also an order that would change nothing, in a collection that is not. */
START_TEST(a_scoped_user_is_refused_on_every_other_database)
{
	static const char *const commands[] = {
		"{'find': 'c', 'limit': 1, 'singleBatch': true}",
		"{'find': 'nothing-here'}",
		"{'count': 'c'}",
		"{'insert': 'c', 'documents': [{'_id': 9}]}",
		"{'delete': 'c', 'deletes': [{'q': {'_id': 'none'}, "
		    "'limit': 1}]}",
		"{'delete': 'nothing-here', 'deletes': [{'q': {}, "
		    "'limit': 1}]}",
		"{'listCollections': 1}",
		"{'listIndexes': 'c'}",
		"{'dbStats': 1}",
		"{'drop': 'c'}",
		"{'dropDatabase': 1}",
		"{'createIndexes': 'c', 'indexes': [{'key': {'x': 1}, "
		    "'name': 'x'}]}",
	};
	mongoc_client_t *c = user_client();

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		int code = run(c, FOREIGN, "%s", commands[i]);

		ck_assert_msg(code == UNAUTHORIZED, "%s: %d", commands[i],
		    code);
	}
	ck_assert_int_eq(run(admin, FOREIGN, "{'count': 'c'}"), OK);
	ck_assert_int_eq((int)number_at("n"), 1);
	mongoc_client_destroy(c);
}
END_TEST

START_TEST(who_may_read_may_not_delete_even_nothing)
{
	mongoc_client_t *c;

	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': [{'role': 'read', 'db': '" OWN "'}]}"), OK);
	c = user_client();
	ck_assert_int_eq(run(c, OWN, "{'find': 'c'}"), OK);
	ck_assert_int_eq(run(c, OWN, "{'delete': 'c', 'deletes': [{'q': "
	    "{'_id': 'none'}, 'limit': 1}]}"), UNAUTHORIZED);
	mongoc_client_destroy(c);
}
END_TEST

START_TEST(a_scoped_user_sees_its_own_databases_only)
{
	mongoc_client_t *c = user_client();

	ck_assert_int_eq(run(c, "admin",
	    "{'listDatabases': 1, 'nameOnly': true}"), OK);
	ck_assert_int_eq(count_at("databases"), 1);
	ck_assert_str_eq(text_at("databases.0.name"), OWN);
	ck_assert_int_eq(run(admin, "admin",
	    "{'listDatabases': 1, 'nameOnly': true}"), OK);
	ck_assert_int_ge(count_at("databases"), 2);
	mongoc_client_destroy(c);
}
END_TEST

START_TEST(a_connection_says_who_it_is_and_what_it_may)
{
	mongoc_client_t *c = user_client();

	ck_assert_int_eq(run(c, "admin",
	    "{'connectionStatus': 1, 'showPrivileges': true}"), OK);
	ck_assert_int_eq(count_at("authInfo.authenticatedUsers"), 1);
	ck_assert(has_pair("authInfo.authenticatedUsers", "user", USER, "db",
	    "admin"));
	ck_assert(has_pair("authInfo.authenticatedUserRoles", "role",
	    "readWrite", "db", OWN));
	ck_assert_int_eq(count_at("authInfo.authenticatedUserPrivileges"),
	    2);
	mongoc_client_destroy(c);
}
END_TEST

/* ---- roles ------------------------------------------------------------- */

START_TEST(a_role_that_people_made_is_resolved_and_enforced)
{
	mongoc_client_t *c;

	ck_assert_int_eq(run(admin, "admin", "{'createRole': "
	    "'contract-role', 'privileges': [{'resource': {'db': '" FOREIGN
	    "', 'collection': 'c'}, 'actions': ['find']}], 'roles': "
	    "[{'role': 'read', 'db': '" OWN "'}]}"), OK);
	ck_assert_int_eq(run(admin, "admin", "{'rolesInfo': {'role': "
	    "'contract-role', 'db': 'admin'}, 'showPrivileges': true}"),
	    OK);
	ck_assert_int_eq(count_at("roles"), 1);
	ck_assert_int_eq(count_at("roles.0.privileges"), 1);
	ck_assert_str_eq(text_at("roles.0.privileges.0.resource.db"),
	    FOREIGN);
	ck_assert_str_eq(text_at("roles.0.privileges.0.actions.0"), "find");
	ck_assert_int_eq(count_at("roles.0.inheritedPrivileges"), 3);
	ck_assert(has_pair("roles.0.inheritedRoles", "role", "read", "db",
	    OWN));
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': ['contract-role']}"), OK);
	c = user_client();
	ck_assert_int_eq(run(c, FOREIGN, "{'find': 'c'}"), OK);
	ck_assert_int_eq(run(c, FOREIGN, "{'find': 'd'}"), UNAUTHORIZED);
	ck_assert_int_eq(run(c, OWN, "{'find': 'c'}"), OK);
	ck_assert_int_eq(run(c, "admin", "{'rolesInfo': {'role': "
	    "'contract-role', 'db': 'admin'}, 'showPrivileges': true}"),
	    OK);
	mongoc_client_destroy(c);
}
END_TEST

START_TEST(an_absent_role_is_an_empty_list)
{
	ck_assert_int_eq(run(admin, "admin",
	    "{'rolesInfo': 'contract-none', 'showPrivileges': true}"), OK);
	ck_assert_int_eq(count_at("roles"), 0);
}
END_TEST

START_TEST(the_servers_own_roles_say_so)
{
	bson_iter_t it;

	ck_assert_int_eq(run(admin, OWN, "{'rolesInfo': 'readWrite', "
	    "'showPrivileges': true}"), OK);
	ck_assert(at("roles.0.isBuiltin", &it) && bson_iter_bool(&it));
	ck_assert_int_eq(count_at("roles.0.privileges"), 2);
	ck_assert_str_eq(text_at("roles.0.privileges.0.resource.db"), OWN);
}
END_TEST

/* ---- the rest ---------------------------------------------------------- */

START_TEST(what_it_does_not_know_it_refuses)
{
	ck_assert_int_eq(run(admin, "admin", "{'contractNoSuch': 1}"),
	    COMMAND_NOT_FOUND);
	ck_assert_int_ne(run(admin, "admin",
	    "{'usersInfo': 1, 'contractNoSuch': 1}"), OK);
	ck_assert_int_ne(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'role': []}"), OK);
	ck_assert_int_eq(run(admin, "admin", "{'updateUser': '" USER "', "
	    "'roles': 'readWrite'}"), TYPE_MISMATCH);
}
END_TEST

START_TEST(the_list_of_databases_is_asked_for_in_admin)
{
	ck_assert_int_eq(run(admin, OWN, "{'listDatabases': 1}"),
	    UNAUTHORIZED);
}
END_TEST

START_TEST(documents_come_in_batches_until_all_are_there)
{
	int64_t id;
	int got;

	for (int i = 10; i < 260; i++)
		ck_assert_int_eq(run(admin, OWN, "{'insert': 'many', "
		    "'documents': [{'_id': %d}]}", i), OK);
	ck_assert_int_eq(run(admin, OWN, "{'find': 'many', 'batchSize': "
	    "100, 'sort': {'_id': 1}}"), OK);
	got = count_at("cursor.firstBatch");
	ck_assert_int_eq(got, 100);
	ck_assert_int_eq((int)number_at("cursor.firstBatch.0._id"), 10);
	ck_assert_str_eq(text_at("cursor.ns"), OWN ".many");
	while ((id = number_at("cursor.id")) != 0) {
		ck_assert_int_eq(run(admin, OWN, "{'getMore': "
		    "{'$numberLong': '%lld'}, 'collection': 'many', "
		    "'batchSize': 100}", (long long)id), OK);
		got += count_at("cursor.nextBatch");
	}
	ck_assert_int_eq(got, 250);
	ck_assert_int_eq(run(admin, OWN, "{'getMore': {'$numberLong': "
	    "'12345'}, 'collection': 'many'}"), CURSOR_NOT_FOUND);
}
END_TEST

START_TEST(a_cursor_that_was_killed_is_gone)
{
	int64_t id;

	ck_assert_int_eq(run(admin, OWN, "{'find': 'c', 'batchSize': 1}"),
	    OK);
	id = number_at("cursor.id");
	ck_assert(id != 0);
	ck_assert_int_eq(run(admin, OWN, "{'killCursors': 'c', 'cursors': "
	    "[{'$numberLong': '%lld'}]}", (long long)id), OK);
	ck_assert_int_eq(count_at("cursorsKilled"), 1);
	ck_assert_int_eq(run(admin, OWN, "{'getMore': {'$numberLong': "
	    "'%lld'}, 'collection': 'c'}", (long long)id),
	    CURSOR_NOT_FOUND);
}
END_TEST

START_TEST(what_is_not_there_is_empty_but_for_its_indexes)
{
	ck_assert_int_eq(run(admin, OWN, "{'find': 'contract-none'}"), OK);
	ck_assert_int_eq(count_at("cursor.firstBatch"), 0);
	ck_assert_int_eq((int)number_at("cursor.id"), 0);
	ck_assert_int_eq(run(admin, OWN, "{'count': 'contract-none'}"), OK);
	ck_assert_int_eq((int)number_at("n"), 0);
	ck_assert_int_eq(run(admin, OWN,
	    "{'listIndexes': 'contract-none'}"), NAMESPACE_NOT_FOUND);
}
END_TEST

START_TEST(documents_and_indexes_are_counted_and_described)
{
	ck_assert_int_eq(run(admin, OWN, "{'count': 'c', 'query': {'x': "
	    "'a'}}"), OK);
	ck_assert_int_eq((int)number_at("n"), 1);
	ck_assert_int_eq(run(admin, OWN, "{'aggregate': 'c', 'pipeline': "
	    "[{'$count': 'n'}], 'cursor': {}}"), OK);
	ck_assert_int_eq((int)number_at("cursor.firstBatch.0.n"), 2);
	ck_assert_int_eq(run(admin, OWN, "{'createIndexes': 'c', "
	    "'indexes': [{'key': {'x': 1}, 'name': 'by_x', 'unique': "
	    "true}]}"), OK);
	ck_assert_int_eq(run(admin, OWN, "{'listIndexes': 'c'}"), OK);
	ck_assert_int_eq(count_at("cursor.firstBatch"), 2);
	ck_assert_str_eq(text_at("cursor.firstBatch.0.name"), "_id_");
	ck_assert_str_eq(text_at("cursor.firstBatch.1.name"), "by_x");
	ck_assert_int_eq(run(admin, OWN, "{'listCollections': 1, 'filter': "
	    "{'name': 'c'}}"), OK);
	ck_assert_int_eq(count_at("cursor.firstBatch"), 1);
	ck_assert_str_eq(text_at("cursor.firstBatch.0.type"), "collection");
	ck_assert_int_eq(run(admin, OWN, "{'dbStats': 1}"), OK);
	ck_assert_int_eq((int)number_at("objects"), 2);
}
END_TEST

START_TEST(an_id_is_given_once)
{
	ck_assert_int_eq(run(admin, OWN, "{'insert': 'c', 'documents': "
	    "[{'_id': 3}, {'_id': 1}, {'_id': 4}], 'ordered': false}"), OK);
	ck_assert_int_eq((int)number_at("n"), 2);
	ck_assert_int_eq(count_at("writeErrors"), 1);
	ck_assert_int_eq((int)number_at("writeErrors.0.code"),
	    DUPLICATE_KEY);
	ck_assert_int_eq((int)number_at("writeErrors.0.index"), 1);
}
END_TEST

static Suite *
users_suite(void)
{
	Suite *s = suite_create("mongodb");
	TCase *t = tcase_create("users");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, both_mechanisms_and_the_servers_choice_log_in);
	tcase_add_test(t, a_refused_login_is_an_error_of_the_driver);
	tcase_add_test(t, wrong_password_user_or_auth_database_is_refused);
	tcase_add_test(t,
	    without_a_login_only_harmless_commands_are_answered);
	tcase_add_test(t, a_user_of_another_database_logs_in_there);
	tcase_add_test(t, an_absent_user_is_an_empty_list_and_no_error);
	tcase_add_test(t, a_user_has_an_id_a_place_roles_and_mechanisms);
	tcase_add_test(t,
	    users_are_found_by_name_place_database_list_and_everywhere);
	tcase_add_test(t, privileges_are_shown_of_named_users_only);
	tcase_add_test(t, people_see_themselves_and_nobody_else);
	tcase_add_test(t, a_user_is_not_made_twice);
	tcase_add_test(t, a_user_that_is_refused_is_not_made);
	tcase_add_test(t, a_role_for_all_databases_exists_in_admin_only);
	tcase_add_test(t, updateUser_replaces_all_roles_and_keeps_the_rest);
	tcase_add_test(t, updateUser_with_the_same_roles_again_is_fine);
	tcase_add_test(t, updateUser_that_is_refused_changes_nothing);
	tcase_add_test(t, updateUser_changes_the_password);
	tcase_add_test(t,
	    a_change_of_roles_holds_on_open_connections_at_once);
	tcase_add_test(t, roles_are_granted_and_revoked_one_by_one);
	tcase_add_test(t, a_dropped_user_is_out_at_once);
	tcase_add_test(t, a_scoped_user_may_not_touch_users);
	tcase_add_test(t,
	    who_administers_users_of_a_database_may_make_some_there);
	suite_add_tcase(s, t);
	return s;
}

static Suite *
rights_suite(void)
{
	Suite *s = suite_create("mongodb");
	TCase *t = tcase_create("rights");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_scoped_user_reads_and_writes_its_own_database);
	tcase_add_test(t, a_scoped_user_is_refused_on_every_other_database);
	tcase_add_test(t, who_may_read_may_not_delete_even_nothing);
	tcase_add_test(t, a_scoped_user_sees_its_own_databases_only);
	tcase_add_test(t, a_connection_says_who_it_is_and_what_it_may);
	tcase_add_test(t, a_role_that_people_made_is_resolved_and_enforced);
	tcase_add_test(t, an_absent_role_is_an_empty_list);
	tcase_add_test(t, the_servers_own_roles_say_so);
	tcase_add_test(t, what_it_does_not_know_it_refuses);
	tcase_add_test(t, the_list_of_databases_is_asked_for_in_admin);
	suite_add_tcase(s, t);
	return s;
}

static Suite *
data_suite(void)
{
	Suite *s = suite_create("mongodb");
	TCase *t = tcase_create("data");

	tcase_add_checked_fixture(t, setup_data, teardown);
	tcase_add_test(t, documents_come_in_batches_until_all_are_there);
	tcase_add_test(t, a_cursor_that_was_killed_is_gone);
	tcase_add_test(t, what_is_not_there_is_empty_but_for_its_indexes);
	tcase_add_test(t, documents_and_indexes_are_counted_and_described);
	tcase_add_test(t, an_id_is_given_once);
	suite_add_tcase(s, t);
	return s;
}

static bool
has_users(void)
{
	mongoc_client_t *c;
	bool ferretdb;

	mongoc_init();
	mongoc_log_set_handler(NULL, NULL);
	c = mongodb_admin();
	ferretdb = mongodb_is_ferretdb(c);
	mongoc_client_destroy(c);
	return !ferretdb;
}

int
main(void)
{
	if (!mongodb_is_there())
		return kit_skip_all("no TRANSPLANT_TEST_MONGODB_URI, no "
		    "sandbox");
	if (!has_users())
		return kit_main(data_suite(), NULL);
	return kit_main(users_suite(), rights_suite(), data_suite(), NULL);
}
