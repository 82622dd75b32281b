/*
 * set-autosync - may Argo CD deploy by itself?
 *
 * Guide: "Configure", item 3 (off), and the last item (on). The file alone
 * does nothing: nobody applies it after the instance was made. So the live
 * Application is set too, and read back. Run it as often as you like.
 *
 * Argo CD before 3.1 does not know `enabled` and syncs as long as the block
 * `automated` is there: the block goes, in both places, after it was put into
 * the record (autosync); switching on puts it back. Off sets the live object
 * first, as it is what acts; on sets it last. A run that was killed between
 * is completed by the next one.
 */
#include <string.h>

#include "api/argocd.h"
#include "api/repo.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "step/step.h"
#include "site/application.h"
#include "site/checkout.h"

#define AUTOMATED "spec.syncPolicy.automated"
#define ENABLED AUTOMATED ".enabled"

static struct {
	bool enabled;
} in;

static const struct input inputs[] = {
	{ .name = "enabled", .flag = &in.enabled,
	  .help = "true: sync by itself; false: only when asked" },
	{ .rows = application_inputs },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "autosync", .help = "on or off, as it is now" },
	{ 0 }
};

/* All that the deeds below share. */
struct work {
	struct argocd *argocd;
	struct repo *repo;
	struct yaml *file;
	struct json *record;
	const struct json *app;
	const char *name, *path;
	bool knows;		/* this Argo CD knows `enabled` */
};

static const char *
word(bool on)
{
	return on ? "on" : "off";
}

static bool
file_is_on(const struct work *w)
{
	const char *enabled = yaml_get(w->file, ENABLED);

	return yaml_kind(w->file, AUTOMATED) == YAML_MAP
	    && !(w->knows && text_same(enabled, "false"));
}

static bool
live_is_on(const struct work *w)
{
	return argocd_is_automated(w->app, w->knows);
}

/* Keep what is about to be removed; what was kept before stays kept. */
static bool
ensure_recorded(struct work *w, struct err *e)
{
	const struct json *live = json_at(w->app, AUTOMATED);
	const char *block = yaml_block(w->file, AUTOMATED);

	if (w->knows || in.enabled || (live == NULL && block == NULL))
		return true;
	if (w->record == NULL)
		w->record = json_object();
	if (block != NULL)
		json_set_str(w->record, "file", block);
	if (live != NULL)
		json_add(w->record, "live", json_copy(live));
	return step_common()->dry_run || repo_record_save(w->repo,
	    step_common()->instance, "autosync", w->record, e);
}

/* The block of the record, or Launchpad's own. */
static bool
put_block_back(struct work *w, bool *changed, struct err *e)
{
	const char *block = json_str(w->record, "file");

	if (block == NULL)
		block = w->knows ? "automated:\n  enabled: true\n"
		    "  prune: true\n" : "automated:\n  prune: true\n";
	return yaml_set_block(w->file, AUTOMATED, block, changed, e);
}

static bool
edit_file(struct work *w, bool *changed, struct err *e)
{
	bool there = yaml_kind(w->file, AUTOMATED) == YAML_MAP;

	*changed = false;
	if (!in.enabled && !w->knows)
		return yaml_remove(w->file, AUTOMATED, changed, e);
	if (!in.enabled)
		return !there || yaml_set(w->file, ENABLED, YAML_BOOL,
		    "false", false, changed, e);
	if (!there && !put_block_back(w, changed, e))
		return false;
	/* also where it is not known yet: the next version would obey it */
	return !text_same(yaml_get(w->file, ENABLED), "false")
	    || yaml_set(w->file, ENABLED, YAML_BOOL, "true", false, changed,
	    e);
}

/* The file, changed and committed; also what a killed run left uncommitted. */
static bool
ensure_file(struct work *w, struct err *e)
{
	const char *const paths[] = { w->path, NULL };
	const char *message = pool_printf(step_common()->pool,
	    "chore: automated sync %s for %s", word(in.enabled),
	    step_common()->instance);
	bool was = file_is_on(w), changed;
	char commit[41];
	const char *text;
	size_t n;

	if (!edit_file(w, &changed, e))
		return err_within(e, "%s", w->path);
	if (changed)
		step_change(w->path, word(was), word(in.enabled));
	else
		step_same(w->path, word(in.enabled));
	if (step_common()->dry_run)
		return true;
	text = yaml_text(w->file, &n);
	return (!changed || repo_write(w->repo, w->path, text, n, e))
	    && repo_commit(w->repo, paths, message, commit, &changed, e);
}

/* A patch of syncPolicy.automated. */
static bool
patch_live(struct work *w, struct json *automated, struct err *e)
{
	struct json *patch = json_object();
	struct json *spec = json_add(patch, "spec", json_object());
	struct json *policy = json_add(spec, "syncPolicy", json_object());
	bool ok;

	json_add(policy, "automated", automated);
	ok = argocd_patch(w->argocd, patch, e);
	json_free(patch);
	return ok;
}

