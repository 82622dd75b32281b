/*
 * Proves replicate-config, set-config, point-at-data, commit-config and
 * fetch-settings: what they write, byte by byte; that they can be killed, or
 * any git command can fail, before or after it acted; and that they show no
 * secret.
 *
 * Most of it runs on repositories in a folder; the last part on the
 * sandbox's git over HTTPS and its Kubernetes API.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

enum { VARS = 24, CALLS_MAX = 80, TEXT = 8192 };

#define SECRET_OLD "old-side-secret-1"
#define SECRET_DB "old-database-secret-2"
#define SECRET_TOKEN "old-repository-token-3"

#define DEPLOYMENTS "/apis/apps/v1/namespaces/acme/deployments/"
#define CONFIGMAPS "/api/v1/namespaces/acme/configmaps"

static const char *checkout = "work";
static char *dir;	/* origin.git, grove.git, work; plan.yml */

static const char new_config[] =
	"# Made by the new side\n"
	"DRYDOCK_INIT_JOBS: true   # until the data is shared\n"
	"TUTOR_VERSION: v20.0.5\n"
	"PLATFORM_NAME: \"Open edX Instance\"\n"
	"OPENEDX_EXTRA_PIP_REQUIREMENTS: []\n"
	"\n"
	"LMS_HOST: acme.new.example.test\n"
	"CMS_HOST: \"studio.acme.new.example.test\"\n"
	"\n"
	"MYSQL_DATABASE: 'new_db'\n"
	"MYSQL_USERNAME: new_user\n"
	"MYSQL_PASSWORD: \"new-password\"\n"
	"MYSQL_HOST: db.new.example.test\n"
	"MYSQL_PORT: \"3306\"\n"
	"MONGODB_AUTH_MECHANISM: \"SCRAM-SHA-1\" # a default of the template\n"
	"PICASSO_EXTRA_COMMANDS:\n"
	"  - tutor plugins enable drydock forum mfe\n";

static const char old_config[] =
	"# The old side\n"
	"ID: abcdef\n"
	"PLATFORM_NAME: 'Acme''s Academy'   # since 2024\n"
	"LMS_HOST: courses.example.test\n"
	"TUTOR_VERSION: v20.0.5\n"
	"OPENEDX_SECRET_KEY: " SECRET_OLD "\n"
	"OPENEDX_MYSQL_PASSWORD: " SECRET_DB "\n"
	"OPENEDX_EXTRA_PIP_REQUIREMENTS:\n"
	"  - dnspython   # for SRV names\n"
	"DRYDOCK_LETSENCRYPT_EMAIL: ops@example.test\n"
	"GROVE_LMS_ENV: |\n"
	"  # a comment\n"
	"  X: \"{{ LMS_HOST }}\"\n"
	"\n"
	"  Y: 1\n"
	"GROVE_COMMON_SETTINGS: |\n"
	"  LOGIN_REDIRECT_WHITELIST.append(\"{{ MFE_HOST }}\")\n"
	"GROVE_BROKEN: \"{{ NOBODY_DEFINES_THIS }}\"\n"
	"INDIGO_PRIMARY_COLOR: \"#0a5c36\"\n"
	"TUTOR_LANGUAGE_CODE: fr\n"
	"OUR_PLUGIN_LIMIT: 017\n";

/* What both make: every other byte of the new file as it was. */
static const char replicated[] =
	"# Made by the new side\n"
	"DRYDOCK_INIT_JOBS: true   # until the data is shared\n"
	"TUTOR_VERSION: v20.0.5\n"
	"PLATFORM_NAME: 'Acme''s Academy'\n"
	"OPENEDX_EXTRA_PIP_REQUIREMENTS:\n"
	"  - dnspython   # for SRV names\n"
	"OPENEDX_SECRET_KEY: " SECRET_OLD "\n"
	"\n"
	"LMS_HOST: acme.new.example.test\n"
	"CMS_HOST: \"studio.acme.new.example.test\"\n"
	"\n"
	"MYSQL_DATABASE: 'new_db'\n"
	"MYSQL_USERNAME: new_user\n"
	"MYSQL_PASSWORD: \"new-password\"\n"
	"MYSQL_HOST: db.new.example.test\n"
	"MYSQL_PORT: \"3306\"\n"
	"MONGODB_AUTH_MECHANISM: \"SCRAM-SHA-1\" # a default of the template\n"
	"PICASSO_EXTRA_COMMANDS:\n"
	"  - tutor plugins enable drydock forum mfe\n"
	"GROVE_LMS_ENV: |\n"
	"  # a comment\n"
	"  X: \"{{ LMS_HOST }}\"\n"
	"\n"
	"  Y: 1\n"
	"GROVE_COMMON_SETTINGS: |\n"
	"  LOGIN_REDIRECT_WHITELIST.append(\"{{ MFE_HOST }}\")\n"
	"MFE_HOST: \"apps.acme.new.example.test\"\n"
	"LANGUAGE_CODE: fr\n"
	"OUR_PLUGIN_LIMIT: 017\n";

/* The same after a build: sorted, rendered, its comments lost. */
static const char built[] =
	"CMS_HOST: studio.acme.new.example.test\n"
	"DRYDOCK_INIT_JOBS: false\n"
	"GROVE_COMMON_SETTINGS: LOGIN_REDIRECT_WHITELIST.append("
	"\"apps.acme.new.example.test\")\n"
	"GROVE_LMS_ENV: \"# a comment\\nX: \\\"acme.new.example.test\\\"\\n"
	"\\nY: 1\"\n"
	"LANGUAGE_CODE: fr\n"
	"LMS_HOST: acme.new.example.test\n"
	"MFE_HOST: apps.acme.new.example.test\n"
	"MONGODB_AUTH_MECHANISM: SCRAM-SHA-1\n"
	"MYSQL_HOST: db.new.example.test\n"
	"MYSQL_PORT: '3306'\n"
	"OPENEDX_EXTRA_PIP_REQUIREMENTS:\n"
	"- dnspython\n"
	"OPENEDX_MYSQL_DATABASE: new_db\n"
	"OPENEDX_MYSQL_PASSWORD: new-password\n"
	"OPENEDX_MYSQL_USERNAME: new_user\n"
	"OPENEDX_SECRET_KEY: " SECRET_OLD "\n"
	"OUR_PLUGIN_LIMIT: 15\n"
	"PICASSO_EXTRA_COMMANDS:\n"
	"- tutor plugins enable drydock forum mfe\n"
	"PLATFORM_NAME: Acme's Academy\n"
	"PLUGINS:\n"
	"- drydock\n"
	"TUTOR_VERSION: v20.0.5\n";

