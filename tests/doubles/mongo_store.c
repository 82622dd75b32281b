/*
 * mongo_store - what the MongoDB double holds.
 */
#include "mongo_store.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "mongo_base.h"

enum { TEN_MINUTES = 600000 };

static int64_t changes = 1;

int64_t
store_time(void)
{
	return changes;
}

/* Take one element out of an array of pointers. */
static void
take_out(void *array, size_t *n, const void *element)
{
	void **v = array;

	for (size_t i = 0; i < *n; i++) {
		if (v[i] != element)
			continue;
		memmove(v + i, v + i + 1, (*n - i - 1) * sizeof(*v));
		/*
		 * mem_room() derives the capacity from n: at a power of
		 * two it will grow again, which is only a larger block.
		 */
		(*n)--;
		return;
	}
}

static size_t
find_role_name(const struct role_names *l, const char *role, const char *db)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i].role, role) == 0
		    && strcmp(l->v[i].db, db) == 0)
			return i;
	}
	return l->n;
}

void
role_names_add(struct role_names *l, const char *role, const char *db)
{
	if (find_role_name(l, role, db) < l->n)
		return;
	l->v = mem_room(l->v, l->n, sizeof(*l->v));
	l->v[l->n++] = (struct role_name){ .role = mem_str(role),
	    .db = mem_str(db) };
}

void
role_names_remove(struct role_names *l, const char *role, const char *db)
{
	size_t at = find_role_name(l, role, db);

	if (at == l->n)
		return;
	free(l->v[at].role);
	free(l->v[at].db);
	memmove(l->v + at, l->v + at + 1,
	    (l->n - at - 1) * sizeof(*l->v));
	l->n--;
}

void
role_names_free(struct role_names *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].role);
		free(l->v[i].db);
	}
	free(l->v);
	*l = (struct role_names){ 0 };
}

struct user *
store_find_user(struct store *s, const char *name, const char *db)
{
	for (size_t i = 0; i < s->n_users; i++) {
		if (strcmp(s->users[i]->name, name) == 0
		    && strcmp(s->users[i]->db, db) == 0)
			return s->users[i];
	}
	return NULL;
}

struct user *
store_add_user(struct store *s, const char *name, const char *db)
{
	struct user *u = mem_new(sizeof(*u));

	u->name = mem_str(name);
	u->db = mem_str(db);
	if (RAND_bytes(u->id, sizeof(u->id)) != 1)
		abort();
	/* A UUID of version 4. */
	u->id[6] = (u->id[6] & 0x0f) | 0x40;
	u->id[8] = (u->id[8] & 0x3f) | 0x80;
	s->users = mem_room(s->users, s->n_users, sizeof(struct user *));
	s->users[s->n_users++] = u;
	return u;
}

void
store_drop_user(struct store *s, struct user *u)
{
	take_out(s->users, &s->n_users, u);
	role_names_free(&u->roles);
	bson_destroy(u->custom);
	bson_destroy(u->restrictions);
	free(u->name);
	free(u->db);
	free(u);
}

struct role *
store_find_role(struct store *s, const char *name, const char *db)
{
	for (size_t i = 0; i < s->n_roles; i++) {
		if (strcmp(s->roles[i]->name, name) == 0
		    && strcmp(s->roles[i]->db, db) == 0)
			return s->roles[i];
	}
	return NULL;
}

struct role *
store_add_role(struct store *s, const char *name, const char *db)
{
	struct role *r = mem_new(sizeof(*r));

	r->name = mem_str(name);
	r->db = mem_str(db);
	s->roles = mem_room(s->roles, s->n_roles, sizeof(struct role *));
	s->roles[s->n_roles++] = r;
	return r;
}

/* As on the server, nobody keeps a role that is gone. */
void
store_drop_role(struct store *s, struct role *r)
{
	take_out(s->roles, &s->n_roles, r);
	for (size_t i = 0; i < s->n_users; i++)
		role_names_remove(&s->users[i]->roles, r->name, r->db);
	for (size_t i = 0; i < s->n_roles; i++)
		role_names_remove(&s->roles[i]->roles, r->name, r->db);
	privileges_free(&r->privileges);
	role_names_free(&r->roles);
	free(r->name);
	free(r->db);
	free(r);
}

