/*
 * check-migrations - does the database have what the new pods' code expects?
 *
 * Guide: none, a gate that it forgets. From "Point the new instance to the
 * old instance's data" on, the new code works on tables that the old code
 * made, and the init jobs that would migrate them are off. Where the new
 * code is another release, or has a plugin more, pages fail that nobody
 * looks at. So Django is asked in the new pods, of LMS and Studio, and names
 * what is unapplied.
 *
 * `when: before`, at the beginning of the phase, proves only that the pods
 * may be asked: a right that is missing should not be noticed after the
 * configuration was changed.
 *
 * Nothing is changed, in the database neither; run it as often as you like.
 */
#include <string.h>

#include "api/kube.h"
#include "api/openedx.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/cluster.h"
#include "step/step.h"

enum {
	SIDES = 2,
	NAMES_MAX = 64 * 1024,
	SHOWN_MAX = 1200,	/* of them in the error */
};

static struct {
	const char *when;
	bool unchecked;
} in;

static const char *const whens[] = { "before", "after", NULL };
static const char *const sides[SIDES] = { "lms", "cms" };

static const struct input inputs[] = {
	{ .name = "when", .str = &in.when, .oneof = whens, .dflt = "after",
	  .help = "before: only prove that the pods may be asked; after: ask"
	    " them" },
	{ .rows = cluster_new_inputs, .together = cluster_check_new,
	  .optional = true },
	{ .name = "accept-unchecked", .flag = &in.unchecked,
	  .dflt = "false", .plan = "migrations.accept-unchecked",
	  .help = "Without a login, warn and go on: then nobody has checked "
	    "that the new code fits the old tables" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "unapplied", .help = "Migrations that the database lacks,"
	    " one a line: lms or cms, and its name" },
	{ 0 }
};

static const struct kube_right needs[] = {
	{ "", "pods", "list" },
	{ "", "pods/exec", "get, create" },
	{ 0 }
};

/* No cluster to ask: an error, or by consent a warning that stays in the
 * summary. */
static bool
pass_unchecked(struct err *e)
{
	if (!in.unchecked)
		return err_set(e, ERR_INPUT, "nobody can be asked for the "
		    "migrations: give a login for the new cluster (secret "
		    "KUBE_NEW_TOKEN, or a kubeconfig), or accept it with "
		    "migrations.accept-unchecked: true in the plan");
	log_warn("migrations are not checked: there is no login for the new "
	    "cluster, and the plan accepts that");
	step_summary("\n**Migrations were not checked**: there is no login "
	    "for the new cluster (secret KUBE_NEW_TOKEN), and the plan has "
	    "`migrations.accept-unchecked: true`. Before visitors come, run "
	    "`./manage.py lms migrate --check --plan`, and the same with "
	    "`cms`, in a new pod.\n");
	return true;
}

static bool
check_rights(struct kube *k, struct err *e)
{
	return cluster_check_rights(k, cluster_space(CLUSTER_NEW), needs, e)
	    || err_within(e, "the new pods may not be asked for their "
	    "migrations");
}

/* "lms auth.0012_x" a line, from "auth.0012_x" a line. */
static int
add_side(const char *side, const struct buf *names, struct buf *all)
{
	const char *const *v = text_split(step_common()->pool,
	    buf_str(names), NULL);
	int n = 0;

	for (; v[n] != NULL; n++)
		buf_printf(all, "%s %s\n", side, v[n]);
	return n;
}

static bool
ask_all(struct kube *k, struct buf *all, struct err *e)
{
	int n[SIDES];

	for (int i = 0; i < SIDES; i++) {
		struct buf names = buf_new(NAMES_MAX);
		bool ok = openedx_find_unapplied(k, sides[i], &names, e);

		n[i] = ok ? add_side(sides[i], &names, all) : 0;
		buf_free(&names);
		if (!ok)
			return false;
		log_info("%s: %d migrations are unapplied", sides[i], n[i]);
	}
	step_summary("\n| side | unapplied migrations |\n|---|---|\n");
	for (int i = 0; i < SIDES; i++)
		step_summary("| %s | %d |\n", sides[i], n[i]);
	return buf_check(all, "the list of migrations", e);
}

static bool
check_migrations(struct kube *k, struct err *e)
{
	struct buf all = buf_new(SIDES * NAMES_MAX);
	bool ok = ask_all(k, &all, e);

	if (ok)
		step_output("unapplied", "%s", buf_str(&all));
	if (ok && all.len > 0) {
		step_summary("\n```\n%s```\n", buf_str(&all));
		ok = err_set(e, ERR_HAND, "the database lacks migrations that"
		    " the new code expects. Is it the old side's release, "
		    "with the same plugins? Unapplied:\n%.*s%s", SHOWN_MAX,
		    buf_str(&all), all.len > SHOWN_MAX ? " ..." : "");
	}
	buf_free(&all);
	return ok;
}

/* After a refusal, all rights that are missing at once. */
static bool
ask(struct kube *k, struct err *e)
{
	if (check_migrations(k, e))
		return true;
	cluster_name_missing(k, cluster_space(CLUSTER_NEW), needs, e);
	return false;
}

static bool
run(struct err *e)
{
	struct kube *k;
	bool ok;

	if (!cluster_given(CLUSTER_NEW))
		return pass_unchecked(e);
	k = cluster_open(CLUSTER_NEW, e);
	ok = k != NULL && (strcmp(in.when, "before") == 0
	    ? check_rights(k, e) : ask(k, e));
	kube_close(k);
	return ok;
}

const struct step step_check_migrations = {
	.name = "check-migrations",
	.about = "Check that the database fits the new pods' code",
	.icon = "layers",
	.uses = STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
