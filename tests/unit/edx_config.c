/*
 * edx_config - rules for keys, and what is done to values of config.yml.
 */
#include <string.h>

#include "base/mem.h"
#include "data/yaml.h"
#include "edx/config.h"
#include "edx/keys.h"
#include "tests/kit/kit.h"

static struct pool *pool;

static void
setup(void)
{
	pool = pool_new();
}

static void
teardown(void)
{
	pool_free(pool);
}

static struct yaml *
parse(const char *text)
{
	struct err e = { 0 };
	struct yaml *y = yaml_parse(text, strlen(text), "config.yml", &e);

	ck_assert_msg(y != NULL, "%s", e.text);
	return y;
}

/* ---- keys ---- */

static const struct {
	const char *key;
	enum key_rule rule;
} rules[] = {
	{ "OPENEDX_SECRET_KEY", KEY_COPY },
	{ "JWT_RSA_PRIVATE_KEY", KEY_COPY },
	{ "CMS_OAUTH2_SECRET", KEY_COPY }, { "JWT_COMMON_ISSUER", KEY_COPY },
	{ "DISCOVERY_OAUTH2_SECRET", KEY_COPY },
	{ "NOTES_MYSQL_PASSWORD", KEY_COPY }, { "SMTP_HOST", KEY_COPY },
	{ "RUN_SMTP", KEY_COPY }, { "PLATFORM_NAME", KEY_COPY },
	{ "EDX_PLATFORM_VERSION", KEY_COPY }, { "SITE_CONFIG", KEY_COPY },
	{ "GROVE_LMS_ENV", KEY_COPY }, { "GROVE_OPENEDX_AUTH", KEY_COPY },
	{ "GROVE_NEW_MFES", KEY_COPY }, { "MFE_ADMIN_MFE_APP", KEY_COPY },
	{ "DRYDOCK_INGRESS_EXTRA_HOSTS", KEY_COPY },
	{ "OPENEDX_EXTRA_PIP_REQUIREMENTS", KEY_UNION },
	{ "MYSQL_HOST", KEY_DATA }, { "OPENEDX_MYSQL_PASSWORD", KEY_DATA },
	{ "MONGODB_USE_SSL", KEY_DATA }, { "S3_REGION", KEY_DATA },
	{ "FORUM_MONGODB_DATABASE", KEY_DATA },
	{ "OPENEDX_AWS_ACCESS_KEY", KEY_DATA },
	{ "LMS_HOST", KEY_HOST }, { "MFE_HOST", KEY_HOST },
	{ "MEILISEARCH_PUBLIC_URL", KEY_HOST },
	{ "DRYDOCK_LETSENCRYPT_EMAIL", KEY_SWITCH },
	{ "DOCKER_IMAGE_OPENEDX", KEY_NEVER }, { "TUTOR_VERSION", KEY_NEVER },
	{ "MFE_DOCKER_IMAGE", KEY_NEVER }, { "S3_VERSION", KEY_NEVER },
	{ "DRYDOCK_INIT_JOBS", KEY_NEVER }, { "RUN_MYSQL", KEY_NEVER },
	{ "REDIS_HOST", KEY_NEVER }, { "MEILISEARCH_API_KEY", KEY_NEVER },
	{ "MYSQL_ROOT_PASSWORD", KEY_NEVER }, { "PLUGINS", KEY_NEVER },
	{ "MONGODB_ROOT_PASSWORD", KEY_NEVER }, { "K8S_NAMESPACE", KEY_NEVER },
	{ "STORAGE_TYPE", KEY_NEVER }, { "PICASSO_EXTRA_COMMANDS", KEY_NEVER },
	{ "GROVE_MAINTENANCE_MODE", KEY_NEVER }, { "ID", KEY_NEVER },
	{ "OPENEDX_COMMON_VERSION", KEY_NEVER },
	{ "GROVE_COMPREHENSIVE_THEME_NAME", KEY_THEME },
	{ "GROVE_SIMPLE_THEME_EXTRA_SCSS", KEY_THEME },
	{ "INDIGO_PRIMARY_COLOR", KEY_THEME }, { "PICASSO_THEMES", KEY_THEME },
	{ "SOME_PLUGIN_OF_OURS", KEY_UNLISTED },
};

START_TEST(each_key_has_its_rule)
{
	ck_assert_msg(keys_find(rules[_i].key)->rule == rules[_i].rule,
	    "%s fits %s", rules[_i].key, keys_find(rules[_i].key)->pattern);
	ck_assert(*keys_find(rules[_i].key)->why != '\0');
}
END_TEST

