/*
 * The Kubernetes doubles' API: paths, permissions, errors, verbs.
 */
#include "kube.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "world_child.h"
#include "world_http.h"
#include "world_json.h"
#include "world_set.h"
#include "world_text.h"

struct cluster kube_old = { .name = "kube-old" };
struct cluster kube_new = { .name = "kube-new" };

static char *namespace;		/* the one that the tokens are for */
static struct {
	char *steps, *contract;
} users;

/* Whose rules: the steps' account as README.md has it; what it has besides
 * where fetch-settings is to evaluate; the contract suite's. */
enum account { STEPS, EVALUATE, CONTRACT };

/* RBAC: what they may in the instance's namespace. */
static const struct rule {
	const struct cluster *c;
	enum account who;
	const char *group, *resources, *verbs;
	const char *names;	/* NULL: all */
} rules[] = {
	{ &kube_old, STEPS, "", "configmaps", "get list", NULL },
	{ &kube_old, STEPS, "apps", "deployments", "get", NULL },
	{ &kube_old, STEPS, "batch", "cronjobs", "list", NULL },
	{ &kube_old, STEPS, "", "pods", "list", NULL },
	{ &kube_old, EVALUATE, "", "pods/exec", "get create", NULL },
	{ &kube_new, STEPS, "", "pods", "list", NULL },
	{ &kube_new, STEPS, "", "pods/exec", "get create", NULL },
	{ &kube_new, STEPS, "", "configmaps", "get list", NULL },
	{ &kube_new, STEPS, "apps", "deployments", "get", NULL },
	{ &kube_old, CONTRACT, "", "namespaces", "get", NULL },
	{ &kube_old, CONTRACT, "", "configmaps pods pods/log events",
	    "get list", NULL },
	{ &kube_old, CONTRACT, "", "pods/exec", "get create", NULL },
	{ &kube_old, CONTRACT, "apps", "deployments replicasets", "get list",
	    NULL },
	{ &kube_old, CONTRACT, "apps", "deployments/scale", "get patch",
	    NULL },
	{ &kube_old, CONTRACT, "batch", "cronjobs", "get list patch", NULL },
	{ &kube_old, CONTRACT, "networking.k8s.io", "ingresses",
	    "get list delete deletecollection", NULL },
	{ &kube_old, CONTRACT, "", "secrets", "get", "cms-host-tls "
	    "lms-host-tls meilisearch-host-tls mfe-host-tls" },
	{ NULL, STEPS, NULL, NULL, NULL, NULL }
};

/* What one request is about. */
struct ask {
	struct cluster *c;
	const struct kind *k;
	const char *verb, *group, *resource, *sub, *ns, *name;
};

/* --- answers ----------------------------------------------------------- */

static cJSON *
status(int code, const char *reason, const char *message)
{
	cJSON *o = cJSON_CreateObject();

	json_puts(o, "kind", "Status");
	json_puts(o, "apiVersion", "v1");
	json_put(o, "metadata", cJSON_CreateObject());
	json_puts(o, "status", "Failure");
	json_puts(o, "message", message);
	json_puts(o, "reason", reason);
	json_putn(o, "code", code);
	return o;
}

/* "deployments.apps", "configmaps" */
static char *
qualified(const struct ask *a)
{
	return a->group[0] == '\0' ? text_copy(a->resource) :
	    text_make("%s.%s", a->resource, a->group);
}

static void
put_details(cJSON *o, const struct ask *a)
{
	if (a->name != NULL)
		json_puts(o, "details/name", a->name);
	if (a->group[0] != '\0')
		json_puts(o, "details/group", a->group);
	json_puts(o, "details/kind", a->resource);
}

