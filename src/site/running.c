/*
 * running - see running.h.
 */
#include "site/running.h"

#include <string.h>

#include "api/kube.h"
#include "api/openedx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "edx/settings.h"
#include "site/cluster.h"
#include "site/generation.h"
#include "step/step.h"

enum { ANSWER_MAX = 16 << 20 };

/* What the deeds below share. */
struct source {
	struct kube *kube;
	const struct generation *g;
	struct pysettings *lms, *cms;
	struct json *settings;
	struct buf *problems;
};

/* ---- what their files say ---- */

static const char *
find_file(struct kube *k, const char *map, const char *file, struct err *e)
{
	const struct json *m = kube_find_configmap(k, map, e);
	const char *text = m != NULL ? kube_data(m, file) : NULL;

	if (m != NULL && text_empty(text))
		err_set(e, ERR_HAND, "ConfigMap %s has no %s", map, file);
	return text_empty(text) ? NULL : text;
}

static const char *
settings_map(const struct generation *g, const char *side)
{
	return text_same(side, "lms") ? g->lms : g->cms;
}

/* In all entries but the one that only reads. */
static bool
replace_databases(struct pysettings *ps, const char *const *value,
    struct err *e)
{
	struct pool *pool = step_common()->pool;
	const char *name;

	for (size_t i = 0; (name = pysettings_key(ps, "DATABASES", i))
	    != NULL; i++)
		for (size_t k = 0; k < GENERATION_DATABASE; k++)
			if (value[k] != NULL
			    && strcmp(name, "read_replica") != 0
			    && !pysettings_put(ps, pool_printf(pool,
				"DATABASES.%s.%s", name,
				generation_database[k]), value[k]))
				return err_set(e, ERR_HAND, "DATABASES has "
				    "an entry \"%s\" that is no map, and "
				    "the Deployment sets DB_MIGRATION_* for "
				    "it", name);
	return true;
}

/* Its YAML, what the environment replaces in it, then its production.py. */
struct pysettings *
running_find(struct kube *k, const struct generation *g, const char *side,
    struct err *e)
{
	struct pool *pool = step_common()->pool;
	const char *map = settings_map(g, side);
	const char *file = pool_printf(pool, "%s.env.yml", side);
	const char *env = find_file(k, g->config, file, e);
	const char *code = env == NULL ? NULL :
	    find_file(k, map, "production.py", e);
	struct pysettings *ps = NULL;
	struct yaml *y = NULL;
	bool ok;

	if (code != NULL)
		y = yaml_parse(env, strlen(env), pool_printf(pool, "%s/%s",
		    g->config, file), e);
	if (y == NULL)
		return NULL;
	ps = pysettings_new();
	ok = pysettings_add_yaml(ps, y, e)
	    && replace_databases(ps, text_same(side, "lms") ? g->lms_database
		: g->cms_database, e)
	    && pysettings_add_python(ps, code, strlen(code),
		pool_printf(pool, "%s/production.py", map), e);
	yaml_close(y);
	if (!ok) {
		pysettings_free(ps);
		return NULL;
	}
	return ps;
}

/* ---- what the platform itself says ---- */

/* Keys that settings hold as JSON within a text: as what they are, as where
 * the file is read. */
static void
open_keys(struct json *j)
{
	static const char *const names[] = { "JWT_PRIVATE_SIGNING_JWK",
	    "JWT_PUBLIC_SIGNING_JWK_SET", NULL };

	for (const char *const *n = names; *n != NULL; n++) {
		const char *text = json_str(json_at(j, "JWT_AUTH"), *n);
		struct json *patch, *key;
		struct err unread;

		key = text == NULL ? NULL :
		    json_parse(text, strlen(text), *n, &unread);
		if (key == NULL)
			continue;	/* it stays a text */
		patch = json_object();
		json_add(json_add(patch, "JWT_AUTH", json_object()), *n,
		    key);
		json_merge(j, patch);
		json_free(patch);
	}
}

