/*
 * config - see config.h.
 */
#include "edx/config.h"

#include <ctype.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "edx/keys.h"

enum {
	SHOWN_MAX = 80,		/* of a value in a log line */
	PATH_MAX_BYTES = 4096,
	DEPTH_MAX = 20,
	NAME_MAX_BYTES = 256,
	NUMBER_SECRET = 6,	/* digits, from which on it is masked */
	RENDERED_MAX = 8 << 20,
};

const char *
config_file(struct pool *pool, const char *instance)
{
	return pool_printf(pool, "instances/%s/config.yml", instance);
}

static const char *
top_key(struct pool *pool, const char *path)
{
	return pool_strndup(pool, path, strcspn(path, ".["));
}

const char *
config_show_text(const char *text)
{
	const char *scheme = strstr(text, "://");

	return scheme != NULL && strchr(scheme, '@') != NULL ?
	    "(a URI with a login)" : text;
}

const char *
config_show(struct pool *pool, const struct yaml *y, const char *key)
{
	const char *text = yaml_get(y, key);
	int lines = 0;

	switch (yaml_kind(y, key)) {
	case YAML_NONE:
		return NULL;
	case YAML_MAP:
		return pool_printf(pool, "(a map of %d)", yaml_len(y, key));
	case YAML_SEQ:
		return pool_printf(pool, "(a list of %d)", yaml_len(y, key));
	case YAML_NULL:
		return "null";
	default:
		break;
	}
	for (const char *s = text; (s = strchr(s, '\n')) != NULL; s++)
		lines++;
	if (lines > 1)
		return pool_printf(pool, "(%d lines)", lines);
	if (*text != '\0' && keys_is_secret(top_key(pool, key))
	    && yaml_kind(y, key) != YAML_BOOL)
		return "(secret)";
	if (lines > 0 || strlen(text) > SHOWN_MAX)
		return pool_printf(pool, "(%zu characters)", strlen(text));
	return *text != '\0' ? config_show_text(text) : "\"\"";
}

static bool
walk(const struct yaml *y, const char *path, int depth,
    bool (*visit)(const char *, const char *, void *), void *with)
{
	enum yaml_kind kind = yaml_kind(y, path);
	bool go_on = true;

	if (kind == YAML_STRING || kind == YAML_INT || kind == YAML_FLOAT
	    || kind == YAML_DATE)
		return visit(path, yaml_get(y, path), with);
	if ((kind != YAML_MAP && kind != YAML_SEQ) || depth > DEPTH_MAX)
		return true;
	for (int i = 0; go_on && i < yaml_len(y, path); i++) {
		struct buf below = buf_new(PATH_MAX_BYTES);

		buf_puts(&below, path);
		if (kind == YAML_MAP)
			yaml_path_key(&below, yaml_key(y, path, i));
		else
			buf_printf(&below, "[%d]", i);
		go_on = below.full
		    || walk(y, buf_str(&below), depth + 1, visit, with);
		buf_free(&below);
	}
	return go_on;
}

void
config_walk(const struct yaml *y, const char *path,
    bool (*visit)(const char *, const char *, void *), void *with)
{
	walk(y, path, 0, visit, with);
}

static bool
mask_one(const char *path, const char *text, void *with)
{
	(void)path;
	(void)with;
	/* a port or a count is no secret, but a PIN without quotes is */
	if (strlen(text) >= NUMBER_SECRET
	    || strspn(text, "0123456789") < strlen(text))
		log_mask(text);
	return true;
}

void
config_mask(const struct yaml *y, const char *key)
{
	walk(y, key, 0, mask_one, NULL);
}

bool
config_check(const struct yaml *y, struct err *e)
{
	const char *text = yaml_text(y, NULL), *version;
	const char *line = text_starts(text, "TUTOR_VERSION:") ? text :
	    strstr(text, "\nTUTOR_VERSION:");
	size_t n;

	if (yaml_kind(y, "") != YAML_MAP)
		return err_set(e, ERR_INPUT, "config.yml is not a map of "
		    "keys and values");
	version = yaml_get(y, "TUTOR_VERSION");
	if (version == NULL)
		return true;	/* then Launchpad's default counts */
	if (line == NULL)
		return err_set(e, ERR_INPUT, "config.yml:%d: TUTOR_VERSION "
		    "must begin its line, without quotes: Launchpad's build "
		    "reads it with sed", yaml_line(y, "TUTOR_VERSION"));
	line += strcspn(line, ":") + 1;
	line += *line == ' ';
	n = strcspn(line, "\n");
	if (strstr(line, "\nTUTOR_VERSION:") != NULL)
		return err_set(e, ERR_INPUT, "config.yml:%d: TUTOR_VERSION "
		    "stands there twice: Launchpad's build reads both with "
		    "sed", yaml_line(y, "TUTOR_VERSION"));
	if (n != strlen(version) || strncmp(line, version, n) != 0)
		return err_set(e, ERR_INPUT, "config.yml:%d: the line must "
		    "be \"TUTOR_VERSION: %s\", without quotes, a comment or "
		    "further blanks: Launchpad's build reads it with sed, "
		    "which takes all that follows along",
		    yaml_line(y, "TUTOR_VERSION"), version);
	return true;
}