static const char settings[] =
	"{\"tutor\": \"20.0.5\", \"major\": 20, \"in-cluster\": [],\n"
	"\"values\": {\"MYSQL_HOST\": \"db.old.example.test\",\n"
	"\"MYSQL_PORT\": 25060, \"OPENEDX_MYSQL_DATABASE\": \"old_db\",\n"
	"\"OPENEDX_MYSQL_USERNAME\": \"old_user\",\n"
	"\"OPENEDX_MYSQL_PASSWORD\": \"" SECRET_DB "{{\\\"\\\\\",\n"
	"\"MONGODB_HOST\": \"mongo.old.example.test\",\n"
	"\"MONGODB_DATABASE\": \"old-db\", \"MONGODB_USE_SSL\": false,\n"
	"\"MONGODB_AUTH_MECHANISM\": \"\"}}\n";

/* ---- the world around a step ------------------------------------------- */

static char *__attribute__((format(printf, 1, 2)))
at(const char *fmt, ...)
{
	static char path[8][TEXT];
	static int next;
	char *p = path[next = (next + 1) % 8];
	int n = snprintf(p, TEXT, "%s/", dir);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p + n, TEXT - (size_t)n, fmt, ap);
	va_end(ap);
	return p;
}

static void
commit_as_others(const char *repository, const char *file, const char *text)
{
	free(kit_sh("cd %s && rm -rf theirs && git clone -q %s theirs "
	    "2>/dev/null && mkdir -p theirs/$(dirname %s)", dir, repository,
	    file));
	kit_write(at("theirs/%s", file), text);
	free(kit_sh("cd %s/theirs && git add -A && git -c user.name=o "
	    "-c user.email=o@example.test commit -q -m theirs && "
	    "git push -q origin HEAD:main 2>&1", dir));
}

static void
begin_with(const char *config)
{
	free(kit_sh("cd %s && rm -rf *.git work && git init -q --bare -b main "
	    "origin.git && git init -q --bare -b main grove.git", dir));
	commit_as_others("grove.git", "old/config.yml", old_config);
	commit_as_others("origin.git", config == NULL ? "README.md" :
	    "instances/acme/config.yml", config == NULL ? "r\n" : config);
	if (config != NULL)	/* it was built, without init jobs */
		free(kit_sh("cd %s/theirs/instances/acme && mkdir env && "
		    "printf 'resources:\\n- k8s/deployments.yml\\n' "
		    ">env/kustomization.yml && git add env && git -c "
		    "user.name=o -c user.email=o@example.test commit -q "
		    "--amend --no-edit && git push -qf origin HEAD:main 2>&1",
		    dir));
	free(kit_sh("cd %s && git clone -q --depth 1 file://%s/origin.git "
	    "work && printf 'hosts:\\n  lms: courses.example.test\\n  cms: "
	    "studio.courses.example.test\\n  mfe: mfe.example.test\\n' "
	    ">plan.yml", dir, dir));
}

static void
setup(void)
{
	dir = kit_folder();
	begin_with(new_config);
}

static void
teardown(void)
{
	free(kit_sh("rm -rf %s", dir));
	free(dir);
}

static const char *path_of_git;	/* PATH with a git that fails; or NULL */

/* Run a step for real unless a variable says dry-run=true. */
static struct kit_run
step_killed(const char *name, long ms, const char *more, va_list ap)
{
	const char *vars[VARS] = { "instance-name=acme", "branch=main" };
	static char text[8][TEXT];

	snprintf(text[0], TEXT, "workspace=%s/%s", dir, checkout);
	snprintf(text[1], TEXT, "plan=%s/plan.yml", dir);
	kit_add(vars, VARS, text[0]);
	kit_add(vars, VARS, text[1]);
	if (strcmp(name, "replicate-config") == 0) {
		snprintf(text[2], TEXT, "old-repository=file://%s/grove.git",
		    dir);
		kit_add(vars, VARS, text[2]);
		kit_add(vars, VARS, "old-path=old/config.yml");
		kit_add(vars, VARS, "old-token=" SECRET_TOKEN);
	}
	if (strcmp(name, "point-at-data") == 0) {
		snprintf(text[3], TEXT, "settings-file=%s/settings.json",
		    dir);
		kit_add(vars, VARS, text[3]);
	}
	if (path_of_git != NULL)
		kit_add(vars, VARS, path_of_git);
	kit_add(vars, VARS, "dry-run=false");
	for (; more != NULL; more = va_arg(ap, const char *))
		kit_add(vars, VARS, more);
	return kit_step_killed(name, vars, ms);
}

static struct kit_run
step(const char *name, const char *more, ...)
{
	va_list ap;
	struct kit_run r;

	va_start(ap, more);
	r = step_killed(name, -1, more, ap);
	va_end(ap);
	kit_lacks(r.out, SECRET_OLD);
	kit_lacks(r.out, SECRET_DB);
	kit_lacks(r.out, SECRET_TOKEN);
	kit_lacks(r.summary, SECRET_OLD);
	kit_lacks(r.summary, SECRET_DB);
	kit_lacks(r.outputs, SECRET_DB);
	return r;
}

static void
ends(struct kit_run r, int status, const char *word)
{
	ck_assert_msg(r.status == status, "exit %d: %s", r.status, r.out);
	ck_assert_msg(strcmp(kit_output(&r, "status"), word) == 0,
	    "status %s: %s", kit_output(&r, "status"), r.out);
	kit_run_free(&r);
}

static void
config_is(const char *want)
{
	char *got = kit_read(at("work/instances/acme/config.yml"));

	ck_assert_str_eq(got, want);
	free(got);
}

static void
says(const char *want, const char *command)
{
	char *got = kit_sh("cd %s && %s", dir, command);

	ck_assert_str_eq(got, want);
	free(got);
}

/* ---- replicate-config -------------------------------------------------- */

START_TEST(replicate_copies_verbatim_and_touches_nothing_else)
{
	struct kit_run r = step("replicate-config", NULL);

	kit_contains(r.summary, "| ID | left |");
	kit_contains(r.summary, "| OPENEDX\\_MYSQL\\_PASSWORD | later |");
	kit_contains(r.summary, "| DRYDOCK\\_LETSENCRYPT\\_EMAIL | kept |");
	kit_contains(r.summary, "| INDIGO\\_PRIMARY\\_COLOR | left |");
	ck_assert_str_eq(kit_output(&r, "refused"), "GROVE_BROKEN");
	ck_assert_str_eq(kit_output(&r, "unlisted"), "OUR_PLUGIN_LIMIT");
	kit_contains(r.out, "NOBODY_DEFINES_THIS");
	ends(r, 0, "done");
	config_is(replicated);
	says("ops@example.test\n", "git -C origin.git show main:migrations/"
	    "acme/record/config.json | sed -n 's/.*EMAIL\": \"\\(.*\\)\"/"
	    "\\1/p'");
	ends(step("replicate-config", NULL), 0, "unchanged");
	config_is(replicated);
	ends(step("replicate-config", "keys=theming", NULL), 0, "done");
	says("INDIGO_PRIMARY_COLOR: \"#0a5c36\"\n",
	    "tail -1 work/instances/acme/config.yml");
}
END_TEST

