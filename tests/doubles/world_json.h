/*
 * world_json - paths, comparison and patches over cJSON trees.
 *
 * The world keeps its objects as cJSON trees, in the shape in which the API
 * shows them. A path is a list of member names with '/' between them, such
 * as "spec/template/metadata"; "" is the object itself.
 */
#ifndef WORLD_JSON_H
#define WORLD_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

/* What stands at the path, or NULL. It belongs to the tree. */
struct cJSON *json_at(const struct cJSON *o, const char *path);
const char *json_str(const struct cJSON *o, const char *path);
double json_num(const struct cJSON *o, const char *path, double dflt);
bool json_true(const struct cJSON *o, const char *path);

/* Put v (which then belongs to the tree) at the path; objects on the way
 * are made. The second to fourth make the value from plain C. */
void json_put(struct cJSON *o, const char *path, struct cJSON *v);
void json_puts(struct cJSON *o, const char *path, const char *s);
void json_putn(struct cJSON *o, const char *path, double n);
void json_putb(struct cJSON *o, const char *path, bool b);
void json_drop(struct cJSON *o, const char *path);

/* A member whose name may hold a '/', as the names of labels do. */
const char *json_word(const struct cJSON *o, const char *name);
void json_set(struct cJSON *o, const char *name, struct cJSON *v);

/* Text of a tree, one line. The caller frees it. */
char *json_text(const struct cJSON *o);

/*
 * Parse a formatted text; a mistake in it is ours, so it aborts.
 * Give strings through %s only if they hold no quote or backslash.
 */
struct cJSON *json_make(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * Is all of `want` in `have`? Members of `have` that `want` does not name
 * are what a server filled in. Arrays must have the same length.
 */
bool json_covers(const struct cJSON *have, const struct cJSON *want);

/* RFC 7396, and Kubernetes' strategic form of it (lists merged by key). */
void json_merge(struct cJSON *to, const struct cJSON *patch);
void json_merge_strategic(struct cJSON *to, const struct cJSON *patch);

/*
 * Which member of o is not in the list of words ("a b c")? NULL if none.
 * The answer belongs to o.
 */
const char *json_stranger(const struct cJSON *o, const char *words);

/* Is word one of the space separated words? */
bool word_in(const char *word, const char *words);

#endif
