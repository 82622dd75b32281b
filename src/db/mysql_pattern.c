/* mysql_pattern - escape, unescape and match database names of grants. */
#include "db/mysql_pattern.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

enum { NAME_MAX_BYTES = 4096 };

void
pattern_escape(struct buf *out, const char *db, bool literal)
{
	for (; *db != '\0'; db++) {
		if (!literal && strchr("\\_%", *db) != NULL)
			buf_putc(out, '\\');
		buf_putc(out, *db);
	}
}

bool
pattern_is_live(const char *pattern, bool literal)
{
	if (literal)
		return false;
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '_' || *p == '%')
			return true;
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return false;
}

const char *
pattern_name(struct pool *pool, const char *pattern, bool literal)
{
	struct buf name = buf_new(NAME_MAX_BYTES);
	const char *got;

	for (const char *p = pattern; *p != '\0'; p++) {
		if (!literal && *p == '\\' && p[1] != '\0')
			p++;
		buf_putc(&name, *p);
	}
	got = pool_strdup(pool, buf_str(&name));
	buf_free(&name);
	return got;
}

static bool
same_byte(char a, char b, bool fold)
{
	return a == b || (fold
	    && tolower((unsigned char)a) == tolower((unsigned char)b));
}

static const char *
next_character(const char *p)
{
	for (p++; ((unsigned char)*p & 0xc0) == 0x80; p++)
		;
	return p;
}

/* The last % is remembered: on a mismatch it takes one character more. */
bool
pattern_matches(const char *pattern, const char *db, bool literal, bool fold)
{
	const char *p = pattern, *d = db, *star = NULL, *rest = NULL;

	while (*d != '\0') {
		bool plain = literal;
		const char *q = p;

		if (!plain && *q == '\\' && q[1] != '\0') {
			plain = true;
			q++;
		}
		if (!plain && *q == '%') {
			star = p = q + 1;
			rest = d;
		} else if (!plain && *q == '_') {
			p = q + 1;
			d = next_character(d);
		} else if (same_byte(*q, *d, fold)) {
			p = q + 1;
			d++;
		} else if (star != NULL) {
			p = star;
			d = rest = next_character(rest);
		} else
			return false;
	}
	while (!literal && *p == '%')
		p++;
	return *p == '\0';
}

size_t
pattern_length(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s = next_character(s))
		n++;
	return n;
}
