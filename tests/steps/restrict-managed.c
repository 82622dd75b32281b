/*
 * Proves restrict-mongodb where DigitalOcean runs the server: a second user
 * takes over with the rights wanted, nobody is locked out at any moment, its
 * password is shown nowhere, and no kill or lost answer leaves a user whose
 * password nobody knows.
 *
 * Runs inside the sandbox; the users are the DigitalOcean double's, which
 * makes them in the MongoDB double, too.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

#define API "https://api.digitalocean.com"
#define FILE "instances/acme/config.yml"

#define RECREATE "strategy=recreate"

static char *work;
static const char *first;	/* password of the first user */

/* ---- the users, without our own code ---- */

static const char *
curl(const char *arguments, const char *user)
{
	return kit_out("curl -sS --cacert '%s/ca/bundle.crt' --resolve "
	    "api.digitalocean.com:443:%s -H 'Authorization: Bearer %s' "
	    "-H 'Content-Type: application/json' %s "
	    API "/v2/databases/%s/users%s", kit_env("SB_STATE"),
	    kit_env("SB_DIGITALOCEAN_ADDR"), kit_env("SB_DIGITALOCEAN_TOKEN"),
	    arguments, kit_env("SB_DO_MONGO_ID"), user);
}

/* "app readWrite app-main app-forum" a line, sorted. */
static const char *
users(void)
{
	return kit_out("jq -r '.users[] | select(.name | startswith(\"app\"))"
	    " | [.name, .settings.mongo_user_settings.role // \"all\"] + "
	    "(.settings.mongo_user_settings.databases // []) | join(\" \")' "
	    "<<'J' | sort\n%s\nJ", curl("", ""));
}

/* A value of config.yml on the branch. */
static const char *
config(const char *key)
{
	char *text = world_file(FILE);
	const char *value = kit_out("sed -n 's/^%s: //p' <<'Y' | tr -d '\"'"
	    "\n%s\nY", key, text);

	free(text);
	return value;
}

static const char *
record(void)
{
	char *text = world_file("migrations/acme/record/mongodb.json");
	const char *kept = kit_text("%s", text);

	free(text);
	return kept;
}

/* Does the server let this user in? */
static bool
can_log_in(const char *user, const char *password)
{
	const char *doubles = getenv("SB_DOUBLES");

	return strcmp(kit_out("MONGODB_PASSWORD='%s' %s/askmongo %s %s '%s' "
	    "admin '{\"ping\": 1}' >/dev/null 2>&1 && echo yes || echo no",
	    password, doubles != NULL ? doubles : "build/doubles",
	    kit_env("SB_MONGO_HOST"), kit_env("SB_MONGO_PORT"), user),
	    "yes") == 0;
}

/* ---- runs ---- */

/* A user as the old clusters made it. */
static void
make_first(void)
{
	first = kit_out("jq -r .user.password <<'J'\n%s\nJ",
	    curl("-X POST -d '{\"name\":\"app\"}'", ""));
}

/* The keys of config.yml that name him. */
static const char *
keys(void)
{
	return kit_text("MONGODB_HOST: %s\nMONGODB_PORT: %s\n"
	    "MONGODB_USERNAME: app\nMONGODB_PASSWORD: \"%s\"\n"
	    "MONGODB_DATABASE: app-main\n"
	    "FORUM_MONGODB_DATABASE: app-forum\n# a remark\n",
	    kit_env("SB_MONGO_HOST"), kit_env("SB_MONGO_PORT"), first);
}

static void
begin(void)
{
	world_begin();
	make_first();
	free(world_change("start", "mkdir -p instances/acme && cat >" FILE
	    " <<'Y'\nTUTOR_VERSION: v20.0.0\n%sY\ntrue", keys()));
	work = world_clone();
}

/* The same in an instance that is deployed. */
static void
begin_deployed(void)
{
	world_begin();
	make_first();
	world_run("create-instance.yml");
	free(world_change("the old configuration", "sed -e "
	    "'s/courses.example.test/acme.new.example.test/g' "
	    "-e 's/^\\(DRYDOCK_INIT_JOBS\\): .*/\\1: false/' "
	    "-e '/^\\(FORUM_\\)\\?MONGODB_/d' "
	    "%s/deployed/old/config.yml >" FILE " && cat >>" FILE
	    " <<'Y'\n%sY\ntrue", kit_env("SB_STATE"), keys()));
	world_deploy();
	work = world_clone();
}

