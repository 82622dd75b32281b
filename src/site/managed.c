/*
 * managed - see managed.h.
 */
#include "site/managed.h"

#include "api/atlas.h"
#include "api/aws.h"
#include "api/digitalocean.h"
#include "api/ec2.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

enum { PORT_MAX = 65535, MYSQL_PORT = 3306, MONGODB_PORT = 27017 };

const char *const managed_mysql_providers[] = { "self-hosted", "digitalocean",
	"aws", NULL };
const char *const managed_mongodb_providers[] = { "self-hosted",
	"digitalocean", "atlas", "aws", NULL };

static struct allowlist_login login;

/* One database, and where its company has it. */
static struct home {
	const char *database, *before;	/* what its inputs begin with */
	const char *provider, *cluster_id, *project, *group;
	long port, usual_port;
} mysql = { .database = "MySQL", .before = "mysql",
	.usual_port = MYSQL_PORT },
  mongodb = { .database = "MongoDB", .before = "mongodb",
	.usual_port = MONGODB_PORT };

const struct input managed_digitalocean_inputs[] = {
	{ .name = "digitalocean-token", .str = &login.digitalocean_token,
	  .optional = true, .secret = true, .help = "Token of the "
	    "DigitalOcean account that the database clusters are in" },
	{ .name = "digitalocean-api", .str = &login.digitalocean_api,
	  .optional = true, .check = text_check_https,
	  .help = "Address of DigitalOcean's API, if not its usual one" },
	{ 0 }
};

const struct input managed_atlas_inputs[] = {
	{ .name = "atlas-client-id", .str = &login.atlas_client_id,
	  .optional = true, .help = "Service account of the Atlas project" },
	{ .name = "atlas-client-secret", .str = &login.atlas_client_secret,
	  .optional = true, .secret = true, .help = "Its secret" },
	{ .name = "atlas-public-key", .str = &login.atlas_public_key,
	  .optional = true, .help = "Or an API key of the project" },
	{ .name = "atlas-private-key", .str = &login.atlas_private_key,
	  .optional = true, .secret = true, .help = "Its private key" },
	{ .name = "atlas-api", .str = &login.atlas_api,
	  .optional = true, .check = text_check_https,
	  .help = "Address of Atlas' API, if not its usual one" },
	{ 0 }
};

const struct input managed_login_inputs[] = {
	{ .rows = managed_digitalocean_inputs },
	{ .rows = managed_atlas_inputs },
	{ .name = "aws-access-key-id", .str = &login.aws_key_id,
	  .dflt = "$AWS_ACCESS_KEY_ID:-", .help = "Key that may change the "
	    "security groups" },
	{ .name = "aws-secret-access-key", .str = &login.aws_secret,
	  .dflt = "$AWS_SECRET_ACCESS_KEY:-", .secret = true,
	  .help = "Its secret" },
	{ .name = "aws-session-token", .str = &login.aws_token,
	  .dflt = "$AWS_SESSION_TOKEN:-", .secret = true,
	  .help = "Token of its session, if it has one" },
	{ .name = "aws-region", .str = &login.aws_region, .optional = true,
	  .plan = "aws.region", .check = aws_check_region,
	  .help = "Region that the security groups are in" },
	{ .name = "aws-api", .str = &login.aws_api,
	  .optional = true, .check = text_check_url,
	  .help = "Address of EC2's API, if not its usual one" },
	{ 0 }
};

static const char cluster_help[] = "Id of its database cluster at "
	"DigitalOcean",
    group_help[] = "Security group that stands before it at AWS",
    port_help[] = "Its port there";

const struct input managed_cluster_inputs[] = {
	{ .name = "mongodb-cluster-id", .str = &mongodb.cluster_id,
	  .optional = true, .plan = "mongodb.cluster-id",
	  .check = digitalocean_check_id, .help = cluster_help },
	{ 0 }
};

const struct input managed_project_inputs[] = {
	{ .name = "mongodb-project", .str = &mongodb.project,
	  .optional = true, .plan = "mongodb.project",
	  .check = atlas_check_project,
	  .help = "Id of its project at Atlas" },
	{ 0 }
};

