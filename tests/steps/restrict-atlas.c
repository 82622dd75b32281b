/*
 * Proves restrict-mongodb where Atlas runs the server: all roles are replaced
 * by the company's API, the step waits until that is in force, what custom
 * roles allow is judged, and what the user might is given back.
 *
 * Runs inside the sandbox; the users are the Atlas double's, whose roles are
 * those of the MongoDB double, too.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/managed.h"
#include "tests/kit/world.h"

#define ROLE(name, db) \
	"{\"roleName\":\"" name "\",\"databaseName\":\"" db "\"}"
#define AT_FIRST "dbAdminAnyDatabase@admin\nreadWriteAnyDatabase@admin"
#define SCOPED "readWrite@acme-cs_comments_service\nreadWrite@acme-openedx"

static char *work;

/* ---- the user, without our own code ---- */

static const char *
user(const char *arguments)
{
	return managed_atlas(arguments, kit_text("databaseUsers/admin/%s",
	    kit_env("SB_MONGO_USER")));
}

/* "readWrite@acme-openedx" a line, sorted. */
static const char *
roles(void)
{
	return kit_out("jq -r '.roles[] | [.roleName, .collectionName // "
	    "empty] | join(\" \")' <<'J' >%s.names; jq -r '.roles[]"
	    ".databaseName' <<'J' | paste -d@ %s.names - | sort\n%s\nJ\n%s\n"
	    "J", work, work, user(""), user(""));
}

static void
give(const char *list)
{
	kit_contains(user(kit_text("-X PATCH -d '{\"roles\":[%s]}'", list)),
	    "roleName");
}

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
	free(kit_sh("rm -rf '%s' '%s.names'", work, work));
	free(work);
}

static const char **
vars(const char *a, const char *b, const char *c)
{
	const char *const usual[] = { "provider=atlas", "mongodb-tls=off",
	    "old-running=true",
	    kit_text("mongodb-host=%s", kit_env("SB_MONGO_HOST")),
	    kit_text("mongodb-user=%s", kit_env("SB_MONGO_USER")),
	    kit_text("mongodb-user-password=%s",
		kit_env("SB_MONGO_PASSWORD")),
	    kit_text("mongodb-databases=%s,%s", kit_env("SB_MONGO_DATABASE"),
		kit_env("SB_MONGO_FORUM")),
	    kit_text("mongodb-project=%s", kit_env("SB_ATLAS_PROJECT")),
	    kit_text("mongodb-cluster=%s", kit_env("SB_ATLAS_CLUSTER")),
	    kit_text("atlas-client-id=%s", kit_env("SB_ATLAS_CLIENT_ID")),
	    kit_text("atlas-client-secret=%s",
		kit_env("SB_ATLAS_CLIENT_SECRET")) };
	const char **all = world_vars(work, a, b, c, NULL);
	bool keys = b != NULL && strncmp(b, "atlas-public", 12) == 0;

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (!keys || strncmp(usual[i], "atlas-", 6) != 0)
			kit_add_usual(all, WORLD_VARS, usual[i]);
	return all;
}

static void
shows_no_secret(const struct kit_run *r)
{
	kit_lacks(r->out, kit_env("SB_MONGO_PASSWORD"));
	kit_lacks(r->out, kit_env("SB_ATLAS_CLIENT_SECRET"));
	kit_lacks(r->out, kit_env("SB_ATLAS_PRIVATE_KEY"));
}

static void
expect3(const char *a, const char *b, const char *c, const char *status)
{
	struct kit_run r = kit_step("restrict-mongodb", vars(a, b, c));

	ck_assert_msg(strcmp(kit_output(&r, "status"), status) == 0,
	    "%s: %s, not %s: %s", a, kit_output(&r, "status"), status,
	    r.out);
	shows_no_secret(&r);
	kit_run_free(&r);
}

static void
expect(const char *a, const char *status)
{
	expect3(a, NULL, NULL, status);
}

static void
says(const char *a, const char *b, int status, const char *words)
{
	struct kit_run r = kit_step("restrict-mongodb", vars(a, b, NULL));

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, words);
	shows_no_secret(&r);
	kit_run_free(&r);
}

/* ---- tests ---- */

START_TEST(the_roles_become_the_two_and_come_back)
{
	expect3("mode=restrict", "dry-run=true", NULL, "would-change");
	ck_assert_str_eq(roles(), AT_FIRST);
	expect("mode=restrict", "done");
	ck_assert_str_eq(roles(), SCOPED);
	kit_contains(managed_record(), "admin readWriteAnyDatabase");
	kit_contains(managed_record(), "\"restricted\"");
	expect("mode=restrict", "unchanged");
	expect("mode=restore", "done");
	ck_assert_str_eq(roles(), AT_FIRST);
	kit_contains(managed_record(), "\"restored\"");
	expect("mode=restore", "unchanged");
}
END_TEST

START_TEST(a_pair_of_keys_does_too)
{
	expect3("mode=restrict", kit_text("atlas-public-key=%s",
	    kit_env("SB_ATLAS_PUBLIC_KEY")), kit_text("atlas-private-key=%s",
	    kit_env("SB_ATLAS_PRIVATE_KEY")), "done");
	ck_assert_str_eq(roles(), SCOPED);
	ck_assert_int_eq(world_count("atlas.tokens"), 0);
}
END_TEST

