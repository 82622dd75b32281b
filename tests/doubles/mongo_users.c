/*
 * mongo_users - commands about users and roles.
 *
 * Rights, errors and the shape of replies are those of mongod 7.0: who may
 * create a user needs createUser on its database and grantRole on that of
 * each role; who sets a roles array needs revokeRole everywhere; people see
 * themselves and may change nothing of it.
 */
#include <stdlib.h>
#include <string.h>

#include "mongo_base.h"
#include "mongo_cmd.h"

static const char *
array_key(uint32_t i, char buf[16])
{
	const char *key;

	bson_uint32_to_string(i, &key, buf, 16);
	return key;
}

/*
 * Role names out of an array "roles", if there: "name" means of this
 * database, or {role, db}.
 */
static bool
read_roles(struct call *c, const bson_t *doc, struct role_names *out)
{
	bson_t list, row;
	bson_iter_t it;

	if (!get_doc(doc, "roles", &list))
		return true;
	bson_iter_init(&it, &list);
	while (bson_iter_next(&it)) {
		const char *role = NULL, *db = c->db;
		const uint8_t *p;
		uint32_t n;

		if (BSON_ITER_HOLDS_UTF8(&it))
			role = bson_iter_utf8(&it, NULL);
		else if (BSON_ITER_HOLDS_DOCUMENT(&it)) {
			bson_iter_document(&it, &n, &p);
			bson_init_static(&row, p, n);
			role = get_text(&row, "role");
			db = get_text(&row, "db");
			if (role == NULL || db == NULL
			    || bson_count_keys(&row) != 2)
				return refuse(c, BAD_VALUE,
				    "Role names must be either strings or "
				    "objects of role and db");
		}
		if (role == NULL)
			return refuse(c, TYPE_MISMATCH,
			    "Role names must be either strings or objects");
		role_names_add(out, role, db);
	}
	return true;
}

static bool
check_roles(struct call *c, const struct role_names *l, const char *right)
{
	for (size_t i = 0; i < l->n; i++) {
		if (!may_on_db(c, l->v[i].db, right))
			return refuse(c, UNAUTHORIZED,
			    "Not authorized to %s role: %.64s@%.64s",
			    strcmp(right, "grantRole") == 0 ? "grant"
			    : "revoke", l->v[i].role, l->v[i].db);
	}
	return true;
}

static bool
check_roles_exist(struct call *c, const struct role_names *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (!store_role_exists(c->store, l->v[i].role, l->v[i].db))
			return refuse(c, ROLE_NOT_FOUND,
			    "Could not find role: %.64s@%.64s",
			    l->v[i].role, l->v[i].db);
	}
	return true;
}

static void
append_roles(bson_t *doc, const char *key, const struct role_names *l)
{
	bson_t list, row;
	char buf[16];

	bson_append_array_begin(doc, key, -1, &list);
	for (uint32_t i = 0; i < l->n; i++) {
		bson_append_document_begin(&list, array_key(i, buf), -1,
		    &row);
		bson_append_utf8(&row, "role", -1, l->v[i].role, -1);
		bson_append_utf8(&row, "db", -1, l->v[i].db, -1);
		bson_append_document_end(&list, &row);
	}
	bson_append_array_end(doc, &list);
}

/* Which mechanisms an array names; all of them without one. */
static bool
read_mechanisms(struct call *c, bool want[MECHS])
{
	bson_t list;
	bson_iter_t it;

	want[MECH_SHA1] = want[MECH_SHA256] = true;
	if (!get_doc(c->body, "mechanisms", &list))
		return true;
	if (bson_empty(&list))
		return refuse(c, BAD_VALUE,
		    "mechanisms field must not be empty");
	want[MECH_SHA1] = want[MECH_SHA256] = false;
	bson_iter_init(&it, &list);
	while (bson_iter_next(&it)) {
		const char *name = BSON_ITER_HOLDS_UTF8(&it)
		    ? bson_iter_utf8(&it, NULL) : "";
		int mech = mech_find(name);

		if (mech < 0)
			return refuse(c, BAD_VALUE,
			    "Unknown auth mechanism '%.64s'", name);
		want[mech] = true;
	}
	return true;
}