START_TEST(names_tell_what_is_secret)
{
	ck_assert(keys_is_secret("SMTP_PASSWORD"));
	ck_assert(keys_is_secret("OPENEDX_SECRET_KEY"));
	ck_assert(keys_is_secret("MAIL_PASSWD"));
	ck_assert(keys_is_secret("some_plugin_token"));
	ck_assert(keys_is_secret("GROVE_OPENEDX_AUTH"));
	ck_assert(keys_is_secret("OPENEDX_AWS_ACCESS_KEY"));
	ck_assert(!keys_is_secret("LMS_HOST"));
	ck_assert(!keys_is_secret("MYSQL_PORT"));
	ck_assert_str_eq(keys_plain("TUTOR_LMS_HOST"), "LMS_HOST");
	ck_assert_str_eq(keys_plain("TUTOR_VERSION"), "TUTOR_VERSION");
	ck_assert_str_eq(keys_plain("LMS_HOST"), "LMS_HOST");
}
END_TEST

/* ---- showing ---- */

START_TEST(a_value_is_shown_unless_it_is_secret_or_long)
{
	struct yaml *y = parse("A: x\nB: {c: 1}\nL: [1, 2]\nN:\nE: ''\n"
	    "P_PASSWORD: pw-pw-pw\nG_AUTH: |\n  a\n  b\n  c\n"
	    "U: https://a.test/b\nV: mongodb+srv://u:pw@a.test/b\n"
	    "W: pip install git+https://token@a.test/b\n"
	    "Q_PASSWORD: 12345678\nR_AUTH: true\n");

	ck_assert_str_eq(config_show(pool, y, "A"), "x");
	ck_assert_str_eq(config_show(pool, y, "B"), "(a map of 1)");
	ck_assert_str_eq(config_show(pool, y, "L"), "(a list of 2)");
	ck_assert_str_eq(config_show(pool, y, "N"), "null");
	ck_assert_str_eq(config_show(pool, y, "E"), "\"\"");
	ck_assert_str_eq(config_show(pool, y, "P_PASSWORD"), "(secret)");
	ck_assert_str_eq(config_show(pool, y, "Q_PASSWORD"), "(secret)");
	ck_assert_str_eq(config_show(pool, y, "R_AUTH"), "true");
	ck_assert_str_eq(config_show(pool, y, "G_AUTH"), "(3 lines)");
	ck_assert_str_eq(config_show(pool, y, "U"), "https://a.test/b");
	ck_assert_str_eq(config_show(pool, y, "V"), "(a URI with a login)");
	ck_assert_str_eq(config_show(pool, y, "W"), "(a URI with a login)");
	ck_assert_ptr_null(config_show(pool, y, "X"));
	yaml_close(y);
}
END_TEST

/* ---- the file's own rules ---- */

static const struct {
	const char *text;
	bool ok;
} files[] = {
	{ "TUTOR_VERSION: v20.0.5\n", true }, { "A: 1\n", true },
	{ "A: 1\nTUTOR_VERSION: v20.0.5", true },
	{ "A: 1\nTUTOR_VERSION: v20.0.5 # c\n", false },
	{ "A: 1\nTUTOR_VERSION: v20.0.5 \n", false },
	{ "A: 1\nTUTOR_VERSION:  v20.0.5\n", false },
	{ "TUTOR_VERSION: v20.0.5\r\nA: 1\r\n", false },
	{ "TUTOR_VERSION: v19.0.5\nTUTOR_VERSION: v20.0.5\n", false },
	{ "TUTOR_VERSION: \"v20.0.5\"\n", false },
	{ "TUTOR_VERSION: 'v20.0.5'\n", false },
	{ "{TUTOR_VERSION: v20.0.5}\n", false },
	{ "\"TUTOR_VERSION\": v20.0.5\n", false }, { "- 1\n", false },
	{ "", false },
};

START_TEST(the_version_must_be_as_the_build_reads_it)
{
	struct yaml *y = parse(files[_i].text);
	struct err e = { 0 };

	ck_assert_msg(config_check(y, &e) == files[_i].ok, "%s",
	    files[_i].text);
	yaml_close(y);
}
END_TEST

/* ---- templates ---- */

static const struct {
	const char *value, *missing;
} templates[] = {
	{ "'{{ LMS_HOST }}'", NULL }, { "plain", NULL },
	{ "'{{ MFE_HOST }}'", "MFE_HOST" },
	{ "'{{ LMS_HOST|upper }}/{{ OTHER_KEY }}'", "OTHER_KEY" },
	{ "'{% if FLAG_X %}a{% endif %}'", "FLAG_X" },
	{ "'{{ \"LITERAL\" }}'", NULL },
	{ "'{{ OPENEDX_SECRET_KEY }}'", NULL },
	{ "['{{ IN_LIST }}']", "IN_LIST" },
	{ "{a: {b: '{{ IN_MAP }}'}}", "IN_MAP" },
	{ "'{{ lower }}'", NULL }, { "'{ { NOT_ONE } }'", NULL },
};

