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

enum { STRING_MAX = 4 << 20, SHOWN_MAX = 160 };

bool
pyrun_is(TSNode node, const char *type)
{
	return strcmp(ts_node_type(node), type) == 0;
}

TSNode
pyrun_field(TSNode node, const char *field)
{
	return ts_node_child_by_field_name(node, field,
	    (uint32_t)strlen(field));
}

const char *
pyrun_source(struct pysettings *ps, TSNode node)
{
	size_t start = ts_node_start_byte(node);

	return pool_strndup(ps->pool, ps->text + start,
	    ts_node_end_byte(node) - start);
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

/* {name} of an f-string: only what is a plain string or number. */
static bool
add_interpolation(struct pysettings *ps, struct buf *out, TSNode node)
{
	struct pyval *v;

	if (ts_node_child_count(node) != 3)
		return false;	/* a format, a conversion, or {name=} */
	v = pyrun_value(ps, ts_node_named_child(node, 0));
	if (v->kind != PY_STRING && v->kind != PY_INT)
		return false;
	return buf_puts(out, v->text);
}

bool
pyrun_string(struct pysettings *ps, TSNode node, struct pyval **value)
{
	uint32_t n = ts_node_child_count(node);
	const char *prefix = pyrun_source(ps, ts_node_child(node, 0));
	bool raw = strpbrk(prefix, "rR") != NULL;
	bool format = strpbrk(prefix, "fF") != NULL;
	size_t at = ts_node_end_byte(ts_node_child(node, 0));
	size_t end = ts_node_start_byte(ts_node_child(node, n - 1));
	struct buf out = buf_new(STRING_MAX);
	bool ok = strpbrk(prefix, "bB") == NULL && n >= 2;

	for (uint32_t i = 1; ok && i + 1 < n; i++) {
		TSNode part = ts_node_child(node, i);

		if (!pyrun_is(part, "interpolation"))
			continue;
		ok = add_piece(ps, &out, at, ts_node_start_byte(part), raw,
		    format) && add_interpolation(ps, &out, part);
		at = ts_node_end_byte(part);
	}
	ok = ok && add_piece(ps, &out, at, end, raw, format) && !out.full
	    && strlen(buf_str(&out)) == out.len;
	if (ok)
		*value = pyval_new(ps->pool, PY_STRING,
		    pool_strdup(ps->pool, buf_str(&out)));
	if (out.data != NULL)
		mem_wipe(out.data, out.len);
	buf_free(&out);
	return ok;
}

/* ---- statements for people ---- */

/* A key of a dict or subscript says what is meant; any other string may be
 * a secret. */
static bool
may_be_shown(TSNode string)
{
	TSNode parent = ts_node_parent(string);

	if (ts_node_is_null(parent))
		return false;
	if (pyrun_is(parent, "subscript"))
		return true;
	return pyrun_is(parent, "pair")
	    && ts_node_eq(pyrun_field(parent, "key"), string);
}

static void
show(struct pysettings *ps, TSNode node, size_t *at, struct buf *out)
{
	size_t start = ts_node_start_byte(node), end = ts_node_end_byte(node);

	if (out->full)
		return;
	if (pyrun_is(node, "comment")
	    || (pyrun_is(node, "string") && !may_be_shown(node))) {
		buf_add(out, ps->text + *at, start - *at);
		if (pyrun_is(node, "string"))
			buf_puts(out, "\"...\"");
		*at = end;
		return;
	}
	for (uint32_t i = 0; !out->full && i < ts_node_child_count(node); i++)
		show(ps, ts_node_child(node, i), at, out);
	if (end > *at)
		buf_add(out, ps->text + *at, end - *at);
	*at = end > *at ? end : *at;
}

const char *
pyrun_why(struct pysettings *ps)
{
	struct buf all = buf_new(4096), line = buf_new(SHOWN_MAX);
	size_t at = ts_node_start_byte(ps->statement);
	bool blank = false;

	if (ps->why != NULL && ts_node_eq(ps->shown, ps->statement))
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
	    ts_node_start_point(ps->statement).row + 1, buf_str(&line),
	    line.full ? "..." : "");
	buf_free(&all);
	buf_free(&line);
	return ps->why;
}