START_TEST(what_a_build_rendered_is_not_replicated_again)
{
	begin_with(built);
	ends(step("replicate-config", NULL), 0, "done");	/* record */
	ends(step("replicate-config", NULL), 0, "unchanged");
	config_is(built);
}
END_TEST

START_TEST(a_dry_run_changes_nothing_and_says_what_would)
{
	struct kit_run dry = step("replicate-config", "dry-run=true", NULL);
	struct kit_run real = step("replicate-config", NULL);

	kit_contains(dry.out, "PLATFORM_NAME: would be Acme's Academy (was "
	    "Open edX Instance)");
	kit_contains(real.out, "PLATFORM_NAME: Acme's Academy (was "
	    "Open edX Instance)");
	ends(dry, 0, "would-change");
	ends(real, 0, "done");
	begin_with(new_config);
	ends(step("set-config", "dry-run=true", "set=A=1", "hosts=true",
	    NULL), 0, "would-change");
	kit_write(at("settings.json"), settings);
	ends(step("point-at-data", "dry-run=true", NULL), 0,
	    "would-change");
	config_is(new_config);
	says("1\n", "git -C origin.git rev-list --count main");
	says("", "git -C work status --porcelain");
}
END_TEST

START_TEST(an_instance_not_made_yet_follows_its_making)
{
	begin_with(NULL);
	kit_write(at("settings.json"), settings);
	ends(step("replicate-config", "dry-run=true", NULL), 0,
	    "would-change");
	ends(step("set-config", "dry-run=true", "hosts=true", NULL), 0,
	    "would-change");
	ends(step("point-at-data", "dry-run=true", NULL), 0,
	    "would-change");
	ends(step("replicate-config", NULL), 1, "failed");
}
END_TEST

/* ---- set-config -------------------------------------------------------- */

START_TEST(set_writes_typed_values)
{
	struct kit_run r = step("set-config",
	    "set=DRYDOCK_INIT_JOBS=false\n# a comment\nMYSQL_PORT=25060\n"
	    "PLATFORM_NAME=With {{ braces }} and \"quotes\"\n"
	    "QUOTED=\"0123\"\nEMPTY=\nDEEP.a.b=-1\nDEEP.c=null\n"
	    "LIST=[x, 1]\nMAP={y: {z: true}}\nMAP.y.w={{ X }}\n",
	    "remove=MYSQL_USERNAME, NOWHERE",
	    NULL);

	ends(r, 0, "done");
	says("DRYDOCK_INIT_JOBS: false   # until the data is shared\n"
	    "MYSQL_PORT: 25060\n"
	    "PLATFORM_NAME: \"With \\\\x7b{ braces }} and "
	    "\\\\\\\"quotes\\\\\\\"\"\n"
	    "EMPTY: \"\"\nDEEP:\n  a: {b: -1}\n  c: null\nLIST: [x, 1]\n"
	    "MAP: {y: {z: true, w: \"\\\\x7b{ X }}\"}}\n",
	    "{ grep JOBS work/instances/acme/config.yml; "
	    "grep PORT work/instances/acme/config.yml; "
	    "grep NAME: work/instances/acme/config.yml; "
	    "tail -6 work/instances/acme/config.yml; }");
	ends(step("set-config", "set=DRYDOCK_INIT_JOBS=false", NULL), 0,
	    "unchanged");
}
END_TEST

START_TEST(a_wrong_line_or_the_version_is_refused)
{
	static const char *const wrong[] = {
		"set=DRYDOCK_INIT_JOBS = false", "set=DRYDOCK_INIT_JOBS =x",
		"set=DRYDOCK_INIT_JOBS=false ", "set=TUTOR_VERSION =v21.0.0",
		"set=DRYDOCK_INIT_JOBS=False", "set=A..b=1", "set=.a=1",
		"set=L=[x", "set=M={a: b",
	};

	ends(step("set-config", "set=no equals sign", NULL), 2,
	    "wrong-input");
	ends(step("set-config", "set=TUTOR_VERSION=v21.0.0", NULL), 2,
	    "wrong-input");
	ends(step("set-config", "hosts=perhaps", NULL), 2, "wrong-input");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ends(step("set-config", wrong[i], NULL), 2, "wrong-input");
	config_is(new_config);
}
END_TEST

START_TEST(final_hosts_reach_every_value)
{
	struct kit_run r;

	begin_with(built);
	ends(step("replicate-config", NULL), 0, "done");
	r = step("set-config", "hosts=true", NULL);
	ck_assert_str_eq(kit_output(&r, "lms-host"), "courses.example.test");
	ends(r, 0, "done");
	says("", "grep new.example.test work/instances/acme/config.yml | "
	    "grep -v ^MYSQL_HOST || true");
	says("LMS_HOST: \"courses.example.test\"\n"
	    "MFE_HOST: \"mfe.example.test\"\n",
	    "grep '^[A-Z]*_HOST: .*le.test\"$' "
	    "work/instances/acme/config.yml");
	/* what the build had frozen is as it was in the old file */
	says("1\n1\n", "f=work/instances/acme/config.yml; grep -c "
	    "'append(.*{{ MFE_HOST }}' $f; grep -cF "
	    "'  X: \"{{ LMS_HOST }}\"' $f");
	says("DRYDOCK_LETSENCRYPT_EMAIL: \"ops@example.test\"\n",
	    "grep EMAIL work/instances/acme/config.yml");
	says("0\n", "grep -c CMS_HOST work/instances/acme/config.yml || true");
	ends(step("set-config", "hosts=true", NULL), 0, "unchanged");
}
END_TEST

/* ---- point-at-data ----------------------------------------------------- */

