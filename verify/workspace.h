/*
 * workspace - the cluster repository's checkout, opened as every step wants
 * it: with the step's branch, token, CA file and name servers.
 */
#ifndef VERIFY_WORKSPACE_H
#define VERIFY_WORKSPACE_H

#include "base/err.h"

struct repo;

/* Of a step that uses STEP_REPO and STEP_NET. Close with repo_close. */
struct repo *workspace_open(struct err *) MUST_CHECK;

#endif