static void
end(void)
{
	world_end();
	free(kit_sh("rm -rf '%s'", work));
	free(work);
}

static const char **
vars(const char *a, const char *b, const char *c)
{
	const char *const usual[] = { "provider=digitalocean",
	    "mongodb-tls=off", "old-running=true", "new-namespace=acme",
	    kit_text("new-kube-server=%s", kit_env("SB_KUBE_NEW")),
	    kit_text("new-kube-token=%s", kit_env("SB_KUBE_NEW_TOKEN")),
	    kit_text("mongodb-cluster-id=%s", kit_env("SB_DO_MONGO_ID")),
	    kit_text("digitalocean-token=%s",
		kit_env("SB_DIGITALOCEAN_TOKEN")) };
	const char **all = world_vars(work, a, b, c, NULL);

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		kit_add_usual(all, WORLD_VARS, usual[i]);
	return all;
}

static void
shows_no_password(const struct kit_run *r)
{
	kit_lacks(r->out, first);
	kit_lacks(r->out, config("MONGODB_PASSWORD"));
	kit_lacks(r->summary, config("MONGODB_PASSWORD"));
	kit_lacks(r->outputs, config("MONGODB_PASSWORD"));
	kit_lacks(r->out, kit_env("SB_DIGITALOCEAN_TOKEN"));
}

static void
says(const char *a, const char *b, const char *c, int status,
    const char *said)
{
	struct kit_run r = kit_step("restrict-mongodb", vars(a, b, c));

	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, said);
	shows_no_password(&r);
	kit_run_free(&r);
}

static void
expect(const char *mode, const char *b, const char *status)
{
	struct kit_run r = kit_step("restrict-mongodb", vars(mode, b, NULL));

	ck_assert_msg(strcmp(kit_output(&r, "status"), status) == 0,
	    "%s: %s, not %s: %s", mode, kit_output(&r, "status"), status,
	    r.out);
	shows_no_password(&r);
	kit_run_free(&r);
}

#define SCOPED "readWrite app-main app-forum"

/* A real run, or one with b: two of its outputs, as "name=value". */
static void
gives(const char *mode, const char *b, const char *one, const char *other)
{
	const char *const wanted[] = { one, other };
	struct kit_run r = kit_step("restrict-mongodb", vars(mode, b, NULL));

	ck_assert_msg(r.status == 0, "exit %d: %s", r.status, r.out);
	for (int i = 0; i < 2; i++) {
		size_t n = strcspn(wanted[i], "=");
		const char *value = kit_output(&r,
		    kit_text("%.*s", (int)n, wanted[i]));

		ck_assert_msg(value != NULL
		    && strcmp(value, wanted[i] + n + 1) == 0, "%s: %s",
		    wanted[i], value);
	}
	shows_no_password(&r);
	kit_run_free(&r);
}

/* config.yml names this one, who can log in, as can the first one. */
static void
check_named(const char *user)
{
	ck_assert_str_eq(config("MONGODB_USERNAME"), user);
	ck_assert(can_log_in(user, config("MONGODB_PASSWORD")));
	kit_contains(config("MONGODB_HOST"), kit_env("SB_MONGO_HOST"));
}

/* ---- taking over ---- */

START_TEST(a_second_user_takes_over_and_the_first_one_stays)
{
	expect("mode=restrict", NULL, "done");
	ck_assert_str_eq(users(), "app all\napp-v2 " SCOPED);
	check_named("app-v2");
	ck_assert(can_log_in("app", first));
	kit_contains(record(), "admin unrestricted");
	kit_contains(record(), "\"restricted\"");
	kit_lacks(record(), config("MONGODB_PASSWORD"));
	expect("mode=restrict", NULL, "unchanged");
	says("mode=plan", NULL, NULL, 0, "readWrite@app-main");
}
END_TEST

