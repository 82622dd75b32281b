/*
 * clients - what a site does meanwhile: processes that read and write as its
 * user, all the time, and count what fails.
 *
 * A session that was ended is opened again and its statement repeated, as a
 * site's pool does. Where the user could not yet do it, nothing counts until
 * it can.
 */
#ifndef TESTS_CLIENTS_H
#define TESTS_CLIENTS_H

#include <stdbool.h>

#include "db/mysql.h"

enum client_kind {
	CLIENT_INSIDE,		/* opened before, with the database chosen */
	CLIENT_OUTSIDE,		/* opened before, names its database */
	CLIENT_NEW,		/* a new login every 5 ms */
	CLIENT_LATE,		/* opened while he is restricted */
	CLIENT_KINDS
};

/* The first three; returns when each has tried some. true: all could. */
bool clients_start(const struct sql_login *, const char *database);
/* The last one; returns when it, and the others, have tried some more. */
void clients_start_late(void);
/* Wait until each that runs has tried some more. */
void clients_go_on(void);
/* End those that run. How many statements failed; what the first of them
 * said is in *why. */
unsigned long clients_stop(const char **why);
/* How many statements there were in all since clients_start. */
unsigned long clients_done(void);

#endif
