/*
 * init-plan - write the plan of a migration from what can be found out.
 *
 * Guide: before its first item. Asked are Grove's config.yml, the old
 * cluster's running Deployments, the name servers of the hosts, and the
 * checkout; what the inputs give comes before all that. The release that the
 * old side runs becomes the one to create with, as both share the data. What
 * nobody could tell stands in the plan as a comment that says how to find it.
 *
 * A plan that is there is never overwritten: what differs is told, and no
 * more. A dry run prints the plan. Logins and passwords never reach it.
 * commit-config commits.
 */
#include <string.h>

#include "api/atlas.h"
#include "api/digitalocean.h"
#include "api/ec2.h"
#include "api/kube.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "site/cluster.h"
#include "site/discover.h"
#include "site/draft.h"
#include "site/hosts.h"
#include "site/managed.h"
#include "site/oldconfig.h"
#include "step/step.h"

enum { PLAN_MAX = 64 * 1024, LIST_MAX = 8 * 1024 };

static struct {
	const char *new_host, *new_address, *new_server, *new_space;
	const char *argocd, *application, *hosts, *old_address;
	const char *dns_provider, *dns_server, *zone, *resolvers;
	const char *mysql_admin, *mongodb_admin, *backup_to, *backup_stores;
	const char *mysql_provider, *mysql_id, *mysql_group;
	const char *mongodb_provider, *mongodb_id, *project, *mongodb_cluster,
	    *mongodb_group;
	const char *buckets, *endpoint, *region;
	long low, high;
} in;

static const struct input inputs[] = {
	{ .rows = oldconfig_inputs, .optional = true },
	{ .rows = cluster_old_inputs, .together = cluster_check_old,
	  .optional = true },
	{ .name = "hosts", .str = &in.hosts, .optional = true,
	  .check = hosts_check, .places = hosts_places,
	  .help = "Final hosts, as kind=name; else those of the old side" },
	{ .name = "old-address", .str = &in.old_address, .optional = true,
	  .plan = "old.address", .list = true, .check = text_check_ips,
	  .help = "IP addresses of the old ingress; else by DNS" },
	{ .name = "new-host", .str = &in.new_host, .optional = true,
	  .check = text_check_host, .help = "Temporary name of the new "
	    "instance, to find the new ingress's address by DNS" },
	{ .name = "new-address", .str = &in.new_address, .optional = true,
	  .plan = "new.address", .list = true, .check = text_check_ips,
	  .help = "IP addresses of the new ingress; else those of new-host" },
	{ .name = "new-kube-server", .str = &in.new_server,
	  .optional = true, .plan = "new.kube.server",
	  .check = text_check_https,
	  .help = "Address of the new cluster's API server" },
	{ .name = "new-namespace", .str = &in.new_space, .optional = true,
	  .plan = "new.namespace", .check = text_check_name,
	  .help = "Namespace there; if empty, the instance's name" },
	{ .name = "argocd-server", .str = &in.argocd, .optional = true,
	  .plan = "argocd.server", .check = text_check_https,
	  .help = "Address of Argo CD" },
	{ .name = "application", .str = &in.application, .optional = true,
	  .plan = "argocd.application", .help = "Name of the application; if"
	    " empty, <instance>-production" },
	{ .name = "dns-provider", .str = &in.dns_provider, .optional = true,
	  .plan = "dns.provider", .help = "Company or software that serves "
	    "the zone; else by the names of its servers" },
	{ .name = "dns-server", .str = &in.dns_server, .optional = true,
	  .plan = "dns.server", .check = text_check_url,
	  .help = "Address of its API, where it has no fixed one" },
	{ .name = "zone", .str = &in.zone, .optional = true,
	  .plan = "dns.zone", .check = text_check_host,
	  .help = "Zone of the hosts; else by DNS" },
	{ .name = "low-ttl", .num = &in.low, .min = 1, .max = 86400,
	  .dflt = "300", .plan = "dns.low-ttl",
	  .help = "TTL before the switch, in seconds" },
	{ .name = "high-ttl", .num = &in.high, .min = 1, .max = 604800,
	  .dflt = "3600", .plan = "dns.high-ttl",
	  .help = "TTL long after it, in seconds" },
	{ .name = "resolvers", .str = &in.resolvers, .optional = true,
	  .plan = "dns.resolvers", .list = true,
	  .check = text_check_servers,
	  .help = "Name servers that visitors use" },
	{ .name = "mysql-admin", .str = &in.mysql_admin, .optional = true,
	  .plan = "mysql.admin", .help = "Administrator of MySQL" },
	{ .name = "mongodb-admin", .str = &in.mongodb_admin,
	  .optional = true, .plan = "mongodb.admin",
	  .help = "Administrator of MongoDB" },
	{ .name = "mysql-provider", .str = &in.mysql_provider,
	  .optional = true, .plan = "mysql.provider",
	  .oneof = managed_mysql_providers,
	  .help = "Who runs the MySQL server; else by its name" },
	{ .name = "mysql-cluster-id", .str = &in.mysql_id, .optional = true,
	  .plan = "mysql.cluster-id", .check = digitalocean_check_id,
	  .help = "Id of its database cluster at DigitalOcean" },
	{ .name = "mysql-security-group", .str = &in.mysql_group,
	  .optional = true, .plan = "mysql.security-group",
	  .check = ec2_check_group,
	  .help = "Security group that stands before it at AWS" },
	{ .name = "mongodb-provider", .str = &in.mongodb_provider,
	  .optional = true, .plan = "mongodb.provider",
	  .oneof = managed_mongodb_providers,
	  .help = "Who runs the MongoDB server; else by its name" },
	{ .name = "mongodb-cluster-id", .str = &in.mongodb_id,
	  .optional = true, .plan = "mongodb.cluster-id",
	  .check = digitalocean_check_id,
	  .help = "Id of its database cluster at DigitalOcean" },
	{ .name = "mongodb-project", .str = &in.project, .optional = true,
	  .plan = "mongodb.project", .check = atlas_check_project,
	  .help = "Id of its project at Atlas" },
	{ .name = "mongodb-cluster", .str = &in.mongodb_cluster,
	  .optional = true, .plan = "mongodb.cluster",
	  .help = "Name of its cluster at Atlas" },
	{ .name = "mongodb-security-group", .str = &in.mongodb_group,
	  .optional = true, .plan = "mongodb.security-group",
	  .check = ec2_check_group,
	  .help = "Security group that stands before it at AWS" },
	{ .name = "storage-endpoint", .str = &in.endpoint, .optional = true,
	  .plan = "storage.endpoint", .check = text_check_url,
	  .help = "URL of the S3 server that has the instance's buckets" },
	{ .name = "storage-region", .str = &in.region, .optional = true,
	  .plan = "storage.region", .help = "Their region" },
	{ .name = "storage-buckets", .str = &in.buckets, .optional = true,
	  .plan = "storage.buckets", .list = true,
	  .help = "The instance's buckets; else those of the old side" },
	{ .name = "backup-to", .str = &in.backup_to, .optional = true,
	  .plan = "backup.to", .help = "Where backups go: s3://bucket/prefix "
	    "or file:///folder" },
	{ .name = "backup-stores", .str = &in.backup_stores,
	  .optional = true, .plan = "backup.stores", .list = true,
	  .help = "What must be backed up: mysql, mongodb, storage" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "file", .help = "The plan, relative to the checkout" },
	{ .name = "missing", .help = "Places that a person must fill, one a "
	    "line" },
	{ .name = "differs", .help = "Places where a plan that was there "
	    "says something else, one a line" },
	{ 0 }
};

