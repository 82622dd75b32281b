/*
 * verify - is an instance as it must be at this point of its migration?
 *
 * First all facts are gathered, for all instances at once; then they are
 * judged, one Check test for each check; the records that the judges write
 * are the verdict. Everything only reads.
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "api/argocd.h"
#include "base/clock.h"
#include "base/err.h"
#include "edx/phase.h"
#include "site/dbuser.h"
#include "site/hosts.h"
#include "site/managed.h"

struct facts;
struct json;
struct pool;

enum verdict { VERIFY_PASS, VERIFY_FAIL, VERIFY_SKIP, VERIFY_UNKNOWN };
extern const char *const verdict_names[];	/* "pass" ... */

struct verify_record {
	const char *instance, *phase, *check;
	enum verdict verdict;
	const char *expected, *found;	/* never NULL */
	const char *remedy;	/* of what is not good; else "" */
	long ms;		/* since the gathering began */
};

/* What only a person can test, and where. */
struct verify_task {
	const char *instance, *what, *link;
};

struct records {
	struct verify_record *v;
	size_t n, cap;
	struct verify_task *task;
	size_t tasks, tasks_cap;
};

/* One instance, and what its plan says. Strings may be NULL where they are
 * not known: what needs them is skipped then, and says so. */
struct subject {
	const char *instance;
	const char *workspace;		/* checkout, at the branch's head */
	enum phase phase;
	bool before;			/* judge before the phase, not after */
	const char *const *checks;	/* only these; NULL: all that apply */
	struct hosts final;		/* the names that visitors use */
	const char *const *zone;	/* of each of them, where the plan
					 * names it; NULL: all in one */
	const char *const *old_address, *const *new_address; /* NULL-ended */
	const char *const *resolvers;	/* whom visitors ask; the same */
	long low_ttl, high_ttl;
	struct argocd_open application;
	struct dbuser mysql, mongodb;	/* what is not known is taken from
					 * config.yml */
	bool among;			/* others: what can't be read of it
					 * is a hindrance, and no error */
	bool taking;			/* a snapshot of the old side: its
					 * pages are looked up, too */
	bool clusters;			/* log in where the inputs say how */
	const struct managed_list *lists;	/* of who may connect to the
					 * databases; nlists */
	size_t nlists;
	const struct json *compared;	/* compare-settings' report; NULL */
	bool extended;			/* ask for the heartbeat's workers */
	const char *issuer;		/* who is to issue certificates, as
					 * CAA names it: letsencrypt.org */
	const char *issuer_words;	/* in the issuer's name; NULL: any */
	const struct json *snapshot;	/* of the healthy old site; NULL */
	const struct json *settings;	/* the old side's values, as
					 * fetch-settings has them, or NULL */
	struct facts *facts;		/* after verify_gather */
};

/* Is what this phase brings to be expected now: after it, or later? */
bool subject_is_after(const struct subject *, enum phase);

struct verify_net {
	const char *ca_file, *dns_servers;
};

/*
 * Look up all that the checks need, until the deadline. What can't be found
 * out is a fact too; false only where nothing can be asked at all, or the
 * config.yml of one that is not among others can't be read. Given the records
 * of a first time, only what those need that were not good.
 */
bool verify_gather(struct pool *, const struct verify_net *,
    struct subject *, size_t n, const struct records *, clock_ms deadline,
    struct err *) MUST_CHECK;

/* Why nothing can be judged of this one among others: its config.yml can't be
 * read, or is gone although its migration has begun. NULL: it can be. */
const char *verify_hindrance(struct pool *, const struct subject *);

/* What the old site is like, of a subject that was gathered for it; free with
 * json_free. ERR_OTHER: it could not be seen. */
struct json *verify_snapshot(struct pool *, const struct subject *,
    time_t, struct err *) MUST_CHECK;

/* Which phase the facts show; and may this one begin ("already past")? */
enum phase verify_reached(const struct subject *);
bool verify_check_start(const struct subject *, struct err *) MUST_CHECK;

/* For input tables: a list of checks by their names. */
bool verify_check_checks(const char *, struct err *);

/*
 * Judge: records are appended, and what is left to people. temp: a folder
 * that can be written to (Check wants one). ERR_OTHER: no check applies to
 * what was asked, which is a failure.
 */
bool verify_judge(struct pool *, const struct subject *, size_t n,
    const char *temp, struct records *, struct err *) MUST_CHECK;

/* The strings must stay; the records lie in the pool. */
void records_add(struct pool *, struct records *, struct verify_record);
size_t records_count(const struct records *, enum verdict);
/* Nothing failed, nothing is unknown, and something was judged. */
bool records_good(const struct records *);
bool record_is_bad(const struct verify_record *);	/* fail or unknown */

#endif
