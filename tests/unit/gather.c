/*
 * gather - many instances are asked about at once, also where a client knows
 * only how to wait for one answer.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"
#include "verify/facts.h"
#include "verify/verify.h"

enum { MANY = 8, PATIENCE = 20, SOON_MS = 600 };

static struct pool *pool;
static const char *workspace;
static struct subject subject[MANY];
static const struct verify_net nobody = { .dns_servers = "127.0.0.1:9" };

/* ---- a server that says nothing until so many wait for it at once ---- */

static struct {
	int listener, port;
	size_t wanted;		/* 0: nothing, ever */
	atomic_size_t most;
	atomic_bool stop;
	pthread_t thread;
} crowd;

static void
end_all(int *fd, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		close(fd[i]);
	*n = 0;
}

/* Whoever waits too long alone is let go as well: no test hangs. */
static void *
serve(void *unused)
{
	clock_ms deadline = clock_deadline(PATIENCE);
	struct pollfd p = { .fd = crowd.listener, .events = POLLIN };
	int fd[4 * MANY];
	size_t n = 0;

	while (!crowd.stop && !clock_over(deadline)) {
		if (poll(&p, 1, 20) == 1 && n < sizeof fd / sizeof fd[0])
			fd[n++] = accept(crowd.listener, NULL, NULL);
		if (n > crowd.most)
			crowd.most = n;
		if (crowd.wanted > 0 && n >= crowd.wanted)
			end_all(fd, &n);
	}
	end_all(fd, &n);
	return unused;
}

static void
start_crowd(size_t wanted)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	crowd.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(crowd.listener, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(crowd.listener, 4 * MANY), 0);
	ck_assert_int_eq(getsockname(crowd.listener, (struct sockaddr *)&at,
	    &len), 0);
	crowd.port = ntohs(at.sin_port);
	crowd.wanted = wanted;
	crowd.most = 0;
	crowd.stop = false;
	ck_assert_int_eq(pthread_create(&crowd.thread, NULL, serve, NULL), 0);
}

static void
stop_crowd(void)
{
	crowd.stop = true;
	pthread_join(crowd.thread, NULL);
	close(crowd.listener);
}

/* ---- instances ---- */

static void
begin(void)
{
	pool = pool_new();
	workspace = kit_folder();
	for (int i = 0; i < MANY; i++)
		subject[i] = (struct subject){
			.instance = pool_printf(pool, "i%d", i),
			.workspace = workspace, .phase = PHASE_RESTRICT,
			.mysql = { .usual_port = 3306 },
			.mongodb = { .usual_port = 27017 } };
}

static void
end(void)
{
	pool_free(pool);
}

/* Each instance uses the old data, which lies at the crowd's server. */
static void
write_instances(void)
{
	for (int i = 0; i < MANY; i++) {
		const char *dir = kit_out("d=%s/instances/i%d "
		    "r=%s/migrations/i%d/record; mkdir -p $d $r; echo $d",
		    workspace, i, workspace, i);

		kit_write(kit_text("%s/config.yml", dir), kit_text(
		    "MYSQL_HOST: 127.0.0.1\nMYSQL_PORT: %d\n"
		    "OPENEDX_MYSQL_DATABASE: d%d\n"
		    "OPENEDX_MYSQL_USERNAME: u%d\n"
		    "OPENEDX_MYSQL_PASSWORD: secret\n"
		    "MONGODB_HOST: 127.0.0.1\nMONGODB_PORT: %d\n"
		    "MONGODB_USERNAME: u\nMONGODB_PASSWORD: secret\n"
		    "MONGODB_USE_SSL: false\nMONGODB_DATABASE: d\n"
		    "FORUM_MONGODB_DATABASE: f\n", crowd.port, i, i,
		    crowd.port));
		kit_write(kit_text("%s/migrations/i%d/record/data.json",
		    workspace, i), kit_text("{\"MYSQL_HOST\":\"127.0.0.1\","
		    "\"OPENEDX_MYSQL_DATABASE\":\"d%d\"}", i));
	}
}

static void
gather(const char *const *checks, clock_ms deadline)
{
	struct err e = { 0 };

	for (int i = 0; i < MANY; i++)
		subject[i].checks = checks;
	ck_assert_msg(verify_gather(pool, &nobody, subject, MANY, NULL,
	    deadline, &e), "%s", e.text);
}

/* Nobody is answered until all of them wait. */
START_TEST(databases_of_many_instances_are_asked_at_once)
{
	static const char *const which[][2] = { { "mysql-grants", NULL },
		{ "mongodb-roles", NULL } };
	const struct access *a;

	start_crowd(MANY);
	write_instances();
	gather(which[_i], clock_deadline(PATIENCE));
	stop_crowd();
	ck_assert_uint_ge(crowd.most, MANY);
	for (int i = 0; i < MANY; i++) {
		a = _i == 0 ? &subject[i].facts->mysql
		    : &subject[i].facts->mongo;
		ck_assert(a->asked && !a->known);
		kit_contains(a->words, "127.0.0.1");
	}
}
END_TEST

