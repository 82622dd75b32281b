/*
 * runner - the address that this job's connections come from, as others see
 * it.
 */
#ifndef SITE_RUNNER_H
#define SITE_RUNNER_H

#include "base/err.h"
#include "step/step.h"

/* Rows runner-address and address-url. */
extern const struct input runner_inputs[];

/* The IPv4 address: the input's, or what a server says that it sees; in the
 * step's pool. */
const char *runner_find_address(struct err *) MUST_CHECK;

#endif
