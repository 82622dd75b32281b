/*
 * deployed - what the cluster repository says of an instance; see facts.h.
 */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/env.h"
#include "verify/facts.h"
#include "verify/verify.h"

enum { HOSTS = 8, RECORD_MAX = 1 << 20, VALUE_MAX = 64 * 1024 };

/* Where Tutor gets a host from if config.yml does not say. */
static const struct {
	const char *kind, *key, *prefix;
} host_keys[] = {
	{ "lms", "LMS_HOST", "" },
	{ "cms", "CMS_HOST", "studio." },
	{ "mfe", "MFE_HOST", "apps." },
	{ "preview", "PREVIEW_LMS_HOST", "preview." },
};

static const char *
instance_file(struct pool *p, const struct subject *s, const char *name)
{
	return pool_printf(p, "%s/instances/%s/%s", s->workspace, s->instance,
	    name);
}

/* The value with {{ LMS_HOST }} put in; NULL: absent, or another template. */
static const char *
plain_value(struct pool *p, const struct yaml *y, const char *key,
    const char *lms)
{
	static const char host[] = "{{ LMS_HOST }}";
	struct buf plain = buf_new(VALUE_MAX);
	const char *raw = yaml_get(y, key), *at, *value = NULL;

	if (text_empty(raw))
		return NULL;
	at = lms != NULL ? strstr(raw, host) : NULL;
	if (at != NULL)
		raw = pool_printf(p, "%.*s%s%s", (int)(at - raw), raw, lms,
		    at + strlen(host));
	if (strstr(raw, "{{") == NULL && strstr(raw, "{%") == NULL
	    && yaml_tutor_unescape(&plain, raw))
		value = pool_strdup(p, buf_str(&plain));
	buf_free(&plain);
	return value;
}

/* Hosts that the plan has, under the names that config.yml gives them. */
static void
find_hosts(struct pool *p, const struct subject *s, const struct yaml *y,
    struct deployed *d)
{
	struct host *v = pool_alloc(p, HOSTS * sizeof *v);
	const char *lms = plain_value(p, y, "LMS_HOST", NULL);
	size_t n = 0;

	for (size_t i = 0; lms != NULL
	    && i < sizeof host_keys / sizeof host_keys[0]; i++) {
		const char *name = plain_value(p, y, host_keys[i].key, lms);

		if (hosts_name(&s->final, host_keys[i].kind) == NULL)
			continue;
		v[n].kind = host_keys[i].kind;
		v[n++].name = name != NULL ? name
		    : pool_printf(p, "%s%s", host_keys[i].prefix, lms);
	}
	d->hosts = (struct hosts){ v, n };
}

static void
find_rendered(struct pool *p, const struct subject *s, struct deployed *d)
{
	struct err why;
	struct env env;

	if (!env_find(p, pool_printf(p, "%s/instances/%s", s->workspace,
	    s->instance), &env, &why))
		d->env_why = pool_strdup(p, why.text);
	d->env_rendered = env.rendered;
	d->jobs_rendered = env.init_jobs;
}

/* Off is `enabled: false`, or no block at all (Argo CD before 3.1). */
static void
find_sync(struct pool *p, const struct subject *s, struct deployed *d)
{
	struct err ignored;
	struct yaml *y = yaml_read(instance_file(p, s, "application.yml"),
	    &ignored);

	d->sync_known = y != NULL;
	d->sync_on = y != NULL && yaml_kind(y, "spec.syncPolicy.automated")
	    == YAML_MAP && !text_same(yaml_get(y,
	    "spec.syncPolicy.automated.enabled"), "false");
	yaml_close(y);
}

struct json *
record_read(struct pool *p, const struct subject *s, const char *name)
{
	const char *path = pool_printf(p, "%s/migrations/%s/record/%s.json",
	    s->workspace, s->instance, name);
	struct buf text = buf_new(RECORD_MAX);
	struct err ignored;
	struct json *j = NULL;

	if (file_read(path, &text, &ignored))
		j = json_parse(buf_str(&text), text.len, name, &ignored);
	buf_free(&text);
	return j;
}

/* Does config.yml hold this value of the old side? */
static bool
holds(struct pool *p, const struct yaml *y, const struct json *value)
{
	struct buf text = buf_new(VALUE_MAX);
	const char *now = plain_value(p, y, json_name(value), NULL);
	bool same = !json_scalar(value, &text)
	    || text_same(buf_str(&text), now != NULL ? now : "");

	buf_free(&text);
	return same;
}

/* What of the old side's values config.yml has otherwise, by name: values
 * may be secret. A long or structured value is not compared. */
static void
compare_data(struct pool *p, const struct yaml *y, const struct json *values,
    struct deployed *d)
{
	struct buf b = buf_new(VALUE_MAX);
	const struct json *v;

	for (int i = 0; (v = json_item(values, i)) != NULL; i++)
		if (!text_same(json_name(v), "tutor") && !holds(p, y, v))
			buf_printf(&b, "%s%s", b.len > 0 ? ", " : "",
			    json_name(v));
	d->data_differ = pool_strdup(p, buf_str(&b));
	buf_free(&b);
}

/* Does config.yml name the database that point-at-data wrote down? */
static void
find_data(struct pool *p, const struct subject *s, const struct yaml *y,
    struct deployed *d)
{
	struct json *record = record_read(p, s, "data");
	const struct json *host = json_get(record, "MYSQL_HOST");
	const struct json *name = json_get(record, "OPENEDX_MYSQL_DATABASE");
	const char *mysql = plain_value(p, y, "OPENEDX_MYSQL_DATABASE", NULL);
	const char *mongo = plain_value(p, y, "MONGODB_DATABASE", NULL);

	d->old_data_known = host != NULL && name != NULL;
	d->old_data = d->old_data_known && holds(p, y, host)
	    && holds(p, y, name);
	d->data_words = pool_printf(p, "MySQL %s, MongoDB %s",
	    mysql != NULL ? mysql : "not named",
	    mongo != NULL ? mongo : "not named");
	compare_data(p, y, s->settings != NULL ? s->settings : record, d);
	json_free(record);
}

const char *
verify_hindrance(struct pool *p, const struct subject *s)
{
	const struct facts *f = s->facts;

	if (f->unreadable != NULL)
		return f->unreadable;
	if (f->deployed.there || !file_is_dir(pool_printf(p,
	    "%s/migrations/%s/record", s->workspace, s->instance)))
		return NULL;
	return "there is a record of its migration, but no config.yml";
}

bool
deployed_find(struct pool *p, const struct subject *s, struct deployed *d,
    struct err *e)
{
	struct err why = { 0 };
	struct yaml *y = yaml_read(instance_file(p, s, "config.yml"), &why);

	*d = (struct deployed){ .env_why = "", .data_words = "",
		.data_differ = "" };
	if (y == NULL && why.kind != ERR_NOT_FOUND) {
		*e = why;
		return false;
	}
	d->there = y != NULL;
	if (y == NULL)
		return true;
	find_hosts(p, s, y, d);
	d->platform = plain_value(p, y, "PLATFORM_NAME", NULL);
	d->init_jobs = pool_strdup(p, yaml_get(y, "DRYDOCK_INIT_JOBS"));
	find_data(p, s, y, d);
	yaml_close(y);
	find_rendered(p, s, d);
	find_sync(p, s, d);
	return true;
}
