/*
 * Proves set-dns-ttl, switch-dns and restore-dns on the sandbox's real name
 * servers, ingresses and certificate authority: what they do, that they can
 * be killed, or lose any answer, at any moment, and that they refuse in time.
 *
 * Runs inside the sandbox; puts the names back where they were.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kit/kit.h"
#include "tests/kit/site.h"

#define LMS ".hosts[\"courses.example.test\"]"

enum { VARS = 32, KILLS = 7 };

static const char *vars[VARS], *folder, *lms, *cms, *mfe, *old_ip, *new_ip;
static pid_t proxy, helper;
static int low;			/* TTL that the steps are told */

/* ---- the world around a step ------------------------------------------- */

/* What one server says: "5 127.42.0.10", sorted, one a line. */
static const char *
says(const char *server, const char *name, const char *type)
{
	return kit_out("dig +noall +answer +norecurse @%s %s %s | "
	    "awk '{print $2, $NF}' | sort", server, name, type);
}

/* What the new side may run: "good", and "sick" with a wrong password. */
static void
make_configs(void)
{
	const char *good = kit_text("%s/deployed/old/config.yml",
	    kit_env("SB_STATE"));
	const char *sick = kit_text("%s/sick.yml", folder);

	kit_out("sed 's/^OPENEDX_MYSQL_PASSWORD:.*/OPENEDX_MYSQL_PASSWORD: "
	    "no/' %s >%s", good, sick);
	site_config("good", good);
	site_config("sick", sick);
}

/* The new ingress knows the hosts, or none. */
static void
serve_hosts(bool final)
{
	site_serve(final ? kit_text("%s %s %s %s", lms, cms, mfe,
	    kit_env("SB_PREVIEW_HOST")) : "", false);
}

#define var(...) kit_add(vars, VARS, kit_text(__VA_ARGS__))

/* The second name server looks after its zone no more ("STOP"), by itself or
 * when told to, but goes on answering; until "CONT". */
static const char *
secondary(const char *signal)
{
	return kit_text("read -r p at <%s/run/nsd.pid && for q in $p $(cat "
	    "/proc/$p/task/$p/children); do [ -z \"$(cat "
	    "/proc/$q/task/$q/children)\" ] || kill -%s $q; done",
	    kit_env("SB_STATE"), signal);
}

static void
set_up(void)
{
	proxy = helper = 0;
	low = 2;
	memset(vars, 0, sizeof vars);
	lms = kit_env("SB_LMS_HOST");
	cms = kit_env("SB_CMS_HOST");
	mfe = kit_env("SB_MFE_HOST");
	old_ip = kit_env("SB_OLD_ADDR");
	new_ip = kit_env("SB_NEW_ADDR");
	kit_out("%s", secondary("CONT"));	/* a test may have failed */
	folder = site_repository();
	var("instance-name=%s", kit_env("SB_INSTANCE"));
	var("workspace=%s/work", folder);
	var("dns-token=%s", kit_env("SB_PDNS_KEY"));
	var("dry-run=false");
	var("timeout=60");
	if (kit_env("SB_DNS_SERVERS")[0] != '\0')
		var("dns-servers=%s", kit_env("SB_DNS_SERVERS"));
	if (kit_env("SB_CA_FILE")[0] != '\0')
		var("ca-file=%s", kit_env("SB_CA_FILE"));
	make_configs();
	site_deploy("good");
}

static void
end_child(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGTERM);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

static void
tear_down(void)
{
	end_child(&proxy);
	end_child(&helper);
	site_reset_zone(5);
	site_clear();
}

/* A child of this test, ended with it. */
static pid_t
spawn(const char *command)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execl("/bin/bash", "bash", "-c", command, (char *)NULL);
	_exit(127);
}

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

/* The company's API through a proxy that can fail. */
static void
use_proxy(void)
{
	const char *upstream = strstr(kit_env("SB_PDNS_API"), "://") + 3;

	proxy = spawn(kit_text("exec %s/faultproxy %s %s --control "
	    "%s", kit_env("SB_DOUBLES"), proxy_at(), upstream, control_at()));
	kit_out("for i in $(seq 100); do curl -fs http://%s/fault >/dev/null "
	    "&& exit 0; sleep 0.05; done; exit 1", control_at());
	var("dns-server=http://%s", proxy_at());
}

static void
fault(const char *json)
{
	kit_out("curl -fsS -X POST http://%s/clear >/dev/null", control_at());
	if (json != NULL)
		kit_out("curl -fsS -X POST -d '%s' http://%s/fault >/dev/null",
		    json, control_at());
}

static int
requests(void)
{
	return (int)strtol(kit_out("curl -fsS http://%s/log | jq "
	    "'.requests | length'", control_at()), NULL, 10);
}

static void
check_secrets(const struct kit_run *r)
{
	kit_lacks(r->out, kit_env("SB_PDNS_KEY"));
	kit_lacks(r->outputs, kit_env("SB_PDNS_KEY"));
	kit_lacks(r->summary, kit_env("SB_PDNS_KEY"));
}

