/*
 * Proves that init-plan writes, from what it can find out in the sandbox, the
 * very plan with which the sandbox's migration is run; that it leaves a plan
 * alone which is there; that gaps are told and nothing wrong stands in them,
 * whatever request fails; and that no login reaches the plan.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kit/kit.h"
#include "tests/kit/world.h"

enum { REQUESTS = 6 };

static char *work;

static void
begin(void)
{
	work = kit_folder();
	free(kit_sh("mkdir -p '%s/.github/workflows' && cd "
	    "'%s/.github/workflows' && touch create-instance.yml "
	    "build-all.yml generate-env.yml", work, work));
}

/* What a person gives who knows the sandbox. */
static struct kit_run
init(const char *dry_run, const struct world_proxy *kube)
{
	return kit_step("init-plan", world_vars(work, dry_run,
	    kit_text("old-repository=%s", kit_env("SB_GROVE_URL")),
	    kit_text("old-path=%s", kit_env("SB_GROVE_PATH")),
	    kit_text("old-token=%s", kit_env("SB_GROVE_TOKEN")),
	    kit_text("kube-server=%s", kube != NULL ? kube->url
	    : kit_env("SB_KUBE_OLD")),
	    kit_text("kube-token=%s", kit_env("SB_KUBE_OLD_TOKEN")),
	    "new-host=acme.new.example.test",
	    kit_text("new-kube-server=%s", kit_env("SB_KUBE_NEW")),
	    kit_text("argocd-server=%s", kit_env("SB_ARGOCD")),
	    "dns-provider=powerdns",
	    kit_text("dns-server=%s", kit_env("SB_PDNS_API")),
	    kit_text("resolvers=%s", kit_env("SB_RESOLVER_ADDR")),
	    "low-ttl=2", "high-ttl=60",
	    kit_text("mysql-admin=%s", kit_env("SB_MYSQL_ADMIN")),
	    kit_text("mongodb-admin=%s", kit_env("SB_MONGO_ADMIN")),
	    kit_text("backup-to=file://%s", kit_env("SB_BACKUPS")),
	    kube != NULL ? kit_text("ca-file=%s", kube->ca) : NULL, NULL));
}

static const char *
plan(void)
{
	return kit_text("%s/migrations/acme/plan.yml", work);
}

/* Places that differ, or that only the right plan has, one a line. From where
 * one looks at the world (network) is no matter of the instance. */
static const char compare[] =
	"import sys, yaml\n"
	"def flat(v, at=''):\n"
	"    if isinstance(v, dict):\n"
	"        return {k: w for n, x in v.items()\n"
	"                for k, w in flat(x, at + '.' + n).items()}\n"
	"    v = ' '.join(v) if isinstance(v, list) else v\n"
	"    return {} if v is None else {at[1:]: v}\n"
	"ours, right = (flat(yaml.safe_load(open(f))) for f in sys.argv[1:])\n"
	"if 'storage.buckets' not in right:\n"
	"    ours = {k: v for k, v in ours.items()\n"
	"            if not k.startswith('storage.')}\n"
	"right = {k: v for k, v in right.items()\n"
	"         if not k.startswith('network.')}\n"
	"print(*['wrong ' + k for k in ours if ours[k] != right.get(k)],\n"
	"      *['missing ' + k for k in right if k not in ours],\n"
	"      sep='\\n')\n";

static const char *
difference(void)
{
	const char *right = kit_text("%s/right.yml", work);
	char *seeded = world_file("migrations/acme/plan.yml");

	kit_write(right, seeded);
	free(seeded);
	kit_write(kit_text("%s/compare.py", work), compare);
	return kit_out("python3 '%s/compare.py' '%s' '%s'", work, plan(),
	    right);
}

START_TEST(it_writes_the_plan_that_the_migration_is_run_with)
{
	struct kit_run r = init("dry-run=true", NULL);

	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "would-change");
	kit_contains(r.out, "TUTOR_VERSION: v20.0.5");
	free(kit_sh("test ! -e '%s/migrations'", work));
	kit_run_free(&r);
	r = init("dry-run=false", NULL);
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(difference(), "");
	ck_assert_str_eq(kit_output(&r, "missing"), "");
	kit_lacks(r.out, kit_env("SB_MYSQL_PASSWORD"));
	free(kit_sh("cmp '%s/migrations/plan.schema.json' "
	    "actions/_lib/plan.schema.json", work));
	kit_run_free(&r);
	r = init("dry-run=false", NULL);
	ck_assert_str_eq(kit_output(&r, "status"), "unchanged");
	ck_assert_str_eq(kit_output(&r, "differs"), "");
	kit_run_free(&r);
}
END_TEST

START_TEST(a_plan_that_is_there_is_left_alone)
{
	static const char mine[] = "# mine\ninstance: acme\nhosts:\n"
	    "  lms: courses.example.test\n  cms: other.example.test\n"
	    "x-note: by hand\n";
	struct kit_run r;
	char *text;

	free(kit_sh("mkdir -p '%s/migrations/acme'", work));
	kit_write(plan(), mine);
	r = init("dry-run=false", NULL);
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "status"), "unchanged");
	kit_contains(r.outputs, "hosts.cms\n");
	kit_contains(r.out, "hosts.cms: the plan has other.example.test, "
	    "found was studio.courses.example.test");
	text = kit_read(plan());
	ck_assert_str_eq(text, mine);
	free(text);
	kit_run_free(&r);
}
END_TEST

