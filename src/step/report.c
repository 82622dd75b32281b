/*
 * report - what a step leaves behind: outputs, a summary, a status.
 *
 * Everything is written at the end in one stroke for each file, so a killed
 * step leaves no half output that would fail the job's parser.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "step/frame.h"

enum {
	OUTPUTS_MAX = 512 * 1024,	/* the runner takes 1 MB a job */
	SUMMARY_MAX = 900 * 1024,	/* it drops more than 1 MiB whole */
	OUTPUTS = 32,
	CELL_MAX = 2048,
};

static struct {
	const struct step *step;
	const char *value[OUTPUTS];	/* as declared, NULL: not set */
	const char *too_large;		/* name of an output, or NULL */
	struct buf changes, same, notes;
	bool changed, follows;
} report;

void
frame_report_start(const struct step *s)
{
	report.step = s;
	report.changes = buf_new(SUMMARY_MAX / 3);
	report.same = buf_new(SUMMARY_MAX / 6);
	report.notes = buf_new(SUMMARY_MAX / 3);
}

/* A Markdown cell: redacted, cut, and harmless. */
static void
put_cell(struct buf *b, const char *s)
{
	struct buf clean = buf_new(CELL_MAX);

	log_redact(&clean, s, strlen(s));
	/* a character that the cut left incomplete */
	for (int i = 0; clean.full && i < 3
	    && !text_is_utf8(clean.data, clean.len); i++)
		clean.data[--clean.len] = '\0';
	text_markdown(b, buf_str(&clean));
	if (clean.full)
		buf_puts(b, " …");
	buf_free(&clean);
}

void
step_output(const char *name, const char *fmt, ...)
{
	struct buf raw = buf_new(OUTPUTS_MAX), clean = buf_new(OUTPUTS_MAX);
	size_t i = 0;
	va_list ap;

	while (report.step->outputs[i].name != NULL
	    && strcmp(report.step->outputs[i].name, name) != 0)
		i++;
	assert(i < OUTPUTS && report.step->outputs[i].name != NULL);
	va_start(ap, fmt);
	buf_vprintf(&raw, fmt, ap);
	va_end(ap);
	log_redact(&clean, buf_str(&raw), raw.len);
	if (strcmp(buf_str(&raw), buf_str(&clean)) != 0)
		log_warn("output %s held a secret, which was replaced", name);
	report.value[i] = pool_strdup(step_common()->pool, buf_str(&clean));
	if (raw.full || clean.full)
		report.too_large = name;
	buf_free(&raw);
	buf_free(&clean);
}

/* A line goes into the list whole or not at all. */
static void
add_line(struct buf *list, struct buf *line)
{
	if (line->full || line->len > list->limit - list->len)
		list->full = true;
	else
		buf_add(list, buf_str(line), line->len);
	buf_free(line);
}

void
step_change(const char *object, const char *old, const char *now)
{
	const char *would = step_common()->dry_run ? "would be " : "";
	struct buf line = buf_new(8 * CELL_MAX * 3);

	report.changed = true;
	if (old != NULL)
		log_info("%s: %s%s (was %s)", object, would, now, old);
	else
		log_info("%s: %s%s (was not there)", object, would, now);
	buf_puts(&line, "| ");
	put_cell(&line, object);
	buf_puts(&line, " | ");
	put_cell(&line, now);
	buf_puts(&line, " | ");
	put_cell(&line, old != NULL ? old : "–");
	buf_puts(&line, " |\n");
	add_line(&report.changes, &line);
}

void
step_same(const char *object, const char *value)
{
	struct buf line = buf_new(8 * CELL_MAX * 2);

	log_info("%s: already so: %s", object, value);
	buf_puts(&line, "- ");
	put_cell(&line, object);
	buf_puts(&line, ": ");
	put_cell(&line, value);
	buf_putc(&line, '\n');
	add_line(&report.same, &line);
}

void
step_follows(const char *object, const char *step)
{
	assert(step_common()->dry_run);
	report.follows = true;
	log_info("%s is not there yet: this follows %s", object, step);
	buf_puts(&report.notes, "- ");
	put_cell(&report.notes, object);
	buf_printf(&report.notes, " is not there yet: follows %s\n", step);
}

void
step_summary(const char *fmt, ...)
{
	struct buf raw = buf_new(SUMMARY_MAX / 3);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&raw, fmt, ap);
	va_end(ap);
	log_redact(&report.notes, buf_str(&raw), raw.len);
	buf_free(&raw);
}

