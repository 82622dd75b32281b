/*
 * replicate-config - bring the old config.yml's settings into the new one.
 *
 * Guide: "Configure", items 5 (replicate config.yml) and 6 (theming, with
 * keys: theming). The old file is read by git over HTTPS from where Grove
 * keeps it. A table says of each key whether it is copied now, written in a
 * later phase, or never; the summary accounts for every key of the old file.
 * Values are copied verbatim, block strings included; all other bytes of the
 * new file stay. Secrets are compared, never shown. commit-config commits.
 * Run it as often as you like.
 *
 * A template such as {{ MFE_HOST }} in a copied value must find its key, or
 * every later Tutor command would fail: host names that Tutor could derive
 * are written out for that, anything else is refused.
 */
#include <stddef.h>
#include <string.h>

#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/config.h"
#include "edx/keys.h"
#include "step/step.h"
#include "site/configfile.h"

enum { OLD_FILE_MAX = 8 << 20, LIST_MAX = 64 * 1024, PATH_BYTES = 512 };

static struct {
	const char *repository, *ref, *path, *user, *token, *keys;
} in;

/* HTTPS; or a folder of this machine, for trials. */
static bool
check_repository(const char *url, struct err *e)
{
	return text_starts(url, "file:///") || text_check_https(url, e);
}

static const char *const key_sets[] = { "config", "theming", "all", NULL };

static const struct input inputs[] = {
	{ .name = "old-repository", .str = &in.repository,
	  .check = check_repository, .plan = "old.repository",
	  .help = "Git repository, by HTTPS, that holds the old config.yml" },
	{ .name = "old-ref", .str = &in.ref, .plan = "old.ref",
	  .check = text_check_branch, .dflt = "main",
	  .help = "Branch, tag or commit there" },
	{ .name = "old-path", .str = &in.path, .plan = "old.path",
	  .check = text_check_path, .help = "Path of config.yml there" },
	{ .name = "old-user", .str = &in.user, .dflt = "oauth2",
	  .help = "User name that goes with the token" },
	{ .name = "old-token", .str = &in.token, .secret = true,
	  .optional = true, .help = "Token that may read the repository" },
	{ .name = "keys", .str = &in.keys, .oneof = key_sets,
	  .dflt = "config",
	  .help = "Which keys: config, theming, or all of both" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "copied", .help = "Keys that have the old value now" },
	{ .name = "refused", .help = "Keys that could not be copied" },
	{ .name = "unlisted",
	  .help = "Copied keys that no rule names; look at them" },
	{ 0 }
};

struct work {
	struct configfile c;
	struct yaml *old;
	struct json *at_switch;		/* kept in the record */
	struct buf copied, refused, unlisted, table;
};

/* ---- the report ---- */

static void
add_name(struct buf *list, const char *name)
{
	if (list->len > 0)
		buf_putc(list, ' ');
	buf_puts(list, name);
}

/* One row of the table that accounts for every key. */
static void
account(struct work *w, const char *key, const char *what, const char *why)
{
	buf_puts(&w->table, "| ");
	text_markdown(&w->table, key);
	buf_printf(&w->table, " | %s | ", what);
	text_markdown(&w->table, why);
	buf_puts(&w->table, " |\n");
}

static bool
refuse(struct work *w, const char *key, const char *why)
{
	account(w, key, "**refused**", why);
	add_name(&w->refused, key);
	log_warn("%s is not copied: %s", key, why);
	return true;
}

static void
report(const struct work *w)
{
	step_summary("\n| key | what became of it | why |\n|---|---|---|\n"
	    "%s\n",
	    buf_str(&w->table));
	step_output("copied", "%s", buf_str(&w->copied));
	step_output("refused", "%s", buf_str(&w->refused));
	step_output("unlisted", "%s", buf_str(&w->unlisted));
}

/* ---- reading the old file ---- */

static struct yaml *
find_old(struct err *e)
{
	const struct step_common *c = step_common();
	struct repo_source s = { .url = in.repository, .ref = in.ref,
		.path = in.path, .user = in.user, .token = in.token,
		.ca_file = c->ca_file, .dns_servers = c->dns_servers };
	struct buf text = buf_new(OLD_FILE_MAX);
	struct yaml *old = NULL;

	if (repo_fetch_file(&s, &text, e))
		old = yaml_parse(buf_str(&text), text.len, in.path, e);
	if (text.data != NULL)
		mem_wipe(text.data, text.len);
	buf_free(&text);
	if (old != NULL && yaml_kind(old, "") != YAML_MAP) {
		err_set(e, ERR_INPUT, "%s: not a map of keys and values",
		    in.path);
		yaml_close(old);
		return NULL;
	}
	if (old != NULL && *yaml_warnings(old) != '\0')
		log_warn("%s", yaml_warnings(old));
	return old;
}

