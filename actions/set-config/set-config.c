/*
 * set-config - change single values of the instance's config.yml.
 *
 * Guide: "Configure", item 11 (DRYDOCK_INIT_JOBS false), and "DNS changes",
 * item 1 (the final host names). Only the bytes of the values change, in the
 * checkout; commit-config commits. A value that is there already is left
 * alone. Run it as often as you like.
 *
 * hosts: the names of the plan become the instance's. A name that Tutor
 * derives from LMS_HOST anyway is taken out, so that it follows; host names
 * that a build has rendered into other values become the final ones too.
 */
#include <stddef.h>
#include <string.h>

#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/config.h"
#include "edx/frozen.h"
#include "step/step.h"
#include "site/configfile.h"
#include "site/hosts.h"

static struct {
	const char *set, *remove;
	bool hosts;
} in;

/* The next line of the input that says something, NULL at the end; *rest is
 * what follows it. Both lie in the copy that is cut up. */
static char *
next_line(char **rest)
{
	while (*rest != NULL && **rest != '\0') {
		char *line = *rest;
		size_t n = strcspn(line, "\r\n");

		*rest = line[n] == '\0' ? NULL : line + n + 1;
		line[n] = '\0';
		line += strspn(line, " \t");
		if (*line != '\0' && *line != '#')
			return line;
	}
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A key with a blank would be a key of its own, beside the one that counts;
 * Tutor takes the text "False" for true. */
static bool
check_line(const char *line, struct err *e)
{
	size_t key = strcspn(line, "=");
	const char *value = line + key + 1;

	if (line[key] == '\0' || key == 0)
		return err_set(e, ERR_INPUT, "\"%s\" is no KEY=VALUE", line);
	if (strcspn(line, " \t") < key || is_blank(*value)
	    || is_blank(line[strlen(line) - 1]))
		return err_set(e, ERR_INPUT, "\"%s\": no blank may stand in "
		    "the key, before or after the value; blanks of the value"
		    " itself need double quotes", line);
	if (key == strlen("TUTOR_VERSION")
	    && text_starts(line, "TUTOR_VERSION"))
		return err_set(e, ERR_INPUT, "TUTOR_VERSION follows "
		    "the build; it is not set here");
	if ((text_same_fold(value, "true") && !text_same(value, "true"))
	    || (text_same_fold(value, "false") && !text_same(value, "false")))
		return err_set(e, ERR_INPUT, "\"%s\": write true or false, "
		    "or the text in double quotes", line);
	return true;
}

/* Each line before the first is acted on. */
static bool
check_lines(const char *text, struct err *e)
{
	struct pool *pool = pool_new();
	char *rest = pool_strdup(pool, text), *line;
	bool ok = true;

	while (ok && (line = next_line(&rest)) != NULL)
		ok = check_line(line, e);
	pool_free(pool);
	return ok;
}

static const struct input inputs[] = {
	{ .name = "set", .str = &in.set, .optional = true,
	  .check = check_lines,
	  .help = "Lines KEY=VALUE; true and false are booleans, digits a "
	    "number, all else is text, as is what stands in double quotes" },
	{ .name = "remove", .str = &in.remove, .optional = true,
	  .help = "Keys to take out, separated by commas, blanks or line "
	    "ends" },
	{ .name = "hosts", .flag = &in.hosts, .dflt = "false",
	  .help = "Whether to write the final hosts of the plan" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "lms-host", .help = "LMS_HOST as config.yml has it now" },
	{ 0 }
};

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

static enum yaml_kind
kind_of(const char *value)
{
	size_t n = strlen(value);

	if (text_same(value, "true") || text_same(value, "false"))
		return YAML_BOOL;
	if (n > 0 && n < 19 && strspn(value, "0123456789") == n
	    && (*value != '0' || n == 1))
		return YAML_INT;
	return YAML_STRING;
}

/* One line KEY=VALUE, in the pool; it was checked. */
static bool
set_line(struct configfile *c, char *line, struct err *e)
{
	char *value = strchr(line, '=');
	enum yaml_kind kind;
	size_t n;

	*value++ = '\0';
	kind = kind_of(value);
	n = strlen(value);
	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value[n - 1] = '\0';
		value++;
	}
	return edit_set(&c->edit, line, kind, value, e);
}

static bool
set_lines(struct configfile *c, struct err *e)
{
	char *rest = pool_strdup(step_common()->pool, in.set), *line;

	while ((line = next_line(&rest)) != NULL)
		if (!set_line(c, line, e))
			return false;
	return true;
}

static bool
remove_keys(struct configfile *c, struct err *e)
{
	const char **key = in.remove == NULL ? NULL :
	    text_split(step_common()->pool, in.remove, NULL);

	for (; key != NULL && *key != NULL; key++)
		if (!edit_remove(&c->edit, *key, e))
			return false;
	return true;
}

/* ---- hosts ---- */

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

static bool
ensure_hosts(struct configfile *c, struct err *e)
{
	const struct config_host *moves;
	struct hosts h;
	const char *lms;
	bool moving;

	if (!in.hosts)
		return true;
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

static bool
run(struct err *e)
{
	struct configfile c;
	bool ok = configfile_open(&c, e);

	if (ok && c.edit.yaml == NULL) {
		ok = configfile_missing(&c, e);
	} else if (ok) {
		ok = ensure_hosts(&c, e) && set_lines(&c, e)
		    && remove_keys(&c, e) && configfile_save(&c, e);
		if (ok && yaml_get(c.edit.yaml, "LMS_HOST") != NULL)
			step_output("lms-host", "%s",
			    yaml_get(c.edit.yaml, "LMS_HOST"));
	}
	configfile_close(&c);
	return ok;
}

const struct step step_set_config = {
	.name = "set-config",
	.about = "Change single values of the instance's config.yml",
	.icon = "edit-3",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
