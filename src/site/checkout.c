/*
 * checkout - see checkout.h.
 */
#include "site/checkout.h"

#include "api/repo.h"
#include "step/step.h"

struct repo *
checkout_open(struct err *e)
{
	const struct step_common *c = step_common();

	return repo_open(&(struct repo_open){ .dir = c->workspace,
	    .branch = c->branch, .token = c->repository_token,
	    .ca_file = c->ca_file, .dns_servers = c->dns_servers }, e);
}
