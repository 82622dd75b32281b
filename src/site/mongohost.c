/*
 * mongohost - see mongohost.h.
 *
 * Atlas may grant a role on one collection alone. Such a one is kept as the
 * role "<role> <collection>", since no name of a role has a blank.
 */
#include "site/mongohost.h"

#include <string.h>

#include "api/atlas.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/dbuser.h"
#include "site/managed.h"

enum {
	ANSWER_SECONDS = 30,	/* an election takes less */
	ROLES_DEEP = 8,		/* roles within roles, as Atlas allows them */
};

static struct {
	const char *cluster;
} in;

const struct input mongohost_inputs[] = {
	{ .rows = managed_project_inputs },
	{ .name = "mongodb-cluster", .str = &in.cluster, .optional = true,
	  .plan = "mongodb.cluster",
	  .help = "Name of its cluster at Atlas, which takes over changes "
	    "of users" },
	{ .rows = managed_atlas_inputs },
	{ 0 }
};

struct mongohost {
	struct pool *pool;
	const struct dbuser *who;
	bool document_db;
	struct mongo *admin;	/* one of these two */
	struct atlas *atlas;
};

/* --- logging in --- */

static bool
is_document_db(const char *provider, const char *host)
{
	return text_same(provider, "aws")
	    || strstr(host, ".docdb.amazonaws.com") != NULL
	    || strstr(host, ".docdb-elastic.amazonaws.com") != NULL;
}

static bool
check_document_db(const struct mongohost *h, struct err *e)
{
	log_info("%s is DocumentDB, which keeps all users in the database "
	    "admin", h->who->host);
	if (!text_same(h->who->auth, "admin"))
		return err_set(e, ERR_INPUT, "mongodb-auth-database: at "
		    "DocumentDB all users are in admin, none in %s",
		    h->who->auth);
	return !text_same(h->who->user, "serviceadmin") || err_set(e,
	    ERR_INPUT, "mongodb-user: serviceadmin is DocumentDB's own");
}

static bool
open_server(struct mongohost *h, struct err *e)
{
	const struct mongo_login l = dbuser_mongo(h->who, true,
	    ANSWER_SECONDS);

	if (l.user == NULL || l.password == NULL)
		return err_set(e, ERR_INPUT, "%s: it is needed, since the "
		    "server is asked itself", l.user == NULL ?
		    "mongodb-admin" : "mongodb-admin-password");
	if (h->document_db && !check_document_db(h, e))
		return false;
	h->admin = mongo_open(&l, e);
	return h->admin != NULL;
}

static bool
open_atlas(struct mongohost *h, struct err *e)
{
	if (in.cluster == NULL)
		return err_set(e, ERR_INPUT, "mongodb-cluster: it is needed, "
		    "since the provider is atlas");
	h->atlas = managed_open_atlas(e);
	return h->atlas != NULL;
}

struct mongohost *
mongohost_open(const char *provider, const struct dbuser *who, struct err *e)
{
	struct pool *p = step_common()->pool;
	struct mongohost *h = pool_alloc(p, sizeof *h);

	*h = (struct mongohost){ .pool = p, .who = who,
		.document_db = is_document_db(provider, who->host) };
	if (text_same(provider, "atlas") ? open_atlas(h, e)
	    : open_server(h, e))
		return h;
	mongohost_close(h);
	return NULL;
}

void
mongohost_close(struct mongohost *h)
{
	if (h == NULL)
		return;
	mongo_close(h->admin);
	atlas_close(h->atlas);
}

/* --- users at Atlas --- */

static bool resolve(struct mongohost *, struct mongo_role *, int deep,
    struct err *);

/* The worst that a role of the project's own allows. */
static bool
resolve_custom(struct mongohost *h, struct mongo_role *r, int deep,
    struct err *e)
{
	struct atlas_custom c;
	struct err why = { 0 };

	if (!atlas_find_custom(h->atlas, r->role, &c, &why)) {
		if (why.kind == ERR_NOT_FOUND)	/* which the judge takes as */
			return true;		/* bad */
		*e = why;
		return false;
	}
	r->resolved = true;
	for (size_t i = 0; c.databases[i] != NULL; i++) {
		enum severity s = roles_privilege_severity(c.databases[i],
		    c.databases[i][0] == '\0', h->who->own);

		if (s > r->severity)
			r->severity = s;
	}
	for (size_t i = 0; i < c.inside.n; i++) {
		struct mongo_role one = { .role = c.inside.v[i].role,
		    .db = c.inside.v[i].db };
		enum severity s;

		if (!resolve(h, &one, deep + 1, e))
			return false;
		s = roles_severity(&one, h->who->own);
		if (s > r->severity)
			r->severity = s;
	}
	return true;
}

