/*
 * Proves set-dns-ttl, switch-dns and restore-dns where not all hosts lie in
 * one zone: Studio's name is a zone of its own, delegated from the others',
 * with a provider of its own. Both are real: PowerDNS by its HTTP API, the
 * same by RFC 2136, or people who are told.
 *
 * Runs inside the sandbox; puts the names back where they were.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/kit.h"
#include "tests/kit/site.h"

enum { VARS = 32 };

static const char SECRET[] = "c2Vjb25kLXpvbmUtb25seS1mb3ItdGVzdHM=";

static const char *vars[VARS], *folder, *lms, *cms, *old_ip, *new_ip;
static pid_t proxy, helper;

#define var(...) kit_add(vars, VARS, kit_text(__VA_ARGS__))

/* ---- two zones --------------------------------------------------------- */

/* PowerDNS' API, as the one who owns it all: method, path, body. */
static const char *
api(const char *method, const char *path, const char *body)
{
	return kit_out("curl -fsS -X %s -H 'X-API-Key: %s' %s/api/v1/servers/"
	    "localhost%s -d '%s'", method, kit_env("SB_PDNS_KEY"),
	    kit_env("SB_PDNS_API"), path, body);
}

static const char *
make_studio_zone(void)
{
	const char *ns = kit_text("ns1.%s.", kit_env("SB_ZONE"));
	const char *soa = kit_text("%s hostmaster.%s 1 60 5 3600 3", ns, ns);

	return kit_text("{\"name\":\"%s.\",\"kind\":\"Native\","
	    "\"soa_edit_api\":\"INCREASE\",\"nameservers\":[],\"rrsets\":"
	    "[%s,%s,%s]}", cms, site_set(cms, "SOA", 1, soa), site_set(cms,
	    "NS", 1, ns), site_set(cms, "A", 1, old_ip));
}

/* A command that does it as whoever keeps the zone: Studio is there now. */
static const char *
lead_studio(const char *address)
{
	return kit_text("curl -fsS -X PATCH -H 'X-API-Key: %s' -d "
	    "'{\"rrsets\":[%s]}' %s/api/v1/servers/localhost/zones/%s.",
	    kit_env("SB_PDNS_KEY"), site_set(cms, "A", 1, address),
	    kit_env("SB_PDNS_API"), cms);
}

static void
forget_cached(void)
{
	kit_out("unbound-control -q -c %s/dns/unbound/conf flush_zone %s",
	    kit_env("SB_STATE"), kit_env("SB_ZONE"));
}

static void
split_zone(void)
{
	site_reset_zone(1);
	api("POST", "/zones", make_studio_zone());
	site_patch(kit_text("%s,%s", site_no_set(cms, "A"), site_set(cms,
	    "NS", 1, kit_text("ns1.%s.", kit_env("SB_ZONE")))));
	site_settle();
	forget_cached();
}

static void
join_zone(void)
{
	kit_out("for i in zones/%s. tsigkeys/studio.; do curl -s -o /dev/null "
	    "-X DELETE -H 'X-API-Key: %s' %s/api/v1/servers/localhost/$i; "
	    "done", cms, kit_env("SB_PDNS_KEY"), kit_env("SB_PDNS_API"));
	site_patch(site_no_set(cms, "NS"));
	site_reset_zone(5);
	forget_cached();
}

/* The plan, with this said of Studio's host. */
static void
plan(const char *said)
{
	kit_out("sed 's/^dns:/&\\n  hosts:\\n    %s: {%s}/' %s/work/"
	    "migrations/%s/plan.yml >%s/plan.yml", cms, said, folder,
	    kit_env("SB_INSTANCE"), folder);
}

/* Studio's zone may be changed with a key of its own, by RFC 2136. */
static void
by_update(void)
{
	api("POST", "/tsigkeys", kit_text("{\"name\":\"studio\",\"algorithm\":"
	    "\"hmac-sha256\",\"key\":\"%s\"}", SECRET));
	api("POST", kit_text("/zones/%s./metadata", cms), "{\"kind\":"
	    "\"TSIG-ALLOW-DNSUPDATE\",\"metadata\":[\"studio\"]}");
	api("POST", kit_text("/zones/%s./metadata", cms), "{\"kind\":"
	    "\"ALLOW-DNSUPDATE-FROM\",\"metadata\":[\"127.0.0.0/8\"]}");
	plan(kit_text("provider: rfc2136, zone: %s, server: %s", cms,
	    kit_env("SB_PDNS_ADDR")));
	var("dns-token=powerdns=%s\nrfc2136=hmac-sha256:studio:%s",
	    kit_env("SB_PDNS_KEY"), SECRET);
}

