/*
 * Proves that what an old instance runs with survives the way into a new
 * one: the rendered ConfigMaps of an old release, served as Kubernetes has
 * them, -> fetch-settings -> replicate-config and point-at-data on a
 * config.yml like Launchpad's -> the real `tutor config save` of a newer
 * release, twice -> what Python then computes. The second save must change
 * no byte.
 *
 * The steps are the real binaries. point-at-data refuses another release on
 * the new side (its own test): the settings file is told to be of the new
 * one in between.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "tests/kit/httpd.h"
#include "tests/kit/kit.h"

enum { VARS = 24, LMS = 1, CMS = 2, BOTH = LMS | CMS };

/* Old instances (tests/real/render) and releases to move to. */
static const struct {
	const char *old;
	int major;
} trips[] = {
	{ "14-external", 20 }, { "14-external", 22 },
	{ "18-external", 20 }, { "18-external", 22 },
	{ "20-external", 20 }, { "20-external", 22 },
	{ "14-nasty", 22 }, { "18-nasty", 20 }, { "20-nasty", 22 },
	{ "18-forms", 20 }, { "20-forms", 22 },
};
enum { TRIPS = sizeof trips / sizeof *trips };

static const struct {
	int major;
	const char *version;
} releases[] = { { 20, "v20.0.5" }, { 22, "v22.0.3" } };

/* What Launchpad makes of its template, in short. */
static const char new_config[] =
	"# Made by create\n"
	"DRYDOCK_INIT_JOBS: true\n"
	"K8S_NAMESPACE: \"acme\"\n"
	"TUTOR_VERSION: %s\n"
	"PLATFORM_NAME: \"Open edX Instance for acme\"\n"
	"OPENEDX_EXTRA_PIP_REQUIREMENTS: []\n"
	"ENABLE_HTTPS: true\n"
	"ENABLE_WEB_PROXY: false\n"
	"LMS_HOST: \"acme.new.example.test\"\n"
	"CMS_HOST: \"studio.acme.new.example.test\"\n"
	"RUN_MYSQL: false\n"
	"MYSQL_DATABASE: \"launchpad-acme-openedx\"\n"
	"MYSQL_USERNAME: \"launchpad-acme\"\n"
	"MYSQL_PASSWORD: \"not-the-old-one-1\"\n"
	"MYSQL_HOST: \"mysql.new.example.test\"\n"
	"MYSQL_PORT: \"3306\"\n"
	"RUN_MONGODB: false\n"
	"MONGODB_DATABASE: \"launchpad-acme-openedx\"\n"
	"MONGODB_USERNAME: \"launchpad-acme\"\n"
	"MONGODB_PASSWORD: \"not-the-old-one-2\"\n"
	"MONGODB_HOST: \"mongodb.new.example.test\"\n"
	"MONGODB_PORT: \"27017\"\n"
	"MONGODB_USE_SSL: true\n"
	"MONGODB_AUTH_MECHANISM: \"SCRAM-SHA-1\"\n"
	"MONGODB_AUTH_SOURCE: \"admin\"\n"
	"MONGODB_REPLICA_SET: \"rs-new\"\n"
	"FORUM_MONGODB_DATABASE: \"launchpad-acme-forum\"\n"
	"STORAGE_BUCKET_NAME: \"launchpad-acme-x7y8z9a\"\n"
	"STORAGE_TYPE: \"spaces\"\n"
	"STORAGE_REGION: \"fra1\"\n"
	"STORAGE_ENDPOINT_URL: \"https://fra1.digitaloceanspaces.com\"\n"
	"PICASSO_EXTRA_COMMANDS:\n"
	"  - pip install tutor-contrib-drydock\n"
	"  - tutor plugins enable drydock forum grove mfe\n";

/* ---- the old cluster --------------------------------------------------- */

