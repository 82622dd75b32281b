/*
 * Proves verify-instance and snapshot-instance on the sandbox's real servers:
 * what is well passes, what is not is named with its cause, and nothing is
 * changed by looking.
 *
 * Runs inside the sandbox; puts back what it deploys.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/site.h"
#include "tests/kit/world.h"

enum { VARS = 32, DEPLOYMENTS = 15 };

static const char *vars[VARS], *folder, *lms;

#define var(...) kit_add(vars, VARS, kit_text(__VA_ARGS__))

/* Commit and push what a shell line changes in the checkout. */
static void
commit(const char *line)
{
	kit_out("cd %s/work && %s && git add -A && git -c user.name=t -c "
	    "user.email=t@example.test commit -q -m test && "
	    "git push -q origin HEAD:main 2>&1", folder, line);
}

/* The instance as after phase connect: temporary hosts, the old data. */
static void
make_instance(void)
{
	folder = site_repository();
	commit(kit_text("rm -rf instances/acme && "
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
	    ">migrations/acme/record/data.json", kit_env("SB_NEW_LMS_HOST"),
	    kit_env("SB_STATE"), kit_env("SB_MYSQL_HOST"),
	    kit_env("SB_MYSQL_DATABASE"),
	    kit_env("SB_MONGO_DATABASE")));
}

/* The new side runs what the checkout has, and its ingress knows it; the
 * temporary hosts, to which DNS leads, with certificates. */
static void
deploy(void)
{
	const char *config = kit_text("%s/work/instances/acme/config.yml",
	    folder);
	const char *host = kit_out("sed -n 's/^LMS_HOST: //p' %s", config);

	site_config("acme", config);
	site_deploy("acme");
	site_serve(kit_text("%s studio.%s apps.%s preview.%s", host, host,
	    host, host), strstr(host, ".new.") != NULL);
}

static void
set_up(void)
{
	memset(vars, 0, sizeof vars);
	lms = kit_env("SB_LMS_HOST");
	make_instance();
	site_reset_zone(2);
	var("instance-name=acme");
	var("workspace=%s/work", folder);
	var("timeout=0");
	var("mysql-admin-password=%s", kit_env("SB_MYSQL_ADMIN_PASSWORD"));
	var("mongodb-admin-password=%s", kit_env("SB_MONGO_ADMIN_PASSWORD"));
	var("mysql-ca-file=%s", kit_env("SB_CA_BUNDLE"));
	if (kit_env("SB_DNS_SERVERS")[0] != '\0')
		var("dns-servers=%s", kit_env("SB_DNS_SERVERS"));
	if (kit_env("SB_CA_FILE")[0] != '\0')
		var("ca-file=%s", kit_env("SB_CA_FILE"));
}

static void
tear_down(void)
{
	site_reset_zone(5);
	site_clear();
}

static void
check_secrets(const struct kit_run *r)
{
	static const char *const secrets[] = { "SB_MYSQL_ADMIN_PASSWORD",
		"SB_MONGO_ADMIN_PASSWORD", "SB_MYSQL_PASSWORD",
		"SB_MONGO_PASSWORD" };

	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		kit_lacks(r->out, kit_env(secrets[i]));
		kit_lacks(r->outputs, kit_env(secrets[i]));
		kit_lacks(r->summary, kit_env(secrets[i]));
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

static struct kit_run
snapshot(int status)
{
	struct kit_run r;

	var("dry-run=false");
	var("kube-server=%s", kit_env("SB_KUBE_OLD"));
	var("kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN"));
	r = kit_step("snapshot-instance", vars);
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	return r;
}

START_TEST(a_snapshot_of_the_old_site_is_what_the_new_one_must_show)
{
	const char *file = kit_text("%s/work/migrations/acme/record/"
	    "snapshot.json", folder);
	struct kit_run r;

	deploy();
	var("dry-run=true");
	r = kit_step("snapshot-instance", vars);
	ck_assert_str_eq(kit_output(&r, "status"), "would-change");
	ck_assert_str_eq(kit_out("test ! -e %s && echo none", file), "none");
	kit_run_free(&r);
	r = snapshot(0);
	ck_assert_str_eq(kit_output(&r, "status"), "done");
	kit_run_free(&r);
	ck_assert_str_eq(kit_out("jq -r '[.site[\"asset /static/images/logo."
	    "svg\"], .courses, .names[\"%s\"].addresses[0], "
	    "(.deployments | has(\"lms\")), .site[\"mfe-config."
	    "LMS_BASE_URL\"]] | join(\" \")' %s", lms, file), kit_text(
	    "named 1 %s true https://{lms}", kit_env("SB_OLD_ADDR")));
	r = snapshot(0);
	ck_assert_str_eq(kit_output(&r, "status"), "unchanged");
	kit_run_free(&r);
	var("old-kube-server=%s", kit_env("SB_KUBE_OLD"));
	var("old-kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN"));
	r = verify("connect", "after", 0);
	kit_contains(r.out, "pass    acme connect snapshot: the same in ");
	kit_contains(r.out, "pass    acme connect old-unchanged");
	kit_run_free(&r);
}
END_TEST

