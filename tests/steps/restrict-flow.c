/*
 * Proves the phase restrict of migrate-instance.yml where DigitalOcean runs
 * the MongoDB server: the first run makes a second user, has the site built
 * and deployed with it and verifies; the next one finds that done and deletes
 * the first user.
 *
 * Runs inside the sandbox, which is set to where that phase begins; the
 * workflow file is run by tests/demo's own runner.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/managed.h"
#include "tests/kit/site.h"
#include "tests/kit/world.h"

#define OUT "build/restrict-flow"
#define OWN " readWrite acme-cs_comments_service acme-openedx"

static const char *first;	/* password of the first user */

/* ---- the world as phase settle leaves it ---- */

static void
mysql(const char *statement)
{
	kit_out("MYSQL_PWD=%s mariadb --no-defaults -h %s -u %s "
	    "--ssl-ca=%s -e \"%s\" 2>&1", kit_env("SB_MYSQL_ADMIN_PASSWORD"),
	    kit_env("SB_MYSQL_HOST"), kit_env("SB_MYSQL_ADMIN"),
	    kit_env("SB_CA_BUNDLE"), statement);
}

/* config.yml with the final hosts and the old data, and a plan that tells of
 * DigitalOcean. What records are asked for is what the phases before wrote. */
static void
change_repository(void)
{
	free(world_change("the phases before", "sed "
	    "-e 's/^\\(DRYDOCK_INIT_JOBS\\): .*/\\1: false/' "
	    "-e 's/^MONGODB_USERNAME: .*/MONGODB_USERNAME: app/' "
	    "-e 's/^MONGODB_PASSWORD: .*/MONGODB_PASSWORD: \"%s\"/' "
	    "%s/deployed/old/config.yml >instances/acme/config.yml && "
	    "sed -i -e 's/\\(low\\|high\\)-ttl: .*/\\1-ttl: 2/' "
	    "-e '/^mongodb:/,/^$/s/self-hosted/digitalocean\\n"
	    "  cluster-id: %s\\n  tls: \"off\"/' "
	    "-e 's/^backup:/&\\n  renew: true/' "
	    "migrations/acme/plan.yml && mkdir -p migrations/acme/record && "
	    "echo '{\"MYSQL_HOST\": \"%s\", \"OPENEDX_MYSQL_DATABASE\": "
	    "\"%s\", \"MONGODB_DATABASE\": \"%s\"}' "
	    ">migrations/acme/record/data.json", first, kit_env("SB_STATE"),
	    kit_env("SB_DO_MONGO_ID"), kit_env("SB_MYSQL_HOST"),
	    kit_env("SB_MYSQL_DATABASE"), kit_env("SB_MONGO_DATABASE")));
}

static void
move_hosts(void)
{
	const char *lms = kit_env("SB_LMS_HOST"),
	    *address = kit_env("SB_NEW_ADDR");

	site_reset_zone(2);
	site_patch(kit_text("%s,%s", site_set(lms, "A", 2, address),
	    site_set(kit_env("SB_CMS_HOST"), "A", 2, address)));
	site_settle();
}

static void
begin(void)
{
	world_begin();
	first = managed_make_user("app");
	move_hosts();
	world_run("create-instance.yml");
	change_repository();
	world_deploy();
	world_automate("{\"prune\":true}");
}

static void
end(void)
{
	mysql(kit_text("GRANT ALL PRIVILEGES ON *.* TO '%s'@'%%' "
	    "WITH GRANT OPTION", kit_env("SB_MYSQL_USER")));
	site_reset_zone(5);
	world_end();
}

/* ---- runs ---- */

/* What the steps said, a line each. */
static const char *
migrate(void)
{
	const char *said = kit_out("rm -rf %s; DEMO_ACT= "
	    "DEMO_DIGITALOCEAN_TOKEN=%s tests/demo/phase restrict %s 2>&1 "
	    "|| { tail -n 40 %s/log; exit 1; }", OUT,
	    kit_env("SB_DIGITALOCEAN_TOKEN"), OUT, OUT);

	kit_out("! grep -rlF -e '%s' -e '%s' %s", first,
	    managed_config("MONGODB_PASSWORD"), OUT);
	return kit_out("sed -n 's/^### //p' %s/summary.md; cat <<'T'\n%s\nT",
	    OUT, said);
}

START_TEST(the_phase_rolls_the_user_over_and_deletes_the_first_one_later)
{
	const char *said = migrate();

	kit_contains(said, "restrict-mongodb: done");
	kit_contains(said, "dispatch-workflow: done");
	kit_contains(said, "skip Delete the MongoDB user");
	ck_assert_str_eq(managed_users("app"), "app all\napp-v2" OWN);
	ck_assert_str_eq(managed_config("MONGODB_USERNAME"), "app-v2");
	ck_assert(managed_can_log_in("app-v2",
	    managed_config("MONGODB_PASSWORD")));
	ck_assert(managed_can_log_in("app", first));

	said = migrate();
	kit_contains(said, "restrict-mongodb: unchanged");
	kit_contains(said, "restrict-mongodb: done");
	ck_assert_str_eq(managed_users("app"), "app-v2" OWN);
	ck_assert(!managed_can_log_in("app", first));
	kit_lacks(said, "dispatch-workflow: done");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("restrict-flow");
	TCase *t = tcase_create("workflow");

	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 300);
	tcase_add_test(t,
	    the_phase_rolls_the_user_over_and_deletes_the_first_one_later);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
