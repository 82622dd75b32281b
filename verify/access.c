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

enum { ANSWER_SECONDS = 10, WORDS_MAX = 4096 };

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

/* Can he be asked about at all? As whom: see above. */
static bool
find_user(struct dbuser *u, const struct database_user *d, bool *admin,
    struct err *e)
{
	if (!dbuser_complete(u, d, e))
		return false;
	*admin = u->admin != NULL && u->admin_password != NULL;
	return (u->host != NULL && u->user != NULL && u->own[0] != NULL
	    && (*admin || u->password != NULL)) || err_set(e, ERR_OTHER,
	    "config.yml does not say host, user, password and database");
}

static bool
audit_mysql(struct pool *p, const struct subject *s, const struct databases *d,
    struct access *a, struct err *e)
{
	struct dbuser u = s->mysql;
	struct sql_login login;
	struct scope scope = { 0 };
	struct sql *sql;
	bool admin, ok;

	if (!find_user(&u, &d->mysql, &admin, e))
		return false;
	login = dbuser_sql(&u, admin, ANSWER_SECONDS);
	sql = sql_open(&login, e);
	if (sql == NULL)
		return false;
	ok = admin ? scope_audit(sql, p, u.user, u.own, &scope, e)
	    : scope_audit_self(sql, p, u.own, &scope, e);
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
	struct dbuser u = s->mongodb;
	struct mongo_login login;
	struct findings f = { 0 };
	struct mongo *m;
	bool admin, ok;

	if (!find_user(&u, &d->mongo, &admin, e))
		return false;
	login = dbuser_mongo(&u, admin, ANSWER_SECONDS);
	m = mongo_open(&login, e);
	if (m == NULL)
		return false;
	ok = admin ? mongo_audit(m, p, u.user, u.auth, u.own, &f, e)
	    : mongo_audit_self(m, p, u.own, &f, e);
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
