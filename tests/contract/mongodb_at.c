/* mongodb_at - see mongodb_at.h. */
#include "tests/contract/mongodb_at.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char given[] = "TRANSPLANT_TEST_MONGODB_URI";

/* Asked outside tests too, where Check's own words end the program. */
static void
need(bool ok, const char *what, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static const char *
variable(const char *name)
{
	need(getenv(name) != NULL, name, "not set");
	return getenv(name);
}

bool
mongodb_is_double(void)
{
	return getenv(given) == NULL;
}

bool
mongodb_is_there(void)
{
	return getenv(given) != NULL || getenv("SB_MONGO_HOST") != NULL;
}

mongoc_uri_t *
mongodb_uri(void)
{
	mongoc_uri_t *uri;

	if (getenv(given) != NULL)
		uri = mongoc_uri_new(getenv(given));
	else {
		uri = mongoc_uri_new_for_host_port(variable("SB_MONGO_HOST"),
		    (uint16_t)strtoul(variable("SB_MONGO_PORT"), NULL, 10));
		mongoc_uri_set_username(uri, variable("SB_MONGO_ADMIN"));
		mongoc_uri_set_password(uri,
		    variable("SB_MONGO_ADMIN_PASSWORD"));
	}
	need(uri != NULL, given, "no URI");
	mongoc_uri_set_option_as_int32(uri,
	    MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 5000);
	return uri;
}

mongoc_client_t *
mongodb_admin(void)
{
	mongoc_uri_t *uri = mongodb_uri();
	mongoc_client_t *c = mongoc_client_new_from_uri(uri);

	mongoc_uri_destroy(uri);
	need(c != NULL, given, "not to be used");
	(void)mongoc_client_set_error_api(c, MONGOC_ERROR_API_VERSION_2);
	return c;
}

int
mongodb_run(mongoc_client_t *c, const char *db, bson_t *reply,
    const char *json)
{
	char *text = strdup(json);
	bson_t *command;
	bson_error_t e = { 0 };
	bool ok;

	for (char *p = text; *p != '\0'; p++) {
		if (*p == '\'')
			*p = '"';
	}
	command = bson_new_from_json((const uint8_t *)text, -1, &e);
	need(command != NULL, text, e.message);
	bson_destroy(reply);
	ok = mongoc_client_command_simple(c, db, command, NULL, reply, &e);
	bson_destroy(command);
	free(text);
	if (ok)
		return 0;
	return e.domain == MONGOC_ERROR_SERVER ? (int)e.code : -1;
}

bool
mongodb_is_ferretdb(mongoc_client_t *c)
{
	bson_t reply = BSON_INITIALIZER;
	bool is;

	need(mongodb_run(c, "admin", &reply, "{'buildInfo': 1}") == 0,
	    "buildInfo", "refused");
	is = bson_has_field(&reply, "ferretdb");
	bson_destroy(&reply);
	return is;
}