START_TEST(point_writes_the_old_values_in_their_kinds)
{
	kit_write(at("settings.json"), settings);
	ends(step("point-at-data", NULL), 1, "needs-hand");	/* init jobs */
	config_is(new_config);
	ends(step("set-config", "set=DRYDOCK_INIT_JOBS=false", NULL), 0,
	    "done");
	ends(step("point-at-data", NULL), 0, "done");
	says("OPENEDX_MYSQL_DATABASE: \"old_db\"\n"
	    "OPENEDX_MYSQL_USERNAME: \"old_user\"\n"
	    "OPENEDX_MYSQL_PASSWORD: \"" SECRET_DB
	    "\\\\x7b{\\\\\\\"\\\\\\\\\"\n"
	    "MYSQL_HOST: \"db.old.example.test\"\n"
	    "MYSQL_PORT: 25060\n"
	    "MONGODB_AUTH_MECHANISM: \"\" # a default of the template\n"
	    "MONGODB_HOST: \"mongo.old.example.test\"\n"
	    "MONGODB_DATABASE: \"old-db\"\n"
	    "MONGODB_USE_SSL: false\n"
	    "PICASSO_EXTRA_COMMANDS:\n"
	    "  - tutor plugins enable drydock forum mfe\n",
	    "grep -A99 -e ^OPENEDX_MYSQL work/instances/acme/config.yml | "
	    "grep -v -e _HOST:.*new -e '^$'");
	/* the record has the facts and no secret */
	says("1\n", "git -C origin.git show main:migrations/acme/record/"
	    "data.json | grep -c old_user");
	says("0\n", "git -C origin.git show main:migrations/acme/record/"
	    "data.json | grep -c secret || true");
	ends(step("point-at-data", NULL), 0, "unchanged");
}
END_TEST

static const struct {
	const char *json, *says;
} unfit[] = {
	{ "{\"major\": 20, \"in-cluster\": [\"MYSQL_HOST is mysql\"], "
	    "\"values\": {\"MYSQL_HOST\": \"mysql\"}}", "within the old" },
	{ "{\"major\": 18, \"values\": {\"MYSQL_HOST\": \"h\"}}",
	    "redwood" },
};

START_TEST(a_file_that_fetch_settings_did_not_write_is_refused)
{
	static const char *const wrong[] = { "", "{}", "[1]",
		"{\"values\": [\"MYSQL_HOST\"]}",
		"{\"values\": {\"MYSQL_HOST\": [\"a.example.test\"]}}" };

	ends(step("set-config", "set=DRYDOCK_INIT_JOBS=false", NULL), 0,
	    "done");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		kit_write(at("settings.json"), wrong[i]);
		ends(step("point-at-data", NULL), 2, "wrong-input");
	}
}
END_TEST

START_TEST(a_login_within_a_uri_is_not_shown)
{
	kit_write(at("settings.json"), "{\"tutor\": \"20.0.5\", \"major\": 20,"
	    " \"in-cluster\": [], \"values\": {\"MONGODB_HOST\":"
	    " \"mongodb+srv://u:" SECRET_DB "@a.old.example.test\"}}\n");
	ends(step("set-config", "set=DRYDOCK_INIT_JOBS=false", NULL), 0,
	    "done");
	ends(step("point-at-data", NULL), 0, "done");
	says("1\n", "grep -c 'MONGODB_HOST: \"mongodb+srv://u:' "
	    "work/instances/acme/config.yml");
}
END_TEST

START_TEST(data_that_can_not_be_shared_is_refused)
{
	struct kit_run r;

	ends(step("set-config", "set=DRYDOCK_INIT_JOBS=false", NULL), 0,
	    "done");
	kit_write(at("settings.json"), unfit[_i].json);
	r = step("point-at-data", NULL);
	kit_contains(r.out, unfit[_i].says);
	ends(r, 1, "needs-hand");
	kit_write(at("settings.json"), "[]");
	ends(step("point-at-data", NULL), 2, "wrong-input");
	says("MYSQL_HOST: db.new.example.test\n",
	    "grep MYSQL_HOST work/instances/acme/config.yml");
}
END_TEST

START_TEST(init_jobs_that_are_still_rendered_are_refused)
{
	static const char file[] = "instances/acme/env/kustomization.yml";
	struct kit_run r;

	kit_write(at("settings.json"), settings);
	ends(step("set-config", "set=DRYDOCK_INIT_JOBS=false", NULL), 0,
	    "done");
	commit_as_others("origin.git", file, "resources:\n"
	    "- k8s/deployments.yml\n- plugins/drydock/k8s/jobs.yml\n");
	r = step("point-at-data", NULL);
	kit_contains(r.out, "still deploys the init jobs");
	ends(r, 1, "needs-hand");
	free(kit_sh("cd %s/theirs && git rm -rq instances/acme/env && git -c "
	    "user.name=o -c user.email=o@example.test commit -qm gone && "
	    "git push -q origin HEAD:main 2>&1", dir));
	r = step("point-at-data", NULL);
	kit_contains(r.out, "nothing was rendered yet");
	ends(r, 1, "needs-hand");
	r = step("point-at-data", "dry-run=true", NULL);
	kit_contains(r.out, "A real run refuses this");
	ends(r, 0, "would-change");
}
END_TEST

static const char beyond[] =
	"{\"major\": 20, \"values\": {\"MYSQL_HOST\": \"h\"},\n"
	"\"unmapped\": [{\"path\": \"DATABASES.default.OPTIONS.ssl\",\n"
	"\"lms\": {\"ca\": \"/openedx/ca.pem\"},\n"
	"\"cms\": {\"ca\": \"/openedx/ca.pem\"}},\n"
	"{\"path\": \"DOC_STORE_CONFIG.tlsCAFile\", \"lms\": \"/m.pem\",\n"
	"\"cms\": \"/m.pem\"},\n"
	"{\"path\": \"AWS_QUERYSTRING_AUTH\", \"lms\": false},\n"
	"{\"path\": \"SOCIAL_AUTH_OAUTH_SECRETS\", \"lms\":\n"
	"{\"google\": \"" SECRET_DB "{{\"}},\n"
	"{\"path\": \"ALLOWED_HOSTS\", \"lms\": [\"www.example.test\"]}\n"
	"%s]}\n";

