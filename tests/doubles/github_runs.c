/*
 * Runs of workflows in the GitHub double: dispatch, lists, and the states
 * that a run goes through while time passes.
 *
 * queued -> (pending while another run holds its concurrency group) ->
 * in_progress -> completed. The work itself is done by a thread near the
 * end of the run's time, so that a run that is cancelled before has changed
 * nothing.
 */
#include "github_in.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "world_fixture.h"
#include "world_http.h"
#include "world_json.h"
#include "world_set.h"
#include "world_text.h"

#define API "https://api.github.com/repos"

enum { PAYLOAD_MAX = 65535, INPUTS_GIVEN_MAX = 25, LIST_MAX = 1000 };

/* GitHub's run ids passed 2^31 long ago; a client must not cut them. */
static const double FIRST_RUN = 35064429580, FIRST_JOB = 98711551488;

enum state { QUEUED, PENDING, RUNNING, COMPLETED };

struct run {
	struct run *next;	/* older */
	const struct workflow *w;
	double id, job;		/* job: id of the first of its jobs */
	int number;
	cJSON *inputs, *commit;
	char *ref, *sha, *title, *actor;
	char *groups[GROUPS_MAX];
	enum state state;
	double created, started, ended;
	const char *conclusion;
	bool cancel, nocommit, fails;
	bool working, worked;	/* of the thread */
	enum work_end end;
};

static struct run *runs;	/* newest first */
static int made;

static const struct workflow *
find_workflow(const char *id)
{
	double n = strtod(id, NULL);

	for (const struct workflow *w = workflows; w->file != NULL; w++) {
		if (strcmp(w->file, id) == 0 || w->id == n)
			return w;
	}
	return NULL;
}

static struct run *
find_run(const char *id)
{
	double n = strtod(id, NULL);

	for (struct run *u = runs; u != NULL; u = u->next) {
		if (u->id == n)
			return u;
	}
	return NULL;
}

/* --- how a run is shown ------------------------------------------------ */

static const char *
state_word(enum state s)
{
	static const char *const words[] = { "queued", "pending",
	    "in_progress", "completed" };

	return words[s];
}

static cJSON *
run_words(const struct run *u)
{
	double when = u->ended > 0 ? u->ended : u->started > 0 ? u->started :
	    u->created;
	cJSON *words = hub_words();
	char *s = text_make("%.0f", u->id);

	json_puts(words, "ID", s);
	free(s);
	s = text_make("%.0f", u->w->id);
	json_puts(words, "WORKFLOW", s);
	free(s);
	s = text_make("%.0f", u->id + 4000000);
	json_puts(words, "SUITE", s);
	free(s);
	json_puts(words, "NAME", u->w->name);
	json_puts(words, "FILE", u->w->file);
	json_puts(words, "REF", u->ref);
	json_puts(words, "SHA", u->sha);
	s = time_rfc3339(u->created);
	json_puts(words, "CREATED", s);
	free(s);
	s = time_rfc3339(when);
	json_puts(words, "UPDATED", s);
	free(s);
	s = time_rfc3339(u->started > 0 ? u->started : u->created);
	json_puts(words, "STARTED", s);
	free(s);
	return words;
}

static cJSON *
head_commit(const struct run *u)
{
	cJSON *o = cJSON_CreateObject();

	json_puts(o, "id", u->sha);
	json_puts(o, "tree_id", json_str(u->commit, "commit/tree/sha"));
	json_puts(o, "message", json_str(u->commit, "commit/message"));
	json_puts(o, "timestamp", json_str(u->commit,
	    "commit/committer/date"));
	json_puts(o, "author/name", json_str(u->commit,
	    "commit/author/name"));
	json_puts(o, "author/email", json_str(u->commit,
	    "commit/author/email"));
	json_puts(o, "committer/name", json_str(u->commit,
	    "commit/committer/name"));
	json_puts(o, "committer/email", json_str(u->commit,
	    "commit/committer/email"));
	return o;
}

