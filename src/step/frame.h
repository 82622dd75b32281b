/*
 * frame - what the files of the step frame share; nobody else includes it.
 */
#ifndef STEP_FRAME_H
#define STEP_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "step/step.h"

struct buf;
struct yaml;

/* Call f for the common rows, then the step's own. */
void frame_each_input(const struct step *,
    void (*f)(const struct input *, void *), void *);

/* INPUT_DNS_TTL of dns-ttl, in the buffer given. */
void frame_env_name(const char *name, char *out, size_t size);

/*
 * Read all inputs. Mistakes are appended to *mistakes, one a line; true if
 * there was none.
 */
bool frame_read_inputs(const struct step *, struct buf *mistakes);

/*
 * What a plan may hold, out of the tables of all steps (NULL-ended): JSON
 * Schema for editors, and C for the check below, which make compiles. Both
 * are appended. ERR_OTHER: two rows have the same place for different things.
 */
bool frame_print_schema(const struct step *const *, struct buf *,
    struct err *) MUST_CHECK;
bool frame_print_places(const struct step *const *, struct buf *,
    struct err *) MUST_CHECK;

/*
 * Every key of the plan must be some step's, or this one's. Each that is not
 * is appended to *mistakes, one a line, with the nearest name.
 */
void frame_check_plan(const struct yaml *, const struct step *,
    struct buf *mistakes);

/* Start and end of a step's own report. */
void frame_report_start(const struct step *);
/* Write outputs and summary. status is one of the words that --help lists;
 * problem: NULL, or the error's text (or the mistakes). Outputs that are too
 * large are an error, and none of them is written. */
bool frame_report_finish(const struct step *, const char *status,
    const char *problem, struct err *);
/* The word for a run that returned true. */
const char *frame_status(const struct step *);

/* Free what the inputs hold; nothing of the step may be used after. */
void frame_release(void);

void frame_print_help(const struct step *);

#endif
