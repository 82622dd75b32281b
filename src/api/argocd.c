/*
 * argocd - requests to Argo CD's REST API, and the patience they need.
 */
#include "api/argocd.h"

#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

enum {
	TIMEOUT = 30,			/* seconds of a plain request */
	REFRESH_TIMEOUT = 120,		/* the server itself has no limit */
	APP_MAX = 64 * 1024 * 1024,
	POLL_FIRST = 1000,		/* ms */
	POLL_LAST = 10 * 1000,
	TELL_EVERY = 2 * 60 * 1000,	/* ms without news */
	OUTAGE = 10 * 60,		/* s without it that a wait survives */
	ASKS = 3,			/* for a sync, after unclear answers */
	SURE = 3,			/* looks that must show an error */
	NAMED = 5,			/* resources that an error names */
};

struct argocd {
	struct pool *pool;
	struct http *http;
	const char *server, *authorization, *name, *project;
	struct json *now, *before;	/* the last two looks */
	char unwell[256];
};

static const char *
encode(struct pool *p, const char *s)
{
	struct buf b = buf_new(4096);
	const char *out;

	text_percent(&b, s);
	out = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return out;
}

struct argocd *
argocd_open(const struct argocd_open *o, struct err *e)
{
	struct pool *p = pool_new();
	struct argocd *a = pool_alloc(p, sizeof(*a));
	size_t n = strlen(o->server);

	while (n > 0 && o->server[n - 1] == '/')
		n--;
	a->pool = p;
	a->server = pool_strndup(p, o->server, n);
	a->authorization = pool_printf(p, "Bearer %s", o->token);
	a->name = pool_strdup(p, o->application);
	a->project = pool_strdup(p, o->project);
	a->http = http_open(o->ca_file, o->dns_servers, e);
	if (a->http != NULL)
		return a;
	argocd_close(a);
	return NULL;
}

void
argocd_close(struct argocd *a)
{
	if (a == NULL)
		return;
	http_close(a->http);
	json_free(a->now);
	json_free(a->before);
	pool_free(a->pool);
}

/* ---- one request ---- */

struct ask {
	const char *method, *path, *body;
	const char *right;		/* that the token's role needs */
	long timeout;
	clock_ms deadline;
};

static bool
tell_status(struct argocd *a, struct pool *p, const char *what,
    const struct http_reply *r, struct err *e)
{
	struct json *j = reply_json(r, what, e);
	const char *words;

	if (j == NULL)
		return false;
	words = reply_line(p, json_str(j, "message"));
	json_free(j);
	switch (r->status) {
	case 401:
		return err_set(e, ERR_DENIED, "%s: the token is refused: it"
		    " is expired, revoked, or no JWT (%s)", what, words);
	case 403:
		return err_set(e, ERR_DENIED, "%s: %s", what, words);
	case 404:
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such"
		    " application in project %s (%s)", what, a->project,
		    words);
	case 409:
		return err_set(e, ERR_CONFLICT, "%s: %s", what, words);
	default:
		return err_set(e, ERR_OTHER, "%s: HTTP %ld: %s", what,
		    r->status, words);
	}
}

/* Send it and read the answer as JSON; NULL and an error for anything but
 * 200. *unclear: it may have acted all the same. *status: a refusal's, or 0.
 */
