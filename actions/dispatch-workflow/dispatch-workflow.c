/*
 * dispatch-workflow - start one of the cluster's own workflows and wait.
 *
 * Guide: "Configure", items 2 (create instance), 4 and 7 (build), and each
 * later build. Run it as often as you like: a run that holds the commit that
 * matters is adopted while it is active, and enough once it has succeeded
 * and no value of config.yml has changed since. An older active run is
 * waited out, as a second one beside it would be cancelled by GitHub or
 * build the same twice. Nothing is ever dispatched twice after an answer
 * that was lost: the run is looked up.
 *
 * Runs of other instances are told apart by the run's title, which must hold
 * the instance's name (Launchpad's do).
 */
#include <string.h>

#include "api/dispatch.h"
#include "api/github.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "site/repository.h"
#include "step/step.h"

/* A run shows in GitHub's lists some seconds after its dispatch: look twice
 * before making one, as one of a predecessor that was killed may be there. */
enum { SETTLE = 3 * 1000 };

static struct {
	const char *kind, *workflow, *inputs, *title, *contains, *no_image;
	long minutes;
} in;

static const char *const kinds[] = {
	"create", "build", "render", "other", NULL
};

/* A line whose key ends before `key`, and its value before `end`. */
static void
set_line(struct json *to, const char *text, size_t key, size_t end)
{
	struct pool *p = pool_new();

	json_set_str(to, pool_strndup(p, text, key),
	    pool_strndup(p, text + key + 1, end - key - 1));
	pool_free(p);
}

/* KEY=VALUE lines; values may be empty, and then are left out. */
static bool
read_lines(struct json *to, const char *text, struct err *e)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		size_t key = strcspn(text, "=\n");
		size_t end = n;

		while (end > 0 && strchr(" \t\r", text[end - 1]) != NULL)
			end--;
		if (end > 0 && key >= end)
			return err_set(e, ERR_INPUT, "\"%.*s\" is no"
			    " KEY=VALUE", (int)end, text);
		if (end > key + 1)
			set_line(to, text, key, end);
		text += n + (text[n] == '\n');
	}
	return true;
}

static bool
read_object(struct json *to, const char *text, struct err *e)
{
	struct json *from = json_parse(text, strlen(text), "inputs", e);
	bool ok = json_is_object(from);

	for (const struct json *i = json_first(from); i != NULL && ok;
	    i = json_next(i)) {
		struct buf value = buf_new(64 * 1024);

		ok = json_scalar(i, &value);
		if (ok && value.len > 0)
			json_set_str(to, json_name(i), buf_str(&value));
		buf_free(&value);
	}
	json_free(from);
	if (ok)
		return true;
	return err_set(e, ERR_INPUT, "it is neither lines of KEY=VALUE"
	    " nor a JSON object of plain values");
}

static bool
read_inputs(struct json *to, const char *text, struct err *e)
{
	text += strspn(text, " \t\r\n");
	return *text == '{' ? read_object(to, text, e)
	    : read_lines(to, text, e);
}

static bool
check_inputs(const char *text, struct err *e)
{
	struct json *scratch = json_object();
	bool ok = read_inputs(scratch, text, e);

	json_free(scratch);
	return ok;
}

static const struct place workflow_places[] = {
	{ "workflows.create", "File name of the workflow that creates an "
	  "instance", false },
	{ "workflows.build", "File name of the one that builds", false },
	{ "workflows.render", "File name of the one that only renders",
	  false },
	{ 0 }
}, input_places[] = {
	{ "workflows.inputs.create.*", "Input of that workflow", true },
	{ "workflows.inputs.build.*", "Input of that workflow", true },
	{ "workflows.inputs.render.*", "Input of that workflow", true },
	{ "workflows.inputs.other.*", "Input of any other workflow", true },
	{ 0 }
};

static const struct input inputs[] = {
	{ .name = "workflow-kind", .str = &in.kind, .oneof = kinds,
	  .dflt = "other", .help = "What the workflow does: create, build"
	    " and render know when nothing is left to do" },
	{ .name = "workflow", .str = &in.workflow, .optional = true,
	  .places = workflow_places,
	  .help = "File name of the workflow; if empty, what the plan says in"
	    " workflows.<kind>, else create-instance.yml, build-all.yml or"
	    " generate-env.yml" },
	{ .name = "inputs", .str = &in.inputs, .optional = true,
	  .check = check_inputs, .places = input_places,
	  .help = "Its inputs, one KEY=VALUE a line or a JSON object; an"
	    " empty value is not sent. INSTANCE_NAME is added but for kind"
	    " other; so is workflows.inputs.<kind> of the plan" },
	{ .name = "title", .str = &in.title, .optional = true,
	  .help = "Text that the titles of its runs for this instance hold;"
	    " if empty, the instance's name as a word" },
	{ .name = "contains", .str = &in.contains, .check = text_check_sha,
	  .optional = true, .help = "Commit that the run must hold; if empty,"
	    " the one that last touched the instance's config.yml" },
	{ .name = "no-image-keys", .str = &in.no_image,
	  .dflt = "DRYDOCK_INIT_JOBS", .help = "Keys of config.yml that enter"
	    " no image: a change of them alone needs no build" },
	{ .name = "minutes", .num = &in.minutes, .min = 1, .max = 360,
	  .dflt = "120", .help = "How long to wait for the run" },
	{ .rows = repository_inputs },
	{ 0 }
};

