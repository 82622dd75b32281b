/*
 * verify - judgement of facts made by hand, and what the reports make of
 * words that mean something in their format.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "step/step.h"
#include "tests/kit/kit.h"
#include "verify/facts.h"
#include "site/health.h"
#include "verify/history.h"
#include "verify/observe.h"
#include "verify/report.h"
#include "verify/verify.h"

static struct pool *pool;

static const struct host host_rows[] = { { "lms", "a.example.test" },
	{ "cms", "studio.a.example.test" }, { "mfe", "apps.a.example.test" } };
static const struct hosts hosts = { host_rows, 3 };
static const char *old_ip[] = { "192.0.2.10", NULL };
static const char *new_ip[] = { "192.0.2.20", NULL };
static const char *no_resolvers[] = { NULL };
static const struct dns_ns servers[] = { { "ns1.example.test",
	"192.0.2.1" }, { "ns2.example.test", "192.0.2.2" } };

/* All well after the switch; each test spoils one thing. */
static struct facts facts;
static struct subject subject;
static struct dns_answer authority[6], authority6[6];
static struct dns_answer below[3], beside[3], caa[3], soa[2], ns[2];
static const char *caa_names[] = { "a.example.test", "example.test",
	"test" };
static const char *serials[] = { "ns1.example.test me.example.test 7 1 1 1 "
	"1" }, *ns_names[] = { "ns1.example.test", "ns2.example.test" };
static struct tls_facts visit[3];

static struct tls_facts *
page_of(enum page page)
{
	return &facts.fresh.page[page];
}

/* The new side answers so. */
static void
show(enum page page, const char *body)
{
	facts.fresh.asked[page] = true;
	facts.fresh.page[page] = visit[2];
	facts.fresh.page[page].body = body;
	facts.fresh.page[page].body_len = strlen(body);
}

static void
fill_visits(void)
{
	static const char *const bodies[] = { "{\"modulestore\":{\"status\":"
		"true},\"sql\":{\"status\":true}}", "{\"sql\":{\"status\":true"
		"},\"modulestore\":{\"status\":true}}", "<html>hello</html>" };

	for (int i = 0; i < 3; i++)
		visit[i] = (struct tls_facts){ .stage = TLS_ANSWERED,
			.why = "", .trusted = true, .distrust = "",
			.for_host = true, .subject = "x", .issuer = "CA",
			.names = "x", .days_left = 60, .status = 200,
			.type = "", .location = "",
			.hsts = "", .body = bodies[i],
			.body_len = strlen(bodies[i]) };
	*page_of(PAGE_STUDIO) = visit[1];
	page_of(PAGE_STUDIO)->status = 302;
	page_of(PAGE_STUDIO)->location =
	    "https://a.example.test/login?next=x";
	show(PAGE_MFE_CONFIG, "{\"LMS_BASE_URL\":\"https://a.example.test\""
	    ",\"STUDIO_BASE_URL\":\"https://studio.a.example.test\","
	    "\"SITE_NAME\":\"Acme\"}");
	show(PAGE_HOME, "<title>Acme</title><img src='/static/logo.svg'>");
	show(PAGE_STRANGER, "default backend - 404");
	page_of(PAGE_STRANGER)->status = 404;
	facts.fresh.asset_path = "/static/logo.svg";
	facts.fresh.asset_host = "a.example.test";
	facts.fresh.asset = visit[2];
}

static void
begin(void)
{
	pool = pool_new();
	memset(&facts, 0, sizeof facts);
	for (int i = 0; i < 6; i++)
		authority[i] = (struct dns_answer){ .found = DNS_ANSWER,
			.value = new_ip, .n = 1, .ttl = 300,
			.authoritative = true, .why = "" };
	for (int i = 0; i < 6; i++)
		authority6[i] = (struct dns_answer){ .found = DNS_NODATA,
			.authoritative = true, .why = "no such type" };
	for (int i = 0; i < 3; i++)
		below[i] = beside[i] = caa[i] = (struct dns_answer){
			.found = DNS_NXDOMAIN, .why = "no such name" };
	for (int i = 0; i < 2; i++) {
		soa[i] = (struct dns_answer){ .found = DNS_ANSWER, .n = 1,
			.value = serials, .why = "" };
		ns[i] = (struct dns_answer){ .found = DNS_ANSWER, .n = 2,
			.value = ns_names, .why = "" };
	}
	facts.deployed = (struct deployed){ .there = true, .hosts = hosts,
		.platform = "Acme", .init_jobs = "false", .sync_known = true,
		.env_rendered = true, .env_why = "", .old_data_known = true,
		.old_data = true, .data_words = "", .data_differ = "" };
	facts.zone_known = true;
	facts.zone = (struct dns_zone){ .name = "example.test",
		.ns = servers, .n = 2, .unreachable = "" };
	facts.authority = authority;
	facts.authority6 = authority6;
	facts.resolvers = no_resolvers;
	facts.old = (struct side){ .hosts = &hosts, .address = old_ip,
		.addresses = 1, .visit = visit };
	facts.fresh = (struct side){ .hosts = &hosts, .address = new_ip,
		.addresses = 1, .visit = visit };
	fill_visits();
	facts.names = (struct names){ .ns = ns, .soa = soa, .below = below,
		.beside = beside, .caa_name = caa_names, .caa = caa,
		.caas = 3 };
	facts.live.words = "not asked";
	subject = (struct subject){ .instance = "acme", .workspace =
		"/nonexistent", .phase = PHASE_SWITCH, .final = hosts,
		.old_address = old_ip, .new_address = new_ip,
		.issuer = "letsencrypt.org", .low_ttl = 300,
		.high_ttl = 3600, .facts = &facts };
}

static void
end(void)
{
	pool_free(pool);
}

static struct records
judge(void)
{
	struct records r = { 0 };
	struct err e = { 0 };

	ck_assert_msg(verify_judge(pool, &subject, 1, getenv("TEMP"), &r,
	    &e), "%s", e.text);
	return r;
}

/* The record of one check. */
static const struct verify_record *
of(const struct records *r, const char *check)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].check, check) == 0)
			return &r->v[i];
	ck_abort_msg("%s was not asked", check);
}

static const struct verify_record *
judged(const char *check)
{
	static struct records r;

	r = judge();
	return of(&r, check);
}

START_TEST(all_well_is_a_pass)
{
	struct records r = judge();

	for (size_t i = 0; i < r.n; i++)
		ck_assert_msg(r.v[i].verdict == VERIFY_PASS
		    || r.v[i].verdict == VERIFY_SKIP, "%s: %s",
		    r.v[i].check, r.v[i].found);
	ck_assert(records_good(&r));
	ck_assert_uint_eq(records_count(&r, VERIFY_PASS), 20);
	ck_assert_uint_gt(r.tasks, 0);
}
END_TEST

START_TEST(one_server_that_is_behind_is_a_failure)
{
	const struct verify_record *v;

	authority[4].value = old_ip;
	v = judged("dns-authorities");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "ns2.example.test (192.0.2.2)");
	kit_contains(v->found, "studio.a.example.test: 192.0.2.10");
}
END_TEST

START_TEST(a_longer_address_is_not_the_same_address)
{
	static const char *longer[] = { "192.0.2.200" };

	authority[0].value = longer;
	ck_assert_int_eq(judged("dns-authorities")->verdict, VERIFY_FAIL);
}
END_TEST

