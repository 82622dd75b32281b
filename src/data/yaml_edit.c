/*
 * yaml_edit - change a YAML text in place: one splice of bytes per edit.
 *
 * Each edit says which place of the tree it means to change. The spliced
 * text is parsed, both trees are walked side by side, and only if nothing
 * else differs does the new text replace the old one. So a rare form of
 * YAML can make an edit fail, but never damage a file.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "data/yaml_tree.h"

/* What an edit means to do; exactly one of the first four is set. */
struct edit {
	const struct yaml_node *change;	/* this value */
	const struct yaml_node *remove;	/* this pair */
	const struct yaml_node *into;	/* this map or list */
	bool into_nothing;		/* a pair in an empty document */
	const struct yaml_node *after;	/* behind this child of it */
	const char *key;		/* of the new pair; NULL: an item */
	const struct yaml_node *found;	/* the new value, once walked */
	size_t start, end;		/* bytes to take out */
	struct buf text;		/* bytes to put there */
};

static struct edit
edit_new(const struct yaml *y)
{
	return (struct edit){ .text = buf_new(y->len + 16 * 1024 * 1024) };
}

/* "name:line:column: PATH why; edit it by hand". What is not there yet has
 * the place of what it would be in. */
static bool
refuse_place(const struct yaml *y, const char *path, const char *why,
    struct err *e)
{
	struct pool *pool = pool_new();
	const struct yaml_node *node = yaml_tree_at(y->root, path);
	const char *up = path, *key;
	uint32_t line, column;

	while (node == NULL) {
		up = yaml_tree_parent(pool, up, &key);
		node = yaml_tree_at(y->root, up);
	}
	line = node->key != NULL ? node->key->line : node->line;
	column = node->key != NULL ? node->key->column : node->column;
	err_set(e, ERR_HAND, "%s:%u:%u: %s %s; edit it by hand", y->name,
	    line + 1, column + 1, *path != '\0' ? path : "the document",
	    why);
	pool_free(pool);
	return false;
}

static bool
has_anchor(const struct yaml_node *node)
{
	if (node->anchored || (node->key != NULL && node->key->anchored))
		return true;
	for (const struct yaml_node *c = yaml_tree_first(node); c != NULL;
	    c = c->next)
		if (has_anchor(c))
			return true;
	return false;
}

static bool
has_anchor_or_alias(const struct yaml_node *node)
{
	if (node->anchored || node->is_alias)
		return true;
	for (const struct yaml_node *c = yaml_tree_first(node); c != NULL;
	    c = c->next)
		if (has_anchor_or_alias(c))
			return true;
	return false;
}

/* ---- lines ---- */

static size_t
line_start(const struct yaml *y, size_t at)
{
	while (at > y->bom && y->text[at - 1] != '\n')
		at--;
	return at;
}

/* Where the line's text ends: before \r\n, \n, or at the end. */
static size_t
line_end(const struct yaml *y, size_t at)
{
	while (at < y->len && y->text[at] != '\n')
		at++;
	if (at < y->len && at > 0 && y->text[at - 1] == '\r')
		at--;
	return at;
}

static size_t
line_next(const struct yaml *y, size_t at)
{
	while (at < y->len && y->text[at] != '\n')
		at++;
	return at < y->len ? at + 1 : at;
}

static const char *
line_break(const struct yaml *y)
{
	const char *lf = memchr(y->text, '\n', y->len);

	return lf != NULL && lf > y->text && lf[-1] == '\r' ? "\r\n" : "\n";
}

static bool
only_blanks(const char *text, size_t from, size_t to)
{
	while (from < to && text[from] == ' ')
		from++;
	return from >= to;
}

/* Line ends that YAML knows but editors, and we, don't count as lines. */
static bool
has_odd_breaks(const struct yaml *y)
{
	for (const char *p = y->text; (p = strchr(p, '\r')) != NULL; p++)
		if (p[1] != '\n')
			return true;
	return strstr(y->text, "\xc2\x85") != NULL
	    || strstr(y->text, "\xe2\x80\xa8") != NULL
	    || strstr(y->text, "\xe2\x80\xa9") != NULL;
}

static bool
keeps_blank_lines(const struct yaml *y, const struct yaml_node *scalar)
{
	size_t end = line_end(y, scalar->start);

	return memchr(y->text + scalar->start, '+', end - scalar->start)
	    != NULL;
}

/*
 * The end of what is written for a node. libyaml ends a block where the next
 * token begins, with all blank lines and comments between; a block scalar's
 * trailing blank lines count only if its header says so.
 */
