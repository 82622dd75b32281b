/*
 * digitalocean_users - who may log in to a managed MongoDB.
 *
 * The server itself lets nobody ask or change this, and the company's own
 * call to change a user is not for MongoDB: users are made and deleted.
 */
#include "api/digitalocean.h"

#include "api/digitalocean_own.h"
#include "api/reply.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

enum { MAKE_SECONDS = 120, PART_MAX = 1024 };

static const char *
users_path(struct digitalocean *d, const char *id)
{
	return pool_printf(d->pool, "/v2/databases/%s/users", id);
}

static const char *
user_words(struct digitalocean *d, const char *id, const char *name)
{
	return pool_printf(d->pool, "DigitalOcean: user %s of database "
	    "cluster %s", name, id);
}

/* Without settings he is as good as the administrator. */
static struct digitalocean_user
take_user(struct digitalocean *d, const struct json *j)
{
	const struct json *s = json_at(j, "settings.mongo_user_settings");
	const struct json *all = json_get(s, "databases");
	const char **names = pool_alloc(d->pool,
	    ((size_t)json_len(all) + 1) * sizeof *names);
	size_t n = 0;

	for (const struct json *i = json_first(all); i != NULL;
	    i = json_next(i))
		if (json_str(i, "") != NULL)
			names[n++] = pool_strdup(d->pool, json_str(i, ""));
	return (struct digitalocean_user){ .databases = names,
		.name = pool_strdup(d->pool, json_str(j, "name")),
		.role = s == NULL ? NULL : json_str(s, "role") == NULL ? ""
		    : pool_strdup(d->pool, json_str(s, "role")) };
}

bool
digitalocean_find_users(struct digitalocean *d, const char *id,
    struct digitalocean_users *out, struct err *e)
{
	const struct digitalocean_call c = {
		.method = "GET", .path = users_path(d, id),
		.object = "database cluster", .scope = "database:read",
		.what = pool_printf(d->pool, "DigitalOcean: users of database"
		    " cluster %s", id),
	};
	struct json *j = digitalocean_ask(d, &c, e);
	const struct json *all = json_get(j, "users");
	struct digitalocean_user *v;
	size_t n = 0;

	if (j == NULL)
		return false;
	if (!json_is_array(all)) {
		json_free(j);
		return err_set(e, ERR_OTHER, "%s: the answer holds no list",
		    c.what);
	}
	v = pool_alloc(d->pool, ((size_t)json_len(all) + 1) * sizeof *v);
	for (const struct json *u = json_first(all); u != NULL;
	    u = json_next(u))
		if (json_str(u, "name") != NULL)
			v[n++] = take_user(d, u);
	*out = (struct digitalocean_users){ .v = v, .n = n };
	json_free(j);
	return true;
}

static struct json *
user_body(const struct digitalocean_user *u)
{
	struct json *body = json_object(), *settings, *names;

	json_set_str(body, "name", u->name);
	if (u->role == NULL)
		return body;
	settings = json_add(json_add(body, "settings", json_object()),
	    "mongo_user_settings", json_object());
	names = json_add(settings, "databases", json_array());
	for (size_t i = 0; u->databases[i] != NULL; i++)
		json_add(names, NULL, json_string(u->databases[i]));
	json_set_str(settings, "role", u->role);
	return body;
}

/* The answer is the only place that ever has the password. */
static bool
take_password(struct digitalocean *d, const struct http_reply *r,
    const struct digitalocean_call *c, const char **password, struct err *e)
{
	struct json *j = reply_json(r, c->what, e);
	const char *word = json_str(j, "user.password");

	if (j == NULL)
		return false;
	log_mask(word);
	*password = text_empty(word) ? NULL : pool_strdup(d->pool, word);
	json_free(j);
	return true;
}

bool
digitalocean_make_user(struct digitalocean *d, const char *id,
    const struct digitalocean_user *u, const char **password, struct err *e)
{
	struct json *body = user_body(u);
	const struct digitalocean_call c = {
		.method = "POST", .path = users_path(d, id), .body = body,
		.once = true, .deadline = clock_deadline(MAKE_SECONDS),
		.object = "database cluster", .scope = "database:create",
		.what = user_words(d, id, u->name),
	};
	struct http_reply r = { 0 };
	bool ok = digitalocean_send(d, &c, &r, e);
	long wait;

	/* one that came too often was not acted on */
	while (ok && (wait = http_rate_limited(&r)) > 0
	    && clock_pause_until(c.deadline, wait * 1000))
		ok = digitalocean_send(d, &c, &r, e);
	if (ok)
		ok = r.status >= 200 && r.status < 300
		    ? take_password(d, &r, &c, password, e)
		    : digitalocean_refused(d, &r, &c, e);
	json_free(body);
	return ok;
}

bool
digitalocean_drop_user(struct digitalocean *d, const char *id,
    const char *name, struct err *e)
{
	struct buf part = buf_new(PART_MAX);
	struct digitalocean_call c = {
		.method = "DELETE", .object = "user",
		.scope = "database:delete", .what = user_words(d, id, name),
	};
	struct http_reply r;
	bool ok;

	text_percent(&part, name);
	c.path = pool_printf(d->pool, "%s/%s", users_path(d, id),
	    buf_str(&part));
	ok = buf_check(&part, "the name", e)
	    && digitalocean_send(d, &c, &r, e);
	buf_free(&part);
	return ok && (r.status == 404 || (r.status >= 200 && r.status < 300)
	    || digitalocean_refused(d, &r, &c, e));
}