static const struct output outputs[] = {
	{ .name = "run-id", .help = "Number of the run; empty if none was"
	    " needed" },
	{ .name = "run-url", .help = "Address of the run" },
	{ .name = "conclusion", .help = "What the run ended with" },
	{ .name = "head", .help = "Head of the branch after it" },
	{ 0 }
};

static bool
is_kind(const char *kind)
{
	return strcmp(in.kind, kind) == 0;
}

static const char *
workflow_of(const char *kind, const char *usual)
{
	const char *planned = step_plan_value(pool_printf(step_common()->pool,
	    "workflows.%s", kind));

	return !text_empty(in.workflow) ? in.workflow
	    : !text_empty(planned) ? planned : usual;
}

static const char *
choose_workflow(void)
{
	if (is_kind("create"))
		return workflow_of("create", "create-instance.yml");
	if (is_kind("build"))
		return workflow_of("build", "build-all.yml");
	if (is_kind("render"))
		return workflow_of("render", "generate-env.yml");
	return in.workflow;
}

/* What the plan has for the kind, overridden by what the step was given. */
static bool
gather_inputs(struct json *to, struct err *e)
{
	struct pool *p = step_common()->pool;
	const char *place = pool_printf(p, "workflows.inputs.%s", in.kind);
	const char *key;

	if (!is_kind("other"))
		json_set_str(to, "INSTANCE_NAME", step_common()->instance);
	for (int i = 0; (key = step_plan_key(place, i)) != NULL; i++) {
		const char *value = step_plan_value(pool_printf(p, "%s.%s",
		    place, key));

		if (!text_empty(value))
			json_set_str(to, key, value);
	}
	return in.inputs == NULL || read_inputs(to, in.inputs, e);
}

static void
put_outputs(const struct github_run *run, const char *head)
{
	step_output("run-id", "%s", run->id != NULL ? run->id : "");
	step_output("run-url", "%s", run->url != NULL ? run->url : "");
	step_output("conclusion", "%s", run->conclusion != NULL
	    ? run->conclusion : "");
	step_output("head", "%s", head);
}

/* "success", or an error with the job and step that failed. */
static bool
check_conclusion(struct github *g, const struct github_run *run,
    struct err *e)
{
	struct buf failed = buf_new(1000);
	struct err unseen = { 0 };

	if (github_is_success(run))
		return true;
	if (!github_say_failed(g, run->id, &failed, &unseen))
		log_warn("%s", unseen.text);
	err_set(e, ERR_OTHER, "%s ended with %s%s%s: %s", run->title,
	    run->conclusion, failed.len > 0 ? ": " : "", buf_str(&failed),
	    run->url);
	buf_free(&failed);
	return false;
}

/* Wait for a run to its end, and tell what became of it and the branch. */
static bool
await_run(struct github *g, const struct dispatch_want *want, const char *id,
    clock_ms deadline, struct err *e)
{
	struct github_run run;
	const char *head;

	if (!github_await_run(g, id, deadline, &run, e))
		return false;
	head = github_find_head(g, want->branch, e);
	if (head == NULL)
		return false;
	put_outputs(&run, head);
	if (want->title == NULL && strstr(run.title, want->instance) == NULL)
		log_warn("the title of %s does not name %s: without a run-name"
		    " that does, a repeated run can't find it", run.url,
		    want->instance);
	return check_conclusion(g, &run, e);
}

static bool
dispatch(struct github *g, const struct dispatch_want *want,
    const struct dispatch_found *found, clock_ms deadline, struct err *e)
{
	struct json *with = json_object();
	struct buf text = buf_new(64 * 1024);
	const char *id;
	bool ok = gather_inputs(with, e);

	if (ok) {
		json_print(with, false, &text);
		log_info("%s: %s", want->workflow, found->why);
		step_change(want->workflow, "not run", pool_printf(
		    step_common()->pool, "dispatched on %s (%.12s) with %s",
		    want->branch, found->head, buf_str(&text)));
	}
	if (ok && step_common()->dry_run)
		put_outputs(&(struct github_run){ 0 }, found->head);
	else if (ok)
		ok = dispatch_start(g, want, with, found, &id, e)
		    && await_run(g, want, id, deadline, e);
	buf_free(&text);
	json_free(with);
	return ok;
}

/* Is what the workflow makes, or needs, in the branch? */
static bool
find_config(struct github *g, const struct dispatch_want *want, bool *there,
    struct err *e)
{
	struct buf text = buf_new(1024 * 1024);
	struct err none = { 0 };
	const char *config = pool_printf(step_common()->pool,
	    "instances/%s/config.yml", want->instance);

	*there = github_read_file(g, want->branch, config, &text, &none);
	buf_free(&text);
	if (*there || none.kind == ERR_NOT_FOUND)
		return true;
	*e = none;
	return false;
}