START_TEST(what_no_key_carries_becomes_a_patch)
{
	static const char *const same = "GROVE_COMMON_SETTINGS: |\n"
	    "  # ours\n"
	    "  # transplant: the old side's, which no key carries\n"
	    "  DATABASES[\"default\"][\"OPTIONS\"][\"ssl\"] = "
	    "{\"ca\": \"/openedx/ca.pem\"}\n"
	    "  DOC_STORE_CONFIG[\"tlsCAFile\"] = \"/m.pem\"\n"
	    "  update_module_store_settings(MODULESTORE, "
	    "doc_store_settings=DOC_STORE_CONFIG)\n"
	    "  # transplant: end\n"
	    "GROVE_LMS_ENV: |\n"
	    "  # transplant: the old side's, which no key carries\n"
	    "  SOCIAL_AUTH_OAUTH_SECRETS: {\"google\": \"" SECRET_DB
	    "\\x7b{\"}\n"
	    "  # transplant: end\n"
	    "GROVE_LMS_PRODUCTION_SETTINGS: |\n"
	    "  # transplant: the old side's, which no key carries\n"
	    "  AWS_QUERYSTRING_AUTH = False\n"
	    "  ALLOWED_HOSTS += [\"www.example.test\"]\n"
	    "  # transplant: end\n"
	    "MYSQL_HOST: \"h\"\n";
	char text[TEXT];
	struct kit_run r;

	commit_as_others("origin.git", "instances/acme/config.yml",
	    "DRYDOCK_INIT_JOBS: false\nTUTOR_VERSION: v20.0.5\n"
	    "GROVE_COMMON_SETTINGS: |\n  # ours\n");
	snprintf(text, TEXT, beyond, "");
	kit_write(at("settings.json"), text);
	r = step("point-at-data", NULL);
	kit_contains(r.out, "/openedx/ca.pem");
	kit_contains(r.out, "no plugin of the name grove");
	ends(r, 0, "done");
	says(same, "sed 1,2d work/instances/acme/config.yml");
	ends(step("point-at-data", NULL), 0, "unchanged");
	/* what is gone on the old side goes here, and nothing else */
	kit_write(at("settings.json"), "{\"major\": 20, \"values\": "
	    "{\"MYSQL_HOST\": \"h\"}}");
	ends(step("point-at-data", NULL), 0, "done");
	says("GROVE_COMMON_SETTINGS: |\n  # ours\nMYSQL_HOST: \"h\"\n",
	    "sed 1,2d work/instances/acme/config.yml");
}
END_TEST

/* The old config.yml's own patches, as replicate-config copied them and a
 * build rendered them. */
START_TEST(a_patch_that_is_there_already_is_not_written_again)
{
	char text[TEXT];

	commit_as_others("origin.git", "instances/acme/config.yml",
	    "DRYDOCK_INIT_JOBS: false\nTUTOR_VERSION: v20.0.5\n"
	    "MYSQL_HOST: h\n"
	    "GROVE_COMMON_SETTINGS: |\n"
	    "  DATABASES['default']['OPTIONS']['ssl'] = dict(\n"
	    "      ca='/openedx/ca.pem')\n"
	    "  mongodb_parameters['tlsCAFile'] = '/m.pem'\n"
	    "  update_module_store_settings(MODULESTORE,\n"
	    "      doc_store_settings=DOC_STORE_CONFIG)\n"
	    "GROVE_LMS_PRODUCTION_SETTINGS: \"AWS_QUERYSTRING_AUTH = False\\n"
	    "ALLOWED_HOSTS.append('www.example.test')\"\n"
	    "GROVE_LMS_ENV: |\n"
	    "  SOCIAL_AUTH_OAUTH_SECRETS:\n"
	    "    google: " SECRET_DB "{{\n");
	snprintf(text, TEXT, beyond, "");
	kit_write(at("settings.json"), text);
	ends(step("point-at-data", NULL), 0, "done");	/* the record */
	says("0\n", "grep -c transplant: work/instances/acme/config.yml "
	    "|| true");
}
END_TEST

START_TEST(what_not_even_a_patch_carries_needs_a_decision)
{
	char text[TEXT];
	struct kit_run r;

	snprintf(text, TEXT, beyond, ",{\"path\": \"DATABASES.other\", "
	    "\"why\": \"production.py:7: f()\"}");
	ends(step("set-config", "set=DRYDOCK_INIT_JOBS=false", NULL), 0,
	    "done");
	kit_write(at("settings.json"), text);
	r = step("point-at-data", NULL);
	kit_contains(r.out, "DATABASES.other: production.py:7: f()");
	ck_assert_str_eq(kit_output(&r, "unmapped"), "DATABASES.other");
	ends(r, 1, "needs-hand");
	says("MYSQL_HOST: db.new.example.test\n",
	    "grep MYSQL_HOST work/instances/acme/config.yml");
	ends(step("point-at-data", "accept-unmapped=DATABASES.other, "
	    "DOC_STORE_CONFIG.tlsCAFile", NULL), 0, "done");
	says("0\n", "grep -c tlsCAFile work/instances/acme/config.yml "
	    "|| true");
}
END_TEST

static const char bucket[] =
	"{\"major\": 20, \"values\": {\"MYSQL_HOST\": \"h\",\n"
	"\"OPENEDX_MYSQL_DATABASE\": \"d\", \"MONGODB_DATABASE\": \"m\",\n"
	"\"OPENEDX_AWS_ACCESS_KEY\": \"" SECRET_DB "\",\n"
	"\"S3_STORAGE_BUCKET\": \"b\", \"STORAGE_TYPE\": \"s3\",\n"
	"\"STORAGE_BUCKET_NAME\": \"b\"}}\n";

START_TEST(a_bucket_comes_with_its_plugin)
{
	ends(step("set-config", "set=DRYDOCK_INIT_JOBS=false", NULL), 0,
	    "done");
	kit_write(at("settings.json"), bucket);
	ends(step("point-at-data", NULL), 0, "done");
	says("PICASSO_EXTRA_COMMANDS:\n"
	    "  - tutor plugins enable drydock forum mfe\n"
	    "  - \"pip install git+https://github.com/hastexo/"
	    "tutor-contrib-s3@v2.3.1\"\n"
	    "  - \"tutor plugins enable s3\"\n",
	    "grep -A3 PICASSO work/instances/acme/config.yml");
	ends(step("point-at-data", NULL), 0, "unchanged");
}
END_TEST

/* ---- commit-config ----------------------------------------------------- */

START_TEST(commit_pushes_what_was_changed_once)
{
	struct kit_run r;

	ends(step("set-config", "set=A=1", NULL), 0, "done");
	r = step("commit-config", "dry-run=true", NULL);
	kit_contains(r.out, "instances/acme/config.yml");
	ends(r, 0, "would-change");
	says("1\n", "git -C origin.git rev-list --count main");
	commit_as_others("origin.git", "other/file", "x\n");
	r = step("commit-config", "message=feat: a", NULL);
	says("", "git -C work status --porcelain");
	free(kit_sh("test $(git -C %s/origin.git rev-parse main) = %s", dir,
	    kit_output(&r, "commit")));
	ends(r, 0, "done");
	says("feat: a\n", "git -C origin.git log -1 --format=%s main");
	ends(step("commit-config", NULL), 0, "unchanged");
	says("3\n", "git -C origin.git rev-list --count main");
}
END_TEST

