/*
 * pysettings_tree - see pysettings_tree.h.
 */
#include "data/pysettings_tree.h"

#include <string.h>

#include <tree_sitter/api.h>

#include "base/mem.h"

enum { PARSE_SECONDS = 60 };	/* 20,000 lines take 0.1 s */

const TSLanguage *tree_sitter_python(void);

struct pytree {
	TSParser *parser;
	TSTree *tree;
	TSTreeCursor at;
	bool started;
	struct pool *pool;
	const char *file;
};

static const char *const names[] = {
	[PYT_OTHER] = "", [PYT_ARGUMENT_LIST] = "argument_list",
	[PYT_AS_PATTERN] = "as_pattern",
	[PYT_AS_PATTERN_TARGET] = "as_pattern_target",
	[PYT_ASSERT] = "assert_statement", [PYT_ASSIGNMENT] = "assignment",
	[PYT_ATTRIBUTE] = "attribute",
	[PYT_AUGMENTED] = "augmented_assignment", [PYT_AWAIT] = "await",
	[PYT_BINARY] = "binary_operator", [PYT_BLOCK] = "block",
	[PYT_BOOLEAN] = "boolean_operator", [PYT_BREAK] = "break_statement",
	[PYT_CALL] = "call", [PYT_CLASS] = "class_definition",
	[PYT_COMMENT] = "comment", [PYT_COMPARISON] = "comparison_operator",
	[PYT_CONCATENATED] = "concatenated_string",
	[PYT_CONDITIONAL] = "conditional_expression",
	[PYT_CONTINUE] = "continue_statement",
	[PYT_DECORATED] = "decorated_definition",
	[PYT_DECORATOR] = "decorator", [PYT_DELETE] = "delete_statement",
	[PYT_DICT] = "dictionary",
	[PYT_DICT_COMPREHENSION] = "dictionary_comprehension",
	[PYT_DICT_SPLAT] = "dictionary_splat",
	[PYT_DOTTED_NAME] = "dotted_name", [PYT_ELIF] = "elif_clause",
	[PYT_ELLIPSIS] = "ellipsis", [PYT_ELSE] = "else_clause",
	[PYT_EXCEPT] = "except_clause",
	[PYT_EXCEPT_GROUP] = "except_group_clause",
	[PYT_EXEC] = "exec_statement",
	[PYT_EXPRESSION] = "expression_statement",
	[PYT_EXPRESSION_LIST] = "expression_list", [PYT_FALSE] = "false",
	[PYT_FINALLY] = "finally_clause", [PYT_FLOAT] = "float",
	[PYT_FOR] = "for_statement", [PYT_FOR_IN] = "for_in_clause",
	[PYT_FUNCTION] = "function_definition",
	[PYT_FUTURE_IMPORT] = "future_import_statement",
	[PYT_GENERATOR] = "generator_expression",
	[PYT_GLOBAL] = "global_statement", [PYT_IDENTIFIER] = "identifier",
	[PYT_IF] = "if_statement", [PYT_IF_CLAUSE] = "if_clause",
	[PYT_IMPORT] = "import_statement",
	[PYT_IMPORT_FROM] = "import_from_statement",
	[PYT_INTEGER] = "integer", [PYT_INTERPOLATION] = "interpolation",
	[PYT_KEYWORD_ARGUMENT] = "keyword_argument",
	[PYT_LAMBDA] = "lambda", [PYT_LIST] = "list",
	[PYT_LIST_COMPREHENSION] = "list_comprehension",
	[PYT_LIST_PATTERN] = "list_pattern",
	[PYT_LIST_SPLAT] = "list_splat", [PYT_MATCH] = "match_statement",
	[PYT_NAMED] = "named_expression", [PYT_NONE] = "none",
	[PYT_NONLOCAL] = "nonlocal_statement", [PYT_NOT] = "not_operator",
	[PYT_PAIR] = "pair",
	[PYT_PARENTHESIZED] = "parenthesized_expression",
	[PYT_PASS] = "pass_statement", [PYT_PATTERN_LIST] = "pattern_list",
	[PYT_PRINT] = "print_statement", [PYT_RAISE] = "raise_statement",
	[PYT_RETURN] = "return_statement", [PYT_SET] = "set",
	[PYT_SET_COMPREHENSION] = "set_comprehension",
	[PYT_SLICE] = "slice", [PYT_SPLAT_PATTERN] = "list_splat_pattern",
	[PYT_STRING] = "string", [PYT_STRING_START] = "string_start",
	[PYT_SUBSCRIPT] = "subscript", [PYT_TRUE] = "true",
	[PYT_TRY] = "try_statement", [PYT_TUPLE] = "tuple",
	[PYT_TUPLE_PATTERN] = "tuple_pattern", [PYT_TYPE] = "type",
	[PYT_UNARY] = "unary_operator", [PYT_WHILE] = "while_statement",
	[PYT_WILDCARD_IMPORT] = "wildcard_import",
	[PYT_WITH] = "with_statement", [PYT_WITH_CLAUSE] = "with_clause",
	[PYT_WITH_ITEM] = "with_item", [PYT_YIELD] = "yield",
};

enum { SYMBOLS = 512 };		/* more than the grammar has */