/* Run it and expect this exit status and status. */
static struct kit_run
run(const char *step, int status, const char *word)
{
	struct kit_run r = kit_step(step, vars);

	check_secrets(&r);
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

/* The record as it was pushed. */
static const char *
record(const char *query)
{
	return kit_out("git -C %s/bare.git show "
	    "main:migrations/%s/record/dns.json | jq -r '%s'", folder,
	    kit_env("SB_INSTANCE"), query);
}

static const char *
commits(void)
{
	return kit_out("git -C %s/bare.git rev-list --count main", folder);
}

static void
expect_everywhere(const char *name, const char *type, const char *answer)
{
	ck_assert_str_eq(says(kit_env("SB_PDNS_ADDR"), name, type), answer);
	ck_assert_str_eq(says(kit_env("SB_NSD_ADDR"), name, type), answer);
}

static const char *
answer(int ttl, const char *value)
{
	return kit_text("%d %s", ttl, value);
}

/* ---- set-dns-ttl ------------------------------------------------------- */

static void
expect_low(void)
{
	const char *dot = kit_text("%s.", lms);

	expect_everywhere(lms, "A", answer(2, old_ip));
	expect_everywhere(cms, "A", answer(2, old_ip));
	expect_everywhere(mfe, "CNAME", answer(2, dot));
	ck_assert_str_eq(record(LMS ".sets[0].ttl"), "5");
	ck_assert_str_ne(record(LMS ".ttl.since"), "null");
}

START_TEST(ttl_of_all_hosts_is_lowered_and_recorded)
{
	struct kit_run r;

	site_reset_zone(5);
	r = run("set-dns-ttl", 0, "done");
	expect_low();
	ck_assert_str_eq(kit_output(&r, "ttl"), "2");
	ck_assert_int_eq(strlen(kit_output(&r, "low-from")), 20);
	kit_contains(r.out, "many resolvers keep every answer for 30 s");
	kit_contains(r.summary, kit_text("A %s TTL 2", old_ip));
	ck_assert_str_eq(record(".hosts | length"), "4");
	ck_assert_str_eq(record(LMS ".ttl.was"), "5");
	kit_run_free(&r);
}
END_TEST

START_TEST(ttl_again_changes_nothing)
{
	const char *before, *history;

	site_reset_zone(5);
	just_run("set-dns-ttl", 0, "done");
	before = site_serial();
	history = commits();
	just_run("set-dns-ttl", 0, "unchanged");
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(commits(), history);
}
END_TEST

START_TEST(a_ttl_that_is_low_enough_is_left_alone)
{
	site_patch(site_set(cms, "A", 1, old_ip));
	just_run("set-dns-ttl", 0, "done");
	expect_everywhere(lms, "A", answer(2, old_ip));
	expect_everywhere(cms, "A", answer(1, old_ip));
	just_run("set-dns-ttl", 0, "unchanged");
}
END_TEST

START_TEST(hosts_without_any_record_are_no_success)
{
	struct kit_run r;

	var("hosts=mfe=nothing.%s", lms);
	r = run("set-dns-ttl", 1, "needs-hand");
	kit_contains(r.out, "none of the hosts has a record");
	kit_run_free(&r);
}
END_TEST

START_TEST(ttl_dry_run_only_tells)
{
	const char *before, *history;
	struct kit_run r;

	site_reset_zone(5);
	before = site_serial();
	history = commits();
	var("dry-run=true");
	r = run("set-dns-ttl", 0, "would-change");
	kit_contains(r.out, "would be");
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(commits(), history);
	kit_run_free(&r);
}
END_TEST

START_TEST(ttl_first_sets_are_never_forgotten)
{
	struct kit_run r;

	site_reset_zone(5);
	just_run("set-dns-ttl", 0, "done");
	var("level=high");
	just_run("set-dns-ttl", 0, "done");
	expect_everywhere(lms, "A", answer(60, old_ip));
	var("level=low");
	r = run("set-dns-ttl", 0, "done");
	expect_low();
	ck_assert_str_eq(record(LMS ".ttl.was"), "60");
	kit_run_free(&r);
}
END_TEST

START_TEST(ttl_keeps_disabled_records_and_comments)
{
	const char *zone;

	site_reset_zone(5);
	site_patch(kit_text("{\"name\":\"%s.\",\"type\":\"A\",\"ttl\":5,"
	    "\"changetype\":\"REPLACE\",\"records\":[{\"content\":\"%s\","
	    "\"disabled\":false},{\"content\":\"192.0.2.7\",\"disabled\":"
	    "true}],\"comments\":[{\"content\":\"ask Ann\",\"account\":"
	    "\"ann\"}]}", lms, old_ip));
	just_run("set-dns-ttl", 0, "done");
	zone = kit_out("curl -fsS -H 'X-API-Key: %s' %s/api/v1/servers/"
	    "localhost/zones/%s. | jq -c '.rrsets[] | select("
	    ".name == \"%s.\" and .type == \"A\") | [.ttl, "
	    ".comments[0].content, ([.records[] | select(.disabled) | "
	    ".content] | .[0])]'", kit_env("SB_PDNS_KEY"),
	    kit_env("SB_PDNS_API"), kit_env("SB_ZONE"), lms);
	ck_assert_str_eq(zone, "[2,\"ask Ann\",\"192.0.2.7\"]");
	site_patch(kit_text("{\"name\":\"%s.\",\"type\":\"A\",\"ttl\":5,"
	    "\"changetype\":\"REPLACE\",\"records\":[{\"content\":\"%s\","
	    "\"disabled\":false}],\"comments\":[]}", lms, old_ip));
}
END_TEST

/* Each request of the API fails once, in each way; then a clean run. */
START_TEST(ttl_any_lost_request_is_made_good)
{
	static const char *const faults[] = { "reset-before", "reset-after",
		"garbage" };
	int n;

	site_reset_zone(5);
	use_proxy();
	fault(NULL);
	just_run("set-dns-ttl", 0, "done");
	n = requests();
	ck_assert_int_ge(n, 6);
	for (int k = 1; k <= n; k++) {
		struct kit_run r;

		site_reset_zone(5);
		site_forget(folder);
		fault(kit_text("{\"fault\":\"%s\",\"nth\":%d}",
		    faults[k % 3], k));
		r = kit_step("set-dns-ttl", vars);
		check_secrets(&r);
		fault(NULL);
		kit_run_free(&r);
		r = kit_step("set-dns-ttl", vars);
		ck_assert_msg(r.status == 0, "after %s at %d: %s",
		    faults[k % 3], k, r.out);
		expect_low();
		kit_run_free(&r);
	}
}
END_TEST

START_TEST(ttl_killed_anywhere_is_completed)
{
	for (int k = 0; k < KILLS; k++) {
		struct kit_run r;

		site_reset_zone(5);
		site_forget(folder);
		r = kit_step_killed("set-dns-ttl", vars, 60 + k * 130);
		kit_run_free(&r);
		r = kit_step("set-dns-ttl", vars);
		ck_assert_msg(r.status == 0, "%s", r.out);
		expect_low();
		kit_run_free(&r);
	}
}
END_TEST

/* With this input it ends before anything is asked. */
static void
expect_wrong(const char *step, const char *input, const char *word)
{
	const char *saved[VARS];
	struct kit_run r;

	memcpy(saved, vars, sizeof vars);
	var("%s", input);
	fault(NULL);
	r = run(step, 2, "wrong-input");
	kit_contains(r.out, word);
	ck_assert_int_eq(requests(), 0);
	kit_run_free(&r);
	memcpy(vars, saved, sizeof vars);
}

START_TEST(wrong_inputs_are_told_before_anything_is_asked)
{
	static const struct { const char *var, *word; } wrong[] = {
		{ "dns-provider=nobody", "dns-provider" },
		{ "low-ttl=0", "low-ttl" },
		{ "low-ttl=many", "low-ttl" },
		{ "dns-server=ftp://x", "dns-server" },
		{ "zone=not a zone", "zone" },
		{ "timeout=1", "timeout" },
		{ "dry-run=yes", "dry-run" },
		{ "plan=/nonexistent/plan.yml", "plan" },
		{ "hosts=lms=a..b", "hosts" },
		{ "hosts=lms=courses.example.org", "hosts" },
	}, wrong_switch[] = {
		{ "new-address=somewhere", "new-address" },
		{ "window-from=tomorrow", "window-from" },
		{ "window-until=2026-11-28T22:00:00Z", "give both" },
		{ "new-address=2001:db8::1", "new-address" },
		{ "resolvers=ns1", "resolvers" },
		{ "good=0", "good" }, { "wait=maybe", "wait" },
		{ "on-failure=pray", "on-failure" },
	};
	use_proxy();
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		expect_wrong("set-dns-ttl", wrong[i].var, wrong[i].word);
		expect_wrong("switch-dns", wrong[i].var, wrong[i].word);
	}
	for (size_t i = 0; i < sizeof wrong_switch / sizeof wrong_switch[0];
	    i++)
		expect_wrong("switch-dns", wrong_switch[i].var,
		    wrong_switch[i].word);
}
END_TEST