/* What a password becomes; nothing is changed when it is refused. */
static bool
make_credentials(struct call *c, const char *user,
    struct credential cred[MECHS])
{
	const char *pwd = get_text(c->body, "pwd");
	bool want[MECHS];

	if (!read_mechanisms(c, want))
		return false;
	if (pwd[0] == '\0')
		return refuse(c, (enum code)50687,
		    "Password cannot be empty");
	if (!get_bool(c->body, "digestPassword", true))
		return refuse(c, BAD_VALUE, "Use of SCRAM-SHA-256 requires "
		    "undigested passwords");
	for (int i = 0; i < MECHS; i++) {
		cred[i] = (struct credential){ 0 };
		if (want[i])
			credential_make((enum mech)i, user, pwd, &cred[i]);
	}
	return true;
}

static void
keep_doc(const bson_t *body, const char *key, bson_t **kept)
{
	bson_t doc;

	if (!get_doc(body, key, &doc))
		return;
	bson_destroy(*kept);
	*kept = bson_empty(&doc) ? NULL : bson_copy(&doc);
}

static bool
check_create_user(struct call *c, const char *name,
    const struct role_names *roles)
{
	bool want[MECHS];

	if (!may_on_db(c, c->db, "createUser"))
		return refuse(c, UNAUTHORIZED,
		    "Not authorized to create users on db: %s", c->db);
	if (!check_roles(c, roles, "grantRole"))
		return false;
	if (bson_has_field(c->body, "authenticationRestrictions")
	    && !may_on_db(c, c->db, "setAuthenticationRestriction"))
		return refuse(c, UNAUTHORIZED, "Unauthorized");
	if (strcmp(c->db, "local") == 0)
		return refuse(c, BAD_VALUE,
		    "Cannot create users in the local database");
	if (name[0] == '\0')
		return refuse(c, BAD_VALUE,
		    "User document needs 'user' field to be non-empty");
	if (get_text(c->body, "pwd") == NULL)
		return refuse(c, BAD_VALUE,
		    "Must provide a 'pwd' field for all user documents, "
		    "except those with '$external' as the user's source db");
	return read_mechanisms(c, want) && check_roles_exist(c, roles);
}

static bool
run_create_user(struct call *c)
{
	const char *name = get_text(c->body, c->name);
	struct credential cred[MECHS];
	struct role_names roles = { 0 };
	struct user *u;

	if (!read_roles(c, c->body, &roles)
	    || !check_create_user(c, name, &roles)
	    || !make_credentials(c, name, cred)) {
		role_names_free(&roles);
		return false;
	}
	if (store_find_user(c->store, name, c->db) != NULL) {
		role_names_free(&roles);
		return refuse(c, USER_EXISTS,
		    "User \"%.128s@%s\" already exists", name, c->db);
	}
	u = store_add_user(c->store, name, c->db);
	u->roles = roles;
	memcpy(u->cred, cred, sizeof(u->cred));
	keep_doc(c->body, "customData", &u->custom);
	keep_doc(c->body, "authenticationRestrictions", &u->restrictions);
	return true;
}

/*
 * Nobody may change themselves by built-in roles (that takes a role with
 * changeOwnPassword on the user's database).
 */
static bool
may_change(const struct call *c, const char *name, const char *right,
    const char *own)
{
	const struct user *me = call_user(c);

	if (may_on_db(c, c->db, right))
		return true;
	return me != NULL && strcmp(me->name, name) == 0
	    && strcmp(me->db, c->db) == 0 && may_on_db(c, c->db, own);
}

static bool
check_update_user(struct call *c, const char *name,
    const struct role_names *roles)
{
	if (bson_has_field(c->body, "pwd")
	    && !may_change(c, name, "changePassword", "changeOwnPassword"))
		return refuse(c, UNAUTHORIZED,
		    "Not authorized to change password of user: %.128s@%s",
		    name, c->db);
	if (bson_has_field(c->body, "customData")
	    && !may_change(c, name, "changeCustomData",
	    "changeOwnCustomData"))
		return refuse(c, UNAUTHORIZED,
		    "Not authorized to change customData of user: "
		    "%.128s@%s", name, c->db);
	if (bson_has_field(c->body, "roles")) {
		if (!may_on_all(c, "revokeRole"))
			return refuse(c, UNAUTHORIZED,
			    "In order to use updateUser to set roles array, "
			    "must be authorized to revoke any role in the "
			    "system");
		if (!check_roles(c, roles, "grantRole"))
			return false;
	}
	if (bson_has_field(c->body, "authenticationRestrictions")
	    && !may_on_db(c, c->db, "setAuthenticationRestriction"))
		return refuse(c, UNAUTHORIZED, "Unauthorized");
	return true;
}

