/*
 * health - is this the right application, and is it well?
 *
 * LMS, Studio and preview say so themselves (/heartbeat, which logs in to
 * both databases), and so does Meilisearch; the micro-frontends must send a
 * visitor to their LMS or show a page. A 200 alone is no sign of life: a
 * proxy may answer so for a name it does not know.
 */
#ifndef SITE_HEALTH_H
#define SITE_HEALTH_H

#include <stdbool.h>

#include "net/tls.h"
#include "site/hosts.h"

struct pool;

/* What to ask of a host at an address. */
struct tls_question health_question(const struct host *, const char *address);

/* The answer judged; *words (in the pool) say what was found, with the
 * cause where it is known. The certificate is not looked at. */
bool health_is_good(struct pool *, const struct host *,
    const struct hosts *, const struct tls_facts *, const char **words);

#endif