bool
store_role_exists(struct store *s, const char *name, const char *db)
{
	return builtin_exists(name, db) || store_find_role(s, name, db);
}

static void
resolve(struct store *s, const struct role_names *roles,
    struct privileges *p, struct role_names *seen)
{
	for (size_t i = 0; i < roles->n; i++) {
		const struct role_name *r = &roles->v[i];
		struct role *made;

		if (find_role_name(seen, r->role, r->db) < seen->n)
			continue;
		role_names_add(seen, r->role, r->db);
		if (builtin_exists(r->role, r->db)) {
			builtin_add(r->role, r->db, p);
			continue;
		}
		made = store_find_role(s, r->role, r->db);
		if (made == NULL)
			continue;
		for (size_t j = 0; j < made->privileges.n; j++)
			privileges_add(p, &made->privileges.v[j].on,
			    &made->privileges.v[j].may);
		resolve(s, &made->roles, p, seen);
	}
}

void
store_resolve(struct store *s, const struct role_names *roles,
    struct privileges *p, struct role_names *reached)
{
	struct role_names seen = { 0 };

	resolve(s, roles, p, reached != NULL ? reached : &seen);
	role_names_free(&seen);
}

struct database *
store_find_db(struct store *s, const char *name)
{
	for (size_t i = 0; i < s->n_dbs; i++) {
		if (strcmp(s->dbs[i]->name, name) == 0)
			return s->dbs[i];
	}
	return NULL;
}

static struct coll *
find_coll(struct database *d, const char *coll)
{
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->v[i]->name, coll) == 0)
			return d->v[i];
	}
	return NULL;
}

struct coll *
store_find_coll(struct store *s, const char *db, const char *coll)
{
	struct database *d = store_find_db(s, db);

	return d != NULL ? find_coll(d, coll) : NULL;
}

struct coll *
store_need_coll(struct store *s, const char *db, const char *coll)
{
	struct database *d = store_find_db(s, db);
	struct coll *c;

	if (d == NULL) {
		d = mem_new(sizeof(*d));
		d->name = mem_str(db);
		s->dbs = mem_room(s->dbs, s->n_dbs,
		    sizeof(struct database *));
		s->dbs[s->n_dbs++] = d;
	}
	c = find_coll(d, coll);
	if (c != NULL)
		return c;
	c = mem_new(sizeof(*c));
	c->name = mem_str(coll);
	if (RAND_bytes(c->uuid, sizeof(c->uuid)) != 1)
		abort();
	d->v = mem_room(d->v, d->n, sizeof(struct coll *));
	d->v[d->n++] = c;
	return c;
}

static void
free_coll(struct coll *c)
{
	for (size_t i = 0; i < c->n; i++)
		bson_destroy(c->docs[i]);
	for (size_t i = 0; i < c->n_indexes; i++)
		bson_destroy(c->indexes[i]);
	if (c->options != NULL)
		bson_destroy(c->options);
	free(c->docs);
	free(c->indexes);
	free(c->slots);
	free(c->name);
	free(c);
}

void
store_drop_db(struct store *s, struct database *db)
{
	take_out(s->dbs, &s->n_dbs, db);
	for (size_t i = 0; i < db->n; i++)
		free_coll(db->v[i]);
	free(db->v);
	free(db->name);
	free(db);
}

/* A database without collections does not exist. */
void
store_drop_coll(struct store *s, const char *db, const char *coll)
{
	struct database *d = store_find_db(s, db);
	struct coll *c = d != NULL ? find_coll(d, coll) : NULL;

	if (c == NULL)
		return;
	take_out(d->v, &d->n, c);
	free_coll(c);
	if (d->n == 0)
		store_drop_db(s, d);
}

/* The _id of a document as bytes; numbers of equal value are the same. */
static uint8_t *
id_bytes(const bson_t *doc, size_t *n)
{
	bson_iter_t it;
	bson_t only = BSON_INITIALIZER;
	uint32_t len;
	uint8_t *out;

	if (!bson_iter_init_find(&it, doc, "_id"))
		abort();
	if (BSON_ITER_HOLDS_NUMBER(&it))
		bson_append_double(&only, "", 0, bson_iter_as_double(&it));
	else
		bson_append_iter(&only, "", 0, &it);
	out = bson_destroy_with_steal(&only, true, &len);
	*n = len;
	return out;
}

