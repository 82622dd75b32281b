/*
 * Proves what data/json.h promises.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "tests/kit/kit.h"

static struct err e;
static struct buf out;

static struct json *
parse(const char *s)
{
	e = (struct err){ 0 };
	return json_parse(s, strlen(s), "the answer", &e);
}

static const char *
printed(const struct json *j, bool pretty)
{
	buf_clear(&out);
	json_print(j, pretty, &out);
	return buf_str(&out);
}

static void
set_up(void)
{
	out = buf_new(1 << 20);
}

static void
tear_down(void)
{
	buf_free(&out);
}

START_TEST(a_path_leads_through_members_and_items)
{
	struct json *j = parse(
	    "{\"a\":{\"b\":[{\"c\":\"deep\"},7]},\"a.b\":1}");
	double n = 0;

	ck_assert_str_eq(json_str(j, "a.b[0].c"), "deep");
	ck_assert(json_num(j, "a.b[1]", &n) && n == 7);
	ck_assert_int_eq(json_len(json_at(j, "a.b")), 2);
	ck_assert(json_num(json_get(j, "a.b"), "", &n) && n == 1);
	ck_assert_str_eq(json_name(json_at(j, "a")), "a");
	json_free(j);
}
END_TEST

static const struct {
	const char *is, *patch, *becomes;
} merges[] = {
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
	{ "{\"a\":\"b\"}", "{\"b\":null}", "{\"a\":\"b\"}" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":null}}",
	  "{\"a\":{\"c\":2}}" },
	{ "{\"a\":[1,2]}", "{\"a\":[3]}", "{\"a\":[3]}" },
	{ "{\"a\":1}", "{\"a\":{\"b\":{\"c\":null}}}", "{\"a\":{\"b\":{}}}" },
};

START_TEST(a_merge_patch_changes_what_it_names)
{
	struct json *j = parse(merges[_i].is);
	struct json *patch = parse(merges[_i].patch);

	json_merge(j, patch);
	ck_assert_str_eq(printed(j, false), merges[_i].becomes);
	json_free(j);
	json_free(patch);
}
END_TEST

START_TEST(what_is_missing_or_of_another_type_is_said_not_met)
{
	struct json *j = parse("{\"s\":\"x\",\"n\":1,\"z\":null,\"l\":[]}");
	double n = 5;
	bool b = true;

	ck_assert_ptr_null(json_str(j, "n"));
	ck_assert_ptr_null(json_str(j, "z"));
	ck_assert_ptr_null(json_str(j, "none.of[3].these"));
	ck_assert_ptr_null(json_str(j, "s.x"));
	ck_assert_ptr_null(json_str(NULL, "s"));
	ck_assert_ptr_null(json_item(json_at(j, "l"), 0));
	ck_assert_ptr_null(json_at(j, "l[0]"));
	ck_assert(!json_num(j, "s", &n) && n == 5);
	ck_assert(!json_bool(j, "n", &b) && b);
	ck_assert(json_is_null(j, "z") && json_is_null(j, "none"));
	ck_assert(!json_is_null(j, "s"));
	ck_assert_int_eq(json_len(json_at(j, "s")), 0);
	ck_assert_int_eq(json_len(NULL), 0);
	json_free(j);
}
END_TEST

START_TEST(large_ids_are_exact_and_larger_ones_no_numbers)
{
	struct json *j = parse("[35064429580, 9007199254740991,"
	    " 9007199254740992, 1e999, -3, 0.5]");
	double n = 0;

	ck_assert(json_scalar(json_item(j, 0), &out));
	ck_assert_str_eq(buf_str(&out), "35064429580");
	buf_clear(&out);
	ck_assert(json_scalar(json_item(j, 1), &out));
	ck_assert_str_eq(buf_str(&out), "9007199254740991");
	ck_assert(!json_num(j, "[2]", &n));
	ck_assert(!json_num(j, "[3]", &n));
	buf_clear(&out);
	ck_assert(!json_scalar(json_item(j, 2), &out));
	ck_assert_str_eq(buf_str(&out), "");
	ck_assert(json_scalar(json_item(j, 4), &out));
	ck_assert(json_scalar(json_item(j, 5), &out));
	ck_assert_str_eq(buf_str(&out), "-30.5");
	json_free(j);
}
END_TEST

static const struct {
	const char *text, *error;
} wrong[] = {
	{ "", "is empty" },
	{ " \n", "is empty" },
	{ "<html><body>502</body></html>", "is HTML or XML" },
	{ "{\"a\":1", "not JSON" },
	{ "{\"a\":}", "not JSON" },
	{ "{} {}", "not JSON" },
	{ "{}x", "not JSON" },
	{ "upstream connect error", "not JSON" },
	{ "{\"a\":\"cut \xc3\"}", "not UTF-8" },
	{ "{\"a\":\"x\\u0000y\"}", "NUL" },
};

START_TEST(what_is_no_json_is_refused_and_not_repeated)
{
	ck_assert_ptr_null(parse(wrong[_i].text));
	kit_contains(e.text, "the answer");
	kit_contains(e.text, wrong[_i].error);
	kit_lacks(e.text, "upstream");
}
END_TEST

START_TEST(an_escaped_backslash_before_u0000_is_no_nul)
{
	struct json *j = parse("{\"a\":\"\\\\u0000\"}");

	ck_assert_ptr_nonnull(j);
	ck_assert_str_eq(json_str(j, "a"), "\\u0000");
	json_free(j);
}
END_TEST

START_TEST(every_cut_of_a_text_is_refused_without_harm)
{
	static const char text[] =
	    "{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\n\"],\"b\":{\"c\":{}}}";
	struct json *j;

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, text, n);
		j = json_parse(copy, n, "cut", &e);
		ck_assert_ptr_null(j);
		free(copy);
	}
	j = parse(text);
	ck_assert_ptr_nonnull(j);
	json_free(j);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	char text[40001];
	struct json *j;

	memset(text, '[', 20000);
	memset(text + 20000, ']', 20000);
	text[40000] = '\0';
	j = parse(text);
	ck_assert_ptr_null(j);
}
END_TEST

START_TEST(what_is_built_is_printed_with_two_blanks_a_level)
{
	struct json *j = json_object(), *l = json_array();

	json_set_str(j, "s", "a \"b\"\n");
	json_set_num(j, "n", 35064429580.0);
	json_set_bool(j, "b", true);
	json_set_str(j, "z", NULL);
	json_add(j, "l", l);
	json_add(l, NULL, parse("1.5"));
	json_add(l, NULL, json_object());
	ck_assert_str_eq(printed(j, false), "{\"s\":\"a \\\"b\\\"\\n\","
	    "\"n\":35064429580,\"b\":true,\"z\":null,\"l\":[1.5,{}]}");
	ck_assert_str_eq(printed(j, true), "{\n"
	    "  \"s\": \"a \\\"b\\\"\\n\",\n"
	    "  \"n\": 35064429580,\n"
	    "  \"b\": true,\n"
	    "  \"z\": null,\n"
	    "  \"l\": [\n"
	    "    1.5,\n"
	    "    {}\n"
	    "  ]\n"
	    "}\n");
	json_free(j);
}
END_TEST

START_TEST(setting_a_member_again_replaces_it_in_its_place)
{
	struct json *j = parse("{\"a\":1,\"A\":2,\"b\":3}");

	json_set_str(j, "a", "new");
	ck_assert_str_eq(printed(j, false), "{\"a\":\"new\",\"A\":2,\"b\":3}");
	json_free(j);
}
END_TEST

START_TEST(values_are_compared_whatever_their_order)
{
	struct json *a = parse("{\"x\":[1,2],\"y\":\"z\"}");
	struct json *b = parse("{\"y\":\"z\", \"x\":[1,2]}");
	struct json *c = parse("{\"y\":\"z\", \"x\":[2,1]}");

	ck_assert(json_same(a, b));
	ck_assert(!json_same(a, c));
	ck_assert(json_same(NULL, NULL));
	ck_assert(!json_same(a, NULL));
	json_free(a);
	json_free(b);
	json_free(c);
}
END_TEST

START_TEST(members_and_items_can_be_walked)
{
	struct json *j = parse("{\"a\":1,\"b\":[true,false]}");
	const struct json *m = json_first(j);

	ck_assert_str_eq(json_name(m), "a");
	m = json_next(m);
	ck_assert_str_eq(json_name(m), "b");
	ck_assert_ptr_nonnull(json_first(m));
	ck_assert_ptr_null(json_next(m));
	ck_assert_ptr_null(json_first(json_first(j)));
	ck_assert_ptr_null(json_first(NULL));
	json_free(j);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_path_leads_through_members_and_items);
	tcase_add_test(t,
	    what_is_missing_or_of_another_type_is_said_not_met);
	tcase_add_test(t, large_ids_are_exact_and_larger_ones_no_numbers);
	tcase_add_loop_test(t, what_is_no_json_is_refused_and_not_repeated, 0,
	    sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(t, an_escaped_backslash_before_u0000_is_no_nul);
	tcase_add_test(t, every_cut_of_a_text_is_refused_without_harm);
	tcase_add_test(t, deep_nesting_is_refused);
	tcase_add_test(t, what_is_built_is_printed_with_two_blanks_a_level);
	tcase_add_test(t,
	    setting_a_member_again_replaces_it_in_its_place);
	tcase_add_loop_test(t, a_merge_patch_changes_what_it_names, 0,
	    sizeof merges / sizeof merges[0]);
	tcase_add_test(t, values_are_compared_whatever_their_order);
	tcase_add_test(t, members_and_items_can_be_walked);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
