/*
 * deploy-app - bring the instance to a revision by Argo CD, and wait.
 *
 * Guide: "Configure", item 8, "Point to the old data", item 6, and "DNS
 * changes", item 5. The first deployment takes some 20 minutes. Run it as
 * often as you like: a revision that is Synced and Healthy is left alone,
 * what was changed by hand since is synced once more, an operation for the
 * revision that is under way is adopted, one for something else is waited
 * out. It is ready when the operation for this very revision has
 * succeeded, the controller has looked again, and all is Synced and Healthy.
 */
#include <string.h>

#include "api/argocd.h"
#include "api/kube.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/application.h"
#include "site/cluster.h"
#include "step/step.h"

enum {
	UNWELL_MAX = 3,		/* Deployments whose pods are asked */
	AGAIN = 1000,		/* ms; Argo CD may show late what it refuses */
};

static struct {
	const char *revision;
	long minutes;
	bool prune;
} in;

static const struct input inputs[] = {
	{ .rows = application_inputs },
	{ .name = "revision", .str = &in.revision, .check = text_check_sha,
	  .optional = true, .help = "Commit to deploy; if empty, the head of"
	    " the application's branch" },
	{ .name = "prune", .flag = &in.prune, .dflt = "true",
	  .help = "Remove what the revision no longer has, as Launchpad's own"
	    " automated sync does" },
	{ .name = "minutes", .num = &in.minutes, .min = 1, .max = 360,
	  .dflt = "60", .help = "How long to wait until it is ready" },
	{ .rows = cluster_new_inputs, .together = cluster_check_new,
	  .optional = true },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "revision", .help = "Commit that is deployed" },
	{ .name = "health", .help = "Health of the application" },
	{ 0 }
};

/* Ask one Deployment's pods what they wait for. */
static bool
say_pods(struct kube *k, const char *deployment, struct buf *out,
    struct err *e)
{
	const struct json *pods = kube_find_pods(k, pool_printf(
	    step_common()->pool, "app.kubernetes.io/name=%s", deployment), e);

	for (const struct json *p = json_first(pods); p != NULL;
	    p = json_next(p))
		kube_say_waiting(p, out);
	return pods != NULL;
}

/* Add to a failure what the pods say, if the cluster may be asked. */
static void
explain(struct argocd *a, struct err *e)
{
	struct err unseen = { 0 };
	struct buf out = buf_new(1200);
	struct kube *k = NULL;
	const char *r;
	bool ok;

	if (!cluster_given(CLUSTER_NEW))
		return;
	k = cluster_open(CLUSTER_NEW, &unseen);
	ok = k != NULL;
	for (int i = 0; ok && i < UNWELL_MAX
	    && (r = argocd_unwell(a, i)) != NULL; i++)
		if (text_starts(r, "Deployment/"))
			ok = say_pods(k, strchr(r, '/') + 1, &out, &unseen);
	if (!ok)
		log_warn("the pods could not be asked: %s", unseen.text);
	if (out.len > 0) {
		out.data[out.len - 1] = '\0';
		unseen = *e;
		err_set(e, unseen.kind, "%s; pods: %s", unseen.text,
		    buf_str(&out));
	}
	buf_free(&out);
	kube_close(k);
}

static bool
await_ready(struct argocd *a, const char *revision, clock_ms deadline,
    struct err *e)
{
	if (argocd_await_ready(a, revision, deadline, e))
		return true;
	explain(a, e);
	return false;
}

/*
 * Sync and wait. *again: another operation came between, so look once more.
 */
static bool
sync_to(struct argocd *a, const char *name, const char *was,
    const char *revision, clock_ms deadline, bool *again, struct err *e)
{
	struct err refused = { 0 };

	if (!argocd_check_right(a, "sync", e))
		return false;
	step_change(name, was, revision);
	if (step_common()->dry_run)
		return true;
	if (argocd_sync(a, revision, in.prune, &refused))
		return await_ready(a, revision, deadline, e);
	*again = refused.kind == ERR_CONFLICT
	    && clock_pause_until(deadline, AGAIN);
	if (!*again)
		*e = refused;
	return *again;
}

/* What the application's state asks for. */
static bool
act(struct argocd *a, const struct json *app, const char *name,
    const char *revision, clock_ms deadline, bool *again, struct err *e)
{
	const char *was = argocd_deployed(app);

	*again = false;
	switch (argocd_judge(app, revision)) {
	case ARGOCD_READY:
		step_same(name, revision);
		return true;
	case ARGOCD_RUNNING:
	case ARGOCD_ROLLING:
		log_info("%s: a sync to %.12s is under way, or just done",
		    name, revision);
		if (step_common()->dry_run)
			return true;
		return await_ready(a, revision, deadline, e);
	case ARGOCD_BUSY:
		log_info("%s: waiting for another operation to end", name);
		if (step_common()->dry_run)
			break;
		*again = true;
		return argocd_await_idle(a, deadline, e);
	case ARGOCD_AWAY:
	case ARGOCD_DRIFTED:
	case ARGOCD_FAILED:
		break;
	}
	return sync_to(a, name, was, revision, deadline, again, e);
}

static bool
deploy(struct argocd *a, const char *name, struct err *e)
{
	clock_ms deadline = clock_deadline(in.minutes * 60);
	const char *revision = in.revision;
	bool again = true;

	while (again) {
		struct err none = { 0 };
		const struct json *app = argocd_find(a, true, &none);

		if (app == NULL && none.kind == ERR_NOT_FOUND
		    && step_common()->dry_run) {
			step_follows(name, "dispatch-workflow (create)");
			return true;
		}
		if (app == NULL) {
			*e = none;
			return false;
		}
		if (text_empty(revision))
			revision = pool_strdup(step_common()->pool,
			    argocd_revision(app));
		if (revision == NULL)
			return err_set(e, ERR_OTHER, "application %s: Argo CD"
			    " does not know its branch's head: give the input"
			    " revision", name);
		if (!act(a, app, name, revision, deadline, &again, e))
			return false;
	}
	step_output("revision", "%s", revision);
	return true;
}

static bool
run(struct err *e)
{
	struct argocd *a = application_open(e);
	const struct json *app;
	bool ok = a != NULL && deploy(a, application_name(), e);

	if (ok && !step_common()->dry_run) {
		app = argocd_find(a, false, e);
		ok = app != NULL;
		if (ok)
			step_output("health", "%s", json_str(app,
			    "status.health.status"));
	}
	argocd_close(a);
	return ok;
}

const struct step step_deploy_app = {
	.name = "deploy-app",
	.about = "Deploy a revision by Argo CD and wait until it is ready",
	.icon = "upload-cloud",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
