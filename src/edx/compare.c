/*
 * compare - see compare.h.
 */
#include "edx/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings.h"
#include "edx/compare_known.h"
#include "edx/config.h"

enum {
	TEXT_MAX = 1 << 20,	/* of one value with its hosts replaced */
	SHOWN_MAX = 100,	/* characters of a value */
	SHOWN_DIGITS = 6,	/* a longer number may be a secret */
	HASH_SHOWN = 12,
	HOSTS_MAX = 4,
	NAMES_MAX = 1 << 20,
	FLAT = 22,		/* from here FEATURES.X is X */
};

static const char hosts_why[] = "the hosts of the temporary domain";
static const char port_why[] = "a number, as text on one side";
static const char accepted_why[] = "accepted by hand";

static const char *const group_names[] = {
	[COMPARE_DATABASES] = "databases", [COMPARE_STORAGE] = "storage",
	[COMPARE_AUTH] = "auth", [COMPARE_OAUTH] = "OAuth",
	[COMPARE_LTI] = "LTI", [COMPARE_SAML] = "SAML",
	[COMPARE_THIRD_PARTY] = "third-party auth",
	[COMPARE_EMAIL] = "email", [COMPARE_FEATURES] = "features",
	[COMPARE_HOSTS] = "hosts", [COMPARE_OTHER] = "other",
};

const char *
compare_group_name(enum compare_group group)
{
	return group_names[group];
}

bool
compare_is_critical(enum compare_group group)
{
	return group <= COMPARE_THIRD_PARTY;
}

/* What one side of the LMS or of Studio sets at one place. */
struct item {
	const char *key;	/* by which the sides are matched */
	const char *path;
	struct py_found found;
	const char *renamed;	/* why it stands under another name */
};

struct items {
	struct item *v;
	size_t n;
	const struct item **blind;	/* those that can't be read */
	size_t nblind;
};

struct result {
	struct compared c;
	const char *key;
};

/* What the deeds below share: the LMS, or Studio. */
struct work {
	struct pool *pool;
	const struct compare *how;
	struct config_host hosts[HOSTS_MAX + 1];
	const char *preview;
	struct items old, now;
	struct result *v;
	size_t n, room;
};

static const char features[] = "FEATURES.";
static const struct py_found absent = { PY_ABSENT, "", "" };

/* ---- hosts ---- */

static const char *
host_at(const struct pysettings *ps, const char *path, const char *or)
{
	struct py_found f = pysettings_find(ps, path);

	if (f.kind == PY_ABSENT && or != NULL)
		f = pysettings_find(ps, or);
	return f.kind == PY_STRING && *f.text != '\0' ? f.text : NULL;
}

/* The host of the MFEs; nutmeg has it in their addresses only. */
static const char *
mfe_host(struct pool *pool, const struct pysettings *ps)
{
	const char *host = host_at(ps, "MFE_CONFIG.BASE_URL",
	    "LEARNING_MICROFRONTEND_URL");
	const char *start = host != NULL ? strstr(host, "://") : NULL;

	if (start != NULL)
		host = start + strlen("://");
	return host != NULL ? pool_strndup(pool, host, strcspn(host, "/")) :
	    NULL;
}

static void
add_host(struct work *w, const char *old, const char *now)
{
	struct config_host *h = w->hosts;

	while (h->old != NULL)
		h++;
	if (old != NULL && now != NULL && !text_same(old, now))
		*h = (struct config_host){ old, now };
}

static void
find_hosts(struct work *w)
{
	static const char preview[] = "FEATURES.PREVIEW_LMS_BASE";
	const struct pysettings *old = w->how->old.lms;
	const struct pysettings *now = w->how->now.lms;

	w->preview = host_at(old, preview, "PREVIEW_LMS_BASE");
	if (w->how->final_hosts)
		return;
	add_host(w, host_at(old, "LMS_BASE", NULL),
	    host_at(now, "LMS_BASE", NULL));
	add_host(w, host_at(old, "CMS_BASE", NULL),
	    host_at(now, "CMS_BASE", NULL));
	add_host(w, mfe_host(w->pool, old), mfe_host(w->pool, now));
	add_host(w, w->preview, host_at(now, preview, "PREVIEW_LMS_BASE"));
}

