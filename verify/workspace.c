/*
 * workspace - see workspace.h.
 */
#include "verify/workspace.h"

#include <string.h>

#include "api/repo.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/resolve.h"
#include "step/step.h"

enum { URL_MAX = 4096, SECONDS = 20 };

/* The host of the remote's URL, if it is one that is reached by HTTPS. */
static const char *
remote_host(void)
{
	const struct step_common *c = step_common();
	const char *argv[] = { "git", "config", "--get", "remote.origin.url",
		NULL };
	struct buf url = buf_new(URL_MAX);
	struct child git = { .argv = argv, .dir = c->workspace, .out = &url,
		.deadline = clock_deadline(SECONDS) };
	struct err ignored;
	const char *host = NULL, *s;
	int status;

	if (child_run(&git, &status, &ignored) && status == 0
	    && text_starts(buf_str(&url), "https://")) {
		s = buf_str(&url) + strlen("https://");
		host = pool_strndup(c->pool, s, strcspn(s, ":/\n"));
	}
	buf_free(&url);
	return host;
}

/* Git asks the system's name servers; where a step was given others, git is
 * told the address. */
static const char *
remote_address(struct err *e)
{
	const struct step_common *c = step_common();
	const char *host = remote_host();
	struct resolve *r;
	const char *address;

	if (host == NULL)
		return "";
	r = resolve_open(c->dns_servers, e);
	if (r == NULL)
		return NULL;
	address = resolve_address(r, c->pool, host, clock_deadline(SECONDS),
	    e);
	resolve_close(r);
	return address != NULL ? pool_printf(c->pool, "%s:443:%s", host,
	    address) : NULL;
}

struct repo *
workspace_open(struct err *e)
{
	const struct step_common *c = step_common();
	struct repo_open o = { .dir = c->workspace, .branch = c->branch,
		.token = c->repository_token, .ca_file = c->ca_file };

	if (c->dns_servers != NULL) {
		o.resolve = remote_address(e);
		if (o.resolve == NULL)
			return NULL;
		if (o.resolve[0] == '\0')
			o.resolve = NULL;
	}
	return repo_open(&o, e);
}
