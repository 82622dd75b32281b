/*
 * The knobs and counters of the world double. All under the world's lock.
 */
#include "world_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "world_json.h"
#include "world_text.h"

static const struct {
	const char *name, *dflt, *about;
} table[] = {
	{ "github.login", "github-actions[bot]", "who the token is" },
	{ "github.permissions", "actions:write contents:write "
	    "deployments:read environments:read metadata:read",
	    "what the token may; what is missing answers 403" },
	{ "github.remaining", "5000", "requests left; 0 answers 403" },
	{ "github.secondary", "", "429 with this Retry-After" },
	{ "github.details", "1", "0: dispatch answers 204 only, as GHES" },
	{ "github.lag", "0.4", "seconds until a run shows in lists" },
	{ "github.disabled", "", "workflow files that are disabled" },
	{ "run.queue", "0.3", "seconds that a run stays queued" },
	{ "run.seconds", "1.2", "seconds that a run takes at least" },
	{ "run.fail", "", "workflow files whose runs fail" },
	{ "run.conclusion", "failure", "what such a run ends with" },
	{ "run.nocommit", "", "workflow files that succeed in vain" },
	{ "run.hold", "", "workflow files whose runs stay queued" },
	{ "argocd.version", "3.2.6", "below 3.1.0 `enabled` is pruned" },
	{ "argocd.permissions", "get sync update override action",
	    "what the token may on applications" },
	{ "argocd.poll", "1", "seconds between looks at the branch" },
	{ "argocd.reconcile", "0.3", "seconds from sync end to reconcile" },
	{ "argocd.window", "", "1: a sync window forbids syncs" },
	{ "health", "", "health of applications, instead of the true" },
	{ "sync.fail", "", "message with which syncs fail" },
	{ "sync.seconds", "0.3", "seconds that a sync takes at least" },
	{ "sync.hold", "", "1: a sync runs until it is set back" },
	{ "rollout.seconds", "1.5", "seconds until a new pod is ready" },
	{ "pods.waiting", "", "reason why new pods never get ready" },
	{ "migrations.unapplied", "", "what manage.py says the database lacks:"
	    " words such as lms:course_modes.0016_x (no side: both), or one "
	    "of silent, broken, noisy" },
	{ "logs.errors", "0", "error entries in the log of each pod" },
	{ "kube-old.html", "", "1: the old cluster answers HTML 502" },
	{ "kube-new.html", "", "1: the new cluster answers HTML 502" },
	{ "kube.deny", "", "\"verb resource\" refused by RBAC, such as "
	    "\"list configmaps\"" },
	{ "kube.evaluate", "", "1: the steps may list pods and run commands "
	    "in the old cluster" },
	{ "digitalocean.scopes", "kubernetes:access_cluster database:read "
	    "database:create database:update database:delete "
	    "database:view_credentials domain:read domain:create "
	    "domain:update domain:delete",
	    "what the token may; what is missing answers 403" },
	{ "digitalocean.limited", "0", "so many requests answer 429" },
	{ "digitalocean.rivals", "0", "so many writes of a database's trusted "
	    "sources are lost to somebody else's" },
	{ "digitalocean.ghosts", "0", "so often is the name of a deleted user "
	    "still taken" },
	{ "digitalocean.late", "", "1: which comes after the next look" },
	{ "atlas.seconds", "0.5", "until a change is in force" },
	{ "atlas.token", "3600", "seconds that an account's token is good" },
	{ "atlas.owner", "1", "0: the login may change nothing" },
	{ "atlas.elsewhere", "", "1: the login is for other addresses" },
	{ "atlas.limited", "0", "so many requests answer 429" },
	{ "atlas.busy", "0", "so many changes answer 409, for another one" },
	{ "atlas.fail", "", "1: entries of the access list get FAILED" },
	{ "dns.fail_at", "0", "number of the DNS request that fails" },
	{ "dns.fail_how", "before", "by 500; refused: by 403; after: it was "
	    "carried out; stall: it was, and the reply comes late" },
	{ "dns.stall", "5", "seconds of that" },
	{ "cloudflare.rights", "zone:read dns:edit", "what the token may" },
	{ "cloudflare.plan", "free", "or enterprise" },
	{ "cloudflare.zones", "1", "zones of the name, each active" },
	{ "cloudflare.limited", "0", "so many requests answer 429" },
	{ "route53.actions", "ListHostedZonesByName GetHostedZone "
	    "ListResourceRecordSets ChangeResourceRecordSets GetChange",
	    "what the key may" },
	{ "route53.zones", "1", "public zones of the name" },
	{ "route53.page", "300", "most items of a page" },
	{ "route53.seconds", "0", "until a change is INSYNC" },
	{ "route53.limited", "0", "so many requests are throttled" },
	{ "route53.rival", "", "1: before a batch somebody else changes what "
	    "it deletes" },
	{ "kube.expire", "", "1: every continue token is expired" },
};

enum { KNOBS = sizeof(table) / sizeof(table[0]) };

static char *values[KNOBS];
static cJSON *counters;

static int
find(const char *name)
{
	for (int i = 0; i < KNOBS; i++) {
		if (strcmp(table[i].name, name) == 0)
			return i;
	}
	return -1;
}

const char *
knob(const char *name)
{
	int i = find(name);

	if (i < 0) {
		(void)fprintf(stderr, "world: no knob %s\n", name);
		abort();
	}
	return values[i] != NULL ? values[i] : table[i].dflt;
}

double
knob_num(const char *name)
{
	return strtod(knob(name), NULL);
}

bool
knob_on(const char *name)
{
	const char *v = knob(name);

	return !word_in(v, "0 false") && v[0] != '\0';
}

bool
knob_set(const char *name, const char *value)
{
	int i = find(name);

	if (i < 0)
		return false;
	free(values[i]);
	values[i] = text_copy(value);
	return true;
}

void
knobs_reset(void)
{
	for (int i = 0; i < KNOBS; i++) {
		free(values[i]);
		values[i] = NULL;
	}
}

cJSON *
knobs_tree(void)
{
	cJSON *all = cJSON_CreateObject();

	for (int i = 0; i < KNOBS; i++) {
		cJSON *one = cJSON_AddObjectToObject(all, table[i].name);

		json_puts(one, "value", knob(table[i].name));
		json_puts(one, "default", table[i].dflt);
		json_puts(one, "about", table[i].about);
	}
	return all;
}

void
count(const char *name)
{
	if (counters == NULL)
		counters = cJSON_CreateObject();
	json_putn(counters, name, json_num(counters, name, 0) + 1);
}

void
counters_reset(void)
{
	cJSON_Delete(counters);
	counters = NULL;
}

cJSON *
counters_tree(void)
{
	/* Those that a test looks at even if nothing was counted yet. */
	static const char *const always[] = { "github.writes",
	    "argocd.writes", "kube-old.writes", "kube-new.writes",
	    "initjobs", "syncs", "dispatches" };
	cJSON *all = counters != NULL ? cJSON_Duplicate(counters, true) :
	    cJSON_CreateObject();

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		if (cJSON_GetObjectItemCaseSensitive(all, always[i]) == NULL)
			(void)cJSON_AddNumberToObject(all, always[i], 0);
	}
	return all;
}