const struct input managed_list_inputs[] = {
	{ .name = "mysql-provider", .str = &mysql.provider,
	  .oneof = managed_mysql_providers, .dflt = "self-hosted",
	  .plan = "mysql.provider", .help = "Who runs the MySQL server" },
	{ .name = "mysql-cluster-id", .str = &mysql.cluster_id,
	  .optional = true, .plan = "mysql.cluster-id",
	  .check = digitalocean_check_id, .help = cluster_help },
	{ .name = "mysql-security-group", .str = &mysql.group,
	  .optional = true, .plan = "mysql.security-group",
	  .check = ec2_check_group, .help = group_help },
	{ .name = "mongodb-provider", .str = &mongodb.provider,
	  .oneof = managed_mongodb_providers, .dflt = "self-hosted",
	  .plan = "mongodb.provider", .help = "Who runs the server" },
	{ .rows = managed_cluster_inputs },
	{ .rows = managed_project_inputs },
	{ .name = "mongodb-security-group", .str = &mongodb.group,
	  .optional = true, .plan = "mongodb.security-group",
	  .check = ec2_check_group, .help = group_help },
	{ 0 }
};

const struct input managed_place_inputs[] = {
	{ .rows = managed_list_inputs },
	{ .name = "mysql-port", .num = &mysql.port, .min = 1, .max = PORT_MAX,
	  .optional = true, .plan = "mysql.port", .help = port_help },
	{ .name = "mongodb-port", .num = &mongodb.port, .min = 1,
	  .max = PORT_MAX, .optional = true, .plan = "mongodb.port",
	  .help = port_help },
	{ 0 }
};

void
managed_take_ports(long mysql_port, long mongodb_port)
{
	mysql.port = mysql_port;
	mongodb.port = mongodb_port;
}

/* What identifies the list with this company; and the input of it. */
static const char *
id_of(const struct home *d, const char **input)
{
	bool atlas = text_same(d->provider, "atlas");
	bool aws = text_same(d->provider, "aws");

	*input = aws ? "security-group" : atlas ? "project" : "cluster-id";
	return aws ? d->group : atlas ? d->project : d->cluster_id;
}

static bool
take_list(struct managed_list *l, const struct home *d, struct err *e)
{
	struct pool *p = step_common()->pool;
	const char *input, *id = id_of(d, &input);
	long port = d->port != 0 ? d->port : d->usual_port;

	if (text_empty(id))
		return err_set(e, ERR_INPUT, "%s-%s: it is needed, since the "
		    "provider is %s", d->before, input, d->provider);
	l->database = d->database;
	l->place = (struct allowlist_place){ .company = d->provider,
		.id = id, .port = port };
	l->name = text_same(d->provider, "aws")
	    ? pool_printf(p, "aws %s:%ld", id, port)
	    : pool_printf(p, "%s %s", d->provider, id);
	return true;
}

bool
managed_find_lists(struct managed_list *v, size_t *n, struct err *e)
{
	const struct home *const all[] = { &mysql, &mongodb };

	*n = 0;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (text_same(all[i]->provider, "self-hosted"))
			continue;
		if (!take_list(&v[*n], all[i], e))
			return false;
		++*n;
	}
	if (*n == 2 && text_same(v[0].name, v[1].name)) {
		v[0].database = "MySQL and MongoDB";
		*n = 1;
	}
	return true;
}

void
managed_tell_self_hosted(void)
{
	const struct home *const all[] = { &mysql, &mongodb };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (text_same(all[i]->provider, "self-hosted"))
			log_info("%s: self-hosted, so that no company keeps a "
			    "list of who may connect", all[i]->database);
}

struct allowlist *
managed_open(const struct managed_list *l, struct err *e)
{
	const struct step_common *c = step_common();
	struct allowlist_login how = login;

	how.ca_file = c->ca_file;
	how.dns_servers = c->dns_servers;
	return allowlist_open(&l->place, &how, e);
}

struct digitalocean *
managed_open_digitalocean(const char **id, struct err *e)
{
	const struct step_common *c = step_common();
	const struct digitalocean_open o = {
	    .token = login.digitalocean_token, .api = login.digitalocean_api,
	    .ca_file = c->ca_file, .dns_servers = c->dns_servers };

	*id = mongodb.cluster_id;
	if (o.token != NULL && *id != NULL)
		return digitalocean_open(&o, e);
	err_set(e, ERR_INPUT, "%s: it is needed, since the provider is "
	    "digitalocean", *id == NULL ? "mongodb-cluster-id" :
	    "digitalocean-token");
	return NULL;
}

struct atlas *
managed_open_atlas(struct err *e)
{
	const struct step_common *c = step_common();
	const struct atlas_open o = { .client_id = login.atlas_client_id,
	    .client_secret = login.atlas_client_secret,
	    .public_key = login.atlas_public_key,
	    .private_key = login.atlas_private_key, .api = login.atlas_api,
	    .project = mongodb.project, .ca_file = c->ca_file,
	    .dns_servers = c->dns_servers };

	if (o.project != NULL)
		return atlas_open(&o, e);
	err_set(e, ERR_INPUT, "mongodb-project: it is needed, since the "
	    "provider is atlas");
	return NULL;
}
