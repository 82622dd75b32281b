/*
 * One HTTP request at a time, over libcurl.
 */
#include "tests/contract/http.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

#include "tests/kit/kit.h"

enum { SECONDS = 30, WORD = 256 };

struct bytes {
	char *s;
	size_t n;
};

static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	struct bytes *b = arg;
	char *s = realloc(b->s, b->n + size * n + 1);

	ck_assert_ptr_nonnull(s);
	memcpy(s + b->n, p, size * n);
	b->n += size * n;
	s[b->n] = '\0';
	b->s = s;
	return size * n;
}

/* host:port:address, for a world without its DNS. */
static struct curl_slist *
resolve_line(const struct server *s)
{
	const char *host = strstr(s->url, "://") + 3;
	const char *colon = strchr(host, ':');
	size_t n = strcspn(host, ":/");
	char line[WORD];

	(void)snprintf(line, sizeof(line), "%.*s:%s:%s", (int)n, host,
	    colon != NULL ? colon + 1 : "443", s->address);
	return curl_slist_append(NULL, line);
}

static struct curl_slist *
add_lines(struct curl_slist *list, const char *lines)
{
	char one[WORD];

	while (lines != NULL && lines[0] != '\0') {
		size_t n = strcspn(lines, "\n");

		(void)snprintf(one, sizeof(one), "%.*s", (int)n, lines);
		list = curl_slist_append(list, one);
		lines += n + (lines[n] == '\n');
	}
	return list;
}

static struct curl_slist *
request_headers(const struct server *s, const char *lines, const char *type)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	char line[4096];

	if (s->token != NULL) {
		(void)snprintf(line, sizeof(line), "Authorization: Bearer %s",
		    s->token);
		list = curl_slist_append(list, line);
	}
	(void)snprintf(line, sizeof(line), "Content-Type:%s%s",
	    type != NULL ? " " : "", type != NULL ? type : "");
	list = curl_slist_append(list, line);
	return add_lines(list, lines);
}

static void
set_up(CURL *c, const struct server *s, const char *url, const char *method,
    const char *body)
{
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)SECONDS);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take);
	if (s->ca != NULL)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, s->ca);
	if (s->agent != NULL)
		(void)curl_easy_setopt(c, CURLOPT_USERAGENT, s->agent);
	if (body != NULL)
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
}

struct answer
web_send(const struct server *s, const char *method, const char *path,
    const char *headers, const char *type, const char *body)
{
	struct curl_slist *list = request_headers(s, headers, type);
	struct curl_slist *at = s->address != NULL ? resolve_line(s) : NULL;
	struct bytes got = { 0 }, head = { 0 };
	struct answer a = { 0 };
	char url[4096];
	char *word = NULL;
	CURL *c = curl_easy_init();
	CURLcode rc;

	ck_assert_ptr_nonnull(c);
	(void)snprintf(url, sizeof(url), "%s%s", s->url, path);
	set_up(c, s, url, method, body);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &got);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, &head);
	if (at != NULL)
		(void)curl_easy_setopt(c, CURLOPT_RESOLVE, at);
	rc = curl_easy_perform(c);
	ck_assert_msg(rc == CURLE_OK, "%s %s: %s", method, url,
	    curl_easy_strerror(rc));
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a.status);
	(void)curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &word);
	a.type = strdup(word != NULL ? word : "");
	a.body = got.s != NULL ? got.s : strdup("");
	a.headers = head.s != NULL ? head.s : strdup("");
	a.json = cJSON_Parse(a.body);
	curl_slist_free_all(list);
	curl_slist_free_all(at);
	curl_easy_cleanup(c);
	return a;
}

struct answer
web_get(const struct server *s, const char *path)
{
	return web_send(s, "GET", path, NULL, NULL, NULL);
}

void
web_free(struct answer *a)
{
	free(a->type);
	free(a->headers);
	free(a->body);
	cJSON_Delete(a->json);
	*a = (struct answer){ 0 };
}

static const cJSON *
walk(const cJSON *at, const char *path)
{
	char name[WORD];

	while (at != NULL && path[0] != '\0') {
		size_t n = strcspn(path, "/");

		(void)snprintf(name, sizeof(name), "%.*s", (int)n, path);
		at = cJSON_IsArray(at) ?
		    cJSON_GetArrayItem(at, (int)strtol(name, NULL, 10)) :
		    cJSON_GetObjectItemCaseSensitive(at, name);
		path += n + (path[n] == '/');
	}
	return at;
}

const char *
answer_str(const struct answer *a, const char *path)
{
	return cJSON_GetStringValue(walk(a->json, path));
}

double
answer_num(const struct answer *a, const char *path)
{
	const cJSON *v = walk(a->json, path);

	return cJSON_IsNumber(v) ? v->valuedouble : -1;
}

bool
answer_has(const struct answer *a, const char *path)
{
	return walk(a->json, path) != NULL;
}

void
nap(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds,
	    .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };

	(void)nanosleep(&t, NULL);
}

/* ---- a world double of one's own ---------------------------------------- */

static pid_t world_pid, starter;

static void
own_world_end(void)
{
	if (getpid() != starter || world_pid <= 0)
		return;
	(void)kill(world_pid, SIGTERM);
}

