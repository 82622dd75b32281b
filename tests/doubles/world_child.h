/*
 * world_child - children of the world double: git, and the Python renderer.
 *
 * Children inherit the environment that child_init() prepared: a git
 * configuration of our own, so that neither the user's nor the system's
 * settings (and their owner checks) change what a run does.
 */
#ifndef WORLD_CHILD_H
#define WORLD_CHILD_H

#include <stdbool.h>

struct text;

/*
 * Prepare the environment; `run` is a folder for the git configuration,
 * `git` the folder that holds owner/repository.git, `source` the one that
 * holds render.py and fixtures/.
 */
bool child_init(const char *run, const char *git, const char *source);

/*
 * Run argv (NULL at its end) in the folder `dir` (NULL: ours), its output
 * appended to out (NULL: thrown away). True if it ended with 0. What it
 * writes to stderr goes to ours.
 */
bool child_run(const char *dir, const char *const argv[], struct text *out);

/* render.py with up to four arguments; NULL ends them. */
bool child_render(struct text *out, const char *verb, const char *a,
    const char *b, const char *c);

/*
 * git -C DIR verb ... with the arguments up to NULL; a final newline of the
 * output is cut. The first form is for bare repositories by their name
 * ("owner/cluster"); false also where there is no such repository.
 */
bool git_bare(struct text *out, const char *repo, ...)
    __attribute__((sentinel));
bool git_at(struct text *out, const char *dir, ...)
    __attribute__((sentinel));

/* The path of one of our fixtures; the caller frees it. */
char *child_fixture(const char *name);

/* The path of a bare repository; the caller frees it. */
char *git_path(const char *repo);

/* A fresh empty folder under `run`, and its removal. */
char *folder_make(const char *what);
void folder_remove(char *path);	/* frees path */

#endif
