/*
 * yaml - reading as PyYAML, and edits that touch nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/yaml.h"
#include "tests/kit/kit.h"

static struct yaml *
parse(const char *text)
{
	struct err e = { 0 };
	struct yaml *y = yaml_parse(text, strlen(text), "t.yml", &e);

	ck_assert_msg(y != NULL, "%s", e.text);
	return y;
}

static void
becomes(struct yaml *y, const char *want)
{
	ck_assert_str_eq(yaml_text(y, NULL), want);
}

/* ---- reading ---- */

/* What PyYAML 6 says of each, seen by running it. */
static const struct {
	const char *text;
	enum yaml_kind kind;
	const char *value;
} scalars[] = {
	{ "017", YAML_INT, "15" }, { "0x1F", YAML_INT, "31" },
	{ "0o17", YAML_STRING, "0o17" }, { "1_000", YAML_INT, "1000" },
	{ "0b101", YAML_INT, "5" }, { "08", YAML_STRING, "08" },
	{ "0xffffffffffffffffff", YAML_INT, "4722366482869645213695" },
	{ "-0x1f", YAML_INT, "-31" }, { "+1", YAML_INT, "1" },
	{ "1e5", YAML_STRING, "1e5" }, { "1.5e+3", YAML_FLOAT, "1500.0" },
	{ "1.5e3", YAML_STRING, "1.5e3" }, { "1.10", YAML_FLOAT, "1.1" },
	{ "1e+16", YAML_STRING, "1e+16" }, { "1.", YAML_FLOAT, "1.0" },
	{ "10000000000000000.0", YAML_FLOAT, "1e+16" },
	{ "0.0001", YAML_FLOAT, "0.0001" }, { ".5", YAML_FLOAT, "0.5" },
	{ "0.00001", YAML_FLOAT, "1e-05" }, { "-0.0", YAML_FLOAT, "-0.0" },
	{ "-.inf", YAML_FLOAT, "-inf" }, { ".NaN", YAML_FLOAT, "nan" },
	{ "12:30:45", YAML_INT, "45045" }, { "1:60", YAML_STRING, "1:60" },
	{ "190:20:30.15", YAML_FLOAT, "685230.15" },
	{ "yes", YAML_BOOL, "true" }, { "Off", YAML_BOOL, "false" },
	{ "y", YAML_STRING, "y" }, { "nO", YAML_STRING, "nO" },
	{ "~", YAML_NULL, "" }, { "", YAML_NULL, "" },
	{ "NULL", YAML_NULL, "" }, { "none", YAML_STRING, "none" },
	{ "2020-01-01", YAML_DATE, "2020-01-01" },
	{ "2001-12-14t21:59:43.10-05:00", YAML_DATE,
	    "2001-12-14t21:59:43.10-05:00" },
	{ "2001-1-1", YAML_STRING, "2001-1-1" },
	{ "'0123'", YAML_STRING, "0123" }, { "!!str 0123", YAML_STRING,
	    "0123" },
	{ "!!int '12'", YAML_INT, "12" },
	{ "\"a\\x7b\\n\\u00e9\"", YAML_STRING, "a{\n\xc3\xa9" },
	{ "|\n  a\n  b\n", YAML_STRING, "a\nb\n" },
	{ ">-\n  a\n  b\n", YAML_STRING, "a b" },
	{ "plain\n  over lines", YAML_STRING, "plain over lines" },
};

START_TEST(a_scalar_is_what_pyyaml_says)
{
	char text[200];
	struct yaml *y;

	snprintf(text, sizeof text, "k: %s", scalars[_i].text);
	y = parse(text);
	ck_assert_int_eq(yaml_kind(y, "k"), scalars[_i].kind);
	ck_assert_str_eq(yaml_get(y, "k"), scalars[_i].value);
	yaml_close(y);
}
END_TEST

