/*
 * yaml_tree - what the parts of data/yaml share; nobody else includes this.
 */
#ifndef DATA_YAML_TREE_H
#define DATA_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "data/yaml.h"

struct pool;

enum yaml_style {
	STYLE_PLAIN,
	STYLE_SINGLE,
	STYLE_DOUBLE,
	STYLE_BLOCK,	/* a scalar after | or >; a map or sequence in lines */
	STYLE_FLOW,	/* {..} or [..] */
};

/*
 * One value. A child knows its key (NULL in a sequence), its parent and the
 * next child as written. A map also has its pairs as they count: the last of
 * doubles, then what merge keys bring.
 */
struct yaml_node {
	enum yaml_kind kind;
	enum yaml_style style;
	const char *text;		/* a scalar's value, as by yaml_get */
	size_t start, end;		/* bytes, anchor and tag included */
	int line, column;		/* from 0, of start */
	bool anchored;
	struct yaml_node *alias;	/* what *name stands for, or NULL */
	struct yaml_node *parent, *key;
	struct yaml_node *child, *last, *next;
	size_t nitems;
	struct yaml_node **items;	/* as they count, in order */
	struct yaml_node **sorted;	/* a map's items by key */
};

struct yaml {
	struct pool *pool;	/* of the tree */
	struct pool *keep;	/* lives as long as the yaml */
	char *name;
	char *text;
	size_t len;
	size_t bom;		/* bytes of a byte order mark */
	struct yaml_node *root;
	char *warnings;
};

/* The tree of text (NUL after len), in the pool; NULL and an error. */
struct yaml_node *yaml_tree_build(struct pool *, const char *text, size_t len,
    size_t bom, const char *name, char **warnings, struct err *) MUST_CHECK;

/* The node at a path, aliases followed but for the last one; or NULL. */
struct yaml_node *yaml_tree_at(struct yaml_node *root, const char *path);
/* The same; *borrowed: it stands elsewhere, an alias or << brings it. */
struct yaml_node *yaml_tree_find(struct yaml_node *root, const char *path,
    bool *borrowed);
/* The path without its last key, which goes to *key (both in the pool). */
const char *yaml_tree_parent(struct pool *, const char *path,
    const char **key);
/* Equal in kind and value; maps in any order. */
bool yaml_tree_same(const struct yaml_node *, const struct yaml_node *);

/* Resolve a scalar as PyYAML does: its kind; *text is its value. plain: no
 * quotes; tag NULL: none. false: the tag does not take this value. */
bool yaml_scalar_resolve(struct pool *, const char *value, bool plain,
    const char *tag, enum yaml_kind *, const char **text);
/* The string in quotes, on one line; single if that was the old style and
 * the string allows it. */
void yaml_scalar_quote(struct buf *, const char *, enum yaml_style);

#endif
