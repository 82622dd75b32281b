/*
 * generation - see generation.h.
 */
#include "site/generation.h"

#include <string.h>

#include "api/kube.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

enum { STATE_MAX = 400 };

/* edx-platform's lms.envs.production and cms.envs.production */
const char *const generation_database[] = { "ENGINE", "HOST", "NAME",
    "PASSWORD", "PORT", "USER", NULL };
static const char *const variables[] = { "DB_MIGRATION_ENGINE",
    "DB_MIGRATION_HOST", "DB_MIGRATION_NAME", "DB_MIGRATION_PASS",
    "DB_MIGRATION_PORT", "DB_MIGRATION_USER" };

/* What the deeds below share. */
struct look {
	struct kube *kube;
	struct generation *g;
	struct buf *problems;
};

/* One volume of a Deployment or pod; all that have it must name the same
 * map. */
static bool
agree(const struct json *object, const char *kind, const char *volume,
    const char **map, struct err *e)
{
	const char *this = kube_mounted_configmap(object, volume);

	if (this == NULL)
		return true;
	if (*map != NULL && strcmp(*map, this) != 0)
		return err_set(e, ERR_HAND, "%s %s mounts ConfigMap %s, "
		    "another one %s: a rollout is half-way; finish it or take "
		    "it back", kind, json_str(object, "metadata.name"), this,
		    *map);
	*map = this;
	return true;
}

static bool
agree_on_all(struct generation *g, const struct json *object,
    const char *kind, struct err *e)
{
	return agree(object, kind, "config", &g->config, e)
	    && agree(object, kind, "settings-lms", &g->lms, e)
	    && agree(object, kind, "settings-cms", &g->cms, e);
}

/* Does the pod serve, and go on doing so? */
static bool
is_serving(const struct json *pod)
{
	const struct json *c = json_first(json_at(pod, "status.conditions"));

	if (!json_is_null(pod, "metadata.deletionTimestamp"))
		return false;
	while (c != NULL && !text_same(json_str(c, "type"), "Ready"))
		c = json_next(c);
	return text_same(json_str(c, "status"), "True");
}

/*
 * While a rollout is under way, or stuck, the Deployment says what shall run
 * and the pods what does. None serves: nothing speaks against it.
 */
static bool
look_at_pods(struct look *s, const struct json *deployment, const char *name,
    struct err *e)
{
	struct buf selector = buf_new(STATE_MAX);
	const struct json *pods;
	int n = 0;

	buf_printf(&selector, "app.kubernetes.io/name=%s", name);
	pods = kube_find_pods(s->kube, buf_str(&selector), e);
	buf_free(&selector);
	if (pods == NULL)
		return err_within(e, "Deployment %s is half-way through a "
		    "rollout, and its pods can't be looked at", name);
	for (const struct json *p = json_first(pods); p != NULL;
	    p = json_next(p)) {
		if (!is_serving(p))
			continue;
		n++;
		if (!agree_on_all(s->g, p, "Pod", e))
			return false;
	}
	return n > 0 || agree_on_all(s->g, deployment, "Deployment", e);
}

/* Where the platform takes its databases' entries from, if not from the
 * settings. Workers must have what their server has. */
static void
look_at_databases(struct look *s, const struct json *deployment,
    const char *name)
{
	const char **known = name[0] == 'l' ? s->g->lms_database
	    : s->g->cms_database;
	bool worker = strstr(name, "-worker") != NULL;

	for (size_t i = 0; i < GENERATION_DATABASE; i++) {
		bool set = kube_sets_env(deployment, "", variables[i]);
		const char *value = kube_env(deployment, "", variables[i]);

		if (strcmp(generation_database[i], "PASSWORD") == 0)
			log_mask(value);
		if (set && (value == NULL || kube_is_rolling(deployment)))
			buf_printf(s->problems, "DATABASES: the Deployment "
			    "%s sets %s%s, which replaces the setting\n",
			    name, variables[i], value == NULL ?
			    " from elsewhere" : " in the middle of a rollout");
		else if (worker && !text_same(known[i], value))
			buf_printf(s->problems, "DATABASES: the Deployment "
			    "%s has another %s than %.3s\n", name,
			    variables[i], name);
		else if (!worker)
			known[i] = value;
	}
}