/* Neither a sick site is a measure, nor one of which a part can't be seen;
 * nothing is written. */
START_TEST(a_site_that_is_not_well_is_no_measure)
{
	struct kit_run r;

	if (_i == 0)
		var("old-address=%s", kit_env("SB_NEW_ADDR"));
	var("dry-run=false");
	var("kube-server=%s", kit_env("SB_KUBE_OLD"));
	var("kube-token=%s", _i == 0 ? kit_env("SB_KUBE_OLD_TOKEN")
	    : "not-this-token");
	r = kit_step("snapshot-instance", vars);
	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, _i == 0 ? "the old site is not well"
	    : "the old cluster: ");
	ck_assert_str_eq(kit_out("cd %s/work && git log --oneline | grep -c "
	    "snapshot || true", folder), "0");
	kit_run_free(&r);
}
END_TEST

/* What the old cluster is asked for, one Deployment after another. */
START_TEST(a_snapshot_whose_request_fails_is_made_good_by_a_clean_run)
{
	static const char *const faults[] = { "\"fault\":\"reset-after\"",
		"\"fault\":\"html\"", "\"fault\":\"status\",\"status\":403" };
	struct world_proxy p = world_proxy_start(kit_text("%s:6443",
	    kit_env("SB_KUBE_OLD_ADDR")), "kube-old.sandbox.test");
	struct kit_run r;
	bool made;

	deploy();
	var("dry-run=false");
	var("kube-server=%s", p.url);
	var("kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN"));
	var("ca-file=%s", p.ca);
	for (int nth = 1; nth <= DEPLOYMENTS; nth++) {
		world_proxy_fault(&p, kit_text("{%s,\"nth\":%d}",
		    faults[nth % 3], nth));
		r = kit_step("snapshot-instance", vars);
		check_secrets(&r);
		made = r.status == 0;	/* it was asked again */
		ck_assert_msg(made == (nth % 3 != 2), "%d: %s", nth, r.out);
		kit_run_free(&r);
		world_proxy_clear(&p);
		r = kit_step("snapshot-instance", vars);
		ck_assert_msg(r.status == 0, "%d: %s", nth, r.out);
		ck_assert_str_eq(kit_output(&r, "status"), made ? "unchanged"
		    : "done");
		kit_run_free(&r);
		if (!made)
			kit_contains(world_proxy_log(&p), "/deployments/lms");
		commit("git rm -q migrations/acme/record/snapshot.json");
	}
	world_proxy_stop(&p);
}
END_TEST

START_TEST(a_connected_instance_passes_on_both_sides)
{
	const char *report = kit_text("%s/report", folder);
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
	kit_contains(r.out, "pass    acme connect dns-serials: serial ");
	kit_contains(r.out, "pass    acme connect dns-wildcard");
	kit_contains(r.out, "pass    acme connect dns-caa");
	kit_contains(r.out, "pass    acme connect wrong-host");
	kit_contains(r.out, "pass    acme connect static-asset: "
	    "/static/images/logo.svg: HTTP 200");
	kit_contains(r.out, "pass    acme connect courses: 1 courses on both "
	    "sides");
	kit_contains(r.out, "pass    acme connect lti");
	kit_contains(r.summary, "- [ ] acme: ");
	ck_assert_str_eq(kit_out("ls %s | wc -l", report), "5");
	ck_assert_str_eq(kit_out("jq -r '[.[].verdict] | unique | "
	    "join(\",\")' %s/verify.json", report), "pass,skip");
	kit_run_free(&r);
}
END_TEST

/* What a check could have changed: data, rights, objects, records, files,
 * and what the outside was asked to write. */
