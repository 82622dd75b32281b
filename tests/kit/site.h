/*
 * site - the instance's hosts in the sandbox, as a test of a step arranges
 * them: their records on both name servers, what the new side runs, and what
 * its ingress serves; and a repository of the test's own.
 *
 * Runs inside the sandbox (SB_ variables). Texts last as long as the test's
 * process.
 */
#ifndef TESTS_SITE_H
#define TESTS_SITE_H

#include <stdbool.h>

/* ---- name servers ---- */

/* Change the zone as another person would: RRsets as PowerDNS' API takes
 * them, separated by commas. The second server is told. */
void site_patch(const char *sets);
/* One such RRset: replaced, or deleted. */
const char *site_set(const char *name, const char *type, int ttl,
    const char *content);
const char *site_no_set(const char *name, const char *type);
/* Wait until the second server has what the first one has. */
void site_settle(void);
/* The four hosts at the old side with this TTL, on both servers. */
void site_reset_zone(int ttl);
/* The zone's serial, as the first server has it. */
const char *site_serial(void);

/* ---- the new side ---- */

/* A config.yml that can be deployed under this name. */
void site_config(const char *name, const char *file);
/* Run it: the LMS there reads it at its next request. */
void site_deploy(const char *name);
/* The ingress serves these hosts ("a b", none: ""), and no new connection
 * meets what it served before; `own`: each with a certificate of its own,
 * for which DNS must lead there. */
void site_serve(const char *hosts, bool own);
/* Nothing is deployed, and no host served. */
void site_clear(void);

/* ---- the cluster repository ---- */

/* A folder with a bare copy of the world's repository (bare.git) and a
 * checkout of that (work). */
const char *site_repository(void);
/* The same folder as it was at first: one commit, a new checkout. */
void site_forget(const char *folder);
#endif