START_TEST(an_address_too_many_is_a_failure)
{
	static const char *two[] = { "192.0.2.10", "192.0.2.20" };

	authority[0].value = two;
	authority[0].n = 2;
	ck_assert_int_eq(judged("dns-authorities")->verdict, VERIFY_FAIL);
}
END_TEST

/* It is one cause, so one failure; the others are judged all the same. */
START_TEST(an_answer_without_authority_is_a_failure_of_the_delegation)
{
	struct records r;

	authority[1].authoritative = false;
	r = judge();
	ck_assert_int_eq(of(&r, "dns-delegation")->verdict, VERIFY_FAIL);
	kit_contains(of(&r, "dns-delegation")->found, "ns1.example.test "
	    "(192.0.2.1) answers for studio.a.example.test without "
	    "authority");
	kit_contains(of(&r, "dns-delegation")->remedy, "registrar");
	ck_assert_int_eq(of(&r, "dns-authorities")->verdict, VERIFY_PASS);
	ck_assert_uint_eq(records_count(&r, VERIFY_FAIL), 1);
}
END_TEST

START_TEST(a_lame_name_server_is_called_so)
{
	for (int i = 3; i < 6; i++)
		authority[i] = (struct dns_answer){ .found = DNS_LAME,
			.why = "it refers to others" };
	kit_contains(judged("dns-delegation")->found, "ns2.example.test "
	    "(192.0.2.2) is lame: asked for a.example.test, it refers to "
	    "others");
}
END_TEST

START_TEST(a_zone_that_nobody_could_ask_is_unknown_and_no_pass)
{
	struct records r;

	facts.zone_known = false;
	facts.zone_why = "nobody answered";
	r = judge();
	ck_assert_int_eq(of(&r, "dns-delegation")->verdict, VERIFY_UNKNOWN);
	ck_assert_int_eq(of(&r, "dns-authorities")->verdict, VERIFY_SKIP);
	ck_assert_int_eq(of(&r, "dns-ttl")->verdict, VERIFY_SKIP);
	ck_assert(!records_good(&r));
}
END_TEST

START_TEST(an_alias_that_leads_nowhere_is_named_with_its_way)
{
	static const struct dns_hop way[] = {
		{ "apps.a.example.test", "b.example.net", 300 },
		{ "b.example.net", "c.example.net", 300 } };
	struct records r;

	for (int i = 2; i < 6; i += 3) {
		authority[i].hop = way;
		authority[i].hops = 2;
	}
	r = judge();
	ck_assert_int_eq(of(&r, "dns-chain")->verdict, VERIFY_PASS);
	kit_contains(of(&r, "dns-chain")->found, "1 of 3 hosts");
	authority[2].found = DNS_ALIAS;
	authority[2].n = 0;
	r = judge();
	ck_assert_int_eq(of(&r, "dns-chain")->verdict, VERIFY_FAIL);
	kit_contains(of(&r, "dns-chain")->found, "apps.a.example.test -> "
	    "b.example.net -> c.example.net: where it ends");
	ck_assert_int_eq(of(&r, "dns-authorities")->verdict, VERIFY_SKIP);
	authority[2] = (struct dns_answer){ .found = DNS_GARBLED,
		.why = "a loop of CNAMEs" };
	kit_contains(judged("dns-chain")->found, "a loop of CNAMEs");
}
END_TEST

/* Nothing else can be said of a side that takes no connections. */
START_TEST(a_side_that_does_not_answer_fails_once)
{
	struct records r;

	visit[2].stage = TLS_NOTHING;
	visit[2].why = "connection refused";
	r = judge();
	ck_assert_int_eq(of(&r, "answers-new")->verdict, VERIFY_FAIL);
	kit_contains(of(&r, "answers-new")->found, "apps.a.example.test at "
	    "192.0.2.20: connection refused");
	ck_assert_int_eq(of(&r, "certificate-new")->verdict, VERIFY_SKIP);
	ck_assert_int_eq(of(&r, "heartbeat-new")->verdict, VERIFY_SKIP);
	ck_assert_int_eq(of(&r, "studio-redirect")->verdict, VERIFY_SKIP);
	kit_contains(of(&r, "studio-redirect")->found, "not judged: "
	    "heartbeat-new is not good");
	ck_assert_uint_eq(records_count(&r, VERIFY_FAIL), 1);
}
END_TEST

START_TEST(an_instance_that_was_not_created_fails_once)
{
	struct records r;

	facts.deployed.there = false;
	r = judge();
	ck_assert_int_eq(of(&r, "created")->verdict, VERIFY_FAIL);
	ck_assert_uint_eq(records_count(&r, VERIFY_FAIL), 1);
	ck_assert_int_eq(of(&r, "data")->verdict, VERIFY_SKIP);
}
END_TEST

START_TEST(what_the_cluster_has_must_be_what_the_branch_has)
{
	facts.live = (struct live){ .asked = true, .known = true,
		.healthy = true, .synced = _i == 1, .words =
		"Healthy, OutOfSync" };
	ck_assert_int_eq(judged("synced")->verdict, _i == 1 ? VERIFY_PASS
	    : VERIFY_FAIL);
	facts.live.healthy = false;
	ck_assert_int_eq(judged("application")->verdict, VERIFY_FAIL);
	ck_assert_int_eq(judged("synced")->verdict, VERIFY_SKIP);
}
END_TEST

START_TEST(what_a_person_tests_depends_on_the_moment)
{
	struct records r = judge();
	size_t after = r.tasks;

	kit_contains(r.task[0].link, "https://a.example.test/login");
	subject.phase = PHASE_CONNECT;
	r = judge();
	ck_assert_uint_lt(r.tasks, after);
	kit_contains(r.task[0].what, "know the final hosts only");
	subject.phase = PHASE_RESTRICT;
	r = judge();
	ck_assert_uint_eq(r.tasks, 0);
}
END_TEST

START_TEST(a_ttl_is_judged_as_a_number)
{
	const struct verify_record *v;

	authority[2].ttl = 3000;
	v = judged("dns-ttl");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "apps.a.example.test a TTL of 3000 s");
	subject.phase = PHASE_SETTLE;
	facts.deployed.sync_on = true;
	for (int i = 0; i < 6; i++)
		authority[i].ttl = 3600;
	ck_assert_int_eq(judged("dns-ttl")->verdict, VERIFY_PASS);
}
END_TEST

START_TEST(a_ttl_that_nobody_gives_is_unknown)
{
	struct records r;

	for (int i = 0; i < (_i == 0 ? 1 : 6); i++)
		authority[i] = (struct dns_answer){ .found = DNS_SILENT,
			.why = "no answer" };
	r = judge();
	ck_assert_int_eq(of(&r, "dns-ttl")->verdict, _i == 0
	    ? VERIFY_UNKNOWN : VERIFY_SKIP);
	ck_assert_int_eq(of(&r, "dns-authorities")->verdict, _i == 0
	    ? VERIFY_UNKNOWN : VERIFY_SKIP);
	ck_assert_int_eq(of(&r, "dns-delegation")->verdict, _i == 0
	    ? VERIFY_PASS : VERIFY_UNKNOWN);
	ck_assert(!records_good(&r));
}
END_TEST

