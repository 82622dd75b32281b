/*
 * check_snapshot - is what visitors see what the healthy old site showed?
 * See judge.h and observe.h.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "verify/facts.h"
#include "verify/judge.h"
#include "verify/observe.h"

enum { WORDS_MAX = 4000, VALUE_SAID = 60 };

/* Append what was there and is gone, or is otherwise now. */
static void
name_changes(const struct json *was, const struct json *now, struct buf *b)
{
	for (const struct json *w = json_first(was); w != NULL;
	    w = json_next(w)) {
		const char *before = json_str(w, "");
		const char *after = json_str(json_get(now, json_name(w)),
		    "");

		if (text_same(before, after))
			continue;
		buf_printf(b, "%s%s: ", b->len > 0 ? "; " : "",
		    json_name(w));
		if (after == NULL)
			buf_puts(b, "gone");
		else
			buf_printf(b, "%.*s, was %.*s", VALUE_SAID, after,
			    VALUE_SAID, before != NULL ? before : "?");
	}
}

/* Until the switch the site is not found by the temporary host, so it may
 * look otherwise; that is told, and no failure. */
struct opinion
check_snapshot(struct pool *p, const struct subject *s)
{
	bool final = subject_is_after(s, PHASE_SWITCH);
	struct opinion o = { .verdict = VERIFY_PASS, .expected = "visitors "
	    "see what the old site showed when it was well" };
	const struct json *was = json_get(s->snapshot, "site");
	struct buf b = buf_new(WORDS_MAX);
	struct json *now;

	if (s->snapshot == NULL) {
		o.verdict = VERIFY_SKIP;
		o.found = "there is no snapshot: snapshot-instance was not "
		    "run";
		return o;
	}
	now = observe(p, &s->facts->fresh, &s->final);
	name_changes(was, now, &b);
	json_free(now);
	o.found = b.len == 0 ? pool_printf(p, "the same in %d ways",
	    json_len(was)) : pool_printf(p, "%s%s", final ? "" : "other than "
	    "it will be on the final hosts: ", buf_str(&b));
	if (b.len > 0 && final)
		o.verdict = VERIFY_FAIL;
	if (json_len(was) == 0) {
		o.verdict = VERIFY_UNKNOWN;
		o.found = "the snapshot holds nothing of the site";
	}
	buf_free(&b);
	return o;
}
