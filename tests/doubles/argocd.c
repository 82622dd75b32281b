/*
 * The Argo CD double's REST API: routes, checks, refusals.
 */
#include "argocd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "argocd_in.h"
#include "kube.h"
#include "world_http.h"
#include "world_json.h"
#include "world_set.h"
#include "world_text.h"

/* gRPC's codes, and the HTTP status that the gateway makes of each. */
enum code {
	UNKNOWN = 2, INVALID = 3, NOT_FOUND = 5, DENIED = 7, PRECONDITION = 9,
	INTERNAL = 13, UNAUTHENTICATED = 16
};

enum { REFRESH_SECONDS = 60 };

static char *token;

static int
http_status(enum code c)
{
	switch (c) {
	case NOT_FOUND: return 404;
	case DENIED: return 403;
	case UNAUTHENTICATED: return 401;
	case UNKNOWN:
	case INTERNAL: return 500;
	default: return 400;
	}
}

static void
fail(struct reply *p, enum code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
fail(struct reply *p, enum code code, const char *fmt, ...)
{
	cJSON *o = cJSON_CreateObject();
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	json_puts(o, "error", message);
	json_putn(o, "code", code);
	json_puts(o, "message", message);
	reply_json(p, http_status(code), o);
}

/* --- every request ----------------------------------------------------- */

/* Three parts with dots between them, none empty. */
static bool
well_formed(const char *jwt)
{
	const char *a = strchr(jwt, '.');
	const char *b = a != NULL ? strchr(a + 1, '.') : NULL;

	return a != NULL && a > jwt && b != NULL && b > a + 1
	    && b[1] != '\0' && strchr(b + 1, '.') == NULL;
}

static bool
check_token(const struct request *r, struct reply *p)
{
	const char *auth = header(r, "authorization");

	if (strcmp(r->path, "/api/version") == 0)
		return true;
	if (auth == NULL || strncmp(auth, "Bearer ", 7) != 0
	    || !well_formed(auth + 7)) {
		fail(p, UNAUTHENTICATED, "no session information");
		return false;
	}
	if (strcmp(auth + 7, token) != 0) {
		fail(p, UNAUTHENTICATED, "invalid session: token signature "
		    "is invalid");
		return false;
	}
	return true;
}

/* Since 2.11 a browser's cross-site form can't pass for a call. */
static bool
check_type(const struct request *r, struct reply *p)
{
	const char *type = header(r, "content-type");

	if (strcmp(r->method, "GET") == 0 || (type != NULL
	    && strncmp(type, "application/json", 16) == 0))
		return true;
	reply_text(p, 415, "text/plain; charset=utf-8",
	    "Invalid content type\n");
	return false;
}

static bool
admit(const struct request *r, struct reply *p)
{
	if (strcmp(r->method, "GET") != 0)
		count("argocd.writes");
	return check_type(r, p) && check_token(r, p);
}

static void
unknown(const struct request *r, struct reply *p)
{
	(void)r;
	reply_text(p, 404, "text/plain; charset=utf-8", "Not Found\n");
}

static bool
may(struct reply *p, const struct app *a, const char *verb)
{
	if (word_in(verb, knob("argocd.permissions")))
		return true;
	fail(p, DENIED, "permission denied: applications, %s, %s/%s, sub: "
	    "ci, iat: 2026-11-22T07:00:00Z", verb, json_str(a->o,
	    "spec/project"), a->name);
	return false;
}

/*
 * The application, or NULL when answered. Who may not get it learns nothing
 * of it; an unknown one looks like a forbidden one unless the project is
 * named and the caller may get what is in it.
 */
static struct app *
take_app(const struct request *r, struct reply *p, const char *project)
{
	struct app *a = app_find(r->arg[0]);
	bool named = project != NULL && project[0] != '\0';

	if (!word_in("get", knob("argocd.permissions"))) {
		fail(p, DENIED, "permission denied");
		return NULL;
	}
	if (a != NULL && (!named || strcmp(project, json_str(a->o,
	    "spec/project")) == 0))
		return a;
	if (named)
		fail(p, NOT_FOUND, "applications.argoproj.io \"%s\" not "
		    "found", r->arg[0]);
	else
		fail(p, DENIED, "permission denied");
	return NULL;
}

/*
 * The body, whose members must be among `words`; NULL when answered. The
 * real one ignores members that it doesn't know; see argocd.h.
 */
static cJSON *
take_body(const struct request *r, struct reply *p, const char *words)
{
	cJSON *o = cJSON_Parse(r->body);
	const char *odd = json_stranger(o, words);

	if (!cJSON_IsObject(o))
		fail(p, INVALID, "invalid character in the request's body");
	else if (odd != NULL)
		fail(p, INVALID, "unknown field \"%s\" in the request", odd);
	else
		return o;
	cJSON_Delete(o);
	return NULL;
}

/* --- types ------------------------------------------------------------- */

/* What may stand where in the requests, by Argo CD's own description. */
static const struct shape {
	const char *path;
	char type;	/* s string, b bool, n number, a array, o object */
	const char *members;	/* of an object */
} spec_shapes[] = {
	{ "project", 's', NULL },
	{ "source", 'o', "repoURL path targetRevision helm kustomize "
	    "directory plugin chart ref name" },
	{ "source/repoURL", 's', NULL },
	{ "source/path", 's', NULL },
	{ "source/targetRevision", 's', NULL },
	{ "destination", 'o', "server namespace name" },
	{ "syncPolicy", 'o', "automated syncOptions retry "
	    "managedNamespaceMetadata" },
	{ "syncPolicy/automated", 'o', "prune selfHeal allowEmpty enabled" },
	{ "syncPolicy/automated/prune", 'b', NULL },
	{ "syncPolicy/automated/selfHeal", 'b', NULL },
	{ "syncPolicy/automated/enabled", 'b', NULL },
	{ "syncPolicy/syncOptions", 'a', NULL },
	{ "syncPolicy/retry", 'o', "limit backoff refresh" },
	{ NULL, 0, NULL }
}, sync_shapes[] = {
	{ "name", 's', NULL }, { "project", 's', NULL },
	{ "appNamespace", 's', NULL }, { "revision", 's', NULL },
	{ "prune", 'b', NULL }, { "dryRun", 'b', NULL },
	{ "strategy", 'o', "apply hook" },
	{ "strategy/hook", 'o', "force syncStrategyApply" },
	{ "strategy/apply", 'o', "force" },
	{ "syncOptions", 'o', "items" },
	{ "syncOptions/items", 'a', NULL },
	{ "retryStrategy", 'o', "limit backoff refresh" },
	{ "resources", 'a', NULL },
	{ NULL, 0, NULL }
};

static bool
type_fits(const cJSON *v, char type)
{
	switch (type) {
	case 's': return cJSON_IsString(v);
	case 'b': return cJSON_IsBool(v);
	case 'n': return cJSON_IsNumber(v);
	case 'a': return cJSON_IsArray(v);
	default: return cJSON_IsObject(v);
	}
}

static bool
check_shapes(const cJSON *o, const struct shape *s, enum code code,
    struct reply *p)
{
	const cJSON *v;

	for (; s->path != NULL; s++) {
		v = json_at(o, s->path);
		if (v == NULL || cJSON_IsNull(v))
			continue;
		if (!type_fits(v, s->type)) {
			fail(p, code, "json: cannot unmarshal value into "
			    "Go struct field %s", s->path);
			return false;
		}
		if (s->members != NULL
		    && json_stranger(v, s->members) != NULL) {
			fail(p, INVALID, "unknown field \"%s\" in %s",
			    json_stranger(v, s->members), s->path);
			return false;
		}
	}
	return true;
}

static bool
check_spec(const cJSON *spec, struct reply *p)
{
	static const char *const members = "project source sources "
	    "destination syncPolicy ignoreDifferences info "
	    "revisionHistoryLimit sourceHydrator";
	const char *odd = json_stranger(spec, members);

	if (odd != NULL) {
		fail(p, INVALID, "unknown field \"%s\" in spec", odd);
		return false;
	}
	if (!check_shapes(spec, spec_shapes, INVALID, p))
		return false;
	if (json_str(spec, "project") == NULL
	    || json_str(spec, "source/repoURL") == NULL
	    || json_str(spec, "source/path") == NULL
	    || json_at(spec, "destination") == NULL) {
		fail(p, INVALID, "application spec is invalid: "
		    "InvalidSpecError: spec.source.repoURL and either "
		    "spec.source.path, spec.source.chart, or spec.source.ref "
		    "are required");
		return false;
	}
	return true;
}

/* --- reads ------------------------------------------------------------- */

static void
reply_app(struct reply *p, const struct app *a)
{
	reply_json(p, 200, cJSON_Duplicate(a->o, true));
}

/* Blocks until the controller has compared again, as the real one does. */
static void
refresh(struct app *a)
{
	double end = now() + REFRESH_SECONDS;
	char *name = text_copy(a->name);

	a->refresh = true;
	while (a != NULL && a->refresh && now() < end && !world_ending()) {
		world_wait(0.02);
		a = app_find(name);	/* a reset may have come between */
	}
	free(name);
}

static void
get_app(const struct request *r, struct reply *p)
{
	const char *how = query(r, "refresh");
	struct app *a = take_app(r, p, query(r, "project"));

	if (a == NULL)
		return;
	if (how != NULL && how[0] != '\0') {
		refresh(a);
		a = take_app(r, p, query(r, "project"));
	}
	if (a != NULL)
		reply_app(p, a);
}

static void
list_apps(const struct request *r, struct reply *p)
{
	const char *project = query(r, "projects");
	const char *name = query(r, "name");
	cJSON *o = cJSON_CreateObject(), *items = cJSON_CreateArray();

	for (const struct app *a = apps; a != NULL; a = a->next) {
		if ((project == NULL || strcmp(project, json_str(a->o,
		    "spec/project")) == 0)
		    && (name == NULL || strcmp(name, a->name) == 0))
			(void)cJSON_AddItemToArray(items,
			    cJSON_Duplicate(a->o, true));
	}
	json_puts(o, "metadata/resourceVersion", "1");
	json_put(o, "items", items);
	reply_json(p, 200, o);
}

static void
get_version(const struct request *r, struct reply *p)
{
	(void)r;
	reply_json(p, 200, json_make("{\"Version\":\"v%s\"}",
	    knob("argocd.version")));
}

static void
get_userinfo(const struct request *r, struct reply *p)
{
	(void)r;
	reply_json(p, 200, json_make("{\"loggedIn\":true,\"username\":"
	    "\"ci\",\"iss\":\"argocd\"}"));
}

/* can-i/applications/VERB/PROJECT/APP */
static void
get_can_i(const struct request *r, struct reply *p)
{
	bool ok = strcmp(r->arg[0], "applications") == 0
	    && word_in(r->arg[1], knob("argocd.permissions"));

	reply_json(p, 200, json_make("{\"value\":\"%s\"}",
	    ok ? "yes" : "no"));
}

static cJSON *
tree_node(const cJSON *o, const char *group, const char *health,
    const char *message)
{
	const cJSON *owner = cJSON_GetArrayItem(json_at(o,
	    "metadata/ownerReferences"), 0);
	cJSON *n = cJSON_CreateObject(), *parents;

	json_puts(n, "group", group);
	json_puts(n, "version", "v1");
	json_puts(n, "kind", json_str(o, "kind"));
	json_puts(n, "namespace", json_str(o, "metadata/namespace"));
	json_puts(n, "name", json_str(o, "metadata/name"));
	json_puts(n, "uid", json_str(o, "metadata/uid"));
	json_puts(n, "health/status", health);
	if (message != NULL)
		json_puts(n, "health/message", message);
	if (owner == NULL)
		return n;
	parents = cJSON_CreateArray();
	(void)cJSON_AddItemToArray(parents, json_make("{\"group\":\"apps\","
	    "\"kind\":\"%s\",\"name\":\"%s\",\"uid\":\"%s\"}",
	    json_str(owner, "kind"), json_str(owner, "name"),
	    json_str(owner, "uid")));
	json_put(n, "parentRefs", parents);
	return n;
}

static void
add_nodes(cJSON *nodes, const char *ns, const char *plural)
{
	const struct kind *k = kube_kind(plural);
	const char *health, *message;
	const cJSON *o, *state;

	cJSON_ArrayForEach(o, kube_all(&kube_new, plural)) {
		if (strcmp(json_str(o, "metadata/namespace"), ns) != 0)
			continue;
		message = NULL;
		health = "Healthy";
		state = json_at(cJSON_GetArrayItem(json_at(o,
		    "status/containerStatuses"), 0), "state/waiting");
		if (strcmp(plural, "deployments") == 0)
			health = deployment_health(o);
		else if (state != NULL) {
			message = json_str(state, "message");
			health = message != NULL ? "Degraded" :
			    "Progressing";
		}
		(void)cJSON_AddItemToArray(nodes, tree_node(o, k->group,
		    health, message));
	}
}

static void
get_tree(const struct request *r, struct reply *p)
{
	const struct app *a = take_app(r, p, query(r, "project"));
	cJSON *nodes, *o;

	if (a == NULL)
		return;
	nodes = cJSON_CreateArray();
	add_nodes(nodes, a->instance, "deployments");
	add_nodes(nodes, a->instance, "replicasets");
	add_nodes(nodes, a->instance, "pods");
	o = cJSON_CreateObject();
	json_put(o, "nodes", nodes);
	reply_json(p, 200, o);
}

/* --- changes of the spec ----------------------------------------------- */

/* Put a changed Application's spec in, answer with what is stored. */
static void
store(struct reply *p, struct app *a, const cJSON *changed)
{
	const cJSON *spec = json_at(changed, "spec");

	if (!cJSON_IsObject(spec)) {
		fail(p, INVALID, "application spec is missing");
		return;
	}
	if (!check_spec(spec, p))
		return;
	app_put_spec(a, cJSON_Duplicate(spec, true));
	reply_app(p, a);
}

/* One operation of an RFC 6902 patch: add, replace, remove. */
static bool
patch_step(cJSON *o, const cJSON *step)
{
	const char *op = json_str(step, "op");
	const char *path = json_str(step, "path");
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(step, "value");

	if (op == NULL || path == NULL || path[0] != '/')
		return false;
	if (strcmp(op, "remove") == 0 || strcmp(op, "replace") == 0) {
		if (json_at(o, path + 1) == NULL)
			return false;
	}
	if (strcmp(op, "remove") == 0)
		json_drop(o, path + 1);
	else if (word_in(op, "add replace") && value != NULL)
		json_put(o, path + 1, cJSON_Duplicate(value, true));
	else
		return false;
	return true;
}

static bool
patch_json(cJSON *o, const cJSON *patch)
{
	const cJSON *step;

	if (!cJSON_IsArray(patch))
		return false;
	cJSON_ArrayForEach(step, patch) {
		if (!patch_step(o, step))
			return false;
	}
	return true;
}

/* Not a strategic one; and something must come of it. */
static void
apply_patch(struct reply *p, struct app *a, const char *type,
    const char *text)
{
	cJSON *patch = cJSON_Parse(text);
	cJSON *o = cJSON_Duplicate(a->o, true);
	bool merge = strcmp(type, "merge") == 0;
	char *why = NULL;

	if (!merge && strcmp(type, "json") != 0)
		fail(p, INVALID, "Patch type '%s' is not supported", type);
	else if (merge && !cJSON_IsObject(patch))
		fail(p, UNKNOWN, "error calculating merge patch: Invalid "
		    "JSON Patch");
	else if (merge)
		json_merge(o, patch);
	else if (!patch_json(o, patch))
		fail(p, UNKNOWN, "error applying patch: error in remove for "
		    "path: Unable to remove nonexistent key: missing value");
	if (p->body == NULL && !check_shapes(json_at(o, "spec"), spec_shapes,
	    UNKNOWN, p))
		why = NULL;
	else if (p->body == NULL && !app_has_manifests(a, &why))
		fail(p, INVALID, "application spec for %s is invalid: "
		    "InvalidSpecError: Unable to generate manifests in %s: "
		    "rpc error: code = Unknown desc = %s", a->name, json_str(
		    a->o, "spec/source/path"), why);
	else if (p->body == NULL)
		store(p, a, o);
	free(why);
	cJSON_Delete(o);
	cJSON_Delete(patch);
}

static void
patch_app(const struct request *r, struct reply *p)
{
	cJSON *body = take_body(r, p,
	    "name patch patchType appNamespace project");
	const char *type = json_str(body, "patchType");
	struct app *a;

	if (body == NULL)
		return;
	a = take_app(r, p, json_str(body, "project"));
	if (a == NULL || !may(p, a, "update")) {
		cJSON_Delete(body);
		return;
	}
	if (type == NULL)
		fail(p, INTERNAL, "grpc: error while marshaling: proto: "
		    "required field \"patchType\" not set");
	else if (!cJSON_IsString(json_at(body, "patch")))
		fail(p, INVALID, "json: cannot unmarshal value into Go "
		    "struct field ApplicationPatchRequest.patch of type "
		    "string");
	else
		apply_patch(p, a, type, json_str(body, "patch"));
	cJSON_Delete(body);
}

static void
put_app(const struct request *r, struct reply *p)
{
	cJSON *body = take_body(r, p,
	    "metadata spec status operation kind apiVersion");
	struct app *a = body != NULL ? take_app(r, p, query(r, "project")) :
	    NULL;

	if (a != NULL && may(p, a, "update"))
		store(p, a, body);
	cJSON_Delete(body);
}

static void
put_spec(const struct request *r, struct reply *p)
{
	cJSON *spec = cJSON_Parse(r->body);
	struct app *a;

	if (!cJSON_IsObject(spec)) {
		fail(p, INVALID, "invalid character in the request's body");
		cJSON_Delete(spec);
		return;
	}
	a = take_app(r, p, query(r, "project"));
	if (a != NULL && may(p, a, "update") && check_spec(spec, p)) {
		app_put_spec(a, spec);
		reply_json(p, 200, cJSON_Duplicate(json_at(a->o, "spec"),
		    true));
		return;
	}
	cJSON_Delete(spec);
}

/* An Application by the API, as an administrator makes it. */
static void
create_app(const struct request *r, struct reply *p)
{
	cJSON *o = take_body(r, p,
	    "metadata spec status operation kind apiVersion");
	const char *name = json_str(o, "metadata/name");
	char *copy;

	if (o == NULL)
		return;
	if (!word_in("create", knob("argocd.permissions")) || name == NULL
	    || !check_spec(json_at(o, "spec"), p)) {
		if (p->body == NULL)
			fail(p, DENIED, "permission denied: applications, "
			    "create, %s/%s, sub: ci", json_str(o,
			    "spec/project"), name != NULL ? name : "");
		cJSON_Delete(o);
		return;
	}
	copy = text_copy(name);
	argocd_apply(o);
	reply_app(p, app_find(copy));
	free(copy);
}

/* --- syncs ------------------------------------------------------------- */

/* The operation that a sync request asks for. */
static cJSON *
operation_of(const cJSON *body, const struct app *a)
{
	const cJSON *options = json_at(body, "syncOptions/items");
	const cJSON *strategy = json_at(body, "strategy");
	const char *rev = json_str(body, "revision");
	cJSON *op = cJSON_CreateObject();

	json_puts(op, "initiatedBy/username", "ci");
	json_put(op, "sync", cJSON_CreateObject());
	if (rev != NULL && rev[0] != '\0')
		json_puts(op, "sync/revision", rev);
	if (json_true(body, "prune"))
		json_putb(op, "sync/prune", true);
	if (json_true(body, "dryRun"))
		json_putb(op, "sync/dryRun", true);
	if (json_at(body, "resources") != NULL)
		json_put(op, "sync/resources", cJSON_Duplicate(json_at(body,
		    "resources"), true));
	if (strategy != NULL && !cJSON_IsNull(strategy))
		json_put(op, "sync/syncStrategy",
		    cJSON_Duplicate(strategy, true));
	if (options == NULL)
		options = json_at(a->o, "spec/syncPolicy/syncOptions");
	if (options != NULL)
		json_put(op, "sync/syncOptions", cJSON_Duplicate(options,
		    true));
	return op;
}

/* Argo CD's own refusals, in its order. */
static bool
check_sync(struct reply *p, const struct app *a, const cJSON *body)
{
	const char *rev = json_str(body, "revision");
	const char *target = json_str(a->o, "spec/source/targetRevision");

	if (knob_on("argocd.window")) {
		fail(p, DENIED, "cannot sync: blocked by sync window");
		return false;
	}
	if (app_automated(a) && !json_true(body, "dryRun") && rev != NULL
	    && rev[0] != '\0' && strcmp(rev, target) != 0) {
		fail(p, PRECONDITION, "Cannot sync to %s: auto-sync "
		    "currently set to %s", rev, target);
		return false;
	}
	if (json_at(a->o, "operation") != NULL) {
		fail(p, PRECONDITION, "another operation is already in "
		    "progress");
		return false;
	}
	return true;
}

static void
sync_app(const struct request *r, struct reply *p)
{
	cJSON *body = take_body(r, p, "name project appNamespace revision "
	    "revisions sourcePositions dryRun prune strategy resources "
	    "manifests infos retryStrategy syncOptions");
	struct app *a = body == NULL ? NULL : take_app(r, p, json_str(body,
	    "project"));

	if (a != NULL && may(p, a, "sync")
	    && check_shapes(body, sync_shapes, INVALID, p)
	    && check_sync(p, a, body)) {
		app_operate(a, operation_of(body, a));
		reply_app(p, a);
	}
	cJSON_Delete(body);
}

static void
end_sync(const struct request *r, struct reply *p)
{
	struct app *a = take_app(r, p, query(r, "project"));

	if (a == NULL || !may(p, a, "sync"))
		return;
	if (json_at(a->o, "operation") == NULL) {
		fail(p, INVALID, "Unable to terminate operation. No "
		    "operation is in progress");
		return;
	}
	a->terminate = true;
	if (json_at(a->o, "status/operationState") != NULL)
		json_puts(a->o, "status/operationState/phase",
		    "Terminating");
	reply_json(p, 200, cJSON_CreateObject());
}

#define APP "/api/v1/applications/{}"
static const struct route routes[] = {
	{ "GET", "/api/version", get_version },
	{ "GET", "/api/v1/session/userinfo", get_userinfo },
	{ "GET", "/api/v1/account/can-i/{}/{}/{*}", get_can_i },
	{ "GET", "/api/v1/applications", list_apps },
	{ "POST", "/api/v1/applications", create_app },
	{ "GET", APP, get_app },
	{ "PUT", APP, put_app },
	{ "PATCH", APP, patch_app },
	{ "PUT", APP "/spec", put_spec },
	{ "POST", APP "/sync", sync_app },
	{ "DELETE", APP "/operation", end_sync },
	{ "GET", APP "/resource-tree", get_tree },
	{ NULL, NULL, NULL }
};

void
argocd_init(const char *repo, const char *jwt, const char *instance,
    const char *deployed)
{
	token = text_copy(jwt);
	out_init(repo, instance, deployed);
}

void
argocd_service(struct service *s)
{
	s->routes = routes;
	s->admit = admit;
	s->unknown = unknown;
}
