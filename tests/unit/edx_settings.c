/*
 * edx_settings - from Django's settings to values of config.yml.
 */
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "edx/settings.h"
#include "tests/kit/kit.h"

static const char env[] =
	"DATABASES:\n"
	"  default: {HOST: db.example.test, PORT: 25060, NAME: acme,\n"
	"    USER: u, PASSWORD: 'p\"{{w'}\n"
	"SECRET_KEY: sk\n"
	"LMS_BASE: courses.example.test\n"
	"AWS_ACCESS_KEY_ID: AKIA\nAWS_SECRET_ACCESS_KEY: s\n"
	"AWS_STORAGE_BUCKET_NAME: bucket\n";

static const char code[] =
	"from lms.envs.production import *\n"
	"mongodb_parameters = {'db': 'm', 'host': 'mongo.example.test',\n"
	"    'port': 27017, 'user': None, 'password': None, 'ssl': True,\n"
	"    'authSource': 'admin', 'replicaSet': None}\n"
	"DOC_STORE_CONFIG = mongodb_parameters\n"
	"CONTENTSTORE = {'DOC_STORE_CONFIG': DOC_STORE_CONFIG}\n"
	"update_module_store_settings(MODULESTORE,\n"
	"    doc_store_settings=DOC_STORE_CONFIG)\n";

static struct pool *pool;
static struct buf problems;

static void
setup(void)
{
	pool = pool_new();
	problems = buf_new(10000);
}

static void
teardown(void)
{
	buf_free(&problems);
	pool_free(pool);
}

static struct pysettings *
side(const char *more_yaml, const char *more_code)
{
	struct err e = { 0 };
	const char *text = pool_printf(pool, "%s%s", env, more_yaml);
	const char *python = pool_printf(pool, "%s%s", code, more_code);
	struct yaml *y = yaml_parse(text, strlen(text), "env.yml", &e);
	struct pysettings *ps = pysettings_new();

	ck_assert_msg(y != NULL && pysettings_add_yaml(ps, y, &e)
	    && pysettings_add_python(ps, python, strlen(python),
	    "production.py", &e), "%s", e.text);
	yaml_close(y);
	return ps;
}

static struct json *
read_both(const char *yaml, const char *lms_code, const char *cms_code,
    const char *forum)
{
	struct pysettings *lms = side(yaml, lms_code);
	struct pysettings *cms = side(yaml, cms_code);
	struct settings_source from = { .lms = lms, .cms = cms,
		.tutor = "20.0.5", .forum_database = forum };
	struct json *j = settings_read(pool, &from, &problems);

	pysettings_free(lms);
	pysettings_free(cms);
	return j;
}

static void
is(const struct json *j, const char *key, const char *value)
{
	const char *got = settings_value(pool, j, key);

	if (value == NULL)
		ck_assert_msg(got == NULL, "%s is %s", key, got);
	else
		ck_assert_str_eq(got != NULL ? got : "(nothing)", value);
}

START_TEST(what_agrees_is_taken_and_none_becomes_empty)
{
	struct json *j = read_both("", "", "", NULL);

	ck_assert_str_eq(buf_str(&problems), "");
	is(j, "MYSQL_HOST", "db.example.test");
	is(j, "MYSQL_PORT", "25060");
	is(j, "OPENEDX_MYSQL_PASSWORD", "p\"{{w");
	is(j, "MONGODB_HOST", "mongo.example.test");
	is(j, "MONGODB_USERNAME", "");
	is(j, "MONGODB_USE_SSL", "true");
	is(j, "MONGODB_AUTH_SOURCE", "admin");
	is(j, "MONGODB_AUTH_MECHANISM", "");
	is(j, "MONGODB_REPLICA_SET", "");
	is(j, "FORUM_MONGODB_DATABASE", NULL);
	is(j, "OPENEDX_SECRET_KEY", "sk");
	/* keys alone are no bucket: no plugin is wanted */
	is(j, "OPENEDX_AWS_ACCESS_KEY", NULL);
	is(j, "STORAGE_TYPE", NULL);
	ck_assert_int_eq(json_len(json_at(j, "in-cluster")), 0);
	json_free(j);
}
END_TEST