START_TEST(a_refused_key_says_which_input_it_is)
{
	struct kit_run r;

	var("dns-token=not-the-right-key");
	r = run("set-dns-ttl", 1, "failed");
	kit_contains(r.out, "dns-token");
	kit_lacks(r.out, "not-the-right-key");
	kit_run_free(&r);
}
END_TEST

/* ---- switch-dns -------------------------------------------------------- */

/* Low TTL since a while, and a new side that waits. */
static void
prepare_switch(void)
{
	site_reset_zone(5);
	serve_hosts(true);
	just_run("set-dns-ttl", 0, "done");
	var("wait=true");
	var("good=2");
}

static void
expect_switched(void)
{
	expect_everywhere(lms, "A", answer(low, new_ip));
	expect_everywhere(cms, "A", answer(low, new_ip));
	expect_everywhere(mfe, "CNAME", kit_text("%d %s.", low,
	    lms));
	kit_out("for h in %s %s %s; do curl -fsS -o /dev/null --cacert %s "
	    "--resolve $h:443:%s https://$h/ || exit 1; done", lms, cms, mfe,
	    kit_env("SB_CA_BUNDLE"), new_ip);
}

static void
expect_old(void)
{
	expect_everywhere(lms, "A", answer(low, old_ip));
	expect_everywhere(cms, "A", answer(low, old_ip));
}

/* Many switches in a row: with the shortest TTL, once is enough. */
static void
hurry(void)
{
	low = 1;
	site_reset_zone(1);
	var("low-ttl=1");
	just_run("set-dns-ttl", 0, "unchanged");
	serve_hosts(true);
	var("wait=true");
	var("good=1");
}

START_TEST(switch_moves_all_hosts_and_measures_the_outage)
{
	const char *before, *history;
	struct kit_run r;

	prepare_switch();
	r = run("switch-dns", 0, "done");
	expect_switched();
	ck_assert_str_eq(kit_output(&r, "switched"), "true");
	kit_contains(kit_output(&r, "outages"), "courses.example.test=");
	kit_contains(r.summary, "```mermaid\ngantt");
	kit_contains(r.summary, "seconds down");
	ck_assert_str_eq(record(".switch.from[0].values[0].value"), old_ip);
	ck_assert_str_ne(record(".switch.done"), "null");
	kit_run_free(&r);
	before = site_serial();
	history = commits();
	just_run("switch-dns", 0, "unchanged");
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(commits(), history);
}
END_TEST