/* The text with the old hosts replaced by the new; where a host is part of
 * the data's address, it must not change. */
static const char *
with_new_hosts(struct work *w, const char *path, const char *text)
{
	enum compare_group group = known_group(path);
	struct buf out = buf_new(TEXT_MAX);
	const char *now = text;

	if (group != COMPARE_DATABASES && group != COMPARE_STORAGE
	    && config_replace_hosts(text, w->hosts, &out) && !out.full)
		now = pool_strdup(w->pool, buf_str(&out));
	buf_free(&out);
	return now;
}

/* ---- items ---- */

static bool
is_scalar(const struct py_found *f)
{
	return f->kind >= PY_NONE && f->kind <= PY_STRING;
}

static const char *
hashed(struct work *w, const char *text)
{
	struct buf hex = buf_new(80);
	const char *s;

	digest_keyed(w->how->key, text, &hex);
	s = pool_strdup(w->pool, buf_str(&hex));
	buf_free(&hex);
	return s;
}

/* Lists of single values are compared as sets: the item's text is part of
 * its key. */
static void
name_list_item(struct work *w, struct item *item, bool old)
{
	size_t n = strlen(item->path) - strlen(strrchr(item->path, '['));
	const char *text = item->found.text;

	item->path = pool_printf(w->pool, "%.*s[]", (int)n, item->path);
	if (old)
		text = with_new_hosts(w, item->path, text);
	if (text_starts(item->path, "CSRF_TRUSTED_ORIGINS")
	    && text_starts(text, "https://"))
		text += strlen("https://");
	item->key = pool_printf(w->pool, "%s%s", item->path,
	    hashed(w, text));
}

static bool
is_flat(const struct work *w)
{
	return w->how->old.major >= FLAT || w->how->now.major >= FLAT;
}

static void
rename_old_name(struct work *w, struct item *item, int major)
{
	const struct known_name *name;

	for (int i = 0; (name = known_name(i)) != NULL; i++) {
		size_t n = strlen(item->key);

		if (!text_ends(item->key, name->path)
		    || (major != 0 && (major < name->from
		    || major > name->to)))
			continue;
		n -= strlen(name->path);
		if (n > 0 && item->key[n - 1] != '.')
			continue;
		item->key = pool_printf(w->pool, "%.*s%s", (int)n, item->key,
		    name->same);
		item->renamed = name->why;
		return;
	}
}

/* In a release where FEATURES.X is X, what stands there as X. */
static bool
is_double(const struct pysettings *ps, int major, const char *path,
    struct pool *pool)
{
	const char *name = path + strlen(features);

	return major >= FLAT && text_starts(path, features)
	    && pysettings_find(ps, pool_strndup(pool, name,
	    strcspn(name, ".["))).kind != PY_ABSENT;
}

static struct item
item_of(struct work *w, const struct py_entry *entry, bool old)
{
	struct item item = { entry->path, entry->path, entry->found, NULL };

	if (is_flat(w) && text_starts(item.key, features))
		item.key += strlen(features);
	if (text_ends(item.key, "]") && is_scalar(&item.found))
		name_list_item(w, &item, old);
	else
		rename_old_name(w, &item, old ? w->how->old.major :
		    w->how->now.major);
	return item;
}

/* Items of lists may be there several times; of all else the one that stands
 * under its own name counts. */
static int
by_key(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;
	int order = strcmp(a->key, b->key);

	if (order == 0)
		order = (a->renamed != NULL) - (b->renamed != NULL);
	return order != 0 ? order : strcmp(a->path, b->path);
}