/* What the live block should become; null takes it away. */
static struct json *
wanted_block(const struct work *w)
{
	const struct json *kept = json_at(w->record, "live");
	bool there = json_is_object(json_at(w->app, AUTOMATED));
	struct json *block;

	if (!in.enabled && !w->knows)
		return json_string(NULL);
	block = !there && json_is_object(kept) ? json_copy(kept)
	    : json_object();
	if (!there && !json_is_object(kept))
		json_set_bool(block, "prune", true);
	if (w->knows)
		json_set_bool(block, "enabled", in.enabled);
	return block;
}

/* A parent application or an ApplicationSet would undo it. */
static void
warn_of_parents(const struct work *w)
{
	const struct json *notes = json_at(w->app, "metadata.annotations");
	const char *owner = json_str(w->app,
	    "metadata.ownerReferences[0].name");

	if (owner == NULL)
		owner = json_str(json_get(notes,
		    "argocd.argoproj.io/tracking-id"), "");
	if (owner != NULL)
		log_warn("application %s is managed by %s, which may set its"
		    " automated sync back", w->name, owner);
}

static bool
ensure_live(struct work *w, struct err *e)
{
	const char *object = pool_printf(step_common()->pool,
	    "application %s, live", w->name);
	bool was = live_is_on(w);

	if (was == in.enabled) {
		step_same(object, word(was));
		return true;
	}
	warn_of_parents(w);
	step_change(object, word(was), word(in.enabled));
	return step_common()->dry_run || patch_live(w, wanted_block(w), e);
}

/* What the server kept is what counts. */
static bool
check_read_back(struct work *w, struct err *e)
{
	if (step_common()->dry_run)
		return true;
	w->app = argocd_find(w->argocd, false, e);
	if (w->app == NULL)
		return false;
	step_output("autosync", "%s", word(live_is_on(w)));
	return live_is_on(w) == in.enabled || err_set(e, ERR_HAND,
	    "application %s: automated sync is %s again right after it was"
	    " set: a parent application or an ApplicationSet puts it back;"
	    " change it there", w->name, word(!in.enabled));
}

/* Off: first what acts. On: last what acts. A right that is missing is told
 * before either. */
static bool
ensure_all(struct work *w, struct err *e)
{
	if (live_is_on(w) != in.enabled
	    && !argocd_check_right(w->argocd, "update", e))
		return false;
	if (in.enabled)
		return ensure_file(w, e) && ensure_live(w, e)
		    && check_read_back(w, e);
	return ensure_recorded(w, e) && ensure_live(w, e)
	    && ensure_file(w, e) && check_read_back(w, e);
}

/* In a dry run the instance may still have to be created. */
static bool
find_both(struct work *w, bool *missing, struct err *e)
{
	struct err none = { 0 };

	w->file = yaml_read(repo_path(w->repo, w->path), &none);
	if (w->file != NULL) {
		none = (struct err){ 0 };
		w->app = argocd_find(w->argocd, false, &none);
	}
	if (w->app != NULL)
		return true;
	*missing = none.kind == ERR_NOT_FOUND && step_common()->dry_run;
	if (*missing) {
		step_follows(w->file == NULL ? w->path : w->name,
		    "dispatch-workflow (create)");
		return true;
	}
	*e = none;
	return false;
}

static bool
open_work(struct work *w, struct err *e)
{
	const struct step_common *c = step_common();
	struct err none = { 0 };
	int major, minor;

	w->argocd = application_open(e);
	if (w->argocd == NULL
	    || !argocd_find_version(w->argocd, &major, &minor, e))
		return false;
	w->knows = major > 3 || (major == 3 && minor >= 1);
	log_info("Argo CD %d.%d %s automated.enabled", major, minor,
	    w->knows ? "knows" : "does not know");
	w->repo = checkout_open(e);
	if (w->repo == NULL)
		return false;
	w->record = repo_record_load(w->repo, c->instance, "autosync", &none);
	if (w->record == NULL && none.text[0] != '\0')
		*e = none;
	return w->record != NULL || none.text[0] == '\0';
}

static bool
run(struct err *e)
{
	const struct step_common *c = step_common();
	struct work w = {
		.name = application_name(),
		.path = pool_printf(c->pool, "instances/%s/application.yml",
		    c->instance),
	};
	bool missing = false;
	bool ok = open_work(&w, e) && find_both(&w, &missing, e)
	    && (missing || ensure_all(&w, e));

	yaml_close(w.file);
	json_free(w.record);
	repo_close(w.repo);
	argocd_close(w.argocd);
	return ok;
}

const struct step step_set_autosync = {
	.name = "set-autosync",
	.about = "Switch Argo CD's automated sync off or on, file and live",
	.icon = "refresh-cw",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
