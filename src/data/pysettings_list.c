/*
 * pysettings_list - all settings, one by one; see pysettings.h.
 */
#include "data/pysettings.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"

/* As nested as anything sane, and as much: aliases can make a small file
 * endless. */
enum { DEPTH = 40, VALUES = 400000 };

struct listing {
	struct pool *pool;
	const struct pyval *names;
	struct py_entry *v;
	size_t n, room;
	size_t seen;		/* values, also those that are no entry */
};

static void
add(struct listing *l, const char *path, const struct pyval *v)
{
	bool unreadable = v->kind == PY_UNREADABLE;

	if (l->n == l->room) {
		size_t room = l->room == 0 ? 256 : 2 * l->room;
		struct py_entry *more = pool_alloc(l->pool,
		    room * sizeof *more);

		if (l->n > 0)
			memcpy(more, l->v, l->n * sizeof *more);
		l->v = more;
		l->room = room;
	}
	l->v[l->n++] = (struct py_entry){ path,
	    { v->kind, unreadable ? "" : v->text, v->why } };
}

static void
add_unreadable(struct listing *l, const char *path, const char *why)
{
	const struct pyval v = { .kind = PY_UNREADABLE, .text = "",
		.why = why };

	add(l, path, &v);
}

static void
walk(struct listing *l, const char *path, const struct pyval *v, int depth)
{
	if (v->kind == PY_JSON)
		v = v->value[0];
	if (++l->seen > VALUES || v->kind == PY_ABSENT)
		return;		/* edx-platform's own; or enough */
	if (depth > DEPTH) {
		add_unreadable(l, path, "it is nested too deeply");
		return;
	}
	if ((v->kind != PY_DICT && v->kind != PY_LIST)
	    || (v->n == 0 && v->rest == NULL)) {
		add(l, path, v);
		return;
	}
	for (size_t i = 0; i < v->n && l->seen <= VALUES; i++) {
		if (v->value[i] == l->names)
			continue;	/* FEATURES, which are the names */
		walk(l, v->kind == PY_DICT ? pool_printf(l->pool, "%s.%s",
		    path, pyval_key_text(v->key[i])) : pool_printf(l->pool,
		    "%s[%zu]", path, i), v->value[i], depth + 1);
	}
	if (v->rest != NULL && v->rest->kind == PY_UNREADABLE)
		add_unreadable(l, pool_printf(l->pool, "%s.*", path),
		    v->rest->why);
}

/* What Django takes from the file: names without small letters. ENV_TOKENS
 * is the YAML once more. */
static bool
is_setting(const char *name)
{
	bool upper = false;

	if (text_same(name, PYSETTINGS_STORES))
		return true;
	for (const char *s = name; *s != '\0'; s++) {
		if (islower((unsigned char)*s))
			return false;
		upper = upper || isupper((unsigned char)*s);
	}
	return upper && !text_same(name, "ENV_TOKENS");
}

const struct py_entry *
pysettings_list(const struct pysettings *ps, struct pool *pool, size_t *n)
{
	const struct pyval *names = ps->names;
	struct listing l = { .pool = pool, .names = names };

	for (size_t i = 0; i < names->n; i++)
		if (is_setting(names->key[i]))
			walk(&l, names->key[i], names->value[i], 0);
	if (names->rest->kind == PY_UNREADABLE)
		add_unreadable(&l, "*", names->rest->why);
	else if (l.seen > VALUES)
		add_unreadable(&l, "*", "there are too many values");
	*n = l.n;
	return l.v;
}
