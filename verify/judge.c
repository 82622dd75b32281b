/*
 * judge - which check is asked when, and Check as the one who asks; see
 * verify.h and judge.h.
 *
 * The records are the verdict. Check only runs the tests: without forks,
 * because the facts are in memory, and its count must be the one expected,
 * because a filter in its environment could leave some out in silence.
 */
#include "verify/judge.h"

#include <check.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "verify/facts.h"

/* A moment of the migration: two bits for each phase. */
#define BEFORE(phase) (1U << 2 * (phase))
#define AFTER(phase) (2U << 2 * (phase))

enum {
	CONFIGURED = AFTER(PHASE_CONFIGURE) | BEFORE(PHASE_CONNECT),
	CONNECTED = AFTER(PHASE_CONNECT) | BEFORE(PHASE_SWITCH),
	SWITCHED = AFTER(PHASE_SWITCH) | BEFORE(PHASE_SETTLE),
	SETTLED = AFTER(PHASE_SETTLE) | BEFORE(PHASE_RESTRICT)
	    | AFTER(PHASE_RESTRICT),
	RESTRICTED = AFTER(PHASE_RESTRICT),
	ALWAYS = BEFORE(PHASE_CONFIGURE) | CONFIGURED | CONNECTED | SWITCHED
	    | SETTLED,
	MADE = CONFIGURED | CONNECTED | SWITCHED | SETTLED,
};

/* changed: before this phase, once it has begun, the check is no matter. */
static const struct row {
	const char *name;
	check_fn *judge;
	unsigned when, changed;
} rows[] = {
	{ "dns-authorities", check_dns_authorities, ALWAYS, 0 },
	{ "dns-resolvers", check_dns_resolvers, ALWAYS, 0 },
	{ "dns-ttl", check_dns_ttl, MADE & ~BEFORE(PHASE_SETTLE), 0 },
	{ "certificate-old", check_certificate_old,
	  BEFORE(PHASE_CONFIGURE) | CONFIGURED | AFTER(PHASE_CONNECT), 0 },
	{ "heartbeat-old", check_heartbeat_old, BEFORE(PHASE_CONFIGURE)
	  | CONFIGURED | CONNECTED, BEFORE(PHASE_SWITCH) },
	{ "certificate-new", check_certificate_new, MADE,
	  BEFORE(PHASE_CONNECT) | BEFORE(PHASE_SWITCH) },
	{ "heartbeat-new", check_heartbeat_new, MADE,
	  BEFORE(PHASE_CONNECT) | BEFORE(PHASE_SWITCH) },
	{ "studio-redirect", check_studio_redirect, MADE,
	  BEFORE(PHASE_CONNECT) | BEFORE(PHASE_SWITCH) },
	{ "mfe-config", check_mfe_config, MADE,
	  BEFORE(PHASE_CONNECT) | BEFORE(PHASE_SWITCH) },
	{ "application", check_application, MADE,
	  BEFORE(PHASE_CONNECT) | BEFORE(PHASE_SWITCH) },
	{ "hosts", check_hosts, MADE, BEFORE(PHASE_SWITCH) },
	{ "init-jobs", check_init_jobs, MADE, 0 },
	{ "autosync", check_autosync, MADE, BEFORE(PHASE_SETTLE) },
	{ "data", check_data, CONNECTED | SWITCHED | SETTLED, 0 },
	{ "mysql-grants", check_mysql_grants, RESTRICTED, 0 },
	{ "mongodb-roles", check_mongodb_roles, RESTRICTED, 0 },
};
enum { ROWS = sizeof rows / sizeof rows[0], RECORDS = 64 };

const char *const verdict_names[] = { "pass", "fail", "skip", "unknown" };

/* What the tests work on while Check runs. */
static struct {
	struct pool *pool;
	const struct subject *subject;
	size_t n;
	struct records *records;
} at;

static void
records_add(struct pool *p, struct records *r, struct verify_record one)
{
	if (r->n == r->cap) {
		struct verify_record *more;

		r->cap = r->cap > 0 ? r->cap * 2 : RECORDS;
		more = pool_alloc(p, r->cap * sizeof *more);
		for (size_t i = 0; i < r->n; i++)
			more[i] = r->v[i];
		r->v = more;
	}
	r->v[r->n++] = one;
}

size_t
records_count(const struct records *r, enum verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->v[i].verdict == v;
	return n;
}

bool
records_good(const struct records *r)
{
	return records_count(r, VERIFY_PASS) > 0
	    && records_count(r, VERIFY_FAIL) == 0
	    && records_count(r, VERIFY_UNKNOWN) == 0;
}

bool
subject_is_after(const struct subject *s, enum phase phase)
{
	return s->phase > phase || (s->phase == phase && !s->before);
}