static const char *
all_there_is(void)
{
	return kit_out("MYSQL_PWD='%s' mariadb --no-defaults -h %s -P %s "
	    "-u %s --ssl-ca='%s/ca/ca.crt' -N -e 'CHECKSUM TABLE "
	    "acme_openedx.auth_user, acme_openedx.django_site, "
	    "acme_openedx.courseware_studentmodule, mysql.global_priv, "
	    "mysql.db' && "
	    "{ grep -E '^(insert|update|create|drop|grant|revoke|rename)' "
	    "%s/mongo.counters | sort || true; } && "
	    "find %s/s3 -type f | sort | xargs -d '\n' sha256sum && "
	    "dig +short @%s %s SOA && git -C %s/bare.git rev-parse main && "
	    "curl -fsS $SB_WORLD_URL/counters | jq -S 'del(.reads?)' && "
	    "git -C %s/work status --porcelain",
	    kit_env("SB_MYSQL_ADMIN_PASSWORD"), kit_env("SB_MYSQL_HOST"),
	    kit_env("SB_MYSQL_PORT"), kit_env("SB_MYSQL_ADMIN"),
	    kit_env("SB_STATE"), kit_env("SB_STATE"), kit_env("SB_STATE"),
	    kit_env("SB_PDNS_ADDR"), kit_env("SB_ZONE"), folder, folder);
}

/* Not even the phase that asks most. */
START_TEST(looking_changes_nothing)
{
	const char *was;
	struct kit_run r;

	deploy();
	var("extended=true");
	var("argocd-server=%s", kit_env("SB_ARGOCD"));
	var("argocd-token=%s", kit_env("SB_ARGOCD_TOKEN"));
	was = all_there_is();
	kit_contains(was, "acme_openedx.auth_user\t");
	r = verify(_i == 0 ? "connect" : "restrict", "after", 1);
	kit_contains(r.out, _i == 0 ? "pass    acme connect courses"
	    : "fail    acme restrict mysql-grants");
	kit_contains(r.out, "heartbeat-extended: all is well");
	ck_assert_str_eq(all_there_is(), was);
	kit_run_free(&r);
}
END_TEST

START_TEST(a_history_grows_with_each_look)
{
	const char *file = kit_text("%s/history", folder);
	struct kit_run r;

	deploy();
	var("history=%s", file);
	var("checks=heartbeat-new");
	for (int i = 0; i < 2; i++) {
		r = verify("connect", "after", 0);
		kit_run_free(&r);
	}
	site_deploy("nothing");
	r = verify("connect", "after", 1);
	kit_contains(r.out, "last verdicts, oldest first: ++-");
	kit_contains(r.summary, "✅✅❌");
	kit_run_free(&r);
	ck_assert_str_eq(kit_out("jq -rs 'map(.verdict) | join(\",\")' %s",
	    file), "pass,pass,fail");
}
END_TEST

START_TEST(a_history_can_be_kept_in_the_repository)
{
	struct kit_run r;

	deploy();
	var("history=migrations/history.jsonl");
	var("commit-history=true");
	var("checks=created");
	r = verify("connect", "after", 0);
	kit_run_free(&r);
	ck_assert_str_eq(kit_out("git -C %s/bare.git show --stat "
	    "--format=%%s main | sed -n '1p;3p' | cut -d'|' -f1 | xargs",
	    folder), "chore: results of the verification "
	    "migrations/history.jsonl");
	var("history=../elsewhere");
	r = verify("connect", "after", 2);
	kit_run_free(&r);
}
END_TEST

START_TEST(a_misspelt_check_is_wrong_input)
{
	struct kit_run r;

	var("checks=heartbeat");
	r = verify("connect", "after", 2);
	kit_contains(r.out, "\"heartbeat\" is no check");
	kit_run_free(&r);
}
END_TEST