static struct json *
send_ask(struct argocd *a, const struct ask *ask, bool *unclear,
    long *status, struct err *e)
{
	static const char *const headers[] = {
		"Accept: application/json", NULL
	};
	struct pool *p = pool_new();
	const char *what = pool_printf(p, "application %s at %s", a->name,
	    a->server);
	const struct http_request rq = {
		.method = ask->method, .headers = headers,
		.url = pool_printf(p, "%s%s", a->server, ask->path),
		.authorization = a->authorization, .body = ask->body,
		.body_len = ask->body != NULL ? strlen(ask->body) : 0,
		.timeout = ask->timeout > 0 ? ask->timeout : TIMEOUT,
		.deadline = ask->deadline, .reply_max = APP_MAX,
	};
	struct http_reply r;
	struct json *j = NULL;

	*unclear = false;
	*status = 0;
	if (!http_send(a->http, p, &rq, &r, e)) {
		*unclear = !http_unsent(a->http);
		err_within(e, "%s", what);
	} else if (r.status == 200) {
		j = reply_json(&r, what, e);
		*unclear = j == NULL;
	} else {
		*status = r.status;
		*unclear = r.status >= 500;
		tell_status(a, p, what, &r, e);
	}
	pool_free(p);
	return j;
}

/* A question about ourselves: one word of the answer, NULL if there is none;
 * in the pool. */
static const char *
ask_word(struct argocd *a, const char *path, const char *member)
{
	const struct ask q = { .method = "GET", .path = path };
	struct err unseen;
	bool unclear;
	long status;
	struct json *j = send_ask(a, &q, &unclear, &status, &unseen);
	const char *word = pool_strdup(a->pool, json_str(j, member));

	json_free(j);
	return word;
}

/* "yes", "no", or NULL: the server does not say. */
static const char *
find_right(struct argocd *a, const char *right)
{
	return ask_word(a, pool_printf(a->pool, "/api/v1/account/can-i/"
	    "applications/%s/%s/%s", right, encode(a->pool, a->project),
	    encode(a->pool, a->name)), "value");
}

/* Append the line of policy that would give a right, and where it belongs.
 * "proj:default:migrator" is a role of a project, anything else an account. */
static bool
tell_right(struct argocd *a, const char *right, struct err *e)
{
	const char *user = ask_word(a, "/api/v1/session/userinfo",
	    "username");
	bool known = !text_empty(user);
	bool role = !known || text_starts(user, "proj:");
	const struct err said = *e;

	return err_set(e, ERR_DENIED, "%s; add to %s: p, %s, applications,"
	    " %s, %s/%s, allow", said.text, role ? "the policies of the"
	    " token's role in the project" : "policy.csv in argocd-rbac-cm",
	    known ? user : pool_printf(a->pool, "proj:%s:<role>",
	    a->project), right, a->project, a->name);
}

/* The same; where a right is missing, it is named. (A sync window is a 403
 * too, with all rights there.) */
static struct json *
ask(struct argocd *a, const struct ask *ask, bool *unclear, struct err *e)
{
	long status;
	struct json *j = send_ask(a, ask, unclear, &status, e);

	if (status == 403 && ask->right != NULL
	    && !text_same(find_right(a, ask->right), "yes"))
		tell_right(a, ask->right, e);
	return j;
}

bool
argocd_find_version(struct argocd *a, int *major, int *minor, struct err *e)
{
	const struct ask q = {
		.method = "GET", .path = "/api/version",
	};
	bool unclear;
	struct json *j = ask(a, &q, &unclear, e);
	const char *s = json_str(j, "Version");
	char *end;

	if (j == NULL)
		return false;
	*major = *minor = -1;
	if (s != NULL) {
		*major = (int)strtol(s + (*s == 'v'), &end, 10);
		if (*end == '.')
			*minor = (int)strtol(end + 1, &end, 10);
	}
	json_free(j);
	if (*major >= 0 && *minor >= 0)
		return true;
	return err_set(e, ERR_OTHER, "%s: its version can't be read: is it"
	    " Argo CD?", a->server);
}

static const char *
app_path(struct argocd *a, const char *verb, const char *query)
{
	return pool_printf(a->pool, "/api/v1/applications/%s%s?project=%s%s",
	    encode(a->pool, a->name), verb, encode(a->pool, a->project),
	    query);
}

/* What was found is what the handle shows from now on. */
static const struct json *
take_look(struct argocd *a, struct json *app)
{
	json_free(a->before);
	a->before = a->now;
	a->now = app;
	return app;
}

