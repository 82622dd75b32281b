/*
 * frozen - see frozen.h.
 */
#include "edx/frozen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/config.h"
#include "edx/edit.h"
#include "edx/keys.h"

enum {
	TEXT_MAX = 8 << 20,
	RANDOM_LENGTH = 16,	/* from which on a word may be a secret */
};

static const char *
line_end(const char *s)
{
	return s + strcspn(s, "\n");
}

/* ---- templates ---- */

/* The end of the template that begins at s, within the line; NULL: none
 * begins there, or it goes on. */
static const char *
template_end(const char *s, const char *line)
{
	const char *end;

	if (s[0] != '{' || (s[1] != '{' && s[1] != '%'))
		return NULL;
	end = strstr(s + 2, s[1] == '{' ? "}}" : "%}");
	return end != NULL && end < line ? end + 2 : NULL;
}

static bool
has_template(const char *s, const char *line)
{
	for (; s < line; s++)
		if (template_end(s, line) != NULL)
			return true;
	return false;
}

static bool
is_of_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_+/=-", c) != NULL;
}

/* A word that names a secret, or may be one: long, of letters and digits. */
static bool
may_be_secret(struct pool *pool, const char *word, size_t n)
{
	bool digit = false, letter = false;

	for (size_t i = 0; i < n; i++) {
		digit = digit || isdigit((unsigned char)word[i]);
		letter = letter || isalpha((unsigned char)word[i]);
	}
	return (n >= RANDOM_LENGTH && digit && letter)
	    || keys_is_secret(pool_strndup(pool, word, n));
}

/* Outside its templates. */
static bool
holds_secret(struct pool *pool, const char *s, const char *line)
{
	while (s < line) {
		const char *end = template_end(s, line);
		size_t n = 0;

		if (end != NULL) {
			s = end;
			continue;
		}
		while (s + n < line && *s != '\0' && is_of_word(s[n]))
			n++;
		if ((n > 0 && may_be_secret(pool, s, n))
		    || (text_starts(s, "://") && memchr(s, '@',
		    3 + strcspn(s + 3, "/ \"'\n")) != NULL))
			return true;
		s += n > 0 ? n : 1;
	}
	return false;
}

/* ---- noting ---- */

struct note {
	struct pool *pool;
	const char *from, *key;
	struct json *record;
};

static bool
note_one(const char *path, const char *text, void *with)
{
	struct note *n = with;
	const char *place = pool_printf(n->pool, "%s%s", n->key,
	    path + strlen(n->from));
	bool single = strchr(text, '\n') == NULL;
	struct json *lines = NULL;
	int number = 1;

	if (single && keys_is_secret(n->key))
		return true;
	for (const char *s = text; *s != '\0'; number++) {
		const char *line = line_end(s);

		if (has_template(s, line)
		    && !holds_secret(n->pool, s, line)) {
			if (lines == NULL)
				lines = json_add(n->record, place,
				    json_object());
			json_set_str(lines, pool_printf(n->pool, "%d",
			    number), pool_strndup(n->pool, s,
			    (size_t)(line - s)));
		}
		s = line + (*line == '\n');
	}
	return true;
}

void
frozen_note(struct pool *pool, const struct yaml *y, const char *from,
    const char *key, struct json *record)
{
	struct note n = { .pool = pool, .from = from, .key = key,
		.record = record };

	config_walk(y, from, note_one, &n);
}

/* ---- thawing ---- */

/* May the line be a rendering of the template: its own text, with anything
 * where templates stand? */
static bool
is_rendering(const char *template, const char *line, size_t n)
{
	const char *t = template, *t_end = template + strlen(template);
	const char *end = line + n, *s = line;

	for (bool any = false; ; any = true) {
		const char *from = t, *at;
		size_t len;

		while (t < t_end && template_end(t, t_end) == NULL)
			t++;
		len = (size_t)(t - from);
		if (t == t_end)		/* the last text ends the line */
			return (size_t)(end - s) >= len
			    && (any || (size_t)(end - s) == len)
			    && memcmp(end - len, from, len) == 0;
		at = any ? memmem(s, (size_t)(end - s), from, len) : s;
		if (at == NULL || (size_t)(end - at) < len
		    || memcmp(at, from, len) != 0)
			return false;
		s = at + len;
		t = template_end(t, t_end);
	}
}

/* One value with its lines as they were. */
static bool
thaw_value(struct edit *edit, const struct json *lines, const char *path,
    struct err *e)
{
	const char *now = yaml_get(edit->yaml, path);
	struct buf text = buf_new(TEXT_MAX);
	int number = 1;
	bool ok;

	for (const char *s = now; *s != '\0'; number++) {
		const char *end = line_end(s), *was = json_str(json_get(
		    lines, pool_printf(edit->pool, "%d", number)), "");

		if (was != NULL && is_rendering(was, s, (size_t)(end - s)))
			buf_puts(&text, was);
		else
			buf_add(&text, s, (size_t)(end - s));
		if (was != NULL && !is_rendering(was, s, (size_t)(end - s)))
			log_warn("%s, line %d: it had a template, and is not "
			    "what a build makes of it: look whether it names "
			    "a host of before", path, number);
		if (*end == '\n')
			buf_putc(&text, '\n');
		s = end + (*end == '\n');
	}
	ok = buf_check(&text, path, e)
	    && edit_set_raw(edit, path, buf_str(&text), e);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return ok;
}

bool
frozen_thaw(struct edit *edit, const struct json *record, struct err *e)
{
	for (const struct json *one = json_first(record); one != NULL;
	    one = json_next(one))
		if (yaml_kind(edit->yaml, json_name(one)) == YAML_STRING
		    && !thaw_value(edit, one, json_name(one), e))
			return false;
	return true;
}

/* ---- hosts ---- */

/* The first string that holds one of the hosts, and is not done yet. */
struct hunt {
	struct pool *pool;
	const struct config_host *hosts;
	struct json *done;	/* paths */
	struct buf *path, *text;
};

static bool
is_replaced(const char *path)
{
	const struct key_row *row;
	struct pool *pool = pool_new();
	bool replaced;

	row = keys_find(pool_strndup(pool, path, strcspn(path, ".[")));
	replaced = row->rule != KEY_HOST && row->rule != KEY_DATA
	    && row->rule != KEY_NEVER;
	pool_free(pool);
	return replaced;
}

static bool
hunt_one(const char *path, const char *text, void *with)
{
	struct hunt *h = with;

	if (json_get(h->done, path) != NULL || !is_replaced(path))
		return true;
	buf_clear(h->text);
	if (!config_replace_hosts(text, h->hosts, h->text))
		return true;
	buf_puts(h->path, path);
	return false;
}

bool
frozen_replace_hosts(struct edit *edit, const struct config_host *hosts,
    struct err *e)
{
	struct buf path = buf_new(TEXT_MAX), text = buf_new(TEXT_MAX);
	struct hunt h = { .pool = edit->pool, .hosts = hosts,
		.done = json_object(), .path = &path, .text = &text };
	bool ok = true;

	/* each edit makes a new tree: look from the start again */
	for (;;) {
		buf_clear(&path);
		config_walk(edit->yaml, "", hunt_one, &h);
		if (path.len == 0)
			break;
		json_set_bool(h.done, buf_str(&path), true);
		ok = buf_check(&text, buf_str(&path), e)
		    && edit_set_raw(edit, buf_str(&path), buf_str(&text), e);
		if (!ok)
			break;
	}
	json_free(h.done);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&path);
	buf_free(&text);
	return ok;
}