START_TEST(the_outage_is_what_another_visitor_saw)
{
	const char *file;
	double seen, told, gap, most;
	struct kit_run r;

	hurry();
	file = kit_text("%s/probe", folder);
	/* The certificates of before are gone, so that there is an outage:
	 * the ingress orders new ones once the names lead to it. */
	serve_hosts(false);
	kit_out("rm -f %s/ingress/new/tls/*%s*", kit_env("SB_STATE"), lms);
	serve_hosts(true);
	helper = spawn(kit_text("while :; do a=$(dig +short +tries=1 "
	    "+time=1 @%s %s A | tail -1); t=$(date +%%s.%%N); "
	    "c=$(curl -s -m 0.9 -o /dev/null -w '%%{http_code}' --cacert %s "
	    "--resolve %s:443:$a https://%s/heartbeat); "
	    "[ $? = 28 ] || echo $t $c; sleep 0.06; done >%s",
	    kit_env("SB_RESOLVER_ADDR"), lms, kit_env("SB_CA_BUNDLE"), lms,
	    lms, file));
	r = run("switch-dns", 0, "done");
	end_child(&helper);
	/* Bad times as the probe's own clock has them; on a busy machine
	 * both see less sharply, and the probe knows how much: what it did
	 * not get in time (curl's 28) says nothing. */
	seen = strtod(kit_out("awk '{ if (last && bad) s += $1 - last; "
	    "last = $1; bad = $2 != 200 } END { print s + 0 }' %s", file),
	    NULL);
	gap = strtod(kit_out("awk 'NR > 1 && $1 - last > g { g = $1 - last } "
	    "{ last = $1 } END { print g + 0 }' %s", file), NULL);
	told = strtod(strstr(kit_output(&r, "outages"),
	    "courses.example.test=") + strlen("courses.example.test="), NULL);
	most = 1.0 + 2 * gap;
	ck_assert_msg(seen > 0.2, "there was no outage to measure");
	ck_assert_msg(told - seen < most && seen - told < most,
	    "told %.1f s, another visitor saw %.1f s, looking every %.1f s "
	    "or sooner", told, seen, gap);
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_dry_run_only_tells)
{
	const char *before, *history;
	struct kit_run r;

	hurry();
	before = site_serial();
	history = commits();
	serve_hosts(false);
	var("dry-run=true");
	r = run("switch-dns", 0, "would-change");
	kit_contains(r.out, "follows deploy-app");
	kit_contains(r.out, kit_text("would be A %s", new_ip));
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(commits(), history);
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_refuses_while_caches_hold_the_old_ttl)
{
	struct kit_run r;

	site_reset_zone(600);
	serve_hosts(true);
	just_run("set-dns-ttl", 0, "done");
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "caches may still hold the old TTL");
	expect_old();
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_refuses_a_ttl_that_was_never_lowered)
{
	struct kit_run r;

	site_reset_zone(5);
	serve_hosts(true);
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "run set-dns-ttl first");
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_without_a_record_waits_as_if_lowered_now)
{
	struct kit_run r;

	site_reset_zone(2);
	serve_hosts(true);
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "caches may still hold");
	kit_run_free(&r);
	sleep(4);
	just_run("switch-dns", 0, "done");
	expect_switched();
}
END_TEST

/* Raised by us and lowered by hand: caches hold what we raised it to. */
START_TEST(switch_distrusts_the_record_of_a_ttl_that_is_gone)
{
	struct kit_run r;

	site_reset_zone(2);
	serve_hosts(true);
	var("level=high");
	var("high-ttl=600");
	just_run("set-dns-ttl", 0, "done");
	site_reset_zone(2);
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "caches may still hold the old TTL");
	expect_old();
	kit_run_free(&r);
}
END_TEST

/* set-dns-ttl was killed before it wrote down since when all is low. */
START_TEST(switch_counts_from_now_where_no_moment_was_recorded)
{
	struct kit_run r;

	site_reset_zone(3);
	serve_hosts(true);
	just_run("set-dns-ttl", 0, "done");
	kit_out("cd %s && git clone -q bare.git other && cd other && f="
	    "migrations/%s/record/dns.json && jq '.hosts[].ttl.since = null' "
	    "$f >../f && cp ../f $f && git -c user.name=x -c user.email=x@y "
	    "commit -qam x && git push -q", folder, kit_env("SB_INSTANCE"));
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "caches may still hold");
	kit_run_free(&r);
	sleep(5);
	just_run("switch-dns", 0, "done");
	expect_switched();
}
END_TEST

START_TEST(switch_refuses_a_new_side_that_is_not_ready)
{
	struct kit_run r;

	hurry();
	site_deploy(_i == 0 ? "sick" : "good");
	if (_i == 1)
		serve_hosts(false);
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "nothing was changed");
	kit_contains(r.out, _i == 0 ? "Access denied"
	    : "the ingress does not know this host");
	expect_old();
	kit_run_free(&r);
}
END_TEST

/* ---- go or no-go ---- */

/* In days from now, as the window wants it. */
static const char *
moment(int days)
{
	return kit_out("date -u -d '%d days' +%%Y-%%m-%%dT%%H:%%M:%%SZ", days);
}

START_TEST(switch_only_within_its_window)
{
	static const int days[][2] = { { -2, -1 }, { -1, 1 }, { 1, 2 } };
	struct kit_run r;

	hurry();
	var("window-from=%s", moment(days[_i][0]));
	var("window-until=%s", moment(days[_i][1]));
	if (_i == 1) {
		r = run("switch-dns", 0, "done");
		kit_contains(r.summary, "| window | go | until");
	} else {
		r = run("switch-dns", 1, "failed");
		kit_contains(r.out, "nothing was changed; window: the change");
		kit_contains(r.summary, "| window | **no go** |");
		expect_old();
	}
	kit_run_free(&r);
}
END_TEST

START_TEST(the_table_says_what_was_looked_at)
{
	static const char *const rows[] = { "| TTL | go |",
		"| name servers | go | all 2 ", "| resolvers | go |",
		"| new side | go |", "| certificates | go", "| CAA | go |",
		"| who else moves | go |", "| backup | go, but note | none ",
		"| visitors | go, but note | all are logged out" };
	struct kit_run r;

	hurry();
	sleep(2);	/* longer than the TTL */
	var("dry-run=true");
	r = run("switch-dns", 0, "would-change");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		kit_contains(r.summary, rows[i]);
	kit_run_free(&r);
}
END_TEST

/* The old ingress with this line in its configuration, or without it. */
static void
old_ingress(const char *line, bool there)
{
	const char *d = kit_text("%s/ingress/old", kit_env("SB_STATE"));

	kit_out("cd %s && sed -i '/^%s$/d' nginx.conf && { ! %s || sed -i "
	    "'s/^http {$/&\\n%s/' nginx.conf; } && kill -HUP $(cat "
	    "nginx.pid) && for i in $(seq 100); do curl -sD - -o /dev/null "
	    "--cacert %s --resolve %s:443:%s https://%s/heartbeat | grep -qi "
	    "'^strict-transport'; [ $? = %d ] && exit 0; sleep 0.05; done; "
	    "exit 1", d, line, there ? "true" : "false", line,
	    kit_env("SB_CA_BUNDLE"), lms, old_ip, lms, there ? 0 : 1);
}

