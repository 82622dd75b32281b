/*
 * yaml - see yaml.h: the tree of a document, and reading from it.
 *
 * libyaml's parser gives events with marks; its marks count characters, so
 * they are turned into bytes here.
 */
#include "data/yaml.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml_tree.h"

enum {
	FILE_MAX = 16 * 1024 * 1024,
	DEPTH_MAX = 200,	/* levels of settings; a bomb has more */
	MERGED_MAX = 100000,	/* pairs looked at for all merge keys */
	ALIAS_MAX = 1000000,	/* nodes looked at in one comparison, */
	ALIAS_DEPTH_MAX = 1000,	/* and levels that aliases may make */
	BUCKETS = 1024,		/* of anchors, by name */
};

struct anchor {
	struct anchor *next;
	const char *name;
	struct yaml_node *node;
};

struct build {
	struct pool *pool;
	const char *name, *text;	/* text without the mark */
	size_t bom;
	size_t chars, bytes;		/* the last mark turned into bytes */
	struct anchor *anchors[BUCKETS];
	struct yaml_node *root;
	struct yaml_node *open[DEPTH_MAX];	/* not ended yet */
	struct yaml_node *key;		/* waits for its value */
	size_t depth, merged;
	int documents;
	struct buf warnings;
	struct err *e;
};

/* What an alias stands for; anything else is itself. */
static const struct yaml_node *
real_node(const struct yaml_node *node)
{
	while (node != NULL && node->alias != NULL)
		node = node->alias;
	return node;
}