/* mechanisms without pwd can only take some away. */
static bool
trim_credentials(struct call *c, struct credential cred[MECHS])
{
	bool want[MECHS];

	if (!read_mechanisms(c, want))
		return false;
	for (int i = 0; i < MECHS; i++) {
		if (want[i] && !cred[i].set)
			return refuse(c, BAD_VALUE,
			    "mechanisms field must be a subset of "
			    "previously set mechanisms");
		if (!want[i])
			cred[i].set = false;
	}
	return true;
}

static bool
update_user(struct call *c, const char *name, struct role_names *roles)
{
	static const char *const any[] = { "pwd", "mechanisms", "roles",
	    "customData", "authenticationRestrictions" };
	struct user *u = store_find_user(c->store, name, c->db);
	struct credential cred[MECHS];
	bool something = false;

	for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++)
		something |= bson_has_field(c->body, any[i]);
	if (!something)
		return refuse(c, BAD_VALUE, "Must specify at least one "
		    "field to update in updateUser");
	if (!check_roles_exist(c, roles))
		return false;
	if (u == NULL)
		return refuse(c, USER_NOT_FOUND, "User %.128s@%s not found",
		    name, c->db);
	memcpy(cred, u->cred, sizeof(cred));
	if (bson_has_field(c->body, "pwd")
	    ? !make_credentials(c, name, cred)
	    : bson_has_field(c->body, "mechanisms")
	    && !trim_credentials(c, cred))
		return false;
	memcpy(u->cred, cred, sizeof(cred));
	keep_doc(c->body, "customData", &u->custom);
	keep_doc(c->body, "authenticationRestrictions", &u->restrictions);
	if (bson_has_field(c->body, "roles")) {
		role_names_free(&u->roles);
		u->roles = *roles;
		*roles = (struct role_names){ 0 };
	}
	return true;
}

static bool
run_update_user(struct call *c)
{
	const char *name = get_text(c->body, c->name);
	struct role_names roles = { 0 };
	bool ok = read_roles(c, c->body, &roles)
	    && check_update_user(c, name, &roles)
	    && update_user(c, name, &roles);

	role_names_free(&roles);
	return ok;
}

static bool
run_drop_user(struct call *c)
{
	const char *name = get_text(c->body, c->name);
	struct user *u = store_find_user(c->store, name, c->db);

	if (!may_on_db(c, c->db, "dropUser"))
		return refuse(c, UNAUTHORIZED,
		    "Not authorized to drop users from the %s database",
		    c->db);
	if (u == NULL)
		return refuse(c, USER_NOT_FOUND,
		    "User '%.128s@%s' not found", name, c->db);
	store_drop_user(c->store, u);
	return true;
}

/* grantRolesToUser and revokeRolesFromUser. */
static bool
change_roles(struct call *c, const char *right,
    void (*change)(struct role_names *, const char *, const char *))
{
	const char *name = get_text(c->body, c->name);
	struct user *u = store_find_user(c->store, name, c->db);
	struct role_names roles = { 0 };
	bool ok = read_roles(c, c->body, &roles)
	    && check_roles(c, &roles, right);

	if (ok && roles.n == 0)
		ok = refuse(c, BAD_VALUE,
		    "%s command requires a non-empty \"roles\" array",
		    c->name);
	if (ok && u == NULL)
		ok = refuse(c, USER_NOT_FOUND,
		    "Could not find user \"%.128s\" for db \"%s\"", name,
		    c->db);
	ok = ok && check_roles_exist(c, &roles);
	for (size_t i = 0; ok && i < roles.n; i++)
		change(&u->roles, roles.v[i].role, roles.v[i].db);
	role_names_free(&roles);
	return ok;
}

