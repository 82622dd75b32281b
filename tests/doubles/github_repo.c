/*
 * The GitHub double's view of the bare repository: commits, contents,
 * comparison; and the environments, which are made up.
 */
#include "github_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "world_child.h"
#include "world_fixture.h"
#include "world_http.h"
#include "world_json.h"
#include "world_text.h"

#define API "https://api.github.com/repos"

/* Fields of `git show`, in this order, with \x1f between them. */
#define COMMIT_FORMAT "--format=%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%ad%x1f" \
	"%cn%x1f%ce%x1f%cd%x1f%B"
#define DATE_FORMAT "--date=format-local:%Y-%m-%dT%H:%M:%SZ"
enum { SHA, TREE, PARENTS, AN, AE, AD, CN, CE, CD, MESSAGE, FIELDS };

char *
repo_resolve(const char *rev)
{
	struct text t = { 0 };
	char *name = text_make("%s^{commit}", rev);
	bool ok = rev[0] != '-' && git_bare(&t, hub.repo, "rev-parse",
	    "--verify", "--quiet", "--end-of-options", name, NULL);

	free(name);
	if (ok)
		return t.s;
	text_free(&t);
	return NULL;
}

static bool
split(char *s, char *field[FIELDS])
{
	for (int i = 0; i < FIELDS; i++) {
		field[i] = s;
		s = i + 1 < FIELDS ? strchr(s, '\x1f') : NULL;
		if (s == NULL)
			return i + 1 == FIELDS;
		*s++ = '\0';
	}
	return false;
}

static void
add_parents(cJSON *commit, char *list)
{
	cJSON *parents = json_at(commit, "parents"), *one;
	char *next;

	for (; list != NULL && list[0] != '\0'; list = next) {
		next = strchr(list, ' ');
		if (next != NULL)
			*next++ = '\0';
		one = json_make("{\"sha\":\"%s\",\"url\":\"" API
		    "/%s/commits/%s\",\"html_url\":\"https://github.com/%s"
		    "/commit/%s\"}", list, hub.repo, list, hub.repo, list);
		(void)cJSON_AddItemToArray(parents, one);
	}
}

cJSON *
repo_commit(const char *rev)
{
	struct text t = { 0 };
	cJSON *words, *o = NULL;
	char *f[FIELDS];

	if (!git_bare(&t, hub.repo, "show", "-s", DATE_FORMAT, COMMIT_FORMAT,
	    rev, NULL) || !split(t.s, f)) {
		text_free(&t);
		return NULL;
	}
	words = hub_words();
	json_puts(words, "SHA", f[SHA]);
	json_puts(words, "TREE", f[TREE]);
	o = fixture("github/commit.json", words);
	json_puts(o, "commit/author/name", f[AN]);
	json_puts(o, "commit/author/email", f[AE]);
	json_puts(o, "commit/author/date", f[AD]);
	json_puts(o, "commit/committer/name", f[CN]);
	json_puts(o, "commit/committer/email", f[CE]);
	json_puts(o, "commit/committer/date", f[CD]);
	json_puts(o, "commit/message", f[MESSAGE]);
	add_parents(o, f[PARENTS]);
	cJSON_Delete(words);
	text_free(&t);
	return o;
}

static bool
may_read(const struct request *r, struct reply *p)
{
	return hub_here(r, p) && hub_may(p, "contents:read");
}

void
repo_get(const struct request *r, struct reply *p)
{
	cJSON *words, *o, *more;

	if (!hub_here(r, p) || !hub_may(p, "metadata:read"))
		return;
	words = hub_words();
	o = hub_repository();
	more = fixture("github/repo-full.json", words);
	while (more->child != NULL) {
		cJSON *m = cJSON_DetachItemViaPointer(more, more->child);

		(void)cJSON_AddItemToObject(o, m->string, m);
	}
	cJSON_Delete(more);
	cJSON_Delete(words);
	reply_json(p, 200, o);
}

/* --- changed files ----------------------------------------------------- */

static const char *
status_word(char letter)
{
	switch (letter) {
	case 'A': return "added";
	case 'D': return "removed";
	case 'R': return "renamed";
	default: return "modified";
	}
}

