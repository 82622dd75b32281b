/*
 * What api/dnshost promises, held for every company that it knows: PowerDNS
 * for real, where there is the sandbox; dynamic updates on PowerDNS and Knot;
 * DigitalOcean, Cloudflare and Route 53 as strict doubles. Then what only one
 * of them has. Last, what was said to the doubles and what they answered is
 * held against the companies' own descriptions (tests/contract/judge,
 * tests/contract/route53-model).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/aws.h"
#include "api/dnshost.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/http.h"
#include "tests/contract/http.h"
#include "tests/kit/kit.h"
#include "tests/kit/updates.h"

/* Real ones first, then doubles. */
enum { POWERDNS, BY_PDNS, BY_KNOT, DIGITALOCEAN, CLOUDFLARE, ROUTE53,
	COMPANIES };
enum { MOST_REQUESTS = 60 };

static const char *const names_of[COMPANIES] = { [POWERDNS] = "powerdns",
	[BY_PDNS] = "rfc2136", [BY_KNOT] = "rfc2136",
	[DIGITALOCEAN] = "digitalocean", [CLOUDFLARE] = "cloudflare",
	[ROUTE53] = "route53" };

static struct dnshost_open login[COMPANIES];
static const char *ca;
static struct http *http;
static struct dnshost *host;
static struct pool *p;
static struct err e;

#define OK(call) ck_assert_msg(call, "%s", e.text)

/* ---- sets ---- */

/* Values with blanks between; the name is below contract. */
static struct dns_set
set(const char *label, const char *type, long ttl, const char *values)
{
	struct dns_set s = { .type = type, .ttl = ttl };
	const char **v = text_split(p, values, &s.n);
	struct dns_value *value = pool_alloc(p, (s.n + 1) * sizeof *value);

	s.name = pool_printf(p, "%s%scontract.example.test", label,
	    *label != '\0' ? "." : "");
	for (size_t i = 0; i < s.n; i++)
		value[i].text = v[i];
	s.value = value;
	return s;
}

static struct dns_set
at_apex(struct dns_set s)
{
	s.name = "example.test";
	return s;
}

static struct dns_set
of_kind(struct dns_set s, enum dnshost_kind kind)
{
	s.kind = kind;
	return s;
}

static struct dns_set
find(const struct dns_set *like)
{
	const char *const names[] = { like->name, NULL };
	struct dns_set *all, s = { .name = like->name, .type = like->type };
	size_t n;

	OK(dnshost_find(host, p, names, &all, &n, &e));
	for (size_t i = 0; i < n; i++)
		if (text_same(all[i].type, like->type))
			s = all[i];
	return s;
}

static void
expect(const struct dns_set *want)
{
	struct dns_set is = find(want);

	ck_assert_msg(dns_set_same(&is, want), "%s: %s, not %s", want->name,
	    dns_set_words(p, &is), dns_set_words(p, want));
}

static bool
replace(struct dns_set was, struct dns_set now)
{
	return dnshost_replace(host, &was, &now, 1, &e);
}

static void
make(struct dns_set s)
{
	struct dns_set none = s;

	none.n = 0;
	OK(replace(none, s));
}

/* ---- fixtures ---- */

static struct dnshost *
open_as(const struct dnshost_open *o)
{
	return dnshost_open(http, o, &e);
}

/* A server of its own for each test. */
static bool
is_updated(int company)
{
	return company == BY_PDNS || company == BY_KNOT;
}

static void
begin_at(int company)
{
	own_world_reset();
	if (is_updated(company)) {
		updates_begin(company - BY_PDNS);
		login[company].server = updates_address(company - BY_PDNS);
	}
	http = http_open(company == POWERDNS ? NULL : ca, NULL, &e);
	OK(http != NULL);
	host = open_as(&login[company]);
	OK(host != NULL);
}

/* PowerDNS's zone is not reset. */
static void
sweep(void)
{
	static const char *const labels[] = { "a", "b", "*" };
	static const char *const types[] = { "A", "AAAA", "CNAME" };

	for (size_t i = 0; i < 9; i++) {
		struct dns_set s = find(&(struct dns_set){ .name =
		    set(labels[i / 3], "A", 0, "").name,
		    .type = types[i % 3] }), none = s;

		none.n = 0;
		OK(replace(s, none));
	}
}

static void
end_at(int company)
{
	if (company == POWERDNS)
		sweep();
	dnshost_close(host);
	http_close(http);
	if (is_updated(company))
		updates_end(company - BY_PDNS);
}

/* PowerDNS is not everywhere. */
static bool
is_there(int company)
{
	return login[company].company != NULL;
}

static bool
begin_each(int company)
{
	if (is_there(company))
		begin_at(company);
	return is_there(company);
}

static void
find_logins(void)
{
	struct server s[COMPANIES];

	for (int i = DIGITALOCEAN; i < COMPANIES; i++) {
		s[i] = own_world_server(i == DIGITALOCEAN ? "DIGITALOCEAN"
		    : i == CLOUDFLARE ? "CLOUDFLARE" : "ROUTE53");
		login[i] = (struct dnshost_open){ .company = names_of[i],
		    .server = server_url(&s[i]), .token = s[i].token,
		    .zone = "example.test" };
		ca = s[i].ca;
	}
	login[CLOUDFLARE].server = kit_text("%s/client/v4",
	    login[CLOUDFLARE].server);
	login[ROUTE53].key_id = getenv("SB_ROUTE53_KEY_ID");
	login[ROUTE53].secret = getenv("SB_ROUTE53_SECRET");
}

