/*
 * Proves that probe-data tries the old data from within a pod: that what is
 * right passes and leaves nothing behind, that each thing which may be wrong
 * is named as what it is, that room is counted, and that any request may
 * fail, or the run be killed, without a wrong verdict or a trace.
 *
 * The old side's pods are asked, as they are there from the beginning; but
 * where the new side's connections are counted, its own.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

enum { REQUESTS = 8 };	/* pods, exec, five Deployments, a ConfigMap */

static char *work;
static const char *settings;	/* what fetch-settings wrote */
static const char *patience;
static bool has_s3;

static void
begin(void)
{
	struct kit_run r;

	world_begin();
	world_set("kube.evaluate", "1");
	work = kit_folder();
	patience = "timeout=40";
	has_s3 = access(kit_text("%s/run/s3.pid", kit_env("SB_STATE")),
	    F_OK) == 0;
	r = kit_step("fetch-settings", world_vars(work,
	    kit_text("kube-server=%s", kit_env("SB_KUBE_OLD")),
	    kit_text("kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN")),
	    "namespace=acme", NULL));
	ck_assert_msg(r.status == 0, "%s", r.out);
	settings = kit_text("%s/settings.json", work);
	kit_sh("cp '%s' '%s'", kit_output(&r, "settings-file"), settings);
	kit_run_free(&r);
}

/* The settings with a change: a program of jq's. */
static void
change(const char *jq)
{
	free(kit_sh("jq '%s' %s >%s.new && mv %s.new %s", jq, settings,
	    settings, settings, settings));
}

static const char *
state(const char *command)
{
	return kit_out("cd %s && %s", kit_env("SB_STATE"), command);
}

/* ---- runs ---- */

/* more: one more variable, or NULL. */
static const char **
vars(const char *dry_run, const char *more, const struct world_proxy *proxy)
{
	return world_vars(work, dry_run,
	    kit_text("kube-server=%s", proxy != NULL ? proxy->url :
	    kit_env("SB_KUBE_OLD")),
	    kit_text("kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN")),
	    "namespace=acme", kit_text("settings-file=%s", settings),
	    patience, more != NULL ? more : has_s3 ? "branch=main" :
	    "accept=s3", proxy != NULL ? kit_text("ca-file=%s", proxy->ca) :
	    NULL, NULL);
}

static void
is_secret(const struct kit_run *r)
{
	static const char *const secrets[] = { "SB_MYSQL_PASSWORD",
	    "SB_MONGO_PASSWORD", "SB_S3_SECRET", "SB_SMTP_PASSWORD",
	    "SB_KUBE_OLD_TOKEN" };
	const char *report = kit_output(r, "report");
	char *text = report != NULL ? kit_read(report) : strdup("");

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		kit_lacks(r->out, kit_env(secrets[i]));
		kit_lacks(r->summary, kit_env(secrets[i]));
		kit_lacks(r->outputs, kit_env(secrets[i]));
		kit_lacks(text, kit_env(secrets[i]));
	}
	free(text);
}

static struct kit_run
probe(const char *more)
{
	struct kit_run r = kit_step("probe-data", vars("dry-run=false", more,
	    NULL));

	is_secret(&r);
	return r;
}

static void
ends(struct kit_run r, int status, const char *word)
{
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_msg(strcmp(kit_output(&r, "status"), word) == 0,
	    "status %s: %s", kit_output(&r, "status"), r.out);
	kit_run_free(&r);
}

/* jq of the report. */
static const char *
reported(const struct kit_run *r, const char *jq)
{
	return kit_out("jq -r '%s' '%s'", jq, kit_output(r, "report"));
}

static void
nothing_is_left(void)
{
	ck_assert_str_eq(state("find s3/data -name '*transplant-probe*' "
	    "2>/dev/null || true"), "");
}

/* ---- what is right ---- */

