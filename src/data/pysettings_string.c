/*
 * pysettings_string - what Python's texts can do, where bytes and characters
 * come to the same.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/pysettings_run.h"

enum { TEXT_MAX = 1 << 20 };

bool
pyrun_is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

bool
pyrun_print(const struct pyval *v, struct buf *out)
{
	switch (v->kind) {
	case PY_STRING: case PY_INT: case PY_FLOAT:
		return buf_puts(out, v->text);
	case PY_BOOL:
		return buf_puts(out, pyval_truth(v) ? "True" : "False");
	case PY_NONE:
		return buf_puts(out, "None");
	default:
		return false;
	}
}

static struct pyval *
new_text(struct pysettings *ps, const char *text, size_t len)
{
	return pyval_new(ps->pool, PY_STRING,
	    pool_strndup(ps->pool, text, len));
}

static const struct pyval *
arg(const struct pyargs *a, size_t i)
{
	return i < a->n && a->value[i]->kind == PY_STRING ? a->value[i] :
	    NULL;
}

static struct pyval *
strip(struct pysettings *ps, const struct pyval *v, const char *how,
    const struct pyargs *a)
{
	const char *chars = " \t\n\r\f\v\034\035\036\037", *text = v->text;
	size_t len;

	if (a->n > 0 && arg(a, 0) != NULL)
		chars = arg(a, 0)->text;
	else if (a->n > 0 && a->value[0]->kind != PY_NONE)
		return NULL;
	/* there are other blanks than those of ASCII */
	if (!pyrun_is_ascii(chars) || a->n > 1
	    || (a->n == 0 && !pyrun_is_ascii(text)))
		return NULL;
	if (strcmp(how, "rstrip") != 0)
		text += strspn(text, chars);
	len = strlen(text);
	while (strcmp(how, "lstrip") != 0 && len > 0
	    && strchr(chars, text[len - 1]) != NULL)
		len--;
	return new_text(ps, text, len);
}

static struct pyval *
join(struct pysettings *ps, const struct pyval *v, const struct pyargs *a)
{
	struct buf all = buf_new(TEXT_MAX);
	const struct pyval *parts = a->n == 1 ?
	    pyrun_items(ps, a->value[0]) : NULL;
	bool ok = parts != NULL;

	for (size_t i = 0; ok && i < parts->n; i++) {
		ok = parts->value[i]->kind == PY_STRING;
		if (ok && i > 0)
			buf_puts(&all, v->text);
		if (ok)
			buf_puts(&all, parts->value[i]->text);
	}
	return pyrun_take_text(ps, &all, ok);
}

/* {}, {0} or {name}: which argument; NULL: none, or more than a name. */
static const struct pyval *
field(struct pysettings *ps, const char *name, size_t n,
    const struct pyargs *a, size_t *next)
{
	size_t i;

	if (n == 0)
		i = (*next)++;
	else if (n == 1 && isdigit((unsigned char)*name))
		i = (size_t)(*name - '0');
	else
		return pyval_listed(a->named,
		    pool_strndup(ps->scratch, name, n));
	return i < a->n ? a->value[i] : NULL;
}

static struct pyval *
format(struct pysettings *ps, const struct pyval *v, const struct pyargs *a)
{
	struct buf all = buf_new(TEXT_MAX);
	const struct pyval *value;
	size_t next = 0, n;
	bool ok = true, counted = false;

	for (const char *s = v->text; ok && *s != '\0'; s++) {
		if ((*s == '{' || *s == '}') && s[1] == *s) {
			buf_putc(&all, *s++);
			continue;
		}
		if (*s != '{') {
			ok = *s != '}' && buf_putc(&all, *s);
			continue;
		}
		n = strcspn(s + 1, "{}");
		value = field(ps, s + 1, n, a, &next);
		/* {} and {0} don't mix */
		counted = counted || (n == 1 && isdigit((unsigned char)s[1]));
		ok = s[n + 1] == '}' && value != NULL
		    && !(counted && next > 0) && pyrun_print(value, &all);
		s += n + 1;
	}
	return pyrun_take_text(ps, &all, ok);
}

static struct pyval *
replace(struct pysettings *ps, const struct pyval *v, const struct pyargs *a)
{
	struct buf all = buf_new(TEXT_MAX);
	const struct pyval *from = arg(a, 0), *to = arg(a, 1);
	const char *s = v->text, *at;
	bool ok = a->n == 2 && from != NULL && to != NULL
	    && *from->text != '\0';

	while (ok && (at = strstr(s, from->text)) != NULL) {
		buf_add(&all, s, (size_t)(at - s));
		buf_puts(&all, to->text);
		s = at + strlen(from->text);
	}
	buf_puts(&all, s);
	return pyrun_take_text(ps, &all, ok);
}

