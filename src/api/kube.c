/*
 * kube - reading from a Kubernetes API server, with errors that say which
 * rule a Role lacks.
 */
#include "api/kube_own.h"

#include <assert.h>
#include <string.h>

#include "api/reply.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

enum {
	PAGE = 100,			/* objects; a ConfigMap is <= 1 MiB */
	PAGE_MAX = 128 * 1024 * 1024,	/* bytes of such a page */
	RESTARTS = 3,			/* of a list whose token expired */
	DOCS = 4096,			/* answers that a handle may hold */
	ROOTS_MAX = 1024 * 1024,
};

static const struct kind {
	const char *name, *group, *prefix;
} deployments = { "deployments", "apps", "/apis/apps/v1" },
  configmaps = { "configmaps", "", "/api/v1" },
  pods = { "pods", "", "/api/v1" },
  cronjobs = { "cronjobs", "batch", "/apis/batch/v1" };

/* "https://host:6443/" is the same server as without the last slash. */
static const char *
without_slash(struct pool *p, const char *url)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	return pool_strndup(p, url, n);
}

/* PEM as it is, or from the base64 that a kubeconfig holds. */
static bool
read_roots(const char *given, struct buf *pem, struct err *e)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	struct err ignored;

	if (strstr(given, begin) != NULL)
		return buf_puts(pem, given), buf_check(pem, "kube-ca", e);
	if (text_unbase64(given, pem, &ignored)
	    && strstr(buf_str(pem), begin) != NULL)
		return true;
	return err_set(e, ERR_INPUT, "this is neither a PEM certificate nor"
	    " the base64 of one");
}

bool
kube_check_roots(const char *given, struct err *e)
{
	struct buf pem = buf_new(ROOTS_MAX);
	bool ok = *given == '\0' || read_roots(given, &pem, e);

	buf_free(&pem);
	return ok;
}

static bool
take_roots(struct kube *k, const char *given, struct err *e)
{
	struct buf pem = buf_new(ROOTS_MAX);
	bool ok = text_empty(given) || read_roots(given, &pem, e);

	if (ok && pem.len > 0)
		k->ca_pem = pool_strdup(k->pool, buf_str(&pem));
	buf_free(&pem);
	return ok || err_within(e, "kube-ca");
}

/* Through a SOCKS proxy names are looked up behind it, as kubectl does. */
static const char *
proxy_of(struct pool *p, const char *url)
{
	static const char socks[] = "socks5://";

	return url != NULL && text_starts(url, socks) ? pool_printf(p,
	    "socks5h://%s", url + strlen(socks)) : pool_strdup(p, url);
}

static void
take_login(struct kube *k, const struct kube_open *o)
{
	k->o.token = pool_strdup(k->pool, o->token);
	k->o.cert_pem = pool_strdup(k->pool, o->cert_pem);
	k->o.key_pem = pool_strdup(k->pool, o->key_pem);
	k->authorization = text_empty(o->token) ? NULL
	    : pool_printf(k->pool, "Bearer %s", o->token);
}

struct kube *
kube_open(const struct kube_open *o, struct err *e)
{
	struct pool *p = pool_new();
	struct kube *k = pool_alloc(p, sizeof(*k));

	k->pool = p;
	k->docs = json_array();
	k->server = without_slash(p, o->server);
	k->space = pool_strdup(p, o->space);
	k->o = (struct kube_open){ .renew = o->renew, .source = o->source,
	    .tls_name = pool_strdup(p, o->tls_name),
	    .proxy = proxy_of(p, o->proxy) };
	take_login(k, o);
	k->http = http_open(o->ca_file, o->dns_servers, e);
	if (k->http != NULL && take_roots(k, o->ca_pem, e))
		return k;
	kube_close(k);
	return NULL;
}

const char *
kube_server(const struct kube *k)
{
	return k->server;
}

void
kube_close(struct kube *k)
{
	if (k == NULL)
		return;
	http_close(k->http);
	json_free(k->docs);
	pool_free(k->pool);
}

/* Keep an answer until the handle is closed. */
static const struct json *
keep(struct kube *k, struct json *doc)
{
	assert(json_len(k->docs) < DOCS);
	return json_add(k->docs, NULL, doc);
}

/* A rule of a Role, as YAML that can be pasted. */
static const char *
rule(struct kube *k, const struct kube_right *r)
{
	return pool_printf(k->pool, "- {apiGroups: [\"%s\"], resources: [%s],"
	    " verbs: [%s]}", r->group, r->resource, r->verbs);
}

