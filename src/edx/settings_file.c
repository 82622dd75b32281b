/*
 * settings_file - the file that fetch-settings writes; see settings.h.
 */
#include "edx/settings.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/unmapped.h"

enum { FILE_MAX = 1 << 20 };

const char *
settings_value(struct pool *pool, const struct json *settings,
    const char *key)
{
	const struct json *v = json_get(json_at(settings, "values"), key);
	struct buf text = buf_new(FILE_MAX);
	const char *value = NULL;

	if (v != NULL && json_is_null(v, ""))
		value = "";
	else if (v != NULL && json_scalar(v, &text))
		value = pool_strdup(pool, buf_str(&text));
	buf_free(&text);
	return value;
}

/* A URI, and the password in it, percent-encoded and plain. */
static void
mask_login(struct pool *pool, const char *uri, const char *login)
{
	size_t n = strcspn(login, "/?"), colon = strcspn(login, ":");
	struct buf plain = buf_new(FILE_MAX);

	log_mask(uri);
	while (n > 0 && login[n] != '@')
		n--;
	if (colon < n) {
		const char *password = pool_strndup(pool, login + colon + 1,
		    n - colon - 1);

		log_mask(password);
		if (text_unpercent(&plain, password))
			log_mask(buf_str(&plain));
	}
	if (plain.data != NULL)
		mem_wipe(plain.data, plain.len);
	buf_free(&plain);
}

void
settings_mask(const struct json *settings)
{
	struct pool *pool = pool_new();
	const struct setting *row;

	for (size_t i = 0; (row = settings_row(i)) != NULL; i++) {
		const char *value = settings_value(pool, settings, row->key);
		const char *scheme = value != NULL ? strstr(value, "://") :
		    NULL;

		if (row->secret)
			log_mask(value);
		if (scheme != NULL && strchr(scheme, '@') != NULL)
			mask_login(pool, value, scheme + strlen("://"));
	}
	unmapped_mask(json_get(settings, "unmapped"));
	pool_free(pool);
}

/* An object whose "values" have a text each. */
static bool
is_settings_file(const struct json *all)
{
	const struct json *values = json_at(all, "values");
	struct buf text = buf_new(FILE_MAX);
	bool ok = json_is_object(values);

	for (const struct json *v = json_first(values); ok && v != NULL;
	    v = json_next(v))
		ok = json_is_null(v, "") || json_scalar(v, &text);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return ok;
}

struct json *
settings_load(const char *path, struct err *e)
{
	struct buf text = buf_new(FILE_MAX);
	struct json *all = NULL;

	if (file_read(path, &text, e))
		all = json_parse(buf_str(&text), text.len, path, e);
	if (all == NULL)
		e->kind = ERR_INPUT;	/* also what can't be read */
	if (all != NULL && !is_settings_file(all)) {
		err_set(e, ERR_INPUT, "%s: not a file that fetch-settings "
		    "wrote", path);
		json_free(all);
		all = NULL;
	}
	settings_mask(all);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return all;
}
