/*
 * history - see history.h.
 */
#include "verify/history.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "verify/verify.h"

enum {
	FILE_MAX = 32 << 20,
	CHANGES = 3,		/* of a check that flaps */
	DATE_MAX = 40,
	FOUND_MAX = 300,
};

struct history {
	char *path;
	size_t keep;
	struct json *lines;	/* an array */
};

static bool
is_line(const struct json *j)
{
	return json_str(j, "at") != NULL && json_str(j, "instance") != NULL
	    && json_str(j, "phase") != NULL && json_str(j, "verdict") != NULL
	    && json_is_array(json_get(j, "bad"));
}

static bool
read_lines(struct history *h, const char *text, struct err *e)
{
	size_t number = 1;

	for (const char *s = text; *s != '\0'; number++) {
		size_t n = strcspn(s, "\n");
		struct err ignored;
		struct json *j = json_parse(s, n, "line", &ignored);

		if (n > 0 && !is_line(j)) {
			json_free(j);
			return err_set(e, ERR_HAND, "%s: line %zu is none "
			    "that verify-instance writes: remove it", h->path,
			    number);
		}
		if (n > 0)
			json_add(h->lines, NULL, j);
		else
			json_free(j);
		s += n + (s[n] == '\n');
	}
	return true;
}

struct history *
history_open(const char *path, size_t keep, struct err *e)
{
	struct history *h = mem_alloc(sizeof *h);
	struct buf text = buf_new(FILE_MAX);
	struct err why = { 0 };
	bool ok = true;

	h->path = mem_strdup(path);
	h->keep = keep;
	h->lines = json_array();
	if (file_read(path, &text, &why)) {
		ok = read_lines(h, buf_str(&text), e);
	} else if (why.kind != ERR_NOT_FOUND) {
		*e = why;
		ok = false;
	}
	buf_free(&text);
	if (ok)
		return h;
	history_close(h);
	return NULL;
}

void
history_close(struct history *h)
{
	if (h == NULL)
		return;
	json_free(h->lines);
	mem_free(h->path);
	mem_free(h);
}

/* ---- a verification more ---- */

static bool
is_first(const struct records *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (text_same(r->v[k].instance, r->v[i].instance))
			return false;
	return true;
}

static void
add_bad(struct json *bad, const struct verify_record *v)
{
	struct json *j = json_add(bad, NULL, json_object());
	struct pool *p = pool_new();

	json_set_str(j, "check", v->check);
	json_set_str(j, "verdict", verdict_names[v->verdict]);
	json_set_str(j, "found", text_is_utf8(v->found, strlen(v->found))
	    && strlen(v->found) <= FOUND_MAX ? v->found : pool_printf(p,
	    "%zu bytes; see the report", strlen(v->found)));
	pool_free(p);
}

/* The line of the instance that the i-th record is the first of. */
static void
add_line(struct history *h, const struct records *r, size_t i, time_t now)
{
	struct json *j = json_add(h->lines, NULL, json_object());
	struct json *bad = json_array();
	struct buf date = buf_new(DATE_MAX);
	size_t counts[VERIFY_UNKNOWN + 1] = { 0 };

	for (size_t k = i; k < r->n; k++) {
		if (!text_same(r->v[k].instance, r->v[i].instance))
			continue;
		counts[r->v[k].verdict]++;
		if (record_is_bad(&r->v[k]))
			add_bad(bad, &r->v[k]);
	}
	clock_date(&date, now);
	json_set_str(j, "at", buf_str(&date));
	json_set_str(j, "instance", r->v[i].instance);
	json_set_str(j, "phase", r->v[i].phase);
	json_set_str(j, "verdict", json_len(bad) == 0
	    && counts[VERIFY_PASS] > 0 ? "pass" : "fail");
	json_set_num(j, "passed", (double)counts[VERIFY_PASS]);
	json_set_num(j, "failed", (double)counts[VERIFY_FAIL]);
	json_set_num(j, "unknown", (double)counts[VERIFY_UNKNOWN]);
	json_set_num(j, "skipped", (double)counts[VERIFY_SKIP]);
	json_add(j, "bad", bad);
	buf_free(&date);
}

static bool
is_of(const struct json *line, const char *instance)
{
	return text_same(json_str(line, "instance"), instance);
}

static bool
is_good(const struct json *line)
{
	return text_same(json_str(line, "verdict"), "pass");
}

