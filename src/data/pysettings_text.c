/*
 * pysettings_text - Python's string literals, and statements as people may
 * see them.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"

enum {
	STRING_MAX = 4 << 20,
	SHOWN_MAX = 160,
	KEY_SHOWN = 48, NUMBER_SHOWN = 5,
};

const char *
pyrun_source(struct pysettings *ps, const struct pynode *node)
{
	return pool_strndup(ps->scratch, ps->text + node->start,
	    node->end - node->start);
}

/* ---- literals ---- */

static void
add_point(struct buf *out, unsigned long c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_putc(out, (char)(0xe0 | c >> 12));
		} else {
			buf_putc(out, (char)(0xf0 | c >> 18));
			buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(out, (char)(0x80 | (c & 0x3f)));
}

/* n hexadecimal digits after \x, \u or \U. */
static bool
add_hex(struct buf *out, const char **s, const char *end, int n)
{
	unsigned long c = 0;

	for (int i = 0; i < n; i++) {
		char digit[2] = { 0 };

		if (*s == end || !isxdigit((unsigned char)**s))
			return false;
		digit[0] = *(*s)++;
		c = c << 4 | strtoul(digit, NULL, 16);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	add_point(out, c);
	return true;
}

static bool
add_octal(struct buf *out, const char **s, const char *end)
{
	unsigned long c = 0;

	for (int i = 0; i < 3 && *s < end && **s >= '0' && **s <= '7'; i++)
		c = c * 8 + (unsigned long)(*(*s)++ - '0');
	if (c == 0)
		return false;
	add_point(out, c);
	return true;
}

/*
 * What stands between the quotes. The bytes are read here and not the
 * grammar's escape nodes, which lack some octals. An unknown escape stays two
 * characters. false: \N{..}, a NUL, or not Python 3.
 */
static bool
unescape(struct buf *out, const char *s, const char *end)
{
	static const char letters[] = "abtnvfr\\'\"";
	static const char means[] = "\a\b\t\n\v\f\r\\'\"";

	while (s < end) {
		const char *known;

		if (*s != '\\' || s + 1 == end) {
			if (*s == '\r' && s + 1 < end && s[1] == '\n')
				s++;
			buf_putc(out, *s++);
			continue;
		}
		s++;
		known = strchr(letters, *s);
		if (*s != '\0' && known != NULL) {
			buf_putc(out, means[known - letters]);
			s++;
		} else if (*s == '\n') {
			s++;
		} else if (*s == '\r') {
			s += s + 1 < end && s[1] == '\n' ? 2 : 1;
		} else if (*s == 'x' || *s == 'u' || *s == 'U') {
			int n = *s == 'x' ? 2 : *s == 'u' ? 4 : 8;

			s++;
			if (!add_hex(out, &s, end, n))
				return false;
		} else if (*s >= '0' && *s <= '7') {
			if (!add_octal(out, &s, end))
				return false;
		} else if (*s == 'N') {
			return false;
		} else {
			buf_putc(out, '\\');
		}
	}
	return true;
}

static bool
add_piece(struct pysettings *ps, struct buf *out, size_t start, size_t end,
    bool raw, bool format)
{
	struct buf piece = buf_new(STRING_MAX);
	const char *s = ps->text + start;
	bool ok = true;

	/* {{ of an f-string is one brace */
	for (; s < ps->text + end; s++) {
		if (format && (*s == '{' || *s == '}')
		    && s + 1 < ps->text + end && s[1] == *s)
			s++;
		buf_putc(&piece, *s);
	}
	if (raw)
		buf_add(out, buf_str(&piece), piece.len);
	else
		ok = unescape(out, buf_str(&piece),
		    buf_str(&piece) + piece.len);
	ok = ok && !piece.full;
	buf_free(&piece);
	return ok;
}

/* {name} of an f-string: only what is a plain value. */
static bool
add_interpolation(struct pysettings *ps, struct buf *out,
    const struct pynode *node)
{
	const struct pynode *part = pynode_nth(node, 0), *within;
	struct pyval *v;

	if (part == NULL)
		return false;
	v = pyrun_value(ps, part);
	pyrun_use(ps, v);
	/* a format, a conversion, or {name=} */
	for (size_t i = 1; (part = pynode_nth(node, i)) != NULL; i++)
		for (size_t k = 0; (within = pynode_nth(part, k)) != NULL;
		    k++)
			if (within->type == PYT_INTERPOLATION)
				pyrun_use(ps, pyrun_value(ps,
				    pynode_nth(within, 0)));
	return node->n == 3 && pyrun_print(v, out);
}

bool
pyrun_string(struct pysettings *ps, const struct pynode *node,
    struct pyval **value)
{
	const char *prefix = pyrun_source(ps, node->child[0]);
	bool raw = strpbrk(prefix, "rR") != NULL;
	bool format = strpbrk(prefix, "fF") != NULL;
	size_t at = node->child[0]->end, n = node->n;
	struct buf out = buf_new(STRING_MAX);
	bool ok = strpbrk(prefix, "bB") == NULL && n >= 2;

	for (size_t i = 1; i + 1 < n; i++) {
		const struct pynode *part = node->child[i];

		if (part->type != PYT_INTERPOLATION)
			continue;
		ok = add_piece(ps, &out, at, part->start, raw, format) && ok;
		ok = add_interpolation(ps, &out, part) && ok;
		at = part->end;
	}
	ok = ok && add_piece(ps, &out, at, node->child[n - 1]->start, raw,
	    format) && !out.full && strlen(buf_str(&out)) == out.len;
	if (ok)
		*value = pyval_new(ps->pool, PY_STRING,
		    pool_strdup(ps->pool, buf_str(&out)));
	if (out.data != NULL)
		mem_wipe(out.data, out.len);
	buf_free(&out);
	return ok;
}

/* ---- statements for people ---- */

/* A key of a dict or subscript says what is meant, if it looks like a name;
 * any other string, and a long number, may be a secret. */
static bool
may_be_shown(struct pysettings *ps, const struct pynode *node)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t len = node->end - node->start;
	const char *s = pyrun_source(ps, node);

	if (node->type != PYT_STRING)
		return len <= NUMBER_SHOWN;
	if (node->parent == NULL || len > KEY_SHOWN || len < 3
	    || strspn(s + 1, letters) != len - 2)
		return false;
	return strcmp(node->field, "subscript") == 0
	    || (node->parent->type == PYT_PAIR
		&& strcmp(node->field, "key") == 0);
}

