/*
 * schema - what a plan may hold, out of the tables of all steps: as JSON
 * Schema for editors, and as C for our own check.
 *
 * Several steps may have a row for one place. Then it is the same thing, what
 * fits each of them fits the place, and it has a default if they agree; one
 * that can do without it has no say in that.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "step/frame.h"

enum { MOST = 512 };

struct row {
	const char *path, *help, *dflt, *used_by;
	struct input in;		/* type, range, words */
	bool scalar;
};

struct all {
	struct pool *pool;
	struct row *v;
	size_t n;
	const char *step;		/* whose tables are read */
	struct err *e;
	bool ok;
};

/* ---- gathering ---- */

static struct row *
find_row(struct all *a, const char *path)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].path, path) == 0)
			return &a->v[i];
	return NULL;
}

static struct row *
add_row(struct all *a, const char *path, const char *help)
{
	if (a->n == MOST) {
		a->ok = err_set(a->e, ERR_OTHER, "more than %d places", MOST);
		return &a->v[0];
	}
	a->v[a->n] = (struct row){ .path = path, .help = help,
		.used_by = a->step };
	return &a->v[a->n++];
}

/* A default that another step does not share is none of the place's. */
static void
merge(struct all *a, struct row *r, const struct input *in)
{
	if ((r->in.num != NULL) != (in->num != NULL)
	    || (r->in.flag != NULL) != (in->flag != NULL)
	    || r->in.list != in->list)
		a->ok = err_set(a->e, ERR_OTHER, "%s is one thing in %s, and "
		    "another in %s", r->path, r->used_by, a->step);
	if (in->num != NULL && in->min > r->in.min)
		r->in.min = in->min;
	if (in->num != NULL && in->max < r->in.max)
		r->in.max = in->max;
	if (r->in.oneof == NULL)
		r->in.oneof = in->oneof;
	if (r->in.check == NULL)
		r->in.check = in->check;
	if (r->in.optional && r->dflt == NULL) {
		r->dflt = in->dflt;
		r->in.optional = in->optional;
	} else if (!text_same(r->dflt, in->dflt)
	    && !(in->optional && in->dflt == NULL)) {
		r->dflt = NULL;
		r->in.optional = false;
	}
	if (strstr(r->used_by, a->step) == NULL)
		r->used_by = pool_printf(a->pool, "%s, %s", r->used_by,
		    a->step);
}

static void
gather(const struct input *in, void *arg)
{
	struct all *a = arg;
	struct row *r = in->plan != NULL ? find_row(a, in->plan) : NULL;

	if (r != NULL) {
		merge(a, r, in);
	} else if (in->plan != NULL) {
		r = add_row(a, in->plan, in->help);
		r->in = *in;
		r->dflt = in->dflt;
	}
	for (const struct place *p = in->places; p != NULL && p->path != NULL;
	    p++)
		if (find_row(a, p->path) == NULL)
			add_row(a, p->path, p->help)->scalar = p->scalar;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->path,
	    ((const struct row *)b)->path);
}

static bool
gather_all(struct all *a, const struct step *const *steps, struct err *e)
{
	*a = (struct all){ .pool = pool_new(), .e = e, .ok = true,
		.step = "every step" };
	a->v = pool_alloc(a->pool, MOST * sizeof *a->v);
	add_row(a, "instance", "The instance; a plan of another one is "
	    "refused");
	for (; *steps != NULL; steps++) {
		a->step = (*steps)->name;
		frame_each_input(*steps, gather, a);
	}
	qsort(a->v, a->n, sizeof a->v[0], by_path);
	return a->ok;
}

/* ---- JSON Schema ---- */

