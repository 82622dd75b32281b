/*
 * verify-instance - is the instance as it must be now?
 *
 * Guide: "check that the new instance looks as expected", and the instance
 * test guide wherever it is asked for. It only reads, so it may be run at
 * any time. Before a phase it also proves that no later phase is reached;
 * where one is, it ends with "already past". What fails is looked at again
 * until the timeout: after a deployment things come one by one. Many
 * instances are verified at once, by one call.
 */
#include <time.h>

#include "api/repo.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "edx/settings.h"
#include "step/step.h"
#include "site/application.h"
#include "site/checkout.h"
#include "site/cluster.h"
#include "site/dbuser.h"
#include "site/hosts.h"
#include "site/managed.h"
#include "verify/history.h"
#include "verify/report.h"
#include "verify/verify.h"

enum { PAUSE_MS = 2000, ROUND_SECONDS = 60, TEXT_MAX = 16 * 1024 * 1024,
	SUMMARY_MAX = 512 * 1024, NAMES_MAX = 1000,
	SNAPSHOT_MAX = 4 << 20, COMPARED_MAX = 64 << 20 };

static struct {
	const char *phase, *when, *formats, *folder, *hosts;
	const char *old_address, *new_address, *resolvers, *settings;
	const char *history, *checks, *issuer, *issuer_name, *compared;
	bool extended, commit;
	long low, high, timeout, keep;
	bool fetch;
} in;

static const char *const phases[] = { "configure", "connect", "switch",
	"settle", "restrict", "reached", NULL };
static const char *const whens[] = { "before", "after", NULL };

static const struct input inputs[] = {
	{ .name = "phase", .str = &in.phase, .oneof = phases,
	  .dflt = "reached",
	  .help = "Phase that is judged, or reached: the one that the facts "
	    "show" },
	{ .name = "when", .str = &in.when, .oneof = whens, .dflt = "after",
	  .help = "before: may it begin? after: is it done?" },
	{ .name = "checks", .str = &in.checks, .optional = true,
	  .check = verify_check_checks,
	  .help = "Only these checks, and what they build upon; all that "
	    "apply if empty" },
	{ .name = "fetch", .flag = &in.fetch, .dflt = "true",
	  .help = "Go to the branch's head first; false: the checkout as it "
	    "is" },
	{ .name = "hosts", .str = &in.hosts, .optional = true,
	  .check = hosts_check, .places = hosts_places,
	  .help = "Final hosts, as kind=name; those of the plan if empty" },
	{ .name = "old-address", .str = &in.old_address, .optional = true,
	  .plan = "old.address", .list = true, .check = text_check_ips,
	  .help = "IP addresses of the old ingress" },
	{ .name = "new-address", .str = &in.new_address, .optional = true,
	  .plan = "new.address", .list = true, .check = text_check_ips,
	  .help = "IP addresses of the new ingress" },
	{ .name = "low-ttl", .num = &in.low, .min = 1, .max = 86400,
	  .dflt = "300", .plan = "dns.low-ttl",
	  .help = "TTL until the site is confirmed, in seconds" },
	{ .name = "high-ttl", .num = &in.high, .min = 1, .max = 604800,
	  .dflt = "3600", .plan = "dns.high-ttl",
	  .help = "TTL afterwards, in seconds" },
	{ .name = "resolvers", .str = &in.resolvers, .optional = true,
	  .plan = "dns.resolvers", .list = true, .check = text_check_servers,
	  .help = "Name servers that visitors use" },
	{ .name = "extended", .flag = &in.extended, .dflt = "false",
	  .plan = "verify.extended",
	  .help = "Ask the heartbeats for the workers, too, which gives each "
	    "of them a task" },
	{ .name = "issuer", .str = &in.issuer, .dflt = "letsencrypt.org",
	  .plan = "dns.issuer", .check = text_check_host,
	  .help = "Whom CAA records must let issue certificates" },
	{ .name = "issuer-name", .str = &in.issuer_name, .optional = true,
	  .plan = "verify.issuer-name",
	  .help = "What the name of the certificates' issuer must hold, such "
	    "as Let's Encrypt; any trusted one if empty" },
	{ .rows = application_inputs, .optional = true },
	{ .rows = dbuser_mysql_inputs, .optional = true },
	{ .rows = dbuser_mongodb_inputs, .optional = true },
	{ .rows = managed_list_inputs },
	{ .rows = managed_login_inputs },
	{ .rows = cluster_both_old_inputs,
	  .together = cluster_check_both_old, .optional = true },
	{ .rows = cluster_both_new_inputs,
	  .together = cluster_check_both_new, .optional = true },
	{ .name = "compared", .str = &in.compared, .optional = true,
	  .check = file_check_readable,
	  .help = "Report of compare-settings, as its output says" },
	{ .name = "settings-file", .str = &in.settings, .optional = true,
	  .check = file_check_readable,
	  .help = "Settings of the old side, as fetch-settings wrote them" },
	{ .name = "formats", .str = &in.formats, .dflt = "text,markdown",
	  .check = report_check_formats,
	  .help = "Of the report: text, tap, junit, json, markdown" },
	{ .name = "report", .str = &in.folder, .optional = true,
	  .help = "Folder for the report; none is written if empty" },
	{ .name = "history", .str = &in.history, .optional = true,
	  .help = "File of JSON lines to which the result is added, for "
	    "instances that are looked at again and again; none if empty" },
	{ .name = "commit-history", .flag = &in.commit, .dflt = "false",
	  .help = "The file is in the repository: commit and push it" },
	{ .name = "history-length", .num = &in.keep, .min = 2, .max = 10000,
	  .dflt = "100", .help = "Results of one instance that the file "
	    "keeps, and as many failures of before" },
	{ .name = "timeout", .num = &in.timeout, .min = 0, .max = 7200,
	  .dflt = "120",
	  .help = "Seconds that what fails may still become good" },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "verdict", .help = "pass or fail" },
	{ .name = "phase", .help = "Phase that was judged" },
	{ .name = "reached", .help = "Phase that the facts show" },
	{ .name = "passed", .help = "Checks that passed" },
	{ .name = "failed", .help = "Checks that failed or are unknown" },
	{ .name = "skipped", .help = "Checks that do not apply" },
	{ 0 }
};