/* Lines "NAME=value" of a file into the environment. */
static bool
take_env(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[4096], *eq;

	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		eq = strchr(line, '=');
		if (eq == NULL)
			continue;
		*eq = '\0';
		(void)setenv(line, eq + 1, 1);
	}
	(void)fclose(f);
	return true;
}

/* Run a script with one argument, its output in a file; how it ended. */
static bool
run_script(const char *script, const char *arg, const char *out)
{
	char *argv[] = { strdup(script), strdup(arg), NULL };
	posix_spawn_file_actions_t acts;
	int status = 1;
	pid_t pid;

	(void)posix_spawn_file_actions_init(&acts);
	(void)posix_spawn_file_actions_addopen(&acts, 1, out,
	    O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (posix_spawn(&pid, script, &acts, NULL, argv, environ) == 0)
		(void)waitpid(pid, &status, 0);
	(void)posix_spawn_file_actions_destroy(&acts);
	free(argv[0]);
	free(argv[1]);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
judge_ready(void)
{
	return run_script("tests/contract/judge", "--ready", "/dev/null");
}

bool
model_ready(void)
{
	return run_script("tests/contract/route53-model", "--ready",
	    "/dev/null");
}

/* Not in a test yet, so nothing here may use Check. */
bool
own_start(const char *script, const char *name, int *pid)
{
	char folder[WORD], path[WORD + 8], word[32] = "";
	FILE *f;

	(void)mkdir("build", 0755);
	(void)mkdir("build/tmp", 0755);
	(void)snprintf(folder, sizeof(folder), "build/tmp/%s.XXXXXX", name);
	if (mkdtemp(folder) == NULL)
		return false;
	(void)snprintf(path, sizeof(path), "%s/pid", folder);
	if (!run_script(script, folder, path)
	    || (f = fopen(path, "re")) == NULL)
		return false;
	if (fgets(word, sizeof(word), f) != NULL)
		*pid = (int)strtol(word, NULL, 10);
	(void)fclose(f);
	(void)snprintf(path, sizeof(path), "%s/env", folder);
	return *pid > 0 && take_env(path);
}

bool
own_world_up(void)
{
	int pid = 0;

	if (!own_start("tests/contract/world-up", "world", &pid))
		return false;
	world_pid = (pid_t)pid;
	starter = getpid();
	(void)atexit(own_world_end);
	return true;
}

static char *
variable(const char *which, const char *end)
{
	char name[WORD];

	(void)snprintf(name, sizeof(name), "SB_%s_%s", which, end);
	return getenv(name);
}

struct server
own_world_server(const char *which)
{
	static const struct {
		const char *which, *host;
	} hosts[] = {
		{ "GITHUB", "api.github.com" },
		{ "ATLAS", "cloud.mongodb.com" },
		{ "DIGITALOCEAN", "api.digitalocean.com" },
		{ "CLOUDFLARE", "api.cloudflare.com" },
		{ "ROUTE53", "route53.amazonaws.com" },
		{ "ARGOCD", "argocd.sandbox.test" },
		{ "KUBE_OLD", "kube-old.sandbox.test" },
		{ "KUBE_NEW", "kube-new.sandbox.test" },
	};
	struct server s = { .ca = getenv("SB_CA"), .nameless = true,
	    .agent = "transplant-contract" };
	const char *port = variable(strncmp(which, "KUBE", 4) == 0 ?
	    "KUBE" : which, "PORT");
	enum { HOSTS = sizeof(hosts) / sizeof(hosts[0]) };
	static char urls[HOSTS + 1][WORD];	/* the last one: any other's */

	s.url = urls[HOSTS];
	(void)snprintf(urls[HOSTS], WORD, "http://%s:%s",
	    variable(which, "ADDR"), port);
	for (size_t i = 0; i < HOSTS; i++) {
		if (strcmp(hosts[i].which, which) != 0)
			continue;
		s.url = urls[i];
		(void)snprintf(urls[i], WORD, "https://%s:%s", hosts[i].host,
		    port);
		s.address = variable(which, "ADDR");
		s.token = variable(which, "TOKEN");
	}
	return s;
}

const char *
server_url(const struct server *s)
{
	const char *port = strrchr(s->url, ':');

	if (!s->nameless)
		return s->url;
	return kit_text("https://%s%s", s->address,
	    port != NULL && strchr(port, '/') == NULL ? port : "");
}

const char *
server_roots(const struct server *s)
{
	char *pem = kit_read(s->ca);
	const char *text = kit_text("%s", pem);

	free(pem);
	return text;
}

void
own_world_set(const char *json)
{
	struct server s = own_world_server("WORLD");
	struct answer a = web_send(&s, "POST", "/set", NULL,
	    "application/json", json);

	ck_assert_msg(a.status == 200, "%s: %s", json, a.body);
	web_free(&a);
}

void
own_world_reset(void)
{
	struct server s = own_world_server("WORLD");
	struct answer a = web_send(&s, "POST", "/reset", NULL,
	    "application/json", "{}");

	ck_assert_int_eq(a.status, 200);
	web_free(&a);
}
