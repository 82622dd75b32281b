/*
 * point-at-data - make the new instance use the old instance's data.
 *
 * Guide: "Point the new instance to the old instance's data", item 2. What
 * fetch-settings read is written into config.yml: MySQL, MongoDB, the bucket,
 * and the secrets that both sides must share. Empty and false values are
 * written too, where the new file has a default of its own. The names
 * MYSQL_DATABASE, MYSQL_USERNAME and MYSQL_PASSWORD go: where they stand,
 * Tutor lets them win over OPENEDX_MYSQL_*. commit-config commits.
 * Run it as often as you like.
 *
 * Refused: data within the old cluster (it can't be shared), and a new side
 * whose init jobs are still on (they would migrate the live database).
 */
#include <stddef.h>
#include <string.h>

#include "api/repo.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/release.h"
#include "edx/settings.h"
#include "step/step.h"
#include "site/configfile.h"

static struct {
	const char *settings, *plugin;
} in;

static const struct input inputs[] = {
	{ .name = "settings-file", .str = &in.settings,
	  .check = file_check_readable,
	  .help = "File that fetch-settings wrote in this job" },
	{ .name = "s3-plugin", .str = &in.plugin, .dflt = "",
	  .help = "What pip installs as Tutor's s3 plugin, where uploads "
	    "are in a bucket and the new side has no such plugin; if "
	    "empty, the version that fits the release" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "mysql-database", .help = "Database in MySQL that "
	    "config.yml names" },
	{ .name = "mongodb-database", .help = "Database in MongoDB that "
	    "config.yml names" },
	{ 0 }
};

/* ---- what stands against it ---- */

static bool
check_shareable(const struct json *settings, struct err *e)
{
	const struct json *within = json_at(settings, "in-cluster");

	if (json_len(within) == 0)
		return true;
	return err_set(e, ERR_HAND, "%s: this data is within the old "
	    "cluster, where the new one can't reach it; move it to a "
	    "database or bucket outside before",
	    json_str(json_item(within, 0), ""));
}

static bool
check_init_jobs(const struct configfile *c, struct err *e)
{
	const char *on = yaml_get(c->yaml, "DRYDOCK_INIT_JOBS");

	if (text_same(on, "false"))
		return true;
	if (step_common()->dry_run) {
		log_warn("DRYDOCK_INIT_JOBS is not false yet: a real run "
		    "refuses that");
		return true;
	}
	return err_set(e, ERR_HAND, "DRYDOCK_INIT_JOBS is %s: the new side's "
	    "init jobs would migrate the live database; set it to false, "
	    "build and deploy before", on != NULL ? on : "not set");
}

/* Newer code must not meet the old schema: with init jobs off nothing
 * migrates it. */
static bool
check_release(const struct configfile *c, const struct json *settings,
    struct err *e)
{
	const char *tutor = yaml_get(c->yaml, "TUTOR_VERSION");
	int new = release_major(tutor);
	double old = 0;

	if (!json_num(settings, "major", &old) || old < 1 || new == 0
	    || (int)old == new)
		return true;
	return err_set(e, ERR_HAND, "the old side runs Tutor %d (%s), the "
	    "new one is built with %s: move with the same release, then "
	    "upgrade", (int)old,
	    release_name((int)old) != NULL ? release_name((int)old) : "?",
	    tutor);
}

/* ---- writing ---- */

static bool
write_one(struct configfile *c, const struct json *settings,
    const struct setting *row, struct err *e)
{
	const struct json *value = json_get(json_at(settings, "values"),
	    row->key);
	const char *text = settings_value(step_common()->pool, settings,
	    row->key);

	if (value == NULL || text == NULL)
		return true;
	return configfile_set(c, row->key,
	    json_is_null(value, "") ? YAML_NULL : row->kind, text, e);
}

static bool
is_storage(const char *key)
{
	return text_starts(key, "S3_") || text_starts(key, "OPENEDX_AWS_")
	    || text_starts(key, "STORAGE_");
}

static bool
write_values(struct configfile *c, const struct json *settings, bool storage,
    struct err *e)
{
	const struct setting *row;

	for (size_t i = 0; (row = settings_row(i)) != NULL; i++)
		if (is_storage(row->key) == storage
		    && !write_one(c, settings, row, e))
			return false;
	return true;
}

/* Where the legacy names stand, Tutor takes them. */
static bool
drop_legacy(struct configfile *c, struct err *e)
{
	static const char *const names[] = { "MYSQL_DATABASE",
	    "MYSQL_USERNAME", "MYSQL_PASSWORD", "SECRET_KEY", NULL };

	for (const char *const *n = names; *n != NULL; n++)
		if (yaml_kind(c->yaml, *n) != YAML_NONE
		    && !configfile_remove(c, *n, e))
			return false;
	return true;
}

/* ---- the plugin that reads S3_* ---- */

