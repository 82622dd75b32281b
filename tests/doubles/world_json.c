/*
 * Paths, comparison and patches over cJSON trees.
 */
#include "world_json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "world_text.h"

enum { NAME_MAX_LEN = 256 };

/* Copy the path's first name to `name`; return the rest, NULL at the end. */
static const char *
path_step(const char *path, char name[NAME_MAX_LEN])
{
	const char *slash = strchr(path, '/');
	size_t n = slash != NULL ? (size_t)(slash - path) : strlen(path);

	assert(n < NAME_MAX_LEN);
	memcpy(name, path, n);
	name[n] = '\0';
	return slash != NULL ? slash + 1 : NULL;
}

cJSON *
json_at(const cJSON *o, const char *path)
{
	const cJSON *at = o;
	char name[NAME_MAX_LEN];

	while (at != NULL && path != NULL && path[0] != '\0') {
		path = path_step(path, name);
		at = cJSON_GetObjectItemCaseSensitive(at, name);
	}
	return (cJSON *)(size_t)at;
}

const char *
json_str(const cJSON *o, const char *path)
{
	return cJSON_GetStringValue(json_at(o, path));
}

double
json_num(const cJSON *o, const char *path, double dflt)
{
	const cJSON *v = json_at(o, path);

	return cJSON_IsNumber(v) ? v->valuedouble : dflt;
}

bool
json_true(const cJSON *o, const char *path)
{
	return cJSON_IsTrue(json_at(o, path));
}

const char *
json_word(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o,
	    name));
}

void
json_set(cJSON *o, const char *name, cJSON *v)
{
	if (cJSON_GetObjectItemCaseSensitive(o, name) != NULL)
		(void)cJSON_ReplaceItemInObjectCaseSensitive(o, name, v);
	else
		(void)cJSON_AddItemToObject(o, name, v);
}

void
json_put(cJSON *o, const char *path, cJSON *v)
{
	char name[NAME_MAX_LEN];
	const char *rest = path_step(path, name);
	cJSON *next;

	if (v == NULL)
		abort();
	while (rest != NULL) {
		next = cJSON_GetObjectItemCaseSensitive(o, name);
		if (!cJSON_IsObject(next)) {
			cJSON_DeleteItemFromObjectCaseSensitive(o, name);
			next = cJSON_AddObjectToObject(o, name);
		}
		o = next;
		rest = path_step(rest, name);
	}
	json_set(o, name, v);
}

void
json_puts(cJSON *o, const char *path, const char *s)
{
	json_put(o, path, s != NULL ? cJSON_CreateString(s) :
	    cJSON_CreateNull());
}

void
json_putn(cJSON *o, const char *path, double n)
{
	json_put(o, path, cJSON_CreateNumber(n));
}

void
json_putb(cJSON *o, const char *path, bool b)
{
	json_put(o, path, cJSON_CreateBool(b));
}

void
json_drop(cJSON *o, const char *path)
{
	const char *last = strrchr(path, '/');
	char *parent;

	if (last == NULL) {
		cJSON_DeleteItemFromObjectCaseSensitive(o, path);
		return;
	}
	parent = text_make("%.*s", (int)(last - path), path);
	cJSON_DeleteItemFromObjectCaseSensitive(json_at(o, parent), last + 1);
	free(parent);
}

char *
json_text(const cJSON *o)
{
	char *s = cJSON_PrintUnformatted(o);

	if (s == NULL)
		abort();
	return s;
}

cJSON *
json_make(const char *fmt, ...)
{
	va_list ap, again;
	char *s;
	cJSON *o;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	s = n < 0 ? NULL : malloc((size_t)n + 1);
	if (s == NULL)
		abort();
	(void)vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	o = cJSON_Parse(s);
	if (o == NULL) {
		(void)fprintf(stderr, "not JSON: %s\n", s);
		abort();
	}
	free(s);
	return o;
}

bool
json_covers(const cJSON *have, const cJSON *want)
{
	const cJSON *w, *h;

	if (cJSON_IsObject(want) && cJSON_IsObject(have)) {
		cJSON_ArrayForEach(w, want) {
			h = cJSON_GetObjectItemCaseSensitive(have, w->string);
			if (h == NULL || !json_covers(h, w))
				return false;
		}
		return true;
	}
	if (cJSON_IsArray(want) && cJSON_IsArray(have)) {
		h = have->child;
		cJSON_ArrayForEach(w, want) {
			if (h == NULL || !json_covers(h, w))
				return false;
			h = h->next;
		}
		return h == NULL;
	}
	return cJSON_Compare(have, want, true);
}

/* The member by which Kubernetes tells the items of a list apart. */
static const char *
list_key(const char *list)
{
	static const struct {
		const char *list, *key;
	} keys[] = {
		{ "containers", "name" }, { "initContainers", "name" },
		{ "env", "name" }, { "volumes", "name" },
		{ "volumeMounts", "mountPath" }, { "ports", "containerPort" },
		{ "conditions", "type" }, { "imagePullSecrets", "name" },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].list, list) == 0)
			return keys[i].key;
	}
	return NULL;
}

static cJSON *
list_find(cJSON *list, const char *key, const cJSON *like)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(like, key);
	cJSON *o;

	cJSON_ArrayForEach(o, list) {
		if (cJSON_Compare(cJSON_GetObjectItemCaseSensitive(o, key),
		    id, true))
			return o;
	}
	return NULL;
}

static void
merge(cJSON *to, const cJSON *patch, bool strategic);

static void
merge_list(cJSON *to, const cJSON *patch, const char *key)
{
	const cJSON *p;
	cJSON *o;

	cJSON_ArrayForEach(p, patch) {
		o = list_find(to, key, p);
		if (o != NULL)
			merge(o, p, true);
		else
			(void)cJSON_AddItemToArray(to,
			    cJSON_Duplicate(p, true));
	}
}

static void
merge(cJSON *to, const cJSON *patch, bool strategic)
{
	const cJSON *p;
	const char *key;
	cJSON *o;

	cJSON_ArrayForEach(p, patch) {
		o = cJSON_GetObjectItemCaseSensitive(to, p->string);
		key = list_key(p->string);
		if (cJSON_IsNull(p)) {
			cJSON_DeleteItemFromObjectCaseSensitive(to, p->string);
		} else if (cJSON_IsObject(p)) {
			if (!cJSON_IsObject(o)) {
				json_set(to, p->string, cJSON_CreateObject());
				o = cJSON_GetObjectItemCaseSensitive(to,
				    p->string);
			}
			merge(o, p, strategic);
		} else if (strategic && cJSON_IsArray(p) && cJSON_IsArray(o)
		    && key != NULL) {
			merge_list(o, p, key);
		} else {
			json_set(to, p->string, cJSON_Duplicate(p, true));
		}
	}
}

void
json_merge(cJSON *to, const cJSON *patch)
{
	merge(to, patch, false);
}

void
json_merge_strategic(cJSON *to, const cJSON *patch)
{
	merge(to, patch, true);
}

bool
word_in(const char *word, const char *words)
{
	size_t n = strlen(word);
	const char *p = words;

	if (n == 0)
		return false;
	while ((p = strstr(p, word)) != NULL) {
		if ((p == words || p[-1] == ' ')
		    && (p[n] == ' ' || p[n] == '\0'))
			return true;
		p += 1;
	}
	return false;
}

const char *
json_stranger(const cJSON *o, const char *words)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, o) {
		if (!word_in(m->string, words))
			return m->string;
	}
	return NULL;
}
