/*
 * compare - what is equal, what is explained and why, what is not, and that
 * no secret is shown.
 */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "edx/compare.h"
#include "tests/kit/kit.h"

enum { LINES_MAX = 1 << 20 };

static const char head[] = "from lms.envs.production import *\n";

static struct pool *pool;
static struct buf lines;	/* "path|where|group|verdict|old|new|why" */
static struct compare how;
static struct pysettings *sides[4];

static void
setup(void)
{
	pool = pool_new();
	lines = buf_new(LINES_MAX);
	how = (struct compare){ .key = "the key of this run" };
	how.old.major = how.now.major = 20;
}

static void
teardown(void)
{
	for (size_t i = 0; i < 4; i++) {
		pysettings_free(sides[i]);
		sides[i] = NULL;
	}
	buf_free(&lines);
	pool_free(pool);
}

static struct pysettings *
side(int i, const char *yaml, const char *code)
{
	struct err e = { 0 };
	const char *python = pool_printf(pool, "%s%s", head, code);
	struct yaml *y = yaml_parse(yaml, strlen(yaml), "env.yml", &e);

	pysettings_free(sides[i]);
	sides[i] = pysettings_new();
	ck_assert_msg(y != NULL && pysettings_add_yaml(sides[i], y, &e)
	    && pysettings_add_python(sides[i], python, strlen(python),
	    "production.py", &e), "%s", e.text);
	yaml_close(y);
	return sides[i];
}

static const char *const verdicts[] = { "different", "unreadable",
    "explained", "equal" };

static const char *
shown(const char *s)
{
	return s != NULL ? s : "";
}

static const char *
compare(void)
{
	size_t n;
	const struct compared *v = compare_settings(pool, &how, &n);

	buf_clear(&lines);
	for (size_t i = 0; i < n; i++)
		buf_printf(&lines, "%s|%s|%s|%s|%s|%s|%s\n", v[i].path,
		    v[i].where, compare_group_name(v[i].group),
		    verdicts[v[i].verdict], shown(v[i].old),
		    shown(v[i].now), shown(v[i].why));
	return buf_str(&lines);
}

/* Both programs of a side have the same. */
static const char *
compare_yaml(const char *old, const char *now)
{
	how.old.lms = side(0, old, "");
	how.old.cms = side(1, old, "");
	how.now.lms = side(2, now, "");
	how.now.cms = side(3, now, "");
	return compare();
}

static const char *
compare_code(const char *old, const char *now)
{
	how.old.lms = side(0, "{}", old);
	how.old.cms = side(1, "{}", old);
	how.now.lms = side(2, "{}", now);
	how.now.cms = side(3, "{}", now);
	return compare();
}

/* ---- values ---- */

START_TEST(what_both_have_is_equal_and_what_one_has_is_not)
{
	const char *got = compare_yaml(
	    "{EMAIL_PORT: 25, EMAIL_HOST: a, ODD: 1, LMS_BASE: x}",
	    "{EMAIL_PORT: 25, EMAIL_HOST: b, EXTRA: null, LMS_BASE: x}");

	kit_contains(got, "EMAIL_PORT|both|email|equal|||\n");
	kit_contains(got, "EMAIL_HOST|both|email|different|a|b|\n");
	kit_contains(got, "ODD|both|other|different|1|(not set)|\n");
	kit_contains(got, "EXTRA|both|other|different|(not set)|None|\n");
	kit_contains(got, "LMS_BASE|both|hosts|equal");
}
END_TEST

START_TEST(the_lms_and_studio_are_compared_each)
{
	how.old.lms = side(0, "{A: 1, B: 1, C: 1}", "");
	how.old.cms = side(1, "{A: 1, B: 2, C: 1}", "");
	how.now.lms = side(2, "{A: 1, B: 1, C: 2}", "");
	how.now.cms = side(3, "{A: 2, B: 2, C: 2}", "");
	compare();
	kit_contains(buf_str(&lines), "A|Studio|other|different|1|2|\n");
	kit_contains(buf_str(&lines), "A|LMS|other|equal|||\n");
	kit_contains(buf_str(&lines), "B|both|other|equal|||\n");
	kit_contains(buf_str(&lines), "C|both|other|different|1|2|\n");
}
END_TEST

