/*
 * text - see text.h.
 */
#include "base/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/mem.h"

static const char host_chars[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

bool
text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
text_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

bool
text_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
text_same_fold(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcasecmp(a, b) == 0);
}

bool
text_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

bool
text_number(const char *s, long min, long max, long *out, struct err *e)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (!isdigit((unsigned char)s[*s == '-']) || *end != '\0'
	    || errno != 0 || n < min || n > max)
		return err_set(e, ERR_INPUT,
		    "\"%.40s\" is not a whole number from %ld to %ld", s, min,
		    max);
	*out = n;
	return true;
}

bool
text_check_name(const char *s, struct err *e)
{
	size_t n = strlen(s);

	if (n >= 1 && n <= 63 && *s >= 'a' && *s <= 'z' && s[n - 1] != '-'
	    && strspn(s, "-abcdefghijklmnopqrstuvwxyz0123456789") == n)
		return true;
	return err_set(e, ERR_INPUT, "\"%.80s\" is not a name: 1 to 63 lower-"
	    "case letters, digits and hyphens, beginning with a letter and "
	    "not ending with a hyphen", s);
}

bool
text_check_host(const char *s, struct err *e)
{
	size_t all = strlen(s);
	const char *p = s;

	while (all >= 1 && all <= 253) {
		size_t n = strspn(p, host_chars);

		if (n < 1 || n > 63 || *p == '-' || p[n - 1] == '-')
			break;
		if (p[n] == '\0')
			return true;
		if (p[n] != '.')
			break;
		p += n + 1;
	}
	return err_set(e, ERR_INPUT, "\"%.80s\" is not a host name such as "
	    "courses.example.org (no scheme, no final dot; international "
	    "names in their xn-- form)", s);
}

bool
text_check_ip(const char *s, struct err *e)
{
	unsigned char addr[16];

	if (inet_pton(AF_INET, s, addr) == 1
	    || inet_pton(AF_INET6, s, addr) == 1)
		return true;
	return err_set(e, ERR_INPUT, "\"%.80s\" is not an IP address such as "
	    "203.0.113.7 or 2001:db8::7", s);
}

/* Each part of a list by one rule; an empty list is none. */
static bool
check_each(const char *given, bool (*check)(const char *, struct err *),
    struct err *e)
{
	struct pool *p = pool_new();
	const char **part = text_split(p, given, NULL);
	bool ok = part[0] != NULL
	    || err_set(e, ERR_INPUT, "it names no address");

	for (size_t i = 0; ok && part[i] != NULL; i++)
		ok = check(part[i], e);
	pool_free(p);
	return ok;
}

/* An address with a port, or without; brackets around IPv6 then. */
static bool
check_server(const char *s, struct err *e)
{
	const char *colon = strrchr(s, ':');
	char bare[64] = "";
	long port = 1;
	size_t n = strlen(s);

	if (s[0] == '[' || (colon != NULL && strchr(s, ':') == colon)) {
		if (colon == NULL || !text_number(colon + 1, 1, 65535, &port,
		    e))
			return err_set(e, ERR_INPUT, "\"%.80s\" is no "
			    "address:port", s);
		n = (size_t)(colon - s);
	}
	if (s[0] == '[') {
		s++;
		n -= n > 1 ? 2 : n;
	}
	for (size_t i = 0; i < n && i < sizeof bare - 1; i++)
		bare[i] = s[i];
	return text_check_ip(bare, e);
}

bool
text_check_ips(const char *given, struct err *e)
{
	return check_each(given, text_check_ip, e);
}

bool
text_check_servers(const char *given, struct err *e)
{
	return check_each(given, check_server, e);
}

bool
text_check_machine(const char *s, struct err *e)
{
	struct err not_ip;

	return text_check_ip(s, &not_ip) || text_check_host(s, e);
}

/* What follows the scheme: a host, no user, no blank, no control. */
static bool
is_url_rest(const char *s)
{
	size_t host = strcspn(s, "/?#");

	for (size_t i = 0; s[i] != '\0'; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f
		    || (i < host && s[i] == '@'))
			return false;
	return host > 0;
}

bool
text_check_https(const char *s, struct err *e)
{
	if (text_starts(s, "https://") && is_url_rest(s + 8))
		return true;
	return err_set(e, ERR_INPUT, "this is not a URL such as "
	    "https://host.example.org (https, no user name or password in "
	    "it)");
}

bool
text_check_url(const char *s, struct err *e)
{
	if (text_starts(s, "http://") && is_url_rest(s + 7))
		return true;
	return text_check_https(s, e);
}

bool
text_check_path(const char *s, struct err *e)
{
	bool ok = *s != '\0' && *s != '/';

	for (const char *p = s; ok && *p != '\0';) {
		size_t n = strcspn(p, "/");

		ok = n > 0 && !(n == 2 && p[0] == '.' && p[1] == '.')
		    && memchr(p, '\n', n) == NULL;
		p += n + (p[n] == '/');
	}
	if (ok)
		return true;
	return err_set(e, ERR_INPUT, "\"%.80s\" is not a relative path "
	    "without \"..\"", s);
}

bool
text_check_repository(const char *s, struct err *e)
{
	static const char chars[] = "-._abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t owner = strspn(s, chars), name = 0;

	if (s[owner] == '/')
		name = strspn(s + owner + 1, chars);
	if (owner > 0 && name > 0 && s[owner + 1 + name] == '\0'
	    && strspn(s, ".") != owner && strspn(s + owner + 1, ".") != name)
		return true;
	return err_set(e, ERR_INPUT, "\"%.80s\" is not a repository such as "
	    "owner/name", s);
}