/* A repository in a folder, with this config.yml. */
static struct kit_run
init_from(const char *config)
{
	char *dir = kit_folder();

	kit_write(kit_text("%s/config.yml", dir), config);
	free(kit_sh("cd '%s' && git init -q -b main . && git add . && git "
	    "-c user.name=a -c user.email=a@b.test commit -qm x", dir));
	return kit_step("init-plan", world_vars(work, "dry-run=false",
	    kit_text("old-repository=file://%s", dir),
	    "old-path=config.yml", NULL));
}

START_TEST(no_login_reaches_the_plan)
{
	struct kit_run r = init_from("LMS_HOST: courses.example.test\n"
	    "MYSQL_HOST: db-x.b.db.ondigitalocean.com\nMYSQL_PORT: 25060\n"
	    "MONGODB_HOST: mongodb+srv://who:let-me-in-9@c.x.mongodb.net/a?"
	    "password=let-me-in-9\n");
	char *text;

	ck_assert_msg(r.status == 0, "%s", r.out);
	text = kit_read(plan());
	kit_lacks(text, "let-me-in");
	kit_lacks(r.out, "let-me-in");
	kit_lacks(r.summary, "let-me-in");
	kit_contains(text, "host: \"mongodb+srv://c.x.mongodb.net/\"");
	kit_contains(text, "provider: atlas");
	kit_contains(text, "  # from config.yml, at digitalocean\n");
	kit_contains(text, "port: 25060\n");
	free(text);
	kit_run_free(&r);
}
END_TEST

START_TEST(a_secret_in_the_wrong_place_stops_it)
{
	struct kit_run r = init_from("LMS_HOST: word-that-is-secret\n"
	    "OPENEDX_SECRET_KEY: word-that-is-secret\n");

	ck_assert_msg(r.status == 1, "exit %d: %s", r.status, r.out);
	kit_contains(r.out, "no plan is written");
	kit_lacks(r.out, "word-that-is-secret");
	free(kit_sh("test ! -e '%s'", plan()));
	kit_run_free(&r);
}
END_TEST

START_TEST(with_nothing_to_ask_it_says_how_to_find_all)
{
	struct kit_run r = kit_step("init-plan", world_vars(work,
	    "dry-run=false", NULL));
	char *text;

	ck_assert_msg(r.status == 0, "%s", r.out);
	text = kit_read(plan());
	kit_contains(text, "instance: acme\n");
	kit_contains(text, "  # address: not found. the address that");
	kit_contains(r.outputs, "hosts.lms\n");
	kit_contains(r.outputs, "workflows.inputs.create.TUTOR_VERSION\n");
	free(text);
	kit_run_free(&r);
	/* what it wrote is a plan: read again, by itself */
	r = kit_step("init-plan", world_vars(work, "dry-run=false", NULL));
	ck_assert_str_eq(kit_output(&r, "status"), "unchanged");
	kit_run_free(&r);
}
END_TEST

static const char *const faults[] = {
	"\"fault\":\"cut\",\"bytes\":60",
	"\"fault\":\"status\",\"status\":403",
};

START_TEST(a_request_that_fails_leaves_a_gap_and_nothing_wrong)
{
	struct world_proxy p = world_proxy_start(kit_text("%s:6443",
	    kit_env("SB_KUBE_OLD_ADDR")), "kube-old.sandbox.test");
	const char *found;
	struct kit_run r;

	for (int nth = 1; nth <= REQUESTS; nth++) {
		world_proxy_fault(&p, kit_text("{%s,\"nth\":%d}", faults[_i],
		    nth));
		free(kit_sh("rm -rf '%s/migrations'", work));
		r = init("dry-run=false", &p);
		ck_assert_msg(r.status == 0, "%s", r.out);
		kit_lacks(r.out, kit_env("SB_KUBE_OLD_TOKEN"));
		found = difference();
		/* the proxy's own address is in place of the server's */
		ck_assert_str_eq(kit_out("echo '%s' | grep wrong", found),
		    "wrong old.kube.server");
		kit_run_free(&r);
	}
	world_proxy_stop(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("init-plan");
	TCase *t = tcase_create("plan");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, begin, NULL);
	tcase_set_timeout(t, 180);
	tcase_add_test(t,
	    it_writes_the_plan_that_the_migration_is_run_with);
	tcase_add_test(t, a_plan_that_is_there_is_left_alone);
	tcase_add_test(t, no_login_reaches_the_plan);
	tcase_add_test(t, a_secret_in_the_wrong_place_stops_it);
	tcase_add_test(t, with_nothing_to_ask_it_says_how_to_find_all);
	tcase_add_loop_test(t,
	    a_request_that_fails_leaves_a_gap_and_nothing_wrong, 0,
	    (int)(sizeof faults / sizeof *faults));
	return kit_main(s, NULL);
}
