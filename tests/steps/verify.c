/*
 * Proves verify-instance on the sandbox's real servers: what is well passes,
 * what is not is named with its cause, and nothing is changed by looking.
 *
 * Runs inside the sandbox; puts back what it deploys.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/kit/kit.h"

enum { VARS = 32, ROOM = 8192 };

static struct pool *pool;
static char *folder;
static const char *vars[VARS], *lms;

static const char *
env(const char *name)
{
	return kit_env(name);
}

static const char *PRINTF(1, 2)
sh(const char *fmt, ...)
{
	char command[ROOM];
	const char *out;
	char *raw;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	raw = kit_sh("%s", command);
	raw[strcspn(raw, "\n")] = '\0';
	out = pool_strdup(pool, raw);
	free(raw);
	return out;
}

static void PRINTF(1, 2)
var(const char *fmt, ...)
{
	struct buf b = buf_new(ROOM);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	kit_add(vars, VARS, pool_strdup(pool, buf_str(&b)));
	buf_free(&b);
}

/* Commit and push what a shell line changes in the checkout. */
static void
commit(const char *line)
{
	sh("cd %s/work && %s && git add -A && git -c user.name=t -c "
	    "user.email=t@example.test commit -q -m test && "
	    "git push -q origin HEAD:main 2>&1", folder, line);
}

/* The instance as after phase connect: temporary hosts, the old data. */
static void
make_instance(void)
{
	folder = kit_folder();
	sh("cd %s && git clone -q --bare %s/git/owner/cluster.git bare.git "
	    "&& git clone -q bare.git work 2>/dev/null", folder,
	    env("SB_STATE"));
	commit(pool_printf(pool, "rm -rf instances/acme && "
	    "mkdir -p instances/acme/env migrations/acme/record && "
	    "sed 's/^DRYDOCK_INIT_JOBS:.*/DRYDOCK_INIT_JOBS: false/; "
	    "s/^LMS_HOST:.*/LMS_HOST: %s/; /^CMS_HOST/d; /^MFE_HOST/d; "
	    "/^PREVIEW_LMS_HOST/d' %s/deployed/old/config.yml "
	    ">instances/acme/config.yml && sed 's/beta/acme/; "
	    "s/enabled: true/enabled: false/' instances/beta/application.yml "
	    ">instances/acme/application.yml && "
	    "echo resources: >instances/acme/env/kustomization.yml && "
	    "echo '{\"MYSQL_HOST\": \"%s\", \"OPENEDX_MYSQL_DATABASE\": "
	    "\"%s\", \"MONGODB_DATABASE\": \"%s\"}' "
	    ">migrations/acme/record/data.json", env("SB_NEW_LMS_HOST"),
	    env("SB_STATE"), env("SB_MYSQL_HOST"), env("SB_MYSQL_DATABASE"),
	    env("SB_MONGO_DATABASE")));
}

/* The new side runs what the checkout has, and its ingress knows it. */
static void
deploy(void)
{
	const char *s = env("SB_STATE");

	sh("mkdir -p %s/deployed/new/vt && "
	    "cp %s/work/instances/acme/config.yml %s/deployed/new/vt/ && "
	    "ln -sfn vt %s/deployed/new/current.vt && "
	    "mv -T %s/deployed/new/current.vt %s/deployed/new/current", s,
	    folder, s, s, s, s);
	sh("h=$(sed -n 's/^LMS_HOST: //p' %s/deployed/new/vt/config.yml); "
	    "printf '%%s\\n' $h studio.$h apps.$h preview.$h "
	    ">%s/deployed/new/hosts", s, s);
	/* Until the ingress knows the name, and where DNS leads there has
	 * its certificate */
	sh("h=$(sed -n 's/^LMS_HOST: //p' %s/deployed/new/vt/config.yml); "
	    "k=--cacert\\ %s; case $h in *.new.*) ;; *) k=-k ;; esac; "
	    "for i in $(seq 150); do curl $k -fsS -o /dev/null --resolve "
	    "$h:443:%s --resolve preview.$h:443:%s https://$h/ "
	    "https://preview.$h/ 2>/dev/null && exit 0; sleep 0.2; done; "
	    "exit 1", s, env("SB_CA_BUNDLE"), env("SB_NEW_ADDR"),
	    env("SB_NEW_ADDR"));
}

