/*
 * repository - the cluster repository at GitHub, as the inputs name it. (Its
 * checkout: checkout.h.)
 */
#ifndef SITE_REPOSITORY_H
#define SITE_REPOSITORY_H

#include "base/err.h"
#include "step/step.h"

struct github;

/* Rows github-token, api-url, repository. */
extern const struct input repository_inputs[];

struct github *repository_open(struct err *) MUST_CHECK;

#endif