/* Those to be verified, and records of those that can't be. */
struct subjects {
	struct subject *v;
	size_t n;
	struct records broken;
	struct json **snapshot;		/* of the i-th name */
	size_t names;
	struct json *compared;
};

static const char *const *
list(const char *value)
{
	return value != NULL ? text_split(step_common()->pool, value, NULL)
	    : NULL;
}

static struct subject
subject_from_inputs(void)
{
	const struct step_common *c = step_common();

	return (struct subject){ .instance = c->instance,
		.workspace = c->workspace, .phase = phase_named(in.phase),
		.before = text_same(in.when, "before"),
		.old_address = list(in.old_address),
		.new_address = list(in.new_address),
		.resolvers = list(in.resolvers), .checks = list(in.checks),
		.extended = in.extended, .issuer = in.issuer,
		.issuer_words = in.issuer_name,
		.low_ttl = in.low, .high_ttl = in.high,
		.application = application_where(),
		.mysql = dbuser_mysql(), .mongodb = dbuser_mongodb() };
}

/* The checkout was made when the run was triggered: go to the branch's
 * head. */
static bool
refresh_workspace(struct err *e)
{
	struct repo *repo = in.fetch ? checkout_open(e) : NULL;

	repo_close(repo);
	return repo != NULL || !in.fetch;
}

/* May it begin? What is reached decides also what "reached" means. */
static bool
check_phase(struct subject *s, struct err *e)
{
	enum phase reached = verify_reached(s);

	if (s->phase == PHASE_NONE)
		s->phase = reached;
	step_output("reached", "%s", phase_names[reached]);
	step_output("phase", "%s", phase_names[s->phase]);
	return !s->before || verify_check_start(s, e)
	    || err_within(e, "%s", s->instance);
}

/* One that can't be judged keeps nobody from judging the others. */
static void
set_aside(struct subjects *all, const char *name, const char *check,
    const char *found, const char *remedy)
{
	struct pool *p = step_common()->pool;

	records_add(p, &all->broken, (struct verify_record){
	    .instance = name, .phase = "", .check = check,
	    .verdict = VERIFY_UNKNOWN, .found = pool_strdup(p, found),
	    .expected = "what can be judged", .remedy = remedy });
}

/* May this one of many be judged? Those that no phase has been done of are
 * not in question. */
static bool
check_one_of_many(struct subjects *all, struct subject *s)
{
	const char *why = verify_hindrance(step_common()->pool, s);
	struct err e = { 0 };

	if (why != NULL)
		set_aside(all, s->instance, "config", why, "mend its "
		    "config.yml; git's history of the file has the last one "
		    "that was good");
	else if (!check_phase(s, &e))
		set_aside(all, s->instance, "phase", e.text,
		    "verify it in the phase that it has reached");
	else if (s->phase != PHASE_NONE)
		return true;
	else
		log_info("%s: no phase of the migration is reached",
		    s->instance);
	return false;
}

static bool
check_phases(struct subjects *all, struct err *e)
{
	size_t k = 0;

	if (all->names == 1 && !check_phase(&all->v[0], e))
		return false;
	for (size_t i = 0; i < all->n; i++)
		if (all->names == 1 ? all->v[i].phase != PHASE_NONE
		    : check_one_of_many(all, &all->v[i]))
			all->v[k++] = all->v[i];
	all->n = k;
	if (k == 0 && all->broken.n == 0)
		return err_set(e, ERR_INPUT, "phase: reached, but no phase "
		    "of the migration is");
	return true;
}

