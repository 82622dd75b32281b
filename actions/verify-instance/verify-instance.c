/*
 * verify-instance - is the instance as it must be now?
 *
 * Guide: "check that the new instance looks as expected", and the instance
 * test guide wherever it is asked for. It only reads, so it may be run at
 * any time. Before a phase it also proves that no later phase is reached;
 * where one is, it ends with "already past". What fails is looked at again
 * until the timeout: after a deployment things come one by one.
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
#include "site/dbuser.h"
#include "site/hosts.h"
#include "verify/history.h"
#include "verify/report.h"
#include "verify/verify.h"

enum { PAUSE_MS = 2000, ROUND_SECONDS = 60, TEXT_MAX = 512 * 1024,
	NAMES_MAX = 1000 };

static struct {
	const char *phase, *when, *formats, *folder, *hosts;
	const char *old_address, *new_address, *resolvers, *settings;
	const char *history;
	long low, high, timeout, keep;
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
	{ .rows = application_inputs, .optional = true },
	{ .rows = dbuser_mysql_inputs, .optional = true },
	{ .rows = dbuser_mongodb_inputs, .optional = true },
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
		.low_ttl = in.low, .high_ttl = in.high,
		.application = application_where(),
		.mysql = dbuser_mysql(), .mongodb = dbuser_mongodb() };
}

/* The checkout was made when the run was triggered: go to the branch's
 * head. */
static bool
refresh_workspace(struct err *e)
{
	struct repo *repo = checkout_open(e);

	repo_close(repo);
	return repo != NULL;
}

/* May it begin? What is reached decides also what "reached" means. */
static bool
check_phase(struct subject *s, struct err *e)
{
	enum phase reached = verify_reached(s);

	step_output("reached", "%s", phase_names[reached]);
	if (s->phase == PHASE_NONE && reached == PHASE_NONE)
		return err_set(e, ERR_INPUT, "phase: reached, but no phase "
		    "of the migration is");
	if (s->phase == PHASE_NONE)
		s->phase = reached;
	step_output("phase", "%s", phase_names[s->phase]);
	return !s->before || verify_check_start(s, e);
}

/* Gather and judge, again while something is not good and time is left. */
static bool
judge(struct subject *s, struct records *r, struct err *e)
{
	const struct step_common *c = step_common();
	const struct verify_net net = { .ca_file = c->ca_file,
		.dns_servers = c->dns_servers,
		.resolvers = list(in.resolvers) };
	clock_ms deadline = clock_deadline(in.timeout);
	bool again = false;

	do {
		if (!verify_gather(c->pool, &net, s, 1, again ? r : NULL,
		    clock_deadline(ROUND_SECONDS), e)
		    || !check_phase(s, e))
			return false;
		*r = (struct records){ .n = 0 };
		if (!verify_judge(c->pool, s, 1, c->temp, r, e))
			return false;
		if (records_good(r))
			return true;
		if (!again)
			log_info("not all is good yet; looking again for up "
			    "to %ld s", in.timeout);
		again = true;
	} while (clock_pause_until(deadline, PAUSE_MS));
	return true;
}

static bool
tell(const struct records *r, struct err *e)
{
	struct buf text = buf_new(TEXT_MAX), table = buf_new(TEXT_MAX);
	size_t bad = records_count(r, VERIFY_FAIL)
	    + records_count(r, VERIFY_UNKNOWN);

	report_write(&text, "text", r);
	log_foreign(buf_str(&text), text.len);
	report_write(&table, "markdown", r);
	step_summary("%s\n", buf_str(&table));
	step_output("verdict", "%s", records_good(r) ? "pass" : "fail");
	step_output("passed", "%zu", records_count(r, VERIFY_PASS));
	step_output("failed", "%zu", bad);
	step_output("skipped", "%zu", records_count(r, VERIFY_SKIP));
	buf_free(&text);
	buf_free(&table);
	return in.folder == NULL
	    || report_save(in.folder, list(in.formats), r, e);
}

/* One line more of the history, and what it shows by now. */
static bool
remember(const struct records *r, struct err *e)
{
	struct buf b = buf_new(TEXT_MAX);
	struct history *h;
	bool ok;

	if (in.history == NULL)
		return true;
	h = history_open(in.history, (size_t)in.keep, e);
	if (h == NULL)
		return false;
	history_add(h, r, time(NULL));
	history_tell(h, step_common()->instance, false, &b);
	log_foreign(buf_str(&b), b.len);
	buf_clear(&b);
	history_tell(h, step_common()->instance, true, &b);
	step_summary("\n%s\n", buf_str(&b));
	buf_free(&b);
	ok = history_save(h, e);
	history_close(h);
	return ok;
}

/* The names of what is not good, for the one line of the error. */
static bool
check_good(const struct records *r, struct err *e)
{
	struct buf names = buf_new(NAMES_MAX);

	if (records_good(r))
		return true;
	for (size_t i = 0; i < r->n; i++)
		if (record_is_bad(&r->v[i]))
			buf_printf(&names, "%s%s: %s", names.len > 0 ? "; "
			    : "", r->v[i].check, r->v[i].found);
	err_set(e, ERR_OTHER, "%s", names.len > 0 ? buf_str(&names)
	    : "every check was skipped: nothing is known");
	buf_free(&names);
	return false;
}

static bool
run(struct err *e)
{
	struct subject s = subject_from_inputs();
	struct records records = { 0 };
	struct json *settings = in.settings != NULL
	    ? settings_load(in.settings, e) : NULL;
	bool ok = settings != NULL || in.settings == NULL;

	s.settings = json_at(settings, "values");
	ok = ok && hosts_find(step_common()->pool, in.hosts, &s.final, e)
	    && refresh_workspace(e)
	    && judge(&s, &records, e)
	    && tell(&records, e)
	    && remember(&records, e)
	    && check_good(&records, e);
	json_free(settings);
	return ok;
}

const struct step step_verify_instance = {
	.name = "verify-instance",
	.about = "Check that the instance is as it must be in its phase",
	.icon = "check-circle",
	.uses = STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
