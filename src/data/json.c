/*
 * json - reading and building JSON over cJSON.
 *
 * A struct json is a cJSON under another name, so that no other file knows
 * the library. It is never defined.
 */
#include "data/json.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "base/text.h"

/* Whole numbers below this are exact in a double. */
static const double EXACT = 9007199254740992.0;

/* cJSON reads, but does not change, what it is given through these. */
static cJSON *
node(const struct json *j)
{
	return (cJSON *)(void *)(size_t)(const void *)j;
}

static struct json *
wrap(cJSON *c)
{
	if (c == NULL)
		abort();	/* cJSON gives NULL only without memory */
	return (struct json *)(void *)c;
}

/* "\u0000" would end the C string early: such a text is refused. */
static bool
has_nul(const char *s, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (s[i] != '\\')
			continue;
		if (n - i >= 6 && memcmp(s + i, "\\u0000", 6) == 0)
			return true;
		i++;
	}
	return false;
}

/* Which byte the parser stopped at; blanks after the value are fine. */
static cJSON *
parse_whole(const char *s, size_t n, size_t *stopped)
{
	const char *end = NULL;
	cJSON *c = cJSON_ParseWithLengthOpts(s, n, &end, false);
	size_t at = end != NULL ? (size_t)(end - s) : 0;

	while (c != NULL && at < n && strchr(" \t\r\n", s[at]) != NULL
	    && s[at] != '\0')
		at++;
	*stopped = at;
	if (c != NULL && at == n)
		return c;
	cJSON_Delete(c);
	return NULL;
}

static bool
refuse(const char *s, size_t n, size_t stopped, const char *what,
    struct err *e)
{
	size_t i = 0;

	while (i < n && strchr(" \t\r\n", s[i]) != NULL && s[i] != '\0')
		i++;
	if (i == n)
		return err_set(e, ERR_OTHER, "%s: is empty, not JSON", what);
	if (s[i] == '<')
		return err_set(e, ERR_OTHER, "%s: is HTML or XML, not JSON"
		    " (a proxy or a login page may have answered)", what);
	return err_set(e, ERR_OTHER, "%s: is not JSON from byte %zu of %zu",
	    what, stopped, n);
}

struct json *
json_parse(const char *s, size_t n, const char *what, struct err *e)
{
	size_t stopped = 0;
	cJSON *c;

	if (n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		s += 3;
		n -= 3;
	}
	if (!text_is_utf8(s, n) || has_nul(s, n)) {
		err_set(e, ERR_OTHER, "%s: is not JSON: it holds a NUL or"
		    " bytes that are not UTF-8", what);
		return NULL;
	}
	c = parse_whole(s, n, &stopped);
	if (c == NULL) {
		refuse(s, n, stopped, what, e);
		return NULL;
	}
	return wrap(c);
}

void
json_free(struct json *j)
{
	cJSON_Delete(node(j));
}

static const struct json *
member(const struct json *j, const char *name, size_t len)
{
	if (j == NULL || !cJSON_IsObject(node(j)))
		return NULL;
	for (const cJSON *c = node(j)->child; c != NULL; c = c->next)
		if (strlen(c->string) == len
		    && memcmp(c->string, name, len) == 0)
			return (const struct json *)(const void *)c;
	return NULL;
}

const struct json *
json_get(const struct json *j, const char *name)
{
	return member(j, name, strlen(name));
}

const struct json *
json_item(const struct json *j, int i)
{
	if (j == NULL || i < 0)
		return NULL;
	return (const struct json *)cJSON_GetArrayItem(node(j), i);
}

const struct json *
json_first(const struct json *j)
{
	if (!json_is_object(j) && !json_is_array(j))
		return NULL;
	return (const struct json *)node(j)->child;
}

const struct json *
json_next(const struct json *j)
{
	return j != NULL ? (const struct json *)node(j)->next : NULL;
}

/* One part of a path: a name, or [i]. Moves *path behind it. */
static const struct json *
step_into(const struct json *j, const char **path)
{
	const char *p = *path;
	size_t len;

	if (*p == '[') {
		char *end;
		long i = strtol(p + 1, &end, 10);

		assert(*end == ']' && end > p + 1);
		*path = end + 1;
		return json_is_array(j) && i >= 0 && i < json_len(j)
		    ? json_item(j, (int)i) : NULL;
	}
	len = strcspn(p, ".[");
	*path = p + len;
	return member(j, p, len);
}

const struct json *
json_at(const struct json *j, const char *path)
{
	while (j != NULL && *path != '\0') {
		if (*path == '.')
			path++;
		j = step_into(j, &path);
	}
	return j;
}

int
json_len(const struct json *j)
{
	if (!json_is_object(j) && !json_is_array(j))
		return 0;
	return cJSON_GetArraySize(node(j));
}

const char *
json_name(const struct json *j)
{
	return j != NULL ? node(j)->string : NULL;
}

const char *
json_str(const struct json *j, const char *path)
{
	return cJSON_GetStringValue(node(json_at(j, path)));
}

bool
json_num(const struct json *j, const char *path, double *out)
{
	const cJSON *c = node(json_at(j, path));

	if (!cJSON_IsNumber(c) || !(fabs(c->valuedouble) < EXACT))
		return false;
	*out = c->valuedouble;
	return true;
}

