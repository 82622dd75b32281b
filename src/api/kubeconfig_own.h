/*
 * kubeconfig_own - what kubeconfig.c shares with kubeconfig_exec.c.
 */
#ifndef API_KUBECONFIG_OWN_H
#define API_KUBECONFIG_OWN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct kube_open;
struct pool;
struct yaml;

/* A map somewhere in one of the files. */
struct kubeconfig_entry {
	struct pool *pool;
	const struct yaml *yaml;
	const char *dir;	/* of that file; NULL: it came as text */
	const char *path;	/* of the map: "users[0].user" */
	const char *what;	/* for errors: user "admin" */
};

/*
 * Members of it. Errors are ERR_INPUT, and name the member, not the entry.
 */
/* NULL and true: it is not there, or empty. */
bool kubeconfig_string(const struct kubeconfig_entry *, const char *member,
    const char **, struct err *) MUST_CHECK;
bool kubeconfig_flag(const struct kubeconfig_entry *, const char *member,
    bool *, struct err *) MUST_CHECK;
/* A path as it is written there, from the file's folder. */
const char *kubeconfig_resolve(const struct kubeconfig_entry *,
    const char *path, struct err *) MUST_CHECK;

/* A name by which something secret goes: --client-secret, API_TOKEN. */
bool kubeconfig_sounds_secret(const char *name, size_t n);

/* ---- exec plugins ---- */

struct kubeconfig_exec;

/* Read a user's exec entry. cluster: what a plugin may ask to be told;
 * *o has the server already. */
struct kubeconfig_exec *kubeconfig_exec_read(const struct kubeconfig_entry
    *user, const struct kubeconfig_entry *cluster, const struct kube_open *o,
    struct err *) MUST_CHECK;
/* Run it; token, cert_pem and key_pem are put in, in the pool. */
bool kubeconfig_exec_run(struct kubeconfig_exec *, struct kube_open *,
    struct err *) MUST_CHECK;

#endif