static bool
run_grant_roles(struct call *c)
{
	return change_roles(c, "grantRole", role_names_add);
}

static bool
run_revoke_roles(struct call *c)
{
	return change_roles(c, "revokeRole", role_names_remove);
}

/* Which users are asked for. */
struct wanted {
	bool all_dbs, all_here;
	struct role_names names;	/* "role" is the user's name */
};

static bool
want_exact(struct call *c, bson_iter_t *it, struct wanted *w)
{
	bson_t doc;
	const char *name = NULL, *db = c->db;
	const uint8_t *p;
	uint32_t n;

	if (BSON_ITER_HOLDS_UTF8(it))
		name = bson_iter_utf8(it, NULL);
	else if (BSON_ITER_HOLDS_DOCUMENT(it)) {
		bson_iter_document(it, &n, &p);
		bson_init_static(&doc, p, n);
		name = get_text(&doc, "user");
		db = get_text(&doc, "db");
	}
	if (name == NULL || db == NULL)
		return refuse(c, BAD_VALUE, "UserName must be either a "
		    "string or an object of user and db");
	role_names_add(&w->names, name, db);
	return true;
}

static bool
read_wanted(struct call *c, struct wanted *w)
{
	bson_iter_t it, sub;
	bson_t doc;

	bson_iter_init_find(&it, c->body, c->name);
	if (BSON_ITER_HOLDS_NUMBER(&it)) {
		w->all_here = bson_iter_as_int64(&it) == 1;
		return w->all_here ? true : refuse(c, BAD_VALUE,
		    "usersInfo must be 1, a name, an object or an array");
	}
	if (BSON_ITER_HOLDS_ARRAY(&it)) {
		bson_iter_recurse(&it, &sub);
		while (bson_iter_next(&sub)) {
			if (!want_exact(c, &sub, w))
				return false;
		}
		return true;
	}
	if (get_doc(c->body, c->name, &doc)
	    && get_bool(&doc, "forAllDBs", false)) {
		w->all_dbs = true;
		if (strcmp(c->db, "admin") == 0)
			return true;
		return refuse(c, BAD_VALUE,
		    "forAllDBs is for the admin database");
	}
	return want_exact(c, &it, w);
}

static bool
check_view(struct call *c, const struct wanted *w)
{
	const struct user *me = call_user(c);

	if (w->all_dbs)
		return may_on_cluster(c, "viewUser")
		    || refuse(c, UNAUTHORIZED,
		    "Not authorized to view users from all databases");
	if (w->all_here && !may_on_db(c, c->db, "viewUser"))
		return refuse(c, UNAUTHORIZED,
		    "Not authorized to view users from the %s database",
		    c->db);
	for (size_t i = 0; i < w->names.n; i++) {
		const struct role_name *n = &w->names.v[i];

		if (strcmp(me->name, n->role) == 0
		    && strcmp(me->db, n->db) == 0)
			continue;
		if (!may_on_db(c, n->db, "viewUser"))
			return refuse(c, UNAUTHORIZED, "Not authorized to "
			    "view users from the %s database", c->db);
	}
	return true;
}

static bool
is_wanted(const struct call *c, const struct wanted *w, const struct user *u)
{
	if (w->all_dbs)
		return true;
	if (w->all_here)
		return strcmp(u->db, c->db) == 0;
	for (size_t i = 0; i < w->names.n; i++) {
		if (strcmp(w->names.v[i].role, u->name) == 0
		    && strcmp(w->names.v[i].db, u->db) == 0)
			return true;
	}
	return false;
}

static void
append_credentials(bson_t *doc, const struct user *u)
{
	bson_t all, one;

	bson_append_document_begin(doc, "credentials", -1, &all);
	for (int i = 0; i < MECHS; i++) {
		if (!u->cred[i].set)
			continue;
		bson_append_document_begin(&all, mech_names[i], -1, &one);
		bson_append_int32(&one, "iterationCount", -1,
		    u->cred[i].iterations);
		bson_append_document_end(&all, &one);
	}
	bson_append_document_end(doc, &all);
}