START_TEST(a_bucket_is_taken_with_all_its_names)
{
	static const char s3[] =
	    "STORAGES['default']['BACKEND'] = "
	    "'storages.backends.s3boto3.S3Boto3Storage'\n"
	    "AWS_S3_ENDPOINT_URL = 'https://ams3.example.test:9000'\n"
	    "AWS_S3_REGION_NAME = 'ams3'\nAWS_DEFAULT_ACL = None\n"
	    "PROFILE_IMAGE_BACKEND = {'options': {'bucket': 'pics'}}\n"
	    "GRADES_DOWNLOAD['STORAGE_KWARGS']['bucket_name'] = 'g'\n";
	struct json *j = read_both("", s3, s3, "forum_db");

	ck_assert_str_eq(buf_str(&problems), "");
	is(j, "OPENEDX_AWS_ACCESS_KEY", "AKIA");
	is(j, "S3_STORAGE_BUCKET", "bucket");
	is(j, "S3_HOST", "ams3.example.test");
	is(j, "S3_PORT", "9000");
	is(j, "S3_USE_SSL", "true");
	is(j, "S3_DEFAULT_ACL", "");
	ck_assert(json_is_null(json_at(j, "values.S3_DEFAULT_ACL"), ""));
	is(j, "S3_PROFILE_IMAGE_BUCKET", "pics");
	is(j, "S3_GRADE_BUCKET", "g");
	is(j, "STORAGE_BUCKET_NAME", "bucket");
	is(j, "STORAGE_ENDPOINT_URL", "https://ams3.example.test:9000");
	is(j, "STORAGE_TYPE", "s3");
	is(j, "FORUM_MONGODB_DATABASE", "forum_db");
	json_free(j);
}
END_TEST

static const struct {
	const char *yaml, *lms, *cms, *key, *says;
} trouble[] = {
	{ "", "DATABASES['default']['HOST'] = f()\n", "", "MYSQL_HOST",
	    "can't be read: production.py:9" },
	{ "", "mongodb_parameters['host'] = 'x'\n",
	    "mongodb_parameters['host'] = 'x'\n", "MONGODB_HOST",
	    "differs from DOC_STORE_CONFIG.host (\"mongo.example.test\" and "
	    "\"x\")" },
	{ "", "DATABASES['default']['NAME'] = 'x'\n", "",
	    "OPENEDX_MYSQL_DATABASE", "differs between the LMS and Studio" },
	{ "", "DOC_STORE_CONFIG['authsource'] = 'x'\n", "",
	    "MONGODB_AUTH_SOURCE", "two spellings" },
	{ "", "DOC_STORE_CONFIG['db'] = ['x']\n", "", "MONGODB_DATABASE",
	    "no single value" },
	{ "", "import os\nSECRET_KEY = os.environ['K']\n", "",
	    "OPENEDX_SECRET_KEY", "os.environ" },
	{ "", "del DATABASES['default']['USER']\n",
	    "del DATABASES['default']['USER']\n", "OPENEDX_MYSQL_USERNAME",
	    "nothing sets it" },
};

START_TEST(what_differs_or_can_not_be_read_is_left_out_and_reported)
{
	struct json *j = read_both(trouble[_i].yaml, trouble[_i].lms,
	    trouble[_i].cms, NULL);

	kit_contains(buf_str(&problems), trouble[_i].key);
	kit_contains(buf_str(&problems), trouble[_i].says);
	is(j, trouble[_i].key, NULL);
	json_free(j);
}
END_TEST

static const char tls[] =
	"DATABASES['default']['OPTIONS'] = {'charset': 'utf8mb3',\n"
	"    'ssl': {'ca': '/x.pem'}}\n"
	"DATABASES['default']['CONN_MAX_AGE'] = 0\n"
	"DATABASES['read_replica'] = {**DATABASES['default'], 'HOST': 'r'}\n"
	"mongodb_parameters['connect'] = False\n"
	"mongodb_parameters['tlsCAFile'] = '/m.pem'\n"
	"update_module_store_settings(MODULESTORE,\n"
	"    doc_store_settings=DOC_STORE_CONFIG)\n"
	"ALLOWED_HOSTS = [LMS_BASE, 'lms', 'preview.courses.example.test',\n"
	"    'www.example.test']\n"
	"AWS_QUERYSTRING_AUTH = False\n"
	"SOCIAL_AUTH_SAML_SP_ENTITY_ID = ''\n";

START_TEST(what_no_key_carries_is_listed_with_its_values)
{
	struct json *j = read_both("", tls, tls, NULL);
	struct buf text = buf_new(10000);

	ck_assert_str_eq(buf_str(&problems), "");
	json_print(json_get(j, "unmapped"), false, &text);
	kit_contains(buf_str(&text), "{\"path\":\"DATABASES.default.OPTIONS."
	    "ssl\",\"lms\":{\"ca\":\"/x.pem\"},\"cms\":{\"ca\":");
	kit_contains(buf_str(&text), "DATABASES.read_replica");
	kit_contains(buf_str(&text), "DOC_STORE_CONFIG.tlsCAFile");
	kit_contains(buf_str(&text), "\"ALLOWED_HOSTS\",\"lms\":"
	    "[\"www.example.test\"]");
	/* stock values, empty ones, and a bucket's where there is none */
	kit_lacks(buf_str(&text), "charset\":\"utf8mb3\"},\"cms");
	kit_lacks(buf_str(&text), "CONN_MAX_AGE\",");
	kit_lacks(buf_str(&text), "connect");
	kit_lacks(buf_str(&text), "AWS_");
	kit_lacks(buf_str(&text), "SAML");
	buf_free(&text);
	json_free(j);
}
END_TEST

