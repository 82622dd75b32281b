/*
 * github - a double of GitHub's REST API, as far as the project calls it.
 *
 * One repository ($SB_REPO), whose bare repository lies in $S/git, and one
 * token ($SB_GITHUB_TOKEN). Workflows can be dispatched, and a dispatched
 * run really does what Launchpad's workflow of that name does: it clones,
 * renders, commits and pushes, while its status goes from queued over
 * in_progress to completed. Two runs of one concurrency group exclude each
 * other: one runs, one waits (pending), and a third cancels the waiting one.
 *
 * It refuses what GitHub refuses: a request without User-Agent, an unknown
 * API version, a wrong token, a permission that the token lacks, inputs
 * that the workflow does not declare or that are not strings, a ref that
 * is not there. Every request with its reply is appended, one JSON object a
 * line, to $S/traffic/github.jsonl (the token left out), which
 * tests/contract/judge.mjs holds against GitHub's published description.
 */
#ifndef GITHUB_H
#define GITHUB_H

struct service;

/* repo is "owner/name"; token what requests must carry. */
void github_init(const char *repo, const char *token, const char *branch,
    const char *traffic);
void github_reset(void);

/* The table of routes and checks; address and port are the caller's. */
void github_service(struct service *s);

/* Let time pass: start, finish and cancel runs. Under the lock. */
void github_tick(void);

#endif