static void
drop_doubles(struct items *all)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		if (kept == 0 || text_ends(all->v[i].path, "[]")
		    || strcmp(all->v[kept - 1].key, all->v[i].key) != 0)
			all->v[kept++] = all->v[i];
	all->n = kept;
}

/* The last thing done with them: their places stay from here on. */
static void
find_blind(struct work *w, struct items *all)
{
	all->blind = pool_alloc(w->pool, (all->n + 1) * sizeof *all->blind);
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].found.kind == PY_UNREADABLE)
			all->blind[all->nblind++] = &all->v[i];
}

static struct items
items_of(struct work *w, const struct pysettings *ps, bool old)
{
	const struct compare_side *side = old ? &w->how->old : &w->how->now;
	size_t n;
	const struct py_entry *entries = pysettings_list(ps, w->pool, &n);
	struct items all = { .v = pool_alloc(w->pool,
	    (n + 1) * sizeof *all.v) };

	for (size_t i = 0; i < n; i++)
		if (!is_double(ps, side->major, entries[i].path, w->pool))
			all.v[all.n++] = item_of(w, &entries[i], old);
	if (side->forum_database != NULL)
		all.v[all.n++] = (struct item){ "FORUM_MONGODB_DATABASE",
		    "FORUM_MONGODB_DATABASE", { PY_STRING,
		    side->forum_database, "" }, NULL };
	qsort(all.v, all.n, sizeof *all.v, by_key);
	drop_doubles(&all);
	find_blind(w, &all);
	return all;
}

/* ---- values ---- */

/* For the table: what is no text, in words. */
static const char *
word(const struct py_found *f)
{
	static const char *const words[] = {
		[PY_ABSENT] = KNOWN_ABSENT, [PY_NONE] = "None",
		[PY_LIST] = "(an empty list)", [PY_DICT] = "(an empty map)",
		[PY_UNREADABLE] = "(can't be read)",
	};

	return is_scalar(f) && f->kind != PY_NONE ? f->text : words[f->kind];
}

/* As anybody may see it: a text only where the setting's name says that it is
 * none to hide, and no login is in it. */
static const char *
show(struct work *w, const char *path, const struct py_found *f)
{
	size_t n = strlen(f->text);
	bool number = f->kind == PY_INT || f->kind == PY_FLOAT;

	if (f->kind == PY_BOOL)
		return text_same(f->text, "true") ? "True" : "False";
	if (!number && f->kind != PY_STRING)
		return word(f);
	if (n == 0)
		return "(an empty text)";
	if ((number && n <= SHOWN_DIGITS) || (known_is_plain(path)
	    && n <= SHOWN_MAX && (strchr(f->text, '@') == NULL
	    || (text_ends(path, "_EMAIL")
	    && strstr(f->text, "://") == NULL))))
		return f->text;
	return pool_printf(w->pool, "#%.*s", HASH_SHOWN, hashed(w, f->text));
}

static bool
same(struct work *w, const struct py_found *a, const struct py_found *b)
{
	return a->kind == b->kind
	    && text_same(hashed(w, a->text), hashed(w, b->text));
}

/* Is it the same number, as text on one side? */
static bool
same_number(const struct py_found *a, const struct py_found *b)
{
	return (a->kind == PY_INT || b->kind == PY_INT)
	    && (a->kind == PY_STRING || b->kind == PY_STRING)
	    && text_same(a->text, b->text);
}

/* "settings-x/production.py:12: A = B": what follows the place. */
static const char *
statement(const char *why)
{
	const char *s = strstr(why, ".py:");

	s = s != NULL ? strstr(s, ": ") : NULL;
	return s != NULL ? s : why;
}

static bool
is_accepted(const struct work *w, const char *path)
{
	for (const char *const *a = w->how->accepted; a != NULL && *a != NULL;
	    a++)
		if (known_fits(*a, path))
			return true;
	return false;
}

/* ---- judging ---- */

