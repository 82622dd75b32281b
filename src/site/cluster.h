/*
 * cluster - the old and the new Kubernetes cluster, and how the inputs say
 * one logs in to them.
 *
 * There are three ways, and exactly one must be given: a kubeconfig (its
 * text, or a file), a server with a token, or the id of a cluster of
 * DigitalOcean's with a token of the account. Where kube-server stands
 * beside the first or the last, it must be the same server: a login for
 * another cluster than the plan's is refused.
 */
#ifndef SITE_CLUSTER_H
#define SITE_CLUSTER_H

#include <stdbool.h>

#include "base/err.h"
#include "step/step.h"

struct kube;
struct kube_right;

/*
 * Rows kubeconfig, kubeconfig-file, kube-context, kube-server, kube-ca,
 * kube-token, kube-cluster-id, digitalocean-token and namespace, for a step
 * that asks one cluster, and the check to go with them:
 *	{ .rows = cluster_old_inputs, .together = cluster_check_old },
 * Optional: none of the three ways is fine, too.
 */
extern const struct input cluster_old_inputs[], cluster_new_inputs[];
bool cluster_check_old(bool optional, struct err *);
bool cluster_check_new(bool optional, struct err *);

/* The same for a step that asks both: old-kubeconfig, new-kubeconfig ... */
extern const struct input cluster_both_old_inputs[],
    cluster_both_new_inputs[];
bool cluster_check_both_old(bool optional, struct err *);
bool cluster_check_both_new(bool optional, struct err *);

enum cluster_side { CLUSTER_OLD, CLUSTER_NEW };

/* Was a way to log in given? For steps with optional rows. */
bool cluster_given(enum cluster_side);
/*
 * The instance's namespace there. Where neither the input nor the kubeconfig
 * names one, the instance's name. To be closed with kube_close. ERR_INPUT
 * where the kubeconfig is wrong; kinds as api/kube.h and api/digitalocean.h.
 */
struct kube *cluster_open(enum cluster_side, struct err *) MUST_CHECK;
/* Of the handle last opened; in the step's pool. */
const char *cluster_space(enum cluster_side);

/*
 * Which of these rights (api/kube.h) does the login lack? None: true;
 * otherwise ERR_DENIED, and in error and summary all rules to add, as they
 * can be pasted.
 */
bool cluster_check_rights(struct kube *, const char *space,
    const struct kube_right *needs, struct err *) MUST_CHECK;
/* After ERR_DENIED: the same, added to the error that names one of them. */
void cluster_name_missing(struct kube *, const char *space,
    const struct kube_right *needs, struct err *);

#endif
