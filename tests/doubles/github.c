/*
 * The GitHub double: routes, the checks that every request undergoes, the
 * headers that every reply carries, and the record of both.
 */
#include "github.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "github_in.h"
#include "world_fixture.h"
#include "world_http.h"
#include "world_json.h"
#include "world_record.h"
#include "world_set.h"
#include "world_text.h"

struct hub hub;

enum { HOUR = 60 * 60, PAGE_MAX = 100, PAGE_DEFAULT = 30 };

static double used;		/* requests that counted */

static void
rate_limit(const struct request *r, struct reply *p)
{
	cJSON *o = cJSON_CreateObject(), *one;
	double left = knob_num("github.remaining") - used;

	(void)r;
	one = json_make("{\"limit\":5000,\"used\":%.0f,\"remaining\":%.0f,"
	    "\"reset\":%.0f}", used, left, now() + HOUR);
	json_put(o, "resources/core", one);
	json_put(o, "resources/search", cJSON_Duplicate(one, true));
	json_put(o, "rate", cJSON_Duplicate(one, true));
	reply_json(p, 200, o);
}

#define REPO "/repos/{}/{}"
static const struct route routes[] = {
	{ "GET", "/rate_limit", rate_limit },
	{ "GET", REPO, repo_get },
	{ "GET", REPO "/branches/{}", repo_branch },
	{ "GET", REPO "/commits", repo_list_commits },
	{ "GET", REPO "/commits/{*}", repo_get_commit },
	{ "GET", REPO "/compare/{*}", repo_compare },
	{ "GET", REPO "/contents", repo_contents },
	{ "GET", REPO "/contents/{*}", repo_contents },
	{ "GET", REPO "/git/ref/{*}", repo_ref },
	{ "GET", REPO "/environments", repo_environments },
	{ "GET", REPO "/environments/{}", repo_environment },
	{ "GET", REPO "/actions/workflows", runs_workflows },
	{ "GET", REPO "/actions/workflows/{}", runs_workflow },
	{ "GET", REPO "/actions/workflows/{}/runs", runs_list_of },
	{ "POST", REPO "/actions/workflows/{}/dispatches", runs_dispatch },
	{ "GET", REPO "/actions/runs", runs_list },
	{ "GET", REPO "/actions/runs/{}", runs_get },
	{ "GET", REPO "/actions/runs/{}/jobs", runs_jobs },
	{ "GET", REPO "/actions/runs/{}/pending_deployments", runs_pending },
	{ "POST", REPO "/actions/runs/{}/cancel", runs_cancel },
	{ "POST", REPO "/actions/runs/{}/force-cancel", runs_cancel },
	{ "GET", REPO "/actions/jobs/{}", runs_job },
	{ NULL, NULL, NULL }
};

