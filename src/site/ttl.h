/*
 * ttl - may caches still hold an answer for longer than wanted?
 */
#ifndef SITE_TTL_H
#define SITE_TTL_H

#include <time.h>

#include "base/err.h"

struct dnsrecord;
struct zones;

/*
 * The moment from which no cache holds an answer of any host for more than
 * `low` seconds, by the record of set-dns-ttl. A host without a record, or
 * with one that is unfinished or tells of a higher TTL than `low`, is taken
 * as if its TTL had been lowered this moment (*guessed; the record then says
 * so, to be saved). ERR_OTHER: a TTL is higher than `low`.
 */
bool ttl_find_moment(struct zones *, struct dnsrecord *, long low,
    time_t *from, bool *guessed, struct err *) MUST_CHECK;

#endif
