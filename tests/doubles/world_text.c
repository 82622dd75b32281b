/*
 * Strings, time, digests and base64 for the world double.
 */
#include "world_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <openssl/evp.h>

/* No reply of ours comes near; a run-away loop does. */
enum { TEXT_MAX = 64 * 1024 * 1024 };

static void
text_room(struct text *t, size_t more)
{
	size_t want = t->len + more + 1;

	if (more > TEXT_MAX || want > TEXT_MAX)
		abort();
	if (t->s != NULL && want <= t->cap)
		return;
	t->cap = want < 256 ? 256 : want * 2;
	t->s = realloc(t->s, t->cap);
	if (t->s == NULL)
		abort();
}

static void text_vadd(struct text *t, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
text_vadd(struct text *t, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		abort();
	text_room(t, (size_t)n);
	(void)vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	t->len += (size_t)n;
}

void
text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vadd(t, fmt, ap);
	va_end(ap);
}

void
text_bytes(struct text *t, const void *p, size_t n)
{
	text_room(t, n);
	if (n > 0)
		memcpy(t->s + t->len, p, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void
text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){ 0 };
}

const char *
text_str(const struct text *t)
{
	return t->s != NULL ? t->s : "";
}

char *
text_make(const char *fmt, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, fmt);
	text_vadd(&t, fmt, ap);
	va_end(ap);
	return t.s;
}

char *
text_copy(const char *s)
{
	return text_make("%s", s);
}

bool
text_file(struct text *t, const char *path)
{
	FILE *f = fopen(path, "rbe");
	char part[8192];
	size_t n;
	bool ok;

	if (f == NULL)
		return false;
	text_bytes(t, "", 0);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		text_bytes(t, part, n);
	ok = ferror(f) == 0;
	(void)fclose(f);
	return ok;
}

char *
text_fill(const char *model,
    const char *(*find)(const char *name, void *arg), void *arg)
{
	struct text t = { 0 };
	const char *p = model, *open, *close, *value;
	char name[64];

	while ((open = strstr(p, "${")) != NULL) {
		close = strchr(open, '}');
		assert(close != NULL);
		assert((size_t)(close - open) < sizeof(name));
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)(close - open - 2), open + 2);
		value = find(name, arg);
		if (value == NULL) {
			(void)fprintf(stderr, "no value for ${%s}\n", name);
			abort();
		}
		text_bytes(&t, p, (size_t)(open - p));
		text_add(&t, "%s", value);
		p = close + 1;
	}
	text_add(&t, "%s", p);
	return t.s;
}

double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
time_split(double t, struct tm *tm)
{
	time_t whole = (time_t)t;

	(void)gmtime_r(&whole, tm);
}

char *
time_rfc3339(double t)
{
	char out[64];
	struct tm tm;

	time_split(t, &tm);
	(void)strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text_copy(out);
}

char *
digest_hex(const void *p, size_t len, size_t n)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	struct text t = { 0 };

	if (EVP_Digest(p, len, sum, &size, EVP_sha256(), NULL) != 1)
		abort();
	for (size_t i = 0; i < size; i++)
		text_add(&t, "%02x", sum[i]);
	assert(t.s != NULL && n <= t.len);
	t.s[n] = '\0';
	return t.s;
}

char *
base64(const void *p, size_t len, size_t width)
{
	struct text t = { 0 };
	unsigned char *all = malloc((len + 2) / 3 * 4 + 1);
	size_t n;

	if (all == NULL)
		abort();
	n = (size_t)EVP_EncodeBlock(all, p, (int)len);
	text_bytes(&t, "", 0);
	for (size_t i = 0; i < n; i += width == 0 ? n : width) {
		size_t part = width == 0 || n - i < width ? n - i : width;

		text_bytes(&t, all + i, part);
		if (width != 0)
			text_bytes(&t, "\n", 1);
	}
	free(all);
	return t.s;
}

char *
random_suffix(size_t n)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	struct text t = { 0 };
	uint32_t r;

	for (size_t i = 0; i < n; i++) {
		if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
			abort();
		text_bytes(&t, &letters[r % (sizeof(letters) - 1)], 1);
	}
	return t.s;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void
percent_decode(char *s, bool plus)
{
	char *to = s;

	for (; *s != '\0'; s++, to++) {
		*to = plus && *s == '+' ? ' ' : *s;
		if (*s != '%' || hex_value(s[1]) < 0 || hex_value(s[2]) < 0)
			continue;
		*to = (char)(hex_value(s[1]) * 16 + hex_value(s[2]));
		s += 2;
	}
	*to = '\0';
}

const char *
env_or(const char *name, const char *dflt)
{
	const char *v = getenv(name);

	return v != NULL && v[0] != '\0' ? v : dflt;
}
