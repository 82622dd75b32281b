/*
 * newside - what the new side, as it runs now, uses of the instance's data.
 */
#ifndef SITE_NEWSIDE_H
#define SITE_NEWSIDE_H

#include <stdbool.h>

#include "base/err.h"

/*
 * As whom it uses MongoDB; in the step's pool. ERR_INPUT: there is no login
 * for the new cluster; ERR_HAND: its settings can't be read, or a rollout is
 * half-way; kinds of api/kube.h.
 */
bool newside_find_mongodb_user(const char **user, struct err *) MUST_CHECK;

#endif
