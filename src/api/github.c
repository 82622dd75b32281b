/*
 * github - requests to GitHub's REST API, and what its answers mean.
 */
#include "api/github.h"

#include <assert.h>
#include <string.h>

#include "api/reply.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "net/http.h"

enum {
	PAGE = 100,		/* the most that GitHub gives at once */
	PAGES = 3,		/* of runs that are looked at */
	TIMEOUT = 30,		/* seconds of one request */
	FAILED_MAX = 3,		/* jobs that an error names */
	POLL_FIRST = 1000,	/* ms; the token has 1,000 requests an hour */
	POLL_LAST = 30 * 1000,
	TELL_EVERY = 5 * 60 * 1000,	/* ms without news */
	OUTAGE = 10 * 60,	/* s without GitHub that a wait survives */
	FILE_MAX = 1024 * 1024,
};

struct github {
	struct pool *pool;
	struct http *http;
	const char *base;	/* <api_url>/repos/<owner>/<name> */
	const char *authorization;
};

const char github_default_url[] = "$GITHUB_API_URL:-https://api.github.com";

struct github *
github_open(const struct github_open *o, struct err *e)
{
	struct pool *p = pool_new();
	struct github *g = pool_alloc(p, sizeof(*g));
	size_t n = strlen(o->api_url);

	while (n > 0 && o->api_url[n - 1] == '/')
		n--;
	g->pool = p;
	g->base = pool_printf(p, "%.*s/repos/%s", (int)n, o->api_url,
	    o->repository);
	g->authorization = pool_printf(p, "Bearer %s", o->token);
	g->http = http_open(o->ca_file, o->dns_servers, e);
	if (g->http != NULL)
		return g;
	github_close(g);
	return NULL;
}

void
github_close(struct github *g)
{
	if (g == NULL)
		return;
	http_close(g->http);
	pool_free(g->pool);
}

struct pool *
github_pool(struct github *g)
{
	return g->pool;
}

/* ---- one request ---- */

struct ask {
	const char *method, *path;	/* path: below the repository */
	const char *body;
	const char *what;		/* for errors: "branch main" */
	const char *right;		/* permission that it needs */
	bool raw;			/* a file's bytes, not JSON */
	clock_ms deadline;
};

static bool
send_ask(struct github *g, const struct ask *a, struct http_reply *r,
    struct err *e)
{
	const char *headers[] = {
		a->raw ? "Accept: application/vnd.github.raw+json"
		    : "Accept: application/vnd.github+json",
		"X-GitHub-Api-Version: 2022-11-28", NULL
	};
	const struct http_request rq = {
		.method = a->method, .headers = headers,
		.url = pool_printf(g->pool, "%s%s", g->base, a->path),
		.authorization = g->authorization, .body = a->body,
		.body_len = a->body != NULL ? strlen(a->body) : 0,
		.timeout = TIMEOUT, .deadline = a->deadline,
	};

	return http_send(g->http, g->pool, &rq, r, e)
	    || err_within(e, "%s", a->what);
}

/* Words of an error body: its message and the first of its errors. */
static const char *
words_of(struct github *g, const struct json *j)
{
	const char *more = json_str(j, "errors[0].message");

	if (more == NULL)
		more = json_str(j, "errors[0]");
	return pool_printf(g->pool, "%s%s%s",
	    reply_line(g->pool, json_str(j, "message")),
	    more != NULL ? ": " : "", reply_line(g->pool, more));
}

/* Make the error that a reply without success is. */
static bool
tell_status(struct github *g, const struct ask *a, const struct http_reply *r,
    struct err *e)
{
	struct json *j;
	const char *words;
	long limited = http_rate_limited(r);

