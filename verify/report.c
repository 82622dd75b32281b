/*
 * report - see report.h.
 */
#include "verify/report.h"

#include <assert.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "verify/verify.h"

enum { DOCUMENT_MAX = 8 << 20, PATH_MAX_LEN = 4096 };

/* One line: what would end it, or mean something in TAP, is made harmless. */
static void
put_line(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			buf_putc(b, ' ');
		else if (*s == '#' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else
			buf_putc(b, *s);
}

/* Text and attributes of XML; what XML can't hold at all becomes ?. */
static void
put_xml(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '&')
			buf_puts(b, "&amp;");
		else if (*s == '<')
			buf_puts(b, "&lt;");
		else if (*s == '>')
			buf_puts(b, "&gt;");
		else if (*s == '"')
			buf_puts(b, "&quot;");
		else if ((unsigned char)*s < ' ')
			buf_putc(b, *s == '\n' || *s == '\t' ? ' ' : '?');
		else
			buf_putc(b, *s);
}

/* One line of plain text. */
static void
put_plain(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		buf_putc(b, (unsigned char)*s < ' ' || *s == 0x7f ? ' ' : *s);
}

static void
put_counts(struct buf *b, const struct records *r)
{
	buf_printf(b, "%zu passed, %zu failed, %zu unknown, %zu skipped",
	    records_count(r, VERIFY_PASS), records_count(r, VERIFY_FAIL),
	    records_count(r, VERIFY_UNKNOWN), records_count(r, VERIFY_SKIP));
}

static void
write_text(struct buf *b, const struct records *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct verify_record *v = &r->v[i];

		buf_printf(b, "%-7s %s %s %s: ", verdict_names[v->verdict],
		    v->instance, v->phase, v->check);
		put_plain(b, v->found);
		buf_putc(b, '\n');
		if (record_is_bad(v)) {
			buf_puts(b, "        expected: ");
			put_plain(b, v->expected);
			buf_puts(b, "\n        what to do: ");
			put_plain(b, v->remedy);
			buf_putc(b, '\n');
		}
	}
	put_counts(b, r);
	buf_putc(b, '\n');
}

/* One entry of TAP's YAML: a text of JSON is one of YAML, too. */
static void
put_entry(struct buf *b, const char *name, const char *value)
{
	struct json *j = json_string(value);

	buf_printf(b, "  %s: ", name);
	json_print(j, false, b);
	buf_putc(b, '\n');
	json_free(j);
}

static void
write_tap(struct buf *b, const struct records *r)
{
	buf_printf(b, "TAP version 14\n1..%zu\n", r->n);
	for (size_t i = 0; i < r->n; i++) {
		const struct verify_record *v = &r->v[i];

		buf_printf(b, "%s %zu - ", record_is_bad(v) ? "not ok" : "ok",
		    i + 1);
		put_line(b, v->instance);
		buf_printf(b, " %s %s: ", v->phase, v->check);
		put_line(b, v->found);
		if (v->verdict == VERIFY_SKIP) {
			buf_puts(b, " # SKIP ");
			put_line(b, v->found);
		}
		buf_putc(b, '\n');
		if (record_is_bad(v)) {
			buf_puts(b, "  ---\n");
			put_entry(b, "verdict", verdict_names[v->verdict]);
			put_entry(b, "expected", v->expected);
			put_entry(b, "found", v->found);
			put_entry(b, "remedy", v->remedy);
			buf_puts(b, "  ...\n");
		}
	}
}

/* What is under one test case of JUnit: failure, error, skipped, nothing. */
static void
put_case(struct buf *b, const struct verify_record *v)
{
	static const char *const tags[] = {
		[VERIFY_FAIL] = "failure", [VERIFY_UNKNOWN] = "error",
		[VERIFY_SKIP] = "skipped" };

	buf_puts(b, "  <testcase classname=\"");
	put_xml(b, v->instance);
	buf_printf(b, ".%s\" name=\"%s\" time=\"%ld.%03ld\"", v->phase,
	    v->check, v->ms / 1000, v->ms % 1000);
	if (v->verdict == VERIFY_PASS) {
		buf_puts(b, "/>\n");
		return;
	}
	buf_printf(b, ">\n    <%s message=\"", tags[v->verdict]);
	put_xml(b, v->found);
	if (v->verdict != VERIFY_SKIP) {
		buf_puts(b, "\">expected: ");
		put_xml(b, v->expected);
		buf_puts(b, " what to do: ");
		put_xml(b, v->remedy);
		buf_printf(b, "</%s>\n", tags[v->verdict]);
	} else {
		buf_puts(b, "\"/>\n");
	}
	buf_puts(b, "  </testcase>\n");
}

