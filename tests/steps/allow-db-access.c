/*
 * Proves that allow-db-access lets in whom it shall and takes out what it let
 * in, that what others have in a list stays whoever writes at the same time,
 * and that no list is ever left empty or filled for the first time.
 *
 * Runs inside the sandbox; the lists are the DigitalOcean and Atlas doubles'.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

#define API "https://api.digitalocean.com"
#define OFFICE "192.0.2.10"
#define RUNNER "203.0.113.7"

static char *work;

/* ---- the lists, without our own code ---- */

static const char *
curl(const char *arguments, const char *id)
{
	return kit_out("curl -sS --cacert '%s/ca/bundle.crt' --resolve "
	    "api.digitalocean.com:443:%s -H 'Authorization: Bearer %s' %s "
	    API "/v2/databases/%s/firewall", kit_env("SB_STATE"),
	    kit_env("SB_DIGITALOCEAN_ADDR"), kit_env("SB_DIGITALOCEAN_TOKEN"),
	    arguments, id);
}

static const char *
mysql_id(void)
{
	return kit_env("SB_DO_MYSQL_ID");
}

/* "ip_addr 192.0.2.10 the office" a line, sorted. */
static const char *
list_of(const char *id)
{
	const char *file = kit_text("%s.list", work);

	kit_write(file, curl("", id));
	return kit_out("jq -r '.rules[] | [.type, .value, .description // "
	    "\"\"] | join(\" \")' '%s' | sort; rm '%s'", file, file);
}

static void
put_list(const char *id, const char *rules)
{
	ck_assert_str_eq(curl(kit_text("-X PUT -H 'Content-Type: "
	    "application/json' -d '{\"rules\":[%s]}'", rules), id), "");
}

static const char *
record(void)
{
	return kit_out("git --git-dir='%s/git/%s.git' show "
	    "%s:migrations/acme/record/access.json 2>/dev/null || true",
	    kit_env("SB_STATE"), kit_env("SB_REPO"), kit_env("SB_BRANCH"));
}

/* Atlas' list, "192.0.2.10/32 the office" a line, sorted. */
static const char *
atlas_list(void)
{
	return kit_out("curl -sS --cacert '%s/ca/bundle.crt' --resolve "
	    "cloud.mongodb.com:443:%s --digest -u '%s:%s' -H 'Accept: "
	    "application/vnd.atlas.2023-01-01+json' https://cloud.mongodb.com"
	    "/api/atlas/v2/groups/%s/accessList | jq -r '.results[] | "
	    "[.cidrBlock, .comment, .deleteAfterDate // \"\"] | "
	    "join(\" \")' | sort", kit_env("SB_STATE"),
	    kit_env("SB_ATLAS_ADDR"), kit_env("SB_ATLAS_PUBLIC_KEY"),
	    kit_env("SB_ATLAS_PRIVATE_KEY"), kit_env("SB_ATLAS_PROJECT"));
}

static const char ATLAS_AT_FIRST[] = "192.0.2.10/32 the office \n"
    "192.0.2.128/28  ";

/* ---- runs ---- */

static void
begin(void)
{
	world_begin();
	work = world_clone();
}

static void
end(void)
{
	world_end();
	free(kit_sh("rm -rf '%s'", work));
	free(work);
}

/* Inputs, and those that they do not name as they usually are. */
static const char **
vars(const char *const given[4])
{
	const char *const usual[] = { "mysql-provider=digitalocean",
	    kit_text("mysql-cluster-id=%s", mysql_id()),
	    kit_text("sources=%s", kit_env("SB_KUBE_NEW_ID")),
	    "runner-address=" RUNNER, kit_text("digitalocean-token=%s",
	    kit_env("SB_DIGITALOCEAN_TOKEN")) };
	const char **all = world_vars(work, given[0], given[1], given[2],
	    given[3], NULL);

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		kit_add_usual(all, WORLD_VARS, usual[i]);
	return all;
}

static struct kit_run
run(const char *a, const char *b, const char *c, const char *d)
{
	return kit_step("allow-db-access",
	    vars((const char *const []){ a, b, c, d }));
}

