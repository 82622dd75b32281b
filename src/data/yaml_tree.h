/*
 * yaml_tree - what the parts of data/yaml share; nobody else includes this.
 */
#ifndef DATA_YAML_TREE_H
#define DATA_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/yaml.h"

struct pool;

enum yaml_style {
	STYLE_PLAIN,
	STYLE_SINGLE,
	STYLE_DOUBLE,
	STYLE_BLOCK,	/* a scalar after | or >; a map or sequence in lines */
	STYLE_FLOW,	/* {..} or [..] */
};

/* A key of a map, by what is written. */
struct yaml_key {
	enum yaml_style style : 8;
	bool anchored;
	uint32_t start, end;		/* bytes, anchor and tag included */
	uint32_t line, column;		/* from 0, of start */
	uint32_t hash;
	const char *text;
};

/*
 * One value. A child knows its key (NULL in a sequence), its parent and the
 * next child as written. A large file has very many: they are kept small.
 */
struct yaml_node {
	enum yaml_kind kind : 8;
	enum yaml_style style : 8;
	bool anchored;
	bool is_alias;		/* it is a yaml_alias */
	uint32_t start, end;
	uint32_t line, column;
	struct yaml_node *parent, *next;
	struct yaml_key *key;
	union {
		const char *text;	/* a scalar's value, as by yaml_get */
		struct yaml_list *in;	/* what a map or sequence holds */
	};
};

/* *name: has the value of what it stands for. */
struct yaml_alias {
	struct yaml_node node;
	struct yaml_node *target;
};

/* item: its index, counted from 1; 0: a free slot. */
struct yaml_slot {
	uint32_t hash, item;
};

/* The children as written, and the pairs or items as they count: of doubles
 * the last, then what merge keys bring. */
struct yaml_list {
	struct yaml_node *child, *last;
	uint32_t nchildren, nitems;
	uint32_t room;		/* for items, as a map in lines grows */
	uint32_t size;		/* values within, what aliases bring too */
	bool doubles, merges;	/* there are keys written twice; << */
	uint32_t slots;		/* of the table: a power of two, or 0 */
	struct yaml_slot *table;	/* a large map's items by key */
	struct yaml_node **items;
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

/* Where in a larger text a part of it stands. */
struct yaml_place {
	uint32_t byte, line;
};

/* The tree of text (NUL after len), in the pool; NULL and an error. */
struct yaml_node *yaml_tree_build(struct pool *, const char *text, size_t len,
    size_t bom, const char *name, char **warnings, struct err *) MUST_CHECK;

/*
 * The document's only value is a map in lines, and text is what some of its
 * pairs shall be: the tree of text alone, in the pool; NULL: it can't be told
 * from this part what it will be within the whole.
 */
struct yaml_node *yaml_tree_part(struct pool *, const char *text, size_t len,
    struct yaml_place) MUST_CHECK;
/*
 * Put the part's pairs where now those from `from` to `to` are, and move what
 * follows by so much. The map has no doubles and merges nothing. false: a key
 * stands elsewhere already; nothing is changed.
 */
bool yaml_tree_splice(struct pool *, struct yaml_node *map,
    struct yaml_node *from, struct yaml_node *to, struct yaml_node *part,
    struct yaml_place by) MUST_CHECK;

/* The node at a path, aliases followed but for the last one; or NULL. */
struct yaml_node *yaml_tree_at(struct yaml_node *root, const char *path);
/* The same; *borrowed: it stands elsewhere, an alias or << brings it. */
struct yaml_node *yaml_tree_find(struct yaml_node *root, const char *path,
    bool *borrowed);
/* The path without its last key, which goes to *key (both in the pool). */
const char *yaml_tree_parent(struct pool *, const char *path,
    const char **key);
/* What an alias stands for; anything else is itself. */
const struct yaml_node *yaml_tree_real(const struct yaml_node *);
/* The first and last of what stands between its own ends; or NULL. */
struct yaml_node *yaml_tree_first(const struct yaml_node *);
struct yaml_node *yaml_tree_last(const struct yaml_node *);
/* Pairs or items as they count. */
size_t yaml_tree_len(const struct yaml_node *);
/* The pair of a map with this key, or NULL. */
struct yaml_node *yaml_tree_pair(const struct yaml_node *map, const char *);
/* The pair before one that counts, in a map without doubles; or NULL. */
struct yaml_node *yaml_tree_before(const struct yaml_node *map,
    const struct yaml_node *pair);
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