void
hub_fail(struct reply *p, int status, const char *fmt, ...)
{
	cJSON *o = cJSON_CreateObject();
	char *code = text_make("%d", status), message[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	json_puts(o, "message", message);
	json_puts(o, "documentation_url", "https://docs.github.com/rest");
	json_puts(o, "status", code);
	free(code);
	reply_json(p, status, o);
}

bool
hub_may(struct reply *p, const char *permission)
{
	const char *have = knob("github.permissions");
	const char *colon = strchr(permission, ':');
	char *strong = text_make("%.*s:write", (int)(colon - permission),
	    permission);
	bool ok = word_in(permission, have) || word_in(strong, have);

	free(strong);
	if (!ok)
		hub_fail(p, 403, "Resource not accessible by integration");
	return ok;
}

bool
hub_here(const struct request *r, struct reply *p)
{
	if (strcasecmp(r->arg[0], hub.owner) == 0
	    && strcasecmp(r->arg[1], hub.name) == 0)
		return true;
	hub_fail(p, 404, "Not Found");
	return false;
}

cJSON *
hub_words(void)
{
	cJSON *words = cJSON_CreateObject();

	json_puts(words, "OWNER", hub.owner);
	json_puts(words, "REPO", hub.name);
	json_puts(words, "BRANCH", hub.branch);
	return words;
}

cJSON *
hub_user(const char *login)
{
	cJSON *words = cJSON_CreateObject(), *user;
	struct text path = { 0 };

	json_puts(words, "LOGIN", login);
	for (const char *c = login; *c != '\0'; c++) {
		if (*c == '[' || *c == ']')
			text_add(&path, "%%%02X", (unsigned char)*c);
		else
			text_bytes(&path, c, 1);
	}
	json_puts(words, "PATH", text_str(&path));
	text_free(&path);
	user = fixture("github/user.json", words);
	cJSON_Delete(words);
	return user;
}

cJSON *
hub_repository(void)
{
	cJSON *words = hub_words();
	cJSON *repo = fixture("github/repo.json", words);

	cJSON_Delete(words);
	json_put(repo, "owner", hub_user(hub.owner));
	return repo;
}

/* --- pages ------------------------------------------------------------- */

/* A whole number of the query within [1, max], or the default. */
static int
query_count(const struct request *r, const char *name, int dflt, int max)
{
	const char *s = query(r, name);
	long n = s != NULL ? strtol(s, NULL, 10) : dflt;

	return n < 1 ? dflt : n > max ? max : (int)n;
}

static void
link_one(struct text *t, const struct request *r, int page, const char *rel)
{
	const cJSON *q;
	const char *sep = "?";
	bool paged = false;

	text_add(t, "%s<https://api.github.com%s", t->len > 0 ? ", " : "",
	    r->path);
	cJSON_ArrayForEach(q, r->query) {
		bool is_page = strcmp(q->string, "page") == 0;

		text_add(t, "%s%s=", sep, q->string);
		sep = "&";
		paged = paged || is_page;
		if (is_page) {
			text_add(t, "%d", page);
			continue;
		}
		for (const char *c = q->valuestring; *c != '\0'; c++) {
			if (strchr("<>:=&+ %\"", *c) != NULL)
				text_add(t, "%%%02X", (unsigned char)*c);
			else
				text_bytes(t, c, 1);
		}
	}
	if (!paged)
		text_add(t, "%spage=%d", sep, page);
	text_add(t, ">; rel=\"%s\"", rel);
}

static void
link_header(const struct request *r, struct reply *p, int page, int last)
{
	struct text t = { 0 };

	if (page > 1)
		link_one(&t, r, page - 1, "prev");
	if (page < last) {
		link_one(&t, r, page + 1, "next");
		link_one(&t, r, last, "last");
	}
	if (page > 1)
		link_one(&t, r, 1, "first");
	if (t.len > 0)
		reply_header(p, "Link", t.s);
	text_free(&t);
}

void
hub_page(const struct request *r, struct reply *p, const char *key,
    cJSON *all)
{
	int per = query_count(r, "per_page", PAGE_DEFAULT, PAGE_MAX);
	int page = query_count(r, "page", 1, 100000);
	int total = cJSON_GetArraySize(all);
	cJSON *part = cJSON_CreateArray(), *o, *next;
	int i = 0;

	for (o = all->child; o != NULL; o = next, i++) {
		next = o->next;
		if (i >= (page - 1) * per && i < page * per)
			(void)cJSON_AddItemToArray(part,
			    cJSON_DetachItemViaPointer(all, o));
	}
	cJSON_Delete(all);
	link_header(r, p, page, (total + per - 1) / per);
	if (key == NULL) {
		reply_json(p, 200, part);
		return;
	}
	o = cJSON_CreateObject();
	json_putn(o, "total_count", total);
	json_put(o, key, part);
	reply_json(p, 200, o);
}

/* --- every request ----------------------------------------------------- */

static bool
check_limits(struct reply *p)
{
	char *reset;

	if (knob_num("github.remaining") - used < 0) {
		hub_fail(p, 403, "API rate limit exceeded for installation.");
		return false;
	}
	if (!knob_on("github.secondary"))
		return true;
	reset = text_copy(knob("github.secondary"));
	hub_fail(p, 429, "You have exceeded a secondary rate limit. Please "
	    "wait a few minutes before you try again.");
	reply_header(p, "Retry-After", reset);
	free(reset);
	return false;
}

static bool
check_token(const struct request *r, struct reply *p)
{
	const char *auth = header(r, "authorization");
	const char *space;

	if (auth == NULL && strcmp(r->path, "/rate_limit") == 0)
		return true;
	if (auth == NULL) {
		hub_fail(p, 404, "Not Found");
		return false;
	}
	space = strchr(auth, ' ');
	if (space != NULL && (strncasecmp(auth, "Bearer ", 7) == 0
	    || strncasecmp(auth, "token ", 6) == 0)
	    && strcmp(space + 1, hub.token) == 0)
		return true;
	hub_fail(p, 401, "Bad credentials");
	return false;
}

static bool
admit(const struct request *r, struct reply *p)
{
	static const char *const versions = "2022-11-28 2026-03-10";
	const char *version = header(r, "x-github-api-version");
	const char *agent = header(r, "user-agent");

	used += 1;
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0)
		count("github.writes");
	if (agent == NULL || agent[0] == '\0') {
		reply_text(p, 403, "text/html", "\r\nRequest forbidden by "
		    "administrative rules. Please make sure your request "
		    "has a User-Agent header.\r\n");
		return false;
	}
	if (version != NULL && !word_in(version, versions)) {
		hub_fail(p, 400, "Invalid X-GitHub-Api-Version header: '%s' "
		    "is not a supported version", version);
		return false;
	}
	return check_token(r, p) && check_limits(p);
}