bool
step_changed(void)
{
	return report.changed;
}

const char *
step_secret_file(const char *name, const char *data, struct err *e)
{
	const struct step_common *c = step_common();
	const char *path = pool_printf(c->pool, "%s/%s", c->temp, name);

	if (!file_ensure_dir(c->temp, e)
	    || !file_replace(path, data, strlen(data), 0600, e))
		return NULL;
	return path;
}

const char *
frame_status(const struct step *s)
{
	if (report.follows || (step_common()->dry_run && report.changed))
		return "would-change";
	if (report.changed || !(s->uses & STEP_CHANGES))
		return "done";
	return "unchanged";
}

/* NAME<<delimiter, value, delimiter: nothing in a value can end it. */
static void
put_output(struct buf *b, const char *name, const char *value,
    const char *delimiter)
{
	assert(strstr(value, delimiter) == NULL);
	buf_printf(b, "%s<<%s\n%s\n%s\n", name, delimiter, value, delimiter);
}

static bool
check_outputs(const struct step *s, struct err *e)
{
	size_t all = 0;

	if (report.too_large != NULL)
		return err_set(e, ERR_OTHER, "output %s is larger than %d "
		    "bytes", report.too_large, OUTPUTS_MAX);
	for (size_t i = 0; s->outputs[i].name != NULL; i++)
		if (report.value[i] != NULL)
			all += strlen(report.value[i]);
	return all <= OUTPUTS_MAX || err_set(e, ERR_OTHER, "the outputs "
	    "together are larger than %d bytes", OUTPUTS_MAX);
}

/* values: else the status alone. */
static bool
write_outputs(const struct step *s, const char *status, bool values,
    struct err *e)
{
	const char *path = getenv("GITHUB_OUTPUT");
	struct buf b = buf_new(OUTPUTS_MAX + 64 * 1024);
	struct buf delimiter = buf_new(64);
	bool ok;

	if (text_empty(path))
		return true;
	buf_puts(&delimiter, "end_of_value_");
	text_random_hex(&delimiter, 16);
	put_output(&b, "status", status, buf_str(&delimiter));
	for (size_t i = 0; values && s->outputs[i].name != NULL; i++)
		if (report.value[i] != NULL)
			put_output(&b, s->outputs[i].name, report.value[i],
			    buf_str(&delimiter));
	ok = buf_check(&b, "the outputs together", e)
	    && file_append(path, b.data, b.len, e);
	buf_free(&b);
	buf_free(&delimiter);
	return ok;
}

static void
put_summary(struct buf *b, const struct step *s, const char *status,
    const char *problem)
{
	bool dry = (s->uses & STEP_CHANGES) && step_common()->dry_run;

	buf_printf(b, "### %s: %s%s\n\n", s->name, status,
	    dry ? " (dry run: nothing was changed)" : "");
	if (problem != NULL) {
		buf_puts(b, "> ");
		put_cell(b, problem);
		buf_puts(b, "\n\n");
	}
	if (report.changes.len > 0)
		buf_printf(b, "| object | %s | was |\n| --- | --- | --- |\n"
		    "%s\n", dry ? "would be" : "now", report.changes.data);
	if (report.same.len > 0)
		buf_printf(b, "<details><summary>Already so</summary>\n\n%s\n"
		    "</details>\n\n", report.same.data);
	if (report.notes.len > 0)
		buf_printf(b, "%s\n", report.notes.data);
	if (report.changes.full || report.same.full || report.notes.full)
		buf_puts(b, "More than fits here: the log has all of it.\n");
}

static bool
write_summary(const struct step *s, const char *status, const char *problem,
    struct err *e)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	struct buf b = buf_new(SUMMARY_MAX);
	bool ok;

	if (text_empty(path))
		return true;
	put_summary(&b, s, status, problem);
	ok = file_append(path, buf_str(&b), b.len, e);
	buf_free(&b);
	return ok;
}

bool
frame_report_finish(const struct step *s, const char *status,
    const char *problem, struct err *e)
{
	bool ok = check_outputs(s, e);
	struct err late;

	if (!ok) {
		status = "failed";
		problem = e->text;
	}
	ok = ok ? write_outputs(s, status, true, e)
	    : write_outputs(s, status, false, &late) && ok;
	if (!write_summary(s, status, problem, ok ? e : &late))
		ok = false;
	buf_free(&report.changes);
	buf_free(&report.same);
	buf_free(&report.notes);
	return ok;
}