	if (limited > 0)
		return err_set(e, ERR_OTHER, "%s: GitHub's rate limit is used"
		    " up: again in %ld s", a->what, limited);
	j = reply_json(r, a->what, e);
	if (j == NULL)
		return false;
	words = words_of(g, j);
	json_free(j);
	switch (r->status) {
	case 401:
		return err_set(e, ERR_DENIED, "%s: the token is refused: %s",
		    a->what, words);
	case 403:
		return err_set(e, ERR_DENIED, "%s: %s (the token needs \"%s\""
		    " in permissions:)", a->what, words, a->right);
	case 404:
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such thing,"
		    " or the token may not see it (\"%s\")", a->what,
		    a->right);
	case 301:
	case 302:
	case 307:
		return err_set(e, ERR_OTHER, "%s: the repository was renamed"
		    " or moved: give its new name", a->what);
	default:
		return err_set(e, reply_kind(r->status), "%s: HTTP %ld: %s",
		    a->what, r->status, words);
	}
}

/* A GET whose answer is JSON; to be freed. */
static struct json *
get(struct github *g, const struct ask *a, struct err *e)
{
	struct ask ask = *a;
	struct http_reply r;

	ask.method = "GET";
	if (!send_ask(g, &ask, &r, e))
		return NULL;
	if (r.status == 200)
		return reply_json(&r, a->what, e);
	tell_status(g, &ask, &r, e);
	return NULL;
}

/* A path's part, percent-encoded, '/' kept. */
static const char *
encode(struct github *g, const char *s)
{
	struct buf b = buf_new(16 * 1024);
	const char *out;

	for (size_t n; *s != '\0'; s += n) {
		n = strcspn(s, "/");
		text_percent(&b, pool_strndup(g->pool, s, n));
		if (s[n] == '/')
			buf_putc(&b, s[n++]);
	}
	out = pool_strdup(g->pool, buf_str(&b));
	buf_free(&b);
	return out;
}

/* As a value of the query: '/' too. */
static const char *
encode_value(struct github *g, const char *s)
{
	struct buf b = buf_new(16 * 1024);
	const char *out;

	text_percent(&b, s);
	out = pool_strdup(g->pool, buf_str(&b));
	buf_free(&b);
	return out;
}

static const char *
copy(struct github *g, const struct json *j, const char *path)
{
	const char *s = json_str(j, path);

	return s != NULL ? pool_strdup(g->pool, s) : "";
}

/* ---- branch, commits, files ---- */

static bool
is_sha(const char *s)
{
	return strlen(s) == 40 && strspn(s, "0123456789abcdef") == 40;
}

const char *
github_find_head(struct github *g, const char *branch, struct err *e)
{
	const struct ask a = {
		.path = pool_printf(g->pool, "/branches/%s",
		    encode(g, branch)),
		.what = pool_printf(g->pool, "branch %s", branch),
		.right = "contents: read",
	};
	struct json *j = get(g, &a, e);
	const char *sha;

	if (j == NULL)
		return NULL;
	sha = copy(g, j, "commit.sha");
	json_free(j);
	if (is_sha(sha))
		return sha;
	err_set(e, ERR_OTHER, "%s: the answer holds no commit", a.what);
	return NULL;
}

static struct json *
compare(struct github *g, const char *base, const char *head, struct err *e)
{
	const struct ask a = {
		.path = pool_printf(g->pool, "/compare/%s...%s?per_page=1",
		    encode(g, base), encode(g, head)),
		.what = pool_printf(g->pool, "commits %.12s and %.12s", base,
		    head),
		.right = "contents: read",
	};

	return get(g, &a, e);
}

bool
github_contains(struct github *g, const char *commit, const char *ancestor,
    bool *yes, struct err *e)
{
	struct json *j;
	const char *status;

	*yes = strcmp(commit, ancestor) == 0;
	if (*yes)
		return true;
	j = compare(g, ancestor, commit, e);
	if (j == NULL)
		return false;
	status = json_str(j, "status");
	*yes = text_same(status, "ahead") || text_same(status, "identical");
	json_free(j);
	return true;
}

bool
github_find_changes(struct github *g, const char *base, const char *head,
    struct github_files *out, struct err *e)
{
	struct json *j = compare(g, base, head, e);
	const struct json *files = json_at(j, "files");
	const char **v;

	if (j == NULL)
		return false;
	v = pool_alloc(g->pool, ((size_t)json_len(files) + 1) * sizeof(*v));
	*out = (struct github_files){ .path = v };
	for (const struct json *f = json_first(files); f != NULL;
	    f = json_next(f))
		v[out->n++] = copy(g, f, "filename");
	json_free(j);
	return true;
}

