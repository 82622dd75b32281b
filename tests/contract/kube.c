/*
 * What the project needs of a Kubernetes API, held against the double or a
 * real server.
 *
 * For a real one give CONTRACT_KUBE_URL, _TOKEN, _CA (a file) and
 * _NAMESPACE; the namespace holds an old instance, the token may what
 * tests/doubles/kube.c lists for the contract suite, and SB_KUBE_OLD_TOKEN is
 * that of the account that README.md describes. Without them the suite starts
 * a double of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/http.h"
#include "tests/kit/kit.h"

enum { ROOM = 512 };

static struct server kube;
static const char *ns;
static bool real;

/* A path in the namespace: "/api/v1/namespaces/acme" and the rest. */
static const char *
core(const char *rest)
{
	static char path[4 * ROOM];

	(void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s%s", ns,
	    rest);
	return path;
}

static const char *
apps(const char *rest)
{
	static char path[4 * ROOM];

	(void)snprintf(path, sizeof(path), "/apis/apps/v1/namespaces/%s%s",
	    ns, rest);
	return path;
}

static struct answer
patch(const char *path, const char *type, const char *body)
{
	return web_send(&kube, "PATCH", path, NULL, type, body);
}

/* Is it a Status with that code and reason? */
static void
expect_status(const struct answer *a, long code, const char *reason)
{
	ck_assert_msg(a->status == code, "%ld %s", a->status, a->body);
	ck_assert_str_eq(answer_str(a, "kind"), "Status");
	ck_assert_str_eq(answer_str(a, "apiVersion"), "v1");
	ck_assert_str_eq(answer_str(a, "status"), "Failure");
	ck_assert_str_eq(answer_str(a, "reason"), reason);
	ck_assert(answer_num(a, "code") == (double)code);
}

static int
items(const struct answer *a)
{
	char path[32];
	int n = 0;

	for (;; n++) {
		(void)snprintf(path, sizeof(path), "items/%d", n);
		if (!answer_has(a, path))
			return n;
	}
}

/* --- who may what ------------------------------------------------------ */

START_TEST(a_wrong_token_is_unauthorized)
{
	struct server other = kube;
	struct answer a;

	other.token = "0123456789";
	a = web_get(&other, core("/configmaps"));
	expect_status(&a, 401, "Unauthorized");
	ck_assert_str_eq(answer_str(&a, "message"), "Unauthorized");
	web_free(&a);
}
END_TEST

START_TEST(no_token_is_anonymous)
{
	struct server other = kube;
	struct answer a;

	other.token = NULL;
	a = web_get(&other, core("/configmaps"));
	expect_status(&a, 403, "Forbidden");
	kit_contains(answer_str(&a, "message"), "User \"system:anonymous\" "
	    "cannot list resource \"configmaps\" in API group \"\"");
	web_free(&a);
}
END_TEST

START_TEST(another_namespace_is_forbidden)
{
	struct answer a = web_get(&kube,
	    "/apis/apps/v1/namespaces/kube-system/deployments/x");

	expect_status(&a, 403, "Forbidden");
	kit_contains(answer_str(&a, "message"), "deployments.apps \"x\" is "
	    "forbidden: User ");
	kit_contains(answer_str(&a, "message"), " cannot get resource "
	    "\"deployments\" in API group \"apps\" in the namespace "
	    "\"kube-system\"");
	ck_assert_str_eq(answer_str(&a, "details/group"), "apps");
	ck_assert_str_eq(answer_str(&a, "details/kind"), "deployments");
	web_free(&a);
}
END_TEST

START_TEST(a_list_over_all_namespaces_is_forbidden)
{
	struct answer a = web_get(&kube, "/api/v1/configmaps");

	expect_status(&a, 403, "Forbidden");
	kit_contains(answer_str(&a, "message"), "at the cluster scope");
	web_free(&a);
}
END_TEST

START_TEST(secrets_cannot_be_listed)
{
	struct answer a = web_get(&kube, core("/secrets"));

	expect_status(&a, 403, "Forbidden");
	web_free(&a);
}
END_TEST