static bool
look_at(struct look *s, const char *name, bool needed, struct err *e)
{
	struct err why = { 0 };
	const struct json *d = kube_find_deployment(s->kube, name, &why);
	struct buf state = buf_new(STATE_MAX);
	bool ok;

	if (d == NULL) {
		if (why.kind == ERR_NOT_FOUND && !needed)
			return true;
		*e = why;
		return false;
	}
	if (!kube_is_ready(d, &state))
		log_warn("Deployment %s is not ready: %s", name,
		    buf_str(&state));
	buf_free(&state);
	look_at_databases(s, d, name);
	ok = kube_is_rolling(d) ? look_at_pods(s, d, name, e)
	    : agree_on_all(s->g, d, "Deployment", e);
	if (s->g->tutor == NULL)
		s->g->tutor = json_str(json_get(json_at(d,
		    "metadata.annotations"), "app.kubernetes.io/version"),
		    "");
	return ok;
}

/* A forum that is a program of its own: its database is nowhere but in its
 * environment. */
static bool
look_at_forum(struct look *s, struct err *e)
{
	struct err why = { 0 };
	const struct json *d = kube_find_deployment(s->kube, "forum", &why);

	if (d == NULL && why.kind != ERR_NOT_FOUND) {
		*e = why;
		return false;
	}
	if (d != NULL)
		s->g->forum_database = kube_env(d, "forum",
		    "MONGODB_DATABASE");
	if (d != NULL && s->g->forum_database == NULL
	    && kube_sets_env(d, "forum", "MONGODB_DATABASE"))
		buf_puts(s->problems, "FORUM_MONGODB_DATABASE: the Deployment "
		    "forum takes MONGODB_DATABASE from elsewhere\n");
	return true;
}

bool
generation_find(struct kube *k, struct generation *g, struct buf *problems,
    struct err *e)
{
	struct look s = { k, g, problems };

	*g = (struct generation){ 0 };
	if (!look_at(&s, "lms", true, e) || !look_at(&s, "cms", true, e)
	    || !look_at(&s, "lms-worker", false, e)
	    || !look_at(&s, "cms-worker", false, e) || !look_at_forum(&s, e))
		return false;
	if (g->config == NULL || g->lms == NULL || g->cms == NULL)
		return err_set(e, ERR_HAND, "the Deployments mount no "
		    "ConfigMap as config, settings-lms or settings-cms: not "
		    "an instance that Tutor made");
	log_info("Running: %s, %s, %s", g->config, g->lms, g->cms);
	return true;
}

/* The name without kustomize's hash. */
static size_t
stem(const char *name)
{
	const char *hash = strrchr(name, '-');

	return hash != NULL ? (size_t)(hash - name) : strlen(name);
}

/* A generation that was made but never rolled out: somebody should know. */
static void
warn_of_newer(const struct json *all, const char *running)
{
	const char *made = NULL;

	for (int i = 0; i < json_len(all); i++)
		if (text_same(json_str(json_item(all, i), "metadata.name"),
		    running))
			made = json_str(json_item(all, i),
			    "metadata.creationTimestamp");
	for (int i = 0; made != NULL && i < json_len(all); i++) {
		const struct json *one = json_item(all, i);
		const char *name = json_str(one, "metadata.name");
		const char *when = json_str(one,
		    "metadata.creationTimestamp");

		if (name != NULL && when != NULL && strcmp(when, made) > 0
		    && stem(name) == stem(running)
		    && strncmp(name, running, stem(name)) == 0)
			log_warn("ConfigMap %s (%s) is newer than %s (%s), "
			    "which runs; the running one is read", name,
			    when, running, made);
	}
}

void
generation_warn_of_newer(struct kube *k, const struct generation *g)
{
	struct err why = { 0 };
	const struct json *all = kube_find_configmaps(k, NULL, &why);

	if (all == NULL) {
		log_warn("whether newer ConfigMaps exist is not known: %s",
		    why.text);
		return;
	}
	warn_of_newer(all, g->config);
	warn_of_newer(all, g->lms);
	warn_of_newer(all, g->cms);
}