/* Gather and judge, again while something is not good and time is left. */
static bool
judge(struct subjects *all, struct records *r, struct err *e)
{
	const struct step_common *c = step_common();
	const struct verify_net net = { .ca_file = c->ca_file,
		.dns_servers = c->dns_servers };
	clock_ms deadline = clock_deadline(in.timeout);
	bool again = false;

	do {
		if (!verify_gather(c->pool, &net, all->v, all->n,
		    again ? r : NULL, clock_deadline(ROUND_SECONDS), e)
		    || !check_phases(all, e))
			return false;
		*r = (struct records){ .n = 0 };
		for (size_t i = 0; i < all->broken.n; i++)
			records_add(c->pool, r, all->broken.v[i]);
		if (all->n > 0 && !verify_judge(c->pool, all->v, all->n,
		    c->temp, r, e))
			return false;
		if (records_good(r) || all->n == 0)
			return true;
		if (!again)
			log_info("not all is good yet; looking again for up "
			    "to %ld s", in.timeout);
		again = true;
	} while (clock_pause_until(deadline, PAUSE_MS));
	return true;
}

/* A summary has a limit: of very many instances the report's file tells. */
static void
summarise(const struct records *r)
{
	struct buf table = buf_new(SUMMARY_MAX);

	report_write(&table, "markdown", r);
	if (table.full)
		step_summary("%zu passed, %zu failed, %zu unknown: the whole "
		    "table is too long for here\n", records_count(r,
		    VERIFY_PASS), records_count(r, VERIFY_FAIL),
		    records_count(r, VERIFY_UNKNOWN));
	else
		step_summary("%s\n", buf_str(&table));
	buf_free(&table);
}

static bool
tell(const struct records *r, struct err *e)
{
	struct buf text = buf_new(TEXT_MAX);
	size_t bad = records_count(r, VERIFY_FAIL)
	    + records_count(r, VERIFY_UNKNOWN);

	report_write(&text, "text", r);
	log_foreign(buf_str(&text), text.len);
	summarise(r);
	step_output("verdict", "%s", records_good(r) ? "pass" : "fail");
	step_output("passed", "%zu", records_count(r, VERIFY_PASS));
	step_output("failed", "%zu", bad);
	step_output("skipped", "%zu", records_count(r, VERIFY_SKIP));
	buf_free(&text);
	return in.folder == NULL
	    || report_save(in.folder, list(in.formats), r, e);
}

/* The history is about one instance, or is too long to be told. */
static void
tell_history(const struct history *h)
{
	struct buf b = buf_new(TEXT_MAX);
	size_t n;

	if (*step_instances(&n) != NULL && n == 1) {
		history_tell(h, step_common()->instance, false, &b);
		log_foreign(buf_str(&b), b.len);
		buf_clear(&b);
		history_tell(h, step_common()->instance, true, &b);
		step_summary("\n%s\n", buf_str(&b));
	}
	buf_free(&b);
}

/* One line more for each instance, and what it shows by now. */
static bool
write_history(const char *path, const struct records *r, struct err *e)
{
	struct history *h = history_open(path, (size_t)in.keep, e);
	bool ok = h != NULL;

	if (ok) {
		history_add(h, r, time(NULL));
		tell_history(h);
		ok = history_save(h, e);
	}
	history_close(h);
	return ok;
}

/* Nothing else of the checkout is committed. */
static bool
commit_history(const struct records *r, struct err *e)
{
	const char *const paths[] = { in.history, NULL };
	struct repo *repo = NULL;
	char commit[41];
	bool changed, ok;

	ok = text_check_path(in.history, e)
	    && (repo = checkout_open(e)) != NULL
	    && write_history(repo_path(repo, in.history), r, e)
	    && repo_commit(repo, paths, "chore: results of the verification",
		commit, &changed, e);
	repo_close(repo);
	return ok || err_within(e, "history");
}

static bool
remember(const struct records *r, struct err *e)
{
	if (in.history == NULL)
		return true;
	return in.commit ? commit_history(r, e)
	    : write_history(in.history, r, e);
}

/* The names of what is not good, for the one line of the error. */
static bool
check_good(const struct records *r, struct err *e)
{
	struct buf names = buf_new(NAMES_MAX);
	size_t n;
	bool many = *step_instances(&n) != NULL && n > 1;

	if (records_good(r))
		return true;
	for (size_t i = 0; i < r->n; i++)
		if (record_is_bad(&r->v[i]))
			buf_printf(&names, "%s%s%s%s: %s", names.len > 0
			    ? "; " : "", many ? r->v[i].instance : "",
			    many ? " " : "", r->v[i].check, r->v[i].found);
	err_set(e, ERR_OTHER, "%s", names.len > 0 ? buf_str(&names)
	    : "every check was skipped: nothing is known");
	buf_free(&names);
	return false;
}