static void
write_junit(struct buf *b, const struct records *r)
{
	buf_printf(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuite name=\"verify\" tests=\"%zu\" failures=\"%zu\" "
	    "errors=\"%zu\" skipped=\"%zu\">\n", r->n,
	    records_count(r, VERIFY_FAIL), records_count(r, VERIFY_UNKNOWN),
	    records_count(r, VERIFY_SKIP));
	for (size_t i = 0; i < r->n; i++)
		put_case(b, &r->v[i]);
	buf_puts(b, "</testsuite>\n");
}

static void
write_json(struct buf *b, const struct records *r)
{
	struct json *list = json_array();

	for (size_t i = 0; i < r->n; i++) {
		const struct verify_record *v = &r->v[i];
		struct json *j = json_add(list, NULL, json_object());

		json_set_str(j, "instance", v->instance);
		json_set_str(j, "phase", v->phase);
		json_set_str(j, "check", v->check);
		json_set_str(j, "verdict", verdict_names[v->verdict]);
		json_set_str(j, "expected", v->expected);
		json_set_str(j, "found", v->found);
		json_set_str(j, "remedy", v->remedy);
		json_set_num(j, "ms", (double)v->ms);
	}
	json_print(list, true, b);
	json_free(list);
}

static void
put_row(struct buf *b, const struct verify_record *v)
{
	static const char *const marks[] = { [VERIFY_PASS] = "✅ pass",
		[VERIFY_FAIL] = "❌ fail", [VERIFY_SKIP] = "⏭️ skip",
		[VERIFY_UNKNOWN] = "❔ unknown" };

	buf_printf(b, "| %s | ", marks[v->verdict]);
	text_markdown(b, v->instance);
	buf_printf(b, " | %s | ", v->check);
	text_markdown(b, v->found);
	buf_puts(b, " | ");
	text_markdown(b, v->expected);
	buf_puts(b, " | ");
	text_markdown(b, v->remedy);
	buf_puts(b, " |\n");
}

static void
put_tasks(struct buf *b, const struct records *r)
{
	if (r->tasks > 0)
		buf_puts(b, "\nWhat only a person can test:\n\n");
	for (size_t i = 0; i < r->tasks; i++) {
		const struct verify_task *t = &r->task[i];

		buf_puts(b, "- [ ] ");
		text_markdown(b, t->instance);
		buf_puts(b, ": ");
		text_markdown(b, t->what);
		buf_puts(b, ": <");
		text_markdown(b, t->link);
		buf_puts(b, ">\n");
	}
}

/* What is not good comes first. */
static void
write_markdown(struct buf *b, const struct records *r)
{
	buf_puts(b, "**");
	put_counts(b, r);
	buf_puts(b, "**\n\n| | instance | check | found | expected | what to "
	    "do |\n| --- | --- | --- | --- | --- | --- |\n");
	for (int bad = 1; bad >= 0; bad--)
		for (size_t i = 0; i < r->n; i++)
			if (record_is_bad(&r->v[i]) == (bad == 1))
				put_row(b, &r->v[i]);
	put_tasks(b, r);
}

static const struct format {
	const char *name, *file;
	void (*write)(struct buf *, const struct records *);
} formats[] = {
	{ "text", "verify.txt", write_text },
	{ "tap", "verify.tap", write_tap },
	{ "junit", "verify.xml", write_junit },
	{ "json", "verify.json", write_json },
	{ "markdown", "verify.md", write_markdown },
};

static const struct format *
find_format(const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (text_same(formats[i].name, name))
			return &formats[i];
	return NULL;
}

bool
report_check_formats(const char *list, struct err *e)
{
	struct pool *p = pool_new();
	const char **name = text_split(p, list, NULL);
	bool ok = true;

	for (size_t i = 0; ok && name[i] != NULL; i++)
		if (find_format(name[i]) == NULL)
			ok = err_set(e, ERR_INPUT, "\"%.40s\" is none of "
			    "text, tap, junit, json, markdown", name[i]);
	pool_free(p);
	return ok;
}

void
report_write(struct buf *b, const char *format, const struct records *r)
{
	const struct format *f = find_format(format);

	assert(f != NULL);
	f->write(b, r);
}

static bool
save_one(const char *folder, const struct format *f, const struct records *r,
    struct err *e)
{
	struct buf b = buf_new(DOCUMENT_MAX);
	struct buf path = buf_new(PATH_MAX_LEN);
	bool ok;

	assert(f != NULL);
	f->write(&b, r);
	buf_printf(&path, "%s/%s", folder, f->file);
	ok = buf_check(&b, "the report", e)
	    && file_replace(buf_str(&path), buf_str(&b), b.len, 0644, e);
	buf_free(&b);
	buf_free(&path);
	return ok;
}

bool
report_save(const char *folder, const char *const *names,
    const struct records *r, struct err *e)
{
	bool ok = file_ensure_dir(folder, e);

	for (size_t i = 0; ok && names[i] != NULL; i++)
		ok = save_one(folder, find_format(names[i]), r, e);
	return ok;
}