static void
expect4(const char *a, const char *b, const char *c, const char *d,
    const char *status)
{
	struct kit_run r = run(a, b, c, d);

	ck_assert_msg(strcmp(kit_output(&r, "status"), status) == 0,
	    "%s %s: %s, not %s: %s", a, b, kit_output(&r, "status"), status,
	    r.out);
	kit_lacks(r.out, kit_env("SB_DIGITALOCEAN_TOKEN"));
	kit_run_free(&r);
}

static void
expect(const char *a, const char *b, const char *status)
{
	expect4(a, b, NULL, NULL, status);
}

static void
says(const char *a, const char *b, const char *c, const char *d, int status,
    const char *words)
{
	struct kit_run r = run(a, b, c, d);

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, words);
	kit_run_free(&r);
}

static const char *
at_first(void)
{
	return kit_text("ip_addr %s the office\nk8s %s ", OFFICE,
	    kit_env("SB_KUBE_OLD_ID"));
}

/* ---- in and out ---- */

START_TEST(the_new_cluster_is_let_in_and_taken_out)
{
	const char *first = curl("", mysql_id());

	expect("action=open", "who=cluster", "done");
	kit_contains(list_of(mysql_id()), kit_text("k8s %s transplant: acme",
	    kit_env("SB_KUBE_NEW_ID")));
	kit_contains(record(), kit_env("SB_KUBE_NEW_ID"));
	expect("action=open", "who=cluster", "unchanged");
	expect("action=close", "who=runner", "unchanged");
	expect("action=close", "who=cluster", "done");
	expect("action=close", "who=cluster", "unchanged");
	ck_assert_str_eq(list_of(mysql_id()), at_first());
	kit_lacks(record(), kit_env("SB_KUBE_NEW_ID"));
	/* ids and comments of others as they were */
	kit_contains(curl("", mysql_id()), kit_out("echo '%s' | jq -r "
	    "'.rules[1].uuid'", first));
}
END_TEST

static void
verify_says(int status, const char *words)
{
	struct kit_run r = kit_step("verify-instance",
	    vars((const char *const []){ "phase=connect", "checks=firewall",
	    "timeout=0", NULL }));

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, words);
	kit_lacks(r.out, kit_env("SB_DIGITALOCEAN_TOKEN"));
	kit_run_free(&r);
}

/* Somebody's Terraform puts back the list that it knows. */
START_TEST(a_door_that_others_shut_is_seen_by_verify_instance)
{
	verify_says(1, "firewall: MySQL: allow-db-access let nobody in");
	expect("action=open", "who=cluster", "done");
	verify_says(0, "pass    acme connect firewall: so in 1 lists");
	put_list(mysql_id(), "{\"type\":\"ip_addr\",\"value\":\"" OFFICE
	    "\"}");
	verify_says(1, kit_text("firewall: MySQL: %s is not let in any more",
	    kit_env("SB_KUBE_NEW_ID")));
}
END_TEST

START_TEST(a_dry_run_tells_and_changes_nothing)
{
	char *before = world_head(), *after;

	says("action=open", "who=cluster", "dry-run=true", NULL, 0, "would");
	ck_assert_str_eq(list_of(mysql_id()), at_first());
	after = world_head();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	expect("action=open", "who=cluster", "done");
	says("action=close", "who=cluster", "dry-run=true", NULL, 0,
	    "taken out");
	kit_contains(list_of(mysql_id()), kit_env("SB_KUBE_NEW_ID"));
}
END_TEST

START_TEST(a_runner_is_let_in_for_some_hours)
{
	expect("action=open", "who=runner", "done");
	kit_contains(list_of(mysql_id()), "ip_addr " RUNNER
	    " transplant: acme until 20");
	says("action=list", "who=runner", NULL, NULL, 0, "the runner");
	expect("action=close", "who=runner", "done");
	ck_assert_str_eq(list_of(mysql_id()), at_first());
}
END_TEST

