/*
 * oldside - see oldside.h.
 */
#include "site/oldside.h"

#include <stddef.h>

#include "api/kube.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/cluster.h"

/* As Tutor and its plugins name what has a login to the databases; the role
 * may read a Deployment by its name only. */
static const char *const platform[] = { "lms", "cms", "lms-worker",
    "cms-worker", "forum", "notes", "discovery", "credentials", "ecommerce",
    "xqueue", NULL };

/* And what has none, or is another database. */
static const char *const bystanders[] = { "caddy", "elasticsearch",
    "meilisearch", "mfe", "minio", "mongodb", "mysql", "redis", "smtp",
    NULL };

static const struct kube_right needs[] = {
	{ "apps", "deployments", "get" },
	{ "", "pods", "list" },
	{ "batch", "cronjobs", "list" },
	{ 0 }
};

static bool
look_at_deployment(struct kube *k, const char *name, struct buf *which,
    struct err *e)
{
	struct err why = { 0 };
	const struct json *d = kube_find_deployment(k, name, &why);
	double n = 1;		/* what Kubernetes takes where none is said */

	if (d == NULL && why.kind == ERR_NOT_FOUND)
		return true;
	if (d == NULL) {
		*e = why;
		return false;
	}
	(void)json_num(d, "spec.replicas", &n);
	if (n > 0)
		buf_printf(which, "Deployment %s is scaled to %.0f\n", name,
		    n);
	return true;
}

static bool
is_bystander(const struct json *pod)
{
	const char *name = json_str(json_get(json_at(pod, "metadata.labels"),
	    "app.kubernetes.io/name"), "");

	for (const char *const *b = bystanders; *b != NULL; b++)
		if (text_same(name, *b))
			return true;
	return false;
}

static bool
look_at_pods(struct kube *k, struct buf *which, struct err *e)
{
	const struct json *all = kube_find_pods(k, NULL, e);

	for (const struct json *pod = json_first(all); pod != NULL;
	    pod = json_next(pod)) {
		const char *phase = json_str(pod, "status.phase");

		if (!text_same(phase, "Succeeded")
		    && !text_same(phase, "Failed") && !is_bystander(pod))
			buf_printf(which, "Pod %s is %s\n", json_str(pod,
			    "metadata.name"), phase != NULL ? phase :
			    "there");
	}
	return all != NULL;
}

static bool
look_at_cronjobs(struct kube *k, struct buf *which, struct err *e)
{
	const struct json *all = kube_find_cronjobs(k, NULL, e);

	for (const struct json *job = json_first(all); job != NULL;
	    job = json_next(job)) {
		bool suspended = false;

		(void)json_bool(job, "spec.suspend", &suspended);
		if (!suspended)
			buf_printf(which, "CronJob %s is not suspended\n",
			    json_str(job, "metadata.name"));
	}
	return all != NULL;
}

bool
oldside_find_running(struct kube *k, struct buf *which, struct err *e)
{
	for (const char *const *name = platform; *name != NULL; name++)
		if (!look_at_deployment(k, *name, which, e))
			return false;
	return look_at_pods(k, which, e) && look_at_cronjobs(k, which, e);
}

void
oldside_name_missing_rights(struct kube *k, const char *space, struct err *e)
{
	cluster_name_missing(k, space, needs, e);
}