static const struct {
	const char *verb, *group, *resource, *subresource;
	bool allowed;
} reviews[] = {
	{ "list", "", "configmaps", "", true },
	{ "get", "", "pods", "log", true },
	{ "patch", "apps", "deployments", "scale", true },
	{ "patch", "apps", "deployments", "", false },
	{ "delete", "", "configmaps", "", false },
	{ "list", "", "secrets", "", false },
};

START_TEST(an_access_review_tells_what_the_token_may)
{
	struct answer a;
	char body[ROOM];

	(void)snprintf(body, sizeof(body), "{\"kind\":"
	    "\"SelfSubjectAccessReview\",\"apiVersion\":"
	    "\"authorization.k8s.io/v1\",\"spec\":{\"resourceAttributes\":"
	    "{\"namespace\":\"%s\",\"verb\":\"%s\",\"group\":\"%s\","
	    "\"resource\":\"%s\",\"subresource\":\"%s\"}}}", ns,
	    reviews[_i].verb, reviews[_i].group, reviews[_i].resource,
	    reviews[_i].subresource);
	a = web_send(&kube, "POST",
	    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", NULL,
	    "application/json", body);
	ck_assert_int_eq(a.status, 201);
	kit_contains(a.body, reviews[_i].allowed ? "\"allowed\":true" :
	    "\"allowed\":false");
	web_free(&a);
}
END_TEST

START_TEST(a_review_of_nothing_is_refused)
{
	struct answer a = web_send(&kube, "POST",
	    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", NULL,
	    "application/json", "{\"kind\":\"SelfSubjectAccessReview\","
	    "\"apiVersion\":\"authorization.k8s.io/v1\",\"spec\":{}}");

	expect_status(&a, 422, "Invalid");
	web_free(&a);
}
END_TEST

/* What the account of README.md may, and what it may not. */
static const struct {
	const char *method, *group, *space, *rest;	/* space NULL: ns */
	long status;
} account[] = {
	{ "GET", "/apis/apps/v1", NULL, "/deployments/lms", 200 },
	{ "GET", "/api/v1", NULL, "/configmaps?limit=1", 200 },
	{ "GET", "/apis/apps/v1", NULL, "/deployments", 403 },
	{ "GET", "/api/v1", NULL, "/pods?limit=1", 200 },
	{ "POST", "/api/v1", NULL, "/pods", 403 },
	{ "GET", "/api/v1", NULL, "/pods/x/exec?command=true", 403 },
	{ "GET", "/api/v1", NULL, "/secrets", 403 },
	{ "GET", "/api/v1", NULL, "/secrets/lms-host-tls", 403 },
	{ "GET", "/api/v1", "kube-system", "/secrets", 403 },
	{ "GET", "/api/v1", "default", "/configmaps", 403 },
	{ "DELETE", "/apis/apps/v1", NULL, "/deployments/lms", 403 },
	{ "DELETE", "/api/v1", NULL, "/configmaps/x", 403 },
};

START_TEST(the_account_of_the_steps_may_what_they_need_and_no_more)
{
	const char *space = account[_i].space != NULL ? account[_i].space :
	    ns;
	const char *path = kit_text("%s/namespaces/%s%s", account[_i].group,
	    space, account[_i].rest);
	struct server steps = kube;
	struct answer a;

	steps.token = getenv("SB_KUBE_OLD_TOKEN");
	a = web_send(&steps, account[_i].method, path, NULL, NULL, NULL);
	ck_assert_msg(a.status == account[_i].status, "%s %s: %ld %s",
	    account[_i].method, path, a.status, a.body);
	web_free(&a);
}
END_TEST

/* --- one object -------------------------------------------------------- */