/* Browsers that know the site would not even let visitors click it away. */
START_TEST(switch_refuses_a_tls_gap_where_browsers_are_strict)
{
	const char *hsts = "add_header Strict-Transport-Security max-age=9;",
	    *zone = kit_env("SB_ZONE");
	struct kit_run strict, accepted, caa;

	hurry();
	serve_hosts(false);
	kit_out("rm -f %s/ingress/new/tls/*%s*", kit_env("SB_STATE"), lms);
	serve_hosts(true);
	old_ingress(hsts, true);
	strict = kit_step("switch-dns", vars);
	var("dry-run=true");
	var("accept-tls-gap=true");
	accepted = kit_step("switch-dns", vars);
	old_ingress(hsts, false);
	site_patch(site_set(zone, "CAA", 1,
	    "0 issue \\\"ca.example.net\\\""));
	kit_out("unbound-control -q -c %s/dns/unbound/conf flush_zone %s",
	    kit_env("SB_STATE"), zone);
	caa = kit_step("switch-dns", vars);
	site_patch(site_no_set(zone, "CAA"));
	site_settle();
	ck_assert_int_eq(strict.status, 1);
	kit_contains(strict.out, "courses.example.test (the old side sends "
	    "HSTS)");
	kit_contains(strict.out, "accept-tls-gap: true");
	expect_old();
	kit_contains(accepted.summary, "| certificates | go, but note | no "
	    "valid one yet");
	kit_contains(caa.summary, "| CAA | **no go** | letsencrypt.org may "
	    "not issue: courses.example.test: example.test has CAA 0 issue "
	    "ca.example.net");
	kit_run_free(&strict);
	kit_run_free(&accepted);
	kit_run_free(&caa);
}
END_TEST

START_TEST(switch_refuses_resolvers_that_tell_another_story)
{
	const char *ctl = kit_text("unbound-control -q -c "
	    "%s/dns/unbound/conf", kit_env("SB_STATE"));
	struct kit_run r;

	hurry();
	kit_out("%s local_data %s. 600 IN A 192.0.2.9", ctl, cms);
	r = kit_step("switch-dns", vars);
	kit_out("%s local_data_remove %s.", ctl, cms);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "resolvers: they give other answers than the "
	    "zone");
	kit_contains(r.out, "192.0.2.9");
	expect_old();
	kit_run_free(&r);
}
END_TEST

START_TEST(a_wildcard_and_who_follows_are_told)
{
	const char *wild = kit_text("*.%s", lms), *beta =
	    "learn.example.test";
	struct kit_run r;

	hurry();
	site_patch(kit_text("%s,%s", site_set(wild, "A", 1, old_ip),
	    site_set(beta, "CNAME", 1, kit_text("%s.", lms))));
	site_settle();
	kit_out("sed -i 's/^LMS_HOST:.*/LMS_HOST: %s/' "
	    "%s/work/instances/beta/config.yml", beta, folder);
	var("dry-run=true");
	var("hosts=lms=%s, x=nothing.%s", lms, lms);
	r = kit_step("switch-dns", vars);
	site_patch(kit_text("%s,%s", site_no_set(wild, "A"),
	    site_no_set(beta, "CNAME")));
	ck_assert_int_eq(r.status, 0);
	kit_contains(r.summary, "a wildcard answers for it");
	kit_contains(r.summary, "by a CNAME also beta (learn.example.test "
	    "follows courses.example.test)");
	kit_run_free(&r);
}
END_TEST

/* The new side falls ill in the moment in which visitors come. */
static void
sicken_after_switch(void)
{
	const char *s = kit_env("SB_STATE");

	helper = spawn(kit_text("until dig +short @%s %s A | "
	    "grep -q '^%s$'; do sleep 0.05; done; ln -sfn st_sick "
	    "%s/deployed/new/current.st; mv -T %s/deployed/new/current.st "
	    "%s/deployed/new/current; sleep 1000", kit_env("SB_PDNS_ADDR"),
	    lms, new_ip, s, s, s));
}

START_TEST(switch_turns_back_when_the_new_side_falls_ill)
{
	struct kit_run r;

	hurry();
	var("timeout=10");
	sicken_after_switch();
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "switched back, and the old side serves again");
	kit_contains(r.out, "Access denied");
	expect_old();
	ck_assert_str_eq(kit_output(&r, "switched"), "false");
	kit_contains(r.summary, "```mermaid");
	ck_assert_str_eq(record(".switch.done"), "null");
	kit_run_free(&r);
}
END_TEST

/* There is nothing for its visitors to go back to. */
START_TEST(the_way_back_does_not_wait_for_a_host_that_is_new)
{
	struct kit_run r;

	hurry();
	site_patch(site_no_set(kit_env("SB_PREVIEW_HOST"), "CNAME"));
	site_settle();
	var("timeout=10");
	sicken_after_switch();
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "switched back, and the old side serves again");
	expect_old();
	kit_run_free(&r);
}
END_TEST

/* Resolvers would say longer that it does not exist than we wait. */
START_TEST(switch_refuses_a_new_name_that_is_held_to_be_none)
{
	const char *zone = kit_env("SB_ZONE");
	const char *soa = kit_text("ns1.%s. hostmaster.%s.", zone, zone);
	long serial = strtol(site_serial(), NULL, 10);
	struct kit_run r;

	hurry();
	site_patch(kit_text("%s,%s", site_no_set(kit_env("SB_PREVIEW_HOST"),
	    "CNAME"), site_set(zone, "SOA", 60, kit_text("%s %ld 60 5 3600 40",
	    soa, serial + 10))));
	site_settle();
	var("timeout=20");
	r = kit_step("switch-dns", vars);
	site_patch(site_set(zone, "SOA", 60, kit_text("%s %ld 60 5 3600 3",
	    soa, serial + 20)));
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "hold for 40 s that it does not exist");
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_keeps_the_new_records_if_told_so)
{
	struct kit_run r;

	hurry();
	var("timeout=8");
	var("on-failure=keep");
	sicken_after_switch();
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "were kept");
	expect_everywhere(lms, "A", answer(low, new_ip));
	kit_run_free(&r);
	/* Well again: the next run completes it. */
	end_child(&helper);
	site_deploy("good");
	var("timeout=60");
	r = kit_step("switch-dns", vars);
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_ne(record(".switch.done"), "null");
	kit_run_free(&r);
}
END_TEST

