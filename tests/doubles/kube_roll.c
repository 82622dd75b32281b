/*
 * Deployments, ReplicaSets and Pods of the Kubernetes doubles: the
 * controllers, and a kubelet that only waits.
 *
 * A Pod keeps when it shall be ready in a member "_ready", which the API
 * never shows; a ReplicaSet there, when its Deployment's patience ends.
 */
#include "kube.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "world_json.h"
#include "world_set.h"
#include "world_text.h"

/* What one look at a Deployment's Pods found. */
struct tally {
	int all, updated, ready, updated_ready;
	bool late;		/* the progress deadline is over */
};

static void
put_owner(cJSON *o, const cJSON *owner, const char *api)
{
	cJSON *refs = cJSON_CreateArray();

	(void)cJSON_AddItemToArray(refs, json_make("{\"apiVersion\":\"%s\","
	    "\"kind\":\"%s\",\"name\":\"%s\",\"uid\":\"%s\","
	    "\"controller\":true,\"blockOwnerDeletion\":true}", api,
	    json_str(owner, "kind"), json_str(owner, "metadata/name"),
	    json_str(owner, "metadata/uid")));
	json_put(o, "metadata/ownerReferences", refs);
}

static bool
owned_by(const cJSON *o, const cJSON *owner)
{
	const cJSON *ref = cJSON_GetArrayItem(json_at(o,
	    "metadata/ownerReferences"), 0);
	const char *uid = json_str(ref, "uid");

	return uid != NULL
	    && strcmp(uid, json_str(owner, "metadata/uid")) == 0;
}

/* The hash that tells generations of a template apart. */
static char *
template_hash(const cJSON *d)
{
	char *s = json_text(json_at(d, "spec/template"));
	char *hex = digest_hex(s, strlen(s), 10);

	for (char *p = hex; *p != '\0'; p++) {
		if (strchr("013ae", *p) != NULL)
			*p = "ghkmt"[strchr("013ae", *p) - "013ae"];
	}
	free(s);
	return hex;
}

static cJSON *
make_set(struct cluster *c, cJSON *d, const char *name, const char *hash)
{
	static const char revision_note[] =
	    "deployment.kubernetes.io/revision";
	const char *before = json_word(json_at(d, "metadata/annotations"),
	    revision_note);
	cJSON *s = cJSON_CreateObject();
	char *revision = text_make("%ld", before != NULL ?
	    strtol(before, NULL, 10) + 1 : 1);

	json_puts(s, "metadata/name", name);
	json_puts(s, "metadata/namespace", json_str(d,
	    "metadata/namespace"));
	json_put(s, "metadata/labels", cJSON_Duplicate(json_at(d,
	    "spec/template/metadata/labels"), true));
	json_set(json_at(s, "metadata/labels"), "pod-template-hash",
	    cJSON_CreateString(hash));
	json_put(s, "metadata/annotations", cJSON_CreateObject());
	json_set(json_at(s, "metadata/annotations"), revision_note,
	    cJSON_CreateString(revision));
	put_owner(s, d, "apps/v1");
	json_putn(s, "spec/replicas", json_num(d, "spec/replicas", 1));
	json_putn(s, "_ready", now() + json_num(d,
	    "spec/progressDeadlineSeconds", 600));
	json_put(s, "spec/selector", cJSON_Duplicate(json_at(d,
	    "spec/selector"), true));
	json_put(s, "spec/template", cJSON_Duplicate(json_at(d,
	    "spec/template"), true));
	json_put(s, "spec/template/metadata/labels", cJSON_Duplicate(
	    json_at(s, "metadata/labels"), true));
	if (json_at(d, "metadata/annotations") == NULL)
		json_put(d, "metadata/annotations", cJSON_CreateObject());
	json_set(json_at(d, "metadata/annotations"), revision_note,
	    cJSON_CreateString(revision));
	free(revision);
	return kube_add(c, kube_kind("replicasets"), s);
}

/* --- pods -------------------------------------------------------------- */