START_TEST(maps_lists_aliases_and_merge_keys_are_read)
{
	struct yaml *y = parse(
	    "base: &b {a: 1, c: [x, y]}\n"
	    "more:\n"
	    "  <<: *b\n"
	    "  a: own\n"
	    "same: *b\n"
	    "list:\n"
	    "- name: one\n"
	    "- name: two\n"
	    "dotted.key: v\n"
	    "twice:\n"
	    "  <<: {a: 1, b: 1}\n"
	    "  <<: [{a: 2}, {a: 3, c: 3}]\n");

	ck_assert_str_eq(yaml_get(y, "twice.a"), "2");
	ck_assert_str_eq(yaml_get(y, "twice.b"), "1");
	ck_assert_str_eq(yaml_get(y, "twice.c"), "3");
	ck_assert_str_eq(yaml_get(y, "more.a"), "own");
	ck_assert_str_eq(yaml_get(y, "more.c[1]"), "y");
	ck_assert_str_eq(yaml_get(y, "same.a"), "1");
	ck_assert_str_eq(yaml_get(y, "list[1].name"), "two");
	ck_assert_str_eq(yaml_get(y, "dotted\\.key"), "v");
	ck_assert_str_eq(yaml_key(y, "", 2), "same");
	ck_assert_ptr_null(yaml_key(y, "", 6));
	ck_assert_str_eq(yaml_item(y, "more.c", 0), "x");
	ck_assert_int_eq(yaml_len(y, "more"), 2);
	ck_assert_int_eq(yaml_line(y, "list[1].name"), 8);
	ck_assert_int_eq(yaml_kind(y, "none.at.all"), YAML_NONE);
	ck_assert_ptr_null(yaml_get(y, "list"));
	yaml_close(y);
}
END_TEST

START_TEST(of_a_key_written_twice_the_last_counts_and_is_reported)
{
	struct yaml *y = parse("a: 1\nb: 2\na: 3\n");

	ck_assert_str_eq(yaml_get(y, "a"), "3");
	kit_contains(yaml_warnings(y),
	    "t.yml:1:1: a is written again in line 3");
	ck_assert_int_eq(yaml_len(y, ""), 2);
	yaml_close(y);
}
END_TEST

static const struct {
	const char *text, *says;
} refused[] = {
	{ "a: [", "t.yml:2:1" }, { "a: b: c\n", "t.yml:1" },
	{ "a: *nobody\n", "anchor" }, { "a: &x [*x]\n", "stands in" },
	{ "--- a\n--- b\n", "second document" },
	{ "[a]: 1\n", "a key must be" }, { "a: !odd 1\n", "tag" },
	{ "a: !!int x\n", "tag" }, { "a: \"\\0\"\n", "NUL" },
	{ "a: \xff\n", "UTF-8" }, { "a: b\n\tc: d\n", "t.yml:2" },
	{ "<<: 1\n", "<<" }, { "a: =\n", "t.yml:1:4" },
	{ "a: 2021-02-29\n", "t.yml:1:4" }, { "a: 0x_\n", "t.yml:1:4" },
	{ "a: b\nc: \xc3\xa9\xff\n", "t.yml:2:5: not UTF-8" },
	{ "a: b\nc: \xc3\xa9\x01\n", "t.yml:2:5: control" },
};

START_TEST(what_can_not_be_read_is_refused_with_its_place)
{
	struct err e = { 0 };

	ck_assert(yaml_parse(refused[_i].text, strlen(refused[_i].text),
	    "t.yml", &e) == NULL);
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, refused[_i].says);
}
END_TEST

START_TEST(a_bomb_of_nesting_or_aliases_is_refused_or_harmless)
{
	enum { DEEP = 100000, WIDE = 20 };
	char *deep = calloc(1, DEEP + 1);
	struct buf wide = buf_new(1 << 20);
	struct err e = { 0 };

	memset(deep, '[', DEEP);
	ck_assert(yaml_parse(deep, DEEP, "t.yml", &e) == NULL);
	kit_contains(e.text, "t.yml:1:201: nested too deeply");
	for (int i = 0; i < DEEP; i++)
		deep[i] = "? "[i % 2];
	ck_assert(yaml_parse(deep, DEEP, "t.yml", &e) == NULL);
	kit_contains(e.text, "t.yml:1:");
	free(deep);
	buf_puts(&wide, "big: &big {");
	for (int i = 0; i < 2000; i++)
		buf_printf(&wide, "k%d: 1, ", i);
	buf_puts(&wide, "z: 1}\nmany: {<<: [*big");
	for (int i = 0; i < 2000; i++)
		buf_printf(&wide, ", {l%d: 1}", i);
	buf_puts(&wide, "]}\n");
	ck_assert(yaml_parse(buf_str(&wide), wide.len, "t.yml", &e) == NULL);
	kit_contains(e.text, "merge keys");
	buf_clear(&wide);
	buf_puts(&wide, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < WIDE; i++)
		buf_printf(&wide, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i,
		    i, i - 1, i - 1, i - 1, i - 1);
	ck_assert(yaml_parse(buf_str(&wide), wide.len, "t.yml", &e) == NULL);
	kit_contains(e.text, "t.yml:10:");
	kit_contains(e.text, "repeat more than a million");
	buf_free(&wide);
}
END_TEST