/* What is known of a checked text. */
static void
add_pattern(struct json *j, const struct input *in)
{
	static const struct {
		bool (*check)(const char *, struct err *);
		const char *pattern;
	} known[] = {
		{ text_check_name, "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$" },
		{ text_check_host, "^[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})"
		  "*$" },
		{ text_check_https, "^https://" },
		{ text_check_url, "^https?://" },
		{ text_check_repository, "^[^/]+/[^/]+$" },
		{ text_check_path, "^[^/]" },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (in->check == known[i].check)
			json_set_str(j, "pattern", known[i].pattern);
}

static void
add_words(struct json *j, const char *const *words)
{
	struct json *v = json_add(j, "enum", json_array());

	for (; *words != NULL; words++)
		json_add(v, NULL, json_string(*words));
}

static struct json *
one_text(const struct input *in)
{
	struct json *j = json_object();

	json_set_str(j, "type", "string");
	if (in->oneof != NULL)
		add_words(j, in->oneof);
	if (in->check != NULL && !in->list)
		add_pattern(j, in);
	return j;
}

/* A text that may also stand as a list of texts. */
static struct json *
one_or_more(const struct input *in)
{
	struct json *j = json_object();
	struct json *any = json_add(j, "anyOf", json_array());
	struct json *list;

	json_add(any, NULL, one_text(in));
	list = json_add(any, NULL, json_object());
	json_set_str(list, "type", "array");
	json_add(list, "items", one_text(in));
	return j;
}

static struct json *
number(const struct row *r)
{
	struct json *j = json_object();

	json_set_str(j, "type", "integer");
	json_set_num(j, "minimum", (double)r->in.min);
	json_set_num(j, "maximum", (double)r->in.max);
	if (r->dflt != NULL)
		json_set_num(j, "default", (double)strtol(r->dflt, NULL, 10));
	return j;
}

static struct json *
flag(const struct row *r)
{
	struct json *j = json_object();

	json_set_str(j, "type", "boolean");
	if (r->dflt != NULL)
		json_set_bool(j, "default", strcmp(r->dflt, "true") == 0);
	return j;
}

static void
add_scalar_types(struct json *j)
{
	struct json *types = json_add(j, "type", json_array());

	json_add(types, NULL, json_string("string"));
	json_add(types, NULL, json_string("number"));
	json_add(types, NULL, json_string("boolean"));
}

static struct json *
describe(struct all *a, const struct row *r)
{
	struct json *j = r->in.num != NULL ? number(r)
	    : r->in.flag != NULL ? flag(r)
	    : r->in.list ? one_or_more(&r->in) : one_text(&r->in);

	if (r->in.num == NULL && r->in.flag == NULL && r->dflt != NULL
	    && *r->dflt != '\0' && *r->dflt != '$')
		json_set_str(j, "default", r->dflt);
	if (r->scalar)
		add_scalar_types(j);
	json_set_str(j, "description", pool_printf(a->pool, "%s (%s)",
	    r->help, r->used_by));
	return j;
}

static void fill(struct all *, size_t *i, const char *above, struct json *);

/*
 * One name below `above`, a value or a group of them, into the group; *i
 * moves on.
 */
static void
add_name(struct all *a, size_t *i, const char *above, struct json *group,
    struct json *properties)
{
	const char *path = a->v[*i].path, *name = path + strlen(above);
	size_t n = strcspn(name, ".");
	struct json *j;

	if (name[n] == '\0') {
		j = describe(a, &a->v[(*i)++]);
	} else {
		j = json_object();
		fill(a, i, pool_strndup(a->pool, path,
		    strlen(above) + n + 1), j);
	}
	if (*name == '*')
		json_add(group, "additionalProperties", j);
	else
		json_add(properties, pool_strndup(a->pool, name, n), j);
}

/* All places below a path: "", or one that ends with a dot. */
static void
fill(struct all *a, size_t *i, const char *above, struct json *group)
{
	struct json *notes, *properties;

	json_set_str(group, "type", "object");
	json_set_bool(group, "additionalProperties", false);
	notes = json_add(group, "patternProperties", json_object());
	json_set_str(json_add(notes, "^x-", json_object()), "description",
	    "A note for people");
	properties = json_add(group, "properties", json_object());
	while (*i < a->n && text_starts(a->v[*i].path, above))
		add_name(a, i, above, group, properties);
}

bool
frame_print_schema(const struct step *const *steps, struct buf *out,
    struct err *e)
{
	struct json *j = json_object();
	struct all a;
	bool ok = gather_all(&a, steps, e);
	size_t i = 0;

	json_set_str(j, "$schema", "http://json-schema.org/draft-07/schema#");
	json_set_str(j, "$comment", "Written by `make actions` from the "
	    "tables of all steps");
	json_set_str(j, "title", "Plan of one migration, "
	    "migrations/<instance>/plan.yml");
	fill(&a, &i, "", j);
	json_print(j, true, out);
	json_free(j);
	pool_free(a.pool);
	return ok && buf_check(out, "the schema", e);
}

/* ---- C ---- */

static void
put_literal(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_puts(out, text[1] != '\0' ? "\\n\"\n\"" : "\\n");
		else if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else
			buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

bool
frame_print_places(const struct step *const *steps, struct buf *out,
    struct err *e)
{
	struct buf text = buf_new(out->limit);
	struct all a;
	bool ok = gather_all(&a, steps, e);

	buf_puts(out, "extern const char *const frame_places[];\n"
	    "extern const char frame_schema[];\n"
	    "const char *const frame_places[] = {\n");
	for (size_t i = 0; i < a.n; i++)
		buf_printf(out, "\t\"%s\",\n", a.v[i].path);
	buf_puts(out, "\t0\n};\nconst char frame_schema[] =\n");
	pool_free(a.pool);
	ok = ok && frame_print_schema(steps, &text, e);
	put_literal(out, buf_str(&text));
	buf_puts(out, ";\n");
	buf_free(&text);
	return ok && buf_check(out, "the places", e);
}
