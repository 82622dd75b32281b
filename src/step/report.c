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
};

static struct {
	const struct step *step;
	const char *value[OUTPUTS];	/* as declared, NULL: not set */
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
	struct buf clean = buf_new(2048);

	log_redact(&clean, s, strlen(s));
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
	buf_free(&raw);
	buf_free(&clean);
}

void
step_change(const char *object, const char *old, const char *now)
{
	const char *would = step_common()->dry_run ? "would be " : "";

	report.changed = true;
	if (old != NULL)
		log_info("%s: %s%s (was %s)", object, would, now, old);
	else
		log_info("%s: %s%s (was not there)", object, would, now);
	buf_puts(&report.changes, "| ");
	put_cell(&report.changes, object);
	buf_puts(&report.changes, " | ");
	put_cell(&report.changes, now);
	buf_puts(&report.changes, " | ");
	put_cell(&report.changes, old != NULL ? old : "–");
	buf_puts(&report.changes, " |\n");
}

void
step_same(const char *object, const char *value)
{
	log_info("%s: already so: %s", object, value);
	buf_puts(&report.same, "- ");
	put_cell(&report.same, object);
	buf_puts(&report.same, ": ");
	put_cell(&report.same, value);
	buf_putc(&report.same, '\n');
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
write_outputs(const struct step *s, const char *status, struct err *e)
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
	for (size_t i = 0; s->outputs[i].name != NULL; i++)
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
	bool ok = write_outputs(s, status, e)
	    && write_summary(s, status, problem, e);

	buf_free(&report.changes);
	buf_free(&report.same);
	buf_free(&report.notes);
	return ok;
}