/* FNV-1a: short keys, no enemy. */
static size_t
hash_bytes(const uint8_t *p, size_t n)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return (size_t)h;
}

static bool
same_id(const bson_t *doc, const uint8_t *id, size_t n)
{
	size_t other_n;
	uint8_t *other = id_bytes(doc, &other_n);
	bool same = other_n == n && memcmp(other, id, n) == 0;

	bson_free(other);
	return same;
}

/* The slot where the document with this _id is, or would be. */
static size_t *
find_slot(struct coll *c, const bson_t *doc)
{
	size_t n;
	uint8_t *id = id_bytes(doc, &n);
	size_t i = hash_bytes(id, n) & (c->n_slots - 1);

	while (c->slots[i] != 0 && !same_id(c->docs[c->slots[i] - 1], id, n))
		i = (i + 1) & (c->n_slots - 1);
	bson_free(id);
	return &c->slots[i];
}

/* Make the hash anew, at most half full. */
static void
rehash(struct coll *c)
{
	free(c->slots);
	c->n_slots = 16;
	while (c->n_slots < 2 * (c->n + 1))
		c->n_slots *= 2;
	/* Room to grow, so that inserting stays linear. */
	c->n_slots *= 2;
	c->slots = mem_new(c->n_slots * sizeof(*c->slots));
	for (size_t i = 0; i < c->n; i++)
		*find_slot(c, c->docs[i]) = i + 1;
}

static bson_t *
with_id(const bson_t *doc)
{
	bson_t *out;
	bson_oid_t oid;

	if (bson_has_field(doc, "_id"))
		return bson_copy(doc);
	out = bson_new();
	bson_oid_init(&oid, NULL);
	bson_append_oid(out, "_id", -1, &oid);
	bson_concat(out, doc);
	return out;
}

bool
coll_insert(struct coll *c, const bson_t *doc)
{
	bson_t *new = with_id(doc);
	size_t *slot;

	if (2 * (c->n + 1) > c->n_slots)
		rehash(c);
	slot = find_slot(c, new);
	if (*slot != 0) {
		bson_destroy(new);
		return false;
	}
	c->docs = mem_room(c->docs, c->n, sizeof(bson_t *));
	c->docs[c->n++] = new;
	c->changed = ++changes;
	*slot = c->n;
	return true;
}

void
coll_remove(struct coll *c, size_t at)
{
	bson_t *gone = c->docs[at];

	take_out(c->docs, &c->n, gone);
	c->changed = ++changes;
	bson_destroy(gone);
	rehash(c);
}

const char *
coll_view_on(const struct coll *c)
{
	bson_iter_t it;

	if (c->options == NULL
	    || !bson_iter_init_find(&it, c->options, "viewOn"))
		return NULL;
	return bson_iter_utf8(&it, NULL);
}

struct cursor *
store_add_cursor(struct store *s, const char *ns, bson_t **docs, size_t n)
{
	struct cursor *c = mem_new(sizeof(*c));

	/* Positive and never 0, which means "no more". */
	if (RAND_bytes((unsigned char *)&c->id, sizeof(c->id)) != 1)
		abort();
	c->id = (c->id & INT64_MAX) | 1;
	c->ns = mem_str(ns);
	c->docs = docs;
	c->n = n;
	c->used = bson_get_monotonic_time() / 1000;
	s->cursors = mem_room(s->cursors, s->n_cursors,
	    sizeof(struct cursor *));
	s->cursors[s->n_cursors++] = c;
	return c;
}

struct cursor *
store_find_cursor(struct store *s, int64_t id)
{
	int64_t now = bson_get_monotonic_time() / 1000;
	int64_t limit = s->cursor_timeout > 0 ? s->cursor_timeout
	    : TEN_MINUTES;

	for (size_t i = 0; i < s->n_cursors; i++) {
		struct cursor *c = s->cursors[i];

		if (c->id != id)
			continue;
		if (c->lasts || now - c->used <= limit) {
			c->used = now;
			return c;
		}
		store_drop_cursor(s, c);
		return NULL;
	}
	return NULL;
}

void
store_drop_cursor(struct store *s, struct cursor *c)
{
	take_out(s->cursors, &s->n_cursors, c);
	for (size_t i = c->next; i < c->n; i++)
		bson_destroy(c->docs[i]);
	free(c->docs);
	free(c->ns);
	free(c);
}
