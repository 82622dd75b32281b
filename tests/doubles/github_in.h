/*
 * github_in - what the files of the GitHub double share.
 *
 * github.c       routes, checks of every request, headers of every reply
 * github_repo.c  repository, commits, contents, comparison, environments
 * github_runs.c  workflows and their runs: dispatch, lists, states
 * github_work.c  what the runs really do
 */
#ifndef GITHUB_IN_H
#define GITHUB_IN_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct reply;
struct request;

enum { INPUTS_MAX = 12, JOBS_MAX = 4, STEPS_MAX = 8, GROUPS_MAX = 3 };

/* One workflow of the cluster repository. */
struct workflow {
	double id;
	const char *file, *name;
	const char *title;	/* run-name, with ${INPUT} */
	struct {
		const char *name, *dflt;
		bool required;
		const char *choices;	/* words, or NULL */
	} inputs[INPUTS_MAX];
	const char *groups[GROUPS_MAX];	/* concurrency, with ${INPUT} */
	bool replaces;		/* cancel-in-progress: true */
	struct {
		const char *name;
		const char *steps[STEPS_MAX];
	} jobs[JOBS_MAX];
	/* Does it in a fresh clone; commits are pushed by the caller. */
	bool (*work)(const struct cJSON *inputs, const char *dir);
	const char *message;	/* of the commit, with ${INPUT} */
};

extern const struct workflow workflows[];	/* ends with a NULL file */

/* github.c: what this double is of. */
extern struct hub {
	char *repo, *owner, *name, *branch, *token, *traffic;
} hub;

/* Words for fixtures: OWNER, REPO, BRANCH; the caller deletes it. */
struct cJSON *hub_words(void);
struct cJSON *hub_user(const char *login);
struct cJSON *hub_repository(void);

/* Errors in GitHub's form. The message is formatted. */
void hub_fail(struct reply *p, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Does the token have the permission ("actions:write")? Else answers. */
bool hub_may(struct reply *p, const char *permission);

/* Is it our repository (arg 0 and 1)? Else answers 404. */
bool hub_here(const struct request *r, struct reply *p);

/*
 * Answer one page of a list (which is deleted), by per_page and page, with
 * a Link header. With a key the reply is {"total_count", key: [...]}.
 */
void hub_page(const struct request *r, struct reply *p, const char *key,
    struct cJSON *all);

/* How far a run's work came: where it failed, or WORK_DONE. */
enum work_end { WORK_CHECKOUT, WORK_RENDER, WORK_PUSH, WORK_DONE };

/* github_work.c: run in a thread, without the lock. */
enum work_end work_run(const struct workflow *w, const struct cJSON *inputs,
    const char *branch, bool nocommit);

/* Fill ${INPUT} in a text from inputs; the caller frees it. */
char *inputs_fill(const char *model, const struct cJSON *inputs);

/* github_repo.c: a commit as GitHub's API shows it, or NULL. */
struct cJSON *repo_commit(const char *rev);

/* The full hash of a branch, tag or (partial) hash; NULL: no such. */
char *repo_resolve(const char *rev);

/* Handlers, named in github.c's table. */
typedef void hub_handler(const struct request *, struct reply *);
hub_handler repo_get, repo_get_commit, repo_list_commits, repo_compare,
    repo_contents, repo_branch, repo_ref, repo_environment,
    repo_environments, runs_dispatch, runs_list, runs_list_of, runs_get,
    runs_jobs, runs_cancel, runs_job, runs_workflows, runs_workflow,
    runs_pending;
void runs_tick(void);
void runs_reset(void);

#endif
