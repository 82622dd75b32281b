/*
 * argocd_in - what the files of the Argo CD double share.
 *
 * argocd.c      REST: routes, checks, refusals
 * argocd_app.c  the controller: comparison, health, automated sync, syncs
 * argocd_out.c  what a sync does outside: manifests from git, the deployed
 *               folder
 */
#ifndef ARGOCD_IN_H
#define ARGOCD_IN_H

#include <stdbool.h>

struct cJSON;

struct app {
	struct app *next;
	char *name;		/* "acme-production" */
	char *instance;		/* "acme": from the source's path */
	struct cJSON *o;	/* as the API shows it */
	struct cJSON *applied;	/* what syncs made: manifests, no hooks */
	char *tree;		/* of which the following are manifests */
	struct cJSON *manifests;
	double polled, begun, finished;	/* times; 0: never, not now */
	bool refresh, terminate;
	double followed;	/* the cluster's version when last looked at */
	bool forced;		/* the health was a knob's then */
};

extern struct app *apps;

struct app *app_find(const char *name);

/* Is automated sync on, as the version played understands the spec? */
bool app_automated(const struct app *a);

/* Store a spec: below 3.1.0 without automated.enabled. Takes spec. */
void app_put_spec(struct app *a, struct cJSON *spec);

/* Can its manifests be made, at the target as it is now? Else *message (free
 * it) says why not. */
bool app_has_manifests(struct app *a, char **message);

/* Set what is to be done; the caller has checked that nothing is. */
void app_operate(struct app *a, struct cJSON *operation);

/* --- argocd_out.c --- */

/* Where things are; strings are copied. */
void out_init(const char *repo, const char *instance, const char *deployed);

/* The full hash of a branch, tag or hash; NULL: not there. Free it. */
char *out_resolve(const char *rev);

/* The hash of a folder at a revision; NULL: not there. Free it. */
char *out_tree(const char *rev, const char *path);

/* The manifests of that folder, or NULL with a message (free it). */
struct cJSON *out_manifests(const char *rev, const char *path,
    char **message);

/* Put instances/<instance> of that revision where the new side runs it. */
bool out_deploy(const char *rev, const char *instance);

#endif
