/*
 * yaml_tree - the tree of a document, out of libyaml's events. Their marks
 * count characters, so they are turned into bytes here.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "data/yaml_tree.h"

enum {
	DEPTH_MAX = 200,	/* levels of settings; a bomb has more */
	MERGED_MAX = 100000,	/* pairs looked at for all merge keys */
	REPEATED_MAX = 1000000,	/* values that all aliases stand for */
	BUCKETS = 64,		/* of anchors, by name, at first */
	FEW = 8,		/* pairs that are looked through one by one */
};

struct anchor {
	struct anchor *next;
	const char *name;
	struct yaml_node *node;
};

struct build {
	struct pool *pool;
	const char *name, *text;	/* text without the mark */
	struct yaml_place place;	/* of text in the whole */
	bool part;			/* of a document */
	size_t chars, bytes;		/* the last mark turned into bytes */
	struct anchor *anchors[BUCKETS];
	struct yaml_node *root;
	struct yaml_node *open[DEPTH_MAX];	/* not ended yet */
	struct yaml_key *key;		/* waits for its value */
	size_t depth, merged, repeated;
	int documents;
	struct buf warnings;
	struct err *e;
};

const struct yaml_node *
yaml_tree_real(const struct yaml_node *node)
{
	while (node != NULL && node->is_alias)
		node = ((const struct yaml_alias *)node)->target;
	return node;
}

static bool
holds_others(const struct yaml_node *node)
{
	return node->kind == YAML_MAP || node->kind == YAML_SEQ;
}

struct yaml_node *
yaml_tree_first(const struct yaml_node *node)
{
	return !node->is_alias && holds_others(node) ? node->in->child :
	    NULL;
}

struct yaml_node *
yaml_tree_last(const struct yaml_node *node)
{
	return !node->is_alias && holds_others(node) ? node->in->last :
	    NULL;
}

size_t
yaml_tree_len(const struct yaml_node *node)
{
	return node != NULL && holds_others(node) ? node->in->nitems : 0;
}

/* ---- the pairs of a map ---- */

static uint32_t
hash_of(const char *key)
{
	uint32_t h = 2166136261U;

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 16777619U;
	return h ^ h >> 15;
}

/* Where the table has the key, or the free slot where it belongs. */
static struct yaml_slot *
slot_of(const struct yaml_list *in, const char *key, uint32_t hash)
{
	uint32_t at = hash & (in->slots - 1);

	while (in->table[at].item != 0 && (in->table[at].hash != hash
	    || strcmp(in->items[in->table[at].item - 1]->key->text, key) != 0))
		at = (at + 1) & (in->slots - 1);
	return &in->table[at];
}

/* The index of the pair with this key, or nitems. */
static uint32_t
index_of(const struct yaml_list *in, const char *key, uint32_t hash)
{
	uint32_t i;

	if (in->slots > 0) {
		i = slot_of(in, key, hash)->item;
		return i > 0 ? i - 1 : in->nitems;
	}
	for (i = 0; i < in->nitems; i++)
		if (in->items[i]->key->hash == hash
		    && strcmp(in->items[i]->key->text, key) == 0)
			break;
	return i;
}

struct yaml_node *
yaml_tree_before(const struct yaml_node *map, const struct yaml_node *pair)
{
	uint32_t i = index_of(map->in, pair->key->text, pair->key->hash);

	return i > 0 ? map->in->items[i - 1] : NULL;
}

struct yaml_node *
yaml_tree_pair(const struct yaml_node *map, const char *key)
{
	uint32_t i = index_of(map->in, key, hash_of(key));

	return i < map->in->nitems ? map->in->items[i] : NULL;
}

/* A table for `room` pairs, with those that are there. */
static void
make_table(struct pool *pool, struct yaml_list *in, uint32_t room)
{
	uint32_t slots = 16;

	while (slots < room + room / 2)
		slots *= 2;
	if (in->slots >= slots) {
		memset(in->table, 0, in->slots * sizeof *in->table);
	} else {
		in->slots = 0;
		if (room <= FEW)
			return;
		in->table = pool_alloc(pool, slots * sizeof *in->table);
		in->slots = slots;
	}
	for (uint32_t i = 0; i < in->nitems; i++) {
		const struct yaml_key *key = in->items[i]->key;

		*slot_of(in, key->text, key->hash) =
		    (struct yaml_slot){ key->hash, i + 1 };
	}
}