static void
find_powerdns(void)
{
	if (getenv("SB_PDNS_KEY") == NULL)
		return;
	login[POWERDNS] = (struct dnshost_open){ .company = "powerdns",
	    .server = kit_text("http://%s:8081", kit_env("SB_PDNS_ADDR")),
	    .token = kit_env("SB_PDNS_KEY"), .zone = "example.test" };
}

static void
find_updates(void)
{
	for (int i = 0; i < UPDATES_SERVERS && updates_are_there(); i++)
		login[BY_PDNS + i] = (struct dnshost_open){
		    .company = "rfc2136", .zone = "example.test",
		    .token = updates_token(i, "upd", UPDATES_SECRET) };
}

static void
set_up(void)
{
	e = (struct err){ 0 };
	p = pool_new();
	find_powerdns();
	find_updates();
	find_logins();
}

static void
tear_down(void)
{
	pool_free(p);
}

static const char *
records(int company)
{
	struct server s = own_world_server("WORLD");
	struct answer a = web_send(&s, "GET", kit_text("/dns/%s",
	    names_of[company]), NULL, NULL, NULL);
	const char *text = kit_text("%s", a.body);

	web_free(&a);
	return text;
}

static void
put_records(int company, const char *json)
{
	struct server s = own_world_server("WORLD");
	struct answer a = web_send(&s, "PUT", kit_text("/dns/%s",
	    names_of[company]), NULL, "application/json", json);

	ck_assert_msg(a.status == 200, "%s", a.body);
	web_free(&a);
}

/* ---- what all of them do ---- */

START_TEST(a_set_is_made_changed_and_taken_away)
{
	struct dns_set one = set("a", "A", 300, "192.0.2.1");
	struct dns_set two = set("a", "A", 120,
	    "192.0.2.2 192.0.2.3");
	struct dns_set none = set("a", "A", 0, "");

	if (!begin_each(_i))
		return;
	make(one);
	expect(&one);
	OK(replace(one, two));
	expect(&two);
	OK(replace(two, dns_set_with_ttl(two, 60)));
	OK(replace(dns_set_with_ttl(two, 60), one));
	expect(&one);
	OK(replace(one, none));
	expect(&none);
	end_at(_i);
}
END_TEST

START_TEST(a_cname_and_addresses_take_each_others_place)
{
	const struct dns_set was[] = {
	    set("a", "CNAME", 300, "lb.example.net"),
	    set("a", "A", 0, ""), set("a", "AAAA", 0, "") };
	const struct dns_set now[] = { set("a", "CNAME", 0, ""),
	    set("a", "A", 300, "192.0.2.1 192.0.2.2"),
	    set("a", "AAAA", 300, "2001:db8::1") };

	if (!begin_each(_i))
		return;
	make(was[0]);
	OK(dnshost_replace(host, was, now, 3, &e));
	for (int i = 0; i < 3; i++)
		expect(&now[i]);
	OK(dnshost_replace(host, now, was, 3, &e));
	for (int i = 0; i < 3; i++)
		expect(&was[i]);
	end_at(_i);
}
END_TEST

START_TEST(a_wildcard_and_other_names_are_told_apart)
{
	struct dns_set star = set("*", "A", 300, "192.0.2.1");
	struct dns_set b = set("b", "A", 300, "192.0.2.2");

	if (!begin_each(_i))
		return;
	make(star);
	make(b);
	expect(&star);
	expect(&b);
	OK(replace(star, set("*", "A", 300, "192.0.2.9")));
	expect(&b);
	end_at(_i);
}
END_TEST

START_TEST(somebody_elses_change_is_a_conflict_and_stays)
{
	struct dns_set other = set("a", "A", 300, "192.0.2.77");

	if (!begin_each(_i))
		return;
	make(other);
	ck_assert(!replace(set("a", "A", 300, "192.0.2.1"),
	    set("a", "A", 300, "192.0.2.2")));
	ck_assert_int_eq(e.kind, ERR_CONFLICT);
	kit_contains(e.text, "192.0.2.77");
	expect(&other);
	end_at(_i);
}
END_TEST

START_TEST(what_is_so_already_is_fine)
{
	struct dns_set now = set("a", "A", 300, "192.0.2.2");

	if (!begin_each(_i))
		return;
	make(now);
	OK(replace(set("a", "A", 300, "192.0.2.1"), now));
	expect(&now);
	end_at(_i);
}
END_TEST

START_TEST(a_wrong_login_is_denied_and_not_shown)
{
	struct dnshost_open o;

	if (!begin_each(_i))
		return;
	o = login[_i];
	o.token = is_updated(_i) ? updates_token(_i - BY_PDNS, "upd",
	    "bm90LXRoZS1zZWNyZXQtb2YtdGhpcy1rZXk=")
	    : "not-the-token-of-this-account";
	o.secret = "not-the-secret-of-this-key";
	ck_assert(open_as(&o) == NULL);
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_lacks(e.text, "not-the-");
	kit_lacks(e.text, "bm90LXRo");
	end_at(_i);
}
END_TEST

