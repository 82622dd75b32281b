/*
 * yaml_scalar - what a YAML scalar means (YAML 1.1 as PyYAML resolves it),
 * how a string is quoted, and the escape that survives Tutor.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/yaml_tree.h"

enum { NUMBER_MAX = 400 };	/* longer ones are no numbers of a config */

static bool
one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

/* Does s consist of these characters from here on, and is not empty? */
static bool
all_of(const char *s, const char *chars)
{
	return *s != '\0' && strspn(s, chars) == strlen(s);
}

static const char *
after_sign(const char *s)
{
	return *s == '+' || *s == '-' ? s + 1 : s;
}

/* (:[0-5]?[0-9])+ up to `end`, which is NUL or a dot. */
static bool
is_sexagesimal_tail(const char *s, const char *end)
{
	if (s == end)
		return false;
	while (s < end) {
		int digits = 0;

		if (*s++ != ':')
			return false;
		while (s < end && isdigit((unsigned char)*s) && digits < 2) {
			s++;
			digits++;
		}
		if (digits == 0 || (digits == 2 && s[-2] > '5'))
			return false;
	}
	return true;
}

static bool
is_int(const char *s)
{
	const char *p = after_sign(s);
	size_t head;

	if (text_starts(p, "0b"))
		return all_of(p + 2, "01_");
	if (text_starts(p, "0x"))
		return all_of(p + 2, "0123456789abcdefABCDEF_");
	if (*p == '0')
		return p[1] == '\0' || all_of(p + 1, "01234567_");
	if (!isdigit((unsigned char)*p))
		return false;
	head = strspn(p, "0123456789_");
	return p[head] == '\0' || is_sexagesimal_tail(p + head, p + strlen(p));
}

/* ([eE][-+][0-9]+)? */
static bool
is_exponent(const char *s)
{
	if (*s == '\0')
		return true;
	return (*s == 'e' || *s == 'E') && (s[1] == '+' || s[1] == '-')
	    && all_of(s + 2, "0123456789");
}

static bool
is_float(const char *s)
{
	static const char *const infinite[] = { ".inf", ".Inf", ".INF",
	    NULL };
	static const char *const no_number[] = { ".nan", ".NaN", ".NAN",
	    NULL };
	const char *p = after_sign(s), *dot;
	size_t head;

	if (one_of(p, infinite) || one_of(s, no_number))
		return true;
	if (*s == '.' && isdigit((unsigned char)s[1]))
		return is_exponent(s + 1 + strspn(s + 1, "0123456789_"));
	if (!isdigit((unsigned char)*p))
		return false;
	head = strspn(p, "0123456789_");
	if (p[head] == '.') {
		p += head + 1;
		return is_exponent(p + strspn(p, "0123456789_"));
	}
	dot = strchr(p, '.');
	return dot != NULL && is_sexagesimal_tail(p + head, dot)
	    && dot[1 + strspn(dot + 1, "0123456789_")] == '\0';
}

/* n digits at *s, at least `least`; moves on. */
static bool
digits(const char **s, int least, int most)
{
	int n = 0;

	while (n < most && isdigit((unsigned char)**s)) {
		(*s)++;
		n++;
	}
	return n >= least;
}