static void
show(struct pysettings *ps, const struct pynode *node, size_t *at,
    struct buf *out)
{
	bool number = node->type == PYT_INTEGER || node->type == PYT_FLOAT;

	if (out->full)
		return;
	if (node->type == PYT_COMMENT || ((node->type == PYT_STRING || number)
	    && !may_be_shown(ps, node))) {
		buf_add(out, ps->text + *at, node->start - *at);
		if (node->type != PYT_COMMENT)
			buf_puts(out, number ? "..." : "\"...\"");
		*at = node->end;
		return;
	}
	for (size_t i = 0; !out->full && i < node->n; i++)
		show(ps, node->child[i], at, out);
	if (node->end > *at)
		buf_add(out, ps->text + *at, node->end - *at);
	*at = node->end > *at ? node->end : *at;
}

const char *
pyrun_why(struct pysettings *ps)
{
	struct buf all = buf_new(4096), line = buf_new(SHOWN_MAX);
	size_t at = ps->statement->start;
	bool blank = false;

	if (ps->why != NULL && ps->shown == ps->statement)
		return ps->why;
	show(ps, ps->statement, &at, &all);
	for (const char *s = buf_str(&all); *s != '\0'; s++) {
		if (isspace((unsigned char)*s)) {
			blank = true;
			continue;
		}
		if (blank)
			buf_putc(&line, ' ');
		blank = false;
		buf_putc(&line, *s);
	}
	while (line.len > 0 && !text_is_utf8(line.data, line.len))
		line.data[--line.len] = '\0';	/* cut within a character */
	ps->shown = ps->statement;
	ps->why = pool_printf(ps->pool, "%s:%u: %s%s", ps->file,
	    ps->statement->line, buf_str(&line), line.full ? "..." : "");
	buf_free(&all);
	buf_free(&line);
	return ps->why;
}
