/*
 * replicate - see replicate.h.
 */
#include "edx/replicate.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/config.h"
#include "edx/edit.h"
#include "edx/frozen.h"
#include "edx/keys.h"

enum { PATH_BYTES = 4096, BLOCK_MAX = 16 << 20 };

/* One key of the old file. */
struct source {
	const char *name;	/* as it stands there */
	const char *from;	/* its path there */
	const char *key;	/* its path in the new file */
	const struct key_row *row;
};

static void
account(struct replicate *r, const struct source *s, enum replica what,
    const char *words, const char *why)
{
	r->account(r->with, s->name, what, words, why);
}

static bool
refuse(struct replicate *r, const struct source *s, const char *why)
{
	account(r, s, REPLICA_REFUSED, "**refused**", why);
	return true;
}

static void
copied(struct replicate *r, const struct source *s, const char *words)
{
	frozen_note(r->edit->pool, r->old, s->from, s->key, r->templates);
	account(r, s, s->row->rule == KEY_UNLISTED ? REPLICA_UNLISTED :
	    REPLICA_COPIED, words, s->row->why);
}

/* What yaml can't do in place is for a person; the other keys go on. */
static bool
outcome(struct replicate *r, const struct source *s, bool ok,
    const struct err *why, struct err *e)
{
	if (ok)
		return true;
	if (why->kind == ERR_HAND)
		return refuse(r, s, why->text);
	*e = *why;
	return false;
}

/* ---- templates ---- */

static bool
comes_along(const struct replicate *r, const char *key)
{
	enum key_rule rule = keys_find(key)->rule;

	return (rule == KEY_COPY || rule == KEY_UNLISTED
	    || rule == KEY_UNION || rule == KEY_THEME)
	    && yaml_kind(r->old, key) != YAML_NONE;
}

/*
 * Will templates in the value find their keys? Others that are to be copied
 * come now rather than later. *missing: one that nothing defines.
 */
static bool
ensure_defined(struct replicate *r, const char *path, const char **missing,
    struct err *e)
{
	struct edit *ed = r->edit;

	while ((*missing = config_undefined(ed->pool, r->old, path,
	    ed->yaml)) != NULL) {
		const char *host = config_derived_host(ed->pool, ed->yaml,
		    *missing);

		if (host == NULL && !comes_along(r, *missing))
			return true;
		if (!(host != NULL ?
		    edit_set(ed, *missing, YAML_STRING, host, e) :
		    edit_copy(ed, *missing, r->old, e)))
			return false;
	}
	return true;
}

/* ---- one key ---- */

/* The block of the old name under the new one; false with ERR_HAND: it has
 * no lines of its own. */
static bool
copy_renamed(struct replicate *r, const struct source *s, struct err *e)
{
	const char *block = yaml_block(r->old, s->from), *value;
	struct buf text = buf_new(BLOCK_MAX);
	struct yaml *renamed = NULL;
	bool ok = false;

	/* the name is plain: nobody quotes TUTOR_X */
	value = block != NULL ? strstr(block, s->name) : NULL;
	if (value == NULL || value != block)
		return err_set(e, ERR_HAND,
		    "rename it by hand: without TUTOR_");
	buf_printf(&text, "%s%s", s->key, value + strlen(s->name));
	renamed = yaml_parse(buf_str(&text), text.len, s->key, e);
	ok = renamed != NULL && edit_copy(r->edit, s->key, renamed, e);
	yaml_close(renamed);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return ok;
}

static bool
copy_key(struct replicate *r, const struct source *s, struct err *e)
{
	bool renamed = strcmp(s->from, s->key) != 0;
	const char *missing;
	struct err why;
	bool ok;

	if (!renamed && config_same(r->edit->yaml, r->old, s->key)) {
		copied(r, s, "equal");
		return true;
	}
	if (!ensure_defined(r, s->from, &missing, e))
		return false;
	if (missing != NULL)
		return refuse(r, s, pool_printf(r->edit->pool, "it refers to "
		    "%s, which the new config.yml does not have: every "
		    "Tutor command would fail", missing));
	ok = renamed ? copy_renamed(r, s, &why) :
	    edit_copy(r->edit, s->key, r->old, &why);
	if (ok)
		copied(r, s, renamed ? "copied without TUTOR_" : "copied");
	return outcome(r, s, ok, &why, e);
}

