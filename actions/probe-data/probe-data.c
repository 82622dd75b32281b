/*
 * probe-data - can the new pods work with the old side's data?
 *
 * Guide: "Point the new instance to the old instance's data", item 3, before
 * anything points there. From within an LMS pod of the new cluster, by the
 * image's own clients and the settings that the old side runs with: a login
 * and SELECT 1 on each database of MySQL, a login and a read on both of
 * MongoDB, an object put, got and deleted in each bucket, a login to the mail
 * server that sends no mail; how long each took, and whether the servers have
 * room for the new side's connections (refused above 80 %; src/site/probe.h
 * says how they are counted). What does not work is told with what helps.
 *
 * A dry run only lists the buckets. The object is deleted again also after a
 * failure; where a run was killed in between, the next one deletes it. Run it
 * as often as you like.
 */
#include <string.h>

#include "api/kube.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/settings.h"
#include "site/cluster.h"
#include "site/probe.h"
#include "step/step.h"

enum {
	REPORT_MAX = 1 << 20,
	CELL_MAX = 2048,
	BLAME_MAX = 1500,
};

static struct {
	const char *settings, *accept;
	long seconds;
	bool unchecked;
} in;

static bool check_kinds(const char *, struct err *);

static const struct input inputs[] = {
	{ .name = "settings-file", .str = &in.settings,
	  .check = file_check_readable,
	  .help = "File that fetch-settings wrote in this job" },
	{ .rows = cluster_new_inputs, .together = cluster_check_new,
	  .optional = true },
	{ .name = "timeout", .num = &in.seconds, .min = 8, .max = 600,
	  .dflt = "60", .plan = "probe.timeout",
	  .help = "Seconds that each probe may take; all run at once" },
	{ .name = "accept", .str = &in.accept, .optional = true,
	  .list = true, .check = check_kinds, .plan = "probe.accept",
	  .help = "Of mysql, mongodb, s3 and smtp, those whose failure is a "
	    "warning only" },
	{ .name = "accept-unchecked", .flag = &in.unchecked,
	  .dflt = "false", .plan = "probe.accept-unchecked",
	  .help = "Without a login, warn and go on: then nobody has tried "
	    "whether the new pods reach the old data" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "report", .help = "JSON file with what was found, without "
	    "secrets" },
	{ .name = "failed", .help = "What does not work, or could not be "
	    "probed, one a line" },
	{ 0 }
};

static const struct kube_right needs[] = {
	{ "", "pods", "list" },
	{ "", "pods/exec", "get, create" },
	{ "apps", "deployments", "get" },
	{ "", "configmaps", "get" },
	{ 0 }
};

static const char *const verdicts[] = {
	[PROBE_PASS] = "ok", [PROBE_FAIL] = "**fails**",
	[PROBE_UNKNOWN] = "**not probed**", [PROBE_LATER] = "not yet known",
};
static const char *const verdict_words[] = {
	[PROBE_PASS] = "pass", [PROBE_FAIL] = "fail",
	[PROBE_UNKNOWN] = "unknown", [PROBE_LATER] = "later",
};

static bool
check_kinds(const char *text, struct err *e)
{
	static const char *const kinds[] = { "mysql", "mongodb", "s3",
	    "smtp", NULL };
	const char **v = text_split(step_common()->pool, text, NULL);

	for (; *v != NULL; v++) {
		const char *const *k = kinds;

		while (*k != NULL && !text_same(*k, *v))
			k++;
		if (*k == NULL)
			return err_set(e, ERR_INPUT, "\"%s\" is none of mysql,"
			    " mongodb, s3, smtp", *v);
	}
	return true;
}

static bool
pass_unchecked(struct err *e)
{
	if (!in.unchecked)
		return err_set(e, ERR_INPUT, "no pod can be asked to probe "
		    "the old data: give a login for the new cluster (secret "
		    "KUBE_NEW_TOKEN, or a kubeconfig), or accept it with "
		    "probe.accept-unchecked: true in the plan");
	log_warn("the old data is not probed: there is no login for the new "
	    "cluster, and the plan accepts that");
	step_summary("\n**The old data was not probed**: there is no login "
	    "for the new cluster (secret KUBE_NEW_TOKEN), and the plan has "
	    "`probe.accept-unchecked: true`.\n");
	return true;
}

/* ---- telling ---- */

static bool
is_accepted(const struct probe *p)
{
	const char **v = in.accept == NULL ? NULL :
	    text_split(step_common()->pool, in.accept, NULL);

	for (; v != NULL && *v != NULL; v++)
		if (text_same(*v, p->kind))
			return true;
	return false;
}

static bool
is_blamed(const struct probe *p)
{
	return p->verdict != PROBE_PASS && p->verdict != PROBE_LATER
	    && !is_accepted(p);
}

/* "mail (smtp.example.org:587): the login is refused (it said: ...); look
 * whether ..." */
static const char *
line_of(const struct probe *p)
{
	struct pool *pool = step_common()->pool;

	return pool_printf(pool, "%s%s%s%s: %s%s%s%s%s%s", p->name,
	    *p->where != '\0' ? " (" : "", p->where,
	    *p->where != '\0' ? ")" : "", p->why,
	    *p->stage != '\0' ? ", at: " : "", p->stage,
	    *p->said != '\0' ? pool_printf(pool, " (it said: %s)", p->said) :
	    "", p->remedy != NULL ? ". What helps: " : "",
	    p->remedy != NULL ? p->remedy : "");
}

