/*
 * dbuser - the instance's user on its MySQL or MongoDB server, and the
 * administrator who may look at him or change him: from the inputs, and where
 * they say nothing, from the instance's settings.
 */
#ifndef SITE_DBUSER_H
#define SITE_DBUSER_H

#include <stdbool.h>

#include "base/err.h"
#include "db/mongo.h"
#include "db/mysql.h"
#include "step/step.h"

struct database_user;

/* Strings may be NULL: not known. */
struct dbuser {
	const char *host;
	long port, usual_port;		/* 0: not known */
	const char *tls;		/* a word of sql_tls_words */
	const char *ca_file;
	const char *admin, *admin_password;
	const char *user, *password;
	const char *auth;		/* MongoDB: where he is defined */
	const char *databases;		/* input: a list of names */
	const char *const *own;		/* they, or the settings'; NULL-ended
					 * once completed */
	const char *unread;		/* why the settings' may lack one */
};

/* Rows mysql-host, -port, -tls, -ca-file, -admin, -admin-password, -user,
 * -user-password, -databases; the same with mongodb-, and
 * mongodb-auth-database. */
extern const struct input dbuser_mysql_inputs[];
extern const struct input dbuser_mongodb_inputs[];

/* What the inputs say. */
struct dbuser dbuser_mysql(void);
struct dbuser dbuser_mongodb(void);

/* What they do not say is taken from the settings; the port is never 0
 * then. ERR_INPUT: the settings' port is none. */
bool dbuser_complete(struct dbuser *, const struct database_user *,
    struct err *) MUST_CHECK;

/* How the one or the other logs in. */
struct sql_login dbuser_sql(const struct dbuser *, bool admin, long seconds);
struct mongo_login dbuser_mongo(const struct dbuser *, bool admin,
    long seconds);

#endif
