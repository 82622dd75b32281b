/*
 * argocd - one Application of an Argo CD server: what it is like, whether it
 * syncs by itself, and bringing it to a revision.
 *
 * One handle is one Application, reached with a token of a project role or
 * of an account. Answers are read as the server's code has it: a sync that
 * was asked for is no sync that has begun, the last "Succeeded" may be an
 * older one's, and health counts only after the reconciliation that follows
 * the operation.
 *
 * Kinds: ERR_NOT_FOUND: no such Application in the project; ERR_DENIED (where
 * a right is missing the text ends with the line of policy to add);
 * ERR_NETWORK, ERR_TIMEOUT.
 */
#ifndef API_ARGOCD_H
#define API_ARGOCD_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"

struct argocd;
struct buf;
struct json;

struct argocd_open {
	const char *server;		/* https://host[/root] */
	const char *token;
	const char *application;
	const char *project;		/* "default" */
	const char *ca_file;		/* NULL: the system's store */
	const char *dns_servers;	/* NULL: the system's */
};

struct argocd *argocd_open(const struct argocd_open *, struct err *)
    MUST_CHECK;
void argocd_close(struct argocd *);

/* The server's version, such as 3 and 1. */
bool argocd_find_version(struct argocd *, int *major, int *minor,
    struct err *) MUST_CHECK;

/*
 * The Application as it is; with refresh the branch is looked at first,
 * which may take a minute. It belongs to the handle and is good until the
 * call after the next one of this.
 */
const struct json *argocd_find(struct argocd *, bool refresh, struct err *)
    MUST_CHECK;

/*
 * All Applications of its project at once, to be freed with json_free; the
 * server leaves out, without a word, what the token may not get.
 * And the handle's own among them, as argocd_find gives it; NULL: none.
 */
struct json *argocd_find_all(struct argocd *, struct err *) MUST_CHECK;
const struct json *argocd_find_in(struct argocd *, const struct json *all);

/*
 * ERR_DENIED if the token may not do this to it ("sync", "update"): to be
 * asked before anything is changed, and in a dry run, so that a refusal does
 * not come half-way. A server that does not say gets the benefit of the doubt.
 */
bool argocd_check_right(struct argocd *, const char *right, struct err *)
    MUST_CHECK;

/* Does it sync by itself? A server before 3.1 does whenever the block
 * syncPolicy.automated is there, whatever its `enabled` says. */
bool argocd_is_automated(const struct json *app, bool knows_enabled);

/* Merge a patch (of spec, mostly) into the live Application; what the answer
 * shows is the new object, but read it again to know what was kept. */
bool argocd_patch(struct argocd *, const struct json *patch, struct err *)
    MUST_CHECK;

/* How an Application stands towards a revision that is wanted. */
enum argocd_where {
	ARGOCD_AWAY,	/* something else was synced last */
	ARGOCD_BUSY,	/* an operation for something else is running */
	ARGOCD_RUNNING,	/* the operation for this revision is running */
	ARGOCD_FAILED,	/* the operation for this revision has failed */
	ARGOCD_ROLLING,	/* it succeeded; not yet Synced and Healthy */
	ARGOCD_DRIFTED,	/* it succeeded, and the cluster is otherwise again:
			 * somebody changed it by hand */
	ARGOCD_READY,	/* Synced and Healthy at this revision */
};
enum argocd_where argocd_judge(const struct json *app, const char *revision);
/* The revision that its source's branch is at, as of the last look; NULL. */
const char *argocd_revision(const struct json *app);
/* The revision that was synced last with success; NULL: none ever. */
const char *argocd_deployed(const struct json *app);

/*
 * Ask for a sync to a revision. Not repeated blindly: after an unclear
 * answer the Application is read, and asked again only if it shows no sign
 * of the sync. ERR_CONFLICT: another operation is running.
 */
bool argocd_sync(struct argocd *, const char *revision, bool prune,
    struct err *) MUST_CHECK;

/* Wait until no operation is running, whatever it is. */
bool argocd_await_idle(struct argocd *, clock_ms deadline, struct err *)
    MUST_CHECK;

/*
 * Wait until it is ARGOCD_READY. What changes is logged, resource by
 * resource. Ends early where waiting is in vain: the operation failed, a
 * resource became Degraded, the manifests can't be made, or the branch has
 * moved on and the cluster follows neither. The error names the resources.
 */
bool argocd_await_ready(struct argocd *, const char *revision,
    clock_ms deadline, struct err *) MUST_CHECK;

/* The i-th resource that is not well, "kind/name", NULL past the end; of the
 * Application as last found. In static memory. */
const char *argocd_unwell(struct argocd *, int i);

#endif
