/*
 * log - see log.h.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum {
	LINE_MAX_BYTES = 64 * 1024,
	RAW_MAX = 16 * 1024 * 1024,	/* before secrets are taken out */
	MASK_MIN = 6,	/* shorter ones would blank out the runner's log */
};

/* Every form of every secret, longest first: a value that contains another
 * must be replaced before it. Lives until the program ends. */
static struct {
	struct mask {
		char *s;
		size_t len;
	} *v;
	size_t n;
} masks;

static bool
on_github(void)
{
	const char *s = getenv("GITHUB_ACTIONS");

	return s != NULL && strcmp(s, "true") == 0;
}

/*
 * How much at the text's beginning the longest mask takes, or 0. What is
 * left of a text that was cut within a secret is masked too.
 */
static size_t
mask_at(const char *s, size_t n)
{
	for (size_t i = 0; i < masks.n; i++) {
		const struct mask *m = &masks.v[i];
		size_t part = m->len < n ? m->len : n;

		if (*m->s == *s && (part == m->len || part >= MASK_MIN)
		    && memcmp(s, m->s, part) == 0)
			return part;
	}
	return 0;
}

void
log_redact(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t m = mask_at(s + i, n - i);

		if (m > 0)
			buf_puts(out, "***");
		else
			buf_putc(out, s[i]);
		i += m > 0 ? m : 1;
	}
}

/* The runner's escapes: data of a command, or (property) a value in it. */
static void
escape(struct buf *b, const char *s, bool property)
{
	for (; *s != '\0'; s++)
		if (*s == '%' || *s == '\r' || *s == '\n'
		    || (property && (*s == ':' || *s == ',')))
			buf_printf(b, "%%%02X", (unsigned char)*s);
		else
			buf_putc(b, *s);
}

/* A line that the runner would take for a command is broken by a blank. It
 * looks behind blanks of any kind, Unicode's too. */
static void
put_harmless(struct buf *b, const char *prefix, const char *s)
{
	const char *first = s;

	while (*first != '\0' && (*first <= ' ' || *first > '~'))
		first++;
	buf_puts(b, prefix);
	if (*prefix == '\0' && text_starts(first, "::"))
		buf_puts(b, ". ");
	for (; *s != '\0'; s++) {
		buf_putc(b, *s);
		if (s[0] == '#' && s[1] == '#' && s[2] == '[') {
			buf_puts(b, "# ");
			s++;
		}
	}
}

/* stdout is flushed line by line: a kill must not lose what was said. */
static void
print_line(const char *s)
{
	fputs(s, stdout);
	fputc('\n', stdout);
	fflush(stdout);
}

static char *redacted(const char *, va_list) PRINTF(1, 0);
static void say(const char *, const char *, const char *, const char *,
    va_list) PRINTF(4, 0);

static char *
redacted(const char *fmt, va_list ap)
{
	struct buf raw = buf_new(RAW_MAX);
	struct buf out = buf_new(LINE_MAX_BYTES);
	char *s;

	buf_vprintf(&raw, fmt, ap);
	log_redact(&out, buf_str(&raw), raw.len);
	s = mem_strdup(buf_str(&out));
	buf_free(&raw);
	buf_free(&out);
	return s;
}

static void
say_plain(const char *prefix, const char *s)
{
	struct buf b = buf_new(LINE_MAX_BYTES);
	const char *p = s;

	do {
		size_t n = strcspn(p, "\r\n");
		char *line = mem_alloc(n + 1);

		memcpy(line, p, n);
		buf_clear(&b);
		put_harmless(&b, prefix, line);
		print_line(buf_str(&b));
		mem_free(line);
		p += n;
		p += *p == '\r' && p[1] == '\n' ? 2 : *p != '\0';
	} while (*p != '\0');
	buf_free(&b);
}

static void
say_command(const char *command, const char *title, const char *s)
{
	struct buf b = buf_new(RAW_MAX);

	buf_printf(&b, "::%s", command);
	if (title != NULL) {
		buf_puts(&b, " title=");
		escape(&b, title, true);
	}
	buf_puts(&b, "::");
	escape(&b, s, false);
	print_line(buf_str(&b));
	buf_free(&b);
}

static void
say(const char *command, const char *prefix, const char *title,
    const char *fmt, va_list ap)
{
	char *s = redacted(fmt, ap);

	if (command != NULL && on_github())
		say_command(command, title, s);
	else
		say_plain(prefix, s);
	mem_free(s);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(NULL, "", NULL, fmt, ap);
	va_end(ap);
}

void
log_notice(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("notice", "note: ", NULL, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning", "warning: ", NULL, fmt, ap);
	va_end(ap);
}

void
log_error(const char *title, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("error", "error: ", title, fmt, ap);
	va_end(ap);
}

void
log_foreign(const char *s, size_t n)
{
	struct buf b = buf_new(1024 * 1024);

	log_redact(&b, s, n);
	say_plain("  | ", buf_str(&b));
	buf_free(&b);
}

/* Keep one form of a secret, longest first; the runner is told once. */
static void
add_form(const char *s)
{
	size_t n = strlen(s), at = 0;

	if (strspn(s, " \t\r\n") == n)
		return;
	for (size_t i = 0; i < masks.n; i++)
		if (strcmp(masks.v[i].s, s) == 0)
			return;
	masks.v = mem_grow(masks.v, (masks.n + 1) * sizeof *masks.v);
	while (at < masks.n && masks.v[at].len >= n)
		at++;
	memmove(masks.v + at + 1, masks.v + at,
	    (masks.n - at) * sizeof *masks.v);
	masks.v[at] = (struct mask){ mem_strdup(s), n };
	masks.n++;
	if (on_github() && n >= MASK_MIN)
		say_command("add-mask", NULL, s);
}

static void
add_json_form(const char *s)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	struct buf b = buf_new(RAW_MAX);

	for (; *s != '\0'; s++) {
		const char *at = strchr(plain, *s);

		if (at != NULL)
			buf_printf(&b, "\\%c", letters[at - plain]);
		else if ((unsigned char)*s < ' ')
			buf_printf(&b, "\\u%04x", (unsigned char)*s);
		else
			buf_putc(&b, *s);
	}
	add_form(buf_str(&b));
	buf_free(&b);
}

void
log_mask(const char *s)
{
	struct buf b = buf_new(RAW_MAX);

	if (s == NULL || *s == '\0')
		return;
	add_form(s);
	for (const char *p = s; *p != '\0'; p += strspn(p, "\r\n")) {
		size_t n = strcspn(p, "\r\n");

		buf_clear(&b);
		buf_add(&b, p, n);
		if (n >= MASK_MIN)
			add_form(buf_str(&b));
		p += n;
	}
	buf_clear(&b);
	text_base64(&b, s, strlen(s));
	add_form(buf_str(&b));
	buf_clear(&b);
	text_percent(&b, s);
	add_form(buf_str(&b));
	add_json_form(s);
	buf_free(&b);
}