START_TEST(all_is_tried_and_nothing_left)
{
	struct kit_run r;

	free(kit_sh("rm -f %s/smtp.counters", kit_env("SB_STATE")));
	r = probe(NULL);
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "failed"), "");
	ck_assert_str_eq(reported(&r, "[.probes[] | select(.verdict == "
	    "\"pass\") | .kind] | join(\" \")"), has_s3 ?
	    "mysql mongodb s3 smtp" : "mysql mongodb smtp");
	ck_assert_str_eq(reported(&r, "[.probes[] | select(.ms <= 0)] | "
	    "length"), "0");
	ck_assert_str_eq(reported(&r, "[.probes[] | select(.kind == \"mysql\""
	    ") | .limit > 0 and .used > 0] | all"), "true");
	if (has_s3)
		ck_assert_str_eq(reported(&r, "[.probes[] | select(.kind == "
		    "\"s3\") | .stages[][0]] | join(\" \")"),
		    "name connection look put get delete");
	kit_contains(r.summary, "| DATABASES.default | ");
	kit_contains(r.summary, "not told to this user");
	ck_assert_str_eq(state("cat smtp.counters"), "auth ok");
	nothing_is_left();
	ends(r, 0, "unchanged");
}
END_TEST

START_TEST(a_dry_run_only_reads)
{
	struct kit_run r = kit_step("probe-data", vars("dry-run=true", NULL,
	    NULL));

	is_secret(&r);
	if (has_s3)
		ck_assert_str_eq(reported(&r, "[.probes[] | select(.kind == "
		    "\"s3\") | .stages[][0]] | join(\" \")"),
		    "name connection list");
	kit_contains(r.summary, "a dry run: buckets were only listed");
	ends(r, 0, "unchanged");
}
END_TEST

START_TEST(each_entry_of_databases_is_tried)
{
	struct kit_run r;

	change(".unmapped += [{\"path\": \"DATABASES.history\", \"lms\": "
	    "{\"ENGINE\": \"django.db.backends.mysql\", \"HOST\": env."
	    "SB_MYSQL_HOST, \"PORT\": (env.SB_MYSQL_PORT | tonumber), "
	    "\"NAME\": \"acme_history\", \"USER\": env.SB_MYSQL_USER, "
	    "\"PASSWORD\": env.SB_MYSQL_PASSWORD, \"OPTIONS\": {\"charset\": "
	    "\"utf8mb4\"}}}, {\"path\": \"DATABASES.odd\", \"why\": \"x\"}]");
	r = probe(NULL);
	kit_contains(r.out, "DATABASES.history");
	kit_contains(r.out, "there is no such database");
	kit_contains(r.out, "DATABASES.odd: its settings can't be read");
	ck_assert_str_eq(reported(&r, ".probes[0].verdict"), "pass");
	ends(r, 1, "needs-hand");
}
END_TEST

/* ---- what is wrong ---- */

static const struct {
	const char *jq, *kind, *why;
} wrong[] = {
	{ ".values.OPENEDX_MYSQL_PASSWORD = \"not-this-one\"", "mysql",
	  "the login is refused" },
	{ ".values.OPENEDX_MYSQL_DATABASE = \"st_nowhere\"", "mysql",
	  "there is no such database" },
	{ ".values.MYSQL_PORT = 1", "mysql", "nothing listens there" },
	{ ".values.MYSQL_HOST = \"private-db.nowhere.invalid\"", "mysql",
	  "the new cluster does not know its name" },
	{ ".values.MYSQL_HOST = \"10.255.255.254\"", "mysql",
	  "its address is one that only the old VPC reaches" },
	{ ".unmapped += [{path: \"DATABASES.default.OPTIONS.ssl\", "
	  "lms: {ca: \"/nowhere/ca.pem\"}}]", "mysql",
	  "the settings name a file that the new image does not have" },
	{ ".unmapped += [{path: \"DATABASES.default.OPTIONS.no_such\", "
	  "lms: 1}]", "mysql", "client does not take these settings" },
	{ ".values.MONGODB_PASSWORD = \"not-this-one\"", "mongodb",
	  "the login is refused" },
	{ ".values.MONGODB_USERNAME = env.SB_NEW_MONGO_USER | "
	  ".values.MONGODB_PASSWORD = env.SB_NEW_MONGO_PASSWORD", "mongodb",
	  "the user may not read this database" },
	{ ".values.MONGODB_PORT = 1", "mongodb", "nothing listens there" },
	{ ".values.MONGODB_HOST = \"mongodb://db.nowhere.invalid/x\"",
	  "mongodb", "the new cluster does not know its name" },
	{ ".values.OPENEDX_AWS_SECRET_ACCESS_KEY = \"not-this-one\"", "s3",
	  "the access key is refused" },
	{ ".values.S3_STORAGE_BUCKET = \"st-nowhere\"", "s3",
	  "there is no such bucket" },
	{ ".values.STORAGE_ENDPOINT_URL = \"https://s3.nowhere.invalid\"",
	  "s3", "the new cluster does not know its name" },
	{ ".values.SMTP_PASSWORD = \"not-this-one\"", "smtp",
	  "the login is refused" },
	{ ".values.SMTP_PORT = 2525", "smtp", "does not offer" },
	{ ".values.SMTP_USE_SSL = true", "smtp", "TLS fails" },
};

