/*
 * Proves what api/kube.h promises: lists in pages, errors in words, and what
 * Deployments and Pods say about themselves.
 */
#include <string.h>

#include "api/kube.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

static struct httpd *d;
static struct kube *k;
static struct err e;
static struct buf out;

static struct kube *
open_kube(const char *ca)
{
	const struct kube_open o = {
		.server = httpd_url(d), .token = "kube-token-123456",
		.space = "acme", .ca_pem = ca,
	};

	return kube_open(&o, &e);
}

static void
set_up(void)
{
	d = httpd_start(NULL);
	e = (struct err){ 0 };
	out = buf_new(4096);
	k = open_kube("");
	ck_assert(k != NULL);
}

static void
tear_down(void)
{
	kube_close(k);
	httpd_stop(d);
	buf_free(&out);
}

static struct json *
parse(const char *s)
{
	struct json *j = json_parse(s, strlen(s), "test", &e);

	ck_assert_msg(j != NULL, "%s", e.text);
	return j;
}

START_TEST(an_object_is_asked_for_by_name_with_the_token)
{
	const struct json *j;

	httpd_answer(d, "GET /api/v1/namespaces/acme/configmaps/cm-1 HTTP", 0,
	    200, "", "{\"metadata\":{\"name\":\"cm-1\"},\"data\":"
	    "{\"production.py\":\"X = 1\\n\",\"a\":{\"b\":1}}}");
	j = kube_find_configmap(k, "cm-1", &e);
	ck_assert_msg(j != NULL, "%s", e.text);
	ck_assert_str_eq(kube_data(j, "production.py"), "X = 1\n");
	ck_assert_ptr_null(kube_data(j, "test.py"));
	ck_assert_ptr_null(kube_data(j, "a"));
	kit_contains(httpd_seen(d, "GET", 0),
	    "Authorization: Bearer kube-token-123456\r\n");
}
END_TEST

START_TEST(a_list_is_read_to_its_last_page)
{
	const struct json *j;

	httpd_answer(d, "GET /api/v1/namespaces/acme/pods"
	    "?limit=100 HTTP", 1, 200, "", "{\"metadata\":{\"continue\":"
	    "\"a/b=\"},\"items\":[{\"metadata\":{\"name\":\"lms\"}}]}");
	httpd_answer(d, "GET /api/v1/namespaces/acme/pods"
	    "?limit=100&continue=a%2Fb%3D HTTP", 1, 200, "",
	    "{\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"cms\"}}]}");
	j = kube_find_pods(k, NULL, &e);
	ck_assert_msg(j != NULL, "%s", e.text);
	ck_assert_int_eq(json_len(j), 2);
	ck_assert_str_eq(json_str(j, "[1].metadata.name"), "cms");
}
END_TEST

START_TEST(a_list_whose_token_expired_is_begun_again)
{
	const struct json *j;

	httpd_answer(d, "GET /api/v1/namespaces/acme/configmaps?limit=100 ",
	    2, 200, "", "{\"metadata\":{\"continue\":\"t\"},\"items\":"
	    "[{\"metadata\":{\"name\":\"a\"}}]}");
	httpd_answer(d, "GET /api/v1/namespaces/acme/configmaps?limit=100&c",
	    1, 410, "", "{\"kind\":\"Status\",\"reason\":\"Expired\","
	    "\"message\":\"too old\",\"code\":410}");
	httpd_answer(d, "GET /api/v1/namespaces/acme/configmaps?limit=100&c",
	    1, 200, "", "{\"metadata\":{},\"items\":[{\"metadata\":"
	    "{\"name\":\"b\"}}]}");
	j = kube_find_configmaps(k, NULL, &e);
	ck_assert_msg(j != NULL, "%s", e.text);
	ck_assert_int_eq(json_len(j), 2);
	ck_assert_int_eq(httpd_count(d, "GET"), 4);
}
END_TEST

START_TEST(no_pods_are_an_empty_list)
{
	const struct json *j;

	httpd_answer(d, "GET /api/v1/namespaces/acme/pods?limit=100&"
	    "labelSelector=app.kubernetes.io%2Fname%3Dlms HTTP", 0, 200, "",
	    "{\"metadata\":{},\"items\":null}");
	j = kube_find_pods(k, "app.kubernetes.io/name=lms", &e);
	ck_assert_msg(j != NULL, "%s", e.text);
	ck_assert_int_eq(json_len(j), 0);
}
END_TEST

