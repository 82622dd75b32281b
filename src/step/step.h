/*
 * step - the frame around every step.
 *
 * A step is one table of inputs, one of outputs and one run(). The frame
 * reads the inputs (environment INPUT_*, then the plan file, then the
 * default), checks them all and reports all mistakes together, masks
 * secrets, runs the step, and writes GITHUB_OUTPUT and GITHUB_STEP_SUMMARY
 * on success and failure alike. From the same tables come --help and
 * action.yml, so they can't disagree; and from those of all steps together
 * what a plan may hold: a key that no step reads is a mistake, but for those
 * that begin with x-, which are for people.
 *
 * Exit status: 0 done, or nothing to do; 1 failed; 2 wrong inputs.
 */
#ifndef STEP_STEP_H
#define STEP_STEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pool;

/* A place of the plan that is no input's: "hosts.*", * for any one key. */
struct place {
	const char *path, *help;
	bool scalar;		/* not only text: numbers, booleans too */
};

/* One input. Exactly one of str, num, flag is set: where its value goes. */
struct input {
	const char *name;	/* kebab-case; INPUT_NAME in the environment */
	const char *help;	/* one sentence, no final stop */
	const char **str;
	long *num;
	bool *flag;		/* the words true and false, nothing else */
	long min, max;		/* of num, both inclusive */
	const char *const *oneof;	/* words allowed, NULL-ended */
	bool (*check)(const char *, struct err *);	/* of str; text.h */
	const char *dflt;	/* NULL: the input is required. "$NAME" or
				 * "$NAME:-other": the runner's variable */
	const char *plan;	/* place in the plan: "dns.zone" */
	bool list;		/* several may stand there: a list, which is
				 * read as its items, one a line */
	const struct place *places;	/* more of the plan, which the step
				 * reads by step_plan_value; ends with {0} */
	bool optional;		/* may be absent: str stays NULL, num 0 */
	bool secret;		/* masked when read; never from the plan */
	void (*mask)(const char *);	/* of a secret only in parts: masks
					 * these; NULL: all, and each line */
	const struct input *rows;	/* instead of all this: a table that
				 * several steps share, here; if optional,
				 * each row of it may be absent */
	/* Of such a table: do its values fit together? Asked once all are
	 * stored, if none of them was malformed. */
	bool (*together)(bool optional, struct err *);
};

struct output {
	const char *name, *help;
};

/* What the frame adds to a step's own inputs. */
enum step_uses {
	STEP_CHANGES = 1,	/* dry-run (default true) */
	STEP_NET = 2,		/* dns-servers, ca-file */
	STEP_REPO = 4,		/* workspace, branch, repository-token */
	STEP_MANY = 8,		/* instance-name may be several, or * */
};
/* Every step also has: instance-name, plan. And the output `status`. */

struct step {
	const char *name;	/* as the folder under actions/ */
	const char *about;	/* one line, for action.yml and listings */
	const char *icon;	/* Feather icon for action.yml's branding */
	unsigned uses;		/* STEP_* */
	const struct input *inputs;	/* ends with { 0 } */
	const struct output *outputs;	/* ends with { 0 } */
	bool (*run)(struct err *);
};

/* What the frame read; valid during run(). Strings are never NULL unless
 * said so. */
struct step_common {
	const char *instance;		/* checked by text_check_name */
	const char *plan;		/* path of the plan, NULL if none */
	bool dry_run;
	const char *dns_servers;	/* NULL: the system's */
	const char *ca_file;		/* NULL: the system's store */
	const char *workspace;		/* cluster repository, checked out */
	const char *branch;
	const char *repository_token;	/* NULL: none given */
	const char *temp;		/* folder for results of secret kind,
					 * $RUNNER_TEMP/transplant/<instance>,
					 * 0700, made on first use */
	struct pool *pool;		/* lives until the step ends */
};
const struct step_common *step_common(void);
/* This run changes nothing, whatever dry-run says: its mode only tells. */
void step_only_tell(void);

/*
 * The instances of a step that takes many, in the pool, NULL-ended: one or
 * more. At first the inputs are those of the first. Take another: its plan
 * is read, and every input but the secret ones, again; what they pointed to
 * before stays. ERR_INPUT: mistakes in them.
 */
const char *const *step_instances(size_t *n);
bool step_take_instance(const char *, struct err *) MUST_CHECK;

/* Another value of the plan, for lists and maps that no input row holds:
 * the i-th key under a path, and the scalar at a path. NULL: not there. */
const char *step_plan_value(const char *path);
const char *step_plan_key(const char *path, int i);

/* JSON Schema of the plan, for editors. */
const char *step_plan_schema(void);

/* Set a declared output (asserted). The last value wins. A secret in it is
 * replaced by *** with a warning: results of secret kind are files. */
void step_output(const char *name, const char *, ...) PRINTF(2, 3);

/*
 * An object was, or would be, changed: logged as "object: new (was old)" and
 * listed in the summary. In a dry run it says "would". Call it before the
 * write, so that a failing write is seen against its line. old NULL: made.
 */
void step_change(const char *object, const char *old, const char *now);
/* The object is as it should be already. */
void step_same(const char *object, const char *value);
/* In a dry run: the object comes from an earlier step of the phase. Sets
 * status would-change; the step then ends with true. */
void step_follows(const char *object, const char *step);
/* Markdown to add to the summary, as it is (escape with text_markdown). */
void step_summary(const char *, ...) PRINTF(1, 2);
/* true once step_change was called. */
bool step_changed(void);

/* Secret result: write it 0600 under step_common()->temp; the path, in the
 * pool. NULL on error. */
const char *step_secret_file(const char *name, const char *data, struct err *);

/* Run one step as a program: the whole of main(). */
int step_main(const struct step *, int argc, char **argv);
/* Write action.yml of the step to stdout. */
void step_print_action(const struct step *);

#endif
