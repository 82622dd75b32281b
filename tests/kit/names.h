/*
 * names - the instance's host names in the sandbox, as tests of set-dns-ttl,
 * switch-dns and restore-dns move them: a step's inputs, a fault proxy before
 * PowerDNS, and what both name servers say afterwards.
 *
 * Runs inside the sandbox (SB_ variables). Texts last as long as the test's
 * process.
 */
#ifndef TESTS_NAMES_H
#define TESTS_NAMES_H

#include <stdbool.h>

struct kit_run;

enum { NAMES_VARS = 32 };

/* Checked fixtures for Check: the hosts lead to the old side, and the new
 * one runs, but serves no host; afterwards they are put back. */
void names_begin(void);
void names_close(void);

/* Hosts and ingresses; the folder of site_repository; the TTL that steps are
 * told. Set by names_begin. */
extern const char *lms, *cms, *mfe, *old_ip, *new_ip, *names_folder;
extern int names_low;

/* ---- a run of a step ---- */

/* Its inputs, NULL-ended; and one more of them. */
extern const char *names_vars[NAMES_VARS];
void names_var(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Many switches in a row: with the shortest TTL, once is enough. */
void names_hurry(void);
/* Run it and expect this exit status and status. */
struct kit_run names_run(const char *step, int status, const char *word);
void names_just_run(const char *step, int status, const char *word);
/* The key of PowerDNS is nowhere in what the step said. */
void names_check_secrets(const struct kit_run *);
/* A query of jq's to the record as it was pushed; the branch's commits. */
const char *names_record(const char *query);
const char *names_commits(void);

/* ---- what is served ---- */

/* What one server says: "5 127.42.0.10", sorted, one a line; and such a
 * line. */
const char *names_say(const char *server, const char *name,
    const char *type);
const char *names_answer(int ttl, const char *value);
/* Both servers say so; all hosts lead to the new side, and are served there;
 * they lead to the old one. */
void names_expect(const char *name, const char *type, const char *answer);
void names_expect_new(void);
void names_expect_old(void);
/* The new ingress knows the hosts, or none. */
void names_serve(bool final);
/* A shell command: the second name server looks after its zone no more
 * ("STOP"), by itself or when told to, but goes on answering; until "CONT". */
const char *names_second(const char *signal);

/* ---- what goes on meanwhile ---- */

/* A shell command beside the test, ended with it or here. */
void names_help(const char *command);
void names_help_no_more(void);
/* From now on steps reach PowerDNS through a proxy that can fail: as the body
 * of POST /fault; NULL: no more. What passed it since is counted. */
void names_use_proxy(void);
void names_fault(const char *json);
int names_requests(void);
/* The proxy's own address and port. */
const char *names_control(void);
#endif