static bool
is_named(const struct json *app, const char *name)
{
	return text_same(json_str(app, "metadata.name"), name);
}

/* One look; within a wait (deadline not 0) an outage is survived. */
static const struct json *
look(struct argocd *a, bool refresh, clock_ms deadline, struct err *e)
{
	clock_ms patience = clock_deadline(OUTAGE);
	const struct ask q = {
		.method = "GET", .right = "get",
		.deadline = deadline != 0 ? clock_sooner(deadline, patience)
		    : 0,
		.path = app_path(a, "", refresh ? "&refresh=normal" : ""),
		.timeout = refresh ? REFRESH_TIMEOUT : TIMEOUT,
	};
	bool unclear;
	struct json *j = ask(a, &q, &unclear, e);

	if (j == NULL)
		return NULL;
	if (!is_named(j, a->name)) {
		json_free(j);
		err_set(e, ERR_OTHER, "%s: the answer is not application %s",
		    a->server, a->name);
		return NULL;
	}
	return take_look(a, j);
}

const struct json *
argocd_find(struct argocd *a, bool refresh, struct err *e)
{
	return look(a, refresh, 0, e);
}

struct json *
argocd_find_all(struct argocd *a, struct err *e)
{
	const struct ask q = { .method = "GET", .path = pool_printf(a->pool,
		"/api/v1/applications?projects=%s", encode(a->pool,
		a->project)), .timeout = REFRESH_TIMEOUT };
	bool unclear;

	return ask(a, &q, &unclear, e);
}

const struct json *
argocd_find_in(struct argocd *a, const struct json *all)
{
	for (const struct json *app = json_first(json_at(all, "items"));
	    app != NULL; app = json_next(app))
		if (is_named(app, a->name))
			return take_look(a, json_copy(app));
	return NULL;
}

bool
argocd_check_right(struct argocd *a, const char *right, struct err *e)
{
	if (!text_same(find_right(a, right), "no"))
		return true;
	err_set(e, ERR_DENIED, "application %s at %s: the token may not %s"
	    " it", a->name, a->server, right);
	return tell_right(a, right, e);
}

bool
argocd_is_automated(const struct json *app, bool knows_enabled)
{
	bool enabled = true;

	if (!json_is_object(json_at(app, "spec.syncPolicy.automated")))
		return false;
	json_bool(app, "spec.syncPolicy.automated.enabled", &enabled);
	return enabled || !knows_enabled;
}

/*
 * Before an instance's first build there are no manifests, and Argo CD then
 * refuses any patch. The whole spec may be put without that check.
 */
static bool
put_spec(struct argocd *a, const struct json *patch, struct err *e)
{
	struct ask q = { .method = "PUT", .right = "update",
		.path = app_path(a, "/spec", "&validate=false") };
	const struct json *app = look(a, false, 0, e);
	struct buf text = buf_new(256 * 1024);
	struct json *spec, *j;
	bool unclear;

	if (app == NULL)
		return false;
	spec = json_copy(json_at(app, "spec"));
	json_merge(spec, json_at(patch, "spec"));
	json_print(spec, false, &text);
	q.body = buf_str(&text);
	j = ask(a, &q, &unclear, e);
	json_free(j);
	json_free(spec);
	buf_free(&text);
	return j != NULL;
}

bool
argocd_patch(struct argocd *a, const struct json *patch, struct err *e)
{
	struct json *body = json_object(), *j;
	struct buf text = buf_new(256 * 1024), inner = buf_new(128 * 1024);
	struct ask q = { .method = "PATCH", .right = "update" };
	struct err why = { 0 };
	bool unclear;

	json_print(patch, false, &inner);
	json_set_str(body, "name", a->name);
	json_set_str(body, "project", a->project);
	json_set_str(body, "patchType", "merge");
	json_set_str(body, "patch", buf_str(&inner));
	json_print(body, false, &text);
	q.path = app_path(a, "", "");
	q.body = buf_str(&text);
	j = ask(a, &q, &unclear, &why);
	json_free(j);
	json_free(body);
	buf_free(&inner);
	buf_free(&text);
	if (j != NULL)
		return true;
	if (strstr(why.text, "Unable to generate manifests") != NULL)
		return put_spec(a, patch, e);
	*e = why;
	return false;
}

