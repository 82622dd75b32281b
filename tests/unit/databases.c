/* Proves what edx/databases.h promises. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "edx/databases.h"
#include "tests/kit/kit.h"

static struct pool *pool;
static struct err e;
static struct databases d;
static char *folder;

static void
set_up(void)
{
	pool = pool_new();
	e = (struct err){ 0 };
	folder = kit_folder();
	free(kit_sh("mkdir -p %s/instances/acme", folder));
}

static void
tear_down(void)
{
	free(kit_sh("rm -rf %s", folder));
	free(folder);
	pool_free(pool);
}

static bool
find(const char *config)
{
	kit_write(pool_printf(pool, "%s/instances/acme/config.yml", folder),
	    config);
	return databases_find(pool, folder, "acme", &d, &e);
}

START_TEST(names_and_users_come_from_config_yml)
{
	struct buf seen = buf_new(100);

	ck_assert(find("OPENEDX_MYSQL_DATABASE: acme_openedx\n"
	    "OPENEDX_MYSQL_USERNAME: acme\nMYSQL_PORT: 3307\n"
	    "OPENEDX_MYSQL_PASSWORD: \"a\\\\x7b{b\"\n"
	    "MONGODB_DATABASE: main\nFORUM_MONGODB_DATABASE: forum\n"
	    "MONGODB_USE_SSL: false\nMONGODB_AUTH_SOURCE: \"\"\n"));
	ck_assert_str_eq(d.mysql.user, "acme");
	ck_assert_str_eq(d.mysql.port, "3307");
	ck_assert_str_eq(d.mysql.password, "a{{b");
	log_redact(&seen, "x a{{b y", 8);
	ck_assert_str_eq(buf_str(&seen), "x *** y");
	buf_free(&seen);
	ck_assert_str_eq(d.mysql.own[0], "acme_openedx");
	ck_assert_ptr_null(d.mysql.own[1]);
	ck_assert_str_eq(d.mongo.own[0], "main");
	ck_assert_str_eq(d.mongo.own[1], "forum");
	ck_assert_ptr_null(d.mongo.own[2]);
	ck_assert_str_eq(d.mongo.tls, "false");
	ck_assert_ptr_null(d.mongo.auth);
	ck_assert_ptr_null(d.mysql.host);
}
END_TEST

START_TEST(the_legacy_names_win_as_in_tutor)
{
	ck_assert(find("MYSQL_DATABASE: old\nOPENEDX_MYSQL_DATABASE: new\n"
	    "MYSQL_USERNAME: u1\nOPENEDX_MYSQL_USERNAME: u2\n"
	    "MYSQL_PASSWORD: password1\nOPENEDX_MYSQL_PASSWORD: p2\n"));
	ck_assert_str_eq(d.mysql.own[0], "old");
	ck_assert_str_eq(d.mysql.user, "u1");
	ck_assert_str_eq(d.mysql.password, "password1");
}
END_TEST

START_TEST(a_plugin_s_database_is_own_if_its_user_is_the_same)
{
	ck_assert(find("OPENEDX_MYSQL_DATABASE: edx\n"
	    "OPENEDX_MYSQL_USERNAME: acme\n"
	    "XQUEUE_MYSQL_DATABASE: xqueue\nXQUEUE_MYSQL_USERNAME: acme\n"
	    "NOTES_MYSQL_DATABASE: notes\nNOTES_MYSQL_USERNAME: notes01\n"
	    "CREDENTIALS_MYSQL_DATABASE: credentials\n"));
	ck_assert_str_eq(d.mysql.own[0], "edx");
	ck_assert_str_eq(d.mysql.own[1], "xqueue");
	ck_assert_ptr_null(d.mysql.own[2]);
}
END_TEST

/* One that is left out would be taken from the user. */
START_TEST(however_many_databases_there_are_none_is_left_out)
{
	struct buf b = buf_new(64 * 1024);
	size_t n = 0;

	buf_puts(&b, "OPENEDX_MYSQL_USERNAME: acme\n");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "P%d_MYSQL_DATABASE: d%d\n"
		    "P%d_MYSQL_USERNAME: acme\n", i, i, i);
	ck_assert(find(buf_str(&b)));
	while (d.mysql.own[n] != NULL)
		n++;
	ck_assert_uint_eq(n, 100);
	buf_free(&b);
}
END_TEST

/* An address may be a URI with a login. */
START_TEST(a_login_in_an_address_is_masked)
{
	struct buf out = buf_new(1000);

	ck_assert(find("MONGODB_HOST: mongodb://u:pw-pw-pw@a.test/b\n"));
	log_redact(&out, "at mongodb://u:pw-pw-pw@a.test/b", 32);
	ck_assert_str_eq(buf_str(&out), "at ***");
	buf_free(&out);
}
END_TEST

START_TEST(what_only_tutor_can_render_is_refused)
{
	ck_assert(!find("OPENEDX_MYSQL_DATABASE: \"{{ ID }}_openedx\"\n"));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, "OPENEDX_MYSQL_DATABASE");
	ck_assert(!find("OPENEDX_MYSQL_PASSWORD: \"a{#b\"\n"));
}
END_TEST