START_TEST(an_object_that_is_not_there_is_named)
{
	struct answer a = web_get(&kube, core("/configmaps/none"));

	expect_status(&a, 404, "NotFound");
	ck_assert_str_eq(answer_str(&a, "message"),
	    "configmaps \"none\" not found");
	ck_assert_str_eq(answer_str(&a, "details/name"), "none");
	ck_assert_str_eq(answer_str(&a, "details/kind"), "configmaps");
	web_free(&a);
	a = web_get(&kube, apps("/deployments/none"));
	expect_status(&a, 404, "NotFound");
	ck_assert_str_eq(answer_str(&a, "message"),
	    "deployments.apps \"none\" not found");
	ck_assert_str_eq(answer_str(&a, "details/group"), "apps");
	web_free(&a);
}
END_TEST

START_TEST(an_object_alone_says_what_it_is)
{
	struct answer a = web_get(&kube, apps("/deployments/lms"));

	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&a, "kind"), "Deployment");
	ck_assert_str_eq(answer_str(&a, "apiVersion"), "apps/v1");
	ck_assert_ptr_nonnull(answer_str(&a, "metadata/uid"));
	ck_assert_ptr_nonnull(answer_str(&a, "metadata/resourceVersion"));
	ck_assert(answer_num(&a, "metadata/generation") >= 1);
	web_free(&a);
}
END_TEST

/* The name of the ConfigMap behind a volume of Deployment lms. */
static void
mounted(const char *volume, char name[ROOM])
{
	struct answer a = web_get(&kube, apps("/deployments/lms"));
	char path[128];

	name[0] = '\0';
	for (int i = 0; i < 8 && name[0] == '\0'; i++) {
		const char *s;

		(void)snprintf(path, sizeof(path),
		    "spec/template/spec/volumes/%d/name", i);
		s = answer_str(&a, path);
		if (s == NULL || strcmp(s, volume) != 0)
			continue;
		(void)snprintf(path, sizeof(path),
		    "spec/template/spec/volumes/%d/configMap/name", i);
		(void)snprintf(name, ROOM, "%s", answer_str(&a, path));
	}
	web_free(&a);
	ck_assert_str_ne(name, "");
}

START_TEST(what_the_deployment_mounts_is_there)
{
	static const struct {
		const char *volume, *key, *part;
	} mounts[] = {
		{ "settings-lms", "production.py", "mongodb_parameters = {" },
		{ "settings-cms", "production.py", "SOCIAL_AUTH_EDX_OAUTH2" },
		{ "config", "lms.env.yml", "DATABASES:" },
	};
	char name[ROOM], path[ROOM + 64];
	struct answer a;

	for (int i = 0; i < 3; i++) {
		mounted(mounts[i].volume, name);
		(void)snprintf(path, sizeof(path), "/configmaps/%s", name);
		a = web_get(&kube, core(path));
		ck_assert_int_eq(a.status, 200);
		(void)snprintf(path, sizeof(path), "data/%s",
		    mounts[i].key);
		kit_contains(answer_str(&a, path), mounts[i].part);
		web_free(&a);
	}
}
END_TEST

START_TEST(a_stale_generation_comes_last_by_name)
{
	struct answer a = web_get(&kube, core("/configmaps"));
	char name[ROOM], path[64], last[ROOM] = "";
	int n = items(&a);

	mounted("settings-lms", name);
	for (int i = 0; i < n; i++) {
		const char *s;

		(void)snprintf(path, sizeof(path), "items/%d/metadata/name",
		    i);
		s = answer_str(&a, path);
		if (strncmp(s, "openedx-settings-lms-", 21) == 0)
			(void)snprintf(last, sizeof(last), "%s", s);
	}
	ck_assert_str_ne(last, name);
	web_free(&a);
}
END_TEST

/* --- lists ------------------------------------------------------------- */

START_TEST(the_items_of_a_list_do_not_repeat_their_kind)
{
	struct answer a = web_get(&kube, core("/configmaps?limit=1"));

	ck_assert_str_eq(answer_str(&a, "kind"), "ConfigMapList");
	ck_assert(answer_has(&a, "items/0/metadata/name"));
	ck_assert(!answer_has(&a, "items/0/kind"));
	ck_assert(!answer_has(&a, "items/0/apiVersion"));
	web_free(&a);
}
END_TEST