/* ---- how it stands ---- */

static bool
is_operating(const struct json *app)
{
	const char *phase = json_str(app, "status.operationState.phase");

	return !json_is_null(app, "operation")
	    || text_same(phase, "Running") || text_same(phase, "Terminating");
}

/* What the running, or the last, operation was asked to sync to. */
static const char *
operation_revision(const struct json *app)
{
	static const char *const places[] = {
		"operation.sync.revision",
		"status.operationState.syncResult.revision",
		"status.operationState.operation.sync.revision",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *s = json_str(app, places[i]);

		if (!text_empty(s))
			return s;
	}
	return NULL;
}

static long long
moment(const struct json *app, const char *path)
{
	const char *s = json_str(app, path);

	return s != NULL ? (long long)clock_parse(s) : -1;
}

/* Health is stale until the reconciliation after the operation's end. */
static bool
is_reconciled(const struct json *app)
{
	return moment(app, "status.reconciledAt")
	    >= moment(app, "status.operationState.finishedAt");
}

static bool
is_well(const struct json *app)
{
	return text_same(json_str(app, "status.sync.status"), "Synced")
	    && text_same(json_str(app, "status.health.status"), "Healthy");
}

const char *
argocd_revision(const struct json *app)
{
	const char *s = json_str(app, "status.sync.revision");

	return text_empty(s) ? NULL : s;
}

const char *
argocd_deployed(const struct json *app)
{
	const struct json *h = json_at(app, "status.history");

	return json_str(json_item(h, json_len(h) - 1), "revision");
}

enum argocd_where
argocd_judge(const struct json *app, const char *revision)
{
	const char *phase = json_str(app, "status.operationState.phase");
	bool same = text_same(operation_revision(app), revision);

	if (is_operating(app))
		return same ? ARGOCD_RUNNING : ARGOCD_BUSY;
	if (same && phase != NULL && strcmp(phase, "Succeeded") != 0)
		return ARGOCD_FAILED;
	if (is_well(app) && is_reconciled(app)
	    && (same || text_same(argocd_revision(app), revision)))
		return ARGOCD_READY;
	if (same && is_reconciled(app)
	    && text_same(json_str(app, "status.sync.status"), "OutOfSync")
	    && text_same(argocd_revision(app), revision))
		return ARGOCD_DRIFTED;
	return same ? ARGOCD_ROLLING : ARGOCD_AWAY;
}

static const char *
health_of(const struct json *resource)
{
	return json_str(resource, "health.status");
}

static bool
is_unwell(const struct json *resource)
{
	const char *health = health_of(resource);

	return health != NULL && strcmp(health, "Healthy") != 0;
}

const char *
argocd_unwell(struct argocd *a, int i)
{
	const struct json *r = json_first(json_at(a->now,
	    "status.resources"));
	struct buf b = buf_new(sizeof(a->unwell) - 1);

	for (; r != NULL; r = json_next(r)) {
		const char *kind = json_str(r, "kind");
		const char *name = json_str(r, "name");

		if (!is_unwell(r) || kind == NULL || name == NULL || i-- > 0)
			continue;
		buf_printf(&b, "%s/%s", kind, name);
		memcpy(a->unwell, buf_str(&b), strlen(buf_str(&b)) + 1);
		buf_free(&b);
		return a->unwell;
	}
	return NULL;
}

/* ---- sync ---- */