static bool
has_s3_plugin(const struct configfile *c)
{
	const char *item;

	for (int i = 0; i < yaml_len(c->yaml, "PLUGINS"); i++)
		if (text_same(yaml_item(c->yaml, "PLUGINS", i), "s3"))
			return true;
	for (int i = 0; i < yaml_len(c->yaml, "PICASSO_EXTRA_COMMANDS"); i++) {
		const char **word;

		item = yaml_item(c->yaml, "PICASSO_EXTRA_COMMANDS", i);
		if (item == NULL || strstr(item, "plugins enable") == NULL)
			continue;
		word = text_split(step_common()->pool, item, NULL);
		for (; *word != NULL; word++)
			if (text_same(*word, "s3"))
				return true;
	}
	return false;
}

/* The plugin's version that is known to fit; NULL: none is known. */
static const char *
plugin_for(const struct configfile *c)
{
	if (*in.plugin != '\0')
		return in.plugin;
	return release_s3_plugin(release_major(yaml_get(c->yaml,
	    "TUTOR_VERSION")));
}

static bool
add_command(struct configfile *c, const char *command, struct err *e)
{
	static const char key[] = "PICASSO_EXTRA_COMMANDS";
	bool changed;

	if (yaml_kind(c->yaml, key) == YAML_NONE) {
		if (!yaml_set_block(c->yaml, key, pool_printf(
		    step_common()->pool, "%s:\n  - \"%s\"\n", key, command),
		    &changed, e))
			return false;
	} else if (!yaml_append(c->yaml, key, command, &changed, e)) {
		return false;
	}
	if (changed)
		step_change("config.yml PICASSO_EXTRA_COMMANDS", "(without)",
		    command);
	c->changed = c->changed || changed;
	return true;
}

/*
 * AWS keys without the plugin would make edx-platform use a bucket of a name
 * that nobody chose; so the plugin comes first.
 */
static bool
ensure_s3_plugin(struct configfile *c, struct err *e)
{
	struct pool *pool = step_common()->pool;
	const char *plugin;

	if (has_s3_plugin(c))
		return true;
	plugin = plugin_for(c);
	if (plugin == NULL)
		return err_set(e, ERR_HAND, "uploads are in a bucket, and "
		    "the new side has no s3 plugin: name one that fits its "
		    "release with the input s3-plugin");
	return add_command(c, pool_printf(pool, "pip install %s", plugin), e)
	    && add_command(c, "tutor plugins enable s3", e);
}

static bool
write_storage(struct configfile *c, const struct json *settings,
    struct err *e)
{
	const struct json *values = json_at(settings, "values");

	if (json_get(values, "STORAGE_TYPE") == NULL) {
		log_info("The old side keeps uploads in no bucket.");
		return true;
	}
	return ensure_s3_plugin(c, e) && write_values(c, settings, true, e);
}

/* ---- the record ---- */

/* What is not secret: where the data is, for the way back and for people. */
static bool
ensure_record(struct configfile *c, const struct json *settings,
    struct err *e)
{
	const struct setting *row;
	struct json *facts = json_object();
	bool ok;

	json_set_str(facts, "tutor", json_str(settings, "tutor"));
	for (size_t i = 0; (row = settings_row(i)) != NULL; i++) {
		const struct json *v = json_get(json_at(settings, "values"),
		    row->key);
		const char *text = settings_value(step_common()->pool,
		    settings, row->key);

		/* a URI may hold a login */
		if (v != NULL && !row->secret && strchr(text, '@') == NULL)
			json_add(facts, row->key, json_copy(v));
	}
	ok = configfile_keep(c, "data", facts, e);
	json_free(facts);
	return ok;
}

static void
warn_of_private(const struct json *settings)
{
	static const char *const hosts[] = { "MYSQL_HOST", "MONGODB_HOST" };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		const char *host = settings_value(step_common()->pool,
		    settings, hosts[i]);

		if (host != NULL && strstr(host, "private-") != NULL)
			log_warn("%s is a private name, which resolves only "
			    "within the old network: the new cluster needs "
			    "the public one, or a way into that network",
			    hosts[i]);
	}
}

static bool
point(struct configfile *c, const struct json *settings, struct err *e)
{
	bool ok = check_shareable(settings, e) && check_init_jobs(c, e)
	    && check_release(c, settings, e);

	if (ok)
		warn_of_private(settings);
	ok = ok && write_values(c, settings, false, e) && drop_legacy(c, e)
	    && write_storage(c, settings, e)
	    && ensure_record(c, settings, e) && configfile_save(c, e);
	if (ok) {
		step_output("mysql-database", "%s",
		    yaml_get(c->yaml, "OPENEDX_MYSQL_DATABASE"));
		step_output("mongodb-database", "%s",
		    yaml_get(c->yaml, "MONGODB_DATABASE"));
	}
	return ok;
}

static bool
run(struct err *e)
{
	struct json *settings = settings_load(in.settings, e);
	struct configfile c = { 0 };
	bool ok = settings != NULL && configfile_open(&c, e);

	if (ok && c.yaml == NULL)
		ok = configfile_missing(&c, e);
	else if (ok)
		ok = point(&c, settings, e);
	configfile_close(&c);
	json_free(settings);
	return ok;
}

const struct step step_point_at_data = {
	.name = "point-at-data",
	.about = "Make the new instance use the old instance's data",
	.icon = "database",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