static const struct {
	int status;
	enum err_kind kind;
	const char *body, *says[2];
} errors[] = {
	{ 403, ERR_DENIED, "{\"kind\":\"Status\",\"reason\":\"Forbidden\","
	  "\"message\":\"configmaps \\\"cm\\\" is forbidden: User \\\"x\\\""
	  " cannot get resource\",\"code\":403}",
	  { "cannot get resource", "- {apiGroups: [\"\"], resources:"
	  " [configmaps], verbs: [get]}" } },
	{ 401, ERR_DENIED, "{\"kind\":\"Status\",\"message\":\"Unauthorized\","
	  "\"reason\":\"Unauthorized\",\"code\":401}",
	  { "the token is refused", "Unauthorized" } },
	{ 404, ERR_NOT_FOUND, "{\"kind\":\"Status\",\"message\":\"configmaps"
	  " \\\"cm\\\" not found\",\"reason\":\"NotFound\",\"code\":404}",
	  { "NotFound", "configmaps acme/cm" } },
	{ 404, ERR_NOT_FOUND, "default backend - 404",
	  { "HTTP 404", "in place of JSON" } },
	{ 500, ERR_OTHER, "{\"kind\":\"Status\",\"message\":\"etcd\\nis\\tsad"
	  "\",\"reason\":\"InternalError\",\"code\":500}",
	  { "InternalError", "etcd is sad" } },
	{ 200, ERR_OTHER, "<html>login</html>", { "HTML", "cm" } },
	{ 200, ERR_OTHER, "{\"metadata\":{\"name\":\"c",
	  { "not JSON", "cm" } },
	{ 200, ERR_OTHER, "[]", { "no object", "cm" } },
	{ 200, ERR_OTHER, "{\"metadata\":{\"name\":\"other\"}}",
	  { "another object", "cm" } },
	{ 302, ERR_OTHER, "", { "redirected", "cm" } },
};

START_TEST(a_bad_answer_is_told_in_words)
{
	httpd_answer(d, "", 0, errors[_i].status, "", errors[_i].body);
	ck_assert_ptr_null(kube_find_configmap(k, "cm", &e));
	ck_assert_msg(e.kind == errors[_i].kind, "%d: %s", e.kind, e.text);
	kit_contains(e.text, errors[_i].says[0]);
	kit_contains(e.text, errors[_i].says[1]);
	kit_lacks(e.text, "kube-token");
}
END_TEST

#define REVIEW "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews "

START_TEST(all_rights_that_are_missing_are_named_as_rules)
{
	static const struct kube_right needs[] = {
		{ "apps", "deployments", "get" },
		{ "", "configmaps", "get, list" },
		{ "", "pods/exec", "get, create" }, { 0 }
	};
	static const char *const says[] = { "true", "false", "true",
	    "false", "false" };

	for (int i = 0; i < 5; i++)
		httpd_answer(d, REVIEW, 1, 201, "", says[i][0] == 't' ?
		    "{\"status\":{\"allowed\":true}}" :
		    "{\"status\":{\"allowed\":false}}");
	ck_assert_msg(kube_find_missing(k, needs, &out, &e), "%s", e.text);
	ck_assert_str_eq(buf_str(&out),
	    "- {apiGroups: [\"\"], resources: [configmaps], verbs: [get]}\n"
	    "- {apiGroups: [\"\"], resources: [pods/exec],"
	    " verbs: [get, create]}\n");
	kit_contains(httpd_seen(d, "POST", 0), "{\"namespace\":\"acme\","
	    "\"verb\":\"get\",\"group\":\"apps\",\"resource\":"
	    "\"deployments\"}");
	kit_contains(httpd_seen(d, "POST", 4), "\"verb\":\"create\","
	    "\"group\":\"\",\"resource\":\"pods\",\"subresource\":"
	    "\"exec\"}");
}
END_TEST

START_TEST(a_review_that_says_nothing_is_an_error)
{
	static const struct kube_right needs[] = {
		{ "", "pods", "list" }, { 0 }
	};

	httpd_answer(d, REVIEW, 1, 201, "", "{\"status\":{}}");
	ck_assert(!kube_find_missing(k, needs, &out, &e));
	kit_contains(e.text, "does not say");
	httpd_answer(d, REVIEW, 1, 403, "", "{\"kind\":\"Status\","
	    "\"message\":\"no\",\"code\":403}");
	ck_assert(!kube_find_missing(k, needs, &out, &e));
	ck_assert_int_eq(e.kind, ERR_DENIED);
	ck_assert_str_eq(buf_str(&out), "");
}
END_TEST