/* The pair of a map with this key, or NULL. */
static struct yaml_node *
pair_of(const struct yaml_node *map, const char *key)
{
	size_t low = 0, high = map->nitems;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(map->sorted[mid]->key->text, key);

		if (order == 0)
			return map->sorted[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Marks come in ascending order but for one key or so: go on from the last. */
static size_t
byte_at(struct build *b, const yaml_mark_t *mark)
{
	if (mark->index < b->chars)
		b->chars = b->bytes = 0;
	while (b->chars < mark->index) {
		b->bytes++;
		while (((unsigned char)b->text[b->bytes] & 0xc0) == 0x80)
			b->bytes++;
		b->chars++;
	}
	return b->bytes + b->bom;
}

static bool
refuse(struct build *b, const yaml_mark_t *mark, const char *what)
{
	return err_set(b->e, ERR_INPUT, "%s:%zu:%zu: %s", b->name,
	    mark->line + 1, mark->column + 1, what);
}

static struct yaml_node *
node_new(struct build *b, const yaml_event_t *event)
{
	struct yaml_node *node = pool_alloc(b->pool, sizeof *node);

	node->start = byte_at(b, &event->start_mark);
	node->end = byte_at(b, &event->end_mark);
	node->line = (int)event->start_mark.line;
	node->column = (int)event->start_mark.column;
	return node;
}

static struct anchor **
bucket_of(struct build *b, const char *name)
{
	unsigned h = 5381;

	for (; *name != '\0'; name++)
		h = h * 33 ^ (unsigned char)*name;
	return &b->anchors[h % BUCKETS];
}

static bool
remember_anchor(struct build *b, const yaml_char_t *name,
    struct yaml_node *node)
{
	struct anchor *anchor, **bucket;

	if (name == NULL)
		return true;
	bucket = bucket_of(b, (const char *)name);
	anchor = pool_alloc(b->pool, sizeof *anchor);
	anchor->name = pool_strdup(b->pool, (const char *)name);
	anchor->node = node;
	anchor->next = *bucket;
	*bucket = anchor;
	node->anchored = true;
	return true;
}

static bool
is_open(const struct build *b, const struct yaml_node *node)
{
	for (size_t i = 0; i < b->depth; i++)
		if (b->open[i] == node)
			return true;
	return false;
}

/* Give the node to the map or sequence that is open. */
static bool
place(struct build *b, struct yaml_node *node, const yaml_event_t *event)
{
	struct yaml_node *into = b->depth > 0 ? b->open[b->depth - 1] : NULL;

	if (into == NULL) {
		b->root = node;
		return true;
	}
	node->parent = into;
	if (into->kind == YAML_MAP && b->key == NULL) {
		if (node->kind == YAML_SEQ || node->kind == YAML_MAP
		    || node->alias != NULL)
			return refuse(b, &event->start_mark,
			    "a key must be a plain word or a string");
		b->key = node;
		return true;
	}
	node->key = b->key;
	b->key = NULL;
	if (into->last != NULL)
		into->last->next = node;
	else
		into->child = node;
	into->last = node;
	return true;
}

static bool
on_alias(struct build *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct yaml_node *node = node_new(b, event);
	struct anchor *anchor = *bucket_of(b, name);

	while (anchor != NULL && strcmp(anchor->name, name) != 0)
		anchor = anchor->next;
	if (anchor == NULL)
		return refuse(b, &event->start_mark,
		    "an alias without an anchor before it");
	if (is_open(b, anchor->node))
		return refuse(b, &event->start_mark,
		    "an alias to what it stands in");
	node->alias = anchor->node;
	node->kind = anchor->node->kind;
	node->text = anchor->node->text;
	return place(b, node, event);
}

static bool
on_scalar(struct build *b, const yaml_event_t *event)
{
	struct yaml_node *node = node_new(b, event);
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	yaml_scalar_style_t style = event->data.scalar.style;

	if (memchr(value, '\0', len) != NULL)
		return refuse(b, &event->start_mark,
		    "a NUL character in a value");
	node->style = style == YAML_PLAIN_SCALAR_STYLE ? STYLE_PLAIN :
	    style == YAML_SINGLE_QUOTED_SCALAR_STYLE ? STYLE_SINGLE :
	    style == YAML_DOUBLE_QUOTED_SCALAR_STYLE ? STYLE_DOUBLE :
	    STYLE_BLOCK;
	value = pool_strndup(b->pool, value, len);
	if (!yaml_scalar_resolve(b->pool, value, node->style == STYLE_PLAIN,
	    (const char *)event->data.scalar.tag, &node->kind, &node->text))
		return refuse(b, &event->start_mark,
		    "the tag is not known, or its value is of another kind");
	/* keys are addressed by what is written */
	if (b->depth > 0 && b->open[b->depth - 1]->kind == YAML_MAP
	    && b->key == NULL)
		node->text = value;
	return remember_anchor(b, event->data.scalar.anchor, node)
	    && place(b, node, event);
}

static bool
on_start(struct build *b, const yaml_event_t *event)
{
	struct yaml_node *node = node_new(b, event);
	bool map = event->type == YAML_MAPPING_START_EVENT;
	const char *tag = (const char *)(map ? event->data.mapping_start.tag :
	    event->data.sequence_start.tag);
	bool flow = map ?
	    event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE :
	    event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;

	if (b->depth == DEPTH_MAX)
		return refuse(b, &event->start_mark, "nested too deeply");
	node->kind = map ? YAML_MAP : YAML_SEQ;
	node->style = flow ? STYLE_FLOW : STYLE_BLOCK;
	if (tag != NULL && strcmp(tag, "!") != 0
	    && strcmp(tag, map ? "tag:yaml.org,2002:map" :
	    "tag:yaml.org,2002:seq") != 0)
		return refuse(b, &event->start_mark, "the tag is not known");
	if (!remember_anchor(b, map ? event->data.mapping_start.anchor :
	    event->data.sequence_start.anchor, node)
	    || !place(b, node, event))
		return false;
	b->open[b->depth++] = node;
	return true;
}

static int
by_key(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;
	int order = strcmp(x->key->text, y->key->text);

	if (order != 0)
		return order;
	return x->key->start < y->key->start ? -1 : 1;
}

static bool
is_merge(const struct yaml_node *child)
{
	return child->key != NULL && child->key->style == STYLE_PLAIN
	    && strcmp(child->key->text, "<<") == 0;
}

/* Of keys that are written twice the last counts; say so. */
static void
drop_doubles(struct build *b, struct yaml_node *map, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct yaml_node *this = map->sorted[i];
		bool last = i + 1 == n || strcmp(this->key->text,
		    map->sorted[i + 1]->key->text) != 0;

		if (last)
			map->sorted[kept++] = this;
		else
			buf_printf(&b->warnings, "%s:%d: %s is written again "
			    "in line %d; the last one counts\n", b->name,
			    this->key->line + 1, this->key->text,
			    map->sorted[i + 1]->key->line + 1);
	}
	map->nitems = kept;
}

static void
fill_items(struct yaml_node *map, const struct yaml_node *more)
{
	size_t n = 0;

	for (struct yaml_node *c = map->child; c != NULL; c = c->next)
		if (!is_merge(c) && pair_of(map, c->key->text) == c)
			map->items[n++] = c;
	for (size_t i = 0; more != NULL && i < more->nitems; i++)
		map->items[n++] = more->items[i];
	assert(n == map->nitems);
}

/* Take the pairs of `from` that the map does not have yet. */
static bool
merge_one(struct build *b, struct yaml_node *map, struct yaml_node *extra,
    const struct yaml_node *from)
{
	size_t n = extra->nitems;

	b->merged += n + from->nitems;
	if (b->merged > MERGED_MAX)
		return err_set(b->e, ERR_INPUT, "%s:%d: merge keys go "
		    "through more than %d pairs", b->name, map->line + 1,
		    MERGED_MAX);
	struct yaml_node **all = pool_alloc(b->pool,
	    (n + from->nitems + 1) * sizeof *all);
	struct yaml_node **sorted = pool_alloc(b->pool,
	    (n + from->nitems + 1) * sizeof *sorted);

	if (n > 0)
		memcpy(all, extra->items, n * sizeof *all);
	for (size_t i = 0; i < from->nitems; i++) {
		struct yaml_node *pair = from->items[i];

		if (pair_of(map, pair->key->text) == NULL
		    && pair_of(extra, pair->key->text) == NULL)
			all[n++] = pair;
	}
	if (n > 0)
		memcpy(sorted, all, n * sizeof *all);
	qsort(sorted, n, sizeof *sorted, by_key);
	extra->items = all;
	extra->sorted = sorted;
	extra->nitems = n;
	return true;
}

static bool
merge_from(struct build *b, struct yaml_node *map, struct yaml_node *extra,
    const struct yaml_node *source)
{
	const struct yaml_node *real = real_node(source);

	if (real->kind == YAML_MAP)
		return merge_one(b, map, extra, real);
	if (real->kind != YAML_SEQ || real == source->parent)
		return err_set(b->e, ERR_INPUT,
		    "%s:%d: << wants a map or a list of maps", b->name,
		    source->line + 1);
	for (const struct yaml_node *c = real->child; c != NULL; c = c->next)
		if (real_node(c)->kind != YAML_MAP)
			return err_set(b->e, ERR_INPUT,
			    "%s:%d: << wants a map or a list of maps",
			    b->name, source->line + 1);
		else if (!merge_one(b, map, extra, real_node(c)))
			return false;
	return true;
}

/* Of several << the last counts first, of a list the first: as PyYAML. */
static bool
merge_all(struct build *b, struct yaml_node *map, struct yaml_node *extra)
{
	const struct yaml_node **merges;
	size_t n = 0;

	for (struct yaml_node *c = map->child; c != NULL; c = c->next)
		n += is_merge(c);
	merges = pool_alloc(b->pool, (n + 1) * sizeof *merges);
	n = 0;
	for (struct yaml_node *c = map->child; c != NULL; c = c->next)
		if (is_merge(c))
			merges[n++] = c;
	while (n > 0)
		if (!merge_from(b, map, extra, merges[--n]))
			return false;
	return true;
}

/* All children are there: find out which pairs count. */
static bool
end_map(struct build *b, struct yaml_node *map)
{
	struct yaml_node extra = { 0 };
	size_t n = 0;

	for (struct yaml_node *c = map->child; c != NULL; c = c->next)
		n++;
	map->sorted = pool_alloc(b->pool, (n + 1) * sizeof *map->sorted);
	n = 0;
	for (struct yaml_node *c = map->child; c != NULL; c = c->next)
		if (!is_merge(c))
			map->sorted[n++] = c;
	if (n > 1)
		qsort(map->sorted, n, sizeof *map->sorted, by_key);
	drop_doubles(b, map, n);
	if (!merge_all(b, map, &extra))
		return false;
	n = map->nitems;
	map->nitems += extra.nitems;
	map->items = pool_alloc(b->pool,
	    (map->nitems + 1) * sizeof *map->items);
	if (extra.nitems > 0) {
		struct yaml_node **all = pool_alloc(b->pool,
		    map->nitems * sizeof *all);

		if (n > 0)
			memcpy(all, map->sorted, n * sizeof *all);
		memcpy(all + n, extra.sorted, extra.nitems * sizeof *all);
		qsort(all, map->nitems, sizeof *all, by_key);
		map->sorted = all;
	}
	fill_items(map, extra.nitems > 0 ? &extra : NULL);
	return true;
}

static void
end_seq(struct build *b, struct yaml_node *seq)
{
	size_t n = 0;

	for (struct yaml_node *c = seq->child; c != NULL; c = c->next)
		n++;
	seq->nitems = n;
	seq->items = pool_alloc(b->pool, (n + 1) * sizeof *seq->items);
	n = 0;
	for (struct yaml_node *c = seq->child; c != NULL; c = c->next)
		seq->items[n++] = c;
}

static bool
on_end(struct build *b, const yaml_event_t *event)
{
	struct yaml_node *node;

	assert(b->depth > 0);
	node = b->open[--b->depth];
	node->end = byte_at(b, &event->end_mark);
	if (node->kind == YAML_MAP)
		return end_map(b, node);
	end_seq(b, node);
	return true;
}

static bool
on_event(struct build *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return on_alias(b, event);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return on_start(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(b, event);
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++ > 0)
			return refuse(b, &event->start_mark,
			    "a second document; one is expected");
		return true;
	default:
		return true;
	}
}

