/*
 * check_state - files, Argo CD and database rights; see judge.h.
 */
#include "base/mem.h"
#include "base/text.h"
#include "verify/facts.h"
#include "verify/judge.h"

struct opinion
check_created(struct pool *p, const struct subject *s)
{
	const struct deployed *d = &s->facts->deployed;

	return (struct opinion){ .expected = pool_printf(p, "there is an "
		"instances/%s/config.yml", s->instance),
		.verdict = d->there ? VERIFY_PASS : VERIFY_FAIL,
		.found = d->there ? "so it is" : "the instance has no "
		    "config.yml: was it created?" };
}

/* Its own temporary names before the switch, the visitors' after. */
struct opinion
check_hosts(struct pool *p, const struct subject *s)
{
	const struct deployed *d = &s->facts->deployed;
	bool final = subject_is_after(s, PHASE_SWITCH);
	const char *have = hosts_name(&d->hosts, "lms");
	const char *want = hosts_name(&s->final, "lms");
	struct opinion o = { .expected = pool_printf(p, final ? "config.yml "
	    "has the final hosts (%s)" : "config.yml does not have the final "
	    "hosts (%s) yet", want != NULL ? want : "?") };

	o.found = have != NULL ? pool_printf(p, "LMS_HOST is %s", have)
	    : "LMS_HOST can't be read";
	o.verdict = have != NULL && text_same_fold(have, want) == final
	    ? VERIFY_PASS : VERIFY_FAIL;
	if (want == NULL) {
		o.verdict = VERIFY_UNKNOWN;
		o.found = "none of the hosts given is of kind lms";
		return o;
	}
	for (size_t i = 0; final && i < d->hosts.n; i++)
		if (!hosts_has(&s->final, d->hosts.v[i].name)) {
			o.verdict = VERIFY_FAIL;
			o.found = pool_printf(p, "%s is %s, which is not "
			    "among the plan's hosts", d->hosts.v[i].kind,
			    d->hosts.v[i].name);
		}
	return o;
}

struct opinion
check_init_jobs(struct pool *p, const struct subject *s)
{
	const struct deployed *d = &s->facts->deployed;
	struct opinion o = { .expected = "DRYDOCK_INIT_JOBS is false, and no "
	    "init job is rendered: it would migrate the live database" };

	o.verdict = text_same(d->init_jobs, "false") && !d->jobs_rendered
	    ? VERIFY_PASS : VERIFY_FAIL;
	o.found = pool_printf(p, "DRYDOCK_INIT_JOBS is %s; %s",
	    d->init_jobs != NULL ? d->init_jobs : "not set",
	    d->jobs_rendered ? "env/kustomization.yml names the jobs: "
	    "render again" : d->env_rendered ? "none is rendered"
	    : "nothing is rendered yet");
	if (o.verdict == VERIFY_PASS && d->env_why[0] != '\0') {
		o.verdict = VERIFY_UNKNOWN;
		o.found = d->env_why;
	}
	return o;
}

struct opinion
check_autosync(struct pool *p, const struct subject *s)
{
	const struct deployed *d = &s->facts->deployed;
	const struct live *l = &s->facts->live;
	bool on = subject_is_after(s, PHASE_SETTLE);
	struct opinion o = { .expected = pool_printf(p, "automated sync is "
	    "%s, in application.yml and live", on ? "on" : "off") };

	if (!d->sync_known) {
		o.verdict = VERIFY_FAIL;
		o.found = "application.yml can't be read";
		return o;
	}
	o.verdict = d->sync_on == on && (!l->known || l->sync_on == on)
	    ? VERIFY_PASS : VERIFY_FAIL;
	if (o.verdict == VERIFY_PASS && l->asked && !l->known)
		o.verdict = VERIFY_UNKNOWN;
	o.found = pool_printf(p, "%s in the file, %s",
	    d->sync_on ? "on" : "off", l->known ? l->sync_on ? "on live"
	    : "off live" : l->words);
	return o;
}

struct opinion
check_data(struct pool *p, const struct subject *s)
{
	const struct deployed *d = &s->facts->deployed;
	struct opinion o = { .expected = "config.yml points at the old "
	    "side's data, with all that point-at-data wrote" };

	o.verdict = d->old_data && d->data_differ[0] == '\0' ? VERIFY_PASS
	    : VERIFY_FAIL;
	o.found = pool_printf(p, "%s%s%s%s", d->data_words,
	    d->old_data_known ? "" : "; there is no record of point-at-data",
	    d->data_differ[0] != '\0' ? "; not as on the old side: " : "",
	    d->data_differ);
	return o;
}

struct opinion
check_application(struct pool *p, const struct subject *s)
{
	const struct live *l = &s->facts->live;

	(void)p;
	return (struct opinion){ .expected = "Argo CD shows it Healthy",
		.verdict = !l->asked ? VERIFY_SKIP : !l->known
		    ? VERIFY_UNKNOWN : l->healthy ? VERIFY_PASS
		    : VERIFY_FAIL, .found = l->words };
}

/* What was deployed last is what the branch holds now. */
struct opinion
check_synced(struct pool *p, const struct subject *s)
{
	const struct live *l = &s->facts->live;

	(void)p;
	return (struct opinion){ .expected = "Argo CD shows it Synced: the "
		"cluster has what the branch has",
		.verdict = !l->asked ? VERIFY_SKIP : !l->known
		    ? VERIFY_UNKNOWN : l->synced ? VERIFY_PASS
		    : VERIFY_FAIL, .found = l->words };
}

static struct opinion
judge_access(const struct access *a, const char *whom)
{
	struct opinion o = { .expected = whom };

	if (!a->asked) {
		o.verdict = VERIFY_UNKNOWN;
		o.found = "not asked: config.yml does not point at the old "
		    "side's data";
		return o;
	}
	o.verdict = !a->known ? VERIFY_UNKNOWN : a->scoped ? VERIFY_PASS
	    : VERIFY_FAIL;
	o.found = a->words;
	return o;
}

struct opinion
check_mysql_grants(struct pool *p, const struct subject *s)
{
	(void)p;
	return judge_access(&s->facts->mysql, "the MySQL user has rights on "
	    "its own databases only");
}

struct opinion
check_mongodb_roles(struct pool *p, const struct subject *s)
{
	(void)p;
	return judge_access(&s->facts->mongo, "the MongoDB user has readWrite "
	    "on its own databases only");
}