static cJSON *
show_run(const struct run *u)
{
	cJSON *words = run_words(u);
	cJSON *o = fixture("github/run.json", words);

	cJSON_Delete(words);
	json_putn(o, "id", u->id);
	json_puts(o, "display_title", u->title);
	json_putn(o, "run_number", u->number);
	json_puts(o, "status", state_word(u->state));
	json_puts(o, "conclusion", u->conclusion);
	json_putn(o, "workflow_id", u->w->id);
	json_putn(o, "check_suite_id", u->id + 4000000);
	json_put(o, "actor", hub_user(u->actor));
	json_put(o, "triggering_actor", hub_user(u->actor));
	json_put(o, "head_commit", head_commit(u));
	json_put(o, "repository", hub_repository());
	json_put(o, "head_repository", hub_repository());
	return o;
}

static int
count_jobs(const struct workflow *w)
{
	int n = 0;

	while (n < JOBS_MAX && w->jobs[n].name != NULL)
		n++;
	return n;
}

static int
count_steps(const struct workflow *w, int j)
{
	int n = 0;

	while (n < STEPS_MAX && w->jobs[j].steps[n] != NULL)
		n++;
	return n;
}

/* A run that fails by the knob does so in its first job, at the build; a
 * work that failed is told by the last job's step that did it. */
static int
failing_job(const struct run *u)
{
	return u->worked ? count_jobs(u->w) - 1 : 0;
}

static int
failing_step(const struct run *u)
{
	int n = count_steps(u->w, failing_job(u));

	if (!u->worked)
		return n - 2;
	return u->end == WORK_CHECKOUT ? 1 : u->end == WORK_RENDER ? n - 3 :
	    n - 2;
}

/* What step k of job j ended with, by how the run did. */
static const char *
step_conclusion(const struct run *u, int j, int k)
{
	int bad = failing_job(u);

	if (strcmp(u->conclusion, "success") == 0 || (j < bad
	    && strcmp(u->conclusion, "cancelled") != 0))
		return "success";
	if (strcmp(u->conclusion, "cancelled") == 0)
		return k == 0 && u->started > 0 ? "cancelled" : "skipped";
	if (j > bad || k > failing_step(u))
		return "skipped";
	return k < failing_step(u) ? "success" : "failure";
}

static cJSON *
show_step(const struct run *u, int j, int k, const char *when)
{
	cJSON *o = cJSON_CreateObject();
	bool done = u->state == COMPLETED;
	bool first = u->state == RUNNING && k == 0;

	json_puts(o, "name", u->w->jobs[j].steps[k]);
	json_puts(o, "status", done ? "completed" : first ? "in_progress" :
	    "queued");
	json_puts(o, "conclusion", done ? step_conclusion(u, j, k) : NULL);
	json_putn(o, "number", k + 1);
	json_puts(o, "started_at", done || first ? when : NULL);
	json_puts(o, "completed_at", done ? when : NULL);
	return o;
}

static const char *
job_conclusion(const struct run *u, int j)
{
	int bad = failing_job(u);

	if (strcmp(u->conclusion, "success") == 0
	    || strcmp(u->conclusion, "cancelled") == 0 || j == bad)
		return u->conclusion;
	return j < bad ? "success" : "skipped";
}

static cJSON *
show_job(const struct run *u, int j)
{
	cJSON *words = run_words(u), *o;
	char *id = text_make("%.0f", u->job + j), *when;

	json_puts(words, "JOB", id);
	free(id);
	o = fixture("github/job.json", words);
	json_putn(o, "id", u->job + j);
	json_putn(o, "run_id", u->id);
	json_puts(o, "name", u->w->jobs[j].name);
	json_puts(o, "status", state_word(u->state));
	when = text_copy(json_str(words, "UPDATED"));
	if (u->state == COMPLETED) {
		json_puts(o, "conclusion", job_conclusion(u, j));
		json_puts(o, "completed_at", when);
	}
	if (u->state >= RUNNING && u->started > 0) {
		json_putn(o, "runner_id", 21 + j);
		json_puts(o, "runner_name", "GitHub Actions 21");
		json_putn(o, "runner_group_id", 0);
		json_puts(o, "runner_group_name", "GitHub Actions");
	}
	for (int k = 0; u->w->jobs[j].steps[k] != NULL
	    && u->state >= RUNNING; k++)
		(void)cJSON_AddItemToArray(json_at(o, "steps"),
		    show_step(u, j, k, when));
	free(when);
	cJSON_Delete(words);
	return o;
}