static void
append_inherited(struct call *c, bson_t *doc, const struct user *u)
{
	struct privileges p = { 0 };
	struct role_names reached = { 0 };
	bson_t none;

	store_resolve(c->store, &u->roles, &p, &reached);
	append_roles(doc, "inheritedRoles", &reached);
	privileges_append(&p, doc, "inheritedPrivileges");
	bson_append_array_begin(doc, "inheritedAuthenticationRestrictions",
	    -1, &none);
	bson_append_array_end(doc, &none);
	privileges_free(&p);
	role_names_free(&reached);
}

static void
append_user(struct call *c, bson_t *doc, const struct user *u)
{
	bool privileges = get_bool(c->body, "showPrivileges", false);
	bool restrictions = privileges || get_bool(c->body,
	    "showAuthenticationRestrictions", false);
	char *id = mem_fmt("%s.%s", u->db, u->name);
	bson_t list;
	uint32_t n = 0;
	char buf[16];

	bson_append_utf8(doc, "_id", -1, id, -1);
	free(id);
	bson_append_binary(doc, "userId", -1, BSON_SUBTYPE_UUID, u->id,
	    USER_ID_LEN);
	bson_append_utf8(doc, "user", -1, u->name, -1);
	bson_append_utf8(doc, "db", -1, u->db, -1);
	if (get_bool(c->body, "showCredentials", false))
		append_credentials(doc, u);
	if (u->custom != NULL && get_bool(c->body, "showCustomData", true))
		bson_append_document(doc, "customData", -1, u->custom);
	append_roles(doc, "roles", &u->roles);
	bson_append_array_begin(doc, "mechanisms", -1, &list);
	for (int i = 0; i < MECHS; i++) {
		if (u->cred[i].set)
			bson_append_utf8(&list, array_key(n++, buf), -1,
			    mech_names[i], -1);
	}
	bson_append_array_end(doc, &list);
	if (restrictions && u->restrictions != NULL)
		bson_append_array(doc, "authenticationRestrictions", -1,
		    u->restrictions);
	else if (restrictions) {
		bson_append_array_begin(doc, "authenticationRestrictions",
		    -1, &list);
		bson_append_array_end(doc, &list);
	}
	if (privileges)
		append_inherited(c, doc, u);
}

static int
compare_users(const void *a, const void *b)
{
	const struct user *x = *(const struct user *const *)a;
	const struct user *y = *(const struct user *const *)b;
	int by_name = strcmp(x->name, y->name);

	return by_name != 0 ? by_name : strcmp(x->db, y->db);
}

static bool
list_users(struct call *c, const struct wanted *w)
{
	struct user **v = NULL;
	size_t n = 0;
	bson_t list, row;
	char buf[16];

	for (size_t i = 0; i < c->store->n_users; i++) {
		if (!is_wanted(c, w, c->store->users[i]))
			continue;
		v = mem_room(v, n, sizeof(struct user *));
		v[n++] = c->store->users[i];
	}
	if (n > 1)
		qsort(v, n, sizeof(struct user *), compare_users);
	bson_append_array_begin(c->reply, "users", -1, &list);
	for (uint32_t i = 0; i < n; i++) {
		bson_append_document_begin(&list, array_key(i, buf), -1,
		    &row);
		append_user(c, &row, v[i]);
		bson_append_document_end(&list, &row);
	}
	bson_append_array_end(c->reply, &list);
	free(v);
	return true;
}

static bool
run_users_info(struct call *c)
{
	struct wanted w = { 0 };
	bool detail = get_bool(c->body, "showPrivileges", false)
	    || get_bool(c->body, "showAuthenticationRestrictions", false);
	bool ok = read_wanted(c, &w) && check_view(c, &w);

	if (ok && detail && (w.all_dbs || w.all_here
	    || bson_has_field(c->body, "filter")))
		ok = refuse(c, ILLEGAL_OPERATION,
		    "Privilege or restriction details require exact-match "
		    "usersInfo queries");
	ok = ok && list_users(c, &w);
	role_names_free(&w.names);
	return ok;
}

