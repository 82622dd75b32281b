/*
 * world - the sandbox's world double, seen from a test of a step.
 *
 * Runs inside the sandbox (SB_ variables). The world is brought to its
 * beginning before each test and left so after it: no runs, no applications,
 * the cluster repository at its first commit.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>

enum { WORLD_VARS = 60 };

/* Checked fixtures for Check. Knobs are set so that runs take little. */
void world_begin(void);
void world_end(void);

/*
 * In a full world (tests/sandbox/full) Kubernetes and Argo CD are real: their
 * knobs mean nothing, and of their counters there is only "syncs".
 */
bool world_is_full(void);
/* Let Argo CD be of this version; false where it is real, and another. */
bool world_argocd_version(const char *version);

/* A knob of the double (tests/doubles/world_set.c lists them). */
void world_set(const char *knob, const char *value);
/* A counter, such as "dispatches"; 0 if it was never counted. */
long world_count(const char *counter);

/* A checkout of the cluster repository, as actions/checkout makes one; and
 * the head of its branch on the server. Each is malloc'd. */
char *world_clone(void);
char *world_head(void);
/* Change the repository as a person does: a shell command run in a clone,
 * committed and pushed. The commit, malloc'd. */
char *world_change(const char *message, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A file at the head of the branch; malloc'd. */
char *world_file(const char *path);

/* Dispatch a workflow for the sandbox's instance as a person does, past any
 * step; world_run also waits until it has succeeded. */
void world_dispatch(const char *workflow);
void world_run(const char *workflow);
/* Render what the repository has now, and wait until the new side runs it. */
void world_deploy(void);
/* One request to the Argo CD double about the instance's application: curl's
 * arguments, and what follows its address ("/sync"); the answer, malloc'd. */
char *world_argocd(const char *arguments, const char *verb);
/* Make the live application's automated sync this, past any step: JSON such
 * as {"prune":true}, or null. */
void world_automate(const char *automated);

/*
 * The variables that every step takes, with these before them: an array of
 * WORLD_VARS entries, NULL-ended, in static memory. dry-run is false. What
 * comes first wins.
 */
const char **world_vars(const char *workspace, ...)
    __attribute__((sentinel));

/* ---- a fault proxy before one of the world's servers ---- */

struct world_proxy {
	int pid, port, control;
	char url[64];		/* https://127.0.0.1:<port> */
	char *ca;		/* file of roots that knows it */
};

/* address of the server (SB_GITHUB_ADDR), with its port where that is not
 * 443; name: what it calls itself. */
struct world_proxy world_proxy_start(const char *address,
    const char *name);
/* The same without TLS, before any server: to is its address and port. There
 * are no url and ca then. */
struct world_proxy world_proxy_start_tcp(const char *to);
void world_proxy_stop(struct world_proxy *);
/* As the body of POST /fault: {"fault":"reset-after","nth":3}. */
void world_proxy_fault(struct world_proxy *, const char *json);
/* Forget what passed it, and all faults. */
void world_proxy_clear(struct world_proxy *);
/* What passed it, as JSON; malloc'd. */
char *world_proxy_log(struct world_proxy *);
#endif