/* Each in a checkout of its own, at the same time. */
static void
both_commit(const char *first, const char *second, int *status)
{
	struct kit_run r;
	pid_t other;

	free(kit_sh("cd %s && git -C origin.git config "
	    "receive.denyNonFastForwards true && rm -rf work work2 && for w "
	    "in work work2; do git clone -q file://%s/origin.git $w; done",
	    dir, dir));
	ends(step("set-config", first, NULL), 0, "done");
	checkout = "work2";
	ends(step("set-config", second, NULL), 0, "done");
	other = fork();
	if (other == 0) {
		r = step("commit-config", "message=second", NULL);
		_exit(r.status);
	}
	checkout = "work";
	r = step("commit-config", "message=first", NULL);
	status[0] = r.status;
	kit_run_free(&r);
	ck_assert_int_eq(waitpid(other, &status[1], 0), other);
	status[1] = WEXITSTATUS(status[1]);
}

START_TEST(two_who_commit_at_once_both_arrive)
{
	int status[2];

	for (int i = 0; i < 5; i++) {
		both_commit(kit_text("set=FIRST_%d=a", i),
		    kit_text("set=ZZ_SECOND_%d=b", i), status);
		ck_assert_int_eq(status[0], 0);
		ck_assert_int_eq(status[1], 0);
	}
	says("5\n5\n0\n", "for w in FIRST_ ZZ_SECOND_; do git -C origin.git "
	    "show main:instances/acme/config.yml | grep -c ^$w; done; "
	    "git -C origin.git rev-list --count --merges main");
	says("11\n", "git -C origin.git rev-list --count main");
}
END_TEST

START_TEST(two_who_add_the_same_key_leave_it_there_once)
{
	int status[2];

	both_commit("set=OURS_TOO=a\nSAME=1", "set=AAA=2\nSAME=1", status);
	ck_assert_int_eq(status[0], 0);
	ck_assert_int_eq(status[1], 0);
	says("1\n", "git -C origin.git show main:instances/acme/config.yml "
	    "| grep -c ^SAME:");
	both_commit("set=OTHER=1\nBOTH=1", "set=AAA_OTHER=1\nBOTH=2",
	    status);
	ck_assert_int_eq(status[0] + status[1], 1);
	says("1\n", "git -C origin.git show main:instances/acme/config.yml "
	    "| grep -c ^BOTH:");
}
END_TEST

START_TEST(a_file_that_can_not_be_read_is_not_committed)
{
	kit_write(at("work/instances/acme/config.yml"), "a: [\n");
	ends(step("commit-config", NULL), 2, "wrong-input");
	kit_write(at("work/instances/acme/config.yml"),
	    "TUTOR_VERSION: 'v20.0.5'\n");
	ends(step("commit-config", NULL), 2, "wrong-input");
	says("1\n", "git -C origin.git rev-list --count main");
	ends(step("commit-config", "paths=../etc", NULL), 2, "wrong-input");
}
END_TEST

START_TEST(a_conflict_is_named_and_nothing_is_pushed)
{
	struct kit_run r;

	ends(step("set-config", "set=PLATFORM_NAME=ours", NULL), 0, "done");
	commit_as_others("origin.git", "instances/acme/config.yml",
	    "PLATFORM_NAME: theirs\n");
	r = step("commit-config", NULL);
	kit_contains(r.out, "instances/acme/config.yml");
	ends(r, 1, "failed");
	says("PLATFORM_NAME: theirs\n",
	    "git -C origin.git show main:instances/acme/config.yml");
}
END_TEST

/* ---- failures ---------------------------------------------------------- */

/* The chain of edits, from the new file to the pushed commits. */
static const char *const chain[] = { "replicate-config", "set-config",
    "point-at-data", "commit-config" };
enum { LINKS = 4 };

static struct kit_run
run_link(int i, long ms, ...)
{
	struct kit_run r;
	va_list ap;

	va_start(ap, ms);
	r = step_killed(chain[i], ms, i == 1 ? "set=DRYDOCK_INIT_JOBS=false" :
	    NULL, ap);
	va_end(ap);
	return r;
}

static void
run_link_well(int i)
{
	struct kit_run r = run_link(i, -1, NULL);

	ck_assert_msg(r.status == 0, "%s: %s", chain[i], r.out);
	kit_run_free(&r);
}

/* Everything that counts: the branch, its length, the checkout. */
static char *
state(void)
{
	return kit_sh("cd %s && git -C origin.git rev-parse 'main^{tree}' && "
	    "git -C origin.git rev-list --count main && "
	    "cat work/instances/acme/config.yml && "
	    "git -C work status --porcelain && "
	    "git -C work rev-parse 'HEAD^{tree}' && find work/.git "
	    "-name '*.lock' -o -name 'transplant-*'", dir);
}

/* Up to the link, kept as `before`; what it makes when nothing fails. */
static char *
prepare_link(int link)
{
	kit_write(at("settings.json"), settings);
	for (int i = 0; i < link; i++)
		run_link_well(i);
	free(kit_sh("cd %s && mkdir before && cp -a origin.git work before",
	    dir));
	run_link_well(link);
	return state();
}

static void
back_to_before(void)
{
	free(kit_sh("cd %s && rm -rf origin.git work && cp -a before/* .",
	    dir));
}

/* The next clean run completes what was cut off. */
static void
is_made_good(int link, const char *want, int n)
{
	char *got;

	run_link_well(link);
	got = state();
	ck_assert_msg(strcmp(got, want) == 0, "after failure %d of %s:\n%s\n"
	    "instead of:\n%s", n, chain[link], got, want);
	free(got);
}

/*
 * A git of which the n-th call fails: before it acts; or, of those that
 * write, after it acted.
 */
static void
break_git(int n, bool after)
{
	static char path[TEXT * 2];

	free(kit_sh("mkdir -p %s/shim && echo 0 >%s/shim/count && "
	    "cat >%s/shim/git <<'S' && chmod +x %s/shim/git\n"
	    "#!/bin/sh\n"
	    "here=${0%%/*} PATH=${PATH#*:}\n"
	    "case \" $* \" in\n"
	    "%s) read -r n <$here/count; n=$((n + 1)); echo $n >$here/count\n"
	    "	if [ $n -eq %d ]; then %s; echo 'fatal: made to fail' >&2; "
	    "exit 128; fi ;;\n"
	    "esac\n"
	    "exec git \"$@\"\n"
	    "S\n", dir, dir, dir, dir, after ? "*' fetch '*|*' hash-object "
	    "-w '*|*' read-tree '*|*' update-index '*|*' write-tree '*|"
	    "*' commit-tree '*|*' push '*|*' update-ref '*" : "*", n,
	    after ? "git \"$@\"" : ":"));
	snprintf(path, sizeof path, "PATH=%s/shim:%s", dir, getenv("PATH"));
	path_of_git = path;
}