/* Its visitors would stay on the old side. */
START_TEST(an_ipv6_address_left_behind_is_a_failure)
{
	static const char *left[] = { "2001:db8::10" };
	static const char *const both[] = { "192.0.2.20", "2001:DB8:0::10",
		NULL };
	const struct verify_record *v;

	authority6[4] = (struct dns_answer){ .found = DNS_ANSWER, .ttl = 300,
		.value = left, .n = 1, .authoritative = true, .why = "" };
	v = judged("dns-authorities");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "AAAA: 2001:db8::10");
	subject.new_address = both;
	ck_assert_int_eq(judged("dns-authorities")->verdict, VERIFY_PASS);
}
END_TEST

START_TEST(a_certificate_that_expires_soon_is_a_failure)
{
	const struct verify_record *v;

	visit[1].days_left = _i;
	v = judged("certificate-new");
	ck_assert_int_eq(v->verdict, _i < 2 ? VERIFY_FAIL : VERIFY_PASS);
	if (_i < 2)
		kit_contains(v->found, "studio.a.example.test");
}
END_TEST

/* Whoever wrote config.yml may have written it with capitals. */
START_TEST(a_host_is_the_same_in_any_case)
{
	static const struct host upper[] = { { "lms", "A.Example.test" } };

	facts.deployed.hosts = (struct hosts){ upper, 1 };
	ck_assert_int_eq(judged("hosts")->verdict, VERIFY_PASS);
	subject.phase = PHASE_CONNECT;
	ck_assert_int_eq(judged("hosts")->verdict, VERIFY_FAIL);
	subject.final.n = 0;
	ck_assert_int_eq(judged("hosts")->verdict, VERIFY_UNKNOWN);
}
END_TEST

START_TEST(the_default_certificate_is_called_so)
{
	const struct verify_record *v;

	visit[0].stand_in = "the default certificate of ingress-nginx";
	v = judged("certificate-new");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "ingress-nginx");
}
END_TEST

START_TEST(a_200_with_an_empty_body_is_no_sign_of_life)
{
	const struct verify_record *v;

	visit[_i].body = "";
	visit[_i].body_len = 0;
	v = judged("heartbeat-new");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, host_rows[_i].name);
}
END_TEST

START_TEST(a_heartbeat_names_the_database_that_is_ill)
{
	const struct verify_record *v;

	visit[0].status = 503;
	visit[0].body = "{\"sql\":{\"status\":false,\"message\":\"(1045, "
	    "\\\"Access denied\\\")\"},\"modulestore\":{\"status\":true}}";
	visit[0].body_len = strlen(visit[0].body);
	v = judged("heartbeat-new");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "sql: (1045");
}
END_TEST

START_TEST(a_studio_that_leads_to_another_lms_is_a_failure)
{
	page_of(PAGE_STUDIO)->location = "https://old.example.test/login";
	kit_contains(judged("studio-redirect")->found, "another LMS");
}
END_TEST

START_TEST(micro_frontends_must_know_their_hosts)
{
	static const struct host temporary[] = { { "lms", "t.example.test" },
		{ "cms", "studio.t.example.test" } };
	const struct verify_record *v;

	show(PAGE_MFE_CONFIG, "{\"LMS_BASE_URL\":\"https://old.example.test"
	    "\",\"SITE_NAME\":\"Acme\"}");
	v = judged("mfe-config");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->remedy, "site configuration");

	/* The shared database's site configuration knows the final ones. */
	subject.phase = PHASE_CONNECT;
	facts.fresh.hosts = &(struct hosts){ temporary, 2 };
	show(PAGE_MFE_CONFIG, "{\"LMS_BASE_URL\":\"https://a.example.test\","
	    "\"STUDIO_BASE_URL\":\"https://studio.a.example.test\","
	    "\"SITE_NAME\":\"Another\"}");
	v = judged("mfe-config");
	ck_assert_int_eq(v->verdict, VERIFY_PASS);
	kit_contains(v->found, "as it must until the switch");
}
END_TEST

/* ---- names ---- */

START_TEST(a_server_with_an_older_zone_is_named)
{
	static const char *older[] = { "ns1.example.test me.example.test 6 1 "
	    "1 1 1" };
	const struct verify_record *v;

	kit_contains(judged("dns-serials")->found, "serial 7");
	soa[1].value = older;
	v = judged("dns-serials");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "serial 7 on ns1.example.test (192.0.2.1), 6 "
	    "on ns2.example.test (192.0.2.2)");
	kit_contains(v->remedy, "refresh");
	soa[1] = (struct dns_answer){ .found = DNS_SILENT, .why = "" };
	ck_assert_int_eq(judged("dns-serials")->verdict, VERIFY_UNKNOWN);
}
END_TEST

START_TEST(servers_that_name_other_servers_are_a_failure)
{
	static const char *other[] = { "ns9.example.net" };
	const struct verify_record *v;

	ck_assert_int_eq(judged("dns-delegation")->verdict, VERIFY_PASS);
	ns[1].value = other;
	ns[1].n = 1;
	v = judged("dns-delegation");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "ns2.example.test (192.0.2.2) names other "
	    "name servers than ns1.example.test (192.0.2.1): "
	    "ns9.example.net");
}
END_TEST

/* Only beside the host: it has a record. Below it, too: it may have none. */
START_TEST(a_wildcard_that_stands_in_for_a_host_is_named)
{
	const struct verify_record *v;

	beside[1] = authority[1];
	ck_assert_int_eq(judged("dns-wildcard")->verdict, VERIFY_PASS);
	below[1] = authority[1];
	v = judged("dns-wildcard");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "studio.a.example.test may have no record: "
	    "*.a.example.test answers");
	kit_contains(v->remedy, "record of its own");
	below[1].found = DNS_SILENT;
	ck_assert_int_eq(judged("dns-wildcard")->verdict, VERIFY_UNKNOWN);
}
END_TEST

START_TEST(caa_must_let_the_issuer_issue)
{
	static const struct {
		const char *value[3];
		enum verdict verdict;
	} rows[] = {
		{ { "0 issue letsencrypt.org" }, VERIFY_PASS },
		{ { "0 issue digicert.com", "0 issue LetsEncrypt.org; "
		    "validationmethods=http-01" }, VERIFY_PASS },
		{ { "0 issuewild ;", "0 iodef mailto:a@b.test" },
		  VERIFY_PASS },
		{ { "0 issue digicert.com" }, VERIFY_FAIL },
		{ { "0 issue letsencrypt.org.example" }, VERIFY_FAIL },
		{ { "0 issue ;" }, VERIFY_FAIL },
		{ { "128 tbs unknown" }, VERIFY_FAIL },
	};
	const char *value[3];
	const struct verify_record *v;

	memcpy(value, rows[_i].value, sizeof value);
	caa[1] = (struct dns_answer){ .found = DNS_ANSWER, .value = value,
		.n = value[1] != NULL ? 2 : 1, .why = "" };
	v = judged("dns-caa");
	ck_assert_int_eq(v->verdict, rows[_i].verdict);
	if (rows[_i].verdict == VERIFY_FAIL)
		kit_contains(v->found, "CAA of example.test forbids it for ");
}
END_TEST