/* The key is not there yet, and there is room. */
static void
add_item(struct yaml_list *in, struct yaml_node *pair)
{
	const struct yaml_key *key = pair->key;

	in->items[in->nitems++] = pair;
	if (in->slots > 0)
		*slot_of(in, key->text, key->hash) =
		    (struct yaml_slot){ key->hash, in->nitems };
}

/* ---- events ---- */

static bool
goes_on(const struct build *b)
{
	return ((unsigned char)b->text[b->bytes] & 0xc0) == 0x80;
}

/* Marks come in ascending order but for some: go on from the last. */
static uint32_t
byte_at(struct build *b, const yaml_mark_t *mark)
{
	for (; b->chars > mark->index; b->chars--)
		do
			b->bytes--;
		while (goes_on(b));
	for (; b->chars < mark->index; b->chars++)
		do
			b->bytes++;
		while (goes_on(b));
	return (uint32_t)b->bytes + b->place.byte;
}

static bool
refuse(struct build *b, const yaml_mark_t *mark, const char *what)
{
	return err_set(b->e, ERR_INPUT, "%s:%zu:%zu: %s", b->name,
	    mark->line + 1, mark->column + 1, what);
}

static void
node_init(struct build *b, struct yaml_node *node, const yaml_event_t *event)
{
	node->start = byte_at(b, &event->start_mark);
	node->end = byte_at(b, &event->end_mark);
	node->line = (uint32_t)event->start_mark.line + b->place.line;
	node->column = (uint32_t)event->start_mark.column;
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
	if (b->part)
		return false;
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

/* Is a key of a map what comes next? */
static bool
wants_key(const struct build *b)
{
	return b->depth > 0 && b->key == NULL
	    && b->open[b->depth - 1]->kind == YAML_MAP;
}

static bool
refuse_key(struct build *b, const yaml_event_t *event)
{
	return refuse(b, &event->start_mark,
	    "a key must be a plain word or a string");
}

/* Values in a node, itself included, those of aliases too. */
static uint32_t
size_of(const struct yaml_node *node)
{
	return holds_others(node) ? node->in->size + 1 : 1;
}

/* Give the node to the map or sequence that is open. */
static bool
place(struct build *b, struct yaml_node *node)
{
	struct yaml_node *into = b->depth > 0 ? b->open[b->depth - 1] : NULL;

	if (into == NULL) {
		b->root = node;
		return true;
	}
	node->parent = into;
	node->key = b->key;
	b->key = NULL;
	if (into->in->last != NULL)
		into->in->last->next = node;
	else
		into->in->child = node;
	into->in->last = node;
	into->in->nchildren++;
	/* a map or list adds the rest of its size when it ends */
	into->in->size += node->is_alias ? size_of(node) : 1;
	return true;
}

static bool
on_alias(struct build *b, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	struct yaml_alias *alias = pool_alloc(b->pool, sizeof *alias);
	struct yaml_node *node = &alias->node;
	struct anchor *anchor = *bucket_of(b, name);

	if (wants_key(b))
		return refuse_key(b, event);
	while (anchor != NULL && strcmp(anchor->name, name) != 0)
		anchor = anchor->next;
	if (anchor == NULL)
		return refuse(b, &event->start_mark,
		    "an alias without an anchor before it");
	if (is_open(b, anchor->node))
		return refuse(b, &event->start_mark,
		    "an alias to what it stands in");
	node_init(b, node, event);
	node->is_alias = true;
	alias->target = anchor->node;
	node->kind = anchor->node->kind;
	if (holds_others(node))
		node->in = anchor->node->in;
	else
		node->text = anchor->node->text;
	b->repeated += size_of(node);
	if (b->repeated > REPEATED_MAX)
		return refuse(b, &event->start_mark,
		    "aliases up to here repeat more than a million values");
	return place(b, node);
}

static enum yaml_style
style_of(yaml_scalar_style_t style)
{
	return style == YAML_PLAIN_SCALAR_STYLE ? STYLE_PLAIN :
	    style == YAML_SINGLE_QUOTED_SCALAR_STYLE ? STYLE_SINGLE :
	    style == YAML_DOUBLE_QUOTED_SCALAR_STYLE ? STYLE_DOUBLE :
	    STYLE_BLOCK;
}

static bool
resolve(struct build *b, const yaml_event_t *event, const char *value,
    struct yaml_node *node)
{
	const char *tag = (const char *)event->data.scalar.tag;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	enum yaml_kind kind;

	if (b->part && tag != NULL)
		return false;
	if (!yaml_scalar_resolve(b->pool, value, plain, tag, &kind,
	    &node->text))
		return refuse(b, &event->start_mark, tag != NULL ?
		    "the tag is not known, or its value is of another kind" :
		    "neither a string without quotes nor a number or date");
	node->kind = kind;
	return true;
}

/* An anchor may name a key, and an alias then has its value. */
static bool
on_key(struct build *b, const yaml_event_t *event, const char *value)
{
	struct yaml_key *key = pool_alloc(b->pool, sizeof *key);
	const yaml_char_t *anchor = event->data.scalar.anchor;
	struct yaml_node *node;

	key->style = style_of(event->data.scalar.style);
	key->start = byte_at(b, &event->start_mark);
	key->end = byte_at(b, &event->end_mark);
	key->line = (uint32_t)event->start_mark.line + b->place.line;
	key->column = (uint32_t)event->start_mark.column;
	key->text = value;
	key->hash = hash_of(value);
	key->anchored = anchor != NULL;
	b->key = key;
	if (anchor == NULL && event->data.scalar.tag == NULL)
		return true;
	node = pool_alloc(b->pool, sizeof *node);
	return resolve(b, event, value, node)
	    && remember_anchor(b, anchor, node);
}

static bool
on_scalar(struct build *b, const yaml_event_t *event)
{
	struct yaml_node *node;
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (memchr(value, '\0', len) != NULL)
		return refuse(b, &event->start_mark,
		    "a NUL character in a value");
	value = pool_strndup(b->pool, value, len);
	if (wants_key(b))
		return on_key(b, event, value);
	node = pool_alloc(b->pool, sizeof *node);
	node_init(b, node, event);
	node->style = style_of(event->data.scalar.style);
	return resolve(b, event, value, node)
	    && remember_anchor(b, event->data.scalar.anchor, node)
	    && place(b, node);
}

static bool
on_start(struct build *b, const yaml_event_t *event)
{
	struct yaml_node *node = pool_alloc(b->pool, sizeof *node);
	bool map = event->type == YAML_MAPPING_START_EVENT;
	const char *tag = (const char *)(map ? event->data.mapping_start.tag :
	    event->data.sequence_start.tag);
	bool flow = map ?
	    event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE :
	    event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;

	if (b->depth == DEPTH_MAX)
		return refuse(b, &event->start_mark, "nested too deeply");
	if (wants_key(b))
		return refuse_key(b, event);
	if (b->part && tag != NULL)
		return false;
	node_init(b, node, event);
	node->kind = map ? YAML_MAP : YAML_SEQ;
	node->style = flow ? STYLE_FLOW : STYLE_BLOCK;
	node->in = pool_alloc(b->pool, sizeof *node->in);
	if (tag != NULL && strcmp(tag, "!") != 0
	    && strcmp(tag, map ? "tag:yaml.org,2002:map" :
	    "tag:yaml.org,2002:seq") != 0)
		return refuse(b, &event->start_mark, "the tag is not known");
	if (!remember_anchor(b, map ? event->data.mapping_start.anchor :
	    event->data.sequence_start.anchor, node)
	    || !place(b, node))
		return false;
	b->open[b->depth++] = node;
	return true;
}

static bool
is_merge(const struct yaml_node *child)
{
	return child->key->style == STYLE_PLAIN
	    && strcmp(child->key->text, "<<") == 0;
}

/* Of a key that is written twice the last counts; say so. */
static void
add_own(struct build *b, struct yaml_list *in, struct yaml_node *pair)
{
	const struct yaml_key *key = pair->key;
	uint32_t i = index_of(in, key->text, key->hash);

	if (i == in->nitems) {
		add_item(in, pair);
		return;
	}
	buf_printf(&b->warnings, "%s:%u:%u: %s is written again in line %u; "
	    "the last one counts\n", b->name, in->items[i]->key->line + 1,
	    in->items[i]->key->column + 1, key->text, key->line + 1);
	in->items[i] = pair;
	in->doubles = true;
}

static bool
refuse_merge(struct build *b, const struct yaml_node *source)
{
	return err_set(b->e, ERR_INPUT,
	    "%s:%u:%u: << wants a map or a list of maps", b->name,
	    source->line + 1, source->column + 1);
}

/* Take the pairs of `from` that the map does not have yet. */
static bool
merge_one(struct build *b, const struct yaml_node *map,
    const struct yaml_node *source, const struct yaml_node *from)
{
	struct yaml_list *in = map->in;
	uint32_t room = in->nitems + from->in->nitems;
	struct yaml_node **all;

	b->merged += room;
	if (b->merged > MERGED_MAX)
		return err_set(b->e, ERR_INPUT, "%s:%u:%u: merge keys go "
		    "through more than %d pairs", b->name, source->line + 1,
		    source->column + 1, MERGED_MAX);
	all = pool_alloc(b->pool, (room + 1) * sizeof *all);
	for (uint32_t i = 0; i < in->nitems; i++)
		all[i] = in->items[i];
	in->items = all;
	make_table(b->pool, in, room);
	for (uint32_t i = 0; i < from->in->nitems; i++) {
		struct yaml_node *pair = from->in->items[i];

		if (index_of(in, pair->key->text, pair->key->hash)
		    == in->nitems)
			add_item(in, pair);
	}
	return true;
}

static bool
merge_from(struct build *b, const struct yaml_node *map,
    const struct yaml_node *source)
{
	const struct yaml_node *real = yaml_tree_real(source);

	if (real->kind == YAML_MAP)
		return merge_one(b, map, source, real);
	if (real->kind != YAML_SEQ)
		return refuse_merge(b, source);
	for (const struct yaml_node *c = real->in->child; c != NULL;
	    c = c->next) {
		const struct yaml_node *from = yaml_tree_real(c);

		if (from->kind != YAML_MAP)
			return refuse_merge(b, source);
		if (!merge_one(b, map, source, from))
			return false;
	}
	return true;
}

/* Of several << the last counts first, of a list the first: as PyYAML. */
static bool
merge_all(struct build *b, const struct yaml_node *map, size_t n)
{
	const struct yaml_node **merges =
	    pool_alloc(b->pool, n * sizeof *merges);

	n = 0;
	for (struct yaml_node *c = map->in->child; c != NULL; c = c->next)
		if (is_merge(c))
			merges[n++] = c;
	while (n > 0)
		if (!merge_from(b, map, merges[--n]))
			return false;
	return true;
}

/* All children are there: find out which pairs count. */
static bool
end_map(struct build *b, const struct yaml_node *map)
{
	struct yaml_list *in = map->in;
	size_t merges = 0;

	in->room = in->nchildren;
	in->items = pool_alloc(b->pool, (in->room + 1) * sizeof *in->items);
	make_table(b->pool, in, in->nchildren);
	for (struct yaml_node *c = in->child; c != NULL; c = c->next)
		if (is_merge(c))
			merges++;
		else
			add_own(b, in, c);
	in->merges = merges > 0;
	return merges == 0 || merge_all(b, map, merges);
}

static void
end_seq(struct build *b, const struct yaml_node *seq)
{
	struct yaml_list *in = seq->in;

	in->room = in->nchildren;
	in->items = pool_alloc(b->pool, (in->room + 1) * sizeof *in->items);
	for (struct yaml_node *c = in->child; c != NULL; c = c->next)
		in->items[in->nitems++] = c;
}

static bool
on_end(struct build *b, const yaml_event_t *event)
{
	struct yaml_node *node;

	assert(b->depth > 0);
	node = b->open[--b->depth];
	node->end = byte_at(b, &event->end_mark);
	if (node->parent != NULL)
		node->parent->in->size += node->in->size;
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

/* libyaml gives the place of a character that it can't take in bytes. */
static bool
reader_failed(struct build *b, const yaml_parser_t *parser)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < parser->problem_offset; i++) {
		bool new = b->text[i] == '\n';

		line += new;
		column = new ? 1 :
		    column + (((unsigned char)b->text[i + 1] & 0xc0) != 0x80);
	}
	return err_set(b->e, ERR_INPUT, "%s:%zu:%zu: %s", b->name, line,
	    column, parser->problem);
}

