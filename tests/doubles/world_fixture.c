/*
 * Models in fixtures/, filled with words.
 */
#include "world_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "world_json.h"
#include "world_text.h"

static char *folder;
static cJSON *models;	/* file name: text */

void
fixture_init(const char *source)
{
	folder = text_make("%s/fixtures", source);
	models = cJSON_CreateObject();
}

static const char *
model(const char *name)
{
	const char *known = json_str(cJSON_GetObjectItemCaseSensitive(models,
	    name), "");
	struct text t = { 0 };
	char *path;

	if (known != NULL)
		return known;
	path = text_make("%s/%s", folder, name);
	if (!text_file(&t, path)) {
		(void)fprintf(stderr, "world: can't read %s\n", path);
		abort();
	}
	free(path);
	(void)cJSON_AddStringToObject(models, name, text_str(&t));
	text_free(&t);
	return json_str(cJSON_GetObjectItemCaseSensitive(models, name), "");
}

static const char *
word(const char *name, void *words)
{
	return json_str(words, name);
}

cJSON *
fixture(const char *name, const cJSON *words)
{
	char *s = text_fill(model(name), word, (void *)(size_t)words);
	cJSON *o = cJSON_Parse(s);

	if (o == NULL) {
		(void)fprintf(stderr, "world: %s is not JSON\n", name);
		abort();
	}
	free(s);
	return o;
}