START_TEST(caa_of_the_name_itself_counts_before_its_parents)
{
	static const char *other[] = { "0 issue digicert.com" };
	static const char *own[] = { "0 issue letsencrypt.org" };

	caa[1] = (struct dns_answer){ .found = DNS_ANSWER, .value = other,
		.n = 1, .why = "" };
	caa[0] = (struct dns_answer){ .found = DNS_ANSWER, .value = own,
		.n = 1, .why = "" };
	ck_assert_int_eq(judged("dns-caa")->verdict, VERIFY_PASS);
	caa[0].found = DNS_FAILED;
	ck_assert_int_eq(judged("dns-caa")->verdict, VERIFY_UNKNOWN);
	subject.issuer = NULL;
	ck_assert_int_eq(judged("dns-caa")->verdict, VERIFY_SKIP);
}
END_TEST

/* ---- pages ---- */

START_TEST(another_issuer_than_expected_is_named)
{
	const struct verify_record *v;

	ck_assert_int_eq(judged("certificate-issuer")->verdict, VERIFY_SKIP);
	subject.issuer_words = "CA";
	ck_assert_int_eq(judged("certificate-issuer")->verdict, VERIFY_PASS);
	visit[2].issuer = "Somebody else";
	v = judged("certificate-issuer");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "apps.a.example.test at 192.0.2.20: Somebody");
}
END_TEST

START_TEST(a_side_that_answers_to_any_name_proves_nothing)
{
	const struct verify_record *v;

	ck_assert_int_eq(judged("wrong-host")->verdict, VERIFY_PASS);
	*page_of(PAGE_STRANGER) = visit[0];
	v = judged("wrong-host");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->remedy, "ingress rule without host");
	page_of(PAGE_STRANGER)->stage = TLS_CONNECTED;
	page_of(PAGE_STRANGER)->why = "no handshake";
	ck_assert_int_eq(judged("wrong-host")->verdict, VERIFY_PASS);
}
END_TEST

START_TEST(a_static_file_must_be_there_and_hold_something)
{
	const struct verify_record *v;

	ck_assert_int_eq(judged("static-asset")->verdict, VERIFY_PASS);
	facts.fresh.asset.body_len = 0;
	kit_contains(judged("static-asset")->found, "empty body");
	facts.fresh.asset.status = 404;
	v = judged("static-asset");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "/static/logo.svg: HTTP 404");
	facts.fresh.asset_host = "cdn.example.net";
	ck_assert_int_eq(judged("static-asset")->verdict, VERIFY_SKIP);
	page_of(PAGE_HOME)->status = 500;
	ck_assert_int_eq(judged("static-asset")->verdict, VERIFY_FAIL);
}
END_TEST

START_TEST(the_extended_heartbeat_names_who_is_not_well)
{
	const struct verify_record *v;

	ck_assert_int_eq(judged("heartbeat-extended")->verdict, VERIFY_SKIP);
	subject.extended = true;
	show(PAGE_LMS_EXTENDED, visit[0].body);
	ck_assert_int_eq(judged("heartbeat-extended")->verdict, VERIFY_PASS);
	show(PAGE_CMS_EXTENDED, "{\"celery\":{\"status\":false,\"message\":"
	    "\"expired\"}}");
	v = judged("heartbeat-extended");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "Studio: celery: expired");
	kit_contains(v->remedy, "workers");
	show(PAGE_CMS_EXTENDED, "");
	kit_contains(judged("heartbeat-extended")->found, "no heartbeat");
}
END_TEST

START_TEST(search_says_itself_that_it_is_available)
{
	static const struct host with[] = { { "lms", "a.example.test" },
		{ "cms", "studio.a.example.test" },
		{ "meilisearch", "s.a.example.test" } };
	const struct verify_record *v;

	ck_assert_int_eq(judged("search")->verdict, VERIFY_SKIP);
	facts.fresh.hosts = &(struct hosts){ with, 3 };
	v = judged("search");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->remedy, "Meilisearch");
	visit[2].body = "{\"status\": \"available\"}";
	visit[2].body_len = strlen(visit[2].body);
	ck_assert_int_eq(judged("search")->verdict, VERIFY_PASS);
}
END_TEST

static void
offer(struct side *v, const char *catalogue)
{
	v->asked[PAGE_COURSES] = true;
	v->page[PAGE_COURSES] = visit[2];
	v->page[PAGE_COURSES].body = catalogue;
	v->page[PAGE_COURSES].body_len = strlen(catalogue);
}

START_TEST(both_sides_offer_the_same_courses)
{
	static const char two[] = "{\"pagination\":{\"count\":2},\"results\":"
	    "[{\"course_id\":\"a\"},{\"course_id\":\"b\"}]}";
	const struct verify_record *v;

	subject.phase = PHASE_CONNECT;
	offer(&facts.old, two);
	offer(&facts.fresh, two);
	ck_assert_int_eq(judged("courses")->verdict, VERIFY_PASS);
	offer(&facts.fresh, "{\"pagination\":{\"count\":1},\"results\":"
	    "[{\"course_id\":\"b\"}]}");
	v = judged("courses");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "2 courses on the old side, 1 on the new one; "
	    "a is not on the new side");
	offer(&facts.fresh, "");
	ck_assert_int_eq(judged("courses")->verdict, VERIFY_UNKNOWN);
	facts.fresh.page[PAGE_COURSES].status = 500;
	ck_assert_int_eq(judged("courses")->verdict, VERIFY_FAIL);
	facts.old.page[PAGE_COURSES].status = 500;
	ck_assert_int_eq(judged("courses")->verdict, VERIFY_SKIP);
}
END_TEST

#define METADATA(entity, host) "<md:EntityDescriptor entityID=\"" entity \
    "\"><md:AssertionConsumerService Location=\"https://" host \
    "/auth/complete/tpa-saml/\"/></md:EntityDescriptor>"

START_TEST(what_must_look_wrong_until_the_switch_passes_and_says_why)
{
	static const struct host temporary[] = { { "lms", "t.example.test" } };
	struct records r;

	facts.old.asked[PAGE_SAML] = true;
	show(PAGE_SAML, METADATA("acme", "a.example.test"));
	facts.old.page[PAGE_SAML] = *page_of(PAGE_SAML);
	subject.phase = PHASE_CONNECT;
	facts.fresh.hosts = &(struct hosts){ temporary, 1 };
	show(PAGE_SAML, METADATA("acme", "t.example.test"));
	r = judge();
	ck_assert_int_eq(of(&r, "site")->verdict, VERIFY_PASS);
	kit_contains(of(&r, "site")->found, "t.example.test is no site");
	ck_assert_int_eq(of(&r, "lti")->verdict, VERIFY_PASS);
	kit_contains(of(&r, "lti")->found, "as they must until the switch");
	ck_assert_int_eq(of(&r, "sso")->verdict, VERIFY_PASS);
	kit_contains(of(&r, "sso")->found, "providers refuse t.example.test");
	show(PAGE_SAML, METADATA("other", "t.example.test"));
	kit_contains(judged("sso")->found, "entity other, on the old side "
	    "acme");

	/* After it, the same would be wrong. */
	subject.phase = PHASE_SWITCH;
	facts.fresh.hosts = &hosts;
	show(PAGE_SAML, METADATA("acme", "t.example.test"));
	ck_assert_int_eq(judged("sso")->verdict, VERIFY_FAIL);
	show(PAGE_SAML, METADATA("acme", "a.example.test"));
	ck_assert_int_eq(judged("sso")->verdict, VERIFY_PASS);
}
END_TEST