static void
unknown(const struct request *r, struct reply *p)
{
	(void)r;
	hub_fail(p, 404, "Not Found");
}

/* --- every reply ------------------------------------------------------- */

/* A weak ETag for what GET gives, and 304 if the client has it already. */
static void
conditional(const struct request *r, struct reply *p)
{
	const char *have = header(r, "if-none-match");
	char *sum, *tag;

	if (p->status != 200 || strcmp(r->method, "GET") != 0)
		return;
	sum = digest_hex(p->body, strlen(p->body), 64);
	tag = text_make("W/\"%s\"", sum);
	reply_header(p, "ETag", tag);
	if (have != NULL && strcmp(have, tag) == 0) {
		p->status = 304;
		p->type = NULL;
		free(p->body);
		p->body = NULL;
		used -= 1;
	}
	free(sum);
	free(tag);
}

static void
finish(const struct request *r, struct reply *p)
{
	const char *version = header(r, "x-github-api-version");
	double left = knob_num("github.remaining") - used;
	char *s;

	if (p->type != NULL && strcmp(p->type, "application/json") == 0)
		p->type = "application/json; charset=utf-8";
	conditional(r, p);
	reply_header(p, "X-GitHub-Media-Type", "github.v3; format=json");
	reply_header(p, "X-GitHub-Api-Version-Selected",
	    version != NULL ? version : "2022-11-28");
	reply_header(p, "X-RateLimit-Limit", "5000");
	reply_header(p, "X-RateLimit-Resource", "core");
	s = text_make("%.0f", left > 0 ? left : 0);
	reply_header(p, "X-RateLimit-Remaining", s);
	free(s);
	s = text_make("%.0f", used);
	reply_header(p, "X-RateLimit-Used", s);
	free(s);
	s = text_make("%.0f", now() + HOUR);
	reply_header(p, "X-RateLimit-Reset", s);
	free(s);
	record(hub.traffic, r, p, NULL);
}

void
github_init(const char *repo, const char *token, const char *branch,
    const char *traffic)
{
	const char *slash = strchr(repo, '/');

	if (slash == NULL) {
		(void)fprintf(stderr, "world: SB_REPO is owner/name\n");
		abort();
	}
	hub.repo = text_copy(repo);
	hub.owner = text_make("%.*s", (int)(slash - repo), repo);
	hub.name = text_copy(slash + 1);
	hub.branch = text_copy(branch);
	hub.token = text_copy(token);
	hub.traffic = text_copy(traffic);
}

void
github_reset(void)
{
	used = 0;
	runs_reset();
}

void
github_service(struct service *s)
{
	s->routes = routes;
	s->admit = admit;
	s->unknown = unknown;
	s->finish = finish;
}

void
github_tick(void)
{
	runs_tick();
}