/* ---- every scalar of many documents ---- */

static const char *const documents[] = {
	"a: 1\nb: two # c\n\n# end\n",
	"a: 'single ''quoted'''   # c\nb: \"double \\\" quoted\"\n",
	"---\na:\n  b:\n    c: deep\n  d: 2\n...\n",
	"a: |\n  block\n  of lines\n\nb: >-\n  folded\n  text\n\n\nc: 3\n",
	"a: {x: 1, y: [p, 'q', \"r\"], z: }\nb: []\n",
	"list:\n- one\n- two   # c\n- k: v\n  l: w\nafter: x",
	"a: plain\n  over\n  lines\nb: \"double\n  over\n  lines\"\n",
	"a: 1\r\nb: 'x'\r\n# c\r\nc: |\r\n  t\r\n  u\r\nd: 4\r\n",
	("\xef\xbb\xbf" "a: 1\nb: \xc3\xa9t\xc3\xa9 # \xe2\x98\x83\nc: d\n"),
	"\xc3\xa9: \xc3\xa9\n\"q k\": 1\n'''': 2\n? plain\n: 3\n",
	"a:\nb:   # nothing\nc: ~\nd: null\n",
	"a: !!str 1\nb: 2\n",
	"GROVE: |\n  X: \"{{ LMS_HOST }}\"\n  # c\n\n  Y: 1\nB: 2\n",
	"a: |+\n  kept\n\n\nb: 1\n",
	"a: 1\na: 2\nb: 3\n",
	"{\"json\": {\"a\": [1, 2.5, true, null, \"s\"]}, \"b\": \"x\"}\n",
	"a:\n    - - x\n      - y\n    -\n      z: 1\n",
};

/* Call f for each scalar below a path. */
static void
each_scalar(struct yaml *y, const char *path, const char *document,
    void (*f)(const char *, const char *))
{
	enum yaml_kind kind = yaml_kind(y, path);

	if (kind != YAML_MAP && kind != YAML_SEQ) {
		f(document, path);
		return;
	}
	for (int i = 0; i < yaml_len(y, path); i++) {
		struct buf below = buf_new(1000);

		buf_puts(&below, path);
		if (kind == YAML_MAP)
			yaml_path_key(&below, yaml_key(y, path, i));
		else
			buf_printf(&below, "[%d]", i);
		each_scalar(y, buf_str(&below), document, f);
		buf_free(&below);
	}
}

static const char *except;	/* the path that may differ */
static struct yaml *other;

static void
is_same_there(const char *document, const char *path)
{
	struct yaml *y = parse(document);

	if (strcmp(path, except) != 0)
		ck_assert_msg(yaml_same(y, other, path),
		    "%s changed with %s in: %s", path, except,
		    yaml_text(other, NULL));
	yaml_close(y);
}

/* One splice: what is before and behind it is as it was. */
static void
is_one_splice(const char *old, const char *new, const char *token)
{
	size_t a = strlen(old), b = strlen(new), head = 0, tail = 0;

	while (head < a && head < b && old[head] == new[head])
		head++;
	while (tail < a - head && tail < b - head
	    && old[a - tail - 1] == new[b - tail - 1])
		tail++;
	ck_assert_uint_le(b - head - tail, strlen(token) + 16);
}