START_TEST(a_runner_that_was_forgotten_goes_when_the_next_one_comes)
{
	expect("action=open", "who=runner", "done");
	free(world_change("later", "sed -i 's/\"until\":.*\"20[^\"]*\"/"
	    "\"until\": \"2020-01-01T00:00:00Z\"/' migrations/acme/record/"
	    "access.json"));
	says("action=list", "who=runner", NULL, NULL, 0, "overdue");
	expect4("action=open", "who=runner", "runner-address=203.0.113.8",
	    NULL, "done");
	kit_lacks(list_of(mysql_id()), RUNNER);
	kit_contains(list_of(mysql_id()), "203.0.113.8");
	expect("action=close", "who=runner", "done");
	ck_assert_str_eq(list_of(mysql_id()), at_first());
}
END_TEST

/* ---- what is not ours ---- */

START_TEST(what_was_there_before_stays)
{
	expect4("action=open", "who=runner", "runner-address=" OFFICE, NULL,
	    "unchanged");
	says("action=close", "who=runner", NULL, NULL, 0,
	    "let in before");
	expect("action=close", "who=runner", "unchanged");
	ck_assert_str_eq(list_of(mysql_id()), at_first());
}
END_TEST

START_TEST(what_another_instance_needs_stays_until_it_needs_it_no_more)
{
	free(world_change("beta", "mkdir -p migrations/beta && "
	    "echo 'instance: beta' >migrations/beta/plan.yml"));
	expect("action=open", "who=cluster", "done");
	expect4("action=open", "who=cluster", "instance-name=beta", NULL,
	    "unchanged");
	says("action=close", "who=cluster", NULL, NULL, 0,
	    "stays: the cluster of beta needs it");
	kit_contains(list_of(mysql_id()), kit_env("SB_KUBE_NEW_ID"));
	expect4("action=close", "who=cluster", "instance-name=beta", NULL,
	    "done");
	ck_assert_str_eq(list_of(mysql_id()), at_first());
}
END_TEST

START_TEST(a_list_without_entries_is_left_alone)
{
	put_list(mysql_id(), "");
	says("action=open", "who=cluster", NULL, NULL, 0,
	    "would lock all others out");
	ck_assert_str_eq(list_of(mysql_id()), "");
	expect("action=open", "who=cluster", "unchanged");
}
END_TEST

START_TEST(the_last_entry_is_not_taken_out)
{
	expect("action=open", "who=cluster", "done");
	put_list(mysql_id(), kit_text("{\"type\":\"k8s\",\"value\":\"%s\","
	    "\"description\":\"transplant: acme\"}",
	    kit_env("SB_KUBE_NEW_ID")));
	says("action=close", "who=cluster", NULL, NULL, 1,
	    "everybody could connect");
	kit_contains(list_of(mysql_id()), kit_env("SB_KUBE_NEW_ID"));
}
END_TEST

/* Two in a row: the first one's repair is itself overwritten. */
static const char *const rivals_come[] = { "", "1" };

START_TEST(a_lost_race_is_repaired)
{
	world_set("digitalocean.late", rivals_come[_i]);
	world_set("digitalocean.rivals", "2");
	expect("action=open", "who=cluster", "done");
	kit_contains(list_of(mysql_id()), kit_env("SB_KUBE_NEW_ID"));
	kit_contains(list_of(mysql_id()), "198.51.100.1");
	kit_contains(list_of(mysql_id()), OFFICE);
	world_set("digitalocean.rivals", "3");
	expect("action=close", "who=cluster", "done");
	kit_lacks(list_of(mysql_id()), kit_env("SB_KUBE_NEW_ID"));
	kit_contains(list_of(mysql_id()), "198.51.100.1");
}
END_TEST

/* ---- Atlas ---- */