static void
set_up(void)
{
	proxy = helper = 0;
	memset(vars, 0, sizeof vars);
	lms = kit_env("SB_LMS_HOST");
	cms = kit_env("SB_CMS_HOST");
	old_ip = kit_env("SB_OLD_ADDR");
	new_ip = kit_env("SB_NEW_ADDR");
	folder = site_repository();
	var("instance-name=%s", kit_env("SB_INSTANCE"));
	var("workspace=%s/work", folder);
	var("plan=%s/plan.yml", folder);
	var("dns-token=%s", kit_env("SB_PDNS_KEY"));
	var("dry-run=false");
	var("low-ttl=1");
	var("wait=true");
	var("good=1");
	var("timeout=60");
	if (kit_env("SB_DNS_SERVERS")[0] != '\0')
		var("dns-servers=%s", kit_env("SB_DNS_SERVERS"));
	if (kit_env("SB_CA_FILE")[0] != '\0')
		var("ca-file=%s", kit_env("SB_CA_FILE"));
	join_zone();		/* a test may have failed */
	split_zone();
	site_config("good", kit_text("%s/deployed/old/config.yml",
	    kit_env("SB_STATE")));
	site_deploy("good");
	site_serve(kit_text("%s %s %s %s", lms, cms, kit_env("SB_MFE_HOST"),
	    kit_env("SB_PREVIEW_HOST")), false);
}

static void
tear_down(void)
{
	kit_end(&proxy);
	kit_end(&helper);
	join_zone();
	site_clear();
}

/* ---- a proxy before one provider --------------------------------------- */

static const char *
proxy_at(void)
{
	return kit_text("%s.153:8081", kit_env("SB_NET"));
}

static const char *
control_at(void)
{
	return kit_text("%s.153:8099", kit_env("SB_NET"));
}

static void
use_proxy(void)
{
	const char *upstream = strstr(kit_env("SB_PDNS_API"), "://") + 3;

	proxy = kit_beside(kit_text("exec %s/faultproxy %s %s --control "
	    "%s", kit_env("SB_DOUBLES"), proxy_at(), upstream, control_at()));
	kit_out("for i in $(seq 100); do curl -fs http://%s/fault >/dev/null "
	    "&& exit 0; sleep 0.05; done; exit 1", control_at());
}

static void
fault(const char *json)
{
	kit_out("curl -fsS -X POST http://%s/clear >/dev/null", control_at());
	if (json != NULL)
		kit_out("curl -fsS -X POST -d '%s' http://%s/fault >/dev/null",
		    json, control_at());
}

/* Studio's zone by the HTTP API too, but through the proxy. */
static void
by_proxy(void)
{
	use_proxy();
	plan(kit_text("zone: %s, server: \"http:\\/\\/%s\"", cms,
	    proxy_at()));
}

/* ---- what came of it --------------------------------------------------- */

static struct kit_run
run(const char *step, int status, const char *word)
{
	struct kit_run r = kit_step(step, vars);

	kit_lacks(r.out, kit_env("SB_PDNS_KEY"));
	kit_lacks(r.out, SECRET);
	kit_lacks(r.outputs, SECRET);
	kit_lacks(r.summary, SECRET);
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), word);
	return r;
}

static void
just_run(const char *step, int status, const char *word)
{
	struct kit_run r = run(step, status, word);

	kit_run_free(&r);
}

static const char *
record(const char *query)
{
	return kit_out("git -C %s/bare.git show "
	    "main:migrations/%s/record/dns.json | jq -r '%s'", folder,
	    kit_env("SB_INSTANCE"), query);
}

static const char *
leads_to(const char *name)
{
	return kit_out("dig +short +norecurse @%s %s A",
	    kit_env("SB_PDNS_ADDR"), name);
}

static void
expect(const char *lms_at, const char *cms_at)
{
	ck_assert_str_eq(leads_to(lms), lms_at);
	ck_assert_str_eq(leads_to(cms), cms_at);
}

