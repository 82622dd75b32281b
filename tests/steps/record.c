/*
 * Proves for each step that keeps a record that the record comes first: any
 * request to the git server may be refused, reset, or carried out with its
 * answer lost, and then nothing outside has changed that the branch does not
 * tell of; the next run ends as an undisturbed one.
 *
 * Runs inside the sandbox, its git server behind the fault proxy. Leaves the
 * zone, the databases and the repository as they were.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/site.h"
#include "tests/kit/world.h"

#define USER "rt_app"
#define PASSWORD "rt_app-password"
#define MONGO_ROLES "{\"role\":\"readWriteAnyDatabase\",\"db\":\"admin\"}"

enum { VARS = 40, REQUESTS = 60 };

static struct world_proxy proxy;
static const char *work, *start;	/* checkout; commit it begins with */

/* ---- the outside, seen and set without our own code -------------------- */

static const char *
mysql(const char *sql)
{
	return kit_out("MYSQL_PWD='%s' mariadb -h %s -P %s -u %s --ssl-ca="
	    "'%s/ca/ca.crt' -N -e \"%s\" 2>&1",
	    kit_env("SB_MYSQL_ADMIN_PASSWORD"), kit_env("SB_MYSQL_HOST"),
	    kit_env("SB_MYSQL_PORT"), kit_env("SB_MYSQL_ADMIN"),
	    kit_env("SB_STATE"), sql);
}

static const char *
mongo(const char *command, bool may_fail)
{
	const char *doubles = getenv("SB_DOUBLES");

	return kit_out("MONGODB_PASSWORD='%s' %s/askmongo %s %s %s admin '%s'"
	    " 2>&1%s", kit_env("SB_MONGO_ADMIN_PASSWORD"), doubles != NULL
	    ? doubles : "build/doubles", kit_env("SB_MONGO_HOST"),
	    kit_env("SB_MONGO_PORT"), kit_env("SB_MONGO_ADMIN"), command,
	    may_fail ? " || true" : "");
}

static const char *
records(void)
{
	return kit_out("for s in %s %s; do for n in '%s A' '%s A' '%s CNAME' "
	    "'%s A'; do dig +noall +answer +norecurse @$s $n | "
	    "awk '{ print $1, $2, $4, $5 }'; done; done",
	    kit_env("SB_PDNS_ADDR"), kit_env("SB_NSD_ADDR"),
	    kit_env("SB_LMS_HOST"), kit_env("SB_CMS_HOST"),
	    kit_env("SB_MFE_HOST"), kit_env("SB_MFE_HOST"));
}

static void
records_at_first(void)
{
	site_reset_zone(5);
}

static void
records_low(void)
{
	site_reset_zone(1);
}

/* Ready to be switched to, with certificates of before. */
static void
new_side(void)
{
	site_config("record", kit_text("%s/deployed/old/config.yml",
	    kit_env("SB_STATE")));
	site_deploy("record");
	site_serve(kit_text("%s %s %s %s", kit_env("SB_LMS_HOST"),
	    kit_env("SB_CMS_HOST"), kit_env("SB_MFE_HOST"),
	    kit_env("SB_PREVIEW_HOST")), false);
}

static void
old_side(void)
{
	site_reset_zone(5);
	site_clear();
}

static const char *
autosync(void)
{
	const char *file = kit_text("%s.app", work);
	char *app = world_argocd("", "");

	kit_write(file, app);
	free(app);
	return kit_out("jq -c .spec.syncPolicy.automated '%s'; rm '%s'", file,
	    file);
}

static void
autosync_on(void)
{
	world_set("argocd.version", "2.14.21");
	world_automate("{\"prune\":true}");
}

static void
autosync_off(void)
{
	world_set("argocd.version", "2.14.21");
	world_automate("null");
}

static void
an_instance(void)
{
	world_run("create-instance.yml");
}

