/*
 * door - see door.h.
 */
#include "site/door.h"

#include "api/allowlist.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/doorbook.h"
#include "site/managed.h"
#include "step/step.h"

enum {
	DATE_MAX = 32,
	SUMMARY_MAX = 64 * 1024,
	FRESH_SECONDS = 60 * 60,	/* a shorter end is put off */
};

/* Begins the comment of every entry that a step makes. */
static const char MARK[] = "transplant: ";

/* "" for no end. */
static const char *
date_of(time_t t)
{
	struct buf b = buf_new(DATE_MAX);
	const char *s;

	if (t != 0)
		clock_date(&b, t);
	s = pool_strdup(step_common()->pool, buf_str(&b));
	buf_free(&b);
	return s;
}

static const char *
comment_of(time_t until)
{
	const struct step_common *c = step_common();

	return until == 0 ? pool_printf(c->pool, "%s%s", MARK, c->instance)
	    : pool_printf(c->pool, "%s%s until %s", MARK, c->instance,
		date_of(until));
}

static const char *
object_of(const struct managed_list *l, const char *source, const char *who)
{
	return pool_printf(step_common()->pool, "%s (%s): the %s %s",
	    l->database, l->name, who, source);
}

static bool
is_ours(const struct allow_entry *a)
{
	return text_empty(a->comment) || text_starts(a->comment, MARK);
}

/* ---- open ---- */

/* Is it there for long enough? */
static bool
will_do(const struct allow_entry *a, time_t until)
{
	return a != NULL && (a->until == 0
	    || (until != 0 && a->until + FRESH_SECONDS >= until));
}

static bool
ensure_in(struct allowlist *l, struct doorbook *b, const struct door *d,
    time_t until, struct err *e)
{
	const struct allow_entry add = { .source = d->source,
	    .comment = comment_of(until), .until = until };

	return doorbook_keep(b, d, e) && allowlist_add(l, &add, e);
}

static bool
open_in(struct allowlist *l, struct doorbook *b,
    const struct managed_list *list, const struct door *d, time_t until,
    struct err *e)
{
	const struct step_common *c = step_common();
	const char *object = object_of(list, d->source, d->who);
	const struct allow_entry *there;
	struct allow_entries all;
	struct door mine = *d;

	if (!allowlist_find(l, c->pool, &all, e))
		return false;
	if (all.everybody) {
		step_same(object, "everybody may connect");
		log_warn("%s %s lets everybody connect: it has no list, and "
		    "a first entry would lock all others out; nothing is "
		    "added", list->database, list->name);
		return true;
	}
	there = allowlist_entry(&all, d->source);
	mine.made = there == NULL;
	if (will_do(there, until))
		step_same(object, "is let in");
	else
		step_change(object, there != NULL ? "let in for less time"
		    : NULL, until == 0 ? "let in" : pool_printf(c->pool,
		    "let in until %s", d->until));
	return c->dry_run || ensure_in(l, b, &mine, until, e);
}

bool
door_open(struct doorbook *b, const struct managed_list *list,
    const char *source, const char *who, time_t until, struct err *e)
{
	const struct door d = { .list = list->name, .who = who,
	    .until = date_of(until),
	    .source = allowlist_spell(step_common()->pool, source) };
	struct allowlist *l = managed_open(list, e);
	bool ok = l != NULL && open_in(l, b, list, &d, until, e);

	allowlist_close(l);
	return ok || err_within(e, "%s", list->database);
}

/* ---- close ---- */

/* Somebody may have written down that he needs it while it was taken out. */
static bool
ensure_out(struct allowlist *l, struct doorbook *b, const struct door *d,
    struct err *e)
{
	const struct allow_entry back = { .source = d->source,
	    .comment = comment_of(0) };
	const char *by;

	if (!allowlist_remove(l, d->source, e)
	    || !doorbook_find_other(b, d, &by, e))
		return false;
	if (by == NULL)
		return true;
	log_info("%s is let in again: meanwhile %s needs it", d->source, by);
	return allowlist_add(l, &back, e);
}

