/*
 * err - see err.h.
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Drop a UTF-8 character that a cut left incomplete at the end. */
static void
trim_cut_character(char *s)
{
	size_t n = strlen(s), back = 0;

	while (back < 3 && back < n && ((unsigned char)s[n - 1 - back] & 0xc0)
	    == 0x80)
		back++;
	if (back < n && (unsigned char)s[n - 1 - back] >= 0xc0) {
		unsigned char lead = (unsigned char)s[n - 1 - back];
		size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;

		if (back < want)
			s[n - 1 - back] = '\0';
	}
}

bool
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	trim_cut_character(e->text);
	return false;
}

bool
err_within(struct err *e, const char *fmt, ...)
{
	char was[ERR_TEXT_MAX];
	va_list ap;
	size_t n;

	memcpy(was, e->text, sizeof was);
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof e->text - n, ": %s", was);
	trim_cut_character(e->text);
	return false;
}
