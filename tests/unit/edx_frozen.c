/*
 * edx_frozen - lines with a template are noted, and thaw where a build
 * rendered them.
 */
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/config.h"
#include "edx/edit.h"
#include "edx/frozen.h"
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

static void
quiet(const char *key, const char *old, const char *now, bool changed)
{
	(void)key;
	(void)old;
	(void)now;
	(void)changed;
}

static struct yaml *
parse(const char *text)
{
	struct err e = { 0 };
	struct yaml *y = yaml_parse(text, strlen(text), "config.yml", &e);

	ck_assert_msg(y != NULL, "%s", e.text);
	return y;
}

/* The old value of key K, and what is noted of it, as JSON. */
static const struct {
	const char *key, *yaml, *noted;
} notes[] = {
	{ "K", "K: plain\n", "{}" },
	{ "K", "K: a {{ LMS_HOST }} b\n",
	    "{\"K\":{\"1\":\"a {{ LMS_HOST }} b\"}}" },
	{ "GROVE_LMS_ENV", "GROVE_LMS_ENV: |\n  A: 1\n  X: \"{{ LMS_HOST }}\""
	    "\n  {{ open\n", "{\"GROVE_LMS_ENV\":{\"2\":"
	    "\"X: \\\"{{ LMS_HOST }}\\\"\"}}" },
	{ "K", "K: {a: ['{{ X }}']}\n",
	    "{\"K.a[0]\":{\"1\":\"{{ X }}\"}}" },
	{ "K", "K: https://{{ LMS_HOST }}/x\n",
	    "{\"K\":{\"1\":\"https://{{ LMS_HOST }}/x\"}}" },
	/* what may be a secret never goes into the record */
	{ "K", "K: https://u:p@{{ LMS_HOST }}/x\n", "{}" },
	{ "MY_API_KEY", "MY_API_KEY: '{{ LMS_HOST }}-x'\n", "{}" },
	{ "K", "K: 'PASSWORD = x {{ LMS_HOST }}'\n", "{}" },
	{ "K", "K: '{{ LMS_HOST }} 0a1b2c3d4e5f6a7b8c'\n", "{}" },
	/* the name of one, in a template, is none */
	{ "K", "K: 'x {{ CMS_OAUTH2_SECRET }}'\n",
	    "{\"K\":{\"1\":\"x {{ CMS_OAUTH2_SECRET }}\"}}" },
};

START_TEST(lines_with_a_template_are_noted_but_no_secret)
{
	struct yaml *y = parse(notes[_i].yaml);
	struct json *record = json_object();
	struct buf text = buf_new(10000);

	frozen_note(pool, y, notes[_i].key, notes[_i].key, record);
	json_print(record, false, &text);
	ck_assert_str_eq(buf_str(&text), notes[_i].noted);
	buf_free(&text);
	json_free(record);
	yaml_close(y);
}
END_TEST

static const struct {
	const char *noted, *now, *thawed;
} thaws[] = {
	{ "{\"1\": \"a {{ X }} b\"}", "a frozen b", "a {{ X }} b" },
	{ "{\"1\": \"a {{ X }} b\"}", "a changed", "a changed" },
	{ "{\"1\": \"{{ X }}.{{ Y }}\"}", "1.2", "{{ X }}.{{ Y }}" },
	{ "{\"2\": \"{{ X|upper }}\"}", "one\\nTWO\\nthree",
	    "one\n{{ X|upper }}\nthree" },
	{ "{\"1\": \"{{ X }}\"}", "{{ X }}", "{{ X }}" },
	{ "{\"9\": \"{{ X }}\"}", "one", "one" },
};

START_TEST(what_a_build_rendered_thaws_and_what_changed_stays)
{
	struct err e = { 0 };
	struct yaml *y = parse(pool_printf(pool, "K: \"%s\"\nM: {a: [x]}\n",
	    thaws[_i].now));
	struct edit edit = { .yaml = y, .pool = pool, .tell = quiet };
	const char *text = pool_printf(pool, "{\"K\": %s, \"GONE\": %s}",
	    thaws[_i].noted, thaws[_i].noted);
	struct json *record = json_parse(text, strlen(text), "record", &e);

	ck_assert_msg(record != NULL && frozen_thaw(&edit, record, &e), "%s",
	    e.text);
	text = yaml_get(y, "K");
	ck_assert(strncmp(text, thaws[_i].thawed, strlen(thaws[_i].thawed))
	    == 0);
	ck_assert_int_le(strlen(text), strlen(thaws[_i].thawed) + 1);
	json_free(record);
	yaml_close(y);
}
END_TEST

START_TEST(hosts_are_replaced_at_any_depth_but_for_keys_of_their_own)
{
	static const char before[] =
	    "DEEP:\n  a: [https://old.example.test/x]\n"
	    "MYSQL_HOST: old.example.test\n"
	    "TEXT: 'see old.example.test'\n"
	    "OTHER: very-old.example.test\n";
	const struct config_host hosts[] = {
	    { "old.example.test", "new.example.test" }, { NULL, NULL } };
	struct err e = { 0 };
	struct yaml *y = parse(before);
	struct edit edit = { .yaml = y, .pool = pool, .tell = quiet };

	ck_assert_msg(frozen_replace_hosts(&edit, hosts, &e), "%s", e.text);
	ck_assert_str_eq(yaml_get(y, "DEEP.a[0]"),
	    "https://new.example.test/x");
	ck_assert_str_eq(yaml_get(y, "MYSQL_HOST"), "old.example.test");
	ck_assert_str_eq(yaml_get(y, "TEXT"), "see new.example.test");
	ck_assert_str_eq(yaml_get(y, "OTHER"), "very-old.example.test");
	yaml_close(y);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int
main(void)
{
	Suite *s = suite_create("edx_frozen");
	TCase *c = tcase_create("edx_frozen");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, lines_with_a_template_are_noted_but_no_secret,
	    0, COUNT(notes));
	tcase_add_loop_test(c,
	    what_a_build_rendered_thaws_and_what_changed_stays, 0,
	    COUNT(thaws));
	tcase_add_test(c,
	    hosts_are_replaced_at_any_depth_but_for_keys_of_their_own);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