START_TEST(what_is_wrong_is_named_as_what_it_is)
{
	struct kit_run r;

	if (strcmp(wrong[_i].kind, "s3") == 0 && !has_s3)
		return;
	change(wrong[_i].jq);
	r = probe(NULL);
	kit_contains(r.out, wrong[_i].why);
	kit_contains(r.out, "What helps: ");
	kit_contains(r.summary, wrong[_i].why);
	if (has_s3)
		ck_assert_str_eq(reported(&r, "[.probes[] | select(.verdict "
		    "== \"fail\") | .kind] | unique | join(\" \")"),
		    wrong[_i].kind);
	nothing_is_left();
	ends(r, 1, "needs-hand");
}
END_TEST

START_TEST(what_a_person_knows_of_is_a_warning)
{
	struct kit_run r;

	change(".values.SMTP_PASSWORD = \"not-this-one\" | "
	    ".values.MONGODB_PORT = 1");
	r = probe("accept=smtp, mongodb s3");
	kit_contains(r.out, "warning: mail (");
	kit_contains(r.out, "warning: MongoDB (");
	kit_contains(r.summary, "the login is refused");
	ends(r, 0, "unchanged");
}
END_TEST

/* Of an authority that the pod does not know. */
START_TEST(a_certificate_that_nobody_vouches_for_is_named)
{
	struct kit_run r;

	free(kit_sh("openssl req -x509 -newkey ec -pkeyopt "
	    "ec_paramgen_curve:P-256 -nodes -keyout %s/key -out %s/other.pem "
	    "-subj /CN=other -days 2 2>&1", work, work));
	change(kit_text(".unmapped += [{path: \"DATABASES.default.OPTIONS."
	    "ssl\", lms: {ca: \"%s/other.pem\"}}]", work));
	r = probe(NULL);
	kit_contains(r.out, "the pod does not know who vouches for its "
	    "certificate");
	ends(r, 1, "needs-hand");
}
END_TEST

/* A listener whose queue is full takes no further connection: what a port
 * that is blocked on the way looks like. */
