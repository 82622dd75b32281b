/*
 * emptyroot - run a step where there is nothing: a root folder that holds its
 * program (/step), /etc/resolv.conf with the sandbox's resolver, the CA
 * certificates, and /home, the only place that it may write to. No /dev, no
 * /proc, no users, no name service switch, no other program; its standard
 * input is closed.
 *
 * Runs inside the sandbox (SB_ variables).
 */
#ifndef TESTS_EMPTYROOT_H
#define TESTS_EMPTYROOT_H

#include <stdbool.h>

#include "tests/kit/kit.h"

/* May this process change its root, as it is or in a namespace of its own? */
bool emptyroot_possible(void);

/* Make one; its name lasts as long as the test's process. /home/repository
 * is a checkout of the cluster repository. */
const char *emptyroot_make(void);
/*
 * As kit_step; workspace is /home/repository, RUNNER_TEMP is /home. The test
 * fails if a socket of the step's ever stands in for standard input, output
 * or error.
 */
struct kit_run emptyroot_step(const char *root, const char *step,
    const char *const *vars);

#endif