static cJSON *
container_status(const cJSON *container, bool ready, const char *when,
    const char *waiting)
{
	cJSON *o = cJSON_CreateObject();

	json_puts(o, "name", json_str(container, "name"));
	json_puts(o, "image", json_str(container, "image"));
	json_puts(o, "imageID", "");
	json_putb(o, "ready", ready);
	json_putb(o, "started", ready);
	json_putn(o, "restartCount",
	    waiting != NULL && strcmp(waiting, "CrashLoopBackOff") == 0 ?
	    4 : 0);
	if (ready)
		json_puts(o, "state/running/startedAt", when);
	else
		json_puts(o, "state/waiting/reason",
		    waiting != NULL ? waiting : "ContainerCreating");
	if (waiting != NULL)
		json_puts(o, "state/waiting/message",
		    "back-off 40s restarting failed container");
	json_put(o, "lastState", cJSON_CreateObject());
	return o;
}

static void
put_pod_status(cJSON *pod, bool ready, const char *waiting)
{
	static const char *const conditions[] = { "Initialized", "Ready",
	    "ContainersReady", "PodScheduled" };
	cJSON *list = cJSON_CreateArray(), *states = cJSON_CreateArray(), *o;
	char *when = time_rfc3339(now());

	for (size_t i = 0; i < 4; i++) {
		o = cJSON_CreateObject();
		json_puts(o, "type", conditions[i]);
		json_puts(o, "status", ready || i % 3 == 0 ? "True" :
		    "False");
		json_puts(o, "lastTransitionTime", when);
		(void)cJSON_AddItemToArray(list, o);
	}
	cJSON_ArrayForEach(o, json_at(pod, "spec/containers"))
		(void)cJSON_AddItemToArray(states, container_status(o, ready,
		    when, waiting));
	json_puts(pod, "status/phase", ready || waiting != NULL ? "Running" :
	    "Pending");
	json_put(pod, "status/conditions", list);
	json_put(pod, "status/containerStatuses", states);
	json_puts(pod, "status/startTime", json_str(pod,
	    "metadata/creationTimestamp"));
	json_puts(pod, "status/hostIP", "10.114.0.4");
	json_puts(pod, "status/qosClass", "BestEffort");
	if (ready)
		json_puts(pod, "status/podIP", "10.244.0.21");
	free(when);
}

/* No node has the labels that it asks for. */
static void
put_unscheduled(cJSON *pod)
{
	json_puts(pod, "status/phase", "Pending");
	json_put(pod, "status/conditions", json_make("[{\"type\":"
	    "\"PodScheduled\",\"status\":\"False\",\"reason\":"
	    "\"Unschedulable\",\"message\":\"0/1 nodes are available: 1 "
	    "node(s) didn't match Pod's node affinity/selector.\"}]"));
}

static void
make_pod(struct cluster *c, const cJSON *set, bool at_once)
{
	const char *waiting = knob("pods.waiting");
	cJSON *pod = cJSON_CreateObject();
	char *end = random_suffix(5);
	char *name = text_make("%s-%s", json_str(set, "metadata/name"), end);
	bool homeless = json_at(set, "spec/template/spec/nodeSelector")
	    != NULL;
	bool stuck = homeless || (waiting[0] != '\0' && !at_once
	    && c == &kube_new);

	json_puts(pod, "metadata/name", name);
	json_puts(pod, "metadata/namespace", json_str(set,
	    "metadata/namespace"));
	json_put(pod, "metadata/labels", cJSON_Duplicate(json_at(set,
	    "spec/template/metadata/labels"), true));
	put_owner(pod, set, "apps/v1");
	json_put(pod, "spec", cJSON_Duplicate(json_at(set,
	    "spec/template/spec"), true));
	json_puts(pod, "spec/nodeName", "node-0");
	json_putn(pod, "_ready", stuck ? 1e12 : at_once ? 0 : now()
	    + knob_num("rollout.seconds"));
	(void)kube_add(c, kube_kind("pods"), pod);
	if (homeless)
		put_unscheduled(pod);
	else
		put_pod_status(pod, at_once, stuck ? waiting : NULL);
	json_putb(pod, "_is_ready", at_once);
	free(name);
	free(end);
}