/* As its controller leaves a Deployment that has rolled out. */
static struct json *
rolled_out(const struct json *deployment)
{
	struct json *d = json_copy(deployment), *status;
	double n = 1;

	if (!json_num(d, "spec.replicas", &n))
		n = 1;
	status = json_add(d, "status", json_object());
	json_set_num(status, "replicas", n);
	json_set_num(status, "updatedReplicas", n);
	json_set_num(status, "availableReplicas", n);
	return d;
}

/* Objects as `kubectl apply -k env` would leave them, at their addresses. */
static void
serve(struct httpd *h, const struct json *objects)
{
	for (const struct json *o = json_first(objects); o != NULL;
	    o = json_next(o)) {
		const char *kind = json_str(o, "kind");
		struct buf text = buf_new(1 << 20);
		struct json *whole = NULL;
		const char *path = NULL;

		if (text_same(kind, "ConfigMap"))
			path = "/api/v1/namespaces/openedx/configmaps/";
		if (text_same(kind, "Deployment")) {
			whole = rolled_out(o);
			path = "/apis/apps/v1/namespaces/openedx/"
			    "deployments/";
		}
		if (path != NULL) {
			json_print(whole != NULL ? whole : o, false, &text);
			httpd_answer(h, kit_text("GET %s%s ", path,
			    json_str(o, "metadata.name")), 0, 200,
			    "Content-Type: application/json\r\n",
			    buf_str(&text));
		}
		json_free(whole);
		buf_free(&text);
	}
	httpd_answer(h, "GET /api/v1/namespaces/openedx/configmaps?", 0, 200,
	    "Content-Type: application/json\r\n", "{\"kind\": "
	    "\"ConfigMapList\", \"apiVersion\": \"v1\", \"items\": []}");
	httpd_answer(h, "GET ", 0, 404, "Content-Type: application/json\r\n",
	    "{\"kind\": \"Status\", \"apiVersion\": \"v1\", \"status\": "
	    "\"Failure\", \"reason\": \"NotFound\", \"code\": 404}");
}

static struct json *
parse(char *text, const char *what)
{
	struct err e = { 0 };
	struct json *j = json_parse(text, strlen(text), what, &e);

	ck_assert_msg(j != NULL, "%s: %s", what, e.text);
	free(text);
	return j;
}

/* ---- one trip ---------------------------------------------------------- */

struct trip {
	const char *old, *dir;
	int major;
	struct json *before, *after;	/* truths */
};

static const char *
version_of(int major)
{
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
		if (releases[i].major == major)
			return releases[i].version;
	ck_abort_msg("no release %d", major);
}

static void
run(const struct trip *t, const char *step, ...)
{
	const char *vars[VARS] = { "instance-name=acme", "branch=main",
	    "dry-run=false" };
	const char *more;
	struct kit_run r;
	va_list ap;

	kit_add(vars, VARS, kit_text("workspace=%s/clone", t->dir));
	kit_add(vars, VARS, kit_text("plan=%s/plan.yml", t->dir));
	va_start(ap, step);
	while ((more = va_arg(ap, const char *)) != NULL)
		kit_add(vars, VARS, more);
	va_end(ap);
	r = kit_step(step, vars);
	ck_assert_msg(r.status == 0, "%s to %d: %s: exit %d: %s", t->old,
	    t->major, step, r.status, r.out);
	if (text_same(step, "fetch-settings"))
		free(kit_sh("cp %s %s/settings.json",
		    kit_output(&r, "settings-file"), t->dir));
	kit_run_free(&r);
}