static size_t
node_end(const struct yaml *y, const struct yaml_node *node)
{
	size_t end = node->end, header;

	if (node->is_alias || node->style != STYLE_BLOCK)
		return end;
	if (yaml_tree_first(node) != NULL)
		return node_end(y, yaml_tree_last(node));
	header = line_end(y, node->start);
	if (keeps_blank_lines(y, node))
		return end;
	while (end > header && strchr(" \t\r\n", y->text[end - 1]) != NULL)
		end--;
	return end;
}

/* The end of the lines on which a pair stands, with their last break. */
static size_t
pair_lines_end(const struct yaml *y, const struct yaml_node *value)
{
	size_t end = node_end(y, value);

	if (end > 0 && y->text[end - 1] == '\n')
		return end;	/* a block scalar that keeps blank lines */
	return line_next(y, end);
}

/* Does the pair stand in lines of its own? */
static bool
has_own_lines(const struct yaml *y, const struct yaml_node *value)
{
	return value->key != NULL && value->parent->style == STYLE_BLOCK
	    && only_blanks(y->text, line_start(y, value->key->start),
		value->key->start);
}

/* ---- the proof ---- */

static bool proven(const struct yaml_node *, const struct yaml_node *,
    struct edit *);

static bool
proven_pair(const struct yaml_node *old, const struct yaml_node *new,
    struct edit *x)
{
	if ((old->key == NULL) != (new->key == NULL))
		return false;
	if (old->key != NULL && strcmp(old->key->text, new->key->text) != 0)
		return false;
	return proven(old, new, x);
}

/* Is this the pair or item that the edit adds? */
static bool
is_new(const struct yaml_node *node, bool at_end, const struct edit *x)
{
	if (x->found != NULL)
		return false;
	if (x->key == NULL)
		return at_end && node->key == NULL;
	return node->key != NULL && strcmp(node->key->text, x->key) == 0;
}

/* Children of `in`, from a up to stop, beside those from b up to the end. */
static bool
proven_children(const struct yaml_node *in, const struct yaml_node *a,
    const struct yaml_node *stop, const struct yaml_node *b, struct edit *x)
{
	for (;;) {
		if (a != stop && a == x->remove) {
			a = a->next;
		} else if (b != NULL && in == x->into
		    && is_new(b, a == stop, x)) {
			x->found = b;
			b = b->next;
		} else if (a == stop || b == NULL) {
			return a == stop && b == NULL
			    && (in != x->into || x->found != NULL);
		} else {
			if (!proven_pair(a, b, x))
				return false;
			a = a->next;
			b = b->next;
		}
	}
}

/* Are the trees equal but for what the edit is about? */
static bool
proven(const struct yaml_node *old, const struct yaml_node *new,
    struct edit *x)
{
	if (old == x->change && x->change != NULL) {
		x->found = new;
		return true;
	}
	if (old->is_alias != new->is_alias
	    || old->anchored != new->anchored || old->kind != new->kind)
		return false;
	/* what the alias stands for may be what was changed */
	if (old->is_alias)
		return yaml_tree_same(old, new);
	if (old->kind == YAML_MAP || old->kind == YAML_SEQ)
		return proven_children(old, yaml_tree_first(old), NULL,
		    yaml_tree_first(new), x);
	return strcmp(old->text, new->text) == 0;
}

static bool
proven_document(const struct yaml_node *old, const struct yaml_node *new,
    struct edit *x)
{
	if (x->into_nothing) {
		x->found = yaml_tree_first(new);
		return x->found != NULL && x->found->next == NULL
		    && x->found->key != NULL
		    && strcmp(x->found->key->text, x->key) == 0;
	}
	if (x->remove != NULL && x->remove->parent == old
	    && old->in->child->next == NULL)
		return new->kind == YAML_NULL;
	return proven(old, new, x);
}

/* Is the value there now, as it was meant? want NULL: nothing is. */
static bool
is_wanted(const struct edit *x, const struct yaml_node *want)
{
	return want == NULL ||
	    (x->found != NULL && yaml_tree_same(x->found, want));
}

static char *
spliced(const struct yaml *y, const struct edit *x, size_t *len)
{
	char *text;

	*len = y->len - (x->end - x->start) + x->text.len;
	text = mem_alloc(*len + 1);
	memcpy(text, y->text, x->start);
	if (x->text.len > 0)
		memcpy(text + x->start, x->text.data, x->text.len);
	memcpy(text + x->start + x->text.len, y->text + x->end,
	    y->len - x->end);
	return text;
}

static void
take_text(struct yaml *y, char *text, size_t len)
{
	mem_wipe(y->text, y->len);
	mem_free(y->text);
	y->text = text;
	y->len = len;
}