static void
set_scalar(const char *document, const char *path)
{
	static const struct {
		enum yaml_kind kind;
		const char *value;
	} values[] = {
		{ YAML_STRING, "new value" }, { YAML_STRING, "" },
		{ YAML_STRING, "with \"quotes\", 'these' and \\ \x01\n#x" },
		{ YAML_STRING, "true" }, { YAML_BOOL, "false" },
		{ YAML_INT, "3306" }, { YAML_NULL, "" },
	};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct yaml *y = parse(document), *again, *before;
		struct err e = { 0 };
		bool changed;

		before = parse(document);
		if (!yaml_set(y, path, values[i].kind, values[i].value, false,
		    &changed, &e)) {
			/* refused: nothing is touched, and a person is told */
			ck_assert_int_eq(e.kind, ERR_HAND);
			ck_assert_str_eq(yaml_text(y, NULL), document);
			yaml_close(y);
			yaml_close(before);
			continue;
		}
		again = parse(yaml_text(y, NULL));
		ck_assert_int_eq(yaml_kind(again, path), values[i].kind);
		ck_assert_str_eq(yaml_get(again, path), values[i].value);
		is_one_splice(document, yaml_text(y, NULL), values[i].value);
		except = path;
		other = again;
		each_scalar(before, "", document, is_same_there);
		ck_assert(yaml_set(y, path, values[i].kind, values[i].value,
		    false, &changed, &e));
		ck_assert(!changed);
		ck_assert_str_eq(yaml_text(y, NULL), yaml_text(again, NULL));
		yaml_close(again);
		yaml_close(before);
		yaml_close(y);
	}
}

START_TEST(setting_any_scalar_changes_nothing_else)
{
	struct yaml *y = parse(documents[_i]);

	each_scalar(y, "", documents[_i], set_scalar);
	yaml_close(y);
}
END_TEST

static void
remove_pair(const char *document, const char *path)
{
	struct yaml *y = parse(document), *before = parse(document), *again;
	struct err e = { 0 };
	bool changed;

	if (!yaml_remove(y, path, &changed, &e)) {
		ck_assert_int_eq(e.kind, ERR_HAND);
		ck_assert_str_eq(yaml_text(y, NULL), document);
	} else {
		ck_assert(changed);
		again = parse(yaml_text(y, NULL));
		ck_assert_int_eq(yaml_kind(again, path), YAML_NONE);
		except = path;
		other = again;
		each_scalar(before, "", document, is_same_there);
		ck_assert(yaml_remove(y, path, &changed, &e) && !changed);
		yaml_close(again);
	}
	yaml_close(before);
	yaml_close(y);
}

START_TEST(removing_any_pair_changes_nothing_else)
{
	struct yaml *y = parse(documents[_i]);

	each_scalar(y, "", documents[_i], remove_pair);
	yaml_close(y);
}
END_TEST

/* ---- single edits, as they look ---- */

static void
set(struct yaml *y, const char *path, const char *value)
{
	struct err e = { 0 };
	bool changed;

	ck_assert_msg(yaml_set(y, path, YAML_STRING, value, false, &changed,
	    &e), "%s", e.text);
	ck_assert(changed);
}

START_TEST(a_new_key_goes_to_the_end_of_its_map)
{
	struct yaml *y = parse("a:\n  x: 1 # c\n  # d\nb: |\n  t\n\n\n# e\n");

	set(y, "a.y", "2");
	set(y, "c", "v");
	becomes(y, "a:\n  x: 1 # c\n  y: \"2\"\n  # d\nb: |\n  t\n"
	    "c: \"v\"\n\n\n# e\n");
	yaml_close(y);
	y = parse("a: 1");
	set(y, "b", "2");
	becomes(y, "a: 1\nb: \"2\"");
	yaml_close(y);
	y = parse("a: 1\r\n");
	set(y, "b", "2");
	becomes(y, "a: 1\r\nb: \"2\"\r\n");
	yaml_close(y);
	y = parse("? a b\n: 1\nc: 2\n");
	set(y, "d", "3");
	becomes(y, "? a b\n: 1\nc: 2\nd: \"3\"\n");
	yaml_close(y);
	y = parse("# only this\n");
	set(y, "b", "2");
	becomes(y, "# only this\nb: \"2\"\n");
	yaml_close(y);
	y = parse("m: {a: 1}\nn: {}\n");
	set(y, "m.b", "2");
	set(y, "n.on", "2");
	becomes(y, "m: {a: 1, b: \"2\"}\nn: {\"on\": \"2\"}\n");
	yaml_close(y);
}
END_TEST

