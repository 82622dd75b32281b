/*
 * The DigitalOcean double: the refusals, limits and headers that all of the
 * API has, and logins for the Kubernetes clusters.
 */
#include "digitalocean.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "digitalocean_in.h"
#include "dns.h"
#include "kube.h"
#include "world_apply.h"
#include "world_http.h"
#include "world_json.h"
#include "world_record.h"
#include "world_set.h"
#include "world_text.h"

enum { HOURLY = 5000, HOUR = 60 * 60, WEEK = 7 * 24 * HOUR };

static struct {
	char *token, *ca, *traffic;
	double used;		/* requests that counted */
	double limited;		/* answered by 429 so far */
} account;

/* The account's clusters. */
static const struct {
	struct cluster *c;
	const char *id, *dflt_id, *server, *dflt_server;
	const char *token;	/* of a real cluster, which takes no other */
} clusters[] = {
	{ &kube_old, "SB_KUBE_OLD_ID", "bd5f5959-5e1e-4205-a714-a914373942af",
	  "SB_KUBE_OLD", "https://kube-old.sandbox.test:6443",
	  "SB_KUBE_OLD_TOKEN" },
	{ &kube_new, "SB_KUBE_NEW_ID", "8d91899c-0739-4a1a-acc5-deadbeefbb8f",
	  "SB_KUBE_NEW", "https://kube-new.sandbox.test:6443",
	  "SB_KUBE_NEW_TOKEN" },
};

void
digitalocean_fail(struct reply *p, int status, const char *id,
    const char *message)
{
	cJSON *o = cJSON_CreateObject();

	json_puts(o, "id", id);
	json_puts(o, "message", message);
	json_puts(o, "request_id", "4d9d8375-3c56-4925-a3e7-eb137fed17e9");
	reply_json(p, status, o);
}

void
digitalocean_not_found(const struct request *r, struct reply *p)
{
	(void)r;
	digitalocean_fail(p, 404, "not_found", "The resource you were "
	    "accessing could not be found.");
}

bool
digitalocean_may(const char *scope, struct reply *p)
{
	char *message;

	if (word_in(scope, knob("digitalocean.scopes")))
		return true;
	message = text_make("You are missing the required permission %s.",
	    scope);
	digitalocean_fail(p, 403, "Forbidden", message);
	free(message);
	return false;
}

/* Which of the account's clusters; -1: none. */
static int
find_cluster(const char *id)
{
	for (size_t i = 0; i < sizeof(clusters) / sizeof(clusters[0]); i++)
		if (strcmp(id, env_or(clusters[i].id, clusters[i].dflt_id))
		    == 0)
			return (int)i;
	return -1;
}

bool
digitalocean_has_cluster(const char *id)
{
	return find_cluster(id) >= 0;
}

/* ?expiry_seconds=: a whole number, of which 0 is a week. */
static bool
read_expiry(const struct request *r, struct reply *p, double *seconds)
{
	const char *given = query(r, "expiry_seconds");
	char *end = NULL;

	*seconds = given != NULL ? strtod(given, &end) : 0;
	if (given != NULL && (strspn(given, "0123456789") != strlen(given)
	    || *end != '\0' || *given == '\0')) {
		digitalocean_fail(p, 422, "unprocessable_entity",
		    "expiry_seconds must be a whole number");
		return false;
	}
	if (*seconds == 0)
		*seconds = WEEK;
	return true;
}

static void
answer(struct reply *p, size_t i, double seconds)
{
	cJSON *o = cJSON_CreateObject();
	double until = now() + seconds;
	char *when = time_rfc3339(until), *token = random_suffix(64);
	struct text pem = { 0 };
	char *ca;

	(void)text_file(&pem, account.ca);
	ca = base64(text_str(&pem), pem.len, 0);
	if (world_is_full()) {
		free(token);
		token = text_copy(env_or(clusters[i].token, ""));
	} else {
		kube_lend(clusters[i].c, token, until);
	}
	json_puts(o, "server", env_or(clusters[i].server,
	    clusters[i].dflt_server));
	json_puts(o, "certificate_authority_data", ca);
	json_put(o, "client_certificate_data", cJSON_CreateNull());
	json_put(o, "client_key_data", cJSON_CreateNull());
	json_puts(o, "token", token);
	json_puts(o, "expires_at", when);
	reply_json(p, 200, o);
	text_free(&pem);
	free(ca);
	free(token);
	free(when);
}