/* The document's own pair that the edit is in, or comes behind. */
static struct yaml_node *
pair_around(const struct yaml *y, const struct edit *x)
{
	const struct yaml_node *node = x->change != NULL ? x->change :
	    x->remove != NULL ? x->remove : x->into;

	if (node == y->root)
		node = x->after;
	while (node != NULL && node->parent != y->root)
		node = node->parent;
	return node != NULL ? yaml_tree_pair(y->root, node->key->text) : NULL;
}

static uint32_t
count_lines(const char *text, size_t from, size_t to)
{
	uint32_t n = 0;

	while (from < to)
		n += text[from++] == '\n';
	return n;
}

/* The part of the document around an edit: whole lines, whole pairs. */
struct part {
	struct yaml_node *from, *to;
	size_t start, end;		/* in the old text */
};

/*
 * A removed pair is looked at with the one before, which gets what is left
 * of its lines. false: there is no such part.
 */
static bool
part_around(const struct yaml *y, const struct edit *x, struct part *p)
{
	struct yaml_node *next;

	if (y->root->kind != YAML_MAP || y->root->style != STYLE_BLOCK
	    || y->root->in->merges || *y->warnings != '\0'
	    || (p->to = pair_around(y, x)) == NULL)
		return false;
	p->from = p->to;
	next = p->to->next;
	if (p->to == x->remove)
		p->from = yaml_tree_before(y->root, p->to);
	if (p->from == NULL)
		return false;
	p->start = line_start(y, p->from->key->start);
	p->end = next != NULL ? line_start(y, next->key->start) : y->len;
	return x->start >= p->from->key->start
	    && x->end <= p->end
	    && only_blanks(y->text, p->start, p->from->key->start)
	    && (next == NULL
		|| only_blanks(y->text, p->end, next->key->start))
	    && !has_anchor(p->from) && !has_anchor(p->to);
}

/*
 * In a large document an edit is proven within its part: a pair of the
 * outermost map begins a line, and nothing within it can tell what comes
 * before or behind. false: not so, or not proven; nothing is changed.
 */
static bool
apply_in_part(struct yaml *y, struct edit *x, const struct yaml_node *want)
{
	struct part p;
	struct yaml_place at, by;
	struct yaml_node *root, *stop;
	char *text, *lines;
	size_t len, end;

	if (!part_around(y, x, &p))
		return false;
	text = spliced(y, x, &len);
	end = p.end + (len - y->len);
	at = (struct yaml_place){ (uint32_t)p.start, p.from->key->line };
	lines = mem_alloc(end - p.start + 1);
	memcpy(lines, text + p.start, end - p.start);
	root = yaml_tree_part(y->pool, lines, end - p.start, at);
	stop = p.to->next;
	by.byte = (uint32_t)(len - y->len);
	by.line = count_lines(lines, 0, end - p.start)
	    - count_lines(y->text, p.start, p.end);
	mem_wipe(lines, end - p.start);
	mem_free(lines);
	if (root == NULL || root->in->child->key->line != at.line
	    || root->in->child->key->column != p.from->key->column
	    || !proven_children(y->root, p.from, stop, root->in->child, x)
	    || !is_wanted(x, want)
	    || !yaml_tree_splice(y->pool, y->root, p.from, p.to, root, by)) {
		mem_wipe(text, len);
		mem_free(text);
		x->found = NULL;
		return false;
	}
	take_text(y, text, len);
	return true;
}

/* Splice, prove, and take the new text; else leave everything. */
static bool
apply(struct yaml *y, const char *path, struct edit *x,
    const struct yaml_node *want, struct err *e)
{
	size_t len;
	char *text, *warnings = NULL;
	struct pool *pool;
	struct yaml_node *root;
	struct err inner = { 0 };

	if (apply_in_part(y, x, want)) {
		buf_free(&x->text);
		return true;
	}
	pool = pool_new();
	text = spliced(y, x, &len);
	root = yaml_tree_build(pool, text, len, y->bom, y->name, &warnings,
	    &inner);
	buf_free(&x->text);
	if (root == NULL || !proven_document(y->root, root, x)
	    || !is_wanted(x, want)) {
		mem_wipe(text, len);
		mem_free(text);
		pool_free(pool);
		return refuse_place(y, path, "can't be changed in place "
		    "without changing other values", e);
	}
	take_text(y, text, len);
	pool_free(y->pool);
	y->pool = pool;
	y->root = root;
	y->warnings = warnings;
	return true;
}

/* ---- places ---- */

/* Is it written where the path says, and not brought in by an alias? */
static bool
stands_there(const struct yaml *y, const char *path)
{
	bool borrowed;

	return yaml_tree_find(y->root, path, &borrowed) != NULL && !borrowed;
}

