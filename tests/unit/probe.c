/*
 * Proves what site/probe.h and site/workers.h promise where no server is
 * needed: what is asked for which settings; that the script runs on whatever
 * python3 there is, says of a client that is missing that it is, keeps its
 * time, and shows no secret; how processes are counted.
 */
#include <stdlib.h>
#include <string.h>

#include "api/kube.h"
#include "base/mem.h"
#include "data/json.h"
#include "site/probe.h"
#include "site/probe_own.h"
#include "site/workers.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

static struct pool *pool;
static struct probes ps;
static struct err e;

static void
set_up(void)
{
	pool = pool_new();
	e = (struct err){ 0 };
}

static void
tear_down(void)
{
	probes_close(&ps);
	pool_free(pool);
}

static bool
plan(const char *text)
{
	struct json *settings = json_parse(text, strlen(text), "test", &e);
	bool ok;

	ck_assert_msg(settings != NULL, "%s", e.text);
	ok = probes_plan(pool, settings, &ps, &e);
	json_free(settings);
	return ok;
}

static const char *
question(const char *path)
{
	struct buf text = buf_new(1 << 16);
	const char *s;

	json_print(json_at(ps.given, path), false, &text);
	s = pool_strdup(pool, buf_str(&text));
	buf_free(&text);
	return s;
}

#define VALUES "{\"values\": {\"MYSQL_HOST\": \"db.test\", " \
	"\"OPENEDX_MYSQL_DATABASE\": \"a\", \"OPENEDX_MYSQL_USERNAME\": " \
	"\"u\", \"OPENEDX_MYSQL_PASSWORD\": \"mysql-password\", " \
	"\"MONGODB_HOST\": \"mongodb://u:p%%2Fw@m1:27018,m2/x\", " \
	"\"MONGODB_PASSWORD\": \"mongo-password\", \"MONGODB_DATABASE\": " \
	"\"main\", \"MONGODB_USE_SSL\": true, \"S3_STORAGE_BUCKET\": \"b\", " \
	"\"S3_GRADE_BUCKET\": \"b\", \"S3_PROFILE_IMAGE_BUCKET\": \"c\", " \
	"\"OPENEDX_AWS_SECRET_ACCESS_KEY\": \"s3-secret\"}, \"unmapped\": [" \
	"%s]}"

START_TEST(what_is_asked_follows_the_settings)
{
	ck_assert_msg(plan(pool_printf(pool, VALUES, "")), "%s", e.text);
	ck_assert_uint_eq(ps.n, 4);	/* MySQL, MongoDB, two buckets */
	ck_assert_str_eq(ps.v[0].where, "db.test:3306/a");
	ck_assert_str_eq(ps.v[1].where, "(a URI)");
	ck_assert_str_eq(question("probes[0].port"), "3306");
	ck_assert_str_eq(question("probes[1].tls"), "true");
	ck_assert_str_eq(question("probes[1].databases"),
	    "[[\"main\",\"modulestore.active_versions\"]]");
	ck_assert_str_eq(question("probes[3].bucket"), "\"c\"");
	kit_contains(question("secrets"), "mysql-password");
	kit_contains(question("secrets"), "mongo-password");
	kit_contains(question("secrets"), "s3-secret");
}
END_TEST

START_TEST(what_no_key_carries_is_asked_too)
{
	ck_assert_msg(plan(pool_printf(pool, VALUES, "{\"path\": "
	    "\"DATABASES.default.OPTIONS.ssl\", \"lms\": {\"ca\": \"/ca\"}},"
	    "{\"path\": \"DATABASES.two\", \"cms\": {\"ENGINE\": "
	    "\"django.db.backends.mysql\", \"HOST\": \"two.test\", \"PORT\": "
	    "\"3307\", \"NAME\": \"t\", \"USER\": \"v\", \"PASSWORD\": "
	    "\"two-password\"}}, {\"path\": \"DATABASES.lite\", \"lms\": "
	    "{\"ENGINE\": \"django.db.backends.sqlite3\"}}, {\"path\": "
	    "\"DATABASES.odd\", \"why\": \"a condition\"}, {\"path\": "
	    "\"DOC_STORE_CONFIG.tlsCAFile\", \"lms\": \"/m\"}, {\"path\": "
	    "\"DOC_STORE_CONFIG.proxy\", \"lms\": true}, {\"path\": "
	    "\"AWS_LOCATION\", \"lms\": \"/up/\"}")), "%s", e.text);
	ck_assert_uint_eq(ps.n, 6);
	ck_assert_str_eq(question("probes[0].options"),
	    "{\"ssl\":{\"ca\":\"/ca\"}}");
	ck_assert_str_eq(question("probes[1].port"), "3307");
	ck_assert_str_eq(question("probes[2].kind"), "\"none\"");
	ck_assert_str_eq(ps.v[2].name, "DATABASES.odd");
	ck_assert_str_eq(question("probes[3].options"),
	    "{\"tlsCAFile\":\"/m\"}");
	kit_contains(question("probes[4].object"), "\"up/transplant-probe-");
	kit_contains(question("secrets"), "two-password");
}
END_TEST