START_TEST(without_config_yml_nothing_is_named)
{
	ck_assert(databases_find(pool, folder, "nobody", &d, &e));
	ck_assert_ptr_null(d.mysql.user);
	ck_assert_ptr_null(d.mysql.own[0]);
	ck_assert_ptr_null(d.mongo.own[0]);
}
END_TEST

static bool
find_running(const char *unmapped)
{
	const char *path = pool_printf(pool, "%s/settings.json", folder);

	kit_write(path, pool_printf(pool, "{\"tutor\":\"20.0.5\",\"major\":"
	    "20,\"values\":{\"MYSQL_HOST\":\"db.example.test\","
	    "\"OPENEDX_MYSQL_DATABASE\":\"acme_openedx\","
	    "\"OPENEDX_MYSQL_USERNAME\":\"acme\"},\"unmapped\":[%s],"
	    "\"in-cluster\":[]}", unmapped));
	return databases_find_running(pool, path, &d, &e);
}

/* A plugin's, say; a replica has the same name, or is another server. */
START_TEST(each_entry_of_databases_is_own_if_its_user_is_the_same)
{
	ck_assert_msg(find_running("{\"path\":\"DATABASES.a\",\"lms\":"
	    "{\"NAME\":\"xqueue\",\"USER\":\"acme\",\"HOST\":"
	    "\"db.example.test\"}},{\"path\":\"DATABASES.b\",\"cms\":"
	    "{\"NAME\":\"notes\",\"USER\":\"acme\"}},"
	    "{\"path\":\"DATABASES.c\",\"lms\":{\"NAME\":\"other\","
	    "\"USER\":\"else\"}},{\"path\":\"DATABASES.d\",\"lms\":"
	    "{\"NAME\":\"there\",\"USER\":\"acme\",\"HOST\":\"r\"}},"
	    "{\"path\":\"DATABASES.default.TEST\",\"lms\":{\"NAME\":"
	    "\"no\",\"USER\":\"acme\"}}"), "%s", e.text);
	ck_assert_str_eq(d.mysql.own[0], "acme_openedx");
	ck_assert_str_eq(d.mysql.own[1], "xqueue");
	ck_assert_str_eq(d.mysql.own[2], "notes");
	ck_assert_ptr_null(d.mysql.own[3]);
	ck_assert_ptr_null(d.mysql.unread);
}
END_TEST

START_TEST(an_entry_of_databases_that_nobody_can_read_is_told)
{
	ck_assert(find_running("{\"path\":\"DATABASES.other\",\"why\":"
	    "\"can't be read: production.py:9\"}"));
	kit_contains(d.mysql.unread, "DATABASES.other");
	kit_contains(d.mysql.unread, "production.py:9");
}
END_TEST

START_TEST(the_running_settings_can_be_taken_instead)
{
	const char *path = pool_printf(pool, "%s/settings.json", folder);

	kit_write(path, "{\"tutor\":\"20.0.5\",\"major\":20,\"values\":{"
	    "\"MYSQL_HOST\":\"db.example.test\",\"MYSQL_PORT\":3306,"
	    "\"OPENEDX_MYSQL_DATABASE\":\"acme_openedx\","
	    "\"OPENEDX_MYSQL_USERNAME\":\"acme\","
	    "\"OPENEDX_MYSQL_PASSWORD\":\"running-password\","
	    "\"MONGODB_DATABASE\":\"m\",\"FORUM_MONGODB_DATABASE\":\"m\","
	    "\"MONGODB_USE_SSL\":true},\"in-cluster\":[]}");
	ck_assert_msg(databases_find_running(pool, path, &d, &e), "%s",
	    e.text);
	ck_assert_str_eq(d.mysql.host, "db.example.test");
	ck_assert_str_eq(d.mysql.port, "3306");
	ck_assert_str_eq(d.mysql.own[0], "acme_openedx");
	ck_assert_str_eq(d.mysql.password, "running-password");
	ck_assert_str_eq(d.mongo.own[0], "m");
	ck_assert_ptr_null(d.mongo.own[1]);
	ck_assert_str_eq(d.mongo.tls, "true");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("databases");
	TCase *c = tcase_create("databases");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, names_and_users_come_from_config_yml);
	tcase_add_test(c, the_legacy_names_win_as_in_tutor);
	tcase_add_test(c, a_plugin_s_database_is_own_if_its_user_is_the_same);
	tcase_add_test(c,
	    however_many_databases_there_are_none_is_left_out);
	tcase_add_test(c, what_only_tutor_can_render_is_refused);
	tcase_add_test(c, a_login_in_an_address_is_masked);
	tcase_add_test(c, without_config_yml_nothing_is_named);
	tcase_add_test(c,
	    each_entry_of_databases_is_own_if_its_user_is_the_same);
	tcase_add_test(c, an_entry_of_databases_that_nobody_can_read_is_told);
	tcase_add_test(c, the_running_settings_can_be_taken_instead);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