static bool
check_editable(const struct yaml *y, const char *path,
    const struct yaml_node *node, struct err *e)
{
	if (has_odd_breaks(y))
		return refuse_place(y, path, "stands in a file with line ends "
		    "other than LF and CRLF", e);
	if (!stands_there(y, path))
		return refuse_place(y, path,
		    "is brought in by an alias or a merge key", e);
	if (node->anchored)
		return refuse_place(y, path,
		    "has an anchor that others may refer to", e);
	return true;
}

/* The map that holds the path's last key (in the pool), or an error. */
static struct yaml_node *
map_for(struct yaml *y, struct pool *pool, const char *path, const char **key,
    struct err *e)
{
	const char *up = yaml_tree_parent(pool, path, key);
	struct yaml_node *map = yaml_tree_at(y->root, up);

	if (map == NULL) {
		err_set(e, ERR_NOT_FOUND, "%s:1:1: there is no %s to put %s "
		    "in", y->name, up, *key);
		return NULL;
	}
	if (map == y->root && map->kind == YAML_NULL
	    && map->start == map->end)
		return map;
	if (map->kind != YAML_MAP) {
		refuse_place(y, up, pool_printf(pool, "is no map that could "
		    "hold %s", *key), e);
		return NULL;
	}
	if (map->is_alias) {
		refuse_place(y, up, "is an alias of another map", e);
		return NULL;
	}
	return check_editable(y, up, map, e) ? map : NULL;
}

static void
add_key(struct buf *out, struct pool *pool, const char *key)
{
	enum yaml_kind kind;
	const char *text;

	if (*key != '\0' && strspn(key, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(key)
	    && yaml_scalar_resolve(pool, key, true, NULL, &kind, &text)
	    && kind == YAML_STRING)
		buf_puts(out, key);
	else
		yaml_scalar_quote(out, key, STYLE_DOUBLE);
}

/* ---- adding ---- */

/* OPENEDX_MYSQL_HOST is of a kind with MYSQL_HOST. */
static const char *
kind_of(const char *key)
{
	static const char *const whose[] = { "OPENEDX_", "TUTOR_" };

	for (size_t i = 0; i < sizeof whose / sizeof *whose; i++)
		if (text_starts(key, whose[i]))
			key += strlen(whose[i]);
	return key;
}

/* How many words with _ between do they begin with alike? */
static int
words_alike(const char *a, const char *b)
{
	int n = 0;

	for (; *a != '\0' && *a == *b; a++, b++)
		n += *a == '_';
	return n + ((*a == '\0' || *a == '_') && (*b == '\0' || *b == '_'));
}

/* The pair that a new key goes behind: the last of those most alike, or the
 * last of all. */
static const struct yaml_node *
kin_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *kin = yaml_tree_last(map);
	int most = 0;

	for (const struct yaml_node *c = yaml_tree_first(map); c != NULL;
	    c = c->next) {
		const char *other = c->key->text;
		int kind = words_alike(kind_of(key), kind_of(other));
		int alike = 2 * kind + (words_alike(key, other) > kind);

		if (alike > 0 && alike >= most) {
			most = alike;
			kin = c;
		}
	}
	return kin;
}

/* Put lines (each with its break) after a pair or item of a block. */
static void
lines_after(const struct yaml *y, const struct yaml_node *after,
    struct edit *x, const char *lines, size_t len)
{
	size_t end = node_end(y, after);
	const char *eol = line_break(y);

	x->into = after->parent;
	x->after = after;
	if (end > 0 && y->text[end - 1] == '\n') {
		x->start = x->end = end;
		buf_add(&x->text, lines, len);
		return;
	}
	x->start = x->end = line_end(y, end);
	buf_puts(&x->text, eol);
	buf_add(&x->text, lines, len - strlen(eol));
}

/* In a document without a value; a line with its end stays behind. */
static void
lines_at_end(const struct yaml *y, struct edit *x, const char *lines,
    size_t len)
{
	size_t at = y->bom;

	while (at < y->len && !text_starts(y->text + at, "..."))
		at = line_next(y, at);
	x->into_nothing = true;
	x->start = x->end = at;
	if (x->start > y->bom && y->text[x->start - 1] != '\n')
		buf_puts(&x->text, line_break(y));
	buf_add(&x->text, lines, len);
}

/* KEY: {} becomes KEY: and lines below it. */
static bool
lines_for_braces(const struct yaml *y, const struct yaml_node *map,
    struct edit *x, const char *lines, size_t len)
{
	size_t start = map->start, end = line_end(y, map->end);
	size_t rest = map->end;

