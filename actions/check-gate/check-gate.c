/*
 * check-gate - may an unsafe phase begin?
 *
 * Not in the guide: people forget, and GitHub drops protection rules without
 * a word where the plan has none, or the environment's name is misspelt. So
 * the gate must be proven: the environment has reviewers who must approve,
 * or the person repeats the instance's name. It reads only.
 */
#include <string.h>

#include "api/github.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "site/repository.h"
#include "step/step.h"

static struct {
	const char *environment, *confirm;
	bool require_confirm;
} in;

static const struct input inputs[] = {
	{ .name = "environment", .str = &in.environment, .optional = true,
	  .help = "Environment of the repository whose reviewers must approve"
	    " the phase" },
	{ .name = "confirm", .str = &in.confirm, .optional = true,
	  .help = "The instance's name once more, by hand" },
	{ .name = "require-confirm", .flag = &in.require_confirm,
	  .dflt = "false", .help = "Reviewers alone are not enough" },
	{ .rows = repository_inputs },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "gate", .help = "What was proven: environment, confirm or"
	    " both" },
	{ 0 }
};

/* Reviewers of the environment; -1: not known, and *e says why. */
static int
count_reviewers(struct err *e)
{
	struct github *g = repository_open(e);
	int n = -1;

	if (g != NULL && !github_find_reviewers(g, in.environment, &n, e))
		n = -1;
	github_close(g);
	return n;
}

/* Is the environment guarded? *why: in words, if it is not. */
static bool
is_guarded(const char **why)
{
	struct err e = { 0 };
	int n;

	if (text_empty(in.environment)) {
		*why = "no environment is given";
		return false;
	}
	n = count_reviewers(&e);
	if (n > 0)
		log_info("environment %s: %d who may approve", in.environment,
		    n);
	else if (n == 0)
		*why = pool_printf(step_common()->pool, "environment %s is"
		    " there, but no reviewer is required: add one in Settings,"
		    " Environments (a private repository needs a plan that has"
		    " them)", in.environment);
	else
		*why = pool_printf(step_common()->pool, "%s%s", e.text,
		    e.kind == ERR_NOT_FOUND ? ": make it in Settings,"
		    " Environments, with required reviewers" : "");
	return n > 0;
}

static bool
run(struct err *e)
{
	const char *instance = step_common()->instance;
	bool confirmed = !text_empty(in.confirm);
	const char *why = "";
	bool guarded;

	if (confirmed && strcmp(in.confirm, instance) != 0)
		return err_set(e, ERR_INPUT, "confirm: is \"%s\", not \"%s\":"
		    " is this the instance that was meant?", in.confirm,
		    instance);
	if (in.require_confirm && !confirmed)
		return err_set(e, ERR_HAND, "this phase must be confirmed:"
		    " start it again with CONFIRM=%s", instance);
	guarded = is_guarded(&why);
	if (!guarded && !confirmed)
		return err_set(e, ERR_HAND, "the gate is not proven: %s. Or"
		    " start the phase again with CONFIRM=%s", why, instance);
	if (!guarded && !text_empty(in.environment))
		log_warn("only CONFIRM guards this phase: %s", why);
	step_output("gate", "%s", !guarded ? "confirm" : confirmed ? "both"
	    : "environment");
	return true;
}

const struct step step_check_gate = {
	.name = "check-gate",
	.about = "Prove that somebody approves an unsafe phase",
	.icon = "shield",
	.uses = STEP_NET,
	.inputs = inputs, .outputs = outputs, .run = run,
};