static bool
parser_failed(struct build *b, const yaml_parser_t *parser)
{
	const yaml_mark_t *mark = &parser->problem_mark;

	if (parser->error == YAML_READER_ERROR)
		return err_set(b->e, ERR_INPUT,
		    "%s: byte %zu: %s", b->name, parser->problem_offset,
		    parser->problem);
	return err_set(b->e, ERR_INPUT, "%s:%zu:%zu: %s%s%s", b->name,
	    mark->line + 1, mark->column + 1,
	    parser->context != NULL ? parser->context : "",
	    parser->context != NULL ? ", " : "", parser->problem);
}

struct yaml_node *
yaml_tree_build(struct pool *pool, const char *text, size_t len, size_t bom,
    const char *name, char **warnings, struct err *e)
{
	struct build *b = mem_alloc(sizeof *b);
	yaml_parser_t parser;
	bool ok = true, more = true;
	struct yaml_node *root;

	*b = (struct build){ .pool = pool, .name = name, .text = text + bom,
	    .bom = bom, .warnings = buf_new(64 * 1024), .e = e };
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser,
	    (const unsigned char *)text + bom, len - bom);
	while (ok && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			ok = parser_failed(b, &parser);
			break;
		}
		more = event.type != YAML_STREAM_END_EVENT;
		ok = on_event(b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	*warnings = pool_strdup(pool, buf_str(&b->warnings));
	buf_free(&b->warnings);
	root = b->root;
	mem_free(b);
	if (!ok)
		return NULL;
	if (root == NULL) {	/* nothing but comments */
		root = pool_alloc(pool, sizeof *root);
		root->kind = YAML_NULL;
		root->text = "";
		root->start = root->end = len;
	}
	return root;
}