static const char *
serials(void)
{
	return kit_out("dig +short @%s %s SOA; dig +short @%s %s SOA",
	    kit_env("SB_PDNS_ADDR"), kit_env("SB_ZONE"),
	    kit_env("SB_PDNS_ADDR"), cms);
}

/* ---- two providers ----------------------------------------------------- */

static const char ZONES[] = "[.switch.from[] | .zone] | unique | "
    "join(\" \")";

START_TEST(two_providers_are_switched_as_one_and_restored)
{
	const char *before;
	struct kit_run r;

	by_update();
	var("level=high");
	var("high-ttl=3");
	just_run("set-dns-ttl", 0, "done");
	var("level=low");
	just_run("set-dns-ttl", 0, "done");
	ck_assert_str_eq(kit_out("dig +noall +answer +norecurse @%s %s A | "
	    "awk '{print $2}'", kit_env("SB_PDNS_ADDR"), cms), "1");
	r = run("switch-dns", 0, "done");
	expect(new_ip, new_ip);
	kit_contains(r.summary, "| name servers | go | all 3 ");
	ck_assert_str_eq(record(ZONES), kit_text("%s %s",
	    kit_env("SB_ZONE"), cms));
	ck_assert_str_eq(kit_output(&r, "switched"), "true");
	kit_run_free(&r);
	before = serials();
	just_run("switch-dns", 0, "unchanged");
	ck_assert_str_eq(serials(), before);
	just_run("restore-dns", 0, "done");
	expect(old_ip, old_ip);
	just_run("restore-dns", 0, "unchanged");
}
END_TEST

/* As steps of before wrote it: no set says where it lies. */
START_TEST(a_record_that_knows_of_no_zones_is_restored)
{
	plan(kit_text("zone: %s", cms));
	just_run("switch-dns", 0, "done");
	kit_out("cd %s && git clone -q bare.git other && cd other && f="
	    "migrations/%s/record/dns.json && jq 'del(.. | .zone?)' $f >../f "
	    "&& cp ../f $f && git -c user.name=x -c user.email=x@y commit "
	    "-qam x && git push -q", folder, kit_env("SB_INSTANCE"));
	ck_assert_str_eq(record(ZONES), "");
	just_run("restore-dns", 0, "done");
	expect(old_ip, old_ip);
}
END_TEST

START_TEST(restore_refuses_a_host_that_lies_elsewhere_now)
{
	struct kit_run r;

	plan(kit_text("zone: %s", cms));
	just_run("switch-dns", 0, "done");
	join_zone();
	kit_out("cp %s/work/migrations/%s/plan.yml %s/plan.yml", folder,
	    kit_env("SB_INSTANCE"), folder);
	r = run("restore-dns", 1, "needs-hand");
	kit_contains(r.out, kit_text("%s was switched in the zone %s", cms,
	    cms));
	kit_run_free(&r);
}
END_TEST

/* What verify-instance says of DNS, each host asked of its own zone. */
static void
verify(const char *when, int status)
{
	const char *of_verify[VARS] = { 0 };
	struct kit_run r;

	for (size_t i = 0; vars[i] != NULL; i++)
		if (strncmp(vars[i], "timeout=", 8) != 0)
			kit_add(of_verify, VARS, vars[i]);
	kit_add(of_verify, VARS, "phase=switch");
	kit_add(of_verify, VARS, "timeout=3");
	kit_add(of_verify, VARS, kit_text("when=%s", when));
	kit_add(of_verify, VARS, "checks=dns-delegation,dns-chain,"
	    "dns-authorities,dns-serials,dns-ttl,dns-wildcard");
	r = kit_step("verify-instance", of_verify);
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, status == 0 ? kit_text("1 servers of %s", cms)
	    : kit_text("%s: ", cms));
	kit_run_free(&r);
}

START_TEST(verify_instance_asks_the_servers_of_each_zone)
{
	plan(kit_text("zone: %s", cms));
	verify("before", 0);
	kit_out("%s", lead_studio("127.42.0.99"));
	verify("before", 1);
	kit_out("%s", lead_studio(old_ip));
	just_run("switch-dns", 0, "done");
	verify("after", 0);
}
END_TEST

/* ---- what fails in between --------------------------------------------- */