/* Is the work done (create), or nothing to be done yet (a dry run before the
 * instance is there)? */
static bool
check_config(struct github *g, const struct dispatch_want *want, bool *enough,
    struct err *e)
{
	bool there;

	*enough = false;
	if (is_kind("other"))
		return true;
	if (!find_config(g, want, &there, e))
		return false;
	if (is_kind("create")) {
		*enough = there;
		return true;
	}
	if (there)
		return true;
	if (!step_common()->dry_run)
		return err_set(e, ERR_NOT_FOUND, "instances/%s/config.yml is"
		    " not in branch %s: create the instance first",
		    want->instance, want->branch);
	step_follows(pool_printf(step_common()->pool,
	    "instances/%s/config.yml", want->instance),
	    "dispatch-workflow (create)");
	*enough = true;
	return true;
}

static bool
finish_without(struct github *g, const struct dispatch_want *want,
    struct err *e)
{
	const char *head = github_find_head(g, want->branch, e);

	if (head == NULL)
		return false;
	if (is_kind("create"))
		step_same(want->workflow, "the instance is there");
	put_outputs(&(struct github_run){ 0 }, head);
	return true;
}

/*
 * One look, and what follows from it. *again: what we waited for is over,
 * look once more.
 */
static bool
act(struct github *g, const struct dispatch_want *want,
    struct dispatch_found *found, clock_ms deadline, bool *again,
    struct err *e)
{
	struct github_run over;

	*again = false;
	switch (found->state) {
	case DISPATCH_DONE:
		step_same(want->workflow, pool_printf(step_common()->pool,
		    "run for %.12s succeeded: %s", found->run.head,
		    found->run.url));
		put_outputs(&found->run, found->head);
		return true;
	case DISPATCH_ACTIVE:
		log_info("%s is %s already: %s", found->run.title,
		    found->run.status, found->run.url);
		step_same(want->workflow, found->run.url);
		if (!step_common()->dry_run)
			return await_run(g, want, found->run.id, deadline, e);
		put_outputs(&found->run, found->head);
		return true;
	case DISPATCH_OLDER:
		log_info("waiting for an older run to end: %s",
		    found->run.url);
		*again = !step_common()->dry_run;
		if (*again)
			return github_await_run(g, found->run.id, deadline,
			    &over, e);
		found->why = "an older run is active";
		return dispatch(g, want, found, deadline, e);
	case DISPATCH_NONE:
		break;
	}
	return dispatch(g, want, found, deadline, e);
}

/* Where nothing renders alone, a build does it too. */
static bool
find(struct github *g, struct dispatch_want *want,
    struct dispatch_found *found, struct err *e)
{
	struct err none = { 0 };

	if (dispatch_find(g, want, found, &none))
		return true;
	if (none.kind == ERR_NOT_FOUND && is_kind("render")
	    && text_empty(in.workflow)) {
		log_warn("there is no workflow %s: a build renders too",
		    want->workflow);
		in.kind = "build";
		want->workflow = choose_workflow();
		return dispatch_find(g, want, found, e);
	}
	*e = none;
	return false;
}

static bool
ensure_run(struct github *g, struct dispatch_want *want, struct err *e)
{
	clock_ms deadline = clock_deadline(in.minutes * 60);
	struct dispatch_found found;
	bool enough, again = true, settled = step_common()->dry_run;

	while (again) {
		if (!find(g, want, &found, e)
		    || !check_config(g, want, &enough, e))
			return false;
		if (found.state == DISPATCH_NONE && enough)
			return finish_without(g, want, e);
		if (found.state == DISPATCH_NONE && !settled) {
			settled = true;
			clock_pause(SETTLE);
			continue;
		}
		if (!act(g, want, &found, deadline, &again, e))
			return false;
	}
	return true;
}

static bool
run(struct err *e)
{
	const struct step_common *c = step_common();
	struct dispatch_want want = {
		.workflow = choose_workflow(), .branch = c->branch,
		.instance = c->instance, .title = in.title,
		.contains = in.contains,
		.no_image = is_kind("build")
		    ? text_split(c->pool, in.no_image, NULL) : NULL,
	};
	struct github *g;
	bool ok;

	if (text_empty(want.workflow))
		return err_set(e, ERR_INPUT, "workflow: give its file name, or"
		    " workflow-kind create, build or render");
	if (text_empty(in.title) && strcmp(c->branch, c->instance) == 0)
		return err_set(e, ERR_INPUT, "title: is needed, as the"
		    " instance is called like the branch");
	if (is_kind("build") || is_kind("render"))
		want.config = pool_printf(c->pool, "instances/%s/config.yml",
		    c->instance);
	g = repository_open(e);
	ok = g != NULL && ensure_run(g, &want, e);
	github_close(g);
	return ok;
}

const struct step step_dispatch_workflow = {
	.name = "dispatch-workflow",
	.about = "Run one of the cluster's workflows, once, and wait for it",
	.icon = "play-circle",
	.uses = STEP_CHANGES | STEP_NET | STEP_REPO,
	.inputs = inputs, .outputs = outputs, .run = run,
};
