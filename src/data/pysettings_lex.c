/*
 * pysettings_lex - is it a text that the grammar can be given? Brackets that
 * fit, strings that end, lines indented no deeper than Python allows: what
 * is not so is told with its place, and the parser spared.
 */
#include <string.h>

#include "data/pysettings_tree.h"

enum { INDENTS_MAX = 90, BLANKS_MAX = 8 * INDENTS_MAX };

struct lexer {
	const char *text, *file;
	size_t len, at;
	size_t open[PYTREE_DEPTH];	/* brackets, by their places */
	size_t n;
};

static bool
refuse(const struct lexer *l, size_t at, const char *what, struct err *e)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		line += l->text[i] == '\n';
		column = l->text[i] == '\n' ? 1 : column + 1;
	}
	return err_set(e, ERR_INPUT, "%s:%zu:%zu: %s", l->file, line, column,
	    what);
}

/* A string from its first quote on. */
static bool
skip_string(struct lexer *l, struct err *e)
{
	size_t start = l->at, quotes = 1;
	const char *s = l->text;
	char quote = s[start];

	if (start + 2 < l->len && s[start + 1] == quote
	    && s[start + 2] == quote)
		quotes = 3;
	for (l->at += quotes; l->at < l->len; l->at++) {
		if (s[l->at] == '\\') {
			l->at++;
			continue;
		}
		if (quotes == 1 && s[l->at] == '\n')
			break;
		if (s[l->at] == quote && (quotes == 1
		    || (l->at + 2 < l->len && s[l->at + 1] == quote
		    && s[l->at + 2] == quote))) {
			l->at += quotes;
			return true;
		}
	}
	return refuse(l, start, "a string that does not end", e);
}

static bool
check_bracket(struct lexer *l, struct err *e)
{
	static const char opening[] = "([{", closing[] = ")]}";
	const char *found = strchr(closing, l->text[l->at]);

	if (found == NULL) {
		if (l->n == PYTREE_DEPTH)
			return refuse(l, l->at, "nested too deeply", e);
		l->open[l->n++] = l->at;
		return true;
	}
	if (l->n == 0 || l->text[l->open[l->n - 1]]
	    != opening[found - closing])
		return refuse(l, l->at, "a bracket that closes nothing", e);
	l->n--;
	return true;
}

static bool
check_one(struct lexer *l, struct err *e)
{
	unsigned char c = (unsigned char)l->text[l->at];

	if (c == '#') {
		l->at += strcspn(l->text + l->at, "\n");
		return true;
	}
	if (c == '"' || c == '\'')
		return skip_string(l, e);
	if (strchr("()[]{}", c) != NULL && !check_bracket(l, e))
		return false;
	if ((c < ' ' && strchr("\t\n\f", c) == NULL) || c == 0x7f
	    || strchr("$?", c) != NULL)
		return refuse(l, l->at, "this is not Python", e);
	if (c == '\n' && strspn(l->text + l->at + 1, " \t") > BLANKS_MAX)
		return refuse(l, l->at + 1, "nested too deeply", e);
	l->at++;
	return true;
}

bool
pylex_check(const char *text, size_t len, const char *file, struct err *e)
{
	struct lexer l = { .text = text, .file = file, .len = len };

	while (l.at < len)
		if (!check_one(&l, e))
			return false;
	return l.n == 0 || refuse(&l, l.open[l.n - 1],
	    "a bracket that is not closed", e);
}