/* As an earlier run of the step left it: block gone, and in the record. */
static void
an_instance_that_waits(void)
{
	an_instance();
	free(world_change("chore: automated sync off", "mkdir -p "
	    "migrations/acme/record && printf '%%s\\n' '{\"file\":"
	    "\"automated:\\n  enabled: true\\n  prune: true\\n\","
	    "\"live\":{\"prune\":true}}' >migrations/acme/record/autosync.json"
	    " && sed -i '/automated:/,/prune:/d' "
	    "instances/acme/application.yml"));
}

static const char *
grants(void)
{
	return mysql("SHOW GRANTS FOR '" USER "'");
}

static void
grants_wide(void)
{
	mysql("DROP USER IF EXISTS '" USER "'; DROP DATABASE IF EXISTS rt_db;"
	    " CREATE DATABASE rt_db; CREATE USER '" USER "' IDENTIFIED BY '"
	    PASSWORD "'; GRANT ALL PRIVILEGES ON *.* TO '" USER
	    "' WITH GRANT OPTION");
}

static void
grants_gone(void)
{
	mysql("DROP USER IF EXISTS '" USER "'; DROP DATABASE IF EXISTS "
	    "rt_db");
}

static const char *
roles(void)
{
	const char *file = kit_text("%s.user", work);

	kit_write(file, mongo("{\"usersInfo\":{\"user\":\"" USER
	    "\",\"db\":\"admin\"}}", false));
	return kit_out("jq -c '.users[0].roles | sort' '%s'; rm '%s'", file,
	    file);
}

static void
roles_wide(void)
{
	mongo("{\"updateUser\":\"" USER "\",\"roles\":[" MONGO_ROLES "]}",
	    false);
}

/* An earlier test that failed may have left it. */
static void
no_mongo_user(void)
{
	mongo("{\"dropUser\":\"" USER "\"}", true);
}

static void
a_mongo_user(void)
{
	no_mongo_user();
	mongo("{\"createUser\":\"" USER "\",\"pwd\":\"" PASSWORD "\","
	    "\"roles\":[" MONGO_ROLES "]}", false);
}

/* ---- the steps --------------------------------------------------------- */

