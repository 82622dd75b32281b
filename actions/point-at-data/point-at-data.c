/*
 * point-at-data - make the new instance use the old instance's data.
 *
 * Guide: "Point the new instance to the old instance's data", item 2. What
 * fetch-settings read is written into config.yml: MySQL, MongoDB, the bucket,
 * the secrets that both sides must share, and patches for what no key
 * carries. Empty and false values are written too, where the new file has a
 * default of its own. commit-config commits. Run it as often as you like.
 *
 * Refused: data within the old cluster (it can't be shared), another release
 * (its code would meet the old schema), and a new side that would still
 * deploy init jobs (they would migrate the live database).
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
#include "edx/env.h"
#include "edx/mapping.h"
#include "edx/patch.h"
#include "edx/release.h"
#include "edx/settings.h"
#include "step/step.h"
#include "site/configfile.h"

enum { LIST_MAX = 64 * 1024 };

static struct {
	const char *settings, *plugin, *accept;
} in;

static const struct input inputs[] = {
	{ .name = "settings-file", .str = &in.settings,
	  .check = file_check_readable,
	  .help = "File that fetch-settings wrote in this job" },
	{ .name = "s3-plugin", .str = &in.plugin, .dflt = "",
	  .help = "What pip installs as Tutor's s3 plugin, where uploads "
	    "are in a bucket and the new side has no such plugin; if "
	    "empty, the version that fits the release" },
	{ .name = "accept-unmapped", .str = &in.accept, .dflt = "",
	  .plan = "accept-unmapped", .list = true,
	  .help = "Settings that no key carries, such as "
	    "DATABASES.default.CONN_MAX_AGE, which the new side shall not "
	    "have" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "mysql-database", .help = "Database in MySQL that "
	    "config.yml names" },
	{ .name = "mongodb-database", .help = "Database in MongoDB that "
	    "config.yml names" },
	{ .name = "unmapped", .help = "Settings that neither a key nor a "
	    "patch can carry" },
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

/* A dry run goes on: what would make it right is a phase before. */
static bool
refuse_but_dry(struct err *e, const char *why)
{
	if (!step_common()->dry_run)
		return err_set(e, ERR_HAND, "%s", why);
	log_warn("A real run refuses this: %s", why);
	return true;
}

/* Off, and rendered since: Argo CD deploys env, not config.yml. */
static bool
check_init_jobs(const struct configfile *c, struct err *e)
{
	struct pool *pool = step_common()->pool;
	const char *on = yaml_get(c->edit.yaml, "DRYDOCK_INIT_JOBS");
	struct env env;

	if (!text_same(on, "false"))
		return refuse_but_dry(e, pool_printf(pool,
		    "DRYDOCK_INIT_JOBS is %s: the new side's init jobs would "
		    "migrate the live database; set it to false, build and "
		    "deploy before", on != NULL ? on : "not set"));
	if (!env_find(pool, repo_path(c->repo, pool_printf(pool,
	    "instances/%s", step_common()->instance)), &env, e))
		return false;
	if (!env.rendered)
		return refuse_but_dry(e, "DRYDOCK_INIT_JOBS is false, but "
		    "nothing was rendered yet: build before");
	if (env.init_jobs)
		return refuse_but_dry(e, "DRYDOCK_INIT_JOBS is false, but "
		    "the rendered env still deploys the init jobs, which "
		    "would migrate the live database: build and deploy "
		    "before");
	return true;
}

/* Newer code must not meet the old schema: with init jobs off nothing
 * migrates it. */
static bool
check_release(const struct configfile *c, const struct json *settings,
    struct err *e)
{
	const char *tutor = yaml_get(c->edit.yaml, "TUTOR_VERSION");
	int new = release_major(tutor);
	double old = 0;

	if (!json_num(settings, "major", &old) || old < 1 || new == 0) {
		log_warn("Whether both sides have the same release can't be "
		    "told: the old one is %s, the new one %s",
		    json_str(settings, "tutor") != NULL ?
		    json_str(settings, "tutor") : "not known",
		    tutor != NULL ? tutor : "not known");
		return true;
	}
	if ((int)old == new)
		return true;
	return err_set(e, ERR_HAND, "the old side runs Tutor %d (%s), the "
	    "new one is built with %s: move with the same release, then "
	    "upgrade", (int)old,
	    release_name((int)old) != NULL ? release_name((int)old) : "?",
	    tutor);
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

/* ---- what no key carries ---- */

/* Nothing is written while there is something that nobody decided on. */
static bool
check_left(const struct patch *patch, struct err *e)
{
	if (patch->files->len > 0)
		log_warn("The new image must have these files too:\n%s",
		    buf_str(patch->files));
	if (patch->left->len == 0)
		return true;
	return err_set(e, ERR_HAND, "these settings of the old side are "
	    "carried by no key, and no patch can be written for them; name "
	    "those that the new side shall not have in accept-unmapped:\n%s",
	    buf_str(patch->left));
}

/* Their names, for the output. */
static void
tell_left(const struct patch *patch)
{
	struct buf names = buf_new(LIST_MAX);

	for (const char *s = buf_str(patch->left); *s != '\0'; ) {
		buf_printf(&names, "%s%.*s", names.len > 0 ? " " : "",
		    (int)strcspn(s, ":\n"), s);
		s += strcspn(s, "\n");
		s += *s == '\n';
	}
	step_output("unmapped", "%s", buf_str(&names));
	buf_free(&names);
}

static bool
map_settings(struct configfile *c, const struct json *settings,
    struct err *e)
{
	struct buf left = buf_new(LIST_MAX), files = buf_new(LIST_MAX);
	struct patch patch = { .left = &left, .files = &files,
		.accepted = text_split(step_common()->pool, in.accept,
		    NULL) };
	struct mapping m = { .edit = &c->edit, .settings = settings,
		.s3_plugin = in.plugin, .patch = &patch };
	bool ok = mapping_write(&m, e);

	tell_left(&patch);
	ok = ok && check_left(&patch, e);
	buf_free(&left);
	buf_free(&files);
	return ok;
}

static bool
point(struct configfile *c, const struct json *settings, struct err *e)
{
	bool ok = check_shareable(settings, e) && check_init_jobs(c, e)
	    && check_release(c, settings, e);

	if (ok)
		warn_of_private(settings);
	ok = ok && map_settings(c, settings, e)
	    && ensure_record(c, settings, e) && configfile_save(c, e);
	if (ok) {
		step_output("mysql-database", "%s",
		    yaml_get(c->edit.yaml, "OPENEDX_MYSQL_DATABASE"));
		step_output("mongodb-database", "%s",
		    yaml_get(c->edit.yaml, "MONGODB_DATABASE"));
	}
	return ok;
}

static bool
run(struct err *e)
{
	struct json *settings = settings_load(in.settings, e);
	struct configfile c = { 0 };
	bool ok = settings != NULL && configfile_open(&c, e);

	if (ok && c.edit.yaml == NULL)
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