bool
text_check_sha(const char *s, struct err *e)
{
	if (strlen(s) == 40 && strspn(s, "0123456789abcdef") == 40)
		return true;
	return err_set(e, ERR_INPUT, "\"%.80s\" is not a commit: 40 lower-"
	    "case hexadecimal digits", s);
}

bool
text_check_branch(const char *s, struct err *e)
{
	size_t n = strlen(s);
	bool ok = n > 0 && n < 200 && *s != '-' && *s != '/' && *s != '.'
	    && s[n - 1] != '/' && s[n - 1] != '.'
	    && strstr(s, "..") == NULL && strstr(s, "//") == NULL
	    && strstr(s, "/.") == NULL && strstr(s, "@{") == NULL
	    && strstr(s, ".lock/") == NULL && !text_same(s, "@")
	    && !text_ends(s, ".lock") && strcspn(s, " ~^:?*[\\") == n;

	for (size_t i = 0; ok && i < n; i++)
		ok = (unsigned char)s[i] >= ' ' && s[i] != 0x7f;
	if (ok)
		return true;
	return err_set(e, ERR_INPUT, "\"%.80s\" is not a branch name such as "
	    "main", s);
}

const char **
text_split(struct pool *pool, const char *s, size_t *count)
{
	static const char apart[] = ", \t\r\n";
	const char **list;
	size_t n = 0;

	for (const char *p = s; p != NULL && *(p += strspn(p, apart)) != '\0';
	    p += strcspn(p, apart))
		n++;
	list = pool_alloc(pool, (n + 1) * sizeof *list);
	n = 0;
	for (const char *p = s; p != NULL && *(p += strspn(p, apart)) != '\0';
	    p += strcspn(p, apart))
		list[n++] = pool_strndup(pool, p, strcspn(p, apart));
	if (count != NULL)
		*count = n;
	return list;
}

void
text_percent(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (isascii((unsigned char)*s) && (isalnum((unsigned char)*s)
		    || strchr("-._~", *s) != NULL))
			buf_putc(b, *s);
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL :
	    strchr(digits, tolower((unsigned char)c));

	return at != NULL ? (int)(at - digits) : -1;
}

bool
text_unpercent(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		int high, low;

		if (*s != '%') {
			buf_putc(b, *s);
			continue;
		}
		high = hex_digit(s[1]);
		low = high < 0 ? -1 : hex_digit(s[2]);
		if (low < 0)
			return false;
		buf_putc(b, (char)(high * 16 + low));
		s += 2;
	}
	return true;
}

static const char digits64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
text_base64(struct buf *b, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i += 3) {
		unsigned long v = (unsigned long)p[i] << 16
		    | (i + 1 < n ? (unsigned long)p[i + 1] << 8 : 0)
		    | (i + 2 < n ? (unsigned long)p[i + 2] : 0);

		buf_putc(b, digits64[v >> 18 & 63]);
		buf_putc(b, digits64[v >> 12 & 63]);
		buf_putc(b, i + 1 < n ? digits64[v >> 6 & 63] : '=');
		buf_putc(b, i + 2 < n ? digits64[v & 63] : '=');
	}
}

bool
text_unbase64(const char *s, struct buf *b, struct err *e)
{
	unsigned long v = 0;
	size_t digits = 0;
	int bits = 0, pads = 0;

	for (; *s != '\0'; s++) {
		const char *d = strchr(digits64, *s);

		if (strchr(" \t\r\n", *s) != NULL)
			continue;
		if (*s == '=' && ++pads <= 2)
			continue;
		if (d == NULL || pads > 0)
			return err_set(e, ERR_OTHER, "this is not base64");
		v = (v << 6 | (unsigned long)(d - digits64)) & 0xffffff;
		bits += 6;
		digits++;
		if (bits >= 8) {
			bits -= 8;
			buf_putc(b, (char)(v >> bits & 0xff));
		}
	}
	if (digits % 4 == 1 || (digits + (size_t)pads) % 4 != 0)
		return err_set(e, ERR_OTHER, "this base64 is cut off");
	return buf_check(b, "decoded base64", e);
}

void
text_hex(struct buf *b, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%02x", p[i]);
}

void
text_random_hex(struct buf *b, size_t n)
{
	while (n > 0) {
		unsigned char r[32];
		size_t part = n < sizeof r ? n : sizeof r;

		if (getrandom(r, part, 0) != (ssize_t)part)
			abort();
		text_hex(b, r, part);
		n -= part;
	}
}

bool
text_is_utf8(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n;

	while (p < end) {
		int more = *p < 0x80 ? 0 : *p >= 0xc2 && *p <= 0xdf ? 1
		    : (*p & 0xf0) == 0xe0 ? 2
		    : *p >= 0xf0 && *p <= 0xf4 ? 3 : -1;

		if (*p == 0 || more < 0 || end - p <= more)
			return false;
		/* overlong forms, surrogates, and beyond U+10FFFF */
		if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f)
		    || (*p == 0xf0 && p[1] < 0x90)
		    || (*p == 0xf4 && p[1] > 0x8f))
			return false;
		for (int i = 1; i <= more; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		p += more + 1;
	}
	return true;
}

void
text_markdown(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '\n')
			buf_puts(b, "<br>");
		else if (*s == '<')
			buf_puts(b, "&lt;");
		else if (*s == '&')
			buf_puts(b, "&amp;");
		else if (strchr("|`*_\\[]#", *s) != NULL)
			buf_printf(b, "\\%c", *s);
		else if ((unsigned char)*s >= ' ')
			buf_putc(b, *s);
}