START_TEST(what_has_no_answer_at_the_deadline_is_unknown)
{
	static const char *const checks[] = { "mysql-grants", NULL };

	start_crowd(0);
	write_instances();
	gather(checks, clock_now() + SOON_MS);
	stop_crowd();
	for (int i = 0; i < MANY; i++) {
		ck_assert(subject[i].facts->mysql.asked);
		ck_assert(!subject[i].facts->mysql.known);
		ck_assert_str_eq(subject[i].facts->mysql.words,
		    "no answer before the deadline");
	}
}
END_TEST

/* ---- Argo CD ---- */

static const char *const application[] = { "application", NULL };

static const char *
app(int i)
{
	return kit_text("{\"metadata\":{\"name\":\"i%d-production\"},"
	    "\"spec\":{\"syncPolicy\":{\"automated\":{\"enabled\":%s}}},"
	    "\"status\":{\"health\":{\"status\":\"%s\"},\"sync\":{\"status\":"
	    "\"Synced\"},\"resources\":[{\"kind\":\"Deployment\",\"name\":"
	    "\"lms\",\"health\":{\"status\":\"%s\"}}]}}", i,
	    i == 2 ? "true" : "false", i == 1 ? "Degraded" : "Healthy",
	    i == 1 ? "Degraded" : "Healthy");
}

static void
point_at(const char *server)
{
	for (int i = 0; i < MANY; i++)
		subject[i].application = (struct argocd_open){
			.server = server, .token = "a.token.b",
			.project = "default", .application =
			pool_printf(pool, "i%d-production", i) };
}

/* All but the last, which the token may not get. */
START_TEST(the_applications_of_many_instances_are_one_question)
{
	struct httpd *d = httpd_start(NULL);
	const char *items = app(0);
	const struct live *l = NULL;

	for (int i = 1; i < MANY - 1; i++)
		items = kit_text("%s,%s", items, app(i));
	httpd_answer(d, "GET /api/version", 0, 200, "",
	    "{\"Version\":\"v3.1.0\"}");
	httpd_answer(d, "GET /api/v1/applications?projects=default ", 0, 200,
	    "", kit_text("{\"items\":[%s]}", items));
	httpd_answer(d, "GET /api/v1/applications/", 0, 403, "",
	    "{\"message\":\"permission denied\"}");
	httpd_answer(d, "GET /api/v1/", 0, 200, "", "{\"value\":\"yes\"}");
	point_at(httpd_url(d));
	gather(application, clock_deadline(PATIENCE));
	for (int i = 0; i < MANY; i++) {
		l = &subject[i].facts->live;
		ck_assert(l->asked);
		ck_assert_int_eq(l->known, i < MANY - 1);
		ck_assert_int_eq(l->healthy, i < MANY - 1 && i != 1);
		ck_assert_int_eq(l->sync_on, i == 2);
	}
	kit_contains(l->words, "permission denied");
	ck_assert_str_eq(subject[1].facts->live.words,
	    "Degraded, Synced: Deployment/lms");
	ck_assert_int_eq(httpd_count(d, "GET /api/v1/applications?"), 1);
	ck_assert_int_eq(httpd_count(d, "GET /api/v1/applications/"), 1);
	ck_assert_int_eq(httpd_count(d, "GET /api/version"), 2);
	httpd_stop(d);
}
END_TEST

START_TEST(an_argocd_that_refuses_is_not_asked_once_for_each)
{
	struct httpd *d = httpd_start(NULL);

	httpd_answer(d, "GET", 0, 401, "", "{\"message\":\"no session\"}");
	point_at(httpd_url(d));
	gather(application, clock_deadline(PATIENCE));
	for (int i = 0; i < MANY; i++) {
		ck_assert(!subject[i].facts->live.known);
		kit_contains(subject[i].facts->live.words, "no session");
	}
	ck_assert_int_eq(httpd_count(d, "GET"), 1);
	httpd_stop(d);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("gather");
	TCase *t = tcase_create("gather");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 2 * PATIENCE);
	tcase_add_loop_test(t,
	    databases_of_many_instances_are_asked_at_once, 0, 2);
	tcase_add_test(t, what_has_no_answer_at_the_deadline_is_unknown);
	tcase_add_test(t,
	    the_applications_of_many_instances_are_one_question);
	tcase_add_test(t, an_argocd_that_refuses_is_not_asked_once_for_each);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