	x->into = map;
	if (map->key == NULL || map->parent->style != STYLE_BLOCK)
		return false;
	while (rest < end && y->text[rest] == ' ')
		rest++;
	if (rest < end && y->text[rest] != '#')
		return false;
	while (start > 0 && y->text[start - 1] == ' ')
		start--;
	x->start = start;
	x->end = end;
	buf_add(&x->text, y->text + map->end, end - map->end);
	buf_puts(&x->text, line_break(y));
	buf_add(&x->text, lines, len - strlen(line_break(y)));
	return true;
}

/* {a: 1} gets one more pair, or [a] one more item, on its line. */
static void
pair_in_braces(const struct yaml *y, const struct yaml_node *map,
    struct edit *x, const char *pair, size_t len)
{
	size_t at = map->start;

	x->into = map;
	if (yaml_tree_last(map) == NULL) {
		at += strcspn(y->text + at, "{[") + 1;
		x->start = x->end = at;
		buf_add(&x->text, pair, len);
		return;
	}
	at = node_end(y, yaml_tree_last(map));
	while (y->text[at] == ' ')
		at++;
	if (y->text[at] == ',') {
		at++;
		buf_puts(&x->text, " ");
	} else {
		at = node_end(y, yaml_tree_last(map));
		buf_puts(&x->text, ", ");
	}
	x->start = x->end = at;
	buf_add(&x->text, pair, len);
}

/* Columns before a key, or before the ? in front of it. */
static int
column_of(const struct yaml *y, const struct yaml_key *key)
{
	size_t at = key->start;

	while (at > y->bom && y->text[at - 1] == ' ')
		at--;
	if (at > y->bom && at < key->start && y->text[at - 1] == '?')
		return (int)(key->column - (key->start - at) - 1);
	return (int)key->column;
}

/* Columns before the keys of a map, or of one that is to become lines. */
static int
indent_of(const struct yaml *y, const struct yaml_node *map)
{
	const struct yaml_node *first = yaml_tree_first(map);

	if (first != NULL && map->style == STYLE_BLOCK)
		return column_of(y, first->key);
	return map->key != NULL ? column_of(y, map->key) + 2 : 0;
}

/* Add `KEY: token` to the map at the path. */
static bool
add_pair(struct yaml *y, const char *path, const char *token,
    const struct yaml_node *want, struct err *e)
{
	struct pool *pool = pool_new();
	struct edit x = edit_new(y);
	const char *key;
	struct yaml_node *map = map_for(y, pool, path, &key, e);
	struct buf pair = buf_new(x.text.limit);
	bool ok = map != NULL;

	if (!ok)
		goto out;
	x.key = key;
	if (map->style == STYLE_BLOCK && map->kind == YAML_MAP)
		buf_printf(&pair, "%*s", indent_of(y, map), "");
	add_key(&pair, pool, key);
	buf_printf(&pair, ": %s", token);
	if (map->style == STYLE_FLOW) {
		pair_in_braces(y, map, &x, buf_str(&pair), pair.len);
	} else {
		buf_puts(&pair, line_break(y));
		if (map->kind == YAML_NULL)
			lines_at_end(y, &x, buf_str(&pair), pair.len);
		else
			lines_after(y, kin_of(map, key), &x, buf_str(&pair),
			    pair.len);
	}
	ok = apply(y, path, &x, want, e);
out:
	buf_free(&x.text);
	buf_free(&pair);
	pool_free(pool);
	return ok;
}

bool
yaml_append(struct yaml *y, const char *path, const char *value,
    bool *changed, struct err *e)
{
	struct yaml_node *seq = yaml_tree_at(y->root, path);
	struct yaml_node want = { .kind = YAML_STRING, .text = value };
	struct edit x = edit_new(y);
	struct buf item = buf_new(x.text.limit);
	bool ok;

	*changed = false;
	if (seq == NULL || seq->kind != YAML_SEQ || seq->is_alias)
		return refuse_place(y, path, "is no list", e);
	for (size_t i = 0; i < yaml_tree_len(seq); i++)
		if (yaml_tree_same(seq->in->items[i], &want))
			return true;
	if (!check_editable(y, path, seq, e))
		return false;
	if (seq->style == STYLE_FLOW) {
		yaml_scalar_quote(&item, value, STYLE_DOUBLE);
		pair_in_braces(y, seq, &x, buf_str(&item), item.len);
	} else {
		buf_printf(&item, "%*s- ", (int)seq->column, "");
		yaml_scalar_quote(&item, value, STYLE_DOUBLE);
		buf_puts(&item, line_break(y));
		lines_after(y, yaml_tree_last(seq), &x, buf_str(&item),
		    item.len);
	}
	ok = apply(y, path, &x, &want, e);
	buf_free(&item);
	*changed = ok;
	return ok;
}

