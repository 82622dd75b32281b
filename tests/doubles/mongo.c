/*
 * mongo - a MongoDB server for tests: the wire protocol, SCRAM, and users
 * and roles that are enforced, which no server that can be had here does.
 *
 * Speaks as a lone mongod 7.0 with authorization on, in plain TCP. All state
 * is in memory. Who, where and what it holds at the start comes from the
 * sandbox's environment:
 *
 *   SB_MONGO_HOST, SB_MONGO_PORT   address (127.42.0.90, 27017)
 *   SB_MONGO_ADMIN_PASSWORD        of SB_MONGO_ADMIN (sbadmin), root@admin
 *   SB_MONGO_PASSWORD              of SB_MONGO_USER (acme), who may read and
 *                                  write every database, the old way
 *   SB_NEW_MONGO_PASSWORD          of SB_NEW_MONGO_USER (acme-launchpad),
 *                                  with the new side's own databases only
 *   SB_MONGO_DATABASE, SB_MONGO_FORUM, SB_MONGO_OTHER,
 *   SB_NEW_MONGO_DATABASE, SB_NEW_MONGO_FORUM   the databases
 *   SB_MONGO_REPLICA_SET           its name, if it shall be of one
 *   SB_STATE                       folder for mongo.counters
 *
 * mongo.counters has a line "command database user count" for each kind of
 * write that was asked for, done or refused, so that a test can prove that
 * there was none.
 *
 * Builds from mongo.c and mongo_*.c with pkg-config libbson-1.0 and openssl,
 * and -pthread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mongo_base.h"
#include "mongo_cmd.h"
#include "mongo_wire.h"

enum { BACKLOG = 128 };

static const char *
env_or(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v != NULL && v[0] != '\0' ? v : fallback;
}

static bool
seed_user(struct store *s, const char *name, const char *password_env,
    const char *const roles[][2])
{
	const char *password = env_or(password_env, NULL);
	struct user *u;

	if (password == NULL) {
		(void)fprintf(stderr, "mongo: %s is not set\n", password_env);
		return false;
	}
	u = store_add_user(s, name, "admin");
	for (int i = 0; i < MECHS; i++)
		credential_make((enum mech)i, name, password, &u->cred[i]);
	for (size_t i = 0; roles[i][0] != NULL; i++)
		role_names_add(&u->roles, roles[i][0], roles[i][1]);
	return true;
}

/* The databases of the sandbox, by the variable that names each. */
enum place { OLD, OLD_FORUM, OTHER, NEW, NEW_FORUM, PLACES };

static const char *
database(enum place p)
{
	static const struct {
		const char *env, *name;
	} all[PLACES] = {
		[OLD] = { "SB_MONGO_DATABASE", "acme-openedx" },
		[OLD_FORUM] = { "SB_MONGO_FORUM",
		    "acme-cs_comments_service" },
		[OTHER] = { "SB_MONGO_OTHER", "other-openedx" },
		[NEW] = { "SB_NEW_MONGO_DATABASE", "acme-launchpad" },
		[NEW_FORUM] = { "SB_NEW_MONGO_FORUM",
		    "acme-launchpad-forum" },
	};

	return env_or(all[p].env, all[p].name);
}

static bool
seed_users(struct store *s)
{
	static const char *const root[][2] = {
		{ "root", "admin" }, { NULL, NULL }
	};
	static const char *const wide[][2] = {
		{ "readWriteAnyDatabase", "admin" },
		{ "dbAdminAnyDatabase", "admin" }, { NULL, NULL }
	};
	const char *const own[][2] = {
		{ "readWrite", database(NEW) },
		{ "readWrite", database(NEW_FORUM) }, { NULL, NULL }
	};

	return seed_user(s, env_or("SB_MONGO_ADMIN", "sbadmin"),
	    "SB_MONGO_ADMIN_PASSWORD", root)
	    && seed_user(s, env_or("SB_MONGO_USER", "acme"),
	    "SB_MONGO_PASSWORD", wide)
	    && seed_user(s, env_or("SB_NEW_MONGO_USER", "acme-launchpad"),
	    "SB_NEW_MONGO_PASSWORD", own);
}