START_TEST(a_list_that_is_none_is_refused)
{
	httpd_answer(d, "", 0, 200, "", "{\"items\":{}}");
	ck_assert_ptr_null(kube_find_pods(k, NULL, &e));
	kit_contains(e.text, "no list");
}
END_TEST

START_TEST(roots_may_be_given_as_a_kubeconfig_has_them)
{
	struct httpd *tls = httpd_start("127.0.0.1"), *plain = d;
	struct buf b64 = buf_new(1 << 20);
	struct kube *other;

	text_base64(&b64, httpd_ca(tls), strlen(httpd_ca(tls)));
	httpd_answer(tls, "", 0, 200, "", "{\"items\":[]}");
	d = tls;
	other = open_kube(buf_str(&b64));
	ck_assert_msg(other != NULL, "%s", e.text);
	ck_assert_ptr_nonnull(kube_find_pods(other, NULL, &e));
	kube_close(other);
	other = open_kube(httpd_ca(tls));
	ck_assert_ptr_nonnull(kube_find_pods(other, NULL, &e));
	kube_close(other);
	ck_assert_ptr_null(open_kube("bm90aGluZw=="));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	d = plain;
	httpd_stop(tls);
	buf_free(&b64);
}
END_TEST

static const char deployment[] =
    "{\"spec\":{\"template\":{\"spec\":{"
    "\"containers\":[{\"name\":\"side\",\"env\":[{\"name\":\"A\","
    "\"value\":\"0\"}]},{\"name\":\"forum\",\"env\":["
    "{\"name\":\"A\",\"value\":\"1\"},"
    "{\"name\":\"S\",\"valueFrom\":{\"secretKeyRef\":{}}}]}],"
    "\"volumes\":[{\"name\":\"tmp\",\"emptyDir\":{}},"
    "{\"name\":\"settings-lms\",\"configMap\":{\"name\":\"s-1\"}},"
    "{\"name\":\"all\",\"projected\":{\"sources\":[{\"secret\":{}},"
    "{\"configMap\":{\"name\":\"p-1\"}},"
    "{\"configMap\":{\"name\":\"p-2\"}}]}}]}}}}";

START_TEST(mounted_configmaps_are_found_by_volume)
{
	struct json *j = parse(deployment);

	ck_assert_str_eq(kube_mounted_configmap(j, "settings-lms"), "s-1");
	ck_assert_str_eq(kube_mounted_configmap(j, "all"), "p-1");
	ck_assert_ptr_null(kube_mounted_configmap(j, "tmp"));
	ck_assert_ptr_null(kube_mounted_configmap(j, "none"));
	ck_assert_str_eq(kube_env(j, "forum", "A"), "1");
	ck_assert_str_eq(kube_env(j, "", "A"), "0");
	ck_assert_ptr_null(kube_env(j, "forum", "S"));
	ck_assert_ptr_null(kube_env(j, "forum", "B"));
	json_free(j);
}
END_TEST

static const struct {
	const char *object, *why;	/* why NULL: ready */
} rollouts[] = {
	{ "{\"metadata\":{\"generation\":2},\"spec\":{\"replicas\":2},"
	  "\"status\":{\"observedGeneration\":2,\"replicas\":2,"
	  "\"updatedReplicas\":2,\"availableReplicas\":2}}", NULL },
	{ "{\"spec\":{\"replicas\":0},\"status\":{}}", NULL },
	{ "{\"metadata\":{\"generation\":3},\"status\":"
	  "{\"observedGeneration\":2}}", "not yet seen" },
	{ "{\"spec\":{\"replicas\":2},\"status\":{\"updatedReplicas\":1}}",
	  "1 of 2 replicas are updated" },
	{ "{\"spec\":{\"replicas\":1},\"status\":{\"replicas\":2,"
	  "\"updatedReplicas\":1,\"availableReplicas\":2}}",
	  "1 old replicas" },
	{ "{\"status\":{\"replicas\":1,\"updatedReplicas\":1}}",
	  "0 of 1 replicas are available" },
	{ "{\"status\":{\"conditions\":[{\"type\":\"Progressing\","
	  "\"status\":\"False\",\"reason\":\"ProgressDeadlineExceeded\","
	  "\"message\":\"timed out progressing\"}]}}", "timed out" },
	{ "{}", "0 of 1 replicas are updated" },
};