/* Documents that hold nothing yet. */
static const struct {
	const char *before, *after;
} empty[] = {
	{ "", "k: \"v\"\n" }, { "\xef\xbb\xbf", "\xef\xbb\xbfk: \"v\"\n" },
	{ "\n", "\nk: \"v\"\n" }, { "# c", "# c\nk: \"v\"\n" },
	{ "---\n", "---\nk: \"v\"\n" }, { "---", "---\nk: \"v\"\n" },
	{ "--- # c\n...\n", "--- # c\nk: \"v\"\n...\n" },
	{ "# c\r\n", "# c\r\nk: \"v\"\r\n" },
	{ "%YAML 1.1\n---\n# c\n", "%YAML 1.1\n---\n# c\nk: \"v\"\n" },
};

START_TEST(an_empty_document_takes_its_first_key)
{
	struct yaml *y = parse(empty[_i].before);

	set(y, "k", "v");
	becomes(y, empty[_i].after);
	yaml_close(y);
}
END_TEST

/* As Argo CD's Application has it, with what people add. */
static const char application[] =
	"# ours\n"
	"metadata: &meta   # named\n"
	"  labels: &labels {app: acme}\n"
	"spec:\n"
	"  template:\n"
	"    <<: *meta\n"
	"  syncPolicy:\n"
	"    # until the move\n"
	"    automated:   # on\n"
	"      prune: true    # c\n"
	"      enabled: %s   # d\n"
	"    syncOptions:\n"
	"    - CreateNamespace=true\n"
	"  labels: *labels\n";

START_TEST(anchors_and_comments_of_an_application_survive)
{
	static const char path[] = "spec.syncPolicy.automated";
	const char *on = kit_text(application, "true");
	struct yaml *y = parse(on);
	char *block = strdup(yaml_block(y, path));
	struct err e = { 0 };
	bool changed;

	ck_assert_msg(yaml_set(y, "spec.syncPolicy.automated.enabled",
	    YAML_BOOL, "false", false, &changed, &e), "%s", e.text);
	becomes(y, kit_text(application, "false"));
	ck_assert_msg(yaml_set_block(y, path, block, &changed, &e), "%s",
	    e.text);
	becomes(y, on);
	ck_assert_msg(yaml_remove(y, path, &changed, &e), "%s", e.text);
	ck_assert_int_eq(yaml_kind(y, path), YAML_NONE);
	kit_contains(yaml_text(y, NULL), "    # until the move\n"
	    "    syncOptions:\n    - CreateNamespace=true\n"
	    "  labels: *labels\n");
	free(block);
	yaml_close(y);
}
END_TEST

static void
is_place(const char *text)
{
	unsigned line, column;

	ck_assert_msg(sscanf(text, "t.yml:%u:%u: ", &line, &column) == 2
	    && line > 0 && column > 0, "%s", text);
}

START_TEST(a_truncated_or_binary_file_is_read_or_refused_with_its_place)
{
	static const char text[] = "a: \"x\\n\"\nb: {c: [1, 'd'], e: &f g}\n"
	    "h: |2-\n   \xc3\xa9\n? i\n: !!str *f\nj: *f\n";

	for (size_t n = 0; n < sizeof text; n++)
		for (unsigned byte = 0; byte < 256; byte += 17) {
			struct err e = { 0 };
			char *cut = strndup(text, n + 1);
			struct yaml *y;

			cut[n] = (char)byte;
			y = yaml_parse(cut, n + 1, "t.yml", &e);
			if (y == NULL)
				is_place(e.text);
			yaml_close(y);
			free(cut);
		}
}
END_TEST

START_TEST(a_file_of_more_than_16_mib_is_refused_with_its_place)
{
	enum { LONG = 17 << 20 };
	char *text = malloc(LONG);
	struct err e = { 0 };

	memset(text, '\n', LONG);
	ck_assert(yaml_parse(text, LONG, "t.yml", &e) == NULL);
	kit_contains(e.text, "t.yml:16777217:1: larger than 16 MiB");
	free(text);
}
END_TEST

START_TEST(a_new_key_goes_beside_its_kin)
{
	struct yaml *y = parse("LMS_HOST: a\nMYSQL_HOST: b # c\n# note\n"
	    "MYSQL_PORT: 1\n\nMONGODB_HOST: |\n  t\n\nZ: 1\n");

	set(y, "MYSQL_USERNAME", "1");
	set(y, "OPENEDX_MYSQL_PASSWORD", "2");
	set(y, "MONGODB_PORT", "3");
	set(y, "OPENEDX_SECRET_KEY", "4");
	becomes(y, "LMS_HOST: a\nMYSQL_HOST: b # c\n# note\n"
	    "MYSQL_PORT: 1\nMYSQL_USERNAME: \"1\"\n"
	    "OPENEDX_MYSQL_PASSWORD: \"2\"\nOPENEDX_SECRET_KEY: \"4\"\n\n"
	    "MONGODB_HOST: |\n  t\nMONGODB_PORT: \"3\"\n\nZ: 1\n");
	yaml_close(y);
}
END_TEST