START_TEST(pages_add_up_to_the_whole_list)
{
	struct answer a = web_get(&kube, core("/configmaps"));
	int all = items(&a), n = 0, pages = 0;
	char next[ROOM] = "", path[ROOM + 64];

	web_free(&a);
	do {
		(void)snprintf(path, sizeof(path),
		    "/configmaps?limit=3%s%s", next[0] ? "&continue=" : "",
		    next);
		a = web_get(&kube, core(path));
		ck_assert_int_eq(a.status, 200);
		n += items(&a);
		(void)snprintf(next, sizeof(next), "%s",
		    answer_str(&a, "metadata/continue") != NULL ?
		    answer_str(&a, "metadata/continue") : "");
		web_free(&a);
		pages++;
	} while (next[0] != '\0' && pages < 50);
	ck_assert_int_eq(n, all);
	ck_assert_int_eq(pages, (all + 2) / 3);
}
END_TEST

START_TEST(a_made_up_continue_token_is_refused)
{
	struct answer a = web_get(&kube,
	    core("/configmaps?limit=1&continue=nonsense"));

	expect_status(&a, 400, "BadRequest");
	web_free(&a);
}
END_TEST

START_TEST(an_expired_continue_token_is_gone)
{
	struct answer a;

	own_world_set("{\"kube.expire\":1}");
	a = web_get(&kube, core("/configmaps?limit=1&continue=v1.a"));
	expect_status(&a, 410, "Expired");
	web_free(&a);
}
END_TEST

static const struct {
	const char *query;
	int at_least, at_most;
} selections[] = {
	{ "?labelSelector=app.kubernetes.io%2Fname%3Dlms", 1, 1 },
	{ "?labelSelector=app.kubernetes.io%2Fname%3D%3Dlms", 1, 1 },
	{ "?labelSelector=app.kubernetes.io%2Fname%20in%20%28lms%2Ccms%29",
	  2, 2 },
	{ "?labelSelector=app.kubernetes.io%2Fname%21%3Dlms", 5, 20 },
	{ "?labelSelector=app.kubernetes.io%2Fname%3Dnone", 0, 0 },
	{ "?labelSelector=none", 0, 0 },
	{ "?labelSelector=app.kubernetes.io%2Fname%3Dlms%2C"
	  "app.kubernetes.io%2Fpart-of%3Dopenedx", 1, 1 },
	{ "?fieldSelector=metadata.name%3Dcms", 1, 1 },
};

START_TEST(selectors_choose)
{
	char path[ROOM];
	struct answer a;
	int n;

	(void)snprintf(path, sizeof(path), "/deployments%s",
	    selections[_i].query);
	a = web_get(&kube, apps(path));
	ck_assert_int_eq(a.status, 200);
	n = items(&a);
	ck_assert_msg(n >= selections[_i].at_least
	    && n <= selections[_i].at_most, "%s: %d", path, n);
	web_free(&a);
}
END_TEST

START_TEST(a_selector_that_is_none_is_refused)
{
	struct answer a = web_get(&kube,
	    core("/configmaps?labelSelector=a%20b"));

	expect_status(&a, 400, "BadRequest");
	kit_contains(answer_str(&a, "message"),
	    "unable to parse requirement: found 'b', expected: in, notin");
	web_free(&a);
}
END_TEST

START_TEST(an_unknown_field_is_no_selector)
{
	struct answer a = web_get(&kube,
	    core("/pods?fieldSelector=spec.colour%3Dred"));

	expect_status(&a, 400, "BadRequest");
	kit_contains(answer_str(&a, "message"),
	    "field label not supported: spec.colour");
	web_free(&a);
}
END_TEST

/* --- pods -------------------------------------------------------------- */