/* Not the one that is trusted here. */
START_TEST(an_unknown_authority_and_a_wrong_name_are_named)
{
	struct kit_run r;

	deploy();
	var("checks=certificate-old answers-old");
	if (_i == 0)
		var("ca-file=/etc/ssl/certs/ISRG_Root_X1.pem");
	else
		var("hosts=lms=other.%s cms=%s", lms,
		    kit_env("SB_CMS_HOST"));
	r = verify("connect", "after", 1);
	kit_contains(r.out, _i == 0 ? "fail    acme connect certificate-old"
	    : "fail    acme connect certificate-old: other.");
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

/* A CNAME out of the zone: its authorities don't know the end. */
START_TEST(a_host_that_is_led_out_of_its_zone_is_followed)
{
	struct kit_run r;

	site_patch(kit_text("%s,%s", site_set(kit_env("SB_MFE_HOST"), "CNAME",
	    2, "gitlab.sandbox.test."), site_set(lms, "A", 2,
	    kit_env("SB_GIT_ADDR"))));
	site_settle();
	var("hosts=lms=%s mfe=%s", lms, kit_env("SB_MFE_HOST"));
	var("old-address=%s", kit_env("SB_GIT_ADDR"));
	r = verify("switch", "before", 1);
	kit_contains(r.out, "pass    acme switch dns-authorities");
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
	kit_out("sed -i 's/^OPENEDX_MYSQL_PASSWORD:.*/"
	    "OPENEDX_MYSQL_PASSWORD: no/' "
	    "%s/deployed/new/st_acme/config.yml", kit_env("SB_STATE"));
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
	commit("sed -i 's,^resources:,&\\n  - plugins/drydock/k8s/jobs.yml,' "
	    "instances/acme/env/kustomization.yml");
	r = verify("connect", "after", 1);
	kit_contains(r.out, "render again");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_missing_certificate_is_called_by_its_name)
{
	const char *s = kit_env("SB_STATE");
	struct kit_run r;

	commit(kit_text("sed -i 's/^LMS_HOST:.*/LMS_HOST: %s/' "
	    "instances/acme/config.yml", lms));
	kit_out("rm -f %s/ingress/new/tls/*%s*", s, lms);
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

/* What is wrong with one instance is told of it; the others are judged. */
START_TEST(one_config_of_many_that_is_no_good_stops_nobody)
{
	struct kit_run r;

	deploy();
	commit(kit_text("mkdir -p migrations/beta/record && sed "
	    "'s/^instance:.*/instance: beta/' migrations/acme/plan.yml "
	    ">migrations/beta/plan.yml && echo '{}' "
	    ">migrations/beta/record/data.json && %s", _i == 0
	    ? "echo 'LMS_HOST: [' >instances/beta/config.yml"
	    : "git rm -q instances/beta/config.yml"));
	var("instance-name=beta acme");
	r = verify("reached", "after", 1);
	kit_contains(r.out, "unknown beta ");
	kit_contains(r.out, _i == 0 ? "config.yml" : "there is a record of "
	    "its migration, but no config.yml");
	kit_contains(r.out, "pass    acme connect heartbeat-new");
	kit_lacks(r.out, "fail    acme");
	ck_assert_str_eq(kit_output(&r, "failed"), "1");
	ck_assert_str_eq(kit_output(&r, "verdict"), "fail");
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
	tcase_add_loop_test(t, looking_changes_nothing, 0, 2);
	tcase_add_test(t, a_history_grows_with_each_look);
	tcase_add_test(t, a_history_can_be_kept_in_the_repository);
	tcase_add_test(t,
	    a_snapshot_of_the_old_site_is_what_the_new_one_must_show);
	tcase_add_loop_test(t, a_site_that_is_not_well_is_no_measure, 0, 2);
	tcase_add_test(t,
	    a_snapshot_whose_request_fails_is_made_good_by_a_clean_run);
	tcase_add_test(t, a_misspelt_check_is_wrong_input);
	tcase_add_loop_test(t,
	    an_unknown_authority_and_a_wrong_name_are_named, 0, 2);
	tcase_add_test(t, reached_judges_what_the_facts_show);
	tcase_add_test(t, an_earlier_phase_is_already_past);
	tcase_add_test(t, a_host_that_is_led_out_of_its_zone_is_followed);
	tcase_add_test(t, a_misspelt_phase_is_wrong_input);
	tcase_add_test(t, a_wrong_password_is_seen_in_the_heartbeat);
	tcase_add_test(t, other_data_than_the_old_sides_is_named);
	tcase_add_test(t, an_init_job_is_named);
	tcase_add_test(t, a_missing_certificate_is_called_by_its_name);
	tcase_add_loop_test(t,
	    wide_rights_are_named_with_and_without_an_administrator, 0, 2);
	tcase_add_test(t, a_refused_login_is_unknown_and_no_pass);
	tcase_add_test(t, an_instance_that_is_not_there_yet_is_told_so);
	tcase_add_loop_test(t,
	    one_config_of_many_that_is_no_good_stops_nobody, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
