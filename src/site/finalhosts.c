/*
 * finalhosts - see finalhosts.h.
 */
#include "site/finalhosts.h"

#include <stddef.h>

#include "api/repo.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/config.h"
#include "edx/frozen.h"
#include "site/configfile.h"
#include "site/hosts.h"
#include "step/step.h"

/* A host that Tutor derives from LMS_HOST where config.yml has none. */
static const struct {
	const char *kind, *key, *prefix;
} derived[] = {
	{ "cms", "CMS_HOST", "studio." },
	{ "mfe", "MFE_HOST", "apps." },
	{ "preview", "PREVIEW_LMS_HOST", "preview." },
	{ "meilisearch", "MEILISEARCH_HOST", "meilisearch." },
};
enum { DERIVED = sizeof derived / sizeof *derived };

static bool
ensure_host(struct configfile *c, const struct hosts *h, size_t i,
    const char *lms, struct err *e)
{
	struct pool *pool = step_common()->pool;
	const char *want = hosts_name(h, derived[i].kind);
	const char *follows = pool_printf(pool, "%s%s", derived[i].prefix,
	    lms);

	if (want == NULL)
		want = follows;
	/* a template may have named it until a build rendered that */
	if (text_same(yaml_get(c->edit.yaml, derived[i].key), want))
		return true;
	if (text_same(want, follows) && !config_refers_to(c->edit.yaml,
	    derived[i].key))
		return yaml_kind(c->edit.yaml, derived[i].key) == YAML_NONE
		    || edit_remove(&c->edit, derived[i].key, e);
	return edit_set(&c->edit, derived[i].key, YAML_STRING, want, e);
}

/* The names that the instance has until now, and what each becomes. */
static const struct config_host *
host_moves(struct configfile *c, const struct hosts *h, const char *lms)
{
	struct pool *pool = step_common()->pool;
	struct config_host *v = pool_alloc(pool, (DERIVED + 2) * sizeof *v);
	const char *old = yaml_get(c->edit.yaml, "LMS_HOST");
	size_t n = 0;

	if (text_empty(old))
		return v;
	v[n++] = (struct config_host){ pool_strdup(pool, old), lms };
	for (size_t i = 0; i < DERIVED; i++) {
		const char *was = yaml_get(c->edit.yaml, derived[i].key);
		const char *now = hosts_name(h, derived[i].kind);

		v[n].old = !text_empty(was) ? pool_strdup(pool, was) :
		    pool_printf(pool, "%s%s", derived[i].prefix, old);
		v[n++].now = now != NULL ? now :
		    pool_printf(pool, "%s%s", derived[i].prefix, lms);
	}
	return v;
}

/* What a build froze, as replicate-config noted it, and the values that it
 * kept for this moment. */
static bool
ensure_kept(struct configfile *c, bool moving, struct err *e)
{
	struct json *kept = repo_record_load(c->repo,
	    step_common()->instance, "config", e);
	const struct json *one = json_first(json_get(kept, "at-switch"));
	bool ok = kept != NULL || *e->text == '\0';

	if (ok && moving)
		ok = frozen_thaw(&c->edit, json_get(kept, "templates"), e);
	for (; ok && one != NULL; one = json_next(one))
		if (json_str(one, "") != NULL)
			ok = edit_set(&c->edit, json_name(one), YAML_STRING,
			    json_str(one, ""), e);
	json_free(kept);
	return ok;
}

bool
finalhosts_write(struct configfile *c, struct err *e)
{
	const struct config_host *moves;
	struct hosts h;
	const char *lms;
	bool moving;

	if (!hosts_find(step_common()->pool, NULL, &h, e))
		return false;
	lms = hosts_name(&h, "lms");
	if (lms == NULL)
		return err_set(e, ERR_INPUT, "the plan has no hosts.lms");
	moves = host_moves(c, &h, lms);
	moving = !text_same(yaml_get(c->edit.yaml, "LMS_HOST"), lms);
	if (!ensure_kept(c, moving, e)
	    || !frozen_replace_hosts(&c->edit, moves, e)
	    || !edit_set(&c->edit, "LMS_HOST", YAML_STRING, lms, e))
		return false;
	for (size_t i = 0; i < DERIVED; i++)
		if (!ensure_host(c, &h, i, lms, e))
			return false;
	return yaml_kind(c->edit.yaml, "MEILISEARCH_PUBLIC_URL") == YAML_NONE
	    || edit_remove(&c->edit, "MEILISEARCH_PUBLIC_URL", e);
}