static int
calls_of_git(void)
{
	char *count = kit_read(at("shim/count"));
	int n = (int)strtol(count, NULL, 10);

	free(count);
	return n;
}

/* Each git call of each step fails once; a clean run then completes it. */
START_TEST(any_git_command_may_fail_before_or_after_it_acted)
{
	int link = _i / 2, calls = 0, n;
	char *want = prepare_link(link);

	for (n = 1; n <= CALLS_MAX; n++) {
		struct kit_run r;

		back_to_before();
		break_git(n, _i % 2 == 1);
		r = run_link(link, -1, NULL);
		path_of_git = NULL;
		calls = calls_of_git();
		kit_lacks(r.out, SECRET_DB);
		/* a few are looks that only spare work: it goes on then */
		ck_assert_int_le(r.status, 2);
		kit_run_free(&r);
		if (calls < n)
			break;		/* it makes no more */
		is_made_good(link, want, n);
	}
	ck_assert_int_ge(n, 2);
	ck_assert_int_le(n, CALLS_MAX);
	free(want);
}
END_TEST

/* Killed at moments spread over its run. */
START_TEST(a_kill_at_any_moment_is_made_good)
{
	char *want = prepare_link(_i);

	for (int n = 0; n < 8; n++) {
		struct kit_run r;

		back_to_before();
		r = run_link(_i, 3 + 29 * n, NULL);
		kit_run_free(&r);
		is_made_good(_i, want, n);
	}
	free(want);
}
END_TEST

/* ---- in the sandbox ---------------------------------------------------- */

static const char *
ca_file(void)
{
	static char var[TEXT];
	const char *ca = getenv("SB_CA_FILE");

	snprintf(var, sizeof var, "ca-file=%s", ca != NULL ? ca : "");
	return var;
}

static const char *
dns(void)
{
	static char var[TEXT];
	const char *servers = getenv("SB_DNS_SERVERS");

	snprintf(var, sizeof var, "dns-servers=%s",
	    servers != NULL ? servers : "");
	return var;
}

static const char *
input(const char *name, const char *env)
{
	static char var[8][TEXT];
	static int next;

	next = (next + 1) % 8;
	snprintf(var[next], TEXT, "%s=%s", name, kit_env(env));
	return var[next];
}

START_TEST(git_is_reached_by_https_with_a_token)
{
	struct kit_run r;
	char remote[TEXT], name[40], file[60];

	if (getenv("SB_GROVE_URL") == NULL)
		return;
	/* may run again in the same sandbox */
	snprintf(name, sizeof name, "instance-name=cf%d", (int)getpid());
	snprintf(file, sizeof file, "work/instances/cf%d/config.yml",
	    (int)getpid());
	free(kit_sh("cd %s/work && git remote set-url origin %s", dir,
	    kit_env("SB_REPO_URL")));
	r = step("commit-config", ca_file(), dns(), NULL);
	kit_contains(r.out, "could not read Username");
	ends(r, 1, "failed");
	free(kit_sh("rm -rf %s/work && cd %s && git -c "
	    "http.sslCAInfo=%s/ca/bundle.crt -c http.curloptResolve="
	    "github.com:443:%s -c http.extraheader=\"AUTHORIZATION: basic "
	    "$(printf 'x-access-token:%%s' %s | base64 -w0)\" clone -q "
	    "--depth 1 %s work && mkdir -p $(dirname %s)", dir, dir,
	    kit_env("SB_STATE"), kit_env("SB_GIT_ADDR"),
	    kit_env("SB_GITHUB_TOKEN"), kit_env("SB_REPO_URL"), file));
	kit_write(at("%s", file), new_config);
	r = step("commit-config", name, ca_file(), dns(),
	    "repository-token=wrong-wrong-wrong", NULL);
	ends(r, 1, "failed");
	r = step("commit-config", name, ca_file(), dns(),
	    input("repository-token", "SB_GITHUB_TOKEN"), NULL);
	kit_lacks(r.out, kit_env("SB_GITHUB_TOKEN"));
	ends(r, 0, "done");
	snprintf(remote, sizeof remote, "old-repository=%s",
	    kit_env("SB_GROVE_URL"));
	r = step("replicate-config", name, ca_file(), dns(),
	    remote, input("old-path", "SB_GROVE_PATH"),
	    input("repository-token", "SB_GITHUB_TOKEN"),
	    "old-token=wrong-wrong-wrong", NULL);
	ends(r, 1, "failed");
	r = step("replicate-config", name, ca_file(), dns(),
	    remote, input("old-path", "SB_GROVE_PATH"),
	    input("repository-token", "SB_GITHUB_TOKEN"),
	    input("old-token", "SB_GROVE_TOKEN"), NULL);
	kit_lacks(r.out, kit_env("SB_OPENEDX_SECRET_KEY"));
	kit_lacks(r.summary, kit_env("SB_OPENEDX_SECRET_KEY"));
	ends(r, 0, "done");
	/* its theme's repository is not there, or not to be seen */
	r = step("replicate-config", name, ca_file(), dns(), "keys=theming",
	    remote, input("old-path", "SB_GROVE_PATH"),
	    input("repository-token", "SB_GITHUB_TOKEN"),
	    input("old-token", "SB_GROVE_TOKEN"), NULL);
	kit_contains(r.out, "GROVE_COMPREHENSIVE_THEME_SOURCE_REPO: ");
	kit_contains(r.out, "will not find its theme");
	kit_contains(r.out, "_lms-overrides.scss");
	ends(r, 0, "done");
}
END_TEST

static struct kit_run
fetch(const char *token)
{
	const char *vars[VARS] = { "instance-name=acme", "namespace=acme" };

	kit_add(vars, VARS, input("kube-server", "SB_KUBE_OLD"));
	kit_add(vars, VARS, token);
	kit_add(vars, VARS, ca_file());
	kit_add(vars, VARS, dns());
	return kit_step("fetch-settings", vars);
}