START_TEST(what_the_old_site_showed_and_the_new_does_not_is_listed)
{
	struct json *was = json_object();
	struct json *site;
	const struct verify_record *v;

	ck_assert_int_eq(judged("snapshot")->verdict, VERIFY_SKIP);
	subject.snapshot = was;
	ck_assert_int_eq(judged("snapshot")->verdict, VERIFY_UNKNOWN);
	site = json_add(was, "site", observe(pool, &facts.fresh, NULL));
	ck_assert_str_eq(json_str(json_get(site, "title"), ""), "Acme");
	ck_assert_str_eq(json_str(json_get(site,
	    "mfe-config.STUDIO_BASE_URL"), ""), "https://{cms}");
	ck_assert_str_eq(json_str(json_get(site, "asset /static/logo.svg"),
	    ""), "named");
	v = judged("snapshot");
	ck_assert_int_eq(v->verdict, VERIFY_PASS);
	show(PAGE_HOME, "<title>Open\n edX </title> "
	    "/static/x.0123456789ab.js");
	v = judged("snapshot");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "title: Open edX, was Acme; asset "
	    "/static/logo.svg: gone");
	subject.phase = PHASE_CONNECT;
	v = judged("snapshot");
	ck_assert_int_eq(v->verdict, VERIFY_PASS);
	kit_contains(v->found, "other than it will be on the final hosts");
	json_free(was);
}
END_TEST

START_TEST(a_page_that_loads_something_by_http_is_named)
{
	const struct verify_record *v;

	ck_assert_int_eq(judged("mixed-content")->verdict, VERIFY_PASS);
	show(PAGE_HOME, "<a href=\"http://elsewhere.example/\"><img "
	    "src=\"http://a.example.test/logo.svg\">");
	v = judged("mixed-content");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	ck_assert_str_eq(v->found, "the page loads "
	    "http://a.example.test/logo.svg");
	kit_contains(v->remedy, "ENABLE_HTTPS");
	page_of(PAGE_HOME)->status = 302;
	ck_assert_int_eq(judged("mixed-content")->verdict, VERIFY_SKIP);
}
END_TEST

START_TEST(hsts_of_the_old_side_is_kept)
{
	struct json *was = json_object();
	const struct verify_record *v;

	json_add(json_add(was, "site", json_object()), "title",
	    json_string("Acme"));
	subject.snapshot = was;
	ck_assert_int_eq(judged("hsts")->verdict, VERIFY_PASS);
	json_set_str(was, "hsts", "max-age=1");
	v = judged("hsts");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "nothing, on the old side max-age=1");
	visit[0].hsts = "max-age=2";
	ck_assert_int_eq(judged("hsts")->verdict, VERIFY_PASS);
	json_free(was);
}
END_TEST

/* ---- clusters ---- */

static struct workload running[2];

static void
run_both(struct workloads *w)
{
	running[0] = (struct workload){ .name = "lms", .template = "aa",
		.replicas = 2, .ready = true, .why = "" };
	running[1] = (struct workload){ .name = "cms", .template = "bb",
		.replicas = 1, .ready = true, .why = "" };
	*w = (struct workloads){ .asked = true, .known = true, .words = "",
		.v = running, .n = 2 };
}

START_TEST(a_deployment_that_has_not_rolled_out_is_named)
{
	const struct verify_record *v;

	facts.fresh_workloads.words = "no login";
	ck_assert_int_eq(judged("workloads")->verdict, VERIFY_SKIP);
	facts.fresh_workloads.asked = true;
	ck_assert_int_eq(judged("workloads")->verdict, VERIFY_UNKNOWN);
	run_both(&facts.fresh_workloads);
	ck_assert_int_eq(judged("workloads")->verdict, VERIFY_PASS);
	running[1].ready = false;
	running[1].why = "0 of 1 replicas are available";
	v = judged("workloads");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "cms: 0 of 1 replicas");
	kit_contains(v->remedy, "events");
	facts.fresh_workloads.n = 0;
	kit_contains(judged("workloads")->found, "no Deployment lms");
}
END_TEST

static void
remember_deployment(struct json *all, const char *name, const char *template)
{
	struct json *one = json_add(all, name, json_object());

	json_set_str(one, "template", template);
	json_set_num(one, "replicas", 2);
}

START_TEST(the_old_side_stays_as_it_was_but_for_what_quiets_it)
{
	struct json *was = json_object();
	struct json *all = json_add(was, "deployments", json_object());
	const struct verify_record *v;

	subject.phase = PHASE_CONNECT;
	run_both(&facts.old_workloads);
	ck_assert_int_eq(judged("old-unchanged")->verdict, VERIFY_SKIP);
	subject.snapshot = was;
	remember_deployment(all, "lms", "aa");
	ck_assert_int_eq(judged("old-unchanged")->verdict, VERIFY_PASS);
	running[0].replicas = 0;
	v = judged("old-unchanged");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "lms is scaled to 0, was 2");
	kit_contains(v->remedy, "pipelines");
	subject.phase = PHASE_SWITCH;
	ck_assert_int_eq(judged("old-unchanged")->verdict, VERIFY_PASS);
	remember_deployment(all, "lms", "cc");
	kit_contains(judged("old-unchanged")->found, "deployed anew");
	remember_deployment(all, "forum", "dd");
	kit_contains(judged("old-unchanged")->found, "forum is gone");
	json_free(was);
}
END_TEST

START_TEST(a_cluster_that_is_no_longer_let_in_is_named)
{
	static const struct managed_list lists[1] = { { .name = "x" } };
	const struct verify_record *v;

	facts.doors.words = "";
	ck_assert_int_eq(judged("firewall")->verdict, VERIFY_SKIP);
	subject.lists = lists;
	subject.nlists = 1;
	kit_contains(judged("firewall")->found, "no login of the company");
	facts.doors.asked = true;
	ck_assert_int_eq(judged("firewall")->verdict, VERIFY_UNKNOWN);
	facts.doors.known = true;
	facts.doors.lists = 1;
	ck_assert_int_eq(judged("firewall")->verdict, VERIFY_PASS);
	facts.doors.shut = true;
	facts.doors.words = "MySQL: 192.0.2.9/32 is not let in any more";
	v = judged("firewall");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->remedy, "allow-db-access");
}
END_TEST

START_TEST(a_setting_that_data_depends_on_must_not_differ)
{
	struct err e = { 0 };
	static const char text[] = "{\"settings\": [{\"setting\": \"A\", "
	    "\"group\": \"features\", \"verdict\": \"different\"}, "
	    "{\"setting\": \"DATABASES.default.HOST\", \"group\": "
	    "\"databases\", \"verdict\": \"equal\"}]}";
	struct json *j = json_parse(text, strlen(text), "x", &e);
	const struct verify_record *v;

	ck_assert_int_eq(judged("settings")->verdict, VERIFY_SKIP);
	subject.compared = j;
	ck_assert_int_eq(judged("settings")->verdict, VERIFY_PASS);
	json_set_str((struct json *)json_at(j, "settings[1]"), "verdict",
	    "different");
	v = judged("settings");
	ck_assert_int_eq(v->verdict, VERIFY_FAIL);
	kit_contains(v->found, "DATABASES.default.HOST is different");
	json_add(j, "settings", json_array());
	ck_assert_int_eq(judged("settings")->verdict, VERIFY_UNKNOWN);
	json_free(j);
}
END_TEST