START_TEST(a_rollout_is_judged_by_its_numbers)
{
	struct json *j = parse(rollouts[_i].object);
	bool ready = kube_is_ready(j, &out);

	ck_assert_msg(ready == (rollouts[_i].why == NULL), "%s",
	    buf_str(&out));
	if (!ready)
		kit_contains(buf_str(&out), rollouts[_i].why);
	json_free(j);
}
END_TEST

START_TEST(a_pod_says_what_it_waits_for)
{
	struct json *j = parse("{\"metadata\":{\"name\":\"lms-7\"},\"status\":"
	    "{\"initContainerStatuses\":[{\"name\":\"init\",\"state\":"
	    "{\"terminated\":{\"exitCode\":0,\"reason\":\"Completed\"}}}],"
	    "\"containerStatuses\":[{\"name\":\"lms\",\"state\":{\"waiting\":"
	    "{\"reason\":\"CrashLoopBackOff\",\"message\":\"back-off 5m0s\"}}"
	    "},{\"name\":\"job\",\"state\":{\"terminated\":{\"exitCode\":137,"
	    "\"reason\":\"OOMKilled\"}}},{\"name\":\"ok\",\"state\":"
	    "{\"running\":{}}}],\"conditions\":[{\"type\":\"PodScheduled\","
	    "\"status\":\"False\",\"message\":\"Insufficient cpu\"}]}}");

	ck_assert(kube_say_waiting(j, &out));
	ck_assert_str_eq(buf_str(&out),
	    "lms-7: container lms waits: CrashLoopBackOff (back-off 5m0s)\n"
	    "lms-7: container job ended: OOMKilled, exit status 137\n"
	    "lms-7: no node takes it (Insufficient cpu)\n");
	json_free(j);
}
END_TEST

START_TEST(a_running_pod_says_nothing)
{
	struct json *j = parse("{\"status\":{\"containerStatuses\":"
	    "[{\"state\":{\"running\":{}}}]}}");

	ck_assert(!kube_say_waiting(j, &out));
	ck_assert_str_eq(buf_str(&out), "");
	json_free(j);
}
END_TEST

/* ---- logging in ---- */

/* A list of no pods, with what of the request came there. */
static const char NONE[] = "{\"kind\":\"PodList\",\"items\":[]}";

static struct httpd *
tls_server(const char *name)
{
	struct httpd *s = httpd_start(name);

	httpd_answer(s, "GET /api/v1/namespaces/acme/pods", 0, 200, "", NONE);
	return s;
}

static bool
list_pods(const struct kube_open *o)
{
	struct kube *c = kube_open(o, &e);
	bool ok = c != NULL && kube_find_pods(c, NULL, &e) != NULL;

	kube_close(c);
	return ok;
}

START_TEST(a_client_certificate_logs_in_without_a_token)
{
	struct httpd *s = tls_server("127.0.0.1");
	const struct kube_open o = { .server = httpd_url(s),
	    .space = "acme", .ca_pem = httpd_ca(s),
	    .cert_pem = httpd_client_cert(s),
	    .key_pem = httpd_client_key(s) };

	httpd_require_client(s);
	ck_assert_msg(list_pods(&o), "%s", e.text);
	kit_lacks(httpd_seen(s, "GET", 0), "Authorization");
	httpd_stop(s);
}
END_TEST

START_TEST(a_key_that_is_not_the_certificates_is_told)
{
	struct httpd *s = tls_server("127.0.0.1"), *t = tls_server("other");
	struct kube_open o = { .server = httpd_url(s), .space = "acme",
	    .ca_pem = httpd_ca(s), .cert_pem = httpd_client_cert(s),
	    .key_pem = httpd_client_key(t) };

	ck_assert(!list_pods(&o));
	kit_contains(e.text, "client certificate");
	ck_assert_int_eq(httpd_count(s, ""), 0);
	httpd_stop(s);
	httpd_stop(t);
}
END_TEST