START_TEST(fetch_reads_what_the_deployments_mount)
{
	struct kit_run r;
	struct stat st;
	char *file;

	if (getenv("SB_KUBE_OLD") == NULL)
		return;
	r = fetch(input("kube-token", "SB_KUBE_OLD_TOKEN"));
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "mysql-user"),
	    kit_env("SB_MYSQL_USER"));
	ck_assert_str_eq(kit_output(&r, "mysql-database"),
	    kit_env("SB_MYSQL_DATABASE"));
	ck_assert_str_eq(kit_output(&r, "mongodb-database"),
	    kit_env("SB_MONGO_DATABASE"));
	ck_assert_str_eq(kit_output(&r, "forum-database"),
	    kit_env("SB_MONGO_FORUM"));
	kit_lacks(r.out, kit_env("SB_MYSQL_PASSWORD"));
	kit_lacks(r.summary, kit_env("SB_MYSQL_PASSWORD"));
	kit_lacks(r.outputs, kit_env("SB_MYSQL_PASSWORD"));
	ck_assert_int_eq(stat(kit_output(&r, "settings-file"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	file = kit_read(kit_output(&r, "settings-file"));
	kit_contains(file, kit_env("SB_MYSQL_PASSWORD"));
	kit_contains(file, kit_env("SB_MONGO_PASSWORD"));
	kit_lacks(file, "stale");
	free(file);
	kit_run_free(&r);
	r = fetch("kube-token=wrong-wrong-wrong");
	ck_assert_int_eq(r.status, 1);
	kit_run_free(&r);
}
END_TEST

/* What the old cluster says of one of the instance's objects, changed by a
 * program of jq, is what this server says. */
static void
relay(struct httpd *d, const char *path, const char *program)
{
	const char *body = kit_out("curl -fsS --cacert %s/ca/ca.crt "
	    "-H 'Authorization: Bearer %s' %s%s | jq -c '%s'",
	    kit_env("SB_STATE"), kit_env("SB_KUBE_OLD_TOKEN"),
	    kit_env("SB_KUBE_OLD"), path, program);

	httpd_answer(d, kit_text("GET %s ", path), 0, 200, "", body);
}

START_TEST(fetch_takes_databases_from_where_the_environment_says)
{
	struct httpd *d;
	const char *ca = kit_text("%s/kube.crt", dir), *maps;
	struct kit_run r;

	if (getenv("SB_KUBE_OLD") == NULL)
		return;
	d = httpd_start("127.0.0.1");
	kit_write(ca, httpd_ca(d));
	for (const char *const *name = (const char *[]){ "lms", "lms-worker",
	    "cms", "cms-worker", NULL }; *name != NULL; name++)
		relay(d, kit_text(DEPLOYMENTS "%s", *name),
		    ".spec.template.spec.containers[0].env += "
		    "[{name: \"DB_MIGRATION_HOST\", value: \"db2.test\"}, "
		    "{name: \"DB_MIGRATION_PORT\", value: \"3307\"}, "
		    "{name: \"DB_MIGRATION_PASS\", value: \"pass-of-old\"}]");
	maps = kit_out("curl -fsS --cacert %s/ca/ca.crt -H 'Authorization: "
	    "Bearer %s' %s" DEPLOYMENTS "lms | jq -r '.spec.template.spec."
	    "volumes[].configMap.name // empty' | tr '\\n' ' '",
	    kit_env("SB_STATE"), kit_env("SB_KUBE_OLD_TOKEN"),
	    kit_env("SB_KUBE_OLD"));
	while (*maps != '\0') {
		size_t n = strcspn(maps, " ");

		relay(d, kit_text(CONFIGMAPS "/%.*s", (int)n, maps), ".");
		maps += n + (maps[n] == ' ');
	}
	httpd_answer(d, "GET " CONFIGMAPS "?", 0, 200, "", "{\"items\":[]}");
	httpd_answer(d, "GET ", 0, 404, "", "{\"kind\":\"Status\","
	    "\"reason\":\"NotFound\",\"message\":\"not found\"}");
	r = kit_step("fetch-settings", (const char *[]){
	    "instance-name=acme", "namespace=acme",
	    kit_text("kube-server=%s", httpd_url(d)),
	    kit_text("ca-file=%s", ca), "kube-token=any-token-will-do",
	    NULL });
	ck_assert_msg(r.status == 0, "%s", r.out);
	ck_assert_str_eq(kit_output(&r, "mysql-host"), "db2.test");
	ck_assert_str_eq(kit_output(&r, "mysql-port"), "3307");
	ck_assert_str_eq(kit_output(&r, "mysql-user"),
	    kit_env("SB_MYSQL_USER"));
	ck_assert_str_eq(kit_out("jq -r .values.OPENEDX_MYSQL_PASSWORD %s",
	    kit_output(&r, "settings-file")), "pass-of-old");
	kit_lacks(r.out, "pass-of-old");
	kit_lacks(r.summary, "pass-of-old");
	kit_run_free(&r);
	httpd_stop(d);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *c = tcase_create("config"), *slow = tcase_create("failures");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c,
	    replicate_copies_verbatim_and_touches_nothing_else);
	tcase_add_test(c, what_a_build_rendered_is_not_replicated_again);
	tcase_add_test(c, a_dry_run_changes_nothing_and_says_what_would);
	tcase_add_test(c, an_instance_not_made_yet_follows_its_making);
	tcase_add_test(c, set_writes_typed_values);
	tcase_add_test(c, a_wrong_line_or_the_version_is_refused);
	tcase_add_test(c, final_hosts_reach_every_value);
	tcase_add_test(c,
	    a_file_that_fetch_settings_did_not_write_is_refused);
	tcase_add_test(c, a_login_within_a_uri_is_not_shown);
	tcase_add_test(c, point_writes_the_old_values_in_their_kinds);
	tcase_add_loop_test(c, data_that_can_not_be_shared_is_refused, 0,
	    (int)(sizeof unfit / sizeof *unfit));
	tcase_add_test(c, a_bucket_comes_with_its_plugin);
	tcase_add_test(c, init_jobs_that_are_still_rendered_are_refused);
	tcase_add_test(c, what_no_key_carries_becomes_a_patch);
	tcase_add_test(c, a_patch_that_is_there_already_is_not_written_again);
	tcase_add_test(c, what_not_even_a_patch_carries_needs_a_decision);
	tcase_add_test(c, commit_pushes_what_was_changed_once);
	tcase_add_test(c, two_who_commit_at_once_both_arrive);
	tcase_add_test(c, two_who_add_the_same_key_leave_it_there_once);
	tcase_add_test(c, a_file_that_can_not_be_read_is_not_committed);
	tcase_add_test(c, a_conflict_is_named_and_nothing_is_pushed);
	tcase_add_test(c, git_is_reached_by_https_with_a_token);
	tcase_add_test(c, fetch_reads_what_the_deployments_mount);
	tcase_add_test(c,
	    fetch_takes_databases_from_where_the_environment_says);
	suite_add_tcase(s, c);
	tcase_set_timeout(slow, 900);
	tcase_add_checked_fixture(slow, setup, teardown);
	tcase_add_loop_test(slow,
	    any_git_command_may_fail_before_or_after_it_acted, 0,
	    2 * LINKS);
	tcase_add_loop_test(slow, a_kill_at_any_moment_is_made_good, 0,
	    LINKS);
	suite_add_tcase(s, slow);
	return kit_main(s, NULL);
}