START_TEST(a_value_keeps_its_kind_of_quotes_and_its_comment)
{
	struct yaml *y = parse("a: 'x' # c\nb: x # c\nc:  # c\n");

	set(y, "a", "it's");
	set(y, "b", "y");
	set(y, "c", "z");
	becomes(y, "a: 'it''s' # c\nb: \"y\" # c\nc: \"z\"  # c\n");
	yaml_close(y);
}
END_TEST

START_TEST(a_block_comes_out_and_goes_back_as_it_was)
{
	static const char text[] =
	    "spec:\n"
	    "  syncPolicy:\n"
	    "    syncOptions:\n"
	    "    - A=true\n"
	    "    automated:\n"
	    "      # why\n"
	    "      enabled: true   # c\n"
	    "      prune: true\n"
	    "  other: 1\n";
	struct yaml *y = parse(text);
	char *block = strdup(yaml_block(y, "spec.syncPolicy.automated"));
	struct err e = { 0 };
	bool changed;

	ck_assert(yaml_remove(y, "spec.syncPolicy.automated", &changed, &e));
	becomes(y, "spec:\n  syncPolicy:\n    syncOptions:\n    - A=true\n"
	    "  other: 1\n");
	ck_assert(yaml_set_block(y, "spec.syncPolicy.automated", block,
	    &changed, &e));
	ck_assert(changed);
	becomes(y, text);
	ck_assert(yaml_set_block(y, "spec.syncPolicy.automated", block,
	    &changed, &e));
	ck_assert(!changed);
	free(block);
	yaml_close(y);
}
END_TEST

START_TEST(a_map_that_gets_empty_becomes_braces_and_can_be_filled)
{
	struct yaml *y = parse("a:  # c\n  b:\n    c: 1\nd: 2\n");
	char *block = strdup(yaml_block(y, "a.b"));
	struct err e = { 0 };
	bool changed;

	ck_assert(yaml_remove(y, "a.b", &changed, &e));
	becomes(y, "a: {}  # c\nd: 2\n");
	ck_assert_msg(yaml_set_block(y, "a.b", block, &changed, &e), "%s",
	    e.text);
	becomes(y, "a:  # c\n  b:\n    c: 1\nd: 2\n");
	free(block);
	yaml_close(y);
}
END_TEST

START_TEST(both_writings_of_a_double_key_are_removed)
{
	struct yaml *y = parse("a: 1\nb: 2\na: 3\n");
	struct err e = { 0 };
	bool changed;

	ck_assert(yaml_remove(y, "a", &changed, &e) && changed);
	becomes(y, "b: 2\n");
	yaml_close(y);
}
END_TEST

START_TEST(a_value_is_copied_verbatim)
{
	struct yaml *from = parse("s: 'x''y'\nn: 017\nb: |\n  l1\n\n  l2\n"
	    "m:\n    k: v   # c\n    # d\n    l:\n    - 1\nf: {a: 1}\n");
	struct yaml *y = parse("n: 1 # mine\nb: \"old\" # mine\nz: 1\n");
	struct err e = { 0 };
	bool changed;

	for (const char *const *k = (const char *const[]){ "s", "n", "b",
	    "m", "f", NULL }; *k != NULL; k++) {
		ck_assert_msg(yaml_copy(y, *k, from, &changed, &e), "%s",
		    e.text);
		ck_assert(changed && yaml_same(y, from, *k));
		ck_assert(yaml_copy(y, *k, from, &changed, &e) && !changed);
	}
	becomes(y, "n: 017 # mine\nb: | # mine\n  l1\n\n  l2\nz: 1\n"
	    "s: 'x''y'\nm:\n    k: v   # c\n    # d\n    l:\n    - 1\n"
	    "f: {a: 1}\n");
	ck_assert(!yaml_copy(y, "none", from, &changed, &e));
	ck_assert_int_eq(e.kind, ERR_NOT_FOUND);
	yaml_close(from);
	yaml_close(y);
}
END_TEST