/* Rights to give privileges to a role: as to grant roles there. */
static bool
check_privileges(struct call *c, const struct privileges *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct resource *on = &p->v[i].on;
		bool one_db = on->kind == RES_DB || on->kind == RES_NS;

		if (!may_on_db(c, one_db ? on->db : "admin", "grantRole"))
			return refuse(c, UNAUTHORIZED,
			    "Not authorized to grant privileges on the %s "
			    "database", one_db ? on->db : "admin");
		if (strcmp(c->db, "admin") != 0
		    && (!one_db || strcmp(on->db, c->db) != 0))
			return refuse(c, (enum code)12,
			    "Roles on the '%s' database cannot be granted "
			    "privileges that target other databases or the "
			    "cluster", c->db);
	}
	return true;
}

static bool
check_create_role(struct call *c, const char *name,
    const struct privileges *p, const struct role_names *roles)
{
	if (!may_on_db(c, c->db, "createRole"))
		return refuse(c, UNAUTHORIZED,
		    "Not authorized to create roles on db: %s", c->db);
	if (!check_roles(c, roles, "grantRole"))
		return false;
	if (name[0] == '\0')
		return refuse(c, BAD_VALUE, "Role name must be non-empty");
	if (builtin_exists(name, c->db))
		return refuse(c, BAD_VALUE, "Cannot create roles with the "
		    "same name as a built-in role");
	if (!check_privileges(c, p) || !check_roles_exist(c, roles))
		return false;
	if (store_find_role(c->store, name, c->db) != NULL)
		return refuse(c, ROLE_EXISTS,
		    "Role \"%.128s@%s\" already exists", name, c->db);
	return true;
}

static bool
run_create_role(struct call *c)
{
	const char *name = get_text(c->body, c->name);
	struct privileges p = { 0 };
	struct role_names roles = { 0 };
	bson_iter_t it;
	struct role *r;
	bool ok;

	bson_iter_init_find(&it, c->body, "privileges");
	ok = privileges_read(&it, &p, c->why, sizeof(c->why));
	if (!ok)
		c->code = BAD_VALUE;
	ok = ok && read_roles(c, c->body, &roles)
	    && check_create_role(c, name, &p, &roles);
	if (!ok) {
		privileges_free(&p);
		role_names_free(&roles);
		return false;
	}
	r = store_add_role(c->store, name, c->db);
	r->privileges = p;
	r->roles = roles;
	return true;
}

static bool
run_drop_role(struct call *c)
{
	const char *name = get_text(c->body, c->name);
	struct role *r = store_find_role(c->store, name, c->db);

	if (!may_on_db(c, c->db, "dropRole"))
		return refuse(c, UNAUTHORIZED,
		    "Not authorized to drop roles from the %s database",
		    c->db);
	if (builtin_exists(name, c->db))
		return refuse(c, (enum code)12, "%.128s@%s is a built-in "
		    "role and cannot be modified", name, c->db);
	if (r == NULL)
		return refuse(c, ROLE_NOT_FOUND,
		    "Could not find role: %.128s@%s", name, c->db);
	store_drop_role(c->store, r);
	return true;
}

static void
append_role(struct call *c, bson_t *doc, const char *name, const char *db)
{
	struct role *made = builtin_exists(name, db) ? NULL
	    : store_find_role(c->store, name, db);
	struct role_names self = { 0 }, reached = { 0 };
	static const struct role_names none = { 0 };
	struct privileges p = { 0 };

	if (made != NULL) {
		char *id = mem_fmt("%s.%s", db, name);

		bson_append_utf8(doc, "_id", -1, id, -1);
		free(id);
	}
	bson_append_utf8(doc, "role", -1, name, -1);
	bson_append_utf8(doc, "db", -1, db, -1);
	role_names_add(&self, name, db);
	store_resolve(c->store, &self, &p, &reached);
	role_names_remove(&reached, name, db);
	if (get_bool(c->body, "showPrivileges", false)) {
		privileges_append(made != NULL ? &made->privileges : &p, doc,
		    "privileges");
		privileges_append(&p, doc, "inheritedPrivileges");
	}
	append_roles(doc, "roles", made != NULL ? &made->roles : &none);
	append_roles(doc, "inheritedRoles", &reached);
	bson_append_bool(doc, "isBuiltin", -1, made == NULL);
	role_names_free(&self);
	role_names_free(&reached);
	privileges_free(&p);
}