/* Both ways in which a write can fail: refused, and nobody knows. */
static const char *const write_faults[] = {
	"{\"fault\":\"status\",\"status\":403,\"method\":\"PATCH\","
	    "\"always\":true}",
	"{\"fault\":\"reset-before\",\"method\":\"PATCH\",\"always\":true}",
};

START_TEST(a_second_zone_that_fails_puts_the_first_back)
{
	const char *before = serials();
	struct kit_run r;

	by_proxy();
	fault(write_faults[_i]);
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, kit_text("the records of the zone %s are changed",
	    kit_env("SB_ZONE")));
	kit_contains(r.out, "switched back, and the old side serves again");
	ck_assert_str_ne(serials(), before);
	ck_assert_str_eq(kit_output(&r, "switched"), "false");
	ck_assert_str_eq(record(".switch.done"), "null");
	expect(old_ip, old_ip);
	kit_run_free(&r);
	fault(NULL);
	just_run("switch-dns", 0, "done");
	expect(new_ip, new_ip);
	fault(write_faults[_i]);
	r = run("restore-dns", 1, "failed");
	expect(old_ip, new_ip);
	kit_run_free(&r);
	fault(NULL);
	just_run("restore-dns", 0, "done");
	expect(old_ip, old_ip);
}
END_TEST

/* The second zone is seen to be another before the first is written. */
START_TEST(a_zone_that_was_changed_meanwhile_keeps_all_from_changing)
{
	struct kit_run r;

	by_proxy();
	/* Others move Studio elsewhere once the new records are recorded. */
	helper = kit_beside(kit_text("until git -C %s/bare.git show "
	    "main:migrations/%s/record/dns.json 2>/dev/null "
	    "| grep -q '\"switch\"'; do sleep 0.01; done; %s", folder,
	    kit_env("SB_INSTANCE"), lead_studio("127.42.0.99")));
	/* Each reading of Studio's zone takes long enough for that. */
	fault("{\"fault\":\"delay\",\"ms\":3000,\"method\":\"GET\","
	    "\"always\":true}");
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, kit_text("nothing was changed: %s: somebody "
	    "changed it meanwhile", cms));
	expect(old_ip, "127.42.0.99");
	kit_run_free(&r);
}
END_TEST

START_TEST(killed_between_two_zones_it_is_completed)
{
	struct kit_run r;
	long ms;

	by_proxy();
	just_run("set-dns-ttl", 0, "unchanged");
	/* The second zone's change never comes back; each time it is killed
	 * later, until the first one's was made. */
	fault("{\"fault\":\"hang\",\"method\":\"PATCH\",\"always\":true}");
	for (ms = 2000; strcmp(leads_to(lms), new_ip) != 0 && ms < 100000;
	    ms *= 2) {
		r = kit_step_killed("switch-dns", vars, ms);
		kit_run_free(&r);
	}
	expect(new_ip, old_ip);
	fault(NULL);
	just_run("switch-dns", 0, "done");
	expect(new_ip, new_ip);
	ck_assert_str_eq(record("[.switch.from[] | select(.type == \"A\") | "
	    ".values[].value] | unique | join(\" \")"), old_ip);
	ck_assert_str_ne(record(".switch.done"), "null");
	just_run("restore-dns", 0, "done");
	expect(old_ip, old_ip);
}
END_TEST

/* ---- a zone of others -------------------------------------------------- */

static void
by_others(void)
{
	plan(kit_text("provider: manual, zone: %s", cms));
}

/* Nobody of ours moves before they have done it. */
START_TEST(others_come_first_and_ours_follow)
{
	struct kit_run r;

	by_others();
	helper = kit_beside(kit_text("sleep 5; dig +short @%s %s A "
	    ">%s/seen; %s", kit_env("SB_PDNS_ADDR"), lms, folder,
	    lead_studio(new_ip)));
	r = run("switch-dns", 0, "done");
	expect(new_ip, new_ip);
	ck_assert_str_eq(kit_out("cat %s/seen", folder), old_ip);
	kit_contains(r.summary, kit_text("Please change these records of the "
	    "zone %s, all at once:\n\n  %s\n    now:  A %s TTL 1\n    then: "
	    "A %s TTL 1\n", cms, cms, old_ip, new_ip));
	kit_run_free(&r);
	just_run("switch-dns", 0, "unchanged");
}
END_TEST

