/*
 * checkout - the cluster repository as the frame's inputs name it.
 */
#ifndef SITE_CHECKOUT_H
#define SITE_CHECKOUT_H

#include "base/err.h"

struct repo;

/* repo_open with the step's workspace, branch, token, roots and name
 * servers. Of a step that uses STEP_REPO and STEP_NET. */
struct repo *checkout_open(struct err *) MUST_CHECK;

#endif