struct pysettings *
running_ask(struct kube *k, const struct generation *g, const char *side,
    const char *names, struct err *e)
{
	struct json *j = openedx_find_settings(k, side, settings_map(g, side),
	    names, PYSETTINGS_STORES, e);
	struct buf text = buf_new(ANSWER_MAX);
	struct pysettings *ps = NULL;
	struct yaml *y = NULL;

	if (j != NULL) {
		open_keys(j);
		json_print(j, false, &text);	/* JSON is YAML */
	}
	if (j != NULL && buf_check(&text, "the settings", e))
		y = yaml_parse(buf_str(&text), text.len, side, e);
	if (y != NULL) {
		ps = pysettings_new();
		if (!pysettings_add_yaml(ps, y, e)) {
			pysettings_free(ps);
			ps = NULL;
		}
	}
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	yaml_close(y);
	json_free(j);
	return ps;
}

/* Where the files say something else, our reading of them is at fault. */
static void
compare(const struct json *files, const struct json *platform)
{
	struct pool *pool = step_common()->pool;
	const struct setting *row;
	int same = 0;

	for (size_t i = 0; (row = settings_row(i)) != NULL; i++) {
		const char *a = settings_value(pool, files, row->key);
		const char *b = settings_value(pool, platform, row->key);

		same += a != NULL && text_same(a, b);
		if (a != NULL && !text_same(a, b))
			log_warn("%s: the platform runs with another value "
			    "than was read from its files; the platform's "
			    "is taken", row->key);
	}
	log_info("The platform says of %d settings what its files say", same);
}

/* In place of what was read from the files. */
static bool
take_evaluated(struct source *s, const struct settings_source *files,
    struct err *e)
{
	struct settings_source from = *files;
	struct pysettings *lms, *cms = NULL;
	const char *names = settings_names(step_common()->pool,
	    s->settings);
	struct json *platform;

	lms = running_ask(s->kube, s->g, "lms", names, e);
	if (lms != NULL)
		cms = running_ask(s->kube, s->g, "cms", names, e);
	if (cms != NULL) {
		if (s->problems->len > 0)
			log_info("From the files alone this can't be told:\n"
			    "%s", buf_str(s->problems));
		buf_clear(s->problems);
		from.lms = lms;
		from.cms = cms;
		platform = settings_read(step_common()->pool, &from,
		    s->problems);
		compare(s->settings, platform);
		settings_take_unmapped(platform, s->settings);
		json_free(s->settings);
		s->settings = platform;
	}
	pysettings_free(lms);
	pysettings_free(cms);
	return cms != NULL;
}

static bool
read_settings(struct source *s, bool evaluate, struct err *e)
{
	struct settings_source from = { .tutor = s->g->tutor,
		.forum_database = s->g->forum_database };
	struct json *maps;

	s->lms = running_find(s->kube, s->g, "lms", e);
	if (s->lms == NULL)
		return false;
	s->cms = running_find(s->kube, s->g, "cms", e);
	if (s->cms == NULL)
		return false;
	from.lms = s->lms;
	from.cms = s->cms;
	s->settings = settings_read(step_common()->pool, &from,
	    s->problems);
	if (evaluate && !take_evaluated(s, &from, e))
		return false;
	maps = json_add(s->settings, "configmaps", json_object());
	json_set_str(maps, "config", s->g->config);
	json_set_str(maps, "lms", s->g->lms);
	json_set_str(maps, "cms", s->g->cms);
	return s->problems->len == 0 || err_set(e, ERR_HAND, "these settings "
	    "can't be taken over as they are; look at them in the cluster:"
	    "\n%s", buf_str(s->problems));
}

struct json *
running_read(struct kube *k, const struct generation *g, bool evaluate,
    struct buf *problems, struct err *e)
{
	struct source s = { .kube = k, .g = g, .problems = problems };

	if (!read_settings(&s, evaluate, e)) {
		json_free(s.settings);
		s.settings = NULL;
	}
	pysettings_free(s.lms);
	pysettings_free(s.cms);
	return s.settings;
}

/* ---- rights ---- */

/* What the token must be allowed in the instance's namespace. */
static const struct kube_right to_read[] = {
	{ "apps", "deployments", "get" },
	{ "", "configmaps", "get, list" },
	{ 0 }
}, to_evaluate[] = {
	{ "apps", "deployments", "get" },
	{ "", "configmaps", "get, list" },
	{ "", "pods", "list" },
	{ "", "pods/exec", "get, create" },
	{ 0 }
};

void
running_name_missing_rights(struct kube *k, const char *space, bool evaluate,
    struct err *e)
{
	cluster_name_missing(k, space, evaluate ? to_evaluate : to_read, e);
}