/* Inputs that differ, and those of a project at Atlas. */
static struct kit_run
atlas_run(const char *a, const char *b, const char *c, const char *d)
{
	const char *const usual[] = { "mongodb-provider=atlas",
	    kit_text("mongodb-project=%s", kit_env("SB_ATLAS_PROJECT")),
	    "sources=203.0.113.40, 203.0.113.64/28",
	    "runner-address=" RUNNER };
	const char **all = world_vars(work, a, b, c, d, NULL);
	bool keys = c != NULL && strncmp(c, "atlas-public", 12) == 0;

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		kit_add(all, WORLD_VARS, usual[i]);
	if (keys)
		return kit_step("allow-db-access", all);
	kit_add(all, WORLD_VARS, kit_text("atlas-client-id=%s",
	    kit_env("SB_ATLAS_CLIENT_ID")));
	kit_add(all, WORLD_VARS, kit_text("atlas-client-secret=%s",
	    kit_env("SB_ATLAS_CLIENT_SECRET")));
	return kit_step("allow-db-access", all);
}

static void
atlas4(const char *a, const char *b, const char *c, const char *d,
    const char *status)
{
	struct kit_run r = atlas_run(a, b, c, d);

	ck_assert_msg(strcmp(kit_output(&r, "status"), status) == 0,
	    "%s %s: %s, not %s: %s", a, b, kit_output(&r, "status"), status,
	    r.out);
	kit_lacks(r.out, kit_env("SB_ATLAS_CLIENT_SECRET"));
	kit_lacks(r.out, kit_env("SB_ATLAS_PRIVATE_KEY"));
	kit_run_free(&r);
}

static void
atlas(const char *a, const char *b, const char *status)
{
	atlas4(a, b, NULL, NULL, status);
}

START_TEST(a_project_lets_networks_in_and_takes_them_out)
{
	atlas("action=open", "who=cluster", "done");
	kit_contains(atlas_list(), "203.0.113.40/32 transplant: acme \n"
	    "203.0.113.64/28 transplant: acme ");
	atlas("action=open", "who=cluster", "unchanged");
	atlas("action=close", "who=cluster", "done");
	atlas("action=close", "who=cluster", "unchanged");
	ck_assert_str_eq(atlas_list(), ATLAS_AT_FIRST);
}
END_TEST

START_TEST(a_project_takes_the_runner_out_by_itself)
{
	const char *key = kit_text("atlas-public-key=%s",
	    kit_env("SB_ATLAS_PUBLIC_KEY"));
	const char *secret = kit_text("atlas-private-key=%s",
	    kit_env("SB_ATLAS_PRIVATE_KEY"));

	atlas4("action=open", "who=runner", key, secret, "done");
	kit_contains(atlas_list(), RUNNER "/32 transplant: acme until 20");
	ck_assert_int_eq(world_count("atlas.tokens"), 0);
	atlas4("action=close", "who=runner", key, secret, "done");
	ck_assert_str_eq(atlas_list(), ATLAS_AT_FIRST);
}
END_TEST

START_TEST(what_atlas_asks_to_wait_for_is_waited_for)
{
	world_set("atlas.busy", "2");
	world_set("atlas.limited", "1");
	world_set("atlas.token", "2");	/* shorter than the change takes */
	world_set("atlas.seconds", "3");
	atlas("action=open", "who=runner", "done");
	kit_contains(atlas_list(), RUNNER);
	ck_assert_int_ge(world_count("atlas.tokens"), 2);
}
END_TEST

static void
atlas_says(const char *a, const char *b, const char *c, int status,
    const char *words)
{
	struct kit_run r = atlas_run(a, b, c, NULL);

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, words);
	kit_run_free(&r);
}

START_TEST(what_atlas_refuses_is_told)
{
	atlas_says("action=open", "who=runner", "atlas-public-key=acmekeys",
	    2, "atlas-client-id: give it with atlas-client-secret");
	world_set("atlas.elsewhere", "1");
	atlas_says("action=open", "who=runner", NULL, 1,
	    "from listed addresses only");
	world_set("atlas.elsewhere", "");
	world_set("atlas.owner", "0");
	atlas_says("action=open", "who=runner", NULL, 1,
	    "lacks a role in the project");
	world_set("atlas.owner", "1");
	world_set("atlas.fail", "1");
	atlas_says("action=open", "who=runner", NULL, 1,
	    "could not let in " RUNNER);
	world_set("atlas.fail", "");
	atlas("action=close", "who=runner", "done");
	ck_assert_str_eq(atlas_list(), ATLAS_AT_FIRST);
}
END_TEST

