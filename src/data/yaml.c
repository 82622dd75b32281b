/*
 * yaml - see yaml.h: reading.
 */
#include "data/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml_tree.h"

enum { FILE_MAX = 16 * 1024 * 1024 };

/* Bytes of the character there; 0: it is none. */
static size_t
character(const char *text, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (text_is_utf8(text, n))
			return n;
	return 0;
}

/* Refuse the text at the first character that is none, or at its limit. */
static void
refuse_text(const char *text, size_t len, const char *name, struct err *e)
{
	const char *why = len > FILE_MAX ? "larger than 16 MiB" :
	    "not UTF-8 text";
	size_t line = 1, column = 1, at = 0, n;

	while (at < FILE_MAX && (n = character(text + at, len - at)) > 0) {
		line += text[at] == '\n';
		column = text[at] == '\n' ? 1 : column + 1;
		at += n;
	}
	err_set(e, ERR_INPUT, "%s:%zu:%zu: %s", name, line, column, why);
}

/* Takes the text, which lies in memory of its own and ends in NUL. */
static struct yaml *
take(char *text, size_t len, const char *name, struct err *e)
{
	struct yaml *y = mem_alloc(sizeof *y);

	y->pool = pool_new();
	y->keep = pool_new();
	y->name = pool_strdup(y->keep, name);
	y->text = text;
	y->len = len;
	y->bom = text_starts(text, "\xef\xbb\xbf") ? 3 : 0;
	y->root = yaml_tree_build(y->pool, y->text, len, y->bom, y->name,
	    &y->warnings, e);
	if (y->root == NULL) {
		yaml_close(y);
		return NULL;
	}
	return y;
}

static bool
check_text(const char *text, size_t len, const char *name, struct err *e)
{
	if (len <= FILE_MAX && text_is_utf8(text, len))
		return true;
	refuse_text(text, len, name, e);
	return false;
}

struct yaml *
yaml_parse(const char *text, size_t len, const char *name, struct err *e)
{
	char *copy;

	if (!check_text(text, len, name, e))
		return NULL;
	copy = mem_alloc(len + 1);
	if (len > 0)
		memcpy(copy, text, len);
	return take(copy, len, name, e);
}

struct yaml *
yaml_read(const char *path, struct err *e)
{
	struct buf text = buf_new(FILE_MAX + 1);

	if ((!file_read(path, &text, e) && !text.full)
	    || !check_text(buf_str(&text), text.len, path, e)) {
		buf_free(&text);
		return NULL;
	}
	buf_add(&text, "", 0);	/* an empty file: its NUL at least */
	return take(text.data, text.len, path, e);
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
		if (text_starts(path, "\\-")) {
			path++;		/* an empty key */
			continue;
		}
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
	return i < seq->in->nitems ? seq->in->items[i] : NULL;
}

struct yaml_node *
yaml_tree_find(struct yaml_node *root, const char *path, bool *borrowed)
{
	struct buf key = buf_new(strlen(path) + 1);
	struct yaml_node *node = root;

	*borrowed = false;
	while (node != NULL && *path != '\0') {
		const struct yaml_node *in = yaml_tree_real(node);

		*borrowed = *borrowed || in != node;
		if (*path == '[') {
			node = item_at(in, &path);
		} else {
			path = path_next(path, &key);
			node = in->kind == YAML_MAP ?
			    yaml_tree_pair(in, buf_str(&key)) : NULL;
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
	if (*key == '\0')
		buf_puts(path, "\\-");
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

static const char *
scalar_text(const struct yaml_node *node)
{
	return node != NULL && node->kind != YAML_MAP
	    && node->kind != YAML_SEQ ? node->text : NULL;
}

const char *
yaml_get(const struct yaml *y, const char *path)
{
	const struct yaml_node *node = yaml_tree_at(y->root, path);

	return scalar_text(node);
}

static const struct yaml_node *
items_of(const struct yaml *y, const char *path, enum yaml_kind kind, int i)
{
	const struct yaml_node *node =
	    yaml_tree_real(yaml_tree_at(y->root, path));

	if (node == NULL || node->kind != kind || i < 0
	    || (size_t)i >= node->in->nitems)
		return NULL;
	return node->in->items[i];
}

int
yaml_len(const struct yaml *y, const char *path)
{
	return (int)yaml_tree_len(
	    yaml_tree_real(yaml_tree_at(y->root, path)));
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

	return scalar_text(item);
}

int
yaml_line(const struct yaml *y, const char *path)
{
	const struct yaml_node *node = yaml_tree_at(y->root, path);

	if (node == NULL)
		return 0;
	return (int)(node->key != NULL ? node->key->line : node->line) + 1;
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

bool
yaml_tree_same(const struct yaml_node *a, const struct yaml_node *b)
{
	a = yaml_tree_real(a);
	b = yaml_tree_real(b);
	if (a == NULL || b == NULL)
		return a == b;
	if (a->kind != b->kind || yaml_tree_len(a) != yaml_tree_len(b))
		return false;
	if (a->kind != YAML_MAP && a->kind != YAML_SEQ)
		return strcmp(a->text, b->text) == 0;
	for (uint32_t i = 0; i < a->in->nitems; i++) {
		const struct yaml_node *mine = a->in->items[i];
		const struct yaml_node *other = a->kind == YAML_SEQ ?
		    b->in->items[i] : yaml_tree_pair(b, mine->key->text);

		if (other == NULL || !yaml_tree_same(mine, other))
			return false;
	}
	return true;
}

bool
yaml_same(const struct yaml *a, const struct yaml *b, const char *path)
{
	return yaml_tree_same(yaml_tree_at(a->root, path),
	    yaml_tree_at(b->root, path));
}
