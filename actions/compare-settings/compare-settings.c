/*
 * compare-settings - do the old side and the new one run with the same?
 *
 * Guide: "Point the new instance to the old instance's data", item 8: check
 * what is this instance's own (LTI, OAuth, SAML ...). All settings that the
 * running Deployments of both sides have are compared, LMS and Studio, key by
 * key. What the migration means to be different is explained; what nobody
 * explains is told, and fails the step where data or logins depend on it.
 *
 * Nothing is changed; run it as often as you like. No secret is shown: texts
 * are compared by a hash with a key that is made for this run and forgotten.
 */
#include "api/kube.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/pysettings.h"
#include "edx/compare.h"
#include "edx/release.h"
#include "site/cluster.h"
#include "site/generation.h"
#include "site/running.h"
#include "step/step.h"

enum {
	PROBLEMS_MAX = 1200,
	NAMED_MAX = 600,	/* of names in a message */
	ROWS_MAX = 200,		/* of one group in the summary */
	REPORT_MAX = 64 << 20,
	CELL_MAX = 4096,
	KEY_BYTES = 32,
};

/* One of the two clusters. */
struct side {
	enum cluster_side side;
	struct kube *kube;
	struct generation g;
	struct pysettings *lms, *cms;
};

static struct {
	struct side old, now;
	bool evaluate, final_hosts;
	const char *accept;
} in = { .old.side = CLUSTER_OLD, .now.side = CLUSTER_NEW };

static const struct input inputs[] = {
	{ .rows = cluster_both_old_inputs,
	  .together = cluster_check_both_old },
	{ .rows = cluster_both_new_inputs,
	  .together = cluster_check_both_new },
	{ .name = "evaluate", .flag = &in.evaluate, .dflt = "false",
	  .plan = "compare.evaluate",
	  .help = "Let the LMS and Studio of both sides print their settings "
	    "in their own containers, and compare that; the logins must be "
	    "allowed to list pods and to run commands in them" },
	{ .name = "final-hosts", .flag = &in.final_hosts, .dflt = "false",
	  .help = "The new side has its final hosts: they must be the old "
	    "ones" },
	{ .name = "accept", .str = &in.accept, .dflt = "",
	  .plan = "compare.accept", .list = true,
	  .help = "Settings that are meant to differ, or that nobody needs "
	    "to read, one a line; * stands for any characters" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "report",
	  .help = "File with all that was compared, as JSON, without "
	    "secrets" },
	{ .name = "equal", .help = "Number of settings that are equal" },
	{ .name = "explained",
	  .help = "Number of settings that differ for a known reason" },
	{ .name = "unreadable",
	  .help = "Number of settings that can't be read on a side" },
	{ .name = "different",
	  .help = "Number of settings that differ unexplained" },
	{ .name = "critical",
	  .help = "Number of those of the last two that data or logins "
	    "depend on" },
	{ 0 }
};

/* ---- reading ---- */

static const char *
name_of(const struct side *s)
{
	return s->side == CLUSTER_OLD ? "the old side" : "the new side";
}

static bool
read_side(struct side *s, struct err *e)
{
	struct buf problems = buf_new(PROBLEMS_MAX);
	bool ok;

	s->kube = cluster_open(s->side, e);
	ok = s->kube != NULL
	    && generation_find(s->kube, &s->g, &problems, e);
	if (ok) {
		generation_warn_of_newer(s->kube, &s->g);
		s->lms = running_find(s->kube, &s->g, "lms", e);
		s->cms = s->lms == NULL ? NULL :
		    running_find(s->kube, &s->g, "cms", e);
		ok = s->cms != NULL;
	}
	if (ok && problems.len > 0 && !in.evaluate)
		ok = err_set(e, ERR_HAND, "what its files say is not what "
		    "it runs with (with `evaluate` it is asked itself):\n%s",
		    buf_str(&problems));
	if (!ok && s->kube != NULL && e->kind == ERR_DENIED)
		running_name_missing_rights(s->kube, cluster_space(s->side),
		    in.evaluate, e);
	buf_free(&problems);
	return ok || err_within(e, "%s", name_of(s));
}

