/*
 * Fuzz db/mysql_grants: any line as one of SHOW GRANTS. It is refused without
 * what follows IDENTIFIED, or understood: then it is written, read again and
 * written the same, the judge has a verdict, and each REVOKE that is planned
 * is a statement that can be read.
 *
 * The first byte chooses the server and the account; the rest are lines.
 */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/finding.h"
#include "db/mysql_grants.h"
#include "db/mysql_judge.h"
#include "db/mysql_plan.h"
#include "tests/fuzz/fuzz.h"

enum { LINES_MAX = 32 };

static const char *const own[] = { "own_db", "back\\slash", NULL };
static const char *const existing[] = { "own_db", "mysql", "other", NULL };

static const struct account accounts[] = {
	{ "app", "%" }, { "o'x", "%" }, { "q'@'r", "10.0.0.0/255.0.0.0" },
	{ "a\\c", "localhost" }, { "", "%" }, { "x` TO `y", "%" },
};
enum { ACCOUNTS = sizeof accounts / sizeof accounts[0] };

/* What the grant tables of a 5.x server would say. */
static const struct grants_side side[] = {
	{ SIDE_TABLE, "other", "t", "", "Delete,Grant" },
	{ SIDE_COLUMN, "other", "t", "a", "Select,Insert" },
	{ SIDE_COLUMN, "other", "t", "b,c)", "Select" },
	{ SIDE_PROXY, "o'x", "%", "", "1" },
	{ SIDE_PROXY, "", "", "", "0" },
};

static void
check_refusal(const struct err *e)
{
	const char *hash = strcasestr(e->text, "IDENTIFIED");

	fuzz_holds(text_starts(e->text, "can't read this grant: "), "%s",
	    e->text);
	fuzz_holds(hash == NULL || text_same(hash, "IDENTIFIED ***"), "%s",
	    e->text);
}

/* Our writing is read by our own reader, and stays as it is. */
static void
check_round(struct pool *pool, const struct grant *g, bool option)
{
	const struct grants_source modern = { .account = g->to };
	const char *text = grant_text(pool, g), *again;
	struct grant back;
	struct err e = { 0 };

	fuzz_holds(grants_parse(pool, &modern, text, &back, &e), "%s",
	    e.text);
	again = grant_text(pool, &back);
	fuzz_holds(text_same(text, again), "%s: %s", text, again);
	fuzz_holds(back.on == g->on && back.revoke == g->revoke
	    && (!option || back.option == g->option)
	    && back.nprivs == g->nprivs && back.nwho == g->nwho
	    && account_same(&back.to, &g->to), "%s", text);
}

static void
check_plan(struct pool *pool, const struct grants_world *w,
    const struct grants *list)
{
	const struct grants_source modern = { .account = list->account };
	struct findings found = { 0 };
	struct plan plan = { 0 }, back = { 0 };
	struct grants none = { .account = list->account };

	grants_judge(pool, w, list, &found);
	plan_scope(pool, w, list, &plan);
	for (size_t i = 0; i < plan.n; i++) {
		struct grant g;
		struct err e = { 0 };

		if (plan.v[i].phase == PLAN_REVOKE)
			fuzz_holds(grants_parse(pool, &modern,
			    plan.v[i].sql, &g, &e), "%s", plan.v[i].sql);
	}
	plan_restore(pool, w, list, &none, &back);
	plan_exactly(pool, w, &none, list, &back);
}

static const char *
next_line(struct pool *pool, const uint8_t **data, size_t *len)
{
	const uint8_t *end = memchr(*data, '\n', *len);
	size_t n = end != NULL ? (size_t)(end - *data) : *len;
	const char *line = pool_strndup(pool, (const char *)*data, n);

	*data += n + (end != NULL);
	*len -= n + (end != NULL);
	return line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned how = len > 0 ? data[0] : 0;
	struct grants_source source = { .legacy = (how & 1) != 0,
		.account = accounts[(how >> 3) % ACCOUNTS],
		.side = side, .nside = sizeof side / sizeof side[0] };
	struct grants_world w = { .own = own, .existing = existing,
		.literal = (how & 2) != 0, .mariadb = (how & 4) != 0,
		.version = source.legacy ? 50624 : 101100 };
	struct grant v[LINES_MAX];
	struct grants list = { .account = source.account, .v = v };
	struct pool *pool = pool_new();

	if (len > 0) {
		data++;
		len--;
	}
	while (len > 0 && list.n < LINES_MAX) {
		const char *line = next_line(pool, &data, &len);
		struct err e = { 0 };

		if (!grants_parse(pool, &source, line, &v[list.n], &e)) {
			check_refusal(&e);
			continue;
		}
		check_round(pool, &v[list.n], v[list.n].on != ON_ACCOUNT);
		list.n++;
	}
	check_plan(pool, &w, &list);
	pool_free(pool);
	return 0;
}