START_TEST(types_count_but_a_port_may_be_text)
{
	const char *got = compare_yaml(
	    "{DATABASES: {default: {PORT: 3306}}, A: true, B: '1', C: ''}",
	    "{DATABASES: {default: {PORT: '3306'}}, A: 'true', B: 1,"
	    " C: null}");

	kit_contains(got, "DATABASES.default.PORT|both|databases|explained|"
	    "3306|3306|a number");
	kit_contains(got, "A|both|other|different|True|#");
	kit_contains(got, "B|both|other|explained");
	kit_contains(got, "C|both|other|different|(an empty text)|None|\n");
}
END_TEST

START_TEST(lists_are_compared_by_what_is_in_them)
{
	const char *got = compare_yaml(
	    "{MIDDLEWARE: [a, b, b], XQ: [{k: 1}, {k: 2}], E: [], F: [x]}",
	    "{MIDDLEWARE: [b, a, c], XQ: [{k: 1}, {k: 3}], E: [y], F: []}");

	kit_contains(got, "MIDDLEWARE[]|both|other|different|b|(not set)|");
	kit_contains(got, "MIDDLEWARE[]|both|other|different|(not set)|c|");
	kit_contains(got, "MIDDLEWARE[]|both|other|equal|||\nMIDDLEWARE[]|");
	kit_contains(got, "XQ[0].k|both|other|equal|");
	kit_contains(got, "XQ[1].k|both|other|different|2|3|");
	kit_contains(got, "E[]|both|other|different|(not set)|#");
	kit_contains(got, "F[]|both|other|different|#");
	kit_lacks(got, "(an empty list)");
}
END_TEST

/* ---- what can't be read ---- */

START_TEST(what_can_not_be_read_is_never_equal)
{
	static const char read[] = "import os\nSECRET_KEY = os.environ['K']\n";
	const char *got = compare_code(read, read);

	kit_contains(got, "SECRET_KEY|both|auth|unreadable|(can't be read)|"
	    "(can't be read)|production.py:3: SECRET_KEY");
	got = compare_code(read, "SECRET_KEY = 'a'\n");
	kit_contains(got, "SECRET_KEY|both|auth|unreadable|(can't be read)|#");
	got = compare_code("SECRET_KEY = 'a'\n", read);
	kit_contains(got, "SECRET_KEY|both|auth|unreadable|#");
	got = compare_code("A = 1\n", read);
	kit_contains(got, "SECRET_KEY|both|auth|unreadable|(not set)|");
}
END_TEST

START_TEST(an_unreadable_whole_is_told_once)
{
	const char *got = compare_code(
	    "DATABASES = {'default': {'HOST': 'h', 'NAME': 'n'}}\n",
	    "import x\nDATABASES = x.y()\n");

	kit_contains(got, "DATABASES|both|databases|unreadable|(not set)|"
	    "(can't be read)|");
	kit_lacks(got, "DATABASES.default");
	got = compare_code("DATABASES = {'default': {'HOST': 'h'}}\n",
	    "import x\nDATABASES = {'default': {'NAME': 'n', **x.y}}\n");
	kit_contains(got, "DATABASES.default.*|both|databases|unreadable|");
	kit_lacks(got, "DATABASES.default.HOST");
	got = compare_code("A = 1\nSECRET_KEY = 'a'\n",
	    "exec('x')\nA = 1\n");
	kit_contains(got, "*|both|databases|unreadable|");
	kit_contains(got, "A|both|other|equal");
	kit_lacks(got, "SECRET_KEY|");
}
END_TEST

/* Each name holds the one before twice: 2^39 values, if they were listed. */
START_TEST(a_file_that_unfolds_without_end_is_told)
{
	struct buf code = buf_new(LINES_MAX);
	const char *got;

	buf_puts(&code, "A0 = {'x': 1}\n");
	for (int i = 1; i < 39; i++)
		buf_printf(&code, "A%d = {'a': A%d, 'b': A%d}\n", i, i - 1,
		    i - 1);
	got = compare_code(buf_str(&code), "B = 1\n");
	kit_contains(got, "*|both|databases|unreadable|");
	kit_contains(got, "A0.x|both|other|different|1|(not set)|");
	got = compare_code("A = {}\nA['a'] = A\n", "B = 1\n");
	kit_contains(got, "nested too deeply");
	buf_free(&code);
}
END_TEST

