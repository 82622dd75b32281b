/*
 * kube - two small Kubernetes clusters: the old and the new one's API.
 *
 * Objects are kept as the API shows them. A Deployment's rollout is played:
 * its template's change makes a new ReplicaSet and new Pods, which become
 * ready after the knob rollout.seconds; then the old Pods go. What a token
 * may is a table of RBAC rules in kube.c: the steps' what README.md gives it,
 * the contract suite's (SB_KUBE_CONTRACT_TOKEN) more; all else is 403.
 *
 * It knows get, list (limit, continue, labelSelector, fieldSelector),
 * create, patch (merge and strategic), delete with preconditions,
 * deletecollection, the scale subresource, logs, and
 * exec over a WebSocket, SelfSubjectAccessReviews; dryRun=All where something
 * is written. No watch, no server-side apply. Stricter than the real one in
 * one point: members of a patch of a scale, or of a review, that it doesn't
 * know are refused.
 *
 * kube.c        requests: paths, permissions, errors, verbs
 * kube_store.c  the objects
 * kube_roll.c   Deployments, ReplicaSets, Pods
 * kube_log.c    what Pods say
 * kube_exec.c   what is run in them
 */
#ifndef KUBE_H
#define KUBE_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct reply;
struct request;
struct service;

struct kind {
	const char *plural, *kind, *group, *version;
	bool namespaced;
};

/* Ends with a NULL plural. */
extern const struct kind kube_kinds[];
const struct kind *kube_kind(const char *plural);
const struct kind *kube_kind_of(const char *kind);

struct cluster {
	const char *name;	/* "kube-old", "kube-new" */
	const char *token;
	struct cJSON *lent;	/* further tokens: until when */
	struct cJSON *objects;	/* plural: array */
	double version;		/* of the newest change */
	double calm;		/* the version at which nothing was to do */
};

extern struct cluster kube_old, kube_new;

void kube_init(const char *old_token, const char *new_token,
    const char *namespace);
/* Both clusters as they are at the start. */
void kube_reset(void);
void kube_service(struct service *s, struct cluster *c);
/* Take this token too, as the steps' account, until then. */
void kube_lend(struct cluster *c, const char *token, double until);
void kube_tick(void);

/* --- kube_store.c --- */

/* The array of a kind's objects; it belongs to the cluster. */
struct cJSON *kube_all(struct cluster *c, const char *plural);
struct cJSON *kube_find(struct cluster *c, const char *plural,
    const char *ns, const char *name);

/* Add an object (which then belongs to the cluster): uid and so on. */
struct cJSON *kube_add(struct cluster *c, const struct kind *k,
    struct cJSON *o);

/* Say that it has changed; with its spec (a new generation) or without. */
void kube_touch(struct cluster *c, struct cJSON *o, bool spec);
void kube_remove(struct cluster *c, const struct kind *k, struct cJSON *o);

/*
 * kubectl apply: make it so, or leave it alone if it is so already. True if
 * something changed. The manifest stays the caller's.
 */
bool kube_apply(struct cluster *c, const struct cJSON *manifest);

/* Why a server would refuse the manifest, in its words; NULL: it would not.
 * The caller frees it. Only what a test needs is looked at. */
char *kube_refusal(const struct cJSON *manifest);

/* Does the cluster hold what the manifest says? */
bool kube_holds(struct cluster *c, const struct cJSON *manifest);

/* --- kube_roll.c --- */

/* Let Deployments go on; at once: pods are ready without delay. */
void kube_roll(struct cluster *c, bool at_once);

/* Health of a Deployment as Argo CD sees it: "Healthy", "Progressing" ... */
const char *deployment_health(const struct cJSON *deployment);

/* --- kube_log.c --- */
char *kube_log(const struct request *r, const struct cJSON *pod,
    const char *container);

/* --- kube_exec.c --- */

/* Answer with a WebSocket on which the command runs; false: the request is
 * none for a WebSocket that we speak. */
bool kube_exec(const struct request *r, struct reply *p, struct cluster *c,
    const struct cJSON *pod);

#endif
