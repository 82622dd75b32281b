/*
 * Proves what site/generation.h promises: which ConfigMaps run, of
 * Deployments that are calm, under way or stuck, and what does not agree.
 */
#include <string.h>

#include "api/kube.h"
#include "base/mem.h"
#include "site/generation.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

#define API "/apis/apps/v1/namespaces/acme/deployments/"
/* A Deployment's numbers: replicas that are there, updated, available. */
#define CALM "1,\"updatedReplicas\":1,\"availableReplicas\":1"
#define STUCK "2,\"updatedReplicas\":1,\"availableReplicas\":1"

static struct httpd *d;
static struct kube *k;
static struct generation g;
static struct buf problems, text;
static struct err e;

static void
set_up(void)
{
	struct kube_open o = { .token = "kube-token-123456", .space = "acme" };

	d = httpd_start(NULL);
	o.server = httpd_url(d);
	e = (struct err){ 0 };
	problems = buf_new(4096);
	text = buf_new(65536);
	k = kube_open(&o, &e);
	ck_assert(k != NULL);
}

static void
tear_down(void)
{
	kube_close(k);
	httpd_stop(d);
	buf_free(&problems);
	buf_free(&text);
}

static void
add_volumes(const char *version)
{
	static const char *const names[] = { "config", "settings-lms",
	    "settings-cms" };

	buf_puts(&text, "\"volumes\":[");
	for (int i = 0; i < 3; i++)
		buf_printf(&text, "%s{\"name\":\"%s\",\"configMap\":{\"name\":"
		    "\"%s-%s\"}}", i > 0 ? "," : "", names[i], names[i],
		    version);
	buf_puts(&text, "]");
}

/* That Deployment mounts that version. */
static void
deployment(const char *name, const char *version, const char *numbers,
    const char *env)
{
	char path[200] = "GET " API;

	strncat(path, name, sizeof path - strlen(path) - 1);
	strncat(path, " ", sizeof path - strlen(path) - 1);
	buf_clear(&text);
	buf_printf(&text, "{\"metadata\":{\"name\":\"%s\",\"generation\":1},"
	    "\"spec\":{\"replicas\":1,\"template\":{\"spec\":{"
	    "\"containers\":[{\"name\":\"lms\",\"env\":[%s]}],", name, env);
	add_volumes(version);
	buf_printf(&text, "}}},\"status\":{\"observedGeneration\":1,"
	    "\"replicas\":%s}}", numbers);
	httpd_answer(d, path, 0, 200, "", buf_str(&text));
}

struct pod {
	const char *version, *ready;
};

/* The pods of the Deployment lms. */
static void
pods(const struct pod *p)
{
	buf_clear(&text);
	buf_puts(&text, "{\"items\":[");
	for (int i = 0; p[i].version != NULL; i++) {
		buf_printf(&text, "%s{\"metadata\":{\"name\":\"lms-%d\"},"
		    "\"spec\":{", i > 0 ? "," : "", i);
		add_volumes(p[i].version);
		buf_printf(&text, "},\"status\":{\"conditions\":[{\"type\":"
		    "\"Ready\",\"status\":\"%s\"}]}}", p[i].ready);
	}
	buf_puts(&text, "]}");
	httpd_answer(d, "GET /api/v1/namespaces/acme/pods?limit=100&"
	    "labelSelector=app.kubernetes.io%2Fname%3Dlms ", 0, 200, "",
	    buf_str(&text));
}

/* What is not there. */
static bool
find(void)
{
	httpd_answer(d, "GET " API, 0, 404, "", "{\"kind\":\"Status\","
	    "\"reason\":\"NotFound\",\"message\":\"not found\"}");
	return generation_find(k, &g, &problems, &e);
}

START_TEST(a_calm_deployment_says_what_runs)
{
	deployment("lms", "new", CALM, "");
	deployment("cms", "new", CALM, "");
	ck_assert_msg(find(), "%s", e.text);
	ck_assert_str_eq(g.config, "config-new");
	ck_assert_str_eq(g.lms, "settings-lms-new");
	ck_assert_str_eq(g.cms, "settings-cms-new");
	ck_assert_int_eq(httpd_count(d, "GET /api/v1/"), 0);
}
END_TEST

START_TEST(lms_studio_and_workers_must_agree)
{
	deployment("lms", "new", CALM, "");
	deployment("cms", "new", CALM, "");
	deployment("cms-worker", "old", CALM, "");
	ck_assert(!find());
	ck_assert_int_eq(e.kind, ERR_HAND);
	kit_contains(e.text, "Deployment cms-worker mounts ConfigMap "
	    "config-old, another one config-new");
}
END_TEST