START_TEST(switch_killed_anywhere_is_completed)
{
	hurry();
	for (int k = 0; k < KILLS; k++) {
		struct kit_run r;

		site_reset_zone(1);
		r = kit_step_killed("switch-dns", vars, 150 + k * 300);
		kit_run_free(&r);
		r = kit_step("switch-dns", vars);
		ck_assert_msg(r.status == 0, "killed after %d ms: %s",
		    150 + k * 300, r.out);
		expect_switched();
		ck_assert_str_eq(record(".switch.from[0].values[0].value"),
		    old_ip);
		ck_assert_str_ne(record(".switch.done"), "null");
		kit_run_free(&r);
	}
}
END_TEST

START_TEST(switch_any_lost_request_is_made_good)
{
	static const char *const faults[] = { "reset-after", "reset-before",
		"html" };
	int n;

	hurry();
	use_proxy();
	fault(NULL);
	just_run("switch-dns", 0, "done");
	n = requests();
	for (int k = 1; k <= n; k++) {
		struct kit_run r;

		site_reset_zone(1);
		fault(kit_text("{\"fault\":\"%s\",\"nth\":%d}",
		    faults[k % 3], k));
		r = kit_step("switch-dns", vars);
		check_secrets(&r);
		fault(NULL);
		kit_run_free(&r);
		r = kit_step("switch-dns", vars);
		ck_assert_msg(r.status == 0, "after %s at %d: %s",
		    faults[k % 3], k, r.out);
		expect_switched();
		kit_run_free(&r);
	}
}
END_TEST

/* Once the step has asked so often for its notice. */
static const char *
when_told(int times)
{
	return kit_text("until [ \"$(curl -fsS http://%s/log | jq "
	    "'[.requests[] | select(.path | test(\"/notify$\"))] | length')"
	    "\" -ge %d ]; do sleep 0.2; done; ", control_at(), times);
}

START_TEST(a_name_server_that_lags_is_told_again)
{
	struct kit_run r;

	hurry();
	use_proxy();
	kit_out("%s", secondary("STOP"));
	/* The first notice gets lost, though the answer says it was sent. */
	fault("{\"fault\":\"status\",\"status\":200,\"method\":\"PUT\","
	    "\"path\":\"notify\"}");
	helper = spawn(kit_text("%s%s", when_told(2), secondary("CONT")));
	r = run("switch-dns", 0, "done");
	kit_contains(r.out, "not all name servers agree yet");
	kit_contains(r.out, kit_env("SB_NSD_ADDR"));
	/* Also the resolver, whichever of them it had asked. */
	ck_assert_str_eq(kit_out("dig +short @%s %s A",
	    kit_env("SB_RESOLVER_ADDR"), lms), new_ip);
	expect_switched();
	kit_run_free(&r);
}
END_TEST

/* They follow by themselves: no reason to lead all visitors back. */
START_TEST(servers_that_can_not_be_told_again_are_waited_for)
{
	struct kit_run r;

	hurry();
	use_proxy();
	kit_out("%s", secondary("STOP"));
	/* The notice of the change gets lost, and those after it fail. */
	fault("{\"fault\":\"status\",\"status\":200,\"method\":\"PUT\","
	    "\"path\":\"notify\"}");
	kit_out("curl -fsS -X POST -d '{\"fault\":\"status\",\"status\":500,"
	    "\"method\":\"PUT\",\"path\":\"notify\",\"nth\":2,\"always\":"
	    "true}' http://%s/fault", control_at());
	/* Only once the step has met both is the second server told. */
	helper = spawn(kit_text("%s%s; curl -fsS -o /dev/null -X PUT "
	    "-H 'X-API-Key: %s' %s/api/v1/servers/localhost/zones/%s./notify",
	    when_told(2), secondary("CONT"), kit_env("SB_PDNS_KEY"),
	    kit_env("SB_PDNS_API"), kit_env("SB_ZONE")));
	r = run("switch-dns", 0, "done");
	kit_contains(r.out, "not all name servers agree yet");
	kit_contains(r.out, "could not be told again");
	/* Also the resolver, whichever of them it had asked. */
	ck_assert_str_eq(kit_out("dig +short @%s %s A",
	    kit_env("SB_RESOLVER_ADDR"), lms), new_ip);
	expect_switched();
	kit_run_free(&r);
}
END_TEST

/* It answers, and with what was there before: that is no success. */
START_TEST(a_name_server_that_never_follows_is_named_and_turned_back_from)
{
	struct kit_run r;

	hurry();
	use_proxy();
	kit_out("%s", secondary("STOP"));
	var("timeout=8");
	fault("{\"fault\":\"status\",\"status\":200,\"method\":\"PUT\","
	    "\"path\":\"notify\",\"always\":true}");
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, kit_text("%s", kit_env("SB_NSD_ADDR")));
	kit_contains(r.out, "switched back, and the old side serves again");
	ck_assert_str_eq(kit_output(&r, "switched"), "false");
	ck_assert_str_eq(record(".switch.done"), "null");
	expect_old();
	kit_out("%s", secondary("CONT"));
	kit_run_free(&r);
}
END_TEST

START_TEST(an_ipv6_record_goes_with_the_switch_and_comes_back)
{
	struct kit_run r;

	hurry();
	site_patch(site_set(cms, "AAAA", 1, "2001:db8::1"));
	r = run("switch-dns", 0, "done");
	kit_contains(r.out, "no AAAA record (was AAAA 2001:db8::1 TTL 1)");
	kit_contains(r.summary, "| IPv6 | go, but note | studio.courses."
	    "example.test: AAAA 2001:db8::1 TTL 1 goes in the same change");
	ck_assert_str_eq(says(kit_env("SB_PDNS_ADDR"), cms, "AAAA"), "");
	kit_contains(record("[.switch.from[].type] | join(\",\")"), "AAAA");
	expect_switched();
	kit_run_free(&r);
}
END_TEST