/* Low TTLs, on the old side. */
static void
reset_zone(int ttl)
{
	sh("d='{\"rrsets\":['; for h in %s %s; do d=\"$d{\\\"name\\\":\\\"$h."
	    "\\\",\\\"type\\\":\\\"A\\\",\\\"ttl\\\":%d,\\\"changetype\\\":"
	    "\\\"REPLACE\\\",\\\"records\\\":[{\\\"content\\\":\\\"%s\\\","
	    "\\\"disabled\\\":false}]},\"; done; for h in %s %s; do d=\"$d{"
	    "\\\"name\\\":\\\"$h.\\\",\\\"type\\\":\\\"CNAME\\\",\\\"ttl\\\":"
	    "%d,\\\"changetype\\\":\\\"REPLACE\\\",\\\"records\\\":[{"
	    "\\\"content\\\":\\\"%s.\\\",\\\"disabled\\\":false}]},\"; done; "
	    "a=%s/api/v1/servers/localhost/zones/%s.; curl -fsS -X PATCH -H "
	    "'X-API-Key: %s' -d \"${d%%,}]}\" $a && curl -fsS -X PUT -H "
	    "'X-API-Key: %s' $a/notify >/dev/null; for i in $(seq 100); do "
	    "[ \"$(dig +short @%s %s SOA)\" = \"$(dig +short @%s %s SOA)\" ] "
	    "&& exit 0; sleep 0.1; done; exit 1", lms, env("SB_CMS_HOST"),
	    ttl, env("SB_OLD_ADDR"), env("SB_MFE_HOST"),
	    env("SB_PREVIEW_HOST"), ttl, lms, env("SB_PDNS_API"),
	    env("SB_ZONE"), env("SB_PDNS_KEY"), env("SB_PDNS_KEY"),
	    env("SB_PDNS_ADDR"), env("SB_ZONE"), env("SB_NSD_ADDR"),
	    env("SB_ZONE"));
}

static void
set_up(void)
{
	pool = pool_new();
	memset(vars, 0, sizeof vars);
	lms = env("SB_LMS_HOST");
	make_instance();
	reset_zone(2);
	var("instance-name=acme");
	var("workspace=%s/work", folder);
	var("timeout=0");
	var("mysql-admin-password=%s", env("SB_MYSQL_ADMIN_PASSWORD"));
	var("mongodb-admin-password=%s", env("SB_MONGO_ADMIN_PASSWORD"));
	var("mysql-ca-file=%s", env("SB_CA_BUNDLE"));
	if (env("SB_DNS_SERVERS")[0] != '\0')
		var("dns-servers=%s", env("SB_DNS_SERVERS"));
	if (env("SB_CA_FILE")[0] != '\0')
		var("ca-file=%s", env("SB_CA_FILE"));
}

static void
tear_down(void)
{
	reset_zone(5);
	sh("rm -rf %s/deployed/new/vt %s/deployed/new/current && "
	    ": >%s/deployed/new/hosts", env("SB_STATE"), env("SB_STATE"),
	    env("SB_STATE"));
	free(folder);
	pool_free(pool);
}

static void
check_secrets(const struct kit_run *r)
{
	static const char *const secrets[] = { "SB_MYSQL_ADMIN_PASSWORD",
		"SB_MONGO_ADMIN_PASSWORD", "SB_MYSQL_PASSWORD",
		"SB_MONGO_PASSWORD" };

	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		kit_lacks(r->out, env(secrets[i]));
		kit_lacks(r->outputs, env(secrets[i]));
		kit_lacks(r->summary, env(secrets[i]));
	}
}

static struct kit_run
verify(const char *phase, const char *when, int status)
{
	struct kit_run r;

	var("phase=%s", phase);
	var("when=%s", when);
	r = kit_step("verify-instance", vars);
	check_secrets(&r);
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	return r;
}

START_TEST(a_connected_instance_passes_on_both_sides)
{
	const char *report = pool_printf(pool, "%s/report", folder);
	struct kit_run r;

	deploy();
	var("report=%s", report);
	var("formats=text tap junit json markdown");
	r = verify("connect", "after", 0);
	ck_assert_str_eq(kit_output(&r, "verdict"), "pass");
	ck_assert_str_eq(kit_output(&r, "failed"), "0");
	ck_assert_str_eq(kit_output(&r, "reached"), "connect");
	kit_contains(r.summary, "passed, 0 failed, 0 unknown");
	kit_contains(r.out, "pass    acme connect heartbeat-old");
	kit_contains(r.out, "pass    acme connect heartbeat-new");
	kit_contains(r.out, "pass    acme connect data");
	ck_assert_str_eq(sh("ls %s | wc -l", report), "5");
	ck_assert_str_eq(sh("jq -r '[.[].verdict] | unique | join(\",\")' "
	    "%s/verify.json", report), "pass,skip");
	kit_run_free(&r);
}
END_TEST

START_TEST(looking_changes_nothing)
{
	const char *zone = pool_printf(pool, "dig +short @%s %s SOA",
	    env("SB_PDNS_ADDR"), env("SB_ZONE"));
	const char *git = pool_printf(pool, "git -C %s/bare.git rev-parse "
	    "main", folder);
	const char *was_zone, *was_git;
	struct kit_run r;

	deploy();
	was_zone = sh("%s", zone);
	was_git = sh("%s", git);
	r = verify("connect", "after", 0);
	ck_assert_str_eq(sh("%s", zone), was_zone);
	ck_assert_str_eq(sh("%s", git), was_git);
	ck_assert_str_eq(sh("cd %s/work && git status --porcelain | wc -l",
	    folder), "0");
	kit_run_free(&r);
}
END_TEST