static struct compared *
add_result(struct work *w, const char *key, const char *path)
{
	struct result *r;

	if (w->n == w->room) {
		struct result *more;

		w->room = w->room == 0 ? 256 : 2 * w->room;
		more = pool_alloc(w->pool, w->room * sizeof *more);
		if (w->n > 0)
			memcpy(more, w->v, w->n * sizeof *more);
		w->v = more;
	}
	r = &w->v[w->n++];
	r->key = key;
	r->c = (struct compared){ .path = path, .group = known_group(path) };
	return &r->c;
}

/* Why the two may differ; NULL: nobody knows. */
static const char *
excuse(struct work *w, const struct item *old, const struct item *now,
    const struct known *known)
{
	const char *path = old->path;

	if (known != NULL && !known->remedy)
		return known->why;
	if (old->found.kind == PY_UNREADABLE
	    || now->found.kind == PY_UNREADABLE)
		return NULL;
	if (same(w, &old->found, &now->found))
		return old->renamed != NULL ? old->renamed : now->renamed;
	if (old->found.kind == PY_STRING && now->found.kind == PY_STRING
	    && text_same(with_new_hosts(w, path, old->found.text),
	    now->found.text))
		return hosts_why;
	return same_number(&old->found, &now->found) ? port_why : NULL;
}

static void
judge(struct work *w, const struct item *old, const struct item *now)
{
	const struct py_found *a = &old->found, *b = &now->found;
	bool unreadable = a->kind == PY_UNREADABLE
	    || b->kind == PY_UNREADABLE;
	struct known_question q = { old->path, word(a), word(b),
		w->how->old.major, w->how->now.major, w->preview,
		a->kind == b->kind && unreadable
		&& text_same(statement(a->why), statement(b->why)) };
	const struct known *known = known_find(&q);
	struct compared *c = add_result(w, old->key, old->path);
	const char *why;

	if (!unreadable && old->renamed == now->renamed && same(w, a, b)) {
		c->verdict = COMPARE_EQUAL;
		return;
	}
	c->old = show(w, old->path, a);
	c->now = show(w, now->path, b);
	why = excuse(w, old, now, known);
	if (why == NULL && is_accepted(w, old->path))
		why = accepted_why;
	if (why != NULL) {
		c->verdict = COMPARE_EXPLAINED;
		c->why = why;
	} else if (unreadable) {
		c->verdict = COMPARE_UNREADABLE;
		c->why = a->kind == PY_UNREADABLE ? a->why : b->why;
	} else {
		c->verdict = COMPARE_DIFFERENT;
		c->why = known != NULL ? known->why : NULL;
	}
}

/* Is it a part of something that can't be read, or may hold it? */
static bool
is_below(const char *key, const char *whole)
{
	size_t n = strlen(whole);

	if (text_same(whole, "*"))
		return true;
	if (text_ends(whole, ".*"))
		n -= 2;
	return strncmp(key, whole, n) == 0 && (key[n] == '.'
	    || key[n] == '[');
}

/* On the other side a whole that this is a part of can't be read: the whole
 * is told, not each part. */
static bool
is_told(const struct items *other, const char *key)
{
	for (size_t i = 0; i < other->nblind; i++)
		if (is_below(key, other->blind[i]->key))
			return true;
	return false;
}

/* Empty here, and something in it there: that is told. */
static bool
is_filled(const struct items *other, const struct item *item)
{
	if (item->found.kind != PY_LIST && item->found.kind != PY_DICT)
		return false;
	for (size_t i = 0; i < other->n; i++)
		if (is_below(other->v[i].key, item->key))
			return true;
	return false;
}

static void
judge_alone(struct work *w, const struct item *item, bool old)
{
	const struct items *other = old ? &w->now : &w->old;
	struct item none = *item;

	none.found = absent;
	none.renamed = item->renamed;
	if (is_told(other, item->key) || is_filled(other, item))
		return;
	if (old)
		judge(w, item, &none);
	else
		judge(w, &none, item);
}