static void
fail(struct reply *p, const struct ask *a, int code, const char *reason,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void
fail(struct reply *p, const struct ask *a, int code, const char *reason,
    const char *fmt, ...)
{
	char message[1024];
	va_list ap;
	cJSON *o;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	o = status(code, reason, message);
	if (a != NULL)
		put_details(o, a);
	reply_json(p, code, o);
}

static void
fail_not_found(struct reply *p, const struct ask *a)
{
	char *what = qualified(a);

	fail(p, a, 404, "NotFound", "%s \"%s\" not found", what, a->name);
	free(what);
}

static void
fail_bad(struct reply *p, const char *message)
{
	reply_json(p, 400, status(400, "BadRequest", message));
}

/* An object without what only we know, and without kind in lists. */
static cJSON *
shown(const cJSON *o, bool in_list)
{
	cJSON *copy = cJSON_Duplicate(o, true);

	json_drop(copy, "_ready");
	json_drop(copy, "_is_ready");
	if (in_list) {
		json_drop(copy, "kind");
		json_drop(copy, "apiVersion");
	}
	return copy;
}

/* --- permissions ------------------------------------------------------- */

static bool
denied_by_knob(const char *verb, const char *resource)
{
	char *both = text_make("%s %s", verb, resource);
	bool hit = strcmp(knob("kube.deny"), both) == 0;

	free(both);
	return hit;
}

/* A login that DigitalOcean's double gave out, and has not ended. */
static bool
is_lent(const struct cluster *c, const char *token)
{
	const cJSON *until = cJSON_GetObjectItemCaseSensitive(c->lent, token);

	return cJSON_IsNumber(until) && until->valuedouble > now();
}

/* Who asks; false: nobody that is known. */
static bool
account_of(const struct request *r, enum account *who)
{
	const struct cluster *c = r->self;
	const char *auth = header(r, "authorization");

	if (auth == NULL && r->client != NULL) {
		*who = strcmp(r->client, users.contract) == 0 ? CONTRACT
		    : STEPS;
		return *who == CONTRACT || strcmp(r->client, users.steps)
		    == 0;
	}
	if (auth == NULL || strncmp(auth, "Bearer ", 7) != 0)
		return false;
	*who = strcmp(auth + 7, env_or("SB_KUBE_CONTRACT_TOKEN", "")) == 0 ?
	    CONTRACT : STEPS;
	return *who == CONTRACT || strcmp(auth + 7, c->token) == 0
	    || is_lent(c, auth + 7);
}

void
kube_lend(struct cluster *c, const char *token, double until)
{
	if (c->lent == NULL)
		c->lent = cJSON_CreateObject();
	json_putn(c->lent, token, until);
}

static const char *
user_of(const struct request *r)
{
	enum account who;

	if (!account_of(r, &who))
		return r->client != NULL ? r->client : "system:anonymous";
	return who == CONTRACT ? users.contract : users.steps;
}

static bool
permitted(const struct request *r, const char *verb, const char *group,
    const char *resource, const char *ns, const char *name)
{
	enum account who;

	if (ns == NULL || strcmp(ns, namespace) != 0
	    || denied_by_knob(verb, resource) || !account_of(r, &who))
		return false;
	for (const struct rule *u = rules; u->c != NULL; u++) {
		if (u->c == r->self && (u->who == who || (who == STEPS
		    && u->who == EVALUATE && knob_on("kube.evaluate")))
		    && strcmp(u->group, group) == 0
		    && word_in(resource, u->resources)
		    && word_in(verb, u->verbs)
		    && (u->names == NULL || (name != NULL
		    && word_in(name, u->names))))
			return true;
	}
	return false;
}

static void
fail_forbidden(struct reply *p, const struct ask *a, const char *user,
    const char *resource)
{
	char *what = qualified(a);
	char *named = a->name != NULL ? text_make("%s \"%s\"", what,
	    a->name) : text_copy(what);
	char *where = a->ns != NULL ?
	    text_make("in the namespace \"%s\"", a->ns) :
	    text_copy("at the cluster scope");

	fail(p, a, 403, "Forbidden", "%s is forbidden: User \"%s\" cannot "
	    "%s resource \"%s\" in API group \"%s\" %s", named, user,
	    a->verb, resource, a->group, where);
	free(what);
	free(named);
	free(where);
}

static bool
may(const struct request *r, struct reply *p, const struct ask *a)
{
	char *resource = a->sub != NULL ? text_make("%s/%s", a->resource,
	    a->sub) : text_copy(a->resource);
	bool ok = permitted(r, a->verb, a->group, resource, a->ns, a->name);

	if (!ok)
		fail_forbidden(p, a, user_of(r), resource);
	free(resource);
	return ok;
}

static bool
admit(const struct request *r, struct reply *p)
{
	const struct cluster *c = r->self;
	enum account who;
	char *html = text_make("%s.html", c->name);
	bool broken = knob_on(html);

	free(html);
	if (strcmp(r->method, "GET") != 0 && strstr(r->path,
	    "/selfsubject") == NULL) {
		char *counter = text_make("%s.writes", c->name);

		count(counter);
		free(counter);
	}
	if (broken) {
		reply_text(p, 502, "text/html", "<html>\r\n<head><title>502 "
		    "Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 "
		    "Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n");
		return false;
	}
	if ((header(r, "authorization") == NULL && (r->client == NULL
	    || r->client[0] != '\0')) || account_of(r, &who))
		return true;
	reply_json(p, 401, status(401, "Unauthorized", "Unauthorized"));
	return false;
}

/* --- selectors --------------------------------------------------------- */

/* One requirement of a label selector: a=b, a==b, a!=b, a, !a. */
static bool
label_fits(const cJSON *labels, char *term)
{
	char *eq = strchr(term, '='), *value;
	bool negative = false;
	const char *have;

	while (*term == ' ')
		term++;
	if (eq == NULL)
		return (json_word(labels, term + (*term == '!')) != NULL)
		    == (*term != '!');
	value = eq[1] == '=' ? eq + 2 : eq + 1;
	if (eq > term && eq[-1] == '!') {
		negative = true;
		eq--;
	}
	*eq = '\0';
	have = json_word(labels, term);
	return (have != NULL && strcmp(have, value) == 0) != negative;
}

/* `a in (x,y)`: the only set that the project uses has no other terms. */
static bool
label_set_fits(const cJSON *labels, const char *selector)
{
	char *s = text_copy(selector), *in = strstr(s, " in ("), *end;
	const char *have;
	bool ok = false;

	*in = '\0';
	in += 5;
	have = json_word(labels, s);
	end = strchr(in, ')');
	if (end != NULL)
		*end = '\0';
	while (have != NULL && in != NULL && !ok) {
		end = strchr(in, ',');
		if (end != NULL)
			*end++ = '\0';
		while (*in == ' ')
			in++;
		ok = strcmp(in, have) == 0;
		in = end;
	}
	free(s);
	return ok;
}

static bool
labels_fit(const cJSON *o, const char *selector)
{
	const cJSON *labels = json_at(o, "metadata/labels");
	char *s, *term, *next;
	bool ok = true;

	if (selector == NULL || selector[0] == '\0')
		return true;
	if (strstr(selector, " in (") != NULL)
		return label_set_fits(labels, selector);
	s = text_copy(selector);
	for (term = s; term != NULL && ok; term = next) {
		next = strchr(term, ',');
		if (next != NULL)
			*next++ = '\0';
		ok = label_fits(labels, term);
	}
	free(s);
	return ok;
}

/* metadata.name=, metadata.namespace=, and for Pods status.phase=. */
static bool
fields_fit(const cJSON *o, const char *selector)
{
	const char *eq = selector != NULL ? strchr(selector, '=') : NULL;
	const char *have;
	bool negative;

	if (eq == NULL)
		return true;
	have = strncmp(selector, "metadata.name", 13) == 0
	    && selector[13] != 's' ? json_str(o, "metadata/name") :
	    strncmp(selector, "status.phase", 12) == 0 ?
	    json_str(o, "status/phase") : json_str(o, "metadata/namespace");
	negative = eq > selector && eq[-1] == '!';
	eq += eq[1] == '=' ? 2 : 1;
	return (have != NULL && strcmp(have, eq) == 0) != negative;
}

static bool
check_field_selector(const struct ask *a, const char *selector,
    struct reply *p)
{
	char *label, *message;
	bool ok;

	if (selector == NULL || selector[0] == '\0')
		return true;
	label = text_make("%.*s", (int)strcspn(selector, "=!"), selector);
	ok = word_in(label, "metadata.name metadata.namespace")
	    || (strcmp(a->resource, "pods") == 0
	    && strcmp(label, "status.phase") == 0);
	if (!ok) {
		message = text_make("field label not supported: %s", label);
		fail_bad(p, message);
		free(message);
	}
	free(label);
	return ok;
}

/* A blank where no `in` follows it: two words and no operator. */
static bool
check_label_selector(const char *selector, struct reply *p)
{
	const char *blank = selector != NULL ? strchr(selector, ' ') : NULL;
	char *message;

	if (blank == NULL || strstr(blank, " in (") == blank)
		return true;
	message = text_make("unable to parse requirement: found '%.*s', "
	    "expected: in, notin, =, ==, !=, gt, lt",
	    (int)strcspn(blank + 1, " ,"), blank + 1);
	fail_bad(p, message);
	free(message);
	return false;
}

/* --- lists ------------------------------------------------------------- */

/* Where a continue token points to: the name after which to go on. */
static bool
take_continue(const struct request *r, struct reply *p, char **after)
{
	const char *s = query(r, "continue");

	*after = NULL;
	if (s == NULL || s[0] == '\0')
		return true;
	if (knob_on("kube.expire")) {
		reply_json(p, 410, status(410, "Expired", "The provided "
		    "continue parameter is too old to display a consistent "
		    "list result. You can start a new list without the "
		    "continue parameter."));
		return false;
	}
	if (strncmp(s, "v1.", 3) != 0) {
		fail_bad(p, "invalid continue token: continue key is not "
		    "valid: illegal base64 data");
		return false;
	}
	*after = text_copy(s + 3);
	return true;
}

static void
list_page(const struct request *r, struct reply *p, const struct ask *a,
    const char *after)
{
	const char *limit_text = query(r, "limit");
	long limit = limit_text != NULL ? strtol(limit_text, NULL, 10) : 0;
	cJSON *list = cJSON_CreateObject(), *items = cJSON_CreateArray(), *o;
	const char *last = NULL, *name;
	char *s;
	long n = 0, left = 0;

	cJSON_ArrayForEach(o, kube_all(a->c, a->resource)) {
		name = json_str(o, "metadata/name");
		if (a->ns != NULL && a->k->namespaced
		    && strcmp(json_str(o, "metadata/namespace"), a->ns) != 0)
			continue;
		if ((after != NULL && strcmp(name, after) <= 0)
		    || !labels_fit(o, query(r, "labelSelector"))
		    || !fields_fit(o, query(r, "fieldSelector")))
			continue;
		if (limit > 0 && n >= limit) {
			left++;
			continue;
		}
		(void)cJSON_AddItemToArray(items, shown(o, true));
		last = name;
		n++;
	}
	s = text_make("%sList", a->k->kind);
	json_puts(list, "kind", s);
	free(s);
	s = text_make("%s%s%s", a->group, a->group[0] ? "/" : "",
	    a->k->version);
	json_puts(list, "apiVersion", s);
	free(s);
	s = text_make("%.0f", a->c->version);
	json_puts(list, "metadata/resourceVersion", s);
	free(s);
	if (left > 0) {
		s = text_make("v1.%s", last);
		json_puts(list, "metadata/continue", s);
		free(s);
		json_putn(list, "metadata/remainingItemCount",
		    (double)left);
	}
	json_put(list, "items", items);
	reply_json(p, 200, list);
}

static void
do_list(const struct request *r, struct reply *p, const struct ask *a)
{
	char *after;

	if (!check_field_selector(a, query(r, "fieldSelector"), p)
	    || !check_label_selector(query(r, "labelSelector"), p))
		return;
	if (!take_continue(r, p, &after))
		return;
	list_page(r, p, a, after);
	free(after);
}

/* --- writes ------------------------------------------------------------ */

static bool
dry(const struct request *r)
{
	const char *s = query(r, "dryRun");

	return s != NULL && strcmp(s, "All") == 0;
}

/* The body as an object, or NULL when answered. */
static cJSON *
take_body(const struct request *r, struct reply *p)
{
	cJSON *o = cJSON_Parse(r->body);

	if (cJSON_IsObject(o))
		return o;
	cJSON_Delete(o);
	fail_bad(p, "the object provided is unrecognized (must be of type "
	    "Object): couldn't get version/kind; json parse error");
	return NULL;
}

static void
fail_conflict(struct reply *p, const struct ask *a, const char *why)
{
	char *what = qualified(a);

	fail(p, a, 409, "Conflict", "Operation cannot be fulfilled on %s "
	    "\"%s\": %s", what, a->name, why);
	free(what);
}

/* Does a precondition of a delete hold? Its refusal has the object's kind
 * where all others have the resource. */
static bool
check_precondition(struct reply *p, const struct ask *a, const cJSON *o,
    const char *want, const char *path, const char *label,
    const char *guess)
{
	struct ask kind = *a;
	const char *have = json_str(o, path);
	char *why;

	if (want == NULL || strcmp(want, have) == 0)
		return true;
	kind.resource = a->k->kind;
	why = text_make("the %s in the precondition (%s) does not match the "
	    "%s in record (%s). The object might have been %s", label, want,
	    label, have, guess);
	fail_conflict(p, &kind, why);
	free(why);
	return false;
}

static void
do_delete(const struct request *r, struct reply *p, const struct ask *a,
    cJSON *o)
{
	cJSON *options = NULL, *done;
	bool ok, only_dry;

	if (r->body_len > 0) {
		options = take_body(r, p);
		if (options == NULL)
			return;
	}
	ok = check_precondition(p, a, o, json_str(options,
	    "preconditions/uid"), "metadata/uid", "UID", "deleted and then "
	    "recreated")
	    && check_precondition(p, a, o, json_str(options,
	    "preconditions/resourceVersion"), "metadata/resourceVersion",
	    "ResourceVersion", "modified");
	/* with a body, the query says nothing: not even dryRun=All */
	only_dry = options != NULL ? cJSON_GetArraySize(json_at(options,
	    "dryRun")) > 0 : dry(r);
	cJSON_Delete(options);
	if (!ok)
		return;
	done = cJSON_CreateObject();
	json_puts(done, "kind", "Status");
	json_puts(done, "apiVersion", "v1");
	json_put(done, "metadata", cJSON_CreateObject());
	json_puts(done, "status", "Success");
	put_details(done, a);
	json_puts(done, "details/uid", json_str(o, "metadata/uid"));
	if (!only_dry)
		kube_remove(a->c, a->k, o);
	reply_json(p, 200, done);
}

static void
do_deletecollection(const struct request *r, struct reply *p,
    const struct ask *a)
{
	cJSON *o, *next;

	do_list(r, p, a);
	if (p->status != 200 || dry(r))
		return;
	for (o = kube_all(a->c, a->resource)->child; o != NULL; o = next) {
		next = o->next;
		if (strcmp(json_str(o, "metadata/namespace"), a->ns) == 0
		    && labels_fit(o, query(r, "labelSelector"))
		    && fields_fit(o, query(r, "fieldSelector")))
			kube_remove(a->c, a->k, o);
	}
}

/* The Scale of a Deployment. */
static cJSON *
scale_of(const cJSON *d)
{
	cJSON *o = cJSON_CreateObject(), *l;
	double want = json_num(d, "spec/replicas", 0);
	struct text t = { 0 };

	json_puts(o, "kind", "Scale");
	json_puts(o, "apiVersion", "autoscaling/v1");
	json_puts(o, "metadata/name", json_str(d, "metadata/name"));
	json_puts(o, "metadata/namespace", json_str(d,
	    "metadata/namespace"));
	json_puts(o, "metadata/uid", json_str(d, "metadata/uid"));
	json_puts(o, "metadata/resourceVersion", json_str(d,
	    "metadata/resourceVersion"));
	json_puts(o, "metadata/creationTimestamp", json_str(d,
	    "metadata/creationTimestamp"));
	json_put(o, "spec", cJSON_CreateObject());
	if (want > 0)
		json_putn(o, "spec/replicas", want);
	json_putn(o, "status/replicas", json_num(d, "status/replicas", 0));
	cJSON_ArrayForEach(l, json_at(d, "spec/selector/matchLabels"))
		text_add(&t, "%s%s=%s", t.len > 0 ? "," : "", l->string,
		    l->valuestring);
	json_puts(o, "status/selector", text_str(&t));
	text_free(&t);
	return o;
}

static bool
strategic(const struct request *r)
{
	const char *type = header(r, "content-type");

	return type != NULL && strstr(type, "strategic") != NULL;
}

static bool
check_patch_type(const struct request *r, struct reply *p)
{
	const char *type = header(r, "content-type");

	if (type != NULL && (strncmp(type, "application/merge-patch+json",
	    28) == 0 || strncmp(type,
	    "application/strategic-merge-patch+json", 38) == 0))
		return true;
	reply_json(p, 415, status(415, "UnsupportedMediaType",
	    "415: Unsupported Media Type"));
	return false;
}

static void
patch_scale(const struct request *r, struct reply *p, const struct ask *a,
    cJSON *d, const cJSON *patch)
{
	const cJSON *n = json_at(patch, "spec/replicas");
	const char *odd = json_stranger(patch,
	    "kind apiVersion metadata spec");

	odd = odd != NULL ? odd : json_stranger(json_at(patch, "spec"),
	    "replicas");
	if (odd != NULL || (n != NULL && (!cJSON_IsNumber(n)
	    || n->valuedouble < 0))) {
		fail(p, a, odd != NULL ? 400 : 422, odd != NULL ?
		    "BadRequest" : "Invalid", "Scale.autoscaling \"%s\" is "
		    "invalid: %s", a->name, odd != NULL ? odd :
		    "spec.replicas: Invalid value: must be greater than or "
		    "equal to 0");
		return;
	}
	if (n != NULL && n->valuedouble != json_num(d, "spec/replicas", 0)
	    && !dry(r)) {
		json_putn(d, "spec/replicas", n->valuedouble);
		kube_touch(a->c, d, true);
	}
	reply_json(p, 200, scale_of(d));
	if (n != NULL && dry(r)) {
		cJSON *o = cJSON_Parse(p->body);

		json_putn(o, "spec/replicas", n->valuedouble);
		reply_json(p, 200, o);
	}
}

/* Replace what the object says by its patched form, if that differs. */
static void
patch_object(const struct request *r, struct reply *p, const struct ask *a,
    cJSON *o, const cJSON *patch)
{
	cJSON *to = cJSON_Duplicate(o, true), *m;
	bool spec;

	if (strategic(r))
		json_merge_strategic(to, patch);
	else
		json_merge(to, patch);
	spec = !cJSON_Compare(json_at(o, "spec"), json_at(to, "spec"), true);
	if (!cJSON_Compare(o, to, true) && !dry(r)) {
		while (o->child != NULL)
			cJSON_Delete(cJSON_DetachItemViaPointer(o,
			    o->child));
		while (to->child != NULL) {
			m = cJSON_DetachItemViaPointer(to, to->child);
			(void)cJSON_AddItemToObject(o, m->string, m);
		}
		kube_touch(a->c, o, spec);
		reply_json(p, 200, shown(o, false));
	} else {
		reply_json(p, 200, shown(to, false));
	}
	cJSON_Delete(to);
}

static void
do_patch(const struct request *r, struct reply *p, const struct ask *a,
    cJSON *o)
{
	const char *version;
	cJSON *patch;

	if (!check_patch_type(r, p))
		return;
	patch = take_body(r, p);
	if (patch == NULL)
		return;
	version = json_str(patch, "metadata/resourceVersion");
	if (version != NULL && strcmp(version, json_str(o,
	    "metadata/resourceVersion")) != 0)
		fail_conflict(p, a, "the object has been modified; please "
		    "apply your changes to the latest version and try "
		    "again");
	else if (a->sub != NULL)
		patch_scale(r, p, a, o, patch);
	else
		patch_object(r, p, a, o, patch);
	cJSON_Delete(patch);
}

static void
do_create(const struct request *r, struct reply *p, struct ask *a)
{
	cJSON *o = take_body(r, p);
	char *what;

	if (o == NULL)
		return;
	a->name = json_str(o, "metadata/name");
	if (a->name == NULL) {
		fail_bad(p, "name or generateName is required");
		cJSON_Delete(o);
		return;
	}
	if (kube_find(a->c, a->resource, a->ns, a->name) != NULL) {
		what = qualified(a);
		fail(p, a, 409, "AlreadyExists", "%s \"%s\" already exists",
		    what, a->name);
		free(what);
		cJSON_Delete(o);
		return;
	}
	json_puts(o, "metadata/namespace", a->ns);
	if (dry(r)) {
		reply_json(p, 201, o);
		return;
	}
	reply_json(p, 201, shown(kube_add(a->c, a->k, o), false));
}

/* --- logs -------------------------------------------------------------- */

/* The container that is asked for, or NULL when answered. */
static const char *
take_container(const struct request *r, struct reply *p, const cJSON *pod)
{
	const char *want = query(r, "container");
	const cJSON *all = json_at(pod, "spec/containers"), *c;
	struct text t = { 0 };

	if (want == NULL && cJSON_GetArraySize(all) == 1)
		return json_str(all->child, "name");
	cJSON_ArrayForEach(c, all) {
		if (want != NULL && strcmp(json_str(c, "name"), want) == 0)
			return want;
		text_add(&t, "%s%s", t.len > 0 ? " " : "", json_str(c,
		    "name"));
	}
	if (want != NULL) {
		text_free(&t);
		text_add(&t, "container %s is not valid for pod %s", want,
		    json_str(pod, "metadata/name"));
	} else {
		char *names = text_copy(text_str(&t));

		text_free(&t);
		text_add(&t, "a container name must be specified for pod %s, "
		    "choose one of: [%s]", json_str(pod, "metadata/name"),
		    names);
		free(names);
	}
	fail_bad(p, text_str(&t));
	text_free(&t);
	return NULL;
}

static void
do_log(const struct request *r, struct reply *p, const cJSON *pod)
{
	const char *name = json_str(pod, "metadata/name");
	const char *container = take_container(r, p, pod);
	const char *previous = query(r, "previous");
	char *s;

	if (container == NULL)
		return;
	if (!json_true(pod, "_is_ready")) {
		s = text_make("container \"%s\" in pod \"%s\" is waiting to "
		    "start: ContainerCreating", container, name);
		fail_bad(p, s);
	} else if (previous != NULL && strcmp(previous, "true") == 0) {
		s = text_make("previous terminated container \"%s\" in pod "
		    "\"%s\" not found", container, name);
		fail_bad(p, s);
	} else if (query(r, "sinceSeconds") != NULL
	    && query(r, "sinceTime") != NULL) {
		s = text_make("PodLogOptions \"%s\" is invalid: []: "
		    "Forbidden: at most one of `sinceTime` or `sinceSeconds` "
		    "may be specified", name);
		reply_json(p, 422, status(422, "Invalid", s));
	} else if (query(r, "tailLines") != NULL
	    && query(r, "tailLines")[0] == '-') {
		s = text_make("PodLogOptions \"%s\" is invalid: tailLines: "
		    "Invalid value: %s: must be greater than or equal to 0",
		    name, query(r, "tailLines"));
		reply_json(p, 422, status(422, "Invalid", s));
	} else {
		s = kube_log(r, pod, container);
		reply_text(p, 200, "text/plain", s);
	}
	free(s);
}

/* --- exec -------------------------------------------------------------- */

/*
 * A WebSocket begins as a GET, and that is the first right to have; since 1.35
 * `create` is wanted as well, and its refusal names nobody.
 */
static void
do_exec(const struct request *r, struct reply *p, const struct ask *a,
    const cJSON *pod)
{
	if (header(r, "sec-websocket-key") == NULL)
		fail_bad(p, "Upgrade request required");
	else if (!permitted(r, "create", "", "pods/exec", a->ns, a->name))
		fail(p, a, 403, "Forbidden", "pods \"%s\" is forbidden: ",
		    a->name);
	else if (take_container(r, p, pod) != NULL
	    && !kube_exec(r, p, a->c, pod))
		reply_text(p, 403, NULL, "");	/* speaks none of ours */
}

/* --- requests ---------------------------------------------------------- */

static const char *
verb_of(const char *method, bool named)
{
	static const struct {
		const char *method, *named, *all;
	} verbs[] = {
		{ "GET", "get", "list" }, { "POST", "create", "create" },
		{ "PATCH", "patch", "patch" }, { "PUT", "update", "update" },
		{ "DELETE", "delete", "deletecollection" },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].method, method) == 0)
			return named ? verbs[i].named : verbs[i].all;
	}
	return method;
}

