/*
 * facts - what was found out about one instance. Internal to verify.
 */
#ifndef VERIFY_FACTS_H
#define VERIFY_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "site/cluster.h"
#include "site/hosts.h"

struct pool;
struct records;
struct subject;
struct verify_net;

/* What the cluster repository says of the instance. */
struct deployed {
	bool there;		/* it has a config.yml */
	struct hosts hosts;	/* that the new side answers to */
	const char *platform;	/* PLATFORM_NAME; NULL: a template */
	const char *init_jobs;	/* DRYDOCK_INIT_JOBS as it stands; NULL */
	bool jobs_rendered;	/* env/ holds init jobs */
	bool env_rendered;	/* there is an env/ */
	const char *env_why;	/* why it can't be read; "" */
	bool sync_known, sync_on;	/* application.yml */
	bool old_data_known;	/* point-at-data left a record */
	bool old_data;		/* it points at the old databases */
	const char *data_words;	/* where it points, for people */
	const char *data_differ;	/* keys that should be as on the old
				 * side and are not; "" if none */
};
bool deployed_find(struct pool *, const struct subject *, struct deployed *,
    struct err *) MUST_CHECK;

/* One account's rights, or why they are not known. */
struct access {
	bool asked, known, scoped;
	const char *words;
};
void access_find_mysql(struct pool *, const struct subject *, struct access *);
void access_find_mongo(struct pool *, const struct subject *, struct access *);

/* A record of the instance's, as the checkout has it; NULL: none. Free with
 * json_free. */
struct json;
struct json *record_read(struct pool *, const struct subject *,
    const char *name);

/* The Deployments of one side, or why they are not known. */
struct workload {
	const char *name, *template;	/* of its pods, as a hash */
	double replicas;
	bool ready;
	const char *why;
};
struct workloads {
	bool asked, known;
	const char *words;
	struct workload *v;
	size_t n;
};
void workloads_find(struct pool *, enum cluster_side, struct workloads *);

/*
 * What clients tell that wait for one answer at a time: each in a process of
 * its own, several at once, from clients_begin on; the facts are there after
 * clients_end, which frees. Stopped at the deadline.
 */
struct clients;
struct clients *clients_begin(struct pool *, struct subject *, size_t n,
    clock_ms deadline);
void clients_end(struct clients *);

/* Who may connect to the databases. shut: the new cluster may not. */
struct doors {
	bool asked, known, shut;
	const char *words;
	size_t lists;
};
void doors_find(struct pool *, const struct subject *, struct doors *);

/* The live Application. */
struct live {
	bool asked, known, healthy, synced, sync_on;
	const char *words;
};
/* Was a login given? Then one is asked for, or those of many that have server,
 * token and project in common, at once: what the answer lacks is not known
 * then, and without words. */
bool live_can_ask(const struct subject *);
bool live_is_together(const struct subject *, const struct subject *);
void live_find(struct pool *, const struct subject *, struct live *);
void live_find_all(struct pool *, const struct subject *const *, size_t n,
    struct live *);

/* What is asked of a side besides its health, at its first address. */
enum page {
	PAGE_MFE_CONFIG, PAGE_STUDIO, PAGE_HOME, PAGE_COURSES, PAGE_SAML,
	PAGE_LMS_EXTENDED, PAGE_CMS_EXTENDED, PAGE_STRANGER, PAGES
};

/* Hosts as found at one side's addresses: address after address. */
struct side {
	const struct hosts *hosts;
	const char *const *address;
	size_t addresses;
	struct tls_facts *visit;	/* hosts->n * addresses */
	bool asked[PAGES];
	struct tls_facts page[PAGES];
	const char *asset_path;		/* that the LMS's page names; NULL */
	const char *asset_host;
	struct tls_facts asset;
};

/* The question that shows the page; false: it is not needed, or there is no
 * such host. */
struct tls_question;
bool page_question(struct pool *, const struct subject *, struct side *,
    enum page, struct tls_question *);
/* What the LMS's page leads to; false: nothing. */
bool page_question_asset(struct pool *, struct side *,
    struct tls_question *);

/* What is asked of DNS besides addresses. */
struct names {
	struct dns_answer *ns, *soa;	/* of the zone; zone.n each */
	struct dns_answer *below, *beside;	/* a name that nobody has,
				 * below each final host and beside it */
	const char **caa_name;
	struct dns_answer *caa;		/* caas: the hosts and all above */
	size_t caas;
};
/* How many questions there may be; and they, whose answers are to be in a[],
 * where the facts point at once. */
size_t names_most(const struct subject *);
size_t names_ask(struct pool *, struct subject *, const char *resolver,
    struct dns_question *, struct dns_answer *a);

/* What is looked up outside of files, as bits: each check's row names what it
 * judges by. */
enum facts_need {
	NEED_AUTHORITY = 1, NEED_RESOLVER = 2,
	NEED_OLD = 4, NEED_NEW = 8,
	NEED_MFE_CONFIG = 16, NEED_STUDIO = 32,
	NEED_LIVE = 64, NEED_MYSQL = 128, NEED_MONGO = 256,
	NEED_SERIALS = 1 << 9, NEED_WILDCARD = 1 << 10, NEED_CAA = 1 << 11,
	NEED_HOME = 1 << 12, NEED_EXTENDED = 1 << 13,
	NEED_STRANGER = 1 << 14,
	NEED_COURSES = 1 << 15, NEED_SAML = 1 << 16,	/* of both sides */
	NEED_OLD_PAGES = 1 << 17,
	NEED_WORKLOADS = 1 << 18, NEED_OLD_WORKLOADS = 1 << 19,
	NEED_DOORS = 1 << 20, NEED_SERVERS = 1 << 21,
};
/* What the instance's checks of this moment need; with its records (or
 * else NULL), what those need that were not good. */
unsigned judge_needs(const struct subject *, const struct records *);

struct facts {
	unsigned need;			/* of the gathering under way */
	const char *unreadable;		/* why config.yml is; or NULL */
	struct deployed deployed;
	bool zone_known;
	struct dns_zone zone;
	const char *zone_why;
	struct dns_answer *authority;	/* final.n * zone.n, by server */
	struct dns_answer *authority6;	/* the same of AAAA */
	/* Where the hosts lie in several zones: one subject for each zone,
	 * with the hosts and the facts of it, in place of those above. */
	struct subject *part;
	size_t parts;
	struct dns_answer *resolver;	/* final.n * resolvers */
	const char *const *resolvers;
	size_t nresolvers;
	struct side old, fresh;
	struct names names;
	struct access mysql, mongo;
	struct live live;
	struct workloads fresh_workloads, old_workloads;
	struct doors doors;
	clock_ms began;
};

#endif