/* ---- scalars ---- */

/* The value's place takes the token. */
static bool
put_token(struct yaml *y, const char *path, const struct yaml_node *node,
    const char *token, const struct yaml_node *want, struct err *e)
{
	struct edit x = edit_new(y);
	size_t header = line_end(y, node->start);
	bool empty = node->start == node->end;

	if (node->style == STYLE_BLOCK
	    && memchr(y->text + node->start, '#', header - node->start))
		return refuse_place(y, path,
		    "has a comment within its value", e);
	x.change = node;
	x.start = node->start;
	x.end = node_end(y, node);
	if (node->style == STYLE_BLOCK && x.end > 0)
		while (x.end > header
		    && strchr("\r\n", y->text[x.end - 1]) != NULL)
			x.end--;
	if (empty && (x.start == 0 || !strchr(":-", y->text[x.start - 1])))
		return refuse_place(y, path, "has no place for a value", e);
	if (empty)
		buf_putc(&x.text, ' ');
	buf_puts(&x.text, token);
	return apply(y, path, &x, want, e);
}

static bool
is_digits(const char *s)
{
	if (*s == '-')
		s++;
	return *s != '\0' && strspn(s, "0123456789") == strlen(s)
	    && (s[0] != '0' || s[1] == '\0');
}

/* The text of a scalar as it is written, and what it will be read as. */
static void
make_token(struct buf *token, struct yaml_node *want, const char *value,
    enum yaml_style old)
{
	want->text = value;
	switch (want->kind) {
	case YAML_STRING:
		yaml_scalar_quote(token, value, old);
		return;
	case YAML_BOOL:
		assert(text_same(value, "true") || text_same(value, "false"));
		break;
	case YAML_INT:
		assert(is_digits(value));
		break;
	default:
		assert(want->kind == YAML_NULL);
		want->text = "";
		buf_puts(token, "null");
		return;
	}
	buf_puts(token, value);
}

bool
yaml_set(struct yaml *y, const char *path, enum yaml_kind kind,
    const char *value, bool tutor, bool *changed, struct err *e)
{
	struct yaml_node *node = yaml_tree_at(y->root, path);
	struct yaml_node want = { .kind = kind };
	struct buf escaped = buf_new(16 * 1024 * 1024);
	struct buf token = buf_new(64 * 1024 * 1024);
	bool ok = true;

	*changed = false;
	if (tutor && kind == YAML_STRING) {
		yaml_tutor_escape(&escaped, value);
		value = buf_str(&escaped);
	}
	make_token(&token, &want, value,
	    node != NULL ? node->style : STYLE_DOUBLE);
	if (node != NULL && yaml_tree_same(node, &want))
		goto out;
	if (node == NULL)
		ok = add_pair(y, path, buf_str(&token), &want, e);
	else if (node->kind == YAML_MAP || node->kind == YAML_SEQ)
		ok = refuse_place(y, path,
		    "holds a map or a list, not a single value", e);
	else
		ok = check_editable(y, path, node, e) && put_token(y, path,
		    node, buf_str(&token), &want, e);
	*changed = ok;
out:
	if (token.data != NULL)
		mem_wipe(token.data, token.len);
	if (escaped.data != NULL)
		mem_wipe(escaped.data, escaped.len);
	buf_free(&token);
	buf_free(&escaped);
	return ok;
}

/* ---- removing ---- */

static bool
remove_lines(struct yaml *y, const char *path, const struct yaml_node *node,
    struct err *e)
{
	const struct yaml_node *map = node->parent;
	struct edit x = edit_new(y);
	size_t colon;

	x.remove = node;
	x.start = line_start(y, node->key->start);
	x.end = pair_lines_end(y, node);
	if (map->in->child->next == NULL && map->key != NULL) {
		size_t lines = x.start;

		colon = map->key->end;
		while (y->text[colon] == ' ')
			colon++;
		if (y->text[colon] != ':')
			return refuse_place(y, path, "is all that its map "
			    "holds", e);
		x.start = colon + 1;
		buf_puts(&x.text, " {}");
		buf_add(&x.text, y->text + x.start, lines - x.start);
	} else if (x.end == y->len && y->text[x.end - 1] != '\n'
	    && x.start > y->bom) {
		x.start = line_end(y, x.start - 1);
	}
	return apply(y, path, &x, NULL, e);
}