static void
first_pod(char path[ROOM])
{
	struct answer a = web_get(&kube, core("/pods?labelSelector="
	    "app.kubernetes.io%2Fname%3Dlms"));

	ck_assert_str_eq(answer_str(&a, "items/0/status/phase"), "Running");
	(void)snprintf(path, ROOM, "/pods/%s",
	    answer_str(&a, "items/0/metadata/name"));
	web_free(&a);
}

START_TEST(a_log_is_plain_text)
{
	char pod[ROOM], path[ROOM + 64];
	struct answer a;
	int lines = 0;

	first_pod(pod);
	(void)snprintf(path, sizeof(path),
	    "%s/log?container=lms&tailLines=5&timestamps=true", pod);
	a = web_get(&kube, core(path));
	ck_assert_int_eq(a.status, 200);
	kit_contains(a.type, "text/plain");
	for (const char *p = a.body; *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_int_le(lines, 5);
	web_free(&a);
}
END_TEST

static const struct {
	const char *query;
	long status;
	const char *reason, *message;
} bad_logs[] = {
	{ "?container=none", 400, "BadRequest",
	  "container none is not valid for pod" },
	{ "?container=lms&tailLines=-1", 422, "Invalid",
	  "tailLines: Invalid value: -1: must be greater than or equal" },
	{ "?container=lms&sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z",
	  422, "Invalid", "at most one of `sinceTime` or `sinceSeconds`" },
	/* the last is a kubelet's: kwok, which plays it, has one log */
	{ "?container=lms&previous=true", 400, "BadRequest",
	  "previous terminated container" },
};
enum { BAD_LOGS = sizeof(bad_logs) / sizeof(bad_logs[0]) };

START_TEST(a_log_that_cannot_be_is_refused)
{
	char pod[ROOM], path[ROOM + 64];
	struct answer a;

	first_pod(pod);
	(void)snprintf(path, sizeof(path), "%s/log%s", pod,
	    bad_logs[_i].query);
	a = web_get(&kube, core(path));
	expect_status(&a, bad_logs[_i].status, bad_logs[_i].reason);
	kit_contains(answer_str(&a, "message"), bad_logs[_i].message);
	web_free(&a);
}
END_TEST

/* --- exec: what is refused; kube_client.c has the rest ------------------- */

#define UPGRADE "Connection: Upgrade\nUpgrade: websocket\n" \
	"Sec-WebSocket-Version: 13\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"

static const struct {
	const char *headers, *query;
	long status;
	const char *message;	/* NULL: none at all */
} no_exec[] = {
	{ NULL, "?command=true&container=lms&stdout=true", 400,
	  "Upgrade request required" },
	{ UPGRADE "Sec-WebSocket-Protocol: v5.channel.k8s.io",
	  "?command=true&container=none&stdout=true", 400,
	  "container none is not valid for pod" },
	{ UPGRADE "Sec-WebSocket-Protocol: nonsense",
	  "?command=true&container=lms&stdout=true", 403, NULL },
};

START_TEST(an_exec_that_cannot_be_is_refused)
{
	char pod[ROOM], path[ROOM + 64];
	struct answer a;

	first_pod(pod);
	(void)snprintf(path, sizeof(path), "%s/exec%s", pod,
	    no_exec[_i].query);
	a = web_send(&kube, "GET", core(path), no_exec[_i].headers, NULL,
	    NULL);
	ck_assert_msg(a.status == no_exec[_i].status, "%ld %s", a.status,
	    a.body);
	if (no_exec[_i].message != NULL)
		kit_contains(answer_str(&a, "message"), no_exec[_i].message);
	else
		ck_assert_str_eq(a.body, "");
	web_free(&a);
}
END_TEST

/* --- deletes: no step sends one yet -------------------------------------- */

static const char *
ingresses(const char *rest)
{
	return kit_text("/apis/networking.k8s.io/v1/namespaces/%s/ingresses%s",
	    ns, rest);
}

/* The first Ingress: "/name". */
static const char *
an_ingress(void)
{
	struct answer a = web_get(&kube, ingresses(""));
	const char *name;

	ck_assert_msg(a.status == 200, "%s", a.body);
	name = kit_text("/%s", answer_str(&a, "items/0/metadata/name"));
	web_free(&a);
	return name;
}

/* DELETE of one with these further members of DeleteOptions. */
static struct answer
delete_dry(const char *name, const char *options)
{
	return web_send(&kube, "DELETE", ingresses(name), NULL,
	    "application/json", kit_text("{\"kind\":\"DeleteOptions\","
	    "\"apiVersion\":\"v1\",\"dryRun\":[\"All\"]%s}", options));
}

START_TEST(a_delete_has_preconditions)
{
	const char *name = an_ingress(), *uid;
	struct answer a = web_get(&kube, ingresses(name));

	ck_assert_msg(a.status == 200, "%s", a.body);
	uid = kit_text("%s", answer_str(&a, "metadata/uid"));
	web_free(&a);
	a = delete_dry(name, ",\"preconditions\":{\"uid\":\"wrong\"}");
	expect_status(&a, 409, "Conflict");
	kit_contains(answer_str(&a, "message"), "the UID in the precondition"
	    " (wrong) does not match the UID in record");
	ck_assert_str_eq(answer_str(&a, "details/kind"), "Ingress");
	web_free(&a);
	a = delete_dry(name,
	    ",\"preconditions\":{\"resourceVersion\":\"1\"}");
	expect_status(&a, 409, "Conflict");
	web_free(&a);
	a = delete_dry(name, kit_text(",\"preconditions\":{\"uid\":"
	    "\"%s\"}", uid));
	ck_assert_msg(a.status == 200, "%s", a.body);
	ck_assert_str_eq(answer_str(&a, "status"), "Success");
	ck_assert_str_eq(answer_str(&a, "details/uid"), uid);
	web_free(&a);
	a = web_get(&kube, ingresses(name));
	ck_assert_int_eq(a.status, 200);	/* a dry run */
	web_free(&a);
	a = delete_dry("/none", "");
	expect_status(&a, 404, "NotFound");
	web_free(&a);
}
END_TEST

/* Destructive, so only at the double: with a body, the query says nothing.
 * The real one was seen to delete. */
START_TEST(a_dry_run_of_the_query_does_not_count_beside_a_body)
{
	const char *name = an_ingress();
	const char *path = kit_text("%s?dryRun=All", ingresses(name));
	struct answer a = web_send(&kube, "DELETE", path, NULL,
	    "application/json", NULL);

	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	a = web_send(&kube, "DELETE", path, NULL, "application/json",
	    "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\"}");
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	a = web_get(&kube, ingresses(name));
	expect_status(&a, 404, "NotFound");
	web_free(&a);
}
END_TEST

/* --- scale ------------------------------------------------------------- */

#define MERGE "application/merge-patch+json"
#define SCALE "/deployments/cms-worker/scale"

/* Wait until a Deployment's status says so many replicas (0: none). */
static void
await_replicas(double n)
{
	double have = -2;

	for (int i = 0; i < 200; i++) {
		struct answer a = web_get(&kube,
		    apps("/deployments/cms-worker"));
		double seen = answer_num(&a, "status/observedGeneration");
		double want = answer_num(&a, "metadata/generation");

		have = answer_num(&a, "status/replicas");
		web_free(&a);
		if (seen >= want && have == (n > 0 ? n : -1))
			return;
		nap(0.1);
	}
	ck_abort_msg("%.0f replicas, not %.0f", have, n);
}

START_TEST(a_dry_run_scales_nothing)
{
	struct answer a = patch(apps(SCALE "?dryRun=All"), MERGE,
	    "{\"spec\":{\"replicas\":3}}");

	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&a, "kind"), "Scale");
	ck_assert(answer_num(&a, "spec/replicas") == 3);
	web_free(&a);
	a = web_get(&kube, apps(SCALE));
	ck_assert(answer_num(&a, "spec/replicas") == 1);
	web_free(&a);
}
END_TEST

