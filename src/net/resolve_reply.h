/*
 * resolve_reply - the bytes of one DNS reply made into an answer.
 *
 * Internal to resolve. Every length comes from outside and is checked.
 */
#ifndef NET_RESOLVE_REPLY_H
#define NET_RESOLVE_REPLY_H

#include <stddef.h>

struct dns_answer;
struct dns_question;
struct pool;

/* The number of a type, 0 if it is none that we read. */
int resolve_type(const char *name);

/* Fill all but `ms`. */
void resolve_read_reply(struct pool *, const struct dns_question *,
    const unsigned char *, size_t, struct dns_answer *);

/* The name lower case, without the final dot; in the pool. */
const char *resolve_plain_name(struct pool *, const char *);

#endif