/* ---- the script ---- */

/* With no more than the standard library: -S leaves site-packages out. */
static struct json *
run_script(const char *probes, const char *seconds)
{
	char *dir = kit_folder(), *out;
	struct json *given, *answer;
	struct buf text = buf_new(1 << 20);
	const char *all = pool_printf(pool, "{\"mark\": \"MARK\", "
	    "\"seconds\": %s, \"write\": true, \"secrets\": "
	    "[\"p/w-secret\"], \"probes\": [%s]}", seconds, probes), *from;

	given = json_parse(all, strlen(all), "test", &e);
	ck_assert_msg(given != NULL, "%s", e.text);
	json_set_str(given, "program", probe_script);
	json_print(given, false, &text);
	json_free(given);
	buf_putc(&text, '\n');
	kit_write(pool_printf(pool, "%s/in", dir), buf_str(&text));
	buf_free(&text);
	out = kit_sh("python3 -I -S -c \"import json, sys\n"
	    "given = json.loads(sys.stdin.buffer.readline())\n"
	    "exec(given['program'], {'given': given})\" <%s/in", dir);
	from = strstr(out, "MARK");
	ck_assert_msg(from != NULL, "%s", out);
	answer = json_parse(from + 4, strlen(from) - 4 - strlen("MARK\n"),
	    "the answer", &e);
	ck_assert_msg(answer != NULL, "%s in: %s", e.text, out);
	kit_lacks(out, "p/w-secret");
	kit_lacks(out, "p%2Fw-secret");
	free(out);
	free(dir);
	return answer;
}

#define MYSQL "{\"kind\": \"mysql\", \"host\": \"127.0.0.1\", \"port\": 1, " \
	"\"user\": \"u\", \"password\": \"p/w-secret\", " \
	"\"database\": \"d\", \"options\": {}}"
#define MAIL(port) "{\"kind\": \"smtp\", \"host\": \"127.0.0.1\", " \
	"\"port\": " port ", \"user\": \"p/w-secret\", \"password\": " \
	"\"p/w-secret\", \"tls\": false, \"ssl\": false}"

START_TEST(a_client_that_is_missing_is_no_pass)
{
	struct json *a = run_script(MYSQL ", {\"kind\": \"mongodb\"}, "
	    "{\"kind\": \"s3\"}, " MAIL("1"), "8");
	struct probe p = { .kind = "mysql" };

	for (int i = 0; i < 3; i++) {
		const struct json *r = json_item(json_get(a, "results"), i);

		ck_assert_str_eq(json_str(r, "cause"), "client");
		kit_contains(json_str(r, "text"), "No module named");
	}
	ck_assert_str_eq(json_str(a, "results[3].cause"), "refused");
	json_free(a);
	probe_explain(&p, "client", 0, false);
	ck_assert_int_eq(p.verdict, PROBE_UNKNOWN);
	kit_contains(p.why, "no client");
}
END_TEST

START_TEST(one_that_hangs_ends_with_the_time_and_harms_no_other)
{
	struct httpd *d = httpd_start(NULL);	/* waits for a request */
	struct json *a = run_script(pool_printf(pool, MAIL("%d") ", "
	    MAIL("1"), httpd_port(d)), "2");

	kit_contains("silent limit cut", json_str(a, "results[0].cause"));
	ck_assert_str_eq(json_str(a, "results[0].stage"), "greeting");
	ck_assert_str_eq(json_str(a, "results[1].cause"), "refused");
	json_free(a);
	httpd_stop(d);
}
END_TEST

