/*
 * plan - does every key of a plan mean something?
 *
 * A key that is misspelt would be passed over in silence, and a default taken
 * in its place. So what no step reads is a mistake; x-anything is for people.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "step/frame.h"

enum {
	NEAR = 3,		/* letters to change, at most */
	NAME_MAX_BYTES = 64,	/* of a key that may be a misspelt one */
	PATH_BYTES = 512,
	DEPTH = 8,
};

/* Written by the build from the tables of all steps; NULL-ended. */
extern const char *const frame_places[];
extern const char frame_schema[];

struct check {
	const struct yaml *plan;
	const struct step *step;
	struct buf *mistakes;
};

const char *
step_plan_schema(void)
{
	return frame_schema;
}

/* ---- what is known ---- */

enum fit { NONE, ABOVE, SAME };

/* The length of the first name of a path; a dot of its own has \ before it. */
static size_t
name_length(const char *path)
{
	size_t n = 0;

	while (path[n] != '\0' && path[n] != '.')
		n += path[n] == '\\' && path[n + 1] != '\0' ? 2 : 1;
	return n;
}

/* Is `path` this place, or a part of the way to it? */
static enum fit
fits(const char *path, const char *place)
{
	for (;;) {
		size_t n = name_length(path), k = name_length(place);

		if (!(k == 1 && *place == '*')
		    && !(n == k && strncmp(path, place, n) == 0))
			return NONE;
		path += n;
		place += k;
		if (*path == '\0')
			return *place == '\0' ? SAME : ABOVE;
		if (*place == '\0')
			return NONE;
		path++;
		place++;
	}
}

struct search {
	const char *path;
	enum fit best;
	unsigned distance;	/* of the nearest name, when none fits */
	char nearest[PATH_BYTES];
};

/* Letters to change, put in or take out between two words (Levenshtein). */
static unsigned
distance(const char *a, size_t n, const char *b, size_t k)
{
	unsigned row[NAME_MAX_BYTES + 1];

	if (n > NAME_MAX_BYTES || k > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	for (size_t j = 0; j <= k; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= k; j++) {
			unsigned d = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			if (row[j] + 1 < d)
				d = row[j] + 1;
			row[j] = d;
		}
	}
	return row[k];
}

static void
take_nearest(struct search *s, const char *place, size_t n, unsigned d)
{
	if (d >= s->distance)
		return;
	s->distance = d;
	snprintf(s->nearest, sizeof s->nearest, "%.*s", (int)n, place);
}

/* A name beside it that is much like it, or the same name elsewhere. */
static void
compare_names(struct search *s, const char *place)
{
	const char *own = strrchr(s->path, '.'), *last = strrchr(place, '.');
	size_t above, n;

	own = own != NULL ? own + 1 : s->path;
	last = last != NULL ? last + 1 : place;
	above = (size_t)(own - s->path);
	if (strncmp(place, s->path, above) == 0 && place[above] != '*') {
		n = name_length(place + above);
		take_nearest(s, place, above + n, distance(own, strlen(own),
		    place + above, n));
	}
	if (strcmp(own, last) == 0)
		take_nearest(s, place, strlen(place), NEAR);
}

static void
look_at(struct search *s, const char *place)
{
	enum fit f = fits(s->path, place);

	if (f > s->best)
		s->best = f;
	if (f == NONE)
		compare_names(s, place);
}

static void
look_at_row(const struct input *in, void *arg)
{
	if (in->plan != NULL)
		look_at(arg, in->plan);
	for (const struct place *p = in->places; p != NULL && p->path != NULL;
	    p++)
		look_at(arg, p->path);
}

static void
search(const struct check *c, struct search *s)
{
	for (const char *const *p = frame_places; *p != NULL; p++)
		look_at(s, *p);
	frame_each_input(c->step, look_at_row, s);
}

/* ---- the plan ---- */

static void
blame(const struct check *c, const char *path, const char *why,
    const char *hint)
{
	buf_printf(c->mistakes, "plan: line %d: %.200s %s%s\n",
	    yaml_line(c->plan, path), path, why, hint);
}

static void check_map(const struct check *, const char *path, int depth);

static void
check_key(const struct check *c, const char *path, int depth)
{
	struct search s = { .path = path, .distance = NEAR + 1 };
	enum yaml_kind kind = yaml_kind(c->plan, path);

	search(c, &s);
	if (s.best == NONE)
		blame(c, path, "is nothing that a step reads", *s.nearest
		    != '\0' ? pool_printf(step_common()->pool, "; did you "
		    "mean %s?", s.nearest) : "; a note for people begins "
		    "with x-");
	else if (s.best == ABOVE && kind == YAML_MAP)
		check_map(c, path, depth + 1);
	else if (s.best == ABOVE && kind != YAML_NULL)
		blame(c, path, "is no value: it holds others, below it", "");
}

static void
check_map(const struct check *c, const char *path, int depth)
{
	const char *key;

	for (int i = 0; depth < DEPTH
	    && (key = yaml_key(c->plan, path, i)) != NULL; i++) {
		struct buf at = buf_new(PATH_BYTES);

		buf_puts(&at, path);
		yaml_path_key(&at, key);
		if (!text_starts(key, "x-") && !at.full)
			check_key(c, buf_str(&at), depth);
		buf_free(&at);
	}
}

void
frame_check_plan(const struct yaml *plan, const struct step *step,
    struct buf *mistakes)
{
	const struct check c = { plan, step, mistakes };

	check_map(&c, "", 0);
}
