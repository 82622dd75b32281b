/*
 * patch - see patch.h.
 */
#include "edx/patch.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "edx/edit.h"
#include "edx/unmapped.h"

enum { TEXT_MAX = 4 << 20 };

static const char begins[] = "# transplant: the old side's, which no key "
    "carries\n";
static const char ends[] = "# transplant: end\n";

/* The values that are pasted into the settings, in the order in which the
 * platform meets them. */
enum place { AUTH, LMS_ENV, CMS_ENV, COMMON, LMS_LATE, CMS_LATE, PLACES };

static const struct {
	const char *key;
	bool lms, cms, python;
} places[PLACES] = {
	[AUTH] = { "GROVE_OPENEDX_AUTH", true, true, false },
	[LMS_ENV] = { "GROVE_LMS_ENV", true, false, false },
	[CMS_ENV] = { "GROVE_CMS_ENV", false, true, false },
	[COMMON] = { "GROVE_COMMON_SETTINGS", true, true, true },
	[LMS_LATE] = { "GROVE_LMS_PRODUCTION_SETTINGS", true, false, true },
	[CMS_LATE] = { "GROVE_CMS_PRODUCTION_SETTINGS", false, true, true },
};

struct work {
	struct edit *edit;
	const struct json *settings;
	struct patch *patch;
	const char *others[PLACES];	/* what is not ours */
	struct buf ours[PLACES];
	bool stores[PLACES];		/* DOC_STORE_CONFIG is changed */
	struct pysettings *lms, *cms;	/* as the others make them */
};

/* ---- what stands there ---- */

/* The text without our lines; the last of it ends its line. */
static const char *
without_ours(struct pool *pool, const char *text)
{
	struct buf rest = buf_new(TEXT_MAX);
	const char *from = strstr(text, begins), *to = NULL, *s;

	if (from != NULL)
		to = strstr(from, "# transplant: end");
	if (to == NULL) {
		buf_puts(&rest, text);
	} else {
		buf_add(&rest, text, (size_t)(from - text));
		to += strlen("# transplant: end");
		buf_puts(&rest, to + strspn(to, "\n"));
	}
	if (rest.len > 0 && rest.data[rest.len - 1] != '\n')
		buf_putc(&rest, '\n');
	s = pool_strdup(pool, buf_str(&rest));
	buf_free(&rest);
	return s;
}

/* What the new side has before its patches: the mapped values, by the names
 * that a patch may build on. */
static const char prelude[] =
    "from lms.envs.production import *\n"
    "DOC_STORE_CONFIG = mongodb_parameters\n"
    "CONTENTSTORE = {'DOC_STORE_CONFIG': DOC_STORE_CONFIG}\n"
    "update_module_store_settings(MODULESTORE,\n"
    "    doc_store_settings=DOC_STORE_CONFIG)\n";

static const struct {
	bool mysql;
	const char *member, *key;
} known[] = {
	{ true, "HOST", "MYSQL_HOST" },
	{ true, "PORT", "MYSQL_PORT" },
	{ true, "NAME", "OPENEDX_MYSQL_DATABASE" },
	{ true, "USER", "OPENEDX_MYSQL_USERNAME" },
	{ true, "PASSWORD", "OPENEDX_MYSQL_PASSWORD" },
	{ false, "db", "MONGODB_DATABASE" },
	{ false, "host", "MONGODB_HOST" },
	{ false, "port", "MONGODB_PORT" },
};

static struct json *
make_known(const struct json *values)
{
	struct json *all = json_object(), *database, *mongo;

	database = json_add(json_add(all, "DATABASES", json_object()),
	    "default", json_object());
	json_set_str(database, "ENGINE", "django.db.backends.mysql");
	json_set_bool(database, "ATOMIC_REQUESTS", true);
	mongo = json_add(all, "mongodb_parameters", json_object());
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct json *v = json_get(values, known[i].key);

		if (v != NULL)
			json_add(known[i].mysql ? database : mongo,
			    known[i].member, json_copy(v));
	}
	json_set_str(json_add(database, "OPTIONS", json_object()),
	    "init_command", "SET sql_mode='STRICT_TRANS_TABLES'");
	json_add(all, "FORUM_MONGODB_CLIENT_PARAMETERS", json_object());
	json_add(all, "ALLOWED_HOSTS", json_array());
	json_add(all, "LOGIN_REDIRECT_WHITELIST", json_array());
	return all;
}

/* That, as the YAML that the platform begins with. */
static bool
add_known(struct work *w, struct pysettings *ps, struct err *e)
{
	struct json *all = make_known(json_at(w->settings, "values"));
	struct buf text = buf_new(TEXT_MAX);
	struct yaml *y;
	bool ok;

	json_print(all, false, &text);
	y = yaml_parse(buf_str(&text), text.len, "settings", e);
	ok = y != NULL && pysettings_add_yaml(ps, y, e);
	yaml_close(y);
	json_free(all);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return ok;
}