static cJSON *
show_workflow(const struct workflow *w)
{
	cJSON *words = hub_words(), *o;
	char *id = text_make("%.0f", w->id);

	json_puts(words, "NAME", w->name);
	json_puts(words, "FILE", w->file);
	json_puts(words, "WORKFLOW", id);
	free(id);
	o = fixture("github/workflow.json", words);
	json_putn(o, "id", w->id);
	if (word_in(w->file, knob("github.disabled")))
		json_puts(o, "state", "disabled_manually");
	cJSON_Delete(words);
	return o;
}

/* --- dispatch ---------------------------------------------------------- */

/* The row of an input in the workflow's table, or -1. */
static int
input_row(const struct workflow *w, const char *name)
{
	for (int i = 0; i < INPUTS_MAX && w->inputs[i].name != NULL; i++) {
		if (strcmp(w->inputs[i].name, name) == 0)
			return i;
	}
	return -1;
}

static bool
check_input(const struct workflow *w, const cJSON *v, struct reply *p)
{
	int i = input_row(w, v->string);

	if (i < 0) {
		hub_fail(p, 422, "Unexpected inputs provided: [\"%s\"]",
		    v->string);
		return false;
	}
	if (!cJSON_IsString(v)) {
		hub_fail(p, 422, "Invalid request.\n\nFor 'properties/%s', "
		    "the value is not a string.", v->string);
		return false;
	}
	if (w->inputs[i].choices != NULL
	    && !word_in(v->valuestring, w->inputs[i].choices)) {
		hub_fail(p, 422, "Provided value '%s' for input '%s' not in "
		    "the list of allowed values", v->valuestring, v->string);
		return false;
	}
	return true;
}

/* All inputs with defaults filled in, or NULL when it has answered. */
static cJSON *
take_inputs(const struct workflow *w, const cJSON *given, struct reply *p)
{
	cJSON *all = cJSON_CreateObject();
	const cJSON *v;

	if (cJSON_GetArraySize(given) > INPUTS_GIVEN_MAX) {
		hub_fail(p, 422, "Invalid request.\n\nNo more than %d "
		    "properties are allowed.", INPUTS_GIVEN_MAX);
		cJSON_Delete(all);
		return NULL;
	}
	cJSON_ArrayForEach(v, given) {
		if (!check_input(w, v, p)) {
			cJSON_Delete(all);
			return NULL;
		}
		json_puts(all, v->string, v->valuestring);
	}
	for (int i = 0; i < INPUTS_MAX && w->inputs[i].name != NULL; i++) {
		const char *name = w->inputs[i].name;

		if (json_at(all, name) != NULL)
			continue;
		if (w->inputs[i].required) {
			hub_fail(p, 422, "Required input '%s' not provided",
			    name);
			cJSON_Delete(all);
			return NULL;
		}
		json_puts(all, name, w->inputs[i].dflt != NULL ?
		    w->inputs[i].dflt : "");
	}
	return all;
}

static struct run *
make_run(const struct workflow *w, cJSON *inputs, const char *ref, char *sha)
{
	struct run *u = calloc(1, sizeof(*u));

	if (u == NULL)
		abort();
	made++;
	u->w = w;
	u->id = FIRST_RUN + made * 1723;
	u->job = FIRST_JOB + made * 16;
	u->number = made;
	u->inputs = inputs;
	u->ref = text_copy(ref);
	u->sha = sha;
	u->commit = repo_commit(sha);
	u->title = inputs_fill(w->title, inputs);
	u->actor = text_copy(knob("github.login"));
	u->created = now();
	u->fails = word_in(w->file, knob("run.fail"));
	u->nocommit = word_in(w->file, knob("run.nocommit"));
	for (int i = 0; i < GROUPS_MAX && w->groups[i] != NULL; i++)
		u->groups[i] = inputs_fill(w->groups[i], inputs);
	u->next = runs;
	runs = u;
	count("dispatches");
	return u;
}

static bool
share_group(const struct run *a, const struct run *b)
{
	for (int i = 0; i < GROUPS_MAX && a->groups[i] != NULL; i++) {
		for (int k = 0; k < GROUPS_MAX && b->groups[k] != NULL; k++) {
			if (strcmp(a->groups[i], b->groups[k]) == 0)
				return true;
		}
	}
	return false;
}