START_TEST(a_zone_that_is_not_there_is_not_found)
{
	struct dnshost_open o;

	if (!begin_each(_i))
		return;
	o = login[_i];
	o.zone = "not-there.test";
	ck_assert(open_as(&o) == NULL);
	/* A name server refuses what it does not have, as what it has. */
	if (is_updated(_i) && e.kind == ERR_DENIED) {
		end_at(_i);
		return;
	}
	ck_assert_msg(e.kind == ERR_NOT_FOUND, "%s", e.text);
	o.zone = "sub.sub.example.test";
	ck_assert(open_as(&o) == NULL);
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	kit_contains(e.text, "example.test: give that one");
	end_at(_i);
}
END_TEST

START_TEST(a_ttl_that_is_too_low_is_wrong_input)
{
	long least;

	if (!begin_each(_i))
		return;
	least = dnshost_least_ttl(host);
	make(set("a", "A", 300, "192.0.2.1"));
	OK(replace(set("a", "A", 300, "192.0.2.1"),
	    set("a", "A", least, "192.0.2.1")));
	if (least > 1) {
		ck_assert(!replace(set("a", "A", least, "192.0.2.1"),
		    set("a", "A", least - 1, "192.0.2.1")));
		ck_assert_int_eq(e.kind, ERR_INPUT);
		kit_contains(e.text, "too low");
	}
	end_at(_i);
}
END_TEST

/* ---- doubles only: failures ---- */

/* Same type, another type, a set that goes: all that a switch does. */
static struct dns_set before[5], after[5];
enum { CHANGED = 5 };

static void
prepare(void)
{
	const struct dns_set was[] = {
	    set("a", "A", 300, "192.0.2.1 192.0.2.2"),
	    set("a", "AAAA", 300, "2001:db8::1"),
	    set("b", "CNAME", 300, "lb.example.net"),
	    set("b", "A", 0, ""), set("c", "A", 300, "192.0.2.7") };
	const struct dns_set now[] = {
	    set("a", "A", 300, "192.0.2.3"), set("a", "AAAA", 0, ""),
	    set("b", "CNAME", 0, ""), set("b", "A", 300, "192.0.2.3"),
	    set("c", "A", 60, "192.0.2.7") };
	struct dns_set none[CHANGED];

	for (int i = 0; i < CHANGED; i++) {
		before[i] = was[i];
		after[i] = now[i];
		none[i] = was[i];
		none[i].n = 0;
	}
	OK(dnshost_replace(host, none, was, CHANGED, &e));
}

static void
expect_after(void)
{
	for (int i = 0; i < CHANGED; i++)
		expect(&after[i]);
}

/* The n-th request from here on fails; 0: none does. */
static void
fail_at(int n, const char *how)
{
	dnshost_close(host);
	own_world_set(kit_text("{\"dns.fail_at\":%d,\"dns.fail_how\":\"%s\"}",
	    n, how));
}

static long
requests(void)
{
	struct server s = own_world_server("WORLD");
	struct answer a = web_get(&s, "/counters");
	double n = answer_num(&a, "dns.requests");

	web_free(&a);
	return n < 0 ? 0 : (long)n;
}

/* A name that keeps its type has an answer at every moment. */
static void
expect_answered(void)
{
	struct dns_set a = find(&before[0]), c = find(&before[4]);

	ck_assert_uint_gt(a.n, 0);
	ck_assert_uint_gt(c.n, 0);
}

static bool
switch_all(int company)
{
	host = open_as(&login[company]);
	return host != NULL && dnshost_replace(host, before, after, CHANGED,
	    &e);
}

static void
fail_each(int company, const char *how)
{
	int n = 1;
	long first, used;

	do {
		begin_at(company);
		prepare();
		fail_at(n, how);
		first = requests();
		(void)switch_all(company);
		used = requests() - first;
		fail_at(0, how);
		host = open_as(&login[company]);
		OK(host != NULL);
		expect_answered();
		OK(dnshost_replace(host, before, after, CHANGED, &e));
		expect_after();
		end_at(company);
	} while (used >= n++ && n < MOST_REQUESTS);
	ck_assert_int_gt(n, 4);
	ck_assert_int_lt(n, MOST_REQUESTS);
}

START_TEST(any_request_may_fail_and_the_next_run_ends_it)
{
	if (is_there(_i) && _i != POWERDNS)
		fail_each(_i, "before");
}
END_TEST

START_TEST(any_answer_may_be_lost_and_the_next_run_ends_it)
{
	if (is_there(_i) && _i != POWERDNS)
		fail_each(_i, "after");
}
END_TEST

/* Nothing is left without an answer, of any type. */
START_TEST(any_request_may_be_refused_and_no_name_is_left_empty)
{
	long first, used;
	int n = 1;

	do {
		if (!begin_each(_i))
			return;
		prepare();
		fail_at(n, "refused");
		first = requests();
		(void)switch_all(_i);
		used = requests() - first;
		fail_at(0, "refused");
		host = open_as(&login[_i]);
		OK(host != NULL);
		expect_answered();
		ck_assert_uint_gt(find(&before[2]).n + find(&after[3]).n, 0);
		end_at(_i);
	} while (used >= n++ && n < MOST_REQUESTS);
	ck_assert_int_gt(n, 4);
}
END_TEST

/* In a child that is killed while the n-th request's answer is on its way;
 * false: it had ended before. */