bool
github_find_commits(struct github *g, const char *from, const char *path,
    int most, struct github_commits *out, struct err *e)
{
	const struct ask a = {
		.path = pool_printf(g->pool, "/commits?sha=%s&path=%s"
		    "&per_page=%d", encode_value(g, from),
		    encode_value(g, path), most),
		.what = pool_printf(g->pool, "commits of %s", path),
		.right = "contents: read",
	};
	struct json *j = get(g, &a, e);
	struct github_commit *v;

	if (j == NULL)
		return false;
	v = pool_alloc(g->pool, ((size_t)json_len(j) + 1) * sizeof(*v));
	*out = (struct github_commits){ .v = v };
	for (const struct json *c = json_first(j); c != NULL;
	    c = json_next(c)) {
		const char *date = json_str(c, "commit.committer.date");
		time_t when = date != NULL ? clock_parse(date) : -1;

		v[out->n++] = (struct github_commit){
			.sha = copy(g, c, "sha"),
			.message = copy(g, c, "commit.message"),
			.author = copy(g, c, "commit.author.name"),
			.date = when > 0 ? (long long)when : 0,
		};
	}
	json_free(j);
	return true;
}

bool
github_read_file(struct github *g, const char *at, const char *path,
    struct buf *out, struct err *e)
{
	const struct ask a = {
		.method = "GET", .raw = true,
		.path = pool_printf(g->pool, "/contents/%s?ref=%s",
		    encode(g, path), encode_value(g, at)),
		.what = pool_printf(g->pool, "%s at %.12s", path, at),
		.right = "contents: read",
	};
	struct http_reply r;

	if (!send_ask(g, &a, &r, e))
		return false;
	if (r.status != 200)
		return tell_status(g, &a, &r, e);
	if (r.body_len > FILE_MAX)
		return err_set(e, ERR_OTHER, "%s: is larger than %d bytes",
		    a.what, FILE_MAX);
	buf_add(out, r.body, r.body_len);
	return buf_check(out, path, e);
}

/* ---- runs ---- */

bool
github_is_over(const struct github_run *r)
{
	return strcmp(r->status, "completed") == 0;
}

bool
github_is_success(const struct github_run *r)
{
	return github_is_over(r) && strcmp(r->conclusion, "success") == 0;
}

static long long
moment(const struct json *j, const char *path)
{
	const char *s = json_str(j, path);
	time_t t = s != NULL ? clock_parse(s) : -1;

	return t > 0 ? (long long)t : 0;
}

/* An id is a number of more than 31 bits: kept as its digits. */
static const char *
id_of(struct github *g, const struct json *j, const char *path)
{
	struct buf b = buf_new(32);
	const char *id;

	json_scalar(json_at(j, path), &b);
	id = pool_strdup(g->pool, buf_str(&b));
	buf_free(&b);
	return strspn(id, "0123456789") == strlen(id) ? id : "";
}

static struct github_run
read_run(struct github *g, const struct json *j)
{
	return (struct github_run){
		.id = id_of(g, j, "id"),
		.title = copy(g, j, "display_title"),
		.status = copy(g, j, "status"),
		.conclusion = copy(g, j, "conclusion"),
		.head = copy(g, j, "head_sha"),
		.url = copy(g, j, "html_url"),
		.created = moment(j, "created_at"),
		.updated = moment(j, "updated_at"),
	};
}

/* Only dispatched runs of that very branch: the filters of the query are
 * checked again, so that a server that ignores one can't mislead us. */
static bool
is_wanted(const struct json *j, const char *branch)
{
	return text_same(json_str(j, "event"), "workflow_dispatch")
	    && text_same(json_str(j, "head_branch"), branch);
}

static struct json *
get_runs(struct github *g, const char *workflow, const char *branch,
    int page, struct err *e)
{
	const struct ask a = {
		.path = pool_printf(g->pool, "/actions/workflows/%s/runs"
		    "?event=workflow_dispatch&branch=%s&per_page=%d&page=%d",
		    encode_value(g, workflow), encode_value(g, branch), PAGE,
		    page),
		.what = pool_printf(g->pool, "runs of %s", workflow),
		.right = "actions: read",
	};

	return get(g, &a, e);
}

