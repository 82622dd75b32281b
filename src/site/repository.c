/*
 * repository - see repository.h.
 */
#include "site/repository.h"

#include "api/github.h"
#include "base/text.h"
#include "step/step.h"

static struct {
	const char *token, *api_url, *name;
} in;

const struct input repository_inputs[] = {
	{ .name = "github-token", .str = &in.token, .secret = true,
	  .help = "Token with actions: read; to dispatch workflows, with"
	    " actions: write and contents: read" },
	{ .name = "api-url", .str = &in.api_url, .check = text_check_url,
	  .dflt = github_default_url, .help = "Address of GitHub's API" },
	{ .name = "repository", .str = &in.name,
	  .dflt = "$GITHUB_REPOSITORY", .check = text_check_repository,
	  .help = "Cluster repository as owner/name" },
	{ 0 }
};

struct github *
repository_open(struct err *e)
{
	const struct step_common *c = step_common();
	const struct github_open where = {
		.api_url = in.api_url, .repository = in.name,
		.token = in.token, .ca_file = c->ca_file,
		.dns_servers = c->dns_servers,
	};

	return github_open(&where, e);
}