static bool
kill_at(int company, int n)
{
	long first;
	pid_t child;
	int status = 0;

	fail_at(n, "stall");
	host = NULL;
	first = requests();
	child = fork();
	if (child == 0) {
		http = http_open(ca, NULL, &e);	/* no socket of the parent's */
		_exit(http != NULL && switch_all(company) ? 0 : 1);
	}
	while (requests() - first < n && waitpid(child, &status, WNOHANG) == 0)
		nap(0.02);
	if (requests() - first < n)
		return false;
	(void)kill(child, SIGKILL);
	(void)waitpid(child, &status, 0);
	return true;
}

START_TEST(a_run_that_was_killed_is_finished_by_the_next)
{
	bool killed = true;

	if (!is_there(_i) || _i == POWERDNS)
		return;
	for (int n = 1; killed && n < MOST_REQUESTS; n++) {
		begin_at(_i);
		prepare();
		killed = kill_at(_i, n);
		fail_at(0, "stall");
		host = open_as(&login[_i]);
		OK(host != NULL);
		expect_answered();
		OK(dnshost_replace(host, before, after, CHANGED, &e));
		expect_after();
		end_at(_i);
	}
}
END_TEST

/* ---- one company each ---- */

static const char *const limits[COMPANIES] = {
	[DIGITALOCEAN] = "{\"digitalocean.limited\":1}",
	[CLOUDFLARE] = "{\"cloudflare.limited\":1}",
	[ROUTE53] = "{\"route53.limited\":2}" };

START_TEST(a_rate_limit_is_waited_out)
{
	if (limits[_i] == NULL)
		return;
	begin_at(_i);
	own_world_set(limits[_i]);
	make(set("a", "A", 300, "192.0.2.1"));
	end_at(_i);
}
END_TEST

static const struct {
	int company;
	const char *knobs, *says;
} refusals[] = {
	{ DIGITALOCEAN, "{\"digitalocean.scopes\":\"domain:read "
	  "domain:update domain:delete\"}", "domain:create" },
	{ CLOUDFLARE, "{\"cloudflare.rights\":\"zone:read\"}", "DNS:Edit" },
	{ ROUTE53, "{\"route53.actions\":\"ListResourceRecordSets\"}",
	  "AccessDenied" },
};

START_TEST(a_right_that_lacks_is_told_before_anything_goes)
{
	const char *was;
	int company = refusals[_i].company;

	begin_at(company);
	prepare();
	was = records(company);
	own_world_set(refusals[_i].knobs);
	ck_assert(!dnshost_replace(host, &before[2], &after[2], 2, &e));
	ck_assert_msg(e.kind == ERR_DENIED, "%s", e.text);
	kit_contains(e.text, refusals[_i].says);
	ck_assert_str_eq(records(company), was);
	end_at(company);
}
END_TEST

START_TEST(digitalocean_names_are_relative_and_pages_go_on)
{
	struct dns_set a = at_apex(set("", "A", 300, "192.0.2.1"));
	struct dns_set many = set("a", "A", 300, "");
	struct dns_value v[230];

	begin_at(DIGITALOCEAN);
	make(a);
	kit_contains(records(DIGITALOCEAN), "\"name\":\"@\"");
	make(set("b", "CNAME", 300, "example.test"));
	kit_contains(records(DIGITALOCEAN), "\"data\":\"@\"");
	many.value = v;
	many.n = 230;
	for (int i = 0; i < 230; i++)
		v[i] = (struct dns_value){ .text = kit_text("10.0.0.%d", i) };
	make(many);
	expect(&many);
	end_at(DIGITALOCEAN);
}
END_TEST

START_TEST(digitalocean_leaves_a_gap_and_says_so)
{
	begin_at(DIGITALOCEAN);
	kit_contains(dnshost_gap(host), "one record at a time");
	end_at(DIGITALOCEAN);
	begin_at(ROUTE53);
	ck_assert(dnshost_gap(host) == NULL);
	end_at(ROUTE53);
}
END_TEST

#define CF(id, type, content, more) "{\"id\":\"" id "\",\"type\":\"" type \
	"\",\"name\":\"a.contract.example.test\",\"content\":\"" content \
	"\",\"proxiable\":true,\"tags\":[],\"meta\":{}," \
	"\"created_on\":\"2024-01-01T05:20:00Z\"," \
	"\"modified_on\":\"2024-01-01T05:20:00Z\"," more "}"

START_TEST(cloudflare_keeps_what_is_proxied_and_comments)
{
	struct dns_set old = of_kind(set("a", "A", 1, "192.0.2.1"),
	    DNSHOST_PROXIED), none = set("a", "A", 0, "");
	struct dns_set name = of_kind(set("a", "CNAME", 1, "lb.example.net"),
	    DNSHOST_PROXIED);

	begin_at(CLOUDFLARE);
	put_records(CLOUDFLARE, "[" CF("0a", "A", "192.0.2.1",
	    "\"ttl\":1,\"proxied\":true,\"comment\":\"ask Ann\"") "]");
	expect(&old);
	ck_assert_int_eq(dns_set_with_ttl(find(&old), 60).ttl,
	    find(&old).ttl);
	OK(replace(old, of_kind(set("a", "A", 60, "192.0.2.2"),
	    DNSHOST_PROXIED)));
	kit_contains(records(CLOUDFLARE), "\"ttl\":1");
	kit_contains(records(CLOUDFLARE), "ask Ann");
	kit_contains(records(CLOUDFLARE), "\"proxied\":true");
	OK(dnshost_replace(host, (struct dns_set[]){ of_kind(set("a", "A", 1,
	    "192.0.2.2"), DNSHOST_PROXIED), set("a", "CNAME", 0, "") },
	    (struct dns_set[]){ none, name }, 2, &e));
	kit_contains(records(CLOUDFLARE), "ask Ann");
	kit_contains(records(CLOUDFLARE), "\"content\":\"lb.example.net\"");
	kit_contains(records(CLOUDFLARE), "\"proxied\":true");
	end_at(CLOUDFLARE);
}
END_TEST