/* Read what is not ours in one place. Lines that can't be read carry nothing
 * that we could know of. */
static void
add_others(struct work *w, struct pysettings *ps, int place)
{
	const char *text = w->others[place], *name = places[place].key;
	struct err unread;
	struct yaml *y;
	bool ok = true;

	if (places[place].python) {
		ok = pysettings_add_python(ps, text, strlen(text), name,
		    &unread);
	} else if (*text != '\0') {
		y = yaml_parse(text, strlen(text), name, &unread);
		ok = y != NULL && pysettings_add_yaml(ps, y, &unread);
		yaml_close(y);
	}
	if (!ok)
		log_warn("%s can't be read (%s): whether it has some of the "
		    "old side's settings already is not known", name,
		    unread.text);
}

/* The settings of a side as the lines that are not ours make them. */
static struct pysettings *
read_side(struct work *w, bool lms, struct err *e)
{
	struct pysettings *ps = pysettings_new();

	bool ok = add_known(w, ps, e);

	for (int i = 0; ok && i < PLACES; i++) {
		if (i == COMMON)
			ok = pysettings_add_python(ps, prelude,
			    strlen(prelude), "prelude", e);
		if (ok && (lms ? places[i].lms : places[i].cms))
			add_others(w, ps, i);
	}
	if (ok)
		return ps;
	pysettings_free(ps);
	return NULL;
}

/* ---- what is missing ---- */

/* Without the character set, which is the new release's own. */
static struct json *
comparable(const struct json *v)
{
	static const char patch[] = "{\"OPTIONS\": {\"charset\": null}}";
	struct json *copy = json_copy(v), *drop;
	struct err ignored;

	if (json_is_object(json_get(copy, "OPTIONS"))) {
		drop = json_parse(patch, strlen(patch), "", &ignored);
		json_merge(copy, drop);
		json_free(drop);
	}
	return copy;
}

static bool
holds_all(const struct json *list, const struct json *wanted)
{
	for (const struct json *w = json_first(wanted); w != NULL;
	    w = json_next(w)) {
		const struct json *one = json_first(list);

		while (one != NULL && !json_same(one, w))
			one = json_next(one);
		if (one == NULL)
			return false;
	}
	return true;
}

/* Must this value be written for this side? */
static bool
is_missing(const struct pysettings *ps, const char *path,
    const struct json *v)
{
	struct json *now, *is, *want;
	const char *why;
	bool same;

	if (v == NULL)
		return false;
	now = pysettings_json(ps, path, &why);
	if (now == NULL)
		return true;
	if (unmapped_find(path)->how == UNMAPPED_HOSTS) {
		same = holds_all(now, v);
	} else {
		is = comparable(now);
		want = comparable(v);
		same = json_same(is, want);
		json_free(is);
		json_free(want);
	}
	json_free(now);
	return !same;
}

/* ---- writing it ---- */

static void
add_string(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	yaml_tutor_escape(out, text);
	buf_putc(out, '"');
}

/* The value as Python or YAML has it; strings as both read them. */
static void
add_literal(struct buf *out, const struct json *v, bool python)
{
	bool yes, list = json_is_array(v), dict = json_is_object(v);
	const char *text = json_str(v, "");

	if (text != NULL)
		add_string(out, text);
	else if (json_is_null(v, ""))
		buf_puts(out, python ? "None" : "null");
	else if (json_bool(v, "", &yes))
		buf_puts(out, !python ? (yes ? "true" : "false") :
		    yes ? "True" : "False");
	else if (!list && !dict)
		json_print(v, false, out);
	if (!list && !dict)
		return;
	buf_putc(out, list ? '[' : '{');
	for (const struct json *one = json_first(v); one != NULL;
	    one = json_next(one)) {
		if (one != json_first(v))
			buf_puts(out, ", ");
		if (dict) {
			add_string(out, json_name(one));
			buf_puts(out, ": ");
		}
		add_literal(out, one, python);
	}
	buf_putc(out, list ? ']' : '}');
}

/* NAME["a"]["b"] */
static void
add_target(struct buf *out, const char *path)
{
	size_t n = strcspn(path, ".");

	buf_add(out, path, n);
	while (path[n] == '.') {
		path += n + 1;
		n = strcspn(path, ".");
		buf_puts(out, "[\"");
		buf_add(out, path, n);
		buf_puts(out, "\"]");
	}
}

static void
add_statement(struct work *w, enum place place, const char *path,
    const struct json *v)
{
	struct buf *out = &w->ours[place];

	if (!places[place].python) {
		buf_printf(out, "%s: ", path);
		add_literal(out, v, false);
	} else if (unmapped_find(path)->how == UNMAPPED_HOSTS) {
		buf_printf(out, "%s += ", path);
		add_literal(out, v, true);
	} else {
		add_target(out, path);
		buf_puts(out, " = ");
		add_literal(out, v, true);
	}
	buf_putc(out, '\n');
	w->stores[place] = w->stores[place]
	    || text_starts(path, "DOC_STORE_CONFIG.");
}

