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

	{ "dns-delegation", check_dns_delegation, NEED_AUTHORITY, ALWAYS, 0,
	  { 0 },
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
	{ "studio-redirect", check_studio_redirect, NEED_STUDIO, MADE, DEPLOYS,
	  { "heartbeat-new" },
	  "correct LMS_HOST in config.yml, render and deploy" },
	{ "mfe-config", check_mfe_config, NEED_MFE_CONFIG, MADE, DEPLOYS,
	  { "heartbeat-new" },
	  "correct the hosts in config.yml, render and deploy; see the "
	  "site configuration in Django's admin" },

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