START_TEST(cloudflare_automatic_is_300_seconds_and_an_enterprise_takes_30)
{
	begin_at(CLOUDFLARE);
	put_records(CLOUDFLARE, "[" CF("0a", "A", "192.0.2.1",
	    "\"ttl\":1,\"proxied\":false") "]");
	ck_assert_int_eq(find(&(struct dns_set){ .name =
	    "a.contract.example.test", .type = "A" }).ttl, 300);
	ck_assert_int_eq(dnshost_least_ttl(host), 60);
	own_world_set("{\"cloudflare.plan\":\"enterprise\"}");
	dnshost_close(host);
	host = open_as(&login[CLOUDFLARE]);
	ck_assert_int_eq(dnshost_least_ttl(host), 30);
	end_at(CLOUDFLARE);
}
END_TEST

START_TEST(a_zones_own_cname_is_an_alias_at_cloudflare)
{
	struct dns_set s = of_kind(at_apex(set("", "CNAME", 300,
	    "lb.example.net")), DNSHOST_ALIAS);

	begin_at(CLOUDFLARE);
	make(s);
	expect(&s);
	end_at(CLOUDFLARE);
}
END_TEST

static const struct {
	int company;
	const char *knobs, *id;
} twins[] = {
	{ CLOUDFLARE, "{\"cloudflare.zones\":2}",
	  "023e105f4ecef8ad9ca31a8372d0c351" },
	{ ROUTE53, "{\"route53.zones\":2}", "Z148QEXAMPLE8V1" },
};

START_TEST(of_two_zones_of_a_name_one_must_be_named)
{
	struct dnshost_open o = login[twins[_i].company];

	begin_at(twins[_i].company);
	own_world_set(twins[_i].knobs);
	ck_assert(open_as(&o) == NULL);
	ck_assert_int_eq(e.kind, ERR_HAND);
	kit_contains(e.text, "dns-zone-id");
	o.zone_id = twins[_i].id;
	dnshost_close(host);
	host = open_as(&o);
	OK(host != NULL);
	make(set("a", "A", 300, "192.0.2.1"));
	o.zone_id = "no id!";
	ck_assert(open_as(&o) == NULL);
	ck_assert_int_eq(e.kind, ERR_INPUT);
	end_at(twins[_i].company);
}
END_TEST

#define R53(more) "{\"Name\":\"a.contract.example.test.\",\"Type\":\"A\"," \
	more "}"
#define ALIAS R53("\"Alias\":{\"HostedZoneId\":\"Z32O12XQLNTSW2\"," \
	"\"DNSName\":\"dualstack.lb-1.eu-west-3.elb.amazonaws.com.\"," \
	"\"EvaluateTargetHealth\":\"true\"}")

START_TEST(route53_aliases_are_replaced_and_come_back_the_same)
{
	struct dns_set plain, alias;
	const char *was;

	begin_at(ROUTE53);
	put_records(ROUTE53, "[" ALIAS "]");
	was = records(ROUTE53);
	plain = set("a", "A", 300, "192.0.2.1");
	alias = find(&plain);
	ck_assert_int_eq(alias.kind, DNSHOST_ALIAS);
	ck_assert_str_eq(alias.value[0].text, "dualstack.lb-1.eu-west-3.elb."
	    "amazonaws.com Z32O12XQLNTSW2 true");
	OK(replace(alias, plain));
	expect(&plain);
	OK(replace(plain, alias));
	ck_assert_str_eq(records(ROUTE53), was);
	end_at(ROUTE53);
}
END_TEST

START_TEST(route53_routing_policies_are_shown_and_refused)
{
	struct dns_set s;
	const char *was;

	begin_at(ROUTE53);
	put_records(ROUTE53, "[" R53("\"SetIdentifier\":\"blue\","
	    "\"Weight\":\"10\",\"TTL\":60,\"Values\":[\"192.0.2.1\"]") ","
	    R53("\"SetIdentifier\":\"green\",\"Weight\":\"90\",\"TTL\":60,"
	    "\"Values\":[\"192.0.2.2\"]") "]");
	own_world_set("{\"route53.page\":1}");
	was = records(ROUTE53);
	s = find(&(struct dns_set){ .name = "a.contract.example.test",
	    .type = "A" });
	ck_assert_uint_eq(s.n, 2);
	kit_contains(dns_set_words(p, &s), "routed");
	ck_assert(!replace(s, set("a", "A", 300, "192.0.2.9")));
	ck_assert_int_eq(e.kind, ERR_HAND);
	kit_contains(e.text, "routing policy");
	ck_assert_str_eq(records(ROUTE53), was);
	end_at(ROUTE53);
}
END_TEST

START_TEST(route53_is_waited_for_until_all_its_servers_have_it)
{
	long first;

	begin_at(ROUTE53);
	own_world_set("{\"route53.seconds\":1.5}");
	first = requests();
	make(set("a", "A", 300, "192.0.2.1"));
	/* list, batch, at least PENDING and INSYNC, list */
	ck_assert_int_ge(requests() - first, 5);
	end_at(ROUTE53);
}
END_TEST