/* The type of a symbol of the grammar; looked up by name once each. */
static enum pytype
type_of(TSNode node)
{
	static unsigned char known[SYMBOLS];	/* the type + 1 */
	TSSymbol symbol = ts_node_symbol(node);
	const char *name = ts_node_type(node);
	enum pytype type = PYT_OTHER;

	if (!ts_node_is_named(node))
		return PYT_OTHER;
	if (symbol < SYMBOLS && known[symbol] != 0)
		return known[symbol] - 1;
	for (size_t i = 1; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			type = (enum pytype)i;
	if (symbol < SYMBOLS)
		known[symbol] = (unsigned char)(type + 1);
	return type;
}

/* ---- the whole file ---- */

static bool
refuse(const char *file, TSNode node, const char *what, struct err *e)
{
	TSPoint at = ts_node_start_point(node);

	return err_set(e, ERR_INPUT, "%s:%u:%u: %s", file, at.row + 1,
	    at.column + 1, what);
}

/* Walk the tree without recursion: a file may be nested as it likes. */
static bool
check_tree(const char *file, TSNode root, struct err *e)
{
	TSTreeCursor at = ts_tree_cursor_new(root);
	bool more = true, ok = true;
	int depth = 0;

	while (more && ok) {
		TSNode node = ts_tree_cursor_current_node(&at);

		if (depth > PYTREE_DEPTH)
			ok = refuse(file, node, "nested too deeply", e);
		else if (strcmp(ts_node_type(node), "ERROR") == 0
		    || ts_node_is_missing(node))
			ok = refuse(file, node, "this is not Python", e);
		if (ts_tree_cursor_goto_first_child(&at)) {
			depth++;
			continue;
		}
		while (more && !ts_tree_cursor_goto_next_sibling(&at)) {
			more = ts_tree_cursor_goto_parent(&at);
			depth--;
		}
	}
	ts_tree_cursor_delete(&at);
	return ok;
}

struct pytree *
pytree_parse(const char *text, size_t len, const char *file, struct err *e)
{
	struct pytree *t = mem_alloc(sizeof *t);
	TSNode root;
	bool ok = false;

	t->file = file;
	t->parser = ts_parser_new();
	if (!ts_parser_set_language(t->parser, tree_sitter_python()))
		err_set(e, ERR_OTHER, "the Python grammar does not fit the "
		    "parser this program was built with");
	else {
		ts_parser_set_timeout_micros(t->parser, PARSE_SECONDS
		    * 1000000);
		t->tree = ts_parser_parse_string(t->parser, NULL, text,
		    (uint32_t)len);
		if (t->tree == NULL)
			err_set(e, ERR_INPUT, "%s:1:1: this is not Python, "
			    "or the machine has no time: not read after %d "
			    "seconds", file, PARSE_SECONDS);
	}
	if (t->tree != NULL) {
		root = ts_tree_root_node(t->tree);
		t->at = ts_tree_cursor_new(root);
		ok = check_tree(file, root, e);
	}
	if (ok)
		return t;
	pytree_free(t);
	return NULL;
}

void
pytree_free(struct pytree *t)
{
	if (t == NULL)
		return;
	if (t->tree != NULL) {
		ts_tree_cursor_delete(&t->at);
		ts_tree_delete(t->tree);
	}
	ts_parser_delete(t->parser);
	pool_free(t->pool);
	mem_free(t);
}

/* ---- one statement ---- */

static struct pynode *
node_at(struct pytree *t, const struct pynode *parent)
{
	TSNode from = ts_tree_cursor_current_node(&t->at);
	const char *field = ts_tree_cursor_current_field_name(&t->at);
	struct pynode *node = pool_alloc(t->pool, sizeof *node);
	TSPoint place = ts_node_start_point(from);
	size_t i = 0;

	node->type = type_of(from);
	node->kind = ts_node_type(from);
	node->field = field != NULL ? field : "";
	node->parent = parent;
	node->start = ts_node_start_byte(from);
	node->end = ts_node_end_byte(from);
	node->line = place.row + 1;
	node->column = place.column + 1;
	node->named = ts_node_is_named(from);
	node->n = ts_node_child_count(from);
	if (node->n == 0)
		return node;
	node->child = pool_alloc(t->pool, node->n * sizeof(void *));
	for (bool more = ts_tree_cursor_goto_first_child(&t->at);
	    more && i < node->n;
	    more = ts_tree_cursor_goto_next_sibling(&t->at))
		node->child[i++] = node_at(t, node);
	node->n = i;
	ts_tree_cursor_goto_parent(&t->at);
	return node;
}

const struct pynode *
pytree_next(struct pytree *t, struct pool **scratch)
{
	bool more = t->started ? ts_tree_cursor_goto_next_sibling(&t->at) :
	    ts_tree_cursor_goto_first_child(&t->at);

	t->started = true;
	pool_free(t->pool);
	t->pool = NULL;
	if (!more)
		return NULL;
	*scratch = t->pool = pool_new();
	return node_at(t, NULL);
}

/* ---- its parts ---- */

const struct pynode *
pynode_next(const struct pynode *node, size_t *at)
{
	while (*at < node->n) {
		const struct pynode *child = node->child[(*at)++];

		if (child->named && child->type != PYT_COMMENT)
			return child;
	}
	return NULL;
}

const struct pynode *
pynode_nth(const struct pynode *node, size_t i)
{
	const struct pynode *child;
	size_t at = 0;

	do
		child = pynode_next(node, &at);
	while (child != NULL && i-- > 0);
	return child;
}

size_t
pynode_count(const struct pynode *node)
{
	size_t at = 0, n = 0;

	while (pynode_next(node, &at) != NULL)
		n++;
	return n;
}

const struct pynode *
pynode_field(const struct pynode *node, const char *field)
{
	for (size_t i = 0; node != NULL && i < node->n; i++)
		if (strcmp(node->child[i]->field, field) == 0
		    && node->child[i]->type != PYT_COMMENT)
			return node->child[i];
	return NULL;
}

bool
pynode_has(const struct pynode *node, const char *word)
{
	for (size_t i = 0; i < node->n; i++)
		if (!node->child[i]->named
		    && strcmp(node->child[i]->kind, word) == 0)
			return true;
	return false;
}