static const char *
sync_body(struct argocd *a, const char *revision, bool prune)
{
	struct json *body = json_object(), *strategy = json_object();
	struct buf text = buf_new(16 * 1024);
	const char *s;

	json_set_str(body, "name", a->name);
	json_set_str(body, "project", a->project);
	json_set_str(body, "revision", revision);
	json_set_bool(body, "prune", prune);
	/* its own syncOptions are kept only if none are given */
	json_add(body, "strategy", strategy);
	json_set_bool(json_add(strategy, "hook", json_object()), "force",
	    false);
	json_print(body, false, &text);
	s = pool_strdup(a->pool, buf_str(&text));
	buf_free(&text);
	json_free(body);
	return s;
}

/* Words of the server that callers act on, or that need explaining. */
static bool
tell_sync_refused(struct err *e)
{
	if (strstr(e->text, "another operation is already in progress")
	    != NULL)
		e->kind = ERR_CONFLICT;
	if (strstr(e->text, "auto-sync currently set to") != NULL)
		return err_within(e, "automated sync is on, so no revision"
		    " can be chosen: switch it off first (step"
		    " set-autosync)");
	return false;
}

/* Does the Application show that the sync was taken? */
static bool
shows_sync(struct argocd *a, const char *revision, bool *yes, struct err *e)
{
	const struct json *app = look(a, false, 0, e);
	enum argocd_where w;

	if (app == NULL)
		return false;
	w = argocd_judge(app, revision);
	*yes = w == ARGOCD_RUNNING || w == ARGOCD_ROLLING
	    || w == ARGOCD_READY;
	return true;
}

bool
argocd_sync(struct argocd *a, const char *revision, bool prune,
    struct err *e)
{
	const struct ask q = {
		.method = "POST", .right = "sync",
		.path = app_path(a, "/sync", ""),
		.body = sync_body(a, revision, prune),
	};
	bool unclear = true, taken = false;
	struct err said;

	for (int i = 0; i < ASKS && unclear && !taken; i++) {
		struct json *j = ask(a, &q, &unclear, &said);

		taken = j != NULL;
		json_free(j);
		if (!taken && unclear && !shows_sync(a, revision, &taken, e))
			return false;
	}
	if (taken)
		return true;
	*e = said;
	return tell_sync_refused(e);
}

/* ---- waiting ---- */

static long
poll_pause(clock_ms began)
{
	long ms = (long)((clock_now() - began) / 8);

	return ms < POLL_FIRST ? POLL_FIRST : ms > POLL_LAST ? POLL_LAST : ms;
}

bool
argocd_await_idle(struct argocd *a, clock_ms deadline, struct err *e)
{
	clock_ms began = clock_now();
	const struct json *app;

	while ((app = look(a, false, deadline, e)) != NULL
	    && is_operating(app))
		if (!clock_pause_until(deadline, poll_pause(began)))
			return err_set(e, ERR_TIMEOUT, "application %s: an"
			    " operation for %s is still running after %lld s",
			    a->name, operation_revision(app) != NULL
			    ? operation_revision(app) : "another revision",
			    (clock_now() - began) / 1000);
	return app != NULL;
}

static bool
is_same_resource(const struct json *a, const struct json *b)
{
	return text_same(json_str(a, "kind"), json_str(b, "kind"))
	    && text_same(json_str(a, "name"), json_str(b, "name"))
	    && text_same(json_str(a, "namespace"), json_str(b, "namespace"))
	    && text_same(json_str(a, "group"), json_str(b, "group"));
}

/* The same resource in the look before. */
static const struct json *
as_before(struct argocd *a, const struct json *resource)
{
	const struct json *r = json_first(json_at(a->before,
	    "status.resources"));

	while (r != NULL && !is_same_resource(r, resource))
		r = json_next(r);
	return r;
}

