/*
 * mongo_cmd - commands of the MongoDB double: the table of them, what each
 * takes, and the order in which a request is judged (as mongod does): known?
 * logged in? fields? allowed? then it is carried out.
 *
 * A command is a function that reads call.body, appends to call.reply and
 * returns true, or returns refuse(...). All run under the server's lock.
 */
#ifndef DOUBLES_MONGO_CMD_H
#define DOUBLES_MONGO_CMD_H

#include <bson/bson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mongo_store.h"

/* The server's codes that we give. */
enum code {
	BAD_VALUE = 2,
	USER_NOT_FOUND = 11,
	UNAUTHORIZED = 13,
	TYPE_MISMATCH = 14,
	PROTOCOL_ERROR = 17,
	AUTHENTICATION_FAILED = 18,
	ILLEGAL_OPERATION = 20,
	NAMESPACE_NOT_FOUND = 26,
	INDEX_NOT_FOUND = 27,
	ROLE_NOT_FOUND = 31,
	CURSOR_NOT_FOUND = 43,
	NAMESPACE_EXISTS = 48,
	COMMAND_NOT_FOUND = 59,
	INVALID_OPTIONS = 72,
	INVALID_NAMESPACE = 73,
	INDEX_OPTIONS_CONFLICT = 85,
	NOT_A_REPLICA_SET = 123,
	NOT_ON_VIEW = 166,
	SNAPSHOT_TOO_OLD = 239,
	MECHANISM_UNAVAILABLE = 334,
	UNSUPPORTED_OP_QUERY = 352,
	DUPLICATE_KEY = 11000,
	FIELD_TWICE = 40413,
	FIELD_MISSING = 40414,
	FIELD_UNKNOWN = 40415,
	NO_DATABASE = 40571,
	ROLE_EXISTS = 51002,
	USER_EXISTS = 51003
};

enum {
	COUNTERS_MAX = 256,
	CODE_TEXT = 512
};

/* Writes asked for: which command, by whom, on which database. */
struct counter {
	char *key;
	long n;
};

struct server {
	pthread_mutex_t lock;
	struct store store;
	const char *replica_set;	/* its name; NULL: a lone server */
	char *counters_path;		/* NULL: not kept */
	struct counter counters[COUNTERS_MAX];
	size_t n_counters;
	int32_t connections;
	atomic_int open;		/* of them, now */
};

/* One connection: who is logged in, and a login under way. */
struct conn {
	struct server *server;
	int fd;
	int32_t id;
	char *user, *user_db;		/* NULL: nobody */
	unsigned char user_id[USER_ID_LEN];
	struct scram scram;
	bool in_login, login_done;
	bool skip_empty;
	char *login_user, *login_db;
};

struct call {
	struct conn *conn;
	struct store *store;
	const char *db;
	const char *name;
	const bson_t *body;
	bson_t *reply;
	int64_t snapshot;		/* as of when it reads; 0: now */
	enum code code;
	char why[CODE_TEXT];
};

struct command {
	const char *name;
	bool (*run)(struct call *c);
	bool open;			/* also before login */
	bool admin_only;
	bool write;			/* counted */
	/*
	 * Fields as "name:type", blank separated; the command's own value
	 * first, under the command's name. Types: s text, d document,
	 * a array, b true or false (a number will do), n number, * any;
	 * with '!' it must be given. NULL: whatever comes is taken.
	 */
	const char *fields;
};

/* Say why a command is refused; always false. */
__attribute__((format(printf, 3, 4))) bool
refuse(struct call *c, enum code code, const char *fmt, ...);

/* Refuse as mongod does a command for which a right is missing. */
bool
refuse_unauthorized(struct call *c);

/*
 * Carry out a command that came for a database; the reply has ok, and the
 * code and text of an error.
 */
void
command_run(struct conn *conn, const char *db, const bson_t *body,
    bool legacy, bson_t *reply);

/* The user of this connection as of now; NULL: nobody, or dropped since. */
struct user *
call_user(const struct call *c);

/* Whether the connection's user may do this. */
bool
may_on_cluster(const struct call *c, const char *action);
bool
may_on_db(const struct call *c, const char *db, const char *action);
bool
may_on_coll(const struct call *c, const char *db, const char *coll,
    const char *action);
bool
may_on_all(const struct call *c, const char *action);

/* Fields of a document; the fallback when it is not there. */
const char *
get_text(const bson_t *doc, const char *key);
bool
get_bool(const bson_t *doc, const char *key, bool fallback);
int64_t
get_int(const bson_t *doc, const char *key, int64_t fallback);

/* A document or array in place; false when not there. */
bool
get_doc(const bson_t *doc, const char *key, bson_t *out);

/* Tables of commands, each ended by an empty row. */
extern const struct command login_commands[];
extern const struct command user_commands[];
extern const struct command data_commands[];

/* Forget who is logged in. */
void
conn_forget(struct conn *conn);

/* Write the counters' file. */
void
counters_write(struct server *s);

#endif