static int
blocked(const char *address, int port, int held[3])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	inet_pton(AF_INET, address, &at.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	for (int i = 0; i < 3; i++) {
		held[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(held[i], (struct sockaddr *)&at, sizeof at);
	}
	return fd;
}

static const struct {
	const char *jq, *why;
	int port;
} silent[] = {
	{ ".values.SMTP_HOST = \"127.0.0.77\"", "the way out to this mail "
	  "port is blocked", 587 },
	{ ".values.MYSQL_HOST = \"127.0.0.77\"", "a firewall before it does "
	  "not let the new cluster in", 3306 },
};

START_TEST(a_port_that_is_blocked_is_named)
{
	int held[3], fd = blocked("127.0.0.77", silent[_i].port, held);
	struct kit_run r;

	patience = "timeout=12";
	change(silent[_i].jq);
	r = probe(NULL);
	kit_contains(r.out, silent[_i].why);
	ends(r, 1, "needs-hand");
	/* what a real run opens first does not stop a dry one */
	ends(kit_step("probe-data", vars("dry-run=true", NULL, NULL)),
	    silent[_i].port == 587, silent[_i].port == 587 ? "needs-hand" :
	    "would-change");
	for (int i = 0; i < 3; i++)
		close(held[i]);
	close(fd);
}
END_TEST

/* ---- what another program or run left ---- */

static void
put_object(const char *text)
{
	free(kit_sh("curl -sS -f -X PUT --cacert %s/ca/ca.crt --aws-sigv4 "
	    "aws:amz:$SB_S3_REGION:s3 -u \"$SB_S3_KEY_ID:$SB_S3_SECRET\" "
	    "-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' --data-binary '%s' "
	    "$SB_S3_ENDPOINT/$SB_S3_BUCKET/transplant-probe-acme",
	    kit_env("SB_STATE"), text));
}

START_TEST(what_a_killed_run_left_is_taken_away)
{
	struct kit_run r;

	if (!has_s3)
		return;
	put_object("transplant probe\nof before");
	ends(probe(NULL), 0, "unchanged");
	nothing_is_left();
	put_object("of somebody else");
	r = probe(NULL);
	kit_contains(r.out, "an object of another program has the probe's "
	    "name");
	ends(r, 1, "needs-hand");
	ck_assert_str_eq(state("cat s3/data/$SB_S3_BUCKET/"
	    "transplant-probe-acme"), "of somebody else");
	free(kit_sh("rm %s/s3/data/$SB_S3_BUCKET/transplant-probe-acme",
	    kit_env("SB_STATE")));
}
END_TEST

/* The pod ends by itself what it began. */
START_TEST(killed_at_any_time_it_leaves_nothing_for_long)
{
	struct kit_run r = kit_step_killed("probe-data", vars(
	    "dry-run=false", NULL, NULL), 150 + 250 * _i);

	kit_run_free(&r);
	free(kit_sh("cd %s && for i in $(seq 200); do [ -z \"$(find s3/data "
	    "-name '*transplant-probe*' 2>/dev/null)\" ] && exit; sleep 0.1;"
	    " done; exit 1", kit_env("SB_STATE")));
	ends(probe(NULL), 0, "unchanged");
	nothing_is_left();
}
END_TEST

/* ---- room ---- */

static void
deploy(void)
{
	char *head;

	world_run("create-instance.yml");
	world_run("build-all.yml");
	head = world_head();
	head[strcspn(head, "\n")] = '\0';
	free(kit_sh("for i in $(seq 300); do curl -fsS %s/deployed | "
	    "jq -e '.revision == \"%s\"' && exit; sleep 0.1; done; exit 1",
	    kit_env("SB_WORLD_URL"), head));
	free(head);
}

static void
set_max_connections(const char *n)
{
	free(kit_sh("mariadb -h $SB_MYSQL_HOST -P $SB_MYSQL_PORT "
	    "-u $SB_MYSQL_ADMIN --password=\"$SB_MYSQL_ADMIN_PASSWORD\" "
	    "--ssl-ca=%s/ca/ca.crt -e 'SET GLOBAL max_connections = %s'",
	    kit_env("SB_STATE"), n));
}

static struct kit_run
probe_from_new_pods(void)
{
	struct kit_run r;

	for (int i = 0; i < 40; i++, usleep(200 * 1000)) {
		r = probe("accept=s3 smtp");
		if (strstr(r.out, "no pod of lms is ready") == NULL)
			break;
		kit_run_free(&r);
	}
	return r;
}

START_TEST(a_server_without_room_for_the_new_side_is_refused)
{
	const char *most = kit_out("mariadb -h $SB_MYSQL_HOST -P "
	    "$SB_MYSQL_PORT -u $SB_MYSQL_ADMIN "
	    "--password=\"$SB_MYSQL_ADMIN_PASSWORD\" --ssl-ca=%s/ca/ca.crt "
	    "-N -e 'SELECT @@max_connections'", kit_env("SB_STATE"));
	struct kit_run r;

	setenv("SB_KUBE_OLD", kit_env("SB_KUBE_NEW"), 1);
	setenv("SB_KUBE_OLD_TOKEN", kit_env("SB_KUBE_NEW_TOKEN"), 1);
	deploy();
	r = probe_from_new_pods();
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(reported(&r, ".probes[0] | .added > 0"), "true");
	kit_run_free(&r);
	set_max_connections("10");
	r = probe_from_new_pods();
	set_max_connections(most);
	kit_contains(r.out, "it has no room for the new side's connections");
	kit_contains(r.out, "more than 80 % is too much");
	ends(r, 1, "needs-hand");
}
END_TEST

START_TEST(mongodb_tells_its_room_to_whoever_may_ask)
{
	struct kit_run r;

	change(".values.MONGODB_USERNAME = env.SB_MONGO_ADMIN | "
	    ".values.MONGODB_PASSWORD = env.SB_MONGO_ADMIN_PASSWORD");
	r = probe(NULL);
	ck_assert_str_eq(reported(&r, ".probes[] | select(.kind == "
	    "\"mongodb\") | .limit"), "51200");
	kit_lacks(r.out, kit_env("SB_MONGO_ADMIN_PASSWORD"));
	ends(r, 0, "unchanged");
}
END_TEST

/* ---- the cluster ---- */

START_TEST(a_right_that_is_missing_is_told)
{
	struct kit_run r;

	world_set("kube.evaluate", "");
	r = probe(NULL);
	kit_contains(r.summary, "```yaml\n- {apiGroups: [\"\"], resources: "
	    "[pods/exec], verbs: [get, create]}\n```");
	ends(r, 1, "failed");
}
END_TEST

START_TEST(without_a_pod_or_a_login_nobody_passes)
{
	struct kit_run r = kit_step("probe-data", world_vars(work,
	    kit_text("settings-file=%s", settings),
	    kit_text("kube-server=%s", kit_env("SB_KUBE_NEW")),
	    kit_text("kube-token=%s", kit_env("SB_KUBE_NEW_TOKEN")), NULL));

	kit_contains(r.out, "no pod of lms is ready");
	ends(r, 1, "needs-hand");
	r = kit_step("probe-data", world_vars(work,
	    kit_text("settings-file=%s", settings), NULL));
	kit_contains(r.out, "KUBE_NEW_TOKEN");
	ends(r, 2, "wrong-input");
	r = kit_step("probe-data", world_vars(work, "accept-unchecked=true",
	    kit_text("settings-file=%s", settings), NULL));
	kit_contains(r.summary, "**The old data was not probed**");
	ends(r, 0, "unchanged");
}
END_TEST

static const char *const faults[] = {
	"\"fault\":\"reset-before\"", "\"fault\":\"cut\",\"bytes\":60",
	"\"fault\":\"status\",\"status\":503",
};

START_TEST(a_request_that_fails_gives_no_wrong_verdict)
{
	struct world_proxy p = world_proxy_start(kit_text("%s:6443",
	    kit_env("SB_KUBE_OLD_ADDR")), "kube-old.sandbox.test");

	change(".values.SMTP_PASSWORD = \"not-this-one\"");
	for (int nth = 1; nth <= REQUESTS; nth++) {
		struct kit_run r;

		world_proxy_fault(&p, kit_text("{%s,\"nth\":%d}", faults[_i],
		    nth));
		r = kit_step("probe-data", vars("dry-run=true", NULL, &p));
		ck_assert_msg(r.status == 1, "%d: exit %d: %s", nth, r.status,
		    r.out);
		is_secret(&r);
		kit_run_free(&r);
	}
	world_proxy_stop(&p);
	change(".values.SMTP_PASSWORD = env.SB_SMTP_PASSWORD");
	ends(probe(NULL), 0, "unchanged");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("probe-data");
	TCase *t = tcase_create("probe-data");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, begin, world_end);
	tcase_set_timeout(t, 180);
	tcase_add_test(t, all_is_tried_and_nothing_left);
	tcase_add_test(t, a_dry_run_only_reads);
	tcase_add_test(t, each_entry_of_databases_is_tried);
	tcase_add_loop_test(t, what_is_wrong_is_named_as_what_it_is, 0,
	    (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(t, what_a_person_knows_of_is_a_warning);
	tcase_add_test(t, a_certificate_that_nobody_vouches_for_is_named);
	tcase_add_loop_test(t, a_port_that_is_blocked_is_named, 0,
	    (int)(sizeof(silent) / sizeof(silent[0])));
	tcase_add_test(t, what_a_killed_run_left_is_taken_away);
	tcase_add_loop_test(t, killed_at_any_time_it_leaves_nothing_for_long,
	    0, 5);
	tcase_add_test(t, a_server_without_room_for_the_new_side_is_refused);
	tcase_add_test(t, mongodb_tells_its_room_to_whoever_may_ask);
	tcase_add_test(t, a_right_that_is_missing_is_told);
	tcase_add_test(t, without_a_pod_or_a_login_nobody_passes);
	tcase_add_loop_test(t, a_request_that_fails_gives_no_wrong_verdict,
	    0, (int)(sizeof(faults) / sizeof(faults[0])));
	return kit_main(s, NULL);
}
