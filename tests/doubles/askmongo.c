/*
 * askmongo - run one command on a MongoDB server and print the reply as JSON:
 * what looks at the result of a migration from outside, without our own code.
 *
 *	MONGODB_PASSWORD=... askmongo HOST PORT USER DATABASE '{"ping": 1}'
 *
 * Packages: libmongoc-1.0 libbson-1.0
 */
#include <stdio.h>
#include <stdlib.h>

#include <mongoc/mongoc.h>

int
main(int argc, char **argv)
{
	mongoc_uri_t *uri;
	mongoc_client_t *client;
	bson_error_t e;
	bson_t *command, reply;
	char *text;
	bool ok;

	if (argc != 6 || getenv("MONGODB_PASSWORD") == NULL) {
		fprintf(stderr, "usage: MONGODB_PASSWORD=... askmongo HOST "
		    "PORT USER DATABASE COMMAND\n");
		return 2;
	}
	mongoc_init();
	uri = mongoc_uri_new_for_host_port(argv[1],
	    (uint16_t)strtoul(argv[2], NULL, 10));
	mongoc_uri_set_username(uri, argv[3]);
	mongoc_uri_set_password(uri, getenv("MONGODB_PASSWORD"));
	mongoc_uri_set_auth_source(uri, "admin");
	client = mongoc_client_new_from_uri(uri);
	command = bson_new_from_json((const uint8_t *)argv[5], -1, &e);
	if (command == NULL) {
		fprintf(stderr, "%s\n", e.message);
		return 2;
	}
	ok = mongoc_client_command_simple(client, argv[4], command, NULL,
	    &reply, &e);
	if (!ok)
		fprintf(stderr, "%s\n", e.message);
	text = bson_as_relaxed_extended_json(&reply, NULL);
	printf("%s\n", text);
	bson_free(text);
	bson_destroy(&reply);
	bson_destroy(command);
	mongoc_client_destroy(client);
	mongoc_uri_destroy(uri);
	mongoc_cleanup();
	return ok ? 0 : 1;
}