START_TEST(others_who_do_not_do_it_keep_ours_where_they_are)
{
	const char *before = serials();
	struct kit_run r;

	by_others();
	var("wait-hours=0");
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "nothing was changed: who keeps the zone has not "
	    "made the change");
	ck_assert_str_eq(serials(), before);
	kit_run_free(&r);
}
END_TEST

/* They did it, and ours can't be changed: they are asked to undo it. */
START_TEST(others_are_asked_back_where_ours_fails)
{
	struct kit_run r;

	by_others();
	use_proxy();
	var("dns-server=http://%s", proxy_at());
	fault(write_faults[0]);
	helper = kit_beside(kit_text("sleep 5; %s; until curl -fsS "
	    "http://%s/log | grep -q PATCH; do sleep 0.2; done; sleep 3; %s",
	    lead_studio(new_ip), control_at(), lead_studio(old_ip)));
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "switched back, and the old side serves again");
	kit_contains(r.summary, kit_text("    now:  A %s TTL 1\n    then: "
	    "A %s TTL 1\n", new_ip, old_ip));
	expect(old_ip, old_ip);
	kit_run_free(&r);
}
END_TEST

/* ---- wrong plans ------------------------------------------------------- */

START_TEST(a_wrong_plan_is_told_before_anything_is_asked)
{
	static const struct { const char *said, *word; } wrong[] = {
		{ "provider: nobody", "nobody is called \"nobody\"" },
		{ "zone: example.net", "does not lie in the zone" },
		{ "zone: a..b", "dns.hosts" },
		{ "zone-id: \"a b\"", "dns.hosts" },
		{ "zone-id: abc, zone: example.test", "it can have one only" },
		{ "provider: manual", "it can have one only" },
		{ "server: \"ftp:\\/\\/x\", zone: example.test", "dns.hosts" },
		{ "zone-id: abc", "names neither zone nor provider" },
		{ "provider: cloudflare, zone: studio.courses.example.test",
		  "needs a line cloudflare=TOKEN in dns-token" },
		{ "provder: manual", "dns.hosts" },
	};
	struct kit_run r;

	use_proxy();
	var("dns-server=http://%s", proxy_at());
	fault(NULL);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		plan(wrong[i].said);
		r = run("switch-dns", 2, "wrong-input");
		kit_contains(r.out, wrong[i].word);
		kit_run_free(&r);
	}
	kit_out("sed 's/^dns:/&\\n  hosts:\\n    a.example.test: {zone: "
	    "example.test}/' %s/work/migrations/%s/plan.yml >%s/plan.yml",
	    folder, kit_env("SB_INSTANCE"), folder);
	r = run("switch-dns", 2, "wrong-input");
	kit_contains(r.out, "a.example.test is none of the plan's hosts");
	ck_assert_str_eq(kit_out("curl -fsS http://%s/log | jq "
	    "'.requests | length'", control_at()), "0");
	kit_run_free(&r);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dns-zones");
	TCase *t = tcase_create("two-zones");
	TCase *v = tcase_create("verify");
	TCase *m = tcase_create("of-others");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, two_providers_are_switched_as_one_and_restored);
	tcase_add_test(t, a_record_that_knows_of_no_zones_is_restored);
	tcase_add_test(t, restore_refuses_a_host_that_lies_elsewhere_now);
	tcase_add_loop_test(t, a_second_zone_that_fails_puts_the_first_back,
	    0, 2);
	tcase_add_test(t,
	    a_zone_that_was_changed_meanwhile_keeps_all_from_changing);
	tcase_add_test(t, killed_between_two_zones_it_is_completed);
	tcase_add_test(t, a_wrong_plan_is_told_before_anything_is_asked);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(m, set_up, tear_down);
	tcase_set_timeout(m, 300);
	tcase_add_test(m, others_come_first_and_ours_follow);
	tcase_add_test(m, others_who_do_not_do_it_keep_ours_where_they_are);
	tcase_add_test(m, others_are_asked_back_where_ours_fails);
	suite_add_tcase(s, m);
	tcase_add_checked_fixture(v, set_up, tear_down);
	tcase_set_timeout(v, 300);
	tcase_add_test(v, verify_instance_asks_the_servers_of_each_zone);
	suite_add_tcase(s, v);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