/* Why it stays, in words; NULL: it goes. */
static bool
find_reason(struct doorbook *b, const struct door *d,
    const struct allow_entry *there, const char **why, struct err *e)
{
	const char *by;

	*why = there == NULL ? "is not let in"
	    : !d->made && !text_starts(there->comment, MARK)
	    ? "stays: it was let in before"
	    : !is_ours(there) ? "stays: somebody changed the entry" : NULL;
	if (*why != NULL)
		return true;
	if (!doorbook_find_other(b, d, &by, e))
		return false;
	if (by != NULL)
		*why = pool_printf(step_common()->pool, "stays: %s needs it",
		    by);
	return true;
}

static bool
close_one(struct allowlist *l, struct doorbook *b,
    const struct managed_list *list, const struct door *d, struct err *e)
{
	const struct step_common *c = step_common();
	const char *object = object_of(list, d->source, d->who), *why;
	struct allow_entries all;

	if (!allowlist_find(l, c->pool, &all, e)
	    || !find_reason(b, d, allowlist_entry(&all, d->source), &why, e))
		return false;
	if (why != NULL)
		step_same(object, why);
	else
		step_change(object, "let in", "taken out");
	return c->dry_run
	    || ((why != NULL || ensure_out(l, b, d, e))
	    && doorbook_drop(b, d, e));
}

static bool
is_due(const struct door *d, const struct managed_list *list,
    const char *who, time_t before)
{
	time_t until = clock_parse(d->until);

	return text_same(d->list, list->name) && text_same(d->who, who)
	    && (before == 0 || (until != -1 && until < before));
}

/* Doors of the book go while it is read: a copy of those that are due. */
static size_t
find_due(const struct doorbook *b, const struct managed_list *list,
    const char *who, time_t before, struct door **out)
{
	struct pool *p = step_common()->pool;
	size_t all = doorbook_doors(b), n = 0;
	struct door *v = pool_alloc(p, (all + 1) * sizeof *v);

	for (size_t i = 0; i < all; i++) {
		struct door d = doorbook_door(b, i);

		if (!is_due(&d, list, who, before))
			continue;
		d.list = pool_strdup(p, d.list);
		d.source = pool_strdup(p, d.source);
		d.who = pool_strdup(p, d.who);
		d.until = pool_strdup(p, d.until);
		v[n++] = d;
	}
	*out = v;
	return n;
}

bool
door_close(struct doorbook *b, const struct managed_list *list,
    const char *who, time_t before, struct err *e)
{
	struct door *due;
	size_t n = find_due(b, list, who, before, &due);
	struct allowlist *l = n > 0 ? managed_open(list, e) : NULL;
	bool ok = n == 0 || l != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = close_one(l, b, list, &due[i], e);
	allowlist_close(l);
	return ok || err_within(e, "%s", list->database);
}

/* ---- list ---- */

/* What this instance's book says of the entry. */
static const char *
remark(const struct doorbook *b, const struct managed_list *list,
    const char *source)
{
	time_t now = time(NULL);

	for (size_t i = 0; i < doorbook_doors(b); i++) {
		const struct door d = doorbook_door(b, i);
		time_t until = clock_parse(d.until);

		if (!text_same(d.list, list->name)
		    || !text_same(d.source, source))
			continue;
		return pool_printf(step_common()->pool, "the %s%s%s", d.who,
		    d.made ? "" : ", let in before",
		    until != -1 && until < now ? ", overdue: close it" : "");
	}
	return "";
}

bool
door_list(const struct doorbook *b, const struct managed_list *list,
    struct err *e)
{
	struct allowlist *l = managed_open(list, e);
	struct buf cell = buf_new(SUMMARY_MAX);
	struct allow_entries all;
	bool ok = l != NULL
	    && allowlist_find(l, step_common()->pool, &all, e);

	if (ok && all.everybody)
		log_warn("%s (%s): everybody may connect", list->database,
		    list->name);
	for (size_t i = 0; ok && i < all.n; i++) {
		const char *ours = remark(b, list, all.v[i].source);

		log_info("%s (%s): %s  %s  %s", list->database, list->name,
		    all.v[i].source, all.v[i].comment, ours);
		buf_clear(&cell);
		text_markdown(&cell, all.v[i].comment);
		step_summary("%s| %s | %s | %s | %s |\n", i > 0 ? "" :
		    "\n| database | may connect | comment | for |\n"
		    "|---|---|---|---|\n", list->database, all.v[i].source,
		    buf_str(&cell), ours);
	}
	buf_free(&cell);
	allowlist_close(l);
	return ok || err_within(e, "%s", list->database);
}