START_TEST(a_dry_run_tells_and_changes_nothing)
{
	char *before = world_head(), *after;

	says("mode=restrict", "dry-run=true", NULL, 0, "app-v2");
	says("mode=plan", NULL, NULL, 0, "unrestricted@admin");
	expect("mode=plan", "dry-run=true", "would-change");
	expect("mode=plan", "dry-run=false", "would-change");
	ck_assert_str_eq(users(), "app all");
	after = world_head();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(the_first_user_is_deleted_once_the_second_is_deployed)
{
	says("mode=retire", NULL, NULL, 1, "run mode restrict before");
	gives("mode=restrict", "dry-run=true", "must-deploy=true",
	    "superseded=app");
	gives("mode=restrict", NULL, "must-deploy=true", "superseded=app");
	says("mode=retire", NULL, NULL, 1, "still uses MongoDB as app");
	ck_assert(can_log_in("app", first));
	world_deploy();
	gives("mode=restrict", NULL, "status=unchanged", "superseded=app");
	says("mode=retire", "new-kube-token=", NULL, 2, "new-kube-token");
	expect("mode=retire", "dry-run=true", "would-change");
	ck_assert(can_log_in("app", first));
	expect("mode=retire", NULL, "done");
	ck_assert_str_eq(users(), "app-v2 " SCOPED);
	ck_assert(!can_log_in("app", first));
	check_named("app-v2");
	expect("mode=retire", NULL, "unchanged");
	gives("mode=restrict", NULL, "status=unchanged", "superseded=");
}
END_TEST

START_TEST(what_the_old_side_may_use_is_not_deleted)
{
	expect("mode=restrict", NULL, "done");
	says("mode=retire", "old-running=false", NULL, 2, "old-running");
	ck_assert(can_log_in("app", first));
}
END_TEST

START_TEST(what_the_first_user_might_is_given_back)
{
	says("mode=restore", NULL, NULL, 1, "nothing to restore");
	expect("mode=restrict", NULL, "done");
	world_deploy();
	expect("mode=retire", NULL, "done");
	expect("mode=restore", "dry-run=true", "would-change");
	expect("mode=restore", NULL, "done");
	ck_assert_str_eq(users(), "app-v2 " SCOPED "\napp-v3 all");
	check_named("app-v3");
	kit_contains(record(), "\"restored\"");
	expect("mode=restore", NULL, "unchanged");
	expect("mode=restrict", NULL, "done");
	check_named("app-v4");
	world_deploy();
	expect("mode=retire", NULL, "done");
	ck_assert_str_eq(users(), "app-v4 " SCOPED);
}
END_TEST

/* ---- the same user anew ---- */

START_TEST(the_same_user_is_made_anew_if_asked_for)
{
	gives("mode=restrict", RECREATE, "must-deploy=true", "superseded=");
	ck_assert_str_eq(users(), "app " SCOPED);
	check_named("app");
	ck_assert(!can_log_in("app", first));
	kit_contains(record(), "admin unrestricted");
	kit_contains(record(), "\"restricted\"");
	gives("mode=restrict", RECREATE, "status=unchanged",
	    "must-deploy=true");
	expect("mode=restore", RECREATE, "done");
	ck_assert_str_eq(users(), "app all");
	check_named("app");
}
END_TEST

START_TEST(who_is_not_told_passwords_deletes_nobody)
{
	world_set("digitalocean.scopes", "database:read database:create "
	    "database:delete");
	says("mode=restrict", RECREATE, NULL, 1, "nobody was deleted");
	says("mode=restrict", RECREATE, NULL, 1, "database:view_credentials");
	says("mode=restrict", RECREATE, "old-running=false", 2,
	    "old-running");
	ck_assert_str_eq(users(), "app all");
	ck_assert(can_log_in("app", first));
	says("mode=plan", RECREATE, NULL, 0, "with a new password");
}
END_TEST

START_TEST(a_name_that_is_not_free_at_once_is_waited_for)
{
	world_set("digitalocean.ghosts", "2");
	expect("mode=restrict", RECREATE, "done");
	check_named("app");
	ck_assert_str_eq(users(), "app " SCOPED);
}
END_TEST

static void
check_recreated(void)
{
	says("mode=restrict", RECREATE, NULL, 0, "app");
	check_named("app");
	ck_assert_str_eq(users(), "app " SCOPED);
	kit_contains(record(), "\"restricted\"");
	kit_contains(record(), "admin unrestricted");
	expect("mode=restrict", RECREATE, "unchanged");
}

START_TEST(one_who_was_deleted_is_made_by_the_next_run)
{
	struct kit_run r = kit_step_killed("restrict-mongodb",
	    vars("mode=restrict", RECREATE, NULL), 200 + 300 * _i);

	kit_run_free(&r);
	check_recreated();
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_token_that_is_told_no_password_makes_nobody)
{
	world_set("digitalocean.scopes", "database:read database:create "
	    "database:delete");
	says("mode=restrict", NULL, NULL, 1, "database:view_credentials");
	ck_assert_str_eq(users(), "app all");
	ck_assert_str_eq(config("MONGODB_USERNAME"), "app");
	world_set("digitalocean.scopes", "database:read");
	says("mode=restrict", NULL, NULL, 1, "the scope database:create");
	world_set("digitalocean.scopes", "database:create");
	says("mode=restrict", NULL, NULL, 1, "the scope database:read");
}
END_TEST

START_TEST(a_password_that_stands_elsewhere_too_is_told)
{
	free(world_change("patch", "echo 'PLUGIN_URI: \"mongodb://app:%s@h\"'"
	    " >>" FILE, first));
	says("mode=restrict", NULL, NULL, 1, "PLUGIN_URI holds the password");
	ck_assert_str_eq(users(), "app all");
}
END_TEST

static const struct {
	const char *mode, *other;
	int status;
	const char *says;
} mistakes[] = {
	{ "mode=restrict", "digitalocean-token=", 2, "digitalocean-token" },
	{ "mode=restrict", "mongodb-cluster-id=", 2, "mongodb-cluster-id" },
	{ "mode=restrict", "mongodb-cluster-id=4", 2, "no id of a cluster" },
	{ "mode=restrict", "mongodb-cluster-id="
	  "00000000-0000-4000-8000-000000000000", 1, "no such database" },
	{ "mode=restrict", "digitalocean-token=dop_v1_wrong", 1, "refused" },
	{ "mode=restrict", "mongodb-user=other", 2, "config.yml names app" },
	{ "mode=restrict", "mongodb-user=doadmin", 2, "administrator" },
	{ "mode=retire", "provider=self-hosted", 2, "digitalocean" },
	{ "mode=undo", NULL, 2, "retire" },
};

START_TEST(a_mistake_is_told_and_changes_nothing)
{
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
		says(mistakes[i].mode, mistakes[i].other, NULL,
		    mistakes[i].status, mistakes[i].says);
	ck_assert_str_eq(users(), "app all");
	ck_assert_str_eq(config("MONGODB_USERNAME"), "app");
}
END_TEST

START_TEST(a_user_who_is_scoped_already_stays)
{
	ck_assert_str_eq(curl("-X DELETE", "/app"), "");
	first = kit_out("jq -r .user.password <<'J'\n%s\nJ", curl("-X POST "
	    "-d '{\"name\":\"app\",\"settings\":{\"mongo_user_settings\":"
	    "{\"role\":\"readWrite\",\"databases\":[\"app-forum\","
	    "\"app-main\"]}}}'", ""));
	free(world_change("password", "sed -i 's/^MONGODB_PASSWORD:.*/"
	    "MONGODB_PASSWORD: \"%s\"/' " FILE, first));
	expect("mode=restrict", NULL, "unchanged");
	check_named("app");
}
END_TEST

/* ---- faults and kills ---- */

static const char *const faults[] = {
	"\"fault\":\"reset-after\"", "\"fault\":\"status\",\"status\":503",
	"\"fault\":\"reset-before\"",
};
enum { REQUESTS = 3 };	/* look, make; none is the third */

/* Whatever came before, nobody was locked out, and all is in order now. */
static void
check_completed(void)
{
	ck_assert(can_log_in(config("MONGODB_USERNAME"),
	    config("MONGODB_PASSWORD")));
	ck_assert(can_log_in("app", first));
	says("mode=restrict", NULL, NULL, 0, "app-v2");
	check_named("app-v2");
	ck_assert_str_eq(users(), "app all\napp-v2 " SCOPED);
	kit_contains(record(), "\"restricted\"");
	kit_contains(record(), "admin unrestricted");
	expect("mode=restrict", NULL, "unchanged");
}

START_TEST(any_request_may_fail_once)
{
	struct world_proxy p = world_proxy_start(
	    kit_env("SB_DIGITALOCEAN_ADDR"), "api.digitalocean.com");
	struct kit_run r;
	char *log;

	world_proxy_fault(&p, kit_text("{%s,\"nth\":%d}",
	    faults[_i / REQUESTS], _i % REQUESTS + 1));
	r = kit_step("restrict-mongodb", vars("mode=restrict",
	    kit_text("digitalocean-api=%s", p.url),
	    kit_text("ca-file=%s", p.ca)));
	log = world_proxy_log(&p);
	kit_contains(log, "/users");
	free(log);
	shows_no_password(&r);
	kit_run_free(&r);
	world_proxy_stop(&p);
	check_completed();
}
END_TEST

/* The answer, with the password, never comes; the user is there. */
START_TEST(a_password_that_was_lost_is_made_anew)
{
	struct world_proxy p = world_proxy_start(
	    kit_env("SB_DIGITALOCEAN_ADDR"), "api.digitalocean.com");
	struct kit_run r;

	world_proxy_fault(&p, "{\"fault\":\"hang\",\"nth\":2,"
	    "\"processed\":true}");
	r = kit_step_killed("restrict-mongodb", vars("mode=restrict",
	    kit_text("digitalocean-api=%s", p.url),
	    kit_text("ca-file=%s", p.ca)), 3000);
	ck_assert_int_eq(r.status, 128 + 9);
	kit_run_free(&r);
	world_proxy_stop(&p);
	ck_assert_str_eq(users(), "app all\napp-v2 " SCOPED);
	ck_assert_str_eq(config("MONGODB_USERNAME"), "app");
	check_completed();
}
END_TEST

START_TEST(a_killed_step_is_completed_by_the_next)
{
	struct kit_run r = kit_step_killed("restrict-mongodb",
	    vars("mode=restrict", NULL, NULL), 150 + 200 * _i);

	kit_run_free(&r);
	check_completed();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("restrict-managed");
	TCase *t = tcase_create("rollover"), *f = tcase_create("faults");
	TCase *d = tcase_create("deployed");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_second_user_takes_over_and_the_first_one_stays);
	tcase_add_test(t, a_dry_run_tells_and_changes_nothing);
	tcase_add_test(t, what_the_old_side_may_use_is_not_deleted);
	tcase_add_test(t, the_same_user_is_made_anew_if_asked_for);
	tcase_add_test(t, who_is_not_told_passwords_deletes_nobody);
	tcase_add_test(t, a_name_that_is_not_free_at_once_is_waited_for);
	tcase_add_test(t, a_token_that_is_told_no_password_makes_nobody);
	tcase_add_test(t, a_password_that_stands_elsewhere_too_is_told);
	tcase_add_test(t, a_mistake_is_told_and_changes_nothing);
	tcase_add_test(t, a_user_who_is_scoped_already_stays);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(d, begin_deployed, end);
	tcase_set_timeout(d, 180);
	tcase_add_test(d,
	    the_first_user_is_deleted_once_the_second_is_deployed);
	tcase_add_test(d, what_the_first_user_might_is_given_back);
	suite_add_tcase(s, d);
	tcase_add_checked_fixture(f, begin, end);
	tcase_set_timeout(f, 180);
	tcase_add_loop_test(f, any_request_may_fail_once, 0,
	    (int)(sizeof faults / sizeof *faults) * REQUESTS);
	tcase_add_test(f, a_password_that_was_lost_is_made_anew);
	tcase_add_loop_test(f, a_killed_step_is_completed_by_the_next, 0, 6);
	tcase_add_loop_test(f, one_who_was_deleted_is_made_by_the_next_run, 0,
	    6);
	suite_add_tcase(s, f);
	return kit_main(s, NULL);
}
