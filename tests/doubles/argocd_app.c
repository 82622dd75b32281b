/*
 * The Argo CD double's controller: it compares what git says with what the
 * new cluster holds, follows health, starts automated syncs and carries out
 * operations.
 */
#include "argocd_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "argocd.h"
#include "kube.h"
#include "world_json.h"
#include "world_set.h"
#include "world_text.h"

#define COMPARISON_ERROR "Failed to load target state: failed to generate " \
	"manifest for source 1 of 1: rpc error: code = Unknown desc = %s"

struct app *apps;

static double versions = 5120;

struct app *
app_find(const char *name)
{
	for (struct app *a = apps; a != NULL; a = a->next) {
		if (strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

/* Is the version played at least that? */
static bool
argocd_at_least(int major, int minor)
{
	int have_major = 0, have_minor = 0;

	(void)sscanf(knob("argocd.version"), "%d.%d", &have_major,
	    &have_minor);
	return have_major > major
	    || (have_major == major && have_minor >= minor);
}

bool
app_automated(const struct app *a)
{
	const cJSON *automated = json_at(a->o, "spec/syncPolicy/automated");

	return cJSON_IsObject(automated)
	    && !cJSON_IsFalse(json_at(automated, "enabled"));
}

/* The object has changed: a new resourceVersion. */
static void
app_touch(struct app *a)
{
	char *s;

	versions += 1;
	s = text_make("%.0f", versions);
	json_puts(a->o, "metadata/resourceVersion", s);
	free(s);
}

void
app_put_spec(struct app *a, cJSON *spec)
{
	if (!argocd_at_least(3, 1))
		json_drop(spec, "syncPolicy/automated/enabled");
	if (cJSON_Compare(spec, json_at(a->o, "spec"), true)) {
		cJSON_Delete(spec);
		return;
	}
	json_put(a->o, "spec", spec);
	json_putn(a->o, "metadata/generation",
	    json_num(a->o, "metadata/generation", 0) + 1);
	a->polled = 0;
	app_touch(a);
}

void
app_operate(struct app *a, cJSON *operation)
{
	json_put(a->o, "operation", operation);
	json_drop(a->o, "status/operationState");
	a->begun = 0;
	a->terminate = false;
	app_touch(a);
}

/* --- comparison -------------------------------------------------------- */

static bool
is_hook(const cJSON *manifest)
{
	return json_word(json_at(manifest, "metadata/annotations"),
	    "argocd.argoproj.io/hook") != NULL;
}

static bool
same_object(const cJSON *a, const cJSON *b)
{
	const char *na = json_str(a, "metadata/namespace");
	const char *nb = json_str(b, "metadata/namespace");

	return strcmp(json_str(a, "kind"), json_str(b, "kind")) == 0
	    && strcmp(json_str(a, "metadata/name"), json_str(b,
	    "metadata/name")) == 0
	    && strcmp(na != NULL ? na : "", nb != NULL ? nb : "") == 0;
}

static bool
in_list(const cJSON *list, const cJSON *o)
{
	const cJSON *at;

	cJSON_ArrayForEach(at, list) {
		if (same_object(at, o))
			return true;
	}
	return false;
}

static const cJSON *
live_object(const cJSON *manifest)
{
	const struct kind *k = kube_kind_of(json_str(manifest, "kind"));

	return k == NULL ? NULL : kube_find(&kube_new, k->plural,
	    json_str(manifest, "metadata/namespace"),
	    json_str(manifest, "metadata/name"));
}

/* Health of one resource; NULL: its kind has none. */
static const char *
resource_health(const cJSON *manifest)
{
	const char *kind = json_str(manifest, "kind");
	const cJSON *live = live_object(manifest);

	if (live == NULL)
		return "Missing";
	if (strcmp(kind, "Deployment") == 0)
		return deployment_health(live);
	return word_in(kind, "Service Ingress PersistentVolumeClaim") ?
	    "Healthy" : NULL;
}

static int
badness(const char *health)
{
	static const char *const order[] = { "Healthy", "Suspended",
	    "Progressing", "Missing", "Degraded", "Unknown" };

	for (int i = 0; i < 6; i++) {
		if (strcmp(order[i], health) == 0)
			return i;
	}
	return 0;
}

static cJSON *
resource_row(const cJSON *manifest)
{
	const char *api = json_str(manifest, "apiVersion");
	const char *slash = strchr(api, '/');
	const char *ns = json_str(manifest, "metadata/namespace");
	cJSON *o = cJSON_CreateObject();
	char *group;

	if (slash != NULL) {
		group = text_make("%.*s", (int)(slash - api), api);
		json_puts(o, "group", group);
		free(group);
	}
	json_puts(o, "version", slash != NULL ? slash + 1 : api);
	json_puts(o, "kind", json_str(manifest, "kind"));
	if (ns != NULL)
		json_puts(o, "namespace", ns);
	json_puts(o, "name", json_str(manifest, "metadata/name"));
	return o;
}

/* A Deployment is degraded by its deadline only. */
static void
put_message(cJSON *row, const cJSON *manifest)
{
	char *s = text_make("Deployment \"%s\" exceeded its progress "
	    "deadline", json_str(manifest, "metadata/name"));

	json_puts(row, "health/message", s);
	free(s);
}

/* Rows of status.resources; says whether all is as wanted, and health. */
static cJSON *
compare_all(const struct app *a, bool *synced, const char **health)
{
	cJSON *rows = cJSON_CreateArray(), *row;
	const cJSON *m;
	const char *h;
	bool ok;

	*synced = true;
	*health = "Healthy";
	cJSON_ArrayForEach(m, a->manifests) {
		if (is_hook(m))
			continue;
		ok = kube_holds(&kube_new, m);
		row = resource_row(m);
		json_puts(row, "status", ok ? "Synced" : "OutOfSync");
		h = resource_health(m);
		if (h != NULL) {
			json_puts(row, "health/status", h);
			if (strcmp(h, "Degraded") == 0)
				put_message(row, m);
			if (badness(h) > badness(*health))
				*health = h;
		}
		*synced = *synced && ok;
		(void)cJSON_AddItemToArray(rows, row);
	}
	cJSON_ArrayForEach(m, a->applied) {
		if (in_list(a->manifests, m) || live_object(m) == NULL)
			continue;
		row = resource_row(m);
		json_puts(row, "status", "OutOfSync");
		json_putb(row, "requiresPruning", true);
		*synced = false;
		(void)cJSON_AddItemToArray(rows, row);
	}
	return rows;
}

static void
put_condition(struct app *a, const char *type, const char *message)
{
	cJSON *list, *o;
	char *when;

	if (type == NULL) {
		json_drop(a->o, "status/conditions");
		return;
	}
	o = cJSON_GetArrayItem(json_at(a->o, "status/conditions"), 0);
	if (o != NULL && strcmp(json_str(o, "message"), message) == 0)
		return;
	list = cJSON_CreateArray();
	o = cJSON_CreateObject();
	when = time_rfc3339(now());
	json_puts(o, "type", type);
	json_puts(o, "message", message);
	json_puts(o, "lastTransitionTime", when);
	(void)cJSON_AddItemToArray(list, o);
	json_put(a->o, "status/conditions", list);
	free(when);
}

/* The manifests of the target, taken again only when its folder changed. */
static bool
load_target(struct app *a, const char *rev, char **message)
{
	const char *path = json_str(a->o, "spec/source/path");
	char *tree = rev != NULL ? out_tree(rev, path) : NULL;
	cJSON *all;

	*message = NULL;
	if (tree == NULL) {
		*message = rev == NULL ? text_make("unable to resolve '%s' "
		    "to a commit SHA", json_str(a->o,
		    "spec/source/targetRevision")) :
		    text_make("%s: app path does not exist", path);
		return false;
	}
	if (a->tree != NULL && strcmp(a->tree, tree) == 0) {
		free(tree);
		return true;
	}
	all = out_manifests(rev, path, message);
	if (all == NULL) {
		free(tree);
		return false;
	}
	cJSON_Delete(a->manifests);
	a->manifests = all;
	free(a->tree);
	a->tree = tree;
	return true;
}

bool
app_has_manifests(struct app *a, char **message)
{
	char *rev = out_resolve(json_str(a->o, "spec/source/targetRevision"));
	bool ok = load_target(a, rev, message);

	free(rev);
	return ok;
}

static void
put_reconciled(struct app *a)
{
	char *when = time_rfc3339(now());

	json_puts(a->o, "status/reconciledAt", when);
	free(when);
	app_touch(a);
}

static void
put_health(struct app *a, const char *health)
{
	const char *before = json_str(a->o, "status/health/status");
	char *when;

	if (knob_on("health"))
		health = knob("health");
	if (before != NULL && strcmp(before, health) == 0)
		return;
	when = time_rfc3339(now());
	json_puts(a->o, "status/health/status", health);
	json_puts(a->o, "status/health/lastTransitionTime", when);
	free(when);
}

static void
put_compared(struct app *a, const char *status, const char *rev)
{
	json_puts(a->o, "status/sync/status", status);
	json_puts(a->o, "status/sync/revision", rev != NULL ? rev : "");
	json_put(a->o, "status/sync/comparedTo/source", cJSON_Duplicate(
	    json_at(a->o, "spec/source"), true));
	json_put(a->o, "status/sync/comparedTo/destination", cJSON_Duplicate(
	    json_at(a->o, "spec/destination"), true));
}

static void
fail_comparison(struct app *a, const char *rev, char *message)
{
	char *full = text_make(COMPARISON_ERROR, message);

	put_condition(a, "ComparisonError", full);
	put_compared(a, "Unknown", rev);
	put_health(a, cJSON_GetArraySize(a->applied) > 0 ? "Unknown" :
	    "Missing");
	json_put(a->o, "status/resources", cJSON_CreateArray());
	free(full);
	free(message);
}

/* Was this revision synced, or tried, already? Then not again by itself. */
static bool
attempted(const struct app *a, const char *rev)
{
	const char *done = json_str(a->o,
	    "status/operationState/syncResult/revision");

	return done != NULL && strcmp(done, rev) == 0;
}

static void
maybe_sync_itself(struct app *a, const char *rev)
{
	cJSON *op;

	if (!app_automated(a) || json_at(a->o, "operation") != NULL
	    || attempted(a, rev))
		return;
	op = cJSON_CreateObject();
	json_puts(op, "sync/revision", rev);
	json_putb(op, "sync/prune", json_true(a->o,
	    "spec/syncPolicy/automated/prune"));
	json_putb(op, "initiatedBy/automated", true);
	app_operate(a, op);
}

static void
reconcile(struct app *a)
{
	char *rev = out_resolve(json_str(a->o, "spec/source/targetRevision"));
	const char *health;
	char *message;
	bool synced;
	cJSON *rows;

	a->polled = now();
	a->refresh = false;
	if (!load_target(a, rev, &message)) {
		fail_comparison(a, rev, message);
	} else {
		rows = compare_all(a, &synced, &health);
		json_put(a->o, "status/resources", rows);
		put_condition(a, NULL, NULL);
		put_compared(a, synced ? "Synced" : "OutOfSync", rev);
		put_health(a, health);
		json_puts(a->o, "status/sourceType", "Kustomize");
		if (!synced)
			maybe_sync_itself(a, rev);
	}
	put_reconciled(a);
	free(rev);
}

/* --- operations -------------------------------------------------------- */

static void
end_operation(struct app *a, const char *phase, const char *message)
{
	char *when = time_rfc3339(now());

	json_puts(a->o, "status/operationState/phase", phase);
	json_puts(a->o, "status/operationState/message", message);
	json_puts(a->o, "status/operationState/finishedAt", when);
	json_drop(a->o, "operation");
	a->finished = now();
	a->begun = 0;
	a->terminate = false;
	free(when);
	app_touch(a);
}

static void
begin_operation(struct app *a)
{
	char *when = time_rfc3339(now());
	const char *rev = json_str(a->o, "operation/sync/revision");

	a->begun = now();
	json_put(a->o, "status/operationState/operation", cJSON_Duplicate(
	    json_at(a->o, "operation"), true));
	json_puts(a->o, "status/operationState/phase", "Running");
	json_puts(a->o, "status/operationState/message",
	    "waiting for completion of hooks and resources");
	json_puts(a->o, "status/operationState/startedAt", when);
	json_puts(a->o, "status/operationState/syncResult/revision",
	    rev != NULL ? rev : "");
	json_put(a->o, "status/operationState/syncResult/source",
	    cJSON_Duplicate(json_at(a->o, "spec/source"), true));
	free(when);
	app_touch(a);
}

static void
add_result(cJSON *rows, const cJSON *m, const char *status,
    const char *message)
{
	cJSON *row = resource_row(m);

	json_puts(row, "status", status);
	json_puts(row, "message", message);
	json_puts(row, "syncPhase", "Sync");
	json_puts(row, "hookPhase", is_hook(m) ? "Succeeded" :
	    strcmp(status, "SyncFailed") == 0 ? "Failed" : "Running");
	if (is_hook(m))
		json_puts(row, "hookType", "Sync");
	(void)cJSON_AddItemToArray(rows, row);
}

/* Take away what earlier syncs made and this one does not name. */
static void
prune(struct app *a, const cJSON *manifests, cJSON *rows)
{
	const struct kind *k;
	cJSON *m, *next, *live;

	for (m = a->applied != NULL ? a->applied->child : NULL; m != NULL;
	    m = next) {
		next = m->next;
		if (in_list(manifests, m))
			continue;
		k = kube_kind_of(json_str(m, "kind"));
		live = (cJSON *)(size_t)live_object(m);
		if (live != NULL)
			kube_remove(&kube_new, k, live);
		add_result(rows, m, "Pruned", "pruned");
		cJSON_Delete(cJSON_DetachItemViaPointer(a->applied, m));
	}
}

/* One manifest into the cluster; false: the server refuses it. */
static bool
apply_one(struct app *a, const cJSON *m, cJSON *rows, char **why)
{
	char *refusal = kube_refusal(m);

	if (refusal != NULL) {
		add_result(rows, m, "SyncFailed", refusal);
		if (*why == NULL)
			*why = text_make("one or more objects failed to "
			    "apply, reason: %s", refusal);
		free(refusal);
		return false;
	}
	add_result(rows, m, "Synced", kube_apply(&kube_new, m) ?
	    "configured" : "unchanged");
	if (!in_list(a->applied, m))
		(void)cJSON_AddItemToArray(a->applied,
		    cJSON_Duplicate(m, true));
	return true;
}

/* Make the cluster hold the manifests; hooks run and vanish. *why, to be
 * freed: what the server said to one that it refused. */
static cJSON *
apply_all(struct app *a, const cJSON *manifests, bool with_prune,
    bool with_hooks, char **why)
{
	cJSON *rows = cJSON_CreateArray();
	const cJSON *m;
	bool ok = true;

	*why = NULL;
	if (a->applied == NULL)
		a->applied = cJSON_CreateArray();
	cJSON_ArrayForEach(m, manifests) {
		if (!is_hook(m)) {
			ok = apply_one(a, m, rows, why) && ok;
		} else if (with_hooks) {
			count("initjobs");
			add_result(rows, m, "Synced", "job completed");
		}
	}
	if (with_prune && ok)
		prune(a, manifests, rows);
	return rows;
}

static void
add_history(struct app *a, const char *rev)
{
	cJSON *list = json_at(a->o, "status/history"), *o;
	char *when = time_rfc3339(now());

	if (list == NULL) {
		json_put(a->o, "status/history", cJSON_CreateArray());
		list = json_at(a->o, "status/history");
	}
	o = cJSON_CreateObject();
	json_putn(o, "id", cJSON_GetArraySize(list));
	json_puts(o, "revision", rev);
	json_puts(o, "deployedAt", when);
	json_put(o, "source", cJSON_Duplicate(json_at(a->o, "spec/source"),
	    true));
	(void)cJSON_AddItemToArray(list, o);
	free(when);
}

static void
carry_out(struct app *a, const char *rev, const cJSON *manifests)
{
	const cJSON *sync = json_at(a->o, "operation/sync");
	cJSON *rows;
	char *why;

	if (json_true(sync, "dryRun")) {
		end_operation(a, "Succeeded",
		    "successfully synced (dry run)");
		return;
	}
	if (knob_on("sync.fail")) {
		end_operation(a, "Failed", knob("sync.fail"));
		return;
	}
	rows = apply_all(a, manifests, json_true(sync, "prune"),
	    json_at(sync, "syncStrategy/apply") == NULL
	    && json_at(sync, "resources") == NULL, &why);
	json_put(a->o, "status/operationState/syncResult/resources", rows);
	if (why != NULL) {
		end_operation(a, "Failed", why);
		free(why);
		return;
	}
	count("syncs");
	if (!out_deploy(rev, a->instance)) {
		end_operation(a, "Error", "the sandbox can't deploy it");
		return;
	}
	if (json_at(sync, "resources") == NULL)
		add_history(a, rev);
	end_operation(a, "Succeeded",
	    "successfully synced (all tasks run)");
}

static void
operate(struct app *a)
{
	const char *want = json_str(a->o, "operation/sync/revision");
	const char *path = json_str(a->o, "spec/source/path");
	char *rev, *message = NULL, *full;
	cJSON *manifests = NULL;

	if (want == NULL || want[0] == '\0')
		want = json_str(a->o, "spec/source/targetRevision");
	rev = out_resolve(want);
	if (rev == NULL)
		message = text_make("unable to resolve '%s' to a commit SHA",
		    want);
	else
		manifests = out_manifests(rev, path, &message);
	if (manifests != NULL) {
		json_puts(a->o, "status/operationState/syncResult/revision",
		    rev);
		carry_out(a, rev, manifests);
	} else {
		full = text_make("ComparisonError: " COMPARISON_ERROR,
		    message);
		end_operation(a, "Error", full);
		free(full);
	}
	cJSON_Delete(manifests);
	free(message);
	free(rev);
}

static void
tick_operation(struct app *a)
{
	if (a->begun == 0) {
		begin_operation(a);
	} else if (a->terminate) {
		end_operation(a, "Failed", "Operation terminated");
	} else if (now() >= a->begun + knob_num("sync.seconds")
	    && !knob_on("sync.hold")) {
		operate(a);
	}
}

/* Pods come and go: health follows them without a look at git. */
static void
follow_health(struct app *a)
{
	const char *before = json_str(a->o, "status/health/status");
	bool forced = knob_on("health"), synced;
	const char *health;
	char *old;
	cJSON *rows;

	if (!forced && !a->forced && kube_new.version == a->followed)
		return;
	a->forced = forced;
	a->followed = kube_new.version;
	old = text_copy(before != NULL ? before : "");
	if (json_at(a->o, "status/conditions") == NULL
	    && a->manifests != NULL) {
		rows = compare_all(a, &synced, &health);
		put_health(a, health);
		if (strcmp(old, json_str(a->o, "status/health/status"))
		    != 0) {
			json_put(a->o, "status/resources", rows);
			put_reconciled(a);
		} else {
			cJSON_Delete(rows);
		}
	}
	free(old);
}

static void
tick(struct app *a)
{
	if (json_at(a->o, "operation") != NULL)
		tick_operation(a);
	if (a->finished > 0) {
		if (now() < a->finished + knob_num("argocd.reconcile"))
			return;
		a->finished = 0;
		reconcile(a);
	} else if (a->refresh || now() >= a->polled
	    + (app_automated(a) ? knob_num("argocd.poll") : 180)) {
		reconcile(a);
	} else {
		follow_health(a);
	}
}

void
argocd_tick(void)
{
	for (struct app *a = apps; a != NULL; a = a->next)
		tick(a);
}

/* --- made by kubectl --------------------------------------------------- */

static struct app *
make_app(const char *name)
{
	struct app *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->name = text_copy(name);
	a->o = cJSON_CreateObject();
	a->next = apps;
	apps = a;
	return a;
}

/* "instances/acme/env": acme */
static char *
instance_of(const char *path)
{
	const char *slash = strchr(path, '/');
	size_t n = slash != NULL ? strcspn(slash + 1, "/") : 0;

	return text_make("%.*s", (int)n, slash != NULL ? slash + 1 : "");
}

void
argocd_apply(cJSON *given)
{
	const char *name = json_str(given, "metadata/name");
	struct app *a = app_find(name);
	char *when = time_rfc3339(now());

	if (a == NULL) {
		a = make_app(name);
		json_put(a->o, "metadata", cJSON_Duplicate(json_at(given,
		    "metadata"), true));
		json_puts(a->o, "metadata/creationTimestamp", when);
		json_puts(a->o, "metadata/uid",
		    "b2f0c9de-7a51-4c0e-9a43-5d1f3c7e2a10");
		json_putn(a->o, "metadata/generation", 1);
		json_put(a->o, "spec", cJSON_CreateObject());
		json_puts(a->o, "status/sync/status", "Unknown");
		json_puts(a->o, "status/health/status", "Missing");
	}
	free(a->instance);
	a->instance = instance_of(json_str(given, "spec/source/path"));
	app_put_spec(a, cJSON_Duplicate(json_at(given, "spec"), true));
	free(when);
	cJSON_Delete(given);
}

void
argocd_reset(void)
{
	struct app *a, *next;

	for (a = apps; a != NULL; a = next) {
		next = a->next;
		cJSON_Delete(a->o);
		cJSON_Delete(a->applied);
		cJSON_Delete(a->manifests);
		free(a->tree);
		free(a->name);
		free(a->instance);
		free(a);
	}
	apps = NULL;
}
