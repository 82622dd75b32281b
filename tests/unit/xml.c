/*
 * xml - reads services' answers and refuses what none of them sends.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/xml.h"
#include "tests/kit/kit.h"

static struct pool *p;
static struct err e;

static void
set_up(void)
{
	p = pool_new();
	e = (struct err){ 0 };
}

static void
tear_down(void)
{
	pool_free(p);
}

static const struct xml *
parse(const char *text)
{
	return xml_parse(p, text, strlen(text), "the listing", &e);
}

START_TEST(elements_of_a_name_come_in_order_with_their_text)
{
	const struct xml *x = parse("<?xml version=\"1.0\"?>\n<!-- c -->"
	    "<List xmlns=\"http://a.test/\"><Key><v>a &amp; b</v></Key>"
	    "<Size>7</Size><Key><v>x<i>not</i>y</v></Key><Empty/></List>");
	const struct xml *key = xml_child(x, "Key");

	ck_assert_msg(x != NULL, "%s", e.text);
	ck_assert_str_eq(xml_name(x), "List");
	ck_assert_str_eq(xml_value(key, "v"), "a & b");
	key = xml_next(key);
	ck_assert_str_eq(xml_value(key, "v"), "xy");
	ck_assert_str_eq(xml_value(xml_child(key, "v"), "i"), "not");
	ck_assert_ptr_null(xml_next(key));
	ck_assert_str_eq(xml_value(x, "Size"), "7");
	ck_assert_str_eq(xml_value(x, "Empty"), "");
	ck_assert_ptr_null(xml_value(x, "None"));
	ck_assert_ptr_null(xml_child(NULL, "a"));
}
END_TEST

START_TEST(a_prefix_of_a_name_says_nothing)
{
	const struct xml *x = parse("<s:Error><s:Code>No</s:Code></s:Error>");

	ck_assert_str_eq(xml_name(x), "Error");
	ck_assert_str_eq(xml_value(x, "Code"), "No");
}
END_TEST

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "the listing: line 1, column 1: no element found" },
	{ "<a>\n <b></a>", "the listing: line 2, column 7: mismatched tag" },
	{ "<a/><b/>", "junk after document element" },
	{ "<a>\x01</a>", "line 1, column 4: not well-formed" },
	{ "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
	  "it has a document type" },
	{ "<a>&b;</a>", "undefined entity" },
	{ "<html><body><p>502", "no element found" },
};

START_TEST(a_fault_has_line_and_column)
{
	ck_assert_ptr_null(parse(bad[_i].text));
	kit_contains(e.text, bad[_i].says);
}
END_TEST

START_TEST(depth_is_bounded)
{
	struct buf b = buf_new(1024);

	for (int i = 0; i < 32; i++)
		buf_puts(&b, "<a>");
	for (int i = 0; i < 32; i++)
		buf_puts(&b, "</a>");
	ck_assert_ptr_nonnull(parse(buf_str(&b)));
	buf_clear(&b);
	for (int i = 0; i < 33; i++)
		buf_puts(&b, "<a>");
	ck_assert_ptr_null(parse(buf_str(&b)));
	kit_contains(e.text, "too many elements in one another");
	buf_free(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xml");
	TCase *t = tcase_create("xml");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, elements_of_a_name_come_in_order_with_their_text);
	tcase_add_test(t, a_prefix_of_a_name_says_nothing);
	tcase_add_loop_test(t, a_fault_has_line_and_column, 0,
	    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, depth_is_bounded);
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