/* ---- what the inputs say ---- */

static void
add_hosts(struct draft *d)
{
	struct pool *p = step_common()->pool;
	struct hosts h = { 0 };
	struct err none;

	if (in.hosts == NULL || !hosts_find(p, in.hosts, &h, &none))
		return;
	for (size_t i = 0; i < h.n; i++)
		draft_set(d, pool_printf(p, "hosts.%s", *h.v[i].kind != '\0'
		    ? h.v[i].kind : pool_printf(p, "host-%zu", i + 1)),
		    h.v[i].name, NULL);
}

static void
add_given(struct draft *d)
{
	struct pool *p = step_common()->pool;
	const char *name = step_common()->instance;
	const struct {
		const char *place, *value;
	} given[] = {
		{ "instance", name },
		{ "old.address", in.old_address },
		{ "old.repository", oldconfig_repository() },
		{ "old.ref", oldconfig_ref() },
		{ "old.path", oldconfig_path() },
		{ "new.namespace", in.new_space != NULL ? in.new_space
		    : name },
		{ "new.address", in.new_address },
		{ "new.kube.server", in.new_server },
		{ "argocd.server", in.argocd },
		{ "argocd.application", in.application != NULL
		    ? in.application : pool_printf(p, "%s-production", name) },
		{ "dns.provider", in.dns_provider },
		{ "dns.server", in.dns_server }, { "dns.zone", in.zone },
		{ "dns.low-ttl", pool_printf(p, "%ld", in.low) },
		{ "dns.high-ttl", pool_printf(p, "%ld", in.high) },
		{ "dns.resolvers", in.resolvers },
		{ "mysql.admin", in.mysql_admin },
		{ "mongodb.admin", in.mongodb_admin },
		{ "mysql.provider", in.mysql_provider },
		{ "mysql.cluster-id", in.mysql_id },
		{ "mysql.security-group", in.mysql_group },
		{ "mongodb.provider", in.mongodb_provider },
		{ "mongodb.cluster-id", in.mongodb_id },
		{ "mongodb.project", in.project },
		{ "mongodb.cluster", in.mongodb_cluster },
		{ "mongodb.security-group", in.mongodb_group },
		{ "storage.endpoint", in.endpoint },
		{ "storage.region", in.region },
		{ "storage.buckets", in.buckets },
		{ "backup.to", in.backup_to },
		{ "backup.stores", in.backup_stores },
		{ "old-running", "true" },
	};

	for (size_t i = 0; i < sizeof given / sizeof *given; i++)
		draft_set(d, given[i].place, given[i].value, NULL);
	add_hosts(d);
}

