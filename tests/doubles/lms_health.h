/*
 * lms_health - whether the databases are usable with what config.yml says:
 * a real login to each, a read, and a write that changes nothing.
 */
#ifndef DOUBLES_LMS_HEALTH_H
#define DOUBLES_LMS_HEALTH_H

#include <stdbool.h>

struct config;
struct st_mysql;

enum { HEALTH_TEXT = 512 };

struct health {
	bool sql, modulestore;
	char sql_says[HEALTH_TEXT], modulestore_says[HEALTH_TEXT];
	/*
	 * Open edX lets a failed connection to MySQL escape from its check:
	 * then the whole answer is this error.
	 */
	bool escaped;
};

/* Once, before any thread; and at the end. */
bool
health_init(void);
void
health_cleanup(void);

/* Log in to MariaDB, as everything does; NULL: says why not. */
struct st_mysql *
health_login(const struct config *c, char says[HEALTH_TEXT]);

void
health_check(const struct config *c, struct health *h);

#endif
