/*
 * managed - see managed.h.
 */
#include "site/managed.h"

#include "api/digitalocean.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

static const char *const mysql_providers[] = { "self-hosted", "digitalocean",
	NULL };
static const char *const mongodb_providers[] = { "self-hosted",
	"digitalocean", NULL };

static struct {
	const char *digitalocean_token, *digitalocean_api;
} login;

static struct {
	const char *provider, *cluster_id;
} mysql, mongodb;

const struct input managed_login_inputs[] = {
	{ .name = "digitalocean-token", .str = &login.digitalocean_token,
	  .optional = true, .secret = true, .help = "Token of the "
	    "DigitalOcean account that the database clusters are in, with "
	    "scopes database:read and database:update" },
	{ .name = "digitalocean-api", .str = &login.digitalocean_api,
	  .optional = true, .check = text_check_https,
	  .help = "Address of DigitalOcean's API, if not its usual one" },
	{ 0 }
};

const struct input managed_place_inputs[] = {
	{ .name = "mysql-provider", .str = &mysql.provider,
	  .oneof = mysql_providers, .dflt = "self-hosted",
	  .plan = "mysql.provider", .help = "Who runs the MySQL server" },
	{ .name = "mysql-cluster-id", .str = &mysql.cluster_id,
	  .optional = true, .plan = "mysql.cluster-id",
	  .check = digitalocean_check_id,
	  .help = "Id of its database cluster at DigitalOcean" },
	{ .name = "mongodb-provider", .str = &mongodb.provider,
	  .oneof = mongodb_providers, .dflt = "self-hosted",
	  .plan = "mongodb.provider", .help = "Who runs the server" },
	{ .name = "mongodb-cluster-id", .str = &mongodb.cluster_id,
	  .optional = true, .plan = "mongodb.cluster-id",
	  .check = digitalocean_check_id,
	  .help = "Id of its database cluster at DigitalOcean" },
	{ 0 }
};

/* The id of the list, and which input gives it. */
static bool
take_place(struct managed_list *l, const char *before, const char *provider,
    const char *cluster_id, struct err *e)
{
	struct pool *p = step_common()->pool;

	if (text_empty(cluster_id))
		return err_set(e, ERR_INPUT, "%s-cluster-id: it is needed, "
		    "since the provider is %s (`doctl databases list` shows "
		    "it)", before, provider);
	l->place = (struct allowlist_place){ .company = provider,
		.id = cluster_id };
	l->name = pool_printf(p, "%s %s", provider, cluster_id);
	return true;
}

bool
managed_find_lists(struct managed_list *v, size_t *n, struct err *e)
{
	*n = 0;
	if (text_same(mysql.provider, "self-hosted"))
		log_info("MySQL: self-hosted, so that no company keeps a "
		    "list of who may connect");
	else if (take_place(&v[*n], "mysql", mysql.provider,
	    mysql.cluster_id, e))
		v[(*n)++].database = "MySQL";
	else
		return false;
	if (text_same(mongodb.provider, "self-hosted"))
		log_info("MongoDB: self-hosted, so that no company keeps a "
		    "list of who may connect");
	else if (take_place(&v[*n], "mongodb", mongodb.provider,
	    mongodb.cluster_id, e))
		v[(*n)++].database = "MongoDB";
	else
		return false;
	if (*n == 2 && text_same(v[0].name, v[1].name)) {
		v[0].database = "MySQL and MongoDB";
		*n = 1;
	}
	return true;
}

struct allowlist *
managed_open(const struct managed_list *l, struct err *e)
{
	const struct step_common *c = step_common();
	const struct allowlist_login how = {
		.digitalocean_token = login.digitalocean_token,
		.digitalocean_api = login.digitalocean_api,
		.ca_file = c->ca_file, .dns_servers = c->dns_servers,
	};

	return allowlist_open(&l->place, &how, e);
}