static void
mask_secrets(const struct yaml *old)
{
	const char *key, *value;

	for (int i = 0; (key = yaml_key(old, "", i)) != NULL; i++) {
		struct buf path = buf_new(PATH_BYTES);

		yaml_path_key(&path, key);
		value = yaml_get(old, buf_str(&path));
		if (keys_is_secret(key) && value != NULL
		    && strchr(value, '\n') == NULL)
			config_mask(old, buf_str(&path));
		buf_free(&path);
	}
}

/* ---- one key ---- */

/*
 * Will templates in the value find their keys? Others that are to be copied
 * count as there. *missing: one that nothing defines.
 */
static bool
ensure_defined(struct work *w, const char *path, const char **missing,
    struct err *e)
{
	struct pool *pool = step_common()->pool;

	while ((*missing = config_undefined(pool, w->old, path,
	    w->c.edit.yaml)) != NULL) {
		enum key_rule rule = keys_find(*missing)->rule;
		const char *host = config_derived_host(pool, w->c.edit.yaml,
		    *missing);
		bool changed;

		if (host != NULL) {
			if (!edit_set(&w->c.edit, *missing, YAML_STRING,
			    host, e))
				return false;
			continue;
		}
		if ((rule != KEY_COPY && rule != KEY_UNLISTED
		    && rule != KEY_UNION && rule != KEY_THEME)
		    || yaml_kind(w->old, *missing) == YAML_NONE)
			return true;
		/* it comes along anyway; now rather than later */
		if (!yaml_copy(w->c.edit.yaml, *missing, w->old, &changed, e))
			return false;
		if (changed)
			step_change(pool_printf(pool, "config.yml %s",
			    *missing), NULL, config_show(pool, w->c.edit.yaml,
			    *missing));
		w->c.edit.changed = w->c.edit.changed || changed;
	}
	return true;
}

static void
copied(struct work *w, const char *key, const struct key_row *row,
    const char *what)
{
	account(w, key, what, row->why);
	add_name(&w->copied, key);
	if (row->rule == KEY_UNLISTED)
		add_name(&w->unlisted, key);
}

/* What yaml can't do in place is for a person; the other keys go on. */
static bool
outcome(struct work *w, bool ok, const char *key, const struct err *why,
    struct err *e)
{
	if (ok)
		return true;
	if (why->kind == ERR_HAND)
		return refuse(w, key, why->text);
	*e = *why;
	return false;
}

static bool
copy_key(struct work *w, const char *key, const char *path,
    const struct key_row *row, struct err *e)
{
	struct pool *pool = step_common()->pool;
	const char *old, *missing;
	struct err why;
	bool changed;

	if (config_same(w->c.edit.yaml, w->old, path)) {
		copied(w, key, row, "equal");
		return true;
	}
	if (!ensure_defined(w, path, &missing, e))
		return false;
	if (missing != NULL)
		return refuse(w, key, pool_printf(pool, "it refers to %s, "
		    "which the new config.yml does not have: every Tutor "
		    "command would fail", missing));
	old = pool_strdup(pool, config_show(pool, w->c.edit.yaml, path));
	if (!yaml_copy(w->c.edit.yaml, path, w->old, &changed, &why))
		return outcome(w, false, key, &why, e);
	step_change(pool_printf(pool, "config.yml %s", key), old,
	    config_show(pool, w->c.edit.yaml, path));
	w->c.edit.changed = true;
	copied(w, key, row, "copied");
	return true;
}

/* A list: what only the old one has is added. */
static bool
unite_key(struct work *w, const char *key, const char *path,
    const struct key_row *row, struct err *e)
{
	struct pool *pool = step_common()->pool;
	struct buf added = buf_new(LIST_MAX);
	bool ok = true, any = false;
	struct err why;

	if (yaml_kind(w->old, path) != YAML_SEQ
	    || yaml_kind(w->c.edit.yaml, path) != YAML_SEQ
	    || yaml_len(w->c.edit.yaml, path) == 0)
		return copy_key(w, key, path, row, e);
	for (int i = 0; ok && i < yaml_len(w->old, path); i++) {
		const char *item = yaml_item(w->old, path, i);
		bool changed = false;

		ok = item == NULL || yaml_append(w->c.edit.yaml, path, item,
		    &changed, &why);
		if (changed)
			add_name(&added, config_show_text(item));
		any = any || changed;
	}
	w->c.edit.changed = w->c.edit.changed || any;
	if (ok && any)
		step_change(pool_printf(pool, "config.yml %s", key),
		    "(without)", buf_str(&added));
	if (ok)
		copied(w, key, row, any ? "united" : "equal");
	buf_free(&added);
	return outcome(w, ok, key, &why, e);
}

