/*
 * argocd - a double of Argo CD's REST API and of its controller.
 *
 * Applications compare instances/<name>/env at their target revision with
 * what the new cluster's double holds, sync it there (by themselves while
 * automated sync is on), and report status as Argo CD does: an operation
 * runs for a while, health follows the pods, and one reconciliation later
 * status.reconciledAt passes operationState.finishedAt.
 *
 * A sync of the sandbox's instance also replaces $S/deployed/new/current
 * and writes $S/deployed/new/hosts, so that the simulated LMS and the new
 * ingress serve what was deployed.
 *
 * Stricter than the real one in one point: Argo CD ignores members of a
 * request that it doesn't know; here they are refused (400, code 3), so
 * that a misspelled one can't pass unnoticed. Below version 3.1.0 the
 * member automated.enabled is dropped from what is stored, as its CRD does.
 */
#ifndef ARGOCD_H
#define ARGOCD_H

#include <stdbool.h>

struct cJSON;
struct service;

/* Which instance's syncs are deployed, and to which folder. */
void argocd_init(const char *repo, const char *token, const char *instance,
    const char *deployed);
void argocd_reset(void);
void argocd_service(struct service *s);

/* Create or replace an Application, as kubectl apply does. Takes app. */
void argocd_apply(struct cJSON *app);

/* Compare, sync, finish operations. Under the lock. */
void argocd_tick(void);

#endif
