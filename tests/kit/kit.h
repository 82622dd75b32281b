/*
 * kit - what the tests share: a main for Check that prints TAP, and a way to
 * run a real step as the runner would.
 */
#ifndef TESTS_KIT_H
#define TESTS_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <check.h>

/* Run the suites (NULL-ended list of calls' results) and print TAP. The exit
 * status is 0 only if at least one test ran and none failed. */
int kit_main(Suite *first, ...) __attribute__((sentinel));

/* The whole program can't run here: prints the reason as TAP, exit 0. */
int kit_skip_all(const char *reason);

/* The value of an SB_ variable of the sandbox; the test fails without it. */
const char *kit_env(const char *name);

/* ---- one run of a step -------------------------------------------------- */

struct kit_run {
	int status;		/* exit status; 128+n for signal n */
	char *out;		/* stdout and stderr */
	char *outputs;		/* what it wrote to GITHUB_OUTPUT */
	char *summary;		/* what it wrote to GITHUB_STEP_SUMMARY */
	char *dir;		/* its temporary folder (RUNNER_TEMP) */
};

/*
 * Run build/bin/<step> with a clean environment, no stdin, and these
 * variables: "NAME=value", NULL-ended. A name that is a step's input is
 * written as in action.yml: "zone=example.test" becomes INPUT_ZONE; one in
 * upper case is passed as it is ("GITHUB_ACTIONS=true"). In a loopback
 * sandbox dns-servers and ca-file are added by the caller (kit_net). The
 * strings are freed by kit_run_free.
 */
struct kit_run kit_step(const char *step, const char *const *vars);
/* The same, killed with SIGKILL after ms milliseconds if still running. */
struct kit_run kit_step_killed(const char *step, const char *const *vars,
    long ms);
void kit_run_free(struct kit_run *);
/* A shell command beside the test, ended with it; and end it now, and wait
 * (0: there is none). */
pid_t kit_beside(const char *command);
void kit_end(pid_t *);
/* The last value of an output, or NULL; in static memory. */
const char *kit_output(const struct kit_run *, const char *name);

/* "zone=x" as a step's environment has it, "INPUT_ZONE=x"; what begins in
 * upper case as it is. malloc'd. */
char *kit_variable(const char *var);
/* Append to a NULL-ended list of at most `room` entries. */
void kit_add(const char **vars, size_t room, const char *var);
/* The same, unless there is an entry of this name already. */
void kit_add_usual(const char **vars, size_t room, const char *var);

/* Read or write a whole file; the test fails if it can't. Free the text. */
char *kit_read(const char *path);
void kit_write(const char *path, const char *text);
/* A new empty folder below build/tmp; the name is in malloc'd memory. */
char *kit_folder(void);
/*
 * A cluster repository that needs no sandbox: in the folder, bare.git and
 * work, a checkout of it, whose one commit holds instances/st/config.yml with
 * this text.
 */
void kit_repository(const char *folder, const char *config);
/* Run a shell command line of the test (never of the product): its output,
 * malloc'd; the test fails unless it exits with 0. */
char *kit_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same without the last line end; lasts as long as the test's process. */
const char *kit_out(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* Text for the length of the test's process. */
const char *kit_text(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

#define kit_contains(text, part) \
	ck_assert_msg(strstr((text), (part)) != NULL, \
	    "expected \"%s\" in: %s", (part), (text))
#define kit_lacks(text, part) \
	ck_assert_msg(strstr((text), (part)) == NULL, \
	    "unexpected \"%s\" in: %s", (part), (text))

#endif