static void
fetch(const struct trip *t)
{
	struct httpd *h = httpd_start("127.0.0.1");
	struct json *objects = parse(kit_sh("python3 tests/doubles/render.py "
	    "manifests build/real/%s/env", t->old), "manifests");

	serve(h, objects);
	run(t, "fetch-settings", kit_text("kube-server=%s", httpd_url(h)),
	    kit_text("kube-ca=%s", httpd_ca(h)), "namespace=openedx",
	    "kube-token=token-of-the-old-cluster", NULL);
	json_free(objects);
	httpd_stop(h);
	/* below the refusal of another release */
	free(kit_sh("sed -i 's/\"tutor\": *\"[0-9.]*\"/\"tutor\": \"%d\"/; "
	    "s/\"major\": *[0-9]*/\"major\": %d/' %s/settings.json",
	    t->major, t->major, t->dir));
}

static void
make_repositories(const struct trip *t)
{
	free(kit_sh("cd %s && git init -q --bare -b main origin.git && "
	    "git init -q --bare -b main grove.git && "
	    "mkdir -p a/instances/acme b", t->dir));
	kit_write(kit_text("%s/a/instances/acme/config.yml", t->dir),
	    kit_text(new_config, version_of(t->major)));
	free(kit_sh("cp build/real/%s/config.yml %s/b/config.yml && cd %s && "
	    "for r in a:origin b:grove; do (cd ${r%%:*} && git init -q "
	    "-b main && git add -A && git -c user.name=t "
	    "-c user.email=t@example.test commit -q -m t && git push -q "
	    "../${r#*:}.git HEAD:main 2>&1); done && "
	    "git clone -q --depth 1 file://%s/origin.git clone",
	    t->old, t->dir, t->dir, t->dir));
}

/* The fact about one side: [path, kind, text]; NULL: there is none. */
static const struct json *
fact(const struct json *truth, const char *side, const char *path)
{
	const struct json *f = json_first(json_get(truth, side));

	while (f != NULL && !text_same(json_str(json_item(f, 0), ""), path))
		f = json_next(f);
	return f;
}

static const char *
fact_text(const struct json *truth, const char *side, const char *path)
{
	const struct json *f = fact(truth, side, path);

	ck_assert_msg(f != NULL, "nothing sets %s of the %s", path, side);
	return json_str(json_item(f, 2), "");
}

static void
save(const struct trip *t)
{
	free(kit_sh("SB_TUTOR=$(tests/real/get %d) "
	    "tests/sandbox/full/tutor/save %s/clone/instances/acme 2>&1",
	    t->major, t->dir));
}

static const char *
checksum(const struct trip *t)
{
	return kit_out("cd %s/clone/instances/acme && "
	    "find . -type f | sort | xargs sha256sum | sha256sum", t->dir);
}

/* The final hosts. A plan has international names in their xn-- form only. */
static void
set_hosts(const struct trip *t)
{
	const char *lms = fact_text(t->before, "lms", "LMS_BASE");
	const char *cms = fact_text(t->before, "cms", "CMS_BASE");

	for (const char *c = lms; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80) {
			run(t, "set-config", kit_text("set=LMS_HOST=%s\n"
			    "CMS_HOST=%s", lms, cms), NULL);
			return;
		}
	kit_write(kit_text("%s/plan.yml", t->dir), kit_text("hosts:\n"
	    "  lms: %s\n  cms: %s\n", lms, cms));
	run(t, "set-config", "hosts=true", NULL);
}

/* As the phases configure, connect and switch have it. */
static void
move(const struct trip *t)
{
	const char *first;

	run(t, "replicate-config", "keys=all", kit_text(
	    "old-repository=file://%s/grove.git", t->dir),
	    "old-path=config.yml", NULL);
	run(t, "set-config", "set=DRYDOCK_INIT_JOBS=false", NULL);
	save(t);
	run(t, "point-at-data", kit_text("settings-file=%s/settings.json",
	    t->dir), "s3-plugin=tutor-contrib-s3",
	    text_ends(t->old, "-forms") ? "accept-unmapped="
	    "DOC_STORE_CONFIG.retryWrites DOC_STORE_CONFIG.tlsCAFile "
	    "AWS_S3_OBJECT_PARAMETERS LOGIN_REDIRECT_WHITELIST "
	    "THIRD_PARTY_AUTH_BACKENDS" : NULL, NULL);
	set_hosts(t);
	save(t);
	first = checksum(t);
	save(t);
	ck_assert_str_eq(first, checksum(t));
}

