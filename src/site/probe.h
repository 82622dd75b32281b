/*
 * probe - can a pod of the new side work with the old side's data?
 *
 * What the old side runs with is tried from within a pod of the new one, by
 * the image's own Python clients: each database of MySQL, MongoDB's two, each
 * bucket, and the mail server. Only that tells what the pods will meet: their
 * resolver, their way out, their certificates, their versions of the clients.
 */
#ifndef SITE_PROBE_H
#define SITE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct json;
struct kube;
struct pool;

enum { PROBES_MAX = 24 };

enum probe_verdict {
	PROBE_PASS,
	PROBE_FAIL,
	PROBE_UNKNOWN,		/* could not be probed: no pass */
	PROBE_LATER,		/* only a run that writes can tell */
};

/* Texts are in the pool. */
struct probe {
	const char *kind;	/* mysql, mongodb, s3, smtp */
	const char *name;	/* "DATABASES.default", "bucket acme" */
	const char *where;	/* host:port, without a login */
	enum probe_verdict verdict;
	const char *why;	/* NULL: all is well */
	const char *remedy;	/* NULL: none is known */
	const char *said;	/* by the client, without secrets; "" */
	const char *stage;	/* how far it came */
	double ms;		/* all of it, but for loading the client */
	long limit, used;	/* connections of the server; 0: not told */
	long added;		/* those that the new side will add */
};

struct probes {
	struct probe v[PROBES_MAX];
	size_t n;
	struct json *given;	/* what the pod is asked: holds secrets */
	struct json *answer;	/* what it said */
	long processes;		/* of the new side, once counted */
};

/*
 * What is to be probed, by a settings file (edx/settings.h). Close with
 * probes_close, also after failure. ERR_HAND: there are too many.
 */
bool probes_plan(struct pool *, const struct json *settings,
    struct probes *, struct err *) MUST_CHECK;
void probes_close(struct probes *);

/*
 * Probe all of it from the newest ready LMS pod, within so many seconds, and
 * fill in what was found. write: put, get and delete an object of each
 * bucket; else a bucket is only listed. Kinds as openedx_run.
 */
bool probes_run(struct kube *, struct pool *, struct probes *, bool write,
    long seconds, struct err *) MUST_CHECK;

/*
 * Is there room for the new side's connections? A server that would be used
 * to more than 80 % of its limit fails. The new side's are counted as one for
 * each of its processes (site/workers.h) and each entry of DATABASES on the
 * server; for MongoDB as six for each process: one for work and two that
 * watch the server, for the courses and again for their files. They come on
 * top of all that are open, the old side's among them, unless the new side
 * works with this data already: then they are open, too.
 */
bool probes_count(struct kube *, struct pool *, const struct json *settings,
    struct probes *, struct err *) MUST_CHECK;

#endif
