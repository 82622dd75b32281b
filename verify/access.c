/*
 * access - what the instance's database users may do; see facts.h.
 *
 * Through the administrator if his password is given, else as the user
 * itself, with what config.yml says.
 */
#include "base/mem.h"
#include "base/text.h"
#include "db/finding.h"
#include "db/mongo.h"
#include "db/mysql.h"
#include "db/mysql_scope.h"
#include "edx/databases.h"
#include "verify/facts.h"
#include "verify/verify.h"

enum { ANSWER_SECONDS = 10, WORDS_MAX = 4096, MYSQL_PORT = 3306,
	MONGO_PORT = 27017, MAX_PORT = 65535 };

static void
not_known(struct pool *p, struct access *a, const char *why)
{
	a->asked = true;
	a->words = pool_strdup(p, why);
}

static void
known(struct pool *p, struct access *a, const struct findings *f)
{
	struct buf b = buf_new(WORDS_MAX);

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].severity != SEV_INFO)
			buf_printf(&b, "%s%s: %s: %s", b.len > 0 ? "; " : "",
			    severity_name(f->v[i].severity),
			    f->v[i].account, f->v[i].text);
	a->asked = a->known = true;
	a->scoped = findings_clean(f);
	a->words = a->scoped ? "its own databases only"
	    : pool_strdup(p, buf_str(&b));
	buf_free(&b);
}

static long
port(long given, const char *configured, long dflt)
{
	struct err ignored;
	long n;

	if (given > 0)
		return given;
	return configured != NULL && text_number(configured, 1, MAX_PORT, &n,
	    &ignored) ? n : dflt;
}

static const char *const *
own_databases(struct pool *p, const char *given, const char *const *config)
{
	return given != NULL ? text_split(p, given, NULL) : config;
}

static bool
audit_mysql(struct pool *p, const struct subject *s, const struct databases *d,
    struct access *a, struct err *e)
{
	bool admin = s->mysql_password != NULL && s->mysql_admin != NULL;
	const char *const *own = own_databases(p, s->mysql_databases,
	    d->mysql);
	const char *user = s->mysql_user != NULL ? s->mysql_user
	    : d->mysql_user;
	struct sql_login login = {
		.host = s->mysql_host != NULL ? s->mysql_host : d->mysql_host,
		.port = port(s->mysql_port, d->mysql_port, MYSQL_PORT),
		.user = admin ? s->mysql_admin : d->mysql_user,
		.password = admin ? s->mysql_password : d->mysql_password,
		.tls = s->mysql_tls, .ca_file = s->mysql_ca,
		.seconds = ANSWER_SECONDS };
	struct scope scope = { 0 };
	struct sql *sql;
	bool ok;

	if (login.host == NULL || login.user == NULL || user == NULL
	    || login.password == NULL || own[0] == NULL)
		return err_set(e, ERR_OTHER, "config.yml does not say host, "
		    "user, password and database");
	sql = sql_open(&login, e);
	if (sql == NULL)
		return false;
	ok = admin ? scope_audit(sql, p, user, own, &scope, e)
	    : scope_audit_self(sql, p, own, &scope, e);
	if (ok)
		known(p, a, &scope.findings);
	sql_close(sql);
	return ok;
}

void
access_find_mysql(struct pool *p, const struct subject *s, struct access *a)
{
	struct err e = { 0 };
	struct databases d;

	if (!databases_find(p, s->workspace, s->instance, &d, &e)
	    || !audit_mysql(p, s, &d, a, &e))
		not_known(p, a, e.text);
}

static bool
audit_mongo(struct pool *p, const struct subject *s, const struct databases *d,
    struct access *a, struct err *e)
{
	bool admin = s->mongo_password != NULL && s->mongo_admin != NULL;
	const char *const *own = own_databases(p, s->mongo_databases,
	    d->mongo);
	const char *user = s->mongo_user != NULL ? s->mongo_user
	    : d->mongo_user;
	const char *auth = s->mongo_auth != NULL ? s->mongo_auth
	    : d->mongo_auth != NULL ? d->mongo_auth : "admin";
	struct mongo_login login = {
		.host = s->mongo_host != NULL ? s->mongo_host : d->mongo_host,
		.port = port(s->mongo_port, d->mongo_port, MONGO_PORT),
		.user = admin ? s->mongo_admin : d->mongo_user,
		.password = admin ? s->mongo_password : d->mongo_password,
		.auth_db = admin ? NULL : auth,
		.tls = s->mongo_tls != NULL ? s->mongo_tls
		    : text_same(d->mongo_tls, "false") ? "off" : NULL,
		.ca_file = s->mongo_ca, .seconds = ANSWER_SECONDS };
	struct findings f = { 0 };
	struct mongo *m;
	bool ok;

	if (login.host == NULL || login.user == NULL || user == NULL
	    || login.password == NULL || own[0] == NULL)
		return err_set(e, ERR_OTHER, "config.yml does not say host, "
		    "user, password and database");
	m = mongo_open(&login, e);
	if (m == NULL)
		return false;
	ok = admin ? mongo_audit(m, p, user, auth, own, &f, e)
	    : mongo_audit_self(m, p, own, &f, e);
	if (ok)
		known(p, a, &f);
	mongo_close(m);
	return ok;
}

void
access_find_mongo(struct pool *p, const struct subject *s, struct access *a)
{
	struct err e = { 0 };
	struct databases d;

	if (!databases_find(p, s->workspace, s->instance, &d, &e)
	    || !audit_mongo(p, s, &d, a, &e))
		not_known(p, a, e.text);
}