/* In place of what was read from the files. */
static bool
ask_side(struct side *s, const char *names, struct err *e)
{
	struct pysettings *lms, *cms = NULL;

	lms = running_ask(s->kube, &s->g, "lms", names, e);
	if (lms != NULL)
		cms = running_ask(s->kube, &s->g, "cms", names, e);
	if (cms == NULL) {
		pysettings_free(lms);
		if (e->kind == ERR_DENIED)
			running_name_missing_rights(s->kube,
			    cluster_space(s->side), true, e);
		return err_within(e, "%s", name_of(s));
	}
	pysettings_free(s->lms);
	pysettings_free(s->cms);
	s->lms = lms;
	s->cms = cms;
	return true;
}

static void
close_side(struct side *s)
{
	pysettings_free(s->lms);
	pysettings_free(s->cms);
	kube_close(s->kube);
	s->lms = s->cms = NULL;
	s->kube = NULL;
}

static struct compare_side
side_of(const struct side *s)
{
	return (struct compare_side){ .lms = s->lms, .cms = s->cms,
		.major = release_major(s->g.tutor),
		.forum_database = s->g.forum_database };
}

/* ---- telling ---- */

struct found {
	const struct compared *v;
	size_t n;
	int count[COMPARE_GROUPS][COMPARE_EQUAL + 1];
};

static int
all_of(const struct found *f, enum compare_verdict verdict, bool critical)
{
	int sum = 0;

	for (int g = 0; g < COMPARE_GROUPS; g++)
		if (!critical || compare_is_critical(g))
			sum += f->count[g][verdict];
	return sum;
}

static void
cell(const char *text)
{
	struct buf out = buf_new(CELL_MAX);

	text_markdown(&out, text != NULL ? text : "");
	step_summary(" %s |", buf_str(&out));
	buf_free(&out);
}

static const char *const verdicts[] = {
	[COMPARE_DIFFERENT] = "different",
	[COMPARE_UNREADABLE] = "can't be read",
	[COMPARE_EXPLAINED] = "explained", [COMPARE_EQUAL] = "equal",
};

static void
tell_group(const struct found *f, enum compare_group group)
{
	int told = 0, rest = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct compared *c = &f->v[i];

		if (c->group != group || c->verdict == COMPARE_EQUAL)
			continue;
		if (told == ROWS_MAX) {
			rest++;
			continue;
		}
		if (told++ == 0)
			step_summary("\n#### %s\n\n| setting | where | old "
			    "side | new side | | why, or what helps |\n"
			    "|---|---|---|---|---|---|\n",
			    compare_group_name(group));
		step_summary("|");
		cell(c->path);
		cell(c->where);
		cell(c->old);
		cell(c->now);
		cell(verdicts[c->verdict]);
		cell(c->why);
		step_summary("\n");
	}
	if (rest > 0)
		step_summary("\n%d more are in the report.\n", rest);
}

static void
tell(const struct found *f)
{
	step_summary("\n### Settings of the old side and of the new one\n\n"
	    "| | different | can't be read | explained | equal |\n"
	    "|---|---|---|---|---|\n");
	for (int g = 0; g < COMPARE_GROUPS; g++)
		step_summary("| %s%s | %d | %d | %d | %d |\n",
		    compare_group_name(g),
		    compare_is_critical(g) ? " (critical)" : "",
		    f->count[g][COMPARE_DIFFERENT],
		    f->count[g][COMPARE_UNREADABLE],
		    f->count[g][COMPARE_EXPLAINED],
		    f->count[g][COMPARE_EQUAL]);
	for (int g = 0; g < COMPARE_GROUPS; g++)
		tell_group(f, g);
	step_summary("\nA value behind # is a text that may be secret: the "
	    "same letters are the same text, in this run only.\n");
	step_output("equal", "%d", all_of(f, COMPARE_EQUAL, false));
	step_output("explained", "%d", all_of(f, COMPARE_EXPLAINED, false));
	step_output("unreadable", "%d",
	    all_of(f, COMPARE_UNREADABLE, false));
	step_output("different", "%d", all_of(f, COMPARE_DIFFERENT, false));
	step_output("critical", "%d", all_of(f, COMPARE_UNREADABLE, true)
	    + all_of(f, COMPARE_DIFFERENT, true));
	log_info("%d settings are equal, %d differ for a known reason, %d "
	    "can't be read, %d differ unexplained",
	    all_of(f, COMPARE_EQUAL, false),
	    all_of(f, COMPARE_EXPLAINED, false),
	    all_of(f, COMPARE_UNREADABLE, false),
	    all_of(f, COMPARE_DIFFERENT, false));
}