/* ---- templates ---- */

struct search {
	struct pool *pool;
	const struct yaml *y;
	const char *wanted;	/* NULL: look for a missing one */
	const char *found;
};

/* What Tutor has in its base whatever config.yml says. */
static bool
is_in_base(const char *name)
{
	static const char *const base[] = { "CMS_OAUTH2_SECRET", "ID",
	    "JWT_RSA_PRIVATE_KEY", "MYSQL_ROOT_PASSWORD",
	    "OPENEDX_MYSQL_PASSWORD", "OPENEDX_SECRET_KEY", "PLUGINS",
	    "MEILISEARCH_MASTER_KEY", "MEILISEARCH_API_KEY",
	    "MEILISEARCH_API_KEY_UID", "HOST_USER_ID", "TUTOR_APP",
	    "TUTOR_VERSION", NULL };

	for (const char *const *b = base; *b != NULL; b++)
		if (strcmp(*b, name) == 0)
			return true;
	return false;
}

/* Is it the wanted key; or, without one, a key that Tutor would not find?
 * `{{ X | default(1) }}` and `X is defined` need none. */
static bool
is_looked_for(struct search *s, const char *name, const char *behind)
{
	bool key = isupper((unsigned char)*name) && strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
	bool looked;

	behind += strspn(behind, " |");
	if (s->wanted != NULL)
		looked = strcmp(name, s->wanted) == 0;
	else
		looked = key && !is_in_base(name)
		    && yaml_kind(s->y, name) == YAML_NONE
		    && !text_starts(behind, "default(")
		    && !text_starts(behind, "is defined");
	if (looked)
		s->found = name;
	return looked;
}

/* The names in upper case between two marks: Tutor's keys. */
static bool
check_names(const char *from, const char *to, struct search *s)
{
	while (from < to) {
		size_t n = 0;

		if (*from == '"' || *from == '\'') {	/* a literal */
			const char *end = memchr(from + 1, *from,
			    (size_t)(to - from) - 1);

			from = end != NULL ? end + 1 : to;
			continue;
		}
		while (from + n < to && (isalnum((unsigned char)from[n])
		    || from[n] == '_'))
			n++;
		if (n > 1 && is_looked_for(s, pool_strndup(s->pool, from, n),
		    from + n))
			return false;
		from += n > 0 ? n : 1;
	}
	return true;
}

static bool
check_template(const char *path, const char *text, void *with)
{
	(void)path;
	while ((text = strchr(text, '{')) != NULL) {
		const char *end;

		if (text[1] != '{' && text[1] != '%') {
			text++;
			continue;
		}
		end = strstr(text + 2, text[1] == '{' ? "}}" : "%}");
		if (end == NULL)
			return true;
		if (!check_names(text + 2, end, with))
			return false;
		text = end + 2;
	}
	return true;
}

const char *
config_undefined(struct pool *pool, const struct yaml *from, const char *key,
    const struct yaml *y)
{
	struct search s = { .pool = pool, .y = y };

	walk(from, key, 0, check_template, &s);
	return s.found;
}

bool
config_refers_to(const struct yaml *y, const char *key)
{
	struct search s = { .pool = pool_new(), .y = y, .wanted = key };

	walk(y, "", 0, check_template, &s);
	pool_free(s.pool);
	return s.found != NULL;
}

const char *
config_derived_host(struct pool *pool, const struct yaml *y, const char *key)
{
	static const struct {
		const char *key, *prefix;
	} hosts[] = {
		{ "CMS_HOST", "studio." }, { "MFE_HOST", "apps." },
		{ "PREVIEW_LMS_HOST", "preview." },
		{ "MEILISEARCH_HOST", "meilisearch." },
	};
	const char *lms = yaml_get(y, "LMS_HOST");

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		if (text_same(hosts[i].key, key) && !text_empty(lms))
			return pool_printf(pool, "%s%s", hosts[i].prefix,
			    lms);
	return NULL;
}