START_TEST(blank_lines_of_a_block_keep_their_blanks)
{
	struct yaml *from = parse("m:\n  b: |\n    if x:\n      \n"
	    "        y\n   \n    z\n");
	struct yaml *y = parse("m:\n    a: 1\n");
	struct err e = { 0 };
	bool changed;

	ck_assert_msg(yaml_copy(y, "m.b", from, &changed, &e), "%s", e.text);
	ck_assert(yaml_same(y, from, "m.b"));
	becomes(y, "m:\n    a: 1\n    b: |\n      if x:\n        \n"
	    "          y\n     \n      z\n");
	yaml_close(from);
	yaml_close(y);
}
END_TEST

START_TEST(an_item_is_added_to_a_list_that_lacks_it)
{
	struct yaml *y = parse("a:\n- x # c\n- \"y\"\nb: [p]\nc: []\n"
	    "d:\n  - q\n");
	struct err e = { 0 };
	bool changed;

	ck_assert(yaml_append(y, "a", "y", &changed, &e) && !changed);
	ck_assert(yaml_append(y, "a", "z", &changed, &e) && changed);
	ck_assert(yaml_append(y, "b", "z", &changed, &e) && changed);
	ck_assert(yaml_append(y, "c", "z", &changed, &e) && changed);
	ck_assert(yaml_append(y, "d", "z", &changed, &e) && changed);
	becomes(y, "a:\n- x # c\n- \"y\"\n- \"z\"\nb: [p, \"z\"]\n"
	    "c: [\"z\"]\nd:\n  - q\n  - \"z\"\n");
	yaml_close(y);
}
END_TEST

static const struct {
	const char *text, *path, *says;
} untouched[] = {
	{ "a: &x 1\nb: *x\n", "a", "anchor" },
	{ "a: &x {k: 1}\nb: *x\n", "b.k", "alias" },
	{ "a: &x {k: 1}\nb: *x\n", "b.new", "alias" },
	{ "a: &x {k: 1}\nb:\n  <<: *x\n", "b.k", "merge" },
	{ "a: [1]\n", "a", "list" }, { "a: 1\n", "a.b", "no map" },
	{ "a: | # c\n  x\n", "a", "comment" },
	{ "a: &x {k: 1}\nb: *x\n", "a.k", "other values" },
	{ "a: &x\n  k: 1\nb:\n  <<: *x\n", "a.k", "other values" },
	{ "a: &x\n  k: {l: 1}\nb: [*x]\n", "a.k.l", "other values" },
	{ "a: 1\n", "x.y", "no x" }, { "a: 1\rb: 2\r", "a", "line ends" },
};

START_TEST(what_can_not_be_edited_in_place_is_left_and_reported)
{
	struct yaml *y = parse(untouched[_i].text);
	struct err e = { 0 };
	bool changed;

	ck_assert(!yaml_set(y, untouched[_i].path, YAML_STRING, "new", false,
	    &changed, &e));
	kit_contains(e.text, untouched[_i].says);
	becomes(y, untouched[_i].text);
	yaml_close(y);
}
END_TEST

/* ---- the escape for Tutor ---- */

static const char *const hostile[] = {
	"plain", "{{ x }}", "{% y %}", "{# z #}", "{{{{", "a\\b", "a\"b",
	"'", "\t\n\r\x7f", "\xc2\x85\xe2\x80\xa8", "$#:@%40", "{", "{ {",
	"\xc3\xa9\xe2\x98\x83\xf0\x9f\x98\x80", "\\x7b", "\\{{", "{\"{%",
};

START_TEST(a_string_survives_the_escape_for_tutor)
{
	struct buf there = buf_new(1000), back = buf_new(1000);
	struct yaml *y = parse("k: old\n"), *again;
	struct err e = { 0 };
	bool changed;

	yaml_tutor_escape(&there, hostile[_i]);
	/* Jinja sees nothing to render, and pasted text stays one string */
	kit_lacks(buf_str(&there), "{{");
	kit_lacks(buf_str(&there), "{%");
	kit_lacks(buf_str(&there), "{#");
	ck_assert(yaml_tutor_unescape(&back, buf_str(&there)));
	ck_assert_str_eq(buf_str(&back), hostile[_i]);
	ck_assert(yaml_set(y, "k", YAML_STRING, hostile[_i], true, &changed,
	    &e));
	again = parse(yaml_text(y, NULL));
	ck_assert_str_eq(yaml_get(again, "k"), buf_str(&there));
	ck_assert(yaml_set(y, "k", YAML_STRING, hostile[_i], true, &changed,
	    &e) && !changed);
	yaml_close(again);
	yaml_close(y);
	buf_free(&there);
	buf_free(&back);
}
END_TEST

