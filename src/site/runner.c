/*
 * runner - see runner.h.
 */
#include "site/runner.h"

#include "api/ownaddress.h"
#include "base/text.h"
#include "net/http.h"

static struct {
	const char *address, *url;
} in;

const struct input runner_inputs[] = {
	{ .name = "runner-address", .str = &in.address, .optional = true,
	  .check = ownaddress_check,
	  .help = "IPv4 address that this job's connections come from; if "
	    "empty, address-url is asked" },
	{ .name = "address-url", .str = &in.url, .check = text_check_https,
	  .plan = "network.address-url", .dflt = ownaddress_url,
	  .help = "Server that answers with the address that asks it, and no "
	    "more" },
	{ 0 }
};

const char *
runner_find_address(struct err *e)
{
	const struct step_common *c = step_common();
	struct http *h;
	const char *found = NULL;

	if (in.address != NULL)
		return in.address;
	h = http_open(c->ca_file, c->dns_servers, e);
	if (h != NULL)
		found = ownaddress_find(h, c->pool, in.url, e);
	http_close(h);
	if (found == NULL)
		err_within(e, "the runner's address (runner-address gives "
		    "it)");
	return found;
}