/* What snapshot-instance saw of the healthy old site; NULL: it did not run,
 * and the error stays empty. */
static struct json *
read_snapshot(const char *name, struct err *e)
{
	const struct step_common *c = step_common();
	const char *path = pool_printf(c->pool, "%s/migrations/%s/record/"
	    "snapshot.json", c->workspace, name);
	struct buf text = buf_new(SNAPSHOT_MAX);
	struct json *j = NULL;

	if (file_exists(path) && file_read(path, &text, e))
		j = json_parse(buf_str(&text), text.len, path, e);
	buf_free(&text);
	return j;
}

/* Which lists say who may connect to the databases. */
static bool
find_lists(struct subject *s, struct err *e)
{
	struct managed_list *v = pool_alloc(step_common()->pool,
	    MANAGED_MOST * sizeof *v);

	s->lists = v;
	return managed_find_lists(v, &s->nlists, e);
}

/* One instance by its own plan. */
static bool
take(const char *name, const struct json *settings, struct subject *s,
    struct json **snapshot, struct err *e)
{
	struct pool *p = step_common()->pool;

	if (!step_take_instance(name, e))
		return false;
	*s = subject_from_inputs();
	s->settings = json_at(settings, "values");
	s->snapshot = *snapshot = read_snapshot(name, e);
	managed_take_ports(s->mysql.port, s->mongodb.port);
	if ((s->snapshot == NULL && e->text[0] != '\0')
	    || !find_lists(s, e)
	    || !hosts_find(p, in.hosts, &s->final, e))
		return false;
	s->zone = hosts_zones(p, &s->final);
	return true;
}

/* One whose plan can't be read does not keep the others from being looked
 * at. */
static bool
take_all(struct subjects *all, const struct json *settings, struct err *e)
{
	struct pool *p = step_common()->pool;
	size_t n;
	const char *const *name = step_instances(&n);
	struct err why = { 0 };

	if (n > 1 && (in.hosts != NULL || in.settings != NULL
	    || in.compared != NULL))
		return err_set(e, ERR_INPUT, "hosts, settings-file and "
		    "compared are about one instance, and %zu are named", n);
	all->v = pool_alloc(p, n * sizeof *all->v);
	all->snapshot = pool_alloc(p, n * sizeof(void *));
	all->names = n;
	for (size_t i = 0; i < n; i++) {
		why = (struct err){ 0 };
		if (take(name[i], settings, &all->v[all->n],
		    &all->snapshot[i], &why)) {
			all->v[all->n].compared = all->compared;
			all->v[all->n].among = n > 1;
			all->v[all->n++].clusters = n == 1;
		}
		else if (n > 1)
			set_aside(all, name[i], "plan", why.text,
			    "mend the plan");
	}
	if (all->n == 0)
		*e = why;
	return all->n > 0;
}

/* Of one instance: what is missing is told before anything is asked. */
static bool
check_one(struct err *e)
{
	struct hosts ignored;
	size_t n;

	(void)step_instances(&n);
	return n != 1 || hosts_find(step_common()->pool, in.hosts, &ignored,
	    e);
}

static bool
read_compared(struct subjects *all, struct err *e)
{
	struct buf text = buf_new(COMPARED_MAX);

	if (in.compared != NULL && file_read(in.compared, &text, e))
		all->compared = json_parse(buf_str(&text), text.len,
		    in.compared, e);
	buf_free(&text);
	return in.compared == NULL || all->compared != NULL;
}

static bool
run(struct err *e)
{
	struct subjects all = { 0 };
	struct records records = { 0 };
	struct json *settings = in.settings != NULL
	    ? settings_load(in.settings, e) : NULL;
	bool ok = (settings != NULL || in.settings == NULL)
	    && read_compared(&all, e)
	    && check_one(e)
	    && refresh_workspace(e)
	    && take_all(&all, settings, e)
	    && judge(&all, &records, e)
	    && tell(&records, e)
	    && remember(&records, e)
	    && check_good(&records, e);

	json_free(all.compared);
	for (size_t i = 0; i < all.names; i++)
		json_free(all.snapshot[i]);
	json_free(settings);
	return ok;
}

const struct step step_verify_instance = {
	.name = "verify-instance",
	.about = "Check that the instance is as it must be in its phase",
	.icon = "check-circle",
	.uses = STEP_NET | STEP_REPO | STEP_MANY,
	.inputs = inputs, .outputs = outputs, .run = run,
};
