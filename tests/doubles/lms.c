/*
 * lms - a simulated Open edX behind an ingress: LMS, Studio, preview and the
 * micro-frontends of one instance, told apart by the Host header.
 *
 *   lms ADDRESS:PORT CONFIG_YML NAME [rendered]
 *
 * It runs with what the deployed CONFIG_YML says at the moment of each
 * request. /heartbeat is no constant: it logs in to MariaDB and MongoDB, so
 * a wrong step breaks it as it would break the real one. Without the file
 * there is nothing deployed: 503 "no pods". Every answer carries
 * X-Served-By: NAME. With "rendered" the databases are not CONFIG_YML's, but
 * what the settings that Tutor made of it came to: the files lms.databases and
 * cms.databases beside it.
 *
 * Builds from lms.c and lms_*.c with pkg-config libmicrohttpd, libcjson,
 * libmariadb, libmongoc-1.0, yaml-0.1, and -pthread.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <cjson/cJSON.h>
#include <microhttpd.h>

#include "lms_config.h"
#include "lms_courses.h"
#include "lms_health.h"

enum { URL_MAX = 1024, PAGE_MAX = 2048, CLIENT_SECONDS = 30 };

struct site {
	const char *config_path, *name;
	bool rendered;
};

/* One request, and whom it is for. */
struct visit {
	struct MHD_Connection *conn;
	const struct site *site;
	const struct config *config;
	const char *path;
	char lms[HOST_MAX], cms[HOST_MAX], preview[HOST_MAX];
	char mfe[HOST_MAX];
};

static enum MHD_Result
answer(const struct visit *v, unsigned int status, const char *type,
    const char *body, const char *location)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ok;

	if (r == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(r, "Content-Type", type);
	(void)MHD_add_response_header(r, "X-Served-By", v->site->name);
	if (location != NULL)
		(void)MHD_add_response_header(r, "Location", location);
	ok = MHD_queue_response(v->conn, status, r);
	MHD_destroy_response(r);
	return ok;
}