/* ---- words ---- */

static const struct {
	const char *kind, *cause, *why;
	long port;
	bool dry;
	enum probe_verdict verdict;
} explained[] = {
	{ "smtp", "timeout", "mail port", 587, false, PROBE_FAIL },
	{ "smtp", "timeout", "firewall", 2525, false, PROBE_FAIL },
	{ "mysql", "timeout", "firewall", 3306, false, PROBE_FAIL },
	{ "mysql", "timeout", "firewall", 3306, true, PROBE_LATER },
	{ "s3", "login", "access key", 443, false, PROBE_FAIL },
	{ "s3", "listing", "may not be listed", 443, true, PROBE_LATER },
	{ "mysql", "of the future", "does not work", 0, false, PROBE_FAIL },
};

START_TEST(a_cause_is_explained_by_what_it_is_of)
{
	struct probe p = { .kind = explained[_i].kind };

	probe_explain(&p, explained[_i].cause, explained[_i].port,
	    explained[_i].dry);
	ck_assert_int_eq(p.verdict, explained[_i].verdict);
	kit_contains(p.why, explained[_i].why);
}
END_TEST

/* ---- processes ---- */

/* Of so many replicas, with this in its container. */
#define DEPLOYMENT "{\"metadata\":{\"name\":\"%s\",\"namespace\":" \
	"\"acme\"},\"spec\":{\"replicas\":%d,\"template\":{\"spec\":{" \
	"\"containers\":[{\"name\":\"lms\",%s}]}}}}"

static const struct {
	int pods, workers;
	const char *pod, *worker;
	long n;
} counted[] = {
	{ 3, 0, "\"env\":[{\"name\":\"UWSGI_WORKERS\",\"value\":\"4\"}]",
	  "\"args\":[]", 12 },
	{ 1, 2, "\"env\":[]", "\"args\":[\"celery\"]", 2 + 2 * 8 },
	{ 0, 2, "\"env\":[]", "\"args\":[\"celery\",\"--concurrency=3\"]",
	  6 },
	{ 0, 1, "\"env\":[]", "\"args\":[\"celery\",\"-c\",\"5\"]", 5 },
	{ 0, 1, "\"env\":[]", "\"command\":[\"celery\","
	  "\"--autoscale=10,3\"]", 10 },
};

START_TEST(processes_are_counted_by_deployments)
{
	static const char path[] =
	    "GET /apis/apps/v1/namespaces/acme/deployments/";
	struct httpd *d = httpd_start(NULL);
	struct kube_open o = { .server = httpd_url(d), .token = "t",
	    .space = "acme" };
	struct kube *k = kube_open(&o, &e);
	long n;

	httpd_answer(d, pool_printf(pool, "%slms ", path), 0, 200, "",
	    pool_printf(pool, DEPLOYMENT, "lms", counted[_i].pods,
	    counted[_i].pod));
	httpd_answer(d, pool_printf(pool, "%slms-worker ", path), 0, 200, "",
	    pool_printf(pool, DEPLOYMENT, "lms-worker", counted[_i].workers,
	    counted[_i].worker));
	httpd_answer(d, pool_printf(pool, "%scms", path), 0, 404, "",
	    "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":"
	    "\"not found\",\"code\":404}");
	ck_assert_msg(workers_count(k, 8, &n, &e), "%s", e.text);
	ck_assert_int_eq(n, counted[_i].n);
	kube_close(k);
	httpd_stop(d);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("probe");
	TCase *t = tcase_create("probe");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, what_is_asked_follows_the_settings);
	tcase_add_test(t, what_no_key_carries_is_asked_too);
	tcase_add_test(t, a_client_that_is_missing_is_no_pass);
	tcase_add_test(t,
	    one_that_hangs_ends_with_the_time_and_harms_no_other);
	tcase_add_loop_test(t, a_cause_is_explained_by_what_it_is_of, 0,
	    (int)(sizeof(explained) / sizeof(explained[0])));
	tcase_add_loop_test(t, processes_are_counted_by_deployments, 0,
	    (int)(sizeof(counted) / sizeof(counted[0])));
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