static void
finish_run(struct run *u, const char *conclusion)
{
	u->state = COMPLETED;
	u->ended = now();
	u->conclusion = conclusion;
}

/* The newest waits; who waited in its group before it is cancelled. */
static void
crowd_out(const struct run *newest)
{
	for (struct run *u = newest->next; u != NULL; u = u->next) {
		if (u->state == COMPLETED || !share_group(newest, u))
			continue;
		if (u->state == RUNNING && newest->w->replaces)
			u->cancel = true;
		else if (u->state == PENDING)
			finish_run(u, "cancelled");
	}
}

/* Does an older run that is not finished hold one of its groups? */
static bool
group_held(const struct run *u)
{
	for (const struct run *o = u->next; o != NULL; o = o->next) {
		if (o->state != COMPLETED && share_group(u, o))
			return true;
	}
	return false;
}

static void
answer_dispatch(const struct request *r, struct reply *p,
    const struct run *u, bool details)
{
	const char *version = header(r, "x-github-api-version");
	bool newer = version != NULL && strcmp(version, "2026-03-10") == 0;

	if (knob_on("github.details") && (newer || details))
		reply_json(p, 200, json_make("{\"workflow_run_id\":%.0f,"
		    "\"run_url\":\"" API "/%s/actions/runs/%.0f\","
		    "\"html_url\":\"https://github.com/%s/actions/runs/%.0f\""
		    "}", u->id, hub.repo, u->id, hub.repo, u->id));
	else
		p->status = 204;
}

/* The parsed and checked body of a dispatch, or NULL when answered. */
static cJSON *
dispatch_body(const struct request *r, struct reply *p)
{
	const char *version = header(r, "x-github-api-version");
	bool newer = version != NULL && strcmp(version, "2026-03-10") == 0;
	cJSON *o = r->body_len <= PAYLOAD_MAX ? cJSON_Parse(r->body) : NULL;
	const char *odd = json_stranger(o, newer
	    || !knob_on("github.details") ? "ref inputs" :
	    "ref inputs return_run_details");
	const cJSON *inputs = json_at(o, "inputs");
	const cJSON *details = json_at(o, "return_run_details");

	if (!cJSON_IsObject(o))
		hub_fail(p, 400, "Problems parsing JSON");
	else if (odd != NULL)
		hub_fail(p, 422, "Invalid request.\n\n\"%s\" is not a "
		    "permitted key.", odd);
	else if (json_at(o, "ref") == NULL)
		hub_fail(p, 422, "Invalid request.\n\n\"ref\" wasn't "
		    "supplied.");
	else if (json_str(o, "ref") == NULL)
		hub_fail(p, 422, "Invalid request.\n\nFor 'properties/ref', "
		    "the value is not a string.");
	else if (inputs != NULL && !cJSON_IsObject(inputs))
		hub_fail(p, 422, "Invalid request.\n\nFor "
		    "'properties/inputs', the value is not an object.");
	else if (details != NULL && !cJSON_IsBool(details))
		hub_fail(p, 422, "Invalid request.\n\nFor 'properties/"
		    "return_run_details', the value is not a boolean.");
	else
		return o;
	cJSON_Delete(o);
	return NULL;
}

/* A branch's or tag's commit; never a bare hash. */
static char *
resolve_ref(const char *ref)
{
	char *name, *sha;

	if (strncmp(ref, "refs/", 5) == 0)
		return repo_resolve(ref);
	for (int i = 0; i < 2; i++) {
		name = i == 0 ? text_make("refs/heads/%s", ref) :
		    text_make("refs/tags/%s", ref);
		sha = repo_resolve(name);
		free(name);
		if (sha != NULL)
			return sha;
	}
	return NULL;
}

static void
dispatch(const struct request *r, struct reply *p, const struct workflow *w,
    const cJSON *body)
{
	const char *ref = json_str(body, "ref");
	cJSON *inputs = NULL;
	struct run *u;
	char *sha;

	sha = resolve_ref(ref);
	if (sha == NULL) {
		hub_fail(p, 422, "No ref found for: %s", ref);
		return;
	}
	inputs = take_inputs(w, json_at(body, "inputs"), p);
	if (inputs == NULL) {
		free(sha);
		return;
	}
	u = make_run(w, inputs, ref, sha);
	crowd_out(u);
	answer_dispatch(r, p, u, json_true(body, "return_run_details"));
}