/* ---- mistakes ---- */

static const struct {
	const char *a, *b;
	int status;
	const char *says;
} mistakes[] = {
	{ "mysql-cluster-id=", NULL, 2, "mysql-cluster-id: it is needed" },
	{ "mysql-cluster-id=acme-db", NULL, 2, "no id of a cluster" },
	{ "mysql-cluster-id=00000000-0000-4000-8000-000000000000", NULL, 1,
	  "no such database cluster" },
	{ "sources=", NULL, 2, "new.egress" },
	{ "sources=2001:db8::1", NULL, 2, "neither an IPv4 address" },
	{ "sources=203.0.113.0/33", NULL, 2, "neither an IPv4 address" },
	{ "sources=sg-0123", NULL, 2, "can't stand in the trusted sources" },
	{ "sources=00000000-0000-4000-8000-000000000000", NULL, 1,
	  "kubernetes cluster not found" },
	{ "digitalocean-token=", NULL, 2, "digitalocean-token: it is" },
	{ "digitalocean-token=dop_v1_wrong", NULL, 1, "is refused" },
	{ "who=runner", "runner-address=::1", 2, "no IPv4 address" },
	{ "who=runner", "hours=100", 2, "72" },
};

START_TEST(a_mistake_is_told_and_changes_nothing)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		says("action=open", mistakes[i].a, mistakes[i].b, NULL,
		    mistakes[i].status, mistakes[i].says);
	ck_assert_str_eq(list_of(mysql_id()), at_first());
}
END_TEST

START_TEST(a_missing_scope_is_named)
{
	world_set("digitalocean.scopes", "database:read");
	says("action=open", "who=cluster", NULL, NULL, 1,
	    "needs the scope database:update");
	world_set("digitalocean.scopes", "kubernetes:access_cluster");
	says("action=list", "who=cluster", NULL, NULL, 1,
	    "needs the scope database:read");
}
END_TEST

/* ---- faults and kills ---- */

static const char *const faults[] = {
	"\"fault\":\"reset-after\"", "\"fault\":\"status\",\"status\":503",
};
enum { REQUESTS = 5 };	/* look, read, write, read back twice */

/*
 * The nth request of one run fails; what that run did not do the next one
 * does. Repeated once more, where the first request failed, there is nothing
 * left to do.
 */
static void
fails_once(struct world_proxy *p, const char *action, int i)
{
	int nth = i % REQUESTS + 1;
	struct kit_run r;
	char *log;

	world_proxy_clear(p);
	world_proxy_fault(p, kit_text("{%s,\"nth\":%d}",
	    faults[i / REQUESTS], nth));
	r = run(action, "who=cluster", kit_text("digitalocean-api=%s",
	    p->url), kit_text("ca-file=%s", p->ca));
	log = world_proxy_log(p);
	kit_contains(log, "/firewall");
	free(log);
	if (strstr(list_of(mysql_id()), kit_env("SB_KUBE_NEW_ID")) != NULL)
		kit_contains(record(), kit_env("SB_KUBE_NEW_ID"));
	if (r.status != 0)
		expect(action, "who=cluster", "done");
	if (nth == 1)
		expect(action, "who=cluster", "unchanged");
	kit_run_free(&r);
}

START_TEST(any_request_may_fail_once)
{
	struct world_proxy p = world_proxy_start(
	    kit_env("SB_DIGITALOCEAN_ADDR"), "api.digitalocean.com");
	int n = (int)(sizeof faults / sizeof *faults) * REQUESTS;

	for (int i = 0; i < n; i++) {
		fails_once(&p, "action=open", i);
		kit_contains(list_of(mysql_id()), kit_env("SB_KUBE_NEW_ID"));
		kit_contains(list_of(mysql_id()), OFFICE);
		fails_once(&p, "action=close", i);
		ck_assert_str_eq(list_of(mysql_id()), at_first());
	}
	world_proxy_stop(&p);
}
END_TEST