START_TEST(reached_judges_what_the_facts_show)
{
	struct kit_run r;

	deploy();
	r = verify("reached", "after", 0);
	ck_assert_str_eq(kit_output(&r, "phase"), "connect");
	kit_run_free(&r);
}
END_TEST

START_TEST(an_earlier_phase_is_already_past)
{
	struct kit_run r = verify("configure", "before", 1);

	ck_assert_str_eq(kit_output(&r, "status"), "needs-hand");
	kit_contains(r.out, "already past: connect was reached");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_misspelt_phase_is_wrong_input)
{
	struct kit_run r = verify("conect", "after", 2);

	kit_contains(r.out, "phase");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_wrong_password_is_seen_in_the_heartbeat)
{
	struct kit_run r;

	deploy();
	sh("sed -i 's/^OPENEDX_MYSQL_PASSWORD:.*/OPENEDX_MYSQL_PASSWORD: no/' "
	    "%s/deployed/new/vt/config.yml", env("SB_STATE"));
	r = verify("connect", "after", 1);
	ck_assert_str_eq(kit_output(&r, "verdict"), "fail");
	kit_contains(r.out, "fail    acme connect heartbeat-new");
	kit_contains(r.out, "Access denied");
	kit_contains(r.out, "pass    acme connect heartbeat-old");
	kit_run_free(&r);
}
END_TEST

START_TEST(other_data_than_the_old_sides_is_named)
{
	struct kit_run r;

	deploy();
	commit("sed -i 's/^MONGODB_DATABASE:.*/MONGODB_DATABASE: elsewhere/' "
	    "instances/acme/config.yml");
	r = verify("connect", "after", 1);
	kit_contains(r.out, "not as on the old side: MONGODB_DATABASE");
	kit_run_free(&r);
}
END_TEST

START_TEST(an_init_job_is_named)
{
	struct kit_run r;

	deploy();
	commit("mkdir -p instances/acme/env/plugins/drydock/k8s && "
	    "echo job >instances/acme/env/plugins/drydock/k8s/jobs.yml");
	r = verify("connect", "after", 1);
	kit_contains(r.out, "render again");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_missing_certificate_is_called_by_its_name)
{
	const char *s = env("SB_STATE");
	struct kit_run r;

	commit(pool_printf(pool, "sed -i 's/^LMS_HOST:.*/LMS_HOST: %s/' "
	    "instances/acme/config.yml", lms));
	sh("rm -f %s/ingress/new/tls/*%s*", s, lms);
	deploy();
	r = verify("switch", "after", 1);
	kit_contains(r.out, "fail    acme switch dns-authorities");
	kit_contains(r.out, "the default certificate of ingress-nginx");
	kit_contains(r.out, "pass    acme switch heartbeat-new");
	kit_contains(r.out, "pass    acme switch hosts");
	kit_run_free(&r);
}
END_TEST

START_TEST(wide_rights_are_named_with_and_without_an_administrator)
{
	struct kit_run r;

	deploy();
	if (_i == 1) {
		var("mysql-admin-password=");
		var("mongodb-admin-password=");
	}
	r = verify("restrict", "after", 1);
	kit_contains(r.out, "fail    acme restrict mysql-grants");
	kit_contains(r.out, "ALL PRIVILEGES ON *.*");
	kit_contains(r.out, "fail    acme restrict mongodb-roles");
	kit_contains(r.out, "readWriteAnyDatabase");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_refused_login_is_unknown_and_no_pass)
{
	struct kit_run r;

	deploy();
	var("mysql-admin-password=wrong-password");
	r = verify("restrict", "after", 1);
	kit_contains(r.out, "unknown acme restrict mysql-grants");
	kit_run_free(&r);
}
END_TEST

START_TEST(an_instance_that_is_not_there_yet_is_told_so)
{
	struct kit_run r;

	commit("git rm -rq instances/acme migrations/acme/record");
	r = verify("configure", "before", 0);
	kit_run_free(&r);
	r = verify("configure", "after", 1);
	kit_contains(r.out, "was it created?");
	kit_run_free(&r);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("verify");
	TCase *t = tcase_create("verify-instance");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_connected_instance_passes_on_both_sides);
	tcase_add_test(t, looking_changes_nothing);
	tcase_add_test(t, reached_judges_what_the_facts_show);
	tcase_add_test(t, an_earlier_phase_is_already_past);
	tcase_add_test(t, a_misspelt_phase_is_wrong_input);
	tcase_add_test(t, a_wrong_password_is_seen_in_the_heartbeat);
	tcase_add_test(t, other_data_than_the_old_sides_is_named);
	tcase_add_test(t, an_init_job_is_named);
	tcase_add_test(t, a_missing_certificate_is_called_by_its_name);
	tcase_add_loop_test(t,
	    wide_rights_are_named_with_and_without_an_administrator, 0, 2);
	tcase_add_test(t, a_refused_login_is_unknown_and_no_pass);
	tcase_add_test(t, an_instance_that_is_not_there_yet_is_told_so);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