void
runs_dispatch(const struct request *r, struct reply *p)
{
	const struct workflow *w;
	cJSON *body;

	if (!hub_here(r, p) || !hub_may(p, "actions:write"))
		return;
	w = find_workflow(r->arg[2]);
	if (w == NULL) {
		hub_fail(p, 404, "Not Found");
		return;
	}
	if (word_in(w->file, knob("github.disabled"))) {
		hub_fail(p, 403, "Cannot trigger a 'workflow_dispatch' on a "
		    "disabled workflow");
		return;
	}
	body = dispatch_body(r, p);
	if (body != NULL)
		dispatch(r, p, w, body);
	cJSON_Delete(body);
}

/* --- lists ------------------------------------------------------------- */

/* "2026-11-22T07:00:00Z" with such a moment or only the start of one. */
static int
compare_moment(const char *when, const char *start)
{
	size_t n = strlen(start);

	return strncmp(when, start, n);
}

static bool
created_fits(const char *when, const char *filter)
{
	const char *dots = strstr(filter, "..");

	if (dots != NULL)
		return strncmp(when, filter, (size_t)(dots - filter)) >= 0
		    && compare_moment(when, dots + 2) <= 0;
	if (strncmp(filter, ">=", 2) == 0)
		return compare_moment(when, filter + 2) >= 0;
	if (strncmp(filter, "<=", 2) == 0)
		return compare_moment(when, filter + 2) <= 0;
	if (filter[0] == '>')
		return compare_moment(when, filter + 1) > 0;
	if (filter[0] == '<')
		return compare_moment(when, filter + 1) < 0;
	return compare_moment(when, filter) == 0;
}

static bool
fits(const struct request *r, const char *name, const char *value)
{
	const char *want = query(r, name);

	return want == NULL || strcmp(want, value) == 0;
}

static bool
run_fits(const struct request *r, const struct run *u)
{
	const char *status = query(r, "status");
	const char *created = query(r, "created");
	char *when = time_rfc3339(u->created);
	bool ok = created == NULL || created_fits(when, created);

	free(when);
	if (status != NULL && strcmp(status, state_word(u->state)) != 0
	    && (u->conclusion == NULL || strcmp(status, u->conclusion) != 0))
		return false;
	return ok && now() >= u->created + knob_num("github.lag")
	    && fits(r, "event", "workflow_dispatch")
	    && fits(r, "branch", u->ref)
	    && fits(r, "head_sha", u->sha)
	    && fits(r, "actor", u->actor);
}

static void
list(const struct request *r, struct reply *p, const struct workflow *w)
{
	cJSON *all = cJSON_CreateArray();
	int n = 0;

	for (const struct run *u = runs; u != NULL && n < LIST_MAX;
	    u = u->next) {
		if ((w != NULL && u->w != w) || !run_fits(r, u))
			continue;
		(void)cJSON_AddItemToArray(all, show_run(u));
		n++;
	}
	hub_page(r, p, "workflow_runs", all);
}

static bool
may_read(const struct request *r, struct reply *p)
{
	return hub_here(r, p) && hub_may(p, "actions:read");
}

void
runs_list(const struct request *r, struct reply *p)
{
	if (may_read(r, p))
		list(r, p, NULL);
}

void
runs_list_of(const struct request *r, struct reply *p)
{
	const struct workflow *w;

	if (!may_read(r, p))
		return;
	w = find_workflow(r->arg[2]);
	if (w == NULL)
		hub_fail(p, 404, "Not Found");
	else
		list(r, p, w);
}

void
runs_get(const struct request *r, struct reply *p)
{
	const struct run *u;

	if (!may_read(r, p))
		return;
	u = find_run(r->arg[2]);
	if (u == NULL)
		hub_fail(p, 404, "Not Found");
	else
		reply_json(p, 200, show_run(u));
}