START_TEST(a_template_whose_key_nobody_defines_is_found)
{
	struct yaml *from = parse(pool_printf(pool, "K: %s\n",
	    templates[_i].value));
	struct yaml *y = parse("LMS_HOST: h\n");
	const char *missing = config_undefined(pool, from, "K", y);

	if (templates[_i].missing == NULL)
		ck_assert_msg(missing == NULL, "%s: %s", templates[_i].value,
		    missing);
	else
		ck_assert_str_eq(missing, templates[_i].missing);
	yaml_close(from);
	yaml_close(y);
}
END_TEST

/* old value; as the new file has it; LMS_HOST is new.example.test there */
static const struct {
	const char *old, *now;
	bool same;
} rendered[] = {
	{ "a", "a", true }, { "a", "b", false }, { "1", "'1'", false },
	{ "'{{ LMS_HOST }}/x'", "new.example.test/x", true },
	{ "'{{LMS_HOST}}'", "new.example.test", true },
	{ "'{{ MFE_HOST }}'", "apps.new.example.test", true },
	{ "'{{ LMS_HOST }}'", "other.example.test", false },
	{ "'{{ LMS_HOST | upper }}'", "NEW.EXAMPLE.TEST", false },
	{ "|\n  a\n  b\n", "\"a\\nb\"", true },
	{ "|\n  a\n  b\n", "\"a\\nb\\n\"", true },
	{ "['{{ LMS_HOST }}', b]", "[new.example.test, b]", true },
	{ "['{{ LMS_HOST }}']", "[new.example.test, b]", false },
	{ "{k: '{{ LMS_HOST }}'}", "{k: new.example.test}", true },
	{ "{k: 1}", "{k: 2}", false }, { "true", "yes", true },
};

START_TEST(what_a_build_renders_is_still_the_same_value)
{
	struct yaml *old = parse(pool_printf(pool, "K: %s\n",
	    rendered[_i].old));
	struct yaml *now = parse(pool_printf(pool,
	    "LMS_HOST: new.example.test\nK: %s\n", rendered[_i].now));

	ck_assert_msg(config_same(now, old, "K") == rendered[_i].same,
	    "%s and %s", rendered[_i].old, rendered[_i].now);
	yaml_close(old);
	yaml_close(now);
}
END_TEST

/* ---- hosts ---- */

static const struct {
	const char *value, *now;
} hosts[] = {
	{ "acme.new.test", "site.test" },
	{ "https://acme.new.test/x?y=acme.new.test", "https://site.test/x?"
	    "y=site.test" },
	{ "apps.acme.new.test", "apps.site.test" },
	{ "xapps.acme.new.test", NULL }, { "acme.new.test.org", NULL },
	{ "an-acme.new.test", NULL }, { "mail.acme.new.test", NULL },
	{ ".acme.new.test", ".site.test" },
	{ "See ACME.new.test.", "See site.test." }, { "nothing", NULL },
	{ "a@acme.new.test", "a@site.test" },
};

START_TEST(hosts_are_replaced_where_they_stand_alone)
{
	static const struct config_host moves[] = {
		{ "acme.new.test", "site.test" },
		{ "apps.acme.new.test", "apps.site.test" }, { 0 }
	};
	struct buf out = buf_new(1000);
	bool found = config_replace_hosts(hosts[_i].value, moves, &out);

	ck_assert_int_eq(found, hosts[_i].now != NULL);
	ck_assert_str_eq(buf_str(&out), hosts[_i].now != NULL ?
	    hosts[_i].now : hosts[_i].value);
	buf_free(&out);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int
main(void)
{
	Suite *s = suite_create("edx_config");
	TCase *c = tcase_create("edx_config");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, each_key_has_its_rule, 0, COUNT(rules));
	tcase_add_test(c, names_tell_what_is_secret);
	tcase_add_test(c, a_value_is_shown_unless_it_is_secret_or_long);
	tcase_add_loop_test(c, the_version_must_be_as_the_build_reads_it, 0,
	    COUNT(files));
	tcase_add_loop_test(c, a_template_whose_key_nobody_defines_is_found,
	    0, COUNT(templates));
	tcase_add_loop_test(c, what_a_build_renders_is_still_the_same_value,
	    0, COUNT(rendered));
	tcase_add_loop_test(c, hosts_are_replaced_where_they_stand_alone, 0,
	    COUNT(hosts));
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