START_TEST(scaling_to_what_is_changes_nothing)
{
	struct answer a = web_get(&kube, apps("/deployments/cms-worker"));
	struct answer b = patch(apps(SCALE), MERGE,
	    "{\"spec\":{\"replicas\":1}}");
	struct answer c = web_get(&kube, apps("/deployments/cms-worker"));

	ck_assert_int_eq(b.status, 200);
	ck_assert(answer_num(&a, "metadata/generation")
	    == answer_num(&c, "metadata/generation"));
	web_free(&a);
	web_free(&b);
	web_free(&c);
}
END_TEST

START_TEST(scaling_to_zero_and_back_is_played)
{
	struct answer a = patch(apps(SCALE), MERGE,
	    "{\"spec\":{\"replicas\":0}}");

	ck_assert_int_eq(a.status, 200);
	ck_assert(answer_num(&a, "spec/replicas") <= 0);
	web_free(&a);
	await_replicas(0);
	a = web_get(&kube, core("/pods?labelSelector="
	    "app.kubernetes.io%2Fname%3Dcms-worker"));
	web_free(&a);
	a = patch(apps(SCALE), MERGE, "{\"spec\":{\"replicas\":1}}");
	ck_assert_int_eq(a.status, 200);
	web_free(&a);
	await_replicas(1);
}
END_TEST