/* The blob's hash in a commit, or null. */
static void
put_blob(cJSON *file, const char *rev, const char *path)
{
	char *name = text_make("%s:%s", rev, path);
	struct text t = { 0 };

	if (git_bare(&t, hub.repo, "rev-parse", "--verify", "--quiet", name,
	    NULL))
		json_puts(file, "sha", text_str(&t));
	else
		json_puts(file, "sha", NULL);
	text_free(&t);
	free(name);
}

static cJSON *
changed_file(const char *rev, const char *path, long add, long del)
{
	cJSON *o = cJSON_CreateObject();
	char *s;

	put_blob(o, rev, path);
	json_puts(o, "filename", path);
	json_putn(o, "additions", (double)add);
	json_putn(o, "deletions", (double)del);
	json_putn(o, "changes", (double)(add + del));
	s = text_make("https://github.com/%s/blob/%s/%s", hub.repo, rev,
	    path);
	json_puts(o, "blob_url", s);
	free(s);
	s = text_make("https://github.com/%s/raw/%s/%s", hub.repo, rev,
	    path);
	json_puts(o, "raw_url", s);
	free(s);
	s = text_make(API "/%s/contents/%s?ref=%s", hub.repo, path, rev);
	json_puts(o, "contents_url", s);
	free(s);
	return o;
}

/* `git diff --numstat` lines: added, deleted, path, with tabs between. */
static cJSON *
changed_files(const char *from, const char *to)
{
	struct text num = { 0 }, st = { 0 };
	cJSON *files = cJSON_CreateArray(), *one;
	char *line, *next, *word, *path;

	if (!git_bare(&num, hub.repo, "-c", "core.quotePath=false", "diff",
	    "--no-renames", "--numstat", from, to, NULL)
	    || !git_bare(&st, hub.repo, "-c", "core.quotePath=false", "diff",
	    "--no-renames", "--name-status", from, to, NULL))
		goto out;
	word = st.s;
	for (line = num.s; line != NULL && line[0] != '\0'; line = next) {
		long add = strtol(line, &path, 10);
		long del = strtol(path + 1, &path, 10);

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		path = strrchr(line, '\t');
		one = changed_file(to, path != NULL ? path + 1 : "", add,
		    del);
		json_puts(one, "status", status_word(word[0]));
		(void)cJSON_AddItemToArray(files, one);
		word = strchr(word, '\n');
		word = word != NULL ? word + 1 : st.s;
	}
out:
	text_free(&num);
	text_free(&st);
	return files;
}

/* --- commits ----------------------------------------------------------- */

void
repo_get_commit(const struct request *r, struct reply *p)
{
	char *sha;
	cJSON *o, *parent;

	if (!may_read(r, p))
		return;
	sha = repo_resolve(r->arg[2]);
	o = sha != NULL ? repo_commit(sha) : NULL;
	if (o == NULL) {
		hub_fail(p, 422, "No commit found for SHA: %s", r->arg[2]);
		free(sha);
		return;
	}
	parent = cJSON_GetArrayItem(json_at(o, "parents"), 0);
	json_put(o, "files", changed_files(parent != NULL ?
	    json_str(parent, "sha") :
	    "4b825dc642cb6eb9a060e54bf8d69288fbee4904", sha));
	reply_json(p, 200, o);
	free(sha);
}

/* Commits of a rev-list, as GitHub shows them. */
static cJSON *
commits_of(const char *range, const char *path, bool oldest_first)
{
	struct text t = { 0 };
	cJSON *all = cJSON_CreateArray();
	char *p, *next;

	(void)git_bare(&t, hub.repo, "rev-list", oldest_first ? "--reverse" :
	    "--date-order", "--max-count=250", range, "--",
	    path, NULL);
	for (p = t.s; p != NULL && p[0] != '\0'; p = next) {
		next = strchr(p, '\n');
		if (next != NULL)
			*next++ = '\0';
		(void)cJSON_AddItemToArray(all, repo_commit(p));
	}
	text_free(&t);
	return all;
}