/* "Django" of "django==4.2 # x": pip knows no case, and takes _ for -. */
static bool
same_package(const char *a, const char *b)
{
	static const char end[] = " =<>~!;@[#\t";
	size_t n = strcspn(a, end);

	if (n == 0 || strcspn(b, end) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (tolower((unsigned char)(a[i] == '_' ? '-' : a[i]))
		    != tolower((unsigned char)(b[i] == '_' ? '-' : b[i])))
			return false;
	return true;
}

/* The new list's item for the same package, written otherwise; NULL: none.
 * Both would make pip fail. */
static const char *
find_rival(const struct yaml *y, const char *key, const char *item)
{
	const char *other = NULL;

	if (strstr(item, "://") != NULL)
		return NULL;
	for (int i = 0; i < yaml_len(y, key); i++) {
		other = yaml_item(y, key, i);
		if (other != NULL && same_package(other, item)
		    && strcmp(other, item) != 0)
			return other;
	}
	return NULL;
}

/* A list: what only the old one has is added. */
static bool
unite_key(struct replicate *r, const struct source *s, struct err *e)
{
	struct yaml *y = r->edit->yaml;
	bool ok = true, before = r->edit->changed, any;
	const char *rival = NULL;
	struct err why;

	if (yaml_kind(r->old, s->from) != YAML_SEQ
	    || yaml_kind(y, s->key) != YAML_SEQ || yaml_len(y, s->key) == 0)
		return copy_key(r, s, e);
	r->edit->changed = false;
	for (int i = 0; ok && i < yaml_len(r->old, s->from); i++) {
		const char *item = yaml_item(r->old, s->from, i);

		if (item != NULL && find_rival(y, s->key, item) != NULL)
			rival = pool_printf(r->edit->pool, "the new side's "
			    "%s stays, not the old side's %s",
			    find_rival(y, s->key, item), item);
		else
			ok = item == NULL || edit_append(r->edit, s->key,
			    item, &why);
	}
	any = r->edit->changed;
	r->edit->changed = before || any;
	if (ok)
		copied(r, s, rival != NULL ? rival :
		    any ? "united" : "equal");
	return outcome(r, s, ok, &why, e);
}

/* Kept in the record until DNS moves. */
static void
keep_key(struct replicate *r, const struct source *s)
{
	const char *value = yaml_get(r->old, s->from);

	if (value != NULL && !keys_is_secret(s->key))
		json_set_str(r->at_switch, s->key, value);
	account(r, s, REPLICA_LEFT, "kept", s->row->why);
}

static bool
replicate_one(struct replicate *r, const struct source *s, struct err *e)
{
	bool theme = s->row->rule == KEY_THEME;

	if (theme ? !r->theming : !r->config) {
		account(r, s, REPLICA_LEFT, "left", theme ? s->row->why :
		    "only theming is copied here");
		return true;
	}
	if (strcmp(s->from, s->key) != 0
	    && yaml_kind(r->old, s->key) != YAML_NONE) {
		account(r, s, REPLICA_LEFT, "left",
		    "the name without TUTOR_ counts");
		return true;
	}
	switch (s->row->rule) {
	case KEY_UNION:
		return unite_key(r, s, e);
	case KEY_COPY:
	case KEY_UNLISTED:
	case KEY_THEME:
		return copy_key(r, s, e);
	case KEY_SWITCH:
		keep_key(r, s);
		return true;
	case KEY_NEVER:
		account(r, s, REPLICA_LEFT, "left", s->row->why);
		return true;
	default:
		account(r, s, REPLICA_LEFT, "later", s->row->why);
		return true;
	}
}

bool
replicate_keys(struct replicate *r, struct err *e)
{
	const char *name;

	for (int i = 0; (name = yaml_key(r->old, "", i)) != NULL; i++) {
		struct buf from = buf_new(PATH_BYTES);
		struct buf to = buf_new(PATH_BYTES);
		struct source s = { .name = name,
			.row = keys_find(keys_plain(name)) };
		bool ok;

		yaml_path_key(&from, name);
		yaml_path_key(&to, keys_plain(name));
		s.from = buf_str(&from);
		s.key = buf_str(&to);
		ok = from.full ? refuse(r, &s, "its name is too long") :
		    replicate_one(r, &s, e);
		buf_free(&from);
		buf_free(&to);
		if (!ok)
			return false;
	}
	return true;
}