struct yaml *
yaml_parse(const char *text, size_t len, const char *name, struct err *e)
{
	struct yaml *y;

	if (len > FILE_MAX) {
		err_set(e, ERR_INPUT, "%s: larger than 16 MiB", name);
		return NULL;
	}
	if (!text_is_utf8(text, len)) {
		err_set(e, ERR_INPUT, "%s: not UTF-8 text", name);
		return NULL;
	}
	y = mem_alloc(sizeof *y);
	y->pool = pool_new();
	y->keep = pool_new();
	y->name = pool_strdup(y->keep, name);
	y->text = mem_alloc(len + 1);
	memcpy(y->text, text, len);
	y->len = len;
	y->bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	y->root = yaml_tree_build(y->pool, y->text, len, y->bom, y->name,
	    &y->warnings, e);
	if (y->root == NULL) {
		yaml_close(y);
		return NULL;
	}
	return y;
}

struct yaml *
yaml_read(const char *path, struct err *e)
{
	struct buf text = buf_new(FILE_MAX + 1);
	struct yaml *y = NULL;

	if (file_read(path, &text, e))
		y = yaml_parse(buf_str(&text), text.len, path, e);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return y;
}

void
yaml_close(struct yaml *y)
{
	if (y == NULL)
		return;
	mem_wipe(y->text, y->len);
	mem_free(y->text);
	pool_free(y->pool);
	pool_free(y->keep);
	mem_free(y);
}

/* The next key of a path, unescaped, and where the rest begins. */
static const char *
path_next(const char *path, struct buf *key)
{
	buf_clear(key);
	for (; *path != '\0' && *path != '.' && *path != '['; path++) {
		if (*path == '\\' && path[1] != '\0')
			path++;
		buf_putc(key, *path);
	}
	return path;
}

static struct yaml_node *
item_at(const struct yaml_node *seq, const char **path)
{
	char *end;
	unsigned long i = strtoul(*path + 1, &end, 10);

	if (end == *path + 1 || *end != ']' || seq->kind != YAML_SEQ)
		return NULL;
	*path = end + 1;
	return i < seq->nitems ? seq->items[i] : NULL;
}

