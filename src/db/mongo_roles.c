/* mongo_roles - severities of roles, in a table. */
#include "db/mongo_roles.h"

#include "base/mem.h"
#include "base/text.h"

enum { TEXT_MAX = 64 * 1024 };

/* Severity on an own database, or on every one for what has no database. */
static const struct {
	const char *role;
	bool everywhere;	/* is granted on admin, acts on all */
	enum severity severity;
} builtin[] = {
	{ "read", false, SEV_LOW },	/* redundant beside readWrite */
	{ "readWrite", false, SEV_INFO },
	{ "dbAdmin", false, SEV_MEDIUM },
	{ "dbOwner", false, SEV_HIGH },
	{ "userAdmin", false, SEV_CRITICAL },	/* grants itself the rest */
	{ "root", true, SEV_CRITICAL },
	{ "__system", true, SEV_CRITICAL },
	{ "atlasAdmin", true, SEV_CRITICAL },
	{ "clusterAdmin", true, SEV_CRITICAL },
	{ "restore", true, SEV_CRITICAL },
	{ "readWriteAnyDatabase", true, SEV_CRITICAL },
	{ "userAdminAnyDatabase", true, SEV_CRITICAL },
	{ "dbAdminAnyDatabase", true, SEV_CRITICAL },
	{ "readAnyDatabase", true, SEV_HIGH },
	{ "backup", true, SEV_HIGH },
	{ "hostManager", true, SEV_HIGH },
	{ "clusterManager", true, SEV_HIGH },
	{ "directShardOperations", true, SEV_HIGH },
	{ "clusterMonitor", true, SEV_MEDIUM },
	{ "enableSharding", true, SEV_MEDIUM },
};

enum { BUILTIN = sizeof(builtin) / sizeof(builtin[0]) };

static bool
is_own(const char *db, const char *const *own)
{
	for (size_t i = 0; own[i] != NULL; i++)
		if (text_same(own[i], db))
			return true;
	return false;
}

/* Databases of the server: users, sharding, the log of all writes. */
static bool
is_system(const char *db)
{
	return text_same(db, "admin") || text_same(db, "config")
	    || text_same(db, "local");
}

static bool
is_listed(const struct mongo_role *list, size_t n, const char *role,
    const char *db)
{
	for (size_t i = 0; i < n; i++)
		if (text_same(list[i].role, role)
		    && text_same(list[i].db, db))
			return true;
	return false;
}

size_t
roles_wanted(struct pool *pool, const char *const *own,
    const struct mongo_role **wanted)
{
	struct mongo_role *v;
	size_t n = 0, most = 0;

	while (own[most] != NULL)
		most++;
	v = pool_alloc(pool, (most + 1) * sizeof(*v));
	for (size_t i = 0; i < most; i++)
		if (!is_listed(v, n, "readWrite", own[i]))
			v[n++] = (struct mongo_role){ .role = "readWrite",
			    .db = own[i] };
	*wanted = v;
	return n;
}

bool
roles_same(const struct mongo_user *u, const struct mongo_role *wanted,
    size_t n)
{
	for (size_t i = 0; i < u->nroles; i++)
		if (!is_listed(wanted, n, u->roles[i].role, u->roles[i].db))
			return false;
	for (size_t i = 0; i < n; i++)
		if (!is_listed(u->roles, u->nroles, wanted[i].role,
		    wanted[i].db))
			return false;
	return true;
}

static int
find_builtin(const char *role)
{
	for (int i = 0; i < BUILTIN; i++)
		if (text_same(builtin[i].role, role))
			return i;
	return -1;
}

bool
roles_is_builtin(const char *role)
{
	return find_builtin(role) >= 0;
}

enum severity
roles_privilege_severity(const char *db, bool everything,
    const char *const *own)
{
	if (everything || is_system(db))
		return SEV_CRITICAL;
	return is_own(db, own) ? SEV_MEDIUM : SEV_HIGH;
}

enum severity
roles_severity(const struct mongo_role *r, const char *const *own)
{
	int i = find_builtin(r->role);

	if (i < 0)
		return r->resolved && r->severity > SEV_MEDIUM ? r->severity :
		    r->resolved ? SEV_MEDIUM : SEV_HIGH;
	if (builtin[i].everywhere)
		return builtin[i].severity;
	if (is_system(r->db))
		return SEV_CRITICAL;
	if (is_own(r->db, own))
		return builtin[i].severity;
	return builtin[i].severity > SEV_HIGH ? builtin[i].severity :
	    SEV_HIGH;
}

static void
judge_user(struct pool *pool, const struct mongo_user *u,
    const char *const *own, struct findings *f)
{
	const struct mongo_role *wanted;
	size_t n = roles_wanted(pool, own, &wanted);
	const char *name = pool_printf(pool, "%s.%s", u->db, u->user);

	for (size_t i = 0; i < u->nroles; i++) {
		const struct mongo_role *r = &u->roles[i];

		if (!is_listed(wanted, n, r->role, r->db))
			findings_add(pool, f, roles_severity(r, own),
			    FINDING_EXCESS, name, "%s@%s", r->role, r->db);
	}
	for (size_t i = 0; i < n; i++)
		if (!is_listed(u->roles, u->nroles, wanted[i].role,
		    wanted[i].db))
			findings_add(pool, f, SEV_HIGH, FINDING_MISSING,
			    name, "%s@%s", wanted[i].role, wanted[i].db);
}

/* The same name elsewhere is another user, with a password of its own. */
static void
judge_namesake(struct pool *pool, const struct mongo_user *u,
    const char *const *own, struct findings *f)
{
	enum severity worst = SEV_MEDIUM;

	for (size_t i = 0; i < u->nroles; i++) {
		enum severity s = roles_severity(&u->roles[i], own);

		if (s > worst)
			worst = s;
	}
	findings_add(pool, f, worst, FINDING_HAND,
	    pool_printf(pool, "%s.%s", u->db, u->user),
	    "another user of this name, with %s",
	    roles_print(pool, u->roles, u->nroles));
}

void
roles_judge(struct pool *pool, const struct mongo_user *users, size_t n,
    const char *auth_db, const char *const *own, struct findings *f)
{
	for (size_t i = 0; i < n; i++)
		if (text_same(users[i].db, auth_db))
			judge_user(pool, &users[i], own, f);
		else
			judge_namesake(pool, &users[i], own, f);
}

const char *
roles_print(struct pool *pool, const struct mongo_role *roles, size_t n)
{
	struct buf out = buf_new(TEXT_MAX);
	const char *text;

	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s%s@%s", i > 0 ? ", " : "",
		    roles[i].role, roles[i].db);
	text = n == 0 ? "none" : pool_strdup(pool, buf_str(&out));
	buf_free(&out);
	return text;
}
