/*
 * lms_health - whether the databases are usable with what config.yml says.
 */
#include "lms_health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mongoc/mongoc.h>
#include <mysql.h>

#include "lms_config.h"

enum {
	CONNECT_SECONDS = 3,
	/*
	 * A new instance's database has no tables yet: allowed to look, but
	 * nothing there, is healthy. Without the right it would be 1142.
	 */
	NO_SUCH_TABLE = 1146,
	/* What Open edX's client library says where ours says 2002. */
	CANT_CONNECT_LOCAL = 2002,
	CANT_CONNECT = 2003
};

bool
health_init(void)
{
	mongoc_init();
	return mysql_library_init(0, NULL, NULL) == 0;
}

void
health_cleanup(void)
{
	mysql_library_end();
	mongoc_cleanup();
}

static void
say_mysql(MYSQL *m, char says[HEALTH_TEXT])
{
	unsigned int code = mysql_errno(m);

	(void)snprintf(says, HEALTH_TEXT, "(%u, \"%s\")",
	    code == CANT_CONNECT_LOCAL ? CANT_CONNECT : code,
	    mysql_error(m));
}

static bool
run_sql(MYSQL *m, const char *sql)
{
	MYSQL_RES *rows;

	if (mysql_query(m, sql) != 0)
		return mysql_errno(m) == NO_SUCH_TABLE;
	rows = mysql_store_result(m);
	if (rows != NULL)
		mysql_free_result(rows);
	return mysql_errno(m) == 0;
}

MYSQL *
health_login(const struct config *c, char says[HEALTH_TEXT])
{
	MYSQL *m = mysql_init(NULL);
	unsigned int seconds = CONNECT_SECONDS;
	const char *port = config_get(c, "MYSQL_PORT", "3306");

	if (m == NULL)
		abort();
	mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &seconds);
	mysql_options(m, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
	if (mysql_real_connect(m, config_get(c, "MYSQL_HOST", "mysql"),
	    config_get_legacy(c, "MYSQL_USERNAME", "OPENEDX_MYSQL_USERNAME",
	    "openedx"),
	    config_get_legacy(c, "MYSQL_PASSWORD", "OPENEDX_MYSQL_PASSWORD",
	    ""),
	    config_get_legacy(c, "MYSQL_DATABASE", "OPENEDX_MYSQL_DATABASE",
	    "openedx"),
	    (unsigned int)strtoul(port, NULL, 10), NULL, 0) != NULL)
		return m;
	say_mysql(m, says);
	mysql_close(m);
	return NULL;
}

static void
check_mysql(const struct config *c, struct health *h)
{
	MYSQL *m = health_login(c, h->sql_says);

	if (m == NULL) {
		h->escaped = true;
		return;
	}
	if (!run_sql(m, "SELECT 1")
	    || !run_sql(m, "SELECT 1 FROM auth_user LIMIT 1")
	    || !run_sql(m, "DELETE FROM auth_user WHERE FALSE"))
		say_mysql(m, h->sql_says);
	else {
		h->sql = true;
		(void)snprintf(h->sql_says, HEALTH_TEXT, "OK");
	}
	mysql_close(m);
}

/* The host may be a whole URI, as in Tutor. */
static mongoc_uri_t *
mongo_uri(const struct config *c, bson_error_t *e)
{
	const char *host = config_get(c, "MONGODB_HOST", "mongodb");
	const char *user = config_get(c, "MONGODB_USERNAME", "");
	const char *pwd = config_get(c, "MONGODB_PASSWORD", "");
	const char *mech = config_get(c, "MONGODB_AUTH_MECHANISM", "");
	const char *set = config_get(c, "MONGODB_REPLICA_SET", "");
	const char *source = config_get(c, "MONGODB_AUTH_SOURCE", "admin");
	char text[HEALTH_TEXT];
	mongoc_uri_t *uri;

	if (strstr(host, "://") != NULL)
		(void)snprintf(text, sizeof(text), "%s", host);
	else
		(void)snprintf(text, sizeof(text), "mongodb://%s:%s", host,
		    config_get(c, "MONGODB_PORT", "27017"));
	uri = mongoc_uri_new_with_error(text, e);
	if (uri == NULL)
		return NULL;
	if (user[0] != '\0') {
		mongoc_uri_set_username(uri, user);
		mongoc_uri_set_password(uri, pwd);
		mongoc_uri_set_auth_source(uri, source[0] != '\0' ? source
		    : "admin");
	}
	if (user[0] != '\0' && mech[0] != '\0')
		mongoc_uri_set_auth_mechanism(uri, mech);
	if (set[0] != '\0')
		mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_REPLICASET,
		    set);
	if (config_is_true(c, "MONGODB_USE_SSL"))
		mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLS, true);
	mongoc_uri_set_option_as_int32(uri,
	    MONGOC_URI_SERVERSELECTIONTIMEOUTMS, CONNECT_SECONDS * 1000);
	mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS,
	    CONNECT_SECONDS * 1000);
	mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS,
	    2 * CONNECT_SECONDS * 1000);
	return uri;
}

/*
 * Find something, then delete nothing: both need the right, and data that
 * tests compare stays as it was.
 */
static bool
probe_mongo(mongoc_client_t *client, const char *db, bson_error_t *e)
{
	mongoc_collection_t *coll = mongoc_client_get_collection(client, db,
	    "modulestore.active_versions");
	bson_t all = BSON_INITIALIZER, nothing = BSON_INITIALIZER;
	mongoc_cursor_t *found;
	const bson_t *doc;
	bool ok;

	BSON_APPEND_UTF8(&nothing, "_id", "heartbeat: there is no such _id");
	found = mongoc_collection_find_with_opts(coll, &all, NULL, NULL);
	(void)mongoc_cursor_next(found, &doc);
	ok = !mongoc_cursor_error(found, e)
	    && mongoc_collection_delete_one(coll, &nothing, NULL, NULL, e);
	mongoc_cursor_destroy(found);
	mongoc_collection_destroy(coll);
	bson_destroy(&nothing);
	bson_destroy(&all);
	return ok;
}

static void
check_mongo(const struct config *c, struct health *h)
{
	bson_error_t e = { 0 };
	mongoc_uri_t *uri = mongo_uri(c, &e);
	mongoc_client_t *client = NULL;

	if (uri != NULL)
		client = mongoc_client_new_from_uri_with_error(uri, &e);
	if (client != NULL)
		h->modulestore = probe_mongo(client,
		    config_get(c, "MONGODB_DATABASE", "openedx"), &e);
	(void)snprintf(h->modulestore_says, HEALTH_TEXT, "%s",
	    h->modulestore ? "OK" : e.message);
	mongoc_client_destroy(client);
	mongoc_uri_destroy(uri);
}

void
health_check(const struct config *c, struct health *h)
{
	*h = (struct health){ 0 };
	check_mysql(c, h);
	check_mongo(c, h);
	mysql_thread_end();
}