static const char *
cell(const char *text)
{
	struct buf b = buf_new(CELL_MAX);
	const char *s;

	text_markdown(&b, text);
	s = pool_strdup(step_common()->pool, buf_str(&b));
	buf_free(&b);
	return s;
}

static const char *
room_of(const struct probe *p)
{
	if (p->limit > 0)
		return pool_printf(step_common()->pool, "%ld + %ld of %ld",
		    p->used, p->added, p->limit);
	return text_same(p->kind, "mongodb") && p->verdict == PROBE_PASS ?
	    "not told to this user" : "";
}

static void
tell(const struct probes *ps)
{
	step_summary("\nProbed from a pod of the new LMS, whose side has %ld "
	    "processes%s:\n\n| what | where | | ms | connections: open + new "
	    "of all | why, and what helps |\n|---|---|---|---|---|---|\n",
	    ps->processes, step_common()->dry_run ?
	    " (a dry run: buckets were only listed)" : "");
	for (size_t i = 0; i < ps->n; i++) {
		const struct probe *p = &ps->v[i];

		step_summary("| %s | %s | %s | %.0f | %s | %s%s%s |\n",
		    cell(p->name), cell(p->where), verdicts[p->verdict],
		    p->ms, room_of(p), p->why != NULL ? p->why : "",
		    p->remedy != NULL ? ": " : "",
		    p->remedy != NULL ? p->remedy : "");
		if (p->verdict == PROBE_PASS)
			log_info("%s (%s): works, %.0f ms", p->name,
			    p->where, p->ms);
		else if (!is_blamed(p))
			log_warn("%s", line_of(p));
		if (p->verdict == PROBE_LATER && !text_same(p->kind, "s3"))
			step_follows(p->name, "allow-db-access");
	}
}

/* ---- the report ---- */

static void
add_result(struct json *all, const struct probe *p, const struct json *said)
{
	struct json *one = json_add(all, NULL, json_object());

	json_set_str(one, "kind", p->kind);
	json_set_str(one, "name", p->name);
	json_set_str(one, "where", p->where);
	json_set_str(one, "verdict", verdict_words[p->verdict]);
	json_set_str(one, "why", p->why);
	json_set_str(one, "remedy", p->remedy);
	json_set_str(one, "said", p->said);
	json_set_str(one, "stage", p->stage);
	json_set_num(one, "ms", p->ms);
	json_add(one, "stages", json_copy(json_get(said, "stages")));
	json_set_str(one, "client", json_str(said, "client"));
	json_set_num(one, "limit", (double)p->limit);
	json_set_num(one, "used", (double)p->used);
	json_set_num(one, "added", (double)p->added);
}

static bool
write_report(const struct probes *ps, struct err *e)
{
	struct buf text = buf_new(REPORT_MAX);
	struct json *all = json_object();
	struct json *results = json_add(all, "probes", json_array());
	const char *path = NULL;

	json_set_str(all, "python", json_str(ps->answer, "python"));
	json_set_num(all, "processes", (double)ps->processes);
	json_set_bool(all, "dry-run", step_common()->dry_run);
	for (size_t i = 0; i < ps->n; i++)
		add_result(results, &ps->v[i], json_item(json_get(ps->answer,
		    "results"), (int)i));
	json_print(all, true, &text);
	json_free(all);
	if (buf_check(&text, "the report", e))
		path = step_secret_file("probe.json", buf_str(&text), e);
	buf_free(&text);
	if (path != NULL)
		step_output("report", "%s", path);
	return path != NULL;
}

/* ---- the verdict ---- */

static bool
judge(const struct probes *ps, struct err *e)
{
	struct buf names = buf_new(REPORT_MAX), blame = buf_new(BLAME_MAX);
	size_t n = 0;
	bool ok = true;

	for (size_t i = 0; i < ps->n; i++) {
		if (!is_blamed(&ps->v[i]))
			continue;
		n++;
		buf_printf(&names, "%s\n", ps->v[i].name);
		buf_printf(&blame, "%s\n", line_of(&ps->v[i]));
	}
	step_output("failed", "%s", buf_str(&names));
	if (n > 0)
		ok = err_set(e, ERR_HAND, "the new pods can't work with the "
		    "old data (%zu of %zu probes):\n%s%s", n, ps->n,
		    buf_str(&blame), blame.full ? "..." : "");
	buf_free(&names);
	buf_free(&blame);
	return ok;
}

static bool
probe(struct kube *k, const struct json *settings, struct err *e)
{
	struct pool *pool = step_common()->pool;
	struct probes ps;
	bool ok = probes_plan(pool, settings, &ps, e)
	    && probes_run(k, pool, &ps, !step_common()->dry_run, in.seconds,
		e)
	    && probes_count(k, pool, settings, &ps, e);

	if (ok) {
		tell(&ps);
		ok = write_report(&ps, e) && judge(&ps, e);
	}
	probes_close(&ps);
	return ok;
}

static bool
run(struct err *e)
{
	struct json *settings = settings_load(in.settings, e);
	struct kube *k = NULL;
	bool ok;

	if (settings == NULL)
		return false;
	if (!cluster_given(CLUSTER_NEW)) {
		json_free(settings);
		return pass_unchecked(e);
	}
	k = cluster_open(CLUSTER_NEW, e);
	ok = k != NULL && probe(k, settings, e);
	if (!ok && k != NULL)
		cluster_name_missing(k, cluster_space(CLUSTER_NEW), needs, e);
	json_free(settings);
	kube_close(k);
	return ok;
}

const struct step step_probe_data = {
	.name = "probe-data",
	.about = "Try the old data from a pod of the new side",
	.icon = "activity",
	.uses = STEP_CHANGES | STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