static bool
remove_in_braces(struct yaml *y, const char *path,
    const struct yaml_node *node, struct err *e)
{
	const struct yaml_node *before = node->parent->in->child;
	struct edit x = edit_new(y);

	if (before == node)
		before = NULL;
	while (before != NULL && before->next != node)
		before = before->next;
	x.remove = node;
	x.start = node->key->start;
	x.end = node_end(y, node);
	if (node->next != NULL && node->next->key != NULL)
		x.end = node->next->key->start;
	else if (before != NULL)
		x.start = node_end(y, before);
	else
		x.end += strspn(y->text + x.end, " ,");
	if (memchr(y->text + x.start, '\n', x.end - x.start) != NULL)
		return refuse_place(y, path,
		    "stands in braces over several lines", e);
	return apply(y, path, &x, NULL, e);
}

bool
yaml_remove(struct yaml *y, const char *path, bool *changed, struct err *e)
{
	struct yaml_node *node;

	*changed = false;
	while ((node = yaml_tree_at(y->root, path)) != NULL) {
		if (node->key == NULL)
			return refuse_place(y, path, "is no pair of a map", e);
		if (!check_editable(y, path, node, e))
			return false;
		if (node->parent->style == STYLE_FLOW) {
			if (!remove_in_braces(y, path, node, e))
				return false;
		} else if (!has_own_lines(y, node)) {
			return refuse_place(y, path, "shares its line", e);
		} else if (!remove_lines(y, path, node, e)) {
			return false;
		}
		*changed = true;
	}
	return true;
}

/* ---- blocks ---- */

const char *
yaml_block(const struct yaml *y, const char *path)
{
	const struct yaml_node *node = yaml_tree_at(y->root, path);
	size_t start, end;

	if (node == NULL || *path == '\0' || !stands_there(y, path)
	    || !has_own_lines(y, node))
		return NULL;
	start = line_start(y, node->key->start);
	end = pair_lines_end(y, node);
	return pool_printf(y->keep, "%.*s%s", (int)(end - start),
	    y->text + start, y->text[end - 1] == '\n' ? "" : line_break(y));
}

/* The block's lines with `indent` blanks before the first, the others moved
 * along, and the file's line ends. */
static void
reindent(const struct yaml *y, const char *block, int indent,
    struct buf *out)
{
	int had = (int)strspn(block, " ");

	while (*block != '\0') {
		size_t len = strcspn(block, "\n");
		size_t text = len > 0 && block[len - 1] == '\r' ?
		    len - 1 : len;
		size_t blanks = strspn(block, " ");

		/* blanks of a blank line may belong to a block scalar */
		if (text > 0) {
			int now = (int)blanks + indent - had;

			buf_printf(out, "%*s", now > 0 ? now : 0, "");
			buf_add(out, block + blanks, text - blanks);
		}
		buf_puts(out, line_break(y));
		block += block[len] == '\n' ? len + 1 : len;
	}
}

/* A comment behind a value that is replaced moves to the first new line. */
static void
keep_comment(const struct yaml *y, const struct yaml_node *node,
    struct buf *lines, struct pool *pool)
{
	size_t end = node_end(y, node), stop = line_end(y, end), at = end;
	const char *rest, *eol;

	/* those of a block's last line are within what is replaced */
	if (node->style == STYLE_BLOCK)
		return;
	while (at < stop && (y->text[at] == ' ' || y->text[at] == '\t'))
		at++;
	if (at >= stop || y->text[at] != '#')
		return;
	rest = pool_strdup(pool, buf_str(lines));
	eol = strpbrk(rest, "\r\n");
	buf_clear(lines);
	buf_add(lines, rest, (size_t)(eol - rest));
	buf_add(lines, y->text + end, stop - end);
	buf_puts(lines, eol);
}

static bool
replace_lines(struct yaml *y, const char *path, const struct yaml_node *node,
    struct buf *lines, const struct yaml_node *want, struct err *e)
{
	struct pool *pool = pool_new();
	struct edit x = edit_new(y);
	bool ok;

	keep_comment(y, node, lines, pool);
	pool_free(pool);
	x.change = node;
	x.start = line_start(y, node->key->start);
	x.end = pair_lines_end(y, node);
	buf_add(&x.text, buf_str(lines), lines->len);
	if (x.end == y->len && y->text[x.end - 1] != '\n')
		x.text.len -= strlen(line_break(y));
	ok = apply(y, path, &x, want, e);
	return ok;
}

static bool
add_lines(struct yaml *y, const char *path, struct yaml_node *map,
    const char *key, const struct buf *lines, const struct yaml_node *want,
    struct err *e)
{
	struct edit x = edit_new(y);
	bool ok = true;

