/*
 * pysettings_check - what the grammar takes though Python 3 does not.
 *
 * The grammar is that of editors, which must colour anything. A file that
 * Python refuses is not what an instance runs with.
 */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "data/pysettings_run.h"

enum { ARGS_LOOKED_AT = 200 };	/* each with each other one */

/* Where a node stands. */
struct place {
	bool in_loop, in_function, in_class;
	bool in_group;		/* an except* */
	bool around;		/* the loop is in another one */
	const struct pynode *block;	/* around it; NULL: the module */
};

static const char *
old_number(const char *text)
{
	size_t n = strlen(text);
	bool other = text[0] == '0' && n > 1
	    && strchr("xXoObB", text[1]) != NULL;

	if (n > 1 && strchr("lL", text[n - 1]) != NULL)
		return "a number of Python 2";
	if (n > 1 && text[0] == '0' && strspn(text, "0_") < n
	    && strspn(text, "0123456789_") == n)
		return "a number of Python 2";
	if (text[n - 1] == '_' || strstr(text, "__") != NULL
	    || (other && n == 2))
		return "not a number";
	return NULL;
}

/* n hexadecimal digits where an escape wants them? */
static bool
has_digits(const char *s, const char *end, int n)
{
	for (; n > 0; n--, s++)
		if (s >= end || !isxdigit((unsigned char)*s))
			return false;
	return true;
}

/* {..}, as \N wants it? */
static bool
has_name(const char *s, const char *end)
{
	const char *close = s < end && *s == '{' ?
	    memchr(s, '}', (size_t)(end - s)) : NULL;

	return close != NULL && close > s + 1;
}

static const char *
bad_escape(const char *s, const char *end, const char *close, bool bytes)
{
	for (; s < end; s++) {
		if (bytes && (unsigned char)*s >= 0x80)
			return "bytes hold only ASCII";
		if (*s != '\\')
			continue;
		if (++s >= end)
			break;
		if (*s == 'x' && !has_digits(s + 1, end, 2))
			return "\\x wants two digits";
		if (bytes)
			continue;
		if (*s == 'u' && !has_digits(s + 1, end, 4))
			return "\\u wants four digits";
		if (*s == 'U' && (!has_digits(s + 1, end, 8)
		    || (s[1] != '0' || s[2] != '0' || (s[3] != '0'
		    && (s[3] != '1' || s[4] != '0')))))
			return "\\U wants eight digits of a character";
		if (*s == 'N' && !has_name(s + 1, close))
			return "\\N wants a name";
	}
	return NULL;
}

/* What is between the quotes, and in an f-string between its values. */
static const char *
check_escapes(struct pysettings *ps, const struct pynode *node, bool raw,
    bool bytes)
{
	const char *close = ps->text + node->child[node->n - 1]->start;
	const char *from = ps->text + node->child[0]->end, *fault = NULL;

	for (size_t i = 1; !raw && fault == NULL && i < node->n; i++) {
		const struct pynode *part = node->child[i];

		if (part->type != PYT_INTERPOLATION && i + 1 < node->n)
			continue;
		fault = bad_escape(from, ps->text + part->start, close,
		    bytes);
		from = ps->text + part->end;
	}
	return fault;
}

static const char *
check_string(struct pysettings *ps, const struct pynode *node)
{
	const char *start = pyrun_source(ps, node->child[0]);
	bool bytes = strpbrk(start, "bB") != NULL;
	bool raw = strpbrk(start, "rR") != NULL;
	size_t n = strcspn(start, "'\"`");

	if (start[n] == '`')
		return "a backquote, as in Python 2";
	if (n > 2 || (n == 2 && tolower(start[0]) == tolower(start[1]))
	    || (n == 2 && strcspn(start, "uU") < n)
	    || (bytes && strpbrk(start, "fF") != NULL))
		return "no such kind of string in Python 3";
	return raw && !bytes ? NULL : check_escapes(ps, node, raw, bytes);
}

