/*
 * theming - see theming.h.
 */
#include "edx/theming.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "edx/release.h"

enum { THEMES_MAX = 32, ULMO = 21 };

static void
add(struct theme *v, const struct theme *one)
{
	size_t n = 0;

	if (text_empty(one->url) || strstr(one->url, "{{") != NULL
	    || (one->ref != NULL && strstr(one->ref, "{{") != NULL))
		return;
	while (n < THEMES_MAX - 1 && v[n].url != NULL)
		n++;
	if (n == THEMES_MAX - 1)
		return;
	v[n] = *one;
	if (text_empty(one->ref))
		v[n].ref = "HEAD";
}

/* An item of PICASSO_THEMES: a map, whose members have several names. */
static const char *
member(struct pool *pool, const struct yaml *y, int i,
    const char *const *names)
{
	const char *value = NULL;

	for (; value == NULL && *names != NULL; names++)
		value = yaml_get(y, pool_printf(pool, "PICASSO_THEMES[%d].%s",
		    i, *names));
	return value;
}

const struct theme *
theming_repositories(struct pool *pool, const struct yaml *y)
{
	static const char *const urls[] = { "repo", "url", "repository",
	    NULL };
	static const char *const refs[] = { "version", "branch", "ref",
	    NULL };
	struct theme *v = pool_alloc(pool, THEMES_MAX * sizeof *v);

	add(v, &(struct theme){ "GROVE_COMPREHENSIVE_THEME_SOURCE_REPO",
	    yaml_get(y, "GROVE_COMPREHENSIVE_THEME_SOURCE_REPO"),
	    yaml_get(y, "GROVE_COMPREHENSIVE_THEME_VERSION") });
	add(v, &(struct theme){ "GROVE_SIMPLE_THEME_REPO",
	    yaml_get(y, "GROVE_SIMPLE_THEME_REPO"),
	    yaml_get(y, "GROVE_SIMPLE_THEME_BRANCH") });
	for (int i = 0; i < yaml_len(y, "PICASSO_THEMES"); i++)
		add(v, &(struct theme){ "PICASSO_THEMES",
		    member(pool, y, i, urls), member(pool, y, i, refs) });
	return v;
}

static bool
has_any(const struct yaml *y, const char *const *keys)
{
	while (*keys != NULL && yaml_kind(y, *keys) == YAML_NONE)
		keys++;
	return *keys != NULL;
}

/* Picasso, as eduNEXT has it, takes only commands with the word tutor. */
static void
name_refused_commands(const struct yaml *now, struct buf *out)
{
	static const char key[] = "PICASSO_EXTRA_COMMANDS";

	for (int i = 0; i < yaml_len(now, key); i++) {
		const char *s = yaml_item(now, key, i);

		while (s != NULL && *s != '\0') {
			size_t n = strcspn(s, "&|;");

			if (n > 0 && memmem(s, n, "tutor", 5) == NULL)
				buf_printf(out, "%s, command %d: a part "
				    "without the word tutor, which Picasso "
				    "may refuse\n", key, i + 1);
			s += n + strspn(s + n, "&|;");
		}
	}
}

void
theming_pitfalls(const struct yaml *now, const struct yaml *old,
    struct buf *out)
{
	static const char *const scss[] = { "SIMPLE_THEME_SCSS_OVERRIDES",
	    "GROVE_SIMPLE_THEME_SCSS_OVERRIDES", "SIMPLE_THEME_EXTRA_SCSS",
	    "GROVE_SIMPLE_THEME_EXTRA_SCSS", NULL };
	static const char *const misspelt[] = { "PICASSO_EXTRA_COMMADS",
	    NULL };
	const char *mfe = yaml_get(now, "GROVE_MFE_LMS_COMMON_SETTINGS");
	int major = release_major(yaml_get(now, "TUTOR_VERSION"));

	if (has_any(now, scss))
		buf_puts(out, "the simple theme's parts for the old pages "
		    "are generated no more: _lms-overrides.scss and "
		    "common-variables.scss must be in the theme's branch\n");
	if (has_any(now, misspelt) || has_any(old, misspelt))
		buf_puts(out, "PICASSO_EXTRA_COMMADS is misspelt (in some "
		    "manuals, too) and read by nothing: "
		    "PICASSO_EXTRA_COMMANDS is meant\n");
	if (mfe != NULL && (strstr(mfe, "LOGO_") != NULL
	    || strstr(mfe, "FAVICON_URL") != NULL))
		buf_puts(out, "GROVE_MFE_LMS_COMMON_SETTINGS names logos by "
		    "their address: look whether the new side serves them\n");
	if (yaml_kind(now, "GROVE_THEMES") != YAML_NONE && major > 0
	    && major < ULMO)
		buf_puts(out, "GROVE_THEMES (design tokens) is read from "
		    "release ulmo on\n");
	name_refused_commands(now, out);
}
