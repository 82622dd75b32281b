/*
 * fetch-settings - read what the old instance really runs with.
 *
 * Guide: "Point the new instance to the old instance's data", item 1. The
 * ConfigMaps that the running Deployments mount are read, not the newest
 * ones: Kubernetes keeps many generations, and their names don't tell. First
 * openedx-config (MySQL and the keys are only there), then production.py;
 * the forum's database of releases up to 18 is in its Deployment. Python is
 * read, never run: what can't be read is reported with its line.
 *
 * With `evaluate` the LMS and Studio are asked as well: `manage.py shell` in
 * their own containers prints the settings, and what it says is taken.
 *
 * Nothing is changed; run it as often as you like. The settings, passwords
 * included, go to a file for the steps after it in the same job.
 */
#include <string.h>

#include "api/kube.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/release.h"
#include "edx/settings.h"
#include "site/cluster.h"
#include "site/generation.h"
#include "site/running.h"
#include "step/step.h"

enum {
	PROBLEMS_MAX = 1800,
	FILE_MAX = 1 << 20,
};

static struct {
	bool evaluate;
} in;

static const struct input inputs[] = {
	{ .rows = cluster_old_inputs, .together = cluster_check_old },
	{ .name = "evaluate", .flag = &in.evaluate, .dflt = "false",
	  .plan = "old.evaluate",
	  .help = "Let the LMS and Studio print these settings in their own "
	    "containers, and take that; the login must be allowed to list "
	    "pods and to run commands in them" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "settings-file",
	  .help = "File with the settings, secrets included, for later "
	    "steps of the job" },
	{ .name = "release", .help = "Tutor's major version there" },
	{ .name = "mysql-host", .help = "Host of MySQL" },
	{ .name = "mysql-port", .help = "Port of MySQL" },
	{ .name = "mysql-database", .help = "Database in MySQL" },
	{ .name = "mysql-user", .help = "User of MySQL" },
	{ .name = "mongodb-host", .help = "Host of MongoDB" },
	{ .name = "mongodb-port", .help = "Port of MongoDB" },
	{ .name = "mongodb-database", .help = "Database in MongoDB" },
	{ .name = "mongodb-user", .help = "User of MongoDB" },
	{ .name = "forum-database", .help = "The forum's database in "
	    "MongoDB" },
	{ .name = "s3-bucket", .help = "Bucket of the uploads" },
	{ 0 }
};

/* ---- telling ---- */

static void
tell(const struct json *settings, const char *tutor)
{
	static const struct {
		const char *output, *key;
	} values[] = {
		{ "mysql-host", "MYSQL_HOST" },
		{ "mysql-port", "MYSQL_PORT" },
		{ "mysql-database", "OPENEDX_MYSQL_DATABASE" },
		{ "mysql-user", "OPENEDX_MYSQL_USERNAME" },
		{ "mongodb-host", "MONGODB_HOST" },
		{ "mongodb-port", "MONGODB_PORT" },
		{ "mongodb-database", "MONGODB_DATABASE" },
		{ "mongodb-user", "MONGODB_USERNAME" },
		{ "forum-database", "FORUM_MONGODB_DATABASE" },
		{ "s3-bucket", "S3_STORAGE_BUCKET" },
	};
	const struct json *in_cluster = json_at(settings, "in-cluster");
	struct pool *pool = step_common()->pool;

	step_summary("\n| setting | value |\n|---|---|\n");
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const char *value = settings_value(pool, settings,
		    values[i].key);
		struct buf text = buf_new(FILE_MAX);

		/* a host may be a URI with a password in it */
		if (value != NULL && strchr(value, '@') != NULL)
			value = "(a URI with a login)";
		text_markdown(&text, value != NULL ? value : "-");
		step_output(values[i].output, "%s",
		    value != NULL ? value : "");
		step_summary("| %s | %s |\n", values[i].output,
		    buf_str(&text));
		buf_free(&text);
	}
	if (tutor != NULL)
		step_output("release", "%d", release_major(tutor));
	for (int i = 0; i < json_len(in_cluster); i++)
		log_warn("%s: it is within the old cluster, so that the new "
		    "one can't share it",
		    json_str(json_item(in_cluster, i), ""));
}

/* By name: point-at-data writes a patch for each, or asks. */
static void
tell_unmapped(const struct json *settings)
{
	const struct json *one = json_first(json_get(settings, "unmapped"));

	if (one != NULL)
		step_summary("\nNo key of config.yml carries these; "
		    "point-at-data writes patches for them:\n\n");
	for (; one != NULL; one = json_next(one)) {
		struct buf path = buf_new(FILE_MAX);

		text_markdown(&path, json_str(one, "path"));
		log_info("%s: no key of config.yml carries it",
		    json_str(one, "path"));
		step_summary("- %s%s\n", buf_str(&path),
		    json_str(one, "why") != NULL ?
		    " (which can't be read: a person must decide)" : "");
		buf_free(&path);
	}
}

static bool
write_file(const struct json *settings, struct err *e)
{
	struct buf text = buf_new(FILE_MAX);
	const char *path = NULL;

	json_print(settings, true, &text);
	if (buf_check(&text, "settings.json", e))
		path = step_secret_file("settings.json", buf_str(&text), e);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	if (path == NULL)
		return false;
	step_output("settings-file", "%s", path);
	return true;
}

static bool
run(struct err *e)
{
	struct buf problems = buf_new(PROBLEMS_MAX);
	struct kube *k = cluster_open(CLUSTER_OLD, e);
	struct json *settings = NULL;
	struct generation g;
	bool ok = k != NULL && generation_find(k, &g, &problems, e);

	if (ok) {
		generation_warn_of_newer(k, &g);
		settings = running_read(k, &g, in.evaluate, &problems, e);
		ok = settings != NULL;
	}
	if (ok) {
		settings_mask(settings);
		tell(settings, g.tutor);
		tell_unmapped(settings);
		ok = write_file(settings, e);
	}
	if (!ok && k != NULL && e->kind == ERR_DENIED)
		running_name_missing_rights(k,
		    cluster_space(CLUSTER_OLD), in.evaluate, e);
	json_free(settings);
	buf_free(&problems);
	kube_close(k);
	return ok;
}

const struct step step_fetch_settings = {
	.name = "fetch-settings",
	.about = "Read what the old instance really runs with",
	.icon = "download",
	.uses = STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