static void
on_all(const struct request *r, struct reply *p, struct ask *a)
{
	if (strcmp(a->verb, "list") == 0)
		do_list(r, p, a);
	else if (strcmp(a->verb, "create") == 0)
		do_create(r, p, a);
	else if (strcmp(a->verb, "deletecollection") == 0
	    && a->ns != NULL)
		do_deletecollection(r, p, a);
	else
		reply_json(p, 405, status(405, "MethodNotAllowed", "the "
		    "server does not allow this method on the requested "
		    "resource"));
}

static void
on_one(const struct request *r, struct reply *p, const struct ask *a)
{
	cJSON *o = kube_find(a->c, a->resource,
	    a->k->namespaced ? a->ns : NULL, a->name);
	bool get = strcmp(a->verb, "get") == 0;

	if (o == NULL)
		fail_not_found(p, a);
	else if (a->sub != NULL && strcmp(a->sub, "log") == 0)
		do_log(r, p, o);
	else if (a->sub != NULL && strcmp(a->sub, "exec") == 0)
		do_exec(r, p, a, o);
	else if (get && a->sub != NULL)
		reply_json(p, 200, scale_of(o));
	else if (get)
		reply_json(p, 200, shown(o, false));
	else if (strcmp(a->verb, "patch") == 0)
		do_patch(r, p, a, o);
	else if (strcmp(a->verb, "delete") == 0)
		do_delete(r, p, a, o);
	else
		reply_json(p, 405, status(405, "MethodNotAllowed", "the "
		    "server does not allow this method on the requested "
		    "resource"));
}