static bool
is_bytes(struct pysettings *ps, const struct pynode *node)
{
	return node->type == PYT_STRING && strpbrk(pyrun_source(ps,
	    node->child[0]), "bB") != NULL;
}

static const char *
check_concatenated(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *part;
	size_t at = 0;

	while ((part = pynode_next(node, &at)) != NULL)
		if (is_bytes(ps, part) != is_bytes(ps, pynode_nth(node, 0)))
			return "bytes and text can't be joined";
	return NULL;
}

/* ---- what can be assigned to ---- */

static const char *
check_target(struct pysettings *ps, const struct pynode *node)
{
	static const char *const words[] = { "True", "False", "None",
	    "__debug__", NULL };
	const struct pynode *part;
	const char *fault = NULL;
	size_t at = 0;

	switch (node->type) {
	case PYT_IDENTIFIER:
		for (const char *const *w = words; *w != NULL; w++)
			if (strcmp(pyrun_source(ps, node), *w) == 0)
				fault = "it can't be assigned to";
		return fault;
	case PYT_SUBSCRIPT: case PYT_ATTRIBUTE:
		return NULL;
	case PYT_PATTERN_LIST: case PYT_TUPLE_PATTERN: case PYT_LIST_PATTERN:
	case PYT_SPLAT_PATTERN: case PYT_EXPRESSION_LIST: case PYT_TUPLE:
	case PYT_LIST: case PYT_LIST_SPLAT: case PYT_PARENTHESIZED:
	case PYT_AS_PATTERN_TARGET:
		while (fault == NULL
		    && (part = pynode_next(node, &at)) != NULL)
			fault = check_target(ps, part);
		return fault;
	default:
		return "it can't be assigned to";
	}
}

static const char *
check_call(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *arg, *other;
	bool named = false;
	size_t at = 0, n = node->n;

	while ((arg = pynode_next(node, &at)) != NULL) {
		if (named && arg->type != PYT_KEYWORD_ARGUMENT
		    && arg->type != PYT_LIST_SPLAT
		    && arg->type != PYT_DICT_SPLAT)
			return "an argument without a name after one with";
		named = named || arg->type == PYT_KEYWORD_ARGUMENT
		    || arg->type == PYT_DICT_SPLAT;
		if (arg->type != PYT_KEYWORD_ARGUMENT || n > ARGS_LOOKED_AT)
			continue;
		for (size_t i = 0; (other = pynode_nth(node, i)) != arg; i++)
			if (other->type == PYT_KEYWORD_ARGUMENT
			    && text_same(pyrun_source(ps,
			    pynode_field(other, "name")), pyrun_source(ps,
			    pynode_field(arg, "name"))))
				return "an argument given twice";
	}
	return NULL;
}

/* ---- statements ---- */

/* Blanks before it, if nothing else is; false: it shares its line. */
static bool
indent_of(struct pysettings *ps, const struct pynode *node, int *column,
    int *other)
{
	const char *s = ps->text + node->start;

	while (s > ps->text && s[-1] != '\n')
		s--;
	*column = *other = 0;
	for (; s < ps->text + node->start; s++) {
		if (*s == '\t')
			*column = (*column / 8 + 1) * 8;
		else if (*s == '\f')
			*column = *other = -1;
		else if (*s != ' ')
			return false;
		*column += *s != '\t';
		++*other;
	}
	return true;
}

static const char *
check_indent(struct pysettings *ps, const struct pynode *node,
    const struct place *at)
{
	const struct pynode *first = at->block != NULL ?
	    pynode_nth(at->block, 0) : NULL;
	int column, other, wanted = 0, wanted_other = 0;

	if (!indent_of(ps, node, &column, &other))
		return NULL;
	if (at->block != NULL && first != node) {
		if (!indent_of(ps, first, &wanted, &wanted_other))
			return "it does not fit its block";
	} else if (at->block != NULL) {
		indent_of(ps, at->block->parent, &wanted, &wanted_other);
		return column > wanted && other > wanted_other ? NULL :
		    "it does not fit its block";
	}
	return column == wanted && other == wanted_other ? NULL :
	    "it does not fit its block";
}