void
repo_list_commits(const struct request *r, struct reply *p)
{
	const char *from = query(r, "sha");
	char *sha;

	if (!may_read(r, p))
		return;
	sha = repo_resolve(from != NULL ? from : hub.branch);
	if (sha == NULL)
		hub_fail(p, 404, "Not Found");
	else
		hub_page(r, p, NULL, commits_of(sha, query(r, "path"),
		    false));
	free(sha);
}

static double
commits_in(const char *from, const char *to)
{
	char *range = text_make("%s..%s", from, to);
	struct text t = { 0 };
	double n;

	(void)git_bare(&t, hub.repo, "rev-list", "--count", range, NULL);
	n = strtod(text_str(&t), NULL);
	text_free(&t);
	free(range);
	return n;
}

static void
put_links(cJSON *o, const char *basehead)
{
	static const struct {
		const char *name, *form;
	} links[] = {
		{ "html_url", "" }, { "permalink_url", "" },
		{ "diff_url", ".diff" }, { "patch_url", ".patch" },
	};
	char *s = text_make(API "/%s/compare/%s", hub.repo, basehead);

	json_puts(o, "url", s);
	free(s);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		s = text_make("https://github.com/%s/compare/%s%s", hub.repo,
		    basehead, links[i].form);
		json_puts(o, links[i].name, s);
		free(s);
	}
}

/* One page of a comparison's commits; files are on the first only. */
static void
cut_page(const struct request *r, cJSON *o)
{
	const char *per = query(r, "per_page"), *page = query(r, "page");
	long size = per != NULL ? strtol(per, NULL, 10) : 250;
	long first = page != NULL ? (strtol(page, NULL, 10) - 1) * size : 0;
	cJSON *commits = json_at(o, "commits"), *c, *next;
	long i = 0;

	for (c = commits->child; c != NULL; c = next, i++) {
		next = c->next;
		if (i < first || i >= first + size)
			cJSON_Delete(cJSON_DetachItemViaPointer(commits, c));
	}
	if (first > 0)
		json_drop(o, "files");
}

static void
compare(const struct request *r, struct reply *p, const char *base,
    const char *head)
{
	const char *basehead = r->arg[2];
	double ahead = commits_in(base, head), behind = commits_in(head, base);
	char *range = text_make("%s..%s", base, head);
	struct text common = { 0 };
	cJSON *o = cJSON_CreateObject();

	if (!git_bare(&common, hub.repo, "merge-base", base, head, NULL)) {
		hub_fail(p, 404, "No common ancestor between %s", basehead);
		cJSON_Delete(o);
	} else {
		put_links(o, basehead);
		json_put(o, "base_commit", repo_commit(base));
		json_put(o, "merge_base_commit", repo_commit(common.s));
		json_puts(o, "status", ahead > 0 && behind > 0 ? "diverged" :
		    ahead > 0 ? "ahead" : behind > 0 ? "behind" :
		    "identical");
		json_putn(o, "ahead_by", ahead);
		json_putn(o, "behind_by", behind);
		json_putn(o, "total_commits", ahead);
		json_put(o, "commits", commits_of(range, NULL, true));
		json_put(o, "files", changed_files(common.s, head));
		cut_page(r, o);
		reply_json(p, 200, o);
	}
	free(range);
	text_free(&common);
}

void
repo_compare(const struct request *r, struct reply *p)
{
	const char *dots;
	char *name, *base, *head;

	if (!may_read(r, p))
		return;
	dots = strstr(r->arg[2], "...");
	if (dots == NULL) {
		hub_fail(p, 404, "Not Found");
		return;
	}
	name = text_make("%.*s", (int)(dots - r->arg[2]), r->arg[2]);
	base = repo_resolve(name);
	head = repo_resolve(dots + 3);
	if (base == NULL || head == NULL)
		hub_fail(p, 404, "Not Found");
	else
		compare(r, p, base, head);
	free(name);
	free(base);
	free(head);
}