/* ---- what can be found out ---- */

static void
ask_cluster(struct draft *d)
{
	struct err e;
	struct kube *k;

	if (!cluster_given(CLUSTER_OLD)) {
		log_notice("no login for the old cluster was given: what runs "
		    "there is not looked at");
		return;
	}
	k = cluster_open(CLUSTER_OLD, &e);
	if (k == NULL) {
		log_warn("the old cluster could not be asked: %s", e.text);
		return;
	}
	draft_set(d, "old.namespace", cluster_space(CLUSTER_OLD), NULL);
	draft_set(d, "old.kube.server", kube_server(k), NULL);
	discover_cluster(d, k);
	kube_close(k);
}

static void
read_config(struct draft *d)
{
	struct yaml *old;
	struct err e;

	if (oldconfig_repository() == NULL || oldconfig_path() == NULL) {
		log_notice("old-repository and old-path were not given: the "
		    "old config.yml is not looked at");
		return;
	}
	old = oldconfig_find(&e);
	if (old != NULL)
		discover_config(d, old);
	else
		log_warn("the old config.yml could not be read: %s", e.text);
	yaml_close(old);
}

/* ---- the plan ---- */

/* What a plan that is there says otherwise. */
static void
tell_difference(const struct draft *d)
{
	struct buf list = buf_new(LIST_MAX);
	const char *place, *found, *planned;

	for (int i = 0; (place = draft_place(d, i)) != NULL; i++) {
		found = draft_get(d, place);
		planned = step_plan_value(place);
		if (found == NULL || text_same(planned, found))
			continue;
		log_warn("%s: the plan has %s, found was %s", place,
		    text_empty(planned) ? "nothing" : planned, found);
		buf_printf(&list, "%s\n", place);
	}
	step_output("differs", "%s", buf_str(&list));
	buf_free(&list);
}

/* Nothing that is masked may stand in it, whatever way it came there. */
static bool
check_no_secret(const struct buf *text, struct err *e)
{
	struct buf shown = buf_new(PLAN_MAX * 2);
	bool same;

	log_redact(&shown, buf_str(text), text->len);
	same = text_same(buf_str(&shown), buf_str(text));
	buf_free(&shown);
	return same || err_set(e, ERR_HAND, "a secret of the old side stands "
	    "where an address or a name should: no plan is written");
}

/* Editors find the schema beside the plans; this program's is the one that
 * its steps go by. */
static bool
ensure_schema(struct err *e)
{
	static const char file[] = "migrations/plan.schema.json";
	const struct step_common *c = step_common();
	const char *path = pool_printf(c->pool, "%s/%s", c->workspace, file);
	const char *schema = step_plan_schema();
	struct buf was = buf_new(PLAN_MAX * 2);
	struct err none;
	bool ok = true;

	if (file_read(path, &was, &none)
	    && text_same(buf_str(&was), schema)) {
		step_same(file, "this version's");
	} else {
		step_change(file, NULL, "written");
		ok = c->dry_run || file_replace(path, schema, strlen(schema),
		    0644, e);
	}
	buf_free(&was);
	return ok;
}

static bool
ensure_plan(const struct draft *d, const char *file, struct err *e)
{
	struct buf text = buf_new(PLAN_MAX), missing = buf_new(LIST_MAX);
	const struct step_common *c = step_common();
	const char *path = pool_printf(c->pool, "%s/%s", c->workspace, file);
	bool ok;

	buf_puts(&text, "# yaml-language-server: "
	    "$schema=../plan.schema.json\n");
	ok = draft_write(d, &text, &missing, e) && check_no_secret(&text, e);

	if (ok && missing.len > 0)
		log_notice("To be filled in by hand:\n%s", buf_str(&missing));
	if (ok) {
		step_output("missing", "%s", buf_str(&missing));
		step_summary("\n```yaml\n%s```\n", buf_str(&text));
		step_change(file, NULL, "written");
	}
	if (ok && c->dry_run)
		log_info("%s", buf_str(&text));
	else if (ok)
		ok = file_ensure_dir(pool_strndup(c->pool, path,
		    (size_t)(strrchr(path, '/') - path)), e)
		    && file_replace(path, buf_str(&text), text.len, 0644, e);
	ok = ok && ensure_schema(e);
	buf_free(&text);
	buf_free(&missing);
	return ok;
}

static bool
run(struct err *e)
{
	const struct step_common *c = step_common();
	const char *file = pool_printf(c->pool, "migrations/%s/plan.yml",
	    c->instance);
	struct draft *d = draft_new(c->pool);

	add_given(d);
	ask_cluster(d);
	read_config(d);
	discover_dns(d, in.new_host);
	discover_workflows(d);
	step_output("file", "%s", file);
	if (c->plan == NULL)
		return ensure_plan(d, file, e);
	tell_difference(d);
	step_same(c->plan, "is there, and stays as it is");
	return true;
}

const struct step step_init_plan = {
	.name = "init-plan",
	.about = "Write the plan of a migration from what can be found out",
	.icon = "edit-3",
	.uses = STEP_CHANGES | STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