static bool
parser_failed(struct build *b, const yaml_parser_t *parser)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	const char *context = parser->context;

	if (parser->error == YAML_READER_ERROR)
		return reader_failed(b, parser);
	return err_set(b->e, ERR_INPUT, "%s:%zu:%zu: %s%s%s", b->name,
	    mark->line + 1, mark->column + 1, context != NULL ? context : "",
	    context != NULL ? ", " : "", parser->problem);
}

/* Parse the len bytes of b->text. */
static bool
parse_all(struct build *b, size_t len)
{
	yaml_parser_t parser;
	bool ok = true, more = true;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser,
	    (const unsigned char *)b->text, len);
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
	return ok;
}

struct yaml_node *
yaml_tree_build(struct pool *pool, const char *text, size_t len, size_t bom,
    const char *name, char **warnings, struct err *e)
{
	struct build *b = mem_alloc(sizeof *b);
	struct yaml_node *root;
	bool ok;

	*b = (struct build){ .pool = pool, .name = name, .text = text + bom,
	    .place.byte = (uint32_t)bom, .warnings = buf_new(64 * 1024),
	    .e = e };
	ok = parse_all(b, len - bom);
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
		root->start = root->end = (uint32_t)len;
	}
	return root;
}

/* ---- parts of a document ---- */