START_TEST(the_servers_certificate_may_have_another_name)
{
	struct httpd *s = tls_server("kube.example.test");
	struct kube_open o = { .server = httpd_url(s), .space = "acme",
	    .ca_pem = httpd_ca(s), .token = "kube-token-123456" };

	ck_assert(!list_pods(&o));
	ck_assert_int_eq(httpd_count(s, ""), 0);
	o.tls_name = "other.example.test";
	ck_assert(!list_pods(&o));
	ck_assert_int_eq(httpd_count(s, ""), 0);
	o.tls_name = "kube.example.test";
	ck_assert_msg(list_pods(&o), "%s", e.text);
	buf_printf(&out, "\r\nHost: 127.0.0.1:%d\r\n", httpd_port(s));
	kit_contains(httpd_seen(s, "GET", 0), buf_str(&out));
	httpd_stop(s);
}
END_TEST

START_TEST(a_proxy_of_the_clusters_own_is_asked)
{
	struct httpd *proxy = httpd_start(NULL);
	struct kube_open o = { .server = "http://kube.example.test",
	    .space = "acme", .proxy = httpd_url(proxy), .token = "t" };

	httpd_answer(proxy, "GET http://kube.example.test/api/v1/", 0, 200,
	    "", NONE);
	ck_assert_msg(list_pods(&o), "%s", e.text);
	httpd_stop(proxy);
}
END_TEST

/* Gives "new-token" the first time, and then an error. */
static bool
renew_once(void *times, struct kube_open *o, struct err *why)
{
	if (++*(int *)times > 1)
		return err_set(why, ERR_OTHER, "the plugin is out of logins");
	o->token = "new-token";
	return true;
}

START_TEST(a_login_that_ends_is_renewed_once)
{
	int times = 0;
	const struct kube_open o = { .server = httpd_url(d), .space = "acme",
	    .token = "old-token", .renew = renew_once, .source = &times };

	httpd_answer(d, "GET", 1, 401, "", "{\"message\":\"Unauthorized\"}");
	httpd_answer(d, "GET", 0, 200, "", NONE);
	ck_assert_msg(list_pods(&o), "%s", e.text);
	ck_assert_int_eq(times, 1);
	kit_contains(httpd_seen(d, "GET", 0), "Bearer old-token\r\n");
	kit_contains(httpd_seen(d, "GET", 1), "Bearer new-token\r\n");
}
END_TEST

START_TEST(a_login_that_is_never_taken_is_not_renewed_for_ever)
{
	int times = 0;
	const struct kube_open o = { .server = httpd_url(d), .space = "acme",
	    .token = "old-token", .renew = renew_once, .source = &times };

	httpd_answer(d, "GET", 0, 401, "", "{\"message\":\"Unauthorized\"}");
	ck_assert(!list_pods(&o));
	ck_assert_int_eq(e.kind, ERR_DENIED);
	ck_assert_int_eq(times, 1);
	ck_assert_int_eq(httpd_count(d, "GET"), 2);
	times = 1;
	ck_assert(!list_pods(&o));
	kit_contains(e.text, "no new one can be had: the plugin is out of"
	    " logins");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("kube");
	TCase *t = tcase_create("kube");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, an_object_is_asked_for_by_name_with_the_token);
	tcase_add_test(t, a_list_is_read_to_its_last_page);
	tcase_add_test(t, a_list_whose_token_expired_is_begun_again);
	tcase_add_test(t, no_pods_are_an_empty_list);
	tcase_add_loop_test(t, a_bad_answer_is_told_in_words, 0,
	    sizeof(errors) / sizeof(errors[0]));
	tcase_add_test(t, all_rights_that_are_missing_are_named_as_rules);
	tcase_add_test(t, a_review_that_says_nothing_is_an_error);
	tcase_add_test(t, a_list_that_is_none_is_refused);
	tcase_add_test(t, roots_may_be_given_as_a_kubeconfig_has_them);
	tcase_add_test(t, mounted_configmaps_are_found_by_volume);
	tcase_add_loop_test(t, a_rollout_is_judged_by_its_numbers, 0,
	    sizeof(rollouts) / sizeof(rollouts[0]));
	tcase_add_test(t, a_pod_says_what_it_waits_for);
	tcase_add_test(t, a_running_pod_says_nothing);
	tcase_add_test(t, a_client_certificate_logs_in_without_a_token);
	tcase_add_test(t, a_key_that_is_not_the_certificates_is_told);
	tcase_add_test(t, the_servers_certificate_may_have_another_name);
	tcase_add_test(t, a_proxy_of_the_clusters_own_is_asked);
	tcase_add_test(t, a_login_that_ends_is_renewed_once);
	tcase_add_test(t,
	    a_login_that_is_never_taken_is_not_renewed_for_ever);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
