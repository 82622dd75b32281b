/*
 * application - see application.h.
 */
#include "site/application.h"

#include "api/argocd.h"
#include "base/mem.h"
#include "base/text.h"
#include "step/step.h"

static struct {
	const char *server, *token, *name, *project;
} in;

const struct input application_inputs[] = {
	{ .name = "argocd-server", .str = &in.server, .plan = "argocd.server",
	  .check = text_check_https, .help = "Address of Argo CD" },
	{ .name = "argocd-token", .str = &in.token, .secret = true,
	  .help = "Token of a project role that may get the application, and"
	    " sync or update it where the step does" },
	{ .name = "application", .str = &in.name, .optional = true,
	  .plan = "argocd.application", .help = "Name of the application; if"
	    " empty, <instance>-production" },
	{ .name = "project", .str = &in.project, .dflt = "default",
	  .plan = "argocd.project",
	  .help = "Argo CD's project that it is in" },
	{ 0 }
};

const char *
application_name(void)
{
	const struct step_common *c = step_common();

	return !text_empty(in.name) ? in.name
	    : pool_printf(c->pool, "%s-production", c->instance);
}

struct argocd_open
application_where(void)
{
	const struct step_common *c = step_common();

	return (struct argocd_open){ .server = in.server, .token = in.token,
		.application = application_name(), .project = in.project,
		.ca_file = c->ca_file, .dns_servers = c->dns_servers };
}

struct argocd *
application_open(struct err *e)
{
	const struct argocd_open where = application_where();

	return argocd_open(&where, e);
}