/* Lines that are no part of a value at the start of a document or line. */
static bool
has_marker(const char *text)
{
	for (const char *line = text; ; line++) {
		if (*line == '%' || text_starts(line, "---")
		    || text_starts(line, "...")
		    || text_starts(line, "\xef\xbb\xbf"))
			return true;
		line = strchr(line, '\n');
		if (line == NULL)
			return false;
	}
}

struct yaml_node *
yaml_tree_part(struct pool *pool, const char *text, size_t len,
    struct yaml_place place)
{
	struct err ignored = { 0 };
	struct build *b;
	struct yaml_node *root;
	bool ok;

	if (has_marker(text))
		return NULL;
	b = mem_alloc(sizeof *b);
	*b = (struct build){ .pool = pool, .name = "", .text = text,
	    .place = place, .part = true, .warnings = buf_new(1),
	    .e = &ignored };
	ok = parse_all(b, len) && b->warnings.len == 0;
	buf_free(&b->warnings);
	root = b->root;
	mem_free(b);
	if (!ok || root == NULL || root->kind != YAML_MAP
	    || root->style != STYLE_BLOCK || root->in->merges
	    || root->in->doubles)
		return NULL;
	return root;
}

static void
shift(struct yaml_node *node, uint32_t bytes, uint32_t lines)
{
	node->start += bytes;
	node->end += bytes;
	node->line += lines;
	if (node->key != NULL) {
		node->key->start += bytes;
		node->key->end += bytes;
		node->key->line += lines;
	}
	for (struct yaml_node *c = yaml_tree_first(node); c != NULL;
	    c = c->next)
		shift(c, bytes, lines);
}