void
repo_branch(const struct request *r, struct reply *p)
{
	char *ref, *sha, *s;
	cJSON *o;

	if (!may_read(r, p))
		return;
	ref = text_make("refs/heads/%s", r->arg[2]);
	sha = repo_resolve(ref);
	free(ref);
	if (sha == NULL) {
		hub_fail(p, 404, "Branch not found");
		return;
	}
	o = cJSON_CreateObject();
	json_puts(o, "name", r->arg[2]);
	json_put(o, "commit", repo_commit(sha));
	s = text_make("https://github.com/%s/tree/%s", hub.repo, r->arg[2]);
	json_puts(o, "_links/html", s);
	free(s);
	s = text_make(API "/%s/branches/%s", hub.repo, r->arg[2]);
	json_puts(o, "_links/self", s);
	free(s);
	json_putb(o, "protected", false);
	json_putb(o, "protection/enabled", false);
	s = text_make(API "/%s/branches/%s/protection", hub.repo, r->arg[2]);
	json_puts(o, "protection_url", s);
	free(s);
	reply_json(p, 200, o);
	free(sha);
}

void
repo_ref(const struct request *r, struct reply *p)
{
	char *name, *sha;

	if (!may_read(r, p))
		return;
	name = text_make("refs/%s", r->arg[2]);
	sha = repo_resolve(name);
	if (sha == NULL)
		hub_fail(p, 404, "Not Found");
	else
		reply_json(p, 200, json_make("{\"ref\":\"%s\",\"node_id\":"
		    "\"REF_kwDONcyaWq9yZWZz\",\"url\":\"" API
		    "/%s/git/%s\",\"object\":{\"sha\":\"%s\","
		    "\"type\":\"commit\",\"url\":\"" API
		    "/%s/git/commits/%s\"}}", name, hub.repo, name, sha,
		    hub.repo, sha));
	free(name);
	free(sha);
}

/* --- contents ---------------------------------------------------------- */

static cJSON *
content_entry(const char *rev, const char *path, const char *type,
    const char *sha, double size)
{
	const char *slash = strrchr(path, '/');
	bool file = strcmp(type, "file") == 0;
	cJSON *o = cJSON_CreateObject();
	char *url = text_make(API "/%s/contents/%s?ref=%s", hub.repo, path,
	    rev);
	char *git = text_make(API "/%s/git/%s/%s", hub.repo,
	    file ? "blobs" : "trees", sha);
	char *html = text_make("https://github.com/%s/%s/%s/%s", hub.repo,
	    file ? "blob" : "tree", rev, path);
	char *raw = text_make("https://raw.githubusercontent.com/%s/%s/%s",
	    hub.repo, rev, path);

	json_puts(o, "name", slash != NULL ? slash + 1 : path);
	json_puts(o, "path", path);
	json_puts(o, "sha", sha);
	json_putn(o, "size", size);
	json_puts(o, "url", url);
	json_puts(o, "html_url", html);
	json_puts(o, "git_url", git);
	json_puts(o, "download_url", file ? raw : NULL);
	json_puts(o, "type", type);
	json_puts(o, "_links/self", url);
	json_puts(o, "_links/git", git);
	json_puts(o, "_links/html", html);
	free(url);
	free(git);
	free(html);
	free(raw);
	return o;
}

/* `git ls-tree -l` lines: mode type sha size<TAB>path. */
static cJSON *
content_folder(const char *rev, const char *where, const char *path)
{
	struct text t = { 0 };
	cJSON *all = cJSON_CreateArray();
	char *p, *next, type[8], sha[65], size[24], *tab, *full;

	(void)git_bare(&t, hub.repo, "-c", "core.quotePath=false", "ls-tree",
	    "-l", where, NULL);
	for (p = t.s; p != NULL && p[0] != '\0'; p = next) {
		next = strchr(p, '\n');
		if (next != NULL)
			*next++ = '\0';
		tab = strchr(p, '\t');
		if (tab == NULL || sscanf(p, "%*s %7s %64s %23s", type, sha,
		    size) != 3)
			continue;
		full = text_make("%s%s%s", path, path[0] != '\0' ? "/" : "",
		    tab + 1);
		(void)cJSON_AddItemToArray(all, content_entry(rev, full,
		    strcmp(type, "tree") == 0 ? "dir" : "file", sha,
		    strtod(size, NULL)));
		free(full);
	}
	text_free(&t);
	return all;
}