/* Is there such a subresource of such a kind? */
static bool
has_sub(const struct ask *a)
{
	if (a->sub == NULL)
		return true;
	if (strcmp(a->resource, "pods") == 0)
		return word_in(a->sub, "log exec");
	return strcmp(a->resource, "deployments") == 0
	    && strcmp(a->sub, "scale") == 0;
}

static void
serve(const struct request *r, struct reply *p, struct ask *a)
{
	a->c = r->self;
	a->k = kube_kind(a->resource);
	a->verb = verb_of(r->method, a->name != NULL);
	if (!may(r, p, a))
		return;
	if (a->k == NULL || strcmp(a->k->group, a->group) != 0
	    || !has_sub(a)) {
		reply_json(p, 404, status(404, "NotFound", "the server could "
		    "not find the requested resource"));
		return;
	}
	if (a->name == NULL)
		on_all(r, p, a);
	else
		on_one(r, p, a);
}

static void
core(const struct request *r, struct reply *p)
{
	struct ask a = { .group = "", .ns = r->arg[0],
	    .resource = r->arg[1], .name = r->arg[2], .sub = r->arg[3] };

	serve(r, p, &a);
}

static void
grouped(const struct request *r, struct reply *p)
{
	struct ask a = { .group = r->arg[0], .ns = r->arg[1],
	    .resource = r->arg[2], .name = r->arg[3], .sub = r->arg[4] };

	serve(r, p, &a);
}

