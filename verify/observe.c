/*
 * observe - see observe.h.
 */
#include "verify/observe.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "verify/facts.h"

enum {
	VALUE_MAX = 64 * 1024,
	TITLE_MAX = 200,
	HASH_LEN = 12,		/* of Django's file names: logo.<hash>.svg */
	ASSETS_MOST = 200,
};

/* The longest of the hosts that stands at s, as a whole name. */
static const struct host *
host_at(const struct hosts *list, const char *s)
{
	const struct host *best = NULL;

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		size_t n = strlen(list->v[i].name);

		if (strncmp(s, list->v[i].name, n) == 0
		    && !isalnum((unsigned char)s[n]) && s[n] != '-'
		    && s[n] != '.' && list->v[i].kind[0] != '\0'
		    && (best == NULL || n > strlen(best->name)))
			best = &list->v[i];
	}
	return best;
}

static bool
is_inside_name(const char *text, const char *s)
{
	return s > text && (isalnum((unsigned char)s[-1]) || s[-1] == '-'
	    || s[-1] == '.');
}

/* The text with each host as {kind}. */
static const char *
without_hosts(struct pool *p, const struct side *v, const struct hosts *also,
    const char *text)
{
	struct buf b = buf_new(VALUE_MAX);
	const char *out;

	for (const char *s = text; *s != '\0';) {
		const struct host *h = is_inside_name(text, s) ? NULL
		    : host_at(v->hosts, s);

		if (h == NULL && !is_inside_name(text, s))
			h = host_at(also, s);
		if (h != NULL) {
			buf_printf(&b, "{%s}", h->kind);
			s += strlen(h->name);
		} else {
			buf_putc(&b, *s++);
		}
	}
	out = pool_strdup(p, buf_str(&b));
	buf_free(&b);
	return out;
}

static void
observe_title(struct json *out, const char *page)
{
	const char *s = strstr(page, "<title>");
	const char *end = s != NULL ? strstr(s, "</title>") : NULL;
	struct buf b = buf_new(TITLE_MAX);

	if (end == NULL)
		return;
	for (s += strlen("<title>"); s < end; s++)
		if (!isspace((unsigned char)*s))
			buf_putc(&b, *s);
		else if (b.len > 0 && b.data[b.len - 1] != ' ')
			buf_putc(&b, ' ');
	while (b.len > 0 && b.data[b.len - 1] == ' ')
		b.data[--b.len] = '\0';
	if (text_is_utf8(buf_str(&b), b.len))
		json_set_str(out, "title", buf_str(&b));
	buf_free(&b);
}

/* Is there a hash at s, between two dots? */
static bool
is_hash(const char *s, const char *end)
{
	size_t n = 0;

	if (end - s < HASH_LEN + 2 || s[0] != '.')
		return false;
	while (n < HASH_LEN && isxdigit((unsigned char)s[1 + n]))
		n++;
	return n == HASH_LEN && s[1 + HASH_LEN] == '.';
}

/* Each path under /static/, without the hash of its content. */
static void
observe_assets(struct json *out, const char *page)
{
	struct buf b = buf_new(VALUE_MAX);
	int n = 0;

	for (const char *s = page; n < ASSETS_MOST
	    && (s = strstr(s, "/static/")) != NULL; n++) {
		const char *end = s + strcspn(s, "\"'?#<> )\n");

		buf_clear(&b);
		buf_puts(&b, "asset ");
		while (s < end) {
			if (is_hash(s, end))
				s += 1 + HASH_LEN;
			buf_putc(&b, *s++);
		}
		if (text_is_utf8(buf_str(&b), b.len))
			json_set_str(out, buf_str(&b), "named");
	}
	buf_free(&b);
}

static void
observe_config(struct pool *p, const struct side *v, const struct hosts *also,
    struct json *out)
{
	const struct tls_facts *f = &v->page[PAGE_MFE_CONFIG];
	struct err ignored;
	struct json *j = f->stage == TLS_ANSWERED && f->status == 200
	    ? json_parse(f->body, f->body_len, "mfe_config", &ignored) : NULL;

	for (const struct json *c = json_first(j); c != NULL;
	    c = json_next(c)) {
		struct buf b = buf_new(VALUE_MAX);

		if (!json_scalar(c, &b))
			json_print(c, false, &b);
		json_set_str(out, pool_printf(p, "mfe-config.%s",
		    json_name(c)), without_hosts(p, v, also, buf_str(&b)));
		buf_free(&b);
	}
	json_free(j);
}

struct json *
observe(struct pool *p, const struct side *v, const struct hosts *also)
{
	const struct tls_facts *home = &v->page[PAGE_HOME];
	struct json *out = json_object();

	if (home->stage == TLS_ANSWERED) {
		json_set_str(out, "page", pool_printf(p, "HTTP %ld%s%s",
		    home->status, home->location[0] != '\0' ? " to " : "",
		    without_hosts(p, v, also, home->location)));
		observe_title(out, home->body);
		observe_assets(out, home->body);
	}
	observe_config(p, v, also, out);
	return out;
}