struct yaml_node *
yaml_tree_find(struct yaml_node *root, const char *path, bool *borrowed)
{
	struct buf key = buf_new(strlen(path) + 1);
	struct yaml_node *node = root;

	*borrowed = false;
	while (node != NULL && *path != '\0') {
		const struct yaml_node *in = real_node(node);

		*borrowed = *borrowed || in != node;
		if (*path == '[') {
			node = item_at(in, &path);
		} else {
			path = path_next(path, &key);
			node = in->kind == YAML_MAP ?
			    pair_of(in, buf_str(&key)) : NULL;
		}
		*borrowed = *borrowed
		    || (node != NULL && node->parent != in);
		if (*path == '.')
			path++;
	}
	buf_free(&key);
	return node;
}

struct yaml_node *
yaml_tree_at(struct yaml_node *root, const char *path)
{
	bool borrowed;

	return yaml_tree_find(root, path, &borrowed);
}

const char *
yaml_tree_parent(struct pool *pool, const char *path, const char **key)
{
	struct buf name = buf_new(strlen(path) + 1);
	const char *at = path, *last = path;

	while (*at != '\0') {
		last = at;
		at = path_next(at, &name);
		if (*at == '[') {
			at += strcspn(at, "]");
			at += *at == ']';
		}
		if (*at == '.')
			at++;
	}
	path_next(last, &name);
	*key = pool_strdup(pool, buf_str(&name));
	buf_free(&name);
	if (last == path)
		return "";
	return pool_strndup(pool, path, (size_t)(last - path) - 1);
}

void
yaml_path_key(struct buf *path, const char *key)
{
	if (path->len > 0)
		buf_putc(path, '.');
	for (; *key != '\0'; key++) {
		if (strchr(".[\\", *key) != NULL)
			buf_putc(path, '\\');
		buf_putc(path, *key);
	}
}

enum yaml_kind
yaml_kind(const struct yaml *y, const char *path)
{
	const struct yaml_node *node = yaml_tree_at(y->root, path);

	return node != NULL ? node->kind : YAML_NONE;
}

const char *
yaml_get(const struct yaml *y, const char *path)
{
	const struct yaml_node *node = yaml_tree_at(y->root, path);

	return node != NULL ? node->text : NULL;
}

static const struct yaml_node *
items_of(const struct yaml *y, const char *path, enum yaml_kind kind, int i)
{
	const struct yaml_node *node =
	    real_node(yaml_tree_at(y->root, path));

	if (node == NULL || node->kind != kind || i < 0
	    || (size_t)i >= node->nitems)
		return NULL;
	return node->items[i];
}

int
yaml_len(const struct yaml *y, const char *path)
{
	const struct yaml_node *node =
	    real_node(yaml_tree_at(y->root, path));

	return node != NULL ? (int)node->nitems : 0;
}

const char *
yaml_key(const struct yaml *y, const char *path, int i)
{
	const struct yaml_node *pair = items_of(y, path, YAML_MAP, i);

	return pair != NULL ? pair->key->text : NULL;
}

const char *
yaml_item(const struct yaml *y, const char *path, int i)
{
	const struct yaml_node *item = items_of(y, path, YAML_SEQ, i);

	return item != NULL ? item->text : NULL;
}

int
yaml_line(const struct yaml *y, const char *path)
{
	const struct yaml_node *node = yaml_tree_at(y->root, path);

	if (node == NULL)
		return 0;
	return (node->key != NULL ? node->key->line : node->line) + 1;
}

const char *
yaml_warnings(const struct yaml *y)
{
	return y->warnings;
}

const char *
yaml_text(const struct yaml *y, size_t *len)
{
	if (len != NULL)
		*len = y->len;
	return y->text;
}

/* budget: aliases can make a small file a huge tree. */
static bool
same_value(const struct yaml_node *a, const struct yaml_node *b, int depth,
    int *budget)
{
	a = real_node(a);
	b = real_node(b);
	if (a == NULL || b == NULL)
		return a == b;
	if (--*budget < 0 || depth > ALIAS_DEPTH_MAX
	    || a->kind != b->kind || a->nitems != b->nitems)
		return false;
	if (a->kind != YAML_MAP && a->kind != YAML_SEQ)
		return strcmp(a->text, b->text) == 0;
	for (size_t i = 0; i < a->nitems; i++) {
		const struct yaml_node *other = a->kind == YAML_SEQ ?
		    b->items[i] : pair_of(b, a->items[i]->key->text);

		if (other == NULL || !same_value(a->items[i], other, depth + 1,
		    budget))
			return false;
	}
	return true;
}

bool
yaml_tree_same(const struct yaml_node *a, const struct yaml_node *b)
{
	int budget = ALIAS_MAX;

	return same_value(a, b, 0, &budget);
}

bool
yaml_same(const struct yaml *a, const struct yaml *b, const char *path)
{
	return yaml_tree_same(yaml_tree_at(a->root, path),
	    yaml_tree_at(b->root, path));
}