static void
compare_items(struct work *w)
{
	size_t i = 0, k = 0;

	while (i < w->old.n || k < w->now.n) {
		int order = i == w->old.n ? 1 : k == w->now.n ? -1 :
		    strcmp(w->old.v[i].key, w->now.v[k].key);

		if (order == 0)
			judge(w, &w->old.v[i++], &w->now.v[k++]);
		else if (order < 0)
			judge_alone(w, &w->old.v[i++], true);
		else
			judge_alone(w, &w->now.v[k++], false);
	}
}

static struct work
compare_program(struct pool *pool, const struct compare *how, bool lms)
{
	struct work w = { .pool = pool, .how = how };

	find_hosts(&w);
	w.old = items_of(&w, lms ? how->old.lms : how->old.cms, true);
	w.now = items_of(&w, lms ? how->now.lms : how->now.cms, false);
	compare_items(&w);
	return w;
}

/* ---- both together ---- */

static int
by_what_is_said(const void *pa, const void *pb)
{
	const struct compared *a = &((const struct result *)pa)->c;
	const struct compared *b = &((const struct result *)pb)->c;
	int order = (int)a->group - (int)b->group;

	if (order == 0)
		order = (int)a->verdict - (int)b->verdict;
	if (order == 0)
		order = strcmp(a->path, b->path);
	if (order == 0 && a->old != NULL)
		order = strcmp(a->old, b->old);
	if (order == 0 && a->now != NULL)
		order = strcmp(a->now, b->now);
	return order;
}

static void
sort(struct work *w)
{
	if (w->n > 0)
		qsort(w->v, w->n, sizeof *w->v, by_what_is_said);
}

const struct compared *
compare_settings(struct pool *pool, const struct compare *how, size_t *n)
{
	struct work lms = compare_program(pool, how, true);
	struct work cms = compare_program(pool, how, false);
	struct compared *all = pool_alloc(pool,
	    (lms.n + cms.n + 1) * sizeof *all);
	size_t i = 0, k = 0;

	sort(&lms);
	sort(&cms);
	for (*n = 0; i < lms.n || k < cms.n; ++*n) {
		int order = i == lms.n ? 1 : k == cms.n ? -1 :
		    by_what_is_said(&lms.v[i], &cms.v[k]);

		all[*n] = order <= 0 ? lms.v[i].c : cms.v[k].c;
		all[*n].where = order == 0 ? "both" : order < 0 ? "LMS" :
		    "Studio";
		i += order <= 0;
		k += order >= 0;
	}
	return all;
}

/* ---- what to ask the platform ---- */

static bool
is_name(const char *s, size_t n)
{
	return n > 0 && n == strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_");
}

static void
add_names(struct pool *pool, const struct compare *how,
    const struct pysettings *ps, struct buf *names)
{
	bool flat = how->old.major >= FLAT || how->now.major >= FLAT;
	size_t n;
	const struct py_entry *v = pysettings_list(ps, pool, &n);

	for (size_t i = 0; i < n; i++) {
		const char *name = v[i].path;
		size_t len;

		if (flat && text_starts(name, features))
			name += strlen(features);
		len = strcspn(name, ".[");
		name = pool_printf(pool, ",%.*s,", (int)len, name);
		if (is_name(name + 1, len)
		    && strstr(buf_str(names), name) == NULL)
			buf_puts(names, name + 1);
	}
}

const char *
compare_names(struct pool *pool, const struct compare *how)
{
	struct buf names = buf_new(NAMES_MAX);
	const char *s;

	buf_puts(&names, ",");
	add_names(pool, how, how->old.lms, &names);
	add_names(pool, how, how->old.cms, &names);
	add_names(pool, how, how->now.lms, &names);
	add_names(pool, how, how->now.cms, &names);
	s = names.len > 1 ? pool_strndup(pool, names.data + 1,
	    names.len - 2) : "";
	buf_free(&names);
	return s;
}
