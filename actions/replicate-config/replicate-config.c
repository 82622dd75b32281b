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
 * With theming, the repositories of themes are looked for as the new side's
 * build will ask for them, and known pitfalls are named. The old side's
 * CronJobs are a step of their own, replicate-cronjobs: it needs the old
 * cluster, and this one git only.
 */
#include <stddef.h>
#include <string.h>

#include "api/repo.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/config.h"
#include "edx/replicate.h"
#include "edx/theming.h"
#include "step/step.h"
#include "site/configfile.h"
#include "site/oldconfig.h"

enum { LIST_MAX = 64 * 1024 };

static struct {
	const char *keys;
} in;

static const char *const key_sets[] = { "config", "theming", "all", NULL };

static const struct input inputs[] = {
	{ .rows = oldconfig_inputs },
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
	struct json *at_switch, *templates;	/* kept in the record */
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
account(void *with, const char *key, enum replica what, const char *words,
    const char *why)
{
	struct work *w = with;

	buf_puts(&w->table, "| ");
	text_markdown(&w->table, key);
	buf_printf(&w->table, " | %s | ", words);
	text_markdown(&w->table, why);
	buf_puts(&w->table, " |\n");
	if (what == REPLICA_COPIED || what == REPLICA_UNLISTED)
		add_name(&w->copied, key);
	if (what == REPLICA_UNLISTED)
		add_name(&w->unlisted, key);
	if (what == REPLICA_REFUSED) {
		add_name(&w->refused, key);
		log_warn("%s is not copied: %s", key, why);
	}
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

/* ---- theming ---- */

/* As the new side's build will ask: without a token. */
static void
look_for(const struct theme *t)
{
	const struct step_common *c = step_common();
	struct repo_source s = { .url = t->url, .ref = t->ref,
		.ca_file = c->ca_file, .dns_servers = c->dns_servers };
	struct err why;

	if (!text_starts(t->url, "https://"))
		log_warn("%s is not an address that begins with https://: "
		    "the build on the new side needs a key for it", t->key);
	else if (repo_check_ref(&s, &why))
		step_same(pool_printf(c->pool, "theme %s at %s", t->url,
		    t->ref), "reachable");
	else if (why.kind == ERR_DENIED)
		log_warn("%s: %s at %s is private, or not there: the build "
		    "on the new side needs a token for it", t->key,
		    config_show_text(t->url), t->ref);
	else
		log_warn("%s: the build on the new side will not find its "
		    "theme: %s", t->key, why.text);
}

static void
check_theming(struct work *w)
{
	const struct theme *t = theming_repositories(step_common()->pool,
	    w->c.edit.yaml);
	struct buf lines = buf_new(LIST_MAX);

	for (; t->url != NULL; t++)
		look_for(t);
	theming_pitfalls(w->c.edit.yaml, w->old, &lines);
	if (lines.len > 0)
		log_warn("To be looked at:\n%s", buf_str(&lines));
	buf_free(&lines);
}

/* ---- the record ---- */

/* Each member of `from` replaces the one of its name in the member of all. */
static void
take_members(struct json *all, const char *member, const struct json *from)
{
	const struct json *was = json_get(all, member);
	struct json *now = was != NULL ? json_copy(was) : json_object();

	for (const struct json *one = json_first(from); one != NULL;
	    one = json_next(one))
		json_add(now, json_name(one), json_copy(one));
	if (json_len(now) > 0)
		json_add(all, member, now);
	else
		json_free(now);
}

/* The keys for the moment when DNS moves: before the file is written. */
static bool
ensure_record(struct work *w, struct err *e)
{
	struct json *record;
	bool ok;

	if (json_len(w->at_switch) + json_len(w->templates) == 0)
		return true;
	record = repo_record_load(w->c.repo, step_common()->instance,
	    "config", e);
	if (record == NULL && *e->text != '\0')
		return false;
	if (record == NULL)
		record = json_object();
	take_members(record, "at-switch", w->at_switch);
	take_members(record, "templates", w->templates);
	ok = configfile_keep(&w->c, "config", record, e);
	json_free(record);
	return ok;
}

static bool
replicate(struct work *w, struct err *e)
{
	struct replicate r = { .edit = &w->c.edit, .old = w->old,
		.config = !text_same(in.keys, "theming"),
		.theming = !text_same(in.keys, "config"),
		.at_switch = w->at_switch, .templates = w->templates,
		.account = account, .with = w };
	bool ok;

	ok = replicate_keys(&r, e);
	if (ok && r.theming)
		check_theming(w);
	ok = ok && ensure_record(w, e) && configfile_save(&w->c, e);
	report(w);
	return ok;
}

static bool
run(struct err *e)
{
	struct work w = { .at_switch = json_object(),
		.templates = json_object(),
		.copied = buf_new(LIST_MAX), .refused = buf_new(LIST_MAX),
		.unlisted = buf_new(LIST_MAX), .table = buf_new(1 << 20) };
	bool ok = configfile_open(&w.c, e)
	    && (w.old = oldconfig_find(e)) != NULL;

	if (ok && w.c.edit.yaml == NULL)
		ok = configfile_missing(&w.c, e);
	else if (ok)
		ok = replicate(&w, e);
	json_free(w.at_switch);
	json_free(w.templates);
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