START_TEST(route53_keeps_a_health_check)
{
	begin_at(ROUTE53);
	put_records(ROUTE53, "[" R53("\"TTL\":300,\"Values\":[\"192.0.2.1\"],"
	    "\"HealthCheckId\":\"abcdef11\"") "]");
	OK(replace(set("a", "A", 300, "192.0.2.1"),
	    set("a", "A", 300, "192.0.2.2")));
	kit_contains(records(ROUTE53), "abcdef11");
	end_at(ROUTE53);
}
END_TEST

START_TEST(route53_refuses_a_batch_that_somebody_was_faster_than)
{
	struct dns_set one = set("a", "A", 300, "192.0.2.1");

	begin_at(ROUTE53);
	make(one);
	own_world_set("{\"route53.rival\":1}");
	ck_assert(!replace(one, set("a", "A", 300, "192.0.2.2")));
	ck_assert_msg(e.kind == ERR_CONFLICT, "%s", e.text);
	kit_contains(e.text, "do not match the current values");
	kit_contains(records(ROUTE53), "\"TTL\":301");
	end_at(ROUTE53);
}
END_TEST

/* ---- what the doubles refuse, as the companies do ---- */

#define JSON "application/json"
#define DO "/v2/domains/example.test/records"
#define DO_A "{\"type\":\"A\",\"name\":\"x\",\"data\":\"192.0.2.1\",\"ttl\":"
#define CF_AT "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c350/dns_records"
#define CF_POST(name, type, content, more) "{\"posts\":[{\"name\":\"" name \
	"\",\"type\":\"" type "\",\"content\":\"" content "\"" more "}]}"

/* {A} at x.example.test is there already. */
static const struct {
	int company;
	const char *method, *path, *body, *says;
	long status;
} wrongs[] = {
	{ DIGITALOCEAN, "POST", DO, DO_A "29}", "TTL", 422 },
	{ DIGITALOCEAN, "POST", DO, "{\"type\":\"CNAME\",\"name\":\"x\","
	  "\"data\":\"y.example.net.\"}", "cannot share", 422 },
	{ DIGITALOCEAN, "POST", DO, "{\"type\":\"CNAME\",\"name\":\"y\","
	  "\"data\":\"y.example.net\"}", "dot", 422 },
	{ DIGITALOCEAN, "POST", DO, "{\"type\":\"A\",\"name\":\"y\","
	  "\"data\":\"192.0.2.256\"}", "IPv4", 422 },
	{ DIGITALOCEAN, "POST", DO, DO_A "60,\"proxied\":true}", "unknown",
	  400 },
	{ DIGITALOCEAN, "PATCH", DO "/1", "{\"ttl\":60}", "not_found",
	  404 },
	{ DIGITALOCEAN, "DELETE", DO "/1", NULL, "not_found", 404 },
	{ DIGITALOCEAN, "GET", DO "?per_page=201", NULL, "per_page", 422 },
	{ DIGITALOCEAN, "GET", "/v2/domains/other.test", NULL, "not_found",
	  404 },
	{ CLOUDFLARE, "POST", CF_AT "/batch", CF_POST("x.example.test", "A",
	  "192.0.2.1", ""), "81058", 400 },
	{ CLOUDFLARE, "POST", CF_AT "/batch", CF_POST("x.example.test",
	  "CNAME", "y.example.net", ""), "81053", 400 },
	{ CLOUDFLARE, "POST", CF_AT "/batch", CF_POST("y.example.test", "A",
	  "y.example.net", ""), "9005", 400 },
	{ CLOUDFLARE, "POST", CF_AT "/batch", CF_POST("y.example.org", "A",
	  "192.0.2.1", ""), "9000", 400 },
	{ CLOUDFLARE, "POST", CF_AT "/batch", CF_POST("y.example.test", "A",
	  "192.0.2.1", ",\"ttl\":59"), "9021", 400 },
	{ CLOUDFLARE, "POST", CF_AT "/batch", CF_POST("y.example.test", "A",
	  "192.0.2.1", ",\"weight\":1"), "1004", 400 },
	{ CLOUDFLARE, "POST", CF_AT "/batch", "{\"deletes\":[{\"id\":"
	  "\"00\"}]}", "81044", 400 },
	{ CLOUDFLARE, "POST", CF_AT "/batch", "{\"removes\":[]}", "9207",
	  400 },
	{ CLOUDFLARE, "GET", "/client/v4/zones/00", NULL, "7003", 404 },
};

START_TEST(what_is_wrong_is_refused_and_changes_nothing)
{
	int company = wrongs[_i].company;
	struct server s = own_world_server(company == CLOUDFLARE
	    ? "CLOUDFLARE" : "DIGITALOCEAN");
	struct dns_set x = set("", "A", 300, "192.0.2.1");
	struct answer a;
	const char *was;

	begin_at(company);
	x.name = "x.example.test";
	make(x);
	was = records(company);
	a = web_send(&s, wrongs[_i].method, wrongs[_i].path, NULL,
	    wrongs[_i].body != NULL ? JSON : NULL, wrongs[_i].body);
	ck_assert_msg(a.status == wrongs[_i].status, "%ld %s", a.status,
	    a.body);
	kit_contains(a.body, wrongs[_i].says);
	ck_assert_str_eq(records(company), was);
	web_free(&a);
	end_at(company);
}
END_TEST

