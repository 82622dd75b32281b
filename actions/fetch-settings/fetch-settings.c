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
#include <stdlib.h>
#include <string.h>

#include "api/kube.h"
#include "api/openedx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "edx/release.h"
#include "edx/settings.h"
#include "step/step.h"

enum {
	PROBLEMS_MAX = 1800,
	FILE_MAX = 1 << 20,
};

static struct {
	const char *server, *ca, *token, *space;
	bool evaluate;
} in;

static const struct input inputs[] = {
	{ .name = "kube-server", .str = &in.server,
	  .check = text_check_https, .plan = "old.kube.server",
	  .help = "Address of the old cluster's API server" },
	{ .name = "kube-ca", .str = &in.ca, .dflt = "",
	  .check = kube_check_roots,
	  .help = "Certificate authority of that server, PEM or base64 of "
	    "it; if empty, the machine's roots" },
	{ .name = "kube-token", .str = &in.token, .secret = true,
	  .help = "Token of a service account that may get Deployments and "
	    "list ConfigMaps" },
	{ .name = "namespace", .str = &in.space, .check = text_check_name,
	  .plan = "old.namespace",
	  .help = "Namespace of the old instance" },
	{ .name = "evaluate", .flag = &in.evaluate, .dflt = "false",
	  .help = "Let the LMS and Studio print these settings in their own "
	    "containers, and take that; the token must be allowed to list "
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

/* What the token must be allowed in the old instance's namespace. */
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

/* What runs: the ConfigMaps that all Deployments agree on. */
struct generation {
	const char *config, *lms, *cms;	/* names */
	const char *tutor, *forum_database;
};

struct source {
	struct kube *kube;
	struct generation g;
	struct pysettings *lms, *cms;
	struct json *settings;
	struct buf problems;
};

/* ---- which ConfigMaps run ---- */

/* One volume of one Deployment; all that have it must name the same map. */
static bool
agree(const struct json *deployment, const char *name, const char *volume,
    const char **map, struct err *e)
{
	const char *this = kube_mounted_configmap(deployment, volume);

	if (this == NULL)
		return true;
	if (*map != NULL && strcmp(*map, this) != 0)
		return err_set(e, ERR_HAND, "Deployment %s mounts ConfigMap "
		    "%s, another one %s: a rollout is half-way; finish it "
		    "or take it back", name, this, *map);
	*map = this;
	return true;
}

static bool
look_at(struct source *s, const char *name, bool needed, struct err *e)
{
	static const char *const migration[] = { "DB_MIGRATION_HOST",
	    "DB_MIGRATION_PORT", "DB_MIGRATION_NAME", "DB_MIGRATION_USER",
	    "DB_MIGRATION_PASS", "DB_MIGRATION_ENGINE", NULL };
	struct err why = { 0 };
	const struct json *d = kube_find_deployment(s->kube, name, &why);
	struct buf state = buf_new(400);
	bool ok;

	if (d == NULL) {
		if (why.kind == ERR_NOT_FOUND && !needed)
			return true;
		*e = why;
		return false;
	}
	if (!kube_is_ready(d, &state))
		log_warn("Deployment %s is not ready: %s", name,
		    buf_str(&state));
	buf_free(&state);
	for (const char *const *m = migration; *m != NULL; m++)
		if (kube_env(d, name, *m) != NULL)
			buf_printf(&s->problems, "DATABASES: the Deployment "
			    "%s sets %s, which replaces the setting\n", name,
			    *m);
	ok = agree(d, name, "config", &s->g.config, e)
	    && agree(d, name, "settings-lms", &s->g.lms, e)
	    && agree(d, name, "settings-cms", &s->g.cms, e);
	if (s->g.tutor == NULL)
		s->g.tutor = json_str(json_get(json_at(d,
		    "metadata.annotations"), "app.kubernetes.io/version"),
		    "");
	return ok;
}

/* A forum that is a program of its own: its database is nowhere but in its
 * environment. */
static bool
look_at_forum(struct source *s, struct err *e)
{
	struct err why = { 0 };
	const struct json *d = kube_find_deployment(s->kube, "forum", &why);

	if (d == NULL && why.kind != ERR_NOT_FOUND) {
		*e = why;
		return false;
	}
	if (d != NULL)
		s->g.forum_database = kube_env(d, "forum",
		    "MONGODB_DATABASE");
	return true;
}

static bool
find_running(struct source *s, struct err *e)
{
	if (!look_at(s, "lms", true, e) || !look_at(s, "cms", true, e)
	    || !look_at(s, "lms-worker", false, e)
	    || !look_at(s, "cms-worker", false, e) || !look_at_forum(s, e))
		return false;
	if (s->g.config == NULL || s->g.lms == NULL || s->g.cms == NULL)
		return err_set(e, ERR_HAND, "the Deployments of namespace %s "
		    "mount no ConfigMap as config, settings-lms or "
		    "settings-cms: not an instance that Tutor made",
		    in.space);
	log_info("Running: %s, %s, %s", s->g.config, s->g.lms, s->g.cms);
	return true;
}

/* The name without kustomize's hash. */
static size_t
stem(const char *name)
{
	const char *hash = strrchr(name, '-');

	return hash != NULL ? (size_t)(hash - name) : strlen(name);
}

/* A generation that was made but never rolled out: somebody should know. */
static void
warn_of_newer(const struct json *all, const char *running)
{
	const char *made = NULL;

	for (int i = 0; i < json_len(all); i++)
		if (text_same(json_str(json_item(all, i), "metadata.name"),
		    running))
			made = json_str(json_item(all, i),
			    "metadata.creationTimestamp");
	for (int i = 0; made != NULL && i < json_len(all); i++) {
		const struct json *one = json_item(all, i);
		const char *name = json_str(one, "metadata.name");
		const char *when = json_str(one,
		    "metadata.creationTimestamp");

		if (name != NULL && when != NULL && strcmp(when, made) > 0
		    && stem(name) == stem(running)
		    && strncmp(name, running, stem(name)) == 0)
			log_warn("ConfigMap %s (%s) is newer than %s (%s), "
			    "which runs; the running one is read", name,
			    when, running, made);
	}
}

static void
look_for_newer(struct source *s)
{
	struct err why = { 0 };
	const struct json *all = kube_find_configmaps(s->kube, NULL, &why);

	if (all == NULL) {
		log_warn("whether newer ConfigMaps exist is not known: %s",
		    why.text);
		return;
	}
	warn_of_newer(all, s->g.config);
	warn_of_newer(all, s->g.lms);
	warn_of_newer(all, s->g.cms);
}

/* ---- reading them ---- */

static const char *
find_file(struct source *s, const char *map, const char *file,
    struct err *e)
{
	const struct json *m = kube_find_configmap(s->kube, map, e);
	const char *text = m != NULL ? kube_data(m, file) : NULL;

	if (m != NULL && text_empty(text))
		err_set(e, ERR_HAND, "ConfigMap %s has no %s", map, file);
	return text_empty(text) ? NULL : text;
}

/* One side: its YAML, then its production.py. */
static struct pysettings *
read_side(struct source *s, const char *yaml_file, const char *map,
    struct err *e)
{
	struct pool *pool = step_common()->pool;
	const char *env = find_file(s, s->g.config, yaml_file, e);
	const char *code = env == NULL ? NULL :
	    find_file(s, map, "production.py", e);
	struct pysettings *ps = NULL;
	struct yaml *y = NULL;
	bool ok;

	if (code != NULL)
		y = yaml_parse(env, strlen(env), pool_printf(pool, "%s/%s",
		    s->g.config, yaml_file), e);
	if (y == NULL)
		return NULL;
	ps = pysettings_new();
	ok = pysettings_add_yaml(ps, y, e) && pysettings_add_python(ps, code,
	    strlen(code), pool_printf(pool, "%s/production.py", map), e);
	yaml_close(y);
	if (!ok) {
		pysettings_free(ps);
		return NULL;
	}
	return ps;
}

/* ---- what the platform itself says ---- */

static struct pysettings *
ask_side(struct source *s, const char *side, const char *map, struct err *e)
{
	struct json *j = openedx_find_settings(s->kube, side, map,
	    settings_names(step_common()->pool), PYSETTINGS_STORES, e);
	struct buf text = buf_new(FILE_MAX);
	struct pysettings *ps = NULL;
	struct yaml *y = NULL;

	if (j != NULL)
		json_print(j, false, &text);	/* JSON is YAML */
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
	struct json *platform;

	lms = ask_side(s, "lms", s->g.lms, e);
	if (lms != NULL)
		cms = ask_side(s, "cms", s->g.cms, e);
	if (cms != NULL) {
		if (s->problems.len > 0)
			log_info("From the files alone this can't be told:\n"
			    "%s", buf_str(&s->problems));
		buf_clear(&s->problems);
		from.lms = lms;
		from.cms = cms;
		platform = settings_read(step_common()->pool, &from,
		    &s->problems);
		compare(s->settings, platform);
		json_free(s->settings);
		s->settings = platform;
	}
	pysettings_free(lms);
	pysettings_free(cms);
	return cms != NULL;
}

static bool
read_settings(struct source *s, struct err *e)
{
	struct settings_source from = { .tutor = s->g.tutor,
		.forum_database = s->g.forum_database };
	struct json *maps;

	s->lms = read_side(s, "lms.env.yml", s->g.lms, e);
	if (s->lms == NULL)
		return false;
	s->cms = read_side(s, "cms.env.yml", s->g.cms, e);
	if (s->cms == NULL)
		return false;
	from.lms = s->lms;
	from.cms = s->cms;
	s->settings = settings_read(step_common()->pool, &from,
	    &s->problems);
	if (in.evaluate && !take_evaluated(s, &from, e))
		return false;
	maps = json_add(s->settings, "configmaps", json_object());
	json_set_str(maps, "config", s->g.config);
	json_set_str(maps, "lms", s->g.lms);
	json_set_str(maps, "cms", s->g.cms);
	if (s->problems.len > 0)
		return err_set(e, ERR_HAND, "these settings can't be taken "
		    "over as they are; look at them in the cluster:\n%s",
		    buf_str(&s->problems));
	return true;
}

/* ---- telling ---- */

static void
tell(const struct source *s)
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
	const struct json *in_cluster = json_at(s->settings, "in-cluster");
	struct pool *pool = step_common()->pool;

	step_summary("\n| setting | value |\n|---|---|\n");
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const char *value = settings_value(pool, s->settings,
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
	if (s->g.tutor != NULL)
		step_output("release", "%d", release_major(s->g.tutor));
	for (int i = 0; i < json_len(in_cluster); i++)
		log_warn("%s: it is within the old cluster, so that the new "
		    "one can't share it",
		    json_str(json_item(in_cluster, i), ""));
}

static bool
write_file(const struct source *s, struct err *e)
{
	struct buf text = buf_new(FILE_MAX);
	const char *path = NULL;

	json_print(s->settings, true, &text);
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

static void
mask_secrets(const struct source *s)
{
	const struct setting *row;

	for (size_t i = 0; (row = settings_row(i)) != NULL; i++)
		if (row->secret)
			log_mask(settings_value(step_common()->pool,
			    s->settings, row->key));
}

/* After the first refusal, all that is missing at once. */
static void
name_missing_rights(struct kube *k, struct err *e)
{
	struct buf rules = buf_new(PROBLEMS_MAX);
	struct err unseen, said = *e;

	if (kube_find_missing(k, in.evaluate ? to_evaluate : to_read, &rules,
	    &unseen) && rules.len > 0)
		err_set(e, said.kind, "%s\nAll rules that the Role in "
		    "namespace %s lacks for this step:\n%s", said.text,
		    in.space, buf_str(&rules));
	buf_free(&rules);
}

static bool
run(struct err *e)
{
	const struct step_common *c = step_common();
	struct kube_open o = { .server = in.server, .ca_pem = in.ca,
		.token = in.token, .space = in.space, .ca_file = c->ca_file,
		.dns_servers = c->dns_servers };
	struct source s = { .problems = buf_new(PROBLEMS_MAX) };
	bool ok;

	s.kube = kube_open(&o, e);
	ok = s.kube != NULL && find_running(&s, e);
	if (ok)
		look_for_newer(&s);
	ok = ok && read_settings(&s, e);
	if (ok) {
		mask_secrets(&s);
		tell(&s);
		ok = write_file(&s, e);
	}
	if (!ok && s.kube != NULL && e->kind == ERR_DENIED)
		name_missing_rights(s.kube, e);
	json_free(s.settings);
	pysettings_free(s.lms);
	pysettings_free(s.cms);
	buf_free(&s.problems);
	kube_close(s.kube);
	return ok;
}

const struct step step_fetch_settings = {
	.name = "fetch-settings",
	.about = "Read what the old instance really runs with",
	.icon = "download",
	.uses = STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