static bool
skip(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static bool
is_zone(const char *s)
{
	s += strspn(s, " \t");
	if (*s == '\0')
		return true;
	if (*s == 'Z')
		return s[1] == '\0';
	if (!skip(&s, '+') && !skip(&s, '-'))
		return false;
	if (!digits(&s, 1, 2))
		return false;
	return *s == '\0' || (skip(&s, ':') && digits(&s, 2, 2) && *s == '\0');
}

static bool
is_date(const char *s)
{
	const char *day = s;

	if (!digits(&s, 4, 4) || !skip(&s, '-') || !digits(&s, 1, 2)
	    || !skip(&s, '-') || !digits(&s, 1, 2))
		return false;
	if (*s == '\0')
		return s - day == 10;
	if (*s == 'T' || *s == 't')
		s++;
	else if (*s == ' ' || *s == '\t')
		s += strspn(s, " \t");
	else
		return false;
	if (!digits(&s, 1, 2) || !skip(&s, ':') || !digits(&s, 2, 2)
	    || !skip(&s, ':') || !digits(&s, 2, 2))
		return false;
	if (skip(&s, '.'))
		s += strspn(s, "0123456789");
	return is_zone(s);
}

/* Is it a day that there is, at a time that there is? s is as is_date took
 * it; Python refuses others. */
static bool
is_real_date(const char *s)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };
	char *end;
	long year = strtol(s, &end, 10), month = strtol(end + 1, &end, 10);
	long day = strtol(end + 1, &end, 10), part[2];
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (year < 1 || month < 1 || month > 12 || day < 1
	    || day > days[month - 1] + (leap && month == 2))
		return false;
	if (*end == '\0')
		return true;
	end += strcspn(end, "0123456789");
	if (strtol(end, &end, 10) > 23)
		return false;
	part[0] = strtol(end + 1, &end, 10);
	part[1] = strtol(end + 1, &end, 10);
	end += strcspn(end, "+-");
	return part[0] < 60 && part[1] < 60
	    && (*end == '\0' || strtol(end + 1, NULL, 10) < 24);
}

/* Without the underscores, which mean nothing in a number. */
static void
strip(char out[static NUMBER_MAX + 1], const char *s)
{
	size_t n = 0;

	for (; *s != '\0' && n < NUMBER_MAX; s++)
		if (*s != '_')
			out[n++] = *s;
	out[n] = '\0';
}

/* A whole number of any size: decimal digits, the last one first. */
struct whole {
	char digit[2 * NUMBER_MAX];
	size_t n;
};

static void
whole_times(struct whole *w, unsigned factor, unsigned plus)
{
	for (size_t i = 0; i < w->n; i++) {
		plus += (unsigned)w->digit[i] * factor;
		w->digit[i] = (char)(plus % 10);
		plus /= 10;
	}
	for (; plus > 0; plus /= 10)
		w->digit[w->n++] = (char)(plus % 10);
}

/* The decimal form of what is_int took, as Python prints it; NULL: no digit,
 * which is no number for Python. */
static const char *
int_text(struct pool *pool, const char *s)
{
	static const char hex[] = "0123456789abcdef";
	char plain[NUMBER_MAX + 1] = "", text[2 * NUMBER_MAX + 1];
	struct whole w = { .n = 0 };
	const char *p;
	unsigned base;

	if (strlen(s) > NUMBER_MAX)
		return pool_strdup(pool, s);
	strip(plain, s);
	p = after_sign(plain);
	base = text_starts(p, "0b") ? 2 : text_starts(p, "0x") ? 16 :
	    *p == '0' ? 8 : 10;
	p += base == 2 || base == 16 ? 2 : 0;
	if (*p == '\0')
		return NULL;
	for (; *p != '\0' && *p != ':'; p++)
		whole_times(&w, base, (unsigned)(strchr(hex,
		    tolower((unsigned char)*p)) - hex));
	/* base 60, most significant first */
	for (char *end; *p == ':'; p = end)
		whole_times(&w, 60, (unsigned)strtoul(p + 1, &end, 10));
	for (size_t i = 0; i < w.n; i++)
		text[i] = (char)('0' + w.digit[w.n - 1 - i]);
	text[w.n] = '\0';
	return w.n == 0 ? "0" :
	    pool_printf(pool, "%s%s", *plain == '-' ? "-" : "", text);
}