static bool
tell_denied(struct kube *k, const struct kube_ask *ask, const char *words,
    struct err *e)
{
	return err_set(e, ERR_DENIED, "%s: forbidden: %s; add to a Role in"
	    " namespace %s that the token's account is bound to: %s",
	    ask->what, words, k->space, rule(k, &ask->right));
}

bool
kube_tell_status(struct kube *k, const struct kube_ask *ask,
    const struct http_reply *r, struct err *e)
{
	const char *what = ask->what;
	struct json *status = reply_json(r, what, e);
	const char *words, *reason;

	if (status == NULL)
		return false;
	words = reply_line(k->pool, json_str(status, "message"));
	reason = json_str(status, "reason");
	if (r->status == 403)
		tell_denied(k, ask, words, e);
	else if (r->status == 401)
		err_set(e, ERR_DENIED, "%s: the %s is refused: it is"
		    " expired, revoked, or another cluster's (%s)%s%s", what,
		    k->o.token != NULL ? "token" : "client certificate",
		    words, k->unrenewed != NULL ? "; no new one can be had: "
		    : "", k->unrenewed != NULL ? k->unrenewed : "");
	else
		err_set(e, reply_kind(r->status), "%s: %s: %s", what,
		    reason != NULL ? reply_line(k->pool, reason)
		    : reply_meaning(r->status), words);
	json_free(status);
	return false;
}

struct http_request
kube_request(const struct kube *k, const char *method, const char *url)
{
	return (struct http_request){ .method = method, .url = url,
		.authorization = k->authorization, .ca_pem = k->ca_pem,
		.client_cert_pem = k->o.cert_pem,
		.client_key_pem = k->o.key_pem,
		.tls_name = k->o.tls_name, .proxy = k->o.proxy };
}

bool
kube_renew(struct kube *k, const struct http_reply *r)
{
	struct kube_open fresh = k->o;
	struct err e = { 0 };
	bool other;

	other = k->renewed;
	k->renewed = r->status == 401;
	if (r->status != 401 || k->o.renew == NULL || other)
		return false;
	if (!k->o.renew(k->o.source, &fresh, &e)) {
		k->unrenewed = pool_strdup(k->pool, e.text);
		return false;
	}
	other = !text_same(fresh.token, k->o.token)
	    || !text_same(fresh.cert_pem, k->o.cert_pem);
	take_login(k, &fresh);
	return other;
}

/*
 * Send it. NULL and an error for anything but a JSON object; *gone is set
 * where the server says 410: the token of a list is too old.
 */
static struct json *
send_ask(struct kube *k, const struct kube_ask *ask, bool *gone, struct err *e)
{
	static const char *const headers[] = {
		"Accept: application/json", NULL
	};
	struct http_request rq;
	struct http_reply r = { 0 };
	struct json *j;

	do {
		rq = kube_request(k, ask->method, ask->url);
		rq.headers = headers;
		rq.body = ask->body;
		rq.body_len = ask->body != NULL ? strlen(ask->body) : 0;
		rq.reply_max = PAGE_MAX;
		if (!http_send(k->http, k->pool, &rq, &r, e)) {
			err_within(e, "%s", ask->what);
			return NULL;
		}
	} while (kube_renew(k, &r));
	*gone = r.status == 410;
	if (r.status != ask->good) {
		kube_tell_status(k, ask, &r, e);
		return NULL;
	}
	j = reply_json(&r, ask->what, e);
	if (j != NULL && !json_is_object(j)) {
		json_free(j);
		j = NULL;
		err_set(e, ERR_OTHER, "%s: the answer is no object",
		    ask->what);
	}
	return j;
}

/* A GET of objects of a kind. */
static struct json *
get(struct kube *k, const struct kind *kind, const char *verb,
    const char *what, const char *url, bool *gone, struct err *e)
{
	const struct kube_ask ask = {
		.method = "GET", .url = url, .what = what, .good = 200,
		.right = { kind->group, kind->name, verb },
	};

	return send_ask(k, &ask, gone, e);
}

static const char *
url_of(struct kube *k, const struct kind *kind, const char *name)
{
	struct buf url = buf_new(8192);
	const char *s;

	buf_printf(&url, "%s%s/namespaces/", k->server, kind->prefix);
	text_percent(&url, k->space);
	buf_printf(&url, "/%s", kind->name);
	if (name != NULL) {
		buf_putc(&url, '/');
		text_percent(&url, name);
	}
	s = pool_strdup(k->pool, buf_str(&url));
	buf_free(&url);
	return s;
}