static void
ripen(struct cluster *c, cJSON *pod)
{
	if (json_true(pod, "_is_ready")
	    || now() < json_num(pod, "_ready", 0))
		return;
	put_pod_status(pod, true, NULL);
	json_putb(pod, "_is_ready", true);
	kube_touch(c, pod, false);
}

/* Count the set's pods, and take away those beyond the limit. */
static void
count_pods(struct cluster *c, const cJSON *set, int limit, int *all,
    int *ready)
{
	cJSON *pod, *next;

	*all = *ready = 0;
	for (pod = kube_all(c, "pods")->child; pod != NULL; pod = next) {
		next = pod->next;
		if (!owned_by(pod, set))
			continue;
		if (*all >= limit) {
			kube_remove(c, kube_kind("pods"), pod);
			continue;
		}
		ripen(c, pod);
		*all += 1;
		*ready += json_true(pod, "_is_ready");
	}
}

/* Put a number that Go leaves out when it is 0. */
static bool
put_count(cJSON *o, const char *path, int n)
{
	if ((int)json_num(o, path, 0) == n)
		return false;
	if (n != 0)
		json_putn(o, path, n);
	else
		json_drop(o, path);
	return true;
}

static void
set_status(struct cluster *c, cJSON *set, int want, int all, int ready)
{
	bool changed = (int)json_num(set, "spec/replicas", -1) != want;

	if (changed) {
		json_putn(set, "spec/replicas", want);
		kube_touch(c, set, true);
	}
	if (json_at(set, "status") == NULL) {
		json_putn(set, "status/replicas", 0);
		json_putn(set, "status/observedGeneration", 1);
	}
	changed = (int)json_num(set, "status/replicas", 0) != all;
	json_putn(set, "status/replicas", all);
	changed = put_count(set, "status/fullyLabeledReplicas", all)
	    || changed;
	changed = put_count(set, "status/readyReplicas", ready) || changed;
	changed = put_count(set, "status/availableReplicas", ready)
	    || changed;
	changed = put_count(set, "status/observedGeneration",
	    (int)json_num(set, "metadata/generation", 1)) || changed;
	if (changed)
		kube_touch(c, set, false);
}

/* --- deployments ------------------------------------------------------- */

static cJSON *
condition(const char *type, bool status, const char *reason,
    const char *message)
{
	char *when = time_rfc3339(now());
	cJSON *o = cJSON_CreateObject();

	json_puts(o, "type", type);
	json_puts(o, "status", status ? "True" : "False");
	json_puts(o, "lastUpdateTime", when);
	json_puts(o, "lastTransitionTime", when);
	json_puts(o, "reason", reason);
	json_puts(o, "message", message);
	free(when);
	return o;
}

static void
put_conditions(cJSON *d, const struct tally *t, int want)
{
	cJSON *list = cJSON_CreateArray();
	bool done = t->updated_ready == want && t->all == want;

	(void)cJSON_AddItemToArray(list, t->ready >= want ?
	    condition("Available", true, "MinimumReplicasAvailable",
	    "Deployment has minimum availability.") :
	    condition("Available", false, "MinimumReplicasUnavailable",
	    "Deployment does not have minimum availability."));
	(void)cJSON_AddItemToArray(list, t->late ? condition("Progressing",
	    false, "ProgressDeadlineExceeded", "ReplicaSet has timed out "
	    "progressing.") : condition("Progressing", true,
	    done ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
	    done ? "ReplicaSet has successfully progressed." :
	    "ReplicaSet is progressing."));
	json_put(d, "status/conditions", list);
}

/* Has it been given up? */
static bool
is_late(const cJSON *d)
{
	const char *reason = json_str(cJSON_GetArrayItem(json_at(d,
	    "status/conditions"), 1), "reason");

	return reason != NULL
	    && strcmp(reason, "ProgressDeadlineExceeded") == 0;
}

