/*
 * The objects of the Kubernetes doubles.
 */
#include "kube.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cjson/cJSON.h>

#include "world_json.h"
#include "world_text.h"

const struct kind kube_kinds[] = {
	{ "namespaces", "Namespace", "", "v1", false },
	{ "configmaps", "ConfigMap", "", "v1", true },
	{ "secrets", "Secret", "", "v1", true },
	{ "services", "Service", "", "v1", true },
	{ "pods", "Pod", "", "v1", true },
	{ "events", "Event", "", "v1", true },
	{ "persistentvolumeclaims", "PersistentVolumeClaim", "", "v1",
	    true },
	{ "deployments", "Deployment", "apps", "v1", true },
	{ "replicasets", "ReplicaSet", "apps", "v1", true },
	{ "jobs", "Job", "batch", "v1", true },
	{ "cronjobs", "CronJob", "batch", "v1", true },
	{ "ingresses", "Ingress", "networking.k8s.io", "v1", true },
	{ NULL, NULL, NULL, NULL, false }
};

const struct kind *
kube_kind(const char *plural)
{
	for (const struct kind *k = kube_kinds; k->plural != NULL; k++) {
		if (strcmp(k->plural, plural) == 0)
			return k;
	}
	return NULL;
}

const struct kind *
kube_kind_of(const char *kind)
{
	for (const struct kind *k = kube_kinds; k->plural != NULL; k++) {
		if (strcmp(k->kind, kind) == 0)
			return k;
	}
	return NULL;
}

cJSON *
kube_all(struct cluster *c, const char *plural)
{
	cJSON *all = cJSON_GetObjectItemCaseSensitive(c->objects, plural);

	return all != NULL ? all : cJSON_AddArrayToObject(c->objects, plural);
}

static bool
same(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

cJSON *
kube_find(struct cluster *c, const char *plural, const char *ns,
    const char *name)
{
	cJSON *o;

	cJSON_ArrayForEach(o, kube_all(c, plural)) {
		if (same(json_str(o, "metadata/name"), name)
		    && same(json_str(o, "metadata/namespace"), ns))
			return o;
	}
	return NULL;
}

static char *
random_uid(void)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		abort();
	return text_make("%02x%02x%02x%02x-%02x%02x-4%01x%02x-9%01x%02x-"
	    "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
	    b[6] & 15u, b[7], b[8] & 15u, b[9], b[10], b[11], b[12], b[13],
	    b[14], b[15]);
}

static void
new_version(struct cluster *c, cJSON *o)
{
	char *s;

	c->version += 1;
	s = text_make("%.0f", c->version);
	json_puts(o, "metadata/resourceVersion", s);
	free(s);
}

static bool
has_generation(const cJSON *o)
{
	return json_at(o, "spec") != NULL
	    && !same(json_str(o, "kind"), "Pod");
}

/*
 * Lists are in the order of names, as etcd's keys are. Appending and moving
 * the later ones behind: the cJSON_InsertItemInArray of some distributions
 * (1.7.15 with its security patches) refuses every place but the first.
 */
static void
insert_sorted(cJSON *all, cJSON *o)
{
	const char *name = json_str(o, "metadata/name");
	cJSON *at, *next;
	int n = cJSON_GetArraySize(all);

	(void)cJSON_AddItemToArray(all, o);
	for (at = all->child; n > 0; at = next, n--) {
		next = at->next;
		if (strcmp(json_str(at, "metadata/name"), name) > 0)
			(void)cJSON_AddItemToArray(all,
			    cJSON_DetachItemViaPointer(all, at));
	}
}

cJSON *
kube_add(struct cluster *c, const struct kind *k, cJSON *o)
{
	char *uid = random_uid(), *when = time_rfc3339(now());
	char *api = text_make("%s%s%s", k->group,
	    k->group[0] != '\0' ? "/" : "", k->version);

	json_puts(o, "kind", k->kind);
	json_puts(o, "apiVersion", api);
	json_puts(o, "metadata/uid", uid);
	if (json_at(o, "metadata/creationTimestamp") == NULL)
		json_puts(o, "metadata/creationTimestamp", when);
	if (has_generation(o))
		json_putn(o, "metadata/generation", 1);
	if (strcmp(k->plural, "deployments") == 0
	    && json_at(o, "spec/replicas") == NULL)
		json_putn(o, "spec/replicas", 1);
	if (strcmp(k->plural, "namespaces") == 0)
		json_puts(o, "status/phase", "Active");
	new_version(c, o);
	insert_sorted(kube_all(c, k->plural), o);
	free(uid);
	free(when);
	free(api);
	return o;
}

void
kube_touch(struct cluster *c, cJSON *o, bool spec)
{
	if (spec && has_generation(o))
		json_putn(o, "metadata/generation",
		    json_num(o, "metadata/generation", 0) + 1);
	new_version(c, o);
}

void
kube_remove(struct cluster *c, const struct kind *k, cJSON *o)
{
	c->version += 1;
	cJSON_Delete(cJSON_DetachItemViaPointer(kube_all(c, k->plural), o));
}

static cJSON *
live_of(struct cluster *c, const struct kind *k, const cJSON *manifest)
{
	return kube_find(c, k->plural, json_str(manifest,
	    "metadata/namespace"), json_str(manifest, "metadata/name"));
}

bool
kube_holds(struct cluster *c, const cJSON *manifest)
{
	const struct kind *k = kube_kind_of(json_str(manifest, "kind"));
	const cJSON *live = k != NULL ? live_of(c, k, manifest) : NULL;

	return live != NULL && json_covers(live, manifest);
}

char *
kube_refusal(const cJSON *manifest)
{
	const cJSON *one;

	if (strcmp(json_str(manifest, "kind"), "ConfigMap") != 0)
		return NULL;
	cJSON_ArrayForEach(one, json_at(manifest, "data")) {
		const char *key = one->string;

		if (strpbrk(key, "/ :") != NULL)
			return text_make("ConfigMap \"%s\" is invalid: "
			    "data[%s]: Invalid value: \"%s\": a valid config "
			    "key must consist of alphanumeric characters, "
			    "'-', '_' or '.' (e.g. 'key.name',  or "
			    "'KEY_NAME',  or 'key-name', regex used for "
			    "validation is '[-._a-zA-Z0-9]+')",
			    json_str(manifest, "metadata/name"), key, key);
	}
	return NULL;
}

bool
kube_apply(struct cluster *c, const cJSON *manifest)
{
	const struct kind *k = kube_kind_of(json_str(manifest, "kind"));
	cJSON *live, *spec;
	bool new_spec;

	if (k == NULL)
		return false;
	live = live_of(c, k, manifest);
	if (live == NULL) {
		(void)kube_add(c, k, cJSON_Duplicate(manifest, true));
		return true;
	}
	if (json_covers(live, manifest))
		return false;
	spec = json_at(manifest, "spec");
	new_spec = spec != NULL
	    && !json_covers(json_at(live, "spec"), spec);
	if (new_spec)
		json_put(live, "spec", cJSON_Duplicate(spec, true));
	if (json_at(live, "spec/template") != NULL
	    && json_at(live, "spec/replicas") == NULL)
		json_putn(live, "spec/replicas", 1);
	if (json_at(manifest, "data") != NULL)
		json_put(live, "data", cJSON_Duplicate(json_at(manifest,
		    "data"), true));
	json_merge(json_at(live, "metadata"), json_at(manifest, "metadata"));
	kube_touch(c, live, new_spec);
	return true;
}
