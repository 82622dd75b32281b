/*
 * forbid - what a test must not see happen: a request.
 *
 * Needs no rights, no namespace and no sandbox, so it works anywhere; and it
 * sees the first attempt, whatever address it is for.
 */
#ifndef TESTS_FORBID_H
#define TESTS_FORBID_H

#include <stdbool.h>

/*
 * From now on the kernel ends this process, or what it starts, with SIGSYS
 * as soon as it asks for a socket of any kind: for a connection, a name, a
 * message. Can't be undone; Check gives each test a process of its own.
 * false: this kernel can't.
 */
bool forbid_sockets(void);

/* What kit_run's status is then. */
enum { FORBID_SEEN = 128 + 31 };

/*
 * A folder to be PATH, in which git, instead of working, only notes that it
 * was started. forbid_git_ran: it was (true once, then forgotten).
 */
const char *forbid_git(void);
bool forbid_git_ran(const char *folder);

#endif
