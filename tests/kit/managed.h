/*
 * managed - the companies that run database servers, and the users there,
 * seen from a test of a step: by curl, jq and askmongo, without our own code.
 *
 * Runs inside the sandbox (SB_ variables). Texts last as long as the test's
 * process.
 */
#ifndef TESTS_MANAGED_H
#define TESTS_MANAGED_H

#include <stdbool.h>

/* One request to Atlas' double: curl's arguments, and the path below the
 * sandbox's project. The answer, whatever it is. */
const char *managed_atlas(const char *arguments, const char *path);

/* A user of DigitalOcean's MongoDB cluster as the old side made it: all
 * rights. Its password. */
const char *managed_make_user(const char *name);
/* The users there whose names begin so, "app readWrite app-forum app-main" a
 * line, sorted; "app all": no limits. */
const char *managed_users(const char *prefix);
/* Does the MongoDB server let this user in? */
bool managed_can_log_in(const char *user, const char *password);

/* What the record says of the MongoDB user; a plain value of the instance's
 * config.yml. Both at the head of the cluster repository. */
const char *managed_record(void);
const char *managed_config(const char *key);

#endif