/* As Python's repr: the shortest digits that mean the same number. */
static const char *
double_text(struct pool *pool, double d)
{
	char shortest[40];
	const char *e;
	int precision, exponent;

	if (isnan(d))
		return pool_strdup(pool, "nan");
	if (isinf(d))
		return pool_strdup(pool, d < 0 ? "-inf" : "inf");
	for (precision = 0; precision <= 17; precision++) {
		snprintf(shortest, sizeof shortest, "%.*e", precision, d);
		if (strtod(shortest, NULL) == d)
			break;
	}
	e = strchr(shortest, 'e');
	exponent = (int)strtol(e + 1, NULL, 10);
	if (exponent >= -4 && exponent < 16) {
		int decimals = precision - exponent;

		return pool_printf(pool, "%.*f", decimals < 1 ? 1 : decimals,
		    d);
	}
	return pool_printf(pool, "%.*se%c%02d", (int)(e - shortest), shortest,
	    exponent < 0 ? '-' : '+', abs(exponent));
}

/* The last part first, as Python adds them up. */
static double
sexagesimal(const char *s)
{
	double value = 0, unit = 1;
	const char *part = s + strlen(s);

	for (;;) {
		while (part > s && part[-1] != ':')
			part--;
		value += strtod(part, NULL) * unit;
		if (part == s)
			return value;
		unit *= 60;
		part--;
	}
}

static const char *
float_text(struct pool *pool, const char *s)
{
	char plain[NUMBER_MAX + 1];
	const char *p;
	double value, sign;

	if (strlen(s) > NUMBER_MAX)
		return pool_strdup(pool, s);
	strip(plain, s);
	sign = *plain == '-' ? -1.0 : 1.0;
	p = after_sign(plain);
	if (*p == '.' && isalpha((unsigned char)p[1]))
		value = p[1] == 'i' || p[1] == 'I' ? HUGE_VAL : NAN;
	else if (strchr(p, ':') != NULL)
		value = sexagesimal(p);
	else
		value = strtod(p, NULL);
	return double_text(pool, sign * value);
}

static const char *const true_words[] = { "yes", "Yes", "YES", "true",
    "True", "TRUE", "on", "On", "ON", NULL };
static const char *const false_words[] = { "no", "No", "NO", "false",
    "False", "FALSE", "off", "Off", "OFF", NULL };
static const char *const null_words[] = { "", "~", "null", "Null", "NULL",
    NULL };

enum { LONGEST_WORD = 5 };	/* of these */

static bool
is_word(const char *value, enum yaml_kind *kind, const char **text)
{
	if (one_of(value, null_words)) {
		*kind = YAML_NULL;
		*text = "";
	} else if (one_of(value, true_words)) {
		*kind = YAML_BOOL;
		*text = "true";
	} else if (one_of(value, false_words)) {
		*kind = YAML_BOOL;
		*text = "false";
	}
	return *kind != YAML_STRING;
}

/* false: it looks like something, yet Python can't make it. */
static bool
resolve_plain(struct pool *pool, const char *value, enum yaml_kind *kind,
    const char **text)
{
	*text = value;
	*kind = YAML_STRING;
	if (strlen(value) <= LONGEST_WORD && is_word(value, kind, text))
		return true;
	if (strchr("+-.0123456789", *value) == NULL)
		return strcmp(value, "=") != 0 && strcmp(value, "<<") != 0;
	if (is_float(value)) {
		*kind = YAML_FLOAT;
		*text = float_text(pool, value);
	} else if (is_int(value)) {
		*kind = YAML_INT;
		*text = int_text(pool, value);
	} else if (is_date(value)) {
		*kind = YAML_DATE;
		return is_real_date(value);
	}
	return *text != NULL;
}

bool
yaml_scalar_resolve(struct pool *pool, const char *value, bool plain,
    const char *tag, enum yaml_kind *kind, const char **text)
{
	static const struct {
		const char *tag;
		enum yaml_kind kind;
	} tags[] = {
		{ "tag:yaml.org,2002:null", YAML_NULL },
		{ "tag:yaml.org,2002:bool", YAML_BOOL },
		{ "tag:yaml.org,2002:int", YAML_INT },
		{ "tag:yaml.org,2002:float", YAML_FLOAT },
		{ "tag:yaml.org,2002:timestamp", YAML_DATE },
	};

	*kind = YAML_STRING;
	*text = value;
	/* to PyYAML a bare ! is as if there were no quotes */
	if (tag != NULL ? strcmp(tag, "!") == 0 : plain)
		return resolve_plain(pool, value, kind, text);
	if (tag == NULL || strcmp(tag, "tag:yaml.org,2002:str") == 0)
		return true;
	if (!resolve_plain(pool, value, kind, text))
		return false;
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (strcmp(tag, tags[i].tag) == 0)
			return *kind == tags[i].kind;
	return false;
}