START_TEST(a_patch_of_an_older_state_conflicts)
{
	struct answer a = patch(apps(SCALE), MERGE, "{\"metadata\":"
	    "{\"resourceVersion\":\"1\"},\"spec\":{\"replicas\":2}}");

	expect_status(&a, 409, "Conflict");
	kit_contains(answer_str(&a, "message"),
	    "the object has been modified");
	web_free(&a);
}
END_TEST

START_TEST(a_patch_without_its_type_is_refused)
{
	struct answer a = patch(apps(SCALE), "application/json",
	    "{\"spec\":{\"replicas\":2}}");

	expect_status(&a, 415, "UnsupportedMediaType");
	web_free(&a);
}
END_TEST

START_TEST(a_deployment_itself_may_not_be_patched)
{
	struct answer a = patch(apps("/deployments/cms-worker"), MERGE,
	    "{\"spec\":{\"replicas\":0}}");

	expect_status(&a, 403, "Forbidden");
	web_free(&a);
}
END_TEST

START_TEST(what_is_not_there_cannot_be_scaled)
{
	struct answer a = patch(apps("/deployments/none/scale"), MERGE,
	    "{\"spec\":{\"replicas\":0}}");

	expect_status(&a, 404, "NotFound");
	web_free(&a);
}
END_TEST

START_TEST(a_cronjob_is_suspended_and_resumed)
{
	static const char *const words[] = { "true", "false" };
	char path[ROOM], body[128];
	struct answer a;

	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "/apis/batch/v1/"
		    "namespaces/%s/cronjobs/cronjob-clearsessions", ns);
		(void)snprintf(body, sizeof(body),
		    "{\"spec\":{\"suspend\":%s}}", words[i]);
		a = patch(path, "application/strategic-merge-patch+json",
		    body);
		ck_assert_int_eq(a.status, 200);
		(void)snprintf(body, sizeof(body), "\"suspend\":%s",
		    words[i]);
		kit_contains(a.body, body);
		web_free(&a);
	}
}
END_TEST

START_TEST(a_proxy_may_answer_in_html)
{
	struct answer a;

	own_world_set("{\"kube-old.html\":1}");
	a = web_get(&kube, core("/configmaps"));
	ck_assert_int_eq(a.status, 502);
	ck_assert_str_eq(a.type, "text/html");
	ck_assert_ptr_null(a.json);
	web_free(&a);
}
END_TEST

/* --- the suite --------------------------------------------------------- */

static void
fresh(void)
{
	if (!real)
		own_world_reset();
}