/* The roles that are asked for: name, {role, db}, an array, or 1. */
static bool
wanted_roles(struct call *c, struct role_names *out)
{
	bson_t one = BSON_INITIALIZER, list;
	bson_iter_t it;
	bool ok;

	bson_iter_init_find(&it, c->body, c->name);
	if (BSON_ITER_HOLDS_NUMBER(&it)) {
		for (size_t i = 0; i < c->store->n_roles; i++) {
			if (strcmp(c->store->roles[i]->db, c->db) == 0)
				role_names_add(out, c->store->roles[i]->name,
				    c->db);
		}
		return true;
	}
	if (BSON_ITER_HOLDS_ARRAY(&it))
		bson_append_iter(&one, "roles", -1, &it);
	else {
		bson_append_array_begin(&one, "roles", -1, &list);
		bson_append_iter(&list, "0", -1, &it);
		bson_append_array_end(&one, &list);
	}
	ok = read_roles(c, &one, out);
	bson_destroy(&one);
	return ok;
}

/* People may look at the roles that they have. */
static bool
check_view_role(struct call *c, const struct role_name *r)
{
	const struct user *me = call_user(c);
	struct role_names reached = { 0 };
	struct privileges p = { 0 };
	size_t before;
	bool mine;

	if (may_on_db(c, r->db, "viewRole"))
		return true;
	store_resolve(c->store, &me->roles, &p, &reached);
	before = reached.n;
	role_names_add(&reached, r->role, r->db);
	mine = reached.n == before;
	role_names_free(&reached);
	privileges_free(&p);
	return mine || refuse(c, UNAUTHORIZED, "Not authorized to view "
	    "roles from the %s database", r->db);
}

static bool
run_roles_info(struct call *c)
{
	struct role_names names = { 0 };
	bson_t list, row;
	bool ok = wanted_roles(c, &names);
	uint32_t n = 0;
	char buf[16];

	for (size_t i = 0; ok && i < names.n; i++)
		ok = check_view_role(c, &names.v[i]);
	if (!ok) {
		role_names_free(&names);
		return false;
	}
	bson_append_array_begin(c->reply, "roles", -1, &list);
	for (size_t i = 0; i < names.n; i++) {
		if (!store_role_exists(c->store, names.v[i].role,
		    names.v[i].db))
			continue;
		bson_append_document_begin(&list, array_key(n++, buf), -1,
		    &row);
		append_role(c, &row, names.v[i].role, names.v[i].db);
		bson_append_document_end(&list, &row);
	}
	bson_append_array_end(c->reply, &list);
	role_names_free(&names);
	return true;
}

const struct command user_commands[] = {
	{ .name = "createUser", .run = run_create_user, .write = true,
	  .fields = "createUser:s! pwd:s roles:a! customData:d mechanisms:a "
	      "digestPassword:b authenticationRestrictions:a" },
	{ .name = "updateUser", .run = run_update_user, .write = true,
	  .fields = "updateUser:s! pwd:s roles:a customData:d mechanisms:a "
	      "digestPassword:b authenticationRestrictions:a" },
	{ .name = "dropUser", .run = run_drop_user, .write = true,
	  .fields = "dropUser:s!" },
	{ .name = "grantRolesToUser", .run = run_grant_roles, .write = true,
	  .fields = "grantRolesToUser:s! roles:a!" },
	{ .name = "revokeRolesFromUser", .run = run_revoke_roles,
	  .write = true, .fields = "revokeRolesFromUser:s! roles:a!" },
	{ .name = "usersInfo", .run = run_users_info,
	  .fields = "usersInfo:*! showPrivileges:b showCredentials:b "
	      "showCustomData:b showAuthenticationRestrictions:b filter:d" },
	{ .name = "createRole", .run = run_create_role, .write = true,
	  .fields = "createRole:s! privileges:a! roles:a! "
	      "authenticationRestrictions:a" },
	{ .name = "dropRole", .run = run_drop_role, .write = true,
	  .fields = "dropRole:s!" },
	{ .name = "rolesInfo", .run = run_roles_info,
	  .fields = "rolesInfo:*! showPrivileges:* showBuiltinRoles:b "
	      "showAuthenticationRestrictions:b" },
	{ 0 }
};
