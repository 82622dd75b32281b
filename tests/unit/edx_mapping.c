/*
 * edx_mapping - what the old side runs with, written into a config.yml.
 */
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/edit.h"
#include "edx/mapping.h"
#include "edx/patch.h"
#include "tests/kit/kit.h"

static struct pool *pool;
static struct buf left, files;

static void
setup(void)
{
	pool = pool_new();
	left = buf_new(100000);
	files = buf_new(100000);
}

static void
teardown(void)
{
	buf_free(&left);
	buf_free(&files);
	pool_free(pool);
}

static void
quiet(const char *key, const char *old, const char *now, bool changed)
{
	(void)key;
	(void)old;
	(void)now;
	(void)changed;
}

/* Map the values (JSON members) into the file; the new text, or NULL. */
static const char *
map(const char *config, const char *values, struct err *e)
{
	const char *text = pool_printf(pool, "{\"values\": {%s}}", values);
	struct json *settings = json_parse(text, strlen(text), "s", e);
	struct yaml *y = yaml_parse(config, strlen(config), "c", e);
	struct edit edit = { .yaml = y, .pool = pool, .tell = quiet };
	struct patch patch = { .left = &left, .files = &files };
	struct mapping m = { .edit = &edit, .settings = settings,
		.s3_plugin = "", .patch = &patch };
	const char *now = NULL;
	size_t len;

	ck_assert_msg(settings != NULL && y != NULL, "%s", e->text);
	if (mapping_write(&m, e)) {
		now = yaml_text(y, &len);
		now = pool_strndup(pool, now, len);
	}
	json_free(settings);
	yaml_close(y);
	return now;
}

#define DRYDOCK "PICASSO_EXTRA_COMMANDS:\n- tutor plugins enable drydock\n"

static const struct {
	const char *config, *values, *has;	/* NULL: refused */
} cases[] = {
	/* legacy names would win */
	{ "MYSQL_DATABASE: a\nMYSQL_USERNAME: b\nMYSQL_PASSWORD: c\n"
	    "SECRET_KEY: d\nX: 1\n", "\"OPENEDX_MYSQL_DATABASE\": \"o\"",
	    "OPENEDX_MYSQL_DATABASE: \"o\"\n" },
	/* empty and false values overwrite a default */
	{ "MONGODB_AUTH_MECHANISM: SCRAM-SHA-1\nMONGODB_USE_SSL: true\n",
	    "\"MONGODB_AUTH_MECHANISM\": \"\", \"MONGODB_USE_SSL\": false",
	    "MONGODB_AUTH_MECHANISM: \"\"\nMONGODB_USE_SSL: false\n" },
	/* an SRV address needs its package, once */
	{ "X: 1\n", "\"MONGODB_HOST\": \"mongodb+srv://u:p%2F@h/d\"",
	    "OPENEDX_EXTRA_PIP_REQUIREMENTS:\n  - \"dnspython\"\n" },
	{ "OPENEDX_EXTRA_PIP_REQUIREMENTS: [dnspython==2.1]\n",
	    "\"MONGODB_HOST\": \"mongodb+srv://u:p%2F@h/d\"",
	    "OPENEDX_EXTRA_PIP_REQUIREMENTS: [dnspython==2.1]\n" },
	{ "X: 1\n", "\"MONGODB_HOST\": \"mongodb+srv://u:p%2F@h/d\"",
	    "mongodb+srv://u:p%2F@h/d" },
	/* what Tutor must not render */
	{ "X: 1\n", "\"OPENEDX_SECRET_KEY\": \"a{{b\\\"\\\\\"",
	    "OPENEDX_SECRET_KEY: \"a\\\\x7b{b\\\\\\\"\\\\\\\\\"\n" },
	/* the forum's database needs drydock 19.3 from sumac on */
	{ "TUTOR_VERSION: v20.0.5\n" DRYDOCK,
	    "\"FORUM_MONGODB_DATABASE\": \"f\"",
	    "FORUM_MONGODB_DATABASE: \"f\"\n" },
	{ "TUTOR_VERSION: v20.0.5\n", "\"FORUM_MONGODB_DATABASE\": \"f\"",
	    NULL },
	{ "TUTOR_VERSION: v20.0.5\n", "\"FORUM_MONGODB_DATABASE\": "
	    "\"cs_comments_service\"", "cs_comments_service" },
	{ "TUTOR_VERSION: v18.0.5\n", "\"FORUM_MONGODB_DATABASE\": \"f\"",
	    "FORUM_MONGODB_DATABASE: \"f\"\n" },
	{ "TUTOR_VERSION: v19.0.5\nDRYDOCK_VERSION: 19.2.0\n" DRYDOCK,
	    "\"FORUM_MONGODB_DATABASE\": \"f\"", NULL },
	{ "TUTOR_VERSION: v19.0.5\nPICASSO_EXTRA_COMMANDS:\n- pip install "
	    "tutor-contrib-drydock==19.1.0\n- tutor plugins enable drydock\n",
	    "\"FORUM_MONGODB_DATABASE\": \"f\"", NULL },
	{ "TUTOR_VERSION: v19.0.5\nDRYDOCK_VERSION: 19.3.0\n" DRYDOCK,
	    "\"FORUM_MONGODB_DATABASE\": \"f\"", "\"f\"\n" },
	/* a bucket needs its plugin */
	{ "TUTOR_VERSION: v20.0.5\n", "\"STORAGE_TYPE\": \"s3\","
	    "\"S3_PORT\": null, \"S3_HOST\": \"\"",
	    "  - \"tutor plugins enable s3\"\n" },
	{ "TUTOR_VERSION: v20.0.5\n", "\"STORAGE_TYPE\": \"s3\","
	    "\"S3_PORT\": null", "S3_PORT: null\n" },
	{ "TUTOR_VERSION: v22.0.5\n", "\"STORAGE_TYPE\": \"s3\"", NULL },
	{ "TUTOR_VERSION: v22.0.5\nPLUGINS: [s3]\n",
	    "\"STORAGE_TYPE\": \"s3\"", "STORAGE_TYPE: \"s3\"\n" },
};

START_TEST(a_value_gets_where_the_new_side_reads_it)
{
	struct err e = { 0 };
	const char *now = map(cases[_i].config, cases[_i].values, &e);

	if (cases[_i].has == NULL) {
		ck_assert_ptr_null(now);
		ck_assert_int_eq(e.kind, ERR_HAND);
		return;
	}
	ck_assert_msg(now != NULL, "%s", e.text);
	kit_contains(now, cases[_i].has);
	kit_lacks(now, "\nMYSQL_DATABASE");
	kit_lacks(now, "\nSECRET_KEY");
	/* a second time changes nothing */
	ck_assert_str_eq(map(now, cases[_i].values, &e), now);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("edx_mapping");
	TCase *c = tcase_create("edx_mapping");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, a_value_gets_where_the_new_side_reads_it, 0,
	    (int)(sizeof cases / sizeof *cases));
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