static void
deployment_status(struct cluster *c, cJSON *d, const struct tally *t,
    int want)
{
	bool changed = json_at(d, "status") == NULL;

	changed = put_count(d, "status/observedGeneration",
	    (int)json_num(d, "metadata/generation", 1)) || changed;
	changed = put_count(d, "status/replicas", t->all) || changed;
	changed = put_count(d, "status/updatedReplicas", t->updated)
	    || changed;
	changed = put_count(d, "status/readyReplicas", t->ready) || changed;
	changed = put_count(d, "status/availableReplicas", t->ready)
	    || changed;
	changed = put_count(d, "status/unavailableReplicas",
	    t->ready < want ? want - t->ready : 0) || changed;
	changed = changed || is_late(d) != t->late;
	if (!changed)
		return;
	put_conditions(d, t, want);
	kube_touch(c, d, false);
}

/* The older sets keep their pods until the new ones are ready. */
static void
roll_old_sets(struct cluster *c, const cJSON *d, const cJSON *newest,
    int keep, struct tally *t)
{
	cJSON *set;
	int all, ready, limit;

	cJSON_ArrayForEach(set, kube_all(c, "replicasets")) {
		if (set == newest || !owned_by(set, d))
			continue;
		limit = keep < (int)json_num(set, "spec/replicas", 0) ? keep :
		    (int)json_num(set, "spec/replicas", 0);
		count_pods(c, set, limit, &all, &ready);
		set_status(c, set, limit, all, ready);
		t->all += all;
		t->ready += ready;
	}
}

static void
roll(struct cluster *c, cJSON *d, bool at_once)
{
	int want = (int)json_num(d, "spec/replicas", 1);
	char *hash = template_hash(d);
	char *name = text_make("%s-%s", json_str(d, "metadata/name"), hash);
	struct tally t = { 0 };
	cJSON *set;

	set = kube_find(c, "replicasets", json_str(d, "metadata/namespace"),
	    name);
	if (set == NULL)
		set = make_set(c, d, name, hash);
	count_pods(c, set, want, &t.updated, &t.updated_ready);
	for (; t.updated < want; t.updated++)
		make_pod(c, set, at_once);
	if (at_once)
		t.updated_ready = want;
	set_status(c, set, want, t.updated, t.updated_ready);
	t.late = t.updated_ready < want && now() > json_num(set, "_ready",
	    1e12);
	t.all = t.updated;
	t.ready = t.updated_ready;
	roll_old_sets(c, d, set, t.updated_ready >= want ? 0 : want, &t);
	deployment_status(c, d, &t, want);
	free(name);
	free(hash);
}

static bool
all_ready(struct cluster *c)
{
	const cJSON *pod;

	cJSON_ArrayForEach(pod, kube_all(c, "pods")) {
		if (!json_true(pod, "_is_ready"))
			return false;
	}
	return true;
}

void
kube_roll(struct cluster *c, bool at_once)
{
	double before = c->version;
	cJSON *d;

	if (c->version == c->calm)
		return;
	cJSON_ArrayForEach(d, kube_all(c, "deployments"))
		roll(c, d, at_once);
	if (c->version == before && all_ready(c))
		c->calm = c->version;
}

const char *
deployment_health(const cJSON *d)
{
	double want = json_num(d, "spec/replicas", 1);

	if (json_num(d, "status/observedGeneration", 0)
	    < json_num(d, "metadata/generation", 1))
		return "Progressing";
	if (is_late(d))
		return "Degraded";
	if (json_num(d, "status/updatedReplicas", 0) < want
	    || json_num(d, "status/replicas", 0)
		> json_num(d, "status/updatedReplicas", 0)
	    || json_num(d, "status/availableReplicas", 0)
		< json_num(d, "status/updatedReplicas", 0))
		return "Progressing";
	return "Healthy";
}
