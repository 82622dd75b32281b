/*
 * departure - may the visitors leave the old side now?
 *
 * Everything that can be known before the records are changed, in one go or
 * no-go table: the window, what caches hold, whether name servers and
 * resolvers agree on what is there, names that are new, the new side,
 * its certificates and who may issue them, what else moves, how old the
 * backup is, and what visitors will feel.
 */
#ifndef SITE_DEPARTURE_H
#define SITE_DEPARTURE_H

#include <stdbool.h>

#include "base/err.h"
#include "step/step.h"

struct move;
struct passage;

/* Rows low-ttl, wait, window-from, window-until, accept-tls-gap, issuer. */
extern const struct input departure_inputs[];

/* The input low-ttl. */
long departure_low_ttl(void);

/*
 * Look at all, tell it, and wait for what `wait` allows to wait for. ERR_OTHER
 * has every reason not to go. A dry run only tells.
 */
bool departure_await(struct passage *, const struct move *, struct err *)
    MUST_CHECK;

#endif