bool
github_find_runs(struct github *g, const char *workflow, const char *branch,
    struct github_runs *out, struct err *e)
{
	struct github_run *v = pool_alloc(g->pool, PAGE * PAGES * sizeof(*v));
	int n = PAGE;

	*out = (struct github_runs){ .v = v };
	for (int page = 1; page <= PAGES && n == PAGE; page++) {
		struct json *j = get_runs(g, workflow, branch, page, e);
		const struct json *list = json_at(j, "workflow_runs");

		if (j == NULL)
			return false;
		n = json_len(list);
		for (const struct json *i = json_first(list); i != NULL
		    && out->n < (size_t)PAGE * PAGES; i = json_next(i))
			if (is_wanted(i, branch))
				v[out->n++] = read_run(g, i);
		json_free(j);
	}
	return true;
}

static bool
get_run(struct github *g, const char *id, clock_ms deadline,
    struct github_run *run, struct err *e)
{
	const struct ask a = {
		.path = pool_printf(g->pool, "/actions/runs/%s", id),
		.what = pool_printf(g->pool, "run %s", id),
		.right = "actions: read", .deadline = deadline,
	};
	struct json *j = get(g, &a, e);

	if (j == NULL)
		return false;
	*run = read_run(g, j);
	json_free(j);
	return strcmp(run->id, id) == 0
	    || err_set(e, ERR_OTHER, "%s: the answer is another run", a.what);
}

static const char *
dispatch_body(struct github *g, const char *ref, const struct json *inputs,
    bool details)
{
	struct json *body = json_object();
	struct buf text = buf_new(128 * 1024);
	const char *s;

	json_set_str(body, "ref", ref);
	json_add(body, "inputs", json_copy(inputs));
	if (details)
		json_set_bool(body, "return_run_details", true);
	json_print(body, false, &text);
	s = pool_strdup(g->pool, buf_str(&text));
	buf_free(&text);
	json_free(body);
	return s;
}

/* Words of GitHub that deserve more than being repeated. */
static bool
tell_refused(struct github *g, const struct ask *a, const struct http_reply *r,
    const char *workflow, struct err *e)
{
	tell_status(g, a, r, e);
	if (r->status == 404)
		err_set(e, ERR_NOT_FOUND, "%s: there is no workflow %s on the"
		    " default branch, or the token may not see the"
		    " repository", a->what, workflow);
	return false;
}

/* Older servers don't know return_run_details, and say so. */
static bool
dislikes_details(const struct http_reply *r)
{
	return (r->status == 400 || r->status == 422)
	    && strstr(r->body, "return_run_details") != NULL;
}

bool
github_dispatch(struct github *g, const char *workflow, const char *ref,
    const struct json *inputs, const char **id, bool *unclear, struct err *e)
{
	struct ask a = {
		.method = "POST",
		.path = pool_printf(g->pool, "/actions/workflows/%s"
		    "/dispatches", encode_value(g, workflow)),
		.what = pool_printf(g->pool, "dispatch of %s", workflow),
		.right = "actions: write",
		.body = dispatch_body(g, ref, inputs, true),
	};
	struct http_reply r;
	struct json *j;

	*id = "";
	*unclear = false;
	if (!send_ask(g, &a, &r, e)) {
		*unclear = !http_unsent(g->http);
		return false;
	}
	if (dislikes_details(&r)) {
		a.body = dispatch_body(g, ref, inputs, false);
		if (!send_ask(g, &a, &r, e)) {
			*unclear = !http_unsent(g->http);
			return false;
		}
	}
	*unclear = r.status >= 500;
	if (r.status != 200 && r.status != 201 && r.status != 204)
		return tell_refused(g, &a, &r, workflow, e);
	if (r.body_len == 0)
		return true;
	/* It was taken: an answer that can't be read only hides the id. */
	j = json_parse(r.body, r.body_len, a.what, &(struct err){ 0 });
	*id = id_of(g, j, "workflow_run_id");
	json_free(j);
	return true;
}