#define CHANGE(action, name, type, inside) "<Change><Action>" action \
	"</Action><ResourceRecordSet><Name>" name "</Name><Type>" type \
	"</Type>" inside "</ResourceRecordSet></Change>"
#define VALUE(v) "<ResourceRecord><Value>" v "</Value></ResourceRecord>"
#define VALUES(ttl, v) "<TTL>" ttl "</TTL><ResourceRecords>" v \
	"</ResourceRecords>"
#define GOOD VALUES("300", VALUE("192.0.2.1"))

/* A 192.0.2.1 TTL 300 at x.example.test is there already. */
static const struct {
	const char *changes, *code, *says;
} batches[] = {
	{ CHANGE("CREATE", "x.example.test", "A", GOOD),
	  "InvalidChangeBatch", "already exists" },
	{ CHANGE("DELETE", "x.example.test", "A", VALUES("301",
	  VALUE("192.0.2.1"))), "InvalidChangeBatch", "do not match" },
	{ CHANGE("DELETE", "x.example.test", "A", VALUES("300",
	  VALUE("192.0.2.2"))), "InvalidChangeBatch", "do not match" },
	{ CHANGE("DELETE", "y.example.test", "A", GOOD),
	  "InvalidChangeBatch", "not found" },
	{ CHANGE("CREATE", "x.example.test", "CNAME", VALUES("300",
	  VALUE("y.example.net."))), "InvalidChangeBatch", "conflicts" },
	{ CHANGE("CREATE", "example.test", "CNAME", VALUES("300",
	  VALUE("y.example.net."))), "InvalidChangeBatch", "at apex" },
	{ CHANGE("CREATE", "y.example.org", "A", GOOD),
	  "InvalidChangeBatch", "not permitted in zone" },
	{ CHANGE("CREATE", "y.example.test", "A", VALUES("300",
	  VALUE("y.example.net"))), "InvalidChangeBatch", "Illegal" },
	{ CHANGE("CREATE", "y.example.test", "A", VALUES("300",
	  VALUE("192.0.2.1") VALUE("192.0.2.1"))), "InvalidChangeBatch",
	  "Duplicate" },
	{ CHANGE("CREATE", "y.example.test", "A", VALUES("-1",
	  VALUE("192.0.2.1"))), "InvalidInput", "facet" },
	{ CHANGE("CREATE", "y.example.test", "A", "<ResourceRecords>"
	  VALUE("192.0.2.1") "</ResourceRecords><TTL>300</TTL>"),
	  "InvalidInput", "content" },
	{ CHANGE("CREATE", "y.example.test", "A", ""), "InvalidInput",
	  "exactly one" },
	{ CHANGE("REPLACE", "x.example.test", "A", GOOD), "InvalidInput",
	  "action" },
	{ CHANGE("DELETE", "x.example.test", "A", GOOD)
	  CHANGE("CREATE", "y.example.org", "A", GOOD), "InvalidChangeBatch",
	  "not permitted" },
	{ "", "InvalidInput", "no changes" },
	{ NULL, "InvalidChangeBatch", "1000 exceeded" },
};

/* More values than one batch may have. */
static const char *
too_many(void)
{
	struct buf b = buf_new(1 << 20);
	const char *text;

	buf_puts(&b, "<Change><Action>CREATE</Action><ResourceRecordSet>"
	    "<Name>y.example.test</Name><Type>A</Type><TTL>300</TTL>"
	    "<ResourceRecords>");
	for (int i = 0; i < 1001; i++)
		buf_printf(&b, VALUE("10.0.%d.%d"), i / 250, i % 250);
	buf_puts(&b, "</ResourceRecords></ResourceRecordSet></Change>");
	text = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return text;
}

static struct aws *
open_aws(void)
{
	const struct aws_open o = { .key_id = login[ROUTE53].key_id,
	    .secret = login[ROUTE53].secret, .api = login[ROUTE53].server,
	    .region = "us-east-1", .http = http };
	struct aws *a = aws_open(&o, &e);

	OK(a != NULL);
	return a;
}

START_TEST(route53s_double_refuses_what_amazon_refuses)
{
	struct dns_set x = set("", "A", 300, "192.0.2.1");
	struct buf body = buf_new(1 << 20);
	struct aws_call c = { .service = "route53", .method = "POST",
	    .path = "/2013-04-01/hostedzone/Z148QEXAMPLE8V0/rrset/",
	    .body = &body, .what = "a batch" };
	const struct xml *xml;
	const char *was, *code;
	struct aws *a;

	begin_at(ROUTE53);
	x.name = "x.example.test";
	make(x);
	was = records(ROUTE53);
	a = open_aws();
	buf_printf(&body, "<ChangeResourceRecordSetsRequest xmlns=\"https://"
	    "route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>"
	    "%s</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
	    batches[_i].changes != NULL ? batches[_i].changes : too_many());
	ck_assert(!aws_call(a, &c, &xml, &code, &e));
	ck_assert_msg(strcmp(code, batches[_i].code) == 0, "%s", e.text);
	kit_contains(e.text, batches[_i].says);
	ck_assert_str_eq(records(ROUTE53), was);
	aws_close(a);
	buf_free(&body);
	end_at(ROUTE53);
}
END_TEST

/* ---- what was recorded ---- */

static const struct {
	const char *company, *file;
} described[] = { { "digitalocean", "digitalocean.json" },
	{ "cloudflare", "cloudflare.json" } };

