/*
 * kubeconfig - a cluster's address and login, out of the file that kubectl
 * and the clouds' own programs write.
 *
 * Taken: a server over https with its certificate authority (data or file),
 * tls-server-name and proxy-url; a token or tokenFile, a client certificate
 * with its key (data or files), or an exec plugin, which is run as a child
 * without a shell, with a minute's time and no more environment than
 * base/child.h passes on and its entry names. Where kubectl would stop (two
 * entries of one name, a context that names none, both forms of one thing),
 * so do we; what would be unsafe or is gone from Kubernetes (no verification
 * of the server, passwords, auth-provider, impersonation) is refused with
 * what to use instead.
 *
 * Private keys stay in memory, and all that is secret is masked when read.
 */
#ifndef API_KUBECONFIG_H
#define API_KUBECONFIG_H

#include <stdbool.h>

#include "base/err.h"

struct kube_open;
struct pool;

struct kubeconfig_source {
	const char *text;	/* what is in the file, or the base64 of it */
	const char *files;	/* or the file; several with : between are
				 * merged as kubectl does (the first that has
				 * a name or a value wins), and one that is
				 * not there is passed over */
	const char *context;	/* NULL, "": the current one */
};

/*
 * Fill in server, ca_pem, tls_name, proxy, the login with its renewal (a
 * plugin is asked, a tokenFile read again) and, if the context names one,
 * the namespace; the rest is left alone. All of it lives in the pool.
 * ERR_INPUT: something in the file, or a file that it names.
 */
bool kubeconfig_read(struct pool *, const struct kubeconfig_source *,
    struct kube_open *, struct err *) MUST_CHECK;

/* For input tables: is the text one, as far as that can be seen without
 * choosing a context? */
bool kubeconfig_check(const char *text, struct err *);
/* Mask what is secret in it; the rest are names and words such as "cluster",
 * which a log can't do without. */
void kubeconfig_mask(const char *text);

#endif
