/*
 * check_clusters - what runs on both sides, and who lets it in; see judge.h.
 */
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/compare.h"
#include "verify/facts.h"
#include "verify/judge.h"

enum { WORDS_MAX = 2000 };

/* Nothing to judge, or nothing known? */
static bool
is_unseen(const struct workloads *w, struct opinion *o)
{
	o->verdict = w->asked ? VERIFY_UNKNOWN : VERIFY_SKIP;
	o->found = w->words;
	return !w->known;
}

static const struct workload *
workload(const struct workloads *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (text_same(all->v[i].name, name))
			return &all->v[i];
	return NULL;
}

static struct opinion
finish(struct pool *p, struct opinion o, struct buf *b, const char *good)
{
	o.verdict = b->len == 0 ? VERIFY_PASS : VERIFY_FAIL;
	o.found = b->len == 0 ? good : pool_strdup(p, buf_str(b));
	buf_free(b);
	return o;
}

struct opinion
check_workloads(struct pool *p, const struct subject *s)
{
	const struct workloads *all = &s->facts->fresh_workloads;
	struct opinion o = { .expected = "every Deployment of the new side "
	    "has rolled out and is available" };
	struct buf b;

	if (is_unseen(all, &o))
		return o;
	b = buf_new(WORDS_MAX);
	if (workload(all, "lms") == NULL)
		buf_puts(&b, "there is no Deployment lms");
	for (size_t i = 0; i < all->n; i++)
		if (!all->v[i].ready)
			buf_printf(&b, "%s%s: %s", b.len > 0 ? "; " : "",
			    all->v[i].name, all->v[i].why);
	return finish(p, o, &b, pool_printf(p, "%zu Deployments are ready",
	    all->n));
}

/* What differs from the snapshot, appended. Workers are scaled down, and in
 * the end all is, by steps of the switch and after: that is no change. */
static void
compare_one(const struct workload *now, const struct json *was, bool quieted,
    struct buf *b)
{
	const char *name = json_name(was), *before = b->len > 0 ? "; " : "";
	double replicas = 1;

	(void)json_num(was, "replicas", &replicas);
	if (now == NULL)
		buf_printf(b, "%s%s is gone", before, name);
	else if (!text_same(now->template, json_str(was, "template")))
		buf_printf(b, "%s%s was deployed anew", before, name);
	else if (now->replicas <= 0 && replicas > 0 && !quieted)
		buf_printf(b, "%s%s is scaled to 0, was %.0f", before, name,
		    replicas);
}

struct opinion
check_old_unchanged(struct pool *p, const struct subject *s)
{
	const struct workloads *all = &s->facts->old_workloads;
	const struct json *was = json_get(s->snapshot, "deployments");
	struct opinion o = { .expected = "the old side runs what it ran when "
	    "the snapshot was taken: a way back needs it" };
	struct buf b;

	if (is_unseen(all, &o))
		return o;
	if (json_len(was) == 0) {
		o.verdict = VERIFY_SKIP;
		o.found = "the snapshot holds no Deployments of the old side";
		return o;
	}
	b = buf_new(WORDS_MAX);
	for (const struct json *w = json_first(was); w != NULL;
	    w = json_next(w))
		compare_one(workload(all, json_name(w)), w,
		    subject_is_after(s, PHASE_SWITCH), &b);
	return finish(p, o, &b, pool_printf(p, "%d Deployments are as they "
	    "were", json_len(was)));
}

struct opinion
check_firewall(struct pool *p, const struct subject *s)
{
	const struct doors *d = &s->facts->doors;
	struct opinion o = { .expected = "the new cluster is in the list of "
	    "every managed database of who may connect" };

	o.found = d->words;
	o.verdict = !d->asked ? VERIFY_SKIP : !d->known ? VERIFY_UNKNOWN
	    : d->shut ? VERIFY_FAIL : VERIFY_PASS;
	if (!d->asked)
		o.found = s->nlists == 0 ? "no company runs a database of "
		    "the instance, by the plan" : "no login of the company "
		    "was given";
	if (o.verdict == VERIFY_PASS)
		o.found = pool_printf(p, "so in %zu lists", d->lists);
	return o;
}

static bool
is_critical(const char *group)
{
	for (int g = 0; g < COMPARE_GROUPS; g++)
		if (text_same(compare_group_name((enum compare_group)g),
		    group))
			return compare_is_critical((enum compare_group)g);
	return true;
}

/* What compare-settings found, in its own report. */
struct opinion
check_settings(struct pool *p, const struct subject *s)
{
	const struct json *rows = json_get(s->compared, "settings");
	struct opinion o = { .expected = "no setting that data or logins "
	    "depend on differs unexplained" };
	struct buf b;

	if (s->compared == NULL) {
		o.verdict = VERIFY_SKIP;
		o.found = "no report of compare-settings was given";
		return o;
	}
	if (!json_is_array(rows) || json_len(rows) == 0) {
		o.verdict = VERIFY_UNKNOWN;
		o.found = "the report of compare-settings compares nothing";
		return o;
	}
	b = buf_new(WORDS_MAX);
	for (const struct json *r = json_first(rows); r != NULL;
	    r = json_next(r)) {
		const char *verdict = json_str(r, "verdict");

		if (is_critical(json_str(r, "group"))
		    && (text_same(verdict, "different")
		    || text_same(verdict, "unreadable")))
			buf_printf(&b, "%s%s is %s", b.len > 0 ? "; " : "",
			    json_str(r, "setting"), verdict);
	}
	return finish(p, o, &b, pool_printf(p, "%d settings compared",
	    json_len(rows)));
}