static struct phase_facts
phase_facts_of(const struct subject *s)
{
	const struct facts *f = s->facts;
	bool moved = facts_dns_moved(s);
	bool sync = f->deployed.sync_on || (f->live.known && f->live.sync_on);
	struct pool *p = pool_new();
	const char *record = pool_printf(p, "%s/migrations/%s/record",
	    s->workspace, s->instance);
	/* A user whose rights were narrow all along was not restricted by
	 * us: then there is no record. */
	struct phase_facts pf = { .config_there = f->deployed.there,
		.old_data = f->deployed.old_data, .dns_moved = moved,
		.sync_on = f->deployed.there && sync,
		.mysql_scoped = moved && f->mysql.scoped
		    && file_exists(pool_printf(p, "%s/mysql.json", record)),
		.mongodb_scoped = moved && f->mongo.scoped
		    && file_exists(pool_printf(p, "%s/mongodb.json",
			record)) };

	pool_free(p);
	return pf;
}

enum phase
verify_reached(const struct subject *s)
{
	struct phase_facts pf = phase_facts_of(s);

	return phase_reached(&pf);
}

bool
verify_check_start(const struct subject *s, struct err *e)
{
	struct phase_facts pf = phase_facts_of(s);

	return phase_check_start(s->phase, &pf, e);
}

/* Has the phase itself begun? Then it may have left things half-done, and
 * they must not keep it from being run again. */
static bool
has_begun(const struct subject *s)
{
	const struct deployed *d = &s->facts->deployed;
	const char *lms = hosts_name(&d->hosts, "lms");

	return verify_reached(s) >= s->phase
	    || (s->phase == PHASE_SWITCH && lms != NULL
	    && hosts_has(&s->final, lms));
}

static unsigned
moment(const struct subject *s)
{
	return s->before ? BEFORE(s->phase) : AFTER(s->phase);
}

static void
judge_one(const struct row *r, const struct subject *s)
{
	struct opinion o = { .verdict = VERIFY_SKIP,
		.expected = "no matter now",
		.found = pool_printf(at.pool, "phase %s has begun and "
		    "changes it", phase_names[s->phase]) };

	if (!((r->changed & moment(s)) != 0 && has_begun(s)))
		o = r->judge(at.pool, s);
	records_add(at.pool, at.records, (struct verify_record){
		.instance = s->instance, .phase = phase_names[s->phase],
		.check = r->name, .verdict = o.verdict,
		.expected = o.expected, .found = o.found != NULL ? o.found
		    : "", .ms = (long)(clock_now() - s->facts->began) });
}

/* One check of one phase: _i is phase * ROWS + row. */
START_TEST(check_row)
{
	const struct row *r = &rows[_i % ROWS];
	enum phase phase = (enum phase)(_i / ROWS);
	size_t first = at.records->n, bad = 0;

	for (size_t i = 0; i < at.n; i++)
		if (at.subject[i].phase == phase
		    && (r->when & moment(&at.subject[i])) != 0)
			judge_one(r, &at.subject[i]);
	for (size_t i = first; i < at.records->n; i++)
		bad += at.records->v[i].verdict == VERIFY_FAIL
		    || at.records->v[i].verdict == VERIFY_UNKNOWN;
	ck_assert_uint_eq(bad, 0);
}
END_TEST

static bool
applies(const struct row *r, enum phase phase)
{
	for (size_t i = 0; i < at.n; i++)
		if (at.subject[i].phase == phase
		    && (r->when & moment(&at.subject[i])) != 0)
			return true;
	return false;
}

/* A test case for each phase, a test for each check of it. */
static int
add_tests(Suite *suite)
{
	int n = 0;

	for (enum phase phase = PHASE_CONFIGURE; phase <= PHASE_RESTRICT;
	    phase++) {
		TCase *t = tcase_create(phase_names[phase]);

		for (int i = 0; i < ROWS; i++) {
			int index = (int)phase * ROWS + i;

			if (!applies(&rows[i], phase))
				continue;
			tcase_add_loop_test(t, check_row, index, index + 1);
			n++;
		}
		suite_add_tcase(suite, t);
	}
	return n;
}

bool
verify_judge(struct pool *p, const struct subject *s, size_t n,
    const char *temp, struct records *records, struct err *e)
{
	Suite *suite = suite_create("verify");
	SRunner *runner = srunner_create(suite);
	int wanted, ran;

	/* Check keeps its messages in a file, also without forks. */
	if (!file_ensure_dir(temp, e)) {
		srunner_free(runner);
		return false;
	}
	setenv("TEMP", temp, 1);
	at.pool = p;
	at.subject = s;
	at.n = n;
	at.records = records;
	wanted = add_tests(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	ran = srunner_ntests_run(runner);
	srunner_free(runner);
	if (wanted == 0 || ran != wanted)
		return err_set(e, ERR_OTHER, "%d of %d checks were run: that "
		    "is no verification", ran, wanted);
	return true;
}