enum { ATLAS_REQUESTS = 4 };	/* token, look, post, status */

static void
atlas_fails_once(struct world_proxy *p, const char *action, int i)
{
	int nth = i % ATLAS_REQUESTS + 1;
	struct kit_run r;
	char *log;

	world_proxy_clear(p);
	world_proxy_fault(p, kit_text("{%s,\"nth\":%d}",
	    faults[i / ATLAS_REQUESTS], nth));
	r = atlas_run(action, "who=runner", kit_text("atlas-api=%s", p->url),
	    kit_text("ca-file=%s", p->ca));
	log = world_proxy_log(p);
	kit_contains(log, "/api/oauth/token");
	free(log);
	if (r.status != 0)
		atlas(action, "who=runner", "done");
	if (nth == 1)
		atlas(action, "who=runner", "unchanged");
	kit_run_free(&r);
}

START_TEST(any_request_to_atlas_may_fail_once)
{
	struct world_proxy p = world_proxy_start(kit_env("SB_ATLAS_ADDR"),
	    "cloud.mongodb.com");
	int n = (int)(sizeof faults / sizeof *faults) * ATLAS_REQUESTS;

	for (int i = 0; i < n; i++) {
		atlas_fails_once(&p, "action=open", i);
		kit_contains(atlas_list(), RUNNER);
		atlas_fails_once(&p, "action=close", i);
		ck_assert_str_eq(atlas_list(), ATLAS_AT_FIRST);
	}
	world_proxy_stop(&p);
}
END_TEST

START_TEST(a_killed_step_is_completed_by_the_next)
{
	struct kit_run r = kit_step_killed("allow-db-access",
	    vars((const char *const []){ "action=open", "who=runner", NULL,
	    NULL }), 100 + 250 * _i);

	kit_run_free(&r);
	if (strstr(list_of(mysql_id()), RUNNER) != NULL)
		kit_contains(record(), RUNNER);
	r = run("action=close", "who=runner", NULL, NULL);
	ck_assert_msg(r.status == 0, "%s", r.out);
	kit_run_free(&r);
	ck_assert_str_eq(list_of(mysql_id()), at_first());
	kit_lacks(record(), RUNNER);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("allow-db-access");
	TCase *t = tcase_create("access"), *f = tcase_create("faults");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_new_cluster_is_let_in_and_taken_out);
	tcase_add_test(t, a_door_that_others_shut_is_seen_by_verify_instance);
	tcase_add_test(t, a_dry_run_tells_and_changes_nothing);
	tcase_add_test(t, a_runner_is_let_in_for_some_hours);
	tcase_add_test(t,
	    a_runner_that_was_forgotten_goes_when_the_next_one_comes);
	tcase_add_test(t, what_was_there_before_stays);
	tcase_add_test(t,
	    what_another_instance_needs_stays_until_it_needs_it_no_more);
	tcase_add_test(t, a_list_without_entries_is_left_alone);
	tcase_add_test(t, the_last_entry_is_not_taken_out);
	tcase_add_loop_test(t, a_lost_race_is_repaired, 0,
	    sizeof rivals_come / sizeof *rivals_come);
	tcase_add_test(t, a_mistake_is_told_and_changes_nothing);
	tcase_add_test(t, a_missing_scope_is_named);
	tcase_add_test(t, a_project_lets_networks_in_and_takes_them_out);
	tcase_add_test(t, a_project_takes_the_runner_out_by_itself);
	tcase_add_test(t, what_atlas_asks_to_wait_for_is_waited_for);
	tcase_add_test(t, what_atlas_refuses_is_told);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(f, begin, end);
	tcase_set_timeout(f, 180);
	tcase_add_test(f, any_request_may_fail_once);
	tcase_add_test(f, any_request_to_atlas_may_fail_once);
	tcase_add_loop_test(f, a_killed_step_is_completed_by_the_next, 0, 5);
	suite_add_tcase(s, f);
	return kit_main(s, NULL);
}