/* Until then the user could read the databases of others. */
START_TEST(what_is_not_in_force_yet_is_waited_for)
{
	world_set("atlas.busy", "2");
	world_set("atlas.limited", "1");
	world_set("atlas.seconds", "3");
	says("mode=restrict", NULL, 0, "its own databases open, others "
	    "refuse");
	ck_assert_str_eq(roles(), SCOPED);
}
END_TEST

static const struct {
	const char *role, *says;
} customs[] = {
	{ ROLE("reports", "admin"), "high: admin.acme: reports@admin" },
	{ ROLE("within", "admin"), "high: admin.acme: within@admin" },
	{ ROLE("all", "admin"), "critical: admin.acme: all@admin" },
	{ "{\"roleName\":\"read\",\"databaseName\":\"acme-openedx\","
	  "\"collectionName\":\"modulestore\"}",
	  "medium: admin.acme: read modulestore@acme-openedx" },
};

START_TEST(what_a_custom_role_allows_counts_and_is_given_back)
{
	const char *before;

	give(customs[_i].role);
	before = roles();
	says("mode=plan", NULL, 0, customs[_i].says);
	expect("mode=restrict", "done");
	ck_assert_str_eq(roles(), SCOPED);
	expect("mode=restore", "done");
	ck_assert_str_eq(roles(), before);
}
END_TEST

static const struct {
	const char *a, *b;
	int status;
	const char *says;
} mistakes[] = {
	{ "mode=restrict", "mongodb-cluster=", 2, "mongodb-cluster: it is" },
	{ "mode=restrict", "mongodb-project=", 2, "mongodb-project: it is" },
	{ "mode=restrict", "mongodb-project=4", 2, "no id of a project" },
	{ "mode=restrict", "atlas-client-secret=", 2, "give it with" },
	{ "mode=restrict", "atlas-client-secret=wrong", 1, "is refused" },
	{ "mode=restrict", "mongodb-user=nobody", 2, "make him there" },
	{ "mode=restore", NULL, 1, "nothing to restore" },
	{ "mode=retire", NULL, 2, "digitalocean" },
};

START_TEST(what_is_wrong_is_told)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		says(mistakes[i].a, mistakes[i].b, mistakes[i].status,
		    mistakes[i].says);
	ck_assert_str_eq(roles(), AT_FIRST);
	world_set("atlas.owner", "0");
	says("mode=restrict", NULL, 1, "lacks a role in the project");
	world_set("atlas.elsewhere", "1");
	says("mode=restrict", NULL, 1, "from listed addresses only");
}
END_TEST

static const char *const faults[] = {
	"\"fault\":\"reset-after\"", "\"fault\":\"status\",\"status\":503",
};
enum { REQUESTS = 5 };	/* token, look, patch, status, look */

/* The nth request fails; what is not done is done by the next run. */
static void
fails_once(struct world_proxy *p, const char *mode, int i)
{
	struct kit_run r;
	char *log;

	world_proxy_clear(p);
	world_proxy_fault(p, kit_text("{%s,\"nth\":%d}",
	    faults[i / REQUESTS], i % REQUESTS + 1));
	r = kit_step("restrict-mongodb", vars(mode, kit_text("atlas-api=%s",
	    p->url), kit_text("ca-file=%s", p->ca)));
	log = world_proxy_log(p);
	kit_contains(log, "/databaseUsers/");
	free(log);
	shows_no_secret(&r);
	kit_contains(managed_record(), "admin readWriteAnyDatabase");
	if (r.status != 0)
		says(mode, NULL, 0, "readWrite");
	kit_run_free(&r);
}

START_TEST(any_request_may_fail_once)
{
	struct world_proxy p = world_proxy_start(kit_env("SB_ATLAS_ADDR"),
	    "cloud.mongodb.com");
	int n = (int)(sizeof faults / sizeof *faults) * REQUESTS;

	world_set("atlas.seconds", "0");
	for (int i = 0; i < n; i++) {
		fails_once(&p, "mode=restrict", i);
		ck_assert_str_eq(roles(), SCOPED);
		fails_once(&p, "mode=restore", i);
		ck_assert_str_eq(roles(), AT_FIRST);
	}
	world_proxy_stop(&p);
}
END_TEST

START_TEST(a_killed_step_is_completed_by_the_next)
{
	for (int i = 0; i < 4; i++) {
		struct kit_run r = kit_step_killed("restrict-mongodb",
		    vars("mode=restrict", NULL, NULL), 150 + 250 * i);

		kit_run_free(&r);
		says("mode=restrict", NULL, 0, "readWrite");
		ck_assert_str_eq(roles(), SCOPED);
		kit_contains(managed_record(), "\"restricted\"");
		expect("mode=restore", "done");
		ck_assert_str_eq(roles(), AT_FIRST);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("restrict-atlas");
	TCase *t = tcase_create("atlas"), *f = tcase_create("faults");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_roles_become_the_two_and_come_back);
	tcase_add_test(t, a_pair_of_keys_does_too);
	tcase_add_test(t, what_is_not_in_force_yet_is_waited_for);
	tcase_add_loop_test(t,
	    what_a_custom_role_allows_counts_and_is_given_back, 0,
	    sizeof customs / sizeof *customs);
	tcase_add_test(t, what_is_wrong_is_told);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(f, begin, end);
	tcase_set_timeout(f, 300);
	tcase_add_test(f, any_request_may_fail_once);
	tcase_add_test(f, a_killed_step_is_completed_by_the_next);
	suite_add_tcase(s, f);
	return kit_main(s, NULL);
}