/* Kept in the record until DNS moves. */
static void
keep_key(struct work *w, const char *key, const char *path,
    const struct key_row *row)
{
	const char *value = yaml_get(w->old, path);

	account(w, key, "kept", row->why);
	if (value != NULL && !keys_is_secret(key))
		json_set_str(w->at_switch, key, value);
}

/* An old name with TUTOR_ before it: the plain name's value, a scalar. */
static bool
copy_renamed(struct work *w, const char *key, const char *plain,
    struct err *e)
{
	const struct key_row *row = keys_find(plain);
	const char *value = yaml_get(w->old, key);
	enum yaml_kind kind = yaml_kind(w->old, key);
	struct pool *pool = step_common()->pool;
	const char *was = pool_strdup(pool,
	    config_show(pool, w->c.edit.yaml, plain));
	struct err why;
	bool changed;

	if (yaml_kind(w->old, plain) != YAML_NONE) {
		account(w, key, "left", "the name without TUTOR_ counts");
		return true;
	}
	if (row->rule != KEY_COPY && row->rule != KEY_UNLISTED) {
		account(w, key, "left", row->why);
		return true;
	}
	if (value == NULL || kind == YAML_FLOAT || kind == YAML_DATE)
		return refuse(w, key, "rename it by hand: without TUTOR_");
	if (!yaml_set(w->c.edit.yaml, plain, kind, value, false, &changed,
	    &why))
		return outcome(w, false, key, &why, e);
	if (changed)
		step_change(pool_printf(pool, "config.yml %s", plain), was,
		    config_show(pool, w->c.edit.yaml, plain));
	w->c.edit.changed = w->c.edit.changed || changed;
	copied(w, key, row, "copied without TUTOR_");
	return true;
}

static bool
replicate_key(struct work *w, const char *key, struct err *e)
{
	const struct key_row *row = keys_find(key);
	struct buf path = buf_new(PATH_BYTES);
	bool theming = text_same(in.keys, "theming"), ok = true;
	bool both = text_same(in.keys, "all");

	yaml_path_key(&path, key);
	if (path.full)
		ok = refuse(w, key, "its name is too long");
	else if ((row->rule == KEY_THEME) != theming && !both)
		account(w, key, "left", row->rule == KEY_THEME ?
		    row->why : "only theming is copied here");
	else if (keys_plain(key) != key)
		ok = copy_renamed(w, key, keys_plain(key), e);
	else if (row->rule == KEY_UNION)
		ok = unite_key(w, key, buf_str(&path), row, e);
	else if (row->rule == KEY_SWITCH)
		keep_key(w, key, buf_str(&path), row);
	else if (row->rule == KEY_COPY || row->rule == KEY_UNLISTED
	    || row->rule == KEY_THEME)
		ok = copy_key(w, key, buf_str(&path), row, e);
	else
		account(w, key, row->rule == KEY_NEVER ? "left" : "later",
		    row->why);
	buf_free(&path);
	return ok;
}

static bool
replicate_keys(struct work *w, struct err *e)
{
	const char *key;

	for (int i = 0; (key = yaml_key(w->old, "", i)) != NULL; i++)
		if (!replicate_key(w, key, e))
			return false;
	return true;
}

/* The keys for the moment when DNS moves: before the file is written. */
static bool
ensure_record(struct work *w, struct err *e)
{
	struct json *record;
	bool ok;

	if (json_len(w->at_switch) == 0)
		return true;
	record = json_object();
	json_add(record, "at-switch", json_copy(w->at_switch));
	ok = configfile_keep(&w->c, "config", record, e);
	json_free(record);
	return ok;
}

static bool
run(struct err *e)
{
	struct work w = { .at_switch = json_object(),
		.copied = buf_new(LIST_MAX), .refused = buf_new(LIST_MAX),
		.unlisted = buf_new(LIST_MAX), .table = buf_new(1 << 20) };
	bool ok = configfile_open(&w.c, e) && (w.old = find_old(e)) != NULL;

	if (ok && w.c.edit.yaml == NULL) {
		ok = configfile_missing(&w.c, e);
	} else if (ok) {
		mask_secrets(w.old);
		ok = replicate_keys(&w, e) && ensure_record(&w, e)
		    && configfile_save(&w.c, e);
		report(&w);
	}
	json_free(w.at_switch);
	yaml_close(w.old);
	configfile_close(&w.c);
	buf_free(&w.copied);
	buf_free(&w.refused);
	buf_free(&w.unlisted);
	buf_free(&w.table);
	return ok;
}

const struct step step_replicate_config = {
	.name = "replicate-config",
	.about = "Bring the old config.yml's settings into the new one",
	.icon = "copy",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