/* A namespace is asked for in itself; the list is the cluster's. */
static void
namespaces(const struct request *r, struct reply *p)
{
	struct ask a = { .group = "", .ns = r->arg[0],
	    .resource = "namespaces", .name = r->arg[0] };

	serve(r, p, &a);
}

static void
cluster_list(const struct request *r, struct reply *p)
{
	struct ask a = { .group = "", .resource = r->arg[0] };

	serve(r, p, &a);
}

static void
access_review(const struct request *r, struct reply *p)
{
	cJSON *o = take_body(r, p);
	const char *sub = json_str(o, "spec/resourceAttributes/subresource");
	const char *group = json_str(o, "spec/resourceAttributes/group");
	const char *resource = json_str(o,
	    "spec/resourceAttributes/resource");
	const char *verb = json_str(o, "spec/resourceAttributes/verb");
	char *full;
	bool ok;

	if (o == NULL)
		return;
	if (json_at(o, "spec/resourceAttributes") == NULL) {
		fail(p, NULL, 422, "Invalid", ".authorization.k8s.io \"\" is "
		    "invalid: spec: Invalid value: null: exactly one of "
		    "nonResourceAttributes or resourceAttributes must be "
		    "specified");
		cJSON_Delete(o);
		return;
	}
	if (json_stranger(json_at(o, "spec/resourceAttributes"),
	    "namespace verb group version resource subresource name")
	    != NULL) {
		fail_bad(p, "spec.resourceAttributes has an unknown member");
		cJSON_Delete(o);
		return;
	}
	if (sub != NULL && sub[0] == '\0')
		sub = NULL;
	full = text_make("%s%s%s", resource != NULL ? resource : "",
	    sub != NULL ? "/" : "", sub != NULL ? sub : "");
	ok = permitted(r,
	    verb != NULL ? verb : "", group != NULL ? group : "", full,
	    json_str(o, "spec/resourceAttributes/namespace"),
	    json_str(o, "spec/resourceAttributes/name"));
	json_put(o, "metadata/creationTimestamp", cJSON_CreateNull());
	json_putb(o, "status/allowed", ok);
	if (ok)
		json_puts(o, "status/reason", "RBAC: allowed by RoleBinding "
		    "\"transplant\" of Role \"transplant\" to ServiceAccount");
	free(full);
	reply_json(p, 201, o);
}

