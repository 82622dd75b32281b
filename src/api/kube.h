/*
 * kube - read an instance's objects from a Kubernetes API server, and run a
 * command in one of its containers.
 *
 * One handle is one namespace of one cluster, with a token (a service
 * account's) or a client certificate, and the cluster's roots. What a call
 * returns belongs to the handle and lives until kube_close. Nothing here
 * writes.
 *
 * Kinds: ERR_NOT_FOUND; ERR_DENIED (the text holds the server's words and,
 * where a right is missing, the rule to add to the Role); ERR_NETWORK,
 * ERR_TIMEOUT.
 */
#ifndef API_KUBE_H
#define API_KUBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

struct buf;
struct json;
struct kube;

struct kube_open {
	const char *server;		/* https://host:port */
	const char *ca_pem;		/* roots: PEM, or its base64 as in a
					 * kubeconfig; NULL, "": as ca_file */
	const char *token;		/* NULL: none */
	const char *cert_pem, *key_pem;	/* of the client; NULL: none */
	const char *tls_name;		/* in the server's certificate; NULL:
					 * the address's */
	const char *proxy;		/* NULL: the environment's */
	const char *space;		/* the namespace */
	const char *ca_file;		/* NULL: the system's store */
	const char *dns_servers;	/* NULL: the system's */
	/* Where a login may end before we do: put a new one (token,
	 * cert_pem, key_pem) in its place. Asked when the server refuses
	 * it; `source` must live as long as the handle. NULL: none. */
	bool (*renew)(void *source, struct kube_open *, struct err *);
	void *source;
};

/* For input tables: roots as ca_pem takes them. */
bool kube_check_roots(const char *, struct err *);

struct kube *kube_open(const struct kube_open *, struct err *) MUST_CHECK;
void kube_close(struct kube *);
/* Its address, without a final slash. */
const char *kube_server(const struct kube *);

/* What a step needs, in the words of a Role: { "", "configmaps", "get, list" }
 * or { "", "pods/exec", "create" }. Lists end with { 0 }. */
struct kube_right {
	const char *group, *resource, *verbs;
};

/*
 * Ask the server which of these the token lacks, and append a rule for each
 * as a line of YAML; nothing if none. A right that is given for some names
 * only counts as lacking, so ask after a refusal, not before a request.
 */
bool kube_find_missing(struct kube *, const struct kube_right *needs,
    struct buf *rules, struct err *) MUST_CHECK;

/* One object by name. */
const struct json *kube_find_deployment(struct kube *, const char *name,
    struct err *) MUST_CHECK;
const struct json *kube_find_configmap(struct kube *, const char *name,
    struct err *) MUST_CHECK;

/* All objects, as one array, however many pages the server makes of them.
 * selector: a label selector such as "app.kubernetes.io/name=lms", or NULL.
 * None is an empty array. */
const struct json *kube_find_configmaps(struct kube *, const char *selector,
    struct err *) MUST_CHECK;
const struct json *kube_find_pods(struct kube *, const char *selector,
    struct err *) MUST_CHECK;
const struct json *kube_find_cronjobs(struct kube *, const char *selector,
    struct err *) MUST_CHECK;

/*
 * A command in a container. Its argv is in URLs, and so in logs of servers:
 * secrets go by `input`. That is sent whole before anything is read, and then
 * stdin stays open, since older servers can't close it: the command must know
 * where its input ends, and not print before it has it.
 */
struct kube_command {
	const char *pod, *container;
	const char *const *argv;	/* NULL-ended */
	const char *input;		/* NULL: no stdin */
	size_t input_len;
	clock_ms deadline;
	struct buf *out, *err;		/* what of stderr does not fit is
					 * dropped; of stdout, an error */
};

/* Run it. true: it was run to its end, which *status says (0 to 255). What
 * it prints may be secret: no error holds any of it. */
bool kube_exec(struct kube *, const struct kube_command *, long *status,
    struct err *) MUST_CHECK;

/*
 * The ConfigMap that a Deployment (or a Pod) mounts as this volume, alone or
 * as a part of a projected volume; NULL: there is no such volume, or it holds
 * another kind of thing.
 */
const char *kube_mounted_configmap(const struct json *object,
    const char *volume);
/* One file of a ConfigMap, such as "production.py"; NULL if it is not there.
 * A name with dots is no path here. */
const char *kube_data(const struct json *configmap, const char *file);
/* A literal environment variable of a container ("" any); NULL: not there,
 * or taken from elsewhere (valueFrom). */
const char *kube_env(const struct json *object, const char *container,
    const char *name);
/* Is it there, wherever its value is from? */
bool kube_sets_env(const struct json *object, const char *container,
    const char *name);

/* Has the Deployment's newest version rolled out? If not, `why` gets a line
 * such as "1 of 2 replicas are updated". */
bool kube_is_ready(const struct json *deployment, struct buf *why);
/* May pods of another version than the Deployment's newest still run? */
bool kube_is_rolling(const struct json *deployment);
/* Why the Pod does not run, appended as one line per container, such as
 * "lms-7d: container lms waits: CrashLoopBackOff (back-off 5m0s ...)"; true
 * if there was something to say. */
bool kube_say_waiting(const struct json *pod, struct buf *);

#endif