START_TEST(what_was_recorded_is_what_the_companies_describe)
{
	const char *s = kit_env("SB_STATE"), *c = described[_i].company;

	free(kit_sh("DESCRIPTION=\"$TRANSPLANT_SPECS/%s\" "
	    "tests/contract/judge %s/traffic/%s.jsonl >%s/judge-%s.tap 2>&1 "
	    "|| { sed 's/^/# /' %s/judge-%s.tap >&2; false; }",
	    described[_i].file, s, c, s, c, s, c));
}
END_TEST

START_TEST(what_was_recorded_is_what_amazons_model_describes)
{
	const char *s = kit_env("SB_STATE");

	free(kit_sh("tests/contract/route53-model %s/traffic/route53.jsonl "
	    ">%s/model.tap 2>&1 || { sed 's/^/# /' %s/model.tap >&2; false; "
	    "}", s, s, s));
}
END_TEST

/* ---- all of it ---- */

static void
add_judges(Suite *s, bool specs, bool model)
{
	TCase *t = tcase_create("judge");

	tcase_set_timeout(t, 300);
	if (specs)
		tcase_add_loop_test(t,
		    what_was_recorded_is_what_the_companies_describe, 0, 2);
	if (model)
		tcase_add_test(t,
		    what_was_recorded_is_what_amazons_model_describes);
	suite_add_tcase(s, t);
}

static void
add_each(TCase *t)
{
	tcase_add_loop_test(t, a_set_is_made_changed_and_taken_away, 0,
	    COMPANIES);
	tcase_add_loop_test(t, a_cname_and_addresses_take_each_others_place,
	    0, COMPANIES);
	tcase_add_loop_test(t, a_wildcard_and_other_names_are_told_apart, 0,
	    COMPANIES);
	tcase_add_loop_test(t, somebody_elses_change_is_a_conflict_and_stays,
	    0, COMPANIES);
	tcase_add_loop_test(t, what_is_so_already_is_fine, 0, COMPANIES);
	tcase_add_loop_test(t, a_wrong_login_is_denied_and_not_shown, 0,
	    COMPANIES);
	tcase_add_loop_test(t, a_zone_that_is_not_there_is_not_found, 0,
	    COMPANIES);
	tcase_add_loop_test(t, a_ttl_that_is_too_low_is_wrong_input, 0,
	    COMPANIES);
	tcase_add_loop_test(t, any_request_may_fail_and_the_next_run_ends_it,
	    DIGITALOCEAN, COMPANIES);
	tcase_add_loop_test(t,
	    any_answer_may_be_lost_and_the_next_run_ends_it, DIGITALOCEAN,
	    COMPANIES);
	tcase_add_loop_test(t,
	    any_request_may_be_refused_and_no_name_is_left_empty,
	    DIGITALOCEAN, COMPANIES);
	tcase_add_loop_test(t, a_run_that_was_killed_is_finished_by_the_next,
	    DIGITALOCEAN, COMPANIES);
	tcase_add_loop_test(t, a_rate_limit_is_waited_out, DIGITALOCEAN,
	    COMPANIES);
	tcase_add_loop_test(t,
	    a_right_that_lacks_is_told_before_anything_goes, 0, 3);
}

static void
add_own(TCase *t)
{
	tcase_add_test(t, digitalocean_names_are_relative_and_pages_go_on);
	tcase_add_test(t, digitalocean_leaves_a_gap_and_says_so);
	tcase_add_test(t, cloudflare_keeps_what_is_proxied_and_comments);
	tcase_add_test(t,
	    cloudflare_automatic_is_300_seconds_and_an_enterprise_takes_30);
	tcase_add_test(t, a_zones_own_cname_is_an_alias_at_cloudflare);
	tcase_add_loop_test(t, what_is_wrong_is_refused_and_changes_nothing, 0,
	    sizeof wrongs / sizeof wrongs[0]);
	tcase_add_loop_test(t, route53s_double_refuses_what_amazon_refuses, 0,
	    sizeof batches / sizeof batches[0]);
	tcase_add_loop_test(t, of_two_zones_of_a_name_one_must_be_named, 0, 2);
	tcase_add_test(t,
	    route53_aliases_are_replaced_and_come_back_the_same);
	tcase_add_test(t, route53_routing_policies_are_shown_and_refused);
	tcase_add_test(t,
	    route53_is_waited_for_until_all_its_servers_have_it);
	tcase_add_test(t, route53_keeps_a_health_check);
	tcase_add_test(t,
	    route53_refuses_a_batch_that_somebody_was_faster_than);
}

int
main(void)
{
	Suite *s = suite_create("dnshost");
	TCase *t = tcase_create("dnshost");
	bool specs = getenv("TRANSPLANT_SPECS") != NULL && judge_ready();
	bool model = model_ready();
	int rc;

	if (!own_world_up())
		return kit_skip_all("the world double can't be started");
	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, set_up, tear_down);
	add_each(t);
	add_own(t);
	suite_add_tcase(s, t);
	add_judges(s, specs, model);
	rc = kit_main(s, NULL);
	if (!specs)
		(void)printf("ok - judge # SKIP TRANSPLANT_SPECS names no "
		    "folder with digitalocean.json and cloudflare.json\n");
	if (!model)
		(void)printf("ok - model # SKIP npm could not get Route 53's "
		    "service model\n");
	return rc;
}
