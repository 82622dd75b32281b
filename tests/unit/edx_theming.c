/*
 * edx_theming - which repositories a build fetches themes from, and what is
 * known to go wrong.
 */
#include <string.h>

#include "base/mem.h"
#include "data/yaml.h"
#include "edx/theming.h"
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

/* A file, and the repositories in it as "KEY URL REF" lines. */
static const struct {
	const char *yaml, *found;
} repositories[] = {
	{ "{}\n", "" },
	{ "GROVE_COMPREHENSIVE_THEME_SOURCE_REPO: https://git.test/t.git\n",
	    "GROVE_COMPREHENSIVE_THEME_SOURCE_REPO https://git.test/t.git "
	    "HEAD\n" },
	{ "GROVE_COMPREHENSIVE_THEME_SOURCE_REPO: https://git.test/t.git\n"
	    "GROVE_COMPREHENSIVE_THEME_VERSION: v3\n",
	    "GROVE_COMPREHENSIVE_THEME_SOURCE_REPO https://git.test/t.git "
	    "v3\n" },
	{ "GROVE_SIMPLE_THEME_REPO: https://git.test/s.git\n"
	    "GROVE_SIMPLE_THEME_BRANCH: acme\n",
	    "GROVE_SIMPLE_THEME_REPO https://git.test/s.git acme\n" },
	{ "PICASSO_THEMES:\n- repo: https://git.test/a.git\n"
	    "  version: 1.0\n- url: https://git.test/b.git\n"
	    "  branch: main\n- repository: https://git.test/c.git\n"
	    "  ref: 0123abc\n",
	    "PICASSO_THEMES https://git.test/a.git 1.0\n"
	    "PICASSO_THEMES https://git.test/b.git main\n"
	    "PICASSO_THEMES https://git.test/c.git 0123abc\n" },
	/* of one without address, and of what a template makes, nothing */
	{ "PICASSO_THEMES:\n- name: none\n- repo: https://git.test/b.git\n",
	    "PICASSO_THEMES https://git.test/b.git HEAD\n" },
	{ "GROVE_SIMPLE_THEME_REPO: '{{ THEME }}'\n", "" },
	{ "GROVE_SIMPLE_THEME_REPO: https://git.test/s.git\n"
	    "GROVE_SIMPLE_THEME_BRANCH: '{{ THEME_BRANCH }}'\n", "" },
	{ "PICASSO_THEMES: https://git.test/a.git\n", "" },
};

START_TEST(each_repository_is_found_with_what_is_fetched)
{
	struct yaml *y = parse(repositories[_i].yaml);
	const struct theme *t = theming_repositories(pool, y);
	struct buf found = buf_new(4096);

	for (; t->url != NULL; t++)
		buf_printf(&found, "%s %s %s\n", t->key, t->url, t->ref);
	ck_assert_str_eq(buf_str(&found), repositories[_i].found);
	buf_free(&found);
	yaml_close(y);
}
END_TEST

START_TEST(more_themes_than_anybody_has_are_cut_off)
{
	struct buf text = buf_new(16 * 1024);
	struct yaml *y;
	const struct theme *t;
	size_t n = 0;

	buf_puts(&text, "PICASSO_THEMES:\n");
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "- repo: https://git.test/%d.git\n", i);
	y = parse(buf_str(&text));
	for (t = theming_repositories(pool, y); t[n].url != NULL; n++)
		ck_assert_str_eq(t[n].url, pool_printf(pool,
		    "https://git.test/%zu.git", n));
	ck_assert_uint_ge(n, 20);
	buf_free(&text);
	yaml_close(y);
}
END_TEST

/* The new file and the old one; a word of the only line that is told, or
 * NULL: nothing is. */
static const struct {
	const char *now, *old, *told;
} pitfalls[] = {
	{ "A: 1\n", "A: 1\n", NULL },
	{ "SIMPLE_THEME_EXTRA_SCSS: a\n", "A: 1\n", "_lms-overrides.scss" },
	{ "GROVE_SIMPLE_THEME_SCSS_OVERRIDES: []\n", "A: 1\n",
	    "common-variables.scss" },
	/* what the new file has no more is of no interest */
	{ "A: 1\n", "SIMPLE_THEME_EXTRA_SCSS: a\n", NULL },
	{ "A: 1\n", "PICASSO_EXTRA_COMMADS: []\n", "misspelt" },
	{ "PICASSO_EXTRA_COMMADS: []\n", "A: 1\n", "misspelt" },
	{ "GROVE_MFE_LMS_COMMON_SETTINGS: 'LOGO_URL = 1'\n", "A: 1\n",
	    "logos by their address" },
	{ "GROVE_MFE_LMS_COMMON_SETTINGS: 'FAVICON_URL = 1'\n", "A: 1\n",
	    "logos by their address" },
	{ "GROVE_MFE_LMS_COMMON_SETTINGS: 'OTHER = 1'\n", "A: 1\n", NULL },
	{ "TUTOR_VERSION: v20.0.5\nGROVE_THEMES: {}\n", "A: 1\n",
	    "from release ulmo on" },
	{ "TUTOR_VERSION: v21.0.0\nGROVE_THEMES: {}\n", "A: 1\n", NULL },
	{ "PICASSO_EXTRA_COMMANDS:\n- tutor plugins update\n"
	    "- pip install x && tutor config save\n", "A: 1\n",
	    "PICASSO_EXTRA_COMMANDS, command 2" },
	{ "PICASSO_EXTRA_COMMANDS:\n- tutor a && tutor b; tutor c\n",
	    "A: 1\n", NULL },
};

START_TEST(what_goes_wrong_on_the_new_side_is_told)
{
	struct yaml *now = parse(pitfalls[_i].now);
	struct yaml *old = parse(pitfalls[_i].old);
	struct buf told = buf_new(4096);
	const char *end;

	theming_pitfalls(now, old, &told);
	if (pitfalls[_i].told == NULL) {
		ck_assert_str_eq(buf_str(&told), "");
	} else {
		kit_contains(buf_str(&told), pitfalls[_i].told);
		end = strchr(buf_str(&told), '\n');
		ck_assert(end != NULL && end[1] == '\0');
	}
	buf_free(&told);
	yaml_close(now);
	yaml_close(old);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("edx_theming");
	TCase *t = tcase_create("theming");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, each_repository_is_found_with_what_is_fetched,
	    0, (int)(sizeof repositories / sizeof *repositories));
	tcase_add_test(t, more_themes_than_anybody_has_are_cut_off);
	tcase_add_loop_test(t, what_goes_wrong_on_the_new_side_is_told, 0,
	    (int)(sizeof pitfalls / sizeof *pitfalls));
	suite_add_tcase(s, t);
	return kit_main(s, NULL);
}