static size_t
count(const struct history *h, const char *instance, bool only_bad)
{
	size_t n = 0;

	for (const struct json *l = json_first(h->lines); l != NULL;
	    l = json_next(l))
		n += is_of(l, instance) && !(only_bad && is_good(l));
	return n;
}

/* Drop the oldest of one instance: those beyond the newest `keep` that were
 * good, and those that were not beyond as many again. */
static void
trim(struct history *h, const char *instance)
{
	size_t after = count(h, instance, false);
	size_t bad_after = count(h, instance, true);
	struct json *kept = json_array();

	for (const struct json *l = json_first(h->lines); l != NULL;
	    l = json_next(l)) {
		bool ours = is_of(l, instance), bad = ours && !is_good(l);

		if (!ours || after <= h->keep
		    || (bad && bad_after <= 2 * h->keep))
			json_add(kept, NULL, json_copy(l));
		after -= ours;
		bad_after -= bad;
	}
	json_free(h->lines);
	h->lines = kept;
}

void
history_add(struct history *h, const struct records *r, time_t now)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!is_first(r, i))
			continue;
		add_line(h, r, i, now);
		trim(h, r->v[i].instance);
	}
}

bool
history_save(const struct history *h, struct err *e)
{
	struct buf text = buf_new(FILE_MAX);
	bool ok;

	for (const struct json *l = json_first(h->lines); l != NULL;
	    l = json_next(l)) {
		json_print(l, false, &text);
		buf_putc(&text, '\n');
	}
	ok = buf_check(&text, h->path, e)
	    && file_replace(h->path, buf_str(&text), text.len, 0644, e);
	buf_free(&text);
	return ok;
}

/* ---- for people ---- */

static bool
was_bad(const struct json *line, const char *check)
{
	for (const struct json *b = json_first(json_get(line, "bad"));
	    b != NULL; b = json_next(b))
		if (text_same(json_str(b, "check"), check))
			return true;
	return false;
}

/* How often the check went from good to bad or back, among the lines of the
 * instance that judged the same phase. */
static int
count_changes(const struct history *h, const struct json *like,
    const char *check)
{
	int changes = -1;
	bool before = false;

	for (const struct json *l = json_first(h->lines); l != NULL;
	    l = json_next(l)) {
		bool bad = was_bad(l, check);

		if (!is_of(l, json_str(like, "instance"))
		    || !text_same(json_str(l, "phase"),
		    json_str(like, "phase")))
			continue;
		changes += changes < 0 || bad != before;
		before = bad;
	}
	return changes;
}

/* Is this line the last one in which the check was bad? Each is told once. */
static bool
is_last_bad(const struct json *line, const char *check)
{
	for (const struct json *l = json_next(line); l != NULL;
	    l = json_next(l))
		if (is_of(l, json_str(line, "instance"))
		    && text_same(json_str(l, "phase"),
		    json_str(line, "phase")) && was_bad(l, check))
			return false;
	return true;
}

static void
tell_flapping(const struct history *h, const struct json *last,
    struct buf *b)
{
	const char *before = "; flapping: ";

	for (const struct json *l = json_first(h->lines); l != NULL;
	    l = json_next(l)) {
		if (!is_of(l, json_str(last, "instance"))
		    || !text_same(json_str(l, "phase"),
		    json_str(last, "phase")))
			continue;
		for (const struct json *c = json_first(json_get(l, "bad"));
		    c != NULL; c = json_next(c)) {
			const char *check = json_str(c, "check");
			int changes = count_changes(h, last, check);

			if (changes < CHANGES || !is_last_bad(l, check))
				continue;
			buf_printf(b, "%s%s (%d changes)", before, check,
			    changes);
			before = ", ";
		}
	}
}

void
history_tell(const struct history *h, const char *instance, bool markdown,
    struct buf *b)
{
	const struct json *last = NULL;

	buf_puts(b, "last verdicts, oldest first: ");
	for (const struct json *l = json_first(h->lines); l != NULL;
	    l = json_next(l)) {
		if (!is_of(l, instance))
			continue;
		buf_puts(b, markdown ? is_good(l) ? "✅" : "❌"
		    : is_good(l) ? "+" : "-");
		last = l;
	}
	if (last == NULL)
		buf_puts(b, "none");
	else
		tell_flapping(h, last, b);
	buf_putc(b, '\n');
}
