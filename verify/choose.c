/*
 * choose - which checks are asked for, and which facts those need; see
 * judge.h and facts.h.
 */
#include "base/mem.h"
#include "base/text.h"
#include "verify/facts.h"
#include "verify/judge.h"

/* Which phase is reached is seen by these. */
enum { NEED_PHASE = NEED_AUTHORITY | NEED_LIVE | NEED_MYSQL | NEED_MONGO };

static bool
is_named(const struct check *c, const struct subject *s)
{
	for (size_t i = 0; s->checks[i] != NULL; i++)
		if (text_same(s->checks[i], c->name))
			return true;
	return false;
}

/* What a check builds upon is asked with it. */
bool
check_is_chosen(const struct check *c, const struct subject *s)
{
	if (s->checks == NULL || is_named(c, s))
		return true;
	for (const struct check *below = c + 1; below->name != NULL; below++)
		for (int i = 0; i < NEEDS && below->needs[i] != NULL; i++)
			if (text_same(below->needs[i], c->name)
			    && check_is_chosen(below, s))
				return true;
	return false;
}

/* Where the facts are to show the phase, nothing is known yet: then each
 * check may be asked. */
static unsigned
needs_of_all(const struct subject *s)
{
	unsigned facts = s->taking ? NEED_OLD_PAGES | NEED_OLD_WORKLOADS
	    | NEED_AUTHORITY : NEED_PHASE;

	for (const struct check *c = checks; c->name != NULL; c++)
		if (check_is_chosen(c, s) && (s->phase == PHASE_NONE
		    || moment_is(c->when, s)))
			facts |= c->facts;
	return facts;
}

unsigned
judge_needs(const struct subject *s, const struct records *r)
{
	unsigned facts = 0;
	bool bad = false;

	if (r == NULL)
		return needs_of_all(s);
	for (size_t i = 0; i < r->n; i++) {
		const struct verify_record *v = &r->v[i];

		if (v->instance != s->instance || v->verdict == VERIFY_PASS)
			continue;
		bad = bad || record_is_bad(v);
		facts |= checks[check_row_named(v->check)].facts;
	}
	return bad ? facts : 0;
}

bool
verify_check_checks(const char *list, struct err *e)
{
	struct pool *p = pool_new();
	const char **name = text_split(p, list, NULL);
	bool ok = name[0] != NULL || err_set(e, ERR_INPUT, "it names no "
	    "check");

	for (size_t i = 0; ok && name[i] != NULL; i++) {
		bool known = false;

		for (const struct check *c = checks; c->name != NULL; c++)
			known = known || text_same(name[i], c->name);
		if (!known)
			ok = err_set(e, ERR_INPUT, "\"%.80s\" is no check",
			    name[i]);
	}
	pool_free(p);
	return ok;
}