/* The real server of the environment, or a double of our own. */
static bool
find_server(void)
{
	real = getenv("CONTRACT_KUBE_URL") != NULL;
	if (!real && !own_world_up())
		return false;
	if (!real) {
		kube = own_world_server("KUBE_OLD");
		kube.token = getenv("SB_KUBE_CONTRACT_TOKEN");
		ns = getenv("SB_INSTANCE");
		return true;
	}
	kube = (struct server){ .url = getenv("CONTRACT_KUBE_URL"),
	    .token = getenv("CONTRACT_KUBE_TOKEN"),
	    .ca = getenv("CONTRACT_KUBE_CA"),
	    .address = getenv("CONTRACT_KUBE_ADDRESS"),
	    .agent = "transplant-contract" };
	ns = getenv("CONTRACT_KUBE_NAMESPACE");
	return kube.token != NULL && ns != NULL
	    && getenv("SB_KUBE_OLD_TOKEN") != NULL;
}

static void
add_tests(TCase *t)
{
	tcase_add_test(t, a_wrong_token_is_unauthorized);
	tcase_add_test(t, no_token_is_anonymous);
	tcase_add_test(t, another_namespace_is_forbidden);
	tcase_add_test(t, a_list_over_all_namespaces_is_forbidden);
	tcase_add_test(t, secrets_cannot_be_listed);
	tcase_add_loop_test(t, an_access_review_tells_what_the_token_may, 0,
	    sizeof(reviews) / sizeof(reviews[0]));
	tcase_add_test(t, a_review_of_nothing_is_refused);
	tcase_add_loop_test(t,
	    the_account_of_the_steps_may_what_they_need_and_no_more, 0,
	    sizeof(account) / sizeof(account[0]));
	tcase_add_test(t, an_object_that_is_not_there_is_named);
	tcase_add_test(t, an_object_alone_says_what_it_is);
	tcase_add_test(t, what_the_deployment_mounts_is_there);
	tcase_add_test(t, a_stale_generation_comes_last_by_name);
	tcase_add_test(t, the_items_of_a_list_do_not_repeat_their_kind);
	tcase_add_test(t, pages_add_up_to_the_whole_list);
	tcase_add_test(t, a_made_up_continue_token_is_refused);
	tcase_add_loop_test(t, selectors_choose, 0,
	    sizeof(selections) / sizeof(selections[0]));
	tcase_add_test(t, a_selector_that_is_none_is_refused);
	tcase_add_test(t, an_unknown_field_is_no_selector);
	tcase_add_test(t, a_log_is_plain_text);
	tcase_add_loop_test(t, a_log_that_cannot_be_is_refused, 0,
	    real ? BAD_LOGS - 1 : BAD_LOGS);
	tcase_add_loop_test(t, an_exec_that_cannot_be_is_refused, 0,
	    sizeof(no_exec) / sizeof(no_exec[0]));
	tcase_add_test(t, a_delete_has_preconditions);
	tcase_add_test(t, a_dry_run_scales_nothing);
	tcase_add_test(t, scaling_to_what_is_changes_nothing);
	tcase_add_test(t, scaling_to_zero_and_back_is_played);
	tcase_add_test(t, a_patch_of_an_older_state_conflicts);
	tcase_add_test(t, a_patch_without_its_type_is_refused);
	tcase_add_test(t, a_deployment_itself_may_not_be_patched);
	tcase_add_test(t, what_is_not_there_cannot_be_scaled);
	tcase_add_test(t, a_cronjob_is_suspended_and_resumed);
	if (real)
		return;
	/* a token gets old in five minutes; no proxy; nothing is deleted */
	tcase_add_test(t, an_expired_continue_token_is_gone);
	tcase_add_test(t, a_proxy_may_answer_in_html);
	tcase_add_test(t,
	    a_dry_run_of_the_query_does_not_count_beside_a_body);
}

int
main(void)
{
	Suite *s = suite_create("kube");
	TCase *t = tcase_create("kube");

	if (!find_server())
		return kit_skip_all("no double, and no CONTRACT_KUBE_URL, "
		    "_TOKEN, _CA, _NAMESPACE");
	tcase_add_checked_fixture(t, fresh, NULL);
	tcase_set_timeout(t, 60);
	add_tests(t);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
