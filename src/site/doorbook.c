/*
 * doorbook - see doorbook.h.
 *
 * {"doors": [{"list": "digitalocean 9cc1...", "source": "203.0.113.7/32",
 * "who": "runner", "until": "2026-11-23T18:00:00Z", "made": true}]}
 */
#include "site/doorbook.h"

#include "api/repo.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/checkout.h"
#include "step/step.h"

struct doorbook {
	struct repo *repo;
	struct json *json;
};

static const char RECORD[] = "access";

/* An empty one where there is none. */
static struct json *
load(struct repo *repo, const char *instance, struct err *e)
{
	struct err why = { 0 };
	struct json *j = repo_record_load(repo, instance, RECORD, &why);

	if (j == NULL && why.text[0] == '\0') {
		j = json_object();
		json_add(j, "doors", json_array());
		return j;
	}
	if (j != NULL && json_is_array(json_get(j, "doors")))
		return j;
	json_free(j);
	*e = why;
	if (why.text[0] == '\0')
		err_set(e, ERR_HAND, "migrations/%s/record/%s.json is not "
		    "what a step writes: put it back with git", instance,
		    RECORD);
	return NULL;
}

struct doorbook *
doorbook_open(struct err *e)
{
	struct doorbook *b = mem_alloc(sizeof *b);

	b->repo = checkout_open(e);
	if (b->repo != NULL)
		b->json = load(b->repo, step_common()->instance, e);
	if (b->json != NULL)
		return b;
	doorbook_close(b);
	return NULL;
}

void
doorbook_close(struct doorbook *b)
{
	if (b == NULL)
		return;
	json_free(b->json);
	repo_close(b->repo);
	mem_free(b);
}

/* ---- doors ---- */

static const char *
word(const struct json *j, const char *member)
{
	const char *s = json_str(j, member);

	return s == NULL ? "" : s;
}

static struct door
door_of(const struct json *j)
{
	struct door d = { .list = word(j, "list"),
		.source = word(j, "source"), .who = word(j, "who"),
		.until = word(j, "until") };

	if (!json_bool(j, "made", &d.made))
		d.made = false;
	return d;
}

static bool
same_place(const struct door *a, const struct door *b)
{
	return text_same(a->list, b->list) && text_same(a->source, b->source);
}

size_t
doorbook_doors(const struct doorbook *b)
{
	return (size_t)json_len(json_get(b->json, "doors"));
}

struct door
doorbook_door(const struct doorbook *b, size_t i)
{
	return door_of(json_item(json_get(b->json, "doors"), (int)i));
}

/* All doors but this one; *was: what it was, if it was there. */
static struct json *
others(const struct doorbook *b, const struct door *d, struct door *was)
{
	struct json *out = json_array();

	for (const struct json *j = json_first(json_get(b->json, "doors"));
	    j != NULL; j = json_next(j)) {
		const struct door one = door_of(j);

		if (same_place(&one, d) && text_same(one.who, d->who))
			*was = one;
		else
			json_add(out, NULL, json_copy(j));
	}
	return out;
}

static bool
save(struct doorbook *b, struct json *doors, struct err *e)
{
	json_add(b->json, "doors", doors);
	return repo_record_save(b->repo, step_common()->instance, RECORD,
	    b->json, e);
}

bool
doorbook_keep(struct doorbook *b, const struct door *d, struct err *e)
{
	struct door was = { 0 };
	struct json *doors = others(b, d, &was);
	struct json *one = json_add(doors, NULL, json_object());

	json_set_str(one, "list", d->list);
	json_set_str(one, "source", d->source);
	json_set_str(one, "who", d->who);
	json_set_str(one, "until", d->until);
	json_set_bool(one, "made", d->made || was.made);
	return save(b, doors, e);
}

bool
doorbook_drop(struct doorbook *b, const struct door *d, struct err *e)
{
	struct door was = { 0 };

	return save(b, others(b, d, &was), e);
}

/* ---- who else ---- */

static const char *
find_in(const struct json *book, const struct door *d, bool own)
{
	for (const struct json *j = json_first(json_get(book, "doors"));
	    j != NULL; j = json_next(j)) {
		const struct door one = door_of(j);

		if (same_place(&one, d)
		    && !(own && text_same(one.who, d->who)))
			return pool_strdup(step_common()->pool, one.who);
	}
	return NULL;
}

bool
doorbook_find_other(struct doorbook *b, const struct door *d,
    const char **by, struct err *e)
{
	const struct step_common *c = step_common();
	const char *folder = repo_path(b->repo, "migrations");
	struct repo *fresh = checkout_open(e);
	const char **names = fresh == NULL || !file_is_dir(folder) ? NULL
	    : file_list(c->pool, folder, e);
	bool ok = fresh != NULL && (names != NULL || !file_is_dir(folder));

	*by = NULL;
	for (size_t i = 0; names != NULL && ok && *by == NULL
	    && names[i] != NULL; i++) {
		bool own = text_same(names[i], c->instance);
		struct json *book = load(fresh, names[i], e);
		const char *who = find_in(book, d, own);

		ok = book != NULL;
		if (who != NULL)
			*by = pool_printf(c->pool, "the %s of %s", who,
			    names[i]);
		json_free(book);
	}
	repo_close(fresh);
	return ok;
}