static bool
resolve(struct mongohost *h, struct mongo_role *r, int deep, struct err *e)
{
	if (strchr(r->role, ' ') != NULL) {
		r->resolved = true;
		r->severity = roles_privilege_severity(r->db, false,
		    h->who->own);
		return true;
	}
	return roles_is_builtin(r->role) || deep == ROLES_DEEP
	    || resolve_custom(h, r, deep, e);
}

static bool
find_at_atlas(struct mongohost *h, struct mongo_users *out, struct err *e)
{
	struct mongo_user *u = pool_alloc(h->pool, sizeof *u);
	struct atlas_roles found;
	struct mongo_role *v;
	struct err why = { 0 };

	*out = (struct mongo_users){ .v = u };
	if (!atlas_find_roles(h->atlas, h->who->user, h->who->auth, &found,
	    &why)) {
		if (why.kind == ERR_NOT_FOUND)
			return true;
		*e = why;
		return false;
	}
	v = pool_alloc(h->pool, (found.n + 1) * sizeof *v);
	for (size_t i = 0; i < found.n; i++) {
		const struct atlas_role *r = &found.v[i];

		v[i] = (struct mongo_role){ .role = r->collection == NULL
		    ? r->role : pool_printf(h->pool, "%s %s", r->role,
			r->collection), .db = r->db };
		if (!resolve(h, &v[i], 0, e))
			return false;
	}
	*u = (struct mongo_user){ .user = h->who->user, .db = h->who->auth,
		.roles = v, .nroles = found.n };
	out->n = 1;
	return true;
}

static bool
set_at_atlas(struct mongohost *h, const struct mongo_role *v, size_t n,
    struct err *e)
{
	struct atlas_role *all = pool_alloc(h->pool, (n + 1) * sizeof *all);

	for (size_t i = 0; i < n; i++) {
		const char *blank = strchr(v[i].role, ' ');

		all[i] = (struct atlas_role){ .role = v[i].role,
		    .db = v[i].db };
		if (blank != NULL) {
			all[i].role = pool_strndup(h->pool, v[i].role,
			    (size_t)(blank - v[i].role));
			all[i].collection = blank + 1;
		}
	}
	return atlas_set_roles(h->atlas, h->who->user, h->who->auth, all, n,
	    e) && mongohost_await(h, e);
}

/* --- anywhere --- */

bool
mongohost_find_users(struct mongohost *h, struct mongo_users *out,
    struct err *e)
{
	const struct dbuser *w = h->who;

	if (h->atlas != NULL)
		return find_at_atlas(h, out, e);
	if (h->document_db)
		return mongo_find_user(h->admin, h->pool, w->user, w->auth,
		    w->own, out, e);
	return mongo_find_users(h->admin, h->pool, w->user, w->own, out, e);
}

bool
mongohost_set_roles(struct mongohost *h, const struct mongo_role *v, size_t n,
    struct err *e)
{
	return h->atlas != NULL ? set_at_atlas(h, v, n, e)
	    : mongo_set_roles(h->admin, h->who->user, h->who->auth, v, n, e);
}

bool
mongohost_await(struct mongohost *h, struct err *e)
{
	return h->atlas == NULL
	    || atlas_await_applied(h->atlas, in.cluster, e);
}

bool
mongohost_create_user(struct mongohost *h, const struct mongo_role *v,
    size_t n, struct err *e)
{
	const struct dbuser *w = h->who;

	if (h->atlas != NULL)
		return err_set(e, ERR_INPUT, "mongodb-user: the Atlas project "
		    "has no user %s in database %s: make him there, or name "
		    "the right one", w->user, w->auth);
	return mongo_create_user(h->admin, w->user, w->auth, w->password, v,
	    n, e);
}

bool
mongohost_find_databases(struct mongohost *h, const char *const **names,
    struct err *e)
{
	static const char *const none[] = { NULL };

	*names = none;
	return h->admin == NULL
	    || mongo_find_databases(h->admin, h->pool, names, e);
}