static void
version(const struct request *r, struct reply *p)
{
	bool old = r->self == &kube_old;

	reply_json(p, 200, json_make("{\"major\":\"1\",\"minor\":\"%s\","
	    "\"gitVersion\":\"v1.%s.2\",\"gitCommit\":\"sandbox\","
	    "\"gitTreeState\":\"clean\",\"buildDate\":"
	    "\"2026-01-01T00:00:00Z\",\"goVersion\":\"go1.24\","
	    "\"compiler\":\"gc\",\"platform\":\"linux/amd64\"}",
	    old ? "27" : "33", old ? "27" : "33"));
}

static void
ready(const struct request *r, struct reply *p)
{
	(void)r;
	reply_text(p, 200, "text/plain", "ok");
}

#define METHODS(path, f) \
	{ "GET", path, f }, { "POST", path, f }, { "PATCH", path, f }, \
	{ "PUT", path, f }, { "DELETE", path, f }
static const struct route routes[] = {
	{ "GET", "/version", version },
	{ "GET", "/readyz", ready },
	{ "GET", "/livez", ready },
	{ "GET", "/healthz", ready },
	{ "GET", "/api/v1/{}", cluster_list },
	METHODS("/api/v1/namespaces/{}", namespaces),
	METHODS("/api/v1/namespaces/{}/{}", core),
	METHODS("/api/v1/namespaces/{}/{}/{}", core),
	METHODS("/api/v1/namespaces/{}/{}/{}/{}", core),
	METHODS("/apis/{}/v1/namespaces/{}/{}", grouped),
	METHODS("/apis/{}/v1/namespaces/{}/{}/{}", grouped),
	METHODS("/apis/{}/v1/namespaces/{}/{}/{}/{}", grouped),
	{ "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
	    access_review },
	{ NULL, NULL, NULL }
};