/* Instead of n items from the first on, those of `new`. */
static void
replace_items(struct pool *pool, struct yaml_list *in, uint32_t first,
    uint32_t n, const struct yaml_list *new)
{
	uint32_t rest = in->nitems - first - n;
	uint32_t total = first + new->nitems + rest;
	bool same = n == 1 && new->nitems == 1
	    && strcmp(new->items[0]->key->text,
		in->items[first]->key->text) == 0;

	if (total > in->room) {	/* what is outgrown stays in the pool */
		struct yaml_node **old = in->items;

		in->room = total + total / 4 + FEW;
		in->items = pool_alloc(pool, in->room * sizeof *in->items);
		memcpy(in->items, old, in->nitems * sizeof *in->items);
	}
	memmove(in->items + first + new->nitems, in->items + first + n,
	    rest * sizeof *in->items);
	memcpy(in->items + first, new->items,
	    new->nitems * sizeof *in->items);
	in->nitems = in->nchildren = total;
	if (!same)
		make_table(pool, in, in->nitems);
}

bool
yaml_tree_splice(struct pool *pool, struct yaml_node *map,
    struct yaml_node *from, struct yaml_node *to, struct yaml_node *part,
    struct yaml_place by)
{
	struct yaml_list *in = map->in;
	const struct yaml_list *new = part->in;
	uint32_t first = index_of(in, from->key->text, from->key->hash);
	uint32_t last = index_of(in, to->key->text, to->key->hash);
	uint32_t rest = in->nitems - last - 1;

	for (uint32_t i = 0; i < new->nitems; i++) {
		const struct yaml_key *key = new->items[i]->key;
		uint32_t had = index_of(in, key->text, key->hash);

		if (had != in->nitems && (had < first || had > last))
			return false;
	}
	for (uint32_t i = last + 1; i < in->nitems; i++)
		shift(in->items[i], by.byte, by.line);
	map->end += by.byte;
	for (struct yaml_node *c = new->child; c != NULL; c = c->next)
		c->parent = map;
	new->last->next = to->next;
	if (first > 0)
		in->items[first - 1]->next = new->child;
	else
		in->child = new->child;
	if (rest == 0)
		in->last = new->last;
	replace_items(pool, in, first, last + 1 - first, new);
	return true;
}