static struct json *
report_of(const struct found *f)
{
	struct json *all = json_object(), *list;

	json_set_str(all, "old", in.old.g.tutor);
	json_set_str(all, "new", in.now.g.tutor);
	json_set_bool(all, "evaluated", in.evaluate);
	list = json_add(all, "settings", json_array());
	for (size_t i = 0; i < f->n; i++) {
		const struct compared *c = &f->v[i];
		struct json *one = json_add(list, NULL, json_object());

		json_set_str(one, "setting", c->path);
		json_set_str(one, "group", compare_group_name(c->group));
		json_set_str(one, "where", c->where);
		json_set_str(one, "verdict", verdicts[c->verdict]);
		if (c->verdict == COMPARE_EQUAL)
			continue;
		json_set_str(one, "old", c->old);
		json_set_str(one, "new", c->now);
		json_set_str(one, "why", c->why);
	}
	return all;
}

static bool
write_report(const struct found *f, struct err *e)
{
	struct json *report = report_of(f);
	struct buf text = buf_new(REPORT_MAX);
	const char *path = NULL;

	json_print(report, true, &text);
	if (buf_check(&text, "the report", e))
		path = step_secret_file("compared.json", buf_str(&text), e);
	if (path != NULL)
		step_output("report", "%s", path);
	buf_free(&text);
	json_free(report);
	return path != NULL;
}

/* ---- judging ---- */

/* The names of what nobody explains, of the critical groups or the others. */
static void
name_unexplained(const struct found *f, bool critical, struct buf *names)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct compared *c = &f->v[i];

		if (compare_is_critical(c->group) != critical
		    || c->verdict > COMPARE_UNREADABLE)
			continue;
		buf_printf(names, "%s%s (%s, %s)",
		    names->len > 0 ? ", " : "", c->path,
		    compare_group_name(c->group), verdicts[c->verdict]);
	}
	if (names->full)
		log_info("The summary names all of them");
}

static bool
judge(const struct found *f, struct err *e)
{
	struct buf grave = buf_new(NAMED_MAX), other = buf_new(NAMED_MAX);
	bool ok;

	name_unexplained(f, true, &grave);
	name_unexplained(f, false, &other);
	if (other.len > 0)
		log_warn("Differ, or can't be read, and nothing explains "
		    "it: %s", buf_str(&other));
	ok = grave.len == 0 || err_set(e, ERR_HAND, "%d settings that data "
	    "or logins depend on differ, or can't be read: %s; mend the new "
	    "side's config.yml, or name them in `accept`%s",
	    all_of(f, COMPARE_DIFFERENT, true)
	    + all_of(f, COMPARE_UNREADABLE, true), buf_str(&grave),
	    in.evaluate ? "" : "; `evaluate` reads all of them");
	buf_free(&grave);
	buf_free(&other);
	return ok;
}

static bool
compare(struct err *e)
{
	struct pool *pool = step_common()->pool;
	struct buf key = buf_new(2 * KEY_BYTES + 1);
	struct compare how = { .old = side_of(&in.old),
		.now = side_of(&in.now), .final_hosts = in.final_hosts,
		.accepted = text_split(pool, in.accept, NULL) };
	struct found f = { 0 };

	text_random_hex(&key, KEY_BYTES);
	how.key = buf_str(&key);
	f.v = compare_settings(pool, &how, &f.n);
	for (size_t i = 0; i < f.n; i++)
		f.count[f.v[i].group][f.v[i].verdict]++;
	buf_free(&key);
	if (how.old.major != how.now.major)
		log_warn("The releases differ: Tutor %s and %s",
		    in.old.g.tutor != NULL ? in.old.g.tutor : "of unknown "
		    "version", in.now.g.tutor != NULL ? in.now.g.tutor :
		    "of unknown version");
	tell(&f);
	return write_report(&f, e) && judge(&f, e);
}

static bool
ask_both(struct err *e)
{
	struct compare how = { .old = side_of(&in.old),
		.now = side_of(&in.now) };
	const char *names = compare_names(step_common()->pool, &how);

	return ask_side(&in.old, names, e) && ask_side(&in.now, names, e);
}

static bool
run(struct err *e)
{
	bool ok = read_side(&in.old, e) && read_side(&in.now, e)
	    && (!in.evaluate || ask_both(e)) && compare(e);

	close_side(&in.old);
	close_side(&in.now);
	return ok;
}

const struct step step_compare_settings = {
	.name = "compare-settings",
	.about = "Compare the settings that both sides run with",
	.icon = "list",
	.uses = STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
