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

enum { RECORDS = 64 };

const char *const verdict_names[] = { "pass", "fail", "skip", "unknown" };

/* What the tests work on while Check runs. */
static struct {
	struct pool *pool;
	const struct subject *subject;
	size_t n;
	struct records *records;
	int rows;		/* of the table */
	bool *bad;		/* by subject and row: no ground to build
				 * upon */
} at;

void
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
record_is_bad(const struct verify_record *v)
{
	return v->verdict == VERIFY_FAIL || v->verdict == VERIFY_UNKNOWN;
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

bool
moment_is(unsigned when, const struct subject *s)
{
	return (when & (s->before ? BEFORE(s->phase) : AFTER(s->phase))) != 0;
}

/* The check that this one builds upon and that was not good; NULL: none. */
static const char *
missing_ground(const struct check *c, size_t subject)
{
	for (int i = 0; i < NEEDS && c->needs[i] != NULL; i++)
		if (at.bad[subject * (size_t)at.rows
		    + (size_t)check_row_named(c->needs[i])])
			return c->needs[i];
	return NULL;
}

/* The worst of what is said of each zone, with the words of all. */
static struct opinion
judge_parts(const struct check *c, const struct facts *f)
{
	static const int badness[] = { [VERIFY_PASS] = 1, [VERIFY_SKIP] = 0,
		[VERIFY_UNKNOWN] = 2, [VERIFY_FAIL] = 3 };
	struct opinion all = { .found = "" };

	for (size_t i = 0; i < f->parts; i++) {
		struct opinion o = c->judge(at.pool, &f->part[i]);
		const char *words = pool_printf(at.pool, "%s%s%s", all.found,
		    i > 0 ? "; " : "", o.found != NULL ? o.found : "");

		if (i == 0 || badness[o.verdict] > badness[all.verdict])
			all = o;
		all.found = words;
	}
	return all;
}

static struct opinion
opinion_of(const struct check *c, size_t subject, const char *ground)
{
	const struct subject *s = &at.subject[subject];
	struct opinion o = { .verdict = VERIFY_SKIP,
		.expected = "no matter now" };

	if (moment_is(c->changed, s) && has_begun(s))
		o.found = pool_printf(at.pool, "phase %s has begun and "
		    "changes it", phase_names[s->phase]);
	else if (ground != NULL)
		o.found = pool_printf(at.pool, "not judged: %s is not good",
		    ground);
	else
		o = (c->facts & NEED_AUTHORITY) != 0 && s->facts->parts > 0
		    ? judge_parts(c, s->facts) : c->judge(at.pool, s);
	return o;
}

static void
judge_one(int row, size_t subject)
{
	const struct check *c = &checks[row];
	const struct subject *s = &at.subject[subject];
	const char *ground = missing_ground(c, subject);
	struct opinion o = opinion_of(c, subject, ground);
	struct verify_record r = { .instance = s->instance,
		.phase = phase_names[s->phase], .check = c->name,
		.verdict = o.verdict, .expected = o.expected,
		.found = o.found != NULL ? o.found : "", .remedy = "",
		.ms = (long)(clock_now() - s->facts->began) };

	if (record_is_bad(&r))
		r.remedy = o.remedy != NULL ? o.remedy : c->remedy;
	at.bad[subject * (size_t)at.rows + (size_t)row] = record_is_bad(&r)
	    || ground != NULL;
	records_add(at.pool, at.records, r);
}

/* Is the check asked of this subject, in this phase? */
static bool
is_asked(const struct check *c, enum phase phase, const struct subject *s)
{
	return s->phase == phase && moment_is(c->when, s)
	    && check_is_chosen(c, s);
}

/* One check of one phase: _i is phase * rows + row. */
START_TEST(check_row)
{
	int row = _i % at.rows;
	enum phase phase = (enum phase)(_i / at.rows);
	size_t first = at.records->n, bad = 0;

	for (size_t i = 0; i < at.n; i++)
		if (is_asked(&checks[row], phase, &at.subject[i]))
			judge_one(row, i);
	for (size_t i = first; i < at.records->n; i++)
		bad += record_is_bad(&at.records->v[i]);
	ck_assert_uint_eq(bad, 0);
}
END_TEST

static bool
applies(const struct check *c, enum phase phase)
{
	for (size_t i = 0; i < at.n; i++)
		if (is_asked(c, phase, &at.subject[i]))
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

		for (int i = 0; i < at.rows; i++) {
			int index = (int)phase * at.rows + i;

			if (!applies(&checks[i], phase))
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
	at.rows = check_row_named(NULL);
	at.bad = pool_alloc(p, (n * (size_t)at.rows + 1) * sizeof *at.bad);
	wanted = add_tests(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	ran = srunner_ntests_run(runner);
	srunner_free(runner);
	if (wanted == 0 || ran != wanted)
		return err_set(e, ERR_OTHER, "%d of %d checks were run: that "
		    "is no verification", ran, wanted);
	for (size_t i = 0; i < n; i++)
		people_add(p, &s[i], records);
	return true;
}