/* --- start ------------------------------------------------------------- */

static void
load(struct cluster *c, const cJSON *items)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, items)
		(void)kube_apply(c, o);
	kube_roll(c, true);
}

void
kube_init(const char *old_token, const char *new_token, const char *ns)
{
	kube_old.token = text_copy(old_token);
	kube_new.token = text_copy(new_token);
	namespace = text_copy(ns);
	users.steps = text_make("system:serviceaccount:%s:transplant", ns);
	users.contract = text_make("system:serviceaccount:%s:contract", ns);
	kube_reset();
}

/* What the old cluster holds, rendered once: no knob changes it. */
static const cJSON *
old_items(void)
{
	static cJSON *items;
	struct text t = { 0 };

	if (items == NULL && child_render(&t, "old", NULL, NULL, NULL))
		items = cJSON_Parse(text_str(&t));
	if (items == NULL)
		(void)fprintf(stderr, "world: the old cluster is empty\n");
	text_free(&t);
	return items;
}

void
kube_reset(void)
{
	cJSON_Delete(kube_old.objects);
	cJSON_Delete(kube_new.objects);
	kube_old.objects = cJSON_CreateObject();
	kube_new.objects = cJSON_CreateObject();
	kube_old.calm = kube_new.calm = 0;
	kube_old.version = 48112093;
	kube_new.version = 7201554;
	load(&kube_old, old_items());
}

void
kube_service(struct service *s, struct cluster *c)
{
	s->self = c;
	s->routes = routes;
	s->admit = admit;
	s->ask_client = true;
}

void
kube_tick(void)
{
	kube_roll(&kube_old, false);
	kube_roll(&kube_new, false);
}