__attribute__((format(printf, 2, 3))) static enum MHD_Result
redirect(const struct visit *v, const char *fmt, ...)
{
	char url[URL_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(url, sizeof(url), fmt, ap);
	va_end(ap);
	return answer(v, MHD_HTTP_FOUND, "text/html; charset=utf-8", "", url);
}

/* The platform's name as it may stand in a page. */
static void
platform_html(const struct visit *v, char *out, size_t max)
{
	const char *s = config_get(v->config, "PLATFORM_NAME",
	    "My Open edX");
	size_t n = 0;

	for (; *s != '\0' && n + sizeof("&quot;") < max; s++) {
		const char *as = *s == '&' ? "&amp;" : *s == '<' ? "&lt;"
		    : *s == '>' ? "&gt;" : *s == '"' ? "&quot;" : NULL;

		if (as != NULL)
			n += (size_t)snprintf(out + n, max - n, "%s", as);
		else
			out[n++] = *s;
	}
	out[n] = '\0';
}

static enum MHD_Result
page(const struct visit *v, const char *title)
{
	char html[PAGE_MAX], platform[PAGE_MAX / 2];

	platform_html(v, platform, sizeof(platform));
	(void)snprintf(html, sizeof(html), "<!DOCTYPE html>\n<html>"
	    "<head><title>%s | %s</title></head>\n"
	    "<body><h1>%s</h1></body></html>\n", title, platform, title);
	return answer(v, MHD_HTTP_OK, "text/html; charset=utf-8", html,
	    NULL);
}

static enum MHD_Result
not_found(const struct visit *v)
{
	return answer(v, MHD_HTTP_NOT_FOUND, "text/html; charset=utf-8",
	    "<!DOCTYPE html>\n<html><body><h1>Page not found</h1></body>"
	    "</html>\n", NULL);
}

static enum MHD_Result
answer_json(const struct visit *v, unsigned int status, cJSON *doc)
{
	char *text = cJSON_PrintUnformatted(doc);
	enum MHD_Result ok;

	if (text == NULL)
		abort();
	ok = answer(v, status, "application/json", text, NULL);
	cJSON_free(text);
	cJSON_Delete(doc);
	return ok;
}

static void
add_check(cJSON *doc, const char *name, bool ok, const char *says)
{
	cJSON *row = cJSON_AddObjectToObject(doc, name);

	cJSON_AddBoolToObject(row, "status", ok);
	cJSON_AddStringToObject(row, "message", says);
}

/* What the settings of "lms" or "cms" came to; NULL if there are none. */
static struct config *
read_rendered(const struct site *site, const char *side)
{
	char path[PATH_MAX];
	const char *slash = strrchr(site->config_path, '/');
	int folder = slash == NULL ? 0
	    : (int)(slash - site->config_path) + 1;
	bool missing;

	(void)snprintf(path, sizeof(path), "%.*s%s.databases", folder,
	    site->config_path, side);
	return config_read(path, &missing);
}

/* Just as edx-platform's heartbeat app words it. */
static enum MHD_Result
tell_health(const struct visit *v, const struct config *databases)
{
	struct health h;
	cJSON *doc = cJSON_CreateObject();
	bool ok;

	health_check(databases, &h);
	ok = h.sql && h.modulestore;
	if (h.escaped)
		cJSON_AddStringToObject(doc, "error", h.sql_says);
	else {
		add_check(doc, "modulestore", h.modulestore,
		    h.modulestore_says);
		add_check(doc, "sql", h.sql, h.sql_says);
		/* "?extended" or "?extended=1": a worker has answered. */
		if (MHD_get_connection_values(v->conn,
		    MHD_GET_ARGUMENT_KIND, NULL, NULL) > 0)
			add_check(doc, "celery", true, "{'time': '0.2'}");
	}
	return answer_json(v, ok ? MHD_HTTP_OK
	    : MHD_HTTP_SERVICE_UNAVAILABLE, doc);
}

static enum MHD_Result
heartbeat(const struct visit *v, const char *side)
{
	struct config *databases;
	enum MHD_Result ok;

	if (!v->site->rendered)
		return tell_health(v, v->config);
	databases = read_rendered(v->site, side);
	if (databases == NULL)
		return answer(v, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain",
		    "the settings can't be run\n", NULL);
	ok = tell_health(v, databases);
	config_free(databases);
	return ok;
}

__attribute__((format(printf, 3, 4))) static void
add_text(cJSON *doc, const char *key, const char *fmt, ...)
{
	char text[URL_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cJSON_AddStringToObject(doc, key, text);
}

static enum MHD_Result
mfe_config(const struct visit *v)
{
	const char *name = config_get(v->config, "PLATFORM_NAME",
	    "My Open edX");
	cJSON *doc = cJSON_CreateObject();

	add_text(doc, "BASE_URL", "%s", v->mfe);
	add_text(doc, "LMS_BASE_URL", "https://%s", v->lms);
	add_text(doc, "STUDIO_BASE_URL", "https://%s", v->cms);
	add_text(doc, "LOGIN_URL", "https://%s/login", v->lms);
	add_text(doc, "LOGOUT_URL", "https://%s/logout", v->lms);
	add_text(doc, "LOGO_URL", "https://%s/static/images/logo.svg",
	    v->lms);
	add_text(doc, "FAVICON_URL", "https://%s/favicon.ico", v->lms);
	add_text(doc, "SITE_NAME", "%s", name);
	add_text(doc, "LANGUAGE_PREFERENCE_COOKIE_NAME", "%s",
	    "openedx-language-preference");
	return answer_json(v, MHD_HTTP_OK, doc);
}

static enum MHD_Result
courses(const struct visit *v)
{
	struct config *databases = v->site->rendered
	    ? read_rendered(v->site, "lms") : NULL;
	cJSON *list = courses_list(databases != NULL ? databases
	    : v->config);

	config_free(databases);
	return list != NULL ? answer_json(v, MHD_HTTP_OK, list)
	    : answer(v, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/html",
	    "<h1>Server Error (500)</h1>\n", NULL);
}

/* The site's own page, with its logo. */
static enum MHD_Result
home(const struct visit *v)
{
	char html[PAGE_MAX], platform[PAGE_MAX / 2];

	platform_html(v, platform, sizeof(platform));
	(void)snprintf(html, sizeof(html), "<!DOCTYPE html>\n<html>"
	    "<head><title>%s</title></head>\n<body><img "
	    "src=\"/static/images/logo.svg\"><h1>Home</h1></body></html>\n",
	    platform);
	return answer(v, MHD_HTTP_OK, "text/html; charset=utf-8", html,
	    NULL);
}

static enum MHD_Result
visit_lms(const struct visit *v)
{
	if (strcmp(v->path, "/heartbeat") == 0)
		return heartbeat(v, "lms");
	if (strcmp(v->path, "/api/mfe_config/v1") == 0)
		return mfe_config(v);
	if (strcmp(v->path, "/login") == 0)
		return redirect(v, "https://%s/authn/login?next=%%2F",
		    v->mfe);
	if (strcmp(v->path, "/static/images/logo.svg") == 0)
		return answer(v, MHD_HTTP_OK, "image/svg+xml",
		    "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n", NULL);
	if (strcmp(v->path, "/api/courses/v1/courses/") == 0)
		return courses(v);
	return strcmp(v->path, "/") == 0 ? home(v) : not_found(v);
}

static enum MHD_Result
visit_cms(const struct visit *v)
{
	if (strcmp(v->path, "/heartbeat") == 0)
		return heartbeat(v, "cms");
	if (strcmp(v->path, "/") == 0 || strcmp(v->path, "/home/") == 0)
		return redirect(v, "https://%s/login?next=https%%3A//%s%s",
		    v->lms, v->cms, v->path);
	return not_found(v);
}

/* What the proxy before the micro-frontends does. */
static enum MHD_Result
visit_mfe(const struct visit *v)
{
	if (strcmp(v->path, "/") == 0)
		return redirect(v, "https://%s", v->lms);
	if (strncmp(v->path, "/authn/", 7) == 0)
		return page(v, "Login or register");
	return not_found(v);
}

/* Django's answer to a host that is not in ALLOWED_HOSTS. */
static enum MHD_Result
bad_host(const struct visit *v)
{
	return answer(v, MHD_HTTP_BAD_REQUEST, "text/html; charset=utf-8",
	    "<!doctype html>\n<html lang=\"en\">\n<head>\n"
	    "  <title>Bad Request (400)</title>\n</head>\n<body>\n"
	    "  <h1>Bad Request (400)</h1><p></p>\n</body>\n</html>\n", NULL);
}

static bool
is_host(const char *given, const char *want)
{
	size_t n = strcspn(given, ":");

	return strlen(want) == n && strncasecmp(given, want, n) == 0;
}

static enum MHD_Result
visit_by_host(struct visit *v)
{
	const char *host = MHD_lookup_connection_value(v->conn,
	    MHD_HEADER_KIND, "Host");

	config_host(v->config, "LMS_HOST", "", v->lms);
	config_host(v->config, "CMS_HOST", "studio.", v->cms);
	config_host(v->config, "MFE_HOST", "apps.", v->mfe);
	config_host(v->config, "PREVIEW_LMS_HOST", "preview.", v->preview);
	if (host == NULL)
		return bad_host(v);
	/* Kubernetes' probes ask for the services by their names. */
	if (is_host(host, v->lms) || is_host(host, v->preview)
	    || is_host(host, "lms"))
		return visit_lms(v);
	if (is_host(host, v->cms) || is_host(host, "cms"))
		return visit_cms(v);
	return is_host(host, v->mfe) ? visit_mfe(v) : bad_host(v);
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *conn, const char *url,
    const char *method, const char *http, const char *body, size_t *body_len,
    void **state)
{
	struct visit v = { .conn = conn, .site = arg, .path = url };
	struct config *config;
	bool missing;
	enum MHD_Result ok;

	(void)http;
	(void)body;
	/* The first call is only for the headers. */
	if (*state == NULL) {
		*state = conn;
		return MHD_YES;
	}
	/* What is sent is of no interest, but must be taken. */
	if (*body_len > 0) {
		*body_len = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer(&v, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
		    "", NULL);
	config = config_read(v.site->config_path, &missing);
	if (config == NULL)
		return missing ? answer(&v, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "text/plain", "no pods\n", NULL)
		    : answer(&v, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "text/plain", "config.yml is no YAML\n", NULL);
	v.config = config;
	ok = visit_by_host(&v);
	config_free(config);
	return ok;
}

static bool
parse_address(const char *text, struct sockaddr_in *at)
{
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN], *end;
	long port;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	port = strtol(colon + 1, &end, 10);
	*at = (struct sockaddr_in){ .sin_family = AF_INET };
	if (*end != '\0' || port < 1 || port > 65535
	    || inet_pton(AF_INET, host, &at->sin_addr) != 1)
		return false;
	at->sin_port = htons((uint16_t)port);
	return true;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at;
	struct site site;
	struct MHD_Daemon *d;
	sigset_t end;
	int sig;

	if (argc < 4 || argc > 5 || !parse_address(argv[1], &at)
	    || (argc == 5 && strcmp(argv[4], "rendered") != 0)) {
		(void)fprintf(stderr,
		    "usage: lms ADDRESS:PORT CONFIG_YML NAME [rendered]\n");
		return 2;
	}
	site = (struct site){ .config_path = argv[2], .name = argv[3],
	    .rendered = argc == 5 };
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &end, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (!health_init())
		return 1;
	d = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION
	    | MHD_USE_INTERNAL_POLLING_THREAD, ntohs(at.sin_port), NULL,
	    NULL, on_request, &site, MHD_OPTION_SOCK_ADDR, &at,
	    MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)CLIENT_SECONDS,
	    MHD_OPTION_END);
	if (d == NULL) {
		(void)fprintf(stderr, "lms: can't listen at %s\n", argv[1]);
		return 1;
	}
	(void)sigwait(&end, &sig);
	MHD_stop_daemon(d);
	health_cleanup();
	return 0;
}
