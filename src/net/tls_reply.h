/*
 * tls_reply - an HTTP/1.1 reply out of its bytes. Internal to tls.
 */
#ifndef NET_TLS_REPLY_H
#define NET_TLS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct pool;
struct tls_facts;

/* True if the reply is whole: then status, headers and body are in the facts,
 * and *open says whether the server takes another request. ended: nothing
 * more will come. */
bool reply_read(const struct buf *, bool ended, struct pool *,
    struct tls_facts *, bool *open);
/* As before any reply. */
void tls_clear_reply(struct tls_facts *);

#endif
