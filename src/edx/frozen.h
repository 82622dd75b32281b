/*
 * frozen - what the first build freezes, and how it thaws at the switch.
 *
 * Every `tutor config save` renders the strings of config.yml and writes the
 * result back, so that {{ LMS_HOST }} in a copied value is the temporary
 * host from the first build on. What the lines with a template were goes
 * into the record when they are copied, but for lines that may hold a
 * secret; when DNS moves they are written again, and the next build renders
 * them with the final hosts. Elsewhere the temporary hosts themselves are
 * replaced.
 */
#ifndef EDX_FROZEN_H
#define EDX_FROZEN_H

#include <stdbool.h>

#include "base/err.h"

struct config_host;
struct edit;
struct json;
struct pool;
struct yaml;

/* Add the lines with a template of the value to the record, an object:
 * { "GROVE_LMS_ENV": { "2": "  X: \"{{ LMS_HOST }}\"" } }. The value stands
 * under `from` in y, and under `key` in the new file. */
void frozen_note(struct pool *, const struct yaml *y, const char *from,
    const char *key, struct json *record);

/* Put them back where a build rendered them. A line that is no rendering of
 * its template any more was changed by somebody: it is left, and said. */
bool frozen_thaw(struct edit *, const struct json *record, struct err *)
    MUST_CHECK;

/* Replace the hosts (the last has no `old`) in every string, at any depth,
 * where they stand as whole names; but not in keys with rules of their own:
 * hosts, data, and what is never carried. */
bool frozen_replace_hosts(struct edit *, const struct config_host *,
    struct err *) MUST_CHECK;

#endif
