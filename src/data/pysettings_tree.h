/*
 * pysettings_tree - a Python file as a tree; data/pysettings only. Its .c is
 * the only user of tree-sitter.
 *
 * One statement of the module is held at a time, so that a long file needs
 * little memory, and no tree is deeper than PYTREE_DEPTH: its users recurse.
 */
#ifndef DATA_PYSETTINGS_TREE_H
#define DATA_PYSETTINGS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { PYTREE_DEPTH = 250 };

/* The grammar's node types that anybody asks for. */
enum pytype {
	PYT_OTHER,
	PYT_ARGUMENT_LIST, PYT_AS_PATTERN, PYT_AS_PATTERN_TARGET,
	PYT_ASSERT, PYT_ASSIGNMENT, PYT_ATTRIBUTE, PYT_AUGMENTED,
	PYT_AWAIT, PYT_BINARY, PYT_BLOCK, PYT_BOOLEAN, PYT_BREAK, PYT_CALL,
	PYT_CLASS, PYT_COMMENT, PYT_COMPARISON, PYT_CONCATENATED,
	PYT_CONDITIONAL, PYT_CONTINUE, PYT_DECORATED, PYT_DECORATOR,
	PYT_DELETE, PYT_DICT, PYT_DICT_COMPREHENSION, PYT_DICT_SPLAT,
	PYT_DOTTED_NAME, PYT_ELIF, PYT_ELLIPSIS, PYT_ELSE, PYT_EXCEPT,
	PYT_EXCEPT_GROUP, PYT_EXEC, PYT_EXPRESSION, PYT_EXPRESSION_LIST,
	PYT_FALSE, PYT_FINALLY, PYT_FLOAT, PYT_FOR, PYT_FOR_IN, PYT_FUNCTION,
	PYT_FUTURE_IMPORT, PYT_GENERATOR, PYT_GLOBAL, PYT_IDENTIFIER, PYT_IF,
	PYT_IF_CLAUSE, PYT_IMPORT, PYT_IMPORT_FROM, PYT_INTEGER,
	PYT_INTERPOLATION, PYT_KEYWORD_ARGUMENT, PYT_LAMBDA, PYT_LIST,
	PYT_LIST_COMPREHENSION, PYT_LIST_PATTERN, PYT_LIST_SPLAT,
	PYT_MATCH, PYT_NAMED, PYT_NONE, PYT_NONLOCAL, PYT_NOT, PYT_PAIR,
	PYT_PARENTHESIZED, PYT_PASS, PYT_PATTERN_LIST, PYT_PRINT,
	PYT_RAISE, PYT_RETURN, PYT_SET, PYT_SET_COMPREHENSION, PYT_SLICE,
	PYT_SPLAT_PATTERN,
	PYT_STRING, PYT_STRING_START, PYT_SUBSCRIPT, PYT_TRUE, PYT_TRY,
	PYT_TUPLE, PYT_TUPLE_PATTERN, PYT_TYPE, PYT_UNARY, PYT_WHILE,
	PYT_WILDCARD_IMPORT, PYT_WITH, PYT_WITH_CLAUSE, PYT_WITH_ITEM,
	PYT_YIELD,
};

struct pynode {
	enum pytype type;
	const char *kind;	/* the grammar's name; operators: their text */
	const char *field;	/* what it is to its parent, or "" */
	const struct pynode *parent, **child;
	size_t n;		/* children, comments and marks included */
	size_t start, end;	/* bytes of the text */
	unsigned line, column;	/* from 1 */
	bool named;		/* no keyword, operator or bracket */
};

struct pytree;
struct pool;

/* Do its strings end, and its brackets fit? ERR_INPUT as below. */
bool pylex_check(const char *text, size_t len, const char *file, struct err *)
    MUST_CHECK;
/* The text must outlive it. ERR_INPUT "<file>:<line>:<column>: ...": it is
 * not Python, or nested too deeply. */
struct pytree *pytree_parse(const char *text, size_t len, const char *file,
    struct err *) MUST_CHECK;
void pytree_free(struct pytree *);
/* The next statement or comment of the module, good until the next call;
 * with it goes the pool. NULL: that was all. */
const struct pynode *pytree_next(struct pytree *, struct pool **scratch);

/* The next child at *at or after it that is named and no comment. */
const struct pynode *pynode_next(const struct pynode *, size_t *at);
/* The i-th of those; NULL: there are not so many. */
const struct pynode *pynode_nth(const struct pynode *, size_t i);
size_t pynode_count(const struct pynode *);
/* The first child that is this to it; NULL: none. NULL gives NULL. */
const struct pynode *pynode_field(const struct pynode *, const char *field);
/* Is there a child that says exactly this, such as the keyword "async"? */
bool pynode_has(const struct pynode *, const char *word);

#endif