/* Log what has changed since the look before; true if anything has. */
static bool
tell_resources(struct argocd *a)
{
	const struct json *r = json_first(json_at(a->now,
	    "status.resources"));
	bool news = false;

	for (; r != NULL; r = json_next(r)) {
		const char *was = health_of(as_before(a, r));
		const char *is = health_of(r);

		if (is == NULL || text_same(was, is))
			continue;
		log_info("%s %s: %s%s%s", json_str(r, "kind"),
		    json_str(r, "name"), is, was != NULL ? ", was " : "",
		    was != NULL ? was : "");
		news = true;
	}
	return news;
}

static void
tell_progress(struct argocd *a, clock_ms began, clock_ms *told)
{
	const struct json *r = json_first(json_at(a->now,
	    "status.resources"));
	int all = 0, well = 0;
	const char *health = json_str(a->now, "status.health.status");
	const char *sync = json_str(a->now, "status.sync.status");

	if (tell_resources(a))
		*told = clock_now();
	if (clock_now() - *told < TELL_EVERY)
		return;
	for (; r != NULL; r = json_next(r)) {
		all += health_of(r) != NULL;
		well += health_of(r) != NULL && !is_unwell(r);
	}
	log_info("%s: %s, %s, %d of %d resources healthy after %lld s",
	    a->name, sync != NULL ? sync : "?", health != NULL ? health : "?",
	    well, all, (clock_now() - began) / 1000);
	*told = clock_now();
}

/* Append ": kind name is <health>: <message>; ..." for what is not well. */
static void
name_unwell(struct argocd *a, struct buf *out)
{
	const struct json *r = json_first(json_at(a->now,
	    "status.resources"));
	struct pool *p = pool_new();
	int n = 0;

	for (; r != NULL && n < NAMED; r = json_next(r)) {
		const char *words = json_str(r, "health.message");

		if (!is_unwell(r))
			continue;
		buf_printf(out, "%s%s %s is %s", n++ == 0 ? ": " : "; ",
		    json_str(r, "kind"), json_str(r, "name"), health_of(r));
		if (!text_empty(words))
			buf_printf(out, " (%s)", reply_line(p, words));
	}
	pool_free(p);
}

/* The operation's message and the resources that it could not apply. */
static bool
tell_operation(struct argocd *a, const char *revision, struct err *e)
{
	const struct json *r = json_first(json_at(a->now,
	    "status.operationState.syncResult.resources"));
	struct pool *p = pool_new();
	struct buf more = buf_new(1500);
	int n = 0;

	for (; r != NULL && n < NAMED; r = json_next(r)) {
		if (!text_same(json_str(r, "status"), "SyncFailed")
		    && !text_same(json_str(r, "hookPhase"), "Failed")
		    && !text_same(json_str(r, "hookPhase"), "Error"))
			continue;
		buf_printf(&more, "; %s %s: %s", json_str(r, "kind"),
		    json_str(r, "name"),
		    reply_line(p, json_str(r, "message")));
		n++;
	}
	err_set(e, ERR_OTHER, "application %s: the sync to %.12s ended with"
	    " %s: %s%s", a->name, revision,
	    json_str(a->now, "status.operationState.phase"), reply_line(p,
	    json_str(a->now, "status.operationState.message")),
	    buf_str(&more));
	buf_free(&more);
	pool_free(p);
	return false;
}

/* A resource that was in order, or on its way, and no longer is; or one that
 * the sync has made, and that failed before it was seen. */
static bool
has_degraded(struct argocd *a, const struct json *resource, bool rolling)
{
	const char *was = health_of(as_before(a, resource));

	if (!text_same(health_of(resource), "Degraded"))
		return false;
	if (was == NULL)
		return rolling && a->before != NULL && is_reconciled(a->now);
	return strcmp(was, "Degraded") != 0 && strcmp(was, "Unknown") != 0;
}

