/*
 * edit - see edit.h.
 */
#include "edx/edit.h"

#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "edx/config.h"

enum { BLOCK_MAX = 8 << 20 };

static const char *
shown(const struct edit *e, const char *key)
{
	return pool_strdup(e->pool, config_show(e->pool, e->yaml, key));
}

static void
tell(struct edit *e, const char *key, const char *old, bool changed)
{
	e->changed = e->changed || changed;
	e->tell(key, old, shown(e, key), changed);
}

/* Where the last part of the path begins: behind a dot that is no part of a
 * key; 0: it is the only one. */
static size_t
last_part(const char *path)
{
	size_t last = 0;

	for (size_t i = 0; path[i] != '\0'; i++) {
		if (path[i] == '\\' && path[i + 1] != '\0')
			i++;
		else if (path[i] == '.')
			last = i + 1;
	}
	return last;
}

/* Make the maps above the last part: "A.b.c" in a file without A needs
 * A: {b: {}}. From the outside in, each is empty before it is filled. */
static bool
ensure_maps(struct edit *ed, const char *path, struct err *e)
{
	size_t last = last_part(path), from;
	const char *parent;
	bool changed;

	if (last == 0)
		return true;
	parent = pool_strndup(ed->pool, path, last - 1);
	if (yaml_kind(ed->yaml, parent) != YAML_NONE)
		return true;
	if (!ensure_maps(ed, parent, e))
		return false;
	from = last_part(parent);
	return yaml_set_block(ed->yaml, parent, pool_printf(ed->pool,
	    "%s: {}\n", parent + from), &changed, e);
}

bool
edit_set(struct edit *ed, const char *key, enum yaml_kind kind,
    const char *value, struct err *e)
{
	const char *old = shown(ed, key);
	bool changed;

	if (!ensure_maps(ed, key, e)
	    || !yaml_set(ed->yaml, key, kind, value, true, &changed, e))
		return false;
	tell(ed, key, old, changed);
	return true;
}

/* Can the text stand in a literal block, each line as it is? */
static bool
fits_a_block(const char *text)
{
	if (strchr(text, '\n') == NULL || *text == ' ' || *text == '\n'
	    || *text == '\t')
		return false;
	for (const char *s = text; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' && *s != '\n' && *s != '\t')
			return false;
	return true;
}

/* KEY: |, and the lines below it. A block ends in one line end. */
static bool
set_block(struct edit *ed, const char *key, const char *text, bool *changed,
    struct err *e)
{
	struct buf block = buf_new(BLOCK_MAX);
	bool ok;

	buf_printf(&block, "%s: |\n", key);
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (n > 0)
			buf_puts(&block, "  ");
		buf_add(&block, text, n);
		buf_putc(&block, '\n');
		text += text[n] == '\n' ? n + 1 : n;
	}
	ok = buf_check(&block, key, e)
	    && yaml_set_block(ed->yaml, key, buf_str(&block), changed, e);
	if (block.data != NULL)
		mem_wipe(block.data, block.len);
	buf_free(&block);
	return ok;
}

bool
edit_set_raw(struct edit *ed, const char *key, const char *text,
    struct err *e)
{
	const char *old = shown(ed, key), *now = yaml_get(ed->yaml, key);
	bool changed = false;

	if (now == NULL || strcmp(now, text) != 0) {
		/* deep within a map a block would need its indentation */
		if (!(fits_a_block(text) && strpbrk(key, ".[\\") == NULL ?
		    set_block(ed, key, text, &changed, e) :
		    yaml_set(ed->yaml, key, YAML_STRING, text, false,
		    &changed, e)))
			return false;
	}
	tell(ed, key, old, changed);
	return true;
}

bool
edit_set_flow(struct edit *ed, const char *key, const char *flow,
    struct err *e)
{
	const char *old = shown(ed, key);
	bool changed;

	if (!ensure_maps(ed, key, e)
	    || !yaml_set_block(ed->yaml, key, pool_printf(ed->pool,
	    "%s: %s\n", key + last_part(key), flow), &changed, e))
		return false;
	tell(ed, key, old, changed);
	return true;
}

bool
edit_remove(struct edit *ed, const char *key, struct err *e)
{
	const char *old = shown(ed, key);
	bool changed;

	if (!yaml_remove(ed->yaml, key, &changed, e))
		return false;
	tell(ed, key, old, changed);
	return true;
}

bool
edit_append(struct edit *ed, const char *key, const char *item,
    struct err *e)
{
	bool none = yaml_kind(ed->yaml, key) == YAML_NONE
	    || yaml_kind(ed->yaml, key) == YAML_NULL;
	bool changed;

	if (none) {
		struct json *quoted = json_string(item);
		struct buf block = buf_new(BLOCK_MAX);
		bool ok;

		buf_printf(&block, "%s:\n  - ", key);
		json_print(quoted, false, &block);
		buf_putc(&block, '\n');
		ok = yaml_set_block(ed->yaml, key, buf_str(&block), &changed,
		    e);
		buf_free(&block);
		json_free(quoted);
		if (!ok)
			return false;
	} else if (!yaml_append(ed->yaml, key, item, &changed, e)) {
		return false;
	}
	ed->changed = ed->changed || changed;
	ed->tell(key, changed ? "(without)" : NULL, config_show_text(item),
	    changed);
	return true;
}

bool
edit_copy(struct edit *ed, const char *key, const struct yaml *from,
    struct err *e)
{
	const char *old = shown(ed, key);
	bool changed;

	if (!yaml_copy(ed->yaml, key, from, &changed, e))
		return false;
	tell(ed, key, old, changed);
	return true;
}