/* ---- what must be the same ---------------------------------------------- */

#define MONGO(of) \
	{ BOTH, of ".db" }, { BOTH, of ".host" }, { BOTH, of ".port" }, \
	{ BOTH, of ".user" }, { BOTH, of ".password" }, { BOTH, of ".ssl" }, \
	{ BOTH, of ".replicaSet" }, { BOTH, of ".authMechanism" }, \
	{ BOTH, of ".authsource|" of ".authSource" }

static const struct {
	int sides;
	const char *path;	/* other spellings after | */
} same[] = {
	{ BOTH, "DATABASES.default.ENGINE" },
	{ BOTH, "DATABASES.default.HOST" },
	{ BOTH, "DATABASES.default.PORT" },
	{ BOTH, "DATABASES.default.NAME" },
	{ BOTH, "DATABASES.default.USER" },
	{ BOTH, "DATABASES.default.PASSWORD" },
	MONGO("DOC_STORE_CONFIG"), MONGO("CONTENTSTORE.DOC_STORE_CONFIG"),
	MONGO("(stores).DOC_STORE_CONFIG"),
	{ BOTH, "SECRET_KEY" },
	{ BOTH, "JWT_AUTH.JWT_SECRET_KEY" },
	{ BOTH, "JWT_AUTH.JWT_ISSUER" },
	{ BOTH, "JWT_AUTH.JWT_AUDIENCE" },
	{ BOTH, "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.d" },
	{ BOTH, "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.e" },
	{ BOTH, "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.n" },
	{ CMS, "SOCIAL_AUTH_EDX_OAUTH2_KEY" },
	{ CMS, "SOCIAL_AUTH_EDX_OAUTH2_SECRET" },
	{ BOTH, "LMS_BASE" }, { BOTH, "CMS_BASE" }, { BOTH, "SITE_NAME" },
	{ BOTH, "LMS_ROOT_URL" }, { BOTH, "SESSION_COOKIE_DOMAIN" },
	{ BOTH, "EMAIL_HOST" }, { BOTH, "EMAIL_PORT" },
	{ BOTH, "EMAIL_USE_TLS" }, { BOTH, "EMAIL_USE_SSL" },
	{ BOTH, "EMAIL_HOST_USER" }, { BOTH, "EMAIL_HOST_PASSWORD" },
	{ BOTH, "AWS_ACCESS_KEY_ID" }, { BOTH, "AWS_SECRET_ACCESS_KEY" },
	{ BOTH, "AWS_STORAGE_BUCKET_NAME" },
	{ BOTH, "AWS_S3_CUSTOM_DOMAIN" }, { BOTH, "AWS_S3_REGION_NAME" },
	{ BOTH, "AWS_S3_ENDPOINT_URL" }, { BOTH, "AWS_DEFAULT_ACL" },
	{ BOTH, "AWS_S3_ADDRESSING_STYLE" },
	{ BOTH, "AWS_S3_SIGNATURE_VERSION" },
	{ BOTH, "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket_name" },
	{ BOTH, "FILE_UPLOAD_STORAGE_BUCKET_NAME" },
	{ LMS, "PROFILE_IMAGE_BACKEND.options.bucket_name" },
	{ LMS, "PROFILE_IMAGE_BACKEND.options.custom_domain" },
	{ BOTH, "STORAGES.default.BACKEND|DEFAULT_FILE_STORAGE" },
	{ LMS, "PLATFORM_NAME" }, { LMS, "CONTACT_EMAIL" },
	{ LMS, "LANGUAGE_CODE" }, { BOTH, "FORUM_MONGODB_DATABASE" },
	{ BOTH, "AWS_QUERYSTRING_AUTH" },
	/* of the configuration "forms": patches, and blocks that are copied */
	{ BOTH, "DATABASES.default.OPTIONS.ssl.ca" },
	{ BOTH, "DATABASES.default.CONN_MAX_AGE" },
	{ BOTH, "DATABASES.read_replica.HOST" },
	{ BOTH, "DATABASES.read_replica.PASSWORD" },
	{ BOTH, "DATABASES.reports.NAME" }, { BOTH, "AWS_LOCATION" },
	{ BOTH, "SOCIAL_AUTH_SAML_SP_PRIVATE_KEY" },
	{ BOTH, "SOCIAL_AUTH_OAUTH_SECRETS.google-oauth2" },
};