static bool
check_degraded(struct argocd *a, enum argocd_where w, struct err *e)
{
	const struct json *r = json_first(json_at(a->now,
	    "status.resources"));

	for (; r != NULL; r = json_next(r)) {
		struct buf why = buf_new(1500);

		if (!has_degraded(a, r, w == ARGOCD_ROLLING
		    || w == ARGOCD_DRIFTED))
			continue;
		name_unwell(a, &why);
		err_set(e, ERR_OTHER, "application %s is degraded%s", a->name,
		    buf_str(&why));
		buf_free(&why);
		return false;
	}
	return true;
}

/* Manifests that can't be made, or a wrong spec: no waiting mends that. It
 * must be seen more than once, as the first may be of before. */
static bool
check_conditions(struct argocd *a, int *seen, struct err *e)
{
	const struct json *c = json_first(json_at(a->now,
	    "status.conditions"));
	struct pool *p;

	while (c != NULL && (json_str(c, "type") == NULL
	    || !text_ends(json_str(c, "type"), "Error")))
		c = json_next(c);
	*seen = c != NULL ? *seen + 1 : 0;
	if (*seen < SURE)
		return true;
	p = pool_new();
	err_set(e, ERR_OTHER, "application %s: %s: %s", a->name,
	    json_str(c, "type"), reply_line(p, json_str(c, "message")));
	pool_free(p);
	return false;
}

/* Somebody had something else synced while we waited. */
static bool
check_ours(struct argocd *a, enum argocd_where w, const char *revision,
    int *seen, struct err *e)
{
	const char *other = operation_revision(a->now);

	*seen = w == ARGOCD_AWAY ? *seen + 1 : 0;
	return *seen < SURE || err_set(e, ERR_CONFLICT, "application %s: the"
	    " last sync was to %.12s, not to %.12s: did somebody else sync it?"
	    " Run this step again", a->name, other != NULL ? other
	    : "something else", revision);
}

/* The sync is done, but the branch has moved on to other manifests. */
static bool
check_moved(struct argocd *a, const char *revision, int *seen, struct err *e)
{
	const char *at = argocd_revision(a->now);
	bool moved = at != NULL && strcmp(at, revision) != 0
	    && is_reconciled(a->now) && text_same(json_str(a->now,
	    "status.sync.status"), "OutOfSync");

	*seen = moved ? *seen + 1 : 0;
	return *seen < SURE || err_set(e, ERR_CONFLICT, "application %s: %.12s"
	    " was deployed, but the branch has moved on to %.12s, which is"
	    " something else: run this step again with that revision",
	    a->name, revision, at);
}

static bool
tell_late(struct argocd *a, const char *revision, clock_ms began,
    struct err *e)
{
	struct buf why = buf_new(1500);
	const char *health = json_str(a->now, "status.health.status");
	const char *sync = json_str(a->now, "status.sync.status");

	name_unwell(a, &why);
	err_set(e, ERR_TIMEOUT, "application %s is not ready at %.12s after"
	    " %lld s: %s, %s%s", a->name, revision,
	    (clock_now() - began) / 1000, sync != NULL ? sync : "?",
	    health != NULL ? health : "?", buf_str(&why));
	buf_free(&why);
	return false;
}

bool
argocd_await_ready(struct argocd *a, const char *revision, clock_ms deadline,
    struct err *e)
{
	clock_ms began = clock_now(), told = clock_now();
	int broken = 0, moved = 0, away = 0;

	for (;;) {
		enum argocd_where w;

		if (look(a, broken > 0 || moved > 0, deadline, e) == NULL)
			return false;
		tell_progress(a, began, &told);
		w = argocd_judge(a->now, revision);
		if (w == ARGOCD_READY)
			return true;
		if (w == ARGOCD_FAILED)
			return tell_operation(a, revision, e);
		if (!check_degraded(a, w, e)
		    || !check_conditions(a, &broken, e)
		    || !check_ours(a, w, revision, &away, e)
		    || (w == ARGOCD_ROLLING
		    && !check_moved(a, revision, &moved, e)))
			return false;
		if (!clock_pause_until(deadline, poll_pause(began)))
			return tell_late(a, revision, began, e);
	}
}