/* What Tutor puts for a key: its value, or a host that it derives. */
static bool
add_key_value(const struct yaml *y, const char *key, struct buf *out)
{
	struct pool *pool = pool_new();
	const char *value = yaml_get(y, key);

	if (value == NULL)
		value = config_derived_host(pool, y, key);
	if (value != NULL)
		buf_puts(out, value);
	pool_free(pool);
	return value != NULL;
}

/* {{ KEY }} with nothing else in it becomes the key's value. false: there is
 * another kind of template. */
static bool
render(const char *text, const struct yaml *y, struct buf *out)
{
	while (*text != '\0') {
		const char *key = text + 2;
		struct buf name = buf_new(NAME_MAX_BYTES);
		bool ok;
		size_t n;

		if (text[0] != '{' || strchr("{%#", text[1]) == NULL
		    || text[1] == '\0') {
			buf_putc(out, *text++);
			continue;
		}
		key += strspn(key, " ");
		n = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		buf_add(&name, key, n);
		key += n + strspn(key + n, " ");
		ok = n > 0 && text[1] == '{' && text_starts(key, "}}")
		    && add_key_value(y, buf_str(&name), out);
		buf_free(&name);
		if (!ok)
			return false;
		text = key + 2;
	}
	return true;
}

static size_t
without_last_break(const char *text, size_t len)
{
	return len > 0 && text[len - 1] == '\n' ? len - 1 : len;
}

static bool
same_string(const char *now, const char *old, const struct yaml *y)
{
	struct buf rendered = buf_new(RENDERED_MAX);
	size_t n = without_last_break(now, strlen(now));
	bool same = strcmp(now, old) == 0;

	if (!same && render(old, y, &rendered))
		same = without_last_break(buf_str(&rendered), rendered.len)
		    == n && strncmp(buf_str(&rendered), now, n) == 0;
	buf_free(&rendered);
	return same;
}

static bool
same_at(const struct yaml *now, const struct yaml *old, const char *path,
    int depth)
{
	enum yaml_kind kind = yaml_kind(now, path);
	bool same = kind == yaml_kind(old, path) && depth < DEPTH_MAX;

	if (!same || kind == YAML_NONE)
		return same;
	if (kind == YAML_STRING)
		return same_string(yaml_get(now, path), yaml_get(old, path),
		    now);
	if (kind != YAML_MAP && kind != YAML_SEQ)
		return yaml_same(now, old, path);
	same = yaml_len(now, path) == yaml_len(old, path);
	for (int i = 0; same && i < yaml_len(now, path); i++) {
		struct buf below = buf_new(PATH_MAX_BYTES);

		buf_puts(&below, path);
		if (kind == YAML_MAP)
			yaml_path_key(&below, yaml_key(now, path, i));
		else
			buf_printf(&below, "[%d]", i);
		same = same_at(now, old, buf_str(&below), depth + 1);
		buf_free(&below);
	}
	return same;
}

bool
config_same(const struct yaml *now, const struct yaml *old, const char *key)
{
	return same_at(now, old, key, 0);
}

/* ---- hosts ---- */

static bool
is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.';
}

/* Does the host stand at s as a whole name, not as the end of a longer one
 * or the beginning of another? */
static bool
stands_at(const char *text, const char *s, const char *host)
{
	const char *before = s;
	size_t n = strlen(host);

	if (strncasecmp(s, host, n) != 0)
		return false;
	/* a cookie's domain begins with a dot of its own */
	if (before > text && before[-1] == '.'
	    && (before - 1 == text || !is_of_name(before[-2])))
		before--;
	if (before > text && is_of_name(before[-1]))
		return false;
	/* a full stop behind it may end a sentence */
	if (s[n] == '.')
		return !is_of_name(s[n + 1]);
	return !is_of_name(s[n]);
}

bool
config_replace_hosts(const char *value, const struct config_host *hosts,
    struct buf *out)
{
	bool found = false;

	for (const char *s = value; *s != '\0'; ) {
		const struct config_host *h = hosts;

		while (h->old != NULL && !stands_at(value, s, h->old))
			h++;
		if (h->old == NULL) {
			buf_putc(out, *s++);
			continue;
		}
		buf_puts(out, h->now);
		s += strlen(h->old);
		found = true;
	}
	return found;
}