static struct pyval *
split(struct pysettings *ps, const struct pyval *v, const struct pyargs *a)
{
	const struct pyval *by = arg(a, 0);
	struct pyval *parts;
	const char *s = v->text, *at;

	if (a->n != 1 || by == NULL || *by->text == '\0')
		return NULL;
	parts = pyval_new(ps->pool, PY_LIST, NULL);
	for (; (at = strstr(s, by->text)) != NULL;
	    s = at + strlen(by->text))
		pyval_append(ps->pool, parts,
		    new_text(ps, s, (size_t)(at - s)));
	pyval_append(ps->pool, parts, new_text(ps, s, strlen(s)));
	return parts;
}

static struct pyval *
change_case(struct pysettings *ps, const struct pyval *v, const char *how,
    const struct pyargs *a)
{
	char *text = pool_strdup(ps->pool, v->text);

	if (a->n > 0 || !pyrun_is_ascii(text))
		return NULL;
	for (char *s = text; *s != '\0'; s++)
		*s = (char)(*how == 'l' ? tolower(*s) : toupper(*s));
	return pyval_new(ps->pool, PY_STRING, text);
}

/* startswith, endswith, and taking away what they find. */
static struct pyval *
look_at_end(struct pysettings *ps, const struct pyval *v, const char *how,
    const struct pyargs *a)
{
	const struct pyval *part = arg(a, 0);
	bool begins = strstr(how, "start") || strstr(how, "prefix"), is;
	size_t n = strlen(v->text), len;

	if (a->n != 1 || part == NULL)
		return NULL;
	len = strlen(part->text);
	is = begins ? text_starts(v->text, part->text) :
	    text_ends(v->text, part->text);
	if (strstr(how, "with") != NULL)
		return pyval_new(ps->pool, PY_BOOL, is ? "true" : "false");
	if (!is)
		return new_text(ps, v->text, n);
	return new_text(ps, v->text + (begins ? len : 0), n - len);
}

struct pyval *
pyrun_string_method(struct pysettings *ps, struct pyval *v, const char *name,
    const struct pyargs *a)
{
	if (text_same(name, "format"))
		return format(ps, v, a);
	if (a->named->n > 0)
		return NULL;
	if (text_same(name, "lstrip") || text_same(name, "rstrip")
	    || text_same(name, "strip"))
		return strip(ps, v, name, a);
	if (text_same(name, "join"))
		return join(ps, v, a);
	if (text_same(name, "replace"))
		return replace(ps, v, a);
	if (text_same(name, "split"))
		return split(ps, v, a);
	if (text_same(name, "lower") || text_same(name, "upper"))
		return change_case(ps, v, name, a);
	if (text_same(name, "startswith") || text_same(name, "endswith")
	    || text_same(name, "removeprefix")
	    || text_same(name, "removesuffix"))
		return look_at_end(ps, v, name, a);
	return NULL;
}

/* What %s, %d or %(name)s stands for; *s is left behind it. */
static const struct pyval *
percent_value(struct pysettings *ps, const char **s,
    const struct pyval *values, size_t *next)
{
	const struct pyval *v = NULL;
	size_t n;

	if (**s == '(') {
		n = strcspn(++*s, ")");
		if (values->kind == PY_DICT && (*s)[n] == ')')
			v = pyval_listed(values,
			    pool_strndup(ps->scratch, *s, n));
		*s += n + ((*s)[n] == ')');
	} else if (values->kind == PY_LIST && values->fixed) {
		v = *next < values->n ? values->value[*next] : NULL;
		++*next;
	} else {
		v = (*next)++ == 0 ? values : NULL;
	}
	if (**s == 'd' && v != NULL && v->kind != PY_INT)
		v = NULL;
	return **s == 's' || **s == 'd' ? v : NULL;
}

struct pyval *
pyrun_percent(struct pysettings *ps, const struct pyval *v,
    const struct pyval *values)
{
	struct buf all = buf_new(TEXT_MAX);
	const struct pyval *value;
	size_t next = 0, want = values->kind == PY_LIST ? values->n :
	    values->kind == PY_DICT ? 0 : 1;
	bool ok = true;

	for (const char *s = v->text; ok && *s != '\0'; s++) {
		if (*s != '%') {
			buf_putc(&all, *s);
		} else if (*++s == '%') {
			buf_putc(&all, '%');
		} else {
			value = percent_value(ps, &s, values, &next);
			ok = value != NULL && pyrun_print(value, &all);
		}
	}
	return pyrun_take_text(ps, &all, ok && next == want);
}