void
runs_jobs(const struct request *r, struct reply *p)
{
	cJSON *all;
	const struct run *u;

	if (!may_read(r, p))
		return;
	u = find_run(r->arg[2]);
	if (u == NULL) {
		hub_fail(p, 404, "Not Found");
		return;
	}
	all = cJSON_CreateArray();
	for (int j = 0; j < count_jobs(u->w); j++)
		(void)cJSON_AddItemToArray(all, show_job(u, j));
	hub_page(r, p, "jobs", all);
}

void
runs_job(const struct request *r, struct reply *p)
{
	double id = strtod(r->arg[2], NULL);

	if (!may_read(r, p))
		return;
	for (const struct run *u = runs; u != NULL; u = u->next) {
		for (int j = 0; j < count_jobs(u->w); j++) {
			if (u->job + j == id) {
				reply_json(p, 200, show_job(u, j));
				return;
			}
		}
	}
	hub_fail(p, 404, "Not Found");
}

/* No environment guards Launchpad's workflows: nothing ever waits. */
void
runs_pending(const struct request *r, struct reply *p)
{
	if (!may_read(r, p))
		return;
	if (find_run(r->arg[2]) == NULL)
		hub_fail(p, 404, "Not Found");
	else
		reply_json(p, 200, cJSON_CreateArray());
}

void
runs_cancel(const struct request *r, struct reply *p)
{
	struct run *u;

	if (!hub_here(r, p) || !hub_may(p, "actions:write"))
		return;
	u = find_run(r->arg[2]);
	if (u == NULL) {
		hub_fail(p, 404, "Not Found");
		return;
	}
	if (u->state == COMPLETED) {
		hub_fail(p, 409, "Cannot cancel a workflow run that is "
		    "completed.");
		return;
	}
	u->cancel = true;
	reply_json(p, 202, cJSON_CreateObject());
}

void
runs_workflows(const struct request *r, struct reply *p)
{
	cJSON *all;

	if (!may_read(r, p))
		return;
	all = cJSON_CreateArray();
	for (const struct workflow *w = workflows; w->file != NULL; w++)
		(void)cJSON_AddItemToArray(all, show_workflow(w));
	hub_page(r, p, "workflows", all);
}

void
runs_workflow(const struct request *r, struct reply *p)
{
	const struct workflow *w;

	if (!may_read(r, p))
		return;
	w = find_workflow(r->arg[2]);
	if (w == NULL)
		hub_fail(p, 404, "Not Found");
	else
		reply_json(p, 200, show_workflow(w));
}

/* --- time passes ------------------------------------------------------- */

static void *
work_thread(void *arg)
{
	struct run *u = arg;
	enum work_end end = work_run(u->w, u->inputs, u->ref, u->nocommit);

	world_lock();
	u->end = end;
	u->worked = true;
	world_unlock();
	return NULL;
}

static void
start_work(struct run *u)
{
	pthread_attr_t attr;
	pthread_t t;

	u->working = true;
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &attr, work_thread, u) != 0)
		u->worked = true;
	(void)pthread_attr_destroy(&attr);
}

static void
tick_running(struct run *u)
{
	double end = u->started + knob_num("run.seconds");

	if (u->working) {
		if (u->worked)
			finish_run(u, u->cancel ? "cancelled" :
			    u->end == WORK_DONE ? "success" : "failure");
	} else if (u->cancel) {
		finish_run(u, "cancelled");
	} else if (now() < end) {
		return;
	} else if (u->fails) {
		/* The word is a knob's: keep it as long as the run. */
		finish_run(u, text_copy(knob("run.conclusion")));
	} else {
		start_work(u);
	}
}

static void
tick(struct run *u)
{
	if (u->state == COMPLETED)
		return;
	if (u->state == RUNNING) {
		tick_running(u);
	} else if (u->cancel) {
		finish_run(u, "cancelled");
	} else if (now() < u->created + knob_num("run.queue")
	    || word_in(u->w->file, knob("run.hold"))) {
		return;
	} else if (group_held(u)) {
		u->state = PENDING;
	} else {
		u->state = RUNNING;
		u->started = now();
	}
}

void
runs_tick(void)
{
	for (struct run *u = runs; u != NULL; u = u->next)
		tick(u);
}

/*
 * Forget all runs. Those whose thread still works are left to it: they are
 * few, and the thread writes to them at its end.
 */
void
runs_reset(void)
{
	runs = NULL;
}