START_TEST(a_cname_to_elsewhere_gives_way_to_an_address)
{
	struct kit_run r;

	hurry();
	site_patch(site_set(mfe, "CNAME", 1, "lb.old.example.test."));
	site_patch(site_set("lb.old.example.test", "A", 1, old_ip));
	r = run("switch-dns", 0, "done");
	expect_everywhere(mfe, "A", answer(low, new_ip));
	kit_run_free(&r);
	site_patch(kit_text("%s,%s", site_no_set(mfe, "A"),
	    site_no_set("lb.old.example.test", "A")));
}
END_TEST

/* ---- restore-dns ------------------------------------------------------- */

static void
switch_once(void)
{
	hurry();
	just_run("switch-dns", 0, "done");
}

START_TEST(restore_leads_back_what_the_switch_moved_and_measures_it)
{
	const char *history;
	struct kit_run r;

	switch_once();
	/* Since then the TTLs were raised, as phase settle does. */
	var("level=high");
	var("high-ttl=3");
	just_run("set-dns-ttl", 0, "done");
	r = run("restore-dns", 0, "done");
	expect_old();
	ck_assert_str_eq(kit_output(&r, "restored"), "true");
	ck_assert_int_eq(strlen(kit_output(&r, "cached-until")), 20);
	kit_contains(kit_output(&r, "outages"), "courses.example.test=0.0");
	kit_contains(r.summary, "```mermaid\ngantt");
	kit_contains(r.summary, "old side :done");
	ck_assert_str_eq(record(".switch.done"), "null");
	ck_assert_str_ne(record(".switch.undone"), "null");
	ck_assert_str_eq(record(LMS ".ttl.was"), "3");
	ck_assert_str_ne(record(LMS ".ttl.since"), "null");
	kit_run_free(&r);
	history = commits();
	just_run("restore-dns", 0, "unchanged");
	ck_assert_str_eq(commits(), history);
	/* And there again. */
	var("level=low");
	just_run("set-dns-ttl", 0, "done");
	just_run("switch-dns", 0, "done");
	expect_switched();
}
END_TEST

START_TEST(restore_dry_run_only_tells)
{
	const char *before, *history;
	struct kit_run r;

	switch_once();
	before = site_serial();
	history = commits();
	var("dry-run=true");
	r = run("restore-dns", 0, "would-change");
	kit_contains(r.out, kit_text("would be A %s", old_ip));
	ck_assert_str_eq(kit_output(&r, "restored"), "false");
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(commits(), history);
	kit_run_free(&r);
}
END_TEST

START_TEST(restore_refuses_where_nothing_was_switched)
{
	struct kit_run r = run("restore-dns", 1, "needs-hand");

	kit_contains(r.out, "knows of no switch");
	kit_run_free(&r);
}
END_TEST

START_TEST(restore_refuses_an_old_side_that_is_not_well)
{
	const char *config = kit_text("%s/deployed/old/config.yml",
	    kit_env("SB_STATE"));
	struct kit_run r;

	switch_once();
	kit_out("cp %s %s/well.yml && cp %s/sick.yml %s", config, folder,
	    folder, config);
	r = kit_step("restore-dns", vars);
	kit_out("cp %s/well.yml %s", folder, config);
	ck_assert_int_eq(r.status, 1);
	kit_contains(r.out, "nothing was changed, the old side is not ready");
	kit_contains(r.out, "Access denied");
	expect_switched();
	kit_run_free(&r);
}
END_TEST

START_TEST(restore_refuses_what_somebody_changed_since)
{
	struct kit_run r;

	switch_once();
	site_patch(site_set(cms, _i == 0 ? "A" : "AAAA", 1, _i == 0
	    ? "192.0.2.9" : "2001:db8::9"));
	r = run("restore-dns", 1, "failed");
	kit_contains(r.out, kit_text("%s: somebody changed it since", cms));
	expect_everywhere(lms, "A", answer(1, new_ip));
	kit_run_free(&r);
}
END_TEST

START_TEST(restore_killed_anywhere_is_completed)
{
	switch_once();
	for (int k = 0; k < KILLS; k++) {
		struct kit_run r;

		if (k > 0)
			just_run("switch-dns", 0, "done");
		r = kit_step_killed("restore-dns", vars, 150 + k * 300);
		kit_run_free(&r);
		r = kit_step("restore-dns", vars);
		ck_assert_msg(r.status == 0, "killed after %d ms: %s",
		    150 + k * 300, r.out);
		expect_old();
		ck_assert_str_ne(record(".switch.undone"), "null");
		kit_run_free(&r);
	}
}
END_TEST

START_TEST(restore_any_lost_request_is_made_good)
{
	static const char *const faults[] = { "reset-after", "reset-before",
		"html" };
	int n;

	switch_once();
	use_proxy();
	fault(NULL);
	just_run("restore-dns", 0, "done");
	n = requests();
	ck_assert_int_ge(n, 6);
	for (int k = 1; k <= n; k++) {
		struct kit_run r;

		fault(NULL);
		just_run("switch-dns", 0, "done");
		fault(kit_text("{\"fault\":\"%s\",\"nth\":%d}",
		    faults[k % 3], k));
		r = kit_step("restore-dns", vars);
		check_secrets(&r);
		fault(NULL);
		kit_run_free(&r);
		r = kit_step("restore-dns", vars);
		ck_assert_msg(r.status == 0, "after %s at %d: %s",
		    faults[k % 3], k, r.out);
		expect_old();
		kit_run_free(&r);
	}
}
END_TEST

/* ---- a zone of others -------------------------------------------------- */

