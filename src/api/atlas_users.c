/*
 * atlas_users - what database users of a project may do. They can't be asked
 * for, nor changed, on the server itself.
 */
#include "api/atlas.h"

#include "api/atlas_own.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum { APPLY_SECONDS = 600, LOOK_MS = 2000 };

static struct atlas_call
user_call(struct atlas *a, const char *method, const char *user,
    const char *db)
{
	return (struct atlas_call){ .method = method,
	    .what = pool_printf(a->pool, "Atlas: user %s of database %s",
		user, db),
	    .path = pool_printf(a->pool, "/databaseUsers/%s/%s",
		atlas_part(a, db), atlas_part(a, user)) };
}

static const char *
text_of(struct atlas *a, const struct json *j, const char *member)
{
	const char *s = json_str(j, member);

	return s == NULL ? "" : pool_strdup(a->pool, s);
}

bool
atlas_find_roles(struct atlas *a, const char *user, const char *db,
    struct atlas_roles *out, struct err *e)
{
	const struct atlas_call c = user_call(a, "GET", user, db);
	struct json *j;
	const struct json *all;
	struct atlas_role *v;
	size_t n = 0;

	if (!atlas_ask(a, &c, &j, e))
		return false;
	all = json_get(j, "roles");
	v = pool_alloc(a->pool, ((size_t)json_len(all) + 1) * sizeof *v);
	for (const struct json *r = json_first(all); r != NULL;
	    r = json_next(r))
		v[n++] = (struct atlas_role){ .role = text_of(a, r,
		    "roleName"), .db = text_of(a, r, "databaseName"),
		    .collection = pool_strdup(a->pool, json_str(r,
			"collectionName")) };
	*out = (struct atlas_roles){ .v = v, .n = n };
	json_free(j);
	return true;
}

bool
atlas_set_roles(struct atlas *a, const char *user, const char *db,
    const struct atlas_role *v, size_t n, struct err *e)
{
	struct json *body = json_object(), *reply;
	struct json *all = json_add(body, "roles", json_array());
	struct atlas_call c = user_call(a, "PATCH", user, db);
	bool ok;

	for (size_t i = 0; i < n; i++) {
		struct json *one = json_add(all, NULL, json_object());

		json_set_str(one, "roleName", v[i].role);
		json_set_str(one, "databaseName", v[i].db);
		if (v[i].collection != NULL)
			json_set_str(one, "collectionName", v[i].collection);
	}
	c.body = body;
	ok = atlas_ask(a, &c, &reply, e);
	json_free(reply);
	json_free(body);
	return ok;
}

bool
atlas_await_applied(struct atlas *a, const char *cluster, struct err *e)
{
	clock_ms deadline = clock_deadline(APPLY_SECONDS);
	const struct atlas_call c = { .method = "GET", .deadline = deadline,
	    .what = pool_printf(a->pool, "Atlas: cluster %s", cluster),
	    .path = pool_printf(a->pool, "/clusters/%s/status",
		atlas_part(a, cluster)) };

	for (;;) {
		struct json *j;
		bool applied;

		if (!atlas_ask(a, &c, &j, e))
			return false;
		applied = text_same(json_str(j, "changeStatus"), "APPLIED");
		json_free(j);
		if (applied)
			return true;
		if (!clock_pause_until(deadline, LOOK_MS))
			return err_set(e, ERR_TIMEOUT, "%s has not taken over"
			    " the change of users after %d s", c.what,
			    APPLY_SECONDS);
	}
}

/* Databases of one action's resources, appended. */
static size_t
take_resources(struct atlas *a, const struct json *action, const char **v,
    size_t n)
{
	const struct json *all = json_get(action, "resources");

	if (json_len(all) == 0)
		v[n++] = "";	/* not known: as if it were all */
	for (const struct json *r = json_first(all); r != NULL;
	    r = json_next(r)) {
		bool cluster;

		v[n++] = json_bool(r, "cluster", &cluster) && cluster ? ""
		    : text_of(a, r, "db");
	}
	return n;
}

/* Databases that the role's own actions are for; NULL-ended. */
static const char *const *
take_databases(struct atlas *a, const struct json *role)
{
	const struct json *actions = json_get(role, "actions");
	const char **names;
	size_t room = 1, n = 0;

	for (const struct json *i = json_first(actions); i != NULL;
	    i = json_next(i))
		room += (size_t)json_len(json_get(i, "resources")) + 1;
	names = pool_alloc(a->pool, room * sizeof *names);
	for (const struct json *i = json_first(actions); i != NULL;
	    i = json_next(i))
		n = take_resources(a, i, names, n);
	return names;
}

bool
atlas_find_custom(struct atlas *a, const char *role,
    struct atlas_custom *out, struct err *e)
{
	const struct atlas_call c = { .method = "GET",
	    .what = pool_printf(a->pool, "Atlas: custom role %s", role),
	    .path = pool_printf(a->pool, "/customDBRoles/roles/%s",
		atlas_part(a, role)) };
	const struct json *inside;
	struct atlas_role *v;
	struct json *j;
	size_t n = 0;

	if (!atlas_ask(a, &c, &j, e))
		return false;
	inside = json_get(j, "inheritedRoles");
	v = pool_alloc(a->pool, ((size_t)json_len(inside) + 1) * sizeof *v);
	for (const struct json *i = json_first(inside); i != NULL;
	    i = json_next(i))
		v[n++] = (struct atlas_role){ .role = text_of(a, i, "role"),
		    .db = text_of(a, i, "db") };
	*out = (struct atlas_custom){ .databases = take_databases(a, j),
	    .inside = { .v = v, .n = n } };
	json_free(j);
	return true;
}