START_TEST(only_the_checks_that_were_asked_for_are_made)
{
	static const char *const only[] = { "dns-ttl", "hosts", NULL };
	struct records r;
	struct err e = { 0 };

	subject.checks = only;
	r = judge();
	ck_assert_uint_eq(r.n, 3);	/* hosts builds upon created */
	ck_assert(verify_check_checks("dns-ttl, hosts", &e));
	ck_assert(!verify_check_checks("dns-ttl, host", &e));
	kit_contains(e.text, "\"host\" is no check");
}
END_TEST

/* One that is not of this phase: nothing was verified. */
START_TEST(a_choice_that_matches_nothing_is_no_verification)
{
	static const char *const only[] = { "dns-wildcard", NULL };
	struct records r = { 0 };
	struct err e = { 0 };

	subject.checks = only;
	subject.phase = PHASE_RESTRICT;
	ck_assert(!verify_judge(pool, &subject, 1, getenv("TEMP"), &r, &e));
	kit_contains(e.text, "no verification");
}
END_TEST

START_TEST(a_rendered_init_job_is_a_failure)
{
	facts.deployed.jobs_rendered = true;
	kit_contains(judged("init-jobs")->found, "render again");
	facts.deployed.jobs_rendered = false;
	facts.deployed.env_why = "env/kustomization.yml: line 3: no YAML";
	ck_assert_int_eq(judged("init-jobs")->verdict, VERIFY_UNKNOWN);
	facts.deployed.init_jobs = NULL;
	ck_assert_int_eq(judged("init-jobs")->verdict, VERIFY_FAIL);
}
END_TEST

START_TEST(what_argocd_does_counts_and_not_only_the_file)
{
	facts.live = (struct live){ .asked = true, .known = true,
		.healthy = true, .sync_on = true, .words = "Healthy" };
	ck_assert_int_eq(judged("autosync")->verdict, VERIFY_FAIL);
	facts.live.known = false;
	ck_assert_int_eq(judged("autosync")->verdict, VERIFY_UNKNOWN);
}
END_TEST

START_TEST(rights_that_nobody_could_read_are_unknown)
{
	struct records r;

	subject.phase = PHASE_RESTRICT;
	facts.deployed.sync_on = true;
	for (int i = 0; i < 6; i++)
		authority[i].ttl = 3600;
	facts.mysql = (struct access){ .asked = true, .known = true,
		.scoped = true, .words = "its own databases only" };
	facts.mongo = (struct access){ .asked = true,
		.words = "login refused" };
	r = judge();
	ck_assert_int_eq(of(&r, "mysql-grants")->verdict, VERIFY_PASS);
	ck_assert_int_eq(of(&r, "mongodb-roles")->verdict, VERIFY_UNKNOWN);
	ck_assert(!records_good(&r));
}
END_TEST

START_TEST(only_the_chosen_checks_are_asked_and_their_ground)
{
	static const char *const chosen[] = { "certificate-new", NULL };
	struct records r;

	subject.checks = chosen;
	r = judge();
	ck_assert_uint_eq(r.n, 2);
	of(&r, "answers-new");
	of(&r, "certificate-new");
	ck_assert_uint_eq(judge_needs(&subject, NULL) & (NEED_NEW | NEED_OLD
	    | NEED_STUDIO), NEED_NEW);
}
END_TEST

START_TEST(only_what_was_not_good_is_looked_up_again)
{
	struct verify_record v[] = {
		{ .instance = subject.instance, .check = "heartbeat-new",
		  .verdict = VERIFY_PASS },
		{ .instance = subject.instance, .check = "studio-redirect",
		  .verdict = VERIFY_FAIL } };
	const struct records r = { .v = v, .n = 2 };

	ck_assert_uint_eq(judge_needs(&subject, &r), NEED_STUDIO);
	v[1].verdict = VERIFY_SKIP;
	ck_assert_uint_eq(judge_needs(&subject, &r), 0);
	v[0].verdict = VERIFY_UNKNOWN;
	ck_assert_uint_eq(judge_needs(&subject, &r), NEED_NEW | NEED_STUDIO);
}
END_TEST

START_TEST(a_misspelt_check_is_a_wrong_input)
{
	struct err e = { 0 };

	ck_assert(verify_check_checks("dns-ttl, mfe-config", &e));
	ck_assert(!verify_check_checks("dns-ttl, mfe-confg", &e));
	kit_contains(e.text, "mfe-confg");
	ck_assert(!verify_check_checks(" , ", &e));
}
END_TEST

START_TEST(a_moment_without_checks_is_no_verification)
{
	struct records r = { 0 };
	struct err e = { 0 };

	subject.phase = PHASE_NONE;
	ck_assert(!verify_judge(pool, &subject, 1, getenv("TEMP"), &r, &e));
	kit_contains(e.text, "no verification");
	ck_assert(!records_good(&r));
}
END_TEST

START_TEST(a_filter_in_the_environment_is_noticed)
{
	struct records r = { 0 };
	struct err e = { 0 };

	setenv("CK_RUN_CASE", "something-else", 1);
	ck_assert(!verify_judge(pool, &subject, 1, getenv("TEMP"), &r, &e));
	unsetenv("CK_RUN_CASE");
}
END_TEST

START_TEST(a_later_phase_is_already_past)
{
	struct err e = { 0 };

	subject.phase = PHASE_CONNECT;
	subject.before = true;
	ck_assert_int_eq(verify_reached(&subject), PHASE_SWITCH);
	ck_assert(!verify_check_start(&subject, &e));
	ck_assert_int_eq(e.kind, ERR_HAND);
	kit_contains(e.text, "already past");
	subject.phase = PHASE_SWITCH;
	ck_assert(verify_check_start(&subject, &e));
}
END_TEST

START_TEST(what_a_begun_phase_changes_does_not_hold_it_up)
{
	struct records r;

	/* connect was killed after its commit: nothing runs as it says. */
	subject.phase = PHASE_CONNECT;
	subject.before = true;
	for (int i = 0; i < 6; i++)
		authority[i].value = old_ip;
	visit[0].status = 503;
	visit[0].body = "no";
	visit[0].body_len = 2;
	r = judge();
	ck_assert_int_eq(of(&r, "heartbeat-new")->verdict, VERIFY_SKIP);
	facts.deployed.old_data = false;
	r = judge();
	ck_assert_int_eq(of(&r, "heartbeat-new")->verdict, VERIFY_FAIL);
}
END_TEST

START_TEST(health_follows_redirects_only_within_the_instance)
{
	struct tls_facts f = visit[2];
	const char *words;

	f.status = 302;
	f.location = "https://a.example.test/x";
	ck_assert(health_is_good(pool, &host_rows[2], &hosts, &f, &words));
	f.location = "https://elsewhere.example.org/";
	ck_assert(!health_is_good(pool, &host_rows[2], &hosts, &f, &words));
	f.status = 404;
	f.body = "default backend - 404\n";
	ck_assert(!health_is_good(pool, &host_rows[2], &hosts, &f, &words));
	kit_contains(words, "does not know this host");
}
END_TEST

/* ---- reports ----------------------------------------------------------- */