/* ---- secrets ---- */

static const char secrets[] =
	"SECRET_KEY: %s-secret-1\n"
	"DATABASES: {default: {PASSWORD: %s-secret-2, HOST: %s.example.test,"
	"  NAME: 12345678901}}\n"
	"DOC_STORE_CONFIG: {host: 'mongodb://u:%s-secret-3@h/d'}\n"
	"SOCIAL_AUTH_OAUTH_SECRETS: {google: %s-secret-4}\n"
	"SLACK_URL: https://hooks.example.test/%s-secret-5\n"
	"CONTACT_EMAIL: 'https://u:%s-secret-6@example.test/_EMAIL'\n"
	"SOME_LIST: [%s-secret-7]\n"
	"PIN: 12345%s8\n";

START_TEST(no_secret_is_shown)
{
	const char *old = pool_printf(pool, secrets, "old", "old", "old",
	    "old", "old", "old", "old", "old", "66");
	const char *now = pool_printf(pool, secrets, "new", "new", "new",
	    "new", "new", "new", "new", "new", "77");
	const char *got = compare_yaml(old, now);

	kit_lacks(got, "-secret-");
	kit_lacks(got, "12345668");
	kit_lacks(got, "|12345678901");
	kit_contains(got, "DATABASES.default.HOST|both|databases|different|"
	    "old.example.test|new.example.test|");
	kit_contains(got, "SECRET_KEY|both|auth|different|#");
	kit_contains(got, "PIN|both|other|different|#");
	kit_contains(got, "SOCIAL_AUTH_OAUTH_SECRETS.google|both|OAuth|"
	    "different|#");
}
END_TEST

