/*
 * One command to a MongoDB server. Packages: libmongoc-1.0 libbson-1.0
 */
#include "world_mongo.h"

#include <stdio.h>
#include <stdlib.h>

#include <mongoc/mongoc.h>

#include "world_text.h"

static mongoc_client_t *
log_in(void)
{
	mongoc_uri_t *uri = mongoc_uri_new_for_host_port(
	    getenv("SB_MONGO_HOST"),
	    (uint16_t)strtoul(env_or("SB_MONGO_PORT", "27017"), NULL, 10));
	mongoc_client_t *client;

	mongoc_uri_set_username(uri, env_or("SB_MONGO_ADMIN", "sbadmin"));
	mongoc_uri_set_password(uri, env_or("SB_MONGO_ADMIN_PASSWORD", ""));
	mongoc_uri_set_auth_source(uri, "admin");
	client = mongoc_client_new_from_uri(uri);
	mongoc_uri_destroy(uri);
	return client;
}

bool
world_mongo(const char *command)
{
	static bool begun;
	mongoc_client_t *client;
	bson_error_t e;
	bson_t *b, reply;
	bool ok;

	if (getenv("SB_MONGO_HOST") == NULL)
		return true;
	if (!begun)
		mongoc_init();
	begun = true;
	b = bson_new_from_json((const uint8_t *)command, -1, &e);
	if (b == NULL)
		return false;
	client = log_in();
	ok = mongoc_client_command_simple(client, "admin", b, NULL, &reply,
	    &e);
	if (!ok)
		(void)fprintf(stderr, "world: MongoDB: %s\n", e.message);
	bson_destroy(&reply);
	bson_destroy(b);
	mongoc_client_destroy(client);
	return ok;
}