bool
json_bool(const struct json *j, const char *path, bool *out)
{
	const cJSON *c = node(json_at(j, path));

	if (!cJSON_IsBool(c))
		return false;
	*out = cJSON_IsTrue(c);
	return true;
}

bool
json_is_null(const struct json *j, const char *path)
{
	const cJSON *c = node(json_at(j, path));

	return c == NULL || cJSON_IsNull(c);
}

bool
json_is_object(const struct json *j)
{
	return cJSON_IsObject(node(j));
}

bool
json_is_array(const struct json *j)
{
	return cJSON_IsArray(node(j));
}

bool
json_scalar(const struct json *j, struct buf *out)
{
	const cJSON *c = node(j);

	if (cJSON_IsString(c))
		return buf_puts(out, c->valuestring);
	if (cJSON_IsBool(c))
		return buf_puts(out, cJSON_IsTrue(c) ? "true" : "false");
	if (!cJSON_IsNumber(c) || !(fabs(c->valuedouble) < EXACT))
		return false;
	if (floor(c->valuedouble) == c->valuedouble)
		return buf_printf(out, "%.0f", c->valuedouble);
	return buf_printf(out, "%.15g", c->valuedouble);
}

bool
json_same(const struct json *a, const struct json *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return cJSON_Compare(node(a), node(b), true);
}

struct json *
json_object(void)
{
	return wrap(cJSON_CreateObject());
}

struct json *
json_array(void)
{
	return wrap(cJSON_CreateArray());
}

struct json *
json_string(const char *s)
{
	return wrap(s != NULL ? cJSON_CreateString(s) : cJSON_CreateNull());
}

struct json *
json_copy(const struct json *j)
{
	return wrap(cJSON_Duplicate(node(j), true));
}

struct json *
json_add(struct json *j, const char *name, struct json *child)
{
	bool ok;

	if (name == NULL) {
		assert(json_is_array(j));
		ok = cJSON_AddItemToArray(node(j), node(child));
	} else {
		assert(json_is_object(j));
		ok = json_get(j, name) != NULL
		    ? cJSON_ReplaceItemInObjectCaseSensitive(node(j), name,
			node(child))
		    : cJSON_AddItemToObject(node(j), name, node(child));
	}
	if (!ok)
		abort();
	return child;
}

struct json *
json_set_str(struct json *j, const char *name, const char *s)
{
	return json_add(j, name, json_string(s));
}

struct json *
json_set_num(struct json *j, const char *name, double n)
{
	return json_add(j, name, wrap(cJSON_CreateNumber(n)));
}

struct json *
json_set_bool(struct json *j, const char *name, bool b)
{
	return json_add(j, name, wrap(cJSON_CreateBool(b)));
}

/* One member of a patch. */
static void
merge_member(struct json *j, const char *name, const struct json *change)
{
	cJSON *now = cJSON_GetObjectItemCaseSensitive(node(j), name);

	if (cJSON_IsNull(node(change))) {
		cJSON_DeleteItemFromObjectCaseSensitive(node(j), name);
	} else if (json_is_object(change)) {
		if (!cJSON_IsObject(now))
			now = node(json_add(j, name, json_object()));
		json_merge(wrap(now), change);
	} else {
		json_add(j, name, json_copy(change));
	}
}

void
json_merge(struct json *j, const struct json *patch)
{
	for (const struct json *m = json_first(patch); m != NULL;
	    m = json_next(m))
		merge_member(j, json_name(m), m);
}

static void
indent(struct buf *out, int depth)
{
	buf_putc(out, '\n');
	for (int i = 0; i < depth; i++)
		buf_puts(out, "  ");
}

/* One node as cJSON writes it, without blanks. */
static void
print_compact(const cJSON *c, struct buf *out)
{
	char *s = cJSON_PrintUnformatted(c);

	if (s == NULL)
		abort();
	buf_puts(out, s);
	mem_wipe(s, strlen(s));
	cJSON_free(s);
}

/* A member's name, quoted. */
static void
print_name(const char *name, struct buf *out)
{
	struct json *s = json_string(name);

	print_compact(node(s), out);
	json_free(s);
	buf_puts(out, ": ");
}

static void
print_pretty(const cJSON *c, int depth, struct buf *out)
{
	bool object = cJSON_IsObject(c);

	if ((!object && !cJSON_IsArray(c)) || c->child == NULL) {
		print_compact(c, out);
		return;
	}
	buf_putc(out, object ? '{' : '[');
	for (const cJSON *i = c->child; i != NULL; i = i->next) {
		indent(out, depth + 1);
		if (object)
			print_name(i->string, out);
		print_pretty(i, depth + 1, out);
		if (i->next != NULL)
			buf_putc(out, ',');
	}
	indent(out, depth);
	buf_putc(out, object ? '}' : ']');
}

void
json_print(const struct json *j, bool pretty, struct buf *out)
{
	if (!pretty) {
		print_compact(node(j), out);
		return;
	}
	print_pretty(node(j), 0, out);
	buf_putc(out, '\n');
}
