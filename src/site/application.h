/*
 * application - the instance's Application in Argo CD, as the inputs name it.
 */
#ifndef SITE_APPLICATION_H
#define SITE_APPLICATION_H

#include "base/err.h"
#include "step/step.h"

struct argocd;
struct argocd_open;

/* Rows argocd-server, argocd-token, application, project. */
extern const struct input application_inputs[];

/* Its name; in the step's pool. */
const char *application_name(void);
/* Where it is; where the rows are optional, server and token may be NULL. */
struct argocd_open application_where(void);
struct argocd *application_open(struct err *) MUST_CHECK;

#endif
