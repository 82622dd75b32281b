/*
 * dbuser - see dbuser.h.
 */
#include "site/dbuser.h"

#include <stddef.h>

#include "base/file.h"
#include "base/text.h"
#include "edx/databases.h"

enum { PORT_MAX = 65535 };

static struct dbuser mysql = { .usual_port = 3306 };
static struct dbuser mongodb = { .usual_port = 27017 };

const struct input dbuser_mysql_inputs[] = {
	{ .name = "mysql-host", .str = &mysql.host, .optional = true,
	  .plan = "mysql.host", .check = text_check_machine,
	  .help = "Server; that of config.yml if empty" },
	{ .name = "mysql-port", .num = &mysql.port, .min = 1, .max = PORT_MAX,
	  .optional = true, .plan = "mysql.port",
	  .help = "Its port; that of config.yml if empty, or 3306" },
	{ .name = "mysql-tls", .str = &mysql.tls, .oneof = sql_tls_words,
	  .dflt = "verify", .plan = "mysql.tls",
	  .help = "verify the server, only require encryption, or off" },
	{ .name = "mysql-ca-file", .str = &mysql.ca_file, .optional = true,
	  .plan = "mysql.ca-file", .check = file_check_certificates,
	  .help = "Roots that vouch for the server; ca-file if empty" },
	{ .name = "mysql-admin", .str = &mysql.admin, .plan = "mysql.admin",
	  .help = "Administrator, who may read, grant and revoke" },
	{ .name = "mysql-admin-password", .str = &mysql.admin_password,
	  .secret = true, .help = "Password of that administrator" },
	{ .name = "mysql-user", .str = &mysql.user, .optional = true,
	  .plan = "mysql.user",
	  .help = "The instance's user; that of config.yml if empty" },
	{ .name = "mysql-user-password", .str = &mysql.password,
	  .optional = true, .secret = true,
	  .help = "Its password, to log in as the instance does; that of "
	    "config.yml if empty" },
	{ .name = "mysql-databases", .str = &mysql.databases,
	  .optional = true, .plan = "mysql.databases", .list = true,
	  .help = "All its own databases; those of config.yml if empty" },
	{ 0 }
};

const struct input dbuser_mongodb_inputs[] = {
	{ .name = "mongodb-host", .str = &mongodb.host, .optional = true,
	  .plan = "mongodb.host", .check = mongo_check_host,
	  .help = "Server, or a mongodb:// URI without credentials; that of "
	    "config.yml if empty" },
	{ .name = "mongodb-port", .num = &mongodb.port, .min = 1,
	  .max = PORT_MAX, .optional = true, .plan = "mongodb.port",
	  .help = "Its port; that of config.yml if empty, or 27017" },
	{ .name = "mongodb-tls", .str = &mongodb.tls, .oneof = mongo_tls_words,
	  .optional = true, .plan = "mongodb.tls",
	  .help = "verify the server, only require encryption, or off; off "
	    "if empty and config.yml says so, else verify" },
	{ .name = "mongodb-ca-file", .str = &mongodb.ca_file, .optional = true,
	  .plan = "mongodb.ca-file", .check = file_check_certificates,
	  .help = "Roots that vouch for the server; ca-file if empty" },
	{ .name = "mongodb-admin", .str = &mongodb.admin,
	  .plan = "mongodb.admin",
	  .help = "Administrator of database admin, who may read and "
	    "change users" },
	{ .name = "mongodb-admin-password", .str = &mongodb.admin_password,
	  .secret = true, .help = "Password of that administrator" },
	{ .name = "mongodb-user", .str = &mongodb.user, .optional = true,
	  .plan = "mongodb.user",
	  .help = "The instance's user; that of config.yml if empty" },
	{ .name = "mongodb-user-password", .str = &mongodb.password,
	  .optional = true, .secret = true,
	  .help = "Its password, to log in as the instance does; that of "
	    "config.yml if empty" },
	{ .name = "mongodb-auth-database", .str = &mongodb.auth,
	  .optional = true, .plan = "mongodb.auth-database",
	  .help = "Where it is defined; that of config.yml, or admin" },
	{ .name = "mongodb-databases", .str = &mongodb.databases,
	  .optional = true, .plan = "mongodb.databases", .list = true,
	  .help = "Its main and forum databases; those of config.yml if "
	    "empty" },
	{ 0 }
};

struct dbuser
dbuser_mysql(void)
{
	return mysql;
}

struct dbuser
dbuser_mongodb(void)
{
	return mongodb;
}

/* The first of the two that is known. */
static const char *
either(const char *given, const char *configured)
{
	return given != NULL ? given : configured;
}

static bool
find_port(struct dbuser *u, const char *configured, struct err *e)
{
	if (u->port != 0)
		return true;
	u->port = u->usual_port;
	return configured == NULL
	    || text_number(configured, 1, PORT_MAX, &u->port, e);
}

bool
dbuser_complete(struct dbuser *u, const struct database_user *d,
    struct err *e)
{
	const struct step_common *c = step_common();

	u->host = either(u->host, d->host);
	u->user = either(u->user, d->user);
	if (u->password == NULL && text_same(u->user, d->user))
		u->password = d->password;
	u->auth = either(either(u->auth, d->auth), "admin");
	if (u->tls == NULL && text_same(d->tls, "false"))
		u->tls = "off";
	u->ca_file = either(u->ca_file, c->ca_file);
	u->own = u->databases != NULL
	    ? text_split(c->pool, u->databases, NULL) : d->own;
	u->unread = u->databases != NULL ? NULL : d->unread;
	return find_port(u, d->port, e);
}

struct sql_login
dbuser_sql(const struct dbuser *u, bool admin, long seconds)
{
	return (struct sql_login){ .host = u->host, .port = u->port,
		.user = admin ? u->admin : u->user,
		.password = admin ? u->admin_password : u->password,
		.tls = u->tls, .ca_file = u->ca_file, .seconds = seconds };
}

struct mongo_login
dbuser_mongo(const struct dbuser *u, bool admin, long seconds)
{
	return (struct mongo_login){ .host = u->host, .port = u->port,
		.user = admin ? u->admin : u->user,
		.password = admin ? u->admin_password : u->password,
		.auth_db = admin ? "admin" : u->auth,
		.tls = u->tls, .ca_file = u->ca_file, .seconds = seconds };
}
