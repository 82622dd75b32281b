/*
 * argocd_app - an Application of one's own at Argo CD, double or real, for
 * the contract suites: its folder in the cluster repository, and changes of
 * it as people make them, by git.
 *
 * For a real server give CONTRACT_ARGOCD_URL, _TOKEN (an account that may
 * get, update and sync it, and make tokens of projects), _CA (a file) and
 * _REPOS, a folder on the same machine that holds a bare repository NAME.git
 * for each application NAME of the suites, contract and client: its folder
 * env at main is the source. SB_ARGOCD_TOKEN is a
 * role's that may nothing with it. Without them a double is started.
 */
#ifndef TESTS_CONTRACT_ARGOCD_APP_H
#define TESTS_CONTRACT_ARGOCD_APP_H

#include <stdbool.h>

#include "tests/contract/http.h"

#define NO_REVISION "0123456789012345678901234567890123456789"

extern struct server argo;
extern bool argo_real;

/* Is there a server? Not in a test yet. The Application's name is the suite's
 * own, so that suites may run side by side. */
bool argo_find(const char *name);
extern const char *argo_name;

/* Make the Application, synced; once, in an unchecked fixture. */
void argo_begin(void);
/* Before each test: the folder is as at the start, no operation is under way,
 * and none begins by itself. */
void argo_calm(void);
/* Bring it to argo_revision, unless it is there. */
void argo_deploy(void);

/* Write a file of its folder (text NULL: remove it), and push; the commit
 * that the branch is at then is argo_revision. */
void argo_change(const char *file, const char *text);
extern const char *argo_revision;
/* The same so that there are no manifests to be made. */
void argo_break(void);
/* The same with one more manifest. */
void argo_add(const char *file, const char *text);
/* A Deployment that no node takes, and whose patience ends at once. */
extern const char *const argo_homeless;
/* A line of text that was never there before. */
const char *argo_fresh(void);

/* Syncs do not end by themselves, until argo_calm. */
void argo_hold(void);
/* End what hangs. Asked for as often as it takes: what the controller writes
 * at that moment may come over the wish (seen with 3.2). */
void argo_end(void);

/* "/api/v1/applications/NAME" and the rest. */
const char *argo_path(const char *rest);
/* A request with a JSON body, or with none (NULL). */
struct answer argo_call(const char *method, const char *path,
    const char *body);
/* Ask for a sync, with further members of the request (",\"x\":1"). */
struct answer argo_sync(const char *revision, const char *more);
/* Merge into the live Application. */
void argo_merge(const char *patch);
void argo_automated(bool on);
/* The Application once no operation is under way and the controller has
 * looked again. */
struct answer argo_settled(void);

#endif