/* "kind text" of the first spelling that is set. None, "" and nothing are
 * the same to those who read them. */
static const char *
told(const struct json *truth, const char *side, const char *path)
{
	while (path != NULL) {
		size_t n = strcspn(path, "|");
		const struct json *f = fact(truth, side,
		    kit_text("%.*s", (int)n, path));
		const char *kind = json_str(json_item(f, 1), "");
		const char *text = json_str(json_item(f, 2), "");

		if (!text_empty(text))
			return kit_text("%s %s", kind, text);
		path = path[n] == '|' ? path + n + 1 : NULL;
	}
	return "nothing";
}

static void
compare(const struct trip *t, struct buf *wrong)
{
	const char *forum = json_str(t->before, "forum");

	for (size_t i = 0; i < 2 * sizeof same / sizeof *same; i++) {
		const char *side = i % 2 == 0 ? "lms" : "cms";
		const char *path = same[i / 2].path, *was, *is;

		if ((same[i / 2].sides & (i % 2 == 0 ? LMS : CMS)) == 0)
			continue;
		was = told(t->before, side, path);
		is = told(t->after, side, path);
		/* the Ruby forum named it, not a setting */
		if (text_same(path, "FORUM_MONGODB_DATABASE")
		    && text_same(was, "nothing"))
			was = forum != NULL ? kit_text("string %s", forum) :
			    is;
		if (!text_same(was, is))
			buf_printf(wrong, "%s: %s was %s, is %s\n", side,
			    path, was, is);
	}
}

START_TEST(an_old_instance_runs_the_same_on_the_new_side)
{
	char *dir = kit_folder();
	struct trip t = { .old = trips[_i].old, .dir = dir,
		.major = trips[_i].major };
	struct buf wrong = buf_new(64 * 1024);

	t.before = parse(kit_read(kit_text("build/real/%s/truth.json",
	    t.old)), t.old);
	kit_write(kit_text("%s/plan.yml", dir), "instance: acme\n");
	make_repositories(&t);
	fetch(&t);
	move(&t);
	t.after = parse(kit_sh("tests/real/truth.py "
	    "%s/clone/instances/acme/env", dir), "the new truth");
	compare(&t, &wrong);
	ck_assert_msg(wrong.len == 0, "%s to %d:\n%s", t.old, t.major,
	    buf_str(&wrong));
	buf_free(&wrong);
	json_free(t.before);
	json_free(t.after);
	free(kit_sh("rm -rf %s", dir));
	free(dir);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("round trip");
	static char name[TRIPS][100];

	for (int i = 0; i < TRIPS; i++) {
		TCase *t;

		snprintf(name[i], sizeof *name, "build/real/%s/truth.json",
		    trips[i].old);
		if (!file_exists(name[i]))
			return kit_skip_all("not all releases were rendered");
		snprintf(name[i], sizeof *name, "%s to %d", trips[i].old,
		    trips[i].major);
		t = tcase_create(name[i]);
		tcase_add_loop_test(t,
		    an_old_instance_runs_the_same_on_the_new_side, i, i + 1);
		suite_add_tcase(s, t);
	}
	return kit_main(s, NULL);
}
