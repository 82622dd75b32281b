/*
 * replicate-cronjobs - write the old side's CronJobs for the new side.
 *
 * Guide: "Configure", item 5 (replicate the configuration), of which it
 * forgets what runs by the clock: the platform itself has no scheduler, what
 * is scheduled are the old namespace's CronJobs. Each becomes a manifest in
 * migrations/<instance>/cronjobs, suspended, with the new side's namespace,
 * image and pull secret: both sides must not do the same work, so it starts
 * only once the old one has stopped. commit-config commits. Run it as often
 * as you like; a manifest of a job that is gone there goes here.
 *
 * It is no part of replicate-config, which needs git only: this one logs in
 * to the old cluster, and knows the new image only after the first build.
 */
#include <stddef.h>

#include "api/kube.h"
#include "api/repo.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/cronjob.h"
#include "site/cluster.h"
#include "site/configfile.h"
#include "step/step.h"

enum { MANIFEST_MAX = 1 << 20, NOTES_MAX = 64 * 1024 };

static struct {
	const char *space;
} in;

static const struct input inputs[] = {
	{ .rows = cluster_old_inputs, .together = cluster_check_old },
	{ .name = "new-namespace", .str = &in.space, .plan = "new.namespace",
	  .optional = true, .check = text_check_name,
	  .help = "Namespace of the new instance; if not given, the "
	    "instance's name" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "cronjobs", .help = "Names of the CronJobs that have a "
	    "manifest now" },
	{ .name = "refused", .help = "Names of those that a person must "
	    "write" },
	{ 0 }
};

static const struct kube_right needs[] = {
	{ "apps", "deployments", "get" },
	{ "batch", "cronjobs", "list" },
	{ 0 }
};

struct work {
	struct configfile c;
	struct kube *k;
	struct cronjob_target to;
	struct buf names, refused, notes;
};

static const char *
folder(void)
{
	return pool_printf(step_common()->pool, "migrations/%s/cronjobs",
	    step_common()->instance);
}

/* ---- looking ---- */

/* After the first refusal, all that is missing at once. */
static bool
name_missing_rights(struct work *w, struct err *e)
{
	cluster_name_missing(w->k, cluster_space(CLUSTER_OLD), needs, e);
	return false;
}

/* By it the jobs are known that run the platform's own code. */
static bool
find_images(struct work *w, struct err *e)
{
	const struct json *lms = kube_find_deployment(w->k, "lms", e);
	const char *image;

	if (lms == NULL && e->kind != ERR_NOT_FOUND)
		return false;
	w->to.old_image = json_str(lms,
	    "spec.template.spec.containers[0].image");
	image = w->c.edit.yaml == NULL ? NULL :
	    yaml_get(w->c.edit.yaml, "DOCKER_IMAGE_OPENEDX");
	w->to.image = text_empty(image) ? NULL : image;
	return true;
}

/* ---- writing ---- */

static void
add_name(struct buf *list, const char *name)
{
	buf_printf(list, "%s%s", list->len > 0 ? " " : "", name);
}

static const char *
file_of(const char *name)
{
	return pool_printf(step_common()->pool, "%s/%s.yml", folder(), name);
}

static bool
write_manifest(struct work *w, const char *name, const char *was,
    const struct buf *text, struct err *e)
{
	const char *what = pool_printf(step_common()->pool,
	    "manifest of CronJob %s", name);

	add_name(&w->names, name);
	if (text_same(was, buf_str(text))) {
		step_same(what, "suspended");
		return true;
	}
	step_change(what, was != NULL ? "(another one)" : NULL, "suspended");
	return step_common()->dry_run || (file_ensure_dir(repo_path(w->c.repo,
	    folder()), e) && repo_write(w->c.repo, file_of(name),
	    buf_str(text), text->len, e));
}

static bool
write_one(struct work *w, const struct json *job, struct err *e)
{
	const char *name = json_str(job, "metadata.name"), *was = NULL;
	struct buf now = buf_new(MANIFEST_MAX), text = buf_new(MANIFEST_MAX);
	struct cronjob_target to = w->to;
	struct err why;
	bool ok = true;

	/* it becomes a path */
	if (name == NULL || !text_check_host(name, e))
		return err_set(e, ERR_OTHER, "the old cluster has a CronJob "
		    "whose name is none");
	if (file_read(repo_path(w->c.repo, file_of(name)), &now, &why))
		was = buf_str(&now);
	if (was != NULL)
		to.image = cronjob_image_there(step_common()->pool, was,
		    to.image);
	if (cronjob_convert(step_common()->pool, job, &to, &text, &w->notes,
	    &why)) {
		ok = write_manifest(w, name, was, &text, e);
	} else if (why.kind == ERR_HAND) {
		log_warn("%s", why.text);
		add_name(&w->refused, name);
	} else {
		*e = why;
		ok = false;
	}
	buf_free(&now);
	buf_free(&text);
	return ok;
}

static bool
write_all(struct work *w, struct err *e)
{
	const struct json *all = kube_find_cronjobs(w->k, NULL, e);
	const struct json *job = json_first(all);

	for (; job != NULL; job = json_next(job))
		if (cronjob_is_own(job) && !write_one(w, job, e))
			return false;
	return all != NULL;
}

static bool
is_listed(const char *list, const char *file)
{
	const char **name = text_split(step_common()->pool, list, NULL);

	for (; *name != NULL; name++)
		if (text_same(file, pool_printf(step_common()->pool,
		    "%s.yml", *name)))
			return true;
	return false;
}

/* Of jobs that the old side has no more. */
static bool
remove_others(struct work *w, struct err *e)
{
	struct pool *pool = step_common()->pool;
	const char *dir = repo_path(w->c.repo, folder());
	const char **file;

	if (!file_is_dir(dir))
		return true;
	file = file_list(pool, dir, e);
	if (file == NULL)
		return false;
	for (; *file != NULL; file++) {
		if (!text_ends(*file, ".yml")
		    || is_listed(buf_str(&w->names), *file)
		    || is_listed(buf_str(&w->refused), *file))
			continue;
		step_change(pool_printf(pool, "manifest %s", *file),
		    "(there)", "(removed: the old side has no such job)");
		if (!step_common()->dry_run && !file_remove(pool_printf(pool,
		    "%s/%s", dir, *file), e))
			return false;
	}
	return true;
}

static void
tell(const struct work *w)
{
	if (w->names.len + w->refused.len == 0)
		log_info("The old side has no CronJobs.");
	if (w->notes.len > 0)
		log_warn("To be seen to before they start:\n%s",
		    buf_str(&w->notes));
	step_output("cronjobs", "%s", buf_str(&w->names));
	step_output("refused", "%s", buf_str(&w->refused));
}

static bool
run(struct err *e)
{
	struct work w = { .names = buf_new(NOTES_MAX),
		.refused = buf_new(NOTES_MAX), .notes = buf_new(NOTES_MAX),
		.to = { .space = in.space != NULL ? in.space :
		step_common()->instance } };
	bool ok = configfile_open(&w.c, e)
	    && (w.k = cluster_open(CLUSTER_OLD, e)) != NULL;

	if (ok)
		ok = (find_images(&w, e) && write_all(&w, e)
		    && remove_others(&w, e)) || name_missing_rights(&w, e);
	if (ok)
		tell(&w);
	kube_close(w.k);
	configfile_close(&w.c);
	buf_free(&w.names);
	buf_free(&w.refused);
	buf_free(&w.notes);
	return ok;
}

const struct step step_replicate_cronjobs = {
	.name = "replicate-cronjobs",
	.about = "Write the old side's CronJobs for the new side, suspended",
	.icon = "clock",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