static struct verify_record nasty[] = {
	{ "acme", "switch", "dns-ttl", VERIFY_PASS, "a", "fine", "", 5 },
	{ "acme", "switch", "heartbeat-new", VERIFY_FAIL, "<b> & \"c\"",
	  "line one\nok 7 - fake # SKIP later | `x` <img src=x>]]>\x01",
	  "look", 1234 },
	{ "acme", "switch", "application", VERIFY_SKIP, "", "not # asked",
	  "", 6 },
	{ "acme", "switch", "mysql-grants", VERIFY_UNKNOWN, "e", "why",
	  "ask", 7 },
};
static struct verify_task hand[] = {
	{ "acme", "log in <now>", "https://a.example.test/login" } };
static const struct records four = { nasty, 4, 4, hand, 1, 1 };

static const char *
write(const char *format)
{
	struct buf b = buf_new(1 << 20);
	const char *s;

	report_write(&b, format, &four);
	s = pool_strdup(pool, buf_str(&b));
	buf_free(&b);
	return s;
}

START_TEST(tap_can_not_be_bent_by_a_server)
{
	const char *s = write("tap");
	int lines = 0;

	kit_contains(s, "TAP version 14\n1..4\n");
	kit_contains(s, "not ok 2 - acme switch heartbeat-new: line one ok 7 "
	    "- fake \\# SKIP later");
	kit_contains(s, "ok 3 - acme switch application: not \\# asked # SKIP "
	    "not \\# asked\n");
	kit_contains(s, "\nnot ok 4 ");
	for (const char *p = s; *p != '\0'; p++)
		lines += *p == '\n';
	kit_contains(s, "\n  ---\n  verdict: \"fail\"\n  expected: \"<b> & "
	    "\\\"c\\\"\"\n  found: \"line one\\nok 7 ");
	ck_assert_int_eq(lines, 18);
}
END_TEST

START_TEST(junit_is_well_formed)
{
	char *path = kit_folder();
	struct err e = { 0 };
	static const char *const formats[] = { "junit", "json", NULL };
	char *said;

	ck_assert_msg(report_save(path, formats, &four, &e), "%s", e.text);
	said = kit_sh("python3 -c 'import sys, xml.etree.ElementTree as t; "
	    "r = t.parse(sys.argv[1]).getroot(); "
	    "print(r.attrib[\"tests\"], r.attrib[\"failures\"], "
	    "r.attrib[\"errors\"], r.attrib[\"skipped\"], "
	    "len(r), r[1][0].tag, r[1].attrib[\"time\"])' %s/verify.xml",
	    path);
	ck_assert_str_eq(said, "4 1 1 1 4 failure 1.234\n");
	free(said);
	said = kit_sh("python3 -c 'import sys, json; r = json.load(open("
	    "sys.argv[1])); print(len(r), r[1][\"verdict\"], "
	    "r[1][\"found\"].count(chr(10)), r[3][\"ms\"])' %s/verify.json",
	    path);
	ck_assert_str_eq(said, "4 fail 1 7\n");
	free(said);
	free(path);
}
END_TEST

START_TEST(markdown_cells_stay_cells)
{
	const char *s = write("markdown");

	kit_contains(s, "**1 passed, 1 failed, 1 unknown, 1 skipped**");
	kit_lacks(s, "<img");
	kit_lacks(s, "line one\nok");
	ck_assert(strstr(s, "mysql-grants") < strstr(s, "dns-ttl"));
	kit_contains(s, "- [ ] acme: log in");
}
END_TEST

/* The schemas are what others build upon. */
START_TEST(reports_are_as_their_schema_says)
{
	char *path = kit_folder(), *said;
	static const char *const formats[] = { "json", NULL };
	struct err e = { 0 };
	struct history *h = history_open(pool_printf(pool, "%s/h", path), 3,
	    &e);

	ck_assert_msg(report_save(path, formats, &four, &e), "%s", e.text);
	history_add(h, &four, 1795000000);
	ck_assert_msg(history_save(h, &e), "%s", e.text);
	history_close(h);
	said = kit_sh("cd %s && python3 -W ignore -c 'import json, "
	    "jsonschema\n"
	    "def check(schema, what): jsonschema.validate(what, json.load("
	    "open(\"%s/actions/_lib/\" + schema)))\n"
	    "r = json.load(open(\"verify.json\"))\n"
	    "check(\"verify.schema.json\", r)\n"
	    "check(\"history.schema.json\", json.loads(open(\"h\").read()))"
	    "\nr[1][\"remedy\"] = \"\"\n"
	    "try: check(\"verify.schema.json\", r)\n"
	    "except jsonschema.ValidationError: print(\"good\")'", path,
	    kit_out("pwd"));
	ck_assert_str_eq(said, "good\n");
	free(said);
	free(path);
}
END_TEST

/* ---- history ------------------------------------------------------------ */

static struct verify_record one[] = {
	{ "acme", "switch", "dns-ttl", VERIFY_PASS, "a", "fine", "", 5 },
	{ "acme", "switch", "heartbeat-new", VERIFY_PASS, "", "", "", 5 } };

static struct history *
keep(const char *path, size_t n)
{
	struct err e = { 0 };
	struct history *h = history_open(path, n, &e);

	ck_assert_msg(h != NULL, "%s", e.text);
	return h;
}

/* A verification as the string says: + good, - bad; in order. */
static const char *
remember(const char *path, size_t n, const char *verdicts)
{
	static const struct records r = { one, 2, 2, NULL, 0, 0 };
	struct buf b = buf_new(4000);
	struct history *h;
	struct err e = { 0 };
	const char *said;

	for (const char *s = verdicts; *s != '\0'; s++) {
		h = keep(path, n);
		one[1].verdict = *s == '+' ? VERIFY_PASS : VERIFY_FAIL;
		history_add(h, &r, 1795000000);
		ck_assert_msg(history_save(h, &e), "%s", e.text);
		history_close(h);
	}
	h = keep(path, n);
	history_tell(h, "acme", false, &b);
	history_close(h);
	said = pool_strdup(pool, buf_str(&b));
	buf_free(&b);
	return said;
}

START_TEST(the_last_results_are_kept_and_failures_longer)
{
	char *folder = kit_folder();
	const char *path = pool_printf(pool, "%s/history", folder);

	kit_contains(remember(path, 3, "+-+++"), "first: -+++\n");
	kit_contains(remember(path, 3, "+++"), "first: -+++\n");
	kit_contains(remember(path, 3, "----------+"), "first: ------+\n");
	free(folder);
}
END_TEST

START_TEST(a_check_that_comes_and_goes_is_named)
{
	char *folder = kit_folder();
	const char *path = pool_printf(pool, "%s/history", folder);

	kit_lacks(remember(path, 9, "++--+"), "flapping");
	kit_contains(remember(path, 9, "-+"), "first: ++--+-+; flapping: "
	    "heartbeat-new (4 changes)\n");
	free(folder);
}
END_TEST

START_TEST(a_history_that_is_none_is_refused)
{
	char *folder = kit_folder();
	const char *path = pool_printf(pool, "%s/history", folder);
	struct err e = { 0 };

	kit_out("printf '\\n{\"at\": 1}\\n' >%s", path);
	ck_assert_ptr_null(history_open(path, 3, &e));
	kit_contains(e.text, "line 2 is none");
	free(folder);
}
END_TEST