static const struct json *
find_one(struct kube *k, const struct kind *kind, const char *name,
    struct err *e)
{
	const char *what = pool_printf(k->pool, "%s: %s %s/%s", k->server,
	    kind->name, k->space, name);
	bool gone = false;
	struct json *j = get(k, kind, "get", what, url_of(k, kind, name),
	    &gone, e);

	if (j == NULL)
		return NULL;
	if (!text_same(json_str(j, "metadata.name"), name)) {
		json_free(j);
		err_set(e, ERR_OTHER, "%s: the answer is another object",
		    what);
		return NULL;
	}
	return keep(k, j);
}

static const char *
page_url(struct kube *k, const struct kind *kind, const char *selector,
    const char *from)
{
	struct buf url = buf_new(64 * 1024);
	const char *s;

	buf_printf(&url, "%s?limit=%d", url_of(k, kind, NULL), PAGE);
	if (!text_empty(selector)) {
		buf_puts(&url, "&labelSelector=");
		text_percent(&url, selector);
	}
	if (!text_empty(from)) {
		buf_puts(&url, "&continue=");
		text_percent(&url, from);
	}
	s = pool_strdup(k->pool, buf_str(&url));
	buf_free(&url);
	return s;
}

/*
 * Append one page's objects to all. *from is the token of this page and
 * becomes that of the next, NULL after the last.
 */
static bool
add_page(struct kube *k, const struct kind *kind, const char *selector,
    const char **from, struct json *all, bool *gone, struct err *e)
{
	const char *what = pool_printf(k->pool, "%s: %s of %s", k->server,
	    kind->name, k->space);
	struct json *page = get(k, kind, "list", what,
	    page_url(k, kind, selector, *from), gone, e);
	const struct json *items = json_at(page, "items");
	const char *next;

	if (page == NULL)
		return false;
	/* "items": null is how Go writes an empty list */
	if (!json_is_array(items) && !json_is_null(page, "items")) {
		json_free(page);
		return err_set(e, ERR_OTHER, "%s: the answer is no list",
		    what);
	}
	for (const struct json *i = json_first(items); i != NULL;
	    i = json_next(i))
		json_add(all, NULL, json_copy(i));
	next = json_str(page, "metadata.continue");
	*from = text_empty(next) ? NULL : pool_strdup(k->pool, next);
	json_free(page);
	return true;
}

static const struct json *
find_all(struct kube *k, const struct kind *kind, const char *selector,
    struct err *e)
{
	struct json *all = json_array();
	const char *from = NULL;
	bool gone;
	int restarts = 0;

	do {
		gone = false;
		if (add_page(k, kind, selector, &from, all, &gone, e))
			continue;
		json_free(all);
		if (!gone || from == NULL || restarts++ == RESTARTS)
			return NULL;
		all = json_array();
		from = NULL;
	} while (from != NULL || gone);
	return keep(k, all);
}

const struct json *
kube_find_deployment(struct kube *k, const char *name, struct err *e)
{
	return find_one(k, &deployments, name, e);
}

const struct json *
kube_find_configmap(struct kube *k, const char *name, struct err *e)
{
	return find_one(k, &configmaps, name, e);
}

const struct json *
kube_find_configmaps(struct kube *k, const char *selector, struct err *e)
{
	return find_all(k, &configmaps, selector, e);
}

const struct json *
kube_find_pods(struct kube *k, const char *selector, struct err *e)
{
	return find_all(k, &pods, selector, e);
}

const struct json *
kube_find_cronjobs(struct kube *k, const char *selector, struct err *e)
{
	return find_all(k, &cronjobs, selector, e);
}

/* ---- what the token may ---- */