/* Bytes of the UTF-8 character at s, and its code point. */
static size_t
utf8_next(const char *s, unsigned *point)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;

	*point = n == 1 ? u[0] : u[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80) {
			*point = u[0];
			return 1;
		}
		*point = *point << 6 | (u[i] & 0x3fU);
	}
	return n;
}

/* Characters that YAML or a reader of the file would not show or not keep. */
static bool
is_hidden(unsigned c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028
	    || c == 0x2029 || c == 0xfeff || (c >= 0xfffe && c <= 0xffff);
}

static void
add_escaped(struct buf *out, unsigned c)
{
	if (c < 0x100)
		buf_printf(out, "\\x%02x", c);
	else
		buf_printf(out, "\\u%04x", c);
}

static bool
fits_single_quotes(const char *s)
{
	unsigned c;

	for (; *s != '\0'; s += utf8_next(s, &c))
		if (utf8_next(s, &c) > 0 && is_hidden(c))
			return false;
	return true;
}

static void
quote_double(struct buf *out, const char *s)
{
	buf_putc(out, '"');
	while (*s != '\0') {
		unsigned c;
		size_t n = utf8_next(s, &c);

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (char)c);
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\t')
			buf_puts(out, "\\t");
		else if (is_hidden(c))
			add_escaped(out, c);
		else
			buf_add(out, s, n);
		s += n;
	}
	buf_putc(out, '"');
}

void
yaml_scalar_quote(struct buf *out, const char *s, enum yaml_style old)
{
	if (old != STYLE_SINGLE || !fits_single_quotes(s)) {
		quote_double(out, s);
		return;
	}
	buf_putc(out, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_putc(out, '\'');
		buf_putc(out, *s);
	}
	buf_putc(out, '\'');
}

void
yaml_tutor_escape(struct buf *out, const char *s)
{
	while (*s != '\0') {
		unsigned c;
		size_t n = utf8_next(s, &c);

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (char)c);
		else if (is_hidden(c))
			add_escaped(out, c);
		else if (c == '{' && s[1] != '\0' && strchr("{%#", s[1]))
			buf_puts(out, "\\x7b");
		else
			buf_add(out, s, n);
		s += n;
	}
}

/* A code point below 0x10000 as UTF-8. */
static void
add_point(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

static bool
hex_point(const char *s, int n, unsigned *c)
{
	*c = 0;
	for (int i = 0; i < n; i++) {
		const char *at = "0123456789abcdef";
		const char *digit = s[i] == '\0' ? NULL :
		    strchr(at, tolower((unsigned char)s[i]));

		if (digit == NULL)
			return false;
		*c = *c << 4 | (unsigned)(digit - at);
	}
	return *c != 0 && (*c < 0xd800 || *c > 0xdfff);
}

bool
yaml_tutor_unescape(struct buf *out, const char *s)
{
	/* what YAML and Python both understand, in one letter */
	static const char letters[] = "abtnvfr\\\"";
	static const char means[] = "\a\b\t\n\v\f\r\\\"";

	for (; *s != '\0'; s++) {
		const char *known;
		unsigned c;

		if (*s != '\\') {
			buf_putc(out, *s);
			continue;
		}
		s++;
		known = *s != '\0' ? strchr(letters, *s) : NULL;
		if (known != NULL) {
			buf_putc(out, means[known - letters]);
		} else if (*s == 'x' && hex_point(s + 1, 2, &c)) {
			add_point(out, c);
			s += 2;
		} else if (*s == 'u' && hex_point(s + 1, 4, &c)) {
			add_point(out, c);
			s += 4;
		} else {
			return false;
		}
	}
	return true;
}