START_TEST(the_hash_depends_on_the_key)
{
	struct buf a = buf_new(100), b = buf_new(100);

	/* RFC 4231, test case 2 */
	digest_keyed("Jefe", "what do ya want for nothing?", &a);
	ck_assert_str_eq(buf_str(&a), "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
	digest_keyed("other", "what do ya want for nothing?", &b);
	ck_assert_str_ne(buf_str(&a), buf_str(&b));
	buf_free(&a);
	buf_free(&b);
}
END_TEST

/* ---- groups ---- */

static const struct {
	const char *path, *group;
} groups[] = {
	{ "DATABASES", "databases" }, { "CONTENTSTORE", "databases" },
	{ "DOC_STORE_CONFIG", "databases" },
	{ "FORUM_MONGODB_DATABASE", "databases" },
	{ "AWS_S3_REGION_NAME", "storage" }, { "STORAGES", "storage" },
	{ "DEFAULT_FILE_STORAGE", "storage" },
	{ "GRADES_DOWNLOAD", "storage" },
	{ "FILE_UPLOAD_STORAGE_BUCKET_NAME", "storage" },
	{ "SECRET_KEY", "auth" }, { "JWT_AUTH", "auth" },
	{ "SOCIAL_AUTH_OAUTH_SECRETS", "OAuth" },
	{ "SOCIAL_AUTH_EDX_OAUTH2_SECRET", "OAuth" },
	{ "SOCIAL_AUTH_LTI_CONSUMER_SECRETS", "LTI" },
	{ "LTI_USER_EMAIL_DOMAIN", "LTI" },
	{ "SOCIAL_AUTH_SAML_SP_PRIVATE_KEY", "SAML" },
	{ "THIRD_PARTY_AUTH_BACKENDS", "third-party auth" },
	{ "SOCIAL_AUTH_GITHUB_KEY", "third-party auth" },
	{ "AUTHENTICATION_BACKENDS", "third-party auth" },
	{ "EMAIL_HOST_PASSWORD", "email" }, { "SERVER_EMAIL", "email" },
	{ "FEATURES", "features" }, { "ENABLE_MOBILE", "features" },
	{ "LMS_ROOT_URL", "hosts" }, { "ALLOWED_HOSTS", "hosts" },
	{ "SESSION_COOKIE_DOMAIN", "hosts" },
	{ "MULTI_THING", "other" }, { "TIME_ZONE", "other" },
};

START_TEST(each_setting_has_its_group)
{
	const char *yaml = pool_printf(pool, "{%s: x}", groups[_i].path);
	const char *got = compare_yaml(yaml, "{}");
	bool critical = false;

	kit_contains(got, pool_printf(pool, "%s|both|%s|different|",
	    groups[_i].path, groups[_i].group));
	for (int g = 0; g < COMPARE_GROUPS; g++)
		if (text_same(compare_group_name(g), groups[_i].group))
			critical = compare_is_critical(g);
	ck_assert_int_eq(critical, !text_same(groups[_i].group, "email")
	    && !text_same(groups[_i].group, "features")
	    && !text_same(groups[_i].group, "hosts")
	    && !text_same(groups[_i].group, "other"));
}
END_TEST

/* ---- hosts ---- */

#define HOSTS(host) "LMS_BASE: " host "\nCMS_BASE: studio." host \
	"\nMFE_CONFIG: {BASE_URL: apps." host "}\nFEATURES: " \
	"{PREVIEW_LMS_BASE: preview." host "}\n"

static const char old_hosts[] = HOSTS("courses.example.test")
	"OAUTH_OIDC_ISSUER: https://courses.example.test/oauth2\n"
	"LEARNING_MICROFRONTEND_URL: https://apps.courses.example.test/l\n"
	"CORS_ORIGIN_WHITELIST: [https://apps.courses.example.test]\n"
	"DATABASES: {default: {HOST: courses.example.test}}\n"
	"AWS_S3_CUSTOM_DOMAIN: apps.courses.example.test\n"
	"WRONG_URL: https://courses.example.test/a\n";
static const char new_hosts[] = HOSTS("acme.new.example.test")
	"OAUTH_OIDC_ISSUER: https://acme.new.example.test/oauth2\n"
	"LEARNING_MICROFRONTEND_URL: https://apps.acme.new.example.test/l\n"
	"CORS_ORIGIN_WHITELIST: [https://apps.acme.new.example.test]\n"
	"DATABASES: {default: {HOST: acme.new.example.test}}\n"
	"AWS_S3_CUSTOM_DOMAIN: apps.acme.new.example.test\n"
	"WRONG_URL: https://acme.new.example.test/b\n";

START_TEST(temporary_hosts_are_explained_but_not_where_data_is)
{
	const char *got = compare_yaml(old_hosts, new_hosts);

	kit_contains(got, "LMS_BASE|both|hosts|explained|"
	    "courses.example.test|acme.new.example.test|the hosts");
	kit_contains(got, "CMS_BASE|both|hosts|explained|");
	kit_contains(got, "FEATURES.PREVIEW_LMS_BASE|both|hosts|explained|");
	kit_contains(got, "OAUTH_OIDC_ISSUER|both|OAuth|explained|");
	kit_contains(got, "LEARNING_MICROFRONTEND_URL|both|hosts|explained|");
	kit_contains(got, "CORS_ORIGIN_WHITELIST[]|both|hosts|explained|");
	kit_contains(got, "DATABASES.default.HOST|both|databases|different|");
	kit_contains(got, "AWS_S3_CUSTOM_DOMAIN|both|storage|different|");
	kit_contains(got, "WRONG_URL|both|hosts|different|");
}
END_TEST

START_TEST(final_hosts_must_be_the_old_ones)
{
	const char *got;

	how.final_hosts = true;
	got = compare_yaml(old_hosts, new_hosts);
	kit_contains(got, "LMS_BASE|both|hosts|different|");
	kit_contains(got, "OAUTH_OIDC_ISSUER|both|OAuth|different|");
	kit_lacks(got, "explained");
	got = compare_yaml(old_hosts, old_hosts);
	kit_lacks(got, "different");
}
END_TEST

/* ---- what is known ---- */

/* Every row: the releases and values for which it explains, and the same
 * where it must not. */
static const struct {
	const char *old, *now, *path;	/* Python; what is looked at */
	int from, to;			/* releases that explain it */
	int not_from, not_to;		/* and that don't; 0: all do */
} known[] = {
	{ "CACHES = {'a': {'LOCATION': 'x'}}", "CACHES = {}",
	    "CACHES.a.LOCATION", 20, 20, 0, 0 },
	{ "CELERY_BROKER_HOSTNAME = 'a'", "CELERY_BROKER_HOSTNAME = 'b'",
	    "CELERY_BROKER_HOSTNAME", 20, 20, 0, 0 },
	{ "MEILISEARCH_API_KEY = 'a'", "MEILISEARCH_API_KEY = 'b'",
	    "MEILISEARCH_API_KEY", 20, 20, 0, 0 },
	{ "ELASTIC_SEARCH_CONFIG = [{'host': 'a'}]", "A = 1",
	    "ELASTIC_SEARCH_CONFIG[0].host", 18, 20, 0, 0 },
	{ "COMMENTS_SERVICE_KEY = 'a'", "A = 1", "COMMENTS_SERVICE_KEY", 18,
	    20, 0, 0 },
	{ "EVENT_BUS_REDIS_CONNECTION_URL = 'a'", "A = 1",
	    "EVENT_BUS_REDIS_CONNECTION_URL", 21, 21, 0, 0 },
	{ "A = 1", "SEARCH_ENGINE = 'b'", "SEARCH_ENGINE", 18, 20, 20, 20 },
	{ "DATABASES = {'default': {}}", "DATABASES = {'default': {"
	    "'OPTIONS': {'charset': 'utf8mb4'}}}",
	    "DATABASES.default.OPTIONS.charset", 14, 20, 14, 19 },
	{ "DATABASES = {'default': {'OPTIONS': {'charset': 'utf8mb3'}}}",
	    "DATABASES = {'default': {'OPTIONS': {'charset': 'utf8mb4'}}}",
	    "DATABASES.default.OPTIONS.charset", 17, 20, 18, 20 },
	{ "DOC_STORE_CONFIG = {'db': 'a'}",
	    "DOC_STORE_CONFIG = {'db': 'a', 'connect': False}",
	    "DOC_STORE_CONFIG.connect", 15, 20, 16, 20 },
	{ "DOC_STORE_CONFIG = {'authSource': 'a'}",
	    "DOC_STORE_CONFIG = {'authsource': 'a'}",
	    "DOC_STORE_CONFIG.authSource", 14, 20, 15, 20 },
	{ "JWT_AUTH = {'JWT_PRIVATE_SIGNING_JWK': {}}",
	    "JWT_AUTH = {'JWT_PRIVATE_SIGNING_JWK': {'dp': 'x'}}",
	    "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.dp", 16, 20, 17, 20 },
	{ "JWT_AUTH = {'JWT_PRIVATE_SIGNING_JWK': {}}",
	    "JWT_AUTH = {'JWT_PRIVATE_SIGNING_JWK': {'qi': 'x'}}",
	    "JWT_AUTH.JWT_PRIVATE_SIGNING_JWK.qi", 14, 17, 14, 16 },
	{ "DEFAULT_FILE_STORAGE = 'a.B'",
	    "STORAGES = {'default': {'BACKEND': 'a.B'}}",
	    "DEFAULT_FILE_STORAGE", 19, 22, 21, 22 },
	{ "GRADES_DOWNLOAD = {'STORAGE_KWARGS': {'bucket': 'a'}}",
	    "GRADES_DOWNLOAD = {'STORAGE_KWARGS': {'bucket_name': 'a'}}",
	    "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket", 20, 20, 0, 0 },
	{ "PROFILE_IMAGE_BACKEND = {'options': {'bucket': 'a'}}",
	    "PROFILE_IMAGE_BACKEND = {'options': {'bucket_name': 'a'}}",
	    "PROFILE_IMAGE_BACKEND.options.bucket", 20, 20, 0, 0 },
	{ "A = 1", "FORUM_MONGODB_CLIENT_PARAMETERS = {'host': 'a'}",
	    "FORUM_MONGODB_CLIENT_PARAMETERS.host", 18, 20, 19, 20 },
	{ "FEATURES['PREVIEW_LMS_BASE'] = 'a'", "A = 1",
	    "FEATURES.PREVIEW_LMS_BASE", 20, 21, 20, 20 },
	{ "FEATURES['PREVIEW_LMS_BASE'] = 'a'", "A = 1",
	    "FEATURES.PREVIEW_LMS_BASE", 20, 22, 21, 22 },
	{ "FEATURES['PREVIEW_LMS_BASE'] = 'p.example.test'\n"
	    "ALLOWED_HOSTS = ['p.example.test', 'lms']",
	    "ALLOWED_HOSTS = ['lms']", "ALLOWED_HOSTS[]", 18, 21, 18, 20 },
	{ "CSRF_TRUSTED_ORIGINS = ['a.example.test']",
	    "CSRF_TRUSTED_ORIGINS = ['https://a.example.test']",
	    "CSRF_TRUSTED_ORIGINS[]", 16, 20, 17, 20 },
	{ "A = 1", "MFE_CONFIG = {'LOGO_URL': 'a'}", "MFE_CONFIG.LOGO_URL",
	    14, 20, 15, 20 },
	{ "A = 1", "AWS_REQUEST_CHECKSUM_CALCULATION = 'a'",
	    "AWS_REQUEST_CHECKSUM_CALCULATION", 20, 20, 19, 19 },
	{ "GRADES_DOWNLOAD = {'STORAGE_KWARGS': {'location': X.l()}}",
	    "\nGRADES_DOWNLOAD = {'STORAGE_KWARGS': {'location': X.l()}}",
	    "GRADES_DOWNLOAD.STORAGE_KWARGS.location", 20, 20, 0, 0 },
	{ "A = 1", "OPENEDX_LEARNING = {'MEDIA': {'BACKEND': 'a'}}",
	    "OPENEDX_LEARNING.MEDIA.BACKEND", 18, 20, 19, 20 },
	{ "A = 1", "def f(x):\n    return 1\n"
	    "XBLOCK_SETTINGS['ScormXBlock'] = {'STORAGE_FUNC': f}",
	    "XBLOCK_SETTINGS.ScormXBlock.STORAGE_FUNC", 17, 20, 18, 20 },
	{ "DATABASE_ROUTERS.remove('a')", "DATABASE_ROUTERS.remove('a')",
	    "DATABASE_ROUTERS", 20, 20, 0, 0 },
	{ "def f(x):\n    return 1\nXBLOCK_SETTINGS['ScormXBlock'] = "
	    "{'STORAGE_FUNC': f}", "def f(x):\n    return 1\n"
	    "XBLOCK_SETTINGS['ScormXBlock'] = {'STORAGE_FUNC': f}",
	    "XBLOCK_SETTINGS.ScormXBlock.STORAGE_FUNC", 20, 20, 0, 0 },
	{ "AWS_S3_CLIENT_CONFIG = Config(a='b')",
	    "AWS_S3_CLIENT_CONFIG = Config(a='b')", "AWS_S3_CLIENT_CONFIG",
	    20, 20, 0, 0 },
};

static const char *
known_line(int i, int from, int to)
{
	const char *got;

	how.old.major = from;
	how.now.major = to;
	got = compare_code(pool_printf(pool, "%s\n", known[i].old),
	    pool_printf(pool, "%s\n", known[i].now));
	got = strstr(got, pool_printf(pool, "%s|both|", known[i].path));
	ck_assert_msg(got != NULL, "%s: %s", known[i].path, buf_str(&lines));
	return pool_strndup(pool, got, strcspn(got, "\n"));
}

START_TEST(a_known_difference_is_explained_for_its_releases)
{
	const char *line = known_line(_i, known[_i].from, known[_i].to);

	kit_contains(line, "|explained|");
	ck_assert(line[strlen(line) - 1] != '|');	/* with a reason */
	if (known[_i].not_from != 0)
		kit_lacks(known_line(_i, known[_i].not_from,
		    known[_i].not_to), "|explained|");
}
END_TEST

/* ---- what is known, and must be mended ---- */

static const struct {
	const char *old, *now, *path, *helps;
} remedies[] = {
	{ "AWS_QUERYSTRING_AUTH = False", "AWS_QUERYSTRING_AUTH = True",
	    "AWS_QUERYSTRING_AUTH", "GROVE_OPENEDX_AUTH" },
	{ "OPENEDX_LEARNING = {'MEDIA': {'BACKEND': 'a'}}", "A = 1",
	    "OPENEDX_LEARNING.MEDIA.BACKEND", "MinIO" },
	{ "FEATURES['ENABLE_DISCUSSION_SERVICE'] = False",
	    "FEATURES['ENABLE_DISCUSSION_SERVICE'] = True",
	    "FEATURES.ENABLE_DISCUSSION_SERVICE", "only if" },
	{ "XQUEUE_INTERFACE = {'url': 'a'}", "A = 1", "XQUEUE_INTERFACE.url",
	    "plugin" },
	{ "EDXNOTES_PUBLIC_API = 'a'", "A = 1", "EDXNOTES_PUBLIC_API",
	    "plugin" },
	{ "ECOMMERCE_API_URL = 'a'", "A = 1", "ECOMMERCE_API_URL",
	    "plugin" },
	{ "DATABASES['default']['OPTIONS']['ssl'] = {'ca': 'a'}", "A = 1",
	    "DATABASES.default.OPTIONS.ssl.ca", "GROVE_COMMON_SETTINGS" },
	{ "DATABASES['default']['CONN_MAX_AGE'] = 5", "A = 1",
	    "DATABASES.default.CONN_MAX_AGE", "GROVE_COMMON_SETTINGS" },
	{ "DATABASES['read_replica'] = {'HOST': 'a'}", "A = 1",
	    "DATABASES.read_replica.HOST", "GROVE_COMMON_SETTINGS" },
	{ "DOC_STORE_CONFIG = {'tlsCAFile': 'a'}", "A = 1",
	    "DOC_STORE_CONFIG.tlsCAFile", "GROVE_COMMON_SETTINGS" },
	{ "AWS_LOCATION = 'a'", "A = 1", "AWS_LOCATION",
	    "GROVE_COMMON_SETTINGS" },
	{ "ALLOWED_HOSTS = ['a']", "A = 1", "ALLOWED_HOSTS[]",
	    "GROVE_COMMON_SETTINGS" },
	{ "SOCIAL_AUTH_SAML_SP_PRIVATE_KEY = 'a'", "A = 1",
	    "SOCIAL_AUTH_SAML_SP_PRIVATE_KEY", "GROVE_OPENEDX_AUTH" },
	{ "SOCIAL_AUTH_OAUTH_SECRETS = {'g': 'a'}", "A = 1",
	    "SOCIAL_AUTH_OAUTH_SECRETS.g", "GROVE_OPENEDX_AUTH" },
};

START_TEST(what_is_known_and_not_harmless_says_what_helps)
{
	const char *got = compare_code(
	    pool_printf(pool, "%s\n", remedies[_i].old),
	    pool_printf(pool, "%s\n", remedies[_i].now)), *line;

	line = strstr(got, pool_printf(pool, "%s|both|", remedies[_i].path));
	ck_assert_msg(line != NULL, "%s", got);
	line = pool_strndup(pool, line, strcspn(line, "\n"));
	kit_contains(line, "|different|");
	kit_contains(line, remedies[_i].helps);
}
END_TEST

START_TEST(a_preview_host_that_appears_is_a_downgrade)
{
	const char *got;

	how.old.major = 21;
	got = compare_code("A = 1\n",
	    "FEATURES['PREVIEW_LMS_BASE'] = 'a'\n");
	kit_contains(got, "FEATURES.PREVIEW_LMS_BASE|both|hosts|different|"
	    "(not set)|a|the new release is older");
}
END_TEST

START_TEST(the_same_name_with_another_value_is_not_explained)
{
	const char *got;

	how.old.major = 14;
	got = compare_code("DOC_STORE_CONFIG = {'authSource': 'a'}\n",
	    "DOC_STORE_CONFIG = {'authsource': 'b'}\n");
	kit_contains(got, "DOC_STORE_CONFIG.authSource|both|databases|"
	    "different|a|b|");
	got = compare_code("AWS_S3_CLIENT_CONFIG = Config(a='b')\n",
	    "AWS_S3_CLIENT_CONFIG = Config(c='b')\n");
	kit_contains(got, "AWS_S3_CLIENT_CONFIG|both|storage|unreadable|");
}
END_TEST

START_TEST(the_ruby_forums_own_database_is_compared)
{
	const char *got;

	how.old.major = 18;
	how.old.forum_database = "cs";
	got = compare_code("A = 1\n", "FORUM_MONGODB_DATABASE = 'cs'\n");
	kit_contains(got, "FORUM_MONGODB_DATABASE|both|databases|equal|");
	got = compare_code("A = 1\n", "FORUM_MONGODB_DATABASE = 'other'\n");
	kit_contains(got, "FORUM_MONGODB_DATABASE|both|databases|different|"
	    "cs|other|");
}
END_TEST

START_TEST(from_verawood_on_features_are_settings)
{
	static const char flat[] = "try:\n    from openedx.core.lib."
	    "features_setting_proxy import FeaturesProxy\n"
	    "    FEATURES = FeaturesProxy(globals())\n"
	    "except ImportError:\n    pass\n";
	const char *got;

	how.now.major = 22;
	got = compare_code("FEATURES['A_B'] = True\nFEATURES['C_D'] = 1\n",
	    pool_printf(pool, "%sA_B = True\nFEATURES['C_D'] = 2\nE = 1\n",
	    flat));
	kit_contains(got, "FEATURES.A_B|both|features|equal|");
	kit_contains(got, "FEATURES.C_D|both|features|different|1|2|");
	kit_contains(got, "E|both|other|different|(not set)|1|");
	kit_lacks(got, "FEATURES.E|");
}
END_TEST

START_TEST(what_a_person_accepts_is_explained)
{
	static const char *const accepted[] = { "EMAIL_*", "X.*.y", NULL };
	const char *got;

	how.accepted = accepted;
	got = compare_yaml("{EMAIL_HOST: a, X: {k: {y: 1, z: 1}}, Z: 1}",
	    "{EMAIL_HOST: b, X: {k: {y: 2, z: 2}}}");
	kit_contains(got, "EMAIL_HOST|both|email|explained|a|b|accepted");
	kit_contains(got, "X.k.y|both|other|explained|1|2|accepted");
	kit_contains(got, "X.k.z|both|other|different|1|2|");
	kit_contains(got, "Z|both|other|different|");
}
END_TEST

START_TEST(all_names_are_asked_for_once)
{
	how.old.lms = side(0, "{A_1: 1, \"B'c\": 1, lower: 1}", "");
	how.old.cms = side(1, "{A_1: 2}", "import os\nMY = os\n");
	how.now.lms = side(2, "{FEATURES: {X: 1}}", "L = [1]\n");
	how.now.cms = side(3, "{}", "exec('x')\n");
	ck_assert_str_eq(compare_names(pool, &how), "A_1,MY,FEATURES,L");
	how.now.major = 22;
	ck_assert_str_eq(compare_names(pool, &how), "A_1,MY,X,L");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("compare");
	TCase *c = tcase_create("compare");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, what_both_have_is_equal_and_what_one_has_is_not);
	tcase_add_test(c, the_lms_and_studio_are_compared_each);
	tcase_add_test(c, types_count_but_a_port_may_be_text);
	tcase_add_test(c, lists_are_compared_by_what_is_in_them);
	tcase_add_test(c, what_can_not_be_read_is_never_equal);
	tcase_add_test(c, an_unreadable_whole_is_told_once);
	tcase_add_test(c, a_file_that_unfolds_without_end_is_told);
	tcase_add_test(c, no_secret_is_shown);
	tcase_add_test(c, the_hash_depends_on_the_key);
	tcase_add_loop_test(c, each_setting_has_its_group, 0,
	    (int)(sizeof groups / sizeof *groups));
	tcase_add_test(c,
	    temporary_hosts_are_explained_but_not_where_data_is);
	tcase_add_test(c, final_hosts_must_be_the_old_ones);
	tcase_add_loop_test(c,
	    a_known_difference_is_explained_for_its_releases, 0,
	    (int)(sizeof known / sizeof *known));
	tcase_add_loop_test(c,
	    what_is_known_and_not_harmless_says_what_helps, 0,
	    (int)(sizeof remedies / sizeof *remedies));
	tcase_add_test(c, a_preview_host_that_appears_is_a_downgrade);
	tcase_add_test(c,
	    the_same_name_with_another_value_is_not_explained);
	tcase_add_test(c, the_ruby_forums_own_database_is_compared);
	tcase_add_test(c, from_verawood_on_features_are_settings);
	tcase_add_test(c, what_a_person_accepts_is_explained);
	tcase_add_test(c, all_names_are_asked_for_once);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