/* Whoever keeps the zone does it some seconds after being told. */
START_TEST(others_are_told_what_to_change_and_waited_for)
{
	struct kit_run r;

	hurry();
	var("dns-provider=manual");
	var("dns-token=");
	var("dns-server=");
	helper = spawn(kit_text("sleep 6; curl -fsS -X PATCH -H 'X-API-Key: "
	    "%s' -d '{\"rrsets\":[%s,%s]}' %s/api/v1/servers/localhost/zones/"
	    "%s. && curl -fsS -o /dev/null -X PUT -H 'X-API-Key: %s' "
	    "%s/api/v1/servers/localhost/zones/%s./notify",
	    kit_env("SB_PDNS_KEY"), site_set(lms, "A", 1, new_ip),
	    site_set(cms, "A", 1, new_ip), kit_env("SB_PDNS_API"),
	    kit_env("SB_ZONE"), kit_env("SB_PDNS_KEY"),
	    kit_env("SB_PDNS_API"), kit_env("SB_ZONE")));
	r = run("switch-dns", 0, "done");
	expect_switched();
	kit_contains(r.summary, kit_text("  %s\n    now:  A %s TTL 1\n    "
	    "then: A %s TTL 1\n", cms, old_ip, new_ip));
	kit_contains(r.summary, "```mermaid\ngantt");
	ck_assert_str_ne(record(".switch.done"), "null");
	kit_run_free(&r);
	just_run("switch-dns", 0, "unchanged");
}
END_TEST

START_TEST(others_who_do_not_do_it_are_no_success)
{
	const char *before;
	struct kit_run r;

	hurry();
	before = site_serial();
	var("dns-provider=manual");
	var("wait-hours=0");
	r = run("switch-dns", 1, "failed");
	kit_contains(r.out, "nothing was changed: who keeps the zone has not "
	    "made the change");
	kit_contains(r.out, kit_env("SB_PDNS_ADDR"));
	ck_assert_str_eq(site_serial(), before);
	ck_assert_str_eq(kit_output(&r, "switched"), "false");
	expect_old();
	kit_run_free(&r);
}
END_TEST

static void
add_manual(Suite *s)
{
	TCase *t = tcase_create("manual");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 400);
	tcase_add_test(t, others_are_told_what_to_change_and_waited_for);
	tcase_add_test(t, others_who_do_not_do_it_are_no_success);
	suite_add_tcase(s, t);
}

static void
add_restore(Suite *s)
{
	TCase *t = tcase_create("restore-dns");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 400);
	tcase_add_test(t,
	    restore_leads_back_what_the_switch_moved_and_measures_it);
	tcase_add_test(t, restore_dry_run_only_tells);
	tcase_add_test(t, restore_refuses_where_nothing_was_switched);
	tcase_add_test(t, restore_refuses_an_old_side_that_is_not_well);
	tcase_add_loop_test(t, restore_refuses_what_somebody_changed_since,
	    0, 2);
	tcase_add_test(t, restore_killed_anywhere_is_completed);
	tcase_add_test(t, restore_any_lost_request_is_made_good);
	suite_add_tcase(s, t);
}

static void
add_departure(Suite *s)
{
	TCase *t = tcase_create("go-no-go");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 400);
	tcase_add_loop_test(t, switch_only_within_its_window, 0, 3);
	tcase_add_test(t, the_table_says_what_was_looked_at);
	tcase_add_test(t, switch_refuses_a_tls_gap_where_browsers_are_strict);
	tcase_add_test(t, switch_refuses_resolvers_that_tell_another_story);
	tcase_add_test(t, a_wildcard_and_who_follows_are_told);
	suite_add_tcase(s, t);
}

static Suite *
suite(void)
{
	Suite *s = suite_create("dns");
	TCase *t = tcase_create("set-dns-ttl");
	TCase *w = tcase_create("switch-dns");

	add_restore(s);
	add_departure(s);
	add_manual(s);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 400);
	tcase_add_test(t, ttl_of_all_hosts_is_lowered_and_recorded);
	tcase_add_test(t, ttl_again_changes_nothing);
	tcase_add_test(t, a_ttl_that_is_low_enough_is_left_alone);
	tcase_add_test(t, hosts_without_any_record_are_no_success);
	tcase_add_test(t, ttl_dry_run_only_tells);
	tcase_add_test(t, ttl_first_sets_are_never_forgotten);
	tcase_add_test(t, ttl_keeps_disabled_records_and_comments);
	tcase_add_test(t, ttl_any_lost_request_is_made_good);
	tcase_add_test(t, ttl_killed_anywhere_is_completed);
	tcase_add_test(t, wrong_inputs_are_told_before_anything_is_asked);
	tcase_add_test(t, a_refused_key_says_which_input_it_is);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(w, set_up, tear_down);
	tcase_set_timeout(w, 600);
	tcase_add_test(w, switch_moves_all_hosts_and_measures_the_outage);
	tcase_add_test(w, the_outage_is_what_another_visitor_saw);
	tcase_add_test(w, switch_dry_run_only_tells);
	tcase_add_test(w, switch_refuses_while_caches_hold_the_old_ttl);
	tcase_add_test(w, switch_refuses_a_ttl_that_was_never_lowered);
	tcase_add_test(w, switch_without_a_record_waits_as_if_lowered_now);
	tcase_add_test(w, switch_distrusts_the_record_of_a_ttl_that_is_gone);
	tcase_add_test(w, switch_counts_from_now_where_no_moment_was_recorded);
	tcase_add_loop_test(w, switch_refuses_a_new_side_that_is_not_ready,
	    0, 2);
	tcase_add_test(w, switch_turns_back_when_the_new_side_falls_ill);
	tcase_add_test(w, the_way_back_does_not_wait_for_a_host_that_is_new);
	tcase_add_test(w, switch_refuses_a_new_name_that_is_held_to_be_none);
	tcase_add_test(w, switch_keeps_the_new_records_if_told_so);
	tcase_add_test(w, switch_killed_anywhere_is_completed);
	tcase_add_test(w, switch_any_lost_request_is_made_good);
	tcase_add_test(w, a_name_server_that_lags_is_told_again);
	tcase_add_test(w, servers_that_can_not_be_told_again_are_waited_for);
	tcase_add_test(w,
	    a_name_server_that_never_follows_is_named_and_turned_back_from);
	tcase_add_test(w, an_ipv6_record_goes_with_the_switch_and_comes_back);
	tcase_add_test(w, a_cname_to_elsewhere_gives_way_to_an_address);
	suite_add_tcase(s, w);
	return s;
}

int
main(void)
{
	return kit_main(suite(), (Suite *)NULL);
}