START_TEST(text_names_what_was_expected)
{
	const char *s = write("text");

	kit_contains(s, "fail    acme switch heartbeat-new: ");
	kit_contains(s, "expected: <b> & \"c\"");
	kit_lacks(s, "\nok 7");
}
END_TEST

START_TEST(lists_from_people_are_checked)
{
	static const struct {
		bool (*check)(const char *, struct err *);
		const char *good[4], *bad[8];
	} rows[] = {
		{ report_check_formats, { "text", "text,junit json" },
		  { "xls", "text,xls" } },
		{ hosts_check, { "lms=a.example.test", "a.test, b.test" },
		  { "lms=", "a b_c", ",", "lms=a..b" } },
		{ text_check_ips, { "192.0.2.1", "192.0.2.1 2001:db8::1"
		  }, { "a.example.test", "192.0.2", ",", "192.0.2.1:80" } },
		{ text_check_servers, { "192.0.2.1", "192.0.2.1:53, ::1",
		  "[::1]:53" }, { "ns.test", "192.0.2.1:0", "[::1]", "[]:1",
		  "192.0.2.1:x" } },
		{ text_check_machine, { "db.example.test", "2001:db8::1",
		  "192.0.2.1" }, { "a b", "http://a.test", "a.test:3306" } },
		{ text_check_repository, { "owner/name", "A.b/c_d-e.github" },
		  { "owner", "owner/", "/name", "a/b/c", "a/..",
		  "https://x/y", "../x" } },
	};

	for (int i = 0; rows[_i].good[i] != NULL; i++) {
		struct err e = { 0 };

		ck_assert_msg(rows[_i].check(rows[_i].good[i], &e), "%s",
		    e.text);
	}
	for (int i = 0; rows[_i].bad[i] != NULL; i++) {
		struct err e = { 0 };

		ck_assert_msg(!rows[_i].check(rows[_i].bad[i], &e), "%s",
		    rows[_i].bad[i]);
		ck_assert_int_eq(e.kind, ERR_INPUT);
	}
}
END_TEST

static void
add_names_and_pages(TCase *t)
{
	tcase_add_test(t, a_server_with_an_older_zone_is_named);
	tcase_add_test(t, servers_that_name_other_servers_are_a_failure);
	tcase_add_test(t, a_wildcard_that_stands_in_for_a_host_is_named);
	tcase_add_loop_test(t, caa_must_let_the_issuer_issue, 0, 7);
	tcase_add_test(t, caa_of_the_name_itself_counts_before_its_parents);
	tcase_add_test(t, another_issuer_than_expected_is_named);
	tcase_add_test(t, a_side_that_answers_to_any_name_proves_nothing);
	tcase_add_test(t, a_static_file_must_be_there_and_hold_something);
	tcase_add_test(t, the_extended_heartbeat_names_who_is_not_well);
	tcase_add_test(t, search_says_itself_that_it_is_available);
	tcase_add_test(t, both_sides_offer_the_same_courses);
	tcase_add_test(t,
	    what_must_look_wrong_until_the_switch_passes_and_says_why);
	tcase_add_test(t,
	    what_the_old_site_showed_and_the_new_does_not_is_listed);
	tcase_add_test(t, a_page_that_loads_something_by_http_is_named);
	tcase_add_test(t, hsts_of_the_old_side_is_kept);
	tcase_add_test(t, a_deployment_that_has_not_rolled_out_is_named);
	tcase_add_test(t,
	    the_old_side_stays_as_it_was_but_for_what_quiets_it);
	tcase_add_test(t, a_cluster_that_is_no_longer_let_in_is_named);
	tcase_add_test(t, a_setting_that_data_depends_on_must_not_differ);
	tcase_add_test(t, only_the_checks_that_were_asked_for_are_made);
	tcase_add_test(t, a_choice_that_matches_nothing_is_no_verification);
}

static Suite *
suite(void)
{
	Suite *s = suite_create("verify");
	TCase *t = tcase_create("judge");
	TCase *r = tcase_create("report");

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, all_well_is_a_pass);
	tcase_add_test(t, one_server_that_is_behind_is_a_failure);
	tcase_add_test(t, a_longer_address_is_not_the_same_address);
	tcase_add_test(t, an_address_too_many_is_a_failure);
	tcase_add_test(t,
	    an_answer_without_authority_is_a_failure_of_the_delegation);
	tcase_add_test(t, a_lame_name_server_is_called_so);
	tcase_add_test(t, an_alias_that_leads_nowhere_is_named_with_its_way);
	tcase_add_test(t, a_side_that_does_not_answer_fails_once);
	tcase_add_test(t, an_instance_that_was_not_created_fails_once);
	tcase_add_loop_test(t,
	    what_the_cluster_has_must_be_what_the_branch_has, 0, 2);
	tcase_add_test(t, what_a_person_tests_depends_on_the_moment);
	tcase_add_test(t,
	    a_zone_that_nobody_could_ask_is_unknown_and_no_pass);
	tcase_add_test(t, a_ttl_is_judged_as_a_number);
	tcase_add_loop_test(t, a_ttl_that_nobody_gives_is_unknown, 0, 2);
	tcase_add_test(t, an_ipv6_address_left_behind_is_a_failure);
	tcase_add_loop_test(t, a_certificate_that_expires_soon_is_a_failure,
	    0, 3);
	tcase_add_test(t, a_host_is_the_same_in_any_case);
	tcase_add_test(t, the_default_certificate_is_called_so);
	tcase_add_loop_test(t, a_200_with_an_empty_body_is_no_sign_of_life,
	    0, 3);
	tcase_add_test(t, a_heartbeat_names_the_database_that_is_ill);
	tcase_add_test(t, a_studio_that_leads_to_another_lms_is_a_failure);
	tcase_add_test(t, micro_frontends_must_know_their_hosts);
	tcase_add_test(t, a_rendered_init_job_is_a_failure);
	tcase_add_test(t, what_argocd_does_counts_and_not_only_the_file);
	tcase_add_test(t, rights_that_nobody_could_read_are_unknown);
	tcase_add_test(t, only_the_chosen_checks_are_asked_and_their_ground);
	tcase_add_test(t, only_what_was_not_good_is_looked_up_again);
	tcase_add_test(t, a_misspelt_check_is_a_wrong_input);
	tcase_add_test(t, a_moment_without_checks_is_no_verification);
	tcase_add_test(t, a_filter_in_the_environment_is_noticed);
	tcase_add_test(t, a_later_phase_is_already_past);
	tcase_add_test(t, what_a_begun_phase_changes_does_not_hold_it_up);
	tcase_add_test(t, health_follows_redirects_only_within_the_instance);
	add_names_and_pages(t);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(r, begin, end);
	tcase_add_test(r, tap_can_not_be_bent_by_a_server);
	tcase_add_test(r, junit_is_well_formed);
	tcase_add_test(r, markdown_cells_stay_cells);
	tcase_add_test(r, text_names_what_was_expected);
	tcase_add_test(r, reports_are_as_their_schema_says);
	tcase_add_test(r, the_last_results_are_kept_and_failures_longer);
	tcase_add_test(r, a_check_that_comes_and_goes_is_named);
	tcase_add_test(r, a_history_that_is_none_is_refused);
	tcase_add_loop_test(r, lists_from_people_are_checked, 0, 6);
	suite_add_tcase(s, r);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