/* A file that is in the old image may not be in the new one. */
static void
name_files(struct work *w, const char *path, const struct json *v)
{
	const char *text = json_str(v, "");

	if (text != NULL && *text == '/' && strchr(text, '.') != NULL)
		buf_printf(w->patch->files, "%s: %s\n", path, text);
	for (const struct json *one = json_first(v); one != NULL;
	    one = json_next(one))
		name_files(w, path, one);
}

static bool
is_accepted(const struct patch *p, const char *path)
{
	for (size_t i = 0; p->accepted != NULL && p->accepted[i] != NULL; i++)
		if (strcmp(p->accepted[i], path) == 0)
			return true;
	return false;
}

static void
write_setting(struct work *w, const struct json *one)
{
	const char *path = json_str(one, "path"), *why = json_str(one, "why");
	const struct json *lms = json_get(one, "lms");
	const struct json *cms = json_get(one, "cms");
	enum unmapped_how how;
	bool auth, for_lms, for_cms;

	if (path == NULL || unmapped_find(path) == NULL
	    || is_accepted(w->patch, path))
		return;
	if (why != NULL) {
		buf_printf(w->patch->left, "%s: %s\n", path, why);
		return;
	}
	how = unmapped_find(path)->how;
	auth = how == UNMAPPED_AUTH;
	for_lms = is_missing(w->lms, path, lms);
	for_cms = is_missing(w->cms, path, cms);
	if (for_lms || for_cms)
		name_files(w, path, lms != NULL ? lms : cms);
	if (for_lms && for_cms && json_same(lms, cms)
	    && (auth || how == UNMAPPED_PATCH)) {
		add_statement(w, auth ? AUTH : COMMON, path, lms);
		return;
	}
	if (for_lms)
		add_statement(w, auth ? LMS_ENV : LMS_LATE, path, lms);
	if (for_cms)
		add_statement(w, auth ? CMS_ENV : CMS_LATE, path, cms);
}

/* Put ours behind what is not. Rendering takes the last line end away. */
static bool
write_place(struct work *w, enum place i, struct err *e)
{
	const char *key = places[i].key, *now = yaml_get(w->edit->yaml, key);
	struct buf text = buf_new(TEXT_MAX);
	size_t n = now != NULL ? strlen(now) : 0;
	bool ok = true, same;

	if (w->ours[i].len > 0) {
		buf_printf(&text, "%s%s%s", w->others[i], begins,
		    buf_str(&w->ours[i]));
		if (w->stores[i])
			buf_puts(&text, "update_module_store_settings("
			    "MODULESTORE, doc_store_settings="
			    "DOC_STORE_CONFIG)\n");
		buf_puts(&text, ends);
		w->patch->any = true;
	} else if (now != NULL && strstr(now, begins) != NULL) {
		buf_puts(&text, w->others[i]);
	} else {
		goto out;	/* nothing of ours, before or now */
	}
	while (n > 0 && now[n - 1] == '\n')
		n--;
	same = now != NULL && strncmp(now, buf_str(&text), n) == 0
	    && strspn(buf_str(&text) + n, "\n") == text.len - n;
	ok = buf_check(&text, key, e);
	if (ok && text.len == 0)
		ok = edit_remove(w->edit, key, e);
	else if (ok && !same)
		ok = edit_set_raw(w->edit, key, buf_str(&text), e);
out:
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	return ok;
}

static bool
write_all(struct work *w, struct err *e)
{
	const struct json *all = json_get(w->settings, "unmapped");

	for (const struct json *one = json_first(all); one != NULL;
	    one = json_next(one))
		write_setting(w, one);
	for (int i = 0; i < PLACES; i++)
		if (!buf_check(&w->ours[i], places[i].key, e)
		    || !write_place(w, (enum place)i, e))
			return false;
	return true;
}

bool
patch_write(struct edit *edit, const struct json *settings,
    struct patch *patch, struct err *e)
{
	struct work w = { .edit = edit, .settings = settings,
		.patch = patch };
	bool ok;

	for (int i = 0; i < PLACES; i++) {
		const char *now = yaml_get(edit->yaml, places[i].key);

		w.others[i] = without_ours(edit->pool, now != NULL ? now :
		    "");
		w.ours[i] = buf_new(TEXT_MAX);
	}
	w.lms = read_side(&w, true, e);
	w.cms = w.lms != NULL ? read_side(&w, false, e) : NULL;
	ok = w.cms != NULL && write_all(&w, e);
	pysettings_free(w.lms);
	pysettings_free(w.cms);
	for (int i = 0; i < PLACES; i++) {
		if (w.ours[i].data != NULL)
			mem_wipe(w.ours[i].data, w.ours[i].len);
		buf_free(&w.ours[i]);
	}
	return ok;
}