/* except A, e: and raise A, "x" are lists where one thing belongs. */
static const char *
check_exception(const struct pynode *node)
{
	for (size_t i = 0; i < node->n; i++)
		if (node->child[i]->type == PYT_EXPRESSION_LIST
		    || (!node->child[i]->named
		    && strcmp(node->child[i]->kind, ",") == 0))
			return "a statement of Python 2";
	return NULL;
}

static const char *
check_statement(const struct pynode *node, const struct place *at)
{
	switch (node->type) {
	case PYT_PRINT: case PYT_EXEC:
		return "a statement of Python 2";
	case PYT_EXCEPT: case PYT_RAISE:
		return check_exception(node);
	case PYT_BREAK: case PYT_CONTINUE:
		return at->in_loop ? NULL : "it is in no loop";
	case PYT_RETURN:
		return at->in_function && !at->in_group ? NULL :
		    "it is in no function, or in an except*";
	case PYT_YIELD: case PYT_AWAIT: case PYT_NONLOCAL:
		return at->in_function ? NULL : "it is in no function";
	case PYT_WILDCARD_IMPORT:
		return at->in_function || at->in_class ?
		    "only a module may import *" : NULL;
	default:
		return NULL;
	}
}

static const char *
check_expression(struct pysettings *ps, const struct pynode *node)
{
	const struct pynode *target = NULL;

	switch (node->type) {
	case PYT_FLOAT:
		return strstr(pyrun_source(ps, node), "_.") != NULL ?
		    "not a number" : NULL;
	case PYT_INTEGER:
		return old_number(pyrun_source(ps, node));
	case PYT_STRING:
		return check_string(ps, node);
	case PYT_CONCATENATED:
		return check_concatenated(ps, node);
	case PYT_ARGUMENT_LIST:
		return check_call(ps, node);
	case PYT_COMPARISON:
		return pynode_has(node, "<>") ?
		    "a comparison of Python 2" : NULL;
	case PYT_ASSIGNMENT: case PYT_AUGMENTED: case PYT_FOR:
	case PYT_FOR_IN:
		target = pynode_field(node, "left");
		break;
	case PYT_AS_PATTERN_TARGET:
		target = node;
		break;
	case PYT_NAMED:
		target = pynode_field(node, "name");
		break;
	default:
		return NULL;
	}
	return target != NULL ? check_target(ps, target) : NULL;
}

static bool
check(struct pysettings *ps, const struct pynode *node, struct place at,
    struct err *e)
{
	const char *fault = check_expression(ps, node);
	bool statement = node->parent == NULL
	    || node->parent->type == PYT_BLOCK;

	if (fault == NULL)
		fault = pyrun_syntax(ps, node);
	if (fault == NULL)
		fault = check_statement(node, &at);
	if (fault == NULL && statement && node->named
	    && node->type != PYT_COMMENT)
		fault = check_indent(ps, node, &at);
	if (fault != NULL)
		return err_set(e, ERR_INPUT, "%s:%u:%u: %s", ps->file,
		    node->line, node->column, fault);
	if (node->type == PYT_FOR || node->type == PYT_WHILE) {
		at.around = at.in_loop;
		at.in_loop = true;
	}
	if (node->type == PYT_EXCEPT_GROUP)
		at.in_loop = !(at.in_group = true);
	if (node->type == PYT_ELSE && (node->parent->type == PYT_FOR
	    || node->parent->type == PYT_WHILE))
		at.in_loop = at.around;
	if (node->type == PYT_FUNCTION || node->type == PYT_LAMBDA)
		at = (struct place){ .in_function = true };
	if (node->type == PYT_CLASS)
		at = (struct place){ .in_class = true };
	if (node->type == PYT_BLOCK)
		at.block = node;
	for (size_t i = 0; i < node->n; i++)
		if (!check(ps, node->child[i], at, e))
			return false;
	return true;
}

bool
pyrun_check(struct pysettings *ps, const struct pynode *node, struct err *e)
{
	return check(ps, node, (struct place){ .block = NULL }, e);
}