static void
credentials(const struct request *r, struct reply *p)
{
	int i = find_cluster(r->arg[0]);
	double seconds;

	if (!digitalocean_may("kubernetes:access_cluster", p)
	    || !read_expiry(r, p, &seconds))
		return;
	if (i >= 0)
		answer(p, (size_t)i, seconds);
	else
		digitalocean_not_found(r, p);
}

#define DOMAIN "/v2/domains/{}"
#define DATABASE "/v2/databases/{}"

static const struct route routes[] = {
	{ "GET", "/v2/kubernetes/clusters/{}/credentials", credentials },
	{ "GET", DATABASE "/firewall", databases_get_firewall },
	{ "PUT", DATABASE "/firewall", databases_put_firewall },
	{ "GET", DATABASE "/users", databases_list_users },
	{ "POST", DATABASE "/users", databases_make_user },
	{ "GET", DATABASE "/users/{}", databases_get_user },
	{ "PUT", DATABASE "/users/{}", databases_put_user },
	{ "DELETE", DATABASE "/users/{}", databases_drop_user },
	{ "GET", DOMAIN, domains_get },
	{ "GET", DOMAIN "/records", domains_list },
	{ "POST", DOMAIN "/records", domains_make },
	{ "PATCH", DOMAIN "/records/{}", domains_change },
	{ "DELETE", DOMAIN "/records/{}", domains_drop },
	{ NULL, NULL, NULL }
};

/* --- every request ----------------------------------------------------- */

static bool
is_dns(const struct request *r)
{
	return strncmp(r->path, "/v2/domains/", 12) == 0;
}

static bool
admit(const struct request *r, struct reply *p)
{
	const char *auth = header(r, "authorization");

	account.used += 1;
	if (strcmp(r->method, "GET") != 0)
		count("digitalocean.writes");
	if (auth == NULL || strncasecmp(auth, "Bearer ", 7) != 0
	    || strcmp(auth + 7, account.token) != 0) {
		digitalocean_fail(p, 401, "Unauthorized", "Unable to "
		    "authenticate you");
		return false;
	}
	if (account.limited < knob_num("digitalocean.limited")) {
		account.limited += 1;
		digitalocean_fail(p, 429, "too_many_requests", "API rate "
		    "limit exceeded.");
		reply_header(p, "retry-after", "1");
		return false;
	}
	return !is_dns(r) || dns_admit(p);
}

static void
finish(const struct request *r, struct reply *p)
{
	double left = HOURLY - account.used;
	char *s = text_make("%d", HOURLY);

	reply_header(p, "ratelimit-limit", s);
	free(s);
	s = text_make("%.0f", left > 0 ? left : 0);
	reply_header(p, "ratelimit-remaining", s);
	free(s);
	s = text_make("%.0f", now() + HOUR);
	reply_header(p, "ratelimit-reset", s);
	free(s);
	if (!is_dns(r) || dns_finish(p))
		record(account.traffic, r, p, "token password");
}

void
digitalocean_init(const char *token, const char *ca, const char *traffic)
{
	account.token = text_copy(token);
	account.ca = text_copy(ca);
	account.traffic = text_copy(traffic);
	databases_reset();
	domains_reset();
}

void
digitalocean_reset(void)
{
	account.used = 0;
	account.limited = 0;
	databases_reset();
	domains_reset();
}

void
digitalocean_service(struct service *s)
{
	s->routes = routes;
	s->admit = admit;
	s->unknown = digitalocean_not_found;
	s->finish = finish;
}