/* A few documents as Open edX and its forum keep them; all made up. */
static const struct {
	enum place db;
	const char *coll, *json;
} documents[] = {
	{ OLD, "modulestore.active_versions",
	  "{\"_id\": {\"$oid\": \"65a000000000000000000001\"}, "
	  "\"org\": \"Acme\", \"course\": \"CS101\", \"run\": \"2026\"}" },
	{ OLD, "modulestore.active_versions",
	  "{\"_id\": {\"$oid\": \"65a000000000000000000002\"}, "
	  "\"org\": \"Acme\", \"course\": \"ART7\", \"run\": \"2026\"}" },
	{ OLD, "modulestore.structures",
	  "{\"_id\": {\"$oid\": \"65a000000000000000000003\"}, "
	  "\"blocks\": [{\"block_type\": \"course\"}, "
	  "{\"block_type\": \"chapter\"}]}" },
	{ OLD, "fs.files",
	  "{\"_id\": \"asset-v1:Acme+CS101+2026+type@asset+block@"
	  "logo.png\", \"length\": 12, \"chunkSize\": 261120}" },
	{ OLD_FORUM, "users",
	  "{\"_id\": \"4\", \"username\": \"ada\", "
	  "\"external_id\": \"4\"}" },
	{ OLD_FORUM, "contents",
	  "{\"_id\": {\"$oid\": \"65a000000000000000000004\"}, "
	  "\"_type\": \"CommentThread\", \"title\": \"Hello\", "
	  "\"author_id\": \"4\"}" },
	{ OTHER, "modulestore.active_versions",
	  "{\"_id\": {\"$oid\": \"65a000000000000000000005\"}, "
	  "\"org\": \"Other\", \"course\": \"X1\", \"run\": \"2025\"}" },
	{ NEW, "modulestore.active_versions",
	  "{\"_id\": {\"$oid\": \"65a000000000000000000006\"}, "
	  "\"org\": \"OpenedX\", \"course\": \"DemoX\", "
	  "\"run\": \"demo\"}" },
};

static bool
seed_documents(struct store *s)
{
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]);
	    i++) {
		bson_error_t e;
		bson_t *doc = bson_new_from_json(
		    (const uint8_t *)documents[i].json, -1, &e);

		if (doc == NULL) {
			(void)fprintf(stderr, "mongo: document %zu: %s\n", i,
			    e.message);
			return false;
		}
		(void)coll_insert(store_need_coll(s,
		    database(documents[i].db), documents[i].coll), doc);
		bson_destroy(doc);
	}
	return true;
}

static void *
serve(void *arg)
{
	struct conn *conn = arg;
	struct message m;
	bool ok = true;

	while (ok && wire_read(conn->fd, &m)) {
		bson_t reply = BSON_INITIALIZER;

		command_run(conn, m.db, m.body, m.legacy, &reply);
		if (!m.no_reply)
			ok = wire_reply(conn->fd, &m, &reply);
		bson_destroy(&reply);
		message_free(&m);
	}
	(void)close(conn->fd);
	conn->server->open--;
	conn_forget(conn);
	free(conn->login_user);
	free(conn->login_db);
	free(conn);
	return NULL;
}

static int
listen_at(const char *host, const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	char *end;
	long n = strtol(port, &end, 10);
	int one = 1, fd;

	if (*end != '\0' || n < 1 || n > 65535
	    || inet_pton(AF_INET, host, &at.sin_addr) != 1) {
		(void)fprintf(stderr, "mongo: no address: %s:%s\n", host,
		    port);
		return -1;
	}
	at.sin_port = htons((uint16_t)n);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0
	    || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))
	    != 0
	    || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0
	    || listen(fd, BACKLOG) != 0) {
		(void)fprintf(stderr, "mongo: %s:%s: %s\n", host, port,
		    strerror(errno));
		return -1;
	}
	return fd;
}

static void
accept_forever(struct server *s, int listener)
{
	for (;;) {
		struct conn *conn;
		pthread_t thread;
		int one = 1;
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			continue;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
		conn = mem_new(sizeof(*conn));
		conn->server = s;
		conn->fd = fd;
		conn->id = ++s->connections;
		s->open++;
		if (pthread_create(&thread, NULL, serve, conn) == 0)
			(void)pthread_detach(thread);
		else {
			(void)close(fd);
			s->open--;
			free(conn);
		}
	}
}

int
main(void)
{
	static struct server server = { .lock = PTHREAD_MUTEX_INITIALIZER };
	const char *host = env_or("SB_MONGO_HOST", "127.42.0.90");
	const char *port = env_or("SB_MONGO_PORT", "27017");
	const char *state = env_or("SB_STATE", NULL);
	int fd;

	(void)signal(SIGPIPE, SIG_IGN);
	if (!seed_users(&server.store) || !seed_documents(&server.store))
		return 2;
	server.replica_set = env_or("SB_MONGO_REPLICA_SET", NULL);
	if (state != NULL)
		server.counters_path = mem_fmt("%s/mongo.counters", state);
	fd = listen_at(host, port);
	if (fd < 0)
		return 1;
	counters_write(&server);
	accept_forever(&server, fd);
	return 0;
}