/* A blob's bytes as they are. */
static void
read_blob(struct text *t, const char *where)
{
	char *dir = git_path(hub.repo);
	const char *argv[] = { "git", "-C", dir, "cat-file", "blob", where,
	    NULL };

	text_bytes(t, "", 0);
	(void)child_run(NULL, argv, t);
	free(dir);
}

static void
content_raw(struct reply *p, const char *where)
{
	struct text t = { 0 };

	read_blob(&t, where);
	p->status = 200;
	p->type = "application/vnd.github.raw+json; charset=utf-8";
	p->body = t.s;
	p->body_len = t.len;
}

static void
content_file(struct reply *p, const char *rev, const char *where,
    const char *path)
{
	struct text t = { 0 }, sha = { 0 };
	cJSON *o;
	char *b;

	read_blob(&t, where);
	(void)git_bare(&sha, hub.repo, "rev-parse", where, NULL);
	o = content_entry(rev, path, "file", text_str(&sha), (double)t.len);
	b = base64(t.s, t.len, 60);
	json_puts(o, "content", b);
	json_puts(o, "encoding", "base64");
	reply_json(p, 200, o);
	free(b);
	text_free(&t);
	text_free(&sha);
}

static bool
wants_raw(const struct request *r)
{
	const char *accept = header(r, "accept");

	return accept != NULL && strstr(accept, "raw") != NULL;
}

void
repo_contents(const struct request *r, struct reply *p)
{
	const char *rev = query(r, "ref");
	const char *path = r->arg[2] != NULL ? r->arg[2] : "";
	struct text type = { 0 };
	char *sha, *where;

	if (!may_read(r, p))
		return;
	rev = rev != NULL ? rev : hub.branch;
	sha = repo_resolve(rev);
	if (sha == NULL) {
		hub_fail(p, 404, "No commit found for the ref %s", rev);
		return;
	}
	where = text_make("%s:%s", sha, path);
	if (!git_bare(&type, hub.repo, "cat-file", "-t", where, NULL))
		hub_fail(p, 404, "Not Found");
	else if (strcmp(type.s, "tree") == 0)
		reply_json(p, 200, content_folder(rev, where, path));
	else if (wants_raw(r))
		content_raw(p, where);
	else
		content_file(p, rev, where, path);
	text_free(&type);
	free(where);
	free(sha);
}

/* --- environments ------------------------------------------------------ */

/*
 * `production` is guarded by a reviewer; `staging` is there but guards
 * nothing, as on a plan without protection rules.
 */
static cJSON *
environment(const char *name, double id, bool reviewed)
{
	cJSON *words = hub_words(), *o, *rule, *one;

	json_puts(words, "ENV", name);
	o = fixture("github/environment.json", words);
	json_putn(o, "id", id);
	cJSON_Delete(words);
	if (!reviewed)
		return o;
	rule = json_make("{\"id\":3736,\"node_id\":\"GA_kwDONcyaWs4AADAM\","
	    "\"type\":\"required_reviewers\",\"prevent_self_review\":true,"
	    "\"reviewers\":[{\"type\":\"User\"}]}");
	one = cJSON_GetArrayItem(json_at(rule, "reviewers"), 0);
	json_put(one, "reviewer", hub_user("reviewer"));
	(void)cJSON_AddItemToArray(json_at(o, "protection_rules"), rule);
	return o;
}

void
repo_environment(const struct request *r, struct reply *p)
{
	if (!hub_here(r, p) || !hub_may(p, "actions:read"))
		return;
	if (strcasecmp(r->arg[2], "production") == 0)
		reply_json(p, 200, environment("production", 7100001, true));
	else if (strcasecmp(r->arg[2], "staging") == 0)
		reply_json(p, 200, environment("staging", 7100002, false));
	else
		hub_fail(p, 404, "Not Found");
}

void
repo_environments(const struct request *r, struct reply *p)
{
	cJSON *all;

	if (!hub_here(r, p) || !hub_may(p, "actions:read"))
		return;
	all = cJSON_CreateArray();
	(void)cJSON_AddItemToArray(all, environment("production", 7100001,
	    true));
	(void)cJSON_AddItemToArray(all, environment("staging", 7100002,
	    false));
	hub_page(r, p, "environments", all);
}
