/*
 * deployed - what the cluster repository says of an instance; see facts.h.
 */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/databases.h"
#include "verify/facts.h"
#include "verify/verify.h"

enum { HOSTS = 8, RECORD_MAX = 1 << 20, VALUE_MAX = 4096 };

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
	d->env_rendered = file_exists(instance_file(p, s,
	    "env/kustomization.yml"));
	d->jobs_rendered = file_exists(instance_file(p, s,
	    "env/plugins/drydock/k8s/jobs.yml"));
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

static struct json *
read_record(struct pool *p, const struct subject *s, const char *name)
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

/* Does config.yml name the databases that point-at-data wrote down? */
static bool
find_data(struct pool *p, const struct subject *s, struct deployed *d,
    struct err *e)
{
	struct databases now;
	struct json *record;
	const char *mysql;

	if (!databases_find(p, s->workspace, s->instance, &now, e))
		return false;
	d->data_words = pool_printf(p, "MySQL %s on %s, MongoDB %s on %s",
	    now.mysql[0] != NULL ? now.mysql[0] : "?",
	    now.mysql_host != NULL ? now.mysql_host : "?",
	    now.mongo[0] != NULL ? now.mongo[0] : "?",
	    now.mongo_host != NULL ? now.mongo_host : "?");
	record = read_record(p, s, "data");
	mysql = json_str(record, "mysql.database");
	d->old_data_known = record != NULL;
	d->old_data = mysql != NULL && text_same(mysql, now.mysql[0])
	    && text_same_fold(json_str(record, "mysql.host"), now.mysql_host);
	d->mysql_words = mysql != NULL ? pool_printf(p, "MySQL %s on %s",
	    mysql, json_str(record, "mysql.host")) : "the old data";
	json_free(record);
	return true;
}

bool
deployed_find(struct pool *p, const struct subject *s, struct deployed *d,
    struct err *e)
{
	struct err why = { 0 };
	struct yaml *y = yaml_read(instance_file(p, s, "config.yml"), &why);

	*d = (struct deployed){ .why = "", .data_words = "no config.yml",
		.mysql_words = "the old data" };
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
	yaml_close(y);
	find_rendered(p, s, d);
	find_sync(p, s, d);
	if (!find_data(p, s, d, &why))
		d->why = pool_strdup(p, why.text);
	return true;
}
