/*
 * databases - the databases that are an instance's own, and who uses them,
 * by its settings.
 *
 * The source is the file that fetch-settings wrote (what the running site
 * really uses), or else the instance's config.yml. Only what stands there is
 * given: a value that is missing is NULL, never a guess of Tutor's default.
 */
#ifndef EDX_DATABASES_H
#define EDX_DATABASES_H

#include "base/err.h"

struct pool;

/* On one server. */
struct database_user {
	const char *host, *port, *user, *password;
	const char *auth, *tls;		/* MongoDB: authSource; "true" or
					 * "false" */
	const char *const *own;		/* databases, NULL-ended */
	const char *unread;		/* an entry of DATABASES that can't
					 * be read, and why; or NULL */
};

struct databases {
	struct database_user mysql;
	struct database_user mongo;	/* own: main and forum */
};

/*
 * From config.yml of the instance in the workspace; without that file
 * everything is NULL, and no database is named. Strings are copied to the
 * pool; passwords are masked in the log from here on. ERR_INPUT: a value
 * can't be read as text.
 */
bool databases_find(struct pool *, const char *workspace,
    const char *instance, struct databases *, struct err *) MUST_CHECK;

/* The same from the file that fetch-settings wrote in this job: with each
 * entry of DATABASES that the same user of the same server has. */
bool databases_find_running(struct pool *, const char *settings_file,
    struct databases *, struct err *) MUST_CHECK;

#endif
