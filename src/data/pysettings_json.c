/*
 * pysettings_json - values of settings as JSON, and the names that are set;
 * see pysettings.h.
 */
#include "data/pysettings.h"

#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "data/pysettings_value.h"

/* As nested as anything sane, and what one value may have in it: aliases
 * can make a small file endless. */
enum { DEPTH = 40, VALUES = 20000 };

struct walk {
	int left;
	const char *why;
};

static struct json *to_json(struct walk *, const struct pyval *, int depth);

static struct json *
number(struct walk *w, const char *text)
{
	struct json *j = json_object(), *n;

	/* what a double can't hold is no number that a setting means */
	if (strlen(text) > 15)
		w->why = "is a number of too many digits";
	json_set_num(j, "n", strtod(text, NULL));
	n = json_copy(json_get(j, "n"));
	json_free(j);
	return n;
}

static struct json *
boolean(const char *text)
{
	struct json *j = json_object(), *b;

	json_set_bool(j, "b", strcmp(text, "true") == 0);
	b = json_copy(json_get(j, "b"));
	json_free(j);
	return b;
}

static struct json *
container(struct walk *w, const struct pyval *v, int depth)
{
	bool dict = v->kind == PY_DICT;
	struct json *all = dict ? json_object() : json_array();

	if (v->rest != NULL && v->rest->kind == PY_UNREADABLE)
		w->why = v->rest->why;
	for (size_t i = 0; i < v->n && w->why == NULL; i++) {
		struct json *one;

		/* edx-platform's own; FEATURES, which are the names */
		if (v->value[i]->kind == PY_ABSENT || v->value[i] == v)
			continue;
		one = to_json(w, v->value[i], depth + 1);
		if (one != NULL)
			json_add(all, dict ? pyval_key_text(v->key[i]) : NULL,
			    one);
	}
	return all;
}

static struct json *
to_json(struct walk *w, const struct pyval *v, int depth)
{
	if (depth > DEPTH || --w->left < 0) {
		w->why = "is nested too deeply";
		return NULL;
	}
	switch (v->kind) {
	case PY_NONE:
		return json_string(NULL);
	case PY_BOOL:
		return boolean(v->text);
	case PY_INT:
	case PY_FLOAT:
		return number(w, v->text);
	case PY_STRING:
		return json_string(v->text);
	case PY_LIST:
	case PY_DICT:
		return container(w, v, depth);
	case PY_JSON:
		return container(w, v->value[0], depth);
	case PY_UNREADABLE:
		w->why = v->why;
		return NULL;
	default:
		w->why = "is not set here";
		return NULL;
	}
}

struct json *
pysettings_json(const struct pysettings *ps, const char *path,
    const char **why)
{
	const struct pyval *v = pyval_at(ps, path);
	struct walk w = { .left = VALUES };
	struct json *j;

	*why = NULL;
	if (v == NULL || v->kind == PY_ABSENT)
		return NULL;
	j = to_json(&w, v, 0);
	*why = w.why;
	if (w.why == NULL)
		return j;
	json_free(j);
	return NULL;
}

const char *
pysettings_key(const struct pysettings *ps, const char *path, size_t i)
{
	const struct pyval *v = pyval_at(ps, path);

	if (v != NULL && v->kind == PY_JSON)
		v = v->value[0];
	return v != NULL && v->kind == PY_DICT && i < v->n ?
	    pyval_key_text(v->key[i]) : NULL;
}