START_TEST(while_a_rollout_is_stuck_the_pods_that_serve_say_it)
{
	static const struct pod p[] = { { "new", "False" }, { "old", "True" },
	    { NULL, NULL } };

	deployment("lms", "new", STUCK, "");
	deployment("cms", "old", CALM, "");
	pods(p);
	ck_assert_msg(find(), "%s", e.text);
	ck_assert_str_eq(g.config, "config-old");
}
END_TEST

START_TEST(pods_of_two_versions_that_serve_are_half_way)
{
	static const struct pod p[] = { { "new", "True" }, { "old", "True" },
	    { NULL, NULL } };

	deployment("lms", "new", STUCK, "");
	deployment("cms", "new", CALM, "");
	pods(p);
	ck_assert(!find());
	ck_assert_int_eq(e.kind, ERR_HAND);
	kit_contains(e.text, "Pod lms-1 mounts ConfigMap config-old");
}
END_TEST

START_TEST(where_no_pod_serves_the_deployment_counts)
{
	static const struct pod p[] = { { "old", "False" }, { NULL, NULL } };

	deployment("lms", "new", STUCK, "");
	deployment("cms", "new", CALM, "");
	pods(p);
	ck_assert_msg(find(), "%s", e.text);
	ck_assert_str_eq(g.config, "config-new");
}
END_TEST

START_TEST(pods_that_can_not_be_listed_name_the_rule)
{
	deployment("lms", "new", STUCK, "");
	httpd_answer(d, "GET /api/v1/", 0, 403, "", "{\"kind\":\"Status\","
	    "\"reason\":\"Forbidden\",\"message\":\"no\"}");
	ck_assert(!find());
	ck_assert_int_eq(e.kind, ERR_DENIED);
	kit_contains(e.text, "Deployment lms is half-way through a rollout");
	kit_contains(e.text, "resources: [pods], verbs: [list]");
}
END_TEST

#define HOST(value) "{\"name\":\"DB_MIGRATION_HOST\",\"value\":\"" value "\"}"

START_TEST(what_the_environment_says_of_the_databases_is_taken)
{
	deployment("lms", "new", CALM, HOST("other"));
	deployment("lms-worker", "new", CALM, HOST("other"));
	deployment("cms", "new", CALM, "{\"name\":\"DB_MIGRATION_PASS\","
	    "\"value\":\"a password of old\"}");
	ck_assert_msg(find(), "%s", e.text);
	ck_assert_str_eq(buf_str(&problems), "");
	for (size_t i = 0; i < GENERATION_DATABASE; i++) {
		const char *key = generation_database[i];

		ck_assert_pstr_eq(g.lms_database[i], strcmp(key, "HOST") == 0 ?
		    "other" : NULL);
		ck_assert_pstr_eq(g.cms_database[i],
		    strcmp(key, "PASSWORD") == 0 ? "a password of old"
		    : NULL);
	}
}
END_TEST

START_TEST(what_of_it_can_not_be_told_is_a_problem)
{
	deployment("lms", "new", CALM, HOST("other"));
	deployment("lms-worker", "new", CALM, "");
	deployment("cms", "new", CALM, "{\"name\":\"DB_MIGRATION_PASS\","
	    "\"valueFrom\":{\"secretKeyRef\":{}}}");
	ck_assert_msg(find(), "%s", e.text);
	kit_contains(buf_str(&problems), "lms-worker has another "
	    "DB_MIGRATION_HOST than lms\n");
	kit_contains(buf_str(&problems), "cms sets DB_MIGRATION_PASS from "
	    "elsewhere");
}
END_TEST

START_TEST(in_the_middle_of_a_rollout_the_environment_is_a_problem)
{
	static const struct pod p[] = { { "old", "True" }, { NULL, NULL } };

	deployment("lms", "new", STUCK, HOST("other"));
	deployment("cms", "old", CALM, "");
	pods(p);
	ck_assert_msg(find(), "%s", e.text);
	kit_contains(buf_str(&problems), "lms sets DB_MIGRATION_HOST in the "
	    "middle of a rollout");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("generation");
	TCase *t = tcase_create("generation");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, a_calm_deployment_says_what_runs);
	tcase_add_test(t, lms_studio_and_workers_must_agree);
	tcase_add_test(t,
	    while_a_rollout_is_stuck_the_pods_that_serve_say_it);
	tcase_add_test(t, pods_of_two_versions_that_serve_are_half_way);
	tcase_add_test(t, where_no_pod_serves_the_deployment_counts);
	tcase_add_test(t, pods_that_can_not_be_listed_name_the_rule);
	tcase_add_test(t, what_the_environment_says_of_the_databases_is_taken);
	tcase_add_test(t, what_of_it_can_not_be_told_is_a_problem);
	tcase_add_test(t,
	    in_the_middle_of_a_rollout_the_environment_is_a_problem);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
