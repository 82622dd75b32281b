/*
 * checks - which check is asked when, what it builds upon, and what to do
 * where it is not good; see judge.h. A row stands below what it needs.
 */
#include <assert.h>
#include <stddef.h>

#include "base/text.h"
#include "verify/facts.h"
#include "verify/judge.h"

enum {
	/* The old side is the visitors', alone or beside the new one. */
	OLD_LIVES = BEFORE(PHASE_CONFIGURE) | CONFIGURED | CONNECTED,
	/* These phases deploy the new side anew. */
	DEPLOYS = BEFORE(PHASE_CONNECT) | BEFORE(PHASE_SWITCH),
};

const struct check checks[] = {
	{ "created", check_created, 0, MADE, 0, { 0 },
	  "run phase configure, which creates it" },

	{ "dns-delegation", check_dns_delegation,
	  NEED_AUTHORITY | NEED_SERVERS, ALWAYS, 0, { 0 },
	  "ask whoever serves the zone to mend the name servers named, or "
	  "have the registrar delegate to those that know it" },
	{ "dns-chain", check_dns_chain, NEED_AUTHORITY, ALWAYS, 0, { 0 },
	  "let the CNAME lead to a name that has an address" },
	{ "dns-authorities", check_dns_authorities, NEED_AUTHORITY, ALWAYS, 0,
	  { "dns-chain" },
	  "correct the records at the DNS company; a server that is behind "
	  "follows within its refresh time" },
	{ "dns-resolvers", check_dns_resolvers, NEED_RESOLVER, ALWAYS, 0,
	  { 0 },
	  "wait as long as the TTL of the answer; then ask the resolver's "
	  "operator" },
	{ "dns-ttl", check_dns_ttl, NEED_AUTHORITY,
	  MADE & ~BEFORE(PHASE_SETTLE), 0, { 0 },
	  "run set-dns-ttl" },

	{ "dns-serials", check_dns_serials, NEED_AUTHORITY | NEED_SERIALS,
	  ALWAYS, 0, { 0 },
	  "wait as long as the zone's refresh time, or have the primary "
	  "notify the others" },
	{ "dns-wildcard", check_dns_wildcard, NEED_AUTHORITY | NEED_WILDCARD,
	  CONFIGURED | CONNECTED | SWITCHED, 0, { 0 },
	  "give the host a record of its own: a change of it would change "
	  "nothing, or too much" },
	{ "dns-caa", check_dns_caa, NEED_CAA,
	  ALWAYS & ~BEFORE(PHASE_CONFIGURE), 0, { 0 },
	  "add a CAA record `0 issue` with the issuer's name beside those "
	  "that are there" },

	{ "answers-old", check_answers_old, NEED_OLD, OLD_LIVES,
	  BEFORE(PHASE_SWITCH), { 0 },
	  "look at the old ingress and its load balancer" },
	{ "certificate-old", check_certificate_old, NEED_OLD,
	  OLD_LIVES & ~BEFORE(PHASE_SWITCH), 0, { "answers-old" },
	  "renew it on the old side; visitors see a warning now" },
	{ "heartbeat-old", check_heartbeat_old, NEED_OLD, OLD_LIVES,
	  BEFORE(PHASE_SWITCH), { "answers-old" },
	  "look at the old side's pods and databases before going on" },

	{ "answers-new", check_answers_new, NEED_NEW, MADE, DEPLOYS, { 0 },
	  "look at the new ingress, its load balancer and new.address in "
	  "the plan" },
	{ "certificate-new", check_certificate_new, NEED_NEW, MADE, DEPLOYS,
	  { "answers-new" },
	  "look at the namespace's Certificates and Orders; an order can "
	  "end only once DNS leads there" },
	{ "heartbeat-new", check_heartbeat_new, NEED_NEW, MADE, DEPLOYS,
	  { "answers-new" },
	  "look at the pods' logs; run probe-data for the databases" },
	{ "certificate-issuer", check_issuer, NEED_NEW, SWITCHED | SETTLED,
	  0, { "certificate-new" },
	  "see which Issuer the namespace's Certificate names" },
	{ "heartbeat-extended", check_heartbeat_extended, NEED_EXTENDED,
	  MADE, DEPLOYS, { "heartbeat-new" },
	  "look at the workers' logs, and at Redis" },
	{ "search", check_search, NEED_NEW, MADE, DEPLOYS,
	  { "answers-new" },
	  "look at Meilisearch's pod and its volume" },
	{ "wrong-host", check_wrong_host, NEED_STRANGER, MADE, DEPLOYS,
	  { "answers-new" },
	  "take the ingress rule without host out: whoever asks for any "
	  "name is served" },
	{ "static-asset", check_static_asset, NEED_HOME, MADE, DEPLOYS,
	  { "heartbeat-new" },
	  "build the images again, with the theme's files" },
	{ "mixed-content", check_mixed_content, NEED_HOME, MADE, DEPLOYS,
	  { "heartbeat-new" },
	  "look for links with http:// in the theme and in ENABLE_HTTPS" },
	{ "hsts", check_hsts, NEED_NEW, SWITCHED | SETTLED, 0,
	  { "certificate-new", "answers-new" },
	  "send Strict-Transport-Security as the old side did" },
	{ "courses", check_courses, NEED_COURSES, CONNECTED,
	  BEFORE(PHASE_SWITCH), { "heartbeat-old", "heartbeat-new" },
	  "compare the settings of both sides: databases, and the site's "
	  "filter of organisations" },
	{ "studio-redirect", check_studio_redirect, NEED_STUDIO, MADE, DEPLOYS,
	  { "heartbeat-new" },
	  "correct LMS_HOST in config.yml, render and deploy" },
	{ "mfe-config", check_mfe_config, NEED_MFE_CONFIG, MADE, DEPLOYS,
	  { "heartbeat-new" },
	  "correct the hosts in config.yml, render and deploy; see the "
	  "site configuration in Django's admin" },

	{ "site", check_site, 0, CONNECTED, BEFORE(PHASE_SWITCH),
	  { "mfe-config" },
	  "leave the site's rows in the database as they are" },
	{ "sso", check_sso, NEED_SAML, CONNECTED | SWITCHED | SETTLED,
	  BEFORE(PHASE_SWITCH), { "heartbeat-new" },
	  "compare the settings of both sides: SAML; leave the provider's "
	  "rows in the database as they are" },
	{ "lti", check_lti, 0, CONNECTED, BEFORE(PHASE_SWITCH),
	  { "heartbeat-new" },
	  "leave the consumers' rows in the database as they are" },
	{ "snapshot", check_snapshot, NEED_HOME | NEED_MFE_CONFIG,
	  CONNECTED | SWITCHED | SETTLED, BEFORE(PHASE_SWITCH),
	  { "heartbeat-new" },
	  "see what differs; if it is meant to, run snapshot-instance "
	  "again while the old side is well" },

	{ "application", check_application, NEED_LIVE, MADE, DEPLOYS, { 0 },
	  "look at the Application's resources in Argo CD" },
	{ "synced", check_synced, NEED_LIVE, MADE & ~DEPLOYS, 0,
	  { "application" },
	  "run deploy-app" },
	{ "hosts", check_hosts, 0, MADE, BEFORE(PHASE_SWITCH), { "created" },
	  "run set-config with mode hosts, or mend the plan's hosts" },
	{ "init-jobs", check_init_jobs, 0, MADE, 0, { "created" },
	  "set DRYDOCK_INIT_JOBS to false and render" },
	{ "autosync", check_autosync, NEED_LIVE, MADE, BEFORE(PHASE_SETTLE),
	  { "created" },
	  "run set-autosync" },
	{ "data", check_data, 0, CONNECTED | SWITCHED | SETTLED, 0,
	  { "created" },
	  "run point-at-data, commit, render and deploy" },
	{ "settings", check_settings, 0, CONNECTED | SWITCHED, 0, { "data" },
	  "see the summary of compare-settings, which explains each" },
	{ "firewall", check_firewall, NEED_DOORS, CONNECTED | SWITCHED
	  | SETTLED, 0, { 0 },
	  "run allow-db-access for the cluster; if somebody's tool keeps "
	  "the list, add it there" },
	{ "workloads", check_workloads, NEED_WORKLOADS, MADE, DEPLOYS, { 0 },
	  "look at the pods named, and at their events" },
	{ "old-unchanged", check_old_unchanged, NEED_OLD_WORKLOADS,
	  CONNECTED | SWITCHED, 0, { 0 },
	  "freeze the old side's pipelines, and put back what they changed" },
	{ "mysql-grants", check_mysql_grants, NEED_MYSQL, RESTRICTED, 0,
	  { "data" },
	  "run restrict-mysql" },
	{ "mongodb-roles", check_mongodb_roles, NEED_MONGO, RESTRICTED, 0,
	  { "data" },
	  "run restrict-mongodb" },
	{ 0 }
};

int
check_row_named(const char *name)
{
	int i = 0;

	while (checks[i].name != NULL && !text_same(checks[i].name, name))
		i++;
	assert(name == NULL || checks[i].name != NULL);
	return i;
}
