/* databases - see databases.h. */
#include "edx/databases.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/settings.h"

enum { VALUE_MAX = 64 * 1024 };

/* One of the two is where values come from. */
struct source {
	const struct yaml *config;
	const struct json *settings;
};

/* The value as Tutor would paste it; a template is refused, since only
 * Tutor can render it. */
static bool
read_config(struct pool *pool, const struct yaml *y, const char *key,
    const char **value, struct err *e)
{
	struct buf plain = buf_new(VALUE_MAX);
	const char *raw = yaml_get(y, key);
	bool ok = true;

	if (text_empty(raw)) {
		buf_free(&plain);
		return true;
	}
	if (strstr(raw, "{{") != NULL || strstr(raw, "{%") != NULL
	    || strstr(raw, "{#") != NULL)
		ok = err_set(e, ERR_INPUT, "config.yml: %s is a template, "
		    "which only Tutor can render: build first", key);
	else if (!yaml_tutor_unescape(&plain, raw))
		ok = err_set(e, ERR_INPUT,
		    "config.yml: %s has an escape that can't be read", key);
	else
		*value = pool_strdup(pool, buf_str(&plain));
	buf_free(&plain);
	return ok;
}

/* NULL: absent or empty. */
static bool
read_value(struct pool *pool, const struct source *s, const char *key,
    const char **value, struct err *e)
{
	*value = NULL;
	if (s->config != NULL)
		return read_config(pool, s->config, key, value, e);
	*value = settings_value(pool, s->settings, key);
	if (text_empty(*value))
		*value = NULL;
	return true;
}

/* The legacy name wins, as in Tutor. */
static bool
read_either(struct pool *pool, const struct source *s, const char *legacy,
    const char *key, const char **value, struct err *e)
{
	return read_value(pool, s, legacy, value, e)
	    && (*value != NULL || read_value(pool, s, key, value, e));
}

/* NULL adds nothing; there is room for all. */
static void
add_name(const char **names, const char *name)
{
	size_t n = 0;

	for (; names[n] != NULL; n++)
		if (text_same(names[n], name))
			return;
	names[n] = name;
}

/*
 * Plugins name theirs X_MYSQL_DATABASE and X_MYSQL_USERNAME: it is this
 * user's if the user is the same.
 */
static bool
add_plugin_databases(struct pool *pool, const struct source *s,
    const char *user, const char **names, struct err *e)
{
	static const char end[] = "_MYSQL_DATABASE";
	const char *key, *whose, *name;

	if (s->config == NULL)
		return true;	/* add_running_databases reads them */
	for (int i = 0; (key = yaml_key(s->config, "", i)) != NULL; i++) {
		size_t n = strlen(key);

		if (!text_ends(key, end))
			continue;
		n -= strlen(end);
		if (!read_value(pool, s, pool_printf(pool,
		    "%.*s_MYSQL_USERNAME", (int)n, key), &whose, e)
		    || !read_value(pool, s, key, &name, e))
			return false;
		if (whose != NULL && text_same(whose, user) && name != NULL)
			add_name(names, name);
	}
	return true;
}

/* "DATABASES.replica", but not what is below another one. */
static bool
is_database(const char *path)
{
	static const char begin[] = "DATABASES.";

	return path != NULL && text_starts(path, begin)
	    && strchr(path + strlen(begin), '.') == NULL;
}

/* An entry of DATABASES, if the same user of the same server has it. */
static void
add_entry(struct pool *pool, const struct json *entry,
    const struct database_user *u, const char **names)
{
	const char *host = json_str(entry, "HOST");
	const char *name = json_str(entry, "NAME");

	if (!text_empty(name) && text_same(json_str(entry, "USER"), u->user)
	    && (text_empty(host) || text_same(host, u->host)))
		add_name(names, pool_strdup(pool, name));
}

/* All entries of DATABASES but the first, which has keys of its own. */
static void
add_running_databases(struct pool *pool, const struct json *settings,
    struct database_user *u, const char **names)
{
	const struct json *one = json_first(json_get(settings, "unmapped"));