static const struct subject {
	const char *step, *vars[12];
	void (*once)(void);		/* what lies around */
	void (*again)(void);		/* before each run: as it was */
	const char *(*outside)(void);	/* what it changes but in git */
	void (*leave)(void);
	const char *record, *holds;	/* jq: true where it tells of before */
} subjects[] = {
	{ .step = "set-dns-ttl", .vars = { "low-ttl=2", "timeout=30" },
	  .again = records_at_first, .outside = records,
	  .leave = records_at_first, .record = "dns",
	  .holds = ".hosts[\"courses.example.test\"].sets[0].ttl == 5" },
	{ .step = "switch-dns", .vars = { "low-ttl=1", "timeout=30",
	  "wait=true", "good=1" }, .once = new_side, .again = records_low,
	  .outside = records, .leave = old_side, .record = "dns",
	  .holds = ".switch.from[0].values[0].value == env.SB_OLD_ADDR" },
	{ .step = "set-autosync", .vars = { "enabled=false" },
	  .once = an_instance, .again = autosync_on, .outside = autosync,
	  .record = "autosync", .holds = ".live.prune" },
	{ .step = "set-autosync", .vars = { "enabled=true" },
	  .once = an_instance_that_waits, .again = autosync_off,
	  .outside = autosync, .record = "autosync", .holds = ".live.prune" },
	{ .step = "restrict-mysql", .vars = { "mode=restrict",
	  "old-running=true", "mysql-user=" USER, "mysql-databases=rt_db",
	  "mysql-user-password=" PASSWORD }, .again = grants_wide,
	  .outside = grants, .leave = grants_gone, .record = "mysql",
	  .holds = "[.accounts[].lines[] | select(test(\"ON [*][.][*] TO\"))]"
	  " | length > 0" },
	{ .step = "restrict-mongodb", .vars = { "mode=restrict",
	  "mongodb-tls=off", "old-running=true", "mongodb-user=" USER,
	  "mongodb-databases=rt-main rt-forum",
	  "mongodb-user-password=" PASSWORD }, .once = a_mongo_user,
	  .again = roles_wide, .outside = roles, .leave = no_mongo_user,
	  .record = "mongodb", .holds = "[.accounts[].lines[] | "
	  "select(. == \"admin readWriteAnyDatabase\")] | length > 0" },
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

static const struct subject *subject;

static const char **
vars(void)
{
	static const char *all[VARS];
	const char **common = world_vars(work,
	    kit_text("ca-file=%s", proxy.ca),
	    kit_text("dns-token=%s", kit_env("SB_PDNS_KEY")),
	    kit_text("mysql-admin-password=%s",
		kit_env("SB_MYSQL_ADMIN_PASSWORD")),
	    kit_text("mongodb-admin-password=%s",
		kit_env("SB_MONGO_ADMIN_PASSWORD")), NULL);

	memset(all, 0, sizeof all);
	for (size_t i = 0; i < 12 && subject->vars[i] != NULL; i++)
		kit_add(all, VARS, subject->vars[i]);
	for (size_t i = 0; common[i] != NULL; i++)
		kit_add(all, VARS, common[i]);
	return all;
}

static struct kit_run
run(void)
{
	struct kit_run r = kit_step(subject->step, vars());

	kit_lacks(r.out, kit_env("SB_GITHUB_TOKEN"));
	return r;
}

/* ---- the branch -------------------------------------------------------- */

static const char *
bare(void)
{
	return kit_text("%s/git/%s.git", kit_env("SB_STATE"),
	    kit_env("SB_REPO"));
}

/* A checkout whose remote is behind the proxy. */
static void
check_out(void)
{
	char *dir = world_clone();

	free(kit_sh("git -C '%s' remote set-url origin '%s/%s.git'", dir,
	    proxy.url, kit_env("SB_REPO")));
	if (work != NULL)
		free(kit_sh("rm -rf '%s'", work));
	work = dir;
}

/* The outside and the branch as before the step. */
static void
back_to_start(void)
{
	free(kit_sh("git -C '%s' update-ref refs/heads/%s %s", bare(),
	    kit_env("SB_BRANCH"), start));
	check_out();
	subject->again();
}

/* All that counts at the end, without moments. */
static const char *
state(void)
{
	return kit_text("%s\n%s", subject->outside(), kit_out(
	    "git -C '%s' log --format=%%s %s..%s && git -C '%s' diff %s %s | "
	    "sed 's/^index .*//; s/20[0-9-]*T[0-9:]*Z/MOMENT/' && "
	    "git -C '%s' status --porcelain && "
	    "find '%s/.git' -name '*.lock' -o -name 'transplant-*'",
	    bare(), start, kit_env("SB_BRANCH"), bare(), start,
	    kit_env("SB_BRANCH"), work, work));
}

/* Whatever has changed outside, the branch tells what was. */
static void
check_held(const char *before, const char *fault)
{
	const char *now = subject->outside();

	if (strcmp(before, now) == 0)
		return;
	kit_out("{ git -C '%s' show %s:migrations/acme/record/%s.json "
	    ">'%s.record' && jq -e '%s' '%s.record'; } >/dev/null 2>&1 || "
	    "{ echo '%s, after %s: changed, and not in the record'; exit 1; "
	    "}; rm '%s.record'", bare(), kit_env("SB_BRANCH"),
	    subject->record, work, subject->holds, work, subject->step,
	    fault, work);
}

/* ---- the tests --------------------------------------------------------- */

static void
set_up(void)
{
	world_begin();
	work = NULL;
	proxy = world_proxy_start(kit_env("SB_GIT_ADDR"), "github.com");
}

static void
tear_down(void)
{
	if (subject != NULL && subject->leave != NULL)
		subject->leave();
	world_proxy_stop(&proxy);
	world_end();
}

static void
control(const char *how)
{
	kit_out("curl -fsS -X POST 'http://127.0.0.1:%d/clear'",
	    proxy.control);
	if (how != NULL)
		world_proxy_fault(&proxy, how);
}

/* The methods and paths of what an undisturbed run asked, in order. */
static size_t
requests(const char *list[REQUESTS])
{
	const char *text = kit_out("curl -fsS 'http://127.0.0.1:%d/log' | "
	    "jq -r '.requests[] | .method + \" \" + .path'", proxy.control);
	size_t n = 0;

	for (; *text != '\0'; text += strcspn(text, "\n"),
	    text += *text == '\n') {
		ck_assert_uint_lt(n, REQUESTS);
		list[n++] = kit_text("%.*s", (int)strcspn(text, "\n"), text);
	}
	return n;
}

static void
must_end(struct kit_run r, const char *want, const char *fault)
{
	const char *got;

	ck_assert_msg(r.status == 0, "%s, after %s: exit %d: %s",
	    subject->step, fault, r.status, r.out);
	got = state();
	ck_assert_msg(strcmp(got, want) == 0, "%s, after %s:\n%s\ninstead of"
	    "\n%s", subject->step, fault, got, want);
	kit_run_free(&r);
}

/* Refused outright: it ends there, and says by whom. */
static void
with_a_refusal(size_t k, const char *request, const char *want)
{
	const char *fault = kit_text("a refused %s (%zu)", request, k);
	const char *before;
	struct kit_run r;

	back_to_start();
	before = subject->outside();
	control(kit_text("{\"fault\":\"status\",\"status\":403,\"nth\":%zu}",
	    k));
	r = run();
	ck_assert_msg(r.status == 1, "%s, %s: exit %d: %s", subject->step,
	    fault, r.status, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "failed");
	kit_contains(r.out, "git says");
	kit_contains(r.out, "403");
	kit_run_free(&r);
	check_held(before, fault);
	control(NULL);
	if (k % 2 == 0)		/* the next run has a checkout of its own */
		check_out();
	must_end(run(), want, fault);
}

/* No answer: it is asked again, and what was pushed is not pushed twice. */
static void
with_a_loss(size_t k, const char *request, const char *how, const char *want)
{
	const char *fault = kit_text("%s of %s (%zu)", how, request, k);
	const char *before;
	struct kit_run r;

	back_to_start();
	before = subject->outside();
	control(kit_text("{\"fault\":\"%s\",\"nth\":%zu}", how, k));
	r = run();
	ck_assert_msg(r.status <= 1, "%s, %s: exit %d: %s", subject->step,
	    fault, r.status, r.out);
	check_held(before, fault);
	control(NULL);
	if (r.status == 0) {
		must_end(r, want, fault);
		return;
	}
	kit_run_free(&r);
	must_end(run(), want, fault);
}

/* What one run makes when nothing fails. */
static const char *
undisturbed(void)
{
	struct kit_run r = run();

	ck_assert_msg(r.status == 0, "%s: %s", subject->step, r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "done");
	kit_run_free(&r);
	return state();
}

/*
 * One git call, its requests from `first` to `last`, counted from 1. Where
 * its first request is not the one that is refused, its last is.
 */
static void
each_may_fail(const char *const *list, size_t first, size_t last, int call,
    const char *want)
{
	bool push = strstr(list[last - 1], "git-receive-pack") != NULL;
	size_t k = push || call % 2 == 0 ? first : last;

	with_a_refusal(k, list[k - 1], want);
	if (push)
		with_a_loss(last, list[last - 1], "reset-after", want);
	else if (call == 0)
		with_a_loss(first, list[first - 1], "reset-before", want);
}

START_TEST(any_git_call_may_fail_and_the_record_comes_first)
{
	const char *list[REQUESTS], *want;
	int calls = 0;
	size_t n;

	subject = &subjects[_i];
	check_out();
	if (subject->once != NULL)
		subject->once();
	start = world_head();
	back_to_start();
	control(NULL);
	want = undisturbed();
	n = requests(list);
	for (size_t first = 1, last; first <= n; first = last + 1) {
		ck_assert(strncmp(list[first - 1], "GET", 3) == 0);
		for (last = first; last < n
		    && strncmp(list[last], "POST", 4) == 0; last++)
			;
		each_may_fail(list, first, last, calls++, want);
	}
	ck_assert_int_ge(calls, 2);	/* at least fetch and push */
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("git");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 400);
	tcase_add_loop_test(t,
	    any_git_call_may_fail_and_the_record_comes_first, 0,
	    SUBJECTS);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