/* A SelfSubjectAccessReview of one verb. */
static const char *
review(struct kube *k, const struct kube_right *r, const char *verb)
{
	struct json *body = json_object(), *a;
	const char *slash = strchr(r->resource, '/');
	struct buf text = buf_new(8192);
	const char *s;

	json_set_str(body, "kind", "SelfSubjectAccessReview");
	json_set_str(body, "apiVersion", "authorization.k8s.io/v1");
	a = json_add(json_add(body, "spec", json_object()),
	    "resourceAttributes", json_object());
	json_set_str(a, "namespace", k->space);
	json_set_str(a, "verb", verb);
	json_set_str(a, "group", r->group);
	json_set_str(a, "resource", slash == NULL ? r->resource
	    : pool_strndup(k->pool, r->resource,
	    (size_t)(slash - r->resource)));
	if (slash != NULL)
		json_set_str(a, "subresource", slash + 1);
	json_print(body, false, &text);
	s = pool_strdup(k->pool, buf_str(&text));
	buf_free(&text);
	json_free(body);
	return s;
}

static bool
is_allowed(struct kube *k, const struct kube_right *r, const char *verb,
    bool *yes, struct err *e)
{
	const struct kube_ask ask = {
		.method = "POST", .good = 201, .body = review(k, r, verb),
		.url = pool_printf(k->pool, "%s/apis/authorization.k8s.io/v1"
		    "/selfsubjectaccessreviews", k->server),
		.what = pool_printf(k->pool, "%s: access review", k->server),
		.right = { "authorization.k8s.io",
		    "selfsubjectaccessreviews", "create" },
	};
	bool gone;
	struct json *j = send_ask(k, &ask, &gone, e);
	bool ok = j != NULL;

	if (ok && !json_bool(j, "status.allowed", yes))
		ok = err_set(e, ERR_OTHER, "%s: the answer does not say",
		    ask.what);
	json_free(j);
	return ok;
}

/* The verbs of one right that are missing, as a rule. */
static bool
add_missing(struct kube *k, const struct kube_right *r, struct buf *rules,
    struct err *e)
{
	const char **verbs = text_split(k->pool, r->verbs, NULL);
	struct buf lacks = buf_new(256);
	bool ok = true, yes = false;

	for (; ok && *verbs != NULL; verbs++) {
		ok = is_allowed(k, r, *verbs, &yes, e);
		if (ok && !yes)
			buf_printf(&lacks, "%s%s", lacks.len > 0 ? ", " : "",
			    *verbs);
	}
	if (ok && lacks.len > 0) {
		const struct kube_right missing = { r->group, r->resource,
		    buf_str(&lacks) };

		buf_printf(rules, "%s\n", rule(k, &missing));
	}
	buf_free(&lacks);
	return ok;
}

bool
kube_find_missing(struct kube *k, const struct kube_right *needs,
    struct buf *rules, struct err *e)
{
	for (; needs->resource != NULL; needs++)
		if (!add_missing(k, needs, rules, e))
			return false;
	return true;
}

/* ---- what objects say ---- */

/* A Deployment has its pods' spec in a template, a Pod has it itself. */
static const struct json *
pod_spec(const struct json *object)
{
	const struct json *spec = json_at(object, "spec.template.spec");

	return spec != NULL ? spec : json_at(object, "spec");
}

/* The first ConfigMap of one volume. */
static const char *
configmap_of(const struct json *volume)
{
	const struct json *s = json_first(json_at(volume,
	    "projected.sources"));
	const char *name = json_str(volume, "configMap.name");

	for (; name == NULL && s != NULL; s = json_next(s))
		name = json_str(s, "configMap.name");
	return name;
}

const char *
kube_mounted_configmap(const struct json *object, const char *volume)
{
	const struct json *v = json_first(json_at(pod_spec(object),
	    "volumes"));

	while (v != NULL && !text_same(json_str(v, "name"), volume))
		v = json_next(v);
	return v != NULL ? configmap_of(v) : NULL;
}

const char *
kube_data(const struct json *configmap, const char *file)
{
	return json_str(json_get(json_at(configmap, "data"), file), "");
}

/* One variable of a container ("": any), or NULL. */
static const struct json *
find_variable(const struct json *object, const char *container,
    const char *name)
{
	const struct json *c = json_first(json_at(pod_spec(object),
	    "containers"));

	for (; c != NULL; c = json_next(c)) {
		const struct json *v = json_first(json_at(c, "env"));

		if (container[0] != '\0'
		    && !text_same(json_str(c, "name"), container))
			continue;
		for (; v != NULL; v = json_next(v))
			if (text_same(json_str(v, "name"), name))
				return v;
	}
	return NULL;
}

const char *
kube_env(const struct json *object, const char *container, const char *name)
{
	return json_str(find_variable(object, container, name), "value");
}

bool
kube_sets_env(const struct json *object, const char *container,
    const char *name)
{
	return find_variable(object, container, name) != NULL;
}