	for (; one != NULL; one = json_next(one)) {
		const char *path = json_str(one, "path");

		if (!is_database(path))
			continue;
		if (json_str(one, "why") != NULL)
			u->unread = pool_printf(pool, "%s %s", path,
			    json_str(one, "why"));
		add_entry(pool, json_get(one, "lms"), u, names);
		add_entry(pool, json_get(one, "cms"), u, names);
	}
}

static const char *const no_names[] = { NULL };

static bool
read_mysql(struct pool *pool, const struct source *s, struct databases *d,
    struct err *e)
{
	size_t keys = s->config != NULL ? (size_t)yaml_len(s->config, "") :
	    2 * (size_t)json_len(json_get(s->settings, "unmapped"));
	const char **names = pool_alloc(pool, (keys + 2) * sizeof(*names));
	const char *name;

	d->mysql.own = names;
	if (!read_value(pool, s, "MYSQL_HOST", &d->mysql.host, e)
	    || !read_value(pool, s, "MYSQL_PORT", &d->mysql.port, e)
	    || !read_either(pool, s, "MYSQL_DATABASE",
		"OPENEDX_MYSQL_DATABASE", &name, e)
	    || !read_either(pool, s, "MYSQL_USERNAME",
		"OPENEDX_MYSQL_USERNAME", &d->mysql.user, e)
	    || !read_either(pool, s, "MYSQL_PASSWORD",
		"OPENEDX_MYSQL_PASSWORD", &d->mysql.password, e))
		return false;
	log_mask(d->mysql.password);
	add_name(names, name);
	if (s->config == NULL && d->mysql.user != NULL)
		add_running_databases(pool, s->settings, &d->mysql, names);
	return d->mysql.user == NULL
	    || add_plugin_databases(pool, s, d->mysql.user, names, e);
}

static bool
read_mongo(struct pool *pool, const struct source *s, struct databases *d,
    struct err *e)
{
	const char **names = pool_alloc(pool, 3 * sizeof(*names));
	const char *main_db, *forum;

	d->mongo.own = names;
	if (!read_value(pool, s, "MONGODB_HOST", &d->mongo.host, e)
	    || !read_value(pool, s, "MONGODB_PORT", &d->mongo.port, e)
	    || !read_value(pool, s, "MONGODB_USERNAME", &d->mongo.user, e)
	    || !read_value(pool, s, "MONGODB_PASSWORD", &d->mongo.password, e)
	    || !read_value(pool, s, "MONGODB_AUTH_SOURCE", &d->mongo.auth, e)
	    || !read_value(pool, s, "MONGODB_USE_SSL", &d->mongo.tls, e)
	    || !read_value(pool, s, "MONGODB_DATABASE", &main_db, e)
	    || !read_value(pool, s, "FORUM_MONGODB_DATABASE", &forum, e))
		return false;
	log_mask(d->mongo.password);
	if (d->mongo.host != NULL && strchr(d->mongo.host, '@') != NULL)
		log_mask(d->mongo.host);	/* a URI with a login */
	add_name(names, main_db);
	add_name(names, forum);
	return true;
}

bool
databases_find(struct pool *pool, const char *workspace,
    const char *instance, struct databases *d, struct err *e)
{
	struct err ours = { 0 };
	struct yaml *y = yaml_read(pool_printf(pool,
	    "%s/instances/%s/config.yml", workspace, instance), &ours);
	const struct source s = { .config = y };
	bool ok;

	*d = (struct databases){ .mysql.own = no_names,
		.mongo.own = no_names };
	ok = y != NULL ? read_mysql(pool, &s, d, &ours)
	    && read_mongo(pool, &s, d, &ours) : ours.kind == ERR_NOT_FOUND;
	yaml_close(y);
	if (!ok)
		*e = ours;
	return ok;
}

bool
databases_find_running(struct pool *pool, const char *settings_file,
    struct databases *d, struct err *e)
{
	struct json *settings = settings_load(settings_file, e);
	const struct source s = { .settings = settings };
	bool ok;

	*d = (struct databases){ .mysql.own = no_names,
		.mongo.own = no_names };
	ok = settings != NULL && read_mysql(pool, &s, d, e)
	    && read_mongo(pool, &s, d, e);
	json_free(settings);
	return ok;
}