	x.key = key;
	if (map->kind == YAML_NULL)
		lines_at_end(y, &x, lines->data, lines->len);
	else if (map->style == STYLE_BLOCK)
		lines_after(y, kin_of(map, key), &x, lines->data,
		    lines->len);
	else
		ok = yaml_tree_first(map) == NULL && lines_for_braces(y, map,
		    &x, lines->data, lines->len);
	if (!ok) {
		buf_free(&x.text);
		return refuse_place(y, path,
		    "would have to go between braces", e);
	}
	return apply(y, path, &x, want, e);
}

/* The block's value, with its one key checked. */
static const struct yaml_node *
block_value(const struct yaml *block, const char *key, struct err *e)
{
	const struct yaml_node *pair = yaml_tree_first(block->root);

	if (pair == NULL || pair->next != NULL || pair->key == NULL
	    || strcmp(pair->key->text, key) != 0) {
		err_set(e, ERR_INPUT, "%s: not one key %s with its value",
		    block->name, key);
		return NULL;
	}
	if (has_anchor_or_alias(pair)) {
		err_set(e, ERR_HAND, "%s: %s has anchors or aliases, which "
		    "may mean something else there; copy it by hand",
		    block->name, key);
		return NULL;
	}
	return pair;
}

bool
yaml_set_block(struct yaml *y, const char *path, const char *block,
    bool *changed, struct err *e)
{
	struct pool *pool = pool_new();
	const char *key;
	struct buf lines = buf_new(64 * 1024 * 1024);
	struct yaml_node *map, *node = yaml_tree_at(y->root, path);
	struct yaml *parsed = NULL;
	const struct yaml_node *want = NULL;
	bool ok = false;

	*changed = false;
	yaml_tree_parent(pool, path, &key);
	parsed = yaml_parse(block, strlen(block), key, e);
	if (parsed != NULL)
		want = block_value(parsed, key, e);
	if (want == NULL)
		goto out;
	ok = true;
	if (node != NULL && yaml_tree_same(node, want))
		goto out;
	if (node != NULL) {
		ok = check_editable(y, path, node, e);
		if (ok && !has_own_lines(y, node))
			ok = refuse_place(y, path, "shares its line", e);
		if (ok) {
			reindent(y, block, (int)node->key->column,
			    &lines);
			ok = replace_lines(y, path, node, &lines, want, e);
		}
	} else {
		map = map_for(y, pool, path, &key, e);
		if (map != NULL)
			reindent(y, block, indent_of(y, map), &lines);
		ok = map != NULL
		    && add_lines(y, path, map, key, &lines, want, e);
	}
	*changed = ok;
out:
	if (lines.data != NULL)
		mem_wipe(lines.data, lines.len);
	buf_free(&lines);
	yaml_close(parsed);
	pool_free(pool);
	return ok;
}

/* A value that stands on one line and means the same anywhere. */
static const char *
one_line_token(const struct yaml *from, const struct yaml_node *node,
    struct pool *pool)
{
	const char *text = from->text + node->start;
	size_t len = node->end - node->start;

	if (node->style == STYLE_BLOCK)
		return NULL;
	if (len == 0)
		return "null";
	if (memchr(text, '\n', len) != NULL)
		return NULL;
	return pool_strndup(pool, text, len);
}

bool
yaml_copy(struct yaml *y, const char *path, const struct yaml *from,
    bool *changed, struct err *e)
{
	struct pool *pool = pool_new();
	struct yaml_node *node = yaml_tree_at(y->root, path);
	const struct yaml_node *source = yaml_tree_at(from->root, path);
	const char *token, *block;
	bool ok = true;

	*changed = false;
	if (source == NULL)
		ok = err_set(e, ERR_NOT_FOUND, "%s: there is no %s",
		    from->name, path);
	else if (has_anchor_or_alias(source))
		ok = refuse_place(from, path, "has anchors or aliases, which "
		    "may mean something else elsewhere", e);
	if (!ok || (node != NULL && yaml_tree_same(node, source)))
		goto out;
	token = one_line_token(from, source, pool);
	if (token != NULL && node == NULL) {
		ok = add_pair(y, path, token, source, e);
	} else if (token != NULL && (yaml_tree_first(node) == NULL
	    || node->style == STYLE_FLOW)) {
		ok = check_editable(y, path, node, e)
		    && put_token(y, path, node, token, source, e);
	} else {
		block = yaml_block(from, path);
		ok = block != NULL ?
		    yaml_set_block(y, path, block, changed, e) :
		    refuse_place(from, path, "shares its lines", e);
	}
	*changed = ok;
out:
	pool_free(pool);
	return ok;
}