START_TEST(an_escape_that_nobody_knows_is_refused)
{
	struct buf out = buf_new(100);

	ck_assert(!yaml_tutor_unescape(&out, "a\\"));
	ck_assert(!yaml_tutor_unescape(&out, "\\q"));
	ck_assert(!yaml_tutor_unescape(&out, "\\x7"));
	ck_assert(!yaml_tutor_unescape(&out, "\\x00"));
	ck_assert(!yaml_tutor_unescape(&out, "\\ud800"));
	buf_free(&out);
}
END_TEST

/* ---- size ---- */

START_TEST(a_large_file_is_edited_in_time)
{
	struct buf text = buf_new(8 << 20);
	struct err e = { 0 };
	struct yaml *y;
	bool changed;

	for (int i = 0; text.len < 5000000; i++)
		buf_printf(&text, "KEY_%d: \"a value of some length\"\n", i);
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "A%d: &a%d x\n", i, i);
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "B%d: *a0\n", i);
	y = yaml_parse(text.data, text.len, "big", &e);
	ck_assert(y != NULL);
	ck_assert(yaml_set(y, "KEY_7", YAML_INT, "1", false, &changed, &e));
	ck_assert_str_eq(yaml_get(y, "KEY_7"), "1");
	yaml_close(y);
	buf_free(&text);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

int
main(void)
{
	Suite *s = suite_create("yaml");
	TCase *c = tcase_create("yaml");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, a_scalar_is_what_pyyaml_says, 0,
	    COUNT(scalars));
	tcase_add_test(c, maps_lists_aliases_and_merge_keys_are_read);
	tcase_add_test(c,
	    of_a_key_written_twice_the_last_counts_and_is_reported);
	tcase_add_loop_test(c,
	    what_can_not_be_read_is_refused_with_its_place, 0,
	    COUNT(refused));
	tcase_add_test(c, a_bomb_of_nesting_or_aliases_is_refused_or_harmless);
	tcase_add_loop_test(c, setting_any_scalar_changes_nothing_else, 0,
	    COUNT(documents));
	tcase_add_loop_test(c, removing_any_pair_changes_nothing_else, 0,
	    COUNT(documents));
	tcase_add_test(c, a_new_key_goes_to_the_end_of_its_map);
	tcase_add_loop_test(c, an_empty_document_takes_its_first_key, 0,
	    COUNT(empty));
	tcase_add_test(c, anchors_and_comments_of_an_application_survive);
	tcase_add_test(c,
	    a_truncated_or_binary_file_is_read_or_refused_with_its_place);
	tcase_add_test(c,
	    a_file_of_more_than_16_mib_is_refused_with_its_place);
	tcase_add_test(c, a_new_key_goes_beside_its_kin);
	tcase_add_test(c, a_value_keeps_its_kind_of_quotes_and_its_comment);
	tcase_add_test(c, a_block_comes_out_and_goes_back_as_it_was);
	tcase_add_test(c,
	    a_map_that_gets_empty_becomes_braces_and_can_be_filled);
	tcase_add_test(c, both_writings_of_a_double_key_are_removed);
	tcase_add_test(c, a_value_is_copied_verbatim);
	tcase_add_test(c, blank_lines_of_a_block_keep_their_blanks);
	tcase_add_test(c, an_item_is_added_to_a_list_that_lacks_it);
	tcase_add_loop_test(c,
	    what_can_not_be_edited_in_place_is_left_and_reported, 0,
	    COUNT(untouched));
	tcase_add_loop_test(c, a_string_survives_the_escape_for_tutor, 0,
	    COUNT(hostile));
	tcase_add_test(c, an_escape_that_nobody_knows_is_refused);
	tcase_add_test(c, a_large_file_is_edited_in_time);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