static long
count_at(const struct json *object, const char *path, long absent)
{
	double n;

	return json_num(object, path, &n) ? (long)n : absent;
}

/* The Progressing condition with which the controller gives up. */
static bool
gave_up(const struct json *deployment, struct buf *why)
{
	const struct json *c = json_first(json_at(deployment,
	    "status.conditions"));

	for (; c != NULL; c = json_next(c)) {
		const char *words = json_str(c, "message");

		if (!text_same(json_str(c, "type"), "Progressing")
		    || !text_same(json_str(c, "status"), "False"))
			continue;
		buf_printf(why, "it gave up: %s", words != NULL ? words
		    : "ProgressDeadlineExceeded");
		return true;
	}
	return false;
}

bool
kube_is_ready(const struct json *d, struct buf *why)
{
	long want = count_at(d, "spec.replicas", 1);
	long updated = count_at(d, "status.updatedReplicas", 0);
	long available = count_at(d, "status.availableReplicas", 0);
	long all = count_at(d, "status.replicas", 0);

	if (count_at(d, "status.observedGeneration", 0)
	    < count_at(d, "metadata.generation", 0))
		return !buf_puts(why, "its change is not yet seen by the"
		    " controller");
	if (gave_up(d, why))
		return false;
	if (updated != want)
		return !buf_printf(why, "%ld of %ld replicas are updated",
		    updated, want);
	if (all != want)
		return !buf_printf(why, "%ld old replicas are still there",
		    all - want);
	if (available != want)
		return !buf_printf(why, "%ld of %ld replicas are available",
		    available, want);
	return true;
}

bool
kube_is_rolling(const struct json *d)
{
	long updated = count_at(d, "status.updatedReplicas", 0);

	return count_at(d, "status.observedGeneration", 0)
	    < count_at(d, "metadata.generation", 0)
	    || count_at(d, "status.replicas", 0) > updated
	    || count_at(d, "spec.replicas", 1) > updated;
}

/* One container's status; `kind` is "container" or "init container". */
static bool
say_container(const struct json *pod, const struct json *status,
    const char *kind, struct buf *out)
{
	const struct json *wait = json_at(status, "state.waiting");
	const struct json *end = json_at(status, "state.terminated");
	const char *pod_name = json_str(pod, "metadata.name");
	const char *name = json_str(status, "name");
	const char *reason, *words;
	double code = 0;

	if (wait == NULL && (!json_num(end, "exitCode", &code) || code == 0))
		return false;
	reason = json_str(wait != NULL ? wait : end, "reason");
	words = json_str(wait != NULL ? wait : end, "message");
	buf_printf(out, "%s: %s %s %s: %s",
	    pod_name != NULL ? pod_name : "?", kind,
	    name != NULL ? name : "?", wait != NULL ? "waits" : "ended",
	    reason != NULL ? reason : "without a reason");
	if (wait == NULL)
		buf_printf(out, ", exit status %.0f", code);
	if (!text_empty(words))
		buf_printf(out, " (%.200s)", words);
	buf_putc(out, '\n');
	return true;
}

static bool
say_containers(const struct json *pod, const char *path, const char *kind,
    struct buf *out)
{
	const struct json *s = json_first(json_at(pod, path));
	bool said = false;

	for (; s != NULL; s = json_next(s))
		said = say_container(pod, s, kind, out) || said;
	return said;
}

/* Not even on a node: the PodScheduled condition says why. */
static bool
say_unscheduled(const struct json *pod, struct buf *out)
{
	const struct json *c = json_first(json_at(pod, "status.conditions"));
	const char *name = json_str(pod, "metadata.name");

	for (; c != NULL; c = json_next(c)) {
		const char *words = json_str(c, "message");

		if (!text_same(json_str(c, "type"), "PodScheduled")
		    || !text_same(json_str(c, "status"), "False"))
			continue;
		buf_printf(out, "%s: no node takes it (%.200s)\n",
		    name != NULL ? name : "?",
		    words != NULL ? words : "no reason given");
		return true;
	}
	return false;
}

bool
kube_say_waiting(const struct json *pod, struct buf *out)
{
	bool init = say_containers(pod, "status.initContainerStatuses",
	    "init container", out);
	bool main = say_containers(pod, "status.containerStatuses",
	    "container", out);
	bool node = say_unscheduled(pod, out);

	return init || main || node;
}
