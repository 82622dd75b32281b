/*
 * mapping - see mapping.h.
 */
#include "edx/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/yaml.h"
#include "edx/edit.h"
#include "edx/patch.h"
#include "edx/release.h"
#include "edx/settings.h"

enum { KEY_BYTES = 128 * 1024 };

/* ---- values ---- */

static bool
write_value(struct mapping *m, const struct setting *row, struct err *e)
{
	const struct json *value = json_get(json_at(m->settings, "values"),
	    row->key);
	const char *text = settings_value(m->edit->pool, m->settings,
	    row->key);

	if (value == NULL || text == NULL)
		return true;
	return edit_set(m->edit, row->key,
	    json_is_null(value, "") ? YAML_NULL : row->kind, text, e);
}

static bool
is_storage(const char *key)
{
	return text_starts(key, "S3_") || text_starts(key, "OPENEDX_AWS_")
	    || text_starts(key, "STORAGE_");
}

static bool
write_values(struct mapping *m, bool storage, struct err *e)
{
	const struct setting *row;

	for (size_t i = 0; (row = settings_row(i)) != NULL; i++)
		if (is_storage(row->key) == storage
		    && !write_value(m, row, e))
			return false;
	return true;
}

/* Where the legacy names stand, Tutor takes them. */
static bool
drop_legacy(struct mapping *m, struct err *e)
{
	static const char *const names[] = { "MYSQL_DATABASE",
	    "MYSQL_USERNAME", "MYSQL_PASSWORD", "SECRET_KEY" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (yaml_kind(m->edit->yaml, names[i]) != YAML_NONE
		    && !edit_remove(m->edit, names[i], e))
			return false;
	return true;
}

/* ---- plugins ---- */

static const char commands[] = "PICASSO_EXTRA_COMMANDS";

/* Is there such a word in a command that enables plugins, or in PLUGINS? */
static bool
has_plugin(const struct mapping *m, const char *name)
{
	const struct yaml *y = m->edit->yaml;

	for (int i = 0; i < yaml_len(y, "PLUGINS"); i++)
		if (text_same(yaml_item(y, "PLUGINS", i), name))
			return true;
	for (int i = 0; i < yaml_len(y, commands); i++) {
		const char *item = yaml_item(y, commands, i);
		const char **word;

		if (item == NULL || strstr(item, "plugins enable") == NULL)
			continue;
		word = text_split(m->edit->pool, item, NULL);
		for (; *word != NULL; word++)
			if (text_same(*word, name))
				return true;
	}
	return false;
}

static int
new_major(const struct mapping *m)
{
	return release_major(yaml_get(m->edit->yaml, "TUTOR_VERSION"));
}

/*
 * AWS keys without the plugin would make edx-platform use a bucket of a name
 * that nobody chose; so the plugin comes first.
 */
static bool
ensure_s3_plugin(struct mapping *m, struct err *e)
{
	const char *plugin = *m->s3_plugin != '\0' ? m->s3_plugin :
	    release_s3_plugin(new_major(m));

	if (has_plugin(m, "s3"))
		return true;
	if (plugin == NULL)
		return err_set(e, ERR_HAND, "uploads are in a bucket, and "
		    "the new side has no s3 plugin: name one that fits its "
		    "release with the input s3-plugin");
	return edit_append(m->edit, commands, pool_printf(m->edit->pool,
	    "pip install %s", plugin), e)
	    && edit_append(m->edit, commands, "tutor plugins enable s3", e);
}

static bool
write_storage(struct mapping *m, struct err *e)
{
	if (json_get(json_at(m->settings, "values"), "STORAGE_TYPE")
	    == NULL) {
		log_info("The old side keeps uploads in no bucket.");
		return true;
	}
	return ensure_s3_plugin(m, e) && write_values(m, true, e);
}

/* ---- MongoDB ---- */

/* Without dnspython the LMS fails when it is imported. */
static bool
write_requirements(struct mapping *m, struct err *e)
{
	static const char key[] = "OPENEDX_EXTRA_PIP_REQUIREMENTS";
	const char *host = settings_value(m->edit->pool, m->settings,
	    "MONGODB_HOST");

	if (host == NULL || !text_starts(host, "mongodb+srv://"))
		return true;
	for (int i = 0; i < yaml_len(m->edit->yaml, key); i++) {
		const char *item = yaml_item(m->edit->yaml, key, i);

		if (item != NULL && (text_starts(item, "dnspython")
		    || text_starts(item, "pymongo[srv]")))
			return true;
	}
	return edit_append(m->edit, key, "dnspython", e);
}

/* "19.3.0" of "tutor-contrib-drydock==19.3.0" or "...@v19.3.0"; NULL: none
 * is named. */
static const char *
drydock_version(const struct mapping *m)
{
	const char *version = yaml_get(m->edit->yaml, "DRYDOCK_VERSION");

	for (int i = 0; i < yaml_len(m->edit->yaml, commands); i++) {
		const char *item = yaml_item(m->edit->yaml, commands, i);
		const char *at = item == NULL ? NULL :
		    strstr(item, "tutor-contrib-drydock");

		if (at == NULL)
			continue;
		at += strlen("tutor-contrib-drydock");
		at += strspn(at, ".git=@v~");
		if (*at >= '0' && *at <= '9')
			return at;
	}
	return version;
}

/*
 * From release 19 the forum is a part of the LMS, and its database's key
 * reaches it through drydock only, since 19.3.
 */
static bool
check_forum(const struct mapping *m, struct err *e)
{
	const char *name = settings_value(m->edit->pool, m->settings,
	    "FORUM_MONGODB_DATABASE");
	const char *version = drydock_version(m), *dot;
	long major = 0, minor = 0;

	if (name == NULL || new_major(m) < 19
	    || text_same(name, "cs_comments_service"))
		return true;
	if (!has_plugin(m, "drydock"))
		return err_set(e, ERR_HAND, "the forum's data is in the "
		    "database %s, which reaches the forum of this release "
		    "through the plugin drydock (19.3 or later) only: enable "
		    "it in PICASSO_EXTRA_COMMANDS", name);
	if (version != NULL) {
		major = strtol(version, NULL, 10);
		dot = strchr(version, '.');
		minor = dot != NULL ? strtol(dot + 1, NULL, 10) : 0;
	}
	if (major == 19 && dot != NULL && minor < 3)
		return err_set(e, ERR_HAND, "drydock %.*s does not give the "
		    "forum its database (%s): install 19.3 or later",
		    (int)strspn(version, "0123456789."), version, name);
	return true;
}

/* ---- keys ---- */

/* JWT_RSA_PRIVATE_KEY comes with replicate-config; the settings show its
 * modulus only. Is it the same key? Both are base64 of the same bytes. */
static void
warn_of_other_key(const struct mapping *m)
{
	const char *modulus = json_str(m->settings, "jwt-modulus");
	const char *pem = yaml_get(m->edit->yaml, "JWT_RSA_PRIVATE_KEY");
	struct buf text = buf_new(KEY_BYTES), key = buf_new(KEY_BYTES);
	struct buf want = buf_new(KEY_BYTES);
	struct err ignored;
	bool same = false;

	for (const char *s = modulus; s != NULL && *s != '\0'; s++)
		buf_putc(&want, *s == '-' ? '+' : *s == '_' ? '/' : *s);
	while (want.len % 4 != 0)
		buf_putc(&want, '=');
	for (const char *s = pem; s != NULL && *s != '\0'; ) {
		size_t n = strcspn(s, "\n");

		if (*s != '-')
			buf_add(&text, s, n);
		s += s[n] == '\n' ? n + 1 : n;
	}
	if (pem != NULL && modulus != NULL) {
		struct buf bytes = buf_new(KEY_BYTES);

		same = text_unbase64(buf_str(&text), &key, &ignored)
		    && text_unbase64(buf_str(&want), &bytes, &ignored)
		    && bytes.len > 0 && memmem(key.data, key.len,
		    bytes.data, bytes.len) != NULL;
		buf_free(&bytes);
	}
	if (modulus != NULL && !same)
		log_warn("JWT_RSA_PRIVATE_KEY is %s: who is logged in to a "
		    "micro-frontend must log in again, and services that "
		    "know the old public key refuse the new tokens; "
		    "replicate-config copies the old one", pem == NULL ?
		    "not in config.yml" : "not the old side's");
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	if (key.data != NULL)
		mem_wipe(key.data, key.len);
	buf_free(&text);
	buf_free(&key);
	buf_free(&want);
}

/* GROVE_* without the plugin that reads them are ignored silently. */
static void
warn_of_unread_patch(const struct mapping *m)
{
	if (m->patch->any && !has_plugin(m, "grove")
	    && !has_plugin(m, "grove-config"))
		log_warn("Patches were written into GROVE_* values, and no "
		    "plugin of the name grove or grove-config is enabled in "
		    "%s or PLUGINS: without one Tutor ignores them", commands);
}

bool
mapping_write(struct mapping *m, struct err *e)
{
	bool ok = check_forum(m, e) && write_values(m, false, e)
	    && drop_legacy(m, e) && write_requirements(m, e)
	    && write_storage(m, e)
	    && patch_write(m->edit, m->settings, m->patch, e);

	if (ok) {
		warn_of_unread_patch(m);
		warn_of_other_key(m);
	}
	return ok;
}