/* A quarter of the time that has passed, so that little is lost at the end
 * and an hour's build costs some 150 requests. */
static long
poll_pause(clock_ms began)
{
	long ms = (long)((clock_now() - began) / 4);

	return ms < POLL_FIRST ? POLL_FIRST : ms > POLL_LAST ? POLL_LAST : ms;
}

static void
tell_progress(const struct github_run *run, const char *before,
    clock_ms began, clock_ms *told)
{
	bool news = strcmp(run->status, before) != 0;

	if (!news && clock_now() - *told < TELL_EVERY)
		return;
	*told = clock_now();
	if (strcmp(run->status, "waiting") == 0)
		log_notice("%s waits for a person to approve it: %s",
		    run->title, run->url);
	else
		log_info("%s: %s%s%s after %lld s", run->title, run->status,
		    run->conclusion[0] != '\0' ? ", " : "", run->conclusion,
		    (clock_now() - began) / 1000);
}

bool
github_await_run(struct github *g, const char *id, clock_ms deadline,
    struct github_run *run, struct err *e)
{
	clock_ms began = clock_now(), told = 0;
	const char *before = "";

	for (;;) {
		if (!get_run(g, id, clock_sooner(deadline,
		    clock_deadline(OUTAGE)), run, e))
			return false;
		tell_progress(run, before, began, &told);
		before = run->status;
		if (github_is_over(run))
			return true;
		if (!clock_pause_until(deadline, poll_pause(began)))
			return err_set(e, ERR_TIMEOUT, "run %s is still %s"
			    " after %lld s: %s", id, run->status,
			    (clock_now() - began) / 1000, run->url);
	}
}

static bool
is_bad(const struct json *part)
{
	const char *c = json_str(part, "conclusion");

	return c != NULL && strcmp(c, "success") != 0
	    && strcmp(c, "skipped") != 0 && strcmp(c, "neutral") != 0;
}

static void
say_job(struct github *g, const struct json *job, struct buf *out)
{
	const struct json *s = json_first(json_at(job, "steps"));

	while (s != NULL && !is_bad(s))
		s = json_next(s);
	buf_printf(out, "%sjob \"%s\"", out->len > 0 ? "; " : "",
	    reply_line(g->pool, json_str(job, "name")));
	if (s != NULL)
		buf_printf(out, ", step \"%s\"",
		    reply_line(g->pool, json_str(s, "name")));
	buf_printf(out, " (%s)",
	    reply_line(g->pool, json_str(job, "conclusion")));
}

bool
github_say_failed(struct github *g, const char *id, struct buf *out,
    struct err *e)
{
	const struct ask a = {
		.path = pool_printf(g->pool, "/actions/runs/%s/jobs"
		    "?filter=latest&per_page=%d", id, PAGE),
		.what = pool_printf(g->pool, "jobs of run %s", id),
		.right = "actions: read",
	};
	struct json *j = get(g, &a, e);
	int said = 0;

	if (j == NULL)
		return false;
	for (const struct json *i = json_first(json_at(j, "jobs"));
	    i != NULL && said < FAILED_MAX; i = json_next(i))
		if (is_bad(i)) {
			say_job(g, i, out);
			said++;
		}
	json_free(j);
	return true;
}

/* ---- environments ---- */

bool
github_find_reviewers(struct github *g, const char *environment, int *n,
    struct err *e)
{
	const struct ask a = {
		.path = pool_printf(g->pool, "/environments/%s",
		    encode_value(g, environment)),
		.what = pool_printf(g->pool, "environment %s", environment),
		.right = "actions: read",
	};
	struct json *j = get(g, &a, e);

	if (j == NULL)
		return false;
	*n = 0;
	for (const struct json *r = json_first(json_at(j,
	    "protection_rules")); r != NULL; r = json_next(r))
		if (text_same(json_str(r, "type"), "required_reviewers"))
			*n += json_len(json_at(r, "reviewers"));
	json_free(j);
	return true;
}