START_TEST(what_no_key_carries_and_nobody_can_read_says_why)
{
	struct json *j = read_both("", "DATABASES['other'] = f()\n"
	    "mongodb_parameters['x'] = 1\n", "", NULL);
	const struct json *all = json_get(j, "unmapped");

	ck_assert_int_eq(json_len(all), 2);
	ck_assert_str_eq(json_str(json_item(all, 0), "path"),
	    "DATABASES.other");
	kit_contains(json_str(json_item(all, 0), "why"), "production.py:9");
	kit_contains(json_str(json_item(all, 1), "why"), "differs between");
	json_free(j);
}
END_TEST

START_TEST(what_tutor_makes_from_other_keys_is_no_value_of_its_own)
{
	static const char stock[] =
	    "JWT_AUTH['JWT_SECRET_KEY'] = 'sk'\n"
	    "JWT_AUTH['JWT_AUDIENCE'] = 'openedx'\n"
	    "JWT_AUTH['JWT_ISSUER'] = 'https://courses.example.test/oauth2'\n"
	    "JWT_AUTH['JWT_PRIVATE_SIGNING_JWK'] = json.dumps({'n': 'abc'})\n";
	static const char own[] =
	    "JWT_AUTH['JWT_SECRET_KEY'] = 'other'\n"
	    "JWT_AUTH['JWT_AUDIENCE'] = 'them'\n";
	struct json *j = read_both("EMAIL_HOST: smtp\nEMAIL_PORT: 8025\n",
	    stock, stock, NULL);

	ck_assert_str_eq(buf_str(&problems), "");
	is(j, "JWT_COMMON_SECRET_KEY", NULL);
	is(j, "JWT_COMMON_AUDIENCE", NULL);
	is(j, "JWT_COMMON_ISSUER", NULL);
	is(j, "SMTP_HOST", NULL);
	ck_assert_str_eq(json_str(j, "jwt-modulus"), "abc");
	json_free(j);
	j = read_both("EMAIL_HOST: mail.example.test\nEMAIL_USE_TLS: true\n",
	    own, own, NULL);
	is(j, "JWT_COMMON_SECRET_KEY", "other");
	is(j, "JWT_COMMON_AUDIENCE", "them");
	is(j, "SMTP_HOST", "mail.example.test");
	is(j, "SMTP_USE_TLS", "true");
	is(j, "RUN_SMTP", "false");
	json_free(j);
}
END_TEST

static const struct {
	const char *code, *says;
} within[] = {
	{ "DATABASES['default']['HOST'] = 'mysql'\n", "MYSQL_HOST is mysql" },
	{ "DATABASES['default']['HOST'] = 'db.acme.svc.cluster.local'\n",
	    "MYSQL_HOST is db.acme" },
	{ "mongodb_parameters['host'] = 'mongodb://u:p%40@a.example.test,"
	    "mongodb:27018/?x=1'\nupdate_module_store_settings(MODULESTORE, "
	    "doc_store_settings=DOC_STORE_CONFIG)\n",
	    "MONGODB_HOST is mongodb" },
	{ "DATABASES['default']['HOST'] = '127.0.0.1'\n", "127.0.0.1" },
	{ "DEFAULT_FILE_STORAGE = 'x.S3Storage'\nAWS_S3_ENDPOINT_URL = "
	    "'http://minio:9000'\n", "S3_HOST is minio" },
	{ "DEFAULT_FILE_STORAGE = 'x.MinIOStorage'\nAWS_S3_ENDPOINT_URL = "
	    "'https://files.courses.example.test'\n", "MinIO" },
};

START_TEST(data_within_the_old_cluster_is_named)
{
	struct json *j = read_both("", within[_i].code, within[_i].code,
	    NULL);

	ck_assert_int_eq(json_len(json_at(j, "in-cluster")), 1);
	kit_contains(json_str(j, "in-cluster[0]"), within[_i].says);
	json_free(j);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int
main(void)
{
	Suite *s = suite_create("edx_settings");
	TCase *c = tcase_create("edx_settings");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, what_agrees_is_taken_and_none_becomes_empty);
	tcase_add_test(c, a_bucket_is_taken_with_all_its_names);
	tcase_add_test(c, what_no_key_carries_is_listed_with_its_values);
	tcase_add_test(c,
	    what_no_key_carries_and_nobody_can_read_says_why);
	tcase_add_test(c,
	    what_tutor_makes_from_other_keys_is_no_value_of_its_own);
	tcase_add_loop_test(c,
	    what_differs_or_can_not_be_read_is_left_out_and_reported, 0,
	    COUNT(trouble));
	tcase_add_loop_test(c, data_within_the_old_cluster_is_named, 0,
	    COUNT(within));
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
